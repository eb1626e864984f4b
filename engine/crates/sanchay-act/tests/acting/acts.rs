//! Each act on real files: what it makes, what it refuses, and that a refusal leaves everything as it was.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt};
use std::path::Path;

use sanchay_act::trash::{self, Home, TrashFolder};

use crate::support::{Deed, Tree, CONTENT};

use sanchay_act::{delete, hardlink, reflink, symlink, Acted, Pair, Place, Reason, Refusal, Subject, TemporaryName};
use sanchay_core::CompareBuffers;

fn nothing(_: &Tree) {}

type AnAct = Box<dyn Fn(&Pair<'_>, &TemporaryName) -> Result<Acted, Refusal>>;

fn acts() -> Vec<(&'static str, AnAct)> {
    vec![
        ("hardlink", Box::new(hardlink)),
        ("symlink", Box::new(|pair, temporary| symlink(pair, b"../kept/file", temporary))),
        ("delete", Box::new(delete)),
    ]
}

#[test]
fn a_copy_becomes_a_hard_link_and_nothing_else_is_left() {
    let tree = Tree::new();
    let acted = tree.act(&nothing, &nothing, &hardlink).unwrap();
    assert_eq!(acted.links_before, 1);
    let (kept, copy) = (fs::metadata(tree.path("kept/file")).unwrap(), fs::metadata(tree.path("copies/file")).unwrap());
    assert_eq!((kept.ino(), kept.nlink()), (copy.ino(), 2));
    assert_eq!(tree.listing().len(), 2);
}

#[test]
fn a_copy_becomes_a_symbolic_link_or_goes() {
    let tree = Tree::new();
    tree.act(&nothing, &nothing, &|pair, temporary| symlink(pair, b"../kept/file", temporary)).unwrap();
    assert_eq!(fs::read_link(tree.path("copies/file")).unwrap(), Path::new("../kept/file"));
    assert_eq!(fs::read(tree.path("copies/file")).unwrap(), CONTENT);
    assert_eq!(tree.listing().len(), 2);

    let tree = Tree::new();
    tree.act(&nothing, &nothing, &delete).unwrap();
    assert_eq!(tree.listing(), [(tree.path("kept/file"), CONTENT.to_vec())]);
}

#[test]
fn what_changed_since_the_plan_is_left_alone() {
    let cases: [(&str, Deed<'_>, Reason); 6] = [
        (
            "the copy was written to",
            &|tree| fs::write(tree.path("copies/file"), b"the same cOntent").unwrap(),
            Reason::Changed,
        ),
        (
            "the kept file was written to",
            &|tree| fs::write(tree.path("kept/file"), b"tHe same content").unwrap(),
            Reason::Changed,
        ),
        ("the copy is gone", &|tree| fs::remove_file(tree.path("copies/file")).unwrap(), Reason::Gone),
        (
            "the copy's folder is a link now",
            &|tree| {
                fs::rename(tree.path("copies"), tree.path("moved")).unwrap();
                std::os::unix::fs::symlink("moved", tree.path("copies")).unwrap();
            },
            Reason::Link,
        ),
        (
            "the copy is a link now",
            &|tree| {
                fs::remove_file(tree.path("copies/file")).unwrap();
                std::os::unix::fs::symlink("../kept/file", tree.path("copies/file")).unwrap();
            },
            Reason::Link,
        ),
        (
            "the copy is a hard link of the kept one by now",
            &|tree| {
                fs::remove_file(tree.path("copies/file")).unwrap();
                fs::hard_link(tree.path("kept/file"), tree.path("copies/file")).unwrap();
            },
            Reason::Changed,
        ),
    ];
    for (name, act) in acts() {
        for (case, deed, reason) in &cases {
            let tree = Tree::new();
            let before = std::cell::RefCell::new(Vec::new());
            let refusal = tree
                .act(
                    &|tree| {
                        deed(tree);
                        *before.borrow_mut() = tree.listing();
                    },
                    &nothing,
                    &*act,
                )
                .expect_err(case);
            assert_eq!(refusal.reason, *reason, "{name}: {case}");
            assert_eq!(tree.listing(), *before.borrow(), "{name}: {case}");
        }
    }
}

#[test]
fn what_changes_after_the_comparison_is_put_back() {
    let cases: [(&str, Deed<'_>); 3] = [
        ("another file has the copy's name", &|tree| {
            fs::write(tree.path("copies/new"), b"another's work!").unwrap();
            fs::rename(tree.path("copies/new"), tree.path("copies/file")).unwrap();
        }),
        ("the kept file is gone", &|tree| fs::rename(tree.path("kept/file"), tree.path("kept/elsewhere")).unwrap()),
        ("another file has the kept one's name", &|tree| {
            fs::write(tree.path("kept/new"), CONTENT).unwrap();
            fs::rename(tree.path("kept/new"), tree.path("kept/file")).unwrap();
        }),
    ];
    for (name, act) in acts() {
        for (case, deed) in &cases {
            let tree = Tree::new();
            let before = std::cell::RefCell::new(Vec::new());
            let refusal = tree
                .act(
                    &nothing,
                    &|tree| {
                        deed(tree);
                        *before.borrow_mut() = tree.listing();
                    },
                    &*act,
                )
                .expect_err(case);
            assert!(
                matches!(refusal.reason, Reason::Changed | Reason::KeptGone | Reason::Gone),
                "{name}: {case}: {refusal}"
            );
            assert_eq!(tree.listing(), *before.borrow(), "{name}: {case}");
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_is_open_for_writing_is_busy() {
    for name in ["kept/file", "copies/file"] {
        let tree = Tree::new();
        let writer = OpenOptions::new().write(true).open(tree.path(name)).unwrap();
        let refusal = tree.act(&nothing, &nothing, &delete).expect_err("busy");
        assert_eq!((refusal.reason, refusal.of_kept), (Reason::Busy, name == "kept/file"));
        assert_eq!(tree.listing().len(), 2);
        drop(writer);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn who_comes_to_write_is_let_in_and_the_pair_is_left() {
    for name in ["kept/file", "copies/file"] {
        let tree = Tree::new();
        let path = tree.path(name);
        let writer = std::cell::RefCell::new(None);
        let refusal = tree
            .act(
                &nothing,
                &|tree| {
                    let path = path.clone();
                    *writer.borrow_mut() = Some(std::thread::spawn(move || {
                        OpenOptions::new().write(true).open(path).unwrap().write_all_at(b"T", 0).unwrap();
                    }));
                    // The writer waits for the lease: the act has to see that before it removes anything.
                    let file = File::open(tree.path(name)).unwrap();
                    while !lease_is_wanted(&file) {
                        std::thread::yield_now();
                    }
                },
                &delete,
            )
            .expect_err("a writer waits");
        assert_eq!(refusal.reason, Reason::Busy);
        writer.take().unwrap().join().unwrap();
        assert_eq!(fs::read(tree.path(name)).unwrap()[0], b'T');
        assert_eq!(tree.listing().len(), 2);
    }
}

/// Whether someone waits for a lease on this file, by the kernel's list of locks.
#[cfg(target_os = "linux")]
fn lease_is_wanted(file: &File) -> bool {
    let inode = file.metadata().unwrap().ino();
    let locks = fs::read_to_string("/proc/locks").unwrap();
    locks
        .lines()
        .any(|line| line.contains("LEASE") && line.contains("BREAKING") && line.contains(&format!(":{inode} ")))
}

#[test]
fn setuid_files_and_those_with_other_metadata_are_left_alone() {
    let cases: [(&str, u32, Reason); 2] = [("setuid", 0o4755, Reason::SetUid), ("mode", 0o600, Reason::OtherMetadata)];
    for (case, mode, reason) in cases {
        let tree = Tree::new();
        fs::set_permissions(tree.path("copies/file"), Permissions::from_mode(mode)).unwrap();
        let refusal = tree.act(&nothing, &nothing, &hardlink).expect_err(case);
        assert_eq!(refusal.reason, reason, "{case}");
        assert_eq!(tree.listing().len(), 2);
    }
}

#[test]
fn equal_size_and_other_bytes_are_never_acted_on() {
    let tree = Tree::new();
    fs::write(tree.path("copies/file"), b"the same c0ntent").unwrap();
    let before = tree.listing();
    let refusal = tree.act(&nothing, &nothing, &delete).expect_err("other bytes");
    assert_eq!(refusal.reason, Reason::OtherBytes);
    assert_eq!(tree.listing(), before);
}

#[test]
fn at_the_limit_of_links_the_copy_stays() {
    let tree = Tree::new();
    // tmpfs and others have no such limit that a test could reach.
    let reached = (0..66_000).any(|number| {
        fs::hard_link(tree.path("kept/file"), tree.path(&format!("kept/{number}")))
            .is_err_and(|error| error.raw_os_error() == Some(libc::EMLINK))
    });
    if reached {
        let refusal = tree.act(&nothing, &nothing, &hardlink).expect_err("no further link");
        assert_eq!(refusal.reason, Reason::LinkLimit);
        assert_eq!(fs::read(tree.path("copies/file")).unwrap(), CONTENT);
        assert_eq!(fs::read_dir(tree.path("copies")).unwrap().count(), 1);
    }
}

#[test]
fn without_shared_blocks_a_reflink_is_refused() {
    let tree = Tree::new();
    let before = tree.listing();
    let result = tree.act(&nothing, &nothing, &|pair, _| reflink(pair).map(|_| Acted { links_before: 1 }));
    if let Err(refusal) = result {
        assert!(matches!(refusal.reason, Reason::Unsupported), "{refusal}");
    }
    assert_eq!(tree.listing(), before);
}

#[test]
fn a_copy_goes_to_the_trash_and_comes_back() {
    let tree = Tree::new();
    let home = Home { trash: tree.path("home/.local/share/Trash"), user: rustix::process::geteuid().as_raw() };
    let root = tree.root();
    let found = TrashFolder::find(&root.open_dir(b"copies").unwrap(), &home).unwrap();
    let original = tree.path("copies/file");
    let info = trash::info_text(found.path_for_info(&original), "2026-11-26T21:00:00");
    let names = trash::candidates(b"file", "7-1-1");
    let dropped = tree.expected("copies/file");
    let reserved = trash::reserve(&found, &names, &info).unwrap();
    found.sync_infos().unwrap();
    tree.act(&nothing, &nothing, &|pair, _| trash::trash(pair, &found, &reserved)).unwrap();
    assert_eq!(fs::read(tree.path("home/.local/share/Trash/files/file")).unwrap(), CONTENT);
    let text = fs::read(tree.path("home/.local/share/Trash/info/file.trashinfo")).unwrap();
    assert!(text.starts_with(b"[Trash Info]\nPath=/"), "absolute in the home trash");
    assert!(!original.exists());
    assert_eq!(trash::settle(&found, &names, &info, &dropped).unwrap().as_ref(), Some(&reserved));

    let folder = root.open_dir(b"copies").unwrap();
    assert_eq!(trash::restore(&found, &reserved, &dropped, &folder, b"file").unwrap(), b"file");
    assert_eq!(fs::read(&original).unwrap(), CONTENT);
    assert_eq!(fs::read_dir(tree.path("home/.local/share/Trash/info")).unwrap().count(), 0);
}

#[test]
fn alike_names_have_a_free_one_at_once_and_long_ones_are_cut_between_characters() {
    let [own, other] = trash::candidates(b"picture.jpg", "7-1-1");
    assert_eq!((&own[..], &other[..]), (&b"picture.jpg"[..], &b"picture.7-1-1.jpg"[..]));
    let long = "\u{e9}".repeat(127) + "x";
    for name in trash::candidates(long.as_bytes(), "7-1-1") {
        assert!(name.len() + ".trashinfo".len() <= 255 && String::from_utf8(name).is_ok());
    }
    let bytes = [0xff; 255];
    assert!(trash::candidates(&bytes, "7-1-1").iter().all(|name| name.len() + ".trashinfo".len() <= 255));
}

#[test]
fn an_info_file_without_its_file_is_removed_and_anothers_is_not() {
    let tree = Tree::new();
    let home = Home { trash: tree.path("Trash"), user: rustix::process::geteuid().as_raw() };
    let found = TrashFolder::find(&tree.root().open_dir(b"copies").unwrap(), &home).unwrap();
    let info = trash::info_text(b"/copies/file", "2026-11-26T21:00:00");
    let names = trash::candidates(b"file", "7-1-1");
    let dropped = tree.expected("copies/file");
    let infos = tree.path("Trash/info");
    trash::reserve(&found, &names, &info).unwrap();
    assert_eq!(trash::settle(&found, &names, &info, &dropped).unwrap(), None);
    assert_eq!(fs::read_dir(&infos).unwrap().count(), 0);
    fs::write(infos.join("file.trashinfo"), &info[..10]).unwrap();
    assert_eq!(trash::settle(&found, &names, &info, &dropped).unwrap(), None);
    assert_eq!(fs::read_dir(&infos).unwrap().count(), 0, "half an info file is ours, too");
    File::create(infos.join("file.trashinfo")).unwrap().write_all(b"[Trash Info]\nPath=/else\n").unwrap();
    assert_eq!(trash::settle(&found, &names, &info, &dropped).unwrap(), None);
    assert_eq!(fs::read_dir(&infos).unwrap().count(), 1);
}

#[test]
fn a_link_becomes_a_file_of_its_own_again_with_its_own_metadata() {
    use sanchay_act::metadata::Kept;
    use sanchay_act::restore::{make_anew, Now};

    for (case, act) in acts() {
        let tree = Tree::new();
        fs::set_permissions(tree.path("copies/file"), Permissions::from_mode(0o644)).unwrap();
        fs::set_permissions(tree.path("kept/file"), Permissions::from_mode(0o644)).unwrap();
        let copy = File::options().write(true).open(tree.path("copies/file")).unwrap();
        copy.set_modified(std::time::UNIX_EPOCH + std::time::Duration::new(1_000_000_000, 123_000_000)).unwrap();
        drop(copy);
        let root = tree.root();
        let folder = root.open_dir(b"copies").unwrap();
        let before = Kept::of(folder.open_file(b"file").unwrap()).unwrap();
        tree.act(&nothing, &nothing, &*act).unwrap();
        let kept = tree.expected("kept/file");
        let now = match case {
            "hardlink" => Now::Hardlink(kept.device, kept.witness.inode),
            "symlink" => Now::Symlink(b"../kept/file".to_vec()),
            _ => Now::Nothing,
        };
        let twin = Subject::open(Place { root: &root, path: b"kept/file" }, &kept).unwrap();
        let mut buffers = CompareBuffers::default();
        let temporary = TemporaryName::of(7, 2, 1);
        let mut again = || make_anew(&twin, &folder, b"file", &now, &before, &temporary, &mut buffers);
        again().unwrap();
        let after = Kept::of(folder.open_file(b"file").unwrap()).unwrap();
        assert_eq!((after.metadata, after.mtime_ns), (before.metadata.clone(), before.mtime_ns), "{case}");
        assert_eq!(fs::read(tree.path("copies/file")).unwrap(), CONTENT);
        assert_ne!(folder.stat(b"file").unwrap().inode, kept.witness.inode);
        // What someone made of the name since is theirs.
        let refusal = again().expect_err(case);
        assert!(matches!(refusal.reason, Reason::Changed | Reason::NameTaken), "{case}: {refusal}");
        assert_eq!(fs::read_dir(tree.path("copies")).unwrap().count(), 1, "{case}");
    }
}

#[test]
fn a_file_of_holes_is_made_anew_with_its_holes() {
    use sanchay_act::metadata::Kept;
    use sanchay_act::restore::{make_anew, Now};

    let tree = Tree::new();
    let file = File::create(tree.path("kept/file")).unwrap();
    file.set_len(1 << 30).unwrap();
    file.write_all_at(b"data", 500 << 20).unwrap();
    drop(file);
    fs::remove_file(tree.path("copies/file")).unwrap();
    let root = tree.root();
    let twin = Subject::open(Place { root: &root, path: b"kept/file" }, &tree.expected("kept/file")).unwrap();
    let kept = Kept::of(&twin.file).unwrap();
    let folder = root.open_dir(b"copies").unwrap();
    let temporary = TemporaryName::of(7, 1, 1);
    make_anew(&twin, &folder, b"file", &Now::Nothing, &kept, &temporary, &mut CompareBuffers::default()).unwrap();
    let made = folder.stat(b"file").unwrap();
    assert_eq!(made.size_bytes, 1 << 30);
    assert!(made.allocated_bytes <= 2 << 20, "{} bytes are allocated", made.allocated_bytes);
}

#[test]
fn a_pair_of_a_terabyte_of_holes_is_compared_by_what_is_in_it() {
    let tree = Tree::new();
    for name in ["kept/file", "copies/file"] {
        let file = File::create(tree.path(name)).unwrap();
        if file.set_len(1 << 40).is_err() {
            return eprintln!("skipped: no file may be so large here");
        }
        file.write_all_at(b"data", (1 << 40) - 4).unwrap();
    }
    tree.act(&nothing, &nothing, &hardlink).unwrap();
    let inode = |name| fs::metadata(tree.path(name)).unwrap().ino();
    assert_eq!(inode("kept/file"), inode("copies/file"));

    let tree = Tree::new();
    for (name, data) in [("kept/file", b"data"), ("copies/file", b"date")] {
        let file = File::create(tree.path(name)).unwrap();
        file.set_len(1 << 40).unwrap();
        file.write_all_at(data, (1 << 40) - 4).unwrap();
    }
    let refusal = tree.act(&nothing, &nothing, &hardlink).unwrap_err();
    assert_eq!(refusal.reason, Reason::OtherBytes);
}
