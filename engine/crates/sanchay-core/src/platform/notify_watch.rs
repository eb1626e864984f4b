//! macOS and Windows: the `notify` crate, which watches whole trees there (FSEvents, ReadDirectoryChangesW).
//!
//! Neither says which halves of a rename belong together in all cases: a source and a target that follow each other at
//! once are one rename, else what is there now was moved in and what is not was moved away.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crossbeam_channel::{bounded, Receiver, RecvTimeoutError, TrySendError};
use notify::event::{AccessKind, AccessMode, CreateKind, ModifyKind, RenameMode};
use notify::{Config, ErrorKind, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};

use super::SEPARATOR;
use crate::path::{bytes_of, path_from_bytes};
use crate::watch::paths::{ancestors, prefix, split};
use crate::watch::sink::{Closed, Sink};
use crate::watch::{FileEvent, PathBytes, Scope, WatchRefused};

/// How many events may wait for the thread that passes them on.
const WAITING_EVENTS: usize = 8192;

/// How long the second half of a rename is waited for, and until it is tried again to say that events were lost.
const SOON: Duration = Duration::from_millis(20);

type Roots = Arc<Mutex<HashMap<PathBytes, Scope>>>;
type Heard = notify::Result<notify::Event>;

#[derive(Debug)]
pub struct Watcher {
    system: Mutex<RecommendedWatcher>,
    roots: Roots,
}

impl Watcher {
    pub fn new(sink: Sink) -> Result<Self, WatchRefused> {
        let (sender, heard) = bounded::<Heard>(WAITING_EVENTS);
        let lost = Arc::new(AtomicBool::new(false));
        let lost_here = Arc::clone(&lost);
        let handler = move |event| {
            if let Err(TrySendError::Full(_)) = sender.try_send(event) {
                lost_here.store(true, Relaxed);
            }
        };
        let config = Config::default().with_follow_symlinks(false);
        let system = RecommendedWatcher::new(handler, config).map_err(|error| refused(&error))?;
        let roots = Roots::default();
        let reader = EventReader { sink, roots: Arc::clone(&roots), half: None };
        let thread = std::thread::Builder::new().name("watch".to_owned());
        thread.spawn(move || reader.run(&heard, &lost)).map_err(|error| WatchRefused::Io(error.to_string()))?;
        Ok(Self { system: Mutex::new(system), roots })
    }

    pub fn watch(&self, root: &[u8], scope: Scope) -> Result<(), WatchRefused> {
        let path = path_from_bytes(root);
        if !path.is_dir() {
            return Err(WatchRefused::Io("it is no folder, or is not there".to_owned()));
        }
        let known = guard(&self.roots).insert(root.to_vec(), scope).is_some();
        if known {
            return Ok(());
        }
        let outcome = guard(&self.system).watch(&path, RecursiveMode::Recursive).map_err(|error| refused(&error));
        if outcome.is_err() {
            guard(&self.roots).remove(root);
        }
        outcome
    }

    pub fn unwatch(&self, root: &[u8]) {
        if guard(&self.roots).remove(root).is_some() {
            // It fails where the system has ended it already.
            let _ = guard(&self.system).unwatch(&path_from_bytes(root));
        }
    }

    /// The system tells of all that it watches; what it does not is told by the mode of a root.
    #[expect(clippy::unused_self, reason = "each platform's watcher has the same face")]
    pub fn polled_parts(&self, _root: &[u8]) -> Vec<crate::watch::PolledPart> {
        Vec::new()
    }

    pub fn watched_folders(&self, root: &[u8]) -> usize {
        usize::from(guard(&self.roots).contains_key(root))
    }
}

fn guard<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn refused(error: &notify::Error) -> WatchRefused {
    match error.kind {
        ErrorKind::MaxFilesWatch => WatchRefused::LimitReached,
        _ => WatchRefused::Io(error.to_string()),
    }
}

/// The thread that says in our words what the crate tells.
struct EventReader {
    sink: Sink,
    roots: Roots,
    /// The source of a rename whose target may come next.
    half: Option<PathBytes>,
}

impl EventReader {
    fn run(mut self, heard: &Receiver<Heard>, lost: &AtomicBool) {
        while let Ok(true) = self.turn(heard, lost) {}
    }

    fn turn(&mut self, heard: &Receiver<Heard>, lost: &AtomicBool) -> Result<bool, Closed> {
        let next = if self.half.is_some() || self.sink.has_lost() {
            heard.recv_timeout(SOON)
        } else {
            heard.recv().map_err(|_| RecvTimeoutError::Disconnected)
        };
        match next {
            Ok(Ok(event)) => self.hear(&event)?,
            Ok(Err(_)) => self.tell(FileEvent::Rescan { root: None })?,
            Err(RecvTimeoutError::Timeout) => self.give_up_half()?,
            Err(RecvTimeoutError::Disconnected) => return Ok(false),
        }
        if lost.swap(false, Relaxed) {
            self.tell(FileEvent::Rescan { root: None })?;
        }
        self.sink.flush()?;
        Ok(true)
    }

