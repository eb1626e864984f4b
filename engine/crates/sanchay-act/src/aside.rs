//! Names of ours beside a copy: what is made new stands under one, and what was displaced under the other, for a
//! moment.

use fail::fail_point;
use rustix::fs::{renameat_with, unlinkat, AtFlags, RenameFlags};
use rustix::io::Errno;

use sanchay_core::{DirHandle, FileStat};

use crate::refusal::{Reason, Refusal};

/// How many names are tried for a file that cannot have its own again.
const RECOVERED_NAMES_MAX: u32 = 1_000;
/// Longest name on every file system that has links.
const NAME_BYTES_MAX: usize = 255;

/// The two names that an act may use in the copy's folder. They say whose they are, and no two acts share them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemporaryName {
    /// What is made, before it takes the copy's name; after an exchange, the copy.
    pub new: Vec<u8>,
    /// The copy, where it had to be moved aside first.
    pub old: Vec<u8>,
}

impl TemporaryName {
    /// The names of one act of a run. `token` tells runs of different journals apart.
    pub fn of(token: u64, run: u64, act: u64) -> Self {
        let name = |what| format!(".sanchay-{token:016x}-{run}-{act}.{what}").into_bytes();
        Self { new: name("new"), old: name("old") }
    }
}

/// Writes what changed among the names of a folder to the disk.
pub fn sync_folder(folder: &DirHandle) -> Result<(), Refusal> {
    Ok(rustix::fs::fsync(folder)?)
}

/// Exchanges two names of a folder in one step. `Ok(false)` where the file system or system cannot.
pub fn exchange(folder: &DirHandle, one: &[u8], other: &[u8]) -> Result<bool, Refusal> {
    exchange_between(folder, one, folder, other)
}

/// The same for names of two folders.
pub fn exchange_between(from: &DirHandle, one: &[u8], to: &DirHandle, other: &[u8]) -> Result<bool, Refusal> {
    fail_point!("act::no-exchange", |_| Ok(false));
    match renameat_with(from, one, to, other, RenameFlags::EXCHANGE) {
        Ok(()) => Ok(true),
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Renames within a folder or between two, never over a file that is there.
pub fn move_free(from: &DirHandle, name: &[u8], to: &DirHandle, free: &[u8]) -> Result<(), Refusal> {
    match renameat_with(from, name, to, free, RenameFlags::NOREPLACE) {
        // Without that flag only names are used that no one else has, so that asking first is enough.
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => match to.stat(free) {
            Ok(_) => Err(Refusal::new(Reason::NameTaken)),
            Err(error) if error.is_gone() => Ok(rustix::fs::renameat(from, name, to, free)?),
            Err(error) => Err(error.into()),
        },
        result => Ok(result?),
    }
}

/// The stat of a name; None where nothing has it.
pub fn find(folder: &DirHandle, name: &[u8]) -> Result<Option<FileStat>, Refusal> {
    match folder.stat(name) {
        Ok(stat) => Ok(Some(stat)),
        Err(error) if error.is_gone() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Removes a name. One that is gone already is no error.
pub fn unlink(folder: &DirHandle, name: &[u8]) -> Result<(), Refusal> {
    match unlinkat(folder, name, AtFlags::empty()) {
        Err(Errno::NOENT) => Ok(()),
        result => Ok(result?),
    }
}

/// Removes what we made, a file of this device and inode, from under a name of ours. Anything else came there by
/// another's hand at the last moment: it gets the file's name, or one beside it.
pub fn discard(folder: &DirHandle, ours: &[u8], name: &[u8], made: (u64, u64)) -> Result<(), Refusal> {
    match folder.stat(ours) {
        Ok(stat) if (stat.device, stat.inode) == made => unlink(folder, ours),
        Ok(_) => put_back(folder, ours, name).map(drop),
        Err(error) if error.is_gone() => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Gives a file that stands under a name of ours its name again, in the place of what we made.
pub fn take_back(folder: &DirHandle, ours: &[u8], name: &[u8], made: (u64, u64)) -> Result<(), Refusal> {
    match exchange(folder, ours, name) {
        Ok(true) => discard(folder, ours, name, made),
        // Another's hand took what we made away.
        Err(refusal) if refusal.reason == Reason::Gone => put_back(folder, ours, name).map(drop),
        Ok(false) => Err(Refusal::new(Reason::Unsupported)),
        Err(refusal) => Err(refusal),
    }
}

/// Gives a file that was moved aside its name again, or, where that is taken by now, one beside it that says
/// what it is. Gives the name that it has.
pub fn put_back(folder: &DirHandle, aside: &[u8], name: &[u8]) -> Result<Vec<u8>, Refusal> {
    for number in 0..RECOVERED_NAMES_MAX {
        let candidate = if number == 0 { name.to_vec() } else { recovered_name(name, number) };
        match move_free(folder, aside, folder, &candidate) {
            Err(refusal) if refusal.reason == Reason::NameTaken => {}
            result => return result.map(|()| candidate),
        }
    }
    Err(Refusal::new(Reason::NameTaken))
}

/// `picture.jpg` -> `picture.jpg.recovered-1`, cut where that would be too long.
fn recovered_name(name: &[u8], number: u32) -> Vec<u8> {
    let ending = format!(".recovered-{number}");
    let mut recovered = name[..cut_length(name, NAME_BYTES_MAX - ending.len())].to_vec();
    recovered.extend_from_slice(ending.as_bytes());
    recovered
}

/// The length of the longest beginning of at most `max` bytes that cuts no character in two.
pub(crate) fn cut_length(name: &[u8], max: usize) -> usize {
    if name.len() <= max {
        return name.len();
    }
    (0..=max).rev().find(|end| name[*end] & 0xC0 != 0x80).filter(|end| max - end < 4).unwrap_or(max)
}
