//! Workflows of deterministic nodes in which every value tells what it was made of, so that no two executions look alike.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError, mpsc},
};

use pinflow::{
    engine::{Engine, EventKind, PlanOptions, Probes, RunRequest, plan},
    nodes::{
        Arity, Cacheability, Catalogue, Context, Family, Kind, Load, Loops, NodeError, Outputs, ParameterSchema,
        ParameterType, Role, Success, check_connection,
    },
    session::{Baseline, Mark, Marks, marks_after},
    store::{IterationStatus, NodeRecord, Part, RunKind, RunRecord, SessionId, Status, Store},
    value::{Fingerprint, FingerprintBuilder, Value, ValueType},
    workflow::{Connection, Edit, Graph, Node, NodeId, PortRef, Position, Workflow},
};
use proptest::prelude::*;

const SALT: ParameterType = ParameterType::Int { min: 0, max: 1_000_000, unit: "" };

/// The kinds that a step may place, with their outputs.
const KINDS: [(&str, &[&str]); 6] = [
    ("mix", &["out"]),
    ("slow_mix", &["out"]),
    ("parity", &["even", "odd"]),
    ("picky", &["out"]),
    ("spread", &["list"]),
    ("unkept_mix", &["out"]),
];

/// The nodes of the beginning: two loops side by side, one with another inside, and a Repeat.
const NODES: [(&str, &str); 22] = [
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
];
const WIRES: [&str; 22] = [
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
];

/// One execution: the node, and all it was made of.
pub(crate) type Execution = (String, Fingerprint);

#[derive(Default)]
pub(crate) struct Outside {
    executed: Mutex<Vec<Execution>>,
    /// Executions of this remainder of a division by 7 fail in a picky node.
    fails: Mutex<u64>,
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

fn catalogue(outside: &Arc<Outside>) -> Catalogue {
    let mut catalogue = Catalogue::standard();
    let mut register =
        |id: &'static str, outputs: &[&'static str], load, make: fn(&Outside, i64) -> Result<Outputs, NodeError>| {
            let outside = Arc::clone(outside);
            let mut kind = Kind::new(id, "Kind", Family::System, move |ctx| {
                let essence = essence(ctx);
                outside.executed().push((ctx.node().to_string(), essence));
                make(&outside, number(&essence)).map(Success::new)
            })
            .input("in", ValueType::Any, Arity::Many { min: 0 })
            .parameter(ParameterSchema::new("salt", "Salt", SALT, 0_i64, ""))
            .load(load);
            for &output in outputs {
                kind = kind.output(output, ValueType::Any);
            }
            if id == "unkept_mix" {
                kind = kind.cacheable(|_| Cacheability::Never);
            }
            catalogue.register(kind);
        };
    register("mix", &["out"], Load::Instant, |_, number| Ok(Outputs::one("out", number)));
    register("slow_mix", &["out"], Load::Computes, |_, number| Ok(Outputs::one("out", number)));
    register("unkept_mix", &["out"], Load::Waits, |_, number| Ok(Outputs::one("out", number)));
    register("parity", &["even", "odd"], Load::Instant, |_, number| {
        Ok(Outputs::one(if number % 2 == 0 { "even" } else { "odd" }, number))
    });
    register("picky", &["out"], Load::Computes, |outside, number| {
        let fails = *outside.fails.lock().unwrap_or_else(PoisonError::into_inner);
        if number.cast_unsigned() % 11 < fails {
            Err(NodeError::new("it does not like this number"))
        } else {
            Ok(Outputs::one("out", number))
        }
    });
    register("spread", &["list"], Load::Instant, |_, number| {
        Ok(Outputs::one("list", Value::list((0..number % 5).map(|item| Value::Int(number + item)))))
    });
    catalogue
}

#[derive(Clone, Debug)]
pub(crate) enum Step {
    Add {
        node: usize,
        kind: usize,
    },
    Remove {
        node: usize,
    },
    Salt {
        node: usize,
        salt: i64,
    },
    Connect {
        from: usize,
        port: usize,
        to: usize,
        input: usize,
    },
    Disconnect {
        to: usize,
        input: usize,
    },
    Move {
        node: usize,
    },
    Mark {
        node: usize,
        mark: usize,
    },
    /// How a loop goes: items at once, and whether errors are collected.
    Loop {
        node: usize,
        at_once: i64,
        collects: bool,
        times: i64,
    },
    /// How many numbers of eleven picky nodes do not like.
    Fails {
        fails: u64,
    },
    ErrorOutput {
        node: usize,
        on: bool,
    },
    Run {
        resumed: bool,
        target: Option<usize>,
    },
    /// Stopped at the event of this number.
    CancelledRun {
        resumed: bool,
        at: usize,
    },
    /// Another process, which has what the store has.
    Restart,
}

