//! The files of large values, named by what is in them.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    time::SystemTime,
};

use arrow::buffer::Buffer;
use smallvec::SmallVec;

use super::{
    StoreError,
    codec::{self, EncodeError, Form},
    crypt::{Crypt, Place},
    sealed_file::{self, FileWriter, ReadError},
    values::ValueRow,
};
use crate::value::{Fingerprint, Value};

/// Values of this many bytes and more lie in files.
const MIN_BLOB_BYTES: usize = 64 << 10;

/// Tables of this many bytes and more are mapped into memory.
const MIN_MAPPED_BYTES: u64 = 4 << 20;

/// The files of kept values.
#[derive(Clone, Debug)]
pub(super) struct Blobs {
    folder: PathBuf,
    crypt: Crypt,
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

impl Blobs {
    /// Returns the files in a folder, written by this instance.
    pub(super) fn new(folder: PathBuf, instance: &str, crypt: Crypt) -> Result<Self, StoreError> {
        let unfinished = folder.join("unfinished").join(instance);
        fs::create_dir_all(&unfinished).map_err(|error| StoreError::io("make the folder", error, &unfinished))?;
        Ok(Self { folder, crypt, unfinished })
    }

    /// Returns how values are sealed.
    pub(super) const fn crypt(&self) -> &Crypt {
        &self.crypt
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
    pub(super) fn path_of(&self, checksum: &Fingerprint) -> PathBuf {
        let name = checksum.to_string();
        self.folder.join(&name[..2]).join(name)
    }

    /// Returns whether a value's file is mapped, not read: large tables that are not sealed.
    pub(super) fn is_mapped(&self, form: i64, size: u64) -> bool {
        !self.crypt.is_sealed() && form == Form::Arrow as i64 && size >= MIN_MAPPED_BYTES
    }

    pub(super) fn has(&self, checksum: Option<&Fingerprint>, size: u64) -> bool {
        let Some(checksum) = checksum else { return false };
        let n_bytes = sealed_file::len_of(size, &self.crypt);
        fs::metadata(self.path_of(checksum)).is_ok_and(|metadata| metadata.is_file() && metadata.len() == n_bytes)
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
        let mut spill = Spill::new(&self.unfinished, &self.crypt, self.crypt.name(&fingerprint));
        codec::encode(value, &mut spill).map_err(|error| match error {
            EncodeError::Io(source) => StoreError::io("write the value", source, &self.unfinished),
            EncodeError::Unwritable(why) => StoreError::Unwritable { what: value.preview(), why },
        })?;
        self.row_of(spill, fingerprint, Form::of(value))
    }

    /// Does the same with the bytes that a value was written as.
    pub(super) fn prepare_bytes(
        &self,
        fingerprint: Fingerprint,
        form: Form,
        bytes: &[u8],
    ) -> Result<ValueRow, StoreError> {
        let mut spill = Spill::new(&self.unfinished, &self.crypt, self.crypt.name(&fingerprint));
        spill.write_all(bytes).map_err(|error| StoreError::io("write the value", error, &self.unfinished))?;
        self.row_of(spill, fingerprint, form)
    }

    fn row_of(&self, spill: Spill<'_>, fingerprint: Fingerprint, form: Form) -> Result<ValueRow, StoreError> {
        let (name, size, checksum) =
            (spill.name, spill.size, Fingerprint::from_bytes(*spill.hasher.finalize().as_bytes()));
        let path = self.path_of(&checksum);
        let bytes = spill.finish(&path).map_err(|error| StoreError::io("write the value", error, &path))?;
        Ok(ValueRow { fingerprint, name, form, size, checksum: Some(checksum), bytes: bytes.map(SmallVec::from_vec) })
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
    crypt: &'a Crypt,
    /// Of the value.
    name: Fingerprint,
    bytes: Vec<u8>,
    file: Option<FileWriter>,
    hasher: blake3::Hasher,
    size: u64,
}

impl<'a> Spill<'a> {
    fn new(folder: &'a Path, crypt: &'a Crypt, name: Fingerprint) -> Self {
        Self { folder, crypt, name, bytes: Vec::new(), file: None, hasher: crypt.hasher(), size: 0 }
    }

    /// Returns the bytes if they are few; else they are on the disk, under the name given.
    fn finish(self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        let Some(file) = self.file else { return Ok(Some(self.bytes)) };
        let file = file.finish()?;
        file.as_file().sync_all()?;
        let folder = path.parent().unwrap_or(self.folder);
        fs::create_dir_all(folder)?;
        file.persist(path)?;
        // The rename is on the disk once the folder is synced; where a folder cannot be opened that is left to the system.
        if let Ok(folder) = File::open(folder) {
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
            let mut file = FileWriter::new(self.folder, self.crypt, Place::Value(&self.name))?;
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

/// Reads a mapped file from its start to its end; returns whether it is what was written.
pub(super) fn is_whole(file: &Path, checksum: &Fingerprint) -> io::Result<bool> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(File::open(file)?)?;
    Ok(Fingerprint::from_bytes(*hasher.finalize().as_bytes()) == *checksum)
}

/// Reads the content of a value's file.
pub(super) fn read_blob(
    blobs: &Blobs,
    checksum: &Fingerprint,
    name: &Fingerprint,
    fingerprint: &Fingerprint,
) -> Result<Vec<u8>, StoreError> {
    let path = blobs.path_of(checksum);
    sealed_file::read(&path, &blobs.crypt, Place::Value(name)).map_err(|error| unread(error, &path, fingerprint))
}

/// Maps a value's file into memory.
pub(super) fn map_blob(file: &Path, fingerprint: &Fingerprint) -> Result<Buffer, StoreError> {
    sealed_file::map(file).map_err(|error| unread(error.into(), file, fingerprint))
}

fn unread(error: ReadError, path: &Path, fingerprint: &Fingerprint) -> StoreError {
    match error {
        ReadError::Io(error) if error.kind() == io::ErrorKind::NotFound => StoreError::Lost(*fingerprint),
        ReadError::Io(error) => StoreError::io("read the kept value", error, path),
        ReadError::Damaged(why) => {
            StoreError::Damaged { fingerprint: *fingerprint, why: format!("{why}: {}", path.display()) }
        }
    }
}
