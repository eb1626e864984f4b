//! Verifications of real folders. Where rot is asked for, the catalog is told another hash than the file has: that is how
//! a file looks whose bytes changed beneath its stamps.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use sanchay_catalog::block::{Entry, EntryId, HashState};
use sanchay_catalog::journal::{FindingKind, FindingState};
use sanchay_catalog::HashUpdate;
use sanchay_core::content_hash::hash_bytes;
use sanchay_core::path::bytes_of;
use sanchay_core::{Algorithm, ContentHash};

use super::{ListedFile, ListedState, VerifyRequest, VerifyResult};
use crate::engine::{Engine, EngineOptions};
use crate::error::ErrorKind;
use crate::job::ScanState;
use crate::live::EventKind;
use crate::root_spec::{HashScope, RootSettings};

const ROOT: i64 = 1;

struct Place {
    engine: Engine,
    top: PathBuf,
    _folder: tempfile::TempDir,
}

/// A scanned root whose files are long enough ago that their hashes may be trusted.
fn scanned(files: &[(&str, &[u8])]) -> Place {
    let folder = tempfile::tempdir().unwrap();
    let top = fs::canonicalize(folder.path()).unwrap().join("root");
    for (name, bytes) in files {
        let path = top.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    let engine = Engine::open(&top.with_file_name("catalog.db"), EngineOptions::default()).unwrap();
    engine.put_root(ROOT, bytes_of(&top), &RootSettings::default()).unwrap();
    let place = Place { engine, top, _folder: folder };
    place.scan();
    place
}

impl Place {
    fn scan(&self) {
        // A hash that was taken in the tick of the file's stamps is read again by the next scan.
        while self.scan_once() {}
    }

    fn scan_once(&self) -> bool {
        self.engine.scan(ROOT, false, "").unwrap().wait(None).unwrap().unwrap();
        let racy = |state, _| state == HashState::Racy;
        !self.engine.catalog().pending_files(0, &racy).unwrap().0.is_empty()
    }

    fn verify(&self, request: VerifyRequest) -> VerifyResult {
        self.engine.verify(request, true, "").unwrap().wait(None).unwrap().unwrap()
    }

    fn verify_as(&self, key: i64) -> VerifyResult {
        self.verify(VerifyRequest { key, ..VerifyRequest::default() })
    }

    fn at(&self, name: &str) -> Vec<u8> {
        bytes_of(&self.top.join(name)).to_vec()
    }

    fn entry(&self, name: &str) -> (EntryId, Entry) {
        let reader = self.engine.catalog().reader().unwrap();
        let (id, _) = reader.entry_at(&self.at(name)).unwrap().unwrap();
        (id, reader.entry(id, |item, _| item.entry).unwrap().unwrap())
    }

    /// The catalog says that the file was another one.
    fn tell_hash_of(&self, name: &str, bytes: &[u8]) -> ContentHash {
        let hash = hash_bytes(Algorithm::Blake3, bytes);
        let (id, expected) = self.entry(name);
        let (state, algorithm) = (HashState::Hashed, Algorithm::Blake3);
        let update = HashUpdate { id, expected, state, algorithm, hash: Some(hash) };
        self.engine.catalog().writer().run(move |session| session.publish_now(vec![update])).unwrap();
        hash
    }

    /// Other bytes, and the time of change as it was.
    fn write_and_set_back(&self, name: &str, bytes: &[u8]) {
        let path = self.top.join(name);
        let mtime = fs::metadata(&path).unwrap().modified().unwrap();
        let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
        std::io::Write::write_all(&mut &file, bytes).unwrap();
        file.set_modified(mtime).unwrap();
        drop(file);
        let stamp = || fs::metadata(&path).unwrap().modified().unwrap();
        assert_eq!(stamp(), mtime);
        // Its ctime must be old enough for no later write to bear it.
        let until = SystemTime::now() + Duration::from_millis(120);
        while SystemTime::now() < until {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn counts(result: &VerifyResult) -> (u64, u64, u64, u64) {
    (result.checked, result.damaged_files, result.suspect_files, result.changed)
}

#[test]
fn rot_is_found_once_told_with_its_healthy_twins_and_the_catalog_keeps_what_it_should_be() {
    let place = scanned(&[("a", b"rotten"), ("b", b"as it was"), ("sub/c", b"as it was"), ("d", b"something else")]);
    let should = place.tell_hash_of("a", b"as it was");
    // A copy that is rotten itself is no help, though the catalog says that it has the content.
    place.tell_hash_of("d", b"as it was");
    let (_, entry) = place.entry("a");
    fs::write(place.top.join("e"), b"not in the catalog").unwrap();
    // Their sizes differ: the catalog would not call them copies.
    let result = place.verify_as(1);
    assert_eq!((result.state, counts(&result)), (ScanState::Done, (4, 2, 0, 0)));
    assert_eq!((result.not_verifiable, result.left, result.bytes), (0, 0, 6 + 9 + 9 + 14));
    let damaged = result.damaged.iter().find(|file| file.path == place.at("a")).unwrap();
    assert_eq!(damaged.twins, Vec::<Vec<u8>>::new(), "none has its size");
    let findings = place.engine.findings(false).unwrap();
    assert_eq!(findings.len(), 2);
    let finding = findings.iter().find(|finding| finding.id == damaged.id).unwrap();
    assert_eq!((finding.kind, finding.hash, &finding.path), (FindingKind::Damaged, should, &place.at("a")));
    assert_eq!(finding.found_hash, hash_bytes(Algorithm::Blake3, b"rotten"));
    assert_eq!(place.entry("a").1.hash, entry.hash);
    let (events, _) = place.engine.next_events(Duration::ZERO, 10);
    assert!(events.iter().all(|event| event.kind == EventKind::Damage && event.root_id == ROOT));
    assert_eq!(events.len(), 2);

    let again = place.verify_as(2);
    assert_eq!(counts(&again), (4, 2, 0, 0));
    assert_eq!(place.engine.findings(false).unwrap().len(), 2, "open findings are not kept twice");
}

#[test]
fn twins_are_named_that_were_read_and_none_of_a_trash_or_of_the_same_inode() {
    let place = scanned(&[("a", b"rotten!!!"), ("b", b"as it was"), (".Trash-1000/files/c", b"as it was")]);
    fs::hard_link(place.top.join("b"), place.top.join("b2")).unwrap();
    fs::hard_link(place.top.join("a"), place.top.join("a2")).unwrap();
    place.scan();
    place.tell_hash_of("a", b"as it was");
    place.tell_hash_of("a2", b"as it was");
    let result = place.verify_as(1);
    assert_eq!(counts(&result), (4, 2, 0, 0), "both names of the file, and what is in no trash");
    for damaged in &result.damaged {
        let mut twins = damaged.twins.clone();
        twins.sort();
        assert_eq!(twins, [place.at("b"), place.at("b2")]);
    }
}

#[test]
fn other_content_with_the_old_size_and_time_is_taken_and_noted_as_suspect() {
    let place = scanned(&[("a", b"as it was"), ("b", b"same")]);
    let before = place.entry("a").1.hash.unwrap();
    place.write_and_set_back("a", b"otherwise");
    place.write_and_set_back("b", b"same");
    let result = place.verify_as(1);
    assert_eq!((result.state, counts(&result)), (ScanState::Done, (2, 0, 1, 0)));
    let after = hash_bytes(Algorithm::Blake3, b"otherwise");
    let suspect = &result.suspect[0];
    assert_eq!((&suspect.path, suspect.hash, suspect.found_hash), (&place.at("a"), before, after));
    assert_eq!(place.entry("a").1.hash, Some(after));
    let finding = &place.engine.findings(false).unwrap()[0];
    assert_eq!((finding.kind, finding.state), (FindingKind::Suspect, FindingState::Open));
    assert_eq!(counts(&place.verify_as(2)), (2, 0, 0, 0), "it was taken");
}

#[test]
fn a_scan_notes_other_content_with_the_old_size_and_time_as_suspect() {
    let (large, other) = (vec![b'l'; 200_000], vec![b'o'; 200_000]);
    let place = scanned(&[("small", b"as it was"), ("large", &large), ("touched", b"same"), ("written", b"before")]);
    let before = ["small", "large"].map(|name| place.entry(name).1.hash.unwrap());
    place.write_and_set_back("small", b"otherwise");
    place.write_and_set_back("large", &other);
    let touched = fs::metadata(place.top.join("touched")).unwrap().permissions();
    fs::set_permissions(place.top.join("touched"), touched).unwrap();
    fs::write(place.top.join("written"), b"after!").unwrap();
    place.scan();
    let mut findings = place.engine.findings(false).unwrap();
    findings.sort_by_key(|finding| finding.size_bytes);
    let contents = [&b"otherwise"[..], &other];
    for ((name, before), (content, finding)) in
        ["small", "large"].iter().zip(before).zip(contents.into_iter().zip(&findings))
    {
        assert_eq!((finding.kind, &finding.path), (FindingKind::Suspect, &place.at(name)));
        assert_eq!((finding.hash, finding.found_hash), (before, hash_bytes(Algorithm::Blake3, content)));
        assert_eq!(place.entry(name).1.hash, Some(finding.found_hash), "it was taken");
    }
    assert_eq!(findings.len(), 2);
    let accepted = place.engine.accept_finding(findings[0].id).unwrap();
    assert_eq!(accepted.state, FindingState::Accepted);
    place.scan();
    assert_eq!(place.engine.findings(false).unwrap().len(), 1);
    assert_eq!(counts(&place.verify_as(1)), (4, 0, 0, 0));
}

#[test]
fn what_was_written_or_is_gone_is_left_to_the_scan() {
    let place = scanned(&[("a", b"as it was"), ("b", b"same"), ("c", b"gone"), ("d/e", b"gone, too")]);
    fs::write(place.top.join("a"), b"written").unwrap();
    fs::remove_file(place.top.join("c")).unwrap();
    fs::remove_dir_all(place.top.join("d")).unwrap();
    let result = place.verify_as(1);
    assert_eq!((result.state, counts(&result)), (ScanState::Done, (1, 0, 0, 3)));
    assert!(!place.top.with_file_name("journal.db").exists() || place.engine.findings(true).unwrap().is_empty());
}

#[test]
fn a_budget_ends_and_the_next_run_goes_on_with_the_rest_then_with_what_is_longest_ago() {
    let bytes = [7; 1000];
    let names: Vec<String> = (0..6).map(|number| format!("f{number}")).collect();
    let files: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &bytes[..])).collect();
    let place = scanned(&files);
    let budget = |key, most| {
        let result = place.verify(VerifyRequest { key, budget_bytes: Some(most), ..VerifyRequest::default() });
        assert_eq!(result.state, ScanState::Done);
        (result.checked, result.left)
    };
    let pass = |name: &String| place.engine.catalog().hashed_file(place.entry(name).0).unwrap().unwrap().pass;
    let passes = || {
        let mut all: Vec<u32> = names.iter().map(pass).collect();
        all.sort_unstable();
        all
    };
    assert_eq!(budget(1, 2500), (2, 4));
    assert_eq!(passes().iter().filter(|pass| **pass == 1).count(), 2);
    assert_eq!(budget(2, 1), (1, 5), "the first file is read whatever its size");
    assert_eq!(budget(3, 4000), (4, 2));
    assert_eq!(passes(), [1, 2, 3, 3, 3, 3], "what was never checked, then the oldest");
    assert_eq!(budget(4, 2000), (2, 4));
    assert_eq!(passes(), [3, 3, 3, 3, 4, 4]);
}

#[test]
fn one_that_was_interrupted_goes_on_under_its_key_and_tells_all_that_it_found() {
    let place = scanned(&[("a", b"rotten"), ("b", b"sound!"), ("c", b"more!!")]);
    for name in ["a", "b", "c"] {
        place.tell_hash_of(name, b"was it");
    }
    let first = VerifyRequest { key: 5, budget_bytes: Some(12), ..VerifyRequest::default() };
    assert_eq!(place.verify(first).damaged_files, 2);
    let whole = place.verify_as(5);
    assert_eq!((whole.checked, whole.damaged_files, whole.left), (3, 3, 0));
    assert_eq!(place.verify_as(5).checked, 3, "all of it was done");
}

#[test]
fn what_is_accepted_is_taken_by_the_catalog() {
    let place = scanned(&[("a", b"rotten"), ("b", b"rotten, too")]);
    place.tell_hash_of("a", b"as it was");
    place.tell_hash_of("b", b"as it was");
    let result = place.verify_as(1);
    let id = |name: &str| result.damaged.iter().find(|file| file.path == place.at(name)).unwrap().id;
    let accepted = place.engine.accept_finding(id("a")).unwrap();
    assert_eq!(accepted.state, FindingState::Accepted);
    assert_eq!(place.entry("a").1.hash, Some(hash_bytes(Algorithm::Blake3, b"rotten")));
    assert_eq!(place.engine.findings(false).unwrap().len(), 1);
    // Another content than was found is not what was looked at.
    place.tell_hash_of("b", b"rotten, too");
    place.tell_hash_of("b", b"as it was");
    place.write_and_set_back("b", b"rotten, 2nd");
    assert_eq!(place.engine.accept_finding(id("b")).unwrap_err().kind, ErrorKind::InvalidArgument);
    assert_eq!(place.engine.accept_finding(99).unwrap_err().kind, ErrorKind::InvalidArgument);
    assert_eq!(counts(&place.verify_as(2)).1, 0);
}

#[test]
fn files_without_a_hash_are_counted_and_those_of_a_root_that_is_away_are_skipped() {
    let place = scanned(&[("a", b"a"), ("b", b"b")]);
    let other = place.top.with_file_name("other");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("c"), b"c").unwrap();
    let settings = RootSettings { hash: HashScope::None, ..RootSettings::default() };
    place.engine.put_root(2, bytes_of(&other), &settings).unwrap();
    place.engine.scan(2, false, "").unwrap().wait(None).unwrap().unwrap();
    assert_eq!(place.verify_as(1).not_verifiable, 1);
    fs::rename(&place.top, place.top.with_file_name("away")).unwrap();
    let result = place.verify_as(2);
    assert_eq!((result.state, result.checked, result.skipped), (ScanState::Partial, 0, 2));
    assert!(result.message.contains("root"), "{}", result.message);
    let only = place.verify(VerifyRequest { key: 3, root_ids: vec![2], ..VerifyRequest::default() });
    assert_eq!((only.state, only.skipped, only.not_verifiable), (ScanState::Done, 0, 1));
}

#[test]
fn a_list_is_compared_with_what_is_on_the_disk() {
    let place = scanned(&[("a", b"as it was"), ("b", b"same"), ("c", b"gone")]);
    place.write_and_set_back("a", b"otherwise");
    fs::remove_file(place.top.join("c")).unwrap();
    fs::write(place.top.join("new"), b"new").unwrap();
    let outside = place.top.with_file_name("outside");
    fs::write(&outside, b"x").unwrap();
    let listed =
        |path: Vec<u8>, algorithm, bytes: &[u8]| ListedFile { path, algorithm, hash: hash_bytes(algorithm, bytes) };
    let (blake3, sha256) = (Algorithm::Blake3, Algorithm::Sha256);
    let rows = [
        (listed(place.at("a"), blake3, b"as it was"), ListedState::Other),
        (listed(place.at("b"), sha256, b"same"), ListedState::Same),
        (listed(place.at("b"), blake3, b"same"), ListedState::Same),
        (listed(place.at("c"), blake3, b"gone"), ListedState::Missing),
        (listed(place.at("no/such"), blake3, b"x"), ListedState::Missing),
        (listed(place.at("new"), blake3, b"new"), ListedState::NotCataloged),
        (listed(bytes_of(&outside).to_vec(), blake3, b"x"), ListedState::NotCataloged),
    ];
    let asked: Vec<ListedFile> = rows.iter().map(|(row, _)| row.clone()).collect();
    assert_eq!(place.engine.compare_listed(&asked).unwrap(), rows.map(|(_, state)| state));
}

#[test]
fn a_verification_that_is_cancelled_says_what_is_left() {
    let place = scanned(&[("a", b"a"), ("b", b"b")]);
    place.engine.set_background(None, true);
    // Each time it is cancelled a little later: before it counts, while it counts, and while it is held.
    for steps in 0..20 {
        let verification = place.engine.verify(VerifyRequest::default(), true, "").unwrap();
        (0..steps * 1_000).for_each(|_| std::thread::yield_now());
        verification.cancel();
        let result = verification.wait(None).unwrap().unwrap();
        assert_eq!((result.state, result.checked, result.left), (ScanState::Cancelled, 0, 2), "{steps}");
    }
}
