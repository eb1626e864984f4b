//! Merging staged keys into the content index: sorted, by key ranges, in bounded transactions.
//!
//! Rows with random keys written one by one make SQLite write a page a row; sorted, each chunk is written once.

use std::ops::ControlFlow;

use rusqlite::{params, OptionalExtension};

use super::posting::{encode_chunk, ChunkView, Posting, Staged, CHUNK_FILL, CHUNK_MOST};
use super::recount::Recount;
use crate::error::CatalogError;
use crate::writer::Session;

/// Staged postings merged in one go at most, and postings written in one transaction at most.
const SLICE_MOST: usize = 20_000;
pub(super) const TRANSACTION_POSTINGS: usize = 400_000;

impl Session {
    /// Merges everything staged. `step` hears how many are left after each transaction and may break off: what is left
    /// stays staged.
    pub fn merge_content(&mut self, step: &mut dyn FnMut(usize) -> ControlFlow<()>) -> Result<(), CatalogError> {
        let staged = std::mem::take(&mut self.staged);
        let outcome = self.merge_staged(staged, true, step);
        self.count_staged();
        outcome
    }

    /// Merges the `newest` keys that were staged last; what a scan has staged before them goes on waiting.
    pub(crate) fn merge_newest(&mut self, newest: usize) -> Result<(), CatalogError> {
        let older = self.staged.len().saturating_sub(newest);
        let staged = self.staged.split_off(older);
        let waiting = std::mem::take(&mut self.staged);
        let outcome = self.merge_staged(staged, waiting.is_empty(), &mut |_| ControlFlow::Continue(()));
        // What could not be merged is later than what waited before it.
        let left = std::mem::replace(&mut self.staged, waiting);
        self.staged.extend(left);
        self.count_staged();
        outcome
    }

    /// `all`: nothing else is staged, so that no block is pending after it.
    fn merge_staged(
        &mut self,
        mut staged: Vec<Staged>,
        all: bool,
        step: &mut dyn FnMut(usize) -> ControlFlow<()>,
    ) -> Result<(), CatalogError> {
        self.fit_memory(staged.len())?;
        staged.sort_by_key(|item| item.posting.order());
        // An entry that was staged twice counts as it was last.
        staged.dedup_by(|later, earlier| {
            let same = later.posting.order() == earlier.posting.order();
            if same {
                *earlier = *later;
            }
            same
        });
        let mut done = 0;
        while done < staged.len() {
            let from = done;
            let outcome = self.transaction(|session| {
                let (mut at, mut written, mut recount) = (from, 0, Recount::default());
                while at < staged.len() && written < TRANSACTION_POSTINGS {
                    let (taken, wrote) = session.merge_range(&staged, at, &mut recount)?;
                    at += taken;
                    written += wrote;
                }
                session.end_recount(&staged, recount)?;
                if all && at == staged.len() && session.pending_keepers == 0 {
                    session.connection.execute("DELETE FROM content_pending", [])?;
                }
                Ok(at)
            });
            match outcome {
                Ok(at) => done = at,
                Err(error) => {
                    self.staged = staged.split_off(done);
                    return Err(error);
                }
            }
            if step(staged.len() - done).is_break() {
                self.staged = staged.split_off(done);
                return Ok(());
            }
        }
        Ok(())
    }

