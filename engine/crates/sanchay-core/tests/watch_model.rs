//! The event algebra against a model: a small tree in memory is changed at random and tells of it as a watcher would, late;
//! the steps are applied to a model of the catalog. In the end the catalog has to equal the tree, hashes included.

use std::collections::{BTreeMap, VecDeque};

use proptest::prelude::*;
use sanchay_core::path::SEPARATOR;
use sanchay_core::watch::{name_after, FileEvent, Pending, Step};

type Path = Vec<u8>;

/// So much time at once that all events which are on their way arrive before.
const LONG_MS: u64 = 9_000;

/// A file or folder on the disk. A folder's content never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Node {
    inode: u32,
    directory: bool,
    content: u32,
    /// Changes with the content, but for a write that sets it back.
    mtime: u32,
    /// Changes with the content, the metadata and the name.
    ctime: u32,
}

/// What the catalog has of it.
#[derive(Clone, Copy, Debug)]
struct Row {
    node: Node,
    /// The content that the hash is of.
    hash: Option<u32>,
    /// A move took the ctime over: a write that set its mtime back may be behind it.
    trusted: bool,
}

#[derive(Clone, Debug)]
enum Change {
    MakeFile(usize, usize),
    MakeFolder(usize, usize),
    Write(usize),
    WriteAndSetBack(usize),
    Chmod(usize),
    Remove(usize),
    Rename(usize, usize, usize),
    Exchange(usize, usize),
    MoveIn(usize, usize),
    MoveAway(usize),
    /// That many events arrive.
    Deliver(usize),
    /// That much time goes by, and what is due is done.
    Wait(u64),
    /// All events that have not arrived yet are lost.
    Lose,
}

fn change() -> impl Strategy<Value = Change> {
    let (any, name) = (0usize..64, 0usize..4);
    prop_oneof![
        3 => (any.clone(), name.clone()).prop_map(|(place, name)| Change::MakeFile(place, name)),
        2 => (any.clone(), name.clone()).prop_map(|(place, name)| Change::MakeFolder(place, name)),
        3 => any.clone().prop_map(Change::Write),
        2 => any.clone().prop_map(Change::WriteAndSetBack),
        1 => any.clone().prop_map(Change::Chmod),
        2 => any.clone().prop_map(Change::Remove),
        6 => (any.clone(), any.clone(), name.clone()).prop_map(|(from, place, name)| Change::Rename(from, place, name)),
        2 => (any.clone(), any.clone()).prop_map(|(one, other)| Change::Exchange(one, other)),
        1 => (any.clone(), name).prop_map(|(place, name)| Change::MoveIn(place, name)),
        1 => any.prop_map(Change::MoveAway),
        6 => (1usize..8).prop_map(Change::Deliver),
        4 => prop_oneof![8 => Just(1u64), 8 => 5..60u64, 8 => 100..700u64, 1 => LONG_MS..12_000u64].prop_map(Change::Wait),
        1 => prop::bool::weighted(0.2).prop_map(|lose| if lose { Change::Lose } else { Change::Wait(0) }),
    ]
}

fn root() -> Path {
    vec![SEPARATOR, b'r']
}

fn join(directory: &[u8], name: usize) -> Path {
    [directory, &[SEPARATOR, b'a' + name as u8]].concat()
}

fn parent(path: &[u8]) -> &[u8] {
    &path[..path.len() - 2]
}

fn below<T>(map: &BTreeMap<Path, T>, path: &[u8]) -> Vec<Path> {
    let prefix = [path, &[SEPARATOR]].concat();
    map.keys().filter(|key| *key == path || key.starts_with(&prefix)).cloned().collect()
}

struct World {
    disk: BTreeMap<Path, Node>,
    catalog: BTreeMap<Path, Row>,
    events: VecDeque<FileEvent>,
    pending: Pending,
    now_ms: u64,
    /// Counts up, for inodes, contents and times.
    clock: u32,
    /// How often a content was read.
    reads: usize,
}

impl World {
    fn new(limit: usize) -> Self {
        let mut pending = Pending::with_limit(500, limit);
        pending.put_root(root());
        let top = Node { inode: 0, directory: true, content: 0, mtime: 0, ctime: 0 };
        Self {
            disk: BTreeMap::from([(root(), top)]),
            catalog: BTreeMap::from([(root(), Row { node: top, hash: None, trusted: true })]),
            events: VecDeque::new(),
            pending,
            now_ms: 0,
            clock: 0,
            reads: 0,
        }
    }

    fn tick(&mut self) -> u32 {
        self.clock += 1;
        self.clock
    }

