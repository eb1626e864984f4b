//! Whether a file is a catalog of ours, found out without writing to it or beside it.
//!
//! A new catalog has our number in its header (`PRAGMA application_id`). One that is older is known by its tables. All else that
//! is not empty belongs to someone and is left as it is.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::damaged;
use super::signs::{number_at, APPLICATION_ID, HEADER_BYTES, MAGIC, PAGE_BYTES, STATE_APPLICATION_ID, TABLES};
use crate::beside::with_suffix;
use crate::error::CatalogError;

/// Nothing where the file is a catalog, empty or not there; `was_ours`: it was a catalog when it was open last, so that what
/// makes no sense in it is damage. Fails with [`CatalogError::Foreign`].
pub(crate) fn recognise(path: &Path, was_ours: bool) -> Result<(), CatalogError> {
    let metadata = match path.metadata() {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(CatalogError::io(path, error)),
    };
    let foreign = |reason: &str| Err(CatalogError::Foreign { path: path.to_owned(), reason: reason.to_owned() });
    if !metadata.is_file() {
        return foreign("it is not a file");
    }
    if metadata.len() == 0 {
        return Ok(());
    }
    let mut header = Vec::with_capacity(HEADER_BYTES);
    let read = File::open(path).and_then(|file| file.take(HEADER_BYTES as u64).read_to_end(&mut header));
    read.map_err(|error| CatalogError::io(path, error))?;
    if header.len() < HEADER_BYTES || !header.starts_with(MAGIC) {
        return if was_ours || damaged::is_catalog(path) { Ok(()) } else { foreign("it is not a database") };
    }
    match number_at(&header, 68) {
        APPLICATION_ID => Ok(()),
        STATE_APPLICATION_ID => foreign("it is the database in which a Sanchay keeps its roots"),
        0 if was_ours || is_older_catalog(path, &header) => Ok(()),
        _ => foreign("it is a database of another program"),
    }
}

fn is_older_catalog(path: &Path, header: &[u8]) -> bool {
    match tables(path, true) {
        // A catalog that was killed when it was new has all its tables in its log, and one that was killed before that has none.
        Some(tables) if tables.is_empty() => {
            let is_paged_as_ours = u32::from(u16::from_be_bytes([header[16], header[17]])) == PAGE_BYTES;
            let log = with_suffix(path, "-wal");
            is_paged_as_ours && (!log.exists() || tables_of_ours(tables_in_log(path)))
        }
        tables => tables_of_ours(tables),
    }
}

fn tables_of_ours(tables: Option<Vec<String>>) -> bool {
    tables.is_some_and(|tables| TABLES.iter().all(|name| tables.iter().any(|table| table == name)))
}

fn tables_in_log(path: &Path) -> Option<Vec<String>> {
    tables(path, false).map(|tables| if tables.is_empty() { TABLES.map(str::to_owned).to_vec() } else { tables })
}

