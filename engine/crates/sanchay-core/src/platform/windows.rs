//! Windows: everything by path, since there is no opening relative to a handle short of the kernel's own interface.
//!
//! That no link was followed is proven afterwards: the system is asked for the path of what the handle really is, and
//! it must be the one that was opened. Some drivers of RAM disks and network shares cannot tell (nor can Wine, for long
//! paths): there each folder on the way is looked at, which a swap at the right moment could outwit. Paths are of the `\\?\` form, which has no length limit worth naming and takes
//! names as they are, trailing dots and `aux` included.

use std::io;
use std::mem::offset_of;
use std::os::windows::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use windows_sys::Win32::Foundation::{
    ERROR_CANT_ACCESS_FILE, ERROR_CANT_RESOLVE_FILENAME, ERROR_DELETE_PENDING, ERROR_DIRECTORY, ERROR_DISK_FULL,
    ERROR_FILENAME_EXCED_RANGE, ERROR_FILE_NOT_FOUND, ERROR_HANDLE_DISK_FULL, ERROR_INVALID_FUNCTION,
    ERROR_INVALID_NAME, ERROR_NOT_SUPPORTED, ERROR_NO_MORE_FILES, ERROR_NO_SYSTEM_RESOURCES, ERROR_PATH_NOT_FOUND,
    ERROR_SHARING_VIOLATION, ERROR_STOPPED_ON_SYMLINK, ERROR_TOO_MANY_OPEN_FILES,
};
use windows_sys::Win32::Storage::FileSystem::{
    FileBasicInfo, FileIdBothDirectoryInfo, FileIdBothDirectoryRestartInfo, FileIdInfo, FileStandardInfo,
    GetFileInformationByHandle, GetVolumeInformationByHandleW, BY_HANDLE_FILE_INFORMATION, FILE_ATTRIBUTE_DIRECTORY,
    FILE_ATTRIBUTE_OFFLINE, FILE_ATTRIBUTE_RECALL_ON_DATA_ACCESS, FILE_ATTRIBUTE_RECALL_ON_OPEN,
    FILE_ATTRIBUTE_REPARSE_POINT, FILE_BASIC_INFO, FILE_FLAG_BACKUP_SEMANTICS, FILE_FLAG_OPEN_REPARSE_POINT,
    FILE_FLAG_SEQUENTIAL_SCAN, FILE_ID_BOTH_DIR_INFO, FILE_ID_INFO, FILE_LIST_DIRECTORY, FILE_READ_DATA,
    FILE_STANDARD_INFO,
};
use windows_sys::Win32::System::Threading::{
    GetCurrentThread, SetThreadPriority, THREAD_MODE_BACKGROUND_BEGIN, THREAD_MODE_BACKGROUND_END,
};

use super::windows_call::{attributes, information, query, raw, system_error, NAME_SURROGATE};
use super::windows_path::{self, open, open_there, push, true_path, verbatim};
use crate::error_kind::ErrorKind;
use crate::extent::Extent;
use crate::stat::{nanoseconds, FileKind, FileStat};
use crate::volume::{FileSystem, Shows, Volume, VolumeId};

const LIST_BYTES: usize = 64 << 10;

const SUPPORTS_BLOCK_REFCOUNTING: u32 = 0x0800_0000;
/// Windows counts from 1601, in steps of 100 ns.
const STEPS_TO_1970: i64 = 116_444_736_000_000_000;

/// Whether an error says that this process, or the system, can open no further file.
pub fn is_out_of_descriptors(code: i32) -> bool {
    matches!(code as u32, ERROR_TOO_MANY_OPEN_FILES | ERROR_NO_SYSTEM_RESOURCES)
}

/// The kind of a system error; `None` leaves it to the general mapping.
pub fn error_kind(code: i32) -> Option<ErrorKind> {
    match code as u32 {
        ERROR_FILE_NOT_FOUND | ERROR_PATH_NOT_FOUND | ERROR_DELETE_PENDING => Some(ErrorKind::Vanished),
        ERROR_SHARING_VIOLATION | ERROR_CANT_ACCESS_FILE => Some(ErrorKind::Permission),
        ERROR_DIRECTORY => Some(ErrorKind::NotAFolder),
        ERROR_FILENAME_EXCED_RANGE => Some(ErrorKind::TooLong),
        ERROR_STOPPED_ON_SYMLINK | ERROR_CANT_RESOLVE_FILENAME => Some(ErrorKind::SymlinkLoop),
        ERROR_DISK_FULL | ERROR_HANDLE_DISK_FULL => Some(ErrorKind::DiskFull),
        ERROR_NOT_SUPPORTED | ERROR_INVALID_FUNCTION | ERROR_INVALID_NAME => Some(ErrorKind::Unsupported),
        _ => None,
    }
}

