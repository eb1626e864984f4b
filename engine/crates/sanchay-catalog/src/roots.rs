//! Roots in the catalog: where each tree begins, and how roots that lie inside one another share their rows.
//!
//! A directory is stored once. A root inside another root is a name for a directory of the outer root's tree; when the
//! outer one is added later, its scan *adopts* the inner tree, and when the outer one is removed, the inner is *detached*.

use std::collections::HashMap;

use rusqlite::{params, OptionalExtension, Row};
use sanchay_core::path::is_within;

use crate::catalog::Catalog;
use crate::error::CatalogError;
use crate::feed::ChangeKind;
use crate::reader::Reader;
use crate::writer::{Removal, RollupKind, Rollups, Session, UsageDelta};

/// What the last look at a root found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RootState {
    /// Never scanned to an end.
    New,
    /// All of it was read.
    Ready,
    /// Parts could not be read; their older rows are kept.
    Partial,
    /// Parts are out of reach, such as a disk that is not mounted: their older rows are kept and may be of what is gone.
    Held,
    /// It is not there; its rows are kept.
    Offline,
}

impl RootState {
    /// The word that is shown.
    pub fn word(self) -> &'static str {
        match self {
            Self::Held => Self::Partial.name(),
            other => other.name(),
        }
    }

    /// Whether rows are kept of what may be gone.
    pub fn holds(self) -> bool {
        self == Self::Held
    }

    /// The word that is stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Ready => "ready",
            Self::Partial => "partial",
            Self::Held => "held",
            Self::Offline => "offline",
        }
    }

    fn parse(text: &str) -> Self {
        match text {
            "ready" => Self::Ready,
            "partial" => Self::Partial,
            "held" => Self::Held,
            "offline" => Self::Offline,
            _ => Self::New,
        }
    }
}

/// Why a root is partial whose removal was begun.
const BEING_REMOVED: &str = "it is being removed, or that was broken off; remove it again to forget the rest";

/// A root's row.
#[derive(Clone, Debug)]
pub struct RootRow {
    /// The daemon's id.
    pub id: i64,
    /// Absolute, resolved.
    pub path: Vec<u8>,
    /// Its directory; 0 before its first scan.
    pub directory: i64,
    /// Volume id; 0 before its first scan.
    pub volume: i64,
    /// Inode of its folder; 0 before its first scan.
    pub inode: u64,
    /// When its folder was made; 0 where that is not known.
    pub birth_ns: i64,
    /// The next scan takes what is there, whatever it is.
    pub accepted: bool,
    /// What the last look found.
    pub state: RootState,
    /// Why, for people.
    pub reason: String,
    /// End of the last scan that was not cancelled; 0: never.
    pub scanned_ns: i64,
    /// The engine's settings of it, JSON.
    pub settings: String,
}

/// The folder that a root was found to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RootSeen {
    /// Volume id in the catalog.
    pub volume: i64,
    /// On that volume.
    pub inode: u64,
    /// Where the file system keeps it.
    pub birth_ns: Option<i64>,
}

impl RootRow {
    /// Whether `path` is this root's or lies below it.
    pub fn holds(&self, path: &[u8]) -> bool {
        is_within(path, &self.path)
    }
}

const ROOT_COLUMNS: &str =
    "id, path, directory, volume, inode, state, reason, scanned_ns, settings, birth_ns, accepted";

fn root_row(row: &Row<'_>) -> rusqlite::Result<RootRow> {
    Ok(RootRow {
        id: row.get(0)?,
        path: row.get(1)?,
        directory: row.get(2)?,
        volume: row.get(3)?,
        inode: row.get::<_, i64>(4)? as u64,
        state: RootState::parse(&row.get::<_, String>(5)?),
        reason: row.get(6)?,
        scanned_ns: row.get(7)?,
        settings: row.get(8)?,
        birth_ns: row.get(9)?,
        accepted: row.get(10)?,
    })
}

impl Reader {
    /// Every root.
    pub fn roots(&self) -> Result<Vec<RootRow>, CatalogError> {
        let mut statement = self.connection.prepare_cached(&format!("SELECT {ROOT_COLUMNS} FROM root ORDER BY id"))?;
        let rows = statement.query_map([], root_row)?.collect::<Result<_, _>>()?;
        Ok(rows)
    }

    /// One root.
    pub fn root(&self, id: i64) -> Result<RootRow, CatalogError> {
        self.connection
            .prepare_cached(&format!("SELECT {ROOT_COLUMNS} FROM root WHERE id = ?1"))?
            .query_row([id], root_row)
            .optional()?
            .ok_or_else(|| CatalogError::UnknownRoot(id.to_string()))
    }

