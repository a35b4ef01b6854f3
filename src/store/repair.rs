//! Taking the damage out of a store: what cannot be read is removed, the rest stays. A node whose results are gone runs again.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, ToSql, params, params_from_iter, types::Value as Cell};

use super::{Finding, Store, StoreError, StoreOptions, alive::Living, check, keys, opening, rekey};

/// What was done to a store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repaired {
    /// What was wrong.
    pub findings: Vec<Finding>,
    /// How many rows are gone that could not be read.
    pub n_rows: usize,
    /// How many files are gone that nothing referred to.
    pub n_files: usize,
    /// Where the database is that could not be mended in its place, and whose readable rows were taken over into a new one.
    pub replaced: Option<PathBuf>,
}

impl Store {
    /// Takes what cannot be read out of the store in a folder. Nobody may have it open.
    pub fn repair(folder: &Path, options: &StoreOptions) -> Result<Repaired, StoreError> {
        let mut repaired = Repaired::default();
        {
            let folder = opening::folder_of_store(folder)?;
            let living = Living::new(folder.join("alive"))?;
            let in_use = || StoreError::InUse { path: folder.clone() };
            let _opening = living.try_opening()?.ok_or_else(in_use)?;
            if !living.are_all_gone() {
                return Err(in_use());
            }
            mend_database(&folder.join("store.sqlite"), &mut repaired)?;
        }
        let store = Self::open_with(folder, options)?;
        let sqlite = |error| store.reader().sqlite(error);
        store.write(|transaction| {
            let (_, bad) = check::go_through(transaction, store.reader())?;
            repaired.n_rows += check::cure(transaction, &bad).map_err(sqlite)?;
            repaired.n_rows += remove_dangling(transaction).map_err(sqlite)?;
            repaired.findings.extend(bad.into_iter().map(|bad| bad.finding));
            Ok(())
        })?;
        store.write(|transaction| {
            repaired.n_files =
                rekey::remove_unknown_files(transaction, &store.folder().join("blobs")).map_err(sqlite)?;
            Ok(())
        })?;
        Ok(repaired)
    }
}

