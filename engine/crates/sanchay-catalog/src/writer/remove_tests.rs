//! A large removal, whole, broken off after each of its steps, and killed there.

use std::cell::Cell;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use sanchay_core::{Algorithm, ContentHash};

use super::*;
use crate::block::{encode, Entry, EntryKind, EntryRef, HashState, BLOCK_SLOTS};
use crate::content::{for_each_piece, usual_allocation, Staged};
use crate::writer::{BlockWrite, DirectoryChange, DirectoryRow, HashUpdate};
use crate::CatalogOptions;

/// More than one transaction forgets, in folders that one transaction forgets many of.
const LARGE_BLOCKS: i64 = TRANSACTION_ENTRIES / BLOCK_SLOTS as i64 + 20;
const BLOCKS_IN_FOLDER: i64 = 8;
const TOP: i64 = 1;
const STAYS: i64 = 2;
const GOES: i64 = 3;

/// Contents come in fours, from all over; every eleventh is the same.
fn content(block: i64, slot: usize) -> ContentHash {
    let number = block as usize * BLOCK_SLOTS + slot;
    let same = if number.is_multiple_of(11) { 7 } else { number % (LARGE_BLOCKS as usize * BLOCK_SLOTS / 4) };
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&(same as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    ContentHash::from_bytes(bytes)
}

fn folder(id: i64, parent: i64, blocks: std::ops::Range<i64>) -> DirectoryChange {
    let mut change = DirectoryChange::new(TOP, id, parent, Arc::default());
    let name = if parent == 0 { b"/top".to_vec() } else { format!("folder{id}").into_bytes() };
    change.row =
        Some(DirectoryRow { id, parent, name, volume: 1, inode: 0, mtime_ns: 0, unreadable: false, mounted: false });
    change.usage.directories = 1;
    for block in blocks {
        let names: Vec<String> = (0..BLOCK_SLOTS).map(|slot| format!("file{slot}")).collect();
        let entries: Vec<EntryRef<'_>> = names
            .iter()
            .enumerate()
            .map(|(slot, name)| {
                let mut entry = Entry::dead();
                entry.kind = EntryKind::File;
                (entry.size_bytes, entry.inode, entry.links) = (100, (block * 256) as u64 + slot as u64, 1);
                entry.allocated_bytes = usual_allocation(100);
                (entry.hash, entry.hash_state) = (Some(content(block, slot)), HashState::Hashed);
                entry.algorithm = Algorithm::Blake3;
                change.usage.count(&entry, 1);
                change.rollups.count(&entry, 1);
                let (posting, hash) = Posting::of(EntryId::new(block, slot), &entry, false).unwrap();
                change.staged.push(Staged { posting, hash });
                EntryRef { name: name.as_bytes(), entry }
            })
            .collect();
        change.blocks.push(BlockWrite { id: block, block: encode(&entries), entries: BLOCK_SLOTS, over: false });
    }
    change
}

fn open(folder: &Path) -> Catalog {
    Catalog::open(&folder.join("catalog.db"), CatalogOptions::default()).unwrap()
}

/// A catalog with a folder that stays and one that goes; the latter holds most of the files.
fn filled(path: &Path) -> Catalog {
    let catalog = open(path);
    let last = 20 + LARGE_BLOCKS;
    catalog.reserve_blocks(last as usize);
    for _ in 0..200 {
        catalog.next_directory_id();
    }
    catalog
        .writer()
        .run(move |session| {
            session.connection.execute("INSERT INTO volume (id, identity, reflink) VALUES (1, x'00', 0)", [])?;
            let mut batch = vec![folder(TOP, 0, 0..0), folder(STAYS, TOP, 1..20), folder(GOES, TOP, 20..22)];
            for (number, from) in (22..last).step_by(BLOCKS_IN_FOLDER as usize).enumerate() {
                batch.push(folder(10 + number as i64, GOES, from..(from + BLOCKS_IN_FOLDER).min(last)));
            }
            session.apply(&batch)?;
            session.merge_content(&mut |_| ControlFlow::Continue(()))
        })
        .unwrap();
    catalog
}

/// The postings that the index holds and those of the entries, the stored totals and groups and those of a count.
type Seen = (Vec<(i64, u64)>, Vec<(i64, u64)>, [i64; 2], [i64; 2]);

fn seen(catalog: &Catalog) -> Seen {
    let see = |session: &mut Session| {
        session.merge_content(&mut |_| ControlFlow::Continue(()))?;
        let (mut indexed, mut stored) = (Vec::new(), Vec::new());
        for_each_piece(&session.connection, i64::MIN, i64::MAX, &mut |piece| {
            indexed.extend((0..piece.len()).map(|index| piece.get(index).order()));
            Ok(ControlFlow::Continue(()))
        })?;
        let blocks: Vec<i64> = session
            .connection
            .prepare("SELECT id FROM block")?
            .query_map([], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        for block in blocks {
            session.with_block(block, |view| {
                view.for_each(|slot, item| {
                    let posting = Posting::of(EntryId::new(block, slot), &item.entry, false);
                    stored.extend(posting.map(|(posting, _)| posting.order()));
                })
            })?;
        }
        stored.sort_unstable();
        let groups = stored.chunk_by(|a, b| a.0 == b.0).filter(|group| group.len() > 1);
        let counted =
            groups.fold([0; 2], |[groups, redundant], group| [groups + 1, redundant + group.len() as i64 - 1]);
        let total = [session.meta("duplicate_groups")?, session.meta("redundant_copies")?];
        let rows: [i64; 2] =
            session.connection.query_row("SELECT count(*), sum(copies - 1) FROM duplicate_group", [], |row| {
                Ok([row.get(0)?, row.get(1)?])
            })?;
        assert_eq!(rows, total);
        Ok((indexed, stored, total, counted))
    };
    catalog.writer().run(see).unwrap()
}

fn assert_consistent(catalog: &Catalog, why: &str) -> usize {
    let (indexed, stored, total, counted) = seen(catalog);
    assert!(indexed == stored, "{why}: {} in the index, {} stored", indexed.len(), stored.len());
    assert_eq!(total, counted, "{why}");
    stored.len()
}

/// Removes the large folder in this many steps at most.
fn remove(catalog: &Catalog, steps: usize) -> Removed {
    let left = Cell::new(steps);
    let go_on = || left.replace(left.get().saturating_sub(1)) > 0;
    catalog.remove_subtree(TOP, GOES, &go_on).unwrap()
}

#[test]
fn a_large_removal_is_consistent_however_far_it_came() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = filled(folder.path());
    let all = assert_consistent(&catalog, "filled");
    let (mut removed, mut rounds) = (0, 0);
    while removed < LARGE_BLOCKS as u64 * BLOCK_SLOTS as u64 {
        rounds += 1;
        removed += remove(&catalog, 3).files;
        assert_eq!(assert_consistent(&catalog, "broken off") as u64, all as u64 - removed);
    }
    assert!(rounds > 1);
    assert_eq!(catalog.writer().run(|session| session.usage_of(TOP)).unwrap().files, 19 * BLOCK_SLOTS as i64);
    let open = catalog.writer().run(|session| {
        let sql = "SELECT (SELECT count(*) FROM change_open), (SELECT count(*) FROM content_pending)";
        Ok(session.connection.query_row(sql, [], |row| Ok([row.get::<_, i64>(0)?, row.get(1)?]))?)
    });
    assert_eq!(open.unwrap(), [0, 0], "nothing is left open");
}

#[test]
fn a_kill_in_a_large_removal_loses_no_key_of_what_is_left() {
    for steps in 1..5 {
        let folder = tempfile::tempdir().unwrap();
        let catalog = filled(folder.path());
        let killed = catalog.writer().run(move |session| {
            let mut removal = session.begin_removal(TOP, GOES, ChangeKind::Removed)?;
            for _ in 0..steps {
                session.remove_some(&mut removal)?;
            }
            // A scan of another root ends in between.
            session.staged.extend(self::folder(STAYS, TOP, 1..2).staged);
            session.merge_content(&mut |_| ControlFlow::Continue(()))?;
            Ok(removal.removed.files)
        });
        drop(catalog);
        let catalog = open(folder.path());
        let left = assert_consistent(&catalog, &format!("killed after {steps} steps"));
        assert_eq!(left as u64, (19 + LARGE_BLOCKS as u64) * BLOCK_SLOTS as u64 - killed.unwrap());
    }
}

#[test]
fn names_of_a_large_part_go_with_their_index_and_the_others_are_indexed_again() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = filled(folder.path());
    catalog.build_name_index(catalog.last_block(), &|| true).unwrap();
    assert_eq!(remove(&catalog, usize::MAX).files, LARGE_BLOCKS as u64 * BLOCK_SLOTS as u64);
    assert!(!catalog.name_index_ready());
    let names = |catalog: &Catalog| {
        let (mut found, reader) = (0, catalog.reader().unwrap());
        let mut count = |_| {
            found += 1;
            Ok(true)
        };
        reader.names_containing("file", 0, i64::MAX as u64, &mut count).unwrap();
        found
    };
    assert_eq!(names(&catalog), 0);
    catalog.build_name_index(catalog.last_block(), &|| true).unwrap();
    assert_eq!(names(&catalog), 19 * BLOCK_SLOTS);
}

