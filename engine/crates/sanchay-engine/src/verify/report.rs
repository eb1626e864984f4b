//! What a verification is asked for, and what it tells at its end.

use std::time::Duration;

use sanchay_core::{Algorithm, ContentHash};

use crate::job::{ErrorNote, ScanState};

/// Damaged and suspect files that a result names; all of them are in the journal.
pub(super) const NAMED_MOST: usize = 1000;

/// What is to be verified.
#[derive(Clone, Debug, Default)]
pub struct VerifyRequest {
    /// Roots; none: all of them.
    pub root_ids: Vec<i64>,
    /// No file is begun that would lead past so many bytes, but for the first one.
    pub budget_bytes: Option<u64>,
    /// No file is begun after so long.
    pub budget_time: Option<Duration>,
    /// Tells a verification from others, and is when it was asked for, in nanoseconds since 1970: one that was interrupted
    /// goes on under the same number.
    pub key: i64,
}

/// A file whose content is not what it was, though nothing says that it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DamagedFile {
    /// Its finding's number in the journal.
    pub id: i64,
    /// Its whole path.
    pub path: Vec<u8>,
    /// Copies of what it should be, each read whole just now.
    pub twins: Vec<Vec<u8>>,
}

/// A file whose content is another though size and time of change are as before; something touched it since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuspectFile {
    /// Its finding's number in the journal.
    pub id: i64,
    /// Its whole path.
    pub path: Vec<u8>,
    /// Of both hashes.
    pub algorithm: Algorithm,
    /// The hash that the catalog had.
    pub hash: ContentHash,
    /// The hash that it has now.
    pub found_hash: ContentHash,
}

/// What a verification did.
#[derive(Clone, Debug)]
pub struct VerifyResult {
    /// How it ended. That something is damaged is no failure to verify it.
    pub state: ScanState,
    /// Why it is not done; empty where it is.
    pub message: String,
    /// Files that were read whole and compared.
    pub checked: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Files that the budget, or a cancel, left for the next time.
    pub left: u64,
    /// Files without a hash: nothing says what they were.
    pub not_verifiable: u64,
    /// Files that are not as they were cataloged, gone, or being written: the next scan sees what they are.
    pub changed: u64,
    /// Files that were not reached: their roots are away, or their content is elsewhere.
    pub skipped: u64,
    /// Of the files checked, those whose bytes may have come from memory.
    pub cached: u64,
    /// What could not be read.
    pub errors: u64,
    /// What is damaged.
    pub damaged_files: u64,
    /// What is suspect.
    pub suspect_files: u64,
    /// From start to end.
    pub duration_s: f64,
    /// The first thousand damaged files.
    pub damaged: Vec<DamagedFile>,
    /// The first thousand suspect ones.
    pub suspect: Vec<SuspectFile>,
    /// The first hundred that could not be read.
    pub unreadable: Vec<ErrorNote>,
}