/// Removes rows that refer to others that are not there; returns how many.
fn remove_dangling(connection: &Connection) -> rusqlite::Result<usize> {
    let mut n_gone = 0;
    loop {
        let dangling = connection
            .prepare("PRAGMA foreign_key_check")?
            .query_map(params![], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<Vec<(String, Option<i64>)>>>()?;
        let mut n_now = 0;
        for (table, id) in dangling {
            // Tables without row ids have no references.
            let Some(id) = id else { continue };
            n_now += connection.execute(&format!("DELETE FROM \"{table}\" WHERE rowid = ?1"), params![id])?;
        }
        if n_now == 0 {
            return Ok(n_gone);
        }
        n_gone += n_now;
    }
}

/// Makes the database's file whole: by making its indexes anew, else by taking over what can be read into a new file.
fn mend_database(database: &Path, repaired: &mut Repaired) -> Result<(), StoreError> {
    let sqlite = |error| StoreError::sqlite(error, database);
    if !database.exists() {
        return Ok(());
    }
    let connection = Connection::open(database).map_err(sqlite)?;
    // Of a schema that says more than there is, what there is can be read.
    connection.pragma_update(None, "writable_schema", true).map_err(sqlite)?;
    connection.pragma_update(None, "synchronous", "FULL").map_err(sqlite)?;
    repaired.findings = check::integrity(&connection).map_err(sqlite)?;
    if let Err(error) = read_schema(database) {
        repaired.findings.push(Finding::Database(error.to_string()));
    }
    if repaired.findings.is_empty() {
        return Ok(());
    }
    check_key(&connection, database)?;
    let reindexed = connection.execute_batch("REINDEX").and_then(|()| check::integrity(&connection));
    if reindexed.is_ok_and(|findings| findings.is_empty()) && read_schema(database).is_ok() {
        return Ok(());
    }
    repaired.replaced = Some(replace(connection, database)?);
    Ok(())
}

/// Reads the schema as whoever opens the store does.
fn read_schema(database: &Path) -> rusqlite::Result<()> {
    Connection::open(database)?.query_row("SELECT count(*) FROM sqlite_schema", params![], |_| Ok(()))
}

/// Makes sure that it can be told how the store is sealed: taken for one that is not, nothing in it could be read.
fn check_key(connection: &Connection, database: &Path) -> Result<(), StoreError> {
    let format: i64 = connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(|error| StoreError::sqlite(error, database))?;
    match keys::read(connection) {
        Err(error) if format >= keys::SINCE_FORMAT => Err(StoreError::Unreadable {
            what: "how it is encrypted".to_owned(),
            why: format!("{error}; nothing was changed, restore a backup: {}", database.display()),
        }),
        _ => Ok(()),
    }
}

/// Takes over what can be read into a new file in the place of the old one; returns where that is now.
fn replace(old: Connection, database: &Path) -> Result<PathBuf, StoreError> {
    let sqlite = |error| StoreError::sqlite(error, database);
    let io = |action| move |error| StoreError::io(action, error, database);
    let beside = |suffix: &str| {
        let mut name = database.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    // What is in the log only is moved into the file, as far as that goes.
    if let Err(error) = old.query_row("PRAGMA wal_checkpoint(TRUNCATE)", params![], |_| Ok(())) {
        tracing::warn!("the log of a damaged database stays apart: {error}");
    }
    let rebuilt = beside(".rebuilt");
    for leftover in [rebuilt.clone(), beside(".rebuilt-wal"), beside(".rebuilt-shm")] {
        remove_if_there(&leftover).map_err(io("remove what an earlier repair left"))?;
    }
    {
        let new = opening::connect(&rebuilt)?;
        new.pragma_update(None, "foreign_keys", false).map_err(sqlite)?;
        take_over(&old, &new).map_err(sqlite)?;
        new.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(())).map_err(sqlite)?;
    }
    drop(old);
    let number = (1..10_000).find(|number| !beside(&format!(".damaged-{number}")).exists()).unwrap_or_default();
    let kept = beside(&format!(".damaged-{number}"));
    // The old file has both names until the new one takes its first, so that there is a database at every moment.
    fs::hard_link(database, &kept)
        .or_else(|_no_links| fs::copy(database, &kept).map(|_| ()))
        .map_err(io("keep the damaged database"))?;
    for (log, of_kept) in [("-wal", format!(".damaged-{number}-wal")), ("-shm", format!(".damaged-{number}-shm"))] {
        match fs::rename(beside(log), beside(&of_kept)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(StoreError::io("move the log of the damaged database", error, database));
            }
            _ => {}
        }
    }
    fs::rename(&rebuilt, database).map_err(io("put the new database in its place"))?;
    Ok(kept)
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Copies every row that can be read, of every table that the new database has.
fn take_over(old: &Connection, new: &Connection) -> rusqlite::Result<()> {
    new.execute_batch("BEGIN IMMEDIATE")?;
    for (table, definition) in check::tables(new)? {
        let has_ids = !definition.contains("WITHOUT ROWID");
        let up = copy_until_unreadable(old, new, &table, has_ids.then_some("ASC"));
        // Behind a page that cannot be read there may be others that can.
        if let (Err(error), true) = (up, has_ids) {
            tracing::warn!("rows of {table} cannot be read: {error}");
            if let Err(error) = copy_until_unreadable(old, new, &table, Some("DESC")) {
                tracing::warn!("nor from the end: {error}");
            }
        }
    }
    new.execute_batch("COMMIT")
}

/// Copies rows until one cannot be read, in an order of their ids, if they have any.
fn copy_until_unreadable(old: &Connection, new: &Connection, table: &str, order: Option<&str>) -> rusqlite::Result<()> {
    let order = order.map(|order| format!(" ORDER BY rowid {order}")).unwrap_or_default();
    let mut select = old.prepare(&format!("SELECT * FROM \"{table}\" NOT INDEXED{order}"))?;
    let (n_columns, columns) = (select.column_count(), check::columns(new, table)?);
    let places = vec!["?"; n_columns].join(", ");
    let mut insert = new.prepare(&format!("INSERT OR IGNORE INTO \"{table}\" VALUES ({places})"))?;
    let mut rows = select.query(params![])?;
    while let Some(row) = rows.next()? {
        if !check::is_as_declared(row, &columns)? {
            continue;
        }
        let cells = (0..n_columns).map(|column| row.get(column)).collect::<rusqlite::Result<Vec<Cell>>>()?;
        insert.execute(params_from_iter(cells.iter().map(|cell| cell as &dyn ToSql)))?;
    }
    Ok(())
}
