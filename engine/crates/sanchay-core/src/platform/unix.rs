//! What Linux and macOS share: opening by handle, reading, and the meaning of `errno`.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use rustix::fs::{FileType, Mode, OFlags, SeekFrom};
use rustix::io::Errno;

use crate::error_kind::ErrorKind;
use crate::stat::{FileKind, FileStat};

/// Parts the names of a path as the system writes it.
pub const SEPARATOR: u8 = b'/';

/// How a folder is opened: never through a symbolic link in its last name.
pub(super) const FOLDER: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// How a file is opened. Without blocking, since a FIFO may have taken its place; for a regular file that changes
/// nothing.
const FILE: OFlags =
    OFlags::RDONLY.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC).union(OFlags::NONBLOCK).union(OFlags::NOCTTY);

/// Longest piece of a path that is opened at once; the kernels' limits are 4,096 (Linux) and 1,024 bytes (macOS) with
/// the closing NUL.
const PIECE_BYTES: usize = if cfg!(target_os = "linux") { 4_000 } else { 1_000 };

/// The name of these bytes.
pub fn os_string_from_bytes(bytes: &[u8]) -> OsString {
    OsString::from_vec(bytes.to_vec())
}

/// Whether an `errno` says that this process, or the system, can open no further file.
pub fn is_out_of_descriptors(code: i32) -> bool {
    matches!(Errno::from_raw_os_error(code), Errno::MFILE | Errno::NFILE)
}

/// The kind of an `errno`; `None` leaves it to the general mapping.
pub fn error_kind(code: i32) -> Option<ErrorKind> {
    match Errno::from_raw_os_error(code) {
        Errno::NOENT => Some(ErrorKind::Vanished),
        Errno::ACCESS | Errno::PERM => Some(ErrorKind::Permission),
        Errno::LOOP => Some(ErrorKind::SymlinkLoop),
        Errno::NAMETOOLONG => Some(ErrorKind::TooLong),
        Errno::NOTDIR => Some(ErrorKind::NotAFolder),
        Errno::NOSPC | Errno::DQUOT | Errno::FBIG => Some(ErrorKind::DiskFull),
        Errno::NOSYS | Errno::OPNOTSUPP | Errno::XDEV | Errno::ISDIR => Some(ErrorKind::Unsupported),
        _ => None,
    }
}

/// The kind by the type bits of a mode or of a listing.
pub(super) fn file_kind(file_type: FileType) -> Option<FileKind> {
    match file_type {
        FileType::RegularFile => Some(FileKind::File),
        FileType::Directory => Some(FileKind::Directory),
        FileType::Symlink => Some(FileKind::Symlink),
        FileType::Fifo | FileType::Socket | FileType::CharacterDevice | FileType::BlockDevice => {
            Some(FileKind::Special)
        }
        FileType::Unknown => None,
    }
}

/// Opens a folder below another, in pieces that the kernel takes, each by `open_piece`.
pub(super) fn open_in_pieces(
    root: &OwnedFd,
    relative: &[u8],
    open_piece: impl Fn(&OwnedFd, &[u8]) -> io::Result<OwnedFd>,
) -> io::Result<OwnedFd> {
    let mut handle: Option<OwnedFd> = None;
    let mut rest = relative;
    while rest.len() > PIECE_BYTES {
        let Some(cut) = rest[..=PIECE_BYTES].iter().rposition(|byte| *byte == b'/') else {
            return Err(Errno::NAMETOOLONG.into());
        };
        handle = Some(open_piece(handle.as_ref().unwrap_or(root), &rest[..cut])?);
        rest = &rest[cut + 1..];
    }
    let last: &[u8] = if rest.is_empty() { b"." } else { rest };
    open_piece(handle.as_ref().unwrap_or(root), last)
}

/// Opens a path name by name, refusing a symbolic link at each and every step out of the folder.
pub(super) fn open_name_by_name(root: &OwnedFd, path: &[u8]) -> io::Result<OwnedFd> {
    if path.first() == Some(&b'/') {
        return Err(Errno::XDEV.into());
    }
    let mut handle: Option<OwnedFd> = None;
    for name in path.split(|byte| *byte == b'/').filter(|name| !name.is_empty()) {
        if name == b".." {
            return Err(Errno::XDEV.into());
        }
        handle = Some(rustix::fs::openat(handle.as_ref().unwrap_or(root), name, FOLDER, Mode::empty())?);
    }
    match handle {
        Some(handle) => Ok(handle),
        None => Ok(rustix::fs::openat(root, ".", FOLDER, Mode::empty())?),
    }
}

/// Opens the folder that a person named.
pub(super) fn open_root(path: &OsStr) -> io::Result<OwnedFd> {
    let flags = FOLDER.difference(OFlags::NOFOLLOW);
    Ok(rustix::fs::open(path.as_bytes(), flags, Mode::empty())?)
}

