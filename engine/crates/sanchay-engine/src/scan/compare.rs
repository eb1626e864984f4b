//! One directory: what the catalog holds beside what the disk shows, and the change between them.
//!
//! An entry keeps its slot. File systems list an unchanged directory in the same order each time, so the stored order is
//! tried first and a lookup by name is made only where it fails.

use std::collections::{HashMap, HashSet};

use sanchay_catalog::block::{encode, Entry, EntryId, EntryKind, EntryRef, BLOCK_SLOTS};
use sanchay_catalog::content::{Posting, Staged};
use sanchay_catalog::{fold_name, BlockWrite, CatalogError, DirectoryChange, StoredBlock};

use crate::inodes::Inodes;

use super::told::tell_changes;

/// Where a stored entry is: which of the directory's blocks, and its slot.
#[derive(Clone, Copy, Debug)]
struct Place {
    block: usize,
    slot: usize,
}

/// The stored entries of a directory, ticked off as the listing shows them.
pub(crate) struct Stored<'a> {
    blocks: &'a [StoredBlock],
    items: Vec<(Place, EntryRef<'a>)>,
    seen: Vec<bool>,
    expected: usize,
    by_name: Option<HashMap<&'a [u8], usize>>,
}

impl<'a> Stored<'a> {
    pub(crate) fn new(blocks: &'a [StoredBlock]) -> Result<Self, CatalogError> {
        let mut items = Vec::new();
        for (block, stored) in blocks.iter().enumerate() {
            stored.view()?.for_each(|slot, item| items.push((Place { block, slot }, item)))?;
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
                    items.extend(view.get(slot)?.map(|item| (Place { block, slot }, item)));
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

/// Where a directory's change goes.
pub(crate) struct Target<'t> {
    /// Gives the first of so many block ids that nobody has yet.
    pub(crate) reserve: &'t mut dyn FnMut(usize) -> i64,
    pub(crate) inodes: &'t Inodes,
    /// Files on the volume may share extents.
    pub(crate) reflink: bool,
    /// Inode numbers tell no file from another.
    pub(crate) fleeting_inodes: bool,
    /// Hears of each difference; None where nobody asks for them one by one.
    pub(crate) tell: Option<&'t mut dyn FnMut(Difference)>,
}

/// Regular files that came, changed and went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) added: u64,
    pub(crate) changed: u64,
    pub(crate) removed: u64,
}

/// Fills `change` with blocks and deltas for `fresh`, and for the stored entries that were not ticked off.
pub(crate) fn fill(
    change: &mut DirectoryChange,
    stored: &Stored<'_>,
    fresh: &[Fresh<'_>],
    mut target: Target<'_>,
) -> Result<Tally, CatalogError> {
    let mut tally = Tally::default();
    tell_changes(&mut change.changes, stored, fresh, target.fleeting_inodes);
    let mut filler = Filler { change, inodes: target.inodes, reflink: target.reflink };
    if let Some(tell) = &mut target.tell {
        for number in stored.gone() {
            let item = stored.get(number);
            tell(Difference { name: item.name.to_vec(), old: Some(item.entry), new: None });
        }
        for item in fresh {
            let old = item.replaced(stored, target.fleeting_inodes);
            tell(Difference { name: item.name.to_vec(), old, new: Some(item.entry) });
        }
    }
    let mut open: Vec<Option<Vec<EntryRef<'_>>>> = vec![None; stored.blocks.len()];
    for number in stored.gone() {
        let (place, item) = &stored.items[number];
        opened(&mut open, stored, place.block)?[place.slot] = dead();
        filler.lose(EntryId::new(stored.blocks[place.block].id, place.slot), item, true);
        tally.removed += u64::from(item.entry.is_file());
    }
    let mut added = Vec::new();
    for item in fresh {
        let Some(number) = item.replaces else {
            tally.added += u64::from(item.entry.is_file());
            added.push(EntryRef { name: item.name, entry: item.entry });
            continue;
        };
        let (place, old) = &stored.items[number];
        let id = EntryId::new(stored.blocks[place.block].id, place.slot);
        let new = EntryRef { name: old.name, entry: item.entry };
        opened(&mut open, stored, place.block)?[place.slot] = new;
        // The name stays: the name index hears of it only where the kind changed.
        let renamed = old.entry.is_file() != item.entry.is_file();
        filler.lose(id, old, renamed);
        filler.gain(id, &new, renamed);
        match (old.entry.is_file(), item.entry.is_file()) {
            (true, true) => {
                let old = item.replaced(stored, target.fleeting_inodes).unwrap_or(old.entry);
                tally.changed += u64::from(witness_differs(&old, &item.entry));
            }
            (false, true) => tally.added += 1,
            (true, false) => tally.removed += 1,
            (false, false) => {}
        }
    }
    let mut added = added.into_iter().peekable();
    // Dead slots of blocks that are written anyway are taken first, then room at the end of the last block.
    if added.peek().is_some() {
        for block in 0..open.len() {
            if open[block].is_none() && block + 1 < open.len() {
                continue;
            }
            let id = stored.blocks[block].id;
            let slots = opened(&mut open, stored, block)?;
            for slot in 0..BLOCK_SLOTS {
                if slot < slots.len() && slots[slot].entry.kind != EntryKind::Dead {
                    continue;
                }
                let Some(item) = added.next() else { break };
                filler.gain(EntryId::new(id, slot), &item, true);
                if slot < slots.len() {
                    slots[slot] = item;
                } else {
                    slots.push(item);
                }
            }
        }
    }
    for (block, slots) in open.iter().enumerate() {
        if let Some(slots) = slots {
            filler.write(stored.blocks[block].id, slots, true);
        }
    }
    let added: Vec<EntryRef<'_>> = added.collect();
    if !added.is_empty() {
        let first = (target.reserve)(added.len().div_ceil(BLOCK_SLOTS));
        for (id, slots) in (first..).zip(added.chunks(BLOCK_SLOTS)) {
            for (slot, item) in slots.iter().enumerate() {
                filler.gain(EntryId::new(id, slot), item, false);
            }
            filler.write(id, slots, false);
        }
    }
    Ok(tally)
}

/// The slots of a block, unpacked the first time that one of them changes.
fn opened<'o, 'a>(
    open: &'o mut [Option<Vec<EntryRef<'a>>>],
    stored: &Stored<'a>,
    block: usize,
) -> Result<&'o mut Vec<EntryRef<'a>>, CatalogError> {
    if open[block].is_none() {
        let view = stored.blocks[block].view()?;
        let mut slots = vec![dead(); view.columns.len()];
        view.for_each(|slot, item| slots[slot] = item)?;
        open[block] = Some(slots);
    }
    Ok(open[block].as_mut().expect("filled above"))
}

fn dead() -> EntryRef<'static> {
    EntryRef { name: b"", entry: Entry::dead() }
}

