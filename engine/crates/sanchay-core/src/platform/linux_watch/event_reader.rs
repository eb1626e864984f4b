//! The thread that hears the kernel's events, keeps the tree true and passes them on.

use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, TryLockError};
use std::time::Duration;

use rustix::event::{poll, PollFd, PollFlags, Timespec};
use rustix::fd::OwnedFd;
use rustix::fs::inotify::ReadFlags;
use rustix::io::Errno;

use super::raw::{Raw, RawQueue};
use super::tree::{NodeId, TreePlace};
use super::walk::Watches;
use crate::watch::paths::join;
use crate::watch::sink::{Closed, Sink};
use crate::watch::{FileEvent, PathBytes, WatchRefused};

/// How long until it is tried again to say that events were lost.
const LOST_MS: i64 = 20;
/// An event seldom comes alone: those that follow within this time are heard together, for one waking of two threads.
const GATHER: Duration = Duration::from_millis(10);

pub struct EventReader {
    pub(super) watches: Arc<Watches>,
    end: Arc<OwnedFd>,
    pub(super) sink: Sink,
    pub(super) queue: RawQueue,
    /// Folders below which something could not be watched, since their path led elsewhere by then: an event that says
    /// where they are now is still to come.
    pub(super) unreached: HashSet<NodeId>,
    /// The events of the first of two renames that exchange names, until the second was heard.
    pub(super) held: Option<Vec<FileEvent>>,
    /// The last rename.
    pub(super) last: Option<(PathBytes, PathBytes)>,
    /// The tree is to be made true again, and someone goes through a root just now.
    overdue: bool,
}

/// One end of a rename: a name in a watched folder.
pub(super) struct End {
    pub(super) parent: NodeId,
    pub(super) top: NodeId,
    pub(super) path: PathBytes,
}

impl EventReader {
    pub fn new(watches: Arc<Watches>, end: Arc<OwnedFd>, sink: Sink) -> Self {
        Self {
            watches,
            end,
            sink,
            queue: RawQueue::new(),
            unreached: HashSet::new(),
            held: None,
            last: None,
            overdue: false,
        }
    }

    /// Hears until it is told to end, or no one listens any more.
    pub fn run(mut self) {
        while let Ok(true) = self.turn() {}
    }

    /// Handles one event, or waits for some. False when it is told to end.
    fn turn(&mut self) -> Result<bool, Closed> {
        if let Some(raw) = self.queue.pop() {
            self.hear(&raw)?;
            return Ok(true);
        }
        if self.queue.fill(&self.watches.inotify).map_err(|_| Closed)? {
            return Ok(true);
        }
        self.sink.flush()?;
        if self.overdue {
            self.renew()?;
        }
        let again = self.sink.has_lost() || self.overdue;
        let goes_on = self.wait(again.then_some(LOST_MS))?;
        if goes_on {
            std::thread::sleep(GATHER);
        }
        Ok(goes_on)
    }

    /// Sleeps until there are events; at most for a time in milliseconds. False when it is told to end.
    pub(super) fn wait(&mut self, limit_ms: Option<i64>) -> Result<bool, Closed> {
        let limit = limit_ms.map(|limit_ms| Timespec { tv_sec: 0, tv_nsec: limit_ms * 1_000_000 });
        let watches = Arc::clone(&self.watches);
        let mut waited = vec![PollFd::new(&watches.inotify, PollFlags::IN), PollFd::new(&*self.end, PollFlags::IN)];
        waited.extend(watches.mounts.table().map(|table| PollFd::new(table, PollFlags::PRI)));
        let ends = match poll(&mut waited, limit.as_ref()) {
            Ok(_) => waited[1].revents().contains(PollFlags::IN),
            Err(Errno::INTR) => return Ok(true),
            Err(_) => return Err(Closed),
        };
        let mounted = waited.get(2).is_some_and(|table| table.revents().intersects(PollFlags::PRI | PollFlags::ERR));
        if mounted && !ends {
            self.hear_mounts()?;
        }
        Ok(!ends)
    }

