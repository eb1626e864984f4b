//! What the engine is busy with, for metrics.

use pyo3::prelude::*;

/// A snapshot of atomics.
#[pyclass(frozen, get_all, module = "sanchay_engine")]
pub(crate) struct EngineLoad {
    pub(crate) writer_queue: usize,
    pub(crate) staged_keys: usize,
    pub(crate) transactions: u64,
}

/// What is still to be hashed.
#[pyclass(frozen, get_all, module = "sanchay_engine")]
pub(crate) struct HashDebt {
    pub(crate) files: u64,
    pub(crate) bytes: u64,
}
