//! A folder that is compared in slices is in the catalog as it is on the disk, whatever happened to it between two scans.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use sanchay_catalog::block::{EntryKind, BLOCK_SLOTS};
use sanchay_core::content_hash::hash_bytes;
use sanchay_core::path::bytes_of;
use sanchay_core::{Algorithm, ContentHash};

use super::large::SLICE;
use super::stored::Stored;
use crate::job::ScanResult;
use crate::{Engine, EngineOptions, RootSettings};

/// Files by name, with size and hash.
type Files = BTreeMap<Vec<u8>, (u64, Option<ContentHash>)>;

/// A catalog of a large folder. It lies below the root: one that half of its names go from could be another root.
struct Large {
    engine: Engine,
    root: PathBuf,
    tree: PathBuf,
    _home: tempfile::TempDir,
}

impl Large {
    fn new(settings: &RootSettings) -> Self {
        let home = tempfile::tempdir().unwrap();
        let base = fs::canonicalize(home.path()).unwrap();
        let root = base.join("root");
        let tree = root.join("tree");
        fs::create_dir_all(&tree).unwrap();
        let engine = Engine::open(&base.join("catalog.db"), EngineOptions::default()).unwrap();
        engine.put_root(1, bytes_of(&root), settings).unwrap();
        Self { engine, root, tree, _home: home }
    }

    fn write(&self, numbers: impl IntoIterator<Item = usize>, content: &str) {
        for number in numbers {
            fs::write(self.tree.join(name(number)), content).unwrap();
        }
    }

    fn remove(&self, numbers: impl IntoIterator<Item = usize>) {
        for number in numbers {
            let _ = fs::remove_file(self.tree.join(name(number)));
        }
    }

    fn scan(&self) -> ScanResult {
        self.engine.scan(1, false, "").unwrap().wait(None).unwrap().unwrap()
    }

    /// New, changed and gone.
    fn scan_figures(&self) -> (u64, u64, u64) {
        let result = self.scan();
        (result.added, result.changed, result.removed)
    }

    /// What the catalog has of the folder, and how many blocks that takes.
    fn known(&self) -> (Files, usize) {
        let reader = self.engine.catalog().reader().unwrap();
        let (directory, _) = reader.locate(bytes_of(&self.tree)).unwrap().unwrap();
        let stored = reader.load_directory(directory).unwrap();
        let entries = Stored::new(&stored.blocks).unwrap();
        let living = entries.items.iter().filter(|(_, item)| item.entry.kind != EntryKind::Dead);
        let files = living.map(|(_, item)| (item.name.to_vec(), (item.entry.size_bytes, item.entry.hash)));
        (files.collect(), stored.blocks.len())
    }

    /// Everything that counts is as if the folder had been compared in one piece.
    fn assert_true(&self) {
        let files = on_disk(&self.tree);
        assert_eq!(self.known().0, files);
        assert_eq!(self.engine.catalog().root_figures(bytes_of(&self.root)).unwrap().files, files.len() as u64);
        let report = self.engine.check_catalog(false, false).unwrap();
        assert!(report.faults.is_empty(), "{:?}", report.faults);
    }
}

fn name(number: usize) -> String {
    format!("file-{number}")
}

fn on_disk(tree: &Path) -> Files {
    let entries = fs::read_dir(tree).unwrap().map(|entry| entry.unwrap());
    let files = entries.filter(|entry| entry.file_type().unwrap().is_file()).map(|entry| {
        let content = fs::read(entry.path()).unwrap();
        (bytes_of(&entry.file_name()).to_vec(), (content.len() as u64, Some(hash_bytes(Algorithm::Blake3, &content))))
    });
    files.collect()
}

