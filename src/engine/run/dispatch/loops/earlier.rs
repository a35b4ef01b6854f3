//! What earlier runs have of a loop: whether it counts, and the iterations that are taken from it.

use std::sync::Arc;

use super::{Iteration, LoopRun, Parent, ROWS_AT_ONCE, items::Next};
use crate::{
    engine::{
        Decision,
        plan::Step,
        run::{
            dispatch::{Dispatcher, Slot},
            loop_body::{LoopBody, LoopSource, Part},
        },
    },
    nodes::{Outputs, Role, items::Item},
    store::{
        InputChange, IterationCell, IterationLog, IterationRow, IterationStatus, Iterations, LoopAbout, LoopId,
        LoopPart, LoopRecord, NeverRan, Reason, RunId, RunKind, Status, Store,
    },
    value::{Fingerprint, Value},
    workflow::NodeId,
};

/// The most iterations that a loop has begun and not finished when it is cut off.
pub(super) const MAX_AT_ONCE: u64 = 256;

/// What an earlier run has of a loop.
pub(super) struct Before {
    pub(super) record: Arc<LoopRecord>,
    /// The run, if it was cut off in the middle.
    pub(super) cut_off_in: Option<RunId>,
}

impl Before {
    /// Returns whether it is of the same head over the same data.
    fn is_of(&self, step: &Step, input: Option<Fingerprint>) -> bool {
        self.record.about.config == step.plan.config && self.record.about.input == input
    }
}

