//! The trash of Linux desktops, by handles, after the freedesktop.org trash specification, version 1.0.
//!
//! A file is moved within its own mount or not at all. What a desktop needs to put it back (the info file) is whole and
//! on the disk before the move.

mod folder;
mod info;

pub use folder::{Home, TrashFolder};
pub use info::info_text;

use std::os::fd::AsFd;

use fail::fail_point;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use crate::aside::{cut_length, find, move_free, put_back, unlink};
use crate::expected::Expected;
use crate::pair::Pair;
use crate::refusal::{Reason, Refusal};
use crate::replace::Acted;

const INFO_ENDING: &[u8] = b".trashinfo";
/// So long may a name be for its info file to have one, too.
const NAME_BYTES_MAX: usize = 255 - INFO_ENDING.len();

/// A name in the trash that an info file holds for one copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reserved {
    /// The name below `files`.
    pub name: Vec<u8>,
}

impl Reserved {
    fn info_name(&self) -> Vec<u8> {
        [&self.name[..], INFO_ENDING].concat()
    }
}

/// The names that a copy may have in the trash: its own, or, where that is taken, one that no other act has. So a free
/// one is found at once, though a hundred thousand are alike, and the journal knows both before anything is made.
pub fn candidates(name: &[u8], act: &str) -> [Vec<u8>; 2] {
    let own = name[..cut_length(name, NAME_BYTES_MAX)].to_vec();
    let (stem, extension) = match name.iter().rposition(|byte| *byte == b'.') {
        Some(dot) if dot > 0 && name.len() - dot <= 16 => name.split_at(dot),
        _ => (name, &b""[..]),
    };
    let mark = format!(".{act}");
    let room = NAME_BYTES_MAX - mark.len() - extension.len();
    [own, [&stem[..cut_length(stem, room)], mark.as_bytes(), extension].concat()]
}

/// Writes the info file of a copy under the first of its names that is free. It is on the disk after
/// [`TrashFolder::sync_infos`].
pub fn reserve(trash: &TrashFolder, names: &[Vec<u8>; 2], info: &[u8]) -> Result<Reserved, Refusal> {
    for name in names {
        let reserved = Reserved { name: name.clone() };
        if trash.files().stat(name).is_ok() {
            continue;
        }
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = match rustix::fs::openat(trash.infos(), &reserved.info_name()[..], flags, Mode::from(0o600)) {
            Err(Errno::EXIST) => continue,
            file => file?,
        };
        fail_point!("trash::info");
        if let Err(error) = write_whole(&file, info) {
            release(trash, &reserved)?;
            return Err(error.into());
        }
        return Ok(reserved);
    }
    Err(Refusal::new(Reason::NameTaken))
}

/// Removes the info file of a name that holds no file.
pub fn release(trash: &TrashFolder, reserved: &Reserved) -> Result<(), Refusal> {
    unlink(trash.infos(), &reserved.info_name())
}

/// Moves the copy into the trash. Its info file must be on the disk.
pub fn trash(pair: &Pair<'_>, trash: &TrashFolder, reserved: &Reserved) -> Result<Acted, Refusal> {
    let (folder, name) = (&pair.dropped.folder, pair.dropped.place.name());
    let moved = move_free(folder, name, trash.files(), &reserved.name).and_then(|()| {
        fail_point!("trash::moved");
        let displaced = trash.files().stat(&reserved.name)?;
        match pair.check_displaced(&displaced) {
            Ok(()) => Ok(Acted { links_before: displaced.links }),
            Err(refusal) => {
                recover(trash, reserved, folder, name)?;
                Err(pair.put_back(refusal))
            }
        }
    });
    if moved.is_err() && trash.files().stat(&reserved.name).is_err() {
        release(trash, reserved)?;
    }
    moved.map_err(out_of_reach)
}

/// A trash on another mount than the file was found by mistake, or lies in another part of the file system.
pub(crate) fn out_of_reach(refusal: Refusal) -> Refusal {
    match refusal.reason {
        Reason::OtherVolume => Refusal { reason: Reason::NoTrash, ..refusal },
        _ => refusal,
    }
}

/// Moves a file from the trash to where it was. It must be the one that was moved there, unchanged. Gives the name that
/// it has: another one where its own is taken.
pub fn restore(
    trash: &TrashFolder,
    reserved: &Reserved,
    expected: &Expected,
    folder: &sanchay_core::DirHandle,
    name: &[u8],
) -> Result<Vec<u8>, Refusal> {
    let stat = trash.files().stat(&reserved.name)?;
    if !expected.fits_but_for_ctime(&stat) {
        return Err(Refusal::new(Reason::Changed));
    }
    move_free(trash.files(), &reserved.name, folder, name)?;
    fail_point!("trash::restored");
    release(trash, reserved)?;
    Ok(name.to_vec())
}

/// The name that an info file of ours still holds, or another one.
pub(crate) fn reserve_again(trash: &TrashFolder, names: &[Vec<u8>; 2], info: &[u8]) -> Result<Reserved, Refusal> {
    for name in names {
        let reserved = Reserved { name: name.clone() };
        let is_held = trash.is_our_info(&reserved.info_name(), info)?;
        if is_held && find(trash.files(), name)?.is_none() {
            return Ok(reserved);
        }
    }
    reserve(trash, names, info)
}

/// What an interrupted move left: whether the file is in the trash. An info file without its file is removed.
pub fn settle(
    trash: &TrashFolder,
    names: &[Vec<u8>; 2],
    info: &[u8],
    dropped: &Expected,
) -> Result<Option<Reserved>, Refusal> {
    for name in names {
        let reserved = Reserved { name: name.clone() };
        match trash.files().stat(name) {
            Ok(stat) if dropped.fits_but_for_ctime(&stat) => return Ok(Some(reserved)),
            Ok(_) => {}
            Err(error) if error.is_gone() => {
                if trash.is_our_info(&reserved.info_name(), info)? {
                    release(trash, &reserved)?;
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(None)
}

/// Puts a file that was moved by mistake back beside its own name.
pub fn recover(
    trash: &TrashFolder,
    reserved: &Reserved,
    folder: &sanchay_core::DirHandle,
    name: &[u8],
) -> Result<Vec<u8>, Refusal> {
    match move_free(trash.files(), &reserved.name, folder, name) {
        Ok(()) => Ok(name.to_vec()),
        Err(refusal) if refusal.reason == Reason::NameTaken => {
            let aside = [b".sanchay-", &reserved.name[..cut_length(&reserved.name, 200)]].concat();
            move_free(trash.files(), &reserved.name, folder, &aside)?;
            put_back(folder, &aside, name)
        }
        Err(refusal) => Err(refusal),
    }
}

fn write_whole(file: impl AsFd, mut bytes: &[u8]) -> rustix::io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::write(&file, bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
