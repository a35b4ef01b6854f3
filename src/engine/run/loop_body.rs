//! The body of a loop with its wires as numbers: made once a run, walked once an iteration.

use smallvec::SmallVec;

use crate::{
    engine::plan::Plan,
    nodes::{Loops, Role},
    workflow::{NodeId, PortId},
};

/// What executes once an iteration.
#[derive(Debug)]
pub(super) struct LoopBody {
    /// The head's index in the graph.
    pub(super) head: usize,
    /// In order of work.
    pub(super) members: Vec<LoopMember>,
    /// For each member the slots of those that wait for it, one for each wire.
    pub(super) downstream: Vec<SmallVec<[u32; 2]>>,
    /// For each member how many wires it waits for.
    pub(super) n_awaited: Vec<u32>,
    /// The nodes outside that the body reads, by their index in the graph.
    pub(super) outside: Vec<usize>,
    /// The members' ids.
    pub(super) ids: Vec<NodeId>,
    /// The names of all ports the members have.
    pub(super) ports: Vec<PortId>,
    /// Whether what the head gives stays in memory and is shown only when asked for.
    pub(super) head_is_sensitive: bool,
    /// Whether nothing of the iterations is written: something in the loop, or in one around it, is sensitive.
    pub(super) stays_in_memory: bool,
}

/// A node of a loop's body.
#[derive(Debug)]
pub(super) struct LoopMember {
    pub(super) index: usize,
    pub(super) part: Part,
    /// Where its inputs come from, in the order of its wires.
    pub(super) sources: SmallVec<[LoopSource; 2]>,
    /// Whether what it gives and says stays in memory and is shown only when asked for.
    pub(super) is_sensitive: bool,
}

/// What a member does in an iteration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// It executes.
    Plain,
    /// It takes what arrives: a Collect.
    Collect,
    /// It takes the next state.
    Next,
    /// It walks an inner loop, by its number.
    Head(usize),
    /// It is settled with the inner loop whose head is in this slot.
    Closed(u32),
}

/// Where a member's input comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LoopSource {
    /// The head, for this iteration.
    Head,
    /// The member in this slot.
    Member(u32),
    /// What is outside, by its place among [`LoopBody::outside`].
    Outside(u32),
}

impl LoopBody {
    pub(super) fn new(plan: &Plan, number: usize) -> Self {
        let loops = plan.loops();
        let this = &loops.loops[number];
        let mut members: Vec<(usize, Part)> = Vec::new();
        for &index in &this.members {
            match inner_loop(loops, number, index) {
                Some(inner) => {
                    let slot = members.len() as u32;
                    members.push((index, Part::Head(inner)));
                    members.extend(loops.loops[inner].closers.iter().map(|&closer| (closer, Part::Closed(slot))));
                }
                None => members.push((index, part_of(plan, index))),
            }
        }
        let slot_of = |index: usize| members.iter().position(|(known, _)| *known == index).map(|slot| slot as u32);
        let mut outside: Vec<usize> = Vec::new();
        let mut place = |index: usize| {
            let place = outside.iter().position(|&known| known == index).unwrap_or_else(|| {
                outside.push(index);
                outside.len() - 1
            });
            LoopSource::Outside(place as u32)
        };
        let compiled: Vec<LoopMember> = members
            .iter()
            .map(|&(index, part)| {
                let sources = plan.graph().inputs[index].iter().map(|feed| match slot_of(feed.from) {
                    _ if feed.from == this.head => LoopSource::Head,
                    Some(slot) => LoopSource::Member(slot),
                    None => place(feed.from),
                });
                let is_sensitive = plan.step(index).is_sensitive();
                LoopMember { index, part, sources: sources.collect(), is_sensitive }
            })
            .collect();
        let mut downstream = vec![SmallVec::new(); compiled.len()];
        let mut n_awaited = vec![0; compiled.len()];
        for (slot, member) in compiled.iter().enumerate() {
            let read = match member.part {
                Part::Head(inner) => loops.loops[inner].reads.iter().filter_map(|&index| slot_of(index)).collect(),
                _ => Vec::new(),
            };
            let awaited = match member.part {
                // What feeds the closer of an inner loop is inside of that.
                Part::Closed(head) => SmallVec::from_slice(&[head]),
                _ => member.awaited().chain(read).collect::<SmallVec<[u32; 4]>>(),
            };
            n_awaited[slot] = awaited.len() as u32;
            for from in awaited {
                let waiting: &mut SmallVec<[u32; 2]> = &mut downstream[from as usize];
                waiting.push(slot as u32);
            }
        }
        // An inner loop reads what is outside of this one, too.
        for inner in
            compiled.iter().filter_map(|member| if let Part::Head(inner) = member.part { Some(inner) } else { None })
        {
            for &index in &loops.loops[inner].reads {
                if index != this.head && slot_of(index).is_none() {
                    place(index);
                }
            }
        }
        let ids = compiled.iter().map(|member| plan.graph().ids[member.index].clone()).collect();
        let mut ports: Vec<PortId> = ["item", "state", "go_on"].map(PortId::from).to_vec();
        for member in &compiled {
            let facts = &plan.step(member.index).facts;
            for output in facts.kind.iter().flat_map(|kind| kind.outputs_of(&facts.node)) {
                if !ports.contains(&output.id) {
                    ports.push(output.id.clone());
                }
            }
        }
        Self {
            head: this.head,
            members: compiled,
            downstream,
            n_awaited,
            outside,
            ids,
            ports,
            head_is_sensitive: plan.step(this.head).is_sensitive(),
            stays_in_memory: plan.loop_stays_in_memory(this.head),
        }
    }
}

impl LoopMember {
    fn awaited(&self) -> impl Iterator<Item = u32> {
        self.sources.iter().filter_map(|source| match source {
            LoopSource::Member(slot) => Some(*slot),
            LoopSource::Head | LoopSource::Outside(_) => None,
        })
    }
}

/// Returns the loop right inside another that a node is the head of.
fn inner_loop(loops: &Loops, outer: usize, index: usize) -> Option<usize> {
    loops.loops.iter().position(|inner| inner.head == index && inner.parent == Some(outer))
}

fn part_of(plan: &Plan, index: usize) -> Part {
    match plan.step(index).facts.kind.as_ref().map(|kind| kind.role) {
        Some(Role::Collect) => Part::Collect,
        Some(Role::Next) => Part::Next,
        _ => Part::Plain,
    }
}
