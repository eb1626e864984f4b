//! An order of duplicate groups that is held, and read by position: page tokens cannot jump.

use std::collections::HashMap;

use sanchay_core::{Algorithm, ContentHash, FileType};

use super::budget::{Budget, ROW_BYTES};
use super::copy_filter::CopyFilter;
use super::duplicate_page::{DuplicateGroup, DuplicatePage, DuplicateRequest, GroupPlace};
use super::tree::{PathResolver, RootNames};
use crate::catalog::Catalog;
use crate::content::content_key;
use crate::error::CatalogError;
use crate::expression::Endings;

/// Which rows of a view are asked for.
#[derive(Clone, Copy, Debug)]
pub struct RowsAsked<'a> {
    /// The first, from 0 on.
    pub position: u64,
    /// Maximum number of rows.
    pub limit: usize,
    /// Maximum bytes of the rows as a message; None: no bound. The first row is given whatever it takes.
    pub max_bytes: Option<usize>,
    /// Maximum number of paths of a group.
    pub paths_limit: usize,
    /// The roots, for naming them.
    pub roots: &'a RootNames,
}

/// What is at a position: a group as it is now, or None where it is none any more.
pub type GroupRow = Option<DuplicateGroup>;

/// Groups in the order that they had at one moment, some ten bytes a group. What a group is made of is looked up when it
/// is read, so that a row never says what is no longer so.
#[derive(Debug)]
pub struct GroupView {
    under: Vec<Vec<u8>>,
    min_size_bytes: u64,
    extensions: Endings,
    types: Vec<FileType>,
    /// Of the groups, by position.
    keys: Vec<i64>,
    /// By position, where it is not 0.
    ordinals: HashMap<usize, i64>,
    totals: DuplicatePage,
    changes: u64,
}

impl Catalog {
    /// Holds the order of the first `limit` groups that a question means.
    pub fn open_groups(&self, request: &DuplicateRequest<'_>) -> Result<GroupView, CatalogError> {
        // Before the snapshot: a change that comes between is told of though it is in the order, and none is missed.
        let changes = self.change_count();
        let reader = self.reader()?;
        let ordered = reader.snapshot(|reader| self.ordered(reader, request, None))?;
        let places = &ordered.places[..ordered.places.len().min(request.limit)];
        let others = places.iter().enumerate().filter(|(_, place)| place.ordinal != 0);
        Ok(GroupView {
            under: request.under.iter().map(|folder| folder.to_vec()).collect(),
            min_size_bytes: request.min_size_bytes,
            extensions: request.extensions.clone(),
            types: request.types.clone(),
            keys: places.iter().map(|place| place.key).collect(),
            ordinals: others.map(|(position, place)| (position, place.ordinal)).collect(),
            totals: ordered.totals,
            changes,
        })
    }
}

impl GroupView {
    /// Rows that are held.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// What it takes in memory.
    pub fn bytes(&self) -> usize {
        self.keys.capacity() * size_of::<i64>() + self.ordinals.capacity() * size_of::<(usize, i64)>()
    }

    /// The totals of all groups that the question meant, and no groups.
    pub fn totals(&self) -> &DuplicatePage {
        &self.totals
    }

    /// Whether the order may be another one by now.
    pub fn has_moved_on(&self, catalog: &Catalog) -> bool {
        catalog.change_count() != self.changes
    }

    /// The rows from a position on: fewer than were asked for where they take too many bytes, or there are no more.
    pub fn read(&self, catalog: &Catalog, asked: &RowsAsked<'_>) -> Result<Vec<GroupRow>, CatalogError> {
        let from = usize::try_from(asked.position).unwrap_or(usize::MAX).min(self.keys.len());
        let until = from.saturating_add(asked.limit).min(self.keys.len());
        let request = DuplicateRequest {
            under: self.under.iter().map(Vec::as_slice).collect(),
            min_size_bytes: self.min_size_bytes,
            extensions: self.extensions.clone(),
            types: self.types.clone(),
            max_bytes: asked.max_bytes,
            paths_limit: asked.paths_limit,
            roots: asked.roots.clone(),
            ..DuplicateRequest::default()
        };
        let filter = CopyFilter::of_groups(catalog, &request);
        catalog.reader()?.snapshot(|reader| {
            let (mut paths, mut budget) = (PathResolver::new(reader), Budget::new(asked.max_bytes));
            let mut rows = Vec::with_capacity(until - from);
            for position in from..until {
                let place = self.place(position);
                let found = if place.is_of_empty_files() {
                    filter.empty_files(reader)?
                } else {
                    filter.members(reader, &place, &mut paths)?
                };
                let found = found.map(|(figures, members)| reader.group(figures, &members, &request, &mut paths));
                let (row, bytes) = match found.transpose()?.flatten() {
                    Some((group, bytes)) => (Some(group), bytes),
                    None => (None, ROW_BYTES),
                };
                if !budget.take(bytes) {
                    break;
                }
                rows.push(row);
            }
            Ok(rows)
        })
    }

    /// Where a content is in the order; None where it is not.
    pub fn position_of(
        &self,
        catalog: &Catalog,
        hash: &ContentHash,
        algorithm: Algorithm,
    ) -> Result<Option<u64>, CatalogError> {
        let key = content_key(hash, algorithm);
        let empty = (*hash == ContentHash::of_nothing(algorithm)).then(|| GroupPlace::of_empty_files(0));
        let roots = RootNames::default();
        for position in 0..self.keys.len() {
            let is_empty = empty.is_some_and(|empty| empty.key == self.keys[position] && empty == self.place(position));
            if self.keys[position] != key && !is_empty {
                continue;
            }
            // Another content may have the same key.
            let asked =
                RowsAsked { position: position as u64, limit: 1, max_bytes: None, paths_limit: 1, roots: &roots };
            let row = self.read(catalog, &asked)?.pop().flatten();
            let is_it = |group: DuplicateGroup| (group.hash, group.algorithm) == (*hash, algorithm);
            if row.is_some_and(|group| is_empty || is_it(group)) {
                return Ok(Some(position as u64));
            }
        }
        Ok(None)
    }

    fn place(&self, position: usize) -> GroupPlace {
        // What it was sorted by is of no more use.
        let ordinal = self.ordinals.get(&position).copied().unwrap_or(0);
        GroupPlace { value: 0, key: self.keys[position], ordinal }
    }
}
