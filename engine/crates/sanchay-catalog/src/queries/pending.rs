//! Files that wait to be read: found by their state, a stretch of blocks at a time.

use super::tree::PathResolver;
use crate::block::{BlockColumns, Entry, EntryId, EntryKind, HashState};
use crate::catalog::Catalog;
use crate::error::CatalogError;

/// A file that waits.
#[derive(Clone, Debug)]
pub struct PendingFile {
    /// Its entry's id.
    pub id: EntryId,
    /// The absolute path of its directory.
    pub folder: std::sync::Arc<[u8]>,
    /// Its exact name.
    pub name: Vec<u8>,
    /// As it is stored.
    pub entry: Entry,
}

/// How often each size occurs among all files, as far as one and many can be told apart. Sizes that share a cell look
/// like twins: that costs a read, never an answer.
pub struct SizeSketch(Vec<u8>);

const SKETCH_CELLS: usize = 1 << 24;

impl SizeSketch {
    fn cell(size_bytes: u64) -> usize {
        (size_bytes.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as usize % SKETCH_CELLS
    }

    fn count(&mut self, size_bytes: u64) {
        let cell = &mut self.0[Self::cell(size_bytes)];
        *cell = cell.saturating_add(1);
    }

    /// Whether two files or more may have this size.
    pub fn may_have_twin(&self, size_bytes: u64) -> bool {
        self.0[Self::cell(size_bytes)] > 1
    }
}

/// Blocks looked at in one snapshot.
const BLOCKS_AT_ONCE: i64 = 2000;

impl Catalog {
    /// Counts the sizes of all non-empty files.
    pub fn size_sketch(&self) -> Result<SizeSketch, CatalogError> {
        let mut sketch = SizeSketch(vec![0; SKETCH_CELLS]);
        let reader = self.reader()?;
        reader.snapshot(|reader| {
            let mut statement = reader.connection.prepare_cached("SELECT columns FROM block WHERE files > 0")?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let columns =
                    BlockColumns::parse(row.get_ref(0)?.as_blob().map_err(|_| CatalogError::corrupt_block())?)?;
                for slot in (0..columns.len()).filter(|&slot| columns.kind(slot) == EntryKind::File) {
                    if columns.size_bytes(slot) > 0 {
                        sketch.count(columns.size_bytes(slot));
                    }
                }
            }
            Ok(sketch)
        })
    }

    /// Files of this size or more that wait to be read, by directory. Only blocks that hold such files are looked at.
    pub fn large_pending(&self, least_bytes: u64) -> Result<Vec<(i64, Vec<u8>, Entry)>, CatalogError> {
        let reader = self.reader()?;
        reader.snapshot(|reader| {
            let mut found = Vec::new();
            let mut statement = reader.connection.prepare_cached("SELECT id FROM block WHERE max_size >= ?1")?;
            let mut rows = statement.query([i64::try_from(least_bytes).unwrap_or(i64::MAX)])?;
            while let Some(row) = rows.next()? {
                reader.with_block(row.get(0)?, |view, directory| {
                    view.for_each(|_, item| {
                        let entry = item.entry;
                        let waits = entry.is_file() && entry.hash_state == HashState::Pending;
                        if waits && entry.size_bytes >= least_bytes {
                            found.push((directory, item.name.to_vec(), entry));
                        }
                    })
                })?;
            }
            Ok(found)
        })
    }

    /// Files from block `from` on whose state and size `wanted` accepts, and the block to go on from (None: the end).
    pub fn pending_files(
        &self,
        from: i64,
        wanted: &dyn Fn(HashState, u64) -> bool,
    ) -> Result<(Vec<PendingFile>, Option<i64>), CatalogError> {
        let reader = self.reader()?;
        reader.snapshot(|reader| {
            let mut found = Vec::new();
            let mut paths = PathResolver::new(reader);
            let mut statement = reader.connection.prepare_cached(
                "SELECT id, directory, columns FROM block WHERE id >= ?1 AND files > 0 ORDER BY id LIMIT ?2",
            )?;
            let mut rows = statement.query([from, BLOCKS_AT_ONCE])?;
            let (mut seen, mut last) = (0, from);
            while let Some(row) = rows.next()? {
                let (block, directory): (i64, i64) = (row.get(0)?, row.get(1)?);
                (seen, last) = (seen + 1, block);
                let columns =
                    BlockColumns::parse(row.get_ref(2)?.as_blob().map_err(|_| CatalogError::corrupt_block())?)?;
                let is_wanted = |slot: usize| {
                    columns.kind(slot) == EntryKind::File && wanted(columns.hash_state(slot), columns.size_bytes(slot))
                };
                if !(0..columns.len()).any(is_wanted) {
                    continue;
                }
                let Some(folder) = paths.directory(directory)? else { continue };
                reader.with_block(block, |view, _| {
                    view.for_each(|slot, item| {
                        if is_wanted(slot) {
                            let (id, folder) = (EntryId::new(block, slot), std::sync::Arc::clone(&folder));
                            found.push(PendingFile { id, folder, name: item.name.to_vec(), entry: item.entry });
                        }
                    })
                })?;
            }
            Ok((found, (seen == BLOCKS_AT_ONCE).then_some(last + 1)))
        })
    }
}
