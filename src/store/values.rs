//! Kept values: by data fingerprint, each once. Small ones lie in the database, larger ones in files beside it.

use std::{
    borrow::Cow,
    collections::HashSet,
    fs,
    panic::catch_unwind,
    path::{Path, PathBuf},
};

use arrow::buffer::Buffer;
use rusqlite::{Connection, OptionalExtension as _, Row, Statement, Transaction, params};
use smallvec::SmallVec;

use super::{
    StoreError,
    blobs::{Blobs, map_blob, read_blob},
    codec::{self, Form},
    crypt::{Crypt, Place},
};
use crate::value::{Fingerprint, Value};

/// Texts and bytes up to this length are small.
const MAX_SMALL_BYTES: usize = 256;

/// A value that is ready to be noted in the database; its file, if it has one, is on the disk.
#[derive(Debug)]
pub(super) struct ValueRow {
    pub(super) fingerprint: Fingerprint,
    /// What its row is found by.
    pub(super) name: Fingerprint,
    pub(super) form: Form,
    pub(super) size: u64,
    /// Of the bytes before they are sealed: names the file. None if the value itself tells whether they are right.
    pub(super) checksum: Option<Fingerprint>,
    pub(super) bytes: Option<SmallVec<[u8; 24]>>,
}

/// A value that was read.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) value: Value,
    /// The file it lies in and the checksum of that, if it is mapped: nobody has looked at all of it.
    pub(super) unchecked: Option<(PathBuf, Fingerprint)>,
}

impl Loaded {
    const fn checked(value: Value) -> Self {
        Self { value, unchecked: None }
    }
}

/// A kept value as the database knows it.
struct Known {
    form: i64,
    size: u64,
    checksum: Option<Fingerprint>,
    damaged: bool,
}

impl ValueRow {
    /// Returns a value that is so small that writing it costs less than looking whether it is kept; `None` for others.
    pub(super) fn of_small(fingerprint: Fingerprint, value: &Value, crypt: &Crypt) -> Option<Self> {
        match value {
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) => {}
            Value::Text(text) if text.len() <= MAX_SMALL_BYTES => {}
            Value::Bytes(bytes) if bytes.len() <= MAX_SMALL_BYTES => {}
            _ => return None,
        }
        let mut buffer = [0; MAX_SMALL_BYTES + 16];
        let mut rest = &mut buffer[..];
        codec::encode(value, &mut rest).ok()?;
        let n_left = rest.len();
        let bytes = SmallVec::from_slice(&buffer[..buffer.len() - n_left]);
        // No checksum: bytes that have changed make another value or none, and reading them is safe.
        let (name, size) = (crypt.name(&fingerprint), bytes.len() as u64);
        Some(Self { fingerprint, name, form: Form::of(value), size, checksum: None, bytes: Some(bytes) })
    }

    /// Returns the value's bytes as they are written, and its checksum.
    fn cells(&self, crypt: &Crypt) -> (Option<Cow<'_, [u8]>>, &[u8]) {
        let cell = self.bytes.as_deref().map(|bytes| crypt.seal(Place::Value(&self.name), bytes));
        // What is sealed tells itself whether it is right; the name of a file is needed.
        let checksum = self.checksum.as_ref().filter(|_| !crypt.is_sealed() || !self.is_inline());
        (cell, checksum.map_or(&[][..], |checksum| &checksum.as_bytes()[..]))
    }

    /// Returns whether the value lies in the database, not in a file.
    pub(super) const fn is_inline(&self) -> bool {
        self.bytes.is_some()
    }
}

