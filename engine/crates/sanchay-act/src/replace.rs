//! The copy becomes a link: a hard link of the kept file, or a symbolic link to it.
//!
//! The link is made under a name of ours in the copy's folder, so that one that cannot be made costs nothing; the two
//! names are exchanged in one step; what was displaced is checked, and only then removed. Where a file system cannot
//! exchange, the copy is moved aside first, and its name is free for a moment. So it is where the kept file lies on
//! another file system: that may show the copy itself, and would follow a link in its place to itself, without an end.

use fail::fail_point;
use rustix::fs::{linkat, symlinkat, AtFlags};

use sanchay_core::{DirHandle, FileKind};

use crate::aside::{discard, exchange, move_free, put_back, take_back, unlink, TemporaryName};
use crate::pair::Pair;
use crate::refusal::{Reason, Refusal};

/// An act that was done. The copy's folder has to be synced before it is noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acted {
    /// Hard links that the copy had before: while others are left, no space comes back.
    pub links_before: u32,
}

/// Makes the copy a further hard link of the kept file. Both must have been compared.
pub fn hardlink(pair: &Pair<'_>, temporary: &TemporaryName) -> Result<Acted, Refusal> {
    let (kept, folder) = (pair.kept, &pair.dropped.folder);
    if !may_remove(folder, kept.stat().owner)? {
        return Err(Refusal::new(Reason::Denied));
    }
    let made = linkat(&kept.folder, kept.place.name(), folder, &temporary.new[..], AtFlags::empty());
    made.map_err(Refusal::from)?;
    fail_point!("act::made");
    // By its name another file may have been linked: the kept one's name was given to it since. And some file systems
    // give each link another inode, so that it cannot be told what was linked.
    let link = folder.stat(&temporary.new)?;
    if (link.device, link.inode) != (kept.stat().device, kept.stat().inode) {
        unlink(folder, &temporary.new)?;
        let reason = if kept.is_at_its_path() { Reason::Unsupported } else { Reason::Changed };
        return Err(Refusal::new(reason).of_kept());
    }
    replace(pair, temporary, (link.device, link.inode))
}

/// Whether a file of this owner can be removed from the folder again. From a sticky folder only the owner of either can,
/// or who may act for any owner: there a link of another's file could be made, and stayed for ever.
fn may_remove(folder: &DirHandle, owner: u32) -> Result<bool, Refusal> {
    let stat = rustix::fs::fstat(folder)?;
    let user = rustix::process::geteuid().as_raw();
    let is_sticky = stat.st_mode as u32 & 0o1000 != 0;
    Ok(!is_sticky || stat.st_uid == user || owner == user || acts_for_any_owner())
}

#[cfg(target_os = "linux")]
fn acts_for_any_owner() -> bool {
    use rustix::thread::{capabilities, CapabilitySet};
    capabilities(None).is_ok_and(|sets| sets.effective.contains(CapabilitySet::FOWNER))
}

#[cfg(not(target_os = "linux"))]
fn acts_for_any_owner() -> bool {
    rustix::process::geteuid().is_root()
}

/// Makes the copy a symbolic link with this target.
pub fn symlink(pair: &Pair<'_>, target: &[u8], temporary: &TemporaryName) -> Result<Acted, Refusal> {
    let folder = &pair.dropped.folder;
    symlinkat(target, folder, &temporary.new[..]).map_err(Refusal::from)?;
    fail_point!("act::made");
    let link = folder.stat(&temporary.new)?;
    if link.kind != FileKind::Symlink {
        return Err(Refusal::new(Reason::NameTaken));
    }
    replace(pair, temporary, (link.device, link.inode))
}

/// Gives what stands under the new name, which we `made`, the copy's name, and removes the copy.
fn replace(pair: &Pair<'_>, temporary: &TemporaryName, made: (u64, u64)) -> Result<Acted, Refusal> {
    let (folder, name) = (&pair.dropped.folder, pair.dropped.place.name());
    if pair.kept.stat().device != pair.dropped.stat().device {
        return replace_by_steps(pair, temporary, made);
    }
    match exchange(folder, &temporary.new, name) {
        Ok(true) => {}
        Ok(false) => return replace_by_steps(pair, temporary, made),
        Err(refusal) => {
            unlink(folder, &temporary.new)?;
            return Err(refusal);
        }
    }
    fail_point!("act::exchanged");
    let displaced = folder.stat(&temporary.new)?;
    if let Err(refusal) = pair.check_displaced(&displaced) {
        take_back(folder, &temporary.new, name, made)?;
        return Err(pair.put_back(refusal));
    }
    unlink(folder, &temporary.new)?;
    fail_point!("act::removed");
    Ok(Acted { links_before: displaced.links })
}

/// The same in steps: the kept file is looked for while nothing has the copy's name.
fn replace_by_steps(pair: &Pair<'_>, temporary: &TemporaryName, made: (u64, u64)) -> Result<Acted, Refusal> {
    let (folder, name) = (&pair.dropped.folder, pair.dropped.place.name());
    let TemporaryName { new, old } = temporary;
    if let Err(refusal) = move_free(folder, name, folder, old) {
        unlink(folder, new)?;
        return Err(refusal);
    }
    fail_point!("act::aside");
    let displaced = folder.stat(old)?;
    let moved = pair.check_displaced(&displaced).and_then(|()| move_free(folder, new, folder, name));
    fail_point!("act::renamed");
    let refusal = match moved {
        Ok(()) => match pair.check_displaced(&displaced) {
            Ok(()) => {
                unlink(folder, old)?;
                fail_point!("act::removed");
                return Ok(Acted { links_before: displaced.links });
            }
            Err(refusal) => {
                // Where another's hand took it away, the copy's name is free already.
                move_free(folder, name, folder, new).or_else(|failed| match failed.reason {
                    Reason::Gone => Ok(()),
                    _ => Err(failed),
                })?;
                refusal
            }
        },
        Err(refusal) => refusal,
    };
    put_back(folder, old, name)?;
    discard(folder, new, name, made)?;
    Err(pair.put_back(refusal))
}
