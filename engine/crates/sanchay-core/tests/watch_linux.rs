//! Watching on Linux, with real inotify in temporary folders. A test waits for what has to come, however long it takes,
//! and ends with a marker file: what came before the marker is all that came.
//!
//! What needs a namespace of its own runs this program again under `unshare -Ur`; where the system forbids that, it is said
//! and the test passes.
#![cfg(target_os = "linux")]

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crossbeam_channel::{bounded, Receiver};
use sanchay_core::watch::{FileEvent, Scope, WatchRefused, Watcher};
use sanchay_core::Filter;
use tempfile::TempDir;

const FOREVER: Duration = Duration::from_secs(10);

struct Trial {
    // Before the folder, so that it is gone first.
    watcher: Watcher,
    events: Receiver<FileEvent>,
    root: PathBuf,
    markers: usize,
    outside: TempDir,
    _inside: TempDir,
}

impl Trial {
    fn new(prepare: impl FnOnce(&Path)) -> Self {
        Self::with(Scope::default(), prepare)
    }

    fn with(scope: Scope, prepare: impl FnOnce(&Path)) -> Self {
        let (inside, outside) = (TempDir::new().expect("a folder"), TempDir::new().expect("a folder"));
        let root = inside.path().join("root");
        fs::create_dir(&root).expect("a folder");
        prepare(&root);
        let (sender, events) = bounded(100_000);
        let watcher = Watcher::new(sender).expect("a watcher");
        watcher.watch(bytes(&root), scope).expect("watched");
        Self { watcher, events, root, markers: 0, outside, _inside: inside }
    }

    /// All events up to now, in words, the root's path left out.
    fn heard(&mut self) -> Vec<String> {
        self.markers += 1;
        let marker = self.root.join(format!("marker{}", self.markers));
        fs::write(&marker, "").expect("a marker");
        let mut heard = Vec::new();
        loop {
            let event = self.events.recv_timeout(FOREVER).expect("the marker comes");
            if matches!(&event, FileEvent::Written { path } if path == bytes(&marker)) {
                return heard;
            }
            let words = words(&event, &self.root);
            if !words.contains("marker") && heard.last() != Some(&words) {
                heard.push(words);
            }
        }
    }

    fn wait_for(&self, wanted: &FileEvent) {
        while self.events.recv_timeout(FOREVER).expect("the event comes") != *wanted {}
    }

    fn folders(&self) -> usize {
        self.watcher.watched_folders(bytes(&self.root))
    }
}

fn bytes(path: &Path) -> &[u8] {
    path.as_os_str().as_bytes()
}

fn words(event: &FileEvent, root: &Path) -> String {
    let short = |path: &[u8]| {
        let path = String::from_utf8_lossy(path).into_owned();
        path.strip_prefix(&*root.to_string_lossy()).map_or(path.clone(), |rest| rest.trim_start_matches('/').to_owned())
    };
    match event {
        FileEvent::Created { path, directory: Some(true) } => format!("folder {}", short(path)),
        FileEvent::Created { path, .. } => format!("file {}", short(path)),
        FileEvent::Written { path } => format!("written {}", short(path)),
        FileEvent::Attributes { path } => format!("attributes {}", short(path)),
        FileEvent::Removed { path, .. } => format!("removed {}", short(path)),
        FileEvent::Renamed { from, to } => format!("renamed {} {}", short(from), short(to)),
        FileEvent::Exchanged { one, other } => format!("exchanged {} {}", short(one), short(other)),
        FileEvent::MovedIn { path, directory: Some(true) } => format!("folder in {}", short(path)),
        FileEvent::MovedIn { path, .. } => format!("file in {}", short(path)),
        FileEvent::MovedAway { path } => format!("away {}", short(path)),
        FileEvent::Rescan { .. } => "rescan".to_owned(),
        FileEvent::RootGone { .. } => "root gone".to_owned(),
        FileEvent::MountsChanged { .. } => "mounts changed".to_owned(),
        FileEvent::WatchLost { refused, .. } => format!("lost: {refused}"),
    }
}

