//! What the engine's threads share.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use sanchay_catalog::journal::Journal;
use sanchay_catalog::{Catalog, CatalogError};

use super::journal::JournalFile;
use super::options::EngineOptions;
use crate::acting::Alone;
use crate::background::Background;
use crate::carried::Carried;
use crate::error::EngineError;
use crate::inodes::Inodes;
use crate::job::{Control, ScanResult, Turns};
use crate::live::EventQueue;
use crate::one_call::CatalogGuard;
use crate::own_files::OwnPlaces;
use crate::reading::Contents;
use crate::suspects::Suspects;
use crate::trees::Trees;
use crate::writers::Writers;

/// Hears of the end of a scan: its root, its number, and how it went.
pub(crate) type ScanListener = Box<dyn Fn(i64, u64, &Result<ScanResult, EngineError>) + Send + Sync>;

/// What the engine's threads share.
pub(crate) struct Shared {
    pub(crate) catalog: Catalog,
    pub(super) journal: Arc<JournalFile>,
    /// Who changes files at a time.
    #[cfg_attr(not(unix), allow(dead_code))] // only runs need it
    pub(crate) alone: Alone,
    /// Keeps the one-call functions off the catalog's files while they are open.
    pub(super) guard: Mutex<Option<CatalogGuard>>,
    pub(crate) options: EngineOptions,
    pub(crate) own: OwnPlaces,
    pub(super) work: Mutex<Work>,
    pub(super) changed: Condvar,
    pub(crate) background: Arc<Background>,
    /// Someone waits for a sync: what is read for live folders is held back no more.
    pub(crate) hurried: AtomicBool,
    pub(crate) closing: AtomicBool,
    pub(crate) trees: Trees,
    pub(crate) inodes: Arc<Inodes>,
    /// What the live threads have read of files with several names.
    pub(crate) contents: Arc<Contents>,
    pub(crate) carried: Carried,
    pub(crate) writers: Writers,
    pub(crate) suspects: Suspects,
    pub(crate) events: EventQueue,
    scan_ended: Mutex<Option<ScanListener>>,
}

/// What has to end before the catalog may be closed.
#[derive(Default)]
pub(super) struct Work {
    pub(super) turns: Turns,
    pub(super) indexing: bool,
    /// Checks of the catalog under way.
    pub(super) checking: usize,
    /// Verifications under way.
    pub(super) verifying: Vec<Arc<Control>>,
}

impl Work {
    pub(super) fn is_under_way(&self) -> bool {
        !self.turns.is_empty() || self.indexing || self.checking > 0 || !self.verifying.is_empty()
    }
}

impl Shared {
    pub(super) fn new(
        catalog: Catalog,
        journal: JournalFile,
        guard: CatalogGuard,
        options: EngineOptions,
        own: OwnPlaces,
    ) -> Self {
        let journal = Arc::new(journal);
        Self {
            catalog,
            suspects: Suspects::new(Arc::clone(&journal)),
            journal,
            alone: Alone::default(),
            guard: Mutex::new(Some(guard)),
            options,
            own,
            work: Mutex::default(),
            changed: Condvar::new(),
            background: Arc::default(),
            hurried: AtomicBool::new(false),
            closing: AtomicBool::new(false),
            trees: Trees::default(),
            inodes: Arc::default(),
            contents: Arc::new(Contents::lasting(Arc::default())),
            carried: Carried::default(),
            writers: Writers::default(),
            events: EventQueue::default(),
            scan_ended: Mutex::new(None),
        }
    }

    /// The journal of plans, runs and findings; begun where there is none.
    pub(crate) fn journal(&self) -> Result<Arc<Journal>, EngineError> {
        self.journal.get(|| Ok(self.catalog.reader()?.catalog_id()?))
    }

    /// The same, where one was begun at any time.
    pub(crate) fn journal_if_there(&self) -> Result<Option<Arc<Journal>>, EngineError> {
        self.journal.get_if_there(|| Ok(self.catalog.reader()?.catalog_id()?))
    }

    pub(super) fn work(&self) -> MutexGuard<'_, Work> {
        self.work.lock().expect("no panic under this lock")
    }

    /// Has `listener` hear of each scan that ends, until another takes its place.
    pub(crate) fn on_scan_end(&self, listener: Option<ScanListener>) {
        *self.scan_ended.lock().expect("no panic under this lock") = listener;
    }

    /// Whether there is a listener.
    pub(super) fn is_heard(&self) -> bool {
        self.scan_ended.lock().expect("no panic under this lock").is_some()
    }

    pub(super) fn tell_scan_ended(&self, root_id: i64, number: u64, outcome: &Result<ScanResult, EngineError>) {
        if let Some(listener) = &*self.scan_ended.lock().expect("no panic under this lock") {
            listener(root_id, number, outcome);
        }
    }

    /// Writes, however long the disk is full, until the catalog is closed.
    pub(crate) fn persist<T>(&self, work: &mut dyn FnMut() -> Result<T, CatalogError>) -> Result<T, EngineError> {
        Ok(self.catalog.persist(&|| !self.closing.load(Ordering::Relaxed), work)?)
    }

    /// Whether what is read for live folders may wait: no one waits for it, and the catalog stays open.
    pub(crate) fn may_hold_reading(&self) -> bool {
        !self.closing.load(Ordering::Relaxed) && !self.hurried.load(Ordering::Relaxed)
    }

    pub(crate) fn threads(&self) -> usize {
        match self.options.threads {
            0 => std::thread::available_parallelism().map_or(2, std::num::NonZeroUsize::get),
            threads => threads,
        }
    }
}
