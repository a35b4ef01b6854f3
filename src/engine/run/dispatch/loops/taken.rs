//! What came of inner loops in iterations of an earlier run that a loop takes up: they are not walked again, and their nodes
//! show it all the same.

use std::sync::Arc;

use smallvec::SmallVec;

use super::{
    InnerRecord, LoopRun,
    earlier::{in_places, item_of, places_in},
    merge::merge,
};
use crate::{
    engine::{
        plan::{Given, input_of},
        run::{
            body::Source,
            dispatch::{Dispatcher, Slot},
            loop_body::{LoopBody, LoopSource, Part},
        },
    },
    nodes::{Outputs, Role},
    store::{InputRecord, IterationRow, Iterations, LoopRecord, NodeRecord, Provenance, Status},
    value::Value,
};

/// How many iterations that were taken up are looked at, the newest first, for what came of the nodes of inner loops.
const MAX_LOOKED_AT: usize = 64;

/// An iteration that was taken up.
pub(super) struct TakenUp {
    index: u64,
    /// What the head gave.
    head: Outputs,
    row: IterationRow,
}

impl LoopRun {
    /// Remembers what came of inner loops in an iteration that is taken up.
    pub(super) fn note_taken_up(&mut self, index: u64, head: &Outputs, row: &IterationRow) {
        if row.cells.iter().any(|cell| cell.inner.is_some()) {
            if self.taken_up.len() == MAX_LOOKED_AT {
                self.taken_up.pop_front();
            }
            self.taken_up.push_back(TakenUp { index, head: head.clone(), row: row.clone() });
        }
    }
}