#[test]
fn a_new_folder_of_any_length_is_whole_and_nothing_is_left_to_do() {
    for count in [SLICE - 1, SLICE, SLICE + 1, 3 * SLICE + 7] {
        let large = Large::new(&RootSettings::default());
        large.write(0..count, "content");
        fs::create_dir(large.tree.join("below")).unwrap();
        assert_eq!(large.scan_figures(), (count as u64, 0, 0), "{count}");
        large.assert_true();
        assert_eq!(large.known().1, count.div_ceil(BLOCK_SLOTS), "the blocks are full");
        assert_eq!(large.scan_figures(), (0, 0, 0), "{count}");
        large.engine.close();
    }
}

#[test]
fn what_comes_takes_the_place_of_what_went_and_what_is_left_out_goes() {
    let large = Large::new(&RootSettings::default());
    let count = 4 * SLICE;
    large.write(0..count, "content");
    large.scan();
    let blocks = large.known().1;
    for day in 1..4 {
        large.remove((day - 1) * 300..day * 300);
        large.write(count + (day - 1) * 300..count + day * 300, "of the day");
        assert_eq!(large.scan_figures(), (300, 0, 300), "day {day}");
        large.assert_true();
    }
    assert!(large.known().1 <= blocks + 1, "{} blocks, {blocks} before", large.known().1);
    let settings = RootSettings { exclude: vec!["file-1*".to_owned()], ..RootSettings::default() };
    let is_left_out = |name: &[u8]| name.starts_with(b"file-1");
    let left_out = on_disk(&large.tree).keys().filter(|name| is_left_out(name)).count() as u64;
    large.engine.put_root(1, bytes_of(&large.root), &settings).unwrap();
    let result = large.scan();
    assert_eq!((result.excluded, result.removed), (left_out, left_out));
    assert!(large.known().0.keys().all(|name| !is_left_out(name)));
    large.engine.close();
}

#[test]
fn a_large_folder_that_shrinks_to_nothing_or_to_folders_is_empty() {
    let large = Large::new(&RootSettings::default());
    large.write(0..3 * SLICE, "content");
    fs::create_dir(large.tree.join("gone")).unwrap();
    large.scan();
    large.remove(0..3 * SLICE);
    fs::remove_dir(large.tree.join("gone")).unwrap();
    fs::create_dir(large.tree.join(name(5))).unwrap();
    fs::write(large.tree.join("gone"), "a file now").unwrap();
    let result = large.scan();
    assert_eq!((result.added, result.removed, result.directories), (1, 3 * SLICE as u64, 3));
    large.assert_true();
    large.engine.close();
}

proptest! {
    // Elsewhere, where making files takes long, a few have to do.
    #![proptest_config(ProptestConfig { cases: if cfg!(windows) { 2 } else { 12 }, ..ProptestConfig::default() })]

    /// Each step removes, changes and adds a stretch of names, then the folder is scanned.
    #[test]
    fn after_any_edits_the_catalog_is_what_is_on_the_disk(
        first in 0..3 * SLICE,
        steps in prop::collection::vec((0..3 * SLICE, 0..SLICE, 0..3 * SLICE, 0..SLICE, 0..3 * SLICE, 0..SLICE), 1..5),
    ) {
        let large = Large::new(&RootSettings::default());
        large.write(0..first, "content");
        large.scan();
        for (number, (gone, many, changed, of, added, more)) in steps.into_iter().enumerate() {
            let before = on_disk(&large.tree);
            large.remove(gone..gone + many);
            let is_there = |number: &usize| large.tree.join(name(*number)).exists();
            large.write((changed..changed + of).filter(is_there), &format!("changed in {number}"));
            large.write((added..added + more).filter(|number| !is_there(number)), &format!("new in {number}"));
            let after = on_disk(&large.tree);
            let figures = large.scan_figures();
            let came = after.keys().filter(|name| !before.contains_key(*name)).count() as u64;
            let went = before.keys().filter(|name| !after.contains_key(*name)).count() as u64;
            prop_assert_eq!((figures.0, figures.2), (came, went));
            large.assert_true();
        }
        large.engine.close();
    }
}
