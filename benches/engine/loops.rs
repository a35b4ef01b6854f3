//! Loops: what an iteration of two or three tiny nodes costs, in memory, with a store behind it, and where a loop goes on.
//! As the bound, a loop of as many SQLite inserts, each in a transaction of its own as a program would do that must lose
//! nothing.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use pinflow::{
    engine::{Engine, PlanOptions, RunRequest},
    nodes::{Arity, Catalogue, Family, Kind, Load, NodeError, ParameterSchema, ParameterType, Success},
    session::Baseline,
    store::{RunKind, RunRecord, SessionId, Status, Store},
    value::{Value, ValueType},
    workflow::{Connection, Edit, Node, NodeId, PortRef, Position, Workflow},
};

use crate::clock::in_words;

/// A loop over numbers whose body is a chain of nodes that add one; from a number on they fail.
struct Loop {
    workflow: Arc<Workflow>,
    catalogue: Arc<Catalogue>,
    fails_at: Arc<AtomicI64>,
    session: SessionId,
}

impl Loop {
    /// Returns a loop of so many iterations, with or without a Collect behind it.
    fn new(n_items: i64, n_nodes: usize, collects: bool) -> Self {
        let fails_at = Arc::new(AtomicI64::new(i64::MAX));
        let mut workflow = Workflow::new("loop");
        let mut edits = vec![
            Edit::AddNode("s".into(), node("count")),
            Edit::AddNode("f".into(), node("for_each")),
            connect(&"s".into(), "out", &"f".into(), "items"),
        ];
        let mut last: (NodeId, &'static str) = ("f".into(), "item");
        for number in 0..n_nodes {
            let id: NodeId = format!("n_{number}").parse().unwrap();
            edits.push(Edit::AddNode(id.clone(), node("add")));
            edits.push(connect(&last.0, last.1, &id, "in"));
            last = (id, "out");
        }
        if collects {
            edits.push(Edit::AddNode("c".into(), node("collect")));
            edits.push(connect(&last.0, last.1, &"c".into(), "item"));
        }
        edits.push(Edit::SetParameter("s".into(), "n".into(), Some(Value::Int(n_items))));
        workflow.apply(Edit::Group(edits)).unwrap();
        let catalogue = Arc::new(catalogue(&fails_at));
        Self { workflow: Arc::new(workflow), catalogue, fails_at, session: SessionId::generate() }
    }

    fn run(&self, engine: &Engine, kind: RunKind, baseline: &Arc<Baseline>) -> (Arc<RunRecord>, Duration) {
        let request = RunRequest {
            session: self.session,
            baseline: Arc::clone(baseline),
            ..RunRequest::new(Arc::clone(&self.workflow), PlanOptions::of(kind))
        };
        let clock = Instant::now();
        let record = engine.run(request, |_| ());
        if let Some(store) = engine.store() {
            store.flush().unwrap();
        }
        let took = clock.elapsed();
        (record, took)
    }
}

fn node(kind: &'static str) -> Arc<Node> {
    Arc::new(Node::new(kind, Position(0.0, 0.0)))
}

fn connect(from: &NodeId, out: &'static str, to: &NodeId, input: &'static str) -> Edit {
    Edit::Connect(Connection { from: PortRef::new(from, out), to: PortRef::new(to, input) })
}

fn catalogue(fails_at: &Arc<AtomicI64>) -> Catalogue {
    let mut catalogue = Catalogue::standard();
    let n = ParameterType::Int { min: 0, max: i64::MAX, unit: "" };
    catalogue.register(
        Kind::new("count", "Count", Family::System, |ctx| {
            Ok(Success::one("out", Value::list((0..ctx.parameters().int("n")).map(Value::Int))))
        })
        .output("out", ValueType::List)
        .parameter(ParameterSchema::new("n", "N", n, 0_i64, ""))
        .load(Load::Instant),
    );
    let fails_at = Arc::clone(fails_at);
    catalogue.register(
        Kind::new("add", "Add", Family::System, move |ctx| match ctx.required("in")? {
            Value::Int(number) if *number >= fails_at.load(Ordering::Relaxed) => Err(NodeError::new("too much")),
            Value::Int(number) => Ok(Success::one("out", number + 1)),
            other => Err(NodeError::new(other.preview())),
        })
        .input("in", ValueType::Int, Arity::Required)
        .output("out", ValueType::Int)
        .load(Load::Instant),
    );
    catalogue
}

/// Returns how much memory the process has, where the system says so.
fn resident_mib() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok()).unwrap_or_default() / 1024.0
}

