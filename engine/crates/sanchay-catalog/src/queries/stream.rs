//! Every hit of an expression but folders, a block at a time: what exports are made of. Memory does not grow with the
//! hits.

use super::filter::Filter;
use super::filter_context::Context;
use super::parallel::Parallel;
use super::tree::{PathResolver, RootNames};
use super::FileRow;
use crate::block::EntryId;
use crate::catalog::Catalog;
use crate::error::CatalogError;
use crate::expression::Expression;

/// Blocks read in one snapshot: a long export must not keep the WAL from being shortened.
const BLOCKS_AT_ONCE: i64 = 256;

/// A walk over the hits in stored order. Entries never move, so each is seen at most once whatever changes.
pub struct FileStream {
    expression: Expression,
    roots: RootNames,
    filter: Option<Filter>,
    next_block: i64,
    ended: bool,
}

impl FileStream {
    /// From the beginning.
    pub fn new(expression: Expression, roots: RootNames) -> Self {
        Self { expression, roots, filter: None, next_block: 0, ended: false }
    }

    /// Gives the next hits to `visit`; false when there are no more.
    pub fn next(&mut self, catalog: &Catalog, visit: &mut dyn FnMut(&FileRow)) -> Result<bool, CatalogError> {
        if self.ended {
            return Ok(false);
        }
        let reader = catalog.reader()?;
        reader.snapshot(|reader| {
            // Compiled once: what a term means is settled when the export begins.
            let filter = match self.filter.take() {
                Some(filter) => filter,
                None => {
                    let parallel = Parallel::new(catalog.readers(), reader);
                    let (cache, roots, extensions) = (&catalog.cache, &self.roots, catalog.extensions());
                    Filter::compile(
                        &self.expression,
                        &Context { reader, parallel: &parallel, cache, roots, extensions },
                    )?
                }
            };
            let mut paths = PathResolver::new(reader);
            let blocks: Vec<i64> = match filter.only_entry() {
                Some(entry) => entry.iter().map(|id| id.block()).collect(),
                None if filter.wants_entries() => reader
                    .connection
                    .prepare_cached("SELECT id FROM block WHERE id >= ?1 AND (files > 0 OR ?3) ORDER BY id LIMIT ?2")?
                    .query_map((self.next_block, BLOCKS_AT_ONCE, filter.wants_others()), |row| row.get(0))?
                    .collect::<Result<_, _>>()?,
                None => Vec::new(),
            };
            self.ended = blocks.len() < BLOCKS_AT_ONCE as usize;
            for block in blocks {
                self.next_block = block + 1;
                reader.with_block(block, |view, directory| {
                    if filter.excludes_directory(directory) {
                        return Ok(());
                    }
                    let Some(folder) = paths.directory(directory)? else { return Ok(()) };
                    let root_id = self.roots.root_of(&folder);
                    let spell = |name: &[u8]| sanchay_core::path::join(&folder, name);
                    let mut row = None::<FileRow>;
                    filter.for_each_hit(block, view, &mut |name| Ok(spell(name)), &mut |slot, item| {
                        let id = EntryId::new(block, slot);
                        let kind = item.entry.kind.into();
                        let row = row.get_or_insert_with(|| FileRow {
                            id,
                            path: Vec::new(),
                            entry: item.entry,
                            root_id,
                            kind,
                        });
                        (row.id, row.entry, row.kind) = (id, item.entry, kind);
                        row.path = spell(item.name);
                        visit(row);
                    })
                })?;
            }
            self.filter = Some(filter);
            Ok(true)
        })
    }
}
