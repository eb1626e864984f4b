//! Reading the change feed in pages, from a cursor or a moment on.

use rusqlite::OptionalExtension;

use super::budget::{path_bytes, Budget, ROW_BYTES};
use super::tree::RootNames;
use crate::catalog::Catalog;
use crate::error::CatalogError;
use crate::feed::{ChangeItem, ChangeKind, Cursor};
use crate::reader::Reader;
use sanchay_core::path::is_within;

/// Rows of the feed that one page looks at, at most: a page with a narrow `under` may end early, and says so.
const ROWS_LOOKED_AT: usize = 20_000;

/// What is asked of the feed.
#[derive(Clone, Copy, Debug)]
pub struct ChangesRequest<'a> {
    /// Where an earlier answer ended; empty: the beginning.
    pub cursor: &'a str,
    /// Unix time from which on; not together with a cursor.
    pub since_ns: Option<i64>,
    /// Only what concerns this folder or file.
    pub under: Option<&'a [u8]>,
    /// Changes in a page.
    pub limit: usize,
    /// Maximum bytes of the page as a message; None: no bound. A page that ends for them goes on with its cursor.
    pub max_bytes: Option<usize>,
    /// For naming the root of each change.
    pub roots: &'a RootNames,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeRow {
    /// What happened.
    pub kind: ChangeKind,
    /// Exact bytes.
    pub path: Vec<u8>,
    /// Where a moved one was.
    pub from_path: Option<Vec<u8>>,
    /// A folder with all below it.
    pub folder: bool,
    /// Regular files that it concerns.
    pub files: u64,
    /// Bytes more, or fewer.
    pub bytes_delta: i64,
    /// Apparent bytes: now, or the last that were seen of what is gone.
    pub size_bytes: u64,
    /// When the catalog learnt of it, Unix time.
    pub at_ns: i64,
    /// The innermost root that holds it now; 0: none.
    pub root_id: i64,
}

/// A page of changes, oldest first.
#[derive(Clone, Debug)]
pub struct ChangePage {
    /// In the order in which the catalog learnt of them.
    pub rows: Vec<ChangeRow>,
    /// Where to go on, now or in a month.
    pub cursor: String,
    /// Nothing more has happened so far.
    pub complete: bool,
    /// Changes between the cursor and the first row are not kept any more.
    pub truncated: bool,
}

impl Catalog {
    /// What changed since a cursor or a moment, oldest first.
    pub fn changes(&self, request: &ChangesRequest<'_>) -> Result<ChangePage, CatalogError> {
        if !request.cursor.is_empty() && request.since_ns.is_some() {
            return Err(CatalogError::InvalidArgument(
                "changes go on from a cursor or from a time, not both".to_owned(),
            ));
        }
        let asked = if request.cursor.is_empty() { None } else { Some(Cursor::parse(request.cursor)?) };
        self.reader()?.snapshot(|reader| {
            let (start, truncated) = reader.change_start(asked, request.since_ns)?;
            reader.change_page(request, start, truncated)
        })
    }
}

impl Reader {
    /// Where to begin, and whether something before it is gone.
    fn change_start(&self, asked: Option<Cursor>, since_ns: Option<i64>) -> Result<(Cursor, bool), CatalogError> {
        let (epoch, pruned) = (self.meta("change_epoch")?, self.meta("change_pruned")?);
        let first = Cursor { epoch, sequence: pruned + 1, position: 0 };
        let end = self.change_end(epoch)?;
        if let Some(cursor) = asked {
            let ours = cursor.epoch == epoch && cursor.sequence <= end.sequence;
            return Ok(if ours && cursor.sequence > pruned { (cursor, false) } else { (first, true) });
        }
        let Some(since_ns) = since_ns else {
            return Ok((first, self.meta("change_pruned_ns")? > 0));
        };
        let sequence: Option<i64> = self
            .connection
            .prepare_cached("SELECT min(sequence) FROM change INDEXED BY change_by_time WHERE at_ns >= ?1")?
            .query_row([since_ns], |row| row.get(0))?;
        let start = sequence.map_or(end, |sequence| Cursor { sequence, ..first });
        Ok((start, self.meta("change_pruned_ns")? >= since_ns))
    }

