//! The content index's unit: who has which content, packed in sorted chunks.
//!
//! A chunk is to the content index what a leaf page is to a B-tree, save that its columns are packed: 21 bytes a file.

use sanchay_core::{Algorithm, ContentHash};

use crate::block::column::{self, put_varint, take_varint, Column, TAIL_PADDING};
use crate::block::{Entry, EntryId};
use crate::error::CatalogError;

/// Bytes of a chunk that fill a page of 8 KiB; one that grows past them is split.
pub const CHUNK_BYTES: usize = 8120;
/// Postings in a chunk at most.
pub const CHUNK_MOST: usize = 512;

/// The file has more than one name.
pub const MULTIPLE_LINKS: u8 = 1;
/// Its allocated blocks are not what its size says: sparse, compressed, or inside the inode.
pub const ODD_ALLOCATION: u8 = 2;
/// Its volume can share extents between files.
pub const MAY_SHARE_EXTENTS: u8 = 4;
/// Its extents were asked for since it was hashed.
pub const EXTENTS_ASKED: u8 = 8;
/// Some of its extents are another file's too; the table `shared_extents` has how many bytes.
pub const SHARES_EXTENTS: u8 = 16;

/// Its volume is not its folder's; the entry has it.
pub const OTHER_VOLUME: u8 = 32;
/// The file has this content no longer: hides what lower levels of the index say of it.
pub const GONE: u8 = 64;

/// One file's place in the content index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Posting {
    /// First eight bytes of the hash, as a signed integer (that is what SQLite orders by).
    pub key: i64,
    /// Whose.
    pub entry: EntryId,
    /// On the volume of its directory.
    pub inode: u64,
    /// Apparent bytes.
    pub size_bytes: u64,
    /// Extension id.
    pub extension: u32,
    /// Bits of the constants above.
    pub flags: u8,
}

/// A posting on its way into the index, with the whole hash for telling contents apart.
#[derive(Clone, Copy, Debug)]
pub struct Staged {
    /// What will be stored.
    pub posting: Posting,
    /// The whole hash.
    pub hash: ContentHash,
}

impl Posting {
    /// The posting of a hashed, non-empty file; None for all others (empty files are in no content group).
    pub fn of(id: EntryId, entry: &Entry, may_share_extents: bool) -> Option<(Self, ContentHash)> {
        let hash = entry.hash?;
        if !entry.is_file() || entry.size_bytes == 0 {
            return None;
        }
        let mut flags = 0;
        if entry.links > 1 {
            flags |= MULTIPLE_LINKS;
        }
        if entry.allocated_bytes != usual_allocation(entry.size_bytes) {
            flags |= ODD_ALLOCATION;
        }
        if entry.volume != 0 {
            flags |= OTHER_VOLUME;
        }
        if may_share_extents {
            flags |= MAY_SHARE_EXTENTS;
        }
        let key = content_key(&hash, entry.algorithm);
        let (inode, size_bytes, extension) = (entry.inode, entry.size_bytes, entry.extension);
        Some((Self { key, entry: id, inode, size_bytes, extension, flags }, hash))
    }

    /// The whole hash in its entry; None where that has another content by now.
    pub fn hash_in(&self, entry: &Entry) -> Option<ContentHash> {
        entry.hash.filter(|hash| content_key(hash, entry.algorithm) == self.key)
    }

    /// What postings are sorted by.
    pub fn order(&self) -> (i64, u64) {
        (self.key, self.entry.0)
    }
}

/// Bytes that a file of this size takes when it is stored plainly in 4 KiB blocks.
pub fn usual_allocation(size_bytes: u64) -> u64 {
    size_bytes.div_ceil(4096) * 4096
}

/// The narrow key of a hash. Hashes of two algorithms never share a key on purpose.
pub fn content_key(hash: &ContentHash, algorithm: Algorithm) -> i64 {
    let mut head = [0u8; 8];
    head.copy_from_slice(&hash.as_bytes()[..8]);
    let key = i64::from_be_bytes(head);
    match algorithm {
        Algorithm::Blake3 => key,
        Algorithm::Sha256 => !key,
    }
}

