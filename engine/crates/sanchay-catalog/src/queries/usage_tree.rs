//! The way down from a folder: what lies right in one, the largest first, and only where it is large enough.
//!
//! Memory is bounded by the rows that are asked for, however many folders and files lie in one folder.

use sanchay_core::path::join;
use sanchay_core::FileType;

use super::usage_row::{Found, LeftOut, UsageRequest, UsageRow};
use super::usage_types::types_of_extensions;
use crate::block::{BlockView, EntryId, EntryKind};
use crate::error::CatalogError;
use crate::extensions::Extensions;
use crate::reader::Reader;

/// From which size on something is a row.
#[derive(Clone, Copy, Debug, Default)]
struct Least {
    share: f64,
    bytes: u64,
    allocated: u64,
}

impl Least {
    /// A share of all these.
    fn of<'a>(share: f64, whole: impl Iterator<Item = &'a UsageRow>) -> Self {
        whole.fold(Self { share, ..Self::default() }, |least, row| Self {
            bytes: least.bytes + row.bytes,
            allocated: least.allocated + row.allocated,
            share,
        })
    }

    /// Either measure will do: a sparse file is large by its size, a small one where blocks are large by those.
    fn takes(&self, bytes: u64, allocated: u64) -> bool {
        let reaches = |part: u64, whole: u64| whole > 0 && part as f64 >= self.share * whole as f64;
        self.share <= 0.0 || reaches(bytes, self.bytes) || reaches(allocated, self.allocated)
    }
}

/// The largest of what is offered, as many as are wanted.
struct Largest {
    found: Vec<Found>,
    limit: usize,
    /// What is smaller is none of them.
    floor_bytes: u64,
}

/// So many more than are wanted are held before the smallest go.
const SPARE: usize = 1024;

impl Largest {
    fn wants(&self, bytes: u64) -> bool {
        bytes >= self.floor_bytes
    }

    fn offer(&mut self, found: Found) {
        self.found.push(found);
        if self.found.len() >= self.limit.saturating_add(SPARE) {
            self.found.select_nth_unstable_by(self.limit, Found::by_size);
            self.found.truncate(self.limit);
            self.floor_bytes = self.found.iter().map(|found| found.row.bytes).min().unwrap_or(0);
        }
    }

    fn into_sorted(mut self) -> Vec<Found> {
        self.found.sort_unstable_by(Found::by_size);
        self.found.truncate(self.limit);
        self.found
    }
}

/// A way down, and the rows that were met on it.
pub(super) struct Descent<'r> {
    reader: &'r Reader,
    depth: u32,
    least: Least,
    pub(super) rows: Vec<Found>,
    with_files: bool,
    limit: usize,
    types: Vec<FileType>,
}

impl<'r> Descent<'r> {
    pub(super) fn new(reader: &'r Reader, extensions: &Extensions, request: &UsageRequest<'_>) -> Self {
        Self {
            reader,
            depth: request.depth,
            least: Least { share: request.least_share, ..Least::default() },
            rows: Vec::new(),
            with_files: request.with_files,
            limit: request.limit,
            types: if request.with_files { types_of_extensions(extensions) } else { Vec::new() },
        }
    }

    /// The top of every tree, and what lies in it.
    pub(super) fn tops(&mut self) -> Result<Vec<i64>, CatalogError> {
        let mut tops = Vec::new();
        for (top, name) in self.reader.tops()? {
            tops.extend(self.reader.usage_row(top, name)?);
        }
        self.least = Least::of(self.least.share, tops.iter().map(|top| &top.row));
        tops.sort_by_key(|top| std::cmp::Reverse(top.row.bytes));
        for top in tops {
            self.descend(top, 0)?;
        }
        Ok(Vec::new())
    }

