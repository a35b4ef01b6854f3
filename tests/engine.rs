//! What the engine promises beyond the scenarios: panics, cancelling, its two pools, and its events.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Barrier, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    time::Duration,
};

use pinflow::{
    engine::{Engine, Event, EventKind, PlanOptions, RunRequest},
    nodes::{Arity, Catalogue, Context, Family, Kind, Load, NodeError, Outputs, Success},
    session::{Baseline, Capture, Mark, PinPolicy, marks_after},
    store::{Kept, NodeRecord, Part, Reason, RunKind, RunRecord, RunStatus, Status},
    value::{Value, ValueType},
    workflow::{Connection, Edit, Node, NodeId, PortRef, Position, Workflow},
};

type Execute = fn(&Context<'_>) -> Result<Success, NodeError>;

fn kind(id: &'static str, load: Load, execute: Execute) -> Kind {
    Kind::new(id, id, Family::System, execute)
        .input("in", ValueType::Any, Arity::Optional)
        .output("out", ValueType::Any)
        .load(load)
}

fn workflow(nodes: &[(&'static str, &'static str)], wires: &[(&'static str, &'static str)]) -> Workflow {
    let mut workflow = Workflow::new("test");
    for (id, kind) in nodes {
        workflow.apply(Edit::AddNode((*id).into(), Arc::new(Node::new(*kind, Position(0.0, 0.0))))).unwrap();
    }
    for (from, to) in wires {
        let connection = Connection { from: PortRef::new(*from, "out"), to: PortRef::new(*to, "in") };
        workflow.apply(Edit::Connect(connection)).unwrap();
    }
    workflow
}

fn request(workflow: Workflow) -> RunRequest {
    RunRequest::new(workflow, PlanOptions::of(RunKind::Standard))
}

fn engine(kinds: impl IntoIterator<Item = Kind>) -> Engine {
    let mut catalogue = Catalogue::empty();
    for kind in kinds {
        catalogue.register(kind);
    }
    Engine::new(Arc::new(catalogue), None)
}

fn status(record: &RunRecord, node: &'static str) -> Status {
    record.node(&NodeId::from(node)).unwrap().status.clone()
}

#[test]
fn a_panic_is_that_nodes_error_and_the_rest_goes_on() {
    let engine = engine([
        kind("panic", Load::Computes, |_| panic!("oh no")),
        kind("panic_here", Load::Instant, |_| panic!("{}", String::from("oh dear"))),
        kind("fine", Load::Computes, |_| Ok(Success::one("out", 1_i64))),
    ]);
    let nodes = [("p", "panic"), ("q", "panic_here"), ("f", "fine"), ("g", "fine")];
    let record = engine.run(request(workflow(&nodes, &[("f", "g")])), |_| ());
    assert_eq!(status(&record, "p"), Status::Failed("the node panicked: oh no".to_owned()));
    assert_eq!(status(&record, "q"), Status::Failed("the node panicked: oh dear".to_owned()));
    assert_eq!(status(&record, "g"), Status::Executed);
    assert_eq!(record.header.status, RunStatus::Failed);
}

#[test]
fn a_cancelled_run_settles_every_node_and_keeps_what_had_finished() {
    let engine = engine([
        kind("fine", Load::Computes, |_| Ok(Success::one("out", 1_i64))),
        kind("endless", Load::Waits, |ctx| {
            ctx.wait(Duration::from_hours(10))?;
            Ok(Success::one("out", 1_i64))
        }),
        kind("busy", Load::Computes, |ctx| {
            loop {
                ctx.check_cancelled()?;
                std::thread::yield_now();
            }
        }),
    ]);
    let nodes = [("a", "fine"), ("w", "endless"), ("b", "busy"), ("z", "fine")];
    let (sender, events) = mpsc::channel();
    let handle = engine.start(request(workflow(&nodes, &[("a", "w"), ("w", "z")])), move |event: Event| {
        sender.send(event.kind).unwrap_or_default();
    });
    let mut running = 0;
    while running < 2 {
        if let EventKind::NodeStarted { node } = events.recv().unwrap()
            && (node == "w" || node == "b")
        {
            running += 1;
        }
    }
    handle.cancel();
    let record = handle.wait();
    assert_eq!(status(&record, "a"), Status::Executed);
    for node in ["w", "b", "z"] {
        assert_eq!(status(&record, node), Status::Cancelled, "{node}");
    }
    assert_eq!(record.header.status, RunStatus::Cancelled);
}

#[test]
fn nodes_that_wait_leave_the_computing_pool_free() {
    // A hundred waiting nodes meet at a barrier that a computing node opens: with one pool of two threads nobody would get there.
    static MEETING: Mutex<Option<Arc<Barrier>>> = Mutex::new(None);
    *MEETING.lock().unwrap() = Some(Arc::new(Barrier::new(101)));
    let meet: Execute = |_| {
        let barrier = MEETING.lock().unwrap().clone().unwrap();
        barrier.wait();
        Ok(Success::one("out", 1_i64))
    };
    let engine = engine([kind("waits", Load::Waits, meet), kind("computes", Load::Computes, meet)]);
    let mut all = workflow(&[("compute", "computes")], &[]);
    for number in 0..100 {
        let id: NodeId = format!("w_{number}").parse().unwrap();
        all.apply(Edit::AddNode(id, Arc::new(Node::new("waits", Position(0.0, 0.0))))).unwrap();
    }
    let record = engine.run(request(all), |_| ());
    assert_eq!(record.count(|status| *status == Status::Executed), 101);
}

#[test]
fn a_node_sees_what_others_gave_in_this_run_and_its_values_converted() {
    let engine = engine([
        kind("source", Load::Instant, |_| Ok(Success::one("out", "12"))),
        Kind::new("double", "Double", Family::System, |ctx| {
            let Value::Int(number) = ctx.required("in")? else { return Err(NodeError::new("not an Int")) };
            let seen = ctx.output(&NodeId::from("s")).and_then(|outputs| outputs.get(&"out".into()).cloned());
            assert_eq!(seen, Some(Value::text("12")));
            ctx.info("doubling");
            ctx.progress(0.5, "half");
            Ok(Success::one("out", number * 2))
        })
        .input("in", ValueType::Int, Arity::Required)
        .output("out", ValueType::Int),
    ]);
    let seen = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&seen);
    let nodes = [("s", "source"), ("d", "double")];
    let record = engine.run(request(workflow(&nodes, &[("s", "d")])), move |event| {
        if matches!(event.kind, EventKind::NodeProgress { .. } | EventKind::NodeLogged { .. }) {
            count.fetch_add(1, Ordering::SeqCst);
        }
    });
    let double = record.node(&"d".into()).unwrap();
    assert_eq!(double.results.as_ref().unwrap().load().unwrap().get(&"out".into()), Some(&Value::Int(24)));
    assert_eq!(double.log[0].message, "doubling");
    assert_eq!(seen.load(Ordering::SeqCst), 2);
}

