//! Listing: workers take directories from a shared queue, compare each with the catalog and read its small files.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;
use std::time::Duration;

use crossbeam_deque::{Injector, Steal, Stealer, Worker as Deque};
use sanchay_catalog::block::{Entry, EntryKind, HashState};
use sanchay_catalog::{DirectoryChange, DirectoryRow, ReaderGuard, StoredChild, StoredDirectory};
use sanchay_core::{
    background_this_thread, extension, foreground_this_thread, DirHandle, ErrorKind, FileKind, FileStat, ListBuffer,
};

use super::compare::{fill, Fresh, Stored};
use super::context::{Context, Mount};
use super::control::add;
use super::hashing::{FileReader, SMALL_BYTES};
use crate::error::EngineError;
use crate::root_spec::{HashScope, Rules};

/// A directory to look at.
pub(super) struct Job {
    /// Its id, new or old.
    pub(super) id: i64,
    /// 0 for the top of a tree.
    pub(super) parent: i64,
    /// Its row, where the catalog has one.
    pub(super) known: Option<StoredChild>,
    /// Its path below the root.
    pub(super) relative: Vec<u8>,
    /// Its name; the whole path for a top.
    pub(super) name: Vec<u8>,
    /// The device of its parent, to notice mounts.
    pub(super) parent_device: Option<u64>,
    pub(super) rules: Arc<Rules>,
    /// The bytes of `relative` that lead to the root whose rules these are.
    pub(super) rules_from: usize,
    /// It is excluded, and looked at only on the way to a root that lies in it.
    pub(super) passage: bool,
}

impl Job {
    /// Its path below the root whose rules hold: what patterns with a `/` are matched against.
    fn below_rules(&self) -> &[u8] {
        let below = &self.relative[self.rules_from..];
        below.strip_prefix(b"/").or_else(|| below.strip_prefix(b"\\")).unwrap_or(below)
    }
}

/// Looks at `first` and all below it on `threads` threads.
pub(super) fn walk(context: &Context<'_>, first: Job, threads: usize) -> Result<(), EngineError> {
    let queue = Queue { injector: Injector::new(), pending: AtomicUsize::new(1) };
    queue.injector.push(first);
    let deques: Vec<Deque<Job>> = (0..threads).map(|_| Deque::new_lifo()).collect();
    let stealers: Vec<Stealer<Job>> = deques.iter().map(Deque::stealer).collect();
    std::thread::scope(|scope| {
        let workers: Vec<_> = deques
            .into_iter()
            .map(|deque| {
                let (queue, stealers) = (&queue, &stealers);
                scope.spawn(move || Walker::new(context, queue, stealers, deque)?.run())
            })
            .collect();
        let mut outcome = Ok(());
        for worker in workers {
            let ended = worker.join().unwrap_or_else(|_| {
                Err(EngineError::new(crate::ErrorKind::Internal, "a scan worker ended abnormally"))
            });
            if outcome.is_ok() {
                outcome = ended;
            }
        }
        outcome
    })
}

struct Queue {
    injector: Injector<Job>,
    /// Directories queued or under way.
    pending: AtomicUsize,
}

struct Walker<'c> {
    context: &'c Context<'c>,
    queue: &'c Queue,
    stealers: &'c [Stealer<Job>],
    deque: Deque<Job>,
    catalog: ReaderGuard<'c>,
    list_buffer: ListBuffer,
    files: FileReader,
    listing: Listing,
    background: bool,
}

/// The names of one directory, end to end in one buffer.
#[derive(Default)]
struct Listing {
    names: Vec<u8>,
    items: Vec<(std::ops::Range<usize>, Option<FileKind>)>,
}

/// What became of one name.
enum Look {
    /// As it is stored.
    Same,
    /// New or changed.
    Entry(Box<Entry>),
    /// It could not be looked at: what is stored stays.
    Unknown,
}

/// Figures of one directory, added to the shared counters once.
#[derive(Default)]
struct Count {
    files: u64,
    bytes: u64,
    hashed_files: u64,
    hashed_bytes: u64,
    unstable: u64,
    special: u64,
    symlinks: u64,
    excluded: u64,
    later_files: u64,
    later_bytes: u64,
}

impl<'c> Walker<'c> {
    fn new(
        context: &'c Context<'c>,
        queue: &'c Queue,
        stealers: &'c [Stealer<Job>],
        deque: Deque<Job>,
    ) -> Result<Self, EngineError> {
        Ok(Self {
            context,
            queue,
            stealers,
            deque,
            catalog: context.catalog.reader()?,
            list_buffer: ListBuffer::new(),
            files: FileReader::new(),
            listing: Listing::default(),
            background: false,
        })
    }