    /// The top directories of all trees: (id, path).
    pub fn tops(&self) -> Result<Vec<(i64, Vec<u8>)>, CatalogError> {
        let mut statement = self.connection.prepare_cached("SELECT id, name FROM directory WHERE parent = 0")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
        Ok(rows)
    }

    /// The directory at an absolute path, and the top of its tree; None where the catalog has none.
    pub fn locate(&self, path: &[u8]) -> Result<Option<(i64, i64)>, CatalogError> {
        locate(&self.connection, path)
    }
}

fn locate(connection: &rusqlite::Connection, path: &[u8]) -> Result<Option<(i64, i64)>, CatalogError> {
    let mut tops = connection.prepare_cached("SELECT id, name FROM directory WHERE parent = 0")?;
    let tops = tops
        .query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?)))?
        .collect::<Result<Vec<_>, _>>()?;
    let Some((top, prefix)) =
        tops.into_iter().filter(|(_, name)| is_within(path, name)).max_by_key(|(_, name)| name.len())
    else {
        return Ok(None);
    };
    let mut directory = top;
    let mut step = connection.prepare_cached("SELECT id FROM directory WHERE parent = ?1 AND name = ?2")?;
    for name in path[prefix.len()..].split(|&byte| byte == b'/' || (cfg!(windows) && byte == b'\\')) {
        if name.is_empty() {
            continue;
        }
        match step.query_row(params![directory, name], |row| row.get(0)).optional()? {
            Some(id) => directory = id,
            None => return Ok(None),
        }
    }
    Ok(Some((directory, top)))
}

impl Catalog {
    /// Forgets a root and the rows that no other root needs, while `go_on` says so; true when it is gone. Broken off, what
    /// is left is consistent, and says that it is not whole. The caller sees to it that no one else writes to its tree.
    pub fn remove_root(&self, id: i64, go_on: &dyn Fn() -> bool) -> Result<bool, CatalogError> {
        let removal = self.writer().run(move |session| {
            session.merge_content(&mut |_| std::ops::ControlFlow::Continue(()))?;
            session.begin_root_removal(id)
        })?;
        let mut tree = None;
        if let Some(removal) = removal {
            tree = Some(removal.tree());
            if !self.carry_out(removal, go_on)?.is_done() {
                return Ok(false);
            }
        }
        self.writer().run(move |session| session.end_root_removal(id, tree))?;
        Ok(true)
    }
}

impl Session {
    /// The directory at an absolute path, and the top of its tree, as of this moment.
    pub fn locate(&self, path: &[u8]) -> Result<Option<(i64, i64)>, CatalogError> {
        locate(&self.connection, path)
    }

    /// Adds a root, or replaces the settings of one. What is so already is not written: a full disk lets it pass.
    pub fn put_root(&mut self, id: i64, path: &[u8], settings: &str) -> Result<(), CatalogError> {
        let mut same =
            self.connection.prepare_cached("SELECT 1 FROM root WHERE id = ?1 AND path = ?2 AND settings = ?3")?;
        if same.exists(params![id, path, settings])? {
            return Ok(());
        }
        drop(same);
        self.transaction(|session| {
            let mut other = session.connection.prepare_cached("SELECT id FROM root WHERE path = ?1 AND id <> ?2")?;
            if other.exists(params![path, id])? {
                let shown = sanchay_core::path::display(path);
                return Err(CatalogError::InvalidArgument(format!("{shown} is a root already: each path is one root")));
            }
            drop(other);
            session.connection.execute(
                "INSERT INTO root (id, path, directory, volume, inode, state, reason, scanned_ns, settings)
                 VALUES (?1, ?2, 0, 0, 0, 'new', '', 0, ?3)
                 ON CONFLICT (id) DO UPDATE SET settings = ?3",
                params![id, path, settings],
            )?;
            Ok(())
        })
    }

    /// Gives each root of the catalog the id that its keeper has for its path. A root of the catalog at a path
    /// that is not among `known` gets an id that no one has, where its own is wanted for another.
    pub fn match_roots(&mut self, known: &[(i64, Vec<u8>)]) -> Result<(), CatalogError> {
        let rows: Vec<(i64, Vec<u8>)> = self
            .connection
            .prepare("SELECT id, path FROM root")?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        let mut next = rows.iter().chain(known).map(|(id, _)| *id).max().unwrap_or(0);
        let mut changes = Vec::new();
        for (id, path) in &rows {
            match known.iter().find(|(_, other)| other == path) {
                Some((wanted, _)) if wanted != id => changes.push((*id, *wanted)),
                None if known.iter().any(|(wanted, _)| wanted == id) => {
                    next += 1;
                    changes.push((*id, next));
                }
                _ => {}
            }
        }
        if changes.is_empty() {
            return Ok(());
        }
        self.transaction(|session| {
            // All of them step aside first: ids may go round in a ring. In `change_open` directories have negative ids.
            let aside = |id: i64| i64::MAX - id;
            for (old, new) in changes
                .iter()
                .map(|(old, _)| (*old, aside(*old)))
                .chain(changes.iter().map(|(old, new)| (aside(*old), *new)))
            {
                session.connection.execute("UPDATE root SET id = ?2 WHERE id = ?1", [old, new])?;
                session.connection.execute("UPDATE change_open SET owner = ?2 WHERE owner = ?1", [old, new])?;
            }
            Ok(())
        })
    }

