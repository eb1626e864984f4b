//! Looks at all regular files below the named paths, on several threads. Nothing is opened but folders.
//!
//! Waiting threads sleep: a caller who takes the results slowly costs no processor.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use sanchay_core::path::{append, SEPARATOR};
use sanchay_core::{file_system_of, CoreError, DirHandle, FileKind, FileStat, ListBuffer, RootDir};

use super::start::Start;
use crate::folder_mark::is_marked;

/// A folder below a named path, or a named file's.
#[derive(Debug)]
pub(crate) struct Folder {
    /// In the order in which folders were met: what is read in this order is read folder by folder.
    pub(crate) number: u64,
    /// Which of the named paths leads here.
    start: usize,
    /// As the caller writes it; of a named file, its own path.
    path: Vec<u8>,
}

impl Folder {
    /// The path of a file in it, as the caller writes it.
    pub(crate) fn path_of(&self, starts: &[Start], name: &[u8], path: &mut Vec<u8>) {
        if starts[self.start].name.is_some() {
            path.clone_from(&self.path);
        } else {
            path.clone_from(&self.path);
            append(path, name);
        }
    }

    /// Whether it stands for a file that the caller named.
    pub(crate) fn is_named_file(&self, starts: &[Start]) -> bool {
        starts[self.start].name.is_some()
    }

    fn below_start(&self, start: &Start) -> &[u8] {
        let given = &start.given;
        let below = if start.name.is_some() { b"" } else { self.path.get(given.len()..).unwrap_or_default() };
        below.strip_prefix(&[SEPARATOR]).unwrap_or(below)
    }
}

/// The path of a folder in a folder.
fn path_of(folder: &Folder, name: &[u8]) -> Vec<u8> {
    let mut path = Vec::with_capacity(folder.path.len() + name.len() + 1);
    path.extend_from_slice(&folder.path);
    append(&mut path, name);
    path
}

/// Opens folders by way of the paths that lead to them; keeps the last ones open.
pub(crate) struct Opener<'s> {
    starts: &'s [Start],
    root: Option<(&'s PathBuf, RootDir)>,
    folder: Option<(u64, DirHandle)>,
}

impl<'s> Opener<'s> {
    pub(crate) fn new(starts: &'s [Start]) -> Self {
        Self { starts, root: None, folder: None }
    }

    pub(crate) fn open(&mut self, folder: &Folder) -> Result<&DirHandle, CoreError> {
        if self.folder.as_ref().is_none_or(|(number, _)| *number != folder.number) {
            let handle = self.reach(folder)?;
            self.folder = Some((folder.number, handle));
        }
        Ok(&self.folder.as_ref().expect("set just now").1)
    }

    fn reach(&mut self, folder: &Folder) -> Result<DirHandle, CoreError> {
        let start = &self.starts[folder.start];
        if self.root.as_ref().is_none_or(|(path, _)| **path != start.folder) {
            self.root = Some((&start.folder, RootDir::open(&start.folder)?));
        }
        let (_, root) = self.root.as_ref().expect("set just now");
        root.open_dir(folder.below_start(start))
    }
}

/// Hears of each regular file.
pub(crate) trait Visitor {
    /// Breaks to end the whole look.
    fn file(&mut self, folder: &Arc<Folder>, name: &[u8], stat: &FileStat) -> ControlFlow<()>;

    /// A folder is looked at, until what this gives is dropped.
    fn folder(&mut self, _path: &[u8]) {}

    /// A link or something special, which is not opened.
    fn other(&mut self, _folder: &Arc<Folder>, _name: &[u8], _kind: FileKind) {}

    /// What cannot be looked at is left out.
    fn failed(&mut self, _path: &[u8], _error: CoreError) {}
}

/// What the threads of one look share.
#[derive(Default)]
pub(crate) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
    numbers: AtomicU64,
}

#[derive(Default)]
struct State {
    folders: Vec<Arc<Folder>>,
    next_start: usize,
    busy: usize,
    stopped: bool,
    panicked: bool,
}

impl Queue {
    /// Ends the look: every thread returns after the name that it is at.
    pub(crate) fn stop(&self) {
        self.lock().stopped = true;
        self.changed.notify_all();
    }

    /// Whether a thread panicked: then something may be missing.
    pub(crate) fn panicked(&self) -> bool {
        self.lock().panicked
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic under this lock")
    }

    fn new_folder(&self, start: usize, path: Vec<u8>) -> Arc<Folder> {
        Arc::new(Folder { number: self.numbers.fetch_add(1, Ordering::Relaxed), start, path })
    }

