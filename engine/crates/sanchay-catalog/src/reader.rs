//! Connections that read. Each piece of reading is one short transaction, so that the WAL can be shortened behind it.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::block::{BlockColumns, BlockView, EntryId, EntryRef};
use crate::database::open_reader;
use crate::error::CatalogError;
use crate::halt::Halt;
use crate::shared::Shared;

/// Idle connections that are kept, and for how long while others are used: each has a page cache of its own.
const KEPT: usize = 4;
const KEPT_FOR: Duration = Duration::from_secs(60);
/// Steps of a statement after which its halt is asked. A statement that is kept goes on counting where it ended, so that
/// thousands of short ones are ended too.
const STEPS: i32 = 100;

/// A connection that reads.
pub struct Reader {
    pub(crate) connection: Connection,
    pub(crate) shared: Arc<Shared>,
}

impl Reader {
    /// What is read from here on ends once `halt` is called off.
    fn heed(&mut self, halt: Halt) -> Result<(), CatalogError> {
        Ok(self.connection.progress_handler(STEPS, Some(move || halt.is_called_off()))?)
    }

    /// Runs `work` on one state of the catalog.
    pub fn snapshot<T>(&self, work: impl FnOnce(&Self) -> Result<T, CatalogError>) -> Result<T, CatalogError> {
        let transaction = self.connection.unchecked_transaction()?;
        let outcome = work(self);
        transaction.finish()?;
        if matches!(outcome, Err(CatalogError::Cancelled)) {
            self.shared.called_off.fetch_add(1, Ordering::Relaxed);
        }
        outcome
    }

    /// Reads one entry with its name; None when it is gone.
    pub fn entry<T>(&self, id: EntryId, read: impl FnOnce(EntryRef<'_>, i64) -> T) -> Result<Option<T>, CatalogError> {
        self.with_block(id.block(), |view, directory| Ok(view.get(id.slot())?.map(|item| read(item, directory))))
            .map(Option::flatten)
    }

    /// Reads one block, with its directory's id; None when it is gone.
    pub fn with_block<T>(
        &self,
        block: i64,
        read: impl FnOnce(&BlockView<'_>, i64) -> Result<T, CatalogError>,
    ) -> Result<Option<T>, CatalogError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT b.directory, b.columns, d.detail FROM block b JOIN block_detail d ON d.id = b.id WHERE b.id = ?1",
        )?;
        let mut rows = statement.query([block])?;
        let Some(row) = rows.next()? else {
            return Ok(None);
        };
        let columns = row.get_ref(1)?.as_blob().map_err(|_| CatalogError::corrupt_block())?;
        let detail = row.get_ref(2)?.as_blob().map_err(|_| CatalogError::corrupt_block())?;
        read(&BlockView::parse(columns, detail)?, row.get(0)?).map(Some)
    }

    /// Reads what filters look at in one block, with its directory's id; None when it is gone.
    pub(crate) fn with_columns<T>(
        &self,
        block: i64,
        read: impl FnOnce(&BlockColumns<'_>, i64) -> Result<T, CatalogError>,
    ) -> Result<Option<T>, CatalogError> {
        let mut statement = self.connection.prepare_cached("SELECT directory, columns FROM block WHERE id = ?1")?;
        let mut rows = statement.query([block])?;
        let Some(row) = rows.next()? else {
            return Ok(None);
        };
        let columns = row.get_ref(1)?.as_blob().map_err(|_| CatalogError::corrupt_block())?;
        read(&BlockColumns::parse(columns)?, row.get(0)?).map(Some)
    }

    /// A counter of the `meta` table.
    pub(crate) fn meta(&self, key: &str) -> Result<i64, CatalogError> {
        Ok(self
            .connection
            .prepare_cached("SELECT value FROM meta WHERE key = ?1")?
            .query_row([key], |row| row.get(0))?)
    }

    /// The number that the catalog was given when it was begun.
    pub fn catalog_id(&self) -> Result<i64, CatalogError> {
        self.meta("catalog_id")
    }
}

/// The idle connections.
pub(crate) struct ReaderPool {
    path: PathBuf,
    cache_bytes: u64,
    shared: Arc<Shared>,
    idle: Mutex<Option<Vec<Idle>>>,
    on_loan: AtomicUsize,
}

/// A connection that no one uses. The last one that came back is the first to be used again.
struct Idle {
    reader: Reader,
    since: Instant,
}

impl ReaderPool {
    pub(crate) fn new(path: &Path, cache_bytes: u64, shared: Arc<Shared>) -> Self {
        Self {
            path: path.to_owned(),
            cache_bytes,
            shared,
            idle: Mutex::new(Some(Vec::new())),
            on_loan: AtomicUsize::new(0),
        }
    }

