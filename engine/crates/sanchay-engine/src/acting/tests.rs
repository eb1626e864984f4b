//! Runs over real trees, taken back again; and runs that end between any two of their steps.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, UNIX_EPOCH};

use sanchay_catalog::journal::{ActState, Decision};
use sanchay_core::path::bytes_of;
use sanchay_core::VolumeId;

use super::part::Target;
use super::places::Seen;
use super::*;
use crate::error::{EngineError, ErrorKind};
use crate::{Engine, EngineOptions, PlanAsked, RootSettings, ScanResult};

/// A file below a root, of which nothing else matters.
pub(super) fn target(root: &str, path: &str) -> Target {
    let volume = VolumeId::from_bytes([0; 16]);
    Target {
        root: root.as_bytes().to_vec(),
        path: path.as_bytes().to_vec(),
        seen: Seen { volume, inode: Some(1), size_bytes: 1, mtime_ns: 0, ctime_ns: None },
        device: 0,
        kept: 0,
        freed_bytes: 0,
    }
}

/// A root, an engine, and a trash beside them.
pub(super) struct Tree {
    engine: Option<Engine>,
    base: PathBuf,
    _home: tempfile::TempDir,
    _apart: Option<RwLockReadGuard<'static, ()>>,
}

/// Failpoints are the process's: who sets one runs alone.
pub(super) static FAILPOINTS: RwLock<()> = RwLock::new(());

/// Everything of a file that a person would miss: content, mode, and time of change; for a link, its target.
pub(super) type Listing = BTreeMap<String, (Vec<u8>, u32, i64)>;

impl Tree {
    pub(super) fn new(files: &[(&str, &str)]) -> Self {
        let apart = FAILPOINTS.read().unwrap_or_else(PoisonError::into_inner);
        Self { _apart: Some(apart), ..Self::alone(files) }
    }

    pub(super) fn alone(files: &[(&str, &str)]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let base = fs::canonicalize(home.path()).unwrap();
        let mut tree = Self { engine: None, base, _home: home, _apart: None };
        fs::create_dir(tree.at("root")).unwrap();
        for (age, (name, content)) in files.iter().enumerate() {
            tree.write(name, content, age as u64);
        }
        tree.open();
        tree.engine().put_root(1, bytes_of(&tree.at("root")), &RootSettings::default()).unwrap();
        tree.scan();
        tree
    }

    /// Younger stamps are looked at again whatever they say.
    pub(super) fn let_stamps_age() {
        std::thread::sleep(Duration::from_millis(80));
    }

    pub(super) fn open(&mut self) {
        self.engine = None;
        let options = EngineOptions { trash: Some(self.base.join("Trash")), ..EngineOptions::default() };
        self.engine = Some(Engine::open(&self.base.join("catalog.db"), options).unwrap());
    }

    pub(super) fn engine(&self) -> &Engine {
        self.engine.as_ref().unwrap()
    }

    pub(super) fn at(&self, name: &str) -> PathBuf {
        self.base.join(name)
    }

    /// A file below the root, with stamps that no later write shares.
    pub(super) fn write(&self, name: &str, content: &str, age: u64) {
        let path = self.at("root").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        let file = fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(UNIX_EPOCH + Duration::from_secs(1_000_000_000 + age)).unwrap();
    }

    pub(super) fn scan(&self) -> ScanResult {
        self.engine().scan(1, false, "").unwrap().wait(None).unwrap().unwrap()
    }

    pub(super) fn plan(&self, asked: &PlanAsked<'_>) -> i64 {
        let asked = PlanAsked { min_size_bytes: 1, asked: "{}", ..asked.clone() };
        self.engine().make_plan(&asked).unwrap().id
    }

    pub(super) fn try_run(&self, plan: i64) -> Result<ActResult, EngineError> {
        let version = self.engine().plan(plan).unwrap().0.version;
        let request = RunRequest { plan, version, any_metadata: false, empty_folders: false };
        self.engine().start_run(request, false, "").unwrap().wait(None).unwrap()
    }

