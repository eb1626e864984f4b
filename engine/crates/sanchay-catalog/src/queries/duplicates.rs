//! Duplicates: groups of equal content, from an index walk; filtered, from one pass over the content index.

use std::collections::BinaryHeap;

use sanchay_core::{Algorithm, ContentHash, FileType};

use super::copy_filter::CopyFilter;
use super::lanes::Lanes;
use super::tree::{PathResolver, RootNames};
use crate::block::{Entry, EntryId};
use crate::catalog::Catalog;
use crate::content::{GroupFigures, Member};
use crate::error::CatalogError;
use crate::expression::Endings;
use crate::reader::Reader;

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

    pub(super) fn value(self, figures: &GroupFigures) -> u64 {
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
    /// Only copies with one of these extensions count; empty: all. See [`Endings::of_copies`].
    pub extensions: Endings,
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
    /// Names of one physical copy have one number, from 1 on.
    pub copy: u64,
    /// The copy may be one file with another one of the group.
    pub perhaps: bool,
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
    pub(super) fn count(&mut self, figures: &GroupFigures) {
        self.total_groups += 1;
        self.total_redundant_files += figures.sure_copies().saturating_sub(1);
        self.total_reclaimable_bytes += figures.reclaimable_bytes;
        self.total_freed_bytes += figures.freed_bytes;
    }

    /// Adds the totals of another part of the catalog.
    pub(super) fn add_totals(&mut self, other: &Self) {
        self.total_groups += other.total_groups;
        self.total_redundant_files += other.total_redundant_files;
        self.total_reclaimable_bytes += other.total_reclaimable_bytes;
        self.total_freed_bytes += other.total_freed_bytes;
    }
}

/// A group before its paths are read: what it is sorted by, and where it is. Larger values come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) value: u64,
    pub(super) key: i64,
    pub(super) ordinal: i64,
}

/// The place of the group of empty files, which has no key: behind all others of its value.
const EMPTY_ORDINAL: i64 = -1;

impl Catalog {
    /// Answers one page.
    pub fn duplicates(&self, request: &DuplicateRequest<'_>) -> Result<DuplicatePage, CatalogError> {
        let reader = self.reader()?;
        reader.snapshot(|reader| {
            let lanes = Lanes::new(self, reader);
            let filter = CopyFilter::new(self, reader, request)?;
            let after = parse_token(request.token)?;
            let mut page = DuplicatePage::default();
            let mut places = if filter.is_everything() && request.min_size_bytes <= 1 {
                reader.totals(&mut page)?;
                reader.places(request, after)?
            } else if filter.is_everything() {
                reader.places_of_size(request, after, &mut page)?
            } else {
                filter.places(&lanes, reader.content_parts()?, request, after, &mut page)?
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

/// Keeps the `limit + 1` first places after `after`.
pub(super) fn keep(best: &mut BinaryHeap<std::cmp::Reverse<Place>>, place: Place, after: Option<Place>, limit: usize) {
    if after.is_some_and(|after| place >= after) {
        return;
    }
    best.push(std::cmp::Reverse(place));
    if best.len() > limit + 1 {
        best.pop();
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
            "SELECT key, ordinal, size, copies, reclaimable, freed, perhaps FROM duplicate_group WHERE size >= ?1",
        )?;
        let mut rows = statement.query([i64::try_from(request.min_size_bytes).unwrap_or(i64::MAX)])?;
        let mut best = BinaryHeap::new();
        while let Some(row) = rows.next()? {
            let figures = GroupFigures {
                size_bytes: row.get::<_, i64>(2)? as u64,
                copies: row.get::<_, i64>(3)? as u64,
                reclaimable_bytes: row.get::<_, i64>(4)? as u64,
                freed_bytes: row.get::<_, i64>(5)? as u64,
                perhaps: row.get::<_, i64>(6)? as u64,
            };
            page.count(&figures);
            let place = Place { value: request.sort.value(&figures), key: row.get(0)?, ordinal: row.get(1)? };
            keep(&mut best, place, after, request.limit);
        }
        Ok(best.into_sorted_vec().into_iter().map(|place| place.0).collect())
    }

    fn group(
        &self,
        figures: GroupFigures,
        members: &[Member],
        request: &DuplicateRequest<'_>,
        paths: &mut PathResolver<'_>,
    ) -> Result<Option<DuplicateGroup>, CatalogError> {
        let mut names = Vec::with_capacity(members.len().min(request.paths_limit));
        for member in members.iter().take(request.paths_limit) {
            let Member { entry: id, copy, perhaps } = *member;
            let found = self.entry(id, |item, directory| (item.entry, item.name.to_vec(), directory))?;
            if let Some((entry, name, directory)) = found {
                let Some(path) = paths.file(directory, &name)? else { continue };
                let root_id = request.roots.root_of(&path);
                names.push(DuplicatePath { id, path, entry, root_id, copy, perhaps });
            }
        }
        let Some(first) = names.first() else {
            return Ok(None);
        };
        let algorithm = first.entry.algorithm;
        // Without a hash only empty files are in a group.
        let hash = first.entry.hash.unwrap_or_else(|| ContentHash::of_nothing(algorithm));
        Ok(Some(DuplicateGroup { figures, hash, algorithm, paths: names, total_paths: members.len() as u64 }))
    }
}
