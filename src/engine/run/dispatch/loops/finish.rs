//! How a loop ends: what it gives, and the records of its nodes.

use std::{sync::Arc, time::Duration};

use super::{
    Closing, InnerRecord, LoopRun, Newest, Parent, Stop,
    iteration::{InnerClosed, InnerEnd, Iteration, feeds_of},
    lacking::missing,
    merge::merge,
};
use crate::{
    engine::{
        Decision,
        plan::{Given, NothingBecause, Step, missing_input},
        run::{
            EventKind,
            dispatch::{Dispatcher, Slot, hold::note_taken, settle::arrived_by},
            loop_body::Part,
        },
    },
    nodes::Outputs,
    store::{
        Effect, InputRecord, Iterations, Kept, LoopRecord, Missing, NodeRecord, NotRun, Provenance, Reason, Status,
        made_in_words,
    },
    value::Value,
    workflow::PortId,
};

/// What is known of a node that closes a loop, once the loop has ended.
#[derive(Clone)]
pub(in crate::engine::run::dispatch) struct Closed {
    pub(super) closing: Closing,
    inputs: Vec<InputRecord>,
    iterations: Iterations,
    warnings: Vec<String>,
    /// Whether anything was gathered that was not reused.
    is_new: bool,
    /// What it took of values that were changed by hand.
    edited: Vec<InputRecord>,
}

