//! What could not be compared: files whose content is not known, and those hashed by another algorithm than the rest.
//!
//! "It has no copy" can only be said of what was compared with all others of its size. Blocks all of whose files were are
//! not looked at: an index over what is known of the contents of each block (`block/contents.rs`) leads to the others.

use std::sync::Arc;

use rusqlite::OptionalExtension;
use sanchay_core::Algorithm;

use super::parallel::Parallel;
use super::runs::EntrySet;
use super::tree::{DirectorySet, RootNames, TreeShape};
use crate::block::{contents, BlockColumns, EntryId, EntryKind, HashState};
use crate::error::CatalogError;
use crate::reader::Reader;

/// Files that no answer about copies covers. Empty files are all the same and never among them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NotCompared {
    /// How many.
    pub files: u64,
    /// Their apparent bytes.
    pub bytes: u64,
    /// Of the files, those that were not read yet or are not to be read.
    pub not_read: u64,
    /// Those that could not be read.
    pub unreadable: u64,
    /// Those that changed while they were read.
    pub unstable: u64,
    /// Those of a size that occurs in the other algorithm too, on the side with fewer files.
    pub other_algorithm: u64,
}

impl NotCompared {
    fn add(&mut self, other: &Self) {
        self.files += other.files;
        self.bytes += other.bytes;
        self.not_read += other.not_read;
        self.unreadable += other.unreadable;
        self.unstable += other.unstable;
        self.other_algorithm += other.other_algorithm;
    }
}

/// Sizes, as far as they can be told apart: two that share a bit look like one, which can only make a "no" an "unknown".
#[derive(Clone, Debug, Default)]
pub(super) struct SizeSet(Vec<u64>);

const SIZE_BITS: u32 = 25;

impl SizeSet {
    fn bit(size_bytes: u64) -> (usize, u64) {
        let bit = size_bytes.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - SIZE_BITS);
        ((bit / 64) as usize, 1 << (bit % 64))
    }

    pub(super) fn insert(&mut self, size_bytes: u64) {
        if self.0.is_empty() {
            self.0.resize(1 << (SIZE_BITS - 6), 0);
        }
        let (word, bit) = Self::bit(size_bytes);
        self.0[word] |= bit;
    }

    fn merge(&mut self, other: &Self) {
        self.0.resize(self.0.len().max(other.0.len()), 0);
        for (word, more) in self.0.iter_mut().zip(&other.0) {
            *word |= more;
        }
    }

    #[inline]
    pub(super) fn contains(&self, size_bytes: u64) -> bool {
        let (word, bit) = Self::bit(size_bytes);
        self.0.get(word).is_some_and(|word| word & bit != 0)
    }
}

/// What could not be compared in one state of the catalog.
#[derive(Debug, Default)]
pub(crate) struct Uncompared {
    pub(crate) totals: NotCompared,
    entries: EntrySet,
    /// Whatever has one of these sizes may be equal to one of them.
    sizes: SizeSet,
    /// Hashed files by algorithm, and their sizes.
    hashed: [u64; 2],
}

/// Blocks of one part of a pass.
const PART_BLOCKS: usize = 4096;

/// Blocks this near to one another are read together with those between them, which does no harm.
const NEAR_BLOCKS: i64 = 4;

impl Uncompared {
    /// Whether nothing says that a file has no copy.
    #[inline]
    pub(crate) fn leaves_open(&self, id: EntryId, size_bytes: u64) -> bool {
        self.entries.contains(id) || (size_bytes > 0 && self.sizes.contains(size_bytes))
    }

    /// `shape`: who is whose parent, asked for where that matters.
    pub(crate) fn read(
        reader: &Reader,
        parallel: &Parallel<'_>,
        roots: &RootNames,
        shape: &dyn Fn() -> Result<Arc<TreeShape>, CatalogError>,
    ) -> Result<Self, CatalogError> {
        let mut unread = Vec::new();
        if !ComparedBySize::is_all(roots) {
            unread = reader.blocks_with(contents::UNREAD)?;
        }
        let compared = ComparedBySize::of(roots, &unread, shape)?;
        unread.retain(|block| !compared.holds_block(*block));
        let mut blocks = reader.blocks_with(contents::OPEN)?;
        blocks.append(&mut unread);
        blocks.sort_unstable();
        blocks.dedup();
        let mut all = Self::default();
        for part in pass(parallel, &blocks, &|found: &mut Self, directory, block, columns| {
            found.look(&compared, directory, block, columns);
        })? {
            all.totals.add(&part.totals);
            all.entries.merge(&part.entries);
            all.sizes.merge(&part.sizes);
            for (count, more) in all.hashed.iter_mut().zip(part.hashed) {
                *count += more;
            }
        }
        let mut uses = [false; 2];
        for algorithm in ALGORITHMS {
            uses[algorithm as usize] = all.hashed[algorithm as usize] > 0 || reader.is_used(algorithm)?;
        }
        if uses == [true; 2] {
            all.look_across(reader, parallel)?;
        }
        Ok(all)
    }

