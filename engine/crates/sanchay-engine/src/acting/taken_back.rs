//! What a broken undo left: which files are back.

use sanchay_act::trash::{release, Reserved, TrashFolder};
use sanchay_act::{Refusal, TemporaryName};
use sanchay_catalog::journal::Act;
use sanchay_core::path::path_from_bytes;
use sanchay_core::{DirHandle, FileKind, FileStat};

use super::places::Roots;

/// Whether a disk failed in the middle of taking a file back, so that the next start, or the next undo, has to look at it.
pub(super) fn may_be_half_done(act: &Act, roots: &Roots<'_>, temporary: &TemporaryName) -> bool {
    let Some(place) = roots.place(&act.root, &act.path) else { return false };
    let folder = match place.root.open_dir(place.folder()) {
        Ok(folder) => folder,
        Err(error) => return !error.is_gone(),
    };
    let may_be_there = |folder: &DirHandle, name: &[u8]| match folder.stat(name) {
        Ok(_) => true,
        Err(error) => !error.is_gone(),
    };
    let is_out_of_trash = || match &act.place[..] {
        [path, top, name, ..] => {
            let top = (!top.is_empty()).then(|| path_from_bytes(top));
            let trash = TrashFolder::open(&path_from_bytes(path), top.as_deref());
            trash.is_ok_and(|trash| !may_be_there(trash.files(), name)) && may_be_there(&folder, place.name())
        }
        _ => false,
    };
    may_be_there(&folder, &temporary.new) || may_be_there(&folder, &temporary.old) || is_out_of_trash()
}

/// Whether a file that was being taken back is back; names of ours beside it are gone after this.
pub(super) fn settle_one(
    act: &Act,
    folder: &DirHandle,
    name: &[u8],
    temporary: &TemporaryName,
) -> Result<bool, Refusal> {
    let is_hard_link = |stat: &FileStat| {
        stat.inode == act.kept_identity.1 && act.identity.1 != act.kept_identity.1 && stat.kind == FileKind::File
    };
    let is_link = |stat: &FileStat| stat.kind == FileKind::Symlink || is_hard_link(stat);
    let is_file = |stat: &FileStat| {
        stat.kind == FileKind::File
            && stat.size_bytes == act.size_bytes
            && stat.mtime_ns == act.mtime_ns
            && !is_hard_link(stat)
    };
    sanchay_act::restore::settle(folder, name, temporary, &is_link, &is_file)?;
    let is_back = match folder.stat(name) {
        Ok(stat) => is_file(&stat),
        Err(error) if error.is_gone() => false,
        Err(error) => return Err(error.into()),
    };
    if let (true, [path, top, name, ..]) = (is_back, &act.place[..]) {
        let top = (!top.is_empty()).then(|| path_from_bytes(top));
        if let Ok(trash) = TrashFolder::open(&path_from_bytes(path), top.as_deref()) {
            if trash.files().stat(name).is_err() {
                release(&trash, &Reserved { name: name.clone() })?;
            }
        }
    }
    Ok(is_back)
}
