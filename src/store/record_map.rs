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
        if is_to_be_looked_at(&record) {
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

    /// Returns the nodes whose records differ from those of an earlier state, sorted, each with its record of now.
    pub fn changed_since<'a>(
        &'a self,
        before: &'a Self,
    ) -> impl Iterator<Item = (&'a NodeId, Option<&'a Arc<NodeRecord>>)> {
        before.records.diff(&self.records).map(|item| match item {
            DiffItem::Add(node, entry) | DiffItem::Update { new: (node, entry), .. } => (node, Some(&entry.0)),
            DiffItem::Remove(node, _) => (node, None),
        })
    }
}

/// Returns whether a record's sources or stored results may go or change.
fn is_to_be_looked_at(record: &NodeRecord) -> bool {
    let in_store = record.results.as_ref().is_some_and(|results| results.loaded().is_none());
    in_store || !record.sources.is_empty()
}

impl FromIterator<Arc<NodeRecord>> for RecordMap {
    /// The last record of a node counts.
    fn from_iter<T: IntoIterator<Item = Arc<NodeRecord>>>(iter: T) -> Self {
        let mut records: OrdMap<NodeId, Entry> = OrdMap::new();
        for record in iter {
            records.insert(record.node.clone(), Entry(record));
        }
        // What was just read from a store is to be looked at whole: then both are one.
        let to_look_at = if records.values().all(|entry| is_to_be_looked_at(&entry.0)) {
            records.clone()
        } else {
            let is_one = |(_, entry): &(&NodeId, &Entry)| is_to_be_looked_at(&entry.0);
            records.iter().filter(is_one).map(|(node, entry)| (node.clone(), entry.clone())).collect()
        };
        Self { records, to_look_at }
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

    #[test]
    fn many_at_once_are_the_same_as_one_after_the_other() {
        let record = |node: &'static str, in_store: bool| {
            let mut record = executed(RunId::generate(), node, "x");
            if in_store {
                record.results = Some(Kept::out_of_reach(Vec::new(), Provenance::Run(record.run)));
            }
            Arc::new(record)
        };
        for in_store in [[true, true, true], [true, false, true], [false, true, false], [false; 3]] {
            let records: Vec<_> =
                [("b", 0), ("a", 1), ("b", 2)].into_iter().map(|(node, at)| record(node, in_store[at])).collect();
            let mut one_by_one = RecordMap::default();
            for record in &records {
                one_by_one.insert(Arc::clone(record));
            }
            let at_once: RecordMap = records.iter().map(Arc::clone).collect();
            let same = |ours: &Arc<NodeRecord>, theirs: &Arc<NodeRecord>| Arc::ptr_eq(ours, theirs);
            assert!(at_once.iter().zip(one_by_one.iter()).all(|(ours, theirs)| same(ours, theirs)));
            assert_eq!(at_once.iter().len(), 2);
            assert_eq!(at_once.to_look_at().len(), one_by_one.to_look_at().len());
            assert!(at_once.to_look_at().zip(one_by_one.to_look_at()).all(|(ours, theirs)| same(ours, theirs)));
        }
    }
}
