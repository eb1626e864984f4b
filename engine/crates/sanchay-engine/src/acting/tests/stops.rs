//! Runs and undos that end between any two of their steps, or whose disk fails there.

use sanchay_catalog::journal::Run;

use super::*;

const POINTS: [&str; 16] = [
    "run::intended",
    "run::prepared",
    "run::acted",
    "run::concluded",
    "undo::intended",
    "undo::copied",
    "undo::placed",
    "undo::concluded",
    "act::made",
    "act::exchanged",
    "act::aside",
    "act::removed",
    "trash::info",
    "trash::moved",
    "trash::restored",
    "restore::exchanged",
];
/// Every content is still there, no name of ours is, and the journal says what the disk says.
fn assert_settled(tree: &Tree, before: &Listing, case: &str) {
    let after = tree.listing();
    let contents: std::collections::BTreeSet<&Vec<u8>> = after.values().map(|(content, ..)| content).collect();
    for (name, (content, ..)) in before {
        assert!(contents.contains(content), "{case}: the content of {name} is lost");
    }
    for (name, now) in &after {
        assert!(!name.contains(".sanchay-"), "{case}: {name} is left");
        let is_link = now.1 & 0o170_000 == 0o120_000;
        assert!(is_link || before[name].0 == now.0, "{case}: {name} has another content");
    }
    let trashed = |folder: &str| fs::read_dir(tree.at("Trash").join(folder)).map_or(0, Iterator::count);
    assert_eq!(trashed("files"), trashed("info"), "{case}: an orphan in the trash");
    let journal = tree.engine().journal().unwrap();
    assert!(journal.unsettled((0, -1), 9).unwrap().is_empty(), "{case}");
    let all_ended = journal.runs().unwrap().iter().all(|run: &Run| run.ended_ns.is_some());
    assert!(all_ended, "{case}: {:?}", journal.runs());
}

/// Whether the folder takes the flag by which no name in it can change: on some file systems, and for root only.
fn immutable(folder: &Path, is_so: bool) -> bool {
    let flag = if is_so { "+i" } else { "-i" };
    std::process::Command::new("chattr").arg(flag).arg(folder).status().is_ok_and(|status| status.success())
}

#[test]
fn an_act_whose_folder_can_be_changed_no_more_in_the_middle_is_settled_later() {
    let _apart = FAILPOINTS.write().unwrap_or_else(PoisonError::into_inner);
    for (action, point) in [("hardlink", "act::exchanged"), ("symlink", "act::exchanged"), ("delete", "act::aside")] {
        let tree = Tree::alone(&[("a/1", "one"), ("b/1", "one")]);
        let (before, folder) = (tree.listing(), tree.at("root/b"));
        if !immutable(&folder, true) {
            return;
        }
        immutable(&folder, false);
        let plan = tree.plan(&PlanAsked { action, ..PlanAsked::default() });
        let scenario = fail::FailScenario::setup();
        let broken = folder.clone();
        fail::cfg_callback(point, move || assert!(immutable(&broken, true))).unwrap();
        let ran = tree.try_run(plan).unwrap();
        scenario.teardown();
        assert_eq!((ran.run.acted, ran.run.failed, ran.left[0].reason.as_str()), (0, 1, "denied"), "{action}");
        tree.settle();
        assert_eq!(tree.engine().journal().unwrap().unsettled((0, -1), 9).unwrap().len(), 1, "{action}");
        assert!(immutable(&folder, false));
        tree.settle();
        assert_eq!(tree.listing(), before, "{action}");
        assert_settled(&tree, &before, action);
        let again = tree.try_run(plan).unwrap();
        assert_eq!((again.run.acted, again.run.failed), (1, 0), "{action}: {:?}", again.left);
        tree.undo(again.run.id);
        assert_eq!(tree.listing(), before, "{action}");
    }
}

#[test]
fn a_run_that_ends_at_any_step_is_settled_goes_on_and_can_be_taken_back() {
    let _apart = FAILPOINTS.write().unwrap_or_else(PoisonError::into_inner);
    for action in ACTIONS {
        for point in POINTS {
            for nth in [1, 2] {
                let case = format!("{action}, stopped at the {nth}. {point}");
                let mut tree = Tree::alone(&FILES);
                let before = tree.listing();
                let plan = tree.plan(&PlanAsked { action, ..PlanAsked::default() });
                let scenario = fail::FailScenario::setup();
                fail::cfg(point, &format!("{}*off->1*panic->off", nth - 1)).unwrap();
                let ran = tree.try_run(plan);
                let undone = ran.as_ref().ok().map(|ran| {
                    tree.engine().start_undo(ran.run.id, Vec::new(), false, "").unwrap().wait(None).unwrap()
                });
                scenario.teardown();
                // As a start after a kill, and the same plan once more: what is left of it is done.
                tree.open();
                if undone.is_none() {
                    let again = tree.try_run(plan).unwrap_or_else(|error| panic!("{case}: {error}"));
                    assert_eq!((again.run.skipped, again.run.failed), (0, 0), "{case}: {:?}", again.left);
                    let freed: i64 = tree.engine().runs().unwrap().iter().map(|run| run.freed_bytes).sum();
                    assert_eq!(freed, tree.engine().plan(plan).unwrap().0.freed_bytes, "{case}");
                }
                tree.settle();
                assert_settled(&tree, &before, &case);
                for run in tree.engine().runs().unwrap().into_iter().filter(|run| run.kind == "dedupe") {
                    let undone = tree.undo(run.id);
                    assert_eq!(undone.run.skipped + undone.run.failed, 0, "{case}: {:?}", undone.left);
                }
                assert_eq!(tree.listing(), before, "{case}: {ran:?}, {undone:?}");
                assert_settled(&tree, &before, &case);
            }
        }
    }
}
