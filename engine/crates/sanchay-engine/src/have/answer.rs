//! What is found out about one file, and what that amounts to.

use std::sync::atomic::{AtomicU64, Ordering};

use sanchay_core::VolumeId;

use crate::job::{add, Control, ErrorNote, ScanState};

/// Copies that are listed of one file; one is enough for an answer.
pub(super) const COPIES_MOST: usize = 8;

/// Whether a file is in the catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum HaveState {
    /// Another file with this content is there.
    Known = 0,
    /// All other files with this content are in roots that are not there.
    Offline = 1,
    /// It cannot be told.
    Maybe = 2,
    /// No cataloged file has this content.
    New = 3,
    /// It could not be read, or changed while it was.
    Unreadable = 4,
}

impl HaveState {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 5] = [Self::Known, Self::Offline, Self::Maybe, Self::New, Self::Unreadable];

    /// The word for people and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Known => "known",
            Self::Offline => "offline",
            Self::Maybe => "maybe",
            Self::New => "new",
            Self::Unreadable => "unreadable",
        }
    }

    /// The state of a word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == word)
    }
}

/// A cataloged file with the content that was asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HaveCopy {
    /// Absolute.
    pub path: Vec<u8>,
    /// The innermost root that it lies in.
    pub root_id: i64,
    /// The volume that it lies on; None where that is not known.
    pub volume: Option<VolumeId>,
    /// Its root is not there.
    pub offline: bool,
}

/// The answer about one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HaveRow {
    /// As it was asked about.
    pub path: Vec<u8>,
    /// Whether it is in the catalog.
    pub state: HaveState,
    /// Why it cannot be told, or could not be read, for people.
    pub reason: String,
    /// The first copies.
    pub copies: Vec<HaveCopy>,
    /// Apparent bytes; 0 where they are not known.
    pub size_bytes: u64,
}

/// What is known of one file's copies.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    pub(super) copies: Vec<HaveCopy>,
    is_there: bool,
    is_offline: bool,
    doubt: Option<String>,
}

impl Evidence {
    /// A copy is there, or was when its root was.
    pub(super) fn add(&mut self, copy: HaveCopy) {
        self.is_there |= !copy.offline;
        self.is_offline |= copy.offline;
        if self.copies.len() < COPIES_MOST {
            self.copies.push(copy);
        } else if !copy.offline {
            // One that is there is worth more than one that is not.
            if let Some(worse) = self.copies.iter().position(|other| other.offline) {
                self.copies[worse] = copy;
            }
        }
    }

    /// Something may be a copy.
    pub(super) fn doubt(&mut self, reason: impl FnOnce() -> String) {
        self.doubt.get_or_insert_with(reason);
    }

    /// Whether a copy is there.
    pub(super) fn is_known(&self) -> bool {
        self.is_there
    }

    /// Whether further copies would change nothing of the answer.
    pub(super) fn is_full(&self) -> bool {
        self.is_there && self.copies.len() >= COPIES_MOST
    }

    /// The answer.
    pub(super) fn into_row(self, path: Vec<u8>, size_bytes: u64) -> HaveRow {
        let state = match () {
            () if self.is_there => HaveState::Known,
            () if self.is_offline => HaveState::Offline,
            () if self.doubt.is_some() => HaveState::Maybe,
            () => HaveState::New,
        };
        let reason = self.doubt.filter(|_| state == HaveState::Maybe).unwrap_or_default();
        HaveRow { path, state, reason, copies: self.copies, size_bytes }
    }
}

/// What was asked and what was found, in numbers.
#[derive(Clone, Debug)]
pub struct HaveResult {
    /// How it ended.
    pub state: ScanState,
    /// Rows by state, in the order of [`HaveState::ALL`].
    pub rows: [u64; 5],
    /// Apparent bytes of the files asked about.
    pub bytes: u64,
    /// Apparent bytes of those that are new.
    pub new_bytes: u64,
    /// Files read, cataloged ones among them.
    pub hashed_files: u64,
    /// Bytes of them.
    pub hashed_bytes: u64,
    /// Symbolic links that were passed over.
    pub symlinks: u64,
    /// FIFOs, sockets and devices that were passed over.
    pub special: u64,
    /// What could not be read.
    pub errors: u64,
    /// From start to end.
    pub duration_s: f64,
    /// The first hundred errors.
    pub error_list: Vec<ErrorNote>,
}

/// Counts rows.
#[derive(Debug, Default)]
pub(super) struct Counts {
    rows: [u64; 5],
    new_bytes: u64,
}

impl Counts {
    pub(super) fn count(&mut self, row: &HaveRow) {
        self.rows[row.state as usize] += 1;
        if row.state == HaveState::New {
            self.new_bytes += row.size_bytes;
        }
    }

    pub(super) fn result(&self, control: &Control) -> HaveResult {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let counters = &control.counters;
        let state = match () {
            () if control.is_cancelled() => ScanState::Cancelled,
            () if self.rows[HaveState::Unreadable as usize] > 0 => ScanState::Partial,
            () => ScanState::Done,
        };
        HaveResult {
            state,
            rows: self.rows,
            bytes: get(&counters.bytes),
            new_bytes: self.new_bytes,
            hashed_files: get(&counters.hashed_files),
            hashed_bytes: get(&counters.hashed_bytes),
            symlinks: get(&counters.symlinks),
            special: get(&counters.special),
            errors: get(&counters.errors),
            duration_s: control.elapsed_s(),
            error_list: control.notes(),
        }
    }
}

/// Counts a file that was read.
pub(super) fn count_read(control: &Control, bytes: u64) {
    add(&control.counters.hashed_files, 1);
    add(&control.counters.hashed_bytes, bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copy(offline: bool) -> HaveCopy {
        HaveCopy { path: b"/r/a".to_vec(), root_id: 1, volume: None, offline }
    }

    #[test]
    fn a_copy_that_is_there_outweighs_one_that_is_not_and_that_outweighs_a_doubt() {
        let row = |copies: &[bool], doubt: bool| {
            let mut evidence = Evidence::default();
            for offline in copies {
                evidence.add(copy(*offline));
            }
            if doubt {
                evidence.doubt(|| "why".to_owned());
            }
            let row = evidence.into_row(b"/card/a".to_vec(), 1);
            (row.state, row.reason, row.copies.len())
        };
        assert_eq!(row(&[], false), (HaveState::New, String::new(), 0));
        assert_eq!(row(&[], true), (HaveState::Maybe, "why".to_owned(), 0));
        assert_eq!(row(&[true], true), (HaveState::Offline, String::new(), 1));
        assert_eq!(row(&[true, false], true), (HaveState::Known, String::new(), 2));
        assert_eq!(row(&[true; COPIES_MOST + 1], false).2, COPIES_MOST);
    }

    #[test]
    fn of_many_copies_one_that_is_there_is_listed() {
        let mut evidence = Evidence::default();
        (0..COPIES_MOST).for_each(|_| evidence.add(copy(true)));
        assert!(!evidence.is_full());
        evidence.add(copy(false));
        assert!(evidence.is_full() && evidence.copies.iter().any(|copy| !copy.offline));
    }
}
