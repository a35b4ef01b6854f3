//! What lies on the disk: nothing that tells of a value, and nothing that can be changed unseen.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use rusqlite::{Connection, params};

use crate::{
    nodes::{Outputs, Source},
    store::{
        Kept, KeyPlace, LoopId, NodeRecord, Provenance, RunHeader, RunId, RunStatus, SessionId, Store, StoreError,
        fixtures::{chain, executed, header},
    },
    value::{Fingerprint, Record, Table, Value},
    workflow::{Edit, Node, NodeId, Position, Workflow},
};

/// In everything that is kept, and in no file.
pub(super) const CANARY: &str = "canary-7f3a";

/// A store that holds something of everything.
pub(super) struct Full {
    pub(super) workflow: Workflow,
    pub(super) session: SessionId,
    pub(super) run: RunId,
    pub(super) loop_id: LoopId,
    pub(super) key: Fingerprint,
}

pub(super) fn text() -> Value {
    Value::text(format!("{CANARY} small"))
}

pub(super) fn long_text() -> Value {
    Value::text(format!("{CANARY} ").repeat(100))
}

pub(super) fn table() -> Value {
    let row = |row| Record::from_iter([("row", Value::Int(row)), ("text", Value::text(format!("{CANARY} {row}")))]);
    Value::Table(Table::from_records(&(0..9_000).map(row).collect::<Vec<_>>()))
}

/// Returns all values that are kept.
pub(super) fn values() -> [Value; 3] {
    [text(), long_text(), table()]
}

fn workflow() -> Workflow {
    let mut workflow = chain(&["a", "b"]);
    let node = Node::new("text", Position(0.0, 0.0)).with("text", format!("{CANARY} parameter"));
    workflow.apply(Edit::AddNode("secretive".into(), Arc::new(node))).unwrap();
    workflow
}

/// Fills a store with something of everything it can hold.
pub(super) fn fill(store: &Store) -> Full {
    let (session, workflow) = (SessionId::generate(), workflow());
    let header =
        RunHeader { path: Some(PathBuf::from(format!("/home/{CANARY}.flow.ron"))), ..header(session, &workflow) };
    store.begin_run(&header, vec!["a".into(), "b".into()], Vec::new);
    let outputs: Outputs = [("out", text()), ("long", long_text()), ("table", table())]
        .map(|(port, value)| (port.into(), value))
        .into_iter()
        .collect();
    let results = Kept::in_memory(Arc::new(outputs), Provenance::Run(header.id));
    let mut record = NodeRecord { results: Some(results.clone()), ..executed(header.id, "a", "") };
    record.warnings.push(format!("{CANARY} warning"));
    store.settle(session, Arc::new(record));
    store.settle(session, Arc::new(executed(header.id, "b", format!("{CANARY} of b"))));
    let loop_id = LoopId::generate();
    store.begin_loop(loop_id, header.id, &"a".into(), None, format!("{CANARY} about").into_bytes());
    for index in 0..3 {
        store.append_iteration(loop_id, header.id, index, format!("{CANARY} iteration {index}").into_bytes());
    }
    store.finish_run(header.id, RunStatus::Succeeded, Duration::from_secs(1));
    store.flush().unwrap();
    store.update_pinned_data(workflow.id(), &"a".into(), None, &mut |_| text()).unwrap();
    let key = Fingerprint::of_bytes(CANARY.as_bytes());
    let source = Source::probe(Path::new(&format!("/nowhere/{CANARY}")));
    store.keep_for(&key, &results, &[source], (header.id, Timestamp::now()), Duration::from_hours(1)).unwrap();
    Full { workflow, session, run: header.id, loop_id, key }
}

