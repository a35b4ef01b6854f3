//! Records by node, persistent: cloned in constant time, compared in the time of the differences.

use std::sync::Arc;

use imbl::{OrdMap, ordmap::DiffItem};

use super::NodeRecord;
use crate::workflow::NodeId;

/// Records by node. Clones share what they have in common.
#[derive(Clone, Debug, Default)]
pub struct RecordMap(OrdMap<NodeId, Entry>);

/// A record; equal only to itself.
#[derive(Clone, Debug)]
struct Entry(Arc<NodeRecord>);

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl RecordMap {
    /// Returns a node's record.
    pub fn get(&self, node: &NodeId) -> Option<&Arc<NodeRecord>> {
        self.0.get(node).map(|entry| &entry.0)
    }

    /// Sets a node's record.
    pub fn insert(&mut self, record: Arc<NodeRecord>) {
        self.0.insert(record.node.clone(), Entry(record));
    }

    /// Returns all records, sorted by node.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Arc<NodeRecord>> {
        self.0.values().map(|entry| &entry.0)
    }

    /// Returns whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns whether both are the same map, without looking into them.
    pub fn is_same(&self, other: &Self) -> bool {
        self.0.ptr_eq(&other.0)
    }

    /// Returns the nodes whose records differ from those of an earlier state.
    pub fn changed_since<'a>(&'a self, before: &'a Self) -> impl Iterator<Item = &'a NodeId> {
        before.0.diff(&self.0).map(|item| match item {
            DiffItem::Add(node, _) | DiffItem::Remove(node, _) => node,
            DiffItem::Update { new, .. } => new.0,
        })
    }
}
