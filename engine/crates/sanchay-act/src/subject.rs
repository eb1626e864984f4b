//! One file of a pair, by handle: its folder and itself, open, with the stat that it had.

use sanchay_core::{DirHandle, FileHandle, FileKind, FileStat, RootDir};

use crate::expected::Expected;
use crate::refusal::{Reason, Refusal};

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
        self.path.iter().rposition(|byte| *byte == b'/').map_or(b"", |cut| &self.path[..cut])
    }

    /// The file's own name.
    pub fn name(&self) -> &'a [u8] {
        self.path.iter().rposition(|byte| *byte == b'/').map_or(self.path, |cut| &self.path[cut + 1..])
    }
}

/// A file and its folder, both open.
#[derive(Debug)]
pub struct Subject<'a> {
    /// Where it was opened.
    pub place: Place<'a>,
    /// Its folder.
    pub folder: DirHandle,
    /// The file, for reading.
    pub file: FileHandle,
    /// Its stat when it was opened.
    pub stat: FileStat,
}

impl<'a> Subject<'a> {
    /// Opens a file that must still be the one that was expected.
    pub fn open(place: Place<'a>, expected: &Expected) -> Result<Self, Refusal> {
        let folder = place.root.open_dir(place.folder())?;
        // A link in the last name is refused by the opening, and a FIFO in the file's place by its kind.
        let file = folder.open_file(place.name())?;
        let stat = file.stat()?;
        if stat.kind != FileKind::File || !expected.fits(&stat) {
            return Err(Refusal::new(Reason::Changed));
        }
        Ok(Self { place, folder, file, stat })
    }

    /// Whether the open file is still what it was: no one wrote to it, linked it, or changed its metadata.
    pub fn is_unchanged(&self) -> Result<bool, Refusal> {
        Ok(Expected::of(&self.stat).fits(&self.file.stat()?))
    }

    /// Whether the file's path still leads to it, asked from the root again: by opening it, for a stat alone may come
    /// from what a network or FUSE file system remembers.
    pub fn is_at_its_path(&self) -> bool {
        let again = || {
            let folder = self.place.root.open_dir(self.place.folder())?;
            folder.open_file(self.place.name())?.stat()
        };
        again().is_ok_and(|stat| (stat.device, stat.inode) == (self.stat.device, self.stat.inode))
    }
}
