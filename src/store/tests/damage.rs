//! Databases that are damaged in every way: that is seen, what is read is right or said to be gone, and repair gives a store
//! that is whole.

use std::{
    cell::Cell,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use proptest::{
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use rusqlite::{Connection, params};

use super::{
    migration::copy,
    sealing::{CANARY, Full, assert_full, fill, text, values},
};
use crate::{
    store::{
        Finding, Repaired, RunStatus, SessionId, Store, StoreError, StoreOptions,
        fixtures::{chain, executed, header},
    },
    value::Value,
    workflow::NodeId,
};

/// How large the pages of a database are.
const PAGE: usize = 4096;

/// How many nodes a run has: so many that tables and indexes have more than one level.
const N_NODES: usize = 600;

fn database(folder: &Path) -> PathBuf {
    folder.join("store.sqlite")
}

fn value_of(node: usize) -> Value {
    Value::text(format!("{CANARY} {node} ").repeat(20))
}

/// A store whose tables have many pages, all of them in the database's file.
struct Template {
    folder: tempfile::TempDir,
    full: Full,
}

impl Template {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let full = fill(&store);
        let header = header(SessionId::generate(), &chain(&["n0"]));
        store.begin_run(&header, Vec::new(), Vec::new);
        for number in 0..N_NODES {
            let node: NodeId = format!("n{number}").parse().unwrap();
            store.settle(header.session, Arc::new(executed(header.id, node, value_of(number))));
        }
        store.finish_run(header.id, RunStatus::Succeeded, Duration::from_secs(1));
        drop(store);
        assert!(fs::metadata(database(folder.path())).unwrap().len() > 300 << 10);
        Self { folder, full }
    }

    /// Returns a copy of it that is damaged.
    fn damaged(&self, damage: impl FnOnce(&mut Vec<u8>)) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        copy(self.folder.path(), folder.path());
        let mut bytes = fs::read(database(folder.path())).unwrap();
        damage(&mut bytes);
        fs::write(database(folder.path()), bytes).unwrap();
        folder
    }

    /// Returns where the root page of a table or index lies.
    fn root(&self, name: &str) -> usize {
        let connection = Connection::open(database(self.folder.path())).unwrap();
        let select = "SELECT rootpage FROM sqlite_schema WHERE name = ?1";
        let page: i64 = connection.query_row(select, params![name], |row| row.get(0)).unwrap();
        (page as usize - 1) * PAGE
    }

    /// Makes sure that what a store returns is what was written; returns whether all of it is there.
    fn is_all_there(&self, store: &Store) -> bool {
        let written = values().into_iter().chain((0..N_NODES).map(value_of));
        let n_wrong = written.filter(|value| !is_right_or_gone(store.load_value(&value.fingerprint()), value)).count();
        let pinned = store.pinned_data(self.full.workflow.id(), &"a".into());
        let has_pinned = is_right_or_gone(pinned.map(|data| data.map_or(Value::Null, |data| data.value)), &text());
        let iterations = store.iterations(self.full.loop_id, 0..9).unwrap_or_default();
        for (index, bytes) in &iterations {
            assert_eq!(*bytes, format!("{CANARY} iteration {index}").into_bytes());
        }
        let run = store.run(self.full.run).ok().flatten();
        if let Some(run) = &run {
            assert_eq!(run.header.workflow.as_ref(), &self.full.workflow);
        }
        let has_baseline = store.baseline(self.full.session).is_ok_and(|records| records.len() == 2);
        n_wrong == 0
            && has_baseline
            && has_pinned
            && iterations.len() == 3
            && run.is_some_and(|run| run.own().len() == 2)
    }

    /// Opens, looks at and repairs a store that may be damaged.
    fn go_through(&self, folder: &Path) -> Result<Repaired, StoreError> {
        let before = fs::read(database(folder)).unwrap();
        if let Some(findings) = self.findings(folder)
            && !findings.iter().any(Finding::is_damage)
        {
            assert_full(&Store::open(folder).unwrap(), &self.full);
        }
        let repaired = Store::repair(folder, &StoreOptions::default());
        match &repaired {
            Ok(repaired) => {
                let store = Store::open(folder).unwrap();
                assert_eq!(store.check().unwrap().findings, []);
                assert!(self.is_all_there(&store) || !repaired.findings.is_empty(), "it is said what is lost");
                if let Some(kept) = &repaired.replaced {
                    assert_eq!(fs::metadata(kept).unwrap().len(), before.len() as u64);
                }
            }
            Err(error) => {
                let path = folder.file_name().unwrap().to_string_lossy();
                assert!(error.to_string().contains(&*path), "{error}");
                let kept = folder.join("store.sqlite.damaged-1");
                let kept = if kept.exists() { kept } else { database(folder) };
                assert_eq!(fs::metadata(kept).unwrap().len(), before.len() as u64, "it is there still");
                println!("left as it is: {error}");
            }
        }
        repaired
    }

    /// Returns what is found to be wrong, if the store opens.
    fn findings(&self, folder: &Path) -> Option<Vec<Finding>> {
        let store = match Store::open(folder) {
            Ok(store) => store,
            Err(error) => {
                assert!(error.to_string().contains(&*folder.file_name().unwrap().to_string_lossy()), "{error}");
                return None;
            }
        };
        self.is_all_there(&store);
        store.check().ok().map(|checked| checked.findings)
    }
}

/// Returns whether a value is there; it must be the right one then.
fn is_right_or_gone(read: Result<Value, StoreError>, expected: &Value) -> bool {
    match read {
        Ok(Value::Null) | Err(_) => false,
        Ok(value) => {
            assert_eq!(value, *expected);
            true
        }
    }
}

