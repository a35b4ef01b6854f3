//! Nodes that are walked together, with their wires as numbers: made from a plan once, walked as often as need be.

use std::{ops::Range, sync::Arc};

use smallvec::SmallVec;

use crate::engine::plan::{Plan, Step};

/// Nodes in order of work. A node's place here is its slot.
#[derive(Debug)]
pub(in crate::engine) struct Body {
    pub(super) members: Vec<Member>,
    /// For all members one after the other the slots of those they feed.
    downstream: Vec<u32>,
}

/// A node of a body.
#[derive(Debug)]
pub(super) struct Member {
    /// Its index in the graph.
    pub(super) index: usize,
    /// How many wires lead to it from inside the body.
    pub(super) n_inside: u32,
    /// Where its inputs come from, in the order of its wires.
    pub(super) sources: SmallVec<[Source; 2]>,
    downstream: Range<u32>,
}

/// Where an input comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The member in this slot.
    Member(u32),
    /// A node outside of the body, by its index in the graph.
    Outside(usize),
}

impl Body {
    /// Returns the body of all nodes that a run has something to do for.
    pub(in crate::engine) fn of_plan(plan: &Plan) -> Self {
        let graph = plan.graph();
        let indices: Vec<usize> = plan.active().collect();
        let slots = Slots::new(&indices, graph.n_nodes());
        let mut members: Vec<Member> = Vec::with_capacity(indices.len());
        let mut n_downstream = 0;
        for &index in &indices {
            let sources: SmallVec<[Source; 2]> = graph.inputs[index]
                .iter()
                .map(|feed| match slots.of(feed.from).filter(|_| feed.from < index) {
                    Some(slot) => Source::Member(slot as u32),
                    None => Source::Outside(feed.from),
                })
                .collect();
            let n_inside = sources.iter().filter(|source| matches!(source, Source::Member(_))).count() as u32;
            n_downstream += n_inside;
            members.push(Member { index, n_inside, sources, downstream: 0..0 });
        }
        Self::with_downstream(members, n_downstream)
    }

    /// Fills in who feeds whom.
    fn with_downstream(mut members: Vec<Member>, n_downstream: u32) -> Self {
        let mut counts = vec![0_u32; members.len() + 1];
        for member in &members {
            for source in &member.sources {
                if let Source::Member(slot) = source {
                    counts[*slot as usize + 1] += 1;
                }
            }
        }
        for slot in 1..counts.len() {
            counts[slot] += counts[slot - 1];
        }
        let mut downstream = vec![0; n_downstream as usize];
        let mut next = counts.clone();
        for (slot, member) in members.iter().enumerate() {
            for source in &member.sources {
                if let Source::Member(from) = source {
                    downstream[next[*from as usize] as usize] = slot as u32;
                    next[*from as usize] += 1;
                }
            }
        }
        for (slot, member) in members.iter_mut().enumerate() {
            member.downstream = counts[slot]..counts[slot + 1];
        }
        Self { members, downstream }
    }

    /// Returns what is planned for each member.
    pub(super) fn steps<'a>(&self, plan: &'a Plan) -> Vec<&'a Arc<Step>> {
        // One after the other is faster than finding each.
        if self.members.len() == plan.graph().n_nodes() {
            return plan.steps().collect();
        }
        self.members.iter().map(|member| plan.step(member.index)).collect()
    }

    /// Returns the slots of those a member feeds, one for each wire.
    pub(super) fn downstream(&self, slot: usize) -> &[u32] {
        let range = &self.members[slot].downstream;
        &self.downstream[range.start as usize..range.end as usize]
    }

    /// Returns the slot of a node.
    pub(super) fn slot(&self, index: usize) -> Option<usize> {
        self.members.binary_search_by_key(&index, |member| member.index).ok()
    }
}

/// Finds slots: all nodes, a table for many of them, a search for few.
enum Slots<'a> {
    All,
    Table(Vec<u32>),
    Search(&'a [usize]),
}

const NO_SLOT: u32 = u32::MAX;

impl<'a> Slots<'a> {
    fn new(indices: &'a [usize], n_nodes: usize) -> Self {
        if indices.len() == n_nodes {
            return Self::All;
        }
        if indices.len() < n_nodes / 64 {
            return Self::Search(indices);
        }
        let mut table = vec![NO_SLOT; n_nodes];
        for (&index, slot) in indices.iter().zip(0..) {
            table[index] = slot;
        }
        Self::Table(table)
    }

    fn of(&self, index: usize) -> Option<usize> {
        match self {
            Self::All => Some(index),
            Self::Table(table) => Some(table[index]).filter(|&slot| slot != NO_SLOT).map(|slot| slot as usize),
            Self::Search(indices) => indices.binary_search(&index).ok(),
        }
    }
}
