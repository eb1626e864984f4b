//! The engine: an open catalog, the scans that run on it, and the name index that follows them.

mod acting;
mod check;
mod handle;
mod have;
mod journal;
mod name_indexer;
mod options;
mod plan_groups;
mod plans;
mod scans;
mod shared;
mod status;
mod verify;

use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use sanchay_catalog::journal::Journal;
use sanchay_catalog::queries::RootNames;
use sanchay_catalog::{Catalog, CatalogError, CatalogOptions, RootRow};
use sanchay_core::RootDir;

pub use self::acting::ActPage;
pub use self::handle::Scan;
pub(crate) use self::journal::JournalFile;
pub use self::options::EngineOptions;
pub use self::plan_groups::{FoundGroup, GroupAsked, GroupEdit, PlanPage, ShownCopy, ShownGroup};
pub use self::plans::PlanAsked;
pub(crate) use self::shared::Shared;
pub use self::status::RootStatus;
pub use self::verify::Verification;
use crate::error::EngineError;
use crate::folder_mark;
use crate::live::{Live, LiveEvent, LiveSettings, LiveState, LiveStatus};
use crate::one_call::CatalogGuard;
use crate::own_files::OwnPlaces;
use crate::root_spec::{root_name, RootSettings, Rules};

/// How long scans that were cancelled keep the catalog open.
const CLOSE_PATIENCE: Duration = Duration::from_secs(1);

/// An open catalog with its scans.
pub struct Engine {
    inner: Arc<Shared>,
    live: Mutex<Option<Live>>,
}

impl Engine {
    /// Opens the catalog at `path`, or begins one.
    pub fn open(path: &Path, options: EngineOptions) -> Result<Self, EngineError> {
        // Before the first of its threads; a process that opens a catalog stays, one that walks a tree once may use what there is.
        sanchay_core::bound_memory();
        let mut cache = CatalogOptions::default();
        if options.cache_bytes > 0 {
            cache.writer_cache_bytes = options.cache_bytes;
        }
        let guard = CatalogGuard::new(&sanchay_catalog::real_file(path));
        let catalog = Catalog::open_for(path, cache, &options.owner)?;
        folder_mark::mark(&options.own_folders);
        let mut own_files = options.own_files.clone();
        own_files.extend(catalog.files());
        own_files.push(catalog.lock_file());
        let journal = JournalFile::beside(catalog.path());
        own_files.extend(journal.files());
        let own = OwnPlaces::new(&options.own_folders, &own_files);
        let inner = Arc::new(Shared::new(catalog, journal, guard, options, own));
        inner.check_at_opening();
        #[cfg(unix)]
        if inner.journal.is_there() {
            crate::acting::settle_at_opening(&inner);
        }
        inner.index_names();
        Ok(Self { inner, live: Mutex::new(None) })
    }

    /// Cancels what runs, waits for it, and closes the catalog. A scan whose read hangs is waited for with the catalog
    /// closed: the process may be ended before that, and a lock that it holds then would last as long as the read.
    pub fn close(&self) {
        self.inner.closing.store(true, Ordering::Relaxed);
        self.inner.background.wake();
        self.inner.catalog.announce_close();
        self.inner.events.close();
        let mut work = self.inner.work();
        work.turns.all().for_each(|turn| turn.control.cancel());
        work.verifying.iter().for_each(|control| control.cancel());
        let until = Instant::now() + CLOSE_PATIENCE;
        let mut is_open = true;
        while work.is_under_way() {
            if is_open && Instant::now() >= until {
                is_open = false;
                drop(work);
                self.inner.catalog.close();
                work = self.inner.work();
                continue;
            }
            let waited = self.inner.changed.wait_timeout(work, Duration::from_millis(100));
            work = waited.expect("no panic under this lock").0;
        }
        drop(work);
        let live = self.live.lock().expect("no panic under this lock").take();
        if let Some(live) = live {
            live.stop(&self.inner);
        }
        self.inner.journal.close();
        self.inner.catalog.close();
        *self.inner.guard.lock().expect("no panic under this lock") = None;
    }

    /// The catalog, for questions.
    pub fn catalog(&self) -> &Catalog {
        &self.inner.catalog
    }

    /// The journal of plans, runs and findings; begun where there is none.
    pub fn journal(&self) -> Result<Arc<Journal>, EngineError> {
        self.inner.journal()
    }

    fn is_closing(&self) -> bool {
        self.inner.closing.load(Ordering::Relaxed)
    }

    /// Adds a root, or replaces its settings: they count from its next scan.
    pub fn put_root(&self, id: i64, path: &[u8], settings: &RootSettings) -> Result<(), EngineError> {
        Rules::new(settings)?;
        let (path, json) = (path.to_vec(), settings.to_json());
        self.inner.catalog.writer().run(move |session| session.put_root(id, &path, &json))?;
        self.with_live(|live| live.put_root(id));
        Ok(())
    }

    /// Every root of the catalog, be it known to the caller or not.
    pub fn roots(&self) -> Result<Vec<RootRow>, EngineError> {
        Ok(self.inner.catalog.reader()?.roots()?)
    }

    /// Gives the roots of the catalog the ids that the caller has for their paths. To be called before anything else is done
    /// with them.
    pub fn match_roots(&self, known: Vec<(i64, Vec<u8>)>) -> Result<(), EngineError> {
        Ok(self.inner.catalog.writer().run(move |session| session.match_roots(&known))?)
    }

