//! Reads files from their disks, by handle below their roots: the content that is there, and whether it is the one that
//! was cataloged.

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;
use std::sync::Arc;

use sanchay_catalog::block::Entry;
use sanchay_catalog::queries::RootNames;
use sanchay_catalog::{HashedFile, RootRow};
use sanchay_core::path::relative;
use sanchay_core::{
    Algorithm, ContentHash, CoreError, DirHandle, ErrorKind, FileKind, FileStat, ReadAheadBuffers, Source,
    UncachedFile, Witness,
};

use crate::clock::now_ns;
use crate::engine::Shared;
use crate::error::EngineError;
use crate::job::{add, Control};
use crate::own_files::OwnFiles;
use crate::reading::is_racy;
use crate::root_spec::root_name;
use crate::scan::{FileVolume, Mount, Mounts, RootPlace};

/// Contents of files with several names that are remembered.
const CONTENTS_MOST: usize = 100_000;

/// What reading a file gave.
pub(crate) enum Reading {
    /// Its content.
    Read(Content),
    /// It is gone, or not what was expected, or changed while it was read.
    Changed,
    /// Its root is away, or what it holds is elsewhere and would have to be fetched.
    OutOfReach,
    /// It could not be read.
    Failed(CoreError),
    /// The work was given up.
    BrokenOff,
}

/// A content as it is on the disk.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Content {
    pub(crate) hash: ContentHash,
    pub(crate) seen: FileStat,
    pub(super) may_be_cached: bool,
    /// Its stamps are so fresh that a later write could bear them.
    pub(super) is_racy: bool,
}

/// A folder, held open: files come folder by folder.
pub(super) struct OpenFolder {
    path: Arc<[u8]>,
    handle: DirHandle,
    stat: FileStat,
    mount: Mount,
}

/// Opens and reads files that are known by their paths.
pub(crate) struct Files<'a> {
    pub(super) shared: &'a Shared,
    pub(crate) control: &'a Control,
    /// Why roots are away, by their names.
    pub(crate) away: BTreeMap<String, String>,
    rows: Vec<RootRow>,
    names: RootNames,
    mounts: Mounts<'a>,
    roots: HashMap<i64, Option<RootPlace>>,
    folder: Option<OpenFolder>,
    own: OwnFiles,
    buffers: ReadAheadBuffers,
    contents: HashMap<(u64, u64, Algorithm), (Witness, Content)>,
    /// The thread that reads ahead is at idle priority, as the one that calls.
    is_idle: bool,
}

/// Why a folder is not open.
enum Closed {
    OutOfReach,
    Failed(CoreError),
}

impl<'a> Files<'a> {
    pub(crate) fn new(shared: &'a Shared, control: &'a Control, is_idle: bool) -> Result<Self, EngineError> {
        let rows = shared.catalog.reader()?.roots()?;
        Ok(Self {
            shared,
            control,
            away: BTreeMap::new(),
            names: RootNames(rows.iter().map(root_name).collect()),
            rows,
            mounts: Mounts::new(&shared.catalog),
            roots: HashMap::new(),
            folder: None,
            own: OwnFiles::look(&shared.own),
            buffers: ReadAheadBuffers::default(),
            contents: HashMap::new(),
            is_idle,
        })
    }

    /// The innermost root that holds a path; 0: none.
    pub(super) fn root_of(&self, path: &[u8]) -> i64 {
        self.names.root_of(path)
    }

    /// The path of that root.
    #[cfg(unix)]
    pub(crate) fn root_path_of(&self, path: &[u8]) -> Option<&[u8]> {
        let id = self.root_of(path);
        self.rows.iter().find(|row| row.id == id).map(|row| &row.path[..])
    }

    /// Reads a cataloged file, where it is the one that was cataloged, or differs from it in its ctime only. `asks`: one
    /// that is open for writing counts as changed.
    pub(crate) fn read_cataloged(&mut self, file: &HashedFile, asks: bool) -> Result<Reading, EngineError> {
        if let Err(closed) = self.enter(&file.folder)? {
            return Ok(closed.into());
        }
        let Some(folder) = self.folder.take() else { return Ok(Reading::Changed) };
        let outcome = self.read_in(&folder, &file.name, file.entry.algorithm, asks, Some(file));
        self.folder = Some(folder);
        outcome
    }

    /// Reads whatever file is at a path.
    pub(super) fn read_path(
        &mut self,
        folder: &Arc<[u8]>,
        name: &[u8],
        algorithm: Algorithm,
    ) -> Result<Reading, EngineError> {
        if let Err(closed) = self.enter(folder)? {
            return Ok(closed.into());
        }
        let Some(folder) = self.folder.take() else { return Ok(Reading::Changed) };
        let outcome = self.read_in(&folder, name, algorithm, false, None);
        self.folder = Some(folder);
        outcome
    }

    /// Whether anything has this name on the disk, as far as that can be seen.
    pub(crate) fn exists(&mut self, folder: &Arc<[u8]>, name: &[u8]) -> Result<bool, EngineError> {
        let is_open = self.enter(folder)?.is_ok();
        Ok(is_open && self.folder.as_ref().is_some_and(|folder| folder.handle.stat(name).is_ok()))
    }

    /// Whether a witness is that of a stored entry. Where inodes do not outlive a mount, they tell nothing.
    pub(super) fn is_same(&self, entry: &Entry, seen: &FileStat) -> bool {
        let is_fleeting = self.folder.as_ref().is_some_and(|folder| folder.mount.fleeting_inodes);
        let known = entry.witness();
        known == if is_fleeting { seen.witness().with_inode(known.inode) } else { seen.witness() }
    }

