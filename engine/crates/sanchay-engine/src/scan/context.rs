//! What all workers of one scan share.

use std::collections::HashMap;
use std::sync::atomic::AtomicU64;
use std::sync::Arc;

use sanchay_catalog::{Catalog, IdsInHand};
use sanchay_core::{RootDir, Source};

use super::findings::Findings;
use super::mounts::Mounts;
use crate::carried::Carried;
use crate::error::EngineError;
use crate::inodes::Inodes;
use crate::job::Control;
use crate::own_files::OwnFiles;
use crate::reading::Contents;
use crate::root_spec::Rules;
use crate::suspects::Suspects;
use crate::writers::Writers;

/// One scan.
pub(crate) struct Context<'a, S = RootDir> {
    pub(crate) catalog: &'a Catalog,
    pub(crate) control: &'a Control,
    pub(crate) root: &'a S,
    pub(crate) root_path: &'a [u8],
    /// Top directory of the tree that the root lies in.
    pub(crate) tree: i64,
    /// Rules of the roots inside this one, by path below it: the innermost root governs.
    pub(crate) nested: HashMap<Vec<u8>, Result<Arc<Rules>, EngineError>>,
    /// Trees of their own below this root, by path below it: they are adopted.
    pub(crate) tops: HashMap<Vec<u8>, i64>,
    pub(crate) own: OwnFiles,
    /// What is there is taken for the root, whatever was there before.
    pub(crate) accepted: bool,
    pub(crate) mounts: Mounts<'a>,
    /// Files left for after the listing, and their bytes.
    pub(crate) deferred_files: AtomicU64,
    pub(crate) deferred_bytes: AtomicU64,
    /// Where the inodes of each block are remembered.
    pub(crate) inodes: &'a Inodes,
    /// What was read of files with several names.
    pub(crate) contents: Arc<Contents>,
    /// Hashes whose truth hangs on events that are still to come.
    pub(crate) carried: &'a Carried,
    /// Who else writes to the files.
    pub(crate) writers: &'a Writers,
    /// What files had whose content is to be read again.
    pub(crate) suspects: &'a Suspects,
    /// Who follows up what is found; none for a scan of a whole root.
    pub(crate) findings: Option<&'a Findings>,
    /// The ids of extensions that it uses stay what they are.
    pub(crate) _ids: IdsInHand<'a>,
}

impl<S: Source> Context<'_, S> {
    /// Whether a root lies below this path, which is relative to the root that is scanned.
    pub(crate) fn leads_to_nested(&self, relative: &[u8]) -> bool {
        let is_below = |path: &[u8]| path.strip_prefix(relative).is_some_and(|rest| rest.first() == Some(&b'/'));
        self.nested.keys().any(|path| is_below(path))
    }

    /// The absolute path of something below the root.
    pub(crate) fn absolute(&self, relative: &[u8], name: &[u8]) -> Vec<u8> {
        let mut path = self.root_path.to_vec();
        for part in [relative, name] {
            if !part.is_empty() {
                path = sanchay_core::path::join(&path, part);
            }
        }
        path
    }
}