    /// The root's directory and the top of its tree; a new top where the catalog knows nothing of its path.
    pub fn root_directory(&mut self, id: i64, new_directory: i64) -> Result<(i64, i64), CatalogError> {
        self.aside(|session| {
            let (path, directory): (Vec<u8>, i64) = session
                .connection
                .query_row("SELECT path, directory FROM root WHERE id = ?1", [id], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?
                .ok_or_else(|| CatalogError::UnknownRoot(id.to_string()))?;
            if let Some(found) = locate(&session.connection, &path)? {
                if found.0 != directory {
                    session.connection.execute("UPDATE root SET directory = ?2 WHERE id = ?1", [id, found.0])?;
                }
                return Ok(found);
            }
            session.connection.execute(
                "INSERT INTO directory (id, parent, name, volume, inode, mtime_ns, state) VALUES (?1, 0, ?2, 0, 0, 0, 0)",
                params![new_directory, path],
            )?;
            session.connection.execute("UPDATE root SET directory = ?2 WHERE id = ?1", [id, new_directory])?;
            let own = UsageDelta { directories: 1, ..UsageDelta::none() };
            session.add_usage(&HashMap::from([(new_directory, own)]))?;
            Ok((new_directory, new_directory))
        })
    }

    /// Notes what a look at the root found. `seen` is its folder, where it was looked through.
    pub fn set_root_state(
        &mut self,
        id: i64,
        state: RootState,
        reason: &str,
        scanned_ns: Option<i64>,
        seen: Option<RootSeen>,
    ) -> Result<(), CatalogError> {
        self.aside(|session| {
            session.connection.execute(
                "UPDATE root SET state = ?2, reason = ?3, scanned_ns = coalesce(?4, scanned_ns),
                     volume = coalesce(?5, volume), inode = coalesce(?6, inode), birth_ns = coalesce(?7, birth_ns),
                     accepted = CASE WHEN ?5 IS NULL THEN accepted ELSE 0 END WHERE id = ?1",
                params![
                    id,
                    state.name(),
                    reason,
                    scanned_ns,
                    seen.map(|seen| seen.volume),
                    seen.map(|seen| seen.inode as i64),
                    seen.map(|seen| seen.birth_ns.unwrap_or(0))
                ],
            )?;
            Ok(())
        })
    }

    /// Has the next scan of a root take what is there for the root, whatever was there before.
    pub fn accept_root(&mut self, id: i64) -> Result<(), CatalogError> {
        self.aside(|session| {
            session.connection.execute("UPDATE root SET accepted = 1 WHERE id = ?1", [id])?;
            Ok(())
        })
    }

    /// Makes the tree of `top` a subdirectory `name` of `parent`, which is in `tree`; false where the catalog has no such
    /// parent, for the change that was to bring it was dropped.
    pub fn adopt(&mut self, top: i64, parent: i64, name: &[u8], tree: i64) -> Result<bool, CatalogError> {
        if self.load_child(parent)?.is_none() {
            return Ok(false);
        }
        self.transaction(|session| {
            session
                .connection
                .execute("UPDATE directory SET parent = ?2, name = ?3 WHERE id = ?1", params![top, parent, name])?;
            session.remember_parent(top, parent);
            session.paths.clear();
            let below = session.usage_of(top)?;
            let mut usage = HashMap::new();
            session.carry_up(parent, &below, &mut usage)?;
            session.add_usage(&usage)?;
            session.connection.execute(
                "INSERT INTO rollup (tree, kind, key, files, bytes)
                 SELECT ?2, kind, key, files, bytes FROM rollup WHERE tree = ?1
                 ON CONFLICT (tree, kind, key) DO UPDATE SET files = files + excluded.files, bytes = bytes + excluded.bytes",
                [top, tree],
            )?;
            session.connection.execute("DELETE FROM rollup WHERE tree = ?1", [top])?;
            Ok(true)
        })
    }

    /// Begins to forget a root and the rows that no other root needs. Until its end it counts as partial.
    fn begin_root_removal(&mut self, id: i64) -> Result<Option<Removal>, CatalogError> {
        let path: Vec<u8> = self
            .connection
            .query_row("SELECT path FROM root WHERE id = ?1", [id], |row| row.get(0))
            .optional()?
            .ok_or_else(|| CatalogError::UnknownRoot(id.to_string()))?;
        // Its own row may name a directory that went and came again, or none, where an outer root read it before.
        let Some((directory, _)) = locate(&self.connection, &path)?.filter(|(directory, top)| directory == top) else {
            return Ok(None);
        };
        let others: Vec<Vec<u8>> = self
            .connection
            .prepare("SELECT path FROM root WHERE id <> ?1 ORDER BY length(path)")?
            .query_map([id], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        for inner_path in others.iter().filter(|inner_path| is_within(inner_path, &path)) {
            // One in another tree was never adopted, or goes with a root between the two that was detached just now.
            if let Some((inner, _)) = locate(&self.connection, inner_path)?.filter(|(_, tree)| *tree == directory) {
                self.detach(inner, inner_path, directory)?;
            }
        }
        self.transaction(|session| {
            session.connection.execute(
                "UPDATE root SET state = ?2, reason = ?3 WHERE id = ?1",
                params![id, RootState::Held.name(), BEING_REMOVED],
            )?;
            // What a first scan that was broken off has read was never told.
            let (files, bytes) = session.take_open(id)?.unwrap_or_default();
            session.add_open(-directory, files, bytes)
        })?;
        self.begin_removal(directory, directory, ChangeKind::Forgotten).map(Some)
    }

    /// Forgets a root's own row, and the sums of the tree that was its alone.
    fn end_root_removal(&mut self, id: i64, tree: Option<i64>) -> Result<(), CatalogError> {
        self.transaction(|session| {
            if let Some(tree) = tree {
                session.connection.execute("DELETE FROM rollup WHERE tree = ?1", [tree])?;
            } else if let Some((files, bytes)) = session.take_open(id)? {
                // What a first scan that was broken off has read stays in an outer root, and was never told.
                let path: Vec<u8> =
                    session.connection.query_row("SELECT path FROM root WHERE id = ?1", [id], |row| row.get(0))?;
                session.feed_folder(ChangeKind::Baseline, &path, files, bytes)?;
            }
            session.connection.execute("DELETE FROM root WHERE id = ?1", [id])?;
            Ok(())
        })
    }

    /// Makes a directory of `tree` the top of a tree of its own.
    fn detach(&mut self, directory: i64, path: &[u8], tree: i64) -> Result<(), CatalogError> {
        self.transaction(|session| {
            let mut lost = session.usage_of(directory)?;
            lost.files = -lost.files;
            lost.directories = -lost.directories;
            lost.bytes = -lost.bytes;
            lost.allocated = -lost.allocated;
            lost.newest_ns = i64::MIN;
            let parent = session.parent_of(directory)?;
            let mut usage = HashMap::new();
            session.carry_up(parent, &lost, &mut usage)?;
            session.add_usage(&usage)?;
            session
                .connection
                .execute("UPDATE directory SET parent = 0, name = ?2 WHERE id = ?1", params![directory, path])?;
            session.remember_parent(directory, 0);
            session.paths.clear();
            let mut sums: HashMap<(i64, RollupKind, i64), (i64, i64)> = HashMap::new();
            for below in session.subtree(directory)? {
                for delta in session.rollups_of(below)?.0 {
                    for (owner, sign) in [(directory, 1), (tree, -1)] {
                        let sum = sums.entry((owner, delta.kind, delta.key)).or_default();
                        sum.0 += sign * delta.files;
                        sum.1 += sign * delta.bytes;
                    }
                }
            }
            session.add_rollups(&sums)
        })
    }

    pub(crate) fn usage_of(&self, directory: i64) -> Result<UsageDelta, CatalogError> {
        let found = self
            .connection
            .query_row(
                "SELECT files, directories, bytes, allocated, newest_ns FROM usage WHERE directory = ?1",
                [directory],
                |row| {
                    Ok(UsageDelta {
                        files: row.get(0)?,
                        directories: row.get(1)?,
                        bytes: row.get(2)?,
                        allocated: row.get(3)?,
                        newest_ns: row.get(4)?,
                    })
                },
            )
            .optional()?;
        Ok(found.unwrap_or_else(UsageDelta::none))
    }

    pub(crate) fn rollups_of(&self, directory: i64) -> Result<Rollups, CatalogError> {
        let blocks: Vec<i64> = self
            .connection
            .prepare_cached("SELECT id FROM block WHERE directory = ?1")?
            .query_map([directory], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let mut rollups = Rollups::default();
        for block in blocks {
            self.with_block(block, |view| view.for_each(|_, item| rollups.count(&item.entry, 1)))?;
        }
        Ok(rollups)
    }
}
