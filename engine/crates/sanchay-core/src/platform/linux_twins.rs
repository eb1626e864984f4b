//! Several mounted file systems with one id: a disk and its clone. What is on them is the same, so their devices tell them
//! apart.

use std::fs;
use std::os::unix::ffi::OsStrExt;

use super::linux_mount::{block_device, id_of, root_of, Found, Mount, OwnId};
use crate::volume::{Volume, VolumeId};

/// Notes the others with the id of `volume`. Only local disks of the same kind are asked, so that nothing can hang.
pub(super) fn find(found: &Found, volume: &mut Volume) {
    let (Some(mount), Some(_)) = (found.mount(), found.source_device) else { return };
    if found.system.network || found.system.pseudo {
        return;
    }
    let mut is_later = false;
    let mut seen: Vec<&[u8]> = Vec::new();
    for other in found.mounts.iter().filter(|other| other.kind == mount.kind) {
        if other.device == mount.device {
            is_later = true;
        } else if !seen.contains(&other.device.as_slice()) {
            let Some((id, device)) = id_of_other(found, other) else { continue };
            seen.push(&other.device);
            if id != found.plain {
                continue;
            }
            if is_later {
                volume.later_twin = true;
            } else {
                let twin = Volume {
                    id: volume.id,
                    pool: volume.pool,
                    former: None,
                    earlier_twins: Vec::new(),
                    later_twin: false,
                    system: volume.system.clone(),
                    device,
                    source: other.source.clone(),
                };
                volume.earlier_twins.push(twin.id_apart());
            }
        }
    }
}

/// The id of another mount of the same kind, and its block device; None where it cannot be told.
fn id_of_other(found: &Found, other: &Mount) -> Option<(VolumeId, u64)> {
    let source_device = block_device(&other.source)?;
    let root = root_of(other)?;
    let magic = rustix::fs::statfs(other.point.as_slice()).ok()?.f_type as u32;
    let number = rustix::fs::statvfs(other.point.as_slice()).ok()?.f_fsid;
    let own = OwnId { magic, number, device: root.device };
    Some((id_of(&own, &other.kind, false, Some(other), &found.mounts, Some(source_device)), source_device))
}

/// What stays with a block device wherever it is plugged in: the file behind a loop device, a disk's own number and the
/// partition's.
pub fn device_mark(device: u64) -> Option<Vec<u8>> {
    let folder = format!("/sys/dev/block/{}:{}", rustix::fs::major(device), rustix::fs::minor(device));
    let read = |name: &str| fs::read(format!("{folder}/{name}")).ok().filter(|text| !text.trim_ascii().is_empty());
    for name in ["loop/backing_file", "dm/uuid", "md/uuid"] {
        if let Some(mark) = read(name) {
            return Some([name.as_bytes(), b" ", mark.trim_ascii()].concat());
        }
    }
    let partition = read("partition").unwrap_or_default();
    let above = if partition.is_empty() { "" } else { "../" };
    for name in ["wwid", "device/wwid", "device/serial", "serial"] {
        if let Some(mark) = read(&format!("{above}{name}")) {
            return Some([name.as_bytes(), b" ", mark.trim_ascii(), b" ", partition.trim_ascii()].concat());
        }
    }
    // Without a number of its own: the bus and the place on it, which is the path of the device.
    let path = fs::canonicalize(folder).ok()?;
    Some(path.as_os_str().as_bytes().to_vec())
}
