//! A large folder, compared in slices: its listing is kept whole, what is stored of it and what is written are not.
//!
//! What is stored is gone through twice, a few blocks at a time: for which of the listed names are new, and to compare. New
//! names take the slots of those that went, as they do in a small folder; what is left of them comes last.

use sanchay_catalog::block::{EntryKind, BLOCK_SLOTS};
use sanchay_catalog::DirectoryChange;
use sanchay_core::Source;

use super::comparing::{Comparing, Looked};
use super::stored::Stored;
use super::walk::Walker;
use crate::error::EngineError;

/// A folder with more blocks than these is compared in slices of so many, and one with more names in slices of as many names.
pub(super) const SLICE_BLOCKS: usize = if cfg!(test) { 2 } else { 32 };
pub(super) const SLICE: usize = SLICE_BLOCKS * BLOCK_SLOTS;

/// The listed names that are not stored, in the order of the listing.
struct NewNames {
    is_stored: Vec<bool>,
    /// All before this one have been given.
    next: usize,
}

impl NewNames {
    /// The number of the next one.
    fn next(&mut self) -> Option<usize> {
        let found = self.is_stored[self.next..].iter().position(|is_stored| !is_stored).map(|at| self.next + at);
        self.next = found.map_or(self.is_stored.len(), |number| number + 1);
        found
    }
}

impl<S: Source> Walker<'_, S> {
    /// Compares and hands over slice by slice; gives what is still to be handed over. Ends between two slices where the scan
    /// is cancelled: what was not compared stays as it is.
    pub(super) fn in_slices<'l, 'c>(
        &mut self,
        looked: &Looked<'l, S>,
        change: &mut DirectoryChange,
        mut work: Comparing<'l, 'c>,
    ) -> Result<Comparing<'l, 'c>, EngineError> {
        let (mut new, last) = self.new_names(looked)?;
        let mut after = 0;
        while after < last {
            if !self.context.control.step() {
                return Ok(work);
            }
            let blocks = self.catalog.blocks_after(looked.job.id, after, SLICE_BLOCKS)?;
            // New blocks, which this scan has written, come after the last one that was there.
            let old = blocks.partition_point(|block| block.id <= last);
            let Some(end) = blocks[..old].last().map(|block| block.id) else { break };
            after = end;
            let mut slice = work.with(Stored::new(&blocks[..old])?);
            slice.stored.note(self.context.inodes);
            self.slice(looked, &mut slice, &mut new)?;
            self.hand_over(looked, &mut slice, change)?;
            work = slice.with(Stored::new(&[])?);
        }
        while let Some(number) = new.next() {
            if work.fresh.len() == SLICE {
                self.hand_over(looked, &mut work, change)?;
                if !self.context.control.step() {
                    return Ok(work);
                }
            }
            let (name, told) = looked.listing.get(number);
            self.listed(looked, name, told, &mut work)?;
        }
        Ok(work)
    }

    /// Which of the listed names are not stored, and the id of the last block that is.
    fn new_names(&self, looked: &Looked<'_, S>) -> Result<(NewNames, i64), EngineError> {
        let mut is_stored = vec![false; looked.listing.len()];
        let mut last = 0;
        while looked.job.known.is_some() {
            let blocks = self.catalog.blocks_after(looked.job.id, last, SLICE_BLOCKS)?;
            let Some(end) = blocks.last().map(|block| block.id) else { break };
            last = end;
            for block in &blocks {
                let view = block.view()?;
                for (slot, name) in view.detail.names(view.columns.len()).enumerate() {
                    if view.columns.kind(slot) != EntryKind::Dead {
                        looked.listing.position(name).into_iter().for_each(|number| is_stored[number] = true);
                    }
                }
            }
        }
        Ok((NewNames { is_stored, next: 0 }, last))
    }

    /// Compares the stored names of a slice, and as many new ones as have gone from it.
    fn slice<'n>(
        &mut self,
        looked: &Looked<'n, S>,
        work: &mut Comparing<'n, '_>,
        new: &mut NewNames,
    ) -> Result<(), EngineError> {
        let names: Vec<&'n [u8]> = work.stored.names().collect();
        for name in names {
            if let Some(number) = looked.listing.position(name) {
                self.listed(looked, name, looked.listing.get(number).1, work)?;
            }
        }
        self.ask_files(looked, work)?;
        for _ in 0..work.stored.gone().count() {
            let Some(number) = new.next() else { break };
            let (name, told) = looked.listing.get(number);
            self.listed(looked, name, told, work)?;
        }
        Ok(())
    }
}
