//! What is still to be hashed: one pass over the blocks' columns, in stretches, so that no snapshot is held for long.

use crate::block::{BlockColumns, EntryKind, HashState};
use crate::catalog::Catalog;
use crate::error::CatalogError;

/// Files whose content is not known yet, or changed while it was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HashDebt {
    /// How many.
    pub files: u64,
    /// Their apparent bytes.
    pub bytes: u64,
}

const BLOCKS_AT_ONCE: i64 = 2000;

impl Catalog {
    /// Counts what is to be hashed. It takes about 15 ms a million entries, so ask seldom.
    pub fn hash_debt(&self) -> Result<HashDebt, CatalogError> {
        let mut debt = HashDebt::default();
        let mut from = Some(0);
        while let Some(block) = from {
            from = self.add_debt(block, &mut debt)?;
        }
        Ok(debt)
    }

    /// Adds a stretch of blocks; the block to go on from, None at the end.
    fn add_debt(&self, from: i64, debt: &mut HashDebt) -> Result<Option<i64>, CatalogError> {
        let reader = self.reader()?;
        reader.snapshot(|reader| {
            let mut statement = reader
                .connection
                .prepare_cached("SELECT id, columns FROM block WHERE id >= ?1 AND files > 0 ORDER BY id LIMIT ?2")?;
            let mut rows = statement.query([from, BLOCKS_AT_ONCE])?;
            let (mut seen, mut last) = (0, from);
            while let Some(row) = rows.next()? {
                (seen, last) = (seen + 1, row.get(0)?);
                let columns =
                    BlockColumns::parse(row.get_ref(1)?.as_blob().map_err(|_| CatalogError::corrupt_block())?)?;
                for slot in 0..columns.len() {
                    let waits = matches!(columns.hash_state(slot), HashState::Pending | HashState::Unstable);
                    if waits && columns.kind(slot) == EntryKind::File {
                        debt.files += 1;
                        debt.bytes += columns.size_bytes(slot);
                    }
                }
            }
            Ok((seen == BLOCKS_AT_ONCE).then_some(last + 1))
        })
    }
}
