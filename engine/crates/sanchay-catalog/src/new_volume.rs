//! A file system that the catalog has not seen yet gets an id.

use rusqlite::params;
use sanchay_core::{FileSystem, VolumeId};

use crate::catalog::Catalog;
use crate::error::CatalogError;

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
            session.aside(|session| {
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