#[test]
fn a_value_that_does_not_fit_is_the_nodes_error_and_names_the_input() {
    let engine = engine([
        kind("source", Load::Instant, |_| Ok(Success::one("out", "twelve"))),
        Kind::new("double", "Double", Family::System, |_| Ok(Success::one("out", 1_i64)))
            .input("in", ValueType::Int, Arity::Required)
            .output("out", ValueType::Int),
    ]);
    let record = engine.run(request(workflow(&[("s", "source"), ("d", "double")], &[("s", "d")])), |_| ());
    let expected = "input in: expected Int, got Text \"twelve\": the text does not read as Int";
    assert_eq!(status(&record, "d"), Status::Failed(expected.to_owned()));
}

#[test]
fn the_last_event_is_that_the_run_is_over() {
    let engine = engine([kind("fine", Load::Computes, |_| Ok(Success::one("out", 1_i64)))]);
    let events = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&events);
    engine.run(request(workflow(&[("a", "fine"), ("b", "fine")], &[("a", "b")])), move |event| {
        seen.lock().unwrap().push(match event.kind {
            EventKind::Started { .. } => "started",
            EventKind::NodeStarted { .. } => "node started",
            EventKind::NodeSettled(_) => "node settled",
            EventKind::Finished(_) => "finished",
            EventKind::NodeProgress { .. }
            | EventKind::NodeLogged { .. }
            | EventKind::Paused { .. }
            | EventKind::Continued => "other",
        });
    });
    let expected = ["started", "node started", "node settled", "node started", "node settled", "finished"];
    assert_eq!(*events.lock().unwrap(), expected);
}

