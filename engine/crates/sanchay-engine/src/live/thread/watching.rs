//! Whether each root is there, and how it is watched.

use std::sync::Arc;

use sanchay_core::path::is_within;
use sanchay_core::watch::{advise, Scope, WatchRefused};
use sanchay_core::RootDir;

use super::syncing::finish;
use super::LiveThread;
use crate::engine::Shared;
use crate::job::ScanState;
use crate::live::cookie;
use crate::live::event::{EventKind, LiveEvent};
use crate::live::root::{Mode, Presence, Watching};
use crate::live::work::{Message, NotSeen, There};
use crate::root_spec::{Rules, WatchSetting};
use crate::scan::{Mounts, RootPlace};

impl LiveThread {
    pub(super) fn unwatch(&mut self, id: i64) {
        let Some(root) = self.roots.get_mut(&id) else { return };
        if root.watching != Watching::No {
            root.watching = Watching::No;
            root.forget_waiting();
            self.inner.carried.clear();
            if let Ok(watcher) = &self.watcher {
                watcher.unwatch(&root.path);
            }
        }
    }

    /// Has the roots watched whose changes no one tells of yet. A root inside a watched one is watched with it.
    pub(super) fn watch_what_is_due(&mut self) {
        let wanting: Vec<(i64, Vec<u8>)> = self
            .roots
            .values()
            .filter(|root| root.mode == Mode::Events && root.presence == Presence::Present)
            .map(|root| (root.id, root.path.clone()))
            .collect();
        let covered = |path: &[u8]| wanting.iter().any(|(_, other)| other != path && is_within(path, other));
        let inside: Vec<i64> = wanting.iter().filter(|(_, path)| covered(path)).map(|(id, _)| *id).collect();
        for &id in &inside {
            self.unwatch(id);
        }
        for (id, path) in wanting.iter().filter(|(id, _)| !inside.contains(id)) {
            let Some(root) = self.roots.get_mut(id) else { continue };
            let Ok(watcher) = &self.watcher else { continue };
            if root.watching == Watching::No {
                root.watching = Watching::Beginning;
                root.pending.put_root(path.clone());
                let (watcher, own, id, path) = (Arc::clone(watcher), self.channels.own.clone(), *id, path.clone());
                let scope = scope(&self.inner, id);
                let fallback = self.channels.own.clone();
                let spawned = std::thread::Builder::new().name("live-watch".to_owned()).spawn(move || {
                    let outcome = watcher.watch(&path, scope);
                    // No one hears it when the catalog is being closed.
                    let _ = own.send(Message::Watched { root_id: id, outcome });
                });
                if let Err(error) = spawned {
                    let outcome = Err(WatchRefused::Io(error.to_string()));
                    let _ = fallback.send(Message::Watched { root_id: id, outcome });
                }
            }
        }
    }

    pub(super) fn watched(&mut self, id: i64, outcome: Result<(), WatchRefused>) {
        let Some(root) = self.roots.get_mut(&id).filter(|root| root.watching == Watching::Beginning) else { return };
        match outcome {
            Ok(()) => {
                root.watching = Watching::Yes;
                // What happened before someone watched is found by comparing.
                self.want_reconcile(id, "start");
            }
            Err(refused) => self.refused(id, &refused),
        }
    }

    pub(super) fn refused(&mut self, id: i64, refused: &WatchRefused) {
        self.unwatch(id);
        let Some(root) = self.roots.get_mut(&id) else { return };
        root.mode = Mode::Poll;
        root.because = format!("{refused}; it is compared every {} s instead", root.poll_s);
        if root.watch == WatchSetting::Events {
            root.degraded = Some(root.because.clone());
        }
        let mut event = LiveEvent::of(EventKind::Degraded, id, &root.path);
        event.message.clone_from(&root.because);
        tracing::warn!(root_id = id, reason = root.because, "live_polls");
        self.inner.events.put([event]);
        let now = self.now_ms();
        self.plan_reconcile(id, now);
        self.want_reconcile(id, "it is polled from now on");
        self.watch_what_is_due();
    }

    pub(super) fn go_offline(&mut self, id: i64, reason: &str) {
        let now = self.now_ms();
        let Some(root) = self.roots.get_mut(&id) else { return };
        let was_there = root.presence != Presence::Absent;
        root.presence = Presence::Absent;
        reason.clone_into(&mut root.absent);
        root.wanted.clear();
        if let Some(running) = &mut root.reconciling {
            running.epochs.clear();
        }
        root.forget_waiting();
        root.plan_check(now);
        let path = root.path.clone();
        self.outstanding.forget(id);
        self.unwatch(id);
        if was_there {
            let mut event = LiveEvent::of(EventKind::RootOffline, id, &path);
            reason.clone_into(&mut event.message);
            tracing::warn!(root_id = id, reason, "root_offline");
            self.inner.events.put([event]);
            let reason = reason.to_owned();
            let noted = self.inner.catalog.writer().run(move |session| {
                session.set_root_state(id, sanchay_catalog::RootState::Offline, &reason, None, None)
            });
            if let Err(error) = noted {
                tracing::warn!(root_id = id, error = %error, "root_state_not_noted");
            }
        }
        for ticket in self.tickets.extract_if(.., |ticket| ticket.watched_id == id || ticket.root_id == id) {
            finish(&ticket.scan, ScanState::Offline, reason.to_owned());
        }
        self.watch_what_is_due();
    }

