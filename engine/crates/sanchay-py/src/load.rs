//! What the engine is busy with, for metrics.

use pyo3::prelude::*;

/// A snapshot of atomics.
#[pyclass(frozen, get_all, module = "sanchay_engine")]
pub(crate) struct EngineLoad {
    pub(crate) writer_queue: usize,
    pub(crate) staged_keys: usize,
    pub(crate) readers: usize,
    pub(crate) called_off: u64,
    pub(crate) transactions: u64,
}

/// Rows of one kind that disagree.
#[pyclass(frozen, get_all, module = "sanchay_engine")]
pub(crate) struct CatalogFault {
    pub(crate) kind: &'static str,
    pub(crate) count: u64,
    pub(crate) example: Vec<u8>,
    pub(crate) mended: bool,
}

/// What a check of the catalog found.
#[pyclass(frozen, get_all, module = "sanchay_engine")]
pub(crate) struct CatalogCheck {
    pub(crate) faults: Vec<Py<CatalogFault>>,
    pub(crate) folders: u64,
    pub(crate) files: u64,
    pub(crate) keys: u64,
    pub(crate) complete: bool,
}

/// What is still to be hashed.
#[pyclass(frozen, get_all, module = "sanchay_engine")]
pub(crate) struct HashDebt {
    pub(crate) files: u64,
    pub(crate) bytes: u64,
}
