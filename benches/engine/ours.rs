//! The engine's own figures. All that the bench uses of the engine stands here.

use std::{
    cell::RefCell,
    path::Path,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use pinflow::{
    engine::{Engine, PlanOptions, Probes, RunRequest},
    nodes::{Arity, Catalogue, Family, Kind, Load, ParameterSchema, ParameterType, Success},
    session::Baseline,
    store::{RunKind, RunRecord, SessionId, Status, Store},
    value::{Value, ValueType},
    workflow::{self, Connection, Edit, Node, NodeId, PortRef, Position, Workflow},
};

use crate::{
    clock::{in_words, time},
    shapes::{Changed, Shaped, n_calls},
    table::{Table, What},
};

/// How many nodes wait at once, and how many compute beside them.
const N_WAITING: usize = 200;
const N_COMPUTING: usize = 20;
const WAIT: Duration = Duration::from_secs(1);

/// Adds the engine's figures to the table; returns the sum of all values.
pub(crate) fn measure(graph: &Shaped, table: &mut Table) -> u64 {
    let bench = Bench::new(graph);
    bench.load_and_plan(table);
    bench.full(table);
    bench.resume(table);
    bench.stored(table);
    sum_of_values(&bench.text)
}

/// A workflow that has run once, and all that running it again takes.
struct Bench<'a> {
    graph: &'a Shaped,
    text: String,
    workflow: Arc<Workflow>,
    catalogue: Arc<Catalogue>,
    engine: Engine,
    session: SessionId,
    empty: Arc<Baseline>,
    n_calls: usize,
}

/// A sitting at a workflow: each run starts from what the ones before left behind, as in the program.
#[derive(Clone)]
struct Sitting {
    workflow: Arc<Workflow>,
    baseline: Arc<Baseline>,
}

impl Sitting {
    /// Takes in a run.
    fn absorb(&mut self, record: &RunRecord) {
        Arc::make_mut(&mut self.baseline).absorb(record);
    }

    fn apply(&mut self, edit: Edit) {
        Arc::make_mut(&mut self.workflow).apply(edit).unwrap();
    }
}

impl<'a> Bench<'a> {
    fn new(graph: &'a Shaped) -> Self {
        let workflow = Arc::new(workflow(graph));
        let catalogue = catalogue(|_| ());
        Self {
            graph,
            text: workflow::to_text(&workflow),
            workflow,
            engine: Engine::new(Arc::clone(&catalogue), None),
            catalogue,
            session: SessionId::generate(),
            empty: Arc::default(),
            n_calls: n_calls(graph.n_nodes()),
        }
    }

    fn n_nodes(&self) -> usize {
        self.graph.n_nodes()
    }

    /// Returns the workflow as if its file had just been opened: nothing is shared with what ran before.
    fn loaded(&self) -> Arc<Workflow> {
        Arc::new(workflow::parse(&self.text).unwrap())
    }

    /// Returns a sitting in which the workflow has run, and a resumed run was planned.
    fn sitting(&self) -> Sitting {
        let mut sitting = Sitting { workflow: Arc::clone(&self.workflow), baseline: Arc::default() };
        let record = self.run(&sitting, RunKind::Standard);
        sitting.absorb(&record);
        self.run(&sitting, RunKind::Resumed);
        sitting
    }

    fn run(&self, sitting: &Sitting, kind: RunKind) -> Arc<RunRecord> {
        self.engine.run(request(&sitting.workflow, self.session, &sitting.baseline, kind), |_| ())
    }

    fn standard(&self, engine: &Engine, workflow: &Arc<Workflow>) -> Arc<RunRecord> {
        engine.run(request(workflow, self.session, &self.empty, RunKind::Standard), |_| ())
    }

