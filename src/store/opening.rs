//! How a store is opened: the key found or made, what programs left behind tidied up, the writer started.

use std::{
    fs, io,
    path::Path,
    sync::{Arc, Mutex},
    thread::{self, JoinHandle},
};

use jiff::Timestamp;
use rusqlite::Connection;

use super::{
    KeyOptions, KeyPlace, Store, StoreError,
    alive::{Living, Opening},
    blobs::Blobs,
    connection::{self, Purpose},
    crypt::Crypt,
    database::{Life, Reader, Shared},
    kept_for,
    keys::{self, Keys},
    pinned_data,
    queue::Queue,
    rekey, runs, vault,
    writer::Writer,
};

/// The tenant of those who name none: the profile of those who have one.
const TENANT: &str = "default";

/// How a store is opened.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// Whose data is read and written: the profile.
    pub tenant: String,
    /// Where the key is.
    pub key: KeyOptions,
}

impl Default for StoreOptions {
    /// Sealed, with a key in a file in the store's folder.
    fn default() -> Self {
        Self { tenant: TENANT.to_owned(), key: KeyOptions::new(Some(KeyPlace::File)) }
    }
}

/// How a store is sealed.
struct Sealing {
    crypt: Crypt,
    place: KeyPlace,
    notice: Option<String>,
}

