//! What is done to one file: the step of each action, with what it needs made ready before.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use sanchay_act::trash::{candidates, info_text, release, reserve, trash, Home, Reserved, TrashFolder};
use sanchay_act::{delete, hardlink, reflink, symlink, sync_folder, Pair, Reason, Refusal, Subject, TemporaryName};
use sanchay_core::path::{bytes_of, path_from_bytes};
use sanchay_core::{DirHandle, FileStat};

use super::part::Target;
use crate::dedupe::Action;

/// What was done to a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Done {
    /// Hard links that it had before: while others are left, no space comes back.
    pub(super) links_before: u32,
}

/// What an act needs, and the journal keeps of it.
pub(super) enum Prepared {
    Nothing,
    /// The name in the trash, once an info file holds it.
    Trash {
        folder: Arc<TrashFolder>,
        names: [Vec<u8>; 2],
        info: Vec<u8>,
        reserved: Option<Result<Reserved, Reason>>,
    },
    /// The target of a symbolic link.
    Link(Vec<u8>),
}

impl Prepared {
    /// What the journal keeps before the act: both names that it may get, and the text of its info file.
    pub(super) fn intended(&self) -> Vec<Vec<u8>> {
        match self {
            Self::Nothing => Vec::new(),
            Self::Trash { folder, names: [own, other], info, .. } => {
                let [path, top] = places_of(folder);
                vec![path, top, own.clone(), other.clone(), info.clone()]
            }
            Self::Link(target) => vec![target.clone()],
        }
    }

    /// What it keeps after it: where the file is now.
    pub(super) fn place(&self) -> Option<Vec<Vec<u8>>> {
        match self {
            Self::Trash { folder, reserved: Some(Ok(reserved)), .. } => {
                let [path, top] = places_of(folder);
                Some(vec![path, top, reserved.name.clone()])
            }
            _ => None,
        }
    }

    /// The trash, and the name in it that is held.
    pub(super) fn trashed(&self) -> Result<(&TrashFolder, &Reserved), Refusal> {
        match self {
            Self::Trash { folder, reserved: Some(Ok(reserved)), .. } => Ok((folder, reserved)),
            Self::Trash { reserved: Some(Err(reason)), .. } => Err(Refusal::new(*reason)),
            _ => Err(Refusal::new(Reason::NoTrash)),
        }
    }

    /// Gives back the name that was held for a file which stays.
    pub(super) fn release(&self) {
        if let Self::Trash { folder, reserved: Some(Ok(reserved)), .. } = self {
            let is_taken = folder.files().stat(&reserved.name).is_ok();
            if let Err(refusal) = if is_taken { Ok(()) } else { release(folder, reserved) } {
                tracing::warn!(%refusal, "trash_info_left");
            }
        }
    }
}

fn places_of(folder: &TrashFolder) -> [Vec<u8>; 2] {
    let top = folder.top().map(|top| bytes_of(top).to_vec()).unwrap_or_default();
    [bytes_of(folder.path()).to_vec(), top]
}

/// The steps of one action.
pub(super) struct Steps {
    action: Action,
    home: Home,
    token: u64,
    /// By device and mount.
    trashes: Mutex<HashMap<(u64, u64), Result<Arc<TrashFolder>, Reason>>>,
}

impl Steps {
    pub(super) fn new(action: Action, token: u64, trash: Option<&Path>) -> Self {
        let home = Home::or(trash.map(Path::to_path_buf));
        Self { action, home, token, trashes: Mutex::default() }
    }

    /// Whether files become links of the one that stays.
    pub(super) fn is_link(&self) -> bool {
        self.action == Action::Hardlink
    }

    pub(super) fn is_trash(&self) -> bool {
        self.action == Action::Trash
    }

    /// Whether nothing is left under a file's name.
    pub(super) fn removes(&self) -> bool {
        self.action.removes()
    }

    pub(super) fn is_reflink(&self) -> bool {
        self.action == Action::Reflink
    }

    /// What the act on a file will need.
    pub(super) fn plan(
        &self,
        subject: &Subject<'_>,
        target: &Target,
        kept: &Target,
        run: i64,
        number: i64,
    ) -> Result<Prepared, Refusal> {
        match self.action {
            Action::Hardlink | Action::Reflink | Action::Delete => Ok(Prepared::Nothing),
            Action::Symlink => Ok(Prepared::Link(link_target(target, kept))),
            Action::Trash => {
                let stat = subject.stat();
                let key = (stat.device, stat.mount_id);
                let home = &self.home;
                let mut trashes = self.trashes.lock().unwrap_or_else(PoisonError::into_inner);
                let found = trashes.entry(key).or_insert_with(|| {
                    TrashFolder::find(&subject.folder, home).map(Arc::new).map_err(|refusal| refusal.reason)
                });
                let folder = Arc::clone(found.as_ref().map_err(|reason| Refusal::new(*reason))?);
                drop(trashes);
                let names = candidates(subject.place.name(), &format!("{:016x}-{run}-{number}", self.token));
                let path = path_from_bytes(&target.absolute());
                let now = jiff::Zoned::now().strftime("%Y-%m-%dT%H:%M:%S").to_string();
                let info = info_text(folder.path_for_info(&path), &now);
                Ok(Prepared::Trash { folder, names, info, reserved: None })
            }
        }
    }

