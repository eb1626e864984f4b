//! Duplicates: groups of equal content, from an index walk; filtered, from one pass over the content index.

use std::collections::BinaryHeap;
use std::sync::Arc;

use sanchay_core::{Algorithm, ContentHash, FileType};

use super::tree::{DirectorySet, PathResolver, RootNames, TreeShape};
use crate::block::{Entry, EntryId, EntryKind};
use crate::catalog::Catalog;
use crate::content::{ChunkView, Facts, GroupFigures, Posting, SharedContent, Sharing, CHUNKS_OF_KEY};
use crate::error::CatalogError;
use crate::reader::Reader;
use crate::writer::sharing_of;

/// Which groups come first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DuplicateSort {
    /// Most to win.
    #[default]
    Reclaimable,
    /// Largest files.
    Size,
    /// Most copies.
    Copies,
}

impl DuplicateSort {
    /// Reads the word.
    pub fn parse(text: &str) -> Result<Self, CatalogError> {
        match text {
            "" | "reclaimable" => Ok(Self::Reclaimable),
            "size" => Ok(Self::Size),
            "copies" => Ok(Self::Copies),
            other => {
                Err(CatalogError::InvalidArgument(format!("'{other}' is no order: use reclaimable, size or copies")))
            }
        }
    }

    fn value(self, figures: &GroupFigures) -> u64 {
        match self {
            Self::Reclaimable => figures.reclaimable_bytes,
            Self::Size => figures.size_bytes,
            Self::Copies => figures.copies,
        }
    }
}

/// A question.
#[derive(Clone, Debug, Default)]
pub struct DuplicateRequest<'a> {
    /// Only copies below this path count.
    pub under: Option<&'a [u8]>,
    /// Smallest apparent size; 0 asks for empty files too.
    pub min_size_bytes: u64,
    /// Only copies with one of these extensions count; empty: all.
    pub extensions: Vec<String>,
    /// Only copies of these types count; empty: all.
    pub types: Vec<FileType>,
    /// Which groups come first.
    pub sort: DuplicateSort,
    /// Groups at the most.
    pub limit: usize,
    /// The token of the page before; empty for the first.
    pub token: &'a str,
    /// Paths of a group at the most.
    pub paths_limit: usize,
    /// The roots, for naming them.
    pub roots: RootNames,
}

/// One name of one copy.
#[derive(Clone, Debug)]
pub struct DuplicatePath {
    /// Its entry.
    pub id: EntryId,
    /// Exact bytes.
    pub path: Vec<u8>,
    /// What is known of it.
    pub entry: Entry,
    /// The innermost root; 0: none.
    pub root_id: i64,
}

/// Files of one content.
#[derive(Clone, Debug)]
pub struct DuplicateGroup {
    /// Copies and bytes.
    pub figures: GroupFigures,
    /// Of all of them.
    pub hash: ContentHash,
    /// Of the hash.
    pub algorithm: Algorithm,
    /// Every name of every copy, up to the limit; copies of one inode stand together.
    pub paths: Vec<DuplicatePath>,
    /// Names in all.
    pub total_paths: u64,
}

/// An answer.
#[derive(Clone, Debug, Default)]
pub struct DuplicatePage {
    /// The groups of this page.
    pub groups: Vec<DuplicateGroup>,
    /// All groups that the question means.
    pub total_groups: u64,
    /// Copies that are one too many.
    pub total_redundant_files: u64,
    /// Sum over all groups.
    pub total_reclaimable_bytes: u64,
    /// Sum over all groups.
    pub total_freed_bytes: u64,
    /// For the next page; empty: this is the last.
    pub next_token: String,
}

impl DuplicatePage {
    fn count(&mut self, figures: &GroupFigures) {
        self.total_groups += 1;
        self.total_redundant_files += figures.copies - 1;
        self.total_reclaimable_bytes += figures.reclaimable_bytes;
        self.total_freed_bytes += figures.freed_bytes;
    }
}

/// A group before its paths are read: what it is sorted by, and where it is. Larger values come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    value: u64,
    key: i64,
    ordinal: i64,
}

/// The place of the group of empty files, which has no key: behind all others of its value.
const EMPTY_ORDINAL: i64 = -1;

