//! Acts where one file has two faces, where names cannot be exchanged, and where nothing can be written: real mounts,
//! in namespaces of their own.
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::support::{Tree, CONTENT};
use sanchay_act::trash::{Home, TrashFolder};
use sanchay_act::{delete, hardlink, symlink, Reason};

/// Runs one of the tests below in separate namespaces; a file system's program that it leaves ends with it.
fn in_namespaces(test: &str) {
    within("unshare", &["--user", "--map-root-user", "--mount", "--pid", "--fork", "--kill-child"], test);
}

fn within(program: &str, options: &[&str], test: &str) {
    let itself = std::env::current_exe().expect("this program");
    let mut command = Command::new(program);
    command.args(options).arg(itself).args(["--exact", "--ignored", "--nocapture", &format!("mounts::{test}")]);
    let output = match command.output() {
        Ok(output) => output,
        Err(error) => return eprintln!("skipped: {program} cannot be run ({error})"),
    };
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if !said.contains("running 1 test") {
        return eprintln!("skipped: {program} may not do so here ({complained})");
    }
    assert!(output.status.success(), "{said}\n{complained}");
}

fn run(program: &str, arguments: &[&str]) -> bool {
    Command::new(program).args(arguments).status().is_ok_and(|status| status.success())
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn nothing(_: &Tree) {}

#[test]
fn a_file_seen_through_a_union_and_in_its_branch_never_goes() {
    in_namespaces("inside_with_a_union");
}

#[test]
#[ignore = "run in namespaces"]
fn inside_with_a_union() {
    for (kept, copies) in [("union", "branch"), ("branch", "union")] {
        let whole = tempfile::tempdir().unwrap();
        for name in ["one", "two"] {
            fs::create_dir(whole.path().join(name)).unwrap();
        }
        let (branch, union) = (whole.path().join("one"), whole.path().join("two"));
        fs::write(branch.join("file"), CONTENT).unwrap();
        if !run("mergerfs", &[text(&branch), text(&union)]) {
            return eprintln!("skipped: no mergerfs");
        }
        for name in [("kept", kept), ("copies", copies)] {
            let (link, target) = (whole.path().join(name.0), if name.1 == "union" { &union } else { &branch });
            fs::create_dir(&link).unwrap();
            assert!(run("mount", &["--bind", text(target), text(&link)]));
        }
        let tree = Tree::at(whole.path());
        let refusal = tree.act(&nothing, &nothing, &delete).expect_err("one file");
        assert_eq!(refusal.reason, Reason::SameFile, "{kept}: {refusal}");
        let refusal =
            tree.act(&nothing, &nothing, &|pair, name| symlink(pair, b"../kept/file", name)).expect_err("one file");
        // To be put back moved its ctime, which one of the two faces remembers.
        assert!(matches!(refusal.reason, Reason::SameFile | Reason::Changed), "{kept}: {refusal}");
        assert_eq!(fs::read(branch.join("file")).unwrap(), CONTENT);
        assert_eq!(fs::read_dir(&branch).unwrap().count(), 1, "no name of ours is left");
    }
}

#[test]
fn where_names_cannot_be_exchanged_the_copy_is_moved_aside_first() {
    in_namespaces("inside_without_exchange");
}

#[test]
#[ignore = "run in namespaces"]
fn inside_without_exchange() {
    let whole = tempfile::tempdir().unwrap();
    let (branch, union) = (whole.path().join("branch"), whole.path().join("union"));
    for name in ["kept", "copies"] {
        fs::create_dir_all(branch.join(name)).unwrap();
        fs::write(branch.join(name).join("file"), CONTENT).unwrap();
    }
    fs::create_dir(&union).unwrap();
    if !run("mergerfs", &[text(&branch), text(&union)]) {
        return eprintln!("skipped: no mergerfs");
    }
    let tree = Tree::at(&union);
    // This file system gives each link another inode: what was linked cannot be told.
    let refusal = tree.act(&nothing, &nothing, &hardlink).expect_err("not known to be a link");
    assert_eq!(refusal.reason, Reason::Unsupported);
    assert_eq!(tree.listing().len(), 2);
    tree.act(&nothing, &nothing, &|pair, name| symlink(pair, b"../kept/file", name)).unwrap();
    assert_eq!(fs::read(tree.path("copies/file")).unwrap(), CONTENT);
    assert_eq!(fs::read_link(branch.join("copies/file")).unwrap(), Path::new("../kept/file"));
    fs::remove_file(tree.path("copies/file")).unwrap();
    fs::write(tree.path("copies/file"), CONTENT).unwrap();
    tree.act(&nothing, &nothing, &delete).unwrap();
    assert_eq!(tree.listing(), [(tree.path("kept/file"), CONTENT.to_vec())]);
}

#[test]
fn where_nothing_can_be_written_the_copy_stays_with_the_reason() {
    in_namespaces("inside_without_room");
}

#[test]
#[ignore = "run in namespaces"]
fn inside_without_room() {
    let tree = Tree::new();
    let folder = tree.path("copies");
    assert!(run("mount", &["-t", "tmpfs", "-o", "size=64k,nr_inodes=3", "tmpfs", text(&folder)]));
    fs::write(folder.join("file"), CONTENT).unwrap();
    let refusal = tree.act(&nothing, &nothing, &hardlink).expect_err("two file systems");
    assert_eq!(refusal.reason, Reason::OtherVolume);
    fs::write(folder.join("other"), b"").unwrap();
    let refusal =
        tree.act(&nothing, &nothing, &|pair, name| symlink(pair, b"../kept/file", name)).expect_err("no inode is left");
    assert_eq!(refusal.reason, Reason::DiskFull);
    assert_eq!(fs::read(folder.join("file")).unwrap(), CONTENT);

    fs::remove_file(folder.join("other")).unwrap();
    assert!(run("mount", &["-o", "remount,ro", text(&folder)]));
    let acts: [&dyn Fn(&sanchay_act::Pair<'_>, &sanchay_act::TemporaryName) -> _; 2] =
        [&delete, &|pair, name| symlink(pair, b"../kept/file", name)];
    for act in acts {
        let refusal = tree.act(&nothing, &nothing, act).expect_err("for reading only");
        assert_eq!(refusal.reason, Reason::ReadOnly);
    }
    let home = Home { trash: tree.path("Trash"), user: 0 };
    let root = tree.root();
    let refusal = TrashFolder::find(&root.open_dir(b"copies").unwrap(), &home).expect_err("no trash can be made");
    assert_eq!(refusal.reason, Reason::NoTrash);
    let refusal = TrashFolder::check(&root.open_dir(b"copies").unwrap(), &home).expect_err("and that is found before");
    assert_eq!(refusal.reason, Reason::NoTrash);
    assert!(!tree.path("Trash").exists(), "no trash is made on another mount");
    assert_eq!(fs::read(folder.join("file")).unwrap(), CONTENT);
}

#[test]
fn a_bind_mount_shows_one_file_and_a_mount_has_a_trash_of_its_own() {
    in_namespaces("inside_with_a_bind_mount");
}

#[test]
#[ignore = "run in namespaces"]
fn inside_with_a_bind_mount() {
    let tree = Tree::new();
    assert!(run("mount", &["--bind", text(&tree.path("kept")), text(&tree.path("copies"))]));
    let refusal = tree.act(&nothing, &nothing, &delete).expect_err("one file");
    assert_eq!(refusal.reason, Reason::SameFile);

    let tree = Tree::new();
    let folder = tree.path("copies");
    assert!(run("mount", &["-t", "tmpfs", "tmpfs", text(&folder)]));
    fs::create_dir(folder.join("below")).unwrap();
    let home = Home { trash: tree.path("Trash"), user: 0 };
    let root = tree.root();
    TrashFolder::check(&root.open_dir(b"copies/below").unwrap(), &home).unwrap();
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "to ask makes nothing");
    let trash = TrashFolder::find(&root.open_dir(b"copies/below").unwrap(), &home).unwrap();
    assert_eq!(trash.path(), folder.join(".Trash-0"));
    assert_eq!(trash.path_for_info(&folder.join("below/file")), b"below/file", "relative to the mount's top");
    // A `.Trash` that anybody could fill is passed over; a sticky one is used.
    fs::create_dir(folder.join(".Trash")).unwrap();
    let again = TrashFolder::find(&root.open_dir(b"copies").unwrap(), &home).unwrap();
    assert_eq!(again.path(), folder.join(".Trash-0"));
    assert!(run("chmod", &["1777", text(&folder.join(".Trash"))]));
    let shared = TrashFolder::find(&root.open_dir(b"copies").unwrap(), &home).unwrap();
    assert_eq!(shared.path(), folder.join(".Trash/0"));
    fs::remove_dir_all(folder.join(".Trash")).unwrap();
    std::os::unix::fs::symlink("/tmp", folder.join(".Trash")).unwrap();
    let past_link = TrashFolder::find(&root.open_dir(b"copies").unwrap(), &home).unwrap();
    assert_eq!(past_link.path(), folder.join(".Trash-0"), "no link is followed");
}

#[test]
fn in_anothers_sticky_folder_no_link_is_made_that_could_not_be_removed() {
    within("setpriv", &["--bounding-set=-fowner"], "inside_without_fowner");
}

#[test]
#[ignore = "run without the right to act for any owner"]
fn inside_without_fowner() {
    let tree = Tree::new();
    fs::set_permissions(tree.path("copies"), fs::Permissions::from_mode(0o1777)).unwrap();
    for path in ["kept/file", "copies/file", "copies"] {
        if std::os::unix::fs::chown(tree.path(path), Some(1), None).is_err() {
            return eprintln!("skipped: not root");
        }
    }
    let before = tree.listing();
    let refusal = tree.act(&nothing, &nothing, &hardlink).expect_err("the folder is another's");
    assert_eq!(refusal.reason, Reason::Denied);
    assert_eq!(tree.listing(), before);
}
