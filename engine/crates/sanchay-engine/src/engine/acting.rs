//! Runs of plans, repairs, and taking them back.

use sanchay_catalog::journal::{Act, Run};

use super::Engine;
use crate::acting::{Acting, RunRequest};
use crate::error::EngineError;

/// A page of a run.
#[derive(Clone, Debug)]
pub struct ActPage {
    /// In the order in which they were done.
    pub acts: Vec<Act>,
    /// Where the next page begins; empty: this is the last.
    pub next_token: String,
}

impl Engine {
    /// Starts a run of a plan. Fails with `InvalidArgument` where the plan was edited since it was shown.
    #[cfg(unix)]
    pub fn start_run(&self, request: RunRequest, background: bool, request_id: &str) -> Result<Acting, EngineError> {
        self.inner.start_run(request, background, request_id)
    }

    /// Starts taking a run back: all of it, or what lies at or below these paths.
    #[cfg(unix)]
    pub fn start_undo(
        &self,
        run: i64,
        paths: Vec<Vec<u8>>,
        background: bool,
        request_id: &str,
    ) -> Result<Acting, EngineError> {
        self.inner.start_undo(run, paths, background, request_id)
    }

    /// Starts to repair a damaged or suspect file by a copy of a healthy twin. Fails with `InvalidArgument` where there is
    /// no such finding, or it was dealt with.
    #[cfg(unix)]
    pub fn start_repair(&self, finding: i64, background: bool, request_id: &str) -> Result<Acting, EngineError> {
        self.inner.start_repair(&self.finding(finding)?, background, request_id)
    }

    /// No file is changed on this system yet.
    #[cfg(not(unix))]
    pub fn start_repair(&self, _: i64, _: bool, _: &str) -> Result<Acting, EngineError> {
        Err(not_here())
    }

    /// No file is changed on this system yet.
    #[cfg(not(unix))]
    pub fn start_run(&self, _: RunRequest, _: bool, _: &str) -> Result<Acting, EngineError> {
        Err(not_here())
    }

    /// No file is changed on this system yet.
    #[cfg(not(unix))]
    pub fn start_undo(&self, _: i64, _: Vec<Vec<u8>>, _: bool, _: &str) -> Result<Acting, EngineError> {
        Err(not_here())
    }

    /// All runs, the newest first.
    pub fn runs(&self) -> Result<Vec<Run>, EngineError> {
        Ok(self.journal()?.runs()?)
    }

    /// A page of what a run did, file by file.
    pub fn acts(&self, run: i64, token: &str, limit: usize, max_bytes: Option<usize>) -> Result<ActPage, EngineError> {
        let journal = self.journal()?;
        journal.run(run)?;
        let after = match token {
            "" => -1,
            token => token
                .parse()
                .map_err(|_| EngineError::invalid_argument(format!("{token:?} is not a valid page token of a run")))?,
        };
        let limit = limit.max(1);
        let mut acts = journal.acts_after(run, after, limit + 1)?;
        let size = |act: &Act| 3 * (act.root.len() + act.path.len() + act.kept_root.len() + act.kept_path.len()) + 100;
        let mut is_more = acts.len() > limit;
        acts.truncate(limit);
        let mut bytes = 0;
        let fits = acts.iter().take_while(|act| {
            bytes += size(act);
            max_bytes.is_none_or(|most| bytes <= most)
        });
        let count = fits.count().max(1).min(acts.len());
        is_more |= count < acts.len();
        acts.truncate(count);
        let next_token =
            if is_more { acts.last().map_or(String::new(), |act| act.number.to_string()) } else { String::new() };
        Ok(ActPage { acts, next_token })
    }
}

#[cfg(not(unix))]
fn not_here() -> EngineError {
    EngineError::invalid_argument("Sanchay cannot change files on this system yet; the plan can be read and exported.")
}
