//! What a run makes of the marks: armed pins get their results, pins that were let go are taken away.

use super::{Capture, Mark, MarkEdit, Marks, Pin, PinState};
use crate::store::{MarkUsed, NodeRecord, PinPolicy, RunRecord, Status};

/// Returns how a run changes the marks. Marks that were set anew while it went on are left as they are.
pub fn marks_after(marks: &Marks, run: &RunRecord) -> MarkEdit {
    let changed = |record: &NodeRecord| {
        let pin = marks.get(&record.node).as_pin()?;
        let used = run.header.marks.iter().find(|(node, _)| *node == record.node).map(|(_, used)| *used);
        Some((record.node.clone(), mark_after(pin, used, record)?))
    };
    MarkEdit(run.nodes().filter_map(|record| changed(&record)).collect())
}

/// Returns the mark that takes a pin's place, if the run changes it.
fn mark_after(pin: &Pin, used: Option<MarkUsed>, record: &NodeRecord) -> Option<Mark> {
    match &pin.state {
        PinState::Armed => {
            let gave = matches!(record.status, Status::Executed | Status::Reused { .. } | Status::Kept { .. });
            gave.then(|| Capture::of(record)).flatten().map(|capture| Mark::captured(pin.policy, capture))
        }
        PinState::Captured(capture) => {
            // A node that cannot run fails without having executed: its pin may come back.
            let executed = record.started.is_some() && matches!(record.status, Status::Executed | Status::Failed(_));
            if record.released.is_none() || !executed || capture.captured_in == Some(record.run) {
                return None;
            }
            match (pin.policy, used) {
                (PinPolicy::Follow, _) => Some(Mark::Default),
                // Only lost results make the node of a Hold pin execute: it is pinned to the new ones.
                (PinPolicy::Hold, Some(MarkUsed::Pinned(PinPolicy::Hold))) => {
                    Capture::of(record).map(|capture| Mark::captured(PinPolicy::Hold, capture))
                }
                (PinPolicy::Hold, _) => None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        nodes::Outputs,
        store::{
            Kept, Provenance, RunId, SessionId,
            fixtures::{chain, executed, header, without_results},
        },
        value::Value,
    };

    fn run_of(record: impl FnOnce(RunId) -> NodeRecord) -> RunRecord {
        let header = header(SessionId::generate(), &chain(&["a"]));
        let record = record(header.id);
        RunRecord::of_records(header, vec![Arc::new(record)])
    }

    /// Returns the mark of the only node after a run, given its mark before.
    fn after(mark: Mark, run: &RunRecord) -> Mark {
        let mut marks = Marks::default();
        marks.set("a".into(), mark);
        let edit = marks_after(&marks, run);
        marks.apply(edit);
        marks.get(&"a".into()).clone()
    }

    fn captured_earlier(policy: PinPolicy) -> Mark {
        Mark::pin(policy, Some(&executed(RunId::generate(), "a", "earlier")))
    }

    fn released(status: Status) -> RunRecord {
        run_of(|run| {
            let mut record = NodeRecord { status, ..executed(run, "a", "new") };
            record.released = Some("upstream differs".into());
            record
        })
    }

    #[test]
    fn an_armed_pin_gets_what_its_node_gave() {
        for policy in [PinPolicy::Hold, PinPolicy::Follow] {
            let run = run_of(|run| executed(run, "a", "new"));
            let mark = after(Mark::armed(policy), &run);
            let capture = mark.capture().expect("it is captured");
            assert_eq!(mark.as_pin().unwrap().policy, policy);
            assert_eq!(capture.captured_in, Some(run.header.id));
            assert_eq!(capture.results.load().unwrap().get(&"out".into()), Some(&Value::text("new")));
        }
    }

    #[test]
    fn an_armed_pin_takes_reused_results_with_where_they_come_from() {
        let from = Provenance::Run(RunId::generate());
        let results = Kept::in_memory(Arc::new(Outputs::one("out", "old")), from);
        let run = run_of(|run| NodeRecord {
            status: Status::Reused { from },
            results: Some(results),
            ..executed(run, "a", "old")
        });
        assert_eq!(after(Mark::armed(PinPolicy::Hold), &run).capture().unwrap().results.provenance(), from);
    }

    #[test]
    fn an_armed_pin_without_results_stays_armed() {
        for status in [Status::Failed("broke".into()), Status::Cancelled, Status::Interrupted, Status::Disabled] {
            let run = run_of(|run| without_results(run, "a", status));
            let mark = after(Mark::armed(PinPolicy::Follow), &run);
            assert!(matches!(mark.as_pin().unwrap().state, PinState::Armed), "{run:?}");
        }
    }

    #[test]
    fn a_follow_pin_that_was_let_go_is_gone_once_the_node_has_executed() {
        for status in [Status::Executed, Status::Failed("broke".into())] {
            assert!(after(captured_earlier(PinPolicy::Follow), &released(status)).is_default());
        }
    }

    #[test]
    fn a_follow_pin_whose_node_could_not_run_stays() {
        let status = Status::Failed("a parameter is wrong".into());
        let run = run_of(|run| {
            let mut record = NodeRecord { started: None, took: None, ..without_results(run, "a", status) };
            record.released = Some("it changed".into());
            record
        });
        assert!(after(captured_earlier(PinPolicy::Follow), &run).capture().is_some());
    }

    #[test]
    fn a_follow_pin_whose_node_did_not_execute_stays() {
        for status in [Status::Cancelled, Status::Interrupted] {
            assert!(after(captured_earlier(PinPolicy::Follow), &released(status)).capture().is_some());
        }
    }

    #[test]
    fn a_pin_that_was_turned_into_hold_or_taken_anew_meanwhile_stays() {
        let run = released(Status::Executed);
        assert!(after(captured_earlier(PinPolicy::Hold), &run).capture().is_some());
        let anew = Mark::pin(PinPolicy::Follow, Some(&run.own()[0]));
        assert!(after(anew, &run).capture().is_some());
    }

    #[test]
    fn other_marks_are_left_alone() {
        let run = run_of(|run| executed(run, "a", "new"));
        for mark in [Mark::Default, Mark::Disabled, Mark::Forced, captured_earlier(PinPolicy::Follow)] {
            let mut marks = Marks::default();
            marks.set("a".into(), mark);
            assert!(marks_after(&marks, &run).0.is_empty());
        }
    }
}
