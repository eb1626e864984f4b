//! How well each root is kept up, as it is shown.

use sanchay_core::watch::PolledPart;

/// In a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LiveState {
    /// Changes show within moments.
    Live,
    /// It is being compared as a whole.
    Reconciling,
    /// It is compared as a whole every few minutes.
    Polled,
    /// It is not there.
    Offline,
    /// It should be live and is not: the reason says why.
    Degraded,
    /// No one keeps it up.
    Stopped,
}

impl LiveState {
    /// The word for JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Reconciling => "reconciling",
            Self::Polled => "polled",
            Self::Offline => "offline",
            Self::Degraded => "degraded",
            Self::Stopped => "stopped",
        }
    }
}

/// One root.
#[derive(Clone, Debug)]
pub struct LiveStatus {
    /// The daemon's id of it.
    pub root_id: i64,
    /// `events`, `poll` or `off`.
    pub mode: &'static str,
    /// Why this mode, for people.
    pub chosen_because: String,
    /// How well it is kept up.
    pub state: LiveState,
    /// Why, for people; empty where all is well.
    pub reason: String,
    /// All that had happened until then is in the catalog. Unix nanoseconds; 0: never.
    pub as_of_ns: i64,
    /// Folders that the system watches, in all roots together, as far as that is known.
    pub watched_folders: u64,
    /// Looks and hashes that wait.
    pub pending: u64,
    /// Events heard since the start.
    pub events: u64,
    /// How often events were lost.
    pub overflows: u64,
    /// What is mounted below a watched root and cannot be watched: it is compared every few minutes.
    pub polled_parts: Vec<PolledPart>,
}
