//! Forgetting a directory and all below it, from the leaves up, in short transactions that others may come between.
//!
//! The content index is sorted by content, and what one folder holds lies all over it. So a large part is taken out of
//! the index first, in the order of the index, and its rows go after. Until they do their blocks are noted as pending: a
//! kill in between puts their keys back into the index.

use std::collections::HashMap;
use std::sync::atomic::Ordering;

use super::change::{RollupKind, Rollups, UsageDelta};
use super::session::Session;
use crate::block::EntryId;
use crate::catalog::Catalog;
use crate::content::Posting;
use crate::error::CatalogError;
use crate::feed::ChangeKind;

/// Entries forgotten in one transaction at most (give or take one directory).
const TRANSACTION_ENTRIES: i64 = 50_000;
/// Keys taken out of the content index in one pass over it: 16 MB.
const PASS_KEYS: usize = 1_000_000;

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

/// A directory that is being forgotten. Broken off in the middle, what is left is consistent.
pub(crate) struct Removal {
    tree: i64,
    directory: i64,
    kind: ChangeKind,
    path: Vec<u8>,
    /// What is left, each after its parent.
    below: Vec<i64>,
    /// More than one transaction takes.
    is_large: bool,
    /// The directories of `below` from here on are out of the content index, but for `keys`.
    unindexed_from: usize,
    /// Sorted; the last go first.
    keys: Vec<(i64, EntryId)>,
    keeps_pending: bool,
    /// What was forgotten so far.
    pub removed: Removed,
}

impl Removal {
    /// The tree it belongs to.
    pub(crate) fn tree(&self) -> i64 {
        self.tree
    }

    /// Whether everything is gone.
    pub fn is_done(&self) -> bool {
        self.below.is_empty()
    }
}

impl Catalog {
    /// Forgets `directory` of `tree`, and everything below it, while `go_on` says so. The change feed says it in one row,
    /// once all is gone. Other writes run in between; the caller sees to it that none is about this directory.
    pub fn remove_subtree(&self, tree: i64, directory: i64, go_on: &dyn Fn() -> bool) -> Result<Removed, CatalogError> {
        let removal = self.writer().run(move |session| session.begin_removal(tree, directory, ChangeKind::Removed))?;
        Ok(self.carry_out(removal, go_on)?.removed)
    }

    /// Carries a removal out, while `go_on` says so.
    pub(crate) fn carry_out(&self, mut removal: Removal, go_on: &dyn Fn() -> bool) -> Result<Removal, CatalogError> {
        while !removal.is_done() {
            if !go_on() {
                return self.broken_off(removal);
            }
            let (back, outcome) = self.writer().run(move |session| {
                let outcome = session.remove_some(&mut removal);
                Ok((removal, outcome))
            })?;
            removal = back;
            match outcome {
                Ok(()) => self.shared().disk_full.store(false, Ordering::Relaxed),
                // What is gone so far stays gone: the rest is tried again once there may be room.
                Err(CatalogError::DiskFull) if self.wait_for_room(go_on) => {}
                Err(error) => {
                    removal = self.broken_off(removal)?;
                    return if go_on() { Err(error) } else { Ok(removal) };
                }
            }
        }
        Ok(removal)
    }

    fn broken_off(&self, mut removal: Removal) -> Result<Removal, CatalogError> {
        self.writer().run(move |session| {
            session.break_off(&mut removal);
            Ok(removal)
        })
    }
}

impl Session {
    /// As [`Catalog::remove_subtree`], on the writer's thread and to the end.
    pub fn remove_subtree(&mut self, tree: i64, directory: i64) -> Result<Removed, CatalogError> {
        let mut removal = self.begin_removal(tree, directory, ChangeKind::Removed)?;
        while !removal.is_done() {
            if let Err(error) = self.remove_some(&mut removal) {
                self.break_off(&mut removal);
                return Err(error);
            }
        }
        Ok(removal.removed)
    }

