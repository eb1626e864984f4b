//! Paired renames that wait to be passed on, in their order.

use std::collections::HashMap;

use super::event::PathBytes;
use super::paths::{ancestors, covers};
use super::step::Step;

/// How many later renames are compared before two are left apart.
const LATER: usize = 64;

#[derive(Debug, Default)]
pub struct Moves {
    list: Vec<Move>,
    /// The last move to a path.
    by_target: HashMap<PathBytes, usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    pub from: PathBytes,
    pub to: PathBytes,
}

impl Moves {
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether a move that waits brings the path, or a folder above it, to where it is.
    pub fn bring(&self, path: &[u8]) -> bool {
        !self.by_target.is_empty() && ancestors(path).any(|path| self.by_target.contains_key(path))
    }

    /// Adds a move; a chain becomes one, and a way back one that leads to where it began. Then it returns true: the
    /// name in between may have been another's, and that one is gone.
    pub fn push(&mut self, from: PathBytes, to: PathBytes) -> bool {
        match self.joinable(&from, &to) {
            Some(index) => {
                self.by_target.remove(&from);
                self.list[index].to.clone_from(&to);
                self.by_target.insert(to, index);
                true
            }
            None => {
                self.by_target.insert(to.clone(), self.list.len());
                self.list.push(Move { from, to });
                false
            }
        }
    }

    /// The move that ends where this one starts, if nothing that came after it has to do with any of the names.
    fn joinable(&self, from: &[u8], to: &[u8]) -> Option<usize> {
        let index = *self.by_target.get(from)?;
        let first = &self.list[index];
        let later = &self.list[index + 1..];
        let apart = later.iter().all(|later| {
            [&first.from[..], from, to].iter().all(|path| !related(path, &later.from) && !related(path, &later.to))
        });
        // A move to a name above or below its own could not replace what is there.
        let nested = first.from != to && related(&first.from, to);
        (later.len() <= LATER && apart && !nested).then_some(index)
    }

    /// Forgets the moves that this is true of.
    pub fn forget(&mut self, is_in: impl Fn(&Move) -> bool) {
        for (index, step) in self.take().into_iter().filter(|step| !is_in(step)).enumerate() {
            self.by_target.insert(step.to.clone(), index);
            self.list.push(step);
        }
    }

    /// All of them, in order.
    pub fn take(&mut self) -> Vec<Move> {
        self.by_target.clear();
        std::mem::take(&mut self.list)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Move> {
        self.list.iter()
    }
}

/// What a path is called after a rename; `None` if something else has its name then.
pub fn renamed(path: PathBytes, from: &[u8], to: &[u8]) -> Option<PathBytes> {
    if covers(from, &path) {
        return Some([to, &path[from.len()..]].concat());
    }
    (!covers(to, &path)).then_some(path)
}

/// What a path is called after the moves among these steps; `None` if something else has its name then.
pub fn name_after<'step>(path: &[u8], later: impl IntoIterator<Item = &'step Step>) -> Option<PathBytes> {
    let moves = later.into_iter().filter_map(|step| match step {
        Step::Move { from, to } => Some((from, to)),
        _ => None,
    });
    moves.into_iter().try_fold(path.to_vec(), |path, (from, to)| renamed(path, from, to))
}

fn related(one: &[u8], other: &[u8]) -> bool {
    covers(one, other) || covers(other, one)
}
