//! The content index beside the entries, and the groups of duplicates beside the content index.
//!
//! Both sides are added up in buckets of a few blocks, each in passes of many short transactions. Where a bucket differs,
//! because something is wrong or because something changed between the passes, its keys are compared one by one, each
//! with its entry in one state of the catalog.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;

use super::{Check, FaultKind};
use crate::block::EntryId;
use crate::content::{end_of_part, for_each_piece, postings_of, GroupFigures, Posting, SharedContent};
use crate::error::CatalogError;
use crate::queries::ReaderFacts;
use crate::reader::Reader;
use crate::writer::Session;

/// Blocks in a bucket: a power of two.
const BUCKET_BITS: u32 = 6;
/// Chunks of a level that are read in one transaction.
const CHUNKS_AT_ONCE: i64 = 64;

/// What the entries of each bucket amount to, by the entries and by the index.
#[derive(Default)]
pub(super) struct Digests {
    stored: HashMap<i64, u64>,
    indexed: HashMap<i64, u64>,
}

impl Digests {
    pub(super) fn count_stored(&mut self, posting: &Posting) {
        let sum = self.stored.entry(bucket_of(posting.entry)).or_default();
        *sum = sum.wrapping_add(digest(posting));
    }

    fn count_indexed(&mut self, posting: &Posting) {
        let sum = self.indexed.entry(bucket_of(posting.entry)).or_default();
        *sum = sum.wrapping_add(digest(posting));
    }

    fn different(&self) -> HashSet<i64> {
        let buckets = self.stored.keys().chain(self.indexed.keys()).copied();
        buckets.filter(|bucket| self.stored.get(bucket) != self.indexed.get(bucket)).collect()
    }
}

fn bucket_of(entry: EntryId) -> i64 {
    entry.block() >> BUCKET_BITS
}

/// Mixes a key and its entry, so that sums over many differ where one of them does.
fn digest(posting: &Posting) -> u64 {
    let mut mixed = (posting.key as u64) ^ posting.entry.0.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    for _ in 0..2 {
        mixed = (mixed ^ mixed >> 32).wrapping_mul(0xd6e8_feb8_6659_fd93);
    }
    mixed ^ mixed >> 32
}

/// The postings of some keys, and where the next begin; None at the end.
struct Part {
    postings: Vec<Posting>,
    next: Option<i64>,
}

/// The part that begins with key `from`.
fn part_from(reader: &Reader, from: i64) -> Result<Part, CatalogError> {
    let next = end_of_part(&reader.connection, from, CHUNKS_AT_ONCE)?;
    Ok(Part { postings: postings_between(reader, from, next)?, next })
}

