//! Every way that `find` and `duplicates` may go, against a plain look at each file, and against one another: the pages,
//! the totals and the tokens, on one thread and on several, beside a name index that covers a part of the catalog.

mod halts;
mod shared_folders;
mod usage;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;

use sanchay_core::{extension, path::join, Algorithm, ContentHash, FileType};

use super::find::FindPage;
use super::parallel::Parallel;
use super::*;
use crate::block::{encode, EntryId, EntryKind, EntryRef};
use crate::content::{Posting, Staged, MULTIPLE_LINKS};
use crate::expression::{parse, Endings, SystemOwners, UtcTime};
use crate::writer::{BlockWrite, DirectoryChange, DirectoryRow};
use crate::{Catalog, CatalogOptions};

const S: i64 = 1_000_000_000;
/// More directories than one thread looks at by itself, and more names than it takes from the name index by itself.
const DIRECTORIES: i64 = 1_000;
const FILES: usize = 32;

/// Numbers that only look random: each run has the same.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

struct Known {
    id: EntryId,
    name: String,
    path: Vec<u8>,
    entry: Entry,
}

struct Fixture {
    catalog: Catalog,
    files: Vec<Known>,
    _folder: tempfile::TempDir,
}

fn top() -> Vec<u8> {
    if cfg!(windows) {
        b"C:\\top".to_vec()
    } else {
        b"/top".to_vec()
    }
}

