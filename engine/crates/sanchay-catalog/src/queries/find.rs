//! `find`: the files that an expression describes, a page at a time, with an exact total.

use std::time::{Duration, Instant};

use super::budget::Budget;
use super::cache::Cache;
use super::filter::Filter;
use super::filter_context::Context;
use super::parallel::Parallel;
use super::place::{make_token, parse_token, SortPlace, Tally, Totals, Value};
use super::progress::Progress;
use super::runs::EntrySet;
use super::search::{Question, Search, Untested, Wanted, WHOLE_TABLE};
use super::sort::{Sort, SortKey};
use super::tree::{PathResolver, RootNames};
use super::FileRow;
use crate::block::{EntryId, BLOCK_SLOTS};
use crate::catalog::Catalog;
use crate::error::CatalogError;
use crate::expression::{Expression, Glob};
use crate::halt::Halt;
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
    /// How long the pass over the catalog may take; None: until it is done.
    pub patience: Option<Duration>,
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
    /// The pass took its time and was ended: the rows are hits that it had found by then. Where there is a token they are
    /// the first ones, and it goes on behind them.
    pub out_of_patience: bool,
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
        let mut halt = Halt::of_thread();
        if let Some(patience) = request.patience {
            halt = halt.until(Instant::now() + patience);
        }
        let find = |reader: &Reader| self.find_on(&Parallel::new(self.readers(), reader), reader, request);
        match halt.over(|| self.reader()?.snapshot(find)) {
            // Not even what the expression means was clear by then.
            Err(CatalogError::Cancelled) if halt.ran_out() => {
                Ok(FindPage { out_of_patience: true, ..FindPage::default() })
            }
            outcome => outcome,
        }
    }

    /// Under the halt of this thread, which may set an end to the pass.
    pub(super) fn find_on(
        &self,
        parallel: &Parallel<'_>,
        reader: &Reader,
        request: &FindRequest<'_>,
    ) -> Result<FindPage, CatalogError> {
        let found = self.found(parallel, reader, request, Wanted::Page)?;
        let mut page = reader.find_page(found.places, found.totals, request)?;
        page.out_of_patience = found.out_of_patience;
        if !found.goes_on {
            page.next_token.clear();
        }
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
        let (halt, tally, started) = (Halt::of_thread(), Tally::of_first(limit), Instant::now());
        let mut finder =
            Finder { reader, parallel, cache, question, known, halt, tally, cut_short: false, is_full: false, started };
        let outcome = finder.run();
        finder.halt.in_time(outcome)?;
        let mut found = finder.found();
        if found.totals.at_least() == 0 && !found.out_of_patience && filter.folders.may_be_meant() {
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
    /// The pass was ended by its time.
    pub(super) out_of_patience: bool,
    /// The places are the first ones, so that a page can go on behind them.
    goes_on: bool,
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
    halt: Halt,
    /// What was found so far.
    tally: Tally,
    /// No hit that was not looked at comes before the end of the page.
    is_full: bool,
    /// Not all hits were counted.
    cut_short: bool,
    started: Instant,
}

#[allow(clippy::redundant_closure_for_method_calls)] // the methods themselves are of one lifetime
impl Finder<'_, '_> {
    fn run(&mut self) -> Result<(), CatalogError> {
        let filter = self.question.filter;
        if filter.wants_entries() {
            self.entries()?;
        }
        if filter.folders.is_wanted {
            self.alone(|search| search.look_at_folders())?;
        }
        Ok(())
    }

    fn entries(&mut self) -> Result<(), CatalogError> {
        let (filter, key) = (self.question.filter, self.question.key);
        if filter.is_everything() && self.known.is_none() {
            self.known = Some(self.reader.whole_totals()?);
        }
        let largest_first = self.question.descending && matches!(key, SortKey::Size | SortKey::Modified);
        let few_are_wanted = self.question.wanted == Wanted::Page;
        if let Some(entry) = filter.only_entry() {
            return self.alone(|search| search.look_at_entries(entry, Untested::All));
        }
        if !filter.is_of_files() {
            return self.blocks(0);
        }
        if let (Some(entries), SortKey::Stored) = (filter.only_duplicates(), key) {
            self.duplicates(entries);
            return Ok(());
        }
        if let Some(prefix) = filter.hash_prefix() {
            let entries = self.reader.entries_with_hash(prefix)?;
            self.alone(|search| search.look_at_entries(&entries, Untested::All))?;
            if prefix.is_of_nothing() {
                // Empty files are in no content index.
                self.question.only_empty = true;
                self.blocks(0)?;
            }
            Ok(())
        } else if let Some(text) = filter.indexed_text() {
            self.names(&text)
        } else if let Some(glob) = filter.path_glob() {
            self.paths(glob)
        } else if filter.is_everything() && largest_first && few_are_wanted {
            self.alone(|search| search.look_at_largest())
        } else {
            self.blocks(0)
        }
    }

    /// What has a copy, of which the first are asked for and how many there are: no block needs to be looked at.
    fn duplicates(&mut self, entries: &EntrySet) {
        let question = &self.question;
        for id in entries.after(question.after.as_ref().map(|after| after.id)).take(question.limit + 1) {
            let place = SortPlace { value: Value::Number(0), id, descending: question.descending };
            self.tally.keep(place, None);
        }
        let (hits, bytes) = entries.totals();
        self.known.get_or_insert(Totals::Exact(hits, Some(bytes)));
    }

    /// On this thread only. What was found counts however the look ends.
    fn alone(&mut self, work: impl FnOnce(&mut Search<'_>) -> Result<(), CatalogError>) -> Result<(), CatalogError> {
        let mut search = Search::new(self.reader, &self.question);
        let outcome = work(&mut search);
        let found = search.tally;
        self.tally.merge(found);
        outcome
    }

    /// In stored order the next page begins where the last one ended, and ends when it is full.
    fn goes_on(&self) -> bool {
        self.question.key == SortKey::Stored && self.known.is_some()
    }

    /// Through the name index, and block by block above its watermark.
    fn names(&mut self, text: &str) -> Result<(), CatalogError> {
        let watermark = self.reader.meta("name_index_watermark")?;
        let last = EntryId::new(watermark.max(0), BLOCK_SLOTS - 1).0;
        let (limit, in_order) = (self.question.limit, self.question.key == SortKey::Stored);
        let decided = self.question.filter.index_decides();
        let count_only = decided && !self.question.filter.has_column_tests() && in_order;
        let look = |search: &mut Search<'_>, entries: &[EntryId]| match (count_only, decided) {
            (true, _) => {
                search.count_entries(entries);
                Ok(())
            }
            (false, true) => search.look_at_entries(entries, Untested::Columns),
            (false, false) => search.look_at_entries(entries, Untested::All),
        };
        let mut from = 0;
        if let (true, Some(after)) = (self.goes_on(), &self.question.after) {
            from = after.id.0 + 1;
        }
        // Few hits are one thread's work.
        loop {
            let (entries, more) = self.reader.first_names(text, from, last, FEW_NAMES)?;
            self.alone(|search| look(search, &entries))?;
            // Folders that were looked at before may have later hits.
            self.is_full |= in_order && self.question.done.is_none() && self.tally.ahead > limit;
            let Some(end) = entries.last().filter(|_| more) else {
                from = last + 1;
                break;
            };
            from = end.0 + 1;
            if !self.goes_on() {
                break;
            }
            if self.tally.ahead > limit {
                return Ok(());
            }
        }
        if from <= last {
            let step = (last - from) / NAME_PARTS + 1;
            let (halt, question) = (&self.halt, &self.question);
            let done = self.parallel.run(NAME_PARTS as usize, |reader, parts| {
                let mut search = Search::new(reader, question);
                while let Some(part) = parts.take() {
                    let first = from + part as u64 * step;
                    let names = reader.first_names(text, first, (first + step - 1).min(last), usize::MAX);
                    if !halt.in_time(names.and_then(|(entries, _)| look(&mut search, &entries)))? {
                        parts.stop();
                    }
                }
                Ok(search.tally)
            })?;
            self.add(done);
        }
        if self.goes_on() && self.tally.ahead > limit {
            return Ok(());
        }
        self.blocks(watermark + 1)
    }

    fn add(&mut self, found: Vec<Tally>) {
        for tally in found {
            self.tally.merge(tally);
        }
    }

    /// Every block from `from` on.
    fn blocks(&mut self, from: i64) -> Result<(), CatalogError> {
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
        let is_full = self.in_parts(parts, |search, part| {
            let low = from + part as i64 * PART_BLOCKS;
            search.look_at_blocks(WHOLE_TABLE, low, (low + PART_BLOCKS).min(until), goes_on)
        })?;
        self.is_full |= is_full;
        Ok(())
    }

    /// All folders below which a file may fit, and elsewhere the names that may, by the name index.
    fn paths(&mut self, glob: &Glob) -> Result<(), CatalogError> {
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
        let parts: Vec<&[i64]> = blocks.chunks(PART_BLOCKS as usize).collect();
        self.in_parts(parts.len(), |search, part| search.look_at_these_blocks(parts[part]))?;
        if let Some(text) = literal {
            self.question.done = Some(folders);
            self.names(text)?;
        }
        Ok(())
    }

    /// Looks at parts of the catalog, which ascend, until there are no more, or the page is full and that is all that is
    /// asked. Gives whether no later part can have a hit on the page.
    fn in_parts(
        &mut self,
        parts: usize,
        look: impl Fn(&mut Search<'_>, usize) -> Result<(), CatalogError> + Sync,
    ) -> Result<bool, CatalogError> {
        let (goes_on, started) = (self.goes_on(), self.started);
        let progress = Progress::new(self.question.limit);
        let mut first = 0;
        while first < parts && !progress.is_stopped() {
            let (halt, question) = (&self.halt, &self.question);
            // One thread begins: what is small, and a page that is soon full, is not worth another.
            let end = if first == 0 { parts.min(FIRST_PARTS) } else { parts };
            let some = |reader: &Reader, queue: &super::parallel::Parts| {
                let mut search = Search::new(reader, question);
                while let Some(part) = queue.take() {
                    let part = first + part;
                    let before = search.tally.ahead;
                    let in_time = halt.in_time(look(&mut search, part))?;
                    let is_enough = in_time
                        && progress.page_is_full(part, search.tally.ahead - before)
                        && (goes_on || question.has_no_patience(part, started));
                    if is_enough || !in_time {
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
            self.add(done);
            first = end;
        }
        self.cut_short |= progress.is_stopped();
        Ok(self.question.key == SortKey::Stored && progress.is_full())
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

    fn found(mut self) -> Found {
        let (set, out_of_patience) = (self.tally.set.take().unwrap_or_default(), self.halt.ran_out());
        self.halt.forget_time();
        let goes_on = self.is_full || !out_of_patience;
        let totals = self.totals(out_of_patience);
        Found { totals, places: self.tally.into_places(), set, folders: 0, out_of_patience, goes_on }
    }

    fn totals(&self, out_of_patience: bool) -> Totals {
        let tally = &self.tally;
        let seen = if self.cut_short || out_of_patience {
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
