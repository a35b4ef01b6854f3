//! Values come back as they were, or not at all.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use proptest::prelude::*;

use crate::{
    nodes::Outputs,
    store::{
        Kept, Provenance, RunId, SessionId, StoreError,
        codec::tests::any_value,
        fixtures::{chain, executed, header, new_store},
    },
    value::{Image, Record, Table, Value},
};

fn large_table() -> Value {
    Value::Table(Table::from_records(
        &(0..20_000).map(|row| Record::from_iter([("row", Value::Int(row))])).collect::<Vec<_>>(),
    ))
}

fn files_under(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() { files.extend(files_under(&path)) } else { files.push(path) }
    }
    files
}

fn only_blob(folder: &Path) -> PathBuf {
    let files = files_under(&folder.join("blobs"));
    assert_eq!(files.len(), 1, "{files:?}");
    files[0].clone()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn a_kept_value_is_loaded_as_it_was(values in proptest::collection::vec(any_value(), 1..6)) {
        let (_folder, store) = new_store();
        for value in &values {
            let fingerprint = store.keep_value(value).unwrap();
            prop_assert_eq!(&store.load_value(&fingerprint).unwrap(), value);
        }
    }
}

#[test]
fn large_values_lie_in_files_and_small_ones_do_not() {
    let (folder, store) = new_store();
    let small = store.keep_value(&Value::text("small")).unwrap();
    assert!(files_under(&folder.path().join("blobs")).is_empty());
    let text = Value::from("long ".repeat(50_000));
    let picture = Value::Image(Image::from_rgba(200, 200, vec![9; 160_000]).unwrap());
    let mixed = Value::list([large_table(), picture.clone(), Value::Null]);
    for value in [large_table(), text, picture, mixed] {
        let fingerprint = store.keep_value(&value).unwrap();
        assert_eq!(store.load_value(&fingerprint).unwrap(), value);
    }
    assert_eq!(files_under(&folder.path().join("blobs")).len(), 4);
    assert_eq!(store.load_value(&small).unwrap(), Value::text("small"));
}

#[test]
fn a_value_kept_many_times_lies_there_once() {
    let (folder, store) = new_store();
    let session = SessionId::generate();
    let header = header(session, &chain(&["a"]));
    store.begin_run(&header, Vec::new(), Vec::new);
    store.keep_value(&large_table()).unwrap();
    for _ in 0..20 {
        store.settle(session, Arc::new(executed(header.id, "a", large_table())));
    }
    store.flush().unwrap();
    only_blob(folder.path());
}

#[test]
fn a_value_that_is_still_queued_can_be_loaded() {
    let (_folder, store) = new_store();
    let session = SessionId::generate();
    let header = header(session, &chain(&["a"]));
    store.begin_run(&header, Vec::new(), Vec::new);
    for number in 0..300 {
        store.settle(session, Arc::new(executed(header.id, "a", number)));
    }
    let last = Value::Int(299);
    assert_eq!(store.missing_results(&[last.fingerprint(), Value::Null.fingerprint()]).unwrap().len(), 1);
    assert_eq!(store.load_value(&last.fingerprint()).unwrap(), last);
}

#[test]
fn a_value_that_was_never_kept_is_lost() {
    let (_folder, store) = new_store();
    let error = store.load_value(&Value::Int(1).fingerprint()).unwrap_err();
    assert!(matches!(error, StoreError::Lost(_)), "{error}");
}

#[test]
fn a_changed_byte_is_reported_and_mended_by_keeping_the_value_again() {
    let (folder, store) = new_store();
    let fingerprint = store.keep_value(&large_table()).unwrap();
    let blob = only_blob(folder.path());
    let mut bytes = fs::read(&blob).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&blob, bytes).unwrap();
    let error = store.load_value(&fingerprint).unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    assert_eq!(store.missing_results(&[fingerprint]).unwrap(), [fingerprint]);
    store.keep_value(&large_table()).unwrap();
    assert_eq!(store.load_value(&fingerprint).unwrap(), large_table());
}

#[test]
fn a_cut_or_removed_file_is_missed_without_reading_it() {
    let (folder, store) = new_store();
    let fingerprint = store.keep_value(&large_table()).unwrap();
    let blob = only_blob(folder.path());
    assert!(store.missing_results(&[fingerprint]).unwrap().is_empty());
    fs::write(&blob, b"cut").unwrap();
    assert_eq!(store.missing_results(&[fingerprint]).unwrap(), [fingerprint]);
    fs::remove_file(&blob).unwrap();
    assert_eq!(store.missing_results(&[fingerprint]).unwrap(), [fingerprint]);
    assert!(matches!(store.load_value(&fingerprint).unwrap_err(), StoreError::Lost(_)));
    store.keep_value(&large_table()).unwrap();
    assert_eq!(store.load_value(&fingerprint).unwrap(), large_table());
}

#[test]
fn a_damaged_small_value_is_reported() {
    let (folder, store) = new_store();
    let fingerprint = store.keep_value(&Value::text("small")).unwrap();
    rusqlite::Connection::open(folder.path().join("store.sqlite"))
        .unwrap()
        .execute("UPDATE kept_values SET bytes = x'00'", [])
        .unwrap();
    assert!(matches!(store.load_value(&fingerprint).unwrap_err(), StoreError::Damaged { .. }));
}

#[test]
fn results_that_are_kept_can_be_read_after_the_store_is_closed() {
    let (_folder, store) = new_store();
    let outputs = Outputs::one("table", large_table()).with("count", 3_i64);
    let from = Provenance::Run(RunId::generate());
    let ports = store.keep_results(&Kept::in_memory(Arc::new(outputs), from)).unwrap();
    let kept = Kept::stored(ports.clone(), from, store.clone());
    assert_eq!(store.keep_results(&kept).unwrap(), ports);
    drop(store);
    assert_eq!(kept.load().unwrap().get(&"table".into()), Some(&large_table()));
}

#[test]
fn results_that_were_never_kept_cannot_be_pinned() {
    let (_folder, store) = new_store();
    let from = Provenance::Run(RunId::generate());
    let elsewhere = Kept::in_memory(Arc::new(Outputs::one("out", "elsewhere")), from).ports().to_vec();
    let kept = Kept::stored(elsewhere, from, store.clone());
    assert!(matches!(store.keep_results(&kept).unwrap_err(), StoreError::Lost(_)));
    assert!(matches!(Kept::out_of_reach(kept.ports().to_vec(), from).load().unwrap_err(), StoreError::Lost(_)));
}