/// Makes sure that a store gives back what it was filled with.
pub(super) fn assert_full(store: &Store, full: &Full) {
    let run = store.run(full.run).unwrap().unwrap();
    assert_eq!(run.header.workflow.as_ref(), &full.workflow);
    assert!(run.header.path.as_ref().is_some_and(|path| path.to_string_lossy().contains(CANARY)));
    let record = run.node(&"a".into()).unwrap();
    assert_eq!(record.warnings, [format!("{CANARY} warning")]);
    let outputs = record.results.as_ref().unwrap().load().unwrap();
    assert_eq!(outputs.get(&"table".into()), Some(&table()));
    assert_eq!(store.baseline(full.session).unwrap().len(), 2);
    for value in values() {
        assert_eq!(store.load_value(&value.fingerprint()).unwrap(), value);
    }
    assert_eq!(store.missing_results(&values().map(|value| value.fingerprint())).unwrap(), []);
    let iterations = store.iterations(full.loop_id, 0..9).unwrap();
    assert_eq!(iterations.len(), 3);
    assert_eq!(iterations[2].1, format!("{CANARY} iteration 2").into_bytes());
    let (of, about) = store.loop_of(full.run, &"a".into(), None).unwrap().unwrap();
    assert_eq!((of, about), (full.loop_id, format!("{CANARY} about").into_bytes()));
    assert_eq!(store.pinned_data(full.workflow.id(), &"a".into()).unwrap().unwrap().value, text());
    let kept = store.kept_for(&full.key, Duration::from_hours(1), Timestamp::now()).unwrap().unwrap();
    assert_eq!(kept.results.loaded().unwrap().get(&"out".into()), Some(&text()));
    assert!(kept.sources[0].path.to_string_lossy().contains(CANARY));
    let timings = store.timings(full.workflow.id()).unwrap();
    assert_eq!(
        timings.iter().map(|(_, config, ..)| *config).collect::<Vec<_>>(),
        [Fingerprint::of_bytes(b"config"); 2]
    );
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// Returns the files in a folder that any of these bytes are in.
fn files_with(folder: &Path, needles: &[Vec<u8>]) -> Vec<PathBuf> {
    let has = |path: &PathBuf| {
        let (bytes, name) = (fs::read(path).unwrap(), path.to_string_lossy().into_owned().into_bytes());
        let is_in = |bytes: &[u8], needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
        needles.iter().any(|needle| is_in(&bytes, needle) || is_in(&name, needle))
    };
    files(folder).into_iter().filter(has).collect()
}

/// Returns what must not be found: the canary, and the fingerprints of all that is kept, as bytes and as text.
fn tell_tales(full: &Full) -> Vec<Vec<u8>> {
    let fingerprints =
        values().map(|value| value.fingerprint()).into_iter().chain([full.key, Fingerprint::of_bytes(b"config")]);
    let both = fingerprints.flat_map(|print| [print.as_bytes().to_vec(), print.to_string().into_bytes()]);
    both.chain([CANARY.as_bytes().to_vec()]).collect()
}

/// Makes sure that nothing in a folder tells of what is kept, or that something does.
pub(super) fn assert_sealed(folder: &Path, full: &Full, is_sealed: bool) {
    let found = files_with(folder, &tell_tales(full));
    assert_eq!(found.is_empty(), is_sealed, "{found:?}");
}

#[test]
fn nothing_that_is_kept_can_be_read_from_the_files_nor_guessed_from_fingerprints() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    assert_eq!(store.key_place(), KeyPlace::File);
    let full = fill(&store);
    assert_full(&store, &full);
    assert_sealed(folder.path(), &full, true);
    drop(store);
    assert_sealed(folder.path(), &full, true);
    assert_full(&Store::open(folder.path()).unwrap(), &full);
}

