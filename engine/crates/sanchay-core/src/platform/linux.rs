//! Linux: openat2, getdents64, statx, FIEMAP.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, RawDir, ResolveFlags, SeekFrom, Statx, StatxFlags, StatxTimestamp};
use rustix::io::Errno;

use super::linux_volume;
use super::unix::{self, File, FOLDER};
use crate::extent::Extent;
use crate::stat::{nanoseconds, FileKind, FileStat};
use crate::volume::{FileSystem, Volume, VolumeId};

/// How much of a listing is taken from the kernel at once.
const LIST_BYTES: usize = 64 << 10;

/// The kernel has no openat2, or a sandbox hides it: folders are opened name by name.
static NO_OPENAT2: AtomicBool = AtomicBool::new(false);

/// Some file was not ours, so the kernel refused to leave its access time alone; asking again would cost a call each.
static NO_NOATIME: AtomicBool = AtomicBool::new(false);

/// Memory for listing folders, to be used again for the next one.
#[derive(Debug)]
pub struct ListBuffer(Vec<MaybeUninit<u8>>);

impl Default for ListBuffer {
    fn default() -> Self {
        Self::new()
    }
}

impl ListBuffer {
    /// Takes the memory, once for each thread.
    pub fn new() -> Self {
        Self(vec![MaybeUninit::uninit(); LIST_BYTES])
    }
}

/// An open folder.
#[derive(Debug)]
pub struct Directory {
    descriptor: OwnedFd,
    listed: AtomicBool,
}

impl Directory {
    fn new(descriptor: OwnedFd) -> Self {
        Self { descriptor, listed: AtomicBool::new(false) }
    }

    /// Opens the folder that a person named.
    pub fn open_root(path: &Path) -> io::Result<Self> {
        unix::open_root(path.as_os_str()).map(Self::new)
    }

    /// The open folder itself, for the calls that this module does not make.
    pub fn descriptor(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }

    /// Opens a folder below this one.
    pub fn open_below(&self, relative: &[u8]) -> io::Result<Self> {
        unix::open_in_pieces(&self.descriptor, relative, open_piece).map(Self::new)
    }

    /// Opens a folder in this one.
    pub fn open_child(&self, name: &[u8]) -> io::Result<Self> {
        Ok(Self::new(rustix::fs::openat(&self.descriptor, name, FOLDER, Mode::empty())?))
    }

    /// Opens a file in this folder.
    pub fn open_file(&self, name: &[u8]) -> io::Result<File> {
        if !NO_NOATIME.load(Relaxed) {
            match unix::open_file(&self.descriptor, name, OFlags::NOATIME) {
                Err(Errno::PERM) => NO_NOATIME.store(true, Relaxed),
                result => return Ok(result?),
            }
        }
        Ok(unix::open_file(&self.descriptor, name, OFlags::empty())?)
    }

    /// Opens a file in this folder past the page cache; None where its file system has no such way.
    pub fn open_direct(&self, name: &[u8]) -> io::Result<Option<File>> {
        for more in [OFlags::NOATIME, OFlags::empty()] {
            match unix::open_file(&self.descriptor, name, OFlags::DIRECT | more) {
                Err(Errno::PERM) if !more.is_empty() => {}
                Err(Errno::INVAL) => return Ok(None),
                result => return Ok(Some(result?)),
            }
        }
        Ok(None)
    }

    /// Lists the folder from its start.
    pub fn list(&self, buffer: &mut ListBuffer, visit: &mut impl FnMut(&[u8], Option<FileKind>)) -> io::Result<()> {
        if self.listed.swap(true, Relaxed) {
            rustix::fs::seek(&self.descriptor, SeekFrom::Start(0))?;
        }
        let mut entries = RawDir::new(&self.descriptor, &mut buffer.0);
        while let Some(entry) = entries.next() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            };
            let name = entry.file_name().to_bytes();
            if name != b"." && name != b".." {
                visit(name, unix::file_kind(entry.file_type()));
            }
        }
        Ok(())
    }

    /// The stat of a name in this folder.
    pub fn stat(&self, name: &[u8]) -> io::Result<FileStat> {
        let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT;
        Ok(file_stat(&rustix::fs::statx(&self.descriptor, name, flags, wanted())?))
    }

    /// The stat of this folder.
    pub fn stat_self(&self) -> io::Result<FileStat> {
        stat_descriptor(self.descriptor.as_fd())
    }
}