impl Dispatcher<'_> {
    /// Returns the fingerprint of a loop's body under the marks of the run.
    pub(super) fn body_fingerprint(&mut self, number: usize) -> Fingerprint {
        let (plan, marks) = (&self.plan, &self.request.marks);
        *self.loops.body_fingerprints.entry(number).or_insert_with(|| plan.loop_fingerprint(number, marks))
    }

    /// Returns for each member whether it executes in every iteration, whatever came of it in an earlier run.
    pub(super) fn execute_always(&mut self, number: usize, body: &LoopBody) -> Arc<[bool]> {
        if let Some(known) = self.loops.executes_always.get(&number) {
            return Arc::clone(known);
        }
        let all: Arc<[bool]> = (0..body.members.len()).map(|slot| self.executes_always(number, body, slot)).collect();
        self.loops.executes_always.insert(number, Arc::clone(&all));
        all
    }

    /// Returns whether a member executes in every iteration: for a reason of its own, or for one outside of all loops. What is
    /// changed inside of a loop is seen in each iteration.
    fn executes_always(&self, number: usize, body: &LoopBody, slot: usize) -> bool {
        let step = self.plan.step(body.members[slot].index);
        let loops = self.plan.loops();
        let outermost = loops.around(Some(number)).last().unwrap_or(number);
        let is_inside = |node: &NodeId| {
            let index = self.plan.graph().index(node);
            index.is_some_and(|index| index == loops.loops[outermost].head || loops.is_inside(index, outermost))
        };
        let has_reason = (step.plan.decision == Decision::Execute || step.is_held_back())
            && step.plan.reasons.iter().any(|reason| match reason {
                Reason::FailedLastTime(_) => false,
                Reason::NeverRan(NeverRan::HeldBack) => {
                    !self.log_tells_what_was_held_back(step, loops.loops[outermost].head)
                }
                Reason::UpstreamExecutes(nodes) => !nodes.iter().all(&is_inside),
                Reason::InputsChanged(changes) => {
                    !changes.iter().all(|change| self.is_seen_in_each(step, change, &is_inside))
                }
                _ => true,
            });
        let inner_executes = match body.members[slot].part {
            Part::Head(inner) => {
                self.plan.active().any(|index| loops.is_inside(index, inner) && self.plan.step(index).may_execute())
            }
            _ => false,
        };
        has_reason || inner_executes
    }

    /// Returns whether the newest log of an outermost loop is of the dry run that held a node inside back: of those further
    /// inside the record knows the log of one iteration only.
    fn log_tells_what_was_held_back(&self, step: &Step, head: usize) -> bool {
        let log_of = |node: &NodeId| {
            let record = self.request.baseline.get(node)?;
            record.iterations.as_ref().map(|iterations| iterations.of.about.id)
        };
        let own = log_of(&step.plan.node);
        own.is_some() && own == log_of(&self.plan.step(head).plan.node)
    }

    /// Returns whether what has changed of an input is other data that comes from inside of the loop: which data that is, is
    /// seen in each iteration.
    fn is_seen_in_each(&self, step: &Step, change: &InputChange, is_inside: &impl Fn(&NodeId) -> bool) -> bool {
        let InputChange::OtherValue(port) = change else { return false };
        let index = self.plan.graph().index(&step.plan.node);
        let mut feeds = index.into_iter().flat_map(|index| &self.plan.graph().inputs[index]);
        feeds.any(|feed| feed.port == *port && is_inside(&feed.source.node))
    }

    /// Returns whether nothing that earlier runs have of a loop counts.
    fn starts_over(&self, step: &Step) -> bool {
        step.plan.reasons.contains(&Reason::Forced) || self.request.options.kind == RunKind::Standard
    }

    /// Returns what an earlier run has of a loop, if that can be gone on with or reused: the same head over the same data.
    pub(super) fn earlier_loop(&self, step: &Step, input: Option<Fingerprint>) -> Option<Before> {
        if self.starts_over(step) {
            return None;
        }
        self.known_loop(&step.plan.node).filter(|before| before.is_of(step, input))
    }

    /// Returns what the newest run that came to a loop has of it.
    fn known_loop(&self, head: &NodeId) -> Option<Before> {
        let baseline = self.request.baseline.get(head)?;
        // What a loop around it had of a head is not the head's own.
        let own = baseline.iterations.as_ref().filter(|iterations| iterations.member.is_none())?;
        let record = Arc::clone(&own.of);
        let cut_off_in = (baseline.status == Status::Interrupted).then_some(baseline.run);
        Some(Before { record, cut_off_in })
    }

    /// Returns what is to be said of a loop that this run does not come to: where an earlier one stopped midway, so that a
    /// later one goes on there.
    pub(in crate::engine::run::dispatch) fn iterations_left(&self, step: &Step) -> Option<Iterations> {
        step.facts.kind.as_ref().filter(|kind| kind.role.is_head())?;
        let before = self.known_loop(&step.plan.node).filter(|before| !before.record.about.is_complete)?;
        Some(Iterations { of: before.record, member: None })
    }

    /// Returns what an earlier run has of an inner loop in an iteration, and which of the things it reads outside of it have
    /// changed since.
    pub(super) fn earlier_inner(
        &mut self,
        (iteration, slot): (usize, Slot),
        step: &Step,
        input: Option<Fingerprint>,
        reads: &[Option<LoopSource>],
    ) -> (Option<Before>, Arc<[bool]>) {
        let of = self.loops.iteration(iteration).of;
        let outer = self.loops.run(of);
        let (body, outside_changed, cut_off) =
            (Arc::clone(&outer.body), Arc::clone(&outer.outside_changed), outer.cut_off);
        let log = outer.about.id;
        let this = self.loops.iteration(iteration);
        let has_changed = |source: LoopSource| match source {
            LoopSource::Head => false,
            LoopSource::Outside(place) => outside_changed[place as usize],
            LoopSource::Member(member) if this.earlier.is_some() => this.has_changed(member),
            LoopSource::Member(member) => this.gives_other_data(member as usize),
        };
        let changed: Arc<[bool]> = reads.iter().map(|source| source.is_none_or(has_changed)).collect();
        let nothing: Arc<[bool]> = vec![false; reads.len()].into();
        if self.starts_over(step) {
            return (None, nothing);
        }
        let (inner_body, is_told) = self.body_and_whether_it_is_told(step);
        let this = self.loops.iteration(iteration);
        let (index, known) = (this.index, this.earlier.as_ref().or(this.unfinished.as_ref()));
        let Some(row) = known else {
            let noted = cut_off.filter(|(_, end)| index < *end);
            let noted = noted.and_then(|(run, _)| self.noted_loop(run, &step.plan.node, (log, index)));
            return (noted.filter(|before| before.is_of(step, input)), nothing);
        };
        let before = row.cells.get(slot).and_then(|cell| cell.inner.as_ref());
        let before = before.map(|record| Before { record: Arc::clone(record), cut_off_in: None });
        let is_fed_anew = this.earlier.is_some()
            && body.members[slot].sources.iter().any(|source| match source {
                LoopSource::Member(member) => this.has_changed(*member),
                LoopSource::Outside(place) => outside_changed[*place as usize],
                LoopSource::Head => false,
            });
        let is_repeat = step.facts.kind.as_ref().is_some_and(|kind| kind.role == Role::Repeat);
        let is_kept = |before: &Before| {
            if before.record.about.is_complete {
                !is_repeat || matches!(step.plan.decision, Decision::Reuse { .. })
            } else {
                // What has finished of it could not stand beside what is made of other data, or by another body of which
                // nobody was told: the plan tells only of loops that have finished iterations.
                !changed.contains(&true)
                    && (is_told || before.record.about.parts.last().is_none_or(|part| Some(part.body) == inner_body))
            }
        };
        let before = before.filter(|before| !is_fed_anew && before.is_of(step, input) && is_kept(before));
        (before, changed)
    }

    /// Returns the fingerprint of an inner loop's body, and whether the plan said that the outermost loop around it goes on.
    fn body_and_whether_it_is_told(&mut self, step: &Step) -> (Option<Fingerprint>, bool) {
        let loops = Arc::clone(self.plan.loops());
        let head = self.plan.graph().index(&step.plan.node);
        let Some(number) = loops.loops.iter().position(|this| Some(this.head) == head) else { return (None, true) };
        let outermost = loops.around(Some(number)).last().unwrap_or(number);
        let reasons = &self.plan.step(loops.loops[outermost].head).plan.reasons;
        let is_told = reasons.iter().any(|reason| matches!(reason, Reason::LoopGoesOn { .. }));
        (Some(self.body_fingerprint(number)), is_told)
    }

    /// Returns what the store has of an inner loop that the program did not live to finish.
    fn noted_loop(&self, run: RunId, head: &NodeId, outer: (LoopId, u64)) -> Option<Before> {
        let store = self.shared.store.as_ref()?;
        let (id, about) = store.loop_of(run, head, Some(outer)).ok().flatten()?;
        let about: LoopAbout = postcard::from_bytes(&about).ok()?;
        let record = LoopRecord { log: IterationLog::new(id, Some(store)), about: LoopAbout { id, ..about } };
        Some(Before { record: Arc::new(record), cut_off_in: Some(run) })
    }

    /// Notes in the store that a loop goes on, so that it can be found if the program ends.
    pub(super) fn note_loop(&mut self, run: &LoopRun) {
        let Some(store) = self.shared.store.clone() else { return };
        let outer = match run.parent {
            Parent::Root(_) => None,
            Parent::Inner { iteration, .. } => {
                let Iteration { of, index, .. } = *self.loops.iteration(iteration);
                Some((self.loops.run(of).about.id, index))
            }
        };
        let mut about = run.about.clone();
        about.parts.push(LoopPart {
            from: run.finished.prefix,
            to: u64::MAX,
            body: run.body_fingerprint,
            run: self.shared.run,
        });
        match postcard::to_stdvec(&about) {
            Ok(bytes) => store.begin_loop(run.about.id, self.shared.run, &run.about.head, outer, bytes),
            Err(error) => tracing::error!("a loop cannot be noted: {error}"),
        }
    }
}

