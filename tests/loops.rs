//! Loops: what executes in which iteration, what is collected, and where a loop goes on that was stopped.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

#[path = "loops/cut_short.rs"]
mod cut_short;
#[path = "loops/dry.rs"]
mod dry;
#[path = "loops/nested.rs"]
mod nested;
#[path = "loops/paused.rs"]
mod paused;

use std::{
    sync::{
        Arc, Mutex, Weak,
        atomic::{AtomicBool, AtomicI64, Ordering},
        mpsc,
    },
    time::Duration,
};

use pinflow::{
    engine::{Engine, EventKind, PlanOptions, RunRequest},
    nodes::{
        Arity, Cacheability, Catalogue, Family, Kind, Load, NodeError, Outputs, ParameterSchema, ParameterType, Success,
    },
    session::{Baseline, Mark, Marks},
    store::{Part, Reason, RunKind, RunRecord, RunStatus, SessionId, Status, Store},
    value::{Value, ValueType},
    workflow::{Connection, Edit, Node, NodeId, PortRef, Position, Workflow},
};

/// What is changed and counted from outside.
#[derive(Default)]
struct Outside {
    /// The node and number of every execution.
    executed: Mutex<Vec<(String, i64)>>,
    /// Numbers of this value and above fail, unless it is 0.
    fails_from: AtomicI64,
    fails_once: AtomicBool,
    /// The number at which a node says so and waits until it is cancelled, the first time.
    waits_at: Mutex<Option<(i64, mpsc::Sender<()>)>>,
    /// Texts that a node was given or gave.
    texts: Mutex<Vec<Weak<str>>>,
    most_alive: AtomicI64,
}

impl Outside {
    fn take(&self) -> Vec<(String, i64)> {
        std::mem::take(&mut *self.executed.lock().unwrap())
    }

    fn numbers(&self, node: &str) -> Vec<i64> {
        let mut numbers: Vec<i64> = self
            .executed
            .lock()
            .unwrap()
            .iter()
            .filter(|(known, _)| known == node)
            .map(|(_, number)| *number)
            .collect();
        numbers.sort_unstable();
        numbers
    }
}

fn int(value: &Value) -> i64 {
    if let Value::Int(number) = value { *number } else { -1 }
}

fn catalogue(outside: &Arc<Outside>) -> Catalogue {
    let mut catalogue = Catalogue::standard();
    for (id, load) in [("add", Load::Instant), ("slow_add", Load::Computes), ("late_add", Load::Waits)] {
        let outside = Arc::clone(outside);
        catalogue.register(
            Kind::new(id, "Add", Family::System, move |ctx| {
                let number: i64 = ctx.inputs("in").iter().map(|(_, value)| int(value)).sum();
                outside.executed.lock().unwrap().push((ctx.node().to_string(), number));
                let reached = outside.waits_at.lock().unwrap().take_if(|(at, _)| *at == number);
                if let Some((_, reached)) = reached {
                    reached.send(()).unwrap();
                    ctx.wait(Duration::from_hours(10))?;
                }
                let limit = outside.fails_from.load(Ordering::SeqCst);
                if limit != 0 && number >= limit {
                    return Err(NodeError::new(format!("{number} is too much")));
                }
                Ok(Success::one("out", number + ctx.parameters().int("by")))
            })
            .input("in", ValueType::Int, Arity::Many { min: 1 })
            .output("out", ValueType::Int)
            .parameter(ParameterSchema::new(
                "by",
                "By",
                ParameterType::Int { min: -1_000, max: 1_000_000, unit: "" },
                0_i64,
                "",
            ))
            .load(load),
        );
    }
    catalogue.register(
        Kind::new("given", "Given", Family::Input, |ctx| {
            Ok(Success::one("value", ctx.parameters().get("value").clone()))
        })
        .output("value", ValueType::Any)
        .parameter(ParameterSchema::new("value", "Value", ParameterType::Json, Value::list([]), ""))
        .load(Load::Instant),
    );
    let ten =
        Kind::new("ten", "Ten", Family::Input, |_| Ok(Success::one("items", Value::list((0..10).map(Value::Int)))));
    catalogue.register(
        ten.input("in", ValueType::Any, Arity::Required).output("items", ValueType::List).load(Load::Instant),
    );
    let below =
        Kind::new("below_10", "Below 10", Family::System, |ctx| Ok(Success::one("out", int(ctx.required("in")?) < 10)));
    catalogue.register(
        below.input("in", ValueType::Int, Arity::Required).output("out", ValueType::Bool).load(Load::Instant),
    );
    let counted = Arc::clone(outside);
    let chance = Kind::new("chance", "Chance", Family::System, move |ctx| {
        counted.executed.lock().unwrap().push((ctx.node().to_string(), int(ctx.required("in")?)));
        Ok(Success::one("out", ctx.required("in")?.clone()))
    });
    catalogue.register(
        chance
            .input("in", ValueType::Int, Arity::Required)
            .output("out", ValueType::Int)
            .cacheable(|_| Cacheability::Never)
            .load(Load::Instant),
    );
    let seen = Arc::clone(outside);
    let longer = Kind::new("longer", "Longer", Family::System, move |ctx| {
        let Value::Text(given) = ctx.required("in")? else { return Err(NodeError::new("no text")) };
        let made: Arc<str> = format!("{given} and more").into();
        let mut texts = seen.texts.lock().unwrap();
        texts.extend([Arc::downgrade(given), Arc::downgrade(&made)]);
        texts.retain(|text| text.strong_count() > 0);
        seen.most_alive.fetch_max(i64::try_from(texts.len()).unwrap(), Ordering::SeqCst);
        Ok(Success::one("out", Value::Text(made)))
    });
    catalogue.register(
        longer.input("in", ValueType::Text, Arity::Required).output("out", ValueType::Text).load(Load::Computes),
    );
    let length = Kind::new("length", "Length", Family::System, |ctx| {
        Ok(Success::one("out", i64::try_from(ctx.required("in")?.display_text().len()).unwrap()))
    });
    catalogue.register(
        length.input("in", ValueType::Text, Arity::Required).output("out", ValueType::Int).load(Load::Instant),
    );
    catalogue.register(
        Kind::new("odd", "Odd", Family::System, |ctx| {
            let number = int(ctx.required("in")?);
            Ok(Success::new(if number % 2 == 1 { Outputs::one("yes", number) } else { Outputs::none() }))
        })
        .input("in", ValueType::Int, Arity::Required)
        .output("yes", ValueType::Int)
        .load(Load::Instant),
    );
    catalogue
}