pub(crate) fn any_step() -> impl Strategy<Value = Step> {
    let node = 0..NODES.len() + 3;
    prop_oneof![
        2 => (node.clone(), 0..KINDS.len()).prop_map(|(node, kind)| Step::Add { node, kind }),
        1 => node.clone().prop_map(|node| Step::Remove { node }),
        4 => (node.clone(), 0..6_i64).prop_map(|(node, salt)| Step::Salt { node, salt }),
        6 => (node.clone(), 0..3_usize, node.clone(), 0..4_usize)
            .prop_map(|(from, port, to, input)| Step::Connect { from, port, to, input }),
        1 => (node.clone(), 0..4_usize).prop_map(|(to, input)| Step::Disconnect { to, input }),
        1 => node.clone().prop_map(|node| Step::Move { node }),
        3 => (node.clone(), 0..5_usize).prop_map(|(node, mark)| Step::Mark { node, mark }),
        2 => (node.clone(), 1..5_i64, any::<bool>(), 1..6_i64)
            .prop_map(|(node, at_once, collects, times)| Step::Loop { node, at_once, collects, times }),
        2 => (0..3_u64).prop_map(|fails| Step::Fails { fails }),
        1 => (node.clone(), any::<bool>()).prop_map(|(node, on)| Step::ErrorOutput { node, on }),
        4 => (any::<bool>(), prop::option::weighted(0.3, node)).prop_map(|(resumed, target)| Step::Run { resumed, target }),
        2 => (any::<bool>(), 0..60_usize).prop_map(|(resumed, at)| Step::CancelledRun { resumed, at }),
        1 => Just(Step::Restart),
    ]
}

fn id(node: usize) -> NodeId {
    NODES.get(node).map_or_else(|| format!("z{node}").parse().unwrap(), |(id, _)| id.parse().unwrap())
}

fn end(text: &str) -> PortRef {
    let (node, port) = text.split_once('.').unwrap();
    PortRef { node: node.parse().unwrap(), port: port.parse().unwrap() }
}

pub(crate) struct World {
    pub(crate) outside: Arc<Outside>,
    pub(crate) engine: Engine,
    pub(crate) workflow: Workflow,
    pub(crate) marks: Marks,
    pub(crate) baseline: Baseline,
    session: SessionId,
    folder: Option<tempfile::TempDir>,
}

/// A run, and what executed in it.
pub(crate) struct Ran {
    pub(crate) record: Arc<RunRecord>,
    pub(crate) executed: Vec<Execution>,
}

impl World {
    pub(crate) fn new(is_stored: bool) -> Self {
        let outside = Arc::new(Outside::default());
        let mut workflow = Workflow::new("stress");
        for (index, (id, kind)) in NODES.into_iter().enumerate() {
            let mut node = Node::new(kind, Position(0.0, 0.0));
            if KINDS.iter().any(|(known, _)| *known == kind) {
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
            session: SessionId::generate(),
            folder,
        }
    }

    /// Returns the same workflow under the same marks where nothing has run yet.
    pub(crate) fn fresh(&self) -> Self {
        let fresh = Self { workflow: self.workflow.clone(), marks: self.marks.clone(), ..Self::new(false) };
        *fresh.outside.fails.lock().unwrap() = *self.outside.fails.lock().unwrap();
        fresh
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
            Step::Salt { node, salt } => {
                self.kind(node).filter(|kind| kind.parameters.iter().any(|known| known.id.as_str() == "salt"))?;
                Edit::SetParameter(id(node), "salt".into(), Some(Value::Int(salt)))
            }
            Step::Connect { from, port, to, input } => {
                let connection = Connection { from: self.output(from, port)?, to: self.input(to, input)? };
                check_connection(&self.workflow, self.engine.catalogue(), &connection).ok()?;
                if keeps_its_state(&self.workflow, &connection) {
                    return None;
                }
                Edit::Connect(connection)
            }
            Step::Disconnect { to, input } => Edit::Disconnect(self.input(to, input)?),
            Step::Move { node } => Edit::MoveNodes(vec![(id(node), Position(1.0, 2.0))]),
            Step::Mark { node, mark } => {
                let mark = [Mark::Disabled, Mark::Forced, Mark::Default, Mark::Default, Mark::Default][mark].clone();
                self.marks.set(id(node), mark);
                return None;
            }
            Step::Loop { node, at_once, collects, times } => {
                let (name, value) = match self.kind(node)?.role {
                    Role::Repeat => ("times", Value::Int(times)),
                    Role::ForEach if times % 2 == 0 => ("at_once", Value::Int(at_once)),
                    Role::ForEach => ("on_error", Value::text(if collects { "collect" } else { "stop" })),
                    _ => return None,
                };
                Edit::SetParameter(id(node), name.into(), Some(value))
            }
            Step::Fails { fails } => {
                // What has finished of a loop that goes on would be of another world.
                if !self.has_a_loop_midway() {
                    *self.outside.fails.lock().unwrap() = fails;
                }
                return None;
            }
            Step::ErrorOutput { node, on } => {
                self.kind(node).filter(|kind| kind.role == Role::Plain)?;
                let mut settings = self.workflow.node(&id(node))?.settings.clone();
                settings.error_output = on;
                Edit::SetNodeSettings(id(node), settings)
            }
            Step::Run { resumed, target } => return Some(self.run(kind_of_run(resumed), target, None)),
            Step::CancelledRun { resumed, at } => return Some(self.run(kind_of_run(resumed), None, Some(at))),
            Step::Restart => {
                self.restart();
                return None;
            }
        };
        let _refused = self.workflow.apply(edit).is_err();
        None
    }

