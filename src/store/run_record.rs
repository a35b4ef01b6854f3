//! The whole account of a run. What was reused has no record of its own: it is that of the run it was reused from, seen
//! from this one, so that a run costs what it did and not what it left alone.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
};

use super::{Effect, NodeRecord, RecordMap, RunHeader, Status};
use crate::workflow::NodeId;

/// The whole account of a run.
#[derive(Clone, Debug)]
pub struct RunRecord {
    /// The run without its nodes.
    pub header: RunHeader,
    /// The workflow's nodes, upstream before downstream.
    order: Arc<[NodeId]>,
    /// What came of nodes in this run, in the order of work.
    own: Vec<Arc<NodeRecord>>,
    /// What the run started from. A node of the workflow without a record of its own was reused from here.
    base: RecordMap,
    /// Where each node's own record is; made when first asked for.
    positions: OnceLock<HashMap<NodeId, usize>>,
}

impl RunRecord {
    /// Returns the account of a run over nodes in this order: their own records, and what the others were reused from.
    pub const fn new(header: RunHeader, order: Arc<[NodeId]>, own: Vec<Arc<NodeRecord>>, base: RecordMap) -> Self {
        Self { header, order, own, base, positions: OnceLock::new() }
    }

    /// Returns the account of a run in which every node has a record of its own, in the order of work.
    pub fn of_records(header: RunHeader, own: Vec<Arc<NodeRecord>>) -> Self {
        let order = own.iter().map(|record| record.node.clone()).collect();
        Self::new(header, order, own, RecordMap::default())
    }

    /// Returns what came of the nodes that the run did not merely reuse, in the order of work.
    pub fn own(&self) -> &[Arc<NodeRecord>] {
        &self.own
    }

    /// Returns the record of a node.
    pub fn node(&self, id: &NodeId) -> Option<Arc<NodeRecord>> {
        match self.own_record(id) {
            Some(record) => Some(Arc::clone(record)),
            // What is in the base and not in the workflow any more had no part in the run.
            None => self
                .header
                .workflow
                .node(id)
                .and_then(|_| self.base.get(id))
                .map(|record| record.reused_in(self.header.id)),
        }
    }

    fn own_record(&self, id: &NodeId) -> Option<&Arc<NodeRecord>> {
        if self.own.len() < 8 {
            return self.own.iter().find(|record| record.node == *id);
        }
        let positions =
            self.positions.get_or_init(|| self.own.iter().map(|record| record.node.clone()).zip(0..).collect());
        positions.get(id).map(|&position| &self.own[position])
    }

    /// Returns the records of all nodes, upstream before downstream.
    pub fn nodes(&self) -> impl Iterator<Item = Arc<NodeRecord>> {
        self.order.iter().filter_map(|id| self.node(id))
    }

    /// Returns the nodes that were reused, with the records they were reused from.
    pub fn reused(&self) -> impl Iterator<Item = (&NodeId, &Arc<NodeRecord>)> {
        let reused = |id| Some((id, self.base.get(id)?));
        self.order.iter().filter(|id| self.own_record(id).is_none()).filter_map(reused)
    }

    /// Returns the records of the nodes that did something to the world outside, or would have, upstream before downstream.
    pub fn with_effects(&self) -> Vec<Arc<NodeRecord>> {
        let has_effect = |id: &&NodeId| match self.own_record(id) {
            Some(record) => record.has_effect(),
            None => self.base.get(id).is_some_and(|record| record.effect != Effect::None),
        };
        self.order.iter().filter(has_effect).filter_map(|id| self.node(id)).collect()
    }

    /// Returns how many things were done to the world outside, and of how many nodes the effect was held back.
    pub fn n_effects(&self) -> (u64, usize) {
        let with_effects = self.with_effects();
        let n_held_back = with_effects.iter().filter(|record| record.effect == Effect::HeldBack).count();
        (with_effects.iter().map(|record| record.n_done()).sum(), n_held_back)
    }

    /// Returns how many nodes have a status.
    pub fn count(&self, test: impl Fn(&Status) -> bool) -> usize {
        self.nodes().filter(|record| test(&record.status)).count()
    }
}
