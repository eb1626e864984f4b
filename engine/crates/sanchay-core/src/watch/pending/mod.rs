//! The event algebra: events and the time go in, steps come out. It asks no one for the time and touches no file.
//!
//! - Metadata is looked at as soon as something happens, and in one folder at most ten times a second.
//! - A file is hashed when nothing has happened to it for the settle time.
//! - A new folder is listed with everything below it, since what came with it, or before it was watched, made no event.
//! - A paired rename is a move, and takes along what waits for the file, or in the folder. A file that was written just
//!   before is no move: its hash is worth nothing, and a program that saves by renaming would move its temporary file.
//! - Two names that were exchanged are both found again: a move would have replaced what is still there.
//! - A file that was moved is trusted to be what it was when no write to it was heard for a while: a step says so.
//! - What waits is bounded: past the limit the root with the most of it is compared as a whole.

mod renaming;

use std::collections::{BTreeMap, BTreeSet};

use super::event::{FileEvent, PathBytes};
use super::folder::{Folder, Settling, LIST_AFTER_MS};
use super::missed::Missed;
use super::moves::{renamed, Move, Moves};
use super::paths::{ancestors, join, prefix, split};
use super::step::{ReconcileReason, Step};

/// How many names may wait, in all roots together. 20,000 files made at once stay below it.
pub const PENDING_LIMIT: usize = 65_536;

/// A name that was written and went may have been another one of a file that is renamed within this time.
const TRUST_BEFORE_MS: u64 = 10_000;

/// A root is compared as a whole at most this often.
const RECONCILE_EVERY_MS: u64 = 1000;

/// What has been heard and waits for its time.
#[derive(Debug)]
pub struct Pending {
    settle_ms: u64,
    limit: usize,
    roots: BTreeMap<PathBytes, Root>,
    folders: BTreeMap<PathBytes, Folder>,
    /// When there is something to do in which folder.
    agenda: BTreeSet<(u64, PathBytes)>,
    moves: Moves,
    missed: Missed,
    /// What became of roots, to be passed on at once.
    losses: Vec<Step>,
    /// How much waits in the folders together.
    waiting: usize,
    /// How many of them are to be listed.
    listings: usize,
    /// When a name went last that had just been written. It may have been another name of a file that was renamed.
    written_gone_ms: Option<u64>,
}

#[derive(Debug, Default)]
struct Root {
    reconcile: Option<Reconcile>,
    reconciled_ms: Option<u64>,
}

#[derive(Debug)]
struct Reconcile {
    due_ms: u64,
    reason: ReconcileReason,
}

impl Pending {
    /// Nothing waits, and no root is known: events outside of every root are dropped.
    pub fn new(settle_ms: u64) -> Self {
        Self::with_limit(settle_ms, PENDING_LIMIT)
    }

    /// As [`Self::new`], with another number of names that may wait.
    pub fn with_limit(settle_ms: u64, limit: usize) -> Self {
        Self {
            settle_ms,
            limit,
            roots: BTreeMap::new(),
            folders: BTreeMap::new(),
            agenda: BTreeSet::new(),
            moves: Moves::default(),
            missed: Missed::default(),
            losses: Vec::new(),
            waiting: 0,
            listings: 0,
            written_gone_ms: None,
        }
    }

    /// Changes the settle time, of what waits already too.
    pub fn set_settle_ms(&mut self, settle_ms: u64) {
        self.settle_ms = settle_ms;
        let directories: Vec<_> = self.folders.keys().cloned().collect();
        for directory in directories {
            self.edit(&directory, |folder| folder.schedule_settling(settle_ms));
        }
    }

    /// From now on events below this root count.
    pub fn put_root(&mut self, root: PathBytes) {
        self.roots.entry(root).or_default();
    }

    /// Forgets the root and what waits in it.
    pub fn remove_root(&mut self, root: &[u8]) {
        self.forget_root(root);
        self.roots.remove(root);
    }

