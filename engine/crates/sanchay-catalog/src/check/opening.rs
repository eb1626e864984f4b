//! What an opening compares: counters with one another at any size, and with the rows where those are few.
//!
//! A catalog of ten million files must not open slower for it; what is left is for [`Catalog::check`], by the clock.

use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::{params, OptionalExtension};

use super::content::{group_sums, COUNTERS};
use crate::catalog::Catalog;
use crate::error::CatalogError;
use crate::reader::Reader;
use crate::writer::Session;

/// Up to this size a look at each row costs no one anything.
const SMALL_BYTES: i64 = 32 << 20;
/// When the last check ended that came to its end, seconds since 1970.
const CHECKED: &str = "checked_s";

impl Catalog {
    /// Compares what costs little and mends a small catalog where something differs; true where a large one is left to be
    /// looked at on a thread that no one waits for.
    pub fn check_at_opening(&self) -> bool {
        let outcome = self.reader().and_then(|reader| {
            let is_small = reader.is_small()?;
            Ok((is_small, reader.snapshot(|reader| agrees(reader, is_small))?))
        });
        match outcome {
            Ok((true, false)) => {
                // What it finds is logged there.
                if let Err(error) = self.check(true, &|| true) {
                    tracing::error!(error = %error, "catalog_check_failed");
                }
                false
            }
            Ok((is_small, _)) => !is_small,
            Err(error) => {
                tracing::error!(error = %error, "catalog_check_failed");
                false
            }
        }
    }

    /// The same comparison of a large catalog, which takes a second or two; mends it where something differs.
    pub fn check_after_opening(&self, go_on: &dyn Fn() -> bool) -> Result<(), CatalogError> {
        let agrees = self.reader()?.snapshot(|reader| agrees(reader, true))?;
        if !agrees {
            self.check(true, go_on)?;
        }
        Ok(())
    }

    /// Seconds since 1970 at the end of the last whole check; 0: never.
    pub fn checked_s(&self) -> Result<i64, CatalogError> {
        let reader = self.reader()?;
        let mut statement = reader.connection.prepare_cached("SELECT value FROM meta WHERE key = ?1")?;
        Ok(statement.query_row([CHECKED], |row| row.get(0)).optional()?.unwrap_or(0))
    }
}

impl Session {
    /// Notes that everything was compared.
    pub(super) fn note_check(&mut self) -> Result<(), CatalogError> {
        let now_s = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64);
        self.aside(|session| {
            let sql = "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2";
            session.connection.prepare_cached(sql)?.execute(params![CHECKED, now_s])?;
            Ok(())
        })
    }
}

impl Reader {
    fn is_small(&self) -> Result<bool, CatalogError> {
        let pages: i64 = self.connection.query_row("PRAGMA page_count", [], |row| row.get(0))?;
        let page_bytes: i64 = self.connection.query_row("PRAGMA page_size", [], |row| row.get(0))?;
        Ok(pages * page_bytes <= SMALL_BYTES)
    }
}

/// Whether the counters agree with one another; `rows`: and with the rows, as far as that takes no look into the blocks.
fn agrees(reader: &Reader, rows: bool) -> Result<bool, CatalogError> {
    Ok(sums_agree(reader)? && (!rows || (totals_agree(reader)? && groups_agree(reader)?)))
}

/// Each tree's sums by extension, size, owner and day, with the totals of its top.
fn sums_agree(reader: &Reader) -> Result<bool, CatalogError> {
    let mut sums: HashMap<(i64, i64), (i64, i64)> = HashMap::new();
    let mut statement = reader
        .connection
        .prepare_cached("SELECT tree, kind, sum(files), sum(bytes) FROM rollup GROUP BY tree, kind")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        sums.insert((row.get(0)?, row.get(1)?), (row.get(2)?, row.get(3)?));
    }
    let mut statement = reader.connection.prepare_cached(
        "SELECT d.id, u.files, u.bytes FROM directory d LEFT JOIN usage u ON u.directory = d.id WHERE d.parent = 0",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (tree, files): (i64, Option<i64>) = (row.get(0)?, row.get(1)?);
        let Some(files) = files else { return Ok(false) };
        let total = (files, row.get(2)?);
        if (0..4).any(|kind| sums.remove(&(tree, kind)).unwrap_or_default() != total) {
            return Ok(false);
        }
    }
    Ok(sums.values().all(|sum| *sum == (0, 0)))
}

/// Each folder's totals with the files of its blocks and the totals of its folders; and no folder without one above it.
fn totals_agree(reader: &Reader) -> Result<bool, CatalogError> {
    let lone = "SELECT 1 FROM directory d WHERE d.parent <> 0
                AND NOT EXISTS (SELECT 1 FROM directory above WHERE above.id = d.parent)";
    let lost = "SELECT 1 FROM block b WHERE NOT EXISTS (SELECT 1 FROM directory d WHERE d.id = b.directory)";
    for sql in [lone, lost] {
        if reader.connection.prepare_cached(sql)?.exists([])? {
            return Ok(false);
        }
    }
    let mut left: HashMap<i64, [i64; 3]> = HashMap::new();
    let mut statement = reader.connection.prepare_cached(
        "SELECT u.directory, coalesce(d.parent, -1), u.files, u.directories, u.bytes
         FROM usage u LEFT JOIN directory d ON d.id = u.directory",
    )?;
    let mut rows = statement.query([])?;
    let (mut folders, mut in_trees) = (0, 0);
    while let Some(row) = rows.next()? {
        let (id, parent): (i64, i64) = (row.get(0)?, row.get(1)?);
        let totals: [i64; 3] = [row.get(2)?, row.get(3)?, row.get(4)?];
        let own = left.entry(id).or_default();
        (0..3).for_each(|at| own[at] += totals[at]);
        folders += 1;
        match parent {
            -1 => return Ok(false),
            0 => in_trees += totals[1],
            parent => {
                let above = left.entry(parent).or_default();
                (0..3).for_each(|at| above[at] -= totals[at]);
            }
        }
    }
    let counted: i64 = reader.connection.query_row("SELECT count(*) FROM directory", [], |row| row.get(0))?;
    if folders != counted || in_trees != counted {
        return Ok(false);
    }
    let mut statement =
        reader.connection.prepare_cached("SELECT directory, sum(files) FROM block GROUP BY directory")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        left.entry(row.get(0)?).or_default()[0] -= row.get::<_, i64>(1)?;
    }
    Ok(left.values().all(|[files, folders, bytes]| *files == 0 && *folders == 1 && *bytes >= 0))
}

/// The totals of duplicates with their groups.
fn groups_agree(reader: &Reader) -> Result<bool, CatalogError> {
    for (name, sum) in COUNTERS.into_iter().zip(group_sums(&reader.connection)?) {
        if reader.meta(name)? != sum {
            return Ok(false);
        }
    }
    Ok(true)
}