impl Catalog {
    /// Answers one page.
    pub fn duplicates(&self, request: &DuplicateRequest<'_>) -> Result<DuplicatePage, CatalogError> {
        let reader = self.reader()?;
        reader.snapshot(|reader| {
            let filter = CopyFilter::new(self, reader, request)?;
            let after = parse_token(request.token)?;
            let mut page = DuplicatePage::default();
            let mut places = if filter.is_everything() && request.min_size_bytes <= 1 {
                reader.totals(&mut page)?;
                reader.places(request, after)?
            } else if filter.is_everything() {
                reader.places_of_size(request, after, &mut page)?
            } else {
                filter.places(reader, request, after, &mut page)?
            };
            let empty = if request.min_size_bytes == 0 { filter.empty_files(reader)? } else { None };
            if let Some((figures, _)) = &empty {
                page.count(figures);
                let place = Place { value: request.sort.value(figures), key: i64::MIN, ordinal: EMPTY_ORDINAL };
                if after.is_none_or(|after| place < after) {
                    places.push(place);
                    places.sort_unstable_by(|a, b| b.cmp(a));
                }
            }
            let more = places.len() > request.limit;
            places.truncate(request.limit);
            let mut paths = PathResolver::new(reader);
            for place in &places {
                let group = if place.ordinal == EMPTY_ORDINAL {
                    empty.as_ref().map(|(figures, entries)| (*figures, entries.clone()))
                } else {
                    filter.members(reader, place)?
                };
                if let Some((figures, entries)) = group {
                    page.groups.extend(reader.group(figures, &entries, request, &mut paths)?);
                }
            }
            if let Some(last) = places.last().filter(|_| more) {
                page.next_token = format!("{}.{}.{}", last.value, last.key, last.ordinal);
            }
            Ok(page)
        })
    }
}

fn parse_token(token: &str) -> Result<Option<Place>, CatalogError> {
    if token.is_empty() {
        return Ok(None);
    }
    let bad = || CatalogError::InvalidArgument("the page token is not one of this question's".to_owned());
    let parts: Vec<&str> = token.split('.').collect();
    let [value, key, ordinal] = parts.as_slice() else {
        return Err(bad());
    };
    Ok(Some(Place {
        value: value.parse().map_err(|_| bad())?,
        key: key.parse().map_err(|_| bad())?,
        ordinal: ordinal.parse().map_err(|_| bad())?,
    }))
}

/// Which copies count.
struct CopyFilter {
    under: Option<DirectorySet>,
    shape: Option<Arc<TreeShape>>,
    extensions: Option<Vec<bool>>,
    min_size_bytes: u64,
}

impl CopyFilter {
    fn new(catalog: &Catalog, reader: &Reader, request: &DuplicateRequest<'_>) -> Result<Self, CatalogError> {
        let (mut under, mut shape) = (None, None);
        if let Some(path) = request.under {
            let tree = catalog.trees.shape(reader)?;
            under = Some(match reader.locate(path)? {
                Some((directory, _)) => tree.below(directory),
                None => DirectorySet::none(),
            });
            shape = Some(tree);
        }
        let extensions = (!request.extensions.is_empty() || !request.types.is_empty()).then(|| {
            let no_extension = request.extensions.is_empty() && request.types.contains(&FileType::Other);
            let mut wanted = vec![no_extension];
            for (id, extension) in catalog.extensions().all() {
                let by_text =
                    request.extensions.is_empty() || request.extensions.iter().any(|text| text == extension.as_str());
                let file_type = FileType::from_extension(extension.as_bytes());
                let by_type = request.types.is_empty() || request.types.contains(&file_type);
                wanted.resize(wanted.len().max(id as usize + 1), false);
                wanted[id as usize] = by_text && by_type;
            }
            wanted
        });
        Ok(Self { under, shape, extensions, min_size_bytes: request.min_size_bytes })
    }

    fn is_everything(&self) -> bool {
        self.under.is_none() && self.extensions.is_none()
    }

    #[inline]
    fn wants(&self, posting: &Posting) -> bool {
        self.wants_extension(posting.extension)
            && match (&self.under, &self.shape) {
                (Some(under), Some(shape)) => under.contains(shape.directory_of(posting.entry.block())),
                _ => true,
            }
    }

    fn wants_extension(&self, extension: u32) -> bool {
        self.extensions.as_ref().is_none_or(|wanted| wanted.get(extension as usize).copied().unwrap_or(false))
    }

