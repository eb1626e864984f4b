//! Repairs of real files. That a file rotted is told by the catalog: it has another hash than the file, as it would be if
//! bytes changed beneath the file's stamps.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::slice::from_ref;

use sanchay_catalog::block::HashState;
use sanchay_catalog::journal::{Finding, FindingState};
use sanchay_catalog::HashUpdate;
use sanchay_core::content_hash::hash_bytes;
use sanchay_core::path::bytes_of;
use sanchay_core::Algorithm;

use super::tests::Tree;
use super::*;
use crate::error::ErrorKind;
use crate::VerifyRequest;

const FILES: [(&str, &str); 3] = [("a/photo.jpg", "r0tten content"), ("b/twin", "sound, content"), ("c", "other")];
const DAMAGED: &str = "a/photo.jpg";

/// What may be asked of a tree in which a file is damaged.
impl Tree {
    /// Has the catalog say that the damaged file should have the content of its twin, and finds that it has not.
    fn with_damage(self) -> (Self, Finding) {
        fs::set_permissions(self.at("root").join(DAMAGED), fs::Permissions::from_mode(0o640)).unwrap();
        Self::let_stamps_age();
        self.scan();
        let catalog = self.engine().catalog();
        let reader = catalog.reader().unwrap();
        let (id, _) = reader.entry_at(bytes_of(&self.at("root").join(DAMAGED))).unwrap().unwrap();
        let expected = reader.entry(id, |item, _| item.entry).unwrap().unwrap();
        let (state, algorithm) = (HashState::Hashed, Algorithm::Blake3);
        let hash = Some(hash_bytes(algorithm, b"sound, content"));
        let update = HashUpdate { id, expected, state, algorithm, hash };
        catalog.writer().run(move |session| session.publish_now(vec![update])).unwrap();
        drop(reader);
        let found = self.verify();
        assert_eq!(found.len(), 1);
        (self, found.into_iter().next().unwrap())
    }

    fn verify(&self) -> Vec<Finding> {
        self.engine().verify(VerifyRequest::default(), true, "").unwrap().wait(None).unwrap().unwrap();
        self.engine().findings(false).unwrap()
    }

    fn repair(&self, finding: i64) -> ActResult {
        self.engine().start_repair(finding, false, "").unwrap().wait(None).unwrap().unwrap()
    }

    fn refused(&self, finding: &Finding) -> Left {
        let before = self.listing();
        let ran = self.repair(finding.id);
        assert_eq!((ran.state, ran.run.acted, ran.left.len()), (ActResultState::Partial, 0, 1));
        assert_eq!(self.listing(), before);
        assert_eq!(fs::read_dir(self.at("Trash/info")).map_or(0, Iterator::count), 0);
        assert_eq!(self.engine().findings(false).unwrap(), from_ref(finding));
        ran.left.into_iter().next().unwrap()
    }

    fn in_trash(&self) -> Vec<String> {
        let files = fs::read_dir(self.at("Trash/files")).unwrap();
        files.map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap()).collect()
    }
}

#[test]
fn a_damaged_file_is_replaced_by_a_copy_of_its_twin_and_comes_back() {
    let (tree, finding) = Tree::new(&FILES).with_damage();
    let path = tree.at("root").join(DAMAGED);
    let before = tree.listing();
    let twin = fs::metadata(tree.at("root/b/twin")).unwrap();
    let ran = tree.repair(finding.id);
    assert_eq!((ran.state, ran.run.acted, &ran.left[..]), (ActResultState::Done, 1, &[][..]));
    let mut expected = before.clone();
    expected.get_mut(DAMAGED).unwrap().0 = b"sound, content".to_vec();
    assert_eq!(tree.listing(), expected, "its own mode and time, and the twin as it was");
    let copy = fs::metadata(&path).unwrap();
    assert_eq!((copy.nlink(), copy.ino() == twin.ino()), (1, false));
    assert_eq!(tree.in_trash(), ["r0tten content"]);
    tree.assert_catalog_follows("repaired");
    assert!(tree.verify().is_empty());
    let closed = &tree.engine().findings(true).unwrap()[0];
    assert_eq!((closed.state, closed.repaired_by), (FindingState::Repaired, Some(ran.run.id)));
    let again = tree.engine().start_repair(finding.id, false, "").err().unwrap();
    assert_eq!(again.kind, ErrorKind::InvalidArgument);
    assert!(again.to_string().contains("was repaired by run"), "{again}");

    let undone = tree.undo(ran.run.id);
    assert_eq!((undone.state, undone.run.acted), (ActResultState::Done, 1), "{:?}", undone.left);
    assert_eq!(tree.listing(), before);
    assert_eq!(tree.in_trash(), ["sound, content"], "neither content is removed");
    tree.assert_catalog_follows("taken back");
    assert_eq!(tree.engine().findings(false).unwrap(), from_ref(&finding), "it is damaged again");
    assert_eq!(tree.verify(), from_ref(&finding));
    assert_eq!(tree.undo(ran.run.id).run.acted, 0, "once is enough");
    assert_eq!(tree.repair(finding.id).run.acted, 1);
}

