//! What lists say of runs, from the runs' rows alone; and sessions that start from a run of the history.

use std::{sync::Arc, time::Duration};

use crate::{
    store::{
        HistoryFilter, MarkUsed, NotRun, OptionsUsed, Part, PinPolicy, Provenance, RunCounts, RunHeader, RunId,
        RunKind, RunStatus, SessionId, Status, Store, StoreError,
        fixtures::{chain, executed, header, new_store, without_results},
    },
    value::Value,
    workflow::Workflow,
};

/// Makes a run in which much happened: of five nodes one executed, one failed, one did not run, one is pinned, one is reused.
fn eventful(store: &Store, session: SessionId, workflow: &Workflow, reused_from: RunId) -> RunHeader {
    let mut header = header(session, workflow);
    header.kind = RunKind::Resumed;
    header.part = Part::To(vec!["c".into()]);
    header.options = OptionsUsed { stop_at_equal_data: true, skip_what_only_feeds_pins: false, dry_run: true };
    header.marks = vec![("d".into(), MarkUsed::Pinned(PinPolicy::Hold))];
    store.begin_run(&header, vec!["a".into(), "b".into(), "c".into()], move || vec![("e".into(), reused_from)]);
    store.settle(session, Arc::new(executed(header.id, "a", "x")));
    let pinned = Status::Pinned { policy: PinPolicy::Hold, edited: false, captured_in: None };
    for (node, status) in [("b", Status::Failed("no".into())), ("c", Status::NotRun(NotRun::NotNeeded)), ("d", pinned)]
    {
        store.settle(session, Arc::new(without_results(header.id, node, status)));
    }
    store.finish_run(header.id, RunStatus::Failed, Duration::from_secs(2));
    header
}

#[test]
fn a_list_says_all_of_a_run_without_looking_at_a_record() {
    let (folder, store) = new_store();
    let (session, workflow) = (SessionId::generate(), chain(&["a", "b", "c", "d", "e"]));
    let first = header(session, &workflow);
    store.begin_run(&first, vec!["e".into()], Vec::new);
    store.settle(session, Arc::new(executed(first.id, "e", "y")));
    store.finish_run(first.id, RunStatus::Succeeded, Duration::from_secs(1));
    let second = eventful(&store, session, &workflow, first.id);
    store.flush().unwrap();
    let expected = RunCounts { executed: 1, failed: 1, not_run: 1, pinned: 1, reused: 1, ..RunCounts::default() };
    let record = store.run(second.id).unwrap().unwrap();
    let nodes: Vec<_> = record.nodes().collect();
    assert_eq!(RunCounts::of(nodes.iter().map(AsRef::as_ref)), expected, "as its records say");
    rusqlite::Connection::open(folder.path().join("store.sqlite"))
        .unwrap()
        .execute("UPDATE node_records SET record = 'gibberish'", [])
        .unwrap();
    let runs = store.history(&HistoryFilter::of(workflow.id())).unwrap();
    assert_eq!(runs.iter().map(|run| run.number).collect::<Vec<_>>(), [2, 1]);
    let run = &runs[0];
    assert_eq!(run.counts, Some(expected));
    assert_eq!(run.counts.unwrap().to_string(), "1 executed, 1 reused, 1 pinned, 1 not run, 1 failed");
    assert_eq!((run.id, run.session, run.kind, &run.part), (second.id, session, RunKind::Resumed, &second.part));
    assert_eq!((run.status, run.n_marks, run.options), (RunStatus::Failed, 1, second.options));
    assert_eq!(run.took, Some(Duration::from_secs(2)));
    assert_eq!(store.find_run("#2").unwrap().as_ref(), Some(run));
    assert_eq!(store.find_run(&second.id.to_string().to_lowercase()).unwrap().as_ref(), Some(run));
    assert_eq!(store.find_run("3").unwrap(), None);
    assert_eq!(store.find_run("nonsense").unwrap(), None);
}

#[test]
fn runs_of_older_stores_and_those_cut_off_are_counted_once() {
    let (folder, store) = new_store();
    let (session, workflow) = (SessionId::generate(), chain(&["a", "b", "c", "d", "e"]));
    let run = eventful(&store, session, &workflow, RunId::generate());
    let cut_off = header(session, &workflow);
    store.begin_run(&cut_off, vec!["a".into()], Vec::new);
    store.settle(session, Arc::new(executed(cut_off.id, "a", "x")));
    assert_eq!(store.history(&HistoryFilter::default()).unwrap()[0].counts, None, "it goes on");
    drop(store);
    let database = folder.path().join("store.sqlite");
    rusqlite::Connection::open(&database)
        .unwrap()
        .execute("UPDATE runs SET executed = NULL, n_marks = NULL, options = NULL WHERE id = ?1", [run.id.to_string()])
        .unwrap();
    let store = Store::open(folder.path()).unwrap();
    let runs = store.history(&HistoryFilter::default()).unwrap();
    assert_eq!(runs[0].counts, Some(RunCounts { executed: 1, ..RunCounts::default() }));
    assert_eq!(runs[0].status, RunStatus::Interrupted);
    assert_eq!((runs[1].counts.unwrap().failed, runs[1].n_marks), (1, 1));
    let written: i64 = rusqlite::Connection::open(&database)
        .unwrap()
        .query_one("SELECT count(*) FROM runs WHERE executed IS NOT NULL", [], |row| row.get(0))
        .unwrap();
    assert_eq!(written, 2, "not counted again the next time");
}