/// The names of a database's tables; `immutable`: as its file alone has them, of which `SQLite` then takes no lock and beside
/// which it makes nothing. None where it cannot be read.
fn tables(path: &Path, immutable: bool) -> Option<Vec<String>> {
    let mut uri = "file:".to_owned();
    if cfg!(windows) {
        uri.push('/');
    }
    for &byte in sanchay_core::path::bytes_of(path) {
        match byte {
            b'\\' if cfg!(windows) => uri.push('/'),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'_' | b'-' | b':' => uri.push(char::from(byte)),
            byte => {
                let _ = write!(uri, "%{byte:02X}"); // a String takes all
            }
        }
    }
    if immutable {
        uri.push_str("?immutable=1");
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    let connection = Connection::open_with_flags(uri, flags).ok()?;
    let mut statement = connection.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").ok()?;
    let names = statement.query_map([], |row| row.get(0)).ok()?;
    names.collect::<Result<_, _>>().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Catalog, CatalogOptions};
    use std::collections::BTreeMap;

    fn content(folder: &Path) -> BTreeMap<std::ffi::OsString, Vec<u8>> {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
        entries.map(|entry| (entry.file_name(), std::fs::read(entry.path()).unwrap())).collect()
    }

    #[test]
    fn what_is_not_a_catalog_of_ours_is_refused_and_nothing_is_written_to_it_or_beside_it() {
        type Make = fn(&Path);
        let makers: [(&str, Make); 8] = [
            ("text", |path| std::fs::write(path, "hello").unwrap()),
            ("the words of our tables", |path| {
                let mut text: Vec<u8> = TABLES.map(|name| format!("CREATE TABLE {name} (id)\n")).concat().into_bytes();
                text.resize(2 * PAGE_BYTES as usize, b' ');
                std::fs::write(path, text).unwrap();
            }),
            ("zeros", |path| std::fs::write(path, [0_u8; 8192]).unwrap()),
            ("tables", |path| Connection::open(path).unwrap().execute_batch("CREATE TABLE customer (id)").unwrap()),
            ("log", |path| {
                let connection = Connection::open(path).unwrap();
                connection.pragma_update(None, "journal_mode", "wal").unwrap();
                connection.execute_batch("CREATE TABLE meta (key); CREATE TABLE root (id)").unwrap();
            }),
            ("no tables", |path| Connection::open(path).unwrap().pragma_update(None, "user_version", 1).unwrap()),
            ("another number", |path| {
                Connection::open(path).unwrap().pragma_update(None, "application_id", 7).unwrap();
            }),
            ("state.db", |path| {
                let connection = Connection::open(path).unwrap();
                connection.pragma_update(None, "application_id", STATE_APPLICATION_ID).unwrap();
            }),
        ];
        for (what, make) in makers {
            let folder = tempfile::tempdir().unwrap();
            // What a URI would take for something else; Windows has no name with a `?`.
            let path = folder.path().join(if cfg!(windows) { "a #%20.sqlite" } else { "a ?%20.sqlite" });
            make(&path);
            let before = content(folder.path());
            let outcome = Catalog::open(&path, CatalogOptions::default()).err().expect(what);
            assert!(matches!(outcome, CatalogError::Foreign { .. }), "{what}: {outcome}");
            assert_eq!(content(folder.path()), before, "{what}");
        }
    }

    #[test]
    fn a_catalog_from_before_the_number_is_adopted_and_gets_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("catalog.db");
        Catalog::open(&path, CatalogOptions::default()).unwrap();
        Connection::open(&path).unwrap().pragma_update(None, "application_id", 0).unwrap();
        std::fs::remove_file(with_suffix(&path, crate::ownership::LOCK_SUFFIX)).unwrap();
        Catalog::open(&path, CatalogOptions::default()).unwrap();
        let header = std::fs::read(&path).unwrap();
        assert_eq!(number_at(&header, 68), APPLICATION_ID);
    }

    #[test]
    fn a_catalog_whose_first_bytes_are_broken_is_known_without_a_lock_by_what_is_left_of_it() {
        for broken_bytes in [16, HEADER_BYTES, 512] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("catalog.db");
            drop(Catalog::open(&path, CatalogOptions::default()).unwrap());
            std::fs::remove_file(with_suffix(&path, crate::ownership::LOCK_SUFFIX)).unwrap();
            let mut broken = std::fs::read(&path).unwrap();
            broken[..broken_bytes].fill(7);
            std::fs::write(&path, &broken).unwrap();
            let opened = Catalog::open(&path, CatalogOptions::default()).unwrap();
            let aside = opened.rebuilt_from().expect("it is moved aside");
            assert_eq!(std::fs::read(aside).unwrap(), broken, "{broken_bytes} bytes");
        }
    }

    #[test]
    fn a_damaged_catalog_is_known_by_its_lock_and_another_programs_database_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("catalog.db");
        Catalog::open(&path, CatalogOptions::default()).unwrap();
        std::fs::write(&path, [7_u8; 8192]).unwrap();
        assert!(Catalog::open(&path, CatalogOptions::default()).unwrap().rebuilt_from().is_some());
        std::fs::remove_file(&path).unwrap();
        Connection::open(&path).unwrap().pragma_update(None, "application_id", 7).unwrap();
        assert!(matches!(Catalog::open(&path, CatalogOptions::default()), Err(CatalogError::Foreign { .. })));
    }
}
