//! What the live thread knows of one root.

use std::collections::VecDeque;

use sanchay_catalog::{RootRow, RootState};
use sanchay_core::watch::{FileEvent, Pending, WatchMode};

use super::status::LiveState;
use super::work::{Folder, Linked};
use crate::engine::Scan;
use crate::root_spec::{RootSettings, Rules, WatchSetting};

/// Events kept while a batch is done, and names found by their inode; past it the root is compared as a whole instead.
const HEARD_MOST: usize = 100_000;
const LINKED_MOST: usize = 200_000;
/// How long until an absent root is looked for again, at first and at most.
const ABSENT_FIRST_MS: u64 = 1000;
const ABSENT_MOST_MS: u64 = 30_000;
/// How long until a comparison that came to nothing is made again, at first and at most.
const RETRY_FIRST_MS: u64 = 1000;
const RETRY_MOST_MS: u64 = 60_000;
/// How often someone looks whether a root that is there still is.
const PRESENT_MS: u64 = 30_000;

/// Whether a root is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    /// No one has looked yet.
    Unknown,
    Present,
    Absent,
}

/// How it is kept up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Events,
    Poll,
    Off,
}

impl Mode {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Poll => "poll",
            Self::Off => "off",
        }
    }
}

/// Whether the system tells of its changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Watching {
    No,
    /// The watcher walks through the folders.
    Beginning,
    Yes,
}

/// A comparison of the whole root that runs.
pub(super) struct Reconciling {
    pub(super) scan: Scan,
    /// Who waits for it.
    pub(super) epochs: Vec<u64>,
    /// How far it was when someone looked last, and since when.
    pub(super) progress: u64,
    pub(super) since_ms: u64,
}

impl Reconciling {
    /// Whether it has stood still for so long that others go on beside it: on a share that hangs, it may never end.
    pub(super) fn hangs(&mut self, now_ms: u64, patience_ms: u64) -> bool {
        let progress = self.scan.control().ticks();
        if progress != self.progress {
            (self.progress, self.since_ms) = (progress, now_ms);
        }
        now_ms >= self.since_ms + patience_ms
    }
}

#[allow(clippy::struct_excessive_bools)] // each is a fact of its own
pub(super) struct LiveRoot {
    pub(super) id: i64,
    pub(super) path: Vec<u8>,
    pub(super) watch: WatchSetting,
    /// The rules as they stand in the catalog: what is watched depends on them.
    pub(super) rules: String,
    pub(super) poll_s: u64,
    pub(super) presence: Presence,
    /// Which folder it was when someone looked last.
    pub(super) folder: Option<Folder>,
    pub(super) mode: Mode,
    pub(super) because: String,
    /// Why it is not kept up as it should be.
    pub(super) degraded: Option<String>,
    pub(super) absent: String,
    pub(super) watching: Watching,
    /// What was heard, and waits for its time.
    pub(super) pending: Pending,
    /// What was heard while a batch of steps is being done: the algebra takes nothing in until it is done.
    heard: VecDeque<FileEvent>,
    /// Names to look at besides, by epoch.
    linked: VecDeque<(u64, Linked)>,
    linked_names: usize,
    /// A batch of it is being done.
    pub(super) passing: bool,
    /// Someone has the turn in its tree.
    pub(super) blocked: bool,
    /// Everything that waits is due: a sync goes on when nothing does.
    pub(super) draining: bool,
    /// Epochs of those who want the whole root compared.
    pub(super) wanted: Vec<u64>,
    pub(super) reconciling: Option<Reconciling>,
    pub(super) next_reconcile_ms: u64,
    /// Why the last comparison came to nothing; the next one follows soon.
    pub(super) uncompared: Option<String>,
    retry_wait_ms: u64,
    /// What the last scan could not read, the first of it.
    pub(super) unread: Vec<Vec<u8>>,
    /// When it is to be tried again, when it may be at the earliest, and how long after that.
    pub(super) unread_due_ms: Option<u64>,
    pub(super) unread_next_ms: u64,
    pub(super) unread_wait_ms: u64,
    pub(super) next_check_ms: u64,
    check_wait_ms: u64,
    /// Since when someone looks.
    pub(super) checking: Option<u64>,
    /// The one who looks gets no answer.
    pub(super) silent: bool,
    pub(super) events: u64,
    pub(super) overflows: u64,
    pub(super) as_of_ns: i64,
}

