//! Asking where equal files lie on volumes that know reflinks, so that what they share is counted once.
//!
//! Only members of duplicate groups that changed are asked: one open and one question each, after all else is done.

use std::collections::HashMap;

use sanchay_catalog::content::{FoundSharing, Sharing};
use sanchay_catalog::queries::{PendingFile, RootNames};
use sanchay_core::{Content, Extent, FileKind, Folder, Source, VolumeId};

use super::context::Context;
use super::folders::Folders;
use crate::error::EngineError;
use crate::root_spec::Governed;

/// Groups that share extents and would give back the most without that are asked again at each scan: what shares with them
/// may be gone without a change of their files (a snapshot that was deleted).
const RENEWED_GROUPS: usize = 200;

/// Asks for the extents of the groups that are due. Broken off in the middle, the others stay due for the next scan.
pub(super) fn ask_extents<S: Source>(
    context: &Context<'_, S>,
    governed: &[Governed],
    names: &RootNames,
) -> Result<(), EngineError> {
    let control = context.control;
    context.catalog.persist(&|| !control.is_cancelled(), &mut || {
        context.catalog.writer().run(|session| session.renew_extents(RENEWED_GROUPS))
    })?;
    let roots: HashMap<i64, &Governed> = governed.iter().map(|root| (root.id, root)).collect();
    let mut asker = Asker { context, folders: Folders::default() };
    let mut after = None;
    loop {
        let mut due = context.catalog.due_extents(after)?;
        after = due.keys.last().copied();
        if due.keys.is_empty() || !control.step() {
            return Ok(());
        }
        // Files of one folder one after another: it is opened once.
        due.files.sort_by(|(_, a), (_, b)| (&a.folder, &a.name).cmp(&(&b.folder, &b.name)));
        let mut found = Vec::with_capacity(due.files.len());
        for (key, file) in &due.files {
            if !control.step() {
                return Ok(());
            }
            let root = roots.get(&names.root_of(&file.folder));
            let sharing = root.and_then(|root| asker.sharing(&root.path, file));
            found.push(FoundSharing { key: *key, entry: file.id, sharing });
        }
        found.sort_by_key(|item| item.key);
        context.catalog.persist(&|| !control.is_cancelled(), &mut || {
            let (keys, found) = (due.keys.clone(), found.clone());
            context.catalog.writer().run(move |session| session.settle_extents(&keys, &found))
        })?;
    }
}

struct Asker<'a, S: Source> {
    context: &'a Context<'a, S>,
    folders: Folders<S>,
}

impl<S: Source> Asker<'_, S> {
    /// What a file shares; None: nothing, or it is not there any more as it was hashed, or the system does not tell.
    fn sharing(&mut self, root: &[u8], file: &PendingFile) -> Option<Sharing> {
        let folder = self.folders.open(root, &file.folder).ok()??;
        let is_it = |seen: &sanchay_core::FileStat| {
            seen.kind == FileKind::File && !seen.placeholder && file.entry.witness() == seen.witness()
        };
        folder.stat(&file.name).ok().filter(|seen| is_it(seen) && !self.context.own.is_file(seen))?;
        let mount = self.context.mounts.of(folder, &folder.stat_self().ok()?).ok()?;
        sharing_of(&folder.content(&file.name).ok()?, mount.pool)
    }
}

/// What a packed extent takes at least.
const PACKED_BYTES: u64 = 4096;

/// What an open file in `pool` shares, where the system tells. What is not on the disk yet is no other's either. What a
/// packed extent may not give back counts as shared.
pub(crate) fn sharing_of(file: &impl Content, pool: VolumeId) -> Option<Sharing> {
    let extents = file.extents()?;
    let kept = |extent: &Extent| match (extent.shared, extent.packed) {
        (true, _) => extent.length_bytes,
        (false, true) => extent.length_bytes.saturating_sub(PACKED_BYTES),
        (false, false) => 0,
    };
    let shared_bytes = extents.iter().map(kept).sum();
    if shared_bytes == 0 {
        return None;
    }
    let mut place = pool.to_bytes().to_vec();
    let mut end = None;
    for extent in &extents {
        // The same stretch may be told in one piece or in several.
        if end != Some(extent.physical_bytes) {
            place.extend_from_slice(&end.unwrap_or(0).to_le_bytes());
            place.extend_from_slice(&extent.physical_bytes.to_le_bytes());
        }
        end = Some(extent.physical_bytes + extent.length_bytes);
    }
    place.extend_from_slice(&end.unwrap_or(0).to_le_bytes());
    let digest = sanchay_core::content_hash::hash_bytes(sanchay_core::Algorithm::Blake3, &place);
    let mut head = [0; 8];
    head.copy_from_slice(&digest.as_bytes()[..8]);
    Some(Sharing { storage: i64::from_le_bytes(head), shared_bytes })
}
