//! Orders of groups and of hits that Python holds, and reads by position.

use std::sync::Arc;

use pyo3::prelude::*;
use sanchay_core::{Algorithm, ContentHash};
use sanchay_engine::catalog::expression::Endings;
use sanchay_engine::catalog::queries::{self, DuplicateRequest, DuplicateSort, FindRequest, RowsAsked, Sort};
use sanchay_engine::{words, Engine, EngineError, Question};

use crate::catalog::Catalog;
use crate::enter::ask;
use crate::rows::{DuplicateGroup, FileRow};

/// An order of groups.
#[pyclass(frozen, module = "sanchay_engine")]
pub(crate) struct GroupView {
    engine: Arc<Engine>,
    view: queries::GroupView,
}

#[pymethods]
impl GroupView {
    #[new]
    #[pyo3(signature = (catalog, *, under = Vec::new(), min_size = 1, extensions = Vec::new(), types = Vec::new(),
        text = "", sort = "reclaimable", with_ignored = false, limit = 4_000_000))]
    #[allow(clippy::too_many_arguments)] // the keywords of a Python call
    fn new(
        py: Python<'_>,
        catalog: &Catalog,
        under: Vec<Vec<u8>>,
        min_size: u64,
        extensions: Vec<String>,
        types: Vec<String>,
        text: &str,
        sort: &str,
        with_ignored: bool,
        limit: usize,
    ) -> PyResult<Self> {
        let engine = Arc::clone(&catalog.engine);
        let view = ask(py, || {
            let ignored = if with_ignored { None } else { engine.ignored_copies()? };
            let request = DuplicateRequest {
                under: under.iter().map(Vec::as_slice).collect(),
                min_size_bytes: min_size,
                extensions: Endings::of_copies(extensions.iter().map(String::as_str))
                    .map_err(EngineError::invalid_argument)?,
                types: types.iter().map(|text| words::file_type(text)).collect::<Result<_, _>>()?,
                text,
                sort: DuplicateSort::parse(sort)?,
                limit,
                roots: engine.root_names()?,
                ignored: ignored.as_ref(),
                ..DuplicateRequest::default()
            };
            Ok(engine.catalog().open_groups(&request)?)
        })?;
        Ok(Self { engine, view })
    }

    fn __len__(&self) -> usize {
        self.view.len()
    }

    #[getter]
    fn bytes(&self) -> usize {
        self.view.bytes()
    }

    #[getter]
    fn total_groups(&self) -> u64 {
        self.view.totals().total_groups
    }

    #[getter]
    fn total_redundant_files(&self) -> u64 {
        self.view.totals().total_redundant_files
    }

    #[getter]
    fn total_reclaimable_bytes(&self) -> u64 {
        self.view.totals().total_reclaimable_bytes
    }

    #[getter]
    fn total_freed_bytes(&self) -> u64 {
        self.view.totals().total_freed_bytes
    }

    #[getter]
    fn ignored_groups(&self) -> u64 {
        self.view.totals().ignored_groups
    }

    fn has_moved_on(&self) -> bool {
        self.view.has_moved_on(self.engine.catalog())
    }

    #[pyo3(signature = (position, limit, *, paths_limit = 1000, max_bytes = None))]
    fn read(
        &self,
        py: Python<'_>,
        position: u64,
        limit: usize,
        paths_limit: usize,
        max_bytes: Option<usize>,
    ) -> PyResult<Vec<Option<Py<DuplicateGroup>>>> {
        let rows = ask(py, || {
            let roots = &self.engine.root_names()?;
            let asked = RowsAsked { position, limit, max_bytes, paths_limit, roots };
            Ok(self.view.read(self.engine.catalog(), &asked)?)
        })?;
        let group = |row: queries::GroupRow| row.map(|group| Py::new(py, DuplicateGroup::new(py, group)?)).transpose();
        rows.into_iter().map(group).collect()
    }

    #[pyo3(signature = (*, hash_bytes = None, path = None))]
    fn position(&self, py: Python<'_>, hash_bytes: Option<Vec<u8>>, path: Option<Vec<u8>>) -> PyResult<Option<u64>> {
        ask(py, || {
            let contents = match (hash_bytes, path) {
                (Some(hash), _) => {
                    let wrong = |_| EngineError::invalid_argument("a hash has 32 bytes");
                    let hash = ContentHash::from_bytes(hash.try_into().map_err(wrong)?);
                    vec![(Algorithm::Blake3, hash), (Algorithm::Sha256, hash)]
                }
                (None, Some(path)) => self.engine.content_of(&path)?.into_iter().collect(),
                (None, None) => return Err(EngineError::invalid_argument("a hash or a path is needed")),
            };
            for (algorithm, hash) in contents {
                if let Some(position) = self.view.position_of(self.engine.catalog(), &hash, algorithm)? {
                    return Ok(Some(position));
                }
            }
            Ok(None)
        })
    }
}

/// An order of hits.
#[pyclass(frozen, module = "sanchay_engine")]
pub(crate) struct HitView {
    engine: Arc<Engine>,
    view: queries::HitView,
    root_ids: Vec<i64>,
}

#[pymethods]
impl HitView {
    #[new]
    #[pyo3(signature = (catalog, expression, *, sort = "", time_zone = "", limit = 1_000_000))]
    fn new(
        py: Python<'_>,
        catalog: &Catalog,
        expression: &str,
        sort: &str,
        time_zone: &str,
        limit: usize,
    ) -> PyResult<Self> {
        let engine = Arc::clone(&catalog.engine);
        let (view, root_ids) = ask(py, || {
            let Question { expression, root_ids } = engine.question(expression, time_zone)?;
            let request = FindRequest {
                expression: &expression,
                sort: Sort::parse(sort)?,
                limit,
                max_bytes: None,
                token: "",
                patience: None,
                roots: &engine.root_names()?,
            };
            Ok((engine.catalog().open_hits(&request)?, root_ids))
        })?;
        Ok(Self { engine, view, root_ids })
    }

    fn __len__(&self) -> usize {
        self.view.len()
    }

    #[getter]
    fn bytes(&self) -> usize {
        self.view.bytes()
    }

    #[getter]
    fn total(&self) -> u64 {
        self.view.total()
    }

    #[getter]
    fn total_bytes(&self) -> Option<u64> {
        self.view.total_bytes()
    }

    #[getter]
    fn folders(&self) -> u64 {
        self.view.folders()
    }

    #[getter]
    fn asks_for_copies(&self) -> bool {
        self.view.asks_for_copies()
    }

    #[getter]
    fn root_ids(&self) -> Vec<i64> {
        self.root_ids.clone()
    }

    fn has_moved_on(&self) -> bool {
        self.view.has_moved_on(self.engine.catalog())
    }

    #[pyo3(signature = (position, limit, *, max_bytes = None))]
    fn read(
        &self,
        py: Python<'_>,
        position: u64,
        limit: usize,
        max_bytes: Option<usize>,
    ) -> PyResult<Vec<Option<Py<FileRow>>>> {
        let rows = ask(py, || {
            let roots = &self.engine.root_names()?;
            let asked = RowsAsked { position, limit, max_bytes, paths_limit: 1, roots };
            Ok(self.view.read(self.engine.catalog(), &asked)?)
        })?;
        rows.into_iter().map(|row| row.map(|row| Py::new(py, FileRow::from(row))).transpose()).collect()
    }

    fn position(&self, py: Python<'_>, path: Vec<u8>) -> PyResult<Option<u64>> {
        ask(py, || Ok(self.view.position_of(self.engine.catalog(), &path)?))
    }
}
