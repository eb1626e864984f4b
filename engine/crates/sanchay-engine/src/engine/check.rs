//! Checks of the catalog's rows, on threads of their own.

use std::sync::atomic::Ordering;
use std::sync::Arc;

use sanchay_catalog::{CatalogError, CheckReport, Halt};
use sanchay_core::background_this_thread;

use super::shared::Shared;
use super::Engine;
use crate::error::{EngineError, ErrorKind};

impl Engine {
    /// Compares what the catalog derives with what it is derived from; `repair` mends what differs. It works at idle
    /// priority, and in the `background` it stands still through a pause. Blocks until it is done, or the engine closes; one
    /// that does not mend ends when it is called off.
    pub fn check_catalog(&self, repair: bool, background: bool) -> Result<CheckReport, EngineError> {
        let inner = Arc::clone(&self.inner);
        if !inner.begin_check() {
            return Err(CatalogError::Closed.into());
        }
        let halt = if repair { Halt::default() } else { Halt::of_thread() };
        let work = move || {
            background_this_thread();
            let outcome = halt.over(|| inner.catalog.check(repair, &|| inner.may_check(background)));
            inner.end_check();
            outcome
        };
        let started = std::thread::Builder::new().name("catalog-check".to_owned()).spawn(work);
        match started {
            Ok(thread) => Ok(thread.join().map_err(|_| EngineError::ended_abnormally("the check"))??),
            Err(error) => {
                self.inner.end_check();
                Err(EngineError::new(ErrorKind::Io, format!("no thread could be started for the check: {error}")))
            }
        }
    }
}

impl Shared {
    /// A small catalog is compared at its opening, a large one behind it.
    pub(super) fn check_at_opening(self: &Arc<Self>) {
        let inner = Arc::clone(self);
        if !self.catalog.check_at_opening() || !self.begin_check() {
            return;
        }
        let started = std::thread::Builder::new().name("catalog-check".to_owned()).spawn(move || {
            background_this_thread();
            if let Err(error) = inner.catalog.check_after_opening(&|| inner.may_check(true)) {
                tracing::error!(error = %error, "catalog_check_failed");
            }
            inner.end_check();
        });
        if started.is_err() {
            self.end_check();
        }
    }

    fn may_check(&self, background: bool) -> bool {
        if background {
            self.background.hold(&|| !self.closing.load(Ordering::Relaxed));
        }
        !self.closing.load(Ordering::Relaxed)
    }

    fn begin_check(&self) -> bool {
        if self.closing.load(Ordering::Relaxed) {
            return false;
        }
        self.work().checking += 1;
        true
    }

    fn end_check(&self) {
        self.work().checking -= 1;
        self.changed.notify_all();
    }
}
