//! When the disk or another program gets in the way: an error that says what to do, and nothing lost that need not be.

use std::{fs, sync::Arc, thread, time::Duration};

use rusqlite::{Connection, TransactionBehavior};

use crate::{
    store::{
        RunId, RunStatus, SessionId, Status, Store, StoreError,
        fixtures::{chain, executed, header, new_store, without_results},
    },
    value::{Record, Table, Value},
};

fn large_table() -> Value {
    Value::Table(Table::from_records(
        &(0..20_000).map(|row| Record::from_iter([("row", Value::Int(row))])).collect::<Vec<_>>(),
    ))
}

#[test]
fn a_store_that_cannot_be_made_says_where() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a file");
    fs::write(&file, "in the way").unwrap();
    let error = Store::open(&file.join("store")).unwrap_err().to_string();
    assert!(error.contains("a file"), "{error}");
}

#[test]
fn a_record_of_a_run_that_never_began_is_reported_once_and_the_rest_is_written() {
    let (_folder, store) = new_store();
    let session = SessionId::generate();
    let header = header(session, &chain(&["a", "b"]));
    store.begin_run(&header, Vec::new(), Vec::new);
    store.settle(session, Arc::new(executed(RunId::generate(), "a", 1_i64)));
    store.settle(session, Arc::new(executed(header.id, "b", 2_i64)));
    assert!(matches!(store.flush().unwrap_err(), StoreError::Sqlite { .. }));
    store.flush().unwrap();
    assert_eq!(store.baseline(session).unwrap().len(), 1);
}

#[test]
fn a_value_that_cannot_be_written_is_reported_and_its_record_is_kept() {
    let (_folder, store) = new_store();
    let session = SessionId::generate();
    let header = header(session, &chain(&["a"]));
    let endless = (0..300).fold(Value::Null, |inner, _| Value::list([inner]));
    store.begin_run(&header, vec!["a".into()], Vec::new);
    store.settle(session, Arc::new(executed(header.id, "a", endless.clone())));
    let error = store.flush().unwrap_err().to_string();
    assert!(error.contains("deeper than 256"), "{error}");
    let baseline = store.baseline(session).unwrap();
    assert_eq!(baseline[0].status, Status::Executed);
    assert_eq!(store.missing_results(&[endless.fingerprint()]).unwrap().len(), 1);
}

#[test]
fn a_value_whose_file_could_not_be_written_is_tried_again() {
    let (folder, store) = new_store();
    let session = SessionId::generate();
    let header = header(session, &chain(&["a", "b"]));
    store.begin_run(&header, Vec::new(), Vec::new);
    store.flush().unwrap();
    let unfinished = folder.path().join("blobs").join("unfinished");
    let own = fs::read_dir(&unfinished).unwrap().next().unwrap().unwrap().path();
    fs::remove_dir(&own).unwrap();
    store.settle(session, Arc::new(executed(header.id, "a", large_table())));
    store.settle(session, Arc::new(executed(header.id, "b", "small")));
    let error = store.flush().unwrap_err();
    assert!(matches!(error, StoreError::Io { .. }), "{error}");
    assert_eq!(store.missing_results(&[large_table().fingerprint()]).unwrap().len(), 1);
    assert_eq!(store.baseline(session).unwrap().len(), 2, "the records are there");
    fs::create_dir(&own).unwrap();
    store.flush().unwrap();
    assert_eq!(store.load_value(&large_table().fingerprint()).unwrap(), large_table());
}

#[test]
fn a_short_lock_by_another_program_is_waited_for() {
    let (folder, store) = new_store();
    let session = SessionId::generate();
    let header = header(session, &chain(&["a"]));
    let mut other = Connection::open(folder.path().join("store.sqlite")).unwrap();
    let lock = other.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
    store.begin_run(&header, Vec::new(), Vec::new);
    store.settle(session, Arc::new(without_results(header.id, "a", Status::Cancelled)));
    lock.commit().unwrap();
    store.flush().unwrap();
    assert_eq!(store.baseline(session).unwrap().len(), 1);
}

#[test]
fn two_stores_on_one_folder_write_at_once_and_both_are_whole() {
    let (folder, first) = new_store();
    let second = Store::open(folder.path()).unwrap();
    let sessions = [SessionId::generate(), SessionId::generate()];
    thread::scope(|scope| {
        for (store, session) in [&first, &second].into_iter().zip(sessions) {
            scope.spawn(move || {
                for _ in 0..10 {
                    let header = header(session, &chain(&["a", "b"]));
                    store.begin_run(&header, vec!["a".into(), "b".into()], Vec::new);
                    store.settle(session, Arc::new(executed(header.id, "a", large_table())));
                    store.settle(session, Arc::new(executed(header.id, "b", session.to_string())));
                    store.finish_run(header.id, RunStatus::Succeeded, Duration::from_secs(1));
                    store.flush().unwrap();
                }
            });
        }
    });
    for session in sessions {
        let baseline = first.baseline(session).unwrap();
        let texts: Vec<Value> = baseline
            .iter()
            .map(|record| record.results.as_ref().unwrap().load().unwrap().get(&"out".into()).unwrap().clone())
            .collect();
        assert_eq!(texts, [large_table(), Value::from(session.to_string())]);
    }
    assert_eq!(second.recent_runs(100).unwrap().len(), 20);
}

#[test]
fn dropping_the_last_store_writes_what_is_queued() {
    let (folder, store) = new_store();
    let session = SessionId::generate();
    let header = header(session, &chain(&["a"]));
    let clone = store.clone();
    clone.begin_run(&header, Vec::new(), Vec::new);
    for number in 0..2_000 {
        clone.settle(session, Arc::new(executed(header.id, "a", number)));
    }
    drop(clone);
    drop(store);
    let store = Store::open(folder.path()).unwrap();
    let last = store.baseline(session).unwrap()[0].results.as_ref().unwrap().load().unwrap();
    assert_eq!(last.get(&"out".into()), Some(&Value::Int(1_999)));
}

#[test]
fn records_that_hold_their_own_store_do_not_keep_it_open() {
    let (folder, store) = new_store();
    let session = SessionId::generate();
    let header = header(session, &chain(&["a"]));
    store.begin_run(&header, Vec::new(), Vec::new);
    store.settle(session, Arc::new(executed(header.id, "a", "x")));
    let stored = store.baseline(session).unwrap();
    for record in &stored {
        store.settle(session, Arc::clone(record));
    }
    drop(store);
    assert_eq!(fs::read_dir(folder.path().join("alive")).unwrap().count(), 1, "only the file `opening` is left");
    assert_eq!(stored[0].results.as_ref().unwrap().load().unwrap().get(&"out".into()), Some(&Value::text("x")));
}

#[test]
fn a_database_that_is_damaged_is_not_opened_and_the_error_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("store.sqlite"), "not a database at all ".repeat(500)).unwrap();
    let error = Store::open(folder.path()).unwrap_err().to_string();
    assert!(error.contains("move it away") && error.contains("store.sqlite"), "{error}");
}

#[test]
fn a_new_store_can_be_opened_by_many_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let stores: Vec<Store> = thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| Store::open(folder.path()).unwrap())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for (number, store) in (0..).zip(&stores) {
        store.keep_value(&Value::Int(number)).unwrap();
    }
    assert_eq!(stores[0].load_value(&Value::Int(7).fingerprint()).unwrap(), Value::Int(7));
    drop(stores);
    assert_eq!(fs::read_dir(folder.path().join("blobs").join("unfinished")).unwrap().count(), 0);
}
