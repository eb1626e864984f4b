//! Loading what the catalog holds of a directory, for readers and for the writer.

use rusqlite::{params, Connection, OptionalExtension, Row};

use crate::error::CatalogError;
use crate::large_folders::LARGE_BLOCKS;
use crate::reader::Reader;
use crate::stored::{StoredBlock, StoredChild, StoredDirectory};
use crate::writer::Session;

const CHILD_COLUMNS: &str = "id, name, volume, inode, mtime_ns, state";

/// `state` has a bit for each: 1 unreadable, 2 mounted.
fn child(row: &Row<'_>) -> rusqlite::Result<StoredChild> {
    let state: i64 = row.get(5)?;
    Ok(StoredChild {
        id: row.get(0)?,
        name: row.get(1)?,
        volume: row.get(2)?,
        inode: row.get::<_, i64>(3)? as u64,
        mtime_ns: row.get(4)?,
        unreadable: state & 1 != 0,
        mounted: state & 2 != 0,
    })
}

/// At most so many blocks of a directory, from the first one after an id on.
fn blocks_after(
    connection: &Connection,
    directory: i64,
    after: i64,
    most: usize,
) -> Result<Vec<StoredBlock>, CatalogError> {
    let mut statement = connection.prepare_cached(
        "SELECT b.id, b.columns, d.detail FROM block b JOIN block_detail d ON d.id = b.id
         WHERE b.directory = ?1 AND b.id > ?2 ORDER BY b.id LIMIT ?3",
    )?;
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let rows = statement.query_map([directory, after, most], |row| {
        Ok(StoredBlock { id: row.get(0)?, columns: row.get(1)?, detail: row.get(2)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn load_blocks(connection: &Connection, directory: i64) -> Result<Vec<StoredBlock>, CatalogError> {
    blocks_after(connection, directory, 0, usize::MAX)
}

/// The blocks of these ids that there are, in their order.
fn load_some(connection: &Connection, ids: &[i64]) -> Result<Vec<StoredBlock>, CatalogError> {
    let mut statement = connection.prepare_cached(
        "SELECT b.id, b.columns, d.detail FROM block b JOIN block_detail d ON d.id = b.id WHERE b.id = ?1",
    )?;
    let mut blocks = Vec::with_capacity(ids.len());
    for id in ids {
        let found = statement
            .query_row([id], |row| Ok(StoredBlock { id: row.get(0)?, columns: row.get(1)?, detail: row.get(2)? }));
        blocks.extend(found.optional()?);
    }
    Ok(blocks)
}

fn load_child(connection: &Connection, directory: i64) -> Result<Option<StoredChild>, CatalogError> {
    let sql = format!("SELECT {CHILD_COLUMNS} FROM directory WHERE id = ?1");
    Ok(connection.prepare_cached(&sql)?.query_row([directory], child).optional()?)
}

fn child_named(connection: &Connection, parent: i64, name: &[u8]) -> Result<Option<StoredChild>, CatalogError> {
    let sql = format!("SELECT {CHILD_COLUMNS} FROM directory WHERE parent = ?1 AND name = ?2");
    Ok(connection.prepare_cached(&sql)?.query_row(params![parent, name], child).optional()?)
}

impl Reader {
    /// One directory's own row.
    pub fn load_child(&self, directory: i64) -> Result<Option<StoredChild>, CatalogError> {
        load_child(&self.connection, directory)
    }

    /// The subdirectory of `parent` with this name.
    pub fn child_named(&self, parent: i64, name: &[u8]) -> Result<Option<StoredChild>, CatalogError> {
        child_named(&self.connection, parent, name)
    }

    /// The blocks of `directory`, by id.
    pub fn load_blocks(&self, directory: i64) -> Result<Vec<StoredBlock>, CatalogError> {
        load_blocks(&self.connection, directory)
    }

    /// The blocks of `directory` that may hold one of `names`: of a large folder that was changed lately, a few.
    pub fn blocks_of_names<'n>(
        &self,
        directory: i64,
        names: impl Iterator<Item = &'n [u8]>,
    ) -> Result<Vec<StoredBlock>, CatalogError> {
        match self.shared.large_folders.blocks_of(directory, names) {
            Some(blocks) => load_some(&self.connection, &blocks),
            None => load_blocks(&self.connection, directory),
        }
    }

    /// The parent of a directory; 0 for a top.
    pub fn parent(&self, directory: i64) -> Result<i64, CatalogError> {
        let sql = "SELECT parent FROM directory WHERE id = ?1";
        Ok(self.connection.prepare_cached(sql)?.query_row([directory], |row| row.get(0))?)
    }

    /// Regular files in a directory and all below it.
    pub fn directory_files(&self, directory: i64) -> Result<u64, CatalogError> {
        let sql = "SELECT files FROM usage WHERE directory = ?1";
        let files =
            self.connection.prepare_cached(sql)?.query_row([directory], |row| row.get::<_, i64>(0)).optional()?;
        Ok(files.unwrap_or(0) as u64)
    }

    /// At most so many blocks of `directory`, in order, from the first one after the id `after` on.
    pub fn blocks_after(&self, directory: i64, after: i64, most: usize) -> Result<Vec<StoredBlock>, CatalogError> {
        blocks_after(&self.connection, directory, after, most)
    }

    /// Everything stored of `directory`.
    pub fn load_directory(&self, directory: i64) -> Result<StoredDirectory, CatalogError> {
        self.load_directory_within(directory, usize::MAX)
    }

    /// The same, with no more than so many of its blocks.
    pub fn load_directory_within(&self, directory: i64, most: usize) -> Result<StoredDirectory, CatalogError> {
        self.snapshot(|reader| {
            let children = reader
                .connection
                .prepare_cached(&format!("SELECT {CHILD_COLUMNS} FROM directory WHERE parent = ?1 ORDER BY name"))?
                .query_map([directory], child)?
                .collect::<Result<_, _>>()?;
            let blocks = blocks_after(&reader.connection, directory, 0, most)?;
            Ok(StoredDirectory { children, blocks })
        })
    }
}

impl Session {
    /// One directory's own row, as of this moment.
    pub fn load_child(&self, directory: i64) -> Result<Option<StoredChild>, CatalogError> {
        load_child(&self.connection, directory)
    }

    /// The subdirectory of `parent` with this name, as of this moment.
    pub fn child_named(&self, parent: i64, name: &[u8]) -> Result<Option<StoredChild>, CatalogError> {
        child_named(&self.connection, parent, name)
    }

    /// The blocks of `directory` that may hold one of `names`, and the one that has room for more.
    pub fn blocks_of_names<'n>(
        &self,
        directory: i64,
        names: impl Iterator<Item = &'n [u8]>,
    ) -> Result<Vec<StoredBlock>, CatalogError> {
        let folders = &self.shared.large_folders;
        if let Some(blocks) = folders.blocks_of(directory, names) {
            return load_some(&self.connection, &blocks);
        }
        let blocks = load_blocks(&self.connection, directory)?;
        if blocks.len() >= LARGE_BLOCKS {
            folders.remember(directory, &blocks)?;
        }
        Ok(blocks)
    }

    /// The blocks of `directory`, as of this moment.
    pub fn load_blocks(&self, directory: i64) -> Result<Vec<StoredBlock>, CatalogError> {
        load_blocks(&self.connection, directory)
    }
}
