//! The reading threads: hash what has settled, publish it, and notice duplicates as they arrive.
//!
//! One reads what is small, the other what is large, so that a film does not keep a thousand letters waiting.

use std::collections::{HashMap, HashSet, VecDeque};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use sanchay_catalog::block::{Entry, EntryId, HashState};
use sanchay_catalog::{CatalogError, HashUpdate, Reader, RootState};
use sanchay_core::path::is_within;
use sanchay_core::{background_this_thread, Algorithm, DirHandle, ErrorKind, FileKind, FileStat, RootDir};

use super::event::{EventKind, LiveEvent};
use super::hired::Hired;
use super::work::{Followed, Linked, Message, ReadJob};
use crate::engine::Shared;
use crate::error::EngineError;
use crate::own_files::OwnFiles;
use crate::reading::{is_mostly_holes, FileReader, Verdict, Writing, HOLES_BYTES};
use crate::root_spec::governed;
use crate::root_spec::{HashScope, Rules};

/// A file that keeps others waiting, bytes.
const LARGE_BYTES: u64 = 8 << 20;
/// A folder that is not where the catalog has it was renamed a moment ago: how long until it is looked for again, and
/// how often.
const RETRY: Duration = Duration::from_millis(200);
const RETRIES: u32 = 25;
/// What is read before it is published.
const PUBLISH_FILES: usize = 1024;
const PUBLISH_BYTES: u64 = 64 << 20;
/// Names that share a content that was read count less.
const PUBLISH_NAMES: usize = 200_000;
/// Files of one job whose twins are looked for.
const TWINS_MOST: usize = 200;
/// What was read of files with several names is remembered so long.
const REMEMBER: Duration = Duration::from_secs(30);

pub(super) struct ReaderThread {
    inner: Arc<Shared>,
    messages: Sender<Message>,
    read_bytes: Arc<AtomicU64>,
    files: FileReader,
    large: bool,
    forgot: Instant,
    retries: VecDeque<(Instant, u32, ReadJob)>,
    /// Files of hours of zeros, which are read while nothing else waits.
    holes: VecDeque<ReadJob>,
    /// What waits, where such a file is being read.
    waiting: Option<Receiver<ReadJob>>,
}

/// What became of a job.
enum Done {
    Followed(Box<Followed>),
    /// Its folder is not where the catalog has it.
    Astray,
    /// A pause began. Nothing of it is open any more: an open folder keeps its drive from being unplugged.
    Held,
}

/// Where a job's files are.
struct Place {
    root: Vec<u8>,
    folder: Vec<u8>,
    rules: Arc<Rules>,
}

impl ReaderThread {
    pub(super) fn new(hired: Hired, large: bool) -> Self {
        let Hired { inner, messages, read_bytes } = hired;
        let mut files = FileReader::sharing(Arc::clone(&inner.contents));
        files.ask_within(i64::MAX);
        Self {
            inner,
            messages,
            read_bytes,
            files,
            large,
            forgot: Instant::now(),
            retries: VecDeque::new(),
            holes: VecDeque::new(),
            waiting: None,
        }
    }