    fn run(mut self) -> Result<(), EngineError> {
        while let Some(job) = self.next() {
            self.set_priority();
            let outcome = self.directory(&job);
            self.queue.pending.fetch_sub(1, Ordering::AcqRel);
            if let Err(error) = outcome {
                // The catalog failed: nobody else can go on either.
                self.context.control.cancel();
                return Err(error);
            }
        }
        Ok(())
    }

    fn set_priority(&mut self) {
        let background = self.context.control.is_background();
        if background != self.background {
            self.background = background;
            if background {
                background_this_thread();
            } else {
                foreground_this_thread();
            }
        }
    }

    /// The next directory; None when all are done or the scan is cancelled.
    fn next(&self) -> Option<Job> {
        loop {
            if !self.context.control.step() {
                return None;
            }
            if let Some(job) = self.deque.pop() {
                return Some(job);
            }
            let stolen = std::iter::once(self.queue.injector.steal())
                .chain(self.stealers.iter().map(Stealer::steal))
                .find_map(|steal| match steal {
                    Steal::Success(job) => Some(Some(job)),
                    Steal::Retry => Some(None),
                    Steal::Empty => None,
                });
            match stolen {
                Some(Some(job)) => return Some(job),
                Some(None) => {}
                None if self.queue.pending.load(Ordering::Acquire) == 0 => return None,
                // The other workers need the processor more than an idle one.
                None => std::thread::sleep(Duration::from_micros(50)),
            }
        }
    }

    fn push(&self, job: Job) {
        self.queue.pending.fetch_add(1, Ordering::AcqRel);
        self.deque.push(job);
    }

    /// Looks at one directory. Errors of the disk are reported; only errors of the catalog come back.
    fn directory(&mut self, job: &Job) -> Result<(), EngineError> {
        let control = self.context.control;
        control.look_at(&self.context.absolute(&job.relative, b""));
        let opened = self.context.root.open_dir(&job.relative).and_then(|folder| Ok((folder.stat_self()?, folder)));
        let (stat, folder) = match opened {
            Ok(found) => found,
            Err(error) => {
                if matches!(error.kind, ErrorKind::Vanished | ErrorKind::NotFound) {
                    return self.gone(job);
                }
                control.report_core(&self.context.absolute(&job.relative, b""), error);
                return self.unreadable(job);
            }
        };
        if self.context.own.is_folder(&stat) {
            add(&control.counters.excluded, 1);
            return self.gone(job);
        }
        let mount = self.context.mounts.of(&folder, &stat)?;
        if !self.enters(job, &stat, mount)? {
            return Ok(());
        }
        if let Err(error) = self.list(&folder) {
            control.report_core(&self.context.absolute(&job.relative, b""), error);
            return self.unreadable(job);
        }
        let stored = match &job.known {
            Some(_) => self.catalog.load_directory(job.id)?,
            None => StoredDirectory::default(),
        };
        self.compare(job, &folder, &stat, mount, &stored)
    }

    /// Whether a directory's file system is one to enter; if not, says what becomes of its rows.
    fn enters(&self, job: &Job, stat: &FileStat, mount: Mount) -> Result<bool, EngineError> {
        let counters = &self.context.control.counters;
        let is_mount_point = job.parent_device.is_some_and(|device| device != stat.device);
        let is_root = self.context.nested.contains_key(&job.relative);
        if mount.pseudo || (is_mount_point && job.rules.one_file_system && !is_root) {
            add(&counters.skipped_mounts, 1);
            if self.context.leads_to_nested(&job.relative) {
                // A root behind the mount has scans of its own.
            } else if job.known.as_ref().is_some_and(|known| known.volume != mount.volume) {
                // Something is mounted over what we know: that is hidden, not gone.
                self.unreadable(job)?;
            } else {
                self.gone(job)?;
            }
            return Ok(false);
        }
        let other = job.known.as_ref().filter(|known| known.volume != 0 && known.volume != mount.volume);
        if job.parent_device.is_some() && other.is_some() && self.holds_files(job.id)? {
            let path = self.context.absolute(&job.relative, b"");
            let message = format!(
                "{}: another file system is there now, or the one that was there is not mounted; its rows are kept",
                sanchay_core::path::display(&path)
            );
            self.context.control.report(&path, "volume_changed", message);
            self.unreadable(job)?;
            return Ok(false);
        }
        Ok(true)
    }

    fn holds_files(&self, directory: i64) -> Result<bool, EngineError> {
        Ok(self.catalog.directory_files(directory)? > 0)
    }

    fn list(&mut self, folder: &DirHandle) -> Result<(), sanchay_core::CoreError> {
        let Listing { names, items } = &mut self.listing;
        names.clear();
        items.clear();
        folder.list(&mut self.list_buffer, |name, kind| {
            let start = names.len();
            names.extend_from_slice(name);
            items.push((start..names.len(), kind));
        })
    }

