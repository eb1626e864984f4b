//! An answer under way: begun, steered and watched as a scan is.

use std::sync::Arc;
use std::time::Duration;

use super::answer::{Counts, HaveResult, HaveRow, HaveState};
use super::asked::Walk;
use super::batch::Comparing;
use super::listed::{look_up, ListedHash};
use super::now::Roots;
use super::rows::HaveRows;
use crate::engine::Shared;
use crate::error::{core_kind, EngineError};
use crate::job::{Control, Outcome, Phase, Progress};
use crate::own_files::OwnFiles;

/// What is asked about.
#[derive(Clone, Debug)]
pub enum HaveQuestion {
    /// Files, and all below folders: absolute paths.
    Paths(Vec<Vec<u8>>),
    /// Contents by their hashes.
    Hashes(Vec<ListedHash>),
}

/// An answer under way, on separate threads.
#[derive(Clone)]
pub struct Have {
    pub(crate) control: Arc<Control>,
    shared: Arc<Shared>,
    rows: Arc<HaveRows>,
    outcome: Arc<Outcome<HaveResult>>,
}

impl Have {
    pub(crate) fn new(shared: &Arc<Shared>, request_id: &str) -> Result<Self, EngineError> {
        let catalog = shared.catalog.path();
        let folder = catalog.parent().unwrap_or(catalog);
        Ok(Self {
            control: Arc::new(Control::new(false, request_id).sharing(Arc::clone(&shared.background))),
            shared: Arc::clone(shared),
            rows: Arc::new(HaveRows::new(folder)?),
            outcome: Arc::default(),
        })
    }

    /// Answers, and says that it has.
    pub(crate) fn run(&self, question: &HaveQuestion) {
        let work = std::panic::AssertUnwindSafe(|| self.answer(question));
        let outcome =
            std::panic::catch_unwind(work).unwrap_or_else(|_| Err(EngineError::ended_abnormally("the comparison")));
        self.control.enter(Phase::Done);
        self.outcome.put(outcome);
    }

    fn answer(&self, question: &HaveQuestion) -> Result<HaveResult, EngineError> {
        let (control, mut counts) = (&self.control, Counts::default());
        control.enter(Phase::Listing);
        let roots = Roots::new(&self.shared)?;
        let mut put = |rows: Vec<HaveRow>| {
            for row in &rows {
                counts.count(row);
            }
            self.rows.append(&rows)
        };
        match question {
            HaveQuestion::Hashes(listed) => put(look_up(&self.shared, &roots, control, listed)?)?,
            HaveQuestion::Paths(paths) => {
                let own = Arc::new(OwnFiles::look(&self.shared.own));
                let mut walk = Walk::start(paths, control, &own)?;
                loop {
                    let batch = walk.next(control)?;
                    put(self.failed(&walk))?;
                    if batch.is_empty() || control.is_cancelled() {
                        break;
                    }
                    control.enter(Phase::Hashing);
                    let starts = Arc::clone(&walk.starts);
                    let threads = self.shared.threads();
                    let comparing =
                        Comparing { shared: &self.shared, roots: &roots, control, starts: &starts, threads };
                    let rows = comparing.compare(&batch, walk.has_ended())?;
                    // Of what was called off in the middle nothing is said.
                    if control.is_cancelled() {
                        break;
                    }
                    put(rows)?;
                }
            }
        }
        Ok(counts.result(control))
    }

    /// Rows of what could not be looked at.
    fn failed(&self, walk: &Walk) -> Vec<HaveRow> {
        let row = |(path, error): (Vec<u8>, sanchay_core::CoreError)| {
            let kind = core_kind(error.kind).name();
            let reason = error.at(&path).to_string();
            self.control.report(&path, kind, reason.clone());
            HaveRow { path, state: HaveState::Unreadable, reason, copies: Vec::new(), size_bytes: 0 }
        };
        walk.take_failed().into_iter().map(row).collect()
    }

    /// The rows that were found, for as long as anyone holds them.
    pub fn rows(&self) -> Arc<HaveRows> {
        Arc::clone(&self.rows)
    }

    /// A snapshot of its counters.
    pub fn progress(&self) -> Progress {
        self.control.progress(self.shared.catalog.is_disk_full())
    }

    /// Holds it.
    pub fn pause(&self) {
        self.control.pause();
    }

    /// Lets it go on.
    pub fn resume(&self) {
        self.control.resume();
    }

    /// Ends it early; the rows so far stay.
    pub fn cancel(&self) {
        self.control.cancel();
    }

    /// Its result; None when it has not ended after `timeout`.
    pub fn wait(&self, timeout: Option<Duration>) -> Option<Result<HaveResult, EngineError>> {
        self.outcome.wait(timeout)
    }
}
