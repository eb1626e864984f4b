//! Answers about time as frozen Python objects: what changed, and what grew.

use pyo3::prelude::*;
use sanchay_engine::catalog::queries;

/// One change.
#[pyclass(frozen, get_all, module = "sanchay_engine")]
pub(crate) struct ChangeRow {
    kind: &'static str,
    path: Vec<u8>,
    from_path: Option<Vec<u8>>,
    folder: bool,
    files: u64,
    bytes_delta: i64,
    size: u64,
    at_ns: i64,
    root_id: i64,
}

impl From<queries::ChangeRow> for ChangeRow {
    fn from(row: queries::ChangeRow) -> Self {
        Self {
            kind: row.kind.name(),
            path: row.path,
            from_path: row.from_path,
            folder: row.folder,
            files: row.files,
            bytes_delta: row.bytes_delta,
            size: row.size_bytes,
            at_ns: row.at_ns,
            root_id: row.root_id,
        }
    }
}

/// A page of changes.
#[pyclass(frozen, get_all, module = "sanchay_engine")]
pub(crate) struct ChangePage {
    rows: Vec<Py<ChangeRow>>,
    cursor: String,
    complete: bool,
    truncated: bool,
}

impl ChangePage {
    pub(crate) fn new(py: Python<'_>, page: queries::ChangePage) -> PyResult<Self> {
        let rows = page.rows.into_iter().map(|row| Py::new(py, ChangeRow::from(row)));
        Ok(Self {
            rows: rows.collect::<PyResult<_>>()?,
            cursor: page.cursor,
            complete: page.complete,
            truncated: page.truncated,
        })
    }
}

/// A folder that grew.
#[pyclass(frozen, get_all, module = "sanchay_engine")]
pub(crate) struct GrowthRow {
    path: Vec<u8>,
    bytes: i64,
    files: i64,
    grown_bytes: i64,
    bytes_per_day: f64,
    history: Vec<(i64, i64)>,
}

impl From<queries::GrowthRow> for GrowthRow {
    fn from(row: queries::GrowthRow) -> Self {
        Self {
            path: row.path,
            bytes: row.bytes,
            files: row.files,
            grown_bytes: row.grown_bytes,
            bytes_per_day: row.bytes_per_day,
            history: row.history.into_iter().map(|total| (total.day, total.bytes)).collect(),
        }
    }
}

/// The pace of all trees that begin on one volume.
#[pyclass(frozen, get_all, module = "sanchay_engine")]
pub(crate) struct VolumePace {
    path: Vec<u8>,
    bytes_per_day: f64,
    days: i64,
}

/// What grew.
#[pyclass(frozen, get_all, module = "sanchay_engine")]
pub(crate) struct GrowthPage {
    rows: Vec<Py<GrowthRow>>,
    bytes_per_day: f64,
    days: i64,
    volumes: Vec<Py<VolumePace>>,
}

impl GrowthPage {
    pub(crate) fn new(py: Python<'_>, page: queries::GrowthPage) -> PyResult<Self> {
        let rows = page.rows.into_iter().map(|row| Py::new(py, GrowthRow::from(row)));
        let volumes = page.volumes.into_iter().map(|pace| {
            Py::new(py, VolumePace { path: pace.path, bytes_per_day: pace.bytes_per_day, days: pace.days })
        });
        Ok(Self {
            rows: rows.collect::<PyResult<_>>()?,
            bytes_per_day: page.bytes_per_day,
            days: page.days,
            volumes: volumes.collect::<PyResult<_>>()?,
        })
    }
}