fn open_piece(folder: &OwnedFd, path: &[u8]) -> io::Result<OwnedFd> {
    if NO_OPENAT2.load(Relaxed) {
        return unix::open_name_by_name(folder, path);
    }
    // Links are refused at every name by the resolve flags, in the last one with ELOOP, which tells more than
    // the ENOTDIR that O_NOFOLLOW would give there.
    let flags = FOLDER.difference(OFlags::NOFOLLOW);
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    loop {
        match rustix::fs::openat2(folder, path, flags, Mode::empty(), resolve) {
            Err(Errno::NOSYS) => {
                NO_OPENAT2.store(true, Relaxed);
                return unix::open_name_by_name(folder, path);
            }
            // Older sandboxes answer unknown calls with EPERM; a true EPERM comes back from the second way.
            Err(Errno::PERM) => return unix::open_name_by_name(folder, path),
            // A rename elsewhere raced with the kernel's proof that the path stays below.
            Err(Errno::AGAIN | Errno::INTR) => {}
            result => return Ok(result?),
        }
    }
}

fn wanted() -> StatxFlags {
    StatxFlags::BASIC_STATS | StatxFlags::BTIME | StatxFlags::MNT_ID
}

/// The stat of an open file or folder.
pub(super) fn stat_descriptor(descriptor: BorrowedFd<'_>) -> io::Result<FileStat> {
    Ok(file_stat(&rustix::fs::statx(descriptor, c"", AtFlags::EMPTY_PATH, wanted())?))
}

fn file_stat(statx: &Statx) -> FileStat {
    let device = rustix::fs::makedev(statx.stx_dev_major, statx.stx_dev_minor);
    let given = StatxFlags::from_bits_retain(statx.stx_mask);
    FileStat {
        kind: unix::file_kind(FileType::from_raw_mode(statx.stx_mode.into())).unwrap_or(FileKind::Special),
        inode: statx.stx_ino,
        device,
        size_bytes: statx.stx_size,
        allocated_bytes: statx.stx_blocks.saturating_mul(512),
        mtime_ns: stamp(statx.stx_mtime),
        ctime_ns: stamp(statx.stx_ctime),
        birth_ns: given.contains(StatxFlags::BTIME).then(|| stamp(statx.stx_btime)),
        links: statx.stx_nlink,
        owner: statx.stx_uid,
        mount_id: if given.contains(StatxFlags::MNT_ID) { statx.stx_mnt_id } else { device },
        placeholder: false,
    }
}

fn stamp(stamp: StatxTimestamp) -> i64 {
    nanoseconds(stamp.tv_sec, stamp.tv_nsec.into())
}

/// Chooses the signal that tells of a lease; `libc` has no name for it.
const F_SETSIG: libc::c_int = 10;

impl File {
    /// Tells the kernel to read far ahead.
    pub fn read_is_sequential(&self) {
        // Advice only: where it is not taken, reading is slower and no less right.
        let _ = rustix::fs::fadvise(&self.descriptor, 0, None, rustix::fs::Advice::Sequential);
    }

    /// Whether a read failed because this file is not read past the page cache; it is read through it from here on.
    pub fn ends_direct(&self, error: &io::Error) -> bool {
        error.raw_os_error() == Some(libc::EINVAL)
            && rustix::fs::fcntl_getfl(&self.descriptor)
                .and_then(|flags| rustix::fs::fcntl_setfl(&self.descriptor, flags.difference(OFlags::DIRECT)))
                .is_ok()
    }

    /// Whether this byte is in the page cache; None where the file system cannot read without waiting.
    pub fn is_cached_at(&self, offset_bytes: u64) -> Option<bool> {
        let mut byte = [0];
        let mut buffers = [std::io::IoSliceMut::new(&mut byte)];
        let flags = rustix::io::ReadWriteFlags::NOWAIT;
        match rustix::io::preadv2(&self.descriptor, &mut buffers, offset_bytes, flags) {
            Ok(_) => Some(true),
            Err(rustix::io::Errno::AGAIN) => Some(false),
            Err(_) => None,
        }
    }

