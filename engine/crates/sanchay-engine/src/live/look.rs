//! Looking at names: what the disk shows of them now, beside what the catalog has, and the difference at once.
//!
//! The disk is asked here, the comparison is made by the writer in one task with the write, so that nothing can come
//! between. Content is never read here.

use std::collections::btree_map::Entry as Slot;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use sanchay_catalog::block::{Entry, HashState};
use sanchay_catalog::{CatalogError, DirectoryChange, RootState, Session, StoredChild};
use sanchay_core::path::split;
use sanchay_core::watch::Step;
use sanchay_core::{extension, Algorithm, FileKind};

use super::cookie::is_cookie;
use super::event::{EventKind, LiveEvent};
use super::pass::Pass;
use super::several::Several;
use super::work::Linked;
use crate::error::EngineError;
use crate::folder_mark::is_marked;
use crate::inodes::Inodes;
use crate::own_files::is_of_catalog_in;
use crate::root_spec::HashScope;
use crate::scan::{
    fill, forget, is_known, list, Difference, FileVolume, Fresh, ListRequest, ScanRequest, Stored, Target,
};

/// What the disk shows of one name.
#[derive(Clone, Copy, Debug)]
enum Seen {
    /// No directory.
    Entry { entry: Entry, placeholder: bool },
    /// Not there, or not to be cataloged.
    Gone,
    /// It could not be asked: what is stored stays.
    Unknown,
}

/// One directory's names, for the writer.
struct Looked {
    directory: i64,
    tree: i64,
    /// Each once, though several ways may have led to it: a difference that is written twice would be counted twice.
    names: BTreeMap<Vec<u8>, Seen>,
    /// Subdirectories of these names are gone.
    folders_gone: Vec<Vec<u8>>,
    scope: HashScope,
    in_trash: bool,
    algorithm: Algorithm,
    fleeting_inodes: bool,
    inodes: Arc<Inodes>,
}

/// What the writer found.
#[derive(Default)]
struct Compared {
    differences: Vec<Difference>,
    /// Files whose content waits to be read.
    unread: Vec<Vec<u8>>,
    removed_folders: Vec<(Vec<u8>, u64)>,
    /// Volume and inode of files with several names that went with folders.
    linked: Vec<(i64, u64)>,
    /// Something is out of reach.
    held: bool,
}

