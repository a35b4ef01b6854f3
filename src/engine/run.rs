//! Running: one thread walks the plan and owns the run's state; two pools execute nodes and report back to it.

pub(super) mod body;
mod cancel;
mod control;
mod dispatch;
mod host;
mod loop_body;
mod memory;
mod pools;
mod sync;
mod threads;
#[cfg(test)]
mod threads_tests;

use std::{
    collections::BTreeSet,
    fmt,
    path::PathBuf,
    sync::{Arc, Mutex, OnceLock, PoisonError, mpsc},
};

pub use self::control::ReplaceError;
use self::{cancel::Cancel, control::Control, memory::Memory, pools::Pools, threads::RunThreads};
use super::{Plan, PlanOptions, Planner, Probes};
use crate::{
    nodes::{Catalogue, Load},
    session::{Baseline, Marks},
    store::{LogLine, LoopRecord, NodeRecord, RunHeader, RunId, RunKind, RunRecord, SessionId, Store},
    value::Value,
    workflow::{NodeId, PortId, Workflow, WorkflowId},
};

/// What to run: a snapshot, so that editing may go on.
#[derive(Clone, Debug)]
pub struct RunRequest {
    /// The workflow.
    pub workflow: Arc<Workflow>,
    /// The file it came from.
    pub path: Option<PathBuf>,
    /// The folder that relative paths start from.
    pub folder: PathBuf,
    /// The session.
    pub session: SessionId,
    /// The marks in force.
    pub marks: Marks,
    /// What Resume starts from.
    pub baseline: Arc<Baseline>,
    /// Standard or resumed, all or part.
    pub options: PlanOptions,
    /// The nodes before which the run pauses instead of executing them.
    pub breakpoints: BTreeSet<NodeId>,
}

impl RunRequest {
    /// Returns a request to run a workflow as if nothing had been run or marked before, in a session of its own.
    pub fn new(workflow: impl Into<Arc<Workflow>>, options: PlanOptions) -> Self {
        Self {
            workflow: workflow.into(),
            path: None,
            folder: PathBuf::new(),
            session: SessionId::generate(),
            marks: Marks::default(),
            baseline: Arc::default(),
            options,
            breakpoints: BTreeSet::new(),
        }
    }
}

/// Something that happened in a run.
#[derive(Clone, Debug)]
pub struct Event {
    /// The run.
    pub run: RunId,
    /// What happened.
    pub kind: EventKind,
}

/// What happens in a run.
#[derive(Clone, Debug)]
pub enum EventKind {
    /// It begins; this is what it will do.
    Started {
        /// The run.
        header: Arc<RunHeader>,
        /// What it will do.
        plan: Arc<Plan>,
    },
    /// A node begins to execute.
    NodeStarted {
        /// The node.
        node: NodeId,
    },
    /// A node reports.
    NodeProgress {
        /// The node.
        node: NodeId,
        /// How much is done, 0 to 1.
        fraction: f32,
        /// What it is at.
        message: String,
        /// Of the head of a loop what the loop did so far.
        so_far: Option<Arc<LoopRecord>>,
    },
    /// A node wrote a line.
    NodeLogged {
        /// The node.
        node: NodeId,
        /// The line.
        line: LogLine,
        /// Whether it is a sensitive node's, to be shown only when asked for.
        is_sensitive: bool,
    },
    /// The run is paused: running nodes finish, nothing starts. Sent again when other nodes wait.
    Paused {
        /// The nodes that are about to execute.
        waiting: Vec<NodeId>,
        /// Whether one of them has a breakpoint.
        at_breakpoint: bool,
        /// Where the first of them is in a loop, if any is.
        inside: Option<Arc<PausedInside>>,
    },
    /// The run goes on after a pause.
    Continued,
    /// A node is settled.
    NodeSettled(Arc<NodeRecord>),
    /// All nodes are settled and nothing runs any more. Always the last event.
    Finished(Arc<RunRecord>),
}

/// Where a paused run is in a loop.
#[derive(Clone, Debug)]
pub struct PausedInside {
    /// Which iteration, from 0; of loops inside of each other the innermost.
    pub index: u64,
    /// What the nodes of that iteration, and of those around it, have given so far. The loop's head gives its item.
    pub records: Vec<Arc<NodeRecord>>,
}

