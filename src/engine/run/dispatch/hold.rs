//! A pause: nodes that are about to execute wait here, and values are put in the place of others.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Instant,
};

use super::{Dispatcher, Slot, Unit};
use crate::{
    engine::run::{EventKind, PausedInside, control::Order},
    store::{Arrived, InputRecord, Kept, NodeRecord, Reason, Status},
    workflow::{Feed, NodeId, PortId, PortRef},
};

/// What waits while the run is paused, and what was changed meanwhile.
#[derive(Default)]
pub(super) struct Hold {
    /// Nodes that would execute, in the order they came.
    waiting: VecDeque<Held>,
    /// The waiting node that is started just now, past all breakpoints.
    passing: Option<Unit>,
    /// Nodes that were started one by one and are not settled.
    stepping: Vec<Stopped>,
    /// What was last told of the pause: the nodes that wait.
    told: Option<Vec<Stopped>>,
    /// The values that were put in the place of what nodes gave.
    edits: BTreeMap<PortRef, Kept>,
    /// For each node that executes since: which of those it takes.
    taken: BTreeMap<Slot, Vec<InputRecord>>,
}

/// A node before which the run is paused, and the iteration if it is in one: its number alone would be used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stopped {
    unit: Unit,
    iteration: Option<(usize, u64)>,
}

struct Held {
    unit: Unit,
    reasons: Arc<[Reason]>,
    released: Option<String>,
}

impl Hold {
    /// Returns the results that a wire brings in the place of what its node gave, if they were changed.
    pub(super) fn edited(&self, feed: &Feed) -> Option<&Kept> {
        if self.edits.is_empty() {
            return None;
        }
        self.edits.get(&feed.source)
    }

    /// Returns the values that were put in the place of what a node gave.
    pub(super) fn edits_of(&self, node: &NodeId) -> impl Iterator<Item = (&PortId, &Kept)> {
        self.edits.iter().filter(move |(at, _)| at.node == *node).map(|(at, results)| (&at.port, results))
    }

    /// Puts values that were changed in the place of those that arrived.
    pub(super) fn edit(&self, arrived: &mut [InputRecord]) {
        if self.edits.is_empty() {
            return;
        }
        for input in arrived {
            if let Some(results) = self.edits.get(input.source()) {
                input.arrived = Arrived::Results(results.clone());
            }
        }
    }
}

