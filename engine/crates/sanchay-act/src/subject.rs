//! One file of a pair, by handle: its folder and itself, open, with the stat that it had.

use std::sync::{Arc, Mutex, PoisonError};

use sanchay_core::path::{bytes_of, join, split_below};
use sanchay_core::{DirHandle, FileHandle, FileKind, FileStat, RootDir};

use crate::expected::Expected;
use crate::refusal::{Reason, Refusal};

/// How many files and folders this process may have open at once; a subject is one file and at most one folder.
pub fn open_files_limit() -> usize {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX))
}

/// Where a file is: below an open root, by its relative path.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The root, held open.
    pub root: &'a RootDir,
    /// The path from there, its names parted by `/`.
    pub path: &'a [u8],
}

impl<'a> Place<'a> {
    /// The path of the folder that the file is in.
    pub fn folder(&self) -> &'a [u8] {
        split_below(self.path).0
    }

    /// The whole path.
    pub fn absolute(&self) -> Vec<u8> {
        join(bytes_of(self.root.path()), self.path)
    }

    /// The file's own name.
    pub fn name(&self) -> &'a [u8] {
        split_below(self.path).1
    }
}

/// A file and its folder, both open.
#[derive(Debug)]
pub struct Subject<'a> {
    /// Where it was opened.
    pub place: Place<'a>,
    /// Its folder, which others that were opened with it may share.
    pub folder: Arc<DirHandle>,
    /// The file, for reading.
    pub file: FileHandle,
    stat: Mutex<FileStat>,
}

impl<'a> Subject<'a> {
    /// Opens a file that must still be the one that was expected.
    pub fn open(place: Place<'a>, expected: &Expected) -> Result<Self, Refusal> {
        Self::open_where(place, |_, stat| Ok(expected.fits(stat)))
    }

    /// Opens a file of which `fits` says that it is the one that is meant, by its folder and stat.
    pub fn open_where(
        place: Place<'a>,
        fits: impl FnOnce(&DirHandle, &FileStat) -> Result<bool, Refusal>,
    ) -> Result<Self, Refusal> {
        Self::open_in(Arc::new(place.root.open_dir(place.folder())?), place, fits)
    }

    /// The same in the folder of its place, which was opened a moment ago.
    pub fn open_in(
        folder: Arc<DirHandle>,
        place: Place<'a>,
        fits: impl FnOnce(&DirHandle, &FileStat) -> Result<bool, Refusal>,
    ) -> Result<Self, Refusal> {
        // A link in the last name is refused by the opening, and a FIFO in the file's place by its kind.
        let file = folder.open_file(place.name())?;
        let stat = file.stat()?;
        if stat.kind != FileKind::File || !fits(&folder, &stat)? {
            return Err(Refusal::new(Reason::Changed));
        }
        Ok(Self { place, folder, file, stat: Mutex::new(stat) })
    }

    /// Its stat when it was opened, or after the last act of ours on it.
    pub fn stat(&self) -> FileStat {
        *self.stat.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes over what an act of ours changed: the number of its links, and its ctime. Refused where more than that is
    /// other than before.
    pub fn follow(&self) -> Result<FileStat, Refusal> {
        let now = self.file.stat()?;
        if !Expected::of(&self.stat()).fits_but_for_ctime(&now) {
            return Err(Refusal::new(Reason::Changed));
        }
        *self.stat.lock().unwrap_or_else(PoisonError::into_inner) = now;
        Ok(now)
    }

    /// Whether the open file is still what it was: no one wrote to it, linked it, or changed its metadata.
    pub fn is_unchanged(&self) -> Result<bool, Refusal> {
        Ok(Expected::of(&self.stat()).fits(&self.file.stat()?))
    }

    /// Whether the file's path still leads to it, asked from the root again: by opening it, for a stat alone may come
    /// from what a network or FUSE file system remembers.
    pub fn is_at_its_path(&self) -> bool {
        let again = || {
            let folder = self.place.root.open_dir(self.place.folder())?;
            folder.open_file(self.place.name())?.stat()
        };
        let opened = self.stat();
        again().is_ok_and(|stat| (stat.device, stat.inode) == (opened.device, opened.inode))
    }
}
