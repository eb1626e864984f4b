//! What undoing makes again, where a file cannot simply be moved back.

use std::fs;
use std::os::unix::fs::MetadataExt;

use super::tests::{Tree, FILES};

#[test]
fn an_emptied_trash_is_made_up_for_by_a_living_twin() {
    let tree = Tree::new(&FILES);
    let before = tree.listing();
    let ran = tree.run("trash");
    fs::remove_dir_all(tree.at("Trash")).unwrap();
    tree.write("a/2", "other", 50);
    let undone = tree.undo(ran.run.id);
    assert_eq!((undone.run.acted, undone.run.skipped), (2, 1));
    assert_eq!(undone.left[0].reason, "kept-changed");
    let after = tree.listing();
    assert_eq!((&after["b/1"], &after["c/1"]), (&before["b/1"], &before["c/1"]));
    assert!(!after.contains_key("b/\u{f6}\n"));
}

#[test]
fn a_file_comes_back_from_whichever_twin_is_left() {
    for action in ["trash", "delete"] {
        let tree = Tree::new(&FILES);
        let before = tree.listing();
        let ran = tree.run(action);
        let _ = fs::remove_dir_all(tree.at("Trash"));
        fs::create_dir(tree.at("root/elsewhere")).unwrap();
        fs::rename(tree.at("root/a/1"), tree.at("root/elsewhere/renamed")).unwrap();
        Tree::let_stamps_age();
        tree.scan();
        let undone = tree.undo(ran.run.id);
        assert_eq!(undone.run.acted, 3, "{action}: {:?}", undone.left);
        for name in ["b/1", "c/1"] {
            assert_eq!(tree.listing()[name], before[name], "{action}");
        }
        tree.assert_catalog_follows(action);
    }
}

#[test]
fn names_of_one_file_come_back_as_names_of_one_file() {
    // More of them than a batch has.
    let names = ["b/1", "b/2", "b/3", "c/1", "c/2", "d/1"];
    for action in ["trash", "hardlink", "symlink", "delete"] {
        let tree = Tree::new(&FILES[..1]);
        tree.write(names[0], "one", 1);
        for name in &names[1..] {
            let path = tree.at("root").join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::hard_link(tree.at("root").join(names[0]), path).unwrap();
        }
        Tree::let_stamps_age();
        tree.scan();
        let before = tree.listing();
        let plan = tree.plan(&crate::PlanAsked { action, prefer: &[b"oldest".to_vec()], ..Default::default() });
        let ran = tree.try_run(plan).unwrap();
        assert_eq!(ran.run.acted, 6, "{action}: {:?}", ran.left);
        let undone = tree.undo(ran.run.id);
        assert_eq!(undone.run.acted, 6, "{action}: {:?}", undone.left);
        assert_eq!(tree.listing(), before, "{action}");
        let stat = |name: &str| fs::metadata(tree.at("root").join(name)).unwrap();
        for name in names {
            assert_eq!((stat(name).ino(), stat(name).nlink()), (stat(names[0]).ino(), 6), "{action} {name}");
        }
        assert_ne!(stat("a/1").ino(), stat("b/1").ino(), "{action}");
        tree.assert_catalog_follows(action);
    }
}

#[test]
fn a_folder_gets_its_time_back_unless_someone_changed_it() {
    for action in ["trash", "hardlink", "symlink", "delete"] {
        let tree = Tree::new(&FILES);
        let folder = |name: &str| fs::File::open(tree.at("root").join(name)).unwrap();
        let time = |name: &str| folder(name).metadata().unwrap().modified().unwrap();
        let before = std::time::UNIX_EPOCH + std::time::Duration::from_nanos(1_234_567_890_123_456_789);
        for name in ["b", "c"] {
            folder(name).set_modified(before).unwrap();
        }
        let ran = tree.run(action);
        assert_ne!(time("c"), before, "{action}");
        tree.write("c/another", "someone's", 1);
        let changed = time("c");
        assert_eq!(tree.undo(ran.run.id).run.acted, 3, "{action}");
        assert_eq!(time("b"), before, "{action}");
        assert!(time("c") >= changed, "{action}");
    }
}
