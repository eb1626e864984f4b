//! Opening the file: pragmas, migrations, the version that is too new, and the damaged file that is moved aside.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::beside::with_suffix;
use crate::damage::{self, Harm};
use crate::error::{is_read_failure, CatalogError};
use crate::ownership::{recognise, CatalogLock, APPLICATION_ID, PAGE_BYTES};

/// Numbered, forward only, frozen once released.
const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001_catalog.sql"),
    include_str!("../migrations/0002_extents_and_edges.sql"),
    include_str!("../migrations/0003_changes.sql"),
    include_str!("../migrations/0004_volumes.sql"),
    include_str!("../migrations/0005_links.sql"),
    include_str!("../migrations/0006_root_identity.sql"),
    include_str!("../migrations/0007_folded_names.sql"),
    include_str!("../migrations/0008_contents.sql"),
    include_str!("../migrations/0009_catalog_id.sql"),
    include_str!("../migrations/0010_levels.sql"),
    include_str!("../migrations/0011_checked.sql"),
];

/// The version that this program writes.
pub const SCHEMA_VERSION: i64 = MIGRATIONS.len() as i64;

/// Up to this size a catalog is read whole when it is opened: some 50 ms.
const CHECKED_WHOLE_BYTES: i64 = 32 * 1024 * 1024;
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Pages in the WAL after which they go into the file, and bytes that it keeps when they have. On a small disk both are
/// less, for what is in the WAL lies there twice.
const WAL_PAGES: u64 = 4000;
const WAL_BYTES: u64 = 64 << 20;

/// The writer's connection, and where a damaged predecessor was put.
pub struct Opened {
    /// Ready for writing.
    pub connection: Connection,
    /// The damaged file that was moved aside.
    pub rebuilt_from: Option<PathBuf>,
    /// For as long as the file is open.
    pub lock: CatalogLock,
}

/// Opens the catalog for writing, for one owner at a time. A damaged file is moved aside and a new one begun, be it that the
/// damage is met now or that it was noted when the file was last in use; a newer one, and what is no catalog, is left untouched.
/// `owner`: who opens it, for those who find it locked.
pub fn open_writer(path: &Path, owner: &str) -> Result<Opened, CatalogError> {
    let lock = lock(path)?;
    lock.sign(owner);
    let opened = open_or_begin(path);
    damage::forget();
    let (connection, rebuilt_from) = opened?;
    Ok(Opened { connection, rebuilt_from, lock })
}

/// Locks the catalog once it is known to be one. A lock that is there already comes first: while another part of this process
/// has the file open, even a look at its header would cost that one its locks.
fn lock(path: &Path) -> Result<CatalogLock, CatalogError> {
    let existing = CatalogLock::take_existing(path)?;
    recognise(path, existing.is_some())?;
    if let Some(existing) = existing {
        return Ok(existing);
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|source| CatalogError::io(folder, source))?;
    }
    CatalogLock::make(path)
}

fn open_or_begin(path: &Path) -> Result<(Connection, Option<PathBuf>), CatalogError> {
    let noted = damage::read_note(path).filter(|_| path.exists());
    let outcome = match &noted {
        Some(Harm::Damaged(reason)) => match refuse_newer(path) {
            Err(newer @ CatalogError::Newer { .. }) => Err(newer),
            _ => Err(CatalogError::Corrupt(reason.clone())),
        },
        Some(Harm::Unreadable(_)) => try_open(path, true),
        None => try_open(path, false),
    };
    let reason = match outcome {
        Ok(connection) => {
            damage::remove_note(path);
            return Ok((connection, None));
        }
        Err(CatalogError::Corrupt(reason)) => reason,
        // A disk that was away is no reason to read all files again; one that fails twice is.
        Err(CatalogError::Sqlite(error)) if is_read_failure(&error) => {
            let reason = error.to_string();
            if noted.is_none() {
                let harm = Harm::Unreadable(reason);
                damage::write_note(path, &harm).map_err(|source| CatalogError::io(path, source))?;
                return Err(CatalogError::Sqlite(error));
            }
            reason
        }
        Err(error) => return Err(error),
    };
    let aside = move_aside(path)?;
    damage::remove_note(path);
    tracing::error!(path = %path.display(), aside = %aside.display(), reason, "catalog_damaged_moved_aside");
    Ok((try_open(path, false)?, Some(aside)))
}

/// Opens a connection that only reads.
pub fn open_reader(path: &Path, cache_bytes: u64) -> Result<Connection, CatalogError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    prepare_once(&connection)?;
    set_cache(&connection, cache_bytes)?;
    Ok(connection)
}

/// Statements are kept, and their plans with them: left to itself SQLite plans a statement again whenever a bound value
/// might make another plan the better one, which takes longer than most of our statements.
fn prepare_once(connection: &Connection) -> Result<(), CatalogError> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(64);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