    fn read_in(
        &mut self,
        folder: &OpenFolder,
        name: &[u8],
        algorithm: Algorithm,
        asks: bool,
        cataloged: Option<&HashedFile>,
    ) -> Result<Reading, EngineError> {
        let seen = match folder.handle.stat(name) {
            Ok(seen) if seen.kind == FileKind::File && !self.own.is_file(&seen) => seen,
            Ok(_) => return Ok(Reading::Changed),
            Err(error) => return Ok(Reading::of_error(error)),
        };
        if seen.placeholder {
            return Ok(Reading::OutOfReach);
        }
        if let Some(file) = cataloged {
            if !self.is_of(folder, file, &seen)? {
                return Ok(Reading::Changed);
            }
        }
        let inode = (seen.device, seen.inode, algorithm);
        if let Some((witness, content)) = self.contents.get(&inode).filter(|_| !asks) {
            if *witness == seen.witness() {
                return Ok(Reading::Read(*content));
            }
        }
        let reading = folder.handle.open_uncached(name).and_then(|file| self.hash(&file, &seen, algorithm, asks));
        let reading = reading.unwrap_or_else(Reading::of_error);
        if let Reading::Read(content) = &reading {
            if seen.links > 1 && !content.is_racy && self.contents.len() < CONTENTS_MOST {
                self.contents.insert(inode, (seen.witness(), *content));
            }
        }
        Ok(reading)
    }

    fn hash(
        &mut self,
        file: &UncachedFile,
        seen: &FileStat,
        algorithm: Algorithm,
        asks: bool,
    ) -> Result<Reading, CoreError> {
        let before = file.stat()?;
        if !before.held_still_since(seen) || (asks && file.is_open_for_writing() == Some(true)) {
            return Ok(Reading::Changed);
        }
        let control = self.control;
        let begun_ns = now_ns();
        let mut broken_off = false;
        let hashed = file.hash(algorithm, &mut self.buffers, seen.size_bytes, self.is_idle, &mut |bytes| {
            add(&control.counters.hashed_bytes, bytes);
            control.have_read(bytes);
            broken_off = !control.step();
            if broken_off {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })?;
        if broken_off {
            return Ok(Reading::BrokenOff);
        }
        if hashed.bytes_read != seen.size_bytes || !file.stat()?.held_still_since(seen) {
            return Ok(Reading::Changed);
        }
        Ok(Reading::Read(Content {
            hash: hashed.hash,
            seen: *seen,
            may_be_cached: file.may_be_cached(),
            is_racy: is_racy(seen.witness(), begun_ns),
        }))
    }

    /// Whether what is there is the file that was cataloged, as far as all but its ctime tells.
    fn is_of(&self, folder: &OpenFolder, file: &HashedFile, seen: &FileStat) -> Result<bool, EngineError> {
        let entry = &file.entry;
        let is_same_inode = folder.mount.fleeting_inodes || entry.inode == seen.inode;
        if !is_same_inode || (entry.size_bytes, entry.mtime_ns) != (seen.size_bytes, seen.mtime_ns) {
            return Ok(false);
        }
        Ok(match self.mounts.of_file(&folder.handle, &folder.stat, &folder.mount, &file.name, seen)? {
            FileVolume::Of(0) => folder.mount.is(file.volume),
            FileVolume::Of(volume) => volume == file.volume,
            FileVolume::Pseudo | FileVolume::Unknown => false,
        })
    }

    /// Opens a folder below its root, where it is not open already.
    fn enter(&mut self, path: &Arc<[u8]>) -> Result<Result<(), Closed>, EngineError> {
        if self.folder.as_ref().is_some_and(|open| open.path == *path) {
            return Ok(Ok(()));
        }
        self.folder = None;
        let root_id = self.root_of(path);
        let Some(row) = self.rows.iter().find(|row| row.id == root_id) else { return Ok(Err(Closed::OutOfReach)) };
        if let std::collections::hash_map::Entry::Vacant(slot) = self.roots.entry(root_id) {
            match RootPlace::open(&self.shared.catalog, &self.mounts, row)? {
                Ok(place) => {
                    slot.insert(Some(place));
                }
                Err(away) => {
                    self.away.insert(root_name(row).name, away.reason);
                    slot.insert(None);
                }
            }
        }
        let Some(Some(place)) = self.roots.get(&root_id) else { return Ok(Err(Closed::OutOfReach)) };
        let below = relative(&row.path, path).unwrap_or_default();
        let opened = place.root.folder(&below).and_then(|handle| Ok((handle.stat_self()?, handle)));
        let (stat, handle) = match opened {
            Ok(opened) => opened,
            Err(error) => return Ok(Err(Closed::Failed(error))),
        };
        let mount = match self.mounts.ask(&handle, &stat) {
            Ok(mount) => mount?,
            Err(error) => return Ok(Err(Closed::Failed(error))),
        };
        self.folder = Some(OpenFolder { path: Arc::clone(path), handle, stat, mount });
        Ok(Ok(()))
    }
}

impl Reading {
    /// A name that is gone, or is a link by now, changed under our feet; the disk is not at fault.
    fn of_error(error: CoreError) -> Self {
        match error.kind {
            ErrorKind::Vanished | ErrorKind::NotFound | ErrorKind::SymlinkLoop | ErrorKind::NotAFolder => Self::Changed,
            _ => Self::Failed(error),
        }
    }
}

impl From<Closed> for Reading {
    fn from(closed: Closed) -> Self {
        match closed {
            Closed::OutOfReach => Self::OutOfReach,
            Closed::Failed(error) => Self::of_error(error),
        }
    }
}
