//! Duplicates: groups of equal content, from an index walk; filtered, from one pass over the content index.

use std::collections::HashMap;

use sanchay_core::ContentHash;

use super::budget::{path_bytes, Budget, ROW_BYTES};
use super::copy_filter::CopyFilter;
use super::duplicate_page::{
    DuplicateGroup, DuplicatePage, DuplicatePath, DuplicateRequest, DuplicateSort, FirstPlaces, GroupPlace,
};
use super::find::FindRequest;
use super::parallel::Parallel;
use super::runs::EntrySet;
use super::search::Wanted;
use super::sort::Sort;
use super::tree::{PathResolver, RootNames};
use crate::catalog::Catalog;
use crate::content::{content_key, GroupFigures, Member};
use crate::error::CatalogError;
use crate::expression::{Expression, Glob, Term, TermKind};
use crate::reader::Reader;

/// What a path takes of a group's bytes, its text left out.
const PATH_IN_GROUP_BYTES: usize = 56;

/// The groups that a question means, in their order.
pub(super) struct Ordered {
    pub(super) filter: CopyFilter,
    /// The first after a page, one more than it takes.
    pub(super) places: Vec<GroupPlace>,
    /// The group of empty files, where that counts.
    empty: Option<(GroupFigures, Vec<Member>)>,
    /// Without groups.
    pub(super) totals: DuplicatePage,
}

impl Catalog {
    /// Answers one page.
    pub fn duplicates(&self, request: &DuplicateRequest<'_>) -> Result<DuplicatePage, CatalogError> {
        let reader = self.reader()?;
        reader.snapshot(|reader| self.duplicates_on(reader, request))
    }

    /// The same, on a state of the catalog of which more is asked.
    pub fn duplicates_on(
        &self,
        reader: &Reader,
        request: &DuplicateRequest<'_>,
    ) -> Result<DuplicatePage, CatalogError> {
        let Ordered { filter, mut places, empty, totals: mut page } =
            self.ordered(reader, request, parse_token(request.token)?)?;
        let more = places.len() > request.limit;
        places.truncate(request.limit);
        let (mut paths, mut budget) = (PathResolver::new(reader), Budget::new(request.max_bytes));
        let mut taken = 0;
        for place in &places {
            let group = match &empty {
                Some(group) if place.is_of_empty_files() => Some(group.clone()),
                _ => filter.members(reader, place, &mut paths)?,
            };
            if let Some((figures, entries)) = group {
                if let Some((group, bytes)) = reader.group(figures, &entries, request, &mut paths)? {
                    if !budget.take(bytes) {
                        break;
                    }
                    page.groups.push(group);
                }
            }
            taken += 1;
        }
        let more = more || taken < places.len();
        if let Some(last) = places[..taken].last().filter(|_| more) {
            page.next_token = format!("{}.{}.{}", last.value, last.key, last.ordinal);
        }
        Ok(page)
    }

    /// The first groups after a place, and the totals of all.
    pub(super) fn ordered(
        &self,
        reader: &Reader,
        request: &DuplicateRequest<'_>,
        after: Option<GroupPlace>,
    ) -> Result<Ordered, CatalogError> {
        let parallel = Parallel::new(self.readers(), reader);
        let mut filter = CopyFilter::new(self, reader, request)?;
        if !request.text.is_empty() {
            filter = filter.having(self.files_with_text(&parallel, reader, request.text)?);
        }
        let ignored = filter.ignored(reader, request)?;
        let wider = DuplicateRequest { limit: request.limit.saturating_add(ignored.len()), ..request.clone() };
        let mut totals = DuplicatePage::default();
        let mut places = if filter.is_everything() && request.min_size_bytes <= 1 {
            reader.totals(&mut totals)?;
            match request.sort {
                DuplicateSort::Reclaimable => reader.places(&wider, after)?,
                DuplicateSort::Size | DuplicateSort::Copies => {
                    reader.places_by_pass(&wider, after, &mut DuplicatePage::default())?
                }
            }
        } else if filter.is_everything() {
            reader.places_by_pass(&wider, after, &mut totals)?
        } else {
            filter.places(&parallel, reader.content_parts()?, &wider, after, &mut totals)?
        };
        places.retain(|place| !ignored.contains_key(&(place.key, place.ordinal)));
        for figures in ignored.values() {
            totals.leave_out(figures);
        }
        let empty = if request.min_size_bytes == 0 { filter.empty_files(reader)? } else { None };
        if let Some((figures, _)) = &empty {
            totals.count(figures);
            let place = GroupPlace::of_empty_files(request.sort.value(figures));
            if after.is_none_or(|after| place < after) {
                let at = places.partition_point(|other| *other > place);
                places.insert(at, place);
            }
        }
        Ok(Ordered { filter, places, empty, totals })
    }

