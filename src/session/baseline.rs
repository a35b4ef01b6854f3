//! What Resume starts from: the newest settled record of every node.

use std::sync::Arc;

use crate::{
    store::{NodeRecord, RecordMap, RunRecord},
    workflow::NodeId,
};

/// The newest settled record of every node in a session. Cloned in constant time.
#[derive(Clone, Debug, Default)]
pub struct Baseline {
    nodes: RecordMap,
}

impl Baseline {
    /// Returns a node's newest record.
    pub fn get(&self, node: &NodeId) -> Option<&Arc<NodeRecord>> {
        self.nodes.get(node)
    }

    /// Returns all records, sorted by node.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Arc<NodeRecord>> {
        self.nodes.iter()
    }

    /// Returns all records as a map.
    pub const fn records(&self) -> &RecordMap {
        &self.nodes
    }

    /// Returns whether no run was made yet.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Returns all records of a run, those of nodes it had no need of too: to be looked at, not to resume from.
    pub fn of_run(run: &RunRecord) -> Self {
        Self { nodes: run.nodes().collect() }
    }

    /// Takes in what came of a node. A node the run had no need of keeps what it had.
    pub fn settle(&mut self, record: Arc<NodeRecord>) {
        if !record.status.was_not_needed() {
            self.nodes.insert(record);
        }
    }

    /// Takes in a whole run. What it reused is here already.
    pub fn absorb(&mut self, run: &RunRecord) {
        for record in run.own() {
            self.settle(Arc::clone(record));
        }
    }
}

impl FromIterator<Arc<NodeRecord>> for Baseline {
    fn from_iter<T: IntoIterator<Item = Arc<NodeRecord>>>(iter: T) -> Self {
        Self { nodes: iter.into_iter().filter(|record| !record.status.was_not_needed()).collect() }
    }
}
