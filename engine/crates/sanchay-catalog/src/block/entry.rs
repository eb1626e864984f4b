//! One entry, and the packing of many.

use sanchay_core::{Algorithm, ContentHash, FileKind, FileStat, Witness};

use super::column::{self, TAIL_PADDING};
use super::contents;

/// Slots in a block.
pub const BLOCK_SLOTS: usize = 256;

/// Names an entry for ever: its block and its slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId(pub u64);

impl EntryId {
    /// The entry in `slot` of `block`.
    pub fn new(block: i64, slot: usize) -> Self {
        Self((block as u64) << 8 | slot as u64)
    }

    /// The block's row id.
    pub fn block(self) -> i64 {
        (self.0 >> 8) as i64
    }

    /// The slot in the block.
    pub fn slot(self) -> usize {
        (self.0 & 0xff) as usize
    }
}

/// What an entry is. Directories are rows of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum EntryKind {
    /// A slot that was given up.
    Dead = 0,
    /// A regular file.
    File = 1,
    /// A symbolic link: recorded, never followed.
    Symlink = 2,
    /// A FIFO, socket or device: recorded, never opened.
    Special = 3,
}

impl From<FileKind> for EntryKind {
    fn from(kind: FileKind) -> Self {
        match kind {
            FileKind::File => Self::File,
            FileKind::Symlink => Self::Symlink,
            FileKind::Directory | FileKind::Special => Self::Special,
        }
    }
}

/// What is known of a file's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum HashState {
    /// Not asked for.
    None = 0,
    /// To be read.
    Pending = 1,
    /// Read whole, and the witness held still.
    Hashed = 2,
    /// Read whole, but modified so recently that a second write could bear the same stamp: read again at the next look.
    Racy = 3,
    /// It changed while it was read.
    Unstable = 4,
    /// It could not be read.
    Unreadable = 5,
}

impl HashState {
    /// Whether an entry in this state carries a hash.
    pub fn has_hash(self) -> bool {
        matches!(self, Self::Hashed | Self::Racy)
    }

    /// The word for people and for JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Pending => "pending",
            Self::Hashed | Self::Racy => "hashed",
            Self::Unstable => "unstable",
            Self::Unreadable => "unreadable",
        }
    }

    pub(super) fn from_bits(bits: u8) -> Self {
        match bits {
            1 => Self::Pending,
            2 => Self::Hashed,
            3 => Self::Racy,
            4 => Self::Unstable,
            5 => Self::Unreadable,
            _ => Self::None,
        }
    }
}

/// An entry without its name, which is borrowed beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub kind: EntryKind,
    /// The witness and the other stamps.
    pub size_bytes: u64,
    /// Bytes of allocated blocks.
    pub allocated_bytes: u64,
    /// Unix time.
    pub mtime_ns: i64,
    /// Unix time.
    pub ctime_ns: i64,
    /// Unix time; None where the file system does not say.
    pub birth_ns: Option<i64>,
    /// Inode on its volume.
    pub inode: u64,
    /// The catalog's id of its volume where that is not its folder's, else 0: a file can be mounted by itself.
    pub volume: i64,
    /// Names that the file system counts.
    pub links: u32,
    /// User id.
    pub owner: u32,
    /// Id in the table of extensions; 0: none.
    pub extension: u32,
    /// What is known of the content.
    pub hash_state: HashState,
    /// Of the hash.
    pub algorithm: Algorithm,
    /// Present exactly when the state says so.
    pub hash: Option<ContentHash>,
}

impl Entry {
    /// A given-up slot.
    pub fn dead() -> Self {
        Self {
            kind: EntryKind::Dead,
            size_bytes: 0,
            allocated_bytes: 0,
            mtime_ns: 0,
            ctime_ns: 0,
            birth_ns: None,
            inode: 0,
            volume: 0,
            links: 0,
            owner: 0,
            extension: 0,
            hash_state: HashState::None,
            algorithm: Algorithm::Blake3,
            hash: None,
        }
    }

