//! The engine: an open catalog, the scans that run on it, and the name index that follows them.

mod check;
mod handle;
mod name_indexer;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use sanchay_catalog::queries::RootNames;
use sanchay_catalog::{Catalog, CatalogError, CatalogOptions, RootRow};
use sanchay_core::RootDir;

pub use self::handle::Scan;
use crate::background::Background;
use crate::carried::Carried;
use crate::error::{EngineError, ErrorKind};
use crate::folder_mark;
use crate::inodes::Inodes;
use crate::live::{EventQueue, Live, LiveEvent, LiveSettings, LiveState, LiveStatus};
use crate::one_call::CatalogGuard;
use crate::own_files::OwnPlaces;
use crate::root_spec::{root_name, RootSettings, Rules};
use crate::scan::{Contents, Control};
use crate::trees::{shares_folders, Trees};
use crate::writers::Writers;

/// How an engine is opened.
#[derive(Clone, Debug, Default)]
pub struct EngineOptions {
    /// The daemon's own folders: never cataloged.
    pub own_folders: Vec<PathBuf>,
    /// Its files that lie elsewhere, but for those of the catalog.
    pub own_files: Vec<PathBuf>,
    /// Who opens the catalog, for whoever finds it locked.
    pub owner: String,
    /// Threads of a scan; 0: as many as the machine has processors.
    pub threads: usize,
    /// Memory for pages of the catalog, bytes; 0: the default.
    pub cache_bytes: u64,
}

/// How long scans that were cancelled keep the catalog open.
const CLOSE_PATIENCE: Duration = Duration::from_secs(1);

/// An open catalog with its scans.
pub struct Engine {
    inner: Arc<Inner>,
}

/// What the engine's threads share.
pub(crate) struct Inner {
    pub(crate) catalog: Catalog,
    /// Keeps the one-call functions off the catalog's files while they are open.
    guard: Mutex<Option<CatalogGuard>>,
    pub(crate) options: EngineOptions,
    pub(crate) own: OwnPlaces,
    scans: Mutex<Scans>,
    changed: Condvar,
    pub(crate) background: Arc<Background>,
    /// Somebody waits for a sync: what is read for live folders is held back no more.
    pub(crate) hurried: AtomicBool,
    pub(crate) closing: AtomicBool,
    pub(crate) trees: Trees,
    pub(crate) inodes: Arc<Inodes>,
    /// What the live threads have read of files with several names.
    pub(crate) contents: Arc<Contents>,
    pub(crate) carried: Carried,
    pub(crate) writers: Writers,
    pub(crate) events: EventQueue,
    live: Mutex<Option<Live>>,
}

/// Content keys that are merged outside of a scan's own merging.
const MERGED_AT_ONCE: usize = 200_000;

#[derive(Default)]
struct Scans {
    /// Scans that run or wait their turn: (number, root, path, control).
    active: Vec<(u64, i64, Vec<u8>, Arc<Control>)>,
    running: Vec<u64>,
    next_number: u64,
    indexing: bool,
    /// Checks of the catalog under way.
    checking: usize,
}

impl Engine {
    /// Opens the catalog at `path`, or begins one.
    pub fn open(path: &Path, options: EngineOptions) -> Result<Self, EngineError> {
        // Before the first of its threads; whoever opens a catalog stays, whoever walks a tree once may use what there is.
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
        let own = OwnPlaces::new(&options.own_folders, &own_files);
        let inner = Arc::new(Inner {
            catalog,
            guard: Mutex::new(Some(guard)),
            options,
            own,
            scans: Mutex::default(),
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
            live: Mutex::new(None),
        });
        inner.check_at_opening();
        inner.index_names();
        Ok(Self { inner })
    }

    /// Cancels what runs, waits for it, and closes the catalog. A scan whose read hangs is waited for with the catalog
    /// closed: the process may be ended meanwhile, and a lock that it holds then would last as long as the read.
    pub fn close(&self) {
        self.inner.closing.store(true, Ordering::Relaxed);
        self.inner.background.wake();
        self.inner.catalog.announce_close();
        self.inner.events.close();
        let mut scans = self.inner.scans.lock().expect("no panic under this lock");
        for (_, _, _, control) in &scans.active {
            control.cancel();
        }
        let until = Instant::now() + CLOSE_PATIENCE;
        let mut is_open = true;
        while !scans.active.is_empty() || scans.indexing || scans.checking > 0 {
            if is_open && Instant::now() >= until {
                is_open = false;
                drop(scans);
                self.inner.catalog.close();
                scans = self.inner.scans.lock().expect("no panic under this lock");
                continue;
            }
            let waited = self.inner.changed.wait_timeout(scans, Duration::from_millis(100));
            scans = waited.expect("no panic under this lock").0;
        }
        drop(scans);
        let live = self.inner.live.lock().expect("no panic under this lock").take();
        if let Some(live) = live {
            live.stop(&self.inner);
        }
        self.inner.catalog.close();
        *self.inner.guard.lock().expect("no panic under this lock") = None;
    }

