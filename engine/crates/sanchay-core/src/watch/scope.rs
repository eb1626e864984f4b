//! What of a root is watched.

use super::event::PathBytes;
use crate::filter::Filter;

/// What of a root is watched; by default everything. Pseudo, network and FUSE file systems that are mounted below the
/// root are left out in any case: they are not to be relied on, or could hang.
#[derive(Clone, Debug)]
pub struct Scope {
    /// What the root leaves out is not watched, and its events are not told.
    pub filter: Filter,
    /// Other file systems below the root are left out.
    pub one_file_system: bool,
    /// Folders and files, by their absolute paths, that are left out whatever the filter says: a program that writes in
    /// answer to an event must not hear of its own writing.
    pub without: Vec<PathBytes>,
}

impl Default for Scope {
    fn default() -> Self {
        Self { filter: Filter::everything(), one_file_system: false, without: Vec::new() }
    }
}
