//! Connections to the database, and its schema.

use std::{path::Path, time::Duration};

use rusqlite::{Connection, TransactionBehavior, params};

use super::{StoreError, history, keys, pinned_data};

/// How long to wait for another program that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(15);

/// Marks the file as a store in the database's header: "Pflw".
const APPLICATION_ID: i64 = 0x5066_6c77;

/// How much of the database the writer keeps in memory at most, in KiB.
const WRITER_CACHE_KIB: i64 = 64 << 10;

/// How long the write-ahead log gets before it is moved into the database, in pages of 4 KiB. Longer ones are cheaper to write;
/// after a kill whoever opens the store reads all of it.
const WRITE_AHEAD_PAGES: i64 = 4_000;

/// What a connection is for, and so what a commit waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Nothing is written.
    Read,
    /// Run data. A commit is safe from the program's end, not from the machine's: after a power cut the last runs may be
    /// missing, the database is whole, and what is missing is computed again. So no commit waits for the disk.
    Runs,
    /// What cannot be computed again: a person's pins, pinned data. A commit returns when it is on the disk.
    Durable,
}

/// The steps from an empty file to the newest schema; the database's `user_version` counts those taken. A step that was
/// ever released is never changed.
pub(super) const MIGRATIONS: &[&str] = &["
-- Times are nanoseconds since 1970, ids are ULIDs, structures are RON.
CREATE TABLE workflow_texts (
    hash BLOB NOT NULL PRIMARY KEY,
    text TEXT NOT NULL
);
CREATE TABLE runs (
    id TEXT NOT NULL PRIMARY KEY,
    session_id TEXT NOT NULL,
    workflow_id TEXT NOT NULL,
    workflow_hash BLOB NOT NULL REFERENCES workflow_texts (hash),
    path, -- TEXT, or a BLOB if it is not Unicode
    kind TEXT NOT NULL,
    targets TEXT NOT NULL,
    marks TEXT NOT NULL,
    started INTEGER NOT NULL,
    took INTEGER,
    status TEXT NOT NULL,
    instance TEXT NOT NULL -- the program that runs it: alive as long as it holds its lock file
);
CREATE INDEX runs_of_workflow ON runs (workflow_id, started);
CREATE INDEX runs_that_go_on ON runs (instance) WHERE status = 'Running';
CREATE TABLE node_records (
    run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    node_id TEXT NOT NULL,
    status TEXT NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (run_id, node_id)
);
CREATE TABLE baseline (
    session_id TEXT NOT NULL,
    node_id TEXT NOT NULL,
    run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    settled INTEGER NOT NULL, -- 0 from the start of the run until it has settled the node
    PRIMARY KEY (session_id, node_id)
);
CREATE INDEX baseline_of_run ON baseline (run_id);
CREATE TABLE kept_values (
    fingerprint BLOB NOT NULL PRIMARY KEY,
    form INTEGER NOT NULL,
    size INTEGER NOT NULL, -- of the bytes, here or in the file
    checksum BLOB NOT NULL, -- BLAKE3 of the bytes
    bytes BLOB, -- NULL: in blobs/ab/abcdef..., named by the checksum
    durable INTEGER NOT NULL,
    damaged INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE node_pinned_data (
    tenant TEXT NOT NULL,
    workflow_id TEXT NOT NULL,
    node_id TEXT NOT NULL,
    value BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    expires_at INTEGER,
    UNIQUE (tenant, workflow_id, node_id)
);
", "
CREATE TABLE kept_for (
    key BLOB NOT NULL PRIMARY KEY, -- of the config and all input data
    ports TEXT NOT NULL,
    sources TEXT NOT NULL, -- the files that were read
    made INTEGER NOT NULL,
    expires INTEGER NOT NULL, -- removed when the store is opened after this
    run TEXT NOT NULL
);
", "
-- Runs and sessions have numbers, which are what rows refer to; they are never used again. A record's id is its run's number
-- and, in the lower 32 bits, its place among the run's records, from 1: records are only ever added at the end. Records and
-- workflows are bytes, or still the text they were before: that begins with another byte.
CREATE TABLE sessions (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE
);
INSERT INTO sessions (id) SELECT session_id FROM runs UNION SELECT session_id FROM baseline;
CREATE TABLE workflows (
    number INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE, -- of the bytes
    bytes BLOB NOT NULL
);
INSERT INTO workflows (hash, bytes) SELECT hash, CAST(text AS BLOB) FROM workflow_texts;
CREATE TABLE reused_sets (
    number INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE, -- of the bytes
    bytes BLOB NOT NULL
);
CREATE TABLE numbered_runs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    session INTEGER NOT NULL REFERENCES sessions (number),
    workflow_id TEXT NOT NULL,
    workflow INTEGER NOT NULL REFERENCES workflows (number),
    path, -- TEXT, or a BLOB if it is not Unicode
    kind TEXT NOT NULL,
    targets TEXT NOT NULL,
    marks TEXT NOT NULL,
    started INTEGER NOT NULL,
    took INTEGER,
    status TEXT NOT NULL,
    instance TEXT NOT NULL, -- the program that runs it: alive as long as it holds its lock file
    unsettled BLOB, -- the nodes that have no results until the run has settled them; NULL once it has settled all
    reused INTEGER REFERENCES reused_sets (number)
);
INSERT INTO numbered_runs (id, session, workflow_id, workflow, path, kind, targets, marks, started, took, status, instance)
    SELECT runs.id, sessions.number, workflow_id, workflows.number, path, kind, targets, marks, started, took, status,
        instance
    FROM runs JOIN sessions ON sessions.id = session_id JOIN workflows ON workflows.hash = workflow_hash
    ORDER BY runs.rowid;
CREATE TABLE numbered_records AS
    SELECT run_id, node_id, record,
        (number << 32) | row_number() OVER (PARTITION BY run_id ORDER BY node_records.rowid) AS id
    FROM node_records JOIN numbered_runs ON numbered_runs.id = run_id;
CREATE INDEX numbered_record ON numbered_records (run_id, node_id);
CREATE TABLE numbered_baseline (
    session INTEGER NOT NULL,
    node TEXT NOT NULL,
    record INTEGER NOT NULL, -- the newest; its lower 32 bits are 0 if the run was to settle the node and did not
    PRIMARY KEY (session, node)
) WITHOUT ROWID;
INSERT INTO numbered_baseline (session, node, record)
    SELECT sessions.number, baseline.node_id,
        CASE WHEN settled THEN numbered_records.id ELSE numbered_runs.number << 32 END
    FROM baseline JOIN sessions ON sessions.id = session_id JOIN numbered_runs ON numbered_runs.id = baseline.run_id
        LEFT JOIN numbered_records
            ON numbered_records.run_id = baseline.run_id AND numbered_records.node_id = baseline.node_id
    WHERE NOT settled OR numbered_records.id IS NOT NULL;
DROP TABLE baseline;
DROP TABLE node_records;
DROP TABLE runs;
DROP TABLE workflow_texts;
ALTER TABLE numbered_runs RENAME TO runs;
ALTER TABLE numbered_baseline RENAME TO baseline;
CREATE TABLE node_records (
    id INTEGER PRIMARY KEY,
    record BLOB NOT NULL
);
INSERT INTO node_records (id, record) SELECT id, CAST(record AS BLOB) FROM numbered_records ORDER BY id;
DROP TABLE numbered_records;
CREATE INDEX runs_of_workflow ON runs (workflow_id, started);
CREATE INDEX runs_that_go_on ON runs (instance) WHERE status = 'Running';
CREATE INDEX runs_unsettled ON runs (session) WHERE unsettled IS NOT NULL;
CREATE INDEX values_in_files ON kept_values (fingerprint) WHERE bytes IS NULL;
CREATE INDEX values_damaged ON kept_values (fingerprint) WHERE damaged = 1;
CREATE TABLE iterations (
    loop INTEGER NOT NULL,
    idx INTEGER NOT NULL,
    run INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (loop, idx, run)
) WITHOUT ROWID;
CREATE TABLE loops (
    run INTEGER NOT NULL,
    node TEXT NOT NULL,
    outer_loop INTEGER NOT NULL, -- -1: in no other loop
    outer_idx INTEGER NOT NULL,
    loop INTEGER NOT NULL,
    about BLOB NOT NULL,
    PRIMARY KEY (run, node, outer_loop, outer_idx, loop)
) WITHOUT ROWID;
CREATE TABLE loops_of_runs ( -- whose iterations a run wrote
    run INTEGER NOT NULL,
    loop INTEGER NOT NULL,
    PRIMARY KEY (run, loop)
) WITHOUT ROWID;
CREATE TABLE timings (
    workflow BLOB NOT NULL, -- the ULID of the workflow
    node TEXT NOT NULL,
    config BLOB NOT NULL,
    mean_nanos INTEGER NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (workflow, node)
) WITHOUT ROWID;
-- A run takes with it what belongs to it. What a baseline knows of its records is found to be gone when it is read.
CREATE TRIGGER run_deleted AFTER DELETE ON runs BEGIN
    DELETE FROM node_records WHERE id BETWEEN old.number << 32 AND (old.number << 32) | 4294967295;
    DELETE FROM iterations
        WHERE loop IN (SELECT loop FROM loops_of_runs WHERE loops_of_runs.run = old.number) AND run = old.number;
    DELETE FROM loops_of_runs WHERE run = old.number;
    DELETE FROM loops WHERE run = old.number;
END;
", pinned_data::EXPIRY_INDEX, keys::SCHEMA, history::COLUMNS];

const fn newest_format() -> i64 {
    MIGRATIONS.len().cast_signed() as i64
}

/// Opens the database for a purpose.
pub(super) fn connect(path: &Path, purpose: Purpose) -> Result<Connection, StoreError> {
    let sqlite = |error| StoreError::sqlite(error, path);
    let connection = Connection::open(path).map_err(sqlite)?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(sqlite)?;
    connection.set_prepared_statement_cache_capacity(64);
    connection.pragma_update(None, "foreign_keys", true).map_err(sqlite)?;
    connection.pragma_update(None, "journal_size_limit", 64 << 20).map_err(sqlite)?;
    match purpose {
        Purpose::Read => connection.pragma_update(None, "query_only", true),
        Purpose::Runs => connection.pragma_update(None, "synchronous", "NORMAL"),
        Purpose::Durable => connection.pragma_update(None, "synchronous", "FULL"),
    }
    .map_err(sqlite)?;
    if purpose == Purpose::Runs {
        // Indexes of hashes are written all over: with a small cache each batch would write and read most of their pages again.
        connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB).map_err(sqlite)?;
        connection.pragma_update(None, "wal_autocheckpoint", WRITE_AHEAD_PAGES).map_err(sqlite)?;
    }
    Ok(connection)
}

