//! Workflows of deterministic nodes in which every value tells what it was made of, so that no two executions look alike.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError, mpsc},
};

use pinflow::{
    engine::{Decision, Engine, EventKind, NodePlan, Plan, PlanOptions, Probes, RunRequest, plan},
    nodes::{
        Arity, Cacheability, Catalogue, Context, Family, Kind, Load, Loops, NodeError, Outputs, ParameterSchema,
        ParameterType, Role, Success, check_connection,
    },
    session::{Baseline, Mark, Marks, PinPolicy, marks_after},
    store::{Part, RunKind, RunRecord, SessionId, Store},
    value::{Fingerprint, FingerprintBuilder, Value, ValueType},
    workflow::{Connection, Edit, Graph, Node, NodeId, PortRef, Position, Workflow, WorkflowSettings},
};

use crate::{
    checks::{Happened, check_restart, check_run},
    steps::{MarkStep, PartStep, RunStep, Step},
};

const SALT: ParameterType = ParameterType::Int { min: 0, max: 1_000_000, unit: "" };

/// The kinds that a step may place, with their outputs.
pub(crate) const KINDS: [(&str, &[&str]); 12] = [
    ("mix", &["out"]),
    ("slow_mix", &["out"]),
    ("parity", &["even", "odd"]),
    ("picky", &["out"]),
    ("spread", &["list"]),
    ("unkept_mix", &["out"]),
    ("any_mix", &["out"]),
    ("waiting_mix", &["out"]),
    ("for_each", &["item"]),
    ("collect", &["items"]),
    ("repeat", &["state"]),
    ("next", &["result"]),
];

/// Those of them that change something outside.
const WITH_EFFECTS: [&str; 2] = ["picky", "waiting_mix"];

/// How many of them are not made for loops.
const N_PLAIN_KINDS: usize = 8;

/// The nodes of the beginning: two loops side by side, one with another inside, and a Repeat.
pub(crate) const NODES: [(&str, &str); 25] = [
    ("l", "spread"),
    ("f", "for_each"),
    ("a", "mix"),
    ("b", "slow_mix"),
    ("p", "picky"),
    ("c", "collect"),
    ("i", "spread"),
    ("g", "for_each"),
    ("h", "mix"),
    ("q", "picky"),
    ("d", "collect"),
    ("e", "mix"),
    ("ee", "collect"),
    ("r", "repeat"),
    ("k", "mix"),
    ("n", "next"),
    ("t", "mix"),
    ("u", "unkept_mix"),
    ("v", "parity"),
    ("x", "slow_mix"),
    ("y", "picky"),
    ("m", "for_each"),
    ("w", "parity"),
    ("j", "any_mix"),
    ("o", "collect"),
];
const WIRES: [&str; 26] = [
    "l.list > f.items",
    "f.item > a.in1",
    "a.out > b.in1",
    "b.out > p.in1",
    "p.out > c.item",
    "a.out > i.in1",
    "i.list > g.items",
    "g.item > h.in1",
    "x.out > h.in2",
    "h.out > q.in1",
    "q.out > d.item",
    "d.items > e.in1",
    "e.out > ee.item",
    "x.out > r.state",
    "r.state > k.in1",
    "k.out > n.state",
    "n.result > t.in1",
    "c.items > t.in2",
    "ee.items > t.in3",
    "x.out > v.in1",
    "v.even > y.in1",
    "c.items > m.items",
    "m.item > w.in1",
    "w.even > j.in1",
    "y.out > j.in2",
    "j.out > o.item",
];

/// One execution: the node, and all it was made of.
pub(crate) type Execution = (String, Fingerprint);

#[derive(Default)]
pub(crate) struct Outside {
    executed: Mutex<Vec<Execution>>,
}

