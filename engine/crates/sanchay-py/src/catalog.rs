//! An open catalog as Python holds it. Every call lets the GIL go while it works.

use std::path::PathBuf;
use std::time::Duration;

use pyo3::prelude::*;
use sanchay_core::path::{bytes_of, path_from_bytes};
use sanchay_engine::catalog::expression::Endings;
use sanchay_engine::catalog::queries::{
    ChangesRequest, DuplicateRequest, DuplicateSort, FindRequest, GrowthRequest, Sort, SummaryBy, UsageRequest,
};
use sanchay_engine::catalog::Fault;
use sanchay_engine::{
    words, Engine, EngineError, EngineOptions, HashScope, LiveSettings, Question, RootSettings, Wanted, WatchSetting,
};

use crate::changes::{ChangePage, GrowthPage};
use crate::enter::{ask, enter};
use crate::errors::raise;
use crate::export::Export;
use crate::have::Have;
use crate::live::{EventBatch, LiveStatus};
use crate::load::{CatalogCheck, CatalogFault, EngineLoad, HashDebt};
use crate::rows::{CatalogStatus, DuplicatePage, FindPage, NotCompared, RootStatus, StoredRoot, SummaryRow, UsagePage};
use crate::scan::Scan;

/// A root as the daemon knows it.
#[pyclass(frozen, module = "sanchay_engine")]
pub(crate) struct RootSpec {
    root_id: i64,
    path: Vec<u8>,
    settings: RootSettings,
}

#[pymethods]
impl RootSpec {
    #[new]
    #[pyo3(signature = (root_id, path, *, name = String::new(), hash = "all", algorithm = "blake3".to_owned(),
        exclude = Vec::new(), one_file_system = false, skip_hidden = false,
        watch = "auto", poll_s = 300, expect_unreadable = Vec::new()))]
    #[allow(clippy::too_many_arguments, clippy::fn_params_excessive_bools)] // the keywords of a Python call
    fn new(
        root_id: i64,
        path: Vec<u8>,
        name: String,
        hash: &str,
        algorithm: String,
        exclude: Vec<String>,
        one_file_system: bool,
        skip_hidden: bool,
        watch: &str,
        poll_s: u32,
        expect_unreadable: Vec<Vec<u8>>,
    ) -> PyResult<Self> {
        let hash = HashScope::parse(hash).map_err(raise)?;
        let watch = WatchSetting::parse(watch).map_err(raise)?;
        let settings = RootSettings {
            name,
            hash,
            algorithm,
            exclude,
            one_file_system,
            skip_hidden,
            watch,
            poll_s,
            expect_unreadable,
        };
        Ok(Self { root_id, path, settings })
    }
}

/// What a path would be as a root.
#[pyclass(frozen, get_all, module = "sanchay_engine")]
pub(crate) struct RootCheck {
    path: Vec<u8>,
    file_system: String,
    network: bool,
}

/// A place of the catalog.
#[pyclass(frozen, get_all, module = "sanchay_engine")]
pub(crate) struct Place {
    path: Vec<u8>,
    root_ids: Vec<i64>,
}

/// Looks whether a path can be a root.
#[pyfunction]
#[pyo3(signature = (path, own_folders = Vec::new()))]
pub(crate) fn check_root(py: Python<'_>, path: Vec<u8>, own_folders: Vec<Vec<u8>>) -> PyResult<RootCheck> {
    let found = enter(py, || sanchay_engine::check_root(&path, &paths(&own_folders)))?;
    Ok(RootCheck { path: found.path, file_system: found.file_system, network: found.network })
}

/// Globs of what a root at `path` is to leave out, as its filter takes them.
#[pyfunction]
pub(crate) fn exclude_patterns(py: Python<'_>, path: Vec<u8>, globs: Vec<String>) -> PyResult<Vec<String>> {
    enter(py, || sanchay_engine::exclude_patterns(&path, &globs))
}

/// An absolute path as it is called below a root at `root`.
#[pyfunction]
pub(crate) fn path_below(py: Python<'_>, root: Vec<u8>, path: Vec<u8>) -> PyResult<Vec<u8>> {
    enter(py, || sanchay_engine::path_below(&root, &path))
}