    /// The catalog, for questions.
    pub fn catalog(&self) -> &Catalog {
        &self.inner.catalog
    }

    /// Adds a root, or replaces its settings: they count from its next scan.
    pub fn put_root(&self, id: i64, path: &[u8], settings: &RootSettings) -> Result<(), EngineError> {
        Rules::new(settings)?;
        let (path, json) = (path.to_vec(), settings.to_json());
        self.inner.catalog.writer().run(move |session| session.put_root(id, &path, &json))?;
        self.inner.with_live(|live| live.put_root(id));
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
        let mut scans = self.inner.scans.lock().expect("no panic under this lock");
        for (_, _, _, control) in scans.active.iter().filter(|(_, root, _, _)| *root == id) {
            control.cancel();
        }
        while scans.active.iter().any(|(_, root, _, _)| *root == id) {
            scans = self.inner.changed.wait(scans).expect("no panic under this lock");
        }
        drop(scans);
        self.inner.with_live(|live| live.remove_root(id));
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
        let mut live = self.inner.live.lock().expect("no panic under this lock");
        match &*live {
            Some(live) => live.set(|own| *own = settings),
            None => *live = Some(Live::start(&self.inner, settings)?),
        }
        Ok(())
    }

    /// Changes how roots are kept up; nothing happens where they are not.
    pub fn set_live(&self, change: impl FnOnce(&mut LiveSettings)) {
        self.inner.with_live(|live| live.set(change));
    }