impl Dispatcher<'_> {
    /// Ends a loop of which nothing runs any more.
    pub(super) fn finish_loop(&mut self, number: usize) {
        let Some(mut run) = self.loops.runs[number].take() else { return };
        let is_complete = run.stop.is_none();
        run.about.is_complete = is_complete;
        if is_complete {
            run.about.total.get_or_insert(run.about.n_finished);
        }
        let record = Arc::new(LoopRecord { about: run.about.clone(), log: run.log.clone() });
        let fresh = run.body.members.iter().zip(&run.is_new).filter(|(_, is_new)| **is_new);
        self.loops.fresh.extend(fresh.map(|(member, _)| member.index));
        if run.is_from_the_start && (matches!(run.parent, Parent::Root(_)) || run.about.n_finished == 0) {
            self.loops.fresh.extend(self.plan.loops().begun_by(run.body.head));
        }
        self.add_taken_up(&mut run);
        for slot in 0..run.body.members.len() {
            if let Some(record) = self.member_record(&run, &record, slot) {
                let index = run.body.members[slot].index;
                run.inner.insert(index, InnerRecord { index: 0, record });
            }
        }
        let closed: Vec<(usize, Closed)> = (0..run.body.members.len())
            .filter(|&slot| matches!(run.body.members[slot].part, Part::Collect | Part::Next))
            .map(|slot| (run.body.members[slot].index, self.closed(&run, &record, slot)))
            .collect();
        match run.parent {
            Parent::Root(slot) => self.finish_outermost(slot, &mut run, &record, closed),
            Parent::Inner { iteration, slot } => self.finish_inner(iteration, slot, &mut run, &record, closed),
        }
    }

    fn finish_outermost(
        &mut self,
        slot: Slot,
        run: &mut LoopRun,
        record: &Arc<LoopRecord>,
        mut closed: Vec<(usize, Closed)>,
    ) {
        let mut inside: Vec<(usize, NodeRecord)> =
            run.inner.drain().map(|(index, inner)| (index, inner.record)).collect();
        inside.retain(|(index, record)| !self.is_merely_reused(*index, record));
        inside.sort_unstable_by_key(|(index, _)| *index);
        let unreached = self.unreached_inside(run, record, &inside);
        let number = self.body.members[slot].starts.expect("a loop is walked in the place of its head");
        for (index, mut record) in inside.into_iter().chain(unreached) {
            self.note_where_from(number, index, &mut record);
            self.add_record(Arc::new(record));
        }
        for (index, closed) in &mut closed {
            self.note_what_brought(number, *index, &mut closed.inputs);
        }
        self.loops.closing.extend(closed);
        let step = Arc::clone(self.step(slot));
        match &step.plan.decision {
            Decision::Reuse { from } if run.stop.is_none() => return self.reuse_head(slot, *from, run, record),
            Decision::Pinned { policy, .. } => {
                self.loops.pinned.insert(slot, Iterations { of: Arc::clone(record), member: None });
                return self.advance_pinned(slot, *policy, false);
            }
            _ => {}
        }
        let mut head = self.blank_record(slot, Status::Cancelled, self.input_records(slot));
        head.started = Some(self.clock.date(run.began));
        head.took = Some(self.clock.now.saturating_duration_since(run.began));
        head.reasons = Arc::clone(&step.plan.reasons);
        head.warnings.clone_from(&step.plan.warnings);
        head.iterations = Some(Iterations { of: Arc::clone(record), member: None });
        let mut given = None;
        match &run.stop {
            None => {
                head.status = Status::Executed;
                given = Some(self.given_now(slot, Arc::new(head_results(run.newest.as_ref()))));
            }
            Some(Stop::Cancelled) => {}
            Some(stop) => head.status = Status::Failed(in_words(run, stop)),
        }
        self.note_edits(slot, &mut head);
        self.settle_record(slot, head, given);
    }

    /// Returns whether all that came of a node inside of a loop is what an earlier run has of it. A head has another log.
    fn is_merely_reused(&self, index: usize, record: &NodeRecord) -> bool {
        let is_head = record.iterations.as_ref().is_some_and(|iterations| iterations.member.is_none());
        let has_moved = matches!(record.status, Status::Executed | Status::Failed(_) | Status::Cancelled);
        matches!(self.plan.step(index).plan.decision, Decision::Reuse { .. }) && !is_head && !has_moved
    }

    /// Returns the records of nodes of inner loops that no iteration has come to.
    fn unreached_inside(
        &self,
        run: &LoopRun,
        record: &Arc<LoopRecord>,
        known: &[(usize, NodeRecord)],
    ) -> Vec<(usize, NodeRecord)> {
        let loops = self.plan.loops();
        let number = loops.loops.iter().position(|this| this.head == run.body.head);
        let is_inside = |index: usize| number.is_some_and(|number| loops.is_inside(index, number));
        let is_closer = |index: usize| {
            let slot = run.body.members.iter().position(|member| member.index == index);
            slot.is_some_and(|slot| matches!(run.body.members[slot].part, Part::Collect | Part::Next))
        };
        let unreached = self.plan.active().filter(|&index| {
            let is_known = known.binary_search_by_key(&index, |(known, _)| *known).is_ok();
            !is_known && is_inside(index) && !is_closer(index)
        });
        unreached
            .filter_map(|index| {
                let step = self.plan.step(index);
                if let Decision::Reuse { .. } = step.plan.decision {
                    return None;
                }
                let status = self.planned_status(step).unwrap_or_else(|| match &run.stop {
                    Some(Stop::Cancelled) => Status::Cancelled,
                    Some(_) => self.not_reached(step),
                    None => self.left_out(run, step, index),
                });
                let mut node = self.record_inside(step, status, self.inputs_now(index));
                self.add_what_a_pin_gives(&mut node);
                let member = run.body.members.iter().position(|member| member.index == index);
                node.iterations = member.map(|slot| Iterations { of: Arc::clone(record), member: Some(slot) });
                self.add_nothing(run, step, &mut node);
                Some((index, node))
            })
            .collect()
    }

    /// Returns the status of a node for which no iteration of a loop had anything to do, though all have finished.
    fn left_out(&self, run: &LoopRun, step: &Step, index: usize) -> Status {
        let slot = run.body.members.iter().position(|member| member.index == index);
        // What is in a loop inside of this one has its own iterations, and none has come to it.
        let Some((slot, newest)) = slot.zip(run.newest.as_ref()) else { return Status::NotRun(NotRun::NoIteration) };
        let arrivals: Vec<(&PortId, Option<Missing>)> = feeds_of(self.plan, run, &newest.head, &newest.given, slot)
            .map(|(feed, given)| (&feed.port, missing(feed, given)))
            .collect();
        let kind = step.facts.kind.as_ref();
        kind.and_then(|kind| missing_input(kind, &arrivals)).map_or_else(|| self.not_reached(step), Status::NotRun)
    }

    /// Settles the head of a loop whose body was made again: it is reused, and the next run finds what all of the body gives
    /// now in the new log. One that was stopped is settled as such: the next run goes on with the new log.
    fn reuse_head(&mut self, slot: Slot, from: Provenance, run: &LoopRun, record: &Arc<LoopRecord>) {
        let mut head = self.blank_record(slot, Status::Reused { from }, self.input_records(slot));
        head.iterations = Some(Iterations { of: Arc::clone(record), member: None });
        // It may have been walked without its body, and a Repeat had no other state then than the first.
        let results = self.step(slot).kept(Arc::new(head_results(run.newest.as_ref())), from);
        self.settle_record(slot, head, Some(Given::Results(results)));
    }

    fn finish_inner(
        &mut self,
        iteration: usize,
        slot: Slot,
        run: &mut LoopRun,
        record: &Arc<LoopRecord>,
        closed: Vec<(usize, Closed)>,
    ) {
        let head = run.body.head;
        let head_record = self.inner_head_record(run, record, head);
        for (index, closed) in &closed {
            let mut record = self.closed_record(*index, closed);
            if let (Decision::Reuse { from }, false) = (&self.plan.step(*index).plan.decision, closed.is_new) {
                record.status = Status::Reused { from: *from };
            }
            run.inner.insert(*index, InnerRecord { index: 0, record });
        }
        run.inner.insert(head, InnerRecord { index: 0, record: head_record });
        let Iteration { of: outer, index: outer_index, .. } = *self.loops.iteration(iteration);
        let mut inner: Vec<(usize, InnerRecord)> = run.inner.drain().collect();
        inner.sort_unstable_by_key(|(index, _)| *index);
        let outer_run = self.loops.run(outer);
        for (index, inner) in inner {
            merge(&mut outer_run.inner, index, InnerRecord { index: outer_index, ..inner });
        }
        let closed = closed.into_iter().map(|(index, closed)| {
            let Closed { closing, is_new, .. } = closed;
            InnerClosed { index, closing, is_new }
        });
        self.loops.iteration(iteration).closing.extend(closed);
        let end = match &run.stop {
            None if run.earlier.is_some() => InnerEnd::Reused,
            None => InnerEnd::Done,
            Some(Stop::Cancelled) => InnerEnd::Cancelled,
            Some(stop) => InnerEnd::Failed(in_words(run, stop)),
        };
        self.settle_inner((iteration, slot), end, Arc::clone(record), run.holds_back);
    }

    /// Returns the record of a node of the body; `None` if it merely reused what an earlier run had, or has one already.
    fn member_record(&self, run: &LoopRun, record: &Arc<LoopRecord>, slot: Slot) -> Option<NodeRecord> {
        let member = &run.body.members[slot];
        let step = self.plan.step(member.index);
        let story = &run.members[slot];
        if member.part != Part::Plain {
            return None;
        }
        let is_outermost = matches!(run.parent, Parent::Root(_));
        if is_outermost && story.n_executed == 0 && matches!(step.plan.decision, Decision::Reuse { .. }) {
            return None;
        }
        let status = self.member_status(run, step, slot);
        let mut node = self.record_inside(step, status, smallvec::SmallVec::new());
        if story.n_executed > 0 {
            node.reasons = reasons_inside(step);
            node.started = story.started.map(|started| self.clock.date(started));
            node.took = Some(story.took);
        }
        if step.plan.side_effect {
            // As outside of loops: where it only failed, nobody knows of any.
            node.effect = match story {
                _ if story.n_performed > 0 || !story.deeds.is_empty() => Effect::Performed,
                _ if story.n_failed > 0 => Effect::None,
                _ => Effect::HeldBack,
            };
        }
        node.attempts.clone_from(&story.attempts);
        node.log.clone_from(&story.log);
        node.sources.clone_from(&story.sources);
        if !story.deeds.is_empty() {
            node.deeds.clone_from(&story.deeds);
        }
        if let Some(note) = &story.pinned_data {
            node.pinned_data = note.kept_in(self.engine.store.as_ref());
        }
        node.warnings.clone_from(&step.plan.warnings);
        node.iterations = Some(Iterations { of: Arc::clone(record), member: Some(slot) });
        if let Status::Pinned { .. } = node.status {
            self.add_what_a_pin_gives(&mut node);
            return Some(node);
        }
        self.add_newest(run, slot, &mut node);
        if let Status::Reused { .. } = node.status {
            self.add_what_is_reused(&mut node);
        }
        note_taken(&story.edited, &mut node);
        Some(node)
    }

    fn member_status(&self, run: &LoopRun, step: &Step, slot: Slot) -> Status {
        let story = &run.members[slot];
        if story.n_held_back > 0 {
            return Status::NotRun(NotRun::HeldBack);
        }
        if let Some(status) = self.planned_status(step).filter(|_| story.n_executed == 0) {
            return status;
        }
        if let Some((index, error)) = &story.first_error {
            return Status::Failed(match story.n_failed {
                1 => format!("iteration {}: {error}", index + 1),
                n_failed => format!("{n_failed} iterations failed, the first was {}: {error}", index + 1),
            });
        }
        match &run.stop {
            Some(Stop::Cancelled) => Status::Cancelled,
            Some(_) if story.n_executed == 0 => self.not_reached(step),
            None if story.n_executed == 0 => match story.reused_from {
                Some(run) => Status::Reused { from: self.provenance_before(step).unwrap_or(Provenance::Run(run)) },
                None => self.left_out(run, step, run.body.members[slot].index),
            },
            Some(_) | None => Status::Executed,
        }
    }

    /// Returns the status of a node of a body that no iteration was to execute.
    pub(super) fn planned_status(&self, step: &Step) -> Option<Status> {
        match &step.plan.decision {
            Decision::Disabled => Some(Status::Disabled),
            Decision::Pinned { policy, .. } => {
                let capture = self.request.marks.get(&step.plan.node).capture()?;
                Some(Status::Pinned { policy: *policy, edited: capture.edited, captured_in: capture.captured_in })
            }
            Decision::CannotRun(why) => Some(Status::Failed(why.clone())),
            Decision::NotRun(why) => Some(Status::NotRun(why.clone())),
            Decision::Execute | Decision::Reuse { .. } => None,
        }
    }

    pub(super) fn add_what_a_pin_gives(&self, node: &mut NodeRecord) {
        if let (Status::Pinned { .. }, Some(capture)) = (&node.status, self.request.marks.get(&node.node).capture()) {
            node.as_it_was = Arc::clone(&capture.as_it_was).into();
            node.config = capture.config;
            node.recipe = capture.recipe;
            node.inputs.clone_from(&capture.inputs);
            node.results = Some(capture.results.clone());
        }
    }

    /// Returns the status of a node that the loop did not get to.
    pub(super) fn not_reached(&self, step: &Step) -> Status {
        let index = self.plan.graph().index(&step.plan.node);
        let feed = index.and_then(|index| self.plan.graph().inputs[index].first());
        feed.map_or(Status::Cancelled, |feed| {
            let why = Missing::UpstreamDidNotRun(Box::new(feed.source.node.clone()));
            Status::NotRun(NotRun::InputMissing { port: feed.port.clone(), why })
        })
    }

    /// Adds what a node gave, and was given, in the newest iteration.
    fn add_newest(&self, run: &LoopRun, slot: Slot, node: &mut NodeRecord) {
        node.inputs = self.newest_inputs(run, slot).into();
        let given = run.newest.as_ref().and_then(|newest| newest.given.get(slot));
        if let Some(Some(Given::Results(results))) = given {
            node.results = Some(results.clone());
        }
        if !node.status.has_results() {
            node.results = None;
        }
        self.add_nothing(run, self.plan.step(run.body.members[slot].index), node);
    }

    /// Gives a node results without values that had nothing to do in the newest iteration, or in any.
    fn add_nothing(&self, run: &LoopRun, step: &Step, node: &mut NodeRecord) {
        let had_nothing_to_do = || {
            run.stop.is_none()
                && matches!(node.status, Status::NotRun(_))
                && !node.status.is_held_back()
                && self.planned_status(step).is_none()
        };
        if node.results.is_none() && (node.status.has_results() || had_nothing_to_do()) {
            node.results = Some(Kept::nothing(Provenance::Run(self.shared.run)));
        }
    }

    /// Returns what reached a node in the newest iteration; before the first nothing has but what is outside.
    fn newest_inputs(&self, run: &LoopRun, slot: Slot) -> Vec<InputRecord> {
        let nothing = Given::Nothing(NothingBecause::DidNotRun);
        let none_given = vec![None; run.body.members.len()];
        let (head, given) = match &run.newest {
            Some(newest) => (&newest.head, &newest.given),
            None => (&nothing, &none_given),
        };
        feeds_of(self.plan, run, head, given, slot).map(|(feed, given)| arrived_by(feed, given)).collect()
    }

    fn closed(&self, run: &LoopRun, record: &Arc<LoopRecord>, slot: Slot) -> Closed {
        let closing = match &run.stop {
            None => {
                let step = self.plan.step(run.body.members[slot].index);
                Closing::Given(step.kept(Arc::new(closing_results(run, slot)), Provenance::Run(self.shared.run)))
            }
            Some(Stop::Cancelled) => Closing::Cancelled,
            Some(_) => Closing::Stopped,
        };
        let old = run.about.old_parts();
        let mut warnings = Vec::new();
        if !old.is_empty() && run.stop.is_none() {
            warnings.push(format!(
                "mixed: {} made before the loop's body was changed; force {} to make all iterations again",
                made_in_words(&old),
                run.about.head
            ));
        }
        Closed {
            closing,
            inputs: self.newest_inputs(run, slot),
            iterations: Iterations { of: Arc::clone(record), member: Some(slot) },
            warnings,
            is_new: run.earlier.is_none() || run.is_new[slot],
            edited: run.members[slot].edited.clone(),
        }
    }

    /// Settles a node that closes a loop which has ended.
    pub(in crate::engine::run::dispatch) fn advance_closer(&mut self, slot: Slot) {
        let index = self.body.members[slot].index;
        let Some(closed) = self.loops.closing.remove(&index) else { return self.settle_unreached_closer(slot) };
        let record = self.closed_record(index, &closed);
        if record.status == Status::Executed {
            self.shared.send(EventKind::NodeStarted { node: record.node.clone() });
        }
        let given = record.results.clone().map(Given::Results);
        self.settle_record(slot, record, given);
    }

    /// Settles a node that closes a loop which never began.
    fn settle_unreached_closer(&mut self, slot: Slot) {
        let head = self.body.members[slot].closes.map(|number| self.plan.loops().loops[number].head);
        let head_slot = head.and_then(|head| self.body.slot(head));
        let record = head_slot.and_then(|slot| self.records[slot].clone());
        let status = match record.map(|record| record.status.clone()) {
            Some(status @ (Status::Cancelled | Status::NotRun(NotRun::StoppedByError(_)))) => status,
            _ => self.not_reached(self.step(slot)),
        };
        self.settle(slot, status, None);
    }

    /// Settles a loop that does not begin, and all that is inside of it.
    pub(in crate::engine::run::dispatch) fn settle_unwalked(&mut self, slot: Slot, number: usize, status: Status) {
        let loops = Arc::clone(self.plan.loops());
        let inside: Vec<usize> = self
            .plan
            .active()
            .filter(|&index| loops.is_inside(index, number) && !loops.loops[number].closers.contains(&index))
            .collect();
        for index in inside {
            let step = Arc::clone(self.plan.step(index));
            let own = self.planned_status(&step).unwrap_or_else(|| match &status {
                Status::Cancelled | Status::NotRun(NotRun::StoppedByError(_)) => status.clone(),
                _ => self.not_reached(&step),
            });
            let mut record = self.record_inside(&step, own, smallvec::SmallVec::new());
            self.add_what_a_pin_gives(&mut record);
            self.keep_what_is_held_back(&mut record);
            self.add_record(Arc::new(record));
        }
        self.settle(slot, status, None);
    }

    fn closed_record(&self, index: usize, closed: &Closed) -> NodeRecord {
        let step = self.plan.step(index);
        let head = &closed.iterations.of.about.head;
        let port =
            self.plan.graph().inputs[index].first().map_or_else(|| PortId::from("item"), |feed| feed.port.clone());
        let never = || self.never_runs(index).map(|why| Status::NotRun(why.clone()));
        let planned = self.planned_status(step).or_else(never);
        let is_given = planned.is_none();
        let status = planned.unwrap_or_else(|| match &closed.closing {
            Closing::Given(_) => Status::Executed,
            Closing::Cancelled => Status::Cancelled,
            Closing::Stopped => {
                Status::NotRun(NotRun::InputMissing { port, why: Missing::UpstreamFailed(Box::new(head.clone())) })
            }
        });
        let mut node = self.record_inside(step, status, smallvec::SmallVec::new());
        self.add_what_a_pin_gives(&mut node);
        if let (Closing::Given(results), true) = (&closed.closing, is_given) {
            node.results = Some(results.clone());
            node.reasons = Arc::clone(&step.plan.reasons);
            node.started = Some(self.clock.date(self.clock.now));
            node.took = Some(Duration::ZERO);
        }
        node.inputs = closed.inputs.clone().into();
        node.iterations = Some(closed.iterations.clone());
        node.warnings.clone_from(&closed.warnings);
        note_taken(&closed.edited, &mut node);
        node
    }

    fn inner_head_record(&self, run: &LoopRun, record: &Arc<LoopRecord>, head: usize) -> NodeRecord {
        let step = self.plan.step(head);
        let status = match &run.stop {
            None => Status::Executed,
            Some(Stop::Cancelled) => Status::Cancelled,
            Some(stop) => Status::Failed(in_words(run, stop)),
        };
        let mut node = self.record_inside(step, status, smallvec::SmallVec::new());
        node.iterations = Some(Iterations { of: Arc::clone(record), member: None });
        if let (Decision::Reuse { from }, None, Some(_)) = (&step.plan.decision, &run.stop, &run.earlier) {
            node.status = Status::Reused { from: *from };
            node.results = self.request.baseline.get(&node.node).and_then(|record| record.results.clone());
            if let Parent::Inner { iteration, slot } = run.parent {
                node.inputs = self.inner_head_inputs(iteration, slot).into();
            }
            return node;
        }
        node.started = Some(self.clock.date(run.began));
        node.took = Some(self.clock.now.saturating_duration_since(run.began));
        node.reasons = Arc::clone(&step.plan.reasons);
        if !step.plan.warnings.is_empty() {
            node.warnings.clone_from(&step.plan.warnings);
        }
        if run.stop.is_none() {
            let results = Arc::new(head_results(run.newest.as_ref()));
            node.results = Some(step.kept(results, Provenance::Run(self.shared.run)));
        }
        if let Parent::Inner { iteration, slot } = run.parent {
            node.inputs = self.inner_head_inputs(iteration, slot).into();
            if let Some(outer) =
                self.loops.iterations[iteration].as_ref().and_then(|it| self.loops.runs[it.of].as_ref())
            {
                note_taken(&outer.members[slot].edited, &mut node);
            }
        }
        node
    }

    fn inner_head_inputs(&self, iteration: usize, slot: Slot) -> Vec<InputRecord> {
        self.feeds_in(iteration, slot).map(|(feed, given)| arrived_by(feed, given)).collect()
    }

    /// Adds the record of a node inside of a loop to those of the run.
    fn add_record(&mut self, record: Arc<NodeRecord>) {
        self.note_status(&record);
        if let Some(store) = &self.engine.store {
            store.settle(self.request.session, Arc::clone(&record));
        }
        self.shared.send(EventKind::NodeSettled(Arc::clone(&record)));
        self.loops.records.push(record);
    }
}

