//! Opening the journal: whose it is, its backup before a migration, and the damaged file that is moved aside.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::backup::Backup;
use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::error::JournalError;
use crate::beside::with_suffix;
use crate::database::{roll_back, was_broken_off, BUSY_TIMEOUT};

/// "SanJ": what the header of a journal says.
const APPLICATION_ID: i32 = 0x5361_6e4a;
/// Numbered, forward only, frozen once released.
const MIGRATIONS: &[&str] = &[
    include_str!("../../journal_migrations/0001_journal.sql"),
    include_str!("../../journal_migrations/0002_group_lookups.sql"),
];
const VERSION: i64 = MIGRATIONS.len() as i64;
const BACKUP_PAGES: i32 = 256;

/// The journal, open for one owner: the holder of the catalog beside it.
#[derive(Debug)]
pub struct Journal {
    connection: Mutex<Connection>,
    token: u64,
}

/// A journal, and what became of the file that was there.
#[derive(Debug)]
pub struct OpenedJournal {
    /// Ready.
    pub journal: Journal,
    /// The damaged file that was moved aside: what it knew of runs and plans is in there alone.
    pub moved_aside: Option<PathBuf>,
    /// The copy that was made before a migration.
    pub backup: Option<PathBuf>,
}

impl Journal {
    /// Where the journal of a catalog is: `journal.db` beside `catalog.db`, else the catalog's name with another ending.
    pub fn path_beside(catalog: &Path) -> PathBuf {
        match catalog.file_stem() {
            Some(stem) if stem != "catalog" => with_suffix(&catalog.with_file_name(stem), ".journal.db"),
            _ => catalog.with_file_name("journal.db"),
        }
    }

    /// The files that SQLite keeps for a journal.
    pub fn files(path: &Path) -> [PathBuf; 4] {
        ["", "-wal", "-shm", "-journal"].map(|suffix| with_suffix(path, suffix))
    }

    /// Opens the journal of the catalog with this id, or begins one.
    pub fn open(path: &Path, catalog_id: i64) -> Result<OpenedJournal, JournalError> {
        match try_open(path, catalog_id) {
            Ok((journal, backup)) => Ok(OpenedJournal { journal, moved_aside: None, backup }),
            Err(error) if error.is_damage() => {
                let aside = move_aside(path)?;
                tracing::error!(path = %path.display(), aside = %aside.display(), %error, "journal_damaged_moved_aside");
                let (journal, backup) = try_open(path, catalog_id)?;
                Ok(OpenedJournal { journal, moved_aside: Some(aside), backup })
            }
            Err(error) => Err(error),
        }
    }

    /// What tells this journal's names in a person's folders from any other's.
    pub const fn token(&self) -> u64 {
        self.token
    }

    pub(super) fn connection(&self) -> MutexGuard<'_, Connection> {
        // A panic in another call left no transaction open: each is rolled back when it is dropped.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn try_open(path: &Path, catalog_id: i64) -> Result<(Journal, Option<PathBuf>), JournalError> {
    let found = match recognise(path, catalog_id) {
        Err(JournalError::Sqlite(error)) if was_broken_off(&error) => {
            if !is_ours(path)? {
                let reason = "another program was broken off in it".to_owned();
                return Err(JournalError::Foreign { path: path.to_owned(), reason });
            }
            roll_back(path)?;
            recognise(path, catalog_id)?
        }
        found => found?,
    };
    let backup = found.filter(|found| *found < VERSION).map(|found| back_up(path, found)).transpose()?;
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    if found.is_none() {
        connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    }
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    migrate(&connection)?;
    let said: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if said != "ok" {
        let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
        return Err(JournalError::Sqlite(rusqlite::Error::SqliteFailure(code, Some(said))));
    }
    let first = "INSERT INTO meta VALUES ('catalog_id', ?1), ('token', random()) ON CONFLICT DO NOTHING";
    connection.execute(first, [catalog_id])?;
    let token: i64 = connection.query_row("SELECT value FROM meta WHERE key = 'token'", [], |row| row.get(0))?;
    Ok((Journal { connection: Mutex::new(connection), token: token as u64 }, backup))
}

/// Whether the header of a file says that it is a journal.
fn is_ours(path: &Path) -> Result<bool, JournalError> {
    let mut header = Vec::new();
    let read = File::open(path).and_then(|file| file.take(72).read_to_end(&mut header));
    read.map_err(|source| JournalError::io(path, source))?;
    Ok(header.get(68..72) == Some(&APPLICATION_ID.to_be_bytes()[..]))
}

/// The version of a file that is this catalog's journal; None where there is none. Whatever is not is refused without being
/// written to.
fn recognise(path: &Path, catalog_id: i64) -> Result<Option<i64>, JournalError> {
    if !path.metadata().is_ok_and(|metadata| metadata.len() > 0) {
        return Ok(None);
    }
    let foreign = |reason: String| JournalError::Foreign { path: path.to_owned(), reason };
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    let id: i32 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    if id != APPLICATION_ID {
        return Err(foreign(format!("its application id is {id:#x}")));
    }
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found > VERSION {
        return Err(JournalError::Newer { path: path.to_owned(), found, known: VERSION });
    }
    if found > 0 {
        let sql = "SELECT value FROM meta WHERE key = 'catalog_id'";
        let of: Option<i64> = connection.query_row(sql, [], |row| row.get(0)).optional()?;
        // A catalog that was rebuilt has another id; what was done to the files is as true as before.
        if of.is_some_and(|of| of != catalog_id) {
            tracing::warn!(path = %path.display(), "journal_of_an_earlier_catalog");
        }
    }
    Ok(Some(found))
}