fn paths(all: &[Vec<u8>]) -> Vec<PathBuf> {
    all.iter().map(|path| path_from_bytes(path)).collect()
}

/// An open catalog. One in each process and file.
#[pyclass(frozen, module = "sanchay_engine")]
pub(crate) struct Catalog {
    pub(crate) engine: std::sync::Arc<Engine>,
}

#[pymethods]
impl Catalog {
    #[staticmethod]
    #[allow(clippy::too_many_arguments)] // the keywords of a Python call
    #[pyo3(signature = (path, *, own_folders = Vec::new(), own_files = Vec::new(), owner = "", threads = 0, trash = None, cache_mb = 64))]
    fn open(
        py: Python<'_>,
        path: Vec<u8>,
        own_folders: Vec<Vec<u8>>,
        own_files: Vec<Vec<u8>>,
        owner: &str,
        threads: usize,
        trash: Option<Vec<u8>>,
        cache_mb: u64,
    ) -> PyResult<Self> {
        let options = EngineOptions {
            own_folders: paths(&own_folders),
            own_files: paths(&own_files),
            owner: owner.to_owned(),
            threads,
            trash: trash.map(|trash| path_from_bytes(&trash)),
            cache_bytes: cache_mb << 20,
        };
        let engine = enter(py, || Engine::open(&path_from_bytes(&path), options))?;
        Ok(Self { engine: std::sync::Arc::new(engine) })
    }

    fn close(&self, py: Python<'_>) {
        py.detach(|| self.engine.close());
    }

    #[pyo3(signature = (*, repair = false, background = false))]
    fn check(&self, py: Python<'_>, repair: bool, background: bool) -> PyResult<CatalogCheck> {
        let engine = std::sync::Arc::clone(&self.engine);
        let report = ask(py, move || engine.check_catalog(repair, background))?;
        let fault = |fault: Fault| {
            let Fault { kind, count, example, mended } = fault;
            Py::new(py, CatalogFault { kind: kind.name(), count, example, mended })
        };
        Ok(CatalogCheck {
            faults: report.faults.into_iter().map(fault).collect::<PyResult<_>>()?,
            folders: report.folders,
            files: report.files,
            keys: report.keys,
            complete: report.complete,
        })
    }

    fn checked_ns(&self, py: Python<'_>) -> PyResult<i64> {
        let catalog = self.engine.catalog();
        Ok(enter(py, || Ok(catalog.checked_s()?))?.saturating_mul(1_000_000_000))
    }

    fn status(&self, py: Python<'_>) -> PyResult<CatalogStatus> {
        let catalog = self.engine.catalog();
        let status = enter(py, || Ok(catalog.status()?))?;
        Ok(CatalogStatus {
            catalog_id: format!("{:016x}", status.id),
            path: bytes_of(catalog.path()).to_vec(),
            files: status.files,
            directories: status.directories,
            bytes: status.bytes,
            db_bytes: status.db_bytes,
            wal_bytes: status.wal_bytes,
            name_index_bytes: status.name_index_bytes,
            name_index: self.engine.name_index_word(),
            rollup_bytes: status.rollup_bytes,
            rebuilt_from: catalog.rebuilt_from().map(|path| bytes_of(path).to_vec()),
            damage: catalog.damage().unwrap_or_default(),
            notice: self.engine.notice(),
        })
    }

    #[pyo3(signature = (*, max_mb_per_s, paused))]
    fn set_background(&self, py: Python<'_>, max_mb_per_s: Option<f64>, paused: bool) {
        let bytes_per_s = max_mb_per_s.map(|limit| limit * 1_048_576.0);
        py.detach(|| self.engine.set_background(bytes_per_s, paused));
    }

    fn load(&self) -> EngineLoad {
        let catalog = self.engine.catalog();
        let writer = catalog.writer();
        EngineLoad {
            writer_queue: writer.waiting(),
            staged_keys: catalog.staged_len(),
            readers: catalog.readers_in_use(),
            called_off: catalog.called_off(),
            transactions: writer.transactions(),
        }
    }