impl Outside {
    fn executed(&self) -> std::sync::MutexGuard<'_, Vec<Execution>> {
        self.executed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns a fingerprint of all that a node is given.
fn essence(ctx: &Context<'_>) -> Fingerprint {
    let mut builder = FingerprintBuilder::new("stress");
    builder.text(ctx.node().as_str()).number(ctx.parameters().int("salt").cast_unsigned());
    for (port, value) in ctx.inputs("in") {
        builder.text(port.as_str()).value(value);
    }
    builder.finish()
}

fn number(essence: &Fingerprint) -> i64 {
    let bytes = essence.as_bytes();
    i64::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], 0, 0, 0])
}

fn make(kind: &str, ctx: &Context<'_>, number: i64) -> Result<Outputs, NodeError> {
    match kind {
        "parity" => Ok(Outputs::one(if number % 2 == 0 { "even" } else { "odd" }, number)),
        "picky" if number % 11 < ctx.parameters().int("fails") => Err(NodeError::new("it does not like this number")),
        "spread" => Ok(Outputs::one("list", Value::list((0..number % 5).map(|item| Value::Int(number + item))))),
        _ => Ok(Outputs::one("out", number)),
    }
}

fn catalogue(outside: &Arc<Outside>) -> Catalogue {
    let mut catalogue = Catalogue::standard();
    for (id, outputs) in &KINDS[..N_PLAIN_KINDS] {
        let id: &'static str = id;
        let outside = Arc::clone(outside);
        let arity = if id == "any_mix" { Arity::AnyOf } else { Arity::Many { min: 0 } };
        let mut kind = Kind::new(id, "Kind", Family::System, move |ctx| {
            let essence = essence(ctx);
            outside.executed().push((ctx.node().to_string(), essence));
            make(id, ctx, number(&essence)).map(Success::new)
        })
        .input("in", ValueType::Any, arity)
        .parameter(ParameterSchema::new("salt", "Salt", SALT, 0_i64, ""))
        .load(match id {
            "slow_mix" | "picky" => Load::Computes,
            "waiting_mix" => Load::Waits,
            _ => Load::Instant,
        });
        if id == "picky" {
            kind = kind.parameter(ParameterSchema::new("fails", "Fails", SALT, 0_i64, ""));
        }
        if WITH_EFFECTS.contains(&id) {
            kind = kind.side_effect(|_| true);
        }
        if id == "unkept_mix" {
            kind = kind.cacheable(|_| Cacheability::Never);
        }
        for &output in *outputs {
            kind = kind.output(output, ValueType::Any);
        }
        catalogue.register(kind);
    }
    catalogue
}

pub(crate) fn id(node: usize) -> NodeId {
    NODES.get(node).map_or_else(|| format!("z{node}").parse().unwrap(), |(id, _)| id.parse().unwrap())
}

fn end(text: &str) -> PortRef {
    let (node, port) = text.split_once('.').unwrap();
    PortRef { node: node.parse().unwrap(), port: port.parse().unwrap() }
}

pub(crate) struct World {
    outside: Arc<Outside>,
    pub(crate) engine: Engine,
    pub(crate) workflow: Workflow,
    pub(crate) marks: Marks,
    pub(crate) baseline: Baseline,
    undo: Vec<Edit>,
    session: SessionId,
    /// All executions so far that changed something outside.
    pub(crate) performed: BTreeSet<(String, [u8; 32])>,
    folder: Option<tempfile::TempDir>,
}

/// A run, and what executed in it.
pub(crate) struct Ran {
    pub(crate) record: Arc<RunRecord>,
    pub(crate) executed: Vec<Execution>,
    /// The marks under which it was made.
    pub(crate) marks: Marks,
}

