//! Files that have another content though their size and time of change are as they were, and something touched them
//! since: what wrote to them set the time back, or nothing did. The catalog takes the new content; that it is suspect, with
//! both hashes, is kept in the journal.
//!
//! Nothing is read for it. A file whose ctime moved is read anyway; its old hash is remembered here until it is.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use sanchay_catalog::block::{Entry, HashState};
use sanchay_catalog::journal::{Finding, FindingKind, FindingState};
use sanchay_catalog::Catalog;
use sanchay_core::{Algorithm, ContentHash, Witness};

use crate::clock::now_ns;
use crate::engine::JournalFile;

/// So many are remembered: of more, after a change of owner or mode of a whole tree, nothing is said.
const MOST: usize = 100_000;

/// The content that a file had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    algorithm: Algorithm,
    hash: ContentHash,
}

/// What files that wait to be read had before.
pub(crate) struct Suspects {
    journal: Arc<JournalFile>,
    waiting: Mutex<HashMap<Witness, Known>>,
    count: AtomicUsize,
}

impl Suspects {
    pub(crate) fn new(journal: Arc<JournalFile>) -> Self {
        Self { journal, waiting: Mutex::default(), count: AtomicUsize::default() }
    }

    /// A file was compared with what is stored of it. Where it was read on the way and has another content, gives the one
    /// that it had; where it is read later, that is remembered.
    pub(crate) fn compared(&self, old: &Entry, new: &Entry) -> Option<Known> {
        let is_touched = old.ctime_ns != new.ctime_ns
            && old.volume == new.volume
            && old.witness().without_ctime() == new.witness().without_ctime();
        if !(is_touched && old.is_file() && new.is_file()) {
            return None;
        }
        let known = match old.hash.filter(|_| old.hash_state == HashState::Hashed) {
            Some(hash) => Known { algorithm: old.algorithm, hash },
            // It was touched twice before it was read.
            None => self.take(&old.witness())?,
        };
        if new.hash.is_some() {
            return known.is_other(new.algorithm, new.hash);
        }
        let mut waiting = self.waiting.lock().expect("no panic under this lock");
        if waiting.len() < MOST {
            waiting.insert(new.witness(), known);
        }
        self.count.store(waiting.len(), Ordering::Relaxed);
        None
    }

    /// A file that waited was read. Gives the content that it had, where that is another.
    pub(crate) fn was_read(&self, entry: &Entry, algorithm: Algorithm, hash: Option<ContentHash>) -> Option<Known> {
        hash.and_then(|_| self.take(&entry.witness())).and_then(|known| known.is_other(algorithm, hash))
    }

    /// Keeps in the journal that a file had another content. What cannot be kept is said in the log: it is no reason to
    /// end a scan.
    pub(crate) fn keep(&self, catalog: &Catalog, path: &[u8], size_bytes: u64, had: Known, has: ContentHash) {
        let finding = Finding {
            id: 0,
            kind: FindingKind::Suspect,
            state: FindingState::Open,
            found_ns: now_ns(),
            path: path.to_vec(),
            size_bytes,
            algorithm: had.algorithm,
            hash: had.hash,
            found_hash: has,
            repaired_by: None,
        };
        let path = String::from_utf8_lossy(path);
        let kept = self.journal.get(|| Ok(catalog.reader()?.catalog_id()?)).and_then(|journal| {
            let id = journal.add_finding(&finding)?;
            Ok(id)
        });
        match kept {
            Ok(finding) => tracing::warn!(%path, finding, "file_suspect"),
            Err(error) => tracing::error!(%path, %error, "suspect_not_kept"),
        }
    }

    fn take(&self, witness: &Witness) -> Option<Known> {
        if self.count.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let mut waiting = self.waiting.lock().expect("no panic under this lock");
        let known = waiting.remove(witness);
        self.count.store(waiting.len(), Ordering::Relaxed);
        known
    }
}

impl Known {
    fn is_other(self, algorithm: Algorithm, hash: Option<ContentHash>) -> Option<Self> {
        (self.algorithm == algorithm && hash.is_some_and(|hash| hash != self.hash)).then_some(self)
    }
}
