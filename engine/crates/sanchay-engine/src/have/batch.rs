//! One batch of files, compared with the catalog: sizes, then contents, then what has no hash yet.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use sanchay_catalog::block::HashState;
use sanchay_catalog::queries::{OfSize, PlacedFile, SizesFound};
use sanchay_core::{Algorithm, ContentHash, Shows, VolumeId};

use super::answer::{count_read, Evidence, HaveRow, HaveState};
use super::asked::Asked;
use super::now::{Candidate, Looker, Roots, Seen, TraitsKnown};
use super::unread::{Read, Unread};
use crate::engine::Shared;
use crate::error::EngineError;
use crate::job::{add, Control, Expected};
use crate::one_call::folders::Opener;
use crate::one_call::parallel::in_order;
use crate::one_call::start::Start;
use crate::one_call::Stop;
use crate::reading::{FileReader, SMALL_BYTES};

/// Files that one thread reads one after the other.
const FILES_AT_ONCE: usize = 64;
/// Cataloged files without a hash that are read before their hashes are written.
const UNREAD_AT_ONCE: usize = 1024;

/// What the whole answer works with.
pub(super) struct Comparing<'a> {
    pub(super) shared: &'a Arc<Shared>,
    pub(super) roots: &'a Roots,
    pub(super) control: &'a Control,
    pub(super) starts: &'a [Start],
    pub(super) threads: usize,
}

/// What was read of a file that is asked about.
enum Content {
    /// Nothing: no other file has its size.
    Unread,
    /// Its hashes, by algorithm; of an empty file none are needed.
    Read(Seen, [Option<ContentHash>; 2]),
    /// Why it could not be read.
    Failed(String),
}

/// Contents that are asked about: which files of the batch have each.
#[derive(Default)]
struct Wanted {
    by_hash: HashMap<(Algorithm, ContentHash), Vec<u32>>,
    empty: Vec<u32>,
}

impl Wanted {
    fn of(&self, file: &PlacedFile, hash: Option<(Algorithm, ContentHash)>) -> &[u32] {
        match hash {
            _ if file.entry.size_bytes == 0 => &self.empty,
            Some(hash) => self.by_hash.get(&hash).map_or(&[][..], Vec::as_slice),
            None => &[],
        }
    }
}

