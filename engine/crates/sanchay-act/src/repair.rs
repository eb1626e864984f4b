//! A damaged file makes room for a copy of a healthy twin, and comes back.
//!
//! The copy is made beside it, with the damaged file's own metadata, and read back from the disk before anything else
//! changes. The two names are exchanged in one step and the damaged file goes to the trash, where it stays; taking that
//! back exchanges the two again. So each name leads to one of the two at any moment, and neither content is ever removed.
//! Where a file system cannot exchange names, the name is free for a moment, and [`settle`] finishes what was begun.

use std::ops::ControlFlow;

use fail::fail_point;
use rustix::fs::{Mode, OFlags};

use sanchay_core::{Algorithm, Content, ContentHash, DirHandle, FileStat, ReadAheadBuffers};

use crate::aside::{exchange, exchange_between, find, move_free, put_back, unlink, TemporaryName};
use crate::expected::Expected;
use crate::lease::Lease;
use crate::metadata::Kept;
use crate::pair::Pair;
use crate::refusal::{Reason, Refusal};
use crate::restore::copy_through;
use crate::subject::Subject;
use crate::trash::{self, out_of_reach, recover, release, reserve_again, Reserved, TrashFolder};

/// Makes a copy of the twin (`pair.kept`) beside the damaged file (`pair.dropped`), on the disk, and reads it back: it
/// must have the content that is due. It shares no block with the twin. `on_bytes` hears of each stretch that was copied or
/// read, and may end it (`Stopped`); a writer who comes to one of the two ends it, too (`Busy`).
pub fn copy_twin(
    pair: &Pair<'_>,
    before: &Kept,
    temporary: &TemporaryName,
    (algorithm, due): (Algorithm, ContentHash),
    on_bytes: &mut dyn FnMut(u64) -> ControlFlow<()>,
) -> Result<(), Refusal> {
    let (twin, folder) = (pair.kept, &pair.dropped.folder);
    let size_bytes = twin.stat().size_bytes;
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let made = rustix::fs::openat(folder, &temporary.new[..], flags, Mode::from(0o600))?;
    let mut go_on = |bytes| {
        pair.check_undisturbed()?;
        if on_bytes(bytes).is_break() {
            return Err(Refusal::new(Reason::Stopped));
        }
        Ok(())
    };
    let mut fill = || {
        rustix::fs::ftruncate(&made, size_bytes)?;
        let mut offset = 0;
        while let Some((start, end)) = twin.file.data_after(offset, size_bytes) {
            copy_through(&twin.file, &made, start, end, &mut go_on)?;
            offset = end;
        }
        before.give(&made)?;
        rustix::fs::fsync(&made)?;
        let mut ended = Ok(());
        let copy = folder.open_uncached(&temporary.new)?;
        let read = copy.hash(algorithm, &mut ReadAheadBuffers::default(), size_bytes, false, &mut |bytes| {
            ended = go_on(bytes);
            if ended.is_ok() {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        })?;
        ended?;
        if read.hash != due || read.bytes_read != size_bytes {
            return Err(Refusal::new(Reason::Io));
        }
        pair.check_undisturbed()
    };
    if let Err(refusal) = fill() {
        unlink(folder, &temporary.new)?;
        return Err(refusal);
    }
    fail_point!("repair::copied");
    Ok(())
}

/// Gives the copy the damaged file's name, and moves the damaged file into the trash, where a name is held for it. What
/// is refused leaves everything as it was, the copy removed.
pub fn replace_damaged(
    pair: &Pair<'_>,
    temporary: &TemporaryName,
    trash: &TrashFolder,
    reserved: &Reserved,
) -> Result<(), Refusal> {
    let (folder, name) = (&pair.dropped.folder, pair.dropped.place.name());
    let new = &temporary.new;
    let copy = folder.stat(new)?;
    let replaced = match exchange(folder, new, name) {
        Ok(true) => {
            fail_point!("repair::exchanged");
            let moved = folder
                .stat(new)
                .map_err(Refusal::from)
                .and_then(|displaced| pair.check_displaced(&displaced))
                .and_then(|()| move_free(folder, new, trash.files(), &reserved.name));
            if moved.is_err() {
                exchange(folder, new, name)?;
            }
            moved
        }
        Ok(false) => replace_by_steps(pair, new, trash, reserved),
        Err(refusal) => Err(refusal),
    };
    fail_point!("repair::replaced");
    if replaced.is_err() {
        remove_copy(folder, new, name, &copy)?;
    }
    replaced.map_err(out_of_reach)
}

/// The same where a file system cannot exchange two names.
fn replace_by_steps(pair: &Pair<'_>, new: &[u8], trash: &TrashFolder, reserved: &Reserved) -> Result<(), Refusal> {
    let (folder, name) = (&pair.dropped.folder, pair.dropped.place.name());
    move_free(folder, name, trash.files(), &reserved.name)?;
    fail_point!("repair::aside");
    let displaced = trash.files().stat(&reserved.name)?;
    let placed = pair.check_displaced(&displaced).and_then(|()| move_free(folder, new, folder, name));
    if placed.is_err() {
        recover(trash, reserved, folder, name)?;
    }
    placed
}

/// Removes the copy that did not stay. What another put in its place at the last moment gets a name beside the file.
fn remove_copy(folder: &DirHandle, new: &[u8], name: &[u8], copy: &FileStat) -> Result<(), Refusal> {
    match find(folder, new)? {
        Some(stat) if (stat.device, stat.inode) != (copy.device, copy.inode) => put_back(folder, new, name).map(drop),
        _ => unlink(folder, new),
    }
}

/// Gives the damaged file its name again, and the copy that has it the damaged one's place in the trash.
pub fn take_back(
    copy: &Subject<'_>,
    lease: &Lease<'_>,
    temporary: &TemporaryName,
    trash: &TrashFolder,
    reserved: &Reserved,
    damaged: &Expected,
) -> Result<(), Refusal> {
    let (folder, name) = (&copy.folder, copy.place.name());
    let files = trash.files();
    if !damaged.fits_but_for_ctime(&files.stat(&reserved.name)?) {
        return Err(Refusal::new(Reason::Changed));
    }
    let check = |displaced: &FileStat| match () {
        () if !Expected::of(&copy.stat()).fits_but_for_ctime(displaced) => Err(Refusal::new(Reason::Changed)),
        () if !lease.is_held() => Err(Refusal::new(Reason::Busy)),
        () => Ok(()),
    };
    if exchange_between(files, &reserved.name, folder, name)? {
        let checked = files.stat(&reserved.name).map_err(Refusal::from).and_then(|displaced| check(&displaced));
        if checked.is_err() {
            exchange_between(files, &reserved.name, folder, name)?;
        }
        return checked;
    }
    let old = &temporary.old;
    move_free(folder, name, folder, old)?;
    fail_point!("repair::copy-aside");
    let placed = check(&folder.stat(old)?).and_then(|()| move_free(files, &reserved.name, folder, name));
    fail_point!("repair::back");
    match placed {
        Ok(()) => move_free(folder, old, files, &reserved.name),
        Err(refusal) => {
            put_back(folder, old, name)?;
            Err(refusal)
        }
    }
}

/// A repair as it was noted before it began.
#[derive(Clone, Copy, Debug)]
pub struct Intent<'a> {
    /// The file's own name.
    pub name: &'a [u8],
    /// The names of ours that it used.
    pub temporary: &'a TemporaryName,
    /// The damaged file.
    pub damaged: Expected,
}