    fn hash_debt(&self, py: Python<'_>) -> PyResult<HashDebt> {
        let debt = ask(py, || Ok(self.engine.catalog().hash_debt()?))?;
        Ok(HashDebt { files: debt.files, bytes: debt.bytes })
    }

    #[pyo3(signature = (limit_s = 10.0))]
    fn writer_answers(&self, py: Python<'_>, limit_s: f64) -> bool {
        let limit = Duration::from_secs_f64(limit_s.clamp(0.0, 1e6));
        py.detach(|| self.engine.catalog().writer().answers(limit))
    }

    fn disk_full(&self) -> bool {
        self.engine.catalog().is_disk_full()
    }

    fn roots(&self, py: Python<'_>) -> PyResult<Vec<StoredRoot>> {
        let rows = enter(py, || self.engine.roots())?;
        Ok(rows
            .into_iter()
            .map(|row| StoredRoot { root_id: row.id, path: row.path, state: row.state.name(), settings: row.settings })
            .collect())
    }

    fn match_roots(&self, py: Python<'_>, known: Vec<(i64, Vec<u8>)>) -> PyResult<()> {
        enter(py, || self.engine.match_roots(known))
    }

    fn put_root(&self, py: Python<'_>, root: &RootSpec) -> PyResult<()> {
        enter(py, || self.engine.put_root(root.root_id, &root.path, &root.settings))
    }

    fn accept_root(&self, py: Python<'_>, root_id: i64) -> PyResult<()> {
        enter(py, || self.engine.accept_root(root_id))
    }

    fn remove_root(&self, py: Python<'_>, root_id: i64) -> PyResult<()> {
        enter(py, || self.engine.remove_root(root_id))
    }

    fn root_status(&self, py: Python<'_>, root_id: i64) -> PyResult<RootStatus> {
        let status = enter(py, || self.engine.root_status(root_id))?;
        Ok(RootStatus {
            root_id,
            state: status.state.word(),
            holds: status.state.holds(),
            scanned_ns: status.scanned_ns,
            reason: status.reason,
            files: status.figures.files,
            directories: status.figures.directories,
            bytes: status.figures.bytes,
        })
    }

    #[pyo3(signature = (root_id, *, background = false, request_id = ""))]
    fn scan(&self, py: Python<'_>, root_id: i64, background: bool, request_id: &str) -> PyResult<Scan> {
        enter(py, || self.engine.scan(root_id, background, request_id)).map(Scan)
    }

    #[pyo3(signature = (*, settle_ms = 500, reconcile_s = 3600, patience_ms = 10_000))]
    fn start_live(&self, py: Python<'_>, settle_ms: u64, reconcile_s: u64, patience_ms: u64) -> PyResult<()> {
        let settings = LiveSettings { settle_ms, reconcile_s, patience_ms };
        enter(py, || self.engine.start_live(settings))
    }

    #[pyo3(signature = (*, settle_ms = None, reconcile_s = None))]
    fn set_live(&self, py: Python<'_>, settle_ms: Option<u64>, reconcile_s: Option<u64>) {
        py.detach(|| {
            self.engine.set_live(|settings| {
                settings.settle_ms = settle_ms.unwrap_or(settings.settle_ms);
                settings.reconcile_s = reconcile_s.unwrap_or(settings.reconcile_s);
            });
        });
    }

    fn live_status(&self, py: Python<'_>) -> Vec<LiveStatus> {
        py.detach(|| self.engine.live_status()).into_iter().map(LiveStatus::from).collect()
    }

    fn sync(&self, py: Python<'_>, root_id: i64) -> PyResult<Scan> {
        enter(py, || self.engine.sync(root_id)).map(Scan)
    }

    #[pyo3(signature = (timeout_s, limit = 1000))]
    fn next_events(&self, py: Python<'_>, timeout_s: f64, limit: usize) -> PyResult<EventBatch> {
        let timeout = Duration::from_secs_f64(timeout_s.clamp(0.0, 1e9));
        let (events, dropped) = py.detach(|| self.engine.next_events(timeout, limit));
        EventBatch::new(py, events, dropped)
    }

    fn change_count(&self) -> u64 {
        self.engine.catalog().change_count()
    }