    /// The folder at `path`. What begins somewhere below it (a root of a folder above roots) stands right below it. Gives
    /// the directories that the first row is made of.
    pub(super) fn folder(&mut self, path: &[u8]) -> Result<Vec<i64>, CatalogError> {
        let scope = self.reader.scope(path)?;
        let mut parts = Vec::with_capacity(scope.starts.len());
        for start in &scope.starts {
            parts.extend(self.reader.usage_row(start.directory, start.path.clone())?);
        }
        if parts.is_empty() {
            return Err(CatalogError::UnknownPath(path.to_vec()));
        }
        self.least = Least::of(self.least.share, parts.iter().map(|part| &part.row));
        let made_of: Vec<i64> = parts.iter().map(|part| part.directory).collect();
        if scope.is_directory && parts.len() == 1 {
            self.descend(parts.remove(0), 0)?;
            return Ok(made_of);
        }
        let mut whole = UsageRow { path: path.to_vec(), above_roots: !scope.is_directory, ..UsageRow::default() };
        for part in parts.iter().map(|part| &part.row) {
            whole.files += part.files;
            whole.directories += part.directories;
            whole.bytes += part.bytes;
            whole.allocated += part.allocated;
            whole.newest_ns = whole.newest_ns.max(part.newest_ns);
        }
        let own = if scope.is_directory { Some(parts.remove(0)) } else { None };
        let mut inside = Vec::new();
        if self.depth > 0 {
            let mut largest = self.largest();
            if let Some(own) = &own {
                self.inside(own, &mut largest, &mut whole.left_out)?;
            }
            for part in parts {
                if self.least.takes(part.row.bytes, part.row.allocated) {
                    largest.offer(part);
                } else {
                    whole.left_out.add(&part.row);
                }
            }
            inside = largest.into_sorted();
        }
        self.rows.push(Found { directory: own.map_or(0, |own| own.directory), file: None, row: whole });
        for part in inside {
            self.descend(part, 1)?;
        }
        Ok(made_of)
    }

    fn largest(&self) -> Largest {
        Largest { found: Vec::new(), limit: self.limit.saturating_sub(self.rows.len()), floor_bytes: 0 }
    }

    /// A folder and what lies in it, at a depth.
    fn descend(&mut self, own: Found, at: u32) -> Result<(), CatalogError> {
        // By a list of what is to come, for folders may lie thousands of levels deep.
        let mut to_come = vec![(at, own)];
        while let Some((at, mut found)) = to_come.pop() {
            if self.rows.len() >= self.limit {
                return Ok(());
            }
            found.row.depth = at;
            if at < self.depth && found.file.is_none() {
                let (mut largest, mut left_out) = (self.largest(), LeftOut::default());
                self.inside(&found, &mut largest, &mut left_out)?;
                found.row.left_out = left_out;
                to_come.extend(largest.into_sorted().into_iter().rev().map(|child| (at + 1, child)));
            }
            self.rows.push(found);
        }
        Ok(())
    }

    /// What lies right in a folder. `own` is what is kept of it: the files are what the folders in it leave of that.
    fn inside(&self, own: &Found, largest: &mut Largest, left_out: &mut LeftOut) -> Result<(), CatalogError> {
        let mut files = LeftOut { rows: 0, files: own.row.files, bytes: own.row.bytes, allocated: own.row.allocated };
        let mut statement = self.reader.connection.prepare_cached(
            "SELECT u.directory, u.files, u.directories, u.bytes, u.allocated, u.newest_ns, d.name
             FROM directory d JOIN usage u ON u.directory = d.id WHERE d.parent = ?1",
        )?;
        let mut rows = statement.query([own.directory])?;
        while let Some(row) = rows.next()? {
            let mut child = totals(row)?;
            files.files = files.files.saturating_sub(child.row.files);
            files.bytes = files.bytes.saturating_sub(child.row.bytes);
            files.allocated = files.allocated.saturating_sub(child.row.allocated);
            if !self.least.takes(child.row.bytes, child.row.allocated) {
                left_out.add(&child.row);
            } else if largest.wants(child.row.bytes) {
                let name = row.get_ref(6)?.as_blob().map_err(|_| CatalogError::corrupt_block())?;
                child.row.path = join(&own.row.path, name);
                largest.offer(child);
            }
        }
        if self.with_files && files.files > 0 {
            self.files(own, files, largest, left_out)?;
        }
        Ok(())
    }

