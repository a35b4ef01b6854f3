//! A pause inside of a loop: what waits in an iteration, what can be looked at there, and values put in the place of others.

use std::sync::Arc;

use super::{Edit, LoopRun, Parent};
use crate::{
    engine::{
        plan::{Given, Step},
        run::{
            dispatch::{Dispatcher, Slot, Unit},
            loop_body::{LoopBody, LoopSource, Part},
        },
    },
    store::{Arrived, InputRecord, Kept},
    workflow::{NodeId, PortId, PortRef},
};

impl<'a> Dispatcher<'a> {
    /// Returns which iteration of which loop a unit is in.
    pub(in crate::engine::run::dispatch) fn iteration_of(&self, unit: Unit) -> Option<(usize, u64)> {
        let iteration = self.loops.iterations.get(unit.walk.checked_sub(1)?)?.as_ref()?;
        Some((iteration.of, iteration.index))
    }

    pub(in crate::engine::run::dispatch) fn is_settled_in(&self, unit: Unit) -> bool {
        let iteration = self.loops.iterations[unit.walk - 1].as_ref();
        iteration.is_none_or(|iteration| iteration.cells[unit.slot].is_some())
    }

    /// Returns which iteration of its loop one is.
    pub(in crate::engine::run::dispatch) fn index_of(&self, iteration: usize) -> u64 {
        self.loops.iterations[iteration].as_ref().map_or(0, |iteration| iteration.index)
    }

    fn run_around(&self, iteration: usize) -> &LoopRun {
        let of = self.loops.iterations[iteration].as_ref().expect("an iteration is there until it is finished").of;
        self.loops.runs[of].as_ref().expect("a loop is there until it is finished")
    }

