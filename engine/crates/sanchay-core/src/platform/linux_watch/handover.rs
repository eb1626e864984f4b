//! Folders that several threads of one descent hand to one another.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::walk::Open;
use crate::watch::WatchRefused;

/// Folders that are watched and not listed yet, on their way from one thread to another. The first refusal ends it all.
pub(super) struct Handover {
    state: Mutex<HandoverState>,
    changed: Condvar,
    /// Threads that wait for a folder which is not here yet.
    wanted: AtomicUsize,
    over: AtomicBool,
}

struct HandoverState {
    folders: Vec<Open>,
    busy: usize,
    waiting: usize,
    outcome: Result<(), WatchRefused>,
}

impl Handover {
    pub(super) fn new(first: Open) -> Self {
        let state = HandoverState { folders: vec![first], busy: 0, waiting: 0, outcome: Ok(()) };
        let (wanted, over) = (AtomicUsize::new(0), AtomicBool::new(false));
        Self { state: Mutex::new(state), changed: Condvar::new(), wanted, over }
    }

    /// A folder to go down from, as soon as there is one; `None` when all is done.
    pub(super) fn take(&self) -> Option<Open> {
        let mut state = self.state();
        loop {
            if self.is_over() {
                return None;
            }
            if let Some(folder) = state.folders.pop() {
                state.busy += 1;
                return Some(folder);
            }
            if state.busy == 0 {
                self.end();
                return None;
            }
            state.waiting += 1;
            self.count_wanted(&state);
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.waiting -= 1;
            self.count_wanted(&state);
        }
    }

    pub(super) fn give(&self, folder: Open) {
        let mut state = self.state();
        state.folders.push(folder);
        self.count_wanted(&state);
        self.changed.notify_one();
    }

    /// What became of a folder that was taken.
    pub(super) fn done(&self, outcome: Result<(), WatchRefused>) {
        let mut state = self.state();
        state.busy -= 1;
        if outcome.is_err() {
            state.outcome = outcome;
            self.end();
        } else if state.busy == 0 && state.folders.is_empty() {
            self.end();
        }
    }

    fn end(&self) {
        self.over.store(true, Ordering::Relaxed);
        self.changed.notify_all();
    }

    fn count_wanted(&self, state: &HandoverState) {
        self.wanted.store(state.waiting.saturating_sub(state.folders.len()), Ordering::Relaxed);
    }

    pub(super) fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    pub(super) fn is_wanted(&self) -> bool {
        self.wanted.load(Ordering::Relaxed) > 0
    }

    pub(super) fn outcome(self) -> Result<(), WatchRefused> {
        self.state.into_inner().unwrap_or_else(PoisonError::into_inner).outcome
    }

    fn state(&self) -> MutexGuard<'_, HandoverState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
