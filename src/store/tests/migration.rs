//! Stores that older programs wrote keep what they hold.

use std::{fs, path::Path, sync::Arc, time::Duration};

use rusqlite::{Connection, params, types::Value as Cell};

use super::sealing::{Full, assert_full, fill};
use crate::{
    killing::{Chance, Victim, folder_of_victim, n_kills, say},
    store::{
        Finding, KeyOptions, KeyPlace, Provenance, RunId, RunStatus, SessionId, Status, Store, StoreOptions,
        codec::{self, Form},
        connection::MIGRATIONS,
        fixtures::{chain, executed, header, node},
    },
    value::{Fingerprint, Value},
    workflow::{self, Workflow},
};

struct Old {
    workflow: Workflow,
    session: SessionId,
    runs: [RunId; 2],
}

/// Returns a record as the first format had it.
fn record_text(run: RunId, node: &str, value: &Value) -> String {
    let (config, fingerprint) = (Fingerprint::of_bytes(b"config"), value.fingerprint());
    format!(
        r#"(run:"{run}",node:"{node}",as_it_was:(kind:"text",position:(1.0,2.0),parameters:{{"text":"hello"}}),status:Executed,reasons:[StandardRun],config:"{config}",recipe:"{config}",inputs:[(port:"in",source:"z.out",arrived:Some((Run("{run}"),"{fingerprint}")))],results:Some([(port:"out",fingerprint:"{fingerprint}",preview:"a text",n_rows:None)]),provenance:Some(Run("{run}")),started:Some("2026-01-02T03:04:05Z"),took:Some((secs:0,nanos:3000000)),log:[(at:"2026-01-02T03:04:05Z",level:Warning,message:"look")],sources:[(path:Text("/gone"),state:Some((size:7,modified_nanos:"12",content:None)))],effect:None,released:None,warnings:[])"#
    )
}

/// Writes a store as the first format had it: two runs of a session, the second cut off.
fn write_first_format(database: &Path) -> Old {
    let old = Old {
        workflow: chain(&["a", "b", "c"]),
        session: SessionId::generate(),
        runs: [RunId::generate(), RunId::generate()],
    };
    let connection = Connection::open(database).unwrap();
    connection.execute_batch(MIGRATIONS[0]).unwrap();
    connection.pragma_update(None, "application_id", 0x5066_6c77).unwrap();
    connection.pragma_update(None, "user_version", 1).unwrap();
    let text = workflow::to_text(&old.workflow);
    let hash = Fingerprint::of_bytes(text.as_bytes());
    connection.execute("INSERT INTO workflow_texts VALUES (?1, ?2)", params![hash.as_bytes(), text]).unwrap();
    let session = old.session.to_string();
    for (run, (status, started)) in old.runs.iter().zip([("Succeeded", 1_000), ("Running", 2_000)]) {
        let workflow = old.workflow.id().to_string();
        connection
            .execute(
                "INSERT INTO runs VALUES (?1, ?2, ?3, ?4, '/home/a.flow.ron', 'Standard', '[]', '[]', ?5, 7, ?6, 'dead')",
                params![run.to_string(), session, workflow, hash.as_bytes(), started, status],
            )
            .unwrap();
    }
    for (run, node) in [(0, "b"), (0, "a"), (1, "a")] {
        let value = Value::from(format!("{node} of run {run}"));
        let bytes = codec::to_bytes(&value).unwrap();
        let (fingerprint, checksum) = (value.fingerprint(), Fingerprint::of_bytes(&bytes));
        connection
            .execute(
                "INSERT INTO kept_values VALUES (?1, ?2, ?3, ?4, ?5, 0, 0)",
                params![
                    fingerprint.as_bytes(),
                    Form::Tagged as i64,
                    bytes.len().cast_signed() as i64,
                    checksum.as_bytes(),
                    bytes
                ],
            )
            .unwrap();
        let run = old.runs[run];
        connection
            .execute(
                "INSERT INTO node_records VALUES (?1, ?2, 'executed', ?3)",
                params![run.to_string(), node, record_text(run, node, &value)],
            )
            .unwrap();
    }
    for (node, run, settled) in [("a", 1, true), ("b", 0, true), ("c", 1, false)] {
        connection
            .execute(
                "INSERT INTO baseline VALUES (?1, ?2, ?3, ?4)",
                params![session, node, old.runs[run].to_string(), settled],
            )
            .unwrap();
    }
    old
}

fn result(record: &crate::store::NodeRecord) -> Value {
    record.results.as_ref().unwrap().load().unwrap().get(&"out".into()).unwrap().clone()
}

