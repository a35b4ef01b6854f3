//! A process that is killed in the middle of runs: what was committed is not executed again, nothing is lost, and the end is
//! that of a run that nobody disturbed.
//!
//! The rule: an execution whose record, or whose iteration's row, is in the store when the process dies never takes place
//! again. What had not been written yet (the writer commits groups) takes place once more, so an execution takes place at
//! most once for each kill that found it unwritten, and once to the end.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, OpenOptions},
    io::Write as _,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::Duration,
};

use pinflow::{
    engine::{Engine, PlanOptions, RunRequest},
    nodes::{Arity, Catalogue, Family, Kind, Load, Outputs, Success},
    session::Baseline,
    store::{Finding, IterationLog, LoopAbout, RunKind, RunRecord, RunStatus, SessionId, Status, Store},
    value::{Fingerprint, FingerprintBuilder, Value, ValueType},
    workflow::{Connection, Edit, Node, NodeId, PortRef, Position, Workflow},
};

use super::killing::{Chance, Victim, folder_of_victim, n_kills, say};

const SESSION: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

const NODES: [(&str, &str); 21] = [
    ("l", "list"),
    ("x1", "note"),
    ("x2", "slow_note"),
    ("x3", "note"),
    ("x4", "slow_note"),
    ("x5", "slow_note"),
    ("f", "for_each"),
    ("a", "slow_note"),
    ("b", "note"),
    ("c", "collect"),
    ("r", "repeat"),
    ("k", "slow_note"),
    ("n", "next"),
    ("p", "list"),
    ("g", "for_each"),
    ("m", "for_each"),
    ("e", "slow_note"),
    ("d", "collect"),
    ("h", "slow_note"),
    ("o", "collect"),
    ("t", "note"),
];
const WIRES: [&str; 21] = [
    "l.list > x1.in1",
    "x1.out > x2.in1",
    "x2.out > x3.in1",
    "x3.out > x4.in1",
    "x2.out > x5.in1",
    "l.list > f.items",
    "f.item > a.in1",
    "x1.out > a.in2",
    "a.out > b.in1",
    "b.out > c.item",
    "x3.out > r.state",
    "r.state > k.in1",
    "k.out > n.state",
    "p.list > g.items",
    "g.item > m.items",
    "m.item > e.in1",
    "e.out > d.item",
    "d.items > h.in1",
    "h.out > o.item",
    "c.items > t.in1",
    "n.result > t.in2",
];

/// An execution: the node, and the number it gave, which tells all it was made of.
type Execution = (String, i64);

fn note(id: &'static str, load: Load, log: PathBuf) -> Kind {
    Kind::new(id, "Note", Family::System, move |ctx| {
        let mut builder = FingerprintBuilder::new("kills");
        builder.text(ctx.node().as_str());
        for (port, value) in ctx.inputs("in") {
            builder.text(port.as_str()).value(value);
        }
        let essence = builder.finish();
        let bytes = essence.as_bytes();
        let number = i64::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], 0, 0, 0]);
        // One write, which the system keeps whatever becomes of the process.
        let line = format!("{} {number}\n", ctx.node());
        OpenOptions::new().create(true).append(true).open(&log).unwrap().write_all(line.as_bytes()).unwrap();
        if load == Load::Computes {
            ctx.wait(Duration::from_micros(500 + number.unsigned_abs() % 2_000))?;
        }
        Ok(Success::new(Outputs::one("out", number)))
    })
    .input("in", ValueType::Any, Arity::Many { min: 0 })
    .output("out", ValueType::Any)
    .load(load)
}

fn end(text: &str) -> PortRef {
    let (node, port) = text.split_once('.').unwrap();
    PortRef { node: node.parse().unwrap(), port: port.parse().unwrap() }
}

