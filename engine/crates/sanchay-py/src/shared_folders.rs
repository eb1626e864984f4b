//! Folders that share copies, as Python sees them.

use pyo3::prelude::*;
use sanchay_engine::catalog::expression::Endings;
use sanchay_engine::catalog::queries::{self, DuplicateRequest};
use sanchay_engine::{words, EngineError};

use crate::catalog::Catalog;
use crate::enter::ask;

/// One folder of a pair.
#[pyclass(frozen, get_all, module = "sanchay_engine")]
pub(crate) struct PairSide {
    path: Vec<u8>,
    shared_files: u64,
    bytes: u64,
    files: u64,
    is_contained: bool,
}

impl PairSide {
    fn new(py: Python<'_>, side: queries::PairSide) -> PyResult<Py<Self>> {
        let queries::PairSide { path, shared_files, bytes, files, is_contained } = side;
        Py::new(py, Self { path, shared_files, bytes, files, is_contained })
    }
}

/// Two folders that share copies.
#[pyclass(frozen, get_all, module = "sanchay_engine")]
pub(crate) struct FolderPair {
    left: Py<PairSide>,
    right: Py<PairSide>,
    groups: u64,
}

/// The pairs that share most.
#[pyclass(frozen, get_all, module = "sanchay_engine")]
pub(crate) struct SharedFolders {
    pairs: Vec<Py<FolderPair>>,
    total_pairs: u64,
    is_partial: bool,
}

#[pyfunction]
#[pyo3(signature = (catalog, *, under = None, min_size = 1, extensions = Vec::new(), types = Vec::new(), limit = 100,
    max_bytes = None, with_ignored = false))]
#[allow(clippy::too_many_arguments)] // the keywords of a Python call
pub(crate) fn shared_folders(
    py: Python<'_>,
    catalog: &Catalog,
    under: Option<Vec<u8>>,
    min_size: u64,
    extensions: Vec<String>,
    types: Vec<String>,
    limit: usize,
    max_bytes: Option<usize>,
    with_ignored: bool,
) -> PyResult<SharedFolders> {
    let engine = &catalog.engine;
    let found = ask(py, || {
        let ignored = if with_ignored { None } else { engine.ignored_copies()? };
        let request = DuplicateRequest {
            under: under.as_deref().into_iter().collect(),
            min_size_bytes: min_size,
            extensions: Endings::of_copies(extensions.iter().map(String::as_str))
                .map_err(EngineError::invalid_argument)?,
            types: types.iter().map(|text| words::file_type(text)).collect::<Result<_, _>>()?,
            limit,
            max_bytes,
            roots: engine.root_names()?,
            ignored: ignored.as_ref(),
            ..DuplicateRequest::default()
        };
        Ok(engine.catalog().shared_folders(&request)?)
    })?;
    let pair = |pair: queries::FolderPair| {
        let (left, right) = (PairSide::new(py, pair.left)?, PairSide::new(py, pair.right)?);
        Py::new(py, FolderPair { left, right, groups: pair.groups })
    };
    Ok(SharedFolders {
        pairs: found.pairs.into_iter().map(pair).collect::<PyResult<_>>()?,
        total_pairs: found.total_pairs,
        is_partial: found.is_partial,
    })
}
