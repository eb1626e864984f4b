//! What tells a catalog of ours from other files.

/// `SanC`, in the header of each catalog.
pub(crate) const APPLICATION_ID: i32 = 0x5361_6e43;
/// `SanS`: the daemon's database.
pub(super) const STATE_APPLICATION_ID: i32 = 0x5361_6e53;
/// Larger pages than SQLite's usual: blocks fill them, and half as many system calls read them.
pub(crate) const PAGE_BYTES: u32 = 8192;
pub(super) const MAGIC: &[u8] = b"SQLite format 3\0";
pub(super) const HEADER_BYTES: usize = 100;
/// The first version of the catalog had these tables, and each since.
pub(super) const TABLES: [&str; 9] =
    ["meta", "volume", "root", "directory", "usage", "block", "block_detail", "content_chunk", "duplicate_group"];

/// The number at a place of a database's header.
pub(super) fn number_at(header: &[u8], at: usize) -> i32 {
    header.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map_or(0, i32::from_be_bytes)
}