impl World {
    pub(crate) fn new(is_stored: bool) -> Self {
        let outside = Arc::new(Outside::default());
        let mut workflow = Workflow::new("stress");
        for (index, (id, kind)) in NODES.into_iter().enumerate() {
            let mut node = Node::new(kind, Position(0.0, 0.0));
            if is_plain(kind) {
                node = node.with("salt", i64::try_from(index).unwrap());
            }
            workflow.apply(Edit::AddNode(id.parse().unwrap(), Arc::new(node))).unwrap();
        }
        for wire in WIRES {
            let (from, to) = wire.split_once(" > ").unwrap();
            workflow.apply(Edit::Connect(Connection { from: end(from), to: end(to) })).unwrap();
        }
        let folder = is_stored.then(|| tempfile::tempdir().unwrap());
        let store = folder.as_ref().map(|folder| Store::open(folder.path()).unwrap());
        Self {
            engine: Engine::new(Arc::new(catalogue(&outside)), store),
            outside,
            workflow,
            marks: Marks::default(),
            baseline: Baseline::default(),
            undo: Vec::new(),
            session: SessionId::generate(),
            performed: BTreeSet::new(),
            folder,
        }
    }

    /// Makes a standard run of a workflow under marks, as if nothing had run before.
    pub(crate) fn run_afresh(&mut self, workflow: &Workflow, marks: &Marks) -> Ran {
        self.workflow = workflow.clone();
        self.marks = marks.clone();
        self.baseline = Baseline::default();
        self.run(&RunStep::whole(false))
    }

    /// Does a step; one that does not fit the workflow does nothing, as when a person tries it.
    pub(crate) fn step(&mut self, step: &Step) -> Option<Ran> {
        let ran = self.try_step(step);
        self.check_plans();
        ran
    }

    fn try_step(&mut self, step: &Step) -> Option<Ran> {
        let edit = match *step {
            Step::Add { node, kind } => Edit::AddNode(id(node), Arc::new(Node::new(KINDS[kind].0, Position(0.0, 0.0)))),
            Step::Remove { node } => Edit::RemoveNode(id(node)),
            Step::Salt { node, salt } => self.set(node, "salt", Value::Int(salt))?,
            Step::Fails { node, fails } => self.set(node, "fails", Value::Int(fails))?,
            Step::Connect { from, port, to, input } => {
                let connection = Connection { from: self.output(from, port)?, to: self.input(to, input)? };
                check_connection(&self.workflow, self.engine.catalogue(), &connection).ok()?;
                Edit::Connect(connection)
            }
            Step::Disconnect { to, input } => Edit::Disconnect(self.input(to, input)?),
            Step::Move { node } => Edit::MoveNodes(vec![(id(node), Position(1.0, 2.0))]),
            Step::Undo => {
                let inverse = self.undo.pop()?;
                self.workflow.apply(inverse).unwrap();
                return None;
            }
            Step::Mark { node, mark } => {
                self.mark(node, mark);
                return None;
            }
            Step::Loop { node, at_once, collects, times } => match self.kind(node)?.role {
                Role::Repeat => self.set(node, "times", Value::Int(times))?,
                Role::ForEach if times % 2 == 0 => self.set(node, "at_once", Value::Int(at_once))?,
                _ => self.set(node, "on_error", Value::text(if collects { "collect" } else { "stop" }))?,
            },
            Step::Settings { node, error_output, retries } => {
                self.kind(node).filter(|kind| kind.role == Role::Plain)?;
                let mut settings = self.workflow.node(&id(node))?.settings.clone();
                (settings.error_output, settings.retries) = (error_output, retries);
                Edit::SetNodeSettings(id(node), settings)
            }
            Step::StopAtFirstError(stop_at_first_error) => {
                Edit::SetWorkflowSettings(WorkflowSettings { stop_at_first_error, ..Default::default() })
            }
            Step::Run(ref run) => return Some(self.run(run)),
            Step::Restart => {
                self.restart();
                return None;
            }
        };
        self.undo.extend(self.workflow.apply(edit));
        None
    }

    fn kind(&self, node: usize) -> Option<&Kind> {
        self.engine.catalogue().get(&self.workflow.node(&id(node))?.kind).map(|kind| &**kind)
    }

    /// Returns the edit of a parameter, if the node has it.
    fn set(&self, node: usize, parameter: &'static str, value: Value) -> Option<Edit> {
        self.kind(node)?.parameters.iter().find(|known| known.id.as_str() == parameter)?;
        Some(Edit::SetParameter(id(node), parameter.into(), Some(value)))
    }

