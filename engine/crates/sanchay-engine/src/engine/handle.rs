//! A scan as those who hold it see it: how far it is, and how it ended.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use sanchay_core::RootDir;

use super::shared::Shared;
use crate::error::EngineError;
use crate::job::{Control, Outcome, Phase, Progress, ScanResult};
use crate::join::join_soon;
use crate::scan::run;

/// A scan under way, on threads of its own.
#[derive(Clone)]
pub struct Scan {
    pub(super) control: Arc<Control>,
    pub(super) number: Arc<AtomicU64>,
    pub(super) inner: Arc<Shared>,
    pub(super) outcome: Arc<Outcome<ScanResult>>,
    /// Threads that take away what a sync has put into the root.
    pub(super) clearing: Arc<Mutex<Vec<JoinHandle<()>>>>,
}

impl Scan {
    pub(super) fn run(self, number: u64, root_id: i64) {
        let work = std::panic::AssertUnwindSafe(|| {
            if !self.inner.take_turn(number, &self.control) {
                self.control.enter(Phase::Done);
                return Ok(ScanResult::cancelled(&self.control));
            }
            run::<RootDir>(&self.inner.scan_request(root_id, &self.control))
        });
        tracing::info!(request_id = self.control.request_id(), root_id, "scan_started");
        let outcome = std::panic::catch_unwind(work).unwrap_or_else(|_| Err(EngineError::ended_abnormally("the scan")));
        log_end(&self.control, root_id, &outcome);
        self.inner.end(number);
        self.inner.tell_scan_ended(root_id, number, &outcome);
        // Who lists the folder after a sync must not find a file of ours.
        join_soon(std::mem::take(&mut *self.clearing.lock().expect("no panic under this lock")));
        self.finish(outcome);
    }

    /// Has the end wait for a thread, unless that hangs.
    pub(crate) fn end_after(&self, thread: Option<JoinHandle<()>>) {
        self.clearing.lock().expect("no panic under this lock").extend(thread);
    }

    pub(crate) fn finish(&self, outcome: Result<ScanResult, EngineError>) {
        self.control.enter(Phase::Done);
        self.outcome.put(outcome);
    }

    /// Tells it from other scans; 0 where it is none.
    pub(crate) fn number(&self) -> u64 {
        self.number.load(Ordering::Relaxed)
    }

    pub(crate) fn control(&self) -> &Control {
        &self.control
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.control.is_cancelled()
    }

    /// A snapshot of its counters.
    pub fn progress(&self) -> Progress {
        self.control.progress(self.inner.catalog.is_disk_full())
    }

    /// Holds it.
    pub fn pause(&self) {
        self.control.pause();
    }

    /// Lets it go on.
    pub fn resume(&self) {
        self.control.resume();
    }

    /// Ends it early; what it has read stays.
    pub fn cancel(&self) {
        self.control.cancel();
    }

    /// A client waits now: normal priority.
    pub fn foreground(&self) {
        self.control.foreground();
    }

    /// Whether it has ended.
    pub fn is_done(&self) -> bool {
        self.outcome.is_there()
    }

    /// Its result; None when it has not ended after `timeout`.
    pub fn wait(&self, timeout: Option<Duration>) -> Option<Result<ScanResult, EngineError>> {
        self.outcome.wait(timeout)
    }
}

fn log_end(control: &Control, root_id: i64, outcome: &Result<ScanResult, EngineError>) {
    let request_id = control.request_id();
    match outcome {
        Ok(result) => tracing::info!(
            request_id,
            root_id,
            state = result.state.name(),
            files = result.files,
            errors = result.errors,
            hashed_bytes = result.hashed_bytes,
            duration_s = result.duration_s,
            "scan_ended"
        ),
        Err(error) => {
            tracing::error!(request_id, root_id, kind = error.kind.name(), error = %error, "scan_failed");
        }
    }
}