    /// How each root is kept up; empty where nobody does.
    pub fn live_status(&self) -> Vec<LiveStatus> {
        let mut statuses = Vec::new();
        self.inner.with_live(|live| statuses = live.statuses());
        for status in statuses.iter_mut().filter(|status| status.state == LiveState::Live && status.pending == 0) {
            status.as_of_ns = crate::scan::now_ns();
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
        let live = self.inner.live.lock().expect("no panic under this lock");
        match &*live {
            Some(live) => live.sync(root_id, scan.clone()),
            None => {
                drop(live);
                self.inner.run_scan(&scan, root_id);
            }
        }
        Ok(scan)
    }

    /// Holds back work that nobody waits for: reads keep to `bytes_per_s` together (`None`: no limit), and while it is
    /// `paused` everything of it stands still.
    pub fn set_background(&self, bytes_per_s: Option<f64>, paused: bool) {
        self.inner.background.set(bytes_per_s, paused);
        // The name index stopped at the pause, and so did comparisons of live folders.
        self.inner.index_names();
        self.inner.with_live(|live| live.set(|_| {}));
    }

    /// Up to `limit` events, the oldest first, and how many were dropped before them; waits up to `timeout` for the
    /// first. For one caller at a time.
    pub fn next_events(&self, timeout: Duration, limit: usize) -> (Vec<LiveEvent>, u64) {
        self.inner.events.next(timeout, limit)
    }

    /// Whether every name is in the name index; waits for it up to `timeout`.
    pub fn wait_name_index(&self, timeout: Option<Duration>) -> bool {
        let until = timeout.map(|timeout| Instant::now() + timeout);
        let mut scans = self.inner.scans.lock().expect("no panic under this lock");
        loop {
            if self.inner.catalog.name_index_ready() {
                return true;
            }
            if self.inner.closing.load(Ordering::Relaxed) || until.is_some_and(|until| Instant::now() >= until) {
                return false;
            }
            let waited = self.inner.changed.wait_timeout(scans, Duration::from_millis(50));
            scans = waited.expect("no panic under this lock").0;
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.close();
    }
}

impl Inner {
    fn with_live(&self, work: impl FnOnce(&Live)) {
        if let Some(live) = &*self.live.lock().expect("no panic under this lock") {
            work(live);
        }
    }

    /// Writes, however long the disk is full, until the catalog is closed.
    pub(crate) fn persist<T>(&self, work: &mut dyn FnMut() -> Result<T, CatalogError>) -> Result<T, EngineError> {
        Ok(self.catalog.persist(&|| !self.closing.load(Ordering::Relaxed), work)?)
    }

    /// Whether a scan of the root runs or waits.
    pub(crate) fn is_scanned(&self, root_id: i64) -> bool {
        let scans = self.scans.lock().expect("no panic under this lock");
        scans.active.iter().any(|(_, root, _, _)| *root == root_id)
    }

    /// Somebody waits for what the scans around a path hold up: they go on at normal priority, and through a pause.
    pub(crate) fn hurry(&self, path: &[u8]) {
        let scans = self.scans.lock().expect("no panic under this lock");
        for (_, _, _, control) in scans.active.iter().filter(|(_, _, other, _)| shares_folders(other, path)) {
            control.foreground();
        }
    }

    /// Whether what is read for live folders may wait: nobody waits for it, and the catalog stays open.
    pub(crate) fn may_hold_reading(&self) -> bool {
        !self.closing.load(Ordering::Relaxed) && !self.hurried.load(Ordering::Relaxed)
    }

    /// A scan that has not begun.
    fn new_scan(self: &Arc<Self>, background: bool, request_id: &str) -> Scan {
        let control = Arc::new(Control::new(background, request_id).sharing(Arc::clone(&self.background)));
        Scan {
            control,
            number: Arc::default(),
            inner: Arc::clone(self),
            outcome: Arc::default(),
            clearing: Arc::default(),
        }
    }

    pub(crate) fn start_scan(
        self: &Arc<Self>,
        root_id: i64,
        background: bool,
        request_id: &str,
    ) -> Result<Scan, EngineError> {
        let scan = self.new_scan(background, request_id);
        self.begin(&scan, root_id)?;
        Ok(scan)
    }

    /// Runs a scan that somebody holds already: what keeps it from starting is its outcome.
    pub(crate) fn run_scan(self: &Arc<Self>, scan: &Scan, root_id: i64) {
        if let Err(error) = self.begin(scan, root_id) {
            scan.finish(Err(error));
        }
    }

    fn begin(self: &Arc<Self>, scan: &Scan, root_id: i64) -> Result<(), EngineError> {
        if self.closing.load(Ordering::Relaxed) {
            return Err(CatalogError::Closed.into());
        }
        // What is hours of zeros, the live threads read; nobody waits for it then.
        self.with_live(|_| scan.control.give_way());
        let row = self.catalog.reader()?.root(root_id)?;
        let number = self.enlist(root_id, row.path, &scan.control);
        scan.number.store(number, Ordering::Relaxed);
        let thread = scan.clone();
        let started =
            std::thread::Builder::new().name(format!("scan-{number}")).spawn(move || thread.run(number, root_id));
        if let Err(error) = started {
            self.end(number);
            return Err(EngineError::new(ErrorKind::Io, format!("no thread could be started for the scan: {error}")));
        }
        Ok(())
    }

    fn enlist(&self, root_id: i64, path: Vec<u8>, control: &Arc<Control>) -> u64 {
        let mut scans = self.scans.lock().expect("no panic under this lock");
        scans.next_number += 1;
        let number = scans.next_number;
        scans.active.push((number, root_id, path, Arc::clone(control)));
        number
    }

    /// Makes a listing of a part of a root known, which reserves block ids as a scan does. To be ended by its number.
    pub(crate) fn begin_listing(&self, row: &RootRow) -> (u64, Arc<Control>) {
        let control = Arc::new(Control::new(true, "live"));
        if self.closing.load(Ordering::Relaxed) {
            control.cancel();
        }
        (self.enlist(row.id, row.path.clone(), &control), control)
    }

    /// Merges what is staged where it is little: of a scan under way, the scan will merge it.
    pub(crate) fn merge_if_small(&self) -> Result<(), EngineError> {
        if self.catalog.staged_len() == 0 || self.catalog.staged_len() > MERGED_AT_ONCE {
            return Ok(());
        }
        let mut work =
            || self.catalog.writer().run(|session| session.merge_content(&mut |_| ControlFlow::Continue(())));
        self.persist(&mut work)
    }

    /// Waits until no earlier scan shares folders with this one; false when it is cancelled meanwhile.
    fn take_turn(&self, number: u64, control: &Control) -> bool {
        let mut scans = self.scans.lock().expect("no panic under this lock");
        loop {
            if control.is_cancelled() {
                return false;
            }
            let own = scans.active.iter().find(|scan| scan.0 == number).map(|scan| scan.2.clone()).unwrap_or_default();
            let mut in_the_way =
                scans.active.iter().filter(|scan| scan.0 < number && shares_folders(&scan.2, &own)).peekable();
            if in_the_way.peek().is_none() {
                scans.running.push(number);
                return true;
            }
            scans
                .active
                .iter()
                .filter(|scan| scan.0 < number && shares_folders(&scan.2, &own))
                .for_each(|scan| scan.3.give_way());
            if !control.is_background() {
                // Whoever waits for this one waits for those, too: nothing may hold them back.
                in_the_way.for_each(|scan| scan.3.foreground());
            }
            let waited = self.changed.wait_timeout(scans, Duration::from_millis(100));
            scans = waited.expect("no panic under this lock").0;
        }
    }

    pub(crate) fn end(self: &Arc<Self>, number: u64) {
        let mut scans = self.scans.lock().expect("no panic under this lock");
        scans.active.retain(|scan| scan.0 != number);
        scans.running.retain(|other| *other != number);
        drop(scans);
        self.changed.notify_all();
        self.index_names();
    }
}

impl Inner {
    pub(crate) fn threads(&self) -> usize {
        match self.options.threads {
            0 => std::thread::available_parallelism().map_or(2, std::num::NonZeroUsize::get),
            threads => threads,
        }
    }
}
