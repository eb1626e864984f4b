//! What the file system says of a file without opening it.

/// What an entry of a folder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A folder.
    Directory,
    /// A symbolic link; on Windows a junction or mount point too, for they lead elsewhere just the same.
    Symlink,
    /// A FIFO, socket or device: it is listed, but never opened.
    Special,
}

/// The stat of one file, of the link itself where it is a symbolic link.
///
/// Times are nanoseconds since 1970-01-01 UTC and negative before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileStat {
    /// What the entry is.
    pub kind: FileKind,
    /// Inode number; the file index on Windows.
    pub inode: u64,
    /// Device number as the system gives it now; it may differ after a remount, so it is no identity.
    pub device: u64,
    /// Apparent size.
    pub size_bytes: u64,
    /// What the file occupies on its volume.
    pub allocated_bytes: u64,
    /// Last change of the content.
    pub mtime_ns: i64,
    /// Last change of content or metadata; `ChangeTime` on Windows.
    pub ctime_ns: i64,
    /// Creation, where the file system keeps it.
    pub birth_ns: Option<i64>,
    /// Hard links to the file.
    pub links: u32,
    /// User id of the owner; 0 on Windows.
    pub owner: u32,
    /// Which mount the file was reached through; the device number where the system has no such thing.
    pub mount_id: u64,
    /// The content lives in a cloud and reading the file would fetch it; always false on Linux.
    pub placeholder: bool,
}

/// Nanoseconds of a (seconds, nanoseconds) stamp, held at the ends of `i64` (the years 1677 and 2262).
pub(crate) fn nanoseconds(seconds: i64, nanoseconds: i64) -> i64 {
    seconds.saturating_mul(1_000_000_000).saturating_add(nanoseconds)
}

#[cfg(test)]
mod tests {
    use super::nanoseconds;

    #[test]
    fn stamps_before_1970_are_negative_and_distinct() {
        assert_eq!(nanoseconds(-1, 999_999_999), -1);
        assert_eq!(nanoseconds(-2, 999_999_999), -1_000_000_001);
        assert_eq!(nanoseconds(i64::MAX, 1), i64::MAX);
        assert_eq!(nanoseconds(i64::MIN, 0), i64::MIN);
    }
}
