//! One file of a scan: compared with its stored entry, and read on the way where it is small.

use std::ops::ControlFlow;

use sanchay_catalog::block::{Entry, EntryKind, HashState};
use sanchay_core::{extension, FileKind, FileStat, Source};

use super::compare::Tally;
use super::walk::{Job, Walker};
use crate::job::add;
use crate::reading::{FileReader, Writing, FRESH_NS, SMALL_BYTES, YOUNG_NS};
use crate::root_spec::{HashScope, Rules};

/// What became of one name.
pub(super) enum Look {
    /// As it is stored.
    Same,
    /// New or changed.
    Entry(Box<Entry>),
}

/// Figures of one directory, added to the shared counters once.
#[derive(Default)]
pub(super) struct Count {
    pub(super) files: u64,
    pub(super) bytes: u64,
    pub(super) hashed_files: u64,
    pub(super) hashed_bytes: u64,
    pub(super) unstable: u64,
    pub(super) special: u64,
    pub(super) symlinks: u64,
    pub(super) excluded: u64,
    pub(super) deferred_files: u64,
    pub(super) deferred_bytes: u64,
}

/// Where a name is looked at.
pub(super) struct FilePlace<'p, F> {
    pub(super) folder: &'p F,
    pub(super) name: &'p [u8],
    /// Of the file, where that is not its folder's; else 0.
    pub(super) volume: i64,
    /// Inode numbers there do not outlive a mount.
    pub(super) fleeting_inodes: bool,
    /// A file there may hold something though its size is 0.
    pub(super) may_hide_content: bool,
}

impl<S: Source> Walker<'_, S> {
    /// Looks at one name that is no directory.
    pub(super) fn file(
        &mut self,
        job: &Job,
        place: &FilePlace<'_, S::Folder>,
        seen: FileStat,
        known: Option<&Entry>,
        count: &mut Count,
    ) -> Look {
        let FilePlace { folder, name, volume, fleeting_inodes, may_hide_content } = *place;
        match seen.kind {
            FileKind::File => {
                count.files += 1;
                count.bytes += seen.size_bytes;
            }
            FileKind::Symlink => count.symlinks += 1,
            FileKind::Special | FileKind::Directory => count.special += 1,
        }
        let has_inode = |known: &Entry| fleeting_inodes || known.inode == seen.inode;
        let unchanged = known.filter(|known| known.volume == volume && has_inode(known) && is_same(known, &seen));
        let mut entry = match unchanged {
            // Allocation settles after the last write, without a new ctime.
            Some(known) => {
                Entry { allocated_bytes: seen.allocated_bytes, links: seen.links, inode: seen.inode, ..*known }
            }
            None => {
                let extension = self.context.catalog.extensions().intern(extension(name));
                Entry { volume, ..Entry::from_stat(&seen, extension) }
            }
        };
        let hangs_on_events = entry.algorithm == job.rules.algorithm && self.context.carried.has(&entry);
        if seen.kind == FileKind::File && !seen.placeholder && needs_hash(&entry, &job.rules) && !hangs_on_events {
            let hides = seen.size_bytes == 0 && may_hide_content && FileReader::holds_something(folder, name);
            if hides {
                (entry.hash_state, entry.hash) = (HashState::Unreadable, None);
            } else if seen.size_bytes <= SMALL_BYTES {
                let is_followed = known.is_some() || self.context.findings.is_some();
                self.files.ask_within(if is_followed { YOUNG_NS } else { FRESH_NS });
                self.read_now(job, folder, name, &seen, &mut entry, count);
            } else {
                if self.context.contents.first_waits(&seen, job.rules.algorithm) {
                    count.deferred_bytes += seen.size_bytes;
                }
                count.deferred_files += 1;
                entry.hash_state = HashState::Pending;
                entry.hash = None;
                entry.algorithm = job.rules.algorithm;
            }
        } else if entry.hash.is_some()
            && (job.rules.in_trash || job.rules.hash == HashScope::Duplicates && entry.algorithm != job.rules.algorithm)
        {
            // What lies in a trash is not a copy. And hashes of two algorithms cannot be compared: it is read again if it has
            // a twin.
            entry.hash_state = HashState::None;
            entry.hash = None;
        }
        match unchanged {
            Some(known) if is_known(known, &entry) => Look::Same,
            _ => Look::Entry(Box::new(entry)),
        }
    }

    fn read_now(
        &mut self,
        job: &Job,
        folder: &S::Folder,
        name: &[u8],
        seen: &FileStat,
        entry: &mut Entry,
        count: &mut Count,
    ) {
        let algorithm = job.rules.algorithm;
        let verdict = self.files.read(folder, name, seen, algorithm, &mut |_| ControlFlow::Continue(()));
        self.context.control.have_read(verdict.bytes);
        entry.hash_state = verdict.state;
        entry.hash = verdict.hash;
        entry.algorithm = algorithm;
        match verdict.writing {
            Writing::No => self.context.writers.forget_open(job.id, name),
            Writing::Unasked if verdict.state == HashState::Hashed => self.context.writers.note_unasked(entry),
            Writing::Unasked => {}
            Writing::Yes => {
                self.context.writers.note_open(job.id, name, &self.context.absolute(&job.relative, name));
            }
        }
        match verdict.state {
            HashState::Hashed | HashState::Racy => {
                count.hashed_files += u64::from(!verdict.shared);
                count.hashed_bytes += verdict.bytes;
            }
            HashState::Unreadable => {
                if let Some(error) = verdict.error {
                    self.context.control.report_core(&self.context.absolute(&job.relative, name), error);
                }
            }
            HashState::Unstable => count.unstable += 1,
            HashState::None | HashState::Pending => {}
        }
    }

    pub(super) fn add(&self, count: &Count, tally: Tally) {
        let counters = &self.context.control.counters;
        add(&counters.directories, 1);
        for (counter, by) in [
            (&counters.files, count.files),
            (&counters.bytes, count.bytes),
            (&counters.hashed_files, count.hashed_files),
            (&counters.hashed_bytes, count.hashed_bytes),
            (&counters.unstable, count.unstable),
            (&counters.special, count.special),
            (&counters.symlinks, count.symlinks),
            (&counters.excluded, count.excluded),
            (&counters.added, tally.added),
            (&counters.changed, tally.changed),
            (&counters.removed, tally.removed),
            (&self.context.deferred_files, count.deferred_files),
            (&self.context.deferred_bytes, count.deferred_bytes),
        ] {
            if by > 0 {
                add(counter, by);
            }
        }
    }
}

/// Whether the witness on the disk is the stored one, but for the inode.
fn is_same(known: &Entry, seen: &FileStat) -> bool {
    known.kind == EntryKind::from(seen.kind) && known.witness().with_inode(seen.inode) == seen.witness()
}

/// Whether there is nothing to write of an entry whose witness is the stored one.
pub(crate) fn is_known(known: &Entry, entry: &Entry) -> bool {
    known.hash_state == entry.hash_state
        && known.hash == entry.hash
        && known.algorithm == entry.algorithm
        && known.allocated_bytes == entry.allocated_bytes
        && known.links == entry.links
        && known.inode == entry.inode
        && known.volume == entry.volume
}

/// Whether the walk must see to the file's hash. With `duplicates`, that is decided after the listing.
pub(crate) fn needs_hash(entry: &Entry, rules: &Rules) -> bool {
    rules.hash == HashScope::All && (entry.hash_state != HashState::Hashed || entry.algorithm != rules.algorithm)
}