    /// The files with a text in their path, in large or small letters.
    fn files_with_text(&self, parallel: &Parallel<'_>, reader: &Reader, text: &str) -> Result<EntrySet, CatalogError> {
        let glob = Glob::path_with(text).map_err(CatalogError::InvalidArgument)?;
        let term = Term { negated: false, kind: TermKind::PathGlob(glob), text: text.to_owned(), position: 0 };
        let request = FindRequest {
            expression: &Expression { terms: vec![term] },
            sort: Sort::default(),
            limit: usize::MAX,
            max_bytes: None,
            token: "",
            patience: None,
            roots: &RootNames::default(),
        };
        Ok(self.found(parallel, reader, &request, Wanted::Set)?.set)
    }
}

impl CopyFilter {
    /// The figures of the groups whose copies are all ignored, by key and ordinal.
    pub(super) fn ignored(
        &self,
        reader: &Reader,
        request: &DuplicateRequest<'_>,
    ) -> Result<HashMap<(i64, i64), GroupFigures>, CatalogError> {
        let mut found = HashMap::new();
        let whole = DuplicateRequest { paths_limit: usize::MAX, max_bytes: None, ..request.clone() };
        let mut paths = PathResolver::new(reader);
        for (content, ignored) in request.ignored.into_iter().flatten() {
            let key = content_key(&content.1, content.0);
            for (ordinal, copies) in (0..).zip(self.contents(reader, key, &mut paths)?) {
                let hash = reader.entry(copies[0].entry, |item, _| item.entry.known_hash())?.flatten();
                if hash != Some(content.1) || copies.len() > ignored.len() {
                    continue;
                }
                let Some((figures, members)) = Self::group(reader, &copies)? else { continue };
                let Some((group, _)) = reader.group(figures, &members, &whole, &mut paths)? else { continue };
                let is_whole = group.paths.len() as u64 == group.total_paths;
                let is_content = (group.algorithm, group.hash) == *content;
                if is_content && is_whole && group.paths.iter().all(|name| ignored.contains(&name.path)) {
                    found.insert((key, ordinal), figures);
                }
            }
        }
        Ok(found)
    }
}

fn parse_token(token: &str) -> Result<Option<GroupPlace>, CatalogError> {
    if token.is_empty() {
        return Ok(None);
    }
    let bad = || CatalogError::InvalidArgument("the page token is not one of this question's".to_owned());
    let parts: Vec<&str> = token.split('.').collect();
    let [value, key, ordinal] = parts.as_slice() else {
        return Err(bad());
    };
    Ok(Some(GroupPlace {
        value: value.parse().map_err(|_| bad())?,
        key: key.parse().map_err(|_| bad())?,
        ordinal: ordinal.parse().map_err(|_| bad())?,
    }))
}

impl Reader {
    fn totals(&self, page: &mut DuplicatePage) -> Result<(), CatalogError> {
        page.total_groups = self.meta("duplicate_groups")? as u64;
        page.total_redundant_files = self.meta("redundant_copies")? as u64;
        page.total_reclaimable_bytes = self.meta("reclaimable_bytes")? as u64;
        page.total_freed_bytes = self.meta("freed_bytes")? as u64;
        Ok(())
    }

