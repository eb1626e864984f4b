//! Files that others write to while we look: one that is open for writing, or mapped, changes without any event and
//! without new stamps. The last close tells, and until then it is looked at again, less and less often.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use sanchay_catalog::block::Entry;
use sanchay_core::Witness;

/// How long until an open file is looked at again, at first and at most.
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);
/// Open files that are remembered one by one; the next comparison finds the others.
const OPEN_MOST: usize = 10_000;
/// Files that were read unasked and are remembered.
const UNASKED_MOST: usize = 100_000;

/// A directory of the catalog, and a name in it.
type Name = (i64, Vec<u8>);
struct Open {
    /// Where it was when it was looked at, for people.
    path: Vec<u8>,
    next: Instant,
    wait: Duration,
}

/// Open files that are due to be looked at again: where they were, directory and name.
pub(crate) type Due = Vec<(Vec<u8>, i64, Vec<u8>)>;

/// What is known of those who write.
#[derive(Default)]
pub(crate) struct Writers {
    open: Mutex<BTreeMap<Name, Open>>,
    open_count: AtomicUsize,
    /// Read by a scan when their stamps were young, without asking who writes: an event without new stamps has them read.
    unasked: Mutex<HashSet<Witness>>,
    unasked_count: AtomicUsize,
}

impl Writers {
    /// Someone has the file open for writing: its content is not known.
    pub(crate) fn note_open(&self, directory: i64, name: &[u8], path: &[u8]) {
        let mut open = self.open.lock().expect("no panic under this lock");
        let key = (directory, name.to_vec());
        let wait = open.get(&key).map_or(FIRST, |known| (known.wait * 2).min(LONGEST));
        if open.len() < OPEN_MOST || open.contains_key(&key) {
            open.insert(key, Open { path: path.to_vec(), next: Instant::now() + wait, wait });
            self.open_count.store(open.len(), Ordering::Relaxed);
        }
    }

    /// The name is read, or is another file's.
    pub(crate) fn forget_open(&self, directory: i64, name: &[u8]) {
        if self.open_count.load(Ordering::Relaxed) > 0 {
            let mut open = self.open.lock().expect("no panic under this lock");
            open.remove(&(directory, name.to_vec()));
            self.open_count.store(open.len(), Ordering::Relaxed);
        }
    }

    /// A folder is gone with all that was in it.
    pub(crate) fn forget_below(&self, folder: &[u8]) {
        if self.open_count.load(Ordering::Relaxed) > 0 {
            let mut open = self.open.lock().expect("no panic under this lock");
            open.retain(|_, open| !sanchay_core::path::is_within(&open.path, folder));
            self.open_count.store(open.len(), Ordering::Relaxed);
        }
    }

    /// Whether the name was seen open.
    pub(crate) fn is_open(&self, directory: i64, name: &[u8]) -> bool {
        self.open_count.load(Ordering::Relaxed) > 0 && {
            let open = self.open.lock().expect("no panic under this lock");
            open.contains_key(&(directory, name.to_vec()))
        }
    }

    /// When an open file is to be looked at again.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.open.lock().expect("no panic under this lock").values().map(|open| open.next).min()
    }

    /// Those that are due. The caller looks, and notes them again or forgets them; the time until then is the longest.
    pub(crate) fn take_due(&self) -> Due {
        let (now, mut due) = (Instant::now(), Vec::new());
        for ((directory, name), open) in self.open.lock().expect("no panic under this lock").iter_mut() {
            if open.next <= now {
                open.next = now + LONGEST;
                due.push((open.path.clone(), *directory, name.clone()));
            }
        }
        due
    }

    /// How many open files `holds` is true of the path of, and one of them.
    pub(crate) fn open_where(&self, holds: impl Fn(&[u8]) -> bool) -> (usize, Option<Vec<u8>>) {
        let open = self.open.lock().expect("no panic under this lock");
        let mut paths = open.values().map(|open| open.path.as_slice()).filter(|path| holds(path));
        let first = paths.next().map(<[u8]>::to_vec);
        (usize::from(first.is_some()) + paths.count(), first)
    }

    /// A scan read the file without asking.
    pub(crate) fn note_unasked(&self, entry: &Entry) {
        let mut unasked = self.unasked.lock().expect("no panic under this lock");
        if unasked.len() < UNASKED_MOST {
            unasked.insert(entry.witness());
            self.unasked_count.store(unasked.len(), Ordering::Relaxed);
        }
    }

    /// Whether a scan read the file as it is stored without asking; it does not count as such any longer.
    pub(crate) fn take_unasked(&self, entry: &Entry) -> bool {
        if self.unasked_count.load(Ordering::Relaxed) == 0 {
            return false;
        }
        let mut unasked = self.unasked.lock().expect("no panic under this lock");
        let was = unasked.remove(&entry.witness());
        self.unasked_count.store(unasked.len(), Ordering::Relaxed);
        was
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_file_is_looked_at_again_less_and_less_often() {
        let writers = Writers::default();
        assert!(writers.next_due().is_none());
        writers.note_open(1, b"a", b"/r/a");
        let first = writers.next_due().expect("one is open");
        writers.note_open(1, b"a", b"/r/a");
        assert!(writers.next_due().expect("it is open still") > first);
        assert!(writers.take_due().is_empty(), "not yet");
        assert_eq!(writers.open_where(|path| path.starts_with(b"/r/")), (1, Some(b"/r/a".to_vec())));
        assert_eq!(writers.open_where(|path| path.starts_with(b"/s/")), (0, None));
        writers.forget_open(1, b"a");
        assert!(writers.next_due().is_none() && !writers.is_open(1, b"a"));
    }

    #[test]
    fn what_was_read_unasked_is_read_once_more_at_the_next_event() {
        let (writers, entry) = (Writers::default(), Entry::dead());
        assert!(!writers.take_unasked(&entry));
        writers.note_unasked(&entry);
        assert!(writers.take_unasked(&entry) && !writers.take_unasked(&entry));
    }
}
