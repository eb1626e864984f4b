//! The system's events, said as [`FileEvent`]s.

use crossbeam_channel::Sender;

use super::event::{FileEvent, WatchRefused};
use super::part::PolledPart;
use super::scope::Scope;
use super::sink::Sink;
use crate::path::path_from_bytes;
use crate::platform;

/// Watches any number of roots and tells of them through one channel. It sleeps until something happens.
///
/// Events of a root come in the order in which things happened. A new folder is told of when it is watched itself, so a
/// listing that is begun then misses nothing.
#[derive(Debug)]
pub struct Watcher {
    inner: platform::Watcher,
}

impl Watcher {
    /// A watcher without roots. The channel should be bounded: when it is full, events are dropped and followed by one
    /// `Rescan` of everything. The watcher ends when it is dropped.
    ///
    /// Fails with `NoWatcher` where the system gives no further watcher, and with `Unsupported`.
    pub fn new(sink: Sender<FileEvent>) -> Result<Self, WatchRefused> {
        Ok(Self { inner: platform::Watcher::new(Sink::new(sink))? })
    }

    /// Watches a folder with everything below it. Returns when all of it is watched: what is listed after that is kept
    /// up by the events. A root that is watched already gets the new scope.
    ///
    /// A folder that may not be read is not watched, and neither is anything below it. After a refusal nothing of the
    /// root is watched.
    pub fn watch(&self, root: &[u8], scope: Scope) -> Result<(), WatchRefused> {
        if !path_from_bytes(root).is_absolute() {
            return Err(WatchRefused::Io("a full path is due".to_owned()));
        }
        self.inner.watch(root, scope)
    }

    /// Ends the watching of a root; no event of it that happens later is told. What is not watched is passed over.
    pub fn unwatch(&self, root: &[u8]) {
        self.inner.unwatch(root);
    }

    /// What is mounted below a watched root and cannot be watched. `MountsChanged` says that it is another.
    pub fn polled_parts(&self, root: &[u8]) -> Vec<PolledPart> {
        self.inner.polled_parts(root)
    }

    /// How many folders of a root are watched, as far as is known: a system that watches whole trees counts them as one.
    pub fn watched_folders(&self, root: &[u8]) -> usize {
        self.inner.watched_folders(root)
    }
}
