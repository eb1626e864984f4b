//! What must stay of a directory that is not found where it was: what was mounted in it, and what is a root.
//!
//! A disk is unplugged, its mount point is removed, and perhaps the folder of that: none of it says anything of the disk.

use std::collections::HashSet;

use rusqlite::Connection;

use crate::error::CatalogError;
use crate::reader::Reader;
use crate::writer::Session;

/// A directory that is not found, in parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Absent {
    /// Out of reach, with all below them; in order of discovery.
    pub held: Vec<i64>,
    /// On the way to those: their own files are gone, they stay as a path.
    pub passages: Vec<i64>,
    /// Gone, with all below them.
    pub gone: Vec<i64>,
}

fn absent(connection: &Connection, directory: i64, only_roots: bool) -> Result<Absent, CatalogError> {
    let roots: HashSet<i64> = connection
        .prepare_cached("SELECT directory FROM root WHERE directory <> 0")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    // Rows of an older version do not say that something was mounted there, but that it was on another volume. Folders of
    // a file system that knows reflinks may be so without a mount: subvolumes.
    let is_mounted = "d.state & 2 <> 0 OR (d.volume <> p.volume AND p.volume <> 0 AND coalesce(v.reflink, 1) = 0)";
    let columns = format!(
        "SELECT d.id, {is_mounted} FROM directory d LEFT JOIN directory p ON p.id = d.parent LEFT JOIN volume v ON v.id = d.volume"
    );
    let mut itself = connection.prepare_cached(&format!("{columns} WHERE d.id = ?1"))?;
    let mut below = connection.prepare_cached(&format!("{columns} WHERE d.parent = ?1"))?;
    // (id, place of its parent in this list); each after its parent.
    let (mut found, mut held): (Vec<(i64, usize)>, Vec<usize>) = (Vec::new(), Vec::new());
    let mut take = |statement: &mut rusqlite::CachedStatement<'_>, of: i64, parent: usize, found: &mut Vec<_>| {
        let mut rows = statement.query([of])?;
        while let Some(row) = rows.next()? {
            let (id, mounted): (i64, Option<bool>) = (row.get(0)?, row.get(1)?);
            if roots.contains(&id) || (mounted == Some(true) && !only_roots) {
                held.push(found.len());
            }
            found.push((id, parent));
        }
        Ok::<(), CatalogError>(())
    };
    take(&mut itself, directory, usize::MAX, &mut found)?;
    let mut at = 0;
    while at < found.len() {
        take(&mut below, found[at].0, at, &mut found)?;
        at += 1;
    }
    let mut passages = HashSet::new();
    for &place in &held {
        let mut above = found[place].1;
        while above != usize::MAX && passages.insert(above) {
            above = found[above].1;
        }
    }
    // What is held holds all below it.
    let mut parts = Absent::default();
    let mut is_inside = vec![false; found.len()];
    for (place, &(id, parent)) in found.iter().enumerate() {
        let is_held = held.binary_search(&place).is_ok();
        if parent != usize::MAX && is_inside[parent] {
            is_inside[place] = true;
        } else if is_held {
            is_inside[place] = true;
            parts.held.push(id);
        } else if passages.contains(&place) {
            parts.passages.push(id);
        } else {
            is_inside[place] = true;
            parts.gone.push(id);
        }
    }
    Ok(parts)
}

impl Reader {
    /// What must stay of a directory that is not found. `only_roots`: what was mounted may go.
    pub fn absent(&self, directory: i64, only_roots: bool) -> Result<Absent, CatalogError> {
        self.snapshot(|reader| absent(&reader.connection, directory, only_roots))
    }
}

impl Session {
    /// The same, as of this moment.
    pub fn absent(&self, directory: i64, only_roots: bool) -> Result<Absent, CatalogError> {
        absent(&self.connection, directory, only_roots)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection() -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        for sql in
            [include_str!("../migrations/0001_catalog.sql"), include_str!("../migrations/0002_extents_and_edges.sql")]
        {
            connection.execute_batch(sql).unwrap();
        }
        connection
    }

    #[test]
    fn a_mount_and_a_root_below_a_folder_that_is_gone_are_held_with_the_way_to_them() {
        let connection = connection();
        // 1/{2/{3 mounted/{4},5},6/{7 root},8/{9}}
        for (id, parent, state) in
            [(1, 0, 0), (2, 1, 0), (3, 2, 3), (4, 3, 2), (5, 2, 0), (6, 1, 0), (7, 6, 0), (8, 1, 0), (9, 8, 0)]
        {
            let sql = "INSERT INTO directory (id, parent, name, volume, inode, mtime_ns, state) VALUES (?1, ?2, CAST(?1 AS BLOB), 1, 0, 0, ?3)";
            connection.execute(sql, rusqlite::params![id, parent, state]).unwrap();
        }
        let sql = "INSERT INTO root VALUES (1, x'2f', 7, 1, 0, 'ready', '', 0, '{}')";
        connection.execute(sql, []).unwrap();
        let parts = absent(&connection, 1, false).unwrap();
        assert_eq!((parts.held, parts.passages, parts.gone), (vec![3, 7], vec![1, 2, 6], vec![8, 5]));
        let parts = absent(&connection, 1, true).unwrap();
        assert_eq!((parts.held, parts.passages, parts.gone), (vec![7], vec![1, 6], vec![2, 8]));
        assert_eq!(absent(&connection, 8, false).unwrap(), Absent { gone: vec![8], ..Absent::default() });
        assert_eq!(absent(&connection, 4, false).unwrap(), Absent { held: vec![4], ..Absent::default() });
    }
}
