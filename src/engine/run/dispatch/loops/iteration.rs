//! One iteration of a loop: its nodes execute as what feeds them is there, and what came of it is logged.

use std::{sync::Arc, time::Instant};

use smallvec::SmallVec;

use super::{Edit, LoopRun, Newest, Stop};
use crate::{
    engine::{
        Decision, Plan,
        plan::{Given, NothingBecause, Step},
        run::{
            EventKind,
            dispatch::{
                Dispatcher, Message, Slot, Unit,
                execute::{self, Job, Outcome, call, is_plain, load_of},
                settle::Execution,
            },
            host::NodeHost,
            loop_body::{LoopSource, Part},
        },
    },
    nodes::{Load, NodeError, Outputs, items::Item},
    store::{
        IterationCell, IterationRow, IterationStatus, IterationTimes, LoopFailure, LoopRecord, MAX_FAILURES, NotRun,
        Provenance,
    },
    value::{Fingerprint, Value},
    workflow::{Feed, PortId},
};

/// Nodes that take less than this are executed on the dispatcher's own thread: handing them over would cost more.
const NOT_WORTH_HANDING_OVER_NANOS: u64 = 10_000;

/// After so many executions of a node it is known how long it takes.
const ENOUGH_TO_KNOW: u64 = 8;

/// One iteration that goes on.
pub(in crate::engine::run::dispatch) struct Iteration {
    pub(super) of: usize,
    pub(super) index: u64,
    began: Instant,
    pub(super) head: Given,
    pub(super) given: Vec<Option<Given>>,
    pub(super) cells: Vec<Option<IterationCell>>,
    n_unsettled: Vec<u32>,
    n_left: usize,
    /// What came of it in an earlier run.
    pub(super) earlier: Option<IterationRow>,
    /// What came of it in an earlier run that did not get to its end: of no use but for inner loops, which go on.
    pub(super) unfinished: Option<IterationRow>,
    failed: Option<(Slot, String)>,
    is_cancelled: bool,
    /// Values of its nodes that were changed by hand, and the nodes that took any such.
    pub(super) edits: Vec<Edit>,
    pub(super) edited: Vec<Slot>,
    item: Option<Value>,
    next: Value,
    /// What inner loops give to what closes them.
    pub(super) closing: Vec<InnerClosed>,
}

/// What an inner loop gives to a node that closes it.
pub(super) struct InnerClosed {
    /// The node's index in the graph.
    pub(super) index: usize,
    pub(super) closing: super::Closing,
    /// Whether it may be other than in the earlier run.
    pub(super) is_new: bool,
}

/// How an inner loop has ended.
pub(super) enum InnerEnd {
    Done,
    /// It was walked over its earlier iterations.
    Reused,
    Cancelled,
    Failed(String),
}

impl Iteration {
    /// Returns whether a member gives, or may give, something other than in the earlier run.
    pub(super) fn has_changed(&self, member: u32) -> bool {
        let place = member as usize;
        let Some(now) = &self.cells[place] else { return true };
        let before = self.earlier.as_ref().and_then(|row| row.cells.get(place));
        match now.status {
            IterationStatus::Reused => false,
            IterationStatus::Disabled => before.is_none_or(|before| before.status != now.status),
            IterationStatus::Pinned => data_of(Some(now)) != data_of(before),
            _ => true,
        }
    }

    /// Returns whether a member gives other data than in an iteration that was not finished.
    pub(super) fn gives_other_data(&self, slot: Slot) -> bool {
        data_of(self.cells[slot].as_ref()) != data_of(self.unfinished.as_ref().and_then(|row| row.cells.get(slot)))
    }
}

/// Returns what data a node gave in an iteration, if it gave any.
fn data_of(cell: Option<&IterationCell>) -> Option<Vec<(PortId, Fingerprint)>> {
    let outputs = cell?.outputs.as_ref()?;
    Some(outputs.iter().map(|(port, value)| (port.clone(), value.fingerprint())).collect())
}

