//! Adding watches to a folder and all below it.
//!
//! Each folder is watched first and listed then: what comes into it in between is in the listing, in an event, or in both.
//! Folders are reached by handles and watched through them, so that a folder swapped for a symbolic link leads nowhere,
//! and a path may be of any length.

use std::collections::{HashMap, HashSet};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use rustix::event::{eventfd, EventfdFlags};
use rustix::fd::OwnedFd;
use rustix::fs::inotify::{self, WatchFlags};
use rustix::io::Errno;

use super::mounts::Mounts;
use super::tree::{NodeId, Tree, TreePlace};
use crate::dir::{DirHandle, ListBuffer, RootDir};
use crate::path::path_from_bytes;
use crate::platform::linux_mount::Mount;
use crate::stat::FileKind;
use crate::volume::file_system_of;
use crate::watch::paths::{ancestors, join};
use crate::watch::{advise, PathBytes, PolledPart, Scope, WatchMode, WatchRefused};

/// What is heard of each folder. Opening and reading are not: the engine reads all day.
const HEARD: WatchFlags = WatchFlags::CREATE
    .union(WatchFlags::DELETE)
    .union(WatchFlags::MOVE)
    .union(WatchFlags::MODIFY)
    .union(WatchFlags::CLOSE_WRITE)
    .union(WatchFlags::ATTRIB)
    .union(WatchFlags::EXCL_UNLINK)
    .union(WatchFlags::ONLYDIR)
    .union(WatchFlags::MASK_ADD);

/// The kernel's watches and what they are of.
#[derive(Debug)]
pub struct Watches {
    pub inotify: OwnedFd,
    tree: Mutex<Tree>,
    /// Held while a whole root is gone through, by the one that makes all of them true.
    pub whole: RwLock<()>,
    pub mounts: Mounts,
    /// Folders above roots, by their watch, with the roots below them: where one is moved, its roots are elsewhere.
    above: Mutex<HashMap<i32, Vec<PathBytes>>>,
}

/// A folder whose children are to be watched.
pub(super) struct Open {
    pub(super) id: NodeId,
    pub(super) relative: Vec<u8>,
    pub(super) path: Vec<u8>,
    pub(super) device: u64,
    pub(super) handle: DirHandle,
}

impl Open {
    pub(super) fn id(&self) -> NodeId {
        self.id
    }
}

impl Watches {
    pub fn new() -> Result<Self, WatchRefused> {
        let flags = inotify::CreateFlags::NONBLOCK | inotify::CreateFlags::CLOEXEC;
        let inotify = inotify::init(flags).map_err(|error| match error {
            // The same error says that this process has no file descriptor left, which is not the limit's fault.
            Errno::MFILE if eventfd(0, EventfdFlags::CLOEXEC).is_ok() => WatchRefused::NoWatcher,
            Errno::NOSYS | Errno::PERM => WatchRefused::Unsupported("the system has no inotify".to_owned()),
            error => WatchRefused::Io(error.to_string()),
        })?;
        let (tree, whole, above) = (Mutex::default(), RwLock::default(), Mutex::default());
        Ok(Self { inotify, tree, whole, mounts: Mounts::new(), above })
    }

    /// The tree. A thread that panicked while it held it left it whole: each change is complete in itself.
    pub fn tree(&self) -> MutexGuard<'_, Tree> {
        self.tree.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the watching of a folder and all below it.
    pub fn remove(&self, id: NodeId) {
        let root = {
            let tree = self.tree();
            tree.is_top(id).then(|| tree.place(id)).flatten().map(|place| place.root)
        };
        let orphans = self.tree().remove(id);
        self.forget(orphans);
        if let Some(root) = root.filter(|root| self.tree().tops(root).is_empty()) {
            self.unwatch_above(&root);
        }
    }

