//! Passes over the content index: postings that share a key, beside the groups on record for that key.

use std::ops::ControlFlow;

use rusqlite::OptionalExtension;
use sanchay_core::Shows;

use super::parallel::Parallel;
use crate::block::EntryId;
use crate::content::{for_each_piece, postings_of, Facts, Posting, SharedContent, Sharing, OTHER_VOLUME};
use crate::error::CatalogError;
use crate::reader::Reader;
use crate::volumes::{any_shown, shows_of};
use crate::writer::sharing_of;

/// Parts that a pass is cut into, and the chunks below which it is not worth cutting.
const PARTS: u64 = 32;
const FEW_CHUNKS: i64 = 32;

/// A range of keys, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KeyRange {
    pub(super) low: i64,
    pub(super) high: i64,
}

impl KeyRange {
    /// The range in `part` of `parts` that are as wide as one another: keys are the heads of hashes, spread evenly.
    pub(super) fn part(part: usize, parts: usize) -> Self {
        let bound = |at: usize| ((at as i128) << 64) / parts as i128 + i128::from(i64::MIN);
        Self { low: bound(part) as i64, high: (bound(part + 1) - 1) as i64 }
    }
}

/// A set of entries, a bit each: ids are dense, for blocks are numbered one after another.
#[derive(Debug, Default)]
pub(crate) struct EntrySet {
    words: Vec<u64>,
    /// Apparent bytes of what was put in.
    bytes: u64,
}

impl EntrySet {
    /// Puts an entry in, once.
    pub(super) fn insert(&mut self, id: EntryId, size_bytes: u64) {
        let word = (id.0 / 64) as usize;
        if word >= self.words.len() {
            self.words.resize((word + 1).next_power_of_two(), 0);
        }
        self.words[word] |= 1 << (id.0 % 64);
        self.bytes += size_bytes;
    }

    /// Puts in what is in another, which has none of the same.
    pub(super) fn merge(&mut self, other: &Self) {
        self.words.resize(self.words.len().max(other.words.len()), 0);
        for (word, more) in self.words.iter_mut().zip(&other.words) {
            *word |= more;
        }
        self.bytes += other.bytes;
    }

    #[inline]
    pub(crate) fn contains(&self, id: EntryId) -> bool {
        self.words.get((id.0 / 64) as usize).is_some_and(|word| word >> (id.0 % 64) & 1 == 1)
    }

    /// How many there are, and their apparent bytes.
    pub(super) fn totals(&self) -> (u64, u64) {
        (self.words.iter().map(|word| u64::from(word.count_ones())).sum(), self.bytes)
    }

    /// Those after an entry, in order.
    pub(super) fn after(&self, id: Option<EntryId>) -> impl Iterator<Item = EntryId> + '_ {
        let from = id.map_or(0, |id| id.0 + 1);
        let first = (from / 64) as usize;
        let words = self.words.iter().enumerate().skip(first);
        words.flat_map(move |(number, &word)| {
            let mut left = if number == first { word & (u64::MAX << (from % 64)) } else { word };
            std::iter::from_fn(move || {
                let bit = (left != 0).then(|| u64::from(left.trailing_zeros()))?;
                left &= left - 1;
                Some(EntryId(number as u64 * 64 + bit))
            })
        })
    }
}

/// What the other tables know of an entry.
pub(crate) struct ReaderFacts<'a> {
    reader: &'a Reader,
    any_shown: Option<bool>,
}

impl<'a> ReaderFacts<'a> {
    pub(crate) fn new(reader: &'a Reader) -> Self {
        Self { reader, any_shown: None }
    }
}

impl Facts for ReaderFacts<'_> {
    fn volume(&mut self, posting: &Posting) -> Result<i64, CatalogError> {
        let entry = posting.entry;
        if posting.flags & OTHER_VOLUME != 0 {
            return Ok(self.reader.entry(entry, |item, _| item.entry.volume)?.unwrap_or(0));
        }
        let mut statement = self
            .reader
            .connection
            .prepare_cached("SELECT d.volume FROM block b JOIN directory d ON d.id = b.directory WHERE b.id = ?1")?;
        Ok(statement.query_row([entry.block()], |row| row.get(0)).optional()?.unwrap_or(0))
    }

    fn links_and_allocated(&mut self, entry: EntryId) -> Result<(u32, u64), CatalogError> {
        let found = self.reader.entry(entry, |item, _| (item.entry.links, item.entry.allocated_bytes))?;
        Ok(found.unwrap_or((1, 0)))
    }

    fn sharing(&mut self, entry: EntryId) -> Result<Option<Sharing>, CatalogError> {
        sharing_of(&self.reader.connection, entry)
    }

    fn any_shown(&mut self) -> Result<bool, CatalogError> {
        let found = match self.any_shown {
            Some(found) => found,
            None => any_shown(&self.reader.connection)?,
        };
        self.any_shown = Some(found);
        Ok(found)
    }

    fn shows(&mut self, volume: i64) -> Result<Shows, CatalogError> {
        shows_of(&self.reader.connection, volume)
    }

    fn birth_ns(&mut self, entry: EntryId) -> Result<Option<i64>, CatalogError> {
        Ok(self.reader.entry(entry, |item, _| item.entry.birth_ns)?.flatten())
    }
}

