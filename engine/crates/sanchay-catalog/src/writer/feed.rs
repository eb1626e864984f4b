//! Writing the change feed, always inside the transaction of the change that it tells.

use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::{params, OptionalExtension};

use super::change::DirectoryChange;
use super::session::Session;
use crate::error::CatalogError;
use crate::feed::{ChangeItem, ChangeKind, ChangeList};

/// Rows let go in one transaction at most.
const PRUNE_ROWS: i64 = 2_000;
/// Bytes of feed that are kept at most, however young.
const FEED_BYTES_MOST: i64 = 512 << 20;

impl Session {
    /// Makes the first scan of a root one row: until [`Session::end_baseline`], changes of `tree` are only summed up.
    pub fn begin_baseline(&mut self, tree: i64, root: i64) {
        self.baselines.insert(tree, root);
    }

    /// Leaves a first scan untold: the disk was full at its end. What was summed up is told by the next one.
    pub fn leave_baseline(&mut self, tree: i64) {
        self.baselines.remove(&tree);
    }

    /// Writes the row of a first scan, for the folder at `path`; nothing where nothing came.
    pub fn end_baseline(&mut self, tree: i64, root: i64, path: &[u8]) -> Result<(), CatalogError> {
        self.aside(|session| {
            if let Some((files, bytes)) = session.take_open(root)? {
                if files != 0 || bytes != 0 {
                    session.feed_folder(ChangeKind::Baseline, path, files, bytes)?;
                }
            }
            Ok(())
        })?;
        self.baselines.remove(&tree);
        Ok(())
    }

    /// Tells a move, inside the transaction that makes it; both paths are exact and absolute. `files` and `bytes`: what
    /// moved along. Call it after the rows are changed: paths that were remembered are forgotten here.
    pub fn feed_move(
        &mut self,
        from: &[u8],
        to: &[u8],
        folder: bool,
        files: u64,
        bytes: u64,
    ) -> Result<(), CatalogError> {
        self.paths.clear();
        let at = to.iter().rposition(|&byte| byte == b'/' || (cfg!(windows) && byte == b'\\'));
        let at = at.map_or(0, |at| at + 1);
        let parent = if at > 1 { &to[..at - 1] } else { &to[..at] };
        let mut list = ChangeList::default();
        list.push(&ChangeItem {
            kind: ChangeKind::Moved,
            name: &to[at..],
            from: Some(from),
            folder,
            files,
            bytes_delta: 0,
            size_bytes: bytes,
        });
        self.append(parent, &list)
    }

