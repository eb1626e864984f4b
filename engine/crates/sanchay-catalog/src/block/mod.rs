//! Blocks: up to 256 entries of one directory, packed in columns.
//!
//! A block is two blobs. The *columns* hold what filters look at, the *detail* holds names, witnesses and hashes. An
//! entry keeps its slot for life, so `block x 256 + slot` names it for ever; a slot that is given up is dead until a new
//! entry takes it. Nothing here knows SQL.

pub mod column;
pub mod contents;
mod entry;
mod view;

pub use entry::{encode, EncodedBlock, Entry, EntryId, EntryKind, EntryRef, HashState, Zone, BLOCK_SLOTS};
pub use view::{BlockColumns, BlockDetail, BlockView};
