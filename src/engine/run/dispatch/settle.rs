//! What came of a node: its record, and who is next.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use smallvec::SmallVec;

use super::{Dispatcher, Slot, Unit, execute::Outcome};
use crate::{
    engine::{
        plan::{Given, NothingBecause, Step, pin_without_input},
        run::{EventKind, body::Source, host::Trace},
    },
    nodes::{Arity, Outputs},
    store::{Arrived, Effect, InputRecord, NodeRecord, Notes, NotesData, Provenance, Reason, RunStatus, Status},
    workflow::Feed,
};

/// One execution, as far as the record has it.
pub(super) struct Execution {
    /// When it began and how long it took, if it did begin.
    pub(super) began: Option<(Instant, Duration)>,
    /// What arrived on its inputs, if that is at hand.
    pub(super) arrived: Option<SmallVec<[InputRecord; 2]>>,
    pub(super) trace: Option<Box<Trace>>,
    pub(super) reasons: Arc<[Reason]>,
    pub(super) released: Option<String>,
}

impl Dispatcher<'_> {
    pub(super) fn settle_execution(&mut self, slot: Slot, outcome: Outcome, execution: Execution) {
        if execution.began.is_none() && matches!(outcome, Outcome::Cancelled) {
            return self.settle(slot, Status::Cancelled, None);
        }
        let inputs = execution.arrived.unwrap_or_else(|| self.input_records(slot));
        let mut record = self.blank_record(slot, Status::Cancelled, inputs);
        record.started = execution.began.map(|(began, _)| self.clock.date(began));
        record.took = execution.began.map(|(_, took)| took);
        record.reasons = execution.reasons;
        if let Some(trace) = execution.trace {
            let Trace { attempts, log, sources, pinned_data, deeds } = *trace;
            let pinned_data = pinned_data.and_then(|note| note.kept_in(self.engine.store.as_ref()));
            let released = record.released.take();
            let sensitive = record.sensitive.take();
            record.notes =
                NotesData { attempts, log, sources, pinned_data, deeds, released, sensitive, ..NotesData::default() }
                    .into();
        }
        if execution.released.is_some() {
            record.released = execution.released;
        }
        self.note_edits(slot, &mut record);
        let side_effect = self.step(slot).plan.side_effect;
        let mut given = None;
        match outcome {
            Outcome::Executed(outputs) => {
                record.status = Status::Executed;
                if side_effect {
                    record.effect = Effect::Performed;
                }
                given = Some(self.given_now(slot, outputs));
            }
            Outcome::Kept(kept) => {
                record.status = Status::Kept { made: kept.made, from: kept.from };
                record.sources = kept.sources;
                record.reasons = Arc::default();
                if side_effect {
                    record.effect = Effect::HeldBack;
                }
                given = Some(Given::Results(kept.results));
                self.surprised = true;
            }
            Outcome::Cancelled if side_effect && !record.deeds.is_empty() => record.effect = Effect::Performed,
            Outcome::Cancelled => {}
            Outcome::Failed { error, outputs } => {
                record.status = Status::Failed(error);
                if side_effect && !record.deeds.is_empty() {
                    record.effect = Effect::Performed;
                }
                given = outputs.map(|outputs| self.given_now(slot, outputs));
            }
        }
        self.settle_record(slot, record, given);
    }

    pub(super) fn given_now(&self, slot: Slot, outputs: Arc<Outputs>) -> Given {
        Given::Results(self.step(slot).kept(outputs, Provenance::Run(self.shared.run)))
    }

    pub(super) fn fail(&mut self, slot: Slot, error: String) {
        self.settle(slot, Status::Failed(error), None);
    }

    /// Settles a node that does not execute.
    pub(super) fn settle(&mut self, slot: Slot, status: Status, given: Option<Given>) {
        self.settle_for(slot, status, given, Arc::default());
    }

    /// Settles a node that does not execute, for reasons.
    pub(super) fn settle_for(&mut self, slot: Slot, status: Status, given: Option<Given>, reasons: Arc<[Reason]>) {
        let mut record = self.blank_record(slot, status, self.input_records(slot));
        record.reasons = reasons;
        let planned = &self.step(slot).plan;
        record.warnings.clone_from(&planned.warnings);
        if planned.side_effect && !matches!(record.status, Status::Failed(_)) {
            record.effect = Effect::HeldBack;
        }
        match record.status {
            Status::Reused { .. } => {
                self.add_what_is_reused(&mut record);
                if self.step(slot).is_reused_as_it_was() {
                    self.add_what_it_was_made_of(&mut record);
                }
            }
            Status::Pinned { .. } => self.add_what_a_pin_came_from(slot, &mut record),
            _ => {
                // What closes a loop that was walked just now has nothing of its own before: that was another walk.
                let is_walked = self.loops.closing.contains_key(&self.body.members[slot].index);
                if (is_walked || !self.keep_what_is_held_back(&mut record))
                    && let Some(left) = self.iterations_left(self.step(slot))
                {
                    record.iterations = Some(left);
                }
            }
        }
        self.settle_record(slot, record, given);
    }

    /// Adds what a node that does not execute has from its last execution.
    pub(super) fn add_what_is_reused(&self, record: &mut NodeRecord) {
        if let Some(before) = self.request.baseline.get(&record.node) {
            record.started = before.started;
            record.took = before.took;
            record.log.clone_from(&before.log);
            record.sources.clone_from(&before.sources);
        }
    }

    /// Makes the record of a node say what its results came from: what has changed since had no part in them.
    fn add_what_it_was_made_of(&self, record: &mut NodeRecord) {
        let Some(before) = self.request.baseline.get(&record.node) else { return };
        record.as_it_was = before.as_it_was.clone();
        (record.config, record.recipe) = (before.config, before.recipe);
        record.inputs.clone_from(&before.inputs);
        if before.iterations.is_some() {
            record.iterations.clone_from(&before.iterations);
        }
    }

    /// Leaves a node that a dry run holds back what it gave before, with what that was made of: should a later run find
    /// that it is what it would be made of again, it is reused. Returns whether there is any.
    pub(super) fn keep_what_is_held_back(&self, record: &mut NodeRecord) -> bool {
        let before = self.request.baseline.get(&record.node);
        let keeps = |before: &NodeRecord| before.has_results() && !matches!(before.status, Status::Pinned { .. });
        let Some(before) = before.filter(|before| record.status.is_held_back() && keeps(before)) else { return false };
        record.results.clone_from(&before.results);
        self.add_what_is_reused(record);
        self.add_what_it_was_made_of(record);
        true
    }

    /// Makes the record of a pinned node say what its results came from: its parameters of now had no part in them.
    fn add_what_a_pin_came_from(&self, slot: Slot, record: &mut NodeRecord) {
        let walked = self.loops.pinned.get(&slot).cloned().or_else(|| {
            let before = self.request.baseline.get(&record.node)?;
            before.iterations.clone().filter(|_| matches!(before.status, Status::Pinned { .. }))
        });
        if walked.is_some() {
            record.iterations = walked;
        }
        if let Some(capture) = self.request.marks.get(&record.node).capture() {
            record.as_it_was = Arc::clone(&capture.as_it_was).into();
            record.config = capture.config;
            record.recipe = capture.recipe;
            record.inputs.clone_from(&capture.inputs);
            record.sources.clone_from(&capture.sources);
        }
        let kind = self.engine.catalogue.get(&record.as_it_was().kind);
        for (feed, source) in self.feeds(slot) {
            let port = kind.and_then(|kind| kind.input_port(&feed.port));
            let warning = pin_without_input(&feed.port);
            let required = port.is_some_and(|port| port.arity == Arity::Required);
            if required && self.missing(feed, source).is_some() && !record.warnings.contains(&warning) {
                record.warnings.push(warning);
            }
        }
    }

    pub(super) fn settle_record(&mut self, slot: Slot, mut record: NodeRecord, given: Option<Given>) {
        if let Some(Given::Results(results)) = &given {
            record.results = Some(results.clone());
        }
        self.note_status(&record);
        if matches!(record.status, Status::Failed(_))
            && self.request.workflow.settings().stop_at_first_error
            && !record.as_it_was().settings.excuses_failure()
        {
            self.stopped_by.get_or_insert_with(|| record.node.clone());
        }
        let because = match &record.status {
            Status::Disabled => NothingBecause::Disabled,
            Status::Failed(_) => NothingBecause::Failed,
            Status::NotRun(why) => NothingBecause::of_not_run(&record.node, why),
            _ => NothingBecause::DidNotRun,
        };
        // A member is settled once.
        self.shared.given[slot].get_or_init(|| given.unwrap_or(Given::Nothing(because)));
        let record = Arc::new(record);
        if let Some(store) = &self.engine.store {
            store.settle(self.request.session, Arc::clone(&record));
        }
        self.shared.send(EventKind::NodeSettled(Arc::clone(&record)));
        self.records[slot] = Some(record);
        self.n_settled += 1;
        for &next in self.body.downstream(slot) {
            self.n_unsettled[next as usize] -= 1;
            if self.n_unsettled[next as usize] == 0 {
                self.ready.push_back(Unit::at(next as Slot));
            }
        }
    }

    /// Notes what a node's end means for that of the run.
    pub(super) fn note_status(&mut self, record: &NodeRecord) {
        let status = match &record.status {
            Status::Cancelled => RunStatus::Cancelled,
            Status::Failed(_) if is_excused(record) => RunStatus::SucceededWithErrors,
            Status::Failed(_) => RunStatus::Failed,
            _ => return,
        };
        let weight = |status| match status {
            RunStatus::Cancelled => 3,
            RunStatus::Failed => 2,
            RunStatus::SucceededWithErrors => 1,
            _ => 0,
        };
        if weight(status) > weight(self.status) {
            self.status = status;
        }
    }

    /// Returns what arrives on the inputs of a node.
    pub(super) fn input_records(&self, slot: Slot) -> SmallVec<[InputRecord; 2]> {
        let mut inputs = SmallVec::new();
        for (feed, source) in self.feeds(slot) {
            inputs.push(self.input_record(feed, source));
        }
        inputs
    }

    pub(super) fn blank_record(&self, slot: Slot, status: Status, inputs: SmallVec<[InputRecord; 2]>) -> NodeRecord {
        self.record_inside(self.step(slot), status, inputs)
    }

    /// Returns a record that says nothing yet but what the plan does and what reached the node's inputs.
    pub(super) fn record_inside(&self, step: &Step, status: Status, inputs: SmallVec<[InputRecord; 2]>) -> NodeRecord {
        let planned = &step.plan;
        let mut record = NodeRecord {
            run: self.shared.run,
            node: planned.node.clone(),
            as_it_was: Arc::clone(&step.facts.node).into(),
            status,
            reasons: Arc::default(),
            config: planned.config,
            recipe: planned.recipe,
            inputs,
            results: None,
            started: None,
            took: None,
            effect: Effect::None,
            notes: Notes::default(),
        };
        if planned.sensitive.is_some() {
            record.sensitive.clone_from(&planned.sensitive);
        }
        if let Some(release) = &planned.released {
            record.released = Some(release.0.clone());
        }
        record
    }

    pub(super) fn input_record(&self, feed: &Feed, source: Source) -> InputRecord {
        arrived_by(feed, self.given(source))
    }
}

/// Returns whether a run does not fail for a node that did: its settings say so, or the loop it is in collected the errors.
fn is_excused(record: &NodeRecord) -> bool {
    let loop_went_on = record.iterations.as_ref().is_some_and(|iterations| iterations.of.about.is_complete);
    loop_went_on || record.as_it_was().settings.excuses_failure()
}

/// Returns what has come by a wire, given what the node at its other end has given.
pub(super) fn arrived_by(feed: &Feed, given: Option<&Given>) -> InputRecord {
    let arrived = match given {
        Some(Given::Results(results)) if results.has_value(&feed.source.port) => Arrived::Results(results.clone()),
        _ => Arrived::NoValue,
    };
    InputRecord { wire: Arc::clone(&feed.wire), arrived }
}
