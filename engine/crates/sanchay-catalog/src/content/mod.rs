//! The content index: which files have the same content, answered by walking an index and never by a GROUP BY.

mod chunk_store;
mod clean_up;
mod copies;
mod edges;
mod extents;
mod group;
mod level;
#[cfg(test)]
mod level_tests;
mod merge;
mod perhaps;
mod posting;
mod recount;
mod remove;
#[cfg(test)]
mod tests;

pub use clean_up::Sharing;
pub use copies::{Facts, SharedContent};
pub use edges::FileEdges;
pub use extents::FoundSharing;
pub use group::{GroupFigures, Member};
pub(crate) use level::{end_of_part, for_each_piece, postings_of, LEVELS};
pub use posting::{
    content_key, encode_chunk, usual_allocation, ChunkView, Posting, Staged, EXTENTS_ASKED, GONE, MAY_SHARE_EXTENTS,
    MULTIPLE_LINKS, ODD_ALLOCATION, OTHER_VOLUME, SHARES_EXTENTS,
};
