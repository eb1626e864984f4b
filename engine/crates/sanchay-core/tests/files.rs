//! Roots, errors and hashes on real files, the same on every platform.

use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::ops::ControlFlow;
use std::path::Path;

use sanchay_core::content_hash::hash_bytes;
use sanchay_core::hash::LARGE_READ_BYTES;
use sanchay_core::{
    file_system_of, hash_edges, hash_large, hash_small, Algorithm, Content, ErrorKind, FileKind, ListBuffer, RootDir,
};

fn go_on(_: u64) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

#[test]
fn a_root_must_be_an_absolute_path_of_a_folder_that_exists() {
    let tree = tempfile::tempdir().unwrap();
    fs::write(tree.path().join("file"), "").unwrap();
    let kind = |path: &Path| RootDir::open(path).unwrap_err().kind;
    assert_eq!(kind(Path::new("relative")), ErrorKind::NotAbsolute);
    assert_eq!(kind(&tree.path().join("missing")), ErrorKind::NotFound);
    assert_eq!(kind(&tree.path().join("file")), ErrorKind::NotAFolder);
    let error = RootDir::open(&tree.path().join("missing")).unwrap_err();
    assert!(error.to_string().contains("missing does not exist ("), "{error}");
}

#[test]
fn folders_are_opened_by_path_or_by_name_and_gone_ones_have_vanished() {
    let tree = tempfile::tempdir().unwrap();
    fs::create_dir_all(tree.path().join("a/b")).unwrap();
    fs::write(tree.path().join("a/b/file"), "12345").unwrap();
    let root = RootDir::open(tree.path()).unwrap();
    assert_eq!(root.path(), tree.path());
    assert_eq!(root.stat().unwrap().kind, FileKind::Directory);
    let by_path = root.open_dir(b"a/b").unwrap();
    let by_name = root.open_dir(b"").unwrap().open_child(b"a").unwrap().open_child(b"b").unwrap();
    assert_eq!(by_path.stat_self().unwrap(), by_name.stat_self().unwrap());
    let mut names = Vec::new();
    by_path.list(&mut ListBuffer::new(), |name, _| names.push(name.to_vec())).unwrap();
    assert_eq!(names, [b"file"]);
    let stat = by_path.stat(b"file").unwrap();
    assert_eq!((stat.kind, stat.size_bytes, stat.links), (FileKind::File, 5, 1));
    assert!(stat.mtime_ns > 1_500_000_000_000_000_000 && stat.ctime_ns >= stat.birth_ns.unwrap_or(0));
    assert_eq!(by_path.open_file(b"file").unwrap().stat().unwrap(), stat);
    assert_eq!(root.open_dir(b"gone").unwrap_err().kind, ErrorKind::Vanished);
    assert_eq!(root.open_dir(b"a/b/file").unwrap_err().kind, ErrorKind::NotAFolder);
    assert_eq!(by_path.stat(b"gone").unwrap_err().kind, ErrorKind::Vanished);
    assert_eq!(by_path.open_file(b"gone").unwrap_err().kind, ErrorKind::Vanished);
}

#[test]
fn a_sparse_file_has_the_hash_of_its_full_twin() {
    let tree = tempfile::tempdir().unwrap();
    let mut sparse = fs::File::create(tree.path().join("sparse")).unwrap();
    sparse.seek(SeekFrom::Start(3 << 20)).unwrap();
    sparse.write_all(b"middle").unwrap();
    sparse.set_len((5 << 20) + 123).unwrap();
    drop(sparse);
    let plain = fs::read(tree.path().join("sparse")).unwrap();
    fs::write(tree.path().join("full"), &plain).unwrap();

    let root = RootDir::open(tree.path()).unwrap();
    let size = root.handle().stat(b"sparse").unwrap().size_bytes;
    let mut buffer = vec![0; LARGE_READ_BYTES];
    for algorithm in Algorithm::ALL {
        for name in [&b"sparse"[..], b"full"] {
            let file = root.handle().open_file(name).unwrap();
            let mut told = 0;
            let mut count = |bytes| {
                told += bytes;
                ControlFlow::Continue(())
            };
            let hashed = hash_large(&file, algorithm, &mut buffer, size, &mut count).unwrap();
            assert_eq!((hashed.hash, hashed.bytes_read, told), (hash_bytes(algorithm, &plain), size, size));
        }
    }
    let edges = |name| hash_edges(&root.handle().open_file(name).unwrap(), size, &mut vec![0; 64 << 10]).unwrap();
    assert_eq!(edges(b"sparse"), edges(b"full"));
}

#[test]
fn a_file_that_grew_or_shrank_is_told_by_its_length() {
    let tree = tempfile::tempdir().unwrap();
    let root = RootDir::open(tree.path()).unwrap();
    let mut buffer = vec![0; 64 << 10];
    for size in [0_u64, 1, 4095, 4096, 4097, 200_000] {
        fs::write(tree.path().join("file"), vec![7; size as usize]).unwrap();
        let open = || root.handle().open_file(b"file").unwrap();
        let same = hash_small(&open(), Algorithm::Blake3, &mut buffer, size).unwrap();
        assert_eq!(same, hash_large(&open(), Algorithm::Blake3, &mut buffer, size, &mut go_on).unwrap());
        assert_eq!(same.bytes_read, size);
        for seen in [size.saturating_sub(1), size + 1].into_iter().filter(|seen| *seen != size) {
            assert_ne!(hash_small(&open(), Algorithm::Blake3, &mut buffer, seen).unwrap().bytes_read, seen);
            let hashed = hash_large(&open(), Algorithm::Blake3, &mut buffer, seen, &mut go_on).unwrap();
            assert_ne!(hashed.bytes_read, seen);
        }
    }
}

#[test]
fn one_volume_has_one_id() {
    let tree = tempfile::tempdir().unwrap();
    fs::create_dir(tree.path().join("a")).unwrap();
    fs::write(tree.path().join("file"), vec![1; 100_000]).unwrap();
    let root = RootDir::open(tree.path()).unwrap();
    let (id, file_system) = file_system_of(root.handle()).unwrap();
    assert_eq!((id, file_system.clone()), file_system_of(&root.open_dir(b"a").unwrap()).unwrap());
    assert_eq!(sanchay_core::VolumeId::from_bytes(id.to_bytes()), id);
    assert!(!file_system.pseudo && !file_system.name.is_empty(), "{file_system:?}");
    // Whether extents are known depends on the machine; that nothing is shared here does not.
    let extents = root.handle().open_file(b"file").unwrap().extents().unwrap_or_default();
    assert!(extents.iter().all(|extent| !extent.shared && extent.length_bytes > 0));
}