    /// The path of a directory, as its rows spell it now; None where it has none.
    pub fn path_of(&mut self, directory: i64) -> Result<Option<Vec<u8>>, CatalogError> {
        // From the folder up, for it may lie thousands of levels deep.
        let (mut names, mut at, mut folder) = (Vec::new(), directory, None);
        let mut path = loop {
            let found: Option<(i64, Vec<u8>)> = self
                .connection
                .prepare_cached("SELECT parent, name FROM directory WHERE id = ?1")?
                .query_row([at], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            let Some((parent, name)) = found else { return Ok(None) };
            if parent == 0 {
                break name;
            }
            folder = folder.or(Some(parent));
            names.push(name);
            if let Some(above) = self.paths.get(parent) {
                break above.to_vec();
            }
            at = parent;
        };
        while names.len() > 1 {
            sanchay_core::path::push(&mut path, &names.pop().unwrap_or_default());
        }
        let Some(name) = names.pop() else { return Ok(Some(path)) };
        let whole = sanchay_core::path::join(&path, &name);
        if let Some(folder) = folder {
            self.paths.insert(folder, path);
        }
        Ok(Some(whole))
    }

    /// Lets rows from before `before_ns` go, and the oldest above the bound on bytes; gives how many rows went.
    pub fn prune_changes(&mut self, before_ns: i64) -> Result<u64, CatalogError> {
        self.prune_changes_to(before_ns, FEED_BYTES_MOST)
    }

    pub(crate) fn prune_changes_to(&mut self, before_ns: i64, bytes_most: i64) -> Result<u64, CatalogError> {
        let mut pruned = 0;
        loop {
            let part = self.aside(|session| session.prune_part(before_ns, bytes_most))?;
            if part == 0 {
                return Ok(pruned);
            }
            pruned += part;
        }
    }

    fn prune_part(&mut self, before_ns: i64, bytes_most: i64) -> Result<u64, CatalogError> {
        let mut surplus = self.meta("change_bytes")? - bytes_most;
        let oldest: Vec<(i64, i64, i64)> = self
            .connection
            .prepare_cached(
                "SELECT sequence, at_ns, length(items) + length(directory) FROM change ORDER BY sequence LIMIT ?1",
            )?
            .query_map([PRUNE_ROWS], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect::<Result<_, _>>()?;
        let (mut rows, mut bytes) = (0, 0);
        let mut newest = None;
        for (sequence, at_ns, length) in oldest {
            if at_ns >= before_ns && surplus <= 0 {
                break;
            }
            surplus -= length;
            bytes += length;
            rows += 1;
            newest = Some((sequence, at_ns));
        }
        if let Some((sequence, at_ns)) = newest {
            self.connection.prepare_cached("DELETE FROM change WHERE sequence <= ?1")?.execute([sequence])?;
            self.add_meta("change_bytes", -bytes)?;
            self.set_meta("change_pruned", sequence)?;
            let known = self.meta("change_pruned_ns")?;
            self.set_meta("change_pruned_ns", known.max(at_ns))?;
        }
        Ok(rows)
    }

    /// Tells what a directory's change brought. Its row is written already.
    pub(super) fn feed_directory(&mut self, change: &DirectoryChange) -> Result<(), CatalogError> {
        if let Some(&root) = self.baselines.get(&change.tree) {
            return self.add_open(root, change.usage.files, change.usage.bytes);
        }
        if change.changes.is_empty() {
            return Ok(());
        }
        match self.path_of(change.directory)? {
            Some(path) => self.append(&path, &change.changes),
            None => {
                // Its folder was removed in between, and that was told.
                tracing::warn!(directory = change.directory, "change_of_unknown_directory");
                Ok(())
            }
        }
    }

    /// Tells of a whole folder: `files` and `bytes` more, or fewer.
    pub(crate) fn feed_folder(
        &mut self,
        kind: ChangeKind,
        path: &[u8],
        files: i64,
        bytes: i64,
    ) -> Result<(), CatalogError> {
        let mut list = ChangeList::default();
        list.push(&ChangeItem::folder(kind, files, bytes));
        self.append(path, &list)
    }

    /// Adds to a sum that becomes a row later.
    pub(crate) fn add_open(&mut self, owner: i64, files: i64, bytes: i64) -> Result<(), CatalogError> {
        if files == 0 && bytes == 0 {
            return Ok(());
        }
        self.connection
            .prepare_cached(
                "INSERT INTO change_open (owner, files, bytes) VALUES (?1, ?2, ?3)
                 ON CONFLICT (owner) DO UPDATE SET files = files + ?2, bytes = bytes + ?3",
            )?
            .execute([owner, files, bytes])?;
        Ok(())
    }

    /// Takes such a sum: (files, bytes).
    pub(crate) fn take_open(&mut self, owner: i64) -> Result<Option<(i64, i64)>, CatalogError> {
        Ok(self
            .connection
            .prepare_cached("DELETE FROM change_open WHERE owner = ?1 RETURNING files, bytes")?
            .query_row([owner], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?)
    }

    fn append(&mut self, directory: &[u8], list: &ChangeList) -> Result<(), CatalogError> {
        let at_ns = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as i64);
        let mut bytes = 0;
        for row in list.rows() {
            self.connection
                .prepare_cached(
                    "INSERT INTO change (at_ns, directory, folders, count, items) VALUES (?1, ?2, ?3, ?4, ?5)",
                )?
                .execute(params![at_ns, directory, row.folders, row.count as i64, row.items])?;
            bytes += (directory.len() + row.items.len()) as i64;
        }
        self.add_meta("change_bytes", bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::queries::{ChangePage, ChangesRequest, RootNames};
    use crate::writer::DirectoryRow;
    use crate::{Catalog, CatalogOptions};

    fn opened(folder: &tempfile::TempDir) -> Catalog {
        Catalog::open(&folder.path().join("catalog.db"), CatalogOptions::default()).unwrap()
    }

    /// A directory with one change of a file in it.
    fn change(id: i64, parent: i64, name: &[u8], file: &[u8], bytes: i64) -> DirectoryChange {
        let mut change = DirectoryChange::new(1, id, parent, Arc::default());
        let name = name.to_vec();
        change.row = Some(DirectoryRow {
            id,
            parent,
            name,
            volume: 1,
            inode: 0,
            mtime_ns: 0,
            unreadable: false,
            mounted: false,
        });
        change.usage.directories = 1;
        change.usage.files = 1;
        change.usage.bytes = bytes;
        change.changes.push(&ChangeItem::file(ChangeKind::Added, file, bytes, bytes.unsigned_abs()));
        change
    }

    fn page(catalog: &Catalog, cursor: &str) -> ChangePage {
        let roots = RootNames::default();
        let request =
            ChangesRequest { cursor, since_ns: None, under: None, limit: 100, max_bytes: None, roots: &roots };
        catalog.changes(&request).unwrap()
    }

    fn told(catalog: &Catalog) -> Vec<(ChangeKind, String, i64)> {
        let rows = page(catalog, "").rows;
        rows.into_iter().map(|row| (row.kind, sanchay_core::path::display(&row.path), row.bytes_delta)).collect()
    }

    #[test]
    fn a_move_is_told_and_later_changes_bear_the_new_path() {
        let folder = tempfile::tempdir().unwrap();
        let catalog = opened(&folder);
        catalog
            .writer()
            .run(|session| {
                session.apply(&[
                    change(1, 0, b"/top", b"a", 1),
                    change(2, 1, b"old", b"b", 2),
                    change(3, 2, b"in", b"c", 3),
                ])?;
                session.transaction(|session| {
                    session.connection.execute("UPDATE directory SET name = x'6e6577' WHERE id = 2", [])?;
                    session.feed_move(b"/top/old", b"/top/new", true, 2, 5)
                })?;
                let mut later = change(3, 2, b"in", b"d", 4);
                later.row = None;
                session.apply(&[later])
            })
            .unwrap();
        let rows = page(&catalog, "").rows;
        let moved = rows.iter().find(|row| row.kind == ChangeKind::Moved).unwrap();
        assert_eq!(moved.from_path.as_deref(), Some(b"/top/old".as_slice()));
        assert_eq!((moved.path.as_slice(), moved.files, moved.size_bytes), (b"/top/new".as_slice(), 2, 5));
        assert_eq!(rows.last().unwrap().path, b"/top/new/in/d");
    }

    #[test]
    fn a_first_scan_that_was_broken_off_by_a_crash_is_told_by_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let catalog = opened(&folder);
        let broken_off = |session: &mut Session| {
            session.begin_baseline(1, 7);
            session.apply(&[change(1, 0, b"/top", b"a", 10)])
        };
        catalog.writer().run(broken_off).unwrap();
        assert_eq!(told(&catalog), []);
        catalog.close();
        let catalog = opened(&folder);
        let ended = |session: &mut Session| {
            session.begin_baseline(1, 7);
            session.apply(&[change(2, 1, b"b", b"b", 5)])?;
            session.end_baseline(1, 7, b"/top")
        };
        catalog.writer().run(ended).unwrap();
        assert_eq!(told(&catalog), [(ChangeKind::Baseline, "/top".to_owned(), 15)]);
    }

    #[test]
    fn the_feed_is_bounded_in_bytes_however_young_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let catalog = opened(&folder);
        let begun = page(&catalog, "").cursor;
        let apply =
            |session: &mut Session| session.apply(&[change(1, 0, b"/top", b"a", 10), change(2, 1, b"b", b"b", 5)]);
        catalog.writer().run(apply).unwrap();
        assert_eq!(catalog.writer().run(|session| session.prune_changes_to(0, 19)).unwrap(), 1);
        let left = page(&catalog, &begun);
        assert!(left.truncated && left.complete);
        assert_eq!(left.rows.len(), 1);
        assert_eq!(catalog.writer().run(|session| session.prune_changes_to(i64::MAX, 1 << 30)).unwrap(), 1);
        let empty = page(&catalog, &left.cursor);
        assert!(empty.rows.is_empty() && !empty.truncated);
    }
}
