//! An act that ends between any two of its steps, or beside whose steps others act: nothing is lost, and what is left
//! is settled.
#![cfg(all(unix, feature = "failpoints"))]

use std::fs;
use std::ops::ControlFlow;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::path::PathBuf;
use std::sync::Mutex;

use sanchay_act::settle::{settle, Intent, Settled, Wanted};
use sanchay_act::{delete, hardlink, symlink, Acted, Expected, Pair, Place, Refusal, Subject, TemporaryName};
use sanchay_core::{CompareBuffers, RootDir};

const CONTENT: &[u8] = b"the same content";
const STEPS: [&str; 5] = ["act::made", "act::exchanged", "act::aside", "act::renamed", "act::removed"];
/// Failpoints are the process's own: one test at a time.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

type Act = fn(&Pair<'_>, &TemporaryName) -> Result<Acted, Refusal>;

fn acts() -> [(&'static str, Wanted, Act); 3] {
    [
        ("hardlink", Wanted::Hardlink, hardlink),
        ("symlink", Wanted::Symlink, |pair, temporary| symlink(pair, b"../kept/file", temporary)),
        ("delete", Wanted::Nothing, delete),
    ]
}

struct Tree {
    folder: tempfile::TempDir,
}

impl Tree {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["kept", "copies"] {
            fs::create_dir(folder.path().join(name)).unwrap();
            fs::write(folder.path().join(name).join("file"), CONTENT).unwrap();
        }
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn expected(&self, name: &str) -> Expected {
        let root = RootDir::open(self.folder.path()).unwrap();
        Expected::of(&root.open_dir(name.as_bytes()).unwrap().stat(b"file").unwrap())
    }

    /// What is in the copies' folder, names of ours included.
    fn copies(&self) -> Vec<String> {
        let names = fs::read_dir(self.path("copies")).unwrap();
        let mut names: Vec<_> = names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Runs the act until it ends or is stopped by a failpoint; then settles it as a start would.
    fn act_and_settle(&self, wanted: Wanted, act: Act) -> (Option<Result<Acted, Refusal>>, Settled) {
        let (kept, dropped) = (self.expected("kept"), self.expected("copies"));
        let temporary = TemporaryName::of(7, 1, 1);
        let root = RootDir::open(self.folder.path()).unwrap();
        let result = catch_unwind(AssertUnwindSafe(|| {
            let kept = Subject::open(Place { root: &root, path: b"kept/file" }, &kept)?;
            let dropped = Subject::open(Place { root: &root, path: b"copies/file" }, &dropped)?;
            let pair = Pair::new(&kept, &dropped)?;
            pair.compare(&mut CompareBuffers::default(), &mut |_| ControlFlow::Continue(()))?;
            act(&pair, &temporary)
        }));
        let intent = Intent { wanted, name: b"file", temporary: &temporary, dropped, kept };
        let folder = root.open_dir(b"copies").unwrap();
        let settled = settle(&folder, &intent).unwrap();
        assert_eq!(settle(&folder, &intent).unwrap(), settled, "settled once is settled for good");
        (result.ok(), settled)
    }
}

/// Steps at which each act passes; the exchange may be forbidden, as on file systems that have none.
fn stopped_at(step: &str, forbid_exchange: bool, look: impl Fn(&str, &Tree, Wanted, Act)) {
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    for (name, wanted, act) in acts() {
        let scenario = fail::FailScenario::setup();
        fail::cfg(step, "panic").unwrap();
        if forbid_exchange {
            fail::cfg("act::no-exchange", "return").unwrap();
        }
        look(name, &Tree::new(), wanted, act);
        scenario.teardown();
    }
}

#[test]
fn an_act_that_ends_at_any_step_is_done_or_taken_back_and_leaves_no_name() {
    for forbid_exchange in [false, true] {
        for step in STEPS {
            stopped_at(step, forbid_exchange, |name, tree, wanted, act| {
                let (result, settled) = tree.act_and_settle(wanted, act);
                let case = format!("{name}, stopped at {step}: {result:?}, {settled:?}");
                assert_eq!(fs::read(tree.path("kept/file")).unwrap(), CONTENT, "{case}");
                match settled {
                    Settled::Done if wanted == Wanted::Nothing => assert!(tree.copies().is_empty(), "{case}"),
                    Settled::Done | Settled::NotDone => {
                        assert_eq!(tree.copies(), ["file"], "{case}");
                        assert_eq!(fs::read(tree.path("copies/file")).unwrap(), CONTENT, "{case}");
                    }
                    Settled::Recovered(_) => panic!("{case}"),
                }
                let done = settled == Settled::Done;
                assert_eq!(done, step == "act::removed" && result.is_none() || matches!(result, Some(Ok(_))), "{case}");
            });
        }
    }
}

#[test]
fn a_name_that_was_taken_after_a_stop_is_theirs_and_the_copy_has_one_beside_it() {
    for step in ["act::exchanged", "act::aside"] {
        stopped_at(step, step == "act::aside", |name, tree, wanted, act| {
            let (kept, dropped) = (tree.expected("kept"), tree.expected("copies"));
            let temporary = TemporaryName::of(7, 1, 1);
            let root = RootDir::open(tree.folder.path()).unwrap();
            let stopped = catch_unwind(AssertUnwindSafe(|| {
                let kept = Subject::open(Place { root: &root, path: b"kept/file" }, &kept).unwrap();
                let dropped = Subject::open(Place { root: &root, path: b"copies/file" }, &dropped).unwrap();
                let pair = Pair::new(&kept, &dropped).unwrap();
                let _ = act(&pair, &temporary);
            }));
            if stopped.is_ok() {
                return; // this act has no such step
            }
            fs::write(tree.path("copies/theirs"), b"another's work").unwrap();
            fs::rename(tree.path("copies/theirs"), tree.path("copies/file")).unwrap();
            let intent = Intent { wanted, name: b"file", temporary: &temporary, dropped, kept };
            let settled = settle(&root.open_dir(b"copies").unwrap(), &intent).unwrap();
            assert_eq!(settled, Settled::Recovered(b"file.recovered-1".to_vec()), "{name} at {step}");
            assert_eq!(fs::read(tree.path("copies/file")).unwrap(), b"another's work");
            assert_eq!(fs::read(tree.path("copies/file.recovered-1")).unwrap(), CONTENT);
            assert_eq!(tree.copies(), ["file", "file.recovered-1"]);
        });
    }
}

#[test]
fn what_others_do_between_two_steps_loses_nothing() {
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let deeds: [(&str, fn(&std::path::Path)); 6] = [
        ("someone replaces the copy", |tree| {
            fs::write(tree.join("copies/theirs"), b"another's work").unwrap();
            fs::rename(tree.join("copies/theirs"), tree.join("copies/file")).unwrap();
        }),
        ("someone removes the kept file", |tree| fs::remove_file(tree.join("kept/file")).unwrap()),
        ("someone renames the kept file's folder", |tree| fs::rename(tree.join("kept"), tree.join("away")).unwrap()),
        ("someone renames the copy's folder", |tree| fs::rename(tree.join("copies"), tree.join("away")).unwrap()),
        ("someone replaces the copy, and moves the kept file", |tree| {
            fs::write(tree.join("copies/theirs"), b"another's work").unwrap();
            fs::rename(tree.join("copies/theirs"), tree.join("copies/file")).unwrap();
            fs::rename(tree.join("kept/file"), tree.join("kept/moved")).unwrap();
        }),
        ("someone takes the copy's name away, and moves the kept file", |tree| {
            let _ = fs::rename(tree.join("copies/file"), tree.join("copies/taken"));
            fs::rename(tree.join("kept/file"), tree.join("kept/moved")).unwrap();
        }),
    ];
    // After the last step there is no act any more: who removes the kept file then, removes the last one.
    let steps = STEPS.into_iter().filter(|step| *step != "act::removed");
    for (step, forbid_exchange) in steps.flat_map(|step| [(step, false), (step, true)]) {
        for (deed, by_others) in deeds {
            for (name, wanted, act) in acts() {
                let tree = Tree::new();
                let scenario = fail::FailScenario::setup();
                let root = tree.folder.path().to_path_buf();
                let did = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
                let is_met = std::sync::Arc::clone(&did);
                fail::cfg_callback(step, move || {
                    if !did.swap(true, std::sync::atomic::Ordering::Relaxed) {
                        by_others(&root);
                    }
                })
                .unwrap();
                if forbid_exchange {
                    fail::cfg("act::no-exchange", "return").unwrap();
                }
                let (kept, dropped) = (tree.expected("kept"), tree.expected("copies"));
                let root = RootDir::open(tree.folder.path()).unwrap();
                let kept = Subject::open(Place { root: &root, path: b"kept/file" }, &kept).unwrap();
                let dropped = Subject::open(Place { root: &root, path: b"copies/file" }, &dropped).unwrap();
                let pair = Pair::new(&kept, &dropped).unwrap();
                let result = act(&pair, &TemporaryName::of(7, 1, 1));
                scenario.teardown();
                let case =
                    format!("{name}, {deed} at {step}, exchange forbidden: {forbid_exchange}: {result:?} ({wanted:?})");
                let contents = contents(tree.folder.path());
                assert!(
                    contents.iter().any(|(_, content)| content == CONTENT),
                    "the content is lost: {case}: {contents:?}"
                );
                if deed.starts_with("someone replaces the copy") && is_met.load(std::sync::atomic::Ordering::Relaxed) {
                    let theirs = contents.iter().find(|(_, content)| content == b"another's work");
                    let is_beside = |(path, _): &(PathBuf, _)| path.to_string_lossy().contains("/copies/file");
                    assert!(theirs.is_some_and(is_beside), "their work is lost: {case}: {contents:?}");
                }
                assert!(
                    contents.iter().all(|(path, _)| !path.to_string_lossy().contains(".sanchay-")),
                    "a name of ours is left: {case}: {contents:?}"
                );
            }
        }
    }
}

fn contents(folder: &std::path::Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.symlink_metadata().unwrap().is_dir() {
            found.extend(contents(&path));
        } else {
            found.push((path.clone(), fs::read(&path).unwrap_or_default()));
        }
    }
    found
}
