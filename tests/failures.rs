//! What the engine does around a node that fails: retries, time limits, error outputs, kept results, and their record.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{
    io::Read as _,
    net::TcpListener,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::Duration,
};

use pinflow::{
    engine::{Engine, EventKind, PlanOptions, RunRequest},
    nodes::{Catalogue, Context, Family, Kind, Load, LogLevel, NodeError, Success},
    store::{Effect, NodeRecord, RunKind, RunRecord, RunStatus, Status, Store},
    value::{Value, ValueType},
    workflow::{Edit, Node, NodeSettings, Position, Span, Workflow},
};

fn span(text: &str) -> Span {
    text.parse().unwrap()
}

/// Returns a kind that hands the number of its call, from 1, to a function.
fn counting(
    load: Load,
    execute: impl Fn(&Context<'_>, u32) -> Result<Success, NodeError> + Send + Sync + 'static,
) -> Kind {
    let n_calls = AtomicU32::new(0);
    Kind::new("k", "K", Family::System, move |ctx| execute(ctx, n_calls.fetch_add(1, Ordering::SeqCst) + 1))
        .output("out", ValueType::Any)
        .load(load)
}

fn engine(kind: Kind, store: Option<Store>) -> Engine {
    let mut catalogue = Catalogue::standard();
    catalogue.register(kind);
    Engine::new(Arc::new(catalogue), store)
}

fn request(node: Node) -> RunRequest {
    let mut workflow = Workflow::new("test");
    workflow.apply(Edit::AddNode("n".into(), Arc::new(node))).unwrap();
    RunRequest::new(workflow, PlanOptions::of(RunKind::Standard))
}

fn node(kind: &'static str, settings: NodeSettings) -> Node {
    let mut node = Node::new(kind, Position(0.0, 0.0));
    node.settings = settings;
    node
}

/// Runs a workflow of one node of a kind with these settings.
fn run(kind: Kind, settings: NodeSettings) -> Arc<RunRecord> {
    engine(kind, None).run(request(node("k", settings)), |_| {})
}

fn record(run: &RunRecord) -> Arc<NodeRecord> {
    run.node(&"n".into()).unwrap()
}

fn failed_before_the_third(_: &Context<'_>, number: u32) -> Result<Success, NodeError> {
    if number < 3 { Err(NodeError::new(format!("failure {number}"))) } else { Ok(Success::one("out", "done")) }
}

#[test]
fn each_failed_attempt_is_recorded_logged_and_read_back_from_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    for load in [Load::Instant, Load::Computes, Load::Waits] {
        let engine = engine(counting(load, failed_before_the_third), Some(store.clone()));
        let settings = NodeSettings { retries: 5, retry_delay: span("1ms"), ..NodeSettings::default() };
        let logged = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&logged);
        let run = engine.run(request(node("k", settings)), move |event| {
            if let EventKind::NodeLogged { line, .. } = event.kind {
                seen.lock().unwrap().push(line);
            }
        });
        assert_eq!(run.header.status, RunStatus::Succeeded);
        let n = record(&run);
        assert_eq!(n.status, Status::Executed);
        let errors: Vec<&str> = n.attempts.iter().map(|attempt| attempt.error.as_str()).collect();
        assert_eq!(errors, ["failure 1", "failure 2"]);
        assert!(n.attempts[0].started <= n.attempts[1].started && n.started.unwrap() <= n.attempts[0].started);
        let said: Vec<&str> = n.log.iter().map(|line| line.message.as_str()).collect();
        assert_eq!(said[0], "attempt 1 of 6 failed, the next is in 1 ms: failure 1");
        assert_eq!(said.len(), 2, "{said:?}");
        assert!(n.log.iter().all(|line| line.level == LogLevel::Warning));
        assert_eq!(*logged.lock().unwrap(), n.log);
        let stored = store.run(run.header.id).unwrap().unwrap();
        assert_eq!(record(&stored).attempts, n.attempts);
    }
}

