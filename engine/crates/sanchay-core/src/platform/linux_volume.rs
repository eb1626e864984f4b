//! The volume that an open folder lies on, and the others that go by its id.

use std::io;
use std::os::fd::BorrowedFd;

use super::linux_mount::{btrfs_pool, look};
use super::linux_twins;
use crate::stat::FileStat;
use crate::volume::{FileSystem, Volume, VolumeId};

/// The file system of an open folder.
pub(super) fn file_system_of(folder: BorrowedFd<'_>, stat: &FileStat) -> io::Result<(VolumeId, FileSystem)> {
    let found = look(folder, stat)?;
    Ok((found.id, found.system))
}

/// The same, beside others with its id.
pub(super) fn volume_of(folder: BorrowedFd<'_>, stat: &FileStat) -> io::Result<Volume> {
    let found = look(folder, stat)?;
    let source = found.mount().map_or_else(Vec::new, |mount| mount.source.clone());
    let device = found.source_device.unwrap_or(stat.device);
    let mut volume = Volume {
        id: found.id,
        pool: if found.system.name == "btrfs" { btrfs_pool(folder).unwrap_or(found.plain) } else { found.plain },
        former: found.former,
        earlier_twins: Vec::new(),
        later_twin: false,
        system: found.system.clone(),
        device,
        source,
    };
    linux_twins::find(&found, &mut volume);
    Ok(volume)
}
