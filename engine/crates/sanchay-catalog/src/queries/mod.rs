//! Questions to the catalog, a file a noun. Each answers from one snapshot.

mod changes;
mod copy_filter;
mod debt;
mod duplicates;
mod extents;
mod filter;
mod find;
mod growth;
mod lanes;
mod linked;
mod lookups;
mod pending;
mod place;
mod remembered;
mod runs;
mod search;
mod siblings;
mod status;
mod stream;
mod summary;
#[cfg(test)]
mod tests;
mod tree;
mod usage;

pub use changes::{ChangePage, ChangeRow, ChangesRequest};
pub use debt::HashDebt;
pub use duplicates::{DuplicateGroup, DuplicatePage, DuplicatePath, DuplicateRequest, DuplicateSort};
pub use extents::DueExtents;
pub use find::{FindPage, FindRequest, Sort, SortKey};
pub use growth::{DayTotal, GrowthPage, GrowthRequest, GrowthRow, VolumePace};
pub use pending::{PendingFile, SizeSketch};
pub use remembered::Remembered;
pub use siblings::Sibling;
pub use status::{CatalogStatus, RootStatus};
pub use stream::FileStream;
pub use summary::{SummaryBy, SummaryRow};
pub use tree::{PathResolver, RootName, RootNames};
pub use usage::UsageRow;

use sanchay_core::{extension, Algorithm, ContentHash, FileType};

use crate::block::{Entry, HashState};

/// A regular file as it is shown.
#[derive(Clone, Debug)]
pub struct FileRow {
    /// Its entry.
    pub id: crate::block::EntryId,
    /// Exact bytes.
    pub path: Vec<u8>,
    /// What is known of it.
    pub entry: Entry,
    /// The innermost root that it lies in; 0: none.
    pub root_id: i64,
}

impl FileRow {
    /// Its hash and the algorithm, where there is one.
    pub fn hash(&self) -> Option<(ContentHash, Algorithm)> {
        self.entry.hash.map(|hash| (hash, self.entry.algorithm))
    }

    /// What is known of its content.
    pub fn hash_state(&self) -> HashState {
        self.entry.hash_state
    }

    /// Its type, by extension.
    pub fn file_type(&self) -> FileType {
        extension(self.name()).map_or(FileType::Other, |extension| FileType::from_extension(extension.as_bytes()))
    }

    /// Its name.
    pub fn name(&self) -> &[u8] {
        let at = self.path.iter().rposition(|&byte| byte == b'/' || (cfg!(windows) && byte == b'\\'));
        &self.path[at.map_or(0, |at| at + 1)..]
    }
}
