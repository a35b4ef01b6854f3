//! Runs and records for tests.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;

use super::{
    Effect, Kept, NodeRecord, Notes, Provenance, Reason, RunHeader, RunId, RunKind, RunStatus, SessionId, Status, Store,
};
use crate::{
    nodes::Outputs,
    value::{Fingerprint, Value},
    workflow::{Connection, Edit, Node, NodeId, PortRef, Position, Workflow},
};

/// Returns a store in a folder that is removed with it.
pub(crate) fn new_store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    (folder, store)
}

/// Returns a workflow of these nodes, each feeding the next.
pub(crate) fn chain(ids: &[&'static str]) -> Workflow {
    let mut workflow = Workflow::new("test");
    for id in ids {
        workflow.apply(Edit::AddNode((*id).into(), node())).unwrap();
    }
    for pair in ids.windows(2) {
        let connection = Connection { from: PortRef::new(pair[0], "out"), to: PortRef::new(pair[1], "in") };
        workflow.apply(Edit::Connect(connection)).unwrap();
    }
    workflow
}

/// Returns a node.
pub(crate) fn node() -> Arc<Node> {
    Arc::new(Node::new("text", Position(1.0, 2.0)).with("text", "hello"))
}

/// Returns a run of a workflow.
pub(crate) fn header(session: SessionId, workflow: &Workflow) -> RunHeader {
    RunHeader {
        id: RunId::generate(),
        session,
        workflow_id: workflow.id(),
        workflow: Arc::new(workflow.clone()),
        path: None,
        kind: RunKind::Standard,
        part: crate::store::Part::All,
        options: crate::store::OptionsUsed::default(),
        marks: Vec::new(),
        started: Timestamp::now(),
        took: None,
        status: RunStatus::Running,
    }
}

/// Returns the record of a node that executed and gave a value on `out`.
pub(crate) fn executed(run: RunId, node: impl Into<NodeId>, value: impl Into<Value>) -> NodeRecord {
    NodeRecord {
        run,
        node: node.into(),
        as_it_was: self::node().into(),
        status: Status::Executed,
        reasons: Arc::new([Reason::StandardRun]),
        config: Fingerprint::of_bytes(b"config"),
        recipe: Fingerprint::of_bytes(b"recipe"),
        inputs: smallvec::SmallVec::new(),
        results: Some(Kept::in_memory(Arc::new(Outputs::one("out", value)), Provenance::Run(run))),
        started: Some(Timestamp::now()),
        took: Some(Duration::from_millis(3)),
        effect: Effect::None,
        notes: Notes::default(),
    }
}

/// Returns the record of a node without results.
pub(crate) fn without_results(run: RunId, node: impl Into<NodeId>, status: Status) -> NodeRecord {
    NodeRecord { status, results: None, ..executed(run, node, Value::Null) }
}
