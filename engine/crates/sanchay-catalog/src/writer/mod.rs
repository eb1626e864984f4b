//! The one writer: a thread that owns the only connection that writes.
//!
//! Directory changes are batched into one transaction each quarter of a second; everything else comes as a task. A full
//! disk stops the writer, not the program: the batch is kept and tried again until there is room.

mod apply;
mod change;
mod extensions;
mod feed;
mod live;
mod paths;
mod probe;
mod publish;
mod published;
mod relocate;
mod remove;
mod session;
mod snapshot;

use std::sync::atomic::Ordering;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{bounded, Receiver, RecvTimeoutError, Sender};

pub use change::{BlockWrite, DirectoryChange, DirectoryRow, RollupDelta, RollupKind, Rollups, Stream, UsageDelta};
pub use publish::HashUpdate;
pub(crate) use remove::Removal;
pub use remove::Removed;
pub(crate) use session::sharing_of;
pub use session::Session;

use crate::error::CatalogError;
use crate::shared::Shared;

/// Entries and time that one transaction takes at most.
const BATCH_ENTRIES: usize = 32_768;
const BATCH_TIME: Duration = Duration::from_millis(250);
/// Changes that may wait for the writer: enough to keep it busy, few enough to keep memory flat.
const QUEUE_CHANGES: usize = 256;
/// How long to wait before a full disk is tried again.
pub(crate) const FULL_DISK_RETRY: Duration = Duration::from_secs(2);
const IDLE_LOOK: Duration = Duration::from_secs(5);
/// A gap between two pieces of work that never end: long enough for the one who brought the last to be done with it.
const UNTIDY_LOOK: Duration = Duration::from_millis(20);
/// Once it has tidied up, only work wakes the writer.
const ASLEEP: Duration = Duration::from_secs(86_400);

type Task = Box<dyn FnOnce(&mut Session) + Send>;

enum Command {
    Change(Box<DirectoryChange>),
    Task(Task),
    Close,
}

/// Hands work to the writer thread. Cheap to clone.
#[derive(Clone)]
pub struct Writer {
    commands: Sender<Command>,
    shared: Arc<Shared>,
}

impl Writer {
    /// Starts the thread.
    pub(crate) fn start(session: Session, shared: Arc<Shared>) -> (Self, JoinHandle<()>) {
        let (commands, received) = bounded(QUEUE_CHANGES);
        let thread_shared = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("catalog-writer".to_owned())
            .spawn(move || {
                WriterThread { session, shared: thread_shared, batch: Vec::new(), batch_entries: 0 }.run(&received);
            })
            .expect("a thread can be started");
        (Self { commands, shared }, thread)
    }

    /// Queues a change of one directory; waits while the queue is full.
    pub fn change(&self, change: DirectoryChange) -> Result<(), CatalogError> {
        self.shared.check_failure()?;
        self.commands.send(Command::Change(Box::new(change))).map_err(|_| CatalogError::Closed)
    }

    /// Runs `task` on the writer thread after everything queued before it, and waits for what it gives.
    pub fn run<T: Send + 'static>(
        &self,
        task: impl FnOnce(&mut Session) -> Result<T, CatalogError> + Send + 'static,
    ) -> Result<T, CatalogError> {
        let (answer, wait) = bounded(1);
        let shared = Arc::clone(&self.shared);
        let task: Task = Box::new(move |session| {
            let outcome = shared.check_failure().and_then(|()| task(session));
            shared.damage.take_over();
            // The asker may be gone; then no one wants the answer.
            let _ = answer.send(outcome);
        });
        self.commands.send(Command::Task(task)).map_err(|_| CatalogError::Closed)?;
        wait.recv().map_err(|_| CatalogError::Closed)?
    }

    pub(crate) fn close(&self) {
        // A closed channel means that the thread is gone already.
        let _ = self.commands.send(Command::Close);
    }
}

struct WriterThread {
    session: Session,
    shared: Arc<Shared>,
    batch: Vec<DirectoryChange>,
    batch_entries: usize,
}

impl WriterThread {
    fn run(mut self, commands: &Receiver<Command>) {
        let mut deadline: Option<Instant> = None;
        loop {
            let idle = match () {
                () if self.session.has_rested() && !self.session.merge_owed => ASLEEP,
                () if self.session.is_untidy() => UNTIDY_LOOK,
                () => IDLE_LOOK,
            };
            let wait = deadline.map_or(idle, |at| at.saturating_duration_since(Instant::now()));
            match commands.recv_timeout(wait) {
                Ok(Command::Change(change)) => {
                    self.batch_entries += change.entries().max(16);
                    self.batch.push(*change);
                    deadline.get_or_insert_with(|| Instant::now() + BATCH_TIME);
                    if self.batch_entries >= BATCH_ENTRIES || Instant::now() >= deadline.unwrap_or_else(Instant::now) {
                        self.write_batch();
                        deadline = None;
                    }
                }
                Ok(Command::Task(task)) => {
                    self.write_batch();
                    deadline = None;
                    self.fit_memory(0);
                    task(&mut self.session);
                }
                Err(RecvTimeoutError::Timeout) => {
                    if deadline.take().is_some() {
                        self.write_batch();
                    } else if self.shared.closing.load(Ordering::Relaxed) {
                        // No work that could wait is begun any more.
                    } else if idle == UNTIDY_LOOK {
                        self.session.tidy();
                    } else {
                        self.session.settle_debts();
                        self.session.rest();
                    }
                }
                Ok(Command::Close) | Err(RecvTimeoutError::Disconnected) => {
                    self.write_batch();
                    self.session.checkpoint();
                    return;
                }
            }
        }
    }

    fn fit_memory(&mut self, entries: usize) {
        // A cache of another size costs time or memory, and nothing else.
        if let Err(error) = self.session.fit_memory(entries) {
            tracing::warn!(error = %error, "catalog_cache_not_fitted");
        }
    }

    /// Writes the batch; while the disk is full, waits and tries again until there is room or no one wants it.
    fn write_batch(&mut self) {
        let mut batch = std::mem::take(&mut self.batch);
        let entries = std::mem::take(&mut self.batch_entries);
        let failed = self.shared.check_failure().is_err();
        batch.retain(|change| !failed && !change.stream.is_broken());
        if batch.is_empty() {
            return;
        }
        self.fit_memory(entries);
        loop {
            match self.session.apply(&batch) {
                Ok(()) => {
                    self.shared.disk_full.store(false, Ordering::Relaxed);
                    return;
                }
                Err(CatalogError::DiskFull) => {
                    if !self.shared.disk_full.swap(true, Ordering::Relaxed) {
                        tracing::warn!("catalog_disk_full");
                    }
                    if !self.wait_for_room(&batch) {
                        // What comes later may lie in a folder of these: it would have no parent.
                        for change in &batch {
                            change.stream.break_off();
                        }
                        return;
                    }
                }
                Err(error) => {
                    self.shared.damage.take_over();
                    tracing::error!(error = %error, "catalog_write_failed");
                    self.shared.fail(&error);
                    return;
                }
            }
        }
    }

    fn wait_for_room(&self, batch: &[DirectoryChange]) -> bool {
        let until = Instant::now() + FULL_DISK_RETRY;
        while Instant::now() < until {
            let wanted = batch.iter().any(|change| !change.stream.is_abandoned());
            if !wanted || self.shared.closing.load(Ordering::Relaxed) {
                return false;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        true
    }
}

#[cfg(test)]
#[path = "rollback_tests.rs"]
mod rollback_tests;