/// Runs workflows on two pools: one the size of the machine for what computes, a larger one for what waits.
#[derive(Clone)]
pub struct Engine {
    catalogue: Arc<Catalogue>,
    store: Option<Store>,
    /// Of one whose runs leave nothing behind: where their nodes look up secrets and what they remember.
    looks_in: Option<Store>,
    pools: Arc<Pools>,
    threads: Arc<RunThreads>,
    /// One for each workflow and kind of run, dry or not, that was planned lately, the newest last.
    planners: Arc<Mutex<Planners>>,
}

type Planners = Vec<((WorkflowId, RunKind, bool), Planner)>;

/// How many planners are kept: each knows one workflow whole.
const MAX_PLANNERS: usize = 8;

/// Of so many records it takes longer to drop them than to have another thread do it.
const N_DROPPED_ELSEWHERE: usize = 1000;

/// A run that goes on.
pub struct RunHandle {
    id: RunId,
    cancel: Arc<Cancel>,
    control: Arc<Control>,
    record: Arc<OnceLock<Arc<RunRecord>>>,
    /// Disconnects when the run is over.
    over: mpsc::Receiver<()>,
}

type OnEvent = Arc<dyn Fn(Event) + Send + Sync>;

impl Engine {
    /// Returns an engine. Its pools start when first needed; without a store, results live in memory only.
    pub fn new(catalogue: Arc<Catalogue>, store: Option<Store>) -> Self {
        let (pools, threads, planners) = (Arc::default(), Arc::default(), Arc::default());
        Self { catalogue, store, looks_in: None, pools, threads, planners }
    }

    /// Returns one on the same pools whose runs are made aside: no history and no results are kept, and what nodes remember
    /// across runs they find, but change for themselves only. What they do to the world outside, they do.
    #[must_use]
    pub fn aside(&self) -> Self {
        Self { store: None, looks_in: self.store.clone(), planners: Arc::default(), ..self.clone() }
    }

    /// Returns what nodes of a run can look up.
    fn memory(&self, workflow: WorkflowId) -> Memory {
        let store = self.store.clone().or_else(|| self.looks_in.clone());
        Memory::new(workflow, store, self.looks_in.is_some())
    }

    /// Returns the kinds the engine knows.
    pub const fn catalogue(&self) -> &Arc<Catalogue> {
        &self.catalogue
    }

    /// Returns where results are kept.
    pub const fn store(&self) -> Option<&Store> {
        self.store.as_ref()
    }

    /// Returns what a run would do, at the cost of what has changed since the last such plan.
    pub fn plan(&self, request: &RunRequest, probes: &Probes) -> Plan {
        self.plan_with_problems(&request.workflow, &request.marks, &request.baseline, probes, &request.options, |_| ())
            .0
    }

    /// Drops an earlier state, elsewhere if it may have many records that nobody else holds: nobody waits for that.
    fn let_go(&self, before: Baseline) {
        if before.records().iter().len() >= N_DROPPED_ELSEWHERE {
            self.pools.spawn(Load::Computes, move || drop(before));
        }
    }

    /// Returns what a run would do, and something more of the planner that knows it.
    pub fn plan_with_problems<T>(
        &self,
        workflow: &Workflow,
        marks: &Marks,
        baseline: &Baseline,
        probes: &Probes,
        options: &PlanOptions,
        more: impl FnOnce(&Planner) -> T,
    ) -> (Plan, T) {
        let key = (workflow.id(), options.kind, options.dry_run);
        let mut planners = self.planners.lock().unwrap_or_else(PoisonError::into_inner);
        let position = planners.iter().position(|(known, _)| *known == key);
        let mut planner = position
            .map(|position| planners.remove(position).1)
            .unwrap_or_else(|| Planner::new(Arc::clone(&self.catalogue)));
        drop(planners);
        let before = planner.baseline().cloned();
        let plan = planner.plan(workflow, marks, baseline, probes, options);
        let more = more(&planner);
        if let Some(before) = before.filter(|before| !before.records().is_same(baseline.records())) {
            self.let_go(before);
        }
        let mut planners = self.planners.lock().unwrap_or_else(PoisonError::into_inner);
        if planners.len() >= MAX_PLANNERS {
            planners.remove(0);
        }
        planners.push((key, planner));
        (plan, more)
    }

    /// Starts a run on a thread of its own. Events come from several threads; those of one node come in order.
    pub fn start(&self, request: RunRequest, on_event: impl Fn(Event) + Send + Sync + 'static) -> RunHandle {
        let control = Control::new(request.breakpoints.clone(), false);
        self.start_with(control, request, on_event)
    }

