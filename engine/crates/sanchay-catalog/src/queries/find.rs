//! `find`: the files that an expression describes, a page at a time, with an exact total.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::budget::Budget;
use super::cache::Cache;
use super::filter::Filter;
use super::filter_context::Context;
use super::parallel::Parallel;
use super::place::{make_token, parse_token, SortPlace, Tally, Totals, Value};
use super::runs::EntrySet;
use super::search::{Question, Search, Untested, Wanted, WHOLE_TABLE};
use super::sort::{Sort, SortKey};
use super::tree::{PathResolver, RootNames};
use super::FileRow;
use crate::block::{EntryId, BLOCK_SLOTS};
use crate::catalog::Catalog;
use crate::error::CatalogError;
use crate::expression::{Expression, Glob};
use crate::name_index::SHORTEST_TERM;
use crate::reader::Reader;

/// A question.
#[derive(Clone, Debug)]
pub struct FindRequest<'a> {
    /// Which files.
    pub expression: &'a Expression,
    /// In which order.
    pub sort: Sort,
    /// Maximum number of rows.
    pub limit: usize,
    /// Maximum bytes of the page as a message; None: no bound. A page that ends for them goes on with its token.
    pub max_bytes: Option<usize>,
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
    /// Folders that the expression would find, where it finds no file.
    pub folders: u64,
    /// It asked which files have copies: what was not compared may be missing, or be there for nothing.
    pub asks_for_copies: bool,
}

/// Names have to be read and no index helps: past this time the first full page is answered without a total.
const PATIENCE: Duration = Duration::from_millis(120);
/// Blocks that are always looked at before patience ends: smaller catalogs are counted whole on any machine.
const PATIENT_BLOCKS: usize = 2_000;
/// An index on sizes or times is taken when it leaves fewer blocks than this.
const FEW_BLOCKS: i64 = 4000;
/// Blocks of one part of a pass, by id.
const PART_BLOCKS: i64 = 128;
/// Parts that one thread looks at before others are asked to help.
const FIRST_PARTS: usize = 6;
/// Names that one thread takes from the name index before others are asked to help.
const FEW_NAMES: usize = 20_000;
/// Parts that the rest of the name index is cut into.
const NAME_PARTS: u64 = 16;

impl Catalog {
    /// Answers one page.
    pub fn find(&self, request: &FindRequest<'_>) -> Result<FindPage, CatalogError> {
        let reader = self.reader()?;
        reader.snapshot(|reader| self.find_on(&Parallel::new(self.readers(), reader), reader, request))
    }

    pub(super) fn find_on(
        &self,
        parallel: &Parallel<'_>,
        reader: &Reader,
        request: &FindRequest<'_>,
    ) -> Result<FindPage, CatalogError> {
        let found = self.found(parallel, reader, request, Wanted::Page)?;
        let mut page = reader.find_page(found.places, found.totals, request)?;
        page.asks_for_copies = request.expression.asks_for_copies();
        page.folders = found.folders;
        Ok(page)
    }

    /// The hits after those of a page, before their rows are read.
    pub(super) fn found(
        &self,
        parallel: &Parallel<'_>,
        reader: &Reader,
        request: &FindRequest<'_>,
        wanted: Wanted,
    ) -> Result<Found, CatalogError> {
        let cache = &self.cache;
        let (roots, extensions) = (request.roots, self.extensions());
        let context = Context { reader, parallel, cache, roots, extensions };
        let filter = Filter::compile(request.expression, &context)?;
        let (known, after) = parse_token(request.token, request.sort)?.unzip();
        let (Sort { key, descending }, limit) = (request.sort, request.limit);
        let question =
            Question { filter: &filter, key, descending, wanted, limit, after, only_empty: false, done: None };
        let mut finder = Finder { reader, parallel, cache, question, known, cut_short: false, started: Instant::now() };
        let mut tally = finder.run()?;
        let set = tally.set.take().unwrap_or_default();
        let mut found = Found { totals: finder.totals(&tally), places: tally.into_places(), set, folders: 0 };
        if found.totals.at_least() == 0 && filter.folders.may_be_meant() {
            reader.for_each_folder(&filter.folders, &mut PathResolver::new(reader), &mut |_, _| {
                found.folders += 1;
                Ok(())
            })?;
        }
        Ok(found)
    }
}