    fn load_and_plan(&self, table: &mut Table) {
        let load = time(self.n_calls, || (), |()| self.loaded());
        table.add(self.graph, What::Load, self.n_nodes(), load);
        let first = time(
            self.n_calls,
            || (Engine::new(Arc::clone(&self.catalogue), None), self.loaded()),
            |(engine, workflow)| {
                let request = request(workflow, self.session, &self.empty, RunKind::Standard);
                engine.plan(&request, &Probes::default())
            },
        );
        table.add(self.graph, What::PlanFirst, self.n_nodes(), first);
        let sitting = self.sitting();
        let untouched = request(&sitting.workflow, self.session, &sitting.baseline, RunKind::Resumed);
        let again = time(self.n_calls, || (), |()| self.engine.plan(&untouched, &Probes::default()));
        table.add(self.graph, What::PlanUntouched, self.n_nodes(), again);
        let mut sitting = sitting;
        let mut n_edits = 0;
        let wired = time(
            self.n_calls,
            || {
                self.run(&sitting, RunKind::Resumed);
                let before = sitting.clone();
                sitting.apply(self.wiring(n_edits));
                n_edits += 1;
                (before, request(&sitting.workflow, self.session, &sitting.baseline, RunKind::Resumed))
            },
            |(_, request)| self.engine.plan(request, &Probes::default()),
        );
        table.add(self.graph, What::PlanWired, self.n_nodes(), wired);
    }

    /// Returns the edit that takes the wire off the last node's first input, or puts it there again.
    fn wiring(&self, number: usize) -> Edit {
        let last = self.n_nodes() - 1;
        let to = PortRef { node: id(last), port: "in1".parse().unwrap() };
        if number.is_multiple_of(2) {
            return Edit::Disconnect(to);
        }
        let feed = self.graph.feeds[last].first().copied().unwrap();
        Edit::Connect(Connection { from: PortRef::new(id(feed), "out"), to })
    }

    fn full(&self, table: &mut Table) {
        let first = time(
            self.n_calls,
            || (Engine::new(Arc::clone(&self.catalogue), None), self.loaded()),
            |(engine, workflow)| self.standard(engine, workflow),
        );
        table.add(self.graph, What::FullFirst, self.n_nodes(), first);
        let mut sitting = self.sitting();
        let last: RefCell<Option<Arc<RunRecord>>> = RefCell::default();
        let again = time(
            self.n_calls,
            || {
                let before = sitting.clone();
                last.take().iter().for_each(|record| sitting.absorb(record));
                (before, sitting.clone())
            },
            |(_, sitting)| Arc::clone(last.borrow_mut().insert(self.run(sitting, RunKind::Standard))),
        );
        table.add(self.graph, What::FullAgain, self.n_nodes(), again);
    }

    fn resume(&self, table: &mut Table) {
        let sitting = self.sitting();
        let untouched = time(self.n_calls, || (), |()| self.run(&sitting, RunKind::Resumed));
        table.add(self.graph, What::Untouched, self.n_nodes(), untouched);
        let titled = id(self.n_nodes() / 3);
        self.resume_edited(table, What::Title, |number| Edit::SetTitle(titled.clone(), format!("title {number}")));
        for changed in Changed::ALL {
            if let Some(node) = self.graph.changed(changed) {
                let salt = |number: usize| Value::Int(salt_of(self.n_nodes() + number));
                self.resume_edited(table, What::OneChanged(changed), |number| {
                    Edit::SetParameter(id(node), "salt".into(), Some(salt(number)))
                });
            }
        }
    }

    /// Measures resumed runs, each after another edit of the workflow that ran just before.
    fn resume_edited(&self, table: &mut Table, what: What, edit: impl Fn(usize) -> Edit) {
        let mut sitting = self.sitting();
        let mut n_edits = 0;
        let last: RefCell<Option<Arc<RunRecord>>> = RefCell::default();
        let times = time(
            self.n_calls,
            || {
                let before = sitting.clone();
                last.take().iter().for_each(|record| sitting.absorb(record));
                n_edits += 1;
                sitting.apply(edit(n_edits));
                (before, sitting.clone())
            },
            |(_, sitting)| Arc::clone(last.borrow_mut().insert(self.run(sitting, RunKind::Resumed))),
        );
        let n_executed = last.take().map_or(0, |record| record.count(|status| *status == Status::Executed));
        let n_sharing = if n_executed == 0 { self.n_nodes() } else { n_executed };
        table.add(self.graph, what, n_sharing, times);
    }

