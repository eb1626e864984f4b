//! Trees that go wrong on Unix: odd names, links where folders were, paths longer than the kernel takes, FIFOs.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;

use rustix::fs::{mkdirat, openat, utimensat, AtFlags, Mode, OFlags, Timespec, Timestamps, CWD};
use sanchay_core::{ErrorKind, FileKind, ListBuffer, RootDir};

fn list(root: &RootDir, relative: &[u8]) -> BTreeMap<Vec<u8>, FileKind> {
    let folder = root.open_dir(relative).expect("the folder opens");
    let mut names = BTreeMap::new();
    let visit = |name: &[u8], hint: Option<FileKind>| {
        let kind = folder.stat(name).expect("a listed name has a stat").kind;
        assert!(hint.is_none_or(|hint| hint == kind), "the listing and the stat agree on {name:?}");
        names.insert(name.to_vec(), kind);
    };
    folder.list(&mut ListBuffer::new(), visit).expect("the folder lists");
    names
}

#[test]
fn hostile_names_are_listed_statted_and_read() {
    let tree = tempfile::tempdir().unwrap();
    let names: [&[u8]; 7] = [b"\xff", b"\xfe", b"new\nline", b"-dash", b"=1+1", b"\x1b[31m", b"quote\""];
    for name in names {
        if let Err(error) = fs::write(tree.path().join(OsStr::from_bytes(name)), name) {
            // APFS takes no name that is not UTF-8.
            assert!(cfg!(target_os = "macos") && std::str::from_utf8(name).is_err(), "{error}");
        }
    }
    let root = RootDir::open(tree.path()).unwrap();
    let found = list(&root, b"");
    assert_eq!(found.len(), fs::read_dir(tree.path()).unwrap().count());
    for name in found.keys() {
        let mut buffer = [0; 64];
        let read = root.handle().open_file(name).unwrap().read(&mut buffer).unwrap();
        assert_eq!(&buffer[..read], name.as_slice());
    }
}

#[test]
fn a_folder_is_listed_again_from_its_start() {
    let tree = tempfile::tempdir().unwrap();
    for number in 0..3000 {
        fs::write(tree.path().join(format!("a file with a rather long name {number}")), "").unwrap();
    }
    let root = RootDir::open(tree.path()).unwrap();
    let mut buffer = ListBuffer::new();
    for _ in 0..2 {
        let mut count = 0;
        root.handle().list(&mut buffer, |_, _| count += 1).unwrap();
        assert_eq!(count, 3000);
    }
}

#[test]
fn a_folder_swapped_for_a_symlink_is_refused() {
    let outside = tempfile::tempdir().unwrap();
    fs::create_dir(outside.path().join("inner")).unwrap();
    fs::write(outside.path().join("secret"), "x").unwrap();
    let tree = tempfile::tempdir().unwrap();
    fs::create_dir_all(tree.path().join("a/inner")).unwrap();
    let root = RootDir::open(tree.path()).unwrap();
    root.open_dir(b"a/inner").unwrap();

    fs::remove_dir_all(tree.path().join("a")).unwrap();
    symlink(outside.path(), tree.path().join("a")).unwrap();
    let refused = |kind| matches!(kind, ErrorKind::SymlinkLoop | ErrorKind::NotAFolder);
    for path in [&b"a"[..], b"a/inner", b"a/"] {
        let kind = root.open_dir(path).unwrap_err().kind;
        assert!(refused(kind), "{path:?}: {kind:?}");
    }
    assert!(refused(root.handle().open_child(b"a").unwrap_err().kind));
    symlink("secret", outside.path().join("link")).unwrap();
    let folder = RootDir::open(outside.path()).unwrap();
    assert_eq!(folder.handle().open_file(b"link").unwrap_err().kind, ErrorKind::SymlinkLoop);
    assert_eq!(folder.handle().stat(b"link").unwrap().kind, FileKind::Symlink);
}

