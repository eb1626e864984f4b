//! Counting the groups of duplicates again whose postings a pass over the content index has changed.

use rusqlite::params;
use sanchay_core::ContentHash;

use super::copies::SharedContent;
use super::group::GroupFigures;
use super::level::postings_of;
use super::posting::Staged;
use super::posting::{Posting, EXTENTS_ASKED, MAY_SHARE_EXTENTS, SHARES_EXTENTS};
use crate::error::CatalogError;
use crate::writer::Session;

/// What a pass has counted again.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Recount {
    groups: i64,
    redundant_copies: i64,
    reclaimable_bytes: i64,
    freed_bytes: i64,
}

impl Recount {
    fn count(&mut self, figures: &GroupFigures, sign: i64) {
        self.groups += sign;
        self.redundant_copies += sign * figures.sure_copies().saturating_sub(1) as i64;
        self.reclaimable_bytes += sign * figures.reclaimable_bytes as i64;
        self.freed_bytes += sign * figures.freed_bytes as i64;
    }
}

impl Session {
    /// Recounts the groups of these keys from the index, in one transaction.
    pub(crate) fn recount_groups(&mut self, keys: &[i64]) -> Result<(), CatalogError> {
        self.transaction(|session| {
            let mut recount = Recount::default();
            for &key in keys {
                let run = postings_of(&session.connection, key)?;
                session.recount_run(key, &run, true, &[], &mut recount)?;
            }
            session.end_recount(recount)
        })
    }

    /// Recounts the groups of a key whose postings were `before` and are `after` now. `staged`: hashes that are at hand,
    /// sorted as the index is.
    pub(super) fn recount_key(
        &mut self,
        key: i64,
        before: &[Posting],
        after: &[Posting],
        staged: &[Staged],
        recount: &mut Recount,
    ) -> Result<(), CatalogError> {
        let had_group = before.len() > 1;
        if after.len() > 1 || had_group {
            self.recount_run(key, after, had_group, staged, recount)?;
        }
        Ok(())
    }

    /// Ends a pass, inside its transaction: the totals are what was counted.
    pub(super) fn end_recount(&mut self, recount: Recount) -> Result<(), CatalogError> {
        for (name, delta) in [
            ("duplicate_groups", recount.groups),
            ("redundant_copies", recount.redundant_copies),
            ("reclaimable_bytes", recount.reclaimable_bytes),
            ("freed_bytes", recount.freed_bytes),
        ] {
            if delta != 0 {
                self.add_meta(name, delta)?;
            }
        }
        Ok(())
    }

    pub(super) fn recount_run(
        &mut self,
        key: i64,
        run: &[Posting],
        had_group: bool,
        staged: &[Staged],
        recount: &mut Recount,
    ) -> Result<(), CatalogError> {
        let mut copies_before = 0;
        if had_group {
            for figures in self.groups_of(key)? {
                copies_before += figures.copies;
                recount.count(&figures, -1);
            }
            self.connection.prepare_cached("DELETE FROM duplicate_group WHERE key = ?1")?.execute([key])?;
        }
        if run.len() < 2 {
            return Ok(());
        }
        let contents = self.split_by_content(run, staged)?;
        for (ordinal, content) in contents.iter().enumerate() {
            let figures = SharedContent(content).figures(self)?;
            if figures.copies > 1 {
                recount.count(&figures, 1);
                // Without the copy that went, those that shared with it may share no more.
                let may_be_less = figures.copies < copies_before;
                if content.iter().any(|posting| {
                    let flags = posting.flags & (MAY_SHARE_EXTENTS | EXTENTS_ASKED);
                    flags == MAY_SHARE_EXTENTS || (may_be_less && posting.flags & SHARES_EXTENTS != 0)
                }) {
                    self.note_extents_due(key)?;
                }
                // A row that stands there was of no group; a check counts the totals again.
                self.connection
                    .prepare_cached(
                        "INSERT OR REPLACE INTO duplicate_group (key, ordinal, size, copies, reclaimable, freed, perhaps)
                         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                    )?
                    .execute(params![
                        key,
                        ordinal as i64,
                        figures.size_bytes as i64,
                        figures.copies as i64,
                        figures.reclaimable_bytes as i64,
                        figures.freed_bytes as i64,
                        figures.perhaps as i64
                    ])?;
            }
        }
        Ok(())
    }

    /// Splits a run of one key by (size, whole hash), ordered by both. Nearly always there is one content.
    fn split_by_content(&mut self, run: &[Posting], staged: &[Staged]) -> Result<Vec<Vec<Posting>>, CatalogError> {
        let mut with_hash = Vec::with_capacity(run.len());
        let mut with = |posting: &Posting, hash: Option<ContentHash>| {
            // A posting that is out of date counts for nothing.
            with_hash.extend(hash.map(|hash| (posting.size_bytes, hash, *posting)));
        };
        for of_block in run.chunk_by(|a, b| a.entry.block() == b.entry.block()) {
            let mut stored = Vec::new();
            for posting in of_block {
                match staged.binary_search_by_key(&posting.order(), |item| item.posting.order()) {
                    Ok(at) => with(posting, Some(staged[at].hash)),
                    Err(_) => stored.push(posting),
                }
            }
            if stored.is_empty() {
                continue;
            }
            self.with_block(of_block[0].entry.block(), |view| {
                for posting in stored {
                    with(posting, view.get(posting.entry.slot())?.and_then(|item| posting.hash_in(&item.entry)));
                }
                Ok(())
            })?;
        }
        with_hash.sort_by_key(|(size_bytes, hash, _)| (*size_bytes, *hash));
        Ok(with_hash
            .chunk_by(|a, b| (a.0, a.1) == (b.0, b.1))
            .map(|content| content.iter().map(|(_, _, posting)| *posting).collect())
            .collect())
    }

    fn groups_of(&self, key: i64) -> Result<Vec<GroupFigures>, CatalogError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT size, copies, reclaimable, freed, perhaps FROM duplicate_group WHERE key = ?1")?;
        let rows = statement.query_map([key], |row| {
            Ok(GroupFigures {
                size_bytes: row.get::<_, i64>(0)? as u64,
                copies: row.get::<_, i64>(1)? as u64,
                reclaimable_bytes: row.get::<_, i64>(2)? as u64,
                freed_bytes: row.get::<_, i64>(3)? as u64,
                perhaps: row.get::<_, i64>(4)? as u64,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
