//! A row of `du`, what it is asked by, and what it says.

use std::cmp::Ordering;

use sanchay_core::FileType;

use crate::block::EntryId;

const TYPES: usize = FileType::ALL.len();

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
    /// The folder lies above roots and is not in the catalog: these are the sums of the roots in it.
    pub above_roots: bool,
    /// What lies right in the folder and is too small for a row.
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

/// What is too small for a row, by the totals of names.
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

/// Apparent bytes of a row, by type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TypeSums {
    bytes: [u64; TYPES],
    /// Of files that have an equal one somewhere in the catalog: of each group all copies, the one that stays too.
    pub copied_bytes: u64,
}

impl TypeSums {
    /// The types that there is something of.
    pub fn by_type(&self) -> impl Iterator<Item = (FileType, u64)> + '_ {
        FileType::ALL.into_iter().zip(self.bytes).filter(|(_, bytes)| *bytes > 0)
    }

    pub(super) fn count(&mut self, file_type: FileType, bytes: u64, has_copy: bool) {
        self.bytes[file_type as usize] += bytes;
        self.copied_bytes += if has_copy { bytes } else { 0 };
    }

    pub(super) fn add(&mut self, other: &Self) {
        for (sum, more) in self.bytes.iter_mut().zip(other.bytes) {
            *sum += more;
        }
        self.copied_bytes += other.copied_bytes;
    }
}

/// A row, and what it is of.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    /// Of a folder; 0: of a file, or of no directory of the catalog.
    pub(super) directory: i64,
    /// Of a file.
    pub(super) file: Option<EntryId>,
    pub(super) row: UsageRow,
}

impl Found {
    /// The largest first; what is as large, by name.
    pub(super) fn by_size(&self, other: &Self) -> Ordering {
        (other.row.bytes, &self.row.path).cmp(&(self.row.bytes, &other.row.path))
    }
}