    /// Makes ready what has to be on the disk before the first of a batch is touched; [`Self::sync_prepared`] puts it there.
    pub(super) fn prepare(prepared: &mut Prepared) {
        if let Prepared::Trash { folder, names, info, reserved } = prepared {
            *reserved = Some(reserve(folder, names, info).map_err(|refusal| refusal.reason));
        }
    }

    pub(super) fn sync_prepared(&self) {
        for trash in self.opened_trashes() {
            if let Err(refusal) = trash.sync_infos() {
                tracing::warn!(%refusal, "trash_not_synced");
            }
        }
        fail::fail_point!("run::prepared");
    }

    /// Acts on a pair that was compared.
    pub(super) fn act(&self, pair: &Pair<'_>, prepared: &Prepared, run: i64, number: i64) -> Result<Done, Refusal> {
        let temporary = self.temporary(run, number);
        let acted = match (self.action, prepared) {
            (Action::Hardlink, _) => hardlink(pair, &temporary)?,
            (Action::Delete, _) => delete(pair, &temporary)?,
            (Action::Symlink, Prepared::Link(target)) => symlink(pair, target, &temporary)?,
            (Action::Trash, Prepared::Trash { folder, reserved: Some(Ok(reserved)), .. }) => {
                trash(pair, folder, reserved)?
            }
            (Action::Trash, Prepared::Trash { reserved: Some(Err(reason)), .. }) => return Err(Refusal::new(*reason)),
            (Action::Reflink, _) => {
                reflink(pair)?;
                return Ok(Done { links_before: 1 });
            }
            (Action::Symlink | Action::Trash, _) => return Err(Refusal::new(Reason::Unsupported)),
        };
        Ok(Done { links_before: acted.links_before })
    }

    /// Whether an act that failed left a file under a name of ours, or in the trash: its disk failed in the middle.
    pub(super) fn is_half_done(&self, subject: &Subject<'_>, prepared: &Prepared, run: i64, number: i64) -> bool {
        let may_be_there = |folder: &DirHandle, name: &[u8]| match folder.stat(name) {
            Ok(_) => true,
            Err(error) => !error.is_gone(),
        };
        let TemporaryName { new, old } = self.temporary(run, number);
        match prepared {
            Prepared::Trash { folder, reserved: Some(Ok(reserved)), .. } => {
                may_be_there(folder.files(), &reserved.name)
            }
            Prepared::Trash { .. } => false,
            Prepared::Nothing | Prepared::Link(_) => {
                may_be_there(&subject.folder, &new) || may_be_there(&subject.folder, &old)
            }
        }
    }

    /// What stands under the name of a file that was acted on.
    pub(super) fn leaves(&self, subject: &Subject<'_>) -> Option<FileStat> {
        match self.action {
            Action::Hardlink | Action::Symlink => subject.folder.stat(subject.place.name()).ok(),
            Action::Trash | Action::Delete | Action::Reflink => None,
        }
    }

    /// Puts the moves into the trashes on the disk.
    pub(super) fn sync_trashes(&self) {
        for trash in self.opened_trashes() {
            if let Err(refusal) = sync_folder(trash.files()) {
                tracing::warn!(%refusal, "trash_not_synced");
            }
        }
    }

    fn opened_trashes(&self) -> Vec<Arc<TrashFolder>> {
        self.trashes.lock().unwrap_or_else(PoisonError::into_inner).values().flatten().cloned().collect()
    }

    fn temporary(&self, run: i64, number: i64) -> TemporaryName {
        TemporaryName::of(self.token, run as u64, number as u64)
    }
}

/// The way from a file's folder to the one that stays, where both lie in one root: it holds wherever that is moved. Else
/// the whole path.
fn link_target(target: &Target, kept: &Target) -> Vec<u8> {
    if target.root != kept.root {
        return kept.absolute();
    }
    let folders = |path: &'_ [u8]| path.split(|byte| *byte == b'/').map(<[u8]>::to_vec).collect::<Vec<_>>();
    let (from, to) = (folders(&target.path), folders(&kept.path));
    let same =
        from.iter().zip(&to).take_while(|(one, other)| one == other).count().min(from.len() - 1).min(to.len() - 1);
    let mut way = vec![b"..".to_vec(); from.len() - 1 - same];
    way.extend_from_slice(&to[same..]);
    way.join(&b'/')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::acting::tests::target;

    #[test]
    fn a_link_leads_from_its_folder_to_the_file_that_stays() {
        let way =
            |from: &str, to: &str| String::from_utf8(link_target(&target("/r", from), &target("/r", to))).unwrap();
        assert_eq!(way("a", "b"), "b");
        assert_eq!(way("x/a", "b"), "../b");
        assert_eq!(way("a", "x/b"), "x/b");
        assert_eq!(way("x/y/a", "x/z/b"), "../z/b");
        assert_eq!(way("x/a", "x/a/b"), "a/b", "a folder that has the name of the file elsewhere");
        assert_eq!(link_target(&target("/r", "a"), &target("/s", "b")), b"/s/b");
    }
}
