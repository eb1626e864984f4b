//! A folder that was renamed or moved takes its rows along: however much it holds, a few rows change.

use std::collections::HashMap;

use rusqlite::params;

use super::change::UsageDelta;
use super::session::Session;
use crate::error::CatalogError;

impl Session {
    /// Makes `directory` the child `name` of `parent`, which is in the same tree and not below it. There must be no
    /// directory of that name. Totals are carried over; blocks, hashes, roll-ups and names stay as they are.
    pub fn move_directory(&mut self, directory: i64, parent: i64, name: &[u8]) -> Result<(), CatalogError> {
        self.transaction(|session| {
            let old_parent = session.parent_of(directory)?;
            let from = session.path_of(directory)?;
            let moved = session.usage_of(directory)?;
            session
                .connection
                .prepare_cached("UPDATE directory SET parent = ?2, name = ?3 WHERE id = ?1")?
                .execute(params![directory, parent, name])?;
            session.remember_parent(directory, parent);
            session.paths.clear();
            if let (Some(from), Some(to)) = (from, session.path_of(directory)?) {
                session.feed_move(&from, &to, true, moved.files as u64, moved.bytes as u64)?;
            }
            if old_parent == parent {
                return Ok(());
            }
            let lost = UsageDelta {
                files: -moved.files,
                directories: -moved.directories,
                bytes: -moved.bytes,
                allocated: -moved.allocated,
                newest_ns: i64::MIN,
            };
            let mut usage = HashMap::new();
            session.carry_up(old_parent, &lost, &mut usage)?;
            session.carry_up(parent, &moved, &mut usage)?;
            session.add_usage(&usage)
        })
    }

    /// Whether `directory` is `above` or lies below it.
    pub fn is_below(&mut self, mut directory: i64, above: i64) -> Result<bool, CatalogError> {
        while directory != 0 {
            if directory == above {
                return Ok(true);
            }
            directory = self.parent_of(directory)?;
        }
        Ok(false)
    }
}
