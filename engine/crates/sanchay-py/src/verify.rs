//! A verification as Python holds it, and what it found.

use std::time::Duration;

use pyo3::prelude::*;
use sanchay_core::{Algorithm, ContentHash};
use sanchay_engine::catalog::journal::{self, FindingKind, FindingState};
use sanchay_engine::{EngineError, ListedFile, ListedState, VerifyRequest};

use crate::catalog::Catalog;
use crate::enter::enter;
use crate::errors::raise;
use crate::scan::{notes, Progress, ScanError};

/// A file whose content is not what it was, and healthy copies of it.
#[pyclass(frozen, get_all, module = "sanchay_engine")]
pub(crate) struct DamagedFile {
    id: i64,
    path: Vec<u8>,
    twins: Vec<Vec<u8>>,
}

/// A file whose content is another though its size and time of change are as before.
#[pyclass(frozen, get_all, module = "sanchay_engine")]
pub(crate) struct SuspectFile {
    id: i64,
    path: Vec<u8>,
    algorithm: &'static str,
    hash: String,
    found_hash: String,
}

/// What a verification did.
#[pyclass(frozen, get_all, module = "sanchay_engine")]
pub(crate) struct VerifyResult {
    state: &'static str,
    message: String,
    checked: u64,
    bytes: u64,
    left: u64,
    not_verifiable: u64,
    changed: u64,
    skipped: u64,
    cached: u64,
    errors: u64,
    damaged_files: u64,
    suspect_files: u64,
    duration_s: f64,
    damaged: Vec<Py<DamagedFile>>,
    suspect: Vec<Py<SuspectFile>>,
    unreadable: Vec<Py<ScanError>>,
}

impl VerifyResult {
    fn new(py: Python<'_>, result: sanchay_engine::VerifyResult) -> PyResult<Self> {
        let damaged = result.damaged.into_iter().map(|file| {
            let sanchay_engine::DamagedFile { id, path, twins } = file;
            Py::new(py, DamagedFile { id, path, twins })
        });
        let suspect = result.suspect.into_iter().map(|file| {
            let (hash, found_hash) = (file.hash.to_string(), file.found_hash.to_string());
            Py::new(
                py,
                SuspectFile { id: file.id, path: file.path, algorithm: file.algorithm.name(), hash, found_hash },
            )
        });
        Ok(Self {
            state: result.state.name(),
            message: result.message,
            checked: result.checked,
            bytes: result.bytes,
            left: result.left,
            not_verifiable: result.not_verifiable,
            changed: result.changed,
            skipped: result.skipped,
            cached: result.cached,
            errors: result.errors,
            damaged_files: result.damaged_files,
            suspect_files: result.suspect_files,
            duration_s: result.duration_s,
            damaged: damaged.collect::<PyResult<_>>()?,
            suspect: suspect.collect::<PyResult<_>>()?,
            unreadable: notes(py, result.unreadable)?,
        })
    }
}

/// A damaged or suspect file, as the journal has it.
#[pyclass(frozen, get_all, module = "sanchay_engine")]
pub(crate) struct Finding {
    id: i64,
    kind: &'static str,
    state: &'static str,
    found_ns: i64,
    path: Vec<u8>,
    size: u64,
    algorithm: &'static str,
    hash: String,
    found_hash: String,
    repaired_by: Option<i64>,
}

impl From<journal::Finding> for Finding {
    fn from(finding: journal::Finding) -> Self {
        Self {
            id: finding.id,
            kind: match finding.kind {
                FindingKind::Damaged => "damaged",
                FindingKind::Suspect => "suspect",
            },
            state: match finding.state {
                FindingState::Open => "open",
                FindingState::Accepted => "accepted",
                FindingState::Repaired => "repaired",
            },
            found_ns: finding.found_ns,
            path: finding.path,
            size: finding.size_bytes,
            algorithm: finding.algorithm.name(),
            hash: finding.hash.to_string(),
            found_hash: finding.found_hash.to_string(),
            repaired_by: finding.repaired_by,
        }
    }
}

/// A verification under way, on threads of the engine's own.
#[pyclass(frozen, module = "sanchay_engine")]
pub(crate) struct Verification(pub(crate) sanchay_engine::Verification);

#[pymethods]
impl Verification {
    #[staticmethod]
    #[pyo3(signature = (catalog, *, root_ids, budget_bytes = None, budget_s = None, key, background = false, request_id = ""))]
    #[allow(clippy::too_many_arguments)] // the keywords of a Python call
    fn start(
        py: Python<'_>,
        catalog: &Catalog,
        root_ids: Vec<i64>,
        budget_bytes: Option<u64>,
        budget_s: Option<f64>,
        key: i64,
        background: bool,
        request_id: &str,
    ) -> PyResult<Self> {
        let budget_time = budget_s.map(|seconds| Duration::from_secs_f64(seconds.clamp(0.0, 1e9)));
        let request = VerifyRequest { root_ids, budget_bytes, budget_time, key };
        enter(py, || catalog.engine.verify(request, background, request_id)).map(Self)
    }

    fn progress(&self, py: Python<'_>) -> Progress {
        py.detach(|| self.0.progress()).into()
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
    fn wait(&self, py: Python<'_>, timeout_s: Option<f64>) -> PyResult<Option<VerifyResult>> {
        let timeout = timeout_s.map(|seconds| Duration::from_secs_f64(seconds.clamp(0.0, 1e9)));
        let result = enter(py, || self.0.wait(timeout).transpose())?;
        result.map(|result| VerifyResult::new(py, result)).transpose()
    }
}

/// The damaged and suspect files that are known; those that were dealt with, too, `with_closed`.
#[pyfunction]
#[pyo3(signature = (catalog, *, with_closed = false))]
pub(crate) fn findings(py: Python<'_>, catalog: &Catalog, with_closed: bool) -> PyResult<Vec<Finding>> {
    let found = enter(py, || catalog.engine.findings(with_closed))?;
    Ok(found.into_iter().map(Finding::from).collect())
}

/// A file is right as it is.
#[pyfunction]
pub(crate) fn accept_finding(py: Python<'_>, catalog: &Catalog, finding_id: i64) -> PyResult<Finding> {
    enter(py, || catalog.engine.accept_finding(finding_id)).map(Finding::from)
}

/// Compares what is on the disk with lines of lists: path, algorithm and hash; gives each one's state, and why it could
/// not be read.
#[pyfunction]
pub(crate) fn compare_listed(
    py: Python<'_>,
    catalog: &Catalog,
    rows: Vec<(Vec<u8>, String, Vec<u8>)>,
) -> PyResult<Vec<(&'static str, String)>> {
    let rows = rows.into_iter().map(listed).collect::<Result<Vec<_>, _>>().map_err(raise)?;
    let states = enter(py, || catalog.engine.compare_listed(&rows))?;
    Ok(states
        .into_iter()
        .map(|state| {
            let name = state.name();
            (name, if let ListedState::NotHashed(reason) = state { reason } else { String::new() })
        })
        .collect())
}

fn listed((path, algorithm, hash): (Vec<u8>, String, Vec<u8>)) -> Result<ListedFile, EngineError> {
    let invalid = |what: String| EngineError::invalid_argument(what);
    let algorithm =
        Algorithm::parse(&algorithm).ok_or_else(|| invalid(format!("'{algorithm}' is not a known algorithm")))?;
    let hash =
        <[u8; 32]>::try_from(hash).map_err(|hash| invalid(format!("a hash has 32 bytes, not {}", hash.len())))?;
    Ok(ListedFile { path, algorithm, hash: ContentHash::from_bytes(hash) })
}