impl LoopRun {
    /// Takes up what a run that was stopped has finished. Iterations that failed are made again, also where the loop went on
    /// after them, and those in which a node was left out that is needed now, or held back.
    pub(super) fn take_up(
        &mut self,
        before: &LoopRecord,
        step: &Step,
        (input, is_needed): (Option<&Value>, &[bool]),
        (store, run): (Option<&Store>, RunId),
    ) -> Result<(), String> {
        // Of a Repeat each iteration depends on the one before.
        let is_repeat = step.facts.kind.as_ref().is_some_and(|kind| kind.role == Role::Repeat);
        let any = |row: &IterationRow, status| row.cells.iter().any(|cell| cell.status == status);
        let was_left_out = |row: &IterationRow| {
            let mut cells = row.cells.iter().zip(is_needed);
            cells.any(|(cell, is_needed)| *is_needed && cell.status == IterationStatus::NotNeeded)
        };
        let counts = |row: &IterationRow| {
            row.is_finished
                && !was_left_out(row)
                && (is_repeat || !any(row, IterationStatus::Failed))
                && !any(row, IterationStatus::Edited)
                && !any(row, IterationStatus::HeldBack)
        };
        let is_same_log = before.about.id == self.about.id;
        let places = places_in(&before.about, &self.body);
        let mut from = 0;
        let mut newest: Option<(u64, IterationRow, Outputs)> = None;
        loop {
            let rows = self.rows_of(before, from)?;
            if rows.is_empty() {
                break;
            }
            from += ROWS_AT_ONCE;
            for (index, row) in rows {
                let mut row = in_places(row, &places);
                if !counts(&row) || (is_repeat && index > self.finished.prefix) {
                    let was_finished = row.is_finished;
                    let row = IterationRow { is_finished: false, ..row };
                    if is_same_log && was_finished {
                        // Should it be stopped before it makes it again: the log says what the loop counts.
                        self.log.append(store, run, index, &row, &self.about.ports);
                    }
                    self.unfinished.insert(index, row);
                    continue;
                }
                if !is_same_log {
                    row.times = row.times.map(|times| times.in_log_of(before.about.id, self.about.id));
                    self.log.append(store, run, index, &row, &self.about.ports);
                }
                let given = if is_repeat {
                    Outputs::one("state", self.state.clone())
                } else {
                    let item = row.item.clone().or_else(|| item_of(input?, index));
                    Outputs::one("item", item.unwrap_or_default())
                };
                let given = given.with("index", index.cast_signed());
                self.take_contributions(index, &row.cells);
                let made_in = self.about.run_of(index);
                for (story, _) in self.members.iter_mut().zip(&row.cells).filter(|(_, cell)| cell.outputs.is_some()) {
                    story.reused_from = made_in;
                }
                self.note_taken_up(index, &given, &row);
                self.finished.insert(index);
                self.about.n_finished += 1;
                if index + 1 == self.finished.prefix {
                    self.cursor = Some(row.next.clone());
                }
                newest = Some((index, row, given));
            }
        }
        // Parts end where iterations do.
        let end = newest.as_ref().map_or(0, |(index, ..)| index + 1);
        for part in &mut self.about.parts {
            part.to = part.to.min(end);
        }
        self.about.parts.retain(|part| part.from < part.to);
        if let Some((index, row, given)) = newest {
            self.show_row(index, row, given);
        }
        Ok(())
    }