struct World {
    outside: Arc<Outside>,
    engine: Engine,
    workflow: Workflow,
    marks: Marks,
    baseline: Baseline,
    session: SessionId,
    /// Of the stores, until the end.
    folders: Vec<tempfile::TempDir>,
}

impl World {
    /// Returns a world of nodes `id kind parameter=number …` and wires `a.out > b.in`.
    fn new(nodes: &[&'static str], wires: &[&'static str]) -> Self {
        let outside = Arc::new(Outside::default());
        let mut workflow = Workflow::new("loops");
        for line in nodes {
            let mut words = line.split(' ');
            let (id, kind) = (words.next().unwrap(), words.next().unwrap());
            let mut node = Node::new(kind, Position(0.0, 0.0));
            for (name, value) in words.map(|word| word.split_once('=').unwrap()) {
                let value = value.parse::<i64>().map_or_else(|_| Value::text(value), Value::Int);
                node = node.with(name, value);
            }
            workflow.apply(Edit::AddNode(id.into(), Arc::new(node))).unwrap();
        }
        for wire in wires {
            let end = |text: &'static str| {
                let (node, port) = text.split_once('.').unwrap();
                PortRef::new(node, port)
            };
            let (from, to) = wire.split_once(" > ").unwrap();
            workflow.apply(Edit::Connect(Connection { from: end(from), to: end(to) })).unwrap();
        }
        let folder = tempfile::tempdir().unwrap();
        let engine = Engine::new(Arc::new(catalogue(&outside)), Some(Store::open(folder.path()).unwrap()));
        Self {
            outside,
            engine,
            workflow,
            marks: Marks::default(),
            baseline: Baseline::default(),
            session: SessionId::generate(),
            folders: vec![folder],
        }
    }

    /// A list of numbers, each made larger, collected.
    fn simple(n_items: i64) -> Self {
        let mut world = Self::new(
            &["l given", "f for_each", "a add by=100", "c collect", "z add"],
            &["l.value > f.items", "f.item > a.in1", "a.out > c.item", "f.done > d.in1"][..3],
        );
        world.edit(Edit::RemoveNode("z".into()));
        world.set_items(0..n_items);
        world
    }

    fn set_items(&mut self, items: impl Iterator<Item = i64>) {
        let items = Value::list(items.map(Value::Int));
        self.edit(Edit::SetParameter("l".into(), "value".into(), Some(items)));
    }

    fn edit(&mut self, edit: Edit) {
        self.workflow.apply(edit).unwrap();
    }

    fn set(&mut self, node: &'static str, parameter: &'static str, value: impl Into<Value>) {
        self.edit(Edit::SetParameter(node.into(), parameter.into(), Some(value.into())));
    }

    fn request(&self, kind: RunKind) -> RunRequest {
        RunRequest {
            session: self.session,
            marks: self.marks.clone(),
            baseline: Arc::new(self.baseline.clone()),
            ..RunRequest::new(self.workflow.clone(), PlanOptions::of(kind))
        }
    }

    fn run(&mut self, kind: RunKind) -> Arc<RunRecord> {
        self.outside.take();
        let record = self.engine.run(self.request(kind), |_| ());
        self.baseline.absorb(&record);
        record
    }

    /// Starts anew with what the store has, as another process would.
    fn restart(&mut self) {
        let store = self.engine.store().unwrap();
        store.flush().unwrap();
        self.baseline = store.baseline(self.session).unwrap().into_iter().collect();
    }
}

