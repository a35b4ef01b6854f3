//! Why a node does what it does: the chain of reasons as data, before a run from its plan and after it from its record.

mod words;

use std::{
    collections::{HashSet, VecDeque},
    sync::Arc,
};

pub use self::words::{name_of_node, why_in_lines, why_in_text};
use super::{Decision, NodePlan, Plan};
use crate::{
    store::{InputChange, NodeRecord, Reason, RunRecord, Status},
    workflow::{NodeId, PortId},
};

/// How many nodes a chain of reasons has at most.
pub const MAX_WHY: usize = 100;

/// One step of a chain of reasons: what a node does or did, why, and where that leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    /// The node.
    pub node: NodeId,
    /// The place in the chain of the step that led here; none for the node that was asked about.
    pub led_by: Option<usize>,
    /// What a run would do with it, or what came of it.
    pub what: What,
    /// Why it executes or executed.
    pub reasons: Arc<[Reason]>,
    /// Why its Follow pin is or was let go.
    pub released: Option<String>,
    /// Why its Hold pin is no longer what the node would give.
    pub stale: Option<String>,
    /// What else a person should know.
    pub warnings: Vec<String>,
    /// The nodes above it that this comes from, each once.
    pub upstream: Vec<NodeId>,
}

/// What a run would do with a node, or what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A plan's decision.
    Planned(Decision),
    /// What a record says.
    Was(Status),
}

impl Plan {
    /// Returns the chain of reasons for what is decided on a node: it first, then the nodes above that this comes from,
    /// nearest first, each once, [`MAX_WHY`] at most.
    pub fn why(&self, node: &NodeId) -> Vec<Why> {
        chain(node, |node| self.why_alone(node))
    }

    /// Returns why a node does what is decided, without going further up.
    pub fn why_alone(&self, node: &NodeId) -> Option<Why> {
        let step = self.get(node)?;
        Some(Why {
            node: node.clone(),
            led_by: None,
            what: What::Planned(step.decision.clone()),
            reasons: Arc::clone(&step.reasons),
            released: step.released.as_ref().map(|release| release.0.clone()),
            stale: step.stale.as_ref().map(|stale| stale.0.clone()),
            warnings: step.warnings.clone(),
            upstream: self.leads_to(step),
        })
    }

    fn leads_to(&self, step: &NodePlan) -> Vec<NodeId> {
        let feeds = || self.graph().index(&step.node).map(|index| &self.graph().inputs[index][..]).unwrap_or_default();
        match &step.decision {
            Decision::Execute => upstream_of(&step.reasons, |port| {
                feeds().iter().find(|feed| feed.port == *port).map(|feed| feed.source.node.clone())
            }),
            Decision::Reuse { .. } => step.depends_on_releases_of.clone(),
            Decision::Pinned { may_be_released: true, .. } => {
                let moves = |node: &NodeId| {
                    self.get(node).is_some_and(|above| {
                        above.decision == Decision::Execute
                            || !above.depends_on_releases_of.is_empty()
                            || matches!(above.decision, Decision::Pinned { may_be_released: true, .. })
                    })
                };
                each_once(feeds().iter().map(|feed| feed.source.node.clone()).filter(moves))
            }
            Decision::NotRun(why) => why.because_of().cloned().into_iter().collect(),
            Decision::Pinned { .. } | Decision::Disabled | Decision::CannotRun(_) => Vec::new(),
        }
    }
}

/// Returns the chain of reasons for what came of a node in a run, in the order of [`Plan::why`].
pub fn why_it_was(run: &RunRecord, node: &NodeId) -> Vec<Why> {
    chain(node, |node| run.node(node).map(|record| why_of_record(&record)))
}

fn why_of_record(record: &NodeRecord) -> Why {
    let source = |port: &PortId| {
        record.inputs.iter().find(|input| input.port() == port).map(|input| input.source().node.clone())
    };
    let upstream = match &record.status {
        Status::NotRun(why) => why.because_of().cloned().into_iter().collect(),
        _ => upstream_of(&record.reasons, source),
    };
    Why {
        node: record.node.clone(),
        led_by: None,
        what: What::Was(record.shown().status.clone()),
        reasons: Arc::clone(&record.reasons),
        released: record.released.clone(),
        stale: None,
        warnings: record.warnings.clone(),
        upstream,
    }
}

/// Returns the nodes that reasons come from; `source` says what feeds an input.
fn upstream_of(reasons: &[Reason], source: impl Fn(&PortId) -> Option<NodeId>) -> Vec<NodeId> {
    let other_value = |change: &InputChange| match change {
        InputChange::OtherValue(port) => source(port),
        _ => None,
    };
    each_once(reasons.iter().flat_map(|reason| match reason {
        Reason::UpstreamExecutes(upstream) => upstream.clone(),
        Reason::InputsChanged(changes) => changes.iter().filter_map(other_value).collect(),
        _ => Vec::new(),
    }))
}

fn each_once(nodes: impl Iterator<Item = NodeId>) -> Vec<NodeId> {
    let mut seen = HashSet::new();
    nodes.filter(|node| seen.insert(node.clone())).collect()
}