/// Brings a database to the newest schema; refuses one that is newer or something else. Writes nothing if it is new enough.
pub(super) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    if format_found(connection, path)? == newest_format() {
        return Ok(());
    }
    let sqlite = |error| StoreError::sqlite(error, path);
    // Tables are replaced by others of the same name: what refers to them keeps doing so, and nothing is deleted in its wake.
    connection.pragma_update(None, "foreign_keys", false).map_err(sqlite)?;
    let migrated = take_steps(connection, path);
    connection.pragma_update(None, "foreign_keys", true).map_err(sqlite)?;
    migrated
}

fn take_steps(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let sqlite = |error| StoreError::sqlite(error, path);
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sqlite)?;
    let found = format_found(&transaction, path)?;
    for step in &MIGRATIONS[found.max(0) as usize..] {
        transaction.execute_batch(step).map_err(sqlite)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(sqlite)?;
    transaction.pragma_update(None, "user_version", newest_format()).map_err(sqlite)?;
    transaction.commit().map_err(sqlite)
}

/// Returns how many of the steps were taken, if this is a store and not a newer one.
fn format_found(connection: &Connection, path: &Path) -> Result<i64, StoreError> {
    let sqlite = |error| StoreError::sqlite(error, path);
    let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let found = pragma("user_version").map_err(sqlite)?;
    let application = pragma("application_id").map_err(sqlite)?;
    let n_tables: i64 =
        connection.query_one("SELECT count(*) FROM sqlite_schema", params![], |row| row.get(0)).map_err(sqlite)?;
    if application != APPLICATION_ID && (application != 0 || found != 0 || n_tables != 0) {
        return Err(StoreError::NotAStore { why: "another program's database".to_owned(), path: path.to_owned() });
    }
    let known = newest_format();
    if found > known {
        return Err(StoreError::Newer { found, known, path: path.to_owned() });
    }
    Ok(found)
}

