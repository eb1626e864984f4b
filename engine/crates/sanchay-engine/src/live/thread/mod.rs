//! The live thread: hears events, keeps time, hands out work. It sleeps until there is something to do.

mod comparing;
mod hearing;
mod open_files;
mod showing;
mod syncing;
mod watching;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crossbeam_channel::{select, Receiver, Sender};
use sanchay_core::path::is_within;
use sanchay_core::watch::{FileEvent, Step, WatchRefused, Watcher};

use super::hands::Hands;
use super::root::{LiveRoot, Mode, Presence, Watching};
use super::settings::LiveSettings;
use super::status::LiveStatus;
use super::sync::{Outstanding, Stage, Ticket};
use super::work::{Batch, Followed, Heard, Message, Outcome, ReadJob};
use crate::engine::Shared;
use crate::join::join_soon;

/// Events taken in before steps are handed out.
const HEARD_AT_ONCE: usize = 20_000;
/// Names that wait to be hashed; past it their root is compared, which reads them too.
const READING_MOST: usize = 200_000;
/// Looks that lead from one name of a file to the next. What the first one misses was written after it.
const HOPS_MOST: u8 = 8;
/// How often the status is made again while a lot happens.
const STATUS_MS: u64 = 100;
/// How often it is looked whether someone who waits has given up.
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
    inner: Arc<Shared>,
    watcher: Result<Arc<Watcher>, WatchRefused>,
    settings: LiveSettings,
    channels: Channels,
    roots: BTreeMap<i64, LiveRoot>,
    hands: Hands,
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
        inner: Arc<Shared>,
        watcher: Result<Arc<Watcher>, WatchRefused>,
        settings: LiveSettings,
        channels: Channels,
        hands: Hands,
        statuses: Arc<Mutex<Vec<LiveStatus>>>,
    ) -> Self {
        Self {
            inner,
            watcher,
            settings,
            channels,
            roots: BTreeMap::new(),
            hands,
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
        self.end_tickets();
        self.inner.events.close();
        let Self { channels, hands, .. } = self;
        drop(channels);
        join_soon(hands.into_threads());
    }

    fn now_ms(&self) -> u64 {
        self.clock.elapsed().as_millis() as u64
    }

    /// How long nothing will be due.
    fn wait(&self) -> Duration {
        let now = self.now_ms();
        let mut next = u64::MAX;
        if let Some(due_ms) = self.roots.values().filter_map(LiveRoot::next_due_ms).min() {
            next = next.min(due_ms.max(self.hands.can_pass_ms()));
        }
        if self.reading > 0 && !self.is_paused() {
            next = next.min(self.hands.reading_hangs_ms());
        }
        next = next.min(self.next_reconcile_ms());
        for root in self.roots.values().filter(|root| root.mode != Mode::Off) {
            match root.checking {
                None => next = next.min(root.next_check_ms),
                Some(since_ms) if !root.silent => next = next.min(since_ms + self.settings.patience_ms),
                Some(_) => {}
            }
            if root.presence == Presence::Present && root.reconciling.is_none() && !self.is_paused() {
                next = next.min(root.next_reconcile_ms).min(root.unread_due_ms.unwrap_or(u64::MAX));
            }
        }
        if !self.tickets.is_empty() {
            next = next.min(now + TICKET_MS);
        }
        if let Some(due) = self.inner.writers.next_due().filter(|_| !self.is_paused()) {
            let wait_ms = due.saturating_duration_since(Instant::now()).as_millis() as u64;
            next = next.min(now + wait_ms + 1);
        }
        if self.status_due {
            next = next.min(self.status_ms + STATUS_MS);
        }
        Duration::from_millis(next.saturating_sub(now).min(3_600_000))
    }

    /// Whether nothing is read or compared but what someone waits for. Looks go on: they cost next to nothing.
    fn is_paused(&self) -> bool {
        self.inner.background.is_paused() && self.tickets.is_empty()
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
                self.hands.passed(self.now_ms());
                self.passed(root_id, epoch, outcome);
            }
            Message::Read { root_id, epoch, followed } => {
                self.hands.read(self.now_ms());
                self.follow(root_id, epoch, followed);
                self.outstanding.done(root_id, epoch, 1);
            }
            Message::ScanEnded { root_id, number, state, message, unread } => {
                self.keep_unread(root_id, state, unread);
                self.scan_ended(root_id, number, state, &message);
            }
            Message::Watched { root_id, outcome } => self.watched(root_id, outcome),
            Message::Checked { root_id, outcome } => self.checked(root_id, outcome),
            Message::NoCookie { root_id, error } => self.no_cookie(root_id, &error),
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

    /// What time alone brings.
    fn tick(&mut self) {
        let now = self.now_ms();
        if self.reading > 0 && !self.is_paused() {
            self.hands.see_to_reading(now);
        }
        for root in self.roots.values_mut() {
            let hangs = root.checking.is_some_and(|since_ms| since_ms + self.settings.patience_ms <= now);
            self.status_due |= hangs && !root.silent;
            root.silent |= hangs;
        }
        let roots = self.roots.values().filter(|root| root.mode != Mode::Off);
        let (mut checks, mut reconciles) = (Vec::new(), Vec::new());
        for root in roots {
            if root.checking.is_none() && root.next_check_ms <= now {
                checks.push(root.id);
            }
            if root.presence == Presence::Present && root.next_reconcile_ms <= now && root.reconciling.is_none() {
                reconciles.push(root.id);
            }
        }
        for id in checks {
            self.begin_check(id);
        }
        self.look_at_open_files();
        if !self.is_paused() {
            for id in reconciles {
                self.want_reconcile(id, "its time has come");
            }
            for id in self.take_unread_due(now) {
                self.want_reconcile(id, "what could not be read may be readable");
            }
        }
        self.start_reconciles();
    }

    /// Hands the next batch to the passing thread, when it is free and the turn in the tree is to be had.
    fn dispatch(&mut self) {
        let now = self.now_ms();
        let due: Vec<i64> = self
            .roots
            .values()
            .filter(|root| root.next_due_ms().is_some_and(|due_ms| due_ms <= now))
            .map(|root| root.id)
            .collect();
        for id in due {
            if !self.hands.can_pass(now) {
                return;
            }
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
            self.hands.pass(now);
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
            Outcome::Done(followed) => self.follow(id, epoch, *followed),
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
                for (folder, _, names) in &followed.unread {
                    for name in names {
                        root.pending.unread(folder, name, now);
                    }
                }
                for ((directory, name), _) in &followed.settling {
                    // Before what was heard in between: its names are those of before that.
                    root.pending.take(FileEvent::Written { path: sanchay_core::path::join(directory, name) }, now);
                }
            }
        }
        let (settling, unread) = if syncing { (followed.settling, followed.unread) } else { (Vec::new(), Vec::new()) };
        let unread = unread.into_iter().map(|(_, directory, names)| (directory, names));
        let settled = settling.into_iter().map(|((_, name), directory)| (directory, vec![name])).chain(unread);
        let small = followed.hashes.into_iter().chain(settled).map(|job| (false, job));
        let large = followed.large.into_iter().map(|job| (true, job));
        for (is_large, (directory, names)) in small.chain(large) {
            if self.reading + names.len() > READING_MOST {
                self.want_reconcile(id, "more waits to be hashed than is followed one by one");
                break;
            }
            if self.reading == 0 {
                self.hands.read(now);
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
                for (name, _) in &linked.names {
                    let path = sanchay_core::path::join(&linked.folder, name);
                    root.pending.take(FileEvent::Written { path }, now);
                }
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
}

/// The root whose watching covers a path; the outermost one, for those inside it are watched with it.
fn watched_root(roots: &BTreeMap<i64, LiveRoot>, path: &[u8]) -> Option<i64> {
    let holding = roots.values().filter(|root| root.watching != Watching::No && is_within(path, &root.path));
    holding.min_by_key(|root| root.path.len()).map(|root| root.id)
}
