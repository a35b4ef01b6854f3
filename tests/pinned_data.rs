//! Pinned data in real runs: nothing is lost, nothing is written by what fails or does not execute, and records say what was
//! stored.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{
    collections::BTreeSet,
    path::PathBuf,
    sync::{Arc, Barrier},
    thread,
    time::Duration,
};

use pinflow::{
    engine::{Engine, PlanOptions, RunRequest},
    nodes::{Arity, Catalogue, Context, Family, Kind, Load, NodeError, Success},
    session::{Baseline, Mark, Marks, PinPolicy},
    store::{NodeRecord, PinnedChange, RunKind, RunRecord, RunStatus, SessionId, Status, Store},
    value::{Value, ValueType},
    workflow::{Connection, Edit, Node, NodeId, NodeSettings, PortRef, Position, Workflow},
};
use tempfile::TempDir;

struct World {
    folder: TempDir,
    store: Store,
    catalogue: Arc<Catalogue>,
    session: SessionId,
}

impl World {
    fn new(kinds: impl IntoIterator<Item = Kind>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut catalogue = Catalogue::standard();
        kinds.into_iter().for_each(|kind| catalogue.register(kind));
        let store = Store::open(folder.path()).unwrap();
        Self { folder, store, catalogue: Arc::new(catalogue), session: SessionId::generate() }
    }

    fn run(&self, workflow: &Workflow, kind: RunKind, baseline: Baseline, marks: Marks) -> Arc<RunRecord> {
        let request = RunRequest {
            workflow: Arc::new(workflow.clone()),
            path: None,
            folder: PathBuf::from("."),
            session: self.session,
            marks,
            baseline: Arc::new(baseline),
            options: PlanOptions::of(kind),
            breakpoints: BTreeSet::new(),
        };
        Engine::new(Arc::clone(&self.catalogue), Some(self.store.clone())).run(request, |_| ())
    }

    fn standard(&self, workflow: &Workflow) -> Arc<RunRecord> {
        self.run(workflow, RunKind::Standard, Baseline::default(), Marks::default())
    }

    fn stored(&self, workflow: &Workflow, node: &'static str) -> Option<Value> {
        self.store.pinned_data(workflow.id(), &node.into()).unwrap().map(|data| data.value)
    }

    fn total(&self, workflow: &Workflow, node: &'static str) -> (Value, Value) {
        let Some(Value::Record(total)) = self.stored(workflow, node) else { panic!("{node} has stored no total") };
        (total.get("count").unwrap().clone(), total.get("sum").unwrap().clone())
    }
}

fn workflow(nodes: impl IntoIterator<Item = (&'static str, Node)>, wires: &[&str]) -> Workflow {
    let mut workflow = Workflow::new("test");
    for (id, node) in nodes {
        workflow.apply(Edit::AddNode(id.into(), Arc::new(node))).unwrap();
    }
    for wire in wires {
        let connection: Connection = {
            let (from, to) = wire.split_once(" -> ").unwrap();
            let end = |end: &str| {
                let (node, port) = end.split_once('.').unwrap();
                PortRef { node: node.parse().unwrap(), port: port.parse().unwrap() }
            };
            Connection { from: end(from), to: end(to) }
        };
        workflow.apply(Edit::Connect(connection)).unwrap();
    }
    workflow
}

fn node(kind: &'static str) -> Node {
    Node::new(kind, Position(0.0, 0.0))
}

fn custom(id: &'static str, execute: fn(&Context<'_>) -> Result<Success, NodeError>) -> Kind {
    Kind::new(id, id, Family::System, execute)
        .input("in", ValueType::Any, Arity::Optional)
        .output("out", ValueType::Any)
        .load(Load::Waits)
}

fn record(run: &RunRecord, id: &'static str) -> Arc<NodeRecord> {
    run.node(&id.into()).unwrap()
}

/// A loop over the numbers from 1 to 60, so many at once, with a total inside.
fn counting_loop(at_once: i64) -> Workflow {
    let items = Value::list((1..=60).map(Value::Int));
    workflow(
        [
            ("items", node("list").with("items", items)),
            ("each", node("for_each").with("at_once", at_once)),
            ("total", node("running_total")),
            ("all", node("collect")),
        ],
        &["items.list -> each.items", "each.item -> total.value", "total.sum -> all.item"],
    )
}

