//! What file system a folder is on, and an identity for it that outlives a remount.
//!
//! A device number is no identity: the same disk has another one after it was plugged in again, and another disk takes
//! the old one. So the id comes from the file system's own id; where that is missing or made from the device number,
//! it is derived from what stays the same when the same thing is mounted again.

use std::fmt;

use crate::dir::DirHandle;
use crate::error::CoreError;

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
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for VolumeId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "VolumeId({self})")
    }
}

/// What is known of a file system.
#[derive(Clone, Debug, PartialEq, Eq)]
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
}

/// The file system that a folder is on. Costs several system calls: cache it by the stat's (device, `mount_id`).
pub fn file_system_of(dir: &DirHandle) -> Result<(VolumeId, FileSystem), CoreError> {
    Ok(crate::platform::file_system_of(&dir.inner)?)
}
