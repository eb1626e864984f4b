//! What mount a Linux folder is on, and an identity for its file system that a remount keeps.

use std::fs;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::PathBuf;

use rustix::fs::{AtFlags, StatxFlags};

use super::linux_kind;
use crate::stat::{nanoseconds, FileStat};
use crate::volume::{FileSystem, Shows, VolumeId};
use crate::watch::{advise_by_name, WatchMode};

/// File systems that show the kernel's state.
const PSEUDO: &[&str] = &[
    "autofs",
    "bdev",
    "binder",
    "binfmt_misc",
    "bpf",
    "cgroup",
    "cgroup2",
    "configfs",
    "cpuset",
    "debugfs",
    "devpts",
    "devtmpfs",
    "dmabuf",
    "efivarfs",
    "functionfs",
    "fusectl",
    "hugetlbfs",
    "ipathfs",
    "mqueue",
    "nfsd",
    "nsfs",
    "pipefs",
    "proc",
    "pstore",
    "resctrl",
    "rpc_pipefs",
    "securityfs",
    "selinuxfs",
    "smackfs",
    "sockfs",
    "sysfs",
    "tracefs",
    "usbfs",
];

/// File systems that another machine can change unseen; a shared folder of a virtual machine's host is one.
const NETWORK: &[&str] = &[
    "9p",
    "acfs",
    "afs",
    "beegfs",
    "ceph",
    "cifs",
    "coda",
    "davfs",
    "fuse.ceph",
    "fuse.cephfs",
    "fuse.curlftpfs",
    "fuse.davfs",
    "fuse.gcsfuse",
    "fuse.glusterfs",
    "fuse.goofys",
    "fuse.gvfsd-fuse",
    "fuse.juicefs",
    "fuse.mount-s3",
    "fuse.rclone",
    "fuse.s3fs",
    "fuse.smbnetfs",
    "fuse.sshfs",
    "glusterfs",
    "gpfs",
    "lustre",
    "ncpfs",
    "nfs",
    "nfs4",
    "orangefs",
    "prl_fs",
    "smb3",
    "smbfs",
    "vboxsf",
    "virtiofs",
    "vmhgfs",
    "fuse.vmhgfs-fuse",
];

/// File systems whose copies may share extents.
const REFLINK: &[&str] = &["bcachefs", "btrfs", "ocfs2", "xfs", "zfs"];

/// Names for when the mount table cannot be read, by the magic number of statfs; the pseudo ones matter most.
const MAGIC: &[(u32, &str)] = &[
    (0x0000_9fa0, "proc"),
    (0x6265_6572, "sysfs"),
    (0x0000_1cd1, "devpts"),
    (0x0027_e0eb, "cgroup"),
    (0x6367_7270, "cgroup2"),
    (0x7363_6673, "securityfs"),
    (0x6462_6720, "debugfs"),
    (0x7472_6163, "tracefs"),
    (0xcafe_4a11, "bpf"),
    (0x6165_676c, "pstore"),
    (0x1980_0202, "mqueue"),
    (0x9584_58f6, "hugetlbfs"),
    (0x6265_6570, "configfs"),
    (0x6573_5543, "fusectl"),
    (0x0000_0187, "autofs"),
    (0x4249_4e4d, "binfmt_misc"),
    (0x6759_6969, "rpc_pipefs"),
    (0x6e73_6673, "nsfs"),
    (0x0000_ef53, "ext4"),
    (0x5846_5342, "xfs"),
    (0x9123_683e, "btrfs"),
    (0x0102_1994, "tmpfs"),
    (0x794c_7630, "overlay"),
    (0x6573_5546, "fuse"),
    (0x0000_6969, "nfs"),
    (0xff53_4d42, "cifs"),
    (0xfe53_4d42, "smb3"),
    (0x0000_4d44, "vfat"),
    (0x2011_bab0, "exfat"),
    (0x2fc1_2fc1, "zfs"),
    (0x0102_1997, "9p"),
];

/// One line of the mount table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mount {
    pub(super) id: u64,
    /// `MAJOR:MINOR`, the same for every mount of one file system.
    pub(super) device: Vec<u8>,
    /// Which folder of the file system is mounted: `/` but for bind mounts and subvolumes.
    root: Vec<u8>,
    pub(super) point: Vec<u8>,
    pub(super) kind: String,
    pub(super) source: Vec<u8>,
    /// The file system's own options.
    options: Vec<u8>,
}

