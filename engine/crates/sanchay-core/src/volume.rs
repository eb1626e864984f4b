//! What file system a folder is on, and an identity for it that outlives a remount.
//!
//! A device number is no identity: the same disk has another one after it was plugged in again, and another disk takes
//! the old one. So the id comes from the file system's own id; where that is missing or made from the device number,
//! it is derived from what stays the same when the same thing is mounted again.

use std::fmt;
use std::path::Path;

use data_encoding::HEXLOWER;

use crate::dir::DirHandle;
use crate::error::CoreError;
use crate::platform;

/// The identity of a file system. (volume, inode) names one physical file.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VolumeId([u8; 16]);

impl VolumeId {
    /// The id of these bytes, as [`Self::to_bytes`] gave them.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The 16 bytes to store.
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0
    }

    /// One of several file systems that are shown as one: a layer whose inodes are its own.
    #[must_use]
    pub fn layer(self, number: u64) -> Self {
        Self::derive(&[b"layer", &self.0, &number.to_le_bytes()])
    }

    /// The first 16 bytes of a hash over the parts, each with its length, so that no two lists of parts run together.
    pub(crate) fn derive(parts: &[&[u8]]) -> Self {
        let mut hasher = blake3::Hasher::new();
        for part in parts {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        Self(bytes)
    }
}

impl fmt::Display for VolumeId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        HEXLOWER.encode_display(&self.0).fmt(formatter)
    }
}

impl fmt::Debug for VolumeId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "VolumeId({self})")
    }
}

/// Whose files a file system shows. What shows another's files gives them inodes and a volume that are not theirs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shows {
    /// Its own.
    #[default]
    Own,
    /// Those of layers below it, with their own times of birth (overlay).
    Layers,
    /// Perhaps those of any other: a program, or a share of this machine itself, passes them on.
    Others,
    /// Those of a server, named by a digest: two mounts may lead to one file there.
    Server(i64),
}

impl Shows {
    /// The number to store; a server's has a bit that the others lack.
    pub const fn to_number(self) -> i64 {
        match self {
            Self::Own => 0,
            Self::Layers => 1,
            Self::Others => 2,
            Self::Server(digest) => digest | Self::SERVER_BIT,
        }
    }

    /// What was stored.
    pub const fn from_number(number: i64) -> Self {
        match number {
            0 => Self::Own,
            1 => Self::Layers,
            server if server & Self::SERVER_BIT != 0 => Self::Server(server),
            _ => Self::Others,
        }
    }

    const SERVER_BIT: i64 = 1 << 8;

    /// A server, by a name of it. So far only Linux's table of mounts is read for one.
    #[cfg(target_os = "linux")]
    pub(crate) fn server(name: &[u8]) -> Self {
        let digest = VolumeId::derive(&[b"server", name]).to_bytes();
        let mut head = [0; 8];
        head.copy_from_slice(&digest[..8]);
        Self::Server(i64::from_le_bytes(head) | Self::SERVER_BIT)
    }
}

/// What is known of a file system.
#[allow(clippy::struct_excessive_bools)] // each is a fact of its own
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileSystem {
    /// The system's name for its type: `ext4`, `fuse.sshfs`, `apfs`, `NTFS`.
    pub name: String,
    /// It shows the kernel's state, not files: never cataloged.
    pub pseudo: bool,
    /// Another machine can change it unseen, so it is polled and never watched.
    pub network: bool,
    /// Copies may share extents.
    pub reflink: bool,
    /// Whether it is on solid state; `None` where that is not known.
    pub solid_state: Option<bool>,
    /// Whose files it shows.
    pub shows: Shows,
    /// It gives out inodes again at each mount, or whenever it has forgotten a file: they identify nothing.
    pub fleeting_inodes: bool,
}

/// A file system, beside others with the same id.
#[derive(Clone, Debug)]
pub struct Volume {
    /// Its id: the first that was mounted of several with one id has it as it is.
    pub id: VolumeId,
    /// Where its extents lie: the same for all subvolumes of one file system.
    pub pool: VolumeId,
    /// What else it was known by: catalogs of earlier versions have it.
    pub former: Option<VolumeId>,
    /// Other file systems with this id that are mounted now (a clone of a disk), those mounted earlier first: how each is
    /// told apart.
    pub earlier_twins: Vec<VolumeId>,
    /// Some with this id was mounted later.
    pub later_twin: bool,
    /// What is known of it.
    pub system: FileSystem,
    /// Its device, and what its mount says that it comes from.
    pub(crate) device: u64,
    pub(crate) source: Vec<u8>,
}

impl Volume {
    /// What has its identity of itself and is mounted nowhere, as a bucket is.
    pub fn new(id: VolumeId, system: FileSystem) -> Self {
        let (earlier_twins, source) = (Vec::new(), Vec::new());
        Self { id, pool: id, former: None, earlier_twins, later_twin: false, system, device: 0, source }
    }

    /// An id that tells it from others with the same one: made from its device, not from what is on it.
    pub fn id_apart(&self) -> VolumeId {
        let mark = platform::device_mark(self.device).unwrap_or_else(|| self.source.clone());
        VolumeId::derive(&[b"apart", &self.id.0, &mark])
    }

    /// What it lies on, a disk or a server: volumes with the same one go together. Itself, where that cannot be told.
    pub fn disk(&self) -> VolumeId {
        platform::disk_of(self.device, &self.source, &self.system).unwrap_or(self.id)
    }

    /// Whether another with this id is mounted.
    pub fn has_twin(&self) -> bool {
        self.later_twin || !self.earlier_twins.is_empty()
    }
}

impl FileSystem {
    /// Whether a file may have a second name, or a symbolic link lead to it: FAT has neither.
    pub fn has_links(&self) -> bool {
        !matches!(
            self.name.as_str(),
            "vfat" | "msdos" | "exfat" | "FAT32" | "exFAT" | "fuse.gvfsd-fuse" | "fuse.rclone"
        )
    }

    /// Whether every write gives a file a new ctime that cannot be set back. FAT has none; in memory, a mapped page that
    /// was touched once is written to unseen; behind a program no one knows.
    pub fn stamps_every_write(&self) -> bool {
        !matches!(self.name.as_str(), "vfat" | "msdos" | "exfat" | "FAT32" | "exFAT" | "tmpfs" | "ramfs" | "fuseblk")
    }
}

/// The file system that a folder is on. Costs several system calls: cache it by the stat's (device, `mount_id`).
pub fn file_system_of(dir: &DirHandle) -> Result<(VolumeId, FileSystem), CoreError> {
    Ok(platform::file_system_of(&dir.inner)?)
}

/// Bytes that may still be written to the disk of a file that is there; None where the system does not tell.
pub fn free_bytes(file: &Path) -> Option<u64> {
    crate::platform::free_bytes(file)
}