impl Comparing<'_> {
    /// The answers about a batch, in its order. `is_last`: what is to be read is all that is left.
    pub(super) fn compare(&self, batch: &[Asked], is_last: bool) -> Result<Vec<HaveRow>, EngineError> {
        let sizes: HashSet<u64> = batch.iter().map(|asked| asked.stat.size_bytes).collect();
        let found = self.shared.catalog.sizes_found(&sizes)?;
        self.expect(batch, &found, is_last);
        let contents = self.read(batch, &found)?;
        let mut wanted = Wanted::default();
        for (index, (asked, content)) in batch.iter().zip(&contents).enumerate() {
            let Content::Read(_, hashes) = content else { continue };
            if asked.stat.size_bytes == 0 {
                wanted.empty.push(index as u32);
            }
            for (algorithm, hash) in Algorithm::ALL.into_iter().zip(hashes) {
                if let Some(hash) = hash {
                    wanted.by_hash.entry((algorithm, *hash)).or_default().push(index as u32);
                }
            }
        }
        let mut evidence: Vec<Evidence> = Vec::new();
        evidence.resize_with(batch.len(), Evidence::default);
        self.find_hashed(&found, &wanted, &contents, &mut evidence)?;
        self.read_unread(batch, &found, &wanted, &contents, &mut evidence)?;
        let rows = batch.iter().zip(contents).zip(evidence);
        Ok(rows.map(|((asked, content), evidence)| self.row(asked, content, evidence)).collect())
    }

    fn row(&self, asked: &Asked, content: Content, evidence: Evidence) -> HaveRow {
        let mut path = Vec::new();
        asked.folder.path_of(self.starts, &asked.name, &mut path);
        match content {
            Content::Failed(reason) => {
                self.control.report(&path, "io", reason.clone());
                let (state, size_bytes) = (HaveState::Unreadable, asked.stat.size_bytes);
                HaveRow { path, state, reason, copies: Vec::new(), size_bytes }
            }
            Content::Unread | Content::Read(..) => evidence.into_row(path, asked.stat.size_bytes),
        }
    }

    /// How much is to be read, where that is all there is.
    fn expect(&self, batch: &[Asked], found: &SizesFound, is_last: bool) {
        let to_read = batch.iter().map(|asked| asked.stat.size_bytes).filter(|size| found.sizes.contains_key(size));
        let done = self.control.counters.hashed_bytes.load(std::sync::atomic::Ordering::Relaxed);
        let hashed_bytes = if is_last { done + to_read.sum::<u64>() } else { 0 };
        self.control.expect(Expected { files: 0, hashed_bytes });
    }

    /// The algorithms in which a file is compared with those of its size.
    fn algorithms(&self, known: OfSize) -> [bool; 2] {
        let rules = || self.roots.all().filter_map(|root| root.rules.as_ref());
        Algorithm::ALL.map(|algorithm| {
            known.is_hashed_with(algorithm) || (known.open && rules().any(|rules| rules.algorithm == algorithm))
        })
    }

    /// Reads those whose size some file has.
    fn read(&self, batch: &[Asked], found: &SizesFound) -> Result<Vec<Content>, EngineError> {
        let parts: Vec<&[Asked]> = batch.chunks(FILES_AT_ONCE).collect();
        let new = || (Opener::new(self.starts), FileReader::new(), TraitsKnown::default(), Vec::new());
        let read = in_order(self.threads, &Stop::default(), &parts, new, |(opener, reader, known, path), part| {
            let mut contents = Vec::with_capacity(part.len());
            for asked in *part {
                let Some(of_size) = found.sizes.get(&asked.stat.size_bytes) else {
                    contents.push(Content::Unread);
                    continue;
                };
                asked.folder.path_of(self.starts, &asked.name, path);
                contents.push(self.read_one(asked, self.algorithms(*of_size), opener, reader, known, path));
            }
            contents
        })?;
        Ok(read.into_iter().flatten().collect())
    }

    fn read_one(
        &self,
        asked: &Asked,
        algorithms: [bool; 2],
        opener: &mut Opener<'_>,
        reader: &mut FileReader,
        known: &mut TraitsKnown,
        path: &[u8],
    ) -> Content {
        if !self.control.step() {
            return Content::Unread;
        }
        let _looking = self.control.look_at(path);
        let folder = match opener.open(&asked.folder) {
            Ok(folder) => folder,
            Err(error) => return Content::Failed(error.at(path).to_string()),
        };
        let seen = Seen { stat: asked.stat, traits: known.of(folder, &asked.stat) };
        let may_hide = asked.stat.size_bytes == 0 && seen.traits.shows == Shows::Others;
        if may_hide && FileReader::holds_something(folder, &asked.name) {
            return Content::Failed(format!("{} says that it is empty, and is not", sanchay_core::path::display(path)));
        }
        let mut hashes = [None; 2];
        let is_small = asked.stat.size_bytes <= SMALL_BYTES;
        for (algorithm, slot) in Algorithm::ALL.into_iter().zip(&mut hashes) {
            if !algorithms[algorithm as usize] || asked.stat.size_bytes == 0 {
                continue;
            }
            let verdict = reader.read(folder, &asked.name, &asked.stat, algorithm, &mut |bytes| {
                add(&self.control.counters.hashed_bytes, bytes);
                if self.control.step() {
                    ControlFlow::Continue(())
                } else {
                    ControlFlow::Break(())
                }
            });
            count_read(self.control, if is_small { verdict.bytes } else { 0 });
            *slot = verdict.hash;
            if verdict.hash.is_none() {
                let shown = || sanchay_core::path::display(path);
                return Content::Failed(verdict.error.map_or_else(
                    || format!("{} changed while it was read", shown()),
                    |error| error.at(path).to_string(),
                ));
            }
        }
        Content::Read(seen, hashes)
    }

    /// Finds the hashed files with the contents that are wanted, and looks whether they are there.
    fn find_hashed(
        &self,
        found: &SizesFound,
        wanted: &Wanted,
        contents: &[Content],
        evidence: &mut [Evidence],
    ) -> Result<(), EngineError> {
        let is_hashed = |size_bytes: u64, state: HashState| {
            (state == HashState::Hashed || size_bytes == 0) && found.sizes.contains_key(&size_bytes)
        };
        let mut failure = None;
        self.shared.catalog.files_in(&found.blocks, &is_hashed, &mut |mut files| {
            files.retain(|file| {
                let asked = wanted.of(file, file.entry.hash.map(|hash| (file.entry.algorithm, hash)));
                asked.iter().any(|index| !evidence[*index as usize].is_full())
            });
            match self.look(&files) {
                Ok(candidates) => {
                    for candidate in &candidates {
                        let hash = candidate.file.entry.hash.map(|hash| (candidate.file.entry.algorithm, hash));
                        self.testify(candidate, wanted.of(&candidate.file, hash), contents, evidence);
                    }
                }
                Err(error) => failure = Some(error),
            }
            if failure.is_some() || !self.control.step() {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })?;
        failure.map_or(Ok(()), Err)
    }

    fn look(&self, files: &[PlacedFile]) -> Result<Vec<Candidate>, EngineError> {
        let parts: Vec<&[PlacedFile]> = files.chunks(FILES_AT_ONCE).collect();
        let looked = in_order(
            self.threads,
            &Stop::default(),
            &parts,
            || Looker::new(self.roots),
            |looker, part| {
                let look = |file: &PlacedFile| {
                    let path = sanchay_core::path::join(&file.folder, &file.name);
                    let _looking = self.control.look_at(&path);
                    looker.look(file.clone())
                };
                part.iter().map(look).collect::<Vec<_>>()
            },
        )?;
        Ok(looked.into_iter().flatten().collect())
    }

    fn testify(&self, candidate: &Candidate, asked: &[u32], contents: &[Content], evidence: &mut [Evidence]) {
        for &index in asked {
            let evidence = &mut evidence[index as usize];
            if evidence.is_full() {
                continue;
            }
            let seen = match &contents[index as usize] {
                Content::Read(seen, _) => Some(seen),
                Content::Unread | Content::Failed(_) => None,
            };
            candidate.testify(seen, evidence, |volume| self.volume(volume));
        }
    }

    /// The identity of a volume, for people and programs to tell devices apart.
    fn volume(&self, id: i64) -> Option<VolumeId> {
        let reader = self.shared.catalog.reader().ok()?;
        reader.volume_identity(id).ok().flatten().map(|(identity, _)| identity)
    }

    /// Where no copy is known so far: reads the files of those sizes that have no hash yet.
    fn read_unread(
        &self,
        batch: &[Asked],
        found: &SizesFound,
        wanted: &Wanted,
        contents: &[Content],
        evidence: &mut [Evidence],
    ) -> Result<(), EngineError> {
        let mut of_size: HashMap<u64, Vec<u32>> = HashMap::new();
        for (index, asked) in batch.iter().enumerate() {
            let size_bytes = asked.stat.size_bytes;
            let is_open = size_bytes > 0 && found.sizes.get(&size_bytes).is_some_and(|known| known.open);
            if is_open && !evidence[index].is_known() && matches!(contents[index], Content::Read(..)) {
                of_size.entry(size_bytes).or_default().push(index as u32);
            }
        }
        if of_size.is_empty() {
            return Ok(());
        }
        let is_open =
            |size_bytes: u64, state: HashState| state != HashState::Hashed && of_size.contains_key(&size_bytes);
        let reading = Unread { shared: self.shared, roots: self.roots, control: self.control, threads: self.threads };
        let mut failure = None;
        self.shared.catalog.files_in(&found.blocks, &is_open, &mut |mut files| {
            files.retain(|file| {
                of_size[&file.entry.size_bytes].iter().any(|index| !evidence[*index as usize].is_known())
            });
            for some in files.chunks(UNREAD_AT_ONCE) {
                let read = match reading.read(some) {
                    Ok(read) => read,
                    Err(error) => {
                        failure = Some(error);
                        return ControlFlow::Break(());
                    }
                };
                for one in read {
                    match one {
                        Read::Content(candidate, algorithm, hash) => {
                            let asked = wanted.of(&candidate.file, Some((algorithm, hash)));
                            self.testify(&candidate, asked, contents, evidence);
                        }
                        Read::Unknown(size_bytes, reason) => {
                            for &index in &of_size[&size_bytes] {
                                evidence[index as usize].doubt(|| reason.clone());
                            }
                        }
                        Read::NoCopy => {}
                    }
                }
            }
            if self.control.step() {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        })?;
        failure.map_or(Ok(()), Err)
    }
}
