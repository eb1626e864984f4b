//! The catalog: the only crate with SQL.
//!
//! Promises: one writer thread; readers see whole transactions; memory does not grow with the catalog. It never touches a
//! file of a person, and never opens its own file a second time by other means than SQLite.
//!
//! Every fallible call gives a [`CatalogError`].

mod absent;
mod beside;
pub mod block;
mod catalog;
mod changed;
mod check;
mod checked;
pub mod content;
mod damage;
mod database;
mod error;
pub mod expression;
mod extensions;
pub mod feed;
mod halt;
pub mod journal;
mod large_folders;
mod load;
mod name_index;
mod new_volume;
mod ownership;
pub mod queries;
mod reader;
mod roots;
#[cfg(test)]
mod roots_tests;
mod shared;
mod stored;
mod volumes;
mod writer;

pub use absent::Absent;
pub use beside::with_suffix;
pub use catalog::{Catalog, CatalogOptions};
pub use check::{CheckReport, Fault, FaultKind};
pub use checked::{Checkable, Checked, CheckedRow, HashedFile};
pub use database::SCHEMA_VERSION;
pub use error::CatalogError;
pub use expression::fold as fold_name;
pub use extensions::{Extensions, IdsInHand};
pub use halt::Halt;
pub use ownership::{holds_lock, locked_name, read_claim, real_file, Claim, LOCK_SUFFIX};
pub use reader::{Reader, ReaderGuard};
pub use roots::{RootRow, RootSeen, RootState};
pub use shared::Shared;
pub use stored::{StoredBlock, StoredChild, StoredDirectory};
pub use writer::{
    BlockWrite, DirectoryChange, DirectoryRow, HashUpdate, Removed, RollupDelta, RollupKind, Rollups, Session, Stream,
    UsageDelta, Writer,
};
