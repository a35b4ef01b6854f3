//! Sealing everything anew: with a new key, with one for the first time, or not any more.
//!
//! All rows change in one transaction. Files are written beside those there are, under names that only the new rows know, and
//! the old ones are removed once the transaction is on the disk. So whenever the program is killed, the store is as it was or
//! as it is to be; what is left behind is removed when the store is opened next.

use std::{fs, path::Path};

use rusqlite::{Connection, Row, Transaction, TransactionBehavior, params, params_from_iter, types::Value as Cell};
use ulid::Ulid;

use super::{
    KeyOptions, KeyPlace, RunId, SessionId, Store, StoreError,
    blobs::Blobs,
    crypt::{Crypt, Place},
    kept_for::Cells,
    keys::{self, KeyRow, Keys},
    opening, pinned_data, runs, values,
};
use crate::value::Fingerprint;

/// How many rows are read at once.
const PAGE: i64 = 1_000;

/// What came of sealing a store anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rekeyed {
    /// How it was sealed.
    pub before: KeyPlace,
    /// How it is sealed now.
    pub now: KeyPlace,
    /// How many values it keeps.
    pub n_values: usize,
    /// How much was damaged or gone before, and so could not be sealed anew.
    pub n_damaged: usize,
    /// Why the key is not in the keyring.
    pub notice: Option<String>,
}

impl Store {
    /// Seals everything in the store of a folder anew, with a new key that is kept where `to` says. Nobody may have it open.
    ///
    /// Session files are sealed with the old key until they are written again: [`Store::retire_no_more`] is for after that. A
    /// store that is to be sealed no more must have none.
    pub fn rekey(folder: &Path, from: &KeyOptions, to: &KeyOptions) -> Result<Rekeyed, StoreError> {
        let folder = opening::folder_of_store(folder)?;
        let _alone = opening::alone(&folder)?;
        let database = folder.join("store.sqlite");
        let sqlite = |error| StoreError::sqlite(error, &database);
        let mut connection = opening::connect(&database)?;
        let found = keys::read(&connection).map_err(sqlite)?;
        let (from, to) = (Keys { options: from, folder: &folder }, Keys { options: to, folder: &folder });
        let (old_row, old) = match found {
            Some(row) => (row.clone(), from.find(&connection, &row)?),
            None => (KeyRow::off(), Crypt::Plain),
        };
        old_row.untidy().write(&connection).map_err(sqlite)?;
        let new = to.make()?;
        let instance = Ulid::generate().to_string();
        let resealing = Resealing {
            database: &database,
            old: Blobs::new(folder.join("blobs"), &instance, old)?,
            new: Blobs::new(folder.join("blobs"), &instance, new.crypt)?,
            n_values: 0,
            n_damaged: 0,
        };
        let (before, now) = (old_row.place, new.row.place);
        let result = resealing.all(&mut connection, &new.row.untidy());
        match &result {
            Ok(_) => from.forget(&old_row),
            Err(_) => to.forget(&new.row),
        }
        tidy(&connection, &folder)?;
        let (n_values, n_damaged) = result?;
        Ok(Rekeyed { before, now, n_values, n_damaged, notice: new.notice })
    }

    /// Returns a session's file as it is to be written.
    pub(crate) fn seal_session(&self, session: SessionId, content: &[u8]) -> Vec<u8> {
        self.crypt().seal(Place::Session(session), content).into_owned()
    }

    /// Returns what a session's file holds that was sealed, or what is wrong with it.
    pub(crate) fn open_session(&self, session: SessionId, sealed: &[u8]) -> Result<Vec<u8>, String> {
        self.crypt().open_old(Place::Session(session), sealed)
    }

    /// Returns how many values are kept.
    #[cfg(test)]
    pub(super) fn n_values(&self) -> usize {
        let count = "SELECT count(*) FROM kept_values";
        self.reader().read(|connection| connection.query_one(count, params![], |row| row.get::<_, i64>(0))).unwrap()
            as usize
    }