/// A hash of `content`; the last few contents share their first eight bytes.
fn hash(content: u64) -> ContentHash {
    let mut bytes = [content as u8; 32];
    let head = if content < 20 { 20 } else { content };
    bytes[..8].copy_from_slice(&head.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    bytes[8..16].copy_from_slice(&content.to_be_bytes());
    ContentHash::from_bytes(bytes)
}

fn directory(id: i64, parent: i64, name: Vec<u8>) -> DirectoryChange {
    let mut change = DirectoryChange::new(1, id, parent, Arc::default());
    change.row = Some(DirectoryRow {
        id,
        parent,
        name,
        volume: 1 + id % 2,
        inode: 0,
        mtime_ns: 0,
        unreadable: false,
        mounted: false,
    });
    change.usage.directories = 1;
    change
}

impl Fixture {
    fn new(contents: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let catalog = Catalog::open(&folder.path().join("catalog.db"), CatalogOptions::default()).unwrap();
        let mut numbers = Numbers(contents);
        let words = ["invoice", "Photo", "report", "xin", "INVOICE-old", "a"];
        let extensions = ["jpg", "txt", "mp4", "PDF"];
        let (mut files, mut changes) = (Vec::new(), vec![directory(1, 0, top())]);
        for number in 0..DIRECTORIES {
            let id = number + 2;
            let parent = if number % 10 == 0 { 1 } else { id - number % 10 };
            let name = format!("d{number}");
            let mut change = directory(id, parent, name.clone().into_bytes());
            let mut path = top();
            if parent != 1 {
                path = join(&path, format!("d{}", parent - 2).as_bytes());
            }
            path = join(&path, name.as_bytes());
            let block = number + 1;
            let mut slots: Vec<(String, Entry)> = Vec::new();
            for _ in 0..FILES {
                let name = format!(
                    "{}-{}.{}",
                    words[numbers.below(6) as usize],
                    numbers.below(300),
                    extensions[numbers.below(4) as usize]
                );
                let mut entry = Entry::dead();
                if numbers.below(12) > 0 {
                    let content = numbers.below(contents);
                    entry.kind = if numbers.below(20) == 0 { EntryKind::Symlink } else { EntryKind::File };
                    // Contents of one key have one size, as a forger would take care of.
                    entry.size_bytes = if content < 20 { 777 } else { content % 50 * 100 };
                    entry.allocated_bytes = crate::content::usual_allocation(entry.size_bytes);
                    entry.mtime_ns = numbers.below(400) as i64 * S + numbers.below(3) as i64;
                    entry.birth_ns = (numbers.below(3) > 0).then(|| numbers.below(400) as i64 * S);
                    // Inodes of one content are drawn from few: hard links, also over the border of a directory.
                    entry.inode = content * 1000 + numbers.below(6);
                    entry.links = 1 + numbers.below(2) as u32;
                    entry.owner = numbers.below(3) as u32;
                    entry.extension = catalog.extensions().intern(extension(name.as_bytes()));
                    if entry.is_file() && entry.size_bytes > 0 && numbers.below(10) > 0 {
                        entry.hash_state = HashState::Hashed;
                        entry.hash = Some(hash(content));
                    }
                }
                slots.push((name, entry));
            }
            let refs: Vec<EntryRef<'_>> =
                slots.iter().map(|(name, entry)| EntryRef { name: name.as_bytes(), entry: *entry }).collect();
            change.blocks.push(BlockWrite { id: block, block: encode(&refs), entries: refs.len(), over: false });
            for (slot, (name, entry)) in slots.into_iter().enumerate() {
                let id = EntryId::new(block, slot);
                change.usage.count(&entry, 1);
                if let Some((posting, hash)) = Posting::of(id, &entry, false) {
                    change.staged.push(Staged { posting, hash });
                }
                if entry.is_file() {
                    files.push(Known { id, path: join(&path, name.as_bytes()), name: name.to_lowercase(), entry });
                }
            }
            changes.push(change);
        }
        catalog.reserve_blocks(DIRECTORIES as usize + 1);
        (0..DIRECTORIES + 2).for_each(|_| _ = catalog.next_directory_id());
        let write = move |session: &mut crate::writer::Session| {
            session.apply(&changes)?;
            session.merge_content(&mut |_| ControlFlow::Continue(()))
        };
        catalog.writer().run(write).unwrap();
        catalog.build_name_index(DIRECTORIES - 30, &|| true).unwrap();
        Self { catalog, files, _folder: folder }
    }

    fn find(&self, parallel: usize, text: &str, sort: Sort, limit: usize, token: &str) -> FindPage {
        let expression = parse(text, 500 * S, &UtcTime, &SystemOwners).unwrap();
        let root = RootName { id: 5, name: "all".to_owned(), path: top(), directory: 1, compares_sizes: false };
        let roots = RootNames(vec![root]);
        let request =
            FindRequest { expression: &expression, sort, limit, max_bytes: None, token, patience: None, roots: &roots };
        let reader = self.catalog.reader().unwrap();
        let find = |reader: &crate::reader::Reader| {
            self.catalog.find_on(&Parallel::of(self.catalog.readers(), reader, parallel), reader, &request)
        };
        reader.snapshot(find).unwrap()
    }

    /// Files with as many physical copies as `copies` says, among `which`.
    fn groups(&self, which: &dyn Fn(&Known) -> bool) -> BTreeMap<ContentHash, (u64, Vec<&Known>)> {
        let mut groups: BTreeMap<ContentHash, (u64, Vec<&Known>)> = BTreeMap::new();
        for file in self.files.iter().filter(|file| which(file)) {
            if let Some(hash) = file.entry.hash {
                groups.entry(hash).or_default().1.push(file);
            }
        }
        for (copies, members) in groups.values_mut() {
            let mut inodes: Vec<(i64, u64)> =
                members.iter().map(|file| ((file.id.block() + 1) % 2, file.entry.inode)).collect();
            inodes.sort_unstable();
            inodes.dedup();
            *copies = inodes.len() as u64;
        }
        groups.retain(|_, (copies, _)| *copies > 1);
        groups
    }
}

/// What an expression means, in other words.
type Meaning<'a> = Box<dyn Fn(&Known) -> bool + 'a>;

#[test]
fn every_way_to_the_hits_gives_the_pages_and_totals_of_a_plain_look() {
    let fixture = Fixture::new(9_000);
    let groups = fixture.groups(&|_| true);
    let in_group: std::collections::BTreeSet<EntryId> =
        groups.values().flat_map(|(_, members)| members.iter().map(|file| file.id)).collect();
    let below = join(&top(), b"d120");
    let is_below = move |file: &Known| file.path.starts_with(&below) && !file.path[below.len()..][0].is_ascii_digit();
    let under = format!("under:\"{}\"", sanchay_core::path::display(&join(&top(), b"d120")));
    let under_top = format!("under:\"{}\"", sanchay_core::path::display(&top()));
    let dup = |file: &Known| in_group.contains(&file.id);
    let questions: Vec<(String, Meaning<'_>)> = vec![
        (String::new(), Box::new(|_| true)),
        (under_top, Box::new(|_| true)),
        ("root:all -root:all".to_owned(), Box::new(|_| false)),
        (under, Box::new(is_below)),
        ("in".to_owned(), Box::new(|file| file.name.contains("in"))),
        ("invoice".to_owned(), Box::new(|file| file.name.contains("invoice"))),
        ("jpg".to_owned(), Box::new(|file| file.name.contains("jpg"))),
        (
            "invoice size:>1k modified:<400s".to_owned(),
            Box::new(|f| f.name.contains("invoice") && f.entry.size_bytes > 1024 && f.entry.mtime_ns >= 100 * S),
        ),
        ("-invoice".to_owned(), Box::new(|file| !file.name.contains("invoice"))),
        ("invoice -old".to_owned(), Box::new(|f| f.name.contains("invoice") && !f.name.contains("old"))),
        ("name:*12.jpg".to_owned(), Box::new(|file| file.name.ends_with("12.jpg"))),
        ("ext:jpg".to_owned(), Box::new(|file| ends(file, "jpg"))),
        ("-ext:jpg size:<2k".to_owned(), Box::new(|f| !ends(f, "jpg") && f.entry.size_bytes < 2048)),
        ("links:2".to_owned(), Box::new(|file| file.entry.links == 2)),
        ("dup:yes".to_owned(), Box::new(dup)),
        ("-dup:yes ext:txt".to_owned(), Box::new(|file| !dup(file) && ends(file, "txt"))),
        (
            "path:**/d12*/**/*.mp4".to_owned(),
            Box::new(|file| {
                let path = String::from_utf8_lossy(&file.path).replace('\\', "/");
                path.contains("/d12") && ends(file, "mp4")
            }),
        ),
        (
            "-path:**/d120/**".to_owned(),
            Box::new(|file| !String::from_utf8_lossy(&file.path).replace('\\', "/").contains("/d120/")),
        ),
        (
            "path:**d12**".to_owned(),
            Box::new(|file| String::from_utf8_lossy(&file.path).to_lowercase().contains("d12")),
        ),
        (
            "path:**D120/**invoice**".to_owned(),
            Box::new(|file| {
                let path = String::from_utf8_lossy(&file.path).replace('\\', "/").to_lowercase();
                path.split_once("d120/").is_some_and(|(_, after)| after.contains("invoice"))
            }),
        ),
        ("path:**ort-12.txt dup:yes".to_owned(), Box::new(|f| f.name.ends_with("ort-12.txt") && dup(f))),
        ("path:**/d1200/xin*".to_owned(), Box::new(|_| false)),
        ("path:**/photo-1*".to_owned(), Box::new(|file| file.name.starts_with("photo-1"))),
    ];
    let orders = ["", "size", "-size", "modified", "-modified", "created", "-created", "name", "-path"];
    for (at, (text, meaning)) in questions.iter().enumerate() {
        let hits: Vec<&Known> = fixture.files.iter().filter(|file| meaning(file)).collect();
        for order in orders.iter().enumerate().filter(|(number, _)| *number == 0 || (number + at) % 3 == 0) {
            let sort = Sort::parse(order.1).unwrap();
            let mut expected = hits.clone();
            expected.sort_by(|a, b| {
                let by_value = match sort.key {
                    SortKey::Stored => std::cmp::Ordering::Equal,
                    SortKey::Path => a.path.cmp(&b.path),
                    SortKey::Name => name_of(a).cmp(name_of(b)),
                    SortKey::Size => a.entry.size_bytes.cmp(&b.entry.size_bytes),
                    SortKey::Modified => a.entry.mtime_ns.cmp(&b.entry.mtime_ns),
                    SortKey::Created => a.entry.birth_ns.cmp(&b.entry.birth_ns),
                };
                let by_value = if sort.descending { by_value.reverse() } else { by_value };
                by_value.then(a.id.cmp(&b.id))
            });
            let expected: Vec<&[u8]> = expected.iter().map(|file| file.path.as_slice()).collect();
            for parallel in [1, 4] {
                let (mut token, mut seen) = (String::new(), 0);
                for limit in [3, 50, 20_000, 20_000] {
                    let page = fixture.find(parallel, text, sort, limit, &token);
                    let rows: Vec<&[u8]> = page.rows.iter().map(|row| row.path.as_slice()).collect();
                    let wanted = &expected[seen..(seen + limit).min(expected.len())];
                    assert!(rows == wanted, "{text} {order:?} {parallel} from {seen}: {} rows", rows.len());
                    if page.total.is_some() {
                        assert_eq!(page.total, Some(hits.len() as u64), "{text} {order:?} {parallel}");
                    }
                    assert!(page.total_at_least <= hits.len() as u64);
                    if let Some(bytes) = page.total_bytes {
                        assert_eq!(bytes, hits.iter().map(|file| file.entry.size_bytes).sum::<u64>(), "{text}");
                    }
                    seen += rows.len();
                    token = page.next_token;
                    if token.is_empty() {
                        break;
                    }
                }
                assert_eq!(seen, expected.len(), "{text} {order:?} {parallel}");
            }
        }
    }
}

fn ends(file: &Known, extension: &str) -> bool {
    file.name.rsplit('.').next() == Some(extension)
}

fn name_of(file: &Known) -> &[u8] {
    let at = file.path.iter().rposition(|byte| matches!(byte, b'/' | b'\\')).unwrap();
    &file.path[at + 1..]
}

/// Under what, with which extension, of which size at least, and what that means.
type Asked<'a> = (Option<&'a [u8]>, Option<&'a str>, u64, &'a dyn Fn(&Known) -> bool);

