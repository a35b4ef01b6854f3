//! Session files and their locks: one window at a time has a session.

use std::{
    collections::BTreeSet,
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::{Folders, FoldersError, SessionId};
use crate::{
    store::{Store, StoreError},
    value::Fingerprint,
    workflow,
};

/// A session that cannot be read, written or opened.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The folders cannot be found or made.
    #[error(transparent)]
    Folders(#[from] FoldersError),
    /// The store cannot keep or give the session's pins or baseline.
    #[error("pins and results of the session: {0}")]
    Store(#[from] StoreError),
    /// There is no store for the pins' results.
    #[error(
        "the results of {n_pins} pins are kept in memory only, because the store is not open: they are lost when the program ends"
    )]
    NoStore {
        /// How many pins.
        n_pins: usize,
    },
    /// The disk said no.
    #[error("cannot {action} the session: {source}: {}", path.display())]
    Io {
        /// `read`, `write`, `lock`, …
        action: &'static str,
        /// What the system said.
        source: io::Error,
        /// The file.
        path: PathBuf,
    },
    /// Another window has it.
    #[error("the session {id} is open in another window: close it there, or start another session")]
    InUse {
        /// The session.
        id: SessionId,
    },
    /// There is no such session.
    #[error("there is no session {id}: {}", path.display())]
    Missing {
        /// The session.
        id: SessionId,
        /// Where its file would be.
        path: PathBuf,
    },
    /// A session whose key is out of reach.
    #[error("the session {id} is encrypted, and the store that has its key is not open: {}", path.display())]
    Sealed {
        /// The session.
        id: SessionId,
        /// The file.
        path: PathBuf,
    },
    /// A session that is not what was written.
    #[error("the session is damaged ({why}); it was set aside, the workflow's own file is untouched: {}", path.display())]
    Damaged {
        /// What is wrong with it.
        why: String,
        /// Where it lies now.
        path: PathBuf,
    },
    /// Written by a newer program.
    #[error(
        "the session has format {found}, this program reads format 1: install a newer version of Pinflow to open it: {}",
        path.display()
    )]
    Newer {
        /// Its format.
        found: u32,
        /// The file.
        path: PathBuf,
    },
    /// Something in it that has no written form.
    #[error("the session cannot be written: {why}: {}", path.display())]
    Unwritable {
        /// What has none.
        why: String,
        /// The file.
        path: PathBuf,
    },
}

/// A session's file, locked until this is dropped.
#[derive(Debug)]
pub(super) struct SessionFile {
    id: SessionId,
    folder: SessionFolder,
    /// Values that are known to be on the disk, so that not every save writes them again.
    durable: Mutex<BTreeSet<Fingerprint>>,
    /// Locked as long as it is open.
    _lock: File,
}

/// The folder of session files, and the store whose key they are sealed with.
#[derive(Clone, Debug)]
pub(super) struct SessionFolder {
    path: PathBuf,
    store: Option<Store>,
}

/// What a sealed file begins with; any other is text.
const SEALED: &[u8] = b"Pinflow sealed session 1\n";

