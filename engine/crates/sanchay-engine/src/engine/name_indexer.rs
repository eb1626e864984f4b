//! The name index, made on a separate thread while no scan writes blocks.

use std::sync::atomic::Ordering;
use std::sync::Arc;

use sanchay_core::background_this_thread;

use super::shared::Shared;

impl Shared {
    /// A scan that a client waits for goes first; its end starts the index again.
    fn may_index(&self) -> bool {
        let work = self.work();
        !self.closing.load(Ordering::Relaxed)
            && !self.background.is_paused()
            && work.turns.all().all(|turn| turn.control.is_background())
    }

    /// Lets the name index catch up on a separate thread, once no scan is writing blocks.
    pub(super) fn index_names(self: &Arc<Self>) {
        let mut work = self.work();
        let idle = work.turns.is_empty() && !work.indexing && !self.closing.load(Ordering::Relaxed);
        if !idle || self.background.is_paused() || self.catalog.name_index_ready() {
            return;
        }
        // No scan holds block ids that are not written yet: every block up to here is in the catalog.
        let limit = self.catalog.last_block();
        work.indexing = true;
        drop(work);
        let inner = Arc::clone(self);
        let started = std::thread::Builder::new().name("name-index".to_owned()).spawn(move || {
            background_this_thread();
            let outcome = inner.catalog.build_name_index(limit, &|| inner.may_index());
            if let Err(error) = &outcome {
                tracing::error!(error = %error, "name_index_failed");
            }
            inner.work().indexing = false;
            inner.changed.notify_all();
            if outcome.is_ok() {
                // A scan that ended in between left more to do.
                inner.index_names();
            }
        });
        if started.is_err() {
            self.work().indexing = false;
        }
    }
}