    /// Something was mounted or unmounted somewhere. Of a bind mount that is taken off nothing else tells.
    fn hear_mounts(&mut self) -> Result<(), Closed> {
        let before = self.watches.mounts.read();
        let now = self.watches.mounts.known();
        let tops = self.watches.tree().all_tops();
        for top in tops {
            let Some(place) = self.watches.tree().place(top) else { continue };
            if before.covering(&place.root) != now.covering(&place.root) {
                self.watches.remove(top);
                self.sink.push(FileEvent::RootGone { root: place.root })?;
                continue;
            }
            if place.scope.one_file_system {
                continue;
            }
            let mounts = before.beyond(&now, &place.root).into_iter().chain(now.beyond(&before, &place.root));
            let points: BTreeSet<&[u8]> = mounts.map(|mount| mount.point.as_slice()).collect();
            for &point in &points {
                self.look_below_mount(&place, point, now.is_polled(point))?;
            }
            if !points.is_empty() {
                // What was out of reach may be there again, and the other way round: the comparison says so.
                self.sink.push(FileEvent::MountsChanged { root: place.root.clone() })?;
            }
        }
        Ok(())
    }

    /// What was watched at a mount point is hidden, or is there again.
    fn look_below_mount(&mut self, root: &TreePlace, point: &[u8], is_polled: bool) -> Result<(), Closed> {
        let relative = point.get(root.root.len()..).unwrap_or_default();
        let relative = relative.strip_prefix(b"/").unwrap_or(relative);
        let parent = self.watches.tree().parent_of(root.top, relative);
        let (Some(parent), Some(name)) = (parent, relative.rsplit(|byte| *byte == b'/').next()) else { return Ok(()) };
        if root.scope.filter.excludes(&relative[..relative.len() - name.len()], name, true) {
            return Ok(());
        }
        self.drop_child(parent, name);
        if is_polled {
            return Ok(());
        }
        self.add(parent, name, None)?;
        self.sink.push(FileEvent::Created { path: point.to_vec(), directory: Some(true) })
    }

    pub(super) fn hear(&mut self, raw: &Raw) -> Result<(), Closed> {
        if raw.flags.contains(ReadFlags::QUEUE_OVERFLOW) {
            return self.renew();
        }
        let nodes = self.watches.tree().nodes_of(raw.watch);
        if raw.name.is_empty() {
            return self.hear_itself(raw, &nodes);
        }
        let directory = raw.flags.contains(ReadFlags::ISDIR);
        if raw.flags.contains(ReadFlags::MOVED_FROM) {
            let target = self.target(raw.cookie)?;
            let back = match &target {
                Some(target) => self.way_back(raw, target)?,
                None => None,
            };
            self.rename(Some((raw, &nodes)), target.as_ref(), directory)?;
            if let Some((from, to)) = back {
                let nodes = self.watches.tree().nodes_of(from.watch);
                let directory = from.flags.contains(ReadFlags::ISDIR);
                self.rename(Some((&from, &nodes)), Some(&to), directory)?;
                return self.tell_exchanged();
            }
            return Ok(());
        }
        if raw.flags.contains(ReadFlags::MOVED_TO) {
            return self.rename(None, Some(raw), directory);
        }
        let ends = self.ends(&nodes, &raw.name, directory);
        let mut told: Vec<PathBytes> = Vec::new();
        for End { parent, path, .. } in ends {
            if directory && raw.flags.contains(ReadFlags::CREATE) {
                self.add(parent, &raw.name, None)?;
            } else if directory && raw.flags.contains(ReadFlags::DELETE) {
                self.drop_child(parent, &raw.name);
            }
            if told.contains(&path) {
                continue;
            }
            told.push(path.clone());
            let opens = directory && raw.flags.contains(ReadFlags::ATTRIB) && self.watch_opened(parent, &raw.name)?;
            let event = if opens {
                // What happened in it before is in no event.
                FileEvent::Created { path, directory: Some(true) }
            } else if raw.flags.contains(ReadFlags::CREATE) {
                FileEvent::Created { path, directory: Some(directory) }
            } else if raw.flags.contains(ReadFlags::DELETE) {
                FileEvent::Removed { path, directory: Some(directory) }
            } else if raw.flags.contains(ReadFlags::ATTRIB) {
                FileEvent::Attributes { path }
            } else {
                FileEvent::Written { path }
            };
            self.sink.push(event)?;
        }
        Ok(())
    }

    /// Watches a folder that could not be opened until its mode or owner changed. True where it is watched only now.
    fn watch_opened(&mut self, parent: NodeId, name: &[u8]) -> Result<bool, Closed> {
        if self.watches.tree().child(parent, name).is_some() {
            return Ok(false);
        }
        self.add(parent, name, None)?;
        Ok(self.watches.tree().child(parent, name).is_some())
    }