    fn kind(&self, node: usize) -> Option<&Kind> {
        self.engine.catalogue().get(&self.workflow.node(&id(node))?.kind).map(|kind| &**kind)
    }

    fn output(&self, node: usize, port: usize) -> Option<PortRef> {
        let ports: Vec<&str> = match self.kind(node)?.role {
            Role::ForEach => vec!["item"],
            Role::Repeat => vec!["state"],
            Role::Collect => vec!["items"],
            Role::Next => vec!["result"],
            Role::Plain => {
                let placed = self.workflow.node(&id(node))?;
                let mut ports = KINDS.iter().find(|(known, _)| placed.kind == *known)?.1.to_vec();
                ports.extend(placed.settings.error_output.then_some("error"));
                ports
            }
        };
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

    pub(crate) fn has_a_loop_midway(&self) -> bool {
        self.workflow.nodes().any(|(id, _)| {
            let record = self.baseline.get(id);
            let iterations = record.and_then(|record| record.iterations.as_ref());
            iterations.is_some_and(|iterations| !iterations.of.about.is_complete)
        })
    }

    /// Starts anew with what the store has, as another process would.
    fn restart(&mut self) {
        let Some(folder) = &self.folder else { return };
        self.engine.store().unwrap().flush().unwrap();
        let store = Store::open(folder.path()).unwrap();
        self.baseline = store.baseline(self.session).unwrap().into_iter().collect();
        self.engine = Engine::new(Arc::clone(self.engine.catalogue()), Some(store));
    }

    /// Makes sure that what the engine plans from what it knew is what it would plan from nothing.
    fn check_plans(&self) {
        for kind in [RunKind::Resumed, RunKind::Standard] {
            let follows = self.engine.plan(&self.request(kind, None), &Probes::default());
            let options = PlanOptions::of(kind);
            let catalogue = self.engine.catalogue();
            let (from_nothing, _) =
                plan(&self.workflow, catalogue, &self.marks, &self.baseline, &Probes::default(), &options);
            for (follows, from_nothing) in follows.nodes().zip(from_nothing.nodes()) {
                assert_eq!(follows, from_nothing, "{kind:?}");
            }
            assert_eq!(follows.counts(), from_nothing.counts());
        }
    }

    pub(crate) fn request(&self, kind: RunKind, target: Option<usize>) -> RunRequest {
        RunRequest {
            workflow: Arc::new(self.workflow.clone()),
            path: None,
            folder: PathBuf::new(),
            session: self.session,
            marks: self.marks.clone(),
            baseline: Arc::new(self.baseline.clone()),
            breakpoints: BTreeSet::new(),
            options: PlanOptions::of(kind).part(target.map_or(Part::All, |target| Part::To(vec![id(target)]))),
        }
    }

    /// Runs, and cancels at the event of a number, which waits for that.
    pub(crate) fn run(&mut self, kind: RunKind, target: Option<usize>, cancel_at: Option<usize>) -> Ran {
        self.outside.executed().clear();
        let marks = self.marks.clone();
        self.redo_what_would_be_mixed(kind);
        let started = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&started);
        let (reached, waiting) = mpsc::channel::<mpsc::Sender<()>>();
        let n_events = Mutex::new(0);
        let handle = self.engine.start(self.request(kind, target), move |event| {
            if let EventKind::NodeStarted { node } = event.kind {
                seen.lock().unwrap().push(node);
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
        self.check(&record, &started.lock().unwrap(), &executed);
        self.marks = marks;
        self.baseline.absorb(&record);
        let changed = marks_after(&self.marks, &record);
        self.marks.apply(changed);
        Ran { record, executed }
    }

    /// Takes up what a warning offers: to make all iterations again where a changed body would go on with those of another.
    fn redo_what_would_be_mixed(&mut self, kind: RunKind) {
        if kind == RunKind::Standard {
            return;
        }
        let plan = self.engine.plan(&self.request(kind, None), &Probes::default());
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

    /// What holds of every run: each node is settled once; no node, and no iteration of one, executes twice; none executes
    /// without a reason; events, records and executions agree.
    fn check(&self, record: &RunRecord, started: &[NodeId], executed: &[Execution]) {
        let nodes: BTreeSet<NodeId> = record.nodes().map(|node| node.node.clone()).collect();
        assert_eq!(nodes.len(), self.workflow.n_nodes(), "every node is settled");
        assert_eq!(record.nodes().count(), self.workflow.n_nodes(), "every node is settled once");
        let (graph, loops) = self.loops();
        for node in record.nodes() {
            let index = graph.index(&node.node).unwrap();
            let n_started = started.iter().filter(|started| **started == node.node).count();
            let n_executed = executed.iter().filter(|(known, _)| node.node == known.as_str()).count();
            assert_ne!(node.status, Status::Interrupted, "{}", node.node);
            if loops.of_node[index].is_none() {
                assert!(n_started <= 1, "{} started {n_started} times", node.node);
                assert!(n_executed <= 1, "{} executed {n_executed} times", node.node);
            }
            if let Some(n_cells) = n_executed_by_log(&node, record, &loops, index) {
                assert_eq!(n_executed, n_cells, "{}, by its log", node.node);
            }
            if n_executed > 0 {
                let status = matches!(node.status, Status::Executed | Status::Failed(_) | Status::Cancelled);
                assert!(status, "{} executed {n_executed} times and is {:?}", node.node, node.status);
                // An inner loop is made again as a whole.
                let is_in_an_inner_loop =
                    loops.of_node[index].is_some_and(|inside| loops.loops[inside].parent.is_some());
                assert!(
                    is_in_an_inner_loop || !node.reasons.is_empty(),
                    "{} executed without a reason\n{}",
                    node.node,
                    short(record)
                );
            }
        }
    }
}

/// Returns how often a node executed as the log of its loop has it, if all of that is of this run and nothing was cut off.
fn n_executed_by_log(node: &NodeRecord, run: &RunRecord, loops: &Loops, index: usize) -> Option<usize> {
    let iterations = node.iterations.as_ref()?;
    let about = &iterations.of.about;
    let is_outermost = loops.loops[loops.of_node[index]?].parent.is_none();
    let is_of_this_run = run.header.kind == RunKind::Standard && node.run == run.header.id;
    let is_whole = about.is_complete && is_outermost && is_of_this_run;
    let member = iterations
        .member
        .filter(|_| is_whole && node.as_it_was().kind != "collect" && node.as_it_was().kind != "next")?;
    let rows = iterations.of.log.rows(0..u64::MAX, &about.ports).unwrap();
    let has_executed = |status| matches!(status, IterationStatus::Executed | IterationStatus::Failed);
    Some(rows.iter().filter(|(_, row)| has_executed(row.cells[member].status)).count())
}

const fn kind_of_run(resumed: bool) -> RunKind {
    if resumed { RunKind::Resumed } else { RunKind::Standard }
}

/// Returns whether a wire hands a state on as it is, so that all iterations would look alike.
fn keeps_its_state(workflow: &Workflow, connection: &Connection) -> bool {
    let is = |node: &NodeId, kind: &str| workflow.node(node).is_some_and(|node| node.kind == *kind);
    is(&connection.from.node, "repeat") && is(&connection.to.node, "next")
}

/// For each node the data on every output that has a value.
pub(crate) type Given = BTreeMap<NodeId, Vec<(String, Fingerprint)>>;

/// Returns the data on every output; of a loop that was stopped only what is outside, because which iteration was the
/// newest then is a matter of chance.
pub(crate) fn given(world: &World, record: &RunRecord) -> Given {
    let (graph, loops) = world.loops();
    let is_stopped = |mut number: Option<usize>| {
        while let Some(inside) = number {
            let head = record.node(&graph.ids[loops.loops[inside].head]);
            if head.is_none_or(|head| !matches!(head.status, Status::Executed | Status::Reused { .. })) {
                return true;
            }
            number = loops.loops[inside].parent;
        }
        false
    };
    record
        .nodes()
        .filter(|node| !is_stopped(graph.index(&node.node).and_then(|index| loops.of_node[index])))
        .map(|node| (node.node.clone(), ports(&node)))
        .collect()
}

fn ports(record: &NodeRecord) -> Vec<(String, Fingerprint)> {
    let ports = record.results.iter().flat_map(|results| results.ports().to_vec());
    ports.map(|port| (port.port.to_string(), port.fingerprint)).collect()
}

/// Returns what came of each node, in a few words.
pub(crate) fn short(record: &RunRecord) -> String {
    let lines: Vec<String> =
        record.nodes().map(|node| format!("{}: {:?} {:?}", node.node, node.status, node.reasons)).collect();
    lines.join("\n")
}
