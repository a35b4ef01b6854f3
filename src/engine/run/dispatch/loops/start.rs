//! How a loop begins: from its start, or behind the last iteration of a run that was stopped, or over the iterations of one that
//! had been completed.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Instant,
};

use super::{
    Earlier, Finished, LoopRun, MemberStory, Newest, Parent, Stop,
    earlier::{Before, MAX_AT_ONCE},
    items::{ItemSource, Stream},
    pause::edit_given,
};
use crate::{
    engine::{
        Decision,
        plan::{Given, Step, pinned_in_a_loop},
        run::{
            EventKind,
            body::Source,
            dispatch::{Dispatcher, Slot, Unit},
            loop_body::{LoopBody, LoopSource, Part},
        },
    },
    nodes::{Outputs, ResolvedParameters, Role, items},
    store::{
        IterationCell, IterationLog, IterationRow, IterationStatus, Kept, LoopAbout, LoopId, LoopPart, LoopRecord,
        NotRun, Provenance, RunId,
    },
    value::{Fingerprint, Value},
};

impl Dispatcher<'_> {
    /// Begins a loop outside of all others.
    pub(in crate::engine::run::dispatch) fn start_loop(&mut self, slot: Slot, number: usize) {
        self.note_what_never_runs(number);
        let head = self.body.members[slot].index;
        let body = self.loop_body(number);
        let edited = self.feeds(slot).next().and_then(|(feed, _)| {
            let results = self.hold.edited(feed)?;
            Some((results.clone(), feed.source.port.clone()))
        });
        let input = self.feeds(slot).next().and_then(|(feed, source)| match self.given(source) {
            Some(Given::Results(results)) if results.has_value(&feed.source.port) => {
                Some((results.clone(), feed.source.port.clone()))
            }
            _ => None,
        });
        let outside: Vec<Given> = body
            .outside
            .iter()
            .map(|&index| {
                let source = self.body.slot(index).map_or(Source::Outside(index), |slot| Source::Member(slot as u32));
                self.given(source).cloned().unwrap_or_else(|| self.plan.step(index).given.clone())
            })
            .collect();
        let input = edited.or(input).map(|(results, port)| {
            let fingerprint = results.fingerprint(&port);
            results.load().map(|outputs| (outputs.get(&port).cloned().unwrap_or_default(), fingerprint))
        });
        let input = match input.transpose() {
            Ok(input) => input,
            Err(error) => return self.fail(slot, error.to_string()),
        };
        let step = Arc::clone(self.plan.step(head));
        let before = self.earlier_loop(&step, walked_over(&step, input.as_ref())).filter(|before| {
            // One that was completed is made again unless its head is reused, or gives what it gave then.
            !before.record.about.is_complete
                || matches!(step.plan.decision, Decision::Reuse { .. } | Decision::Pinned { .. })
        });
        let outside_changed = vec![false; outside.len()].into();
        self.begin_loop((Parent::Root(slot), number), &step, body, (outside, outside_changed), input.as_ref(), before);
    }

    /// Begins a loop inside an iteration of another.
    pub(super) fn start_inner(&mut self, iteration: usize, slot: Slot, inner: usize) {
        let outer = self.loops.iteration(iteration).of;
        let outer_body = Arc::clone(&self.loops.run(outer).body);
        let head = outer_body.members[slot].index;
        let step = Arc::clone(self.plan.step(head));
        if self.shared.cancel.is_cancelled() {
            return self.cancel_in(iteration, slot);
        }
        if self.lacks_input(iteration, slot, &step) {
            return self.leave_out(iteration, slot, IterationStatus::NotRun);
        }
        let executes = step.plan.decision == Decision::Execute;
        if executes && self.is_held_in(Unit { walk: iteration + 1, slot }, &step.plan.node) {
            return;
        }
        self.take_edits_in(iteration, slot);
        let body = self.loop_body(inner);
        let place_of = |index: usize| {
            if index == outer_body.head {
                return Some(LoopSource::Head);
            }
            let member = outer_body.members.iter().position(|member| member.index == index);
            let member = member.map(|slot| LoopSource::Member(slot as u32));
            member.or_else(|| {
                let place = outer_body.outside.iter().position(|&known| known == index)?;
                Some(LoopSource::Outside(place as u32))
            })
        };
        let places: Vec<Option<LoopSource>> = body.outside.iter().map(|&index| place_of(index)).collect();
        let outside = places
            .iter()
            .zip(&body.outside)
            .map(|(place, &index)| {
                let given = place.and_then(|place| self.given_in(iteration, place));
                given.unwrap_or_else(|| self.plan.step(index).given.clone())
            })
            .collect();
        let feed = self.plan.graph().inputs[head].first().cloned();
        let source = outer_body.members[slot].sources.first().copied();
        let input = feed.zip(source).and_then(|(feed, source)| match self.given_in(iteration, source)? {
            Given::Results(results) if results.has_value(&feed.source.port) => {
                let outputs = results.load().ok()?;
                let value = outputs.get(&feed.source.port)?.clone();
                Some((value, results.fingerprint(&feed.source.port)))
            }
            _ => None,
        });
        let fingerprint = input.as_ref().and_then(|(_, fingerprint)| *fingerprint);
        let (before, outside_changed) = self.earlier_inner((iteration, slot), &step, fingerprint, &places);
        let parent = Parent::Inner { iteration, slot };
        self.begin_loop((parent, inner), &step, body, (outside, outside_changed), input.as_ref(), before);
    }

    /// Returns what a source of an iteration has given.
    fn given_in(&mut self, iteration: usize, source: LoopSource) -> Option<Given> {
        let this = self.loops.iteration(iteration);
        match source {
            LoopSource::Head => Some(this.head.clone()),
            LoopSource::Member(slot) => this.given[slot as usize].clone(),
            LoopSource::Outside(place) => {
                let of = this.of;
                self.loops.run(of).outside.get(place as usize).cloned()
            }
        }
    }

    pub(super) fn loop_body(&mut self, number: usize) -> Arc<LoopBody> {
        let plan = &self.plan;
        Arc::clone(self.loops.bodies.entry(number).or_insert_with(|| Arc::new(LoopBody::new(plan, number))))
    }

    fn begin_loop(
        &mut self,
        (parent, number): (Parent, usize),
        step: &Arc<Step>,
        body: Arc<LoopBody>,
        (mut outside, outside_changed): (Vec<Given>, Arc<[bool]>),
        input: Option<&(Value, Option<Fingerprint>)>,
        before: Option<Before>,
    ) {
        let fingerprint = walked_over(step, input);
        let body_fingerprint = self.body_fingerprint(number);
        let cut_off_in = before.as_ref().and_then(|before| before.cut_off_in);
        let (kept, continued) = match before.map(|before| before.record) {
            Some(record) if record.about.is_complete => (Some(record), None),
            before => (None, before),
        };
        let is_replayed = kept.is_some();
        let outside_edits = self.edits_around(parent, &body);
        for edit in &outside_edits {
            if let LoopSource::Outside(place) = edit.source {
                edit_given(&mut outside[place as usize], &edit.port, &edit.results);
            }
        }
        let store = self.shared.store.as_ref().filter(|_| !body.stays_in_memory);
        let goes_on = |before: &LoopRecord| before.log.is_in_memory() == store.is_none();
        let about = about_now(continued.as_deref(), step, &body, fingerprint, goes_on);
        let log = match &continued {
            Some(before) if before.about.id == about.id => before.log.clone(),
            _ => IterationLog::new(about.id, store),
        };
        let n_members = body.members.len();
        let executes_always =
            if is_replayed { self.execute_always(number, &body) } else { vec![true; n_members].into() };
        let now = Instant::now();
        let mut run = LoopRun {
            body,
            parent,
            outside,
            outside_changed,
            outside_edits,
            items: ItemSource::Once,
            at_once: 1,
            goes_on_after_errors: false,
            next_index: 0,
            n_running: 0,
            is_pumped: false,
            is_exhausted: false,
            about,
            body_fingerprint,
            log,
            finished: Finished::default(),
            cursor: None,
            keeps_items: false,
            pinned: None,
            is_from_the_start: !is_replayed && continued.is_none(),
            holds_back: false,
            earlier: kept.map(|record| Earlier { record, rows: VecDeque::new(), next: 0 }),
            executes_always,
            unfinished: HashMap::new(),
            taken_up: VecDeque::new(),
            cut_off: None,
            is_new: vec![false; n_members],
            collected: vec![Vec::new(); n_members],
            state: input.map(|(value, _)| value.clone()).unwrap_or_default(),
            goes_on: true,
            members: (0..n_members).map(|_| MemberStory::default()).collect(),
            newest: None,
            stop: None,
            inner: HashMap::new(),
            began: self.clock.now,
            told: now,
        };
        let input = input.map(|(value, _)| value);
        let is_left_out = |index: usize| {
            let decision = &self.plan.step(index).plan.decision;
            matches!(decision, Decision::NotRun(NotRun::NotNeeded | NotRun::OnlyFeedsPins))
        };
        let is_needed: Vec<bool> = run.body.members.iter().map(|member| !is_left_out(member.index)).collect();
        if let Some(before) = &continued
            && let Err(error) =
                run.take_up(before, step, (input, &is_needed), (self.shared.store.as_ref(), self.shared.run))
        {
            run.stop = Some(Stop::Broken(error));
        }
        let is_same_body =
            |before: &Arc<LoopRecord>| before.about.parts.last().is_some_and(|part| part.body == body_fingerprint);
        if continued.as_ref().is_some_and(is_same_body) {
            let end = run.finished.end() + MAX_AT_ONCE;
            run.cut_off = cut_off_in.map(|cut_off_in| (cut_off_in, end));
        }
        self.open_items(&mut run, step, input.cloned());
        if matches!(parent, Parent::Root(_)) && !is_replayed {
            self.shared.send(EventKind::NodeStarted { node: step.plan.node.clone() });
        }
        if !is_replayed && !run.body.stays_in_memory {
            self.note_loop(&run);
        }
        self.loops.runs.push(Some(Box::new(run)));
        let number = self.loops.runs.len() - 1;
        self.pump(number);
    }

    /// Opens what the loop goes through, behind what is finished.
    fn open_items(&self, run: &mut LoopRun, step: &Step, input: Option<Value>) {
        let Some(kind) = &step.facts.kind else {
            run.stop = Some(Stop::Broken("its kind is unknown".to_owned()));
            return;
        };
        let parameters = ResolvedParameters::new(&kind.parameters, &step.facts.node);
        if let Decision::Pinned { .. } = step.plan.decision {
            run.about.total = Some(1);
            run.pinned = Some(step.given.clone());
            return;
        }
        if kind.role == Role::Repeat {
            let times = parameters.int("times").max(0) as u64;
            run.items = ItemSource::Times(times);
            run.next_index = run.finished.prefix;
            run.about.total = None;
            return;
        }
        run.at_once = parameters.int("at_once").clamp(1, MAX_AT_ONCE.cast_signed()) as usize;
        run.goes_on_after_errors = parameters.text("on_error") == "collect";
        let value = input.unwrap_or_default();
        let from = run.cursor();
        let around = items::Around { folder: &self.shared.folder, secret: &|name| self.shared.memory.secret(name) };
        match items::open(&value, from.as_ref(), around, self.stop_of_reads()) {
            Ok(items) => {
                run.next_index = if from.is_some() { run.finished.prefix } else { 0 };
                run.about.total = items.total;
                // A file can be read again, as long as it is the same; asking a server again may cost.
                run.keeps_items = matches!(&value, Value::Stream(description)
                    if description.get("stream").and_then(Value::as_text) != Some("lines"));
                run.items = match value {
                    Value::Stream(_) => ItemSource::Stream(Stream::new(items)),
                    _ => ItemSource::AtHand(items),
                };
            }
            Err(error) => run.stop = Some(Stop::Broken(error.to_string())),
        }
    }
}

