//! Which large files may have a twin, told by their first and last blocks: only those need to be read whole.
//!
//! Edges are kept in the catalog with the witness that they were read under, so that a rescan reads those of new files
//! alone, and a twin that comes years later is compared with what is known.

use std::collections::{HashMap, HashSet};

use sanchay_catalog::block::{Entry, EntryId, HashState};
use sanchay_catalog::content::FileEdges;
use sanchay_catalog::queries::{PendingFile, RootNames, SizeSketch};
use sanchay_core::hash::EDGE_BYTES;
use sanchay_core::{background_this_thread, hash_edges, Content, FileKind, Folder, Source};

use super::context::Context;
use super::folders::Folders;
use crate::clock::now_ns;
use crate::error::EngineError;
use crate::job::add;
use crate::reading::{is_racy, SMALL_BYTES};
use crate::root_spec::{Governed, HashScope};
use crate::trashes::is_trash;

/// How often each (size, edges) occurs, as far as one and several can be told apart.
#[derive(Debug, Default)]
pub(super) struct EdgeTwins {
    alike: HashMap<(u64, i64), bool>,
    /// Sizes of files whose edges cannot be asked for now: their root is away.
    unknown: HashSet<u64>,
}

impl EdgeTwins {
    fn count(&mut self, size_bytes: u64, edges: i64) {
        self.alike.entry((size_bytes, edges)).and_modify(|several| *several = true).or_insert(false);
    }

    /// Whether the file must be read whole to tell. A file whose edges could not be read must: that reports why.
    pub(super) fn may_have_twin(&self, entry: &Entry, known: Option<&FileEdges>) -> bool {
        match known.filter(|known| known.witness == entry.witness().digest()) {
            Some(known) => {
                self.unknown.contains(&entry.size_bytes)
                    || self.alike.get(&(entry.size_bytes, known.edges)).copied().unwrap_or(true)
            }
            None => true,
        }
    }
}

/// The edges of a file as they were read.
struct Found {
    size_bytes: u64,
    edges: FileEdges,
    /// No second write could bear the same stamps: they may be kept.
    settled: bool,
    /// None where another name of the file was read.
    bytes_read: u64,
}

/// What the stage works with.
pub(super) struct EdgeStage<'a, S> {
    pub(super) context: &'a Context<'a, S>,
    pub(super) sketch: &'a SizeSketch,
    pub(super) governed: &'a [Governed],
    pub(super) names: &'a RootNames,
    pub(super) threads: usize,
}