#[test]
fn a_path_out_of_the_root_is_refused() {
    let tree = tempfile::tempdir().unwrap();
    fs::create_dir(tree.path().join("a")).unwrap();
    let root = RootDir::open(&tree.path().join("a")).unwrap();
    for path in [&b".."[..], b"/", b"x/../.."] {
        let kind = root.open_dir(path).unwrap_err().kind;
        assert!(matches!(kind, ErrorKind::Unsupported | ErrorKind::Vanished), "{path:?}: {kind:?}");
    }
}

#[test]
fn a_path_longer_than_the_kernel_takes_is_listed_and_statted() {
    let tree = tempfile::tempdir().unwrap();
    let name = "d".repeat(200);
    let mut folder = openat(CWD, tree.path(), OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty()).unwrap();
    let mut relative = Vec::new();
    for _ in 0..60 {
        mkdirat(&folder, name.as_str(), Mode::RWXU).unwrap();
        folder = openat(&folder, name.as_str(), OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty()).unwrap();
        relative = sanchay_core::path::join(&relative, name.as_bytes());
    }
    let flags = OFlags::CREATE | OFlags::WRONLY;
    rustix::io::write(openat(&folder, "file", flags, Mode::RUSR).unwrap(), b"deep").unwrap();

    assert!(relative.len() > 12_000);
    let root = RootDir::open(tree.path()).unwrap();
    assert_eq!(list(&root, &relative), BTreeMap::from([(b"file".to_vec(), FileKind::File)]));
    let deep = root.open_dir(&relative).unwrap();
    assert_eq!(deep.stat(b"file").unwrap().size_bytes, 4);
    assert_eq!(deep.stat_self().unwrap().inode, rustix::fs::fstat(&folder).unwrap().st_ino);
    assert_eq!(root.open_dir(&vec![b'x'; 9000]).unwrap_err().kind, ErrorKind::TooLong);
}

#[test]
fn a_fifo_in_place_of_a_file_never_blocks() {
    let tree = tempfile::tempdir().unwrap();
    assert!(std::process::Command::new("mkfifo").arg(tree.path().join("fifo")).status().unwrap().success());
    let root = RootDir::open(tree.path()).unwrap();
    assert_eq!(root.handle().stat(b"fifo").unwrap().kind, FileKind::Special);
    let file = root.handle().open_file(b"fifo").unwrap();
    assert_eq!(file.stat().unwrap().kind, FileKind::Special);
    assert_eq!(file.read(&mut [0; 8]).unwrap(), 0);
}

#[test]
fn a_stamp_before_1970_is_negative() {
    let tree = tempfile::tempdir().unwrap();
    fs::write(tree.path().join("old"), "").unwrap();
    let stamp = Timespec { tv_sec: -86_400, tv_nsec: 5 };
    let stamps = Timestamps { last_access: stamp, last_modification: stamp };
    utimensat(CWD, tree.path().join("old"), &stamps, AtFlags::empty()).unwrap();
    let root = RootDir::open(tree.path()).unwrap();
    assert_eq!(root.handle().stat(b"old").unwrap().mtime_ns, -86_400_000_000_000 + 5);
}

#[test]
fn hard_links_share_an_inode_and_count_each_other() {
    let tree = tempfile::tempdir().unwrap();
    fs::write(tree.path().join("a"), "x").unwrap();
    fs::hard_link(tree.path().join("a"), tree.path().join("b")).unwrap();
    let root = RootDir::open(tree.path()).unwrap();
    let (a, b) = (root.handle().stat(b"a").unwrap(), root.handle().stat(b"b").unwrap());
    assert_eq!((a, a.links), (b, 2));
    assert_eq!(root.handle().open_file(b"a").unwrap().stat().unwrap(), a);
    assert!(!a.placeholder && a.birth_ns.is_none_or(|birth| birth <= a.ctime_ns));
}
