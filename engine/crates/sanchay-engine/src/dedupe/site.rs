//! Where copies lie: what is under their file system, and what cannot be done there. Each file system is asked once in
//! each root, by the folder of a file, before anything is promised of it.

use std::path::{Path, PathBuf};

use sanchay_core::path::path_from_bytes;
use sanchay_core::{Folder, RootDir, Shows, Source, VolumeId};

use super::action::Action;
use crate::in_time::in_time;

/// A file system, as a root shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Site {
    /// A number that volumes of one disk, or one server, share, and no others: copies there go with it.
    pub device: u64,
    /// The mount: no hard link leads from one to another, though both show one file system. 0: not known.
    pub mount: u64,
    /// Why the action cannot be done here, in a word. None: it can, or only trying it will tell.
    pub cannot: Option<&'static str>,
}

impl Site {
    /// Asks the system where a file lies that is on this volume. What it does not tell in time is not known: then the
    /// volume is a device by itself, and an action is left to the run to try.
    pub(crate) fn of(file: &[u8], volume: VolumeId, action: Action, trash: Option<&Path>) -> Self {
        let (file, trash) = (path_from_bytes(file), trash.map(Path::to_path_buf));
        let asked = in_time(move || Self::ask(&file, volume, action, trash)).flatten();
        asked.unwrap_or(Self { device: number(volume), mount: 0, cannot: None })
    }

    fn ask(file: &Path, of: VolumeId, action: Action, trash: Option<PathBuf>) -> Option<Self> {
        let folder = RootDir::open(file.parent()?).ok()?;
        let volume = folder.top().volume().ok()?;
        let is_layer = volume.system.shows == Shows::Layers;
        if !is_layer && ![volume.id, volume.id_apart()].contains(&of) && volume.former != Some(of) {
            // Something else is mounted there by now, or the file is a mount by itself.
            return None;
        }
        let device = if is_layer { number(of) } else { number(volume.disk()) };
        let mount = folder.stat().ok()?.mount_id;
        let cannot = cannot(action, file, &folder, volume.system.has_links(), trash);
        Some(Self { device, mount, cannot })
    }
}

/// Why an action cannot be done to a file, for all that its file system says.
#[cfg(unix)]
fn cannot(
    action: Action,
    file: &Path,
    folder: &RootDir,
    has_links: bool,
    trash: Option<PathBuf>,
) -> Option<&'static str> {
    use std::os::unix::ffi::OsStrExt;

    use sanchay_act::trash::{Home, TrashFolder};
    use sanchay_act::{check_mounted_for_writing, check_shares_blocks, Reason};

    let folder = folder.handle();
    if let Err(refusal) = check_mounted_for_writing(folder) {
        return (refusal.reason == Reason::ReadOnly).then_some("read-only");
    }
    match action {
        Action::Hardlink | Action::Symlink => (!has_links).then_some("no-links"),
        Action::Reflink => {
            let file = folder.open_file(file.file_name()?.as_bytes()).ok()?;
            let refusal = check_shares_blocks(&file).err()?;
            (refusal.reason == Reason::Unsupported).then_some("no-shared-blocks")
        }
        Action::Trash => TrashFolder::check(folder, &Home::or(trash)).err().map(|_| "no-trash"),
        Action::Delete => None,
    }
}

/// On other systems no file is changed yet.
#[cfg(not(unix))]
fn cannot(_: Action, _: &Path, _: &RootDir, _: bool, _: Option<PathBuf>) -> Option<&'static str> {
    None
}

fn number(id: VolumeId) -> u64 {
    let bytes = id.to_bytes();
    bytes
        .chunks(8)
        .fold(0, |number, half| number ^ half.iter().fold(0, |number: u64, byte| number << 8 | u64::from(*byte)))
}