#[test]
fn a_panic_is_an_attempt_that_failed() {
    let kind = counting(Load::Computes, |_, number| {
        assert!(number > 1, "not yet");
        Ok(Success::one("out", number.to_string()))
    });
    let run = run(kind, NodeSettings { retries: 1, ..NodeSettings::default() });
    assert_eq!(record(&run).attempts[0].error, "the node panicked: not yet");
    assert_eq!(record(&run).status, Status::Executed);
}

#[test]
fn a_node_that_computes_is_stopped_by_its_time_limit_and_knows_its_deadline() {
    for load in [Load::Instant, Load::Computes, Load::Waits] {
        let kind = counting(load, |ctx, number| {
            assert!(ctx.deadline().is_some());
            if number == 1 {
                loop {
                    ctx.check_cancelled()?;
                    thread::yield_now();
                }
            }
            Ok(Success::one("out", "done"))
        });
        let settings = NodeSettings { retries: 1, time_limit: Some(span("50ms")), ..NodeSettings::default() };
        let run = run(kind, settings);
        let record = record(&run);
        let errors: Vec<&str> = record.attempts.iter().map(|attempt| attempt.error.as_str()).collect();
        assert_eq!(errors, ["the time limit of 50 ms is over"]);
        assert_eq!(record.status, Status::Executed);
    }
}

#[test]
fn without_a_time_limit_there_is_no_deadline() {
    let kind = counting(Load::Instant, |ctx, _| {
        assert_eq!(ctx.deadline(), None);
        Ok(Success::one("out", 1_i64))
    });
    assert_eq!(run(kind, NodeSettings::default()).header.status, RunStatus::Succeeded);
}

#[test]
fn an_error_of_its_own_is_not_taken_for_the_time_limit() {
    let kind = counting(Load::Computes, |ctx, _| {
        while ctx.check_cancelled().is_ok() {
            thread::yield_now();
        }
        Err(NodeError::new("a reason of its own"))
    });
    let run = run(kind, NodeSettings { time_limit: Some(span("10ms")), ..NodeSettings::default() });
    assert_eq!(record(&run).status, Status::Failed("a reason of its own".to_owned()));
}

#[test]
fn a_request_to_a_server_that_hangs_is_cut_off_by_the_time_limit() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    // It takes the connection and the request, and says nothing until the other side has gone.
    let server = thread::Builder::new().spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        connection.read_to_end(&mut Vec::new()).map(drop)
    });
    let settings = NodeSettings { time_limit: Some(span("300ms")), error_output: true, ..NodeSettings::default() };
    let request = request(node("http_request", settings).with("url", url).with("time_limit_secs", 86_400.0));
    let run = engine(counting(Load::Instant, failed_before_the_third), None).run(request, |_| {});
    assert_eq!(record(&run).status, Status::Failed("the time limit of 300 ms is over".to_owned()));
    assert_eq!(run.header.status, RunStatus::SucceededWithErrors);
    let outputs = record(&run).results.as_ref().unwrap().load().unwrap();
    let error =
        Value::record([("message", Value::text("the time limit of 300 ms is over")), ("attempts", Value::Int(1))]);
    assert_eq!(outputs.get(&"error".into()), Some(&error));
    // The server sees the connection close: the request's own thread ended with the time limit.
    assert!(server.unwrap().join().unwrap().is_ok());
}

#[test]
fn a_cancel_is_no_failure_and_is_not_tried_again() {
    let kind = counting(Load::Computes, |ctx, _| {
        while ctx.check_cancelled().is_ok() {
            thread::yield_now();
        }
        Err(NodeError::Cancelled)
    });
    let settings =
        NodeSettings { retries: 9, time_limit: Some(span("1h")), error_output: true, ..NodeSettings::default() };
    let (started, waiting) = std::sync::mpsc::channel();
    let handle = engine(kind, None).start(request(node("k", settings)), move |event| {
        if let EventKind::NodeStarted { .. } = event.kind {
            started.send(()).unwrap();
        }
    });
    waiting.recv().unwrap();
    handle.cancel();
    let run = handle.wait();
    assert_eq!(record(&run).status, Status::Cancelled);
    assert!(record(&run).attempts.is_empty() && record(&run).results.is_none());
}

