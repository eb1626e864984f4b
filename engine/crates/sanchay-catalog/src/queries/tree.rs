//! The shape of the trees, in memory for the length of a question: who is below whom, and how a path is spelled.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::OptionalExtension;

use crate::error::CatalogError;
use crate::expression::{contains_lowercase, Glob, InFolder};
use crate::reader::Reader;
use sanchay_core::path::is_within;

/// A root as a person may name it.
#[derive(Clone, Debug)]
pub struct RootName {
    /// The daemon's id.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Its path.
    pub path: Vec<u8>,
    /// Its directory; 0 before its first scan.
    pub directory: i64,
    /// A file there is read only where another one has its size, and all of it was looked at once.
    pub compares_sizes: bool,
}

/// All roots.
#[derive(Clone, Debug, Default)]
pub struct RootNames(pub Vec<RootName>);

impl RootNames {
    /// The innermost root that holds `path`; 0: none.
    pub fn root_of(&self, path: &[u8]) -> i64 {
        let holding = self.0.iter().filter(|root| is_within(path, &root.path));
        holding.max_by_key(|root| root.path.len()).map_or(0, |root| root.id)
    }

    /// The root with this name, id or path.
    pub fn resolve(&self, text: &str) -> Option<&RootName> {
        let by_name = self.0.iter().find(|root| root.name == text);
        by_name
            .or_else(|| self.0.iter().find(|root| root.path == text.as_bytes()))
            .or_else(|| text.parse().ok().and_then(|id: i64| self.0.iter().find(|root| root.id == id)))
    }
}

/// Of a directory that is not below any row.
pub(super) const NO_ROW: u32 = u32::MAX;

/// Who is whose parent, and whose blocks are whose, in one state of the catalog.
#[derive(Debug, Default)]
pub(crate) struct TreeShape {
    parents: Vec<i64>,
    block_directories: Vec<i64>,
}

impl TreeShape {
    pub(super) fn read(reader: &Reader) -> Result<Self, CatalogError> {
        let mut shape = Self::default();
        fill(reader, "SELECT id, parent FROM directory", &mut shape.parents)?;
        fill(reader, "SELECT id, directory FROM block INDEXED BY block_by_directory", &mut shape.block_directories)?;
        Ok(shape)
    }

    /// `directories` and all below them, as bits by id.
    pub(crate) fn below(&self, directories: &[i64]) -> DirectorySet {
        let mut known = vec![UNKNOWN; self.parents.len()];
        for directory in directories {
            mark(&mut known, *directory, INSIDE);
        }
        self.spread(known)
    }

    /// The directories that are INSIDE already, and all below them.
    fn spread(&self, mut known: Vec<u8>) -> DirectorySet {
        let mut trail = Vec::new();
        for id in 1..self.parents.len() {
            let mut at = id;
            while known[at] == UNKNOWN {
                trail.push(at);
                let parent = self.parents[at] as usize;
                if parent == 0 || parent >= known.len() || trail.len() > self.parents.len() {
                    known[at] = OUTSIDE;
                    break;
                }
                at = parent;
            }
            let verdict = known[at];
            for passed in trail.drain(..) {
                known[passed] = verdict;
            }
        }
        let holds = |directory: &i64| known.get(*directory as usize).is_some_and(|&known| known == INSIDE);
        let everything = self.block_directories.iter().all(|directory| *directory == 0 || holds(directory));
        DirectorySet { known, everything }
    }

    /// The directories below which a file may fit `glob` whatever its name is: all others hold only files that have the
    /// glob's [`Glob::part_literal`] in their names, or none that fit where it has no such literal.
    pub(crate) fn that_may_fit(&self, reader: &Reader, glob: &Glob) -> Result<DirectorySet, CatalogError> {
        let mut known = vec![UNKNOWN; self.parents.len()];
        let mut statement = reader.connection.prepare_cached("SELECT id, name FROM directory")?;
        let mut rows = statement.query([])?;
        if let Some(literal) = glob.part_literal() {
            // One name of the path has it: that of the directory itself or of one above.
            while let Some(row) = rows.next()? {
                let name: Vec<u8> = row.get(1)?;
                if contains_lowercase(&name, literal) {
                    mark(&mut known, row.get(0)?, INSIDE);
                }
            }
            return Ok(self.spread(known));
        }
        let mut paths = PathResolver::new(reader);
        while let Some(row) = rows.next()? {
            let id = row.get(0)?;
            let fits = paths.directory(id)?.is_some_and(|path| glob.in_folder(&path) != InFolder::NothingFits);
            mark(&mut known, id, if fits { INSIDE } else { OUTSIDE });
        }
        Ok(self.spread(known))
    }

    /// The deepest of the rows that each directory is or lies below, by its id; [`NO_ROW`]: none. Of a directory that is
    /// given twice the later row.
    pub(super) fn rows_above(&self, rows: impl Iterator<Item = (i64, u32)>) -> Vec<u32> {
        const UNKNOWN_ROW: u32 = u32::MAX - 1;
        let mut above = vec![UNKNOWN_ROW; self.parents.len()];
        for (directory, row) in rows {
            if let Some(own) = above.get_mut(directory as usize) {
                *own = row;
            }
        }
        let mut trail = Vec::new();
        for id in 1..above.len() {
            let mut at = id;
            while above[at] == UNKNOWN_ROW {
                trail.push(at);
                let parent = self.parents[at] as usize;
                if parent == 0 || parent >= above.len() || trail.len() > above.len() {
                    above[at] = NO_ROW;
                    break;
                }
                at = parent;
            }
            let row = above[at];
            for passed in trail.drain(..) {
                above[passed] = row;
            }
        }
        above
    }

