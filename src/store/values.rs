//! Kept values: by data fingerprint, each once. Small ones lie in the database, larger ones in files beside it.

use std::{
    fs,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    time::SystemTime,
};

use rusqlite::{Connection, OptionalExtension as _, Row, Statement, params};
use smallvec::SmallVec;
use tempfile::NamedTempFile;

use super::{
    StoreError,
    codec::{self, EncodeError, Form},
};
use crate::value::{Fingerprint, Value};

/// Values of this many bytes and more lie in files.
const MIN_BLOB_BYTES: usize = 64 << 10;

/// Texts and bytes up to this length are small.
const MAX_SMALL_BYTES: usize = 256;

/// The files of kept values.
#[derive(Clone, Debug)]
pub(super) struct Blobs {
    folder: PathBuf,
    /// Where this instance writes files before they get their name.
    unfinished: PathBuf,
}

/// A file of a value.
#[derive(Debug)]
pub(super) struct BlobFile {
    /// Of its bytes; what it is named by.
    pub(super) checksum: Fingerprint,
    pub(super) path: PathBuf,
    pub(super) written: Option<SystemTime>,
}

/// A value that is ready to be noted in the database; its file, if it has one, is on the disk.
#[derive(Debug)]
pub(super) struct ValueRow {
    pub(super) fingerprint: Fingerprint,
    form: Form,
    size: u64,
    /// Of the bytes as they are written; none if the value itself tells whether they are right.
    checksum: Option<Fingerprint>,
    bytes: Option<SmallVec<[u8; 24]>>,
}

/// A kept value as the database knows it.
struct Known {
    form: i64,
    size: u64,
    checksum: Option<Fingerprint>,
    damaged: bool,
}

impl Blobs {
    /// Returns the files in a folder, written by this instance.
    pub(super) fn new(folder: PathBuf, instance: &str) -> Result<Self, StoreError> {
        let unfinished = folder.join("unfinished").join(instance);
        fs::create_dir_all(&unfinished).map_err(|error| StoreError::io("make the folder", error, &unfinished))?;
        Ok(Self { folder, unfinished })
    }

    /// Removes what instances that are dead left unfinished.
    pub(super) fn sweep(&self, is_alive: impl Fn(&str) -> bool) {
        let Some(folder) = self.unfinished.parent() else { return };
        let Ok(entries) = fs::read_dir(folder) else { return };
        for path in entries.flatten().map(|entry| entry.path()) {
            if !is_alive(&path.file_name().unwrap_or_default().to_string_lossy()) {
                remove_folder(&path);
            }
        }
    }

    /// Removes this instance's own folder.
    pub(super) fn leave(&self) {
        remove_folder(&self.unfinished);
    }

    /// Returns the file of bytes with this checksum. Not named by the data's fingerprint: the same data can be written in
    /// several ways, and two programs that write it at once must not replace each other's file.
    fn path_of(&self, checksum: &Fingerprint) -> PathBuf {
        let name = checksum.to_string();
        self.folder.join(&name[..2]).join(name)
    }

    fn has(&self, checksum: Option<&Fingerprint>, size: u64) -> bool {
        let Some(checksum) = checksum else { return false };
        fs::metadata(self.path_of(checksum)).is_ok_and(|metadata| metadata.is_file() && metadata.len() == size)
    }

    /// Returns the files of values that are there.
    pub(super) fn files(&self) -> Vec<BlobFile> {
        let entries = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten();
        entries(&self.folder)
            .flat_map(|folder| entries(&folder.path()))
            .filter_map(|entry| {
                let checksum = entry.file_name().to_str()?.parse().ok()?;
                let written = entry.metadata().ok()?.modified().ok();
                Some(BlobFile { checksum, path: entry.path(), written })
            })
            .collect()
    }

