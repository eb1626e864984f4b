//! The status as others see it.

use sanchay_core::path::{display, is_within};
use sanchay_core::watch::PolledPart;

use super::open_files::open_reason;
use super::{watched_root, LiveThread, STATUS_MS};
use crate::clock::now_ns;
use crate::live::root::{Mode, Watching};
use crate::live::status::{LiveState, LiveStatus};

impl LiveThread {
    /// Makes the status again, but not all the time.
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
                // A root that is polled is not covered by the watching of one around it.
                let around = (root.mode == Mode::Events).then(|| watched_root(&self.roots, &root.path)).flatten();
                let holder = around.unwrap_or(root.id);
                let mut parts = self.polled_parts(holder);
                parts.retain(|part| is_within(&part.path, &root.path));
                let covering = self.roots.get(&holder).unwrap_or(root);
                let (open, first_open) = self.inner.writers.open_where(|path| is_within(path, &covering.path));
                let pending = (covering.waiting() + self.outstanding.count(holder) + open) as u64;
                let scanned = self.inner.is_scanned(root.id);
                let (state, reason) = match covering.state(scanned) {
                    LiveState::Live if self.is_paused() && pending > 0 => (LiveState::Degraded, "paused".to_owned()),
                    LiveState::Live if !parts.is_empty() => (LiveState::Polled, why_polled(&parts, covering.poll_s)),
                    LiveState::Offline => (LiveState::Offline, root.absent.clone()),
                    LiveState::Degraded if covering.silent => {
                        let shown = sanchay_core::path::display(&covering.path);
                        (LiveState::Degraded, format!("{shown} does not answer"))
                    }
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
                    polled_parts: parts,
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

    /// What is mounted below a watched root, and is compared because no one tells of it.
    pub(super) fn polled_parts(&self, id: i64) -> Vec<PolledPart> {
        let (Some(root), Ok(watcher)) = (self.roots.get(&id), &self.watcher) else { return Vec::new() };
        if root.watching == Watching::No {
            return Vec::new();
        }
        watcher.polled_parts(&root.path)
    }
}

/// For people.
fn why_polled(parts: &[PolledPart], poll_s: u64) -> String {
    let named: Vec<String> =
        parts.iter().map(|part| format!("{} ({})", display(&part.path), part.file_system)).collect();
    let verb = if named.len() == 1 { "is" } else { "are" };
    format!("{} {verb} compared every {poll_s} s; the rest is watched", named.join(", "))
}
