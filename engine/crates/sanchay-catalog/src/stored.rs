//! What the catalog holds of one directory, as a rescan compares it with the disk.

use crate::block::BlockView;
use crate::error::CatalogError;

/// A subdirectory's row.
#[derive(Clone, Debug)]
pub struct StoredChild {
    /// Its id.
    pub id: i64,
    /// Its exact name.
    pub name: Vec<u8>,
    /// Volume id in the catalog.
    pub volume: i64,
    /// On that volume.
    pub inode: u64,
    /// Unix time.
    pub mtime_ns: i64,
    /// It could not be listed the last time.
    pub unreadable: bool,
    /// Something was mounted there.
    pub mounted: bool,
}

/// A block as it is stored.
#[derive(Clone, Debug)]
pub struct StoredBlock {
    /// Its row id.
    pub id: i64,
    pub(crate) columns: Vec<u8>,
    pub(crate) detail: Vec<u8>,
}

impl StoredBlock {
    /// For reading.
    pub fn view(&self) -> Result<BlockView<'_>, CatalogError> {
        BlockView::parse(&self.columns, &self.detail)
    }
}

/// One directory's subdirectories and blocks.
#[derive(Clone, Debug, Default)]
pub struct StoredDirectory {
    /// Subdirectories, by name.
    pub children: Vec<StoredChild>,
    /// Blocks, by id: the order in which their entries were first listed.
    pub blocks: Vec<StoredBlock>,
}
