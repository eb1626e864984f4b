//! Files that someone has open for writing: they are looked at again, and shown until they are closed.

use sanchay_core::path::display;

use super::{watched_root, LiveThread};
use crate::live::work::ReadJob;

impl LiveThread {
    /// Has those read again whose time has come.
    pub(super) fn look_at_open_files(&mut self) {
        if self.is_paused() {
            return;
        }
        for (path, directory, name) in self.inner.writers.take_due() {
            // Where no one watches, the next comparison looks.
            let Some(root_id) = watched_root(&self.roots, &path) else {
                self.inner.writers.forget_open(directory, &name);
                continue;
            };
            let epoch = self.epoch;
            self.reading += 1;
            self.outstanding.add(root_id, epoch, 1);
            self.status_due = true;
            // The reading threads end only after this one.
            let _ = self.channels.jobs.send(ReadJob { root_id, epoch, directory, names: vec![name] });
        }
    }
}

/// For people: what is not known of files that are open.
pub(super) fn open_reason(count: usize, first: Option<&[u8]>) -> String {
    match (first.map(display), count) {
        (Some(path), 1) => format!("{path} is open for writing: its content is read when it is closed"),
        (Some(path), _) => {
            format!("{path} and {} more are open for writing: their content is read when they are closed", count - 1)
        }
        (None, _) => String::new(),
    }
}