impl LoopRun {
    /// Makes a logged iteration the newest.
    pub(super) fn show_row(&mut self, index: u64, row: IterationRow, given: Outputs) {
        let Some(run) = self.about.run_of(index) else { return };
        let provenance = Provenance::Run(run);
        let kept = |outputs, is_sensitive| Given::Results(Kept::at_hand(outputs, provenance, is_sensitive));
        let head = kept(Arc::new(given), self.body.head_is_sensitive);
        let cells = row.cells.into_iter().zip(&self.body.members);
        let given = cells.map(|(cell, member)| cell.outputs.map(|outputs| kept(outputs, member.is_sensitive)));
        self.newest = Some(Newest { index, head, given: given.collect() });
    }

    /// Returns where items go on behind what is finished.
    fn cursor(&self) -> Option<Value> {
        self.cursor.clone()
    }

    /// Returns what the head gives in an iteration, and the item if the log is to keep it.
    pub(super) fn head_outputs(&self, index: u64, item: Value, run: RunId) -> (Given, Option<Value>) {
        if let Some(pinned) = &self.pinned {
            return (pinned.clone(), None);
        }
        let (port, value) = match &self.items {
            ItemSource::Times(_) => ("state", self.state.clone()),
            _ => ("item", item),
        };
        let kept = self.keeps_items.then(|| value.clone());
        let outputs = Outputs::one(port, value).with("index", index.cast_signed());
        let provenance = Provenance::Run(run);
        (Given::Results(Kept::at_hand(Arc::new(outputs), provenance, self.body.head_is_sensitive)), kept)
    }

