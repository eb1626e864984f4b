//! Files that the listing left for later: the large ones, and with `duplicates` those that may have a twin, by their
//! sizes, then by their first and last blocks.
//!
//! Sizes that occur twice are read first, so that duplicates are known early.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{bounded, Receiver, Sender};
use sanchay_catalog::block::HashState;
use sanchay_catalog::queries::{PendingFile, RootNames, SizeSketch};
use sanchay_catalog::HashUpdate;
use sanchay_core::path::path_from_bytes;
use sanchay_core::{background_this_thread, foreground_this_thread, Algorithm, FileKind, Folder, Source};

use super::context::Context;
use super::edges::{EdgeStage, EdgeTwins};
use super::folders::Folders;
use super::merging::merge;
use crate::error::EngineError;
use crate::job::{add, Expected, Phase};
use crate::reading::{is_mostly_holes, FileReader, Writing, SMALL_BYTES, YOUNG_NS};
use crate::root_spec::{Governed, HashScope};

/// Hashes wait this long, or for so many, before they are written.
const PUBLISH_TIME: Duration = Duration::from_millis(500);
const PUBLISH_HASHES: usize = 4096;

/// Reads what waits. `roots` are all roots of the catalog with their rules.
pub(super) fn hash_deferred<S: Source>(
    context: &Context<'_, S>,
    roots: &[Governed],
    names: &RootNames,
    threads: usize,
) -> Result<(), EngineError> {
    let control = context.control;
    let governed = |id: i64| roots.iter().find(|root| root.id == id);
    let any_duplicates = roots.iter().any(|root| root.hash() == HashScope::Duplicates);
    if context.deferred_files.load(Ordering::Relaxed) == 0 && !any_duplicates {
        return Ok(());
    }
    control.enter(Phase::Hashing);
    // What waits is found in the catalog: all that the listing saw must be in it by now.
    context.catalog.writer().run(|_| Ok(()))?;
    let sketch = context.catalog.size_sketch()?;
    let done = control.counters.hashed_bytes.load(Ordering::Relaxed);
    let known_bytes = if any_duplicates { 0 } else { done + context.deferred_bytes.load(Ordering::Relaxed) };
    control.expect(Expected { files: 0, hashed_bytes: known_bytes });
    let edges = if any_duplicates {
        EdgeStage { context, sketch: &sketch, governed: roots, names, threads }.run()?
    } else {
        EdgeTwins::default()
    };
    let holes_wait = AtomicBool::new(false);
    for turn in [Turn::Twins, Turn::Others, Turn::Holes] {
        if turn == Turn::Holes {
            if !holes_wait.load(Ordering::Relaxed) {
                break;
            }
            // Hours of zeros follow: what is known of all other files shows before.
            merge(context.catalog, control)?;
        }
        let (jobs, queue) = bounded::<Work>(256);
        let (results, arrived) = bounded::<HashUpdate>(1024);
        std::thread::scope(|scope| {
            let feeder = scope.spawn({
                let due =
                    Due { sketch: &sketch, edges: &edges, turn, holes_wait: &holes_wait, names, governed: &governed };
                move || feed(context, &due, &jobs)
            });
            for _ in 0..threads {
                let (queue, results) = (queue.clone(), results.clone());
                scope.spawn(move || Reader::new(context).run(&queue, &results));
            }
            drop((queue, results));
            let published = publish(context, &arrived);
            if published.is_err() {
                control.cancel();
            }
            // Readers end when the feeder's channel closes; what they still send is dropped with the receiver.
            drop(arrived);
            let fed = feeder.join().unwrap_or_else(|_| Err(EngineError::ended_abnormally("a scan worker")));
            published.and(fed)
        })?;
        if control.is_cancelled() {
            break;
        }
    }
    Ok(())
}

/// A file to read, and how it is reached.
struct Work {
    file: PendingFile,
    /// It lies in the root that is scanned; how another root fares is for its own scan to say.
    here: bool,
    root: Vec<u8>,
    algorithm: Algorithm,
}

/// What is read one after the other.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// Those that may have a twin.
    Twins,
    Others,
    /// Of either, those that are hours of zeros.
    Holes,
}

