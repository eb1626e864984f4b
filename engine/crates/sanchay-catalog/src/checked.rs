//! When files were last checked: read whole from their disk and found to be what they were.
//!
//! Six bytes a file, in a row for each block, and none for what was never checked. "When" is the number of the pass over
//! the files, which no clock that is set back can disorder. A mark carries two bytes of the hash that was met: a file of
//! another content in the same slot has no mark. Marks only decide whose turn it is, so that two contents which share
//! those bytes cost nothing but a later turn.

use std::sync::Arc;

use rusqlite::{params, OptionalExtension};
use sanchay_core::ContentHash;

use crate::block::{BlockColumns, Entry, EntryId, EntryKind, HashState, BLOCK_SLOTS};
use crate::catalog::Catalog;
use crate::error::CatalogError;
use crate::queries::PathResolver;
use crate::reader::Reader;
use crate::writer::Session;

/// A file that can be checked.
#[derive(Clone, Debug)]
pub struct HashedFile {
    /// Its entry's id.
    pub id: EntryId,
    /// The absolute path of its directory.
    pub folder: Arc<[u8]>,
    /// Its exact name.
    pub name: Vec<u8>,
    /// As it is stored, with its hash.
    pub entry: Entry,
    /// The volume that its inode is a number on.
    pub volume: i64,
    /// The pass in which it was checked last; 0: never.
    pub pass: u32,
}

/// A file that was checked.
#[derive(Clone, Copy, Debug)]
pub struct Checked {
    /// Whose.
    pub id: EntryId,
    /// In which pass.
    pub pass: u32,
    /// The hash that is stored of it.
    pub hash: ContentHash,
}

/// What there is to check.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checkable {
    /// Files with a hash.
    pub files: u64,
    /// Their apparent bytes.
    pub bytes: u64,
    /// Of the files, those that were checked in this pass already.
    pub checked_files: u64,
    /// Their apparent bytes.
    pub checked_bytes: u64,
    /// Files without a hash: nothing says what they were.
    pub without_hash: u64,
}

/// A row of marks, as it stands in the order of its oldest one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct CheckedRow {
    /// Its oldest mark.
    pub oldest: u32,
    /// Its block.
    pub block: i64,
}

/// Blocks looked at in one snapshot.
const BLOCKS_AT_ONCE: usize = 64;
const MARK_BYTES: usize = 6;

/// The marks of a block.
#[derive(Default)]
struct Marks(Vec<u8>);

impl Marks {
    /// In which pass the content with this hash was checked in a slot; 0: never.
    fn pass(&self, slot: usize, hash: Option<ContentHash>) -> u32 {
        let Some(mark) = self.0.get(slot * MARK_BYTES..(slot + 1) * MARK_BYTES) else { return 0 };
        match hash {
            Some(hash) if mark[4..] == hash.as_bytes()[..2] => pass_of(mark),
            _ => 0,
        }
    }

    fn put(&mut self, slot: usize, pass: u32, hash: &ContentHash) {
        let from = slot * MARK_BYTES;
        if self.0.len() < from + MARK_BYTES {
            self.0.resize(from + MARK_BYTES, 0);
        }
        self.0[from..from + 4].copy_from_slice(&pass.to_le_bytes());
        self.0[from + 4..from + MARK_BYTES].copy_from_slice(&hash.as_bytes()[..2]);
    }

    fn clear(&mut self, slot: usize) {
        if let Some(mark) = self.0.get_mut(slot * MARK_BYTES..(slot + 1) * MARK_BYTES) {
            mark.fill(0);
        }
    }

    fn oldest(&self) -> Option<u32> {
        self.0.chunks_exact(MARK_BYTES).map(pass_of).filter(|pass| *pass > 0).min()
    }
}

fn pass_of(mark: &[u8]) -> u32 {
    u32::from_le_bytes([mark[0], mark[1], mark[2], mark[3]])
}

fn can_be_checked(columns: &BlockColumns<'_>, slot: usize) -> bool {
    columns.kind(slot) == EntryKind::File && columns.hash_state(slot) == HashState::Hashed
}

impl Reader {
    fn marks(&self, block: i64) -> Result<Marks, CatalogError> {
        let mut statement = self.connection.prepare_cached("SELECT marks FROM checked WHERE block = ?1")?;
        Ok(Marks(statement.query_row([block], |row| row.get(0)).optional()?.unwrap_or_default()))
    }

