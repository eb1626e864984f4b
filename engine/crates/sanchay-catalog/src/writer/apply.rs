//! Writing a batch of directory changes in one transaction.

use std::collections::HashMap;

use rusqlite::params;

use super::change::{DirectoryChange, DirectoryRow, RollupKind, UsageDelta};
use super::session::Session;
use crate::block::EntryId;
use crate::error::CatalogError;

impl Session {
    /// Writes `batch` whole, or nothing of it.
    pub fn apply(&mut self, batch: &[DirectoryChange]) -> Result<(), CatalogError> {
        let new_extensions = self.shared.extensions.unsaved();
        let unstaged: usize = batch.iter().map(|change| change.unstaged.len()).sum();
        if unstaged > 0 {
            self.make_way(unstaged)?;
        }
        self.transaction(|session| {
            for (id, text) in &new_extensions {
                session
                    .connection
                    .prepare_cached("INSERT OR IGNORE INTO extension (id, text) VALUES (?1, ?2)")?
                    .execute(params![id, text])?;
            }
            let mut usage: HashMap<i64, UsageDelta> = HashMap::new();
            let mut rollups: HashMap<(i64, RollupKind, i64), (i64, i64)> = HashMap::new();
            let mut unstaged: Vec<_> = batch.iter().flat_map(|change| change.unstaged.iter().copied()).collect();
            for change in batch {
                session.apply_directory(change, &mut unstaged)?;
                session.remember_parent(change.directory, change.parent);
            }
            for change in batch {
                session.feed_directory(change)?;
                if !change.usage.is_none() {
                    session.carry_up(change.directory, &change.usage, &mut usage)?;
                }
                for delta in &change.rollups.0 {
                    let sums = rollups.entry((change.tree, delta.kind, delta.key)).or_default();
                    sums.0 += delta.files;
                    sums.1 += delta.bytes;
                }
            }
            session.add_usage(&usage)?;
            session.add_rollups(&rollups)?;
            session.remove_postings(&mut unstaged)
        })?;
        self.shared.extensions.mark_saved(&new_extensions);
        for change in batch {
            self.staged.extend_from_slice(&change.staged);
        }
        self.count_staged();
        Ok(())
    }

    /// `unstaged`: keys that the content index must lose.
    fn apply_directory(
        &mut self,
        change: &DirectoryChange,
        unstaged: &mut Vec<(i64, EntryId)>,
    ) -> Result<(), CatalogError> {
        if let Some(row) = &change.row {
            self.put_directory(row)?;
        }
        let mut kept = self.keep_published(change)?;
        unstaged.extend(kept.iter_mut().flat_map(|(_, kept)| std::mem::take(&mut kept.unstaged)));
        for write in &change.blocks {
            let newer = kept.iter().find(|(block, _)| *block == write.id).and_then(|(_, kept)| kept.block.as_ref());
            let block = newer.unwrap_or(&write.block);
            self.shared.large_folders.add(change.directory, write.id, block)?;
            let zone = &block.zone;
            self.connection
                .prepare_cached(
                    "INSERT INTO block (id, directory, files, min_size, max_size, min_mtime, max_mtime, columns, linked, contents)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
                     ON CONFLICT (id) DO UPDATE SET files = ?3, min_size = ?4, max_size = ?5, min_mtime = ?6,
                         max_mtime = ?7, columns = ?8, linked = ?9, contents = ?10",
                )?
                .execute(params![
                    write.id,
                    change.directory,
                    zone.files,
                    zone.size_bytes.0,
                    zone.size_bytes.1,
                    zone.mtime_s.0,
                    zone.mtime_s.1,
                    block.columns,
                    zone.linked,
                    zone.contents
                ])?;
            self.connection
                .prepare_cached("INSERT OR REPLACE INTO block_detail (id, detail) VALUES (?1, ?2)")?
                .execute(params![write.id, block.detail])?;
        }
        let mut last_pending = 0;
        for staged in &change.staged {
            let block = staged.posting.entry.block();
            if block != last_pending {
                last_pending = block;
                self.connection
                    .prepare_cached("INSERT OR IGNORE INTO content_pending (block) VALUES (?1)")?
                    .execute([block])?;
            }
        }
        for entry in change.names_removed.iter().filter(|entry| self.shared.in_name_index(entry.block())) {
            self.connection.prepare_cached("DELETE FROM name_index WHERE rowid = ?1")?.execute([entry.0 as i64])?;
        }
        for (entry, name) in change.names_added.iter().filter(|(entry, _)| self.shared.in_name_index(entry.block())) {
            self.connection
                .prepare_cached("INSERT INTO name_index (rowid, name) VALUES (?1, ?2)")?
                .execute(params![entry.0 as i64, name])?;
        }
        Ok(())
    }

    fn put_directory(&mut self, row: &DirectoryRow) -> Result<(), CatalogError> {
        self.connection
            .prepare_cached(
                "INSERT INTO directory (id, parent, name, volume, inode, mtime_ns, state)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                 ON CONFLICT (id) DO UPDATE SET parent = ?2, name = ?3, volume = ?4, inode = ?5, mtime_ns = ?6, state = ?7",
            )?
            .execute(params![
                row.id,
                row.parent,
                row.name,
                row.volume,
                row.inode as i64,
                row.mtime_ns,
                i64::from(row.unreadable) | i64::from(row.mounted) << 1
            ])?;
        Ok(())
    }

    pub(crate) fn add_usage(&mut self, usage: &HashMap<i64, UsageDelta>) -> Result<(), CatalogError> {
        let mut sorted: Vec<_> = usage.iter().collect();
        sorted.sort_unstable_by_key(|(directory, _)| **directory);
        for (directory, delta) in sorted {
            self.connection
                .prepare_cached(
                    "INSERT INTO usage (directory, files, directories, bytes, allocated, newest_ns)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                     ON CONFLICT (directory) DO UPDATE SET files = files + ?2, directories = directories + ?3,
                         bytes = bytes + ?4, allocated = allocated + ?5, newest_ns = max(newest_ns, ?6)",
                )?
                .execute(params![
                    directory,
                    delta.files,
                    delta.directories,
                    delta.bytes,
                    delta.allocated,
                    delta.newest_ns
                ])?;
        }
        Ok(())
    }

    pub(crate) fn add_rollups(
        &mut self,
        rollups: &HashMap<(i64, RollupKind, i64), (i64, i64)>,
    ) -> Result<(), CatalogError> {
        for ((tree, kind, key), (files, bytes)) in rollups {
            if *files == 0 && *bytes == 0 {
                continue;
            }
            self.connection
                .prepare_cached(
                    "INSERT INTO rollup (tree, kind, key, files, bytes) VALUES (?1, ?2, ?3, ?4, ?5)
                     ON CONFLICT (tree, kind, key) DO UPDATE SET files = files + ?4, bytes = bytes + ?5",
                )?
                .execute(params![tree, *kind as i64, key, files, bytes])?;
            if *files < 0 {
                // A day, or a made up extension, that no file has any more leaves no row behind.
                self.connection
                    .prepare_cached(
                        "DELETE FROM rollup WHERE tree = ?1 AND kind = ?2 AND key = ?3 AND files = 0 AND bytes = 0",
                    )?
                    .execute(params![tree, *kind as i64, key])?;
            }
        }
        Ok(())
    }
}
