//! What the catalog holds, and how large it is on the disk.

use super::usage_row::UsageRequest;
use crate::catalog::Catalog;
use crate::error::CatalogError;

/// Figures of the whole catalog.
#[derive(Clone, Debug, Default)]
pub struct CatalogStatus {
    /// Tells this catalog from every other one.
    pub id: i64,
    /// Regular files.
    pub files: u64,
    /// Directories.
    pub directories: u64,
    /// Apparent bytes.
    pub bytes: u64,
    /// The file and its WAL.
    pub db_bytes: u64,
    /// The WAL alone.
    pub wal_bytes: u64,
    /// The name index inside the file.
    pub name_index_bytes: u64,
    /// Roll-ups and directory totals inside the file.
    pub rollup_bytes: u64,
    /// Whether every name is in the name index.
    pub name_index_ready: bool,
}

/// Figures of one root.
#[derive(Clone, Debug, Default)]
pub struct RootStatus {
    /// Regular files.
    pub files: u64,
    /// Directories.
    pub directories: u64,
    /// Apparent bytes.
    pub bytes: u64,
}

impl Catalog {
    /// Figures of the whole catalog.
    pub fn status(&self) -> Result<CatalogStatus, CatalogError> {
        let reader = self.reader()?;
        reader.snapshot(|reader| {
            let (files, directories, bytes): (i64, i64, i64) = reader
                .connection
                .prepare_cached(
                    "SELECT coalesce(sum(u.files), 0), coalesce(sum(u.directories), 0), coalesce(sum(u.bytes), 0)
                     FROM directory d JOIN usage u ON u.directory = d.id WHERE d.parent = 0",
                )?
                .query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
            let size = |path: &std::path::Path| path.metadata().map_or(0, |metadata| metadata.len());
            let [database, wal, _] = self.files();
            let wal_bytes = size(&wal);
            Ok(CatalogStatus {
                id: reader.meta("catalog_id")?,
                files: files as u64,
                directories: directories as u64,
                bytes: bytes as u64,
                db_bytes: size(&database) + wal_bytes,
                wal_bytes,
                name_index_bytes: reader.meta("name_index_bytes")? as u64,
                rollup_bytes: reader.rollup_bytes()?,
                name_index_ready: self.name_index_ready(),
            })
        })
    }

    /// Figures of the root at `path`; zeros before its first scan.
    pub fn root_figures(&self, path: &[u8]) -> Result<RootStatus, CatalogError> {
        match self.usage_rows(&UsageRequest { path: Some(path), limit: 1, ..UsageRequest::default() }) {
            Ok(rows) => Ok(rows.first().map_or_else(RootStatus::default, |row| RootStatus {
                files: row.files,
                directories: row.directories,
                bytes: row.bytes,
            })),
            Err(CatalogError::UnknownPath(_)) => Ok(RootStatus::default()),
            Err(error) => Err(error),
        }
    }
}

impl crate::reader::Reader {
    /// An estimate from row counts: a row of these tables takes about 40 bytes.
    fn rollup_bytes(&self) -> Result<u64, CatalogError> {
        let sql = "SELECT (SELECT count(*) FROM rollup) + (SELECT max(rowid) FROM usage)";
        let rows = self.connection.prepare_cached(sql)?.query_row([], |row| row.get::<_, Option<i64>>(0))?;
        Ok(rows.unwrap_or(0) as u64 * 40)
    }
}
