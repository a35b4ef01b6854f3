//! Large tables that are not sealed are mapped: opened without reading them, and looked through behind the reader's back.

use std::{
    fs::{self, OpenOptions},
    io::{Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use arrow::{
    array::{Int64Array, RecordBatch, StringArray},
    datatypes::{DataType, Field, Schema},
};
use proptest::prelude::*;

use crate::{
    store::{KeyOptions, KeyPlace, Store, StoreError, StoreOptions},
    value::{Table, Value},
};

const BATCH_ROWS: i64 = 10_000;

/// Returns a store that seals nothing, in a folder that is removed with it.
fn plain_store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = reopened(folder.path());
    (folder, store)
}

fn reopened(folder: &Path) -> Store {
    let options = StoreOptions { key: KeyOptions::new(Some(KeyPlace::Off)), ..StoreOptions::default() };
    Store::open_with(folder, &options).unwrap()
}

/// Returns a table of 6.9 MB in 40 batches, numbers and texts.
fn large_table() -> Table {
    let schema = Arc::new(Schema::new(vec![
        Field::new("number", DataType::Int64, false),
        Field::new("text", DataType::Utf8, false),
    ]));
    let batch = |batch: i64| {
        let numbers: Vec<i64> = (batch * BATCH_ROWS..(batch + 1) * BATCH_ROWS).collect();
        let texts = StringArray::from_iter_values(numbers.iter().map(|number| format!("{number:05}")));
        RecordBatch::try_new(Arc::clone(&schema), vec![Arc::new(Int64Array::from(numbers)), Arc::new(texts)]).unwrap()
    };
    Table::new(&schema, &(0..40).map(batch).collect::<Vec<_>>()).unwrap()
}

fn file_of(folder: &Path) -> PathBuf {
    let below = |folder: &Path| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    let mut files: Vec<PathBuf> = below(&folder.join("blobs"))
        .iter()
        .filter(|path| !path.ends_with("unfinished"))
        .flat_map(|path| below(path))
        .collect();
    assert_eq!(files.len(), 1, "{files:?}");
    files.remove(0)
}

/// Changes a byte where it lies: a file that is mapped must not become shorter, not even for a moment.
fn change_byte(file: &Path, at: u64) {
    let byte = fs::read(file).unwrap()[at as usize];
    let mut file = OpenOptions::new().write(true).open(file).unwrap();
    file.seek(SeekFrom::Start(at)).unwrap();
    file.write_all(&[byte ^ 0x40]).unwrap();
}

#[test]
fn it_comes_back_as_it_was_in_few_batches_and_keeps_its_fingerprint() {
    let (folder, store) = plain_store();
    let table = large_table();
    let fingerprint = store.keep_value(&Value::Table(table.clone())).unwrap();
    drop(store);
    let Value::Table(back) = reopened(folder.path()).load_value(&fingerprint).unwrap() else { panic!() };
    assert_eq!(back.batches().len(), 1);
    assert_eq!(Value::Table(back.clone()).fingerprint(), fingerprint);
    assert_eq!(back.fingerprint(), table.fingerprint(), "computed from what was read");
    assert_eq!(back.cell(399_999, 1), Value::text("399999"));
}

#[test]
fn it_can_be_read_while_and_after_its_file_is_removed() {
    let (folder, store) = plain_store();
    let table = large_table();
    let fingerprint = store.keep_value(&Value::Table(table.clone())).unwrap();
    let Value::Table(back) = store.load_value(&fingerprint).unwrap() else { panic!() };
    fs::remove_file(file_of(folder.path())).unwrap();
    assert_eq!(back.fingerprint(), table.fingerprint());
    assert!(matches!(store.load_value(&fingerprint).unwrap_err(), StoreError::Lost(_)));
}

#[test]
fn a_changed_byte_is_reported_once_it_was_looked_through_and_the_table_is_made_again() {
    let (folder, store) = plain_store();
    let table = Value::Table(large_table());
    let fingerprint = store.keep_value(&table).unwrap();
    let file = file_of(folder.path());
    change_byte(&file, 1_000_000);
    let opened = store.load_value(&fingerprint);
    assert!(opened.is_ok(), "its first rows are there at once: {opened:?}");
    let began = Instant::now();
    let error = loop {
        match store.flush() {
            Err(error) => break error,
            Ok(()) => assert!(began.elapsed() < Duration::from_mins(1), "never reported"),
        }
        thread::sleep(Duration::from_millis(5));
    };
    let words = error.to_string();
    assert!(words.contains("its bytes have changed, and were used") && words.contains("blobs"), "{words}");
    assert!(matches!(store.load_value(&fingerprint).unwrap_err(), StoreError::Damaged { .. }));
    assert_eq!(store.missing_results(&[fingerprint]).unwrap(), [fingerprint]);
    store.keep_value(&table).unwrap();
    assert_eq!(store.load_value(&fingerprint).unwrap(), table);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    /// What Arrow reads first, lengths and places, lies at the start, and once more before the end.
    #[test]
    fn a_changed_byte_anywhere_never_panics(at in prop_oneof![0_u64..2_000, 0_u64..6_900_000, 6_890_000_u64..6_900_000]) {
        thread_local! {
            static KEPT: (tempfile::TempDir, Store, crate::value::Fingerprint) = {
                let (folder, store) = plain_store();
                let fingerprint = store.keep_value(&Value::Table(large_table())).unwrap();
                (folder, store, fingerprint)
            };
        }
        KEPT.with(|(folder, _store, fingerprint)| {
            let file = file_of(folder.path());
            let at = at.min(fs::metadata(&file).unwrap().len() - 1);
            change_byte(&file, at);
            if let Ok(Value::Table(table)) = reopened(folder.path()).load_value(fingerprint) {
                for row in [0, table.n_rows() / 2, table.n_rows() - 1] {
                    table.record(row);
                }
            }
            change_byte(&file, at);
            rusqlite::Connection::open(folder.path().join("store.sqlite")).unwrap().execute("UPDATE kept_values SET damaged = 0", []).unwrap();
        });
    }
}
