//! Where the key of a store is kept: in the system's keyring, derived from a passphrase, or in a file of its owner's.
//!
//! The database says which, under what name, and holds a proof that tells the right key from a wrong one; never the key.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use argon2::{Algorithm, Argon2, Params, Version};
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};
use ulid::Ulid;

use super::{
    StoreError,
    crypt::{Crypt, Key, Place, random},
    vault::{SystemKeyring, Vault, read_key_file, remove_key_file, write_key_file},
};

/// The first schema that says how the store is sealed.
pub(super) const SINCE_FORMAT: i64 = 5;

/// What a step of the schema adds: how the store is sealed.
pub(super) const SCHEMA: &str = "
-- How everything is sealed: at most one row. None: nothing is, because the store is older than sealing.
CREATE TABLE store_key (
    number INTEGER PRIMARY KEY CHECK (number = 1),
    place TEXT NOT NULL, -- where the key is: keyring, passphrase, file; off: nothing is sealed
    name TEXT NOT NULL, -- what the key is found by
    salt BLOB NOT NULL, -- these three: of a passphrase
    memory_kib INTEGER NOT NULL,
    n_passes INTEGER NOT NULL,
    proof BLOB NOT NULL, -- something sealed
    tidy INTEGER NOT NULL -- 0 until what was written before with another key, or with none, is removed
);
-- What session files may be sealed with that were not written since, sealed with the store's key.
CREATE TABLE retired_keys (
    key BLOB NOT NULL
);
";

/// What the proof holds.
const PROOF: &[u8] = b"the key of the store";

/// What a key is derived with from a passphrase: Argon2id, as RFC 9106 recommends where memory is scarce.
const MEMORY_KIB: u32 = if cfg!(test) { 64 } else { 64 << 10 };
const N_PASSES: u32 = 3;

/// Where a store's key is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyPlace {
    /// Nowhere: nothing is sealed.
    Off,
    /// In the system's keyring.
    Keyring,
    /// In a person's head: it is derived from a passphrase.
    Passphrase,
    /// In a file that only its owner can read.
    File,
}

impl KeyPlace {
    /// All places.
    pub const ALL: [Self; 4] = [Self::Keyring, Self::Passphrase, Self::File, Self::Off];

    /// Returns the word for it in commands and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Keyring => "keyring",
            Self::Passphrase => "passphrase",
            Self::File => "file",
        }
    }

    /// Returns the place of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|place| place.name() == name)
    }
}

impl fmt::Display for KeyPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Off => "not encrypted",
            Self::Keyring => "encrypted, with a key in the system's keyring",
            Self::Passphrase => "encrypted, with a passphrase",
            Self::File => "encrypted, with a key in a file",
        })
    }
}

/// A passphrase. Never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Passphrase(Arc<str>);

impl Passphrase {
    /// Returns a passphrase.
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(..)")
    }
}

/// What a store is opened with.
#[derive(Clone)]
pub struct KeyOptions {
    /// Where a new store's key goes; `None`: in the keyring, and without one in a file.
    pub(super) place: Option<KeyPlace>,
    /// The passphrase, for a store that has one.
    passphrase: Option<Passphrase>,
    /// Where key files lie; `None`: in the store's folder.
    folder: Option<PathBuf>,
    vault: Arc<dyn Vault>,
}

impl KeyOptions {
    /// Returns options by which a new store's key goes to a place, or, if none is given, to the keyring and without one to a
    /// file. Files lie in the store's folder.
    pub fn new(place: Option<KeyPlace>) -> Self {
        Self { place, passphrase: None, folder: None, vault: Arc::new(SystemKeyring) }
    }

    /// Returns the options with the passphrase of a store that has one.
    #[must_use]
    pub fn with_passphrase(self, passphrase: Option<Passphrase>) -> Self {
        Self { passphrase, ..self }
    }

    /// Returns the options with key files in a folder.
    #[must_use]
    pub fn in_folder(self, folder: PathBuf) -> Self {
        Self { folder: Some(folder), ..self }
    }

    /// Returns the options with another keyring.
    #[cfg(test)]
    pub(super) fn with_vault(self, vault: Arc<dyn Vault>) -> Self {
        Self { vault, ..self }
    }
}

impl fmt::Debug for KeyOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyOptions").field("place", &self.place).field("folder", &self.folder).finish_non_exhaustive()
    }
}

