//! One directory of a scan: opened, listed, compared with its stored blocks, its subdirectories queued.

use std::sync::Arc;

use sanchay_catalog::block::HashState;
use sanchay_catalog::{DirectoryChange, DirectoryRow, StoredDirectory};
use sanchay_core::{CoreError, FileKind, FileStat, Folder, Source};

use super::compare::{fill, Tally, Target};
use super::comparing::{Comparing, Looked};
use super::file::{Count, FilePlace, Look};
use super::large::{SLICE, SLICE_BLOCKS};
use super::mounts::{FileVolume, Mount};
use super::stored::{Difference, Fresh, Stored};
use super::walk::{Above, Job, Walker};
use crate::error::EngineError;
use crate::folder_mark::{is_marked, FOLDER_MARK};
use crate::job::add;
use crate::live::is_cookie;
use crate::own_files::{catalogs_among, is_of_catalog};
use crate::trashes::may_begin_trash;

impl<S: Source> Walker<'_, S> {
    /// Looks at one directory. Errors of the disk are reported; only errors of the catalog come back.
    pub(super) fn directory(&mut self, job: &Job) -> Result<(), EngineError> {
        let control = self.context.control;
        let _looking = control.look_at(&self.context.absolute(&job.relative, b""));
        let (stat, folder) = match self.open(job) {
            Ok(found) => found,
            Err(error) if error.is_no_folder() && self.is_gone(job) => return self.gone(job),
            // It went and came back, as a folder does that is replaced by a rename, or is another now.
            Err(error) => match self.open(job) {
                Ok(found) if error.is_no_folder() => found,
                Ok(_) | Err(_) => return self.failed(job, error),
            },
        };
        if self.context.own.is_folder(&stat) {
            add(&control.counters.excluded, 1);
            return self.left_out(job);
        }
        let mount = match self.context.mounts.ask(&folder, &stat) {
            Ok(mount) => mount?,
            Err(error) => return self.failed(job, error),
        };
        if !self.enters(job, &stat, &mount)? {
            return Ok(());
        }
        if let Err(error) = self.list(&folder) {
            return if error.is_no_folder() && self.is_gone(job) { self.gone(job) } else { self.failed(job, error) };
        }
        if self.listing.position(FOLDER_MARK).is_some()
            && !job.relative.is_empty()
            && folder.directory().is_some_and(|open| is_marked(open, &self.context.absolute(&job.relative, b"")))
        {
            add(&control.counters.excluded, 1);
            return self.left_out(job);
        }
        let stored = match &job.known {
            Some(_) => self.catalog.load_directory_within(job.id, SLICE_BLOCKS + 1)?,
            None => StoredDirectory::default(),
        };
        self.compare(job, &folder, &stat, &mount, &stored)
    }

    fn open(&self, job: &Job) -> Result<(FileStat, S::Folder), CoreError> {
        self.context.root.folder(&job.relative).and_then(|folder| Ok((folder.stat_self()?, folder)))
    }

    /// A directory that could not be looked at: that is said, and its rows stay.
    fn failed(&self, job: &Job, error: CoreError) -> Result<(), EngineError> {
        self.context.control.report_core(&self.context.absolute(&job.relative, b""), error);
        self.unreadable(job)
    }

    /// Whether a directory's file system is one to enter; if not, says what becomes of its rows.
    fn enters(&self, job: &Job, stat: &FileStat, mount: &Mount) -> Result<bool, EngineError> {
        let counters = &self.context.control.counters;
        let is_mount_point = job.above.as_ref().is_some_and(|above| above.device != stat.device);
        let is_root = self.context.nested.contains_key(&job.relative);
        if mount.pseudo || (is_mount_point && job.rules.one_file_system && !is_root) {
            add(&counters.skipped_mounts, 1);
            if self.context.leads_to_nested(&job.relative) {
                // A root behind the mount has scans of its own.
            } else if job.known.as_ref().is_some_and(|known| !mount.is(known.volume)) {
                // Something is mounted over what we know: that is hidden, not gone.
                self.unreadable(job)?;
            } else {
                self.left_out(job)?;
            }
            return Ok(false);
        }
        if let Some(findings) =
            self.context.findings.filter(|_| mount.polled && job.above.is_some() && is_mounted(job, stat))
        {
            // No one waits for what may hang: the next comparison goes there.
            findings.leave_to_comparison();
            return Ok(false);
        }
        if is_other(job, stat, mount) && !self.context.accepted && self.holds_files(job.id)? {
            let path = self.context.absolute(&job.relative, b"");
            let message = format!(
                "{}: another file system is there now, or the one that was there is not mounted; what was known of it is \
                 kept. Accept the root if all that is mounted in it now is right",
                sanchay_core::path::display(&path)
            );
            self.context.control.report_held(&path, "volume_changed", message);
            self.unreadable(job)?;
            return Ok(false);
        }
        Ok(true)
    }

    fn holds_files(&self, directory: i64) -> Result<bool, EngineError> {
        Ok(self.catalog.directory_files(directory)? > 0)
    }

    fn list(&mut self, folder: &S::Folder) -> Result<(), CoreError> {
        folder.list(&mut self.list_buffer, &mut self.listing)
    }

    /// Compares an open folder, which was listed, with what is stored of it: with all of it, or with the beginning of a large
    /// one.
    fn compare(
        &mut self,
        job: &Job,
        folder: &S::Folder,
        stat: &FileStat,
        mount: &Mount,
        directory: &StoredDirectory,
    ) -> Result<(), EngineError> {
        let listing = std::mem::take(&mut self.listing);
        let path = self.context.absolute(&job.relative, b"");
        let names = listing.iter().map(|(name, _)| name);
        let looked = Looked {
            job,
            folder,
            mount,
            listing: &listing,
            catalogs: folder.directory().map_or_else(Vec::new, |open| catalogs_among(open, &path, names)),
            path: &path,
        };
        let mut change = self.change_of(job);
        Self::put_row(job, stat, mount, &mut change);
        if job.known.is_none()
            && listing.iter().any(|(_, told)| matches!(S::Folder::kind(told), None | Some(FileKind::Directory)))
        {
            // What a folder below holds is added to all folders above it: the writer must hear of this one first.
            self.context.catalog.writer().change(std::mem::replace(&mut change, self.change_of(job)))?;
        }
        let is_large = listing.len() > SLICE || directory.blocks.len() > SLICE_BLOCKS;
        let first = if is_large { &[][..] } else { &directory.blocks };
        let mut work = Comparing {
            stored: Stored::new(first)?,
            children: directory.children.iter().map(|child| (child.name.as_slice(), child)).collect(),
            above: Above::of(job, stat, mount.volume),
            stat: *stat,
            mount,
            is_relabelled: job.known.as_ref().is_some_and(|known| known.volume != 0 && known.volume != mount.volume),
            count: Count::default(),
            tally: Tally::default(),
            fresh: Vec::new(),
        };
        // Folders go into the queue first, so that other workers have work while this one reads files.
        for (name, _) in listing.iter().filter(|(_, told)| S::Folder::kind(told) == Some(FileKind::Directory)) {
            self.subdirectory(job, name, &mut work)?;
        }
        if is_large {
            work = self.in_slices(&looked, &mut change, work)?;
        } else {
            work.stored.note(self.context.inodes);
            for (name, told) in listing.iter() {
                self.listed(&looked, name, told, &mut work)?;
            }
            self.ask_files(&looked, &mut work)?;
        }
        self.ask_folders(&looked, &mut work)?;
        self.hand_over(&looked, &mut work, &mut change)?;
        self.add(&work.count, work.tally);
        for child in work.children.values() {
            self.remove_absent(child.id)?;
        }
        drop(work);
        self.listing = listing;
        Ok(())
    }

    fn change_of(&self, job: &Job) -> DirectoryChange {
        DirectoryChange::new(self.context.tree, job.id, job.parent, self.context.control.changes())
    }

    /// Looks at a name that was listed, unless it is a folder: those are in the queue.
    pub(super) fn listed<'n>(
        &mut self,
        looked: &Looked<'n, S>,
        name: &'n [u8],
        told: &<S::Folder as Folder>::Told,
        work: &mut Comparing<'n, '_>,
    ) -> Result<(), EngineError> {
        let Looked { job, folder, .. } = *looked;
        if S::Folder::kind(told) == Some(FileKind::Directory) || is_cookie(name) {
            return Ok(());
        }
        let is_left_out = job.passage || job.rules.filter.excludes(job.below_rules(), name, false);
        if is_left_out || is_of_catalog(name, &looked.catalogs) {
            work.count.excluded += 1;
            return Ok(());
        }
        match folder.stat_listed(name, told) {
            Ok(seen) => self.name(job, folder, name, seen, work),
            Err(error) if error.is_gone() => Ok(()),
            Err(error) => self.unknown(job, name, error, work),
        }
    }

    /// Hands what was found to the writer, and begins another change of the same folder.
    pub(super) fn hand_over(
        &self,
        looked: &Looked<'_, S>,
        work: &mut Comparing<'_, '_>,
        change: &mut DirectoryChange,
    ) -> Result<(), EngineError> {
        let Looked { job, mount, path, .. } = *looked;
        let mut tell =
            self.context.findings.map(|findings| move |difference| findings.add(path, mount.volume, difference));
        let target = Target {
            reserve: &mut |count| self.context.catalog.reserve_blocks(count),
            inodes: self.context.inodes,
            reflink: mount.reflink,
            fleeting_inodes: mount.fleeting_inodes,
            tell: tell.as_mut().map(|tell| tell as &mut dyn FnMut(Difference)),
        };
        work.tally += fill(change, &work.stored, &work.fresh, target)?;
        for item in &work.fresh {
            let old = item.replaced(&work.stored, mount.fleeting_inodes);
            let had = old.and_then(|old| self.context.suspects.compared(&old, &item.entry));
            if let (Some(had), Some(has)) = (had, item.entry.hash) {
                let path = sanchay_core::path::join(path, item.name);
                self.context.suspects.keep(self.context.catalog, &path, item.entry.size_bytes, had, has);
            }
        }
        work.fresh.clear();
        let change = std::mem::replace(change, self.change_of(job));
        if !change.is_empty() {
            self.context.catalog.writer().change(change)?;
        }
        Ok(())
    }

    /// Looks at a name that was stat'ed.
    pub(super) fn name<'n>(
        &mut self,
        job: &Job,
        folder: &S::Folder,
        name: &'n [u8],
        seen: FileStat,
        work: &mut Comparing<'n, '_>,
    ) -> Result<(), EngineError> {
        if seen.kind == FileKind::Directory {
            return self.subdirectory(job, name, work);
        }
        if self.context.own.is_file(&seen) {
            work.count.excluded += 1;
            return Ok(());
        }
        let on = self.context.mounts.of_file(folder, &work.stat, work.mount, name, &seen)?;
        if job.leaves_out(work.mount, &work.stat, &seen) || on == FileVolume::Pseudo {
            add(&self.context.control.counters.skipped_mounts, 1);
            // Something is mounted over what we know: that is hidden, not gone.
            work.stored.find_if(name, |entry| FileVolume::Of(entry.volume) != on);
            return Ok(());
        }
        let replaces = work.stored.find(name);
        let FileVolume::Of(volume) = on else { return Ok(()) };
        let known = replaces.map(|number| work.stored.get(number).entry);
        let (fleeting_inodes, may_hide_content) = (work.mount.fleeting_inodes, work.mount.may_hide_content());
        let place = FilePlace { folder, name, volume, fleeting_inodes, may_hide_content };
        match self.file(job, &place, seen, known.as_ref(), &mut work.count) {
            Look::Same if work.is_relabelled => {
                // The content index must hear that its copies are another volume's now.
                work.fresh.extend(known.map(|entry| Fresh { name, entry, replaces }));
            }
            Look::Same => {
                let waits = known.is_some_and(|known| known.hash_state == HashState::Pending);
                if let Some(findings) = self.context.findings.filter(|_| waits) {
                    findings.add_unread(&self.context.absolute(&job.relative, b""), name);
                }
            }
            Look::Entry(entry) => work.fresh.push(Fresh { name, entry: *entry, replaces }),
        }
        Ok(())
    }

    /// Queues a subdirectory, ticking it off among the stored ones.
    fn subdirectory(&self, job: &Job, name: &[u8], work: &mut Comparing<'_, '_>) -> Result<(), EngineError> {
        let relative =
            if job.relative.is_empty() { name.to_vec() } else { sanchay_core::path::join(&job.relative, name) };
        let own = match self.context.nested.get(&relative) {
            Some(Err(error)) => {
                // What it leaves out is not known: what is known of it stays as it is.
                let path = self.context.absolute(&relative, b"");
                self.context.control.report(&path, error.kind.name(), error.message.clone());
                work.children.remove(name);
                return Ok(());
            }
            Some(Ok(rules)) => Some(rules),
            None => None,
        };
        let is_excluded = own.is_none() && (job.passage || job.rules.filter.excludes(job.below_rules(), name, true));
        // What a person excludes here may still be a root by its own right, or lead to one.
        if is_excluded && !self.context.leads_to_nested(&relative) {
            work.count.excluded += 1;
            return work.children.remove(name).map_or(Ok(()), |child| self.remove(child.id));
        }
        let mut known = work.children.remove(name).cloned();
        if let (None, Some(&top)) = (&known, self.context.tops.get(&relative)) {
            let (parent, tree) = (job.id, self.context.tree);
            let (catalog, control) = (self.context.catalog, self.context.control);
            let is_adopted = catalog.persist(&|| !control.is_cancelled(), &mut || {
                let own_name = name.to_vec();
                catalog.writer().run(move |session| session.adopt(top, parent, &own_name, tree))
            })?;
            if !is_adopted {
                return Ok(());
            }
            known = catalog.reader()?.load_child(top)?;
        }
        if !job.deep && known.is_some() {
            return Ok(());
        }
        let id = known.as_ref().map_or_else(|| self.context.catalog.next_directory_id(), |child| child.id);
        let (rules, rules_from) = own.map_or((&job.rules, job.rules_from), |own| (own, relative.len()));
        let rules = if job.rules.in_trash || may_begin_trash(name) {
            rules.in_folder(&self.context.absolute(&relative, b""))
        } else {
            Arc::clone(rules)
        };
        self.push(Job {
            id,
            parent: job.id,
            known,
            relative,
            name: name.to_vec(),
            above: Some(Arc::clone(&work.above)),
            rules,
            rules_from,
            passage: is_excluded,
            deep: true,
        });
        Ok(())
    }

    fn put_row(job: &Job, stat: &FileStat, mount: &Mount, change: &mut DirectoryChange) {
        let mounted = is_mounted(job, stat);
        let same = job.known.as_ref().is_some_and(|known| {
            (known.volume, known.inode, known.unreadable, known.mounted) == (mount.volume, stat.inode, false, mounted)
        });
        if !same {
            change.row = Some(DirectoryRow {
                id: job.id,
                parent: job.parent,
                name: job.name.clone(),
                volume: mount.volume,
                inode: stat.inode,
                mtime_ns: stat.mtime_ns,
                unreadable: false,
                mounted,
            });
        }
        if job.known.is_none() {
            change.usage.directories += 1;
        }
    }
}

/// Whether a directory is reached through another mount than the one that it lies in.
fn is_mounted(job: &Job, stat: &FileStat) -> bool {
    job.above.as_ref().map_or_else(
        // What a root is mounted on is no matter of its own scan.
        || job.known.as_ref().is_some_and(|known| known.mounted),
        |above| above.mount_id != stat.mount_id,
    )
}

/// Whether another file system is there than the one that the rows are of. Where the folder above it has another one too,
/// and neither is mounted there, both are of the root that was accepted there.
fn is_other(job: &Job, stat: &FileStat, mount: &Mount) -> bool {
    let (Some(known), Some(above)) = (&job.known, &job.above) else { return false };
    if known.volume == 0 {
        return false;
    }
    if !mount.is(known.volume) {
        return above.volume != mount.volume || above.known_volume != known.volume;
    }
    // A folder that was mounted from elsewhere on the same volume is another than the one below it.
    known.mounted && !is_mounted(job, stat) && known.inode != stat.inode
}