    /// The first places after `after` by what can be reclaimed: an index walk.
    fn places(
        &self,
        request: &DuplicateRequest<'_>,
        after: Option<GroupPlace>,
    ) -> Result<Vec<GroupPlace>, CatalogError> {
        let after = after.unwrap_or(GroupPlace { value: i64::MAX as u64, key: i64::MAX, ordinal: i64::MAX });
        let mut statement = self.connection.prepare_cached(
            "SELECT reclaimable, key, ordinal FROM duplicate_group WHERE (reclaimable, key, ordinal) < (?1, ?2, ?3)
             ORDER BY reclaimable DESC, key DESC, ordinal DESC LIMIT ?4",
        )?;
        let bounds = (after.value as i64, after.key, after.ordinal, request.limit as i64 + 1);
        let rows = statement.query_map(bounds, |row| {
            Ok(GroupPlace { value: row.get::<_, i64>(0)? as u64, key: row.get(1)?, ordinal: row.get(2)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The same in any order and for groups of a smallest size, which are added up on the way: a pass over all groups.
    fn places_by_pass(
        &self,
        request: &DuplicateRequest<'_>,
        after: Option<GroupPlace>,
        page: &mut DuplicatePage,
    ) -> Result<Vec<GroupPlace>, CatalogError> {
        let min_size = if request.min_size_bytes <= 1 { 0 } else { request.min_size_bytes };
        let mut statement = self.connection.prepare_cached(
            "SELECT key, ordinal, size, copies, reclaimable, freed, perhaps FROM duplicate_group WHERE size >= ?1",
        )?;
        let mut rows = statement.query([i64::try_from(min_size).unwrap_or(i64::MAX)])?;
        let mut first = FirstPlaces::new(request.limit, after);
        while let Some(row) = rows.next()? {
            let figures = GroupFigures {
                size_bytes: row.get::<_, i64>(2)? as u64,
                copies: row.get::<_, i64>(3)? as u64,
                reclaimable_bytes: row.get::<_, i64>(4)? as u64,
                freed_bytes: row.get::<_, i64>(5)? as u64,
                perhaps: row.get::<_, i64>(6)? as u64,
            };
            page.count(&figures);
            let value = request.sort.value(&figures);
            first.offer(GroupPlace { value, key: row.get(0)?, ordinal: row.get(1)? });
        }
        Ok(first.into_sorted())
    }

    /// A group, and the bytes that it takes. One that would take more than a page has is given with fewer paths.
    pub(super) fn group(
        &self,
        figures: GroupFigures,
        members: &[Member],
        request: &DuplicateRequest<'_>,
        paths: &mut PathResolver<'_>,
    ) -> Result<Option<(DuplicateGroup, usize)>, CatalogError> {
        let mut bytes = ROW_BYTES;
        let mut names = Vec::with_capacity(members.len().min(request.paths_limit));
        for member in members.iter().take(request.paths_limit) {
            let Member { entry: id, copy, perhaps } = *member;
            let found = self.entry(id, |item, directory| (item.entry, item.name.to_vec(), directory))?;
            if let Some((entry, name, directory)) = found {
                let Some(path) = paths.file(directory, &name)? else { continue };
                let root_id = request.roots.root_of(&path);
                let more_bytes = PATH_IN_GROUP_BYTES + path_bytes(&path);
                if !names.is_empty() && request.max_bytes.is_some_and(|most| bytes + more_bytes > most) {
                    break;
                }
                bytes += more_bytes;
                names.push(DuplicatePath { id, directory, path, entry, root_id, copy, perhaps });
            }
        }
        let Some(first) = names.first() else {
            return Ok(None);
        };
        let algorithm = first.entry.algorithm;
        // Without a hash only empty files are in a group.
        let hash = first.entry.hash.unwrap_or_else(|| ContentHash::of_nothing(algorithm));
        let group = DuplicateGroup { figures, hash, algorithm, paths: names, total_paths: members.len() as u64 };
        Ok(Some((group, bytes)))
    }
}
