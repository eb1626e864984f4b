//! Steps that found another folder, or none, under the name that they were for: a folder on the way was renamed, and the
//! event that tells of it is still to come. They wait for that event and are then done under the new name.

use std::collections::{BTreeMap, BTreeSet};

use super::event::PathBytes;
use super::paths::{ancestors, covers, prefix, split};
use super::step::{Name, Step};

/// An event is not longer on its way than this: what is missed for longer was lost.
const KEPT_MS: u64 = 10_000;

/// In how many folders steps may have been missed.
const FOLDERS: usize = 1024;

#[derive(Debug, Default)]
pub struct Missed {
    folders: BTreeMap<PathBytes, Steps>,
}

/// What was missed in a folder.
#[derive(Debug, Default)]
pub struct Steps {
    pub looks: BTreeSet<Name>,
    pub hashes: BTreeSet<Name>,
    pub list: bool,
    since_ms: u64,
}

impl Missed {
    /// Takes out what no event has come for in all this time; gives the folders.
    pub fn take_lost(&mut self, now_ms: u64) -> Vec<PathBytes> {
        let is_lost = |steps: &Steps| steps.since_ms + KEPT_MS <= now_ms;
        let lost: Vec<_> =
            self.folders.iter().filter(|(_, steps)| is_lost(steps)).map(|(path, _)| path.clone()).collect();
        self.folders.retain(|_, steps| !is_lost(steps));
        lost
    }

    /// Keeps a step; false if there is no room.
    pub fn put(&mut self, step: Step, now_ms: u64) -> bool {
        let (Step::Look { directory, .. } | Step::Hash { directory, .. } | Step::List { directory, .. }) = &step else {
            return true;
        };
        if self.folders.len() >= FOLDERS && !self.folders.contains_key(directory) {
            return false;
        }
        let steps = self.folders.entry(directory.clone()).or_default();
        steps.since_ms = now_ms;
        match step {
            Step::Look { names, .. } => steps.looks.extend(names),
            Step::Hash { names, .. } => steps.hashes.extend(names),
            _ => steps.list = true,
        }
        true
    }

    /// Whether nothing was missed.
    pub fn is_empty(&self) -> bool {
        let is_nothing = |steps: &Steps| !steps.list && steps.looks.is_empty() && steps.hashes.is_empty();
        self.folders.values().all(is_nothing)
    }

    /// Takes out what was missed at this path and below it.
    pub fn take(&mut self, path: &[u8]) -> Vec<(PathBytes, Steps)> {
        if self.folders.is_empty() {
            return Vec::new();
        }
        let prefix = prefix(path);
        let below: Vec<_> = self
            .folders
            .range(prefix.clone()..)
            .map(|(path, _)| path)
            .take_while(|path| path.starts_with(&prefix))
            .cloned()
            .collect();
        let itself = self.folders.contains_key(path).then(|| path.to_vec());
        let taken = itself.into_iter().chain(below);
        taken.filter_map(|path| self.folders.remove(&path).map(|steps| (path, steps))).collect()
    }

    /// What was missed for a name itself, or for a folder above it as a whole; the former is taken out.
    pub fn take_name(&mut self, path: &[u8]) -> Steps {
        let mut steps = Steps::default();
        if self.folders.is_empty() {
            return steps;
        }
        if let Some((directory, name)) = split(path) {
            steps.list = ancestors(directory).any(|above| self.folders.get(above).is_some_and(|steps| steps.list));
            if let Some(folder) = self.folders.get_mut(directory) {
                steps.looks.extend(folder.looks.take(name));
                steps.hashes.extend(folder.hashes.take(name));
            }
        }
        steps
    }

    /// Forgets what was missed for one name of a folder.
    pub fn forget_name(&mut self, directory: &[u8], name: &[u8]) {
        if let Some(steps) = self.folders.get_mut(directory) {
            steps.looks.remove(name);
            steps.hashes.remove(name);
        }
    }

    /// Forgets what was missed in a root.
    pub fn forget_root(&mut self, root: &[u8]) {
        self.folders.retain(|path, _| !covers(root, path));
    }
}