    /// Returns whether anything is sealed.
    pub fn is_sealed(&self) -> bool {
        self.crypt().is_sealed()
    }

    /// Forgets the keys that session files were sealed with before: all are sealed with the store's now.
    pub(crate) fn retire_no_more(&self) -> Result<(), StoreError> {
        self.write(|transaction| {
            keys::write_retired(transaction, self.crypt(), &[]).map_err(|error| self.reader().sqlite(error))
        })
    }
}

/// Returns whether nothing is left that was written with another key.
pub(super) fn is_tidy(connection: &Connection) -> rusqlite::Result<bool> {
    Ok(keys::read(connection)?.is_none_or(|row| row.tidy))
}

/// Removes what was written with another key: files that no row knows, and what the database's file still holds of rows that
/// are gone. Nobody else may have the store open.
pub(super) fn tidy(connection: &Connection, folder: &Path) -> Result<(), StoreError> {
    let sqlite = |error| StoreError::sqlite(error, &folder.join("store.sqlite"));
    remove_unknown_files(connection, &folder.join("blobs")).map_err(sqlite)?;
    connection.execute_batch("VACUUM; UPDATE store_key SET tidy = 1;").map_err(sqlite)?;
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", params![], |_| Ok(())).map_err(sqlite)
}

/// Removes files that no row knows; returns how many.
pub(super) fn remove_unknown_files(connection: &Connection, blobs: &Path) -> rusqlite::Result<usize> {
    let mut n_removed = 0;
    for file in values::unknown_files(connection, blobs)? {
        match fs::remove_file(&file) {
            Ok(()) => n_removed += 1,
            Err(error) => tracing::warn!("a file that no value is in stays behind: {error}: {}", file.display()),
        }
    }
    Ok(n_removed)
}

/// Sealing everything anew.
struct Resealing<'a> {
    database: &'a Path,
    old: Blobs,
    new: Blobs,
    n_values: usize,
    n_damaged: usize,
}

