//! The kinds of errors, which platform and callers share.

/// What went wrong, as far as a caller may act on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The root that was asked for does not exist.
    NotFound,
    /// The path must be absolute.
    NotAbsolute,
    /// A folder is due, and this is none.
    NotAFolder,
    /// The system denies access.
    Permission,
    /// The folder is on a file system that holds no files, such as proc.
    PseudoFileSystem,
    /// The device or the file system failed.
    Io,
    /// What was there a moment ago is gone or was replaced.
    Vanished,
    /// A name or path is longer than the system takes.
    TooLong,
    /// A symbolic link stands where none is followed, or links run in a circle.
    SymlinkLoop,
    /// The system or the file system cannot do this.
    Unsupported,
    /// No space, or the quota is used up.
    DiskFull,
    /// The pattern is no valid glob.
    InvalidGlob,
}

impl ErrorKind {
    /// Every kind, so that a border can prove its translation complete.
    pub const ALL: [Self; 12] = [
        Self::NotFound,
        Self::NotAbsolute,
        Self::NotAFolder,
        Self::Permission,
        Self::PseudoFileSystem,
        Self::Io,
        Self::Vanished,
        Self::TooLong,
        Self::SymlinkLoop,
        Self::Unsupported,
        Self::DiskFull,
        Self::InvalidGlob,
    ];

    /// The kind as part of a sentence: "cannot use PATH: it ...".
    pub const fn reason(self) -> &'static str {
        match self {
            Self::NotFound => "does not exist",
            Self::NotAbsolute => "is not an absolute path",
            Self::NotAFolder => "is not a folder",
            Self::Permission => "cannot be read: permission denied",
            Self::PseudoFileSystem => "is on a pseudo file system, which holds no files of yours",
            Self::Io => "could not be read",
            Self::Vanished => "is gone or was replaced",
            Self::TooLong => "has a name or path that is too long for the system",
            Self::SymlinkLoop => "is reached through a symbolic link, which is never followed",
            Self::Unsupported => "asks for something that the system cannot do",
            Self::DiskFull => "cannot be written: the disk is full",
            Self::InvalidGlob => "is not a valid pattern",
        }
    }
}
