//! Paths of folders that were spelled last, bounded in number and in bytes: a deep tree has long ones.

use std::collections::HashMap;

const PATHS_MOST: usize = 20_000;
const BYTES_MOST: usize = 8 << 20;

/// By the folder's id.
#[derive(Debug, Default)]
pub(crate) struct Paths {
    known: HashMap<i64, Vec<u8>>,
    bytes: usize,
}

impl Paths {
    pub(crate) fn get(&self, folder: i64) -> Option<&[u8]> {
        self.known.get(&folder).map(Vec::as_slice)
    }

    /// Remembers one; of too many all others are forgotten.
    pub(crate) fn insert(&mut self, folder: i64, path: Vec<u8>) {
        if self.known.len() >= PATHS_MOST || self.bytes >= BYTES_MOST {
            self.clear();
        }
        self.bytes += path.len();
        self.known.insert(folder, path);
    }

    /// Forgets all: they may be others from now on.
    pub(crate) fn clear(&mut self) {
        self.known.clear();
        self.bytes = 0;
    }
}