    /// Looks on a separate thread whether a root is there: a share that hangs holds up no one else.
    pub(super) fn begin_check(&mut self, id: i64) {
        let Some(root) = self.roots.get_mut(&id).filter(|root| root.checking.is_none()) else { return };
        root.checking = Some(self.clock.elapsed().as_millis() as u64);
        let is_swept = root.presence != Presence::Present;
        let path = root.path.clone();
        let (inner, own) = (Arc::clone(&self.inner), self.channels.own.clone());
        let spawned = std::thread::Builder::new().name("live-check".to_owned()).spawn(move || {
            let outcome = presence(&inner, id);
            if outcome.is_ok() && is_swept {
                cookie::sweep(&sanchay_core::path::path_from_bytes(&path));
            }
            // No one hears it when the catalog is being closed.
            let _ = own.send(Message::Checked { root_id: id, outcome });
        });
        if spawned.is_err() {
            root.checking = None;
            let now = self.now_ms();
            if let Some(root) = self.roots.get_mut(&id) {
                root.plan_check(now);
            }
        }
    }

    pub(super) fn checked(&mut self, id: i64, outcome: Result<There, NotSeen>) {
        let now = self.now_ms();
        let has_watcher = self.watcher.as_ref().err().map(ToString::to_string);
        let Some(root) = self.roots.get_mut(&id) else { return };
        root.checking = None;
        if std::mem::take(&mut root.silent) && root.presence == Presence::Present && outcome.is_ok() {
            // It answers again.
            self.status_due = true;
        }
        match outcome {
            // Neither here nor away: it stays what it was, and someone looks again.
            Err(NotSeen::NotKnown(reason)) => {
                tracing::warn!(root_id = id, reason, "root_not_looked_at");
                root.plan_check(now);
            }
            Err(NotSeen::Away(reason)) => {
                if root.presence != Presence::Absent {
                    return self.go_offline(id, &reason);
                }
                root.absent = reason;
                root.plan_check(now);
            }
            Ok(There { folder, .. })
                if root.presence == Presence::Present
                    && root.watching != Watching::No
                    && root.folder.is_some_and(|before| before != folder) =>
            {
                // What is watched is another folder by now: it is taken up again in a moment.
                let shown = sanchay_core::path::display(&root.path);
                self.go_offline(id, &format!("{shown} was replaced"));
            }
            Ok(There { advised, file_system, folder }) => {
                root.folder = Some(folder);
                let before = std::mem::replace(&mut root.presence, Presence::Present);
                root.plan_check(now);
                if before == Presence::Present {
                    return;
                }
                root.choose(advised, &file_system, has_watcher.as_deref());
                if before == Presence::Absent {
                    tracing::info!(root_id = id, "root_online");
                    let event = LiveEvent::of(EventKind::RootOnline, id, &root.path);
                    self.inner.events.put([event]);
                }
                if root.mode == Mode::Poll {
                    self.want_reconcile(id, "start");
                }
                self.plan_reconcile(id, now);
                self.watch_what_is_due();
            }
        }
    }
}

/// What of a root is to be watched: what its rules leave out is not, unless they hold in a part of it only.
pub(super) fn scope(inner: &Shared, id: i64) -> Scope {
    let everything = Scope { without: inner.own.paths(), ..Scope::default() };
    let Ok(rows) = inner.catalog.reader().and_then(|reader| reader.roots()) else { return everything };
    let Some(own) = rows.iter().find(|row| row.id == id) else { return everything };
    let holds_others = rows.iter().any(|row| row.id != id && is_within(&row.path, &own.path));
    match Rules::of(own) {
        Ok(rules) if !holds_others => {
            Scope { filter: rules.filter, one_file_system: rules.one_file_system, ..everything }
        }
        _ => everything,
    }
}

/// Whether a root is there, and how the file system is to be followed.
pub(super) fn presence(inner: &Shared, id: i64) -> Result<There, NotSeen> {
    let row = inner.catalog.reader().and_then(|reader| reader.root(id));
    let row = row.map_err(|error| NotSeen::NotKnown(error.to_string()))?;
    let mounts = Mounts::new(&inner.catalog);
    let place = RootPlace::<RootDir>::open(&inner.catalog, &mounts, &row)
        .map_err(|error| NotSeen::NotKnown(error.to_string()))?;
    let place = place.map_err(|away| NotSeen::Away(away.reason))?;
    let (_, system) = sanchay_core::file_system_of(place.root.handle()).map_err(|error| {
        let reason = error.to_string();
        if error.is_of_process() {
            NotSeen::NotKnown(reason)
        } else {
            NotSeen::Away(reason)
        }
    })?;
    let folder = (place.stat.device, place.stat.mount_id, place.stat.inode);
    Ok(There { advised: advise(&system), file_system: system.name, folder })
}
