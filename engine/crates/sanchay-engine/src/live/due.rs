//! What is due: names whose content is to be read, and hashes that are trusted from now on.

use std::collections::{BTreeMap, HashMap};

use sanchay_catalog::block::{Entry, EntryId, HashState};
use sanchay_catalog::HashUpdate;
use sanchay_core::file_system_of;
use sanchay_core::watch::Step;

use super::pass::Pass;
use crate::error::EngineError;
use crate::root_spec::HashScope;

impl Pass<'_> {
    /// Hands over what waits to be read, and gives back what is not where the catalog has it.
    pub(super) fn hash(&mut self, folder: Vec<u8>, names: Vec<Vec<u8>>) -> Result<(), EngineError> {
        let Some(relative) = self.relative(&folder) else { return Ok(()) };
        let reader = self.inner.catalog.reader()?;
        let located = reader.locate(&folder)?.map(|(directory, _)| directory);
        let stored = located.map(|directory| reader.load_child(directory)).transpose()?.flatten();
        let opened = stored.as_ref().and_then(|stored| self.open(relative, stored));
        let (Some(directory), Some((handle, _))) = (located, opened) else {
            self.followed.missed.push(Step::Hash { directory: folder, names });
            return Ok(());
        };
        let Some(rules) = self.rules_in(&folder) else { return Ok(()) };
        let entries: HashMap<Vec<u8>, (EntryId, Entry)> = reader.entries_named(directory, &names)?;
        let (mut unread, mut missed, mut several) = (Vec::new(), Vec::new(), Vec::new());
        let stamped = file_system_of(&handle).is_ok_and(|(_, system)| system.stamps_every_write());
        let mut outdated = Vec::new();
        for name in names {
            let Some((id, entry)) = entries.get(&name) else {
                missed.push(name);
                continue;
            };
            if !entry.is_file() {
                continue;
            }
            let is_due = match rules.hash {
                HashScope::All => entry.hash_state != HashState::Hashed || entry.algorithm != rules.algorithm,
                HashScope::Duplicates => entry.hash_state != HashState::Hashed && entry.size_bytes > 0,
                HashScope::None => false,
            };
            // A write that left no new stamps: only the event tells of it.
            let is_outdated = entry.hash_state == HashState::Hashed
                && rules.hash != HashScope::None
                && (self.inner.writers.take_unasked(entry) || !stamped);
            let is_due = is_due || is_outdated;
            match handle.stat(&name) {
                Ok(seen) if seen.inode == entry.inode => {
                    if is_outdated {
                        outdated.push((*id, *entry));
                    }
                    if is_due {
                        self.inner.carried.forget(entry);
                        if entry.links > 1 {
                            several.push(entry.inode);
                        }
                        unread.push(name);
                    }
                }
                _ => missed.push(name),
            }
        }
        drop(reader);
        self.outdate(&outdated)?;
        let reader = self.inner.catalog.reader()?;
        if !missed.is_empty() {
            self.followed.missed.push(Step::Hash { directory: folder, names: missed });
        }
        if !several.is_empty() {
            // A name of the same stamps, whose hash may be older than the last write: no event tells of it.
            let volume = reader.volume_of_directory(directory)?;
            let mut siblings: BTreeMap<i64, Vec<Vec<u8>>> = BTreeMap::new();
            for sibling in self.inner.inodes.names(&reader, volume, &several)?.found {
                if sibling.entry.hash_state != HashState::Hashed {
                    siblings.entry(sibling.directory).or_default().push(sibling.name);
                }
            }
            self.followed.hashes.extend(siblings);
        }
        if !unread.is_empty() {
            self.followed.hashes.push((directory, unread));
        }
        Ok(())
    }

    /// Takes back hashes that are older than a write.
    fn outdate(&self, outdated: &[(EntryId, Entry)]) -> Result<(), EngineError> {
        if outdated.is_empty() {
            return Ok(());
        }
        // What was read of their other names is as old.
        self.inner.contents.forget();
        let update = |(id, entry): &(EntryId, Entry)| HashUpdate {
            id: *id,
            expected: *entry,
            state: HashState::Pending,
            algorithm: entry.algorithm,
            hash: None,
        };
        let updates: Vec<HashUpdate> = outdated.iter().map(update).collect();
        self.inner.persist(&mut || {
            let updates = updates.clone();
            self.inner.catalog.writer().run(move |session| session.publish_now(updates))
        })
    }

    /// No event told of a write to these renamed files in time: the hashes that went along hold.
    pub(super) fn trust(&self, folder: &[u8], names: &[Vec<u8>]) -> Result<(), EngineError> {
        let reader = self.inner.catalog.reader()?;
        let Some((directory, _)) = reader.locate(folder)? else { return Ok(()) };
        let entries: HashMap<Vec<u8>, (EntryId, Entry)> = reader.entries_named(directory, names)?;
        drop(reader);
        let trusted = entries.values().filter(|(_, entry)| self.inner.carried.has(entry));
        let updates: Vec<HashUpdate> = trusted
            .map(|(id, entry)| HashUpdate {
                id: *id,
                expected: *entry,
                state: HashState::Hashed,
                algorithm: entry.algorithm,
                hash: entry.hash,
            })
            .collect();
        if updates.is_empty() {
            return Ok(());
        }
        self.inner.persist(&mut || {
            let updates = updates.clone();
            self.inner.catalog.writer().run(move |session| session.publish_now(updates))
        })?;
        for update in &updates {
            self.inner.carried.forget(&update.expected);
        }
        Ok(())
    }
}
