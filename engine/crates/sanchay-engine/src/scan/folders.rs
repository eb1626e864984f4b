//! Folders of files that are known by their paths, opened below their roots without following a link.

use std::collections::HashMap;
use std::sync::Arc;

use sanchay_core::{CoreError, Source};

/// Opens folders, and keeps the roots and the last folder open: files come folder by folder.
pub(crate) struct Folders<S: Source> {
    roots: HashMap<Vec<u8>, Option<S>>,
    last: Option<(Arc<[u8]>, S::Folder)>,
}

impl<S: Source> Default for Folders<S> {
    fn default() -> Self {
        Self { roots: HashMap::new(), last: None }
    }
}

impl<S: Source> Folders<S> {
    /// The folder at the absolute path `folder`, which lies in `root`; None when the root itself cannot be reached.
    pub(crate) fn open(&mut self, root: &[u8], folder: &Arc<[u8]>) -> Result<Option<&S::Folder>, CoreError> {
        if self.last.as_ref().is_none_or(|(open, _)| open != folder) {
            self.last = None;
            let open = || S::open(&sanchay_core::path::path_from_bytes(root)).ok();
            let Some(opened) = self.roots.entry(root.to_vec()).or_insert_with(open).as_ref() else {
                return Ok(None);
            };
            let below = folder.get(root.len()..).unwrap_or_default();
            let relative: &[u8] = below.strip_prefix(b"/").or_else(|| below.strip_prefix(b"\\")).unwrap_or(below);
            self.last = Some((Arc::clone(folder), opened.folder(relative)?));
        }
        Ok(self.last.as_ref().map(|(_, folder)| folder))
    }
}