/// Returns whether a value is kept and looks whole, without reading it.
pub(super) fn is_kept(connection: &Connection, blobs: &Blobs, fingerprint: &Fingerprint) -> rusqlite::Result<bool> {
    let known = connection
        .prepare_cached("SELECT size, checksum, bytes IS NULL FROM kept_values WHERE fingerprint = ?1 AND damaged = 0")?
        .query_row(params![blobs.crypt().name(fingerprint).as_bytes()], |row| {
            Ok((row.get::<_, i64>(0)? as u64, checksum_of(row, 1)?, row.get::<_, bool>(2)?))
        })
        .optional()?;
    Ok(known.is_some_and(|(size, checksum, in_a_file)| !in_a_file || blobs.has(checksum.as_ref(), size)))
}

/// Returns how many bytes these values take.
pub(super) fn size_of(connection: &Connection, blobs: &Blobs, fingerprints: &[Fingerprint]) -> rusqlite::Result<u64> {
    let mut statement = connection.prepare_cached("SELECT size FROM kept_values WHERE fingerprint = ?1")?;
    let mut size = 0;
    for fingerprint in fingerprints {
        let name = blobs.crypt().name(fingerprint);
        let known: Option<i64> = statement.query_row(params![name.as_bytes()], |row| row.get(0)).optional()?;
        size += known.map_or(0, i64::cast_unsigned);
    }
    Ok(size)
}

/// Returns which of these values are not kept or do not look whole, without reading them.
pub(super) fn missing(
    connection: &Connection,
    blobs: &Blobs,
    fingerprints: &[Fingerprint],
) -> rusqlite::Result<Vec<Fingerprint>> {
    let n_rows: i64 = connection
        .prepare_cached("SELECT coalesce(max(rowid), 0) FROM kept_values")?
        .query_row(params![], |row| row.get(0))?;
    // Going through the index costs about a tenth of looking one up.
    if (n_rows as usize) < fingerprints.len().saturating_mul(10) {
        return missing_by_going_through(connection, blobs, fingerprints);
    }
    let mut sorted = fingerprints.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let mut missing = Vec::new();
    for fingerprint in sorted {
        if !is_kept(connection, blobs, &fingerprint)? {
            missing.push(fingerprint);
        }
    }
    Ok(missing)
}

fn missing_by_going_through(
    connection: &Connection,
    blobs: &Blobs,
    fingerprints: &[Fingerprint],
) -> rusqlite::Result<Vec<Fingerprint>> {
    let named = |fingerprint: &Fingerprint| (blobs.crypt().name(fingerprint), *fingerprint);
    let mut fingerprints: Vec<_> = fingerprints.iter().map(named).collect();
    fingerprints.sort_unstable();
    fingerprints.dedup();
    let asked: Vec<Fingerprint> = fingerprints.iter().map(|(name, _)| *name).collect();
    let (Some(first), Some(last)) = (asked.first(), asked.last()) else { return Ok(Vec::new()) };
    let mut is_kept = vec![false; asked.len()];
    let mut statement = connection.prepare_cached(
        "SELECT fingerprint FROM kept_values WHERE fingerprint BETWEEN ?1 AND ?2 ORDER BY fingerprint",
    )?;
    let mut rows = statement.query(params![first.as_bytes(), last.as_bytes()])?;
    let mut next = 0;
    while let Some(row) = rows.next()? {
        let known = row.get_ref(0)?.as_blob()?;
        while asked.get(next).is_some_and(|fingerprint| fingerprint.as_bytes()[..] < *known) {
            next += 1;
        }
        if asked.get(next).is_some_and(|fingerprint| fingerprint.as_bytes()[..] == *known) {
            is_kept[next] = true;
        }
    }
    let mut lose = |fingerprint: Fingerprint, is_lost: &dyn Fn() -> bool| {
        if let Ok(place) = asked.binary_search(&fingerprint) {
            is_kept[place] &= !is_lost();
        }
    };
    let mut statement =
        connection.prepare_cached("SELECT fingerprint, size, checksum FROM kept_values WHERE bytes IS NULL")?;
    let mut rows = statement.query(params![])?;
    while let Some(row) = rows.next()? {
        let (size, checksum) = (row.get::<_, i64>(1)? as u64, checksum_of(row, 2)?);
        lose(Fingerprint::from_bytes(row.get(0)?), &|| !blobs.has(checksum.as_ref(), size));
    }
    let mut statement = connection.prepare_cached("SELECT fingerprint FROM kept_values WHERE damaged = 1")?;
    let mut rows = statement.query(params![])?;
    while let Some(row) = rows.next()? {
        lose(Fingerprint::from_bytes(row.get(0)?), &|| true);
    }
    Ok(fingerprints.into_iter().zip(is_kept).filter(|(_, is_kept)| !is_kept).map(|((_, asked), _)| asked).collect())
}