    /// Removes watches that are of no folder any more. The kernel may have done so already.
    pub fn forget(&self, watches: Vec<i32>) {
        let above = self.above();
        for watch in watches.into_iter().filter(|watch| !above.contains_key(watch)) {
            let _ = inotify::remove_watch(&self.inotify, watch);
        }
    }

    fn above(&self) -> MutexGuard<'_, HashMap<i32, Vec<PathBytes>>> {
        self.above.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hears of the folders above a root being moved. One that cannot be watched is passed over: that a root is another
    /// folder is noticed then when someone looks.
    pub(super) fn watch_above(&self, root: &[u8]) {
        let flags = WatchFlags::MOVE_SELF | WatchFlags::ONLYDIR | WatchFlags::DONT_FOLLOW | WatchFlags::MASK_ADD;
        for folder in ancestors(root).skip(1).filter(|folder| *folder != b"/") {
            let mut above = self.above();
            let Ok(watch) = inotify::add_watch(&self.inotify, folder, flags) else { continue };
            let roots = above.entry(watch).or_default();
            if !roots.iter().any(|known| known == root) {
                roots.push(root.to_vec());
            }
        }
    }

    fn unwatch_above(&self, root: &[u8]) {
        let mut unused = Vec::new();
        self.above().retain(|watch, roots| {
            roots.retain(|known| known != root);
            if roots.is_empty() {
                unused.push(*watch);
            }
            !roots.is_empty()
        });
        let tree = self.tree();
        unused.retain(|watch| tree.nodes_of(*watch).is_empty());
        drop(tree);
        self.forget(unused);
    }

    /// The roots below a folder of this watch.
    pub fn roots_below(&self, watch: i32) -> Vec<PathBytes> {
        self.above().get(&watch).cloned().unwrap_or_default()
    }

    /// What is mounted below a root, in its scope, and cannot be watched.
    pub fn polled_parts(&self, root: &[u8]) -> Vec<PolledPart> {
        let mounts = self.mounts.known();
        let mut below = mounts.polled_below(root).peekable();
        if below.peek().is_none() {
            return Vec::new();
        }
        let tree = self.tree();
        let Some(place) = tree.tops(root).first().and_then(|top| tree.place(*top)) else { return Vec::new() };
        drop(tree);
        let part = |mount: &Mount| PolledPart { path: mount.point.clone(), file_system: mount.kind.clone() };
        below.filter(|mount| is_in_scope(&place, &mount.point)).map(part).collect()
    }

    /// Opens a watched folder by its path; `None` if something else is there now.
    pub(super) fn open(&self, id: NodeId) -> Option<(Open, Arc<Scope>)> {
        let (place, watch) = {
            let tree = self.tree();
            (tree.place(id)?, tree.watch_of(id)?)
        };
        let TreePlace { path, relative, root, scope, .. } = place;
        let root = RootDir::open(&path_from_bytes(&root)).ok()?;
        let handle = if relative.is_empty() { root.into_handle() } else { root.open_dir(&relative).ok()? };
        let device = handle.stat_self().ok()?.device;
        let tree = self.tree();
        let found = self.watch(&handle, &path, WatchFlags::empty()).ok()??;
        if found != watch {
            if tree.nodes_of(found).is_empty() {
                self.forget(vec![found]);
            }
            return None;
        }
        Some((Open { id, relative, path, device, handle }, scope))
    }

    /// The names in a folder that may be folders to watch.
    pub(super) fn list(&self, folder: &Open, scope: &Scope, buffer: &mut ListBuffer, verify: bool) -> Vec<Vec<u8>> {
        let mut names = Vec::new();
        let listed = folder.handle.list(buffer, |name, kind| {
            let may_be_folder = matches!(kind, None | Some(FileKind::Directory));
            if may_be_folder && !scope.filter.excludes(&folder.relative, name, true) {
                names.push(name.to_vec());
            }
        });
        if verify && listed.is_ok() {
            let there: HashSet<&[u8]> = names.iter().map(Vec::as_slice).collect();
            let children = self.tree().children(folder.id);
            for (_, id) in children.into_iter().filter(|(name, _)| !there.contains(&**name)) {
                self.remove(id);
            }
        }
        names
    }