    /// An entry as the file system shows it, with nothing known of its content.
    pub fn from_stat(stat: &FileStat, extension: u32) -> Self {
        Self {
            kind: stat.kind.into(),
            size_bytes: stat.size_bytes,
            allocated_bytes: stat.allocated_bytes,
            mtime_ns: stat.mtime_ns,
            ctime_ns: stat.ctime_ns,
            birth_ns: stat.birth_ns,
            inode: stat.inode,
            volume: 0,
            links: stat.links,
            owner: stat.owner,
            extension,
            hash_state: HashState::None,
            algorithm: Algorithm::Blake3,
            hash: None,
        }
    }

    /// What its hash is trusted under.
    #[inline]
    pub fn witness(&self) -> Witness {
        Witness { inode: self.inode, size_bytes: self.size_bytes, mtime_ns: self.mtime_ns, ctime_ns: self.ctime_ns }
    }

    /// The hash of its content, as far as it is known: that of an empty file is, though no one has read it.
    pub fn known_hash(&self) -> Option<ContentHash> {
        let is_empty = self.is_file() && self.size_bytes == 0 && self.hash_state == HashState::None;
        self.hash.or_else(|| is_empty.then(|| ContentHash::of_nothing(self.algorithm)))
    }

    /// Whether it is a regular file: what `files` counts.
    pub fn is_file(&self) -> bool {
        self.kind == EntryKind::File
    }
}

/// An entry with its name.
#[derive(Clone, Copy, Debug)]
pub struct EntryRef<'a> {
    /// The exact bytes; empty for a dead slot.
    pub name: &'a [u8],
    /// All the rest.
    pub entry: Entry,
}

/// Bounds over the regular files of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone {
    /// Regular files.
    pub files: u32,
    /// Regular files that have other names.
    pub linked: u32,
    /// What is known of their contents: bits of [`contents`].
    pub contents: i64,
    /// Smallest and largest apparent size, bytes.
    pub size_bytes: (i64, i64),
    /// Oldest and newest modification, whole seconds.
    pub mtime_s: (i64, i64),
}

/// The two blobs of a block and its bounds.
#[derive(Clone, Debug)]
pub struct EncodedBlock {
    /// Bounds for passing over it.
    pub zone: Zone,
    /// What filters look at.
    pub columns: Vec<u8>,
    /// Names, witnesses, hashes.
    pub detail: Vec<u8>,
}

pub(super) const KIND_MASK: u8 = 0b11;
pub(super) const STATE_SHIFT: u8 = 2;
pub(super) const STATE_MASK: u8 = 0b111;
pub(super) const SHA256_BIT: u8 = 1 << 5;
pub(super) const BIRTH_BIT: u8 = 1 << 6;
/// Its volume is not its folder's, and stands behind the hashes.
pub(super) const VOLUME_BIT: u8 = 1 << 7;
pub(super) const VOLUME_BYTES: usize = 8;

/// Allocation that most files have: whole 4 KiB blocks. Only the difference is stored.
pub(super) fn usual_allocation(size_bytes: u64) -> i64 {
    (size_bytes.div_ceil(4096) * 4096) as i64
}

fn flags(entry: &Entry) -> u8 {
    let mut flags = entry.kind as u8 | (entry.hash_state as u8) << STATE_SHIFT;
    if entry.algorithm == Algorithm::Sha256 {
        flags |= SHA256_BIT;
    }
    if entry.birth_ns.is_some() {
        flags |= BIRTH_BIT;
    }
    if entry.volume != 0 {
        flags |= VOLUME_BIT;
    }
    flags
}

