//! One pass over the catalog on several threads, each with a reader of its own, all on one state of the catalog.

use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::error::CatalogError;
use crate::reader::{Reader, ReaderGuard, ReaderPool};

/// The most threads of one question: more would only wait for the same memory, and other questions want theirs.
const THREADS_MOST: usize = 4;

/// A question's own reader, inside its snapshot, and the helpers that it has found so far.
pub(crate) struct Parallel<'a> {
    readers: &'a ReaderPool,
    reader: &'a Reader,
    most: usize,
    helpers: RefCell<Option<Vec<Helper<'a>>>>,
}

impl<'a> Parallel<'a> {
    /// For a question whose snapshot is `reader`'s. Nothing is spent before the first pass.
    pub(crate) fn new(readers: &'a ReaderPool, reader: &'a Reader) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self { readers, reader, most: cores.min(THREADS_MOST), helpers: RefCell::new(None) }
    }

    /// With exactly this many threads, where their readers can be had.
    #[cfg(test)]
    pub(crate) fn of(readers: &'a ReaderPool, reader: &'a Reader, most: usize) -> Self {
        Self { most, ..Self::new(readers, reader) }
    }

    /// Finds helpers now: the sooner after the snapshot, the surer they see the same state.
    pub(crate) fn recruit(&self) -> Result<(), CatalogError> {
        let mut helpers = self.helpers.borrow_mut();
        if helpers.is_none() {
            let sequence = self.reader.meta("commit_sequence")?;
            let mut found = Vec::new();
            while found.len() + 1 < self.most {
                // A commit came between: no reader that begins now sees the state of the question any more.
                let Some(helper) = Helper::begin(self.readers, sequence)? else { break };
                found.push(helper);
            }
            *helpers = Some(found);
        }
        Ok(())
    }

    /// Runs `work` on every thread. Each takes parts from the one queue, in ascending order, until there are no more.
    pub(crate) fn run<T: Send>(
        &self,
        parts: usize,
        work: impl Fn(&Reader, &Parts) -> Result<T, CatalogError> + Sync,
    ) -> Result<Vec<T>, CatalogError> {
        let parts = Parts { next: AtomicUsize::new(0), count: parts };
        let damage = &self.reader.shared.damage;
        let work = |reader: &Reader| {
            let outcome = work(reader, &parts);
            if outcome.is_err() {
                damage.take_over(); // this thread ends here
                parts.stop();
            }
            outcome
        };
        if parts.count > 1 {
            self.recruit()?;
        }
        let mut helpers = self.helpers.borrow_mut();
        let wanted = parts.count.saturating_sub(1);
        std::thread::scope(|scope| {
            let work = &work;
            let threads: Vec<_> = helpers
                .iter_mut()
                .flatten()
                .take(wanted)
                .map(|helper| scope.spawn(move || work(&helper.reader)))
                .collect();
            let own = work(self.reader);
            let others = threads
                .into_iter()
                .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            std::iter::once(own).chain(others).collect()
        })
    }
}

impl Parallel<'_> {
    /// As [`Parallel::run`], on the question's own thread.
    pub(crate) fn alone<T>(
        &self,
        parts: usize,
        work: impl Fn(&Reader, &Parts) -> Result<T, CatalogError>,
    ) -> Result<Vec<T>, CatalogError> {
        Ok(vec![work(self.reader, &Parts { next: AtomicUsize::new(0), count: parts })?])
    }
}

/// The parts of a pass that no one has taken yet.
pub(crate) struct Parts {
    next: AtomicUsize,
    count: usize,
}

impl Parts {
    /// The next one.
    pub(crate) fn take(&self) -> Option<usize> {
        let part = self.next.fetch_add(1, Ordering::Relaxed);
        (part < self.count).then_some(part)
    }

    /// Leaves the rest undone.
    pub(crate) fn stop(&self) {
        self.next.store(self.count, Ordering::Relaxed);
    }
}

/// A reader in a transaction of its own.
struct Helper<'a> {
    reader: ReaderGuard<'a>,
}

impl<'a> Helper<'a> {
    /// None where the catalog is no longer at `sequence`.
    fn begin(readers: &'a ReaderPool, sequence: i64) -> Result<Option<Self>, CatalogError> {
        let helper = Self { reader: readers.take()? };
        helper.reader.connection.execute_batch("BEGIN")?;
        Ok((helper.reader.meta("commit_sequence")? == sequence).then_some(helper))
    }
}

impl Drop for Helper<'_> {
    fn drop(&mut self) {
        if !self.reader.connection.is_autocommit() {
            // It has written nothing, so that there is nothing to lose.
            let _ = self.reader.connection.execute_batch("ROLLBACK");
        }
    }
}