    fn wait_change(&self, py: Python<'_>, known: u64, timeout_s: f64) -> PyResult<u64> {
        let timeout = Duration::from_secs_f64(timeout_s.clamp(0.0, 1e9));
        enter(py, || Ok(self.engine.catalog().wait_change(known, timeout)?))
    }

    #[pyo3(signature = (timeout_s = None))]
    fn wait_name_index(&self, py: Python<'_>, timeout_s: Option<f64>) -> bool {
        let timeout = timeout_s.map(|seconds| Duration::from_secs_f64(seconds.clamp(0.0, 1e9)));
        py.detach(|| self.engine.wait_name_index(timeout))
    }

    #[pyo3(signature = (expression, *, sort = "", limit = 100, max_bytes = None, token = "", time_zone = "",
        patience_ms = None))]
    #[allow(clippy::too_many_arguments)] // the keywords of a Python call
    fn find(
        &self,
        py: Python<'_>,
        expression: &str,
        sort: &str,
        limit: usize,
        max_bytes: Option<usize>,
        token: &str,
        time_zone: &str,
        patience_ms: Option<u64>,
    ) -> PyResult<FindPage> {
        let (page, root_ids) = ask(py, || {
            let Question { expression, root_ids } = self.engine.question(expression, time_zone)?;
            let roots = self.engine.root_names()?;
            let request = FindRequest {
                expression: &expression,
                sort: Sort::parse(sort)?,
                limit,
                max_bytes,
                token,
                patience: patience_ms.map(Duration::from_millis),
                roots: &roots,
            };
            Ok((self.engine.catalog().find(&request)?, root_ids))
        })?;
        FindPage::new(py, page, root_ids)
    }

    fn roots_of_expression(&self, py: Python<'_>, expression: &str) -> PyResult<Vec<i64>> {
        ask(py, || self.engine.question(expression, "")).map(|question| question.root_ids)
    }

    #[pyo3(signature = (path, *, ever = false))]
    fn place(&self, py: Python<'_>, path: Vec<u8>, ever: bool) -> PyResult<Place> {
        let wanted = if ever { Wanted::Ever } else { Wanted::Folder };
        let found = ask(py, || self.engine.place(&path, wanted))?;
        Ok(Place { path: found.path, root_ids: found.root_ids })
    }

    #[pyo3(signature = (*, under = None, min_size = 1, extensions = Vec::new(), types = Vec::new(),
        sort = "reclaimable", limit = 20, max_bytes = None, token = "", paths_limit = 1000,
        with_ignored = false))]
    #[allow(clippy::too_many_arguments)] // the keywords of a Python call
    fn duplicates(
        &self,
        py: Python<'_>,
        under: Option<Vec<u8>>,
        min_size: u64,
        extensions: Vec<String>,
        types: Vec<String>,
        sort: &str,
        limit: usize,
        max_bytes: Option<usize>,
        token: &str,
        paths_limit: usize,
        with_ignored: bool,
    ) -> PyResult<DuplicatePage> {
        let page = ask(py, || {
            let ignored = if with_ignored { None } else { self.engine.ignored_copies()? };
            let request = DuplicateRequest {
                under: under.as_deref().into_iter().collect(),
                min_size_bytes: min_size,
                extensions: Endings::of_copies(extensions.iter().map(String::as_str))
                    .map_err(EngineError::invalid_argument)?,
                types: types.iter().map(|text| words::file_type(text)).collect::<Result<_, _>>()?,
                sort: DuplicateSort::parse(sort)?,
                limit,
                max_bytes,
                token,
                paths_limit,
                roots: self.engine.root_names()?,
                ignored: ignored.as_ref(),
                ..DuplicateRequest::default()
            };
            Ok(self.engine.catalog().duplicates(&request)?)
        })?;
        DuplicatePage::new(py, page)
    }

    fn not_compared(&self, py: Python<'_>) -> PyResult<NotCompared> {
        ask(py, || Ok(self.engine.catalog().not_compared(&self.engine.root_names()?)?)).map(NotCompared::from)
    }

    #[pyo3(signature = (*, paths = Vec::new(), hashes = Vec::new(), request_id = ""))]
    fn have(
        &self,
        py: Python<'_>,
        paths: Vec<Vec<u8>>,
        hashes: Vec<(Vec<u8>, Vec<u8>, String)>,
        request_id: &str,
    ) -> PyResult<Have> {
        crate::have::begin(py, &self.engine, paths, hashes, request_id)
    }

    #[pyo3(signature = (by = "type", *, root_ids = Vec::new()))]
    fn summary(&self, py: Python<'_>, by: &str, root_ids: Vec<i64>) -> PyResult<Vec<SummaryRow>> {
        let rows = ask(py, || {
            let roots = self.engine.root_names()?;
            Ok(self.engine.catalog().summary(SummaryBy::parse(by)?, &root_ids, &roots, sanchay_engine::now_ns())?)
        })?;
        Ok(rows.into_iter().map(SummaryRow::from).collect())
    }

    #[pyo3(signature = (path = None, *, depth = 1, with_files = false, with_types = false, least_share = 0.0,
                        limit = 1000, max_bytes = None, token = ""))]
    #[allow(clippy::too_many_arguments, reason = "keywords of Python")]
    fn usage(
        &self,
        py: Python<'_>,
        path: Option<Vec<u8>>,
        depth: u32,
        with_files: bool,
        with_types: bool,
        least_share: f64,
        limit: usize,
        max_bytes: Option<usize>,
        token: &str,
    ) -> PyResult<UsagePage> {
        let path = path.as_deref();
        let request = UsageRequest { path, depth, with_files, with_types, least_share, limit, max_bytes, token };
        let page = ask(py, || Ok(self.engine.catalog().usage(&request)?))?;
        UsagePage::new(py, page)
    }

    #[pyo3(signature = (*, cursor = "", since_ns = None, under = None, limit = 1000, max_bytes = None))]
    fn changes(
        &self,
        py: Python<'_>,
        cursor: &str,
        since_ns: Option<i64>,
        under: Option<Vec<u8>>,
        limit: usize,
        max_bytes: Option<usize>,
    ) -> PyResult<ChangePage> {
        let page = ask(py, || {
            let roots = &self.engine.root_names()?;
            let request = ChangesRequest { cursor, since_ns, under: under.as_deref(), limit, max_bytes, roots };
            Ok(self.engine.catalog().changes(&request)?)
        })?;
        ChangePage::new(py, page)
    }

    #[pyo3(signature = (path = None, *, days = 30, limit = 100, max_bytes = None, now_ns = None))]
    fn growth(
        &self,
        py: Python<'_>,
        path: Option<Vec<u8>>,
        days: u32,
        limit: usize,
        max_bytes: Option<usize>,
        now_ns: Option<i64>,
    ) -> PyResult<GrowthPage> {
        let now_ns = now_ns.unwrap_or_else(sanchay_engine::now_ns);
        let request = GrowthRequest { path: path.as_deref(), days, limit, max_bytes, now_ns };
        let page = ask(py, || Ok(self.engine.catalog().growth(&request)?))?;
        GrowthPage::new(py, page)
    }

    #[pyo3(signature = (now_ns = None))]
    fn snapshot_usage(&self, py: Python<'_>, now_ns: Option<i64>) -> PyResult<u64> {
        let now_ns = now_ns.unwrap_or_else(sanchay_engine::now_ns);
        enter(py, || Ok(self.engine.catalog().snapshot_usage(now_ns)?))
    }

    #[pyo3(signature = (before_ns, *, now_ns = None))]
    fn prune_changes(&self, py: Python<'_>, before_ns: i64, now_ns: Option<i64>) -> PyResult<u64> {
        let now_ns = now_ns.unwrap_or_else(sanchay_engine::now_ns);
        enter(py, || Ok(self.engine.catalog().prune_changes(before_ns, now_ns)?))
    }

    #[pyo3(signature = (expression, format, *, time_zone = ""))]
    fn export(&self, py: Python<'_>, expression: &str, format: &str, time_zone: &str) -> PyResult<Export> {
        ask(py, || {
            let Question { expression, .. } = self.engine.question(expression, time_zone)?;
            Export::begin(std::sync::Arc::clone(&self.engine), expression, format)
        })
    }
}
