//! SQLite and blobs.

use std::{path::Path, sync::Arc, time::Duration};

use super::{NodeRecord, RunHeader, RunId, RunRecord, RunStatus, SessionId};
use crate::{
    value::{Fingerprint, Value},
    workflow::{NodeId, WorkflowId},
};

/// A store: cheap to clone, used from any thread.
#[derive(Clone, Debug)]
pub struct Store;

/// What a store cannot do, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A kept value is not there.
    #[error("the kept value {0:?} is gone")]
    Lost(Fingerprint),
}

/// To be written: the calls the engine makes.
impl Store {
    /// Opens the store in a folder, making it if there is none.
    pub fn open(_folder: &Path) -> Result<Self, StoreError> {
        Ok(Self)
    }

    /// Notes that a run begins, and that these nodes have no results until it has settled them. Queued.
    pub fn begin_run(&self, _header: &RunHeader, _unsettled: Vec<NodeId>) {}

    /// Keeps what came of a node, with its results. Queued.
    pub fn settle(&self, _session: SessionId, _record: Arc<NodeRecord>) {}

    /// Notes how a run ended. Queued.
    pub fn finish_run(&self, _run: RunId, _status: RunStatus, _took: Duration) {}

    /// Waits until all that was queued is on the disk; returns the first error since the last call.
    pub fn flush(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Returns the newest settled record of every node in a session: what Resume starts from.
    pub fn baseline(&self, _session: SessionId) -> Result<Vec<Arc<NodeRecord>>, StoreError> {
        Ok(Vec::new())
    }

    /// Returns the newest runs of a workflow, newest first.
    pub fn runs(&self, _workflow: WorkflowId, _limit: usize) -> Result<Vec<RunHeader>, StoreError> {
        Ok(Vec::new())
    }

    /// Returns a run with its nodes.
    pub fn run(&self, _run: RunId) -> Result<Option<RunRecord>, StoreError> {
        Ok(None)
    }

    /// Returns a kept value.
    pub fn load_value(&self, fingerprint: &Fingerprint) -> Result<Value, StoreError> {
        Err(StoreError::Lost(*fingerprint))
    }

    /// Returns which of these values cannot be found.
    pub fn missing_results(
        &self,
        wanted: &[Fingerprint],
    ) -> Result<std::collections::BTreeSet<Fingerprint>, StoreError> {
        Ok(wanted.iter().copied().collect())
    }

    /// Keeps a value, such as one that was pinned; returns when it is on the disk.
    pub fn keep_value(&self, _value: &Value) -> Result<Fingerprint, StoreError> {
        Ok(Fingerprint::of_bytes(b""))
    }

    /// Returns a node's pinned data, unless there is none or it has expired.
    pub fn pinned_data(&self, _workflow: WorkflowId, _node: &NodeId) -> Result<Option<Value>, StoreError> {
        Ok(None)
    }

    /// Reads, changes and writes a node's pinned data in one transaction; returns what was written.
    pub fn update_pinned_data(
        &self,
        _workflow: WorkflowId,
        _node: &NodeId,
        expires_in: Option<Duration>,
        change: &mut dyn FnMut(Option<Value>) -> Value,
    ) -> Result<Value, StoreError> {
        let _ = expires_in;
        Ok(change(None))
    }

    /// Removes pinned data: of one node, or of all of a workflow.
    pub fn clear_pinned_data(&self, _workflow: WorkflowId, _node: Option<&NodeId>) -> Result<(), StoreError> {
        Ok(())
    }
}
