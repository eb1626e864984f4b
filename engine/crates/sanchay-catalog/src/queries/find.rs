//! `find`: the files that an expression describes, a page at a time, with an exact total.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

use sanchay_core::ContentHash;

use super::filter::{Context, Filter};
use super::tree::{PathResolver, RootNames};
use super::FileRow;
use crate::block::{BlockColumns, EntryId, EntryRef, BLOCK_SLOTS};
use crate::catalog::Catalog;
use crate::content::{content_key, ChunkView};
use crate::error::CatalogError;
use crate::expression::{Expression, HashPrefix};
use crate::reader::Reader;

/// What hits are ordered by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SortKey {
    /// As they are stored: nearly the order of folders. The quickest.
    #[default]
    Stored,
    /// By whole path, bytes.
    Path,
    /// By name, bytes.
    Name,
    /// By apparent size.
    Size,
    /// By modification.
    Modified,
    /// By birth; files without one come first.
    Created,
}

/// An order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sort {
    /// By what.
    pub key: SortKey,
    /// Largest, or last, first.
    pub descending: bool,
}

impl Sort {
    /// Reads `size`, `-size` and the like; empty is [`SortKey::Stored`].
    pub fn parse(text: &str) -> Result<Self, CatalogError> {
        let (name, descending) = text.strip_prefix('-').map_or((text, false), |name| (name, true));
        let key = match name {
            "" => SortKey::Stored,
            "path" => SortKey::Path,
            "name" => SortKey::Name,
            "size" => SortKey::Size,
            "modified" => SortKey::Modified,
            "created" => SortKey::Created,
            other => {
                return Err(CatalogError::InvalidArgument(format!(
                    "'{other}' is no order: use path, name, size, modified or created, with - in front for the reverse"
                )))
            }
        };
        Ok(Self { key, descending })
    }
}

/// A question.
#[derive(Clone, Debug)]
pub struct FindRequest<'a> {
    /// Which files.
    pub expression: &'a Expression,
    /// In which order.
    pub sort: Sort,
    /// Rows at the most.
    pub limit: usize,
    /// The token of the page before; empty for the first.
    pub token: &'a str,
    /// The roots, for naming them.
    pub roots: &'a RootNames,
}

/// An answer.
#[derive(Clone, Debug, Default)]
pub struct FindPage {
    /// The hits of this page.
    pub rows: Vec<FileRow>,
    /// All hits; None where only a lower bound is known.
    pub total: Option<u64>,
    /// Hits that were counted.
    pub total_at_least: u64,
    /// Apparent bytes of all hits; None where they were not added up.
    pub total_bytes: Option<u64>,
    /// For the next page; empty: this is the last.
    pub next_token: String,
}

/// Names have to be read and no index helps: past this time the first full page is answered without a total.
const PATIENCE: Duration = Duration::from_millis(1500);
/// An index on sizes or times is taken when it leaves fewer blocks than this.
const FEW_BLOCKS: i64 = 4000;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Value {
    Number(i64),
    Text(Vec<u8>),
}

/// A hit's place in the order.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    value: Value,
    id: EntryId,
    descending: bool,
}

impl Ord for Place {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_value = self.value.cmp(&other.value);
        let by_value = if self.descending { by_value.reverse() } else { by_value };
        by_value.then(self.id.cmp(&other.id))
    }
}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Catalog {
    /// Answers one page.
    pub fn find(&self, request: &FindRequest<'_>) -> Result<FindPage, CatalogError> {
        let reader = self.reader()?;
        reader.snapshot(|reader| {
            let context = Context { reader, trees: &self.trees, roots: request.roots, extensions: self.extensions() };
            let filter = Filter::compile(request.expression, &context)?;
            let watermark = reader.meta("name_index_watermark")?;
            Search::new(reader, &filter, request)?.run(watermark)
        })
    }
}

struct Search<'a> {
    reader: &'a Reader,
    filter: &'a Filter,
    request: &'a FindRequest<'a>,
    paths: PathResolver<'a>,
    after: Option<Place>,
    /// Totals that the page before had counted.
    known: Option<(u64, Option<u64>)>,
    page: BinaryHeap<Place>,
    slots: Vec<usize>,
    hits: u64,
    bytes: u64,
    bytes_known: bool,
    stopped: bool,
    started: Instant,
}

