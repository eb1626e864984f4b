//! Taking keys out of the content index: what lower levels hold of them is hidden, and goes when the levels meet.

use super::level::{overlay, without_gone, Probe, TOP};
use super::posting::{Posting, Staged, GONE, SHARES_EXTENTS};
use super::recount::Recount;
use crate::block::EntryId;
use crate::error::CatalogError;
use crate::writer::Session;

/// Bits that tell most staged keys from removed ones.
const KEY_BITS: u64 = 1 << 16;
/// Keys that one transaction takes out at most.
const TRANSACTION_KEYS: usize = 100_000;

impl Session {
    /// Takes postings out of the index, inside the caller's transaction; once that is committed, out of what is staged.
    ///
    /// A key may be in both: after a kill, whole blocks are staged again, and most of their keys are in the index.
    pub(crate) fn remove_postings(&mut self, removed: &mut [(i64, EntryId)]) -> Result<(), CatalogError> {
        removed.sort_unstable();
        self.remove_content(TOP, removed)
    }

    /// As [`Session::remove_postings`], of sorted ones, and only as many of the last as one transaction should write;
    /// gives how many are left. `level`: one that [`Session::make_way`] gave.
    pub(crate) fn remove_last_postings(
        &mut self,
        level: usize,
        removed: &[(i64, EntryId)],
    ) -> Result<usize, CatalogError> {
        let from = removed.len().saturating_sub(TRANSACTION_KEYS);
        self.remove_content(level, &removed[from..])?;
        Ok(from)
    }

    /// As [`Session::remove_postings`], of sorted ones, in a level above which there is nothing.
    pub(crate) fn remove_content(&mut self, level: usize, removed: &[(i64, EntryId)]) -> Result<(), CatalogError> {
        if removed.is_empty() {
            return Ok(());
        }
        let sizes = self.level_sizes()?;
        let (mut probe, mut recount) = (Probe::default(), Recount::default());
        let mut changes: Vec<Posting> = Vec::new();
        for same_key in removed.chunk_by(|a, b| a.0 == b.0) {
            let key = same_key[0].0;
            let before = probe.postings_of(&self.connection, &sizes, key)?;
            let goes = |posting: &&Posting| same_key.binary_search(&(key, posting.entry)).is_ok();
            let gone: Vec<Posting> =
                before.iter().filter(goes).map(|posting| Posting { flags: posting.flags | GONE, ..*posting }).collect();
            for posting in gone.iter().filter(|posting| posting.flags & SHARES_EXTENTS != 0) {
                self.forget_sharing(posting.entry)?;
            }
            let after = without_gone(overlay(&before, &gone));
            self.recount_key(key, &before, &after, &[], &mut recount)?;
            changes.extend(gone);
        }
        self.put(level, &changes)?;
        if !self.staged.is_empty() {
            self.unstaged.extend_from_slice(removed);
        }
        self.end_recount(recount)
    }

    /// Drops the staged keys that the transaction just committed has removed.
    pub(crate) fn drop_unstaged(&mut self) {
        let mut removed = std::mem::take(&mut self.unstaged);
        if removed.is_empty() {
            return;
        }
        removed.sort_unstable();
        // Nearly every staged key is told apart by a bit of its own: there may be a million of them.
        let bit = |key: i64| (key as u64 % KEY_BITS) as usize;
        let mut bits = vec![0u64; (KEY_BITS / 64) as usize];
        for (key, _) in &removed {
            bits[bit(*key) / 64] |= 1 << (bit(*key) % 64);
        }
        self.staged.retain(|Staged { posting, .. }| {
            bits[bit(posting.key) / 64] >> (bit(posting.key) % 64) & 1 == 0
                || removed.binary_search(&(posting.key, posting.entry)).is_err()
        });
        self.count_staged();
    }
}