/// Returns a hundred nodes of each kind and, below each, a node that takes what it gives.
fn wide(kinds: &[&'static str]) -> Workflow {
    let mut workflow = Workflow::new("wide");
    for (number, kind) in (0..100).flat_map(|number| kinds.iter().map(move |kind| (number, *kind))) {
        let [above, below] = ["above", "below"].map(|row| format!("{row}_{kind}_{number}").parse::<NodeId>().unwrap());
        for (id, kind) in [(&above, kind), (&below, "pass")] {
            let node = Node::new(kind, Position(0.0, 0.0));
            workflow.apply(Edit::AddNode(id.clone(), Arc::new(node))).unwrap();
        }
        let connection = Connection { from: PortRef::new(above, "out"), to: PortRef::new(below, "in") };
        workflow.apply(Edit::Connect(connection)).unwrap();
    }
    workflow
}

#[test]
fn many_quick_nodes_that_are_ready_come_out_as_they_do_one_by_one() {
    static N_EXECUTED: AtomicUsize = AtomicUsize::new(0);
    let one: Execute = |_| {
        N_EXECUTED.fetch_add(1, Ordering::SeqCst);
        Ok(Success::one("out", 1_i64))
    };
    let engine = engine([
        kind("one", Load::Instant, one),
        kind("effect", Load::Instant, one).side_effect(|_| true),
        kind("computes", Load::Computes, one),
        kind("nothing", Load::Instant, |_| Ok(Success::new(Outputs::none()))),
        kind("fails", Load::Instant, |_| Err(NodeError::new("no luck"))),
        kind("panics", Load::Instant, |_| panic!("oh no")),
        kind("pass", Load::Instant, |ctx| Ok(Success::one("out", ctx.input("in").cloned().unwrap_or(Value::Null)))),
    ]);
    let workflow = wide(&["one", "effect", "computes", "nothing", "fails", "panics"]);
    for dry_run in [false, true] {
        let request = RunRequest {
            options: PlanOptions { dry_run, ..PlanOptions::of(RunKind::Standard) },
            ..request(workflow.clone())
        };
        let told = Arc::new(Mutex::new(Vec::new()));
        let listener = Arc::clone(&told);
        N_EXECUTED.store(0, Ordering::SeqCst);
        let at_once = engine.run(request.clone(), move |event: Event| {
            if let EventKind::NodeSettled(record) = event.kind {
                listener.lock().unwrap().push(record.node.clone());
            }
        });
        assert_eq!(N_EXECUTED.load(Ordering::SeqCst), if dry_run { 200 } else { 300 });
        // A run that may have to pause goes through its nodes one by one.
        let breakpoints = BTreeSet::from([NodeId::from("nowhere")]);
        let one_by_one = engine.start(RunRequest { breakpoints, ..request }, |_| ()).wait();
        assert_eq!(at_once.nodes().count(), 1200);
        for (this, other) in at_once.nodes().zip(one_by_one.nodes()) {
            assert_eq!((&this.node, &this.status, this.effect), (&other.node, &other.status, other.effect));
            assert_eq!(this.reasons, other.reasons);
            let data = |record: &NodeRecord| record.results.as_ref().map(|results| results.fingerprint(&"out".into()));
            assert_eq!(data(&this), data(&other));
            let arrived =
                |record: &NodeRecord| record.inputs.iter().map(|input| input.fingerprint()).collect::<Vec<_>>();
            assert_eq!(arrived(&this), arrived(&other));
            assert_eq!(this.attempts.len(), other.attempts.len());
            assert_eq!(this.took.is_some(), other.took.is_some());
        }
        let mut told = std::mem::take(&mut *told.lock().unwrap());
        told.sort();
        assert!(
            told.into_iter().eq(at_once.nodes().map(|record| record.node.clone()).collect::<BTreeSet<_>>()),
            "each once"
        );
    }
}

#[test]
fn a_cancel_reaches_quick_nodes_of_which_many_are_ready() {
    static N_EXECUTED: AtomicUsize = AtomicUsize::new(0);
    let engine = engine([
        kind("slow", Load::Instant, |_| {
            N_EXECUTED.fetch_add(1, Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(1));
            Ok(Success::one("out", 1_i64))
        }),
        kind("pass", Load::Instant, |_| Ok(Success::new(Outputs::none()))),
    ]);
    let handle = engine.start(request(wide(&["slow"])), |_| ());
    while N_EXECUTED.load(Ordering::SeqCst) == 0 {
        std::thread::yield_now();
    }
    handle.cancel();
    let record = handle.wait();
    assert_eq!((record.nodes().count(), record.header.status), (200, RunStatus::Cancelled));
    let n_executed = record.nodes().filter(|record| record.status == Status::Executed).count();
    assert_eq!(n_executed, N_EXECUTED.load(Ordering::SeqCst));
    let others = record.nodes().filter(|record| record.status != Status::Executed);
    assert!(others.into_iter().all(|record| record.status == Status::Cancelled && record.started.is_none()));
}

#[test]
fn a_workflow_without_nodes_runs() {
    let record = engine([]).run(request(Workflow::new("empty")), |_| ());
    assert_eq!((record.nodes().count(), record.header.status), (0, RunStatus::Succeeded));
}

#[test]
fn a_circle_in_a_file_fails_its_nodes_and_nothing_hangs() {
    let engine = engine([kind("fine", Load::Computes, |_| Ok(Success::one("out", 1_i64)))]);
    let text = r#"(
        format: 1,
        id: "01ARZ3NDEKTSV4RRFFQ69G5FAV",
        nodes: {"a": (kind: "fine"), "b": (kind: "fine"), "c": (kind: "fine"), "d": (kind: "fine")},
        connections: ["a.out -> b.in", "b.out -> a.in", "b.out -> c.in"],
    )"#;
    let record = engine.run(request(pinflow::workflow::parse(text).unwrap()), |_| ());
    assert!(matches!(status(&record, "a"), Status::Failed(why) if why.contains("depends on itself")));
    assert!(matches!(status(&record, "c"), Status::Failed(_)));
    assert_eq!(status(&record, "d"), Status::Executed);
}

