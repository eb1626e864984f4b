//! Cataloged files as they are now: an answer is true only of what is there.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use sanchay_catalog::queries::PlacedFile;
use sanchay_catalog::RootRow;
use sanchay_core::path::{is_within, join};
use sanchay_core::{CoreError, DirHandle, FileKind, FileStat, Folder as _, RootDir, Shows, VolumeId};

use super::answer::{Evidence, HaveCopy};
use crate::engine::Shared;
use crate::error::EngineError;
use crate::in_time::in_time;
use crate::root_spec::Rules;
use crate::scan::{Folders, Mounts, RootPlace};
use crate::trashes::is_in_trash;

/// A root, and whether it is there.
pub(super) struct Root {
    row: RootRow,
    /// None where its settings cannot be read.
    pub(super) rules: Option<Rules>,
    is_there: OnceLock<bool>,
}

impl Root {
    pub(super) fn path(&self) -> &[u8] {
        &self.row.path
    }
}

/// All roots, as the answer needs them.
pub(super) struct Roots {
    shared: Arc<Shared>,
    roots: Vec<Root>,
}

impl Roots {
    pub(super) fn new(shared: &Arc<Shared>) -> Result<Self, EngineError> {
        let rows = shared.catalog.reader()?.roots()?;
        let root = |row: RootRow| Root { rules: Rules::of(&row).ok(), row, is_there: OnceLock::new() };
        Ok(Self { shared: Arc::clone(shared), roots: rows.into_iter().map(root).collect() })
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Root> {
        self.roots.iter()
    }

    /// The innermost root that a folder lies in.
    pub(super) fn of(&self, folder: &[u8]) -> Option<&Root> {
        let holding = self.roots.iter().filter(|root| is_within(folder, root.path()));
        holding.max_by_key(|root| root.path().len())
    }

    /// Whether the folder that was scanned is at the path of the root now. One that does not answer is not.
    pub(super) fn is_there(&self, root: &Root) -> bool {
        *root.is_there.get_or_init(|| {
            let (shared, row) = (Arc::clone(&self.shared), root.row.clone());
            let asked = in_time(move || {
                RootPlace::<RootDir>::open(&shared.catalog, &Mounts::new(&shared.catalog), &row)
                    .is_ok_and(|place| place.is_ok())
            });
            asked.unwrap_or(false)
        })
    }
}

/// What tells files of a file system apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Traits {
    pub(super) shows: Shows,
    fleeting_inodes: bool,
}

/// The traits of the file systems met so far, by (device, mount).
#[derive(Default)]
pub(super) struct TraitsKnown(HashMap<(u64, u64), Traits>);

impl TraitsKnown {
    pub(super) fn of(&mut self, folder: &DirHandle, seen: &FileStat) -> Traits {
        *self.0.entry((seen.device, seen.mount_id)).or_insert_with(|| {
            // What cannot be asked may be anything.
            let unknown = Traits { shows: Shows::Others, fleeting_inodes: true };
            folder.volume().map_or(unknown, |volume| Traits {
                shows: volume.system.shows,
                fleeting_inodes: volume.system.fleeting_inodes,
            })
        })
    }
}

/// A file that is there, and the traits of where it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    pub(super) stat: FileStat,
    pub(super) traits: Traits,
}

/// Whether two names lead to one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Same {
    Yes,
    No,
    /// One of them may show the other.
    Perhaps,
}

/// Tells files apart by what the system says of them. What shows another's files gives them numbers that are not theirs,
/// but keeps when they were modified, to the second at least.
pub(super) fn is_same_file(a: &Seen, b: &Seen) -> Same {
    let on_one = a.stat.device == b.stat.device;
    if on_one && a.stat.inode == b.stat.inode {
        return Same::Yes;
    }
    let second = |stat: &FileStat| stat.mtime_ns.div_euclid(1_000_000_000);
    if second(&a.stat) != second(&b.stat) {
        return Same::No;
    }
    if on_one {
        let stamps = |stat: &FileStat| (stat.mtime_ns, stat.ctime_ns);
        let may_be = a.traits.fleeting_inodes && stamps(&a.stat) == stamps(&b.stat);
        return if may_be { Same::Perhaps } else { Same::No };
    }
    let same_birth = || match (a.stat.birth_ns, b.stat.birth_ns) {
        (Some(a), Some(b)) => a == b,
        _ => true,
    };
    let may_be = match (a.traits.shows, b.traits.shows) {
        (Shows::Server(a), Shows::Server(b)) => a == b,
        (Shows::Own, Shows::Own | Shows::Server(_)) | (Shows::Server(_), Shows::Own) => false,
        (Shows::Layers, Shows::Own | Shows::Layers) | (Shows::Own, Shows::Layers) => same_birth(),
        (Shows::Others | Shows::Server(_), _) | (_, Shows::Others | Shows::Server(_)) => true,
    };
    if may_be {
        Same::Perhaps
    } else {
        Same::No
    }
}

/// A cataloged file as it is now.
pub(super) enum Now {
    /// With the stamps under which it was read.
    There(Seen),
    /// Its root, or what was mounted in it, is not there.
    Offline,
    /// No one has this name, or it lies in a trash.
    Gone,
    /// It is another file by now, or cannot be looked at: why.
    Unsure(String),
}

/// A cataloged file with its path, its root and how it is now.
pub(super) struct Candidate {
    pub(super) file: PlacedFile,
    pub(super) path: Vec<u8>,
    pub(super) root_id: i64,
    pub(super) now: Now,
}

