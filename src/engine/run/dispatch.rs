//! The thread that walks the plan. It alone decides and settles; pools only execute and report.

mod decide;
mod execute;
mod hold;
mod loops;
mod settle;

use std::{
    collections::VecDeque,
    sync::{Arc, OnceLock, mpsc},
    time::Instant,
};

use jiff::Timestamp;

use self::{
    execute::Done,
    hold::Hold,
    loops::{Fetched, Loops},
};
use super::{
    Engine, EventKind, OnEvent, RunRequest,
    body::{Body, Source},
    cancel::Cancel,
    control::Control,
    host::Shared,
};
use crate::{
    engine::{
        Decision, NodePlan, Plan, Probes,
        plan::{Given, Step, is_armed, probe},
    },
    session::Mark,
    store::{MarkUsed, NodeRecord, NotRun, OptionsUsed, RecordMap, RunHeader, RunId, RunRecord, RunStatus},
    workflow::{Feed, NodeId},
};

/// A member of a body that is walked, by its slot.
type Slot = usize;

/// A node to be executed: which walk, and which member of its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Unit {
    walk: usize,
    slot: Slot,
}

impl Unit {
    /// Returns a node outside of all loops.
    const fn at(slot: Slot) -> Self {
        Self { walk: 0, slot }
    }

    const fn is_outside_loops(self) -> bool {
        self.walk == 0
    }
}

/// What reaches the dispatcher from other threads.
pub(super) enum Message {
    /// A node has executed.
    Done(Box<Done>),
    /// Items of a stream were read.
    Fetched(Box<Fetched>),
    /// Something is asked of the run.
    Wake,
}

struct Dispatcher<'a> {
    engine: &'a Engine,
    request: &'a RunRequest,
    plan: &'a Plan,
    body: &'a Body,
    /// What is planned for each member.
    steps: Vec<&'a Arc<Step>>,
    shared: Arc<Shared>,
    /// For each member how many wires lead to it from members that are not settled.
    n_unsettled: Vec<u32>,
    records: Vec<Option<Arc<NodeRecord>>>,
    ready: VecDeque<Unit>,
    loops: Loops,
    n_settled: usize,
    sender: mpsc::Sender<Message>,
    /// How the run would end if no more nodes failed.
    status: RunStatus,
    /// The node whose failure stops the run.
    stopped_by: Option<NodeId>,
    /// Whether any node came out other than planned, so that those below must look again at why they execute.
    surprised: bool,
    clock: Clock,
    hold: Hold,
}

/// When the run began, and what time it was last: one look at the clock serves for the end of a node and the start of the
/// next.
#[derive(Clone, Copy)]
struct Clock {
    began: Instant,
    began_at: Timestamp,
    now: Instant,
}

impl Clock {
    fn start() -> Self {
        let now = Instant::now();
        Self { began: now, began_at: Timestamp::now(), now }
    }

    /// Returns the date of a moment of the run.
    fn date(&self, moment: Instant) -> Timestamp {
        let since = moment.saturating_duration_since(self.began);
        let nanos = self.began_at.subsec_nanosecond() + since.subsec_nanos().cast_signed();
        let secs = self.began_at.as_second().saturating_add_unsigned(since.as_secs());
        let carried = nanos / 1_000_000_000;
        Timestamp::new(secs.saturating_add(carried.into()), nanos % 1_000_000_000).unwrap_or(self.began_at)
    }
}

