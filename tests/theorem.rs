//! The theorem of resumed runs: whatever came before, a resumed run ends with the same data as a standard run of the same
//! workflow under the same marks, and executes no node without a reason.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use pinflow::{
    engine::{Engine, EventKind, NodePlan, Plan, PlanOptions, Probes, RunRequest, plan},
    nodes::{
        Arity, Cacheability, Catalogue, Family, Kind, Load, NodeError, Outputs, ParameterSchema, ParameterType, Success,
    },
    session::{Baseline, Mark, Marks, PinPolicy, marks_after},
    store::{NodeRecord, Part, Reason, RunKind, RunRecord, SessionId, Status, Store},
    value::{Fingerprint, Value, ValueType},
    workflow::{Connection, Edit, Node, NodeId, NodeSettings, PortRef, Position, Span, Workflow},
};
use proptest::prelude::*;

const SALT: ParameterType = ParameterType::Int { min: 0, max: 1_000_000, unit: "" };

fn int(value: &Value) -> i64 {
    match value {
        Value::Int(number) => *number,
        _ => 0,
    }
}

/// Deterministic kinds: a sum, one that changes something outside, a branch by parity, a merge, a node that fails for some
/// sums, and one that reads what lies outside.
fn catalogue(outside: &Arc<AtomicI64>) -> Arc<Catalogue> {
    let salt = || ParameterSchema::new("salt", "Salt", SALT, 0_i64, "");
    let mut catalogue = Catalogue::empty();
    let sum = |ctx: &pinflow::nodes::Context<'_>| {
        ctx.inputs("in").iter().map(|(_, value)| int(value)).sum::<i64>() + ctx.parameters().int("salt")
    };
    for (id, load) in [("sum", Load::Instant), ("slow_sum", Load::Computes)] {
        catalogue.register(
            Kind::new(id, "Sum", Family::System, move |ctx| Ok(Success::one("out", sum(ctx))))
                .input("in", ValueType::Int, Arity::Many { min: 0 })
                .output("out", ValueType::Int)
                .parameter(salt())
                .load(load),
        );
    }
    catalogue.register(
        Kind::new("send", "Send", Family::System, move |ctx| Ok(Success::one("out", sum(ctx))))
            .input("in", ValueType::Int, Arity::Many { min: 0 })
            .output("out", ValueType::Int)
            .parameter(salt())
            .side_effect(|_| true),
    );
    catalogue.register(
        Kind::new("parity", "Parity", Family::Flow, move |ctx| {
            let number = sum(ctx);
            Ok(Success::new(Outputs::one(if number % 2 == 0 { "even" } else { "odd" }, number)))
        })
        .input("in", ValueType::Int, Arity::Many { min: 1 })
        .output("even", ValueType::Int)
        .output("odd", ValueType::Int)
        .parameter(salt()),
    );
    catalogue.register(
        Kind::new("merge", "Merge", Family::Flow, |ctx| {
            let first = ctx.inputs("in").first().map(|(_, value)| (*value).clone());
            Ok(Success::one("out", first.unwrap_or_default()))
        })
        .input("in", ValueType::Any, Arity::AnyOf)
        .output("out", ValueType::Any),
    );
    catalogue.register(
        Kind::new("picky", "Picky", Family::System, move |ctx| {
            let number = sum(ctx);
            if number % 3 == 0 { Err(NodeError::new("a multiple of three")) } else { Ok(Success::one("out", number)) }
        })
        .input("in", ValueType::Int, Arity::Many { min: 0 })
        .output("out", ValueType::Int)
        .parameter(salt()),
    );
    let outside = Arc::clone(outside);
    catalogue.register(
        Kind::new("outside", "Outside", Family::System, move |_| {
            Ok(Success::one("out", outside.load(Ordering::SeqCst)))
        })
        .output("out", ValueType::Int)
        .cacheable(|_| Cacheability::Never),
    );
    Arc::new(catalogue)
}

const KINDS: [(&str, &[&str]); 7] = [
    ("outside", &["out"]),
    ("send", &["out"]),
    ("sum", &["out"]),
    ("slow_sum", &["out"]),
    ("parity", &["even", "odd"]),
    ("merge", &["out"]),
    ("picky", &["out"]),
];
const N_NODES: usize = 9;