/// Bounds the WAL of the writer's connection by the room on its disk: it takes a sixteenth of that at most, where one
/// transaction does not need more.
pub(crate) fn fit_wal(connection: &Connection) -> Result<(), CatalogError> {
    let room = connection.path().and_then(|path| sanchay_core::free_bytes(Path::new(path)));
    let bytes = room.map_or(WAL_BYTES, |room| (room / 16).min(WAL_BYTES));
    let pages = (bytes / u64::from(PAGE_BYTES)).clamp(16, WAL_PAGES);
    connection.pragma_update(None, "wal_autocheckpoint", pages as i64)?;
    connection.pragma_update(None, "journal_size_limit", bytes as i64)?;
    Ok(())
}

/// Sets how much of the file a connection keeps in memory.
pub fn set_cache(connection: &Connection, cache_bytes: u64) -> Result<(), CatalogError> {
    Ok(connection.pragma_update(None, "cache_size", -((cache_bytes / 1024) as i64))?)
}

fn try_open(path: &Path, read_whole: bool) -> Result<Connection, CatalogError> {
    stop_counting_memory();
    refuse_newer(path)?;
    let connection = Connection::open(path)?;
    prepare_once(&connection)?;
    connection.pragma_update(None, "page_size", PAGE_BYTES)?;
    // Before the log is begun: a kill from here on leaves a file whose header says what it is.
    if connection.query_row("PRAGMA application_id", [], |row| row.get::<_, i32>(0))? != APPLICATION_ID {
        connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    }
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "normal")?;
    fit_wal(&connection)?;
    connection.pragma_update(None, "temp_store", "memory")?;
    migrate(&connection)?;
    check(&connection, read_whole)?;
    Ok(connection)
}

/// SQLite counts its memory under one lock for all connections; no one reads the count, and readers wait for the lock.
fn stop_counting_memory() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        // SAFETY: the option takes one int, and this runs before the first connection of this library is opened; if
        // another user of the library was earlier, SQLite refuses and changes nothing.
        let outcome = unsafe { rusqlite::ffi::sqlite3_config(rusqlite::ffi::SQLITE_CONFIG_MEMSTATUS, 0) };
        if outcome != rusqlite::ffi::SQLITE_OK {
            tracing::debug!(outcome, "sqlite_memory_statistics_stay_on");
        }
    });
}

/// Reads the version with a connection that cannot write, so that a newer file is not touched at all.
fn refuse_newer(path: &Path) -> Result<(), CatalogError> {
    if !path.metadata().is_ok_and(|metadata| metadata.len() > 0) {
        return Ok(());
    }
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let found = match version(&connection) {
        Err(CatalogError::Sqlite(error)) if was_broken_off(&error) => {
            drop(connection);
            roll_back(path)?;
            return refuse_newer(path);
        }
        found => found?,
    };
    if found > SCHEMA_VERSION {
        return Err(CatalogError::Newer { path: path.to_owned(), found, known: SCHEMA_VERSION });
    }
    Ok(())
}

/// Whether a file is as a kill left it in the middle of being begun: until its log is there, `SQLite` keeps what it takes to
/// go back in a file beside it, and a connection that only reads may not use that.
pub(crate) fn was_broken_off(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|inner| inner.extended_code == rusqlite::ffi::SQLITE_READONLY_ROLLBACK)
}

/// Brings a file of ours that was broken off back to how it was: mostly empty.
pub(crate) fn roll_back(path: &Path) -> Result<(), rusqlite::Error> {
    Connection::open(path)?.query_row("PRAGMA user_version", [], |_| Ok(()))
}

fn version(connection: &Connection) -> Result<i64, CatalogError> {
    Ok(connection.query_row("PRAGMA user_version", [], |row| row.get(0))?)
}

fn migrate(connection: &Connection) -> Result<(), CatalogError> {
    let found = version(connection)?;
    for (number, sql) in MIGRATIONS.iter().enumerate().skip(found as usize) {
        connection
            .execute_batch(&format!("BEGIN IMMEDIATE;\n{sql}\nPRAGMA user_version = {};\nCOMMIT;", number + 1))?;
    }
    Ok(())
}

/// A look that costs little at any size: a small catalog is read whole; of a large one the schema, and the first and
/// last rows of the large tables.
fn check(connection: &Connection, read_whole: bool) -> Result<(), CatalogError> {
    let pages: i64 = connection.query_row("PRAGMA page_count", [], |row| row.get(0))?;
    if read_whole || pages * i64::from(PAGE_BYTES) <= CHECKED_WHOLE_BYTES {
        let said: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if said != "ok" {
            return Err(CatalogError::Corrupt(said));
        }
    }
    connection.query_row("SELECT count(*) FROM meta", [], |row| row.get::<_, i64>(0))?;
    for (table, blob) in [("block", "columns"), ("block_detail", "detail"), ("content_chunk", "postings")] {
        for order in ["ASC", "DESC"] {
            let sql = format!("SELECT length({blob}) FROM {table} ORDER BY id {order} LIMIT 3");
            let mut statement = connection.prepare(&sql)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                row.get::<_, i64>(0)?;
            }
        }
    }
    Ok(())
}

