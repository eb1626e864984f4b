//! Files that a run found to be the very file that was to stay for them: two file systems show it, and nothing on the disk
//! says so. They take no part in plans until they are written to.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use sanchay_catalog::journal::{Journal, JournalError};
use sanchay_catalog::queries::DuplicatePath;
use sanchay_core::path::join;

/// By eight bytes each.
pub(super) struct OneFiles {
    state: RandomState,
    files: HashSet<u64>,
}

impl OneFiles {
    pub(super) fn of(journal: &Journal) -> Result<Self, JournalError> {
        let mut found = Self { state: RandomState::new(), files: HashSet::new() };
        journal.left_for("same-file", &mut |root, path, mtime_ns| {
            found.files.insert(found.state.hash_one((join(root, path), mtime_ns)));
        })?;
        Ok(found)
    }

    pub(super) fn has(&self, name: &DuplicatePath) -> bool {
        !self.files.is_empty() && self.files.contains(&self.state.hash_one((&name.path, name.entry.mtime_ns)))
    }
}
