//! What folders hold of each type, and of files that have copies: from one look at the sizes and extensions of all files
//! below, for no totals of these are kept by folder.

use sanchay_core::FileType;

use super::cache::Cache;
use super::linked::parents;
use super::parallel::Parallel;
use super::tree::NO_ROW;
use super::usage_row::{Found, TypeSums};
use crate::block::{BlockColumns, EntryId, EntryKind};
use crate::error::CatalogError;
use crate::extensions::Extensions;
use crate::reader::Reader;

/// The type of each extension, by its id.
pub(super) fn types_of_extensions(extensions: &Extensions) -> Vec<FileType> {
    let mut types = vec![FileType::Other];
    for (id, extension) in extensions.all() {
        types.resize(types.len().max(id as usize + 1), FileType::Other);
        types[id as usize] = FileType::from_extension(extension.as_bytes());
    }
    types
}

/// Blocks of one part of the pass, and how near to one another they are read together with those between them.
const PART_BLOCKS: usize = 256;
const NEAR_BLOCKS: i64 = 4;

impl Reader {
    /// Says of each row what it holds by type. `rows`: a folder before its own; the first is made of the directories
    /// `parts`.
    pub(super) fn add_types(
        &self,
        parallel: &Parallel<'_>,
        cache: &Cache,
        extensions: &Extensions,
        rows: &mut [Found],
        parts: &[i64],
    ) -> Result<(), CatalogError> {
        let types = types_of_extensions(extensions);
        let copies = cache.duplicates(self, parallel)?;
        let shape = cache.shape(self)?;
        let folders = rows.iter().enumerate().filter(|(_, found)| found.directory != 0);
        let of_parts = parts.iter().map(|part| (*part, 0));
        let above = shape.rows_above(of_parts.chain(folders.map(|(at, found)| (found.directory, at as u32))));
        let mut ranges: Vec<(i64, i64)> = Vec::new();
        for block in shape.blocks_below(&above) {
            match ranges.last_mut() {
                Some((first, last)) if block - *last <= NEAR_BLOCKS && block - *first < PART_BLOCKS as i64 => {
                    *last = block;
                }
                _ => ranges.push((block, block)),
            }
        }
        let chunks: Vec<&[(i64, i64)]> = ranges.chunks(PART_BLOCKS / 16).collect();
        let count = rows.len();
        let found = parallel.run(chunks.len(), |reader, queue| {
            let mut sums = vec![TypeSums::default(); count];
            let mut statement = reader
                .connection
                .prepare_cached("SELECT id, directory, columns FROM block WHERE id BETWEEN ?1 AND ?2 AND files > 0")?;
            while let Some(part) = queue.take() {
                for range in chunks[part] {
                    let mut blocks = statement.query(*range)?;
                    while let Some(block) = blocks.next()? {
                        let (id, directory): (i64, i64) = (block.get(0)?, block.get(1)?);
                        let row = above.get(directory as usize).copied().unwrap_or(NO_ROW);
                        let Some(sums) = sums.get_mut(row as usize) else { continue };
                        let columns = block.get_ref(2)?.as_blob().map_err(|_| CatalogError::corrupt_block())?;
                        let columns = BlockColumns::parse(columns)?;
                        for slot in (0..columns.len()).filter(|slot| columns.kind(*slot) == EntryKind::File) {
                            let file_type = types.get(columns.extension(slot) as usize);
                            let has_copy = copies.contains(EntryId::new(id, slot));
                            sums.count(*file_type.unwrap_or(&FileType::Other), columns.size_bytes(slot), has_copy);
                        }
                    }
                }
            }
            Ok(sums)
        })?;
        let mut sums = vec![TypeSums::default(); count];
        for more in found {
            sums.iter_mut().zip(&more).for_each(|(sum, more)| sum.add(more));
        }
        let parents = parents(rows);
        for at in (1..count).rev().filter(|at| rows[*at].file.is_none()) {
            if let Some(parent) = parents[at] {
                let own = std::mem::take(&mut sums[at]);
                sums[parent].add(&own);
                sums[at] = own;
            }
        }
        for (found, mut sums) in rows.iter_mut().zip(sums) {
            if let (Some(file), Some(file_type)) = (found.file, found.row.file_type) {
                sums.count(file_type, found.row.bytes, copies.contains(file));
            }
            found.row.types = Some(Box::new(sums));
        }
        Ok(())
    }
}
