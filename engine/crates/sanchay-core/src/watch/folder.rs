//! What waits in one folder.

use std::collections::{BTreeMap, BTreeSet};

use super::step::Name;

/// A folder is looked at as soon as something happens in it, and then at most this often.
pub const LOOK_EVERY_MS: u64 = 100;

/// How long the listing of a new folder waits for those that follow it: `mkdir -p a/b/c` is one listing.
pub const LIST_AFTER_MS: u64 = 50;

/// The files of one folder are hashed in groups: those that settle within this time are one.
const HASH_EVERY_MS: u64 = 50;

/// How long after a rename an event may come that tells of a write before it. Until then the stamps that the renamed file
/// has are taken on trust.
const TRUST_AFTER_MS: u64 = 10_000;

/// Names of one folder that are remembered as renamed; more than that are left untrusted.
const RENAMED_MOST: usize = 65_536;

/// A file that waits for quiet.
#[derive(Clone, Copy, Debug)]
pub struct Settling {
    /// When something last happened to it.
    pub quiet_since_ms: u64,
    /// Its content may have changed, not its metadata alone.
    pub written: bool,
    /// Some event said that it is a file; else it may be a folder.
    pub is_file: bool,
}

#[derive(Debug, Default)]
pub struct Folder {
    /// Names to look at.
    pub looks: BTreeSet<Name>,
    /// Names to hash when they have been quiet.
    pub settling: BTreeMap<Name, Settling>,
    /// When the folder is to be listed deep.
    pub list_due_ms: Option<u64>,
    /// Names that a rename brought, and when: nothing was heard of a write to them yet.
    renamed: BTreeMap<Name, u64>,
    /// When the names are to be looked at; meaningless without any.
    look_due_ms: u64,
    /// No name has settled before this; meaningless without any.
    settle_due_ms: u64,
    /// No name is to be trusted before this; meaningless without any.
    trust_due_ms: u64,
    /// When names were last looked at.
    looked_ms: Option<u64>,
    /// When the agenda has the folder.
    pub scheduled_ms: Option<u64>,
}

impl Folder {
    /// How many things wait.
    pub fn waiting(&self) -> usize {
        self.looks.len() + self.settling.len() + usize::from(self.list_due_ms.is_some())
    }

    pub fn look(&mut self, name: &[u8], now_ms: u64) {
        if self.looks.is_empty() {
            self.look_due_ms = self.looked_ms.map_or(now_ms, |looked_ms| now_ms.max(looked_ms + LOOK_EVERY_MS));
        }
        self.looks.insert(name.to_vec());
    }

    pub fn settle(&mut self, name: &[u8], settling: Settling, settle_ms: u64) {
        let due_ms = settling.quiet_since_ms.saturating_add(settle_ms);
        self.settle_due_ms = if self.settling.is_empty() { due_ms } else { self.settle_due_ms.min(due_ms) };
        let (mut written, mut is_file) = (settling.written, settling.is_file);
        if let Some(earlier) = self.settling.get(name) {
            written |= earlier.written;
            is_file |= earlier.is_file;
        }
        if written {
            self.renamed.remove(name);
        }
        self.settling.insert(name.to_vec(), Settling { written, is_file, ..settling });
    }

    /// A rename brought the name. It does not wait for anything: who drains passes it over.
    pub fn bring(&mut self, name: &[u8], now_ms: u64) {
        if self.renamed.is_empty() {
            self.trust_due_ms = now_ms + TRUST_AFTER_MS;
        }
        if self.renamed.len() < RENAMED_MOST && !self.settling.get(name).is_some_and(|settling| settling.written) {
            self.renamed.insert(name.to_vec(), now_ms);
        }
    }

    /// Forgets what waits for a name. Gives how it settled.
    pub fn forget(&mut self, name: &[u8]) -> Option<Settling> {
        self.looks.remove(name);
        self.renamed.remove(name);
        self.settling.remove(name)
    }

    /// The names that were renamed long enough ago, with the time.
    pub fn take_trusted(&mut self, now_ms: u64) -> Vec<(Name, u64)> {
        if self.renamed.is_empty() || self.trust_due_ms > now_ms {
            return Vec::new();
        }
        let mut trusted = Vec::new();
        self.renamed.retain(|name, since_ms| {
            let waits = *since_ms + TRUST_AFTER_MS > now_ms;
            if !waits {
                trusted.push((name.clone(), *since_ms));
            }
            waits
        });
        self.trust_due_ms = self.renamed.values().min().map_or(0, |since_ms| since_ms + TRUST_AFTER_MS);
        trusted
    }

    pub fn list(&mut self, now_ms: u64) {
        self.list_due_ms.get_or_insert(now_ms + LIST_AFTER_MS);
        self.looks.clear();
    }

    /// When there is something to do here; `None` when there is nothing to know of this folder any more.
    pub fn due_ms(&self) -> Option<u64> {
        let look = (!self.looks.is_empty()).then_some(self.look_due_ms);
        let settle = (!self.settling.is_empty()).then_some(self.settle_due_ms);
        let trust = (!self.renamed.is_empty()).then_some(self.trust_due_ms);
        let due = [look, settle, trust, self.list_due_ms].into_iter().flatten().min();
        // One that was just looked at is remembered until it may be looked at again.
        due.or(self.looked_ms.map(|looked_ms| looked_ms + LOOK_EVERY_MS))
    }

    /// Whether the folder is to be listed by now, which it then no longer is.
    pub fn take_list(&mut self, until_ms: u64) -> bool {
        self.list_due_ms.take_if(|due_ms| *due_ms <= until_ms).is_some()
    }

    /// The names to look at by now, or before their time since some of them are hashed now.
    pub fn take_looks(&mut self, until_ms: u64, now_ms: u64, early: bool) -> Vec<Name> {
        if self.looks.is_empty() || (self.look_due_ms > until_ms && !early) {
            self.looked_ms.take_if(|looked_ms| *looked_ms + LOOK_EVERY_MS <= now_ms);
            return Vec::new();
        }
        self.looked_ms = Some(now_ms);
        std::mem::take(&mut self.looks).into_iter().collect()
    }

    /// The names that have settled by now.
    pub fn take_settled(&mut self, until_ms: u64, settle_ms: u64) -> Vec<Name> {
        if self.settling.is_empty() || self.settle_due_ms > until_ms {
            return Vec::new();
        }
        let mut settled = Vec::new();
        self.settling.retain(|name, settling| {
            let waits = settling.quiet_since_ms.saturating_add(settle_ms) > until_ms;
            if !waits {
                settled.push(name.clone());
            }
            waits
        });
        self.schedule_settling(settle_ms);
        if !settled.is_empty() {
            self.settle_due_ms = self.settle_due_ms.max(until_ms.saturating_add(HASH_EVERY_MS));
        }
        settled
    }

    /// Nothing is hashed before this time.
    pub fn postpone_settling(&mut self, due_ms: u64) {
        self.settle_due_ms = self.settle_due_ms.max(due_ms);
    }

    /// Finds again when the first name settles.
    pub fn schedule_settling(&mut self, settle_ms: u64) {
        let first_ms = self.settling.values().map(|settling| settling.quiet_since_ms).min();
        self.settle_due_ms = first_ms.map_or(0, |first_ms| first_ms.saturating_add(settle_ms));
    }
}
