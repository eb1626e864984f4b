//! The healthy copies of what a damaged file should be.

use sanchay_catalog::HashedFile;
use sanchay_core::path::join;

use super::file::{Files, Reading};
use crate::error::EngineError;
use crate::trashes::is_in_trash;

/// Copies that are named.
const NAMED_MOST: usize = 8;
/// Copies that are read to find them.
const READ_MOST: usize = 32;

/// The paths of other files with the hash that `file` should have, each of which was read whole just now and has it.
pub(super) fn healthy_twins(files: &mut Files<'_>, file: &HashedFile) -> Result<Vec<Vec<u8>>, EngineError> {
    let Some(hash) = file.entry.hash else { return Ok(Vec::new()) };
    let mut ids = Vec::new();
    let reader = files.shared.catalog.reader()?;
    reader.same_content(&hash, file.entry.algorithm, &mut |posting| {
        if posting.entry != file.id && posting.size_bytes == file.entry.size_bytes {
            ids.push(posting.entry);
        }
        Ok(ids.len() < READ_MOST)
    })?;
    drop(reader);
    let mut twins = Vec::new();
    for id in ids {
        let Some(twin) = files.shared.catalog.hashed_file(id)? else { continue };
        let path = join(&twin.folder, &twin.name);
        let is_other_name = (twin.volume, twin.entry.inode) == (file.volume, file.entry.inode);
        if twin.entry.hash != Some(hash) || is_other_name || is_in_trash(&path) {
            continue;
        }
        if let Reading::Read(content) = files.read_cataloged(&twin, false)? {
            if content.hash == hash {
                twins.push(path);
            }
        }
        if twins.len() >= NAMED_MOST || files.control.is_cancelled() {
            break;
        }
    }
    Ok(twins)
}
