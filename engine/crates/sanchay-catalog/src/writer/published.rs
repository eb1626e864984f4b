//! A block that is written over a state which has moved on: hashes published since it was read are kept.
//!
//! Who compares a directory has read its blocks a while before the change is written. Nothing else changes entries of
//! that directory until then, but what was left for later is read and published at any time.

use std::collections::HashSet;

use super::change::{BlockWrite, DirectoryChange};
use super::session::Session;
use crate::block::{encode, BlockView, EncodedBlock, Entry, EntryId, EntryRef};
use crate::content::Posting;
use crate::error::CatalogError;

/// What is written instead, and the keys that the content index must lose besides those of the change.
#[derive(Default)]
pub(super) struct Kept {
    pub(super) block: Option<EncodedBlock>,
    pub(super) unstaged: Vec<(i64, EntryId)>,
}

impl Session {
    /// Compares what `change` writes over older blocks with what is stored now, by block id.
    pub(super) fn keep_published(&self, change: &DirectoryChange) -> Result<Vec<(i64, Kept)>, CatalogError> {
        if !change.blocks.iter().any(|write| write.over) {
            return Ok(Vec::new());
        }
        let given_up: HashSet<(i64, EntryId)> = change.unstaged.iter().copied().collect();
        let over = change.blocks.iter().filter(|write| write.over);
        over.map(|write| Ok((write.id, self.keep_of_block(write, &given_up)?))).collect()
    }

    fn keep_of_block(&self, write: &BlockWrite, given_up: &HashSet<(i64, EntryId)>) -> Result<Kept, CatalogError> {
        let new = BlockView::parse(&write.block.columns, &write.block.detail)?;
        let kept = self.with_block(write.id, |stored| {
            let mut slots = vec![EntryRef { name: b"", entry: Entry::dead() }; new.columns.len()];
            new.for_each(|slot, item| slots[slot] = item)?;
            let (mut kept, mut changed) = (Kept::default(), false);
            stored.for_each(|slot, old| {
                let id = EntryId::new(write.id, slot);
                let Some((posting, _)) = Posting::of(id, &old.entry, false) else { return };
                // What the change gives up was known to it: there is nothing newer.
                if given_up.contains(&(posting.key, id)) {
                    return;
                }
                match slots.get_mut(slot) {
                    Some(item) if is_same_file(&item.entry, &old.entry) && item.entry.hash.is_none() => {
                        item.entry.hash = old.entry.hash;
                        item.entry.hash_state = old.entry.hash_state;
                        item.entry.algorithm = old.entry.algorithm;
                        changed = true;
                    }
                    Some(item)
                        if Posting::of(id, &item.entry, false).is_some_and(|(own, _)| own.key == posting.key) => {}
                    _ => kept.unstaged.push((posting.key, id)),
                }
            })?;
            if changed {
                kept.block = Some(encode(&slots));
            }
            Ok(kept)
        })?;
        Ok(kept.unwrap_or_default())
    }
}

fn is_same_file(new: &Entry, old: &Entry) -> bool {
    new.is_file() && new.witness() == old.witness()
}