#[test]
fn a_node_that_uses_kept_results_never_starts_and_its_effect_is_held_back() {
    let folder = tempfile::tempdir().unwrap();
    let settings = NodeSettings { keep_results_for: Some(span("1h")), ..NodeSettings::default() };
    let mut made = Vec::new();
    for n_opened in 0..2 {
        let store = Store::open(folder.path()).unwrap();
        let kind = counting(Load::Instant, |_, number| Ok(Success::one("out", number.to_string())));
        let engine = engine(kind.side_effect(|_| true), Some(store));
        for n_run in 0..2 {
            let starts = Arc::new(AtomicU32::new(0));
            let seen = Arc::clone(&starts);
            let run = engine.run(request(node("k", settings.clone())), move |event| {
                if let EventKind::NodeStarted { .. } = event.kind {
                    seen.fetch_add(1, Ordering::SeqCst);
                }
            });
            let n = record(&run);
            assert_eq!(n.results.as_ref().unwrap().load().unwrap().get(&"out".into()), Some(&Value::text("1")));
            if (n_opened, n_run) == (0, 0) {
                made.push(run.header.id);
                assert_eq!(
                    (&n.status, n.effect, starts.load(Ordering::SeqCst)),
                    (&Status::Executed, Effect::Performed, 1)
                );
                continue;
            }
            let Status::Kept { made: at, from } = n.status else { panic!("{:?}", n.status) };
            assert!(made.contains(&from) && at <= jiff::Timestamp::now());
            assert_eq!((n.effect, n.started, n.took, starts.load(Ordering::SeqCst)), (Effect::HeldBack, None, None, 0));
            assert!(n.reasons.is_empty());
        }
    }
}

#[test]
fn without_a_store_nothing_is_kept_and_the_node_executes() {
    let settings = NodeSettings { keep_results_for: Some(span("1h")), ..NodeSettings::default() };
    let engine = engine(counting(Load::Instant, |_, number| Ok(Success::one("out", number.to_string()))), None);
    for _ in 0..2 {
        assert_eq!(record(&engine.run(request(node("k", settings.clone())), |_| {})).status, Status::Executed);
    }
}

#[test]
fn waiting_between_attempts_leaves_the_computing_pool_free() {
    let n_nodes = thread::available_parallelism().map_or(2, usize::from) * 2;
    let mut workflow = Workflow::new("test");
    let settings = NodeSettings { retries: 1, retry_delay: Span(Duration::from_hours(24)), ..NodeSettings::default() };
    for number in 0..n_nodes {
        let id = format!("n_{number}").parse().unwrap();
        workflow.apply(Edit::AddNode(id, Arc::new(node("k", settings.clone())))).unwrap();
    }
    // Sorts after the others, and needs a thread that computes.
    workflow.apply(Edit::AddNode("z".into(), Arc::new(node("computes", NodeSettings::default())))).unwrap();
    let mut catalogue = Catalogue::empty();
    catalogue.register(counting(Load::Computes, |_, _| Err(NodeError::new("no"))));
    catalogue.register(Kind::new("computes", "C", Family::System, |_| Ok(Success::one("out", 1_i64))));
    let engine = Engine::new(Arc::new(catalogue), None);
    let (settled, waiting) = std::sync::mpsc::channel();
    let request = RunRequest { workflow: Arc::new(workflow), ..request(node("k", settings)) };
    let handle = engine.start(request, move |event| {
        if let EventKind::NodeSettled(record) = event.kind {
            settled.send(record).unwrap_or_default();
        }
    });
    let first = waiting.recv().unwrap();
    assert_eq!((first.node.as_str(), &first.status), ("z", &Status::Executed));
    handle.cancel();
    assert_eq!(handle.wait().count(|status| *status == Status::Cancelled), n_nodes);
}
