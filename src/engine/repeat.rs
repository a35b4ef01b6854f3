//! Whether nodes that claim to give the same for the same do: each is executed twice with the same inputs, and what came out
//! is compared.
//!
//! Nothing that changes something outside executes, and what cannot be kept (the clock, chance) executes once at most, so
//! that both times the same reaches the nodes below. The engine should have no store: then nothing is left behind.

mod difference;

use std::collections::{BTreeMap, BTreeSet};

use self::difference::first_difference;
use super::{Engine, Plan, PlanOptions, Probes, RunRequest};
use crate::{
    nodes::HIDDEN,
    session::{Mark, Marks, PinPolicy},
    store::{NodeRecord, NotRun, Part, RunKind, RunRecord, Status},
    value::Value,
    workflow::{NodeId, PortId},
};

/// What came of executing nodes twice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repeat {
    /// The nodes that gave the same both times.
    pub same: Vec<NodeId>,
    /// The nodes that did not, with how.
    pub differing: BTreeMap<NodeId, Vec<Difference>>,
    /// The nodes that failed both times, with the error.
    pub failed: BTreeMap<NodeId, String>,
    /// The nodes that could not be compared, and why.
    pub unchecked: BTreeMap<NodeId, Unchecked>,
    /// The nodes that were not executed because they change something outside.
    pub held_back: Vec<NodeId>,
}

/// How a node's second execution differs from its first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// Another value came out.
    Output {
        /// Where.
        port: PortId,
        /// The first value in one line; `None` for no value.
        first: Option<String>,
        /// The second.
        second: Option<String>,
        /// Where they first differ, if they have parts.
        at: Option<String>,
    },
    /// It failed one time only.
    Outcome {
        /// The first time.
        first: String,
        /// The second time.
        second: String,
    },
}

/// Why a node could not be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unchecked {
    /// It needs what this node gives, which was not executed because it changes something outside.
    NeedsEffect(NodeId),
    /// It did not run.
    DidNotRun(NotRun),
    /// It ended otherwise, in a word.
    Ended(&'static str),
    /// Other data reached it the second time, and there was no way around.
    InputsVary,
}

impl Repeat {
    /// Returns whether nothing differs and nothing failed.
    pub fn is_fine(&self) -> bool {
        self.differing.is_empty() && self.failed.is_empty()
    }
}

/// Executes all nodes twice that claim to give the same for the same.
///
/// The request's baseline gives the results of nodes that change something outside or cannot be kept, as far as it has
/// any; its marks have no part in it.
pub fn repeat(engine: &Engine, request: &RunRequest) -> Repeat {
    let whole = RunRequest { marks: Marks::default(), options: PlanOptions::of(RunKind::Standard), ..request.clone() };
    let plan = engine.plan(&whole, &Probes::default());
    let pure: BTreeSet<NodeId> =
        plan.nodes().filter(|node| !node.side_effect && !node.uncacheable).map(|node| node.node.clone()).collect();
    let mut report = Repeat::default();
    if pure.is_empty() {
        return report;
    }
    let mut marks = Marks::default();
    for node in plan.nodes().filter(|node| !pure.contains(&node.node)) {
        let mark = Mark::pin(PinPolicy::Hold, request.baseline.get(&node.node).map(|record| &**record));
        if mark.capture().is_some() {
            marks.set(node.node.clone(), mark);
        } else if node.side_effect {
            marks.set(node.node.clone(), Mark::Disabled);
            report.held_back.push(node.node.clone());
        }
    }
    let first = run(engine, &whole, marks, pure.iter().cloned().collect());
    let mut undecided = BTreeSet::new();
    for node in &pure {
        let Some(record) = first.node(node) else { continue };
        match &record.status {
            Status::Executed | Status::Failed(_) => {
                undecided.insert(node.clone());
            }
            status => {
                report.unchecked.insert(node.clone(), why_unchecked(status, &first, &report.held_back));
            }
        }
    }
    // Below a node whose outputs differ other data arrives. It is pinned to its first results in the next round.
    while !undecided.is_empty() {
        let marks = marks_of_round(&plan, &first, &pure, &undecided);
        let second = run(engine, &whole, marks, undecided.iter().cloned().collect());
        let n_before = undecided.len();
        undecided.retain(|node| !report.compare(node, &first, &second));
        if undecided.len() == n_before {
            report.unchecked.extend(undecided.iter().map(|node| (node.clone(), Unchecked::InputsVary)));
            break;
        }
    }
    report
}