    fn look(&mut self, compared: &ComparedBySize, directory: i64, block: i64, columns: &BlockColumns<'_>) {
        if let Some(algorithm) = columns.all_hashed_by() {
            self.hashed[algorithm as usize] += columns.len() as u64;
            return;
        }
        for slot in (0..columns.len()).filter(|&slot| columns.kind(slot) == EntryKind::File) {
            let size_bytes = columns.size_bytes(slot);
            let reason = match columns.hash_state(slot) {
                HashState::Hashed | HashState::Racy => {
                    self.hashed[columns.algorithm(slot) as usize] += 1;
                    continue;
                }
                HashState::None if compared.holds(directory) => continue,
                HashState::None | HashState::Pending => &mut self.totals.not_read,
                HashState::Unreadable => &mut self.totals.unreadable,
                HashState::Unstable => &mut self.totals.unstable,
            };
            // Of what cannot be read the size may be wrong, too.
            if size_bytes > 0 || columns.hash_state(slot) == HashState::Unreadable {
                *reason += 1;
                self.put(EntryId::new(block, slot), size_bytes);
            }
        }
    }

    fn put(&mut self, id: EntryId, size_bytes: u64) {
        self.totals.files += 1;
        self.totals.bytes += size_bytes;
        self.entries.insert(id, size_bytes);
        self.sizes.insert(size_bytes);
    }

    /// Two algorithms: what one has of a size is compared with nothing that the other has of it.
    fn look_across(&mut self, reader: &Reader, parallel: &Parallel<'_>) -> Result<(), CatalogError> {
        let blocks = reader.blocks_with(contents::BLAKE3 | contents::SHA256)?;
        self.hashed = [0; 2];
        for part in pass(parallel, &blocks, &|found: &mut [u64; 2], _, _, columns| count_hashed(found, columns))? {
            for (count, more) in self.hashed.iter_mut().zip(part) {
                *count += more;
            }
        }
        let fewer = usize::from(self.hashed[0] >= self.hashed[1]);
        let mut sizes = SizeSet::default();
        for part in pass(parallel, &blocks, &|found: &mut SizeSet, _, _, columns| {
            for slot in hashed_slots(columns, 1 - fewer) {
                found.insert(columns.size_bytes(slot));
            }
        })? {
            sizes.merge(&part);
        }
        let blocks = reader.blocks_with(contents::hashed_with(ALGORITHMS[fewer]))?;
        for part in pass(parallel, &blocks, &|found: &mut Self, _, block, columns| {
            for slot in hashed_slots(columns, fewer).filter(|&slot| sizes.contains(columns.size_bytes(slot))) {
                found.totals.other_algorithm += 1;
                found.put(EntryId::new(block, slot), columns.size_bytes(slot));
            }
        })? {
            self.totals.add(&part.totals);
            self.entries.merge(&part.entries);
            self.sizes.merge(&part.sizes);
        }
        Ok(())
    }
}

/// Slots of non-empty files that are hashed by one algorithm.
fn hashed_slots<'c>(columns: &'c BlockColumns<'_>, algorithm: usize) -> impl Iterator<Item = usize> + 'c {
    (0..columns.len()).filter(move |&slot| {
        columns.kind(slot) == EntryKind::File
            && columns.hash_state(slot).has_hash()
            && columns.algorithm(slot) as usize == algorithm
            && columns.size_bytes(slot) > 0
    })
}

/// Counts the hashed files by algorithm.
fn count_hashed(hashed: &mut [u64; 2], columns: &BlockColumns<'_>) {
    if let Some(algorithm) = columns.all_hashed_by() {
        hashed[algorithm as usize] += columns.len() as u64;
        return;
    }
    for slot in 0..columns.len() {
        if columns.kind(slot) == EntryKind::File && columns.hash_state(slot).has_hash() {
            hashed[columns.algorithm(slot) as usize] += 1;
        }
    }
}

