//! Calls that need no catalog: equal files, hashes, and listings as Arrow streams.

#![allow(clippy::needless_pass_by_value)] // arguments made from Python's objects are the function's own

use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyCapsule};
use sanchay_engine::one_call::{self, Walk};
use sanchay_engine::words;

use crate::enter::{enter, enter_interruptibly};
use crate::errors::raise;
use crate::rows::DuplicateGroup;

/// Groups of equal files, most to win first.
#[pyfunction]
#[pyo3(signature = (paths, *, min_size = 1, threads = 0))]
pub(crate) fn find_duplicates(
    py: Python<'_>,
    paths: Vec<Vec<u8>>,
    min_size: u64,
    threads: usize,
) -> PyResult<Vec<DuplicateGroup>> {
    let groups = enter_interruptibly(py, |stop| one_call::find_duplicates(&paths, min_size, threads, stop))?;
    groups.into_iter().map(|group| DuplicateGroup::of_files(py, group)).collect()
}

/// For each path, the path and its digest, or the `EngineError` that says why there is none.
#[pyfunction]
#[pyo3(signature = (paths, algorithm = "blake3", *, threads = 0))]
pub(crate) fn checksum<'py>(
    py: Python<'py>,
    paths: Vec<Vec<u8>>,
    algorithm: &str,
    threads: usize,
) -> PyResult<Vec<(Bound<'py, PyBytes>, Bound<'py, PyAny>)>> {
    let algorithm = words::algorithm(algorithm).map_err(raise)?;
    let digests = enter_interruptibly(py, |stop| one_call::checksum(&paths, algorithm, threads, stop))?;
    let pairs = paths.iter().zip(digests).map(|(path, digest)| {
        let digest = match digest {
            Ok(hash) => PyBytes::new(py, hash.as_bytes()).into_any(),
            Err(error) => raise(error).into_value(py).into_bound(py).into_any(),
        };
        (PyBytes::new(py, path), digest)
    });
    Ok(pairs.collect())
}

/// A listing of all regular files below the paths.
#[pyfunction]
#[pyo3(signature = (paths, *, batch_rows = 65536))]
pub(crate) fn walk(py: Python<'_>, paths: Vec<Vec<u8>>, batch_rows: usize) -> PyResult<WalkStream> {
    enter(py, || Walk::new(&paths, batch_rows)).map(WalkStream)
}

/// Arrow batches by the PyCapsule protocol; each time it is taken, it looks again.
#[pyclass(frozen, module = "sanchay_engine")]
pub(crate) struct WalkStream(Walk);

#[pymethods]
impl WalkStream {
    /// A capsule of an `ArrowArrayStream`. The columns are always the same, whatever schema is asked for: the protocol
    /// leaves it to the reader to cast.
    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let _ = requested_schema;
        let stream = FFI_ArrowArrayStream::new(Box::new(self.0.batches()));
        PyCapsule::new_with_value(py, stream, c"arrow_array_stream")
    }
}
