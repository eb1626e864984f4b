//! A question for duplicates, the page that answers it, and the order of the groups on it.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use sanchay_core::{Algorithm, ContentHash, FileType};

use super::first::First;
use super::tree::RootNames;
use crate::block::{Entry, EntryId};
use crate::content::GroupFigures;
use crate::error::CatalogError;
use crate::expression::Endings;

/// Which groups come first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DuplicateSort {
    /// Most to win.
    #[default]
    Reclaimable,
    /// Largest files.
    Size,
    /// Most copies.
    Copies,
}

impl DuplicateSort {
    /// Reads the word.
    pub fn parse(text: &str) -> Result<Self, CatalogError> {
        match text {
            "" | "reclaimable" => Ok(Self::Reclaimable),
            "size" => Ok(Self::Size),
            "copies" => Ok(Self::Copies),
            other => {
                Err(CatalogError::InvalidArgument(format!("'{other}' is no order: use reclaimable, size or copies")))
            }
        }
    }

    pub(super) fn value(self, figures: &GroupFigures) -> u64 {
        match self {
            Self::Reclaimable => figures.reclaimable_bytes,
            Self::Size => figures.size_bytes,
            Self::Copies => figures.copies,
        }
    }
}

/// Paths whose copies are wanted, by their content.
pub type IgnoredCopies = HashMap<(Algorithm, ContentHash), HashSet<Vec<u8>>>;

/// A question.
#[derive(Clone, Debug, Default)]
pub struct DuplicateRequest<'a> {
    /// Only copies below one of these paths count; none: everywhere.
    pub under: Vec<&'a [u8]>,
    /// Only copies right in one of these folders count, not those below them; none: all.
    pub folders: Vec<&'a [u8]>,
    /// Only groups count of which a copy has this text in its path, in large or small letters; empty: all.
    pub text: &'a str,
    /// Smallest apparent size; 0 asks for empty files too.
    pub min_size_bytes: u64,
    /// Only copies with one of these extensions count; empty: all. See [`Endings::of_copies`].
    pub extensions: Endings,
    /// Only copies of these types count; empty: all.
    pub types: Vec<FileType>,
    /// Which groups come first.
    pub sort: DuplicateSort,
    /// Maximum number of groups.
    pub limit: usize,
    /// Maximum bytes of the page as a message; None: no bound. A page that ends for them goes on with its token.
    pub max_bytes: Option<usize>,
    /// The token of the page before; empty for the first.
    pub token: &'a str,
    /// Maximum number of paths of a group. One that takes more bytes than a page may has fewer.
    pub paths_limit: usize,
    /// The roots, for naming them.
    pub roots: RootNames,
    /// A group with no other paths than these is left out, of the totals too.
    pub ignored: Option<&'a IgnoredCopies>,
}

/// One name of one copy.
#[derive(Clone, Debug)]
pub struct DuplicatePath {
    /// Its entry.
    pub id: EntryId,
    /// The directory that it is in.
    pub directory: i64,
    /// Exact bytes.
    pub path: Vec<u8>,
    /// What is known of it.
    pub entry: Entry,
    /// The innermost root; 0: none.
    pub root_id: i64,
    /// Names of one physical copy have one number, from 1 on.
    pub copy: u64,
    /// The copy may be one file with another one of the group.
    pub perhaps: bool,
}

/// Files of one content.
#[derive(Clone, Debug)]
pub struct DuplicateGroup {
    /// Copies and bytes.
    pub figures: GroupFigures,
    /// Of all of them.
    pub hash: ContentHash,
    /// Of the hash.
    pub algorithm: Algorithm,
    /// Every name of every copy, up to the limit; copies of one inode stand together.
    pub paths: Vec<DuplicatePath>,
    /// Names in all.
    pub total_paths: u64,
}

/// An answer.
#[derive(Clone, Debug, Default)]
pub struct DuplicatePage {
    /// The groups of this page.
    pub groups: Vec<DuplicateGroup>,
    /// All groups that the question means.
    pub total_groups: u64,
    /// Copies that are one too many.
    pub total_redundant_files: u64,
    /// Sum over all groups.
    pub total_reclaimable_bytes: u64,
    /// Sum over all groups.
    pub total_freed_bytes: u64,
    /// Groups that the question means, left out of all this because their copies are wanted.
    pub ignored_groups: u64,
    /// For the next page; empty: this is the last.
    pub next_token: String,
}

impl DuplicatePage {
    pub(super) fn count(&mut self, figures: &GroupFigures) {
        self.total_groups += 1;
        self.total_redundant_files += figures.sure_copies().saturating_sub(1);
        self.total_reclaimable_bytes += figures.reclaimable_bytes;
        self.total_freed_bytes += figures.freed_bytes;
    }

    pub(super) fn leave_out(&mut self, figures: &GroupFigures) {
        self.ignored_groups += 1;
        self.total_groups = self.total_groups.saturating_sub(1);
        let redundant = figures.sure_copies().saturating_sub(1);
        self.total_redundant_files = self.total_redundant_files.saturating_sub(redundant);
        self.total_reclaimable_bytes = self.total_reclaimable_bytes.saturating_sub(figures.reclaimable_bytes);
        self.total_freed_bytes = self.total_freed_bytes.saturating_sub(figures.freed_bytes);
    }

    /// Adds the totals of another part of the catalog.
    pub(super) fn add_totals(&mut self, other: &Self) {
        self.total_groups += other.total_groups;
        self.total_redundant_files += other.total_redundant_files;
        self.total_reclaimable_bytes += other.total_reclaimable_bytes;
        self.total_freed_bytes += other.total_freed_bytes;
    }
}

/// A group before its paths are read: what it is sorted by, and where it is. Larger values come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct GroupPlace {
    pub(super) value: u64,
    pub(super) key: i64,
    pub(super) ordinal: i64,
}

/// The group of empty files has no key: it comes behind all others of its value.
const EMPTY_ORDINAL: i64 = -1;

impl GroupPlace {
    pub(super) fn of_empty_files(value: u64) -> Self {
        Self { value, key: i64::MIN, ordinal: EMPTY_ORDINAL }
    }

    pub(super) fn is_of_empty_files(&self) -> bool {
        self.ordinal == EMPTY_ORDINAL
    }
}

/// The first places after `after`, one more than a page takes, of all that are offered.
pub(super) struct FirstPlaces {
    after: Option<GroupPlace>,
    first: First<Reverse<GroupPlace>>,
}

impl FirstPlaces {
    pub(super) fn new(limit: usize, after: Option<GroupPlace>) -> Self {
        Self { after, first: First::new(limit) }
    }

    pub(super) fn offer(&mut self, place: GroupPlace) {
        if self.after.is_none_or(|after| place < after) {
            self.first.offer(Reverse(place));
        }
    }

    /// Adds what another pass kept.
    pub(super) fn merge(&mut self, other: Self) {
        self.first.merge(other.first);
    }

    /// In order.
    pub(super) fn into_sorted(self) -> Vec<GroupPlace> {
        self.first.into_sorted().into_iter().map(|Reverse(place)| place).collect()
    }
}
