//! Runs, records and baselines come back as they were.

use std::{path::PathBuf, sync::Arc, time::Duration};

use jiff::Timestamp;

use crate::{
    nodes::{Deed, Deeds, LogLevel, Outputs, Source, SourceState, What},
    store::{
        Arrived, Attempt, ConfigChange, Effect, InputChange, InputRecord, Kept, LogLine, MarkUsed, Missing, NeverRan,
        NodeRecord, NotRun, NotesData, PastNode, PinPolicy, PinnedChange, Provenance, Reason, RunId, RunKind,
        RunStatus, SessionId, Status, Store,
        fixtures::{chain, executed, header, new_store, without_results},
    },
    value::{Fingerprint, Value},
    workflow::{Node, PortRef, Position},
};

/// Returns a record with something in every field.
fn full_record(run: RunId) -> NodeRecord {
    let strange = Node::new("strange", Position(f32::MIN_POSITIVE, -0.0))
        .with("nan", f64::NAN)
        .with("infinite", f64::NEG_INFINITY)
        .with("minus_zero", -0.0)
        .with("tiny", 5e-324)
        .with("large", 1e300)
        .with("nothing", Value::Null)
        .with("deep", Value::record([("a", Value::list([Value::Int(i64::MIN), Value::text("é\"\n\u{0}")]))]));
    let upstream = Kept::in_memory(Arc::new(Outputs::one("out", "from upstream")), Provenance::Run(run));
    NodeRecord {
        as_it_was: Arc::new(strange).into(),
        status: Status::Pinned { policy: PinPolicy::Follow, edited: true, captured_in: Some(run) },
        reasons: Arc::new([
            Reason::StandardRun,
            Reason::NeverRan(NeverRan::Interrupted),
            Reason::ConfigChanged(vec![ConfigChange { what: "w".into(), before: "1".into(), after: "2".into() }]),
            Reason::InputsChanged(vec![
                InputChange::Connected("in".into()),
                InputChange::Rewired {
                    port: "in".into(),
                    before: PortRef::new("a", "x"),
                    after: PortRef::new("b", "y"),
                },
            ]),
            Reason::UpstreamExecutes(vec!["a".into(), "b".into()]),
        ]),
        inputs: smallvec::smallvec![
            InputRecord::new("empty".into(), PortRef::new("z", "out"), Arrived::NoValue),
            InputRecord::new("in".into(), PortRef::new("a", "out"), Arrived::Results(upstream),),
        ],
        results: Some(Kept::in_memory(
            Arc::new(Outputs::one("out", 1_i64).with("other", Value::list([]))),
            Provenance::Edited(Fingerprint::of_bytes(b"edited")),
        )),
        started: Some("1969-12-31T23:59:59.123456789Z".parse().unwrap()),
        took: Some(Duration::new(3, 141_592_653)),
        effect: Effect::HeldBack,
        notes: full_notes().into(),
        ..executed(run, "full", Value::Null)
    }
}

fn full_notes() -> NotesData {
    NotesData {
        attempts: vec![Attempt {
            started: Timestamp::UNIX_EPOCH,
            took: Duration::from_millis(5),
            error: "broke".into(),
        }],
        iterations: None,
        log: vec![LogLine { at: Timestamp::UNIX_EPOCH, level: LogLevel::Warning, message: "look".into() }],
        sources: vec![
            Source { path: PathBuf::from("/gone"), state: None },
            Source {
                path: strange_path(),
                state: Some(SourceState { size: 7, modified_nanos: u128::MAX, content: None }),
            },
        ],
        pinned_data: Some(PinnedChange::Stored {
            value: Fingerprint::of_bytes(b"stored"),
            preview: "Int 7".into(),
            at: "2026-11-21T14:30:00.5Z".parse().unwrap(),
            expires_at: Some(Timestamp::MAX),
        }),
        deeds: Deeds::none(),
        released: Some("because".into()),
        warnings: vec!["both sides ran".into()],
        sensitive: None,
    }
}

#[cfg(unix)]
fn strange_path() -> PathBuf {
    use std::os::unix::ffi::OsStrExt as _;
    std::ffi::OsStr::from_bytes(b"/not/\xff/unicode").into()
}

