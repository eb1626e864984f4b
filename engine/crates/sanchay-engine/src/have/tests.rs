//! Answers beside an oracle that reads every file whole, and the cases that it does not make.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use sanchay_core::content_hash::hash_bytes;
use sanchay_core::path::{bytes_of, path_from_bytes};
use sanchay_core::Algorithm;

use super::*;
use crate::engine::{Engine, EngineOptions};
use crate::job::ScanState;
use crate::root_spec::{HashScope, RootSettings};

/// Roots `blake` and `sha`, a card that is none, and the catalog.
struct Place {
    top: PathBuf,
    _kept: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let kept = tempfile::tempdir().unwrap();
        let top = fs::canonicalize(kept.path()).unwrap();
        for folder in ["home", "blake", "sha", "card"] {
            fs::create_dir(top.join(folder)).unwrap();
        }
        Self { top, _kept: kept }
    }

    fn put(&self, path: &str, bytes: &[u8]) -> PathBuf {
        let path = self.top.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    fn engine(&self) -> Engine {
        self.engine_with(HashScope::All)
    }

    /// The same, once the files are so old that their hashes need not be looked at once more.
    fn engine_later(&self) -> Engine {
        let_them_age();
        self.engine()
    }

    /// Both roots are scanned, `blake` with this scope.
    fn engine_with(&self, hash: HashScope) -> Engine {
        let engine = Engine::open(&self.top.join("home/catalog.db"), EngineOptions::default()).unwrap();
        let sha256 = RootSettings { algorithm: "sha256".to_owned(), ..RootSettings::default() };
        for (id, root, settings) in [(1, "blake", RootSettings { hash, ..RootSettings::default() }), (2, "sha", sha256)]
        {
            engine.put_root(id, bytes_of(&self.top.join(root)), &settings).unwrap();
            let scanned = engine.scan(id, false, "").unwrap().wait(None).unwrap().unwrap();
            assert_eq!(scanned.state, ScanState::Done);
        }
        engine
    }
}

/// A file's clock must have ticked since it was written, or a second write could bear the same stamps.
fn let_them_age() {
    std::thread::sleep(std::time::Duration::from_millis(60));
}

fn ask(engine: &Engine, question: HaveQuestion) -> (HaveResult, Vec<HaveRow>) {
    let have = engine.have(question, "").unwrap();
    let result = have.wait(None).unwrap().unwrap();
    let rows = have.rows().page(0, usize::MAX, None, &[]).unwrap();
    assert_eq!(rows.next, None);
    for (state, count) in HaveState::ALL.into_iter().zip(result.rows) {
        assert_eq!(rows.rows.iter().filter(|row| row.state == state).count() as u64, count, "{state:?}");
    }
    (result, rows.rows)
}

fn ask_paths(engine: &Engine, paths: &[&Path]) -> (HaveResult, Vec<HaveRow>) {
    ask(engine, HaveQuestion::Paths(paths.iter().map(|path| bytes_of(path).to_vec()).collect()))
}

fn state_of(engine: &Engine, path: &Path) -> HaveState {
    let (_, rows) = ask_paths(engine, &[path]);
    assert_eq!((rows.len(), rows[0].path.as_slice()), (1, bytes_of(path)));
    rows[0].state
}

/// Every regular file below a folder.
fn files_below(folder: &Path, into: &mut Vec<PathBuf>) {
    for item in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        match item.file_type().unwrap() {
            kind if kind.is_dir() => files_below(&item.path(), into),
            kind if kind.is_file() => into.push(item.path()),
            _ => {}
        }
    }
}

