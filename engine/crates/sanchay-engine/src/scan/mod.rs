//! Scans of a root, or of a part of one. `stages.rs` reads as the list of what a scan does.

mod absence;
mod baseline;
mod compare;
mod comparing;
mod context;
mod deferred;
mod edges;
mod extents;
mod feed;
mod file;
mod findings;
mod folder;
mod folders;
mod large;
#[cfg(test)]
mod large_tests;
mod list;
mod merging;
mod mounts;
mod place;
mod request;
#[cfg(test)]
mod source_tests;
mod stages;
mod stored;
mod walk;

pub(crate) use absence::forget;
pub(crate) use compare::{fill, Target};
pub(crate) use extents::sharing_of;
pub(crate) use file::is_known;
pub(crate) use findings::{Named, DIFFERENCES_MOST};
pub(crate) use folders::Folders;
pub(crate) use list::{list, rules_look_at_paths, ListRequest};
pub(crate) use mounts::{FileVolume, Mount, Mounts};
pub(crate) use place::RootPlace;
pub(crate) use request::ScanRequest;
pub(crate) use stages::run;
pub(crate) use stored::{Difference, Fresh, Stored};
