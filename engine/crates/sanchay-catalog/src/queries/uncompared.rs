//! What could not be compared: files whose content is not known, and those hashed by another algorithm than the rest.
//!
//! "It has no copy" can only be said of what was compared with all others of its size.

use sanchay_core::Algorithm;

use super::lanes::Lanes;
use super::runs::EntrySet;
use super::tree::{DirectorySet, RootNames};
use crate::block::{BlockColumns, EntryId, EntryKind, HashState};
use crate::catalog::Catalog;
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
struct SizeSet(Vec<u64>);

const SIZE_BITS: u32 = 25;

impl SizeSet {
    fn bit(size_bytes: u64) -> (usize, u64) {
        let bit = size_bytes.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - SIZE_BITS);
        ((bit / 64) as usize, 1 << (bit % 64))
    }

    fn insert(&mut self, size_bytes: u64) {
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
    fn contains(&self, size_bytes: u64) -> bool {
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

/// Blocks of one part of a pass, by id.
const PART_BLOCKS: i64 = 4096;

impl Uncompared {
    /// Whether nothing says that a file has no copy.
    #[inline]
    pub(crate) fn leaves_open(&self, id: EntryId, size_bytes: u64) -> bool {
        self.entries.contains(id) || (size_bytes > 0 && self.sizes.contains(size_bytes))
    }

    pub(crate) fn read(
        catalog: &Catalog,
        reader: &Reader,
        lanes: &Lanes<'_>,
        roots: &RootNames,
    ) -> Result<Self, CatalogError> {
        let compared = ComparedBySize::of(catalog, reader, roots)?;
        let mut all = Self::default();
        for part in pass(reader, lanes, &|found: &mut Self, directory, block, columns| {
            found.look(&compared, directory, block, columns);
        })? {
            all.totals.add(&part.totals);
            all.entries.merge(&part.entries);
            all.sizes.merge(&part.sizes);
            for (count, more) in all.hashed.iter_mut().zip(part.hashed) {
                *count += more;
            }
        }
        if all.hashed.iter().all(|files| *files > 0) {
            all.look_across(reader, lanes)?;
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
        self.entries.insert(id);
        self.sizes.insert(size_bytes);
    }

    /// Two algorithms: what one has of a size is compared with nothing that the other has of it.
    fn look_across(&mut self, reader: &Reader, lanes: &Lanes<'_>) -> Result<(), CatalogError> {
        let fewer = usize::from(self.hashed[0] >= self.hashed[1]);
        let mut sizes = SizeSet::default();
        for part in pass(reader, lanes, &|found: &mut SizeSet, _, _, columns| {
            for slot in hashed_slots(columns, 1 - fewer) {
                found.insert(columns.size_bytes(slot));
            }
        })? {
            sizes.merge(&part);
        }
        for part in pass(reader, lanes, &|found: &mut Self, _, block, columns| {
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

/// Looks at every block that holds files, and gives what each lane found.
fn pass<T: Default + Send>(
    reader: &Reader,
    lanes: &Lanes<'_>,
    look: &(dyn Fn(&mut T, i64, i64, &BlockColumns<'_>) + Sync),
) -> Result<Vec<T>, CatalogError> {
    let last: i64 =
        reader.connection.prepare_cached("SELECT coalesce(max(id), 0) FROM block")?.query_row([], |row| row.get(0))?;
    lanes.run((last / PART_BLOCKS + 1) as usize, |reader, queue| {
        let mut found = T::default();
        let mut statement = reader
            .connection
            .prepare_cached("SELECT id, directory, columns FROM block WHERE id >= ?1 AND id < ?2 AND files > 0")?;
        while let Some(part) = queue.take() {
            let from = part as i64 * PART_BLOCKS;
            let mut rows = statement.query([from, from + PART_BLOCKS])?;
            while let Some(row) = rows.next()? {
                let blob = row.get_ref(2)?.as_blob().map_err(|_| CatalogError::corrupt_block())?;
                look(&mut found, row.get(1)?, row.get(0)?, &BlockColumns::parse(blob)?);
            }
        }
        Ok(found)
    })
}

/// Folders of roots where a file that was not read has no other of its size, or one that differs at its edges.
struct ComparedBySize(Vec<(DirectorySet, bool)>);

impl ComparedBySize {
    fn of(catalog: &Catalog, reader: &Reader, roots: &RootNames) -> Result<Self, CatalogError> {
        if !roots.0.iter().any(|root| root.compares_sizes) {
            return Ok(Self(Vec::new()));
        }
        let tree = catalog.remembered.shape(reader)?;
        let mut roots: Vec<_> = roots.0.iter().filter(|root| root.directory != 0).collect();
        // The innermost root that holds a folder decides.
        roots.sort_by_key(|root| std::cmp::Reverse(root.path.len()));
        Ok(Self(roots.iter().map(|root| (tree.below(&[root.directory]), root.compares_sizes)).collect()))
    }

    fn holds(&self, directory: i64) -> bool {
        self.0.iter().find(|(folders, _)| folders.contains(directory)).is_some_and(|(_, compares)| *compares)
    }
}

impl Catalog {
    /// What no answer about copies covers. One pass over the blocks, kept until the next transaction.
    pub fn not_compared(&self, roots: &RootNames) -> Result<NotCompared, CatalogError> {
        let reader = self.reader()?;
        reader.snapshot(|reader| {
            let lanes = Lanes::new(self, reader);
            Ok(self.remembered.uncompared(self, reader, &lanes, roots)?.totals)
        })
    }
}

const _: () = assert!(Algorithm::Blake3 as usize == 0 && Algorithm::Sha256 as usize == 1);
