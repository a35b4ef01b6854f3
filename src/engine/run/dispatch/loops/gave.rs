//! Where what nodes inside of a loop gave comes from, over all iterations: a record shows the data of the newest one, and it is
//! by this that a plan tells whether any other iteration had other data.

use crate::{
    engine::{
        Decision,
        plan::{Given, Step, pinned_in_a_loop},
        run::dispatch::Dispatcher,
    },
    store::{Arrived, InputRecord, Kept, NodeRecord, Provenance, Status},
};

impl Dispatcher<'_> {
    /// Makes the record of a node inside of an outermost loop say where its results and what reached it come from.
    pub(super) fn note_where_from(&self, number: usize, index: usize, record: &mut NodeRecord) {
        if let Status::Pinned { .. } = record.status {
            return;
        }
        if let (Some(results), Some(from)) = (&record.results, self.came_from(number, index)) {
            record.results = Some(results.from(from));
        }
        self.note_what_brought(number, index, &mut record.inputs);
    }

    /// Makes what reached a node inside of an outermost loop say where it comes from, over all iterations.
    pub(super) fn note_what_brought(&self, number: usize, index: usize, inputs: &mut [InputRecord]) {
        let loops = self.plan.loops();
        for (feed, input) in self.plan.graph().inputs[index].iter().zip(inputs) {
            let is_inside = feed.from == loops.loops[number].head || loops.is_inside(feed.from, number);
            if !is_inside || self.is_by_hand(feed.from, input) {
                continue;
            }
            input.arrived = match (self.came_from(number, feed.from), &input.arrived) {
                (Some(from), Arrived::Results(results)) => Arrived::Results(results.from(from)),
                (Some(from), _) => Arrived::Results(Kept::nothing(from)),
                (None, _) => Arrived::NoValue,
            };
        }
    }

    /// Returns whether a value was taken that a person had put in the place of what a node gave.
    fn is_by_hand(&self, from: usize, input: &InputRecord) -> bool {
        let pinned = match (&self.plan.step(from).plan.decision, &self.plan.step(from).given) {
            (Decision::Pinned { .. }, Given::Results(results)) => Some(results.provenance()),
            _ => None,
        };
        matches!(input.provenance(), Some(Provenance::Edited(_))) && input.provenance() != pinned
    }

    /// Returns where what a head or a node inside of a loop gave comes from; nothing if there was nothing that it could give.
    fn came_from(&self, number: usize, index: usize) -> Option<Provenance> {
        let own = Provenance::Run(self.shared.run);
        let step = self.plan.step(index);
        match (&step.plan.decision, &step.given) {
            (Decision::Pinned { .. }, Given::Results(results)) => Some(pinned_in_a_loop(results)),
            (Decision::Disabled | Decision::CannotRun(_), _) => None,
            _ if self.never_runs(index).is_some() => None,
            (Decision::Reuse { from }, _) if index == self.plan.loops().loops[number].head => Some(*from),
            _ if index == self.plan.loops().loops[number].head || self.loops.fresh.contains(&index) => Some(own),
            _ => Some(self.provenance_before(step).unwrap_or(own)),
        }
    }

    /// Returns where the results come from that a node has in the baseline.
    pub(super) fn provenance_before(&self, step: &Step) -> Option<Provenance> {
        let before = self.request.baseline.get(&step.plan.node)?;
        before.provenance().filter(|_| before.has_results() || before.had_nothing_to_do())
    }
}