/// Looks at `blocks`, which ascend, and gives what each lane found.
fn pass<T: Default + Send>(
    parallel: &Parallel<'_>,
    blocks: &[i64],
    look: &(dyn Fn(&mut T, i64, i64, &BlockColumns<'_>) + Sync),
) -> Result<Vec<T>, CatalogError> {
    parallel.run(blocks.len().div_ceil(PART_BLOCKS), |reader, queue| {
        let mut found = T::default();
        let mut statement = reader
            .connection
            .prepare_cached("SELECT id, directory, columns FROM block WHERE id >= ?1 AND id <= ?2 AND files > 0")?;
        while let Some(part) = queue.take() {
            let part = &blocks[part * PART_BLOCKS..blocks.len().min((part + 1) * PART_BLOCKS)];
            for near in part.chunk_by(|block, next| next - block <= NEAR_BLOCKS) {
                let mut rows = statement.query([near[0], near[near.len() - 1]])?;
                while let Some(row) = rows.next()? {
                    let blob = row.get_ref(2)?.as_blob().map_err(|_| CatalogError::corrupt_block())?;
                    look(&mut found, row.get(1)?, row.get(0)?, &BlockColumns::parse(blob)?);
                }
            }
        }
        Ok(found)
    })
}

const WITH_CONTENTS: &str = "SELECT id FROM block INDEXED BY block_by_contents WHERE contents = ?1";

impl Reader {
    /// Blocks that hold files of one of these kinds, or may do so: bits of [`contents`]. They ascend.
    pub(super) fn blocks_with(&self, bits: i64) -> Result<Vec<i64>, CatalogError> {
        let mut statement = self.connection.prepare_cached(WITH_CONTENTS)?;
        let mut blocks = Vec::new();
        for value in contents::KNOWN.chain([contents::UNKNOWN]).filter(|value| value & bits != 0) {
            let mut rows = statement.query([value])?;
            while let Some(row) = rows.next()? {
                blocks.push(row.get(0)?);
            }
        }
        blocks.sort_unstable();
        Ok(blocks)
    }

    /// Whether a block is known to hold a file that is hashed with `algorithm`.
    fn is_used(&self, algorithm: Algorithm) -> Result<bool, CatalogError> {
        let mut statement = self.connection.prepare_cached(WITH_CONTENTS)?;
        for value in contents::KNOWN.filter(|value| value & contents::hashed_with(algorithm) != 0) {
            if statement.query_row([value], |row| row.get::<_, i64>(0)).optional()?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Folders of roots where a file that was not read has no other of its size, or one that differs at its edges.
enum ComparedBySize {
    None,
    All,
    Some(Arc<TreeShape>, Vec<(DirectorySet, bool)>),
}

impl ComparedBySize {
    /// Whether those are the folders of all roots.
    fn is_all(roots: &RootNames) -> bool {
        !roots.0.is_empty() && roots.0.iter().all(|root| root.compares_sizes)
    }

    /// `unread`: blocks that hold files that were not asked for.
    fn of(
        roots: &RootNames,
        unread: &[i64],
        shape: &dyn Fn() -> Result<Arc<TreeShape>, CatalogError>,
    ) -> Result<Self, CatalogError> {
        if Self::is_all(roots) {
            return Ok(Self::All);
        }
        if unread.is_empty() || !roots.0.iter().any(|root| root.compares_sizes) {
            return Ok(Self::None);
        }
        let tree = shape()?;
        let mut roots: Vec<_> = roots.0.iter().filter(|root| root.directory != 0).collect();
        // The innermost root that holds a folder decides.
        roots.sort_by_key(|root| std::cmp::Reverse(root.path.len()));
        let folders = roots.iter().map(|root| (tree.below(&[root.directory]), root.compares_sizes)).collect();
        Ok(Self::Some(tree, folders))
    }

    fn holds(&self, directory: i64) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::Some(_, roots) => {
                roots.iter().find(|(folders, _)| folders.contains(directory)).is_some_and(|(_, compares)| *compares)
            }
        }
    }

    fn holds_block(&self, block: i64) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::Some(tree, _) => self.holds(tree.directory_of(block)),
        }
    }
}

/// At the places of `Uncompared::hashed`.
const ALGORITHMS: [Algorithm; 2] = [Algorithm::Blake3, Algorithm::Sha256];
const _: () = assert!(ALGORITHMS[0] as usize == 0 && ALGORITHMS[1] as usize == 1);

#[cfg(test)]
#[path = "uncompared_tests.rs"]
mod tests;