    /// Takes what a Collect or Next was given in an iteration.
    pub(super) fn take_contributions(&mut self, index: u64, cells: &[IterationCell]) {
        for (slot, cell) in cells.iter().enumerate() {
            let Some(outputs) = &cell.outputs else { continue };
            match self.body.members.get(slot).map(|member| member.part) {
                Some(Part::Collect) => {
                    if let Some(value) = outputs.get(&"item".into()) {
                        self.collected[slot].push((index, value.clone()));
                    }
                }
                Some(Part::Next) => {
                    if let Some(value) = outputs.get(&"state".into()) {
                        self.state = value.clone();
                    }
                    self.goes_on &= !matches!(outputs.get(&"go_on".into()), Some(Value::Bool(false)));
                }
                _ => {}
            }
        }
    }

    /// Notes which body and run made an iteration.
    pub(super) fn note_part(&mut self, index: u64, run: RunId) {
        let body = self.body_fingerprint;
        // What was taken up between two that are made now is of another run, and may be of another body.
        let is_beside = |part: &LoopPart| {
            let mut between = if index < part.from { index + 1..part.from } else { part.to..index };
            self.about.parts.len() >= MAX_PARTS || !between.any(|index| self.finished.contains(index))
        };
        let grows = self.about.parts.last().is_some_and(is_beside);
        match self.about.parts.last_mut() {
            Some(part) if grows && part.body == body && part.run == run => {
                part.from = part.from.min(index);
                part.to = part.to.max(index + 1);
            }
            _ => self.about.parts.push(LoopPart { from: index, to: index + 1, body, run }),
        }
    }
}

