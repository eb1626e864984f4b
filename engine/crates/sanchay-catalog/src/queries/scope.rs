//! What of the catalog lies in a folder: the directory that it is, and the trees that begin somewhere below it.
//!
//! A folder above roots is no directory of the catalog, and means all of those roots; a root that lies in another one's
//! folder without being a part of its tree (left out there, or not scanned since) belongs to that folder all the same.

use sanchay_core::path::{is_within, split};

use super::cache::Cache;
use super::tree::DirectorySet;
use crate::block::{EntryId, EntryKind};
use crate::error::CatalogError;
use crate::reader::Reader;

/// A directory with which a part of a folder begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// Its id.
    pub directory: i64,
    /// The top of its tree.
    pub top: i64,
    /// Exact bytes.
    pub path: Vec<u8>,
}

/// The parts of a folder. None lies in another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Where they begin: the folder itself comes first, where it is a directory of the catalog.
    pub starts: Vec<Start>,
    /// Whether it is.
    pub is_directory: bool,
}

impl Reader {
    /// The parts of the folder at an absolute path; none where the catalog has nothing of it.
    pub fn scope(&self, path: &[u8]) -> Result<Scope, CatalogError> {
        let mut scope = Scope::default();
        if let Some((directory, top)) = self.locate(path)? {
            scope.is_directory = true;
            scope.starts.push(Start { directory, top, path: path.to_vec() });
        }
        for (top, name) in self.tops()? {
            if name != path && is_within(&name, path) {
                scope.starts.push(Start { directory: top, top, path: name });
            }
        }
        Ok(scope)
    }

    /// The entry (a file, link or special file) at an absolute path.
    pub fn entry_at(&self, path: &[u8]) -> Result<Option<(EntryId, EntryKind)>, CatalogError> {
        let (folder, name) = split(path);
        let Some((directory, _)) = self.locate(folder)? else { return Ok(None) };
        for block in self.load_blocks(directory)? {
            let mut found = None;
            block.view()?.for_each(|slot, item| {
                if item.name == name && item.entry.kind != EntryKind::Dead {
                    found = Some((EntryId::new(block.id, slot), item.entry.kind));
                }
            })?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// The directories at absolute paths, without what is below them. A folder that the catalog does not have has none.
    pub(crate) fn directories_at(&self, paths: &[&[u8]]) -> Result<Vec<i64>, CatalogError> {
        let mut found = Vec::with_capacity(paths.len());
        for path in paths {
            found.extend(self.locate(path)?.map(|(directory, _)| directory));
        }
        Ok(found)
    }

    /// The directories of the folders at absolute paths.
    pub(crate) fn directories_in(&self, cache: &Cache, paths: &[&[u8]]) -> Result<DirectorySet, CatalogError> {
        let mut starts: Vec<i64> = Vec::new();
        for path in paths {
            starts.extend(self.scope(path)?.starts.iter().map(|start| start.directory));
        }
        if starts.is_empty() {
            return Ok(DirectorySet::none());
        }
        Ok(cache.shape(self)?.below(&starts))
    }
}