    /// How much waits: names to look at or to hash, folders to list, moves and roots to compare.
    pub fn len(&self) -> usize {
        let reconciles = self.roots.values().filter(|root| root.reconcile.is_some()).count();
        self.waiting + self.moves.len() + self.losses.len() + reconciles
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How much waits in one root.
    pub fn len_of(&self, root: &[u8]) -> usize {
        let in_folders: usize = self.directories_of(root).map(|(_, folder)| folder.waiting()).sum();
        let moves = self.moves.iter().filter(|step| self.root_of(&step.to) == Some(root)).count();
        in_folders + moves + usize::from(self.is_reconciled(Some(root)))
    }

    /// Takes in one event. Times never run backwards.
    pub fn take(&mut self, event: FileEvent, now_ms: u64) {
        match event {
            FileEvent::Created { path, directory } | FileEvent::MovedIn { path, directory } => {
                self.arrive(&path, directory, now_ms);
            }
            FileEvent::Written { path } => self.change(&path, true, now_ms),
            FileEvent::Attributes { path } => self.change(&path, false, now_ms),
            FileEvent::Removed { path, directory: _ } | FileEvent::MovedAway { path } => {
                self.forget_gone(&path, now_ms);
                self.look(&path, now_ms);
            }
            FileEvent::Renamed { from, to } => self.rename(from, to, now_ms),
            FileEvent::Exchanged { one, other } => self.exchange(&one, &other, now_ms),
            FileEvent::Rescan { root: Some(root) } => self.reconcile(&root, ReconcileReason::EventsLost, now_ms),
            FileEvent::Rescan { root: None } => {
                let roots: Vec<_> = self.roots.keys().cloned().collect();
                for root in roots {
                    self.reconcile(&root, ReconcileReason::EventsLost, now_ms);
                }
            }
            // What is mounted is compared as a whole, which is not for a time to decide.
            FileEvent::MountsChanged { .. } => {}
            FileEvent::RootGone { root } => self.lose(&root.clone(), Step::RootGone { root }),
            FileEvent::WatchLost { root, refused } => self.lose(&root.clone(), Step::WatchLost { root, refused }),
        }
        if self.waiting + self.moves.len() > self.limit {
            if let Some(root) = self.roots.keys().max_by_key(|root| self.len_of(root)).cloned() {
                self.forget_root(&root);
                self.reconcile(&root, ReconcileReason::TooMuchPending, now_ms);
            }
        }
    }

    /// The steps whose time has come: moves alone, or none of them. To be asked again while
    /// [`Self::next_due_ms`] is not later than now.
    pub fn due(&mut self, now_ms: u64) -> Vec<Step> {
        self.steps(now_ms, now_ms)
    }

    /// As [`Self::due`], without waiting for any time: to be asked until it gives nothing.
    pub fn drain(&mut self, now_ms: u64) -> Vec<Step> {
        self.steps(u64::MAX, now_ms)
    }

    /// Takes a move back that the catalog could not do, with the steps that came after it: what has the new name is
    /// taken for new, and the moves that follow are given again. No event may have been taken in since they were given.
    pub fn refuse(&mut self, from: PathBytes, to: PathBytes, later: impl IntoIterator<Item = Step>, now_ms: u64) {
        let (mut away, mut new) = (Some(from), Some(to));
        for step in later {
            if let Step::Move { from, to } = step {
                away = away.and_then(|path| renamed(path, &from, &to));
                new = new.and_then(|path| renamed(path, &from, &to));
                let between = from.clone();
                if self.moves.push(from, to) {
                    self.look(&between, now_ms);
                }
            }
        }
        // What waits has its last name already, so nothing is forgotten here.
        if let Some(path) = away {
            self.look(&path, now_ms);
        }
        if let Some(path) = new {
            self.find(&path, now_ms);
        }
    }

    /// A look found a file under this name whose content is not known: it is to be hashed when it has been quiet, where no
    /// event asked for that.
    pub fn unread(&mut self, directory: &[u8], name: &[u8], now_ms: u64) {
        let waits = |folder: &Folder| folder.settling.contains_key(name);
        if !self.folders.get(directory).is_some_and(waits) {
            let settling = Settling { quiet_since_ms: now_ms, written: true, is_file: true };
            self.settle(&join(directory, name), settling);
        }
    }

    /// When the next step may be due. A time in the past means now.
    pub fn next_due_ms(&self) -> Option<u64> {
        let at_once = (self.moves.len() + self.losses.len() > 0).then_some(0);
        let reconciles = self.roots.values().filter_map(|root| Some(root.reconcile.as_ref()?.due_ms)).min();
        let folders = self.agenda.first().map(|(due_ms, _)| *due_ms);
        [at_once, reconciles, folders].into_iter().flatten().min()
    }

    /// Takes a look, a listing or a hashing back that found no folder under its name, or another than the catalog has
    /// there (the volume and inode differ; for a listing, those of the folder that it is in, and if there is nothing to
    /// list after all), or the names to hash for which that is so: something on the way was renamed, and the event is still to come. Then the step is given again
    /// under the new name. No event may have been taken in since the step was given.
    pub fn missed(&mut self, step: Step, now_ms: u64) {
        let (Step::Look { directory, .. } | Step::Hash { directory, .. } | Step::List { directory, .. }) = &step else {
            return;
        };
        let Some(root) = self.root_of(directory).map(<[u8]>::to_vec) else { return };
        for lost in self.missed.take_lost(now_ms) {
            if let Some(root) = self.root_of(&lost).map(<[u8]>::to_vec) {
                self.reconcile(&root, ReconcileReason::EventsLost, now_ms);
            }
        }
        if !self.is_reconciled(Some(&root)) && !self.missed.put(step, now_ms) {
            self.reconcile(&root, ReconcileReason::TooMuchPending, now_ms);
        }
    }

    /// Whether steps were taken back and the events that they wait for have not been taken in.
    pub fn has_missed(&self) -> bool {
        !self.missed.is_empty()
    }

    /// Gives up what was taken back in a root: it is compared instead.
    pub fn forget_missed(&mut self, root: &[u8]) {
        self.missed.forget_root(root);
    }

    fn steps(&mut self, until_ms: u64, now_ms: u64) -> Vec<Step> {
        let mut steps = std::mem::take(&mut self.losses);
        steps.extend(self.moves.take().into_iter().map(|Move { from, to }| Step::Move { from, to }));
        if !steps.is_empty() {
            // What waits has the names that these lead to, so it comes after them, and after what is taken back of them.
            return steps;
        }
        for (path, root) in &mut self.roots {
            if let Some(Reconcile { reason, .. }) = root.reconcile.take_if(|wanted| wanted.due_ms <= until_ms) {
                root.reconciled_ms = Some(now_ms);
                steps.push(Step::Reconcile { root: path.clone(), reason });
            }
        }
        let settle_ms = if until_ms == u64::MAX { 0 } else { self.settle_ms };
        let mut due = BTreeSet::new();
        while self.agenda.first().is_some_and(|(due_ms, _)| *due_ms <= until_ms) {
            let Some((_, directory)) = self.agenda.pop_first() else { break };
            if let Some(folder) = self.folders.get_mut(&directory) {
                folder.scheduled_ms = None;
            }
            due.insert(directory);
        }
        let (mut lists, mut hashes, mut trusts) = (Vec::new(), Vec::new(), Vec::new());
        for directory in due {
            let (mut listed, mut looks, mut settled, mut trusted) = (false, Vec::new(), Vec::new(), Vec::new());
            self.edit(&directory, |folder| listed = folder.take_list(until_ms));
            let waits_for_list = until_ms < u64::MAX && self.is_listed(&directory);
            self.edit(&directory, |folder| {
                if waits_for_list {
                    folder.postpone_settling(now_ms + LIST_AFTER_MS);
                } else {
                    settled = folder.take_settled(until_ms, settle_ms);
                }
                looks = folder.take_looks(until_ms, now_ms, !settled.is_empty());
                trusted = folder.take_trusted(now_ms);
            });
            if !looks.is_empty() {
                steps.push(Step::Look { directory: directory.clone(), names: looks });
            }
            if !settled.is_empty() {
                hashes.push(Step::Hash { directory: directory.clone(), names: settled });
            }
            trusted.retain(|(_, since_ms)| {
                self.written_gone_ms.is_none_or(|gone_ms| gone_ms + TRUST_BEFORE_MS < *since_ms)
            });
            if !trusted.is_empty() {
                let names = trusted.into_iter().map(|(name, _)| name).collect();
                trusts.push(Step::Trust { directory: directory.clone(), names });
            }
            if listed {
                lists.push(Step::List { directory, deep: true });
            }
        }
        // A folder's own row is looked at before it is listed, and what is hashed has been seen by then.
        steps.append(&mut lists);
        steps.append(&mut hashes);
        steps.append(&mut trusts);
        steps
    }

    /// A name that came into being or came from elsewhere. What is not known to be a file is listed too.
    fn arrive(&mut self, path: &[u8], directory: Option<bool>, now_ms: u64) {
        self.forget_path(path);
        self.look(path, now_ms);
        if directory != Some(true) {
            let is_file = directory == Some(false);
            self.settle(path, Settling { quiet_since_ms: now_ms, written: true, is_file });
        }
        if directory != Some(false) {
            self.list(path, now_ms);
        }
    }

    /// Something new, and whether it is a file no one said.
    fn find(&mut self, path: &[u8], now_ms: u64) {
        self.look(path, now_ms);
        self.list(path, now_ms);
        self.settle(path, Settling { quiet_since_ms: now_ms, written: true, is_file: false });
    }

    fn change(&mut self, path: &[u8], written: bool, now_ms: u64) {
        self.look(path, now_ms);
        self.settle(path, Settling { quiet_since_ms: now_ms, written, is_file: written });
    }

    fn look(&mut self, path: &[u8], now_ms: u64) {
        if let Some((directory, name)) = self.place(path) {
            if !self.is_listed(directory) {
                self.edit(directory, |folder| folder.look(name, now_ms));
            }
        }
    }

    fn settle(&mut self, path: &[u8], settling: Settling) {
        let settle_ms = self.settle_ms;
        if let Some((directory, name)) = self.place(path) {
            self.edit(directory, |folder| folder.settle(name, settling, settle_ms));
        }
    }

    /// The folder and everything below it is to be listed: nothing there needs to be looked at for itself.
    fn list(&mut self, path: &[u8], now_ms: u64) {
        if self.place(path).is_none() || self.is_listed(path) {
            return;
        }
        for directory in self.directories_below(path) {
            self.edit(&directory, |folder| {
                folder.looks.clear();
                folder.list_due_ms = None;
            });
        }
        self.edit(path, |folder| folder.list(now_ms));
    }

    /// The folder and name of a path below a root, unless the whole root will be compared anyway.
    fn place<'path>(&self, path: &'path [u8]) -> Option<(&'path [u8], &'path [u8])> {
        let (directory, name) = split(path)?;
        let root = self.root_of(directory)?;
        (!self.is_reconciled(Some(root))).then_some((directory, name))
    }

