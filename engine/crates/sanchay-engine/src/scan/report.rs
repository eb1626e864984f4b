//! What a scan tells: while it runs, and at its end.

use super::control::{Control, Phase};
use std::sync::atomic::{AtomicU64, Ordering};

/// A snapshot of a scan.
#[derive(Clone, Debug)]
pub struct Progress {
    /// What it is doing.
    pub phase: Phase,
    /// Regular files seen.
    pub files: u64,
    /// Directories seen.
    pub directories: u64,
    /// Apparent bytes of the files seen.
    pub bytes: u64,
    /// Files read whole.
    pub hashed_files: u64,
    /// Bytes read.
    pub hashed_bytes: u64,
    /// What could not be read.
    pub errors: u64,
    /// Since the start.
    pub files_per_s: f64,
    /// Bytes hashed, since the start.
    pub bytes_per_s: f64,
    /// A path that is being looked at.
    pub current: Vec<u8>,
    /// None: unknown.
    pub percent: Option<f64>,
    /// None: unknown.
    pub seconds_left: Option<f64>,
    /// Held on request.
    pub paused: bool,
    /// The catalog's disk is full; it goes on by itself.
    pub waiting_for_disk: bool,
}

/// Something that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorNote {
    /// Exact bytes.
    pub path: Vec<u8>,
    /// A word of [`crate::ErrorKind`].
    pub kind: &'static str,
    /// For people.
    pub message: String,
}

/// How a scan ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScanState {
    /// All was read.
    Done,
    /// Parts could not be read; their older rows are kept.
    Partial,
    /// Given up on request.
    Cancelled,
    /// The root is not there; its rows are kept.
    Offline,
}

impl ScanState {
    /// The word for JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Partial => "partial",
            Self::Cancelled => "cancelled",
            Self::Offline => "offline",
        }
    }
}

/// What a scan did.
#[derive(Clone, Debug)]
pub struct ScanResult {
    /// How it ended.
    pub state: ScanState,
    /// Why it is not done; empty when it is.
    pub message: String,
    /// Regular files seen.
    pub files: u64,
    /// Directories seen.
    pub directories: u64,
    /// Apparent bytes of the files seen.
    pub bytes: u64,
    /// Files read whole.
    pub hashed_files: u64,
    /// Bytes read.
    pub hashed_bytes: u64,
    /// Files that the catalog did not have.
    pub added: u64,
    /// Files whose witness changed.
    pub changed: u64,
    /// Files that are gone.
    pub removed: u64,
    /// What could not be read.
    pub errors: u64,
    /// From start to end.
    pub duration_s: f64,
    /// Files that changed while they were read.
    pub unstable: u64,
    /// FIFOs, sockets and devices.
    pub special: u64,
    /// Symbolic links.
    pub symlinks: u64,
    /// Left out by the settings, or our own.
    pub excluded: u64,
    /// Mounted file systems that were not entered.
    pub skipped_mounts: u64,
    /// What could not be read and need not be.
    pub expected_unreadable: u64,
    /// The first hundred of what could not be read, expected or not.
    pub unread: Vec<Vec<u8>>,
    /// The first hundred errors.
    pub error_list: Vec<ErrorNote>,
}

impl ScanResult {
    pub(crate) fn cancelled(control: &Control) -> Self {
        Self::of(control, ScanState::Cancelled, "cancelled before it began".to_owned())
    }

    pub(crate) fn of(control: &Control, state: ScanState, message: String) -> Self {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let counters = &control.counters;
        Self {
            state,
            message,
            files: get(&counters.files),
            directories: get(&counters.directories),
            bytes: get(&counters.bytes),
            hashed_files: get(&counters.hashed_files),
            hashed_bytes: get(&counters.hashed_bytes),
            added: get(&counters.added),
            changed: get(&counters.changed),
            removed: get(&counters.removed),
            errors: get(&counters.errors),
            duration_s: control.elapsed_s(),
            unstable: get(&counters.unstable),
            special: get(&counters.special),
            symlinks: get(&counters.symlinks),
            excluded: get(&counters.excluded),
            skipped_mounts: get(&counters.skipped_mounts),
            expected_unreadable: get(&counters.expected_unreadable),
            unread: control.unread(),
            error_list: control.notes(),
        }
    }
}