    /// The first places after `after`, one more than the page, from one pass over the content index.
    fn places(
        &self,
        reader: &Reader,
        request: &DuplicateRequest<'_>,
        after: Option<Place>,
        page: &mut DuplicatePage,
    ) -> Result<Vec<Place>, CatalogError> {
        let mut best = BinaryHeap::new();
        let mut facts = ReaderFacts(reader);
        reader.for_each_run(&mut |run| {
            if run[0].size_bytes < self.min_size_bytes {
                return Ok(());
            }
            let wanted: Vec<Posting> = run.iter().filter(|posting| self.wants(posting)).copied().collect();
            if wanted.len() < 2 {
                return Ok(());
            }
            let key = wanted[0].key;
            for (ordinal, content) in reader.contents(key, wanted)? {
                let figures = SharedContent(&content).figures(&mut facts)?;
                if figures.copies < 2 {
                    continue;
                }
                page.count(&figures);
                keep(&mut best, Place { value: request.sort.value(&figures), key, ordinal }, after, request.limit);
            }
            Ok(())
        })?;
        Ok(best.into_sorted_vec().into_iter().map(|place| place.0).collect())
    }

    /// The figures of a group, and its members' entries, as far as they count.
    fn members(&self, reader: &Reader, place: &Place) -> Result<Option<(GroupFigures, Vec<EntryId>)>, CatalogError> {
        let run = reader.run_of(place.key)?;
        let wanted: Vec<Posting> = run.into_iter().filter(|posting| self.wants(posting)).collect();
        let contents = reader.by_content(wanted)?;
        let Some(content) = contents.get(place.ordinal as usize) else {
            return Ok(None);
        };
        let figures = SharedContent(content).figures(&mut ReaderFacts(reader))?;
        let mut members = content.clone();
        members.sort_unstable_by_key(|posting| (posting.inode, posting.entry));
        Ok((figures.copies > 1).then(|| (figures, members.into_iter().map(|posting| posting.entry).collect())))
    }

    /// All empty files as one group, where there are two or more.
    fn empty_files(&self, reader: &Reader) -> Result<Option<(GroupFigures, Vec<EntryId>)>, CatalogError> {
        let mut statement =
            reader.connection.prepare_cached("SELECT id, directory FROM block WHERE min_size = 0 AND files > 0")?;
        let mut rows = statement.query([])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let (block, directory): (i64, i64) = (row.get(0)?, row.get(1)?);
            if self.under.as_ref().is_some_and(|under| !under.contains(directory)) {
                continue;
            }
            reader.with_block(block, |view, _| {
                view.for_each(|slot, item| {
                    let entry = &item.entry;
                    if entry.kind == EntryKind::File && entry.size_bytes == 0 && self.wants_extension(entry.extension) {
                        found.push((entry.inode, EntryId::new(block, slot)));
                    }
                })
            })?;
        }
        found.sort_unstable();
        let mut facts = ReaderFacts(reader);
        let mut copies = 0;
        for names in found.chunk_by(|a, b| a.0 == b.0) {
            let mut volumes = Vec::new();
            if names.len() > 1 {
                for (_, id) in names {
                    volumes.push(facts.volume(*id)?);
                }
                volumes.sort_unstable();
                volumes.dedup();
            }
            copies += volumes.len().max(1) as u64;
        }
        let figures = GroupFigures { copies, ..GroupFigures::default() };
        Ok((copies > 1).then(|| (figures, found.into_iter().map(|(_, id)| id).collect())))
    }
}

/// Keeps the `limit + 1` first places after `after`.
fn keep(best: &mut BinaryHeap<std::cmp::Reverse<Place>>, place: Place, after: Option<Place>, limit: usize) {
    if after.is_some_and(|after| place >= after) {
        return;
    }
    best.push(std::cmp::Reverse(place));
    if best.len() > limit + 1 {
        best.pop();
    }
}

/// Key, ordinal and copies of a group's row.
fn group_place(row: &rusqlite::Row<'_>) -> Result<(i64, i64, i64), CatalogError> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
}

/// A set of entries, a bit each: ids are dense, for blocks are numbered one after another.
#[derive(Debug, Default)]
pub(crate) struct EntrySet(Vec<u64>);

impl EntrySet {
    fn insert(&mut self, id: EntryId) {
        let word = (id.0 / 64) as usize;
        if word >= self.0.len() {
            self.0.resize((word + 1).next_power_of_two(), 0);
        }
        self.0[word] |= 1 << (id.0 % 64);
    }

    #[inline]
    pub(crate) fn contains(&self, id: EntryId) -> bool {
        self.0.get((id.0 / 64) as usize).is_some_and(|word| word >> (id.0 % 64) & 1 == 1)
    }
}

struct ReaderFacts<'a>(&'a Reader);