    /// Asks for a read lease, which the kernel refuses while the file is open or mapped for writing, and gives it back.
    ///
    /// One who opens the file for writing in that moment waits until it is given back, and the kernel tells us so by a
    /// signal: one that is ignored unless a program asks for it, in place of SIGIO, which would end the process.
    pub fn is_open_for_writing(&self) -> Option<bool> {
        let descriptor = self.descriptor.as_raw_fd();
        // SAFETY: the descriptor is open, and these commands take a plain number each.
        let (refused, error) = unsafe {
            if libc::fcntl(descriptor, F_SETSIG, libc::SIGURG) != 0 {
                return None;
            }
            let refused = libc::fcntl(descriptor, libc::F_SETLEASE, libc::F_RDLCK) != 0;
            (refused, io::Error::last_os_error())
        };
        if refused {
            return (error.raw_os_error() == Some(libc::EAGAIN)).then_some(true);
        }
        // SAFETY: as above.
        unsafe { libc::fcntl(descriptor, libc::F_SETLEASE, libc::F_UNLCK) };
        Some(false)
    }

    /// Lets the kernel forget this part of the file.
    pub fn drop_cached(&self, offset_bytes: u64, length_bytes: u64) {
        let length = std::num::NonZeroU64::new(length_bytes);
        // Advice only: where it is not taken, the pages stay a while longer.
        let _ = rustix::fs::fadvise(&self.descriptor, offset_bytes, length, rustix::fs::Advice::DontNeed);
    }
}

/// The file system of a folder.
pub fn file_system_of(folder: &Directory) -> io::Result<(VolumeId, FileSystem)> {
    linux_volume::file_system_of(folder.descriptor.as_fd(), &folder.stat_self()?)
}

/// The volume of a folder, or of a file in it.
pub fn volume_of(folder: &Directory, file: Option<&[u8]>) -> io::Result<Volume> {
    let Some(name) = file else {
        return linux_volume::volume_of(folder.descriptor.as_fd(), &folder.stat_self()?);
    };
    // A handle that only names the file: nothing of it is opened.
    let file = rustix::fs::openat(&folder.descriptor, name, OFlags::PATH | OFlags::NOFOLLOW, Mode::empty())?;
    linux_volume::volume_of(file.as_fd(), &stat_descriptor(file.as_fd())?)
}

pub use super::linux_twins::device_mark;

/// `FS_IOC_FIEMAP`, `_IOWR('f', 11, struct fiemap)`.
const FS_IOC_FIEMAP: libc::Ioctl = 0xC020_660B_u32 as libc::Ioctl;
const EXTENT_LAST: u32 = 0x0001;
/// Not on the disk yet, or nowhere that can be named.
const EXTENT_UNKNOWN: u32 = 0x0002;
const EXTENT_DELAYED: u32 = 0x0004;
/// Kept in the inode or the tail of another block: not shared, and without a place of its own.
const EXTENT_INLINE: u32 = 0x0200;
const EXTENT_TAIL: u32 = 0x0400;
const EXTENT_SHARED: u32 = 0x2000;
/// Compressed, or encrypted.
const EXTENT_ENCODED: u32 = 0x0008;
const EXTENTS_AT_ONCE: usize = 64;

#[repr(C)]
#[derive(Clone, Copy, Default)]
struct RawExtent {
    logical: u64,
    physical: u64,
    length: u64,
    reserved64: [u64; 2],
    flags: u32,
    reserved: [u32; 3],
}

#[repr(C)]
struct ExtentQuery {
    start: u64,
    length: u64,
    flags: u32,
    mapped_extents: u32,
    extent_count: u32,
    reserved: u32,
    extents: [RawExtent; EXTENTS_AT_ONCE],
}