impl Resealing<'_> {
    /// Changes all rows in one transaction; returns how many values there are, and how much was damaged.
    fn all(mut self, connection: &mut Connection, row: &KeyRow) -> Result<(usize, usize), StoreError> {
        let sqlite = |error| StoreError::sqlite(error, self.database);
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sqlite)?;
        let result = self
            .values(&transaction)
            .and_then(|()| self.rows(&transaction, row).map_err(|error| StoreError::sqlite(error, self.database)));
        let committed =
            result.and_then(|()| transaction.commit().map_err(|error| StoreError::sqlite(error, self.database)));
        self.new.leave();
        committed.map(|()| (self.n_values, self.n_damaged))
    }

    fn rows(&mut self, transaction: &Transaction<'_>, row: &KeyRow) -> rusqlite::Result<()> {
        self.workflows(transaction)?;
        self.records(transaction)?;
        self.paths(transaction)?;
        self.iterations(transaction)?;
        self.loops(transaction)?;
        self.pinned_data(transaction)?;
        self.kept_for(transaction)?;
        self.timings(transaction)?;
        let (old, new) = (self.old.crypt(), self.new.crypt());
        let mut retired = keys::retired(transaction, old)?;
        retired.extend(old.key().cloned());
        keys::write_retired(transaction, new, if new.is_sealed() { &retired } else { &[] })?;
        row.write(transaction)
    }

    fn values(&mut self, transaction: &Transaction<'_>) -> Result<(), StoreError> {
        let sqlite = |error| StoreError::sqlite(error, self.database);
        let ids = transaction
            .prepare("SELECT rowid FROM kept_values")
            .and_then(|mut statement| {
                statement.query_map(params![], |row| row.get(0))?.collect::<Result<Vec<i64>, _>>()
            })
            .map_err(sqlite)?;
        for id in ids {
            match values::reseal(transaction, self.database, &self.old, &self.new, id) {
                Ok(()) => self.n_values += 1,
                Err(StoreError::Lost(_) | StoreError::Damaged { .. }) => {
                    self.n_damaged += 1;
                    transaction.execute("DELETE FROM kept_values WHERE rowid = ?1", params![id]).map_err(sqlite)?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Returns a cell as the new key seals it. A damaged one becomes empty, which nothing that is kept is.
    fn cell(&mut self, from: Place<'_>, to: Place<'_>, cell: &[u8]) -> Vec<u8> {
        let content = self.old.crypt().open(from, cell).unwrap_or_else(|why| {
            tracing::warn!("cannot be sealed anew: {why}");
            self.n_damaged += 1;
            Vec::new().into()
        });
        self.new.crypt().seal(to, &content).into_owned()
    }

    fn workflows(&mut self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        let select = "SELECT number, hash, bytes FROM workflows WHERE number > ?1 ORDER BY number LIMIT ?2";
        let read = |row: &Row<'_>| Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?, row.get::<_, Vec<u8>>(2)?));
        pages(
            transaction,
            select,
            [0_i64],
            read,
            |row| [row.0],
            |(number, hash, cell)| {
                let old = Fingerprint::from_bytes(hash[..].try_into().unwrap_or_default());
                let content = self.old.crypt().open(Place::Workflow(&old), &cell);
                // A damaged one keeps a name of its own: runs refer to it.
                let new = self.new.crypt().name_of_content(content.as_deref().unwrap_or(&cell));
                drop(content);
                let cell = self.cell(Place::Workflow(&old), Place::Workflow(&new), &cell);
                transaction
                    .prepare_cached("UPDATE workflows SET hash = ?2, bytes = ?3 WHERE number = ?1")?
                    .execute(params![number, new.as_bytes(), cell])
            },
        )
    }

    fn records(&mut self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        let select = "SELECT id, record FROM node_records WHERE id > ?1 ORDER BY id LIMIT ?2";
        let read = |row: &Row<'_>| Ok((row.get(0)?, row.get_ref(1)?.as_bytes()?.to_vec()));
        pages(
            transaction,
            select,
            [i64::MIN],
            read,
            |row| [row.0],
            |(id, cell)| {
                let cell = self.cell(Place::Record(id), Place::Record(id), &cell);
                transaction
                    .prepare_cached("UPDATE node_records SET record = ?2 WHERE id = ?1")?
                    .execute(params![id, cell])
            },
        )
    }

    fn paths(&mut self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        let select = "SELECT number, id, path FROM runs WHERE number > ?1 ORDER BY number LIMIT ?2";
        let read = |row: &Row<'_>| Ok((row.get(0)?, row.get::<_, String>(1)?, row.get::<_, Cell>(2)?));
        pages(
            transaction,
            select,
            [i64::MIN],
            read,
            |row| [row.0],
            |(number, id, cell)| {
                let Ok(run) = id.parse::<RunId>() else { return Ok(0) };
                let cell = runs::reseal_path(cell, run, self.old.crypt(), self.new.crypt()).unwrap_or_else(|why| {
                    tracing::warn!("cannot be sealed anew: {why}");
                    self.n_damaged += 1;
                    Cell::Null
                });
                transaction
                    .prepare_cached("UPDATE runs SET path = ?2 WHERE number = ?1")?
                    .execute(params![number, cell])
            },
        )
    }

    fn iterations(&mut self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        let select = "SELECT loop, idx, run, bytes FROM iterations WHERE (loop, idx, run) > (?1, ?2, ?3)
             ORDER BY loop, idx, run LIMIT ?4";
        let read = |row: &Row<'_>| Ok(([row.get(0)?, row.get(1)?, row.get(2)?], row.get::<_, Vec<u8>>(3)?));
        pages(
            transaction,
            select,
            [i64::MIN; 3],
            read,
            |row| row.0,
            |([of, index, run], cell)| {
                let place = Place::Iteration(of, index, run);
                let cell = self.cell(place, place, &cell);
                transaction
                    .prepare_cached("UPDATE iterations SET bytes = ?4 WHERE loop = ?1 AND idx = ?2 AND run = ?3")?
                    .execute(params![of, index, run, cell])
            },
        )
    }

    fn loops(&mut self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        let rows = collect(transaction, "SELECT DISTINCT loop, run, about FROM loops", |row| {
            Ok((row.get(0)?, row.get(1)?, row.get::<_, Vec<u8>>(2)?))
        })?;
        for (of, run, before) in rows {
            let place = Place::Loop(of, run);
            let cell = self.cell(place, place, &before);
            transaction
                .prepare_cached("UPDATE loops SET about = ?4 WHERE loop = ?1 AND run = ?2 AND about = ?3")?
                .execute(params![of, run, before, cell])?;
        }
        Ok(())
    }

    fn pinned_data(&mut self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        let select = "SELECT rowid, tenant, workflow_id, node_id, value FROM node_pinned_data WHERE rowid > ?1
             ORDER BY rowid LIMIT ?2";
        let read = |row: &Row<'_>| {
            let owner: [String; 3] = [row.get(1)?, row.get(2)?, row.get(3)?];
            Ok((row.get(0)?, owner, row.get::<_, Vec<u8>>(4)?))
        };
        pages(
            transaction,
            select,
            [i64::MIN],
            read,
            |row| [row.0],
            |(id, [tenant, workflow, node], cell)| {
                let place = pinned_data::place_of((&tenant, &workflow, &node));
                let cell = self.cell(place, place, &cell);
                transaction
                    .prepare_cached("UPDATE node_pinned_data SET value = ?2 WHERE rowid = ?1")?
                    .execute(params![id, cell])
            },
        )
    }

    fn kept_for(&mut self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        let rows = collect(transaction, "SELECT rowid, key, ports, sources FROM kept_for", |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, [u8; 32]>(1)?, (row.get(2)?, row.get(3)?)))
        })?;
        for (id, key, cells) in rows {
            let name = Fingerprint::from_bytes(key);
            match Cells::open(self.old.crypt(), &name, cells) {
                Ok(cells) => {
                    let name = self.new.crypt().name(&cells.key);
                    let (ports, sources) = cells.seal(self.new.crypt(), &name);
                    transaction
                        .prepare_cached("UPDATE kept_for SET key = ?2, ports = ?3, sources = ?4 WHERE rowid = ?1")?
                        .execute(params![id, name.as_bytes(), ports, sources])?;
                }
                Err(why) => {
                    tracing::warn!("cannot be sealed anew: {why}");
                    self.n_damaged += 1;
                    transaction.execute("DELETE FROM kept_for WHERE rowid = ?1", params![id])?;
                }
            }
        }
        Ok(())
    }

    fn timings(&mut self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        let rows = collect(transaction, "SELECT workflow, node, config FROM timings", |row| {
            Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, String>(1)?, row.get::<_, Vec<u8>>(2)?))
        })?;
        for (workflow, node, cell) in rows {
            let place = Place::Timing(&workflow, &node);
            let cell = self.cell(place, place, &cell);
            transaction
                .prepare_cached("UPDATE timings SET config = ?3 WHERE workflow = ?1 AND node = ?2")?
                .execute(params![workflow, node, cell])?;
        }
        Ok(())
    }
}

fn collect<T>(
    transaction: &Transaction<'_>,
    select: &str,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    transaction.prepare(select)?.query_map(params![], read)?.collect()
}

/// Goes through a table a page at a time, so that rows can be changed on the way. The statement takes the key of the last row
/// and how many rows to read.
fn pages<const N: usize, T>(
    transaction: &Transaction<'_>,
    select: &str,
    mut last: [i64; N],
    read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
    key: impl Fn(&T) -> [i64; N],
    mut each: impl FnMut(T) -> rusqlite::Result<usize>,
) -> rusqlite::Result<()> {
    let mut statement = transaction.prepare(select)?;
    loop {
        let values = params_from_iter(last.into_iter().chain([PAGE]));
        let page = statement.query_map(values, &read)?.collect::<rusqlite::Result<Vec<T>>>()?;
        let Some(newest) = page.last() else { return Ok(()) };
        last = key(newest);
        for row in page {
            each(row)?;
        }
    }
}
