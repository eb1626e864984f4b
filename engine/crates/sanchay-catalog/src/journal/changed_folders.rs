//! When the folders of a run were changed: an undo gives them their own time back.

use rusqlite::{params, OptionalExtension, Transaction};

use super::error::JournalError;
use super::open::Journal;

/// A folder that files went from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedFolder {
    /// The root's path.
    pub root: Vec<u8>,
    /// The folder's path below it.
    pub path: Vec<u8>,
    /// Its last change before the run, in nanoseconds since 1970.
    pub before_ns: i64,
    /// Its last change by the run.
    pub left_ns: i64,
}

impl Journal {
    /// When a folder was changed last before a run, and by it, in nanoseconds since 1970.
    pub fn changed_folder(&self, run: i64, root: &[u8], path: &[u8]) -> Result<Option<(i64, i64)>, JournalError> {
        let connection = self.connection();
        let sql = "SELECT before_ns, left_ns FROM run_folder WHERE run = ?1 AND root = ?2 AND path = ?3";
        let mut statement = connection.prepare_cached(sql)?;
        let found = statement.query_row(params![run, root, path], |row| Ok((row.get(0)?, row.get(1)?)));
        Ok(found.optional()?)
    }
}

/// The first time that is noted of a folder is from before the run.
pub(super) fn note_folders(
    transaction: &Transaction<'_>,
    run: i64,
    folders: &[ChangedFolder],
) -> Result<(), JournalError> {
    let sql = "INSERT INTO run_folder VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET left_ns = excluded.left_ns";
    for ChangedFolder { root, path, before_ns, left_ns } in folders {
        transaction.prepare_cached(sql)?.execute(params![run, root, path, before_ns, left_ns])?;
    }
    Ok(())
}
