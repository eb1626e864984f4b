//! Merging staged keys into the content index: sorted, by key ranges, in bounded transactions.
//!
//! Rows with random keys written one by one make SQLite write a page a row; sorted, each chunk is written once.

use std::ops::ControlFlow;

use rusqlite::{params, OptionalExtension};
use sanchay_core::ContentHash;

use super::group::{GroupFigures, SharedContent};
use super::posting::{
    encode_chunk, ChunkView, Posting, CHUNK_FILL, CHUNK_MOST, EXTENTS_ASKED, MAY_SHARE_EXTENTS, SHARES_EXTENTS,
};
use crate::block::EntryId;
use crate::error::CatalogError;
use crate::writer::Session;

/// A posting on its way into the index, with the whole hash for telling contents apart.
#[derive(Clone, Copy, Debug)]
pub struct Staged {
    /// What will be stored.
    pub posting: Posting,
    /// The whole hash.
    pub hash: ContentHash,
}

/// Staged postings merged in one go at most, and postings written in one transaction at most.
const SLICE_MOST: usize = 20_000;
const TRANSACTION_POSTINGS: usize = 400_000;
/// Bits that tell most staged keys from removed ones.
const KEY_BITS: u64 = 1 << 16;

/// Totals over all groups, as they change.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct TotalsDelta {
    groups: i64,
    redundant_copies: i64,
    reclaimable_bytes: i64,
    freed_bytes: i64,
}

