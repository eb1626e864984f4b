//! Daily totals of directories: what growth over time is told from.

use rusqlite::params;

use super::session::Session;
use crate::error::CatalogError;

/// Directories in one transaction at most.
const SLICE: i64 = 20_000;
/// Days of history that are kept.
const DAYS_KEPT: i64 = 400;

/// Where a snapshot goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slice {
    /// Directories stored by this one.
    pub(crate) stored: u64,
    /// The last of them; None: there are no more.
    pub(crate) last: Option<i64>,
}

impl Session {
    /// Stores the totals as of `day` of the next directories after `after` whose bytes differ from the last snapshot.
    /// While a first scan is under way nothing is stored: half a tree would look like growth the day after.
    pub(crate) fn snapshot_slice(&mut self, day: i64, after: i64) -> Result<Slice, CatalogError> {
        let unchanged = self.meta("snapshot_sequence")? == self.meta("commit_sequence")?;
        if !self.baselines.is_empty() || (after == 0 && unchanged) {
            return Ok(Slice { stored: 0, last: None });
        }
        self.aside(|session| {
            let last: Option<i64> = session
                .connection
                .prepare_cached(
                    "SELECT max(directory) FROM
                     (SELECT directory FROM usage WHERE directory > ?1 AND bytes <> snapped ORDER BY directory LIMIT ?2)",
                )?
                .query_row([after, SLICE], |row| row.get(0))?;
            let Some(last) = last else {
                // This transaction is the one more that will have been counted.
                let sequence = session.meta("commit_sequence")? + 1;
                session.set_meta("snapshot_sequence", sequence)?;
                return Ok(Slice { stored: 0, last: None });
            };
            let stored = session
                .connection
                .prepare_cached(
                    "INSERT OR REPLACE INTO usage_day (directory, day, bytes, files)
                     SELECT directory, ?3, bytes, files FROM usage
                     WHERE directory > ?1 AND directory <= ?2 AND bytes <> snapped",
                )?
                .execute([after, last, day])?;
            session
                .connection
                .prepare_cached(
                    "UPDATE usage SET snapped = bytes WHERE directory > ?1 AND directory <= ?2 AND bytes <> snapped",
                )?
                .execute([after, last])?;
            Ok(Slice { stored: stored as u64, last: Some(last) })
        })
    }

    /// Lets days go that are older than is kept. A directory's last total before that stays: it holds until the next.
    pub(crate) fn prune_days(&mut self, today: i64) -> Result<(), CatalogError> {
        let first_kept = today - DAYS_KEPT;
        self.aside(|session| {
            session
                .connection
                .prepare_cached(
                    "DELETE FROM usage_day WHERE day < ?1 AND EXISTS (SELECT 1 FROM usage_day later
                     WHERE later.directory = usage_day.directory AND later.day > usage_day.day AND later.day <= ?1)",
                )?
                .execute([first_kept])?;
            session
                .connection
                .prepare_cached(
                    "DELETE FROM usage_gone WHERE NOT EXISTS
                     (SELECT 1 FROM usage_day kept WHERE kept.directory = usage_gone.directory AND kept.day >= ?1)",
                )?
                .execute([first_kept])?;
            session
                .connection
                .prepare_cached(
                    "DELETE FROM usage_day WHERE day < ?1
                     AND NOT EXISTS (SELECT 1 FROM usage WHERE usage.directory = usage_day.directory)
                     AND NOT EXISTS (SELECT 1 FROM usage_day kept
                         WHERE kept.directory = usage_day.directory AND kept.day >= ?1)",
                )?
                .execute([first_kept])?;
            Ok(())
        })
    }

    /// Remembers where a directory with a history was, before its rows go.
    pub(super) fn remember_history(&mut self, directory: i64) -> Result<(), CatalogError> {
        let has_history = self
            .connection
            .prepare_cached("SELECT 1 FROM usage_day WHERE directory = ?1 LIMIT 1")?
            .exists([directory])?;
        if !has_history {
            return Ok(());
        }
        if let Some(path) = self.path_of(directory)? {
            self.connection
                .prepare_cached("INSERT OR IGNORE INTO usage_gone (path, directory) VALUES (?1, ?2)")?
                .execute(params![path, directory])?;
        }
        Ok(())
    }
}
