//! What an act that was interrupted left, seen on the disk, and taken back.
//!
//! An act whose end was not noted is either done, not begun, or stands between the two with one of our names in the
//! copy's folder. From there it is always taken back, never finished: no one guarded the pair since.

use sanchay_core::{DirHandle, FileKind, FileStat};

use crate::aside::{discard, exchange, find, put_back, unlink, TemporaryName};
use crate::expected::Expected;
use crate::refusal::{Reason, Refusal};

/// What an act was to make of the copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// A hard link of the kept file.
    Hardlink,
    /// A symbolic link.
    Symlink,
    /// Nothing.
    Nothing,
}

/// An act as it was noted before it began.
#[derive(Clone, Debug)]
pub struct Intent<'a> {
    /// What was to be done.
    pub wanted: Wanted,
    /// The copy's own name.
    pub name: &'a [u8],
    /// The names of ours that it used.
    pub temporary: &'a TemporaryName,
    /// The copy.
    pub dropped: Expected,
    /// The kept file.
    pub kept: Expected,
}

/// What is true of an act now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It was done.
    Done,
    /// It was not done, or was taken back: the copy is where it was.
    NotDone,
    /// It was taken back, but the copy's name is another's now: it has this one.
    Recovered(Vec<u8>),
}

/// Takes an unfinished act back, and says what is true. The caller syncs the folder.
pub fn settle(folder: &DirHandle, intent: &Intent<'_>) -> Result<Settled, Refusal> {
    let TemporaryName { new, old } = intent.temporary;
    let at_name = find(folder, intent.name)?;
    let at_new = find(folder, new)?;
    let at_old = find(folder, old)?;
    if at_old.is_some_and(|stat| intent.is_copy(&stat)) {
        if at_new.is_some_and(|stat| intent.is_made(&stat)) {
            unlink(folder, new)?;
        }
        if at_name.is_some_and(|stat| intent.is_made(&stat)) {
            unlink(folder, intent.name)?;
        }
        return put_back(folder, old, intent.name).map(|name| intent.back_as(name));
    }
    match at_new {
        Some(stat) if intent.is_copy(&stat) => {
            if let Some(made) = at_name.filter(|stat| intent.is_made(stat)) {
                if exchange(folder, new, intent.name)? {
                    discard(folder, new, intent.name, (made.device, made.inode))?;
                    return Ok(Settled::NotDone);
                }
            }
            put_back(folder, new, intent.name).map(|name| intent.back_as(name))
        }
        Some(stat) if intent.is_made(&stat) => {
            unlink(folder, new)?;
            Ok(Settled::NotDone)
        }
        Some(_) => Err(Refusal::new(Reason::NameTaken)),
        None if intent.is_done(at_name.as_ref()) => Ok(Settled::Done),
        None => Ok(Settled::NotDone),
    }
}

impl Intent<'_> {
    fn back_as(&self, name: Vec<u8>) -> Settled {
        if name == self.name {
            Settled::NotDone
        } else {
            Settled::Recovered(name)
        }
    }

    fn is_copy(&self, stat: &FileStat) -> bool {
        self.dropped.fits_but_for_ctime(stat)
    }

    /// Whether this is what was made to take the copy's place.
    fn is_made(&self, stat: &FileStat) -> bool {
        match self.wanted {
            Wanted::Hardlink => (self.kept.device, self.kept.witness.inode) == (stat.device, stat.inode),
            Wanted::Symlink => stat.kind == FileKind::Symlink,
            Wanted::Nothing => false,
        }
    }

    fn is_done(&self, at_name: Option<&FileStat>) -> bool {
        match (self.wanted, at_name) {
            (Wanted::Nothing, at_name) => !at_name.is_some_and(|stat| self.is_copy(stat)),
            (_, Some(stat)) => self.is_made(stat),
            (_, None) => false,
        }
    }
}
