//! Calls that need no catalog: equal files, hashes, and listings as Arrow streams.

#![allow(clippy::needless_pass_by_value)] // arguments made from Python's objects are the function's own

use std::sync::mpsc::{sync_channel, RecvTimeoutError};
use std::time::Duration;

use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyCapsule};
use sanchay_core::Algorithm;
use sanchay_engine::one_call::{self, Stop, Walk};
use sanchay_engine::{EngineError, ErrorKind};

use crate::errors::raise;
use crate::rows::DuplicateGroup;

/// How often a long call looks whether the person wants it to end.
const SIGNALS_EVERY: Duration = Duration::from_millis(100);

/// Runs `work` on a separate thread, so that this one can hear of Ctrl-C.
fn interruptible<T: Send>(
    py: Python<'_>,
    work: impl FnOnce(&Stop) -> Result<T, EngineError> + Send,
) -> PyResult<Result<T, EngineError>> {
    let stop = Stop::default();
    let (sender, receiver) = sync_channel(1);
    // A receiver belongs to one thread, and this is the only one that waits on it.
    let receiver = std::sync::Mutex::new(receiver);
    std::thread::scope(|scope| {
        let stop = &stop;
        // The receiver lives until the scope ends, so the result always finds room.
        let worker = scope.spawn(move || sender.send(work(stop)));
        let mut interrupted = None;
        loop {
            let next = py.detach(|| receiver.lock().expect("no panic under this lock").recv_timeout(SIGNALS_EVERY));
            match next {
                Ok(result) => return interrupted.map_or(Ok(result), Err),
                Err(RecvTimeoutError::Timeout) => {
                    if let Err(signal) = py.check_signals() {
                        stop.stop();
                        interrupted.get_or_insert(signal);
                    }
                }
                Err(RecvTimeoutError::Disconnected) => {
                    // Joined, its panic ends here.
                    let _ = worker.join();
                    let message = "a worker of the engine ended abnormally";
                    return Ok(Err(EngineError::new(ErrorKind::Internal, message)));
                }
            }
        }
    })
}

/// Groups of equal files, most to win first.
#[pyfunction]
#[pyo3(signature = (paths, *, min_size = 1, threads = 0))]
pub(crate) fn find_duplicates(
    py: Python<'_>,
    paths: Vec<Vec<u8>>,
    min_size: u64,
    threads: usize,
) -> PyResult<Vec<DuplicateGroup>> {
    let groups =
        interruptible(py, |stop| one_call::find_duplicates(&paths, min_size, threads, stop))?.map_err(raise)?;
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
    let algorithm = Algorithm::parse(algorithm).ok_or_else(|| {
        raise(EngineError::invalid_argument(format!("'{algorithm}' is no hash: use blake3 or sha256")))
    })?;
    let digests = interruptible(py, |stop| one_call::checksum(&paths, algorithm, threads, stop))?.map_err(raise)?;
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
    py.detach(|| Walk::new(&paths, batch_rows)).map(WalkStream).map_err(raise)
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