fn run(engine: &Engine, whole: &RunRequest, marks: Marks, nodes: Vec<NodeId>) -> std::sync::Arc<RunRecord> {
    let options = PlanOptions::of(RunKind::Standard).part(Part::To(nodes));
    let request = RunRequest { marks, options, baseline: Default::default(), ..whole.clone() };
    engine.run(request, |_| ())
}

/// Pins all nodes to their first results but those to be executed again.
fn marks_of_round(plan: &Plan, first: &RunRecord, pure: &BTreeSet<NodeId>, undecided: &BTreeSet<NodeId>) -> Marks {
    let mut marks = Marks::default();
    for node in plan.nodes().map(|node| &node.node).filter(|node| !undecided.contains(*node)) {
        let mark = Mark::pin(PinPolicy::Hold, first.node(node).as_deref());
        if mark.capture().is_some() {
            marks.set(node.clone(), mark);
        } else if !pure.contains(node) {
            marks.set(node.clone(), Mark::Disabled);
        }
    }
    marks
}

/// Returns why a node has no results, going up to where it comes from.
fn why_unchecked(status: &Status, first: &RunRecord, held_back: &[NodeId]) -> Unchecked {
    let Status::NotRun(not_run) = status else { return Unchecked::Ended(status.name()) };
    let mut because = not_run.clone();
    while let Some(node) = because.because_of() {
        if held_back.contains(node) {
            return Unchecked::NeedsEffect(node.clone());
        }
        match first.node(node).map(|record| record.status.clone()) {
            // What it waits for lies further up each time, so this ends.
            Some(Status::NotRun(above)) => because = above,
            _ => break,
        }
    }
    Unchecked::DidNotRun(not_run.clone())
}

impl Repeat {
    /// Compares both executions of a node; returns `false` if other data reached it the second time.
    fn compare(&mut self, node: &NodeId, first: &RunRecord, second: &RunRecord) -> bool {
        let (Some(before), Some(now)) = (first.node(node), second.node(node)) else { return false };
        let (before, now) = (before.shown(), now.shown());
        let same_inputs = before.inputs.len() == now.inputs.len()
            && before.inputs.iter().zip(&now.inputs).all(|(before, now)| before.same_data(now));
        if !same_inputs {
            return false;
        }
        let outcome = |error: &str| format!("failed: {}", error.lines().next().unwrap_or_default());
        let differs = |first: String, second: String| vec![Difference::Outcome { first, second }];
        let differences = match (&before.status, &now.status) {
            (Status::Executed, Status::Executed) => output_differences(&before, &now),
            (Status::Failed(error), Status::Failed(_)) => {
                self.failed.insert(node.clone(), error.clone());
                return true;
            }
            (Status::Executed, Status::Failed(error)) => differs("executed".to_owned(), outcome(error)),
            (Status::Failed(error), Status::Executed) => differs(outcome(error), "executed".to_owned()),
            (_, status) => {
                self.unchecked.insert(node.clone(), why_unchecked(status, second, &self.held_back));
                return true;
            }
        };
        if differences.is_empty() {
            self.same.push(node.clone());
        } else {
            self.differing.insert(node.clone(), differences);
        }
        true
    }
}