/// Memory for listing folders, to be used again for the next one.
#[derive(Debug)]
pub struct ListBuffer {
    /// In words, since the entries must be aligned to them.
    entries: Vec<u64>,
    wide: Vec<u16>,
    name: Vec<u8>,
}

impl Default for ListBuffer {
    fn default() -> Self {
        Self::new()
    }
}

impl ListBuffer {
    /// Takes the memory, once for each thread.
    pub fn new() -> Self {
        Self { entries: vec![0; LIST_BYTES / size_of::<u64>()], wide: Vec::new(), name: Vec::new() }
    }
}

/// An open folder.
#[derive(Debug)]
pub struct Directory {
    handle: std::fs::File,
    /// The true path of the root, `\\?\...`.
    root: Arc<Path>,
    /// The path of this folder, from there.
    path: PathBuf,
}

impl Directory {
    /// Opens the folder that a person named; links in that path are followed.
    pub fn open_root(path: &Path) -> io::Result<Self> {
        let handle = open(path, FILE_LIST_DIRECTORY, FILE_FLAG_BACKUP_SEMANTICS)?;
        if stat_handle(&handle)?.kind != FileKind::Directory {
            return Err(system_error(ERROR_DIRECTORY));
        }
        let path = true_path(&handle).or_else(|_| verbatim(path))?;
        Ok(Self { handle, root: path.as_path().into(), path })
    }

    /// Opens a folder below this one; either separator parts the names.
    pub fn open_below(&self, relative: &[u8]) -> io::Result<Self> {
        if matches!(relative.first(), Some(b'/' | b'\\')) {
            return Err(system_error(ERROR_NOT_SUPPORTED));
        }
        let mut path = self.path.clone();
        for name in relative.split(|byte| matches!(byte, b'/' | b'\\')).filter(|name| !name.is_empty()) {
            push(&mut path, name)?;
        }
        self.open_at(path)
    }

    /// Opens a folder in this one.
    pub fn open_child(&self, name: &[u8]) -> io::Result<Self> {
        self.open_at(self.path_of(name)?)
    }

    fn open_at(&self, path: PathBuf) -> io::Result<Self> {
        let flags = FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT;
        let handle = open_there(&self.root, &path, FILE_LIST_DIRECTORY, flags)?;
        match stat_handle(&handle)?.kind {
            FileKind::Directory => Ok(Self { handle, root: Arc::clone(&self.root), path }),
            FileKind::Symlink => Err(system_error(ERROR_STOPPED_ON_SYMLINK)),
            FileKind::File | FileKind::Special => Err(system_error(ERROR_DIRECTORY)),
        }
    }

    /// Opens a file in this folder.
    pub fn open_file(&self, name: &[u8]) -> io::Result<File> {
        let path = self.path_of(name)?;
        let flags = FILE_FLAG_SEQUENTIAL_SCAN | FILE_FLAG_BACKUP_SEMANTICS;
        let handle = open_there(&self.root, &path, FILE_READ_DATA, flags | FILE_FLAG_OPEN_REPARSE_POINT)?;
        let attributes = attributes(&handle)?;
        if attributes.FileAttributes & FILE_ATTRIBUTE_REPARSE_POINT == 0 {
            return Ok(File { handle });
        }
        if attributes.ReparseTag & NAME_SURROGATE != 0 {
            return Err(system_error(ERROR_STOPPED_ON_SYMLINK));
        }
        // A compressed or deduplicated file: its content is behind the reparse point.
        Ok(File { handle: open_there(&self.root, &path, FILE_READ_DATA, flags)? })
    }

    /// None: files are read through the cache here.
    #[allow(clippy::unused_self, clippy::unnecessary_wraps)] // the same face on every platform
    pub fn open_direct(&self, _name: &[u8]) -> io::Result<Option<File>> {
        Ok(None)
    }