    fn stored(&self, table: &mut Table) {
        let stored = time(
            self.n_calls.min(5),
            || {
                let folder = tempfile::tempdir().unwrap();
                (self.engine_with_store(folder.path()), folder)
            },
            |(engine, _)| self.standard_flushed(engine),
        );
        table.add(self.graph, What::Stored, self.n_nodes(), stored);
        let folder = tempfile::tempdir().unwrap();
        self.standard_flushed(&self.engine_with_store(folder.path()));
        let cold = time(self.n_calls.min(5), || (), |()| self.cold(folder.path()));
        table.add(self.graph, What::Cold, self.n_nodes(), cold);
    }

    fn engine_with_store(&self, folder: &Path) -> Engine {
        Engine::new(Arc::clone(&self.catalogue), Some(Store::open(folder).unwrap()))
    }

    fn standard_flushed(&self, engine: &Engine) -> Arc<RunRecord> {
        let record = self.standard(engine, &self.workflow);
        engine.store().unwrap().flush().unwrap();
        record
    }

    /// Goes on with a session as a process does that has just started.
    fn cold(&self, folder: &Path) -> (Engine, Arc<RunRecord>) {
        let engine = self.engine_with_store(folder);
        let baseline: Baseline = engine.store().unwrap().baseline(self.session).unwrap().into_iter().collect();
        let record = engine.run(request(&self.workflow, self.session, &Arc::new(baseline), RunKind::Resumed), |_| ());
        (engine, record)
    }
}

fn request(workflow: &Arc<Workflow>, session: SessionId, baseline: &Arc<Baseline>, kind: RunKind) -> RunRequest {
    RunRequest {
        session,
        baseline: Arc::clone(baseline),
        ..RunRequest::new(Arc::clone(workflow), PlanOptions::of(kind))
    }
}

fn id(node: usize) -> NodeId {
    format!("n_{node:06}").parse().unwrap()
}

fn salt_of(number: usize) -> i64 {
    i64::try_from(number).unwrap()
}

fn workflow(graph: &Shaped) -> Workflow {
    let mut edits = Vec::new();
    for node in 0..graph.n_nodes() {
        let position = Position((node / 100) as f32 * 280.0, (node % 100) as f32 * 120.0);
        edits.push(Edit::AddNode(id(node), Arc::new(Node::new("sum", position).with("salt", salt_of(node)))));
    }
    // From the end, so that what a wire comes from has no wires yet when it is checked for a circle.
    for (node, feeds) in graph.feeds.iter().enumerate().rev() {
        for (number, &feed) in (1..).zip(feeds) {
            let to = PortRef { node: id(node), port: format!("in{number}").parse().unwrap() };
            edits.push(Edit::Connect(Connection { from: PortRef::new(id(feed), "out"), to }));
        }
    }
    let mut workflow = Workflow::new(graph.shape.to_string());
    workflow.apply(Edit::Group(edits)).unwrap();
    workflow
}

