//! Watching folders: what the system tells of changes, and what has to be done for each.
//!
//! A watcher says what happened ([`FileEvent`]), the event algebra says what to do about it ([`Step`]).

mod event;
mod folder;
mod missed;
mod mode;
mod moves;
mod part;
pub(crate) mod paths;
mod pending;
mod scope;
pub(crate) mod sink;
mod step;
mod watcher;

pub use event::{FileEvent, PathBytes, WatchRefused};
#[cfg(target_os = "linux")]
pub(crate) use mode::advise_by_name;
pub use mode::{advise, WatchMode};
pub use moves::name_after;
pub use part::PolledPart;
pub use pending::{Pending, PENDING_LIMIT};
pub use scope::Scope;
pub use step::{Name, ReconcileReason, Step};
pub use watcher::Watcher;
