//! What a check does about rows that disagree, on the writer's thread: each looks again before it changes anything.

use std::collections::HashMap;
use std::ops::ControlFlow;

use rusqlite::{params, OptionalExtension};
use sanchay_core::give_memory_back;

use super::content::{group_sums, COUNTERS};
use super::totals::totals_of_folders;
use crate::block::EntryId;
use crate::content::{Posting, Staged};
use crate::error::CatalogError;
use crate::expression::fold;
use crate::writer::{RollupKind, Session, UsageDelta};

impl Session {
    /// Forgets folders that hang on no tree, with what is in them. What has come to have a parent since stays.
    pub(super) fn forget_orphans(&mut self, folders: &[i64]) -> Result<(), CatalogError> {
        self.transaction(|session| {
            session.parents.clear();
            for &folder in folders {
                if session.hangs_on_a_tree(folder)? {
                    continue;
                }
                let blocks: Vec<i64> = session
                    .connection
                    .prepare_cached("SELECT id FROM block WHERE directory = ?1")?
                    .query_map([folder], |row| row.get(0))?
                    .collect::<Result<_, _>>()?;
                for block in blocks {
                    session.forget_block(block)?;
                }
                for sql in ["DELETE FROM directory WHERE id = ?1", "DELETE FROM usage WHERE directory = ?1"] {
                    session.connection.prepare_cached(sql)?.execute([folder])?;
                }
            }
            session.paths.clear();
            Ok(())
        })
    }

