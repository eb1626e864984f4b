//! The threads that touch files for the live thread: one does the steps, two read. A call to a dead disk or share does not
//! come back, so where one of them has been at its work for long while something else waits, another is taken on.

use std::sync::atomic::Ordering;
use std::thread::JoinHandle;

use crossbeam_channel::Receiver;

use super::hired::Hired;
use super::pass::Passer;
use super::read::ReaderThread;
use super::work::{Batch, ReadJob};
use crate::error::{EngineError, ErrorKind};

/// Threads of a kind at most.
const HANDS_MOST: usize = 16;

/// The threads, and what waits for them.
pub(super) struct Hands {
    hired: Hired,
    /// Work that has stood still for so long is taken to hang.
    patience_ms: u64,
    batches: Receiver<Batch>,
    jobs: Receiver<ReadJob>,
    large_jobs: Receiver<ReadJob>,
    passers: usize,
    readers: usize,
    threads: Vec<JoinHandle<()>>,
    /// Batches handed out, and when one was last begun or ended.
    passing: usize,
    passed_ms: u64,
    /// When a reading was last begun or ended.
    read_ms: u64,
    /// What they had read by then.
    read_bytes: u64,
}

impl Hands {
    pub(super) fn start(
        hired: Hired,
        patience_ms: u64,
        batches: Receiver<Batch>,
        jobs: Receiver<ReadJob>,
        large_jobs: Receiver<ReadJob>,
    ) -> Result<Self, EngineError> {
        let (threads, passers, readers) = (Vec::new(), 0, 0);
        let (passing, passed_ms, read_ms, read_bytes) = (0, 0, 0, 0);
        let mut hands = Self {
            hired,
            patience_ms,
            batches,
            jobs,
            large_jobs,
            passers,
            readers,
            threads,
            passing,
            passed_ms,
            read_ms,
            read_bytes,
        };
        let failed = |error: std::io::Error| {
            EngineError::new(ErrorKind::Io, format!("no thread could be started for live folders: {error}"))
        };
        hands.hire_passer().map_err(failed)?;
        hands.hire_readers().map_err(failed)?;
        Ok(hands)
    }

    fn hire_passer(&mut self) -> std::io::Result<()> {
        let (passer, batches) = (Passer::new(self.hired.clone()), self.batches.clone());
        self.spawn("live-pass", move || passer.run(&batches))?;
        self.passers += 1;
        Ok(())
    }

    fn hire_readers(&mut self) -> std::io::Result<()> {
        for (name, is_large) in [("live-read", false), ("live-read-large", true)] {
            let reader = ReaderThread::new(self.hired.clone(), is_large);
            let jobs = if is_large { self.large_jobs.clone() } else { self.jobs.clone() };
            self.spawn(name, move || reader.run(&jobs))?;
        }
        self.readers += 1;
        Ok(())
    }

    fn spawn(&mut self, name: &str, work: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
        self.threads.push(std::thread::Builder::new().name(name.to_owned()).spawn(work)?);
        Ok(())
    }

    /// Whether a batch may be handed out. Where all are at one for long, another thread is taken on.
    pub(super) fn can_pass(&mut self, now_ms: u64) -> bool {
        if self.passing < self.passers {
            return true;
        }
        if self.passers >= HANDS_MOST || now_ms < self.passed_ms + self.patience_ms {
            return false;
        }
        tracing::warn!(threads = self.passers + 1, "live_pass_hangs");
        // Where there is no thread to be had, it is tried again later.
        self.passed_ms = now_ms;
        self.hire_passer().is_ok()
    }

    /// When a batch that waits may be handed out.
    pub(super) fn can_pass_ms(&self) -> u64 {
        match self.passing < self.passers {
            true => 0,
            false if self.passers >= HANDS_MOST => u64::MAX,
            false => self.passed_ms + self.patience_ms,
        }
    }

    pub(super) fn pass(&mut self, now_ms: u64) {
        (self.passing, self.passed_ms) = (self.passing + 1, now_ms);
    }

    pub(super) fn passed(&mut self, now_ms: u64) {
        (self.passing, self.passed_ms) = (self.passing.saturating_sub(1), now_ms);
    }

    /// A reading was handed out or has ended.
    pub(super) fn read(&mut self, now_ms: u64) {
        self.read_ms = now_ms;
    }

    /// When readings that wait are taken to wait for one that hangs.
    pub(super) fn reading_hangs_ms(&self) -> u64 {
        if self.readers >= HANDS_MOST {
            u64::MAX
        } else {
            self.read_ms + self.patience_ms
        }
    }

    /// Takes on more readers where readings wait for long.
    pub(super) fn see_to_reading(&mut self, now_ms: u64) {
        if now_ms < self.reading_hangs_ms() {
            return;
        }
        self.read_ms = now_ms;
        let read_bytes = self.hired.read_bytes.load(Ordering::Relaxed);
        let stands_still = std::mem::replace(&mut self.read_bytes, read_bytes) == read_bytes;
        if stands_still && !(self.jobs.is_empty() && self.large_jobs.is_empty()) {
            tracing::warn!(threads = self.readers + 1, "live_read_hangs");
            // Where there is no thread to be had, it is tried again later.
            let _ = self.hire_readers();
        }
    }

    pub(super) fn into_threads(self) -> Vec<JoinHandle<()>> {
        self.threads
    }
}
