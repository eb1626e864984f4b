//! The question for what could not be compared.

use super::parallel::Parallel;
use super::tree::RootNames;
use super::uncompared::NotCompared;
use crate::catalog::Catalog;
use crate::error::CatalogError;

impl Catalog {
    /// What no answer about copies covers. One pass over the blocks that hold such files, kept until the next transaction.
    pub fn not_compared(&self, roots: &RootNames) -> Result<NotCompared, CatalogError> {
        let reader = self.reader()?;
        reader.snapshot(|reader| {
            let parallel = Parallel::new(self.readers(), reader);
            Ok(self.cache.uncompared(reader, &parallel, roots)?.totals)
        })
    }
}
