//! What panels draw from.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant},
};

use imbl::OrdMap;

use super::past::Past;
use crate::{
    engine::{Decision, PausedInside, Plan, name_of_node},
    nodes::Catalogue,
    session::{Baseline, Marks},
    store::{LoopRecord, NodeRecord, RunId, RunKind},
    value::Value,
    workflow::{NodeId, PortRef, Problem, Workflow},
};

/// The numbers of runs. Cloned in constant time.
#[derive(Clone, Debug, Default)]
pub struct RunNumbers(Arc<BTreeMap<RunId, i64>>);

impl RunNumbers {
    /// Returns these numbers.
    pub fn new(numbers: BTreeMap<RunId, i64>) -> Self {
        Self(Arc::new(numbers))
    }

    /// Returns the number of a run.
    pub fn get(&self, run: RunId) -> Option<i64> {
        self.0.get(&run).copied()
    }

    /// Returns whether both are the same, without looking into them.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// References to all that panels draw from. Cheap to copy; nothing in it can be changed.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// The document.
    pub workflow: &'a Workflow,
    /// Raised whenever the document changes: what is drawn from it is laid out anew then, and only then.
    pub revision: u64,
    /// What nodes can be.
    pub catalogue: &'a Catalogue,
    /// The session's marks.
    pub marks: &'a Marks,
    /// What Resume starts from: the newest settled record of every node, kept up to date while a run goes on.
    pub baseline: &'a Baseline,
    /// What Resume would do now.
    pub plan: &'a Plan,
    /// What is wrong with the workflow.
    pub problems: &'a [Problem],
    /// The selected nodes.
    pub selection: &'a BTreeSet<NodeId>,
    /// The run that goes on, or the last one of this sitting.
    pub run: Option<&'a RunProgress>,
    /// Whether to show on the canvas what a run would do.
    pub show_plan: bool,
    /// What people call the runs of the workflow, as far as they are known.
    pub numbers: &'a RunNumbers,
    /// The earlier run that all of this is of; nothing can be changed then. Nothing for the workflow as it is now.
    pub past: Option<&'a Past>,
}

impl View<'_> {
    /// Returns a node's name for people, with its id.
    pub fn name(&self, node: &NodeId) -> String {
        name_of_node(self.workflow, self.catalogue, node)
    }

    /// Returns whether what a node gives and says is shown only when asked for: it is sensitive, or was when it last ran.
    pub fn is_sensitive(&self, node: &NodeId) -> bool {
        self.plan.is_sensitive(node) || self.baseline.get(node).is_some_and(|record| record.is_sensitive())
    }

    /// Returns what came of a node last: its newest record, seen from the last run if that reused it.
    pub fn record(&self, node: &NodeId) -> Option<Arc<NodeRecord>> {
        let record = self.baseline.get(node)?;
        let reusing = self.run.filter(|run| {
            run.id != record.run
                && run.plan.get(node).is_some_and(|planned| matches!(planned.decision, Decision::Reuse { .. }))
        });
        Some(reusing.map_or_else(|| Arc::clone(record), |run| record.reused_in(run.id)))
    }
}

/// How a run of this sitting stands.
#[derive(Clone, Debug)]
pub struct RunProgress {
    /// The run.
    pub id: RunId,
    /// Standard or resumed.
    pub kind: RunKind,
    /// What it was to do.
    pub plan: Plan,
    /// When it started.
    pub started: Instant,
    /// When it finished.
    pub finished: Option<Instant>,
    /// How many pins it uses.
    pub n_pins: usize,
    /// How many nodes it will execute, by its plan.
    pub n_to_execute: usize,
    /// How many it has executed.
    pub n_executed: usize,
    /// Nodes that are waiting, running or settled. Persistent: what was drawn of it is compared with it at once.
    pub nodes: OrdMap<NodeId, LiveState>,
    /// The pause, if it is paused.
    pub pause: Option<Pause>,
    /// How long it was paused before.
    pub paused_for: Duration,
    /// Of the heads of loops that go on what those did so far.
    pub loops: BTreeMap<NodeId, Arc<LoopRecord>>,
    /// The values that were changed by hand in this run.
    pub changed: BTreeMap<PortRef, Value>,
}

/// A pause of a run.
#[derive(Clone, Debug)]
pub struct Pause {
    /// Since when.
    pub since: Instant,
    /// The nodes that are about to execute.
    pub waiting: Vec<NodeId>,
    /// Whether one of them has a breakpoint.
    pub at_breakpoint: bool,
    /// Where the first of them is in a loop, and the records with what nodes have given there.
    pub inside: Option<(Arc<PausedInside>, Baseline)>,
}

impl RunProgress {
    /// Returns how long the run took or has taken so far, without its pauses.
    pub fn took(&self) -> Duration {
        let until = self.finished.or_else(|| self.pause.as_ref().map(|pause| pause.since)).unwrap_or_else(Instant::now);
        until.saturating_duration_since(self.started).saturating_sub(self.paused_for)
    }

    /// Returns whether a node is about to execute in a paused run.
    pub fn is_held(&self, node: &NodeId) -> bool {
        self.pause.as_ref().is_some_and(|pause| pause.waiting.contains(node))
    }
}

/// How a node stands in a run.
#[derive(Clone, Debug)]
pub enum LiveState {
    /// It will execute.
    Waiting,
    /// It executes.
    Running {
        /// Since when.
        since: Instant,
        /// How much is done, 0 to 1, if it says so.
        fraction: Option<f32>,
        /// What it is at.
        message: String,
    },
    /// It is settled.
    Settled(Arc<NodeRecord>),
}