    fn hangs_on_a_tree(&self, folder: i64) -> Result<bool, CatalogError> {
        let mut statement = self.connection.prepare_cached(
            "WITH RECURSIVE above (id, parent) AS (
                 SELECT id, parent FROM directory WHERE id = ?1
                 UNION SELECT d.id, d.parent FROM above a JOIN directory d ON d.id = a.parent)
             SELECT 1 FROM above WHERE parent = 0",
        )?;
        Ok(statement.exists([folder])?)
    }

    /// Forgets blocks that have no folder or no names, and totals of folders that are not there.
    pub(super) fn forget_lost(&mut self, blocks: &[i64], folders: &[i64]) -> Result<(), CatalogError> {
        self.transaction(|session| {
            for &block in blocks {
                let whole = "SELECT 1 FROM block b JOIN directory d ON d.id = b.directory
                             JOIN block_detail n ON n.id = b.id WHERE b.id = ?1";
                if !session.connection.prepare_cached(whole)?.exists([block])? {
                    session.forget_block(block)?;
                }
            }
            for folder in folders {
                let sql = "DELETE FROM usage WHERE directory = ?1
                           AND NOT EXISTS (SELECT 1 FROM directory WHERE id = ?1)";
                session.connection.prepare_cached(sql)?.execute([folder])?;
            }
            Ok(())
        })
    }

    /// Inside the caller's transaction.
    fn forget_block(&mut self, block: i64) -> Result<(), CatalogError> {
        let mut keys = Vec::new();
        self.with_block(block, |view| {
            view.for_each(|slot, item| {
                let id = EntryId::new(block, slot);
                keys.extend(Posting::of(id, &item.entry, false).map(|(posting, _)| (posting.key, id)));
            })
        })?;
        self.remove_postings(&mut keys)?;
        self.forget_names(block)?;
        for sql in [
            "DELETE FROM block WHERE id = ?1",
            "DELETE FROM block_detail WHERE id = ?1",
            "DELETE FROM content_pending WHERE block = ?1",
            "DELETE FROM checked WHERE block = ?1",
            "DELETE FROM edges WHERE entry >= ?1 * 256 AND entry < ?1 * 256 + 256",
        ] {
            self.connection.prepare_cached(sql)?.execute([block])?;
        }
        Ok(())
    }

    fn forget_names(&mut self, block: i64) -> Result<(), CatalogError> {
        let names: Vec<i64> = self
            .connection
            .prepare_cached("SELECT id FROM name_index_docsize WHERE id >= ?1 * 256 AND id < ?1 * 256 + 256")?
            .query_map([block], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        for id in names {
            self.connection.prepare_cached("DELETE FROM name_index WHERE rowid = ?1")?.execute([id])?;
        }
        Ok(())
    }

    /// Adds up the sums of a tree from its files.
    pub(super) fn mend_rollups(&mut self, tree: i64) -> Result<(), CatalogError> {
        self.transaction(|session| {
            session.connection.prepare_cached("DELETE FROM rollup WHERE tree = ?1")?.execute([tree])?;
            let is_top = "SELECT 1 FROM directory WHERE id = ?1 AND parent = 0";
            if !session.connection.prepare_cached(is_top)?.exists([tree])? {
                return Ok(());
            }
            let mut sums: HashMap<(i64, RollupKind, i64), (i64, i64)> = HashMap::new();
            for folder in session.subtree(tree)? {
                for delta in session.rollups_of(folder)?.0 {
                    let sum = sums.entry((tree, delta.kind, delta.key)).or_default();
                    sum.0 += delta.files;
                    sum.1 += delta.bytes;
                }
            }
            session.add_rollups(&sums)
        })
    }

    /// Adds up the totals of these folders and of all above them, from below.
    pub(super) fn mend_totals(&mut self, folders: &[i64]) -> Result<(), CatalogError> {
        self.transaction(|session| {
            session.parents.clear();
            let mut depths: HashMap<i64, usize> = HashMap::new();
            for &folder in folders {
                let (mut chain, mut at) = (Vec::new(), folder);
                while at != 0 && !depths.contains_key(&at) {
                    chain.push(at);
                    at = session.parent_of(at)?;
                }
                let above = depths.get(&at).map_or(0, |depth| depth + 1);
                for (number, folder) in chain.into_iter().rev().enumerate() {
                    depths.insert(folder, above + number);
                }
            }
            let mut deepest_first: Vec<(usize, i64)> =
                depths.into_iter().map(|(folder, depth)| (depth, folder)).collect();
            deepest_first.sort_unstable_by(|a, b| b.cmp(a));
            for (_, folder) in deepest_first {
                if session.load_child(folder)?.is_some() {
                    session.mend_totals_of(folder)?;
                }
            }
            Ok(())
        })?;
        give_memory_back();
        Ok(())
    }

    fn mend_totals_of(&mut self, folder: i64) -> Result<(), CatalogError> {
        let mut totals = UsageDelta { directories: 1, ..UsageDelta::none() };
        for block in self.load_blocks(folder)? {
            block.view()?.for_each(|_, item| totals.count(&item.entry, 1))?;
        }
        totals.add(&totals_of_folders(&self.connection, folder)?);
        self.connection
            .prepare_cached(
                "INSERT INTO usage (directory, files, directories, bytes, allocated, newest_ns)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (directory) DO UPDATE SET files = ?2, directories = ?3, bytes = ?4, allocated = ?5, newest_ns = ?6",
            )?
            .execute(params![
                folder,
                totals.files,
                totals.directories,
                totals.bytes,
                totals.allocated,
                totals.newest_ns
            ])?;
        Ok(())
    }

    /// Takes keys out of the content index whose entries have not, or no longer, this content.
    pub(super) fn forget_ghosts(&mut self, keys: &[(i64, EntryId)]) -> Result<(), CatalogError> {
        self.transaction(|session| {
            let mut ghosts = Vec::new();
            for &(key, id) in keys {
                let entry = session.entry(id)?;
                let own = entry.and_then(|entry| Posting::of(id, &entry, false)).map(|(posting, _)| posting.key);
                if own != Some(key) {
                    ghosts.push((key, id));
                }
            }
            session.remove_postings(&mut ghosts)
        })
    }

    /// Puts the keys of hashed files into the content index again.
    pub(super) fn stage_again(&mut self, entries: &[EntryId]) -> Result<(), CatalogError> {
        let staged = self.transaction(|session| {
            let mut staged = Vec::new();
            for &id in entries {
                let Some(entry) = session.entry(id)? else { continue };
                let reflink = session.block_may_share_extents(id.block())?;
                session
                    .connection
                    .prepare_cached("INSERT OR IGNORE INTO content_pending (block) VALUES (?1)")?
                    .execute([id.block()])?;
                staged.extend(Posting::of(id, &entry, reflink).map(|(posting, hash)| Staged { posting, hash }));
            }
            Ok(staged)
        })?;
        self.staged.extend(staged);
        self.merge_content(&mut |_| ControlFlow::Continue(()))
    }

    fn block_may_share_extents(&self, block: i64) -> Result<bool, CatalogError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT v.reflink FROM block b JOIN directory d ON d.id = b.directory JOIN volume v ON v.id = d.volume
             WHERE b.id = ?1",
        )?;
        Ok(statement.query_row([block], |row| row.get(0)).optional()?.unwrap_or(false))
    }

    /// Makes the totals of all duplicates the sum of their groups.
    pub(super) fn mend_counters(&mut self) -> Result<(), CatalogError> {
        self.transaction(|session| {
            for (name, sum) in COUNTERS.into_iter().zip(group_sums(&session.connection)?) {
                session.set_meta(name, sum)?;
            }
            Ok(())
        })
    }

    /// Takes the names of blocks into the name index again, as far as it covers them.
    pub(super) fn index_names_again(&mut self, blocks: &[i64]) -> Result<(), CatalogError> {
        self.transaction(|session| {
            for &block in blocks {
                session.forget_names(block)?;
                if !session.shared.in_name_index(block) {
                    continue;
                }
                let mut names = Vec::new();
                session.with_block(block, |view| {
                    view.for_each(|slot, item| {
                        if item.entry.is_file() {
                            names.push((EntryId::new(block, slot), fold(item.name)));
                        }
                    })
                })?;
                for (id, name) in names {
                    session
                        .connection
                        .prepare_cached("INSERT INTO name_index (rowid, name) VALUES (?1, ?2)")?
                        .execute(params![id.0 as i64, name])?;
                }
            }
            Ok(())
        })
    }
}