#[cfg(not(unix))]
fn strange_path() -> PathBuf {
    "C:\\é".into()
}

/// Returns all of a record as text, inputs and results by what they are.
fn described(record: &NodeRecord) -> String {
    let inputs: Vec<_> = record
        .inputs
        .iter()
        .map(|input| {
            format!("{} ← {}: {:?} {:?}", input.port(), input.source(), input.provenance(), input.fingerprint())
        })
        .collect();
    let results = record.results.as_ref().map(|results| (results.ports().to_vec(), results.provenance()));
    let node = record.as_it_was();
    let as_it_was = PastNode::AtHand(Arc::clone(node));
    let bare = NodeRecord { inputs: smallvec::SmallVec::new(), results: None, as_it_was, ..record.clone() };
    format!("{bare:?}\n{inputs:?}\n{results:?}")
}

fn run_one(store: &Store, session: SessionId, record: impl FnOnce(RunId) -> NodeRecord) -> Arc<NodeRecord> {
    let header = header(session, &chain(&["full"]));
    store.begin_run(&header, Vec::new(), Vec::new);
    let record = Arc::new(record(header.id));
    store.settle(session, Arc::clone(&record));
    store.finish_run(header.id, RunStatus::Succeeded, Duration::from_secs(1));
    record
}

#[test]
fn a_record_comes_back_whole_after_the_store_is_opened_again() {
    let (folder, store) = new_store();
    let session = SessionId::generate();
    let before = run_one(&store, session, full_record);
    drop(store);
    let store = Store::open(folder.path()).unwrap();
    let baseline = store.baseline(session).unwrap();
    let after = &baseline[0];
    assert_eq!(baseline.len(), 1);
    assert_eq!(described(after), described(&before));
    assert_eq!(after.as_it_was(), before.as_it_was());
    let results = after.results.as_ref().unwrap();
    assert!(results.loaded().is_none());
    assert_eq!(results.load().unwrap().get(&"out".into()), Some(&Value::Int(1)));
    let Arrived::Stored(known) = &after.inputs[1].arrived else { panic!("{after:?}") };
    assert_eq!(known.1, Some(Value::text("from upstream").fingerprint()));
}

#[test]
fn what_a_node_did_comes_back_with_and_without_pinned_data() {
    let (_folder, store) = new_store();
    let session = SessionId::generate();
    let mut deeds = Deeds::none();
    deeds.push(Deed::new(What::File, "/out/é.csv").bytes(7));
    deeds.push(Deed::new(What::Request, "POST https://example.org").outcome("status 201"));
    for forgets in [false, true] {
        let before = run_one(&store, session, |run| {
            let mut record = full_record(run);
            record.deeds.clone_from(&deeds);
            record.pinned_data = record.pinned_data.take().filter(|_| !forgets);
            record
        });
        let after = &store.baseline(session).unwrap()[0];
        assert_eq!(after.deeds, deeds);
        assert_eq!(described(after), described(&before));
    }
}

#[test]
fn a_later_run_that_reuses_a_node_has_done_nothing() {
    let run = RunId::generate();
    let mut record = full_record(run);
    record.deeds.push(Deed::new(What::File, "/out/a.csv"));
    let record = Arc::new(record);
    assert!(record.reused_in(RunId::generate()).deeds.is_empty());
}

#[test]
fn every_status_comes_back() {
    let (_folder, store) = new_store();
    let session = SessionId::generate();
    let run = RunId::generate();
    for status in [
        Status::Reused { from: Provenance::Run(run) },
        Status::Disabled,
        Status::NotRun(NotRun::InputMissing { port: "in".into(), why: Missing::UpstreamFailed(Box::new("a".into())) }),
        Status::NotRun(NotRun::StoppedByError("a".into())),
        Status::Failed("it \"broke\"\nbadly".into()),
        Status::Cancelled,
    ] {
        run_one(&store, session, |run| without_results(run, "full", status.clone()));
        assert_eq!(store.baseline(session).unwrap()[0].status, status);
    }
}

