//! Going down a tree to watch it: by one thread, or by several that hand folders to one another.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::tree::NodeId;
use super::walk::{Open, Watches};
use crate::dir::ListBuffer;
use crate::watch::{Scope, WatchRefused};

/// Folders of one way that are kept open at once; a deeper tree has those nearer to its top opened again.
const OPEN_MOST: usize = 64;

/// One way down a tree: the folders on it, with the names in each that are still to be entered.
pub(super) struct Way<'a> {
    watches: &'a Watches,
    scope: &'a Scope,
    verify: bool,
    buffer: ListBuffer,
    folders: Vec<Level>,
}

/// A folder on the way.
struct Level {
    names: Vec<Vec<u8>>,
    folder: Folder,
}

/// Open handles are few, and paths long: what has been left far behind is known by its id alone.
enum Folder {
    Open(Box<Open>),
    Closed(NodeId),
}

impl<'a> Way<'a> {
    pub(super) fn down(watches: &'a Watches, first: Open, scope: &'a Scope, verify: bool) -> Self {
        let mut way = Self { watches, scope, verify, buffer: ListBuffer::new(), folders: Vec::new() };
        way.enter(first);
        way
    }

    fn enter(&mut self, folder: Open) {
        let names = self.watches.list(&folder, self.scope, &mut self.buffer, self.verify);
        if let Some(behind) = self.folders.len().checked_sub(OPEN_MOST) {
            let folder = &mut self.folders[behind].folder;
            if let Folder::Open(open) = folder {
                *folder = Folder::Closed(open.id());
            }
        }
        self.folders.push(Level { names, folder: Folder::Open(Box::new(folder)) });
    }

    /// Goes one name on; false at the end.
    pub(super) fn step(&mut self) -> Result<bool, WatchRefused> {
        let Some(level) = self.folders.last_mut() else { return Ok(false) };
        let Some(name) = level.names.pop() else {
            self.folders.pop();
            return Ok(!self.folders.is_empty());
        };
        if let Some(child) = level.enter(self.watches, &name, self.scope)? {
            self.enter(child);
        }
        Ok(true)
    }

    /// A folder that somebody else can go down from: the nearest to the top that is left.
    pub(super) fn spare(&mut self) -> Result<Option<Open>, WatchRefused> {
        for level in &mut self.folders {
            while let Some(name) = level.names.pop() {
                if let Some(child) = level.enter(self.watches, &name, self.scope)? {
                    return Ok(Some(child));
                }
            }
        }
        Ok(None)
    }
}

impl Level {
    /// Watches one of its names. Where the folder itself is not there any more, its parent has heard of it.
    fn enter(&mut self, watches: &Watches, name: &[u8], scope: &Scope) -> Result<Option<Open>, WatchRefused> {
        if let Folder::Closed(id) = self.folder {
            match watches.open(id) {
                Some((open, _)) => self.folder = Folder::Open(Box::new(open)),
                None => self.names.clear(),
            }
        }
        match &self.folder {
            Folder::Open(open) => watches.enter(open, name, scope),
            Folder::Closed(_) => Ok(None),
        }
    }
}

/// Folders that are watched and not listed yet, on their way from one thread to another. The first refusal ends it all.
pub(super) struct Handover {
    state: Mutex<HandoverState>,
    changed: Condvar,
    /// Threads that wait for a folder which is not here yet.
    wanted: AtomicUsize,
    over: AtomicBool,
}

struct HandoverState {
    folders: Vec<Open>,
    busy: usize,
    waiting: usize,
    outcome: Result<(), WatchRefused>,
}

impl Handover {
    pub(super) fn new(first: Open) -> Self {
        let state = HandoverState { folders: vec![first], busy: 0, waiting: 0, outcome: Ok(()) };
        let (wanted, over) = (AtomicUsize::new(0), AtomicBool::new(false));
        Self { state: Mutex::new(state), changed: Condvar::new(), wanted, over }
    }

    /// A folder to go down from, as soon as there is one; `None` when all is done.
    pub(super) fn take(&self) -> Option<Open> {
        let mut state = self.state();
        loop {
            if self.is_over() {
                return None;
            }
            if let Some(folder) = state.folders.pop() {
                state.busy += 1;
                return Some(folder);
            }
            if state.busy == 0 {
                self.end();
                return None;
            }
            state.waiting += 1;
            self.count_wanted(&state);
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.waiting -= 1;
            self.count_wanted(&state);
        }
    }

    pub(super) fn give(&self, folder: Open) {
        let mut state = self.state();
        state.folders.push(folder);
        self.count_wanted(&state);
        self.changed.notify_one();
    }

    /// What became of a folder that was taken.
    pub(super) fn done(&self, outcome: Result<(), WatchRefused>) {
        let mut state = self.state();
        state.busy -= 1;
        if outcome.is_err() {
            state.outcome = outcome;
            self.end();
        } else if state.busy == 0 && state.folders.is_empty() {
            self.end();
        }
    }

    fn end(&self) {
        self.over.store(true, Ordering::Relaxed);
        self.changed.notify_all();
    }

    fn count_wanted(&self, state: &HandoverState) {
        self.wanted.store(state.waiting.saturating_sub(state.folders.len()), Ordering::Relaxed);
    }

    pub(super) fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    pub(super) fn is_wanted(&self) -> bool {
        self.wanted.load(Ordering::Relaxed) > 0
    }

    pub(super) fn outcome(self) -> Result<(), WatchRefused> {
        self.state.into_inner().unwrap_or_else(PoisonError::into_inner).outcome
    }

    fn state(&self) -> MutexGuard<'_, HandoverState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
