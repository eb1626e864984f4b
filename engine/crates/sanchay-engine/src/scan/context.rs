//! What all workers of one scan share.

use std::collections::HashMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};

use sanchay_catalog::Catalog;
use sanchay_core::{file_system_of, DirHandle, FileStat, RootDir, VolumeId};

use super::control::Control;
use super::findings::Findings;
use crate::error::EngineError;
use crate::inodes::Inodes;
use crate::own_files::OwnFiles;
use crate::root_spec::Rules;

/// A mounted file system, as the catalog knows it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mount {
    /// The catalog's id of its volume.
    pub(crate) volume: i64,
    /// It holds no files of a person.
    pub(crate) pseudo: bool,
    /// Files on it may share extents.
    pub(crate) reflink: bool,
}

/// One scan.
pub(crate) struct Context<'a> {
    pub(crate) catalog: &'a Catalog,
    pub(crate) control: &'a Control,
    pub(crate) root: &'a RootDir,
    pub(crate) root_path: &'a [u8],
    /// Top directory of the tree that the root lies in.
    pub(crate) tree: i64,
    /// Rules of the roots inside this one, by path below it: the innermost root governs.
    pub(crate) nested: HashMap<Vec<u8>, Arc<Rules>>,
    /// Trees of their own below this root, by path below it: they are adopted.
    pub(crate) tops: HashMap<Vec<u8>, i64>,
    pub(crate) own: OwnFiles,
    pub(crate) mounts: Mounts<'a>,
    /// Files left for after the listing, and their bytes.
    pub(crate) later_files: AtomicU64,
    pub(crate) later_bytes: AtomicU64,
    /// Where the inodes of each block are remembered.
    pub(crate) inodes: &'a Inodes,
    /// Who follows up what is found; none for a scan of a whole root.
    pub(crate) findings: Option<&'a Findings>,
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
    pub(crate) fn of(&self, folder: &DirHandle, stat: &FileStat) -> Result<Mount, EngineError> {
        let key = (stat.device, stat.mount_id);
        if let Some(mount) = self.known.lock().expect("no panic under this lock").get(&key) {
            return Ok(*mount);
        }
        let (identity, system): (VolumeId, _) = file_system_of(folder)?;
        let mount = Mount {
            volume: if system.pseudo { 0 } else { self.catalog.volume_id(identity, system.reflink)? },
            pseudo: system.pseudo,
            reflink: system.reflink,
        };
        self.known.lock().expect("no panic under this lock").insert(key, mount);
        Ok(mount)
    }
}

impl Context<'_> {
    /// Whether a root lies below this path, which is relative to the root that is scanned.
    pub(crate) fn leads_to_nested(&self, relative: &[u8]) -> bool {
        let is_below = |path: &[u8]| path.strip_prefix(relative).is_some_and(|rest| rest.first() == Some(&b'/'));
        self.nested.keys().any(|path| is_below(path))
    }

    /// The absolute path of something below the root.
    pub(crate) fn absolute(&self, relative: &[u8], name: &[u8]) -> Vec<u8> {
        let mut path = self.root_path.to_vec();
        for part in [relative, name] {
            if !part.is_empty() {
                path = sanchay_core::path::join(&path, part);
            }
        }
        path
    }
}