    /// Has the next scan of a root take the folder that is there for it, whatever was there before: what is not found in
    /// it then is gone. Fails where no folder is there.
    pub fn accept_root(&self, id: i64) -> Result<(), EngineError> {
        RootDir::open(&sanchay_core::path::path_from_bytes(&self.root(id)?.path))?;
        Ok(self.inner.catalog.writer().run(move |session| session.accept_root(id))?)
    }

    /// Forgets a root and the rows that no other root needs. A scan of it is cancelled first.
    pub fn remove_root(&self, id: i64) -> Result<(), EngineError> {
        let mut work = self.inner.work();
        work.turns.of_root(id).for_each(|turn| turn.control.cancel());
        while work.turns.of_root(id).next().is_some() {
            work = self.inner.changed.wait(work).expect("no panic under this lock");
        }
        drop(work);
        self.with_live(|live| live.remove_root(id));
        let path = self.root(id)?.path;
        // A live look at it ends first.
        let _turn = self.inner.trees.enter(&path, &|| !self.inner.closing.load(Ordering::Relaxed));
        let gone = self.inner.catalog.remove_root(id, &|| !self.inner.closing.load(Ordering::Relaxed))?;
        if gone {
            self.inner.index_names();
            Ok(())
        } else {
            Err(CatalogError::Closed.into())
        }
    }

    /// One root's row.
    pub fn root(&self, id: i64) -> Result<RootRow, EngineError> {
        Ok(self.inner.catalog.reader()?.root(id)?)
    }

    /// All roots, for naming them in questions.
    pub fn root_names(&self) -> Result<RootNames, EngineError> {
        Ok(RootNames(self.inner.catalog.reader()?.roots()?.iter().map(root_name).collect()))
    }

    /// Starts a scan of a root. Scans of roots that share folders take turns.
    pub fn scan(&self, root_id: i64, background: bool, request_id: &str) -> Result<Scan, EngineError> {
        self.inner.start_scan(root_id, background, request_id)
    }

    /// Keeps every root up to date from now on; roots that are added or removed later are followed too.
    pub fn start_live(&self, settings: LiveSettings) -> Result<(), EngineError> {
        let mut live = self.live.lock().expect("no panic under this lock");
        match &*live {
            Some(live) => live.set(|own| *own = settings),
            None => *live = Some(Live::start(&self.inner, settings)?),
        }
        Ok(())
    }

    /// Changes how roots are kept up; nothing happens where they are not.
    pub fn set_live(&self, change: impl FnOnce(&mut LiveSettings)) {
        self.with_live(|live| live.set(change));
    }

    /// How each root is kept up; empty where no one does.
    pub fn live_status(&self) -> Vec<LiveStatus> {
        let mut statuses = Vec::new();
        self.with_live(|live| statuses = live.statuses());
        for status in statuses.iter_mut().filter(|status| status.state == LiveState::Live && status.pending == 0) {
            status.as_of_ns = crate::clock::now_ns();
        }
        let amiss = match self.inner.catalog.damage() {
            Some(_) => "the catalog is damaged: it is rebuilt at the next start",
            None if self.inner.catalog.is_disk_full() => "the disk of the catalog is full: changes wait for room",
            None => return statuses,
        };
        let waits = |status: &&mut LiveStatus| matches!(status.state, LiveState::Live | LiveState::Polled);
        for status in statuses.iter_mut().filter(waits) {
            status.state = LiveState::Degraded;
            amiss.clone_into(&mut status.reason);
        }
        statuses
    }

    /// Ends when everything that was written in the root before this call is in the catalog, settled and hashed. Where
    /// its file system tells of no changes, that is a scan.
    pub fn sync(&self, root_id: i64) -> Result<Scan, EngineError> {
        if self.inner.closing.load(Ordering::Relaxed) {
            return Err(sanchay_catalog::CatalogError::Closed.into());
        }
        self.root(root_id)?;
        let scan = self.inner.new_scan(false, "");
        let live = self.live.lock().expect("no panic under this lock");
        match &*live {
            Some(live) => live.sync(root_id, scan.clone()),
            None => {
                drop(live);
                self.inner.run_scan(&scan, root_id);
            }
        }
        Ok(scan)
    }

    /// Holds back work that no one waits for: reads keep to `bytes_per_s` together (`None`: no limit), and while it is
    /// `paused` everything of it stands still.
    pub fn set_background(&self, bytes_per_s: Option<f64>, paused: bool) {
        self.inner.background.set(bytes_per_s, paused);
        // The name index stopped at the pause, and so did comparisons of live folders.
        self.inner.index_names();
        self.with_live(|live| live.set(|_| {}));
    }

    /// Up to `limit` events, the oldest first, and how many were dropped before them; waits up to `timeout` for the
    /// first. For one caller at a time.
    pub fn next_events(&self, timeout: Duration, limit: usize) -> (Vec<LiveEvent>, u64) {
        self.inner.events.next(timeout, limit)
    }

    /// Whether every name is in the name index; waits for it up to `timeout`.
    pub fn wait_name_index(&self, timeout: Option<Duration>) -> bool {
        let until = timeout.map(|timeout| Instant::now() + timeout);
        let mut work = self.inner.work();
        loop {
            if self.inner.catalog.name_index_ready() {
                return true;
            }
            if self.inner.closing.load(Ordering::Relaxed) || until.is_some_and(|until| Instant::now() >= until) {
                return false;
            }
            let waited = self.inner.changed.wait_timeout(work, Duration::from_millis(50));
            work = waited.expect("no panic under this lock").0;
        }
    }
}

impl Engine {
    fn with_live(&self, work: impl FnOnce(&Live)) {
        if let Some(live) = &*self.live.lock().expect("no panic under this lock") {
            work(live);
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.close();
    }
}