/// Which files are due in one pass.
struct Due<'d, 'r> {
    sketch: &'d SizeSketch,
    edges: &'d EdgeTwins,
    turn: Turn,
    /// Some are left for the last turn.
    holes_wait: &'d AtomicBool,
    names: &'d RootNames,
    governed: &'d (dyn Fn(i64) -> Option<&'r Governed> + Sync),
}

fn feed<S: Source>(context: &Context<'_, S>, due: &Due<'_, '_>, jobs: &Sender<Work>) -> Result<(), EngineError> {
    let wanted = |state: HashState, size_bytes: u64| {
        size_bytes > 0
            && state != HashState::Hashed
            && (due.turn == Turn::Holes || due.sketch.may_have_twin(size_bytes) == (due.turn == Turn::Twins))
    };
    let mut from = Some(0);
    while let Some(block) = from {
        let (files, next) = context.catalog.pending_files(block, &wanted)?;
        from = next;
        let known = if due.turn == Turn::Others { HashMap::new() } else { context.catalog.known_edges(block, next)? };
        for file in files {
            let Some(root) = (due.governed)(due.names.root_of(&file.folder)) else { continue };
            let Ok(rules) = &root.rules else { continue };
            let is_mostly_holes = is_mostly_holes(file.entry.size_bytes, file.entry.allocated_bytes);
            if is_mostly_holes != (due.turn == Turn::Holes) {
                due.holes_wait.fetch_or(is_mostly_holes, Ordering::Relaxed);
                continue;
            }
            let may_have_twin = match due.turn {
                Turn::Twins => true,
                Turn::Others => false,
                Turn::Holes => due.sketch.may_have_twin(file.entry.size_bytes),
            };
            let here = path_from_bytes(&file.folder).starts_with(path_from_bytes(context.root_path));
            let is_due = match rules.in_folder(&file.folder).hash {
                HashScope::All => here && file.entry.hash_state == HashState::Pending,
                HashScope::Duplicates if file.entry.size_bytes > SMALL_BYTES => {
                    may_have_twin && due.edges.may_have_twin(&file.entry, known.get(&file.id))
                }
                HashScope::Duplicates => may_have_twin,
                HashScope::None => false,
            };
            let hangs_on_events = file.entry.algorithm == rules.algorithm && context.carried.has(&file.entry);
            if !is_due || hangs_on_events {
                continue;
            }
            let work = Work { file, here, root: root.path.clone(), algorithm: rules.algorithm };
            if !context.control.step() || jobs.send(work).is_err() {
                return Ok(());
            }
        }
    }
    Ok(())
}

struct Reader<'c, S: Source> {
    context: &'c Context<'c, S>,
    files: FileReader,
    folders: Folders<S>,
    background: bool,
}

impl<'c, S: Source> Reader<'c, S> {
    fn new(context: &'c Context<'c, S>) -> Self {
        let mut files = FileReader::sharing(Arc::clone(&context.contents));
        files.ask_within(YOUNG_NS);
        Self { context, files, folders: Folders::default(), background: false }
    }

    fn run(mut self, queue: &Receiver<Work>, results: &Sender<HashUpdate>) {
        for work in queue {
            if !self.context.control.step() {
                return;
            }
            let background = self.context.control.is_background();
            if background != self.background {
                self.background = background;
                self.files.leave_no_trace(background);
                if background {
                    background_this_thread();
                } else {
                    foreground_this_thread();
                }
            }
            if let Some(update) = self.read(&work) {
                if results.send(update).is_err() {
                    return;
                }
            }
        }
    }

