//! The catalog follows what was done: each act tells it name by name, with stat and hash, in the directory's own task.

use std::collections::hash_map::Entry as Slot;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use sanchay_catalog::block::{Entry, HashState};
use sanchay_catalog::content::Posting;
use sanchay_catalog::{CatalogError, DirectoryChange, DirectoryRow, Reader, Session};
use sanchay_core::path::{path_from_bytes, split};
use sanchay_core::{extension, Algorithm, ContentHash, FileStat, RootDir, VolumeId};

use super::part::Target;
use crate::engine::Shared;
use crate::error::EngineError;
use crate::inodes::Inodes;
use crate::scan::{fill, forget, Fresh, Stored, Target as Filled};

/// What has a name now.
#[derive(Clone, Copy, Debug)]
pub(super) enum Now {
    /// Nothing.
    Gone,
    /// The same file, of which only links and ctime are others.
    Same(FileStat, HashState),
    /// A file with the content of this hash.
    File(FileStat, HashState, Algorithm, ContentHash),
    /// Something else, such as a symbolic link.
    Other(FileStat),
}

/// One name, or the other names of a file.
#[derive(Debug)]
pub(super) enum Followed {
    Name {
        folder: Vec<u8>,
        name: Vec<u8>,
        now: Now,
    },
    /// A folder that was removed.
    Folder {
        path: Vec<u8>,
    },
    /// The names of this file that are not told of by themselves.
    Others {
        volume: VolumeId,
        stat: FileStat,
        state: HashState,
    },
}

impl Followed {
    pub(super) fn of(target: &Target, now: Now) -> Self {
        Self::name(&target.absolute(), now)
    }

    pub(super) fn name(path: &[u8], now: Now) -> Self {
        let (folder, name) = split(path);
        Self::Name { folder: folder.to_vec(), name: name.to_vec(), now }
    }
}

/// Names of one directory, each with what it is now.
#[derive(Debug)]
struct Directory {
    id: i64,
    tree: i64,
    names: BTreeMap<Vec<u8>, Now>,
}

impl Directory {
    fn new((id, tree): (i64, i64)) -> Self {
        Self { id, tree, names: BTreeMap::new() }
    }
}

/// Writes what became of these names. `shared`: files whose blocks are shared now, which no stamp tells.
pub(super) fn follow(inner: &Arc<Shared>, followed: Vec<Followed>, shared: &[Vec<u8>]) -> Result<(), EngineError> {
    let mut named: BTreeMap<Vec<u8>, Vec<(Vec<u8>, Now)>> = BTreeMap::new();
    let mut others: HashMap<VolumeId, Vec<(FileStat, HashState)>> = HashMap::new();
    let mut removed: Vec<Vec<u8>> = Vec::new();
    for item in followed {
        match item {
            Followed::Name { folder, name, now } => named.entry(folder).or_default().push((name, now)),
            Followed::Folder { path } => removed.push(path),
            Followed::Others { volume, stat, state } => others.entry(volume).or_default().push((stat, state)),
        }
    }
    put_missing(inner, &named)?;
    let directories = inner.catalog.reader()?.snapshot(|reader| directories(inner, reader, named, &others))?;
    let directories = Arc::new(directories);
    let shared: Arc<Vec<i64>> = Arc::new(content_keys(inner, shared)?);
    if directories.is_empty() && shared.is_empty() && removed.is_empty() {
        return Ok(());
    }
    let inodes = Arc::clone(&inner.inodes);
    inner.persist(&mut || {
        let (directories, inodes, shared) = (Arc::clone(&directories), Arc::clone(&inodes), Arc::clone(&shared));
        let gone = located(inner, &removed)?;
        let extensions: HashMap<Vec<u8>, u32> = directories
            .iter()
            .flat_map(|directory| directory.names.keys())
            .map(|name| (name.clone(), inner.catalog.extensions().intern(extension(name))))
            .collect();
        inner.catalog.writer().run(move |session| {
            let mut changes = Vec::new();
            for directory in directories.iter() {
                changes.extend(compare(session, directory, &extensions, &inodes)?);
            }
            session.apply_now(&changes)?;
            for (parent, tree, name) in &gone {
                if let Some(child) = session.child_named(*parent, name)? {
                    forget(session, *tree, child.id)?;
                }
            }
            session.note_extents_changed(&shared)
        })
    })
}

/// Gives folders that were made again their rows.
fn put_missing(inner: &Arc<Shared>, named: &BTreeMap<Vec<u8>, Vec<(Vec<u8>, Now)>>) -> Result<(), EngineError> {
    let missing = inner.catalog.reader()?.snapshot(|reader| {
        let mut missing = Vec::new();
        for (folder, names) in named {
            let is_there = names.iter().any(|(_, now)| !matches!(now, Now::Gone));
            if is_there && reader.locate(folder)?.is_none() {
                missing.push(folder);
            }
        }
        Ok(missing)
    })?;
    for folder in missing {
        put_folder(inner, folder)?;
    }
    Ok(())
}

