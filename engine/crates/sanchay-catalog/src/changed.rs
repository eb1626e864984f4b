//! Word that entries or groups have changed, for those who hold an order of them.

use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

/// Counts transactions that may have changed an order.
#[derive(Debug, Default)]
pub(crate) struct Changed {
    count: Mutex<Count>,
    told: Condvar,
}

#[derive(Debug, Default)]
struct Count {
    transactions: u64,
    ended: bool,
}

impl Changed {
    pub(crate) fn note(&self) {
        self.count.lock().expect("no panic under this lock").transactions += 1;
        self.told.notify_all();
    }

    /// No change is waited for any more.
    pub(crate) fn end(&self) {
        self.count.lock().expect("no panic under this lock").ended = true;
        self.told.notify_all();
    }

    pub(crate) fn count(&self) -> u64 {
        self.count.lock().expect("no panic under this lock").transactions
    }

    /// Waits until the count is another than `known`, or for `timeout`; gives it, and None once there will be no more.
    pub(crate) fn wait(&self, known: u64, timeout: Duration) -> Option<u64> {
        let until = Instant::now() + timeout;
        let mut count = self.count.lock().expect("no panic under this lock");
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if count.ended {
                return None;
            }
            if count.transactions != known || left.is_zero() {
                return Some(count.transactions);
            }
            count = self.told.wait_timeout(count, left).expect("no panic under this lock").0;
        }
    }
}
