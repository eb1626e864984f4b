//! Folders and files by handle: a root is opened once, and all below it is reached from there without ever following
//! a symbolic link, so that a folder swapped for a link can lead no one out of the root.
//!
//! Listing, statting and opening cost one system call each, take names without a trailing NUL and allocate nothing.

use std::io;
use std::path::{Path, PathBuf};

use crate::error::{CoreError, ErrorKind};
use crate::name_set::NameSet;
use crate::path::bytes_of;
use crate::platform;
use crate::stat::{FileKind, FileStat};

/// The folder that a person named as root, held open.
#[derive(Debug)]
pub struct RootDir {
    path: PathBuf,
    handle: DirHandle,
}

impl RootDir {
    /// Opens a root by its absolute path. The path itself may lead through symbolic links: it is the person's word.
    ///
    /// Fails with `NotAbsolute`, `NotFound`, `NotAFolder`, `Permission` and whatever else the system says.
    pub fn open(path: &Path) -> Result<Self, CoreError> {
        if !path.is_absolute() {
            return Err(CoreError::new(ErrorKind::NotAbsolute, Some(bytes_of(path).to_vec()), "a full path is due"));
        }
        match platform::Directory::open_root(path) {
            Ok(inner) => Ok(Self { path: path.to_path_buf(), handle: DirHandle { inner } }),
            Err(error) => {
                let mut error = CoreError::from(error).at(bytes_of(path));
                if error.kind == ErrorKind::Vanished {
                    error.kind = ErrorKind::NotFound;
                }
                Err(error)
            }
        }
    }

    /// The path that the root was opened by.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The stat of the root folder itself.
    pub fn stat(&self) -> Result<FileStat, CoreError> {
        self.handle.stat_self()
    }

    /// The root as a folder to list.
    pub fn handle(&self) -> &DirHandle {
        &self.handle
    }

    /// The root as a folder that is held open by itself.
    pub fn into_handle(self) -> DirHandle {
        self.handle
    }

    /// Opens a folder below the root by its relative path, of any length; `b""` is the root itself.
    ///
    /// A symbolic link anywhere on the way is refused (`SymlinkLoop` or `NotAFolder`), and so is a path that climbs
    /// out of the root (`Unsupported`).
    pub fn open_dir(&self, relative: &[u8]) -> Result<DirHandle, CoreError> {
        Ok(DirHandle { inner: self.handle.inner.open_below(relative)? })
    }
}

/// Memory for listing folders, to be used again for the next one.
#[derive(Debug)]
pub struct ListBuffer {
    pub(crate) system: platform::ListBuffer,
    names: NameSet,
}

impl Default for ListBuffer {
    fn default() -> Self {
        Self::new()
    }
}

impl ListBuffer {
    /// Takes the memory, once for each thread.
    pub fn new() -> Self {
        Self { system: platform::ListBuffer::new(), names: NameSet::default() }
    }
}

/// An open folder.
#[derive(Debug)]
pub struct DirHandle {
    pub(crate) inner: platform::Directory,
}

impl DirHandle {
    /// Calls `visit` once with each name but `.` and `..`, and with its kind where the listing tells it for free.
    ///
    /// Each call lists from the start. One handle must not be listed by two threads at once: they would share the
    /// position and each see a part.
    pub fn list(
        &self,
        buffer: &mut ListBuffer,
        mut visit: impl FnMut(&[u8], Option<FileKind>),
    ) -> Result<(), CoreError> {
        let ListBuffer { system, names } = buffer;
        names.clear();
        let mut visit_once = |name: &[u8], kind| {
            if names.insert(name) {
                visit(name, kind);
            }
        };
        Ok(self.inner.list(system, &mut visit_once)?)
    }

    /// The stat of a name in this folder, of the link itself where it is one.
    pub fn stat(&self, name: &[u8]) -> Result<FileStat, CoreError> {
        Ok(self.inner.stat(name)?)
    }

    /// The stat of this folder.
    pub fn stat_self(&self) -> Result<FileStat, CoreError> {
        Ok(self.inner.stat_self()?)
    }

    /// Opens a folder by its name in this one; a symbolic link is refused. Cheaper than a path from the root.
    pub fn open_child(&self, name: &[u8]) -> Result<Self, CoreError> {
        Ok(Self { inner: self.inner.open_child(name)? })
    }

    /// Opens a file of this folder for reading. A symbolic link is refused, and a FIFO put in the file's place
    /// in between does not block: who needs to know asks [`FileHandle::stat`] before reading.
    pub fn open_file(&self, name: &[u8]) -> Result<FileHandle, CoreError> {
        Ok(FileHandle { inner: self.inner.open_file(name)? })
    }
}

/// A file open for reading.
#[derive(Debug)]
pub struct FileHandle {
    pub(crate) inner: platform::File,
}

impl FileHandle {
    /// The stat of the open file, whatever its name leads to now.
    pub fn stat(&self) -> Result<FileStat, CoreError> {
        Ok(self.inner.stat()?)
    }

    /// Reads on from the handle's position; 0 is the end of the file. May give less than asked for.
    pub fn read(&self, buffer: &mut [u8]) -> Result<usize, CoreError> {
        Ok(retry(|| self.inner.read(buffer))?)
    }

    /// Reads at an offset in bytes; 0 is the end of the file. May give less than asked for.
    pub fn read_at(&self, buffer: &mut [u8], offset_bytes: u64) -> Result<usize, CoreError> {
        Ok(retry(|| self.inner.read_at(buffer, offset_bytes))?)
    }
}

impl FileHandle {
    /// Whether the system has none of the file in memory, as far as three looks tell: its start, middle and end.
    /// Nothing is read from a disk for it. False where that cannot be known.
    pub fn is_out_of_cache(&self, size_bytes: u64) -> bool {
        let last = size_bytes.saturating_sub(1);
        [0, last / 2, last].iter().all(|offset| self.inner.is_cached_at(*offset) == Some(false))
    }

    /// Whether the file is open for writing, or mapped so: its content may change without any event and without
    /// new stamps. None where the system does not say, or says it only to the owner.
    pub fn is_open_for_writing(&self) -> Option<bool> {
        self.inner.is_open_for_writing()
    }

    /// Lets the system forget this part of the file. Advice only; what is not written yet stays.
    pub fn drop_cached(&self, offset_bytes: u64, length_bytes: u64) {
        if length_bytes > 0 {
            self.inner.drop_cached(offset_bytes, length_bytes);
        }
    }
}

/// For the one crate that acts on a person's files; all others go by the methods above.
#[cfg(unix)]
impl std::os::fd::AsFd for DirHandle {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.inner.descriptor()
    }
}

#[cfg(unix)]
impl std::os::fd::AsFd for FileHandle {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.inner.descriptor()
    }
}

/// A signal is no error of the file.
pub(crate) fn retry(mut read: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match read() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
