//! A program that is killed in the middle of a run.

use std::{path::Path, sync::Arc, time::Duration};

use rusqlite::Connection;

use crate::{
    killing::{Victim, folder_of_victim, say},
    store::{
        RunStatus, SessionId, Status, Store,
        fixtures::{chain, executed, header},
    },
    value::{Record, Table, Value},
    workflow::Workflow,
};

fn workflow() -> Workflow {
    chain(&["first", "second", "third"])
}

fn large_table() -> Value {
    Value::Table(Table::from_records(
        &(0..20_000).map(|row| Record::from_iter([("row", Value::Int(row))])).collect::<Vec<_>>(),
    ))
}

/// Runs in the other program: settles two of three nodes, says so, and goes on writing until it is killed.
fn run_until_killed(folder: &Path) -> ! {
    let store = Store::open(folder).unwrap();
    let session = SessionId::generate();
    let workflow = workflow();
    let finished = header(session, &workflow);
    store.begin_run(&finished, vec!["third".into()], Vec::new);
    store.settle(session, Arc::new(executed(finished.id, "third", "of the run before")));
    store.finish_run(finished.id, RunStatus::Succeeded, Duration::from_secs(1));
    let run = header(session, &workflow);
    store.begin_run(&run, vec!["first".into(), "second".into(), "third".into()], Vec::new);
    store.settle(session, Arc::new(executed(run.id, "first", 1_i64)));
    store.settle(session, Arc::new(executed(run.id, "second", large_table())));
    store.flush().unwrap();
    say(&format!("session {session} workflow {}", workflow.id()));
    for number in 0.. {
        store.settle(session, Arc::new(executed(run.id, "first", number)));
        store.keep_value(&Value::Int(number)).unwrap();
    }
    unreachable!("it is killed before it has counted that far");
}

#[test]
fn what_was_settled_before_a_kill_is_there_and_the_rest_is_interrupted() {
    if let Some(folder) = folder_of_victim() {
        run_until_killed(&folder);
    }
    let folder = tempfile::tempdir().unwrap();
    let mut victim = Victim::start(
        "store::tests::crash::what_was_settled_before_a_kill_is_there_and_the_rest_is_interrupted",
        folder.path(),
    );
    let line = victim.hear();
    let words: Vec<&str> = line.split(' ').collect();
    let session: SessionId = words[1].parse().unwrap();
    let workflow = crate::workflow::WorkflowId(words[3].parse().unwrap());

    let beside = Store::open(folder.path()).unwrap();
    assert_eq!(beside.runs(workflow, 1).unwrap()[0].status, RunStatus::Running, "it is alive");
    assert!(victim.kill());
    assert_eq!(beside.runs(workflow, 1).unwrap()[0].status, RunStatus::Interrupted, "it is not");
    drop(beside);

    let store = Store::open(folder.path()).unwrap();
    let baseline = store.baseline(session).unwrap();
    let record = |id: &str| baseline.iter().find(|record| record.node == *id).unwrap();
    assert_eq!(record("first").status, Status::Executed);
    assert!(record("first").results.as_ref().unwrap().load().is_ok());
    let second = record("second").results.as_ref().unwrap().load().unwrap();
    assert_eq!(second.get(&"out".into()), Some(&large_table()));
    assert_eq!(record("third").status, Status::Interrupted);
    assert!(record("third").results.is_none());
    let check: String = Connection::open(folder.path().join("store.sqlite"))
        .unwrap()
        .pragma_query_value(None, "integrity_check", |row| row.get(0))
        .unwrap();
    assert_eq!(check, "ok");
}
