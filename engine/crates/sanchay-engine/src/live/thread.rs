//! The live thread: hears events, keeps time, hands out work. It sleeps until there is something to do.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crossbeam_channel::{select, Receiver, Sender};
use sanchay_core::path::is_within;
use sanchay_core::watch::{advise, FileEvent, Scope, Step, WatchMode, WatchRefused, Watcher};
use sanchay_core::RootDir;

use super::cookie;
use super::event::{EventKind, LiveEvent};
use super::handle::LiveSettings;
use super::root::{LiveRoot, Mode, Presence, Reconciling, Watching};
use super::status::{LiveState, LiveStatus};
use super::sync::{Outstanding, Stage, Ticket, COOKIES_MOST, COOKIE_MS};
use super::work::{Batch, Followed, Heard, Message, Outcome, ReadJob};
use crate::engine::{Inner, Scan};
use crate::root_spec::{RootSettings, Rules, WatchSetting};
use crate::scan::{now_ns, ScanResult, ScanState};

/// Events taken in before steps are handed out.
const HEARD_AT_ONCE: usize = 20_000;
/// Names that wait to be hashed; past it their root is compared, which reads them too.
const READING_MOST: usize = 200_000;
/// Looks that lead from one name of a file to the next. What the first one misses was written after it.
const HOPS_MOST: u8 = 8;
/// How often the status is made anew while a lot happens.
const STATUS_MS: u64 = 100;
/// How often it is looked whether somebody who waits has given up.
const TICKET_MS: u64 = 100;

pub(super) struct Channels {
    pub(super) heard: Receiver<Heard>,
    pub(super) messages: Receiver<Message>,
    pub(super) own: Sender<Message>,
    pub(super) batches: Sender<Batch>,
    pub(super) jobs: Sender<ReadJob>,
    pub(super) large_jobs: Sender<ReadJob>,
}

pub(super) struct LiveThread {
    inner: Arc<Inner>,
    watcher: Result<Arc<Watcher>, WatchRefused>,
    settings: LiveSettings,
    channels: Channels,
    roots: BTreeMap<i64, LiveRoot>,
    /// The passing thread has a batch.
    busy: bool,
    epoch: u64,
    outstanding: Outstanding,
    tickets: Vec<Ticket>,
    /// Names handed out for hashing.
    reading: usize,
    statuses: Arc<Mutex<Vec<LiveStatus>>>,
    status_ms: u64,
    status_due: bool,
    clock: Instant,
}

impl LiveThread {
    pub(super) fn new(
        inner: Arc<Inner>,
        watcher: Result<Arc<Watcher>, WatchRefused>,
        settings: LiveSettings,
        channels: Channels,
        statuses: Arc<Mutex<Vec<LiveStatus>>>,
    ) -> Self {
        Self {
            inner,
            watcher,
            settings,
            channels,
            roots: BTreeMap::new(),
            busy: false,
            epoch: 1,
            outstanding: Outstanding::default(),
            tickets: Vec::new(),
            reading: 0,
            statuses,
            status_ms: 0,
            status_due: true,
            clock: Instant::now(),
        }
    }

    pub(super) fn run(mut self) {
        if let Ok(rows) = self.inner.catalog.reader().and_then(|reader| reader.roots()) {
            for row in rows {
                self.put_root(row.id);
            }
        }
        loop {
            let wait = self.wait();
            let (heard, messages) = (self.channels.heard.clone(), self.channels.messages.clone());
            select! {
                recv(heard) -> event => if let Ok(event) = event { self.hear(event) },
                recv(messages) -> message => match message {
                    Ok(Message::Close) | Err(_) => break,
                    Ok(message) => self.handle(message),
                },
                default(wait) => {}
            }
            for event in heard.try_iter().take(HEARD_AT_ONCE) {
                self.hear(event);
            }
            let mut closing = false;
            while let Ok(message) = messages.try_recv() {
                if matches!(message, Message::Close) {
                    closing = true;
                    break;
                }
                self.handle(message);
            }
            if closing {
                break;
            }
            self.tick();
            self.dispatch();
            self.settle_tickets();
            self.hurry();
            self.show();
        }
        for ticket in std::mem::take(&mut self.tickets) {
            if let Stage::Cookie { path, .. } = &ticket.stage {
                cookie::take(path);
            }
            finish(&ticket.scan, ScanState::Cancelled, "the catalog is being closed".to_owned());
        }
        self.inner.events.close();
    }