    fn mark(&mut self, node: usize, mark: MarkStep) {
        let record = self.baseline.get(&id(node)).map(|record| &**record);
        let mark = match mark {
            MarkStep::Default => Mark::Default,
            MarkStep::Disabled => Mark::Disabled,
            MarkStep::Forced => Mark::Forced,
            MarkStep::Pinned(policy) => Mark::pin(policy, record),
        };
        self.marks.set(id(node), mark);
    }

    fn output(&self, node: usize, port: usize) -> Option<PortRef> {
        let placed = self.workflow.node(&id(node))?;
        let mut ports = KINDS.iter().find(|(known, _)| placed.kind == *known)?.1.to_vec();
        ports.extend(placed.settings.error_output.then_some("error"));
        Some(PortRef { node: id(node), port: ports[port % ports.len()].parse().unwrap() })
    }

    fn input(&self, node: usize, input: usize) -> Option<PortRef> {
        let port = match self.kind(node)?.role {
            Role::ForEach => "items".to_owned(),
            Role::Repeat | Role::Next => "state".to_owned(),
            Role::Collect => "item".to_owned(),
            Role::Plain => format!("in{}", input + 1),
        };
        Some(PortRef { node: id(node), port: port.parse().unwrap() })
    }

    /// Starts anew with what the store has, as another process would.
    fn restart(&mut self) {
        let Some(folder) = &self.folder else { return };
        self.engine.store().unwrap().flush().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let read: Baseline = store.baseline(self.session).unwrap().into_iter().collect();
        check_restart(&self.workflow, &self.baseline, &read);
        self.baseline = read;
        self.engine = Engine::new(Arc::clone(self.engine.catalogue()), Some(store));
    }

    /// Makes sure that what the engine plans from what it knew is what it would plan from nothing.
    fn check_plans(&self) {
        for kind in [RunKind::Resumed, RunKind::Standard] {
            let follows = self.plan(&PlanOptions::of(kind));
            let catalogue = self.engine.catalogue();
            let options = PlanOptions::of(kind);
            let (from_nothing, _) =
                plan(&self.workflow, catalogue, &self.marks, &self.baseline, &Probes::default(), &options);
            for (follows, from_nothing) in follows.nodes().zip(from_nothing.nodes()) {
                assert_eq!(follows, from_nothing, "{kind:?}");
            }
            assert_eq!(follows.counts(), from_nothing.counts());
        }
    }

    fn plan(&self, options: &PlanOptions) -> Plan {
        self.engine.plan(&self.request(options.clone()), &Probes::default())
    }

    fn request(&self, options: PlanOptions) -> RunRequest {
        RunRequest {
            session: self.session,
            marks: self.marks.clone(),
            baseline: Arc::new(self.baseline.clone()),
            ..RunRequest::new(self.workflow.clone(), options)
        }
    }

