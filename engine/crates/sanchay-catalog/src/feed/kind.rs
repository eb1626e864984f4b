//! What can happen to a file or folder.

use crate::block::Entry;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ChangeKind {
    /// A file that was not there.
    Added = 0,
    /// A file of more bytes than before.
    Grown = 1,
    /// A file of fewer bytes than before.
    Shrunk = 2,
    /// A file of the same size with other content, as far as its times, its inode or its hash tell.
    Changed = 3,
    /// A file, or a folder with all below it, is gone or left out now.
    Removed = 4,
    /// A file or folder has another path.
    Moved = 5,
    /// A root's first scan: what it found that was not in the catalog.
    Baseline = 6,
    /// A root was taken out of the catalog; its files are untouched.
    Forgotten = 7,
}

impl ChangeKind {
    const ALL: [Self; 8] = [
        Self::Added,
        Self::Grown,
        Self::Shrunk,
        Self::Changed,
        Self::Removed,
        Self::Moved,
        Self::Baseline,
        Self::Forgotten,
    ];

    /// The word for people and for JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Grown => "grown",
            Self::Shrunk => "shrunk",
            Self::Changed => "changed",
            Self::Removed => "removed",
            Self::Moved => "moved",
            Self::Baseline => "baseline",
            Self::Forgotten => "forgotten",
        }
    }

    pub(super) fn from_bits(bits: u8) -> Option<Self> {
        Self::ALL.get(usize::from(bits)).copied()
    }

    /// What happened between two looks at one regular file; None when at most its metadata was touched.
    pub fn between(old: &Entry, new: &Entry) -> Option<Self> {
        let same_file = old.mtime_ns == new.mtime_ns && old.inode == new.inode;
        let other_hash =
            old.algorithm == new.algorithm && old.hash.is_some() && new.hash.is_some() && old.hash != new.hash;
        match new.size_bytes.cmp(&old.size_bytes) {
            std::cmp::Ordering::Greater => Some(Self::Grown),
            std::cmp::Ordering::Less => Some(Self::Shrunk),
            std::cmp::Ordering::Equal => (!same_file || other_hash).then_some(Self::Changed),
        }
    }
}