/// How a store is sealed, as its database says.
#[derive(Clone, Debug)]
pub(super) struct KeyRow {
    pub(super) place: KeyPlace,
    pub(super) name: String,
    salt: Vec<u8>,
    memory_kib: u32,
    n_passes: u32,
    proof: Vec<u8>,
    pub(super) tidy: bool,
}

/// A key, and how it is found again.
pub(super) struct NewKey {
    pub(super) row: KeyRow,
    pub(super) crypt: Crypt,
    /// Why the key is not in the keyring, if it was to be.
    pub(super) notice: Option<String>,
}

/// Keys, as they are found and made for a store.
pub(super) struct Keys<'a> {
    pub(super) options: &'a KeyOptions,
    /// The store's folder.
    pub(super) folder: &'a Path,
}

/// Returns how the store is sealed, unless it is older than sealing.
pub(super) fn read(connection: &Connection) -> rusqlite::Result<Option<KeyRow>> {
    connection
        .prepare_cached("SELECT place, name, salt, memory_kib, n_passes, proof, tidy FROM store_key")?
        .query_row(params![], |row| {
            let place: String = row.get(0)?;
            let unknown = || rusqlite::Error::InvalidColumnType(0, place.clone(), rusqlite::types::Type::Text);
            Ok(KeyRow {
                place: KeyPlace::from_name(&place).ok_or_else(unknown)?,
                name: row.get(1)?,
                salt: row.get(2)?,
                memory_kib: row.get(3)?,
                n_passes: row.get(4)?,
                proof: row.get(5)?,
                tidy: row.get(6)?,
            })
        })
        .optional()
}

/// Returns whether nothing was ever kept in a store.
pub(super) fn is_empty(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_one(
        "SELECT NOT EXISTS (SELECT 1 FROM runs) AND NOT EXISTS (SELECT 1 FROM kept_values)
             AND NOT EXISTS (SELECT 1 FROM node_pinned_data) AND NOT EXISTS (SELECT 1 FROM kept_for)
             AND NOT EXISTS (SELECT 1 FROM workflows) AND NOT EXISTS (SELECT 1 FROM iterations)
             AND NOT EXISTS (SELECT 1 FROM loops) AND NOT EXISTS (SELECT 1 FROM timings)",
        params![],
        |row| row.get(0),
    )
}

impl KeyRow {
    /// Returns the row of a store that nothing is sealed in.
    pub(super) fn off() -> Self {
        Self {
            place: KeyPlace::Off,
            name: format!("store {}", Ulid::generate()),
            salt: Vec::new(),
            memory_kib: 0,
            n_passes: 0,
            proof: Vec::new(),
            tidy: true,
        }
    }

    /// Returns the row of a store in which something may be left that was written with another key.
    pub(super) fn untidy(&self) -> Self {
        Self { tidy: false, ..self.clone() }
    }

    /// Writes how the store is sealed from now on.
    pub(super) fn write(&self, connection: &Connection) -> rusqlite::Result<()> {
        connection.execute(
            "INSERT OR REPLACE INTO store_key (number, place, name, salt, memory_kib, n_passes, proof, tidy)
             VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![self.place.name(), self.name, self.salt, self.memory_kib, self.n_passes, self.proof, self.tidy],
        )?;
        Ok(())
    }
}

/// Returns the keys that session files may be sealed with besides the store's.
pub(super) fn retired(connection: &Connection, crypt: &Crypt) -> rusqlite::Result<Vec<Key>> {
    let mut statement = connection.prepare("SELECT key FROM retired_keys")?;
    let cells = statement.query_map(params![], |row| row.get::<_, Vec<u8>>(0))?.collect::<Result<Vec<_>, _>>()?;
    let keys = cells.iter().filter_map(|cell| match crypt.open(Place::RetiredKey, cell) {
        Ok(key) => Some(Key(key[..].try_into().ok()?)),
        Err(why) => {
            tracing::warn!("an earlier key is lost: {why}");
            None
        }
    });
    Ok(keys.collect())
}

/// Writes the keys that session files may be sealed with besides the store's, in place of those noted.
pub(super) fn write_retired(transaction: &Transaction<'_>, crypt: &Crypt, keys: &[Key]) -> rusqlite::Result<()> {
    transaction.execute("DELETE FROM retired_keys", params![])?;
    for key in keys {
        let cell = crypt.seal(Place::RetiredKey, &key.0);
        transaction.execute("INSERT INTO retired_keys (key) VALUES (?1)", params![&cell[..]])?;
    }
    Ok(())
}