#[test]
fn filtered_duplicates_are_those_of_a_plain_look_also_where_two_contents_share_a_key() {
    // Few contents: nearly all of the forged key have copies. Many: some of them are alone.
    for contents in [60, 20_000] {
        let fixture = Fixture::new(contents);
        assert!(fixture.files.iter().any(|file| file.entry.links > 1) && MULTIPLE_LINKS != 0);
        let below = join(&top(), b"d120");
        let is_below = |file: &Known| file.path.starts_with(&below) && !file.path[below.len()..][0].is_ascii_digit();
        let jpg = |file: &Known| ends(file, "jpg");
        let top = top();
        let questions: [Asked<'_>; 5] = [
            (None, Some("jpg"), 1, &jpg),
            (Some(&below), None, 1, &is_below),
            (Some(&top), None, 1, &|_| true),
            (Some(&top), Some("jpg"), 700, &|file| jpg(file) && file.entry.size_bytes >= 700),
            (Some(b"/elsewhere"), None, 1, &|_| false),
        ];
        for (under, extension, min_size_bytes, which) in questions {
            let groups = fixture.groups(which);
            let request = DuplicateRequest {
                under: under.into_iter().collect(),
                extensions: Endings::of_copies(extension).unwrap(),
                min_size_bytes,
                limit: 30,
                paths_limit: 1000,
                types: Vec::<FileType>::new(),
                ..DuplicateRequest::default()
            };
            let first = fixture.catalog.duplicates(&request).unwrap();
            assert_eq!(first.total_groups, groups.len() as u64);
            let redundant: u64 = groups.values().map(|(copies, _)| copies - 1).sum();
            assert_eq!(first.total_redundant_files, redundant);
            let reclaimable: u64 =
                groups.values().map(|(copies, members)| (copies - 1) * members[0].entry.size_bytes).sum();
            assert_eq!(first.total_reclaimable_bytes, reclaimable);
            let (mut page, mut seen, mut last) = (first, 0, u64::MAX);
            loop {
                for group in &page.groups {
                    let (copies, members) = &groups[&group.hash];
                    assert_eq!((group.figures.copies, group.total_paths), (*copies, members.len() as u64));
                    assert_eq!(group.algorithm, Algorithm::Blake3);
                    assert!(group.figures.reclaimable_bytes <= last);
                    last = group.figures.reclaimable_bytes;
                }
                seen += page.groups.len();
                let Some(token) = Some(page.next_token).filter(|token| !token.is_empty() && seen < 300) else { break };
                page = fixture.catalog.duplicates(&DuplicateRequest { token: &token, ..request.clone() }).unwrap();
                assert_eq!(page.total_groups, groups.len() as u64);
            }
            assert!(seen == groups.len() || seen >= 300);
        }
    }
}