/// Finishes a repair that was interrupted after it moved the damaged file aside, else takes it back. Gives where the
/// damaged file is in the trash; None: it has its name. Names of ours are gone after this.
pub fn settle(
    folder: &DirHandle,
    intent: &Intent<'_>,
    trash: &TrashFolder,
    names: &[Vec<u8>; 2],
    info: &[u8],
) -> Result<Option<Reserved>, Refusal> {
    let Intent { name, temporary, damaged } = intent;
    let new = &temporary.new;
    let at_new = find(folder, new)?;
    if at_new.is_some_and(|stat| damaged.fits_but_for_ctime(&stat)) {
        // The copy has the name: it was whole and on the disk before.
        let reserved = reserve_again(trash, names, info)?;
        move_free(folder, new, trash.files(), &reserved.name)?;
        return Ok(Some(reserved));
    }
    let reserved = trash::settle(trash, names, info, damaged)?;
    match at_new {
        Some(_) if reserved.is_some() && find(folder, name)?.is_none() => move_free(folder, new, folder, name)?,
        Some(_) => unlink(folder, new)?,
        None => {}
    }
    Ok(reserved)
}

/// The same where the trash is gone: what stands under a name of ours gets its name, or one beside it.
pub fn settle_without_trash(folder: &DirHandle, intent: &Intent<'_>) -> Result<(), Refusal> {
    let Intent { name, temporary, damaged } = intent;
    match find(folder, &temporary.new)? {
        Some(stat) if damaged.fits_but_for_ctime(&stat) => put_back(folder, &temporary.new, name).map(drop),
        Some(_) => unlink(folder, &temporary.new),
        None => Ok(()),
    }
}

/// Finishes taking a repair back where that was interrupted. Gives whether the damaged file has its name again.
pub fn settle_taken_back(
    folder: &DirHandle,
    intent: &Intent<'_>,
    trash: Option<(&TrashFolder, &Reserved)>,
) -> Result<bool, Refusal> {
    let Intent { name, temporary, damaged } = intent;
    let is_back = find(folder, name)?.is_some_and(|stat| damaged.fits_but_for_ctime(&stat));
    if find(folder, &temporary.old)?.is_some() {
        match trash {
            Some((trash, reserved)) if is_back && find(trash.files(), &reserved.name)?.is_none() => {
                move_free(folder, &temporary.old, trash.files(), &reserved.name)?;
            }
            _ => put_back(folder, &temporary.old, name).map(drop)?,
        }
    }
    if let (true, Some((trash, reserved))) = (is_back, trash) {
        if find(trash.files(), &reserved.name)?.is_none() {
            release(trash, reserved)?;
        }
    }
    Ok(is_back)
}
