//! An open catalog: the writer, the readers, and what they share.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::beside::with_suffix;
use crate::database::open_writer;
use crate::error::CatalogError;
use crate::extensions::Extensions;
use crate::ownership::{real_file, CatalogLock, LOCK_SUFFIX};
use crate::queries::Cache;
use crate::reader::{ReaderGuard, ReaderPool};
use crate::shared::Shared;
use crate::writer::{Session, Writer, FULL_DISK_RETRY};

/// How a catalog is opened.
#[derive(Clone, Copy, Debug)]
pub struct CatalogOptions {
    /// Pages that the writer keeps in memory while there is much to do, bytes.
    pub writer_cache_bytes: u64,
    /// Pages that each reader keeps in memory, bytes.
    pub reader_cache_bytes: u64,
}

impl Default for CatalogOptions {
    fn default() -> Self {
        Self { writer_cache_bytes: 64 << 20, reader_cache_bytes: 16 << 20 }
    }
}

/// A catalog file, open.
pub struct Catalog {
    path: PathBuf,
    rebuilt_from: Option<PathBuf>,
    shared: Arc<Shared>,
    writer: Writer,
    thread: Mutex<Option<JoinHandle<()>>>,
    readers: ReaderPool,
    pub(crate) cache: Cache,
    lock: Mutex<Option<CatalogLock>>,
}

impl Catalog {
    /// Opens the catalog at `path`, or begins one. It has one owner at a time, in whatever process.
    pub fn open(path: &Path, options: CatalogOptions) -> Result<Self, CatalogError> {
        Self::open_for(path, options, "")
    }

    /// The same; those who find it locked are told of its `owner`, such as `(sanchayd of /home/me/.local/share/sanchay)`.
    pub fn open_for(path: &Path, options: CatalogOptions, owner: &str) -> Result<Self, CatalogError> {
        let path = &real_file(path);
        let opened = open_writer(path, owner)?;
        let shared = Arc::new(Shared::default());
        shared.damage.note_beside(path);
        let session = Session::new(opened.connection, Arc::clone(&shared), options.writer_cache_bytes)?;
        let (writer, thread) = Writer::start(session, Arc::clone(&shared));
        Ok(Self {
            path: path.to_owned(),
            rebuilt_from: opened.rebuilt_from,
            readers: ReaderPool::new(path, options.reader_cache_bytes, Arc::clone(&shared)),
            shared,
            writer,
            thread: Mutex::new(Some(thread)),
            cache: Cache::default(),
            lock: Mutex::new(Some(opened.lock)),
        })
    }

    /// Says that [`Catalog::close`] will follow, however long it is put off: no work that could wait is begun any more.
    /// The process may be ended at any moment from here on, and a lock that it holds then may outlive it.
    pub fn announce_close(&self) {
        self.shared.closing.store(true, Ordering::Relaxed);
        self.shared.changed.end();
    }

    /// Counts the transactions after which an order of files or groups may be another: all but those that only keep
    /// indexes, marks and history.
    pub fn change_count(&self) -> u64 {
        self.shared.changed.count()
    }

    /// Waits until [`Catalog::change_count`] is not `known` any more, or for `timeout`; gives what it is.
    pub fn wait_change(&self, known: u64, timeout: Duration) -> Result<u64, CatalogError> {
        self.shared.changed.wait(known, timeout).ok_or(CatalogError::Closed)
    }

