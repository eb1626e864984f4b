//! What can go wrong with the catalog, and nothing else.

use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::damage::{meet, Harm};

/// An error of the catalog. Each has a kind that every boundary translates.
#[derive(Debug, Error)]
pub enum CatalogError {
    /// SQLite's own words, for what has no better name.
    #[error("the catalog could not be used: {0}")]
    Sqlite(#[source] rusqlite::Error),
    /// The disk that holds the catalog is full.
    #[error("the disk that holds the catalog is full")]
    DiskFull,
    /// Another process holds the file.
    #[error("another process has held the catalog locked for too long: {0}")]
    Busy(#[source] rusqlite::Error),
    /// A page or a block does not read as what it should be.
    #[error("the catalog is damaged ({0}): the next start moves the file aside and rebuilds it from the folders")]
    Corrupt(String),
    /// A write failed before, and what was to be written is lost.
    #[error("the catalog could not be written: {0}")]
    WriteFailed(String),
    /// Written by a newer program: left as it is.
    #[error("the catalog {path} is of version {found}, newer than this program's {known}; it was left untouched")]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The newest version known here.
        known: i64,
    },
    /// Another program's file: left as it is.
    #[error(
        "{path} is not a Sanchay catalog: {reason}. It was left untouched: choose another place for the catalog, or move this \
         file away"
    )]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it is instead.
        reason: String,
    },
    /// Open elsewhere.
    #[error("the catalog {path} is in use by {owner}; end that first, or choose another place for the catalog")]
    Held {
        /// The file.
        path: PathBuf,
        /// Who has it open.
        owner: String,
    },
    /// The folder or file could not be reached.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// No such root.
    #[error("there is no root {0}")]
    UnknownRoot(String),
    /// A path that the catalog does not have.
    #[error("{} is not in the catalog", String::from_utf8_lossy(.0))]
    UnknownPath(Vec<u8>),
    /// An argument that makes no sense.
    #[error("{0}")]
    InvalidArgument(String),
    /// The work was given up on request.
    #[error("cancelled")]
    Cancelled,
    /// The catalog is closed, or closing.
    #[error("the catalog is closed")]
    Closed,
}

impl CatalogError {
    /// A block whose bytes make no sense.
    pub fn corrupt_block() -> Self {
        Self::corrupt("a block of entries cannot be read")
    }

    /// Damage that was met just now, on this thread: it will be noted.
    pub(crate) fn corrupt(reason: impl Into<String>) -> Self {
        let reason = reason.into();
        meet(Harm::Damaged(reason.clone()));
        Self::Corrupt(reason)
    }

    /// An I/O error at `path`.
    pub fn io(path: &Path, source: std::io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }

    /// Whether waiting may mend it: the disk may get room again.
    pub fn is_disk_full(&self) -> bool {
        matches!(self, Self::DiskFull)
    }
}

impl From<rusqlite::Error> for CatalogError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::DiskFull,
            // A file-size limit or a full thin volume shows as a failed write.
            Some(ErrorCode::SystemIoFailure) if is_write_failure(&error) => Self::DiskFull,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::corrupt(error.to_string()),
            Some(ErrorCode::OperationInterrupted) => Self::Cancelled,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy(error),
            _ => {
                if is_read_failure(&error) {
                    meet(Harm::Unreadable(error.to_string()));
                }
                Self::Sqlite(error)
            }
        }
    }
}

/// The disk did not give a page that it should have.
pub(crate) fn is_read_failure(error: &rusqlite::Error) -> bool {
    use rusqlite::ffi::{SQLITE_IOERR_CORRUPTFS, SQLITE_IOERR_DATA, SQLITE_IOERR_READ};
    error.sqlite_error().is_some_and(|inner| {
        [SQLITE_IOERR_READ, SQLITE_IOERR_CORRUPTFS, SQLITE_IOERR_DATA].contains(&inner.extended_code)
    })
}

fn is_write_failure(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|inner| inner.extended_code == rusqlite::ffi::SQLITE_IOERR_WRITE)
}
