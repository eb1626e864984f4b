//! What only Windows has: paths beyond 260 units, names that its older calls would bend, streams behind a colon.
#![cfg(windows)]

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use sanchay_core::{hash_small, Algorithm, ErrorKind, FileKind, ListBuffer, RootDir};

/// The `\\?\` form of a temporary folder, through which any name can be made.
fn verbatim(tree: &tempfile::TempDir) -> PathBuf {
    fs::canonicalize(tree.path()).unwrap()
}

#[test]
fn a_path_of_more_than_300_characters_is_listed_statted_and_read() {
    let tree = tempfile::tempdir().unwrap();
    let name = "n".repeat(120);
    let relative = [name.as_str(); 3].join("/");
    let folder = verbatim(&tree).join(&name).join(&name).join(&name);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("file"), "deep").unwrap();
    let root = RootDir::open(tree.path()).unwrap();
    let deep = root.open_dir(relative.as_bytes()).unwrap();
    let mut names = Vec::new();
    deep.list(&mut ListBuffer::new(), |name, kind| {
        names.push((name.to_vec(), kind));
    })
    .unwrap();
    assert_eq!(names, [(b"file".to_vec(), Some(FileKind::File))]);
    let file = deep.open_file(b"file").unwrap();
    assert_eq!(file.stat().unwrap(), deep.stat(b"file").unwrap());
    assert_eq!(hash_small(&file, Algorithm::Blake3, &mut [0; 64], 4).unwrap().bytes_read, 4);
}

#[test]
fn odd_names_are_taken_as_they_are() {
    let tree = tempfile::tempdir().unwrap();
    let names = ["trailing.", "trailing ", "aux", "nul.txt", "ünï", "-dash"];
    for name in names {
        fs::write(verbatim(&tree).join(name), name).unwrap();
    }
    let root = RootDir::open(tree.path()).unwrap();
    let mut found = BTreeMap::new();
    let visit = |name: &[u8], _| {
        found.insert(name.to_vec(), root.handle().stat(name).unwrap().size_bytes);
    };
    root.handle().list(&mut ListBuffer::new(), visit).unwrap();
    let expected = names.iter().map(|name| (name.as_bytes().to_vec(), name.len() as u64));
    assert_eq!(found, expected.collect());
    for name in names {
        let mut buffer = [0; 32];
        let read = root.handle().open_file(name.as_bytes()).unwrap().read(&mut buffer).unwrap();
        assert_eq!(&buffer[..read], name.as_bytes());
    }
    fs::create_dir(verbatim(&tree).join("folder..")).unwrap();
    fs::write(verbatim(&tree).join(r"folder..\file"), "").unwrap();
    assert_eq!(root.open_dir(b"folder..").unwrap().stat(b"file").unwrap().kind, FileKind::File);
}

#[test]
fn a_folder_of_more_entries_than_one_call_gives_is_listed_whole_and_again() {
    let tree = tempfile::tempdir().unwrap();
    for number in 0..1500 {
        fs::write(tree.path().join(format!("a file with a rather long name {number}")), "").unwrap();
    }
    let root = RootDir::open(tree.path()).unwrap();
    let mut buffer = ListBuffer::new();
    for _ in 0..2 {
        let mut count = 0;
        root.handle().list(&mut buffer, |_, _| count += 1).unwrap();
        assert_eq!(count, 1500);
    }
}

#[test]
fn what_is_no_name_is_refused() {
    let tree = tempfile::tempdir().unwrap();
    fs::write(tree.path().join("file"), "x").unwrap();
    let root = RootDir::open(tree.path()).unwrap();
    for name in [&b".."[..], b".", b"", b"file:stream", b"a\\b", b"a/b"] {
        assert_eq!(root.handle().stat(name).unwrap_err().kind, ErrorKind::Unsupported, "{name:?}");
    }
    assert_eq!(root.open_dir(b"../x").unwrap_err().kind, ErrorKind::Unsupported);
    assert_eq!(root.open_dir(b"/x").unwrap_err().kind, ErrorKind::Unsupported);
}

#[test]
fn letters_of_another_size_lead_to_the_same_folder() {
    let tree = tempfile::tempdir().unwrap();
    fs::create_dir(tree.path().join("Folder")).unwrap();
    let root = RootDir::open(tree.path()).unwrap();
    let stat = root.open_dir(b"fOLDER").unwrap().stat_self().unwrap();
    assert_eq!(stat.inode, root.handle().stat(b"Folder").unwrap().inode);
}

#[test]
fn a_folder_swapped_for_a_link_is_refused() {
    let (outside, tree) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fs::create_dir(outside.path().join("inner")).unwrap();
    fs::write(outside.path().join("file"), "x").unwrap();
    // Needs a right that not every account has, and Wine says yes but makes none.
    let link = tree.path().join("link");
    let made = std::os::windows::fs::symlink_dir(outside.path(), &link);
    if made.is_err() || !link.is_symlink() {
        return;
    }
    let root = RootDir::open(tree.path()).unwrap();
    assert_eq!(root.handle().stat(b"link").unwrap().kind, FileKind::Symlink);
    for path in [&b"link"[..], b"link/inner"] {
        assert_eq!(root.open_dir(path).unwrap_err().kind, ErrorKind::SymlinkLoop, "{path:?}");
    }
}
