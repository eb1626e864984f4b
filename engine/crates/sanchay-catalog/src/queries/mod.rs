//! Questions to the catalog, a file a noun. Each answers from one snapshot.

mod budget;
mod cache;
mod changes;
mod copy_filter;
mod duplicate_page;
mod duplicates;
mod extents;
mod filter;
mod filter_context;
mod find;
mod first;
mod fits;
mod folders;
mod group_view;
mod growth;
mod hit_view;
mod linked;
mod lookups;
mod not_compared;
mod parallel;
mod pending;
mod place;
mod progress;
mod runs;
mod same_size;
mod scope;
mod search;
mod shared_folders;
mod siblings;
mod sort;
mod status;
mod stream;
mod summary;
#[cfg(test)]
mod tests;
mod tree;
mod uncompared;
mod unhashed;
mod usage;
mod usage_row;
mod usage_tree;
mod usage_types;

pub use cache::Cache;
pub use changes::{ChangePage, ChangeRow, ChangesRequest};
pub use duplicate_page::{
    DuplicateGroup, DuplicatePage, DuplicatePath, DuplicateRequest, DuplicateSort, IgnoredCopies,
};
pub use extents::DueExtents;
pub use find::{FindPage, FindRequest};
pub use fits::Fits;
pub use group_view::{GroupRow, GroupView, RowsAsked};
pub use growth::{DayTotal, GrowthPage, GrowthRequest, GrowthRow, VolumePace};
pub use hit_view::HitView;
pub use pending::{PendingFile, SizeSketch};
pub(crate) use runs::ReaderFacts;
pub use same_size::{OfSize, PlacedFile, SizesFound};
pub use scope::{Scope, Start};
pub use shared_folders::{FolderPair, PairSide, SharedFolders};
pub use siblings::Sibling;
pub use sort::{Sort, SortKey};
pub use status::{CatalogStatus, RootStatus};
pub use stream::FileStream;
pub use summary::{SummaryBy, SummaryRow};
pub use tree::{PathResolver, RootName, RootNames};
pub use uncompared::NotCompared;
pub use unhashed::HashDebt;
pub use usage::UsagePage;
pub use usage_row::{LeftOut, TypeSums, UsageRequest, UsageRow};

use sanchay_core::{extension, Algorithm, ContentHash, Extension, FileType};

use self::budget::{path_bytes, ROW_BYTES};
use crate::block::{Entry, EntryKind, HashState};
use crate::expression::{FOLDER, LINK, SPECIAL};

/// What a row stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowKind {
    /// A regular file.
    File,
    /// A symbolic link.
    Link,
    /// A FIFO, socket or device.
    Special,
    /// A folder, with the sizes of all below it; its stamps and links are not known.
    Folder,
}

impl From<EntryKind> for RowKind {
    fn from(kind: EntryKind) -> Self {
        match kind {
            EntryKind::File | EntryKind::Dead => Self::File,
            EntryKind::Symlink => Self::Link,
            EntryKind::Special => Self::Special,
        }
    }
}

/// A file, or what else is found, as it is shown.
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
    /// What it is.
    pub kind: RowKind,
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

    /// The word for its type: of a file by extension.
    pub fn type_name(&self) -> &'static str {
        match self.kind {
            RowKind::File => self
                .extension()
                .map_or(FileType::Other, |extension| FileType::from_extension(extension.as_bytes()))
                .name(),
            RowKind::Link => LINK,
            RowKind::Special => SPECIAL,
            RowKind::Folder => FOLDER,
        }
    }

    /// A file's extension.
    pub fn extension(&self) -> Option<Extension> {
        extension(self.name()).filter(|_| self.kind == RowKind::File)
    }

    /// A bound on what it takes of a page's bytes.
    fn bytes(&self) -> usize {
        ROW_BYTES + path_bytes(&self.path) + self.extension().map_or(0, |extension| extension.as_str().len())
    }

    /// Its name.
    pub fn name(&self) -> &[u8] {
        let at = self.path.iter().rposition(|&byte| byte == b'/' || (cfg!(windows) && byte == b'\\'));
        &self.path[at.map_or(0, |at| at + 1)..]
    }
}
