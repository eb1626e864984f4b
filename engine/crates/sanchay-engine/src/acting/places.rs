//! Where the files of a run are: their roots, open, and the volumes that their devices are now.

use std::cell::RefCell;
use std::collections::HashMap;

use sanchay_act::{Place, Reason, Refusal, Subject};
use sanchay_catalog::Catalog;
use sanchay_core::path::path_from_bytes;
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
    volumes: RefCell<HashMap<(u64, u64), VolumeId>>,
}

impl<'a> Roots<'a> {
    /// Opens what can be opened; files in the others are offline.
    pub(super) fn open(catalog: &'a Catalog, paths: &[Vec<u8>]) -> Self {
        let opened = paths.iter().filter_map(|path| Some((path.clone(), RootDir::open(&path_from_bytes(path)).ok()?)));
        let volumes = RefCell::default();
        Self { opened: opened.collect(), mounts: Mounts::new(catalog), catalog, volumes }
    }

    /// A place below a root; None: it is offline.
    pub(super) fn place<'p>(&'p self, root: &[u8], path: &'p [u8]) -> Option<Place<'p>> {
        self.opened.get(root).map(|root| Place { root, path })
    }

    /// Opens a file that must still be the one that was seen.
    pub(super) fn subject<'p>(&self, place: Place<'p>, seen: &Seen) -> Result<Subject<'p>, Refusal> {
        Subject::open_where(place, |folder, stat| {
            let fits = stat.kind == FileKind::File
                && stat.size_bytes == seen.size_bytes
                && stat.mtime_ns == seen.mtime_ns
                && seen.inode.is_none_or(|inode| inode == stat.inode)
                && seen.ctime_ns.is_none_or(|ctime_ns| ctime_ns == stat.ctime_ns);
            Ok(fits && self.volume(folder, place.name(), stat)? == seen.volume)
        })
    }

    /// The volume that a file is on now.
    pub(super) fn volume(&self, folder: &DirHandle, name: &[u8], stat: &FileStat) -> Result<VolumeId, Refusal> {
        let key = (stat.device, stat.mount_id);
        if let Some(known) = self.volumes.borrow().get(&key) {
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
        self.volumes.borrow_mut().insert(key, identity);
        Ok(identity)
    }
}