/// `BTRFS_IOC_FS_INFO`, `_IOR(0x94, 31, struct btrfs_ioctl_fs_info_args)`.
const BTRFS_IOC_FS_INFO: libc::Ioctl = 0x8400_941F_u32 as libc::Ioctl;

/// The head of `struct btrfs_ioctl_fs_info_args`, and room for the rest of it.
#[repr(C)]
struct BtrfsInfo {
    most_id: u64,
    devices: u64,
    id: [u8; 16],
    rest: [u64; 124],
}

/// The id of a whole btrfs, without that of the subvolume, which is mixed into what `statfs` tells.
pub(super) fn btrfs_pool(folder: BorrowedFd<'_>) -> Option<VolumeId> {
    let mut info = BtrfsInfo { most_id: 0, devices: 0, id: [0; 16], rest: [0; 124] };
    // SAFETY: the struct has the 1024 bytes that the number of the call names, and lives through it; the descriptor is open.
    let result = unsafe { libc::ioctl(folder.as_raw_fd(), BTRFS_IOC_FS_INFO, &raw mut info) };
    (result == 0).then(|| VolumeId::derive(&[b"btrfs", &info.id]))
}

/// What was found of a folder's file system.
pub(super) struct Found {
    pub(super) id: VolumeId,
    pub(super) former: Option<VolumeId>,
    /// The id before anything is mixed in.
    pub(super) plain: VolumeId,
    pub(super) system: FileSystem,
    pub(super) mounts: Vec<Mount>,
    /// Which of them.
    at: Option<usize>,
    pub(super) source_device: Option<u64>,
}

impl Found {
    pub(super) fn mount(&self) -> Option<&Mount> {
        self.at.map(|at| &self.mounts[at])
    }
}

pub(super) fn look(folder: BorrowedFd<'_>, stat: &FileStat) -> io::Result<Found> {
    let magic = rustix::fs::fstatfs(folder)?.f_type as u32;
    let own_id = rustix::fs::fstatvfs(folder)?.f_fsid;
    // Without the mount table (a bare chroot) the magic number still tells the pseudo file systems.
    let mounts = parse_mounts(&fs::read("/proc/self/mountinfo").unwrap_or_default());
    let at = mounts.iter().position(|mount| mount.id == stat.mount_id);
    let mount = at.map(|at| &mounts[at]);
    let name = mount.map_or_else(|| name_of_magic(magic), |mount| mount.kind.clone());
    let network = NETWORK.contains(&name.as_str());
    let source_device = mount.and_then(|mount| block_device(&mount.source));
    let own = OwnId { magic, number: own_id, device: stat.device };
    let plain = id_of(&own, &name, network, mount, &mounts, source_device);
    let (source, options) = mount.map_or((&[][..], &[][..]), |mount| (&mount.source, &mount.options));
    let shows = linux_kind::shows(&name, network, source, options);
    let (id, former) = match shows {
        Shows::Own => (plain, None),
        _ => (VolumeId::derive(&[b"shows", &plain.to_bytes()]), Some(plain)),
    };
    let system = FileSystem {
        pseudo: PSEUDO.contains(&name.as_str()),
        network,
        reflink: REFLINK.contains(&name.as_str()),
        solid_state: solid_state(source_device.unwrap_or(stat.device)),
        shows,
        fleeting_inodes: linux_kind::has_fleeting_inodes(&name, options),
        name,
    };
    Ok(Found { id, former, plain, system, mounts, at, source_device })
}

/// What a file system says of its own identity.
pub(super) struct OwnId {
    pub(super) magic: u32,
    pub(super) number: u64,
    /// The device of a folder on it.
    pub(super) device: u64,
}

pub(super) fn id_of(
    own: &OwnId,
    name: &str,
    network: bool,
    mount: Option<&Mount>,
    mounts: &[Mount],
    source_device: Option<u64>,
) -> VolumeId {
    // An overlay hands out the id of a layer below it, whose inode numbers are not its own.
    if own.number == 0 || own.number == encoded_device(own.device) || name == "overlay" {
        derived_id(name, network, mount, mounts, source_device)
    } else {
        VolumeId::derive(&[b"fsid", &own.magic.to_le_bytes(), &own.number.to_le_bytes()])
    }
}

impl Mount {
    /// Whether what is mounted can change without this kernel's knowing, or could hang.
    pub(super) fn is_polled(&self) -> bool {
        advise_by_name(&self.kind, NETWORK.contains(&self.kind.as_str()), self.is_pseudo()) == WatchMode::Poll
    }

    pub(super) fn is_pseudo(&self) -> bool {
        PSEUDO.contains(&self.kind.as_str())
    }
}

