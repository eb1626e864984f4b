//! What the listing of a part of a root found, for who has to follow it up: differences one by one, up to a number.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Mutex;

use sanchay_catalog::block::{Entry, HashState};

use super::stored::Difference;

/// Differences that are told one by one; of more, only that there were more.
pub(crate) const DIFFERENCES_MOST: usize = 1000;
/// Names to follow up; past it the whole root is compared.
const FOLLOWED_MOST: usize = 20_000;

/// A folder (absolute) and a name in it.
pub(crate) type Named = (Vec<u8>, Vec<u8>);

/// Whether a file is to be read once more: of one with several names no event may tell that it was written.
fn is_unread(entry: &Entry) -> bool {
    match entry.hash_state {
        HashState::Pending | HashState::Unstable => true,
        HashState::Racy => entry.links > 1,
        _ => false,
    }
}

/// Gathered by all workers of a listing.
#[derive(Default)]
pub(crate) struct Findings {
    inner: Mutex<Found>,
    more: AtomicBool,
}

/// What was gathered.
#[derive(Default)]
pub(crate) struct Found {
    /// In the folder of this absolute path.
    pub(crate) differences: Vec<(Vec<u8>, Difference)>,
    /// Files that wait to be read.
    pub(crate) later: Vec<Named>,
    /// Inodes of files with several names, by volume.
    pub(crate) linked: Vec<(i64, u64)>,
    /// More than is followed up one by one, or something that only a comparison looks at.
    pub(crate) too_many: bool,
}

impl Findings {
    pub(super) fn add(&self, folder: &[u8], volume: i64, difference: Difference) {
        let mut found = self.inner.lock().expect("no panic under this lock");
        if found.later.len() + found.linked.len() >= FOLLOWED_MOST {
            found.too_many = true;
        } else {
            if difference.new.is_some_and(|new| new.is_file() && is_unread(&new)) {
                found.later.push((folder.to_vec(), difference.name.clone()));
            }
            let linked = [&difference.old, &difference.new].into_iter().flatten().filter(|entry| entry.links > 1);
            let inodes: Vec<_> = linked.map(|entry| (volume, entry.inode)).collect();
            found.linked.extend(inodes);
        }
        if found.differences.len() < DIFFERENCES_MOST {
            found.differences.push((folder.to_vec(), difference));
        } else {
            self.more.store(true, Ordering::Relaxed);
        }
    }

    /// A file that is stored as it is, and still waits to be read: who waited to do so may have been told to forget it.
    pub(super) fn add_unread(&self, folder: &[u8], name: &[u8]) {
        let mut found = self.inner.lock().expect("no panic under this lock");
        if found.later.len() + found.linked.len() >= FOLLOWED_MOST {
            found.too_many = true;
        } else {
            found.later.push((folder.to_vec(), name.to_vec()));
        }
    }

    /// Something is left to a comparison of the whole root.
    pub(super) fn leave_to_comparison(&self) {
        self.inner.lock().expect("no panic under this lock").too_many = true;
    }

    /// Files with several names that went with a folder.
    pub(super) fn add_linked(&self, linked: Vec<(i64, u64)>) {
        let mut found = self.inner.lock().expect("no panic under this lock");
        let room = FOLLOWED_MOST.saturating_sub(found.linked.len());
        found.linked.extend(linked.into_iter().take(room));
    }

    /// What was found, and whether there were differences that are not told.
    pub(crate) fn take(self) -> (Found, bool) {
        (self.inner.into_inner().expect("no panic under this lock"), self.more.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_and_unread_is_read() {
        let findings = Findings::default();
        findings.add_unread(b"/root", b"a");
        let (found, more) = findings.take();
        assert_eq!((found.later, more), (vec![(b"/root".to_vec(), b"a".to_vec())], false));
    }

    #[test]
    fn a_racy_file_is_read_again_where_no_event_may_tell_of_a_write() {
        let mut entry = Entry::dead();
        (entry.hash_state, entry.links) = (HashState::Racy, 1);
        assert!(!is_unread(&entry));
        entry.links = 2;
        assert!(is_unread(&entry));
    }
}
