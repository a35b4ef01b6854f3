//! What a store cannot do, said so that a person can help.

use std::{
    io,
    path::{Path, PathBuf},
};

use rusqlite::ErrorCode;

use super::RunId;
use crate::value::Fingerprint;

/// What a store cannot do, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A kept value is not there.
    #[error("the kept value {0:?} is gone: run the node again")]
    Lost(Fingerprint),
    /// A kept value is not what was written.
    #[error("the kept value {fingerprint:?} is damaged ({why}): run the node again")]
    Damaged {
        /// The value that was asked for.
        fingerprint: Fingerprint,
        /// What is wrong with it.
        why: String,
    },
    /// Something else that was kept cannot be read.
    #[error("{what} cannot be read: {why}")]
    Unreadable {
        /// What was asked for.
        what: String,
        /// What is wrong with it.
        why: String,
    },
    /// Something that has no written form.
    #[error("{what} cannot be kept: {why}")]
    Unwritable {
        /// What was to be kept.
        what: String,
        /// Why it cannot.
        why: String,
    },
    /// A run that is not in the history.
    #[error("the run {0} is not in the history")]
    NoRun(RunId),
    /// A store of a newer program.
    #[error(
        "the store has format {found}, this program knows formats up to {known}: install a newer version of Pinflow to use it: {}",
        path.display()
    )]
    Newer {
        /// Its format.
        found: i64,
        /// The newest format known.
        known: i64,
        /// The database.
        path: PathBuf,
    },
    /// A file that is no store, or no longer one.
    #[error("the store cannot be read ({why}): move it away to begin with an empty one: {}", path.display())]
    NotAStore {
        /// What is wrong with it.
        why: String,
        /// The database.
        path: PathBuf,
    },
    /// No room is left.
    #[error("the disk is full: make room; what could not be written is tried again with the next run: {}", path.display())]
    Full {
        /// The database.
        path: PathBuf,
    },
    /// Writing is not allowed.
    #[error("the store may not be written: check the permissions of the folder and whether the disk is mounted read-only: {}", path.display())]
    ReadOnly {
        /// The database.
        path: PathBuf,
    },
    /// Another program holds it.
    #[error("another program keeps the store locked: close it or wait, then try again: {}", path.display())]
    Locked {
        /// The database.
        path: PathBuf,
    },
    /// The system said no.
    #[error("cannot {action}: {source}: {}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// What the system said.
        source: io::Error,
        /// The file or folder.
        path: PathBuf,
    },
    /// The database said no.
    #[error("the store failed: {source}: {}", path.display())]
    Sqlite {
        /// What the database said.
        source: rusqlite::Error,
        /// The database.
        path: PathBuf,
    },
    /// The key that everything is sealed with is not there, or not right.
    #[error("the store cannot be opened: {why}: {}", path.display())]
    Key {
        /// What is wrong with it.
        why: String,
        /// The store's folder.
        path: PathBuf,
    },
    /// A passphrase is needed and none was given.
    #[error("the store is encrypted with a passphrase, which is needed to open it: {}", path.display())]
    PassphraseNeeded {
        /// The store's folder.
        path: PathBuf,
    },
    /// The passphrase is not the one the store was sealed with.
    #[error("the passphrase is not the store's: try again: {}", path.display())]
    WrongPassphrase {
        /// The store's folder.
        path: PathBuf,
    },
    /// Something needs the store for itself, and another program has it open.
    #[error("another program has the store open: close all windows and wait for runs to end, then try again: {}", path.display())]
    InUse {
        /// The store's folder.
        path: PathBuf,
    },
    /// Pinned data or pins were changed from inside a change of pinned data.
    #[error("the store cannot be written from inside a change of pinned data: do it before or after")]
    Nested,
    /// The thread that writes ended.
    #[error("the store no longer writes: start the program again: {}", path.display())]
    Stopped {
        /// The database.
        path: PathBuf,
    },
}

impl StoreError {
    /// Returns what the database said, in words of this program.
    pub(super) fn sqlite(source: rusqlite::Error, path: &Path) -> Self {
        let path = path.to_owned();
        match source.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full { path },
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Self::ReadOnly { path },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked { path },
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
                Self::NotAStore { why: source.to_string(), path }
            }
            _ => Self::Sqlite { source, path },
        }
    }

    /// Returns what the system said about a file or folder.
    pub(super) fn io(action: &'static str, source: io::Error, path: &Path) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { path },
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly { path },
            _ => Self::Io { action, source, path },
        }
    }

    /// Returns whether trying again later may work: what is wrong lies outside what was to be written.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Full { .. } | Self::ReadOnly { .. } | Self::Locked { .. } | Self::Io { .. } => true,
            Self::Sqlite { source, .. } => {
                matches!(source.sqlite_error_code(), Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen))
            }
            _ => false,
        }
    }
}
