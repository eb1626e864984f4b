//! The name index: folded names of regular files, for substring search by trigrams.
//!
//! It is built behind the scans, block by block in id order up to a watermark; a change of a block below the watermark is
//! told to it in the same transaction. What lies above is searched block by block, so that answers are never short.

use std::sync::atomic::Ordering;

use rusqlite::params;

use crate::block::EntryId;
use crate::catalog::Catalog;
use crate::error::CatalogError;
use crate::expression::fold;
use crate::reader::Reader;
use crate::writer::Session;

/// Names indexed in one transaction: large enough for few segments, short enough that other writers wait little.
const SLICE_NAMES: i64 = 200_000;
/// Names that a build must add for the index's bytes to be counted again.
const COUNTED_NAMES: i64 = 10_000;
/// Up to so many blocks, counting costs next to nothing.
const COUNTED_BLOCKS: i64 = 500;

impl Catalog {
    /// Indexes up to `limit` (a block id) in slices, while `go_on` says so. Other writes run between the slices.
    pub fn build_name_index(&self, limit: i64, go_on: &dyn Fn() -> bool) -> Result<(), CatalogError> {
        while go_on() && self.shared().name_index_watermark.load(Ordering::Relaxed) < limit {
            if self.writer().run(move |session| session.index_names(limit))? {
                break;
            }
        }
        Ok(())
    }

    /// The last block id in use now: a limit for [`Catalog::build_name_index`] when no scan is writing.
    pub fn last_block(&self) -> i64 {
        self.shared().next_block.load(Ordering::Relaxed) - 1
    }

    /// Whether every block is in the name index.
    pub fn name_index_ready(&self) -> bool {
        self.shared().name_index_watermark.load(Ordering::Relaxed) >= self.last_block()
    }
}

impl Session {
    /// Indexes one slice; true when `limit` is reached.
    fn index_names(&mut self, limit: i64) -> Result<bool, CatalogError> {
        let watermark = self.aside(|session| {
            let from = session.meta("name_index_watermark")?;
            session
                .connection
                .execute("INSERT INTO name_index (name_index, rank) VALUES ('hashsize', 33554432)", [])?;
            let (mut names, mut reached) = (0, limit);
            {
                let mut blocks = session
                    .connection
                    .prepare_cached("SELECT id, files FROM block WHERE id > ?1 AND id <= ?2 ORDER BY id")?;
                let mut insert =
                    session.connection.prepare_cached("INSERT INTO name_index (rowid, name) VALUES (?1, ?2)")?;
                let mut rows = blocks.query([from, limit])?;
                while let Some(row) = rows.next()? {
                    let block: i64 = row.get(0)?;
                    let mut failure = None;
                    session.with_block(block, |view| {
                        view.for_each(|slot, item| {
                            if item.entry.is_file() && failure.is_none() {
                                let id = EntryId::new(block, slot).0 as i64;
                                failure = insert.execute(params![id, fold(item.name)]).err();
                            }
                        })
                    })?;
                    if let Some(error) = failure {
                        return Err(error.into());
                    }
                    names += row.get::<_, i64>(1)?;
                    if names >= SLICE_NAMES {
                        reached = block;
                        break;
                    }
                }
            }
            session.set_meta("name_index_watermark", reached)?;
            // Counting reads the whole index: not for the few names that a change of one folder brings.
            if reached >= limit && (names >= COUNTED_NAMES || limit < COUNTED_BLOCKS) {
                let sql = "SELECT coalesce(sum(length(block)), 0) FROM name_index_data";
                let bytes = session.connection.query_row(sql, [], |row| row.get(0))?;
                session.set_meta("name_index_bytes", bytes)?;
            }
            Ok(reached)
        })?;
        self.shared.name_index_watermark.store(watermark, Ordering::Relaxed);
        Ok(watermark >= limit)
    }
}

/// Removals of more than this part of all files let the index go.
const LARGE_PART: i64 = 4;

impl Session {
    /// Lets the index go where `files` of the catalog's are about to be removed and that is a large part: taking names
    /// out one by one takes longer than indexing the others again, which happens behind the scans as ever.
    pub(crate) fn drop_name_index_before(&mut self, files: i64) -> Result<(), CatalogError> {
        let all: i64 = self.connection.query_row(
            "SELECT coalesce(sum(u.files), 0) FROM directory d JOIN usage u ON u.directory = d.id WHERE d.parent = 0",
            [],
            |row| row.get(0),
        )?;
        if files <= all / LARGE_PART || self.meta("name_index_watermark")? == 0 {
            return Ok(());
        }
        self.aside(|session| {
            session.connection.execute("INSERT INTO name_index (name_index) VALUES ('delete-all')", [])?;
            session.set_meta("name_index_watermark", 0)?;
            session.set_meta("name_index_bytes", 0)
        })?;
        self.shared.name_index_watermark.store(0, Ordering::Relaxed);
        Ok(())
    }
}

/// The shortest text that trigrams can find, in characters.
pub(crate) const SHORTEST_TERM: usize = 3;

impl Reader {
    /// Calls `visit` with each indexed entry from `first` to `last` whose folded name contains `text` (three characters
    /// or more), by id, until it gives false.
    pub(crate) fn names_containing(
        &self,
        text: &str,
        first: u64,
        last: u64,
        visit: &mut dyn FnMut(EntryId) -> Result<bool, CatalogError>,
    ) -> Result<(), CatalogError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT rowid FROM name_index WHERE name_index MATCH ?1 AND rowid BETWEEN ?2 AND ?3 ORDER BY rowid",
        )?;
        let phrase = format!("\"{}\"", text.replace('"', "\"\""));
        let mut rows = statement.query(params![phrase, first as i64, last as i64])?;
        while let Some(row) = rows.next()? {
            if !visit(EntryId(row.get::<_, i64>(0)? as u64))? {
                break;
            }
        }
        Ok(())
    }
}
