//! The file systems that the catalog has seen, by their identity.

use rusqlite::{params, Connection, OptionalExtension};
use sanchay_core::{FileSystem, Shows, VolumeId};

use crate::catalog::Catalog;
use crate::error::CatalogError;
use crate::reader::Reader;

impl Catalog {
    /// The catalog's id of a volume, a new one where it has none yet. `apart`: it is told from another with its own id.
    pub fn volume_id(&self, identity: VolumeId, system: &FileSystem, apart: bool) -> Result<i64, CatalogError> {
        // Nearly always it is known, and a question does not wait for the writer.
        if let Some(id) = self.reader()?.volume(identity)? {
            return Ok(id);
        }
        let identity = identity.to_bytes();
        let (reflink, shows, fleeting) = (system.reflink, system.shows.to_number(), system.fleeting_inodes);
        self.writer().run(move |session| {
            session.transaction(|session| {
                session.connection.execute(
                    "INSERT OR IGNORE INTO volume (identity, reflink, shows, apart, fleeting) VALUES (?1, ?2, ?3, ?4, ?5)",
                    params![identity, reflink, shows, apart, fleeting],
                )?;
                session.any_shown = None;
                let mut statement = session.connection.prepare_cached("SELECT id FROM volume WHERE identity = ?1")?;
                Ok(statement.query_row([identity], |row| row.get(0))?)
            })
        })
    }
}

impl Reader {
    /// The catalog's id of a volume, by its identity.
    pub fn volume(&self, identity: VolumeId) -> Result<Option<i64>, CatalogError> {
        let mut statement = self.connection.prepare_cached("SELECT id FROM volume WHERE identity = ?1")?;
        Ok(statement.query_row(params![identity.to_bytes()], |row| row.get(0)).optional()?)
    }

    /// Whether some volume was ever told from another with its own id.
    pub fn any_volume_apart(&self) -> Result<bool, CatalogError> {
        let mut statement = self.connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM volume WHERE apart)")?;
        Ok(statement.query_row([], |row| row.get(0))?)
    }
}

/// Whether some volume shows another's files, so that copies may be one file.
pub(crate) fn any_shown(connection: &Connection) -> Result<bool, CatalogError> {
    let mut statement = connection.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM volume WHERE shows <> 0) AND (SELECT count(*) FROM volume) > 1",
    )?;
    Ok(statement.query_row([], |row| row.get(0))?)
}

/// Whose files a volume shows.
pub(crate) fn shows_of(connection: &Connection, volume: i64) -> Result<Shows, CatalogError> {
    let mut statement = connection.prepare_cached("SELECT shows FROM volume WHERE id = ?1")?;
    Ok(Shows::from_number(statement.query_row([volume], |row| row.get(0)).optional()?.unwrap_or(0)))
}
