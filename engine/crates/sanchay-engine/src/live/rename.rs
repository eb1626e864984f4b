//! Moving rows: a renamed file or folder keeps its hashes.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use sanchay_catalog::block::{Entry, HashState};
use sanchay_catalog::feed::{ChangeItem, ChangeKind, ChangeList};
use sanchay_catalog::{CatalogError, DirectoryChange, DirectoryRow, Session};
use sanchay_core::path::{is_within, split};
use sanchay_core::watch::{name_after, Step};
use sanchay_core::{extension, FileKind, FileStat};

use super::event::{EventKind, LiveEvent};
use super::pass::Pass;
use super::several::Several;
use crate::error::EngineError;
use crate::inodes::Inodes;
use crate::root_spec::RootSettings;
use crate::scan::{fill, forget, rules_look_at_paths, Fresh, Stored, Target};
use crate::trashes::is_trash;

/// A file on its way from one directory to another.
struct Rename {
    tree: i64,
    from: (i64, Vec<u8>),
    to: (i64, Vec<u8>),
    entry: Entry,
    inodes: Arc<Inodes>,
}

impl Pass<'_> {
    /// Moves rows from one path to another. False where the disk does not have, under the name that this and the moves
    /// in `later` lead to, what the catalog has under the old one.
    pub(super) fn rename(&mut self, from: &[u8], to: &[u8], later: &[Step]) -> Result<bool, EngineError> {
        let Some(last) = name_after(to, later) else { return Ok(false) };
        let Some(seen) = self.stat(&last) else { return Ok(false) };
        let ((from_folder, from_name), (to_folder, to_name)) = (split(from), split(to));
        if self.excludes(to_folder, to_name, seen.kind == FileKind::Directory) {
            return Ok(false);
        }
        let (child, entry, from_directory, tree) = {
            let reader = self.inner.catalog.reader()?;
            let Some((directory, tree)) = reader.locate(from_folder)? else { return Ok(false) };
            let child = reader.child_named(directory, from_name)?;
            let entry = reader.entries_named(directory, &[from_name.to_vec()])?.remove(from_name);
            (child, entry.map(|(_, entry)| entry), directory, tree)
        };
        let Some((to_directory, to_tree)) = self.ensure(to_folder)? else { return Ok(false) };
        if tree != to_tree {
            return Ok(false);
        }
        // The folder that it comes into must be the one that the catalog has there; it may go on to another name itself.
        let into = name_after(to_folder, later)
            .and_then(|folder| self.root.open_dir(self.relative(&folder)?).ok()?.stat_self().ok());
        let stored = self.inner.catalog.reader()?.load_child(to_directory)?;
        if !stored.zip(into).is_some_and(|(stored, into)| stored.inode == 0 || stored.inode == into.inode) {
            return Ok(false);
        }
        match (child, entry) {
            (Some(child), _) => {
                // A root in it is reached by its path, which leads elsewhere now.
                let holds_root = self
                    .rows
                    .iter()
                    .any(|root| root.id != self.row.id && (is_within(&root.path, from) || is_within(&root.path, to)));
                if seen.kind != FileKind::Directory || child.inode != seen.inode || holds_root {
                    return Ok(false);
                }
                if from != to && !self.rename_folder(tree, child.id, to_directory, to_name)? {
                    return Ok(false);
                }
                let looks_at_paths = self
                    .rows
                    .iter()
                    .any(|row| RootSettings::of(row).is_ok_and(|settings| rules_look_at_paths(&settings)));
                if looks_at_paths {
                    self.followed.reconcile = true;
                }
                if is_trash(from_folder) != is_trash(to_folder) {
                    // What is read of it, and what is forgotten, is another thing now.
                    self.list(&last, true)?;
                }
            }
            (None, Some(entry)) => {
                let kind = sanchay_catalog::block::EntryKind::from(seen.kind);
                if seen.kind == FileKind::Directory || kind != entry.kind || entry.inode != seen.inode {
                    return Ok(false);
                }
                let there = self.inner.catalog.reader()?.entries_named(to_directory, &[to_name.to_vec()])?;
                let is_told = |(_, there): &(_, Entry)| there.witness() == seen.witness() && there.hash.is_some();
                if from != to && there.get(to_name).is_some_and(is_told) {
                    // A run of ours brought it there, and knows more of it.
                    return Ok(false);
                }
                let trashes = (is_trash(from_folder), is_trash(to_folder));
                let (from, to) = ((from_directory, from_name.to_vec()), (to_directory, to_name.to_vec()));
                self.rename_file(tree, from, to, entry, &seen, trashes)?;
            }
            (None, None) => return Ok(false),
        }
        if from != to {
            let mut event = LiveEvent::of(EventKind::Moved, self.row.id, to);
            event.other_path = Some(from.to_vec());
            event.size_bytes = if seen.kind == FileKind::File { seen.size_bytes } else { 0 };
            self.told(event);
        }
        Ok(true)
    }

    fn stat(&self, path: &[u8]) -> Option<FileStat> {
        let (folder, name) = split(path);
        self.root.open_dir(self.relative(folder)?).ok()?.stat(name).ok()
    }

    fn rename_folder(&mut self, tree: i64, child: i64, parent: i64, name: &[u8]) -> Result<bool, EngineError> {
        let inodes = Arc::clone(&self.inner.inodes);
        let name = name.to_vec();
        // What went stays known while a full disk has the rest tried again.
        let linked: Arc<Mutex<Vec<(i64, u64)>>> = Arc::default();
        let is_moved = self.inner.persist(&mut || {
            let (name, inodes, linked) = (name.clone(), Arc::clone(&inodes), Arc::clone(&linked));
            self.inner.catalog.writer().run(move |session| {
                if session.is_below(parent, child)? {
                    return Ok(false);
                }
                if let Some(other) = session.child_named(parent, &name)?.filter(|other| other.id != child) {
                    if !session.absent(other.id, false)?.held.is_empty() {
                        // What is out of reach stays where it was: the new folder is listed there.
                        return Ok(false);
                    }
                    let removed = session.remove_subtree(tree, other.id)?;
                    linked.lock().expect("no panic under this lock").extend(removed.linked);
                }
                drop_entry(session, tree, parent, &name, &inodes)?;
                session.move_directory(child, parent, &name)?;
                Ok(true)
            })
        })?;
        let linked = std::mem::take(&mut *linked.lock().expect("no panic under this lock"));
        self.follow_all_links(linked)?;
        Ok(is_moved)
    }

    fn rename_file(
        &mut self,
        tree: i64,
        from: (i64, Vec<u8>),
        to: (i64, Vec<u8>),
        entry: Entry,
        seen: &FileStat,
        trashes: (bool, bool),
    ) -> Result<(), EngineError> {
        let mut entry = Entry { extension: self.inner.catalog.extensions().intern(extension(&to.1)), ..entry };
        // Nothing but the name changed: the hash holds. Whatever else did has an event of its own.
        let links = entry.links;
        let mut hangs_on_events = self.inner.carried.forget(&entry);
        if entry.witness().with_inode(seen.inode).without_ctime() == seen.witness().without_ctime() {
            hangs_on_events |= entry.ctime_ns != seen.ctime_ns && entry.hash_state == HashState::Hashed;
            entry.ctime_ns = seen.ctime_ns;
            entry.links = seen.links;
            // The time of a change of owner is taken over here, so the owner is too.
            entry.owner = seen.owner;
            entry.allocated_bytes = seen.allocated_bytes;
            if entry.links.max(links) > 1 && entry.hash.is_some() {
                // Unless it was written by another name, with its time set back: the rename hides that.
                (entry.hash_state, entry.hash) = (HashState::Pending, None);
            } else if hangs_on_events && entry.hash.is_some() {
                // The new time may be that of a write whose event is still to come, with the other time set back.
                entry.hash_state = HashState::Racy;
                self.inner.carried.note(&entry);
            }
        }
        match trashes {
            (_, true) => (entry.hash_state, entry.hash) = (HashState::None, None),
            (true, false) if entry.hash.is_none() => entry.hash_state = HashState::Pending,
            _ => {}
        }
        let (to_directory, to_name) = (to.0, to.1.clone());
        self.inner.writers.forget_open(from.0, &from.1);
        let rename = Arc::new(Rename { tree, from, to, entry, inodes: Arc::clone(&self.inner.inodes) });
        let replaced = self.inner.persist(&mut || {
            let rename = Arc::clone(&rename);
            self.inner.catalog.writer().run(move |session| move_entry(session, &rename))
        })?;
        self.follow_all_links(replaced)?;
        let waits = matches!(entry.hash_state, HashState::Pending | HashState::Unstable | HashState::Racy);
        if waits && !self.inner.carried.has(&entry) {
            self.followed.hashes.push((to_directory, vec![to_name.clone()]));
        }
        if entry.links.max(links) > 1 {
            let volume = self.inner.catalog.reader()?.volume_of_directory(to_directory)?;
            self.follow_links(volume, &Several::of(Entry::from_stat(seen, entry.extension)), 1)?;
        }
        Ok(())
    }

    /// The directory of a folder and its tree; where it is so new that the catalog lacks it, it gets a row, and what is in
    /// it is left to be listed. None where it is not there or left out.
    fn ensure(&mut self, folder: &[u8]) -> Result<Option<(i64, i64)>, EngineError> {
        // The folders that are missing, from this one up: there may be thousands.
        let mut missing = Vec::new();
        let mut at = folder;
        let mut found = loop {
            if let Some(found) = self.inner.catalog.reader()?.locate(at)? {
                break found;
            }
            if self.relative(at).is_none_or(<[u8]>::is_empty) {
                return Ok(None);
            }
            let (above, name) = split(at);
            if self.excludes(above, name, true) {
                return Ok(None);
            }
            missing.push((at, name));
            at = above;
        };
        for (folder, name) in missing.into_iter().rev() {
            match self.put_folder(folder, name, found)? {
                Some(put) => found = put,
                None => return Ok(None),
            }
        }
        Ok(Some(found))
    }

    /// Gives a folder a row in its parent, which is in a tree.
    fn put_folder(
        &mut self,
        folder: &[u8],
        name: &[u8],
        (parent, tree): (i64, i64),
    ) -> Result<Option<(i64, i64)>, EngineError> {
        let Some(relative) = self.relative(folder) else { return Ok(None) };
        let Ok(handle) = self.root.open_dir(relative) else { return Ok(None) };
        let stat = handle.stat_self()?;
        let mount = self.mounts.of(&handle, &stat)?;
        let is_other = !mount.is(self.inner.catalog.reader()?.volume_of_directory(parent)?);
        if mount.pseudo || is_other || self.own.is_folder(&stat) {
            return Ok(None);
        }
        let id = self.inner.catalog.next_directory_id();
        let mut change = DirectoryChange::new(tree, id, parent, Arc::default());
        change.row = Some(DirectoryRow {
            id,
            parent,
            name: name.to_vec(),
            volume: mount.volume,
            inode: stat.inode,
            mtime_ns: stat.mtime_ns,
            unreadable: false,
            mounted: false,
        });
        change.usage.directories = 1;
        self.inner.persist(&mut || {
            let change = change.clone();
            self.inner.catalog.writer().run(move |session| session.apply_now(&[change]))
        })?;
        Ok(Some((id, tree)))
    }
}

