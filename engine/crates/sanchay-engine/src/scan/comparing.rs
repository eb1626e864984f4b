//! A folder while it is compared: what was opened and listed, and what is known of it so far.

use std::collections::HashMap;
use std::sync::Arc;

use sanchay_catalog::StoredChild;
use sanchay_core::{FileStat, Folder, Listing, Source};

use super::compare::Tally;
use super::file::Count;
use super::mounts::Mount;
use super::stored::{Fresh, Stored};
use super::walk::{Above, Job};

/// A folder that was opened and listed.
pub(super) struct Looked<'l, S: Source> {
    pub(super) job: &'l Job,
    pub(super) folder: &'l S::Folder,
    pub(super) mount: &'l Mount,
    pub(super) listing: &'l Listing<<S::Folder as Folder>::Told>,
    /// The catalogs in it.
    pub(super) catalogs: Vec<&'l [u8]>,
    pub(super) path: &'l [u8],
}

/// One directory that is compared: what is left of the stored names, and what the listing has brought.
pub(super) struct Comparing<'n, 'c> {
    pub(super) stored: Stored<'n>,
    pub(super) children: HashMap<&'c [u8], &'c StoredChild>,
    pub(super) above: Arc<Above>,
    /// Of the directory.
    pub(super) stat: FileStat,
    pub(super) mount: &'c Mount,
    /// Its volume goes by another id than before.
    pub(super) is_relabelled: bool,
    pub(super) count: Count,
    /// What was handed over.
    pub(super) tally: Tally,
    pub(super) fresh: Vec<Fresh<'n>>,
}

impl<'c> Comparing<'_, 'c> {
    /// Goes on with other stored names; all that was found is handed over.
    pub(super) fn with<'n>(self, stored: Stored<'n>) -> Comparing<'n, 'c> {
        debug_assert!(self.fresh.is_empty());
        Comparing { stored, fresh: Vec::new(), ..self }
    }
}