#[derive(Clone, Debug)]
enum Step {
    Add { node: usize, kind: usize },
    Remove { node: usize },
    Salt { node: usize, salt: i64 },
    Connect { from: usize, port: usize, to: usize, input: usize },
    Disconnect { to: usize, input: usize },
    Move { node: usize },
    Mark { node: usize, mark: usize },
    Outside { number: i64 },
    Settings { node: usize, error_output: bool, retries: u32, keeps: bool },
    Run { resumed: bool, dry: bool, target: Option<usize> },
}

fn any_step() -> impl Strategy<Value = Step> {
    let node = 0..N_NODES;
    prop_oneof![
        3 => (node.clone(), 0..KINDS.len()).prop_map(|(node, kind)| Step::Add { node, kind }),
        1 => node.clone().prop_map(|node| Step::Remove { node }),
        3 => (node.clone(), 0..6_i64).prop_map(|(node, salt)| Step::Salt { node, salt }),
        6 => (node.clone(), 0..3_usize, node.clone(), 1..4_usize)
            .prop_map(|(from, port, to, input)| Step::Connect { from, port, to, input }),
        1 => (node.clone(), 1..4_usize).prop_map(|(to, input)| Step::Disconnect { to, input }),
        1 => node.clone().prop_map(|node| Step::Move { node }),
        2 => (node.clone(), 0..4_usize).prop_map(|(node, mark)| Step::Mark { node, mark }),
        1 => (0..6_i64).prop_map(|number| Step::Outside { number }),
        2 => (node.clone(), any::<bool>(), 0..2_u32, any::<bool>())
            .prop_map(|(node, error_output, retries, keeps)| Step::Settings { node, error_output, retries, keeps }),
        3 => (any::<bool>(), prop::bool::weighted(0.3), prop::option::of(node))
            .prop_map(|(resumed, dry, target)| Step::Run { resumed, dry, target }),
    ]
}

/// Returns a step, or a node to pin until something it came from changes.
fn step_with_follow_pins() -> impl Strategy<Value = Result<Step, usize>> {
    prop_oneof![6 => any_step().prop_map(Ok), 1 => (0..N_NODES).prop_map(Err)]
}

fn id(node: usize) -> NodeId {
    format!("n_{node}").parse().unwrap()
}

/// Returns what a plan says of each node, sorted by node.
fn by_node(plan: &Plan) -> BTreeMap<&NodeId, &NodePlan> {
    plan.nodes().map(|node| (&node.node, node)).collect()
}

struct World {
    /// What lies outside, and may change.
    outside: Arc<AtomicI64>,
    engine: Engine,
    workflow: Workflow,
    marks: Marks,
    baseline: Baseline,
    session: SessionId,
}

impl World {
    fn new() -> Self {
        let outside = Arc::new(AtomicI64::new(0));
        let mut workflow = Workflow::new("theorem");
        for node in 0..N_NODES {
            let kind = if node % 4 == 1 { "slow_sum" } else { "sum" };
            let placed = Node::new(kind, Position(0.0, 0.0)).with("salt", i64::try_from(node).unwrap());
            workflow.apply(Edit::AddNode(id(node), Arc::new(placed))).unwrap();
        }
        Self {
            engine: Engine::new(catalogue(&outside), None),
            outside,
            workflow,
            marks: Marks::default(),
            baseline: Baseline::default(),
            session: SessionId::generate(),
        }
    }

    /// Does a step, and makes sure that what the engine then plans from what it knew is what it would plan from nothing.
    fn step(&mut self, step: &Step) -> Option<Arc<RunRecord>> {
        let record = self.try_step(step);
        self.check_plans();
        record
    }

    fn check_plans(&self) {
        for kind in [RunKind::Resumed, RunKind::Standard] {
            let request = self.request(kind, None);
            let follows = self.engine.plan(&request, &Probes::default());
            let options = PlanOptions::of(kind);
            let catalogue = self.engine.catalogue();
            let (from_nothing, _) =
                plan(&self.workflow, catalogue, &self.marks, &self.baseline, &Probes::default(), &options);
            assert!(by_node(&follows).eq(&by_node(&from_nothing)), "{kind:?}: {follows:#?}\n{from_nothing:#?}");
            assert_eq!(follows.counts(), from_nothing.counts());
            // A node that was there before may keep its place, so the order of work may be another one, and is one.
            let graph = follows.graph();
            for (index, id) in graph.ids.iter().enumerate() {
                let wires: Vec<_> = graph.inputs[index].iter().map(|feed| (&feed.port, &feed.source)).collect();
                assert_eq!(wires, self.workflow.feeds_of(id).collect::<Vec<_>>());
                assert!(graph.inputs[index].iter().all(|feed| feed.from < index));
            }
        }
    }

