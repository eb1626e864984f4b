//! The status as others see it.

use sanchay_core::path::is_within;

use super::open_files::open_reason;
use super::{watched_root, LiveThread, STATUS_MS};
use crate::live::status::{LiveState, LiveStatus};
use crate::scan::now_ns;

impl LiveThread {
    /// Makes the status anew, but not all the time.
    pub(super) fn show(&mut self) {
        let now = self.now_ms();
        if !self.status_due || now < self.status_ms + STATUS_MS {
            return;
        }
        self.status_due = false;
        self.status_ms = now;
        let watcher = self.watcher.as_ref().ok();
        let statuses: Vec<LiveStatus> = self
            .roots
            .values()
            .map(|root| {
                let holder = watched_root(&self.roots, &root.path).unwrap_or(root.id);
                let covering = self.roots.get(&holder).unwrap_or(root);
                let (open, first_open) = self.inner.writers.open_where(|path| is_within(path, &covering.path));
                let pending = (covering.waiting() + self.outstanding.count(holder) + open) as u64;
                let scanned = self.inner.is_scanned(root.id);
                let (state, reason) = match covering.state(scanned) {
                    LiveState::Live if self.is_paused() && pending > 0 => (LiveState::Degraded, "paused".to_owned()),
                    LiveState::Offline => (LiveState::Offline, root.absent.clone()),
                    LiveState::Live if open > 0 => (LiveState::Live, open_reason(open, first_open.as_deref())),
                    state => {
                        let why = covering.degraded.as_ref().or(covering.uncompared.as_ref());
                        (state, why.cloned().unwrap_or_default())
                    }
                };
                let because = if holder == root.id {
                    root.because.clone()
                } else {
                    format!("watched with {}", sanchay_core::path::display(&covering.path))
                };
                LiveStatus {
                    root_id: root.id,
                    mode: root.mode.name(),
                    chosen_because: because,
                    state,
                    reason,
                    as_of_ns: if state == LiveState::Live && pending == 0 { now_ns() } else { covering.as_of_ns },
                    watched_folders: watcher.map_or(0, |watcher| watcher.watched_folders(&covering.path) as u64),
                    pending,
                    events: root.events,
                    overflows: root.overflows,
                }
            })
            .collect();
        for status in &statuses {
            if let Some(root) = self.roots.get_mut(&status.root_id) {
                root.as_of_ns = status.as_of_ns;
            }
        }
        *self.statuses.lock().expect("no panic under this lock") = statuses;
    }
}