impl TotalsDelta {
    fn count(&mut self, figures: &GroupFigures, sign: i64) {
        self.groups += sign;
        self.redundant_copies += sign * (figures.copies as i64 - 1);
        self.reclaimable_bytes += sign * figures.reclaimable_bytes as i64;
        self.freed_bytes += sign * figures.freed_bytes as i64;
    }
}

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
                let (mut at, mut written, mut totals) = (from, 0, TotalsDelta::default());
                while at < staged.len() && written < TRANSACTION_POSTINGS {
                    let (taken, wrote) = session.merge_range(&staged[at..], &mut totals)?;
                    at += taken;
                    written += wrote;
                }
                session.add_totals(&totals)?;
                if all && at == staged.len() {
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

    /// Takes postings out of the index, inside the caller's transaction; once that is committed, out of what is staged.
    ///
    /// A key may be in both: after a kill, whole blocks are staged again, and most of their keys are in the index.
    pub(crate) fn remove_postings(&mut self, removed: &mut [(i64, EntryId)]) -> Result<(), CatalogError> {
        if removed.is_empty() {
            return Ok(());
        }
        removed.sort_unstable();
        let mut totals = TotalsDelta::default();
        for same_key in removed.chunk_by(|a, b| a.0 == b.0) {
            let key = same_key[0].0;
            let mut changed = false;
            for (id, mut postings) in self.chunks_of(key)? {
                let before = postings.len();
                let goes =
                    |posting: &Posting| posting.key == key && same_key.iter().any(|(_, entry)| *entry == posting.entry);
                for posting in postings.iter().filter(|posting| posting.flags & SHARES_EXTENTS != 0 && goes(posting)) {
                    self.forget_sharing(posting.entry)?;
                }
                postings.retain(|posting| !goes(posting));
                if postings.len() != before {
                    changed = true;
                    self.write_chunk(Some(id), &postings)?;
                }
            }
            if changed {
                self.regroup(key, None, &mut totals)?;
            }
        }
        if !self.staged.is_empty() {
            self.unstaged.extend_from_slice(removed);
        }
        self.add_totals(&totals)
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

    /// Merges the head of `staged` into the one chunk it belongs to; gives how many were taken and written.
    fn merge_range(&mut self, staged: &[Staged], totals: &mut TotalsDelta) -> Result<(usize, usize), CatalogError> {
        let first = staged[0].posting.order();
        let found = self
            .connection
            .prepare_cached(
                "SELECT id, postings FROM content_chunk WHERE (low_key, low_entry) <= (?1, ?2)
                 ORDER BY low_key DESC, low_entry DESC LIMIT 1",
            )?
            .query_row(params![first.0, first.1 as i64], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?)))
            .optional()?;
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
            Some(upper) => staged.partition_point(|item| item.posting.order() < upper),
            None => staged.len(),
        }
        .min(SLICE_MOST);
        let slice = &staged[..taken];
        let (id, old) = match &found {
            Some((id, blob)) => (Some(*id), ChunkView::parse(blob)?.iter().collect()),
            None => (None, Vec::new()),
        };
        let merged = merge_sorted(&old, slice);
        let wrote = merged.len();
        self.write_chunk(id, &merged)?;
        self.regroup_slice(&old, slice, &merged, totals)?;
        Ok((taken, wrote))
    }

    /// Recounts the groups of every key in `slice`. Runs that may go on in a neighbouring chunk are read again whole.
    fn regroup_slice(
        &mut self,
        old: &[Posting],
        slice: &[Staged],
        merged: &[Posting],
        totals: &mut TotalsDelta,
    ) -> Result<(), CatalogError> {
        let edges = (merged.first().map(|posting| posting.key), merged.last().map(|posting| posting.key));
        for staged_run in slice.chunk_by(|a, b| a.posting.key == b.posting.key) {
            let key = staged_run[0].posting.key;
            if Some(key) == edges.0 || Some(key) == edges.1 {
                self.regroup(key, Some(slice), totals)?;
                continue;
            }
            let start = merged.partition_point(|posting| posting.key < key);
            let run = &merged[start..start + merged[start..].partition_point(|posting| posting.key == key)];
            let old_start = old.partition_point(|posting| posting.key < key);
            let had_group = old[old_start..].iter().take_while(|posting| posting.key == key).count() > 1;
            if run.len() > 1 || had_group {
                self.regroup_run(key, run, had_group, Some(slice), totals)?;
            }
        }
        Ok(())
    }

    /// Recounts the groups of `key` from all its chunks.
    pub(super) fn regroup(
        &mut self,
        key: i64,
        staged: Option<&[Staged]>,
        totals: &mut TotalsDelta,
    ) -> Result<(), CatalogError> {
        let mut run = Vec::new();
        for (_, postings) in self.chunks_of(key)? {
            run.extend(postings.into_iter().filter(|posting| posting.key == key));
        }
        self.regroup_run(key, &run, true, staged, totals)
    }

    fn regroup_run(
        &mut self,
        key: i64,
        run: &[Posting],
        had_group: bool,
        staged: Option<&[Staged]>,
        totals: &mut TotalsDelta,
    ) -> Result<(), CatalogError> {
        if had_group {
            for figures in self.groups_of(key)? {
                totals.count(&figures, -1);
            }
            self.connection.prepare_cached("DELETE FROM duplicate_group WHERE key = ?1")?.execute([key])?;
        }
        if run.len() < 2 {
            return Ok(());
        }
        let contents = self.split_by_content(run, staged)?;
        for (ordinal, content) in contents.iter().enumerate() {
            let figures = SharedContent(content).figures(self)?;
            if figures.copies > 1 {
                totals.count(&figures, 1);
                if content
                    .iter()
                    .any(|posting| posting.flags & (MAY_SHARE_EXTENTS | EXTENTS_ASKED) == MAY_SHARE_EXTENTS)
                {
                    self.note_extents_due(key)?;
                }
                self.connection
                    .prepare_cached(
                        "INSERT INTO duplicate_group (key, ordinal, size, copies, reclaimable, freed)
                         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                    )?
                    .execute(params![
                        key,
                        ordinal as i64,
                        figures.size_bytes as i64,
                        figures.copies as i64,
                        figures.reclaimable_bytes as i64,
                        figures.freed_bytes as i64
                    ])?;
            }
        }
        Ok(())
    }

    /// Splits a run of one key by (size, whole hash), ordered by both. Nearly always there is one content.
    fn split_by_content(
        &mut self,
        run: &[Posting],
        staged: Option<&[Staged]>,
    ) -> Result<Vec<Vec<Posting>>, CatalogError> {
        let mut with_hash = Vec::with_capacity(run.len());
        for posting in run {
            let known = staged.and_then(|slice| {
                let at = slice.binary_search_by_key(&posting.order(), |item| item.posting.order()).ok()?;
                Some(slice[at].hash)
            });
            let hash = match known {
                Some(hash) => Some(hash),
                None => self.entry(posting.entry)?.and_then(|entry| posting.hash_in(&entry)),
            };
            // A posting that is out of date counts for nothing.
            if let Some(hash) = hash {
                with_hash.push((posting.size_bytes, hash, *posting));
            }
        }
        with_hash.sort_by_key(|(size_bytes, hash, _)| (*size_bytes, *hash));
        Ok(with_hash
            .chunk_by(|a, b| (a.0, a.1) == (b.0, b.1))
            .map(|content| content.iter().map(|(_, _, posting)| *posting).collect())
            .collect())
    }

    fn groups_of(&self, key: i64) -> Result<Vec<GroupFigures>, CatalogError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT size, copies, reclaimable, freed FROM duplicate_group WHERE key = ?1")?;
        let rows = statement.query_map([key], |row| {
            Ok(GroupFigures {
                size_bytes: row.get::<_, i64>(0)? as u64,
                copies: row.get::<_, i64>(1)? as u64,
                reclaimable_bytes: row.get::<_, i64>(2)? as u64,
                freed_bytes: row.get::<_, i64>(3)? as u64,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
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

    pub(super) fn add_totals(&mut self, totals: &TotalsDelta) -> Result<(), CatalogError> {
        for (name, delta) in [
            ("duplicate_groups", totals.groups),
            ("redundant_copies", totals.redundant_copies),
            ("reclaimable_bytes", totals.reclaimable_bytes),
            ("freed_bytes", totals.freed_bytes),
        ] {
            if delta != 0 {
                self.add_meta(name, delta)?;
            }
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