const FOLDERS: [&str; 7] = ["blake", "blake/a", "blake/.Trash-1000/files", "sha", "sha/b", "card", "card/c"];

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn a_file_is_known_where_another_physical_file_of_a_root_has_its_bytes(
        files in proptest::collection::vec((0..FOLDERS.len(), 0usize..5, 0u8..3, proptest::option::of(0usize..20)), 1..20),
        hash in prop_oneof![Just(HashScope::All), Just(HashScope::Duplicates)],
    ) {
        let place = Place::new();
        let mut made: Vec<PathBuf> = Vec::new();
        for (number, (folder, size, fill, link)) in files.into_iter().enumerate() {
            let path = format!("{}/{number}", FOLDERS[folder]);
            match link.and_then(|link| made.get(link)) {
                Some(first) => {
                    let path = place.top.join(path);
                    fs::create_dir_all(path.parent().unwrap()).unwrap();
                    fs::hard_link(first, &path).unwrap();
                    made.push(path);
                }
                None => made.push(place.put(&path, &vec![fill; size])),
            }
        }
        let engine = place.engine_with(hash);
        let folders = ["blake", "sha", "card"].map(|folder| place.top.join(folder));
        let (_, rows) = ask_paths(&engine, &[&folders[0], &folders[1], &folders[2]]);
        let answers: BTreeMap<PathBuf, HaveRow> =
            rows.into_iter().map(|row| (path_from_bytes(&row.path), row)).collect();

        let mut everything = Vec::new();
        for folder in &folders {
            files_below(folder, &mut everything);
        }
        prop_assert_eq!(answers.len(), everything.len());
        let identity = |path: &Path| fs::metadata(path).map(|stat| (stat.dev(), stat.ino())).unwrap();
        let is_copy = |path: &Path| !path.starts_with(&folders[2]) && !bytes_of(path).windows(6).any(|part| part == b".Trash");
        let mut by_content: HashMap<Vec<u8>, Vec<PathBuf>> = HashMap::new();
        for path in everything.iter().filter(|path| is_copy(path)) {
            by_content.entry(fs::read(path).unwrap()).or_default().push(path.clone());
        }
        for path in &everything {
            let row = &answers[path];
            let mut others: Vec<&PathBuf> = by_content
                .get(&fs::read(path).unwrap())
                .map(|others| others.iter().filter(|other| identity(other) != identity(path)).collect())
                .unwrap_or_default();
            let expected = if others.is_empty() { HaveState::New } else { HaveState::Known };
            prop_assert_eq!(row.state, expected, "{}", path.display());
            for copy in &row.copies {
                let copy = path_from_bytes(&copy.path);
                let at = others.iter().position(|other| **other == copy);
                prop_assert!(at.is_some(), "{} is not a copy of {}", copy.display(), path.display());
                others.remove(at.unwrap());
            }
        }
    }
}

#[test]
fn a_size_that_no_file_has_is_new_and_nothing_of_it_is_read() {
    let place = Place::new();
    place.put("blake/a", b"12345");
    let engine = place.engine();
    let sparse = place.put("card/sparse", b"");
    fs::File::options().write(true).open(&sparse).unwrap().set_len(1 << 40).unwrap();
    let (result, rows) = ask_paths(&engine, &[&sparse]);
    assert_eq!((rows[0].state, result.hashed_files, result.hashed_bytes), (HaveState::New, 0, 0));
    assert_eq!((result.bytes, result.new_bytes), (1 << 40, 1 << 40));
}

#[test]
fn equal_sizes_are_told_apart_and_a_copy_by_the_other_algorithm_is_found() {
    let place = Place::new();
    place.put("blake/a", b"aaaaa");
    place.put("sha/b", b"bbbbb");
    let engine = place.engine();
    let known = ["aaaaa", "bbbbb"].map(|bytes| place.put(&format!("card/{bytes}"), bytes.as_bytes()));
    let new = place.put("card/c", b"ccccc");
    assert_eq!(state_of(&engine, &known[0]), HaveState::Known);
    assert_eq!(state_of(&engine, &new), HaveState::New);
    let (result, rows) = ask_paths(&engine, &[&known[1]]);
    assert_eq!(rows[0].copies[0].path, bytes_of(&place.top.join("sha/b")));
    assert_eq!((rows[0].copies[0].root_id, rows[0].copies[0].volume.is_some()), (2, true));
    assert_eq!(result.state, ScanState::Done);
}

