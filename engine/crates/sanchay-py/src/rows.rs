//! Answers as frozen Python objects. Bytes are exact; sizes are bytes, times Unix nanoseconds.

use std::collections::BTreeMap;

use pyo3::prelude::*;
use sanchay_engine::catalog::queries;
use sanchay_engine::one_call;

/// A regular file.
#[pyclass(frozen, get_all, module = "sanchay_engine")]
#[derive(Clone)]
pub(crate) struct FileRow {
    path: Vec<u8>,
    size: u64,
    allocated: u64,
    modified_ns: i64,
    created_ns: Option<i64>,
    r#type: &'static str,
    extension: String,
    hash: Vec<u8>,
    algorithm: &'static str,
    hash_state: &'static str,
    links: u32,
    owner: u32,
    root_id: i64,
    inode: u64,
}

impl From<queries::FileRow> for FileRow {
    fn from(row: queries::FileRow) -> Self {
        let extension = row.extension().map_or_else(String::new, |found| found.as_str().to_owned());
        let (hash, algorithm) =
            row.hash().map_or((Vec::new(), ""), |(hash, algorithm)| (hash.as_bytes().to_vec(), algorithm.name()));
        Self {
            r#type: row.type_name(),
            hash_state: row.hash_state().name(),
            size: row.entry.size_bytes,
            allocated: row.entry.allocated_bytes,
            modified_ns: row.entry.mtime_ns,
            created_ns: row.entry.birth_ns,
            links: row.entry.links,
            owner: row.entry.owner,
            inode: row.entry.inode,
            root_id: row.root_id,
            path: row.path,
            extension,
            hash,
            algorithm,
        }
    }
}

/// A page of `find`.
#[pyclass(frozen, get_all, module = "sanchay_engine")]
pub(crate) struct FindPage {
    rows: Vec<Py<FileRow>>,
    total: Option<u64>,
    total_at_least: u64,
    total_bytes: Option<u64>,
    next_token: String,
    root_ids: Vec<i64>,
    folders: u64,
    asks_for_copies: bool,
    out_of_patience: bool,
}

impl FindPage {
    pub(crate) fn new(py: Python<'_>, page: queries::FindPage, root_ids: Vec<i64>) -> PyResult<Self> {
        Ok(Self {
            rows: page.rows.into_iter().map(|row| Py::new(py, FileRow::from(row))).collect::<PyResult<_>>()?,
            total: page.total,
            total_at_least: page.total_at_least,
            total_bytes: page.total_bytes,
            next_token: page.next_token,
            folders: page.folders,
            asks_for_copies: page.asks_for_copies,
            out_of_patience: page.out_of_patience,
            root_ids,
        })
    }
}

/// One name of one copy.
#[pyclass(frozen, get_all, module = "sanchay_engine")]
pub(crate) struct DuplicatePath {
    path: Vec<u8>,
    inode: u64,
    modified_ns: i64,
    root_id: i64,
    copy: u64,
    perhaps: bool,
}

/// Files of one content.
#[pyclass(frozen, get_all, module = "sanchay_engine")]
pub(crate) struct DuplicateGroup {
    size: u64,
    hash: Vec<u8>,
    algorithm: &'static str,
    copies: u64,
    perhaps: u64,
    reclaimable_bytes: u64,
    freed_bytes: u64,
    paths: Vec<Py<DuplicatePath>>,
    total_paths: u64,
}

impl DuplicateGroup {
    pub(crate) fn new(py: Python<'_>, group: queries::DuplicateGroup) -> PyResult<Self> {
        let paths = group.paths.into_iter().map(|path| {
            let (inode, modified_ns) = (path.entry.inode, path.entry.mtime_ns);
            let (copy, perhaps) = (path.copy, path.perhaps);
            Py::new(py, DuplicatePath { path: path.path, inode, modified_ns, root_id: path.root_id, copy, perhaps })
        });
        Ok(Self {
            size: group.figures.size_bytes,
            hash: group.hash.as_bytes().to_vec(),
            algorithm: group.algorithm.name(),
            copies: group.figures.copies,
            perhaps: group.figures.perhaps,
            reclaimable_bytes: group.figures.reclaimable_bytes,
            freed_bytes: group.figures.freed_bytes,
            paths: paths.collect::<PyResult<_>>()?,
            total_paths: group.total_paths,
        })
    }
}

impl DuplicateGroup {
    /// A group of files that are in no catalog, and so below no root.
    pub(crate) fn of_files(py: Python<'_>, group: one_call::DuplicateGroup) -> PyResult<Self> {
        let total_paths = group.paths.len() as u64;
        let paths = group.paths.into_iter().map(|path| {
            let one_call::DuplicatePath { path, inode, modified_ns, copy, perhaps } = path;
            Py::new(py, DuplicatePath { path, inode, modified_ns, root_id: 0, copy, perhaps })
        });
        Ok(Self {
            size: group.figures.size_bytes,
            hash: group.hash.as_bytes().to_vec(),
            algorithm: sanchay_core::Algorithm::Blake3.name(),
            copies: group.figures.copies,
            perhaps: group.figures.perhaps,
            reclaimable_bytes: group.figures.reclaimable_bytes,
            freed_bytes: group.figures.freed_bytes,
            paths: paths.collect::<PyResult<_>>()?,
            total_paths,
        })
    }
}

/// Files that no answer about copies covers.
#[pyclass(frozen, get_all, module = "sanchay_engine")]
pub(crate) struct NotCompared {
    files: u64,
    bytes: u64,
    not_read: u64,
    unreadable: u64,
    unstable: u64,
    other_algorithm: u64,
}

