//! How an engine is opened.

use std::path::PathBuf;

/// How an engine is opened.
#[derive(Clone, Debug, Default)]
pub struct EngineOptions {
    /// The daemon's own folders: never cataloged.
    pub own_folders: Vec<PathBuf>,
    /// Its files that lie elsewhere, but for those of the catalog.
    pub own_files: Vec<PathBuf>,
    /// Who opens the catalog, for the one who finds it locked.
    pub owner: String,
    /// Threads of a scan; 0: as many as the machine has processors.
    pub threads: usize,
    /// The person's trash; None: where desktops have it.
    pub trash: Option<PathBuf>,
    /// Memory for pages of the catalog, bytes; 0: the default.
    pub cache_bytes: u64,
}
