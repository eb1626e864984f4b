//! Which copies share their extents: noted here as the engine finds it, for this crate opens no file of a person.
//!
//! A group whose volume knows reflinks is due when a copy joins it. It is asked for once, not at each question, so that
//! questions stay as quick as elsewhere; sharing that comes about without a new file (by a deduplicating tool) is seen
//! when the group changes next.

use rusqlite::params;

use super::clean_up::Sharing;
use super::level::{postings_of, TOP};
use super::posting::{Posting, EXTENTS_ASKED, SHARES_EXTENTS};
use super::recount::Recount;
use crate::block::EntryId;
use crate::error::CatalogError;
use crate::writer::Session;

/// What was found of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FoundSharing {
    /// The content key that was due.
    pub key: i64,
    /// Whose.
    pub entry: EntryId,
    /// None: it shares nothing, or it cannot be known.
    pub sharing: Option<Sharing>,
}

impl Session {
    /// The files of these contents may share other extents than before, which no stamp tells: they are asked again.
    pub fn note_extents_changed(&mut self, keys: &[i64]) -> Result<(), CatalogError> {
        if keys.is_empty() {
            return Ok(());
        }
        self.aside(|session| keys.iter().try_for_each(|key| session.note_extents_due(*key)))
    }

    /// Notes that the extents of the group with `key` are to be asked for.
    pub(super) fn note_extents_due(&mut self, key: i64) -> Result<(), CatalogError> {
        self.connection.prepare_cached("INSERT OR IGNORE INTO extents_due (key) VALUES (?1)")?.execute([key])?;
        Ok(())
    }

    /// Has the largest groups of those that share extents asked again.
    pub fn renew_extents(&mut self, groups: usize) -> Result<(), CatalogError> {
        if !self.connection.prepare_cached("SELECT 1 FROM shared_extents LIMIT 1")?.exists([])? {
            return Ok(());
        }
        self.aside(|session| {
            let keys: Vec<i64> = session
                .connection
                .prepare_cached(
                    "SELECT key FROM duplicate_group WHERE freed < reclaimable ORDER BY reclaimable DESC LIMIT ?1",
                )?
                .query_map([groups as i64], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            for key in keys {
                let shares = |posting: &Posting| posting.flags & SHARES_EXTENTS != 0;
                if postings_of(&session.connection, key)?.iter().any(shares) {
                    session.note_extents_due(key)?;
                }
            }
            Ok(())
        })
    }

    /// Forgets what an entry shared.
    pub(super) fn forget_sharing(&mut self, entry: EntryId) -> Result<(), CatalogError> {
        self.connection.prepare_cached("DELETE FROM shared_extents WHERE entry = ?1")?.execute([entry.0 as i64])?;
        Ok(())
    }

    /// Puts what was found into the groups of `keys`, which are due no more, in one transaction. `found` is sorted by key.
    pub fn settle_extents(&mut self, keys: &[i64], found: &[FoundSharing]) -> Result<(), CatalogError> {
        self.transaction(|session| {
            let mut recount = Recount::default();
            for &key in keys {
                let from = found.partition_point(|item| item.key < key);
                let of_key = &found[from..from + found[from..].partition_point(|item| item.key == key)];
                let run = session.put_sharing(key, of_key)?;
                session.recount_run(key, &run, true, &[], &mut recount)?;
                session.connection.prepare_cached("DELETE FROM extents_due WHERE key = ?1")?.execute([key])?;
            }
            session.end_recount(recount)
        })?;
        self.make_way(0).map(|_| ())
    }

    /// Gives the postings of the key as they are now.
    fn put_sharing(&mut self, key: i64, found: &[FoundSharing]) -> Result<Vec<Posting>, CatalogError> {
        for item in found {
            match item.sharing {
                Some(sharing) => {
                    self.connection
                        .prepare_cached(
                            "INSERT OR REPLACE INTO shared_extents (entry, storage, shared_bytes)
                             SELECT ?1, ?2, ?3 WHERE EXISTS (SELECT 1 FROM block WHERE id = ?1 >> 8)",
                        )?
                        .execute(params![item.entry.0 as i64, sharing.storage, sharing.shared_bytes as i64])?;
                }
                None => self.forget_sharing(item.entry)?,
            }
        }
        let mut run = postings_of(&self.connection, key)?;
        for posting in &mut run {
            let shares = found.iter().any(|item| item.entry == posting.entry && item.sharing.is_some());
            // One that could not be reached counts as asked too, or it would be due for ever.
            posting.flags = posting.flags & !SHARES_EXTENTS | EXTENTS_ASKED | if shares { SHARES_EXTENTS } else { 0 };
        }
        self.put(TOP, &run)?;
        Ok(run)
    }
}