    /// Lists the folder from its start.
    pub fn list(&self, buffer: &mut ListBuffer, visit: &mut impl FnMut(&[u8], Option<FileKind>)) -> io::Result<()> {
        let mut class = FileIdBothDirectoryRestartInfo;
        loop {
            // SAFETY: the buffer is `LIST_BYTES` long, made of words, and borrowed by this call alone.
            let answer = unsafe { query(&self.handle, class, buffer.entries.as_mut_ptr().cast(), LIST_BYTES) };
            if let Err(error) = answer {
                return match error.raw_os_error().map(|code| code as u32) {
                    Some(ERROR_NO_MORE_FILES | ERROR_FILE_NOT_FOUND) => Ok(()),
                    _ => Err(error),
                };
            }
            class = FileIdBothDirectoryInfo;
            // SAFETY: the buffer is `LIST_BYTES` long and every byte of it is initialised; a byte needs no alignment.
            let mut rest = unsafe { std::slice::from_raw_parts(buffer.entries.as_ptr().cast::<u8>(), LIST_BYTES) };
            loop {
                let attributes = field(rest, offset_of!(FILE_ID_BOTH_DIR_INFO, FileAttributes));
                let length = field(rest, offset_of!(FILE_ID_BOTH_DIR_INFO, FileNameLength)) as usize;
                let start = offset_of!(FILE_ID_BOTH_DIR_INFO, FileName);
                let name = rest.get(start..start + length).unwrap_or_default();
                buffer.wide.clear();
                buffer.wide.extend(name.chunks_exact(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]])));
                windows_path::encode(&buffer.wide, &mut buffer.name);
                if buffer.name != b"." && buffer.name != b".." {
                    visit(&buffer.name, listed_kind(attributes));
                }
                match field(rest, offset_of!(FILE_ID_BOTH_DIR_INFO, NextEntryOffset)) {
                    0 => break,
                    next => rest = rest.get(next as usize..).unwrap_or_default(),
                }
            }
        }
    }

    /// The stat of a name in this folder.
    pub fn stat(&self, name: &[u8]) -> io::Result<FileStat> {
        let flags = FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT;
        stat_handle(&open_there(&self.root, &self.path_of(name)?, 0, flags)?)
    }

    /// The stat of this folder.
    pub fn stat_self(&self) -> io::Result<FileStat> {
        stat_handle(&self.handle)
    }

    fn path_of(&self, name: &[u8]) -> io::Result<PathBuf> {
        let mut path = self.path.clone();
        push(&mut path, name)?;
        Ok(path)
    }
}

/// An open file.
#[derive(Debug)]
pub struct File {
    handle: std::fs::File,
}

impl File {
    /// Never: no file is opened so.
    #[allow(clippy::unused_self)] // the same face on every platform
    pub fn ends_direct(&self, _error: &io::Error) -> bool {
        false
    }

    /// The stat of the open file.
    pub fn stat(&self) -> io::Result<FileStat> {
        stat_handle(&self.handle)
    }

    /// One read at the handle's position.
    pub fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        io::Read::read(&mut &self.handle, buffer)
    }

    /// One read at an offset.
    pub fn read_at(&self, buffer: &mut [u8], offset_bytes: u64) -> io::Result<usize> {
        self.handle.seek_read(buffer, offset_bytes)
    }

    /// All that follows: holes are read as the zeros they are.
    #[allow(clippy::unused_self, clippy::unnecessary_wraps)] // Reason: the other platforms know where holes are.
    pub fn data_after(&self, offset_bytes: u64, size_bytes: u64) -> Option<(u64, u64)> {
        Some((offset_bytes, size_bytes))
    }

    /// Said when the file was opened.
    #[allow(clippy::unused_self)] // Reason: the other platforms tell the open file.
    pub fn read_is_sequential(&self) {}

    /// Not known here.
    #[allow(clippy::unused_self)] // the same face on every platform
    pub fn is_cached_at(&self, _offset_bytes: u64) -> Option<bool> {
        None
    }

    /// Not known here: a handle that shares nothing would shut others out.
    #[allow(clippy::unused_self)] // the same face on every platform
    pub fn is_open_for_writing(&self) -> Option<bool> {
        None
    }

    /// Nothing to do: what is in memory is never asked about.
    #[allow(clippy::unused_self)] // the same face on every platform
    pub fn drop_cached(&self, _offset_bytes: u64, _length_bytes: u64) {}
}