#[test]
fn a_node_that_was_cancelled_before_it_began_has_no_start_and_no_reason() {
    let busy: Execute = |ctx| {
        loop {
            ctx.check_cancelled()?;
            std::thread::yield_now();
        }
    };
    let engine = engine([kind("busy", Load::Computes, busy)]);
    let mut all = Workflow::new("test");
    for number in 0..400 {
        let id: NodeId = format!("b_{number}").parse().unwrap();
        all.apply(Edit::AddNode(id, Arc::new(Node::new("busy", Position(0.0, 0.0))))).unwrap();
    }
    let (sender, events) = mpsc::channel();
    let handle = engine.start(request(all), move |event: Event| sender.send(event.kind).unwrap_or_default());
    let mut started = BTreeSet::new();
    let is_start = |event: EventKind| match event {
        EventKind::NodeStarted { node } => Some(node),
        _ => None,
    };
    while started.is_empty() {
        started.extend(is_start(events.recv().unwrap()));
    }
    handle.cancel();
    let record = handle.wait();
    started.extend(events.try_iter().filter_map(is_start));
    for node in record.nodes() {
        let began = started.contains(&node.node);
        assert_eq!((node.started.is_some(), node.took.is_some(), !node.reasons.is_empty()), (began, began, began));
    }
}