    pub(super) fn run(&self, action: &str) -> ActResult {
        self.try_run(self.plan(&PlanAsked { action, ..PlanAsked::default() })).unwrap()
    }

    pub(super) fn undo(&self, run: i64) -> ActResult {
        self.engine().start_undo(run, Vec::new(), false, "").unwrap().wait(None).unwrap().unwrap()
    }

    /// Waits for what the opening has to settle.
    #[cfg(feature = "failpoints")]
    pub(super) fn settle(&self) {
        let shared = self.engine().shared();
        let _acts = shared.alone.enter(&|| true);
        super::settle::settle(&shared.journal().unwrap()).unwrap();
    }

    pub(super) fn listing(&self) -> Listing {
        let mut listing = Listing::new();
        list(&self.at("root"), "", &mut listing);
        listing
    }

    /// What the catalog says is what the disk says, without a byte being read for it.
    pub(super) fn assert_catalog_follows(&self, case: &str) {
        Self::let_stamps_age();
        let scan = self.scan();
        let seen = (scan.added, scan.changed, scan.removed, scan.hashed_bytes);
        assert_eq!(seen, (0, 0, 0, 0), "{case}: the catalog had not followed");
    }
}

fn list(folder: &Path, prefix: &str, listing: &mut Listing) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{prefix}{}", entry.file_name().into_string().unwrap());
        let metadata = entry.metadata().unwrap();
        if metadata.is_dir() {
            list(&entry.path(), &format!("{name}/"), listing);
            continue;
        }
        let content = if metadata.is_symlink() {
            fs::read_link(entry.path()).unwrap().into_os_string().into_string().unwrap().into_bytes()
        } else {
            fs::read(entry.path()).unwrap()
        };
        listing.insert(name, (content, metadata.mode(), metadata.mtime()));
    }
}

pub(super) const FILES: [(&str, &str); 6] =
    [("a/1", "one"), ("b/1", "one"), ("c/1", "one"), ("a/2", "two two"), ("b/\u{f6}\n", "two two"), ("a/3", "alone")];
const ACTIONS: [&str; 4] = ["trash", "hardlink", "symlink", "delete"];

#[test]
fn copies_go_by_each_action_and_come_back_and_nothing_is_read_again() {
    for action in ACTIONS {
        let tree = Tree::new(&FILES);
        fs::set_permissions(tree.at("root/b/1"), fs::Permissions::from_mode(0o600)).unwrap();
        fs::set_permissions(tree.at("root/a/1"), fs::Permissions::from_mode(0o600)).unwrap();
        fs::set_permissions(tree.at("root/c/1"), fs::Permissions::from_mode(0o600)).unwrap();
        Tree::let_stamps_age();
        tree.scan();
        let before = tree.listing();
        let ran = tree.run(action);
        assert_eq!(
            (ran.state, ran.run.acted, ran.run.skipped, ran.run.failed),
            (ActResultState::Done, 3, 0, 0),
            "{action}"
        );
        assert_eq!(ran.freed_when_emptied, action == "trash");
        assert!(ran.run.freed_bytes > 0, "{action}");
        let after = tree.listing();
        for kept in ["a/1", "a/2", "a/3"] {
            assert_eq!(after[kept], before[kept], "{action}");
        }
        let inode = |name: &str| fs::metadata(tree.at("root").join(name)).map(|metadata| metadata.ino()).ok();
        match action {
            "trash" | "delete" => assert_eq!(after.len(), 3, "{action}"),
            "hardlink" => assert_eq!((inode("b/1"), inode("c/1")), (inode("a/1"), inode("a/1"))),
            _ => assert_eq!(after["b/1"].0, b"../a/1"),
        }
        tree.assert_catalog_follows(action);

        let undone = tree.undo(ran.run.id);
        assert_eq!((undone.state, undone.run.acted), (ActResultState::Done, 3), "{action}: {:?}", undone.left);
        assert_eq!(tree.listing(), before, "{action}");
        assert_ne!(inode("a/1"), inode("b/1"), "{action}");
        tree.assert_catalog_follows(&format!("{action}, taken back"));
        assert_eq!(fs::read_dir(tree.at("Trash/info")).map_or(0, Iterator::count), 0, "{action}");
        let states: Vec<_> =
            tree.engine().acts(ran.run.id, "", 9, None).unwrap().acts.iter().map(|act| act.state).collect();
        assert_eq!(states, [ActState::TakenBack; 3]);
        assert_eq!(tree.undo(ran.run.id).run.acted, 0, "once is enough");
    }
}

