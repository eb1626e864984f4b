//! What clears copies, as Python calls it: plans, runs, undo.

use std::sync::Arc;
use std::time::Duration;

use pyo3::prelude::*;
use sanchay_engine::acting::RunRequest;
use sanchay_engine::catalog::journal::{self, ActState};
use sanchay_engine::{acting, Engine, EngineError, GroupAsked, GroupEdit, PlanAsked};

use crate::catalog::Catalog;
use crate::enter::{ask, enter};
use crate::plans::{decision_of, FoundGroup, GroupState, Plan, PlanPage};

/// A content whose copies are wanted.
#[pyclass(frozen, get_all, module = "sanchay_engine")]
pub(crate) struct IgnoredGroup {
    size_bytes: u64,
    algorithm: &'static str,
    hash: Vec<u8>,
    since_ns: i64,
    paths: Vec<Vec<u8>>,
}

impl From<journal::IgnoredGroup> for IgnoredGroup {
    fn from(group: journal::IgnoredGroup) -> Self {
        Self {
            size_bytes: group.size_bytes,
            algorithm: group.algorithm.name(),
            hash: group.hash.as_bytes().to_vec(),
            since_ns: group.since_ns,
            paths: group.paths,
        }
    }
}

/// A snapshot of a run.
#[pyclass(frozen, get_all, module = "sanchay_engine")]
pub(crate) struct ActProgress {
    phase: &'static str,
    done: u64,
    total: Option<u64>,
    bytes: u64,
    skipped: u64,
    failed: u64,
    current: Vec<u8>,
}

/// A file that a run left as it is.
#[pyclass(frozen, get_all, module = "sanchay_engine")]
pub(crate) struct Left {
    path: Vec<u8>,
    reason: String,
    message: String,
}

/// How a run ended.
#[pyclass(frozen, get_all, module = "sanchay_engine")]
pub(crate) struct ActResult {
    state: &'static str,
    message: String,
    run: i64,
    acted: i64,
    skipped: i64,
    failed: i64,
    freed_bytes: i64,
    freed_when_emptied: bool,
    compared_bytes: u64,
    duration_s: f64,
    left: Vec<Py<Left>>,
}

/// A run in the journal.
#[pyclass(frozen, get_all, module = "sanchay_engine")]
pub(crate) struct JournalRun {
    id: i64,
    kind: String,
    action: String,
    of: Option<i64>,
    began_ns: i64,
    ended_ns: Option<i64>,
    acted: i64,
    skipped: i64,
    failed: i64,
    freed_bytes: i64,
}

/// One file of a run.
#[pyclass(frozen, get_all, module = "sanchay_engine")]
pub(crate) struct Act {
    number: i64,
    state: &'static str,
    path: Vec<u8>,
    kept_path: Vec<u8>,
    size_bytes: u64,
    freed_bytes: u64,
    reason: String,
    detail: String,
}

/// A page of a run.
#[pyclass(frozen, get_all, module = "sanchay_engine")]
pub(crate) struct ActPage {
    acts: Vec<Py<Act>>,
    next_token: String,
}

/// A run under way, on a thread of the engine's own.
#[pyclass(frozen, module = "sanchay_engine")]
pub(crate) struct Acting(acting::Acting);

#[pymethods]
impl Acting {
    fn progress(&self, py: Python<'_>) -> ActProgress {
        let progress = py.detach(|| self.0.progress());
        ActProgress {
            phase: progress.phase,
            done: progress.done,
            total: progress.total,
            bytes: progress.bytes,
            skipped: progress.skipped,
            failed: progress.failed,
            current: progress.current,
        }
    }

    fn pause(&self, py: Python<'_>) {
        py.detach(|| self.0.pause());
    }

    fn resume(&self, py: Python<'_>) {
        py.detach(|| self.0.resume());
    }

    fn cancel(&self, py: Python<'_>) {
        py.detach(|| self.0.cancel());
    }

    fn foreground(&self, py: Python<'_>) {
        py.detach(|| self.0.foreground());
    }

    #[pyo3(signature = (timeout_s = None))]
    fn wait(&self, py: Python<'_>, timeout_s: Option<f64>) -> PyResult<Option<ActResult>> {
        let timeout = timeout_s.map(|seconds| Duration::from_secs_f64(seconds.clamp(0.0, 1e9)));
        let Some(result) = enter(py, || self.0.wait(timeout).transpose())? else { return Ok(None) };
        let left = result.left.into_iter().map(|left| {
            let acting::Left { path, reason, message } = left;
            Py::new(py, Left { path, reason, message })
        });
        Ok(Some(ActResult {
            state: result.state.name(),
            message: result.message,
            run: result.run.id,
            acted: result.run.acted,
            skipped: result.run.skipped,
            failed: result.run.failed,
            freed_bytes: result.run.freed_bytes,
            freed_when_emptied: result.freed_when_emptied,
            compared_bytes: result.compared_bytes,
            duration_s: result.duration_s,
            left: left.collect::<PyResult<_>>()?,
        }))
    }
}