    /// A reader that heeds the halt of this thread.
    pub(crate) fn take(&self) -> Result<ReaderGuard<'_>, CatalogError> {
        let halt = Halt::of_thread();
        if halt.is_called_off() {
            return Err(CatalogError::Cancelled);
        }
        let idle = self.idle.lock().expect("no panic under this lock").as_mut().ok_or(CatalogError::Closed)?.pop();
        let mut reader = match idle {
            Some(idle) => idle.reader,
            None => {
                let opened = open_reader(&self.path, self.cache_bytes);
                let connection = opened.inspect_err(|_| self.shared.damage.take_over())?;
                Reader { connection, shared: Arc::clone(&self.shared) }
            }
        };
        reader.heed(halt)?;
        self.on_loan.fetch_add(1, Ordering::Relaxed);
        Ok(ReaderGuard { reader: Some(reader), pool: self })
    }

    fn put_back(&self, reader: Reader, now: Instant) {
        if !reader.connection.is_autocommit() {
            return; // its transaction could not be ended: no one is to go on in it
        }
        let mut closed = Vec::new(); // once the lock is free
        let Ok(mut idle) = self.idle.lock() else { return };
        if let Some(idle) = idle.as_mut() {
            let long = idle.iter().take_while(|idle| idle.since + KEPT_FOR <= now).count();
            closed.extend(idle.drain(..long));
            if idle.len() < KEPT {
                idle.push(Idle { reader, since: now });
            }
        }
    }

    /// How many are in use.
    pub(crate) fn on_loan(&self) -> usize {
        self.on_loan.load(Ordering::Relaxed)
    }

    /// Closes the idle ones; those in use close when they come back.
    pub(crate) fn close(&self) {
        self.idle.lock().expect("no panic under this lock").take();
    }
}

/// A reader on loan.
pub struct ReaderGuard<'a> {
    reader: Option<Reader>,
    pool: &'a ReaderPool,
}

impl Deref for ReaderGuard<'_> {
    type Target = Reader;

    fn deref(&self) -> &Reader {
        self.reader.as_ref().expect("present until dropped")
    }
}

impl Drop for ReaderGuard<'_> {
    fn drop(&mut self) {
        self.pool.shared.damage.take_over();
        if let Some(reader) = self.reader.take() {
            self.pool.on_loan.fetch_sub(1, Ordering::Relaxed);
            self.pool.put_back(reader, Instant::now());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::open_writer;

    #[test]
    fn what_nobody_used_for_a_while_is_closed_when_another_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("catalog.db");
        let _writer = open_writer(&path, "a test").unwrap();
        let pool = ReaderPool::new(&path, 1 << 20, Arc::default());
        let idle = || pool.idle.lock().unwrap().as_ref().unwrap().len();
        let began = Instant::now();
        let mut readers: Vec<_> = (0..=KEPT).map(|_| pool.take().unwrap().reader.take().unwrap()).collect();
        let last = readers.pop().unwrap();
        for reader in readers {
            pool.put_back(reader, began);
        }
        assert_eq!(idle(), KEPT);
        pool.put_back(last, began + KEPT_FOR / 2);
        assert_eq!(idle(), KEPT, "no more are kept");
        let used = pool.take().unwrap().reader.take().unwrap();
        pool.put_back(used, began + KEPT_FOR);
        assert_eq!(idle(), 1);
    }

    #[test]
    fn a_reader_whose_question_was_called_off_in_a_statement_answers_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("catalog.db");
        let _writer = open_writer(&path, "a test").unwrap();
        let pool = ReaderPool::new(&path, 1 << 20, Arc::default());
        let halt = Halt::default();
        let endless = halt.over(|| {
            pool.take()?.snapshot(|reader| {
                let sql = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n";
                let mut statement = reader.connection.prepare_cached(sql)?;
                let mut rows = statement.query([])?;
                while rows.next()?.is_some() {
                    halt.call_off();
                }
                Ok(())
            })
        });
        assert!(matches!(endless, Err(CatalogError::Cancelled)));
        let idle = pool.idle.lock().unwrap().as_ref().unwrap().len();
        assert_eq!((idle, pool.on_loan()), (1, 0));
        assert!(matches!(halt.over(|| pool.take().map(|_| ())), Err(CatalogError::Cancelled)), "none is begun");
        pool.take().unwrap().snapshot(Reader::catalog_id).unwrap();
    }
}
