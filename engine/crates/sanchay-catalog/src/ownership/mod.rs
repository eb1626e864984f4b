//! Whose a file is: one owner for each catalog at a time, and no catalog made of another program's file.

mod lock;
mod recognise;

pub use lock::{is_lock_name, locked_name, real_file, CatalogLock, LOCK_SUFFIX};
pub(crate) use recognise::{recognise, APPLICATION_ID};
