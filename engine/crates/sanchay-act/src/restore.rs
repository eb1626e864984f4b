//! A file that became a link, or went, is made again from a living twin: its own inode, the twin's bytes, its own
//! metadata.

use std::ops::ControlFlow;
#[cfg(target_os = "linux")]
use std::os::fd::AsFd;
use std::os::fd::OwnedFd;

use fail::fail_point;
use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;

use sanchay_core::{compare, CompareBuffers, Comparison, Content, DirHandle, FileHandle, FileKind, FileStat, RootDir};

use crate::aside::{discard, exchange, find, move_free, put_back, take_back, unlink, TemporaryName};
use crate::lease::Lease;
use crate::metadata::Kept;
use crate::refusal::{Reason, Refusal};
use crate::subject::Subject;

/// What has the file's name now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Now {
    /// Nothing: the file went.
    Nothing,
    /// A hard link of this (device, inode), which we made.
    Hardlink(u64, u64),
    /// A symbolic link to this target, which we made.
    Symlink(Vec<u8>),
}

/// Makes a copy of the twin that stands beside the file's name, for [`put_in_place`]. What has the name must still be what
/// we made of it; anything else is another's, and is left (`Changed`, `NameTaken`). The twin is guarded while it is
/// copied, and the copy is read back and compared. The caller has seen that the twin has the content that is due.
pub fn copy_anew(
    twin: &Subject<'_>,
    folder: &DirHandle,
    name: &[u8],
    now: &Now,
    kept: &Kept,
    temporary: &TemporaryName,
    buffers: &mut CompareBuffers,
) -> Result<(), Refusal> {
    check_now(folder, name, now)?;
    let lease = Lease::take(&twin.file).map_err(Refusal::of_kept)?;
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let made = rustix::fs::openat(folder, &temporary.new[..], flags, Mode::from(0o600))?;
    let filled = fill(twin, &made, folder, kept, temporary, buffers).and_then(|()| {
        if lease.is_held() && twin.is_unchanged()? {
            Ok(())
        } else {
            Err(Refusal::new(Reason::Busy).of_kept())
        }
    });
    drop(made);
    if let Err(refusal) = filled {
        unlink(folder, &temporary.new)?;
        return Err(refusal);
    }
    Ok(())
}

/// Makes a link of a file that was made again a moment ago, for another name of it: it stands beside that name, for
/// [`put_in_place`]. `made` is the (device, inode) of the file, which has `from_name` in `from`.
pub fn link_anew(
    (from, from_name, made): (&DirHandle, &[u8], (u64, u64)),
    folder: &DirHandle,
    name: &[u8],
    now: &Now,
    temporary: &TemporaryName,
) -> Result<(), Refusal> {
    check_now(folder, name, now)?;
    rustix::fs::linkat(from, from_name, folder, &temporary.new[..], AtFlags::empty())?;
    let link = folder.stat(&temporary.new)?;
    if (link.device, link.inode) == made {
        return Ok(());
    }
    unlink(folder, &temporary.new)?;
    Err(Refusal::new(Reason::Changed))
}

/// Puts copies that were made in the file system of this folder on the disk, in one go where the system has a call for it.
pub fn sync_copies(folder: &DirHandle) -> Result<(), Refusal> {
    #[cfg(target_os = "linux")]
    rustix::fs::syncfs(folder)?;
    #[cfg(not(target_os = "linux"))]
    let _ = folder;
    Ok(())
}

/// Gives a copy that is on the disk its name. It is removed where the name is another's by now.
pub fn put_in_place(folder: &DirHandle, name: &[u8], now: &Now, temporary: &TemporaryName) -> Result<(), Refusal> {
    let copy = folder.stat(&temporary.new)?;
    let made = (copy.device, copy.inode);
    if let Err(refusal) = take_name(folder, name, now, temporary, made) {
        discard(folder, &temporary.new, name, made)?;
        return Err(refusal);
    }
    Ok(())
}

/// Makes the file again in one go: a copy of the twin, on the disk, that takes its name.
pub fn make_anew(
    twin: &Subject<'_>,
    folder: &DirHandle,
    name: &[u8],
    now: &Now,
    kept: &Kept,
    temporary: &TemporaryName,
    buffers: &mut CompareBuffers,
) -> Result<(), Refusal> {
    copy_anew(twin, folder, name, now, kept, temporary, buffers)?;
    sync_copies(folder)?;
    put_in_place(folder, name, now, temporary)
}

/// A folder below the root; what is missing on the way to it is made.
pub fn made_folder(root: &RootDir, path: &[u8]) -> Result<DirHandle, Refusal> {
    match root.open_dir(path) {
        Err(error) if error.is_gone() => {}
        opened => return Ok(opened?),
    }
    let mut folder = root.open_dir(b"")?;
    for name in path.split(|byte| *byte == b'/') {
        match rustix::fs::mkdirat(&folder, name, Mode::from(0o700)) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) => return Err(error.into()),
        }
        folder = folder.open_child(name)?;
    }
    Ok(folder)
}

/// Removes the names of ours that a broken restoring left beside a file. `is_link` tells the link that we had made of it,
/// `is_back` the file once it is restored. What stands under a name of ours and is neither our link nor our copy was put
/// there by another's hand at the last moment: it gets the file's name, or one beside it.
pub fn settle(
    folder: &DirHandle,
    name: &[u8],
    temporary: &TemporaryName,
    is_link: &dyn Fn(&FileStat) -> bool,
    is_back: &dyn Fn(&FileStat) -> bool,
) -> Result<(), Refusal> {
    let TemporaryName { new, old } = temporary;
    if let Some(aside) = find(folder, old)? {
        if is_link(&aside) && find(folder, name)?.is_some() {
            unlink(folder, old)?;
        } else {
            put_back(folder, old, name)?;
        }
    }
    match find(folder, new)? {
        // It was exchanged: here is what had the name before.
        Some(displaced) if !is_link(&displaced) && find(folder, name)?.is_some_and(|stat| is_back(&stat)) => {
            put_back(folder, new, name).map(drop)
        }
        Some(_) => unlink(folder, new),
        None => Ok(()),
    }
}