impl Dispatcher<'_> {
    /// Lets a node that is about to execute wait if the run is paused or pauses before it; else gives back with what it is
    /// to be started.
    pub(super) fn unless_held(
        &mut self,
        slot: Slot,
        reasons: Arc<[Reason]>,
        released: Option<String>,
    ) -> Option<(Arc<[Reason]>, Option<String>)> {
        let unit = Unit::at(slot);
        if self.hold.passing != Some(unit) && self.shared.control.stops(&self.step(slot).plan.node) {
            self.hold.waiting.push_back(Held { unit, reasons, released });
            return None;
        }
        self.take_edits(slot);
        Some((reasons, released))
    }

    /// Lets a node of an iteration wait that is about to execute, if the run is paused or pauses before it; returns whether
    /// it does.
    pub(super) fn is_held_in(&mut self, unit: Unit, node: &NodeId) -> bool {
        if !self.shared.control.is_watched() || self.hold.passing == Some(unit) || !self.shared.control.stops(node) {
            return false;
        }
        self.hold.waiting.push_back(Held { unit, reasons: Arc::default(), released: None });
        true
    }

    /// Notes which changed values a node takes that executes now.
    fn take_edits(&mut self, slot: Slot) {
        if self.hold.edits.is_empty() {
            return;
        }
        let taken: Vec<InputRecord> = self
            .feeds(slot)
            .filter_map(|(feed, _)| {
                let results = self.hold.edits.get(&feed.source)?;
                let arrived = Arrived::Results(results.clone());
                Some(InputRecord { wire: Arc::clone(&feed.wire), arrived })
            })
            .collect();
        if !taken.is_empty() {
            self.hold.taken.insert(slot, taken);
        }
    }

    /// Makes the record of a node that executed say which changed values it took.
    pub(super) fn note_edits(&mut self, slot: Slot, record: &mut NodeRecord) {
        if let Some(taken) = self.hold.taken.remove(&slot) {
            note_taken(&taken, record);
        }
    }

    /// Does what was asked for since the last time.
    pub(super) fn follow_orders(&mut self) {
        self.clock.now = Instant::now();
        self.follow_each_order();
        if self.shared.cancel.is_cancelled() {
            self.pump_all();
        }
    }

    fn follow_each_order(&mut self) {
        if self.shared.cancel.is_cancelled() {
            return self.start_all();
        }
        while let Some(order) = self.shared.control.next_order() {
            match order {
                Order::GoOn => {
                    if self.hold.told.take().is_some() {
                        self.shared.send(EventKind::Continued);
                    }
                    self.hold.stepping.clear();
                    self.start_all();
                }
                Order::Step => {
                    if let Some(held) = self.hold.waiting.pop_front() {
                        self.step_over(held);
                    }
                }
                Order::Replace(at, results) => {
                    if !self.replace_inside(self.paused_iteration(), &at, &results) {
                        self.replace_outside(&at, &results);
                        self.hold.edits.insert(at, results);
                    }
                }
            }
        }
    }

    /// Starts a node; the run is told to be paused again once it is settled. Of a loop that is as soon as it has begun.
    fn step_over(&mut self, held: Held) {
        let begins_a_loop = if held.unit.is_outside_loops() {
            self.body.members[held.unit.slot].starts.is_some()
        } else {
            self.is_inner_head(held.unit)
        };
        if !begins_a_loop {
            let stopped = self.stopped_at(held.unit);
            self.hold.stepping.push(stopped);
        }
        self.start_held(held);
    }

    fn stopped_at(&self, unit: Unit) -> Stopped {
        Stopped { unit, iteration: self.iteration_of(unit) }
    }

    fn is_settled(&self, stopped: &Stopped) -> bool {
        match stopped.iteration {
            None => self.records[stopped.unit.slot].is_some(),
            Some(_) => self.iteration_of(stopped.unit) != stopped.iteration || self.is_settled_in(stopped.unit),
        }
    }

    /// Returns the iteration that the first node that waits in one is in.
    fn paused_iteration(&self) -> Option<usize> {
        self.hold.waiting.iter().find(|held| !held.unit.is_outside_loops()).map(|held| held.unit.walk - 1)
    }

    /// Starts all that waits now; what comes to wait meanwhile waits on.
    fn start_all(&mut self) {
        for held in std::mem::take(&mut self.hold.waiting) {
            self.start_held(held);
        }
    }

    fn start_held(&mut self, held: Held) {
        self.hold.passing = Some(held.unit);
        if held.unit.is_outside_loops() {
            self.start(held.unit.slot, held.reasons, held.released);
        } else {
            self.start_held_in(held.unit);
        }
        self.hold.passing = None;
    }

    /// Tells that the run is paused and what waits, whenever that has changed and all steps are done.
    pub(super) fn tell_of_pause(&mut self) {
        if !self.shared.control.is_watched() || !self.shared.control.is_paused() {
            return;
        }
        let mut stepping = std::mem::take(&mut self.hold.stepping);
        stepping.retain(|stopped| !self.is_settled(stopped));
        self.hold.stepping = stepping;
        let now: Vec<Stopped> = self.hold.waiting.iter().map(|held| self.stopped_at(held.unit)).collect();
        if !self.hold.stepping.is_empty() || self.hold.told.as_ref() == Some(&now) {
            return;
        }
        let waiting: Vec<NodeId> = now.iter().map(|stopped| self.node_of(stopped.unit).clone()).collect();
        let at_breakpoint = self.shared.control.any_breakpoint(waiting.iter());
        self.hold.told = Some(now);
        let inside = self.inside_now();
        self.shared.control.show(inside.iter().flat_map(|inside| &inside.records).map(|record| record.node.clone()));
        self.shared.send(EventKind::Paused { waiting, at_breakpoint, inside });
    }

    fn node_of(&self, unit: Unit) -> &NodeId {
        if unit.is_outside_loops() { &self.step(unit.slot).plan.node } else { self.node_in(unit) }
    }

    /// Returns what nodes have given in the iterations that are paused.
    fn inside_now(&self) -> Option<Arc<PausedInside>> {
        let iteration = self.paused_iteration()?;
        let records = self.given_around(iteration).into_iter().map(|(index, results)| {
            let mut record = self.record_inside(self.plan.step(index), Status::Executed, Default::default());
            record.results = Some(results);
            Arc::new(record)
        });
        Some(Arc::new(PausedInside { index: self.index_of(iteration), records: records.collect() }))
    }
}

/// Makes a record say which changed values its node took.
pub(super) fn note_taken(taken: &[InputRecord], record: &mut NodeRecord) {
    for edited in taken {
        record.warnings.push(format!(
            "it took a value on {} that was changed by hand in this run: {} gave another",
            edited.port(),
            edited.source()
        ));
        if let Some(input) = record.inputs.iter_mut().find(|input| input.port() == edited.port()) {
            *input = edited.clone();
        }
    }
}
