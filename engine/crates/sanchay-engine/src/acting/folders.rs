//! Folders that a run emptied: they go after its files, the deepest first, and come back with what was theirs.

use std::collections::BTreeSet;

use sanchay_act::metadata::Kept;
use sanchay_act::{remove_folder, sync_folder, Refusal};
use sanchay_catalog::journal::{Act, ActState, Outcome};
use sanchay_core::path::{join, split_below};
use sanchay_core::{Algorithm, ContentHash, DirHandle, ListBuffer, VolumeId};

use super::batch::Actor;
use super::follow::Followed;
use super::places::Roots;
use crate::clock::now_ns;
use crate::error::EngineError;

/// A folder in which nothing is.
struct Empty {
    root: Vec<u8>,
    path: Vec<u8>,
    above: DirHandle,
    before: Kept,
}

/// Removes those of the folders that are empty, and those above them that are empty then. Roots stay.
pub(super) fn remove_emptied(
    actor: &mut Actor<'_>,
    mut folders: BTreeSet<(Vec<u8>, Vec<u8>)>,
    all_roots: &[Vec<u8>],
) -> Result<(), EngineError> {
    while !folders.is_empty() && actor.telling.enter()? {
        let is_root = |(root, path): &(Vec<u8>, Vec<u8>)| path.is_empty() || all_roots.contains(&join(root, path));
        let empty = folders.iter().filter(|folder| !is_root(folder)).filter_map(|(root, path)| {
            // What cannot be looked at is not known to be empty: it stays.
            look(actor.roots, root, path).ok().flatten()
        });
        let empty: Vec<Empty> = empty.collect();
        let acts: Vec<Act> = (actor.next..).zip(&empty).map(|(number, folder)| intent(number, folder)).collect();
        actor.next += acts.len() as i64;
        actor.journal.intend(actor.run, &acts)?;
        let (mut outcomes, mut followed) = (Vec::new(), Vec::new());
        folders = BTreeSet::new();
        for (act, folder) in acts.iter().zip(&empty) {
            let removed = remove_folder(&folder.above, split_below(&folder.path).1).and_then(|is_removed| {
                sync_folder(&folder.above)?;
                Ok(is_removed)
            });
            let is_removed = matches!(removed, Ok(true));
            if is_removed {
                followed.push(Followed::Folder { path: act.absolute() });
                folders.insert((folder.root.clone(), split_below(&folder.path).0.to_vec()));
            }
            outcomes.push(outcome(act, removed));
        }
        actor.journal.conclude(actor.run, &outcomes)?;
        actor.telling.tell(followed, Vec::new())?;
    }
    Ok(())
}

/// The folder, where nothing is in it.
fn look(roots: &Roots<'_>, root: &[u8], path: &[u8]) -> Result<Option<Empty>, Refusal> {
    let Some(place) = roots.place(root, path) else { return Ok(None) };
    let above = place.root.open_dir(place.folder())?;
    let folder = above.open_child(place.name())?;
    let mut count = 0;
    folder.list(&mut ListBuffer::new(), &mut |_: &[u8], _| count += 1)?;
    if count > 0 {
        return Ok(None);
    }
    Ok(Some(Empty { root: root.to_vec(), path: path.to_vec(), above, before: Kept::of(&folder)? }))
}

fn intent(number: i64, folder: &Empty) -> Act {
    let Kept { metadata, mtime_ns, atime_ns } = folder.before.clone();
    Act {
        number,
        state: ActState::Intended,
        root: folder.root.clone(),
        path: folder.path.clone(),
        kept_root: folder.root.clone(),
        kept_path: Vec::new(),
        size_bytes: 0,
        algorithm: Algorithm::Blake3,
        hash: ContentHash::from_bytes([0; 32]),
        identity: (VolumeId::from_bytes([0; 16]), 0),
        mtime_ns,
        atime_ns,
        kept_identity: (VolumeId::from_bytes([0; 16]), 0),
        owner: (metadata.owner, metadata.group, metadata.mode),
        attributes: metadata.attributes,
        place: Act::folder_place(),
        freed_bytes: 0,
        reason: String::new(),
        detail: String::new(),
    }
}

fn outcome(act: &Act, removed: Result<bool, Refusal>) -> Outcome {
    let (state, reason, detail) = match removed {
        Ok(true) => (ActState::Done, "", String::new()),
        Ok(false) => (ActState::Left, "not-empty", String::new()),
        Err(refusal) => (ActState::Left, refusal.reason.word(), refusal.to_string()),
    };
    Outcome {
        number: act.number,
        state,
        failed: false,
        counts: false,
        reason: reason.to_owned(),
        detail,
        freed_bytes: 0,
        ended_ns: now_ns(),
        place: None,
    }
}