#[test]
fn a_run_comes_back_with_its_nodes_upstream_before_downstream() {
    let (_folder, store) = new_store();
    let session = SessionId::generate();
    let workflow = chain(&["c", "b", "a"]);
    let mut header = header(session, &workflow);
    header.path = Some(strange_path());
    header.kind = RunKind::Resumed;
    header.part = crate::store::Part::To(vec!["a".into()]);
    header.marks = vec![("b".into(), MarkUsed::Pinned(PinPolicy::Hold)), ("c".into(), MarkUsed::Forced)];
    store.begin_run(&header, vec!["a".into(), "b".into(), "c".into()], Vec::new);
    for id in ["b", "a", "c"] {
        store.settle(session, Arc::new(executed(header.id, id, id)));
    }
    store.finish_run(header.id, RunStatus::SucceededWithErrors, Duration::new(2, 5));
    let run = store.run(header.id).unwrap().unwrap();
    let ids: Vec<&str> = run.own().iter().map(|record| record.node.as_str()).collect();
    assert_eq!(ids, ["c", "b", "a"]);
    assert_eq!(*run.header.workflow, workflow);
    let expected = crate::store::RunHeader {
        status: RunStatus::SucceededWithErrors,
        took: Some(Duration::new(2, 5)),
        workflow: Arc::clone(&run.header.workflow),
        ..header
    };
    assert_eq!(format!("{:?}", run.header), format!("{expected:?}"));
    assert!(store.run(RunId::generate()).unwrap().is_none());
}

#[test]
fn runs_of_a_workflow_are_listed_newest_first() {
    let (_folder, store) = new_store();
    let session = SessionId::generate();
    let (workflow, other) = (chain(&["a"]), chain(&["a"]));
    let ids: Vec<RunId> = (0..5)
        .map(|second| {
            let mut header = header(session, &workflow);
            header.started = Timestamp::from_second(second).unwrap();
            store.begin_run(&header, Vec::new(), Vec::new);
            header.id
        })
        .collect();
    store.begin_run(&header(session, &other), Vec::new(), Vec::new);
    let newest: Vec<RunId> = store.runs(workflow.id(), 3).unwrap().iter().map(|header| header.id).collect();
    assert_eq!(newest, [ids[4], ids[3], ids[2]]);
    assert_eq!(store.runs(other.id(), 10).unwrap().len(), 1);
    assert_eq!(store.recent_runs(10).unwrap().len(), 6);
}

#[test]
fn the_baseline_keeps_the_newest_settled_record_of_each_node() {
    let (_folder, store) = new_store();
    let (session, other) = (SessionId::generate(), SessionId::generate());
    let workflow = chain(&["a", "b", "c"]);
    let first = header(session, &workflow);
    store.begin_run(&first, vec!["a".into(), "b".into(), "c".into()], Vec::new);
    for id in ["a", "b", "c"] {
        store.settle(session, Arc::new(executed(first.id, id, "first")));
    }
    let second = header(session, &workflow);
    store.begin_run(&second, vec!["a".into()], Vec::new);
    store.settle(session, Arc::new(executed(second.id, "a", "second")));
    store.settle(session, Arc::new(without_results(second.id, "b", Status::NotRun(NotRun::NotNeeded))));
    let runs: Vec<RunId> = store.baseline(session).unwrap().iter().map(|record| record.run).collect();
    assert_eq!(runs, [second.id, first.id, first.id]);
    assert!(store.baseline(other).unwrap().is_empty());
    assert_eq!(store.run(second.id).unwrap().unwrap().nodes().count(), 2);
}

#[test]
fn a_node_that_a_run_has_not_settled_has_no_results() {
    let (_folder, store) = new_store();
    let session = SessionId::generate();
    let workflow = chain(&["a", "b"]);
    let first = header(session, &workflow);
    store.begin_run(&first, Vec::new(), Vec::new);
    store.settle(session, Arc::new(executed(first.id, "a", "old")));
    store.settle(session, Arc::new(executed(first.id, "b", "old")));
    let second = header(session, &workflow);
    store.begin_run(&second, vec!["a".into(), "b".into()], Vec::new);
    store.settle(session, Arc::new(executed(second.id, "a", "new")));
    let baseline = store.baseline(session).unwrap();
    let b = baseline.iter().find(|record| record.node == "b").unwrap();
    assert_eq!((&b.status, b.run), (&Status::Interrupted, second.id));
    assert!(!b.has_results());
    let a = baseline.iter().find(|record| record.node == "a").unwrap();
    assert_eq!(a.results.as_ref().unwrap().load().unwrap().get(&"out".into()), Some(&Value::text("new")));
}

