//! What questions make of a whole catalog and would have to make again: kept until the next transaction.

use std::sync::{Arc, Mutex};

use super::parallel::Parallel;
use super::runs::EntrySet;
use super::tree::{RootNames, TreeShape};
use super::uncompared::Uncompared;
use crate::error::CatalogError;
use crate::reader::Reader;

/// Made of one state of the catalog, and good for that one alone.
struct OfState<T>(Mutex<Option<(i64, Arc<T>)>>);

impl<T> Default for OfState<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T> OfState<T> {
    /// What was made of the state that `reader` sees; otherwise `make` makes it.
    fn get(&self, reader: &Reader, make: impl FnOnce() -> Result<T, CatalogError>) -> Result<Arc<T>, CatalogError> {
        let sequence = reader.meta("commit_sequence")?;
        if let Some((made_of, held)) = &*self.0.lock().expect("no panic under this lock") {
            if *made_of == sequence && sequence != 0 {
                return Ok(Arc::clone(held));
            }
        }
        let new = Arc::new(make()?);
        *self.0.lock().expect("no panic under this lock") = Some((sequence, Arc::clone(&new)));
        Ok(new)
    }
}

/// The catalog's own.
#[derive(Default)]
pub struct Cache {
    shape: OfState<TreeShape>,
    duplicates: OfState<EntrySet>,
    uncompared: OfState<Uncompared>,
}

impl Cache {
    /// Who is whose parent.
    pub(crate) fn shape(&self, reader: &Reader) -> Result<Arc<TreeShape>, CatalogError> {
        self.shape.get(reader, || TreeShape::read(reader))
    }

    /// What could not be compared with all others.
    pub(crate) fn uncompared(
        &self,
        reader: &Reader,
        parallel: &Parallel<'_>,
        roots: &RootNames,
    ) -> Result<Arc<Uncompared>, CatalogError> {
        self.uncompared.get(reader, || Uncompared::read(reader, parallel, roots, &|| self.shape(reader)))
    }

    /// Entries that are in a group of two physical copies or more.
    pub(crate) fn duplicates(&self, reader: &Reader, parallel: &Parallel<'_>) -> Result<Arc<EntrySet>, CatalogError> {
        self.duplicates.get(reader, || Reader::duplicate_entries(parallel, reader.content_parts()?))
    }
}