    /// Writes what is queued, shortens the WAL and closes the file. Later calls give [`CatalogError::Closed`].
    pub fn close(&self) {
        let thread = self.thread.lock().expect("no panic under this lock").take();
        if let Some(thread) = thread {
            self.announce_close();
            self.readers.close();
            self.writer.close();
            // A writer that panicked has said so already; the file is closed either way.
            let _ = thread.join();
            self.shared.damage.note(); // where there was no room for it before
            *self.lock.lock().expect("no panic under this lock") = None;
        }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The files that SQLite keeps beside it, and itself.
    pub fn files(&self) -> [PathBuf; 3] {
        [self.path.clone(), with_suffix(&self.path, "-wal"), with_suffix(&self.path, "-shm")]
    }

    /// The file that says that this catalog has an owner.
    pub fn lock_file(&self) -> PathBuf {
        with_suffix(&self.path, LOCK_SUFFIX)
    }

    /// Where a damaged predecessor was moved at this opening.
    pub fn rebuilt_from(&self) -> Option<&Path> {
        self.rebuilt_from.as_deref()
    }

    /// What was found to be wrong with the file since it was opened. It will be moved aside at the next opening, or looked
    /// at again where the disk did not give it.
    pub fn damage(&self) -> Option<String> {
        self.shared.damage.harm().map(|harm| harm.reason().to_owned())
    }

    /// The writer's queue.
    pub fn writer(&self) -> &Writer {
        &self.writer
    }

    /// A connection for reading; it goes back to the pool when dropped.
    pub fn reader(&self) -> Result<ReaderGuard<'_>, CatalogError> {
        self.readers.take()
    }

    /// Connections that read at this moment.
    pub fn readers_in_use(&self) -> usize {
        self.readers.on_loan()
    }

    /// Questions that ended early, as no one waited for their answers any more.
    pub fn called_off(&self) -> u64 {
        self.shared.called_off.load(Ordering::Relaxed)
    }

    /// Where readers come from, for questions that use several.
    pub(crate) fn readers(&self) -> &ReaderPool {
        &self.readers
    }

    /// The extensions' ids.
    pub fn extensions(&self) -> &Extensions {
        &self.shared.extensions
    }

    /// A directory id that no one has yet.
    pub fn next_directory_id(&self) -> i64 {
        self.shared.next_directory.fetch_add(1, Ordering::Relaxed)
    }

    /// The first of `count` block ids that no one has yet.
    pub fn reserve_blocks(&self, count: usize) -> i64 {
        self.shared.next_block.fetch_add(count as i64, Ordering::Relaxed)
    }

    /// Whether the name index covers `block`, so that a change of it must be told to the index.
    pub fn in_name_index(&self, block: i64) -> bool {
        self.shared.in_name_index(block)
    }

    /// Whether the writer waits for room on the disk.
    pub fn is_disk_full(&self) -> bool {
        self.shared.disk_full.load(Ordering::Relaxed)
    }

    /// Runs `work` until it is done, fails, or `go_on` says no: a full disk is waited for, never hammered.
    pub fn persist<T>(
        &self,
        go_on: &dyn Fn() -> bool,
        work: &mut dyn FnMut() -> Result<T, CatalogError>,
    ) -> Result<T, CatalogError> {
        loop {
            match work() {
                Err(CatalogError::DiskFull) => {
                    if !self.wait_for_room(go_on) {
                        return Err(CatalogError::DiskFull);
                    }
                }
                outcome => {
                    if outcome.is_ok() {
                        self.shared.disk_full.store(false, Ordering::Relaxed);
                    }
                    return outcome;
                }
            }
        }
    }

    /// Notes that the disk is full and waits until it is worth another try; false where `go_on` says no, or the catalog is
    /// being closed.
    pub(crate) fn wait_for_room(&self, go_on: &dyn Fn() -> bool) -> bool {
        self.shared.disk_full.store(true, Ordering::Relaxed);
        let until = Instant::now() + FULL_DISK_RETRY;
        while Instant::now() < until {
            if !go_on() || self.shared.closing.load(Ordering::Relaxed) {
                return false;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        true
    }

    /// Content keys that wait to be merged.
    pub fn staged_len(&self) -> usize {
        self.shared.staged.load(Ordering::Relaxed)
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }
}

impl Drop for Catalog {
    fn drop(&mut self) {
        self.close();
    }
}
