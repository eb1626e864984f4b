//! How work ended, for those who wait for it.

use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use crate::error::EngineError;

type Ending<R> = Option<Result<R, EngineError>>;

/// Empty until the work has ended.
#[derive(Debug)]
pub(crate) struct Outcome<R> {
    ending: Mutex<Ending<R>>,
    is_there: Condvar,
}

impl<R> Default for Outcome<R> {
    fn default() -> Self {
        Self { ending: Mutex::new(None), is_there: Condvar::new() }
    }
}

impl<R: Clone> Outcome<R> {
    /// The work has ended.
    pub(crate) fn put(&self, ending: Result<R, EngineError>) {
        *self.ending() = Some(ending);
        self.is_there.notify_all();
    }

    /// Whether it has.
    pub(crate) fn is_there(&self) -> bool {
        self.ending().is_some()
    }

    /// How it ended; None when it has not after `timeout`.
    pub(crate) fn wait(&self, timeout: Option<Duration>) -> Ending<R> {
        let until = timeout.map(|timeout| Instant::now() + timeout);
        let mut ending = self.ending();
        while ending.is_none() {
            let left = match until {
                Some(until) => until.saturating_duration_since(Instant::now()),
                None => Duration::from_secs(3600),
            };
            if left.is_zero() {
                return None;
            }
            ending = self.is_there.wait_timeout(ending, left).expect("no panic under this lock").0;
        }
        ending.clone()
    }

    fn ending(&self) -> MutexGuard<'_, Ending<R>> {
        self.ending.lock().expect("no panic under this lock")
    }
}
