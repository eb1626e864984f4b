//! Folders as hits: an expression's tests as far as they can hold for a folder, and a pass over all of them.

use std::sync::Arc;

use super::filter_context::{under, Context};
use super::tree::{DirectorySet, PathResolver, RootNames};
use super::{FileRow, RowKind};
use crate::block::{Entry, EntryId};
use crate::error::CatalogError;
use crate::expression::{contains_lowercase, Bounds, Glob, Term, TermKind};
use crate::reader::Reader;

/// Folders are numbered apart from entries, behind all of them.
const FOLDER_BIT: u64 = 1 << 62;

pub(super) fn folder_id(directory: i64) -> EntryId {
    EntryId(FOLDER_BIT | directory as u64)
}

/// The directory, where the id is a folder's.
pub(super) fn as_folder(id: EntryId) -> Option<i64> {
    (id.0 & FOLDER_BIT != 0).then_some((id.0 & !FOLDER_BIT) as i64)
}

/// A directory as tests see it.
pub(super) struct Folder<'a> {
    pub(super) id: i64,
    /// Its own name, without those above it.
    pub(super) name: &'a [u8],
    /// Bytes and regular files of all below it.
    pub(super) bytes: u64,
    pub(super) files: u64,
}

/// What holds for a folder.
enum FolderTest {
    NameContains(String),
    NameGlob(Glob),
    PathGlob(Glob),
    /// It lies in one of these, and is not the last.
    Inside(Arc<DirectorySet>, Option<i64>),
    Is(Option<i64>),
    Size(Bounds),
    Empty(bool),
    Always(bool),
}

/// The tests of an expression for folders.
pub(crate) struct FolderFilter {
    /// Whether folders are hits.
    pub(super) is_wanted: bool,
    tests: Vec<(bool, FolderTest)>,
    by_name: bool,
}

impl FolderFilter {
    pub(super) fn new(is_wanted: bool) -> Self {
        Self { is_wanted, tests: Vec::new(), by_name: false }
    }

    pub(super) fn add(&mut self, term: &Term, context: &Context<'_, '_>) -> Result<(), CatalogError> {
        let names = matches!(term.kind, TermKind::NameContains(_) | TermKind::NameGlob(_) | TermKind::PathGlob(_));
        self.by_name |= names && !term.negated;
        let test = match &term.kind {
            TermKind::NameContains(text) => FolderTest::NameContains(text.clone()),
            TermKind::NameGlob(glob) => FolderTest::NameGlob(glob.clone()),
            TermKind::PathGlob(glob) => FolderTest::PathGlob(glob.clone()),
            TermKind::Under(path) => {
                let own = context.reader.locate(path)?.map(|(directory, _)| directory);
                FolderTest::Inside(under(context, path)?, own)
            }
            TermKind::Root(name) => match context.roots.resolve(name) {
                Some(root) => FolderTest::Inside(under(context, &root.path)?, None),
                None => FolderTest::Always(false),
            },
            TermKind::Path(path) => FolderTest::Is(context.reader.locate(path)?.map(|(directory, _)| directory)),
            TermKind::Size(bounds) => FolderTest::Size(*bounds),
            TermKind::Type(types) => FolderTest::Always(types.folders),
            // A folder is empty that holds no file, however deep.
            TermKind::Empty(yes) => FolderTest::Empty(*yes),
            TermKind::Duplicate(yes) => FolderTest::Always(!*yes),
            TermKind::Extension(_)
            | TermKind::Modified(_)
            | TermKind::Created(_)
            | TermKind::HashPrefix(_)
            | TermKind::Owner(_)
            | TermKind::Undecided
            | TermKind::Links(_) => FolderTest::Always(false),
        };
        self.tests.push((term.negated, test));
        Ok(())
    }

    /// Whether it may be folders that are meant where no file is found: a name is searched for, and no term rules all
    /// folders out.
    pub(super) fn may_be_meant(&self) -> bool {
        let rules_out =
            |(negated, test): &(bool, FolderTest)| matches!(test, FolderTest::Always(yes) if yes == negated);
        !self.is_wanted && self.by_name && !self.tests.iter().any(rules_out)
    }

    /// Whether a folder passes. `path` spells its path when it is asked.
    pub(super) fn passes(
        &self,
        folder: &Folder<'_>,
        path: &mut dyn FnMut() -> Result<Option<Arc<[u8]>>, CatalogError>,
    ) -> Result<bool, CatalogError> {
        for (negated, test) in &self.tests {
            let passes = match test {
                FolderTest::NameContains(text) => contains_lowercase(folder.name, text),
                FolderTest::NameGlob(glob) => glob.matches(folder.name),
                FolderTest::PathGlob(glob) => path()?.is_some_and(|path| glob.matches(&path)),
                FolderTest::Inside(set, own) => set.contains(folder.id) && *own != Some(folder.id),
                FolderTest::Is(id) => *id == Some(folder.id),
                FolderTest::Size(bounds) => bounds.contains(folder.bytes),
                FolderTest::Empty(yes) => (folder.files == 0) == *yes,
                FolderTest::Always(yes) => *yes,
            };
            if passes == *negated {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl Reader {
    /// Calls `visit` with every folder that passes, and its path, in the order of their ids.
    pub(super) fn for_each_folder(
        &self,
        filter: &FolderFilter,
        paths: &mut PathResolver<'_>,
        visit: &mut dyn FnMut(&Folder<'_>, &[u8]) -> Result<(), CatalogError>,
    ) -> Result<(), CatalogError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT d.id, d.name, coalesce(u.bytes, 0), coalesce(u.files, 0), d.parent
             FROM directory d LEFT JOIN usage u ON u.directory = d.id ORDER BY d.id",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let name = row.get_ref(1)?.as_blob().map_err(|_| CatalogError::corrupt_block())?;
            let is_top = row.get::<_, i64>(4)? == 0;
            let folder = Folder {
                id: row.get(0)?,
                name: if is_top { last_name(name) } else { name },
                bytes: row.get::<_, i64>(2)? as u64,
                files: row.get::<_, i64>(3)? as u64,
            };
            if filter.passes(&folder, &mut || paths.directory(folder.id))? {
                // One whose parent is gone has no path, and is on its way out.
                if let Some(path) = paths.directory(folder.id)? {
                    visit(&folder, &path)?;
                }
            }
        }
        Ok(())
    }

    /// A folder as it is shown, with what it holds; None when it is gone.
    pub(super) fn folder_row(
        &self,
        directory: i64,
        paths: &mut PathResolver<'_>,
        roots: &RootNames,
    ) -> Result<Option<FileRow>, CatalogError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT coalesce(u.bytes, 0), coalesce(u.allocated, 0), d.inode
             FROM directory d LEFT JOIN usage u ON u.directory = d.id WHERE d.id = ?1",
        )?;
        let mut rows = statement.query([directory])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let entry = Entry {
            size_bytes: row.get::<_, i64>(0)? as u64,
            allocated_bytes: row.get::<_, i64>(1)? as u64,
            inode: row.get::<_, i64>(2)? as u64,
            ..Entry::dead()
        };
        let Some(path) = paths.directory(directory)?.map(|path| path.to_vec()) else { return Ok(None) };
        let root_id = roots.root_of(&path);
        Ok(Some(FileRow { id: folder_id(directory), path, entry, root_id, kind: RowKind::Folder }))
    }
}

fn last_name(path: &[u8]) -> &[u8] {
    let at = path.iter().rposition(|&byte| byte == b'/' || (cfg!(windows) && byte == b'\\'));
    &path[at.map_or(0, |at| at + 1)..]
}