#[test]
fn what_someone_changed_meanwhile_is_left() {
    for action in ACTIONS {
        let tree = Tree::new(&FILES);
        let ran = tree.run(action);
        fs::remove_file(tree.at("root/b/1")).ok();
        tree.write("b/1", "new file", 9);
        let undone = tree.undo(ran.run.id);
        assert_eq!((undone.run.acted, undone.run.skipped), (2, 1), "{action}: {:?}", undone.left);
        assert_eq!(fs::read(tree.at("root/b/1")).unwrap(), b"new file", "{action}");
    }
}

#[test]
fn a_file_that_is_not_what_the_plan_saw_stays() {
    for action in ACTIONS {
        let tree = Tree::new(&FILES);
        let plan = tree.plan(&PlanAsked { action, ..PlanAsked::default() });
        tree.write("b/1", "ONE", 1); // the same size and time, other bytes
        fs::remove_file(tree.at("root/c/1")).unwrap();
        fs::create_dir(tree.at("root/c/1")).unwrap();
        let writer = fs::File::options().append(true).open(tree.at("root/a/2")).unwrap();
        let before = tree.listing();
        let ran = tree.try_run(plan).unwrap();
        assert_eq!((ran.run.acted, ran.run.skipped), (0, 3), "{action}");
        let reasons: Vec<&str> = ran.left.iter().map(|left| left.reason.as_str()).collect();
        assert_eq!(reasons.iter().filter(|reason| **reason == "changed").count(), 2, "{action}: {reasons:?}");
        assert!(reasons.contains(&"kept-busy"), "{action}: {reasons:?}");
        assert_eq!(tree.listing(), before, "{action}");
        drop(writer);
    }
}

#[test]
fn a_kept_file_is_told_of_though_an_act_for_it_failed() {
    let tree = Tree::new(&FILES);
    Tree::let_stamps_age();
    tree.scan();
    let plan = tree.plan(&PlanAsked { action: "hardlink", ..PlanAsked::default() });
    let writer = fs::File::options().append(true).open(tree.at("root/c/1")).unwrap();
    let ran = tree.try_run(plan).unwrap();
    assert_eq!((ran.run.acted, ran.run.skipped, ran.left[0].reason.as_str()), (2, 1, "busy"));
    drop(writer);
    let scan = tree.scan();
    assert_eq!((scan.added, scan.changed, scan.removed), (0, 0, 0));
}

#[test]
fn a_plan_that_was_run_is_done_and_one_that_was_edited_is_refused() {
    let tree = Tree::new(&FILES);
    let plan = tree.plan(&PlanAsked { action: "hardlink", ..PlanAsked::default() });
    let edited = tree.engine().edit_plan(plan, bytes_of(&tree.at("root/b/1")), Decision::Keep).unwrap();
    assert_eq!((edited.version, edited.files), (2, 2));
    let request = RunRequest { plan, version: 1, any_metadata: false, empty_folders: false };
    let refused = tree.engine().start_run(request, false, "").err().unwrap();
    assert_eq!(refused.kind, ErrorKind::PlanEdited, "{refused}");
    assert_eq!(tree.try_run(plan).unwrap().run.acted, 2);
    let again = tree.try_run(plan).unwrap();
    assert_eq!((again.state, again.run.acted, again.run.skipped), (ActResultState::Done, 0, 0));
    assert_ne!(fs::metadata(tree.at("root/b/1")).unwrap().ino(), fs::metadata(tree.at("root/a/1")).unwrap().ino());
}

