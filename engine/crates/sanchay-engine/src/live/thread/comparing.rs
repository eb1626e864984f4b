//! Comparisons of whole roots: when they are due, and what came of them.

use sanchay_core::path::is_within;
use sanchay_core::watch::FileEvent;

use super::LiveThread;
use crate::clock::now_ns;
use crate::job::ScanState;
use crate::live::event::{EventKind, LiveEvent};
use crate::live::root::{LiveRoot, Mode, Presence, Reconciling};
use crate::live::work::ReadJob;

/// How long until what could not be read is tried again at an event, after the first time and at most.
const UNREAD_FIRST_MS: u64 = 1000;
const UNREAD_MOST_MS: u64 = 600_000;

impl LiveThread {
    /// Sets the time of the next comparison: each hour or so, not of all roots at once.
    pub(super) fn plan_reconcile(&mut self, id: i64, now_ms: u64) {
        let has_polled_parts = !self.polled_parts(id).is_empty();
        let Some(root) = self.roots.get_mut(&id) else { return };
        root.next_reconcile_ms = match root.mode {
            Mode::Off => u64::MAX,
            Mode::Poll => now_ms + root.poll_s * 1000,
            Mode::Events if has_polled_parts => now_ms + root.poll_s * 1000,
            Mode::Events => now_ms + jittered(self.settings.reconcile_s * 1000),
        };
    }

    /// Wants the whole root compared, for the current epoch.
    pub(super) fn want_reconcile(&mut self, id: i64, reason: &str) {
        let epoch = self.epoch;
        let Some(root) = self.roots.get_mut(&id) else { return };
        if !root.wanted.contains(&epoch) {
            tracing::info!(root_id = id, reason, "reconcile_wanted");
            root.wanted.push(epoch);
            self.status_due = true;
            // Events that would tell of writes to renamed files may be among those that were lost.
            self.inner.carried.clear();
            self.outstanding.add(id, epoch, 1);
        }
    }

    /// When a comparison that is wanted is started beside one that does not get on.
    pub(super) fn next_reconcile_ms(&self) -> u64 {
        if self.is_paused() || !self.roots.values().any(LiveRoot::is_to_compare) {
            return u64::MAX;
        }
        let running = self.roots.values().filter_map(|root| root.reconciling.as_ref());
        running.map(|running| running.since_ms + self.settings.patience_ms).max().unwrap_or(u64::MAX)
    }

    /// Starts comparisons that are wanted, one after the other.
    pub(super) fn start_reconciles(&mut self) {
        let (now, patience_ms) = (self.now_ms(), self.settings.patience_ms);
        let mut running = self.roots.values_mut().filter_map(|root| root.reconciling.as_mut());
        if self.inner.background.is_paused() && self.tickets.is_empty()
            || running.any(|running| !running.hangs(now, patience_ms))
        {
            return;
        }
        let due = self.roots.values().find(|root| root.is_to_compare());
        let Some(id) = due.map(|root| root.id) else { return };
        self.plan_reconcile(id, now);
        let never_scanned =
            self.inner.catalog.reader().and_then(|reader| reader.root(id)).is_ok_and(|row| row.directory == 0);
        let Some(root) = self.roots.get_mut(&id) else { return };
        let epochs = std::mem::take(&mut root.wanted);
        // A first scan is for someone to ask for, and it sees all there is.
        let started = (!never_scanned).then(|| self.inner.start_scan(id, true, "live"));
        match started.transpose() {
            Ok(Some(scan)) => {
                if self.tickets.iter().any(|ticket| ticket.watched_id == id) {
                    scan.foreground();
                }
                let progress = scan.control().ticks();
                root.reconciling = Some(Reconciling { scan, epochs, progress, since_ms: now });
            }
            outcome => {
                for epoch in epochs {
                    self.outstanding.done(id, epoch, 1);
                }
                if let Err(error) = outcome {
                    self.compared_in_vain(id, &error.to_string());
                }
            }
        }
    }

