//! Files with several names: what is known of them in one pass, and which of their stored names are out of date.

use std::collections::hash_map::Entry as Slot;
use std::collections::HashMap;

use sanchay_catalog::block::Entry;

use crate::scan::Difference;

/// Files with several names, by inode, as they were seen; None where a name of one went, or they changed between two looks.
#[derive(Default)]
pub(super) struct Several(HashMap<u64, Option<Entry>>);

impl Several {
    /// A file that was seen like this.
    pub(super) fn of(entry: Entry) -> Self {
        Self([(entry.inode, Some(entry))].into())
    }

    /// Of which a name went: how they are now is not known.
    pub(super) fn changed(inodes: impl Iterator<Item = u64>) -> Self {
        Self(inodes.map(|inode| (inode, None)).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn inodes(&self) -> Vec<u64> {
        self.0.keys().copied().collect()
    }

    /// `linked`: the file is known to have had several names, even where this one is stored from before.
    pub(super) fn add(&mut self, difference: &Difference, linked: bool) {
        let (old, new) = (difference.old, difference.new);
        if let Some(old) = old.filter(|old| (linked || old.links > 1) && new.is_none_or(|new| new.inode != old.inode)) {
            self.0.insert(old.inode, None);
        }
        let had_several = old.is_some_and(|old| old.links > 1 && new.is_some_and(|new| new.inode == old.inode));
        if let Some(new) = new.filter(|new| new.links > 1 || had_several) {
            match self.0.entry(new.inode) {
                Slot::Vacant(slot) => drop(slot.insert(Some(new))),
                Slot::Occupied(mut slot) => {
                    if slot.get().is_some_and(|other| is_stored_otherwise(&other, &new)) {
                        slot.insert(None);
                    }
                }
            }
        }
    }

    /// Whether a name is stored as its file was seen.
    pub(super) fn has(&self, stored: &Entry) -> bool {
        let seen = self.0.get(&stored.inode).and_then(Option::as_ref);
        seen.is_some_and(|seen| !is_stored_otherwise(stored, seen))
    }
}

fn is_stored_otherwise(stored: &Entry, seen: &Entry) -> bool {
    stored.witness() != seen.witness() || stored.links != seen.links
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(inode: u64, links: u32, mtime_ns: i64) -> Entry {
        let mut entry = Entry::dead();
        (entry.inode, entry.links, entry.mtime_ns) = (inode, links, mtime_ns);
        entry
    }

    fn difference(old: Option<Entry>, new: Option<Entry>) -> Difference {
        Difference { name: b"a".to_vec(), old, new }
    }

    #[test]
    fn names_are_looked_at_that_are_stored_otherwise_than_their_file_was_seen() {
        let mut several = Several::default();
        several.add(&difference(Some(file(7, 2, 1)), Some(file(7, 2, 5))), true);
        assert!(several.has(&file(7, 2, 5)), "stored as it was seen");
        assert!(!several.has(&file(7, 2, 1)), "older, also where another name led here");
        assert!(!several.has(&file(7, 1, 5)), "with another count of names");
        several.add(&difference(Some(file(7, 2, 5)), Some(file(7, 2, 6))), false);
        assert!(!several.has(&file(7, 2, 6)), "it changed between two looks: all of them");
    }

    #[test]
    fn a_name_that_went_has_the_others_looked_at() {
        let mut several = Several::default();
        several.add(&difference(Some(file(7, 2, 1)), None), false);
        assert!(!several.has(&file(7, 2, 1)));
        let mut several = Several::default();
        several.add(&difference(Some(file(8, 1, 1)), None), false);
        assert!(several.0.is_empty(), "it had no other");
        several.add(&difference(Some(file(8, 1, 1)), None), true);
        assert!(!several.has(&file(8, 1, 1)), "it had one that was made since");
    }
}
