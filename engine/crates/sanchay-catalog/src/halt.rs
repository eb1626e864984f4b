//! Calling off a question that no one waits for any more, and ending a pass that has taken its time.
//!
//! A [`Halt`] holds for a thread: the readers that it takes heed the halt, on whatever thread they work. SQLite asks it
//! every few rows, so that a question ends within milliseconds, and its reader is as good as before.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::time::Instant;

use crate::error::CatalogError;

/// Ends the questions that are asked under it, once it is called off.
#[derive(Clone, Debug, Default)]
pub struct Halt(Arc<State>);

#[derive(Debug, Default)]
struct State {
    called_off: AtomicBool,
    patience: Option<Patience>,
    /// How often it may still be asked before it calls itself off; 0: for ever.
    #[cfg(test)]
    asks_left: std::sync::atomic::AtomicU64,
}

/// How long a pass may take.
#[derive(Debug)]
struct Patience {
    /// The question that the pass is a part of.
    of: Halt,
    until: Instant,
    ran_out: AtomicBool,
    is_over: AtomicBool,
}

thread_local! {
    static OF_THREAD: RefCell<Halt> = RefCell::default();
}

impl Halt {
    /// The one that holds on this thread; without any, one that is never called off.
    pub fn of_thread() -> Self {
        OF_THREAD.with_borrow(Clone::clone)
    }

    /// Runs `work` under this halt, in place of the one that holds on this thread.
    pub fn over<T>(&self, work: impl FnOnce() -> T) -> T {
        let _former = Former(OF_THREAD.replace(self.clone()));
        work()
    }

    /// One that ends what runs under it at `until`, or when this one is called off.
    pub(crate) fn until(&self, until: Instant) -> Self {
        let (ran_out, is_over) = (AtomicBool::new(false), AtomicBool::new(false));
        let patience = Some(Patience { of: self.clone(), until, ran_out, is_over });
        Self(Arc::new(State { patience, ..State::default() }))
    }

    /// Whether something that ran under it was ended because its time was up.
    pub(crate) fn ran_out(&self) -> bool {
        self.0.patience.as_ref().is_some_and(|patience| patience.ran_out.load(Ordering::Relaxed))
    }

    /// Whether what ran under it came to its end; false where its time was up.
    pub(crate) fn in_time(&self, outcome: Result<(), CatalogError>) -> Result<bool, CatalogError> {
        match outcome {
            Err(CatalogError::Cancelled) if self.ran_out() => Ok(false),
            outcome => outcome.map(|()| true),
        }
    }

    /// The pass is over: time ends nothing any more.
    pub(crate) fn forget_time(&self) {
        if let Some(patience) = &self.0.patience {
            patience.is_over.store(true, Ordering::Relaxed);
        }
    }

    /// Ends what runs under it, and what would begin. May be called from any thread, more than once.
    pub fn call_off(&self) {
        self.0.called_off.store(true, Ordering::Relaxed);
    }

    /// Whether it was called off.
    pub fn is_called_off(&self) -> bool {
        #[cfg(test)]
        if self.0.asks_left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)) == Ok(1) {
            match &self.0.patience {
                Some(patience) => patience.ran_out.store(true, Ordering::Relaxed),
                None => self.call_off(),
            }
        }
        let is_up = |patience: &Patience| {
            if patience.of.is_called_off() {
                return true;
            }
            if patience.is_over.load(Ordering::Relaxed) {
                return false;
            }
            let is_up = Instant::now() >= patience.until;
            patience.ran_out.fetch_or(is_up, Ordering::Relaxed) || is_up
        };
        self.0.called_off.load(Ordering::Relaxed) || self.0.patience.as_ref().is_some_and(is_up)
    }

    /// One that calls itself off when it is asked for the `asks`th time.
    #[cfg(test)]
    pub(crate) fn at(asks: u64) -> Self {
        Self::default().after(asks)
    }

    /// The same; one with an end behaves as if it had come.
    #[cfg(test)]
    pub(crate) fn after(self, asks: u64) -> Self {
        self.0.asks_left.store(asks, Ordering::Relaxed);
        self
    }
}

/// Holds again when `over` ends, however it ends.
struct Former(Halt);

impl Drop for Former {
    fn drop(&mut self) {
        OF_THREAD.set(std::mem::take(&mut self.0));
    }
}
