//! The engine's errors: a kind, a path, a sentence. Python and everything behind it see these kinds and no others.

use sanchay_catalog::CatalogError;
use sanchay_core::path::bytes_of;
use sanchay_core::{CoreError, ErrorKind as CoreKind};
use thiserror::Error;

/// What went wrong, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The path does not exist.
    NotFound,
    /// The path is not a full path.
    NotAbsolute,
    /// A file where a folder is due.
    NotAFolder,
    /// Access is denied.
    Permission,
    /// On a file system that holds no files of a person.
    PseudoFileSystem,
    /// The daemon's own folder.
    OwnFolder,
    /// The system failed.
    Io,
    /// The catalog's disk is full.
    DiskFull,
    /// Another process holds the catalog.
    Busy,
    /// The catalog is damaged.
    Corrupt,
    /// The catalog was written by a newer program.
    NewerDatabase,
    /// The file where the catalog belongs is another program's.
    ForeignDatabase,
    /// A term of the expression makes no sense.
    InvalidQuery,
    /// An argument makes no sense.
    InvalidArgument,
    /// Settings that were stored cannot be read.
    ConfigInvalid,
    /// No such root.
    UnknownRoot,
    /// The catalog has no such path.
    UnknownPath,
    /// No such plan.
    UnknownPlan,
    /// No such run.
    UnknownRun,
    /// The plan was edited since it was shown.
    PlanEdited,
    /// A decision by which no copy of a group would stay.
    LastCopy,
    /// The catalog is closed.
    Closed,
    /// Given up on request.
    Cancelled,
    /// A fault of the program.
    Internal,
}

impl ErrorKind {
    /// All of them, for the tests that every boundary translates each.
    pub const ALL: [Self; 24] = [
        Self::NotFound,
        Self::NotAbsolute,
        Self::NotAFolder,
        Self::Permission,
        Self::PseudoFileSystem,
        Self::OwnFolder,
        Self::Io,
        Self::DiskFull,
        Self::Busy,
        Self::Corrupt,
        Self::NewerDatabase,
        Self::ForeignDatabase,
        Self::InvalidQuery,
        Self::InvalidArgument,
        Self::ConfigInvalid,
        Self::UnknownRoot,
        Self::UnknownPath,
        Self::UnknownPlan,
        Self::UnknownRun,
        Self::PlanEdited,
        Self::LastCopy,
        Self::Closed,
        Self::Cancelled,
        Self::Internal,
    ];

    /// The word that crosses boundaries.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::NotAbsolute => "not_absolute",
            Self::NotAFolder => "not_a_folder",
            Self::Permission => "permission",
            Self::PseudoFileSystem => "pseudo_file_system",
            Self::OwnFolder => "own_folder",
            Self::Io => "io",
            Self::DiskFull => "disk_full",
            Self::Busy => "busy",
            Self::Corrupt => "corrupt",
            Self::NewerDatabase => "newer_database",
            Self::ForeignDatabase => "foreign_database",
            Self::InvalidQuery => "invalid_query",
            Self::InvalidArgument => "invalid_argument",
            Self::ConfigInvalid => "config_invalid",
            Self::UnknownRoot => "unknown_root",
            Self::UnknownPath => "unknown_path",
            Self::UnknownPlan => "unknown_plan",
            Self::UnknownRun => "unknown_run",
            Self::PlanEdited => "plan_edited",
            Self::LastCopy => "last_copy",
            Self::Closed => "closed",
            Self::Cancelled => "cancelled",
            Self::Internal => "internal",
        }
    }
}

/// An error of the engine.
#[derive(Clone, Debug, Error)]
#[error("{message}")]
pub struct EngineError {
    /// For programs.
    pub kind: ErrorKind,
    /// Which path, where one is at fault.
    pub path: Option<Vec<u8>>,
    /// For people: what happened, and why.
    pub message: String,
    /// The term of an expression that is at fault, and its position in characters.
    pub term: Option<(String, usize)>,
}

impl EngineError {
    /// An error without a path.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, path: None, message: message.into(), term: None }
    }

    /// A thread of ours panicked.
    pub fn ended_abnormally(what: &str) -> Self {
        Self::new(ErrorKind::Internal, format!("{what} ended abnormally; the log has the details"))
    }

    /// An argument that makes no sense.
    pub fn invalid_argument(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidArgument, message)
    }
}

/// The kind of an error about a file or folder.
pub(crate) fn core_kind(kind: CoreKind) -> ErrorKind {
    match kind {
        CoreKind::NotFound | CoreKind::Vanished => ErrorKind::NotFound,
        CoreKind::NotAbsolute => ErrorKind::NotAbsolute,
        CoreKind::NotAFolder => ErrorKind::NotAFolder,
        CoreKind::Permission => ErrorKind::Permission,
        CoreKind::PseudoFileSystem => ErrorKind::PseudoFileSystem,
        CoreKind::Io | CoreKind::TooLong | CoreKind::SymlinkLoop | CoreKind::Unsupported => ErrorKind::Io,
        CoreKind::DiskFull => ErrorKind::DiskFull,
        CoreKind::InvalidGlob => ErrorKind::InvalidArgument,
    }
}

impl From<CoreError> for EngineError {
    fn from(error: CoreError) -> Self {
        Self { kind: core_kind(error.kind), message: error.to_string(), path: error.path, term: None }
    }
}

impl From<CatalogError> for EngineError {
    fn from(error: CatalogError) -> Self {
        let message = error.to_string();
        let (kind, path) = match error {
            CatalogError::Sqlite(_) | CatalogError::WriteFailed(_) => (ErrorKind::Io, None),
            CatalogError::DiskFull => (ErrorKind::DiskFull, None),
            CatalogError::Busy(_) => (ErrorKind::Busy, None),
            CatalogError::Corrupt(_) => (ErrorKind::Corrupt, None),
            CatalogError::Newer { path, .. } => (ErrorKind::NewerDatabase, Some(bytes_of(&path).to_vec())),
            CatalogError::Foreign { path, .. } => (ErrorKind::ForeignDatabase, Some(bytes_of(&path).to_vec())),
            CatalogError::Held { path, .. } => (ErrorKind::Busy, Some(bytes_of(&path).to_vec())),
            CatalogError::Io { path, source } => {
                let path = bytes_of(&path).to_vec();
                (core_kind(CoreError::from(source).kind), Some(path))
            }
            CatalogError::UnknownRoot(_) => (ErrorKind::UnknownRoot, None),
            CatalogError::UnknownPath(path) => (ErrorKind::UnknownPath, Some(path)),
            CatalogError::InvalidArgument(_) => (ErrorKind::InvalidArgument, None),
            CatalogError::Cancelled => (ErrorKind::Cancelled, None),
            CatalogError::Closed => (ErrorKind::Closed, None),
        };
        Self { kind, path, message, term: None }
    }
}
