//! Writes that someone waits for: one small change with all that hangs on it, at once.
//!
//! Their cost hangs on the change and its directory, never on the catalog: the content keys of the change alone are
//! merged, and the name index takes the names of new blocks with it as long as it is complete up to there.

use std::sync::atomic::Ordering;

use rusqlite::{params, OptionalExtension};

use super::change::DirectoryChange;
use super::session::Session;
use crate::block::EntryId;
use crate::error::CatalogError;
use crate::expression::fold;

impl Session {
    /// Applies changes that were compared with this very state, in this task: blocks, content keys and names.
    pub fn apply_now(&mut self, changes: &[DirectoryChange]) -> Result<(), CatalogError> {
        self.apply(changes)?;
        let outcome = self.index_now(changes);
        self.owe(outcome)
    }

    /// What came with changes that are committed goes into the indexes.
    fn index_now(&mut self, changes: &[DirectoryChange]) -> Result<(), CatalogError> {
        let mut blocks: Vec<i64> =
            changes.iter().flat_map(|change| change.blocks.iter().map(|write| write.id)).collect();
        blocks.sort_unstable();
        self.follow_names(&blocks)?;
        self.merge_newest(changes.iter().map(|change| change.staged.len()).sum())?;
        // What the changes took out of the content index lies on top of it.
        self.make_way(0).map(|_| ())
    }

    /// A full disk that keeps keys and names from the indexes is no failure of the change itself, which is committed: tried
    /// again, it would find nothing to do and tell nothing. Names catch up after the next scan, keys as soon as there is room.
    fn owe(&mut self, outcome: Result<(), CatalogError>) -> Result<(), CatalogError> {
        match outcome {
            Err(CatalogError::DiskFull) => {
                self.shared.disk_full.store(true, Ordering::Relaxed);
                self.merge_owed = true;
                Ok(())
            }
            outcome => outcome,
        }
    }

    /// Merges what could not be merged before; what fails again goes on waiting.
    pub(super) fn settle_debts(&mut self) {
        if std::mem::take(&mut self.merge_owed) {
            let outcome = self.merge_content(&mut |_| std::ops::ControlFlow::Continue(()));
            let is_done = outcome.is_ok();
            if let Err(error) = self.owe(outcome) {
                tracing::error!(error = %error, "catalog_merge_failed");
            }
            if is_done {
                self.shared.disk_full.store(false, Ordering::Relaxed);
            }
        }
    }

    /// The first of `count` block ids that no one has yet; they are to be written in the same task.
    pub fn reserve_blocks(&self, count: usize) -> i64 {
        self.shared.next_block.fetch_add(count as i64, Ordering::Relaxed)
    }

    /// The parent of a directory; 0 for a top.
    pub fn parent(&mut self, directory: i64) -> Result<i64, CatalogError> {
        self.parent_of(directory)
    }

    /// Apparent bytes in a directory and all below it.
    pub fn bytes_below(&self, directory: i64) -> Result<u64, CatalogError> {
        Ok(self.usage_of(directory)?.bytes as u64)
    }

    /// Whether files in `directory` may share extents with others.
    pub fn may_share_extents(&self, directory: i64) -> Result<bool, CatalogError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT v.reflink FROM directory d JOIN volume v ON v.id = d.volume WHERE d.id = ?1")?;
        Ok(statement.query_row([directory], |row| row.get(0)).optional()?.unwrap_or(false))
    }

    /// Takes new blocks into the name index where it is complete up to them. Where it is not, a scan has ids that are
    /// not written yet, and the index catches up after it.
    fn follow_names(&mut self, blocks: &[i64]) -> Result<(), CatalogError> {
        let before = self.shared.name_index_watermark.load(Ordering::Relaxed);
        let mut watermark = before;
        let mut names = Vec::new();
        for &block in blocks.iter().filter(|&&block| block > before) {
            if block != watermark + 1 {
                break;
            }
            watermark = block;
            self.with_block(block, |view| {
                view.for_each(|slot, item| {
                    if item.entry.is_file() {
                        names.push((EntryId::new(block, slot), fold(item.name)));
                    }
                })
            })?;
        }
        if watermark == before {
            return Ok(());
        }
        self.aside(|session| {
            for (entry, name) in &names {
                session
                    .connection
                    .prepare_cached("INSERT INTO name_index (rowid, name) VALUES (?1, ?2)")?
                    .execute(params![entry.0 as i64, name])?;
            }
            session.set_meta("name_index_watermark", watermark)
        })?;
        self.shared.name_index_watermark.store(watermark, Ordering::Relaxed);
        Ok(())
    }
}