    pub(super) fn step_in(&self, unit: Unit) -> &'a Arc<Step> {
        self.plan.step(self.run_around(unit.walk - 1).body.members[unit.slot].index)
    }

    pub(in crate::engine::run::dispatch) fn node_in(&self, unit: Unit) -> &'a NodeId {
        &self.step_in(unit).plan.node
    }

    pub(in crate::engine::run::dispatch) fn is_inner_head(&self, unit: Unit) -> bool {
        matches!(self.run_around(unit.walk - 1).body.members[unit.slot].part, Part::Head(_))
    }

    /// Starts a node of an iteration that has waited.
    pub(in crate::engine::run::dispatch) fn start_held_in(&mut self, unit: Unit) {
        let step = Arc::clone(self.step_in(unit));
        self.start_part(unit.walk - 1, unit.slot, &step);
    }

    /// Returns an iteration and those around it, from the inside out.
    fn iterations_around(&self, innermost: usize) -> Vec<usize> {
        std::iter::successors(Some(innermost), |&iteration| match self.run_around(iteration).parent {
            Parent::Root(_) => None,
            Parent::Inner { iteration, .. } => Some(iteration),
        })
        .collect()
    }

    /// Returns what nodes have given in an iteration and those around it, by their index in the graph.
    pub(in crate::engine::run::dispatch) fn given_around(&self, innermost: usize) -> Vec<(usize, Kept)> {
        let mut all = Vec::new();
        for number in self.iterations_around(innermost) {
            let Some(iteration) = &self.loops.iterations[number] else { continue };
            let body = &self.run_around(number).body;
            let members = body.members.iter().map(|member| member.index).zip(&iteration.given);
            let members = members.filter_map(|(index, given)| Some((index, given.as_ref()?)));
            for (index, given) in std::iter::once((body.head, &iteration.head)).chain(members) {
                if let Given::Results(results) = given {
                    all.push((index, results.clone()));
                }
            }
        }
        all
    }

    /// Puts a value in the place of what a node gave in an iteration or one around it; returns whether it gave anything there.
    pub(in crate::engine::run::dispatch) fn replace_inside(
        &mut self,
        innermost: Option<usize>,
        at: &PortRef,
        results: &Kept,
    ) -> bool {
        let Some((innermost, index)) = innermost.zip(self.plan.graph().index(&at.node)) else { return false };
        let around = self.iterations_around(innermost);
        for (place, &number) in around.iter().enumerate() {
            let body = Arc::clone(&self.run_around(number).body);
            let iteration = self.loops.iteration(number);
            let slot = body.members.iter().position(|member| member.index == index);
            let (source, given) = match slot {
                _ if body.head == index => (LoopSource::Head, Some(&mut iteration.head)),
                Some(slot) => (LoopSource::Member(slot as u32), iteration.given[slot].as_mut()),
                None => continue,
            };
            if !given.is_some_and(|given| edit_given(given, &at.port, results)) {
                return false;
            }
            iteration.edits.push(Edit { source, port: at.port.clone(), results: results.clone() });
            for inner in &around[..place] {
                let of = self.loops.iteration(*inner).of;
                self.loops.run(of).edit_outside(index, at, results);
            }
            return true;
        }
        false
    }

    /// Puts a value in the place of what a node outside of all loops gave, for those that go on.
    pub(in crate::engine::run::dispatch) fn replace_outside(&mut self, at: &PortRef, results: &Kept) {
        let Some(index) = self.plan.graph().index(&at.node) else { return };
        for run in self.loops.runs.iter_mut().flatten() {
            run.edit_outside(index, at, results);
        }
    }

    /// Returns which values were changed by hand of those that a loop reads which begins now.
    pub(super) fn edits_around(&self, parent: Parent, body: &LoopBody) -> Vec<Edit> {
        let mut edits = Vec::new();
        for (place, &index) in body.outside.iter().enumerate() {
            let source = LoopSource::Outside(place as u32);
            let node = &self.plan.graph().ids[index];
            let by_hand = self.hold.edits_of(node);
            edits.extend(by_hand.map(|(port, results)| Edit { source, port: port.clone(), results: results.clone() }));
            let Parent::Inner { iteration, .. } = parent else { continue };
            let Some(this) = &self.loops.iterations[iteration] else { continue };
            let outer = self.run_around(iteration);
            let is_it = |edit: &&Edit| match edit.source {
                LoopSource::Head => outer.body.head == index,
                LoopSource::Member(slot) => outer.body.members[slot as usize].index == index,
                LoopSource::Outside(place) => outer.body.outside[place as usize] == index,
            };
            let known = this.edits.iter().chain(&outer.outside_edits).filter(is_it);
            edits.extend(known.map(|edit| Edit { source, ..edit.clone() }));
        }
        edits
    }

    /// Notes which values changed by hand a node of an iteration takes that executes now.
    pub(super) fn take_edits_in(&mut self, iteration: usize, slot: Slot) {
        let Some(this) = &self.loops.iterations[iteration] else { return };
        let run = self.run_around(iteration);
        if this.edits.is_empty() && run.outside_edits.is_empty() {
            return;
        }
        let member = &run.body.members[slot];
        let feeds = self.plan.graph().inputs[member.index].iter().zip(&member.sources);
        let taken = feeds.filter_map(|(feed, source)| {
            let edits = this.edits.iter().chain(&run.outside_edits);
            let edit = edits.rev().find(|edit| edit.source == *source && edit.port == feed.source.port)?;
            let arrived = Arrived::Results(edit.results.clone());
            Some(InputRecord { wire: Arc::clone(&feed.wire), arrived })
        });
        let taken: Vec<InputRecord> = taken.collect();
        if !taken.is_empty() {
            let of = this.of;
            self.loops.run(of).members[slot].edited = taken;
            self.loops.iteration(iteration).edited.push(slot);
        }
    }
}

impl LoopRun {
    /// Puts a value in the place of what a node outside of the loop gave, if the body reads it.
    fn edit_outside(&mut self, index: usize, at: &PortRef, results: &Kept) {
        let Some(place) = self.body.outside.iter().position(|&known| known == index) else { return };
        if edit_given(&mut self.outside[place], &at.port, results) {
            let source = LoopSource::Outside(place as u32);
            self.outside_edits.push(Edit { source, port: at.port.clone(), results: results.clone() });
        }
    }
}

/// Puts a value in the place of one that was given; returns whether there was any.
pub(super) fn edit_given(given: &mut Given, port: &PortId, results: &Kept) -> bool {
    let Given::Results(known) = given else { return false };
    let (Ok(outputs), Ok(edited)) = (known.load(), results.load()) else { return false };
    let Some(value) = edited.get(port) else { return false };
    let outputs = crate::nodes::Outputs::clone(&outputs).with(port.clone(), value.clone());
    *given = Given::Results(Kept::at_hand(Arc::new(outputs), known.provenance(), known.is_sensitive()));
    true
}
