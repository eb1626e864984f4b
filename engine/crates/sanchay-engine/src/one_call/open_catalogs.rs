//! The catalogs that this process has open, whose files no call may open a second time.
//!
//! The system drops all locks of a process on a file when the process closes it anywhere: reading a catalog's file here
//! would let another process write into it. Paths do not tell which files those are, so device and inode do.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use sanchay_core::path::bytes_of;
use sanchay_core::{FileStat, RootDir};

static OPEN: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Held for as long as a catalog is open.
#[derive(Debug)]
pub(crate) struct CatalogGuard(PathBuf);

impl CatalogGuard {
    /// Counts the files of the catalog at `path` as open.
    pub(crate) fn new(path: &Path) -> Self {
        // The current folder may be another one by the time that the file is looked for.
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        OPEN.lock().expect("no panic under this lock").push(path.clone());
        Self(path)
    }
}

impl Drop for CatalogGuard {
    fn drop(&mut self) {
        let mut open = OPEN.lock().expect("no panic under this lock");
        if let Some(index) = open.iter().position(|path| *path == self.0) {
            open.swap_remove(index);
        }
    }
}

/// The files of open catalogs, by (inode, device).
pub(super) struct CatalogFiles(Vec<(u64, u64)>);

impl CatalogFiles {
    /// Looks at them as they are now; only folders are opened.
    pub(super) fn look() -> Self {
        let open = OPEN.lock().expect("no panic under this lock").clone();
        let mut files = Vec::new();
        for path in open {
            let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
                continue;
            };
            let Ok(folder) = RootDir::open(folder) else {
                continue;
            };
            for suffix in ["", "-wal", "-shm"] {
                let mut name = name.to_owned();
                name.push(suffix);
                if let Ok(stat) = folder.handle().stat(bytes_of(&name)) {
                    files.push((stat.inode, stat.device));
                }
            }
        }
        Self(files)
    }

    /// Whether it is one of them, by whatever name.
    pub(super) fn has(&self, stat: &FileStat) -> bool {
        self.0.contains(&(stat.inode, stat.device))
    }
}