/// The extents of a file, as FIEMAP tells them.
pub fn extents(file: &File) -> Option<Vec<Extent>> {
    let mut found = Vec::new();
    let mut start = 0;
    loop {
        let mut query = ExtentQuery {
            start,
            length: u64::MAX - start,
            flags: 0,
            mapped_extents: 0,
            extent_count: EXTENTS_AT_ONCE as u32,
            reserved: 0,
            extents: [RawExtent::default(); EXTENTS_AT_ONCE],
        };
        // SAFETY: the struct is laid out as the kernel's `struct fiemap` with room for the number of extents that
        // `extent_count` names, it lives through the call, and the descriptor is open.
        let result = unsafe { libc::ioctl(file.descriptor.as_raw_fd(), FS_IOC_FIEMAP, &raw mut query) };
        if result != 0 {
            return None;
        }
        let extents = &query.extents[..(query.mapped_extents as usize).min(EXTENTS_AT_ONCE)];
        let Some(last) = extents.last() else {
            return Some(found);
        };
        for extent in extents {
            if extent.flags & (EXTENT_UNKNOWN | EXTENT_DELAYED) != 0 {
                return None;
            }
            if extent.flags & (EXTENT_INLINE | EXTENT_TAIL) == 0 {
                found.push(Extent {
                    physical_bytes: extent.physical,
                    length_bytes: extent.length,
                    shared: extent.flags & EXTENT_SHARED != 0,
                    packed: extent.flags & EXTENT_ENCODED != 0,
                });
            }
        }
        start = last.logical.saturating_add(last.length.max(1));
        if last.flags & EXTENT_LAST != 0 {
            return Some(found);
        }
    }
}

const IOPRIO_WHO_PROCESS: libc::c_int = 1;
const IOPRIO_NONE: libc::c_int = 0;
const IOPRIO_IDLE: libc::c_int = 3 << 13;

/// Background priority for the calling thread.
pub fn background_this_thread() {
    set_priority(if may_leave_idle() { libc::SCHED_IDLE } else { libc::SCHED_BATCH }, IOPRIO_IDLE);
}

/// Normal priority for the calling thread.
pub fn foreground_this_thread() {
    set_priority(libc::SCHED_OTHER, IOPRIO_NONE);
}

/// Heaps that threads share, and what each may keep at its end; a size that is set is no longer raised by itself.
#[cfg(target_env = "gnu")]
const HEAPS: std::ops::RangeInclusive<usize> = 2..=4;
#[cfg(target_env = "gnu")]
const KEPT_BYTES: libc::c_int = 1 << 20;

/// Few heaps, which are cut short when their end is free.
pub fn bound_memory() {
    #[cfg(target_env = "gnu")]
    {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let heaps = cores.clamp(*HEAPS.start(), *HEAPS.end()) as libc::c_int;
        // SAFETY: both options take one number, at any time and from any thread; a refusal leaves all as it was.
        unsafe {
            libc::mallopt(libc::M_ARENA_MAX, heaps);
            libc::mallopt(libc::M_TRIM_THRESHOLD, KEPT_BYTES);
        }
    }
}

/// Free pages of all heaps.
pub fn give_memory_back() {
    // SAFETY: glibc locks each heap that it looks at; nothing that is in use is touched.
    #[cfg(target_env = "gnu")]
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Whether the kernel would let this thread back out of idle scheduling.
fn may_leave_idle() -> bool {
    // A soft limit of 20 stands for nice 0, the value of an ordinary thread.
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nice).current;
    limit.is_none_or(|limit| limit >= 20)
        || rustix::thread::capabilities(None)
            .is_ok_and(|sets| sets.effective.contains(rustix::thread::CapabilitySet::SYS_NICE))
}

fn set_priority(policy: libc::c_int, io_priority: libc::c_int) {
    // SAFETY: a zeroed `sched_param` is a valid one, with the only priority that these policies take; 0 is the calling
    // thread. The results are left alone: a thread that keeps its priority is as right as before.
    unsafe {
        let parameters: libc::sched_param = std::mem::zeroed();
        libc::sched_setscheduler(0, policy, &raw const parameters);
        libc::syscall(libc::SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, io_priority);
    }
}