/// A row of the groups on record.
#[derive(Clone, Copy, Debug)]
struct GroupRow {
    key: i64,
    ordinal: i64,
    copies: i64,
    /// Of the copies, those that may be another of them.
    perhaps: i64,
}

/// Groups by key, asked for in ascending order. Rows are read ahead: the more of them are asked for, the more at once.
pub(super) struct GroupCursor<'r> {
    reader: &'r Reader,
    facts: ReaderFacts<'r>,
    high: i64,
    rows: Vec<GroupRow>,
    at: usize,
    asked: usize,
    ahead: usize,
    reaches_end: bool,
}

const AHEAD_LEAST: usize = 8;
const AHEAD_MOST: usize = 1024;

impl<'r> GroupCursor<'r> {
    pub(super) fn new(reader: &'r Reader, range: KeyRange) -> Self {
        let (rows, reaches_end) = (Vec::new(), false);
        let facts = ReaderFacts::new(reader);
        Self { reader, facts, high: range.high, rows, at: 0, asked: 0, ahead: AHEAD_LEAST, reaches_end }
    }

    /// The groups of `key`, which is not less than the one asked for before.
    fn of(&mut self, key: i64) -> Result<&[GroupRow], CatalogError> {
        self.asked += 1;
        self.at += self.rows[self.at..].partition_point(|row| row.key < key);
        while !self.reaches_end && self.rows.last().is_none_or(|last| last.key <= key) {
            self.read_ahead(key)?;
        }
        let rows = &self.rows[self.at..];
        Ok(&rows[..rows.partition_point(|row| row.key == key)])
    }

    fn read_ahead(&mut self, key: i64) -> Result<(), CatalogError> {
        let all_one_key = self.rows.first().is_some_and(|first| first.key == key);
        self.ahead = match () {
            () if all_one_key => self.ahead * 4,
            () if self.asked * 4 >= self.rows.len() => (self.ahead * 2).min(AHEAD_MOST),
            () => AHEAD_LEAST,
        };
        let mut statement = self.reader.connection.prepare_cached(
            "SELECT key, ordinal, copies, perhaps FROM duplicate_group WHERE key >= ?1 AND key <= ?2 ORDER BY key, ordinal LIMIT ?3",
        )?;
        let mut rows = statement.query((key, self.high, self.ahead as i64))?;
        self.rows.clear();
        while let Some(row) = rows.next()? {
            self.rows.push(GroupRow {
                key: row.get(0)?,
                ordinal: row.get(1)?,
                copies: row.get(2)?,
                perhaps: row.get(3)?,
            });
        }
        self.reaches_end = self.rows.len() < self.ahead;
        (self.at, self.asked) = (0, 0);
        Ok(())
    }

    /// What the whole run of a key amounts to.
    pub(super) fn verdict(&mut self, run: &[Posting]) -> Result<RunVerdict, CatalogError> {
        let (ordinal, copies, perhaps) = match self.of(run[0].key)? {
            [] => return Ok(RunVerdict::NoGroup),
            [group] => (group.ordinal, group.copies as u64, group.perhaps as u64),
            _ => return Ok(RunVerdict::SeveralContents),
        };
        // Every name is a copy of the group, or every inode is: nothing of another content has the same key.
        let is_one = ordinal == 0
            && (copies == run.len() as u64 || SharedContent(run).figures(&mut self.facts)?.copies == copies);
        Ok(match is_one {
            true if copies - perhaps.min(copies) < 2 => RunVerdict::PerhapsOneFile,
            true => RunVerdict::OneGroup,
            false => RunVerdict::SeveralContents,
        })
    }
}

/// What is known of the postings of one key without reading their hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RunVerdict {
    /// No two physical copies of anything.
    NoGroup,
    /// All have one content, with two physical copies or more.
    OneGroup,
    /// The same, but they may be one file.
    PerhapsOneFile,
    /// Only the hashes tell.
    SeveralContents,
}