/// What was found.
pub(super) struct Found {
    /// The first hits in order, one more than were asked for.
    pub(super) places: Vec<SortPlace>,
    pub(super) totals: Totals,
    /// All hits, where a set of them was asked for.
    pub(super) set: EntrySet,
    /// Folders that the expression would find, where it finds no file.
    pub(super) folders: u64,
}

impl Question<'_> {
    /// With a full page in stored order there is nothing to win but the total, and that would need every name.
    fn has_no_patience(&self, parts: usize, started: Instant) -> bool {
        self.wanted == Wanted::Page
            && self.key == SortKey::Stored
            && self.filter.needs_detail()
            && parts * PART_BLOCKS as usize >= PATIENT_BLOCKS
            && started.elapsed() > PATIENCE
    }
}

/// Chooses the way to the hits, and how many threads go it.
struct Finder<'a, 'l> {
    reader: &'a Reader,
    parallel: &'a Parallel<'l>,
    cache: &'a Cache,
    question: Question<'a>,
    /// From the page before, or from the roll-ups.
    known: Option<Totals>,
    /// Not all hits were counted.
    cut_short: bool,
    started: Instant,
}

impl Finder<'_, '_> {
    fn run(&mut self) -> Result<Tally, CatalogError> {
        let filter = self.question.filter;
        let mut tally = if filter.wants_entries() { self.entries()? } else { Tally::default() };
        if filter.folders.is_wanted {
            let limit = self.question.limit;
            tally.merge(self.alone(Search::look_at_folders)?, limit);
        }
        Ok(tally)
    }

    fn entries(&mut self) -> Result<Tally, CatalogError> {
        let (filter, key) = (self.question.filter, self.question.key);
        if filter.is_everything() && self.known.is_none() {
            self.known = Some(self.reader.whole_totals()?);
        }
        let largest_first = self.question.descending && matches!(key, SortKey::Size | SortKey::Modified);
        if let Some(entry) = filter.only_entry() {
            return self.alone(|search| search.look_at_entries(entry, Untested::All));
        }
        if !filter.is_of_files() {
            return self.blocks(0);
        }
        if let (Some(entries), SortKey::Stored) = (filter.only_duplicates(), key) {
            return Ok(self.duplicates(entries));
        }
        if let Some(prefix) = filter.hash_prefix() {
            let entries = self.reader.entries_with_hash(prefix)?;
            let mut tally = self.alone(|search| search.look_at_entries(&entries, Untested::All))?;
            if prefix.is_of_nothing() {
                // Empty files are in no content index.
                self.question.only_empty = true;
                let limit = self.question.limit;
                tally.merge(self.blocks(0)?, limit);
            }
            Ok(tally)
        } else if let Some(text) = filter.indexed_text() {
            self.names(&text)
        } else if let Some(glob) = filter.path_glob() {
            self.paths(glob)
        } else if filter.is_everything() && largest_first {
            self.alone(Search::look_at_largest)
        } else {
            self.blocks(0)
        }
    }

    /// What has a copy, of which the first are asked for and how many there are: no block needs to be looked at.
    fn duplicates(&mut self, entries: &EntrySet) -> Tally {
        let question = &self.question;
        let mut tally = Tally::default();
        for id in entries.after(question.after.as_ref().map(|after| after.id)).take(question.limit + 1) {
            tally.keep(
                SortPlace { value: Value::Number(0), id, descending: question.descending },
                None,
                question.limit,
            );
        }
        let (hits, bytes) = entries.totals();
        self.known.get_or_insert(Totals::Exact(hits, Some(bytes)));
        tally
    }

    /// On this thread only.
    fn alone<'s>(
        &'s self,
        work: impl FnOnce(&mut Search<'s>) -> Result<(), CatalogError>,
    ) -> Result<Tally, CatalogError> {
        let mut search = Search::new(self.reader, &self.question);
        work(&mut search)?;
        Ok(search.tally)
    }

    /// In stored order the next page begins where the last one ended, and ends when it is full.
    fn goes_on(&self) -> bool {
        self.question.key == SortKey::Stored && self.known.is_some()
    }