impl Keys<'_> {
    fn failed(&self, why: String) -> StoreError {
        StoreError::Key { why, path: self.folder.to_owned() }
    }

    fn key_folder(&self) -> &Path {
        self.options.folder.as_deref().unwrap_or(self.folder)
    }

    /// Returns what opens a store that is sealed like this.
    pub(super) fn find(&self, connection: &Connection, row: &KeyRow) -> Result<Crypt, StoreError> {
        let failed = |why| self.failed(why);
        let key = match row.place {
            KeyPlace::Off => return Ok(Crypt::Plain),
            KeyPlace::Keyring => match self.options.vault.get(&row.name) {
                Ok(Some(key)) => key,
                Ok(None) => return Err(failed(format!("its key is not in the keyring, under the name {}", row.name))),
                Err(why) => return Err(failed(format!("the keyring does not give its key: {why}"))),
            },
            KeyPlace::File => read_key_file(self.key_folder(), &row.name).map_err(failed)?,
            KeyPlace::Passphrase => self.derive(row)?,
        };
        let crypt = Crypt::sealed(key.clone()).map_err(failed)?;
        if crypt.open(Place::Check, &row.proof).is_ok_and(|proof| *proof == *PROOF) {
            let retired = retired(connection, &crypt).map_err(|error| StoreError::sqlite(error, self.folder))?;
            return if retired.is_empty() { Ok(crypt) } else { Crypt::sealed_after(key, retired).map_err(failed) };
        }
        Err(match row.place {
            KeyPlace::Passphrase => StoreError::WrongPassphrase { path: self.folder.to_owned() },
            _ => failed("the key that was found is another store's".to_owned()),
        })
    }

    fn derive(&self, row: &KeyRow) -> Result<Key, StoreError> {
        let Some(Passphrase(text)) = &self.options.passphrase else {
            return Err(StoreError::PassphraseNeeded { path: self.folder.to_owned() });
        };
        let mut key = Key([0; 32]);
        Params::new(row.memory_kib, row.n_passes, 1, Some(key.0.len()))
            .and_then(|params| {
                Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into(
                    text.as_bytes(),
                    &row.salt,
                    &mut key.0,
                )
            })
            .map_err(|error| self.failed(format!("no key can be made of the passphrase: {error}")))?;
        Ok(key)
    }

    /// Makes a key and puts it where it is to be kept. It is there when this returns; the row is to be written next.
    pub(super) fn make(&self) -> Result<NewKey, StoreError> {
        let failed = |why| self.failed(why);
        let mut row = KeyRow::off();
        let (key, notice) = match self.options.place {
            Some(KeyPlace::Off) => return Ok(NewKey { row, crypt: Crypt::Plain, notice: None }),
            Some(KeyPlace::Passphrase) => {
                row.place = KeyPlace::Passphrase;
                row.salt = random::<16>().map_err(failed)?.to_vec();
                (row.memory_kib, row.n_passes) = (MEMORY_KIB, N_PASSES);
                (self.derive(&row)?, None)
            }
            place => {
                let key = Key::generate().map_err(failed)?;
                let kept = if place == Some(KeyPlace::File) {
                    Err(None)
                } else {
                    self.options.vault.set(&row.name, &key).map_err(Some)
                };
                row.place = if kept.is_ok() { KeyPlace::Keyring } else { KeyPlace::File };
                let notice = match kept {
                    Ok(()) => None,
                    Err(Some(why)) if place == Some(KeyPlace::Keyring) => {
                        return Err(failed(format!("the keyring does not take its key: {why}")));
                    }
                    Err(why) => {
                        let path = write_key_file(self.key_folder(), &row.name, &key).map_err(failed)?;
                        why.map(|why| {
                            format!(
                                "no keyring answers ({why}), so the key that results are encrypted with lies in a file \
                                 that only you can read: {}",
                                path.display()
                            )
                        })
                    }
                };
                (key, notice)
            }
        };
        let crypt = Crypt::sealed(key).map_err(failed)?;
        row.proof = crypt.seal(Place::Check, PROOF).into_owned();
        Ok(NewKey { row, crypt, notice })
    }

    /// Removes a key from where it is kept, once nothing is sealed with it. One that stays behind does no harm.
    pub(super) fn forget(&self, row: &KeyRow) {
        let removed = match row.place {
            KeyPlace::Off | KeyPlace::Passphrase => Ok(()),
            KeyPlace::Keyring => self.options.vault.remove(&row.name),
            KeyPlace::File => remove_key_file(self.key_folder(), &row.name),
        };
        if let Err(why) = removed {
            tracing::warn!("the key of before stays behind: {why}");
        }
    }
}
