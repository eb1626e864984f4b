//! Errors on their way to Python: one exception with a kind, a path and a sentence.

use pyo3::prelude::*;
use pyo3::types::PyBytes;

pyo3::create_exception!(
    sanchay_engine,
    EngineError,
    pyo3::exceptions::PyException,
    "What went wrong in the engine: `kind` for programs, `message` for people, `path` as exact bytes or None."
);

/// An engine error as Python raises it.
pub(crate) fn raise(error: sanchay_engine::EngineError) -> PyErr {
    Python::attach(|py| {
        let exception = EngineError::new_err(error.message.clone());
        let value = exception.value(py);
        let (term, position) = error.term.map_or((None, None), |(term, position)| (Some(term), Some(position)));
        let path = error.path.map(|path| PyBytes::new(py, &path).unbind());
        let filled = value
            .setattr("kind", error.kind.name())
            .and_then(|()| value.setattr("path", path))
            .and_then(|()| value.setattr("message", error.message))
            .and_then(|()| value.setattr("term", term))
            .and_then(|()| value.setattr("position", position));
        filled.map_or_else(|failed| failed, |()| exception)
    })
}