    /// Behind the last row, gone or not.
    fn change_end(&self, epoch: i64) -> Result<Cursor, CatalogError> {
        let last: Option<i64> = self
            .connection
            .prepare_cached("SELECT seq FROM sqlite_sequence WHERE name = 'change'")?
            .query_row([], |row| row.get(0))
            .optional()?;
        Ok(Cursor { epoch, sequence: last.unwrap_or(0) + 1, position: 0 })
    }

    fn change_page(
        &self,
        request: &ChangesRequest<'_>,
        start: Cursor,
        truncated: bool,
    ) -> Result<ChangePage, CatalogError> {
        let mut page = ChangePage { rows: Vec::new(), cursor: String::new(), complete: false, truncated };
        let (mut next, mut budget) = (start, Budget::new(request.max_bytes));
        let mut statement = self.connection.prepare_cached(
            "SELECT sequence, at_ns, directory, folders, count, items FROM change WHERE sequence >= ?1 ORDER BY sequence",
        )?;
        let mut rows = statement.query([start.sequence])?;
        let mut looked_at = 0;
        while let Some(row) = rows.next()? {
            if page.rows.len() >= request.limit || looked_at >= ROWS_LOOKED_AT {
                page.cursor = next.to_string();
                return Ok(page);
            }
            looked_at += 1;
            let sequence: i64 = row.get(0)?;
            let directory = blob(row.get_ref(2)?)?;
            let position = if sequence == start.sequence { start.position } else { 0 };
            let count = row.get::<_, i64>(4)? as usize;
            let may_concern = row.get::<_, bool>(3)? || request.under.is_none_or(|under| holds_names(directory, under));
            next = Cursor { sequence: sequence + 1, position: 0, ..start };
            if !may_concern {
                continue;
            }
            let items = blob(row.get_ref(5)?)?;
            let mut at = 0;
            for number in 0..count {
                let item = ChangeItem::unpack(items, &mut at)?;
                if number < position {
                    continue;
                }
                if page.rows.len() >= request.limit {
                    page.cursor = Cursor { sequence, position: number, ..start }.to_string();
                    return Ok(page);
                }
                let found = change_row(&item, directory, row.get(1)?, request.roots);
                if !request.under.is_none_or(|under| concerns(&found, under)) {
                    continue;
                }
                let from_path = found.from_path.as_deref().map_or(0, path_bytes);
                if !budget.take(ROW_BYTES + path_bytes(&found.path) + from_path) {
                    page.cursor = Cursor { sequence, position: number, ..start }.to_string();
                    return Ok(page);
                }
                page.rows.push(found);
            }
        }
        page.cursor = next.max(self.change_end(start.epoch)?).to_string();
        page.complete = true;
        Ok(page)
    }
}

fn blob(value: rusqlite::types::ValueRef<'_>) -> Result<&[u8], CatalogError> {
    value.as_blob().map_err(|_| CatalogError::corrupt("a row of the change feed cannot be read"))
}

fn change_row(item: &ChangeItem<'_>, directory: &[u8], at_ns: i64, roots: &RootNames) -> ChangeRow {
    let path = if item.name.is_empty() { directory.to_vec() } else { sanchay_core::path::join(directory, item.name) };
    ChangeRow {
        kind: item.kind,
        root_id: roots.root_of(&path),
        path,
        from_path: item.from_path(directory),
        folder: item.folder,
        files: item.files,
        bytes_delta: item.bytes_delta,
        size_bytes: item.size_bytes,
        at_ns,
    }
}

/// Whether names right in `directory` can be `under` or below it.
fn holds_names(directory: &[u8], under: &[u8]) -> bool {
    is_within(directory, under) || is_within(under, directory)
}

/// Whether a change is of `under`, of something below it, or of a whole folder that holds it.
fn concerns(row: &ChangeRow, under: &[u8]) -> bool {
    let touches = |path: &[u8]| is_within(path, under) || (row.folder && is_within(under, path));
    touches(&row.path) || row.from_path.as_deref().is_some_and(touches)
}