    /// Through the name index, and block by block above its watermark.
    fn names(&mut self, text: &str) -> Result<Tally, CatalogError> {
        let question = &self.question;
        let watermark = self.reader.meta("name_index_watermark")?;
        let last = EntryId::new(watermark.max(0), BLOCK_SLOTS - 1).0;
        let decided = question.filter.index_decides();
        let count_only = decided && !question.filter.has_column_tests() && question.key == SortKey::Stored;
        let look = |search: &mut Search<'_>, entries: &[EntryId]| match (count_only, decided) {
            (true, _) => {
                search.count_entries(entries);
                Ok(())
            }
            (false, true) => search.look_at_entries(entries, Untested::Columns),
            (false, false) => search.look_at_entries(entries, Untested::All),
        };
        let mut from = 0;
        if let (true, Some(after)) = (self.goes_on(), &question.after) {
            from = after.id.0 + 1;
        }
        let mut tally = Tally::default();
        // Few hits are one thread's work.
        loop {
            let (entries, more) = self.reader.first_names(text, from, last, FEW_NAMES)?;
            tally.merge(self.alone(|search| look(search, &entries))?, question.limit);
            let Some(end) = entries.last().filter(|_| more) else {
                from = last + 1;
                break;
            };
            from = end.0 + 1;
            if !self.goes_on() {
                break;
            }
            if tally.ahead > question.limit {
                return Ok(tally);
            }
        }
        if from <= last {
            let step = (last - from) / NAME_PARTS + 1;
            let done = self.parallel.run(NAME_PARTS as usize, |reader, parts| {
                let mut search = Search::new(reader, question);
                while let Some(part) = parts.take() {
                    let first = from + part as u64 * step;
                    let (entries, _) = reader.first_names(text, first, (first + step - 1).min(last), usize::MAX)?;
                    look(&mut search, &entries)?;
                }
                Ok(search.tally)
            })?;
            for other in done {
                tally.merge(other, question.limit);
            }
        }
        let limit = question.limit;
        if !(self.goes_on() && tally.ahead > limit) {
            let above = self.blocks(watermark + 1)?;
            tally.merge(above, limit);
        }
        Ok(tally)
    }

    /// Every block from `from` on.
    fn blocks(&mut self, from: i64) -> Result<Tally, CatalogError> {
        let (goes_on, question) = (self.goes_on(), &self.question);
        let mut from = from;
        if let (true, Some(after)) = (goes_on, &question.after) {
            from = from.max(after.id.block());
        }
        let source = if goes_on { WHOLE_TABLE } else { self.block_source()? };
        let until = self.reader.last_block()? + 1;
        if source != WHOLE_TABLE {
            return self.alone(|search| search.look_at_blocks(source, from, until, false));
        }
        let parts = usize::try_from((until - from).max(0) as u64 / PART_BLOCKS as u64 + 1).unwrap_or(usize::MAX);
        self.in_parts(parts, |search, part| {
            let low = from + part as i64 * PART_BLOCKS;
            search.look_at_blocks(WHOLE_TABLE, low, (low + PART_BLOCKS).min(until), goes_on)
        })
    }

    /// All folders below which a file may fit, and elsewhere the names that may, by the name index.
    fn paths(&mut self, glob: &Glob) -> Result<Tally, CatalogError> {
        let tree = self.cache.shape(self.reader)?;
        let folders = tree.that_may_fit(self.reader, glob)?;
        let mut blocks = tree.block_ids(&folders);
        let literal = glob.part_literal();
        let few = blocks.len() as i64 * 2 < self.reader.last_block()?;
        if !few || literal.is_some_and(|text| text.chars().count() < SHORTEST_TERM) {
            return self.blocks(0);
        }
        if let (true, Some(after)) = (self.goes_on(), &self.question.after) {
            blocks.drain(..blocks.partition_point(|block| *block < after.id.block()));
        }
        let limit = self.question.limit;
        let parts: Vec<&[i64]> = blocks.chunks(PART_BLOCKS as usize).collect();
        let mut tally = self.in_parts(parts.len(), |search, part| search.look_at_these_blocks(parts[part]))?;
        if let Some(text) = literal {
            self.question.done = Some(folders);
            tally.merge(self.names(text)?, limit);
        }
        Ok(tally)
    }

    /// Looks at parts of the catalog, which ascend, until there are no more, or the page is full and that is all that is
    /// asked.
    fn in_parts(
        &mut self,
        parts: usize,
        look: impl Fn(&mut Search<'_>, usize) -> Result<(), CatalogError> + Sync,
    ) -> Result<Tally, CatalogError> {
        let (goes_on, question, started) = (self.goes_on(), &self.question, self.started);
        let progress = Progress::new(question.limit);
        let mut tally = Tally::default();
        let mut first = 0;
        while first < parts && !progress.is_stopped() {
            // One thread begins: what is small, and a page that is soon full, is not worth another.
            let end = if first == 0 { parts.min(FIRST_PARTS) } else { parts };
            let some = |reader: &Reader, queue: &super::parallel::Parts| {
                let mut search = Search::new(reader, question);
                while let Some(part) = queue.take() {
                    let part = first + part;
                    let before = search.tally.ahead;
                    look(&mut search, part)?;
                    if progress.page_is_full(part, search.tally.ahead - before)
                        && (goes_on || question.has_no_patience(part, started))
                    {
                        progress.stop();
                    }
                    if progress.is_stopped() {
                        queue.stop();
                    }
                }
                Ok(search.tally)
            };
            let done =
                if first == 0 { self.parallel.alone(end, some)? } else { self.parallel.run(end - first, some)? };
            for other in done {
                tally.merge(other, question.limit);
            }
            first = end;
        }
        self.cut_short |= progress.is_stopped();
        Ok(tally)
    }

    /// The table, or the index that leaves few blocks of it.
    fn block_source(&self) -> Result<&'static str, CatalogError> {
        if self.question.filter.wants_others() {
            return Ok(WHOLE_TABLE);
        }
        let zone = self.question.filter.zone();
        let few = |sql: &str, bound: i64| -> Result<bool, CatalogError> {
            let count: i64 =
                self.reader.connection.prepare_cached(sql)?.query_row((bound, FEW_BLOCKS), |row| row.get(0))?;
            Ok(count < FEW_BLOCKS)
        };
        let by_size = "SELECT count(*) FROM (SELECT 1 FROM block WHERE max_size >= ?1 LIMIT ?2)";
        if zone.size_bytes.0 > 0 && few(by_size, zone.size_bytes.0)? {
            return Ok("block b INDEXED BY block_by_size");
        }
        let by_mtime = "SELECT count(*) FROM (SELECT 1 FROM block WHERE max_mtime >= ?1 LIMIT ?2)";
        if zone.mtime_s.0 > i64::MIN && few(by_mtime, zone.mtime_s.0)? {
            return Ok("block b INDEXED BY block_by_mtime");
        }
        Ok(WHOLE_TABLE)
    }

    fn totals(&self, tally: &Tally) -> Totals {
        let seen = if self.cut_short {
            Totals::AtLeast(tally.hits)
        } else {
            Totals::Exact(tally.hits, (!tally.unweighed).then_some(tally.bytes))
        };
        self.known.unwrap_or(seen)
    }
}