/// Packs postings that are sorted by [`Posting::order`].
pub fn encode_chunk(postings: &[Posting]) -> Vec<u8> {
    let mut out = Vec::with_capacity(postings.len() * 26 + 64);
    put_varint(&mut out, postings.len() as u64);
    column::encode(&mut out, postings.iter().map(|posting| posting.key));
    column::encode(&mut out, postings.iter().map(|posting| posting.entry.0 as i64));
    column::encode(&mut out, postings.iter().map(|posting| posting.inode as i64));
    column::encode(&mut out, postings.iter().map(|posting| posting.size_bytes as i64));
    column::encode(&mut out, postings.iter().map(|posting| i64::from(posting.extension)));
    column::encode(&mut out, postings.iter().map(|posting| i64::from(posting.flags)));
    out.extend_from_slice(&[0; TAIL_PADDING]);
    out
}

/// A chunk, read in place.
#[derive(Clone, Copy, Debug)]
pub struct ChunkView<'a> {
    count: usize,
    key: Column<'a>,
    entry: Column<'a>,
    inode: Column<'a>,
    size: Column<'a>,
    extension: Column<'a>,
    flags: Column<'a>,
}

impl<'a> ChunkView<'a> {
    /// Finds the columns of a chunk.
    pub fn parse(blob: &'a [u8]) -> Result<Self, CatalogError> {
        let mut at = 0;
        let count = take_varint(blob, &mut at)? as usize;
        if count > CHUNK_MOST {
            return Err(CatalogError::corrupt("a chunk of the content index cannot be read"));
        }
        let mut next = || Column::parse(blob, &mut at, count);
        let (key, entry, inode) = (next()?, next()?, next()?);
        Ok(Self { count, key, entry, inode, size: next()?, extension: next()?, flags: next()? })
    }

    /// Postings in it.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The key at `index`.
    #[inline]
    pub fn key(&self, index: usize) -> i64 {
        self.key.get(index)
    }

    /// Where the postings of `key` are.
    pub fn run(&self, key: i64) -> std::ops::Range<usize> {
        let first_of = |wanted: &dyn Fn(i64) -> bool| {
            let (mut low, mut high) = (0, self.count);
            while low < high {
                let middle = usize::midpoint(low, high);
                if wanted(self.key(middle)) {
                    high = middle;
                } else {
                    low = middle + 1;
                }
            }
            low
        };
        let start = first_of(&|at| at >= key);
        if start == self.count || self.key(start) != key {
            return start..start;
        }
        start..first_of(&|at| at > key)
    }

    /// The posting at `index`.
    #[inline]
    pub fn get(&self, index: usize) -> Posting {
        Posting {
            key: self.key.get(index),
            entry: EntryId(self.entry.get(index) as u64),
            inode: self.inode.get(index) as u64,
            size_bytes: self.size.get(index) as u64,
            extension: self.extension.get(index) as u32,
            flags: self.flags.get(index) as u8,
        }
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = Posting> + '_ {
        (0..self.count).map(|index| self.get(index))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_chunk_gives_back_what_was_put_in(
            rows in proptest::collection::vec((any::<i64>(), any::<u64>(), any::<u64>(), any::<u64>(), any::<u32>(), any::<u8>()), 0..CHUNK_MOST)
        ) {
            let postings: Vec<Posting> = rows
                .into_iter()
                .map(|(key, entry, inode, size_bytes, extension, flags)| {
                    Posting { key, entry: EntryId(entry), inode, size_bytes, extension, flags }
                })
                .collect();
            let blob = encode_chunk(&postings);
            let view = ChunkView::parse(&blob).unwrap();
            prop_assert_eq!(view.iter().collect::<Vec<_>>(), postings);
        }
    }

    #[test]
    fn keys_of_two_algorithms_differ_for_the_same_bytes() {
        let hash = ContentHash::from_bytes([7; 32]);
        assert_ne!(content_key(&hash, Algorithm::Blake3), content_key(&hash, Algorithm::Sha256));
    }
}
