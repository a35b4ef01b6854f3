//! Whether a store is whole, what is done about one that is not, and backups.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use proptest::prelude::*;
use rusqlite::{Connection, params};

use super::sealing::{Full, assert_full, fill, table, text};
use crate::{
    store::{Finding, KeyOptions, KeyPlace, Store, StoreError, StoreOptions, SweepRequest},
    value::Value,
};

fn filled(folder: &Path) -> Full {
    fill(&Store::open(folder).unwrap())
}

fn plain() -> StoreOptions {
    StoreOptions { key: KeyOptions::new(Some(KeyPlace::Off)), ..StoreOptions::default() }
}

fn database(folder: &Path) -> Connection {
    Connection::open(folder.join("store.sqlite")).unwrap()
}

/// Returns the file of the one large value.
fn blob(folder: &Path) -> PathBuf {
    let folders = fs::read_dir(folder.join("blobs")).unwrap().map(|entry| entry.unwrap().path());
    let folder = folders.into_iter().find(|path| path.file_name().unwrap().len() == 2).unwrap();
    fs::read_dir(folder).unwrap().next().unwrap().unwrap().path()
}

fn repair(folder: &Path) -> crate::store::Repaired {
    Store::repair(folder, &StoreOptions::default()).unwrap()
}

fn findings(folder: &Path) -> Vec<Finding> {
    Store::open(folder).unwrap().check().unwrap().findings
}

#[test]
fn a_store_that_is_whole_passes_and_repairing_it_changes_nothing() {
    for options in [StoreOptions::default(), plain()] {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open_with(folder.path(), &options).unwrap();
        let full = fill(&store);
        let checked = store.check().unwrap();
        assert_eq!(checked.findings, []);
        assert_eq!((checked.n_runs, checked.n_values), (1, 4));
        assert!(checked.n_bytes > 64 << 10 && checked.n_rows >= 7, "{checked:?}");
        drop(store);
        let repaired = Store::repair(folder.path(), &options).unwrap();
        assert_eq!((repaired.n_rows, repaired.n_files, repaired.replaced), (0, 0, None));
        assert_full(&Store::open_with(folder.path(), &options).unwrap(), &full);
    }
}

#[test]
fn a_value_that_is_gone_is_found_and_taken_out_and_the_rest_stays() {
    let folder = tempfile::tempdir().unwrap();
    let full = filled(folder.path());
    fs::remove_file(blob(folder.path())).unwrap();
    let [Finding::Value(why)] = &findings(folder.path())[..] else { panic!("one") };
    assert!(why.contains("gone"), "{why}");
    let repaired = repair(folder.path());
    assert_eq!((repaired.findings.len(), repaired.n_rows), (1, 1));
    let store = Store::open(folder.path()).unwrap();
    assert_eq!(store.check().unwrap().findings, []);
    assert_eq!(store.load_value(&text().fingerprint()).unwrap(), text());
    assert!(matches!(store.load_value(&table().fingerprint()).unwrap_err(), StoreError::Lost(_)));
    assert_eq!(store.run(full.run).unwrap().unwrap().nodes().count(), 2, "the record says what it gave");
}

#[test]
fn rows_that_were_changed_are_found_wherever_they_are() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path());
    let changes = [
        ("kept_values", "bytes", "rowid = (SELECT min(rowid) FROM kept_values WHERE bytes IS NOT NULL)"),
        ("node_records", "record", "id = (SELECT max(id) FROM node_records)"),
        ("iterations", "bytes", "idx = 1"),
        ("loops", "about", "TRUE"),
        ("node_pinned_data", "value", "TRUE"),
        ("kept_for", "ports", "TRUE"),
        ("timings", "config", "node = 'a'"),
    ];
    for (table, column, which) in changes {
        let connection = database(folder.path());
        let changed = format!("UPDATE {table} SET {column} = CAST({column} || x'00' AS BLOB) WHERE {which}");
        assert_eq!(connection.execute(&changed, params![]).unwrap(), 1, "{table}");
        drop(connection);
        assert_eq!(findings(folder.path()).len(), 1, "{table}");
        assert_eq!(repair(folder.path()).n_rows, 1, "{table}");
        assert_eq!(findings(folder.path()), [], "{table}");
    }
    let connection = database(folder.path());
    connection.execute("UPDATE workflows SET bytes = x'00'", params![]).unwrap();
    drop(connection);
    assert!(matches!(&findings(folder.path())[..], [Finding::Row(why)] if why.contains("the run")));
    repair(folder.path());
    assert_eq!(findings(folder.path()), []);
}