/// Returns why a node of a body executed: if the plan had no reason, the newest log of its loop did not have it.
fn reasons_inside(step: &Step) -> Arc<[Reason]> {
    if !step.plan.reasons.is_empty() {
        return Arc::clone(&step.plan.reasons);
    }
    Arc::new([Reason::ResultsLost("it was left out when its loop ran last".to_owned())])
}

/// Returns what a head gives once its loop has ended.
fn head_results(newest: Option<&Newest>) -> Outputs {
    let results = newest.and_then(|newest| match &newest.head {
        Given::Results(results) => results.loaded(),
        _ => None,
    });
    results.map_or_else(Outputs::none, |outputs| Outputs::clone(outputs)).with("done", true)
}

/// Returns what a Collect or Next gives once its loop has ended.
fn closing_results(run: &LoopRun, slot: Slot) -> Outputs {
    if run.body.members[slot].part == Part::Next {
        return Outputs::one("result", run.state.clone());
    }
    let mut items = run.collected[slot].clone();
    if !items.is_sorted_by_key(|(index, _)| *index) {
        items.sort_by_key(|(index, _)| *index);
    }
    let mut failures = run.about.failures.clone();
    failures.sort_by_key(|failure| failure.index);
    let errors = failures.iter().map(|failure| {
        Value::record([
            ("index", Value::Int(failure.index.cast_signed())),
            ("node", Value::text(failure.node.as_str())),
            ("error", Value::text(failure.error.as_str())),
        ])
    });
    Outputs::one("items", Value::list(items.into_iter().map(|(_, value)| value))).with("errors", Value::list(errors))
}

/// Returns why a loop has stopped.
fn in_words(run: &LoopRun, stop: &Stop) -> String {
    match stop {
        Stop::Failed { index, slot, error } => {
            format!("stopped in iteration {}, where {} failed: {error}", index + 1, run.body.ids[*slot])
        }
        Stop::Cancelled => "it was cancelled".to_owned(),
        Stop::Broken(why) => why.clone(),
    }
}
