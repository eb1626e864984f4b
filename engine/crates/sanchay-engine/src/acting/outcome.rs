//! What a run tells: while it goes on, and at its end.

use std::sync::atomic::{AtomicU64, AtomicU8, Ordering};
use std::sync::Mutex;

use sanchay_catalog::journal::Run;

/// Files that were left, of which the reasons are told; all are counted, and in the journal.
const LEFT_MOST: usize = 100;

/// What a run is to do.
#[derive(Clone, Copy, Debug)]
pub struct RunRequest {
    /// The plan.
    pub plan: i64,
    /// The version of it that was shown.
    pub version: i64,
    /// Whether files become links of one another though owner, mode or attributes differ.
    pub any_metadata: bool,
    /// Whether folders that it empties go, too.
    pub empty_folders: bool,
}

/// A snapshot of a run.
#[derive(Clone, Debug, Default)]
pub struct ActProgress {
    /// `queued`, `settling`, `acting` or `done`.
    pub phase: &'static str,
    /// Files that were dealt with.
    pub done: u64,
    /// Of so many; None: not known.
    pub total: Option<u64>,
    /// Bytes that were compared or copied.
    pub bytes: u64,
    /// Files that were left, with a reason.
    pub skipped: u64,
    /// Files on which the act failed.
    pub failed: u64,
    /// What is looked at.
    pub current: Vec<u8>,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActResultState {
    /// Every file was acted on.
    Done,
    /// Some were left.
    Partial,
    /// Given up on request.
    Cancelled,
}

impl ActResultState {
    /// The word for JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Partial => "partial",
            Self::Cancelled => "cancelled",
        }
    }
}

/// A file that was left as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// Its whole path.
    pub path: Vec<u8>,
    /// Why, in a word.
    pub reason: String,
    /// What the system said.
    pub message: String,
}

/// What a run did.
#[derive(Clone, Debug)]
pub struct ActResult {
    /// How it ended.
    pub state: ActResultState,
    /// Why it is not done; empty when it is.
    pub message: String,
    /// As the journal has it.
    pub run: Run,
    /// Whether the space comes back only when the trash is emptied.
    pub freed_when_emptied: bool,
    /// Bytes that were compared or copied.
    pub compared_bytes: u64,
    /// From start to end.
    pub duration_s: f64,
    /// The first hundred files that were left.
    pub left: Vec<Left>,
}

/// Counters of a run, read while it goes on.
#[derive(Debug, Default)]
pub(super) struct Tally {
    phase: AtomicU8,
    pub(super) done: AtomicU64,
    /// 0: not known.
    pub(super) total: AtomicU64,
    pub(super) bytes: AtomicU64,
    pub(super) skipped: AtomicU64,
    pub(super) failed: AtomicU64,
    left: Mutex<Vec<Left>>,
}

const PHASES: [&str; 4] = ["queued", "settling", "acting", "done"];

impl Tally {
    pub(super) fn enter(&self, phase: &str) {
        let number = PHASES.iter().position(|known| *known == phase).unwrap_or_default();
        self.phase.store(number as u8, Ordering::Relaxed);
    }

    pub(super) fn add(counter: &AtomicU64, by: u64) {
        counter.fetch_add(by, Ordering::Relaxed);
    }

    /// Counts a file that was left.
    pub(super) fn leave(&self, left: Left, failed: bool) {
        Self::add(if failed { &self.failed } else { &self.skipped }, 1);
        let mut kept = self.left.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if kept.len() < LEFT_MOST {
            kept.push(left);
        }
    }

    pub(super) fn left(&self) -> Vec<Left> {
        self.left.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    pub(super) fn progress(&self, current: Vec<u8>) -> ActProgress {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let total = get(&self.total);
        ActProgress {
            phase: PHASES[usize::from(self.phase.load(Ordering::Relaxed))],
            done: get(&self.done),
            total: (total > 0).then_some(total),
            bytes: get(&self.bytes),
            skipped: get(&self.skipped),
            failed: get(&self.failed),
            current,
        }
    }
}