/// Refuses a name that is not what we made of it.
fn check_now(folder: &DirHandle, name: &[u8], now: &Now) -> Result<(), Refusal> {
    match (now, find(folder, name)?) {
        (Now::Nothing, None) => Ok(()),
        (Now::Nothing, Some(_)) => Err(Refusal::new(Reason::NameTaken)),
        (_, None) => Err(Refusal::new(Reason::Gone)),
        (_, Some(stat)) if is_ours(folder, name, &stat, now)? => Ok(()),
        (_, Some(_)) => Err(Refusal::new(Reason::Changed)),
    }
}

fn is_ours(folder: &DirHandle, name: &[u8], stat: &FileStat, now: &Now) -> Result<bool, Refusal> {
    Ok(match now {
        Now::Nothing => false,
        Now::Hardlink(device, inode) => (*device, *inode) == (stat.device, stat.inode),
        Now::Symlink(target) => {
            stat.kind == FileKind::Symlink
                && rustix::fs::readlinkat(folder, name, Vec::new())?.as_bytes() == &target[..]
        }
    })
}

/// The twin's bytes with its holes, the file's own metadata; on the disk, and read back.
fn fill(
    twin: &Subject<'_>,
    made: &OwnedFd,
    folder: &DirHandle,
    kept: &Kept,
    temporary: &TemporaryName,
    buffers: &mut CompareBuffers,
) -> Result<(), Refusal> {
    let size_bytes = twin.stat().size_bytes;
    rustix::fs::ftruncate(made, size_bytes)?;
    let mut offset = 0;
    while let Some((start, end)) = twin.file.data_after(offset, size_bytes) {
        copy(&twin.file, made, start, end)?;
        offset = end;
        if offset >= size_bytes {
            break;
        }
    }
    fail_point!("restore::copied");
    kept.give(made)?;
    #[cfg(not(target_os = "linux"))]
    rustix::fs::fsync(made)?;
    let copy = folder.open_file(&temporary.new)?;
    match compare(&twin.file, &copy, size_bytes, buffers, &mut |_| ControlFlow::Continue(()))? {
        Comparison::Equal => Ok(()),
        _ => Err(Refusal::new(Reason::Io)),
    }
}

/// Copies a stretch, in the kernel where it can.
fn copy(from: &FileHandle, to: &OwnedFd, start: u64, end: u64) -> Result<(), Refusal> {
    let mut offset = start;
    #[cfg(target_os = "linux")]
    while offset < end {
        let (mut source, mut destination) = (offset, offset);
        let wanted = usize::try_from(end - offset).unwrap_or(usize::MAX);
        match rustix::fs::copy_file_range(from.as_fd(), Some(&mut source), to, Some(&mut destination), wanted) {
            Ok(0) => return Err(Refusal::new(Reason::Changed).of_kept()),
            Ok(count) => offset += count as u64,
            Err(Errno::INTR) => {}
            Err(Errno::XDEV | Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => break,
            Err(error) => return Err(error.into()),
        }
    }
    copy_through(from, to, offset, end, &mut |_| Ok(()))
}

/// Copies a stretch through memory: what is written shares no block with what was read. `on_bytes` hears of each part
/// that was copied, and may end it.
pub(crate) fn copy_through(
    from: &FileHandle,
    to: &OwnedFd,
    start: u64,
    end: u64,
    on_bytes: &mut dyn FnMut(u64) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    let mut offset = start;
    let mut buffer = vec![0; 256 << 10];
    while offset < end {
        let wanted = buffer.len().min(usize::try_from(end - offset).unwrap_or(usize::MAX));
        let count = from.read_at(&mut buffer[..wanted], offset)?;
        if count == 0 {
            return Err(Refusal::new(Reason::Changed).of_kept());
        }
        let mut done = 0;
        while done < count {
            match rustix::io::pwrite(to, &buffer[done..count], offset + done as u64) {
                Ok(written) => done += written,
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        offset += count as u64;
        on_bytes(count as u64)?;
    }
    Ok(())
}

/// Gives the new file its name: a free one, or the link's that we made, which goes.
fn take_name(
    folder: &DirHandle,
    name: &[u8],
    now: &Now,
    temporary: &TemporaryName,
    made: (u64, u64),
) -> Result<(), Refusal> {
    let TemporaryName { new, old } = temporary;
    if *now == Now::Nothing {
        return move_free(folder, new, folder, name);
    }
    if exchange(folder, new, name)? {
        fail_point!("restore::exchanged");
        if is_ours(folder, new, &folder.stat(new)?, now)? {
            return unlink(folder, new);
        }
        take_back(folder, new, name, made)?;
        return Err(Refusal::new(Reason::Changed));
    }
    move_free(folder, name, folder, old)?;
    fail_point!("restore::aside");
    if is_ours(folder, old, &folder.stat(old)?, now)? {
        if let Err(refusal) = move_free(folder, new, folder, name) {
            put_back(folder, old, name)?;
            return Err(refusal);
        }
        return unlink(folder, old);
    }
    put_back(folder, old, name)?;
    Err(Refusal::new(Reason::Changed))
}
