//! A run that is stopped to be looked at: breakpoints, pauses, steps, changed values, and what Resume makes of them.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{
    collections::BTreeSet,
    sync::{Arc, mpsc},
    time::Duration,
};

use pinflow::{
    engine::{Engine, Event, EventKind, PlanOptions, ReplaceError, RunHandle, RunRequest},
    nodes::{Arity, Catalogue, Family, Kind, Load, Success},
    session::{Baseline, Mark, PinPolicy},
    store::{InputChange, NodeRecord, Provenance, Reason, RunKind, RunRecord, RunStatus, Status},
    value::{Value, ValueType},
    workflow::{Connection, Edit, Node, NodeId, PortRef, Position, Workflow},
};

/// Gives its input and its own id, one after the other.
fn appends(id: &'static str, load: Load) -> Kind {
    Kind::new(id, id, Family::System, |ctx| {
        let before = ctx.input("in").map(Value::display_text).unwrap_or_default();
        Ok(Success::one("out", format!("{before}{}", ctx.node())))
    })
    .input("in", ValueType::Text, Arity::Optional)
    .output("out", ValueType::Text)
    .load(load)
}

fn engine() -> Engine {
    let mut catalogue = Catalogue::empty();
    catalogue.register(appends("quick", Load::Instant));
    catalogue.register(appends("slow", Load::Computes));
    let endless = Kind::new("endless", "endless", Family::System, |ctx| {
        ctx.wait(Duration::from_hours(10))?;
        Ok(Success::one("out", "woken"))
    });
    catalogue.register(
        endless.input("in", ValueType::Text, Arity::Optional).output("out", ValueType::Text).load(Load::Waits),
    );
    let looks = Kind::new("looks", "looks", Family::System, |ctx| {
        let seen = ctx.output(&"a".into()).and_then(|outputs| outputs.get(&"out".into()).cloned());
        Ok(Success::one("out", seen.unwrap_or(Value::Null)))
    });
    catalogue.register(looks.input("in", ValueType::Text, Arity::Optional).output("out", ValueType::Text));
    Engine::new(Arc::new(catalogue), None)
}

fn request(nodes: &[(&'static str, &'static str)], wires: &[(&'static str, &'static str)]) -> RunRequest {
    let mut workflow = Workflow::new("test");
    for (id, kind) in nodes {
        workflow.apply(Edit::AddNode((*id).into(), Arc::new(Node::new(*kind, Position(0.0, 0.0))))).unwrap();
    }
    for (from, to) in wires {
        let connection = Connection { from: PortRef::new(*from, "out"), to: PortRef::new(*to, "in") };
        workflow.apply(Edit::Connect(connection)).unwrap();
    }
    RunRequest::new(workflow, PlanOptions::of(RunKind::Standard))
}

/// Three in a row.
fn chain(kind: &'static str) -> RunRequest {
    request(&[("a", kind), ("b", kind), ("c", kind)], &[("a", "b"), ("b", "c")])
}

