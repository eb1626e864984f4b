//! Which folders grew most, from daily totals and the totals of now.
//!
//! The pace is end to start: the bytes of now less those at the start of the span, by the days between. A folder that was
//! not there at the start counts from nothing, as long as its tree was.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use rusqlite::OptionalExtension;

use super::budget::{path_bytes, Budget, ROW_BYTES};
use crate::catalog::Catalog;
use crate::error::CatalogError;
use crate::reader::Reader;

/// What a day's total takes of a page's bytes.
const DAY_BYTES: usize = 24;
const DAY_NS: i64 = 86_400_000_000_000;
/// Folders that one question looks at, at most; those that grew most come first.
const FOLDERS_LOOKED_AT: usize = 100_000;
/// A folder is left out when one folder in it makes up this much of its growth, in hundredths: that one is named.
const MADE_UP_BY_ONE: i64 = 90;

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct GrowthRequest<'a> {
    /// Folders below this one, roots in it included; None: below every top, the tops included.
    pub path: Option<&'a [u8]>,
    /// Span up to now, days.
    pub days: u32,
    /// Rows.
    pub limit: usize,
    /// Maximum bytes of the page as a message; None: no bound.
    pub max_bytes: Option<usize>,
    /// Unix time of now.
    pub now_ns: i64,
}

/// A total as of the end of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayTotal {
    /// Days since 1970, UTC.
    pub day: i64,
    /// Apparent bytes.
    pub bytes: i64,
}

/// A folder that grew.
#[derive(Clone, Debug, PartialEq)]
pub struct GrowthRow {
    /// Exact bytes.
    pub path: Vec<u8>,
    /// Apparent bytes of now.
    pub bytes: i64,
    /// Regular files of now.
    pub files: i64,
    /// Bytes more than at the start of the span.
    pub grown_bytes: i64,
    /// Over the days of the span for which there are totals.
    pub bytes_per_day: f64,
    /// From the start of the span to now; only days on which something changed.
    pub history: Vec<DayTotal>,
}

/// The pace of all trees that begin on one volume.
#[derive(Clone, Debug, PartialEq)]
pub struct VolumePace {
    /// The top of one of the trees: asking about its file system asks about the volume.
    pub path: Vec<u8>,
    /// Of them all.
    pub bytes_per_day: f64,
    /// Days that the pace is measured over; 0: there is no total of an earlier day.
    pub days: i64,
}

/// What grew.
#[derive(Clone, Debug, PartialEq)]
pub struct GrowthPage {
    /// Those that grew most first.
    pub rows: Vec<GrowthRow>,
    /// The pace of the folder that was asked about, or of all.
    pub bytes_per_day: f64,
    /// Days that it is measured over; 0: unknown.
    pub days: i64,
    /// Of the trees that were asked about.
    pub volumes: Vec<VolumePace>,
}

/// A folder with its totals at both ends of the span.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Folder {
    grown: i64,
    path: Reverse<Vec<u8>>,
    id: i64,
    bytes: i64,
    files: i64,
}

/// The span of one tree.
#[derive(Clone, Copy, Debug)]
struct Span {
    from: i64,
    days: i64,
}

impl Span {
    fn pace(self, grown: i64) -> f64 {
        if self.days > 0 {
            grown as f64 / self.days as f64
        } else {
            0.0
        }
    }
}

impl Catalog {
    /// The folders that grew most, and the pace of each volume.
    pub fn growth(&self, request: &GrowthRequest<'_>) -> Result<GrowthPage, CatalogError> {
        self.reader()?.snapshot(|reader| reader.growth(request))
    }

    /// Stores the totals as of the day of `now_ns` of each directory whose bytes changed since the last time; gives how
    /// many. Cheap when nothing changed; other writes go in between.
    pub fn snapshot_usage(&self, now_ns: i64) -> Result<u64, CatalogError> {
        let day = now_ns.div_euclid(DAY_NS);
        let (mut stored, mut after) = (0, 0);
        loop {
            let slice = self.writer().run(move |session| session.snapshot_slice(day, after))?;
            stored += slice.stored;
            match slice.last {
                Some(last) => after = last,
                None => return Ok(stored),
            }
        }
    }