    /// Writes a value and returns what is to be noted in the database.
    pub(super) fn prepare(&self, fingerprint: Fingerprint, value: &Value) -> Result<ValueRow, StoreError> {
        let mut spill = Spill::new(&self.unfinished);
        codec::encode(value, &mut spill).map_err(|error| match error {
            EncodeError::Io(source) => StoreError::io("write the value", source, &self.unfinished),
            EncodeError::Unwritable(why) => StoreError::Unwritable { what: value.preview(), why },
        })?;
        let (size, checksum) = (spill.size, Fingerprint::from_bytes(*spill.hasher.finalize().as_bytes()));
        let path = self.path_of(&checksum);
        let bytes = spill.finish(&path).map_err(|error| StoreError::io("write the value", error, &path))?;
        let bytes = bytes.map(SmallVec::from_vec);
        Ok(ValueRow { fingerprint, form: Form::of(value), size, checksum: Some(checksum), bytes })
    }
}

impl ValueRow {
    /// Returns a value that is so small that writing it costs less than looking whether it is kept; `None` for others.
    pub(super) fn of_small(fingerprint: Fingerprint, value: &Value) -> Option<Self> {
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
        Some(Self { fingerprint, form: Form::of(value), size: bytes.len() as u64, checksum: None, bytes: Some(bytes) })
    }

    /// Returns whether the value lies in the database, not in a file.
    pub(super) const fn is_inline(&self) -> bool {
        self.bytes.is_some()
    }
}

fn remove_folder(path: &Path) {
    if let Err(error) = fs::remove_dir_all(path) {
        tracing::debug!("an unfinished folder stays behind: {error}: {}", path.display());
    }
}

/// Collects bytes in memory and, once they are many, in a file.
struct Spill<'a> {
    folder: &'a Path,
    bytes: Vec<u8>,
    file: Option<BufWriter<NamedTempFile>>,
    hasher: blake3::Hasher,
    size: u64,
}

impl<'a> Spill<'a> {
    fn new(folder: &'a Path) -> Self {
        Self { folder, bytes: Vec::new(), file: None, hasher: blake3::Hasher::new(), size: 0 }
    }

    /// Returns the bytes if they are few; else they are on the disk, under the name given.
    fn finish(self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        let Some(file) = self.file else { return Ok(Some(self.bytes)) };
        let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.as_file().sync_all()?;
        let folder = path.parent().unwrap_or(self.folder);
        fs::create_dir_all(folder)?;
        file.persist(path)?;
        // The rename is on the disk once the folder is synced; where a folder cannot be opened that is left to the system.
        if let Ok(folder) = fs::File::open(folder) {
            folder.sync_all()?;
        }
        Ok(None)
    }
}

impl Write for Spill<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.hasher.update(bytes);
        self.size += bytes.len() as u64;
        if self.file.is_none() && self.bytes.len() + bytes.len() >= MIN_BLOB_BYTES {
            let mut file = BufWriter::with_capacity(256 << 10, NamedTempFile::new_in(self.folder)?);
            file.write_all(&std::mem::take(&mut self.bytes))?;
            self.file = Some(file);
        }
        match &mut self.file {
            Some(file) => file.write_all(bytes)?,
            None => self.bytes.extend_from_slice(bytes),
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), Write::flush)
    }
}

