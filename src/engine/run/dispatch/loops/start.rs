//! How a loop begins: from its start, or behind the last iteration of a run that was stopped, or over the iterations of one that
//! had been completed.

use std::{collections::HashMap, sync::Arc, time::Instant};

use super::{
    Earlier, Finished, LoopRun, MemberStory, Newest, Parent, ROWS_AT_ONCE, Stop, items::ItemSource, items::Stream,
};
use crate::{
    engine::{
        Decision,
        plan::{Given, Step},
        run::{
            EventKind,
            body::Source,
            dispatch::{Dispatcher, Slot},
            loop_body::{LoopBody, LoopSource, Part},
        },
    },
    nodes::{Outputs, ResolvedParameters, Role, items},
    store::{
        IterationCell, IterationLog, IterationRow, IterationStatus, Kept, LoopAbout, LoopId, LoopPart, LoopRecord,
        Provenance, Reason, RunId, Status, Store,
    },
    value::{Fingerprint, Value},
};

impl Dispatcher<'_> {
    /// Begins a loop outside of all others.
    pub(in crate::engine::run::dispatch) fn start_loop(&mut self, slot: Slot, number: usize) {
        let head = self.body.members[slot].index;
        let body = self.loop_body(number);
        let input = self.feeds(slot).next().and_then(|(feed, source)| match self.given(source) {
            Some(Given::Results(results)) if results.has_value(&feed.source.port) => {
                Some((results.clone(), feed.source.port.clone()))
            }
            _ => None,
        });
        let outside = body
            .outside
            .iter()
            .map(|&index| {
                let source = self.body.slot(index).map_or(Source::Outside(index), |slot| Source::Member(slot as u32));
                self.given(source).cloned().unwrap_or_else(|| self.plan.step(index).given.clone())
            })
            .collect();
        let input = input.map(|(results, port)| {
            let fingerprint = results.fingerprint(&port);
            results.load().map(|outputs| (outputs.get(&port).cloned().unwrap_or_default(), fingerprint))
        });
        let input = match input.transpose() {
            Ok(input) => input,
            Err(error) => return self.fail(slot, error.to_string()),
        };
        self.begin_loop(Parent::Root(slot), number, head, body, outside, input);
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
            .into_iter()
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
        self.begin_loop(Parent::Inner { iteration, slot }, inner, head, body, outside, input);
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

    fn loop_body(&mut self, number: usize) -> Arc<LoopBody> {
        let plan = &self.plan;
        Arc::clone(self.loops.bodies.entry(number).or_insert_with(|| Arc::new(LoopBody::new(plan, number))))
    }

    fn begin_loop(
        &mut self,
        parent: Parent,
        number: usize,
        head: usize,
        body: Arc<LoopBody>,
        outside: Vec<Given>,
        input: Option<(Value, Option<Fingerprint>)>,
    ) {
        let step = Arc::clone(self.plan.step(head));
        let fingerprint = input.as_ref().and_then(|(_, fingerprint)| *fingerprint);
        let body_fingerprint = self.plan.loop_fingerprint(number);
        let before = match parent {
            Parent::Root(_) => self.earlier_loop(&step, fingerprint),
            Parent::Inner { .. } => None,
        };
        let is_replayed = before.as_ref().is_some_and(|before| before.about.is_complete)
            && matches!(step.plan.decision, Decision::Reuse { .. });
        let goes_on = before.as_ref().is_some_and(|before| !before.about.is_complete);
        let kept = if is_replayed { before.clone() } else { None };
        let continued = before.filter(|_| goes_on);
        let about = match &continued {
            Some(before) if before.about.members == body.ids => {
                LoopAbout { failures: Vec::new(), n_finished: 0, ..before.about.clone() }
            }
            // The body has other nodes now: its rows cannot stand beside those of then.
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
                input: fingerprint,
                parts: Vec::new(),
                total: None,
                n_finished: 0,
                is_complete: false,
                failures: Vec::new(),
            },
        };
        let log = match &continued {
            Some(before) if before.about.id == about.id => before.log.clone(),
            _ => IterationLog::new(about.id, self.shared.store.as_ref()),
        };
        let n_members = body.members.len();
        let executes_always = (0..n_members).map(|slot| kept.is_none() || self.executes_always(&body, slot)).collect();
        let now = Instant::now();
        let mut run = LoopRun {
            body,
            parent,
            outside,
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
            earlier: kept.map(|record| Earlier { record, rows: std::collections::VecDeque::new(), next: 0 }),
            executes_always,
            collected: vec![Vec::new(); n_members],
            state: Value::Null,
            goes_on: true,
            members: (0..n_members).map(|_| MemberStory::default()).collect(),
            newest: None,
            stop: None,
            inner: HashMap::new(),
            began: self.clock.now,
            told: now,
        };
        if let Some(before) = &continued
            && let Err(error) = run.take_up(before, self.shared.store.as_ref(), self.shared.run)
        {
            run.stop = Some(Stop::Broken(error));
        }
        self.open_items(&mut run, &step, input.map(|(value, _)| value));
        if matches!(parent, Parent::Root(_)) {
            if !is_replayed {
                self.shared.send(EventKind::NodeStarted { node: step.plan.node.clone() });
            }
            self.note_loop(&run);
        }
        self.loops.runs.push(Some(Box::new(run)));
        let number = self.loops.runs.len() - 1;
        self.pump(number);
    }

    /// Returns whether a member executes in every iteration, whatever came of it in an earlier run: for a reason of its own.
    fn executes_always(&self, body: &LoopBody, slot: usize) -> bool {
        let step = self.plan.step(body.members[slot].index);
        let is_inside = |node| {
            self.plan
                .graph()
                .index(node)
                .is_some_and(|index| index == body.head || body.members.iter().any(|member| member.index == index))
        };
        let has_reason = step.plan.decision == Decision::Execute
            && step.plan.reasons.iter().any(|reason| match reason {
                Reason::FailedLastTime(_) => false,
                Reason::UpstreamExecutes(nodes) => !nodes.iter().all(is_inside),
                _ => true,
            });
        // What an inner loop does is looked at as a whole.
        let inner_executes = match body.members[slot].part {
            Part::Head(inner) => {
                let inner = &self.plan.loops().loops[inner];
                inner.members.iter().any(|&index| self.plan.step(index).may_execute())
            }
            _ => false,
        };
        has_reason || inner_executes
    }

    /// Returns what an earlier run has of a loop, if that can be gone on with or reused: the same head over the same data.
    fn earlier_loop(&self, step: &Step, input: Option<Fingerprint>) -> Option<Arc<LoopRecord>> {
        let is_forced = step.plan.reasons.contains(&Reason::Forced);
        if is_forced || self.request.options.kind == crate::store::RunKind::Standard {
            return None;
        }
        let record = self.request.baseline.get(&step.plan.node)?;
        let known = record.iterations.as_ref().map(|iterations| Arc::clone(&iterations.of));
        let known = known.or_else(|| self.interrupted_loop(record))?;
        (known.about.config == step.plan.config && known.about.input == input).then_some(known)
    }

    /// Returns what the store has of a loop that the program did not live to finish.
    fn interrupted_loop(&self, record: &crate::store::NodeRecord) -> Option<Arc<LoopRecord>> {
        let store = self.shared.store.as_ref()?;
        if record.status != Status::Interrupted {
            return None;
        }
        let (id, about) = store.loop_of(record.run, &record.node, None).ok().flatten()?;
        let about: LoopAbout = postcard::from_bytes(&about).ok()?;
        Some(Arc::new(LoopRecord { log: IterationLog::new(id, Some(store)), about: LoopAbout { id, ..about } }))
    }

    /// Notes in the store that a loop goes on, so that it can be found if the program ends.
    fn note_loop(&self, run: &LoopRun) {
        let Some(store) = &self.shared.store else { return };
        let mut about = run.about.clone();
        about.parts.push(LoopPart {
            from: run.finished.prefix,
            to: u64::MAX,
            body: run.body_fingerprint,
            run: self.shared.run,
        });
        match postcard::to_stdvec(&about) {
            Ok(bytes) => store.begin_loop(run.about.id, self.shared.run, &run.about.head, None, bytes),
            Err(error) => tracing::error!("a loop cannot be noted: {error}"),
        }
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
            if run.finished.prefix == 0 {
                run.state = input.unwrap_or_default();
            }
            run.next_index = run.finished.prefix;
            run.about.total = None;
            return;
        }
        run.at_once = parameters.int("at_once").clamp(1, 256) as usize;
        run.goes_on_after_errors = parameters.text("on_error") == "collect";
        let value = input.unwrap_or_default();
        let from = run.cursor();
        match items::open(&value, from.as_ref(), &self.shared.folder, self.stop_of_reads()) {
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
    /// Takes up what a run that was stopped has finished.
    fn take_up(&mut self, before: &LoopRecord, store: Option<&Store>, run: RunId) -> Result<(), String> {
        let is_same_log = before.about.id == self.about.id;
        let places = places_in(&before.about, &self.body);
        let mut from = 0;
        let mut newest: Option<(u64, IterationRow)> = None;
        loop {
            let rows =
                before.log.rows(from..from + ROWS_AT_ONCE, &before.about.ports).map_err(|error| error.to_string())?;
            if rows.is_empty() {
                break;
            }
            from += ROWS_AT_ONCE;
            for (index, row) in rows.into_iter().filter(|(_, row)| row.is_finished) {
                let row = in_places(row, &places);
                if !is_same_log {
                    self.log.append(store, run, index, &row, &self.about.ports);
                }
                self.take_contributions(index, &row.cells);
                self.finished.insert(index);
                self.about.n_finished += 1;
                if index + 1 == self.finished.prefix {
                    self.cursor = Some(row.next.clone());
                }
                newest = Some((index, row));
            }
        }
        // Parts end where iterations do.
        let end = newest.as_ref().map_or(0, |(index, _)| index + 1);
        for part in &mut self.about.parts {
            part.to = part.to.min(end);
        }
        self.about.parts.retain(|part| part.from < part.to);
        if let Some((index, row)) = newest {
            self.show_row(index, row);
        }
        Ok(())
    }

    /// Makes a logged iteration the newest.
    fn show_row(&mut self, index: u64, row: IterationRow) {
        let run = self.run_of(index);
        let provenance = Provenance::Run(run);
        let item = row.item.unwrap_or_default();
        let head = Arc::new(Outputs::one("item", item).with("index", index.cast_signed()));
        let given = row
            .cells
            .into_iter()
            .map(|cell| cell.outputs.map(|outputs| Given::Results(Kept::in_memory(outputs, provenance))));
        self.newest =
            Some(Newest { index, head: Given::Results(Kept::in_memory(head, provenance)), given: given.collect() });
    }

    /// Returns the run that made an iteration.
    fn run_of(&self, index: u64) -> RunId {
        let part = self.about.parts.iter().rev().find(|part| (part.from..part.to).contains(&index));
        part.or_else(|| self.about.parts.last()).map_or(RunId(ulid::Ulid::nil()), |part| part.run)
    }

    /// Returns where items go on behind what is finished.
    fn cursor(&self) -> Option<Value> {
        self.cursor.clone()
    }

    /// Returns the item of the next iteration, if an earlier run has kept it.
    pub(super) fn kept_item(&mut self) -> Option<super::items::Next> {
        let index = self.next_index;
        if let Err(error) = self.fill_rows() {
            return Some(super::items::Next::Broken(error));
        }
        let (known, row) = self.earlier.as_ref()?.rows.front()?;
        let item = row.item.clone().filter(|_| *known == index)?;
        Some(super::items::Next::Item(items::Item { value: item, next: row.next.clone() }))
    }

    /// Reads more iterations of an earlier run, if none are at hand.
    fn fill_rows(&mut self) -> Result<(), String> {
        let Some(earlier) = &mut self.earlier else { return Ok(()) };
        if earlier.rows.is_empty() && earlier.next < earlier.record.about.n_finished {
            let range = earlier.next..earlier.next + ROWS_AT_ONCE;
            earlier.next = range.end;
            let rows =
                earlier.record.log.rows(range, &earlier.record.about.ports).map_err(|error| error.to_string())?;
            let places = places_in(&earlier.record.about, &self.body);
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
        (Given::Results(Kept::in_memory(Arc::new(outputs), Provenance::Run(run))), kept)
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
                    self.goes_on = !matches!(outputs.get(&"go_on".into()), Some(Value::Bool(false)));
                }
                _ => {}
            }
        }
    }

    /// Notes which body and run made an iteration.
    pub(super) fn note_part(&mut self, index: u64, run: RunId) {
        let body = self.body_fingerprint;
        match self.about.parts.last_mut() {
            Some(part) if part.body == body && part.run == run => {
                part.from = part.from.min(index);
                part.to = part.to.max(index + 1);
            }
            _ => self.about.parts.push(LoopPart { from: index, to: index + 1, body, run }),
        }
    }
}

/// Returns for each member of a body where it stands in the rows of an earlier run.
fn places_in(before: &LoopAbout, body: &LoopBody) -> Vec<Option<usize>> {
    body.ids.iter().map(|id| before.members.iter().position(|known| known == id)).collect()
}

/// Returns a row with its cells where the body of now has them. A node that was not there has failed, as it were: what was
/// never done is done.
fn in_places(row: IterationRow, places: &[Option<usize>]) -> IterationRow {
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