impl From<queries::NotCompared> for NotCompared {
    fn from(found: queries::NotCompared) -> Self {
        let queries::NotCompared { files, bytes, not_read, unreadable, unstable, other_algorithm } = found;
        Self { files, bytes, not_read, unreadable, unstable, other_algorithm }
    }
}

/// A page of duplicates, with the totals of all.
#[pyclass(frozen, get_all, module = "sanchay_engine")]
pub(crate) struct DuplicatePage {
    groups: Vec<Py<DuplicateGroup>>,
    total_groups: u64,
    total_redundant_files: u64,
    total_reclaimable_bytes: u64,
    total_freed_bytes: u64,
    ignored_groups: u64,
    next_token: String,
}

impl DuplicatePage {
    pub(crate) fn new(py: Python<'_>, page: queries::DuplicatePage) -> PyResult<Self> {
        let groups = page.groups.into_iter().map(|group| Py::new(py, DuplicateGroup::new(py, group)?));
        Ok(Self {
            groups: groups.collect::<PyResult<_>>()?,
            total_groups: page.total_groups,
            total_redundant_files: page.total_redundant_files,
            total_reclaimable_bytes: page.total_reclaimable_bytes,
            total_freed_bytes: page.total_freed_bytes,
            ignored_groups: page.ignored_groups,
            next_token: page.next_token,
        })
    }
}

/// One row of a summary.
#[pyclass(frozen, get_all, module = "sanchay_engine")]
pub(crate) struct SummaryRow {
    key: String,
    files: u64,
    bytes: u64,
}

impl From<queries::SummaryRow> for SummaryRow {
    fn from(row: queries::SummaryRow) -> Self {
        Self { key: row.key, files: row.files, bytes: row.bytes }
    }
}

/// What is too small for a row.
#[pyclass(frozen, get_all, module = "sanchay_engine")]
pub(crate) struct LeftOut {
    rows: u64,
    files: u64,
    bytes: u64,
    allocated: u64,
}

/// One folder with all below it, or one file.
#[pyclass(frozen, get_all, module = "sanchay_engine")]
pub(crate) struct UsageRow {
    path: Vec<u8>,
    depth: u32,
    file_type: Option<&'static str>,
    files: u64,
    directories: u64,
    bytes: u64,
    allocated: u64,
    linked_bytes: u64,
    newest_ns: i64,
    above_roots: bool,
    left_out: Option<Py<LeftOut>>,
    type_bytes: BTreeMap<&'static str, u64>,
    copied_bytes: u64,
}

impl UsageRow {
    fn new(py: Python<'_>, row: queries::UsageRow) -> PyResult<Self> {
        let queries::LeftOut { rows, files, bytes, allocated } = row.left_out;
        let left_out = (rows > 0).then(|| Py::new(py, LeftOut { rows, files, bytes, allocated })).transpose()?;
        let types = row.types.as_deref();
        let by_type = types.into_iter().flat_map(queries::TypeSums::by_type);
        Ok(Self {
            file_type: row.type_name(),
            path: row.path,
            depth: row.depth,
            files: row.files,
            directories: row.directories,
            bytes: row.bytes,
            allocated: row.allocated,
            linked_bytes: row.linked_bytes,
            newest_ns: row.newest_ns.unwrap_or(0),
            above_roots: row.above_roots,
            left_out,
            type_bytes: by_type.map(|(file_type, bytes)| (file_type.name(), bytes)).collect(),
            copied_bytes: types.map_or(0, |types| types.copied_bytes),
        })
    }
}

/// A page of folders.
#[pyclass(frozen, get_all, module = "sanchay_engine")]
pub(crate) struct UsagePage {
    rows: Vec<Py<UsageRow>>,
    next_token: String,
}

impl UsagePage {
    pub(crate) fn new(py: Python<'_>, page: queries::UsagePage) -> PyResult<Self> {
        let rows = page.rows.into_iter().map(|row| Py::new(py, UsageRow::new(py, row)?));
        Ok(Self { rows: rows.collect::<PyResult<_>>()?, next_token: page.next_token })
    }
}

/// Figures of the whole catalog.
#[pyclass(frozen, get_all, module = "sanchay_engine")]
pub(crate) struct CatalogStatus {
    pub(crate) catalog_id: String,
    pub(crate) path: Vec<u8>,
    pub(crate) files: u64,
    pub(crate) directories: u64,
    pub(crate) bytes: u64,
    pub(crate) db_bytes: u64,
    pub(crate) wal_bytes: u64,
    pub(crate) name_index_bytes: u64,
    pub(crate) name_index: &'static str,
    pub(crate) rollup_bytes: u64,
    pub(crate) rebuilt_from: Option<Vec<u8>>,
    pub(crate) damage: String,
    pub(crate) notice: String,
}

/// A root as the catalog has it.
#[pyclass(frozen, get_all, module = "sanchay_engine")]
pub(crate) struct StoredRoot {
    pub(crate) root_id: i64,
    pub(crate) path: Vec<u8>,
    pub(crate) state: &'static str,
    pub(crate) settings: String,
}

/// What the last look at a root found.
#[pyclass(frozen, get_all, module = "sanchay_engine")]
pub(crate) struct RootStatus {
    pub(crate) root_id: i64,
    pub(crate) state: &'static str,
    pub(crate) holds: bool,
    pub(crate) scanned_ns: i64,
    pub(crate) reason: String,
    pub(crate) files: u64,
    pub(crate) directories: u64,
    pub(crate) bytes: u64,
}