/// The number that a file system without an id of its own puts into `f_fsid`: its device's, in the kernel's encoding.
fn encoded_device(device: u64) -> u64 {
    let (major, minor) = (u64::from(rustix::fs::major(device)), u64::from(rustix::fs::minor(device)));
    (minor & 0xff) | (major << 8) | ((minor & !0xff) << 12)
}

/// An id from what a remount keeps: the disk's UUID; else the birth and inode of the file system's root; else where
/// it comes from and where it is mounted.
fn derived_id(
    name: &str,
    network: bool,
    mount: Option<&Mount>,
    mounts: &[Mount],
    source_device: Option<u64>,
) -> VolumeId {
    let Some(mount) = mount else {
        return VolumeId::derive(&[b"type", name.as_bytes()]);
    };
    if network {
        // Asking the server for its root could hang.
        return VolumeId::derive(&[b"network", name.as_bytes(), &mount.source]);
    }
    // Bind mounts of one file system share its first whole mount, and so the id.
    let whole = mounts.iter().filter(|other| other.device == mount.device && other.root == b"/").min_by_key(|m| m.id);
    let root = whole.and_then(root_of);
    let root_inode = root.map_or(0, |root| root.inode).to_le_bytes();
    let root_birth = root.and_then(|root| root.birth_ns);
    if let Some(device) = source_device {
        if let Some(uuid) = uuid_of(device) {
            return VolumeId::derive(&[b"uuid", name.as_bytes(), &uuid]);
        }
        // The device may be another one next time (loop devices are), a root's birth is not.
        if let Some(birth) = root_birth {
            return VolumeId::derive(&[b"birth", name.as_bytes(), &root_inode, &birth.to_le_bytes()]);
        }
        // What the device is called says nothing of an image that is put in place of another.
        if let Some(image) = image_of(mount, root, device) {
            return VolumeId::derive(&[b"image", name.as_bytes(), &root_inode, &image]);
        }
        return VolumeId::derive(&[b"device", name.as_bytes(), &mount.source]);
    }
    let point = whole.map_or(&mount.point, |whole| &whole.point);
    let birth = root_birth.unwrap_or(0).to_le_bytes();
    VolumeId::derive(&[b"mount", name.as_bytes(), &mount.source, point, &root_inode, &birth])
}

#[derive(Clone, Copy)]
pub(super) struct MountRoot {
    inode: u64,
    pub(super) device: u64,
    birth_ns: Option<i64>,
    mtime_ns: i64,
}

/// File systems that are made whole and never change: what they hold tells one from another.
const IMAGES: &[&str] = &["cramfs", "erofs", "iso9660", "romfs", "squashfs", "udf"];

/// What stays the same of a file system that never changes, whatever device it is mounted from: its size, the number of
/// its files and when its root was written; where a file is its device, which file that is.
fn image_of(mount: &Mount, root: Option<MountRoot>, device: u64) -> Option<Vec<u8>> {
    let root = root.filter(|_| IMAGES.contains(&mount.kind.as_str()))?;
    let sizes = rustix::fs::statvfs(mount.point.as_slice()).ok()?;
    let mut image = Vec::new();
    for number in [sizes.f_blocks, sizes.f_bsize, sizes.f_files, root.mtime_ns as u64] {
        image.extend_from_slice(&number.to_le_bytes());
    }
    let loop_of =
        format!("/sys/dev/block/{}:{}/loop/backing_file", rustix::fs::major(device), rustix::fs::minor(device));
    if let Ok(path) = fs::read(loop_of) {
        let path = path.strip_suffix(b"\n").unwrap_or(&path).to_vec();
        match fs::metadata(path_of(path.clone())) {
            Ok(file) => {
                for number in [file.ino(), file.len(), file.mtime() as u64, file.mtime_nsec() as u64] {
                    image.extend_from_slice(&number.to_le_bytes());
                }
            }
            Err(_) => image.extend(path),
        }
    }
    Some(image)
}

/// The root folder of a mount, unless something else is mounted over it.
pub(super) fn root_of(mount: &Mount) -> Option<MountRoot> {
    let wanted = StatxFlags::INO | StatxFlags::BTIME | StatxFlags::MTIME | StatxFlags::MNT_ID;
    let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT | AtFlags::STATX_DONT_SYNC;
    let statx = rustix::fs::statx(rustix::fs::CWD, mount.point.as_slice(), flags, wanted).ok()?;
    let given = StatxFlags::from_bits_retain(statx.stx_mask);
    (statx.stx_mnt_id == mount.id).then(|| MountRoot {
        inode: statx.stx_ino,
        device: rustix::fs::makedev(statx.stx_dev_major, statx.stx_dev_minor),
        birth_ns: given
            .contains(StatxFlags::BTIME)
            .then(|| nanoseconds(statx.stx_btime.tv_sec, statx.stx_btime.tv_nsec.into())),
        mtime_ns: nanoseconds(statx.stx_mtime.tv_sec, statx.stx_mtime.tv_nsec.into()),
    })
}

