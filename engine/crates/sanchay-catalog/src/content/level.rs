//! The levels of the content index. What is new lies above what is old, and goes down once the level below is not much
//! larger: a small change is written into little, and a large one into what it is worth.
//!
//! A key is looked for in every level. Of two postings of one entry and key the upper one counts; one that is [`GONE`]
//! says that the entry has this content no longer.

use std::ops::ControlFlow;

use rusqlite::{params, Connection, OptionalExtension};

use super::posting::{ChunkView, Posting, GONE};
use crate::error::CatalogError;

/// Levels; 0 is the lowest, which holds nearly everything.
pub(crate) const LEVELS: usize = 5;
/// Where single changes go.
pub(super) const TOP: usize = LEVELS - 1;

/// The last chunk of a level that begins at a key or before it.
const CHUNK_BEFORE: &str = "SELECT postings FROM content_chunk WHERE level = ?1 AND low_key <= ?2
     ORDER BY low_key DESC, low_entry DESC";
/// The chunks of a level that may hold keys of a range: the one before the first may end in them.
const CHUNKS_BETWEEN: &str =
    "SELECT postings FROM content_chunk WHERE level = ?1 AND low_key <= ?3 AND low_key >= coalesce(
         (SELECT max(low_key) FROM content_chunk WHERE level = ?1 AND low_key < ?2), ?2)
     ORDER BY low_key, low_entry";

/// Lays `newer` over `older`; both are sorted.
pub(super) fn overlay(older: &[Posting], newer: &[Posting]) -> Vec<Posting> {
    let mut both = Vec::with_capacity(older.len() + newer.len());
    let mut older = older.iter().peekable();
    for posting in newer {
        while let Some(earlier) = older.next_if(|earlier| earlier.order() < posting.order()) {
            both.push(*earlier);
        }
        older.next_if(|earlier| earlier.order() == posting.order());
        both.push(*posting);
    }
    both.extend(older.copied());
    both
}

/// Takes out what is gone.
pub(super) fn without_gone(mut postings: Vec<Posting>) -> Vec<Posting> {
    postings.retain(|posting| posting.flags & GONE == 0);
    postings
}

/// Every posting of a key, by entry.
pub(crate) fn postings_of(connection: &Connection, key: i64) -> Result<Vec<Posting>, CatalogError> {
    let mut run = Vec::new();
    // From the top, for postings move down while they are looked for: one is met twice rather than never.
    for level in (0..LEVELS).rev() {
        let older = run_in(connection, level, key)?;
        if !older.is_empty() {
            run = overlay(&older, &run);
        }
    }
    Ok(without_gone(run))
}

/// The postings of a key in one level, which may lie in several chunks.
fn run_in(connection: &Connection, level: usize, key: i64) -> Result<Vec<Posting>, CatalogError> {
    let mut statement = connection.prepare_cached(CHUNK_BEFORE)?;
    let mut rows = statement.query(params![level as i64, key])?;
    let mut run: Vec<Posting> = Vec::new();
    while let Some(row) = rows.next()? {
        let chunk = ChunkView::parse(row.get_ref(0)?.as_blob().map_err(|_| CatalogError::corrupt_block())?)?;
        run.splice(0..0, chunk.run(key).map(|at| chunk.get(at)));
        if chunk.is_empty() || chunk.key(0) < key {
            break;
        }
    }
    Ok(run)
}

/// Looks keys up that ascend: what was read of a level is kept for the next one. What is put into the index between two
/// of them is of keys that were looked up.
#[derive(Debug, Default)]
pub(super) struct Probe {
    kept: [Kept; LEVELS],
}

/// A chunk of a level; none, where the keys that were looked for come before the first.
#[derive(Debug, Default)]
struct Kept {
    chunk: Vec<u8>,
    /// Where the next chunk begins, once a key was looked for behind the last one of this.
    next: Option<Next>,
}

#[derive(Clone, Copy, Debug)]
enum Next {
    At(i64),
    Never,
}

impl Kept {
    /// The postings of a key, where they are known to be in this chunk and in no other, or nowhere.
    fn run(&self, key: i64) -> Result<Option<Vec<Posting>>, CatalogError> {
        let is_before_next = match self.next {
            Some(Next::At(next)) => key < next,
            Some(Next::Never) => true,
            None => false,
        };
        if self.chunk.is_empty() {
            return Ok(is_before_next.then(Vec::new));
        }
        let chunk = ChunkView::parse(&self.chunk)?;
        let is_behind_first = !chunk.is_empty() && chunk.key(0) < key;
        let is_known = is_behind_first && (is_before_next || key < chunk.key(chunk.len() - 1));
        Ok(is_known.then(|| chunk.run(key).map(|at| chunk.get(at)).collect()))
    }
}

impl Probe {
    /// Every posting of a key, by entry. `sizes`: levels without any are not asked.
    pub(super) fn postings_of(
        &mut self,
        connection: &Connection,
        sizes: &[usize; LEVELS],
        key: i64,
    ) -> Result<Vec<Posting>, CatalogError> {
        let mut run = Vec::new();
        for level in (0..LEVELS).filter(|&level| sizes[level] > 0) {
            let newer = self.run_in(connection, level, key)?;
            if !newer.is_empty() {
                run = overlay(&run, &newer);
            }
        }
        Ok(without_gone(run))
    }

