//! What a job tells: while it runs, and at its end.

/// What a scan is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Phase {
    /// Not begun.
    Queued = 0,
    /// Listing folders, reading small files on the way.
    Listing = 1,
    /// Reading large files.
    Hashing = 2,
    /// Merging content keys into the catalog.
    Merging = 3,
    /// Over.
    Done = 4,
    /// Reading files to compare them with their hashes.
    Verifying = 5,
}

impl Phase {
    /// The word for people and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Listing => "listing",
            Self::Hashing => "hashing",
            Self::Merging => "merging",
            Self::Done => "done",
            Self::Verifying => "verifying",
        }
    }

    pub(super) fn from_bits(bits: u8) -> Self {
        match bits {
            1 => Self::Listing,
            2 => Self::Hashing,
            3 => Self::Merging,
            4 => Self::Done,
            5 => Self::Verifying,
            _ => Self::Queued,
        }
    }
}

/// What is counted of work that has an end in sight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Files.
    Files,
    /// Their bytes.
    Bytes,
}

impl Unit {
    /// The word for JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Files => "files",
            Self::Bytes => "bytes",
        }
    }
}

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
    /// What `done` and `total` count.
    pub unit: Unit,
    /// Of `total`.
    pub done: u64,
    /// None: unknown.
    pub total: Option<u64>,
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
