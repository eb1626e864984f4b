//! How far the threads of one pass have come together.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Mutex;

/// How far a pass in stored order has come without a gap, and how many hits for the page that part of it holds.
pub(super) struct Progress {
    limit: usize,
    done: Mutex<(usize, usize, Vec<(usize, usize)>)>,
    stopped: AtomicBool,
}

impl Progress {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, done: Mutex::new((0, 0, Vec::new())), stopped: AtomicBool::new(false) }
    }

    /// Notes that `part` is done and has `ahead` hits. True when no later part can have a hit on the page.
    pub(super) fn page_is_full(&self, part: usize, ahead: usize) -> bool {
        let mut done = self.done.lock().expect("no panic under this lock");
        let (next, hits, waiting) = &mut *done;
        waiting.push((part, ahead));
        while let Some(at) = waiting.iter().position(|(part, _)| part == next) {
            *hits += waiting.swap_remove(at).1;
            *next += 1;
        }
        *hits > self.limit
    }

    /// The same of what was noted so far.
    pub(super) fn is_full(&self) -> bool {
        self.done.lock().expect("no panic under this lock").1 > self.limit
    }

    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }
}