fn status(record: &RunRecord, node: &'static str) -> Status {
    record.node(&NodeId::from(node)).unwrap().status.clone()
}

/// Returns what came of each node, in a few words.
fn short(record: &RunRecord) -> String {
    let lines: Vec<String> =
        record.nodes().map(|node| format!("{}: {:?} {:?}", node.node, node.status, node.reasons)).collect();
    lines.join("\n")
}

fn output(record: &RunRecord, node: &'static str, port: &'static str) -> Option<Value> {
    record.node(&node.into()).unwrap().results.as_ref()?.load().unwrap().get(&port.into()).cloned()
}

fn ints(numbers: impl IntoIterator<Item = i64>) -> Value {
    Value::list(numbers.into_iter().map(Value::Int))
}

#[test]
fn each_item_goes_through_the_body_and_what_comes_of_it_is_collected() {
    let mut world = World::simple(5);
    let run = world.run(RunKind::Standard);
    assert_eq!(run.header.status, RunStatus::Succeeded, "{}", short(&run));
    assert_eq!(world.outside.numbers("a"), [0, 1, 2, 3, 4]);
    assert_eq!(output(&run, "c", "items"), Some(ints(100..105)));
    assert_eq!(output(&run, "f", "done"), Some(Value::Bool(true)));
    assert_eq!(output(&run, "a", "out"), Some(Value::Int(104)), "of the newest iteration");
    let iterations = run.node(&"a".into()).unwrap().iterations.clone().unwrap();
    let rows = iterations.of.log.rows(0..10, &iterations.of.about.ports).unwrap();
    assert_eq!(rows.len(), 5);
    let first = &rows[0].1.cells[iterations.member.unwrap()];
    assert_eq!(first.outputs.as_ref().unwrap().get(&"out".into()), Some(&Value::Int(100)));
}

#[test]
fn a_loop_without_items_gives_an_empty_list_and_is_reused() {
    let mut world = World::simple(0);
    let run = world.run(RunKind::Standard);
    assert_eq!(output(&run, "c", "items"), Some(ints([])));
    assert_eq!(run.header.status, RunStatus::Succeeded);
    let again = world.run(RunKind::Resumed);
    assert!(matches!(status(&again, "c"), Status::Reused { .. }), "{}", short(&again));
    assert!(again.own().is_empty(), "{}", short(&again));
}

#[test]
fn a_finished_loop_is_reused_as_a_whole() {
    let mut world = World::simple(5);
    world.run(RunKind::Standard);
    for _ in 0..2 {
        let again = world.run(RunKind::Resumed);
        assert!(again.own().is_empty(), "{}", short(&again));
        assert!(world.outside.take().is_empty());
        world.restart();
    }
}