    /// Starts a run that pauses before the first node that is to execute.
    pub fn start_paused(&self, request: RunRequest, on_event: impl Fn(Event) + Send + Sync + 'static) -> RunHandle {
        let control = Control::new(request.breakpoints.clone(), true);
        self.start_with(control, request, on_event)
    }

    fn start_with(
        &self,
        control: Control,
        request: RunRequest,
        on_event: impl Fn(Event) + Send + Sync + 'static,
    ) -> RunHandle {
        let (handle, work) = self.prepare(control, request, Arc::new(on_event));
        if let Err(work) = self.threads.start(Box::new(work)) {
            // A system that grants no thread: the run is made here, late but whole. Nobody could make it go on after a pause.
            handle.control.let_go();
            work();
        }
        handle
    }

    /// Runs to the end on this thread, without a pause.
    pub fn run(&self, request: RunRequest, on_event: impl Fn(Event) + Send + Sync + 'static) -> Arc<RunRecord> {
        let control = Control::new(BTreeSet::new(), false);
        let (handle, work) = self.prepare(control, request, Arc::new(on_event));
        work();
        handle.wait()
    }

    /// Returns a run that has yet to be made, and what makes it.
    fn prepare(
        &self,
        control: Control,
        request: RunRequest,
        on_event: OnEvent,
    ) -> (RunHandle, impl FnOnce() + Send + use<>) {
        let id = RunId::generate();
        let (alive, over) = mpsc::channel();
        let handle = RunHandle { id, cancel: Arc::default(), control: Arc::new(control), record: Arc::default(), over };
        let (engine, cancel, record) = (self.clone(), Arc::clone(&handle.cancel), Arc::clone(&handle.record));
        let control = Arc::clone(&handle.control);
        let work = move || {
            let finished = dispatch::run(&engine, id, &request, (&cancel, &control), &on_event);
            record.get_or_init(|| Arc::clone(&finished));
            on_event(Event { run: id, kind: EventKind::Finished(finished) });
            drop(alive);
        };
        (handle, work)
    }
}

impl RunHandle {
    /// Returns the run's id.
    pub const fn id(&self) -> RunId {
        self.id
    }

    /// Asks the run to stop: nothing starts any more, running nodes are asked to stop. Returns at once.
    pub fn cancel(&self) {
        self.cancel.cancel();
        self.control.wake();
    }

    /// Pauses the run: running nodes finish, nothing else starts. Returns at once.
    pub fn pause(&self) {
        self.control.pause();
    }

    /// Lets a paused run go on to the next breakpoint. Returns at once.
    pub fn go_on(&self) {
        self.control.go_on();
    }

    /// Executes the first node that waits, and no other; a run that is not paused pauses. Returns at once.
    pub fn step(&self) {
        self.control.step();
    }

    /// Returns whether the run is paused, or is to pause before the next node that would execute.
    pub fn is_paused(&self) -> bool {
        self.control.is_paused()
    }

    /// Sets the nodes before which the run pauses.
    pub fn set_breakpoints(&self, breakpoints: BTreeSet<NodeId>) {
        self.control.set_breakpoints(breakpoints);
    }

    /// Hands out a value in the place of what a node gave, to all that execute from now on. The node's own record stays as
    /// it is; theirs say that they took a changed value, so that Resume executes them again with the real one.
    pub fn replace_output(&self, node: &NodeId, port: &PortId, value: &Value) -> Result<(), ReplaceError> {
        self.control.replace(node, port, value)
    }

    /// Returns whether the run is over.
    pub fn is_finished(&self) -> bool {
        self.record.get().is_some()
    }

    /// Waits for the end of the run, with all its events sent. From now on it does not pause: nobody could let it go on.
    pub fn wait(self) -> Arc<RunRecord> {
        self.control.let_go();
        // An error means that the sender is gone: the run is over.
        self.over.recv().unwrap_or_default();
        Arc::clone(self.record.get().expect("a run sets its record before it lets go of the channel"))
    }
}

/// A run that nobody can ask for anything any more goes on to its end.
impl Drop for RunHandle {
    fn drop(&mut self) {
        self.control.let_go();
    }
}

impl fmt::Debug for RunHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RunHandle({})", self.id)
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Engine({} kinds)", self.catalogue.iter().len())
    }
}
