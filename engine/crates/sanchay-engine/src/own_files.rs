//! Sanchay's own folders and files: never opened, never cataloged. This daemon's are known by device and inode, those of every
//! Sanchay by a file that marks them.
//!
//! Opening and closing one of `SQLite`'s files in the process that uses it would drop its locks. Paths do not tell: hard
//! links and bind mounts lead to the same file. Two daemons that cataloged each other's databases would never come to rest.

use std::path::{Path, PathBuf};

use sanchay_catalog::{is_lock_name, locked_name, LOCK_SUFFIX};
use sanchay_core::path::bytes_of;
use sanchay_core::{DirHandle, FileStat, ListBuffer, RootDir};

/// A folder with a file of this name belongs to a Sanchay.
pub const FOLDER_MARK: &[u8] = b".sanchay-folder";
/// What the name of a catalog's file may go on with, for the files that are kept beside it.
const BESIDE: [&[u8]; 4] = [b"-wal", b"-shm", b"-journal", b"-damage"];
const DAMAGED: &[u8] = b".damaged-";

/// Where this daemon keeps what is its own.
#[derive(Clone, Debug, Default)]
pub(crate) struct OwnPlaces {
    pub(crate) folders: Vec<PathBuf>,
    pub(crate) files: Vec<PathBuf>,
}

impl OwnPlaces {
    /// As they were given, and as the system spells them.
    pub(crate) fn new(folders: &[PathBuf], files: &[PathBuf]) -> Self {
        let mut own = Self { folders: folders.to_vec(), files: files.to_vec() };
        own.folders.extend(folders.iter().filter_map(|folder| std::fs::canonicalize(folder).ok()));
        own.files.extend(files.iter().filter_map(|file| {
            let folder = std::fs::canonicalize(file.parent()?).ok()?;
            Some(folder.join(file.file_name()?))
        }));
        for places in [&mut own.folders, &mut own.files] {
            places.sort_unstable();
            places.dedup();
        }
        own
    }

    /// All of them, for a watcher that is to hear nothing of them.
    pub(crate) fn paths(&self) -> Vec<Vec<u8>> {
        self.folders.iter().chain(&self.files).map(|path| bytes_of(path).to_vec()).collect()
    }
}

/// What must be left out, by (inode, device).
#[derive(Clone, Debug, Default)]
pub(crate) struct OwnFiles {
    folders: Vec<(u64, u64)>,
    files: Vec<(u64, u64)>,
}

impl OwnFiles {
    /// Looks at the folders, the files directly in them and the files elsewhere as they are now. Nothing is opened but folders.
    pub(crate) fn look(places: &OwnPlaces) -> Self {
        let mut own = Self::default();
        for folder in &places.folders {
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
        for file in &places.files {
            let (Some(folder), Some(name)) = (file.parent(), file.file_name()) else { continue };
            let Ok(folder) = RootDir::open(folder) else { continue };
            own.files.extend(folder.handle().stat(bytes_of(name)).ok().map(|stat| (stat.inode, stat.device)));
        }
        own
    }

    /// Whether it is one of the folders.
    pub(crate) fn is_folder(&self, stat: &FileStat) -> bool {
        self.folders.contains(&(stat.inode, stat.device))
    }

    /// Whether it is one of the files, by whatever name.
    #[inline]
    pub(crate) fn is_file(&self, stat: &FileStat) -> bool {
        self.files.iter().any(|own| own.0 == stat.inode && own.1 == stat.device)
    }
}

/// Whether `path` is one of `folders` or lies in one.
pub(crate) fn is_within(path: &Path, folders: &[PathBuf]) -> bool {
    folders.iter().any(|folder| path.starts_with(folder))
}

/// The folder that is marked as a Sanchay's, of `path` and those above it.
pub(crate) fn marked_folder(path: &Path) -> Option<&Path> {
    let mark = sanchay_core::path::path_from_bytes(FOLDER_MARK);
    path.ancestors().find(|folder| folder.join(&mark).symlink_metadata().is_ok_and(|mark| mark.is_file()))
}

/// The names of catalogs in a listing, by the locks beside them; almost always none.
pub(crate) fn catalogs_among<'n>(names: impl Iterator<Item = &'n [u8]>) -> Vec<&'n [u8]> {
    names.filter_map(locked_name).collect()
}

/// Whether a name is that of one of these catalogs, or of a file that is kept beside one.
pub(crate) fn is_of_catalog(name: &[u8], catalogs: &[&[u8]]) -> bool {
    !catalogs.is_empty()
        && (is_lock_name(name)
            || catalogs.iter().any(|catalog| match name.strip_prefix(*catalog) {
                Some(rest) => rest.is_empty() || BESIDE.contains(&rest) || rest.starts_with(DAMAGED),
                None => false,
            }))
}

/// The same of one name in an open folder, without a listing.
pub(crate) fn is_of_catalog_in(folder: &DirHandle, name: &[u8]) -> bool {
    let is_locked = |catalog: &[u8]| {
        let lock = [catalog, LOCK_SUFFIX.as_bytes()].concat();
        folder.stat(&lock).is_ok()
    };
    let damaged = name.windows(DAMAGED.len()).rposition(|part| part == DAMAGED).map(|at| &name[..at]);
    let bases = BESIDE.iter().filter_map(|suffix| name.strip_suffix(*suffix)).chain(damaged);
    is_lock_name(name) || is_locked(name) || bases.filter(|base| !base.is_empty()).any(is_locked)
}

/// Whether an open folder is marked as a Sanchay's.
pub(crate) fn is_marked(folder: &DirHandle) -> bool {
    folder.stat(FOLDER_MARK).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_of_a_catalog_are_known_by_the_lock_beside_it_and_no_others() {
        let catalogs = catalogs_among([&b"a.db.sanchay-lock"[..], b"a.db", b"b.db", b".sanchay-lock"].into_iter());
        assert_eq!(catalogs, [b"a.db"]);
        for name in ["a.db", "a.db-wal", "a.db-shm", "a.db-damage", "a.db.sanchay-lock", "a.db.damaged-1-wal"] {
            assert!(is_of_catalog(name.as_bytes(), &catalogs), "{name}");
        }
        for name in ["b.db", "a.db.txt", "a.dbase", "a"] {
            assert!(!is_of_catalog(name.as_bytes(), &catalogs), "{name}");
        }
    }
}
