//! The thread that walks the plan. It alone decides and settles; pools only execute and report.

mod execute;
mod kept;

use std::{
    collections::{BTreeSet, VecDeque},
    sync::{Arc, OnceLock, mpsc},
    time::Instant,
};

use jiff::Timestamp;

use self::execute::{Done, Job, Outcome, load_of};
use super::{
    Engine, EventKind, OnEvent, RunRequest,
    host::{Cancel, Shared},
};
use crate::{
    engine::{
        Decision, NodePlan, Plan,
        plan::{is_armed, missing_input, pin_without_input, plan, probe},
    },
    nodes::{Arity, Outputs},
    session::{Capture, Mark},
    store::{
        Arrived, Effect, InputChange, InputRecord, Kept, MarkUsed, Missing, NodeRecord, NotRun, PinPolicy, Provenance,
        Reason, RunHeader, RunId, RunKind, RunRecord, RunStatus, Status,
    },
    workflow::{Feed, NodeId, PortId},
};

/// What a settled node gives: results, or nothing and why.
#[derive(Clone)]
enum Given {
    Results { results: Kept, provenance: Provenance },
    Nothing(fn(NodeId) -> Missing),
}

struct Dispatcher<'a> {
    engine: &'a Engine,
    request: &'a RunRequest,
    plan: Arc<Plan>,
    shared: Arc<Shared>,
    /// For each node how many of those it takes something from are not settled.
    n_unsettled: Vec<usize>,
    given: Vec<Option<Given>>,
    records: Vec<Option<Arc<NodeRecord>>>,
    ready: VecDeque<usize>,
    n_settled: usize,
    sender: mpsc::Sender<Done>,
    /// The node whose failure stops the run.
    stopped_by: Option<NodeId>,
}

/// Makes a run, from planning to its record.
pub(super) fn run(
    engine: &Engine,
    id: RunId,
    request: &RunRequest,
    cancel: &Arc<Cancel>,
    on_event: &OnEvent,
) -> Arc<RunRecord> {
    let started = Instant::now();
    let plan = Arc::new(plan_with_results(engine, request));
    let mut header = RunHeader {
        id,
        session: request.session,
        workflow_id: request.workflow.id(),
        workflow: Arc::clone(&request.workflow),
        path: request.path.clone(),
        kind: request.options.kind,
        targets: request.options.targets.clone(),
        marks: marks_used(request),
        started: Timestamp::now(),
        took: None,
        status: RunStatus::Running,
    };
    if let Some(store) = &engine.store {
        let unsettled =
            plan.nodes.iter().filter(|node| node.decision == Decision::Execute).map(|node| node.node.clone());
        store.begin_run(&header, unsettled.collect());
    }
    let shared = Arc::new(Shared {
        run: id,
        workflow: request.workflow.id(),
        folder: request.folder.clone(),
        cancel: Arc::clone(cancel),
        store: engine.store.clone(),
        on_event: Arc::clone(on_event),
        results: (0..plan.nodes.len()).map(|_| OnceLock::new()).collect(),
        graph: plan.graph.clone(),
    });
    shared.send(EventKind::Started { header: Arc::new(header.clone()), plan: Arc::clone(&plan) });
    let nodes = Dispatcher::walk(engine, request, plan, shared);
    header.status = run_status(request, &nodes);
    header.took = Some(started.elapsed());
    if let Some(store) = &engine.store {
        store.finish_run(id, header.status, started.elapsed());
    }
    Arc::new(RunRecord { header, nodes })
}

/// Plans the run, with everything that will be read from the store at hand: results that turn out to be lost are planned
/// around.
fn plan_with_results(engine: &Engine, request: &RunRequest) -> Plan {
    let mut probes = probe(&request.baseline, &request.marks, engine.store.as_ref());
    loop {
        let options = &request.options;
        let (plan, _) = plan(&request.workflow, &engine.catalogue, &request.marks, &request.baseline, &probes, options);
        let mut n_lost = 0;
        for index in read_by_others(&plan) {
            let node = &plan.nodes[index];
            let results = match node.decision {
                Decision::Pinned { .. } => request.marks.get(&node.node).capture().map(|capture| &capture.results),
                _ => request.baseline.get(&node.node).and_then(|record| record.results.as_ref()),
            };
            let Some(Err(error)) = results.map(Kept::load) else { continue };
            n_lost += 1;
            let lost = match node.decision {
                Decision::Pinned { .. } => &mut probes.lost_pins,
                _ => &mut probes.lost_results,
            };
            lost.insert(node.node.clone(), error.to_string());
        }
        if n_lost == 0 {
            return plan;
        }
    }
}

