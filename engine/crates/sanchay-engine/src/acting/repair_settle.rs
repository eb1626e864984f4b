//! What a kill leaves of a repair, or of taking one back.

use sanchay_act::repair::{settle, settle_taken_back, settle_without_trash, Intent};
use sanchay_act::trash::{Reserved, TrashFolder};
use sanchay_act::{sync_folder, Expected, Refusal, TemporaryName};
use sanchay_catalog::journal::{Act, Journal};
use sanchay_core::path::{path_from_bytes, split_below};
use sanchay_core::{DirHandle, Witness};

/// The kind of a run that repairs, and what it does.
pub(super) const REPAIR: &str = "repair";

/// What is true of a repair that was broken off: where the damaged file is in the trash; None: it is where it was.
pub(super) fn settle_repair(
    journal: &Journal,
    run: i64,
    act: &Act,
    folder: &DirHandle,
) -> Result<Option<Vec<Vec<u8>>>, Refusal> {
    let [path, top, own, other, info] = &act.place[..] else { return Ok(None) };
    let temporary = temporary(journal, run, act);
    let intent = Intent { name: split_below(&act.path).1, temporary: &temporary, damaged: damaged(act, folder)? };
    let Some(trash) = open_trash(path, top) else {
        settle_without_trash(folder, &intent)?;
        return Ok(None);
    };
    let reserved = settle(folder, &intent, &trash, &[own.clone(), other.clone()], info)?;
    sync_folder(trash.files())?;
    Ok(reserved.map(|reserved| vec![path.clone(), top.clone(), reserved.name]))
}

/// Whether a repair that was being taken back is.
pub(super) fn settle_undo(journal: &Journal, run: i64, act: &Act, folder: &DirHandle) -> Result<bool, Refusal> {
    let temporary = temporary(journal, run, act);
    let intent = Intent { name: split_below(&act.path).1, temporary: &temporary, damaged: damaged(act, folder)? };
    let trash = trash_of(act);
    settle_taken_back(folder, &intent, trash.as_ref().map(|(trash, reserved)| (trash, reserved)))
}

/// The names of ours that an act may use.
pub(super) fn temporary(journal: &Journal, run: i64, act: &Act) -> TemporaryName {
    TemporaryName::of(journal.token(), run as u64, act.number as u64)
}

/// The damaged file, on the device that a folder of its mount has now.
pub(super) fn damaged(act: &Act, folder: &DirHandle) -> Result<Expected, Refusal> {
    let device = folder.stat_self()?.device;
    let witness = Witness { inode: act.identity.1, size_bytes: act.size_bytes, mtime_ns: act.mtime_ns, ctime_ns: 0 };
    Ok(Expected { device, witness, has_lasting_inode: true })
}

/// The trash that the damaged file went to, and its name there.
pub(super) fn trash_of(act: &Act) -> Option<(TrashFolder, Reserved)> {
    let [path, top, name, ..] = &act.place[..] else { return None };
    Some((open_trash(path, top)?, Reserved { name: name.clone() }))
}

fn open_trash(path: &[u8], top: &[u8]) -> Option<TrashFolder> {
    let top = (!top.is_empty()).then(|| path_from_bytes(top));
    TrashFolder::open(&path_from_bytes(path), top.as_deref()).ok()
}
