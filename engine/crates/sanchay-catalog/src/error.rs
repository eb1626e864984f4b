//! What can go wrong with the catalog, and nothing else.

use std::path::{Path, PathBuf};

use thiserror::Error;

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
    #[error("the catalog is damaged: {0}")]
    Corrupt(String),
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
        Self::Corrupt("a block of entries cannot be read".to_owned())
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
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Corrupt(error.to_string()),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy(error),
            _ => Self::Sqlite(error),
        }
    }
}

fn is_write_failure(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|inner| inner.extended_code == rusqlite::ffi::SQLITE_IOERR_WRITE)
}