    /// Watches a name of an open folder. `None` if it is no folder, cannot be read, or is not in the scope.
    pub(super) fn enter(&self, parent: &Open, name: &[u8], scope: &Scope) -> Result<Option<Open>, WatchRefused> {
        let path = join(&parent.path, name);
        if self.mounts.known().is_polled(&path) {
            return Ok(None);
        }
        let Ok(stat) = parent.handle.stat(name) else { return Ok(None) };
        if stat.kind != FileKind::Directory || scope.without.contains(&path) {
            return Ok(None);
        }
        let is_mount = stat.device != parent.device;
        if is_mount && scope.one_file_system {
            return Ok(None);
        }
        let handle = match parent.handle.open_child(name) {
            Ok(handle) => handle,
            Err(error) => return out_of_something(&error).map_or(Ok(None), Err),
        };
        if is_mount && file_system_of(&handle).map_or(true, |(_, known)| advise(&known) == WatchMode::Poll) {
            return Ok(None);
        }
        let mut tree = self.tree();
        let Some(watch) = self.watch(&handle, &path, WatchFlags::empty())? else { return Ok(None) };
        let put = tree.put_child(parent.id, name, watch);
        if put.is_none() && tree.nodes_of(watch).is_empty() {
            self.forget(vec![watch]);
        }
        drop(tree);
        Ok(put.map(|(id, orphans)| {
            self.forget(orphans);
            let relative = crate::path::join(&parent.relative, name);
            Open { id, relative, path, device: stat.device, handle }
        }))
    }

    /// Adds the watch of an open folder; `None` if it is not there any more or may not be read.
    pub(super) fn watch(&self, handle: &DirHandle, path: &[u8], more: WatchFlags) -> Result<Option<i32>, WatchRefused> {
        let flags = HEARD.union(more);
        let by_handle = inotify::add_watch(&self.inotify, link_to(handle.inner.descriptor()).as_bytes(), flags);
        let added = match by_handle {
            // Without /proc there is only the path; its last name at least is not followed.
            Err(Errno::NOENT) => inotify::add_watch(&self.inotify, path, flags.union(WatchFlags::DONT_FOLLOW)),
            added => added,
        };
        match added {
            Ok(watch) => Ok(Some(watch)),
            Err(Errno::NOSPC) => Err(WatchRefused::LimitReached),
            Err(Errno::NOENT | Errno::NOTDIR | Errno::ACCESS | Errno::LOOP | Errno::NAMETOOLONG) => Ok(None),
            Err(error) => Err(WatchRefused::Io(error.to_string())),
        }
    }
}

/// Whether a mount point below a root is in what is watched.
fn is_in_scope(place: &TreePlace, point: &[u8]) -> bool {
    let relative = point.get(place.root.len()..).unwrap_or_default();
    let mut folder: &[u8] = b"";
    for name in relative.split(|byte| *byte == b'/').filter(|name| !name.is_empty()) {
        if place.scope.filter.excludes(folder, name, true) {
            return false;
        }
        let at = name.as_ptr() as usize - relative.as_ptr() as usize;
        folder = relative[..at + name.len()].strip_prefix(b"/").unwrap_or(&relative[..at + name.len()]);
    }
    !place.scope.one_file_system
}

/// The name under which the kernel reaches an open folder again.
fn link_to(descriptor: BorrowedFd<'_>) -> String {
    format!("/proc/self/fd/{}", descriptor.as_fd().as_raw_fd())
}

/// The refusal, where it was not the folder's fault that it could not be opened.
fn out_of_something(error: &crate::CoreError) -> Option<WatchRefused> {
    error.is_of_process().then(|| WatchRefused::Io(error.to_string()))
}