#[test]
fn a_store_of_the_first_format_is_read_and_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("store.sqlite");
    let old = write_first_format(&database);
    let store = Store::open(folder.path()).unwrap();

    let baseline = store.baseline(old.session).unwrap();
    let what: Vec<_> =
        baseline.iter().map(|record| (record.node.as_str(), record.run, record.status.clone())).collect();
    let [first, second] = old.runs;
    let expected =
        [("a", second, Status::Executed), ("b", first, Status::Executed), ("c", second, Status::Interrupted)];
    assert_eq!(what, expected);
    assert_eq!(result(&baseline[0]), Value::from("a of run 1"));
    assert_eq!(*baseline[0].as_it_was(), node());
    assert_eq!(*baseline[2].as_it_was(), node(), "read from the workflow's text");
    assert_eq!((baseline[1].took, baseline[1].log.len()), (Some(Duration::from_millis(3)), 1));
    assert_eq!(baseline[1].inputs[0].provenance(), Some(Provenance::Run(first)));
    assert_eq!(baseline[1].sources[0].state.unwrap().modified_nanos, 12);

    let runs = store.runs(old.workflow.id(), 9).unwrap();
    let what: Vec<_> = runs.iter().map(|header| (header.id, header.status)).collect();
    assert_eq!(what, [(second, RunStatus::Interrupted), (first, RunStatus::Succeeded)]);
    assert_eq!(*runs[0].workflow, old.workflow);
    let account = store.run(first).unwrap().unwrap();
    let nodes: Vec<_> = account.own().iter().map(|record| (record.node.as_str(), result(record))).collect();
    assert_eq!(nodes, [("a", Value::from("a of run 0")), ("b", Value::from("b of run 0"))]);

    let third = header(old.session, &old.workflow);
    store.begin_run(&third, vec!["c".into()], move || vec![("b".into(), first)]);
    store.settle(old.session, Arc::new(executed(third.id, "c", "new")));
    store.finish_run(third.id, RunStatus::Succeeded, Duration::from_secs(1));
    store.flush().unwrap();
    drop(store);

    let store = Store::open(folder.path()).unwrap();
    let runs: Vec<RunId> = store.baseline(old.session).unwrap().iter().map(|record| record.run).collect();
    assert_eq!(runs, [second, first, third.id]);
    let account = store.run(third.id).unwrap().unwrap();
    let b = account.node(&"b".into()).unwrap();
    assert_eq!((&b.status, result(&b)), (&Status::Reused { from: Provenance::Run(first) }, Value::from("b of run 0")));
    let n_wrong = Connection::open(&database)
        .unwrap()
        .prepare("PRAGMA foreign_key_check")
        .unwrap()
        .query_map([], |_| Ok(()))
        .unwrap()
        .count();
    assert_eq!(n_wrong, 0);
}

/// Makes a store of the first format larger: records that migrating takes a while for.
fn add_records(database: &Path, n_records: usize) {
    let connection = Connection::open(database).unwrap();
    connection.execute_batch("BEGIN").unwrap();
    for number in 0..n_records {
        connection
            .execute(
                "INSERT INTO node_records SELECT id, ?1, 'executed', ?2 FROM runs WHERE rowid = 1",
                params![format!("more_{number}"), record_text(RunId::generate(), "a", &Value::from("a of run 0"))],
            )
            .unwrap();
    }
    connection.execute_batch("COMMIT").unwrap();
}

/// What makes a store of the newest schema one of the schema before it.
const BACK: [(usize, &str); 3] = [
    (
        5,
        "DROP INDEX runs_by_start; ALTER TABLE runs DROP COLUMN options; ALTER TABLE runs DROP COLUMN n_marks; ALTER TABLE runs DROP COLUMN executed;
         ALTER TABLE runs DROP COLUMN reused_nodes; ALTER TABLE runs DROP COLUMN pinned; ALTER TABLE runs DROP COLUMN kept;
         ALTER TABLE runs DROP COLUMN disabled; ALTER TABLE runs DROP COLUMN not_run; ALTER TABLE runs DROP COLUMN failed;
         ALTER TABLE runs DROP COLUMN cancelled; ALTER TABLE runs DROP COLUMN swept; ALTER TABLE sessions DROP COLUMN settled_until;",
    ),
    (4, "DROP TABLE store_key; DROP TABLE retired_keys;"),
    (3, "DROP INDEX pinned_data_that_expires;"),
];

/// Makes a store of an earlier schema, holding something of everything that it could hold.
fn write_schema(folder: &Path, schema: usize) -> Held {
    let database = folder.join("store.sqlite");
    if schema < 3 {
        let old = write_first_format(&database);
        add_records(&database, 800);
        let connection = Connection::open(&database).unwrap();
        connection.execute_batch(&MIGRATIONS[1..schema].concat()).unwrap();
        connection.pragma_update(None, "user_version", schema.cast_signed() as i64).unwrap();
        return Held::First(Box::new(old));
    }
    // There were no keys before the fifth.
    let place = if schema < 5 { KeyPlace::Off } else { KeyPlace::File };
    let options = StoreOptions { key: KeyOptions::new(Some(place)), ..StoreOptions::default() };
    let store = Store::open_with(folder, &options).unwrap();
    let full = fill(&store);
    for number in 0..30 {
        let node = format!("n{number}").parse().unwrap();
        let expires = Some(Duration::from_hours(1));
        store.update_pinned_data(full.workflow.id(), &node, expires, &mut |_| Value::Int(number)).unwrap();
    }
    drop(store);
    let connection = Connection::open(&database).unwrap();
    for (_, back) in BACK.iter().filter(|(reached, _)| *reached >= schema) {
        connection.execute_batch(back).unwrap();
    }
    connection.pragma_update(None, "user_version", schema.cast_signed() as i64).unwrap();
    Held::Full(Box::new(full))
}