/// What reading an entry of the folder that goes gave, with another content than before.
fn read_again(block: i64, slot: usize) -> HashUpdate {
    let mut expected = Entry::dead();
    expected.kind = EntryKind::File;
    (expected.size_bytes, expected.inode) = (100, (block * 256) as u64 + slot as u64);
    let hash = Some(ContentHash::from_bytes([0x5a; 32]));
    let (id, algorithm) = (EntryId::new(block, slot), Algorithm::Blake3);
    HashUpdate { id, expected, state: HashState::Hashed, algorithm, hash }
}

#[test]
fn hashes_that_come_while_a_large_folder_goes_leave_no_keys_behind() {
    let last = 20 + LARGE_BLOCKS;
    for merges in [false, true] {
        let place = tempfile::tempdir().unwrap();
        let catalog = filled(place.path());
        let left = catalog.writer().run(move |session| {
            let mut removal = session.begin_removal(TOP, GOES, ChangeKind::Removed)?;
            let mut slot = 0;
            while !removal.is_done() {
                // A scan of another root reads files here in between, and its keys are merged or wait.
                let updates = [20, 25, last / 2, last - 1].map(|block| read_again(block, slot)).to_vec();
                session.publish(updates)?;
                if merges {
                    session.merge_content(&mut |_| ControlFlow::Continue(()))?;
                }
                session.remove_some(&mut removal)?;
                slot += 1;
            }
            assert!(slot > 3);
            assert!(session.unindexed.is_empty());
            Ok(session.staged_len())
        });
        assert_eq!(left.unwrap(), 0);
        assert_eq!(assert_consistent(&catalog, "removed"), 19 * BLOCK_SLOTS);
    }
}

#[test]
fn a_large_removal_that_a_full_disk_holds_up_goes_on_from_where_it_was() {
    for refused in 0..6 {
        let place = tempfile::tempdir().unwrap();
        let catalog = filled(place.path());
        let removed = catalog.writer().run(move |session| {
            let mut removal = session.begin_removal(TOP, GOES, ChangeKind::Removed)?;
            let mut step = 0;
            while !removal.is_done() {
                if step == refused {
                    session.connection.execute_batch(
                        "CREATE TEMP TRIGGER refuse BEFORE UPDATE ON meta BEGIN SELECT RAISE(ABORT, 'no room'); END",
                    )?;
                    assert!(session.remove_some(&mut removal).is_err());
                    session.connection.execute_batch("DROP TRIGGER refuse")?;
                }
                session.remove_some(&mut removal)?;
                step += 1;
            }
            Ok((removal.removed.files, session.pending_keepers))
        });
        assert_eq!(removed.unwrap(), (LARGE_BLOCKS as u64 * BLOCK_SLOTS as u64, 0));
        assert_eq!(assert_consistent(&catalog, "removed"), 19 * BLOCK_SLOTS);
    }
}
