//! Whether a file system tells of its changes.

use crate::volume::FileSystem;

/// How a root is kept up to date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WatchMode {
    /// By the system's events.
    Events,
    /// By looking again and again.
    Poll,
}

/// The mode that suits a file system: events tell only of what this machine's kernel changed, so what another machine,
/// or the program behind a FUSE mount, can change unseen is polled.
pub fn advise(file_system: &FileSystem) -> WatchMode {
    advise_by_name(&file_system.name, file_system.network, file_system.pseudo)
}

/// The same, for one that is known by the mount table.
pub(crate) fn advise_by_name(name: &str, network: bool, pseudo: bool) -> WatchMode {
    // `fuseblk` is a local disk driven by a program (ntfs-3g): all of its changes come through this kernel.
    let is_fuse = name == "fuse" || name.starts_with("fuse.") || matches!(name, "macfuse" | "osxfuse" | "fusefs");
    if network || pseudo || is_fuse {
        WatchMode::Poll
    } else {
        WatchMode::Events
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn network_and_fuse_are_polled_and_local_disks_watched() {
        let mode = |name: &str, network| {
            let name = name.to_owned();
            advise(&FileSystem { name, network, ..FileSystem::default() })
        };
        for name in ["ext4", "btrfs", "tmpfs", "overlay", "fuseblk", "apfs", "NTFS", "vfat"] {
            assert_eq!(mode(name, false), WatchMode::Events, "{name}");
        }
        for name in ["fuse", "fuse.mergerfs", "macfuse"] {
            assert_eq!(mode(name, false), WatchMode::Poll, "{name}");
        }
        assert_eq!(mode("nfs4", true), WatchMode::Poll);
    }
}