    fn now_ms(&self) -> u64 {
        self.clock.elapsed().as_millis() as u64
    }

    /// Holds back no reading while somebody waits for a sync.
    fn hurry(&self) {
        let hurried = !self.tickets.is_empty();
        if self.inner.hurried.swap(hurried, Ordering::Relaxed) != hurried {
            self.inner.background.wake();
        }
    }

    /// How long nothing will be due.
    fn wait(&self) -> Duration {
        let now = self.now_ms();
        let mut next = u64::MAX;
        if !self.busy {
            next = next.min(self.roots.values().filter_map(LiveRoot::next_due_ms).min().unwrap_or(u64::MAX));
        }
        for root in self.roots.values().filter(|root| root.mode != Mode::Off) {
            if !root.checking {
                next = next.min(root.next_check_ms);
            }
            if root.presence == Presence::Present && root.reconciling.is_none() && !self.is_paused() {
                next = next.min(root.next_reconcile_ms);
            }
        }
        if !self.tickets.is_empty() {
            next = next.min(now + TICKET_MS);
        }
        if self.status_due {
            next = next.min(self.status_ms + STATUS_MS);
        }
        Duration::from_millis(next.saturating_sub(now).min(3_600_000))
    }

    /// Whether nothing is read or compared but what somebody waits for. Looks go on: they cost next to nothing.
    fn is_paused(&self) -> bool {
        self.inner.background.is_paused() && self.tickets.is_empty()
    }