#[test]
fn a_copy_counts_only_while_it_is_there_as_it_was_read() {
    let place = Place::new();
    let copy = place.put("blake/sub/a", b"aaaaa");
    let engine = place.engine_later();
    let card = place.put("card/a", b"aaaaa");
    assert_eq!(state_of(&engine, &card), HaveState::Known);
    fs::write(&copy, b"bbbbb").unwrap();
    assert_eq!(state_of(&engine, &card), HaveState::Maybe, "what it holds now, no one has read");
    fs::remove_file(&copy).unwrap();
    assert_eq!(state_of(&engine, &card), HaveState::New);
    fs::rename(place.top.join("blake"), place.top.join("away")).unwrap();
    let (_, rows) = ask_paths(&engine, &[&card]);
    assert_eq!(rows[0].state, HaveState::Offline);
    assert!(rows[0].copies[0].offline && rows[0].copies[0].path == bytes_of(&copy));
    fs::create_dir(place.top.join("blake")).unwrap();
    assert_eq!(state_of(&engine, &card), HaveState::Offline, "an empty folder is left where a disk was");
}

#[test]
fn what_is_not_to_be_hashed_leaves_files_of_its_size_open() {
    let place = Place::new();
    place.put("blake/a", b"aaaaa");
    place.put("blake/.Trash-1000/files/b", b"aaaaaaa");
    let engine = place.engine_with(HashScope::None);
    let (result, rows) = ask_paths(&engine, &[&place.put("card/a", b"aaaaa")]);
    assert_eq!((rows[0].state, result.rows[HaveState::Maybe as usize]), (HaveState::Maybe, 1));
    assert!(rows[0].reason.contains("blake/a"), "{}", rows[0].reason);
    assert_eq!(state_of(&engine, &place.put("card/b", b"aaaaaaa")), HaveState::New, "a trash leaves nothing open");
    assert_eq!(state_of(&engine, &place.put("card/c", b"cc")), HaveState::New);
}

#[test]
fn what_was_read_for_an_answer_is_kept() {
    let place = Place::new();
    place.put("blake/a", b"aaaaa");
    let engine = place.engine_with(HashScope::Duplicates);
    let card = place.put("card/a", b"aaaaa");
    let (first, _) = ask_paths(&engine, &[&card]);
    // Until it is known how the other one is hashed, the file is hashed in both ways that are in use.
    assert_eq!((first.rows[HaveState::Known as usize], first.hashed_files), (1, 3));
    let_them_age();
    ask_paths(&engine, &[&card]);
    let (last, _) = ask_paths(&engine, &[&card]);
    assert_eq!((last.rows[HaveState::Known as usize], last.hashed_files), (1, 1));
}

#[test]
fn a_file_in_a_root_is_not_its_own_copy_and_neither_are_its_links() {
    let place = Place::new();
    let file = place.put("blake/a", b"aaaaa");
    fs::hard_link(&file, place.top.join("blake/b")).unwrap();
    fs::hard_link(&file, place.top.join("card/c")).unwrap();
    let engine = place.engine();
    assert_eq!(state_of(&engine, &file), HaveState::New);
    assert_eq!(state_of(&engine, &place.top.join("card/c")), HaveState::New);
}