    /// Reads a stretch of an earlier run's iterations.
    fn rows_of(&self, before: &LoopRecord, from: u64) -> Result<Vec<(u64, IterationRow)>, String> {
        let (range, ports) = (from..from + ROWS_AT_ONCE, &before.about.ports);
        let rows = match self.parent {
            Parent::Root(_) => before.log.rows(range, ports),
            // Reading the loop around has seen to it that nothing of earlier runs waits to be written.
            Parent::Inner { .. } => before.log.rows_written(range, ports),
        };
        rows.map_err(|error| error.to_string())
    }

    /// Returns the item of the next iteration, if an earlier run has kept it.
    pub(super) fn kept_item(&mut self) -> Option<Next> {
        let index = self.next_index;
        if let Err(error) = self.fill_rows() {
            return Some(Next::Broken(error));
        }
        let (known, row) = self.earlier.as_ref()?.rows.front()?;
        let item = row.item.clone().filter(|_| *known == index)?;
        Some(Next::Item(Item { value: item, next: row.next.clone() }))
    }

    /// Reads more iterations of an earlier run, if none are at hand.
    fn fill_rows(&mut self) -> Result<(), String> {
        let Some(earlier) = &self.earlier else { return Ok(()) };
        if !earlier.rows.is_empty() || earlier.next >= earlier.record.about.n_finished {
            return Ok(());
        }
        let rows = self.rows_of(&earlier.record, earlier.next)?;
        let places = places_in(&earlier.record.about, &self.body);
        if let Some(earlier) = &mut self.earlier {
            earlier.next += ROWS_AT_ONCE;
            earlier.rows.extend(rows.into_iter().map(|(index, row)| (index, in_places(row, &places))));
        }
        Ok(())
    }

    /// Takes out what came of an iteration in an earlier run.
    pub(super) fn take_row(&mut self, index: u64) -> Option<IterationRow> {
        self.fill_rows().ok()?;
        let rows = &mut self.earlier.as_mut()?.rows;
        while rows.front().is_some_and(|(known, _)| *known < index) {
            rows.pop_front();
        }
        if rows.front().is_some_and(|(known, _)| *known == index) { rows.pop_front().map(|(_, row)| row) } else { None }
    }
}

/// Returns the item of an iteration, of data that lies in memory.
pub(super) fn item_of(value: &Value, index: u64) -> Option<Value> {
    let index = usize::try_from(index).ok()?;
    match value {
        Value::List(items) => items.get(index).cloned(),
        Value::Table(table) if index < table.n_rows() => Some(Value::Record(table.record(index).into())),
        _ => None,
    }
}

/// Returns for each member of a body where it stands in the rows of an earlier run.
pub(super) fn places_in(before: &LoopAbout, body: &LoopBody) -> Vec<Option<usize>> {
    body.ids.iter().map(|id| before.members.iter().position(|known| known == id)).collect()
}

/// Returns a row with its cells where the body of now has them. A node that was not there has failed, as it were: what was
/// never done is done.
pub(super) fn in_places(row: IterationRow, places: &[Option<usize>]) -> IterationRow {
    if places.len() == row.cells.len() && places.iter().enumerate().all(|(slot, place)| *place == Some(slot)) {
        return row;
    }
    let cell = |place: &Option<usize>| place.and_then(|place| row.cells.get(place)).cloned();
    let cells = places.iter().map(|place| cell(place).unwrap_or_else(missing_cell)).collect();
    IterationRow { cells, ..row }
}

const fn missing_cell() -> IterationCell {
    super::iteration::cell(IterationStatus::Failed, 0, None)
}