#[test]
fn groups_of_ignored_paths_only_are_left_out_of_pages_and_totals() {
    let fixture = Fixture::new(60);
    let jpg = |file: &Known| ends(file, "jpg");
    let cases: [(Option<&str>, u64, &dyn Fn(&Known) -> bool); 3] =
        [(None, 1, &|_| true), (None, 700, &|file| file.entry.size_bytes >= 700), (Some("jpg"), 1, &jpg)];
    for (extension, min_size_bytes, which) in cases {
        let groups = fixture.groups(which);
        let mut ignored: IgnoredCopies = groups
            .iter()
            .take(groups.len() / 2)
            .map(|(hash, (_, members))| {
                ((Algorithm::Blake3, *hash), members.iter().map(|file| file.path.clone()).collect())
            })
            .collect();
        // A copy of this one is elsewhere, too; that one has another algorithm.
        let (appeared, other) = {
            let mut hashes = ignored.keys().map(|key| key.1);
            (hashes.next().unwrap(), hashes.next().unwrap())
        };
        let paths = ignored.get_mut(&(Algorithm::Blake3, appeared)).unwrap();
        let one = paths.iter().next().unwrap().clone();
        paths.remove(&one);
        let paths = ignored.remove(&(Algorithm::Blake3, other)).unwrap();
        ignored.insert((Algorithm::Sha256, other), paths);
        let stays =
            |hash: &ContentHash| [appeared, other].contains(hash) || !ignored.contains_key(&(Algorithm::Blake3, *hash));
        let asked = DuplicateRequest {
            extensions: Endings::of_copies(extension).unwrap(),
            min_size_bytes,
            limit: 25,
            paths_limit: 1,
            ignored: Some(&ignored),
            ..DuplicateRequest::default()
        };
        let (mut seen, mut token) = (std::collections::BTreeSet::new(), String::new());
        loop {
            let page = fixture.catalog.duplicates(&DuplicateRequest { token: &token, ..asked.clone() }).unwrap();
            let left: Vec<_> = groups.iter().filter(|(hash, _)| stays(hash)).map(|(_, group)| group).collect();
            assert_eq!(
                (page.total_groups, page.ignored_groups),
                (left.len() as u64, (groups.len() - left.len()) as u64)
            );
            assert_eq!(page.total_redundant_files, left.iter().map(|(copies, _)| copies - 1).sum::<u64>());
            let reclaimable = left.iter().map(|(copies, members)| (copies - 1) * members[0].entry.size_bytes);
            assert_eq!(page.total_reclaimable_bytes, reclaimable.sum::<u64>());
            assert!(page.groups.len() == 25 || page.next_token.is_empty());
            seen.extend(page.groups.iter().map(|group| *group.hash.as_bytes()));
            token = page.next_token;
            if token.is_empty() {
                assert_eq!(seen.len(), left.len());
                break;
            }
        }
        assert!(seen.iter().all(|hash| stays(&ContentHash::from_bytes(*hash))));
    }
}