fn migrate(connection: &Connection) -> Result<(), JournalError> {
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    for (number, sql) in MIGRATIONS.iter().enumerate().skip(found as usize) {
        connection
            .execute_batch(&format!("BEGIN IMMEDIATE;\n{sql}\nPRAGMA user_version = {};\nCOMMIT;", number + 1))?;
    }
    Ok(())
}

/// A whole copy, made through SQLite, so that what is in the log is in it.
fn back_up(path: &Path, version: i64) -> Result<PathBuf, JournalError> {
    let to = free_name(path, &format!(".version-{version}"));
    let from = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut copy = Connection::open(&to)?;
    Backup::new(&from, &mut copy)?.run_to_completion(BACKUP_PAGES, std::time::Duration::ZERO, None)?;
    Ok(to)
}

fn move_aside(path: &Path) -> Result<PathBuf, JournalError> {
    let aside = free_name(path, ".damaged");
    // The file itself goes last: broken off before, it is found damaged again.
    for suffix in ["-wal", "-shm", ""] {
        let from = with_suffix(path, suffix);
        if from.exists() {
            std::fs::rename(&from, with_suffix(&aside, suffix)).map_err(|source| JournalError::io(&from, source))?;
        }
    }
    Ok(aside)
}

fn free_name(path: &Path, ending: &str) -> PathBuf {
    (1..=u32::MAX)
        .map(|number| with_suffix(path, &format!("{ending}-{number}")))
        .find(|candidate| !candidate.exists())
        .expect("no one keeps four thousand million old journals")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As a kill leaves it between the first page and the end of the transaction that wrote it.
    #[test]
    fn a_journal_that_was_killed_while_it_was_begun_is_begun_again_and_a_foreign_one_is_left() {
        for (id, is_ours) in [(APPLICATION_ID, true), (7, false)] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("journal.db");
            let (log, kept) = (with_suffix(&path, "-journal"), folder.path().join("kept"));
            let connection = Connection::open(&path).unwrap();
            connection
                .execute_batch(&format!("PRAGMA synchronous = off; BEGIN; PRAGMA application_id = {id}"))
                .unwrap();
            std::fs::copy(&log, &kept).unwrap();
            connection.execute_batch("COMMIT").unwrap();
            drop(connection);
            std::fs::copy(&kept, &log).unwrap();
            let before = std::fs::read(&path).unwrap();
            assert!(was_broken_off(match &recognise(&path, 7) {
                Err(JournalError::Sqlite(error)) => error,
                other => panic!("{other:?}"),
            }));
            let opened = Journal::open(&path, 7);
            if is_ours {
                let token = opened.unwrap().journal.token();
                assert_eq!(Journal::open(&path, 7).unwrap().journal.token(), token);
            } else {
                assert!(matches!(opened, Err(JournalError::Foreign { .. })));
                assert_eq!((std::fs::read(&path).unwrap(), log.exists()), (before, true));
            }
        }
    }

    #[test]
    fn a_damaged_journal_is_moved_aside_whole_and_a_foreign_or_newer_one_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        let token = Journal::open(&path, 7).unwrap().journal.token();
        assert_eq!(Journal::open(&path, 7).unwrap().journal.token(), token);

        let mut bytes = std::fs::read(&path).unwrap();
        bytes[4096..8192].fill(0xa5);
        std::fs::write(&path, &bytes).unwrap();
        let opened = Journal::open(&path, 7).unwrap();
        assert_eq!(std::fs::read(opened.moved_aside.unwrap()).unwrap()[..], bytes[..]);
        assert_ne!(opened.journal.token(), token);
        drop(opened.journal);

        let foreign = folder.path().join("app.sqlite");
        Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
        let before = std::fs::read(&foreign).unwrap();
        assert!(matches!(Journal::open(&foreign, 7), Err(JournalError::Foreign { .. })));
        assert_eq!(std::fs::read(&foreign).unwrap(), before);

        Connection::open(&path).unwrap().pragma_update(None, "user_version", VERSION + 1).unwrap();
        assert!(matches!(Journal::open(&path, 7), Err(JournalError::Newer { .. })));
    }
    #[test]
    fn a_journal_of_the_first_version_is_backed_up_and_gets_its_indexes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        let old = Connection::open(&path).unwrap();
        old.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
        old.execute_batch(MIGRATIONS[0]).unwrap();
        let rows = "INSERT INTO meta VALUES ('catalog_id', 7);
            INSERT INTO plan (id, made_ns, action, asked, min_copies, min_devices) VALUES (1, 1, 'trash', '{}', 1, 1);
            INSERT INTO plan_group VALUES (1, 0, 1, 0, zeroblob(32)); PRAGMA user_version = 1";
        old.execute_batch(rows).unwrap();
        drop(old);
        let opened = Journal::open(&path, 7).unwrap();
        let backup = Connection::open(opened.backup.unwrap()).unwrap();
        assert_eq!(backup.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0)).unwrap(), 1);
        assert_eq!(opened.journal.undecided_after(1, -1).unwrap(), None, "its index is there");
        let hash = sanchay_core::ContentHash::from_bytes([0; 32]);
        assert_eq!(
            opened.journal.group_state(1, &hash).unwrap().map(|state| state.number),
            Some(0),
            "a plan of before"
        );
        assert!(Journal::open(&path, 7).unwrap().backup.is_none());
    }
}