#[test]
fn parallel_iterations_lose_nothing() {
    for at_once in [1, 16] {
        let world = World::new([]);
        let workflow = counting_loop(at_once);
        for n_runs in 1..=2 {
            let run = world.standard(&workflow);
            assert_eq!(run.header.status, RunStatus::Succeeded);
            let expected = (Value::Int(60 * n_runs), Value::Float(1830.0 * n_runs as f64));
            assert_eq!(world.total(&workflow, "total"), expected, "{at_once} at once");
            let record = record(&run, "total");
            let Some(PinnedChange::Stored { value, .. }) = record.pinned_data.as_ref() else { panic!("no change") };
            assert_eq!(
                world.store.load_value(value).unwrap(),
                world.stored(&workflow, "total").unwrap(),
                "the record has the newest of all iterations"
            );
        }
    }
}

#[test]
fn runs_at_the_same_time_lose_nothing() {
    let world = World::new([]);
    let workflow = workflow(
        [("one", node("integer").with("value", 1_i64)), ("total", node("running_total"))],
        &["one.number -> total.value"],
    );
    let barrier = Barrier::new(8);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                barrier.wait();
                for _ in 0..5 {
                    world.standard(&workflow);
                }
            });
        }
    });
    assert_eq!(world.total(&workflow, "total"), (Value::Int(40), Value::Float(40.0)));
}

#[test]
fn what_fails_writes_nothing_and_its_record_says_so() {
    let kind = custom("moody", |ctx| {
        let value = ctx.required("in")?.clone();
        if value == Value::text("bad") {
            return Err(NodeError::new("it was bad"));
        }
        Ok(Success::one("out", value.clone()).with_pinned_data(value).expires_in(Duration::from_hours(1)))
    });
    let world = World::new([kind]);
    let mut workflow =
        workflow([("text", node("text").with("text", "good")), ("moody", node("moody"))], &["text.text -> moody.in"]);
    let good = world.standard(&workflow);
    let Some(PinnedChange::Stored { expires_at: Some(_), preview, .. }) = record(&good, "moody").pinned_data.clone()
    else {
        panic!("it stores a value that expires")
    };
    assert_eq!(preview, "Text \"good\"");
    workflow.apply(Edit::SetParameter("text".into(), "text".into(), Some("bad".into()))).unwrap();
    let bad = world.standard(&workflow);
    assert!(matches!(record(&bad, "moody").status, Status::Failed(_)));
    assert_eq!(record(&bad, "moody").pinned_data, None);
    assert_eq!(world.stored(&workflow, "moody"), Some(Value::text("good")));
}

#[test]
fn what_was_written_before_a_retry_is_in_the_record_of_the_node_that_failed() {
    let kind = custom("counts", |ctx| {
        ctx.update_pinned_data(|before| match before {
            Some(Value::Int(number)) => Value::Int(number + 1),
            _ => Value::Int(1),
        })?;
        Err(NodeError::new("not yet"))
    });
    let world = World::new([kind]);
    let settings = NodeSettings { retries: 2, ..NodeSettings::default() };
    let mut workflow = workflow([("counts", node("counts"))], &[]);
    workflow.apply(Edit::SetNodeSettings("counts".into(), settings)).unwrap();
    let run = world.standard(&workflow);
    assert_eq!(world.stored(&workflow, "counts"), Some(Value::Int(3)));
    let record = record(&run, "counts");
    let Some(PinnedChange::Stored { preview, .. }) = record.pinned_data.as_ref() else { panic!("nothing noted") };
    assert_eq!(preview, "Int 3");
}

#[test]
fn an_old_run_keeps_what_it_stored_through_later_runs_and_clearing() {
    let world = World::new([]);
    let mut workflow = workflow(
        [("text", node("text").with("text", "first")), ("note", node("remember"))],
        &["text.text -> note.value"],
    );
    let first = world.standard(&workflow).header.id;
    workflow.apply(Edit::SetParameter("text".into(), "text".into(), Some("second".into()))).unwrap();
    world.standard(&workflow);
    world.store.clear_all_pinned_data(Some(workflow.id())).unwrap();
    world.store.flush().unwrap();
    let World { folder, store, .. } = world;
    drop(store);
    let store = Store::open(folder.path()).unwrap();
    let record = store.run(first).unwrap().unwrap().node(&"note".into()).unwrap();
    let Some(PinnedChange::Stored { value, .. }) = record.pinned_data.as_ref() else { panic!("nothing noted") };
    assert_eq!(store.load_value(value).unwrap(), Value::text("first"));
    assert!(store.list_pinned_data(None).unwrap().is_empty());
}