    pub(super) fn scan_ended(&mut self, id: i64, number: u64, state: Option<ScanState>, message: &str) {
        let now = self.now_ms();
        let Some(root) = self.roots.get_mut(&id) else { return };
        let ours = root.reconciling.as_ref().is_some_and(|running| running.scan.number() == number);
        if ours {
            for epoch in root.reconciling.take().map(|running| running.epochs).unwrap_or_default() {
                self.outstanding.done(id, epoch, 1);
            }
        }
        match state {
            Some(ScanState::Done | ScanState::Partial) => {
                root.as_of_ns = now_ns();
                let recovered = root.compared().then(|| LiveEvent::of(EventKind::Recovered, id, &root.path));
                let mut event = LiveEvent::of(EventKind::Reconciled, id, &root.path);
                message.clone_into(&mut event.message);
                self.inner.events.put(recovered.into_iter().chain([event]));
                self.plan_reconcile(id, now);
                self.outstanding.add(id, self.epoch, 1);
                let left = ReadJob { root_id: id, epoch: self.epoch, directory: 0, names: Vec::new() };
                // The reading threads end only after this one.
                let _ = self.channels.large_jobs.send(left);
                if self.roots.get(&id).is_some_and(|root| root.presence == Presence::Absent) {
                    self.begin_check(id);
                }
            }
            Some(ScanState::Offline) => self.go_offline(id, message),
            Some(ScanState::Cancelled) | None if ours => {
                self.compared_in_vain(id, if message.is_empty() { "it was broken off" } else { message });
            }
            Some(ScanState::Cancelled) | None => {}
        }
    }

    /// Remembers what a scan could not read, until something happens to it.
    pub(super) fn keep_unread(&mut self, id: i64, state: Option<ScanState>, unread: Vec<Vec<u8>>) {
        let Some(root) = self.roots.get_mut(&id) else { return };
        match state {
            // What is expected to be unreadable may become readable, too.
            Some(ScanState::Done) => {
                if unread.is_empty() {
                    (root.unread_due_ms, root.unread_wait_ms, root.unread_next_ms) = (None, 0, 0);
                }
                root.unread = unread;
            }
            Some(ScanState::Partial) => root.unread = unread,
            Some(ScanState::Offline | ScanState::Cancelled) | None => {}
        }
    }

    /// The roots in which it is time to try again what could not be read.
    pub(super) fn take_unread_due(&mut self, now_ms: u64) -> Vec<i64> {
        let mut due = Vec::new();
        for root in self.roots.values_mut().filter(|root| root.presence == Presence::Present) {
            if root.reconciling.is_none() && root.unread_due_ms.take_if(|due_ms| *due_ms <= now_ms).is_some() {
                root.unread_wait_ms = (root.unread_wait_ms * 2).clamp(UNREAD_FIRST_MS, UNREAD_MOST_MS);
                root.unread_next_ms = now_ms + root.unread_wait_ms;
                due.push(root.id);
            }
        }
        due
    }

    /// Has a root compared soon where an event may have made readable what could not be read, or taken it away. Where that
    /// comes to nothing, later and later.
    pub(super) fn retry_unread(&mut self, event: &FileEvent) {
        let now = self.now_ms();
        let path = match event {
            FileEvent::Attributes { path }
            | FileEvent::Created { path, .. }
            | FileEvent::Removed { path, .. }
            | FileEvent::MovedAway { path }
            | FileEvent::Renamed { from: path, .. }
            | FileEvent::Exchanged { one: path, .. } => path,
            FileEvent::Written { .. }
            | FileEvent::MovedIn { .. }
            | FileEvent::Rescan { .. }
            | FileEvent::RootGone { .. }
            | FileEvent::MountsChanged { .. }
            | FileEvent::WatchLost { .. } => return,
        };
        for root in self.roots.values_mut().filter(|root| !root.unread.is_empty()) {
            if root.unread.iter().any(|unread| is_within(unread, path)) {
                let due_ms = root.unread_next_ms.max(now);
                root.unread_due_ms.get_or_insert(due_ms);
            }
        }
    }

    /// What a comparison was to find is still unknown: the next one follows soon.
    pub(super) fn compared_in_vain(&mut self, id: i64, reason: &str) {
        let now = self.now_ms();
        let Some(root) = self.roots.get_mut(&id) else { return };
        if root.retry_comparing(reason, now) {
            let mut event = LiveEvent::of(EventKind::Degraded, id, &root.path);
            reason.clone_into(&mut event.message);
            self.inner.events.put([event]);
        }
    }
}

/// About `mean` milliseconds: a tenth more or less.
pub(super) fn jittered(mean: u64) -> u64 {
    use std::hash::{BuildHasher, Hasher};
    let random = std::collections::hash_map::RandomState::new().build_hasher().finish();
    mean - mean / 10 + random % (mean / 5 + 1)
}