impl Pass<'_> {
    /// Looks at `names` in a folder. False when the folder is not where the catalog has it, or no more. `hops`: of the look
    /// that led here by another name of the file; what waits for its hash is read at once then, for no event tells of it.
    pub(super) fn look(&mut self, folder: &[u8], names: &[Vec<u8>], hops: Option<u8>) -> Result<bool, EngineError> {
        self.look_into(folder, names, hops, None)
    }

    /// Lists a folder again, with everything below it where `deep`.
    pub(super) fn list(&mut self, folder: &[u8], deep: bool) -> Result<bool, EngineError> {
        if folder == self.row.path {
            self.list_below(b"", deep)?;
            return Ok(true);
        }
        let (above, name) = split(folder);
        self.look_into(above, &[name.to_vec()], None, Some(deep))
    }

    fn look_into(
        &mut self,
        folder: &[u8],
        names: &[Vec<u8>],
        hops: Option<u8>,
        listing: Option<bool>,
    ) -> Result<bool, EngineError> {
        let Some(relative) = self.relative(folder) else { return Ok(true) };
        let reader = self.inner.catalog.reader()?;
        let Some((directory, tree)) = reader.locate(folder)? else {
            drop(reader);
            // The catalog does not have it: it is new and comes with all it holds, or it is left out.
            return if relative.is_empty() { Ok(true) } else { self.list(folder, true) };
        };
        let Some(stored) = reader.load_child(directory)? else { return Ok(true) };
        let Some((handle, stat)) = self.open(relative, &stored) else { return Ok(false) };
        if self.own.is_folder(&stat) {
            return Ok(true);
        }
        if !relative.is_empty() && is_marked(&handle, folder) {
            // It was cataloged before it became a Sanchay's: its rows go.
            drop(reader);
            self.list_below(relative, false)?;
            return Ok(true);
        }
        let Some(rules) = self.rules_in(folder) else { return Ok(true) };
        let mount = self.mounts.of(&handle, &stat)?;
        let mut looked = Looked {
            directory,
            tree,
            names: BTreeMap::new(),
            folders_gone: Vec::new(),
            scope: rules.hash,
            in_trash: rules.in_trash,
            algorithm: rules.algorithm,
            fleeting_inodes: mount.fleeting_inodes,
            inodes: Arc::clone(&self.inner.inodes),
        };
        let mut folders = Vec::new();
        for name in names.iter().filter(|name| !is_cookie(name)) {
            let Slot::Vacant(slot) = looked.names.entry(name.clone()) else { continue };
            let seen = match handle.stat(name) {
                Ok(seen) if seen.kind == FileKind::Directory => {
                    let known: Option<StoredChild> = reader.child_named(directory, name)?;
                    let is_new = known.as_ref().is_none_or(|known| known.inode != seen.inode);
                    if (is_new || listing.is_some()) && !self.excludes(folder, name, true) && !self.own.is_folder(&seen)
                    {
                        folders.push((name.clone(), is_new || listing == Some(true)));
                    }
                    Seen::Gone
                }
                Ok(seen) => {
                    if reader.child_named(directory, name)?.is_some() {
                        looked.folders_gone.push(name.clone());
                    }
                    if self.excludes(folder, name, false)
                        || self.own.is_file(&seen)
                        || is_of_catalog_in(&handle, folder, name)
                    {
                        Seen::Gone
                    } else {
                        let is_left_out = rules.one_file_system && mount.is_mount_point(&stat, &seen);
                        match self.mounts.of_file(&handle, &stat, &mount, name, &seen)? {
                            FileVolume::Of(volume) if !is_left_out => {
                                let extension = self.inner.catalog.extensions().intern(extension(name));
                                let entry = Entry { volume, ..Entry::from_stat(&seen, extension) };
                                Seen::Entry { entry, placeholder: seen.placeholder }
                            }
                            _ => Seen::Unknown,
                        }
                    }
                }
                Err(error) if error.is_gone() => {
                    if reader.child_named(directory, name)?.is_some() {
                        looked.folders_gone.push(name.clone());
                    }
                    Seen::Gone
                }
                Err(_) => Seen::Unknown,
            };
            slot.insert(seen);
        }
        drop(reader);
        let looked = Arc::new(looked);
        // Folders that went stay known while a full disk has the rest tried again.
        let gone: Arc<Mutex<Compared>> = Arc::default();
        let compared = self.inner.persist(&mut || {
            let (looked, gone) = (Arc::clone(&looked), Arc::clone(&gone));
            self.inner.catalog.writer().run(move |session| {
                forget_folders(session, &looked, &mut gone.lock().expect("no panic under this lock"))?;
                compare(session, &looked)
            })
        })?;
        let gone = std::mem::take(&mut *gone.lock().expect("no panic under this lock"));
        let compared = Compared { linked: gone.linked, removed_folders: gone.removed_folders, ..compared };
        self.note(folder, directory, stored.volume, compared, hops)?;
        for (name, deep) in folders {
            let below = sanchay_core::path::join(relative, &name);
            self.list_below(&below, deep)?;
        }
        Ok(true)
    }

    /// Tells of differences, and follows them up.
    fn note(
        &mut self,
        folder: &[u8],
        directory: i64,
        volume: i64,
        compared: Compared,
        hops: Option<u8>,
    ) -> Result<(), EngineError> {
        self.follow_all_links(compared.linked)?;
        if compared.held {
            self.say_partial();
        }
        let mut several = Several::default();
        for difference in &compared.differences {
            several.add(difference, hops.is_some());
            if let (Some(old), Some(new)) = (&difference.old, &difference.new) {
                // It is never read here: what it had is remembered until it is.
                self.inner.suspects.compared(old, new);
            }
            if difference.new.is_none() {
                self.inner.writers.forget_open(directory, &difference.name);
            }
            self.tell_difference(folder, difference);
        }
        for (name, bytes) in compared.removed_folders {
            self.inner.writers.forget_below(&sanchay_core::path::join(folder, &name));
            let mut event = LiveEvent::of(EventKind::Removed, self.row.id, &sanchay_core::path::join(folder, &name));
            event.bytes_delta = -(bytes as i64);
            self.told(event);
        }
        if !compared.unread.is_empty() {
            if hops.is_some() {
                self.followed.hashes.push((directory, compared.unread));
            } else {
                self.followed.unread.push((folder.to_vec(), directory, compared.unread));
            }
        }
        self.follow_links(volume, &several, hops.map_or(1, |hops| hops.saturating_add(1)))
    }

    /// Has the names of files looked at that are not stored as the file was just seen.
    pub(super) fn follow_links(&mut self, volume: i64, several: &Several, hops: u8) -> Result<(), EngineError> {
        if several.is_empty() {
            return Ok(());
        }
        let inodes = several.inodes();
        let reader = self.inner.catalog.reader()?;
        let siblings = self.inner.inodes.names(&reader, volume, &inodes)?;
        if siblings.more {
            tracing::info!(root_id = self.row.id, "other_names_left_to_reconcile");
            self.followed.reconcile = true;
        }
        let mut folders: BTreeMap<i64, Vec<(Vec<u8>, u64)>> = BTreeMap::new();
        for sibling in siblings.found.into_iter().filter(|sibling| !several.has(&sibling.entry)) {
            folders.entry(sibling.directory).or_default().push((sibling.name, sibling.entry.inode));
        }
        for (directory, names) in folders {
            let folder = reader.directory_path(directory)?;
            self.followed.linked.push(Linked { folder, directory, names, hops });
        }
        Ok(())
    }

    pub(super) fn tell_difference(&mut self, folder: &[u8], difference: &Difference) {
        let file = |entry: &Option<Entry>| entry.filter(Entry::is_file);
        let (old, new) = (file(&difference.old), file(&difference.new));
        let kind = match (&old, &new) {
            (None, Some(_)) => EventKind::Added,
            (Some(_), None) => EventKind::Removed,
            (Some(old), Some(new)) if old.witness() != new.witness() => EventKind::Changed,
            _ => return,
        };
        let size = |entry: Option<Entry>| entry.map_or(0, |entry| entry.size_bytes);
        let path = sanchay_core::path::join(folder, &difference.name);
        let mut event = LiveEvent::of(kind, self.row.id, &path);
        event.bytes_delta = size(new) as i64 - size(old) as i64;
        event.size_bytes = size(new);
        self.told(event);
    }

    /// Something could not be looked at: a comparison of the root finds what, and says so.
    fn say_partial(&mut self) {
        self.followed.reconcile |= !matches!(self.row.state, RootState::Partial | RootState::Held);
    }

    /// Lists a part of the root by the walk of a scan.
    fn list_below(&mut self, relative: &[u8], deep: bool) -> Result<(), EngineError> {
        let (number, control) = self.inner.begin_listing(&self.row);
        let listed = list(&ListRequest {
            scan: ScanRequest {
                contents: Arc::clone(&self.inner.contents),
                ..self.inner.scan_request(self.row.id, &control)
            },
            root: &self.root,
            row: &self.row,
            rows: &self.rows,
            relative,
            deep,
        });
        self.inner.end(number);
        let Some(listed) = listed? else { return Ok(()) };
        if control.counters.errors.load(Ordering::Relaxed) > 0 {
            self.say_partial();
        }
        let merged = self.inner.merge_if_small();
        for (folder, difference) in &listed.found.differences {
            self.tell_difference(folder, difference);
        }
        self.untold |= listed.more;
        self.followed.reconcile |= listed.found.too_many;
        let reader = self.inner.catalog.reader()?;
        let mut directories: HashMap<Vec<u8>, Option<i64>> = HashMap::new();
        for (folder, name) in listed.found.later {
            if !directories.contains_key(&folder) {
                directories.insert(folder.clone(), reader.locate(&folder)?.map(|(directory, _)| directory));
            }
            if let Some(directory) = directories[&folder] {
                self.followed.settling.push(((folder, name), directory));
            }
        }
        drop(reader);
        self.follow_all_links(listed.found.linked)?;
        merged
    }

    /// As [`Self::follow_links`], for the volume and inode of files of which a name went.
    pub(super) fn follow_all_links(&mut self, mut linked: Vec<(i64, u64)>) -> Result<(), EngineError> {
        linked.sort_unstable();
        linked.dedup();
        for of_volume in linked.chunk_by(|a, b| a.0 == b.0) {
            let several = Several::changed(of_volume.iter().map(|(_, inode)| *inode));
            self.follow_links(of_volume[0].0, &several, 1)?;
        }
        Ok(())
    }

    /// Looks at other names of files that were changed, wherever their rows are by now.
    pub(super) fn look_linked(&mut self, linked: Linked) -> Result<(), EngineError> {
        let Linked { directory, names: wanted, hops, .. } = linked;
        let reader = self.inner.catalog.reader()?;
        if reader.load_child(directory)?.is_none() {
            return Ok(());
        }
        let names: Vec<Vec<u8>> = wanted.iter().map(|(name, _)| name.clone()).collect();
        let stored = reader.entries_named(directory, &names)?;
        let is_there = |(name, inode): &(Vec<u8>, u64)| stored.get(name).is_some_and(|(_, is)| is.inode == *inode);
        let (there, elsewhere): (Vec<_>, Vec<_>) = wanted.into_iter().partition(is_there);
        let folder = reader.directory_path(directory)?;
        let volume = reader.volume_of_directory(directory)?;
        drop(reader);
        // Names that were moved or are other files' now: what has become of the file is asked of all its names.
        let lost = Several::changed(elsewhere.into_iter().map(|(_, inode)| inode));
        self.follow_links(volume, &lost, hops.saturating_add(1))?;
        let names: Vec<Vec<u8>> = there.into_iter().map(|(name, _)| name).collect();
        if names.is_empty() {
            return Ok(());
        }
        if !self.look(&folder, &names, Some(hops))? {
            // Its folder was renamed a moment ago.
            self.followed.missed.push(Step::Look { directory: folder.clone(), names: names.clone() });
            self.followed.missed.push(Step::Hash { directory: folder, names });
        }
        Ok(())
    }
}