impl LiveRoot {
    pub(super) fn new(row: &RootRow, settle_ms: u64) -> Self {
        // Without its rules a root is not watched: no one knows what is left out.
        let (settings, unreadable) = match Rules::of(row).and_then(|_| RootSettings::of(row)) {
            Ok(settings) => (settings, None),
            Err(error) => (RootSettings { watch: WatchSetting::Off, ..RootSettings::default() }, Some(error.message)),
        };
        Self {
            id: row.id,
            path: row.path.clone(),
            watch: settings.watch,
            rules: row.settings.clone(),
            poll_s: u64::from(settings.poll_s).max(1),
            presence: if row.state == RootState::Offline { Presence::Absent } else { Presence::Unknown },
            folder: None,
            mode: if settings.watch == WatchSetting::Off { Mode::Off } else { Mode::Poll },
            because: String::new(),
            degraded: unreadable,
            absent: row.reason.clone(),
            watching: Watching::No,
            pending: Pending::new(settle_ms),
            heard: VecDeque::new(),
            linked: VecDeque::new(),
            linked_names: 0,
            passing: false,
            blocked: false,
            draining: false,
            wanted: Vec::new(),
            reconciling: None,
            next_reconcile_ms: u64::MAX,
            uncompared: None,
            retry_wait_ms: RETRY_FIRST_MS,
            unread: Vec::new(),
            unread_due_ms: None,
            unread_next_ms: 0,
            unread_wait_ms: 0,
            next_check_ms: 0,
            check_wait_ms: ABSENT_FIRST_MS,
            checking: None,
            silent: false,
            events: 0,
            overflows: 0,
            as_of_ns: row.scanned_ns,
        }
    }

    /// Whether a comparison is wanted that can begin.
    pub(super) fn is_to_compare(&self) -> bool {
        !self.wanted.is_empty() && self.presence == Presence::Present && self.reconciling.is_none()
    }

    /// Keeps an event until it may be taken in.
    pub(super) fn hear(&mut self, event: FileEvent) {
        if self.heard.len() >= HEARD_MOST {
            self.heard.clear();
            self.heard.push_back(FileEvent::Rescan { root: Some(self.path.clone()) });
        } else {
            self.heard.push_back(event);
        }
    }

    /// The next event that was kept, when it may be taken in.
    pub(super) fn next_heard(&mut self) -> Option<FileEvent> {
        if self.passing || self.draining {
            None
        } else {
            self.heard.pop_front()
        }
    }

    /// Queues a look; false when too much waits and the looks were dropped.
    pub(super) fn look(&mut self, epoch: u64, linked: Linked) -> bool {
        if self.linked_names + linked.names.len() > LINKED_MOST {
            return false;
        }
        self.linked_names += linked.names.len();
        self.linked.push_back((epoch, linked));
        true
    }

    /// Looks that wait, of one epoch.
    pub(super) fn take_linked(&mut self) -> Option<(u64, Vec<Linked>)> {
        let epoch = self.linked.front()?.0;
        let mut taken = Vec::new();
        while self.linked.front().is_some_and(|(other, _)| *other == epoch) {
            taken.extend(self.linked.pop_front().map(|(_, linked)| linked));
        }
        self.linked_names -= taken.iter().map(|linked| linked.names.len()).sum::<usize>();
        Some((epoch, taken))
    }

    /// Forgets all that waits.
    pub(super) fn forget_waiting(&mut self) {
        self.heard.clear();
        self.linked.clear();
        self.linked_names = 0;
        self.draining = false;
        self.pending.remove_root(&self.path);
    }

    /// When the passing thread may have something to do.
    pub(super) fn next_due_ms(&self) -> Option<u64> {
        if self.passing || self.blocked {
            return None;
        }
        if self.draining || !self.linked.is_empty() {
            return Some(0);
        }
        self.pending.next_due_ms()
    }

    pub(super) fn waiting(&self) -> usize {
        self.pending.len() + self.heard.len() + self.linked.len()
    }

