//! One run at a time, and none while what a kill left is settled: an act under way looks like one that was broken off.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The right to act; cheap to ask for.
#[derive(Debug, Default)]
pub(crate) struct Alone {
    is_taken: Mutex<bool>,
    freed: Condvar,
}

/// Given back when dropped.
#[derive(Debug)]
pub(crate) struct Acts<'a>(&'a Alone);

impl Alone {
    /// Waits for the right to act; None once `go_on` says no.
    pub(crate) fn enter(&self, go_on: &dyn Fn() -> bool) -> Option<Acts<'_>> {
        let mut is_taken = self.state();
        while *is_taken {
            if !go_on() {
                return None;
            }
            let waited = self.freed.wait_timeout(is_taken, Duration::from_millis(100));
            is_taken = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        *is_taken = true;
        Some(Acts(self))
    }

    fn state(&self) -> MutexGuard<'_, bool> {
        self.is_taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Acts<'_> {
    fn drop(&mut self) {
        *self.0.state() = false;
        self.0.freed.notify_all();
    }
}
