//! Planner and engine: what a graph costs, beside a bare walk of the same graph in the same run.
//!
//! `cargo bench --bench engine`. Layered graph: layers of 100, two random inputs from the layer before; a node gives the
//! sum of its inputs and its own salt. Medians; the bound calls boxed bodies in order and keeps their values in `Arc`s.
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on panics")]

use std::{
    hint::black_box,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use pinflow::{
    engine::{Engine, PlanOptions, Probes, RunRequest, plan},
    nodes::{Arity, Catalogue, Family, Kind, Load, ParameterSchema, ParameterType, Success},
    session::{Baseline, Marks},
    store::{RunKind, SessionId, Status, Store},
    value::{Value, ValueType},
    workflow::{self, Connection, Edit, Graph, Node, NodeId, PortRef, Position, Workflow},
};

const LAYER: usize = 100;

/// A small generator of numbers (`SplitMix64`, Steele et al. 2014), so that every run has the same graph.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % limit as u64).unwrap()
    }
}

fn id(node: usize) -> NodeId {
    format!("n_{node:06}").parse().unwrap()
}

fn layered(n_nodes: usize) -> Workflow {
    let mut random = Random(1);
    let mut edits = Vec::new();
    for node in 0..n_nodes {
        let position = Position((node / LAYER) as f32 * 280.0, (node % LAYER) as f32 * 120.0);
        let placed = Node::new("sum", position).with("salt", i64::try_from(node).unwrap());
        edits.push(Edit::AddNode(id(node), Arc::new(placed)));
    }
    for node in LAYER..n_nodes {
        for port in ["in1", "in2"] {
            let from = (node / LAYER - 1) * LAYER + random.below(LAYER);
            edits.push(Edit::Connect(Connection {
                from: PortRef::new(id(from), "out"),
                to: PortRef::new(id(node), port),
            }));
        }
    }
    let mut workflow = Workflow::new("layered");
    workflow.apply(Edit::Group(edits)).unwrap();
    workflow
}

fn catalogue() -> Arc<Catalogue> {
    let salt = ParameterType::Int { min: 0, max: i64::MAX, unit: "" };
    let mut catalogue = Catalogue::empty();
    catalogue.register(
        Kind::new("sum", "Sum", Family::System, |ctx| {
            let inputs: i64 = ctx
                .inputs("in")
                .iter()
                .map(|(_, value)| if let Value::Int(number) = value { *number } else { 0 })
                .sum();
            Ok(Success::one("out", (inputs + ctx.parameters().int("salt")) % (1 << 32)))
        })
        .input("in", ValueType::Int, Arity::Many { min: 0 })
        .output("out", ValueType::Int)
        .parameter(ParameterSchema::new("salt", "Salt", salt, 0_i64, ""))
        .load(Load::Instant),
    );
    Arc::new(catalogue)
}

/// Returns the median time of a few calls.
fn median<T>(n_calls: usize, mut call: impl FnMut() -> T) -> Duration {
    let mut times: Vec<Duration> = (0..n_calls)
        .map(|_| {
            let clock = Instant::now();
            black_box(call());
            clock.elapsed()
        })
        .collect();
    times.sort();
    times[times.len() / 2]
}

/// Walks the graph with boxed bodies, one after the other.
fn bare_walk(graph: &Graph) -> u64 {
    type Body = Box<dyn Fn(&[Arc<u64>]) -> u64>;
    let bodies: Vec<Body> = (0..graph.n_nodes() as u64)
        .map(|salt| {
            Box::new(move |inputs: &[Arc<u64>]| (inputs.iter().map(|input| **input).sum::<u64>() + salt) % (1 << 32))
                as Body
        })
        .collect();
    let mut values: Vec<Arc<u64>> = Vec::with_capacity(bodies.len());
    for (body, feeds) in bodies.iter().zip(&graph.inputs) {
        let inputs: Vec<Arc<u64>> = feeds.iter().map(|feed| Arc::clone(&values[feed.from])).collect();
        values.push(Arc::new(body(&inputs)));
    }
    values.last().map_or(0, |value| **value)
}

fn request(workflow: &Arc<Workflow>, baseline: &Arc<Baseline>, kind: RunKind) -> RunRequest {
    RunRequest {
        workflow: Arc::clone(workflow),
        path: None,
        folder: PathBuf::new(),
        session: SessionId::generate(),
        marks: Marks::default(),
        baseline: Arc::clone(baseline),
        options: PlanOptions { kind, targets: Vec::new() },
    }
}

fn show(what: &str, n_nodes: usize, time: Duration, bound: Duration) {
    let per_node = time.as_secs_f64() * 1e9 / n_nodes as f64;
    let ratio = time.as_secs_f64() / bound.as_secs_f64();
    println!(
        "{n_nodes:>7}  {what:<44} {:>9.3} ms  {per_node:>8.0} ns a node  {ratio:>7.1} x the bare walk",
        time.as_secs_f64() * 1e3
    );
}

fn measure(n_nodes: usize) {
    let workflow = Arc::new(layered(n_nodes));
    let catalogue = catalogue();
    let engine = Engine::new(Arc::clone(&catalogue), None);
    let graph = Graph::new(&workflow);
    let bound = median(15, || bare_walk(&graph));
    show("bare walk: boxed bodies, Arc values", n_nodes, bound, bound);
    let text = workflow::to_text(&workflow);
    show("load the file", n_nodes, median(7, || workflow::parse(&text).unwrap()), bound);
    let empty = Arc::new(Baseline::default());
    let record = engine.run(request(&workflow, &empty, RunKind::Standard), |_| ());
    let mut baseline = Baseline::default();
    baseline.absorb(&record);
    let baseline = Arc::new(baseline);
    let options = PlanOptions { kind: RunKind::Resumed, targets: Vec::new() };
    let replan = || plan(&workflow, &catalogue, &Marks::default(), &baseline, &Probes::default(), &options);
    show("plan a resumed run, nothing changed", n_nodes, median(9, replan), bound);
    let full = median(7, || engine.run(request(&workflow, &empty, RunKind::Standard), |_| ()));
    show("full run with records, in memory", n_nodes, full, bound);
    let resume = median(7, || engine.run(request(&workflow, &baseline, RunKind::Resumed), |_| ()));
    show("resume, nothing changed", n_nodes, resume, bound);
    let mut changed = Workflow::clone(&workflow);
    changed.apply(Edit::SetParameter(id(n_nodes / 2), "salt".into(), Some(Value::Int(7)))).unwrap();
    let changed = Arc::new(changed);
    let one = engine.run(request(&changed, &baseline, RunKind::Resumed), |_| ());
    let n_executed = one.count(|status| *status == Status::Executed);
    let resume = median(7, || engine.run(request(&changed, &baseline, RunKind::Resumed), |_| ()));
    show(&format!("resume, one changed ({n_executed} execute)"), n_nodes, resume, bound);
    let folder = tempfile::tempdir().unwrap();
    let stored = Engine::new(catalogue, Some(Store::open(folder.path()).unwrap()));
    let durable = median(3, || {
        let record = stored.run(request(&workflow, &empty, RunKind::Standard), |_| ());
        stored.store().unwrap().flush().unwrap();
        record
    });
    show("full run, all of it on the disk", n_nodes, durable, bound);
}

fn main() {
    for n_nodes in [1_000, 10_000] {
        measure(n_nodes);
    }
}
