//! The copy goes for good.

use fail::fail_point;
use rustix::fs::{unlinkat, AtFlags};
use rustix::io::Errno;

use sanchay_core::DirHandle;

use crate::aside::{move_free, put_back, unlink, TemporaryName};
use crate::pair::Pair;
use crate::refusal::Refusal;
use crate::replace::Acted;

/// Removes the copy. It is moved aside first, so that what is removed is what was compared, and the kept file is looked
/// for by its own path once the copy's name is gone: a file seen twice is gone there, too, and is put back.
pub fn delete(pair: &Pair<'_>, temporary: &TemporaryName) -> Result<Acted, Refusal> {
    let (folder, name) = (&pair.dropped.folder, pair.dropped.place.name());
    move_free(folder, name, folder, &temporary.old)?;
    fail_point!("act::aside");
    let displaced = folder.stat(&temporary.old)?;
    if let Err(refusal) = pair.check_displaced(&displaced) {
        put_back(folder, &temporary.old, name)?;
        return Err(pair.put_back(refusal));
    }
    unlink(folder, &temporary.old)?;
    fail_point!("act::removed");
    Ok(Acted { links_before: displaced.links })
}

/// Removes a folder, where nothing is in it; `Ok(false)` where something is.
pub fn remove_folder(above: &DirHandle, name: &[u8]) -> Result<bool, Refusal> {
    match unlinkat(above, name, AtFlags::REMOVEDIR) {
        Ok(()) => Ok(true),
        Err(Errno::NOTEMPTY | Errno::EXIST) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
