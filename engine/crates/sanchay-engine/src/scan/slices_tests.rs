//! A folder that goes to the writer in pieces is in the catalog as if it had gone there whole.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use sanchay_catalog::block::{EntryKind, BLOCK_SLOTS};
use sanchay_core::path::bytes_of;
use sanchay_core::ContentHash;

use super::stored::Stored;
use crate::{Engine, EngineOptions, RootSettings};

fn engine(home: &Path, name: &str) -> Engine {
    Engine::open(&home.join(name), EngineOptions::default()).unwrap()
}

fn scan(engine: &Engine, tree: &Path) -> (u64, u64, u64, u64) {
    engine.put_root(1, bytes_of(tree), &RootSettings::default()).unwrap();
    let result = engine.scan(1, false, "").unwrap().wait(None).unwrap().unwrap();
    (result.files, result.directories, result.added, result.changed + result.removed)
}

/// What the catalog has of the folder: its files by name with size and hash, and how many blocks they take.
fn known(engine: &Engine, tree: &Path) -> (BTreeMap<Vec<u8>, (u64, Option<ContentHash>)>, usize) {
    let reader = engine.catalog().reader().unwrap();
    let (directory, _) = reader.locate(bytes_of(tree)).unwrap().unwrap();
    let stored = reader.load_directory(directory).unwrap();
    let entries = Stored::new(&stored.blocks).unwrap();
    let living = entries.items.iter().filter(|(_, item)| item.entry.kind != EntryKind::Dead);
    let files = living.map(|(_, item)| (item.name.to_vec(), (item.entry.size_bytes, item.entry.hash))).collect();
    (files, stored.blocks.len())
}

fn write(tree: &Path, numbers: std::ops::Range<usize>) {
    for number in numbers {
        fs::write(tree.join(format!("file-{number}")), b"x".repeat(number % 7)).unwrap();
    }
}

#[test]
fn a_folder_in_pieces_is_the_folder_in_one() {
    for count in [BLOCK_SLOTS, BLOCK_SLOTS + 1, 3 * BLOCK_SLOTS + 7] {
        let place = tempfile::tempdir().unwrap();
        let home = fs::canonicalize(place.path()).unwrap();
        let tree = home.join("tree");
        fs::create_dir_all(tree.join("below")).unwrap();
        fs::write(tree.join("below/file"), "below").unwrap();
        write(&tree, 0..count);
        let in_pieces = engine(&home, "pieces.db");
        let files = count as u64 + 1;
        assert_eq!(scan(&in_pieces, &tree), (files, 2, files, 0), "{count}");
        assert_eq!(scan(&in_pieces, &tree), (files, 2, 0, 0), "{count}: nothing is left to do");

        // A folder of which something is known already goes in one piece.
        let whole = home.join("whole");
        fs::create_dir_all(whole.join("below")).unwrap();
        fs::write(whole.join("below/file"), "below").unwrap();
        write(&whole, 0..count.min(1));
        let in_one = engine(&home, "one.db");
        scan(&in_one, &whole);
        write(&whole, 1..count);
        scan(&in_one, &whole);

        assert_eq!(known(&in_pieces, &tree), known(&in_one, &whole), "{count}");
        let totals = |engine: &Engine, tree: &Path| engine.catalog().root_figures(bytes_of(tree)).unwrap().files;
        assert_eq!((totals(&in_pieces, &tree), totals(&in_one, &whole)), (files, files));
        let report = in_pieces.check_catalog(false, false).unwrap();
        assert!(report.faults.is_empty(), "{count}: {:?}", report.faults);
        in_pieces.close();
        in_one.close();
    }
}