#[test]
fn a_plan_that_was_made_with_another_catalog_goes_by_what_the_disk_says() {
    let mut tree = Tree::new(&FILES);
    let plan = tree.plan(&PlanAsked { action: "trash", ..PlanAsked::default() });
    let unknown = RunRequest { plan: plan + 1, version: 1, any_metadata: false, empty_folders: false };
    let refused = tree.engine().start_run(unknown, false, "").err().map(|error| error.kind);
    assert_eq!(refused, Some(ErrorKind::UnknownPlan));
    tree.engine = None;
    for ending in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(tree.at(&format!("catalog.db{ending}")));
    }
    tree.open();
    tree.engine().put_root(1, bytes_of(&tree.at("root")), &RootSettings::default()).unwrap();
    tree.write("b/1", "other", 1);
    Tree::let_stamps_age();
    tree.scan();
    let ran = tree.try_run(plan).unwrap();
    assert_eq!((ran.run.acted, ran.run.skipped, ran.left[0].reason.as_str()), (2, 1, "changed"));
    tree.assert_catalog_follows("another catalog");
    assert_eq!(tree.undo(ran.run.id).run.acted, 2);
}

#[test]
fn links_to_a_file_that_goes_are_named() {
    let tree = Tree::new(&FILES);
    for (link, target) in [("a/to_b", "../b/1"), ("to_c", "./a/../c/1"), ("to_kept", "a/1"), ("c/nowhere", "x")] {
        std::os::unix::fs::symlink(target, tree.at("root").join(link)).unwrap();
    }
    tree.scan();
    let plan = tree.plan(&PlanAsked { action: "trash", ..PlanAsked::default() });
    let named = tree.engine().plan_links(plan).unwrap();
    let named: Vec<_> = named.iter().map(|(link, _)| link.strip_prefix(bytes_of(&tree.at("root/"))).unwrap()).collect();
    assert_eq!(named, [&b"a/to_b"[..], b"to_c"]);
    assert_eq!(tree.engine().plan(plan).unwrap().0.broken_links, 2);
}

#[test]
fn what_lies_in_a_trash_is_never_read_and_is_no_copy() {
    let mut tree = Tree::new(&FILES);
    // In a trash that is cataloged, as one in a person's home is.
    let options = EngineOptions { trash: Some(tree.at("root/share/Trash")), ..EngineOptions::default() };
    tree.engine = None;
    tree.engine = Some(Engine::open(&tree.base.join("catalog.db"), options).unwrap());
    Tree::let_stamps_age();
    tree.scan();
    let before = tree.listing();
    let ran = tree.run("trash");
    assert_eq!((ran.run.acted, ran.run.skipped), (3, 0), "{:?}", ran.left);
    Tree::let_stamps_age();
    let scan = tree.scan();
    let infos = fs::read_dir(tree.at("root/share/Trash/info")).unwrap();
    let of_infos: u64 = infos.map(|entry| entry.unwrap().metadata().unwrap().len()).sum();
    assert_eq!((scan.added, scan.hashed_bytes), (6, of_infos), "the files are counted, and their info files read");
    let plan = tree.plan(&PlanAsked { action: "trash", everywhere: true, ..PlanAsked::default() });
    assert_eq!(tree.engine().plan(plan).unwrap().0.groups, 0);
    assert_eq!(tree.undo(ran.run.id).run.acted, 3);
    fs::remove_dir_all(tree.at("root/share")).unwrap();
    assert_eq!(tree.listing(), before);
    assert_eq!(tree.scan().hashed_bytes, 0);
    // A file that was hashed before it came there is forgotten as what it was.
    fs::create_dir_all(tree.at("root/.Trash-1000/files")).unwrap();
    fs::rename(tree.at("root/b/1"), tree.at("root/.Trash-1000/files/1")).unwrap();
    assert_eq!(tree.scan().hashed_bytes, 0);
}

