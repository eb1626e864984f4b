//! macOS: openat name by name, readdir, fstatat, volume UUIDs.

use std::ffi::{c_int, c_void, CStr};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat};

use super::unix::{self, File, FOLDER};
use crate::extent::Extent;
use crate::stat::{nanoseconds, FileKind, FileStat};
use crate::volume::{FileSystem, Shows, Volume, VolumeId};

/// The content of the file is in a cloud; reading would fetch it.
const SF_DATALESS: u32 = 0x4000_0000;

/// File systems that show the kernel's state.
const PSEUDO: &[&str] = &["autofs", "devfs", "fdesc", "lifs", "nullfs", "volfs"];

/// Memory for listing folders. The system's own `readdir` brings its buffer, so there is none to keep here.
#[derive(Debug, Default)]
pub struct ListBuffer;

impl ListBuffer {
    /// A buffer for each thread, as on the other platforms.
    pub fn new() -> Self {
        Self
    }
}

/// An open folder.
#[derive(Debug)]
pub struct Directory {
    descriptor: OwnedFd,
}

impl Directory {
    /// Opens the folder that a person named.
    pub fn open_root(path: &Path) -> io::Result<Self> {
        unix::open_root(path.as_os_str()).map(|descriptor| Self { descriptor })
    }

    /// The open folder itself.
    pub fn descriptor(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }

    /// Opens a folder below this one.
    pub fn open_below(&self, relative: &[u8]) -> io::Result<Self> {
        unix::open_in_pieces(&self.descriptor, relative, unix::open_name_by_name).map(|descriptor| Self { descriptor })
    }

    /// Opens a folder in this one.
    pub fn open_child(&self, name: &[u8]) -> io::Result<Self> {
        Ok(Self { descriptor: rustix::fs::openat(&self.descriptor, name, FOLDER, Mode::empty())? })
    }

    /// Opens a file in this folder.
    pub fn open_file(&self, name: &[u8]) -> io::Result<File> {
        Ok(unix::open_file(&self.descriptor, name, OFlags::empty())?)
    }

    /// Opens a file in this folder so that nothing of it is kept in memory; None where that is refused.
    pub fn open_direct(&self, name: &[u8]) -> io::Result<Option<File>> {
        let file = self.open_file(name)?;
        // SAFETY: the descriptor is open; the call takes and gives only integers.
        let is_taken = unsafe { libc::fcntl(file.descriptor.as_raw_fd(), libc::F_NOCACHE, 1) } == 0;
        Ok(is_taken.then_some(file))
    }

    /// Lists the folder from its start.
    pub fn list(&self, _: &mut ListBuffer, visit: &mut impl FnMut(&[u8], Option<FileKind>)) -> io::Result<()> {
        for entry in Dir::read_from(&self.descriptor)? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if name != b"." && name != b".." {
                visit(name, unix::file_kind(entry.file_type()));
            }
        }
        Ok(())
    }

    /// The stat of a name in this folder.
    pub fn stat(&self, name: &[u8]) -> io::Result<FileStat> {
        Ok(file_stat(&rustix::fs::statat(&self.descriptor, name, AtFlags::SYMLINK_NOFOLLOW)?))
    }

    /// The stat of this folder.
    pub fn stat_self(&self) -> io::Result<FileStat> {
        stat_descriptor(self.descriptor.as_fd())
    }
}

/// The stat of an open file or folder.
pub(super) fn stat_descriptor(descriptor: BorrowedFd<'_>) -> io::Result<FileStat> {
    Ok(file_stat(&rustix::fs::fstat(descriptor)?))
}

fn file_stat(stat: &Stat) -> FileStat {
    let device = stat.st_dev as u32;
    FileStat {
        kind: unix::file_kind(FileType::from_raw_mode(stat.st_mode)).unwrap_or(FileKind::Special),
        inode: stat.st_ino,
        device: device.into(),
        size_bytes: stat.st_size as u64,
        allocated_bytes: (stat.st_blocks as u64).saturating_mul(512),
        mtime_ns: nanoseconds(stat.st_mtime, stat.st_mtime_nsec),
        ctime_ns: nanoseconds(stat.st_ctime, stat.st_ctime_nsec),
        birth_ns: Some(nanoseconds(stat.st_birthtime, stat.st_birthtime_nsec)),
        links: stat.st_nlink.into(),
        owner: stat.st_uid,
        mount_id: device.into(),
        placeholder: stat.st_flags & SF_DATALESS != 0,
    }
}

impl File {
    /// Never: reads that keep nothing ask for nothing special.
    #[allow(clippy::unused_self)] // the same face on every platform
    pub fn ends_direct(&self, _error: &io::Error) -> bool {
        false
    }