impl Facts for ReaderFacts<'_> {
    fn volume(&mut self, entry: EntryId) -> Result<i64, CatalogError> {
        let mut statement = self
            .0
            .connection
            .prepare_cached("SELECT d.volume FROM block b JOIN directory d ON d.id = b.directory WHERE b.id = ?1")?;
        Ok(statement.query_row([entry.block()], |row| row.get(0))?)
    }

    fn links_and_allocated(&mut self, entry: EntryId) -> Result<(u32, u64), CatalogError> {
        let found = self.0.entry(entry, |item, _| (item.entry.links, item.entry.allocated_bytes))?;
        Ok(found.unwrap_or((1, 0)))
    }

    fn sharing(&mut self, entry: EntryId) -> Result<Option<Sharing>, CatalogError> {
        sharing_of(&self.0.connection, entry)
    }
}

impl Reader {
    fn totals(&self, page: &mut DuplicatePage) -> Result<(), CatalogError> {
        page.total_groups = self.meta("duplicate_groups")? as u64;
        page.total_redundant_files = self.meta("redundant_copies")? as u64;
        page.total_reclaimable_bytes = self.meta("reclaimable_bytes")? as u64;
        page.total_freed_bytes = self.meta("freed_bytes")? as u64;
        Ok(())
    }

