//! Loops keep what came of each iteration, in order, whatever happens to the program.

use std::{path::Path, sync::Arc};

use rusqlite::Connection;

use crate::{
    killing::{Victim, folder_of_victim, say},
    store::{
        LoopId, RunId, SessionId, Store, StoreError,
        fixtures::{chain, executed, header, new_store},
    },
    value::Value,
};

fn begin(store: &Store) -> RunId {
    let header = header(SessionId::generate(), &chain(&["loop", "inner"]));
    store.begin_run(&header, Vec::new(), Vec::new);
    header.id
}

#[test]
fn iterations_come_back_ascending_and_the_newest_of_each() {
    let (folder, store) = new_store();
    let (first, second) = (begin(&store), begin(&store));
    let (of, other) = (LoopId::generate(), LoopId::generate());
    for index in [0, 1, 2, 3] {
        store.append_iteration(of, first, index, vec![index as u8]);
    }
    store.append_iteration(other, first, 7, vec![7]);
    store.append_iteration(of, second, 2, vec![22]);
    store.append_iteration(of, second, 2, vec![222]);
    store.append_iteration(of, second, 4, vec![4]);
    let all = vec![(0, vec![0]), (1, vec![1]), (2, vec![222]), (3, vec![3]), (4, vec![4])];
    assert_eq!(store.iterations(of, 0..u64::MAX).unwrap(), all);
    assert_eq!(store.iterations(of, 1..3).unwrap(), all[1..3]);
    assert!(store.iterations(of, 3..3).unwrap().is_empty());
    assert_eq!((store.n_iterations(of).unwrap(), store.n_iterations(LoopId::generate()).unwrap()), (5, 0));
    drop(store);

    let database = folder.path().join("store.sqlite");
    Connection::open(&database).unwrap().execute("DELETE FROM runs WHERE id = ?1", [second.to_string()]).unwrap();
    let store = Store::open(folder.path()).unwrap();
    assert_eq!(store.iterations(of, 2..9).unwrap(), [(2, vec![2]), (3, vec![3])], "those of the run went with it");
    assert_eq!(store.n_iterations(other).unwrap(), 1);
}

#[test]
fn the_newest_loop_of_a_node_is_found_by_the_iteration_it_is_inside_of() {
    let (_folder, store) = new_store();
    let run = begin(&store);
    let (old, new, inner) = (LoopId::generate(), LoopId::generate(), LoopId::generate());
    store.begin_loop(new, run, &"loop".into(), None, b"new".to_vec());
    store.begin_loop(old, run, &"loop".into(), None, b"old".to_vec());
    store.begin_loop(inner, run, &"inner".into(), Some((new, 3)), Vec::new());
    assert_eq!(store.loop_of(run, &"loop".into(), None).unwrap(), Some((new, b"new".to_vec())));
    assert_eq!(store.loop_of(run, &"inner".into(), Some((new, 3))).unwrap(), Some((inner, Vec::new())));
    assert_eq!(store.loop_of(run, &"inner".into(), Some((new, 4))).unwrap(), None);
    assert_eq!(store.loop_of(run, &"inner".into(), None).unwrap(), None);
    assert_eq!(store.loop_of(begin(&store), &"loop".into(), None).unwrap(), None);
}

#[test]
fn a_run_that_was_cut_off_before_its_loop_began_goes_on_with_the_loop_of_the_run_before() {
    let (_folder, store) = new_store();
    let session = SessionId::generate();
    let nodes = || vec!["loop".into()];
    let cut_off = || {
        let header = header(session, &chain(&["loop"]));
        store.begin_run(&header, nodes(), Vec::new);
        header.id
    };
    let first = cut_off();
    let of = LoopId::generate();
    store.begin_loop(of, first, &"loop".into(), None, b"about".to_vec());
    let (second, third) = (cut_off(), cut_off());
    for run in [first, second, third] {
        assert_eq!(store.loop_of(run, &"loop".into(), None).unwrap(), Some((of, b"about".to_vec())));
    }
    store.settle(session, executed(third, "loop", 1).into());
    let fourth = cut_off();
    assert_eq!(store.loop_of(fourth, &"loop".into(), None).unwrap(), None, "the third run was done with it");
}

#[test]
fn an_iteration_of_a_run_that_never_began_is_reported_and_the_rest_is_written() {
    let (_folder, store) = new_store();
    let run = begin(&store);
    let of = LoopId::generate();
    store.append_iteration(of, run, 0, vec![0]);
    store.append_iteration(of, RunId::generate(), 1, vec![1]);
    store.append_iteration(of, run, 2, vec![2]);
    assert!(matches!(store.flush().unwrap_err(), StoreError::Sqlite { .. }));
    assert_eq!(store.iterations(of, 0..9).unwrap(), [(0, vec![0]), (2, vec![2])]);
}

/// Runs in the other program: iterations that each refer to a value, until it is killed.
fn loop_until_killed(folder: &Path) -> ! {
    let store = Store::open(folder).unwrap();
    let session = SessionId::generate();
    let header = header(session, &chain(&["loop"]));
    store.begin_run(&header, vec!["loop".into()], Vec::new);
    let of = LoopId::generate();
    store.begin_loop(of, header.id, &"loop".into(), None, b"about".to_vec());
    for index in 0.. {
        let large = Value::from(format!("{index} ").repeat(200));
        let fingerprint = store.keep_queued(&large);
        store.append_iteration(of, header.id, index, fingerprint.as_bytes().to_vec());
        store.settle(session, Arc::new(executed(header.id, "loop", index.cast_signed())));
        if index == 500 {
            store.flush().unwrap();
            say(&format!("loop {} {}", of.0, header.id));
        }
    }
    unreachable!("it is killed before it has counted that far");
}

#[test]
fn what_was_written_before_a_kill_is_there_without_a_gap_and_with_the_values_it_refers_to() {
    if let Some(folder) = folder_of_victim() {
        loop_until_killed(&folder);
    }
    let folder = tempfile::tempdir().unwrap();
    let mut victim = Victim::start(
        "store::tests::iterations::what_was_written_before_a_kill_is_there_without_a_gap_and_with_the_values_it_refers_to",
        folder.path(),
    );
    let line = victim.hear();
    assert!(victim.kill());
    let words: Vec<&str> = line.split(' ').collect();
    let (of, run) = (LoopId(words[1].parse().unwrap()), words[2].parse().unwrap());

    let store = Store::open(folder.path()).unwrap();
    assert_eq!(store.loop_of(run, &"loop".into(), None).unwrap(), Some((of, b"about".to_vec())));
    let iterations = store.iterations(of, 0..u64::MAX).unwrap();
    assert!(iterations.len() > 500, "{}", iterations.len());
    assert_eq!(iterations.len() as u64, store.n_iterations(of).unwrap());
    for (expected, (index, bytes)) in (0..).zip(&iterations) {
        assert_eq!(*index, expected);
        let fingerprint = crate::value::Fingerprint::from_bytes(bytes[..].try_into().unwrap());
        let value = store.load_value(&fingerprint).unwrap();
        assert!(value.as_text().unwrap().starts_with(&format!("{index} ")), "{value:?}");
    }
}
