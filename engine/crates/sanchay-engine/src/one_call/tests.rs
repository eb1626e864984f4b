//! The three calls over small trees.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, UInt32Type, UInt64Type};
use sanchay_core::content_hash::hash_bytes;
use sanchay_core::path::bytes_of;
use sanchay_core::Algorithm;
use tempfile::TempDir;

use super::{checksum, find_duplicates, DuplicateGroup, Stop, Walk};
use crate::error::{EngineError, ErrorKind};

struct Tree(TempDir);

impl Tree {
    fn new(files: &[(&str, &[u8])]) -> Self {
        let tree = Self(tempfile::tempdir().unwrap());
        for (name, content) in files {
            let path = tree.at(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        tree
    }

    fn at(&self, name: &str) -> PathBuf {
        sanchay_core::path::absolute(self.0.path(), name.as_bytes())
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        bytes_of(&self.at(name)).to_vec()
    }

    fn root(&self) -> Vec<u8> {
        bytes_of(self.0.path()).to_vec()
    }

    fn duplicates(&self, min_size_bytes: u64) -> Vec<DuplicateGroup> {
        duplicates(&[self.root()], min_size_bytes).unwrap()
    }
}

fn duplicates(paths: &[Vec<u8>], min_size_bytes: u64) -> Result<Vec<DuplicateGroup>, EngineError> {
    find_duplicates(paths, min_size_bytes, 2, &Stop::default())
}

fn paths(group: &DuplicateGroup) -> Vec<Vec<u8>> {
    group.paths.iter().map(|path| path.path.clone()).collect()
}

/// Sizes by path of all that a walk finds.
fn walked(paths: &[Vec<u8>], batch_rows: usize) -> BTreeMap<Vec<u8>, u64> {
    let mut rows = BTreeMap::new();
    for batch in Walk::new(paths, batch_rows).unwrap().batches() {
        let batch = batch.unwrap();
        assert!((1..=batch_rows).contains(&batch.num_rows()));
        let (path, name) = (batch.column(0).as_binary::<i32>(), batch.column(1).as_binary::<i32>());
        let size = batch.column(2).as_primitive::<UInt64Type>();
        for row in 0..batch.num_rows() {
            assert!(path.value(row).ends_with(name.value(row)));
            assert_eq!(rows.insert(path.value(row).to_vec(), size.value(row)), None, "a path came twice");
        }
    }
    rows
}

fn one_checksum(path: Vec<u8>) -> Result<sanchay_core::ContentHash, EngineError> {
    checksum(&[path], Algorithm::Blake3, 1, &Stop::default()).unwrap().remove(0)
}

fn large(middle: u8) -> Vec<u8> {
    let mut bytes = vec![7; 300_000];
    bytes[150_000] = middle;
    bytes
}

#[test]
fn most_to_win_comes_first_and_unique_files_do_not_come() {
    let tree = Tree::new(&[
        ("a/small", b"xx"),
        ("b/small", b"xx"),
        ("b/other", b"yy"),
        ("large 1", &large(1)),
        ("a/large 2", &large(1)),
        ("alone", b"of its own size"),
    ]);
    let groups = tree.duplicates(1);
    let found: Vec<_> = groups.iter().map(|group| (group.figures.reclaimable_bytes, paths(group))).collect();
    let expected = [
        (300_000, vec![tree.bytes("a/large 2"), tree.bytes("large 1")]),
        (2, vec![tree.bytes("a/small"), tree.bytes("b/small")]),
    ];
    assert_eq!(found, expected);
    assert_eq!(groups[1].hash, hash_bytes(Algorithm::Blake3, b"xx"));
    assert_eq!(duplicates(&[tree.root()], 3).unwrap().len(), 1, "the small ones are below the smallest size");
}

#[test]
fn equal_size_and_edges_with_another_middle_are_no_duplicates() {
    let tree = Tree::new(&[("a", &large(1)), ("b", &large(2))]);
    assert!(tree.duplicates(1).is_empty());
}

#[test]
fn hard_links_are_one_copy() {
    let tree = Tree::new(&[("a", b"content"), ("twin", b"content"), ("only links", b"of a content of its own")]);
    fs::hard_link(tree.at("a"), tree.at("a, too")).unwrap();
    fs::hard_link(tree.at("only links"), tree.at("only links, too")).unwrap();
    let groups = tree.duplicates(1);
    assert_eq!(groups.len(), 1);
    assert_eq!((groups[0].figures.copies, groups[0].figures.reclaimable_bytes), (2, 7));
    assert_eq!(paths(&groups[0]), [tree.bytes("a"), tree.bytes("a, too"), tree.bytes("twin")]);
    assert_eq!(groups[0].paths[0].inode, groups[0].paths[1].inode);
}

#[test]
fn a_copy_linked_from_outside_is_the_one_to_keep() {
    let tree = Tree::new(&[("in/a", &large(1)), ("in/b", &large(1))]);
    fs::hard_link(tree.at("in/a"), tree.at("outside")).unwrap();
    let group = duplicates(&[tree.bytes("in")], 1).unwrap().remove(0);
    let allocated = group.figures.freed_bytes;
    assert_eq!((group.figures.copies, group.figures.reclaimable_bytes), (2, 300_000));
    fs::hard_link(tree.at("in/b"), tree.at("outside, too")).unwrap();
    let group = duplicates(&[tree.bytes("in")], 1).unwrap().remove(0);
    assert_eq!(group.figures.freed_bytes, 0, "every copy has a name elsewhere");
    assert!(allocated > 0 || cfg!(windows));
}

#[test]
fn empty_files_count_only_when_asked_for() {
    let tree = Tree::new(&[("a", b""), ("b", b""), ("c", b"1"), ("d", b"1")]);
    assert_eq!(tree.duplicates(1).len(), 1);
    let groups = tree.duplicates(0);
    assert_eq!(groups.len(), 2);
    assert_eq!((groups[1].figures.size_bytes, groups[1].figures.copies), (0, 2));
    assert_eq!((groups[1].figures.reclaimable_bytes, groups[1].figures.freed_bytes), (0, 0));
}

#[test]
fn a_path_named_twice_or_inside_another_counts_once() {
    let tree = Tree::new(&[("a/b/one", b"content"), ("a/two", b"content"), ("ab/three", b"content")]);
    let named = ["a/b", "a", "a", "a/b/one", "a/../a/two"].map(|name| tree.bytes(name));
    let groups = duplicates(&named, 1).unwrap();
    assert_eq!(paths(&groups[0]), [tree.bytes("a/b/one"), tree.bytes("a/two")]);
    assert_eq!(walked(&named, 10).len(), 2);
    // A name that merely begins alike is another folder.
    assert_eq!(walked(&["a", "ab"].map(|name| tree.bytes(name)), 10).len(), 3);
}

#[test]
fn named_files_are_found_by_their_own_paths() {
    let tree = Tree::new(&[("a", b"content"), ("b", b"content"), ("c", b"content")]);
    let named = [tree.bytes("b"), tree.bytes("a")];
    assert_eq!(paths(&duplicates(&named, 1).unwrap()[0]), [tree.bytes("a"), tree.bytes("b")]);
    assert_eq!(walked(&named, 10), named.iter().map(|path| (path.clone(), 7)).collect());
}

#[test]
fn a_path_that_is_not_there_is_said_with_its_exact_bytes() {
    let tree = Tree::new(&[("file", b"content")]);
    for missing in ["missing", "missing/too", "file/below"] {
        let path = tree.bytes(missing);
        for error in [
            duplicates(&[tree.root(), path.clone()], 1).unwrap_err(),
            Walk::new(&[tree.root(), path.clone()], 10).unwrap_err(),
            one_checksum(path.clone()).unwrap_err(),
        ] {
            assert_eq!((error.kind, error.path.as_ref()), (ErrorKind::NotFound, Some(&path)), "{error}");
        }
    }
    assert_eq!(Walk::new(&[Vec::new()], 10).unwrap_err().kind, ErrorKind::NotFound);
    assert_eq!(Walk::new(&[tree.root()], 0).unwrap_err().kind, ErrorKind::InvalidArgument);
}

#[test]
fn checksums_come_in_the_order_of_their_paths() {
    let tree = Tree::new(&[("a", b"1"), ("b/c", b"22"), ("empty", b""), ("large", &large(3))]);
    let named = ["large", "a", "missing", "b", "b/c", "empty", "a"].map(|name| tree.bytes(name));
    for algorithm in Algorithm::ALL {
        let found = checksum(&named, algorithm, 3, &Stop::default()).unwrap();
        let expected =
            [Some(large(3)), Some(b"1".to_vec()), None, None, Some(b"22".to_vec()), Some(vec![]), Some(b"1".to_vec())];
        for ((path, found), expected) in named.iter().zip(found).zip(expected) {
            match (found, expected) {
                (Ok(hash), Some(content)) => assert_eq!(hash, hash_bytes(algorithm, &content)),
                (Err(error), None) => assert_eq!(error.path.as_ref(), Some(path)),
                (found, expected) => panic!("{found:?} is not {expected:?}"),
            }
        }
    }
    assert_eq!(one_checksum(tree.bytes("b")).unwrap_err().kind, ErrorKind::InvalidArgument);
}

#[test]
fn a_stopped_call_says_that_it_was_cancelled() {
    let tree = Tree::new(&[("a", b"1"), ("b", b"1")]);
    let stop = Stop::default();
    stop.stop();
    assert_eq!(find_duplicates(&[tree.root()], 1, 2, &stop).unwrap_err().kind, ErrorKind::Cancelled);
    let named = [tree.bytes("a")];
    assert_eq!(checksum(&named, Algorithm::Blake3, 2, &stop).unwrap_err().kind, ErrorKind::Cancelled);
}

#[test]
fn a_walk_gives_what_stat_gives() {
    let tree = Tree::new(&[("folder/file", b"content")]);
    fs::hard_link(tree.at("folder/file"), tree.at("other")).unwrap();
    let batch = Walk::new(&[tree.bytes("folder")], 10).unwrap().batches().next().unwrap().unwrap();
    let metadata = fs::metadata(tree.at("folder/file")).unwrap();
    let since = metadata.modified().unwrap().duration_since(std::time::UNIX_EPOCH).unwrap();
    assert_eq!(batch.num_rows(), 1);
    assert_eq!(batch.column(4).as_primitive::<Int64Type>().value(0), since.as_nanos() as i64);
    assert_eq!(batch.column(7).as_primitive::<UInt32Type>().value(0), 2);
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        assert_eq!(batch.column(3).as_primitive::<UInt64Type>().value(0), metadata.blocks() * 512);
        assert_eq!(batch.column(6).as_primitive::<UInt64Type>().value(0), metadata.ino());
        assert_eq!(batch.column(8).as_primitive::<UInt32Type>().value(0), metadata.uid());
    }
}

#[test]
fn a_walk_can_be_taken_again_and_sees_what_is_there_then() {
    let tree = Tree::new(&[("a", b"1")]);
    let walk = Walk::new(&[tree.root()], 10).unwrap();
    let rows = || walk.batches().map(|batch| batch.unwrap().num_rows()).sum::<usize>();
    assert_eq!(rows(), 1);
    fs::write(tree.at("b"), b"2").unwrap();
    assert_eq!(rows(), 2);
    let empty = Tree::new(&[]);
    assert!(Walk::new(&[empty.root()], 10).unwrap().batches().next().is_none());
}

#[test]
fn batches_hold_all_rows_once_and_a_stream_that_is_dropped_ends_its_threads() {
    let tree = Tree::new(&[]);
    let mut expected = BTreeMap::new();
    for folder in 0..20 {
        let path = tree.at(&format!("{folder}"));
        fs::create_dir(&path).unwrap();
        for file in 0..50 {
            fs::write(path.join(format!("{file}")), b"1").unwrap();
            expected.insert(tree.bytes(&format!("{folder}/{file}")), 1);
        }
    }
    assert_eq!(walked(&[tree.root()], 7), expected);
    let walk = Walk::new(&[tree.root()], 7).unwrap();
    let mut batches = walk.batches();
    batches.next().unwrap().unwrap();
    let queue = batches.queue().unwrap();
    assert!(queue.upgrade().is_some());
    drop(batches);
    let since = Instant::now();
    while queue.upgrade().is_some() {
        assert!(since.elapsed() < Duration::from_secs(10), "threads of a dropped walk still run");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn files_of_an_open_catalog_are_not_opened() {
    let tree = Tree::new(&[("file", b"content")]);
    let options = crate::EngineOptions::default();
    let engine = crate::Engine::open(&tree.at("catalog.db"), options).unwrap();
    fs::hard_link(tree.at("catalog.db"), tree.at("by another name")).unwrap();
    for name in ["catalog.db", "catalog.db-wal", "by another name"] {
        assert_eq!(one_checksum(tree.bytes(name)).unwrap_err().kind, ErrorKind::OwnFolder, "{name}");
    }
    engine.close();
    fs::copy(tree.at("catalog.db"), tree.at("copy")).unwrap();
    assert_eq!(one_checksum(tree.bytes("catalog.db")).unwrap(), one_checksum(tree.bytes("copy")).unwrap());
    assert_eq!(tree.duplicates(1).len(), 1);
    let engine = crate::Engine::open(&tree.at("catalog.db"), crate::EngineOptions::default()).unwrap();
    fs::copy(tree.at("copy"), tree.at("copy 2")).unwrap();
    assert!(tree.duplicates(1).iter().all(|group| !paths(group).contains(&tree.bytes("catalog.db"))));
    drop(engine);
}

#[cfg(unix)]
mod on_unix {
    use super::*;
    use std::ffi::OsStr;
    #[cfg(target_os = "linux")]
    use std::os::fd::AsRawFd;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::{symlink, PermissionsExt};
    use std::os::unix::net::UnixListener;

    #[test]
    fn a_symlink_and_its_target_are_not_two_copies_and_links_in_a_circle_end() {
        let tree = Tree::new(&[("folder/file", b"content")]);
        symlink("folder/file", tree.at("link")).unwrap();
        symlink(".", tree.at("folder/circle")).unwrap();
        symlink("folder", tree.at("folder link")).unwrap();
        symlink("nowhere", tree.at("dangling")).unwrap();
        assert!(tree.duplicates(1).is_empty());
        assert_eq!(walked(&[tree.root()], 10), [(tree.bytes("folder/file"), 7)].into());
        // A named path may be a link to a folder, as a root may; what is reached twice counts once.
        let named = [tree.bytes("folder link")];
        assert_eq!(walked(&named, 10), [(tree.bytes("folder link/file"), 7)].into());
        assert_eq!(walked(&[tree.bytes("folder"), tree.bytes("folder link")], 10).len(), 1);
        assert!(walked(&[tree.bytes("link")], 10).is_empty());
        let error = one_checksum(tree.bytes("link")).unwrap_err();
        assert_eq!((error.kind, error.path), (ErrorKind::Io, Some(tree.bytes("link"))));
        assert!(error.message.contains("symbolic link"), "{}", error.message);
        assert!(one_checksum(tree.bytes("folder link/file")).is_ok());
    }

    #[test]
    fn special_files_are_never_opened() {
        let tree = Tree::new(&[("a", b"content"), ("b", b"content")]);
        let _sockets = ["socket", "socket 2"].map(|name| UnixListener::bind(tree.at(name)).unwrap());
        assert_eq!(tree.duplicates(0).len(), 1);
        assert_eq!(walked(&[tree.root()], 10).len(), 2);
        assert!(walked(&[tree.bytes("socket")], 10).is_empty());
        assert_eq!(one_checksum(tree.bytes("socket")).unwrap_err().kind, ErrorKind::InvalidArgument);
        assert_eq!(one_checksum(b"/dev/null".to_vec()).unwrap_err().kind, ErrorKind::InvalidArgument);
    }

    #[test]
    fn hostile_names_come_back_byte_by_byte() {
        let tree = Tree::new(&[]);
        let names: [&[u8]; 5] = [b"\xff", b"\xfe", b"new\nline", b"-rf =\"'", "a\u{301}".as_bytes()];
        let mut expected: Vec<Vec<u8>> = Vec::new();
        for name in names {
            let folder = tree.0.path().join(OsStr::from_bytes(name));
            fs::create_dir(&folder).unwrap();
            fs::write(folder.join(OsStr::from_bytes(name)), b"same").unwrap();
            expected.push(folder.join(OsStr::from_bytes(name)).into_os_string().into_encoded_bytes());
        }
        expected.sort();
        assert_eq!(paths(&tree.duplicates(1)[0]), expected);
        assert_eq!(walked(&[tree.root()], 3).into_keys().collect::<Vec<_>>(), expected);
        for hash in checksum(&expected, Algorithm::Blake3, 2, &Stop::default()).unwrap() {
            assert_eq!(hash.unwrap(), hash_bytes(Algorithm::Blake3, b"same"));
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_path_deeper_than_the_kernel_takes_is_found() {
        let tree = Tree::new(&[("top", b"same")]);
        let name = "d".repeat(200);
        let mut folder = fs::File::open(tree.0.path()).unwrap();
        let mut path = tree.root();
        for _ in 0..25 {
            let above = PathBuf::from(format!("/proc/self/fd/{}", folder.as_raw_fd())).join(&name);
            fs::create_dir(&above).unwrap();
            folder = fs::File::open(&above).unwrap();
            path = sanchay_core::path::join(&path, name.as_bytes());
        }
        fs::write(format!("/proc/self/fd/{}/file", folder.as_raw_fd()), b"same").unwrap();
        let path = sanchay_core::path::join(&path, b"file");
        assert_eq!(paths(&tree.duplicates(1)[0]), [path, tree.bytes("top")]);
    }

    #[test]
    fn what_cannot_be_read_is_left_out_and_the_rest_comes() {
        let tree = Tree::new(&[("a", b"same"), ("b", b"same"), ("denied", b"same"), ("locked/c", b"same")]);
        fs::set_permissions(tree.at("denied"), fs::Permissions::from_mode(0o000)).unwrap();
        fs::set_permissions(tree.at("locked"), fs::Permissions::from_mode(0o000)).unwrap();
        // Nothing is denied to root.
        if fs::read(tree.at("denied")).is_err() {
            assert_eq!(paths(&tree.duplicates(1)[0]), [tree.bytes("a"), tree.bytes("b")]);
            assert_eq!(walked(&[tree.root()], 10).len(), 3);
            assert_eq!(one_checksum(tree.bytes("denied")).unwrap_err().kind, ErrorKind::Permission);
            assert_eq!(Walk::new(&[tree.bytes("locked")], 10).unwrap_err().kind, ErrorKind::Permission);
        }
        fs::set_permissions(tree.at("locked"), fs::Permissions::from_mode(0o700)).unwrap();
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_kernels_own_files_are_no_files_of_a_person() {
        let kernel = b"/proc/self".to_vec();
        assert_eq!(Walk::new(&[kernel], 10).unwrap_err().kind, ErrorKind::PseudoFileSystem);
        assert_eq!(one_checksum(b"/proc/cpuinfo".to_vec()).unwrap_err().kind, ErrorKind::PseudoFileSystem);
    }
}

#[test]
fn the_folders_of_other_sanchays_are_left_out_unless_they_are_named() {
    let tree = Tree::new(&[("mine", b"content"), ("home/state", b"content"), ("copied/state", b"content")]);
    crate::folder_mark::mark(&[tree.at("home")]);
    fs::copy(tree.at("home/.sanchay-folder"), tree.at("copied/.sanchay-folder")).unwrap();
    let found = walked(&[tree.root()], 10);
    let names: Vec<_> = ["copied/.sanchay-folder", "copied/state", "mine"].map(|name| tree.bytes(name)).into();
    assert_eq!(found.into_keys().collect::<Vec<_>>(), names);
    assert_eq!(tree.duplicates(0).len(), 1);
    assert_eq!(tree.duplicates(0)[0].paths.len(), 2);
    assert!(walked(&[tree.bytes("home")], 10).contains_key(&tree.bytes("home/state")));
}