    /// The number chooses one of the paths for which this holds, the root apart.
    fn choose(&self, number: usize, holds: impl Fn(&Node) -> bool) -> Option<Path> {
        let paths: Vec<_> = self.disk.iter().skip(1).filter(|(_, node)| holds(node)).map(|(path, _)| path).collect();
        (!paths.is_empty()).then(|| paths[number % paths.len()].clone())
    }

    /// A name in one of the folders.
    fn place(&self, number: usize, name: usize) -> Path {
        let folders: Vec<_> = self.disk.iter().filter(|(_, node)| node.directory).map(|(path, _)| path).collect();
        join(folders[number % folders.len()], name)
    }

    fn make(&mut self, path: &[u8], directory: bool) {
        let stamp = self.tick();
        self.disk.insert(path.to_vec(), Node { inode: stamp, directory, content: stamp, mtime: stamp, ctime: stamp });
    }

    fn change(&mut self, change: &Change) {
        match *change {
            Change::MakeFile(place, name) => {
                let path = self.place(place, name);
                if !self.disk.contains_key(&path) {
                    self.make(&path, false);
                    self.events.push_back(FileEvent::Created { path: path.clone(), directory: Some(false) });
                    self.events.push_back(FileEvent::Written { path });
                }
            }
            Change::MakeFolder(place, name) => {
                let path = self.place(place, name);
                if !self.disk.contains_key(&path) {
                    self.make(&path, true);
                    // What is in it before it is watched makes no event.
                    if name % 2 == 0 {
                        self.make(&join(&path, 0), false);
                    }
                    self.events.push_back(FileEvent::Created { path, directory: Some(true) });
                }
            }
            Change::Write(number) => {
                if let Some(path) = self.choose(number, |node| !node.directory) {
                    let stamp = self.tick();
                    let node = self.disk.get_mut(&path).expect("chosen");
                    (node.content, node.mtime, node.ctime) = (stamp, stamp, stamp);
                    self.events.push_back(FileEvent::Written { path });
                }
            }
            Change::WriteAndSetBack(number) => {
                if let Some(path) = self.choose(number, |node| !node.directory) {
                    let stamp = self.tick();
                    let node = self.disk.get_mut(&path).expect("chosen");
                    (node.content, node.ctime) = (stamp, stamp);
                    self.events.push_back(FileEvent::Written { path: path.clone() });
                    self.events.push_back(FileEvent::Attributes { path });
                }
            }
            Change::Chmod(number) => {
                if let Some(path) = self.choose(number, |_| true) {
                    self.disk.get_mut(&path).expect("chosen").ctime = self.clock + 1;
                    self.clock += 1;
                    self.events.push_back(FileEvent::Attributes { path });
                }
            }
            Change::Remove(number) => {
                if let Some(path) = self.choose(number, |_| true) {
                    for path in below(&self.disk, &path).into_iter().rev() {
                        let directory = Some(self.disk.remove(&path).expect("there").directory);
                        self.events.push_back(FileEvent::Removed { path, directory });
                    }
                }
            }
            Change::Rename(number, place, name) => {
                let (from, to) = (self.choose(number, |_| true), self.place(place, name));
                if let Some(from) = from {
                    self.rename(from, to);
                }
            }
            Change::Exchange(one, other) => {
                if let (Some(one), Some(other)) = (self.choose(one, |_| true), self.choose(other, |_| true)) {
                    self.exchange(&one, &other);
                }
            }
            Change::MoveIn(place, name) => {
                let path = self.place(place, name);
                if !self.disk.contains_key(&path) {
                    self.make(&path, true);
                    self.make(&join(&path, 1), false);
                    self.make(&join(&path, 2), true);
                    self.make(&join(&join(&path, 2), 1), false);
                    self.events.push_back(FileEvent::MovedIn { path, directory: Some(true) });
                }
            }
            Change::MoveAway(number) => {
                if let Some(path) = self.choose(number, |_| true) {
                    for path in below(&self.disk, &path) {
                        self.disk.remove(&path);
                    }
                    self.events.push_back(FileEvent::MovedAway { path });
                }
            }
            Change::Deliver(count) => self.deliver(count),
            Change::Wait(time_ms) => {
                if time_ms >= LONG_MS {
                    // No event is longer on its way.
                    self.deliver(self.events.len());
                }
                self.now_ms += time_ms;
                while self.pending.next_due_ms().is_some_and(|due_ms| due_ms <= self.now_ms) {
                    let steps = self.pending.due(self.now_ms);
                    self.apply(steps);
                }
            }
            Change::Lose => {
                self.events.clear();
                self.events.push_back(FileEvent::Rescan { root: None });
            }
        }
    }