impl<S: Source> EdgeStage<'_, S> {
    /// Compares the edges of every large file that waits under `duplicates` with those of all files of its size.
    pub(super) fn run(&self) -> Result<EdgeTwins, EngineError> {
        let sizes = self.waiting_sizes()?;
        let mut twins = EdgeTwins::default();
        let catalog = self.context.catalog;
        let mut from = (!sizes.is_empty()).then_some(0);
        while let Some(block) = from {
            let (files, next) = catalog.pending_files(block, &|_, size_bytes| sizes.contains(&size_bytes))?;
            from = next;
            let known = catalog.known_edges(block, next)?;
            let mut to_read = Vec::new();
            for file in &files {
                match known.get(&file.id).filter(|known| known.witness == file.entry.witness().digest()) {
                    Some(known) => twins.count(file.entry.size_bytes, known.edges),
                    None => to_read.extend(self.readable_root(file).map(|root| (file, root))),
                }
            }
            let found = self.read(&to_read)?;
            if found.len() < to_read.len() {
                let read: HashSet<EntryId> = found.iter().map(|item| item.edges.entry).collect();
                let missing = to_read.iter().filter(|(file, _)| !read.contains(&file.id));
                twins.unknown.extend(missing.map(|(file, _)| file.entry.size_bytes));
            }
            for item in &found {
                twins.count(item.size_bytes, item.edges.edges);
            }
            let found: Vec<FileEdges> = found.iter().filter(|item| item.settled).map(|item| item.edges).collect();
            if !found.is_empty() {
                catalog.persist(&|| !self.context.control.is_cancelled(), &mut || {
                    let found = found.clone();
                    catalog.writer().run(move |session| session.put_edges(&found))
                })?;
            }
            if self.context.control.is_cancelled() {
                break;
            }
        }
        Ok(twins)
    }

    fn waiting_sizes(&self) -> Result<HashSet<u64>, EngineError> {
        let wanted = |state: HashState, size_bytes: u64| {
            size_bytes > SMALL_BYTES && state != HashState::Hashed && self.sketch.may_have_twin(size_bytes)
        };
        let mut sizes = HashSet::new();
        let mut from = Some(0);
        while let Some(block) = from {
            let (files, next) = self.context.catalog.pending_files(block, &wanted)?;
            from = next;
            for file in &files {
                if self.root_of(file).is_some_and(|root| root.hash() == HashScope::Duplicates) {
                    sizes.insert(file.entry.size_bytes);
                }
            }
        }
        Ok(sizes)
    }

    fn root_of(&self, file: &PendingFile) -> Option<&Governed> {
        let id = self.names.root_of(&file.folder);
        self.governed.iter().find(|root| root.id == id).filter(|_| !is_trash(&file.folder))
    }

    /// The root of a file whose content may be read.
    fn readable_root(&self, file: &PendingFile) -> Option<&[u8]> {
        self.root_of(file).filter(|root| root.hash() != HashScope::None).map(|root| root.path.as_slice())
    }

    /// The edges of the files that could be read.
    fn read(&self, files: &[(&PendingFile, &[u8])]) -> Result<Vec<Found>, EngineError> {
        let part = files.len().div_ceil(self.threads).max(1);
        std::thread::scope(|scope| {
            let workers: Vec<_> = files.chunks(part).map(|part| scope.spawn(move || self.read_part(part))).collect();
            let mut found = Vec::with_capacity(files.len());
            for worker in workers {
                found.extend(worker.join().map_err(|_| EngineError::ended_abnormally("a scan worker"))?);
            }
            Ok(found)
        })
    }

    fn read_part(&self, files: &[(&PendingFile, &[u8])]) -> Vec<Found> {
        let (mut folders, mut buffer) = (Folders::<S>::default(), vec![0; 2 * EDGE_BYTES]);
        let mut found = Vec::with_capacity(files.len());
        if self.context.control.is_background() {
            background_this_thread();
        }
        for (file, root) in files {
            if !self.context.control.step() {
                break;
            }
            if let Some(edges) = self.edges(&mut folders, &mut buffer, file, root) {
                add(&self.context.control.counters.hashed_bytes, edges.bytes_read);
                self.context.control.have_read(edges.bytes_read);
                found.push(edges);
            }
        }
        found
    }

    fn edges(&self, folders: &mut Folders<S>, buffer: &mut [u8], file: &PendingFile, root: &[u8]) -> Option<Found> {
        let _looking = self.context.control.look_at(&sanchay_core::path::join(&file.folder, &file.name));
        let folder = folders.open(root, &file.folder).ok()??;
        let seen = folder.stat(&file.name).ok()?;
        let is_it = seen.kind == FileKind::File && !seen.placeholder && file.entry.witness() == seen.witness();
        if !is_it || self.context.own.is_file(&seen) {
            return None;
        }
        let begun_ns = now_ns();
        let (entry, witness) = (file.id, file.entry.witness().digest());
        let contents = &self.context.contents;
        if let Some((edges, settled)) = (seen.links > 1).then(|| contents.edges(&seen)).flatten() {
            let edges = FileEdges { entry, witness, edges };
            return Some(Found { size_bytes: seen.size_bytes, edges, settled, bytes_read: 0 });
        }
        let open = folder.content(&file.name).ok()?;
        let hashed = hash_edges(&open, seen.size_bytes, buffer).ok()?;
        let held_still = open.stat().is_ok_and(|after| after.held_still_since(&seen));
        if !held_still || hashed.bytes_read != buffer.len() as u64 {
            return None;
        }
        let mut head = [0; 8];
        head.copy_from_slice(&hashed.hash.as_bytes()[..8]);
        let edges = FileEdges { entry, witness, edges: i64::from_le_bytes(head) };
        let settled = !is_racy(seen.witness(), begun_ns);
        if seen.links > 1 {
            contents.keep_edges(&seen, edges.edges, settled);
        }
        Some(Found { size_bytes: seen.size_bytes, edges, settled, bytes_read: hashed.bytes_read })
    }
}