    /// Merges what is staged from `at` on into the one chunk it belongs to; gives how many were taken and written.
    fn merge_range(
        &mut self,
        staged: &[Staged],
        at: usize,
        recount: &mut Recount,
    ) -> Result<(usize, usize), CatalogError> {
        let first = staged[at].posting.order();
        let chunk = self.chunk_at(first)?;
        let upper = self
            .connection
            .prepare_cached(
                "SELECT low_key, low_entry FROM content_chunk WHERE (low_key, low_entry) > (?1, ?2)
                 ORDER BY low_key, low_entry LIMIT 1",
            )?
            .query_row(params![first.0, first.1 as i64], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)? as u64))
            })
            .optional()?;
        let taken = match upper {
            Some(upper) => staged[at..].partition_point(|item| item.posting.order() < upper),
            None => staged.len() - at,
        }
        .min(SLICE_MOST);
        let slice = &staged[at..at + taken];
        let (id, old) = chunk.map_or((None, Vec::new()), |chunk| (Some(chunk.id), chunk.postings));
        let merged = merge_sorted(&old, slice);
        self.write_chunk(id, &merged)?;
        let keys = slice.chunk_by(|a, b| a.posting.key == b.posting.key).map(|same_key| same_key[0].posting.key);
        self.recount_chunk(keys, &old, &merged, staged, recount)?;
        Ok((taken, merged.len()))
    }

    /// Every chunk that may hold `key`, in order.
    pub(super) fn chunks_of(&self, key: i64) -> Result<Vec<(i64, Vec<Posting>)>, CatalogError> {
        let mut statement = self.connection.prepare_cached(CHUNKS_OF_KEY)?;
        let mut rows = statement.query([key])?;
        let mut chunks = Vec::new();
        while let Some(row) = rows.next()? {
            let blob = row.get_ref(1)?.as_blob().map_err(|_| CatalogError::corrupt_block())?;
            chunks.push((row.get(0)?, ChunkView::parse(blob)?.iter().collect()));
        }
        Ok(chunks)
    }

    /// Writes postings over chunk `id`, in as many chunks as they need; none are left of an empty one.
    pub(super) fn write_chunk(&mut self, id: Option<i64>, postings: &[Posting]) -> Result<(), CatalogError> {
        let step = if postings.len() <= CHUNK_MOST { CHUNK_MOST } else { CHUNK_FILL };
        let mut pieces = postings.chunks(step);
        if let Some(id) = id {
            match pieces.next() {
                None => {
                    self.connection.prepare_cached("DELETE FROM content_chunk WHERE id = ?1")?.execute([id])?;
                }
                Some(piece) => {
                    let (key, entry) = piece[0].order();
                    self.connection
                        .prepare_cached(
                            "UPDATE content_chunk SET low_key = ?2, low_entry = ?3, postings = ?4 WHERE id = ?1",
                        )?
                        .execute(params![id, key, entry as i64, encode_chunk(piece)])?;
                }
            }
        }
        for piece in pieces {
            let (key, entry) = piece[0].order();
            self.connection
                .prepare_cached("INSERT INTO content_chunk (low_key, low_entry, postings) VALUES (?1, ?2, ?3)")?
                .execute(params![key, entry as i64, encode_chunk(piece)])?;
        }
        Ok(())
    }
}

/// The chunk that begins at or before a key, and those that begin with it.
pub(crate) const CHUNKS_OF_KEY: &str = "
    SELECT id, postings FROM content_chunk
    WHERE low_key <= ?1 AND (low_key, low_entry) >= (
        SELECT low_key, low_entry FROM (
            SELECT * FROM (SELECT low_key, low_entry FROM content_chunk WHERE low_key < ?1
                           ORDER BY low_key DESC, low_entry DESC LIMIT 1)
            UNION ALL SELECT -9223372036854775808, -9223372036854775808)
        ORDER BY 1 DESC, 2 DESC LIMIT 1)
    ORDER BY low_key, low_entry";

/// Both sorted; where an entry stands in both, the staged one counts.
fn merge_sorted(old: &[Posting], staged: &[Staged]) -> Vec<Posting> {
    let mut merged = Vec::with_capacity(old.len() + staged.len());
    let mut old = old.iter().peekable();
    for item in staged {
        while let Some(posting) = old.next_if(|posting| posting.order() < item.posting.order()) {
            merged.push(*posting);
        }
        old.next_if(|posting| posting.order() == item.posting.order());
        merged.push(item.posting);
    }
    merged.extend(old.copied());
    merged
}
