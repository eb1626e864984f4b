//! Whether the folder at a root's path is the root.
//!
//! A path is no identity: a disk that is not mounted leaves an empty folder behind, and so does a bind mount that was
//! taken off or a folder above that was put in place of another. The volume, the inode and the birth of the root's folder
//! tell. Inodes do not last on every file system, and a folder may be restored or cloned: another folder of the same
//! volume is the root still, where at least half of what lay in it is there.

use std::collections::HashSet;

use sanchay_catalog::{Catalog, RootRow, RootSeen};
use sanchay_core::path::{display, path_from_bytes};
use sanchay_core::{CoreError, FileStat, Folder, Listing, RootDir, Source};

use super::mounts::{Mount, Mounts};
use super::stored::Stored;
use crate::error::EngineError;

/// A root, open.
pub(crate) struct RootPlace<S = RootDir> {
    pub(crate) root: S,
    pub(crate) stat: FileStat,
    pub(crate) mount: Mount,
}

/// Why a root is not there.
pub(crate) struct Away {
    /// For people.
    pub(crate) reason: String,
    /// Its folder could not be looked at.
    pub(crate) error: Option<CoreError>,
}

impl From<CoreError> for Away {
    fn from(error: CoreError) -> Self {
        Self { reason: error.to_string(), error: Some(error) }
    }
}

impl<S: Source> RootPlace<S> {
    /// Opens a root, where it is the folder that was scanned before, or the first to be. Fails where the catalog does, and
    /// where this process can open no file: then no one knows whether the root is there.
    pub(crate) fn open(
        catalog: &Catalog,
        mounts: &Mounts<'_>,
        row: &RootRow,
    ) -> Result<Result<Self, Away>, EngineError> {
        let opened = S::open(&path_from_bytes(&row.path)).and_then(|root| Ok((root.top().stat_self()?, root)));
        let (stat, root) = match opened {
            Ok(opened) => opened,
            Err(error) => return away(error, row),
        };
        let mount = match mounts.ask(root.top(), &stat) {
            Ok(mount) => mount?,
            Err(error) => return away(error, row),
        };
        let place = Self { root, stat, mount };
        match place.is_other(catalog, row)? {
            Ok(None) => Ok(Ok(place)),
            Ok(Some(reason)) => Ok(Err(Away { reason, error: None })),
            Err(error) => away(error, row),
        }
    }

    /// What is noted of it at the end of a scan.
    pub(crate) fn seen(&self) -> RootSeen {
        RootSeen { volume: self.mount.volume, inode: self.stat.inode, birth_ns: self.stat.birth_ns }
    }

    /// Why this is not the folder that was scanned before; None when it is.
    fn is_other(&self, catalog: &Catalog, row: &RootRow) -> Result<Result<Option<String>, CoreError>, EngineError> {
        let path = display(&row.path);
        if self.mount.pseudo {
            return Ok(Ok(Some(format!("{path} is on a pseudo file system now"))));
        }
        if row.accepted || row.volume == 0 {
            return Ok(Ok(None));
        }
        if !self.mount.is(row.volume) {
            return Ok(Ok(Some(format!(
                "{path}: another file system is there than at the last scan, or the one that was there is not mounted; \
                 accept it if it is the right one"
            ))));
        }
        let is_born_then = self.stat.birth_ns.is_none_or(|birth_ns| row.birth_ns == 0 || row.birth_ns == birth_ns);
        if row.inode == 0 || (row.inode == self.stat.inode && is_born_then) {
            return Ok(Ok(None));
        }
        Ok(self.share_found(catalog, row)?.map(|(found, known)| {
            (found * 2 < known).then(|| {
                format!(
                    "{path} is another folder than at the last scan, with {found} of the {known} names that were in it; \
                     accept it if it is the right one"
                )
            })
        }))
    }

    /// How many of the names that the catalog has in the root are there, and how many it has.
    fn share_found(&self, catalog: &Catalog, row: &RootRow) -> Result<Result<(usize, usize), CoreError>, EngineError> {
        let reader = catalog.reader()?;
        let stored = reader.load_directory(row.directory)?;
        let mut known: HashSet<&[u8]> = stored.children.iter().map(|child| child.name.as_slice()).collect();
        let entries = Stored::new(&stored.blocks)?;
        known.extend(entries.names());
        let mut listing = Listing::default();
        let listed = self.root.top().list(&mut Default::default(), &mut listing);
        let found = listing.iter().filter(|(name, _)| known.contains(name)).count();
        Ok(listed.map(|()| (found, known.len())))
    }
}

/// What an error of opening says of the root.
fn away<S>(error: CoreError, row: &RootRow) -> Result<Result<RootPlace<S>, Away>, EngineError> {
    let error = error.at(&row.path);
    if error.is_of_process() {
        return Err(error.into());
    }
    Ok(Err(error.into()))
}