    fn run_in(&mut self, connection: &Connection, level: usize, key: i64) -> Result<Vec<Posting>, CatalogError> {
        let kept = &mut self.kept[level];
        if let Some(run) = kept.run(key)? {
            return Ok(run);
        }
        *kept = Kept { chunk: std::mem::take(&mut kept.chunk), next: None };
        kept.chunk.clear();
        let mut statement = connection.prepare_cached(CHUNK_BEFORE)?;
        let mut rows = statement.query(params![level as i64, key])?;
        if let Some(row) = rows.next()? {
            let blob = row.get_ref(0)?.as_blob().map_err(|_| CatalogError::corrupt_block())?;
            kept.chunk.extend_from_slice(blob);
        }
        drop(rows);
        if let Some(run) = kept.run(key)? {
            return Ok(run);
        }
        let mut behind = connection.prepare_cached(
            "SELECT low_key FROM content_chunk WHERE level = ?1 AND low_key > ?2 ORDER BY low_key LIMIT 1",
        )?;
        let next: Option<i64> = behind.query_row(params![level as i64, key], |row| row.get(0)).optional()?;
        kept.next = Some(next.map_or(Next::Never, Next::At));
        match kept.run(key)? {
            Some(run) => Ok(run),
            // It is the first of its chunk, and may begin in the one before.
            None => run_in(connection, level, key),
        }
    }
}

/// Postings that follow one another in the index.
pub(crate) enum Piece<'a> {
    /// As they lie in a chunk.
    Chunk(&'a ChunkView<'a>),
    /// Of several levels.
    Merged(Vec<Posting>),
}

impl Piece<'_> {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Chunk(chunk) => chunk.len(),
            Self::Merged(postings) => postings.len(),
        }
    }

    /// The key at `index`.
    #[inline]
    pub(crate) fn key(&self, index: usize) -> i64 {
        match self {
            Self::Chunk(chunk) => chunk.key(index),
            Self::Merged(postings) => postings[index].key,
        }
    }

    /// The posting at `index`.
    #[inline]
    pub(crate) fn get(&self, index: usize) -> Posting {
        match self {
            Self::Chunk(chunk) => chunk.get(index),
            Self::Merged(postings) => postings[index],
        }
    }
}

/// Calls `visit` with the index from key `low` to key `high`, in order. The first and the last piece may hold keys
/// beside the range, which are to be passed over.
pub(crate) fn for_each_piece(
    connection: &Connection,
    low: i64,
    high: i64,
    visit: &mut dyn FnMut(&Piece<'_>) -> Result<ControlFlow<()>, CatalogError>,
) -> Result<(), CatalogError> {
    let above = above_lowest(connection, low, high)?;
    let mut above = above.as_slice();
    let mut statement = connection.prepare_cached(CHUNKS_BETWEEN)?;
    let mut rows = statement.query(params![0, low, high])?;
    while let Some(row) = rows.next()? {
        let chunk = ChunkView::parse(row.get_ref(0)?.as_blob().map_err(|_| CatalogError::corrupt_block())?)?;
        if chunk.is_empty() {
            continue;
        }
        let before = above.partition_point(|posting| posting.order() < chunk.get(0).order());
        if before > 0 && visit(&Piece::Merged(without_gone(above[..before].to_vec())))?.is_break() {
            return Ok(());
        }
        above = &above[before..];
        let within = above.partition_point(|posting| posting.order() <= chunk.get(chunk.len() - 1).order());
        let piece = if within == 0 {
            Piece::Chunk(&chunk)
        } else {
            let stored: Vec<Posting> = chunk.iter().collect();
            Piece::Merged(without_gone(overlay(&stored, &above[..within])))
        };
        above = &above[within..];
        if visit(&piece)?.is_break() {
            return Ok(());
        }
    }
    if !above.is_empty() {
        // Nothing comes after it.
        let _ = visit(&Piece::Merged(without_gone(above.to_vec())))?;
    }
    Ok(())
}

/// What the levels above the lowest hold of a range, and that entries are gone from it.
fn above_lowest(connection: &Connection, low: i64, high: i64) -> Result<Vec<Posting>, CatalogError> {
    let mut above = Vec::new();
    for level in (1..LEVELS).rev() {
        let mut statement = connection.prepare_cached(CHUNKS_BETWEEN)?;
        let mut rows = statement.query(params![level as i64, low, high])?;
        let mut older = Vec::new();
        while let Some(row) = rows.next()? {
            let chunk = ChunkView::parse(row.get_ref(0)?.as_blob().map_err(|_| CatalogError::corrupt_block())?)?;
            older.extend(chunk.iter().filter(|posting| (low..=high).contains(&posting.key)));
        }
        if !older.is_empty() {
            above = overlay(&older, &above);
        }
    }
    Ok(above)
}

/// A key at which a part of the index ends that begins with `from` and takes `chunks` of a level at most; None: the rest
/// is no more.
pub(crate) fn end_of_part(connection: &Connection, from: i64, chunks: i64) -> Result<Option<i64>, CatalogError> {
    let mut statement = connection.prepare_cached(
        "SELECT max(low_key) FROM (SELECT low_key FROM content_chunk WHERE level = ?1 AND low_key > ?2
                                   ORDER BY low_key LIMIT ?3)",
    )?;
    let mut end: Option<i64> = None;
    for level in 0..LEVELS {
        let of_level: Option<i64> = statement.query_row(params![level as i64, from, chunks], |row| row.get(0))?;
        end = end.min(of_level).or(end).or(of_level);
    }
    Ok(end)
}
