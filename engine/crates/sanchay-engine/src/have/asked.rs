//! The files that are asked about: those that are named, and all below the folders that are.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crossbeam_channel::{bounded, Receiver, RecvTimeoutError, Sender};
use sanchay_core::{CoreError, ErrorKind, FileKind, FileStat};

use crate::error::EngineError;
use crate::job::{add, Control};
use crate::one_call::folders::{look, Folder, Queue, Visitor};
use crate::one_call::start::{starts_that_are, Start};
use crate::own_files::OwnFiles;

/// Files that are compared with the catalog together.
pub(super) const BATCH_FILES: usize = 1 << 16;
/// Files that a walker hands over at once.
const HANDED_OVER: usize = 256;
const WAITING: usize = 16;
/// How often one who waits for files looks whether they are still wanted.
const ASK: Duration = Duration::from_millis(50);
/// Walkers; more would only wait for the same disk.
const WALKERS_MOST: usize = 4;

/// One of them.
pub(super) struct Asked {
    pub(super) folder: Arc<Folder>,
    pub(super) name: Box<[u8]>,
    pub(super) stat: FileStat,
}

/// Something that cannot be compared, and why.
pub(super) type Failed = (Vec<u8>, CoreError);

/// A walk under way. Its threads are not joined: one that hangs on a dead share holds up no one.
pub(super) struct Walk {
    pub(super) starts: Arc<[Start]>,
    queue: Arc<Queue>,
    arriving: Receiver<Vec<Asked>>,
    failed: Arc<Mutex<Vec<Failed>>>,
    ended: bool,
}

impl Walk {
    /// Begins to walk. What is named and cannot be looked at has failed already.
    pub(super) fn start(paths: &[Vec<u8>], control: &Arc<Control>, own: &Arc<OwnFiles>) -> Result<Self, EngineError> {
        let mut failed = Vec::new();
        let starts: Arc<[Start]> = starts_that_are(paths, &mut |path, error| {
            failed.push((path.to_vec(), error));
            Ok(())
        })?
        .into();
        let failed = Arc::new(Mutex::new(failed));
        let (queue, (handing, arriving)) = (Arc::new(Queue::default()), bounded(WAITING));
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZeroUsize::get);
        for _ in 0..cores.min(WALKERS_MOST) {
            let (queue, starts) = (Arc::clone(&queue), Arc::clone(&starts));
            let mut walker = Walker {
                starts: Arc::clone(&starts),
                control: Arc::clone(control),
                own: Arc::clone(own),
                files: Vec::new(),
                handing: handing.clone(),
                failed: Arc::clone(&failed),
                ticket: 0,
            };
            let work = move || {
                look(&queue, &starts, &mut walker);
                // Where no one takes it, the answer was given up.
                let _ = walker.hand_over();
            };
            std::thread::Builder::new()
                .name("have-walk".to_owned())
                .spawn(work)
                .map_err(|error| EngineError::from(CoreError::from(error)))?;
        }
        Ok(Self { starts, queue, arriving, failed, ended: false })
    }

    /// The next batch, its files folder by folder; empty after the last, and where they are not wanted any more.
    pub(super) fn next(&mut self, control: &Control) -> Result<Vec<Asked>, EngineError> {
        let mut batch = Vec::new();
        while batch.len() < BATCH_FILES && !control.is_cancelled() {
            match self.arriving.recv_timeout(ASK) {
                Ok(mut files) => batch.append(&mut files),
                Err(RecvTimeoutError::Timeout) => {}
                Err(_) if self.queue.panicked() => return Err(EngineError::ended_abnormally("a walker of the files")),
                Err(_) => {
                    self.ended = true;
                    break;
                }
            }
        }
        batch.sort_unstable_by(|a, b| (a.folder.number, &a.name).cmp(&(b.folder.number, &b.name)));
        Ok(batch)
    }

    /// Whether all files were met.
    pub(super) fn has_ended(&self) -> bool {
        self.ended
    }

    /// What has failed since this was asked last.
    pub(super) fn take_failed(&self) -> Vec<Failed> {
        std::mem::take(&mut *self.failed.lock().expect("no panic under this lock"))
    }
}

impl Drop for Walk {
    fn drop(&mut self) {
        self.queue.stop();
    }
}

struct Walker {
    starts: Arc<[Start]>,
    control: Arc<Control>,
    own: Arc<OwnFiles>,
    files: Vec<Asked>,
    handing: Sender<Vec<Asked>>,
    failed: Arc<Mutex<Vec<Failed>>>,
    /// Of the folder that it is in.
    ticket: u64,
}

impl Drop for Walker {
    fn drop(&mut self) {
        self.control.leave(self.ticket);
    }
}

impl Walker {
    fn hand_over(&mut self) -> ControlFlow<()> {
        match self.handing.send(std::mem::take(&mut self.files)) {
            Ok(()) if self.control.step() => ControlFlow::Continue(()),
            Ok(()) | Err(_) => ControlFlow::Break(()),
        }
    }
}

impl Visitor for Walker {
    fn file(&mut self, folder: &Arc<Folder>, name: &[u8], stat: &FileStat) -> ControlFlow<()> {
        add(&self.control.counters.files, 1);
        add(&self.control.counters.bytes, stat.size_bytes);
        let refusal = if self.own.is_file(stat) {
            Some("it is a database of this daemon")
        } else if stat.placeholder {
            Some("it is in a cloud, and would have to be fetched")
        } else {
            None
        };
        if let Some(reason) = refusal {
            let mut path = Vec::new();
            folder.path_of(&self.starts, name, &mut path);
            self.failed(&path, CoreError::new(ErrorKind::Unsupported, None, reason));
            return ControlFlow::Continue(());
        }
        self.files.push(Asked { folder: Arc::clone(folder), name: name.into(), stat: *stat });
        if self.files.len() < HANDED_OVER {
            return ControlFlow::Continue(());
        }
        self.hand_over()
    }

    fn folder(&mut self, path: &[u8]) {
        add(&self.control.counters.directories, 1);
        self.control.leave(self.ticket);
        self.ticket = self.control.enter_path(path);
    }

    fn other(&mut self, folder: &Arc<Folder>, name: &[u8], kind: FileKind) {
        let (counter, reason) = match kind {
            FileKind::Symlink => (&self.control.counters.symlinks, "it is a symbolic link; name what it leads to"),
            _ => (&self.control.counters.special, "it is a FIFO, a socket or a device, which is never opened"),
        };
        add(counter, 1);
        if folder.is_named_file(&self.starts) {
            let mut path = Vec::new();
            folder.path_of(&self.starts, name, &mut path);
            self.failed(&path, CoreError::new(ErrorKind::Unsupported, None, reason));
        }
    }

    fn failed(&mut self, path: &[u8], error: CoreError) {
        self.failed.lock().expect("no panic under this lock").push((path.to_vec(), error));
    }
}