    fn reconcile(&mut self, root: &[u8], reason: ReconcileReason, now_ms: u64) {
        if !self.roots.contains_key(root) {
            return;
        }
        self.forget_folders(root);
        if let Some(state) = self.roots.get_mut(root) {
            let due_ms = state.reconciled_ms.map_or(now_ms, |last_ms| now_ms.max(last_ms + RECONCILE_EVERY_MS));
            state.reconcile.get_or_insert(Reconcile { due_ms, reason });
        }
    }

    fn lose(&mut self, root: &[u8], step: Step) {
        if self.roots.contains_key(root) {
            self.forget_root(root);
            if !self.losses.contains(&step) {
                self.losses.push(step);
            }
        }
    }

    /// Forgets what waits for a path that is gone, and below it.
    fn forget_gone(&mut self, path: &[u8], now_ms: u64) {
        if self.forget_path(path) {
            self.written_gone_ms = Some(now_ms);
        }
    }

    /// Forgets what waits for a path and below it. True where the path was written a moment ago.
    fn forget_path(&mut self, path: &[u8]) -> bool {
        self.missed.take(path);
        let mut settling = None;
        if let Some((directory, name)) = split(path) {
            self.missed.forget_name(directory, name);
            if self.folders.contains_key(directory) {
                self.edit(directory, |folder| settling = folder.forget(name));
            }
        }
        for directory in self.directories_below(path) {
            self.remove(&directory);
        }
        settling.is_some_and(|settling| settling.written)
    }

