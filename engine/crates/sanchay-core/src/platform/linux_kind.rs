//! What a Linux file system is like, by its name and options: whose files it shows, and whether its inodes last.

use std::fs;
use std::net::{IpAddr, UdpSocket};

use crate::volume::Shows;

/// File systems that lead to the files of another one: unions, and those that pass calls on.
const PASSES_ON: &[&str] =
    &["aufs", "ecryptfs", "esdfs", "lofs", "nullfs", "overlayfs", "sdcardfs", "shiftfs", "unionfs", "wrapfs"];

/// Shared folders of a virtual machine's host.
const HOST: &[&str] = &["9p", "prl_fs", "vboxsf", "virtiofs", "vmhgfs", "fuse.vmhgfs-fuse"];

/// File systems that number a file when it is first looked up.
const FLEETING: &[&str] = &["davfs", "exfat", "fat", "fuse", "fuseblk", "msdos", "umsdos", "vfat"];

/// Whose files it shows.
pub(super) fn shows(name: &str, network: bool, source: &[u8], options: &[u8]) -> Shows {
    let is_fuse = name == "fuse" || name.starts_with("fuse.");
    if name == "overlay" {
        return Shows::Layers;
    }
    if PASSES_ON.contains(&name) {
        return Shows::Others;
    }
    if HOST.contains(&name) {
        return Shows::server(b"the host of this virtual machine");
    }
    if !network {
        // What a program shows may be anything; `fuseblk` is a disk.
        return if is_fuse { Shows::Others } else { Shows::Own };
    }
    match address(options).or_else(|| host(source)) {
        Some(server) if is_this_machine(server) => Shows::Others,
        Some(server) => Shows::server(server.as_bytes()),
        None if name == "fuse.gvfsd-fuse" => Shows::Others,
        None => Shows::server(name.as_bytes()),
    }
}

/// Whether inode numbers do not outlive a mount.
pub(super) fn has_fleeting_inodes(name: &str, options: &[u8]) -> bool {
    FLEETING.contains(&name)
        || name.starts_with("fuse.")
        || (matches!(name, "cifs" | "smb3") && options_of(options).any(|option| option == b"noserverino"))
}

fn options_of(options: &[u8]) -> impl Iterator<Item = &[u8]> {
    options.split(|byte| *byte == b',')
}

/// The server's address, as NFS and SMB name it in their options.
fn address(options: &[u8]) -> Option<&str> {
    let value = options_of(options).find_map(|option| option.strip_prefix(b"addr="))?;
    std::str::from_utf8(value).ok()
}

/// The host in `host:/path`, `user@host:path`, `[::1]:/path` or `//host/share`.
fn host(source: &[u8]) -> Option<&str> {
    let source = std::str::from_utf8(source).ok()?;
    if let Some(share) = source.strip_prefix("//") {
        return share.split('/').next().filter(|host| !host.is_empty());
    }
    let after_user = source.split_once('@').map_or(source, |(_, rest)| rest);
    if let Some(bracketed) = after_user.strip_prefix('[') {
        return bracketed.split(']').next();
    }
    after_user.split_once(':').map(|(host, _)| host).filter(|host| !host.is_empty() && !host.contains('/'))
}

fn is_this_machine(host: &str) -> bool {
    let own = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    if host.eq_ignore_ascii_case("localhost") || host.eq_ignore_ascii_case(own.trim()) {
        return true;
    }
    // Only an address of this machine can be bound to; nothing is sent.
    host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback() || UdpSocket::bind((address, 0)).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_files_on_is_told_from_what_holds_them() {
        for name in ["ext4", "btrfs", "xfs", "tmpfs", "vfat", "fuseblk", "squashfs"] {
            assert_eq!(shows(name, false, b"/dev/sda1", b"rw"), Shows::Own, "{name}");
        }
        assert_eq!(shows("overlay", false, b"overlay", b"rw"), Shows::Layers);
        for name in ["fuse", "fuse.mergerfs", "fuse.bindfs", "ecryptfs", "aufs"] {
            assert_eq!(shows(name, false, b"x", b"rw"), Shows::Others, "{name}");
        }
    }

    #[test]
    fn a_share_of_this_machine_shows_its_files_and_one_of_a_server_that_servers() {
        assert_eq!(shows("nfs4", true, b"localhost:/srv", b"rw,addr=127.0.0.1"), Shows::Others);
        assert_eq!(shows("cifs", true, b"//127.0.0.1/share", b"rw"), Shows::Others);
        assert_eq!(shows("fuse.sshfs", true, b"me@localhost:/srv", b"rw"), Shows::Others);
        let nas = shows("nfs4", true, b"nas:/a", b"rw,addr=192.0.2.7");
        assert_eq!(nas, shows("cifs", true, b"//nas/a", b"rw,addr=192.0.2.7"));
        assert_ne!(nas, shows("nfs4", true, b"nas2:/a", b"rw,addr=192.0.2.8"));
        assert!(matches!(nas, Shows::Server(_)));
        assert_eq!(Shows::from_number(nas.to_number()), nas);
    }

    #[test]
    fn hosts_are_read_from_sources() {
        assert_eq!(host(b"me@nas:photos"), Some("nas"));
        assert_eq!(host(b"[2001:db8::1]:/srv"), Some("2001:db8::1"));
        assert_eq!(host(b"//nas/share/x"), Some("nas"));
        assert_eq!(host(b"remote:"), Some("remote"));
        assert_eq!(host(b"/dev/sda1"), None);
    }

    #[test]
    fn inodes_of_fat_and_fuse_do_not_last() {
        for name in ["vfat", "exfat", "fuse", "fuseblk", "fuse.sshfs"] {
            assert!(has_fleeting_inodes(name, b"rw"), "{name}");
        }
        assert!(has_fleeting_inodes("cifs", b"rw,noserverino") && !has_fleeting_inodes("cifs", b"rw,serverino"));
        assert!(!has_fleeting_inodes("ext4", b"rw") && !has_fleeting_inodes("ntfs3", b"rw"));
    }
}
