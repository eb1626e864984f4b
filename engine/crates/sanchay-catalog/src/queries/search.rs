//! One thread's look at a part of the catalog for `find`: blocks, entries or names, and what of them belongs on the page.

use super::filter::Filter;
use super::folders::folder_id;
use super::place::{SortPlace, Tally, Value};
use super::sort::SortKey;
use super::tree::{DirectorySet, PathResolver};
use crate::block::{BlockColumns, BlockDetail, BlockView, EntryId, BLOCK_SLOTS};
use crate::error::CatalogError;
use crate::reader::Reader;

/// What becomes of hits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// The first of them are, soon.
    Page,
    /// The first of them are, and how many there are, however long it takes.
    Order,
    /// All are, in any order.
    Set,
}

/// What all threads look for.
pub(super) struct Question<'a> {
    pub(super) filter: &'a Filter,
    pub(super) key: SortKey,
    pub(super) descending: bool,
    pub(super) wanted: Wanted,
    pub(super) limit: usize,
    pub(super) after: Option<SortPlace>,
    /// Only empty files: others have been looked at already.
    pub(super) only_empty: bool,
    /// Folders that have been looked at already.
    pub(super) done: Option<DirectorySet>,
}

impl Question<'_> {
    /// Whether a block of this directory can be passed over.
    fn excludes_directory(&self, directory: i64) -> bool {
        self.done.as_ref().is_some_and(|done| done.contains(directory)) || self.filter.excludes_directory(directory)
    }

    /// Whether hits are ordered by what only the names say.
    fn is_text_order(&self) -> bool {
        matches!(self.key, SortKey::Name | SortKey::Path)
    }

    /// Whether the detail of each hit is needed, whatever the filter asks. Of a page only few hits' nanoseconds are.
    fn needs_detail_of_hits(&self) -> bool {
        let by_time = matches!(self.key, SortKey::Modified | SortKey::Created);
        self.is_text_order() || (by_time && self.wanted == Wanted::Order)
    }
}

/// How much of the filter is still to be tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Untested {
    /// All of it.
    All,
    /// The columns alone: the name index has decided the rest.
    Columns,
}

/// A lane at work.
pub(super) struct Search<'r> {
    reader: &'r Reader,
    question: &'r Question<'r>,
    paths: PathResolver<'r>,
    slots: Vec<usize>,
    pub(super) tally: Tally,
}

impl<'r> Search<'r> {
    pub(super) fn new(reader: &'r Reader, question: &'r Question<'r>) -> Self {
        let (paths, slots) = (PathResolver::new(reader), Vec::with_capacity(BLOCK_SLOTS));
        let tally = match question.wanted {
            Wanted::Set => Tally::of_all(),
            Wanted::Page | Wanted::Order => Tally::of_first(question.limit),
        };
        Self { reader, question, paths, slots, tally }
    }

