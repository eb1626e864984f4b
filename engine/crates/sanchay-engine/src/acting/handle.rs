//! A run as those who hold it see it.

use std::sync::Arc;
use std::time::Duration;

use super::outcome::{ActProgress, ActResult, Tally};
use crate::error::EngineError;
use crate::job::{Control, Outcome};

/// A run under way, on a separate thread.
#[derive(Clone)]
pub struct Acting {
    pub(super) control: Arc<Control>,
    pub(super) tally: Arc<Tally>,
    pub(super) outcome: Arc<Outcome<ActResult>>,
}

impl Acting {
    pub(super) fn new(control: Arc<Control>) -> Self {
        Self { control, tally: Arc::default(), outcome: Arc::default() }
    }

    /// A snapshot of its counters.
    pub fn progress(&self) -> ActProgress {
        self.tally.progress(self.control.current())
    }

    /// Holds it, between two batches.
    pub fn pause(&self) {
        self.control.pause();
    }

    /// Lets it go on.
    pub fn resume(&self) {
        self.control.resume();
    }

    /// Ends it early: what was done stays, and can be taken back.
    pub fn cancel(&self) {
        self.control.cancel();
    }

    /// A client waits now: normal priority.
    pub fn foreground(&self) {
        self.control.foreground();
    }

    /// Its result; None when it has not ended after `timeout`.
    pub fn wait(&self, timeout: Option<Duration>) -> Option<Result<ActResult, EngineError>> {
        self.outcome.wait(timeout)
    }
}
