//! A store in one file, made while it is in use, and back.

use std::{
    fs::{self, File},
    io::{self, BufReader, BufWriter, Write as _},
    path::{Component, Path},
};

use rusqlite::{Connection, params};
use tempfile::{NamedTempFile, TempDir};

use super::{
    Store, StoreError,
    connection::{self, Purpose},
    values,
};

/// The name of the database in the archive and in a store's folder.
const DATABASE: &str = "store.sqlite";

/// What is in a backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackedUp {
    /// How many values in files of their own there are.
    pub n_files: usize,
    /// Values that were damaged or gone already.
    pub n_missing: usize,
    /// The size of the archive.
    pub n_bytes: u64,
}

impl Store {
    /// Writes the whole store, as it stands at one moment, to a tar archive. Others may go on using the store. What is
    /// encrypted stays so: the key is not in the archive.
    pub fn back_up(&self, to: &Path) -> Result<BackedUp, StoreError> {
        let failed = |error| StoreError::io("write the backup", error, to);
        self.flush()?;
        let shared = &self.reader().0;
        let folder = match to.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        // Beside the archive there is room for one, if anywhere.
        let work = TempDir::new_in(folder).map_err(failed)?;
        let copy = work.path().join(DATABASE);
        let sqlite = |error| StoreError::sqlite(error, &shared.database);
        connection::connect(&shared.database, Purpose::Durable)?
            .execute("VACUUM INTO ?1", params![copy.to_string_lossy()])
            .map_err(sqlite)?;
        let files = values::files(&Connection::open(&copy).map_err(sqlite)?, &shared.blobs).map_err(sqlite)?;
        let archive = NamedTempFile::new_in(folder).map_err(failed)?;
        let mut builder = tar::Builder::new(BufWriter::new(archive));
        builder.append_path_with_name(&copy, DATABASE).map_err(failed)?;
        let (mut n_files, mut n_missing) = (0, 0);
        for file in files {
            let Ok(name) = file.strip_prefix(&shared.folder) else { continue };
            match File::open(&file) {
                Ok(mut open) => {
                    builder.append_file(name, &mut open).map_err(failed)?;
                    n_files += 1;
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => n_missing += 1,
                Err(error) => return Err(StoreError::io("read the kept value", error, &file)),
            }
        }
        let mut writer = builder.into_inner().map_err(failed)?;
        writer.flush().map_err(failed)?;
        let archive = writer.into_inner().map_err(|error| failed(error.into_error()))?;
        archive.as_file().sync_all().map_err(failed)?;
        let n_bytes = archive.as_file().metadata().map_err(failed)?.len();
        archive.persist(to).map_err(|error| failed(error.error))?;
        Ok(BackedUp { n_files, n_missing, n_bytes })
    }

    /// Makes a store of a backup, in a folder where there is none yet.
    pub fn restore(from: &Path, folder: &Path) -> Result<(), StoreError> {
        let failed = |error| StoreError::io("read the backup", error, from);
        let write = |error| StoreError::io("write the store", error, folder);
        if folder.join(DATABASE).exists() {
            let exists = io::Error::new(io::ErrorKind::AlreadyExists, "there is a store already: move it away first");
            return Err(StoreError::io("restore the backup", exists, folder));
        }
        let archive = BufReader::new(File::open(from).map_err(failed)?);
        fs::create_dir_all(folder).map_err(write)?;
        // Only once all is there does it become a store.
        let work = TempDir::new_in(folder).map_err(write)?;
        let mut archive = tar::Archive::new(archive);
        for entry in archive.entries().map_err(failed)? {
            let mut entry = entry.map_err(failed)?;
            let name = entry.path().map_err(failed)?.into_owned();
            if !is_part_of_store(&name) || !entry.header().entry_type().is_file() {
                let strange =
                    io::Error::new(io::ErrorKind::InvalidData, format!("{} is no part of a store", name.display()));
                return Err(failed(strange));
            }
            let target = work.path().join(&name);
            fs::create_dir_all(target.parent().unwrap_or_else(|| work.path())).map_err(write)?;
            let mut file = File::create(&target).map_err(write)?;
            io::copy(&mut entry, &mut file).map_err(failed)?;
            file.sync_all().map_err(write)?;
        }
        let database = work.path().join(DATABASE);
        if !database.exists() {
            let none = io::Error::new(io::ErrorKind::InvalidData, "there is no store in it");
            return Err(failed(none));
        }
        let blobs = work.path().join("blobs");
        if blobs.exists() {
            fs::rename(blobs, folder.join("blobs")).map_err(write)?;
        }
        fs::rename(database, folder.join(DATABASE)).map_err(write)
    }
}

/// Returns whether a name in an archive is one that a backup has: nothing is ever written elsewhere.
fn is_part_of_store(name: &Path) -> bool {
    let parts: Vec<_> = name.components().collect();
    match parts[..] {
        [Component::Normal(only)] => only == DATABASE,
        [Component::Normal(blobs), Component::Normal(_), Component::Normal(_)] => blobs == "blobs",
        _ => false,
    }
}