fn checksum_of(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Fingerprint>> {
    match row.get_ref(column)?.as_blob()? {
        [] => Ok(None),
        _ => Ok(Some(Fingerprint::from_bytes(row.get(column)?))),
    }
}

/// Notes a value in the database, unless it is kept there and whole.
pub(super) const INSERT: &str =
    "INSERT INTO kept_values (fingerprint, form, size, checksum, bytes, durable) VALUES (?1, ?2, ?3, ?4, ?5, 0)
     ON CONFLICT (fingerprint) DO UPDATE SET form = excluded.form, size = excluded.size, checksum = excluded.checksum,
         bytes = excluded.bytes, damaged = 0
     WHERE damaged = 1 OR bytes IS NULL OR excluded.bytes IS NULL";

/// Notes a value in the database by the statement [`INSERT`].
pub(super) fn insert_by(statement: &mut Statement<'_>, crypt: &Crypt, row: &ValueRow) -> rusqlite::Result<()> {
    let (cell, checksum) = row.cells(crypt);
    statement.execute(params![
        row.name.as_bytes(),
        row.form as i64,
        row.size.cast_signed(),
        checksum,
        cell.as_deref()
    ])?;
    Ok(())
}

/// Notes a value in the database.
pub(super) fn insert(connection: &Connection, crypt: &Crypt, row: &ValueRow) -> rusqlite::Result<()> {
    insert_by(&mut *connection.prepare_cached(INSERT)?, crypt, row)
}

/// Writes values that are counted on and that a sweep took meanwhile. To be called by whoever holds the lock: until that is
/// let go, no sweep removes a row or a file.
pub(super) fn keep_what_was_swept(
    transaction: &Transaction<'_>,
    database: &Path,
    blobs: &Blobs,
    counted_on: &[(Fingerprint, Value)],
) -> Result<(), StoreError> {
    let sqlite = |error| StoreError::sqlite(error, database);
    for (fingerprint, value) in counted_on {
        if !is_kept(transaction, blobs, fingerprint).map_err(sqlite)? {
            insert(transaction, blobs.crypt(), &blobs.prepare(*fingerprint, value)?).map_err(sqlite)?;
        }
    }
    Ok(())
}

/// Makes sure that a value's row is on the disk once the transaction is.
pub(super) fn make_durable(connection: &Connection, crypt: &Crypt, fingerprint: &Fingerprint) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE kept_values SET durable = 1 WHERE fingerprint = ?1")?
        .execute(params![crypt.name(fingerprint).as_bytes()])?;
    Ok(())
}

/// Remembers that a value is damaged, so that it is written again when it is computed again.
pub(super) fn mark_damaged(connection: &Connection, crypt: &Crypt, fingerprint: &Fingerprint) -> rusqlite::Result<()> {
    let name = crypt.name(fingerprint);
    connection.execute("UPDATE kept_values SET damaged = 1 WHERE fingerprint = ?1", params![name.as_bytes()])?;
    Ok(())
}

