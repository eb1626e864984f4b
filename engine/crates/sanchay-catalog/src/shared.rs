//! What the writer, the readers and the scans share in memory.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, RwLock};

use sanchay_core::Extension;

use crate::error::CatalogError;
use crate::large_folders::LargeFolders;

/// State shared by all parts of an open catalog.
#[derive(Debug, Default)]
pub struct Shared {
    /// The next free ids.
    pub(crate) next_directory: AtomicI64,
    pub(crate) next_block: AtomicI64,
    /// Blocks up to this id are in the name index.
    pub(crate) name_index_watermark: AtomicI64,
    /// The catalog's disk is full: the writer waits.
    pub(crate) disk_full: AtomicBool,
    /// Transactions that ended, well or not: a writer whose count moves is at work.
    pub(crate) transactions: AtomicU64,
    /// The catalog is being closed.
    pub(crate) closing: AtomicBool,
    /// Content keys that wait to be merged.
    pub(crate) staged: AtomicUsize,
    /// The extensions' ids.
    pub extensions: Extensions,
    /// Where names of large folders are.
    pub(crate) large_folders: LargeFolders,
    failure: Mutex<Option<String>>,
}

impl Shared {
    pub(crate) fn in_name_index(&self, block: i64) -> bool {
        block <= self.name_index_watermark.load(Ordering::Relaxed)
    }

    /// Remembers that a write failed for good: every later write says so.
    pub(crate) fn fail(&self, error: &CatalogError) {
        self.failure.lock().expect("no panic under this lock").get_or_insert_with(|| error.to_string());
    }

    pub(crate) fn check_failure(&self) -> Result<(), CatalogError> {
        match &*self.failure.lock().expect("no panic under this lock") {
            Some(reason) => Err(CatalogError::Corrupt(reason.clone())),
            None => Ok(()),
        }
    }
}

/// Ids of extensions. 0 is "none".
#[derive(Debug, Default)]
pub struct Extensions {
    inner: RwLock<ExtensionTable>,
}

#[derive(Debug, Default)]
struct ExtensionTable {
    ids: HashMap<Extension, u32>,
    texts: Vec<Option<Extension>>,
    unsaved: Vec<u32>,
}

impl Extensions {
    /// The id of `extension`, a new one where it has none yet.
    pub fn intern(&self, extension: Option<Extension>) -> u32 {
        let Some(extension) = extension else { return 0 };
        if let Some(id) = self.inner.read().expect("no panic under this lock").ids.get(&extension) {
            return *id;
        }
        let mut table = self.inner.write().expect("no panic under this lock");
        if let Some(id) = table.ids.get(&extension) {
            return *id;
        }
        let id = table.texts.len().max(1) as u32;
        table.put(id, extension);
        table.unsaved.push(id);
        id
    }

    /// The id of an extension that is there already.
    pub fn find(&self, extension: &Extension) -> Option<u32> {
        self.inner.read().expect("no panic under this lock").ids.get(extension).copied()
    }

    /// The extension with `id`; None for 0.
    pub fn get(&self, id: u32) -> Option<Extension> {
        self.inner.read().expect("no panic under this lock").texts.get(id as usize).copied().flatten()
    }

    /// Every extension with its id.
    pub fn all(&self) -> Vec<(u32, Extension)> {
        let table = self.inner.read().expect("no panic under this lock");
        table.texts.iter().enumerate().filter_map(|(id, text)| text.map(|text| (id as u32, text))).collect()
    }

    pub(crate) fn load(&self, id: u32, text: &str) {
        if let Some(extension) = sanchay_core::extension(format!("x.{text}").as_bytes()) {
            self.inner.write().expect("no panic under this lock").put(id, extension);
        }
    }

    pub(crate) fn unsaved(&self) -> Vec<(u32, String)> {
        let table = self.inner.read().expect("no panic under this lock");
        let text = |id: &u32| table.texts[*id as usize].map(|text| (*id, text.as_str().to_owned()));
        table.unsaved.iter().filter_map(text).collect()
    }

    pub(crate) fn mark_saved(&self, saved: &[(u32, String)]) {
        if !saved.is_empty() {
            let mut table = self.inner.write().expect("no panic under this lock");
            table.unsaved.retain(|id| !saved.iter().any(|(done, _)| done == id));
        }
    }
}

impl ExtensionTable {
    fn put(&mut self, id: u32, extension: Extension) {
        if self.texts.len() <= id as usize {
            self.texts.resize(id as usize + 1, None);
        }
        self.texts[id as usize] = Some(extension);
        self.ids.insert(extension, id);
    }
}
