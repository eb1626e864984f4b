//! Each folder's totals beside what it holds: its own files and the totals of its folders, in one state for each.

use rusqlite::{Connection, OptionalExtension};

use super::content::Digests;
use super::{Check, FaultKind};
use crate::block::EntryId;
use crate::content::Posting;
use crate::error::CatalogError;
use crate::queries::PathResolver;
use crate::reader::Reader;
use crate::writer::UsageDelta;

/// Folders and entries that are compared in one transaction at most.
const FOLDERS_AT_ONCE: i64 = 500;
const ENTRIES_AT_ONCE: u64 = 50_000;

/// Folders after the last one, compared in one state.
#[derive(Default)]
struct Part {
    last: Option<i64>,
    wrong: Vec<i64>,
    example: Vec<u8>,
    folders: u64,
    files: u64,
}

impl Check<'_> {
    /// False where it was broken off.
    pub(super) fn totals(&mut self) -> Result<bool, CatalogError> {
        let (mut after, mut wrong) = (0, Vec::new());
        loop {
            let part = self.look_at_totals(after)?;
            self.report.folders += part.folders;
            self.report.files += part.files;
            self.report.add(FaultKind::Totals, part.wrong.len(), || part.example);
            wrong.extend(part.wrong);
            if !(self.go_on)() {
                return Ok(false);
            }
            match part.last {
                Some(last) => after = last,
                None => break,
            }
        }
        if self.repair && !wrong.is_empty() {
            self.catalog.writer().run(move |session| session.mend_totals(&wrong))?;
            self.report.mended(&[FaultKind::Totals]);
        }
        Ok(true)
    }

    fn look_at_totals(&mut self, after: i64) -> Result<Part, CatalogError> {
        let digests = &mut self.digests;
        let reader = self.catalog.reader()?;
        reader.snapshot(|reader| {
            let mut part = Part::default();
            let folders: Vec<i64> = reader
                .connection
                .prepare_cached("SELECT id FROM directory WHERE id > ?1 ORDER BY id LIMIT ?2")?
                .query_map([after, FOLDERS_AT_ONCE], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            let mut entries = 0;
            for folder in folders {
                if entries >= ENTRIES_AT_ONCE {
                    break;
                }
                part.last = Some(folder);
                part.folders += 1;
                let own = own_totals(reader, folder, digests)?;
                entries += own.files as u64 + 16;
                part.files += own.files as u64;
                let mut sums = own;
                sums.add(&totals_of_folders(&reader.connection, folder)?);
                if !agree(stored_totals(&reader.connection, folder)?, &sums) {
                    if part.wrong.is_empty() {
                        part.example = PathResolver::new(reader).directory(folder)?.unwrap_or_default().to_vec();
                    }
                    part.wrong.push(folder);
                }
            }
            Ok(part)
        })
    }
}

fn agree(stored: Option<UsageDelta>, counted: &UsageDelta) -> bool {
    // The newest time is a bound from above.
    stored.is_some_and(|stored| {
        (stored.files, stored.directories, stored.bytes, stored.allocated)
            == (counted.files, counted.directories, counted.bytes, counted.allocated)
            && stored.newest_ns >= counted.newest_ns
    })
}

/// A folder's own files, and itself.
fn own_totals(reader: &Reader, folder: i64, digests: &mut Digests) -> Result<UsageDelta, CatalogError> {
    let mut own = UsageDelta { directories: 1, ..UsageDelta::none() };
    let blocks: Vec<i64> = reader
        .connection
        .prepare_cached("SELECT id FROM block WHERE directory = ?1")?
        .query_map([folder], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for block in blocks {
        reader.with_block(block, |view, _| {
            view.for_each(|slot, item| {
                own.count(&item.entry, 1);
                let id = EntryId::new(block, slot);
                if let Some((posting, _)) = Posting::of(id, &item.entry, false) {
                    digests.count_stored(&posting);
                }
            })
        })?;
    }
    Ok(own)
}

/// The totals of the folders in a folder, added up.
pub(super) fn totals_of_folders(connection: &Connection, folder: i64) -> Result<UsageDelta, CatalogError> {
    let mut statement = connection.prepare_cached(
        "SELECT coalesce(sum(u.files), 0), coalesce(sum(u.directories), 0), coalesce(sum(u.bytes), 0),
             coalesce(sum(u.allocated), 0), coalesce(max(u.newest_ns), ?2)
         FROM directory d JOIN usage u ON u.directory = d.id WHERE d.parent = ?1",
    )?;
    Ok(statement.query_row([folder, i64::MIN], read_totals)?)
}

fn stored_totals(connection: &Connection, folder: i64) -> Result<Option<UsageDelta>, CatalogError> {
    let mut statement = connection
        .prepare_cached("SELECT files, directories, bytes, allocated, newest_ns FROM usage WHERE directory = ?1")?;
    Ok(statement.query_row([folder], read_totals).optional()?)
}

fn read_totals(row: &rusqlite::Row<'_>) -> rusqlite::Result<UsageDelta> {
    Ok(UsageDelta {
        files: row.get(0)?,
        directories: row.get(1)?,
        bytes: row.get(2)?,
        allocated: row.get(3)?,
        newest_ns: row.get(4)?,
    })
}
