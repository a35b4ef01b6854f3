//! What to do with a node once all that feeds it is settled: as planned, unless something came out otherwise.

use std::{collections::BTreeSet, sync::Arc, time::Instant};

use smallvec::SmallVec;

use super::{
    Dispatcher, Message, Slot, Unit,
    execute::{self, Job, Outcome, call, is_plain, load_of},
    settle::Execution,
};
use crate::{
    engine::{
        Decision, name_of_node,
        plan::{Given, Step, input_of, missing_input},
        run::{EventKind, body::Source, host::NodeHost},
    },
    nodes::{Load, NodeError},
    session::Capture,
    store::{
        Arrived, Attempt, InputChange, InputRecord, Kept, Missing, NodeRecord, NotRun, PinPolicy, Provenance, Reason,
        RunKind, Status,
    },
    value::Value,
    workflow::{Feed, NodeId, PortId},
};

impl Dispatcher<'_> {
    /// Decides on a node all of whose sources are settled.
    pub(super) fn advance(&mut self, slot: Slot) {
        let planned = &self.step(slot).plan;
        let member = &self.body.members[slot];
        if let Some(number) = member.starts {
            return match &planned.decision {
                Decision::Execute | Decision::Reuse { .. } | Decision::Pinned { .. } => self.start_walk(slot, number),
                // What is inside may be fit to execute, but there is nothing that would have it do so.
                Decision::Disabled => self.settle_unwalked(slot, number, Status::Disabled),
                Decision::NotRun(why) => self.settle_unwalked(slot, number, Status::NotRun(why.clone())),
                Decision::CannotRun(why) => self.settle_unwalked(slot, number, Status::Failed(why.clone())),
            };
        }
        if member.closes.is_some() && planned.decision == Decision::Execute {
            return self.advance_closer(slot);
        }
        match &planned.decision {
            Decision::Execute => self.start_unless_equal(slot),
            Decision::Disabled => self.settle(slot, Status::Disabled, None),
            Decision::NotRun(NotRun::InputMissing { .. }) if !planned.depends_on_releases_of.is_empty() => {
                // A pin above may have been released: what is missing, if anything, is seen only now.
                self.start(slot, self.reasons_now(slot), None);
            }
            Decision::NotRun(why) if why.is_held_back() && member.closes.is_none() => self.advance_held_back(slot),
            Decision::NotRun(why) => self.settle(slot, Status::NotRun(why.clone()), None),
            Decision::CannotRun(why) => self.fail(slot, why.clone()),
            Decision::Pinned { policy, may_be_released } => self.advance_pinned(slot, *policy, *may_be_released),
            Decision::Reuse { from } => match self.reasons_now(slot) {
                reasons if reasons.is_empty() => self.reuse(slot, *from, reasons),
                reasons => self.start(slot, reasons, None),
            },
        }
    }

    /// Holds a node back in a dry run, or what needs its results; unless nothing it would execute for has come about.
    fn advance_held_back(&mut self, slot: Slot) {
        let is_missing = self.feeds(slot).any(|(feed, source)| self.missing(feed, source).is_some());
        let record = self.request.baseline.get(&self.step(slot).plan.node);
        let from = record.filter(|record| record.has_results()).and_then(|record| record.provenance());
        match from {
            Some(from) if !is_missing && self.reasons_now(slot).is_empty() => self.reuse(slot, from, Arc::default()),
            _ => self.start_unless_equal(slot),
        }
    }

    /// Walks a loop, if its head has what it needs and the run goes on.
    fn start_walk(&mut self, slot: Slot, number: usize) {
        let step = Arc::clone(self.step(slot));
        if self.shared.cancel.is_cancelled() {
            return self.settle_unwalked(slot, number, Status::Cancelled);
        }
        if let Some(failed) = &self.stopped_by {
            let status = Status::NotRun(NotRun::StoppedByError(failed.clone()));
            return self.settle_unwalked(slot, number, status);
        }
        if let (Some(kind), Decision::Execute) = (&step.facts.kind, &step.plan.decision) {
            let missing = {
                let arrivals: SmallVec<[(&PortId, Option<Missing>); 4]> =
                    self.feeds(slot).map(|(feed, source)| (&feed.port, self.missing(feed, source))).collect();
                missing_input(kind, &arrivals)
            };
            if let Some(missing) = missing {
                return self.settle_unwalked(slot, number, Status::NotRun(missing));
            }
        }
        if step.plan.decision == Decision::Execute && self.shared.control.is_watched() {
            let reasons = Arc::clone(&step.plan.reasons);
            if self.unless_held(slot, reasons, None).is_none() {
                return;
            }
        }
        self.start_loop(slot, number);
    }

    /// Executes a node, unless it was to execute only for what comes from above, and that is what it was.
    fn start_unless_equal(&mut self, slot: Slot) {
        let reasons = self.reasons_now(slot);
        let (reasons, reused) = self.past_what_is_equal(slot, reasons);
        match reused {
            Some(from) if reasons.is_empty() => self.reuse(slot, from, Arc::new([Reason::EqualInputs])),
            _ => self.start(slot, reasons, None),
        }
    }

    /// Puts what really reaches a node in place of the reason that nodes above execute, for those that did not execute after
    /// all, or gave equal data where that is to be looked at. Returns, too, where the results come from that are reused if
    /// no reason is left.
    fn past_what_is_equal(&self, slot: Slot, reasons: Arc<[Reason]>) -> (Arc<[Reason]>, Option<Provenance>) {
        let stops_at_equal = self.request.options.stop_at_equal_data;
        if !self.surprised && !stops_at_equal {
            return (reasons, None);
        }
        let Some(record) = self.request.baseline.get(&self.step(slot).plan.node) else { return (reasons, None) };
        let Some(executing) = reasons.iter().find_map(|reason| match reason {
            Reason::UpstreamExecutes(executing) => Some(executing),
            _ => None,
        }) else {
            return (reasons, None);
        };
        let is_past = |feed: &Feed, source: Source| {
            executing.binary_search(&feed.source.node).is_ok()
                && (!self.executed(source) || (stops_at_equal && self.is_as_before(record, feed, source)))
        };
        let past: Vec<(&Feed, Source)> = self.feeds(slot).filter(|(feed, source)| is_past(feed, *source)).collect();
        if past.is_empty() {
            return (reasons, None);
        }
        let not_past: BTreeSet<&NodeId> = self
            .feeds(slot)
            .filter(|(feed, source)| !is_past(feed, *source))
            .map(|(feed, _)| &feed.source.node)
            .collect();
        let still: Vec<NodeId> = executing.iter().filter(|node| not_past.contains(node)).cloned().collect();
        let changes: Vec<InputChange> = past
            .iter()
            .filter(|(feed, source)| !self.is_as_before(record, feed, *source))
            .map(|(feed, _)| InputChange::OtherValue(feed.port.clone()))
            .collect();
        let mut left: Vec<Reason> =
            reasons.iter().filter(|reason| !matches!(reason, Reason::UpstreamExecutes(_))).cloned().collect();
        if !still.is_empty() {
            left.push(Reason::UpstreamExecutes(still));
        }
        if !changes.is_empty() {
            match left.iter_mut().find(|reason| matches!(reason, Reason::InputsChanged(_))) {
                Some(Reason::InputsChanged(known)) => known.extend(changes),
                _ => left.push(Reason::InputsChanged(changes)),
            }
        }
        if left.is_empty()
            && let Some(Err(lost)) = record.results.as_ref().map(Kept::load)
        {
            left.push(Reason::ResultsLost(lost.to_string()));
        }
        (left.into(), record.provenance().filter(|_| record.has_results()))
    }

    /// Returns whether the data on a wire is what it was for a record.
    fn is_as_before(&self, record: &NodeRecord, feed: &Feed, source: Source) -> bool {
        let before = record.inputs.iter().find(|before| *before.port() == feed.port);
        before
            .filter(|_| self.hold.edited(feed).is_none())
            .is_some_and(|before| self.input_record(feed, source).same_data(before))
    }

    /// Returns the planned reasons of a node, and those that come of a pin above released in this run.
    fn reasons_now(&self, slot: Slot) -> Arc<[Reason]> {
        let planned = &self.step(slot).plan;
        if self.request.options.kind == RunKind::Standard || planned.depends_on_releases_of.is_empty() {
            return Arc::clone(&planned.reasons);
        }
        let mut reasons = planned.reasons.to_vec();
        let mut executed: BTreeSet<NodeId> = self
            .feeds(slot)
            .filter(|(_, source)| self.executed(*source))
            .map(|(feed, _)| feed.source.node.clone())
            .collect();
        let known = reasons.iter_mut().find_map(|reason| match reason {
            Reason::UpstreamExecutes(known) => Some(known),
            _ => None,
        });
        if let Some(known) = known {
            executed.extend(known.drain(..));
            known.extend(executed);
        } else if !executed.is_empty() {
            reasons.push(Reason::UpstreamExecutes(executed.into_iter().collect()));
        }
        let lost: Vec<InputChange> = self
            .feeds(slot)
            .filter(|(_, source)| self.lost(*source))
            .map(|(feed, _)| InputChange::OtherValue(feed.port.clone()))
            .collect();
        if !lost.is_empty() && reasons.is_empty() {
            reasons.push(Reason::InputsChanged(lost));
        }
        reasons.into()
    }

    /// Returns whether a settled node executed in this run.
    fn executed(&self, source: Source) -> bool {
        match source {
            Source::Member(slot) => self.records[slot as usize].as_ref().is_some_and(|record| {
                record.started.is_some()
                    && matches!(record.status, Status::Executed | Status::Failed(_) | Status::Cancelled)
            }),
            Source::Outside(_) => false,
        }
    }

    /// Returns whether a settled node failed in this run.
    fn has_failed(&self, source: Source) -> bool {
        let Source::Member(slot) = source else { return false };
        self.records[slot as usize].as_ref().is_some_and(|record| matches!(record.status, Status::Failed(_)))
    }

    /// Returns whether an input's source would have had results, and has none after all.
    fn lost(&self, source: Source) -> bool {
        let Source::Member(slot) = source else { return false };
        let slot = slot as usize;
        matches!(self.shared.given[slot].get(), Some(Given::Nothing(_)))
            && matches!(self.step(slot).plan.decision, Decision::Reuse { .. } | Decision::Pinned { .. })
    }

    pub(super) fn advance_pinned(&mut self, slot: Slot, policy: PinPolicy, may_be_released: bool) {
        let id = &self.step(slot).plan.node;
        let Some(capture) = self.request.marks.get(id).capture().map(Arc::clone) else {
            return self.fail(slot, "its pin has no results".to_owned());
        };
        let release = if may_be_released && policy == PinPolicy::Follow { self.release(slot, &capture) } else { None };
        if let Some((port, why)) = release {
            let reason = Reason::InputsChanged(vec![InputChange::OtherValue(port)]);
            return self.start(slot, Arc::new([reason]), Some(why));
        }
        let status = Status::Pinned { policy, edited: capture.edited, captured_in: capture.captured_in };
        let results = Given::Results(capture.results.clone());
        self.settle(slot, status, Some(results));
    }

    /// Returns the input on which other data arrives than what a pin's results came from, if a node upstream executed.
    fn release(&self, slot: Slot, capture: &Capture) -> Option<(PortId, String)> {
        self.feeds(slot).find_map(|(feed, source)| {
            let now = self.input_record(feed, source);
            let before = input_of(&capture.inputs, &feed.port)?;
            let is_new = matches!(source, Source::Member(_)) && now.provenance().is_some();
            (is_new && !now.same_data(before)).then(|| {
                let name = name_of_node(&self.request.workflow, &self.engine.catalogue, &feed.source.node);
                let why = format!("{name} executed and gives other data on {}", feed.port);
                (feed.port.clone(), why)
            })
        })
    }

    pub(super) fn reuse(&mut self, slot: Slot, from: Provenance, reasons: Arc<[Reason]>) {
        let id = &self.step(slot).plan.node;
        let results = self.request.baseline.get(id).and_then(|record| record.results.clone());
        let given = results.map(Given::Results);
        self.surprised |= self.step(slot).plan.decision == Decision::Execute;
        self.settle_for(slot, Status::Reused { from }, given, reasons);
    }

    /// Executes a node, here or on a pool, if it has what it needs and the run goes on.
    pub(super) fn start(&mut self, slot: Slot, reasons: Arc<[Reason]>, released: Option<String>) {
        if let Some(number) = self.body.members[slot].starts {
            return self.start_walk(slot, number);
        }
        let step = self.step(slot);
        let Some(kind) = &step.facts.kind else { return self.fail(slot, "its kind is unknown".to_owned()) };
        if self.shared.cancel.is_cancelled() {
            return self.settle(slot, Status::Cancelled, None);
        }
        let mut arrived = self.input_records(slot);
        if arrived.iter().any(|input| matches!(input.arrived, Arrived::NoValue)) {
            let arrivals: SmallVec<[(&PortId, Option<Missing>); 4]> =
                self.feeds(slot).map(|(feed, source)| (&feed.port, self.missing(feed, source))).collect();
            if let Some(missing) = missing_input(kind, &arrivals) {
                return self.settle(slot, Status::NotRun(missing), None);
            }
        }
        if let Some(failed) = &self.stopped_by {
            let why = NotRun::StoppedByError(failed.clone());
            return self.settle(slot, Status::NotRun(why), None);
        }
        if self.holds_back(step) {
            return self.settle(slot, Status::NotRun(NotRun::HeldBack), None);
        }
        let (reasons, released) = if self.shared.control.is_watched() {
            let Some(free) = self.unless_held(slot, reasons, released) else { return };
            free
        } else {
            (reasons, released)
        };
        self.hold.edit(&mut arrived);
        let load = load_of(step, self.shared.store.is_some());
        if load == Load::Instant && is_plain(&step.facts.node.settings) {
            return self.execute_here(slot, arrived, reasons, released);
        }
        let inputs = arrived.into_iter().filter_map(|input| match input.arrived {
            Arrived::Results(results) => Some((input.wire, results)),
            _ => None,
        });
        let job = Job {
            unit: Unit::at(slot),
            inputs: inputs.collect(),
            step: Arc::clone(step),
            shared: Arc::clone(&self.shared),
            reasons,
            released,
        };
        let sender = self.sender.clone();
        self.engine.pools.spawn(load, move || {
            let done = job.execute();
            // Only a dispatcher that is gone does not take it, and then nobody asks.
            sender.send(Message::Done(Box::new(done))).unwrap_or_default();
        });
    }

    /// Executes a quick node on this thread: handing it to another one would cost more.
    fn execute_here(
        &mut self,
        slot: Slot,
        arrived: SmallVec<[InputRecord; 2]>,
        reasons: Arc<[Reason]>,
        released: Option<String>,
    ) {
        let step = self.step(slot);
        let id = &step.plan.node;
        let started = self.clock.now;
        self.shared.send(EventKind::NodeStarted { node: id.clone() });
        let host = NodeHost::new(&self.shared, id, None);
        let outcome = {
            match values(step, &arrived).and_then(|inputs| call(step, &inputs, &host)) {
                Ok(outputs) => Outcome::Executed(Arc::new(outputs)),
                Err(NodeError::Failed(error)) => Outcome::failed(error),
                Err(NodeError::Cancelled) => Outcome::Cancelled,
            }
        };
        let mut trace = host.into_trace();
        let now = Instant::now();
        let took = now - started;
        if let Outcome::Failed { error, .. } = &outcome {
            let attempt = Attempt { started: self.clock.date(started), took, error: error.clone() };
            trace.get_or_insert_default().attempts.push(attempt);
        }
        let arrived = Some(arrived);
        let began = Some((started, took));
        let execution = Execution { began, arrived, trace, reasons, released };
        self.clock.now = now;
        self.settle_execution(slot, outcome, execution);
    }

    /// Returns why nothing arrives by a wire, if nothing does.
    pub(super) fn missing(&self, feed: &Feed, source: Source) -> Option<Missing> {
        match self.given(source) {
            _ if self.hold.edited(feed).is_some() => None,
            Some(Given::Results(results)) if results.has_value(&feed.source.port) => None,
            Some(Given::Results(_)) if self.has_failed(source) => {
                Some(Missing::UpstreamFailed(Box::new(feed.source.node.clone())))
            }
            Some(given) => Some(given.missing(&feed.source.node)),
            None => Some(Missing::UpstreamDidNotRun(Box::new(feed.source.node.clone()))),
        }
    }
}

/// Returns the values that have arrived, each as the type the node takes.
fn values<'a>(step: &Step, arrived: &'a [InputRecord]) -> Result<SmallVec<[(&'a PortId, Value); 4]>, NodeError> {
    let mut values = SmallVec::new();
    for input in arrived {
        if let Arrived::Results(results) = &input.arrived {
            values.push(execute::input(step, &input.wire, results)?);
        }
    }
    Ok(values)
}