#[test]
fn a_file_that_nothing_refers_to_is_no_damage_and_goes() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path());
    let stray = blob(folder.path()).with_file_name("stray");
    fs::write(&stray, "left behind").unwrap();
    let store = Store::open(folder.path()).unwrap();
    let found = store.check().unwrap().findings;
    assert_eq!(found, [Finding::UnknownFile(stray.canonicalize().unwrap())]);
    assert!(!found[0].is_damage());
    drop(store);
    assert_eq!(repair(folder.path()).n_files, 1);
    assert!(!stray.exists());
}

#[test]
fn what_another_program_sweeps_while_it_is_looked_at_is_no_damage() {
    let folder = tempfile::tempdir().unwrap();
    let (store, other) = (Store::open(folder.path()).unwrap(), Store::open(folder.path()).unwrap());
    let text = |number| Value::text(format!("{number} ").repeat(40_000));
    let lasting: Vec<Value> = (0..20).map(text).collect();
    let values = lasting.iter().map(|value| store.keep_value(value).unwrap()).collect();
    let request = SweepRequest { file_grace: Duration::ZERO, values, ..SweepRequest::default() };
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let sweeps = scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                for number in 100..105 {
                    other.keep_value(&text(number)).unwrap();
                }
                other.sweep(&request).unwrap();
                other.sweep(&request).unwrap();
            }
        });
        let found = (0..20).map(|_| store.check().unwrap().findings).find(|findings| !findings.is_empty());
        is_over.store(true, Ordering::Relaxed);
        sweeps.join().unwrap();
        assert_eq!(found, None);
    });
}

#[test]
fn a_store_that_is_in_use_is_not_repaired() {
    let (folder, store) = crate::store::fixtures::new_store();
    let error = Store::repair(folder.path(), &StoreOptions::default()).unwrap_err();
    assert!(matches!(error, StoreError::InUse { .. }), "{error}");
    drop(store);
    repair(folder.path());
}