#[test]
fn what_stands_against_a_repair_is_said_and_nothing_changes() {
    let (tree, finding) = Tree::new(&FILES).with_damage();
    let path = tree.at("root").join(DAMAGED);

    let writer = fs::File::options().append(true).open(&path).unwrap();
    assert_eq!(tree.refused(&finding).reason, "busy");
    drop(writer);
    let writer = fs::File::options().append(true).open(tree.at("root/b/twin")).unwrap();
    assert_eq!(tree.refused(&finding).reason, "kept-busy");
    drop(writer);

    fs::hard_link(&path, tree.at("root/other name")).unwrap();
    fs::hard_link(&path, tree.at("outside")).unwrap();
    let left = tree.refused(&finding);
    assert_eq!((left.reason.as_str(), left.message.as_str()), ("hard-linked", "2 that the catalog does not have"));
    for name in ["root/other name", "outside"] {
        fs::remove_file(tree.at(name)).unwrap();
    }

    tree.write("b/twin", "rotten, too!!!", 1);
    assert_eq!(tree.refused(&finding).reason, "no-healthy-copy");
    tree.write("b/twin", "sound, content", 1);
    Tree::let_stamps_age();
    tree.scan();
    tree.write(DAMAGED, "sound, content", 0);
    assert_eq!(tree.refused(&finding).reason, "sound");
    tree.write(DAMAGED, "yet another...", 0);
    assert_eq!(tree.refused(&finding).reason, "changed-since-found");
    fs::remove_file(&path).unwrap();
    assert_eq!(tree.refused(&finding).reason, "gone");
    fs::rename(tree.at("root"), tree.at("away")).unwrap();
    fs::create_dir(tree.at("root")).unwrap();
    assert_eq!(tree.refused(&finding).reason, "offline");
    assert_eq!(tree.engine().start_repair(99, false, "").err().unwrap().kind, ErrorKind::InvalidArgument);
}

#[test]
fn what_became_of_a_repaired_file_decides_how_it_is_taken_back() {
    let (tree, finding) = Tree::new(&FILES).with_damage();
    let before = tree.listing();
    let path = tree.at("root").join(DAMAGED);
    let run = tree.repair(finding.id).run.id;
    tree.write(DAMAGED, "edited content", 0);
    let undone = tree.undo(run);
    assert_eq!((undone.run.acted, undone.left[0].reason.as_str()), (0, "changed"));
    assert_eq!(fs::read(&path).unwrap(), b"edited content");
    fs::remove_file(&path).unwrap();
    assert_eq!(tree.undo(run).run.acted, 1, "the name is free");
    assert_eq!(tree.listing(), before);
    assert_eq!(fs::read_dir(tree.at("Trash/info")).unwrap().count(), 0);

    let run = tree.repair(finding.id).run.id;
    fs::remove_dir_all(tree.at("Trash")).unwrap();
    let undone = tree.undo(run);
    assert_eq!((undone.run.acted, undone.left[0].reason.as_str()), (0, "not-in-trash"));
    assert_eq!(fs::read(&path).unwrap(), b"sound, content");
}

#[cfg(feature = "failpoints")]
#[test]
fn a_repair_that_ends_at_any_step_is_settled_and_so_is_its_undo() {
    use std::sync::PoisonError;

    const REPAIR_POINTS: [&str; 9] = [
        "repair::intended",
        "trash::info",
        "run::prepared",
        "repair::copied",
        "repair::exchanged",
        "repair::aside",
        "repair::replaced",
        "repair::synced",
        "repair::concluded",
    ];
    const UNDO_POINTS: [&str; 5] =
        ["undo::intended", "repair::copy-aside", "repair::back", "undo::placed", "undo::concluded"];
    let _apart = super::tests::FAILPOINTS.write().unwrap_or_else(PoisonError::into_inner);
    for (exchanges, point) in [true, false]
        .into_iter()
        .flat_map(|exchanges| REPAIR_POINTS.iter().chain(&UNDO_POINTS).map(move |point| (exchanges, point)))
    {
        let case = format!("stopped at {point}, names exchanged: {exchanges}");
        let (mut tree, finding) = Tree::alone(&FILES).with_damage();
        let before = tree.listing();
        let scenario = fail::FailScenario::setup();
        fail::cfg(*point, "1*panic->off").unwrap();
        if !exchanges {
            fail::cfg("act::no-exchange", "return").unwrap();
        }
        let ran = tree.engine().start_repair(finding.id, false, "").unwrap().wait(None).unwrap();
        if let Ok(ran) = &ran {
            let _ = tree.engine().start_undo(ran.run.id, Vec::new(), false, "").unwrap().wait(None).unwrap();
        }
        scenario.teardown();
        // As a start after a kill.
        tree.open();
        tree.settle();
        let after = tree.listing();
        let names = |listing: &super::tests::Listing| listing.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&after), names(&before), "{case}");
        let trashed = |folder: &str| fs::read_dir(tree.at("Trash").join(folder)).map_or(0, Iterator::count);
        assert_eq!(trashed("files"), trashed("info"), "{case}: an orphan in the trash");
        assert_eq!(&after["b/twin"], &before["b/twin"], "{case}");
        let journal = tree.engine().journal().unwrap();
        assert!(journal.unsettled((0, -1), 9).unwrap().is_empty(), "{case}");
        assert!(journal.runs().unwrap().iter().all(|run| run.ended_ns.is_some()), "{case}: {:?}", journal.runs());
        let found = journal.finding(finding.id).unwrap().unwrap();
        if found.state == FindingState::Repaired {
            assert_eq!(after[DAMAGED].0, b"sound, content", "{case}");
            assert_eq!(tree.in_trash(), ["r0tten content"], "{case}");
            assert_eq!(tree.undo(found.repaired_by.unwrap()).run.acted, 1, "{case}");
        }
        assert_eq!(tree.listing(), before, "{case}");
        Tree::let_stamps_age();
        tree.scan();
        assert!(trashed("files") == 0 || tree.in_trash() == ["sound, content"], "{case}");
    }
}
