//! A pause: nodes that are about to execute wait here, and values are put in the place of others.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Instant,
};

use super::{Dispatcher, Slot};
use crate::{
    engine::run::{EventKind, control::Order},
    store::{Arrived, InputRecord, Kept, NodeRecord, Reason},
    workflow::{Feed, NodeId, PortRef},
};

/// What waits while the run is paused, and what was changed meanwhile.
#[derive(Default)]
pub(super) struct Hold {
    /// Nodes that would execute, in the order they came.
    waiting: VecDeque<Held>,
    /// The waiting node that is started just now, past all breakpoints.
    passing: Option<Slot>,
    /// Nodes that were started one by one and are not settled.
    stepping: Vec<Slot>,
    /// What was last told of the pause: the nodes that wait.
    told: Option<Vec<Slot>>,
    /// The values that were put in the place of what nodes gave.
    edits: BTreeMap<PortRef, Kept>,
    /// For each node that executes since: which of those it takes.
    taken: BTreeMap<Slot, Vec<InputRecord>>,
}

struct Held {
    slot: Slot,
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
        if self.hold.passing != Some(slot) && self.shared.control.stops(&self.step(slot).plan.node) {
            self.hold.waiting.push_back(Held { slot, reasons, released });
            return None;
        }
        self.take_edits(slot);
        Some((reasons, released))
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
        let Some(taken) = self.hold.taken.remove(&slot) else { return };
        for edited in taken {
            record.warnings.push(format!(
                "it took a value on {} that was changed by hand in this run: {} gave another",
                edited.port(),
                edited.source()
            ));
            if let Some(input) = record.inputs.iter_mut().find(|input| input.port() == edited.port()) {
                *input = edited;
            }
        }
    }

    /// Does what was asked for since the last time.
    pub(super) fn follow_orders(&mut self) {
        self.clock.now = Instant::now();
        self.follow_each_order();
        self.pump_all();
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
                        self.hold.stepping.push(held.slot);
                        self.start_held(held);
                    }
                }
                Order::Replace(at, results) => {
                    self.hold.edits.insert(at, results);
                }
            }
        }
    }

    /// Starts all that waits now; what comes to wait meanwhile waits on.
    fn start_all(&mut self) {
        for held in std::mem::take(&mut self.hold.waiting) {
            self.start_held(held);
        }
    }

    fn start_held(&mut self, held: Held) {
        self.hold.passing = Some(held.slot);
        self.start(held.slot, held.reasons, held.released);
        self.hold.passing = None;
    }

    /// Tells that the run is paused and what waits, whenever that has changed and all steps are done.
    pub(super) fn tell_of_pause(&mut self) {
        if !self.shared.control.is_watched() || !self.shared.control.is_paused() {
            return;
        }
        let records = &self.records;
        self.hold.stepping.retain(|&slot| records[slot].is_none());
        let now: Vec<Slot> = self.hold.waiting.iter().map(|held| held.slot).collect();
        if !self.hold.stepping.is_empty() || self.hold.told.as_ref() == Some(&now) {
            return;
        }
        let waiting: Vec<NodeId> = now.iter().map(|&slot| self.step(slot).plan.node.clone()).collect();
        let at_breakpoint = self.shared.control.any_breakpoint(waiting.iter());
        self.hold.told = Some(now);
        self.shared.send(EventKind::Paused { waiting, at_breakpoint });
    }
}