/// Returns the fingerprint of what a loop goes through: of its input, or of what the head's pin gives.
fn walked_over(step: &Step, input: Option<&(Value, Option<Fingerprint>)>) -> Option<Fingerprint> {
    match (&step.plan.decision, &step.given) {
        (Decision::Pinned { .. }, Given::Results(results)) => match pinned_in_a_loop(results) {
            Provenance::Edited(fingerprint) => Some(fingerprint),
            Provenance::Run(_) => None,
        },
        _ => input.and_then(|(_, fingerprint)| *fingerprint),
    }
}

/// The most parts of a loop that are told apart.
const MAX_PARTS: usize = 4_096;

/// Returns what is known of a loop that begins, or goes on behind what an earlier run has of it, in that one's log if it can.
fn about_now(
    continued: Option<&LoopRecord>,
    step: &Step,
    body: &LoopBody,
    input: Option<Fingerprint>,
    can_go_on_in_log: impl Fn(&LoopRecord) -> bool,
) -> LoopAbout {
    match continued {
        Some(before) if before.about.members == body.ids && can_go_on_in_log(before) => {
            LoopAbout { failures: Vec::new(), n_finished: 0, ..before.about.clone() }
        }
        // The body has other nodes now, or its log is to be elsewhere: its rows cannot stand beside those of then.
        Some(before) => LoopAbout {
            id: LoopId::generate(),
            members: body.ids.clone(),
            ports: body.ports.clone(),
            failures: Vec::new(),
            n_finished: 0,
            ..before.about.clone()
        },
        None => LoopAbout {
            id: LoopId::generate(),
            head: step.plan.node.clone(),
            members: body.ids.clone(),
            ports: body.ports.clone(),
            config: step.plan.config,
            input,
            parts: Vec::new(),
            total: None,
            n_finished: 0,
            is_complete: false,
            failures: Vec::new(),
        },
    }
}
