//! Hashes that a rename carried to a new name, with the stamps that the file has there.
//!
//! A rename gives a file a new ctime, and so does a write whose event is still to come, with the mtime set back. Which it
//! was only the events tell. Until they have, such a hash is stored as racy: it is read again when a write is told, and by
//! the first scan after a daemon that was killed. A scan of the process that heard the rename leaves it to the events.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use sanchay_catalog::block::{Entry, HashState};
use sanchay_core::Witness;

/// The one who was to say that it is trusted is heard of no more after this long: the next scan reads the file.
const KEPT: Duration = Duration::from_secs(60);
/// So many are remembered.
const MOST: usize = 100_000;

/// What was carried and is neither trusted nor read yet.
#[derive(Default)]
pub(crate) struct Carried {
    witnesses: Mutex<HashMap<Witness, Instant>>,
    count: AtomicUsize,
}

impl Carried {
    /// Remembers that the hash of the entry, as it is stored now, hangs on events.
    pub(crate) fn note(&self, entry: &Entry) {
        let mut witnesses = self.witnesses.lock().expect("no panic under this lock");
        if witnesses.len() >= MOST {
            witnesses.retain(|_, since| since.elapsed() < KEPT);
        }
        if witnesses.len() < MOST {
            witnesses.insert(entry.witness(), Instant::now());
        }
        self.count.store(witnesses.len(), Ordering::Relaxed);
    }

    /// Whether events will say if the hash of the entry holds: nothing else need read it.
    pub(crate) fn has(&self, entry: &Entry) -> bool {
        if entry.hash_state != HashState::Racy || self.count.load(Ordering::Relaxed) == 0 {
            return false;
        }
        let witnesses = self.witnesses.lock().expect("no panic under this lock");
        witnesses.get(&entry.witness()).is_some_and(|since| since.elapsed() < KEPT)
    }

    /// The entry is trusted, or is to be read. True where it was remembered.
    pub(crate) fn forget(&self, entry: &Entry) -> bool {
        if self.count.load(Ordering::Relaxed) == 0 {
            return false;
        }
        let mut witnesses = self.witnesses.lock().expect("no panic under this lock");
        let known = witnesses.remove(&entry.witness()).is_some();
        self.count.store(witnesses.len(), Ordering::Relaxed);
        known
    }

    /// Events were lost: nothing hangs on them any more.
    pub(crate) fn clear(&self) {
        self.witnesses.lock().expect("no panic under this lock").clear();
        self.count.store(0, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_carried_hash_is_known_by_the_stamps_that_were_taken_over() {
        let carried = Carried::default();
        let mut entry = Entry::dead();
        (entry.inode, entry.ctime_ns, entry.hash_state) = (7, 1, HashState::Racy);
        assert!(!carried.has(&entry));
        carried.note(&entry);
        assert!(carried.has(&entry));
        entry.ctime_ns = 2;
        assert!(!carried.has(&entry), "it was changed since");
        entry.ctime_ns = 1;
        assert!(carried.forget(&entry) && !carried.has(&entry) && !carried.forget(&entry));
        carried.note(&entry);
        carried.clear();
        assert!(!carried.has(&entry));
    }
}