/// The postings of keys from `from` on and below `to`.
fn postings_between(reader: &Reader, from: i64, to: Option<i64>) -> Result<Vec<Posting>, CatalogError> {
    let last = to.map_or(i64::MAX, |to| to - 1);
    let mut postings = Vec::new();
    for_each_piece(&reader.connection, from, last, &mut |piece| {
        let within = (0..piece.len()).filter(|&index| (from..=last).contains(&piece.key(index)));
        postings.extend(within.map(|index| piece.get(index)));
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(postings)
}

/// The key that an entry has now.
fn key_of(reader: &Reader, entry: EntryId) -> Result<Option<i64>, CatalogError> {
    let of_entry =
        |item: crate::block::EntryRef<'_>, _| Posting::of(entry, &item.entry, false).map(|found| found.0.key);
    Ok(reader.entry(entry, of_entry)?.flatten())
}

/// Whether the index has a key of an entry.
fn is_indexed(reader: &Reader, key: i64, entry: EntryId) -> Result<bool, CatalogError> {
    Ok(postings_of(&reader.connection, key)?.iter().any(|posting| posting.entry == entry))
}

impl Check<'_> {
    /// Keys without entries. False where it was broken off.
    pub(super) fn content(&mut self) -> Result<bool, CatalogError> {
        let mut next = Some(i64::MIN);
        while let Some(from) = next {
            let part = self.catalog.reader()?.snapshot(|reader| part_from(reader, from))?;
            for posting in &part.postings {
                self.digests.count_indexed(posting);
            }
            self.report.keys += part.postings.len() as u64;
            if !(self.go_on)() {
                return Ok(false);
            }
            next = part.next;
        }
        self.different = self.digests.different();
        Ok(self.different.is_empty() || self.ghosts()?)
    }

    fn ghosts(&mut self) -> Result<bool, CatalogError> {
        let buckets = &self.different;
        let (mut next, mut ghosts) = (Some(i64::MIN), Vec::new());
        while let Some(from) = next {
            next = self.catalog.reader()?.snapshot(|reader| {
                let part = part_from(reader, from)?;
                for posting in part.postings.iter().filter(|posting| buckets.contains(&bucket_of(posting.entry))) {
                    if key_of(reader, posting.entry)? != Some(posting.key) {
                        ghosts.push((posting.key, posting.entry));
                    }
                }
                Ok(part.next)
            })?;
            if !(self.go_on)() {
                return Ok(false);
            }
        }
        let example = ghosts.first().map_or(0, |(key, _)| *key);
        self.report.add(FaultKind::GhostKeys, ghosts.len(), || format!("key {example:016x}").into_bytes());
        if self.repair && !ghosts.is_empty() {
            for part in ghosts.chunks(20_000) {
                let part = part.to_vec();
                self.catalog.writer().run(move |session| session.forget_ghosts(&part))?;
            }
            self.report.mended(&[FaultKind::GhostKeys]);
        }
        Ok(true)
    }

    /// Hashed files that the index lacks: they join groups, which are sound by now. False where it was broken off.
    pub(super) fn missing(&mut self) -> Result<bool, CatalogError> {
        let (mut missing, mut example) = (Vec::new(), Vec::new());
        let mut sorted: Vec<i64> = self.different.iter().copied().collect();
        sorted.sort_unstable();
        for bucket in sorted {
            for block in bucket << BUCKET_BITS..(bucket + 1) << BUCKET_BITS {
                let of_block = self.catalog.reader()?.snapshot(|reader| missing_of(reader, block))?;
                if let (true, Some((_, name))) = (missing.is_empty(), of_block.first()) {
                    example.clone_from(name);
                }
                missing.extend(of_block.into_iter().map(|(id, _)| id));
            }
            if !(self.go_on)() {
                return Ok(false);
            }
        }
        self.report.add(FaultKind::MissingKeys, missing.len(), || example);
        if self.repair && !missing.is_empty() {
            self.catalog.writer().run(move |session| session.stage_again(&missing))?;
            self.report.mended(&[FaultKind::MissingKeys]);
        }
        Ok(true)
    }

    /// Groups beside a count of them. False where it was broken off.
    pub(super) fn groups(&mut self) -> Result<bool, CatalogError> {
        // A run may go on in the next chunks: each key is counted where its last posting is.
        let (mut low, mut wrong) = (Some(i64::MIN), Vec::new());
        while let Some(from) = low {
            let reader = self.catalog.reader()?;
            low = reader.snapshot(|reader| {
                let to = end_of_part(&reader.connection, from, CHUNKS_AT_ONCE)?;
                groups_between(reader, from, to, &mut wrong)?;
                Ok(to)
            })?;
            drop(reader);
            if !(self.go_on)() {
                return Ok(false);
            }
        }
        let example = wrong.first().copied().unwrap_or_default();
        self.report.add(FaultKind::Groups, wrong.len(), || format!("key {example:016x}").into_bytes());
        if self.repair && !wrong.is_empty() {
            for part in wrong.chunks(500) {
                let part = part.to_vec();
                self.catalog.writer().run(move |session| session.recount_groups(&part))?;
            }
            self.report.mended(&[FaultKind::Groups]);
        }
        Ok(true)
    }

    /// The totals of all groups beside their sum.
    pub(super) fn counters(&mut self) -> Result<bool, CatalogError> {
        let agrees = self.catalog.reader()?.snapshot(|reader| {
            let sums = group_sums(&reader.connection)?;
            let stored = COUNTERS.map(|name| reader.meta(name));
            for (sum, stored) in sums.into_iter().zip(stored) {
                if sum != stored? {
                    return Ok(false);
                }
            }
            Ok(true)
        })?;
        self.report.add(FaultKind::Counters, usize::from(!agrees), || b"duplicates".to_vec());
        if self.repair && !agrees {
            self.catalog.writer().run(Session::mend_counters)?;
            self.report.mended(&[FaultKind::Counters]);
        }
        Ok((self.go_on)())
    }
}

/// Hashed files of a block that the index lacks, with their names; none where its keys are still to be merged.
fn missing_of(reader: &Reader, block: i64) -> Result<Vec<(EntryId, Vec<u8>)>, CatalogError> {
    let mut wanted = Vec::new();
    reader.with_block(block, |view, _| {
        view.for_each(|slot, item| {
            let id = EntryId::new(block, slot);
            if let Some((posting, _)) = Posting::of(id, &item.entry, false) {
                wanted.push((posting.key, id, item.name.to_vec()));
            }
        })
    })?;
    let pending =
        reader.connection.prepare_cached("SELECT 1 FROM content_pending WHERE block = ?1")?.exists([block])?;
    let mut missing = Vec::new();
    if !pending {
        for (key, id, name) in wanted {
            if !is_indexed(reader, key, id)? {
                missing.push((id, name));
            }
        }
    }
    Ok(missing)
}

/// Adds the keys of at least `from` and below `to` whose groups differ from a count.
fn groups_between(reader: &Reader, from: i64, to: Option<i64>, wrong: &mut Vec<i64>) -> Result<(), CatalogError> {
    let is_in = |key: i64| key >= from && to.is_none_or(|to| key < to);
    let mut stored: HashMap<i64, Vec<(i64, GroupFigures)>> = HashMap::new();
    let mut statement = reader.connection.prepare_cached(
        "SELECT key, ordinal, size, copies, reclaimable, freed, perhaps FROM duplicate_group
         WHERE key >= ?1 AND key <= ?2 ORDER BY key, ordinal",
    )?;
    let mut rows = statement.query([from, to.unwrap_or(i64::MAX)])?;
    while let Some(row) = rows.next()? {
        let figures = GroupFigures {
            size_bytes: row.get::<_, i64>(2)? as u64,
            copies: row.get::<_, i64>(3)? as u64,
            reclaimable_bytes: row.get::<_, i64>(4)? as u64,
            freed_bytes: row.get::<_, i64>(5)? as u64,
            perhaps: row.get::<_, i64>(6)? as u64,
        };
        let key = row.get(0)?;
        if is_in(key) {
            stored.entry(key).or_default().push((row.get(1)?, figures));
        }
    }
    let postings = postings_between(reader, from, to)?;
    for run in postings.chunk_by(|a, b| a.key == b.key).filter(|run| run.len() > 1) {
        let mut counted = Vec::new();
        for (ordinal, content) in reader.by_content(run.to_vec())?.iter().enumerate() {
            let figures = SharedContent(content).figures(&mut ReaderFacts::new(reader))?;
            if figures.copies > 1 {
                counted.push((ordinal as i64, figures));
            }
        }
        if stored.remove(&run[0].key).unwrap_or_default() != counted {
            wrong.push(run[0].key);
        }
    }
    wrong.extend(stored.keys());
    Ok(())
}

/// The totals of all groups that are kept as counters.
pub(super) const COUNTERS: [&str; 4] = ["duplicate_groups", "redundant_copies", "reclaimable_bytes", "freed_bytes"];

/// The same totals, counted.
pub(super) fn group_sums(connection: &rusqlite::Connection) -> Result<[i64; 4], CatalogError> {
    let sql = "SELECT count(*), coalesce(sum(max(copies - perhaps - 1, 0)), 0), coalesce(sum(reclaimable), 0), coalesce(sum(freed), 0)
               FROM duplicate_group";
    Ok(connection.query_row(sql, [], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?]))?)
}
