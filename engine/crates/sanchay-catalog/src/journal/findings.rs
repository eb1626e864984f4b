//! Files whose content is not what it was.

use rusqlite::{params, OptionalExtension, Row};
use sanchay_core::{Algorithm, ContentHash};

use super::error::JournalError;
use super::open::Journal;
use super::plan_copies::{algorithm_number, algorithm_of};

/// How sure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FindingKind {
    /// The same stamps, other content, read twice.
    Damaged,
    /// Size and time of change as before, other content, and something touched the file since: taken as it is.
    Suspect,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FindingState {
    /// No one has looked at it yet.
    Open,
    /// Someone said that the content is right as it is.
    Accepted,
    /// A copy of a healthy twin took its place.
    Repaired,
}

/// One damaged or suspect file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Its number; 0 for one that is not kept yet.
    pub id: i64,
    /// How sure.
    pub kind: FindingKind,
    /// What became of it.
    pub state: FindingState,
    /// When, in nanoseconds since 1970.
    pub found_ns: i64,
    /// The file's whole path.
    pub path: Vec<u8>,
    /// Its size, in bytes.
    pub size_bytes: u64,
    /// How it was hashed.
    pub algorithm: Algorithm,
    /// The hash that it should have.
    pub hash: ContentHash,
    /// The hash that was found.
    pub found_hash: ContentHash,
    /// The run that repaired it.
    pub repaired_by: Option<i64>,
}

const FINDING: &str = "SELECT id, kind, state, found_ns, path, size_bytes, algorithm, hash, found_hash,
    (SELECT max(run.id) FROM run WHERE run.kind = 'repair' AND run.of = finding.id AND finding.state = 'repaired')
    FROM finding";

impl Journal {
    /// Keeps a finding; one that is open already, of the same file and content, is not kept twice. Gives its number.
    pub fn add_finding(&self, finding: &Finding) -> Result<i64, JournalError> {
        let mut connection = self.connection();
        let transaction = connection.transaction()?;
        let (hash, found) = (&finding.hash.as_bytes()[..], &finding.found_hash.as_bytes()[..]);
        let sql = "INSERT INTO finding (kind, state, found_ns, path, size_bytes, algorithm, hash, found_hash)
            SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8 WHERE NOT EXISTS
            (SELECT 1 FROM finding WHERE path = ?4 AND hash = ?7 AND found_hash = ?8 AND state = 'open')";
        let added = transaction.execute(
            sql,
            params![
                kind_word(finding.kind),
                state_word(finding.state),
                finding.found_ns,
                finding.path,
                finding.size_bytes as i64,
                algorithm_number(finding.algorithm),
                hash,
                found
            ],
        )?;
        let id = if added > 0 {
            transaction.last_insert_rowid()
        } else {
            let same = "SELECT id FROM finding WHERE path = ?1 AND hash = ?2 AND found_hash = ?3 AND state = 'open'";
            transaction.query_row(same, params![finding.path, hash, found], |row| row.get(0))?
        };
        transaction.commit()?;
        Ok(id)
    }

    /// What becomes of a finding.
    pub fn set_finding(&self, id: i64, state: FindingState) -> Result<(), JournalError> {
        let sql = "UPDATE finding SET state = ?2 WHERE id = ?1";
        match self.connection().execute(sql, params![id, state_word(state)])? {
            0 => Err(JournalError::Unknown(format!("finding {id}"))),
            _ => Ok(()),
        }
    }

    /// All findings, the newest first; only those that are open unless `with_closed`.
    pub fn findings(&self, with_closed: bool) -> Result<Vec<Finding>, JournalError> {
        let connection = self.connection();
        let sql = format!("{FINDING} WHERE ?1 OR state = 'open' ORDER BY id DESC");
        let mut statement = connection.prepare(&sql)?;
        let findings = statement.query_map([with_closed], read)?.collect::<Result<_, _>>()?;
        Ok(findings)
    }

    /// One finding; None where there is none with this number.
    pub fn finding(&self, id: i64) -> Result<Option<Finding>, JournalError> {
        Ok(self.connection().query_row(&format!("{FINDING} WHERE id = ?1"), [id], read).optional()?)
    }
}

const fn kind_word(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::Damaged => "damaged",
        FindingKind::Suspect => "suspect",
    }
}

const fn state_word(state: FindingState) -> &'static str {
    match state {
        FindingState::Open => "open",
        FindingState::Accepted => "accepted",
        FindingState::Repaired => "repaired",
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<Finding> {
    let (kind, state): (String, String) = (row.get(1)?, row.get(2)?);
    Ok(Finding {
        id: row.get(0)?,
        kind: if kind == "damaged" { FindingKind::Damaged } else { FindingKind::Suspect },
        state: match state.as_str() {
            "accepted" => FindingState::Accepted,
            "repaired" => FindingState::Repaired,
            _ => FindingState::Open,
        },
        found_ns: row.get(3)?,
        path: row.get(4)?,
        size_bytes: row.get::<_, i64>(5)? as u64,
        algorithm: algorithm_of(row.get(6)?),
        hash: ContentHash::from_bytes(row.get(7)?),
        found_hash: ContentHash::from_bytes(row.get(8)?),
        repaired_by: row.get(9)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_file_is_kept_once_until_it_was_dealt_with() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(&folder.path().join("journal.db"), 1).unwrap().journal;
        let mut finding = Finding {
            id: 0,
            kind: FindingKind::Damaged,
            state: FindingState::Open,
            found_ns: 3,
            path: b"/photos/\xff".to_vec(),
            size_bytes: 5,
            algorithm: Algorithm::Blake3,
            hash: ContentHash::from_bytes([1; 32]),
            found_hash: ContentHash::from_bytes([2; 32]),
            repaired_by: None,
        };
        finding.id = journal.add_finding(&finding).unwrap();
        assert_eq!(journal.add_finding(&finding).unwrap(), finding.id);
        assert_eq!(journal.findings(false).unwrap(), [finding.clone()]);
        journal.set_finding(finding.id, FindingState::Accepted).unwrap();
        assert_eq!(journal.findings(false).unwrap(), []);
        assert_eq!(journal.findings(true).unwrap()[0].state, FindingState::Accepted);
        assert_ne!(journal.add_finding(&finding).unwrap(), finding.id, "it was found again");
        assert!(matches!(journal.set_finding(99, FindingState::Open), Err(JournalError::Unknown(_))));
    }
}
