//! What can go wrong with the journal.

use std::path::{Path, PathBuf};

use thiserror::Error;

/// An error of the journal. While there is none, nothing is acted on.
#[derive(Debug, Error)]
pub enum JournalError {
    /// SQLite's own words.
    #[error("the journal could not be used: {0}")]
    Sqlite(#[source] rusqlite::Error),
    /// Its disk is full: what was to be noted is not, and so was not done.
    #[error("the disk that holds the journal is full")]
    DiskFull,
    /// Written by a newer program: left as it is.
    #[error("the journal {path} is of version {found}, newer than this program's {known}; it was left untouched")]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The newest version known here.
        known: i64,
    },
    /// Another program's file, or the journal of another catalog: left as it is.
    #[error("{path} is not the journal of this catalog: {reason}. It was left untouched")]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it is instead.
        reason: String,
    },
    /// The file could not be reached, backed up or moved aside.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// No such plan.
    #[error("there is no plan {0}")]
    UnknownPlan(i64),
    /// No such run.
    #[error("there is no run {0}")]
    UnknownRun(i64),
    /// No such copy or finding.
    #[error("there is no {0}")]
    Unknown(String),
    /// A group of a plan has no copy at this path.
    #[error("group {group} of plan {plan} has no copy at this path")]
    UnknownCopy {
        /// The plan.
        plan: i64,
        /// The group's number.
        group: i64,
        /// The path.
        path: Vec<u8>,
    },
    /// Someone edited the plan since it was shown.
    #[error("plan {plan} was edited since: it is at version {found}, not {shown}")]
    Edited {
        /// The plan.
        plan: i64,
        /// The version that was shown.
        shown: i64,
        /// The version now.
        found: i64,
    },
    /// A decision that would let the last copy go.
    #[error("the last copy of a group cannot go")]
    LastCopy,
}

impl JournalError {
    pub(super) fn io(path: &Path, source: std::io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }

    /// Whether the file itself is damaged, by what SQLite says.
    pub(super) fn is_damage(&self) -> bool {
        use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
        matches!(self, Self::Sqlite(error) if matches!(error.sqlite_error_code(), Some(DatabaseCorrupt | NotADatabase)))
    }
}

impl From<rusqlite::Error> for JournalError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => Self::DiskFull,
            _ => Self::Sqlite(error),
        }
    }
}