/// The directories of these names, and of the other names of these files; what the catalog does not have is left out.
fn directories(
    inner: &Shared,
    reader: &Reader,
    named: BTreeMap<Vec<u8>, Vec<(Vec<u8>, Now)>>,
    others: &HashMap<VolumeId, Vec<(FileStat, HashState)>>,
) -> Result<Vec<Directory>, CatalogError> {
    let mut directories: HashMap<i64, Directory> = HashMap::new();
    for (folder, names) in named {
        if let Some((id, tree)) = reader.locate(&folder)? {
            let directory = directories.entry(id).or_insert_with(|| Directory::new((id, tree)));
            directory.names.extend(names);
        }
    }
    for (volume, files) in others {
        let Some(volume) = reader.volume(*volume)? else { continue };
        let files: HashMap<u64, &(FileStat, HashState)> = files.iter().map(|file| (file.0.inode, file)).collect();
        let inodes: Vec<u64> = files.keys().copied().collect();
        for sibling in inner.inodes.names(reader, volume, &inodes)?.found {
            let (stat, state) = files[&sibling.entry.inode];
            let directory = match directories.entry(sibling.directory) {
                Slot::Occupied(slot) => slot.into_mut(),
                Slot::Vacant(slot) => {
                    let Some(found) = reader.locate(&reader.directory_path(sibling.directory)?)? else { continue };
                    slot.insert(Directory::new(found))
                }
            };
            directory.names.entry(sibling.name).or_insert(Now::Same(*stat, *state));
        }
    }
    Ok(directories.into_values().collect())
}

/// Where folders that were removed stood: their parent, its tree, and their name.
fn located(inner: &Shared, removed: &[Vec<u8>]) -> Result<Vec<(i64, i64, Vec<u8>)>, CatalogError> {
    let reader = inner.catalog.reader()?;
    let mut found = Vec::with_capacity(removed.len());
    for path in removed {
        let (above, name) = split(path);
        if let Some((parent, tree)) = reader.locate(above)? {
            found.push((parent, tree, name.to_vec()));
        }
    }
    Ok(found)
}

/// Gives a folder that was made again a row, and those above it that have none; None where the catalog has nothing there.
fn put_folder(inner: &Arc<Shared>, folder: &[u8]) -> Result<Option<(i64, i64)>, EngineError> {
    if let Some(found) = inner.catalog.reader()?.locate(folder)? {
        return Ok(Some(found));
    }
    let (above, name) = split(folder);
    if name.is_empty() || above == folder {
        return Ok(None);
    }
    let Some((parent, tree)) = put_folder(inner, above)? else { return Ok(None) };
    let Ok(stat) = RootDir::open(&path_from_bytes(folder)).and_then(|opened| opened.stat()) else { return Ok(None) };
    let id = inner.catalog.next_directory_id();
    let mut change = DirectoryChange::new(tree, id, parent, Arc::default());
    change.row = Some(DirectoryRow {
        id,
        parent,
        name: name.to_vec(),
        volume: inner.catalog.reader()?.volume_of_directory(parent)?,
        inode: stat.inode,
        mtime_ns: stat.mtime_ns,
        unreadable: false,
        mounted: false,
    });
    change.usage.directories = 1;
    inner.persist(&mut || {
        let change = change.clone();
        inner.catalog.writer().run(move |session| session.apply_now(&[change]))
    })?;
    Ok(Some((id, tree)))
}

/// The keys of these files in the content index.
fn content_keys(inner: &Shared, paths: &[Vec<u8>]) -> Result<Vec<i64>, EngineError> {
    let reader = inner.catalog.reader()?;
    let mut keys = Vec::new();
    for path in paths {
        let Some((id, _)) = reader.entry_at(path)? else { continue };
        let key = reader.entry(id, |item, _| Posting::of(id, &item.entry, true).map(|(posting, _)| posting.key))?;
        keys.extend(key.flatten());
    }
    Ok(keys)
}

/// What a directory's change is; None where the catalog has it so already.
fn compare(
    session: &mut Session,
    directory: &Directory,
    extensions: &HashMap<Vec<u8>, u32>,
    inodes: &Inodes,
) -> Result<Option<DirectoryChange>, CatalogError> {
    if session.load_child(directory.id)?.is_none() {
        return Ok(None);
    }
    let names: HashSet<&[u8]> = directory.names.keys().map(Vec::as_slice).collect();
    let blocks = session.blocks_of_names(directory.id, names.iter().copied())?;
    let mut stored = Stored::of_names(&blocks, &names)?;
    let mut fresh = Vec::new();
    for (name, now) in &directory.names {
        if matches!(now, Now::Gone) {
            continue;
        }
        let replaces = stored.find(name);
        let known = replaces.map(|number| stored.get(number).entry);
        let extension = extensions.get(name).copied().unwrap_or_default();
        if let Some(entry) = entry(now, known, extension).filter(|entry| known != Some(*entry)) {
            fresh.push(Fresh { name, entry, replaces });
        }
    }
    let parent = session.parent(directory.id)?;
    let mut change = DirectoryChange::new(directory.tree, directory.id, parent, Arc::default());
    let reflink = session.may_share_extents(directory.id)?;
    let target = Filled {
        reserve: &mut |count| session.reserve_blocks(count),
        inodes,
        reflink,
        fleeting_inodes: false,
        tell: None,
    };
    fill(&mut change, &stored, &fresh, target)?;
    Ok((!change.is_empty()).then_some(change))
}

/// The entry of a name; None where it is left as it is stored.
fn entry(now: &Now, known: Option<Entry>, extension: u32) -> Option<Entry> {
    let volume = known.map_or(0, |known| known.volume);
    match now {
        Now::Gone => None,
        Now::Other(stat) => Some(Entry { volume, ..Entry::from_stat(stat, extension) }),
        Now::File(stat, state, algorithm, hash) => Some(Entry {
            volume,
            hash_state: *state,
            algorithm: *algorithm,
            hash: matches!(state, HashState::Hashed | HashState::Racy).then_some(*hash),
            ..Entry::from_stat(stat, extension)
        }),
        Now::Same(stat, state) => {
            let is_it = |known: &Entry| known.witness().without_ctime() == stat.witness().without_ctime();
            let known = known.filter(is_it)?;
            let hash_state = if known.hash.is_some() { *state } else { known.hash_state };
            Some(Entry { ctime_ns: stat.ctime_ns, links: stat.links, hash_state, ..known })
        }
    }
}
