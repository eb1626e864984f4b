//! Where the names of a file may be stored: the smallest and largest inode of each block, 16 bytes for up to 256 entries.
//!
//! A write through one hard link changes the file behind the others too, and their folders hear nothing of it. The
//! content index knows files by their content, which has just changed; this knows them by inode. It is filled as
//! directories are compared, so it is complete after the first scan of a process, and forgets nothing: a block that went
//! away is found empty.

use std::sync::Mutex;

use sanchay_catalog::queries::Sibling;
use sanchay_catalog::{CatalogError, Reader};

/// Blocks that are read for one question at most, some 0.3 s. Where the file system hands out inodes without order, more
/// would match; then a comparison of the whole root finds the other names.
const BLOCKS_MOST: usize = 20_000;

/// Bounds on the inodes of each block.
#[derive(Default)]
pub(crate) struct Inodes {
    bounds: Mutex<Vec<(u64, u64)>>,
}

/// What a question found.
pub(crate) struct Siblings {
    pub(crate) found: Vec<Sibling>,
    /// Some may have been left out.
    pub(crate) more: bool,
}

impl Inodes {
    /// Remembers that `block` holds these inodes (or did).
    pub(crate) fn note(&self, block: i64, inodes: impl Iterator<Item = u64>) {
        let Some((low, high)) = inodes.fold(None, |bounds: Option<(u64, u64)>, inode| {
            Some(bounds.map_or((inode, inode), |(low, high)| (low.min(inode), high.max(inode))))
        }) else {
            return;
        };
        let mut bounds = self.bounds.lock().expect("no panic under this lock");
        let at = block as usize;
        if bounds.len() <= at {
            bounds.resize(at + 1, (u64::MAX, 0));
        }
        bounds[at] = (bounds[at].0.min(low), bounds[at].1.max(high));
    }

    /// The names of the files with these inodes on `volume`.
    pub(crate) fn names(&self, reader: &Reader, volume: i64, inodes: &[u64]) -> Result<Siblings, CatalogError> {
        let mut inodes = inodes.to_vec();
        inodes.sort_unstable();
        inodes.dedup();
        let blocks: Vec<i64> = {
            let bounds = self.bounds.lock().expect("no panic under this lock");
            let may_hold = |(low, high): (u64, u64)| {
                inodes.get(inodes.partition_point(|inode| *inode < low)).is_some_and(|inode| *inode <= high)
            };
            (0..bounds.len()).filter(|&at| may_hold(bounds[at])).map(|at| at as i64).take(BLOCKS_MOST + 1).collect()
        };
        let mut siblings = Siblings { found: Vec::new(), more: blocks.len() > BLOCKS_MOST };
        for block in blocks.into_iter().take(BLOCKS_MOST) {
            siblings.found.extend(reader.names_of_inodes(block, volume, &inodes)?);
        }
        Ok(siblings)
    }
}