    /// As rename(2): over a file by a file, over nothing by anything.
    fn rename(&mut self, from: Path, to: Path) {
        let over = self.disk.get(&to).map(|node| node.directory);
        let nested = to.starts_with(&[&from[..], &[SEPARATOR]].concat());
        if from == to || nested || over == Some(true) || (over == Some(false) && self.disk[&from].directory) {
            return;
        }
        let stamp = self.tick();
        for old in below(&self.disk, &from) {
            let mut node = self.disk.remove(&old).expect("there");
            if old == from {
                node.ctime = stamp;
            }
            self.disk.insert([&to, &old[from.len()..]].concat(), node);
        }
        self.events.push_back(FileEvent::Renamed { from, to });
    }

    /// As renameat2(2) with `RENAME_EXCHANGE`: neither is replaced.
    fn exchange(&mut self, one: &Path, other: &Path) {
        if one == other || below(&self.disk, one).contains(other) || below(&self.disk, other).contains(one) {
            return;
        }
        let stamp = self.tick();
        let mut moved = Vec::new();
        for (from, to) in [(one, other), (other, one)] {
            for old in below(&self.disk, from) {
                let mut node = self.disk[&old];
                if old == *from {
                    node.ctime = stamp;
                }
                moved.push(([to, &old[from.len()..]].concat(), node));
            }
        }
        for path in [one, other] {
            for old in below(&self.disk, path) {
                self.disk.remove(&old);
            }
        }
        self.disk.extend(moved);
        self.events.push_back(FileEvent::Exchanged { one: one.clone(), other: other.clone() });
    }

    fn deliver(&mut self, count: usize) {
        for _ in 0..count {
            if let Some(event) = self.events.pop_front() {
                self.pending.take(event, self.now_ms);
            }
        }
    }

    fn finish(&mut self) {
        self.deliver(self.events.len());
        while !self.pending.is_empty() {
            let steps = self.pending.drain(self.now_ms);
            self.apply(steps);
        }
    }

    fn apply(&mut self, steps: Vec<Step>) {
        let mut steps = steps.into_iter();
        while let Some(step) = steps.next() {
            match step {
                Step::Look { ref directory, ref names } if self.agree(directory) => {
                    for name in names {
                        self.look(&[&directory[..], &[SEPARATOR], name].concat());
                    }
                }
                Step::Hash { ref directory, ref names } if self.agree(directory) => {
                    let path = |name: &Path| [&directory[..], &[SEPARATOR], name].concat();
                    let (there, missed): (Vec<_>, _) =
                        names.clone().into_iter().partition(|name| self.agree(&path(name)));
                    for name in &there {
                        self.hash(&path(name));
                    }
                    self.pending.missed(Step::Hash { directory: directory.clone(), names: missed }, self.now_ms);
                }
                Step::Trust { directory, names } => {
                    for name in names {
                        if let Some(row) = self.catalog.get_mut(&[&directory[..], &[SEPARATOR], &name].concat()) {
                            row.trusted = true;
                        }
                    }
                }
                Step::List { ref directory, .. } if self.agree(parent(directory)) => {
                    self.list(directory);
                    if !self.disk.contains_key(directory) {
                        self.pending.missed(step, self.now_ms);
                    }
                }
                Step::Look { .. } | Step::Hash { .. } | Step::List { .. } => self.pending.missed(step, self.now_ms),
                Step::Move { from, to } => {
                    if !self.relocate(&from, &to, steps.as_slice()) {
                        self.pending.refuse(from, to, steps.by_ref(), self.now_ms);
                    }
                }
                Step::Reconcile { root, .. } => {
                    // The events that would tell of writes are forgotten: nothing is trusted any longer.
                    self.catalog.values_mut().filter(|row| !row.trusted).for_each(|row| row.hash = None);
                    self.list(&root);
                }
                Step::RootGone { .. } | Step::WatchLost { .. } => unreachable!("the root stays"),
            }
        }
    }

    /// Whether the folder of that name is the one that the catalog has.
    fn agree(&self, directory: &[u8]) -> bool {
        let (known, there) = (self.catalog.get(directory), self.disk.get(directory));
        known.is_some() && known.map(|row| row.node.inode) == there.map(|node| node.inode)
    }

    fn forget(&mut self, path: &[u8]) {
        for path in below(&self.catalog, path) {
            self.catalog.remove(&path);
        }
    }

    fn look(&mut self, path: &[u8]) {
        let Some(node) = self.disk.get(path).copied() else { return self.forget(path) };
        match self.catalog.get(path).copied() {
            Some(row) if row.node == node => {}
            Some(row) if row.node.inode == node.inode && node.directory => {
                self.catalog.insert(path.to_vec(), Row { node, hash: None, trusted: true });
            }
            _ if node.directory => self.list(path),
            _ => {
                self.forget(path);
                self.catalog.insert(path.to_vec(), Row { node, hash: None, trusted: true });
            }
        }
        if self.catalog.get(path).is_some_and(|row| !row.node.directory && row.hash.is_none()) {
            self.pending.unread(parent(path), &path[path.len() - 1..], self.now_ms);
        }
    }