    /// Runs, and cancels at the event of a number, which waits for that.
    pub(crate) fn run(&mut self, run: &RunStep) -> Ran {
        self.outside.executed().clear();
        let options = options(run);
        let marks = self.marks.clone();
        self.redo_what_would_be_mixed(&options);
        let marks_of_run = self.marks.clone();
        let happened = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&happened);
        let (reached, waiting) = mpsc::channel::<mpsc::Sender<()>>();
        let n_events = Mutex::new(0);
        let cancel_at = run.cancel_at;
        let handle = self.engine.start(self.request(options), move |event| {
            match event.kind {
                EventKind::NodeStarted { node } => seen.lock().unwrap().push(Happened::Started(node)),
                EventKind::NodeSettled(record) => {
                    seen.lock().unwrap().push(Happened::Settled(record.node.clone()));
                }
                _ => {}
            }
            let mut n_events = n_events.lock().unwrap();
            *n_events += 1;
            if Some(*n_events) == cancel_at {
                let (cancelled, is_cancelled) = mpsc::channel();
                reached.send(cancelled).unwrap();
                is_cancelled.recv().unwrap();
            }
        });
        if let Some(cancelled) = cancel_at.and_then(|_| waiting.recv().ok()) {
            handle.cancel();
            cancelled.send(()).unwrap();
        }
        let record = handle.wait();
        let executed = std::mem::take(&mut *self.outside.executed());
        check_run(self, &record, &happened.lock().unwrap(), &executed);
        self.performed.extend(self.effects_of(&executed));
        self.marks = marks;
        self.baseline.absorb(&record);
        let changed = marks_after(&self.marks, &record);
        self.marks.apply(changed);
        Ran { record, executed, marks: marks_of_run }
    }

    /// Returns which of these executions changed something outside.
    pub(crate) fn effects_of(&self, executed: &[Execution]) -> BTreeSet<(String, [u8; 32])> {
        let has_effect = |node: &str| {
            let node = self.workflow.node(&node.parse().unwrap());
            node.is_some_and(|node| WITH_EFFECTS.contains(&node.kind.as_str()))
        };
        let effects = executed.iter().filter(|(node, _)| has_effect(node));
        effects.map(|(node, essence)| (node.clone(), *essence.as_bytes())).collect()
    }

    /// Takes up what a warning offers: to make all iterations again where a changed body would go on with those of another.
    fn redo_what_would_be_mixed(&mut self, options: &PlanOptions) {
        if options.kind == RunKind::Standard {
            return;
        }
        let plan = self.plan(options);
        for node in plan.nodes().filter(|node| node.warnings.iter().any(|warning| warning.contains("mix old and new")))
        {
            self.marks.set(node.node.clone(), Mark::Forced);
        }
    }

    pub(crate) fn loops(&self) -> (Graph, Loops) {
        let graph = Graph::new(&self.workflow);
        let role = |index: usize| {
            let kind = self.workflow.node(&graph.ids[index]).and_then(|node| self.engine.catalogue().get(&node.kind));
            kind.map_or(Role::Plain, |kind| kind.role)
        };
        let (loops, _) = Loops::new(&graph, role);
        (graph, loops)
    }

    /// Returns whether something inside of a loop is wired so that it cannot run: a loop that is walked stops at it, one that is
    /// reused stands.
    pub(crate) fn has_a_loop_that_cannot_run(&self) -> bool {
        let (graph, loops) = self.loops();
        let plan = self.plan(&PlanOptions::of(RunKind::Standard));
        let cannot_run = |node: &NodePlan| matches!(node.decision, Decision::CannotRun(_));
        let is_inside = |node: &NodePlan| graph.index(&node.node).is_some_and(|index| loops.of_node[index].is_some());
        plan.nodes().any(|node| cannot_run(node) && is_inside(node))
    }

    /// Returns whether anything in or at a loop has a Follow pin: what lets go of those is looked at elsewhere.
    pub(crate) fn has_follow_pins_in_loops(&self, marks: &Marks) -> bool {
        let (graph, loops) = self.loops();
        let is_follow =
            |index: usize| marks.get(&graph.ids[index]).as_pin().is_some_and(|pin| pin.policy == PinPolicy::Follow);
        let heads = loops.loops.iter().map(|this| this.head);
        let inside = (0..graph.n_nodes()).filter(|&index| loops.of_node[index].is_some());
        heads.chain(inside).any(is_follow)
    }
}

pub(crate) fn is_plain(kind: &str) -> bool {
    KINDS[..N_PLAIN_KINDS].iter().any(|(known, _)| *known == kind)
}

fn options(run: &RunStep) -> PlanOptions {
    let part = match run.part {
        PartStep::All => Part::All,
        PartStep::To(node) => Part::To(vec![id(node)]),
        PartStep::Only(node) => Part::Only(vec![id(node)]),
        PartStep::From(node) => Part::From(vec![id(node)]),
    };
    PlanOptions {
        kind: if run.resumed { RunKind::Resumed } else { RunKind::Standard },
        part,
        stop_at_equal_data: run.stop_at_equal_data,
        skip_what_only_feeds_pins: run.skip_what_only_feeds_pins,
        dry_run: run.dry_run,
    }
}