    /// The files of a block that can be checked, and whose folder's path is known.
    fn hashed_files(&self, block: i64, paths: &mut PathResolver<'_>) -> Result<Vec<HashedFile>, CatalogError> {
        let mut found = Vec::new();
        let marks = self.marks(block)?;
        self.with_block(block, |view, directory| {
            if !(0..view.columns.len()).any(|slot| can_be_checked(&view.columns, slot)) {
                return Ok(());
            }
            let Some(folder) = paths.directory(directory)? else { return Ok(()) };
            let volume = self.volume_of_directory(directory)?;
            view.for_each(|slot, item| {
                if item.entry.is_file() && item.entry.hash_state == HashState::Hashed {
                    found.push(HashedFile {
                        id: EntryId::new(block, slot),
                        folder: Arc::clone(&folder),
                        name: item.name.to_vec(),
                        entry: item.entry,
                        volume: if item.entry.volume == 0 { volume } else { item.entry.volume },
                        pass: marks.pass(slot, item.entry.hash),
                    });
                }
            })
        })?;
        Ok(found)
    }
}

impl Catalog {
    /// Files that were never checked, from block `from` on, and the block to go on from (None: the end).
    pub fn never_checked(&self, from: i64) -> Result<(Vec<HashedFile>, Option<i64>), CatalogError> {
        self.reader()?.snapshot(|reader| {
            let mut statement = reader
                .connection
                .prepare_cached("SELECT id FROM block WHERE id >= ?1 AND files > 0 ORDER BY id LIMIT ?2")?;
            let blocks: Vec<i64> = statement
                .query_map(params![from, BLOCKS_AT_ONCE as i64], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            let mut paths = PathResolver::new(reader);
            let mut found = Vec::new();
            for block in &blocks {
                let files = reader.hashed_files(*block, &mut paths)?;
                found.extend(files.into_iter().filter(|file| file.pass == 0));
            }
            Ok((found, blocks.last().filter(|_| blocks.len() == BLOCKS_AT_ONCE).map(|last| last + 1)))
        })
    }

    /// The row of marks behind `after` in the order of their oldest, where that is before `before`, and the oldest of
    /// the row behind it.
    pub fn next_checked(
        &self,
        after: CheckedRow,
        before: u32,
    ) -> Result<Option<(CheckedRow, Option<u32>)>, CatalogError> {
        let reader = self.reader()?;
        let mut statement = reader.connection.prepare_cached(
            "SELECT oldest, block FROM checked WHERE (oldest, block) > (?1, ?2) AND oldest < ?3 ORDER BY oldest, block LIMIT 2",
        )?;
        let rows = statement.query_map(params![after.oldest, after.block, before], |row| {
            Ok(CheckedRow { oldest: row.get(0)?, block: row.get(1)? })
        })?;
        let rows: Vec<CheckedRow> = rows.collect::<Result<_, _>>()?;
        Ok(rows.first().map(|first| (*first, rows.get(1).map(|next| next.oldest))))
    }

    /// One file, where it is one that can be checked.
    pub fn hashed_file(&self, id: EntryId) -> Result<Option<HashedFile>, CatalogError> {
        self.reader()?.snapshot(|reader| {
            let files = reader.hashed_files(id.block(), &mut PathResolver::new(reader))?;
            Ok(files.into_iter().find(|file| file.id == id))
        })
    }

    /// The files of one block that were checked before.
    pub fn checked_files(&self, block: i64) -> Result<Vec<HashedFile>, CatalogError> {
        self.reader()?.snapshot(|reader| {
            let mut files = reader.hashed_files(block, &mut PathResolver::new(reader))?;
            files.retain(|file| file.pass > 0);
            Ok(files)
        })
    }

    /// Counts the files in folders that `holds` accepts: one pass over all blocks, in stretches.
    pub fn checkable(&self, holds: &dyn Fn(&[u8]) -> bool, pass: u32) -> Result<Checkable, CatalogError> {
        let mut sum = Checkable::default();
        let mut from = Some(0);
        while let Some(first) = from {
            from = self.reader()?.snapshot(|reader| reader.add_checkable(first, holds, pass, &mut sum))?;
        }
        Ok(sum)
    }
}

/// Blocks whose columns are looked at in one snapshot.
const COLUMNS_AT_ONCE: i64 = 2000;

impl Reader {
    fn add_checkable(
        &self,
        from: i64,
        holds: &dyn Fn(&[u8]) -> bool,
        pass: u32,
        sum: &mut Checkable,
    ) -> Result<Option<i64>, CatalogError> {
        let mut paths = PathResolver::new(self);
        let mut statement = self.connection.prepare_cached(
            "SELECT b.id, b.directory, b.columns, c.marks FROM block b LEFT JOIN checked c ON c.block = b.id
             WHERE b.id >= ?1 AND b.files > 0 ORDER BY b.id LIMIT ?2",
        )?;
        let mut rows = statement.query([from, COLUMNS_AT_ONCE])?;
        let (mut seen, mut last) = (0, from);
        while let Some(row) = rows.next()? {
            (seen, last) = (seen + 1, row.get(0)?);
            let blob = row.get_ref(2)?.as_blob().map_err(|_| CatalogError::corrupt_block())?;
            let columns = BlockColumns::parse(blob)?;
            let marks = Marks(row.get::<_, Option<Vec<u8>>>(3)?.unwrap_or_default());
            if !paths.directory(row.get(1)?)?.is_some_and(|folder| holds(&folder)) {
                continue;
            }
            for slot in (0..columns.len()).filter(|slot| columns.kind(*slot) == EntryKind::File) {
                if !can_be_checked(&columns, slot) {
                    sum.without_hash += 1;
                    continue;
                }
                let bytes = columns.size_bytes(slot);
                sum.files += 1;
                sum.bytes += bytes;
                // Which content it was of is not looked up: this only says how far an interrupted job had come.
                let mark = marks.0.get(slot * MARK_BYTES..(slot + 1) * MARK_BYTES);
                if mark.is_some_and(|mark| pass_of(mark) >= pass) {
                    sum.checked_files += 1;
                    sum.checked_bytes += bytes;
                }
            }
        }
        Ok((seen == COLUMNS_AT_ONCE).then_some(last + 1))
    }
}

impl Session {
    /// The number of a pass: that of the last one where `key` is the same, which goes on then, else a new one.
    pub fn begin_pass(&mut self, key: i64) -> Result<u32, CatalogError> {
        self.aside(|session| {
            let meta = |key: &str| -> Result<i64, CatalogError> {
                let mut statement = session.connection.prepare_cached("SELECT value FROM meta WHERE key = ?1")?;
                Ok(statement.query_row([key], |row| row.get(0)).optional()?.unwrap_or(0))
            };
            let mut pass = meta("checked_pass")?;
            if pass == 0 || meta("checked_pass_key")? != key {
                pass += 1;
                session
                    .connection
                    .prepare_cached(
                        "INSERT OR REPLACE INTO meta VALUES ('checked_pass', ?1), ('checked_pass_key', ?2)",
                    )?
                    .execute([pass, key])?;
            }
            Ok(u32::try_from(pass).unwrap_or(u32::MAX))
        })
    }