/// Follows the steps up, nearest first.
fn chain(node: &NodeId, step: impl Fn(&NodeId) -> Option<Why>) -> Vec<Why> {
    let mut chain: Vec<Why> = Vec::new();
    let mut seen = HashSet::from([node.clone()]);
    let mut waiting = VecDeque::from([(node.clone(), None)]);
    while let Some((node, led_by)) = waiting.pop_front() {
        let Some(why) = step(&node).filter(|_| chain.len() < MAX_WHY) else { continue };
        let place = chain.len();
        waiting.extend(
            why.upstream.iter().filter(|node| seen.insert((*node).clone())).map(|node| (node.clone(), Some(place))),
        );
        chain.push(Why { led_by, ..why });
    }
    chain
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        engine::{
            Engine, PlanOptions, RunRequest,
            fixtures::{engine, kind, plan_of, request, workflow},
        },
        nodes::{NodeError, Success},
        session::{Mark, PinPolicy},
        store::RunKind,
        workflow::Workflow,
    };

    fn kinds() -> Engine {
        engine([
            kind("say", |_| Ok(Success::one("out", "x"))),
            kind("fail", |_| Err(NodeError::new("told to\nand more"))),
        ])
    }

    /// Returns a resumed run of a workflow that ran once, with one node forced.
    fn forced(engine: &Engine, workflow: &Workflow, node: &'static str) -> RunRequest {
        let mut next = request(workflow);
        next.baseline = Arc::new(engine.run(request(workflow), |_| ()).nodes().collect());
        next.options = PlanOptions::of(RunKind::Resumed);
        next.marks.set(node.into(), Mark::Forced);
        next
    }

    fn text(chain: &[Why], workflow: &Workflow, engine: &Engine) -> String {
        why_in_text(chain, &|node| name_of_node(workflow, engine.catalogue(), node))
    }

    #[test]
    fn all_nodes_above_that_it_comes_from_are_there_once_nearest_first() {
        let engine = kinds();
        let diamond =
            workflow("top:say left:say right:say end:say aside:say top>left top>right left>end right>end aside>end");
        let request = forced(&engine, &diamond, "top");
        let chain = plan_of(&engine, &request).why(&"end".into());
        let nodes: Vec<(&str, Option<usize>)> = chain.iter().map(|why| (why.node.as_str(), why.led_by)).collect();
        assert_eq!(nodes, [("end", None), ("left", Some(0)), ("right", Some(0)), ("top", Some(1))]);
        assert_eq!(chain[0].what, What::Planned(Decision::Execute));
        assert_eq!(chain[0].upstream, ["left", "right"].map(NodeId::from));
        assert_eq!(
            text(&chain, &diamond, &engine),
            "The end (\"end\") runs: upstream The left (\"left\"), The right (\"right\") execute\n  \
             The left (\"left\") runs: upstream The top (\"top\") executes\n    \
             The top (\"top\") runs: it is forced\n  \
             The right (\"right\") runs: upstream The top (\"top\") executes\n"
        );
        let aside = plan_of(&engine, &request).why(&"aside".into());
        assert_eq!(
            text(&aside, &diamond, &engine),
            "The aside (\"aside\") reuses its results: nothing it depends on has changed\n"
        );
        assert!(plan_of(&engine, &request).why(&"nobody".into()).is_empty());
    }

    #[test]
    fn after_a_run_its_record_says_the_same() {
        let engine = kinds();
        let line = workflow("a:say b:say c:fail d:say a>b b>c c>d");
        let record = engine.run(forced(&engine, &line, "a"), |_| ());
        assert_eq!(
            text(&why_it_was(&record, &"d".into()), &line, &engine),
            "The d (\"d\") did not run: nothing on in1: The c (\"c\") failed\n  \
             The c (\"c\") failed: told to (it ran: it failed last time: told to; upstream The b (\"b\") executes)\n    \
             The b (\"b\") ran: upstream The a (\"a\") executes\n      \
             The a (\"a\") ran: it is forced\n"
        );
    }

    #[test]
    fn a_pin_that_may_be_released_leads_to_what_may_release_it() {
        let engine = kinds();
        let line = workflow("a:say b:say c:say a>b b>c");
        let mut request = forced(&engine, &line, "a");
        let record = Arc::clone(request.baseline.get(&"b".into()).unwrap());
        request.marks.set("b".into(), Mark::pin(PinPolicy::Follow, Some(&record)));
        let chain = plan_of(&engine, &request).why(&"c".into());
        assert_eq!(
            text(&chain, &line, &engine),
            "The c (\"c\") reuses its results, unless the pin of The b (\"b\") is released in the run\n  \
             The b (\"b\") is pinned; the pin is released if other data reaches it in the run\n    \
             The a (\"a\") runs: it is forced\n"
        );
    }

    #[test]
    fn a_long_chain_is_cut_and_says_so() {
        let engine = kinds();
        let nodes: Vec<String> = (1..300).map(|number| format!("n{number}:say n{}>n{number}", number - 1)).collect();
        let long = workflow(format!("n0:say {}", nodes.join(" ")).leak());
        let chain = plan_of(&engine, &forced(&engine, &long, "n0")).why(&"n299".into());
        assert_eq!(chain.len(), MAX_WHY);
        assert!(text(&chain, &long, &engine).ends_with("\nand more further up\n"));
    }
}
