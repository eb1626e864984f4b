//! One directory: what the catalog holds beside what the disk shows, and the change between them.
//!
//! An entry keeps its slot. File systems list an unchanged directory in the same order each time, so the stored order is
//! tried first and a lookup by name is made only where it fails.

use sanchay_catalog::block::{encode, Entry, EntryId, EntryKind, EntryRef, BLOCK_SLOTS};
use sanchay_catalog::content::{Posting, Staged};
use sanchay_catalog::{fold_name, BlockWrite, CatalogError, DirectoryChange};

use crate::inodes::Inodes;

use super::feed::tell_changes;
use super::stored::{Difference, Fresh, Stored};

/// Where a directory's change goes.
pub(crate) struct Target<'t> {
    /// Gives the first of so many block ids that no one has yet.
    pub(crate) reserve: &'t mut dyn FnMut(usize) -> i64,
    pub(crate) inodes: &'t Inodes,
    /// Files on the volume may share extents.
    pub(crate) reflink: bool,
    /// Inode numbers tell no file from another.
    pub(crate) fleeting_inodes: bool,
    /// Hears of each difference; None where no one asks for them one by one.
    pub(crate) tell: Option<&'t mut dyn FnMut(Difference)>,
}

/// Regular files that came, changed and went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) added: u64,
    pub(crate) changed: u64,
    pub(crate) removed: u64,
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.added += other.added;
        self.changed += other.changed;
        self.removed += other.removed;
    }
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
                // Only if the file itself changed, not what we know of it.
                tally.changed += u64::from(old.witness() != item.entry.witness());
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
