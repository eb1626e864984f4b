//! Going down a tree to watch it: by one thread, or by several that hand folders to one another.

use std::sync::{Arc, PoisonError};

use rustix::fs::inotify::WatchFlags;

use super::handover::Handover;
use super::tree::NodeId;
use super::walk::{Open, Watches};
use crate::dir::{ListBuffer, RootDir};
use crate::path::path_from_bytes;
use crate::watch::{Scope, WatchRefused};

/// Folders of one way that are kept open at once; a deeper tree has those nearer to its top opened again.
const OPEN_MOST: usize = 64;

/// The most threads that go through one root.
const THREADS_MOST: usize = 4;

impl Watches {
    /// Watches a root with all below it. After a refusal nothing of it is watched.
    pub fn add_root(&self, root: &[u8], scope: Scope) -> Result<(), WatchRefused> {
        let _whole = self.whole.read().unwrap_or_else(PoisonError::into_inner);
        let opened = RootDir::open(&path_from_bytes(root)).map_err(|error| WatchRefused::Io(error.to_string()))?;
        let handle = opened.into_handle();
        let device = handle.stat_self().map_err(|error| WatchRefused::Io(error.to_string()))?.device;
        let scope = Arc::new(scope);
        let (before, top) = {
            let mut tree = self.tree();
            let before = tree.tops(root);
            let watch = self.watch(&handle, root, WatchFlags::MOVE_SELF)?;
            let watch = watch.ok_or_else(|| WatchRefused::Io("the root was removed".to_owned()))?;
            (before, tree.put_root(root, watch, Arc::clone(&scope)))
        };
        self.watch_above(root);
        let open = Open { id: top, relative: Vec::new(), path: root.to_vec(), device, handle };
        let outcome = self.add_below_together(open, &scope);
        for node in if outcome.is_ok() { before } else { [before, vec![top]].concat() } {
            self.remove(node);
        }
        outcome
    }

    /// Watches a name of a folder, with all below it, if it is a folder and in the scope; nothing more if it is `known`.
    /// False if the parent is not where it should be. Fails only where the limit is reached or the system is out of
    /// something.
    pub fn add_name(&self, parent: NodeId, name: &[u8], known: Option<NodeId>) -> Result<bool, WatchRefused> {
        let Some((open, scope)) = self.open(parent) else { return Ok(false) };
        if let Some(child) = self.enter(&open, name, &scope)?.filter(|child| Some(child.id) != known) {
            self.add_below(child, &scope, false)?;
        }
        Ok(true)
    }

    /// Goes through a folder again, with all below it: what is new is watched, and what is gone no longer. False if it
    /// is not where it should be.
    pub fn renew(&self, id: NodeId) -> Result<bool, WatchRefused> {
        let Some((open, scope)) = self.open(id) else { return Ok(false) };
        self.add_below(open, &scope, true)?;
        Ok(true)
    }

    fn add_below(&self, first: Open, scope: &Scope, verify: bool) -> Result<(), WatchRefused> {
        let mut way = Way::down(self, first, scope, verify);
        while way.step()? {}
        Ok(())
    }

    /// The same on several threads, for a whole root: most of the time goes into the kernel.
    fn add_below_together(&self, first: Open, scope: &Scope) -> Result<(), WatchRefused> {
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(THREADS_MOST);
        let shared = Handover::new(first);
        std::thread::scope(|threads_of_root| {
            let work = || {
                while let Some(folder) = shared.take() {
                    shared.done(self.go_down(folder, scope, &shared));
                }
            };
            for _ in 1..threads {
                // Where there is no thread to be had, fewer do the same.
                let _ = std::thread::Builder::new().name("watch-root".to_owned()).spawn_scoped(threads_of_root, work);
            }
            work();
        });
        shared.outcome()
    }

    /// Watches what is below a folder, and gives away parts of it to threads that have nothing to do.
    fn go_down(&self, folder: Open, scope: &Scope, shared: &Handover) -> Result<(), WatchRefused> {
        let mut way = Way::down(self, folder, scope, false);
        while !shared.is_over() && way.step()? {
            if shared.is_wanted() {
                if let Some(spare) = way.spare()? {
                    shared.give(spare);
                }
            }
        }
        Ok(())
    }
}

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

    /// A folder that someone else can go down from: the nearest to the top that is left.
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