impl Dispatcher<'_> {
    /// Begins an iteration.
    pub(super) fn begin_iteration(&mut self, number: usize, index: u64, item: Item) {
        let run_id = self.shared.run;
        let run = self.loops.run(number);
        let body = Arc::clone(&run.body);
        let row = run.take_row(index);
        let unfinished = run.unfinished.remove(&index);
        let (head, item_kept) = run.head_outputs(index, item.value, run_id);
        run.n_running += 1;
        let n_members = body.members.len();
        let iteration = Iteration {
            of: number,
            index,
            began: self.clock.now,
            head,
            given: vec![None; n_members],
            cells: vec![None; n_members],
            n_unsettled: body.n_awaited.clone(),
            n_left: n_members,
            earlier: row,
            unfinished,
            failed: None,
            is_cancelled: false,
            edits: Vec::new(),
            edited: Vec::new(),
            item: item_kept,
            next: item.next,
            closing: Vec::new(),
        };
        let iteration = self.loops.add_iteration(iteration);
        if n_members == 0 {
            return self.end_iteration(iteration);
        }
        for slot in 0..n_members {
            if body.n_awaited[slot] == 0 {
                self.ready_in(iteration, slot);
            }
        }
    }

    /// Decides on a node of an iteration all of whose sources are settled.
    pub(in crate::engine::run::dispatch) fn advance_in(&mut self, iteration: usize, slot: Slot) {
        let of = self.loops.iteration(iteration).of;
        let body = Arc::clone(&self.loops.run(of).body);
        let member = &body.members[slot];
        let step = Arc::clone(self.plan.step(member.index));
        if let Some(cell) = self.reusable(iteration, slot, &step) {
            return self.settle_in(iteration, slot, cell);
        }
        match &step.plan.decision {
            Decision::Disabled => return self.leave_out(iteration, slot, IterationStatus::Disabled),
            Decision::CannotRun(why) => return self.fail_in(iteration, slot, why.clone()),
            Decision::NotRun(NotRun::NotNeeded | NotRun::OnlyFeedsPins) => {
                return self.leave_out(iteration, slot, IterationStatus::NotNeeded);
            }
            // A pin holds what a Next gives once the loop has ended; what it carries to the next iteration is the loop's.
            Decision::Pinned { .. } if member.part != Part::Next => {
                if let Some(capture) = self.request.marks.get(&step.plan.node).capture() {
                    let outputs = capture.results.load();
                    return match outputs {
                        Ok(outputs) => self.settle_in(iteration, slot, cell(IterationStatus::Pinned, 0, Some(outputs))),
                        Err(error) => self.fail_in(iteration, slot, error.to_string()),
                    };
                }
            }
            _ => {}
        }
        self.start_part(iteration, slot, &step);
    }

    /// Does what is to be done for a member whose turn it is.
    pub(super) fn start_part(&mut self, iteration: usize, slot: Slot, step: &Arc<Step>) {
        let of = self.loops.iteration(iteration).of;
        let member = &self.loops.run(of).body.members[slot];
        let (part, index) = (member.part, member.index);
        match part {
            Part::Closed(_) if self.never_runs(index).is_some() => {
                self.leave_out(iteration, slot, IterationStatus::NotRun);
            }
            Part::Plain => self.start_in(iteration, slot, step),
            Part::Collect | Part::Next => self.take_in(iteration, slot),
            Part::Head(inner) => self.start_inner(iteration, slot, inner),
            Part::Closed(_) => self.settle_closed(iteration, slot, index),
        }
    }

    /// Returns what came of a node in this iteration of an earlier run, if that holds.
    fn reusable(&mut self, iteration: usize, slot: Slot, step: &Step) -> Option<IterationCell> {
        let of = self.loops.iteration(iteration).of;
        let run = self.loops.run(of);
        let body = Arc::clone(&run.body);
        if run.executes_always[slot] || matches!(step.plan.decision, Decision::Pinned { .. } | Decision::Disabled) {
            return None;
        }
        let outside_changed = Arc::clone(&run.outside_changed);
        let this = self.loops.iteration(iteration);
        let earlier = this.earlier.as_ref()?.cells.get(slot)?.clone();
        if !earlier.status.may_be_reused() {
            return None;
        }
        let has_changed = |source: &LoopSource| match source {
            LoopSource::Member(from) => this.has_changed(*from),
            LoopSource::Outside(place) => outside_changed[*place as usize],
            LoopSource::Head => false,
        };
        let waits_for_changed = match body.members[slot].part {
            Part::Closed(head) => {
                let closed = this.closing.iter().find(|closed| closed.index == body.members[slot].index);
                closed.map_or_else(|| has_changed(&LoopSource::Member(head)), |closed| closed.is_new)
            }
            // The outcome of an inner loop depends on all it reads; what it reads inside this one is looked at here.
            Part::Head(_) => body.downstream.iter().enumerate().any(|(from, waiting)| {
                waiting.contains(&(slot as u32)) && has_changed(&LoopSource::Member(from as u32))
            }),
            _ => body.members[slot].sources.iter().any(has_changed),
        };
        let is_lost = matches!(step.plan.decision, Decision::NotRun(NotRun::InputMissing { .. }))
            && earlier.outputs.is_some()
            && self.lacks_input(iteration, slot, step);
        if waits_for_changed || is_lost {
            return None;
        }
        let this = self.loops.iteration(iteration);
        if earlier.outputs.is_some() {
            let index = this.index;
            let run = self.loops.run(of);
            run.members[slot].reused_from = run.earlier.as_ref().and_then(|before| before.record.about.run_of(index));
        }
        Some(IterationCell { status: IterationStatus::Reused, ..earlier })
    }

    /// Executes a node of an iteration, here or on a pool, if it has what it needs.
    fn start_in(&mut self, iteration: usize, slot: Slot, step: &Arc<Step>) {
        if self.shared.cancel.is_cancelled() {
            return self.cancel_in(iteration, slot);
        }
        if self.lacks_input(iteration, slot, step) {
            // Should what is held back above give nothing in the next run either, that is known only from here.
            let is_held_back = self.held_back_above(iteration, slot).is_some();
            let status = if is_held_back { IterationStatus::HeldBack } else { IterationStatus::NotRun };
            return self.leave_out(iteration, slot, status);
        }
        if self.holds_back(step) {
            return self.leave_out(iteration, slot, IterationStatus::HeldBack);
        }
        if self.is_held_in(Unit { walk: iteration + 1, slot }, &step.plan.node) {
            return;
        }
        self.take_edits_in(iteration, slot);
        let of = self.loops.iteration(iteration).of;
        let now = self.clock.now;
        let story = &mut self.loops.run(of).members[slot];
        let is_first = story.started.is_none();
        story.started.get_or_insert(now);
        let mean_nanos = story.took.as_nanos() as u64 / story.n_executed.max(1);
        let is_quick = story.n_executed >= ENOUGH_TO_KNOW && mean_nanos < NOT_WORTH_HANDING_OVER_NANOS;
        if is_first {
            self.shared.send(EventKind::NodeStarted { node: step.plan.node.clone() });
        }
        let load = load_of(step, self.shared.store.is_some());
        let plain = is_plain(&step.facts.node.settings);
        if plain && (load == Load::Instant || (load == Load::Computes && is_quick)) {
            return self.execute_here_in(iteration, slot, step);
        }
        let inputs = self
            .feeds_in(iteration, slot)
            .filter_map(|(feed, given)| match given {
                Some(Given::Results(results)) if results.has_value(&feed.source.port) => {
                    Some((Arc::clone(&feed.wire), results.clone()))
                }
                _ => None,
            })
            .collect();
        let job = Job {
            unit: Unit { walk: iteration + 1, slot },
            inputs,
            step: Arc::clone(step),
            shared: Arc::clone(&self.shared),
            reasons: Arc::clone(&step.plan.reasons),
            released: None,
        };
        let sender = self.sender.clone();
        self.engine.pools.spawn(load, move || {
            let done = job.execute();
            // Only a dispatcher that is gone does not take it, and then nobody asks.
            sender.send(Message::Done(Box::new(done))).unwrap_or_default();
        });
    }

    fn execute_here_in(&mut self, iteration: usize, slot: Slot, step: &Arc<Step>) {
        let started = self.clock.now;
        let shared = Arc::clone(&self.shared);
        let host = NodeHost::new(&shared, &step.plan.node, None);
        let result = {
            let inputs: Result<SmallVec<[(&PortId, Value); 4]>, NodeError> = self
                .feeds_in(iteration, slot)
                .filter_map(|(feed, given)| match given {
                    Some(Given::Results(results)) if results.has_value(&feed.source.port) => {
                        Some(execute::input(step, &feed.wire, results))
                    }
                    _ => None,
                })
                .collect();
            inputs.and_then(|inputs| call(step, &inputs, &host))
        };
        let trace = host.into_trace();
        let now = Instant::now();
        self.clock.now = now;
        let outcome = match result {
            Ok(outputs) => Outcome::Executed(Arc::new(outputs)),
            Err(NodeError::Failed(error)) => Outcome::failed(error),
            Err(NodeError::Cancelled) => Outcome::Cancelled,
        };
        let execution = Execution {
            began: Some((started, now - started)),
            arrived: None,
            trace,
            reasons: Arc::clone(&step.plan.reasons),
            released: None,
        };
        self.executed_in(Unit { walk: iteration + 1, slot }, outcome, execution);
    }

    /// Takes in what came of a node of an iteration.
    pub(in crate::engine::run::dispatch) fn executed_in(&mut self, unit: Unit, outcome: Outcome, execution: Execution) {
        let Unit { walk, slot } = unit;
        let iteration = walk - 1;
        let of = self.loops.iteration(iteration).of;
        let took = execution.began.map_or_else(Default::default, |(_, took)| took);
        let index = self.loops.iteration(iteration).index;
        let story = &mut self.loops.run(of).members[slot];
        story.took += took;
        story.n_executed += 1;
        let attempts = execution.trace.map(|trace| story.take_in(*trace)).unwrap_or_default();
        let took_nanos = took.as_nanos() as u64;
        match outcome {
            Outcome::Executed(outputs) => {
                story.n_performed += 1;
                self.settle_in(iteration, slot, cell(IterationStatus::Executed, took_nanos, Some(outputs)));
            }
            Outcome::Kept(kept) => match kept.results.load() {
                Ok(outputs) => self.settle_in(iteration, slot, cell(IterationStatus::Kept, 0, Some(outputs))),
                Err(error) => self.fail_in(iteration, slot, error.to_string()),
            },
            Outcome::Cancelled => self.cancel_in(iteration, slot),
            Outcome::Failed { error, outputs } => {
                story.n_failed += 1;
                story.attempts = attempts;
                story.first_error.get_or_insert_with(|| (index, error.clone()));
                let failed = IterationCell { error: Some(error), ..cell(IterationStatus::Failed, took_nanos, outputs) };
                self.settle_in(iteration, slot, failed);
            }
        }
    }

    fn fail_in(&mut self, iteration: usize, slot: Slot, error: String) {
        self.settle_failed(iteration, slot, error, cell(IterationStatus::Failed, 0, None));
    }

    fn settle_failed(&mut self, iteration: usize, slot: Slot, error: String, failed: IterationCell) {
        let this = self.loops.iteration(iteration);
        let (of, index) = (this.of, this.index);
        let story = &mut self.loops.run(of).members[slot];
        story.n_failed += 1;
        story.first_error.get_or_insert_with(|| (index, error.clone()));
        self.settle_in(iteration, slot, IterationCell { error: Some(error), ..failed });
    }

    /// Settles the head of an inner loop.
    pub(super) fn settle_inner(
        &mut self,
        (iteration, slot): (usize, Slot),
        end: InnerEnd,
        inner: Arc<LoopRecord>,
        holds_back: bool,
    ) {
        let done = || Some(Arc::new(Outputs::one("done", true)));
        let with = |cell: IterationCell| IterationCell { inner: Some(inner), ..cell };
        match end {
            InnerEnd::Done | InnerEnd::Reused if holds_back => {
                self.settle_in(iteration, slot, with(cell(IterationStatus::HeldBack, 0, done())));
            }
            InnerEnd::Done => self.settle_in(iteration, slot, with(cell(IterationStatus::Executed, 0, done()))),
            InnerEnd::Reused => self.settle_in(iteration, slot, with(cell(IterationStatus::Reused, 0, done()))),
            InnerEnd::Cancelled => {
                self.loops.iteration(iteration).is_cancelled = true;
                self.settle_in(iteration, slot, with(cell(IterationStatus::NotRun, 0, None)));
            }
            InnerEnd::Failed(error) => {
                self.settle_failed(iteration, slot, error, with(cell(IterationStatus::Failed, 0, None)));
            }
        }
    }

    pub(super) fn leave_out(&mut self, iteration: usize, slot: Slot, status: IterationStatus) {
        self.settle_in(iteration, slot, cell(status, 0, None));
    }

    pub(super) fn cancel_in(&mut self, iteration: usize, slot: Slot) {
        self.loops.iteration(iteration).is_cancelled = true;
        self.leave_out(iteration, slot, IterationStatus::NotRun);
    }

    /// Takes what arrives at a Collect or Next.
    fn take_in(&mut self, iteration: usize, slot: Slot) {
        if self.shared.control.is_watched() && !self.shared.cancel.is_cancelled() {
            let unit = Unit { walk: iteration + 1, slot };
            let step = self.step_in(unit);
            if !self.lacks_input(iteration, slot, step) && self.is_held_in(unit, &step.plan.node) {
                return;
            }
        }
        self.take_edits_in(iteration, slot);
        let outputs: Result<Outputs, String> = self
            .feeds_in(iteration, slot)
            .filter_map(|(feed, given)| match given {
                Some(Given::Results(results)) if results.has_value(&feed.source.port) => {
                    let value = results
                        .load()
                        .map_err(|error| error.to_string())
                        .map(|outputs| outputs.get(&feed.source.port).cloned().unwrap_or_default());
                    Some(value.map(|value| (feed.port.clone(), value)))
                }
                _ => None,
            })
            .collect();
        match outputs {
            Ok(outputs) => {
                let status =
                    if outputs.iter().len() == 0 { IterationStatus::NotRun } else { IterationStatus::Executed };
                self.settle_in(iteration, slot, cell(status, 0, Some(Arc::new(outputs))));
            }
            Err(error) => self.fail_in(iteration, slot, error),
        }
    }

    /// Settles what closes an inner loop.
    fn settle_closed(&mut self, iteration: usize, slot: Slot, index: usize) {
        let closed = self.loops.iteration(iteration).closing.iter().find(|closed| closed.index == index);
        match closed.map(|closed| closed.closing.clone()) {
            Some(super::Closing::Given(results)) => {
                let outputs = results.loaded().map(Arc::clone);
                self.settle_in(iteration, slot, cell(IterationStatus::Executed, 0, outputs));
            }
            Some(super::Closing::Cancelled) => self.cancel_in(iteration, slot),
            Some(super::Closing::Stopped) | None => self.leave_out(iteration, slot, IterationStatus::NotRun),
        }
    }

    pub(super) fn settle_in(&mut self, iteration: usize, slot: Slot, mut cell: IterationCell) {
        let has_executed = matches!(cell.status, IterationStatus::Executed | IterationStatus::Kept);
        if has_executed && self.loops.iteration(iteration).edited.contains(&slot) {
            cell.status = IterationStatus::Edited;
        }
        let lacking = self.held_back_above(iteration, slot);
        let body = {
            let of = self.loops.iteration(iteration).of;
            let run = self.loops.run(of);
            run.is_new[slot] |= cell.status != IterationStatus::Reused;
            if cell.status == IterationStatus::HeldBack {
                run.holds_back = true;
                run.members[slot].n_held_back += u64::from(lacking.is_none());
            }
            Arc::clone(&run.body)
        };
        let provenance = Provenance::Run(self.shared.run);
        let step = self.plan.step(body.members[slot].index);
        let this = self.loops.iteration(iteration);
        let is_excused = step.facts.node.settings.excuses_failure();
        if cell.status == IterationStatus::Failed && !is_excused && this.failed.is_none() {
            this.failed = Some((slot, step.told(cell.error.clone().unwrap_or_default())));
        }
        this.given[slot] = Some(match (&cell.outputs, cell.status) {
            (Some(outputs), _) => Given::Results(step.kept(Arc::clone(outputs), provenance)),
            (None, IterationStatus::Failed) => Given::Nothing(NothingBecause::Failed),
            (None, IterationStatus::Disabled) => Given::Nothing(NothingBecause::Disabled),
            (None, IterationStatus::HeldBack) if lacking.is_none() => {
                Given::Nothing(NothingBecause::HeldBack(step.plan.node.clone()))
            }
            (None, _) => Given::Nothing(lacking.unwrap_or(NothingBecause::DidNotRun)),
        });
        this.cells[slot] = Some(cell);
        this.n_left -= 1;
        for &next in &body.downstream[slot] {
            this.n_unsettled[next as usize] -= 1;
            if this.n_unsettled[next as usize] == 0 {
                self.ready.push_back(Unit { walk: iteration + 1, slot: next as Slot });
            }
        }
        if this.n_left == 0 {
            self.end_iteration(iteration);
        }
    }

    /// Logs what came of an iteration and goes on with the loop.
    fn end_iteration(&mut self, iteration: usize) {
        let Some(this) = self.loops.iterations[iteration].take() else { return };
        self.loops.free.push(iteration);
        let number = this.of;
        let store = self.shared.store.clone();
        let run_id = self.shared.run;
        let (began, took) = (self.clock.date(this.began), self.clock.now.saturating_duration_since(this.began));
        let run = self.loops.run(number);
        run.n_running -= 1;
        let has_inner = this.cells.iter().flatten().any(|cell| cell.inner.is_some());
        if this.is_cancelled {
            run.stop.get_or_insert(Stop::Cancelled);
        }
        if this.is_cancelled && !has_inner {
            return self.pump(number);
        }
        let is_finished = !this.is_cancelled && (this.failed.is_none() || run.goes_on_after_errors);
        let cells: Vec<IterationCell> = this
            .cells
            .into_iter()
            .map(|known| known.unwrap_or_else(|| cell(IterationStatus::NotRun, 0, None)))
            .collect();
        let times = Some(IterationTimes::of(run.about.id, began, took));
        let row = IterationRow { is_finished, times, item: this.item, next: this.next, cells };
        run.log.append(store.as_ref(), run_id, this.index, &row, &run.about.ports);
        if this.is_cancelled {
            return self.pump(number);
        }
        run.take_contributions(this.index, &row.cells);
        if is_finished {
            run.about.n_finished += 1;
            run.finished.insert(this.index);
            run.note_part(this.index, run_id);
        }
        if let Some((slot, error)) = this.failed {
            if run.about.failures.len() < MAX_FAILURES {
                let node = run.body.ids[slot].clone();
                run.about.failures.push(LoopFailure { index: this.index, node, error: error.clone() });
            }
            if !run.goes_on_after_errors {
                run.stop.get_or_insert(Stop::Failed { index: this.index, slot, error });
            }
        }
        if run.newest.as_ref().is_none_or(|newest| newest.index <= this.index) {
            run.newest = Some(Newest { index: this.index, head: this.head, given: this.given });
        }
        self.tell_progress(number);
        self.pump(number);
    }

    /// Returns the wires of a node of an iteration, with what has come by them.
    pub(super) fn feeds_in(&self, iteration: usize, slot: Slot) -> impl Iterator<Item = (&Feed, Option<&Given>)> {
        let this = self.loops.iterations[iteration].as_ref().expect("an iteration is there until it is finished");
        let run = self.loops.runs[this.of].as_ref().expect("a loop is there until it is finished");
        feeds_of(self.plan, run, &this.head, &this.given, slot)
    }
}

/// Returns the wires of a node of an iteration, with what has come by them.
pub(super) fn feeds_of<'a>(
    plan: &'a Plan,
    run: &'a LoopRun,
    head: &'a Given,
    given: &'a [Option<Given>],
    slot: Slot,
) -> impl Iterator<Item = (&'a Feed, Option<&'a Given>)> {
    let member = &run.body.members[slot];
    plan.graph().inputs[member.index].iter().zip(&member.sources).map(move |(feed, source)| {
        let given = match source {
            LoopSource::Head => Some(head),
            LoopSource::Member(from) => given[*from as usize].as_ref(),
            LoopSource::Outside(place) => run.outside.get(*place as usize),
        };
        (feed, given)
    })
}

pub(super) const fn cell(status: IterationStatus, took_nanos: u64, outputs: Option<Arc<Outputs>>) -> IterationCell {
    IterationCell { status, took_nanos, outputs, error: None, inner: None }
}
