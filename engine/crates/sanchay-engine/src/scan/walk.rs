//! Listing: workers take directories from a shared queue, compare each with the catalog and read its small files.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;
use std::time::Duration;

use crossbeam_deque::{Injector, Steal, Stealer, Worker as Deque};
use sanchay_catalog::{ReaderGuard, StoredChild};
use sanchay_core::{background_this_thread, foreground_this_thread, FileStat, Folder, Listing, Source};

use super::context::Context;
use super::mounts::Mount;
use crate::error::EngineError;
use crate::reading::FileReader;
use crate::root_spec::Rules;

/// A directory to look at.
pub(super) struct Job {
    /// Its id, new or old.
    pub(super) id: i64,
    /// 0 for the top of a tree.
    pub(super) parent: i64,
    /// Its row, where the catalog has one.
    pub(super) known: Option<StoredChild>,
    /// Its path below the root.
    pub(super) relative: Vec<u8>,
    /// Its name; the whole path for a top.
    pub(super) name: Vec<u8>,
    /// The folder above it; None for the first one.
    pub(super) above: Option<Arc<Above>>,
    pub(super) rules: Arc<Rules>,
    /// The bytes of `relative` that lead to the root whose rules these are.
    pub(super) rules_from: usize,
    /// It is excluded, and looked at only on the way to a root that lies in it.
    pub(super) passage: bool,
    /// With all below it; else only subdirectories that the catalog has not are entered.
    pub(super) deep: bool,
}

/// A folder above another as it was listed: what is not found below it is gone only while it is the same.
pub(super) struct Above {
    pub(super) device: u64,
    pub(super) inode: u64,
    pub(super) mount_id: u64,
    /// Volume of the catalog that it is on, and the one that it was on at the last look; 0: none.
    pub(super) volume: i64,
    pub(super) known_volume: i64,
    pub(super) next: Option<Arc<Above>>,
}

impl Job {
    /// Whether a file in it is mounted there by itself, and the rules leave out what is mounted.
    pub(super) fn leaves_out(&self, mount: &Mount, stat: &FileStat, seen: &FileStat) -> bool {
        self.rules.one_file_system && mount.is_mount_point(stat, seen)
    }

    /// Its path below the root whose rules hold: what patterns with a `/` are matched against.
    pub(super) fn below_rules(&self) -> &[u8] {
        let below = &self.relative[self.rules_from..];
        below.strip_prefix(b"/").or_else(|| below.strip_prefix(b"\\")).unwrap_or(below)
    }
}

/// Looks at `first` and all below it on `threads` threads.
pub(super) fn walk<S: Source>(context: &Context<'_, S>, first: Job, threads: usize) -> Result<(), EngineError> {
    let queue = Queue { injector: Injector::new(), pending: AtomicUsize::new(1) };
    queue.injector.push(first);
    let deques: Vec<Deque<Job>> = (0..threads).map(|_| Deque::new_lifo()).collect();
    let stealers: Vec<Stealer<Job>> = deques.iter().map(Deque::stealer).collect();
    std::thread::scope(|scope| {
        let workers: Vec<_> = deques
            .into_iter()
            .map(|deque| {
                let (queue, stealers) = (&queue, &stealers);
                scope.spawn(move || Walker::new(context, queue, stealers, deque)?.run())
            })
            .collect();
        let mut outcome = Ok(());
        for worker in workers {
            let ended = worker.join().unwrap_or_else(|_| Err(EngineError::ended_abnormally("a scan worker")));
            if outcome.is_ok() {
                outcome = ended;
            }
        }
        outcome
    })
}

pub(super) struct Queue {
    injector: Injector<Job>,
    /// Directories queued or under way.
    pending: AtomicUsize,
}

pub(super) struct Walker<'c, S: Source> {
    pub(super) context: &'c Context<'c, S>,
    queue: &'c Queue,
    stealers: &'c [Stealer<Job>],
    deque: Deque<Job>,
    pub(super) catalog: ReaderGuard<'c>,
    pub(super) list_buffer: <S::Folder as Folder>::Buffer,
    pub(super) files: FileReader,
    pub(super) listing: Listing<<S::Folder as Folder>::Told>,
    background: bool,
}

impl<'c, S: Source> Walker<'c, S> {
    fn new(
        context: &'c Context<'c, S>,
        queue: &'c Queue,
        stealers: &'c [Stealer<Job>],
        deque: Deque<Job>,
    ) -> Result<Self, EngineError> {
        Ok(Self {
            context,
            queue,
            stealers,
            deque,
            catalog: context.catalog.reader()?,
            list_buffer: Default::default(),
            files: FileReader::sharing(Arc::clone(&context.contents)),
            listing: Listing::default(),
            background: false,
        })
    }

    fn run(mut self) -> Result<(), EngineError> {
        while let Some(job) = self.next() {
            self.set_priority();
            let outcome = self.directory(&job);
            self.queue.pending.fetch_sub(1, Ordering::AcqRel);
            if let Err(error) = outcome {
                // The catalog failed: no one else can go on either.
                self.context.control.cancel();
                return Err(error);
            }
        }
        Ok(())
    }

    fn set_priority(&mut self) {
        let background = self.context.control.is_background();
        if background != self.background {
            self.background = background;
            if background {
                background_this_thread();
            } else {
                foreground_this_thread();
            }
        }
    }

    /// The next directory; None when all are done or the scan is cancelled.
    fn next(&self) -> Option<Job> {
        loop {
            if !self.context.control.step() {
                return None;
            }
            if let Some(job) = self.deque.pop() {
                return Some(job);
            }
            let stolen = std::iter::once(self.queue.injector.steal())
                .chain(self.stealers.iter().map(Stealer::steal))
                .find_map(|steal| match steal {
                    Steal::Success(job) => Some(Some(job)),
                    Steal::Retry => Some(None),
                    Steal::Empty => None,
                });
            match stolen {
                Some(Some(job)) => return Some(job),
                Some(None) => {}
                None if self.queue.pending.load(Ordering::Acquire) == 0 => return None,
                // The other workers need the processor more than an idle one.
                None => std::thread::sleep(Duration::from_micros(50)),
            }
        }
    }

    pub(super) fn push(&self, job: Job) {
        self.queue.pending.fetch_add(1, Ordering::AcqRel);
        self.deque.push(job);
    }
}