    fn forget_root(&mut self, root: &[u8]) {
        self.forget_folders(root);
        let mut moves = std::mem::take(&mut self.moves);
        moves.forget(|step| self.root_of(&step.from) == Some(root) || self.root_of(&step.to) == Some(root));
        self.moves = moves;
        if let Some(state) = self.roots.get_mut(root) {
            state.reconcile = None;
        }
    }

    fn forget_folders(&mut self, root: &[u8]) {
        self.missed.forget_root(root);
        let directories: Vec<_> = self.directories_of(root).map(|(directory, _)| directory.clone()).collect();
        for directory in directories {
            self.remove(&directory);
        }
    }

    /// The innermost root that a path is in.
    fn root_of<'path>(&self, path: &'path [u8]) -> Option<&'path [u8]> {
        ancestors(path).find(|path| self.roots.contains_key(*path))
    }

    fn is_reconciled(&self, root: Option<&[u8]>) -> bool {
        root.and_then(|root| self.roots.get(root)).is_some_and(|root| root.reconcile.is_some())
    }

    /// Whether the folder will be listed, by itself or with one above it.
    fn is_listed(&self, directory: &[u8]) -> bool {
        let listed = |directory| self.folders.get(directory).is_some_and(|folder| folder.list_due_ms.is_some());
        self.listings > 0 && ancestors(directory).any(listed)
    }

    fn listed_above(&self, path: &[u8]) -> bool {
        split(path).is_some_and(|(directory, _)| self.is_listed(directory))
    }

    /// The folder and those below it in which something waits.
    fn directories_below(&self, path: &[u8]) -> Vec<PathBytes> {
        let itself = self.folders.get_key_value(path).map(|(path, _)| path.clone());
        let prefix = prefix(path);
        let below = self.folders.range(prefix.clone()..).map(|(directory, _)| directory);
        itself.into_iter().chain(below.take_while(|directory| directory.starts_with(&prefix)).cloned()).collect()
    }

    /// The folders of a root, without those of roots in it.
    fn directories_of<'a>(&'a self, root: &'a [u8]) -> impl Iterator<Item = (&'a PathBytes, &'a Folder)> {
        let below = self.folders.range(root.to_vec()..).take_while(move |(directory, _)| directory.starts_with(root));
        below.filter(move |(directory, _)| self.root_of(directory) == Some(root))
    }

    /// Changes what waits in a folder, and keeps the counts and the agenda true.
    fn edit(&mut self, directory: &[u8], change: impl FnOnce(&mut Folder)) {
        if !self.folders.contains_key(directory) {
            self.folders.insert(directory.to_vec(), Folder::default());
        }
        let Some(folder) = self.folders.get_mut(directory) else { return };
        let (waiting, listings) = (folder.waiting(), usize::from(folder.list_due_ms.is_some()));
        change(folder);
        self.waiting = self.waiting + folder.waiting() - waiting;
        self.listings = self.listings + usize::from(folder.list_due_ms.is_some()) - listings;
        let due_ms = folder.due_ms();
        if due_ms != folder.scheduled_ms {
            if let Some(scheduled_ms) = folder.scheduled_ms {
                self.agenda.remove(&(scheduled_ms, directory.to_vec()));
            }
            folder.scheduled_ms = due_ms;
            match due_ms {
                Some(due_ms) => {
                    self.agenda.insert((due_ms, directory.to_vec()));
                }
                None => {
                    self.folders.remove(directory);
                }
            }
        } else if due_ms.is_none() {
            self.folders.remove(directory);
        }
    }

    /// Takes a folder out, with what waits in it.
    fn remove(&mut self, directory: &[u8]) -> Folder {
        let folder = self.folders.remove(directory).unwrap_or_default();
        self.waiting -= folder.waiting();
        self.listings -= usize::from(folder.list_due_ms.is_some());
        if let Some(scheduled_ms) = folder.scheduled_ms {
            self.agenda.remove(&(scheduled_ms, directory.to_vec()));
        }
        folder
    }
}
