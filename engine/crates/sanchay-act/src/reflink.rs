//! The copy keeps its own inode and shares the kept file's blocks: the kernel compares and shares in one step
//! (`FIDEDUPERANGE`), so that no byte of it can change, whatever happens during it. Linux, on file systems with shared
//! extents.

use sanchay_core::FileHandle;

use crate::pair::Pair;
use crate::refusal::{Reason, Refusal};

/// Shares the blocks of both. Gives the bytes that are shared now.
#[cfg(target_os = "linux")]
pub fn reflink(pair: &Pair<'_>) -> Result<u64, Refusal> {
    use std::os::fd::{AsFd, AsRawFd};

    /// What the kernel takes at most in one call on btrfs.
    const PIECE_BYTES: u64 = 16 << 20;

    let size_bytes = pair.dropped.stat().size_bytes;
    let mut offset = 0;
    while offset < size_bytes {
        let length = PIECE_BYTES.min(size_bytes - offset);
        let mut request = Request {
            source_offset: offset,
            source_length: length,
            destination_count: 1,
            destination: Destination {
                descriptor: i64::from(pair.dropped.file.as_fd().as_raw_fd()),
                offset,
                ..Destination::default()
            },
            ..Request::default()
        };
        ask(&pair.kept.file, &mut request)?;
        match request.destination.status {
            0 if request.destination.bytes_shared > 0 => offset += request.destination.bytes_shared,
            0 => return Err(Refusal::new(Reason::Io)),
            1 => return Err(Refusal::new(Reason::OtherBytes)),
            status => return Err(Refusal::from(rustix::io::Errno::from_raw_os_error(-status))),
        }
    }
    Ok(size_bytes)
}

/// Refuses a file whose file system shares no blocks: asked to share none of it with no other file, the kernel says so.
#[cfg(target_os = "linux")]
pub fn check_shares_blocks(file: &FileHandle) -> Result<(), Refusal> {
    ask(file, &mut Request::default())
}

#[cfg(target_os = "linux")]
fn ask(kept: &FileHandle, request: &mut Request) -> Result<(), Refusal> {
    use std::os::fd::{AsFd, AsRawFd};

    // SAFETY: the request has the kernel's layout with room for one destination, it names no more than one, and all
    // descriptors are open.
    let result = unsafe { libc::ioctl(kept.as_fd().as_raw_fd(), FIDEDUPERANGE, std::ptr::from_mut(request)) };
    if result == 0 {
        return Ok(());
    }
    let error = std::io::Error::last_os_error();
    Err(match rustix::io::Errno::from_io_error(&error).unwrap_or(rustix::io::Errno::IO) {
        // A file system that shares nothing answers so.
        rustix::io::Errno::NOTTY => Refusal { reason: Reason::Unsupported, of_kept: false, source: Some(error) },
        errno => Refusal::from(errno),
    })
}

/// No other system shares blocks of files that are there.
#[cfg(not(target_os = "linux"))]
pub fn reflink(_: &Pair<'_>) -> Result<u64, Refusal> {
    Err(Refusal::new(Reason::Unsupported))
}

/// No other system shares blocks of files that are there.
#[cfg(not(target_os = "linux"))]
pub fn check_shares_blocks(_: &FileHandle) -> Result<(), Refusal> {
    Err(Refusal::new(Reason::Unsupported))
}

/// `_IOWR(0x94, 54, struct file_dedupe_range)`, whose header has 24 bytes.
#[cfg(target_os = "linux")]
const FIDEDUPERANGE: libc::Ioctl = 0xC018_9436_u32 as libc::Ioctl;

/// `struct file_dedupe_range` of linux/fs.h, with room for one destination.
#[cfg(target_os = "linux")]
#[derive(Default)]
#[repr(C)]
struct Request {
    source_offset: u64,
    source_length: u64,
    destination_count: u16,
    reserved: u16,
    reserved_too: u32,
    destination: Destination,
}

/// `struct file_dedupe_range_info`.
#[cfg(target_os = "linux")]
#[derive(Default)]
#[repr(C)]
struct Destination {
    descriptor: i64,
    offset: u64,
    bytes_shared: u64,
    status: i32,
    reserved: u32,
}
