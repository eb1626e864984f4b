//! The way into the engine: the GIL is let go, and an error comes back as Python's exception.

use std::sync::mpsc::{sync_channel, RecvTimeoutError};
use std::time::Duration;

use pyo3::prelude::*;
use sanchay_engine::catalog::Halt;
use sanchay_engine::one_call::Stop;
use sanchay_engine::EngineError;

use crate::errors::raise;

/// How often a long call looks whether it is to end.
const SIGNALS_EVERY: Duration = Duration::from_millis(100);

/// Does `work` without the GIL. What was begun is done to its end, whatever halt the call is under.
pub(crate) fn enter<T: Send>(py: Python<'_>, work: impl FnOnce() -> Result<T, EngineError> + Send) -> PyResult<T> {
    py.detach(|| Halt::default().over(work)).map_err(raise)
}

/// Asks without the GIL. The question ends early where the halt that the call is under is called off.
pub(crate) fn ask<T: Send>(py: Python<'_>, question: impl FnOnce() -> Result<T, EngineError> + Send) -> PyResult<T> {
    py.detach(question).map_err(raise)
}

/// Ends questions that no one waits for any more.
#[pyclass(name = "Halt", frozen, module = "sanchay_engine")]
pub(crate) struct CallHalt(Halt);

#[pymethods]
impl CallHalt {
    #[new]
    fn new() -> Self {
        Self(Halt::default())
    }

    fn run(&self, call: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        self.0.over(|| call.call0()).map(Bound::unbind)
    }

    fn call_off(&self) {
        self.0.call_off();
    }
}

/// The same on a separate thread, so that this one hears of Ctrl-C: `work` is then told to stop, and waited for.
pub(crate) fn enter_interruptibly<T: Send>(
    py: Python<'_>,
    work: impl FnOnce(&Stop) -> Result<T, EngineError> + Send,
) -> PyResult<T> {
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
                Ok(result) => return interrupted.map_or_else(|| result.map_err(raise), Err),
                Err(RecvTimeoutError::Timeout) => {
                    if let Err(signal) = py.check_signals() {
                        stop.stop();
                        interrupted.get_or_insert(signal);
                    }
                }
                Err(RecvTimeoutError::Disconnected) => {
                    // Joined, its panic ends here.
                    let _ = worker.join();
                    return Err(raise(EngineError::ended_abnormally("a worker of the engine")));
                }
            }
        }
    })
}