/// Returns the workflow, the same in every process.
fn workflow(folder: &Path) -> Workflow {
    let path = folder.join("kills.flow.ron");
    if path.exists() {
        return pinflow::workflow::load(&path).unwrap();
    }
    let mut workflow = Workflow::new("kills");
    for (id, kind) in NODES {
        let node = Node::new(kind, Position(0.0, 0.0));
        let node = match id {
            "l" => node.with("items", Value::list((0..40).map(Value::Int))),
            "p" => node.with(
                "items",
                Value::list(
                    (0..8).map(|outer| Value::list((0..=outer % 3).map(|inner| Value::Int(outer * 10 + inner)))),
                ),
            ),
            "f" => node.with("at_once", 3),
            "r" => node.with("times", 30),
            _ => node,
        };
        workflow.apply(Edit::AddNode(id.parse().unwrap(), Arc::new(node))).unwrap();
    }
    for wire in WIRES {
        let (from, to) = wire.split_once(" > ").unwrap();
        workflow.apply(Edit::Connect(Connection { from: end(from), to: end(to) })).unwrap();
    }
    pinflow::workflow::save(&workflow, &path).unwrap();
    workflow
}

fn log_of(folder: &Path) -> PathBuf {
    folder.join("executions")
}

/// Runs what is left to do of the workflow in a folder.
fn resume(folder: &Path) -> Arc<RunRecord> {
    let mut catalogue = Catalogue::standard();
    catalogue.register(note("note", Load::Instant, log_of(folder)));
    catalogue.register(note("slow_note", Load::Computes, log_of(folder)));
    let store = Store::open(&folder.join("store")).unwrap();
    let session: SessionId = SESSION.parse().unwrap();
    let baseline: Baseline = store.baseline(session).unwrap().into_iter().collect();
    let engine = Engine::new(Arc::new(catalogue), Some(store.clone()));
    let options = PlanOptions::of(RunKind::Resumed);
    let request = RunRequest { session, baseline: Arc::new(baseline), ..RunRequest::new(workflow(folder), options) };
    let record = engine.run(request, |_| ());
    store.flush().unwrap();
    record
}

/// Returns all executions so far, in order.
fn executions(folder: &Path) -> Vec<Execution> {
    let text = fs::read_to_string(log_of(folder)).unwrap_or_default();
    let execution = |line: &str| {
        let (node, number) = line.split_once(' ').unwrap();
        (node.to_owned(), number.parse().unwrap())
    };
    text.lines().map(execution).collect()
}

