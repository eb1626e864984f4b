//! Whether the catalog's rows agree with one another, and mending them where they do not.
//!
//! Blocks say what was seen; folders say where; everything else is derived from these and is derived again where it
//! differs. A check takes no look at the disk, reads in short transactions, and lets other writes come between: what
//! holds after every commit is compared inside one state each.

mod content;
mod mend;
mod names;
mod opening;
#[cfg(test)]
mod tests;
mod totals;
mod trees;

use std::collections::HashSet;

use crate::catalog::Catalog;
use crate::error::CatalogError;
use crate::writer::Session;

/// What can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultKind {
    /// Folders that hang on no tree.
    OrphanFolders,
    /// Blocks of entries without their folder or their names.
    LostBlocks,
    /// Rows about folders that are not there.
    Leftovers,
    /// Folders whose totals are not the sum of what they hold.
    Totals,
    /// Sums by extension, size, owner or day that differ from the files.
    Rollups,
    /// Keys of the content index without a file that has this content.
    GhostKeys,
    /// Hashed files that the content index lacks.
    MissingKeys,
    /// Contents whose group of duplicates differs from a count.
    Groups,
    /// Totals of all duplicates that differ from the groups.
    Counters,
    /// Names that the name index lacks, or has too many.
    Names,
}

impl FaultKind {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::OrphanFolders,
        Self::LostBlocks,
        Self::Leftovers,
        Self::Totals,
        Self::Rollups,
        Self::GhostKeys,
        Self::MissingKeys,
        Self::Groups,
        Self::Counters,
        Self::Names,
    ];

    /// The word for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::OrphanFolders => "orphan_folders",
            Self::LostBlocks => "lost_blocks",
            Self::Leftovers => "leftovers",
            Self::Totals => "totals",
            Self::Rollups => "rollups",
            Self::GhostKeys => "ghost_keys",
            Self::MissingKeys => "missing_keys",
            Self::Groups => "groups",
            Self::Counters => "counters",
            Self::Names => "names",
        }
    }
}

/// Rows of one kind that disagree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong.
    pub kind: FaultKind,
    /// How many.
    pub count: u64,
    /// One of them, for people: a path where there is one.
    pub example: Vec<u8>,
    /// It was mended.
    pub mended: bool,
}

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckReport {
    /// Kinds of rows that disagree, at most one of each.
    pub faults: Vec<Fault>,
    /// Folders whose totals were compared.
    pub folders: u64,
    /// Regular files that were compared.
    pub files: u64,
    /// Keys of the content index that were compared.
    pub keys: u64,
    /// It came to its end.
    pub complete: bool,
}

impl CheckReport {
    /// Whether everything was compared and agrees.
    pub fn is_sound(&self) -> bool {
        self.complete && self.faults.is_empty()
    }

    /// Whether everything was compared, and what disagreed was mended.
    pub fn is_mended(&self) -> bool {
        self.complete && self.faults.iter().all(|fault| fault.mended)
    }

    fn add(&mut self, kind: FaultKind, count: usize, example: impl FnOnce() -> Vec<u8>) {
        if count == 0 {
            return;
        }
        match self.faults.iter_mut().find(|fault| fault.kind == kind) {
            Some(fault) => fault.count += count as u64,
            None => self.faults.push(Fault { kind, count: count as u64, example: example(), mended: false }),
        }
    }

    fn mended(&mut self, kinds: &[FaultKind]) {
        for fault in self.faults.iter_mut().filter(|fault| kinds.contains(&fault.kind)) {
            fault.mended = true;
        }
    }
}

/// A check under way.
struct Check<'c> {
    catalog: &'c Catalog,
    repair: bool,
    go_on: &'c dyn Fn() -> bool,
    report: CheckReport,
    digests: content::Digests,
    /// Buckets whose keys may differ from their entries.
    different: HashSet<i64>,
}

impl Catalog {
    /// Compares everything that is derived with what it is derived from, and with `repair` mends what differs, while `go_on`
    /// says so. It is asked after every few milliseconds of work, and may take its time to answer.
    pub fn check(&self, repair: bool, go_on: &dyn Fn() -> bool) -> Result<CheckReport, CatalogError> {
        let mut check = Check {
            catalog: self,
            repair,
            go_on,
            report: CheckReport::default(),
            digests: content::Digests::default(),
            different: HashSet::new(),
        };
        // A folder without a tree counts in nothing: it goes before anything is counted.
        let complete = check.trees()?
            && check.totals()?
            && check.content()?
            && check.groups()?
            && check.missing()?
            && check.counters()?
            && check.names()?;
        check.report.complete = complete;
        check.report.faults.sort_by_key(|fault| fault.kind);
        for fault in &check.report.faults {
            tracing::warn!(
                kind = fault.kind.name(),
                count = fault.count,
                example = %sanchay_core::path::display(&fault.example),
                mended = fault.mended,
                "catalog_rows_disagree"
            );
        }
        if complete {
            self.writer().run(Session::note_check)?;
        }
        Ok(check.report)
    }
}
