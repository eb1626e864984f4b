//! Paired renames: what waits for the old name goes along, and what the catalog cannot know under it is no move.

use super::super::event::{FileEvent, PathBytes};
use super::super::folder::{Folder, Settling};
use super::super::missed::Steps;
use super::super::paths::{covers, join, split};
use super::Pending;

impl Pending {
    pub(super) fn rename(&mut self, from: PathBytes, to: PathBytes, now_ms: u64) {
        match (self.root_of(&from).is_some(), self.root_of(&to).is_some()) {
            (true, true) if covers(&from, &to) || covers(&to, &from) => return,
            (true, true) => {}
            (true, false) => return self.take(FileEvent::MovedAway { path: from }, now_ms),
            (false, true) => return self.take(FileEvent::MovedIn { path: to, directory: None }, now_ms),
            (false, false) => return,
        }
        let brought = self.moves.bring(&from);
        let listed_from = self.listed_above(&from);
        self.forget_gone(&to, now_ms);
        let (old, missed) = (from.clone(), self.missed.take(&from));
        let missed_itself = self.missed.take_name(&from);
        let waits = self.rename_waiting(&from, &to);
        // What the catalog cannot know under the old name, or knows wrongly, is looked at and not moved.
        let fresh = !brought && (listed_from || waits.is_new());
        if !fresh {
            let between = from.clone();
            if self.moves.push(from, to.clone()) {
                self.look(&between, now_ms);
            }
            if let Some((directory, name)) = self.place(&to) {
                self.edit(directory, |folder| folder.bring(name, now_ms));
            }
            if waits.look {
                self.look(&to, now_ms);
            }
            if listed_from {
                // What happened to it there was left to the listing.
                self.look(&to, now_ms);
                self.list(&to, now_ms);
            }
        } else if listed_from {
            // It came with a folder that is not listed yet.
            self.find(&to, now_ms);
        } else {
            self.look(&from, now_ms);
            self.look(&to, now_ms);
            if waits.settling.is_some_and(|settling| !settling.is_file) {
                self.list(&to, now_ms);
            }
        }
        if let Some(settling) = waits.settling {
            self.settle(&to, settling);
        }
        if missed_itself.list {
            self.list(&to, now_ms);
        }
        if missed_itself.list || !missed_itself.looks.is_empty() {
            self.look(&to, now_ms);
        }
        if missed_itself.list || !missed_itself.hashes.is_empty() {
            self.settle(&to, Settling { quiet_since_ms: now_ms, written: true, is_file: false });
        }
        self.repeat(missed, &old, &to, now_ms);
    }

    /// Both names are looked at and listed as something new; what waits below one of them waits below the other now.
    pub(super) fn exchange(&mut self, one: &[u8], other: &[u8], now_ms: u64) {
        if covers(one, other) || covers(other, one) {
            return;
        }
        let (at_one, at_other) = (self.take_waiting(one), self.take_waiting(other));
        self.put_waiting(at_one, one, other);
        self.put_waiting(at_other, other, one);
        for (from, to) in [(one, other), (other, one)] {
            // What was missed there is listed with the rest.
            self.missed.take(from);
            if self.root_of(to).is_some() {
                self.find(to, now_ms);
            }
        }
    }

    /// Gives again what was missed below a folder's old name.
    fn repeat(&mut self, missed: Vec<(PathBytes, Steps)>, from: &[u8], to: &[u8], now_ms: u64) {
        for (directory, steps) in missed {
            let directory = [to, &directory[from.len()..]].concat();
            if steps.list {
                self.list(&directory, now_ms);
            }
            for name in &steps.looks {
                self.look(&join(&directory, name), now_ms);
            }
            for name in &steps.hashes {
                self.settle(
                    &join(&directory, name),
                    Settling { quiet_since_ms: now_ms, written: true, is_file: false },
                );
            }
        }
    }

    /// What waits for the old name, and in and below it, is taken along; what waits for the name itself is given back.
    fn rename_waiting(&mut self, from: &[u8], to: &[u8]) -> Waiting {
        let mut waits = Waiting::default();
        if let Some((directory, name)) = split(from) {
            if self.folders.contains_key(directory) {
                self.edit(directory, |folder| {
                    waits.look = folder.looks.contains(name);
                    waits.settling = folder.forget(name);
                });
            }
        }
        waits.list = self.folders.get(from).is_some_and(|folder| folder.list_due_ms.is_some());
        let listed_to = self.listed_above(to);
        let mut waiting = self.take_waiting(from);
        if listed_to {
            for (_, folder) in &mut waiting {
                folder.looks.clear();
                folder.list_due_ms = None;
            }
        }
        self.put_waiting(waiting, from, to);
        waits
    }

    /// Takes out what waits in a folder and below it.
    fn take_waiting(&mut self, path: &[u8]) -> Vec<(PathBytes, Folder)> {
        let below = self.directories_below(path);
        below.into_iter().map(|directory| (directory.clone(), self.remove(&directory))).collect()
    }

    /// Has what waited at `from` and below it wait at `to`.
    fn put_waiting(&mut self, waiting: Vec<(PathBytes, Folder)>, from: &[u8], to: &[u8]) {
        for (old, mut folder) in waiting {
            folder.scheduled_ms = None;
            let new = [to, &old[from.len()..]].concat();
            self.waiting += folder.waiting();
            self.listings += usize::from(folder.list_due_ms.is_some());
            self.folders.insert(new.clone(), folder);
            self.edit(&new, |_| {});
        }
    }
}

/// What waited for a name that is renamed.
#[derive(Debug, Default)]
struct Waiting {
    look: bool,
    settling: Option<Settling>,
    list: bool,
}

impl Waiting {
    /// It was written, made or found a moment ago, or it is a folder that is to be listed.
    fn is_new(&self) -> bool {
        self.list || self.settling.is_some_and(|settling| settling.written)
    }
}