impl Store {
    /// Opens the store in a folder, making it if there is none. Runs that a program left in the middle become interrupted.
    ///
    /// A new store is sealed with a key that lies in its folder, in a file that only its owner can read.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        Self::open_with(folder, &StoreOptions::default())
    }

    /// Opens the store in a folder for a tenant: whose pinned data is read and written.
    pub fn open_for(folder: &Path, tenant: &str) -> Result<Self, StoreError> {
        Self::open_with(folder, &StoreOptions { tenant: tenant.to_owned(), ..StoreOptions::default() })
    }

    /// Opens the store in a folder with options. Asking a keyring or deriving a key from a passphrase takes a while: not for
    /// the interface thread.
    pub fn open_with(folder: &Path, options: &StoreOptions) -> Result<Self, StoreError> {
        let folder = folder_of_store(folder)?;
        let database = folder.join("store.sqlite");
        let living = Living::new(folder.join("alive"))?;
        let opening = living.opening()?;
        let durable = connect(&database)?;
        let keys = Keys { options: &options.key, folder: &folder };
        let Sealing { crypt, place, notice } = sealing(&durable, &database, &keys)?;
        if !rekey::is_tidy(&durable).map_err(|error| StoreError::sqlite(error, &database))? && living.are_all_gone() {
            rekey::tidy(&durable, &folder)?;
        }
        let alive = living.enter(&opening)?;
        let blobs = Blobs::new(folder.join("blobs"), &alive.instance, crypt.clone())?;
        let queue = Arc::new(Queue::new(database.clone()));
        let shared = Shared {
            folder,
            tenant: options.tenant.clone(),
            blobs: blobs.clone(),
            crypt,
            key_place: place,
            key_notice: notice,
            instance: alive.instance.clone(),
            queue: Arc::clone(&queue),
            readers: Mutex::default(),
            mapped: Mutex::default(),
            durable: Mutex::new(durable),
            database,
            living,
        };
        shared.tidy()?;
        shared.living.bury(&opening);
        let thread = shared.start_writer()?;
        let life = Life { queue, thread: Mutex::new(Some(thread)), blobs, _alive: alive };
        Ok(Self { reader: Reader(Arc::new(shared)), _life: Arc::new(life) })
    }

    /// Returns the secret that the keyring has for this profile under a name, if it has one. May wait for a person to unlock it.
    pub fn secret(&self, name: &str) -> Result<Option<String>, String> {
        vault::secret(self.tenant(), name)
    }

    /// Keeps a secret in the keyring for a profile.
    pub fn set_secret(profile: &str, name: &str, secret: &str) -> Result<(), String> {
        vault::set_secret(profile, name, secret)
    }

    /// Removes a secret of a profile from the keyring.
    pub fn remove_secret(profile: &str, name: &str) -> Result<(), String> {
        vault::remove_secret(profile, name)
    }

    /// Removes the store in a folder: its key first, so that nothing that stays behind can be read. Nobody may have it open.
    pub fn remove(folder: &Path, key: &KeyOptions) -> Result<(), StoreError> {
        let folder = folder_of_store(folder)?;
        let (living, _opening) = alone(&folder)?;
        let database = folder.join("store.sqlite");
        let connection = connect(&database)?;
        if let Some(row) = keys::read(&connection).map_err(|error| StoreError::sqlite(error, &database))? {
            Keys { options: key, folder: &folder }.forget(&row);
        }
        drop((connection, living));
        for name in ["store.sqlite", "store.sqlite-wal", "store.sqlite-shm", "blobs"] {
            let path = folder.join(name);
            let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            match removed {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(StoreError::io("remove", error, &path));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Returns where the key of the store in a folder is kept, without opening the store; `None` if there is no store yet, or
    /// one that cannot be read.
    pub fn key_place_of(folder: &Path) -> Option<KeyPlace> {
        let database = folder.join("store.sqlite");
        database.is_file().then_some(())?;
        let connection = connection::connect(&database, Purpose::Read).ok()?;
        keys::read(&connection).ok()?.map(|row| row.place)
    }
}

/// Returns the folder of a store, made if there is none.
pub(super) fn folder_of_store(folder: &Path) -> Result<std::path::PathBuf, StoreError> {
    fs::create_dir_all(folder).map_err(|error| StoreError::io("make the folder", error, folder))?;
    fs::canonicalize(folder).map_err(|error| StoreError::io("find the folder", error, folder))
}

/// Makes sure that nobody has the store of a folder open, nor opens it until what is returned is dropped.
pub(super) fn alone(folder: &Path) -> Result<(Living, Opening), StoreError> {
    let living = Living::new(folder.join("alive"))?;
    let in_use = || StoreError::InUse { path: folder.to_owned() };
    let opening = living.try_opening()?.ok_or_else(in_use)?;
    if living.are_all_gone() { Ok((living, opening)) } else { Err(in_use()) }
}

/// Opens the database, bringing it to the newest schema.
pub(super) fn connect(database: &Path) -> Result<Connection, StoreError> {
    let mut connection = connection::connect(database, Purpose::Durable)?;
    connection::use_write_ahead_log(&connection, database)?;
    connection::migrate(&mut connection, database)?;
    Ok(connection)
}

/// Returns how a store is sealed. One that never held anything is sealed from now on; one that did before there were keys
/// stays as it is.
fn sealing(connection: &Connection, database: &Path, keys: &Keys<'_>) -> Result<Sealing, StoreError> {
    let sqlite = |error| StoreError::sqlite(error, database);
    if let Some(row) = keys::read(connection).map_err(sqlite)? {
        return Ok(Sealing { crypt: keys.find(connection, &row)?, place: row.place, notice: None });
    }
    if !keys::is_empty(connection).map_err(sqlite)? {
        return Ok(Sealing { crypt: Crypt::Plain, place: KeyPlace::Off, notice: None });
    }
    let new = keys.make()?;
    new.row.write(connection).map_err(sqlite)?;
    Ok(Sealing { crypt: new.crypt, place: new.row.place, notice: new.notice })
}

impl Shared {
    /// Removes what programs left behind that ended in the middle, and what has expired. Most often there is nothing, and
    /// nothing is written.
    fn tidy(&self) -> Result<(), StoreError> {
        let sqlite = |error| StoreError::sqlite(error, &self.database);
        let is_alive = |instance: &str| instance == self.instance || self.living.is_alive(instance);
        let dead = runs::dead_instances(&self.durable(), is_alive).map_err(sqlite)?;
        let now = Timestamp::now();
        if !dead.is_empty()
            || pinned_data::has_expired(&self.durable(), now).map_err(sqlite)?
            || kept_for::has_expired(&self.durable(), now).map_err(sqlite)?
        {
            self.write(|transaction| {
                runs::interrupt_runs_of(transaction, &dead)
                    .and_then(|()| pinned_data::sweep(transaction, now))
                    .and_then(|()| kept_for::sweep(transaction, now))
                    .map_err(sqlite)
            })?;
        }
        self.blobs.sweep(is_alive);
        Ok(())
    }

    fn start_writer(&self) -> Result<JoinHandle<()>, StoreError> {
        let writer = Writer::new(
            connection::connect(&self.database, Purpose::Runs)?,
            self.database.clone(),
            self.blobs.clone(),
            Arc::clone(&self.queue),
            self.instance.clone(),
        );
        thread::Builder::new()
            .name("store".to_owned())
            .stack_size(8 << 20)
            .spawn(move || writer.run())
            .map_err(|error| StoreError::io("start the thread that writes", error, &self.folder))
    }
}
