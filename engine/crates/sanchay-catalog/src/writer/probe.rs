//! Whether the writer is alive, for a watchdog: a thread that hangs in the kernel cannot say so itself.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crossbeam_channel::bounded;

use super::{Command, Writer};

impl Writer {
    /// Changes and tasks that wait for the writer.
    pub fn waiting(&self) -> usize {
        self.commands.len()
    }

    /// Transactions that ended since the catalog was opened.
    pub fn transactions(&self) -> u64 {
        self.shared.transactions.load(Ordering::Relaxed)
    }

    /// Whether the writer does its work: an empty task came through within `limit`, or transactions ended, or
    /// it is known to wait for room on its disk. Blocks for `limit` at the longest. A catalog that is closed, or whose
    /// writes failed for good, has a writer that answers: those are told by every call, and no restart mends a disk.
    pub fn answers(&self, limit: Duration) -> bool {
        let until = Instant::now() + limit;
        let before = self.transactions();
        let (answer, wait) = bounded::<()>(1);
        let task = Command::Task(Box::new(move |_| {
            // The asker may have gone; then no one wants the answer.
            let _ = answer.send(());
        }));
        let came_through = match self.commands.send_deadline(task, until) {
            Ok(()) => !matches!(wait.recv_deadline(until), Err(crossbeam_channel::RecvTimeoutError::Timeout)),
            Err(crossbeam_channel::SendTimeoutError::Disconnected(_)) => true,
            Err(crossbeam_channel::SendTimeoutError::Timeout(_)) => false,
        };
        came_through || self.transactions() != before || self.shared.disk_full.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Catalog, CatalogOptions};

    #[test]
    fn a_writer_that_hangs_does_not_answer_and_one_that_is_free_again_does() {
        let folder = tempfile::tempdir().unwrap();
        let catalog = Catalog::open(&folder.path().join("catalog.db"), CatalogOptions::default()).unwrap();
        assert!(catalog.writer().answers(Duration::from_secs(60)));

        let (entered, is_in) = bounded::<()>(1);
        let (release, held) = bounded::<()>(1);
        let writer = catalog.writer().clone();
        let hanging = std::thread::spawn(move || {
            writer.run(move |_| {
                entered.send(()).unwrap();
                held.recv().unwrap();
                Ok(())
            })
        });
        is_in.recv().unwrap();
        assert!(!catalog.writer().answers(Duration::from_millis(20)));
        release.send(()).unwrap();
        hanging.join().unwrap().unwrap();
        assert!(catalog.writer().answers(Duration::from_secs(60)));
        catalog.close();
        assert!(catalog.writer().answers(Duration::from_secs(60)), "a closed catalog has nothing that could hang");
    }

    #[test]
    fn a_writer_in_a_long_task_that_commits_is_at_work() {
        let folder = tempfile::tempdir().unwrap();
        let catalog = Catalog::open(&folder.path().join("catalog.db"), CatalogOptions::default()).unwrap();
        let (entered, is_in) = bounded::<()>(1);
        let (release, held) = bounded::<()>(1);
        let writer = catalog.writer().clone();
        let long = std::thread::spawn(move || {
            writer.run(move |session| {
                entered.send(()).unwrap();
                while held.try_recv().is_err() {
                    session.transaction(|_| Ok(()))?;
                }
                Ok(())
            })
        });
        is_in.recv().unwrap();
        let before = catalog.writer().transactions();
        while catalog.writer().transactions() == before {
            std::thread::yield_now();
        }
        assert!(catalog.writer().answers(Duration::from_secs(1)));
        release.send(()).unwrap();
        long.join().unwrap().unwrap();
        catalog.close();
    }
}
