//! What gives a secret back by its name: the system's keyring, and files that only their owner can read.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use super::crypt::Key;

/// What all entries of the keyring belong to.
const SERVICE: &str = "pinflow";

/// A place for keys, by name.
pub(super) trait Vault: Send + Sync {
    /// Returns the key of a name, if there is one.
    fn get(&self, name: &str) -> Result<Option<Key>, String>;
    /// Keeps a key under a name.
    fn set(&self, name: &str, key: &Key) -> Result<(), String>;
    /// Removes the key of a name.
    fn remove(&self, name: &str) -> Result<(), String>;
}

/// The system's keyring: Secret Service, Keychain or Credential Manager. May ask the person to unlock it, and wait for that.
pub(super) struct SystemKeyring;

fn entry(name: &str) -> Result<keyring::v1::Entry, String> {
    if let Err(error) = keyring::v1::Entry::store_status() {
        return Err(error.to_string());
    }
    keyring::v1::Entry::new(SERVICE, name).map_err(|error| error.to_string())
}

/// Returns the name that a secret of a profile has in the keyring.
fn secret_entry(profile: &str, name: &str) -> Result<keyring::v1::Entry, String> {
    entry(&format!("secret {profile} {name}"))
}

/// Returns a secret of a profile, if the keyring has it.
pub(super) fn secret(profile: &str, name: &str) -> Result<Option<String>, String> {
    match secret_entry(profile, name)?.get_password() {
        Ok(secret) => Ok(Some(secret)),
        Err(keyring::v1::Error::NoEntry) => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

/// Keeps a secret of a profile in the keyring.
pub(super) fn set_secret(profile: &str, name: &str, secret: &str) -> Result<(), String> {
    secret_entry(profile, name)?.set_password(secret).map_err(|error| error.to_string())
}

/// Removes a secret of a profile from the keyring.
pub(super) fn remove_secret(profile: &str, name: &str) -> Result<(), String> {
    match secret_entry(profile, name)?.delete_credential() {
        Ok(()) => Ok(()),
        Err(keyring::v1::Error::NoEntry) => Err("there is none of this name".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

impl Vault for SystemKeyring {
    fn get(&self, name: &str) -> Result<Option<Key>, String> {
        match entry(name)?.get_secret() {
            Ok(bytes) => {
                bytes[..].try_into().map(|bytes| Some(Key(bytes))).map_err(|_wrong_length| "it is no key".to_owned())
            }
            Err(keyring::v1::Error::NoEntry) => Ok(None),
            Err(error) => Err(error.to_string()),
        }
    }

    fn set(&self, name: &str, key: &Key) -> Result<(), String> {
        entry(name)?.set_secret(&key.0).map_err(|error| error.to_string())
    }

    fn remove(&self, name: &str) -> Result<(), String> {
        match entry(name)?.delete_credential() {
            Ok(()) | Err(keyring::v1::Error::NoEntry) => Ok(()),
            Err(error) => Err(error.to_string()),
        }
    }
}

fn key_path(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.key"))
}

/// Writes a key to a new file that only its owner can read; returns its path once it is on the disk.
pub(super) fn write_key_file(folder: &Path, name: &str, key: &Key) -> Result<PathBuf, String> {
    let path = key_path(folder, name);
    let failed = |error: io::Error| format!("its key cannot be written: {error}: {}", path.display());
    fs::create_dir_all(folder).map_err(failed)?;
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&path).map_err(failed)?;
    let text = blake3::Hash::from_bytes(key.0).to_hex();
    file.write_all(text.as_bytes())
        .and_then(|()| file.write_all(b"\n"))
        .and_then(|()| file.sync_all())
        .map_err(failed)?;
    // The name is on the disk once the folder is synced; where a folder cannot be opened that is left to the system.
    if let Ok(folder) = File::open(folder) {
        folder.sync_all().map_err(failed)?;
    }
    Ok(path)
}

/// Returns the key in a file, or why there is none.
pub(super) fn read_key_file(folder: &Path, name: &str) -> Result<Key, String> {
    let path = key_path(folder, name);
    let text = fs::read_to_string(&path)
        .map_err(|error| format!("its key cannot be read: {error}; bring the file back: {}", path.display()))?;
    blake3::Hash::from_hex(text.trim())
        .map(|hash| Key(*hash.as_bytes()))
        .map_err(|_not_hex| format!("its key is not what was written; bring the file back: {}", path.display()))
}

/// Removes a file of a key.
pub(super) fn remove_key_file(folder: &Path, name: &str) -> Result<(), String> {
    let path = key_path(folder, name);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(format!("{error}: {}", path.display())),
        _ => Ok(()),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::{
        collections::HashMap,
        sync::{Mutex, PoisonError},
    };

    use super::*;

    /// A keyring in memory, or one that does not answer.
    #[derive(Default)]
    pub(in crate::store) struct TestKeyring {
        pub(in crate::store) keys: Mutex<HashMap<String, Key>>,
        pub(in crate::store) is_silent: bool,
    }

    impl TestKeyring {
        fn keys(&self) -> Result<std::sync::MutexGuard<'_, HashMap<String, Key>>, String> {
            if self.is_silent {
                return Err("there is no keyring".to_owned());
            }
            Ok(self.keys.lock().unwrap_or_else(PoisonError::into_inner))
        }
    }

    impl Vault for TestKeyring {
        fn get(&self, name: &str) -> Result<Option<Key>, String> {
            Ok(self.keys()?.get(name).cloned())
        }

        fn set(&self, name: &str, key: &Key) -> Result<(), String> {
            self.keys()?.insert(name.to_owned(), key.clone());
            Ok(())
        }

        fn remove(&self, name: &str) -> Result<(), String> {
            self.keys()?.remove(name);
            Ok(())
        }
    }

    #[test]
    fn a_key_file_is_its_owners_alone_and_gives_the_key_back() {
        let folder = tempfile::tempdir().unwrap();
        let key = Key::generate().unwrap();
        let path = write_key_file(folder.path(), "store x", &key).unwrap();
        assert_eq!(read_key_file(folder.path(), "store x").unwrap(), key);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert!(write_key_file(folder.path(), "store x", &key).unwrap_err().contains("store x.key"), "never replaced");
        fs::write(&path, "not a key").unwrap();
        assert!(read_key_file(folder.path(), "store x").unwrap_err().contains("bring the file back"));
        remove_key_file(folder.path(), "store x").unwrap();
        remove_key_file(folder.path(), "store x").unwrap();
        assert!(read_key_file(folder.path(), "store x").unwrap_err().contains("store x.key"));
    }

    #[test]
    fn the_systems_keyring_gives_a_key_back_or_says_why_not() {
        let name = format!("a test of pinflow {}", ulid::Ulid::generate());
        let key = Key::generate().unwrap();
        match SystemKeyring.set(&name, &key) {
            Ok(()) => {
                assert_eq!(SystemKeyring.get(&name).unwrap(), Some(key));
                SystemKeyring.remove(&name).unwrap();
                assert_eq!(SystemKeyring.get(&name).unwrap(), None);
            }
            Err(why) => assert!(!why.is_empty()),
        }
    }
}