    /// Does a step; one that does not fit the workflow does nothing, as when a person tries it.
    fn try_step(&mut self, step: &Step) -> Option<Arc<RunRecord>> {
        let edit = match *step {
            Step::Add { node, kind } => Edit::AddNode(id(node), Arc::new(Node::new(KINDS[kind].0, Position(0.0, 0.0)))),
            Step::Remove { node } => Edit::RemoveNode(id(node)),
            Step::Salt { node, salt } => Edit::SetParameter(id(node), "salt".into(), Some(Value::Int(salt))),
            Step::Connect { from, port, to, input } => {
                let node = self.workflow.node(&id(from))?;
                let mut ports = KINDS.iter().find(|(known, _)| node.kind == *known)?.1.to_vec();
                ports.extend(node.settings.error_output.then_some("error"));
                Edit::Connect(Connection {
                    from: PortRef::new(id(from), ports[port % ports.len()]),
                    to: PortRef { node: id(to), port: format!("in{input}").parse().unwrap() },
                })
            }
            Step::Disconnect { to, input } => {
                Edit::Disconnect(PortRef { node: id(to), port: format!("in{input}").parse().unwrap() })
            }
            Step::Move { node } => Edit::MoveNodes(vec![(id(node), Position(1.0, 2.0))]),
            Step::Mark { node, mark } => {
                self.set_mark(node, mark);
                return None;
            }
            Step::Outside { number } => {
                self.outside.store(number, Ordering::SeqCst);
                return None;
            }
            Step::Settings { node, error_output, retries, keeps } => {
                let keep_results_for = keeps.then_some(Span(Duration::from_hours(1)));
                let settings = NodeSettings { error_output, retries, keep_results_for, ..NodeSettings::default() };
                Edit::SetNodeSettings(id(node), settings)
            }
            Step::Run { resumed, dry, target } => {
                let kind = if resumed { RunKind::Resumed } else { RunKind::Standard };
                let mut request = self.request(kind, target);
                request.options.dry_run = dry;
                return Some(self.make(request));
            }
        };
        let _refused = self.workflow.apply(edit).is_err();
        None
    }

    fn set_mark(&mut self, node: usize, mark: usize) {
        let mark = match mark {
            0 => Mark::Disabled,
            1 => Mark::Forced,
            _ => Mark::Default,
        };
        self.marks.set(id(node), mark);
    }

    fn request(&self, kind: RunKind, target: Option<usize>) -> RunRequest {
        RunRequest {
            session: self.session,
            marks: self.marks.clone(),
            baseline: Arc::new(self.baseline.clone()),
            ..RunRequest::new(
                self.workflow.clone(),
                PlanOptions::of(kind).part(target.map_or(Part::All, |target| Part::To(vec![id(target)]))),
            )
        }
    }

    fn run(&mut self, kind: RunKind, target: Option<usize>) -> Arc<RunRecord> {
        self.make(self.request(kind, target))
    }

    fn make(&mut self, request: RunRequest) -> Arc<RunRecord> {
        let started = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&started);
        let is_dry = request.options.dry_run;
        let record = self.engine.run(request, move |event| {
            if let EventKind::NodeStarted { node } = event.kind {
                seen.lock().unwrap().push(node);
            }
        });
        check_record(&self.workflow, &record, &started.lock().unwrap());
        assert!(!is_dry || sent(&record).is_empty(), "a dry run changes nothing outside");
        self.baseline.absorb(&record);
        let changed = marks_after(&self.marks, &record);
        self.marks.apply(changed);
        record
    }
}

/// What holds of every run: each node is settled once, none executes twice or without a reason, and the events agree.
fn check_record(workflow: &Workflow, record: &RunRecord, started: &[NodeId]) {
    assert_eq!(record.nodes().count(), workflow.n_nodes(), "every node is settled");
    let mut seen: BTreeMap<&NodeId, usize> = BTreeMap::new();
    for node in started {
        *seen.entry(node).or_default() += 1;
    }
    for node in record.nodes() {
        let executed = has_executed(&node);
        assert_eq!(
            usize::from(executed),
            seen.get(&node.node).copied().unwrap_or(0),
            "{} {:?}",
            node.node,
            node.status
        );
        // What was to execute and was reused after all says why, too.
        let has_reason = !node.reasons.is_empty() && *node.reasons != [Reason::EqualInputs];
        assert_eq!(executed, has_reason, "{}: {:?} for {:?}", node.node, node.status, node.reasons);
    }
}

