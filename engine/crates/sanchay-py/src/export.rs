//! An export as Python holds it: an iterator over pieces of the rendered file.

use std::sync::{Arc, Mutex};

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use sanchay_engine::catalog::expression::Expression;
use sanchay_engine::{Engine, EngineError, Exporter};

use crate::enter::ask;

/// Iterates over pieces of the rendered file; memory stays flat.
#[pyclass(frozen, module = "sanchay_engine")]
pub(crate) struct Export {
    engine: Arc<Engine>,
    exporter: Mutex<Option<Exporter>>,
    counts: Mutex<(u64, u64)>,
}

impl Export {
    pub(crate) fn begin(engine: Arc<Engine>, expression: Expression, format: &str) -> Result<Self, EngineError> {
        let exporter = Exporter::new(&engine, expression, format)?;
        Ok(Self { engine, exporter: Mutex::new(Some(exporter)), counts: Mutex::new((0, 0)) })
    }

    fn next_piece(&self) -> Result<Option<Vec<u8>>, EngineError> {
        let mut exporter = self.exporter.lock().expect("no panic under this lock");
        let Some(running) = exporter.as_mut() else { return Ok(None) };
        let piece = running.next_piece(&self.engine)?;
        *self.counts.lock().expect("no panic under this lock") = (running.rows(), running.left_out());
        Ok(piece)
    }
}

#[pymethods]
impl Export {
    #[getter]
    fn rows(&self) -> u64 {
        self.counts.lock().expect("no panic under this lock").0
    }

    #[getter]
    fn left_out(&self) -> u64 {
        self.counts.lock().expect("no panic under this lock").1
    }

    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let piece = ask(py, || self.next_piece())?;
        Ok(piece.map(|piece| PyBytes::new(py, &piece)))
    }

    fn close(&self, py: Python<'_>) {
        py.detach(|| *self.exporter.lock().expect("no panic under this lock") = None);
    }
}