    pub(super) fn run(mut self, jobs: &Receiver<ReadJob>) {
        if self.large {
            background_this_thread();
        }
        self.files.leave_no_trace(self.large);
        loop {
            let retry = self.retries.front().map(|(at, _, _)| *at);
            let idle = if self.inner.contents.is_empty() { Duration::from_secs(3600) } else { REMEMBER };
            let wait = retry.map_or(idle, |at| at.saturating_duration_since(Instant::now()).min(idle));
            let wait = if self.holes.is_empty() { wait } else { Duration::ZERO };
            let next = jobs.recv_timeout(wait);
            if self.forgot.elapsed() >= REMEMBER {
                self.inner.contents.forget();
                self.forgot = Instant::now();
            }
            match next {
                Ok(job) => self.try_job(job, 0),
                Err(RecvTimeoutError::Timeout) => {
                    if retry.is_some_and(|at| at <= Instant::now()) {
                        if let Some((_, tries, job)) = self.retries.pop_front() {
                            self.try_job(job, tries);
                        }
                    } else if let Some(job) = self.holes.pop_front() {
                        self.waiting = Some(jobs.clone());
                        self.read_holes(&job);
                        self.waiting = None;
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn try_job(&mut self, job: ReadJob, tries: u32) {
        let outcome = loop {
            let inner = Arc::clone(&self.inner);
            inner.background.hold(&|| inner.may_hold_reading());
            let work = std::panic::AssertUnwindSafe(|| self.job(&job));
            match std::panic::catch_unwind(work).unwrap_or_else(|_| Err(EngineError::ended_abnormally("the scan"))) {
                // What was read is published; the rest is found again.
                Ok(Done::Held) => {}
                outcome => break outcome,
            }
        };
        let mut followed = match outcome {
            Ok(Done::Followed(followed)) => *followed,
            Ok(_) if tries < RETRIES => {
                self.retries.push_back((Instant::now() + RETRY, tries + 1, job));
                return;
            }
            // Where its files are only a look at all of the root can tell.
            Ok(_) => Followed { reconcile: true, ..Followed::default() },
            Err(error) => {
                tracing::warn!(root_id = job.root_id, error = %error, "live_read_failed");
                Followed { reconcile: true, ..Followed::default() }
            }
        };
        followed.read_names = job.names.len();
        // No one hears it when the catalog is being closed.
        let _ = self.messages.send(Message::Read { root_id: job.root_id, epoch: job.epoch, followed });
    }

    /// Finds the files that scans have left because they are hours of zeros.
    fn find_holes(&mut self, job: &ReadJob) -> Result<(), EngineError> {
        for (directory, name, entry) in self.inner.catalog.large_pending(HOLES_BYTES)? {
            let known = self.holes.iter().any(|other| other.directory == directory && other.names == [name.clone()]);
            if !known && is_mostly_holes(entry.size_bytes, entry.allocated_bytes) {
                self.holes.push_back(ReadJob { directory, names: vec![name], ..job.clone() });
            }
        }
        Ok(())
    }

    /// Reads a file that is hours of zeros, for as long as nothing else waits. No one is told: its job is long done.
    fn read_holes(&mut self, job: &ReadJob) {
        let inner = Arc::clone(&self.inner);
        inner.background.hold(&|| inner.may_hold_reading());
        let work = std::panic::AssertUnwindSafe(|| self.job(job));
        match std::panic::catch_unwind(work).unwrap_or_else(|_| Err(EngineError::ended_abnormally("the scan"))) {
            Ok(Done::Held) => self.holes.push_back(job.clone()),
            // Where it is now a comparison finds.
            Ok(Done::Followed(_) | Done::Astray) => {}
            Err(error) => tracing::warn!(root_id = job.root_id, error = %error, "live_read_failed"),
        }
    }

    /// Reads the files of one job.
    fn job(&mut self, job: &ReadJob) -> Result<Done, EngineError> {
        if job.directory == 0 {
            self.find_holes(job)?;
            return Ok(Done::Followed(Box::default()));
        }
        let Some(place) = self.place(job)? else {
            // Its files went with it, open or not.
            job.names.iter().for_each(|name| self.inner.writers.forget_open(job.directory, name));
            return Ok(Done::Followed(Box::default()));
        };
        let Ok(root) = RootDir::open(&sanchay_core::path::path_from_bytes(&place.root)) else {
            return Ok(Done::Astray);
        };
        let below = place.folder.get(place.root.len()..).unwrap_or_default();
        let below = below.strip_prefix(b"/").or_else(|| below.strip_prefix(b"\\")).unwrap_or(below);
        let folder = match root.open_dir(below) {
            Ok(folder) => folder,
            Err(error) if matches!(error.kind, ErrorKind::Permission | ErrorKind::Io) => {
                return Ok(Done::Followed(Box::default()));
            }
            Err(_) => return Ok(Done::Astray),
        };
        let own = OwnFiles::look(&self.inner.own);
        let entries = self.inner.catalog.reader()?.entries_named(job.directory, &job.names)?;
        let mut followed = Followed::default();
        for name in job.names.iter().filter(|name| !entries.contains_key(*name)) {
            self.inner.writers.forget_open(job.directory, name);
        }
        // In the order of their blocks, so that each is written once.
        let mut entries: Vec<_> = entries.iter().map(|(name, (id, entry))| (name, id, entry)).collect();
        entries.sort_unstable_by_key(|(_, id, _)| **id);
        let (mut updates, mut files, mut bytes, mut large) = (Vec::new(), 0, 0, Vec::new());
        let mut sizes = HashSet::new();
        for (name, id, entry) in entries {
            if !is_due(entry, &place.rules) {
                self.inner.writers.forget_open(job.directory, name);
                continue;
            }
            if !self.large && entry.size_bytes > LARGE_BYTES {
                large.push(name.clone());
                continue;
            }
            let is_mostly_holes = is_mostly_holes(entry.size_bytes, entry.allocated_bytes);
            if is_mostly_holes && self.waiting.is_none() {
                let names = vec![name.clone()];
                self.holes.push_back(ReadJob { names, ..job.clone() });
                continue;
            }
            let Ok(seen) = folder.stat(name) else {
                self.inner.writers.forget_open(job.directory, name);
                continue;
            };
            let same = entry.witness() == seen.witness();
            let rewritten = (entry.size_bytes, entry.mtime_ns) != (seen.size_bytes, seen.mtime_ns);
            let was_open = self.inner.writers.is_open(job.directory, name);
            if !same && (!rewritten || was_open) && entry.inode == seen.inode {
                // Another name came or went, or it was written where it is mapped, and no one is told of that.
                followed.linked.push(Linked {
                    folder: place.folder.clone(),
                    directory: job.directory,
                    names: vec![(name.clone(), entry.inode)],
                    hops: 1,
                });
            }
            // What else has changed since has an event of its own.
            if seen.kind != FileKind::File || seen.placeholder || !same || own.is_file(&seen) {
                continue;
            }
            let algorithm = place.rules.algorithm;
            let Some(verdict) = self.read(&folder, name, &seen, algorithm) else {
                self.publish(job, &place, &updates)?;
                return Ok(Done::Held);
            };
            if matches!(verdict.state, HashState::Pending | HashState::None) {
                if is_mostly_holes {
                    self.holes.push_back(job.clone());
                }
                continue;
            }
            if verdict.writing == Writing::Yes {
                let path = sanchay_core::path::join(&place.folder, name);
                self.inner.writers.note_open(job.directory, name, &path);
            } else {
                self.inner.writers.forget_open(job.directory, name);
            }
            self.note_suspect(&place, name, entry, &verdict);
            bytes += verdict.bytes;
            sizes.extend((entry.size_bytes > 0).then_some(entry.size_bytes));
            files += usize::from(!verdict.shared);
            updates.push(HashUpdate { id: *id, expected: *entry, state: verdict.state, algorithm, hash: verdict.hash });
            if files >= PUBLISH_FILES || updates.len() >= PUBLISH_NAMES || bytes >= PUBLISH_BYTES {
                self.publish(job, &place, &updates)?;
                updates.clear();
                (files, bytes) = (0, 0);
            }
        }
        self.publish(job, &place, &updates)?;
        if place.rules.hash == HashScope::Duplicates && !sizes.is_empty() {
            self.follow_twins(&sizes, &mut followed)?;
        }
        if !large.is_empty() {
            followed.large.push((job.directory, large));
        }
        Ok(Done::Followed(Box::new(followed)))
    }

    /// Has files read that were not so far, because no other had their size until now. One in a root that is away is noted
    /// as not read, and is read when it is back.
    fn follow_twins(&self, sizes: &HashSet<u64>, followed: &mut Followed) -> Result<(), EngineError> {
        let reader = self.inner.catalog.reader()?;
        let roots = reader.roots()?;
        let governed = governed(&roots);
        let (mut unread, mut away) = (HashMap::<i64, Vec<Vec<u8>>>::new(), Vec::new());
        let mut from = Some(0);
        while let Some(block) = from {
            let wanted = |state, size_bytes| state == HashState::None && sizes.contains(&size_bytes);
            let (files, next) = self.inner.catalog.pending_files(block, &wanted)?;
            from = next;
            for file in files {
                let holding = roots.iter().zip(&governed).filter(|(root, _)| root.holds(&file.folder));
                let Some((root, of)) = holding.max_by_key(|(root, _)| root.path.len()) else { continue };
                let Some(rules) = of.rules.as_ref().ok().filter(|rules| rules.hash == HashScope::Duplicates) else {
                    continue;
                };
                if root.state == RootState::Offline {
                    let (state, algorithm) = (HashState::Pending, rules.algorithm);
                    away.push(HashUpdate { id: file.id, expected: file.entry, state, algorithm, hash: None });
                } else if let Some(directory) = reader.with_block(file.id.block(), |_, directory| Ok(directory))? {
                    unread.entry(directory).or_default().push(file.name);
                }
            }
        }
        drop(reader);
        if !away.is_empty() {
            self.inner.persist(&mut || {
                let away = away.clone();
                self.inner.catalog.writer().run(move |session| session.publish_now(away))
            })?;
        }
        followed.hashes.extend(unread);
        Ok(())
    }

    /// A file that was touched may have another content beneath its old stamps.
    fn note_suspect(&self, place: &Place, name: &[u8], entry: &Entry, verdict: &Verdict) {
        let suspects = &self.inner.suspects;
        let had = suspects.was_read(entry, place.rules.algorithm, verdict.hash);
        if let (Some(had), Some(has)) = (had, verdict.hash) {
            let path = sanchay_core::path::join(&place.folder, name);
            suspects.keep(&self.inner.catalog, &path, entry.size_bytes, had, has);
        }
    }

    /// Reads one file at the pace of what is done in the background; None: a pause began.
    fn read(&mut self, folder: &DirHandle, name: &[u8], seen: &FileStat, algorithm: Algorithm) -> Option<Verdict> {
        let (inner, read_bytes) = (Arc::clone(&self.inner), Arc::clone(&self.read_bytes));
        let may_hold = || inner.may_hold_reading();
        let is_paused = || inner.background.is_paused() && may_hold();
        let (mut paused, mut told_bytes) = (is_paused(), 0);
        let waiting = self.waiting.clone();
        let retry = self.retries.front().map(|(at, _, _)| *at);
        if paused {
            return None;
        }
        let verdict = self.files.read(folder, name, seen, algorithm, &mut |bytes| {
            told_bytes += bytes;
            read_bytes.fetch_add(bytes, Ordering::Relaxed);
            inner.background.read(bytes, &may_hold);
            paused = is_paused();
            let is_retried = || retry.is_some_and(|at| at <= Instant::now());
            let gives_way = waiting.as_ref().is_some_and(|waiting| !waiting.is_empty() || is_retried());
            if paused || gives_way || inner.closing.load(Ordering::Relaxed) {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        // What is small is read at once, and counted after.
        inner.background.read(verdict.bytes.saturating_sub(told_bytes), &may_hold);
        (!paused).then_some(verdict)
    }

    /// Where the job's files are now, and the rules there; None where the catalog has them no more, or the rules cannot be read.
    fn place(&self, job: &ReadJob) -> Result<Option<Place>, EngineError> {
        let reader = self.inner.catalog.reader()?;
        if reader.load_child(job.directory)?.is_none() {
            return Ok(None);
        }
        let folder = reader.directory_path(job.directory)?;
        let governed = governed(&reader.roots()?);
        let holding = governed.into_iter().filter(|root| is_within(&folder, &root.path));
        let root = holding.max_by_key(|root| root.path.len());
        Ok(root.and_then(|root| {
            let rules = root.rules.ok()?.in_folder(&folder);
            Some(Place { root: root.path, folder, rules })
        }))
    }

    fn publish(&self, job: &ReadJob, place: &Place, updates: &[HashUpdate]) -> Result<(), EngineError> {
        if updates.is_empty() {
            return Ok(());
        }
        self.inner.persist(&mut || {
            let updates = updates.to_vec();
            self.inner.catalog.writer().run(move |session| session.publish_now(updates))
        })?;
        let events = self.inner.catalog.reader()?.snapshot(|reader| {
            let mut events = Vec::new();
            for update in updates.iter().filter(|update| update.expected.size_bytes > 0).take(TWINS_MOST) {
                events.extend(twin(reader, job, place, update)?);
            }
            Ok(events)
        })?;
        self.inner.events.put(events);
        Ok(())
    }
}

/// An event for a file whose content is there already, in another physical copy.
fn twin(reader: &Reader, job: &ReadJob, place: &Place, update: &HashUpdate) -> Result<Option<LiveEvent>, CatalogError> {
    let Some(hash) = update.hash.filter(|hash| update.expected.hash != Some(*hash)) else { return Ok(None) };
    let mut twin: Option<EntryId> = None;
    reader.same_content(&hash, update.algorithm, &mut |posting| {
        if posting.entry != update.id && posting.size_bytes == update.expected.size_bytes {
            // One inode number on two volumes is two files.
            let is_other = posting.inode != update.expected.inode
                || reader.volume_of_entry(posting.entry)? != reader.volume_of_entry(update.id)?;
            twin = is_other.then_some(posting.entry);
        }
        Ok(twin.is_none())
    })?;
    let Some(twin) = twin else { return Ok(None) };
    let found = reader.entry(twin, |item, directory| (item.entry.hash, item.name.to_vec(), directory))?;
    let Some((_, name, directory)) = found.filter(|(known, _, _)| *known == Some(hash)) else { return Ok(None) };
    let own = reader.entry(update.id, |item, _| item.name.to_vec())?;
    let Some(own) = own else { return Ok(None) };
    let mut event = LiveEvent::of(EventKind::Duplicate, job.root_id, &sanchay_core::path::join(&place.folder, &own));
    event.other_path = Some(sanchay_core::path::join(&reader.directory_path(directory)?, &name));
    event.size_bytes = update.expected.size_bytes;
    Ok(Some(event))
}

fn is_due(entry: &Entry, rules: &Rules) -> bool {
    let is_read = entry.hash_state == HashState::Hashed && entry.algorithm == rules.algorithm;
    entry.is_file() && !is_read && rules.hash != HashScope::None
}
