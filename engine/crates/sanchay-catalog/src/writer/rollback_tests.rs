//! Transactions that fail: neither the rows nor the writer's memory keep anything of them.

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::block::{encode, Entry, EntryKind, EntryRef};
use crate::{Catalog, CatalogOptions};

fn open(folder: &tempfile::TempDir) -> Catalog {
    let catalog = Catalog::open(&folder.path().join("catalog.db"), CatalogOptions::default()).unwrap();
    for _ in 0..1000 {
        catalog.next_directory_id();
    }
    catalog
}

fn folder(stream: &Arc<Stream>, id: i64, parent: i64) -> DirectoryChange {
    let mut change = DirectoryChange::new(1, id, parent, Arc::clone(stream));
    let name = if parent == 0 { b"/top".to_vec() } else { format!("folder{id}").into_bytes() };
    change.row =
        Some(DirectoryRow { id, parent, name, volume: 1, inode: 0, mtime_ns: 0, unreadable: false, mounted: false });
    change.usage.directories = 1;
    change
}

/// A folder whose files have long names: it takes many pages.
fn large_folder(stream: &Arc<Stream>, id: i64, parent: i64, block: i64) -> DirectoryChange {
    let mut change = folder(stream, id, parent);
    let names: Vec<String> = (0..256).map(|slot| format!("{slot}").repeat(60)).collect();
    let entries: Vec<EntryRef<'_>> = names
        .iter()
        .enumerate()
        .map(|(slot, name)| {
            let mut entry = Entry::dead();
            entry.kind = EntryKind::File;
            (entry.size_bytes, entry.inode, entry.links) = (100, slot as u64, 1);
            change.usage.count(&entry, 1);
            change.rollups.count(&entry, 1);
            EntryRef { name: name.as_bytes(), entry }
        })
        .collect();
    change.blocks.push(BlockWrite { id: block, block: encode(&entries), entries: 256, over: false });
    change
}

/// Lets the file grow by this many pages and no further: SQLite says the same as on a full disk.
fn limit(catalog: &Catalog, pages: i64) {
    let work = move |session: &mut Session| {
        let now: i64 = session.connection.query_row("PRAGMA page_count", [], |row| row.get(0))?;
        session.connection.query_row(&format!("PRAGMA max_page_count = {}", now + pages), [], |_| Ok(()))?;
        Ok(())
    };
    catalog.writer().run(work).unwrap();
}

fn directories(catalog: &Catalog) -> Vec<i64> {
    let work = |session: &mut Session| {
        let mut statement = session.connection.prepare("SELECT id FROM directory ORDER BY id")?;
        let ids = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        Ok(ids)
    };
    catalog.writer().run(work).unwrap()
}

#[test]
fn once_a_batch_was_dropped_nothing_that_follows_it_is_written() {
    let place = tempfile::tempdir().unwrap();
    let catalog = open(&place);
    let (scan, other): (Arc<Stream>, Arc<Stream>) = Default::default();
    catalog.writer().change(folder(&scan, 1, 0)).unwrap();
    limit(&catalog, 4);
    for (number, id) in (2..40).enumerate() {
        catalog.writer().change(large_folder(&scan, id, 1, number as i64 + 1)).unwrap();
    }
    while !catalog.is_disk_full() {
        std::thread::sleep(Duration::from_millis(1));
    }
    scan.abandon();
    // What is small has room, now as before; but it lies in a folder that was dropped.
    catalog.writer().change(folder(&scan, 50, 39)).unwrap();
    assert_eq!(directories(&catalog), [1]);
    limit(&catalog, 1000);
    catalog.writer().change(folder(&scan, 51, 50)).unwrap();
    catalog.writer().change(folder(&other, 60, 1)).unwrap();
    assert_eq!(directories(&catalog), [1, 60], "others write what they have");
    assert!(!catalog.writer().run(|session| session.adopt(60, 51, b"inner", 1)).unwrap(), "no tree hangs on it");
}