#[test]
fn how_many_at_once_and_what_an_error_does_throws_no_iteration_away() {
    let mut world = World::simple(10);
    world.outside.fails_from.store(7, Ordering::SeqCst);
    world.run(RunKind::Standard);
    world.set("f", "on_error", "collect");
    world.set("f", "at_once", 4_i64);
    let collected = world.run(RunKind::Resumed);
    assert_eq!(world.outside.numbers("a"), [7, 8, 9]);
    assert_eq!(collected.header.status, RunStatus::SucceededWithErrors, "{}", short(&collected));
    assert_eq!(output(&collected, "c", "items"), Some(ints(100..107)));
    world.set("f", "on_error", "stop");
    let stopped = world.run(RunKind::Resumed);
    assert_eq!(stopped.header.status, RunStatus::Failed, "what failed is never reused: {}", short(&stopped));
    world.outside.fails_from.store(0, Ordering::SeqCst);
    let run = world.run(RunKind::Resumed);
    assert_eq!(world.outside.numbers("a"), [7, 8, 9]);
    assert_eq!(output(&run, "c", "items"), Some(ints(100..110)));
    world.set("f", "at_once", 8_i64);
    let again = world.run(RunKind::Resumed);
    assert!(again.own().is_empty(), "{}", short(&again));
}

#[test]
fn errors_that_were_collected_before_a_loop_was_stopped_are_not_forgotten() {
    let mut world = World::simple(10);
    world.set("f", "on_error", "collect");
    world.outside.fails_from.store(7, Ordering::SeqCst);
    world.run(RunKind::Standard);
    let (sender, reached) = mpsc::channel();
    *world.outside.waits_at.lock().unwrap() = Some((9, sender));
    let run = world.engine.start(world.request(RunKind::Standard), |_| ());
    reached.recv().unwrap();
    run.cancel();
    world.baseline.absorb(&run.wait());
    let resumed = world.run(RunKind::Resumed);
    assert_eq!(world.outside.numbers("a"), [7, 8, 9]);
    let Some(Value::List(errors)) = output(&resumed, "c", "errors") else { panic!("{}", short(&resumed)) };
    assert_eq!(errors.len(), 3);
}

#[test]
fn forcing_the_head_makes_all_iterations_again() {
    let mut world = World::simple(10);
    world.outside.fails_from.store(7, Ordering::SeqCst);
    world.run(RunKind::Standard);
    world.outside.fails_from.store(0, Ordering::SeqCst);
    world.marks.set("f".into(), Mark::Forced);
    world.run(RunKind::Resumed);
    assert_eq!(world.outside.numbers("a"), (0..10).collect::<Vec<_>>());
}

#[test]
fn a_body_changed_midway_keeps_what_is_finished_and_says_so() {
    let mut world = World::simple(10);
    world.outside.fails_from.store(7, Ordering::SeqCst);
    world.run(RunKind::Standard);
    world.outside.fails_from.store(0, Ordering::SeqCst);
    world.set("a", "by", 200_i64);
    let plan = world.engine.plan(&world.request(RunKind::Resumed), &Default::default());
    let warnings = &plan.get(&"f".into()).unwrap().warnings;
    assert!(warnings.iter().any(|warning| warning.contains("mix old and new")), "{warnings:?}");
    let run = world.run(RunKind::Resumed);
    assert_eq!(world.outside.numbers("a"), [7, 8, 9]);
    assert_eq!(output(&run, "c", "items"), Some(ints((100..107).chain(207..210))));
    let warnings = &run.node(&"c".into()).unwrap().warnings;
    assert!(warnings.iter().any(|warning| warning.starts_with("mixed: iterations 1–7 were ")), "{warnings:?}");
}

#[test]
fn a_body_changed_after_the_end_executes_for_all_items_and_reuses_what_is_above_it() {
    let mut world = World::new(
        &["l given", "f for_each", "a add by=100", "b add by=1", "c collect"],
        &["l.value > f.items", "f.item > a.in1", "a.out > b.in1", "b.out > c.item"],
    );
    world.set_items(0..5);
    world.run(RunKind::Standard);
    world.restart();
    world.set("b", "by", 2_i64);
    let run = world.run(RunKind::Resumed);
    assert_eq!(world.outside.numbers("a"), Vec::<i64>::new());
    assert_eq!(world.outside.numbers("b"), [100, 101, 102, 103, 104]);
    assert_eq!(output(&run, "c", "items"), Some(ints(102..107)));
    assert!(matches!(status(&run, "f"), Status::Reused { .. }));
    assert!(matches!(status(&run, "a"), Status::Reused { .. }));
    let reused = world.run(RunKind::Resumed);
    assert!(reused.own().is_empty(), "{}", short(&reused));
}