    /// The ids of the blocks whose directories are or lie below a row, ascending.
    pub(super) fn blocks_below<'a>(&'a self, above: &'a [u32]) -> impl Iterator<Item = i64> + 'a {
        let has_row =
            |directory: i64| directory != 0 && above.get(directory as usize).is_some_and(|row| *row != NO_ROW);
        let ids = self.block_directories.iter().enumerate();
        ids.filter(move |(_, directory)| has_row(**directory)).map(|(id, _)| id as i64)
    }

    /// Whose `block` is; 0: no one's.
    pub(super) fn directory_of(&self, block: i64) -> i64 {
        self.block_directories.get(block as usize).copied().unwrap_or(0)
    }

    /// The ids of the blocks of `directories`, ascending.
    pub(crate) fn block_ids(&self, directories: &DirectorySet) -> Vec<i64> {
        let ids = self.block_directories.iter().enumerate();
        ids.filter(|(_, directory)| directories.contains(**directory)).map(|(id, _)| id as i64).collect()
    }

    /// The blocks of `directories`, as flags by id.
    pub(crate) fn blocks_of(&self, directories: &DirectorySet) -> Vec<bool> {
        self.block_directories.iter().map(|directory| directories.contains(*directory)).collect()
    }
}

fn mark(known: &mut [u8], directory: i64, what: u8) {
    if let Some(own) = known.get_mut(directory as usize) {
        *own = what;
    }
}

/// What is known of a directory while a set is made.
const UNKNOWN: u8 = 0;
const OUTSIDE: u8 = 1;
const INSIDE: u8 = 2;

/// A set of directories.
#[derive(Debug, Clone)]
pub(crate) struct DirectorySet {
    known: Vec<u8>,
    everything: bool,
}

impl DirectorySet {
    pub(crate) fn none() -> Self {
        Self { known: Vec::new(), everything: false }
    }

    /// Of every directory.
    pub(crate) fn everything() -> Self {
        Self { known: Vec::new(), everything: true }
    }

    /// Those of it that are among `directories`.
    pub(crate) fn only(&self, directories: &[i64]) -> Self {
        let mut known = vec![OUTSIDE; directories.iter().max().map_or(0, |last| *last as usize + 1)];
        for directory in directories.iter().filter(|directory| self.everything || self.contains(**directory)) {
            mark(&mut known, *directory, INSIDE);
        }
        Self { known, everything: false }
    }

    /// Whether no file lies outside.
    pub(crate) fn is_everything(&self) -> bool {
        self.everything
    }

    #[inline]
    pub(crate) fn contains(&self, directory: i64) -> bool {
        self.known.get(directory as usize).is_some_and(|&known| known == INSIDE)
    }
}

fn fill(reader: &Reader, sql: &str, into: &mut Vec<i64>) -> Result<(), CatalogError> {
    let mut statement = reader.connection.prepare_cached(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (id, value) = (row.get::<_, i64>(0)? as usize, row.get(1)?);
        if into.len() <= id {
            into.resize((id + 1).next_power_of_two(), 0);
        }
        into[id] = value;
    }
    Ok(())
}

/// Spells the paths of directories, each once.
pub struct PathResolver<'a> {
    reader: &'a Reader,
    known: HashMap<i64, Arc<[u8]>>,
}

/// Directories remembered at once.
const PATHS_MOST: usize = 20_000;
/// Folders in folders: more are a ring, which no disk has.
const LEVELS_MOST: usize = 1_000_000;

impl<'a> PathResolver<'a> {
    /// For one snapshot of `reader`.
    pub fn new(reader: &'a Reader) -> Self {
        Self { reader, known: HashMap::new() }
    }

    /// The absolute path of a directory; None for one that hangs on none of the trees. No program writes such a row, and
    /// the next opening takes it away; until then one must not fail every question that meets it.
    pub fn directory(&mut self, id: i64) -> Result<Option<Arc<[u8]>>, CatalogError> {
        let mut names = Vec::new();
        let mut at = id;
        let mut path = loop {
            if let Some(path) = self.known.get(&at) {
                break path.to_vec();
            }
            let found: Option<(i64, Vec<u8>)> = self
                .reader
                .connection
                .prepare_cached("SELECT parent, name FROM directory WHERE id = ?1")?
                .query_row([at], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            let Some((parent, name)) = found.filter(|_| names.len() < LEVELS_MOST) else { return Ok(None) };
            names.push((at, name));
            if parent == 0 {
                break Vec::new();
            }
            at = parent;
        };
        if self.known.len() > PATHS_MOST {
            self.known.clear();
        }
        for (id, name) in names.iter().rev() {
            append(&mut path, name);
            self.known.insert(*id, path.as_slice().into());
        }
        Ok(Some(path.into()))
    }

    /// The absolute path of a file in a directory; None where that has none.
    pub fn file(&mut self, directory: i64, name: &[u8]) -> Result<Option<Vec<u8>>, CatalogError> {
        let Some(folder) = self.directory(directory)? else { return Ok(None) };
        let mut path = folder.to_vec();
        append(&mut path, name);
        Ok(Some(path))
    }
}

fn append(path: &mut Vec<u8>, name: &[u8]) {
    if path.is_empty() {
        path.extend_from_slice(name);
    } else {
        *path = sanchay_core::path::join(path, name);
    }
}
