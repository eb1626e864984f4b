//! What a worker hands to the writer: one directory, compared, packed and counted already.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;

use crate::block::{EncodedBlock, Entry, EntryId};
use crate::content::Staged;
use crate::feed::ChangeList;

/// A directory's own row.
#[derive(Clone, Debug)]
pub struct DirectoryRow {
    /// Its id, from [`crate::Catalog::next_directory_id`] or the catalog.
    pub id: i64,
    /// Its parent's id; 0 for the top of a tree.
    pub parent: i64,
    /// Its name; for a top the whole path.
    pub name: Vec<u8>,
    /// Volume id in the catalog.
    pub volume: i64,
    /// On that volume.
    pub inode: u64,
    /// Unix time.
    pub mtime_ns: i64,
    /// It could not be listed: its rows are older than the scan.
    pub unreadable: bool,
    /// Something is mounted there: other than the folder above it, it may go away without being gone.
    pub mounted: bool,
}

/// One block to write.
#[derive(Clone, Debug)]
pub struct BlockWrite {
    /// Its row id.
    pub id: i64,
    /// The packed entries.
    pub block: EncodedBlock,
    /// Slots, for sizing transactions.
    pub entries: usize,
    /// It is written over an older state of the same block.
    pub over: bool,
}

/// What a roll-up counts by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum RollupKind {
    /// Extension id.
    Extension = 0,
    /// Position of the highest set bit of the size, plus one; 0: empty.
    SizeClass = 1,
    /// User id.
    Owner = 2,
    /// Day of modification, days since 1970 (UTC).
    Day = 3,
}

/// A change of one roll-up row.
#[derive(Clone, Copy, Debug)]
pub struct RollupDelta {
    /// What it counts by.
    pub kind: RollupKind,
    /// Which.
    pub key: i64,
    /// Files more, or fewer.
    pub files: i64,
    /// Bytes more, or fewer.
    pub bytes: i64,
}

/// A change of a directory's totals, before it is carried up to its ancestors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UsageDelta {
    /// Regular files.
    pub files: i64,
    /// Directories, itself included.
    pub directories: i64,
    /// Apparent bytes.
    pub bytes: i64,
    /// Allocated bytes.
    pub allocated: i64,
    /// Newest modification seen; `i64::MIN`: none.
    pub newest_ns: i64,
}

impl UsageDelta {
    /// Nothing.
    pub fn none() -> Self {
        Self { newest_ns: i64::MIN, ..Self::default() }
    }

    /// Counts `entry` in (`sign` 1) or out (-1), where it is a regular file.
    pub fn count(&mut self, entry: &Entry, sign: i64) {
        if entry.is_file() {
            self.files += sign;
            self.bytes += sign * entry.size_bytes as i64;
            self.allocated += sign * entry.allocated_bytes as i64;
            if sign > 0 {
                self.newest_ns = self.newest_ns.max(entry.mtime_ns);
            }
        }
    }

    /// Adds another.
    pub fn add(&mut self, other: &Self) {
        self.files += other.files;
        self.directories += other.directories;
        self.bytes += other.bytes;
        self.allocated += other.allocated;
        self.newest_ns = self.newest_ns.max(other.newest_ns);
    }

    /// Whether it changes nothing.
    pub fn is_none(&self) -> bool {
        *self == Self::none()
    }
}

/// Roll-up changes, gathered.
#[derive(Clone, Debug, Default)]
pub struct Rollups(pub Vec<RollupDelta>);

impl Rollups {
    /// Counts `entry` in or out, where it is a regular file.
    pub fn count(&mut self, entry: &Entry, sign: i64) {
        if !entry.is_file() {
            return;
        }
        let bytes = sign * entry.size_bytes as i64;
        let day = entry.mtime_ns.div_euclid(86_400_000_000_000);
        let size_class = i64::from(64 - entry.size_bytes.leading_zeros());
        self.add(RollupKind::Extension, i64::from(entry.extension), sign, bytes);
        self.add(RollupKind::SizeClass, size_class, sign, bytes);
        self.add(RollupKind::Owner, i64::from(entry.owner), sign, bytes);
        self.add(RollupKind::Day, day, sign, bytes);
    }

    fn add(&mut self, kind: RollupKind, key: i64, files: i64, bytes: i64) {
        // A directory's files share most keys: the last few rows nearly always have it.
        match self.0.iter_mut().rev().take(24).find(|delta| delta.kind == kind && delta.key == key) {
            Some(delta) => {
                delta.files += files;
                delta.bytes += bytes;
            }
            None => self.0.push(RollupDelta { kind, key, files, bytes }),
        }
    }
}

/// Changes that are sent one after the other and build on each other: a folder's row comes before those below it. Once one
/// of them was dropped, so are all that follow.
#[derive(Debug, Default)]
pub struct Stream {
    abandoned: AtomicBool,
    broken: AtomicBool,
}

impl Stream {
    /// No one wants these changes any more: a full disk drops them.
    pub fn abandon(&self) {
        self.abandoned.store(true, Ordering::Relaxed);
    }

    /// Whether no one wants them any more.
    pub fn is_abandoned(&self) -> bool {
        self.abandoned.load(Ordering::Relaxed)
    }

    /// One of them was dropped.
    pub(super) fn break_off(&self) {
        self.broken.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Relaxed)
    }
}

/// Everything that one directory's look brought.
#[derive(Clone, Debug)]
pub struct DirectoryChange {
    /// Top directory of its tree.
    pub tree: i64,
    /// Whose.
    pub directory: i64,
    /// Its parent, for carrying totals up.
    pub parent: i64,
    /// Its row, where it is new or changed.
    pub row: Option<DirectoryRow>,
    /// Blocks, new or over older ones.
    pub blocks: Vec<BlockWrite>,
    /// Totals more or fewer.
    pub usage: UsageDelta,
    /// Roll-ups more or fewer.
    pub rollups: Rollups,
    /// Keys for the content index.
    pub staged: Vec<Staged>,
    /// Keys that it must lose.
    pub unstaged: Vec<(i64, EntryId)>,
    /// Folded names for the name index; only of blocks that it covers already.
    pub names_added: Vec<(EntryId, String)>,
    /// Entries that the name index must lose.
    pub names_removed: Vec<EntryId>,
    /// What the change feed is to say of it.
    pub changes: ChangeList,
    /// Whose changes this is one of.
    pub stream: Arc<Stream>,
}

impl DirectoryChange {
    /// A change that changes nothing yet.
    pub fn new(tree: i64, directory: i64, parent: i64, stream: Arc<Stream>) -> Self {
        Self {
            tree,
            directory,
            parent,
            row: None,
            blocks: Vec::new(),
            usage: UsageDelta::none(),
            rollups: Rollups::default(),
            staged: Vec::new(),
            unstaged: Vec::new(),
            names_added: Vec::new(),
            names_removed: Vec::new(),
            changes: ChangeList::default(),
            stream,
        }
    }

    /// Whether writing it would change the catalog.
    pub fn is_empty(&self) -> bool {
        self.row.is_none() && self.blocks.is_empty() && self.usage.is_none()
    }

    /// Slots it writes.
    pub fn entries(&self) -> usize {
        self.blocks.iter().map(|block| block.entries).sum()
    }
}
