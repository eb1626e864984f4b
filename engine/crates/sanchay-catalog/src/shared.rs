//! What the writer, the readers and the scans share in memory.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::Mutex;

use crate::changed::Changed;
use crate::damage::Damage;
use crate::error::CatalogError;
use crate::extensions::Extensions;
use crate::large_folders::LargeFolders;

/// State shared by all parts of an open catalog.
#[derive(Debug, Default)]
pub struct Shared {
    /// The next free ids.
    pub(crate) next_directory: AtomicI64,
    pub(crate) next_block: AtomicI64,
    /// Blocks up to this id are in the name index.
    pub(crate) name_index_watermark: AtomicI64,
    /// The catalog's disk is full: the writer waits.
    pub(crate) disk_full: AtomicBool,
    /// Transactions that ended, well or not: a writer whose count moves is at work.
    pub(crate) transactions: AtomicU64,
    /// Questions that ended early, as they were called off.
    pub(crate) called_off: AtomicU64,
    /// Transactions after which an order of entries or groups may be another.
    pub(crate) changed: Changed,
    /// The catalog is being closed.
    pub(crate) closing: AtomicBool,
    /// Content keys that wait to be merged.
    pub(crate) staged: AtomicUsize,
    /// The extensions' ids.
    pub extensions: Extensions,
    /// Where names of large folders are.
    pub(crate) large_folders: LargeFolders,
    /// What is wrong with the file.
    pub(crate) damage: Damage,
    failure: Mutex<Option<Failure>>,
}

/// A write that failed for good, and whether the file is to blame.
#[derive(Debug)]
struct Failure {
    reason: String,
    is_damage: bool,
}

impl Shared {
    pub(crate) fn in_name_index(&self, block: i64) -> bool {
        block <= self.name_index_watermark.load(Ordering::Relaxed)
    }

    /// Remembers that a write failed for good: every later write says so.
    pub(crate) fn fail(&self, error: &CatalogError) {
        self.failure.lock().expect("no panic under this lock").get_or_insert_with(|| match error {
            CatalogError::Corrupt(reason) => Failure { reason: reason.clone(), is_damage: true },
            other => Failure { reason: other.to_string(), is_damage: false },
        });
    }

    pub(crate) fn check_failure(&self) -> Result<(), CatalogError> {
        match &*self.failure.lock().expect("no panic under this lock") {
            Some(Failure { reason, is_damage: true }) => Err(CatalogError::Corrupt(reason.clone())),
            Some(Failure { reason, is_damage: false }) => Err(CatalogError::WriteFailed(reason.clone())),
            None => Ok(()),
        }
    }
}
