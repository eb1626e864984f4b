//! Whose turn it is in a tree: a scan's listing, or the live look at what changed.
//!
//! Both compare directories with their stored blocks and write the difference, so two of them in one tree at a time would
//! each write over what the other has just found. Reading what waits for its hash needs no turn: it is published by its
//! witness, and the writer keeps it (see the catalog's `published.rs`).

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

type Freed = Box<dyn Fn() + Send + Sync>;

/// The turns taken. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Trees(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    freed: Condvar,
    on_freed: Mutex<Option<Freed>>,
}

#[derive(Default)]
struct State {
    next: u64,
    held: Vec<(u64, Vec<u8>)>,
    /// Those who wait for a turn: who comes and goes quickly lets them in first.
    waiting: Vec<(u64, Vec<u8>)>,
}

/// A turn; given back when dropped.
pub(crate) struct Turn {
    trees: Arc<Shared>,
    number: u64,
}

impl Trees {
    /// Calls `freed` whenever a turn is given back.
    pub(crate) fn on_freed(&self, freed: Option<Freed>) {
        *self.0.on_freed.lock().expect("no panic under this lock") = freed;
    }

    /// Waits for the turn at `path` and all below and above it; None once `go_on` says no.
    pub(crate) fn enter(&self, path: &[u8], go_on: &dyn Fn() -> bool) -> Option<Turn> {
        let mut state = self.0.state.lock().expect("no panic under this lock");
        state.next += 1;
        let number = state.next;
        state.waiting.push((number, path.to_vec()));
        loop {
            let go_on = go_on();
            let is_free = !shares(&state.held, path);
            if is_free || !go_on {
                state.waiting.retain(|(other, _)| *other != number);
            }
            if !go_on {
                return None;
            }
            if is_free {
                state.held.push((number, path.to_vec()));
                return Some(Turn { trees: Arc::clone(&self.0), number });
            }
            let waited = self.0.freed.wait_timeout(state, Duration::from_millis(100));
            state = waited.expect("no panic under this lock").0;
        }
    }

    /// The turn, where no one has it or waits for it.
    pub(crate) fn try_enter(&self, path: &[u8]) -> Option<Turn> {
        let mut state = self.0.state.lock().expect("no panic under this lock");
        if shares(&state.held, path) || shares(&state.waiting, path) {
            return None;
        }
        state.next += 1;
        let number = state.next;
        state.held.push((number, path.to_vec()));
        Some(Turn { trees: Arc::clone(&self.0), number })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut state = self.trees.state.lock().expect("no panic under this lock");
        state.held.retain(|(other, _)| *other != self.number);
        drop(state);
        self.trees.freed.notify_all();
        if let Some(freed) = &*self.trees.on_freed.lock().expect("no panic under this lock") {
            freed();
        }
    }
}

fn shares(turns: &[(u64, Vec<u8>)], path: &[u8]) -> bool {
    turns.iter().any(|(_, other)| shares_folders(other, path))
}

/// Whether one of two paths is the other or lies below it.
pub(crate) fn shares_folders(a: &[u8], b: &[u8]) -> bool {
    let (a, b) = (sanchay_core::path::path_from_bytes(a), sanchay_core::path::path_from_bytes(b));
    a.starts_with(&b) || b.starts_with(&a)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_bars_what_shares_folders_and_nothing_else() {
        let trees = Trees::default();
        let turn = trees.try_enter(b"/a/b").unwrap();
        for barred in [b"/a".as_slice(), b"/a/b", b"/a/b/c"] {
            assert!(trees.try_enter(barred).is_none());
        }
        assert!(trees.try_enter(b"/a/bc").is_some());
        drop(turn);
        assert!(trees.try_enter(b"/a").is_some());
    }

    #[test]
    fn who_gives_up_waiting_bars_nobody() {
        let trees = Trees::default();
        let turn = trees.try_enter(b"/a").unwrap();
        assert!(trees.enter(b"/a", &|| false).is_none());
        drop(turn);
        assert!(trees.try_enter(b"/a").is_some());
    }
}
