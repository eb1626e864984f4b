//! Forgetting a directory and all below it, in bounded transactions from the leaves up.

use std::collections::HashMap;

use super::change::{RollupKind, Rollups, UsageDelta};
use super::session::Session;
use crate::block::EntryId;
use crate::content::Posting;
use crate::error::CatalogError;
use crate::feed::ChangeKind;

/// Entries forgotten in one transaction at most (give or take one directory).
const TRANSACTION_ENTRIES: i64 = 50_000;

/// Files with several names that are remembered of what was forgotten.
const LINKED_MOST: usize = 20_000;

/// What was forgotten.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// Regular files.
    pub files: u64,
    /// Directories.
    pub directories: u64,
    /// Volume and inode of files with several names, as far as they are remembered: the others changed with them.
    pub linked: Vec<(i64, u64)>,
}

impl Session {
    /// Forgets `directory` of `tree`, and everything below it. Broken off in the middle, what is left is consistent. The
    /// change feed says it in one row, once all is gone.
    pub fn remove_subtree(&mut self, tree: i64, directory: i64) -> Result<Removed, CatalogError> {
        self.remove_told(tree, directory, ChangeKind::Removed)
    }

    /// As [`Session::remove_subtree`], told as `kind`.
    pub(crate) fn remove_told(&mut self, tree: i64, directory: i64, kind: ChangeKind) -> Result<Removed, CatalogError> {
        let mut below = self.subtree(directory)?;
        let Some(path) = self.path_of(directory)? else { return Ok(Removed::default()) };
        let mut removed = Removed::default();
        while !below.is_empty() {
            let from = below.len();
            let (left, part) = self.transaction(|session| {
                let (mut left, mut entries, mut part) = (from, 0, Removed::default());
                let (mut told_files, mut told_bytes) = (0, 0);
                while left > 0 && entries < TRANSACTION_ENTRIES {
                    left -= 1;
                    let delta = session.remove_one(tree, below[left], &mut part.linked)?;
                    if below[left] != directory {
                        // A removal that was broken off in there has gone on to this one.
                        let (files, bytes) = session.take_open(-below[left])?.unwrap_or_default();
                        told_files += files;
                        told_bytes += bytes;
                    }
                    told_files -= delta.files;
                    told_bytes -= delta.bytes;
                    entries += delta.files + 16;
                    part.files += delta.files as u64;
                    part.directories += 1;
                }
                match session.baselines.get(&tree) {
                    Some(&root) => session.add_open(root, told_files, told_bytes)?,
                    None => session.add_open(-directory, told_files, told_bytes)?,
                }
                if left == 0 {
                    if let Some((files, bytes)) = session.take_open(-directory)? {
                        session.feed_folder(kind, &path, files, bytes)?;
                    }
                }
                Ok((left, part))
            })?;
            below.truncate(left);
            removed.files += part.files;
            removed.directories += part.directories;
            let room = LINKED_MOST.saturating_sub(removed.linked.len());
            removed.linked.extend(part.linked.into_iter().take(room));
        }
        Ok(removed)
    }

    /// `directory` and all below it, each after its parent.
    pub(crate) fn subtree(&self, directory: i64) -> Result<Vec<i64>, CatalogError> {
        let mut found = vec![directory];
        let mut statement = self.connection.prepare_cached("SELECT id FROM directory WHERE parent = ?1")?;
        let mut at = 0;
        while at < found.len() {
            let rows = statement.query_map([found[at]], |row| row.get(0))?;
            for row in rows {
                found.push(row?);
            }
            at += 1;
        }
        Ok(found)
    }

    /// Forgets one directory whose subdirectories are gone already; gives what it had, as a positive delta.
    fn remove_one(
        &mut self,
        tree: i64,
        directory: i64,
        linked: &mut Vec<(i64, u64)>,
    ) -> Result<UsageDelta, CatalogError> {
        self.remember_history(directory)?;
        let volume = self.load_child(directory)?.map_or(0, |row| row.volume);
        let blocks: Vec<i64> = self
            .connection
            .prepare_cached("SELECT id FROM block WHERE directory = ?1")?
            .query_map([directory], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let (mut lost, mut rollups) = (UsageDelta::none(), Rollups::default());
        let (mut postings, mut names) = (Vec::new(), Vec::new());
        for &block in &blocks {
            self.with_block(block, |view| {
                view.for_each(|slot, item| {
                    let id = EntryId::new(block, slot);
                    lost.count(&item.entry, -1);
                    if item.entry.links > 1 && linked.len() < LINKED_MOST {
                        linked.push((volume, item.entry.inode));
                    }
                    rollups.count(&item.entry, -1);
                    if let Some((posting, _)) = Posting::of(id, &item.entry, false) {
                        postings.push((posting.key, id));
                    }
                    if item.entry.is_file() && self.shared.in_name_index(block) {
                        names.push(id);
                    }
                })
            })?;
        }
        for id in names {
            self.connection.prepare_cached("DELETE FROM name_index WHERE rowid = ?1")?.execute([id.0 as i64])?;
        }
        for block in blocks {
            for sql in [
                "DELETE FROM block WHERE id = ?1",
                "DELETE FROM block_detail WHERE id = ?1",
                "DELETE FROM content_pending WHERE block = ?1",
                "DELETE FROM edges WHERE entry >= ?1 * 256 AND entry < ?1 * 256 + 256",
            ] {
                self.connection.prepare_cached(sql)?.execute([block])?;
            }
        }
        lost.directories = -1;
        let (mut usage, mut sums) = (HashMap::new(), HashMap::<(i64, RollupKind, i64), (i64, i64)>::new());
        let parent = self.parent_of(directory)?;
        self.carry_up(parent, &lost, &mut usage)?;
        self.add_usage(&usage)?;
        for delta in &rollups.0 {
            let sum = sums.entry((tree, delta.kind, delta.key)).or_default();
            sum.0 += delta.files;
            sum.1 += delta.bytes;
        }
        self.add_rollups(&sums)?;
        self.remove_postings(&mut postings)?;
        for sql in ["DELETE FROM directory WHERE id = ?1", "DELETE FROM usage WHERE directory = ?1"] {
            self.connection.prepare_cached(sql)?.execute([directory])?;
        }
        self.parents.remove(&directory);
        Ok(UsageDelta {
            files: -lost.files,
            directories: 1,
            bytes: -lost.bytes,
            allocated: -lost.allocated,
            newest_ns: i64::MIN,
        })
    }
}