    fn compare(
        &mut self,
        job: &Job,
        folder: &DirHandle,
        stat: &FileStat,
        mount: Mount,
        directory: &StoredDirectory,
    ) -> Result<(), EngineError> {
        let listing = std::mem::take(&mut self.listing);
        let mut stored = Stored::new(&directory.blocks)?;
        let mut children: HashMap<&[u8], &StoredChild> =
            directory.children.iter().map(|child| (child.name.as_slice(), child)).collect();
        let mut count = Count::default();
        let mut fresh = Vec::new();
        let mut change = DirectoryChange::new(self.context.tree, job.id, job.parent, self.context.control.abandoned());
        Self::put_row(job, stat, mount, &mut change);
        if job.known.is_none() && listing.items.iter().any(|(_, kind)| matches!(kind, None | Some(FileKind::Directory)))
        {
            // What a folder below holds is added to all folders above it: the writer must hear of this one first.
            let below = DirectoryChange::new(self.context.tree, job.id, job.parent, self.context.control.abandoned());
            self.context.catalog.writer().change(std::mem::replace(&mut change, below))?;
        }
        // Folders go into the queue first, so that other workers have work while this one reads files.
        for (range, kind) in &listing.items {
            if *kind == Some(FileKind::Directory) {
                self.subdirectory(job, stat, &listing.names[range.clone()], &mut children, &mut count)?;
            }
        }
        for (range, kind) in &listing.items {
            if *kind == Some(FileKind::Directory) {
                continue;
            }
            let name = &listing.names[range.clone()];
            if job.passage || job.rules.filter.excludes(job.below_rules(), name, false) {
                count.excluded += 1;
                continue;
            }
            let seen = match folder.stat(name) {
                Ok(seen) if seen.kind == FileKind::Directory => {
                    self.subdirectory(job, stat, name, &mut children, &mut count)?;
                    continue;
                }
                Ok(seen) => Some(seen),
                Err(error) if matches!(error.kind, ErrorKind::Vanished | ErrorKind::NotFound) => continue,
                Err(error) => {
                    self.context.control.report_core(&self.context.absolute(&job.relative, name), error);
                    None
                }
            };
            if seen.is_some_and(|seen| self.context.own.is_file(&seen)) {
                count.excluded += 1;
                continue;
            }
            let replaces = stored.find(name);
            let known = replaces.map(|number| stored.get(number).entry);
            let look = match seen {
                Some(seen) => self.file(job, folder, name, seen, known.as_ref(), &mut count),
                None => Look::Unknown,
            };
            match look {
                Look::Same | Look::Unknown => {}
                Look::Entry(entry) => fresh.push(Fresh { name, entry: *entry, replaces }),
            }
        }
        let tally = fill(&mut change, self.context.catalog, &stored, &fresh, mount.reflink)?;
        self.add(&count, tally);
        if !change.is_empty() {
            self.context.catalog.writer().change(change)?;
        }
        for child in children.values() {
            self.remove(child.id)?;
        }
        self.listing = listing;
        Ok(())
    }

    /// Queues a subdirectory, ticking it off among the stored ones.
    fn subdirectory(
        &self,
        job: &Job,
        stat: &FileStat,
        name: &[u8],
        children: &mut HashMap<&[u8], &StoredChild>,
        count: &mut Count,
    ) -> Result<(), EngineError> {
        let relative =
            if job.relative.is_empty() { name.to_vec() } else { sanchay_core::path::join(&job.relative, name) };
        let own = self.context.nested.get(&relative);
        let is_excluded = own.is_none() && (job.passage || job.rules.filter.excludes(job.below_rules(), name, true));
        // What a person excludes here may still be a root by its own right, or lead to one.
        if is_excluded && !self.context.leads_to_nested(&relative) {
            count.excluded += 1;
            return Ok(());
        }
        let mut known = children.remove(name).cloned();
        if let (None, Some(&top)) = (&known, self.context.tops.get(&relative)) {
            let (parent, tree, own_name) = (job.id, self.context.tree, name.to_vec());
            self.context.catalog.writer().run(move |session| session.adopt(top, parent, &own_name, tree))?;
            known = self.context.catalog.reader()?.load_child(top)?;
        }
        let id = known.as_ref().map_or_else(|| self.context.catalog.next_directory_id(), |child| child.id);
        let (rules, rules_from) = own.map_or((&job.rules, job.rules_from), |own| (own, relative.len()));
        self.push(Job {
            id,
            parent: job.id,
            known,
            relative,
            name: name.to_vec(),
            parent_device: Some(stat.device),
            rules: Arc::clone(rules),
            rules_from,
            passage: is_excluded,
        });
        Ok(())
    }

