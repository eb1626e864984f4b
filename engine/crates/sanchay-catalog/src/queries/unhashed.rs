//! What is still to be hashed: one pass over the columns of blocks that hold such files, in stretches, so that no snapshot is held for long.

use crate::block::{contents, BlockColumns, EntryKind, HashState};
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

const BLOCKS_AT_ONCE: usize = 2000;

impl Catalog {
    /// Counts what is to be hashed. It takes about 15 ms a million entries that are not, so ask seldom.
    pub fn hash_debt(&self) -> Result<HashDebt, CatalogError> {
        let mut debt = HashDebt::default();
        let blocks = self.reader()?.blocks_with(contents::OPEN)?;
        for stretch in blocks.chunks(BLOCKS_AT_ONCE) {
            self.add_debt(stretch, &mut debt)?;
        }
        Ok(debt)
    }

    /// Adds a stretch of blocks, as far as they are still there.
    fn add_debt(&self, blocks: &[i64], debt: &mut HashDebt) -> Result<(), CatalogError> {
        let reader = self.reader()?;
        reader.snapshot(|reader| {
            let mut statement =
                reader.connection.prepare_cached("SELECT columns FROM block WHERE id = ?1 AND files > 0")?;
            for block in blocks {
                let mut rows = statement.query([block])?;
                let Some(row) = rows.next()? else { continue };
                let columns =
                    BlockColumns::parse(row.get_ref(0)?.as_blob().map_err(|_| CatalogError::corrupt_block())?)?;
                for slot in 0..columns.len() {
                    let waits = matches!(columns.hash_state(slot), HashState::Pending | HashState::Unstable);
                    if waits && columns.kind(slot) == EntryKind::File {
                        debt.files += 1;
                        debt.bytes += columns.size_bytes(slot);
                    }
                }
            }
            Ok(())
        })
    }
}