/// What clears copies in a catalog's roots.
#[pyclass(frozen, module = "sanchay_engine")]
pub(crate) struct Dedupe(Arc<Engine>);

#[pymethods]
impl Dedupe {
    #[new]
    fn new(catalog: &Catalog) -> Self {
        Self(Arc::clone(&catalog.engine))
    }

    #[pyo3(signature = (*, under, min_size, extensions, types, drop, keep, prefer, isolate, min_copies, min_devices,
        one_of_each_name, everywhere, action, asked, time_zone = "", keep_in = Vec::new(), drop_in = Vec::new()))]
    #[allow(clippy::too_many_arguments)] // the keywords of a Python call
    fn make_plan(
        &self,
        py: Python<'_>,
        under: Option<Vec<u8>>,
        min_size: u64,
        extensions: Vec<String>,
        types: Vec<String>,
        drop: Option<String>,
        keep: Option<String>,
        prefer: Vec<Vec<u8>>,
        isolate: Vec<Vec<u8>>,
        min_copies: usize,
        min_devices: usize,
        one_of_each_name: bool,
        everywhere: bool,
        action: &str,
        asked: &str,
        time_zone: &str,
        keep_in: Vec<Vec<u8>>,
        drop_in: Vec<Vec<u8>>,
    ) -> PyResult<Plan> {
        let asked = PlanAsked {
            under: under.as_deref(),
            keep_in: &keep_in,
            drop_in: &drop_in,
            min_size_bytes: min_size,
            extensions: &extensions,
            types: &types,
            drop: drop.as_deref(),
            keep: keep.as_deref(),
            prefer: &prefer,
            isolate: &isolate,
            min_copies,
            min_devices,
            one_of_each_name,
            everywhere,
            action,
            asked,
            time_zone,
        };
        let plan = ask(py, || self.0.make_plan(&asked))?;
        // Who asked may have gone by now; the plan is there, and is forgotten by its id.
        let read = enter(py, || Plan::read(&self.0, plan.id))?;
        Plan::new(py, read)
    }

    fn plans(&self, py: Python<'_>) -> PyResult<Vec<Plan>> {
        let plans = enter(py, || {
            let plans = self.0.plans()?.into_iter();
            plans.map(|plan| Plan::read(&self.0, plan.id)).collect::<Result<Vec<_>, _>>()
        })?;
        plans.into_iter().map(|read| Plan::new(py, read)).collect()
    }

    fn plan(&self, py: Python<'_>, plan_id: i64) -> PyResult<Plan> {
        let read = enter(py, || Plan::read(&self.0, plan_id))?;
        Plan::new(py, read)
    }

    #[pyo3(signature = (plan_id, *, token = "", first_group = 0, limit = 1000, max_bytes = None))]
    fn plan_groups(
        &self,
        py: Python<'_>,
        plan_id: i64,
        token: &str,
        first_group: i64,
        limit: usize,
        max_bytes: Option<usize>,
    ) -> PyResult<PlanPage> {
        let page = enter(py, || self.0.plan_groups(plan_id, token, first_group, limit, max_bytes))?;
        PlanPage::new(py, page)
    }

    #[pyo3(signature = (plan_id, *, number = None, hash_bytes = None, undecided_after = None, wraps = false,
        limit = 1000, max_bytes = None))]
    #[allow(clippy::too_many_arguments)] // the keywords of a Python call
    fn plan_group(
        &self,
        py: Python<'_>,
        plan_id: i64,
        number: Option<i64>,
        hash_bytes: Option<Vec<u8>>,
        undecided_after: Option<i64>,
        wraps: bool,
        limit: usize,
        max_bytes: Option<usize>,
    ) -> PyResult<FoundGroup> {
        let found = enter(py, || {
            let asked = match (number, hash_bytes.as_deref(), undecided_after) {
                (Some(number), None, None) => GroupAsked::Number(number),
                (None, Some(hash), None) => GroupAsked::Hash(hash),
                (None, None, Some(number)) => GroupAsked::UndecidedAfter { number, wraps },
                _ => return Err(EngineError::invalid_argument("name a group in one way")),
            };
            self.0.plan_group(plan_id, asked, limit, max_bytes)
        })?;
        FoundGroup::new(py, found)
    }

    fn plan_group_states(
        &self,
        py: Python<'_>,
        plan_id: i64,
        hashes: Vec<Vec<u8>>,
    ) -> PyResult<Vec<Option<GroupState>>> {
        let states = enter(py, || self.0.plan_group_states(plan_id, &hashes))?;
        Ok(states.into_iter().map(|state| state.map(GroupState::from)).collect())
    }

    fn edit_plan(&self, py: Python<'_>, plan_id: i64, path: Vec<u8>, decision: &str) -> PyResult<Plan> {
        let read = enter(py, || {
            self.0.edit_plan(plan_id, &path, decision_of(decision)?)?;
            Plan::read(&self.0, plan_id)
        })?;
        Plan::new(py, read)
    }

    #[pyo3(signature = (plan_id, number, *, keep, drop, undecided, rest))]
    #[allow(clippy::too_many_arguments)] // the keywords of a Python call
    fn decide_group(
        &self,
        py: Python<'_>,
        plan_id: i64,
        number: i64,
        keep: Vec<Vec<u8>>,
        drop: Vec<Vec<u8>>,
        undecided: Vec<Vec<u8>>,
        rest: Option<&str>,
    ) -> PyResult<Plan> {
        let read = enter(py, || {
            let rest = rest.map(decision_of).transpose()?;
            let edit = GroupEdit { keep: &keep, drop: &drop, undecided: &undecided, rest };
            self.0.decide_group(plan_id, number, edit)?;
            Plan::read(&self.0, plan_id)
        })?;
        Plan::new(py, read)
    }

    fn forget_plan(&self, py: Python<'_>, plan_id: i64) -> PyResult<()> {
        enter(py, || self.0.forget_plan(plan_id))
    }

    #[pyo3(signature = (*, hash_bytes = None, path = None))]
    fn ignore_copies(
        &self,
        py: Python<'_>,
        hash_bytes: Option<Vec<u8>>,
        path: Option<Vec<u8>>,
    ) -> PyResult<IgnoredGroup> {
        enter(py, || self.0.ignore_copies(hash_bytes.as_deref(), path.as_deref())).map(IgnoredGroup::from)
    }

    fn ignored(&self, py: Python<'_>) -> PyResult<Vec<IgnoredGroup>> {
        let groups = enter(py, || self.0.ignored())?;
        Ok(groups.into_iter().map(IgnoredGroup::from).collect())
    }

    #[pyo3(signature = (*, hash_bytes = None, path = None))]
    fn unignore_copies(&self, py: Python<'_>, hash_bytes: Option<Vec<u8>>, path: Option<Vec<u8>>) -> PyResult<bool> {
        enter(py, || self.0.unignore_copies(hash_bytes.as_deref(), path.as_deref()))
    }

    #[pyo3(signature = (plan_id, version, *, any_metadata = false, empty_folders = false, background = false, request_id = ""))]
    #[allow(clippy::too_many_arguments)] // the keywords of a Python call
    fn start_run(
        &self,
        py: Python<'_>,
        plan_id: i64,
        version: i64,
        any_metadata: bool,
        empty_folders: bool,
        background: bool,
        request_id: &str,
    ) -> PyResult<Acting> {
        let request = RunRequest { plan: plan_id, version, any_metadata, empty_folders };
        enter(py, || self.0.start_run(request, background, request_id)).map(Acting)
    }

    #[pyo3(signature = (run_id, paths = Vec::new(), *, background = false, request_id = ""))]
    fn start_undo(
        &self,
        py: Python<'_>,
        run_id: i64,
        paths: Vec<Vec<u8>>,
        background: bool,
        request_id: &str,
    ) -> PyResult<Acting> {
        enter(py, || self.0.start_undo(run_id, paths, background, request_id)).map(Acting)
    }

    #[pyo3(signature = (finding_id, *, background = false, request_id = ""))]
    fn start_repair(&self, py: Python<'_>, finding_id: i64, background: bool, request_id: &str) -> PyResult<Acting> {
        enter(py, || self.0.start_repair(finding_id, background, request_id)).map(Acting)
    }

    fn runs(&self, py: Python<'_>) -> PyResult<Vec<JournalRun>> {
        let runs = enter(py, || self.0.runs())?;
        let run = |run: journal::Run| JournalRun {
            id: run.id,
            kind: run.kind,
            action: run.action,
            of: run.of,
            began_ns: run.began_ns,
            ended_ns: run.ended_ns,
            acted: run.acted,
            skipped: run.skipped,
            failed: run.failed,
            freed_bytes: run.freed_bytes,
        };
        Ok(runs.into_iter().map(run).collect())
    }

    #[pyo3(signature = (run_id, *, token = "", limit = 1000, max_bytes = None))]
    fn acts(
        &self,
        py: Python<'_>,
        run_id: i64,
        token: &str,
        limit: usize,
        max_bytes: Option<usize>,
    ) -> PyResult<ActPage> {
        let page = enter(py, || self.0.acts(run_id, token, limit, max_bytes))?;
        let acts = page.acts.into_iter().map(|act| {
            let state = match act.state {
                ActState::Intended => "intended",
                ActState::Done => "done",
                ActState::Left => "left",
                ActState::TakenBack => "taken-back",
            };
            let (path, kept_path) = (act.absolute(), act.kept_absolute());
            let journal::Act { number, size_bytes, freed_bytes, reason, detail, .. } = act;
            Py::new(py, Act { number, state, path, kept_path, size_bytes, freed_bytes, reason, detail })
        });
        Ok(ActPage { acts: acts.collect::<PyResult<_>>()?, next_token: page.next_token })
    }
}