/// The room that is left to us on the disk of a file.
pub fn free_bytes(file: &std::path::Path) -> Option<u64> {
    let found = rustix::fs::statvfs(file).ok()?;
    found.f_bavail.checked_mul(found.f_frsize)
}

/// The number of a user.
pub fn user_id(name: &str) -> Option<u32> {
    Some(nix::unistd::User::from_name(name).ok()??.uid.as_raw())
}

/// Opens a file of a folder with these flags beside the usual ones.
pub(super) fn open_file(folder: &OwnedFd, name: &[u8], more: OFlags) -> rustix::io::Result<File> {
    Ok(File { descriptor: rustix::fs::openat(folder, name, FILE | more, Mode::empty())? })
}

/// An open file.
#[derive(Debug)]
pub struct File {
    pub(super) descriptor: OwnedFd,
}

impl File {
    /// The open file itself.
    pub fn descriptor(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }

    /// The stat of the open file.
    pub fn stat(&self) -> io::Result<FileStat> {
        super::stat_descriptor(self.descriptor.as_fd())
    }

    /// One read at the handle's position.
    pub fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(rustix::io::read(&self.descriptor, buffer)?)
    }

    /// One read at an offset.
    pub fn read_at(&self, buffer: &mut [u8], offset_bytes: u64) -> io::Result<usize> {
        Ok(rustix::io::pread(&self.descriptor, buffer, offset_bytes)?)
    }

    /// The next stretch of data at or after an offset, all that follows where the file system cannot tell.
    pub fn data_after(&self, offset_bytes: u64, size_bytes: u64) -> Option<(u64, u64)> {
        let start = match rustix::fs::seek(&self.descriptor, SeekFrom::Data(offset_bytes)) {
            Ok(start) if (offset_bytes..size_bytes).contains(&start) => start,
            Ok(start) if start >= size_bytes => return None,
            Err(Errno::NXIO) => return None,
            Ok(_) | Err(_) => return Some((offset_bytes, size_bytes)),
        };
        match rustix::fs::seek(&self.descriptor, SeekFrom::Hole(start)) {
            Ok(end) if end > start => Some((start, end.min(size_bytes))),
            // The file changed between the two questions, or the second has no answer: read what is there.
            Ok(_) | Err(_) => Some((start, size_bytes)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn without_openat2_the_same_is_opened_and_the_same_refused() {
        let tree = tempfile::tempdir().unwrap();
        fs::create_dir_all(tree.path().join("a/b/c")).unwrap();
        symlink("a", tree.path().join("link")).unwrap();
        let root = open_root(tree.path().as_os_str()).unwrap();
        let inode = |descriptor: &OwnedFd| rustix::fs::fstat(descriptor).unwrap().st_ino;
        for path in [&b"a/b/c"[..], b"a//b/c/", b"./a/b/c"] {
            let folder = open_name_by_name(&root, path).unwrap();
            let direct = rustix::fs::stat(tree.path().join("a/b/c")).unwrap().st_ino;
            assert_eq!(inode(&folder), direct);
        }
        assert_eq!(inode(&open_name_by_name(&root, b"").unwrap()), inode(&root));
        for path in [&b"link"[..], b"link/b", b"..", b"a/../..", b"/", b"missing"] {
            open_name_by_name(&root, path).expect_err("refused");
        }
    }

    #[test]
    fn errors_of_the_system_have_their_kind() {
        let kind = |errno: Errno| crate::CoreError::from(io::Error::from(errno)).kind;
        for (errno, expected) in [
            (Errno::NOENT, ErrorKind::Vanished),
            (Errno::ACCESS, ErrorKind::Permission),
            (Errno::PERM, ErrorKind::Permission),
            (Errno::LOOP, ErrorKind::SymlinkLoop),
            (Errno::NAMETOOLONG, ErrorKind::TooLong),
            (Errno::NOTDIR, ErrorKind::NotAFolder),
            (Errno::NOSPC, ErrorKind::DiskFull),
            (Errno::NOSYS, ErrorKind::Unsupported),
            (Errno::IO, ErrorKind::Io),
            // A server that knows a handle no more says nothing of the file: it may have been exported again.
            (Errno::STALE, ErrorKind::Io),
            (Errno::TIMEDOUT, ErrorKind::Io),
            (Errno::NOTCONN, ErrorKind::Io),
            (Errno::NXIO, ErrorKind::Io),
            (Errno::NODEV, ErrorKind::Io),
            (Errno::MFILE, ErrorKind::Io),
        ] {
            assert_eq!(kind(errno), expected, "{errno:?}");
        }
    }
}