    /// The first places after `after`: an index walk for the usual order.
    fn places(&self, request: &DuplicateRequest<'_>, after: Option<Place>) -> Result<Vec<Place>, CatalogError> {
        let column = match request.sort {
            DuplicateSort::Reclaimable => "reclaimable",
            DuplicateSort::Size => "size",
            DuplicateSort::Copies => "copies",
        };
        let after = after.unwrap_or(Place { value: i64::MAX as u64, key: i64::MAX, ordinal: i64::MAX });
        let sql = format!(
            "SELECT {column}, key, ordinal FROM duplicate_group WHERE ({column}, key, ordinal) < (?1, ?2, ?3)
             ORDER BY {column} DESC, key DESC, ordinal DESC LIMIT ?4"
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let bounds = (after.value as i64, after.key, after.ordinal, request.limit as i64 + 1);
        let rows = statement.query_map(bounds, |row| {
            Ok(Place { value: row.get::<_, i64>(0)? as u64, key: row.get(1)?, ordinal: row.get(2)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The same, for groups of a smallest size, which are added up on the way.
    fn places_of_size(
        &self,
        request: &DuplicateRequest<'_>,
        after: Option<Place>,
        page: &mut DuplicatePage,
    ) -> Result<Vec<Place>, CatalogError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT key, ordinal, size, copies, reclaimable, freed FROM duplicate_group WHERE size >= ?1",
        )?;
        let mut rows = statement.query([i64::try_from(request.min_size_bytes).unwrap_or(i64::MAX)])?;
        let mut best = BinaryHeap::new();
        while let Some(row) = rows.next()? {
            let figures = GroupFigures {
                size_bytes: row.get::<_, i64>(2)? as u64,
                copies: row.get::<_, i64>(3)? as u64,
                reclaimable_bytes: row.get::<_, i64>(4)? as u64,
                freed_bytes: row.get::<_, i64>(5)? as u64,
            };
            page.count(&figures);
            let place = Place { value: request.sort.value(&figures), key: row.get(0)?, ordinal: row.get(1)? };
            keep(&mut best, place, after, request.limit);
        }
        Ok(best.into_sorted_vec().into_iter().map(|place| place.0).collect())
    }

    /// Calls `visit` with every run of two postings or more that share a key.
    fn for_each_run(&self, visit: &mut dyn FnMut(&[Posting]) -> Result<(), CatalogError>) -> Result<(), CatalogError> {
        let mut statement =
            self.connection.prepare_cached("SELECT postings FROM content_chunk ORDER BY low_key, low_entry")?;
        let mut rows = statement.query([])?;
        let mut run: Vec<Posting> = Vec::new();
        let mut last: Option<Posting> = None;
        while let Some(row) = rows.next()? {
            let blob = row.get_ref(0)?.as_blob().map_err(|_| CatalogError::corrupt_block())?;
            let chunk = ChunkView::parse(blob)?;
            for index in 0..chunk.len() {
                let key = chunk.key(index);
                if last.is_some_and(|posting| posting.key == key) {
                    if run.is_empty() {
                        run.extend(last);
                    }
                    run.push(chunk.get(index));
                    continue;
                }
                if !run.is_empty() {
                    visit(&run)?;
                    run.clear();
                }
                let next_is_twin = index + 1 == chunk.len() || chunk.key(index + 1) == key;
                // Only a posting that may begin a run is read whole.
                last = next_is_twin.then(|| chunk.get(index));
            }
        }
        if run.is_empty() {
            Ok(())
        } else {
            visit(&run)
        }
    }

    /// Every posting of a key.
    pub(super) fn run_of(&self, key: i64) -> Result<Vec<Posting>, CatalogError> {
        let mut statement = self.connection.prepare_cached(CHUNKS_OF_KEY)?;
        let mut rows = statement.query([key])?;
        let mut run = Vec::new();
        while let Some(row) = rows.next()? {
            let blob = row.get_ref(1)?.as_blob().map_err(|_| CatalogError::corrupt_block())?;
            run.extend(ChunkView::parse(blob)?.iter().filter(|posting| posting.key == key));
        }
        Ok(run)
    }

    /// The contents among postings of one key, with their ordinals. Where the key has one group or none on record, the
    /// hashes need no reading.
    fn contents(&self, key: i64, run: Vec<Posting>) -> Result<Vec<(i64, Vec<Posting>)>, CatalogError> {
        let first = run[0].size_bytes;
        if run.iter().all(|posting| posting.size_bytes == first) {
            let several: bool = self
                .connection
                .prepare_cached("SELECT count(*) > 1 OR max(ordinal) > 0 FROM duplicate_group WHERE key = ?1")?
                .query_row([key], |row| Ok(row.get::<_, Option<bool>>(0)?.unwrap_or(false)))?;
            if !several {
                return Ok(vec![(0, run)]);
            }
        }
        Ok(self.by_content(run)?.into_iter().enumerate().map(|(ordinal, content)| (ordinal as i64, content)).collect())
    }

    /// Splits postings of one key by (size, whole hash), ordered by both.
    fn by_content(&self, run: Vec<Posting>) -> Result<Vec<Vec<Posting>>, CatalogError> {
        let mut with_hash = Vec::with_capacity(run.len());
        for posting in run {
            if let Some(hash) = self.entry(posting.entry, |item, _| item.entry.hash)?.flatten() {
                with_hash.push((posting.size_bytes, hash, posting));
            }
        }
        with_hash.sort_by_key(|(size_bytes, hash, _)| (*size_bytes, *hash));
        let contents = with_hash.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1));
        Ok(contents.map(|content| content.iter().map(|(_, _, posting)| *posting).collect()).collect())
    }

    /// Entries that are in a group of two physical copies or more.
    pub(crate) fn duplicate_entries(&self) -> Result<EntrySet, CatalogError> {
        let mut statement =
            self.connection.prepare_cached("SELECT key, ordinal, copies FROM duplicate_group ORDER BY key")?;
        let mut groups = statement.query([])?;
        let mut next = groups.next()?.map(group_place).transpose()?;
        let mut entries = EntrySet::default();
        let mut facts = ReaderFacts(self);
        // Runs and groups come in the order of their keys: one pass over both.
        self.for_each_run(&mut |run| {
            while next.is_some_and(|(key, _, _)| key < run[0].key) {
                next = groups.next()?.map(group_place).transpose()?;
            }
            match next {
                Some((key, _, _)) if key > run[0].key => {}
                None => {}
                // As many copies as names, and one content: every name is in the group.
                Some((_, 0, copies)) if copies == run.len() as i64 => {
                    for posting in run {
                        entries.insert(posting.entry);
                    }
                }
                Some(_) => {
                    for content in self.by_content(run.to_vec())? {
                        if SharedContent(&content).figures(&mut facts)?.copies > 1 {
                            for posting in &content {
                                entries.insert(posting.entry);
                            }
                        }
                    }
                }
            }
            Ok(())
        })?;
        Ok(entries)
    }

    fn group(
        &self,
        figures: GroupFigures,
        entries: &[EntryId],
        request: &DuplicateRequest<'_>,
        paths: &mut PathResolver<'_>,
    ) -> Result<Option<DuplicateGroup>, CatalogError> {
        let mut names = Vec::with_capacity(entries.len().min(request.paths_limit));
        for id in entries.iter().take(request.paths_limit) {
            let found = self.entry(*id, |item, directory| (item.entry, item.name.to_vec(), directory))?;
            if let Some((entry, name, directory)) = found {
                let path = paths.file(directory, &name)?;
                let root_id = request.roots.root_of(&path);
                names.push(DuplicatePath { id: *id, path, entry, root_id });
            }
        }
        let Some(first) = names.first() else {
            return Ok(None);
        };
        let (hash, algorithm) =
            (first.entry.hash.unwrap_or_else(|| ContentHash::from_bytes([0; 32])), first.entry.algorithm);
        Ok(Some(DuplicateGroup { figures, hash, algorithm, paths: names, total_paths: entries.len() as u64 }))
    }
}