/// Packs up to [`BLOCK_SLOTS`] entries, in slot order.
pub fn encode(entries: &[EntryRef<'_>]) -> EncodedBlock {
    debug_assert!(entries.len() <= BLOCK_SLOTS);
    let all = || entries.iter().map(|item| &item.entry);
    let mut columns = Vec::with_capacity(entries.len() * 14 + 64);
    column::put_varint(&mut columns, entries.len() as u64);
    column::encode(&mut columns, all().map(|e| i64::from(flags(e))));
    column::encode(&mut columns, all().map(|e| e.size_bytes as i64));
    column::encode(&mut columns, all().map(|e| e.mtime_ns.div_euclid(1_000_000_000)));
    column::encode(&mut columns, all().map(|e| i64::from(e.extension)));
    column::encode(&mut columns, all().map(|e| e.birth_ns.unwrap_or(e.mtime_ns).div_euclid(1_000_000_000)));
    column::encode(&mut columns, all().map(|e| i64::from(e.owner)));
    column::encode(&mut columns, all().map(|e| i64::from(e.links)));
    columns.extend_from_slice(&[0; TAIL_PADDING]);

    let mut detail = Vec::with_capacity(entries.len() * 72 + 64);
    column::encode(&mut detail, all().map(|e| e.inode as i64));
    column::encode(&mut detail, all().map(|e| e.mtime_ns.rem_euclid(1_000_000_000)));
    column::encode(&mut detail, all().map(|e| e.ctime_ns.wrapping_sub(e.mtime_ns)));
    column::encode(&mut detail, all().map(|e| e.birth_ns.map_or(0, |birth_ns| birth_ns.wrapping_sub(e.mtime_ns))));
    column::encode(&mut detail, all().map(|e| (e.allocated_bytes as i64).wrapping_sub(usual_allocation(e.size_bytes))));
    column::encode(&mut detail, entries.iter().map(|item| item.name.len() as i64));
    for item in entries {
        detail.extend_from_slice(item.name);
    }
    for hash in all().filter_map(|e| e.hash) {
        detail.extend_from_slice(hash.as_bytes());
    }
    for volume in all().map(|e| e.volume).filter(|volume| *volume != 0) {
        detail.extend_from_slice(&volume.to_le_bytes());
    }
    detail.extend_from_slice(&[0; TAIL_PADDING]);
    EncodedBlock { zone: zone(entries), columns, detail }
}

fn zone(entries: &[EntryRef<'_>]) -> Zone {
    let mut zone = Zone { files: 0, linked: 0, contents: 0, size_bytes: (i64::MAX, -1), mtime_s: (i64::MAX, i64::MIN) };
    for entry in entries.iter().map(|item| &item.entry).filter(|entry| entry.is_file()) {
        let (size_bytes, mtime_s) = (entry.size_bytes as i64, entry.mtime_ns.div_euclid(1_000_000_000));
        zone.files += 1;
        zone.linked += u32::from(entry.links > 1);
        zone.contents |= contents_of(entry);
        zone.size_bytes = (zone.size_bytes.0.min(size_bytes), zone.size_bytes.1.max(size_bytes));
        zone.mtime_s = (zone.mtime_s.0.min(mtime_s), zone.mtime_s.1.max(mtime_s));
    }
    zone
}

/// What is known of the content of one file: bits of [`contents`].
fn contents_of(entry: &Entry) -> i64 {
    match entry.hash_state {
        HashState::Hashed | HashState::Racy => contents::hashed_with(entry.algorithm),
        HashState::Pending | HashState::Unstable | HashState::Unreadable => contents::OPEN,
        HashState::None if entry.size_bytes > 0 => contents::UNREAD,
        HashState::None => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_has_the_witness_of_its_file() {
        let place = tempfile::NamedTempFile::new().unwrap();
        let folder = sanchay_core::RootDir::open(place.path().parent().unwrap()).unwrap();
        let name = sanchay_core::path::bytes_of(place.path().file_name().unwrap());
        let seen = folder.handle().stat(name).unwrap();
        assert_eq!(Entry::from_stat(&seen, 0).witness(), seen.witness());
    }
}
