//! Connections to the database, and its schema.

use std::{path::Path, time::Duration};

use rusqlite::{Connection, TransactionBehavior, params};

use super::StoreError;

/// How long to wait for another program that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(15);

/// Marks the file as a store in the database's header: "Pflw".
const APPLICATION_ID: i64 = 0x5066_6c77;

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
const MIGRATIONS: &[&str] = &[
    "
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
",
    "
CREATE TABLE kept_for (
    key BLOB NOT NULL PRIMARY KEY, -- of the config and all input data
    ports TEXT NOT NULL,
    sources TEXT NOT NULL, -- the files that were read
    made INTEGER NOT NULL,
    expires INTEGER NOT NULL, -- removed when the store is opened after this
    run TEXT NOT NULL
);
",
];

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
    Ok(connection)
}

/// Brings a database to the newest schema; refuses one that is newer or something else.
pub(super) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let sqlite = |error| StoreError::sqlite(error, path);
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sqlite)?;
    let pragma = |name: &str| transaction.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let found = pragma("user_version").map_err(sqlite)?;
    let application = pragma("application_id").map_err(sqlite)?;
    let n_tables: i64 =
        transaction.query_one("SELECT count(*) FROM sqlite_schema", params![], |row| row.get(0)).map_err(sqlite)?;
    if application != APPLICATION_ID && (application != 0 || found != 0 || n_tables != 0) {
        return Err(StoreError::NotAStore { why: "another program's database".to_owned(), path: path.to_owned() });
    }
    let known = newest_format();
    if found > known {
        return Err(StoreError::Newer { found, known, path: path.to_owned() });
    }
    for step in &MIGRATIONS[found.max(0) as usize..] {
        transaction.execute_batch(step).map_err(sqlite)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(sqlite)?;
    transaction.pragma_update(None, "user_version", known).map_err(sqlite)?;
    transaction.commit().map_err(sqlite)
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
            connection.execute("INSERT INTO workflow_texts (hash, text) VALUES (x'00', 'kept')", params![]).unwrap();
            open(&path).unwrap();
            let text: String =
                connection.query_one("SELECT text FROM workflow_texts", params![], |row| row.get(0)).unwrap();
            assert_eq!(text, "kept");
            let n_kept: i64 =
                connection.query_one("SELECT count(*) FROM kept_for", params![], |row| row.get(0)).unwrap();
            assert_eq!(n_kept, 0);
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
