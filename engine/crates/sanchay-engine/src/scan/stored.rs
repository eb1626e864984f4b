//! What the catalog holds of a directory beside what a listing brings: entries are ticked off as they are found.

use std::collections::{HashMap, HashSet};

use sanchay_catalog::block::{Entry, EntryKind, EntryRef};
use sanchay_catalog::{CatalogError, StoredBlock};

use crate::inodes::Inodes;

/// Where a stored entry is: which of the directory's blocks, and its slot.
#[derive(Clone, Copy, Debug)]
pub(super) struct RowPlace {
    pub(super) block: usize,
    pub(super) slot: usize,
}

/// The stored entries of a directory, ticked off as the listing shows them.
pub(crate) struct Stored<'a> {
    pub(super) blocks: &'a [StoredBlock],
    pub(super) items: Vec<(RowPlace, EntryRef<'a>)>,
    seen: Vec<bool>,
    expected: usize,
    by_name: Option<HashMap<&'a [u8], usize>>,
}

impl<'a> Stored<'a> {
    pub(crate) fn new(blocks: &'a [StoredBlock]) -> Result<Self, CatalogError> {
        let mut items = Vec::new();
        for (block, stored) in blocks.iter().enumerate() {
            stored.view()?.for_each(|slot, item| items.push((RowPlace { block, slot }, item)))?;
        }
        let seen = vec![false; items.len()];
        Ok(Self { blocks, items, seen, expected: 0, by_name: None })
    }

    /// Only the entries with these names: all others of the directory stay as they are.
    pub(crate) fn of_names(blocks: &'a [StoredBlock], names: &HashSet<&[u8]>) -> Result<Self, CatalogError> {
        let mut items = Vec::new();
        for (block, stored) in blocks.iter().enumerate() {
            let view = stored.view()?;
            for (slot, name) in view.detail.names(view.columns.len()).enumerate() {
                if view.columns.kind(slot) != EntryKind::Dead && names.contains(name) {
                    items.extend(view.get(slot)?.map(|item| (RowPlace { block, slot }, item)));
                }
            }
        }
        let seen = vec![false; items.len()];
        Ok(Self { blocks, items, seen, expected: 0, by_name: None })
    }

    /// Remembers where these inodes are.
    pub(crate) fn note(&self, inodes: &Inodes) {
        for of_block in self.items.chunk_by(|a, b| a.0.block == b.0.block) {
            inodes.note(self.blocks[of_block[0].0.block].id, of_block.iter().map(|(_, item)| item.entry.inode));
        }
    }

    /// The number of the entry with this name, ticked off.
    pub(crate) fn find(&mut self, name: &[u8]) -> Option<usize> {
        let at = if self.items.get(self.expected).is_some_and(|(_, item)| item.name == name) {
            self.expected
        } else {
            let items = &self.items;
            let by_name = self.by_name.get_or_insert_with(|| {
                items.iter().enumerate().map(|(number, (_, item))| (item.name, number)).collect()
            });
            *by_name.get(name)?
        };
        self.seen[at] = true;
        self.expected = at + 1;
        Some(at)
    }

    /// Ticks off the entry with this name where `keeps` says so.
    pub(super) fn find_if(&mut self, name: &[u8], keeps: impl Fn(&Entry) -> bool) {
        if let Some(number) = self.find(name) {
            self.seen[number] = keeps(&self.items[number].1.entry);
        }
    }

    /// The stored entry with this number.
    pub(crate) fn get(&self, number: usize) -> &EntryRef<'a> {
        &self.items[number].1
    }

    /// The names of all.
    pub(super) fn names(&self) -> impl Iterator<Item = &'a [u8]> + '_ {
        self.items.iter().map(|(_, item)| item.name)
    }

    pub(super) fn gone(&self) -> impl Iterator<Item = usize> + '_ {
        self.seen.iter().enumerate().filter(|(_, seen)| !**seen).map(|(number, _)| number)
    }
}

/// An entry that is new or differs from the stored one.
pub(crate) struct Fresh<'n> {
    pub(crate) name: &'n [u8],
    pub(crate) entry: Entry,
    /// The stored entry that it takes the place of.
    pub(crate) replaces: Option<usize>,
}

impl Fresh<'_> {
    /// The stored entry that it takes the place of. Where inode numbers do not last, another one says nothing.
    pub(super) fn replaced(&self, stored: &Stored<'_>, fleeting_inodes: bool) -> Option<Entry> {
        let old = stored.get(self.replaces?).entry;
        Some(if fleeting_inodes { Entry { inode: self.entry.inode, ..old } } else { old })
    }
}

/// What became of one name.
#[derive(Clone, Debug)]
pub(crate) struct Difference {
    pub(crate) name: Vec<u8>,
    pub(crate) old: Option<Entry>,
    pub(crate) new: Option<Entry>,
}
