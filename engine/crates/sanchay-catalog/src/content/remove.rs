//! Taking keys out of the content index, in its order: each chunk is written once.

use rusqlite::{params, OptionalExtension};

use super::merge::TRANSACTION_POSTINGS;
use super::posting::Staged;
use super::posting::{ChunkView, Posting, SHARES_EXTENTS};
use super::recount::Recount;
use crate::block::EntryId;
use crate::error::CatalogError;
use crate::writer::Session;

/// Bits that tell most staged keys from removed ones.
const KEY_BITS: u64 = 1 << 16;

/// A chunk as it is stored.
pub(super) struct StoredChunk {
    pub(super) id: i64,
    pub(super) low: (i64, u64),
    pub(super) postings: Vec<Posting>,
}

impl Session {
    /// Takes postings out of the index, inside the caller's transaction; once that is committed, out of what is staged.
    ///
    /// A key may be in both: after a kill, whole blocks are staged again, and most of their keys are in the index.
    pub(crate) fn remove_postings(&mut self, removed: &mut [(i64, EntryId)]) -> Result<(), CatalogError> {
        removed.sort_unstable();
        self.remove_content(removed, usize::MAX).map(|_| ())
    }

    /// As [`Session::remove_postings`], of sorted ones, and only as many of the last as one transaction should write;
    /// gives how many are left.
    pub(crate) fn remove_last_postings(&mut self, removed: &[(i64, EntryId)]) -> Result<usize, CatalogError> {
        self.remove_content(removed, TRANSACTION_POSTINGS)
    }

    fn remove_content(&mut self, removed: &[(i64, EntryId)], most_written: usize) -> Result<usize, CatalogError> {
        let (mut left, mut written, mut recount) = (removed.len(), 0, Recount::default());
        while left > 0 && written < most_written {
            let (key, entry) = removed[left - 1];
            let Some(chunk) = self.chunk_at((key, entry.0))? else {
                left = 0; // what begins before the first chunk is in none
                break;
            };
            let from = removed[..left].partition_point(|(key, entry)| (*key, entry.0) < chunk.low);
            written += self.remove_content_of(&chunk, &removed[from..left], &mut recount)?;
            left = from;
        }
        if !self.staged.is_empty() {
            self.unstaged.extend_from_slice(&removed[left..]);
        }
        self.end_recount(&[], recount)?;
        Ok(left)
    }

    /// Gives how many postings were written.
    fn remove_content_of(
        &mut self,
        chunk: &StoredChunk,
        removed: &[(i64, EntryId)],
        recount: &mut Recount,
    ) -> Result<usize, CatalogError> {
        let goes = |posting: &Posting| removed.binary_search(&(posting.key, posting.entry)).is_ok();
        let (gone, kept): (Vec<Posting>, Vec<Posting>) = chunk.postings.iter().partition(|posting| goes(posting));
        if gone.is_empty() {
            return Ok(0);
        }
        for posting in gone.iter().filter(|posting| posting.flags & SHARES_EXTENTS != 0) {
            self.forget_sharing(posting.entry)?;
        }
        self.write_chunk(Some(chunk.id), &kept)?;
        let keys = gone.chunk_by(|a, b| a.key == b.key).rev().map(|same_key| same_key[0].key);
        self.recount_chunk(keys, &chunk.postings, &kept, &[], recount)?;
        Ok(kept.len())
    }

    /// The chunk that a posting of this order is in, or would be put into.
    pub(super) fn chunk_at(&self, order: (i64, u64)) -> Result<Option<StoredChunk>, CatalogError> {
        let found = self
            .connection
            .prepare_cached(
                "SELECT id, low_key, low_entry, postings FROM content_chunk WHERE (low_key, low_entry) <= (?1, ?2)
                 ORDER BY low_key DESC, low_entry DESC LIMIT 1",
            )?
            .query_row(params![order.0, order.1 as i64], |row| {
                let low = (row.get(1)?, row.get::<_, i64>(2)? as u64);
                Ok((row.get(0)?, low, row.get::<_, Vec<u8>>(3)?))
            })
            .optional()?;
        let Some((id, low, blob)) = found else { return Ok(None) };
        Ok(Some(StoredChunk { id, low, postings: ChunkView::parse(&blob)?.iter().collect() }))
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
