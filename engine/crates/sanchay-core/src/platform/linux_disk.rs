//! What a volume lies on: the disk under a partition, a mapper or a loop device, or the server of a share.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use crate::volume::{FileSystem, VolumeId};

/// How deep devices are stacked at most: partition, RAID, encryption, volume, loop.
const DEPTH_MOST: usize = 8;

/// What volumes share that go together: a name for the disks, or the server. None where it cannot be told.
pub fn disk_of(device: u64, source: &[u8], system: &FileSystem) -> Option<VolumeId> {
    if system.network {
        return server(source).map(|server| VolumeId::derive(&[b"server", server]));
    }
    // A file system whose device number is not a block device's (btrfs) names one as its source.
    let device = if rustix::fs::major(device) == 0 { block_device(source)? } else { device };
    let mut disks = BTreeSet::new();
    add_disks(&sysfs(device)?, &mut disks, 0);
    let names: Vec<&[u8]> = disks.iter().map(|disk| disk.as_os_str().as_bytes()).collect();
    (!names.is_empty()).then(|| VolumeId::derive(&[&[&b"disk"[..]], &names[..]].concat()))
}

/// `server:/path`, `//server/share`, `user@server:path`.
fn server(source: &[u8]) -> Option<&[u8]> {
    let name = match source.strip_prefix(b"//") {
        Some(rest) => rest.split(|byte| *byte == b'/').next()?,
        None => source.iter().rposition(|byte| *byte == b':').map(|cut| &source[..cut])?,
    };
    let name = name.iter().position(|byte| *byte == b'@').map_or(name, |cut| &name[cut + 1..]);
    (!name.is_empty()).then_some(name)
}

fn block_device(source: &[u8]) -> Option<u64> {
    let metadata = fs::metadata(Path::new(std::ffi::OsStr::from_bytes(source))).ok()?;
    metadata.file_type().is_block_device().then(|| metadata.rdev())
}

fn sysfs(device: u64) -> Option<PathBuf> {
    let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
    fs::canonicalize(format!("/sys/dev/block/{major}:{minor}")).ok()
}

fn add_disks(device: &Path, disks: &mut BTreeSet<PathBuf>, depth: usize) {
    let below = fs::read_dir(device.join("slaves")).into_iter().flatten().flatten();
    let below: Vec<PathBuf> = below.filter_map(|entry| fs::canonicalize(entry.path()).ok()).collect();
    if depth < DEPTH_MOST && !below.is_empty() {
        for other in below {
            add_disks(&other, disks, depth + 1);
        }
    } else if let Some(of_loop) = fs::read(device.join("loop/backing_file")).ok().filter(|_| depth < DEPTH_MOST) {
        // An image lies on the disk of its folder.
        let file = Path::new(std::ffi::OsStr::from_bytes(of_loop.trim_ascii())).metadata();
        match file.ok().and_then(|metadata| sysfs(metadata.dev())) {
            Some(under) => add_disks(&under, disks, depth + 1),
            None => drop(disks.insert(device.to_path_buf())),
        }
    } else if device.join("partition").exists() {
        disks.extend(device.parent().map(Path::to_path_buf));
    } else {
        disks.insert(device.to_path_buf());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_lies_on_its_server() {
        let of = |source: &str| server(source.as_bytes()).map(|name| String::from_utf8(name.to_vec()).unwrap());
        assert_eq!(of("nas:/volume1/photos").as_deref(), Some("nas"));
        assert_eq!(of("//nas/photos").as_deref(), Some("nas"));
        assert_eq!(of("me@nas:/home").as_deref(), Some("nas"));
        assert_eq!(of("[fe80::1]:/x").as_deref(), Some("[fe80::1]"));
        assert_eq!(of("share"), None);
    }

    #[test]
    fn partitions_of_one_disk_lie_on_it_and_images_on_the_disk_of_their_file() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for part in ["sda/sda1", "sda/sda2", "dm-0/slaves", "sdb"] {
            fs::create_dir_all(at(part)).unwrap();
        }
        for part in ["sda/sda1", "sda/sda2"] {
            fs::write(at(part).join("partition"), "1\n").unwrap();
        }
        std::os::unix::fs::symlink(at("sda/sda2"), at("dm-0/slaves/sda2")).unwrap();
        let disks = |name: &str| {
            let mut disks = BTreeSet::new();
            add_disks(&at(name), &mut disks, 0);
            disks.into_iter().map(|disk| disk.file_name().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(disks("sda/sda1"), ["sda"]);
        assert_eq!(disks("dm-0"), ["sda"]);
        assert_eq!(disks("sdb"), ["sdb"]);
    }
}
