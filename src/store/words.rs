//! What records say, in words for people: nodes are named as the caller names them. The `Display` of the same types, with
//! the ids of nodes, is for logs.

use super::{
    Status,
    reason::{InputChange, Missing, NotRun, Reason},
};
use crate::workflow::{NodeId, PortRef};

/// Names a node for a person.
pub type NameOf<'a> = dyn Fn(&NodeId) -> String + 'a;

impl Reason {
    /// Returns the reason in words, with nodes named this way.
    pub fn in_words(&self, name: &NameOf<'_>) -> String {
        match self {
            Self::UpstreamExecutes(upstream) => {
                let executes = if upstream.len() == 1 { "executes" } else { "execute" };
                format!("upstream {} {executes}", names(upstream, name))
            }
            Self::InputsChanged(changes) => {
                changes.iter().map(|change| change.in_words(name)).collect::<Vec<_>>().join(", ")
            }
            Self::FailedLastTime(error) => {
                format!("it failed last time: {}", error.lines().next().unwrap_or_default())
            }
            other => other.to_string(),
        }
    }
}

impl InputChange {
    /// Returns the change in words, with nodes named this way.
    pub fn in_words(&self, name: &NameOf<'_>) -> String {
        let output = |output: &PortRef| format!("{}.{}", name(&output.node), output.port);
        match self {
            Self::Rewired { port, before, after } => {
                format!("{port} was rewired {} → {}", output(before), output(after))
            }
            other => other.to_string(),
        }
    }
}

impl Status {
    /// Returns why the effect of a node with this status did not take place in words, with nodes named this way.
    pub fn held_back_in_words(&self, name: &NameOf<'_>) -> String {
        match self {
            Self::Reused { .. } => "it reused its results".to_owned(),
            Self::Pinned { .. } => "it was pinned".to_owned(),
            Self::Kept { .. } => "it used results kept from before".to_owned(),
            Self::Disabled => "it was disabled".to_owned(),
            Self::NotRun(why) => why.in_words(name),
            Self::Cancelled => "the run was cancelled".to_owned(),
            Self::Interrupted => "the program ended before it finished".to_owned(),
            Self::Executed | Self::Failed(_) => "it failed".to_owned(),
        }
    }
}

impl NotRun {
    /// Returns why it did not run in words, with nodes named this way.
    pub fn in_words(&self, name: &NameOf<'_>) -> String {
        match self {
            Self::InputMissing { port, why } => match why {
                Missing::NotConnected => self.to_string(),
                Missing::UpstreamDisabled(node) => format!("nothing on {port}: {} is disabled", name(node)),
                Missing::UpstreamFailed(node) => format!("nothing on {port}: {} failed", name(node)),
                Missing::BranchNotTaken(node) => format!("nothing on {port}: {} gave no value there", name(node)),
                Missing::UpstreamDidNotRun(node) => format!("nothing on {port}: {} did not run", name(node)),
                Missing::UpstreamHeldBack(node) => {
                    format!("nothing on {port}: it needs what {} gives, whose effect is held back", name(node))
                }
            },
            Self::StoppedByError(node) => format!("the run stopped when {} failed", name(node)),
            other => other.to_string(),
        }
    }

    /// Returns the node it comes from, if it comes from one.
    pub fn because_of(&self) -> Option<&NodeId> {
        match self {
            Self::InputMissing {
                why:
                    Missing::UpstreamDisabled(node)
                    | Missing::UpstreamFailed(node)
                    | Missing::BranchNotTaken(node)
                    | Missing::UpstreamDidNotRun(node)
                    | Missing::UpstreamHeldBack(node),
                ..
            } => Some(node),
            Self::StoppedByError(node) => Some(node),
            _ => None,
        }
    }
}

/// How many nodes are named before the rest is counted.
const MAX_NAMES: usize = 4;

/// Returns names with commas between; of many the first ones, and how many more there are.
pub fn names(nodes: &[NodeId], name: &NameOf<'_>) -> String {
    let n_named = if nodes.len() > MAX_NAMES + 1 { MAX_NAMES } else { nodes.len() };
    let named = nodes[..n_named].iter().map(name).collect::<Vec<_>>().join(", ");
    match nodes.len() - n_named {
        0 => named,
        n_more => format!("{named} and {n_more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shout(node: &NodeId) -> String {
        node.as_str().to_uppercase()
    }

    #[test]
    fn nodes_are_named_as_asked() {
        let said = |nodes: &[&'static str]| {
            Reason::UpstreamExecutes(nodes.iter().map(|&node| node.into()).collect()).in_words(&shout)
        };
        assert_eq!(said(&["a"]), "upstream A executes");
        assert_eq!(said(&["a", "b", "c", "d", "e"]), "upstream A, B, C, D, E execute");
        assert_eq!(said(&["a", "b", "c", "d", "e", "f"]), "upstream A, B, C, D and 2 more execute");
        let rewired = InputChange::Rewired {
            port: "in".into(),
            before: PortRef { node: "a".into(), port: "out".into() },
            after: PortRef { node: "b".into(), port: "out".into() },
        };
        let reason = Reason::InputsChanged(vec![InputChange::OtherValue("x".into()), rewired]);
        assert_eq!(reason.in_words(&shout), "another value arrives on x, in was rewired A.out → B.out");
        assert_eq!(Reason::Forced.in_words(&shout), "it is forced");
    }

    #[test]
    fn what_did_not_run_names_what_it_waited_for() {
        let missing = |why| NotRun::InputMissing { port: "in".into(), why };
        let failed = missing(Missing::UpstreamFailed(Box::new("a".into())));
        assert_eq!(failed.in_words(&shout), "nothing on in: A failed");
        assert_eq!(failed.because_of(), Some(&"a".into()));
        assert_eq!(missing(Missing::NotConnected).in_words(&shout), "the input in is not connected");
        assert_eq!(missing(Missing::NotConnected).because_of(), None);
        assert_eq!(NotRun::StoppedByError("b".into()).in_words(&shout), "the run stopped when B failed");
        assert_eq!(NotRun::NoIteration.in_words(&shout), "its loop had no iteration");
    }
}