#[test]
fn folders_that_are_emptied_go_on_demand_and_come_back_as_they_were() {
    for action in ["trash", "delete"] {
        let tree = Tree::new(&[("a/1", "one"), ("b/c/d/1", "one"), ("b/c/e/1", "one"), ("f/1", "one"), ("f/2", "two")]);
        fs::set_permissions(tree.at("root/b/c"), fs::Permissions::from_mode(0o750)).unwrap();
        let before = tree.listing();
        let of = |name: &str| {
            let metadata = fs::metadata(tree.at("root").join(name)).unwrap();
            (metadata.mode(), metadata.mtime_nsec())
        };
        Tree::let_stamps_age();
        tree.scan();
        let plan = tree.plan(&PlanAsked { action, ..PlanAsked::default() });
        let request = RunRequest { plan, version: 1, any_metadata: false, empty_folders: true };
        let ran = tree.engine().start_run(request, false, "").unwrap().wait(None).unwrap().unwrap();
        assert_eq!((ran.state, ran.run.acted, ran.run.skipped), (ActResultState::Done, 3, 0));
        let left: Vec<_> = fs::read_dir(tree.at("root")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left.len(), 2, "{left:?}");
        tree.assert_catalog_follows(action);
        let undone = tree.undo(ran.run.id);
        assert_eq!((undone.run.acted, undone.run.skipped), (3, 0), "{:?}", undone.left);
        assert_eq!(tree.listing(), before);
        assert_eq!(of("b/c").0 & 0o777, 0o750);
        tree.assert_catalog_follows(&format!("{action}, taken back"));
    }
}

#[test]
fn a_file_that_came_between_the_steps_of_a_broken_undo_is_kept() {
    use sanchay_act::{restore, TemporaryName};
    use sanchay_core::{FileStat, RootDir};

    let home = tempfile::tempdir().unwrap();
    let folder = RootDir::open(home.path()).unwrap().into_handle();
    let temporary = TemporaryName::of(1, 2, 3);
    let at = |name: &[u8]| home.path().join(std::str::from_utf8(name).unwrap());
    let is_back = |stat: &FileStat| stat.size_bytes == 4;
    for aside in [&temporary.new, &temporary.old] {
        fs::write(at(b"file"), "copy").unwrap();
        fs::write(at(aside), "another's").unwrap();
        restore::settle(&folder, b"file", &temporary, &|_| false, &is_back).unwrap();
        let content = |name: &[u8]| fs::read_to_string(at(name)).unwrap_or_default();
        assert_eq!(
            (content(b"file"), content(b"file.recovered-1"), content(aside)),
            ("copy".into(), "another's".into(), String::new())
        );
        fs::remove_file(at(b"file.recovered-1")).unwrap();
    }
    // A copy that was not put in place yet is ours, and goes.
    fs::remove_file(at(b"file")).unwrap();
    fs::write(at(&temporary.new), "half").unwrap();
    restore::settle(&folder, b"file", &temporary, &|_| false, &is_back).unwrap();
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
}

#[test]
fn hard_links_of_a_copy_go_together_and_free_their_space_once() {
    let mut tree = Tree::new(&[("a/1", "one"), ("b/1", "one")]);
    for name in ["b/2", "b/3", "b/4", "b/5", "b/6"] {
        fs::hard_link(tree.at("root/b/1"), tree.at("root").join(name)).unwrap();
    }
    tree.open();
    tree.scan();
    let before = tree.listing();
    let asked = PlanAsked { action: "trash", prefer: &[b"oldest".to_vec()], ..PlanAsked::default() };
    let ran = tree.try_run(tree.plan(&asked)).unwrap();
    assert_eq!((ran.run.acted, ran.run.skipped), (6, 0), "{:?}", ran.left);
    assert_eq!(ran.run.freed_bytes, 4096);
    assert_eq!(tree.listing().len(), 1);
    tree.undo(ran.run.id);
    assert_eq!(tree.listing(), before);
    assert_eq!(fs::metadata(tree.at("root/b/6")).unwrap().nlink(), 6);
}

#[cfg(feature = "failpoints")]
mod stops;
