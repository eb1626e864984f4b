//! Renames: two halves found for each other, and two renames that exchange names told as what they are.

use super::event_reader::{End, EventReader};
use super::raw::Raw;
use super::tree::NodeId;
use crate::path::path_from_bytes;
use crate::watch::sink::Closed;
use crate::watch::{FileEvent, PathBytes};

/// How long the second half of a rename is waited for when the first was the last thing heard. The kernel gives both
/// within one system call.
const HALF_MS: i64 = 5;

impl EventReader {
    /// The second half of a rename: it comes right after the first, if it comes at all.
    pub(super) fn target(&mut self, cookie: u32) -> Result<Option<Raw>, Closed> {
        let mut waited = false;
        loop {
            if let Some(target) = self.queue.take_target(cookie) {
                return Ok(Some(target));
            }
            if self.queue.is_long_enough() {
                return Ok(None);
            }
            if !self.queue.fill(&self.watches.inotify).map_err(|_| Closed)? {
                if waited {
                    return Ok(None);
                }
                self.wait(Some(HALF_MS))?;
                waited = true;
            }
        }
    }

    /// The rename by which names were exchanged, if this one is the first of two: it comes right after. A name that goes
    /// to another and back looks the same; what holds then is found by looking.
    pub(super) fn way_back(&mut self, from: &Raw, to: &Raw) -> Result<Option<(Raw, Raw)>, Closed> {
        if self.queue.is_empty() && !self.queue.fill(&self.watches.inotify).map_err(|_| Closed)? {
            // The kernel gives both within one system call, but that may be under way on another processor.
            std::thread::yield_now();
            self.queue.fill(&self.watches.inotify).map_err(|_| Closed)?;
        }
        let Some(first) = self.queue.take_source(to) else { return Ok(None) };
        self.held = Some(Vec::new());
        let second = self.target(first.cookie)?;
        match second {
            Some(second) if (second.watch, &second.name) == (from.watch, &from.name) => Ok(Some((first, second))),
            second => {
                // It went somewhere else: a rename like any other.
                self.held = None;
                self.queue.put_back(first, second);
                Ok(None)
            }
        }
    }

    /// Passes on what two renames brought that are one exchange: that first, for it says where the rest is.
    pub(super) fn tell_exchanged(&mut self) -> Result<(), Closed> {
        let (mut exchanged, mut others): (Vec<(PathBytes, PathBytes)>, Vec<FileEvent>) = (Vec::new(), Vec::new());
        let held = self.held.take().unwrap_or_default();
        for event in &held {
            let FileEvent::Renamed { from, to } = event else { continue };
            let back = |event: &FileEvent| matches!(event, FileEvent::Renamed { from: own, to: other } if (own, other) == (to, from));
            if held.iter().any(back) && !exchanged.contains(&(to.clone(), from.clone())) {
                exchanged.push((from.clone(), to.clone()));
            }
        }
        let is_exchanged = |path: &PathBytes| exchanged.iter().any(|(one, other)| path == one || path == other);
        for event in held {
            match &event {
                // Both are found again, with all that they hold.
                FileEvent::Created { path, .. } | FileEvent::Renamed { to: path, .. } if is_exchanged(path) => {}
                _ => others.push(event),
            }
        }
        for (one, other) in exchanged {
            self.sink.push(FileEvent::Exchanged { one, other })?;
        }
        others.into_iter().try_for_each(|event| self.sink.push(event))
    }

    /// Tells of a rename. Where something has the old name still, names may have been exchanged by two renames that were
    /// not heard together: what the first one seemed to replace is there.
    fn tell_renamed(&mut self, from: PathBytes, to: PathBytes) -> Result<(), Closed> {
        let is_way_back = self.last.as_ref().is_some_and(|last| (&last.1, &last.0) == (&from, &to));
        self.last = Some((from.clone(), to.clone()));
        let is_there = path_from_bytes(&from).symlink_metadata().is_ok();
        if is_there && is_way_back && self.held.is_none() {
            return self.tell(FileEvent::Exchanged { one: to, other: from });
        }
        self.tell(FileEvent::Renamed { from: from.clone(), to })?;
        if is_there {
            // Where one half of the first rename came late, nothing else tells of it.
            self.tell(FileEvent::Created { path: from, directory: None })?;
        }
        Ok(())
    }

    /// Passes an event on, unless it is held until it is known what it is a part of.
    fn tell(&mut self, event: FileEvent) -> Result<(), Closed> {
        match &mut self.held {
            Some(held) => {
                held.push(event);
                Ok(())
            }
            None => self.sink.push(event),
        }
    }

