//! `du`: what folders hold, from totals that are kept as entries change.

use super::budget::{path_bytes, Budget, ROW_BYTES};
use super::parallel::Parallel;
use super::tree::PathResolver;
use super::usage_row::{UsageRequest, UsageRow};
use super::usage_tree::Descent;
use crate::catalog::Catalog;
use crate::error::CatalogError;
use crate::reader::Reader;

/// Folders, each before its own, sisters by size.
#[derive(Clone, Debug, Default)]
pub struct UsagePage {
    /// The folders of this page.
    pub rows: Vec<UsageRow>,
    /// For the next page; empty: this is the last.
    pub next_token: String,
}

/// A bound on what sums by type take in a message.
const TYPES_BYTES: usize = 200;

impl Catalog {
    /// A folder and those below it.
    pub fn usage(&self, request: &UsageRequest<'_>) -> Result<UsagePage, CatalogError> {
        let bad = |_| CatalogError::InvalidArgument("the page token is not one of this question's".to_owned());
        let first = if request.token.is_empty() { 0 } else { request.token.parse::<u32>().map_err(bad)? as usize };
        if !(0.0..=1.0).contains(&request.least_share) {
            return Err(CatalogError::InvalidArgument("the least share must be between 0 and 1".to_owned()));
        }
        let end = first.saturating_add(request.limit);
        let mut rows = self.usage_rows(&UsageRequest { limit: end.saturating_add(1), ..*request })?;
        let all = rows.len();
        let mut budget = Budget::new(request.max_bytes);
        let row_bytes = ROW_BYTES + if request.with_types { TYPES_BYTES } else { 0 };
        let fits = |row: &UsageRow| budget.take(row_bytes + path_bytes(&row.path));
        rows = rows.into_iter().skip(first).take(request.limit).take_while(fits).collect();
        let next = first + rows.len();
        let next_token = if next < all { next.to_string() } else { String::new() };
        Ok(UsagePage { rows, next_token })
    }

    /// The first rows, as many as the limit says.
    pub(super) fn usage_rows(&self, request: &UsageRequest<'_>) -> Result<Vec<UsageRow>, CatalogError> {
        let extensions = self.extensions();
        let reader = self.reader()?;
        reader.snapshot(|reader| {
            let mut descent = Descent::new(reader, extensions, request);
            let parts = match request.path {
                Some(path) => descent.folder(path)?,
                None => descent.tops()?,
            };
            let mut rows = descent.rows;
            reader.count_inodes_once(&mut rows, &parts)?;
            if request.with_types {
                let parallel = Parallel::new(self.readers(), reader);
                reader.add_types(&parallel, &self.cache, extensions, &mut rows, &parts)?;
            }
            Ok(rows.into_iter().map(|found| found.row).collect())
        })
    }
}

impl Reader {
    /// The path of a directory, spelled once.
    pub fn directory_path(&self, directory: i64) -> Result<Vec<u8>, CatalogError> {
        let path = PathResolver::new(self).directory(directory)?;
        Ok(path.ok_or_else(|| CatalogError::UnknownPath(b"a folder that was removed".to_vec()))?.to_vec())
    }
}