#[test]
fn pages_of_tables_and_indexes_that_are_nonsense_are_found_and_all_others_are_taken_over() {
    let template = Template::new();
    for (name, loses) in [
        ("node_records", true),
        ("kept_values", true),
        ("runs", true),
        ("baseline", true),
        ("sqlite_autoindex_kept_values_1", false),
        ("runs_of_workflow", false),
    ] {
        let root = template.root(name);
        let folder = template.damaged(|bytes| bytes[root..root + PAGE].fill(0xAB));
        let found = template.findings(folder.path());
        assert!(found.is_none_or(|found| found.iter().any(Finding::is_damage)), "{name}");
        let repaired = template.go_through(folder.path()).unwrap();
        assert!(matches!(repaired.findings[0], Finding::Database(_)), "{name}: {repaired:?}");
        assert_eq!(template.is_all_there(&Store::open(folder.path()).unwrap()), !loses, "{name}");
    }
}

#[test]
fn a_database_without_its_first_page_is_left_as_it_is_and_said_to_be_unreadable() {
    let template = Template::new();
    for n_bytes in [16, 100, PAGE] {
        let folder = template.damaged(|bytes| bytes[..n_bytes].fill(0));
        assert_eq!(template.findings(folder.path()), None);
        let error = template.go_through(folder.path()).unwrap_err().to_string();
        assert!(error.contains("move it away"), "{n_bytes}: {error}");
    }
}

#[test]
fn a_database_that_was_cut_off_is_found_and_what_is_left_of_it_is_taken_over() {
    let template = Template::new();
    let n_bytes = fs::metadata(database(template.folder.path())).unwrap().len() as usize;
    for left in [n_bytes - PAGE, n_bytes - 100, n_bytes / 2 / PAGE * PAGE, n_bytes / 2 + 77] {
        let folder = template.damaged(|bytes| bytes.truncate(left));
        let found = template.findings(folder.path());
        assert!(found.is_none_or(|found| found.iter().any(Finding::is_damage)), "{left} of {n_bytes}");
        template.go_through(folder.path()).unwrap();
    }
}

#[test]
fn a_store_whose_key_cannot_be_told_any_more_is_not_taken_for_one_that_is_not_encrypted() {
    let template = Template::new();
    let root = template.root("store_key");
    let folder = template.damaged(|bytes| bytes[root..root + PAGE].fill(0xAB));
    let error = template.go_through(folder.path()).unwrap_err().to_string();
    assert!(error.contains("how it is encrypted"), "{error}");
    assert_eq!(fs::read_dir(folder.path().join("blobs")).unwrap().count(), 2, "no file of a value is gone");
}

/// Returns a copy of a store as a program leaves it that is killed: part of it is in the log only.
fn killed(template: &Template) -> (tempfile::TempDir, PathBuf) {
    let (living, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    copy(template.folder.path(), living.path());
    let store = Store::open(living.path()).unwrap();
    for number in N_NODES..N_NODES + 50 {
        store.keep_value(&value_of(number)).unwrap();
    }
    copy(living.path(), folder.path());
    let log = folder.path().join("store.sqlite-wal");
    assert!(fs::metadata(&log).unwrap().len() > 50_000);
    (folder, log)
}

#[test]
fn a_log_that_was_cut_short_or_is_nonsense_costs_the_newest_at_most() {
    let template = Template::new();
    let (whole, log) = killed(&template);
    let bytes = fs::read(&log).unwrap();
    let changed = |place: usize| {
        let mut changed = bytes.clone();
        changed[place..place + 8].fill(0xAB);
        changed
    };
    let cut = |left: usize| bytes[..left].to_vec();
    let half = bytes.len() / 2;
    for (log_bytes, what) in [
        (cut(0), "empty"),
        (cut(20), "its header cut off"),
        (cut(half), "half"),
        (cut(bytes.len() - 1), "a byte less"),
        (changed(0), "another header"),
        (changed(half), "another page in the middle"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        copy(whole.path(), folder.path());
        fs::write(folder.path().join(log.file_name().unwrap()), log_bytes).unwrap();
        let store = Store::open(folder.path()).unwrap();
        assert_eq!(store.check().unwrap().findings, [], "{what}");
        assert!(template.is_all_there(&store), "{what}");
        let newest: Vec<bool> = (N_NODES..N_NODES + 50)
            .map(value_of)
            .map(|value| is_right_or_gone(store.load_value(&value.fingerprint()), &value))
            .collect();
        assert!(
            newest.is_sorted_by(|before, after| before >= after),
            "{what}: none is missing before one that is there"
        );
        assert!(!newest[49], "{what}");
    }
}

#[test]
fn nonsense_anywhere_is_seen_or_does_no_harm_and_can_be_repaired() {
    let template = Template::new();
    let n_bytes = fs::metadata(database(template.folder.path())).unwrap().len() as usize;
    let config = Config { cases: 16, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]));
    let (n_repaired, n_left) = (Cell::new(0), Cell::new(0));
    // The first pages are those of small tables and of indexes, and of the schema.
    let place = prop_oneof![100..n_bytes - 64, 100..40 * PAGE];
    let places = prop::collection::vec((place, prop::collection::vec(any::<u8>(), 1..64)), 1..4);
    runner
        .run(&places, |places| {
            let folder = template.damaged(|bytes| {
                for (place, nonsense) in &places {
                    bytes[*place..place + nonsense.len()].copy_from_slice(nonsense);
                }
            });
            match template.go_through(folder.path()) {
                Ok(_) => n_repaired.update(|number| number + 1),
                Err(_) => n_left.update(|number| number + 1),
            }
            Ok(())
        })
        .unwrap();
    println!("{} repaired, {} left as they were", n_repaired.get(), n_left.get());
    assert!(n_repaired.get() > 3 * n_left.get(), "{} left", n_left.get());
}
