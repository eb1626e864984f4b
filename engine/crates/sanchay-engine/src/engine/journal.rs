//! The journal of an engine: opened when it is first needed, for most who open a catalog never act.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sanchay_catalog::journal::Journal;
use sanchay_core::path::{bytes_of, display};

use crate::error::EngineError;

/// Where the journal is, and the journal once it is open.
#[derive(Debug)]
pub(crate) struct JournalFile {
    path: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    open: Option<Arc<Journal>>,
    moved_aside: Option<PathBuf>,
    is_closed: bool,
}

impl JournalFile {
    /// The journal beside a catalog; nothing is opened yet.
    pub(crate) fn beside(catalog: &Path) -> Self {
        Self { path: Journal::path_beside(catalog), state: Mutex::default() }
    }

    /// The files that SQLite keeps for it.
    pub(crate) fn files(&self) -> [PathBuf; 4] {
        Journal::files(&self.path)
    }

    /// Whether anything was ever planned or done.
    pub(crate) fn is_there(&self) -> bool {
        self.path.exists()
    }

    /// The journal; begun where there is none.
    pub(crate) fn get(
        &self,
        catalog_id: impl FnOnce() -> Result<i64, EngineError>,
    ) -> Result<Arc<Journal>, EngineError> {
        let mut state = self.state();
        if state.is_closed {
            return Err(sanchay_catalog::CatalogError::Closed.into());
        }
        if let Some(journal) = &state.open {
            return Ok(Arc::clone(journal));
        }
        let opened = Journal::open(&self.path, catalog_id()?)?;
        let journal = Arc::new(opened.journal);
        state.open = Some(Arc::clone(&journal));
        state.moved_aside = opened.moved_aside.or(state.moved_aside.take());
        Ok(journal)
    }

    /// The journal, where one was begun at any time.
    pub(crate) fn get_if_there(
        &self,
        catalog_id: impl FnOnce() -> Result<i64, EngineError>,
    ) -> Result<Option<Arc<Journal>>, EngineError> {
        if self.state().open.is_none() && !self.is_there() {
            return Ok(None);
        }
        self.get(catalog_id).map(Some)
    }

    /// Gives it up; who uses it just now goes on to the end of that.
    pub(crate) fn close(&self) {
        let mut state = self.state();
        state.is_closed = true;
        state.open = None;
    }

    /// What happened to the file at its opening, for people; empty where nothing did.
    pub(crate) fn notice(&self) -> String {
        let Some(aside) = self.state().moved_aside.clone() else { return String::new() };
        let aside = display(bytes_of(&aside));
        format!(
            "the journal of what was done to files was damaged and begun again; plans and runs before that cannot be \
             undone from here. The damaged file was kept as {aside}"
        )
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
