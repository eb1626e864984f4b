//! What the daemon is told of what happened, over a bounded queue that drops the oldest.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

/// Events that wait for the daemon at most.
const QUEUED_MOST: usize = 10_000;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// A file came.
    Added,
    /// A file's content or metadata changed.
    Changed,
    /// A file or a folder went.
    Removed,
    /// A file or a folder has another name.
    Moved,
    /// A file has come whose content is there already, in another physical copy.
    Duplicate,
    /// A file has another content than it was cataloged with, and nothing says that it was written.
    Damage,
    /// A root is not there.
    RootOffline,
    /// A root is back.
    RootOnline,
    /// A root is not kept up as well as it could be.
    Degraded,
    /// It is again.
    Recovered,
    /// A root, or a part of it, was compared as a whole.
    Reconciled,
}

impl EventKind {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Added,
        Self::Changed,
        Self::Removed,
        Self::Moved,
        Self::Duplicate,
        Self::Damage,
        Self::RootOffline,
        Self::RootOnline,
        Self::Degraded,
        Self::Recovered,
        Self::Reconciled,
    ];

    /// The word that crosses boundaries.
    pub fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Removed => "removed",
            Self::Moved => "moved",
            Self::Duplicate => "duplicate",
            Self::Damage => "damage",
            Self::RootOffline => "root_offline",
            Self::RootOnline => "root_online",
            Self::Degraded => "degraded",
            Self::Recovered => "recovered",
            Self::Reconciled => "reconciled",
        }
    }
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveEvent {
    /// What.
    pub kind: EventKind,
    /// Where.
    pub root_id: i64,
    /// When it was noticed, Unix nanoseconds.
    pub at_ns: i64,
    /// Of the file or folder; of the root where the whole of it is meant.
    pub path: Vec<u8>,
    /// `Moved`: the former path. `Duplicate`: the path of a twin. `Damage`: of a healthy one.
    pub other_path: Option<Vec<u8>>,
    /// Apparent bytes more or fewer.
    pub bytes_delta: i64,
    /// Apparent bytes of the file now.
    pub size_bytes: u64,
    /// For people; may be empty.
    pub message: String,
}

impl LiveEvent {
    pub(crate) fn of(kind: EventKind, root_id: i64, path: &[u8]) -> Self {
        let (path, message) = (path.to_vec(), String::new());
        let at_ns = crate::clock::now_ns();
        Self { kind, root_id, at_ns, path, other_path: None, bytes_delta: 0, size_bytes: 0, message }
    }
}

/// The queue; one reader.
#[derive(Default)]
pub struct EventQueue {
    state: Mutex<State>,
    arrived: Condvar,
}

#[derive(Default)]
struct State {
    events: VecDeque<LiveEvent>,
    dropped: u64,
    closed: bool,
}

impl EventQueue {
    pub(crate) fn put(&self, events: impl IntoIterator<Item = LiveEvent>) {
        let mut state = self.state.lock().expect("no panic under this lock");
        for event in events {
            if state.events.len() >= QUEUED_MOST {
                state.events.pop_front();
                state.dropped += 1;
            }
            state.events.push_back(event);
        }
        drop(state);
        self.arrived.notify_all();
    }

    /// No one waits any more.
    pub(crate) fn close(&self) {
        self.state.lock().expect("no panic under this lock").closed = true;
        self.arrived.notify_all();
    }

    /// Up to `limit` events, the oldest first, and how many were dropped since the last call. Waits up to `timeout` for
    /// the first.
    pub fn next(&self, timeout: Duration, limit: usize) -> (Vec<LiveEvent>, u64) {
        let until = Instant::now() + timeout;
        let mut state = self.state.lock().expect("no panic under this lock");
        while state.events.is_empty() && state.dropped == 0 && !state.closed {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            state = self.arrived.wait_timeout(state, left).expect("no panic under this lock").0;
        }
        let count = limit.min(state.events.len());
        (state.events.drain(..count).collect(), std::mem::take(&mut state.dropped))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_are_dropped_and_counted() {
        let queue = EventQueue::default();
        let event = |number: usize| LiveEvent::of(EventKind::Added, 1, format!("/{number}").as_bytes());
        queue.put((0..QUEUED_MOST + 3).map(event));
        let (events, dropped) = queue.next(Duration::ZERO, 2);
        assert_eq!((events[0].path.as_slice(), events.len(), dropped), (b"/3".as_slice(), 2, 3));
        assert_eq!(queue.next(Duration::ZERO, 1).1, 0);
    }
}
