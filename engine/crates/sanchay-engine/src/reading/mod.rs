//! Reading files for their content, and what of it may be trusted.

mod contents;
mod file_reader;
mod slices;

pub(crate) use contents::Contents;
pub(crate) use file_reader::{is_racy, FileReader, Verdict, Writing, FRESH_NS, SMALL_BYTES, YOUNG_NS};
pub(crate) use slices::{is_mostly_holes, HOLES_BYTES};