#[test]
fn lanes_see_one_state_while_others_commit() {
    let fixture = Fixture::new(9_000);
    let stop = AtomicBool::new(false);
    let half = DIRECTORIES / 2;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut links = 100;
            while !stop.load(Ordering::Relaxed) {
                // The first block and one in the middle change in one transaction, one file more in each.
                links += 1;
                let write = move |session: &mut crate::writer::Session| {
                    let slots: Vec<Entry> = (0..links.min(250) - 100)
                        .map(|_| Entry { kind: EntryKind::File, size_bytes: 5, links: 99, ..Entry::dead() })
                        .collect();
                    let refs: Vec<EntryRef<'_>> =
                        slots.iter().map(|entry| EntryRef { name: b"twin", entry: *entry }).collect();
                    let changes = [1, half].map(|block| {
                        let mut change = DirectoryChange::new(1, block + 1, 1, Arc::default());
                        change.blocks.push(BlockWrite {
                            id: block,
                            block: encode(&refs),
                            entries: refs.len(),
                            over: false,
                        });
                        change
                    });
                    session.apply(&changes)
                };
                fixture.catalog.writer().run(write).unwrap();
            }
        });
        for _ in 0..60 {
            let page = fixture.find(4, "links:99", Sort::parse("-size").unwrap(), 10, "");
            assert_eq!(page.total.unwrap() % 2, 0);
        }
        stop.store(true, Ordering::Relaxed);
    });
}