#[test]
fn after_a_write_failed_for_good_nothing_that_was_queued_behind_it_is_written() {
    let place = tempfile::tempdir().unwrap();
    let catalog = open(&place);
    let scan: Arc<Stream> = Arc::default();
    catalog.writer().change(folder(&scan, 1, 0)).unwrap();
    let (entered, is_in) = bounded::<()>(1);
    let (release, held) = bounded::<()>(1);
    let writer = catalog.writer().clone();
    let fails = std::thread::spawn(move || {
        writer.run(move |session| {
            session.connection.execute_batch(
                "CREATE TEMP TRIGGER refuse BEFORE INSERT ON directory WHEN new.id = 2 BEGIN SELECT RAISE(ABORT, 'no'); END",
            )?;
            entered.send(()).unwrap();
            held.recv().unwrap();
            Ok(())
        })
    });
    is_in.recv().unwrap();
    let last = catalog.writer().clone();
    catalog.writer().change(folder(&scan, 2, 1)).unwrap();
    let between = catalog.writer().clone();
    let waits = std::thread::spawn(move || between.run(|_| Ok(())));
    while catalog.writer().waiting() < 2 {
        std::thread::yield_now();
    }
    last.change(folder(&scan, 3, 2)).unwrap();
    release.send(()).unwrap();
    fails.join().unwrap().unwrap();
    assert!(waits.join().unwrap().is_err());
    catalog.close();
    let catalog = open(&place);
    assert_eq!(directories(&catalog), [1]);
}

#[test]
fn a_move_that_is_tried_again_after_a_failure_carries_its_totals_over() {
    let place = tempfile::tempdir().unwrap();
    let catalog = open(&place);
    let stream: Arc<Stream> = Arc::default();
    for change in [folder(&stream, 1, 0), folder(&stream, 2, 1), folder(&stream, 3, 1), large_folder(&stream, 4, 2, 1)]
    {
        catalog.writer().change(change).unwrap();
    }
    let work = |session: &mut Session| {
        session.connection.execute_batch(
            "CREATE TEMP TRIGGER refuse BEFORE UPDATE ON usage BEGIN SELECT RAISE(ABORT, 'no room'); END",
        )?;
        assert!(session.move_directory(4, 3, b"moved").is_err());
        session.connection.execute_batch("DROP TRIGGER refuse")?;
        assert_eq!(session.path_of(4)?.as_deref(), Some(b"/top/folder2/folder4".as_slice()));
        session.move_directory(4, 3, b"moved")?;
        assert_eq!(session.path_of(4)?.as_deref(), Some(b"/top/folder3/moved".as_slice()));
        [1, 2, 3].into_iter().map(|id| Ok(session.usage_of(id)?.files)).collect::<Result<Vec<i64>, CatalogError>>()
    };
    assert_eq!(catalog.writer().run(work).unwrap(), [256, 0, 256]);
}

#[test]
fn a_change_that_is_committed_is_told_though_the_disk_is_too_full_for_its_keys() {
    let place = tempfile::tempdir().unwrap();
    let catalog = open(&place);
    let stream: Arc<Stream> = Arc::default();
    catalog.writer().change(folder(&stream, 1, 0)).unwrap();
    let change = {
        let mut change = DirectoryChange::new(1, 1, 0, Arc::clone(&stream));
        let mut entry = Entry::dead();
        entry.kind = EntryKind::File;
        (entry.size_bytes, entry.links, entry.hash_state) = (100, 1, crate::block::HashState::Hashed);
        entry.hash = Some(sanchay_core::ContentHash::from_bytes([7; 32]));
        let id = crate::block::EntryId::new(1, 0);
        let (posting, hash) = crate::content::Posting::of(id, &entry, false).unwrap();
        change.staged.push(crate::content::Staged { posting, hash });
        let block = encode(&[EntryRef { name: b"file", entry }]);
        change.blocks.push(BlockWrite { id: 1, block, entries: 1, over: false });
        change
    };
    let work = move |session: &mut Session| {
        session.connection.execute("INSERT INTO volume (id, identity, reflink) VALUES (1, x'00', 0)", [])?;
        session.connection.execute_batch(
            "CREATE TEMP TRIGGER refuse BEFORE INSERT ON content_chunk BEGIN SELECT RAISE(ABORT, 'no room'); END",
        )?;
        assert!(session.apply_now(std::slice::from_ref(&change)).is_err(), "another failure is one");
        assert_eq!(session.staged_len(), 1, "its keys go on waiting");
        session.connection.execute_batch("DROP TRIGGER refuse")?;
        session.merge_owed = true;
        session.settle_debts();
        assert_eq!((session.staged_len(), session.merge_owed), (0, false));
        Ok(session.connection.query_row("SELECT count(*) FROM content_chunk", [], |row| row.get::<_, i64>(0))?)
    };
    assert_eq!(catalog.writer().run(work).unwrap(), 1);
}
