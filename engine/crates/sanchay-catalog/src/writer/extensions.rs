//! Letting extensions go that no entry has: programs that make up a new one for each temporary file would fill the table.

use std::collections::HashSet;
use std::sync::Arc;

use super::session::Session;
use crate::block::{BlockColumns, EntryKind};
use crate::error::CatalogError;

/// Blocks that are looked through for each extension that may go: a large catalog is not read for a few of them.
const BLOCKS_EACH: i64 = 2_000;

impl Session {
    /// Lets extensions go that no entry has, unless someone has ids in hand that are not written yet.
    pub(crate) fn forget_extensions(&mut self) -> Result<(), CatalogError> {
        let shared = Arc::clone(&self.shared);
        shared.extensions.let_go(|| {
            let unused = self.unused_extensions(shared.extensions.ids())?;
            if !unused.is_empty() {
                self.aside(|session| {
                    for id in &unused {
                        session.connection.prepare_cached("DELETE FROM extension WHERE id = ?1")?.execute([id])?;
                    }
                    session.connection.execute("DELETE FROM rollup WHERE files = 0 AND bytes = 0", [])?;
                    Ok(())
                })?;
            }
            Ok(unused)
        })
    }

    /// Those of `ids` that no entry has. The sums by extension count files alone, so the entries have the last word.
    fn unused_extensions(&self, ids: Vec<u32>) -> Result<Vec<u32>, CatalogError> {
        let counted: HashSet<u32> = self
            .connection
            .prepare_cached("SELECT key FROM rollup WHERE kind = 0 AND files <> 0")?
            .query_map([], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let mut unused: HashSet<u32> = ids.into_iter().filter(|id| !counted.contains(id)).collect();
        let last_block: i64 =
            self.connection.query_row("SELECT coalesce(max(id), 0) FROM block", [], |row| row.get(0))?;
        if (unused.len() as i64) * BLOCKS_EACH < last_block {
            return Ok(Vec::new());
        }
        let mut statement = self.connection.prepare("SELECT columns FROM block")?;
        let mut rows = statement.query([])?;
        while !unused.is_empty() {
            let Some(row) = rows.next()? else { break };
            let columns = row.get_ref(0)?.as_blob().map_err(|_| CatalogError::corrupt_block())?;
            let columns = BlockColumns::parse(columns)?;
            match columns.uniform_extension() {
                Some(id) => {
                    unused.remove(&id);
                }
                None => {
                    for slot in (0..columns.len()).filter(|&slot| columns.kind(slot) != EntryKind::Dead) {
                        unused.remove(&columns.extension(slot));
                    }
                }
            }
        }
        Ok(unused.into_iter().collect())
    }
}
