//! First and last blocks of large files: with unequal edges two files of one size need not be read whole, at this scan or
//! at any later one.

use std::collections::HashMap;

use rusqlite::params;
use sanchay_core::content_hash::hash_bytes;
use sanchay_core::Algorithm;

use crate::block::{Entry, EntryId};
use crate::catalog::Catalog;
use crate::error::CatalogError;
use crate::writer::Session;

/// The edges of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileEdges {
    /// Whose.
    pub entry: EntryId,
    /// Of the entry as it was when they were read: see [`edge_witness`].
    pub witness: i64,
    /// A digest of both blocks.
    pub edges: i64,
}

/// A digest of all that would change if the file did.
pub fn edge_witness(entry: &Entry) -> i64 {
    let stamps = [entry.size_bytes as i64, entry.mtime_ns, entry.ctime_ns, entry.inode as i64];
    let bytes: Vec<u8> = stamps.iter().flat_map(|stamp| stamp.to_le_bytes()).collect();
    let mut head = [0; 8];
    head.copy_from_slice(&hash_bytes(Algorithm::Blake3, &bytes).as_bytes()[..8]);
    i64::from_le_bytes(head)
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
        self.transaction(|session| {
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