    /// A listing reads what it finds, as a scan does.
    fn list(&mut self, path: &[u8]) {
        for row in below(&self.catalog, path) {
            if !self.disk.contains_key(&row) {
                self.catalog.remove(&row);
            }
        }
        for path in below(&self.disk, path) {
            let node = self.disk[&path];
            let known = self.catalog.get(&path).copied();
            if known.is_none_or(|row| row.node != node) {
                self.catalog.insert(path.clone(), Row { node, hash: None, trusted: true });
            }
            if self.catalog[&path].hash.is_none() {
                self.hash(&path);
            }
        }
    }

    fn hash(&mut self, path: &[u8]) {
        let (Some(row), Some(node)) = (self.catalog.get_mut(path), self.disk.get(path)) else { return };
        if !node.directory && !row.node.directory && (row.hash.is_none() || row.node != *node || !row.trusted) {
            *row = Row { node: *node, hash: Some(node.content), trusted: true };
            self.reads += 1;
        }
    }

    fn relocate(&mut self, from: &[u8], to: &[u8], later: &[Step]) -> bool {
        // The catalog may be ahead of the events: a listing has seen what they tell of later.
        let known = self.catalog.get(from).map(|row| row.node.inode);
        let last = name_after(to, later);
        let is_other = last.as_ref().is_some_and(|path| known != self.disk.get(path).map(|node| node.inode));
        // So may the folder that it comes into, which must be the one that the catalog has there.
        let into = self.catalog.get(parent(to)).filter(|row| row.node.directory).map(|row| row.node.inode);
        let due = name_after(parent(to), later).and_then(|path| self.disk.get(&path).map(|node| node.inode));
        let is_elsewhere = into.is_none() || into != due;
        if known.is_none() || is_other || is_elsewhere {
            return false;
        }
        if from != to {
            self.forget(to);
        }
        for old in below(&self.catalog, from) {
            let row = self.catalog.remove(&old).expect("there");
            self.catalog.insert([to, &old[from.len()..]].concat(), row);
        }
        if let (Some(row), Some(node)) = (self.catalog.get_mut(to), last.and_then(|path| self.disk.get(&path))) {
            if (row.node.inode, row.node.mtime) == (node.inode, node.mtime) {
                (row.trusted, row.node) = (row.trusted && row.node.ctime == node.ctime, *node);
            }
        }
        true
    }

    fn assert_equal(&self) {
        let disk: Vec<_> = self.disk.iter().collect();
        let catalog: Vec<_> = self.catalog.iter().map(|(path, row)| (path, &row.node)).collect();
        assert_eq!(disk, catalog);
        for (path, node) in self.disk.iter().filter(|(_, node)| !node.directory) {
            assert_eq!(self.catalog[path].hash, Some(node.content), "{}", String::from_utf8_lossy(path));
        }
    }
}

#[test]
fn a_step_that_waits_in_vain_for_its_event_has_the_root_compared() {
    let mut pending = Pending::new(500);
    pending.put_root(root());
    let look = |name| Step::Look { directory: join(&root(), name), names: vec![b"file".to_vec()] };
    pending.missed(look(0), 100);
    pending.missed(look(1), 9_000);
    assert_eq!(pending.due(9_500), []);
    pending.missed(look(2), 10_100);
    let steps = pending.due(10_100);
    assert!(matches!(&steps[..], [Step::Reconcile { root: compared, .. }] if *compared == root()), "{steps:?}");
    assert!(!pending.has_missed(), "the comparison finds what the others wait for, too");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_catalog_equals_the_tree_whatever_happened(changes in prop::collection::vec(change(), 1..120), limit in 2usize..200) {
        let mut world = World::new(limit);
        for change in &changes {
            world.change(change);
        }
        world.finish();
        world.assert_equal();
    }

    #[test]
    fn renames_alone_read_no_file_again(
        made in prop::collection::vec((0usize..64, 0usize..4, any::<bool>()), 1..16),
        renames in prop::collection::vec((0usize..64, 0usize..64, 0usize..4, prop_oneof![Just(0u64), 1..200u64]), 1..40),
    ) {
        let mut world = World::new(1000);
        for (place, name, directory) in made {
            world.change(&if directory { Change::MakeFolder(place, name) } else { Change::MakeFile(place, name) });
        }
        world.finish();
        let reads = world.reads;
        for (number, place, name, wait_ms) in renames {
            world.change(&Change::Rename(number, place, name));
            world.deliver(1);
            if wait_ms > 0 {
                world.change(&Change::Wait(wait_ms));
            }
        }
        world.finish();
        world.assert_equal();
        prop_assert_eq!(world.reads, reads);
    }
}