/// Returns the one kind that the graphs are made of. Every value that a node gives is shown to `observe`.
fn catalogue(observe: impl Fn(i64) + Send + Sync + 'static) -> Arc<Catalogue> {
    let salt = ParameterType::Int { min: 0, max: i64::MAX, unit: "" };
    let mut catalogue = Catalogue::empty();
    catalogue.register(
        Kind::new("sum", "Sum", Family::System, move |ctx| {
            let inputs: i64 = ctx
                .inputs("in")
                .iter()
                .map(|(_, value)| if let Value::Int(number) = value { *number } else { 0 })
                .sum();
            let sum = (inputs + ctx.parameters().int("salt")) % (1 << 32);
            observe(sum);
            Ok(Success::one("out", sum))
        })
        .input("in", ValueType::Int, Arity::Many { min: 0 })
        .output("out", ValueType::Int)
        .parameter(ParameterSchema::new("salt", "Salt", salt, 0_i64, ""))
        .load(Load::Instant),
    );
    Arc::new(catalogue)
}

/// Runs a workflow once more and adds up what its nodes give.
fn sum_of_values(text: &str) -> u64 {
    let sum = Arc::new(AtomicU64::new(0));
    let into = Arc::clone(&sum);
    let engine = Engine::new(
        catalogue(move |value| {
            into.fetch_add(value as u64, Ordering::Relaxed);
        }),
        None,
    );
    let workflow = Arc::new(workflow::parse(text).unwrap());
    engine.run(request(&workflow, SessionId::generate(), &Arc::default(), RunKind::Standard), |_| ());
    sum.load(Ordering::Relaxed)
}

/// Prints whether nodes that wait hold up each other or those that compute.
pub(crate) fn print_waiting() {
    let begin = Arc::new(OnceLock::new());
    let computed = Arc::new(OnceLock::new());
    let engine = Engine::new(waiting_catalogue(&begin, &computed), None);
    let nodes = (0..N_WAITING + N_COMPUTING).map(|node| {
        // Those that compute come last in the order of ids: they would be served last if the others held them up.
        let kind = if node < N_WAITING { "wait" } else { "compute" };
        Edit::AddNode(id(node), Arc::new(Node::new(kind, Position(0.0, node as f32 * 120.0))))
    });
    let mut workflow = Workflow::new("waiting");
    workflow.apply(Edit::Group(nodes.collect())).unwrap();
    let request = request(&Arc::new(workflow), SessionId::generate(), &Arc::default(), RunKind::Standard);
    let clock = *begin.get_or_init(Instant::now);
    let record = engine.run(request, |_| ());
    let total = clock.elapsed();
    let n_executed = record.count(|status| *status == Status::Executed);
    assert_eq!(n_executed, N_WAITING + N_COMPUTING, "not all of them executed");
    let computed = computed.get().copied().unwrap();
    println!(
        "\n{N_WAITING} nodes that wait {} each, {N_COMPUTING} short ones that compute: all done after {}, those that compute after {}",
        in_words(WAIT),
        in_words(total),
        in_words(computed)
    );
}

/// Returns a kind that waits and one that computes; the last of the latter tells how long after `begin` it was done.
fn waiting_catalogue(begin: &Arc<OnceLock<Instant>>, computed: &Arc<OnceLock<Duration>>) -> Arc<Catalogue> {
    let (begin, computed) = (Arc::clone(begin), Arc::clone(computed));
    let n_left = AtomicUsize::new(N_COMPUTING);
    let mut catalogue = Catalogue::empty();
    catalogue.register(
        Kind::new("wait", "Wait", Family::System, |ctx| {
            ctx.wait(WAIT)?;
            Ok(Success::one("out", 0_i64))
        })
        .output("out", ValueType::Int)
        .load(Load::Waits),
    );
    catalogue.register(
        Kind::new("compute", "Compute", Family::System, move |_| {
            let sum =
                (0..200_000_u64).fold(0_u64, |sum, number| std::hint::black_box(sum ^ number.wrapping_mul(sum | 1)));
            if n_left.fetch_sub(1, Ordering::AcqRel) == 1
                && let Some(begin) = begin.get()
            {
                computed.get_or_init(|| begin.elapsed());
            }
            Ok(Success::one("out", i64::from(sum % 1024 == 0)))
        })
        .output("out", ValueType::Int)
        .load(Load::Computes),
    );
    Arc::new(catalogue)
}
