//! Rows are made to disagree by hand, each kind; a check says which, mends them, and finds nothing any more.

use std::path::Path;
use std::sync::Arc;

use sanchay_core::{Algorithm, ContentHash};

use super::*;
use crate::block::{encode, Entry, EntryId, EntryKind, EntryRef, HashState};
use crate::content::{usual_allocation, Posting, Staged};
use crate::writer::{BlockWrite, DirectoryChange, DirectoryRow};
use crate::CatalogOptions;

fn folder(id: i64, parent: i64, blocks: &[i64]) -> DirectoryChange {
    let mut change = DirectoryChange::new(1, id, parent, Arc::default());
    let name = if parent == 0 { b"/top".to_vec() } else { format!("folder{id}").into_bytes() };
    change.row =
        Some(DirectoryRow { id, parent, name, volume: 1, inode: 0, mtime_ns: 0, unreadable: false, mounted: false });
    change.usage.directories = 1;
    for &block in blocks {
        let names: Vec<String> = (0..40).map(|slot| format!("file{slot}.txt")).collect();
        let entries: Vec<EntryRef<'_>> = names
            .iter()
            .enumerate()
            .map(|(slot, name)| {
                let mut entry = Entry::dead();
                entry.kind = EntryKind::File;
                (entry.size_bytes, entry.inode, entry.links) = (100, (block * 256) as u64 + slot as u64, 1);
                entry.allocated_bytes = usual_allocation(100);
                (entry.mtime_ns, entry.hash_state) = (block * 86_400_000_000_000, HashState::Hashed);
                // Every content is in two blocks.
                let head = (slot as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (block as u64 / 2) << 7;
                let mut bytes = [0; 32];
                bytes[..8].copy_from_slice(&head.to_be_bytes());
                (entry.hash, entry.algorithm) = (Some(ContentHash::from_bytes(bytes)), Algorithm::Blake3);
                change.usage.count(&entry, 1);
                change.rollups.count(&entry, 1);
                let (posting, hash) = Posting::of(EntryId::new(block, slot), &entry, false).unwrap();
                change.staged.push(Staged { posting, hash });
                EntryRef { name: name.as_bytes(), entry }
            })
            .collect();
        change.blocks.push(BlockWrite { id: block, block: encode(&entries), entries: 40, over: false });
    }
    change
}

fn open(path: &Path) -> Catalog {
    Catalog::open(&path.join("catalog.db"), CatalogOptions::default()).unwrap()
}

fn filled(path: &Path) -> Catalog {
    let catalog = open(path);
    catalog.reserve_blocks(20);
    for _ in 0..20 {
        catalog.next_directory_id();
    }
    catalog
        .writer()
        .run(|session| {
            session.connection.execute("INSERT INTO volume (id, identity, reflink) VALUES (1, x'00', 0)", [])?;
            session.apply(&[
                folder(1, 0, &[]),
                folder(2, 1, &[2, 3]),
                folder(3, 1, &[]),
                folder(4, 3, &[4, 5, 6, 7]),
                folder(5, 4, &[8, 9]),
            ])?;
            session.merge_content(&mut |_| std::ops::ControlFlow::Continue(()))
        })
        .unwrap();
    catalog.build_name_index(catalog.last_block(), &|| true).unwrap();
    catalog
}

fn checked(catalog: &Catalog, repair: bool) -> Vec<FaultKind> {
    let report = catalog.check(repair, &|| true).unwrap();
    assert!(report.complete);
    assert!(report.faults.iter().all(|fault| fault.mended == repair), "{:?}", report.faults);
    report.faults.iter().map(|fault| fault.kind).collect()
}

fn change(catalog: &Catalog, sql: &'static str) {
    catalog.writer().run(move |session| Ok(session.connection.execute_batch(sql)?)).unwrap();
}

/// Statements, and the kinds of faults that are found first; those of totals may follow from others.
const BROKEN: [(&str, FaultKind); 14] = [
    ("UPDATE directory SET parent = 900 WHERE id = 4", FaultKind::OrphanFolders),
    ("UPDATE directory SET parent = 5 WHERE id = 4", FaultKind::OrphanFolders),
    ("DELETE FROM directory WHERE id = 2", FaultKind::LostBlocks),
    ("DELETE FROM block_detail WHERE id = 5", FaultKind::LostBlocks),
    ("INSERT INTO usage VALUES (800, 1, 1, 1, 1, 1, -1)", FaultKind::Leftovers),
    ("UPDATE usage SET files = files + 3 WHERE directory = 3", FaultKind::Totals),
    ("DELETE FROM usage WHERE directory = 4", FaultKind::Totals),
    ("UPDATE rollup SET bytes = bytes + 1 WHERE kind = 0", FaultKind::Rollups),
    ("DELETE FROM rollup WHERE kind = 3", FaultKind::Rollups),
    ("DELETE FROM block WHERE id = 9; DELETE FROM block_detail WHERE id = 9", FaultKind::GhostKeys),
    ("DELETE FROM content_chunk", FaultKind::MissingKeys),
    ("DELETE FROM duplicate_group WHERE key < 0", FaultKind::Groups),
    ("UPDATE meta SET value = value + 212 WHERE key = 'redundant_copies'", FaultKind::Counters),
    ("DELETE FROM name_index WHERE rowid IN (1025, 1026)", FaultKind::Names),
];

#[test]
fn every_kind_of_rows_that_disagree_is_found_mended_and_gone() {
    for (sql, kind) in BROKEN {
        let place = tempfile::tempdir().unwrap();
        let catalog = filled(place.path());
        assert_eq!(checked(&catalog, false), []);
        change(&catalog, sql);
        let found = checked(&catalog, false);
        assert!(found.contains(&kind), "{sql}: {found:?}");
        assert!(!checked(&catalog, true).is_empty(), "{sql}");
        assert_eq!(checked(&catalog, false), [], "{sql}");
        assert!(catalog.checked_s().unwrap() > 0);
    }
}

#[test]
fn an_opening_mends_what_its_counters_tell() {
    for (sql, kind) in BROKEN {
        let told = !matches!(kind, FaultKind::GhostKeys | FaultKind::MissingKeys | FaultKind::Names);
        let place = tempfile::tempdir().unwrap();
        let catalog = filled(place.path());
        change(&catalog, sql);
        catalog.close();
        let catalog = open(place.path());
        assert!(!catalog.check_at_opening(), "it is small");
        // Names that went from a block, and bytes, are seen by a look into the blocks alone.
        if told && !sql.contains("block_detail") {
            assert_eq!(checked(&catalog, false), [], "{sql}");
        }
    }
}

#[test]
fn a_check_that_is_broken_off_says_so_and_changes_nothing_more() {
    let place = tempfile::tempdir().unwrap();
    let catalog = filled(place.path());
    change(&catalog, "UPDATE usage SET files = files + 3 WHERE directory = 3");
    let report = catalog.check(true, &|| false).unwrap();
    assert!(!report.complete && !report.is_sound() && !report.is_mended());
    assert_eq!(checked(&catalog, true), [FaultKind::Totals]);
}

#[test]
fn keys_that_wait_to_be_merged_are_not_missing() {
    let place = tempfile::tempdir().unwrap();
    let catalog = filled(place.path());
    catalog
        .writer()
        .run(|session| {
            let change = folder(6, 1, &[21, 22]);
            session.apply(&[change])
        })
        .unwrap();
    assert_eq!(checked(&catalog, true), []);
}
