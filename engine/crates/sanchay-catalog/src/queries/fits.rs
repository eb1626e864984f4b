//! Whether files that are known already fit an expression of `find`.

use super::filter::Filter;
use super::filter_context::Context;
use super::parallel::Parallel;
use super::tree::RootNames;
use crate::block::EntryId;
use crate::catalog::Catalog;
use crate::error::CatalogError;
use crate::expression::Expression;
use crate::reader::Reader;

/// An expression, compiled for one snapshot.
pub struct Fits<'r> {
    reader: &'r Reader,
    filter: Filter,
}

impl<'r> Fits<'r> {
    /// For the snapshot that `reader` is in.
    pub fn new(
        catalog: &Catalog,
        reader: &'r Reader,
        expression: &Expression,
        roots: &RootNames,
    ) -> Result<Self, CatalogError> {
        let parallel = Parallel::new(catalog.readers(), reader);
        let (cache, extensions) = (&catalog.cache, catalog.extensions());
        let filter = Filter::compile(expression, &Context { reader, parallel: &parallel, cache, roots, extensions })?;
        Ok(Self { reader, filter })
    }

    /// Whether the entry at this path fits; one that is gone does not.
    pub fn has(&self, id: EntryId, path: &[u8]) -> Result<bool, CatalogError> {
        let fits = self.reader.with_block(id.block(), |view, directory| {
            let mut slots = vec![id.slot()];
            self.filter.narrow(id.block(), &view.columns, &mut slots);
            if slots.is_empty() || self.filter.excludes_directory(directory) {
                return Ok(false);
            }
            let Some(item) = view.get(id.slot())? else { return Ok(false) };
            self.filter.passes_detail(&item, &mut || Ok(path.to_vec()))
        })?;
        Ok(fits.unwrap_or(false))
    }
}
