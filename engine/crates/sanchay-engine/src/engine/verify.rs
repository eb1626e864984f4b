//! Verifications that run, on threads of their own. They take no turn in a tree: nothing is compared or written there, and
//! what is published goes by its witness.

use std::sync::atomic::Ordering;
use std::sync::Arc;
use std::time::Duration;

use sanchay_catalog::CatalogError;
use sanchay_core::background_this_thread;

use super::shared::Shared;
use super::Engine;
use crate::error::{EngineError, ErrorKind};
use crate::job::{Control, Outcome, Phase, Progress};
use crate::verify::{run, VerifyRequest, VerifyResult};

/// A verification under way.
#[derive(Clone)]
pub struct Verification {
    control: Arc<Control>,
    inner: Arc<Shared>,
    outcome: Arc<Outcome<VerifyResult>>,
}

impl Engine {
    /// Starts a verification.
    pub fn verify(
        &self,
        request: VerifyRequest,
        background: bool,
        request_id: &str,
    ) -> Result<Verification, EngineError> {
        let inner = Arc::clone(&self.inner);
        let control = Arc::new(Control::new(background, request_id).sharing(Arc::clone(&inner.background)));
        if !inner.begin_verifying(&control) {
            return Err(CatalogError::Closed.into());
        }
        let verification = Verification { control, inner, outcome: Arc::default() };
        let thread = verification.clone();
        let started = std::thread::Builder::new().name("verify".to_owned()).spawn(move || thread.run(&request));
        if let Err(error) = started {
            self.inner.end_verifying(&verification.control);
            let message = format!("no thread could be started for the verification: {error}");
            return Err(EngineError::new(ErrorKind::Io, message));
        }
        Ok(verification)
    }

    /// Reads files for someone who waits; closing the engine ends that, and waits for it.
    pub(crate) fn while_open<T>(
        &self,
        work: impl FnOnce(&Control) -> Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        let control = Arc::new(Control::new(false, ""));
        if !self.inner.begin_verifying(&control) {
            return Err(CatalogError::Closed.into());
        }
        let outcome = work(&control);
        self.inner.end_verifying(&control);
        if control.is_cancelled() {
            return Err(CatalogError::Closed.into());
        }
        outcome
    }

    /// What its parts share.
    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.inner
    }
}

impl Verification {
    fn run(self, request: &VerifyRequest) {
        let request_id = self.control.request_id();
        tracing::info!(request_id, roots = ?request.root_ids, "verify_started");
        let work = std::panic::AssertUnwindSafe(|| {
            background_this_thread();
            let journal = self.inner.journal()?;
            run(&self.inner, &journal, request, &self.control)
        });
        let outcome =
            std::panic::catch_unwind(work).unwrap_or_else(|_| Err(EngineError::ended_abnormally("the verification")));
        match &outcome {
            Ok(result) => tracing::info!(
                request_id,
                state = result.state.name(),
                checked = result.checked,
                bytes = result.bytes,
                damaged = result.damaged_files,
                errors = result.errors,
                duration_s = result.duration_s,
                "verify_ended"
            ),
            Err(error) => tracing::error!(request_id, kind = error.kind.name(), error = %error, "verify_failed"),
        }
        self.inner.end_verifying(&self.control);
        self.control.enter(Phase::Done);
        self.outcome.put(outcome);
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

    /// Ends it early; what was checked stays checked.
    pub fn cancel(&self) {
        self.control.cancel();
    }

    /// A client waits now: it passes by pauses and limits of background work. It stays at idle priority.
    pub fn foreground(&self) {
        self.control.foreground();
    }

    /// Its result; None when it has not ended after `timeout`.
    pub fn wait(&self, timeout: Option<Duration>) -> Option<Result<VerifyResult, EngineError>> {
        self.outcome.wait(timeout)
    }
}

impl Shared {
    fn begin_verifying(&self, control: &Arc<Control>) -> bool {
        let mut work = self.work();
        if self.closing.load(Ordering::Relaxed) {
            return false;
        }
        work.verifying.push(Arc::clone(control));
        true
    }

    fn end_verifying(&self, control: &Arc<Control>) {
        self.work().verifying.retain(|other| !Arc::ptr_eq(other, control));
        self.changed.notify_all();
    }
}
