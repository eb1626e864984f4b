//! A scan as Python holds it: a handle whose progress is a snapshot of counters.

use std::time::Duration;

use pyo3::prelude::*;
use sanchay_engine::ErrorNote;

use crate::enter::enter;

/// A snapshot of a scan.
#[pyclass(frozen, get_all, module = "sanchay_engine")]
pub(crate) struct Progress {
    phase: &'static str,
    files: u64,
    directories: u64,
    bytes: u64,
    hashed_files: u64,
    hashed_bytes: u64,
    errors: u64,
    files_per_s: f64,
    bytes_per_s: f64,
    current: Vec<u8>,
    percent: Option<f64>,
    seconds_left: Option<f64>,
    unit: &'static str,
    done: u64,
    total: Option<u64>,
    paused: bool,
    waiting_for_disk: bool,
}

impl From<sanchay_engine::Progress> for Progress {
    fn from(progress: sanchay_engine::Progress) -> Self {
        Self {
            phase: progress.phase.name(),
            files: progress.files,
            directories: progress.directories,
            bytes: progress.bytes,
            hashed_files: progress.hashed_files,
            hashed_bytes: progress.hashed_bytes,
            errors: progress.errors,
            files_per_s: progress.files_per_s,
            bytes_per_s: progress.bytes_per_s,
            current: progress.current,
            percent: progress.percent,
            seconds_left: progress.seconds_left,
            unit: progress.unit.name(),
            done: progress.done,
            total: progress.total,
            paused: progress.paused,
            waiting_for_disk: progress.waiting_for_disk,
        }
    }
}

/// Something that could not be read.
#[pyclass(frozen, get_all, module = "sanchay_engine")]
pub(crate) struct ScanError {
    path: Vec<u8>,
    kind: &'static str,
    message: String,
}

/// What could not be read, as Python has it.
pub(crate) fn notes(py: Python<'_>, notes: Vec<ErrorNote>) -> PyResult<Vec<Py<ScanError>>> {
    let note = |note: ErrorNote| Py::new(py, ScanError { path: note.path, kind: note.kind, message: note.message });
    notes.into_iter().map(note).collect()
}

/// What a scan did.
#[pyclass(frozen, get_all, module = "sanchay_engine")]
pub(crate) struct ScanResult {
    state: &'static str,
    message: String,
    files: u64,
    directories: u64,
    bytes: u64,
    hashed_files: u64,
    hashed_bytes: u64,
    added: u64,
    changed: u64,
    removed: u64,
    errors: u64,
    duration_s: f64,
    files_per_s: f64,
    unstable: u64,
    special: u64,
    symlinks: u64,
    excluded: u64,
    skipped_mounts: u64,
    expected_unreadable: u64,
    error_list: Vec<Py<ScanError>>,
}

impl ScanResult {
    fn new(py: Python<'_>, result: sanchay_engine::ScanResult) -> PyResult<Self> {
        let files_per_s = result.files_per_s();
        Ok(Self {
            state: result.state.name(),
            message: result.message,
            files: result.files,
            directories: result.directories,
            bytes: result.bytes,
            hashed_files: result.hashed_files,
            hashed_bytes: result.hashed_bytes,
            added: result.added,
            changed: result.changed,
            removed: result.removed,
            errors: result.errors,
            duration_s: result.duration_s,
            files_per_s,
            unstable: result.unstable,
            special: result.special,
            symlinks: result.symlinks,
            excluded: result.excluded,
            skipped_mounts: result.skipped_mounts,
            expected_unreadable: result.expected_unreadable,
            error_list: notes(py, result.error_list)?,
        })
    }
}

/// A scan under way, on threads of the engine's own.
#[pyclass(frozen, module = "sanchay_engine")]
pub(crate) struct Scan(pub(crate) sanchay_engine::Scan);

#[pymethods]
impl Scan {
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

    fn done(&self, py: Python<'_>) -> bool {
        py.detach(|| self.0.is_done())
    }

    #[pyo3(signature = (timeout_s = None))]
    fn wait(&self, py: Python<'_>, timeout_s: Option<f64>) -> PyResult<Option<ScanResult>> {
        let timeout = timeout_s.map(|seconds| Duration::from_secs_f64(seconds.clamp(0.0, 1e9)));
        let result = enter(py, || self.0.wait(timeout).transpose())?;
        result.map(|result| ScanResult::new(py, result)).transpose()
    }
}
