//! The catalog is told of a batch while the next one is acted on; until it has been, live passes stay out of the trees.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::follow::{follow, Followed};
use crate::engine::Shared;
use crate::error::{EngineError, ErrorKind};
use crate::job::Control;
use crate::trees::Turn;

/// For how long live passes and scans of these trees wait at most while a run goes on.
const TURN: Duration = Duration::from_millis(500);

/// What a run tells the catalog, and its turn in its trees.
pub(super) struct Telling<'a> {
    inner: &'a Arc<Shared>,
    roots: &'a [Vec<u8>],
    control: &'a Control,
    // Dropped first: the trees are let go when the catalog knows.
    told: Told,
    turn: Option<(Vec<Turn>, Instant)>,
}

/// The batch that is being told of.
#[derive(Default)]
struct Told(Option<JoinHandle<Result<(), EngineError>>>);

impl<'a> Telling<'a> {
    pub(super) fn new(inner: &'a Arc<Shared>, roots: &'a [Vec<u8>], control: &'a Control) -> Self {
        Self { inner, roots, control, told: Told::default(), turn: None }
    }

    /// Has the turn in the trees before a batch; false once the run is cancelled. While it is paused, it has none.
    pub(super) fn enter(&mut self) -> Result<bool, EngineError> {
        let is_over = self.turn.as_ref().is_some_and(|(_, since)| since.elapsed() > TURN);
        if is_over || self.control.is_paused() {
            self.end()?;
        }
        if !self.control.step() {
            return Ok(false);
        }
        if self.turn.is_none() {
            self.turn = self.inner.hold_trees(self.roots, self.control).map(|turn| (turn, Instant::now()));
        }
        Ok(self.turn.is_some())
    }

    /// Has the catalog told, once it knows of the batch before.
    pub(super) fn tell(&mut self, followed: Vec<Followed>, shared: Vec<Vec<u8>>) -> Result<(), EngineError> {
        self.told.wait()?;
        let inner = Arc::clone(self.inner);
        let telling = move || follow(&inner, followed, &shared);
        let thread = std::thread::Builder::new().name("act-tells".into()).spawn(telling);
        let failed =
            |error| EngineError::new(ErrorKind::Io, format!("no thread could be started for the run: {error}"));
        self.told.0 = Some(thread.map_err(failed)?);
        Ok(())
    }

    /// Waits until the catalog knows, and lets the trees go.
    pub(super) fn end(&mut self) -> Result<(), EngineError> {
        self.told.wait()?;
        self.turn = None;
        Ok(())
    }
}

impl Told {
    fn wait(&mut self) -> Result<(), EngineError> {
        match self.0.take().map(JoinHandle::join) {
            None => Ok(()),
            Some(Ok(told)) => told,
            Some(Err(panic)) => std::panic::resume_unwind(panic),
        }
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        // A run that ends in an error, or in a panic, still has told of what it did.
        if let Some(Err(error)) = self.0.take().and_then(|thread| thread.join().ok()) {
            tracing::warn!(%error, "catalog_not_told");
        }
    }
}