impl<'a> Search<'a> {
    fn new(reader: &'a Reader, filter: &'a Filter, request: &'a FindRequest<'a>) -> Result<Self, CatalogError> {
        let (known, after) = parse_token(request.token, request.sort)?;
        Ok(Self {
            reader,
            filter,
            request,
            paths: PathResolver::new(reader),
            after,
            known,
            page: BinaryHeap::new(),
            slots: Vec::with_capacity(BLOCK_SLOTS),
            hits: 0,
            bytes: 0,
            bytes_known: true,
            stopped: false,
            started: Instant::now(),
        })
    }

    fn run(mut self, watermark: i64) -> Result<FindPage, CatalogError> {
        let sort = self.request.sort;
        if self.filter.is_everything() && self.known.is_none() {
            self.known = Some(self.reader.whole_totals()?);
        }
        let largest_first = sort.descending && matches!(sort.key, SortKey::Size | SortKey::Modified);
        if let Some(prefix) = self.filter.hash_prefix() {
            let entries = self.reader.entries_with_hash(prefix)?;
            self.look_at_entries(&entries)?;
        } else if let Some(text) = self.filter.indexed_text() {
            self.look_at_names(&text, watermark)?;
        } else if self.filter.is_everything() && largest_first {
            self.look_at_largest()?;
        } else {
            self.look_at_blocks(0)?;
        }
        self.answer()
    }

    /// Through the name index, and block by block above its watermark.
    fn look_at_names(&mut self, text: &str, watermark: i64) -> Result<(), CatalogError> {
        let mut entries = Vec::new();
        self.reader.names_containing(text, &mut |id| {
            entries.push(id);
            Ok(true)
        })?;
        let decided = self.filter.index_decides() && !self.filter.has_column_tests();
        if decided && self.request.sort.key == SortKey::Stored {
            self.hits += entries.len() as u64;
            self.bytes_known = false;
            let from = self.after.as_ref().map_or(0, |place| entries.partition_point(|id| *id <= place.id));
            for id in entries.iter().skip(from).take(self.request.limit + 1) {
                self.keep(Value::Number(0), *id);
            }
        } else {
            self.look_at_entries(&entries)?;
        }
        self.look_at_blocks(watermark + 1)
    }

