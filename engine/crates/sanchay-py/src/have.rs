//! Whether files are in the catalog, as Python holds it: work under way, and pages of its rows.

use std::sync::Arc;
use std::time::Duration;

use pyo3::prelude::*;
use sanchay_core::{Algorithm, ContentHash};
use sanchay_engine::{EngineError, HaveQuestion, HaveState, ListedHash};

use crate::enter::enter;
use crate::errors::raise;
use crate::scan::{notes, Progress, ScanError};

/// A copy of a file that was asked about.
#[pyclass(frozen, get_all, module = "sanchay_engine")]
pub(crate) struct HaveCopy {
    path: Vec<u8>,
    root_id: i64,
    device: String,
    offline: bool,
}

/// The answer about one file.
#[pyclass(frozen, get_all, module = "sanchay_engine")]
pub(crate) struct HaveRow {
    path: Vec<u8>,
    state: &'static str,
    reason: String,
    size: u64,
    copies: Vec<Py<HaveCopy>>,
}

impl HaveRow {
    fn new(py: Python<'_>, row: sanchay_engine::HaveRow) -> PyResult<Self> {
        let copy = |copy: sanchay_engine::HaveCopy| {
            let device = copy.volume.map(|volume| volume.to_string()).unwrap_or_default();
            Py::new(py, HaveCopy { path: copy.path, root_id: copy.root_id, device, offline: copy.offline })
        };
        Ok(Self {
            path: row.path,
            state: row.state.name(),
            reason: row.reason,
            size: row.size_bytes,
            copies: row.copies.into_iter().map(copy).collect::<PyResult<_>>()?,
        })
    }
}

/// Some of the rows.
#[pyclass(frozen, get_all, module = "sanchay_engine")]
pub(crate) struct HavePage {
    rows: Vec<Py<HaveRow>>,
    next_token: String,
}

/// What was asked and what was found, in numbers.
#[pyclass(frozen, get_all, module = "sanchay_engine")]
pub(crate) struct HaveResult {
    state: &'static str,
    known: u64,
    offline: u64,
    maybe: u64,
    new: u64,
    unreadable: u64,
    bytes: u64,
    new_bytes: u64,
    hashed_files: u64,
    hashed_bytes: u64,
    symlinks: u64,
    special: u64,
    errors: u64,
    duration_s: f64,
    error_list: Vec<Py<ScanError>>,
}

impl HaveResult {
    fn new(py: Python<'_>, result: sanchay_engine::HaveResult) -> PyResult<Self> {
        let rows = |state: HaveState| result.rows[state as usize];
        Ok(Self {
            state: result.state.name(),
            known: rows(HaveState::Known),
            offline: rows(HaveState::Offline),
            maybe: rows(HaveState::Maybe),
            new: rows(HaveState::New),
            unreadable: rows(HaveState::Unreadable),
            bytes: result.bytes,
            new_bytes: result.new_bytes,
            hashed_files: result.hashed_files,
            hashed_bytes: result.hashed_bytes,
            symlinks: result.symlinks,
            special: result.special,
            errors: result.errors,
            duration_s: result.duration_s,
            error_list: notes(py, result.error_list)?,
        })
    }
}

/// An answer under way, on threads of the engine's own; it holds its rows.
#[pyclass(frozen, module = "sanchay_engine")]
pub(crate) struct Have(pub(crate) sanchay_engine::Have);

#[pymethods]
impl Have {
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

    #[pyo3(signature = (timeout_s = None))]
    fn wait(&self, py: Python<'_>, timeout_s: Option<f64>) -> PyResult<Option<HaveResult>> {
        let timeout = timeout_s.map(|seconds| Duration::from_secs_f64(seconds.clamp(0.0, 1e9)));
        let result = enter(py, || self.0.wait(timeout).transpose())?;
        result.map(|result| HaveResult::new(py, result)).transpose()
    }

    #[pyo3(signature = (*, states = Vec::new(), limit = 1000, max_bytes = None, token = ""))]
    fn rows(
        &self,
        py: Python<'_>,
        states: Vec<String>,
        limit: usize,
        max_bytes: Option<usize>,
        token: &str,
    ) -> PyResult<HavePage> {
        let page = enter(py, || {
            let state = |word: &String| {
                let unknown = || EngineError::invalid_argument(format!("{word} is not a state of an answer"));
                HaveState::parse(word).ok_or_else(unknown)
            };
            let states = states.iter().map(state).collect::<Result<Vec<_>, _>>()?;
            let refused = |_| EngineError::invalid_argument(format!("{token} is not a page token of this answer"));
            let from = if token.is_empty() { 0 } else { token.parse().map_err(refused)? };
            self.0.rows().page(from, limit, max_bytes, &states)
        })?;
        Ok(HavePage {
            rows: page.rows.into_iter().map(|row| Py::new(py, HaveRow::new(py, row)?)).collect::<PyResult<_>>()?,
            next_token: page.next.map(|next| next.to_string()).unwrap_or_default(),
        })
    }
}

/// Begins to answer: about paths, or about hashes with their names and algorithms (empty: not known).
pub(crate) fn begin(
    py: Python<'_>,
    engine: &Arc<sanchay_engine::Engine>,
    paths: Vec<Vec<u8>>,
    hashes: Vec<(Vec<u8>, Vec<u8>, String)>,
    request_id: &str,
) -> PyResult<Have> {
    let question = if hashes.is_empty() {
        HaveQuestion::Paths(paths)
    } else {
        HaveQuestion::Hashes(hashes.into_iter().map(listed).collect::<Result<_, _>>().map_err(raise)?)
    };
    enter(py, || engine.have(question, request_id)).map(Have)
}

fn listed((name, hash, algorithm): (Vec<u8>, Vec<u8>, String)) -> Result<ListedHash, EngineError> {
    let length = hash.len();
    let refused = |_| EngineError::invalid_argument(format!("a hash has 32 bytes, not {length}"));
    let hash = ContentHash::from_bytes(hash.try_into().map_err(refused)?);
    let unknown = || EngineError::invalid_argument(format!("{algorithm} is not an algorithm"));
    let algorithm = if algorithm.is_empty() { None } else { Some(Algorithm::parse(&algorithm).ok_or_else(unknown)?) };
    Ok(ListedHash { name, hash, algorithm })
}