/// Returns whether a value is kept and looks whole, without reading it.
pub(super) fn is_kept(connection: &Connection, blobs: &Blobs, fingerprint: &Fingerprint) -> rusqlite::Result<bool> {
    let known = connection
        .prepare_cached("SELECT size, checksum, bytes IS NULL FROM kept_values WHERE fingerprint = ?1 AND damaged = 0")?
        .query_row(params![fingerprint.as_bytes()], |row| {
            Ok((row.get::<_, i64>(0)? as u64, checksum_of(row, 1)?, row.get::<_, bool>(2)?))
        })
        .optional()?;
    Ok(known.is_some_and(|(size, checksum, in_a_file)| !in_a_file || blobs.has(checksum.as_ref(), size)))
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
    let mut asked = fingerprints.to_vec();
    asked.sort_unstable();
    asked.dedup();
    let (Some(first), Some(last)) = (asked.first(), asked.last()) else { return Ok(asked) };
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
    Ok(asked.into_iter().zip(is_kept).filter(|(_, is_kept)| !is_kept).map(|(fingerprint, _)| fingerprint).collect())
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
pub(super) fn insert_by(statement: &mut Statement<'_>, row: &ValueRow) -> rusqlite::Result<()> {
    statement.execute(params![
        row.fingerprint.as_bytes(),
        row.form as i64,
        row.size.cast_signed(),
        row.checksum.as_ref().map_or(&[][..], |checksum| &checksum.as_bytes()[..]),
        row.bytes.as_deref()
    ])?;
    Ok(())
}

/// Notes a value in the database.
pub(super) fn insert(connection: &Connection, row: &ValueRow) -> rusqlite::Result<()> {
    insert_by(&mut *connection.prepare_cached(INSERT)?, row)
}

/// Makes sure that a value's row is on the disk once the transaction is; returns whether there is such a value.
pub(super) fn make_durable(connection: &Connection, fingerprint: &Fingerprint) -> rusqlite::Result<bool> {
    let n_rows = connection
        .prepare_cached("UPDATE kept_values SET durable = 1 WHERE fingerprint = ?1 AND damaged = 0")?
        .execute(params![fingerprint.as_bytes()])?;
    Ok(n_rows > 0)
}

/// Remembers that a value is damaged, so that it is written again when it is computed again.
pub(super) fn mark_damaged(connection: &Connection, fingerprint: &Fingerprint) -> rusqlite::Result<()> {
    connection.execute("UPDATE kept_values SET damaged = 1 WHERE fingerprint = ?1", params![fingerprint.as_bytes()])?;
    Ok(())
}

/// Reads a value and makes sure that it is the one asked for.
pub(super) fn load(
    connection: &Connection,
    database: &Path,
    blobs: &Blobs,
    fingerprint: &Fingerprint,
) -> Result<Value, StoreError> {
    let (known, bytes) = connection
        .prepare_cached("SELECT form, size, checksum, damaged, bytes FROM kept_values WHERE fingerprint = ?1")
        .and_then(|mut statement| {
            statement
                .query_row(params![fingerprint.as_bytes()], |row| {
                    let known = Known {
                        form: row.get(0)?,
                        size: row.get::<_, i64>(1)? as u64,
                        checksum: checksum_of(row, 2)?,
                        damaged: row.get(3)?,
                    };
                    Ok((known, row.get::<_, Option<Vec<u8>>>(4)?))
                })
                .optional()
        })
        .map_err(|error| StoreError::sqlite(error, database))?
        .ok_or(StoreError::Lost(*fingerprint))?;
    let bytes = match (bytes, &known.checksum) {
        (Some(bytes), _) => bytes,
        (None, Some(checksum)) => read_blob(&blobs.path_of(checksum), fingerprint)?,
        (None, None) => return Err(StoreError::Lost(*fingerprint)),
    };
    check(&known, &bytes, fingerprint).map_err(|why| StoreError::Damaged { fingerprint: *fingerprint, why })
}

fn read_blob(path: &Path, fingerprint: &Fingerprint) -> Result<Vec<u8>, StoreError> {
    fs::read(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => StoreError::Lost(*fingerprint),
        _ => StoreError::io("read the kept value", error, path),
    })
}

/// Returns the value of these bytes. The checksum is compared before anything is made of them.
fn check(known: &Known, bytes: &[u8], fingerprint: &Fingerprint) -> Result<Value, String> {
    if known.damaged {
        return Err("found when it was read before".to_owned());
    }
    if bytes.len() as u64 != known.size {
        return Err(format!("it has {} bytes, {} were written", bytes.len(), known.size));
    }
    if known.checksum.is_some_and(|checksum| Fingerprint::of_bytes(bytes) != checksum) {
        return Err("its bytes have changed".to_owned());
    }
    let form = Form::from_number(known.form).ok_or_else(|| format!("form {} is unknown", known.form))?;
    let value = codec::decode(form, bytes)?;
    if value.fingerprint() == *fingerprint { Ok(value) } else { Err("it is another value".to_owned()) }
}
