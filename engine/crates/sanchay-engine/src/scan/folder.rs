//! One directory of a scan: opened, listed, compared with its stored blocks, its subdirectories queued.

use std::collections::HashMap;
use std::sync::Arc;

use sanchay_catalog::block::HashState;
use sanchay_catalog::{DirectoryChange, DirectoryRow, StoredChild, StoredDirectory};
use sanchay_core::{DirHandle, ErrorKind, FileKind, FileStat};

use super::compare::{fill, Difference, Fresh, Stored, Target};
use super::control::add;
use super::file::{Count, Look, Place};
use super::mounts::{FileVolume, Mount};
use super::walk::{Job, Listing, Walker};
use crate::error::EngineError;
use crate::live::is_cookie;

impl Walker<'_> {
    /// Looks at one directory. Errors of the disk are reported; only errors of the catalog come back.
    pub(super) fn directory(&mut self, job: &Job) -> Result<(), EngineError> {
        let control = self.context.control;
        let _looking = control.look_at(&self.context.absolute(&job.relative, b""));
        let opened = self.context.root.open_dir(&job.relative).and_then(|folder| Ok((folder.stat_self()?, folder)));
        let (stat, folder) = match opened {
            Ok(found) => found,
            Err(error) => {
                if matches!(error.kind, ErrorKind::Vanished | ErrorKind::NotFound) {
                    return self.gone(job);
                }
                control.report_core(&self.context.absolute(&job.relative, b""), error);
                return self.unreadable(job);
            }
        };
        if self.context.own.is_folder(&stat) {
            add(&control.counters.excluded, 1);
            return self.gone(job);
        }
        let mount = self.context.mounts.of(&folder, &stat)?;
        if !self.enters(job, &stat, &mount)? {
            return Ok(());
        }
        if let Err(error) = self.list(&folder) {
            control.report_core(&self.context.absolute(&job.relative, b""), error);
            return self.unreadable(job);
        }
        let stored = match &job.known {
            Some(_) => self.catalog.load_directory(job.id)?,
            None => StoredDirectory::default(),
        };
        self.compare(job, &folder, &stat, &mount, &stored)
    }

    /// Whether a directory's file system is one to enter; if not, says what becomes of its rows.
    fn enters(&self, job: &Job, stat: &FileStat, mount: &Mount) -> Result<bool, EngineError> {
        let counters = &self.context.control.counters;
        let is_mount_point = job.parent_device.is_some_and(|device| device != stat.device);
        let is_root = self.context.nested.contains_key(&job.relative);
        if mount.pseudo || (is_mount_point && job.rules.one_file_system && !is_root) {
            add(&counters.skipped_mounts, 1);
            if self.context.leads_to_nested(&job.relative) {
                // A root behind the mount has scans of its own.
            } else if job.known.as_ref().is_some_and(|known| !mount.is(known.volume)) {
                // Something is mounted over what we know: that is hidden, not gone.
                self.unreadable(job)?;
            } else {
                self.gone(job)?;
            }
            return Ok(false);
        }
        let other = job.known.as_ref().filter(|known| known.volume != 0 && !mount.is(known.volume));
        if job.parent_device.is_some() && other.is_some() && self.holds_files(job.id)? {
            let path = self.context.absolute(&job.relative, b"");
            let message = format!(
                "{}: another file system is there now, or the one that was there is not mounted; its rows are kept",
                sanchay_core::path::display(&path)
            );
            self.context.control.report(&path, "volume_changed", message);
            self.unreadable(job)?;
            return Ok(false);
        }
        Ok(true)
    }

    fn holds_files(&self, directory: i64) -> Result<bool, EngineError> {
        Ok(self.catalog.directory_files(directory)? > 0)
    }

    fn list(&mut self, folder: &DirHandle) -> Result<(), sanchay_core::CoreError> {
        let Listing { names, items } = &mut self.listing;
        names.clear();
        items.clear();
        folder.list(&mut self.list_buffer, |name, kind| {
            let start = names.len();
            names.extend_from_slice(name);
            items.push((start..names.len(), kind));
        })
    }

    fn compare(
        &mut self,
        job: &Job,
        folder: &DirHandle,
        stat: &FileStat,
        mount: &Mount,
        directory: &StoredDirectory,
    ) -> Result<(), EngineError> {
        let listing = std::mem::take(&mut self.listing);
        let mut stored = Stored::new(&directory.blocks)?;
        stored.note(self.context.inodes);
        let mut children: HashMap<&[u8], &StoredChild> =
            directory.children.iter().map(|child| (child.name.as_slice(), child)).collect();
        let mut count = Count::default();
        let mut fresh = Vec::new();
        let is_relabelled = job.known.as_ref().is_some_and(|known| known.volume != 0 && known.volume != mount.volume);
        let mut change = DirectoryChange::new(self.context.tree, job.id, job.parent, self.context.control.changes());
        Self::put_row(job, stat, mount, &mut change);
        if job.known.is_none() && listing.items.iter().any(|(_, kind)| matches!(kind, None | Some(FileKind::Directory)))
        {
            // What a folder below holds is added to all folders above it: the writer must hear of this one first.
            let below = DirectoryChange::new(self.context.tree, job.id, job.parent, self.context.control.changes());
            self.context.catalog.writer().change(std::mem::replace(&mut change, below))?;
        }
        // Folders go into the queue first, so that other workers have work while this one reads files.
        for (range, kind) in &listing.items {
            if *kind == Some(FileKind::Directory) {
                self.subdirectory(job, stat, &listing.names[range.clone()], &mut children, &mut count)?;
            }
        }
        for (range, kind) in &listing.items {
            if *kind == Some(FileKind::Directory) {
                continue;
            }
            let name = &listing.names[range.clone()];
            if is_cookie(name) {
                continue;
            }
            if job.passage || job.rules.filter.excludes(job.below_rules(), name, false) {
                count.excluded += 1;
                continue;
            }
            let seen = match folder.stat(name) {
                Ok(seen) if seen.kind == FileKind::Directory => {
                    self.subdirectory(job, stat, name, &mut children, &mut count)?;
                    continue;
                }
                Ok(seen) => Some(seen),
                Err(error) if matches!(error.kind, ErrorKind::Vanished | ErrorKind::NotFound) => continue,
                Err(error) => {
                    self.context.control.report_core(&self.context.absolute(&job.relative, name), error);
                    None
                }
            };
            if seen.is_some_and(|seen| self.context.own.is_file(&seen)) {
                count.excluded += 1;
                continue;
            }
            let ask = |seen| self.context.mounts.of_file(folder, stat, mount, name, &seen);
            let on = seen.map_or(Ok(FileVolume::Unknown), ask)?;
            if seen.is_some_and(|seen| job.leaves_out(mount, stat, &seen) || on == FileVolume::Pseudo) {
                add(&self.context.control.counters.skipped_mounts, 1);
                // Something is mounted over what we know: that is hidden, not gone.
                stored.find_if(name, |entry| FileVolume::Of(entry.volume) != on);
                continue;
            }
            let replaces = stored.find(name);
            let known = replaces.map(|number| stored.get(number).entry);
            let look = match (seen, on) {
                (Some(seen), FileVolume::Of(volume)) => {
                    let place = Place { folder, name, volume, fleeting_inodes: mount.fleeting_inodes };
                    self.file(job, &place, seen, known.as_ref(), &mut count)
                }
                _ => Look::Unknown,
            };
            match look {
                Look::Same if is_relabelled => {
                    // The content index must hear that its copies are another volume's now.
                    fresh.extend(known.map(|entry| Fresh { name, entry, replaces }));
                }
                Look::Same => {
                    let waits = known.is_some_and(|known| known.hash_state == HashState::Pending);
                    if let Some(findings) = self.context.findings.filter(|_| waits) {
                        findings.add_unread(&self.context.absolute(&job.relative, b""), name);
                    }
                }
                Look::Unknown => {}
                Look::Entry(entry) => fresh.push(Fresh { name, entry: *entry, replaces }),
            }
        }
        let path = self.context.absolute(&job.relative, b"");
        let mut tell = self.context.findings.map(|findings| {
            let (path, volume) = (&path, mount.volume);
            move |difference| findings.add(path, volume, difference)
        });
        let target = Target {
            reserve: &mut |count| self.context.catalog.reserve_blocks(count),
            inodes: self.context.inodes,
            reflink: mount.reflink,
            fleeting_inodes: mount.fleeting_inodes,
            tell: tell.as_mut().map(|tell| tell as &mut dyn FnMut(Difference)),
        };
        let tally = fill(&mut change, &stored, &fresh, target)?;
        self.add(&count, tally);
        if !change.is_empty() {
            self.context.catalog.writer().change(change)?;
        }
        for child in children.values() {
            self.remove(child.id)?;
        }
        self.listing = listing;
        Ok(())
    }

    /// Queues a subdirectory, ticking it off among the stored ones.
    fn subdirectory(
        &self,
        job: &Job,
        stat: &FileStat,
        name: &[u8],
        children: &mut HashMap<&[u8], &StoredChild>,
        count: &mut Count,
    ) -> Result<(), EngineError> {
        let relative =
            if job.relative.is_empty() { name.to_vec() } else { sanchay_core::path::join(&job.relative, name) };
        let own = self.context.nested.get(&relative);
        let is_excluded = own.is_none() && (job.passage || job.rules.filter.excludes(job.below_rules(), name, true));
        // What a person excludes here may still be a root by its own right, or lead to one.
        if is_excluded && !self.context.leads_to_nested(&relative) {
            count.excluded += 1;
            return Ok(());
        }
        let mut known = children.remove(name).cloned();
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
        self.push(Job {
            id,
            parent: job.id,
            known,
            relative,
            name: name.to_vec(),
            parent_device: Some(stat.device),
            rules: Arc::clone(rules),
            rules_from,
            passage: is_excluded,
            deep: true,
        });
        Ok(())
    }

    fn put_row(job: &Job, stat: &FileStat, mount: &Mount, change: &mut DirectoryChange) {
        let same = job
            .known
            .as_ref()
            .is_some_and(|known| (known.volume, known.inode, known.unreadable) == (mount.volume, stat.inode, false));
        if !same {
            change.row = Some(DirectoryRow {
                id: job.id,
                parent: job.parent,
                name: job.name.clone(),
                volume: mount.volume,
                inode: stat.inode,
                mtime_ns: stat.mtime_ns,
                unreadable: false,
            });
        }
        if job.known.is_none() {
            change.usage.directories += 1;
        }
    }

    /// Keeps a directory's rows, marked as older than the scan. One that the catalog never saw gets a row, so that it is
    /// known to be there.
    fn unreadable(&self, job: &Job) -> Result<(), EngineError> {
        let mut change = DirectoryChange::new(self.context.tree, job.id, job.parent, self.context.control.changes());
        let known = job.known.as_ref();
        if known.is_some_and(|known| known.unreadable) {
            return Ok(());
        }
        if known.is_none() {
            change.usage.directories += 1;
        }
        change.row = Some(DirectoryRow {
            id: job.id,
            parent: job.parent,
            name: job.name.clone(),
            volume: known.map_or(0, |known| known.volume),
            inode: known.map_or(0, |known| known.inode),
            mtime_ns: known.map_or(0, |known| known.mtime_ns),
            unreadable: true,
        });
        Ok(self.context.catalog.writer().change(change)?)
    }

    /// A directory is gone, or left out now.
    fn gone(&self, job: &Job) -> Result<(), EngineError> {
        if job.known.is_some() && job.parent != 0 {
            self.remove(job.id)?;
        }
        Ok(())
    }

    fn remove(&self, directory: i64) -> Result<(), EngineError> {
        let control = &self.context.control;
        let removed = self.context.catalog.remove_subtree(self.context.tree, directory, &|| !control.is_cancelled())?;
        add(&self.context.control.counters.removed, removed.files);
        if let Some(findings) = self.context.findings {
            findings.add_linked(removed.linked);
        }
        Ok(())
    }
}
