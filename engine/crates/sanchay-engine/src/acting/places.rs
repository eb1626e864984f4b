//! Where the files of a run are: their roots, open, and the volumes that their devices are now.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sanchay_act::{Place, Reason, Refusal, Subject};
use sanchay_catalog::Catalog;
use sanchay_core::path::{bytes_of, is_within, path_from_bytes, relative};
use sanchay_core::{DirHandle, FileKind, FileStat, RootDir, VolumeId};

use crate::error::EngineError;
use crate::scan::{FileVolume, Mounts};

/// What a file was when it was planned or acted on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    pub(super) volume: VolumeId,
    /// None where inode numbers do not outlive a mount.
    pub(super) inode: Option<u64>,
    pub(super) size_bytes: u64,
    pub(super) mtime_ns: i64,
    /// None where an act of ours moved it since.
    pub(super) ctime_ns: Option<i64>,
}

/// The roots of a run, open for as long as it goes on.
pub(super) struct Roots<'a> {
    opened: HashMap<Vec<u8>, RootDir>,
    mounts: Mounts<'a>,
    catalog: &'a Catalog,
    volumes: Mutex<HashMap<(u64, u64), VolumeId>>,
    /// Folders of the batch at hand, by root and path.
    folders: Mutex<HashMap<(Vec<u8>, Vec<u8>), Opened>>,
}

struct Opened {
    folder: Arc<DirHandle>,
    mtime_ns: i64,
}

impl<'a> Roots<'a> {
    /// Opens what can be opened; files in the others are offline.
    pub(super) fn open(catalog: &'a Catalog, paths: &[Vec<u8>]) -> Self {
        let opened = paths.iter().filter_map(|path| Some((path.clone(), RootDir::open(&path_from_bytes(path)).ok()?)));
        let (volumes, folders) = (Mutex::default(), Mutex::default());
        Self { opened: opened.collect(), mounts: Mounts::new(catalog), catalog, volumes, folders }
    }

    /// A place below a root; None: it is offline.
    pub(super) fn place<'p>(&'p self, root: &[u8], path: &'p [u8]) -> Option<Place<'p>> {
        self.opened.get(root).map(|root| Place { root, path })
    }

    /// The root that a path lies in, with the path below it; None: it is in none of this run.
    pub(super) fn around(&self, path: &[u8]) -> Option<(&RootDir, Vec<u8>)> {
        let (root, opened) = self.opened.iter().find(|(root, _)| is_within(path, root))?;
        Some((opened, relative(root, path)?))
    }

    /// Opens a file that must still be the one that was seen.
    pub(super) fn subject<'p>(&self, place: Place<'p>, seen: &Seen) -> Result<Subject<'p>, Refusal> {
        let folder = self.folder(place, || Ok(place.root.open_dir(place.folder())?))?;
        Subject::open_in(folder, place, |folder, stat| {
            let fits = stat.kind == FileKind::File
                && stat.size_bytes == seen.size_bytes
                && stat.mtime_ns == seen.mtime_ns
                && seen.inode.is_none_or(|inode| inode == stat.inode)
                && seen.ctime_ns.is_none_or(|ctime_ns| ctime_ns == stat.ctime_ns);
            Ok(fits && self.volume(folder, place.name(), stat)? == seen.volume)
        })
    }

    /// The folder of a place, opened once for all files of a batch: acts are done in the folder that their batch found.
    pub(super) fn folder(
        &self,
        place: Place<'_>,
        open: impl FnOnce() -> Result<DirHandle, Refusal>,
    ) -> Result<Arc<DirHandle>, Refusal> {
        let key = (bytes_of(place.root.path()).to_vec(), place.folder().to_vec());
        if let Some(opened) = locked(&self.folders).get(&key) {
            return Ok(Arc::clone(&opened.folder));
        }
        let folder = Arc::new(open()?);
        let mtime_ns = folder.stat_self()?.mtime_ns;
        // Another lane may have come first: then it alone can have changed the folder since.
        Ok(Arc::clone(&locked(&self.folders).entry(key).or_insert(Opened { folder, mtime_ns }).folder))
    }

    /// A folder of the batch at hand, and its last change when that began, in nanoseconds.
    pub(super) fn opened_folder(&self, root: &[u8], path: &[u8]) -> Option<(Arc<DirHandle>, i64)> {
        let folders = locked(&self.folders);
        let opened = folders.get(&(root.to_vec(), path.to_vec()))?;
        Some((Arc::clone(&opened.folder), opened.mtime_ns))
    }

    /// Closes the folders of a batch that is over.
    pub(super) fn close_folders(&self) {
        locked(&self.folders).clear();
    }

    /// The volume that a file is on now.
    pub(super) fn volume(&self, folder: &DirHandle, name: &[u8], stat: &FileStat) -> Result<VolumeId, Refusal> {
        let key = (stat.device, stat.mount_id);
        if let Some(known) = locked(&self.volumes).get(&key) {
            return Ok(*known);
        }
        let failed = |error: EngineError| Refusal {
            reason: Reason::Io,
            of_kept: false,
            source: Some(std::io::Error::other(error.message)),
        };
        let of_folder = folder.stat_self()?;
        let mount = self.mounts.of(folder, &of_folder).map_err(failed)?;
        let volume = match self.mounts.of_file(folder, &of_folder, &mount, name, stat).map_err(failed)? {
            FileVolume::Of(0) => mount.volume,
            FileVolume::Of(volume) => volume,
            FileVolume::Pseudo | FileVolume::Unknown => return Err(Refusal::new(Reason::Unsupported)),
        };
        let identity = self.catalog.reader().and_then(|reader| reader.volume_identity(volume));
        let identity = identity.map_err(|error| failed(error.into()))?.ok_or(Refusal::new(Reason::Changed))?.0;
        locked(&self.volumes).insert(key, identity);
        Ok(identity)
    }
}

/// What lies under such a lock is whole after any panic.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