/// Reads a value and makes sure that it is the one asked for, unless that would mean reading a mapped table.
pub(super) fn load(
    connection: &Connection,
    database: &Path,
    blobs: &Blobs,
    fingerprint: &Fingerprint,
) -> Result<Loaded, StoreError> {
    let name = blobs.crypt().name(fingerprint);
    let (known, bytes) = connection
        .prepare_cached("SELECT form, size, checksum, damaged, bytes FROM kept_values WHERE fingerprint = ?1")
        .and_then(|mut statement| {
            statement
                .query_row(params![name.as_bytes()], |row| Ok((Known::read(row)?, row.get::<_, Option<Vec<u8>>>(4)?)))
                .optional()
        })
        .map_err(|error| StoreError::sqlite(error, database))?
        .ok_or(StoreError::Lost(*fingerprint))?;
    let damaged = |why| StoreError::Damaged { fingerprint: *fingerprint, why };
    let checksum = match (bytes, known.checksum) {
        (Some(bytes), _) => {
            let bytes = blobs.crypt().open(Place::Value(&name), &bytes).map_err(damaged)?.into_owned();
            return value_of(&known, bytes.into(), blobs.crypt(), fingerprint).map(Loaded::checked).map_err(damaged);
        }
        (None, Some(checksum)) => checksum,
        (None, None) => return Err(StoreError::Lost(*fingerprint)),
    };
    if blobs.is_mapped(known.form, known.size) {
        let file = blobs.path_of(&checksum);
        let bytes = map_blob(&file, fingerprint)?;
        let value = decode(&known, bytes).map(|value| value.known_as(*fingerprint)).map_err(damaged)?;
        return Ok(Loaded { value, unchecked: Some((file, checksum)) });
    }
    let bytes = read_blob(blobs, &checksum, &name, fingerprint)?;
    value_of(&known, bytes.into(), blobs.crypt(), fingerprint).map(Loaded::checked).map_err(damaged)
}

/// Returns the value of these bytes, if it is the one asked for.
fn value_of(known: &Known, bytes: Buffer, crypt: &Crypt, fingerprint: &Fingerprint) -> Result<Value, String> {
    let value = check(known, bytes, crypt)?;
    // What is sealed was opened as the value of this fingerprint and no other.
    if crypt.is_sealed() {
        return Ok(value.known_as(*fingerprint));
    }
    if value.fingerprint() == *fingerprint { Ok(value) } else { Err("it is another value".to_owned()) }
}

/// Returns the value of these bytes. The checksum is compared before anything is made of them.
fn check(known: &Known, bytes: Buffer, crypt: &Crypt) -> Result<Value, String> {
    if !crypt.is_sealed() && known.checksum.is_some_and(|checksum| Fingerprint::of_bytes(&bytes) != checksum) {
        return Err("its bytes have changed".to_owned());
    }
    decode(known, bytes)
}

fn decode(known: &Known, bytes: Buffer) -> Result<Value, String> {
    if known.damaged {
        return Err("found when it was read before".to_owned());
    }
    if bytes.len() as u64 != known.size {
        return Err(format!("it has {} bytes, {} were written", bytes.len(), known.size));
    }
    let form = Form::from_number(known.form).ok_or_else(|| format!("form {} is unknown", known.form))?;
    // Arrow's reader may panic on bytes that have changed.
    catch_unwind(|| codec::decode_whole(form, bytes)).unwrap_or_else(|_panic| Err("its bytes have changed".to_owned()))
}

impl Known {
    /// Reads the columns `form, size, checksum, damaged`.
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            form: row.get(0)?,
            size: row.get::<_, i64>(1)? as u64,
            checksum: checksum_of(row, 2)?,
            damaged: row.get(3)?,
        })
    }
}

/// A value as its row and its file have it.
struct Found {
    /// The value's name.
    name: Fingerprint,
    /// What it was written as.
    bytes: Buffer,
    value: Value,
}

