//! The file systems that the catalog has seen, by their identity.

use rusqlite::{params, Connection, OptionalExtension};
use sanchay_core::{Shows, VolumeId};

use crate::error::CatalogError;
use crate::reader::Reader;

impl Reader {
    /// The catalog's id of a volume, by its identity.
    pub fn volume(&self, identity: VolumeId) -> Result<Option<i64>, CatalogError> {
        let mut statement = self.connection.prepare_cached("SELECT id FROM volume WHERE identity = ?1")?;
        Ok(statement.query_row(params![identity.to_bytes()], |row| row.get(0)).optional()?)
    }

    /// The identity of a volume by the catalog's id of it, and whether its inodes outlive a mount.
    pub fn volume_identity(&self, id: i64) -> Result<Option<(VolumeId, bool)>, CatalogError> {
        let mut statement = self.connection.prepare_cached("SELECT identity, fleeting FROM volume WHERE id = ?1")?;
        let read = |row: &rusqlite::Row<'_>| Ok((VolumeId::from_bytes(row.get(0)?), !row.get::<_, bool>(1)?));
        Ok(statement.query_row([id], read).optional()?)
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
