//! Files by their sizes: which of many sizes occur at all, in one pass over the columns, and the files that have one.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use rusqlite::OptionalExtension;

use super::parallel::Parallel;
use super::tree::PathResolver;
use super::uncompared::SizeSet;
use crate::block::{contents, BlockColumns, Entry, EntryId, EntryKind, HashState};
use crate::catalog::Catalog;
use crate::content::postings_of;
use crate::error::CatalogError;
use crate::reader::Reader;
use sanchay_core::{Algorithm, ContentHash};

/// What is known of the contents of all files of one size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OfSize {
    /// Whether some are hashed, by each algorithm.
    hashed: [bool; 2],
    /// Some have no hash that can be trusted.
    pub open: bool,
}

impl OfSize {
    /// Whether some are hashed with `algorithm`.
    pub fn is_hashed_with(self, algorithm: Algorithm) -> bool {
        self.hashed[algorithm as usize]
    }

    fn add(&mut self, other: Self) {
        for (mine, more) in self.hashed.iter_mut().zip(other.hashed) {
            *mine |= more;
        }
        self.open |= other.open;
    }

    fn of(state: HashState, algorithm: Algorithm) -> Self {
        let mut found = Self { open: state != HashState::Hashed, ..Self::default() };
        found.hashed[algorithm as usize] = state == HashState::Hashed;
        found
    }
}

/// The sizes that some file has, of those that were asked for.
#[derive(Debug, Default)]
pub struct SizesFound {
    /// What is known of each.
    pub sizes: HashMap<u64, OfSize>,
    /// The blocks that hold such files, ascending.
    pub blocks: Vec<i64>,
}

/// A file, and where it is.
#[derive(Clone, Debug)]
pub struct PlacedFile {
    /// Its entry's id.
    pub id: EntryId,
    /// The absolute path of its directory.
    pub folder: Arc<[u8]>,
    /// Its exact name.
    pub name: Vec<u8>,
    /// As it is stored.
    pub entry: Entry,
    /// The catalog's id of its volume; 0: not known.
    pub volume: i64,
}

/// Blocks in one part of a pass, and in one snapshot of a longer one.
const PART_BLOCKS: i64 = 4096;
const BLOCKS_AT_ONCE: usize = 256;

impl Catalog {
    /// Which of `wanted` are sizes of cataloged files: one pass over the columns.
    pub fn sizes_found(&self, wanted: &HashSet<u64>) -> Result<SizesFound, CatalogError> {
        let bounds = wanted.iter().min().zip(wanted.iter().max());
        let Some((least, largest)) = bounds.map(|(least, largest)| (bounded(*least), bounded(*largest))) else {
            return Ok(SizesFound::default());
        };
        let mut filter = SizeSet::default();
        for size_bytes in wanted {
            filter.insert(*size_bytes);
        }
        let reader = self.reader()?;
        let lanes = reader.snapshot(|reader| {
            let parallel = Parallel::new(self.readers(), reader);
            let parts = usize::try_from(reader.last_block()? / PART_BLOCKS + 1).unwrap_or(usize::MAX);
            parallel.run(parts, |reader, queue| {
                let mut found = SizesFound::default();
                let mut statement = reader.connection.prepare_cached(
                    "SELECT id, columns FROM block
                     WHERE id >= ?1 AND id < ?2 AND files > 0 AND max_size >= ?3 AND min_size <= ?4",
                )?;
                while let Some(part) = queue.take() {
                    let from = part as i64 * PART_BLOCKS;
                    let mut rows = statement.query((from, from + PART_BLOCKS, least, largest))?;
                    while let Some(row) = rows.next()? {
                        let blob = row.get_ref(1)?.as_blob().map_err(|_| CatalogError::corrupt_block())?;
                        let columns = BlockColumns::parse(blob)?;
                        let mut any = false;
                        for slot in 0..columns.len() {
                            let size_bytes = columns.size_bytes(slot);
                            if filter.contains(size_bytes)
                                && columns.kind(slot) == EntryKind::File
                                && wanted.contains(&size_bytes)
                            {
                                let of_slot = OfSize::of(columns.hash_state(slot), columns.algorithm(slot));
                                found.sizes.entry(size_bytes).or_default().add(of_slot);
                                any = true;
                            }
                        }
                        if any {
                            found.blocks.push(row.get(0)?);
                        }
                    }
                }
                Ok(found)
            })
        })?;
        let mut all = SizesFound::default();
        for mut lane in lanes {
            for (size_bytes, known) in lane.sizes {
                all.sizes.entry(size_bytes).or_default().add(known);
            }
            all.blocks.append(&mut lane.blocks);
        }
        all.blocks.sort_unstable();
        Ok(all)
    }