/// Whether the file itself changed, not only what we know of it.
pub(crate) fn witness_differs(old: &Entry, new: &Entry) -> bool {
    (old.size_bytes, old.mtime_ns, old.ctime_ns, old.inode) != (new.size_bytes, new.mtime_ns, new.ctime_ns, new.inode)
}

struct Filler<'c> {
    change: &'c mut DirectoryChange,
    inodes: &'c Inodes,
    reflink: bool,
}

impl Filler<'_> {
    /// `tell_index`: the name index must hear of it, should it cover the block.
    fn lose(&mut self, id: EntryId, item: &EntryRef<'_>, tell_index: bool) {
        self.change.usage.count(&item.entry, -1);
        self.change.rollups.count(&item.entry, -1);
        if let Some((posting, _)) = Posting::of(id, &item.entry, self.reflink) {
            self.change.unstaged.push((posting.key, id));
        }
        if tell_index && item.entry.is_file() {
            self.change.names_removed.push(id);
        }
    }

    /// `tell_index`: not for new blocks, which the name index reads by itself.
    fn gain(&mut self, id: EntryId, item: &EntryRef<'_>, tell_index: bool) {
        self.change.usage.count(&item.entry, 1);
        self.change.rollups.count(&item.entry, 1);
        if let Some((posting, hash)) = Posting::of(id, &item.entry, self.reflink) {
            self.change.staged.push(Staged { posting, hash });
        }
        if tell_index && item.entry.is_file() {
            self.change.names_added.push((id, fold_name(item.name)));
        }
    }

    /// `over`: over an older state of the same block.
    fn write(&mut self, id: i64, slots: &[EntryRef<'_>], over: bool) {
        let living = slots.iter().filter(|item| item.entry.kind != EntryKind::Dead);
        self.inodes.note(id, living.map(|item| item.entry.inode));
        self.change.blocks.push(BlockWrite { id, block: encode(slots), entries: slots.len(), over });
    }
}