/// Reads a value that is known by its row, and makes sure that it is what was written.
fn found(connection: &Connection, database: &Path, blobs: &Blobs, id: i64) -> Result<Found, StoreError> {
    let (known, bytes, name) = connection
        .prepare_cached("SELECT form, size, checksum, damaged, bytes, fingerprint FROM kept_values WHERE rowid = ?1")
        .and_then(|mut statement| {
            statement.query_row(params![id], |row| {
                Ok((Known::read(row)?, row.get::<_, Option<Vec<u8>>>(4)?, Fingerprint::from_bytes(row.get(5)?)))
            })
        })
        .map_err(|error| StoreError::sqlite(error, database))?;
    let damaged = |why| StoreError::Damaged { fingerprint: name, why };
    let bytes = match (bytes, &known.checksum) {
        (Some(bytes), _) => blobs.crypt().open(Place::Value(&name), &bytes).map_err(damaged)?.into_owned(),
        (None, Some(checksum)) => read_blob(blobs, checksum, &name, &name)?,
        (None, None) => return Err(StoreError::Lost(name)),
    };
    let bytes = Buffer::from(bytes);
    let value = check(&known, bytes.clone(), blobs.crypt()).map_err(damaged)?;
    Ok(Found { name, bytes, value })
}

/// Returns how many bytes a value has that is known by its row, after making sure that it is what was written.
pub(super) fn verify(connection: &Connection, database: &Path, blobs: &Blobs, id: i64) -> Result<u64, StoreError> {
    let Found { name, bytes, value } = found(connection, database, blobs, id)?;
    if blobs.crypt().name(&value.fingerprint()) != name {
        return Err(StoreError::Damaged { fingerprint: name, why: "it is another value".to_owned() });
    }
    Ok(bytes.len() as u64)
}

/// Returns the files that no row knows.
pub(super) fn unknown_files(connection: &Connection, blobs: &Path) -> rusqlite::Result<Vec<PathBuf>> {
    let known = connection
        .prepare("SELECT checksum FROM kept_values WHERE bytes IS NULL AND length(checksum) = 32")?
        .query_map(params![], |row| Ok(Fingerprint::from_bytes(row.get(0)?).to_string()))?
        .collect::<rusqlite::Result<HashSet<String>>>()?;
    let is_known = |path: &Path| {
        path.file_name().and_then(|name| name.to_str()).is_some_and(|name| known.contains(name)) || !path.is_file()
    };
    let in_folder = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<PathBuf> = in_folder(blobs)
        .filter(|path| path.file_name().is_some_and(|name| name.len() == 2))
        .flat_map(|folder| in_folder(&folder))
        .filter(|path| !is_known(path))
        .collect();
    files.sort_unstable();
    Ok(files)
}

/// Returns the files that values lie in.
pub(super) fn files(connection: &Connection, blobs: &Blobs) -> rusqlite::Result<Vec<PathBuf>> {
    connection
        .prepare("SELECT checksum FROM kept_values WHERE bytes IS NULL AND length(checksum) = 32")?
        .query_map(params![], |row| Ok(blobs.path_of(&Fingerprint::from_bytes(row.get(0)?))))?
        .collect()
}

/// Seals a value anew that is known by its row.
pub(super) fn reseal(
    connection: &Connection,
    database: &Path,
    old: &Blobs,
    new: &Blobs,
    id: i64,
) -> Result<(), StoreError> {
    let Found { name, bytes, value } = found(connection, database, old, id)?;
    let fingerprint = if old.crypt().is_sealed() { value.fingerprint() } else { name };
    let row = new.prepare_bytes(fingerprint, Form::of(&value), &bytes)?;
    let (cell, checksum) = row.cells(new.crypt());
    connection
        .prepare_cached("UPDATE kept_values SET fingerprint = ?2, checksum = ?3, bytes = ?4 WHERE rowid = ?1")
        .and_then(|mut statement| statement.execute(params![id, row.name.as_bytes(), checksum, cell.as_deref()]))
        .map_err(|error| StoreError::sqlite(error, database))?;
    Ok(())
}
