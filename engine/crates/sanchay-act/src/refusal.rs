//! Why a file was left as it is.

use std::fmt;
use std::io;

use sanchay_core::{CoreError, ErrorKind};

/// What stood against an act. Each is a reason to leave one pair alone, and none is a reason to end the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The file is gone, or a folder on its way is.
    Gone,
    /// It is not what the plan saw: other size, times or inode, or no file at all.
    Changed,
    /// A symbolic link stands on the way, where none was.
    Link,
    /// A program has it open for writing, or came to write to it.
    Busy,
    /// Equal hashes, other bytes.
    OtherBytes,
    /// Both names lead to one file already, or the kept one went with the copy: one file seen twice.
    SameFile,
    /// The kept file is not at its path any more.
    KeptGone,
    /// Owner, mode, access list or extended attributes differ, and a link would take one's for both.
    OtherMetadata,
    /// It runs with its owner's or group's rights (setuid, setgid).
    SetUid,
    /// The file has as many hard links as its file system takes.
    LinkLimit,
    /// The two lie on different file systems, or parts of one between which no link leads.
    OtherVolume,
    /// The file system, or its owner, cannot do this.
    Unsupported,
    /// The folder or the file may not be changed: permission, sticky folder, immutable.
    Denied,
    /// The file system is mounted for reading only.
    ReadOnly,
    /// No space or quota is left.
    DiskFull,
    /// There is no trash for this file system, and none can be made.
    NoTrash,
    /// The name of ours is taken by something else.
    NameTaken,
    /// The caller asked for an end.
    Stopped,
    /// The device or the file system failed.
    Io,
}

impl Reason {
    /// The word by which it is stored and told.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Changed => "changed",
            Self::Link => "link",
            Self::Busy => "busy",
            Self::OtherBytes => "other-bytes",
            Self::SameFile => "same-file",
            Self::KeptGone => "kept-gone",
            Self::OtherMetadata => "other-metadata",
            Self::SetUid => "setuid",
            Self::LinkLimit => "link-limit",
            Self::OtherVolume => "other-volume",
            Self::Unsupported => "unsupported",
            Self::Denied => "denied",
            Self::ReadOnly => "read-only",
            Self::DiskFull => "disk-full",
            Self::NoTrash => "no-trash",
            Self::NameTaken => "name-taken",
            Self::Stopped => "stopped",
            Self::Io => "io",
        }
    }
}

/// A pair that was left as it is.
#[derive(Debug)]
pub struct Refusal {
    /// Why.
    pub reason: Reason,
    /// Whether it is about the kept file; else about the copy.
    pub of_kept: bool,
    /// What the system said.
    pub source: Option<io::Error>,
}

impl Refusal {
    /// A reason that we found ourselves, about the copy.
    pub const fn new(reason: Reason) -> Self {
        Self { reason, of_kept: false, source: None }
    }

    /// The same, about the kept file.
    #[must_use]
    pub const fn of_kept(mut self) -> Self {
        self.of_kept = true;
        self
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.reason.word())?;
        match &self.source {
            Some(source) => write!(formatter, " ({source})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Refusal {}

impl From<CoreError> for Refusal {
    fn from(error: CoreError) -> Self {
        let reason = match error.kind {
            ErrorKind::NotFound | ErrorKind::Vanished => Reason::Gone,
            ErrorKind::SymlinkLoop | ErrorKind::NotAFolder => Reason::Link,
            ErrorKind::Permission => Reason::Denied,
            ErrorKind::DiskFull => Reason::DiskFull,
            ErrorKind::Unsupported => Reason::Unsupported,
            _ => Reason::Io,
        };
        Self { reason, of_kept: false, source: Some(error.source) }
    }
}

#[cfg(unix)]
impl From<rustix::io::Errno> for Refusal {
    fn from(error: rustix::io::Errno) -> Self {
        use rustix::io::Errno;
        let reason = match error {
            Errno::NOENT => Reason::Gone,
            Errno::LOOP | Errno::NOTDIR => Reason::Link,
            Errno::ACCESS | Errno::PERM => Reason::Denied,
            Errno::ROFS => Reason::ReadOnly,
            Errno::NOSPC | Errno::DQUOT | Errno::FBIG => Reason::DiskFull,
            Errno::MLINK => Reason::LinkLimit,
            Errno::XDEV => Reason::OtherVolume,
            Errno::EXIST => Reason::NameTaken,
            Errno::NOSYS | Errno::OPNOTSUPP | Errno::INVAL => Reason::Unsupported,
            Errno::TXTBSY | Errno::BUSY => Reason::Busy,
            _ => Reason::Io,
        };
        Self { reason, of_kept: false, source: Some(error.into()) }
    }
}