/// The file system of a folder.
pub fn file_system_of(folder: &Directory) -> io::Result<(VolumeId, FileSystem)> {
    let (mut serial, mut flags, mut name) = (0, 0, [0_u16; 64]);
    // SAFETY: the handle is open; each pointer is null or to memory that lives through the call, of the length given.
    let done = unsafe {
        GetVolumeInformationByHandleW(
            raw(&folder.handle),
            std::ptr::null_mut(),
            0,
            &raw mut serial,
            std::ptr::null_mut(),
            &raw mut flags,
            name.as_mut_ptr(),
            name.len() as u32,
        )
    };
    if done == 0 {
        return Err(io::Error::last_os_error());
    }
    let mut long = FILE_ID_INFO::default();
    let serial = match information(&folder.handle, FileIdInfo, &mut long) {
        Ok(()) if long.VolumeSerialNumber != 0 => long.VolumeSerialNumber,
        Ok(()) | Err(_) => u64::from(serial),
    };
    let length = name.iter().position(|unit| *unit == 0).unwrap_or(name.len());
    let name = String::from_utf16_lossy(&name[..length]);
    let file_system = FileSystem {
        pseudo: false,
        network: folder.path.as_os_str().as_encoded_bytes().starts_with(br"\\?\UNC\"),
        reflink: flags & SUPPORTS_BLOCK_REFCOUNTING != 0,
        solid_state: None,
        shows: Shows::Own,
        fleeting_inodes: name.contains("FAT"),
        name,
    };
    Ok((VolumeId::derive(&[b"serial", file_system.name.as_bytes(), &serial.to_le_bytes()]), file_system))
}

/// The volume of a folder. A single file is never mounted here, and Windows gives a second disk with one serial another.
pub fn volume_of(folder: &Directory, _file: Option<&[u8]>) -> io::Result<Volume> {
    let (id, system) = file_system_of(folder)?;
    let (earlier_twins, later_twin) = (Vec::new(), false);
    Ok(Volume { id, pool: id, former: None, earlier_twins, later_twin, system, device: 0, source: Vec::new() })
}

/// Nothing that outlives a mount is asked here.
pub fn device_mark(_device: u64) -> Option<Vec<u8>> {
    None
}

/// Which disk is under a volume is not asked here: each is a device by itself.
pub fn disk_of(_device: u64, _source: &[u8], _system: &FileSystem) -> Option<VolumeId> {
    None
}

/// Extents are told to administrators only.
pub fn extents(_: &File) -> Option<Vec<Extent>> {
    None
}

/// Background priority for the calling thread.
pub fn background_this_thread() {
    set_priority(THREAD_MODE_BACKGROUND_BEGIN);
}

/// Normal priority for the calling thread.
pub fn foreground_this_thread() {
    set_priority(THREAD_MODE_BACKGROUND_END);
}

/// Nothing: this system's allocator gives memory back by itself.
pub fn bound_memory() {}

/// Nothing, as above.
pub fn give_memory_back() {}

fn set_priority(mode: i32) {
    // SAFETY: the pseudo handle of the calling thread is always valid. The call fails when the thread is in that mode
    // already, which is what was asked for.
    unsafe { SetThreadPriority(GetCurrentThread(), mode) };
}

fn stat_handle(handle: &std::fs::File) -> io::Result<FileStat> {
    let mut by_handle = BY_HANDLE_FILE_INFORMATION::default();
    // SAFETY: the handle is open and the struct lives through the call.
    if unsafe { GetFileInformationByHandle(raw(handle), &raw mut by_handle) } == 0 {
        return Err(io::Error::last_os_error());
    }
    let (mut basic, mut standard) = (FILE_BASIC_INFO::default(), FILE_STANDARD_INFO::default());
    information(handle, FileBasicInfo, &mut basic)?;
    information(handle, FileStandardInfo, &mut standard)?;
    let flags = basic.FileAttributes;
    let leads_elsewhere =
        flags & FILE_ATTRIBUTE_REPARSE_POINT != 0 && attributes(handle)?.ReparseTag & NAME_SURROGATE != 0;
    let away = FILE_ATTRIBUTE_RECALL_ON_DATA_ACCESS | FILE_ATTRIBUTE_RECALL_ON_OPEN | FILE_ATTRIBUTE_OFFLINE;
    let device = by_handle.dwVolumeSerialNumber.into();
    Ok(FileStat {
        kind: if leads_elsewhere {
            FileKind::Symlink
        } else if flags & FILE_ATTRIBUTE_DIRECTORY != 0 {
            FileKind::Directory
        } else {
            FileKind::File
        },
        inode: wide(by_handle.nFileIndexHigh, by_handle.nFileIndexLow),
        device,
        size_bytes: standard.EndOfFile as u64,
        allocated_bytes: standard.AllocationSize as u64,
        mtime_ns: stamp(basic.LastWriteTime),
        // FAT keeps no change time.
        ctime_ns: stamp(if basic.ChangeTime == 0 { basic.LastWriteTime } else { basic.ChangeTime }),
        birth_ns: (basic.CreationTime != 0).then(|| stamp(basic.CreationTime)),
        links: by_handle.nNumberOfLinks,
        owner: 0,
        mount_id: device,
        placeholder: flags & away != 0,
    })
}

/// What a listing tells for free; for a reparse point that is not enough.
fn listed_kind(attributes: u32) -> Option<FileKind> {
    if attributes & FILE_ATTRIBUTE_REPARSE_POINT != 0 {
        None
    } else if attributes & FILE_ATTRIBUTE_DIRECTORY != 0 {
        Some(FileKind::Directory)
    } else {
        Some(FileKind::File)
    }
}

/// A 32-bit field of an entry of a listing.
fn field(entry: &[u8], offset: usize) -> u32 {
    entry.get(offset..offset + 4).map_or(0, |bytes| u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
}

fn wide(high: u32, low: u32) -> u64 {
    u64::from(high) << 32 | u64::from(low)
}

fn stamp(steps: i64) -> i64 {
    let steps = steps.saturating_sub(STEPS_TO_1970);
    nanoseconds(steps.div_euclid(10_000_000), steps.rem_euclid(10_000_000) * 100)
}