    /// Lets changes from before `before_ns` go, and daily totals that are older than is kept at `now_ns`.
    pub fn prune_changes(&self, before_ns: i64, now_ns: i64) -> Result<u64, CatalogError> {
        let pruned = self.writer().run(move |session| session.prune_changes(before_ns))?;
        self.writer().run(move |session| session.prune_days(now_ns.div_euclid(DAY_NS)))?;
        Ok(pruned)
    }
}

impl Reader {
    fn growth(&self, request: &GrowthRequest<'_>) -> Result<GrowthPage, CatalogError> {
        let today = request.now_ns.div_euclid(DAY_NS);
        let start = today - i64::from(request.days.max(1));
        let asked = match request.path {
            Some(path) => Some(self.scope(path)?.starts),
            None => None,
        };
        if let (Some([]), Some(path)) = (asked.as_deref(), request.path) {
            return Err(CatalogError::UnknownPath(path.to_vec()));
        }
        let mut page = GrowthPage { rows: Vec::new(), bytes_per_day: 0.0, days: 0, volumes: Vec::new() };
        let mut volumes: HashMap<i64, VolumePace> = HashMap::new();
        for (top, top_path) in self.tops()? {
            let part = asked.as_ref().map(|parts| parts.iter().find(|part| part.top == top));
            if part == Some(None) {
                continue;
            }
            let span = self.span(top, start, today)?;
            let Some(tree) = self.grown_folder(top, top_path.clone(), span)? else { continue };
            let of_volume = volumes.entry(self.volume_of(top)?).or_insert_with(|| VolumePace {
                path: top_path.clone(),
                bytes_per_day: 0.0,
                days: 0,
            });
            of_volume.bytes_per_day += span.pace(tree.grown);
            of_volume.days = of_volume.days.max(span.days);
            page.days = page.days.max(span.days);
            let part = part.flatten();
            let own = match part {
                Some(part) if part.directory != top => self.grown_folder(part.directory, part.path.clone(), span)?,
                _ => Some(tree),
            };
            let Some(own) = own else { continue };
            page.bytes_per_day += span.pace(own.grown);
            if span.days > 0 {
                let is_asked = part.is_some_and(|part| Some(part.path.as_slice()) == request.path);
                self.grown_below(own, !is_asked, span, today, request.limit, &mut page.rows)?;
            }
        }
        page.rows.sort_by_key(|row| (Reverse(row.grown_bytes), row.path.clone()));
        let mut budget = Budget::new(request.max_bytes);
        let bytes = |row: &GrowthRow| ROW_BYTES + path_bytes(&row.path) + DAY_BYTES * row.history.len();
        let fitting = page.rows.iter().take(request.limit).take_while(|row| budget.take(bytes(row))).count();
        page.rows.truncate(fitting);
        page.volumes = volumes.into_values().collect();
        page.volumes.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(page)
    }

    /// The part of the asked span for which the tree has totals.
    fn span(&self, top: i64, start: i64, today: i64) -> Result<Span, CatalogError> {
        let first: Option<i64> = self
            .connection
            .prepare_cached("SELECT min(day) FROM usage_day WHERE directory = ?1")?
            .query_row([top], |row| row.get(0))?;
        let from = first.unwrap_or(today).max(start);
        Ok(Span { from, days: (today - from).max(0) })
    }

    fn volume_of(&self, directory: i64) -> Result<i64, CatalogError> {
        let sql = "SELECT volume FROM directory WHERE id = ?1";
        Ok(self.connection.prepare_cached(sql)?.query_row([directory], |row| row.get(0))?)
    }