    /// The files right in a folder, which are `all` together.
    fn files(
        &self,
        own: &Found,
        all: LeftOut,
        largest: &mut Largest,
        left_out: &mut LeftOut,
    ) -> Result<(), CatalogError> {
        let mut rest = LeftOut { rows: all.files, ..all };
        // Together they are too small: so is each of them, and none need be read.
        if self.least.takes(all.bytes, all.allocated) {
            let mut statement = self.reader.connection.prepare_cached(
                "SELECT b.id, b.max_size, b.columns, d.detail FROM block b JOIN block_detail d ON d.id = b.id
                 WHERE b.directory = ?1 AND b.files > 0",
            )?;
            let mut rows = statement.query([own.directory])?;
            while let Some(row) = rows.next()? {
                // Its largest file with all that is allocated here would be no row, or none of the largest.
                let largest_bytes = row.get::<_, i64>(1)? as u64;
                if !self.least.takes(largest_bytes, all.allocated) {
                    continue;
                }
                let block: i64 = row.get(0)?;
                let columns = row.get_ref(2)?.as_blob().map_err(|_| CatalogError::corrupt_block())?;
                let detail = row.get_ref(3)?.as_blob().map_err(|_| CatalogError::corrupt_block())?;
                BlockView::parse(columns, detail)?.for_each(|slot, item| {
                    let entry = &item.entry;
                    if entry.kind != EntryKind::File || !self.least.takes(entry.size_bytes, entry.allocated_bytes) {
                        return;
                    }
                    rest.rows = rest.rows.saturating_sub(1);
                    rest.files = rest.files.saturating_sub(1);
                    rest.bytes = rest.bytes.saturating_sub(entry.size_bytes);
                    rest.allocated = rest.allocated.saturating_sub(entry.allocated_bytes);
                    if !largest.wants(entry.size_bytes) {
                        return;
                    }
                    let file_type = self.types.get(entry.extension as usize).copied().unwrap_or(FileType::Other);
                    largest.offer(Found {
                        directory: 0,
                        file: Some(EntryId::new(block, slot)),
                        row: UsageRow {
                            path: join(&own.row.path, item.name),
                            file_type: Some(file_type),
                            files: 1,
                            bytes: entry.size_bytes,
                            allocated: entry.allocated_bytes,
                            newest_ns: Some(entry.mtime_ns),
                            ..UsageRow::default()
                        },
                    });
                })?;
            }
        }
        if self.least.share > 0.0 {
            left_out.rows += rest.rows;
            left_out.files += rest.files;
            left_out.bytes += rest.bytes;
            left_out.allocated += rest.allocated;
        }
        Ok(())
    }
}

impl Reader {
    /// The totals of a directory that has this path; None where there are none.
    pub(super) fn usage_row(&self, directory: i64, path: Vec<u8>) -> Result<Option<Found>, CatalogError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT directory, files, directories, bytes, allocated, newest_ns FROM usage WHERE directory = ?1",
        )?;
        let mut rows = statement.query([directory])?;
        let Some(row) = rows.next()? else {
            return Ok(None);
        };
        let mut found = totals(row)?;
        found.row.path = path;
        Ok(Some(found))
    }
}

fn totals(row: &rusqlite::Row<'_>) -> Result<Found, CatalogError> {
    let newest_ns: i64 = row.get(5)?;
    let found = UsageRow {
        files: row.get::<_, i64>(1)? as u64,
        directories: row.get::<_, i64>(2)? as u64,
        bytes: row.get::<_, i64>(3)? as u64,
        allocated: row.get::<_, i64>(4)? as u64,
        newest_ns: (newest_ns != i64::MIN).then_some(newest_ns),
        ..UsageRow::default()
    };
    Ok(Found { directory: row.get(0)?, file: None, row: found })
}