    /// Begins to forget `directory` of `tree`, which will be told as `kind`. No row is gone yet.
    pub(crate) fn begin_removal(
        &mut self,
        tree: i64,
        directory: i64,
        kind: ChangeKind,
    ) -> Result<Removal, CatalogError> {
        let path = self.path_of(directory)?;
        let files = self.usage_of(directory)?.files;
        if files > TRANSACTION_ENTRIES {
            self.drop_name_index_before(files)?;
        }
        let below = if path.is_some() { self.subtree(directory)? } else { Vec::new() };
        Ok(Removal {
            tree,
            directory,
            kind,
            path: path.unwrap_or_default(),
            is_large: files > TRANSACTION_ENTRIES,
            unindexed_from: below.len(),
            below,
            keys: Vec::new(),
            keeps_pending: false,
            removed: Removed::default(),
        })
    }

    /// Does a part of a removal, in one transaction. One that failed may be tried again; who gives it up calls
    /// [`Session::break_off`].
    pub(crate) fn remove_some(&mut self, removal: &mut Removal) -> Result<(), CatalogError> {
        let outcome = if !removal.is_large {
            self.remove_rows(removal, 0)
        } else if !removal.keys.is_empty() {
            self.remove_keys(removal)
        } else if removal.unindexed_from < removal.below.len() {
            self.remove_rows(removal, removal.unindexed_from)
        } else {
            self.gather_keys(removal)
        };
        if removal.is_done() {
            self.break_off(removal);
        }
        outcome
    }

    /// Keys that are out of the index are staged again where their rows are still there.
    fn break_off(&mut self, removal: &mut Removal) {
        for directory in &removal.below {
            self.unindexed.remove(directory);
        }
        if !removal.keeps_pending {
            return;
        }
        let staged = if removal.is_done() { Ok(()) } else { self.stage_pending() };
        match staged {
            Ok(()) => {
                removal.keeps_pending = false;
                self.pending_keepers -= 1;
            }
            // They stay noted as pending, and are staged when the catalog is opened next.
            Err(error) => tracing::warn!(error = %error, "catalog_removal_not_undone"),
        }
    }

    /// Reads the keys of the next directories, and notes their blocks as pending.
    fn gather_keys(&mut self, removal: &mut Removal) -> Result<(), CatalogError> {
        self.fit_memory(PASS_KEYS)?;
        if !removal.keeps_pending {
            removal.keeps_pending = true;
            self.pending_keepers += 1;
        }
        let (mut keys, mut from) = (Vec::new(), removal.below.len());
        let below = &removal.below;
        self.transaction(|session| {
            while from > 0 && keys.len() < PASS_KEYS {
                from -= 1;
                for block in session.blocks_of(below[from])? {
                    session
                        .connection
                        .prepare_cached("INSERT OR IGNORE INTO content_pending (block) VALUES (?1)")?
                        .execute([block])?;
                    session.with_block(block, |view| {
                        view.for_each(|slot, item| {
                            let id = EntryId::new(block, slot);
                            keys.extend(Posting::of(id, &item.entry, false).map(|(posting, _)| (posting.key, id)));
                        })
                    })?;
                }
            }
            Ok(())
        })?;
        keys.sort_unstable();
        self.unindexed.extend(&removal.below[from..removal.unindexed_from]);
        (removal.keys, removal.unindexed_from) = (keys, from);
        Ok(())
    }

    fn remove_keys(&mut self, removal: &mut Removal) -> Result<(), CatalogError> {
        self.fit_memory(removal.keys.len())?;
        let level = self.make_way(removal.keys.len())?;
        let left = self.transaction(|session| session.remove_last_postings(level, &removal.keys))?;
        removal.keys.truncate(left);
        Ok(())
    }

