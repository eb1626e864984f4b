//! One error type for the crate: a kind to act on, the path it is about, and the system's own words.
//!
//! Making one costs nothing but the path, and the hot path leaves the path out: a caller that knows it adds it with
//! [`CoreError::at`]. Text is made only when the error is shown.

use std::fmt;
use std::io;

pub use crate::error_kind::ErrorKind;

/// A failed operation on a file or folder.
#[derive(Debug)]
pub struct CoreError {
    /// What went wrong.
    pub kind: ErrorKind,
    /// The path or pattern it is about, as raw bytes, where the place that failed knew it.
    pub path: Option<Vec<u8>>,
    /// What the system said.
    pub source: io::Error,
}

impl CoreError {
    /// An error of a kind of our own finding, with a sentence for a person.
    pub fn new(kind: ErrorKind, path: Option<Vec<u8>>, message: impl Into<String>) -> Self {
        Self { kind, path, source: io::Error::other(message.into()) }
    }

    /// Whether the system says that nothing has this name. Every other error says nothing of what is there.
    pub const fn is_gone(&self) -> bool {
        matches!(self.kind, ErrorKind::Vanished | ErrorKind::NotFound)
    }

    /// Whether this process or the system is short of descriptors or memory: that says nothing of what is at the path.
    pub fn is_of_process(&self) -> bool {
        self.source.kind() == io::ErrorKind::OutOfMemory
            || self.source.raw_os_error().is_some_and(crate::platform::is_out_of_descriptors)
    }

    /// Whether no folder has this name, as far as the system tells by one path: nothing does, or a file or a link.
    pub const fn is_no_folder(&self) -> bool {
        self.is_gone() || matches!(self.kind, ErrorKind::NotAFolder | ErrorKind::SymlinkLoop)
    }

    /// The same error, told to be about this path unless it knows a path already.
    #[must_use]
    pub fn at(mut self, path: &[u8]) -> Self {
        if self.path.is_none() {
            self.path = Some(path.to_vec());
        }
        self
    }
}

impl From<io::Error> for CoreError {
    fn from(source: io::Error) -> Self {
        Self { kind: kind_of(&source), path: None, source }
    }
}

impl fmt::Display for CoreError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.path {
            Some(path) => write!(formatter, "{} {}", crate::path::display(path), self.kind.reason())?,
            None => formatter.write_str(self.kind.reason())?,
        }
        write!(formatter, " ({})", self.source)
    }
}

impl std::error::Error for CoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

/// The one mapping from the system's errors to ours.
fn kind_of(error: &io::Error) -> ErrorKind {
    if let Some(kind) = error.raw_os_error().and_then(crate::platform::error_kind) {
        return kind;
    }
    match error.kind() {
        io::ErrorKind::NotFound => ErrorKind::Vanished,
        io::ErrorKind::PermissionDenied => ErrorKind::Permission,
        io::ErrorKind::NotADirectory => ErrorKind::NotAFolder,
        io::ErrorKind::InvalidFilename => ErrorKind::TooLong,
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ErrorKind::DiskFull,
        io::ErrorKind::Unsupported => ErrorKind::Unsupported,
        // The rest differs in words, not in what a caller can do: count the file as unread and go on.
        _ => ErrorKind::Io,
    }
}

#[cfg(test)]
mod tests {
    use super::{CoreError, ErrorKind};
    use std::io;

    #[test]
    fn an_error_names_path_reason_and_cause() {
        let error = CoreError::from(io::Error::from(io::ErrorKind::PermissionDenied)).at(b"/a/\xff");
        assert_eq!(error.kind, ErrorKind::Permission);
        assert_eq!(error.to_string(), r"$'/a/\xff' cannot be read: permission denied (permission denied)");
        assert_eq!(error.at(b"/b").path.as_deref(), Some(&b"/a/\xff"[..]));
    }

    #[cfg(unix)]
    #[test]
    fn a_shortage_of_descriptors_is_no_absence() {
        for number in [rustix::io::Errno::MFILE, rustix::io::Errno::NFILE, rustix::io::Errno::NOMEM] {
            let error = CoreError::from(io::Error::from(number));
            assert!(error.is_of_process() && !error.is_gone() && !error.is_no_folder(), "{error}");
            assert_eq!(error.kind, ErrorKind::Io);
        }
        assert!(!CoreError::from(io::Error::from(rustix::io::Errno::NOENT)).is_of_process());
    }

    #[test]
    fn every_kind_has_its_own_reason() {
        let reasons: std::collections::HashSet<_> = ErrorKind::ALL.iter().map(|kind| kind.reason()).collect();
        assert_eq!(reasons.len(), ErrorKind::ALL.len());
    }
}
