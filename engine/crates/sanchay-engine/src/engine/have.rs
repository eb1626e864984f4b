//! Asking whether files are in the catalog.

use std::sync::atomic::Ordering;
use std::sync::Arc;

use sanchay_catalog::CatalogError;

use super::Engine;
use crate::error::{EngineError, ErrorKind};
use crate::have::{Have, HaveQuestion};

impl Engine {
    /// Begins to compare files, or hashes, with the catalog. It waits for no scan: what a scan has not found yet is new.
    pub fn have(&self, question: HaveQuestion, request_id: &str) -> Result<Have, EngineError> {
        if self.inner.closing.load(Ordering::Relaxed) {
            return Err(CatalogError::Closed.into());
        }
        let have = Have::new(&self.inner, request_id)?;
        let number = self.inner.work().turns.enlist(Vec::new(), Vec::new(), Arc::clone(&have.control));
        let (thread, shared) = (have.clone(), Arc::clone(&self.inner));
        let started = std::thread::Builder::new().name(format!("have-{number}")).spawn(move || {
            thread.run(&question);
            shared.end(number);
        });
        if let Err(error) = started {
            self.inner.end(number);
            return Err(EngineError::new(ErrorKind::Io, format!("no thread could be started to compare: {error}")));
        }
        Ok(have)
    }
}