/// Makes a run, from planning to its record.
pub(super) fn run(
    engine: &Engine,
    id: RunId,
    request: &RunRequest,
    (cancel, control): (&Arc<Cancel>, &Arc<Control>),
    on_event: &OnEvent,
) -> Arc<RunRecord> {
    let clock = Clock::start();
    let plan = plan_with_results(engine, request);
    let mut header = RunHeader {
        id,
        session: request.session,
        workflow_id: request.workflow.id(),
        workflow: Arc::clone(&request.workflow),
        path: request.path.clone(),
        kind: request.options.kind,
        part: request.options.part.clone(),
        options: OptionsUsed {
            stop_at_equal_data: request.options.stop_at_equal_data,
            skip_what_only_feeds_pins: request.options.skip_what_only_feeds_pins,
            dry_run: request.options.dry_run,
        },
        marks: marks_used(request),
        started: clock.began_at,
        took: None,
        status: RunStatus::Running,
    };
    let body = plan.body();
    if let Some(store) = &engine.store {
        let unsettled = plan
            .active()
            .map(|index| &plan.step(index).plan)
            .filter(|node| matches!(node.decision, Decision::Execute | Decision::NotRun(NotRun::HeldBack)))
            .map(|node| node.node.clone());
        let (plan, base) = (plan.clone(), request.baseline.records().clone());
        store.begin_run(&header, unsettled.collect(), move || reused(&plan, &base));
    }
    let shared = Arc::new(Shared {
        run: id,
        folder: request.folder.clone(),
        cancel: Arc::clone(cancel),
        control: Arc::clone(control),
        store: engine.store.clone(),
        memory: engine.memory(request.workflow.id()),
        on_event: Arc::clone(on_event),
        given: (0..body.members.len()).map(|_| OnceLock::new()).collect(),
        body: Arc::clone(&body),
        plan: plan.clone(),
    });
    shared.send(EventKind::Started { header: Arc::new(header.clone()), plan: Arc::new(plan.clone()) });
    let (own, status) = Dispatcher::walk(engine, request, &plan, &body, shared, clock);
    header.status = status;
    header.took = Some(clock.began.elapsed());
    if let Some(store) = &engine.store {
        store.finish_run(id, header.status, clock.began.elapsed());
    }
    let order = Arc::clone(&plan.graph().ids);
    Arc::new(RunRecord::new(header, order, own, request.baseline.records().clone()))
}

/// Returns the nodes that a run merely reuses, each with the run whose record is theirs.
fn reused(plan: &Plan, base: &RecordMap) -> Vec<(NodeId, RunId)> {
    let is_reused = |node: &&NodePlan| matches!(node.decision, Decision::Reuse { .. });
    plan.nodes().filter(is_reused).filter_map(|node| Some((node.node.clone(), base.get(&node.node)?.run))).collect()
}

/// Plans the run, with everything that will be read from the store at hand: results that turn out to be lost are planned
/// around.
fn plan_with_results(engine: &Engine, request: &RunRequest) -> Plan {
    let mut probes = probe(&request.baseline, &request.marks, engine.store.as_ref());
    loop {
        let plan = engine.plan(request, &probes);
        if !note_lost(&plan, &mut probes) {
            return plan;
        }
    }
}

/// Reads the kept results that nodes which execute, or may, take something from; returns whether any were lost.
fn note_lost(plan: &Plan, probes: &mut Probes) -> bool {
    let mut any = false;
    let body = plan.body();
    let steps = body.steps(plan);
    let reads = |step: &Step| {
        let may_be_released = matches!(step.plan.decision, Decision::Pinned { may_be_released: true, .. });
        step.plan.decision == Decision::Execute || may_be_released || !step.plan.depends_on_releases_of.is_empty()
    };
    let readers = body.members.iter().zip(&steps).filter(|(_, step)| reads(step));
    for source in readers.flat_map(|(member, _)| &member.sources) {
        let step = match *source {
            Source::Member(slot) => steps[slot as usize],
            Source::Outside(index) => plan.step(index),
        };
        let Given::Results(results) = &step.given else { continue };
        let Err(error) = results.load() else { continue };
        any = true;
        let lost = match step.plan.decision {
            Decision::Pinned { .. } => &mut probes.lost_pins,
            _ => &mut probes.lost_results,
        };
        lost.insert(step.plan.node.clone(), error.to_string());
    }
    any
}

fn marks_used(request: &RunRequest) -> Vec<(NodeId, MarkUsed)> {
    let used = |mark: &Mark| match mark {
        Mark::Default => None,
        Mark::Disabled => Some(MarkUsed::Disabled),
        Mark::Forced => Some(MarkUsed::Forced),
        Mark::Pinned(pin) if is_armed(mark) => Some(MarkUsed::Armed(pin.policy)),
        Mark::Pinned(pin) => Some(MarkUsed::Pinned(pin.policy)),
    };
    request
        .marks
        .iter()
        .filter(|(node, _)| request.workflow.node(node).is_some())
        .filter_map(|(node, mark)| Some((node.clone(), used(mark)?)))
        .collect()
}