impl Candidate {
    /// What it is worth as a copy of the file that `asked` is; None: of one that is known by its hash only.
    pub(super) fn testify(
        &self,
        asked: Option<&Seen>,
        evidence: &mut Evidence,
        volume: impl FnOnce(i64) -> Option<VolumeId>,
    ) {
        let shown = || sanchay_core::path::display(&self.path);
        let add = |offline| {
            let (path, root_id) = (self.path.clone(), self.root_id);
            evidence.add(HaveCopy { path, root_id, volume: volume(self.file.volume), offline });
        };
        match &self.now {
            Now::Gone => {}
            Now::Offline => add(true),
            Now::Unsure(reason) => evidence.doubt(|| reason.clone()),
            Now::There(seen) => match asked.map_or(Same::No, |asked| is_same_file(asked, seen)) {
                Same::Yes => {}
                Same::No => add(false),
                Same::Perhaps => {
                    evidence.doubt(|| format!("{} may be this file itself, shown by another file system", shown()));
                }
            },
        }
    }
}

/// Looks at cataloged files. One for each thread.
pub(super) struct Looker<'r> {
    roots: &'r Roots,
    folders: Folders<RootDir>,
    known: TraitsKnown,
}

impl<'r> Looker<'r> {
    pub(super) fn new(roots: &'r Roots) -> Self {
        Self { roots, folders: Folders::default(), known: TraitsKnown::default() }
    }

    pub(super) fn look(&mut self, file: PlacedFile) -> Candidate {
        let path = join(&file.folder, &file.name);
        let root = self.roots.of(&file.folder);
        let now = match root {
            Some(root) if !is_in_trash(&path) => self.now(root, &file, &path),
            // No one's by now.
            _ => Now::Gone,
        };
        Candidate { path, root_id: root.map_or(0, |root| root.row.id), now, file }
    }

    fn now(&mut self, root: &Root, file: &PlacedFile, path: &[u8]) -> Now {
        if !self.roots.is_there(root) {
            return Now::Offline;
        }
        let absent = |error: CoreError| match error {
            // What was mounted there is not.
            error if error.is_no_folder() && file.volume != root.row.volume => Now::Offline,
            error if error.is_no_folder() => Now::Gone,
            error => Now::Unsure(error.at(path).to_string()),
        };
        let folder = match self.folders.open(root.path(), &file.folder) {
            Ok(Some(folder)) => folder,
            Ok(None) => return Now::Offline,
            Err(error) => return absent(error),
        };
        let stat = match folder.stat(&file.name) {
            Ok(stat) => stat,
            Err(error) => return absent(error),
        };
        let traits = self.known.of(folder, &stat);
        let stored = file.entry.witness();
        let stored = if traits.fleeting_inodes { stored.with_inode(stat.inode) } else { stored };
        if stat.kind == FileKind::File && stat.witness() == stored {
            Now::There(Seen { stat, traits })
        } else {
            let shown = sanchay_core::path::display(path);
            Now::Unsure(format!("{shown} had this content, and was changed since it was read"))
        }
    }

    /// Opens the folder of a file that is there.
    pub(super) fn folder(&mut self, file: &PlacedFile) -> Result<Option<&DirHandle>, CoreError> {
        match self.roots.of(&file.folder) {
            Some(root) => self.folders.open(root.path(), &file.folder),
            None => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(device: u64, inode: u64, mtime_s: i64, shows: Shows) -> Seen {
        let stat = FileStat {
            kind: FileKind::File,
            inode,
            device,
            size_bytes: 1,
            allocated_bytes: 0,
            mtime_ns: mtime_s * 1_000_000_000 + inode as i64,
            ctime_ns: 0,
            birth_ns: Some(mtime_s),
            links: 1,
            owner: 0,
            mount_id: 0,
            placeholder: false,
        };
        Seen { stat, traits: Traits { shows, fleeting_inodes: false } }
    }

    #[test]
    fn what_shows_files_of_others_may_show_this_one_where_it_keeps_its_time() {
        let own = seen(1, 1, 5, Shows::Own);
        assert_eq!(is_same_file(&own, &seen(1, 1, 6, Shows::Own)), Same::Yes, "a hard link, or the file itself");
        let others = [
            (seen(1, 2, 5, Shows::Own), Same::No),
            (seen(2, 1, 5, Shows::Own), Same::No),
            (seen(2, 2, 5, Shows::Others), Same::Perhaps),
            (seen(2, 2, 6, Shows::Others), Same::No),
            (seen(2, 2, 5, Shows::Server(1 << 8)), Same::No),
            (seen(2, 2, 5, Shows::Layers), Same::Perhaps),
        ];
        for (other, expected) in others {
            assert_eq!(is_same_file(&own, &other), expected, "{other:?}");
            assert_eq!(is_same_file(&other, &own), expected, "{other:?}");
        }
        let share = |device, digest: i64| seen(device, 3, 5, Shows::Server(digest | 1 << 8));
        assert_eq!(is_same_file(&share(3, 0), &share(4, 0)), Same::Perhaps);
        assert_eq!(is_same_file(&share(3, 0), &share(4, 1)), Same::No);
    }

    #[test]
    fn where_inodes_do_not_last_equal_stamps_leave_it_open() {
        let fleeting = |inode| {
            let mut seen = seen(1, inode, 5, Shows::Own);
            (seen.traits.fleeting_inodes, seen.stat.mtime_ns) = (true, 7);
            seen
        };
        assert_eq!(is_same_file(&fleeting(1), &fleeting(2)), Same::Perhaps);
    }
}
