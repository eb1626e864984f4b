//! Groups whose extents are still to be asked for, with the files to ask.

use super::pending::PendingFile;
use super::tree::PathResolver;
use crate::block::EntryId;
use crate::catalog::Catalog;
use crate::content::MAY_SHARE_EXTENTS;
use crate::error::CatalogError;
use crate::reader::Reader;
use crate::writer::sharing_of;

/// A stretch of the groups that are due.
#[derive(Clone, Debug, Default)]
pub struct DueExtents {
    /// Their content keys, ascending.
    pub keys: Vec<i64>,
    /// Their files on volumes that know reflinks, each with its key.
    pub files: Vec<(i64, PendingFile)>,
}

/// Keys and files of one stretch, give or take the last group.
const KEYS_AT_ONCE: usize = 2000;
const FILES_AT_ONCE: usize = 8000;

impl Catalog {
    /// Groups that are due, with keys above `after`; empty at the end.
    pub fn due_extents(&self, after: Option<i64>) -> Result<DueExtents, CatalogError> {
        let reader = self.reader()?;
        reader.snapshot(|reader| {
            let mut due = DueExtents::default();
            let mut paths = PathResolver::new(reader);
            let mut statement = reader
                .connection
                .prepare_cached("SELECT key FROM extents_due WHERE ?1 IS NULL OR key > ?1 ORDER BY key LIMIT ?2")?;
            let mut rows = statement.query((after, KEYS_AT_ONCE as i64))?;
            while let Some(row) = rows.next()? {
                if due.files.len() >= FILES_AT_ONCE {
                    break;
                }
                let key = row.get(0)?;
                due.keys.push(key);
                for posting in reader.run_of(key)?.iter().filter(|posting| posting.flags & MAY_SHARE_EXTENTS != 0) {
                    let found =
                        reader.entry(posting.entry, |item, directory| (item.entry, item.name.to_vec(), directory))?;
                    if let Some((entry, name, directory)) = found {
                        let Some(folder) = paths.directory(directory)? else { continue };
                        let id: EntryId = posting.entry;
                        due.files.push((key, PendingFile { id, folder, name, entry }));
                    }
                }
            }
            Ok(due)
        })
    }
}

impl Reader {
    /// What an entry shares with other files, in bytes, as far as it was asked.
    pub fn shared_bytes(&self, entry: EntryId) -> Result<u64, CatalogError> {
        Ok(sharing_of(&self.connection, entry)?.map_or(0, |sharing| sharing.shared_bytes))
    }
}
