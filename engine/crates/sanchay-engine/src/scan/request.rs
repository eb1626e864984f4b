//! What a scan works with, and what its workers share of it.

use std::collections::HashMap;
use std::sync::atomic::AtomicU64;
use std::sync::Arc;

use sanchay_catalog::{Catalog, RootRow};
use sanchay_core::Source;

use super::context::Context;
use super::mounts::Mounts;
use crate::carried::Carried;
use crate::error::EngineError;
use crate::inodes::Inodes;
use crate::job::Control;
use crate::own_files::{OwnFiles, OwnPlaces};
use crate::reading::Contents;
use crate::root_spec::{Governed, RootSettings};
use crate::suspects::Suspects;
use crate::trees::Trees;
use crate::writers::Writers;

/// What a scan works with.
pub(crate) struct ScanRequest<'a> {
    pub(crate) catalog: &'a Catalog,
    pub(crate) root_id: i64,
    pub(crate) own: &'a OwnPlaces,
    pub(crate) threads: usize,
    pub(crate) control: &'a Control,
    pub(crate) trees: &'a Trees,
    pub(crate) inodes: &'a Inodes,
    /// What was read of files with several names.
    pub(crate) contents: Arc<Contents>,
    pub(crate) carried: &'a Carried,
    pub(crate) writers: &'a Writers,
    pub(crate) suspects: &'a Suspects,
}

pub(super) fn prepare<'a, S: Source>(
    request: &ScanRequest<'a>,
    row: &'a RootRow,
    rows: &[RootRow],
    governed: &[Governed],
    root: &'a S,
    mounts: Mounts<'a>,
    tree: i64,
) -> Result<Context<'a, S>, EngineError> {
    let catalog = request.catalog;
    let below = |path: &[u8]| sanchay_core::path::relative(&row.path, path);
    let nested = rows
        .iter()
        .zip(governed)
        .filter_map(|(other, governed)| Some((below(&other.path)?, governed.rules.clone())))
        .collect();
    let tops: HashMap<Vec<u8>, i64> =
        catalog.reader()?.tops()?.into_iter().filter_map(|(id, path)| Some((below(&path)?, id))).collect();
    let expected =
        rows.iter().filter_map(|row| RootSettings::of(row).ok()).flat_map(|settings| settings.expect_unreadable);
    request.control.expect_unreadable(expected.collect());
    Ok(Context {
        catalog,
        control: request.control,
        root,
        root_path: &row.path,
        tree,
        nested,
        tops,
        own: OwnFiles::look(request.own),
        accepted: row.accepted,
        mounts,
        deferred_files: AtomicU64::new(0),
        deferred_bytes: AtomicU64::new(0),
        inodes: request.inodes,
        contents: Arc::clone(&request.contents),
        carried: request.carried,
        writers: request.writers,
        suspects: request.suspects,
        findings: None,
        _ids: catalog.extensions().hold(),
    })
}
