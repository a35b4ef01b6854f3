//! The store: what keeping a run costs a node, and what reading it again costs a new process.
//!
//! `cargo run --release --example store_speed`. A run of a layered graph whose nodes each give one small number; then other
//! processes open the store and read the session; then loops that keep every iteration. Figures are of one pass each.
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on panics")]

use std::{
    fs,
    path::Path,
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use pinflow::{
    nodes::Outputs,
    store::{
        Arrived, Effect, InputRecord, Kept, LoopId, NodeRecord, Notes, Part, Provenance, Reason, RunHeader, RunId,
        RunKind, RunStatus, SessionId, Status, Store,
    },
    value::{Fingerprint, Value},
    workflow::{Connection, Node, NodeId, PortRef, Position, Workflow, WorkflowId, WorkflowParts, WorkflowSettings},
};

/// Records are many small pieces of memory: the system's allocator would be half of what is measured.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const LAYER: usize = 100;

fn id(node: usize) -> NodeId {
    format!("n_{node:06}").parse().unwrap()
}

/// Returns the node that feeds an input, spread over the layer before.
fn feed(node: usize, input: usize) -> usize {
    (node / LAYER - 1) * LAYER + (node * 37 + input * 61) % LAYER
}

fn layered(n_nodes: usize) -> Workflow {
    let place = |node: usize| Position((node / LAYER) as f32 * 280.0, (node % LAYER) as f32 * 120.0);
    let placed = |node: usize| Arc::new(Node::new("sum", place(node)).with("salt", i64::try_from(node).unwrap()));
    let inputs = (LAYER..n_nodes).flat_map(|node| [(node, 0, "in1"), (node, 1, "in2")]);
    Workflow::from_parts(WorkflowParts {
        id: WorkflowId::generate(),
        name: "layered".to_owned(),
        next_number: 1 + n_nodes as u64,
        settings: WorkflowSettings::default(),
        nodes: (0..n_nodes).map(|node| (id(node), placed(node))).collect(),
        connections: inputs
            .map(|(node, input, port)| Connection {
                from: PortRef::new(id(feed(node, input)), "out"),
                to: PortRef::new(id(node), port),
            })
            .collect(),
        frames: Vec::new(),
    })
}

fn records(workflow: &Workflow, run: RunId) -> Vec<Arc<NodeRecord>> {
    let mut records: Vec<Arc<NodeRecord>> = Vec::new();
    for (index, (node, as_it_was)) in workflow.nodes().enumerate() {
        let inputs = ["in1", "in2"].into_iter().enumerate().filter(|_| index >= LAYER).map(|(input, port)| {
            let from = &records[feed(index, input)];
            InputRecord::new(
                port.into(),
                PortRef { node: from.node.clone(), port: "out".into() },
                Arrived::Results(from.results.clone().unwrap()),
            )
        });
        let record = NodeRecord {
            run,
            node: node.clone(),
            as_it_was: Arc::clone(as_it_was).into(),
            status: Status::Executed,
            reasons: Arc::new([Reason::StandardRun]),
            config: Fingerprint::of_bytes(&index.to_le_bytes()),
            recipe: Fingerprint::of_bytes(&(index + 1).to_le_bytes()),
            inputs: inputs.collect(),
            results: Some(Kept::in_memory(
                Arc::new(Outputs::one("out", i64::try_from(index * 7_919).unwrap())),
                Provenance::Run(run),
            )),
            started: Some(Timestamp::now()),
            took: Some(Duration::from_nanos(300)),
            effect: Effect::None,
            notes: Notes::default(),
        };
        records.push(Arc::new(record));
    }
    records
}

/// Returns how long all threads have been on a processor, if the system says so.
fn cpu() -> Duration {
    let Ok(threads) = fs::read_dir("/proc/self/task") else { return Duration::ZERO };
    let nanos = threads.flatten().filter_map(|thread| fs::read_to_string(thread.path().join("schedstat")).ok());
    nanos.filter_map(|line| line.split(' ').next()?.parse().ok()).map(Duration::from_nanos).sum()
}

fn micros(time: Duration, n: usize) -> f64 {
    time.as_secs_f64() * 1e6 / n as f64
}

fn header(workflow: &Arc<Workflow>, session: SessionId) -> RunHeader {
    RunHeader {
        id: RunId::generate(),
        session,
        workflow_id: workflow.id(),
        workflow: Arc::clone(workflow),
        path: None,
        kind: RunKind::Standard,
        part: Part::All,
        options: pinflow::store::OptionsUsed::default(),
        marks: Vec::new(),
        started: Timestamp::now(),
        took: None,
        status: RunStatus::Running,
    }
}

fn full_run(folder: &Path, n_nodes: usize) {
    let store = Store::open(folder).unwrap();
    let workflow = Arc::new(layered(n_nodes));
    let session = SessionId::generate();
    for pass in ["first run", "same workflow again"] {
        let header = header(&workflow, session);
        let records = records(&workflow, header.id);
        let unsettled: Vec<NodeId> = workflow.nodes().map(|(node, _)| node.clone()).collect();
        let (started, cpu_before) = (Instant::now(), cpu());
        store.begin_run(&header, unsettled, Vec::new);
        let begun = started.elapsed();
        for record in &records {
            store.settle(session, Arc::clone(record));
        }
        let settled = started.elapsed();
        store.finish_run(header.id, RunStatus::Succeeded, settled);
        store.flush().unwrap();
        let (all, cpu) = (started.elapsed(), cpu().saturating_sub(cpu_before));
        println!(
            "{n_nodes:>7} nodes, {pass:<20} begin {:.3} ms, settle {:.3} µs, till written {:.2} µs, on processors {:.2} µs a node",
            begun.as_secs_f64() * 1e3,
            micros(settled, n_nodes),
            micros(all, n_nodes),
            micros(cpu, n_nodes),
        );
    }
    drop(store);
    for _ in 0..3 {
        let status = Command::new(std::env::current_exe().unwrap())
            .args(["cold", &folder.to_string_lossy(), &session.to_string()])
            .status()
            .unwrap();
        assert!(status.success());
    }
}

/// Reads a session as a program does that has just started.
fn cold(folder: &Path, session: SessionId) {
    let started = Instant::now();
    let store = Store::open(folder).unwrap();
    let opened = started.elapsed();
    let (asked, cpu_before) = (Instant::now(), cpu());
    let baseline = store.baseline(session).unwrap();
    let (read, read_cpu) = (asked.elapsed(), cpu().saturating_sub(cpu_before));
    let results = baseline.iter().filter_map(|record| record.results.as_ref());
    let fingerprints: Vec<Fingerprint> =
        results.flat_map(|results| results.ports().iter().map(|port| port.fingerprint)).collect();
    let asked = Instant::now();
    assert!(store.missing_results(&fingerprints).unwrap().is_empty());
    let missing = asked.elapsed();
    let asked = Instant::now();
    assert_eq!(baseline[0].as_it_was().kind, "sum");
    let node = asked.elapsed();
    let asked = Instant::now();
    let run = store.run(baseline[0].run).unwrap().unwrap();
    let millis = |time: Duration| time.as_secs_f64() * 1e3;
    println!(
        "{:>7} records: open {:.2} ms, baseline {:.2} ms (on processors {:.2}), missing_results {:.2} ms, first node {:.2} ms, whole run {:.2} ms ({})",
        baseline.len(),
        millis(opened),
        millis(read),
        millis(read_cpu),
        millis(missing),
        millis(node),
        millis(asked.elapsed()),
        run.nodes().count(),
    );
}

fn iterations(folder: &Path, n_iterations: u64) {
    let store = Store::open(folder).unwrap();
    let header = header(&Arc::new(layered(LAYER)), SessionId::generate());
    store.begin_run(&header, Vec::new(), Vec::new);
    store.flush().unwrap();
    let of = LoopId::generate();
    let started = Instant::now();
    for index in 0..n_iterations {
        store.append_iteration(of, header.id, index, vec![7; 60]);
    }
    let sent = started.elapsed();
    store.flush().unwrap();
    let all = started.elapsed();
    assert_eq!(store.n_iterations(of).unwrap(), n_iterations);
    let reading = Instant::now();
    assert_eq!(store.iterations(of, n_iterations - 1_000..n_iterations).unwrap().len(), 1_000);
    let read = reading.elapsed();
    let started = Instant::now();
    let n_alone = 200;
    for index in 0..n_alone {
        store.append_iteration(of, header.id, n_iterations + index, vec![7; 60]);
        store.flush().unwrap();
    }
    println!(
        "{n_iterations:>7} iterations: append {:.3} µs, till written {:.3} µs each; the last 1,000 read in {:.2} ms; one by one {:.1} µs",
        micros(sent, n_iterations as usize),
        micros(all, n_iterations as usize),
        read.as_secs_f64() * 1e3,
        micros(started.elapsed(), n_alone as usize),
    );
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, first, folder, session] = &arguments[..]
        && first == "cold"
    {
        return cold(Path::new(folder), session.parse().unwrap());
    }
    for n_nodes in [10_000, 100_000] {
        let folder = tempfile::tempdir().unwrap();
        full_run(folder.path(), n_nodes);
    }
    for n_iterations in [100_000, 1_000_000] {
        let folder = tempfile::tempdir().unwrap();
        iterations(folder.path(), n_iterations);
    }
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let started = Instant::now();
    for number in 0..1_000 {
        store.keep_queued(&Value::Int(number));
    }
    store.flush().unwrap();
    println!("keep_queued {:.2} µs a value till written", micros(started.elapsed(), 1_000));
}