fn show(what: &str, n_iterations: u64, took: Duration, note: &str) {
    let micros = took.as_secs_f64() * 1e6 / n_iterations.max(1) as f64;
    println!("{what:<58} {:>12} {micros:>9.3} µs an iteration  {note}", in_words(took));
}

/// Prints what loops cost.
pub(crate) fn print() {
    println!("\nloops (best of five; one for a million)");
    let empty = Arc::new(Baseline::default());
    let ten_thousand = Loop::new(10_000, 2, true);
    let in_memory = Engine::new(Arc::clone(&ten_thousand.catalogue), None);
    let best = |run: &dyn Fn() -> Duration| (0..5).map(|_| run()).min().unwrap_or_default();
    let took = best(&|| ten_thousand.run(&in_memory, RunKind::Standard, &empty).1);
    show("10,000 x 2 nodes, in memory (target 10 ms)", 10_000, took, "");
    let folder = tempfile::tempdir().unwrap();
    let bound = best(&|| sqlite_bound(folder.path(), 10_000));
    show("bound: 10,000 SQLite transactions", 10_000, bound, "");
    let stored = Engine::new(Arc::clone(&ten_thousand.catalogue), Some(Store::open(folder.path()).unwrap()));
    let took = best(&|| ten_thousand.run(&stored, RunKind::Standard, &empty).1);
    show("10,000 x 2 nodes, in the store, all written (target 150 ms)", 10_000, took, "");
    let took = best(&|| {
        ten_thousand.fails_at.store(9_000, Ordering::Relaxed);
        let (stopped, _) = ten_thousand.run(&stored, RunKind::Standard, &empty);
        assert!(matches!(stopped.node(&"f".into()).unwrap().status, Status::Failed(_)));
        ten_thousand.fails_at.store(i64::MAX, Ordering::Relaxed);
        let baseline: Baseline = stored.store().unwrap().baseline(ten_thousand.session).unwrap().into_iter().collect();
        let (resumed, took) = ten_thousand.run(&stored, RunKind::Resumed, &Arc::new(baseline));
        let iterations = resumed.node(&"f".into()).unwrap().iterations.clone().unwrap();
        assert!(iterations.of.about.is_complete && iterations.of.about.n_finished == 10_000);
        took
    });
    show("resumed from iteration 9,000, in the store (target 20 ms)", 1_000, took, "executing 1,000");
    for n_items in [100_000, 1_000_000] {
        let long = Loop::new(n_items, 3, false);
        let engine = Engine::new(Arc::clone(&long.catalogue), None);
        let before = resident_mib();
        let took = long.run(&engine, RunKind::Standard, &empty).1;
        let note = format!("{:.0} MiB more", resident_mib() - before);
        show(&format!("{n_items} x 3 nodes, in memory"), n_items.cast_unsigned(), took, &note);
        let before = resident_mib();
        let engine = Engine::new(Arc::clone(&long.catalogue), Some(Store::open(folder.path()).unwrap()));
        let took = long.run(&engine, RunKind::Standard, &empty).1;
        let note = format!("{:.0} MiB more", resident_mib() - before);
        show(&format!("{n_items} x 3 nodes, in the store"), n_items.cast_unsigned(), took, &note);
    }
}

/// Upserts a small row an iteration, each in a transaction of its own.
fn sqlite_bound(folder: &std::path::Path, n_rows: i64) -> Duration {
    let connection = rusqlite::Connection::open(folder.join("bound.sqlite")).unwrap();
    let mode = "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;";
    connection.execute_batch(mode).unwrap();
    connection.execute_batch("CREATE TABLE IF NOT EXISTS done (id INTEGER PRIMARY KEY, bytes BLOB)").unwrap();
    let mut statement = connection.prepare("INSERT OR REPLACE INTO done (id, bytes) VALUES (?1, ?2)").unwrap();
    let clock = Instant::now();
    for id in 0..n_rows {
        statement.execute(rusqlite::params![id, [0_u8; 24]]).unwrap();
    }
    clock.elapsed()
}