impl Dispatcher<'_> {
    /// Adds what came of the nodes of inner loops in iterations that were taken up.
    pub(super) fn add_taken_up(&mut self, run: &mut LoopRun) {
        for taken in std::mem::take(&mut run.taken_up) {
            let mut records = Vec::new();
            self.add_of_row(&run.body, &run.outside, &taken, &mut records);
            for (node, record) in records {
                merge(&mut run.inner, node, InnerRecord { index: taken.index, record });
            }
        }
    }

    /// Adds the records of the nodes of inner loops, as they were in an iteration of the loop around.
    fn add_of_row(
        &mut self,
        body: &LoopBody,
        outside: &[Given],
        taken: &TakenUp,
        records: &mut Vec<(usize, NodeRecord)>,
    ) {
        let cells = &taken.row.cells;
        let walked_by = |slot: usize| cells.get(slot).and_then(|cell| cell.inner.as_ref());
        for (slot, member) in body.members.iter().enumerate() {
            match member.part {
                Part::Head(inner) => {
                    let Some(walked) = walked_by(slot) else { continue };
                    let feed = self.plan.graph().inputs[member.index].first().cloned();
                    let input = feed.zip(member.sources.first()).and_then(|(feed, source)| {
                        let outputs = match *source {
                            LoopSource::Head => Some(Arc::new(taken.head.clone())),
                            LoopSource::Member(from) => cells.get(from as usize)?.outputs.clone(),
                            LoopSource::Outside(place) => match outside.get(place as usize)? {
                                Given::Results(results) => results.load().ok(),
                                _ => None,
                            },
                        };
                        outputs?.get(&feed.source.port).cloned()
                    });
                    self.add_of_inner((inner, member.index), walked, input.as_ref(), records);
                }
                Part::Closed(head) => {
                    let Some(walked) = walked_by(head as usize) else { continue };
                    let outputs = cells.get(slot).and_then(|cell| cell.outputs.clone());
                    let place = walked.about.members.iter().position(|id| *id == body.ids[slot]);
                    records.push(self.record_of_then(member.index, walked, place, outputs));
                }
                _ => {}
            }
        }
    }

    fn add_of_inner(
        &mut self,
        (inner, head): (usize, usize),
        walked: &Arc<LoopRecord>,
        input: Option<&Value>,
        records: &mut Vec<(usize, NodeRecord)>,
    ) {
        let is_repeat = self.plan.step(head).facts.kind.as_ref().is_some_and(|kind| kind.role == Role::Repeat);
        let last = walked.about.n_finished.saturating_sub(1);
        let range = last.saturating_sub(1)..last + 1;
        let mut rows = walked.log.rows_written(range, &walked.about.ports).unwrap_or_default();
        let Some((index, row)) = rows.pop() else {
            let outputs = Arc::new(Outputs::one("done", true));
            return records.push(self.record_of_then(head, walked, None, Some(outputs)));
        };
        let handed_on = rows.pop().and_then(|(_, before)| {
            before.cells.iter().find_map(|cell| cell.outputs.as_ref()?.get(&"state".into()).cloned())
        });
        let (port, value) = if is_repeat {
            ("state", handed_on.or_else(|| input.cloned()))
        } else {
            ("item", row.item.clone().or_else(|| item_of(input?, index)))
        };
        let given = Outputs::one(port, value.unwrap_or_default()).with("index", index.cast_signed());
        let outputs = Arc::new(given.clone().with("done", true));
        records.push(self.record_of_then(head, walked, None, Some(outputs)));
        let body = self.loop_body(inner);
        let row = in_places(row, &places_in(&walked.about, &body));
        for (slot, member) in body.members.iter().enumerate().filter(|(_, member)| member.part == Part::Plain) {
            let outputs = row.cells.get(slot).and_then(|cell| cell.outputs.clone());
            records.push(self.record_of_then(member.index, walked, Some(slot), outputs));
        }
        self.add_of_row(&body, &[], &TakenUp { index, head: given, row }, records);
    }

    /// Returns the record of a node that an earlier run walked.
    fn record_of_then(
        &self,
        index: usize,
        walked: &Arc<LoopRecord>,
        member: Option<Slot>,
        outputs: Option<Arc<Outputs>>,
    ) -> (usize, NodeRecord) {
        let step = self.plan.step(index);
        let newest = walked.about.run_of(walked.about.n_finished.saturating_sub(1));
        let from = Provenance::Run(newest.or_else(|| Some(walked.about.parts.last()?.run)).unwrap_or(self.shared.run));
        let status = match outputs {
            Some(_) => Status::Reused { from },
            None => self.not_reached(step),
        };
        let status = self.planned_status(step).unwrap_or(status);
        let mut record = self.record_inside(step, status, self.inputs_of_then(index));
        record.iterations = Some(Iterations { of: Arc::clone(walked), member });
        record.results = outputs.filter(|_| record.status.has_results()).map(|outputs| step.kept(outputs, from));
        self.add_what_a_pin_gives(&mut record);
        (index, record)
    }

    /// Returns what reached a node of an inner loop, by each of its wires. The run that walked it may have ended before it had
    /// a record: what came from inside of the loop is known to have come, and that is all that is ever asked of it.
    fn inputs_of_then(&self, index: usize) -> SmallVec<[InputRecord; 2]> {
        let before = self.request.baseline.get(&self.plan.step(index).plan.node);
        let mut inputs = self.inputs_now(index);
        for input in &mut inputs {
            let known = before.and_then(|before| input_of(&before.inputs, input.port()));
            if let Some(known) = known.filter(|known| known.source() == input.source()) {
                *input = known.clone();
            }
        }
        inputs
    }

    /// Returns the wires of a node, each with what is at its other end: a node that had nothing to do has them in its record
    /// too, so that it is seen when others take their place.
    pub(super) fn inputs_now(&self, index: usize) -> SmallVec<[InputRecord; 2]> {
        let mut inputs = SmallVec::new();
        for feed in &self.plan.graph().inputs[index] {
            let slot = self.body.slot(feed.from);
            let source = slot.map_or(Source::Outside(feed.from), |slot| Source::Member(slot as u32));
            inputs.push(self.input_record(feed, source));
        }
        inputs
    }
}