    /// Lets the kernel read ahead, as it does by itself for a reader that goes in order.
    pub fn read_is_sequential(&self) {
        // SAFETY: the descriptor is open; the call takes and gives only integers. Advice only, so the result is left.
        unsafe { libc::fcntl(self.descriptor.as_raw_fd(), libc::F_RDAHEAD, 1) };
    }

    /// Not known here.
    #[allow(clippy::unused_self)] // the same face on every platform
    pub fn is_cached_at(&self, _offset_bytes: u64) -> Option<bool> {
        None
    }

    /// Not known here: the system has no leases.
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
    // SAFETY: `statfs` is plain old data, for which zeros are a valid value.
    let mut statfs: libc::statfs = unsafe { std::mem::zeroed() };
    // SAFETY: the descriptor is open and the struct lives through the call.
    if unsafe { libc::fstatfs(folder.descriptor.as_raw_fd(), &raw mut statfs) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel ends both names with a NUL inside their arrays.
    let (name, source) =
        unsafe { (CStr::from_ptr(statfs.f_fstypename.as_ptr()), CStr::from_ptr(statfs.f_mntfromname.as_ptr())) };
    let id = match volume_uuid(&folder.descriptor) {
        Some(uuid) => VolumeId::derive(&[b"uuid", &uuid]),
        // `f_fsid` is made from the device number, so it is no help.
        None => VolumeId::derive(&[b"source", name.to_bytes(), source.to_bytes()]),
    };
    let name = name.to_string_lossy().into_owned();
    let file_system = FileSystem {
        pseudo: PSEUDO.contains(&name.as_str()),
        network: statfs.f_flags & libc::MNT_LOCAL as u32 == 0,
        reflink: name == "apfs",
        solid_state: None,
        shows: Shows::Own,
        fleeting_inodes: matches!(name.as_str(), "msdos" | "exfat" | "macfuse" | "osxfuse" | "fusefs"),
        name,
    };
    Ok((id, file_system))
}

/// The volume of a folder. A single file is never mounted here, and no two volumes have one UUID at a time.
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

/// The UUID of a volume, where its file system keeps one.
fn volume_uuid(folder: &OwnedFd) -> Option<[u8; 16]> {
    #[repr(C, packed(4))]
    struct Answer {
        length: u32,
        uuid: [u8; 16],
    }
    // SAFETY: `attrlist` is plain old data, for which zeros are a valid value.
    let mut wanted: libc::attrlist = unsafe { std::mem::zeroed() };
    wanted.bitmapcount = libc::ATTR_BIT_MAP_COUNT;
    wanted.volattr = libc::ATTR_VOL_INFO | libc::ATTR_VOL_UUID;
    let mut answer = Answer { length: 0, uuid: [0; 16] };
    // SAFETY: the descriptor is open, both structs live through the call, and the length given is that of the answer.
    let result = unsafe {
        libc::fgetattrlist(
            folder.as_raw_fd(),
            (&raw mut wanted).cast::<c_void>(),
            (&raw mut answer).cast::<c_void>(),
            size_of::<Answer>(),
            0,
        )
    };
    let uuid = answer.uuid;
    (result == 0 && answer.length as usize == size_of::<Answer>() && uuid != [0; 16]).then_some(uuid)
}

/// APFS does not tell which extents its clones share.
pub fn extents(_: &File) -> Option<Vec<Extent>> {
    None
}

const IOPOL_TYPE_DISK: c_int = 0;
const IOPOL_SCOPE_THREAD: c_int = 1;
const IOPOL_DEFAULT: c_int = 0;
const IOPOL_THROTTLE: c_int = 3;

extern "C" {
    fn setiopolicy_np(kind: c_int, scope: c_int, policy: c_int) -> c_int;
}

/// Background priority for the calling thread.
pub fn background_this_thread() {
    set_priority(IOPOL_THROTTLE, libc::qos_class_t::QOS_CLASS_BACKGROUND);
}

/// Normal priority for the calling thread.
pub fn foreground_this_thread() {
    set_priority(IOPOL_DEFAULT, libc::qos_class_t::QOS_CLASS_DEFAULT);
}

/// Nothing: this system's allocator gives memory back by itself.
pub fn bound_memory() {}

/// Nothing, as above.
pub fn give_memory_back() {}

fn set_priority(disk: c_int, class: libc::qos_class_t) {
    // SAFETY: both calls take only integers and act on the calling thread. Their results are left alone: a thread that
    // keeps its priority is as right as before.
    unsafe {
        setiopolicy_np(IOPOL_TYPE_DISK, IOPOL_SCOPE_THREAD, disk);
        libc::pthread_set_qos_class_self_np(class, 0);
    }
}
