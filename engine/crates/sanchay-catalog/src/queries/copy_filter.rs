//! Which copies count when duplicates are asked for of some files only, and the groups that are left.

use sanchay_core::{FileType, Shows};

use super::duplicate_page::{DuplicatePage, DuplicateRequest, FirstPlaces, GroupPlace};
use super::parallel::Parallel;
use super::runs::{EntrySet, KeyRange, ReaderFacts, RunVerdict};
use super::tree::{DirectorySet, PathResolver};
use crate::block::{EntryId, EntryKind, HashState};
use crate::catalog::Catalog;
use crate::content::{GroupFigures, Member, Posting, SharedContent};
use crate::error::CatalogError;
use crate::reader::Reader;
use sanchay_core::path::is_within;

/// Where copies count.
enum Place {
    Everywhere,
    /// In these directories, whose blocks these are, by id: for a pass over all copies.
    Trees(DirectorySet, Vec<bool>),
    /// In these folders: for the copies of a few groups, whatever became of the trees.
    Folders(Vec<Vec<u8>>),
}

/// Which copies count.
pub(super) struct CopyFilter {
    place: Place,
    extensions: Option<Vec<bool>>,
    min_size_bytes: u64,
    /// Only groups count that have one of these.
    having: Option<EntrySet>,
}

impl CopyFilter {
    pub(super) fn new(
        catalog: &Catalog,
        reader: &Reader,
        request: &DuplicateRequest<'_>,
    ) -> Result<Self, CatalogError> {
        let mut place = Place::Everywhere;
        if !request.under.is_empty() || !request.folders.is_empty() {
            let tree = catalog.cache.shape(reader)?;
            let mut directories = match request.under.as_slice() {
                [] => DirectorySet::everything(),
                under => reader.directories_in(&catalog.cache, under)?,
            };
            if !request.folders.is_empty() {
                directories = directories.only(&reader.directories_at(&request.folders)?);
            }
            if !directories.is_everything() {
                let blocks = tree.blocks_of(&directories);
                place = Place::Trees(directories, blocks);
            }
        }
        Ok(Self { place, ..Self::of_groups(catalog, request) })
    }

    /// For groups that were found before: their copies that count by now.
    pub(super) fn of_groups(catalog: &Catalog, request: &DuplicateRequest<'_>) -> Self {
        let extensions = (!request.extensions.is_empty() || !request.types.is_empty()).then(|| {
            let by_text = request.extensions.is_empty() || request.extensions.none;
            let by_type = request.types.is_empty() || request.types.contains(&FileType::Other);
            let mut wanted = vec![by_text && by_type];
            for (id, extension) in catalog.extensions().all() {
                let by_text = request.extensions.is_empty()
                    || request.extensions.simple.iter().any(|text| text == extension.as_str());
                let file_type = FileType::from_extension(extension.as_bytes());
                let by_type = request.types.is_empty() || request.types.contains(&file_type);
                wanted.resize(wanted.len().max(id as usize + 1), false);
                wanted[id as usize] = by_text && by_type;
            }
            wanted
        });
        let place = match request.under.as_slice() {
            [] => Place::Everywhere,
            folders => Place::Folders(folders.iter().map(|folder| folder.to_vec()).collect()),
        };
        Self { place, extensions, min_size_bytes: request.min_size_bytes, having: None }
    }

    /// Counts only groups that have one of these.
    pub(super) fn having(self, entries: EntrySet) -> Self {
        Self { having: Some(entries), ..self }
    }

    pub(super) fn is_everything(&self) -> bool {
        matches!(self.place, Place::Everywhere) && self.extensions.is_none() && self.having.is_none()
    }

    /// Whether a group of these copies counts.
    pub(super) fn wants_group(&self, mut entries: impl Iterator<Item = EntryId>) -> bool {
        self.having.as_ref().is_none_or(|having| entries.any(|entry| having.contains(entry)))
    }

    fn wants_directory(&self, directory: i64, paths: &mut PathResolver<'_>) -> Result<bool, CatalogError> {
        Ok(match &self.place {
            Place::Everywhere => true,
            Place::Trees(under, _) => under.contains(directory),
            Place::Folders(folders) => {
                paths.directory(directory)?.is_some_and(|path| folders.iter().any(|folder| is_within(&path, folder)))
            }
        })
    }

    #[inline]
    pub(super) fn wants(&self, posting: &Posting) -> bool {
        let has_block = match &self.place {
            Place::Trees(_, blocks) => blocks.get(posting.entry.block() as usize).copied().unwrap_or(false),
            Place::Everywhere | Place::Folders(_) => true,
        };
        has_block && self.wants_extension(posting.extension) && posting.size_bytes >= self.min_size_bytes
    }

    fn wants_extension(&self, extension: u32) -> bool {
        self.extensions.as_ref().is_none_or(|wanted| wanted.get(extension as usize).copied().unwrap_or(false))
    }