    fn hear(&mut self, event: &notify::Event) -> Result<(), Closed> {
        if event.need_rescan() {
            return self.tell(FileEvent::Rescan { root: None });
        }
        if let (EventKind::Modify(ModifyKind::Name(RenameMode::Both)), [from, to]) = (event.kind, &event.paths[..]) {
            return self.rename(bytes_of(from).to_vec(), bytes_of(to));
        }
        for path in &event.paths {
            self.hear_of(event.kind, path)?;
        }
        Ok(())
    }

    fn hear_of(&mut self, kind: EventKind, path: &PathBuf) -> Result<(), Closed> {
        let bytes = bytes_of(path).to_vec();
        let is_root = guard(&self.roots).contains_key(&bytes);
        let told = match kind {
            EventKind::Modify(ModifyKind::Name(RenameMode::To)) => {
                return match self.half.take() {
                    Some(from) => self.rename(from, &bytes),
                    None => self.tell(FileEvent::MovedIn { directory: is_directory(path), path: bytes }),
                };
            }
            EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_)) if is_root && !path.exists() => {
                guard(&self.roots).remove(&bytes);
                return self.sink.push(FileEvent::RootGone { root: bytes });
            }
            EventKind::Modify(ModifyKind::Name(RenameMode::From)) if !is_root => {
                self.give_up_half()?;
                self.half = Some(bytes);
                return Ok(());
            }
            EventKind::Modify(ModifyKind::Name(_)) => match is_directory(path) {
                None => FileEvent::MovedAway { path: bytes },
                directory => FileEvent::MovedIn { path: bytes, directory },
            },
            EventKind::Create(CreateKind::Folder) => FileEvent::Created { path: bytes, directory: Some(true) },
            EventKind::Create(_) => FileEvent::Created { directory: is_directory(path), path: bytes },
            EventKind::Remove(_) => FileEvent::Removed { path: bytes, directory: None },
            EventKind::Modify(ModifyKind::Metadata(_)) => FileEvent::Attributes { path: bytes },
            EventKind::Access(AccessKind::Close(AccessMode::Write)) | EventKind::Modify(_) | EventKind::Any => {
                FileEvent::Written { path: bytes }
            }
            EventKind::Access(_) | EventKind::Other => return Ok(()),
        };
        self.tell(told)
    }

    fn rename(&mut self, from: PathBytes, to: &[u8]) -> Result<(), Closed> {
        let told = match (self.in_scope(&from), self.in_scope(to)) {
            (true, true) => FileEvent::Renamed { from, to: to.to_vec() },
            (true, false) => FileEvent::MovedAway { path: from },
            (false, _) => FileEvent::MovedIn { path: to.to_vec(), directory: is_directory(&path_from_bytes(to)) },
        };
        self.tell(told)
    }

    /// The other half of the rename did not come.
    fn give_up_half(&mut self) -> Result<(), Closed> {
        match self.half.take() {
            Some(path) => self.tell(FileEvent::MovedAway { path }),
            None => Ok(()),
        }
    }

    /// Passes an event on if it is in the scope of its root.
    fn tell(&mut self, event: FileEvent) -> Result<(), Closed> {
        if !matches!(event, FileEvent::Renamed { .. }) {
            if let Some(path) = self.half.take() {
                self.tell(FileEvent::MovedAway { path })?;
            }
        }
        let in_scope = match &event {
            FileEvent::Created { path, .. }
            | FileEvent::Written { path }
            | FileEvent::Attributes { path }
            | FileEvent::Removed { path, .. }
            | FileEvent::MovedIn { path, .. }
            | FileEvent::MovedAway { path } => self.in_scope(path),
            _ => true,
        };
        if in_scope {
            self.sink.push(event)?;
        }
        Ok(())
    }

    /// Whether no root leaves the path, or a folder above it, out. What is no root's is left to who listens.
    fn in_scope(&self, path: &[u8]) -> bool {
        let roots = guard(&self.roots);
        let Some((root, scope)) = ancestors(path).find_map(|root| roots.get(root).map(|scope| (root, scope))) else {
            return true;
        };
        let inside = path.strip_prefix(&prefix(root)[..]).unwrap_or_default();
        let mut parent = Vec::new();
        let mut names = inside.split(|byte| *byte == SEPARATOR).filter(|name| !name.is_empty()).peekable();
        while let Some(name) = names.next() {
            let directory = names.peek().is_some() || is_directory(&path_from_bytes(path)) == Some(true);
            if scope.filter.excludes(&parent, name, directory) {
                return false;
            }
            parent = crate::path::join(&parent, name);
        }
        !ancestors(path).any(|above| split(above).is_some() && scope.without.iter().any(|left_out| left_out == above))
    }
}

/// Whether a folder is there; `None` if nothing is.
fn is_directory(path: &Path) -> Option<bool> {
    path.symlink_metadata().ok().map(|metadata| metadata.is_dir())
}