    /// Every block from `from` up to but not with `until` that the bounds do not rule out. With `first_page_only`, what
    /// comes behind a full page is left alone.
    pub(super) fn look_at_blocks(
        &mut self,
        source: &str,
        from: i64,
        until: i64,
        first_page_only: bool,
    ) -> Result<(), CatalogError> {
        let question = self.question;
        let mut zone = question.filter.zone();
        if question.only_empty {
            zone.size_bytes.1 = 0;
        }
        let with_detail = question.filter.needs_detail() || question.needs_detail_of_hits();
        let sql = format!(
            "SELECT b.id, b.directory, b.columns {} FROM {source} {} WHERE b.id >= ?1 AND b.id < ?2 AND ({}
             b.files > 0 AND b.max_size >= ?3 AND b.min_size <= ?4 AND b.max_mtime >= ?5 AND b.min_mtime <= ?6) {}",
            if with_detail { ", d.detail" } else { "" },
            if with_detail { "CROSS JOIN block_detail d ON d.id = b.id" } else { "" },
            if question.filter.wants_others() { "TRUE OR" } else { "" },
            if source == WHOLE_TABLE { "ORDER BY b.id" } else { "" }
        );
        let mut statement = self.reader.connection.prepare_cached(&sql)?;
        let bounds = (from, until, zone.size_bytes.0, zone.size_bytes.1, zone.mtime_s.0, zone.mtime_s.1);
        let mut rows = statement.query(bounds)?;
        let ahead = self.tally.ahead;
        while let Some(row) = rows.next()? {
            let (block, directory): (i64, i64) = (row.get(0)?, row.get(1)?);
            if question.excludes_directory(directory) {
                continue;
            }
            let columns = row.get_ref(2)?.as_blob().map_err(|_| CatalogError::corrupt_block())?;
            let columns = BlockColumns::parse(columns)?;
            let mut slots = std::mem::take(&mut self.slots);
            question.filter.column_hits(block, &columns, &mut slots);
            if question.only_empty {
                slots.retain(|&slot| columns.size_bytes(slot) == 0);
            }
            if !slots.is_empty() {
                let detail = if with_detail {
                    let detail = row.get_ref(3)?.as_blob().map_err(|_| CatalogError::corrupt_block())?;
                    Some(BlockDetail::parse(detail, columns.len())?)
                } else {
                    None
                };
                self.take(block, directory, &columns, detail, &mut slots, Untested::All)?;
            }
            self.slots = slots;
            if first_page_only && self.tally.ahead - ahead > question.limit {
                break;
            }
        }
        Ok(())
    }

    /// Only these blocks.
    pub(super) fn look_at_these_blocks(&mut self, blocks: &[i64]) -> Result<(), CatalogError> {
        let question = self.question;
        for &block in blocks {
            let mut slots = std::mem::take(&mut self.slots);
            self.reader.with_block(block, |view, directory| {
                if question.excludes_directory(directory) {
                    return Ok(());
                }
                question.filter.column_hits(block, &view.columns, &mut slots);
                self.take(block, directory, &view.columns, Some(view.detail), &mut slots, Untested::All)
            })?;
            self.slots = slots;
        }
        Ok(())
    }

    /// Only these entries, sorted by id.
    pub(super) fn look_at_entries(&mut self, entries: &[EntryId], untested: Untested) -> Result<(), CatalogError> {
        let question = self.question;
        let filter = question.filter;
        let of_columns = untested == Untested::Columns && !question.needs_detail_of_hits();
        for in_block in entries.chunk_by(|a, b| a.block() == b.block()) {
            let block = in_block[0].block();
            let mut slots = std::mem::take(&mut self.slots);
            slots.clear();
            slots.extend(in_block.iter().map(|id| id.slot()));
            if of_columns {
                self.reader.with_columns(block, |columns, directory| {
                    if question.excludes_directory(directory) {
                        return Ok(());
                    }
                    filter.narrow(block, columns, &mut slots);
                    self.take(block, directory, columns, None, &mut slots, untested)
                })?;
            } else {
                self.reader.with_block(block, |view, directory| {
                    if question.excludes_directory(directory) {
                        return Ok(());
                    }
                    filter.narrow(block, &view.columns, &mut slots);
                    self.take(block, directory, &view.columns, Some(view.detail), &mut slots, untested)
                })?;
            }
            self.slots = slots;
        }
        Ok(())
    }

    /// Hits that are known to be hits, and of which nothing is asked but their number and the first of them.
    pub(super) fn count_entries(&mut self, entries: &[EntryId]) {
        self.tally.hits += entries.len() as u64;
        self.tally.unweighed = true;
        for id in entries {
            self.keep(Value::Number(0), *id);
        }
    }

    /// Largest or newest first: blocks by their bound, until the page cannot be bettered.
    pub(super) fn look_at_largest(&mut self) -> Result<(), CatalogError> {
        let by_size = self.question.key == SortKey::Size;
        let sql = if by_size {
            "SELECT id, max_size, directory, columns FROM block ORDER BY max_size DESC"
        } else {
            "SELECT id, max_mtime, directory, columns FROM block ORDER BY max_mtime DESC"
        };
        let mut statement = self.reader.connection.prepare_cached(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (block, bound): (i64, i64) = (row.get(0)?, row.get(1)?);
            if let Some(SortPlace { value: Value::Number(worst), .. }) = self.tally.worst() {
                // Times are kept to the nanosecond, bounds to the second.
                let worst = if by_size { *worst } else { worst.div_euclid(NS) };
                if bound < worst {
                    break;
                }
            }
            let columns = row.get_ref(3)?.as_blob().map_err(|_| CatalogError::corrupt_block())?;
            let columns = BlockColumns::parse(columns)?;
            let mut slots = std::mem::take(&mut self.slots);
            self.question.filter.column_hits(block, &columns, &mut slots);
            self.take(block, row.get(2)?, &columns, None, &mut slots, Untested::All)?;
            self.slots = slots;
        }
        Ok(())
    }

    /// Every folder.
    pub(super) fn look_at_folders(&mut self) -> Result<(), CatalogError> {
        let (reader, question) = (self.reader, self.question);
        let mut paths = PathResolver::new(reader);
        reader.for_each_folder(&question.filter.folders, &mut paths, &mut |folder, path| {
            self.tally.hits += 1;
            // A folder's bytes are its files', which may be hits too.
            self.tally.unweighed = true;
            let value = match question.key {
                SortKey::Stored => Value::Number(0),
                SortKey::Size => Value::Number(folder.bytes as i64),
                SortKey::Modified | SortKey::Created => Value::Number(i64::MIN),
                SortKey::Name => Value::Text(folder.name.to_vec()),
                SortKey::Path => Value::Text(path.to_vec()),
            };
            self.keep(value, folder_id(folder.id));
            Ok(())
        })
    }

    /// Counts and keeps the slots of one block that have passed the tests on columns, if they pass the others.
    fn take(
        &mut self,
        block: i64,
        directory: i64,
        columns: &BlockColumns<'_>,
        detail: Option<BlockDetail<'_>>,
        slots: &mut Vec<usize>,
        untested: Untested,
    ) -> Result<(), CatalogError> {
        let question = self.question;
        let view = detail.map(|detail| BlockView { columns: *columns, detail });
        if let (Untested::All, Some(view)) = (untested, &view) {
            question
                .filter
                .narrow_by_detail(view, slots, &mut || Ok(self.paths.directory(directory)?.unwrap_or_default()))?;
        }
        self.tally.hits += slots.len() as u64;
        self.tally.bytes += slots.iter().map(|&slot| columns.size_bytes(slot)).sum::<u64>();
        match question.key {
            SortKey::Stored => {
                let worst = self.tally.worst().map(|worst| worst.id);
                if slots.first().is_some_and(|&slot| worst.is_some_and(|worst| EntryId::new(block, slot) > worst)) {
                    // The page is full of what comes before these.
                    self.tally.ahead += slots.len();
                } else {
                    for &slot in slots.iter() {
                        self.keep(Value::Number(0), EntryId::new(block, slot));
                    }
                }
            }
            SortKey::Size => {
                for &slot in slots.iter() {
                    self.keep(Value::Number(columns.size_bytes(slot) as i64), EntryId::new(block, slot));
                }
            }
            // Whole seconds decide here; the nanoseconds are asked for where two hits share a second.
            SortKey::Modified | SortKey::Created => {
                slots.retain(|&slot| !self.is_beaten(columns, slot));
                match &view {
                    Some(view) => self.keep_by_time(block, view, slots),
                    None if slots.is_empty() => {}
                    None => {
                        self.reader.with_block(block, |view, _| {
                            self.keep_by_time(block, view, slots);
                            Ok(())
                        })?;
                    }
                }
            }
            SortKey::Name | SortKey::Path => {
                let Some(view) = view.filter(|_| !slots.is_empty()) else { return Ok(()) };
                let folder = if question.key == SortKey::Path { self.paths.directory(directory)? } else { None };
                view.detail.for_each_name(slots, |slot, name| {
                    let value = match &folder {
                        Some(folder) => sanchay_core::path::join(folder, name),
                        None => name.to_vec(),
                    };
                    self.keep(Value::Text(value), EntryId::new(block, slot));
                });
            }
        }
        Ok(())
    }

    fn keep_by_time(&mut self, block: i64, view: &BlockView<'_>, slots: &[usize]) {
        for &slot in slots {
            let exact = match self.question.key {
                SortKey::Created => view.birth_ns(slot).unwrap_or(i64::MIN),
                _ => view.mtime_ns(slot),
            };
            self.keep(Value::Number(exact), EntryId::new(block, slot));
        }
    }

    /// Whether the page is full of hits that whole seconds alone show to come before this one.
    fn is_beaten(&self, columns: &BlockColumns<'_>, slot: usize) -> bool {
        let Some(SortPlace { value: Value::Number(worst_ns), .. }) = self.tally.worst() else {
            return false;
        };
        let second = match self.question.key {
            SortKey::Modified => Some(columns.mtime_s(slot)),
            _ => columns.birth_s(slot),
        };
        let worst = worst_ns.div_euclid(NS);
        let second = second.unwrap_or(i64::MIN);
        if self.question.descending {
            second < worst
        } else {
            second > worst
        }
    }

    fn keep(&mut self, value: Value, id: EntryId) {
        let place = SortPlace { value, id, descending: self.question.descending };
        self.tally.keep(place, self.question.after.as_ref());
    }
}

/// Where blocks are read from when no index helps.
pub(super) const WHOLE_TABLE: &str = "block b";

const NS: i64 = 1_000_000_000;
