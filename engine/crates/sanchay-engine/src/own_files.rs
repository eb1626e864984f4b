//! The daemon's own folders and files, by device and inode: never opened, never cataloged.
//!
//! Opening and closing one of SQLite's files in the process that uses it would drop its locks. Paths do not tell: hard
//! links and bind mounts lead to the same file.

use std::path::{Path, PathBuf};

use sanchay_core::{FileStat, ListBuffer, RootDir};

/// What must be left out, by (inode, device).
#[derive(Clone, Debug, Default)]
pub(crate) struct OwnFiles {
    folders: Vec<(u64, u64)>,
    files: Vec<(u64, u64)>,
}

impl OwnFiles {
    /// Looks at `folders` and the files directly in them as they are now. Nothing is opened but the folders.
    pub(crate) fn look(folders: &[PathBuf]) -> Self {
        let mut own = Self::default();
        for folder in folders {
            let Ok(opened) = RootDir::open(folder) else {
                continue;
            };
            let Ok(stat) = opened.stat() else { continue };
            own.folders.push((stat.inode, stat.device));
            let mut names = Vec::new();
            // What cannot be listed cannot be in use as a database either.
            let _ = opened.handle().list(&mut ListBuffer::new(), |name, _| names.push(name.to_vec()));
            let files = names.iter().filter_map(|name| opened.handle().stat(name).ok());
            own.files.extend(files.map(|stat| (stat.inode, stat.device)));
        }
        own
    }

    /// Whether it is one of the folders.
    pub(crate) fn is_folder(&self, stat: &FileStat) -> bool {
        self.folders.contains(&(stat.inode, stat.device))
    }

    /// Whether it is a file in one of the folders, by whatever name.
    #[inline]
    pub(crate) fn is_file(&self, stat: &FileStat) -> bool {
        self.files.iter().any(|own| own.0 == stat.inode && own.1 == stat.device)
    }
}

/// Whether `path` is one of `folders` or lies in one.
pub(crate) fn is_within(path: &Path, folders: &[PathBuf]) -> bool {
    folders.iter().any(|folder| path.starts_with(folder))
}