/// Returns whether a node executed in the run that its record is of.
fn has_executed(record: &NodeRecord) -> bool {
    record.started.is_some() && matches!(record.status, Status::Executed | Status::Failed(_) | Status::Cancelled)
}

/// Returns whether nothing arrives on a pinned node's input where a value did when it was pinned.
fn has_lost_an_input(run: &RunRecord, record: &NodeRecord, pins: &Marks) -> bool {
    let Status::Pinned { .. } = record.status else { return false };
    let before = &pins.get(&record.node).capture().unwrap().inputs;
    before.iter().filter(|before| before.provenance().is_some()).any(|before| {
        let upstream = run.node(&before.source().node).and_then(|upstream| upstream.results.clone());
        !upstream.is_some_and(|results| results.has_value(&before.source().port))
    })
}

/// Returns the nodes that changed something outside.
fn sent(record: &RunRecord) -> BTreeSet<NodeId> {
    record
        .nodes()
        .filter(|node| has_executed(node) && node.as_it_was().kind == "send")
        .map(|node| node.node.clone())
        .collect()
}

type Given = BTreeMap<NodeId, Vec<(String, Fingerprint)>>;

/// Returns the data on every output that has a value.
fn given(record: &RunRecord) -> Given {
    record
        .nodes()
        .map(|node| {
            let ports = node.results.iter().flat_map(|results| results.ports().to_vec());
            (node.node.clone(), ports.map(|port| (port.port.to_string(), port.fingerprint)).collect())
        })
        .collect()
}

/// Returns how many cases to try: those the environment asks for, or so many.
fn n_cases(usually: u32) -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(usually)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(n_cases(300)))]

    #[test]
    fn a_resumed_run_ends_where_a_standard_run_does(steps in prop::collection::vec(any_step(), 1..60)) {
        let mut world = World::new();
        for step in &steps {
            world.step(step);
        }
        let mut fresh = World::new();
        fresh.outside.store(world.outside.load(Ordering::SeqCst), Ordering::SeqCst);
        fresh.workflow = world.workflow.clone();
        fresh.marks = world.marks.clone();
        let resumed = world.run(RunKind::Resumed, None);
        let standard = fresh.run(RunKind::Standard, None);
        prop_assert_eq!(given(&resumed), given(&standard));

        // Once more, with nothing changed: only what is forced, failed or skipped last time, and what is below it.
        let again = world.run(RunKind::Resumed, None);
        prop_assert_eq!(given(&again), given(&standard));
        for node in again.nodes().filter(|node| has_executed(node)) {
            let excused = node.reasons.iter().all(|reason| matches!(
                reason,
                Reason::Forced | Reason::NotCacheable | Reason::FailedLastTime(_) | Reason::UpstreamExecutes(_) | Reason::NeverRan(_)
            ));
            prop_assert!(excused, "{} ran for {:?}", node.node, node.reasons);
        }
    }

    #[test]
    fn no_effect_takes_place_again_because_of_dry_runs(
        steps in prop::collection::vec(any_step(), 1..60),
        dry in prop::collection::vec((any::<bool>(), prop::option::of(0..N_NODES)), 1..3),
    ) {
        let (mut without, mut with) = (World::new(), World::new());
        for step in &steps {
            without.step(step);
            with.step(step);
        }
        for (resumed, target) in dry {
            with.step(&Step::Run { resumed, dry: true, target });
        }
        let (without, with) = (sent(&without.run(RunKind::Resumed, None)), sent(&with.run(RunKind::Resumed, None)));
        prop_assert!(with.is_subset(&without), "{with:?} are not all of {without:?}");
    }

    #[test]
    fn a_follow_pin_that_holds_gives_what_its_node_would(steps in prop::collection::vec(step_with_follow_pins(), 1..60)) {
        let mut world = World::new();
        for step in &steps {
            match step {
                Ok(step) => drop(world.step(step)),
                Err(node) => {
                    // A pin on a node that itself reads what lies outside keeps what it read: that is what it is for.
                    let record = world.baseline.get(&id(*node)).filter(|record| record.has_results());
                    let record = record.filter(|record| record.as_it_was().kind != "outside").cloned();
                    let mark = record.map_or(Mark::Default, |record| Mark::pin(PinPolicy::Follow, Some(&record)));
                    world.marks.set(id(*node), mark);
                    world.check_plans();
                }
            }
        }
        let mut fresh = World::new();
        fresh.outside.store(world.outside.load(Ordering::SeqCst), Ordering::SeqCst);
        fresh.workflow = world.workflow.clone();
        for (node, mark) in world.marks.iter().filter(|(_, mark)| mark.as_pin().is_none()) {
            fresh.marks.set(node.clone(), mark.clone());
        }
        let standard = fresh.run(RunKind::Standard, None);
        for kind in [RunKind::Resumed, RunKind::Standard] {
            let pins = world.marks.clone();
            let pinned = world.run(kind, None);
            if pinned.nodes().any(|record| has_lost_an_input(&pinned, &record, &pins)) {
                // A pinned node gives its results even then, and its node would not.
                return Ok(());
            }
            prop_assert_eq!(given(&pinned), given(&standard), "{:?}", kind);
        }
    }

    #[test]
    fn a_held_pin_never_executes_and_never_changes(
        before in prop::collection::vec(any_step(), 0..30),
        after in prop::collection::vec(any_step(), 0..30),
        pinned in 0..N_NODES,
    ) {
        let mut world = World::new();
        for step in &before {
            world.step(step);
        }
        world.run(RunKind::Resumed, None);
        let Some(record) = world.baseline.get(&id(pinned)).filter(|record| record.has_results()).cloned() else {
            return Ok(());
        };
        let results = record.results.clone().unwrap();
        world.marks.set(id(pinned), Mark::pin(PinPolicy::Hold, Some(&record)));
        let of_the_pin = |step: &Step| matches!(step,
            Step::Mark { node, .. } | Step::Remove { node } if *node == pinned);
        for step in after.iter().filter(|step| !of_the_pin(step)) {
            let Some(run) = world.step(step) else { continue };
            let Some(record) = run.node(&id(pinned)) else { continue };
            if let Status::Pinned { policy: PinPolicy::Hold, .. } = record.status {
                prop_assert_eq!(record.results.as_ref().unwrap().ports(), results.ports());
            } else {
                // A run of other nodes has no need of it.
                prop_assert!(matches!(record.status, Status::NotRun(_)), "{:?}", record.status);
            }
        }
    }
}