/// Held while sessions are locked or looked through, so that looking is never taken for having.
#[derive(Debug)]
pub(super) struct Looking(#[expect(dead_code, reason = "the lock lasts as long as the file is open")] File);

impl SessionFolder {
    pub(super) fn of(folders: &Folders, store: Option<&Store>) -> Result<Self, SessionError> {
        Ok(Self { path: folders.sessions()?, store: store.cloned() })
    }

    pub(super) fn path_of(&self, id: SessionId) -> PathBuf {
        self.path.join(format!("{id}.ron"))
    }

    fn lock_path_of(&self, id: SessionId) -> PathBuf {
        self.path.join(format!("{id}.lock"))
    }

    /// Waits until nobody else locks or looks through sessions, which takes a moment at most.
    pub(super) fn look(&self) -> Result<Looking, SessionError> {
        let path = self.path.join("looking.lock");
        let file = open_lock_file(&path)?;
        file.lock().map_err(|source| SessionError::Io { action: "lock", source, path })?;
        Ok(Looking(file))
    }

    /// Locks a session; fails if another window has it.
    pub(super) fn lock(&self, _looking: &Looking, id: SessionId) -> Result<SessionFile, SessionError> {
        let path = self.lock_path_of(id);
        let lock = open_lock_file(&path)?;
        match lock.try_lock() {
            Ok(()) => Ok(SessionFile { id, folder: self.clone(), durable: Mutex::default(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(SessionError::InUse { id }),
            Err(TryLockError::Error(source)) => Err(SessionError::Io { action: "lock", source, path }),
        }
    }

    /// Returns whether a window has a session. In doubt it has.
    pub(super) fn is_in_use(&self, _looking: &Looking, id: SessionId) -> bool {
        match File::open(self.lock_path_of(id)) {
            Ok(file) => file.try_lock_shared().is_err(),
            Err(error) => error.kind() != io::ErrorKind::NotFound,
        }
    }

    /// Returns all sessions that have a file, in the order they were made.
    pub(super) fn ids(&self) -> Result<Vec<SessionId>, SessionError> {
        let io = |source| SessionError::Io { action: "list", source, path: self.path.clone() };
        let mut ids = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(io)? {
            let name = entry.map_err(io)?.file_name();
            let id = name.to_str().and_then(|name| name.strip_suffix(".ron"));
            ids.extend(id.and_then(|id| id.parse::<SessionId>().ok()));
        }
        ids.sort_unstable();
        Ok(ids)
    }

    /// Returns the text of a session file. One that is not text, or was changed since it was sealed, is set aside.
    pub(super) fn read(&self, id: SessionId) -> Result<String, SessionError> {
        let path = self.path_of(id);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(SessionError::Missing { id, path }),
            Err(source) => return Err(SessionError::Io { action: "read", source, path }),
        };
        let bytes = match (bytes.strip_prefix(SEALED), &self.store) {
            (None, _) => bytes,
            (Some(_), None) => return Err(SessionError::Sealed { id, path }),
            (Some(sealed), Some(store)) => store.open_session(id, sealed).map_err(|why| self.set_aside(id, &why))?,
        };
        String::from_utf8(bytes).map_err(|error| self.set_aside(id, &error.to_string()))
    }

    /// Returns a session file as it is written: sealed if the store is.
    fn bytes_of(&self, id: SessionId, text: &str) -> Vec<u8> {
        match self.store.as_ref().filter(|store| store.is_sealed()) {
            Some(store) => [SEALED, &store.seal_session(id, text.as_bytes())].concat(),
            None => text.as_bytes().to_vec(),
        }
    }

    /// Writes all files anew: sealed with the store's key, or as text. Nobody may have a session open.
    pub(super) fn rewrite_all(&self, sealed: bool) -> Result<usize, SessionError> {
        let looking = self.look()?;
        let mut n_files = 0;
        for id in self.ids()? {
            let file = self.lock(&looking, id)?;
            let text = match self.read(id) {
                Ok(text) => text,
                Err(error @ SessionError::Damaged { .. }) => {
                    tracing::warn!("{error}");
                    continue;
                }
                Err(error) => return Err(error),
            };
            let bytes = if sealed { self.bytes_of(id, &text) } else { text.into_bytes() };
            file.replace(&bytes)?;
            n_files += 1;
        }
        Ok(n_files)
    }

    /// Renames a damaged session file, so that it is neither opened again nor lost.
    pub(super) fn set_aside(&self, id: SessionId, why: &str) -> SessionError {
        let path = self.path_of(id);
        let aside = free_name(&path.with_extension("ron.damaged"));
        match fs::rename(&path, &aside) {
            Ok(()) => SessionError::Damaged { why: why.to_owned(), path: aside },
            Err(error) => SessionError::Damaged { why: format!("{why}; it cannot be renamed: {error}"), path },
        }
    }
}

/// Returns the path, with a number after it if there is such a file already.
fn free_name(path: &Path) -> PathBuf {
    let numbered = |number: u32| {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{number}"));
        PathBuf::from(name)
    };
    std::iter::once(path.to_owned())
        .chain((2..1000).map(numbered))
        .find(|path| !path.exists())
        .unwrap_or_else(|| path.to_owned())
}

fn open_lock_file(path: &Path) -> Result<File, SessionError> {
    File::options().read(true).write(true).create(true).truncate(false).open(path).map_err(|source| SessionError::Io {
        action: "lock",
        source,
        path: path.to_owned(),
    })
}

impl SessionFile {
    pub(super) const fn id(&self) -> SessionId {
        self.id
    }

    pub(super) fn path(&self) -> PathBuf {
        self.folder.path_of(self.id)
    }

    pub(super) const fn folder(&self) -> &SessionFolder {
        &self.folder
    }

    /// Returns the values that are known to be on the disk.
    pub(super) fn durable(&self) -> MutexGuard<'_, BTreeSet<Fingerprint>> {
        self.durable.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Replaces the file whole.
    pub(super) fn write(&self, text: &str) -> Result<(), SessionError> {
        self.replace(&self.folder.bytes_of(self.id, text))
    }

    fn replace(&self, bytes: &[u8]) -> Result<(), SessionError> {
        let path = self.path();
        workflow::write_atomically(&path, bytes).map_err(|source| SessionError::Io { action: "write", source, path })
    }

    /// Removes the session's files. Its id is never used again, so nobody can be waiting for the lock.
    pub(super) fn remove(&self) -> Result<(), SessionError> {
        for path in [self.path(), self.folder.lock_path_of(self.id)] {
            match fs::remove_file(&path) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(source) => return Err(SessionError::Io { action: "remove", source, path }),
            }
        }
        Ok(())
    }
}