#[test]
fn a_damaged_database_is_replaced_by_what_can_be_read_of_it_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let full = filled(folder.path());
    {
        let store = Store::open(folder.path()).unwrap();
        for number in 0..2_000 {
            store
                .update_pinned_data(full.workflow.id(), &format!("n{number}").parse().unwrap(), None, &mut |_| text())
                .unwrap();
        }
    }
    let connection = database(folder.path());
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", params![], |_| Ok(())).unwrap();
    let n_rows = |connection: &Connection| {
        let count = "SELECT count(*) FROM node_pinned_data NOT INDEXED";
        connection.query_row(count, params![], |row| row.get::<_, i64>(0)).unwrap()
    };
    let n_before = n_rows(&connection);
    let root: i64 = connection
        .query_row("SELECT rootpage FROM sqlite_schema WHERE name = 'node_pinned_data'", params![], |row| row.get(0))
        .unwrap();
    drop(connection);
    // A leaf in the middle of the table becomes nonsense. The first child of the table's root is at the cell's pointer.
    let path = folder.path().join("store.sqlite");
    let mut bytes = fs::read(&path).unwrap();
    let page = |number: usize| (number - 1) * 4096..number * 4096;
    let root = page(root as usize).start;
    let cell = root + usize::from(u16::from_be_bytes([bytes[root + 12 + 10], bytes[root + 12 + 11]]));
    let leaf = u32::from_be_bytes(bytes[cell..cell + 4].try_into().unwrap()) as usize;
    bytes[page(leaf)].fill(0xAB);
    fs::write(&path, bytes).unwrap();

    assert!(matches!(&findings(folder.path())[0], Finding::Database(_)));
    let repaired = repair(folder.path());
    let kept = repaired.replaced.unwrap();
    assert!(kept.exists(), "{}", kept.display());
    assert_eq!(findings(folder.path()), []);
    let n_after = n_rows(&database(folder.path()));
    assert!(n_after > n_before / 2 && n_after < n_before, "{n_after} of {n_before}");
    let store = Store::open(folder.path()).unwrap();
    assert_eq!(store.load_value(&table().fingerprint()).unwrap(), table());
    assert!(store.run(full.run).unwrap().is_some());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn no_bit_of_a_file_changes_unseen(place in any::<prop::sample::Index>(), bit in 0..8_u8) {
        let folder = tempfile::tempdir().unwrap();
        filled(folder.path());
        let path = blob(folder.path());
        let mut bytes = fs::read(&path).unwrap();
        let place = place.index(bytes.len());
        bytes[place] ^= 1 << bit;
        fs::write(&path, bytes).unwrap();
        let found = findings(folder.path());
        prop_assert!(matches!(&found[..], [Finding::Value(why)] if why.contains("damaged")), "{found:?}");
    }
}

#[test]
fn a_backup_made_while_the_store_is_in_use_is_all_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let full = fill(&store);
    let archive = folder.path().join("backup.tar");
    let backed_up = store.back_up(&archive).unwrap();
    assert_eq!((backed_up.n_files, backed_up.n_missing), (1, 0));
    assert_eq!(backed_up.n_bytes, fs::metadata(&archive).unwrap().len());
    store.update_pinned_data(full.workflow.id(), &"a".into(), None, &mut |_| table()).unwrap();

    let elsewhere = tempfile::tempdir().unwrap();
    let restored = elsewhere.path().join("store");
    Store::restore(&archive, &restored).unwrap();
    assert!(Store::open(&restored).unwrap_err().to_string().contains(".key"), "the key is not in the archive");
    for key in fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()) {
        if key.extension().is_some_and(|extension| extension == "key") {
            fs::copy(&key, restored.join(key.file_name().unwrap())).unwrap();
        }
    }
    let restored = Store::open(&restored).unwrap();
    assert_full(&restored, &full);
    assert_eq!(restored.check().unwrap().findings, []);
}

#[test]
fn a_backup_is_not_restored_over_a_store_nor_out_of_its_folder() {
    let (folder, store) = crate::store::fixtures::new_store();
    let archive = folder.path().join("backup.tar");
    store.back_up(&archive).unwrap();
    let error = Store::restore(&archive, folder.path()).unwrap_err().to_string();
    assert!(error.contains("move it away first"), "{error}");

    let elsewhere = tempfile::tempdir().unwrap();
    let restored = elsewhere.path().join("store");
    let strange = folder.path().join("strange.tar");
    let mut builder = tar::Builder::new(File::create(&strange).unwrap());
    let mut header = tar::Header::new_gnu();
    header.set_size(3);
    header.as_gnu_mut().unwrap().name[..14].copy_from_slice(b"../outside.txt");
    header.set_cksum();
    builder.append(&header, &b"bad"[..]).unwrap();
    builder.finish().unwrap();
    let error = Store::restore(&strange, &restored).unwrap_err().to_string();
    assert!(error.contains("no part of a store"), "{error}");
    assert!(!elsewhere.path().join("outside.txt").exists());
    fs::write(&strange, "not an archive").unwrap();
    assert!(Store::restore(&strange, &restored).is_err());
    assert!(!restored.join("store.sqlite").exists());
}