/// The number of the block device that a mount names as its source.
pub(super) fn block_device(source: &[u8]) -> Option<u64> {
    if !source.starts_with(b"/") {
        return None;
    }
    let metadata = fs::metadata(path_of(source.to_vec())).ok()?;
    metadata.file_type().is_block_device().then(|| metadata.rdev())
}

/// The UUID that udev knows of a block device.
fn uuid_of(device: u64) -> Option<Vec<u8>> {
    fs::read_dir("/dev/disk/by-uuid")
        .ok()?
        .flatten()
        .find(|link| fs::metadata(link.path()).is_ok_and(|metadata| metadata.rdev() == device))
        .map(|link| link.file_name().into_vec())
}

/// What the kernel knows of the disk under a device; a partition asks the whole disk.
fn solid_state(device: u64) -> Option<bool> {
    let device = format!("/sys/dev/block/{}:{}", rustix::fs::major(device), rustix::fs::minor(device));
    let rotational = fs::read(format!("{device}/queue/rotational"))
        .or_else(|_| fs::read(format!("{device}/../queue/rotational")))
        .ok()?;
    match rotational.first()? {
        b'0' => Some(true),
        b'1' => Some(false),
        _ => None,
    }
}

fn name_of_magic(magic: u32) -> String {
    MAGIC.iter().find(|(number, _)| *number == magic).map_or_else(|| format!("{magic:x}"), |(_, name)| (*name).into())
}

fn path_of(bytes: Vec<u8>) -> PathBuf {
    PathBuf::from(std::ffi::OsString::from_vec(bytes))
}

/// The mount table; a line that is not understood is passed over.
pub(super) fn parse_mounts(table: &[u8]) -> Vec<Mount> {
    table.split(|byte| *byte == b'\n').filter_map(parse_mount).collect()
}

/// `ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [TAG...] - TYPE SOURCE SUPER_OPTIONS`, escaped in octal.
fn parse_mount(line: &[u8]) -> Option<Mount> {
    let mut fields = line.split(|byte| *byte == b' ');
    let id = std::str::from_utf8(fields.next()?).ok()?.parse().ok()?;
    let device = fields.nth(1)?.to_vec();
    let root = unescape(fields.next()?);
    let point = unescape(fields.next()?);
    fields.find(|field| *field == b"-")?;
    let kind = String::from_utf8(unescape(fields.next()?)).ok()?;
    let source = unescape(fields.next()?);
    let options = fields.next().map(unescape).unwrap_or_default();
    Some(Mount { id, device, root, point, kind, source, options })
}

/// Turns `\040` and its like back into bytes.
fn unescape(field: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((first, after)) = rest.split_first() {
        let escaped = match after {
            [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', ..] if *first == b'\\' => {
                Some((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'))
            }
            _ => None,
        };
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { &after[3..] } else { after };
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mount_line_is_read_with_its_escapes_and_tags() {
        let line = br"36 35 98:0 /mnt1 /mnt/a\040b\134c rw,noatime master:1 shared:2 - fuse.sshfs user@host:/x rw";
        let expected = Mount {
            id: 36,
            device: b"98:0".to_vec(),
            root: b"/mnt1".to_vec(),
            point: br"/mnt/a b\c".to_vec(),
            kind: "fuse.sshfs".into(),
            source: b"user@host:/x".to_vec(),
            options: b"rw".to_vec(),
        };
        assert_eq!(parse_mounts(&[line.as_slice(), b"\nnonsense\n"].concat()), [expected]);
    }

    #[test]
    fn a_device_is_encoded_as_the_kernel_does() {
        assert_eq!(encoded_device(rustix::fs::makedev(8, 1)), 0x801);
        assert_eq!(encoded_device(rustix::fs::makedev(259, 0x12345)), 0x1231_0345);
    }

    #[test]
    fn an_id_tells_its_parts_apart() {
        assert_eq!(VolumeId::derive(&[b"a", b"b"]), VolumeId::derive(&[b"a", b"b"]));
        assert_ne!(VolumeId::derive(&[b"ab", b""]), VolumeId::derive(&[b"a", b"b"]));
    }
}
