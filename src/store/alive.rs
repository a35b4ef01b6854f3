//! Who is alive: each open store holds a lock file of its own, which the system lets go when the program ends, however it
//! ends. So a run that goes on in another window can be told from one that was cut short.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use ulid::Ulid;

use super::StoreError;

/// How long to wait for others that open the store.
const OPENING_TIME: Duration = Duration::from_secs(10);

/// The folder of lock files.
#[derive(Clone, Debug)]
pub(super) struct Living {
    folder: PathBuf,
}

/// The sign that an instance is alive, until dropped.
#[derive(Debug)]
pub(super) struct Alive {
    /// The instance's name, never used again.
    pub(super) instance: String,
    path: PathBuf,
    /// Locked as long as it is open.
    _lock: File,
}

/// Held while a store is opened, so that no one takes a half-opened one for dead.
#[derive(Debug)]
pub(super) struct Opening(#[expect(dead_code, reason = "the lock lasts as long as the file is open")] File);

impl Living {
    /// Returns the folder of lock files, made if there is none.
    pub(super) fn new(folder: PathBuf) -> Result<Self, StoreError> {
        fs::create_dir_all(&folder).map_err(|error| StoreError::io("make the folder", error, &folder))?;
        Ok(Self { folder })
    }

    /// Waits until nobody else opens a store here, but not for as long as sealing one anew may take.
    pub(super) fn opening(&self) -> Result<Opening, StoreError> {
        let until = Instant::now() + OPENING_TIME;
        loop {
            if let Some(opening) = self.try_opening()? {
                return Ok(opening);
            }
            if Instant::now() > until {
                return Err(StoreError::InUse { path: self.folder.clone() });
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Makes sure that nobody else opens a store here; `None` if somebody does.
    pub(super) fn try_opening(&self) -> Result<Option<Opening>, StoreError> {
        let path = self.folder.join("opening");
        let file = open_lock_file(&path).map_err(|error| StoreError::io("make the lock file", error, &path))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Opening(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(StoreError::io("lock", error, &path)),
        }
    }

    /// Returns whether nobody has a store open here. To be asked while nobody can open one.
    pub(super) fn are_all_gone(&self) -> bool {
        self.are_gone(|_| false)
    }

    /// Returns whether nobody but this instance has a store open here.
    pub(super) fn others_are_gone(&self, instance: &str) -> bool {
        self.are_gone(|other| other == instance)
    }

    fn are_gone(&self, but: impl Fn(&str) -> bool) -> bool {
        let Ok(entries) = fs::read_dir(&self.folder) else { return false };
        let mut locks = entries.flatten().map(|entry| entry.path()).filter(|path| is_lock_file(path));
        !locks.any(|path| {
            let instance = path.file_stem().unwrap_or_default().to_string_lossy();
            !but(&instance) && self.is_alive(&instance)
        })
    }

    /// Returns a new sign of life.
    pub(super) fn enter(&self, _opening: &Opening) -> Result<Alive, StoreError> {
        let instance = Ulid::generate().to_string();
        let path = self.path_of(&instance);
        let lock = open_lock_file(&path).map_err(|error| StoreError::io("make the lock file", error, &path))?;
        lock.lock().map_err(|error| StoreError::io("lock", error, &path))?;
        Ok(Alive { instance, path, _lock: lock })
    }

    /// Returns whether an instance is alive. In doubt it is.
    pub(super) fn is_alive(&self, instance: &str) -> bool {
        match File::open(self.path_of(instance)) {
            Ok(file) => match file.try_lock_shared() {
                Ok(()) => false,
                Err(TryLockError::WouldBlock | TryLockError::Error(_)) => true,
            },
            Err(error) => error.kind() != io::ErrorKind::NotFound,
        }
    }

    /// Removes the lock files of the dead.
    pub(super) fn bury(&self, _opening: &Opening) {
        let Ok(entries) = fs::read_dir(&self.folder) else { return };
        for path in entries.flatten().map(|entry| entry.path()).filter(|path| is_lock_file(path)) {
            let instance = path.file_stem().unwrap_or_default().to_string_lossy();
            if !self.is_alive(&instance) {
                remove(&path);
            }
        }
    }

    fn path_of(&self, instance: &str) -> PathBuf {
        self.folder.join(instance).with_extension("lock")
    }
}

fn is_lock_file(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "lock")
}

fn open_lock_file(path: &Path) -> io::Result<File> {
    File::options().read(true).write(true).create(true).truncate(false).open(path)
}

fn remove(path: &Path) {
    if let Err(error) = fs::remove_file(path) {
        tracing::debug!("a lock file stays behind: {error}: {}", path.display());
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        remove(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_is_alive_until_it_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let living = Living::new(folder.path().join("alive")).unwrap();
        let alive = living.enter(&living.opening().unwrap()).unwrap();
        assert!(living.is_alive(&alive.instance));
        living.bury(&living.opening().unwrap());
        assert!(living.is_alive(&alive.instance));
        let instance = alive.instance.clone();
        drop(alive);
        assert!(!living.is_alive(&instance));
    }

    #[test]
    fn the_file_of_a_program_that_was_killed_is_buried() {
        let folder = tempfile::tempdir().unwrap();
        let living = Living::new(folder.path().to_owned()).unwrap();
        let left_behind = folder.path().join("01ARZ3NDEKTSV4RRFFQ69G5FAV.lock");
        fs::write(&left_behind, "").unwrap();
        assert!(!living.is_alive("01ARZ3NDEKTSV4RRFFQ69G5FAV"));
        living.bury(&living.opening().unwrap());
        assert!(!left_behind.exists());
    }
}
