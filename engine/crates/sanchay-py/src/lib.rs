//! The engine's Python face: types and errors translated, the GIL let go, nothing else.

// Arguments of Python calls arrive as owned values.
#![allow(clippy::needless_pass_by_value)]

mod catalog;
mod changes;
mod dedupe;
mod enter;
mod errors;
mod export;
mod have;
mod live;
mod load;
mod logs;
mod one_call;
mod plans;
mod rows;
mod scan;
mod shared_folders;
mod verify;
mod views;

use pyo3::pymodule;

#[pymodule]
mod _native {
    #[pymodule_export]
    use super::catalog::{check_root, exclude_patterns, path_below, Catalog, Place, RootCheck, RootSpec};
    #[pymodule_export]
    use super::changes::{ChangePage, ChangeRow, GrowthPage, GrowthRow, VolumePace};
    #[pymodule_export]
    use super::dedupe::{Act, ActPage, ActProgress, ActResult, Acting, Dedupe, IgnoredGroup, JournalRun, Left};
    #[pymodule_export]
    use super::enter::CallHalt;
    #[pymodule_export]
    use super::errors::EngineError;
    #[pymodule_export]
    use super::export::Export;
    #[pymodule_export]
    use super::have::{Have, HaveCopy, HavePage, HaveResult, HaveRow};
    #[pymodule_export]
    use super::live::{EventBatch, LiveEvent, LiveStatus, PolledPart};
    #[pymodule_export]
    use super::load::{CatalogCheck, CatalogFault, EngineLoad, HashDebt};
    #[pymodule_export]
    use super::logs::{set_log, take_log_lines};
    #[pymodule_export]
    use super::one_call::{checksum, find_duplicates, walk, WalkStream};
    #[pymodule_export]
    use super::plans::{FoundGroup, GroupState, Plan, PlanCopy, PlanGroup, PlanLink, PlanPage, PlanSkipped};
    #[pymodule_export]
    use super::rows::{
        CatalogStatus, DuplicateGroup, DuplicatePage, DuplicatePath, FileRow, FindPage, LeftOut, NotCompared,
        RootStatus, StoredRoot, SummaryRow, UsagePage, UsageRow,
    };
    #[pymodule_export]
    use super::scan::{Progress, Scan, ScanError, ScanResult};
    #[pymodule_export]
    use super::shared_folders::{shared_folders, FolderPair, PairSide, SharedFolders};
    #[pymodule_export]
    use super::verify::{
        accept_finding, compare_listed, findings, DamagedFile, Finding, SuspectFile, Verification, VerifyResult,
    };
    #[pymodule_export]
    use super::views::{GroupView, HitView};

    use pyo3::prelude::*;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))?;
        let kinds = sanchay_engine::ErrorKind::ALL.map(sanchay_engine::ErrorKind::name);
        module.add("ERROR_KINDS", pyo3::types::PyTuple::new(module.py(), kinds)?)?;
        module.add("FOLDER_MARK", pyo3::types::PyBytes::new(module.py(), sanchay_engine::FOLDER_MARK))?;
        let kinds = sanchay_engine::EventKind::ALL.map(sanchay_engine::EventKind::name);
        module.add("EVENT_KINDS", pyo3::types::PyTuple::new(module.py(), kinds)?)?;
        super::logs::install();
        Ok(())
    }
}