    /// What happened to a watched folder as such: the rest of it its parent tells.
    fn hear_itself(&mut self, raw: &Raw, nodes: &[NodeId]) -> Result<(), Closed> {
        let moved = raw.flags.contains(ReadFlags::MOVE_SELF);
        if raw.flags.contains(ReadFlags::MOVE_SELF) {
            for root in self.watches.roots_below(raw.watch) {
                let tops = self.watches.tree().tops(&root);
                for &top in &tops {
                    self.watches.remove(top);
                }
                if !tops.is_empty() {
                    self.sink.push(FileEvent::RootGone { root })?;
                }
            }
        }
        let gone = raw.flags.intersects(ReadFlags::DELETE_SELF | ReadFlags::UNMOUNT | ReadFlags::IGNORED);
        for &node in nodes {
            let (place, is_top) = {
                let tree = self.watches.tree();
                (tree.place(node), tree.is_top(node))
            };
            let Some(place) = place else { continue };
            if is_top && (gone || moved) {
                self.watches.remove(node);
                self.sink.push(FileEvent::RootGone { root: place.root })?;
            } else if gone {
                self.watches.remove(node);
                if raw.flags.contains(ReadFlags::UNMOUNT) {
                    // What the mount had hidden is there again.
                    self.uncover(place)?;
                }
            }
        }
        Ok(())
    }

    fn uncover(&mut self, place: TreePlace) -> Result<(), Closed> {
        let parent = self.watches.tree().parent_of(place.top, &place.relative);
        if let (Some(parent), Some(name)) = (parent, place.relative.rsplit(|byte| *byte == b'/').next()) {
            self.add(parent, name, None)?;
        }
        self.sink.push(FileEvent::Created { path: place.path, directory: Some(true) })
    }

    /// Watches a name of a folder with all below it, unless it is the one that is known.
    pub(super) fn add(&mut self, parent: NodeId, name: &[u8], known: Option<NodeId>) -> Result<(), Closed> {
        let Some(place) = self.watches.tree().place(parent) else { return Ok(()) };
        let added = self.watches.add_name(parent, name, known);
        self.settle(parent, &place, added)
    }

    /// What became of adding watches below a folder: where the limit was reached its root is not watched any more.
    pub(super) fn settle(
        &mut self,
        folder: NodeId,
        place: &TreePlace,
        added: Result<bool, WatchRefused>,
    ) -> Result<(), Closed> {
        match added {
            Ok(true) => {}
            Ok(false) => {
                self.unreached.insert(folder);
            }
            Err(refused) => {
                self.watches.remove(place.top);
                self.sink.push(FileEvent::WatchLost { root: place.root.clone(), refused })?;
            }
        }
        Ok(())
    }

    pub(super) fn drop_child(&self, parent: NodeId, name: &[u8]) {
        let child = self.watches.tree().child(parent, name);
        if let Some(child) = child {
            self.watches.remove(child);
        }
    }

    /// The paths of a name in these folders, where it is in the scope.
    pub(super) fn ends(&self, nodes: &[NodeId], name: &[u8], directory: bool) -> Vec<End> {
        let tree = self.watches.tree();
        let places = nodes.iter().filter_map(|node| Some((*node, tree.place(*node)?)));
        let ends = places.filter_map(|(parent, place)| {
            let path = join(&place.path, name);
            let left_out =
                place.scope.filter.excludes(&place.relative, name, directory) || place.scope.without.contains(&path);
            (!left_out).then_some(End { parent, top: place.top, path })
        });
        ends.collect()
    }

    /// Events were lost: the tree is made true again, then everybody is asked to compare.
    fn renew(&mut self) -> Result<(), Closed> {
        let watches = Arc::clone(&self.watches);
        let whole = match watches.whole.try_write() {
            Ok(whole) => whole,
            Err(TryLockError::Poisoned(whole)) => whole.into_inner(),
            Err(TryLockError::WouldBlock) => {
                // Going through a root may hang. What events told of is looked at, the tree comes later.
                if !std::mem::replace(&mut self.overdue, true) {
                    self.sink.push(FileEvent::Rescan { root: None })?;
                }
                return Ok(());
            }
        };
        self.overdue = false;
        self.unreached.clear();
        let tops = watches.tree().all_tops();
        for top in tops {
            let Some(place) = watches.tree().place(top) else { continue };
            match watches.renew(top) {
                Ok(true) => {}
                Ok(false) => {
                    watches.remove(top);
                    self.sink.push(FileEvent::RootGone { root: place.root })?;
                }
                Err(refused) => self.settle(top, &place, Err(refused))?,
            }
        }
        drop(whole);
        self.sink.push(FileEvent::Rescan { root: None })
    }
}