/// Returns the nodes that give kept results to one that executes, or may.
fn read_by_others(plan: &Plan) -> BTreeSet<usize> {
    let mut read = BTreeSet::new();
    for (index, node) in plan.nodes.iter().enumerate() {
        if node.decision == Decision::Execute || !node.depends_on_releases_of.is_empty() || may_be_released(node) {
            let feeds = plan.graph.inputs[index].iter().map(|feed| feed.from);
            read.extend(
                feeds.filter(|&from| {
                    matches!(plan.nodes[from].decision, Decision::Reuse { .. } | Decision::Pinned { .. })
                }),
            );
        }
    }
    read
}

const fn may_be_released(node: &NodePlan) -> bool {
    matches!(node.decision, Decision::Pinned { may_be_released: true, .. })
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

fn run_status(request: &RunRequest, nodes: &[Arc<NodeRecord>]) -> RunStatus {
    let failed = |record: &&Arc<NodeRecord>| matches!(record.status, Status::Failed(_));
    let excused = |record: &Arc<NodeRecord>| {
        request.workflow.node(&record.node).is_some_and(|node| node.settings.excuses_failure())
    };
    if nodes.iter().any(|record| record.status == Status::Cancelled) {
        RunStatus::Cancelled
    } else if nodes.iter().filter(failed).any(|record| !excused(record)) {
        RunStatus::Failed
    } else if nodes.iter().any(|record| failed(&record)) {
        RunStatus::SucceededWithErrors
    } else {
        RunStatus::Succeeded
    }
}

impl<'a> Dispatcher<'a> {
    fn walk(engine: &'a Engine, request: &'a RunRequest, plan: Arc<Plan>, shared: Arc<Shared>) -> Vec<Arc<NodeRecord>> {
        let n_nodes = plan.nodes.len();
        let (sender, receiver) = mpsc::channel();
        let mut n_unsettled = vec![0; n_nodes];
        for downstream in &plan.graph.downstream {
            for &node in downstream {
                n_unsettled[node] += 1;
            }
        }
        let ordered = plan.graph.ordered;
        let mut dispatcher = Dispatcher {
            engine,
            request,
            plan,
            shared,
            ready: (0..n_nodes).filter(|&node| n_unsettled[node] == 0 || node >= ordered).collect(),
            n_unsettled,
            given: vec![None; n_nodes],
            records: vec![None; n_nodes],
            n_settled: 0,
            sender,
            stopped_by: None,
        };
        while dispatcher.n_settled < n_nodes {
            while let Some(index) = dispatcher.ready.pop_front() {
                dispatcher.advance(index);
            }
            if dispatcher.n_settled < n_nodes {
                // The dispatcher holds a sender itself, so this waits for a node and never finds the channel closed.
                let Ok(done) = receiver.recv() else { break };
                dispatcher.finish(done);
            }
        }
        dispatcher.records.into_iter().flatten().collect()
    }

    fn planned(&self, index: usize) -> &NodePlan {
        &self.plan.nodes[index]
    }

    /// Decides on a node all of whose sources are settled.
    fn advance(&mut self, index: usize) {
        match self.planned(index).decision.clone() {
            Decision::Disabled => self.settle(index, Status::Disabled, None),
            Decision::NotRun(NotRun::InputMissing { .. }) if !self.planned(index).depends_on_releases_of.is_empty() => {
                // A pin above may have been released: what is missing, if anything, is seen only now.
                self.start(index, self.reasons_now(index), None);
            }
            Decision::NotRun(why) => self.settle(index, Status::NotRun(why), None),
            Decision::CannotRun(why) => self.fail(index, why),
            Decision::Pinned { policy, may_be_released } => self.advance_pinned(index, policy, may_be_released),
            Decision::Reuse { from } => match self.reasons_now(index) {
                reasons if reasons.is_empty() => self.reuse(index, from),
                reasons => self.start(index, reasons, None),
            },
            Decision::Execute => match self.past_kept(index, self.reasons_now(index)) {
                (reasons, Some(from)) if reasons.is_empty() => self.reuse(index, from),
                (reasons, _) => self.start(index, reasons, None),
            },
        }
    }

    /// Returns the planned reasons of a node, and those that come of a pin above released in this run.
    fn reasons_now(&self, index: usize) -> Vec<Reason> {
        let planned = self.planned(index);
        let mut reasons = planned.reasons.clone();
        if self.request.options.kind == RunKind::Standard || planned.depends_on_releases_of.is_empty() {
            return reasons;
        }
        let feeds = &self.plan.graph.inputs[index];
        let mut executed: BTreeSet<NodeId> = feeds
            .iter()
            .filter(|feed| self.executed(feed.from))
            .map(|feed| self.plan.graph.ids[feed.from].clone())
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
        let lost: Vec<InputChange> = feeds
            .iter()
            .filter(|feed| self.lost(feed))
            .map(|feed| InputChange::OtherValue(feed.port.clone()))
            .collect();
        if !lost.is_empty() && reasons.is_empty() {
            reasons.push(Reason::InputsChanged(lost));
        }
        reasons
    }

    /// Returns whether a settled node executed in this run.
    fn executed(&self, index: usize) -> bool {
        self.records[index].as_ref().is_some_and(|record| record.started.is_some())
    }

    /// Returns whether a settled node failed in this run.
    fn failed(&self, index: usize) -> bool {
        self.records[index].as_ref().is_some_and(|record| matches!(record.status, Status::Failed(_)))
    }

    /// Returns whether an input's source would have had results, and has none after all.
    fn lost(&self, feed: &Feed) -> bool {
        matches!(self.given[feed.from], Some(Given::Nothing(_)))
            && matches!(self.planned(feed.from).decision, Decision::Reuse { .. } | Decision::Pinned { .. })
    }

    fn advance_pinned(&mut self, index: usize, policy: PinPolicy, may_be_released: bool) {
        let id = self.plan.graph.ids[index].clone();
        let Some(capture) = self.request.marks.get(&id).capture().map(Arc::clone) else {
            return self.fail(index, "its pin has no results".to_owned());
        };
        let release = if may_be_released && policy == PinPolicy::Follow { self.release(index, &capture) } else { None };
        if let Some((port, why)) = release {
            let reason = Reason::InputsChanged(vec![InputChange::OtherValue(port)]);
            return self.start(index, vec![reason], Some(why));
        }
        let status = Status::Pinned { policy, edited: capture.edited, captured_in: capture.captured_in };
        let results = Given::Results { results: capture.results.clone(), provenance: capture.provenance };
        self.settle(index, status, Some(results));
    }

    /// Returns the input on which other data arrives than what a pin's results came from, if a node upstream executed.
    fn release(&self, index: usize, capture: &Capture) -> Option<(PortId, String)> {
        self.plan.graph.inputs[index].iter().find_map(|feed| {
            let now = self.input_record(feed);
            let fresh = now.provenance() == Some(Provenance::Run(self.shared.run)) || self.was_kept(feed.from);
            let before = capture.inputs.iter().find(|before| before.port == feed.port)?;
            (fresh && !now.same_data(before)).then(|| {
                let how = if self.was_kept(feed.from) { "had kept results" } else { "executed" };
                let why = format!("{} {how} and gives other data on {}", now.source.node, feed.port);
                (feed.port.clone(), why)
            })
        })
    }

    fn reuse(&mut self, index: usize, from: Provenance) {
        let id = &self.plan.graph.ids[index];
        let results = self.request.baseline.get(id).and_then(|record| record.results.clone());
        let given = results.map(|results| Given::Results { results, provenance: from });
        self.settle(index, Status::Reused { from }, given);
    }

    /// Executes a node, here or on a pool, if it has what it needs and the run goes on.
    fn start(&mut self, index: usize, reasons: Vec<Reason>, released: Option<String>) {
        let graph = &self.plan.graph;
        let id = graph.ids[index].clone();
        let node = self.request.workflow.node(&id).map(Arc::clone);
        let kind = node.as_ref().and_then(|node| self.engine.catalogue.get(&node.kind)).map(Arc::clone);
        let (Some(node), Some(kind)) = (node, kind) else {
            return self.fail(index, "its kind is unknown".to_owned());
        };
        if self.shared.cancel.is_cancelled() {
            return self.settle(index, Status::Cancelled, None);
        }
        let arrivals: Vec<(&PortId, Option<Missing>)> =
            graph.inputs[index].iter().map(|feed| (&feed.port, self.missing(feed))).collect();
        if let Some(missing) = missing_input(&kind, &arrivals) {
            return self.settle(index, Status::NotRun(missing), None);
        }
        if let Some(failed) = &self.stopped_by {
            let why = NotRun::StoppedByError(failed.clone());
            return self.settle(index, Status::NotRun(why), None);
        }
        let inputs = graph.inputs[index].iter().filter_map(|feed| match &self.given[feed.from] {
            Some(Given::Results { results, .. }) if results.has_value(&feed.from_port) => {
                Some((feed.port.clone(), feed.from_port.clone(), results.clone()))
            }
            _ => None,
        });
        let load = load_of(&kind, &node, self.engine.store.is_some());
        let job = Job {
            index,
            config: self.planned(index).config,
            forced: reasons.contains(&Reason::Forced),
            inputs: inputs.collect(),
            shared: Arc::clone(&self.shared),
            id,
            node,
            kind,
            reasons,
            released,
        };
        let sender = self.sender.clone();
        self.engine.pools.spawn(load, move || {
            let done = job.execute();
            // Only a dispatcher that is gone does not take it, and then nobody asks.
            sender.send(done).unwrap_or_default();
        });
    }

    fn finish(&mut self, done: Done) {
        let index = done.index;
        if let Outcome::Kept(kept) = done.outcome {
            return self.settle_kept(index, kept, done.log, done.released);
        }
        let Some((started, took)) = done.began else {
            return self.settle(index, Status::Cancelled, None);
        };
        let mut record = self.blank_record(index, Status::Cancelled);
        record.started = Some(started);
        record.took = Some(took);
        record.attempts = done.attempts;
        record.log = done.log;
        record.sources = done.sources;
        record.reasons = done.reasons;
        record.released = done.released.or(record.released);
        let mut given = None;
        match done.outcome {
            Outcome::Executed(outputs) => {
                record.status = Status::Executed;
                if self.planned(index).side_effect {
                    record.effect = Effect::Performed;
                }
                given = Some(self.given_now(outputs));
            }
            Outcome::Cancelled | Outcome::Kept(_) => {}
            Outcome::Failed { error, outputs } => {
                record.status = Status::Failed(error);
                given = outputs.map(|outputs| self.given_now(outputs));
            }
        }
        self.settle_record(index, record, given);
    }

    fn given_now(&self, outputs: Arc<Outputs>) -> Given {
        Given::Results { results: Kept::in_memory(outputs), provenance: Provenance::Run(self.shared.run) }
    }

    fn fail(&mut self, index: usize, error: String) {
        self.settle(index, Status::Failed(error), None);
    }

    fn settle(&mut self, index: usize, status: Status, given: Option<Given>) {
        let mut record = self.blank_record(index, status);
        let planned = self.planned(index);
        record.warnings.clone_from(&planned.warnings);
        if planned.side_effect && !matches!(record.status, Status::Failed(_)) {
            record.effect = Effect::HeldBack;
        }
        if matches!(record.status, Status::Reused { .. } | Status::Pinned { .. }) {
            self.add_what_is_kept(index, &mut record);
        }
        self.settle_record(index, record, given);
    }

    /// Adds what a node that does not execute has from its last execution.
    fn add_what_is_kept(&self, index: usize, record: &mut NodeRecord) {
        if let Some(before) = self.request.baseline.get(&record.node) {
            record.sources.clone_from(&before.sources);
        }
        if matches!(record.status, Status::Pinned { .. }) {
            self.add_what_a_pin_came_from(record);
            let kind = self.engine.catalogue.get(&record.as_it_was.kind);
            for feed in &self.plan.graph.inputs[index] {
                let port = kind.and_then(|kind| kind.input_port(&feed.port));
                let warning = pin_without_input(&feed.port);
                let required = port.is_some_and(|port| port.arity == Arity::Required);
                if required && self.missing(feed).is_some() && !record.warnings.contains(&warning) {
                    record.warnings.push(warning);
                }
            }
        }
    }

    /// Makes the record of a pinned node say what its results came from: its parameters of now had no part in them.
    fn add_what_a_pin_came_from(&self, record: &mut NodeRecord) {
        if let Some(capture) = self.request.marks.get(&record.node).capture() {
            record.as_it_was = Arc::clone(&capture.as_it_was);
            record.config = capture.config;
            record.recipe = capture.recipe;
            record.inputs.clone_from(&capture.inputs);
            record.sources.clone_from(&capture.sources);
        }
    }

    fn settle_record(&mut self, index: usize, mut record: NodeRecord, given: Option<Given>) {
        if let Some(Given::Results { results, provenance }) = &given {
            record.results = Some(results.clone());
            record.provenance = Some(*provenance);
            self.shared.results[index].get_or_init(|| results.clone());
        }
        if matches!(record.status, Status::Failed(_))
            && self.request.workflow.settings().stop_at_first_error
            && !record.as_it_was.settings.excuses_failure()
        {
            self.stopped_by.get_or_insert_with(|| record.node.clone());
        }
        let nothing: fn(NodeId) -> Missing = match record.status {
            Status::Disabled => Missing::UpstreamDisabled,
            Status::Failed(_) => Missing::UpstreamFailed,
            _ => Missing::UpstreamDidNotRun,
        };
        self.given[index] = Some(given.unwrap_or(Given::Nothing(nothing)));
        let record = Arc::new(record);
        if let Some(store) = &self.engine.store {
            store.settle(self.request.session, Arc::clone(&record));
        }
        self.records[index] = Some(Arc::clone(&record));
        self.n_settled += 1;
        self.shared.send(EventKind::NodeSettled(record));
        let plan = Arc::clone(&self.plan);
        for &next in &plan.graph.downstream[index] {
            self.n_unsettled[next] -= 1;
            if self.n_unsettled[next] == 0 && next < plan.graph.ordered {
                self.ready.push_back(next);
            }
        }
    }

    fn blank_record(&self, index: usize, status: Status) -> NodeRecord {
        let planned = self.planned(index);
        let id = &planned.node;
        let node = self.request.workflow.node(id).expect("the graph was made from this workflow");
        NodeRecord {
            run: self.shared.run,
            node: id.clone(),
            as_it_was: Arc::clone(node),
            status,
            reasons: Vec::new(),
            config: planned.config,
            recipe: planned.recipe,
            inputs: self.plan.graph.inputs[index].iter().map(|feed| self.input_record(feed)).collect(),
            results: None,
            provenance: None,
            started: None,
            took: None,
            attempts: Vec::new(),
            log: Vec::new(),
            sources: Vec::new(),
            effect: Effect::None,
            released: planned.released.as_ref().map(|release| release.0.clone()),
            warnings: Vec::new(),
        }
    }

    fn input_record(&self, feed: &Feed) -> InputRecord {
        let arrived = match &self.given[feed.from] {
            Some(Given::Results { results, provenance }) if results.has_value(&feed.from_port) => {
                Arrived::Results { provenance: *provenance, results: results.clone() }
            }
            _ => Arrived::NoValue,
        };
        InputRecord { port: feed.port.clone(), source: self.plan.graph.source(feed), arrived }
    }

    /// Returns why nothing arrives on an input, if nothing does.
    fn missing(&self, feed: &Feed) -> Option<Missing> {
        let upstream = self.plan.graph.ids[feed.from].clone();
        match &self.given[feed.from] {
            Some(Given::Results { results, .. }) if results.has_value(&feed.from_port) => None,
            Some(Given::Results { .. }) if self.failed(feed.from) => Some(Missing::UpstreamFailed(upstream)),
            Some(Given::Results { .. }) => Some(Missing::BranchNotTaken(upstream)),
            Some(Given::Nothing(why)) => Some(why(upstream)),
            None => Some(Missing::UpstreamDidNotRun(upstream)),
        }
    }
}
