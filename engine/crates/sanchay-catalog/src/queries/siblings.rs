//! The other names of a file, and other files with its content: what a change of one name may bear upon.

use std::collections::HashMap;

use rusqlite::OptionalExtension;
use sanchay_core::path::join;
use sanchay_core::{Algorithm, ContentHash};

use crate::block::{Entry, EntryId, EntryKind};
use crate::content::{content_key, postings_of, Posting};
use crate::error::CatalogError;
use crate::reader::Reader;

/// A name of a physical file.
#[derive(Clone, Debug)]
pub struct Sibling {
    /// Its entry's id.
    pub id: EntryId,
    /// Of its directory.
    pub directory: i64,
    /// Its exact name.
    pub name: Vec<u8>,
    /// As it is stored.
    pub entry: Entry,
}

impl Reader {
    /// Calls `visit` with the postings of files that may have this content, until it gives false.
    pub fn same_content(
        &self,
        hash: &ContentHash,
        algorithm: Algorithm,
        visit: &mut dyn FnMut(Posting) -> Result<bool, CatalogError>,
    ) -> Result<(), CatalogError> {
        let key = content_key(hash, algorithm);
        for posting in postings_of(&self.connection, key)? {
            if !visit(posting)? {
                break;
            }
        }
        Ok(())
    }

    /// The files that have this content as far as the catalog knows, each with its path: at most `limit`.
    pub fn files_of_content(
        &self,
        hash: &ContentHash,
        algorithm: Algorithm,
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, Entry)>, CatalogError> {
        let mut ids = Vec::new();
        self.same_content(hash, algorithm, &mut |posting| {
            ids.push(posting.entry);
            Ok(true)
        })?;
        let mut files = Vec::new();
        for id in ids {
            let found = self.entry(id, |item, directory| (item.entry, item.name.to_vec(), directory))?;
            let Some((entry, name, directory)) = found else { continue };
            if entry.known_hash() == Some(*hash) && entry.algorithm == algorithm {
                files.push((join(&self.directory_path(directory)?, &name), entry));
            }
            if files.len() == limit {
                break;
            }
        }
        Ok(files)
    }

    /// The entries of `block` whose inode is one of `inodes`, which are sorted, on `volume`.
    pub fn names_of_inodes(&self, block: i64, volume: i64, inodes: &[u64]) -> Result<Vec<Sibling>, CatalogError> {
        let mut found = Vec::new();
        self.with_block(block, |view, directory| {
            let is_wanted = |slot: usize| {
                view.columns.kind(slot) != EntryKind::Dead && inodes.binary_search(&view.detail.inode(slot)).is_ok()
            };
            if !(0..view.columns.len()).any(is_wanted) {
                return Ok(());
            }
            let of_directory = self.volume_of_directory(directory)?;
            for slot in (0..view.columns.len()).filter(|&slot| is_wanted(slot)) {
                let on_volume = |entry: &Entry| if entry.volume == 0 { of_directory } else { entry.volume } == volume;
                if let Some(item) = view.get(slot)?.filter(|item| on_volume(&item.entry)) {
                    let (id, name) = (EntryId::new(block, slot), item.name.to_vec());
                    found.push(Sibling { id, directory, name, entry: item.entry });
                }
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// The entries of `directory` with these names.
    pub fn entries_named(
        &self,
        directory: i64,
        names: &[Vec<u8>],
    ) -> Result<HashMap<Vec<u8>, (EntryId, Entry)>, CatalogError> {
        let wanted: std::collections::HashSet<&[u8]> = names.iter().map(Vec::as_slice).collect();
        let mut found = HashMap::new();
        for block in self.blocks_of_names(directory, wanted.iter().copied())? {
            let view = block.view()?;
            for (slot, name) in view.detail.names(view.columns.len()).enumerate() {
                if view.columns.kind(slot) != EntryKind::Dead && wanted.contains(name) {
                    if let Some(item) = view.get(slot)? {
                        found.insert(name.to_vec(), (EntryId::new(block.id, slot), item.entry));
                    }
                }
            }
        }
        Ok(found)
    }

    /// The volume of a directory; 0 where it is gone.
    pub fn volume_of_directory(&self, directory: i64) -> Result<i64, CatalogError> {
        let mut statement = self.connection.prepare_cached("SELECT volume FROM directory WHERE id = ?1")?;
        Ok(statement.query_row([directory], |row| row.get(0)).optional()?.unwrap_or(0))
    }

    /// The volume of an entry, which its inode is a number on; 0 for one that is gone.
    pub fn volume_of_entry(&self, entry: EntryId) -> Result<i64, CatalogError> {
        match self.entry(entry, |item, directory| (item.entry.volume, directory))? {
            Some((0, directory)) => self.volume_of_directory(directory),
            Some((own, _)) => Ok(own),
            None => Ok(0),
        }
    }
}
