//! The name index, made on a separate thread while no scan writes blocks.

use std::sync::atomic::Ordering;
use std::sync::Arc;

use sanchay_core::background_this_thread;

use super::shared::Shared;

impl Shared {
    /// A scan that a client waits for goes first; its end starts the index again.
    fn may_index(&self) -> bool {
        let scans = self.scans.lock().expect("no panic under this lock");
        !self.closing.load(Ordering::Relaxed)
            && !self.background.is_paused()
            && scans.active.iter().all(|(_, _, _, control)| control.is_background())
    }

    /// Lets the name index catch up on a separate thread, once no scan is writing blocks.
    pub(super) fn index_names(self: &Arc<Self>) {
        let mut scans = self.scans.lock().expect("no panic under this lock");
        let idle = scans.active.is_empty() && !scans.indexing && !self.closing.load(Ordering::Relaxed);
        if !idle || self.background.is_paused() || self.catalog.name_index_ready() {
            return;
        }
        // No scan holds block ids that are not written yet: every block up to here is in the catalog.
        let limit = self.catalog.last_block();
        scans.indexing = true;
        drop(scans);
        let inner = Arc::clone(self);
        let started = std::thread::Builder::new().name("name-index".to_owned()).spawn(move || {
            background_this_thread();
            let outcome = inner.catalog.build_name_index(limit, &|| inner.may_index());
            if let Err(error) = &outcome {
                tracing::error!(error = %error, "name_index_failed");
            }
            inner.scans.lock().expect("no panic under this lock").indexing = false;
            inner.changed.notify_all();
            if outcome.is_ok() {
                // A scan that ended meanwhile left more to do.
                inner.index_names();
            }
        });
        if started.is_err() {
            self.scans.lock().expect("no panic under this lock").indexing = false;
        }
    }
}
