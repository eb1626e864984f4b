//! What is not found: whether it is gone, and what of its rows must stay.
//!
//! Only the system's word that nothing has a name means that it is gone, and only in the folder that was listed. A name
//! that a listing leaves out is asked for once, for a listing may pass over what is being renamed. What was mounted in
//! a folder, or is a root by its own right, is out of reach then, not gone.

use std::sync::Arc;

use sanchay_catalog::{Absent, CatalogError, DirectoryChange, DirectoryRow, Session, StoredChild};
use sanchay_core::{FileKind, Folder, Source};

use super::compare::{fill, Target};
use super::comparing::{Comparing, Looked};
use super::stored::Stored;
use super::walk::{Above, Job, Walker};
use crate::error::EngineError;
use crate::inodes::Inodes;
use crate::job::add;

impl<S: Source> Walker<'_, S> {
    /// Whether the folder of a job is gone: not there, in the same folder that it was listed in. One that has come back,
    /// or whose folder is another now, is not.
    pub(super) fn is_gone(&self, job: &Job) -> bool {
        let (mut relative, mut next) = (job.relative.as_slice(), &job.above);
        while let Some(above) = next {
            let at = relative.iter().rposition(|&byte| byte == b'/' || (cfg!(windows) && byte == b'\\'));
            let (folder, name) = at.map_or((&b""[..], relative), |at| (&relative[..at], &relative[at + 1..]));
            match self.context.root.folder(folder).and_then(|open| Ok((open.stat_self()?, open))) {
                Ok((stat, open)) => return above.is(&stat) && lacks_folder(&open, name),
                Err(error) if error.is_no_folder() => (relative, next) = (folder, &above.next),
                Err(_) => return false,
            }
        }
        false
    }

    /// Asks once for each file that is stored and was not found.
    pub(super) fn ask_files<'n>(
        &mut self,
        looked: &Looked<'n, S>,
        work: &mut Comparing<'n, '_>,
    ) -> Result<(), EngineError> {
        let job = looked.job;
        let missing: Vec<&'n [u8]> = work.stored.gone().map(|number| work.stored.get(number).name).collect();
        for name in missing {
            if !job.passage && !job.rules.filter.excludes(job.below_rules(), name, false) {
                self.ask(looked, name, work)?;
            }
        }
        Ok(())
    }

    /// Asks once for each folder that is stored and was not found.
    pub(super) fn ask_folders<'n>(
        &mut self,
        looked: &Looked<'n, S>,
        work: &mut Comparing<'n, 'n>,
    ) -> Result<(), EngineError> {
        let missing: Vec<&[u8]> = work.children.keys().copied().collect();
        missing.into_iter().try_for_each(|name| self.ask(looked, name, work))
    }

    fn ask<'n>(
        &mut self,
        looked: &Looked<'n, S>,
        name: &'n [u8],
        work: &mut Comparing<'n, '_>,
    ) -> Result<(), EngineError> {
        match looked.folder.stat(name) {
            Err(error) if error.is_gone() => Ok(()),
            Err(error) => self.unknown(looked.job, name, error, work),
            // Listed as something else by now: that was seen to.
            Ok(_) if looked.listing.position(name).is_some() => Ok(()),
            Ok(seen) => self.name(looked.job, looked.folder, name, seen, work),
        }
    }

    /// A name whose stat failed: what is stored of it stays.
    pub(super) fn unknown<'n>(
        &self,
        job: &Job,
        name: &'n [u8],
        error: sanchay_core::CoreError,
        work: &mut Comparing<'n, '_>,
    ) -> Result<(), EngineError> {
        self.context.control.report_core(&self.context.absolute(&job.relative, name), error);
        let _ = work.stored.find(name);
        match work.children.remove(name) {
            Some(child) => self.put_unreadable(child.id, job.id, name, Some(child)),
            None => Ok(()),
        }
    }

    /// A directory that could not be looked at keeps its rows, marked as older than the scan. One that the catalog never
    /// saw gets a row, so that it is known to be there.
    pub(super) fn unreadable(&self, job: &Job) -> Result<(), EngineError> {
        self.put_unreadable(job.id, job.parent, &job.name, job.known.as_ref())
    }

    fn put_unreadable(
        &self,
        id: i64,
        parent: i64,
        name: &[u8],
        known: Option<&StoredChild>,
    ) -> Result<(), EngineError> {
        // It is a folder of the catalog all the same: what a scan counts is what `status` does.
        add(&self.context.control.counters.directories, 1);
        if known.is_some_and(|known| known.unreadable) {
            return Ok(());
        }
        let mut change = DirectoryChange::new(self.context.tree, id, parent, self.context.control.changes());
        if known.is_none() {
            change.usage.directories += 1;
        }
        change.row = Some(DirectoryRow {
            id,
            parent,
            name: name.to_vec(),
            volume: known.map_or(0, |known| known.volume),
            inode: known.map_or(0, |known| known.inode),
            mtime_ns: known.map_or(0, |known| known.mtime_ns),
            unreadable: true,
            mounted: known.is_some_and(|known| known.mounted),
        });
        Ok(self.context.catalog.writer().change(change)?)
    }

    /// The directory of a job is not there any more.
    pub(super) fn gone(&self, job: &Job) -> Result<(), EngineError> {
        match &job.known {
            Some(known) if job.parent != 0 => self.remove_absent(known.id),
            _ => Ok(()),
        }
    }

    /// The directory of a job is left out now.
    pub(super) fn left_out(&self, job: &Job) -> Result<(), EngineError> {
        if job.known.is_some() && job.parent != 0 {
            self.remove(job.id)?;
        }
        Ok(())
    }

    /// Forgets a directory that is not found, but for what is only out of reach.
    pub(super) fn remove_absent(&self, directory: i64) -> Result<(), EngineError> {
        let absent = self.catalog.absent(directory, self.context.accepted)?;
        if absent.held.is_empty() {
            return self.remove(directory);
        }
        for &gone in &absent.gone {
            self.remove(gone)?;
        }
        for &held in &absent.held {
            let path = self.catalog.directory_path(held)?;
            let message = format!("{} is not there; its rows are kept", sanchay_core::path::display(&path));
            self.context.control.report_held(&path, "offline", message);
        }
        let tree = self.context.tree;
        let removed = self.context.catalog.writer().run(move |session| keep(session, tree, &absent))?;
        add(&self.context.control.counters.removed, removed);
        Ok(())
    }

    pub(super) fn remove(&self, directory: i64) -> Result<(), EngineError> {
        let control = &self.context.control;
        let removed = self.context.catalog.remove_subtree(self.context.tree, directory, &|| !control.is_cancelled())?;
        add(&self.context.control.counters.removed, removed.files);
        if let Some(findings) = self.context.findings {
            findings.add_linked(removed.linked);
        }
        Ok(())
    }
}

