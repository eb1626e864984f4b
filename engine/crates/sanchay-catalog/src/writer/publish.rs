//! Putting hashes into blocks that are written already.

use rusqlite::{params, OptionalExtension};
use sanchay_core::{Algorithm, ContentHash};

use super::session::Session;
use crate::block::{encode, Entry, EntryId, EntryRef, HashState};
use crate::content::{Posting, Staged};
use crate::error::CatalogError;

/// What reading one file gave.
#[derive(Clone, Copy, Debug)]
pub struct HashUpdate {
    /// Whose.
    pub id: EntryId,
    /// The entry as it was read: the hash is published only if the stored witness is still this one.
    pub expected: Entry,
    /// What is known of the content now.
    pub state: HashState,
    /// Of the hash.
    pub algorithm: Algorithm,
    /// With the states that have one.
    pub hash: Option<ContentHash>,
}

/// What publishing brings to the content index, and takes from it.
#[derive(Default)]
struct Keys {
    staged: Vec<Staged>,
    unstaged: Vec<(i64, EntryId)>,
}

impl Session {
    /// Publishes `updates`, in one transaction, and stages their keys.
    pub fn publish(&mut self, mut updates: Vec<HashUpdate>) -> Result<(), CatalogError> {
        updates.sort_by_key(|update| update.id);
        let staged = self.transaction(|session| {
            let mut keys = session.publish_blocks(&updates)?;
            for of_block in keys.staged.chunk_by(|a, b| a.posting.entry.block() == b.posting.entry.block()) {
                session.note_pending(of_block[0].posting.entry.block())?;
            }
            session.remove_postings(&mut keys.unstaged)?;
            Ok(keys.staged)
        })?;
        self.staged.extend(staged);
        self.count_staged();
        Ok(())
    }

    /// Publishes few hashes with their keys: both are there at once, or neither.
    pub fn publish_now(&mut self, mut updates: Vec<HashUpdate>) -> Result<(), CatalogError> {
        updates.sort_by_key(|update| update.id);
        let level = self.make_way(updates.len())?;
        self.transaction(|session| {
            let mut keys = session.publish_blocks(&updates)?;
            keys.unstaged.sort_unstable();
            session.remove_content(level, &keys.unstaged)?;
            session.index_staged(level, keys.staged)
        })
    }

    fn publish_blocks(&mut self, updates: &[HashUpdate]) -> Result<Keys, CatalogError> {
        let mut keys = Keys::default();
        for of_block in updates.chunk_by(|a, b| a.id.block() == b.id.block()) {
            self.publish_block(of_block, &mut keys)?;
        }
        Ok(keys)
    }

    /// Notes that keys of a block are staged.
    pub(super) fn note_pending(&mut self, block: i64) -> Result<(), CatalogError> {
        self.connection
            .prepare_cached("INSERT OR IGNORE INTO content_pending (block) VALUES (?1)")?
            .execute([block])?;
        Ok(())
    }

    fn publish_block(&mut self, updates: &[HashUpdate], keys: &mut Keys) -> Result<(), CatalogError> {
        let block = updates[0].id.block();
        let found: Option<(i64, Option<bool>, i64)> = self
            .connection
            .prepare_cached(
                "SELECT b.directory, v.reflink, b.contents FROM block b LEFT JOIN directory d ON d.id = b.directory LEFT JOIN volume v ON v.id = d.volume
                 WHERE b.id = ?1",
            )?
            .query_row([block], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .optional()?;
        // The block went away with its directory, or is about to: there is nothing to publish. Keys that came now would
        // stay in the content index when its rows go.
        let Some((_, reflink, contents)) = found.filter(|(directory, ..)| !self.unindexed.contains(directory)) else {
            return Ok(());
        };
        let encoded = self.with_block(block, |view| {
            let mut slots = vec![EntryRef { name: b"", entry: Entry::dead() }; view.columns.len()];
            view.for_each(|slot, item| slots[slot] = item)?;
            for update in updates {
                let Some(item) = slots.get_mut(update.id.slot()) else {
                    continue;
                };
                if !item.entry.is_file() || item.entry.witness() != update.expected.witness() {
                    continue;
                }
                if let Some((posting, _)) = Posting::of(update.id, &item.entry, false) {
                    keys.unstaged.push((posting.key, update.id));
                }
                item.entry.hash_state = update.state;
                item.entry.hash = update.hash;
                item.entry.algorithm = update.algorithm;
                if let Some((posting, hash)) = Posting::of(update.id, &item.entry, reflink.unwrap_or(false)) {
                    keys.staged.push(Staged { posting, hash });
                }
            }
            Ok(encode(&slots))
        })?;
        let Some(encoded) = encoded else {
            return Ok(());
        };
        if encoded.zone.contents == contents {
            self.connection
                .prepare_cached("UPDATE block SET columns = ?2 WHERE id = ?1")?
                .execute(params![block, encoded.columns])?;
        } else {
            // Only then: SQLite would write the index again for the same value, too.
            self.connection
                .prepare_cached("UPDATE block SET columns = ?2, contents = ?3 WHERE id = ?1")?
                .execute(params![block, encoded.columns, encoded.zone.contents])?;
        }
        self.connection
            .prepare_cached("UPDATE block_detail SET detail = ?2 WHERE id = ?1")?
            .execute(params![block, encoded.detail])?;
        Ok(())
    }
}
