//! A part of a watched root that no one tells of.

use super::event::PathBytes;

/// A file system mounted below a watched root that cannot be watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolledPart {
    /// Where it is mounted.
    pub path: PathBytes,
    /// The system's name for its type, such as `fuse.sshfs`.
    pub file_system: String,
}
