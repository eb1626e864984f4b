//! Mounted file systems, as the catalog knows them.

use std::collections::HashMap;
use std::sync::Mutex;

use sanchay_catalog::Catalog;
use sanchay_core::watch::{advise, WatchMode};
use sanchay_core::{CoreError, FileStat, FileSystem, Folder, Shows, Volume, VolumeId};

use crate::error::EngineError;

/// A mounted file system.
#[allow(clippy::struct_excessive_bools)] // each is a fact of its own
#[derive(Clone, Debug)]
pub(crate) struct Mount {
    /// The catalog's id of its volume.
    pub(crate) volume: i64,
    /// What its rows may still be stored under; 0: nothing.
    former: i64,
    /// It holds no files of a person.
    pub(crate) pseudo: bool,
    /// Files on it may share extents.
    pub(crate) reflink: bool,
    /// It changes without this system's knowing, or could hang.
    pub(crate) polled: bool,
    /// Inode numbers say nothing of a file once it was mounted again.
    pub(crate) fleeting_inodes: bool,
    /// Where extents lie, whichever subvolume they are reached by.
    pub(crate) pool: VolumeId,
    identity: VolumeId,
    shows: Shows,
}

impl Mount {
    /// Whether rows with this volume are of this file system.
    pub(crate) fn is(&self, volume: i64) -> bool {
        volume == self.volume || (volume != 0 && volume == self.former)
    }

    /// Whether a file may hold something though its size is 0.
    pub(crate) fn may_hide_content(&self) -> bool {
        self.shows == Shows::Others
    }

    /// Whether a file in a folder with `stat` is mounted there by itself, from another device. The layers of a union have
    /// devices of their own without being mounted.
    pub(crate) fn is_mount_point(&self, stat: &FileStat, seen: &FileStat) -> bool {
        seen.device != stat.device && seen.mount_id != stat.mount_id && self.shows != Shows::Layers
    }
}

/// Which volume a file is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileVolume {
    /// This one; 0 stands for its folder's.
    Of(i64),
    /// One that holds no files of a person.
    Pseudo,
    /// It could not be asked.
    Unknown,
}

/// The mounts met so far. Asking for one costs several system calls and a write, so each is asked for once.
pub(crate) struct Mounts<'a> {
    catalog: &'a Catalog,
    known: Mutex<HashMap<(u64, u64), Mount>>,
}

impl<'a> Mounts<'a> {
    pub(crate) fn new(catalog: &'a Catalog) -> Self {
        Self { catalog, known: Mutex::new(HashMap::new()) }
    }

    /// The mount that an open folder is on.
    pub(crate) fn of(&self, folder: &impl Folder, stat: &FileStat) -> Result<Mount, EngineError> {
        self.ask(folder, stat)?
    }

    /// The same. Errors of the disk are the outer ones: they say something of this folder only.
    pub(crate) fn ask(&self, folder: &impl Folder, stat: &FileStat) -> Result<Result<Mount, EngineError>, CoreError> {
        match self.cached(stat) {
            Some(known) => Ok(Ok(known)),
            None => Ok(self.note(&folder.volume()?, stat)),
        }
    }

    fn note(&self, found: &Volume, stat: &FileStat) -> Result<Mount, EngineError> {
        let mount = self.look_up(found)?;
        let key = (stat.device, stat.mount_id);
        self.known.lock().expect("no panic under this lock").insert(key, mount.clone());
        Ok(mount)
    }

    fn cached(&self, stat: &FileStat) -> Option<Mount> {
        self.known.lock().expect("no panic under this lock").get(&(stat.device, stat.mount_id)).cloned()
    }

    /// The volume of a file. `stat` and `mount` are its folder's.
    pub(crate) fn of_file(
        &self,
        folder: &impl Folder,
        stat: &FileStat,
        mount: &Mount,
        name: &[u8],
        seen: &FileStat,
    ) -> Result<FileVolume, EngineError> {
        if seen.device == stat.device {
            return Ok(FileVolume::Of(0));
        }
        if mount.is_mount_point(stat, seen) {
            let of_file = match self.cached(seen) {
                Some(known) => known,
                // It may be gone by now, or be another file.
                None => match folder.volume_of(name) {
                    Ok(found) => self.look_up(&found)?,
                    Err(_) => return Ok(FileVolume::Unknown),
                },
            };
            return Ok(match of_file {
                Mount { pseudo: true, .. } => FileVolume::Pseudo,
                Mount { volume, .. } if volume == mount.volume => FileVolume::Of(0),
                Mount { volume, .. } => FileVolume::Of(volume),
            });
        }
        // Device numbers are given out one after another as the layers are mounted.
        let layer = mount.identity.layer(seen.device.wrapping_sub(stat.device));
        let system = FileSystem { shows: mount.shows, reflink: mount.reflink, ..FileSystem::default() };
        Ok(FileVolume::Of(self.catalog.volume_id(layer, &system, false)?))
    }

    fn look_up(&self, found: &Volume) -> Result<Mount, EngineError> {
        let system = &found.system;
        let (identity, former, apart) = self.identity(found)?;
        let former = match former {
            Some(former) => self.catalog.reader()?.volume(former)?.unwrap_or(0),
            None => 0,
        };
        Ok(Mount {
            volume: if system.pseudo { 0 } else { self.catalog.volume_id(identity, system, apart)? },
            former,
            pseudo: system.pseudo,
            reflink: system.reflink,
            polled: advise(system) == WatchMode::Poll,
            fleeting_inodes: system.fleeting_inodes,
            pool: if apart { identity } else { found.pool },
            identity,
            shows: system.shows,
        })
    }

    /// By what a file system goes in the catalog, what it went by before, and whether it is told apart by its device.
    ///
    /// Of several with one id the first to be mounted keeps it. One that was ever told apart stays so, also where it is
    /// mounted alone: what is stored of the others must not become its own.
    fn identity(&self, found: &Volume) -> Result<(VolumeId, Option<VolumeId>, bool), EngineError> {
        let reader = self.catalog.reader()?;
        if !found.has_twin() && !reader.any_volume_apart()? {
            return Ok((found.id, found.former, false));
        }
        let apart = found.id_apart();
        if reader.volume(apart)?.is_some() {
            // Rows from before it was told apart can be met as long as the other is there too.
            return Ok((apart, found.has_twin().then_some(found.id), true));
        }
        for twin in &found.earlier_twins {
            if reader.volume(*twin)?.is_none() {
                return Ok((apart, Some(found.id), true));
            }
        }
        Ok((found.id, found.former, false))
    }
}