fn move_aside(path: &Path) -> Result<PathBuf, CatalogError> {
    let aside = (1..=u32::MAX)
        .map(|number| with_suffix(path, &format!(".damaged-{number}")))
        .find(|candidate| !candidate.exists())
        .expect("no one keeps four thousand million damaged catalogs");
    // The file itself goes last: broken off before, it is found damaged again.
    for suffix in ["-wal", "-shm", ""] {
        let from = with_suffix(path, suffix);
        if from.exists() {
            std::fs::rename(&from, with_suffix(&aside, suffix)).map_err(|source| CatalogError::io(&from, source))?;
        }
    }
    if let Some(folder) = path.parent() {
        damage::sync_folder(folder);
    }
    Ok(aside)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As a kill leaves it between the first page and the end of the transaction that wrote it.
    #[test]
    fn a_catalog_that_was_killed_while_it_was_begun_is_begun_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("catalog.db");
        let (log, kept) = (with_suffix(&path, "-journal"), folder.path().join("kept"));
        let connection = Connection::open(&path).unwrap();
        let begun = format!("PRAGMA synchronous = off; BEGIN; PRAGMA application_id = {APPLICATION_ID}");
        connection.execute_batch(&begun).unwrap();
        std::fs::copy(&log, &kept).unwrap();
        connection.execute_batch("COMMIT").unwrap();
        drop(connection);
        std::fs::copy(&kept, &log).unwrap();
        let reader = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        assert!(reader.query_row("PRAGMA user_version", [], |_| Ok(())).is_err_and(|error| was_broken_off(&error)));
        drop(reader);
        let opened = open_writer(&path, "").unwrap();
        assert_eq!((opened.rebuilt_from, version(&opened.connection).unwrap()), (None, SCHEMA_VERSION));
    }

    /// A catalog of an older version, with one root that was scanned.
    fn older(path: &Path, versions: usize) {
        let connection = Connection::open(path).unwrap();
        for sql in &MIGRATIONS[..versions] {
            connection.execute_batch(sql).unwrap();
        }
        connection.pragma_update(None, "user_version", versions as i64).unwrap();
        connection
            .execute_batch(
                "INSERT INTO root (id, path, directory, volume, inode, state, reason, scanned_ns, settings)
                 VALUES (1, x'2f61', 1, 0, 0, 'ready', '', 5, '{}');
                 INSERT INTO usage (directory, files, directories, bytes, allocated, newest_ns) VALUES (1, 2, 1, 30, 40, 5);",
            )
            .unwrap();
    }

    fn meta(connection: &Connection, key: &str) -> i64 {
        connection.query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0)).unwrap()
    }

    #[test]
    fn a_kept_statement_is_planned_once_whatever_is_bound_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("catalog.db");
        let writer = open_writer(&path, "a test").unwrap().connection;
        for connection in [writer, open_reader(&path, 1 << 20).unwrap()] {
            let mut statement = connection
                .prepare_cached("SELECT key FROM duplicate_group WHERE key >= ?1 AND key <= ?2 ORDER BY key LIMIT ?3")
                .unwrap();
            for ahead in [8, 16, 32] {
                assert!(statement.query((0, ahead, ahead)).unwrap().next().unwrap().is_none());
            }
            assert_eq!(statement.get_status(rusqlite::StatementStatus::RePrepare), 0);
        }
    }

    #[test]
    fn a_catalog_from_before_the_change_feed_keeps_its_rows_and_says_that_it_knows_no_earlier_changes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("catalog.db");
        older(&path, 2);
        let connection = open_writer(&path, "a test").unwrap().connection;
        assert_eq!(version(&connection).unwrap(), SCHEMA_VERSION);
        let usage = connection.query_row("SELECT bytes, snapped FROM usage", [], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
        });
        assert_eq!(usage.unwrap(), (30, -1));
        assert!(meta(&connection, "change_pruned_ns") > 0);
    }

    #[test]
    fn a_catalog_from_before_files_were_checked_says_that_none_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("catalog.db");
        older(&path, 10);
        let connection = open_writer(&path, "a test").unwrap().connection;
        assert_eq!(version(&connection).unwrap(), SCHEMA_VERSION);
        let marks: i64 = connection.query_row("SELECT count(*) FROM checked", [], |row| row.get(0)).unwrap();
        assert_eq!((marks, meta(&connection, "change_bytes")), (0, 0));
    }

    #[test]
    fn a_new_catalog_has_lost_no_changes() {
        let folder = tempfile::tempdir().unwrap();
        let connection = open_writer(&folder.path().join("catalog.db"), "a test").unwrap().connection;
        assert_eq!(meta(&connection, "change_pruned_ns"), 0);
        assert_eq!(meta(&connection, "change_bytes"), 0);
    }
}
