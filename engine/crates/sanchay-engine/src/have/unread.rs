//! Cataloged files that have no hash yet, and the size of one that is asked about: they are read for the answer, and what
//! was read is kept.

use std::ops::ControlFlow;
use std::sync::Arc;

use sanchay_catalog::block::HashState;
use sanchay_catalog::queries::PlacedFile;
use sanchay_catalog::HashUpdate;
use sanchay_core::path::display;
use sanchay_core::{Algorithm, ContentHash};

use super::answer::count_read;
use super::now::{Candidate, Looker, Now, Roots};
use crate::engine::Shared;
use crate::error::EngineError;
use crate::job::Control;
use crate::one_call::parallel::in_order;
use crate::one_call::Stop;
use crate::reading::{FileReader, Verdict, Writing, YOUNG_NS};
use crate::root_spec::HashScope;

/// What reading one of them gave.
pub(super) enum Read {
    /// Its content.
    Content(Box<Candidate>, Algorithm, ContentHash),
    /// Why it is not known.
    Unknown(u64, String),
    /// It is not there, or is not a copy.
    NoCopy,
}

/// Reads such files, and writes their hashes into the catalog.
pub(super) struct Unread<'a> {
    pub(super) shared: &'a Arc<Shared>,
    pub(super) roots: &'a Roots,
    pub(super) control: &'a Control,
    pub(super) threads: usize,
}

impl Unread<'_> {
    pub(super) fn read(&self, files: &[PlacedFile]) -> Result<Vec<Read>, EngineError> {
        let new = || {
            let mut files = FileReader::sharing(Arc::clone(&self.shared.contents));
            files.ask_within(YOUNG_NS);
            (Looker::new(self.roots), files)
        };
        let read = in_order(self.threads, &Stop::default(), files, new, |(looker, reader), file| {
            self.read_one(looker, reader, file)
        })?;
        let (read, updates): (Vec<Read>, Vec<Option<HashUpdate>>) = read.into_iter().unzip();
        let updates: Vec<HashUpdate> = updates.into_iter().flatten().collect();
        if !updates.is_empty() {
            let catalog = &self.shared.catalog;
            catalog.persist(&|| !self.control.is_cancelled(), &mut || {
                let updates = updates.clone();
                catalog.writer().run(move |session| session.publish(updates))
            })?;
        }
        Ok(read)
    }

    fn read_one(
        &self,
        looker: &mut Looker<'_>,
        reader: &mut FileReader,
        file: &PlacedFile,
    ) -> (Read, Option<HashUpdate>) {
        let size_bytes = file.entry.size_bytes;
        let unknown = |reason: String| (Read::Unknown(size_bytes, reason), None);
        let path = sanchay_core::path::join(&file.folder, &file.name);
        let shown = || display(&path);
        if !self.control.step() {
            return unknown("cancelled".to_owned());
        }
        let rules = self.roots.of(&file.folder).and_then(|root| root.rules.as_ref());
        let algorithm = rules.filter(|rules| rules.hash != HashScope::None).map(|rules| rules.algorithm);
        let _looking = self.control.look_at(&path);
        let candidate = looker.look(file.clone());
        let seen = match &candidate.now {
            Now::There(seen) => *seen,
            Now::Gone => return (Read::NoCopy, None),
            Now::Offline => return unknown(format!("{} has the same size, and its root is not there", shown())),
            Now::Unsure(_) => {
                return unknown(format!("{} may have the same size, and changed or cannot be read", shown()))
            }
        };
        let Some(algorithm) = algorithm else {
            return unknown(format!("{} has the same size, and its root is not hashed", shown()));
        };
        if seen.stat.placeholder {
            return unknown(format!("{} has the same size, and is in a cloud", shown()));
        }
        let Ok(Some(folder)) = looker.folder(file) else {
            return unknown(format!("{} has the same size, and cannot be read", shown()));
        };
        let verdict = reader.read(folder, &file.name, &seen.stat, algorithm, &mut |bytes| {
            self.control.have_read(bytes);
            if self.control.step() {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        });
        if verdict.writing == Writing::Yes {
            self.note_writer(file, &path);
        }
        count_read(self.control, verdict.bytes);
        let update = self.update(file, &verdict, algorithm);
        let read = match (verdict.hash, verdict.error) {
            (Some(hash), _) => Read::Content(Box::new(candidate), algorithm, hash),
            (None, Some(error)) => Read::Unknown(size_bytes, error.at(&path).to_string()),
            (None, None) => Read::Unknown(size_bytes, format!("{} has the same size, and is being changed", shown())),
        };
        (read, update)
    }

    /// What the catalog learns of it: nothing where a rename is still to be heard of, which will tell it.
    fn update(&self, file: &PlacedFile, verdict: &Verdict, algorithm: Algorithm) -> Option<HashUpdate> {
        let is_told = !matches!(verdict.state, HashState::Pending | HashState::None);
        (is_told && !self.shared.carried.has(&file.entry)).then_some(HashUpdate {
            id: file.id,
            expected: file.entry,
            state: verdict.state,
            algorithm,
            hash: verdict.hash,
        })
    }

    fn note_writer(&self, file: &PlacedFile, path: &[u8]) {
        let located = self.shared.catalog.reader().and_then(|reader| reader.locate(&file.folder));
        if let Ok(Some((directory, _))) = located {
            self.shared.writers.note_open(directory, &file.name, path);
        }
    }
}