/// Forgets the file that had the name of a folder that comes.
fn drop_entry(
    session: &mut Session,
    tree: i64,
    directory: i64,
    name: &[u8],
    inodes: &Inodes,
) -> Result<(), CatalogError> {
    let blocks = session.blocks_of_names(directory, [name].into_iter())?;
    let stored = Stored::of_names(&blocks, &HashSet::from([name]))?;
    let mut change = DirectoryChange::new(tree, directory, session.parent(directory)?, Arc::default());
    let target = Target {
        reserve: &mut |count| session.reserve_blocks(count),
        inodes,
        reflink: false,
        fleeting_inodes: false,
        tell: None,
    };
    fill(&mut change, &stored, &[], target)?;
    if change.is_empty() {
        return Ok(());
    }
    session.apply_now(&[change])
}

/// Takes the entry out of one directory and puts it into the other, in one transaction.
///
/// Gives volume and inode of what had the new name, where that file has other names.
fn move_entry(session: &mut Session, rename: &Rename) -> Result<Vec<(i64, u64)>, CatalogError> {
    let ((from, from_name), (to, to_name)) = (&rename.from, &rename.to);
    let mut linked = Vec::new();
    if let Some(other) = session.child_named(*to, to_name)? {
        linked = forget(session, rename.tree, other.id)?.linked;
    }
    let mut changes = Vec::new();
    let reflink = session.may_share_extents(*to)?;
    let mut names: HashSet<&[u8]> = HashSet::from([to_name.as_slice()]);
    if from == to {
        names.insert(from_name);
    } else {
        let blocks = session.blocks_of_names(*from, [from_name.as_slice()].into_iter())?;
        let stored = Stored::of_names(&blocks, &HashSet::from([from_name.as_slice()]))?;
        let mut change = DirectoryChange::new(rename.tree, *from, session.parent(*from)?, Arc::default());
        let inodes = &rename.inodes;
        let target = Target {
            reserve: &mut |count| session.reserve_blocks(count),
            inodes,
            reflink,
            fleeting_inodes: false,
            tell: None,
        };
        fill(&mut change, &stored, &[], target)?;
        changes.push(change);
    }
    let blocks = session.blocks_of_names(*to, names.iter().copied())?;
    let mut stored = Stored::of_names(&blocks, &names)?;
    let replaces = stored.find(to_name);
    let gone = replaces.map(|number| stored.get(number).entry);
    if let Some(old) = gone.filter(|old| old.links > 1) {
        linked.push((session.load_child(*to)?.map_or(0, |row| row.volume), old.inode));
    }
    let fresh = [Fresh { name: to_name, entry: rename.entry, replaces }];
    let mut change = DirectoryChange::new(rename.tree, *to, session.parent(*to)?, Arc::default());
    let inodes = &rename.inodes;
    let target = Target {
        reserve: &mut |count| session.reserve_blocks(count),
        inodes,
        reflink,
        fleeting_inodes: false,
        tell: None,
    };
    fill(&mut change, &stored, &fresh, target)?;
    changes.push(change);
    if from != to && rename.entry.is_file() {
        // Two directories changed, and one thing happened; and a file that had the name is gone.
        if let Some(folder) = session.path_of(*from)? {
            let from = sanchay_core::path::join(&folder, from_name);
            let size_bytes = rename.entry.size_bytes;
            for change in &mut changes {
                change.changes = ChangeList::default();
            }
            if let Some(gone) = gone.filter(Entry::is_file) {
                let delta = -(gone.size_bytes as i64);
                changes[1].changes.push(&ChangeItem::file(ChangeKind::Removed, to_name, delta, gone.size_bytes));
            }
            changes[1].changes.push(&ChangeItem {
                kind: ChangeKind::Moved,
                name: to_name,
                from: Some(&from),
                folder: false,
                files: 1,
                bytes_delta: 0,
                size_bytes,
            });
        }
    }
    session.apply_now(&changes)?;
    Ok(linked)
}