#[test]
fn errors_can_be_collected_and_only_they_are_tried_again() {
    let mut world = World::simple(6);
    world.set("f", "on_error", "collect");
    world.outside.fails_from.store(4, Ordering::SeqCst);
    let run = world.run(RunKind::Standard);
    assert_eq!(run.header.status, RunStatus::SucceededWithErrors, "{}", short(&run));
    assert_eq!(output(&run, "c", "items"), Some(ints(100..104)));
    let errors = output(&run, "c", "errors").unwrap();
    let Value::List(errors) = errors else { panic!("{errors:?}") };
    assert_eq!(errors.len(), 2);
    world.restart();
    world.outside.fails_from.store(0, Ordering::SeqCst);
    let again = world.run(RunKind::Resumed);
    assert_eq!(world.outside.numbers("a"), [4, 5]);
    assert_eq!(output(&again, "c", "items"), Some(ints(100..106)));
    assert_eq!(output(&again, "c", "errors"), Some(Value::list([])));
    assert_eq!(again.header.status, RunStatus::Succeeded);
}

#[test]
fn several_items_at_once_are_collected_in_order() {
    let mut world = World::new(
        &["l given", "f for_each at_once=8", "a late_add by=1", "b slow_add by=1", "c collect"],
        &["l.value > f.items", "f.item > a.in1", "a.out > b.in1", "b.out > c.item"],
    );
    world.set_items(0..200);
    let run = world.run(RunKind::Standard);
    assert_eq!(output(&run, "c", "items"), Some(ints(2..202)));
    assert_eq!(world.outside.numbers("a"), (0..200).collect::<Vec<_>>());
}

#[test]
fn loops_nest_and_read_what_is_around_them() {
    let mut world = World::new(
        &["l given", "m given", "f for_each", "g for_each", "a add", "c collect", "d collect"],
        &[
            "l.value > f.items",
            "m.value > g.items",
            "f.item > a.in1",
            "g.item > a.in2",
            "a.out > c.item",
            "c.items > d.item",
        ],
    );
    world.set_items([10, 20].into_iter());
    world.edit(Edit::SetParameter("m".into(), "value".into(), Some(ints(1..4))));
    // The inner loop goes once an item of the outer one: it takes something from it.
    world.edit(Edit::AddNode("n".into(), Arc::new(Node::new("odd_gate", Position(0.0, 0.0)))));
    world.edit(Edit::RemoveNode("n".into()));
    let run = world.run(RunKind::Standard);
    // Here both are siblings as seen from `a`, so it is refused.
    assert_eq!(run.header.status, RunStatus::Failed);
}

#[test]
fn an_inner_loop_goes_once_for_each_item_of_the_outer_one() {
    let mut world = World::new(
        &["l given", "f for_each", "g for_each", "a add by=1", "c collect", "d collect"],
        &["l.value > f.items", "f.item > g.items", "g.item > a.in1", "a.out > c.item", "c.items > d.item"],
    );
    let items = Value::list([ints([1, 2]), ints([]), ints([3])]);
    world.edit(Edit::SetParameter("l".into(), "value".into(), Some(items)));
    let run = world.run(RunKind::Standard);
    assert_eq!(run.header.status, RunStatus::Succeeded, "{}", short(&run));
    assert_eq!(output(&run, "d", "items"), Some(Value::list([ints([2, 3]), ints([]), ints([4])])));
    let again = world.run(RunKind::Resumed);
    assert!(again.own().is_empty(), "{}", short(&again));
    world.set("a", "by", 2_i64);
    let changed = world.run(RunKind::Resumed);
    assert_eq!(output(&changed, "d", "items"), Some(Value::list([ints([3, 4]), ints([]), ints([5])])));
}

#[test]
fn a_repeat_carries_its_state() {
    let mut world = World::new(
        &["s integer value=1", "r repeat times=10", "a add by=3", "n next"],
        &["s.number > r.state", "r.state > a.in1", "a.out > n.state"],
    );
    let run = world.run(RunKind::Standard);
    assert_eq!(run.header.status, RunStatus::Succeeded, "{}", short(&run));
    assert_eq!(output(&run, "n", "result"), Some(Value::Int(31)));
    assert!(world.run(RunKind::Resumed).own().is_empty());
    world.outside.fails_from.store(20, Ordering::SeqCst);
    world.run(RunKind::Standard);
    world.restart();
    world.outside.fails_from.store(0, Ordering::SeqCst);
    let again = world.run(RunKind::Resumed);
    assert_eq!(world.outside.numbers("a"), [22, 25, 28]);
    assert_eq!(output(&again, "n", "result"), Some(Value::Int(31)));
}

