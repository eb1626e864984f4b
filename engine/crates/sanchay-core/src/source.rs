//! The seam between a root and where it lies: what walking, reading and telling files apart ask of it.
//!
//! A folder of this machine is the one member ([`RootDir`]). The values fit a bucket too: names are raw bytes, a listing
//! may tell all of a file at once, a stat holds whatever proves that content did not change, and a content may have a
//! checksum that need not be read for. Callers are generic over it: no file costs a virtual call.

use std::path::Path;

use crate::content_hash::{Algorithm, ContentHash};
use crate::dir::{DirHandle, FileHandle, ListBuffer, RootDir};
use crate::error::CoreError;
use crate::extent::Extent;
use crate::listing::Listing;
use crate::platform;
use crate::stat::{FileKind, FileStat};
use crate::volume::Volume;

/// A root, open.
pub trait Source: Sized + Send + Sync {
    /// What a root and all below it consist of.
    type Folder: Folder;

    /// Opens a root by its absolute path.
    ///
    /// Fails with `NotAbsolute`, `NotFound`, `NotAFolder`, `Permission` and whatever else the source says.
    fn open(path: &Path) -> Result<Self, CoreError>;

    /// The root itself.
    fn top(&self) -> &Self::Folder;

    /// A folder below the root by its relative path; `b""` is the root itself. Nothing on the way leads out of the root.
    fn folder(&self, relative: &[u8]) -> Result<Self::Folder, CoreError>;
}

/// A folder of a source, open.
pub trait Folder {
    /// The bytes of one of its files.
    type Content: Content;
    /// What a listing tells of a name beside the name.
    type Told: Copy;
    /// Memory for listing, to be used again for the next folder.
    type Buffer: Default;

    /// Puts each name into `listing`, which is emptied first. A source that lists in pages asks for each page in turn;
    /// where one fails the listing fails, for names that were not listed must not count as gone.
    fn list(&self, buffer: &mut Self::Buffer, listing: &mut Listing<Self::Told>) -> Result<(), CoreError>;

    /// The kind of what was listed, where the listing tells it.
    fn kind(told: &Self::Told) -> Option<FileKind>;

    /// The stat of a name that was just listed: without another question, where the listing told it.
    fn stat_listed(&self, name: &[u8], _told: &Self::Told) -> Result<FileStat, CoreError> {
        self.stat(name)
    }

    /// The stat of a name. Its witness is another one whenever the content may be: for an object, made from its tag.
    fn stat(&self, name: &[u8]) -> Result<FileStat, CoreError>;

    /// The stat of the folder.
    fn stat_self(&self) -> Result<FileStat, CoreError>;

    /// The bytes of a file.
    fn content(&self, name: &[u8]) -> Result<Self::Content, CoreError>;

    /// The hash of a file with this stat, where the source keeps one itself: then no byte is read.
    fn checksum(&self, _name: &[u8], _seen: &FileStat, _algorithm: Algorithm) -> Option<ContentHash> {
        None
    }

    /// What the folder lies on. Costs several questions: cache it by the stat's (device, `mount_id`).
    fn volume(&self) -> Result<Volume, CoreError>;

    /// The same of a file in the folder that lies on another volume.
    fn volume_of(&self, name: &[u8]) -> Result<Volume, CoreError>;

    /// The folder of this machine that it is, where it is one: only there do programs leave marks for one another.
    fn directory(&self) -> Option<&DirHandle> {
        None
    }
}

/// The bytes of one file. The last five are what only a file of this machine can tell, or has any use for.
pub trait Content {
    /// The stat of what is read, whatever its name leads to now.
    fn stat(&self) -> Result<FileStat, CoreError>;

    /// Reads on from the last position; 0 is the end. May give less than asked for.
    fn read(&self, buffer: &mut [u8]) -> Result<usize, CoreError>;

    /// Reads at an offset in bytes; 0 is the end. May give less than asked for.
    fn read_at(&self, buffer: &mut [u8], offset_bytes: u64) -> Result<usize, CoreError>;