impl Above {
    /// Whether an open folder is this one.
    fn is(&self, stat: &sanchay_core::FileStat) -> bool {
        (self.device, self.inode, self.mount_id) == (stat.device, stat.inode, stat.mount_id)
    }

    pub(super) fn of(job: &Job, stat: &sanchay_core::FileStat, volume: i64) -> Arc<Self> {
        Arc::new(Self {
            device: stat.device,
            inode: stat.inode,
            mount_id: stat.mount_id,
            volume,
            known_volume: job.known.as_ref().map_or(0, |known| known.volume),
            next: job.above.clone(),
        })
    }
}

fn lacks_folder(folder: &impl Folder, name: &[u8]) -> bool {
    match folder.stat(name) {
        Ok(seen) => seen.kind != FileKind::Directory,
        Err(error) => error.is_gone(),
    }
}

/// What became of a directory that was not found.
#[derive(Default)]
pub(crate) struct Forgotten {
    /// Volume and inode of files with several names that went with it.
    pub(crate) linked: Vec<(i64, u64)>,
    /// Some of it is out of reach, and stays.
    pub(crate) held: bool,
}

/// Forgets a directory that is not found, on the writer's thread, but for what is only out of reach.
pub(crate) fn forget(session: &mut Session, tree: i64, directory: i64) -> Result<Forgotten, CatalogError> {
    let absent = session.absent(directory, false)?;
    let mut forgotten = Forgotten { held: !absent.held.is_empty(), ..Forgotten::default() };
    for &gone in &absent.gone {
        forgotten.linked.extend(session.remove_subtree(tree, gone)?.linked);
    }
    if forgotten.held {
        keep(session, tree, &absent)?;
    }
    Ok(forgotten)
}

/// Marks what is out of reach, and takes the files out of the folders that lead to it; gives how many those were.
fn keep(session: &mut Session, tree: i64, absent: &Absent) -> Result<u64, CatalogError> {
    let (inodes, mut removed) = (Inodes::default(), 0);
    for (&directory, is_passage) in
        absent.passages.iter().map(|id| (id, true)).chain(absent.held.iter().map(|id| (id, false)))
    {
        let Some(known) = session.load_child(directory)? else { continue };
        let parent = session.parent(directory)?;
        let mut change = DirectoryChange::new(tree, directory, parent, Arc::default());
        if !known.unreadable {
            change.row = Some(DirectoryRow {
                id: directory,
                parent,
                name: known.name,
                volume: known.volume,
                inode: known.inode,
                mtime_ns: known.mtime_ns,
                unreadable: true,
                mounted: known.mounted,
            });
        }
        let blocks = if is_passage { session.load_blocks(directory)? } else { Vec::new() };
        let stored = Stored::new(&blocks)?;
        let target = Target {
            reserve: &mut |count| session.reserve_blocks(count),
            inodes: &inodes,
            reflink: false,
            fleeting_inodes: false,
            tell: None,
        };
        removed += fill(&mut change, &stored, &[], target)?.removed;
        if !change.is_empty() {
            session.apply_now(&[change])?;
        }
    }
    Ok(removed)
}