/// Forgets the subdirectories that are gone, on the writer's thread.
fn forget_folders(session: &mut Session, looked: &Looked, gone: &mut Compared) -> Result<(), CatalogError> {
    for name in &looked.folders_gone {
        if let Some(child) = session.child_named(looked.directory, name)? {
            let bytes = session.bytes_below(child.id)?;
            let forgotten = forget(session, looked.tree, child.id)?;
            gone.linked.extend(forgotten.linked);
            if forgotten.held {
                gone.held = true;
            } else {
                gone.removed_folders.push((name.clone(), bytes));
            }
        }
    }
    Ok(())
}

/// Compares on the writer's thread, and writes.
fn compare(session: &mut Session, looked: &Looked) -> Result<Compared, CatalogError> {
    let Some(_) = session.load_child(looked.directory)? else { return Ok(Compared::default()) };
    let mut compared = Compared::default();
    let names: HashSet<&[u8]> = looked.names.keys().map(Vec::as_slice).collect();
    let blocks = session.blocks_of_names(looked.directory, names.iter().copied())?;
    let mut stored = Stored::of_names(&blocks, &names)?;
    let mut fresh = Vec::new();
    for (name, seen) in &looked.names {
        match seen {
            Seen::Gone => {}
            Seen::Unknown => {
                stored.find(name);
            }
            Seen::Entry { entry, placeholder } => {
                let replaces = stored.find(name);
                let known = replaces.map(|number| stored.get(number).entry);
                let settled = settled(known.as_ref(), entry, *placeholder, looked);
                if settled.or(known).is_some_and(|entry| entry.is_file() && entry.hash_state == HashState::Pending) {
                    compared.unread.push(name.clone());
                }
                if let Some(entry) = settled {
                    fresh.push(Fresh { name, entry, replaces });
                }
            }
        }
    }
    let parent = session.parent(looked.directory)?;
    let mut change = DirectoryChange::new(looked.tree, looked.directory, parent, Arc::default());
    let reflink = session.may_share_extents(looked.directory)?;
    let differences = &mut compared.differences;
    let target = Target {
        reserve: &mut |count| session.reserve_blocks(count),
        inodes: &looked.inodes,
        reflink,
        fleeting_inodes: looked.fleeting_inodes,
        tell: Some(&mut |difference| differences.push(difference)),
    };
    fill(&mut change, &stored, &fresh, target)?;
    if !change.is_empty() {
        session.apply_now(&[change])?;
    }
    Ok(compared)
}

/// The entry to write; None where it is stored like that. A changed file waits to be read; its old hash says nothing of it.
fn settled(known: Option<&Entry>, seen: &Entry, placeholder: bool, looked: &Looked) -> Option<Entry> {
    let is_same = |known: &&Entry| {
        let inode = if looked.fleeting_inodes { seen.inode } else { known.inode };
        known.witness().with_inode(inode) == seen.witness()
    };
    let unchanged = known.filter(|known| known.kind == seen.kind && known.volume == seen.volume && is_same(known));
    let mut entry = match unchanged {
        Some(known) => Entry { allocated_bytes: seen.allocated_bytes, links: seen.links, inode: seen.inode, ..*known },
        None => *seen,
    };
    let is_asked = looked.scope == HashScope::All && entry.is_file() && !placeholder;
    let is_unasked = entry.hash_state == HashState::None;
    if is_asked && (is_unasked || entry.algorithm != looked.algorithm) {
        entry.hash_state = HashState::Pending;
        entry.hash = None;
        entry.algorithm = looked.algorithm;
    }
    if looked.in_trash {
        (entry.hash_state, entry.hash) = (HashState::None, None);
    }
    match unchanged {
        Some(known) if is_known(known, &entry) => None,
        _ => Some(entry),
    }
}
