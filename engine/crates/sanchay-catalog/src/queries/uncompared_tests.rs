//! What was not compared, against a plain count of the files; and which blocks are looked at for it.

use std::sync::Arc;

use proptest::prelude::*;
use sanchay_core::ContentHash;

use super::*;
use crate::block::{encode, Entry, EntryRef};
use crate::queries::RootName;
use crate::writer::{BlockWrite, DirectoryChange, DirectoryRow, HashUpdate};
use crate::{Catalog, CatalogOptions};

const TOP: i64 = 1;

fn directory(id: i64, parent: i64) -> DirectoryChange {
    let mut change = DirectoryChange::new(TOP, id, parent, Arc::default());
    let name = if parent == 0 { b"/top".to_vec() } else { format!("d{id}").into_bytes() };
    change.row =
        Some(DirectoryRow { id, parent, name, volume: 1, inode: 0, mtime_ns: 0, unreadable: false, mounted: false });
    change
}

fn file(size_bytes: u64, hash_state: HashState, algorithm: Algorithm) -> Entry {
    let hash = hash_state.has_hash().then(|| ContentHash::from_bytes([size_bytes as u8; 32]));
    Entry { kind: EntryKind::File, size_bytes, links: 1, hash_state, algorithm, hash, ..Entry::dead() }
}

/// A catalog of one folder for each of `blocks`; of each, its number is the block's and the folder's, from 2.
fn filled(folder: &tempfile::TempDir, blocks: &[Vec<Entry>]) -> Catalog {
    let catalog = Catalog::open(&folder.path().join("catalog.db"), CatalogOptions::default()).unwrap();
    catalog.reserve_blocks(blocks.len() + 2);
    let mut changes = vec![directory(TOP, 0)];
    for (entries, id) in blocks.iter().zip(2..) {
        let mut change = directory(id, TOP);
        let names: Vec<String> = (0..entries.len()).map(|slot| format!("f{slot}")).collect();
        let refs: Vec<_> =
            names.iter().zip(entries).map(|(name, entry)| EntryRef { name: name.as_bytes(), entry: *entry }).collect();
        change.blocks.push(BlockWrite { id, block: encode(&refs), entries: refs.len(), over: false });
        changes.push(change);
    }
    catalog.writer().run(move |session| session.apply(&changes)).unwrap();
    catalog
}

fn root(id: i64, directory: i64, path: &str, compares_sizes: bool) -> RootName {
    RootName { id, name: id.to_string(), path: path.as_bytes().to_vec(), directory, compares_sizes }
}

/// Lets a block look as one from before its contents were noted.
fn forget(catalog: &Catalog, blocks: Vec<i64>) {
    let work = move |session: &mut crate::writer::Session| {
        session.transaction(|session| {
            for block in &blocks {
                session.connection.execute("UPDATE block SET contents = -1 WHERE id = ?1", [block])?;
            }
            Ok(())
        })
    };
    catalog.writer().run(work).unwrap();
}

/// `is_compared`: whether the folder with this number is compared by size.
fn counted(blocks: &[Vec<Entry>], is_compared: impl Fn(i64) -> bool) -> NotCompared {
    let files = || blocks.iter().zip(2..).flat_map(|(entries, id)| entries.iter().map(move |entry| (id, entry)));
    let mut found = NotCompared::default();
    for (id, entry) in files().filter(|(_, entry)| entry.is_file()) {
        let reason = match entry.hash_state {
            HashState::None if entry.size_bytes == 0 || is_compared(id) => continue,
            HashState::Pending | HashState::Unstable if entry.size_bytes == 0 => continue,
            HashState::Hashed | HashState::Racy => continue,
            HashState::None | HashState::Pending => &mut found.not_read,
            HashState::Unreadable => &mut found.unreadable,
            HashState::Unstable => &mut found.unstable,
        };
        *reason += 1;
        found.files += 1;
        found.bytes += entry.size_bytes;
    }
    let hashed = |algorithm| files().filter(move |(_, e)| e.is_file() && e.hash.is_some() && e.algorithm == algorithm);
    let (blake3, sha256) = (Algorithm::Blake3, Algorithm::Sha256);
    let (fewer, more) =
        if hashed(blake3).count() < hashed(sha256).count() { (blake3, sha256) } else { (sha256, blake3) };
    for (_, entry) in hashed(fewer).filter(|(_, entry)| entry.size_bytes > 0) {
        if hashed(more).any(|(_, other)| other.size_bytes == entry.size_bytes) {
            found.other_algorithm += 1;
            found.files += 1;
            found.bytes += entry.size_bytes;
        }
    }
    found
}

