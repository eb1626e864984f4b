//! Folders that share copies, against a plain look at the copies of each folder, with bounds and without.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::*;
use crate::queries::shared_folders::Most;

const UNBOUNDED: Most = Most { folders: usize::MAX, pairs: 1 << 30 };

/// The names of a pair's sides, the bytes that could go there, and its groups.
type Figures = ([u64; 2], [u64; 2], u64);
/// By the paths of its sides, in order.
type Expected = HashMap<(Vec<u8>, Vec<u8>), Figures>;

fn ask(fixture: &Fixture, threads: usize, request: &DuplicateRequest<'_>, most: Most) -> SharedFolders {
    let reader = fixture.catalog.reader().unwrap();
    let ask = |reader: &crate::reader::Reader| {
        let parallel = Parallel::of(fixture.catalog.readers(), reader, threads);
        fixture.catalog.shared_folders_on(&parallel, reader, request, most)
    };
    reader.snapshot(ask).unwrap()
}

fn folder_of(file: &Known) -> Vec<u8> {
    sanchay_core::path::split(&file.path).0.to_vec()
}

/// A plain look: of each group the first `folders_most` folders count, and each two of them with copies of their own.
fn expected(fixture: &Fixture, which: &dyn Fn(&Known) -> bool, folders_most: usize) -> Expected {
    let mut expected = Expected::new();
    for (_, members) in fixture.groups(which).into_values() {
        let copy = |file: &Known| ((file.id.block() + 1) % 2, file.entry.inode);
        let mut places: BTreeMap<(i64, u64), BTreeSet<Vec<u8>>> = BTreeMap::new();
        let mut folders: BTreeMap<i64, Vec<&Known>> = BTreeMap::new();
        for file in members {
            places.entry(copy(file)).or_default().insert(folder_of(file));
            folders.entry(file.id.block()).or_default().push(file);
        }
        let folders: Vec<&Vec<&Known>> = folders.values().take(folders_most).collect();
        let copies = |files: &[&Known]| files.iter().map(|file| copy(file)).collect::<BTreeSet<_>>();
        let own = |files: &[&Known]| copies(files).iter().filter(|copy| places[copy].len() == 1).count() as u64;
        for (at, left) in folders.iter().enumerate() {
            let size = left[0].entry.size_bytes;
            for right in &folders[at..] {
                let all: BTreeSet<_> = copies(left).union(&copies(right)).copied().collect();
                if all.len() < 2 {
                    continue;
                }
                let mut sides = [left, right].map(|files| (folder_of(files[0]), files.len() as u64, size * own(files)));
                if sides[0].0 == sides[1].0 {
                    for side in &mut sides {
                        side.2 = side.2.min(size * (all.len() as u64 - 1));
                    }
                }
                sides.sort();
                let [(left, left_files, left_bytes), (right, right_files, right_bytes)] = sides;
                let (files, bytes, groups) = expected.entry((left, right)).or_default();
                *files = [files[0] + left_files, files[1] + right_files];
                *bytes = [bytes[0] + left_bytes, bytes[1] + right_bytes];
                *groups += 1;
            }
        }
    }
    expected
}

fn figures(pair: &FolderPair) -> Figures {
    let FolderPair { left, right, groups } = pair;
    ([left.shared_files, right.shared_files], [left.bytes, right.bytes], *groups)
}

fn key(pair: &FolderPair) -> (Vec<u8>, Vec<u8>) {
    (pair.left.path.clone(), pair.right.path.clone())
}

fn worth(pair: &FolderPair) -> (u64, u64) {
    (pair.left.bytes.max(pair.right.bytes), pair.groups)
}

