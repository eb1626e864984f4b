//! The healthy copies of what a damaged file should be.

use sanchay_catalog::HashedFile;
use sanchay_core::path::join;
use sanchay_core::{ContentHash, FileStat};

use super::file::{Files, Reading};
use crate::error::EngineError;
use crate::trashes::is_in_trash;

/// Copies that are read to find them.
const READ_MOST: usize = 32;

/// A file that has the content.
pub(crate) struct Twin {
    pub(crate) path: Vec<u8>,
    /// Its stat while it was read.
    #[cfg_attr(not(unix), allow(dead_code))] // only repairs need it
    pub(crate) seen: FileStat,
}

/// Other files with this hash, that `file` should have, at most `most`: each was read whole just now, and has it.
pub(crate) fn healthy_twins(
    files: &mut Files<'_>,
    file: &HashedFile,
    hash: ContentHash,
    most: usize,
) -> Result<Vec<Twin>, EngineError> {
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
                twins.push(Twin { path, seen: content.seen });
            }
        }
        if twins.len() >= most || files.control.is_cancelled() {
            break;
        }
    }
    Ok(twins)
}