    fn grown_folder(&self, id: i64, path: Vec<u8>, span: Span) -> Result<Option<Folder>, CatalogError> {
        let found = self
            .connection
            .prepare_cached("SELECT bytes, files FROM usage WHERE directory = ?1")?
            .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let Some((bytes, files)) = found else { return Ok(None) };
        let before = self.bytes_at(id, &path, span.from)?.unwrap_or(0);
        Ok(Some(Folder { grown: bytes - before, path: Reverse(path), id, bytes, files }))
    }

    /// The total at the end of `day`: the last one stored until then, of this directory or of an earlier one at its path.
    fn bytes_at(&self, id: i64, path: &[u8], day: i64) -> Result<Option<i64>, CatalogError> {
        let own = self
            .connection
            .prepare_cached("SELECT bytes FROM usage_day WHERE directory = ?1 AND day <= ?2 ORDER BY day DESC LIMIT 1")?
            .query_row([id, day], |row| row.get(0))
            .optional()?;
        if own.is_some() {
            return Ok(own);
        }
        Ok(self
            .connection
            .prepare_cached(
                "SELECT d.bytes FROM usage_gone g JOIN usage_day d ON d.directory = g.directory
                 WHERE g.path = ?1 AND d.day <= ?2 ORDER BY d.day DESC LIMIT 1",
            )?
            .query_row(rusqlite::params![path, day], |row| row.get(0))
            .optional()?)
    }

    /// Goes down from `own` where it grew most. `with_own`: it may be a row itself.
    fn grown_below(
        &self,
        own: Folder,
        with_own: bool,
        span: Span,
        today: i64,
        limit: usize,
        rows: &mut Vec<GrowthRow>,
    ) -> Result<(), CatalogError> {
        let own_id = own.id;
        let mut heap = BinaryHeap::from([own]);
        let (mut found, mut looked_at) = (0, 0);
        while let Some(folder) = heap.pop() {
            let mut largest = 0;
            for (id, name) in self.folders_in(folder.id)? {
                looked_at += 1;
                let path = sanchay_core::path::join(&folder.path.0, &name);
                let Some(child) = self.grown_folder(id, path, span)? else { continue };
                if child.grown > 0 {
                    largest = largest.max(child.grown);
                    heap.push(child);
                }
            }
            let named = folder.grown > 0 && largest * 100 < folder.grown * MADE_UP_BY_ONE;
            if named && (with_own || folder.id != own_id) {
                rows.push(self.growth_row(folder, span, today)?);
                found += 1;
            }
            if found >= limit || looked_at >= FOLDERS_LOOKED_AT {
                break;
            }
        }
        Ok(())
    }

    fn folders_in(&self, directory: i64) -> Result<Vec<(i64, Vec<u8>)>, CatalogError> {
        let mut statement = self.connection.prepare_cached("SELECT id, name FROM directory WHERE parent = ?1")?;
        let rows = statement.query_map([directory], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn growth_row(&self, folder: Folder, span: Span, today: i64) -> Result<GrowthRow, CatalogError> {
        let path = folder.path.0;
        let mut history = vec![DayTotal { day: span.from, bytes: folder.bytes - folder.grown }];
        let mut statement = self.connection.prepare_cached(
            "SELECT day, bytes FROM usage_day WHERE day > ?2 AND day < ?3 AND (directory = ?1
                 OR directory IN (SELECT directory FROM usage_gone WHERE path = ?4)) ORDER BY day",
        )?;
        let days = statement.query_map(rusqlite::params![folder.id, span.from, today, path], |row| {
            Ok(DayTotal { day: row.get(0)?, bytes: row.get(1)? })
        })?;
        for day in days {
            history.push(day?);
        }
        history.push(DayTotal { day: today, bytes: folder.bytes });
        Ok(GrowthRow {
            path,
            bytes: folder.bytes,
            files: folder.files,
            grown_bytes: folder.grown,
            bytes_per_day: span.pace(folder.grown),
            history,
        })
    }
}
