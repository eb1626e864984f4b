//! Whether a file whose first bytes are broken is a catalog of ours all the same, by what is left of it. Only what surely is
//! one is moved aside for a new one: pages of our size that are numbered as a database's are, and in them either our number or
//! the words that made our tables.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::signs::{number_at, APPLICATION_ID, PAGE_BYTES, TABLES};

/// The tables are described in the first pages.
const LOOKED_AT_BYTES: u64 = 1 << 20;
/// The first byte of a page of a table or an index: inner and outer ones.
const TREE_PAGES: [u8; 4] = [2, 5, 10, 13];

/// Reads the first pages. The file is not open anywhere in this process: no one holds its lock.
pub(super) fn is_catalog(path: &Path) -> bool {
    let page_bytes = u64::from(PAGE_BYTES);
    let Ok(length) = path.metadata().map(|metadata| metadata.len()) else { return false };
    if length % page_bytes != 0 || length < 2 * page_bytes {
        return false;
    }
    let mut start = Vec::new();
    let read = File::open(path).and_then(|file| file.take(LOOKED_AT_BYTES).read_to_end(&mut start));
    if read.is_err() {
        return false;
    }
    let mut others = start.chunks_exact(PAGE_BYTES as usize).skip(1);
    let has_trees = others.any(|page| TREE_PAGES.contains(&page[0]) && is_tree(page));
    has_trees && (number_at(&start, 68) == APPLICATION_ID || TABLES.iter().all(|name| describes(&start, name)))
}

/// Whether the places of the first entries lie in the page, behind its header.
fn is_tree(page: &[u8]) -> bool {
    let entries = usize::from(u16::from_be_bytes([page[3], page[4]]));
    let header = if page[0] < 8 { 12 } else { 8 };
    let content = usize::from(u16::from_be_bytes([page[5], page[6]]));
    header + 2 * entries <= content && content <= page.len()
}

fn describes(start: &[u8], table: &str) -> bool {
    memchr::memmem::find(start, format!("CREATE TABLE {table} (").as_bytes()).is_some()
}
