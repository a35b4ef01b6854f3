//! Running.

use std::{path::PathBuf, sync::Arc};

use super::{Plan, PlanOptions};
use crate::{
    nodes::Catalogue,
    session::{Baseline, Marks},
    store::{LogLine, NodeRecord, RunHeader, RunId, RunRecord, SessionId, Store},
    workflow::{NodeId, Workflow},
};

/// What to run: a snapshot, so that editing may go on.
#[derive(Clone, Debug)]
pub struct RunRequest {
    /// The workflow.
    pub workflow: Arc<Workflow>,
    /// The file it came from.
    pub path: Option<PathBuf>,
    /// The folder that relative paths start from.
    pub folder: PathBuf,
    /// The session.
    pub session: SessionId,
    /// The marks in force.
    pub marks: Marks,
    /// What Resume starts from.
    pub baseline: Arc<Baseline>,
    /// Standard or resumed, all or part.
    pub options: PlanOptions,
}

/// What happens in a run.
#[derive(Clone, Debug)]
pub struct Event {
    /// The run.
    pub run: RunId,
    /// What happened.
    pub kind: EventKind,
}

/// What happens in a run.
#[derive(Clone, Debug)]
pub enum EventKind {
    /// It begins; this is what it will do.
    Started {
        /// The run.
        header: Arc<RunHeader>,
        /// What it will do.
        plan: Arc<Plan>,
    },
    /// A node begins to execute.
    NodeStarted {
        /// The node.
        node: NodeId,
    },
    /// A node reports.
    NodeProgress {
        /// The node.
        node: NodeId,
        /// How much is done, 0 to 1.
        fraction: f32,
        /// What it is at.
        message: String,
    },
    /// A node wrote a line.
    NodeLogged {
        /// The node.
        node: NodeId,
        /// The line.
        line: LogLine,
    },
    /// A node is settled.
    NodeSettled(Arc<NodeRecord>),
    /// All nodes are settled and nothing runs any more. Always the last event.
    Finished(Arc<RunRecord>),
}

/// Runs workflows on two pools: one the size of the machine for what computes, a larger one for what waits.
#[derive(Clone)]
pub struct Engine {
    catalogue: Arc<Catalogue>,
    store: Option<Store>,
}

/// A run that goes on.
pub struct RunHandle {
    id: RunId,
}

impl Engine {
    /// Returns an engine with its pools. Without a store, results live in memory only.
    pub fn new(catalogue: Arc<Catalogue>, store: Option<Store>) -> Self {
        Self { catalogue, store }
    }

    /// Starts a run on a thread of its own. Events come from several threads, in an order that makes sense for each node.
    pub fn start(&self, request: RunRequest, on_event: impl Fn(Event) + Send + Sync + 'static) -> RunHandle {
        let _ = (&self.catalogue, &self.store, request, Box::new(on_event));
        RunHandle { id: RunId::generate() }
    }
}

impl RunHandle {
    /// Returns the run's id.
    pub const fn id(&self) -> RunId {
        self.id
    }

    /// Asks the run to stop: nothing starts any more, running nodes are asked to stop. Returns at once.
    pub fn cancel(&self) {}

    /// Waits for the end of the run.
    pub fn wait(self) -> Arc<RunRecord> {
        unreachable!()
    }
}