    /// Gives an event to the root that it is of; a rename between two roots to both.
    fn hear(&mut self, event: FileEvent) {
        self.status_due = true;
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
    fn hear_kept(&mut self, id: i64) {
        let now = self.now_ms();
        let Some(root) = self.roots.get_mut(&id) else { return };
        while let Some(event) = root.next_heard() {
            if let Some(cookie) = cookie_of(&event) {
                let mut heard = false;
                for ticket in &mut self.tickets {
                    if matches!(&ticket.stage, Stage::Cookie { path, .. } if path == cookie) {
                        ticket.stage = Stage::Draining;
                        heard = true;
                    }
                }
                if heard {
                    cookie::take(cookie);
                    root.draining = true;
                }
                continue;
            }
            root.pending.take(event, now);
        }
    }

    fn handle(&mut self, message: Message) {
        self.status_due = true;
        match message {
            Message::PutRoot(id) => self.put_root(id),
            Message::RemoveRoot(id) => self.remove_root(id),
            Message::Set(settings) => {
                self.settings = settings;
                for root in self.roots.values_mut() {
                    root.pending.set_settle_ms(settings.settle_ms);
                }
                let now = self.now_ms();
                let ids: Vec<i64> = self.roots.keys().copied().collect();
                for id in ids {
                    self.plan_reconcile(id, now);
                }
            }
            Message::Sync(id, scan) => self.sync(id, *scan),
            Message::Passed { root_id, epoch, outcome } => {
                self.busy = false;
                self.passed(root_id, epoch, outcome);
            }
            Message::Read { root_id, epoch, followed } => {
                self.follow(root_id, epoch, followed);
                self.outstanding.done(root_id, epoch, 1);
            }
            Message::ScanEnded { root_id, number, state, message } => {
                self.scan_ended(root_id, number, state, &message);
            }
            Message::Watched { root_id, outcome } => self.watched(root_id, outcome),
            Message::Checked { root_id, outcome } => self.checked(root_id, outcome),
            Message::TreeFreed => {
                for root in self.roots.values_mut() {
                    root.blocked = false;
                }
            }
            Message::Close => {}
        }
    }

    fn put_root(&mut self, id: i64) {
        let Ok(row) = self.inner.catalog.reader().and_then(|reader| reader.root(id)) else { return };
        let new = LiveRoot::new(&row, self.settings.settle_ms);
        match self.roots.get_mut(&id) {
            // Other rules mean other folders to watch, and a comparison: both come with a new beginning.
            Some(root) if root.rules == new.rules => {}
            _ => {
                self.forget(id);
                if new.mode != Mode::Off {
                    cookie::sweep(&sanchay_core::path::path_from_bytes(&new.path));
                }
                self.roots.insert(id, new);
            }
        }
        let now = self.now_ms();
        self.plan_reconcile(id, now);
        self.watch_what_is_due();
    }

    fn remove_root(&mut self, id: i64) {
        self.forget(id);
        self.watch_what_is_due();
    }

    /// Forgets a root and what waits in it.
    fn forget(&mut self, id: i64) {
        if let Some(root) = self.roots.get(&id) {
            let path = root.path.clone();
            tracing::debug!(root_id = id, path = %sanchay_core::path::display(&path), "live_root_forgotten");
            self.unwatch(id);
            self.roots.remove(&id);
            self.outstanding.forget(id);
        }
    }

    fn unwatch(&mut self, id: i64) {
        let Some(root) = self.roots.get_mut(&id) else { return };
        if root.watching != Watching::No {
            root.watching = Watching::No;
            root.forget_waiting();
            if let Ok(watcher) = &self.watcher {
                watcher.unwatch(&root.path);
            }
        }
    }

    /// Has the roots watched whose changes nobody tells of yet. A root inside a watched one is watched with it.
    fn watch_what_is_due(&mut self) {
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
                    // Nobody hears it when the catalog is being closed.
                    let _ = own.send(Message::Watched { root_id: id, outcome });
                });
                if let Err(error) = spawned {
                    let outcome = Err(WatchRefused::Io(error.to_string()));
                    let _ = fallback.send(Message::Watched { root_id: id, outcome });
                }
            }
        }
    }

    fn watched(&mut self, id: i64, outcome: Result<(), WatchRefused>) {
        let Some(root) = self.roots.get_mut(&id).filter(|root| root.watching == Watching::Beginning) else { return };
        match outcome {
            Ok(()) => {
                root.watching = Watching::Yes;
                // What happened before somebody watched is found by comparing.
                self.want_reconcile(id, "start");
            }
            Err(refused) => self.refused(id, &refused),
        }
    }

    fn refused(&mut self, id: i64, refused: &WatchRefused) {
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

    /// Sets the time of the next comparison: each hour or so, not of all roots at once.
    fn plan_reconcile(&mut self, id: i64, now_ms: u64) {
        let Some(root) = self.roots.get_mut(&id) else { return };
        root.next_reconcile_ms = match root.mode {
            Mode::Off => u64::MAX,
            Mode::Poll => now_ms + root.poll_s * 1000,
            Mode::Events => now_ms + jittered(self.settings.reconcile_s * 1000),
        };
    }

    /// Wants the whole root compared, for the current epoch.
    fn want_reconcile(&mut self, id: i64, reason: &str) {
        let epoch = self.epoch;
        let Some(root) = self.roots.get_mut(&id) else { return };
        if !root.wanted.contains(&epoch) {
            tracing::info!(root_id = id, reason, "reconcile_wanted");
            root.wanted.push(epoch);
            self.outstanding.add(id, epoch, 1);
        }
    }

    /// Starts comparisons that are wanted, one after the other.
    fn start_reconciles(&mut self) {
        if self.is_paused() || self.roots.values().any(|root| root.reconciling.is_some()) {
            return;
        }
        let due = self.roots.values().find(|root| !root.wanted.is_empty() && root.presence == Presence::Present);
        let Some(id) = due.map(|root| root.id) else { return };
        let now = self.now_ms();
        self.plan_reconcile(id, now);
        let never_scanned =
            self.inner.catalog.reader().and_then(|reader| reader.root(id)).is_ok_and(|row| row.directory == 0);
        let Some(root) = self.roots.get_mut(&id) else { return };
        let epochs = std::mem::take(&mut root.wanted);
        // A first scan is for somebody to ask for, and it sees all there is.
        let started = (!never_scanned).then(|| self.inner.start_scan(id, true, "live"));
        match started.transpose() {
            Ok(Some(scan)) => {
                if self.tickets.iter().any(|ticket| ticket.watched_id == id) {
                    scan.foreground();
                }
                root.reconciling = Some(Reconciling { scan, epochs });
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

    fn scan_ended(&mut self, id: i64, number: u64, state: Option<ScanState>, message: &str) {
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

    /// What a comparison was to find is still unknown: the next one follows soon.
    fn compared_in_vain(&mut self, id: i64, reason: &str) {
        let now = self.now_ms();
        let Some(root) = self.roots.get_mut(&id) else { return };
        if root.retry_comparing(reason, now) {
            let mut event = LiveEvent::of(EventKind::Degraded, id, &root.path);
            reason.clone_into(&mut event.message);
            self.inner.events.put([event]);
        }
    }

    fn go_offline(&mut self, id: i64, reason: &str) {
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

    /// Has somebody look whether a root is there, on a thread of its own: a share that hangs holds up nobody else.
    fn begin_check(&mut self, id: i64) {
        let Some(root) = self.roots.get_mut(&id).filter(|root| !root.checking) else { return };
        root.checking = true;
        let (inner, own) = (Arc::clone(&self.inner), self.channels.own.clone());
        let spawned = std::thread::Builder::new().name("live-check".to_owned()).spawn(move || {
            let outcome = presence(&inner, id);
            // Nobody hears it when the catalog is being closed.
            let _ = own.send(Message::Checked { root_id: id, outcome });
        });
        if spawned.is_err() {
            root.checking = false;
            let now = self.now_ms();
            if let Some(root) = self.roots.get_mut(&id) {
                root.plan_check(now);
            }
        }
    }

    fn checked(&mut self, id: i64, outcome: Result<(WatchMode, String), String>) {
        let now = self.now_ms();
        let has_watcher = self.watcher.as_ref().err().map(ToString::to_string);
        let Some(root) = self.roots.get_mut(&id) else { return };
        root.checking = false;
        match outcome {
            Err(reason) => {
                if root.presence != Presence::Absent {
                    return self.go_offline(id, &reason);
                }
                root.absent = reason;
                root.plan_check(now);
            }
            Ok((advised, file_system)) => {
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

    /// What time alone brings.
    fn tick(&mut self) {
        let now = self.now_ms();
        let roots = self.roots.values().filter(|root| root.mode != Mode::Off);
        let (mut checks, mut reconciles) = (Vec::new(), Vec::new());
        for root in roots {
            if !root.checking && root.next_check_ms <= now {
                checks.push(root.id);
            }
            if root.presence == Presence::Present && root.next_reconcile_ms <= now && root.reconciling.is_none() {
                reconciles.push(root.id);
            }
        }
        for id in checks {
            self.begin_check(id);
        }
        for id in reconciles {
            if !self.is_paused() {
                self.want_reconcile(id, "its time has come");
            }
        }
        self.start_reconciles();
    }

    /// Hands the next batch to the passing thread, when it is free and the turn in the tree is to be had.
    fn dispatch(&mut self) {
        if self.busy {
            return;
        }
        let now = self.now_ms();
        let due: Vec<i64> = self
            .roots
            .values()
            .filter(|root| root.next_due_ms().is_some_and(|due_ms| due_ms <= now))
            .map(|root| root.id)
            .collect();
        for id in due {
            let Some(root) = self.roots.get_mut(&id) else { continue };
            let Some(turn) = self.inner.trees.try_enter(&root.path) else {
                root.blocked = true;
                continue;
            };
            let (epoch, linked) = root.take_linked().unwrap_or((self.epoch, Vec::new()));
            let looked = linked.len();
            let steps = if root.draining { root.pending.drain(now) } else { root.pending.due(now) };
            let steps = self.keep_own(id, steps);
            let Some(root) = self.roots.get_mut(&id) else { continue };
            if steps.is_empty() && linked.is_empty() {
                drop(turn);
                if root.draining {
                    self.drained(id);
                }
                continue;
            }
            root.passing = true;
            self.busy = true;
            self.outstanding.done(id, epoch, looked);
            self.outstanding.add(id, epoch, 1);
            // The passing thread ends only after this one.
            let _ = self.channels.batches.send(Batch { root_id: id, epoch, turn, steps, linked });
            return;
        }
    }

    /// Nothing heard before the cookie waits any more: what such work led to is all that the sync still waits for.
    fn drained(&mut self, id: i64) {
        let epoch = self.epoch;
        self.epoch += 1;
        let missed = self.roots.get(&id).is_some_and(|root| root.pending.has_missed());
        for ticket in self.tickets.iter_mut().filter(|ticket| ticket.watched_id == id) {
            if matches!(ticket.stage, Stage::Draining) {
                ticket.stage = Stage::Settling { epoch };
                ticket.missed = missed;
            }
        }
        if let Some(root) = self.roots.get_mut(&id) {
            root.draining = false;
        }
        self.hear_kept(id);
    }

    /// Sees to the steps that are this thread's own; gives the others.
    fn keep_own(&mut self, id: i64, steps: Vec<Step>) -> Vec<Step> {
        let mut others = Vec::with_capacity(steps.len());
        for step in steps {
            match step {
                Step::Reconcile { reason, .. } => {
                    if let Some(root) = self.roots.get_mut(&id) {
                        root.overflows += 1;
                    }
                    self.want_reconcile(id, reason.as_str());
                }
                Step::RootGone { root } => {
                    let shown = sanchay_core::path::display(&root);
                    self.go_offline(id, &format!("{shown} was removed, replaced or unmounted"));
                }
                Step::WatchLost { refused, .. } => self.refused(id, &refused),
                step => others.push(step),
            }
        }
        others
    }

    fn passed(&mut self, id: i64, epoch: u64, outcome: Outcome) {
        if let Some(root) = self.roots.get_mut(&id) {
            root.passing = false;
        }
        match outcome {
            Outcome::Offline(reason) => self.go_offline(id, &reason),
            Outcome::Failed(reason) => {
                tracing::error!(root_id = id, reason, "live_pass_failed");
                self.want_reconcile(id, "looking at changes failed");
            }
            Outcome::Done(followed) => self.follow(id, epoch, followed),
        }
        self.outstanding.done(id, epoch, 1);
        self.hear_kept(id);
    }

    fn follow(&mut self, id: i64, epoch: u64, followed: Followed) {
        let now = self.now_ms();
        self.reading = self.reading.saturating_sub(followed.read_names);
        let syncing = self.tickets.iter().any(|ticket| ticket.watched_id == id);
        if let Some(root) = self.roots.get_mut(&id).filter(|root| root.watching != Watching::No) {
            if let Some((from, to, later)) = followed.refused {
                root.pending.refuse(from, to, later, now);
            }
            if !followed.missed.is_empty() {
                for ticket in self.tickets.iter_mut().filter(|ticket| ticket.watched_id == id) {
                    ticket.miss(epoch);
                }
            }
            for step in followed.missed {
                root.pending.missed(step, now);
            }
            if !syncing {
                for ((directory, name), _) in &followed.settling {
                    // Before what was heard meanwhile: its names are those of before that.
                    root.pending.take(FileEvent::Written { path: sanchay_core::path::join(directory, name) }, now);
                }
            }
        }
        let settling = if syncing { followed.settling } else { Vec::new() };
        let settled = settling.into_iter().map(|((_, name), directory)| (directory, vec![name]));
        let small = followed.hashes.into_iter().chain(settled).map(|job| (false, job));
        let large = followed.large.into_iter().map(|job| (true, job));
        for (is_large, (directory, names)) in small.chain(large) {
            if self.reading + names.len() > READING_MOST {
                self.want_reconcile(id, "more waits to be hashed than is followed one by one");
                break;
            }
            self.reading += names.len();
            self.outstanding.add(id, epoch, 1);
            let jobs = if is_large { &self.channels.large_jobs } else { &self.channels.jobs };
            // The reading threads end only after this one.
            let _ = jobs.send(ReadJob { root_id: id, epoch, directory, names });
        }
        for linked in followed.linked {
            let Some(id) = watched_root(&self.roots, &linked.folder) else { continue };
            let Some(root) = self.roots.get_mut(&id) else { continue };
            if linked.hops > HOPS_MOST {
                let path = sanchay_core::path::join(&linked.folder, &linked.name);
                root.pending.take(FileEvent::Written { path }, now);
            } else if root.look(epoch, linked) {
                self.outstanding.add(id, epoch, 1);
            } else {
                self.want_reconcile(id, "more changed at once than is followed one by one");
            }
        }
        if followed.reconcile {
            self.want_reconcile(id, "more changed at once than is followed one by one");
        }
        self.hear_kept(id);
    }

    fn sync(&mut self, id: i64, scan: Scan) {
        let now = self.now_ms();
        if let Some(root) = self.roots.get(&id) {
            self.inner.hurry(&root.path);
        }
        let covering = self.roots.get(&id).and_then(|root| {
            let watched = watched_root(&self.roots, &root.path)?;
            let is_up = self.roots.get(&watched).is_some_and(|root| root.watching == Watching::Yes);
            is_up.then(|| (watched, root.path.clone()))
        });
        let Some((watched_id, path)) = covering else {
            return self.inner.run_scan(&scan, id);
        };
        match cookie::put(&path, self.leaves_out_hidden(id)) {
            Ok(path) => {
                let stage = Stage::Cookie { path, until_ms: now + COOKIE_MS };
                self.tickets.push(Ticket { root_id: id, watched_id, scan, stage, missed: false, cookies: 1 });
            }
            Err(error) => {
                tracing::info!(root_id = id, error = %error, "sync_without_cookie");
                self.inner.run_scan(&scan, id);
            }
        }
    }

    /// Whether the root's rules leave hidden names out, so that no event of one is told.
    fn leaves_out_hidden(&self, id: i64) -> bool {
        let row = self.inner.catalog.reader().and_then(|reader| reader.root(id));
        row.is_ok_and(|row| {
            Rules::new(&RootSettings::of(&row)).is_ok_and(|rules| rules.filter.excludes(b"", cookie::HIDDEN, false))
        })
    }

    /// Ends the syncs that are done, given up, or wait for a cookie in vain.
    fn settle_tickets(&mut self) {
        let now = self.now_ms();
        let tickets = std::mem::take(&mut self.tickets);
        for mut ticket in tickets {
            let given_up = ticket.scan.is_cancelled();
            match &ticket.stage {
                Stage::Cookie { path, until_ms } if given_up || now >= *until_ms => {
                    cookie::take(path);
                    if given_up {
                        finish(&ticket.scan, ScanState::Cancelled, "given up on request".to_owned());
                    } else {
                        tracing::warn!(root_id = ticket.root_id, "cookie_lost");
                        self.inner.run_scan(&ticket.scan, ticket.root_id);
                    }
                }
                Stage::Settling { .. } | Stage::Draining if given_up => {
                    finish(&ticket.scan, ScanState::Cancelled, "given up on request".to_owned());
                }
                Stage::Settling { epoch } if self.outstanding.is_settled(ticket.watched_id, *epoch) => {
                    if std::mem::take(&mut ticket.missed) {
                        ticket.stage = self.look_once_more(&ticket);
                        ticket.cookies = ticket.cookies.saturating_add(1);
                        self.tickets.push(ticket);
                        continue;
                    }
                    // Who hears of the end and asks how the root is must not be told what was before it.
                    (self.status_due, self.status_ms) = (true, 0);
                    self.show();
                    // Whoever asks for certainty gets it: what events could not tell, a comparison finds. It costs the
                    // root's statx calls.
                    self.inner.run_scan(&ticket.scan, ticket.root_id);
                }
                _ => self.tickets.push(ticket),
            }
        }
    }

    /// What a sync waits for that has missed something: the events until now, and in the end a comparison of the root.
    fn look_once_more(&mut self, ticket: &Ticket) -> Stage {
        let path = self.roots.get(&ticket.root_id).map(|root| root.path.clone()).unwrap_or_default();
        let visible = self.leaves_out_hidden(ticket.root_id);
        if ticket.cookies < COOKIES_MOST {
            if let Ok(path) = cookie::put(&path, visible) {
                return Stage::Cookie { path, until_ms: self.now_ms() + COOKIE_MS };
            }
        }
        let epoch = self.epoch;
        self.want_reconcile(ticket.watched_id, "something is not where events have it");
        self.epoch += 1;
        if let Some(root) = self.roots.get_mut(&ticket.watched_id) {
            let path = root.path.clone();
            root.pending.forget_missed(&path);
        }
        Stage::Settling { epoch }
    }

    /// Makes the status anew, but not all the time.
    fn show(&mut self) {
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
                let pending = (covering.waiting() + self.outstanding.count(holder)) as u64;
                let scanned = self.inner.is_scanned(root.id);
                let (state, reason) = match covering.state(scanned) {
                    LiveState::Live if self.is_paused() && pending > 0 => (LiveState::Degraded, "paused".to_owned()),
                    LiveState::Offline => (LiveState::Offline, root.absent.clone()),
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

/// The root whose watching covers a path; the outermost one, for those inside it are watched with it.
fn watched_root(roots: &BTreeMap<i64, LiveRoot>, path: &[u8]) -> Option<i64> {
    let holding = roots.values().filter(|root| root.watching != Watching::No && is_within(path, &root.path));
    holding.min_by_key(|root| root.path.len()).map(|root| root.id)
}

/// The path of a cookie that an event is about.
fn cookie_of(event: &FileEvent) -> Option<&[u8]> {
    let path = match event {
        FileEvent::Created { path, .. }
        | FileEvent::Written { path }
        | FileEvent::Attributes { path }
        | FileEvent::Removed { path, .. }
        | FileEvent::MovedIn { path, .. }
        | FileEvent::MovedAway { path } => path,
        FileEvent::Renamed { to, .. } => to,
        FileEvent::Rescan { .. } | FileEvent::RootGone { .. } | FileEvent::WatchLost { .. } => return None,
    };
    cookie::is_cookie_path(path).then_some(path)
}

/// About `mean` milliseconds: a tenth more or less.
fn jittered(mean: u64) -> u64 {
    use std::hash::{BuildHasher, Hasher};
    let random = std::collections::hash_map::RandomState::new().build_hasher().finish();
    mean - mean / 10 + random % (mean / 5 + 1)
}

fn finish(scan: &Scan, state: ScanState, message: String) {
    scan.finish(Ok(ScanResult::of(scan.control(), state, message)));
}

/// What of a root is to be watched: what its rules leave out is not, unless they hold in a part of it only.
fn scope(inner: &Inner, id: i64) -> Scope {
    let without =
        inner.options.own_folders.iter().map(|folder| sanchay_core::path::bytes_of(folder).to_vec()).collect();
    let everything = Scope { without, ..Scope::default() };
    let Ok(rows) = inner.catalog.reader().and_then(|reader| reader.roots()) else { return everything };
    let Some(own) = rows.iter().find(|row| row.id == id) else { return everything };
    let holds_others = rows.iter().any(|row| row.id != id && is_within(&row.path, &own.path));
    match Rules::new(&RootSettings::of(own)) {
        Ok(rules) if !holds_others => {
            Scope { filter: rules.filter, one_file_system: rules.one_file_system, ..everything }
        }
        _ => everything,
    }
}

/// Whether a root is there, and how the file system is to be followed.
fn presence(inner: &Inner, id: i64) -> Result<(WatchMode, String), String> {
    let row = inner.catalog.reader().and_then(|reader| reader.root(id)).map_err(|error| error.to_string())?;
    let root = RootDir::open(&sanchay_core::path::path_from_bytes(&row.path)).map_err(|error| error.to_string())?;
    let stat = root.stat().map_err(|error| error.to_string())?;
    let mount = crate::scan::Mounts::new(&inner.catalog).of(root.handle(), &stat).map_err(|error| error.to_string())?;
    if let Some(reason) = crate::scan::other_volume(&row, mount) {
        return Err(reason);
    }
    let (_, system) = sanchay_core::file_system_of(root.handle()).map_err(|error| error.to_string())?;
    Ok((advise(&system), system.name))
}