    /// Reads one file; None when its root cannot be reached or the scan is cancelled.
    fn read(&mut self, work: &Work) -> Option<HashUpdate> {
        let control = self.context.control;
        let file = &work.file;
        let path = sanchay_core::path::join(&file.folder, &file.name);
        let _looking = control.look_at(&path);
        let folder = match self.folders.open(&work.root, &file.folder) {
            Ok(Some(folder)) => folder,
            // It counts as not compared until its root is back, and is read then.
            Ok(None) if file.entry.hash_state == HashState::None => return Some(not_read(file, work.algorithm)),
            Ok(None) => return None,
            Err(error) => {
                if work.here {
                    control.report_core(&path, error);
                }
                return None;
            }
        };
        let (expected, algorithm) = (file.entry, work.algorithm);
        let update = |state, hash| HashUpdate { id: file.id, expected, state, algorithm, hash };
        let seen = match folder.stat(&file.name) {
            Ok(seen)
                if seen.kind == FileKind::File
                    && expected.witness() == seen.witness()
                    && !self.context.own.is_file(&seen) =>
            {
                seen
            }
            Ok(_) | Err(_) if !work.here => return None,
            Err(error) if !error.is_gone() => {
                control.report_core(&path, error);
                return Some(update(HashState::Unreadable, None));
            }
            // It changed since it was listed, or is gone: the next look sees what it is now.
            Ok(_) | Err(_) => {
                add(&control.counters.unstable, 1);
                return Some(update(HashState::Unstable, None));
            }
        };
        if seen.placeholder {
            return None;
        }
        if is_mostly_holes(seen.size_bytes, seen.allocated_bytes) && control.is_in_the_way() {
            // Noted, so that the live threads, or the next scan, find it.
            return (expected.hash_state != HashState::Pending).then(|| update(HashState::Pending, None));
        }
        let is_mostly_holes = is_mostly_holes(seen.size_bytes, seen.allocated_bytes);
        let verdict = self.files.read(folder, &file.name, &seen, algorithm, &mut |bytes| {
            add(&control.counters.hashed_bytes, bytes);
            control.have_read(bytes);
            if control.step() && !(is_mostly_holes && control.is_in_the_way()) {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        });
        if verdict.writing == Writing::Yes {
            let located = self.context.catalog.reader().and_then(|reader| reader.locate(&file.folder));
            if let Ok(Some((directory, _))) = located {
                self.context.writers.note_open(directory, &file.name, &path);
            }
        }
        let had = self.context.suspects.was_read(&expected, algorithm, verdict.hash);
        if let (Some(had), Some(has)) = (had, verdict.hash) {
            self.context.suspects.keep(self.context.catalog, &path, seen.size_bytes, had, has);
        }
        match verdict.state {
            HashState::Hashed | HashState::Racy => add(&control.counters.hashed_files, u64::from(!verdict.shared)),
            HashState::Unstable => add(&control.counters.unstable, 1),
            HashState::Unreadable => {
                if let Some(error) = verdict.error {
                    control.report_core(&path, error);
                }
            }
            HashState::Pending | HashState::None => return None,
        }
        if seen.size_bytes <= SMALL_BYTES {
            add(&control.counters.hashed_bytes, verdict.bytes);
            control.have_read(verdict.bytes);
        }
        Some(update(verdict.state, verdict.hash))
    }
}

/// That a file is still to be read.
fn not_read(file: &PendingFile, algorithm: Algorithm) -> HashUpdate {
    HashUpdate { id: file.id, expected: file.entry, state: HashState::Pending, algorithm, hash: None }
}

/// Writes hashes as they arrive, in batches; ends when all readers have.
fn publish<S: Source>(context: &Context<'_, S>, arrived: &Receiver<HashUpdate>) -> Result<(), EngineError> {
    let mut batch: Vec<HashUpdate> = Vec::new();
    let mut since = Instant::now();
    loop {
        let next = arrived.recv_timeout(PUBLISH_TIME);
        let ended = matches!(next, Err(crossbeam_channel::RecvTimeoutError::Disconnected));
        batch.extend(next.ok());
        if ended || batch.len() >= PUBLISH_HASHES || since.elapsed() >= PUBLISH_TIME {
            since = Instant::now();
            let updates = std::mem::take(&mut batch);
            if !updates.is_empty() {
                context.catalog.persist(&|| !context.control.is_cancelled(), &mut || {
                    let updates = updates.clone();
                    context.catalog.writer().run(move |session| session.publish(updates))
                })?;
            }
        }
        if ended {
            return Ok(());
        }
    }
}
