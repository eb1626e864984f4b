//! The content index holds exactly the postings of the entries, whatever was staged, merged, taken back or lost between.

use std::ops::ControlFlow;
use std::sync::Arc;

use sanchay_core::{Algorithm, ContentHash};

use super::*;
use crate::block::{encode, Entry, EntryId, EntryKind, EntryRef, HashState};
use crate::writer::{BlockWrite, DirectoryChange, DirectoryRow, HashUpdate, Session};
use crate::{Catalog, CatalogError, CatalogOptions};

const BLOCK: i64 = 1;

fn hash(content: u8) -> ContentHash {
    ContentHash::from_bytes([content; 32])
}

/// A file in slot `slot`, without a hash.
fn file(slot: usize) -> Entry {
    let mut entry = Entry::dead();
    entry.kind = EntryKind::File;
    (entry.size_bytes, entry.inode, entry.links) = (100, slot as u64, 1);
    entry.allocated_bytes = usual_allocation(entry.size_bytes);
    entry
}

/// A catalog of one folder with this many files, none of which is read yet.
fn open(folder: &std::path::Path, files: usize) -> Catalog {
    let catalog = Catalog::open(&folder.join("catalog.db"), CatalogOptions::default()).unwrap();
    let mut change = DirectoryChange::new(1, 1, 0, Arc::default());
    let name = b"/top".to_vec();
    change.row = Some(DirectoryRow {
        id: 1,
        parent: 0,
        name,
        volume: 1,
        inode: 0,
        mtime_ns: 0,
        unreadable: false,
        mounted: false,
    });
    let names: Vec<String> = (0..files).map(|slot| format!("file{slot}")).collect();
    let refs: Vec<EntryRef<'_>> =
        names.iter().enumerate().map(|(slot, name)| EntryRef { name: name.as_bytes(), entry: file(slot) }).collect();
    change.blocks.push(BlockWrite { id: BLOCK, block: encode(&refs), entries: files, over: false });
    catalog.reserve_blocks(1);
    catalog.next_directory_id();
    run(&catalog, move |session| {
        session.connection.execute("INSERT INTO volume (id, identity, reflink) VALUES (1, x'00', 0)", [])?;
        session.apply(&[change])
    });
    catalog
}

fn run<T: Send + 'static>(
    catalog: &Catalog,
    task: impl FnOnce(&mut Session) -> Result<T, CatalogError> + Send + 'static,
) -> T {
    catalog.writer().run(task).unwrap()
}

/// Publishes what reading the file in `slot` gave: this content, or that it must be read again.
fn publish(catalog: &Catalog, slot: usize, content: Option<u8>) {
    let state = if content.is_some() { HashState::Hashed } else { HashState::Pending };
    let (id, hash) = (EntryId::new(BLOCK, slot), content.map(hash));
    let update = HashUpdate { id, expected: file(slot), state, algorithm: Algorithm::Blake3, hash };
    run(catalog, move |session| session.publish(vec![update]));
}

fn merge(catalog: &Catalog) {
    run(catalog, |session| session.merge_content(&mut |_| ControlFlow::Continue(())));
}

/// Slots and contents, once as the index has them and once as the entries do.
fn contents(catalog: &Catalog) -> [Vec<(usize, u8)>; 2] {
    run(catalog, |session| {
        let mut indexed = Vec::new();
        for_each_piece(&session.connection, i64::MIN, i64::MAX, &mut |piece| {
            let slots = (0..piece.len()).map(|index| (piece.get(index).entry.slot(), piece.key(index) as u8));
            indexed.extend(slots);
            Ok(ControlFlow::Continue(()))
        })?;
        indexed.sort_unstable();
        let mut entries = Vec::new();
        session.with_block(BLOCK, |view| {
            view.for_each(|slot, item| entries.extend(item.entry.hash.map(|hash| (slot, hash.as_bytes()[0]))))
        })?;
        Ok([indexed, entries])
    })
}

#[test]
fn a_key_that_a_kill_left_both_staged_and_indexed_goes_from_both() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = open(folder.path(), 3);
    publish(&catalog, 0, Some(1));
    publish(&catalog, 1, Some(1));
    merge(&catalog);
    publish(&catalog, 2, Some(1)); // its block waits for a merge that never comes
    drop(catalog);
    let catalog = Catalog::open(&folder.path().join("catalog.db"), CatalogOptions::default()).unwrap();
    assert_eq!(catalog.staged_len(), 3);
    publish(&catalog, 0, Some(2));
    publish(&catalog, 1, None);
    merge(&catalog);
    assert_eq!(contents(&catalog), [vec![(0, 2), (2, 1)], vec![(0, 2), (2, 1)]]);
}

#[test]
fn what_is_published_now_is_in_the_index_and_in_its_groups_without_a_merge() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = open(folder.path(), 3);
    let now = |contents: &[(usize, u8)]| {
        let update = |&(slot, content): &(usize, u8)| HashUpdate {
            id: EntryId::new(BLOCK, slot),
            expected: file(slot),
            state: HashState::Hashed,
            algorithm: Algorithm::Blake3,
            hash: Some(hash(content)),
        };
        let updates: Vec<HashUpdate> = contents.iter().map(update).collect();
        run(&catalog, move |session| session.publish_now(updates));
        assert_eq!(catalog.staged_len(), 0);
        run(&catalog, |session| session.meta("duplicate_groups"))
    };
    assert_eq!(now(&[(0, 1), (1, 1)]), 1);
    assert_eq!(now(&[(2, 1), (1, 2), (0, 2)]), 1);
    assert_eq!(contents(&catalog), [vec![(0, 2), (1, 2), (2, 1)], vec![(0, 2), (1, 2), (2, 1)]]);
    assert_eq!(now(&[(1, 3)]), 0);
    assert_eq!(contents(&catalog), [vec![(0, 2), (1, 3), (2, 1)], vec![(0, 2), (1, 3), (2, 1)]]);
}

#[test]
fn of_two_names_of_one_key_each_goes_from_where_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = open(folder.path(), 2);
    publish(&catalog, 0, Some(1));
    merge(&catalog);
    publish(&catalog, 1, Some(1));
    let again = [0, 1].map(|slot| HashUpdate {
        id: EntryId::new(BLOCK, slot),
        expected: file(slot),
        state: HashState::Pending,
        algorithm: Algorithm::Blake3,
        hash: None,
    });
    run(&catalog, move |session| session.publish(again.to_vec()));
    merge(&catalog);
    assert_eq!(contents(&catalog), [vec![], vec![]]);
}

#[test]
fn a_transaction_that_fails_takes_nothing_out_of_what_is_staged() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = open(folder.path(), 1);
    publish(&catalog, 0, Some(1));
    let failed = run(&catalog, |session| {
        let outcome = session.transaction(|session| {
            session.remove_postings(&mut [(content_key(&hash(1), Algorithm::Blake3), EntryId::new(BLOCK, 0))])?;
            Err::<(), _>(CatalogError::Closed)
        });
        Ok(outcome.is_err())
    });
    assert!(failed);
    merge(&catalog);
    assert_eq!(contents(&catalog), [vec![(0, 1)], vec![(0, 1)]]);
}

#[test]
fn a_posting_that_is_out_of_date_has_no_hash() {
    let mut entry = file(0);
    (entry.hash, entry.hash_state) = (Some(hash(1)), HashState::Hashed);
    let (posting, _) = Posting::of(EntryId::new(BLOCK, 0), &entry, false).unwrap();
    assert_eq!(posting.hash_in(&entry), Some(hash(1)));
    entry.hash = Some(hash(2));
    assert_eq!(posting.hash_in(&entry), None);
}
