//! The engine's end of the live threads.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use crossbeam_channel::{bounded, unbounded, Sender};
use sanchay_core::watch::Watcher;

use super::hands::Hands;
use super::hired::Hired;
use super::settings::LiveSettings;
use super::status::LiveStatus;
use super::thread::LiveThread;
use super::work::Message;
use crate::engine::{Scan, Shared};
use crate::error::{EngineError, ErrorKind};
use crate::job::ScanResult;
use crate::join::join_soon;

/// The live threads, running.
pub(crate) struct Live {
    messages: Sender<Message>,
    threads: Vec<JoinHandle<()>>,
    settings: Mutex<LiveSettings>,
    statuses: Arc<Mutex<Vec<LiveStatus>>>,
    wake: Arc<AtomicBool>,
}

/// Events between the watcher and the live thread: past it, the watcher asks for a comparison instead.
const HEARD_MOST: usize = 1 << 16;

impl Live {
    /// Starts the threads and takes up every root.
    pub(crate) fn start(inner: &Arc<Shared>, settings: LiveSettings) -> Result<Self, EngineError> {
        let (messages, heard_messages) = unbounded();
        let (events, heard) = bounded(HEARD_MOST);
        let watcher = match Watcher::new(events) {
            Ok(watcher) => Ok(Arc::new(watcher)),
            Err(refused) => {
                tracing::warn!(error = %refused, "watcher_refused");
                Err(refused)
            }
        };
        let (batches, waiting_batches) = bounded(1);
        let (jobs, waiting_jobs) = unbounded();
        let (large_jobs, waiting_large_jobs) = unbounded();
        let statuses = Arc::new(Mutex::new(Vec::new()));
        let wake = Arc::new(AtomicBool::new(true));
        let spawn = |name: &str, work: Box<dyn FnOnce() + Send>| {
            std::thread::Builder::new().name(name.to_owned()).spawn(work).map_err(|error| {
                EngineError::new(ErrorKind::Io, format!("no thread could be started for live folders: {error}"))
            })
        };
        let hands = Hands::start(
            Hired { inner: Arc::clone(inner), messages: messages.clone(), read_bytes: Arc::default() },
            settings.patience_ms,
            waiting_batches,
            waiting_jobs,
            waiting_large_jobs,
        )?;
        let live = LiveThread::new(
            Arc::clone(inner),
            watcher,
            settings,
            super::thread::Channels {
                heard,
                messages: heard_messages,
                own: messages.clone(),
                batches,
                jobs,
                large_jobs,
            },
            hands,
            Arc::clone(&statuses),
        );
        // The others end after it, and are waited for by it.
        let threads = vec![spawn("live", Box::new(move || live.run()))?];
        let (freed, awake) = (messages.clone(), Arc::clone(&wake));
        inner.trees.on_freed(Some(Box::new(move || {
            if awake.load(Ordering::Relaxed) {
                // No one hears it any more: then no one waits for it either.
                let _ = freed.send(Message::TreeFreed);
            }
        })));
        let ended = messages.clone();
        inner.on_scan_end(Some(Box::new(move |root_id, number, outcome| {
            let _ = ended.send(scan_ended(root_id, number, outcome));
        })));
        Ok(Self { messages, threads, settings: Mutex::new(settings), statuses, wake })
    }

    fn send(&self, message: Message) {
        // The thread is gone only when the catalog is being closed.
        let _ = self.messages.send(message);
    }

    pub(crate) fn put_root(&self, root_id: i64) {
        self.send(Message::PutRoot(root_id));
    }

    pub(crate) fn remove_root(&self, root_id: i64) {
        self.send(Message::RemoveRoot(root_id));
    }

    pub(crate) fn set(&self, change: impl FnOnce(&mut LiveSettings)) {
        let mut settings = self.settings.lock().expect("no panic under this lock");
        change(&mut settings);
        self.send(Message::Set(*settings));
    }

    pub(crate) fn sync(&self, root_id: i64, scan: Scan) {
        self.send(Message::Sync(root_id, Box::new(scan)));
    }

    pub(crate) fn statuses(&self) -> Vec<LiveStatus> {
        self.statuses.lock().expect("no panic under this lock").clone()
    }

    /// Ends the threads; what they are reading is broken off.
    pub(crate) fn stop(self, inner: &Shared) {
        self.wake.store(false, Ordering::Relaxed);
        inner.trees.on_freed(None);
        inner.on_scan_end(None);
        self.send(Message::Close);
        drop(self.messages);
        join_soon(self.threads);
    }
}

fn scan_ended(root_id: i64, number: u64, outcome: &Result<ScanResult, EngineError>) -> Message {
    let (state, message, unread) = match outcome {
        Ok(result) => (Some(result.state), result.message.clone(), result.unread.clone()),
        Err(error) => (None, error.to_string(), Vec::new()),
    };
    Message::ScanEnded { root_id, number, state, message, unread }
}
