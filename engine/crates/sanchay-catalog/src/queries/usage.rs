//! `du`: what folders hold, from totals that are kept as entries change.

use super::budget::{path_bytes, Budget, ROW_BYTES};
use super::tree::PathResolver;
use crate::catalog::Catalog;
use crate::error::CatalogError;
use crate::reader::Reader;

/// One folder with all below it.
#[derive(Clone, Debug)]
pub struct UsageRow {
    /// Exact bytes.
    pub path: Vec<u8>,
    /// 0: the folder that was asked for.
    pub depth: u32,
    /// Regular files.
    pub files: u64,
    /// Folders, itself included.
    pub directories: u64,
    /// Apparent bytes of each name.
    pub bytes: u64,
    /// Allocated bytes; of a file with several names in the folder, once.
    pub allocated: u64,
    /// Apparent bytes of further names of files that are counted already.
    pub linked_bytes: u64,
    /// Newest modification that was seen there; None without files.
    pub newest_ns: Option<i64>,
    /// The folder lies above roots, and is no directory of the catalog: these are the sums of the roots in it.
    pub above_roots: bool,
}

/// What is asked of folders.
#[derive(Clone, Copy, Debug, Default)]
pub struct UsageRequest<'a> {
    /// The folder; None: the top of every tree.
    pub path: Option<&'a [u8]>,
    /// Levels below it.
    pub depth: u32,
    /// Maximum number of rows.
    pub limit: usize,
    /// Maximum bytes of the page as a message; None: no bound. A page that ends for them goes on with its token.
    pub max_bytes: Option<usize>,
    /// The token of the page before; empty for the first.
    pub token: &'a str,
}

/// Folders, each before its own, sisters by size.
#[derive(Clone, Debug, Default)]
pub struct UsagePage {
    /// The folders of this page.
    pub rows: Vec<UsageRow>,
    /// For the next page; empty: this is the last.
    pub next_token: String,
}

impl Catalog {
    /// A folder and those below it.
    pub fn usage(&self, request: &UsageRequest<'_>) -> Result<UsagePage, CatalogError> {
        let bad = |_| CatalogError::InvalidArgument("the page token is not one of this question's".to_owned());
        let first = if request.token.is_empty() { 0 } else { request.token.parse::<u32>().map_err(bad)? as usize };
        let end = first.saturating_add(request.limit);
        let mut rows = self.usage_rows(request.path, request.depth, end.saturating_add(1))?;
        let all = rows.len();
        let mut budget = Budget::new(request.max_bytes);
        let fits = |row: &UsageRow| budget.take(ROW_BYTES + path_bytes(&row.path));
        rows = rows.into_iter().skip(first).take(request.limit).take_while(fits).collect();
        let next = first + rows.len();
        let next_token = if next < all { next.to_string() } else { String::new() };
        Ok(UsagePage { rows, next_token })
    }

    /// The first `limit` rows.
    pub(super) fn usage_rows(
        &self,
        path: Option<&[u8]>,
        depth: u32,
        limit: usize,
    ) -> Result<Vec<UsageRow>, CatalogError> {
        let reader = self.reader()?;
        reader.snapshot(|reader| {
            let mut rows = Vec::new();
            let mut parts = Vec::new();
            match path {
                Some(path) => parts = reader.usage_of(path, depth, limit, &mut rows)?,
                None => {
                    let mut tops = Vec::new();
                    for (top, name) in reader.tops()? {
                        tops.extend(reader.usage_row(top, name)?);
                    }
                    tops.sort_by_key(|top| std::cmp::Reverse(top.1.bytes));
                    for top in tops {
                        reader.descend(top, 0, depth, limit, &mut rows)?;
                    }
                }
            }
            reader.count_inodes_once(&mut rows, &parts)?;
            Ok(rows.into_iter().map(|(_, row)| row).collect())
        })
    }
}

type Found = (i64, UsageRow);