    /// Looks at one name that is no directory.
    fn file(
        &mut self,
        job: &Job,
        folder: &DirHandle,
        name: &[u8],
        seen: FileStat,
        known: Option<&Entry>,
        count: &mut Count,
    ) -> Look {
        match seen.kind {
            FileKind::File => {
                count.files += 1;
                count.bytes += seen.size_bytes;
            }
            FileKind::Symlink => count.symlinks += 1,
            FileKind::Special | FileKind::Directory => count.special += 1,
        }
        let unchanged = known.filter(|known| is_same(known, &seen));
        let mut entry = match unchanged {
            // Allocation settles after the last write, without a new ctime.
            Some(known) => Entry { allocated_bytes: seen.allocated_bytes, links: seen.links, ..*known },
            None => Entry::from_stat(&seen, self.context.catalog.extensions().intern(extension(name))),
        };
        if seen.kind == FileKind::File && !seen.placeholder && needs_hash(&entry, &job.rules) {
            if seen.size_bytes <= SMALL_BYTES {
                self.read_now(job, folder, name, &seen, &mut entry, count);
            } else {
                count.later_files += 1;
                count.later_bytes += seen.size_bytes;
                entry.hash_state = HashState::Pending;
                entry.hash = None;
                entry.algorithm = job.rules.algorithm;
            }
        } else if job.rules.hash == HashScope::Duplicates
            && entry.hash.is_some()
            && entry.algorithm != job.rules.algorithm
        {
            // Hashes of two algorithms cannot be compared: it is read again if it has a twin.
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
        folder: &DirHandle,
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
        match verdict.state {
            HashState::Hashed | HashState::Racy => {
                count.hashed_files += 1;
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

    fn put_row(job: &Job, stat: &FileStat, mount: Mount, change: &mut DirectoryChange) {
        let same = job
            .known
            .as_ref()
            .is_some_and(|known| (known.volume, known.inode, known.unreadable) == (mount.volume, stat.inode, false));
        if !same {
            change.row = Some(DirectoryRow {
                id: job.id,
                parent: job.parent,
                name: job.name.clone(),
                volume: mount.volume,
                inode: stat.inode,
                mtime_ns: stat.mtime_ns,
                unreadable: false,
            });
        }
        if job.known.is_none() {
            change.usage.directories += 1;
        }
    }

    /// Keeps a directory's rows, marked as older than the scan. One that the catalog never saw gets a row, so that it is
    /// known to be there.
    fn unreadable(&self, job: &Job) -> Result<(), EngineError> {
        let mut change = DirectoryChange::new(self.context.tree, job.id, job.parent, self.context.control.abandoned());
        let known = job.known.as_ref();
        if known.is_some_and(|known| known.unreadable) {
            return Ok(());
        }
        if known.is_none() {
            change.usage.directories += 1;
        }
        change.row = Some(DirectoryRow {
            id: job.id,
            parent: job.parent,
            name: job.name.clone(),
            volume: known.map_or(0, |known| known.volume),
            inode: known.map_or(0, |known| known.inode),
            mtime_ns: known.map_or(0, |known| known.mtime_ns),
            unreadable: true,
        });
        Ok(self.context.catalog.writer().change(change)?)
    }

    /// A directory is gone, or left out now.
    fn gone(&self, job: &Job) -> Result<(), EngineError> {
        if job.known.is_some() && job.parent != 0 {
            self.remove(job.id)?;
        }
        Ok(())
    }

    fn remove(&self, directory: i64) -> Result<(), EngineError> {
        let tree = self.context.tree;
        let removed = self.context.catalog.writer().run(move |session| session.remove_subtree(tree, directory))?;
        add(&self.context.control.counters.removed, removed.files);
        Ok(())
    }

    fn add(&self, count: &Count, tally: super::compare::Tally) {
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
            (&self.context.later_files, count.later_files),
            (&self.context.later_bytes, count.later_bytes),
        ] {
            if by > 0 {
                add(counter, by);
            }
        }
    }
}

/// Whether the witness on the disk is the stored one.
fn is_same(known: &Entry, seen: &FileStat) -> bool {
    known.kind == EntryKind::from(seen.kind)
        && known.size_bytes == seen.size_bytes
        && known.mtime_ns == seen.mtime_ns
        && known.ctime_ns == seen.ctime_ns
        && known.inode == seen.inode
}

/// Whether there is nothing to write of an entry whose witness is the stored one.
fn is_known(known: &Entry, entry: &Entry) -> bool {
    known.hash_state == entry.hash_state
        && known.hash == entry.hash
        && known.algorithm == entry.algorithm
        && known.allocated_bytes == entry.allocated_bytes
        && known.links == entry.links
}

/// Whether the walk must see to the file's hash. With `duplicates`, that is decided after the listing.
fn needs_hash(entry: &Entry, rules: &Rules) -> bool {
    rules.hash == HashScope::All && (entry.hash_state != HashState::Hashed || entry.algorithm != rules.algorithm)
}
