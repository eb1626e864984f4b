//! Contents that are asked about by their hashes, as lists of b3sum and sha256sum have them: nothing of them is read, and
//! their sizes are not known.

use std::ops::ControlFlow;
use std::sync::Arc;

use sanchay_catalog::block::HashState;
use sanchay_catalog::queries::PlacedFile;
use sanchay_core::path::{display, join};
use sanchay_core::{Algorithm, ContentHash};

use super::answer::{Evidence, HaveRow};
use super::now::{Looker, Now, Roots};
use crate::engine::Shared;
use crate::error::EngineError;
use crate::job::{add, Control};
use crate::trashes::is_in_trash;

/// A line of a list.
#[derive(Clone, Debug)]
pub struct ListedHash {
    /// What the list calls it.
    pub name: Vec<u8>,
    /// Its content.
    pub hash: ContentHash,
    /// None: the list does not say.
    pub algorithm: Option<Algorithm>,
}

/// The answers about listed hashes, in their order.
pub(super) fn look_up(
    shared: &Arc<Shared>,
    roots: &Roots,
    control: &Control,
    listed: &[ListedHash],
) -> Result<Vec<HaveRow>, EngineError> {
    let catalog = &shared.catalog;
    // Of hashes that were published just now the keys are not in the index yet.
    catalog.persist(&|| !control.is_cancelled(), &mut || {
        catalog.writer().run(|session| session.merge_content(&mut |_| ControlFlow::Continue(())))
    })?;
    let doubts = Doubts::of(shared, roots)?;
    let mut looker = Looker::new(roots);
    let mut rows = Vec::with_capacity(listed.len());
    for line in listed {
        if !control.step() {
            break;
        }
        add(&control.counters.files, 1);
        let mut evidence = Evidence::default();
        for algorithm in Algorithm::ALL.into_iter().filter(|own| line.algorithm.is_none_or(|asked| asked == *own)) {
            for file in files_with(shared, &line.hash, algorithm)? {
                if evidence.is_full() {
                    break;
                }
                let path = join(&file.folder, &file.name);
                let _looking = control.look_at(&path);
                let is_racy = file.entry.hash_state == HashState::Racy;
                let candidate = looker.look(file);
                if is_racy && matches!(candidate.now, Now::There(_)) {
                    evidence.doubt(|| format!("{} was written while it was read", display(&path)));
                    continue;
                }
                candidate.testify(None, &mut evidence, |volume| {
                    let reader = catalog.reader().ok()?;
                    reader.volume_identity(volume).ok().flatten().map(|(identity, _)| identity)
                });
            }
        }
        if let Some(reason) = doubts.about(line) {
            evidence.doubt(|| reason);
        }
        rows.push(evidence.into_row(line.name.clone(), 0));
    }
    Ok(rows)
}

/// Of an empty file no key is kept.
fn files_with(shared: &Shared, hash: &ContentHash, algorithm: Algorithm) -> Result<Vec<PlacedFile>, EngineError> {
    if *hash != ContentHash::of_nothing(algorithm) {
        return Ok(shared.catalog.files_with_hash(hash, algorithm)?);
    }
    let found = shared.catalog.sizes_found(&std::iter::once(0).collect())?;
    let mut empty = Vec::new();
    shared.catalog.files_in(&found.blocks, &|size_bytes, _| size_bytes == 0, &mut |mut files| {
        empty.append(&mut files);
        if empty.len() < super::answer::COPIES_MOST {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    })?;
    Ok(empty)
}

/// Why a hash that is not found may be one of a cataloged file.
struct Doubts {
    not_hashed: Option<Vec<u8>>,
    uses: [bool; 2],
}

impl Doubts {
    fn of(shared: &Shared, roots: &Roots) -> Result<Self, EngineError> {
        let mut not_hashed = None;
        let blocks = shared.catalog.blocks_not_hashed()?;
        let is_open = |size_bytes: u64, state: HashState| size_bytes > 0 && state != HashState::Hashed;
        shared.catalog.files_in(&blocks, &is_open, &mut |files| {
            let mut paths =
                files.iter().filter(|file| roots.of(&file.folder).is_some()).map(|file| join(&file.folder, &file.name));
            not_hashed = paths.find(|path| !is_in_trash(path));
            if not_hashed.is_some() {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })?;
        let mut uses = [false; 2];
        for algorithm in Algorithm::ALL {
            uses[algorithm as usize] = shared.catalog.may_be_hashed_with(algorithm)?;
        }
        Ok(Self { not_hashed, uses })
    }

    fn about(&self, line: &ListedHash) -> Option<String> {
        if let Some(path) = &self.not_hashed {
            return Some(format!("not every cataloged file is hashed: {} is not", display(path)));
        }
        match line.algorithm {
            None => Some("the list does not say whether its hashes are of b3sum or of sha256sum".to_owned()),
            Some(algorithm) => {
                let other = Algorithm::ALL.into_iter().find(|other| *other != algorithm)?;
                let is_used = self.uses[other as usize];
                is_used
                    .then(|| format!("some cataloged files are hashed with {}, not {}", other.name(), algorithm.name()))
            }
        }
    }
}