/// Changes the last byte of a column in all rows, as the database holds it.
fn damage(folder: &Path, table: &str, column: &str) {
    let connection = Connection::open(folder.join("store.sqlite")).unwrap();
    let ids: Vec<(Vec<u8>, Vec<u8>)> = connection
        .prepare(&format!("SELECT DISTINCT {column}, {column} FROM {table} WHERE {column} IS NOT NULL"))
        .unwrap()
        .query_map(params![], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert!(!ids.is_empty(), "{table}.{column}");
    for (before, mut after) in ids {
        *after.last_mut().unwrap() ^= 1;
        let sql = format!("UPDATE {table} SET {column} = ?2 WHERE {column} = ?1");
        connection.execute(&sql, params![before, after]).unwrap();
    }
}

/// Returns what a full store says after a column was damaged.
fn said_after(table: &str, column: &str, ask: impl Fn(&Store, &Full) -> String) -> String {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let full = fill(&store);
    drop(store);
    damage(folder.path(), table, column);
    ask(&Store::open(folder.path()).unwrap(), &full)
}

#[test]
fn one_changed_bit_in_any_column_is_reported_with_its_row_and_never_returned() {
    fn said<T: std::fmt::Debug>(result: Result<T, StoreError>) -> String {
        result.unwrap_err().to_string()
    }
    let a: NodeId = "a".into();
    let value = said_after("kept_values", "bytes", |store, _| said(store.load_value(&text().fingerprint())));
    assert!(value.contains("damaged") && value.contains("table kept_values"), "{value}");
    let run = said_after("workflows", "bytes", |store, full| said(store.run(full.run)));
    assert!(run.contains("table workflows"), "{run}");
    let run = said_after("runs", "path", |store, full| said(store.run(full.run)));
    assert!(run.contains("table runs"), "{run}");
    let iterations = said_after("iterations", "bytes", |store, full| said(store.iterations(full.loop_id, 0..9)));
    assert!(iterations.contains("table iterations"), "{iterations}");
    let about = said_after("loops", "about", |store, full| said(store.loop_of(full.run, &a, None)));
    assert!(about.contains("table loops"), "{about}");
    let pinned = said_after("node_pinned_data", "value", |store, full| said(store.pinned_data(full.workflow.id(), &a)));
    assert!(pinned.contains("table node_pinned_data") && pinned.contains("clear it"), "{pinned}");
    for column in ["ports", "sources"] {
        let kept = said_after("kept_for", column, |store, full| {
            said(store.kept_for(&full.key, Duration::from_hours(1), Timestamp::now()))
        });
        assert!(kept.contains("table kept_for"), "{kept}");
    }
    let n_left = said_after("node_records", "record", |store, full| {
        format!("{} {}", store.run(full.run).unwrap().unwrap().own().len(), store.baseline(full.session).unwrap().len())
    });
    assert_eq!(n_left, "0 0", "a damaged record is no record");
    let n_timings =
        said_after("timings", "config", |store, full| store.timings(full.workflow.id()).unwrap().len().to_string());
    assert_eq!(n_timings, "0");
}

#[test]
fn rows_that_changed_places_are_damage() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let full = fill(&store);
    store.update_pinned_data(full.workflow.id(), &"b".into(), None, &mut |_| long_text()).unwrap();
    drop(store);
    let connection = Connection::open(folder.path().join("store.sqlite")).unwrap();
    let swap = "UPDATE node_pinned_data SET value = (SELECT value FROM node_pinned_data WHERE node_id = 'b')
        WHERE node_id = 'a'";
    connection.execute(swap, params![]).unwrap();
    let store = Store::open(folder.path()).unwrap();
    assert!(matches!(store.pinned_data(full.workflow.id(), &"a".into()), Err(StoreError::Unreadable { .. })));
    assert_eq!(store.pinned_data(full.workflow.id(), &"b".into()).unwrap().unwrap().value, long_text());
}

#[test]
fn a_damaged_cut_or_swapped_file_is_reported_by_its_name() {
    for harm in 0..3 {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let full = fill(&store);
        let other = Value::text("another value ".repeat(10_000));
        store.keep_value(&other).unwrap();
        let blobs = files(&folder.path().join("blobs"));
        assert_eq!(blobs.len(), 2, "{blobs:?}");
        let [first, second] = [fs::read(&blobs[0]).unwrap(), fs::read(&blobs[1]).unwrap()];
        match harm {
            0 => {
                for (path, mut bytes) in blobs.iter().zip([first, second]) {
                    let middle = bytes.len() / 2;
                    bytes[middle] ^= 4;
                    fs::write(path, bytes).unwrap();
                }
            }
            1 => {
                fs::write(&blobs[0], &first[..first.len() - 1]).unwrap();
                fs::write(&blobs[1], &second[..second.len() - 1]).unwrap();
            }
            _ => {
                fs::write(&blobs[0], second).unwrap();
                fs::write(&blobs[1], first).unwrap();
            }
        }
        for value in [&table(), &other] {
            let error = store.load_value(&value.fingerprint()).unwrap_err();
            assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
            let said = error.to_string();
            assert!(blobs.iter().any(|path| said.contains(&*path.to_string_lossy())), "{said}");
        }
        drop(full);
    }
}
