//! What the watcher says, given to the root that it is of.

use sanchay_core::watch::FileEvent;

use super::{watched_root, LiveThread};
use crate::live::cookie::cookie_of;
use crate::live::root::Watching;
use crate::live::sync::Stage;

impl LiveThread {
    /// Gives an event to the root that it is of; a rename between two roots to both.
    pub(super) fn hear(&mut self, event: FileEvent) {
        self.status_due = true;
        self.retry_unread(&event);
        let (path, other) = match &event {
            FileEvent::Created { path, .. }
            | FileEvent::Written { path }
            | FileEvent::Attributes { path }
            | FileEvent::Removed { path, .. }
            | FileEvent::MovedIn { path, .. }
            | FileEvent::MovedAway { path }
            | FileEvent::RootGone { root: path }
            | FileEvent::WatchLost { root: path, .. }
            | FileEvent::Rescan { root: Some(path) } => (path, None),
            FileEvent::Renamed { from, to } => (to, Some(from)),
            FileEvent::Exchanged { one, other } => (one, Some(other)),
            FileEvent::MountsChanged { root } => {
                if let Some(id) = watched_root(&self.roots, root) {
                    self.want_reconcile(id, "what is mounted in it has changed");
                }
                return;
            }
            FileEvent::Rescan { root: None } => {
                let ids: Vec<i64> = self.roots.keys().copied().collect();
                for root in self.roots.values_mut().filter(|root| root.watching != Watching::No) {
                    root.hear(FileEvent::Rescan { root: Some(root.path.clone()) });
                }
                for id in ids {
                    self.hear_kept(id);
                }
                return;
            }
        };
        let id = watched_root(&self.roots, path);
        let other_id = other.and_then(|path| watched_root(&self.roots, path)).filter(|other| Some(*other) != id);
        if let Some(root) = other_id.and_then(|id| self.roots.get_mut(&id)) {
            root.events += 1;
            root.hear(event.clone());
        }
        if let Some(root) = id.and_then(|id| self.roots.get_mut(&id)) {
            root.events += 1;
            root.hear(event);
        }
        for id in [id, other_id].into_iter().flatten() {
            self.hear_kept(id);
        }
    }

    /// Takes in what was kept while a batch was done, up to the cookie of a sync: then all that waits is due.
    pub(super) fn hear_kept(&mut self, id: i64) {
        let now = self.now_ms();
        let Some(root) = self.roots.get_mut(&id) else { return };
        while let Some(event) = root.next_heard() {
            if let Some(cookie) = cookie_of(&event) {
                let mut heard = false;
                for ticket in &mut self.tickets {
                    let Stage::Cookie { cookie: own, .. } = &ticket.stage else { continue };
                    if own.path == cookie {
                        ticket.scan.end_after(own.take());
                        ticket.stage = Stage::Draining;
                        heard = true;
                    }
                }
                root.draining |= heard;
                continue;
            }
            root.pending.take(event, now);
        }
    }
}