/// Returns the executions that the store has the outcome of.
fn committed(folder: &Path, executed: &[Execution]) -> BTreeSet<Execution> {
    let store = Store::open(&folder.join("store")).unwrap();
    let findings = store.check().unwrap().findings;
    assert!(!findings.iter().any(Finding::is_damage), "{findings:?}");
    let mut committed = BTreeSet::new();
    for record in store.baseline(SESSION.parse().unwrap()).unwrap() {
        let is_settled = matches!(record.status, Status::Executed | Status::Reused { .. });
        if is_settled && record.iterations.is_none() {
            committed.extend(executed.iter().filter(|(node, _)| record.node == node.as_str()).cloned());
        }
    }
    for run in store.recent_runs(usize::MAX >> 1).unwrap() {
        for head in ["f", "r", "g"] {
            let Some((id, about)) = store.loop_of(run.id, &head.into(), None).unwrap() else { continue };
            let about: LoopAbout = postcard::from_bytes(&about).unwrap();
            let rows = IterationLog::new(id, Some(&store)).rows(0..u64::MAX, &about.ports).unwrap();
            for (_, row) in rows.into_iter().filter(|(_, row)| row.is_finished) {
                for (cell, node) in row.cells.iter().zip(&about.members) {
                    let Some(outputs) = &cell.outputs else { continue };
                    match (node.as_str(), outputs.get(&"items".into()), outputs.get(&"out".into())) {
                        // What the inner loop collected is what its node gave.
                        ("d", Some(Value::List(items)), _) => {
                            let numbers = items.iter().filter_map(|item| match item {
                                Value::Int(number) => Some(*number),
                                _ => None,
                            });
                            committed.extend(numbers.map(|number| ("e".to_owned(), number)));
                        }
                        (_, _, Some(Value::Int(number))) => {
                            committed.insert((node.to_string(), *number));
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    committed
}

/// Returns the data that each node outside of loops has given.
fn given(record: &RunRecord) -> BTreeMap<NodeId, Vec<Fingerprint>> {
    let ports = |node: &pinflow::store::NodeRecord| {
        node.results.iter().flat_map(|results| results.ports().to_vec()).map(|port| port.fingerprint).collect()
    };
    record.nodes().map(|node| (node.node.clone(), ports(&node))).collect()
}

/// The process that is killed, if it is one; else what it does, undisturbed.
#[test]
fn a_run_that_nobody_disturbs_executes_everything_once() {
    if let Some(folder) = folder_of_victim() {
        say("begun");
        resume(&folder);
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(resume(folder.path()).header.status, RunStatus::Succeeded);
    let executed = executions(folder.path());
    let each: BTreeSet<&Execution> = executed.iter().collect();
    assert_eq!(each.len(), executed.len());
    assert_eq!(
        committed(folder.path(), &executed),
        executed.iter().cloned().collect(),
        "and all of it is in the store"
    );
    resume(folder.path());
    assert_eq!(executions(folder.path()), executed, "nothing is executed again");
}

#[derive(Default)]
struct Tally {
    n_kills: usize,
    n_workflows: usize,
    n_executed: usize,
    n_again: usize,
    most_again_after_one_kill: usize,
    in_loops: usize,
}

#[test]
fn what_was_committed_before_a_kill_is_never_executed_again() {
    let undisturbed = tempfile::tempdir().unwrap();
    let expected = given(&resume(undisturbed.path()));
    let all: BTreeSet<Execution> = executions(undisturbed.path()).into_iter().collect();
    let mut chance = Chance::new();
    let mut tally = Tally::default();
    while tally.n_kills < n_kills(5) {
        kill_until_it_ends(&mut chance, &mut tally, &expected, &all);
    }
    println!(
        "{} kills in {} workflows, {} of them within loops: {} executions, {} of them again after a kill that found them \
         unwritten, {} after one kill at most; none that was committed",
        tally.n_kills,
        tally.n_workflows,
        tally.in_loops,
        tally.n_executed,
        tally.n_again,
        tally.most_again_after_one_kill
    );
}

fn kill_until_it_ends(
    chance: &mut Chance,
    tally: &mut Tally,
    expected: &BTreeMap<NodeId, Vec<Fingerprint>>,
    all: &BTreeSet<Execution>,
) {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    workflow(folder);
    let mut known = BTreeSet::new();
    let mut n_seen = 0;
    loop {
        let mut victim = Victim::start("runs::a_run_that_nobody_disturbs_executes_everything_once", folder);
        victim.hear();
        // Killed once it has executed so many nodes more, or a little later.
        let n_more = chance.below(60) as usize;
        while executions_len(folder) < n_seen + n_more && !victim.has_ended() {
            thread::yield_now();
        }
        chance.wait_below(Duration::from_millis(20));
        let has_ended = !victim.kill();
        let executed = executions(folder);
        let of_this_life = &executed[n_seen..];
        for execution in of_this_life {
            assert!(!known.contains(execution), "{execution:?} was committed and executed again");
            assert!(all.contains(execution), "{execution:?} is none of the workflow's");
        }
        let mut each = BTreeSet::new();
        assert!(of_this_life.iter().all(|execution| each.insert(execution)), "twice in one life: {of_this_life:?}");
        let now = committed(folder, &executed);
        assert!(now.is_superset(&known), "what was committed is lost: {:?}", known.difference(&now));
        let n_again = of_this_life.iter().filter(|execution| !now.contains(execution)).count();
        n_seen = executed.len();
        known = now;
        if has_ended {
            assert_eq!(n_again, 0, "a run that ended has committed everything");
            break;
        }
        tally.n_kills += 1;
        tally.in_loops += usize::from(of_this_life.last().is_some_and(|(node, _)| !node.starts_with('x')));
        tally.n_again += n_again;
        tally.most_again_after_one_kill = tally.most_again_after_one_kill.max(n_again);
    }
    let last = resume(folder);
    let executed: Vec<_> = last.nodes().filter(|node| node.status == Status::Executed).collect();
    let reasons: Vec<_> = executed.iter().map(|node| (&node.node, &node.reasons)).collect();
    assert_eq!(executions(folder).len(), n_seen, "nothing was left to do: {reasons:?}");
    assert_eq!(last.header.status, RunStatus::Succeeded);
    assert_eq!(given(&last), *expected);
    tally.n_workflows += 1;
    tally.n_executed += n_seen;
    let each: BTreeSet<Execution> = executions(folder).into_iter().collect();
    assert_eq!(each, *all, "nothing is lost");
}

fn executions_len(folder: &Path) -> usize {
    fs::read_to_string(log_of(folder)).map_or(0, |text| text.matches('\n').count())
}