/// What a pass does with one part: with each run, and the groups on record for its key.
pub(super) type VisitRun<'a> = dyn FnMut(&[Posting], RunVerdict) -> Result<(), CatalogError> + 'a;

impl Reader {
    /// Parts that a pass over the content index is worth cutting into.
    pub(super) fn content_parts(&self) -> Result<usize, CatalogError> {
        let mut statement =
            self.connection.prepare_cached("SELECT count(*) FROM (SELECT 1 FROM content_chunk LIMIT ?1)")?;
        let chunks: i64 = statement.query_row([FEW_CHUNKS], |row| row.get(0))?;
        Ok(if chunks < FEW_CHUNKS { 1 } else { PARTS as usize })
    }

    /// Calls `visit` with every run of two postings or more that share a key in `range` and that `wants` says yes to.
    pub(super) fn for_each_run(
        &self,
        range: KeyRange,
        wants: &dyn Fn(&[Posting]) -> bool,
        visit: &mut VisitRun<'_>,
    ) -> Result<(), CatalogError> {
        let mut groups = GroupCursor::new(self, range);
        let mut give = |run: &[Posting]| if wants(run) { visit(run, groups.verdict(run)?) } else { Ok(()) };
        let mut run: Vec<Posting> = Vec::new();
        let mut last: Option<Posting> = None;
        let mut keys: Vec<i64> = Vec::new();
        for_each_piece(&self.connection, range.low, range.high, &mut |piece| {
            keys.clear();
            keys.extend((0..piece.len()).map(|index| piece.key(index)));
            for (index, &key) in keys.iter().enumerate() {
                if key < range.low {
                    continue;
                }
                if last.is_some_and(|posting| posting.key == key) {
                    if run.is_empty() {
                        run.extend(last);
                    }
                    run.push(piece.get(index));
                    continue;
                }
                if !run.is_empty() {
                    give(&run)?;
                    run.clear();
                }
                if key > range.high {
                    return Ok(ControlFlow::Break(()));
                }
                let next_is_twin = keys.get(index + 1).is_none_or(|&next| next == key);
                // Only a posting that may begin a run is read whole.
                last = next_is_twin.then(|| piece.get(index));
            }
            Ok(ControlFlow::Continue(()))
        })?;
        if run.is_empty() {
            Ok(())
        } else {
            give(&run)
        }
    }

    /// Every posting of a key.
    pub(super) fn run_of(&self, key: i64) -> Result<Vec<Posting>, CatalogError> {
        postings_of(&self.connection, key)
    }

    /// Splits postings of one key by (size, whole hash), ordered by both.
    pub(crate) fn by_content(&self, run: Vec<Posting>) -> Result<Vec<Vec<Posting>>, CatalogError> {
        let mut with_hash = Vec::with_capacity(run.len());
        for posting in run {
            if let Some(hash) = self.entry(posting.entry, |item, _| posting.hash_in(&item.entry))?.flatten() {
                with_hash.push((posting.size_bytes, hash, posting));
            }
        }
        with_hash.sort_by_key(|(size_bytes, hash, _)| (*size_bytes, *hash));
        let contents = with_hash.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1));
        Ok(contents.map(|content| content.iter().map(|(_, _, posting)| *posting).collect()).collect())
    }

    /// Entries that are in a group of two physical copies or more.
    pub(crate) fn duplicate_entries(parallel: &Parallel<'_>, parts: usize) -> Result<EntrySet, CatalogError> {
        let sets = parallel.run(parts, |reader, queue| {
            let (mut entries, mut facts) = (EntrySet::default(), ReaderFacts::new(reader));
            while let Some(part) = queue.take() {
                reader.for_each_run(KeyRange::part(part, parts), &|_| true, &mut |run, verdict| {
                    match verdict {
                        RunVerdict::NoGroup | RunVerdict::PerhapsOneFile => {}
                        RunVerdict::OneGroup => {
                            for posting in run {
                                entries.insert(posting.entry, posting.size_bytes);
                            }
                        }
                        RunVerdict::SeveralContents => {
                            for content in reader.by_content(run.to_vec())? {
                                if SharedContent(&content).figures(&mut facts)?.sure_copies() > 1 {
                                    for posting in &content {
                                        entries.insert(posting.entry, posting.size_bytes);
                                    }
                                }
                            }
                        }
                    }
                    Ok(())
                })?;
            }
            Ok(entries)
        })?;
        let mut all = EntrySet::default();
        for set in sets {
            all.merge(&set);
        }
        Ok(all)
    }
}