#[test]
fn names_are_bytes_links_are_not_followed_and_special_files_are_never_opened() {
    let place = Place::new();
    place.put("blake/a", b"aaaaa");
    let engine = place.engine();
    let card = place.top.join("card");
    let odd: [&[u8]; 3] = [b"\xff", b"new\nline", &[b'n'; 255]];
    for name in odd {
        fs::write(card.join(std::ffi::OsStr::from_bytes(name)), b"aaaaa").unwrap();
    }
    let _socket = std::os::unix::net::UnixListener::bind(card.join("socket")).unwrap();
    std::os::unix::fs::symlink("\u{fffd}", card.join("link")).unwrap();
    let (result, rows) = ask_paths(&engine, &[&card]);
    let mut names: Vec<Vec<u8>> =
        rows.iter().map(|row| bytes_of(path_from_bytes(&row.path).file_name().unwrap()).to_vec()).collect();
    names.sort();
    let mut expected: Vec<Vec<u8>> = odd.iter().map(|name| name.to_vec()).collect();
    expected.sort();
    assert_eq!(names, expected);
    assert_eq!((result.special, result.symlinks, result.errors), (1, 1, 0));
    assert_eq!(result.rows[HaveState::Known as usize], 3);
    // Named, they are told of.
    let (result, rows) = ask_paths(&engine, &[&card.join("socket"), &card.join("link"), &card.join("missing")]);
    assert!(rows.iter().all(|row| row.state == HaveState::Unreadable && !row.reason.is_empty()), "{rows:?}");
    assert_eq!((rows.len(), result.state, result.error_list.len()), (3, ScanState::Partial, 3));
}

#[test]
fn the_daemons_own_catalog_is_never_opened() {
    let place = Place::new();
    let engine = place.engine();
    let (_, rows) = ask_paths(&engine, &[&place.top.join("home")]);
    let catalog = rows.iter().find(|row| row.path.ends_with(b"/catalog.db")).unwrap();
    assert_eq!(catalog.state, HaveState::Unreadable);
}

#[test]
fn hashes_are_looked_up_and_a_doubt_is_told() {
    let place = Place::new();
    place.put("blake/a", b"aaaaa");
    place.put("blake/empty", b"");
    place.put("sha/b", b"bbbbb");
    let engine = place.engine_later();
    let line = |bytes: &[u8], of: Algorithm, said: Option<Algorithm>| ListedHash {
        name: b"x\xff".to_vec(),
        hash: hash_bytes(of, bytes),
        algorithm: said,
    };
    let (blake3, sha256) = (Algorithm::Blake3, Algorithm::Sha256);
    let states = |engine: &Engine, lines: Vec<ListedHash>| {
        let (result, rows) = ask(engine, HaveQuestion::Hashes(lines));
        assert_eq!(result.hashed_files, 0);
        rows.into_iter().map(|row| row.state).collect::<Vec<_>>()
    };
    let asked = vec![
        line(b"aaaaa", blake3, Some(blake3)),
        line(b"bbbbb", sha256, None),
        line(b"", blake3, Some(blake3)),
        line(b"aaaaa", sha256, Some(sha256)),
        line(b"ccccc", blake3, None),
    ];
    // What is hashed by the other algorithm may be it.
    let (known, maybe) = (HaveState::Known, HaveState::Maybe);
    assert_eq!(states(&engine, asked), [known, known, known, maybe, maybe]);
    engine.remove_root(2).unwrap();
    let asked = || vec![line(b"ccccc", blake3, Some(blake3)), line(b"ccccc", blake3, None)];
    assert_eq!(states(&engine, asked()), [HaveState::New, maybe], "a list that does not say of what it is");
    fs::create_dir(place.top.join("none")).unwrap();
    place.put("none/c", b"ccccc");
    let settings = RootSettings { hash: HashScope::None, ..RootSettings::default() };
    engine.put_root(3, bytes_of(&place.top.join("none")), &settings).unwrap();
    engine.scan(3, false, "").unwrap().wait(None).unwrap().unwrap();
    assert_eq!(states(&engine, asked()), [maybe, maybe]);
}

#[test]
fn a_cancelled_answer_ends_and_so_does_one_whose_catalog_is_closed() {
    let place = Place::new();
    place.put("blake/a", b"aaaaa");
    let engine = place.engine();
    let card = place.put("card/a", b"aaaaa");
    let paths = || HaveQuestion::Paths(vec![bytes_of(&card).to_vec()]);
    let have = engine.have(paths(), "").unwrap();
    have.pause();
    have.cancel();
    let result = have.wait(None).unwrap().unwrap();
    assert!(matches!(result.state, ScanState::Cancelled | ScanState::Done), "{:?}", result.state);
    engine.close();
    assert!(engine.have(paths(), "").is_err());
}
