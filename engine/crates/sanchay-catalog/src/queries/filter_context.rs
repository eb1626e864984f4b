//! What an expression that is made into tests may ask of the snapshot.

use std::sync::Arc;

use super::cache::Cache;
use super::parallel::Parallel;
use super::tree::{DirectorySet, RootNames};
use super::uncompared::Uncompared;
use crate::error::CatalogError;
use crate::extensions::Extensions;
use crate::reader::Reader;

/// What the compiler may ask of the snapshot.
pub(crate) struct Context<'a, 'l> {
    pub(crate) reader: &'a Reader,
    pub(crate) parallel: &'a Parallel<'l>,
    pub(crate) cache: &'a Cache,
    pub(crate) roots: &'a RootNames,
    pub(crate) extensions: &'a Extensions,
}

impl Context<'_, '_> {
    pub(super) fn uncompared(&self) -> Result<Arc<Uncompared>, CatalogError> {
        self.cache.uncompared(self.reader, self.parallel, self.roots)
    }
}

/// The folders that are or lie in a path.
pub(super) fn under(context: &Context<'_, '_>, path: &[u8]) -> Result<Arc<DirectorySet>, CatalogError> {
    Ok(Arc::new(context.reader.directories_in(context.cache, &[path])?))
}
