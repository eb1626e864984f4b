//! Merging staged keys into the content index: sorted, by key ranges, in bounded transactions, and into the level that
//! they are worth.
//!
//! Rows with random keys written one by one make SQLite write a page a row; sorted, each chunk is written once.

use std::ops::ControlFlow;

use rusqlite::params;

use super::level::{overlay, Probe, LEVELS, TOP};
use super::posting::{ChunkView, Posting, Staged};
use super::recount::Recount;
use crate::error::CatalogError;
use crate::writer::Session;

/// Staged postings merged in one go at most (give or take those of one key), and postings written in one transaction.
const SLICE_MOST: usize = 20_000;
const TRANSACTION_POSTINGS: usize = 400_000;
/// Chunks that move down at once.
const CHUNKS_MOST: i64 = 64;

/// Postings that a level holds at most before they go down.
const LEVEL_MOST: [usize; LEVELS] = [usize::MAX, 8 << 20, 512 << 10, 32 << 10, 2 << 10];
/// A level goes down into one that is up to so many times as large.
const GROWTH: usize = 8;
/// Postings in a chunk, about: what a level holds is counted in them when the catalog is opened.
const CHUNK_USUAL: usize = 320;

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
        sort_staged(&mut staged);
        let level = match self.make_way(staged.len()) {
            Ok(level) => level,
            Err(error) => {
                self.staged = staged;
                return Err(error);
            }
        };
        let mut done = 0;
        while done < staged.len() {
            let from = done;
            let outcome = self.transaction(|session| {
                let (mut at, mut written) = (from, 0);
                let (mut probe, mut recount) = (Probe::default(), Recount::default());
                while at < staged.len() && written < TRANSACTION_POSTINGS {
                    let slice = whole_keys(&staged[at..]);
                    written += session.put_staged(level, slice, &mut probe, &mut recount)?;
                    at += slice.len();
                }
                session.end_recount(recount)?;
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

    /// Puts keys that are about to be published into the index, inside the caller's transaction.
    pub(crate) fn index_staged(&mut self, level: usize, mut staged: Vec<Staged>) -> Result<(), CatalogError> {
        sort_staged(&mut staged);
        let mut recount = Recount::default();
        self.put_staged(level, &staged, &mut Probe::default(), &mut recount)?;
        self.end_recount(recount)
    }

    /// Puts whole keys into a level above which there is nothing, and counts their groups again; gives how many postings
    /// were written.
    fn put_staged(
        &mut self,
        level: usize,
        staged: &[Staged],
        probe: &mut Probe,
        recount: &mut Recount,
    ) -> Result<usize, CatalogError> {
        let sizes = self.level_sizes()?;
        let changes: Vec<Posting> = staged.iter().map(|item| item.posting).collect();
        let mut from = 0;
        for same_key in changes.chunk_by(|a, b| a.key == b.key) {
            let key = same_key[0].key;
            let before = probe.postings_of(&self.connection, &sizes, key)?;
            if !before.is_empty() || same_key.len() > 1 {
                let after = overlay(&before, same_key);
                let hashes = &staged[from..from + same_key.len()];
                self.recount_key(key, &before, &after, hashes, recount)?;
            }
            from += same_key.len();
        }
        self.put(level, &changes)
    }

    /// Moves what lies above down, as far as `coming` more postings ask for it; gives the level that they belong in. There
    /// is nothing above it then.
    pub(crate) fn make_way(&mut self, coming: usize) -> Result<usize, CatalogError> {
        let sizes = self.level_sizes()?;
        let (mut level, mut postings) = (TOP, coming + sizes[TOP]);
        loop {
            match (0..level).rev().find(|&lower| sizes[lower] > 0) {
                None => level = 0,
                Some(lower) if sizes[lower] <= GROWTH * postings => {
                    level = lower;
                    postings += sizes[lower];
                    continue;
                }
                Some(_) if postings > LEVEL_MOST[level] => {
                    level -= 1;
                    postings += sizes[level];
                    continue;
                }
                Some(_) => {}
            }
            break;
        }
        for upper in (level + 1..LEVELS).rev().filter(|&upper| sizes[upper] > 0) {
            let lower = (level..upper).rev().find(|&lower| sizes[lower] > 0).unwrap_or(level);
            self.move_down(upper, lower)?;
        }
        Ok(level)
    }

    /// Moves a level into a lower one, between which there is nothing. Broken off after any transaction, each posting is
    /// in one of them.
    fn move_down(&mut self, upper: usize, lower: usize) -> Result<(), CatalogError> {
        let moving = self.level_sizes()?[upper];
        self.fit_memory(moving)?;
        loop {
            let is_left = self.transaction(|session| {
                let mut written = 0;
                while written < TRANSACTION_POSTINGS {
                    let chunks = session.first_chunks(upper)?;
                    if chunks.is_empty() {
                        return Ok(false);
                    }
                    let mut postings = Vec::new();
                    for (id, of_chunk) in chunks {
                        postings.extend(of_chunk);
                        session.forget_chunk(id)?;
                    }
                    session.resize_level(upper, postings.len(), 0)?;
                    written += session.put(lower, &postings)?;
                }
                Ok(true)
            })?;
            if !is_left {
                break;
            }
        }
        // It may have been counted in chunks.
        self.levels = self.levels.map(|mut sizes| {
            sizes[upper] = 0;
            sizes
        });
        Ok(())
    }

    fn first_chunks(&self, level: usize) -> Result<Vec<(i64, Vec<Posting>)>, CatalogError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, postings FROM content_chunk WHERE level = ?1 ORDER BY low_key, low_entry LIMIT ?2",
        )?;
        let mut rows = statement.query(params![level as i64, CHUNKS_MOST])?;
        let mut chunks = Vec::new();
        while let Some(row) = rows.next()? {
            let blob = row.get_ref(1)?.as_blob().map_err(|_| CatalogError::corrupt_block())?;
            chunks.push((row.get(0)?, ChunkView::parse(blob)?.iter().collect()));
        }
        Ok(chunks)
    }

    /// About how many postings each level holds; 0 only where there is none.
    pub(super) fn level_sizes(&mut self) -> Result<[usize; LEVELS], CatalogError> {
        if let Some(sizes) = self.levels {
            return Ok(sizes);
        }
        let mut sizes = [0; LEVELS];
        let mut statement = self.connection.prepare_cached("SELECT count(*) FROM content_chunk WHERE level = ?1")?;
        for (level, size) in sizes.iter_mut().enumerate() {
            *size = statement.query_row([level as i64], |row| row.get::<_, i64>(0))? as usize * CHUNK_USUAL;
        }
        self.levels = Some(sizes);
        Ok(sizes)
    }

    /// Notes that `fewer` postings of a level went and `more` came; a level that may hold one is never noted as empty.
    pub(super) fn resize_level(&mut self, level: usize, fewer: usize, more: usize) -> Result<(), CatalogError> {
        let mut sizes = self.level_sizes()?;
        sizes[level] = (sizes[level] + more).saturating_sub(fewer).max(1);
        self.levels = Some(sizes);
        Ok(())
    }
}

/// Sorts as the index is sorted. An entry that was staged twice counts as it was last.
fn sort_staged(staged: &mut Vec<Staged>) {
    staged.sort_by_key(|item| item.posting.order());
    staged.dedup_by(|later, earlier| {
        let same = later.posting.order() == earlier.posting.order();
        if same {
            *earlier = *later;
        }
        same
    });
}

/// The first of what is staged: all of each key.
fn whole_keys(staged: &[Staged]) -> &[Staged] {
    let Some(last) = staged.get(SLICE_MOST - 1) else { return staged };
    &staged[..staged.partition_point(|item| item.posting.key <= last.posting.key)]
}
