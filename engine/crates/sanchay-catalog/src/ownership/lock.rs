//! The lock of a catalog: a file beside it that its owner holds for as long as the catalog is open.
//!
//! It is no lock on the database itself. The system drops all of `SQLite`'s locks on a file as soon as the process closes any
//! descriptor of it, and a lock of ours could be in the way of its own. The file beside it has the name of the file that all
//! links lead to, so that two spellings are one, and it stays when its owner ends: removing it would let two hold it. Where it
//! lies it says that the file of its name is a catalog, also to other Sanchays that scan the folder (a [`Claim`]).

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use sanchay_core::path::{bytes_of, join};
use sanchay_core::{CoreError, DirHandle, RootDir};

use super::claim::Claim;
use crate::beside::with_suffix;
use crate::error::CatalogError;

/// What follows the name of the catalog.
pub const LOCK_SUFFIX: &str = ".sanchay-lock";
const SIGNATURE: &str = "This file locks the Sanchay catalog beside it.";
const LINKS_MOST: usize = 40;
/// More than any owner's words take.
const CONTENT_MOST: u64 = 64 * 1024;

/// The name of the catalog that a lock of this name is of.
pub fn locked_name(name: &[u8]) -> Option<&[u8]> {
    name.strip_suffix(LOCK_SUFFIX.as_bytes()).filter(|name| !name.is_empty())
}

/// Whether a catalog of this name in an open folder has its lock beside it: a file of ours, and not one of that name.
pub fn holds_lock(folder: &DirHandle, path: &[u8], catalog: &[u8]) -> bool {
    let lock = [catalog, LOCK_SUFFIX.as_bytes()].concat();
    let Ok(stat) = folder.stat(&lock) else { return false };
    let Ok(owner) = folder.stat(catalog).or_else(|_| folder.stat_self()).map(|stat| stat.owner) else { return false };
    claim(stat.inode, &join(path, &lock)).is_made_by(folder, &lock, owner)
}

fn claim(number: u64, path: &[u8]) -> Claim<'_> {
    Claim { headline: SIGNATURE, number, path }
}

/// The file that a path leads to when its last name is a link, be it there or not: `SQLite` puts its own files beside that.
pub fn real_file(path: &Path) -> PathBuf {
    let mut file = path.to_owned();
    for _ in 0..LINKS_MOST {
        let Ok(target) = std::fs::read_link(&file) else { break };
        file = file.parent().map_or_else(|| target.clone(), |folder| folder.join(&target));
    }
    file
}

/// Held by the owner of a catalog.
#[derive(Debug)]
pub struct CatalogLock {
    file: File,
    path: PathBuf,
}

impl CatalogLock {
    /// Takes the lock of the catalog at `path` where its file is there already; None where it is not.
    pub(crate) fn take_existing(path: &Path) -> Result<Option<Self>, CatalogError> {
        let lock = with_suffix(path, LOCK_SUFFIX);
        match OpenOptions::new().read(true).write(true).open(&lock) {
            Ok(file) => Self::take(path, &lock, file),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(CatalogError::io(&lock, error)),
        }
    }

    /// Takes the lock of the catalog at `path`, and makes its file.
    pub(crate) fn make(path: &Path) -> Result<Self, CatalogError> {
        let lock = with_suffix(path, LOCK_SUFFIX);
        loop {
            let mut options = OpenOptions::new();
            options.read(true).write(true).create(true).truncate(false);
            let file = options.open(&lock).map_err(|error| CatalogError::io(&lock, error))?;
            if let Some(taken) = Self::take(path, &lock, file)? {
                return Ok(taken);
            }
        }
    }

    /// None where the file was replaced in the moment between its opening and its locking.
    fn take(path: &Path, lock: &Path, mut file: File) -> Result<Option<Self>, CatalogError> {
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(CatalogError::Held { path: path.to_owned(), owner: owner_in(&mut file) });
            }
            Err(TryLockError::Error(error)) => return Err(CatalogError::io(lock, error)),
        }
        Ok(is_at(&file, lock).then(|| Self { file, path: lock.to_owned() }))
    }

    /// Writes down who the owner is, for those who find the catalog locked.
    pub(crate) fn sign(&self, owner: &str) {
        if let Err(error) = self.write(owner) {
            tracing::warn!(error = %error, "catalog_lock_not_signed");
        }
    }

    fn write(&self, owner: &str) -> Result<(), CoreError> {
        let place = std::path::absolute(&self.path)?;
        let (Some(folder), Some(name)) = (place.parent(), place.file_name()) else { return Ok(()) };
        let folder = std::fs::canonicalize(folder)?;
        let number = RootDir::open(&folder)?.handle().stat(bytes_of(name))?.inode;
        let text = claim(number, bytes_of(&folder.join(name))).text(&format!("\n{} {owner}", std::process::id()));
        let mut file = &self.file;
        file.seek(SeekFrom::Start(0))?;
        file.set_len(0)?;
        Ok(file.write_all(&text)?)
    }
}

/// Who holds a lock, as far as its file tells. On Windows no one else can read what is locked.
fn owner_in(file: &mut File) -> String {
    let mut text = Vec::new();
    let read = file.seek(SeekFrom::Start(0)).and_then(|_| file.take(CONTENT_MOST).read_to_end(&mut text));
    let text = String::from_utf8_lossy(&text);
    let mut lines = text.lines().take_while(|_| read.is_ok());
    match (lines.next(), lines.next().map(str::trim)) {
        (Some(SIGNATURE), Some(owner)) if !owner.is_empty() => format!("process {owner}"),
        _ => "another process".to_owned(),
    }
}

#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let identity = |metadata: std::fs::Metadata| (metadata.dev(), metadata.ino());
    file.metadata().map(identity).ok() == path.metadata().map(identity).ok()
}

/// A file that is open cannot be removed or replaced here.
#[cfg(not(unix))]
fn is_at(_file: &File, _path: &Path) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_owner_is_told_of_the_first_and_the_next_gets_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("catalog.db");
        assert!(CatalogLock::take_existing(&path).unwrap().is_none());
        let lock = CatalogLock::make(&path).unwrap();
        lock.sign("of /home/me");
        let said = CatalogLock::make(&path).unwrap_err().to_string();
        assert!(said.contains(&format!("process {} of /home/me", std::process::id())), "{said}");
        drop(lock);
        assert!(CatalogLock::take_existing(&path).unwrap().is_some());
    }

    #[cfg(unix)]
    #[test]
    fn links_to_a_catalog_lead_to_one_file_also_before_it_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("link.db");
        std::os::unix::fs::symlink("other.db", folder.path().join("middle.db")).unwrap();
        std::os::unix::fs::symlink(folder.path().join("middle.db"), &link).unwrap();
        assert_eq!(real_file(&link), folder.path().join("other.db"));
        assert_eq!(real_file(&folder.path().join("other.db")), folder.path().join("other.db"));
    }
}