/// Returns the ports on which other values came out.
fn output_differences(before: &NodeRecord, now: &NodeRecord) -> Vec<Difference> {
    let outputs = |record: &NodeRecord| record.results.as_ref().and_then(|results| results.load().ok());
    let is_hidden = before.is_sensitive() || now.is_sensitive();
    let (before, now) = (outputs(before), outputs(now));
    let all = before.iter().chain(&now).flat_map(|outputs| outputs.iter().map(|(port, _)| port.clone()));
    let ports: BTreeSet<PortId> = all.collect();
    ports
        .into_iter()
        .filter_map(|port| {
            let first = before.as_ref().and_then(|outputs| outputs.get(&port));
            let second = now.as_ref().and_then(|outputs| outputs.get(&port));
            let at = match (first, second) {
                (Some(first), Some(second)) if first.fingerprint() == second.fingerprint() => return None,
                (Some(first), Some(second)) if !is_hidden => first_difference(first, second),
                _ => None,
            };
            let preview = |value: &Value| if is_hidden { HIDDEN.to_owned() } else { value.preview() };
            let (first, second) = (first.map(preview), second.map(preview));
            Some(Difference::Output { port, first, second, at })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    };

    use super::*;
    use crate::{
        engine::fixtures::{engine, kind, request, workflow},
        nodes::{Cacheability, Context, Kind, NodeError, Success},
    };

    /// Returns a kind that counts its executions and gives what is made of the number.
    fn counting(id: &'static str, make: fn(i64, &Context<'_>) -> Result<Value, NodeError>) -> (Kind, Arc<AtomicI64>) {
        let counter = Arc::new(AtomicI64::new(0));
        let count = Arc::clone(&counter);
        let kind = kind(id, move |ctx| Ok(Success::one("out", make(count.fetch_add(1, Ordering::SeqCst), ctx)?)));
        (kind, counter)
    }

    fn first_input(ctx: &Context<'_>) -> Value {
        ctx.input("in1").cloned().unwrap_or_default()
    }

    fn ids<const N: usize>(ids: [&'static str; N]) -> Vec<NodeId> {
        ids.map(NodeId::from).into()
    }

    #[test]
    fn one_that_lies_is_named_and_those_below_it_get_the_same_twice() {
        let (echo, n_echoed) = counting("echo", |_, ctx| Ok(first_input(ctx)));
        let (liar, n_lied) = counting("liar", |number, _| Ok(Value::Int(number)));
        let chain = workflow("a:echo liar:liar b:echo c:echo second:liar d:echo a>b liar>c c>second second>d");
        let report = repeat(&engine([echo, liar]), &request(&chain));
        assert_eq!(report.same, ids(["a", "b", "c", "d"]));
        assert_eq!(report.differing.keys().cloned().collect::<Vec<_>>(), ids(["liar", "second"]));
        let lied = &report.differing[&NodeId::from("liar")];
        assert!(
            matches!(&lied[..], [Difference::Output { port, first: Some(_), second: Some(_), at: None }] if *port == *"out")
        );
        assert!(!report.is_fine());
        // Both liars twice, and the one below the other once more, with what came the first time.
        assert_eq!(n_lied.load(Ordering::SeqCst), 5);
        assert_eq!(n_echoed.load(Ordering::SeqCst), 4 + 4 + 2 + 1);
    }

    #[test]
    fn what_cannot_be_kept_executes_once_if_needed_and_effects_never() {
        let (clock, n_clock) = counting("clock", |number, _| Ok(Value::Int(number)));
        let (send, n_sent) = counting("send", |number, _| Ok(Value::Int(number)));
        let (echo, n_echoed) = counting("echo", |_, ctx| Ok(first_input(ctx)));
        let kinds = [clock.cacheable(|_| Cacheability::Never), send.side_effect(|_| true), echo];
        let flow = workflow(
            "clock:clock alone:clock a:echo send:send below:echo further:echo clock>a a>send send>below below>further",
        );
        let report = repeat(&engine(kinds), &request(&flow));
        assert_eq!((n_clock.load(Ordering::SeqCst), n_sent.load(Ordering::SeqCst)), (1, 0));
        assert_eq!(n_echoed.load(Ordering::SeqCst), 2);
        assert_eq!(report.same, ids(["a"]));
        assert_eq!(report.held_back, ids(["send"]));
        let needs = Unchecked::NeedsEffect("send".into());
        assert_eq!(report.unchecked, [("below".into(), needs.clone()), ("further".into(), needs)].into());
        assert!(report.is_fine());
    }

    #[test]
    fn results_at_hand_stand_in_for_effects() {
        let (send, n_sent) = counting("send", |number, _| Ok(Value::Int(number)));
        let (echo, _) = counting("echo", |_, ctx| Ok(first_input(ctx)));
        let engine = engine([send.side_effect(|_| true), echo]);
        let flow = workflow("send:send below:echo send>below");
        let mut again = request(&flow);
        again.baseline = Arc::new(engine.run(request(&flow), |_| ()).nodes().collect());
        let report = repeat(&engine, &again);
        assert_eq!(n_sent.load(Ordering::SeqCst), 1);
        assert_eq!((report.same, report.unchecked), (ids(["below"]), BTreeMap::new()));
    }

    #[test]
    fn failing_twice_is_failing_and_failing_once_is_a_difference() {
        let (moody, _) = counting("moody", |number, _| match number {
            0 => Err(NodeError::new("not today\nreally")),
            _ => Ok(Value::Int(1)),
        });
        let (echo, _) = counting("echo", |_, ctx| Ok(first_input(ctx)));
        let fail = kind("fail", |_| Err(NodeError::new("always")));
        let flow = workflow("fail:fail moody:moody below:echo moody>below");
        let report = repeat(&engine([moody, echo, fail]), &request(&flow));
        assert_eq!(report.failed, [("fail".into(), "always".to_owned())].into());
        let outcome = Difference::Outcome { first: "failed: not today".to_owned(), second: "executed".to_owned() };
        assert_eq!(report.differing, [("moody".into(), vec![outcome])].into());
        assert!(matches!(report.unchecked[&NodeId::from("below")], Unchecked::DidNotRun(_)));
    }
}