#[test]
fn a_repeat_ends_when_its_condition_no_longer_holds() {
    let mut world = World::new(
        &["s integer value=1", "r repeat times=1000", "a add by=3", "t below_10", "n next"],
        &["s.number > r.state", "r.state > a.in1", "a.out > n.state", "a.out > t.in", "t.out > n.go_on"],
    );
    let run = world.run(RunKind::Standard);
    assert_eq!(output(&run, "n", "result"), Some(Value::Int(10)), "{}", short(&run));
    assert_eq!(world.outside.numbers("a"), [1, 4, 7]);
    assert!(world.run(RunKind::Resumed).own().is_empty());
    world.outside.fails_from.store(7, Ordering::SeqCst);
    world.run(RunKind::Standard);
    world.restart();
    world.outside.fails_from.store(0, Ordering::SeqCst);
    let again = world.run(RunKind::Resumed);
    assert_eq!(world.outside.numbers("a"), [7]);
    assert_eq!(output(&again, "n", "result"), Some(Value::Int(10)));
}

#[test]
fn what_cannot_be_kept_executes_in_every_iteration_and_what_is_above_it_is_reused() {
    let mut world = World::new(
        &["l given", "f for_each", "a add by=100", "r chance", "b add by=1", "c collect"],
        &["l.value > f.items", "f.item > a.in1", "a.out > r.in", "r.out > b.in1", "b.out > c.item"],
    );
    world.set_items(0..3);
    world.run(RunKind::Standard);
    for _ in 0..2 {
        world.restart();
        let run = world.run(RunKind::Resumed);
        assert_eq!(world.outside.numbers("a"), Vec::<i64>::new());
        assert_eq!(world.outside.numbers("r"), [100, 101, 102]);
        assert_eq!(world.outside.numbers("b"), [100, 101, 102]);
        assert_eq!(output(&run, "c", "items"), Some(ints(101..104)));
        assert_eq!(status(&run, "r"), Status::Executed);
    }
}

#[test]
fn of_many_lines_few_are_alive_at_once() {
    const N_LINES: usize = 20_000;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lines.txt");
    std::fs::write(&path, (0..N_LINES).map(|line| format!("line {line:08}\n")).collect::<Vec<_>>().concat()).unwrap();
    let mut world = World::new(
        &["r read_lines", "f for_each", "t longer", "n length", "c collect"],
        &["r.lines > f.items", "f.item > t.in", "t.out > n.in", "n.out > c.item"],
    );
    world.set("r", "path", path.to_str().unwrap());
    let run = world.run(RunKind::Standard);
    let Some(Value::List(items)) = output(&run, "c", "items") else { panic!("{}", short(&run)) };
    assert_eq!(items.len(), N_LINES);
    let most = world.outside.most_alive.load(Ordering::SeqCst);
    assert!((1..16).contains(&most), "{most} texts were alive at once");
}

#[test]
fn a_branch_that_is_not_taken_in_an_iteration_adds_nothing() {
    let mut world = World::new(
        &["l given", "f for_each", "o odd", "a add by=100", "c collect"],
        &["l.value > f.items", "f.item > o.in", "o.yes > a.in1", "a.out > c.item"],
    );
    world.set_items(0..7);
    let run = world.run(RunKind::Standard);
    assert_eq!(run.header.status, RunStatus::Succeeded, "{}", short(&run));
    assert_eq!(output(&run, "c", "items"), Some(ints([101, 103, 105])));
    assert!(world.run(RunKind::Resumed).own().is_empty());
}

#[test]
fn a_run_to_the_head_leaves_the_body_to_be_done() {
    let mut world = World::new(
        &["l given", "f for_each", "a add by=100", "b add by=1", "c collect"],
        &["l.value > f.items", "f.item > a.in1", "a.out > b.in1", "b.out > c.item"],
    );
    world.set_items(0..3);
    world.run(RunKind::Standard);
    let mut request = world.request(RunKind::Standard);
    request.options = request.options.part(Part::To(vec!["f".into()]));
    let record = world.engine.run(request, |_| ());
    world.baseline.absorb(&record);
    let again = world.run(RunKind::Resumed);
    assert!(again.own().is_empty(), "the same data reaches the body: {}", short(&again));
    world.set("b", "by", 2_i64);
    let run = world.run(RunKind::Resumed);
    assert_eq!(world.outside.numbers("b"), [100, 101, 102]);
    assert_eq!(output(&run, "c", "items"), Some(ints(102..105)));
}