impl Reader {
    fn find_page(
        &self,
        mut places: Vec<SortPlace>,
        totals: Totals,
        request: &FindRequest<'_>,
    ) -> Result<FindPage, CatalogError> {
        let more = places.len() > request.limit;
        places.truncate(request.limit);
        let (mut paths, mut budget) = (PathResolver::new(self), Budget::new(request.max_bytes));
        let mut rows = Vec::with_capacity(places.len());
        let mut taken = 0;
        for place in &places {
            if let Some(row) = self.file_row(place.id, &mut paths, request.roots)? {
                if !budget.take(row.bytes()) {
                    break;
                }
                rows.push(row);
            }
            taken += 1;
        }
        let more = more || taken < places.len();
        let last = places[..taken].last().filter(|_| more);
        let next_token = last.map(|place| make_token(totals, place)).unwrap_or_default();
        let (total, total_bytes) = totals.exact();
        Ok(FindPage { rows, total, total_at_least: totals.at_least(), total_bytes, next_token, ..FindPage::default() })
    }
}

/// How far a pass in stored order has come without a gap, and how many hits for the page that part of it holds.
struct Progress {
    limit: usize,
    done: Mutex<(usize, usize, Vec<(usize, usize)>)>,
    stopped: AtomicBool,
}

impl Progress {
    fn new(limit: usize) -> Self {
        Self { limit, done: Mutex::new((0, 0, Vec::new())), stopped: AtomicBool::new(false) }
    }

    /// Notes that `part` is done and has `ahead` hits. True when no later part can have a hit on the page.
    fn page_is_full(&self, part: usize, ahead: usize) -> bool {
        let mut done = self.done.lock().expect("no panic under this lock");
        let (next, hits, waiting) = &mut *done;
        waiting.push((part, ahead));
        while let Some(at) = waiting.iter().position(|(part, _)| part == next) {
            *hits += waiting.swap_remove(at).1;
            *next += 1;
        }
        *hits > self.limit
    }

    fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }
}
