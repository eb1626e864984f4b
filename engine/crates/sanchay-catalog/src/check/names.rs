//! The name index beside the entries, as far as it claims to be complete.

use std::collections::HashSet;

use super::{Check, FaultKind};
use crate::block::EntryId;
use crate::error::CatalogError;
use crate::reader::Reader;

/// Blocks that are compared in one transaction.
const BLOCKS_AT_ONCE: i64 = 128;

impl Check<'_> {
    /// False where it was broken off.
    pub(super) fn names(&mut self) -> Result<bool, CatalogError> {
        let mut from = 0;
        loop {
            let to = from + BLOCKS_AT_ONCE;
            let found = self.catalog.reader()?.snapshot(|reader| compare(reader, from, to))?;
            let Some((wrong, blocks)) = found else { return Ok(true) };
            let block = blocks.first().copied().unwrap_or_default();
            self.report.add(FaultKind::Names, wrong, || format!("block {block}").into_bytes());
            if self.repair && wrong > 0 {
                self.catalog.writer().run(move |session| session.index_names_again(&blocks))?;
                self.report.mended(&[FaultKind::Names]);
            }
            if !(self.go_on)() {
                return Ok(false);
            }
            from = to;
        }
    }
}

/// How many names are missing or too many among those of blocks after `from` up to `to`, and in which blocks; None behind
/// the last block that the index covers.
fn compare(reader: &Reader, from: i64, to: i64) -> Result<Option<(usize, Vec<i64>)>, CatalogError> {
    let watermark = reader.meta("name_index_watermark")?;
    if from >= watermark {
        return Ok(None);
    }
    let to = to.min(watermark);
    let mut stored = HashSet::new();
    let blocks: Vec<i64> = reader
        .connection
        .prepare_cached("SELECT id FROM block WHERE id > ?1 AND id <= ?2")?
        .query_map([from, to], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for block in blocks {
        reader.with_block(block, |view, _| {
            view.for_each(|slot, item| {
                if item.entry.is_file() {
                    stored.insert(EntryId::new(block, slot).0 as i64);
                }
            })
        })?;
    }
    let mut indexed = HashSet::new();
    let mut statement =
        reader.connection.prepare_cached("SELECT id FROM name_index_docsize WHERE id >= ?1 AND id <= ?2")?;
    let mut rows = statement.query([EntryId::new(from + 1, 0).0 as i64, EntryId::new(to, 255).0 as i64])?;
    while let Some(row) = rows.next()? {
        indexed.insert(row.get::<_, i64>(0)?);
    }
    let wrong: Vec<i64> = stored.symmetric_difference(&indexed).copied().collect();
    let mut blocks: Vec<i64> = wrong.iter().map(|id| EntryId(*id as u64).block()).collect();
    blocks.sort_unstable();
    blocks.dedup();
    Ok(Some((wrong.len(), blocks)))
}