#[test]
fn what_happens_to_files_is_told_in_order() {
    let mut trial = Trial::new(|root| fs::write(root.join("old"), "1").expect("written"));
    let at = |name: &str| trial.root.join(name);
    fs::write(at("new"), "2").expect("written");
    fs::rename(at("new"), at("named")).expect("renamed");
    fs::set_permissions(at("old"), std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("set");
    fs::remove_file(at("old")).expect("removed");
    let heard = trial.heard();
    assert_eq!(heard, ["file new", "written new", "renamed new named", "attributes old", "removed old"]);
}

#[test]
fn reading_files_and_folders_is_not_told() {
    let mut trial = Trial::new(|root| fs::write(root.join("old"), "1").expect("written"));
    fs::read(trial.root.join("old")).expect("read");
    fs::read_dir(&trial.root).expect("listed").for_each(drop);
    assert_eq!(trial.heard(), [""; 0]);
}

#[test]
fn a_chain_of_folders_made_at_once_is_watched_to_its_end() {
    let mut trial = Trial::new(|_| {});
    fs::create_dir_all(trial.root.join("a/b/c")).expect("made");
    fs::write(trial.root.join("a/b/c/f"), "1").expect("written");
    assert!(trial.heard().contains(&"folder a".to_owned()));
    assert_eq!(trial.folders(), 4);
    fs::write(trial.root.join("a/b/c/g"), "1").expect("written");
    assert_eq!(trial.heard(), ["file a/b/c/g", "written a/b/c/g"]);
}

#[test]
fn every_folder_of_a_root_is_watched_whatever_its_shape() {
    let wide = |root: &Path| (0..300).for_each(|number| fs::create_dir(root.join(format!("{number}"))).expect("made"));
    let deep =
        |root: &Path| fs::create_dir_all((0..200).fold(root.join("deep"), |path, _| path.join("d"))).expect("made");
    let bushy = |root: &Path| {
        for number in 0..400 {
            let path = root.join(format!("bush/{}/{}/{}", number % 3, number % 20, number));
            fs::create_dir_all(path).expect("made");
        }
    };
    let folders_of_bush = 1 + 3 + 60 + 400;
    for _ in 0..5 {
        assert_eq!(Trial::new(wide).folders(), 301);
        assert_eq!(Trial::new(deep).folders(), 202);
        let all = Trial::new(|root| {
            wide(root);
            deep(root);
            bushy(root);
        });
        assert_eq!(all.folders(), 1 + 300 + 201 + folders_of_bush);
    }
}

#[test]
fn a_tree_moved_in_is_watched_and_one_moved_away_no_longer() {
    let mut trial = Trial::new(|_| {});
    let tree = trial.outside.path().join("tree");
    fs::create_dir_all(tree.join("x/y")).expect("made");
    fs::rename(&tree, trial.root.join("tree")).expect("moved");
    assert_eq!(trial.heard(), ["folder in tree"]);
    fs::write(trial.root.join("tree/x/y/f"), "1").expect("written");
    assert_eq!(trial.heard(), ["file tree/x/y/f", "written tree/x/y/f"]);
    assert_eq!(trial.folders(), 4);
    fs::rename(trial.root.join("tree"), &tree).expect("moved");
    fs::rename(tree.join("x/y/f"), trial.root.join("f")).expect("moved");
    assert_eq!(trial.heard(), ["away tree", "file in f"]);
    assert_eq!(trial.folders(), 1);
    fs::write(tree.join("x/y/g"), "1").expect("written");
    assert_eq!(trial.heard(), [""; 0]);
}

#[test]
fn a_renamed_folder_keeps_its_watches_under_the_new_name() {
    let mut trial = Trial::new(|root| {
        fs::create_dir_all(root.join("a/b")).expect("made");
        fs::create_dir(root.join("z")).expect("made");
        for number in 0..2000 {
            fs::write(root.join(format!("a/b/{number}")), "1").expect("written");
        }
    });
    fs::rename(trial.root.join("a"), trial.root.join("z/c")).expect("renamed");
    fs::write(trial.root.join("z/c/b/new"), "1").expect("written");
    fs::rename(trial.root.join("z/c/b/7"), trial.root.join("seven")).expect("renamed");
    fs::remove_dir_all(trial.root.join("z/c/b")).expect("removed");
    let heard = trial.heard();
    assert_eq!(heard[..4], ["renamed a z/c", "file z/c/b/new", "written z/c/b/new", "renamed z/c/b/7 seven"]);
    assert_eq!(heard.last().map(String::as_str), Some("removed z/c/b"));
    assert_eq!(heard.len(), 4 + 2000 + 1);
    assert_eq!(trial.folders(), 3);
}

#[test]
fn folders_that_are_exchanged_stay_watched_both() {
    let mut trial = Trial::new(|root| {
        fs::create_dir_all(root.join("a/in-a")).expect("made");
        fs::create_dir_all(root.join("b/in-b")).expect("made");
    });
    let (a, b) = (trial.root.join("a"), trial.root.join("b"));
    let cwd = rustix::fs::CWD;
    rustix::fs::renameat_with(cwd, &a, cwd, &b, rustix::fs::RenameFlags::EXCHANGE).expect("exchanged");
    assert_eq!(trial.heard(), ["exchanged a b"]);
    assert_eq!(trial.folders(), 5);
    fs::write(trial.root.join("a/in-b/f"), "1").expect("written");
    fs::write(trial.root.join("b/in-a/g"), "1").expect("written");
    assert_eq!(trial.heard(), ["file a/in-b/f", "written a/in-b/f", "file b/in-a/g", "written b/in-a/g"]);
}

#[test]
fn what_the_scope_leaves_out_is_neither_watched_nor_told() {
    let filter = Filter::new(&["*.tmp".into(), "/cache".into()], false).expect("valid");
    let mut trial = Trial::with(Scope { filter, ..Scope::default() }, |root| {
        fs::create_dir_all(root.join("cache/deep")).expect("made");
        fs::create_dir_all(root.join("kept/cache")).expect("made");
    });
    assert_eq!(trial.folders(), 3);
    fs::write(trial.root.join("cache/deep/f"), "1").expect("written");
    fs::write(trial.root.join("kept/f.tmp"), "1").expect("written");
    fs::rename(trial.root.join("kept/f.tmp"), trial.root.join("kept/f")).expect("renamed");
    fs::rename(trial.root.join("cache"), trial.root.join("shown")).expect("renamed");
    fs::rename(trial.root.join("kept"), trial.root.join("kept.tmp")).expect("renamed");
    assert_eq!(trial.heard(), ["file in kept/f", "folder in shown", "away kept"]);
    assert_eq!(trial.folders(), 3);
    fs::write(trial.root.join("shown/deep/f"), "2").expect("written");
    assert_eq!(trial.heard(), ["written shown/deep/f"]);
}

#[test]
fn a_link_to_a_folder_is_not_followed() {
    let mut trial = Trial::new(|_| {});
    std::os::unix::fs::symlink(trial.outside.path(), trial.root.join("link")).expect("linked");
    fs::write(trial.root.join("link/f"), "1").expect("written");
    assert_eq!(trial.heard(), ["file link"]);
    assert_eq!(trial.folders(), 1);
}

#[test]
fn a_root_inside_a_root_hears_of_everything_once() {
    let mut trial = Trial::new(|root| fs::create_dir_all(root.join("in/deep")).expect("made"));
    trial.watcher.watch(bytes(&trial.root.join("in")), Scope::default()).expect("watched");
    fs::write(trial.root.join("f"), "1").expect("written");
    fs::rename(trial.root.join("f"), trial.root.join("in/deep/f")).expect("renamed");
    fs::rename(trial.root.join("in/deep"), trial.root.join("deep")).expect("renamed");
    fs::write(trial.root.join("deep/g"), "1").expect("written");
    let expected =
        ["file f", "written f", "renamed f in/deep/f", "renamed in/deep deep", "file deep/g", "written deep/g"];
    assert_eq!(trial.heard(), expected);
    trial.watcher.unwatch(bytes(&trial.root));
    fs::write(trial.root.join("h"), "1").expect("written");
    fs::write(trial.root.join("in/g"), "1").expect("written");
    trial.wait_for(&FileEvent::Created { path: bytes(&trial.root.join("in/g")).to_vec(), directory: Some(false) });
    assert_eq!(trial.folders(), 0);
}

#[test]
fn a_root_that_is_removed_renamed_or_replaced_is_gone() {
    let gone = |lose: &dyn Fn(&Path)| {
        let trial = Trial::new(|root| fs::create_dir(root.join("a")).expect("made"));
        lose(&trial.root);
        trial.wait_for(&FileEvent::RootGone { root: bytes(&trial.root).to_vec() });
        assert_eq!(trial.folders(), 0);
        // It can be watched again once something is there.
        let _ = fs::create_dir(&trial.root);
        trial.watcher.watch(bytes(&trial.root), Scope::default()).expect("watched");
        fs::write(trial.root.join("f"), "1").expect("written");
        trial.wait_for(&FileEvent::Written { path: bytes(&trial.root.join("f")).to_vec() });
    };
    gone(&|root| fs::remove_dir_all(root).expect("removed"));
    gone(&|root| fs::rename(root, root.with_file_name("other")).expect("renamed"));
    gone(&|root| {
        fs::rename(root, root.with_file_name("other")).expect("renamed");
        fs::create_dir(root).expect("made");
    });
}

#[test]
fn events_that_nobody_takes_are_lost_and_told_once() {
    let root = TempDir::new().expect("a folder");
    let (sender, events) = bounded(10);
    let watcher = Watcher::new(sender).expect("a watcher");
    watcher.watch(bytes(root.path()), Scope::default()).expect("watched");
    for number in 0..1000 {
        fs::create_dir(root.path().join(number.to_string())).expect("made");
    }
    let mut taken = 0;
    while events.recv_timeout(FOREVER).expect("it is told") != (FileEvent::Rescan { root: None }) {
        taken += 1;
    }
    assert!((10..1000).contains(&taken));
    // What came in between is watched all the same.
    let last = root.path().join("999/f");
    let written = FileEvent::Written { path: bytes(&last).to_vec() };
    let mut heard = false;
    while !heard {
        // Each time there may be others before it that fill the channel.
        fs::write(&last, "1").expect("written");
        while let Ok(event) = events.recv_timeout(Duration::from_millis(50)) {
            heard |= event == written;
        }
    }
}

#[test]
fn a_root_that_is_no_folder_is_refused() {
    let (sender, _events) = bounded(10);
    let watcher = Watcher::new(sender).expect("a watcher");
    for path in ["/nowhere/at/all", "relative", "/proc/self/status"] {
        assert!(matches!(watcher.watch(path.as_bytes(), Scope::default()), Err(WatchRefused::Io(_))), "{path}");
    }
}

/// Runs one of the tests below in user, mount and other namespaces of its own, after the shell has prepared them.
fn in_namespaces(test: &str, prepare: &str) {
    let itself = std::env::current_exe().expect("this program");
    let script = format!("{prepare} && exec \"$0\" --exact --ignored --nocapture {test}");
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", &script]).arg(itself);
    let output = match command.output() {
        Ok(output) => output,
        Err(error) => return eprintln!("skipped: unshare cannot be run ({error})"),
    };
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if !said.contains("running 1 test") {
        return eprintln!("skipped: no namespaces here ({complained})");
    }
    assert!(output.status.success(), "{said}\n{complained}");
}

#[test]
fn the_limit_of_watches_refuses_a_root_as_a_whole() {
    in_namespaces("inside_with_few_watches", "true");
}

#[test]
#[ignore = "run in namespaces by the_limit_of_watches_refuses_a_root_as_a_whole"]
fn inside_with_few_watches() {
    let mut trial = Trial::new(|root| {
        fs::create_dir(root.join("a")).expect("made");
        // The folders above a root are watched as well; beyond them and the root's own two there is room for one.
        let limit = root.ancestors().skip(1).filter(|folder| *folder != Path::new("/")).count() + 3;
        fs::write("/proc/sys/user/max_inotify_watches", limit.to_string()).expect("a limit");
    });
    let other = trial.outside.path().to_path_buf();
    fs::create_dir(other.join("x")).expect("made");
    assert_eq!(trial.watcher.watch(bytes(&other), Scope::default()), Err(WatchRefused::LimitReached));
    assert_eq!(trial.watcher.watched_folders(bytes(&other)), 0);
    // What was watched goes on, and there is room for what the refused root gave back.
    fs::create_dir(trial.root.join("b")).expect("made");
    assert_eq!(trial.heard(), ["folder b"]);
    fs::create_dir(trial.root.join("c")).expect("made");
    let lost = FileEvent::WatchLost { root: bytes(&trial.root).to_vec(), refused: WatchRefused::LimitReached };
    trial.wait_for(&lost);
    assert_eq!(trial.folders(), 0);
    trial.watcher.watch(bytes(&other), Scope::default()).expect("there is room again");
}

#[test]
fn the_limit_of_watchers_is_said() {
    in_namespaces("inside_without_watchers", "echo 0 > /proc/sys/user/max_inotify_instances");
}

#[test]
#[ignore = "run in namespaces by the_limit_of_watchers_is_said"]
fn inside_without_watchers() {
    let refused = Watcher::new(bounded(1).0).expect_err("no watcher");
    assert_eq!(refused, WatchRefused::NoWatcher);
    assert!(refused.to_string().contains("max_user_instances"), "{refused}");
}

#[test]
fn an_unmounted_root_is_gone_and_an_unmounted_folder_shows_what_it_hid() {
    in_namespaces("inside_with_mounts", "true");
}

#[test]
#[ignore = "run in namespaces by an_unmounted_root_is_gone_and_an_unmounted_folder_shows_what_it_hid"]
fn inside_with_mounts() {
    let run = |program: &str, arguments: &[&str], path: &Path| {
        let status = Command::new(program).args(arguments).arg(path).status().expect("runs");
        assert!(status.success(), "{program} {arguments:?}");
    };
    let mount = |path: &Path| run("mount", &["-t", "tmpfs", "tmpfs"], path);
    let mut trial = Trial::new(|root| {
        fs::create_dir_all(root.join("a/b/hidden")).expect("made");
        mount(&root.join("a/b"));
        fs::create_dir(root.join("a/b/shown")).expect("made");
    });
    assert_eq!(trial.folders(), 4);
    run("umount", &[], &trial.root.join("a/b"));
    // The mount's own folders may be told of first; looked at, there is nothing of them. That mounts changed is told by
    // another file of the kernel's, so it may come at any time.
    let mut heard = trial.heard();
    while !heard.contains(&"mounts changed".to_owned()) {
        heard.extend(trial.heard());
    }
    let folder = heard.iter().rev().find(|words| *words != "mounts changed");
    assert_eq!(folder.map(String::as_str), Some("folder a/b"));
    fs::write(trial.root.join("a/b/hidden/f"), "1").expect("written");
    assert_eq!(trial.heard(), ["file a/b/hidden/f", "written a/b/hidden/f"]);

    let root = trial.outside.path().to_path_buf();
    mount(&root);
    fs::create_dir(root.join("x")).expect("made");
    trial.watcher.watch(bytes(&root), Scope::default()).expect("watched");
    run("umount", &["-l"], &root);
    trial.wait_for(&FileEvent::RootGone { root: bytes(&root).to_vec() });
    assert_eq!(trial.watcher.watched_folders(bytes(&root)), 0);
}
