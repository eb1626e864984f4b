//! Acting: what a plan decided is done, one batch of files after another, and taken back.
//!
//! What is meant to be done to a batch is in the journal, on the disk, before the first of its files is touched; what came
//! of it is noted once its folders are synced; then the catalog is told, so that nothing has to be read again. A kill
//! between any two steps leaves acts of which only the intent is known: the next start looks at the disk and settles them.

// On other systems no file is changed yet, and what only runs need lies idle.
#![cfg_attr(not(unix), allow(dead_code))]

mod alone;
#[cfg(unix)]
mod batch;
#[cfg(unix)]
mod folders;
#[cfg(unix)]
mod follow;
mod handle;
#[cfg(unix)]
mod lanes;
mod outcome;
#[cfg(unix)]
mod part;
#[cfg(unix)]
mod places;
#[cfg(unix)]
mod remake;
#[cfg(unix)]
mod repair;
#[cfg(unix)]
mod repair_settle;
#[cfg(all(test, unix))]
mod repair_tests;
#[cfg(unix)]
mod repair_undo;
#[cfg(unix)]
mod run;
#[cfg(unix)]
mod settle;
#[cfg(unix)]
mod step;
#[cfg(unix)]
mod taken_back;
#[cfg(unix)]
mod telling;
#[cfg(all(test, unix))]
mod tests;
#[cfg(unix)]
mod undo;
#[cfg(all(test, unix))]
mod undo_tests;
#[cfg(unix)]
mod why;

pub(crate) use alone::Alone;
pub use handle::Acting;
pub use outcome::{ActProgress, ActResult, ActResultState, Left, RunRequest};
#[cfg(unix)]
pub(crate) use settle::settle_at_opening;