#[test]
fn a_hold_pin_whose_results_are_lost_executes_once_for_that_reason_and_holds_again() {
    let engine = engine([kind("fine", Load::Instant, |_| Ok(Success::one("out", 1_i64)))]);
    let mut request = request(workflow(&[("a", "fine"), ("b", "fine")], &[("a", "b")]));
    let first = engine.run(request.clone(), |_| ());
    let ports = first.node(&"a".into()).unwrap().results.as_ref().unwrap().ports().to_vec();
    let capture = Capture::of(&first.node(&"a".into()).unwrap()).unwrap();
    let capture = Capture { results: Kept::out_of_reach(ports, capture.results.provenance()), ..capture };
    request.marks.set("a".into(), Mark::captured(PinPolicy::Hold, capture));
    let mut baseline = Baseline::default();
    baseline.absorb(&engine.run(RunRequest { options: options(RunKind::Standard, "a"), ..request.clone() }, |_| ()));
    assert!(matches!(baseline.get(&"a".into()).unwrap().status, Status::Pinned { .. }), "nobody reads it");
    request.baseline = Arc::new(baseline);
    request.options.kind = RunKind::Resumed;
    let lost = engine.run(request.clone(), |_| ());
    let reasons = &lost.node(&"a".into()).unwrap().reasons;
    assert!(matches!(&reasons[..], [Reason::ResultsLost(_)]), "{reasons:?}");
    let edit = marks_after(&request.marks, &lost);
    request.marks.apply(edit);
    request.options.kind = RunKind::Standard;
    let again = engine.run(request, |_| ());
    assert!(matches!(status(&again, "a"), Status::Pinned { .. }), "{:?}", status(&again, "a"));
}

fn options(kind: RunKind, target: &'static str) -> PlanOptions {
    PlanOptions::of(kind).part(Part::To(vec![target.into()]))
}

#[test]
fn a_pin_knows_what_its_node_had_read_whatever_came_of_the_node_since() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.txt"), "one").unwrap();
    let read: Execute = |ctx| {
        let bytes = ctx.read_source(&ctx.path("a.txt")?)?;
        Ok(Success::one("out", String::from_utf8_lossy(&bytes).into_owned()))
    };
    let engine = engine([kind("read", Load::Instant, read)]);
    let mut request = request(workflow(&[("a", "read")], &[]));
    request.folder = folder.path().to_owned();
    let first = engine.run(request.clone(), |_| ());
    let record = first.node(&"a".into()).unwrap();
    request.marks.set("a".into(), Mark::pin(PinPolicy::Follow, Some(&record)));
    let mut cancelled = NodeRecord { status: Status::Cancelled, results: None, ..NodeRecord::clone(&record) };
    cancelled.sources.clear();
    let mut baseline = Baseline::default();
    baseline.settle(Arc::new(cancelled));
    request.baseline = Arc::new(baseline);
    assert!(matches!(status(&engine.run(request.clone(), |_| ()), "a"), Status::Pinned { .. }));
    std::fs::write(folder.path().join("a.txt"), "three").unwrap();
    let released = engine.run(request, |_| ());
    assert_eq!(status(&released, "a"), Status::Executed);
    assert_eq!(released.node(&"a".into()).unwrap().released.as_deref(), Some("a.txt: size 3 → 5 bytes"));
}
