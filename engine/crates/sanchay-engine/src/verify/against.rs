//! Files compared with a list of hashes that someone made: what is on the disk is read, whatever the catalog has of it.

use std::sync::Arc;

use sanchay_catalog::block::EntryKind;
use sanchay_core::path::split;
use sanchay_core::{Algorithm, ContentHash};

use super::file::{Files, Reading};
use crate::engine::Engine;
use crate::error::EngineError;

/// A line of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedFile {
    /// Absolute.
    pub path: Vec<u8>,
    /// Of the hash.
    pub algorithm: Algorithm,
    /// What the list says.
    pub hash: ContentHash,
}

/// What became of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListedState {
    /// The file has this content.
    Same,
    /// It has another.
    Other,
    /// The file is not there.
    Missing,
    /// The path is in no root, or the catalog has no file there: it is not read.
    NotCataloged,
    /// The file could not be read, for this reason.
    NotHashed(String),
}

impl ListedState {
    /// The word for JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Same => "ok",
            Self::Other => "other",
            Self::Missing => "missing",
            Self::NotCataloged => "not_cataloged",
            Self::NotHashed(_) => "not_hashed",
        }
    }
}

impl Engine {
    /// Compares listed files with what is on the disk; the answers are in the order of the list.
    pub fn compare_listed(&self, listed: &[ListedFile]) -> Result<Vec<ListedState>, EngineError> {
        self.while_open(|control| {
            let mut files = Files::new(self.shared(), control, false)?;
            listed.iter().map(|row| compare(&mut files, row)).collect()
        })
    }
}

fn compare(files: &mut Files<'_>, row: &ListedFile) -> Result<ListedState, EngineError> {
    if files.root_of(&row.path) == 0 {
        return Ok(ListedState::NotCataloged);
    }
    let _looking = files.control.look_at(&row.path);
    let (folder, name) = split(&row.path);
    let folder = Arc::from(folder);
    let entry = files.shared.catalog.reader()?.entry_at(&row.path)?;
    let is_cataloged = entry.is_some_and(|(_, kind)| kind == EntryKind::File);
    if !is_cataloged && files.exists(&folder, name)? {
        return Ok(ListedState::NotCataloged);
    }
    Ok(match files.read_path(&folder, name, row.algorithm)? {
        Reading::Read(content) if content.hash == row.hash => ListedState::Same,
        Reading::Read(_) => ListedState::Other,
        Reading::Changed if files.exists(&folder, name)? => {
            ListedState::NotHashed("it changed while it was read, or is no regular file".to_owned())
        }
        Reading::Changed => ListedState::Missing,
        Reading::OutOfReach => {
            let reason = files.away.values().next().cloned();
            ListedState::NotHashed(reason.unwrap_or_else(|| "its content is not on this machine".to_owned()))
        }
        Reading::Failed(error) => ListedState::NotHashed(error.to_string()),
        Reading::BrokenOff => ListedState::NotHashed("given up on request".to_owned()),
    })
}
