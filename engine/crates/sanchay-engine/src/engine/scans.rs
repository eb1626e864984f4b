//! Scans that run or wait their turn.

use std::ops::ControlFlow;
use std::sync::atomic::Ordering;
use std::sync::Arc;
use std::time::Duration;

use sanchay_catalog::{CatalogError, RootRow};

use super::handle::Scan;
use super::shared::Shared;
use crate::error::{EngineError, ErrorKind};
use crate::job::Control;
use crate::reading::Contents;
use crate::root_spec::Rules;
use crate::scan::ScanRequest;

/// Content keys that are merged outside of a scan's own merging.
const MERGED_AT_ONCE: usize = 200_000;

impl Shared {
    /// Whether a scan of the root runs or waits.
    pub(crate) fn is_scanned(&self, root_id: i64) -> bool {
        self.work().turns.of_root(root_id).next().is_some()
    }

    /// What a scan of a root works with.
    pub(crate) fn scan_request<'a>(&'a self, root_id: i64, control: &'a Control) -> ScanRequest<'a> {
        ScanRequest {
            catalog: &self.catalog,
            root_id,
            own: &self.own,
            threads: self.threads(),
            control,
            trees: &self.trees,
            inodes: &self.inodes,
            contents: Arc::new(Contents::of_scan(self.contents.slices())),
            carried: &self.carried,
            writers: &self.writers,
            suspects: &self.suspects,
        }
    }

    /// Someone waits for what the scans around a path hold up: they go on at normal priority, and through a pause.
    pub(crate) fn hurry(&self, path: &[u8]) {
        self.work().turns.around(path).for_each(|turn| turn.control.foreground());
    }

    /// A scan that has not begun.
    pub(super) fn new_scan(self: &Arc<Self>, background: bool, request_id: &str) -> Scan {
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

    /// Runs a scan that is held already: what keeps it from starting is its outcome.
    pub(crate) fn run_scan(self: &Arc<Self>, scan: &Scan, root_id: i64) {
        if let Err(error) = self.begin(scan, root_id) {
            scan.finish(Err(error));
        }
    }

    fn begin(self: &Arc<Self>, scan: &Scan, root_id: i64) -> Result<(), EngineError> {
        if self.closing.load(Ordering::Relaxed) {
            return Err(CatalogError::Closed.into());
        }
        // What is hours of zeros, the live threads read; no one waits for it then.
        if self.is_heard() {
            scan.control.give_way();
        }
        let row = self.catalog.reader()?.root(root_id)?;
        Rules::of(&row)?;
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

    /// Takes work of another kind in some roots, whose folders are `trees`; to be ended by its number.
    #[cfg_attr(not(unix), allow(dead_code))] // only runs need it
    pub(crate) fn enlist_work(&self, root_ids: Vec<i64>, trees: Vec<Vec<u8>>, control: &Arc<Control>) -> u64 {
        self.work().turns.enlist(root_ids, trees, Arc::clone(control))
    }

    fn enlist(&self, root_id: i64, path: Vec<u8>, control: &Arc<Control>) -> u64 {
        self.work().turns.enlist(vec![root_id], vec![path], Arc::clone(control))
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

    /// Waits until no earlier work shares folders with this; false when it is cancelled before that.
    pub(crate) fn take_turn(&self, number: u64, control: &Control) -> bool {
        let mut work = self.work();
        loop {
            if control.is_cancelled() {
                return false;
            }
            if work.turns.before(number).next().is_none() {
                return true;
            }
            work.turns.before(number).for_each(|turn| {
                turn.control.give_way();
                if !control.is_background() {
                    // One who waits for this one waits for those, too: nothing may hold them back.
                    turn.control.foreground();
                }
            });
            let waited = self.changed.wait_timeout(work, Duration::from_millis(100));
            work = waited.expect("no panic under this lock").0;
        }
    }

    pub(crate) fn end(self: &Arc<Self>, number: u64) {
        self.work().turns.end(number);
        self.changed.notify_all();
        self.index_names();
    }
}