    /// Marks files as checked, in one transaction. Marks of what is no longer in a block go.
    pub fn put_checked(&mut self, mut checked: Vec<Checked>) -> Result<(), CatalogError> {
        checked.sort_unstable_by_key(|file| file.id);
        self.aside(|session| {
            for of_block in checked.chunk_by(|one, next| one.id.block() == next.id.block()) {
                session.put_marks(of_block)?;
            }
            Ok(())
        })
    }

    fn put_marks(&mut self, checked: &[Checked]) -> Result<(), CatalogError> {
        let block = checked[0].id.block();
        let mut statement = self.connection.prepare_cached("SELECT marks FROM checked WHERE block = ?1")?;
        let stored: Option<Vec<u8>> = statement.query_row([block], |row| row.get(0)).optional()?;
        let mut marks = Marks(stored.unwrap_or_default());
        for file in checked {
            marks.put(file.id.slot(), file.pass, &file.hash);
        }
        let is_there = self.with_block(block, |view| {
            let mut hashes = [None; BLOCK_SLOTS];
            view.for_each(|slot, item| hashes[slot] = item.entry.hash)?;
            for (slot, hash) in hashes.into_iter().enumerate() {
                if marks.pass(slot, hash) == 0 {
                    marks.clear(slot);
                }
            }
            Ok(())
        })?;
        let (Some(()), Some(oldest)) = (is_there, marks.oldest()) else { return Ok(()) };
        self.connection
            .prepare_cached("INSERT OR REPLACE INTO checked (block, oldest, marks) VALUES (?1, ?2, ?3)")?
            .execute(params![block, oldest, marks.0])?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_of_a_content_and_what_has_another_has_none() {
        let hash = |byte: u8| ContentHash::from_bytes([byte; 32]);
        let mut marks = Marks::default();
        assert_eq!((marks.pass(3, Some(hash(1))), marks.oldest()), (0, None));
        marks.put(3, 7, &hash(1));
        marks.put(0, 6, &hash(2));
        assert_eq!(marks.pass(3, Some(hash(1))), 7);
        assert_eq!((marks.pass(3, Some(hash(2))), marks.pass(3, None), marks.pass(9, None)), (0, 0, 0));
        assert_eq!((marks.oldest(), marks.0.len()), (Some(6), 4 * MARK_BYTES));
        marks.clear(0);
        marks.clear(200);
        assert_eq!(marks.oldest(), Some(7));
    }
}