    /// When someone should look again whether it is there.
    pub(super) fn plan_check(&mut self, now_ms: u64) {
        match self.presence {
            Presence::Present => {
                self.check_wait_ms = ABSENT_FIRST_MS;
                self.next_check_ms = now_ms + PRESENT_MS;
            }
            Presence::Absent | Presence::Unknown => {
                self.next_check_ms = now_ms + self.check_wait_ms;
                self.check_wait_ms = (self.check_wait_ms * 2).min(ABSENT_MOST_MS);
            }
        }
    }

    /// A comparison came to nothing: the next one is due soon. True where all was well before.
    pub(super) fn retry_comparing(&mut self, reason: &str, now_ms: u64) -> bool {
        self.next_reconcile_ms = now_ms + self.retry_wait_ms;
        self.retry_wait_ms = (self.retry_wait_ms * 2).min(RETRY_MOST_MS);
        self.uncompared.replace(format!("the last comparison failed, the next one follows: {reason}")).is_none()
    }

    /// A comparison saw the whole root. True where the one before came to nothing.
    pub(super) fn compared(&mut self) -> bool {
        self.retry_wait_ms = RETRY_FIRST_MS;
        self.uncompared.take().is_some()
    }

    /// Chooses how it is kept up. `refused`: why there is no watcher.
    pub(super) fn choose(&mut self, advised: WatchMode, file_system: &str, refused: Option<&str>) {
        (self.mode, self.because) = match (self.watch, advised) {
            (WatchSetting::Off, _) => (Mode::Off, self.degraded.clone().unwrap_or_else(|| "switched off".to_owned())),
            (WatchSetting::Poll, _) => (Mode::Poll, "asked for".to_owned()),
            (WatchSetting::Events, _) => (Mode::Events, "asked for".to_owned()),
            (WatchSetting::Auto, WatchMode::Events) => (Mode::Events, format!("{file_system} tells of its changes")),
            (WatchSetting::Auto, WatchMode::Poll) => {
                (Mode::Poll, format!("{file_system} can be changed without this system noticing"))
            }
        };
        if let (Mode::Events, Some(refused)) = (self.mode, refused) {
            (self.mode, self.because) = (Mode::Poll, refused.to_owned());
            self.degraded = (self.watch == WatchSetting::Events).then(|| refused.to_owned());
        }
    }

    /// How it shows. `scanned`: someone scans it now.
    pub(super) fn state(&self, scanned: bool) -> LiveState {
        if self.mode == Mode::Off {
            LiveState::Stopped
        } else if self.presence == Presence::Absent {
            LiveState::Offline
        } else if self.silent {
            LiveState::Degraded
        } else if scanned
            || self.reconciling.is_some()
            || !self.wanted.is_empty()
            || self.presence == Presence::Unknown
            || self.watching == Watching::Beginning
        {
            LiveState::Reconciling
        } else if self.degraded.is_some() || self.uncompared.is_some() {
            LiveState::Degraded
        } else if self.mode == Mode::Poll {
            LiveState::Polled
        } else {
            LiveState::Live
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comparison_that_came_to_nothing_is_said_and_made_again_later_and_later() {
        let row = RootRow {
            id: 1,
            path: b"/a".to_vec(),
            directory: 1,
            volume: 1,
            inode: 1,
            birth_ns: 0,
            accepted: false,
            state: RootState::Ready,
            reason: String::new(),
            scanned_ns: 1,
            settings: RootSettings::default().to_json(),
        };
        let mut root = LiveRoot::new(&row, 500);
        (root.presence, root.mode, root.watching) = (Presence::Present, Mode::Events, Watching::Yes);
        assert_eq!(root.state(false), LiveState::Live);
        assert!(root.retry_comparing("no room", 100));
        assert_eq!((root.state(false), root.next_reconcile_ms), (LiveState::Degraded, 100 + RETRY_FIRST_MS));
        assert!(root.uncompared.as_ref().is_some_and(|reason| reason.contains("no room")));
        assert!(!root.retry_comparing("no room", 200), "it is told once");
        assert_eq!(root.next_reconcile_ms, 200 + 2 * RETRY_FIRST_MS);
        for _ in 0..20 {
            root.retry_comparing("no room", 0);
        }
        assert_eq!(root.next_reconcile_ms, RETRY_MOST_MS);
        assert!(root.compared() && !root.compared());
        assert_eq!(root.state(false), LiveState::Live);
    }
}