#[test]
fn a_session_can_start_from_another_ones_baseline() {
    let (_folder, store) = new_store();
    let (old, new) = (SessionId::generate(), SessionId::generate());
    run_one(&store, old, |run| executed(run, "full", "kept"));
    store.adopt_baseline(old, new).unwrap();
    let baseline = store.baseline(new).unwrap();
    assert_eq!(baseline[0].results.as_ref().unwrap().load().unwrap().get(&"out".into()), Some(&Value::text("kept")));
}

#[test]
fn a_run_is_interrupted_only_once_its_program_is_gone() {
    let (folder, first) = new_store();
    let second = Store::open(folder.path()).unwrap();
    let workflow = chain(&["a"]);
    first.begin_run(&header(SessionId::generate(), &workflow), Vec::new(), Vec::new);
    first.flush().unwrap();
    let status = |store: &Store| store.runs(workflow.id(), 1).unwrap()[0].status;
    assert_eq!(status(&first), RunStatus::Running);
    assert_eq!(status(&second), RunStatus::Running);
    drop(first);
    assert_eq!(status(&second), RunStatus::Interrupted);
    drop(second);
    assert_eq!(status(&Store::open(folder.path()).unwrap()), RunStatus::Interrupted);
}

#[test]
fn one_record_that_cannot_be_read_does_not_hide_the_others() {
    let (folder, store) = new_store();
    let session = SessionId::generate();
    let header = header(session, &chain(&["a", "b"]));
    store.begin_run(&header, Vec::new(), Vec::new);
    store.settle(session, Arc::new(executed(header.id, "a", 1_i64)));
    store.settle(session, Arc::new(executed(header.id, "b", 2_i64)));
    store.flush().unwrap();
    rusqlite::Connection::open(folder.path().join("store.sqlite"))
        .unwrap()
        .execute(
            "UPDATE node_records SET record = 'gibberish' WHERE id = (SELECT record FROM baseline WHERE node = 'a')",
            [],
        )
        .unwrap();
    let baseline = store.baseline(session).unwrap();
    assert_eq!(baseline.iter().map(|record| record.node.as_str()).collect::<Vec<_>>(), ["b"]);
}

#[test]
fn a_hundred_runs_of_one_workflow_keep_its_text_once() {
    let (folder, store) = new_store();
    let workflow = chain(&["a", "b"]);
    for _ in 0..100 {
        store.begin_run(&header(SessionId::generate(), &workflow), Vec::new(), Vec::new);
    }
    store.flush().unwrap();
    let n_texts: i64 = rusqlite::Connection::open(folder.path().join("store.sqlite"))
        .unwrap()
        .query_one("SELECT count(*) FROM workflows", [], |row| row.get(0))
        .unwrap();
    assert_eq!(n_texts, 1);
}

#[test]
fn a_session_of_many_nodes_is_read_whole_and_in_order() {
    let (folder, store) = new_store();
    let session = SessionId::generate();
    let header = header(session, &chain(&["a"]));
    store.begin_run(&header, Vec::new(), Vec::new);
    let node = |number: i64| -> crate::workflow::NodeId { format!("n_{number:04}").parse().unwrap() };
    for number in (0..6_000).rev() {
        store.settle(session, Arc::new(executed(header.id, node(number), number)));
    }
    drop(store);
    let store = Store::open(folder.path()).unwrap();
    let baseline = store.baseline(session).unwrap();
    assert_eq!(baseline.len(), 6_000);
    for (number, record) in (0..).zip(&baseline) {
        assert_eq!(record.node, node(number));
        let ports = record.results.as_ref().unwrap().ports();
        assert_eq!(ports[0].fingerprint, Value::Int(number).fingerprint());
    }
    let fingerprints: Vec<Fingerprint> = (0..6_010).map(|number| Value::Int(number).fingerprint()).collect();
    let mut missing = store.missing_results(&fingerprints).unwrap();
    missing.sort_unstable();
    let mut expected = fingerprints[6_000..].to_vec();
    expected.sort_unstable();
    assert_eq!(missing, expected);
}