    /// A rename, or one half of it where the other is not watched.
    pub(super) fn rename(
        &mut self,
        from: Option<(&Raw, &[NodeId])>,
        to: Option<&Raw>,
        directory: bool,
    ) -> Result<(), Closed> {
        let mut sources = from.map_or_else(Vec::new, |(raw, nodes)| self.ends(nodes, &raw.name, directory));
        let mut told: Vec<PathBytes> = Vec::new();
        let to_nodes = to.map_or_else(Vec::new, |raw| self.watches.tree().nodes_of(raw.watch));
        let targets = to.map_or_else(Vec::new, |raw| self.ends(&to_nodes, &raw.name, directory));
        for (index, target) in targets.into_iter().enumerate() {
            let name = to.map_or(&[][..], |raw| &raw.name);
            // A folder that is in several roots at once goes on in each of them.
            let same = sources.iter().position(|source| source.top == target.top);
            let source = same.or((index == 0 && !sources.is_empty()).then_some(0)).map(|at| sources.remove(at));
            let unheard = if directory {
                let old_name = from.map_or(&[][..], |(raw, _)| &raw.name);
                self.relocate(source.as_ref(), old_name, &target, name)?
            } else {
                self.drop_child(target.parent, name);
                Vec::new()
            };
            if told.contains(&target.path) {
                continue;
            }
            told.push(target.path.clone());
            match source {
                Some(source) => {
                    told.push(source.path.clone());
                    self.tell_renamed(source.path, target.path)?;
                }
                None => self.tell(FileEvent::MovedIn { path: target.path, directory: Some(directory) })?,
            }
            for path in unheard {
                // What happened there before it was watched is in no event.
                self.tell(FileEvent::Created { path, directory: Some(true) })?;
            }
        }
        for End { parent, path, .. } in sources {
            if let Some((raw, _)) = from.filter(|_| directory) {
                self.drop_child(parent, &raw.name);
            }
            if !told.contains(&path) {
                told.push(path.clone());
                self.tell(FileEvent::MovedAway { path })?;
            }
        }
        Ok(())
    }

    /// A folder has another place. Its watches go with it; what was not watched, or may be in another scope, is added.
    /// Gives the paths of folders that are watched only now, though no event says that they are new.
    fn relocate(
        &mut self,
        source: Option<&End>,
        old_name: &[u8],
        target: &End,
        name: &[u8],
    ) -> Result<Vec<PathBytes>, Closed> {
        let moved = {
            let mut tree = self.watches.tree();
            let child = source.and_then(|source| tree.child(source.parent, old_name));
            let orphans = child.map_or_else(Vec::new, |child| tree.relocate(child, target.parent, name));
            drop(tree);
            self.watches.forget(orphans);
            child
        };
        let mut unheard = Vec::new();
        let (Some(moved), Some(source)) = (moved, source) else {
            self.add(target.parent, name, None)?;
            if source.is_some() {
                unheard.push(target.path.clone());
            }
            return Ok(unheard);
        };
        let scoped = source.top != target.top
            || self.watches.tree().place(moved).is_some_and(|place| !place.scope.filter.is_everything());
        self.add(target.parent, name, (!scoped).then_some(moved))?;
        if self.watches.tree().child(target.parent, name).is_some_and(|now| now != moved) {
            unheard.push(target.path.clone());
        }
        // Two folders that were exchanged are two renames, of which the first would have removed the other folder.
        self.add(source.parent, old_name, None)?;
        if self.watches.tree().child(source.parent, old_name).is_some() {
            unheard.push(source.path.clone());
        }
        for node in std::mem::take(&mut self.unreached) {
            let Some(place) = self.watches.tree().place(node) else { continue };
            let renewed = self.watches.renew(node);
            if matches!(renewed, Ok(true)) {
                unheard.push(place.path.clone());
            }
            self.settle(node, &place, renewed)?;
        }
        Ok(unheard)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::ffi::OsStrExt;
    use std::sync::Arc;

    use rustix::fs::{renameat_with, RenameFlags, CWD};

    use super::*;
    use crate::platform::linux_watch::raw::RawQueue;
    use crate::platform::linux_watch::walk::Watches;
    use crate::watch::sink::Sink;
    use crate::watch::Scope;

    #[test]
    fn names_exchanged_by_renames_whose_halves_come_late_are_both_looked_at() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let (one, other) = (folder.path().join("one"), folder.path().join("other"));
        fs::write(&one, "1").expect("written");
        fs::write(&other, "2").expect("written");
        let watches = Arc::new(Watches::new().expect("watches"));
        watches.add_root(folder.path().as_os_str().as_bytes(), Scope::default()).expect("watched");
        renameat_with(CWD, &one, CWD, &other, RenameFlags::EXCHANGE).expect("exchanged");
        let mut queue = RawQueue::new();
        while queue.fill(&watches.inotify).expect("read") {}
        let (sender, events) = crossbeam_channel::bounded(100);
        let end = Arc::new(rustix::event::eventfd(0, rustix::event::EventfdFlags::CLOEXEC).expect("an end"));
        let mut reader = EventReader::new(watches, end, Sink::new(sender));
        // Nothing comes after the first half until waiting for the second was given up.
        reader.hear(&queue.pop().expect("a half")).expect("heard");
        let rest: Vec<Raw> = std::iter::from_fn(|| queue.pop()).collect();
        rest.into_iter().rev().for_each(|raw| reader.queue.put_back(raw, None));
        while let Some(raw) = reader.queue.pop() {
            reader.hear(&raw).expect("heard");
        }
        let events: Vec<FileEvent> = events.try_iter().collect();
        for path in [one, other] {
            let path = path.as_os_str().as_bytes();
            let is_found = |event: &FileEvent| match event {
                FileEvent::Created { path: found, .. } | FileEvent::MovedIn { path: found, .. } => found == path,
                FileEvent::Exchanged { one, other } => one == path || other == path,
                FileEvent::Renamed { to, .. } => to == path,
                _ => false,
            };
            let is_taken = |event: &FileEvent| match event {
                FileEvent::MovedAway { path: taken } | FileEvent::Renamed { from: taken, .. } => taken == path,
                _ => false,
            };
            let found = events.iter().rposition(is_found).expect("it is told of");
            assert!(events.iter().rposition(is_taken).is_none_or(|taken| taken < found), "{events:?}");
        }
    }
}