    /// Forgets directories from the end of what is below, none before `from`.
    fn remove_rows(&mut self, removal: &mut Removal, from: usize) -> Result<(), CatalogError> {
        let Removal { tree, directory, kind, ref path, ref below, is_large, .. } = *removal;
        let (left, part) = self.transaction(|session| {
            let (mut left, mut entries, mut part) = (below.len(), 0, Part::default());
            let (mut told_files, mut told_bytes) = (0, 0);
            // What each folder's parent loses, itself included: carried up at once, for a tree may be thousands of levels deep.
            let mut lost: HashMap<i64, UsageDelta> = HashMap::new();
            while left > from && entries < TRANSACTION_ENTRIES {
                left -= 1;
                let delta = session.remove_one(tree, below[left], &mut part, &mut lost)?;
                if below[left] != directory {
                    // A removal that was broken off in there has gone on to this one.
                    let (files, bytes) = session.take_open(-below[left])?.unwrap_or_default();
                    told_files += files;
                    told_bytes += bytes;
                }
                told_files -= delta.files;
                told_bytes -= delta.bytes;
                entries += delta.files + 16;
                part.removed.files += delta.files as u64;
                part.removed.directories += 1;
            }
            let mut usage = HashMap::new();
            for (parent, delta) in &lost {
                session.carry_up(*parent, delta, &mut usage)?;
            }
            session.add_usage(&usage)?;
            if !is_large {
                session.remove_postings(&mut part.keys)?;
            }
            match session.baselines.get(&tree) {
                Some(&root) => session.add_open(root, told_files, told_bytes)?,
                None => session.add_open(-directory, told_files, told_bytes)?,
            }
            if left == 0 {
                if let Some((files, bytes)) = session.take_open(-directory)? {
                    session.feed_folder(kind, path, files, bytes)?;
                }
            }
            Ok((left, part.removed))
        })?;
        for directory in &removal.below[left..] {
            self.unindexed.remove(directory);
        }
        removal.below.truncate(left);
        let removed = &mut removal.removed;
        removed.files += part.files;
        removed.directories += part.directories;
        let room = LINKED_MOST.saturating_sub(removed.linked.len());
        removed.linked.extend(part.linked.into_iter().take(room));
        Ok(())
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

    fn blocks_of(&self, directory: i64) -> Result<Vec<i64>, CatalogError> {
        let mut statement = self.connection.prepare_cached("SELECT id FROM block WHERE directory = ?1")?;
        let blocks = statement.query_map([directory], |row| row.get(0))?.collect::<Result<_, _>>()?;
        Ok(blocks)
    }

    /// Forgets one directory whose subdirectories are gone already; gives what it had, as a positive delta. What its
    /// parent has less, with what was below, goes to `lost_of`.
    fn remove_one(
        &mut self,
        tree: i64,
        directory: i64,
        part: &mut Part,
        lost_of: &mut HashMap<i64, UsageDelta>,
    ) -> Result<UsageDelta, CatalogError> {
        self.remember_history(directory)?;
        let volume = self.load_child(directory)?.map_or(0, |row| row.volume);
        let blocks = self.blocks_of(directory)?;
        let (mut lost, mut rollups) = (UsageDelta::none(), Rollups::default());
        let mut names = Vec::new();
        for &block in &blocks {
            self.with_block(block, |view| {
                view.for_each(|slot, item| {
                    let id = EntryId::new(block, slot);
                    lost.count(&item.entry, -1);
                    if item.entry.links > 1 && part.removed.linked.len() < LINKED_MOST {
                        part.removed.linked.push((volume, item.entry.inode));
                    }
                    rollups.count(&item.entry, -1);
                    part.keys.extend(Posting::of(id, &item.entry, false).map(|(posting, _)| (posting.key, id)));
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
                "DELETE FROM checked WHERE block = ?1",
                "DELETE FROM edges WHERE entry >= ?1 * 256 AND entry < ?1 * 256 + 256",
            ] {
                self.connection.prepare_cached(sql)?.execute([block])?;
            }
        }
        self.shared.large_folders.forget(directory);
        lost.directories = -1;
        let mut sums = HashMap::<(i64, RollupKind, i64), (i64, i64)>::new();
        let parent = self.parent_of(directory)?;
        let below = lost_of.remove(&directory);
        if parent != 0 {
            let of_parent = lost_of.entry(parent).or_insert_with(UsageDelta::none);
            of_parent.add(&lost);
            if let Some(below) = below {
                of_parent.add(&below);
            }
        }
        for delta in &rollups.0 {
            let sum = sums.entry((tree, delta.kind, delta.key)).or_default();
            sum.0 += delta.files;
            sum.1 += delta.bytes;
        }
        self.add_rollups(&sums)?;
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

/// What one transaction forgets.
#[derive(Default)]
struct Part {
    removed: Removed,
    keys: Vec<(i64, EntryId)>,
}

#[cfg(test)]
#[path = "remove_tests.rs"]
mod tests;
