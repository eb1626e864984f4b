//! An order of hits that is held, and read by position: page tokens cannot jump.

use std::hash::{DefaultHasher, Hash, Hasher};

use sanchay_core::path::split;

use super::budget::{Budget, ROW_BYTES};
use super::find::FindRequest;
use super::folders::{as_folder, folder_id};
use super::group_view::RowsAsked;
use super::parallel::Parallel;
use super::search::Wanted;
use super::tree::PathResolver;
use super::FileRow;
use crate::block::EntryId;
use crate::catalog::Catalog;
use crate::error::CatalogError;
use crate::reader::Reader;

/// Hits in the order that they had at one moment, twelve bytes a hit. What is known of a file is looked up when it is
/// read.
#[derive(Debug)]
pub struct HitView {
    ids: Vec<EntryId>,
    /// Of the names: another file may be given the place of one that went.
    tags: Vec<u32>,
    total: u64,
    total_bytes: Option<u64>,
    folders: u64,
    asks_for_copies: bool,
    changes: u64,
}

impl Catalog {
    /// Holds the order of the first `limit` hits of a question, and counts all of them, however long it takes.
    pub fn open_hits(&self, request: &FindRequest<'_>) -> Result<HitView, CatalogError> {
        // Before the snapshot: a change that comes between is told of though it is in the order, and none is missed.
        let changes = self.change_count();
        let reader = self.reader()?;
        reader.snapshot(|reader| {
            let found = self.found(&Parallel::new(self.readers(), reader), reader, request, Wanted::Order)?;
            let (_, total_bytes) = found.totals.exact();
            let mut places = found.places;
            places.truncate(request.limit);
            let ids: Vec<EntryId> = places.iter().map(|place| place.id).collect();
            drop(places); // the values that they were sorted by take more than all that is kept
            Ok(HitView {
                tags: reader.name_tags(&ids)?,
                ids,
                total: found.totals.at_least(),
                total_bytes,
                folders: found.folders,
                asks_for_copies: request.expression.asks_for_copies(),
                changes,
            })
        })
    }
}

impl HitView {
    /// Rows that are held.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// What it takes in memory.
    pub fn bytes(&self) -> usize {
        self.ids.capacity() * size_of::<EntryId>() + self.tags.capacity() * size_of::<u32>()
    }

    /// All hits, those that are not held too.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Apparent bytes of all hits; None where they were not added up.
    pub fn total_bytes(&self) -> Option<u64> {
        self.total_bytes
    }

    /// Folders that the expression would find, where it finds no file.
    pub fn folders(&self) -> u64 {
        self.folders
    }

    /// Whether it asked which files have copies.
    pub fn asks_for_copies(&self) -> bool {
        self.asks_for_copies
    }

    /// Whether the order may be another one by now.
    pub fn has_moved_on(&self, catalog: &Catalog) -> bool {
        catalog.change_count() != self.changes
    }

    /// The rows from a position on, None for a file that is gone: fewer than were asked for where they take too many
    /// bytes, or there are no more.
    pub fn read(&self, catalog: &Catalog, asked: &RowsAsked<'_>) -> Result<Vec<Option<FileRow>>, CatalogError> {
        let from = usize::try_from(asked.position).unwrap_or(usize::MAX).min(self.ids.len());
        let until = from.saturating_add(asked.limit).min(self.ids.len());
        catalog.reader()?.snapshot(|reader| {
            let (mut paths, mut budget) = (PathResolver::new(reader), Budget::new(asked.max_bytes));
            let mut rows = Vec::with_capacity(until - from);
            for (&id, &tag) in self.ids[from..until].iter().zip(&self.tags[from..until]) {
                let row = reader.file_row(id, &mut paths, asked.roots)?;
                let row = row.filter(|row| as_folder(id).is_some() || tag_of(row.name()) == tag);
                if !budget.take(row.as_ref().map_or(ROW_BYTES, FileRow::bytes)) {
                    break;
                }
                rows.push(row);
            }
            Ok(rows)
        })
    }

    /// Where the file or folder at an absolute path is in the order; None where it is not.
    pub fn position_of(&self, catalog: &Catalog, path: &[u8]) -> Result<Option<u64>, CatalogError> {
        let reader = catalog.reader()?;
        let id = match reader.entry_at(path)? {
            Some((id, _)) => id,
            None => match reader.locate(path)? {
                Some((directory, _)) => folder_id(directory),
                None => return Ok(None),
            },
        };
        let position = self.ids.iter().position(|held| *held == id);
        let is_same = |&at: &usize| as_folder(id).is_some() || self.tags[at] == tag_of(split(path).1);
        Ok(position.filter(is_same).map(|at| at as u64))
    }
}

impl Reader {
    /// The tags of entries, in their order; 0 for folders.
    fn name_tags(&self, ids: &[EntryId]) -> Result<Vec<u32>, CatalogError> {
        let mut tags = vec![0; ids.len()];
        let mut by_id: Vec<usize> = (0..ids.len()).filter(|&at| as_folder(ids[at]).is_none()).collect();
        by_id.sort_unstable_by_key(|&at| ids[at]);
        for in_block in by_id.chunk_by(|&a, &b| ids[a].block() == ids[b].block()) {
            let slots: Vec<usize> = in_block.iter().map(|&at| ids[at].slot()).collect();
            self.with_block(ids[in_block[0]].block(), |view, _| {
                let mut at = in_block.iter();
                view.detail.for_each_name(&slots, |_, name| {
                    if let Some(&at) = at.next() {
                        tags[at] = tag_of(name);
                    }
                });
                Ok(())
            })?;
        }
        Ok(tags)
    }
}

fn tag_of(name: &[u8]) -> u32 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish() as u32
}
