//! Records by node, persistent: cloned in constant time, compared in the time of the differences.

use std::sync::Arc;

use imbl::{OrdMap, ordmap::DiffItem};

use super::NodeRecord;
use crate::workflow::NodeId;

/// Records by node. Clones share what they have in common.
#[derive(Clone, Debug, Default)]
pub struct RecordMap {
    records: OrdMap<NodeId, Entry>,
    /// Those among them that read something from outside, or whose results were not in memory when they were set.
    to_look_at: OrdMap<NodeId, Entry>,
}

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
        self.records.get(node).map(|entry| &entry.0)
    }

    /// Sets a node's record.
    pub fn insert(&mut self, record: Arc<NodeRecord>) {
        let in_store = record.results.as_ref().is_some_and(|results| results.loaded().is_none());
        if in_store || !record.sources.is_empty() {
            self.to_look_at.insert(record.node.clone(), Entry(Arc::clone(&record)));
        } else if !self.to_look_at.is_empty() {
            self.to_look_at.remove(&record.node);
        }
        self.records.insert(record.node.clone(), Entry(record));
    }

    /// Returns the records whose sources or stored results may have gone or changed since, sorted by node.
    pub fn to_look_at(&self) -> impl ExactSizeIterator<Item = &Arc<NodeRecord>> {
        self.to_look_at.values().map(|entry| &entry.0)
    }

    /// Returns all records, sorted by node.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Arc<NodeRecord>> {
        self.records.values().map(|entry| &entry.0)
    }

    /// Returns whether there is none.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Returns whether both are the same map, without looking into them.
    pub fn is_same(&self, other: &Self) -> bool {
        self.records.ptr_eq(&other.records)
    }

    /// Returns the nodes whose records differ from those of an earlier state.
    pub fn changed_since<'a>(&'a self, before: &'a Self) -> impl Iterator<Item = &'a NodeId> {
        before.records.diff(&self.records).map(|item| match item {
            DiffItem::Add(node, _) | DiffItem::Remove(node, _) => node,
            DiffItem::Update { new, .. } => new.0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        nodes::Source,
        store::{Kept, Provenance, RunId, fixtures::executed},
    };

    #[test]
    fn what_is_to_be_looked_at_is_what_may_have_gone_or_changed() {
        let record = |change: &dyn Fn(&mut NodeRecord)| {
            let mut record = executed(RunId::generate(), "a", "x");
            change(&mut record);
            Arc::new(record)
        };
        let mut map = RecordMap::default();
        map.insert(record(&|_| ()));
        assert_eq!(map.to_look_at().len(), 0);
        map.insert(record(&|record| record.sources.push(Source::probe("/nowhere".as_ref()))));
        assert_eq!(map.to_look_at().len(), 1);
        map.insert(record(&|_| ()));
        assert_eq!(map.to_look_at().len(), 0);
        map.insert(record(&|record| {
            record.results = Some(Kept::out_of_reach(Vec::new(), Provenance::Run(RunId::generate())));
        }));
        assert_eq!(map.to_look_at().len(), 1);
    }
}
