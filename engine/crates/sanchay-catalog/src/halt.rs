//! Calling off a question that no one waits for any more.
//!
//! A [`Halt`] holds for a thread: the readers that it takes heed the halt, on whatever thread they work. SQLite asks it
//! every few rows, so that a question ends within milliseconds, and its reader is as good as before.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;

/// Ends the questions that are asked under it, once it is called off.
#[derive(Clone, Debug, Default)]
pub struct Halt(Arc<State>);

#[derive(Debug, Default)]
struct State {
    called_off: AtomicBool,
    /// How often it may still be asked before it calls itself off; 0: for ever.
    #[cfg(test)]
    asks_left: std::sync::atomic::AtomicU64,
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

    /// Ends what runs under it, and what would begin. May be called from any thread, more than once.
    pub fn call_off(&self) {
        self.0.called_off.store(true, Ordering::Relaxed);
    }

    /// Whether it was called off.
    pub fn is_called_off(&self) -> bool {
        #[cfg(test)]
        if self.0.asks_left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)) == Ok(1) {
            self.call_off();
        }
        self.0.called_off.load(Ordering::Relaxed)
    }

    /// One that calls itself off when it is asked for the `asks`th time.
    #[cfg(test)]
    pub(crate) fn at(asks: u64) -> Self {
        let halt = Self::default();
        halt.0.asks_left.store(asks, Ordering::Relaxed);
        halt
    }
}

/// Holds again when `over` ends, however it ends.
struct Former(Halt);

impl Drop for Former {
    fn drop(&mut self) {
        OF_THREAD.set(std::mem::take(&mut self.0));
    }
}