proptest! {
    // Each case opens a store of its own, on the disk.
    #![proptest_config(ProptestConfig::with_cases(n_cases(50)))]

    #[test]
    fn kept_results_are_those_the_node_would_give(steps in prop::collection::vec(any_step(), 1..30), resumed in any::<bool>()) {
        let folder = tempfile::tempdir().unwrap();
        let mut world = World::new();
        let store = Store::open(folder.path()).unwrap();
        world.engine = Engine::new(Arc::clone(world.engine.catalogue()), Some(store));
        // What lies outside stays as it is: keeping it for a time while it changes is what a person asks for.
        for step in steps.iter().filter(|step| !matches!(step, Step::Outside { .. })) {
            world.step(step);
        }
        let mut fresh = World::new();
        fresh.workflow = world.workflow.clone();
        fresh.marks = world.marks.clone();
        let kept = world.run(if resumed { RunKind::Resumed } else { RunKind::Standard }, None);
        let standard = fresh.run(RunKind::Standard, None);
        prop_assert_eq!(given(&kept), given(&standard));
        // Once more: what was kept has spared what is below it, too.
        let again = world.run(RunKind::Resumed, None);
        prop_assert_eq!(given(&again), given(&standard));
        for node in again.nodes().filter(|node| has_executed(node)) {
            let excused = node.reasons.iter().all(|reason| matches!(
                reason,
                Reason::Forced | Reason::NotCacheable | Reason::FailedLastTime(_) | Reason::UpstreamExecutes(_) | Reason::NeverRan(_)
            ));
            prop_assert!(excused, "{} ran for {:?}", node.node, node.reasons);
            for reason in node.reasons.iter() {
                let Reason::UpstreamExecutes(upstream) = reason else { continue };
                let was_spared = |id: &&NodeId| {
                    let status = again.node(id).map(|record| record.status.clone());
                    matches!(status, Some(Status::Kept { .. } | Status::Reused { .. }))
                };
                prop_assert_eq!(upstream.iter().find(was_spared), None, "{}", node.node);
            }
        }
    }
}
