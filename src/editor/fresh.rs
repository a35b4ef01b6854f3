//! What a pin holds beside what its node gives now, port by port. No painting.

use std::sync::Arc;

use super::words;
use crate::{
    nodes::Outputs,
    session::Capture,
    store::{Kept, NameOf, NodeRecord},
    value::{Value, difference::Difference},
    workflow::PortId,
};

/// What a pin holds beside what its node gave in a run aside.
#[derive(Debug)]
pub(crate) struct Comparison {
    pub(crate) ports: Vec<ComparedPort>,
    /// What the node gave, to be pinned in the place of what is.
    pub(crate) fresh: Capture,
}

/// An output of both.
#[derive(Debug)]
pub(crate) struct ComparedPort {
    pub(crate) port: PortId,
    /// The pinned value in one line; `None` for no value.
    pub(crate) pinned: Option<String>,
    /// The fresh one.
    pub(crate) fresh: Option<String>,
    pub(crate) difference: Difference,
}

impl Comparison {
    /// Compares what a pin holds with what its node gave in a run aside; the error says why it gave nothing. Slow: not for the
    /// interface thread.
    pub(crate) fn of(pinned: &Kept, record: &NodeRecord, name: &NameOf<'_>) -> Result<Self, String> {
        let gave_nothing = || words::status(&record.status, name);
        let capture = Capture::of(record).ok_or_else(gave_nothing)?;
        let before = pinned.load().map_err(|error| format!("The pinned results cannot be read: {error}"))?;
        let after = capture.results.load().map_err(|error| error.to_string())?;
        let is_hidden = pinned.is_sensitive() || capture.results.is_sensitive();
        let ports = ports(&before, &after)
            .into_iter()
            .map(|port| ComparedPort {
                pinned: preview(pinned, &port),
                fresh: preview(&capture.results, &port),
                difference: difference(before.get(&port), after.get(&port), is_hidden),
                port,
            })
            .collect();
        // The history does not know the run.
        Ok(Self { ports, fresh: Capture { captured_in: None, ..capture } })
    }

    /// Returns whether any output differs.
    pub(crate) fn differs(&self) -> bool {
        self.ports.iter().any(|port| port.difference != Difference::None)
    }
}

/// Returns the ports that either has, in order.
fn ports(before: &Arc<Outputs>, after: &Arc<Outputs>) -> Vec<PortId> {
    let mut ports: Vec<PortId> = after.iter().map(|(port, _)| port.clone()).collect();
    ports.extend(before.iter().map(|(port, _)| port).filter(|port| after.get(port).is_none()).cloned());
    ports
}

fn preview(kept: &Kept, port: &PortId) -> Option<String> {
    kept.ports().iter().find(|known| known.port == *port).map(|known| known.preview.clone())
}

fn difference(before: Option<&Value>, after: Option<&Value>, is_hidden: bool) -> Difference {
    match (before, after) {
        (None, None) => Difference::None,
        (Some(_), None) => Difference::Words("The node gives no value here now.".to_owned()),
        (None, Some(_)) => Difference::Words("The pin has no value here.".to_owned()),
        (Some(before), Some(after)) if is_hidden && before != after => {
            Difference::Words("Both are sensitive: they differ, and are not shown.".to_owned())
        }
        (Some(before), Some(after)) => Difference::between(before, after),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Provenance, RunId, Status, fixtures};

    fn kept(outputs: Outputs, is_sensitive: bool) -> Kept {
        Kept::at_hand(Arc::new(outputs), Provenance::Run(RunId::generate()), is_sensitive)
    }

    fn compared(pinned: &Kept, fresh: Kept) -> Comparison {
        let record = NodeRecord { results: Some(fresh), ..fixtures::executed(RunId::generate(), "a", "x") };
        Comparison::of(pinned, &record, &|node| node.to_string()).unwrap()
    }

    #[test]
    fn every_port_of_either_is_compared() {
        let pinned = kept(Outputs::one("same", 1).with("other", "a\nb").with("gone", true), false);
        let fresh = kept(Outputs::one("same", 1).with("other", "a\nc").with("new", 2), false);
        let compared = compared(&pinned, fresh);
        let said: Vec<(&str, bool, bool)> = compared
            .ports
            .iter()
            .map(|port| (port.port.as_str(), port.difference == Difference::None, port.pinned.is_some()))
            .collect();
        assert!(compared.differs());
        for expected in [("same", true, true), ("other", false, true), ("gone", false, true), ("new", false, false)] {
            assert!(said.contains(&expected), "{said:?}");
        }
        assert!(compared.fresh.captured_in.is_none() && !compared.fresh.edited);
    }

    #[test]
    fn sensitive_values_are_compared_and_not_shown() {
        let compared =
            compared(&kept(Outputs::one("out", "canary"), true), kept(Outputs::one("out", "canary 2"), true));
        assert!(compared.differs());
        assert!(!format!("{:?}", compared.ports).contains("canary"));
    }

    #[test]
    fn a_node_that_gave_nothing_says_why() {
        let record = fixtures::without_results(RunId::generate(), "a", Status::Failed("it broke".into()));
        let why = Comparison::of(&kept(Outputs::none(), false), &record, &|node| node.to_string()).unwrap_err();
        assert_eq!(why, "Failed: it broke");
    }
}