impl<'a> Dispatcher<'a> {
    fn walk(
        engine: &'a Engine,
        request: &'a RunRequest,
        plan: &'a Plan,
        body: &'a Body,
        shared: Arc<Shared>,
        clock: Clock,
    ) -> (Vec<Arc<NodeRecord>>, RunStatus) {
        let n_members = body.members.len();
        let (sender, receiver) = mpsc::channel();
        shared.control.listen(sender.clone(), &shared);
        let n_unsettled: Vec<u32> = body.members.iter().map(|member| member.n_inside).collect();
        let mut dispatcher = Dispatcher {
            engine,
            request,
            plan,
            shared,
            ready: (0..n_members).filter(|&slot| n_unsettled[slot] == 0).map(Unit::at).collect(),
            loops: Loops::default(),
            body,
            steps: body.steps(plan),
            n_unsettled,
            records: vec![None; n_members],
            n_settled: 0,
            sender,
            status: RunStatus::Succeeded,
            stopped_by: None,
            surprised: false,
            clock: Clock { now: Instant::now(), ..clock },
            hold: Hold::default(),
        };
        while dispatcher.n_settled < n_members {
            while let Some(unit) = dispatcher.ready.pop_front() {
                if unit.is_outside_loops() {
                    dispatcher.advance(unit.slot);
                } else {
                    dispatcher.advance_in(unit.walk - 1, unit.slot);
                }
            }
            if dispatcher.n_settled < n_members {
                // The dispatcher holds a sender itself, so this waits for a node and never finds the channel closed.
                dispatcher.tell_of_pause();
                let Ok(message) = receiver.recv() else { break };
                dispatcher.clock.now = Instant::now();
                match message {
                    Message::Done(done) if done.unit.is_outside_loops() => {
                        dispatcher.settle_execution(done.unit.slot, done.outcome, done.execution);
                    }
                    Message::Done(done) => dispatcher.executed_in(done.unit, done.outcome, done.execution),
                    Message::Fetched(fetched) => dispatcher.fetched(*fetched),
                    Message::Wake => dispatcher.follow_orders(),
                }
            }
        }
        let mut records: Vec<Arc<NodeRecord>> = dispatcher.records.into_iter().flatten().collect();
        if !dispatcher.loops.records.is_empty() {
            records.append(&mut dispatcher.loops.records);
            records.sort_by_cached_key(|record| dispatcher.plan.graph().index(&record.node));
        }
        (records, dispatcher.status)
    }

    /// Returns whether a node that is about to execute is not to, for what it would change outside.
    fn holds_back(&self, step: &Step) -> bool {
        self.request.options.dry_run && step.facts.side_effect
    }

    fn step(&self, slot: Slot) -> &'a Arc<Step> {
        self.steps[slot]
    }

    /// Returns the wires of a member, each with where it comes from.
    fn feeds(&self, slot: Slot) -> impl ExactSizeIterator<Item = (&'a Feed, Source)> + use<'a> {
        let member = &self.body.members[slot];
        self.plan.graph().inputs[member.index].iter().zip(member.sources.iter().copied())
    }

    /// Returns what a node has given; nothing yet if it is not settled.
    fn given(&self, source: Source) -> Option<&Given> {
        match source {
            Source::Member(slot) => self.shared.given[slot as usize].get(),
            Source::Outside(index) => Some(&self.plan.step(index).given),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_moment_of_a_run_has_its_date_across_a_full_second() {
        let began = Instant::now();
        let began_at = Timestamp::new(1_700_000_000, 900_000_000).unwrap();
        let clock = Clock { began, began_at, now: began };
        assert_eq!(clock.date(began), began_at);
        let later = began + Duration::from_millis(2_250);
        assert_eq!(clock.date(later), Timestamp::new(1_700_000_003, 150_000_000).unwrap());
    }
}
