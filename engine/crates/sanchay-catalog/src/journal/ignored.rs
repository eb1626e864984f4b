//! Copies that are wanted: their group stays out of plans and answers until a copy appears where none was.

use rusqlite::params;
use sanchay_core::{Algorithm, ContentHash};

use super::error::JournalError;
use super::open::Journal;
use super::plan_copies::{algorithm_number, algorithm_of};
use crate::queries::IgnoredCopies;

/// A group whose copies are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IgnoredGroup {
    /// The size of each copy, in bytes.
    pub size_bytes: u64,
    /// How it was hashed.
    pub algorithm: Algorithm,
    /// The content's hash.
    pub hash: ContentHash,
    /// Since when, in nanoseconds since 1970.
    pub since_ns: i64,
    /// The paths that it had then.
    pub paths: Vec<Vec<u8>>,
}

impl Journal {
    /// The copies at these paths are wanted from now on.
    pub fn ignore(&self, group: &IgnoredGroup) -> Result<(), JournalError> {
        let mut connection = self.connection();
        let transaction = connection.transaction()?;
        for path in &group.paths {
            let sql = "INSERT INTO ignored_path VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING";
            let (size, algorithm) = (group.size_bytes as i64, algorithm_number(group.algorithm));
            transaction.execute(sql, params![size, algorithm, &group.hash.as_bytes()[..], path, group.since_ns])?;
        }
        Ok(transaction.commit()?)
    }

    /// They are no longer. Gives whether they were.
    pub fn unignore(&self, hash: &ContentHash) -> Result<bool, JournalError> {
        Ok(self.connection().execute("DELETE FROM ignored_path WHERE hash = ?1", [&hash.as_bytes()[..]])? > 0)
    }

    /// Every group whose copies are wanted, in the order of its size and hash.
    pub fn ignored(&self) -> Result<Vec<IgnoredGroup>, JournalError> {
        let connection = self.connection();
        let sql = "SELECT size_bytes, algorithm, hash, path, since_ns FROM ignored_path ORDER BY size_bytes, algorithm, hash, path";
        let mut statement = connection.prepare(sql)?;
        let mut rows = statement.query([])?;
        let mut groups: Vec<IgnoredGroup> = Vec::new();
        while let Some(row) = rows.next()? {
            let (size_bytes, algorithm) = (row.get::<_, i64>(0)? as u64, algorithm_of(row.get(1)?));
            let (hash, path, since_ns) = (ContentHash::from_bytes(row.get(2)?), row.get(3)?, row.get(4)?);
            match groups.last_mut() {
                Some(last) if (last.size_bytes, last.algorithm, last.hash) == (size_bytes, algorithm, hash) => {
                    last.paths.push(path);
                }
                _ => groups.push(IgnoredGroup { size_bytes, algorithm, hash, since_ns, paths: vec![path] }),
            }
        }
        Ok(groups)
    }

    /// The same, by content.
    pub fn ignored_copies(&self) -> Result<IgnoredCopies, JournalError> {
        let groups = self.ignored()?.into_iter();
        Ok(groups.map(|group| ((group.algorithm, group.hash), group.paths.into_iter().collect())).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wanted_copies_are_kept_by_their_paths() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(&folder.path().join("journal.db"), 1).unwrap().journal;
        let group = |byte| IgnoredGroup {
            size_bytes: 5,
            algorithm: Algorithm::Blake3,
            hash: ContentHash::from_bytes([byte; 32]),
            since_ns: 3,
            paths: vec![b"/a".to_vec(), b"/b".to_vec()],
        };
        for byte in [1, 2, 1] {
            journal.ignore(&group(byte)).unwrap();
        }
        assert_eq!(journal.ignored().unwrap(), [group(1), group(2)]);
        assert!(journal.unignore(&group(1).hash).unwrap());
        assert!(!journal.unignore(&group(1).hash).unwrap());
        assert_eq!(journal.ignored().unwrap(), [group(2)]);
    }
}