#[test]
fn pairs_of_folders_are_those_of_a_plain_look_on_one_thread_and_on_several() {
    for (contents, folders) in [(9_000, usize::MAX), (60, 6)] {
        let fixture = Fixture::new(contents);
        let below = join(&top(), b"d120");
        let is_below = |file: &Known| file.path.starts_with(&below) && !file.path[below.len()..][0].is_ascii_digit();
        let large = |file: &Known| file.entry.size_bytes >= 700;
        let questions: [Asked<'_>; 4] = [
            (None, None, 1, &|_| true),
            (Some(&below), None, 1, &is_below),
            (None, Some("jpg"), 700, &|file| ends(file, "jpg") && large(file)),
            (Some(b"/elsewhere"), None, 1, &|_| false),
        ];
        for (under, extension, min_size_bytes, which) in questions {
            let expected = expected(&fixture, which, folders);
            let request = DuplicateRequest {
                under: under.into_iter().collect(),
                extensions: Endings::of_copies(extension).unwrap(),
                min_size_bytes,
                limit: usize::MAX,
                ..DuplicateRequest::default()
            };
            for threads in [1, 4] {
                let found = ask(&fixture, threads, &request, Most { folders, ..UNBOUNDED });
                assert_eq!(found.total_pairs, expected.len() as u64);
                assert_eq!(found.pairs.len(), expected.len());
                assert!(found.pairs.iter().all(|pair| figures(pair) == expected[&key(pair)]));
                assert!(found.pairs.is_sorted_by(|a, b| worth(a) >= worth(b)));
                let first = ask(&fixture, threads, &DuplicateRequest { limit: 9, ..request.clone() }, UNBOUNDED);
                assert!(folders != usize::MAX || first.pairs == found.pairs[..9.min(expected.len())]);
                let short = DuplicateRequest { max_bytes: Some(1_000), ..request.clone() };
                assert!(
                    ask(&fixture, threads, &short, UNBOUNDED).pairs.len() < 10,
                    "a page has no more bytes than it may"
                );
            }
        }
    }
}

#[test]
fn with_bounds_the_answer_is_partial_and_no_figure_is_too_large() {
    let fixture = Fixture::new(9_000);
    let request = DuplicateRequest { min_size_bytes: 1, limit: 1_000, ..DuplicateRequest::default() };
    let expected = expected(&fixture, &|_| true, usize::MAX);
    assert!(!ask(&fixture, 1, &request, UNBOUNDED).is_partial);
    for most in [Most { folders: 3, ..UNBOUNDED }, Most { pairs: 300, ..UNBOUNDED }, Most { folders: 1, pairs: 2 }] {
        for threads in [1, 4] {
            let found = ask(&fixture, threads, &request, most);
            assert!(found.is_partial && found.total_pairs <= most.pairs as u64);
            for pair in &found.pairs {
                let ((files, bytes, groups), whole) = (figures(pair), expected[&key(pair)]);
                assert!(groups <= whole.2);
                assert!((0..2).all(|side| files[side] <= whole.0[side] && bytes[side] <= whole.1[side]));
            }
        }
    }
}

#[test]
fn groups_whose_copies_are_wanted_count_for_no_pair() {
    let fixture = Fixture::new(9_000);
    let groups = fixture.groups(&|_| true);
    let is_wanted = |file: &Known| file.entry.hash.is_some_and(|hash| hash.as_bytes()[0] % 2 == 0);
    let ignored: IgnoredCopies = groups
        .iter()
        .filter(|(_, (_, members))| is_wanted(members[0]))
        .map(|(hash, (_, members))| {
            ((Algorithm::Blake3, *hash), members.iter().map(|file| file.path.clone()).collect())
        })
        .collect();
    let expected = expected(&fixture, &|file| !is_wanted(file), usize::MAX);
    let request = DuplicateRequest {
        min_size_bytes: 1,
        limit: usize::MAX,
        ignored: Some(&ignored),
        ..DuplicateRequest::default()
    };
    let found = ask(&fixture, 2, &request, UNBOUNDED);
    assert_eq!(found.total_pairs, expected.len() as u64);
    assert!(found.pairs.iter().all(|pair| figures(pair) == expected[&key(pair)]));
}

#[test]
fn a_folder_is_contained_where_all_of_it_has_copies_in_the_other_and_nothing_is_below_it() {
    let fixture = Fixture::new(9_000);
    let request = DuplicateRequest { min_size_bytes: 1, limit: usize::MAX, ..DuplicateRequest::default() };
    let found = ask(&fixture, 2, &request, UNBOUNDED);
    let mut files: HashMap<Vec<u8>, (u64, u64)> = HashMap::new();
    for file in &fixture.files {
        let folder = folder_of(file);
        files.entry(folder.clone()).or_default().0 += 1;
        let parent = sanchay_core::path::split(&folder).0.to_vec();
        files.entry(folder).or_default().1 += 1;
        files.entry(parent).or_default().1 += 1;
    }
    for pair in &found.pairs {
        for side in [&pair.left, &pair.right] {
            let (right_in_it, with_below) = files[&side.path];
            assert_eq!(side.files, right_in_it);
            assert_eq!(side.is_contained, pair.left.path != pair.right.path && side.shared_files == with_below);
        }
    }
}