    /// The next stretch of data at or after an offset: (start, end), never empty. None where only a hole follows.
    fn data_after(&self, offset_bytes: u64, size_bytes: u64) -> Option<(u64, u64)> {
        (offset_bytes < size_bytes).then_some((offset_bytes, size_bytes))
    }

    /// It will be read from its start to its end.
    fn read_is_sequential(&self) {}

    /// Whether the system has none of it in memory; false where that cannot be known.
    fn is_out_of_cache(&self, _size_bytes: u64) -> bool {
        false
    }

    /// Lets the system forget this part.
    fn drop_cached(&self, _offset_bytes: u64, _length_bytes: u64) {}

    /// Whether someone can write to it without new stamps; None where that cannot be known.
    fn is_open_for_writing(&self) -> Option<bool> {
        None
    }

    /// Where it lies on its volume, in the order of its bytes, without holes and without what is kept inside the inode.
    /// None where that cannot be known: the source does not tell, or a part is not on the disk yet.
    fn extents(&self) -> Option<Vec<Extent>> {
        None
    }
}

impl Source for RootDir {
    type Folder = DirHandle;

    fn open(path: &Path) -> Result<Self, CoreError> {
        Self::open(path)
    }

    fn top(&self) -> &DirHandle {
        self.handle()
    }

    fn folder(&self, relative: &[u8]) -> Result<DirHandle, CoreError> {
        self.open_dir(relative)
    }
}

impl Folder for DirHandle {
    type Content = FileHandle;
    type Told = Option<FileKind>;
    type Buffer = ListBuffer;

    fn list(&self, buffer: &mut ListBuffer, listing: &mut Listing<Option<FileKind>>) -> Result<(), CoreError> {
        listing.clear();
        Ok(self.inner.list(&mut buffer.system, &mut |name, kind| listing.put(name, kind))?)
    }

    #[inline]
    fn kind(told: &Option<FileKind>) -> Option<FileKind> {
        *told
    }

    fn stat(&self, name: &[u8]) -> Result<FileStat, CoreError> {
        Self::stat(self, name)
    }

    fn stat_self(&self) -> Result<FileStat, CoreError> {
        Self::stat_self(self)
    }

    fn content(&self, name: &[u8]) -> Result<FileHandle, CoreError> {
        self.open_file(name)
    }

    fn volume(&self) -> Result<Volume, CoreError> {
        Ok(platform::volume_of(&self.inner, None)?)
    }

    fn volume_of(&self, name: &[u8]) -> Result<Volume, CoreError> {
        Ok(platform::volume_of(&self.inner, Some(name))?)
    }

    fn directory(&self) -> Option<&DirHandle> {
        Some(self)
    }
}

impl Content for FileHandle {
    fn stat(&self) -> Result<FileStat, CoreError> {
        Self::stat(self)
    }

    fn read(&self, buffer: &mut [u8]) -> Result<usize, CoreError> {
        Self::read(self, buffer)
    }

    fn read_at(&self, buffer: &mut [u8], offset_bytes: u64) -> Result<usize, CoreError> {
        Self::read_at(self, buffer, offset_bytes)
    }

    fn data_after(&self, offset_bytes: u64, size_bytes: u64) -> Option<(u64, u64)> {
        self.inner.data_after(offset_bytes, size_bytes)
    }

    fn read_is_sequential(&self) {
        self.inner.read_is_sequential();
    }

    fn is_out_of_cache(&self, size_bytes: u64) -> bool {
        Self::is_out_of_cache(self, size_bytes)
    }

    fn drop_cached(&self, offset_bytes: u64, length_bytes: u64) {
        Self::drop_cached(self, offset_bytes, length_bytes);
    }

    fn is_open_for_writing(&self) -> Option<bool> {
        Self::is_open_for_writing(self)
    }

    fn extents(&self) -> Option<Vec<Extent>> {
        platform::extents(&self.inner)
    }
}