fn any_entry() -> impl Strategy<Value = Entry> {
    let states = [
        HashState::Hashed,
        HashState::Racy,
        HashState::None,
        HashState::Pending,
        HashState::Unstable,
        HashState::Unreadable,
    ];
    let kinds = prop_oneof![8 => Just(EntryKind::File), 1 => Just(EntryKind::Symlink), 1 => Just(EntryKind::Dead)];
    (0u64..6, prop_oneof![6 => 0usize..2, 2 => 2usize..6], prop::bool::weighted(0.2), kinds).prop_map(
        move |(size, state, sha256, kind)| {
            let algorithm = if sha256 { Algorithm::Sha256 } else { Algorithm::Blake3 };
            match kind {
                EntryKind::File => file(size, states[state], algorithm),
                EntryKind::Dead => Entry::dead(),
                _ => Entry { kind, size_bytes: size, ..Entry::dead() },
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn what_was_not_compared_is_what_a_plain_count_of_all_files_gives(
        blocks in prop::collection::vec(prop::collection::vec(any_entry(), 0..4), 1..24),
        old in prop::collection::vec(any::<bool>(), 24),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let catalog = filled(&folder, &blocks);
        for is_old in [false, true] {
            if is_old {
                forget(&catalog, (2..).zip(&old).filter(|(_, old)| **old).map(|(id, _)| id).collect());
            }
            for (outer, inner) in [(false, false), (true, true), (false, true), (true, false)] {
                let roots = RootNames(vec![root(1, TOP, "/top", outer), root(2, 2, "/top/d2", inner)]);
                let wanted = counted(&blocks, |id| if id == 2 { inner } else { outer });
                let reader = catalog.reader().unwrap();
                let found = reader.snapshot(|reader| {
                    Uncompared::read(reader, &Parallel::of(catalog.readers(), reader, 2), &roots, &|| {
                        catalog.cache.shape(reader)
                    })
                });
                prop_assert_eq!(found.unwrap().totals, wanted);
            }
        }
    }
}

#[test]
fn a_block_all_of_whose_files_are_hashed_is_not_looked_at_for_what_could_not_be_compared() {
    let folder = tempfile::tempdir().unwrap();
    let hashed = file(5, HashState::Hashed, Algorithm::Blake3);
    let pending = file(7, HashState::Pending, Algorithm::Blake3);
    let empty = file(0, HashState::None, Algorithm::Blake3);
    let catalog = filled(&folder, &[vec![hashed, empty], vec![hashed, pending]]);
    let looked_at = |bits| catalog.reader().unwrap().blocks_with(bits).unwrap();
    assert_eq!(looked_at(contents::OPEN | contents::UNREAD), [3]);
    assert_eq!(catalog.hash_debt().unwrap(), crate::queries::HashDebt { files: 1, bytes: 7 });

    let update = HashUpdate {
        id: EntryId::new(3, 1),
        expected: pending,
        state: HashState::Hashed,
        algorithm: Algorithm::Sha256,
        hash: Some(ContentHash::from_bytes([7; 32])),
    };
    catalog.writer().run(move |session| session.publish(vec![update])).unwrap();
    assert_eq!(looked_at(contents::OPEN | contents::UNREAD), [0; 0]);
    assert_eq!(looked_at(contents::SHA256), [3]);
    assert_eq!(catalog.hash_debt().unwrap(), crate::queries::HashDebt::default());

    forget(&catalog, vec![2]);
    assert_eq!(looked_at(contents::OPEN), [2], "of an older block nothing is known");
    assert_eq!(catalog.hash_debt().unwrap(), crate::queries::HashDebt::default());
}

#[test]
fn blocks_are_found_by_what_they_hold_through_the_index_alone() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = filled(&folder, &[]);
    let reader = catalog.reader().unwrap();
    let plan: String =
        reader.connection.query_row(&format!("EXPLAIN QUERY PLAN {WITH_CONTENTS}"), [0], |row| row.get(3)).unwrap();
    assert!(plan.contains("SEARCH block USING COVERING INDEX block_by_contents (contents=?)"), "{plan}");
}
