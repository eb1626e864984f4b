//! Sanchay's own folders and files: never opened, never cataloged. This daemon's are known by device and inode, those of every
//! Sanchay by a file that marks them, which says of which folder or catalog it is.
//!
//! Opening and closing one of `SQLite`'s files in the process that uses it would drop its locks. Paths do not tell: hard
//! links and bind mounts lead to the same file. Two daemons that cataloged each other's databases would never come to rest.

use std::path::{Path, PathBuf};

use sanchay_catalog::{holds_lock, locked_name, LOCK_SUFFIX};
use sanchay_core::path::bytes_of;
use sanchay_core::{DirHandle, FileStat, ListBuffer, RootDir};

/// What the name of a catalog's file may go on with, for the files that are kept beside it.
const BESIDE: [&[u8]; 5] = [b"-wal", b"-shm", b"-journal", b"-damage", LOCK_SUFFIX.as_bytes()];
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

/// The catalogs in an open folder, by the locks in its listing; almost always none.
pub(crate) fn catalogs_among<'n>(
    folder: &DirHandle,
    path: &[u8],
    names: impl Iterator<Item = &'n [u8]>,
) -> Vec<&'n [u8]> {
    names.filter_map(locked_name).filter(|catalog| holds_lock(folder, path, catalog)).collect()
}

/// Whether a name is that of one of these catalogs, or of a file that is kept beside one.
pub(crate) fn is_of_catalog(name: &[u8], catalogs: &[&[u8]]) -> bool {
    catalogs.iter().any(|catalog| match name.strip_prefix(*catalog) {
        Some(rest) => rest.is_empty() || BESIDE.contains(&rest) || rest.starts_with(DAMAGED),
        None => false,
    })
}

/// The same of one name in an open folder, without a listing.
pub(crate) fn is_of_catalog_in(folder: &DirHandle, path: &[u8], name: &[u8]) -> bool {
    let damaged = name.windows(DAMAGED.len()).rposition(|part| part == DAMAGED).map(|at| &name[..at]);
    let bases = BESIDE.iter().filter_map(|suffix| name.strip_suffix(*suffix)).chain(damaged);
    let mut bases = bases.chain([name]).filter(|base| !base.is_empty());
    bases.any(|base| holds_lock(folder, path, base))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_of_a_catalog_are_known_by_its_lock_and_a_stray_lock_hides_nothing() {
        let place = tempfile::tempdir().unwrap();
        let folder = std::fs::canonicalize(place.path()).unwrap();
        drop(sanchay_catalog::Catalog::open(&folder.join("a.db"), sanchay_catalog::CatalogOptions::default()).unwrap());
        std::fs::write(folder.join("b.db"), "b").unwrap();
        std::fs::write(folder.join("b.db.sanchay-lock"), "b").unwrap();
        std::fs::write(folder.join("c.db"), "c").unwrap();
        std::fs::copy(folder.join("a.db.sanchay-lock"), folder.join("c.db.sanchay-lock")).unwrap();
        let (path, opened) = (bytes_of(&folder), RootDir::open(&folder).unwrap());
        let listed = [&b"a.db.sanchay-lock"[..], b"a.db", b"b.db.sanchay-lock", b"c.db.sanchay-lock", b".sanchay-lock"];
        let catalogs = catalogs_among(opened.handle(), path, listed.into_iter());
        assert_eq!(catalogs, [b"a.db"]);
        for name in ["a.db", "a.db-wal", "a.db-shm", "a.db-damage", "a.db.sanchay-lock", "a.db.damaged-1-wal"] {
            assert!(is_of_catalog(name.as_bytes(), &catalogs), "{name}");
            assert!(is_of_catalog_in(opened.handle(), path, name.as_bytes()), "{name}");
        }
        for name in ["b.db", "b.db.sanchay-lock", "c.db", "c.db.sanchay-lock", "a.db.txt", "a.dbase", "a"] {
            assert!(!is_of_catalog(name.as_bytes(), &catalogs), "{name}");
            assert!(!is_of_catalog_in(opened.handle(), path, name.as_bytes()), "{name}");
        }
    }
}