    /// Gives the files of `blocks` whose size and state `wanted` accepts to `visit`, a stretch at a time, until it breaks.
    pub fn files_in(
        &self,
        blocks: &[i64],
        wanted: &dyn Fn(u64, HashState) -> bool,
        visit: &mut dyn FnMut(Vec<PlacedFile>) -> ControlFlow<()>,
    ) -> Result<(), CatalogError> {
        for stretch in blocks.chunks(BLOCKS_AT_ONCE) {
            let reader = self.reader()?;
            let found = reader.snapshot(|reader| {
                let (mut places, mut found) = (Places::new(reader), Vec::new());
                for &block in stretch {
                    reader.with_block(block, |view, directory| {
                        let columns = view.columns;
                        let is_wanted = |slot: usize| {
                            columns.kind(slot) == EntryKind::File
                                && wanted(columns.size_bytes(slot), columns.hash_state(slot))
                        };
                        if !(0..columns.len()).any(is_wanted) {
                            return Ok(());
                        }
                        let Some((folder, volume)) = places.of(directory)? else { return Ok(()) };
                        view.for_each(|slot, item| {
                            if is_wanted(slot) {
                                let (id, name) = (EntryId::new(block, slot), item.name);
                                found.push(placed(id, &folder, volume, name, item.entry));
                            }
                        })
                    })?;
                }
                Ok(found)
            })?;
            drop(reader);
            if !found.is_empty() && visit(found).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// The non-empty files with this content, as far as their keys are merged.
    pub fn files_with_hash(&self, hash: &ContentHash, algorithm: Algorithm) -> Result<Vec<PlacedFile>, CatalogError> {
        let reader = self.reader()?;
        reader.snapshot(|reader| {
            let (mut places, mut found) = (Places::new(reader), Vec::new());
            for posting in postings_of(&reader.connection, crate::content::content_key(hash, algorithm))? {
                let read = |item: crate::block::EntryRef<'_>, directory| {
                    let is_it = item.entry.hash == Some(*hash) && item.entry.algorithm == algorithm;
                    is_it.then(|| (directory, item.name.to_vec(), item.entry))
                };
                let Some((directory, name, entry)) = reader.entry(posting.entry, read)?.flatten() else { continue };
                if let Some((folder, volume)) = places.of(directory)? {
                    found.push(placed(posting.entry, &folder, volume, &name, entry));
                }
            }
            Ok(found)
        })
    }

    /// The blocks that hold, or may hold, non-empty files whose content is not known.
    pub fn blocks_not_hashed(&self) -> Result<Vec<i64>, CatalogError> {
        self.reader()?.blocks_with(contents::OPEN | contents::UNREAD)
    }

    /// Whether some file may be hashed with `algorithm`.
    pub fn may_be_hashed_with(&self, algorithm: Algorithm) -> Result<bool, CatalogError> {
        Ok(!self.reader()?.blocks_with(contents::hashed_with(algorithm))?.is_empty())
    }
}

fn bounded(size_bytes: u64) -> i64 {
    i64::try_from(size_bytes).unwrap_or(i64::MAX)
}

fn placed(id: EntryId, folder: &Arc<[u8]>, volume: i64, name: &[u8], entry: Entry) -> PlacedFile {
    let volume = if entry.volume == 0 { volume } else { entry.volume };
    PlacedFile { id, folder: Arc::clone(folder), name: name.to_vec(), entry, volume }
}

/// The paths and volumes of directories.
struct Places<'r> {
    reader: &'r Reader,
    paths: PathResolver<'r>,
    last: Option<(i64, (Arc<[u8]>, i64))>,
}

impl<'r> Places<'r> {
    fn new(reader: &'r Reader) -> Self {
        Self { reader, paths: PathResolver::new(reader), last: None }
    }

    fn of(&mut self, directory: i64) -> Result<Option<(Arc<[u8]>, i64)>, CatalogError> {
        if let Some((known, place)) = &self.last {
            if *known == directory {
                return Ok(Some(place.clone()));
            }
        }
        let Some(path) = self.paths.directory(directory)? else { return Ok(None) };
        let mut statement = self.reader.connection.prepare_cached("SELECT volume FROM directory WHERE id = ?1")?;
        let volume = statement.query_row([directory], |row| row.get(0)).optional()?.unwrap_or(0);
        let place = (path, volume);
        self.last = Some((directory, place.clone()));
        Ok(Some(place))
    }
}
