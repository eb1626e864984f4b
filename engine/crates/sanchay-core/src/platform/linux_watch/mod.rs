//! Linux: inotify, one instance for all roots, heard by one thread that sleeps until something happens.

mod descent;
mod event_reader;
mod handover;
mod mounts;
mod raw;
mod renames;
mod tree;
mod walk;

use std::sync::Arc;
use std::thread;

use rustix::event::{eventfd, EventfdFlags};
use rustix::fd::OwnedFd;

use event_reader::EventReader;
use walk::Watches;

use crate::watch::sink::Sink;
use crate::watch::{PolledPart, Scope, WatchRefused};

#[derive(Debug)]
pub struct Watcher {
    watches: Arc<Watches>,
    /// Tells the thread to end.
    end: Arc<OwnedFd>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Watcher {
    pub fn new(sink: Sink) -> Result<Self, WatchRefused> {
        let io = |error: &dyn std::fmt::Display| WatchRefused::Io(error.to_string());
        let watches = Arc::new(Watches::new()?);
        let end = Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).map_err(|error| io(&error))?);
        let reader = EventReader::new(Arc::clone(&watches), Arc::clone(&end), sink);
        let thread = thread::Builder::new().name("watch".to_owned()).spawn(move || reader.run());
        Ok(Self { watches, end, thread: Some(thread.map_err(|error| io(&error))?) })
    }

    pub fn watch(&self, root: &[u8], scope: Scope) -> Result<(), WatchRefused> {
        self.watches.add_root(root, scope)
    }

    pub fn unwatch(&self, root: &[u8]) {
        let tops = self.watches.tree().tops(root);
        for top in tops {
            self.watches.remove(top);
        }
    }

    pub fn polled_parts(&self, root: &[u8]) -> Vec<PolledPart> {
        self.watches.polled_parts(root)
    }

    pub fn watched_folders(&self, root: &[u8]) -> usize {
        let tree = self.watches.tree();
        tree.tops(root).into_iter().map(|top| tree.folders(top)).max().unwrap_or(0)
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        // Writing a counter that no one counts cannot fail.
        let _ = rustix::io::write(&*self.end, &1u64.to_ne_bytes());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