#[test]
fn lists_are_filtered_by_workflow_status_kind_and_time() {
    let (_folder, store) = new_store();
    let session = SessionId::generate();
    let (one, other) = (chain(&["a"]), chain(&["a"]));
    for (second, workflow, status, kind) in [
        (10, &one, RunStatus::Succeeded, RunKind::Standard),
        (20, &one, RunStatus::Failed, RunKind::Resumed),
        (30, &other, RunStatus::Cancelled, RunKind::Standard),
    ] {
        let mut header = header(session, workflow);
        (header.started, header.kind) = (jiff::Timestamp::from_second(second).unwrap(), kind);
        store.begin_run(&header, Vec::new(), Vec::new);
        store.finish_run(header.id, status, Duration::ZERO);
    }
    let numbers =
        |filter: HistoryFilter| -> Vec<i64> { store.history(&filter).unwrap().iter().map(|run| run.number).collect() };
    let at = |second| Some(jiff::Timestamp::from_second(second).unwrap());
    let all = HistoryFilter::default;
    assert_eq!(numbers(all()), [3, 2, 1]);
    assert_eq!(numbers(HistoryFilter::of(one.id())), [2, 1]);
    assert_eq!(numbers(HistoryFilter { statuses: vec![RunStatus::Failed, RunStatus::Cancelled], ..all() }), [3, 2]);
    assert_eq!(numbers(HistoryFilter { kind: Some(RunKind::Standard), limit: Some(1), ..all() }), [3]);
    assert_eq!(numbers(HistoryFilter { from: at(20), until: at(30), ..all() }), [2]);
}

#[test]
fn a_session_starts_from_what_a_run_had_of_each_node() {
    let (folder, store) = new_store();
    let (session, workflow) = (SessionId::generate(), chain(&["a", "b", "c"]));
    let runs: Vec<RunHeader> = (0..3).map(|_| header(session, &workflow)).collect();
    let first = runs[0].id;
    store.begin_run(&runs[0], vec!["a".into(), "b".into()], Vec::new);
    store.settle(session, Arc::new(executed(first, "a", "a of the first")));
    store.settle(session, Arc::new(executed(first, "b", "b of the first")));
    store.finish_run(first, RunStatus::Succeeded, Duration::ZERO);
    store.begin_run(&runs[1], vec!["b".into()], move || vec![("a".into(), first)]);
    store.settle(session, Arc::new(executed(runs[1].id, "b", "b of the second")));
    store.finish_run(runs[1].id, RunStatus::Succeeded, Duration::ZERO);
    store.begin_run(&runs[2], vec!["a".into(), "c".into()], Vec::new);
    store.settle(session, Arc::new(executed(runs[2].id, "a", "a of the third")));
    drop(store);

    let store = Store::open(folder.path()).unwrap();
    store.start_from(runs[1].id, session).unwrap();
    let baseline = store.baseline(session).unwrap();
    let given: Vec<_> = baseline
        .iter()
        .map(|record| (record.node.as_str(), record.run, record.results.as_ref().unwrap().load().unwrap()))
        .map(|(node, run, outputs)| (node, run, outputs.get(&"out".into()).unwrap().clone()))
        .collect();
    let expected = [("a", first, Value::from("a of the first")), ("b", runs[1].id, Value::from("b of the second"))];
    assert_eq!(given, expected, "what the third was cut off in has no part in it");
    let asked: Vec<RunId> = store.baseline_of_run(runs[1].id).unwrap().iter().map(|record| record.run).collect();
    assert_eq!(asked, [first, runs[1].id]);
    store.start_from(runs[2].id, session).unwrap();
    let statuses: Vec<_> =
        store.baseline(session).unwrap().iter().map(|record| (record.node.clone(), record.status.clone())).collect();
    assert_eq!(statuses, [("a".into(), Status::Executed), ("c".into(), Status::Interrupted)]);
    let unknown = store.start_from(RunId::generate(), session);
    assert!(matches!(unknown, Err(StoreError::NoRun(_))));
    assert_eq!(store.baseline(session).unwrap().len(), 2, "nothing has changed");
    assert!(matches!(baseline[0].provenance(), Some(Provenance::Run(run)) if run == first));
}
