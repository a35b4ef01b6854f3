//! What a run would do, and why: a pure function of workflow, catalogue, marks, baseline, probes and options.

mod decide;
mod probe;
mod recipes;
mod why;

use std::collections::{BTreeMap, BTreeSet};

pub(super) use self::decide::{is_armed, missing_input, pin_without_input};
pub use self::probe::probe;
use self::recipes::Recipes;
use crate::{
    nodes::{Catalogue, check},
    session::{Baseline, Marks},
    store::{NotRun, PinPolicy, Provenance, Reason, RunKind},
    value::Fingerprint,
    workflow::{Graph, NodeId, Problem, Workflow},
};

/// Which run is planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanOptions {
    /// Standard or resumed.
    pub kind: RunKind,
    /// Run to here: only these nodes and what they need; empty for all.
    pub targets: Vec<NodeId>,
}

/// What was found out about the world before planning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Probes {
    /// For nodes whose sources have changed since the baseline: how, in words.
    pub changed_sources: BTreeMap<NodeId, Vec<String>>,
    /// For pinned nodes whose sources have changed since the pin's results were made: how, in words.
    pub changed_pin_sources: BTreeMap<NodeId, Vec<String>>,
    /// For nodes whose kept results cannot be read: why.
    pub lost_results: BTreeMap<NodeId, String>,
    /// For pinned nodes whose pin's results cannot be read: why.
    pub lost_pins: BTreeMap<NodeId, String>,
}

/// What a run would do with a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Execute it.
    Execute,
    /// Use its results of the baseline.
    Reuse {
        /// Where they come from.
        from: Provenance,
    },
    /// Use the results of its pin.
    Pinned {
        /// The pin's policy.
        policy: PinPolicy,
        /// Whether it is released, and the node executes, if other data reaches it in this run.
        may_be_released: bool,
    },
    /// Leave it out: it is disabled.
    Disabled,
    /// Leave it out: something it needs has no value, or it is not needed.
    NotRun(NotRun),
    /// It cannot run: its kind is unknown, a parameter is wrong, it depends on itself. It counts as failed.
    CannotRun(String),
}

/// Why a Follow pin is let go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release(pub String);

/// Why the results of a Hold pin are no longer what the node would give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Staleness(pub String);

/// What a run would do with a node, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodePlan {
    /// The node.
    pub node: NodeId,
    /// What the run would do.
    pub decision: Decision,
    /// Why it executes, if it does; for one that is left out below a Follow pin, why it would if the pin is released.
    pub reasons: Vec<Reason>,
    /// The fingerprint of kind, version and parameters.
    pub config: Fingerprint,
    /// The fingerprint of the config and of all that feeds it.
    pub recipe: Fingerprint,
    /// Its Follow pin is let go, and why.
    pub released: Option<Release>,
    /// Its Hold pin is stale, and why.
    pub stale: Option<Staleness>,
    /// Executing it changes something outside.
    pub side_effect: bool,
    /// Its results cannot be kept.
    pub uncacheable: bool,
    /// Nodes with a Follow pin above it: if one is released in the run, this node executes too.
    pub depends_on_releases_of: Vec<NodeId>,
    /// What else a person should know before the run.
    pub warnings: Vec<String>,
}

/// What a run would do.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The workflow's nodes in order of work.
    pub graph: Graph,
    /// One for each node, in the graph's order.
    pub nodes: Vec<NodePlan>,
}

/// How many nodes a plan would do what with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlanCounts {
    /// Executed.
    pub execute: usize,
    /// Reused.
    pub reuse: usize,
    /// Pinned.
    pub pinned: usize,
    /// Disabled.
    pub disabled: usize,
    /// Left out for want of a value, or not needed.
    pub not_run: usize,
    /// Unable to run.
    pub cannot_run: usize,
}

impl Plan {
    /// Returns what the run would do with a node.
    pub fn get(&self, node: &NodeId) -> Option<&NodePlan> {
        self.nodes.get(self.graph.index(node)?)
    }

    /// Returns how many nodes the run would do what with.
    pub fn counts(&self) -> PlanCounts {
        let mut counts = PlanCounts::default();
        for node in &self.nodes {
            *match node.decision {
                Decision::Execute => &mut counts.execute,
                Decision::Reuse { .. } => &mut counts.reuse,
                Decision::Pinned { .. } => &mut counts.pinned,
                Decision::Disabled => &mut counts.disabled,
                Decision::NotRun(_) => &mut counts.not_run,
                Decision::CannotRun(_) => &mut counts.cannot_run,
            } += 1;
        }
        counts
    }

    /// Returns the chain of reasons for what is decided on a node, nearest first, each one line for a person.
    pub fn why(&self, node: &NodeId) -> Vec<String> {
        why::chain(self, node)
    }
}

/// Returns what a run would do, and the problems of the workflow.
pub fn plan(
    workflow: &Workflow,
    catalogue: &Catalogue,
    marks: &Marks,
    baseline: &Baseline,
    probes: &Probes,
    options: &PlanOptions,
) -> (Plan, Vec<Problem>) {
    let problems = check(workflow, catalogue);
    let graph = Graph::new(workflow);
    let sources = Sources { workflow, catalogue, marks, baseline, probes, options };
    let mut learned = Learned::default();
    loop {
        let recipes = Recipes::new(&sources, &graph, &learned);
        let (nodes, more) = decide::decide(&sources, &graph, &recipes, &problems, &learned);
        // Each round learns of pins it did not know of, so there are at most as many rounds as pins.
        if !learned.add(more) {
            return (Plan { graph, nodes }, problems);
        }
    }
}

/// What planning finds out of Follow pins only once it knows what reaches them; it then starts over with it.
#[derive(Clone, Debug, Default)]
struct Learned {
    /// Those that other data reaches than what their results came from.
    released: BTreeMap<NodeId, Release>,
    /// Those that may be released in a run of a part: what lies behind them is needed after all.
    opened: BTreeSet<NodeId>,
}

impl Learned {
    /// Takes in more; returns whether anything is new.
    fn add(&mut self, more: Self) -> bool {
        let n_known = self.released.len() + self.opened.len();
        self.released.extend(more.released);
        self.opened.extend(more.opened);
        self.released.len() + self.opened.len() > n_known
    }
}

/// All that a plan is made from.
#[derive(Clone, Copy)]
struct Sources<'a> {
    workflow: &'a Workflow,
    catalogue: &'a Catalogue,
    marks: &'a Marks,
    baseline: &'a Baseline,
    probes: &'a Probes,
    options: &'a PlanOptions,
}