fn ids(nodes: &[&'static str]) -> BTreeSet<NodeId> {
    nodes.iter().map(|node| NodeId::from(*node)).collect()
}

/// A run and what happens in it.
struct Watched {
    handle: RunHandle,
    events: mpsc::Receiver<EventKind>,
}

/// What the run did until it paused again, or ended.
#[derive(Debug, PartialEq, Eq)]
enum Stop {
    Paused { executed: Vec<String>, waiting: Vec<String>, at_breakpoint: bool },
    Over { executed: Vec<String> },
}

fn paused(executed: &[&str], waiting: &[&str], at_breakpoint: bool) -> Stop {
    let owned = |nodes: &[&str]| nodes.iter().map(|node| (*node).to_owned()).collect();
    Stop::Paused { executed: owned(executed), waiting: owned(waiting), at_breakpoint }
}

fn over(executed: &[&str]) -> Stop {
    Stop::Over { executed: executed.iter().map(|node| (*node).to_owned()).collect() }
}

impl Watched {
    fn start(engine: &Engine, request: &RunRequest) -> Self {
        let (sender, events) = mpsc::channel();
        let handle = engine.start(request.clone(), move |event: Event| sender.send(event.kind).unwrap_or_default());
        Self { handle, events }
    }

    fn start_paused(engine: &Engine, request: &RunRequest) -> Self {
        let (sender, events) = mpsc::channel();
        let send = move |event: Event| sender.send(event.kind).unwrap_or_default();
        Self { handle: engine.start_paused(request.clone(), send), events }
    }

    fn until_it_stops(&self) -> Stop {
        let mut executed = Vec::new();
        loop {
            match self.events.recv().unwrap() {
                EventKind::NodeSettled(record) if record.status == Status::Executed => {
                    executed.push(record.node.to_string());
                }
                EventKind::Paused { waiting, at_breakpoint, .. } => {
                    let waiting = waiting.iter().map(ToString::to_string).collect();
                    return Stop::Paused { executed, waiting, at_breakpoint };
                }
                EventKind::Finished(_) => return Stop::Over { executed },
                _ => {}
            }
        }
    }

    fn end(self) -> Arc<RunRecord> {
        self.handle.wait()
    }
}

fn node(record: &RunRecord, node: &'static str) -> Arc<NodeRecord> {
    record.node(&node.into()).unwrap()
}

fn given(record: &RunRecord, id: &'static str) -> String {
    let outputs = node(record, id).results.as_ref().unwrap().load().unwrap();
    outputs.get(&"out".into()).unwrap().display_text()
}

#[test]
fn a_breakpoint_pauses_before_its_node_and_going_on_runs_to_the_end() {
    for kind in ["quick", "slow"] {
        let request = RunRequest { breakpoints: ids(&["b"]), ..chain(kind) };
        let run = Watched::start(&engine(), &request);
        assert_eq!(run.until_it_stops(), paused(&["a"], &["b"], true));
        assert!(run.handle.is_paused());
        run.handle.go_on();
        assert!(matches!(run.events.recv().unwrap(), EventKind::Continued));
        assert_eq!(run.until_it_stops(), over(&["b", "c"]));
        let record = run.end();
        assert_eq!((record.header.status, given(&record, "c").as_str()), (RunStatus::Succeeded, "abc"));
    }
}

#[test]
fn going_on_leads_to_the_next_breakpoint() {
    let request = RunRequest { breakpoints: ids(&["a", "c"]), ..chain("quick") };
    let run = Watched::start(&engine(), &request);
    assert_eq!(run.until_it_stops(), paused(&[], &["a"], true));
    run.handle.go_on();
    assert_eq!(run.until_it_stops(), paused(&["a", "b"], &["c"], true));
    run.handle.go_on();
    assert_eq!(run.until_it_stops(), over(&["c"]));
}

#[test]
fn a_step_executes_one_node_and_pauses_again() {
    let run = Watched::start_paused(&engine(), &chain("slow"));
    assert_eq!(run.until_it_stops(), paused(&[], &["a"], false));
    run.handle.step();
    assert_eq!(run.until_it_stops(), paused(&["a"], &["b"], false));
    run.handle.step();
    assert_eq!(run.until_it_stops(), paused(&["b"], &["c"], false));
    run.handle.step();
    assert_eq!(run.until_it_stops(), over(&["c"]));
}

#[test]
fn of_several_that_wait_a_step_executes_the_first() {
    let nodes = [("a", "slow"), ("b", "quick"), ("c", "slow"), ("d", "quick")];
    let run = Watched::start_paused(&engine(), &request(&nodes, &[("a", "d")]));
    assert_eq!(run.until_it_stops(), paused(&[], &["a", "b", "c"], false));
    run.handle.step();
    assert_eq!(run.until_it_stops(), paused(&["a"], &["b", "c", "d"], false));
    run.handle.step();
    assert_eq!(run.until_it_stops(), paused(&["b"], &["c", "d"], false));
    run.handle.go_on();
    assert!(matches!(run.until_it_stops(), Stop::Over { executed } if executed.len() == 2));
}

#[test]
fn running_nodes_finish_while_the_run_is_paused_and_nothing_starts() {
    // The endless node runs when the breakpoint is reached; it is cancelled in the end.
    let nodes = [("e", "endless"), ("f", "quick"), ("x", "quick")];
    let request = RunRequest { breakpoints: ids(&["x"]), ..request(&nodes, &[("e", "f")]) };
    let run = Watched::start(&engine(), &request);
    // `f` waits for `e`, which goes on; only `x` is about to execute.
    let stop = run.until_it_stops();
    assert!(matches!(&stop, Stop::Paused { waiting, at_breakpoint: true, .. } if waiting.contains(&"x".to_owned())));
    run.handle.cancel();
    let record = run.end();
    assert!(["e", "f", "x"].iter().all(|id| node(&record, id).status == Status::Cancelled));
}

#[test]
fn cancelling_a_paused_run_settles_all_that_waits() {
    let request = RunRequest { breakpoints: ids(&["b"]), ..chain("slow") };
    let run = Watched::start(&engine(), &request);
    assert_eq!(run.until_it_stops(), paused(&["a"], &["b"], true));
    run.handle.cancel();
    assert_eq!(run.until_it_stops(), over(&[]));
    let record = run.end();
    assert_eq!(record.header.status, RunStatus::Cancelled);
    assert_eq!(node(&record, "a").status, Status::Executed);
    for waiting in ["b", "c"] {
        assert_eq!(node(&record, waiting).status, Status::Cancelled);
        assert_eq!(node(&record, waiting).started, None);
    }
}

#[test]
fn what_does_not_execute_is_never_waited_for() {
    let engine = engine();
    let mut request = chain("quick");
    let mut baseline = Baseline::default();
    baseline.absorb(&engine.run(request.clone(), |_| ()));
    let pin = Mark::pin(PinPolicy::Hold, baseline.get(&"b".into()).map(|record| &**record));
    request.marks.set("b".into(), pin);
    request.baseline = Arc::new(baseline);
    request.breakpoints = ids(&["a", "b", "c"]);
    request.options.kind = RunKind::Resumed;
    let run = Watched::start(&engine, &request);
    assert_eq!(run.until_it_stops(), over(&[]), "a and c are reused, b is pinned");
}

#[test]
fn breakpoints_can_be_set_and_taken_away_while_the_run_is_paused() {
    let run = Watched::start_paused(&engine(), &chain("quick"));
    assert_eq!(run.until_it_stops(), paused(&[], &["a"], false));
    run.handle.set_breakpoints(ids(&["c"]));
    run.handle.go_on();
    assert_eq!(run.until_it_stops(), paused(&["a", "b"], &["c"], true));
    run.handle.set_breakpoints(BTreeSet::new());
    assert!(run.handle.is_paused(), "it still waits for someone to say so");
    run.handle.go_on();
    assert_eq!(run.until_it_stops(), over(&["c"]));
}

#[test]
fn a_run_can_be_paused_while_it_goes_on() {
    let run = Watched::start(&engine(), &request(&[("e", "endless"), ("x", "quick")], &[("e", "x")]));
    while !matches!(run.events.recv().unwrap(), EventKind::NodeStarted { .. }) {}
    run.handle.pause();
    assert_eq!(run.until_it_stops(), paused(&[], &[], false));
    run.handle.cancel();
    assert_eq!(run.until_it_stops(), over(&[]));
}

#[test]
fn a_run_that_nobody_holds_any_more_does_not_wait_for_ever() {
    let engine = engine();
    let request = RunRequest { breakpoints: ids(&["b"]), ..chain("slow") };
    assert_eq!(engine.run(request.clone(), |_| ()).header.status, RunStatus::Succeeded);
    let run = Watched::start(&engine, &request);
    assert_eq!(run.until_it_stops(), paused(&["a"], &["b"], true));
    assert_eq!(run.end().header.status, RunStatus::Succeeded);
    let Watched { handle, events } = Watched::start(&engine, &request);
    drop(handle);
    assert!(events.iter().any(|event| matches!(event, EventKind::Finished(_))));
}

#[test]
fn a_changed_value_reaches_what_executes_afterwards_and_resume_uses_the_real_one_again() {
    for kind in ["quick", "slow"] {
        let engine = engine();
        let mut request = RunRequest { breakpoints: ids(&["b"]), ..chain(kind) };
        let run = Watched::start(&engine, &request);
        assert_eq!(run.until_it_stops(), paused(&["a"], &["b"], true));
        run.handle.replace_output(&"a".into(), &"out".into(), &Value::text("X")).unwrap();
        run.handle.go_on();
        assert_eq!(run.until_it_stops(), over(&["b", "c"]));
        let record = run.end();
        assert_eq!((given(&record, "a"), given(&record, "c")), ("a".to_owned(), "Xbc".to_owned()));
        assert!(node(&record, "a").warnings.is_empty(), "its own record is as it was");
        let below = node(&record, "b");
        assert!(matches!(below.inputs[0].provenance(), Some(Provenance::Edited(_))));
        assert_eq!(below.inputs[0].fingerprint(), Some(Value::text("X").fingerprint()));
        assert!(below.warnings[0].contains("changed by hand") && below.warnings[0].contains("a.out"), "{below:?}");
        assert!(node(&record, "c").warnings.is_empty(), "what reached it is what b gave");

        let mut baseline = Baseline::default();
        baseline.absorb(&record);
        request.baseline = Arc::new(baseline);
        request.breakpoints = BTreeSet::new();
        request.options.kind = RunKind::Resumed;
        let resumed = engine.run(request, |_| ());
        let other = Reason::InputsChanged(vec![InputChange::OtherValue("in".into())]);
        assert_eq!(*node(&resumed, "b").reasons, [other]);
        assert!(matches!(node(&resumed, "a").status, Status::Reused { .. }));
        assert_eq!(given(&resumed, "c"), "abc");
    }
}

#[test]
fn the_results_of_a_reused_node_can_be_changed_too() {
    let engine = engine();
    let mut request = chain("slow");
    let mut baseline = Baseline::default();
    baseline.absorb(&engine.run(request.clone(), |_| ()));
    request.baseline = Arc::new(baseline);
    request.marks.set("c".into(), Mark::Forced);
    request.options.kind = RunKind::Resumed;
    let run = Watched::start_paused(&engine, &request);
    assert_eq!(run.until_it_stops(), paused(&[], &["c"], false));
    run.handle.replace_output(&"b".into(), &"out".into(), &Value::text("Y")).unwrap();
    run.handle.go_on();
    assert_eq!(run.until_it_stops(), over(&["c"]));
    assert_eq!(given(&run.end(), "c"), "Yc");
}

#[test]
fn the_newest_change_counts_also_where_a_node_asks_for_it_by_name() {
    let run = Watched::start_paused(&engine(), &request(&[("a", "quick"), ("l", "looks")], &[("a", "l")]));
    assert_eq!(run.until_it_stops(), paused(&[], &["a"], false));
    run.handle.step();
    assert_eq!(run.until_it_stops(), paused(&["a"], &["l"], false));
    for value in ["first", "second"] {
        run.handle.replace_output(&"a".into(), &"out".into(), &Value::text(value)).unwrap();
    }
    run.handle.go_on();
    assert_eq!(run.until_it_stops(), over(&["l"]));
    assert_eq!(given(&run.end(), "l"), "second");
}

#[test]
fn stopping_at_equal_data_does_not_overlook_a_change() {
    let engine = engine();
    let mut request = chain("slow");
    let mut baseline = Baseline::default();
    baseline.absorb(&engine.run(request.clone(), |_| ()));
    request.baseline = Arc::new(baseline);
    request.marks.set("a".into(), Mark::Forced);
    request.options = PlanOptions { stop_at_equal_data: true, ..PlanOptions::of(RunKind::Resumed) };
    let unchanged = engine.run(request.clone(), |_| ());
    assert_eq!(unchanged.count(|status| *status == Status::Executed), 1, "a gives what it gave");
    request.breakpoints = ids(&["b"]);
    request.marks.set("b".into(), Mark::Forced);
    let run = Watched::start(&engine, &request);
    assert_eq!(run.until_it_stops(), paused(&["a"], &["b"], true));
    run.handle.replace_output(&"a".into(), &"out".into(), &Value::text("Z")).unwrap();
    run.handle.go_on();
    assert_eq!(run.until_it_stops(), over(&["b", "c"]));
    assert_eq!(given(&run.end(), "c"), "Zbc");
}

#[test]
fn what_cannot_be_changed_is_refused_and_says_why() {
    let run = Watched::start(&engine(), &RunRequest { breakpoints: ids(&["b"]), ..chain("quick") });
    assert_eq!(run.until_it_stops(), paused(&["a"], &["b"], true));
    let replace = |node: &'static str, port: &'static str, value: &Value| {
        run.handle.replace_output(&node.into(), &port.into(), value)
    };
    let text = Value::text("x");
    assert_eq!(replace("nobody", "out", &text), Err(ReplaceError::NoNode("nobody".into())));
    assert_eq!(replace("a", "in", &text), Err(ReplaceError::NoPort(PortRef::new("a", "in"))));
    assert_eq!(replace("c", "out", &text), Err(ReplaceError::NoResults("c".into())));
    run.handle.go_on();
    assert_eq!(run.until_it_stops(), over(&["b", "c"]));
    assert_eq!(replace("a", "out", &text), Err(ReplaceError::NotPaused));
}