    /// Only these entries, sorted by id.
    fn look_at_entries(&mut self, entries: &[EntryId]) -> Result<(), CatalogError> {
        for in_block in entries.chunk_by(|a, b| a.block() == b.block()) {
            let block = in_block[0].block();
            self.reader.with_block(block, |view, directory| {
                if self.filter.excludes_directory(directory) {
                    return Ok(());
                }
                for id in in_block {
                    let Some(item) = view.get(id.slot())? else {
                        continue;
                    };
                    let passes = item.entry.is_file()
                        && self.filter.passes_columns(block, &view.columns, id.slot())
                        && self.filter.passes_detail(&item, &mut || self.paths.file(directory, item.name))?;
                    if passes {
                        self.hit(*id, directory, &item)?;
                    }
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Largest or newest first: blocks by their bound, until the page cannot be bettered.
    fn look_at_largest(&mut self) -> Result<(), CatalogError> {
        let by_size = self.request.sort.key == SortKey::Size;
        let sql = if by_size {
            "SELECT id, max_size, columns FROM block ORDER BY max_size DESC"
        } else {
            "SELECT id, max_mtime, columns FROM block ORDER BY max_mtime DESC"
        };
        let mut statement = self.reader.connection.prepare_cached(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (block, bound): (i64, i64) = (row.get(0)?, row.get(1)?);
            if self.page.len() > self.request.limit {
                if let Some(Place { value: Value::Number(worst), .. }) = self.page.peek() {
                    // Times are kept to the nanosecond, bounds to the second.
                    let worst = if by_size { *worst } else { worst.div_euclid(1_000_000_000) };
                    if bound < worst {
                        break;
                    }
                }
            }
            let columns = BlockColumns::parse(row.get_ref(2)?.as_blob().map_err(|_| CatalogError::corrupt_block())?)?;
            self.look_at_columns(block, 0, &columns)?;
        }
        Ok(())
    }

    /// Every block from `from` on that the bounds do not rule out.
    fn look_at_blocks(&mut self, from: i64) -> Result<(), CatalogError> {
        let mut from = from;
        // In stored order the next page begins where the last one ended, and the total is known by then.
        if let (SortKey::Stored, Some(after), true) = (self.request.sort.key, &self.after, self.known.is_some()) {
            from = from.max(after.id.block());
        }
        let zone = self.filter.zone();
        let source = self.block_source(&zone)?;
        let sql = format!(
            "SELECT id, directory, columns FROM {source} WHERE id >= ?1 AND files > 0 AND max_size >= ?2 AND min_size <= ?3
             AND max_mtime >= ?4 AND min_mtime <= ?5 {}",
            if source == "block" { "ORDER BY id" } else { "" }
        );
        let mut statement = self.reader.connection.prepare_cached(&sql)?;
        let mut rows = statement.query((from, zone.size_bytes.0, zone.size_bytes.1, zone.mtime_s.0, zone.mtime_s.1))?;
        while let Some(row) = rows.next()? {
            let (block, directory): (i64, i64) = (row.get(0)?, row.get(1)?);
            if self.filter.excludes_directory(directory) {
                continue;
            }
            if self.filter.needs_detail() {
                self.look_at_detail(block)?;
            } else {
                let blob = row.get_ref(2)?.as_blob().map_err(|_| CatalogError::corrupt_block())?;
                self.look_at_columns(block, directory, &BlockColumns::parse(blob)?)?;
            }
            if self.page.len() > self.request.limit && self.may_stop() {
                self.stopped = self.known.is_none();
                break;
            }
        }
        Ok(())
    }

    /// With a full page in stored order there is nothing to win but the total.
    fn may_stop(&self) -> bool {
        self.request.sort.key == SortKey::Stored
            && (self.known.is_some() || (self.filter.needs_detail() && self.started.elapsed() > PATIENCE))
    }

    /// The table, or the index that leaves few blocks of it.
    fn block_source(&self, zone: &super::filter::Zone) -> Result<&'static str, CatalogError> {
        if self.request.sort.key == SortKey::Stored && self.known.is_some() {
            return Ok("block");
        }
        let few = |sql: &str, bound: i64| -> Result<bool, CatalogError> {
            let count: i64 =
                self.reader.connection.prepare_cached(sql)?.query_row((bound, FEW_BLOCKS), |row| row.get(0))?;
            Ok(count < FEW_BLOCKS)
        };
        let by_size = "SELECT count(*) FROM (SELECT 1 FROM block WHERE max_size >= ?1 LIMIT ?2)";
        if zone.size_bytes.0 > 0 && few(by_size, zone.size_bytes.0)? {
            return Ok("block INDEXED BY block_by_size");
        }
        let by_mtime = "SELECT count(*) FROM (SELECT 1 FROM block WHERE max_mtime >= ?1 LIMIT ?2)";
        if zone.mtime_s.0 > i64::MIN && few(by_mtime, zone.mtime_s.0)? {
            return Ok("block INDEXED BY block_by_mtime");
        }
        Ok("block")
    }

    fn look_at_columns(&mut self, block: i64, directory: i64, columns: &BlockColumns<'_>) -> Result<(), CatalogError> {
        let key = self.request.sort.key;
        let needs_name = matches!(key, SortKey::Name | SortKey::Path);
        let mut slots = std::mem::take(&mut self.slots);
        self.filter.column_hits(block, columns, &mut slots);
        for &slot in &slots {
            let id = EntryId::new(block, slot);
            self.hits += 1;
            self.bytes += columns.size_bytes(slot);
            match key {
                SortKey::Stored => self.keep(Value::Number(0), id),
                SortKey::Size => self.keep(Value::Number(columns.size_bytes(slot) as i64), id),
                // Whole seconds decide here; the nanoseconds are asked for where two hits share a second.
                SortKey::Modified | SortKey::Created => {
                    if self.is_beaten(columns, slot) {
                        continue;
                    }
                    let exact = self.reader.entry(id, |item, _| stamp(&item, key))?.unwrap_or(i64::MIN);
                    self.keep(Value::Number(exact), id);
                }
                SortKey::Name | SortKey::Path => debug_assert!(needs_name && directory != 0),
            }
        }
        if needs_name && !slots.is_empty() {
            self.reader.with_block(block, |view, directory| {
                for slot in 0..view.columns.len() {
                    let Some(item) = view.get(slot)? else {
                        continue;
                    };
                    if item.entry.is_file() && self.filter.passes_columns(block, &view.columns, slot) {
                        let value = self.value(directory, &item)?;
                        self.keep(value, EntryId::new(block, slot));
                    }
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Whether the page is full of hits that whole seconds alone show to come before this one.
    fn is_beaten(&self, columns: &BlockColumns<'_>, slot: usize) -> bool {
        let Some(Place { value: Value::Number(worst_ns), .. }) = self.page.peek() else { return false };
        if self.page.len() <= self.request.limit {
            return false;
        }
        let second = match self.request.sort.key {
            SortKey::Modified => Some(columns.mtime_s(slot)),
            _ => columns.birth_s(slot),
        };
        let worst = worst_ns.div_euclid(1_000_000_000);
        let second = second.unwrap_or(i64::MIN);
        if self.request.sort.descending {
            second < worst
        } else {
            second > worst
        }
    }

    fn look_at_detail(&mut self, block: i64) -> Result<(), CatalogError> {
        let reader = self.reader;
        let filter = self.filter;
        reader.with_block(block, |view, directory| {
            let mut found = Vec::new();
            let paths = &mut self.paths;
            filter
                .for_each_hit(block, view, &mut |name| paths.file(directory, name), &mut |slot, _| found.push(slot))?;
            for slot in found {
                if let Some(item) = view.get(slot)? {
                    self.hit(EntryId::new(block, slot), directory, &item)?;
                }
            }
            Ok(())
        })?;
        Ok(())
    }

    fn hit(&mut self, id: EntryId, directory: i64, item: &EntryRef<'_>) -> Result<(), CatalogError> {
        self.hits += 1;
        self.bytes += item.entry.size_bytes;
        let value = self.value(directory, item)?;
        self.keep(value, id);
        Ok(())
    }

    fn value(&mut self, directory: i64, item: &EntryRef<'_>) -> Result<Value, CatalogError> {
        Ok(match self.request.sort.key {
            SortKey::Stored => Value::Number(0),
            SortKey::Size => Value::Number(item.entry.size_bytes as i64),
            SortKey::Modified | SortKey::Created => Value::Number(stamp(item, self.request.sort.key)),
            SortKey::Name => Value::Text(item.name.to_vec()),
            SortKey::Path => Value::Text(self.paths.file(directory, item.name)?),
        })
    }

    /// Keeps a hit if it belongs on this page. One more than the page is kept, to know whether there is a next.
    fn keep(&mut self, value: Value, id: EntryId) {
        let place = Place { value, id, descending: self.request.sort.descending };
        if self.after.as_ref().is_some_and(|after| place <= *after) {
            return;
        }
        if self.page.len() <= self.request.limit {
            self.page.push(place);
        } else if self.page.peek().is_some_and(|worst| place < *worst) {
            self.page.pop();
            self.page.push(place);
        }
    }

    fn answer(mut self) -> Result<FindPage, CatalogError> {
        let counted = (!self.stopped).then_some((self.hits, self.bytes_known.then_some(self.bytes)));
        let totals = self.known.or(counted);
        let mut places = std::mem::take(&mut self.page).into_sorted_vec();
        let more = places.len() > self.request.limit;
        places.truncate(self.request.limit);
        let next_token = places.last().filter(|_| more).map(|place| make_token(totals, place)).unwrap_or_default();
        let mut rows = Vec::with_capacity(places.len());
        for place in &places {
            rows.extend(self.reader.file_row(place.id, &mut self.paths, self.request.roots)?);
        }
        Ok(FindPage {
            rows,
            total: totals.map(|(hits, _)| hits),
            total_at_least: totals.map_or(self.hits, |(hits, _)| hits),
            total_bytes: totals.and_then(|(_, bytes)| bytes),
            next_token,
        })
    }
}

fn stamp(item: &EntryRef<'_>, key: SortKey) -> i64 {
    if key == SortKey::Created {
        item.entry.birth_ns.unwrap_or(i64::MIN)
    } else {
        item.entry.mtime_ns
    }
}

impl Reader {
    /// One file as it is shown; None when it is gone.
    pub(crate) fn file_row(
        &self,
        id: EntryId,
        paths: &mut PathResolver<'_>,
        roots: &RootNames,
    ) -> Result<Option<FileRow>, CatalogError> {
        let found = self.entry(id, |item, directory| (item.entry, item.name.to_vec(), directory))?;
        let Some((entry, name, directory)) = found else {
            return Ok(None);
        };
        let path = paths.file(directory, &name)?;
        let root_id = roots.root_of(&path);
        Ok(Some(FileRow { id, path, entry, root_id }))
    }

    /// Files and bytes of everything.
    fn whole_totals(&self) -> Result<(u64, Option<u64>), CatalogError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT coalesce(sum(u.files), 0), coalesce(sum(u.bytes), 0)
             FROM directory d JOIN usage u ON u.directory = d.id WHERE d.parent = 0",
        )?;
        Ok(statement.query_row([], |row| Ok((row.get::<_, i64>(0)? as u64, Some(row.get::<_, i64>(1)? as u64))))?)
    }

    /// Entries whose hash may begin with `prefix`, by id: empty files are not among them.
    fn entries_with_hash(&self, prefix: &HashPrefix) -> Result<Vec<EntryId>, CatalogError> {
        let (low, high) = prefix.bounds();
        let mut entries = Vec::new();
        for algorithm in [sanchay_core::Algorithm::Blake3, sanchay_core::Algorithm::Sha256] {
            let keys = [low, high].map(|bytes| content_key(&ContentHash::from_bytes(bytes), algorithm));
            let (first, last) = (keys[0].min(keys[1]), keys[0].max(keys[1]));
            let mut statement = self.connection.prepare_cached(
                "SELECT postings FROM content_chunk WHERE low_key <= ?2 AND low_key >= coalesce(
                     (SELECT max(low_key) FROM content_chunk WHERE low_key < ?1), ?1)",
            )?;
            let mut rows = statement.query([first, last])?;
            while let Some(row) = rows.next()? {
                let blob = row.get_ref(0)?.as_blob().map_err(|_| CatalogError::corrupt_block())?;
                let chunk = ChunkView::parse(blob)?;
                let within = chunk.iter().filter(|posting| (first..=last).contains(&posting.key));
                entries.extend(within.map(|posting| posting.entry));
            }
        }
        entries.sort_unstable();
        entries.dedup();
        Ok(entries)
    }
}

/// `hits.bytes.id.value`, where unknown figures are empty and text is in hexadecimal.
fn make_token(totals: Option<(u64, Option<u64>)>, place: &Place) -> String {
    let hits = totals.map(|(hits, _)| hits.to_string()).unwrap_or_default();
    let bytes = totals.and_then(|(_, bytes)| bytes).map(|bytes| bytes.to_string()).unwrap_or_default();
    let value = match &place.value {
        Value::Number(number) => format!("n{number}"),
        Value::Text(text) => text.iter().fold("t".to_owned(), |hex, byte| hex + &format!("{byte:02x}")),
    };
    format!("{hits}.{bytes}.{}.{value}", place.id.0)
}

type Totals = Option<(u64, Option<u64>)>;

fn parse_token(token: &str, sort: Sort) -> Result<(Totals, Option<Place>), CatalogError> {
    if token.is_empty() {
        return Ok((None, None));
    }
    let bad = || CatalogError::InvalidArgument("the page token is not one of this question's".to_owned());
    let parts: Vec<&str> = token.splitn(4, '.').collect();
    let [hits, bytes, id, value] = parts.as_slice() else {
        return Err(bad());
    };
    let totals = if hits.is_empty() {
        None
    } else {
        let bytes = if bytes.is_empty() { None } else { Some(bytes.parse().map_err(|_| bad())?) };
        Some((hits.parse().map_err(|_| bad())?, bytes))
    };
    let value = match (value.get(..1), value.get(1..)) {
        (Some("n"), Some(number)) => Value::Number(number.parse().map_err(|_| bad())?),
        (Some("t"), Some(hex)) if hex.is_ascii() => Value::Text(
            (0..hex.len() / 2)
                .map(|at| u8::from_str_radix(&hex[at * 2..at * 2 + 2], 16).map_err(|_| bad()))
                .collect::<Result<_, _>>()?,
        ),
        _ => return Err(bad()),
    };
    let text_order = matches!(sort.key, SortKey::Name | SortKey::Path);
    if matches!(value, Value::Text(_)) != text_order {
        return Err(bad());
    }
    let id = EntryId(id.parse().map_err(|_| bad())?);
    Ok((totals, Some(Place { value, id, descending: sort.descending })))
}