impl Reader {
    /// The folder at `path`. What begins somewhere below it (a root of a folder above roots) stands right below it. Gives
    /// the directories that the first row is made of.
    fn usage_of(&self, path: &[u8], depth: u32, limit: usize, rows: &mut Vec<Found>) -> Result<Vec<i64>, CatalogError> {
        let scope = self.scope(path)?;
        let mut parts = Vec::with_capacity(scope.starts.len());
        for start in &scope.starts {
            parts.extend(self.usage_row(start.directory, start.path.clone())?);
        }
        if parts.is_empty() {
            return Err(CatalogError::UnknownPath(path.to_vec()));
        }
        let made_of: Vec<i64> = parts.iter().map(|(directory, _)| *directory).collect();
        if scope.is_directory && parts.len() == 1 {
            self.descend(parts.remove(0), 0, depth, limit, rows)?;
            return Ok(made_of);
        }
        let own = if scope.is_directory { made_of[0] } else { 0 };
        rows.push((
            own,
            UsageRow {
                path: path.to_vec(),
                depth: 0,
                files: parts.iter().map(|(_, part)| part.files).sum(),
                directories: parts.iter().map(|(_, part)| part.directories).sum(),
                bytes: parts.iter().map(|(_, part)| part.bytes).sum(),
                allocated: parts.iter().map(|(_, part)| part.allocated).sum(),
                linked_bytes: 0,
                newest_ns: parts.iter().filter_map(|(_, part)| part.newest_ns).max(),
                above_roots: !scope.is_directory,
            },
        ));
        if depth == 0 {
            return Ok(made_of);
        }
        if scope.is_directory {
            parts.remove(0);
            for (id, mut child) in self.usage_below(own, limit)? {
                child.path = sanchay_core::path::join(path, &child.path);
                parts.push((id, child));
            }
        }
        parts.sort_by(|(_, a), (_, b)| b.bytes.cmp(&a.bytes).then_with(|| a.path.cmp(&b.path)));
        for part in parts {
            self.descend(part, 1, depth, limit, rows)?;
        }
        Ok(made_of)
    }

    fn usage_row(&self, directory: i64, path: Vec<u8>) -> Result<Option<Found>, CatalogError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT directory, files, directories, bytes, allocated, newest_ns, x'' FROM usage WHERE directory = ?1",
        )?;
        let mut rows = statement.query([directory])?;
        let Some(row) = rows.next()? else {
            return Ok(None);
        };
        let (id, mut found) = usage_row(row)?;
        found.path = path;
        Ok(Some((id, found)))
    }

    fn descend(
        &self,
        own: Found,
        at: u32,
        depth: u32,
        limit: usize,
        rows: &mut Vec<Found>,
    ) -> Result<(), CatalogError> {
        // By a list of what is to come, for folders may lie thousands of levels deep.
        let mut to_come = vec![(at, own)];
        while let Some((at, (directory, mut row))) = to_come.pop() {
            if rows.len() >= limit {
                return Ok(());
            }
            row.depth = at;
            if at < depth {
                let below = self.usage_below(directory, limit)?;
                to_come.extend(below.into_iter().rev().map(|(id, mut child)| {
                    child.path = sanchay_core::path::join(&row.path, &child.path);
                    (at + 1, (id, child))
                }));
            }
            rows.push((directory, row));
        }
        Ok(())
    }

    fn usage_below(&self, directory: i64, limit: usize) -> Result<Vec<Found>, CatalogError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT u.directory, u.files, u.directories, u.bytes, u.allocated, u.newest_ns, d.name
             FROM directory d JOIN usage u ON u.directory = d.id WHERE d.parent = ?1 ORDER BY u.bytes DESC, d.name LIMIT ?2",
        )?;
        let mut rows = statement.query((directory, limit as i64))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(usage_row(row)?);
        }
        Ok(found)
    }

    /// The path of a directory, spelled once.
    pub fn directory_path(&self, directory: i64) -> Result<Vec<u8>, CatalogError> {
        let path = PathResolver::new(self).directory(directory)?;
        Ok(path.ok_or_else(|| CatalogError::UnknownPath(b"a folder that was removed".to_vec()))?.to_vec())
    }
}

fn usage_row(row: &rusqlite::Row<'_>) -> Result<Found, CatalogError> {
    let newest_ns: i64 = row.get(5)?;
    let found = UsageRow {
        path: row.get(6)?,
        depth: 0,
        files: row.get::<_, i64>(1)? as u64,
        directories: row.get::<_, i64>(2)? as u64,
        bytes: row.get::<_, i64>(3)? as u64,
        allocated: row.get::<_, i64>(4)? as u64,
        linked_bytes: 0,
        newest_ns: (newest_ns != i64::MIN).then_some(newest_ns),
        above_roots: false,
    };
    Ok((row.get(0)?, found))
}