/// Switches the database to a write-ahead log, so that reading never waits for writing.
pub(super) fn use_write_ahead_log(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    connection
        .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0))
        .map_err(|error| StoreError::sqlite(error, path))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(path: &Path) -> Result<(), StoreError> {
        migrate(&mut connect(path, Purpose::Runs)?, path)
    }

    #[test]
    fn a_store_is_made_once_and_opened_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.sqlite");
        open(&path).unwrap();
        open(&path).unwrap();
        let version: i64 =
            Connection::open(&path).unwrap().pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
        assert_eq!(version, newest_format());
    }

    #[test]
    fn a_store_of_every_earlier_schema_is_brought_to_the_newest_and_keeps_its_rows() {
        for n_steps in 1..MIGRATIONS.len() {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("store.sqlite");
            let connection = Connection::open(&path).unwrap();
            connection.execute_batch(&MIGRATIONS[..n_steps].concat()).unwrap();
            connection.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
            connection.pragma_update(None, "user_version", n_steps.cast_signed() as i64).unwrap();
            let (table, column) = if n_steps < 3 { ("workflow_texts", "text") } else { ("workflows", "bytes") };
            connection
                .execute(
                    &format!("INSERT INTO {table} (hash, {column}) VALUES (x'00', CAST('kept' AS BLOB))"),
                    params![],
                )
                .unwrap();
            connection
                .execute("INSERT INTO node_pinned_data VALUES ('default', 'w', 'n', x'05', 1, 2, 3)", params![])
                .unwrap();
            open(&path).unwrap();
            let text: Vec<u8> =
                connection.query_one("SELECT bytes FROM workflows", params![], |row| row.get(0)).unwrap();
            assert_eq!(text, b"kept");
            let n_kept: i64 =
                connection.query_one("SELECT count(*) FROM kept_for", params![], |row| row.get(0)).unwrap();
            assert_eq!(n_kept, 0);
            let times: (i64, i64, i64) = connection
                .query_one("SELECT created_at, updated_at, expires_at FROM node_pinned_data", params![], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
                })
                .unwrap();
            assert_eq!(times, (1, 2, 3));
        }
    }

    #[test]
    fn a_newer_store_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.sqlite");
        open(&path).unwrap();
        Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
        let error = open(&path).unwrap_err().to_string();
        assert!(error.contains("format 99") && error.contains("newer version"), "{error}");
        let version: i64 =
            Connection::open(&path).unwrap().pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
        assert_eq!(version, 99);
    }

    #[test]
    fn another_programs_database_and_other_files_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("music.sqlite");
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE songs (title)").unwrap();
        assert!(open(&path).unwrap_err().to_string().contains("another program's database"));
        let text = folder.path().join("text");
        std::fs::write(&text, "this is a text, not a database, ".repeat(100)).unwrap();
        let error = open(&text).unwrap_err().to_string();
        assert!(error.contains("move it away"), "{error}");
    }
}
