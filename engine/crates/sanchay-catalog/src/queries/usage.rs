//! `du`: what folders hold, from totals that are kept as entries change.

use sanchay_core::FileType;

use super::budget::{path_bytes, Budget, ROW_BYTES};
use super::parallel::Parallel;
use super::tree::PathResolver;
use super::usage_tree::Descent;
use super::usage_types::TypeSums;
use crate::catalog::Catalog;
use crate::error::CatalogError;
use crate::reader::Reader;

/// One folder with all below it, or one file.
#[derive(Clone, Debug, Default)]
pub struct UsageRow {
    /// Exact bytes.
    pub path: Vec<u8>,
    /// 0: the folder that was asked for.
    pub depth: u32,
    /// Of a file its type; None: a folder.
    pub file_type: Option<FileType>,
    /// Regular files.
    pub files: u64,
    /// Folders, itself included.
    pub directories: u64,
    /// Apparent bytes of each name.
    pub bytes: u64,
    /// Allocated bytes; of a file with several names in the folder, once.
    pub allocated: u64,
    /// Apparent bytes of further names of files that are counted already.
    pub linked_bytes: u64,
    /// Newest modification that was seen there; None without files.
    pub newest_ns: Option<i64>,
    /// The folder lies above roots, and is no directory of the catalog: these are the sums of the roots in it.
    pub above_roots: bool,
    /// What lies right in the folder, and is no row for it is too small.
    pub left_out: LeftOut,
    /// By type, where that was asked for.
    pub types: Option<Box<TypeSums>>,
}

impl UsageRow {
    /// The word for a file's type; None: a folder.
    pub fn type_name(&self) -> Option<&'static str> {
        self.file_type.map(FileType::name)
    }
}

/// What is no row of its own, by the totals of names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Folders and files that would have been rows.
    pub rows: u64,
    /// Regular files in them.
    pub files: u64,
    /// Apparent bytes.
    pub bytes: u64,
    /// Allocated bytes.
    pub allocated: u64,
}

impl LeftOut {
    pub(super) fn add(&mut self, row: &UsageRow) {
        self.rows += 1;
        self.files += row.files;
        self.bytes += row.bytes;
        self.allocated += row.allocated;
    }
}

/// What is asked of folders.
#[derive(Clone, Copy, Debug, Default)]
pub struct UsageRequest<'a> {
    /// The folder; None: the top of every tree.
    pub path: Option<&'a [u8]>,
    /// Levels below it.
    pub depth: u32,
    /// Files are rows too.
    pub with_files: bool,
    /// Each row says what it holds of each type, and of files with copies. All files below are looked at for it.
    pub with_types: bool,
    /// A row that is a smaller share than this of what was asked for is left out: of its bytes, and of its allocated
    /// bytes. 0: none is.
    pub least_share: f64,
    /// Maximum number of rows.
    pub limit: usize,
    /// Maximum bytes of the page as a message; None: no bound. A page that ends for them goes on with its token.
    pub max_bytes: Option<usize>,
    /// The token of the page before; empty for the first.
    pub token: &'a str,
}

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
