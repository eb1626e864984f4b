//! Operations that need no catalog: equal files, hashes and listings of the paths that a caller names.
//!
//! A named path may lead through symbolic links, and may be a link to a folder: it is the caller's word. Below it no link
//! is followed, nothing but regular files is opened, and what cannot be read is left out of a whole, never the end of it.
//! Relative paths are taken from the process's current folder.

mod checksum;
mod duplicates;
pub(crate) mod folders;
mod open_catalogs;
pub(crate) mod parallel;
pub(crate) mod start;
mod walk;

pub use checksum::checksum;
pub use duplicates::{find_duplicates, DuplicateGroup, DuplicatePath};
pub use walk::{Walk, WalkBatches};

pub(crate) use open_catalogs::CatalogGuard;

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::{EngineError, ErrorKind};

/// Asks a running call to give up.
#[derive(Debug, Default)]
pub struct Stop(AtomicBool);

impl Stop {
    /// The call ends soon, with an error of the kind `cancelled`.
    pub fn stop(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn is_stopped(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    fn flow(&self) -> ControlFlow<()> {
        if self.is_stopped() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    fn check(&self) -> Result<(), EngineError> {
        if self.is_stopped() {
            return Err(EngineError::new(ErrorKind::Cancelled, "given up on request"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