/// What a store holds.
enum Held {
    First(Box<Old>),
    Full(Box<Full>),
}

impl Held {
    fn assert_is_in(&self, store: &Store) {
        match self {
            Self::First(old) => {
                let baseline = store.baseline(old.session).unwrap();
                assert_eq!(
                    [&baseline[0], &baseline[1]].map(|record| result(record)),
                    [Value::from("a of run 1"), Value::from("b of run 0")]
                );
                assert_eq!(store.run(old.runs[0]).unwrap().unwrap().own().len(), 2);
            }
            Self::Full(full) => assert_full(store, full),
        }
    }
}

/// Returns all rows of all tables, but when and by whom the store was opened.
fn dump(folder: &Path) -> Vec<(String, Vec<Vec<Cell>>)> {
    let connection = Connection::open(folder.join("store.sqlite")).unwrap();
    let select = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name";
    let tables: Vec<String> =
        connection.prepare(select).unwrap().query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    tables
        .into_iter()
        .map(|table| {
            let mut statement = connection.prepare(&format!("SELECT * FROM {table}")).unwrap();
            let n_columns = statement.column_count();
            let read = |row: &rusqlite::Row<'_>| (0..n_columns).map(|column| row.get(column)).collect();
            let rows = statement.query_map([], read).unwrap().collect::<Result<_, _>>().unwrap();
            (table, rows)
        })
        .collect()
}

/// Copies a store that nobody has open.
pub(super) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(|entry| entry.unwrap()) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn a_store_of_any_earlier_schema_is_whole_whenever_the_program_is_killed_that_opens_it() {
    if let Some(folder) = folder_of_victim() {
        say("begun");
        drop(Store::open(&folder).unwrap());
        return;
    }
    let mut chance = Chance::new();
    let mut tally = Vec::new();
    for schema in 1..MIGRATIONS.len() {
        let template = tempfile::tempdir().unwrap();
        let held = write_schema(template.path(), schema);
        let undisturbed = tempfile::tempdir().unwrap();
        copy(template.path(), undisturbed.path());
        let clock = std::time::Instant::now();
        drop(Store::open(undisturbed.path()).unwrap());
        let took = clock.elapsed();
        let expected = dump(undisturbed.path());
        held.assert_is_in(&Store::open(undisturbed.path()).unwrap());
        let (mut n_killed, mut n_before) = (0, 0);
        while n_killed < n_kills(10).div_ceil(MIGRATIONS.len() - 1) {
            let folder = tempfile::tempdir().unwrap();
            copy(template.path(), folder.path());
            let mut victim = Victim::start(
                "store::tests::migration::a_store_of_any_earlier_schema_is_whole_whenever_the_program_is_killed_that_opens_it",
                folder.path(),
            );
            victim.hear();
            chance.wait_below(took);
            n_killed += usize::from(victim.kill());
            let version: i64 = Connection::open(folder.path().join("store.sqlite"))
                .unwrap()
                .pragma_query_value(None, "user_version", |row| row.get(0))
                .unwrap();
            assert!([schema, MIGRATIONS.len()].contains(&(version as usize)), "all steps or none: {version}");
            n_before += usize::from(version as usize == schema);
            let store = Store::open(folder.path()).unwrap();
            held.assert_is_in(&store);
            let findings = store.check().unwrap().findings;
            assert!(!findings.iter().any(Finding::is_damage), "{findings:?}");
            drop(store);
            assert!(dump(folder.path()) == expected, "as if nobody had disturbed it");
        }
        tally.push(format!("{n_killed} of schema {schema} ({n_before} before it was migrated)"));
    }
    println!("kills while migrating: {}", tally.join(", "));
}

#[test]
fn a_store_opens_that_a_program_was_making_when_it_was_killed() {
    if let Some(folder) = folder_of_victim() {
        say("begun");
        drop(Store::open(&folder).unwrap());
        return;
    }
    let mut chance = Chance::new();
    let (mut n_killed, wanted) = (0, n_kills(4));
    while n_killed < wanted {
        let folder = tempfile::tempdir().unwrap();
        let test = "store::tests::migration::a_store_opens_that_a_program_was_making_when_it_was_killed";
        let mut victim = Victim::start(test, folder.path());
        victim.hear();
        chance.wait_below(Duration::from_millis(25));
        n_killed += usize::from(victim.kill());
        let store = Store::open(folder.path()).unwrap();
        assert!(store.is_sealed());
        let fingerprint = store.keep_value(&Value::Int(1)).unwrap();
        assert_eq!(store.check().unwrap().findings, []);
        drop(store);
        assert_eq!(Store::open(folder.path()).unwrap().load_value(&fingerprint).unwrap(), Value::Int(1));
    }
    println!("{n_killed} kills while a store was made");
}
