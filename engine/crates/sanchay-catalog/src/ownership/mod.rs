//! Whose a file is: one owner for each catalog at a time, and no catalog made of another program's file.

mod claim;
mod damaged;
mod lock;
mod recognise;
mod signs;

pub use claim::{read_claim, Claim};
pub use lock::{holds_lock, locked_name, real_file, CatalogLock, LOCK_SUFFIX};
pub(crate) use recognise::recognise;
pub(crate) use signs::{APPLICATION_ID, PAGE_BYTES};