#[test]
fn what_is_pinned_reused_or_disabled_leaves_its_data_alone() {
    let world = World::new([]);
    let workflow = workflow(
        [("one", node("integer").with("value", 1_i64)), ("total", node("running_total"))],
        &["one.number -> total.value"],
    );
    let first = world.standard(&workflow);
    let baseline = || first.nodes().collect::<Baseline>();
    let marked = |mark: Mark| {
        let mut marks = Marks::default();
        marks.set("total".into(), mark);
        marks
    };
    let pinned = || marked(Mark::pin(PinPolicy::Hold, Some(&record(&first, "total"))));
    for (kind, marks, executes) in [
        (RunKind::Resumed, Marks::default(), false),
        (RunKind::Standard, pinned(), false),
        (RunKind::Resumed, marked(Mark::Disabled), false),
        (RunKind::Resumed, marked(Mark::Forced), true),
        (RunKind::Standard, Marks::default(), true),
    ] {
        let (before, _) = world.total(&workflow, "total");
        let run = world.run(&workflow, kind, baseline(), marks);
        let (after, _) = world.total(&workflow, "total");
        assert_eq!(before != after, executes, "{kind:?}");
        assert_eq!(record(&run, "total").pinned_data.is_some(), executes, "{kind:?}");
    }
    assert_eq!(world.total(&workflow, "total").0, Value::Int(3));
}

#[test]
fn an_executor_reads_others_and_clears_one_or_all() {
    let world = World::new([
        custom("keeps", |_| Ok(Success::one("out", 1_i64).with_pinned_data(Value::text("kept")))),
        custom("clears", |ctx| {
            let before = ctx.pinned_data(&"a".into())?.unwrap_or_default();
            ctx.clear_pinned_data(&"a".into())?;
            let after = ctx.pinned_data(&"a".into())?.unwrap_or_default();
            let output = ctx.output(&"b".into()).and_then(|outputs| outputs.get(&"out".into()).cloned());
            Ok(Success::one("out", Value::list([before, after, output.unwrap_or_default()])))
        }),
        custom("clears_all", |ctx| {
            ctx.update_pinned_data(|_| Value::Int(1))?;
            ctx.clear_all_pinned_data()?;
            Ok(Success::one("out", Value::Null))
        }),
    ]);
    let workflow = workflow(
        [("a", node("keeps")), ("b", node("keeps")), ("one", node("clears")), ("all", node("clears_all"))],
        &["a.out -> b.in", "b.out -> one.in", "one.out -> all.in"],
    );
    let run = world.standard(&workflow);
    let results = record(&run, "one").results.clone().unwrap().load().unwrap();
    let seen = Value::list([Value::text("kept"), Value::Null, Value::Int(1)]);
    assert_eq!(results.get(&"out".into()), Some(&seen));
    assert_eq!(record(&run, "one").pinned_data, None, "it was another node's");
    assert_eq!(record(&run, "one").log[0].message, "cleared the pinned data of a");
    assert!(matches!(record(&run, "all").pinned_data.as_ref(), Some(PinnedChange::Cleared { .. })));
    assert!(record(&run, "all").log[0].message.ends_with("2 had any"), "{:?}", record(&run, "all").log);
    assert!(world.store.list_pinned_data(Some(workflow.id())).unwrap().is_empty());
}

#[test]
fn without_a_store_what_needs_memory_fails_and_says_why() {
    let workflow =
        workflow([("text", node("text").with("text", "x")), ("note", node("remember"))], &["text.text -> note.value"]);
    let World { folder: _folder, catalogue, session, .. } = World::new([]);
    let request = RunRequest {
        workflow: Arc::new(workflow),
        path: None,
        folder: PathBuf::from("."),
        session,
        marks: Marks::default(),
        baseline: Arc::default(),
        options: PlanOptions::of(RunKind::Standard),
        breakpoints: BTreeSet::<NodeId>::new(),
    };
    let run = Engine::new(catalogue, None).run(request, |_| ());
    assert_eq!(record(&run, "note").status, Status::Failed("there is no store to keep pinned data in".to_owned()));
}

#[test]
fn a_run_aside_finds_what_nodes_remember_and_changes_nothing() {
    let world = World::new([]);
    let workflow = counting_loop(1);
    world.standard(&workflow);
    let engine = Engine::new(Arc::clone(&world.catalogue), Some(world.store.clone())).aside();
    let request = || RunRequest::new(workflow.clone(), PlanOptions::of(RunKind::Standard));
    let sum = |run: &RunRecord| {
        let results = record(run, "total").results.clone().unwrap().load().unwrap();
        results.get(&"sum".into()).cloned()
    };
    for _ in 0..2 {
        assert_eq!(
            sum(&engine.run(request(), |_| ())),
            Some(Value::Float(1830.0 * 2.0)),
            "it goes on from what was stored"
        );
    }
    assert_eq!(world.total(&workflow, "total"), (Value::Int(60), Value::Float(1830.0)));
    world.store.flush().unwrap();
    assert_eq!(world.store.run_numbers(workflow.id()).unwrap().len(), 1, "the history knows one run");
}