    /// The next folder; None when all are done. What it leads to is handed in with `done`.
    fn next(&self, starts: &[Start]) -> Option<Arc<Folder>> {
        let mut state = self.lock();
        loop {
            if state.stopped {
                return None;
            }
            let folder = state.folders.pop().or_else(|| {
                let start = starts.get(state.next_start)?;
                state.next_start += 1;
                Some(self.new_folder(state.next_start - 1, start.given.clone()))
            });
            if folder.is_some() {
                state.busy += 1;
                return folder;
            }
            if state.busy == 0 {
                return None;
            }
            state = self.changed.wait(state).expect("no panic under this lock");
        }
    }

    fn done(&self, mut below: Vec<Arc<Folder>>) {
        let mut state = self.lock();
        state.busy -= 1;
        let wake = !below.is_empty() || state.busy == 0;
        state.folders.append(&mut below);
        drop(state);
        if wake {
            self.changed.notify_all();
        }
    }
}

/// A thread's part in a look; returns when all of it is done or stopped.
pub(crate) fn look(queue: &Queue, starts: &[Start], visitor: &mut impl Visitor) {
    let _guard = PanicGuard(queue);
    let mut looker =
        Looker { queue, opener: Opener::new(starts), list_buffer: ListBuffer::new(), pseudo: HashMap::new(), visitor };
    while let Some(folder) = queue.next(starts) {
        let mut below = Vec::new();
        looker.visitor.folder(&folder.path);
        let outcome = match &starts[folder.start].name {
            Some(name) => looker.named_file(&folder, name),
            None => looker.folder(&folder, &mut below),
        };
        if let Err(error) = outcome {
            looker.visitor.failed(&folder.path, error);
        }
        queue.done(below);
    }
}

/// A thread that panics would leave the others waiting for ever.
struct PanicGuard<'q>(&'q Queue);

impl Drop for PanicGuard<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.lock().panicked = true;
            self.0.stop();
        }
    }
}

struct Looker<'q, V> {
    queue: &'q Queue,
    opener: Opener<'q>,
    list_buffer: ListBuffer,
    /// By (device, mount): whether it holds no files of a person.
    pseudo: HashMap<(u64, u64), bool>,
    visitor: &'q mut V,
}

impl<V: Visitor> Looker<'_, V> {
    fn named_file(&mut self, folder: &Arc<Folder>, name: &[u8]) -> Result<(), CoreError> {
        let stat = self.opener.open(folder)?.stat(name)?;
        match stat.kind {
            FileKind::File if self.visitor.file(folder, name, &stat).is_break() => self.queue.stop(),
            FileKind::File | FileKind::Directory => {}
            kind => self.visitor.other(folder, name, kind),
        }
        Ok(())
    }

    fn folder(&mut self, folder: &Arc<Folder>, below: &mut Vec<Arc<Folder>>) -> Result<(), CoreError> {
        let is_named = folder.path == self.opener.starts[folder.start].given;
        let handle = self.opener.open(folder)?;
        // What a Sanchay keeps for itself is left out, unless the caller named it.
        if !is_named && is_marked(handle, &folder.path) {
            return Ok(());
        }
        let stat = handle.stat_self()?;
        let pseudo = match self.pseudo.entry((stat.device, stat.mount_id)) {
            std::collections::hash_map::Entry::Occupied(known) => *known.get(),
            std::collections::hash_map::Entry::Vacant(new) => *new.insert(file_system_of(handle)?.1.pseudo),
        };
        if pseudo {
            return Ok(());
        }
        let (queue, visitor) = (self.queue, &mut *self.visitor);
        let mut flow = ControlFlow::Continue(());
        // Each name is looked at as it is listed: a folder of millions needs no memory for its names.
        handle.list(&mut self.list_buffer, |name, kind| {
            if flow.is_break() {
                return;
            }
            if let Some(kind @ (FileKind::Symlink | FileKind::Special)) = kind {
                visitor.other(folder, name, kind);
                return;
            }
            if kind == Some(FileKind::Directory) {
                below.push(queue.new_folder(folder.start, path_of(folder, name)));
                return;
            }
            match handle.stat(name) {
                Ok(stat) if stat.kind == FileKind::File => {
                    flow = visitor.file(folder, name, &stat);
                }
                Ok(stat) if stat.kind == FileKind::Directory => {
                    below.push(queue.new_folder(folder.start, path_of(folder, name)));
                }
                Ok(stat) => visitor.other(folder, name, stat.kind),
                Err(error) => visitor.failed(&path_of(folder, name), error),
            }
        })?;
        if flow.is_break() {
            queue.stop();
        }
        Ok(())
    }
}
