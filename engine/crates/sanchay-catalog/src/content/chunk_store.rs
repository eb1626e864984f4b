//! Writing postings over the chunks of one level.

use rusqlite::{params, OptionalExtension, Row};

use super::level::{overlay, without_gone};
use super::posting::{encode_chunk, ChunkView, Posting, CHUNK_BYTES, CHUNK_MOST};
use crate::error::CatalogError;
use crate::writer::Session;

/// Adjacent chunks that are written as one, so that they are filled.
const TOGETHER_MOST: usize = 16;

/// A chunk as it is stored.
struct StoredChunk {
    id: i64,
    low: (i64, u64),
    postings: Vec<Posting>,
}

impl StoredChunk {
    fn from_row(row: &Row<'_>) -> Result<Self, CatalogError> {
        let low = (row.get(1)?, row.get::<_, i64>(2)? as u64);
        let blob = row.get_ref(3)?.as_blob().map_err(|_| CatalogError::corrupt_block())?;
        Ok(Self { id: row.get(0)?, low, postings: ChunkView::parse(blob)?.iter().collect() })
    }
}

impl Session {
    /// Lays sorted postings over a level, above which there is nothing of theirs; gives how many were written.
    pub(super) fn put(&mut self, level: usize, changes: &[Posting]) -> Result<usize, CatalogError> {
        let is_lowest = self.level_sizes()?[..level].iter().all(|&size| size == 0);
        let (mut at, mut written) = (0, 0);
        while at < changes.len() {
            let (chunks, taken) = self.chunks_of_next(level, &changes[at..])?;
            let stored: Vec<Posting> = chunks.iter().flat_map(|chunk| chunk.postings.iter().copied()).collect();
            let mut merged = overlay(&stored, &changes[at..at + taken]);
            if is_lowest {
                merged = without_gone(merged);
            }
            self.write_chunks(level, &chunks, &merged)?;
            self.resize_level(level, stored.len(), merged.len())?;
            at += taken;
            written += merged.len();
        }
        Ok(written)
    }

    /// The chunk that the first of `changes` belongs to, and those behind it that have changes too; and how many belong to
    /// them.
    fn chunks_of_next(&self, level: usize, changes: &[Posting]) -> Result<(Vec<StoredChunk>, usize), CatalogError> {
        let first = changes[0].order();
        let mut chunks: Vec<StoredChunk> = self.chunk_at(level, first)?.into_iter().collect();
        loop {
            let inside = |chunk: &StoredChunk| chunk.postings.last().map(Posting::order);
            if chunks.last().and_then(inside) >= changes.last().map(Posting::order) {
                return Ok((chunks, changes.len()));
            }
            let from = chunks.last().map_or(first, |chunk| chunk.low);
            let Some(next) = self.chunk_behind(level, from)? else { return Ok((chunks, changes.len())) };
            let taken = changes.partition_point(|posting| posting.order() < next.low);
            let goes_on = changes.get(taken).is_some_and(|change| Some(change.order()) <= inside(&next));
            if !goes_on || chunks.len() >= TOGETHER_MOST {
                return Ok((chunks, taken));
            }
            chunks.push(next);
        }
    }

    /// The chunk that a posting of this order is in, or would be put into.
    fn chunk_at(&self, level: usize, order: (i64, u64)) -> Result<Option<StoredChunk>, CatalogError> {
        self.chunk(
            "SELECT id, low_key, low_entry, postings FROM content_chunk
             WHERE level = ?1 AND (low_key, low_entry) <= (?2, ?3) ORDER BY low_key DESC, low_entry DESC LIMIT 1",
            level,
            order,
        )
    }

    fn chunk_behind(&self, level: usize, order: (i64, u64)) -> Result<Option<StoredChunk>, CatalogError> {
        self.chunk(
            "SELECT id, low_key, low_entry, postings FROM content_chunk
             WHERE level = ?1 AND (low_key, low_entry) > (?2, ?3) ORDER BY low_key, low_entry LIMIT 1",
            level,
            order,
        )
    }

    fn chunk(&self, sql: &str, level: usize, order: (i64, u64)) -> Result<Option<StoredChunk>, CatalogError> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let found = statement
            .query_row(params![level as i64, order.0, order.1 as i64], |row| Ok(StoredChunk::from_row(row)))
            .optional()?;
        found.transpose()
    }

    pub(super) fn forget_chunk(&self, id: i64) -> Result<(), CatalogError> {
        self.connection.prepare_cached("DELETE FROM content_chunk WHERE id = ?1")?.execute([id])?;
        Ok(())
    }

    /// Writes postings in the place of `chunks`, in as many as they need; none are left of nothing.
    fn write_chunks(&self, level: usize, chunks: &[StoredChunk], postings: &[Posting]) -> Result<(), CatalogError> {
        if let ([chunk], Some(first)) = (chunks, postings.first()) {
            if postings.len() <= CHUNK_MOST {
                let encoded = encode_chunk(postings);
                if encoded.len() <= CHUNK_BYTES {
                    return self.write_over(chunk, first.order(), &encoded);
                }
            }
        }
        for chunk in chunks {
            self.forget_chunk(chunk.id)?;
        }
        if postings.is_empty() {
            return Ok(());
        }
        let pieces = postings.len().div_ceil(postings_in_chunk(postings));
        for piece in postings.chunks(postings.len().div_ceil(pieces)) {
            let (key, entry) = piece[0].order();
            self.connection
                .prepare_cached(
                    "INSERT INTO content_chunk (level, low_key, low_entry, postings) VALUES (?1, ?2, ?3, ?4)",
                )?
                .execute(params![level as i64, key, entry as i64, encode_chunk(piece)])?;
        }
        Ok(())
    }

    fn write_over(&self, chunk: &StoredChunk, low: (i64, u64), encoded: &[u8]) -> Result<(), CatalogError> {
        if chunk.low == low {
            // SQLite would write the index again for the same bounds, too.
            self.connection
                .prepare_cached("UPDATE content_chunk SET postings = ?2 WHERE id = ?1")?
                .execute(params![chunk.id, encoded])?;
        } else {
            self.connection
                .prepare_cached("UPDATE content_chunk SET low_key = ?2, low_entry = ?3, postings = ?4 WHERE id = ?1")?
                .execute(params![chunk.id, low.0, low.1 as i64, encoded])?;
        }
        Ok(())
    }
}

/// How many of these fill a chunk.
fn postings_in_chunk(postings: &[Posting]) -> usize {
    let some = &postings[..postings.len().min(CHUNK_MOST)];
    (some.len() * CHUNK_BYTES / encode_chunk(some).len()).clamp(1, CHUNK_MOST)
}