    /// The first places after `after`, one more than the page, from one pass over the content index.
    pub(super) fn places(
        &self,
        parallel: &Parallel<'_>,
        parts: usize,
        request: &DuplicateRequest<'_>,
        after: Option<GroupPlace>,
        page: &mut DuplicatePage,
    ) -> Result<Vec<GroupPlace>, CatalogError> {
        let (sort, limit) = (request.sort, request.limit);
        let done = parallel.run(parts, |reader, queue| {
            let (mut first, mut totals) = (FirstPlaces::new(limit, after), DuplicatePage::default());
            let mut facts = ReaderFacts::new(reader);
            let wants_run = |run: &[Posting]| {
                let mut wanted = run.iter().filter(|posting| self.wants(posting)).map(|posting| posting.entry);
                wanted.clone().nth(1).is_some() && self.wants_group(&mut wanted)
            };
            while let Some(part) = queue.take() {
                reader.for_each_run(KeyRange::part(part, parts), &wants_run, &mut |run, verdict| {
                    if verdict == RunVerdict::NoGroup {
                        return Ok(());
                    }
                    let wanted: Vec<Posting> = run.iter().filter(|posting| self.wants(posting)).copied().collect();
                    let contents = match verdict {
                        RunVerdict::OneGroup | RunVerdict::PerhapsOneFile => vec![wanted],
                        _ => reader.by_content(wanted)?,
                    };
                    for (ordinal, content) in contents.iter().enumerate() {
                        let figures = SharedContent(content).figures(&mut facts)?;
                        if figures.copies > 1 && self.wants_group(content.iter().map(|posting| posting.entry)) {
                            totals.count(&figures);
                            let value = sort.value(&figures);
                            first.offer(GroupPlace { value, key: run[0].key, ordinal: ordinal as i64 });
                        }
                    }
                    Ok(())
                })?;
            }
            Ok((first, totals))
        })?;
        let mut all = FirstPlaces::new(limit, after);
        for (first, totals) in done {
            page.add_totals(&totals);
            all.merge(first);
        }
        Ok(all.into_sorted())
    }

    /// The copies of a key that count, by their content.
    pub(super) fn contents(
        &self,
        reader: &Reader,
        key: i64,
        paths: &mut PathResolver<'_>,
    ) -> Result<Vec<Vec<Posting>>, CatalogError> {
        let mut wanted = reader.run_of(key)?;
        wanted.retain(|posting| self.wants(posting));
        if let Place::Folders(_) = &self.place {
            let mut inside = Vec::with_capacity(wanted.len());
            for posting in wanted {
                let directory = reader.directory_of(posting.entry.block())?;
                if directory.map_or(Ok(false), |directory| self.wants_directory(directory, paths))? {
                    inside.push(posting);
                }
            }
            wanted = inside;
        }
        reader.by_content(wanted)
    }

    /// The figures of a group, and its members, as far as they count.
    pub(super) fn members(
        &self,
        reader: &Reader,
        place: &GroupPlace,
        paths: &mut PathResolver<'_>,
    ) -> Result<Option<(GroupFigures, Vec<Member>)>, CatalogError> {
        let contents = self.contents(reader, place.key, paths)?;
        let Some(content) = contents.get(place.ordinal as usize) else {
            return Ok(None);
        };
        Self::group(reader, content)
    }

    /// The same, of copies of one content.
    pub(super) fn group(
        reader: &Reader,
        content: &[Posting],
    ) -> Result<Option<(GroupFigures, Vec<Member>)>, CatalogError> {
        let mut facts = ReaderFacts::new(reader);
        let figures = SharedContent(content).figures(&mut facts)?;
        let members = if figures.copies > 1 { SharedContent(content).members(&mut facts)? } else { Vec::new() };
        Ok((figures.copies > 1).then_some((figures, members)))
    }

    /// All empty files as one group, where there are two or more.
    pub(super) fn empty_files(&self, reader: &Reader) -> Result<Option<(GroupFigures, Vec<Member>)>, CatalogError> {
        let mut statement = reader.connection.prepare_cached(
            "SELECT b.id, b.directory, d.volume, coalesce(v.shows, 0) FROM block b JOIN directory d ON d.id = b.directory
             LEFT JOIN volume v ON v.id = d.volume WHERE b.min_size = 0 AND b.files > 0",
        )?;
        let mut rows = statement.query([])?;
        let (mut found, mut paths) = (Vec::new(), PathResolver::new(reader));
        while let Some(row) = rows.next()? {
            let (block, directory, volume): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
            // A program may say that a file is empty because it does not know its size: only reading it tells.
            let may_hide = Shows::from_number(row.get(3)?) == Shows::Others;
            if !self.wants_directory(directory, &mut paths)? {
                continue;
            }
            reader.with_block(block, |view, _| {
                view.for_each(|slot, item| {
                    let entry = &item.entry;
                    let is_known =
                        if may_hide { entry.hash_state.has_hash() } else { entry.hash_state != HashState::Unreadable };
                    if is_known
                        && entry.kind == EntryKind::File
                        && entry.size_bytes == 0
                        && self.wants_extension(entry.extension)
                    {
                        found.push((
                            entry.inode,
                            if entry.volume == 0 { volume } else { entry.volume },
                            EntryId::new(block, slot),
                        ));
                    }
                })
            })?;
        }
        found.sort_unstable();
        let mut members = Vec::with_capacity(found.len());
        for (copy, names) in (1..).zip(found.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1))) {
            members.extend(names.iter().map(|(_, _, entry)| Member { entry: *entry, copy, perhaps: false }));
        }
        let copies = members.last().map_or(0, |last| last.copy);
        let figures = GroupFigures { copies, ..GroupFigures::default() };
        let counts = copies > 1 && self.wants_group(members.iter().map(|member| member.entry));
        Ok(counts.then_some((figures, members)))
    }
}
