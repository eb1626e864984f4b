//! What the names of one file count for more than once: `du` counts the blocks of an inode once in each folder.
//!
//! Totals are kept by name, for a name comes and goes without a look at the others. Which names are of one file is
//! found when someone asks: only blocks that hold files with several names are read, by an index of those.

use std::collections::HashMap;

use super::usage_row::Found;
use crate::block::EntryKind;
use crate::error::CatalogError;
use crate::reader::Reader;

/// A name of a file with several, and the deepest of the rows that holds it.
struct Name {
    volume: i64,
    inode: u64,
    row: usize,
    size_bytes: u64,
    allocated_bytes: u64,
}

/// The names of one file in one folder.
#[derive(Clone, Copy, Default)]
struct Names {
    size_bytes: Tally,
    allocated_bytes: Tally,
}

#[derive(Clone, Copy, Default)]
struct Tally {
    sum: u64,
    largest: u64,
}

impl Tally {
    fn add(&mut self, bytes: u64) {
        self.sum = self.sum.saturating_add(bytes);
        self.largest = self.largest.max(bytes);
    }

    fn excess(self) -> u64 {
        self.sum - self.largest
    }
}

impl Reader {
    /// Counts the blocks of each file once in every row, and says how many bytes are of further names. `rows` are
    /// directories with what they hold, a folder before its own; the first is made of the directories `parts`.
    pub(super) fn count_inodes_once(&self, rows: &mut [Found], parts: &[i64]) -> Result<(), CatalogError> {
        let mut rows_above: HashMap<i64, Option<usize>> =
            rows.iter().enumerate().map(|(at, found)| (found.directory, Some(at))).collect();
        rows_above.remove(&0);
        for part in parts {
            rows_above.entry(*part).or_insert(Some(0));
        }
        let mut names = self.names_of_linked(&mut rows_above)?;
        let parents = parents(rows);
        names.sort_unstable_by_key(|name| (name.volume, name.inode));
        let mut counted: HashMap<usize, Names> = HashMap::new();
        for of_file in names.chunk_by(|a, b| (a.volume, a.inode) == (b.volume, b.inode)) {
            if of_file.len() < 2 {
                continue;
            }
            counted.clear();
            for name in of_file {
                let mut at = Some(name.row);
                while let Some(row) = at {
                    let names = counted.entry(row).or_default();
                    names.size_bytes.add(name.size_bytes);
                    names.allocated_bytes.add(name.allocated_bytes);
                    at = parents[row];
                }
            }
            for (row, names) in &counted {
                let row = &mut rows[*row].row;
                row.allocated = row.allocated.saturating_sub(names.allocated_bytes.excess());
                row.linked_bytes = row.linked_bytes.saturating_add(names.size_bytes.excess());
            }
        }
        Ok(())
    }

    /// The names below any row of files that have several.
    fn names_of_linked(&self, rows_above: &mut HashMap<i64, Option<usize>>) -> Result<Vec<Name>, CatalogError> {
        let mut names = Vec::new();
        let mut volume = (0, 0);
        let mut statement = self.connection.prepare_cached(
            "SELECT id, directory FROM block INDEXED BY block_by_linked WHERE linked <> 0 ORDER BY directory",
        )?;
        let mut found = statement.query([])?;
        while let Some(row) = found.next()? {
            let (block, directory): (i64, i64) = (row.get(0)?, row.get(1)?);
            let Some(row) = self.row_above(directory, rows_above)? else { continue };
            if volume.0 != directory {
                volume = (directory, self.volume_of_directory(directory)?);
            }
            self.with_block(block, |view, _| {
                let is_linked =
                    |slot: usize| view.columns.kind(slot) == EntryKind::File && view.columns.links(slot) > 1;
                if !(0..view.columns.len()).any(is_linked) {
                    return Ok(());
                }
                view.for_each(|slot, item| {
                    if is_linked(slot) {
                        let entry = &item.entry;
                        names.push(Name {
                            volume: if entry.volume == 0 { volume.1 } else { entry.volume },
                            inode: entry.inode,
                            row,
                            size_bytes: entry.size_bytes,
                            allocated_bytes: entry.allocated_bytes,
                        });
                    }
                })
            })?;
        }
        Ok(names)
    }

    /// The deepest row that is `directory` or lies above it.
    fn row_above(
        &self,
        directory: i64,
        known: &mut HashMap<i64, Option<usize>>,
    ) -> Result<Option<usize>, CatalogError> {
        let (mut trail, mut at) = (Vec::new(), directory);
        let row = loop {
            if let Some(row) = known.get(&at) {
                break *row;
            }
            trail.push(at);
            at = self.parent(at)?;
            if at == 0 {
                break None;
            }
        };
        known.extend(trail.into_iter().map(|passed| (passed, row)));
        Ok(row)
    }
}

/// The row above each row.
pub(super) fn parents(rows: &[Found]) -> Vec<Option<usize>> {
    let mut open: Vec<usize> = Vec::new();
    let mut parents = Vec::with_capacity(rows.len());
    for (at, found) in rows.iter().enumerate() {
        open.truncate(found.row.depth as usize);
        parents.push(open.last().copied());
        open.push(at);
    }
    parents
}
