//! Nodes that are walked together, with their wires as numbers: made from a plan once, walked as often as need be.

use std::{ops::Range, sync::Arc};

use smallvec::SmallVec;

use crate::{
    engine::plan::{Plan, Step},
    nodes::Loops,
};

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
    /// The loop that is walked when it is its turn.
    pub(super) starts: Option<usize>,
    /// The loop that gives it its results.
    pub(super) closes: Option<usize>,
    /// How many members it waits for, one for each wire.
    pub(super) n_inside: u32,
    /// Where its inputs come from, in the order of its wires.
    pub(super) sources: SmallVec<[Source; 2]>,
    /// Members that it waits for besides: those that a loop's body reads, the loop that gives it its results.
    waits_for: SmallVec<[u32; 2]>,
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
    /// Returns the body of all nodes that a run has something to do for. What executes once an iteration is no part of it:
    /// the loop's head is.
    pub(in crate::engine) fn of_plan(plan: &Plan) -> Self {
        let graph = plan.graph();
        let loops = plan.loops();
        let walked = WalkedLoops::of_plan(plan);
        let mut indices: Vec<usize> = plan.active().filter(|&index| !walked.has_inside(loops, index)).collect();
        indices.extend(walked.loops.iter().map(|&number| loops.loops[number].head));
        indices.sort_unstable();
        indices.dedup();
        let slots = Slots::new(&indices, graph.n_nodes());
        let mut members: Vec<Member> = Vec::with_capacity(indices.len());
        for &index in &indices {
            let sources: SmallVec<[Source; 2]> = graph.inputs[index]
                .iter()
                .map(|feed| match slots.of(feed.from).filter(|_| feed.from < index) {
                    Some(slot) => Source::Member(slot as u32),
                    None => Source::Outside(feed.from),
                })
                .collect();
            let starts = walked.starting_at(loops, index);
            let closes = walked.closed_by(loops, index);
            let read = starts.iter().flat_map(|&number| &loops.loops[number].reads).copied();
            let closed = closes.map(|number| loops.loops[number].head);
            let waits_for = read.chain(closed).filter_map(|index| slots.of(index)).map(|slot| slot as u32).collect();
            members.push(Member { index, starts, closes, n_inside: 0, sources, waits_for, downstream: 0..0 });
        }
        Self::with_downstream(members)
    }

    /// Fills in who feeds whom.
    fn with_downstream(mut members: Vec<Member>) -> Self {
        let mut counts = vec![0_u32; members.len() + 1];
        for member in &mut members {
            for from in member.awaited() {
                counts[from as usize + 1] += 1;
            }
            member.n_inside = member.awaited().count() as u32;
        }
        for slot in 1..counts.len() {
            counts[slot] += counts[slot - 1];
        }
        let mut downstream = vec![0; counts.last().map_or(0, |&count| count as usize)];
        let mut next = counts.clone();
        for (slot, member) in members.iter().enumerate() {
            for from in member.awaited() {
                downstream[next[from as usize] as usize] = slot as u32;
                next[from as usize] += 1;
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

impl Member {
    /// Returns the slots of the members that must be settled before it.
    fn awaited(&self) -> impl Iterator<Item = u32> {
        let fed = self.sources.iter().filter_map(|source| match source {
            Source::Member(slot) => Some(*slot),
            Source::Outside(_) => None,
        });
        fed.chain(self.waits_for.iter().copied())
    }
}

/// The outermost loops in which anything executes. The others are nodes like any others: all of theirs is settled already.
struct WalkedLoops {
    loops: Vec<usize>,
}

impl WalkedLoops {
    fn of_plan(plan: &Plan) -> Self {
        let all = plan.loops();
        if all.is_empty() {
            return Self { loops: Vec::new() };
        }
        let mut is_walked = vec![false; all.loops.len()];
        for index in plan.active().filter(|&index| plan.step(index).may_execute()) {
            let own = all.loops.iter().position(|candidate| candidate.head == index);
            if let Some(outermost) = own.or(all.of_node[index]).map(|number| outermost(all, number)) {
                is_walked[outermost] = true;
            }
        }
        Self { loops: (0..all.loops.len()).filter(|&number| is_walked[number]).collect() }
    }

    /// Returns whether a node executes once an iteration of a loop that is walked.
    fn has_inside(&self, all: &Loops, index: usize) -> bool {
        if self.loops.is_empty() {
            return false;
        }
        let inside = all.of_node[index].map(|number| outermost(all, number));
        inside.is_some_and(|number| self.loops.contains(&number)) && self.closed_by(all, index).is_none()
    }

    fn starting_at(&self, all: &Loops, index: usize) -> Option<usize> {
        self.loops.iter().copied().find(|&number| all.loops[number].head == index)
    }

    fn closed_by(&self, all: &Loops, index: usize) -> Option<usize> {
        self.loops.iter().copied().find(|&number| all.loops[number].closers.binary_search(&index).is_ok())
    }
}

fn outermost(all: &Loops, number: usize) -> usize {
    let mut number = number;
    while let Some(parent) = all.loops[number].parent {
        number = parent;
    }
    number
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
