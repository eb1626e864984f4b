//! First and last blocks of large files: with unequal edges two files of one size need not be read whole, at this scan or
//! at any later one.

use std::collections::HashMap;

use rusqlite::params;

use crate::block::EntryId;
use crate::catalog::Catalog;
use crate::error::CatalogError;
use crate::writer::Session;

/// The edges of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileEdges {
    /// Whose.
    pub entry: EntryId,
    /// The digest of the entry's witness as it was when they were read.
    pub witness: i64,
    /// A digest of both blocks.
    pub edges: i64,
}

impl Catalog {
    /// The known edges of entries in blocks `from..to` (`None`: to the end).
    pub fn known_edges(&self, from: i64, to: Option<i64>) -> Result<HashMap<EntryId, FileEdges>, CatalogError> {
        let first = EntryId::new(from, 0).0 as i64;
        let end = to.map_or(i64::MAX, |to| EntryId::new(to, 0).0 as i64);
        let reader = self.reader()?;
        let mut statement = reader
            .connection
            .prepare_cached("SELECT entry, witness, edges FROM edges WHERE entry >= ?1 AND entry < ?2")?;
        let rows = statement.query_map([first, end], |row| {
            Ok(FileEdges { entry: EntryId(row.get::<_, i64>(0)? as u64), witness: row.get(1)?, edges: row.get(2)? })
        })?;
        rows.map(|row| row.map(|edges| (edges.entry, edges)).map_err(CatalogError::from)).collect()
    }
}

impl Session {
    /// Keeps edges, in one transaction.
    pub fn put_edges(&mut self, found: &[FileEdges]) -> Result<(), CatalogError> {
        self.aside(|session| {
            for item in found {
                session
                    .connection
                    .prepare_cached(
                        "INSERT OR REPLACE INTO edges (entry, witness, edges)
                         SELECT ?1, ?2, ?3 WHERE EXISTS (SELECT 1 FROM block WHERE id = ?1 >> 8)",
                    )?
                    .execute(params![item.entry.0 as i64, item.witness, item.edges])?;
            }
            Ok(())
        })
    }
}
