//! What a run reuses has no record of its own: the run's account makes it from the run that executed it.

use std::{sync::Arc, time::Duration};

use crate::{
    store::{
        Effect, NodeRecord, Provenance, Reason, RunId, RunStatus, SessionId, Status, Store,
        fixtures::{chain, executed, header, new_store},
    },
    value::Value,
    workflow::{NodeId, Workflow},
};

/// Makes a run that executes these nodes.
fn execute(store: &Store, session: SessionId, workflow: &Workflow, nodes: &[&'static str]) -> RunId {
    execute_and_reuse(store, session, workflow, nodes, Vec::new())
}

fn execute_and_reuse(
    store: &Store,
    session: SessionId,
    workflow: &Workflow,
    nodes: &[&'static str],
    reused: Vec<(NodeId, RunId)>,
) -> RunId {
    let header = header(session, workflow);
    store.begin_run(&header, nodes.iter().map(|node| (*node).into()).collect(), move || reused);
    for node in nodes {
        let record = NodeRecord { effect: Effect::Performed, ..executed(header.id, *node, format!("{node} made")) };
        store.settle(session, Arc::new(record));
    }
    store.finish_run(header.id, RunStatus::Succeeded, Duration::from_secs(1));
    header.id
}

#[test]
fn a_reused_node_has_the_record_of_the_run_that_executed_it_and_keeps_its_place_in_the_baseline() {
    let (folder, store) = new_store();
    let session = SessionId::generate();
    let workflow = chain(&["a", "b", "c"]);
    let first = execute(&store, session, &workflow, &["a", "b"]);
    let second = execute_and_reuse(&store, session, &workflow, &["b", "c"], vec![("a".into(), first)]);
    let reused = vec![("a".into(), first), ("b".into(), second), ("c".into(), second)];
    let third = execute_and_reuse(&store, session, &workflow, &["c"], reused);
    drop(store);

    let store = Store::open(folder.path()).unwrap();
    let account = store.run(third).unwrap().unwrap();
    let nodes: Vec<&str> = account.own().iter().map(|record| record.node.as_str()).collect();
    assert_eq!(nodes, ["a", "b", "c"]);
    let first_account = store.run(first).unwrap().unwrap();
    let original = first_account.node(&"a".into()).unwrap();
    let a = account.node(&"a".into()).unwrap();
    assert_eq!((a.run, &a.status), (third, &Status::Reused { from: Provenance::Run(first) }));
    assert_eq!((a.started, a.took, a.provenance()), (original.started, original.took, Some(Provenance::Run(first))));
    assert_eq!((&a.reasons[..], a.effect), (&[][..], Effect::HeldBack));
    assert_eq!(a.results.as_ref().unwrap().load().unwrap().get(&"out".into()), Some(&Value::from("a made")));
    assert_eq!(account.node(&"b".into()).unwrap().status, Status::Reused { from: Provenance::Run(second) });
    let c = account.node(&"c".into()).unwrap();
    assert_eq!((&c.status, &c.reasons[..]), (&Status::Executed, &[Reason::StandardRun][..]), "its own record counts");

    let runs: Vec<RunId> = store.baseline(session).unwrap().iter().map(|record| record.run).collect();
    assert_eq!(runs, [first, second, third]);
}

#[test]
fn runs_that_reuse_the_same_keep_it_once() {
    let (folder, store) = new_store();
    let session = SessionId::generate();
    let workflow = chain(&["a", "b"]);
    let first = execute(&store, session, &workflow, &["a", "b"]);
    for turn in 0..10 {
        let mut reused: Vec<(NodeId, RunId)> = vec![("a".into(), first), ("b".into(), first)];
        reused.rotate_left(turn % 2);
        execute_and_reuse(&store, session, &workflow, &[], reused);
    }
    store.flush().unwrap();
    let n_sets: i64 = rusqlite::Connection::open(folder.path().join("store.sqlite"))
        .unwrap()
        .query_one("SELECT count(*) FROM reused_sets", [], |row| row.get(0))
        .unwrap();
    assert_eq!(n_sets, 1);
}

#[test]
fn what_is_reused_from_a_run_that_is_gone_is_left_out() {
    let (_folder, store) = new_store();
    let session = SessionId::generate();
    let workflow = chain(&["a", "b"]);
    let first = execute(&store, session, &workflow, &["a"]);
    let reused = vec![("a".into(), first), ("b".into(), RunId::generate())];
    let second = execute_and_reuse(&store, session, &workflow, &[], reused);
    assert_eq!(store.run(second).unwrap().unwrap().nodes().count(), 1);
}
