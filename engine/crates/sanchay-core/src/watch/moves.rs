//! Paired renames that wait to be passed on, in their order.

use std::collections::HashMap;

use super::event::PathBytes;
use super::paths::{ancestors, covers};

/// How many later renames are compared before two are left apart.
const LATER: usize = 64;

#[derive(Debug, Default)]
pub struct Moves {
    /// `None` where one was undone.
    list: Vec<Option<Move>>,
    /// The last move to a path.
    by_target: HashMap<PathBytes, usize>,
    waiting: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    pub from: PathBytes,
    pub to: PathBytes,
}

impl Moves {
    pub fn len(&self) -> usize {
        self.waiting
    }

    /// Whether a move that waits brings the path, or a folder above it, to where it is.
    pub fn bring(&self, path: &[u8]) -> bool {
        !self.by_target.is_empty() && ancestors(path).any(|path| self.by_target.contains_key(path))
    }

    /// Adds a move; a chain becomes one, and a way back none. Then it returns true: the name in between may have been
    /// another's, and that one is gone.
    pub fn push(&mut self, from: PathBytes, to: PathBytes) -> bool {
        let Some(index) = self.joinable(&from, &to) else {
            self.by_target.insert(to.clone(), self.list.len());
            self.list.push(Some(Move { from, to }));
            self.waiting += 1;
            return false;
        };
        self.by_target.remove(&from);
        match &mut self.list[index] {
            Some(first) if first.from != to => {
                first.to.clone_from(&to);
                self.by_target.insert(to, index);
            }
            undone => {
                *undone = None;
                self.waiting -= 1;
            }
        }
        true
    }

    /// The move that ends where this one starts, if nothing that came after it has to do with any of the names.
    fn joinable(&self, from: &[u8], to: &[u8]) -> Option<usize> {
        let index = *self.by_target.get(from)?;
        let first = self.list[index].as_ref()?;
        let later = &self.list[index + 1..];
        let apart = later.iter().flatten().all(|later| {
            [&first.from[..], from, to].iter().all(|path| !related(path, &later.from) && !related(path, &later.to))
        });
        (later.len() <= LATER && apart).then_some(index)
    }

    /// Forgets the moves that this is true of.
    pub fn forget(&mut self, is_in: impl Fn(&Move) -> bool) {
        let kept = self.take().into_iter().filter(|step| !is_in(step));
        for (index, step) in kept.enumerate() {
            self.by_target.insert(step.to.clone(), index);
            self.list.push(Some(step));
        }
        self.waiting = self.list.len();
    }

    /// All of them, in order.
    pub fn take(&mut self) -> Vec<Move> {
        self.by_target.clear();
        self.waiting = 0;
        std::mem::take(&mut self.list).into_iter().flatten().collect()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Move> {
        self.list.iter().flatten()
    }
}

fn related(one: &[u8], other: &[u8]) -> bool {
    covers(one, other) || covers(other, one)
}
