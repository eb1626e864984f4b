//! Small things that `find` asks of one snapshot.

use std::ops::ControlFlow;

use rusqlite::OptionalExtension;
use sanchay_core::ContentHash;

use super::folders::as_folder;
use super::place::Totals;
use super::tree::{PathResolver, RootNames};
use super::FileRow;
use crate::block::EntryId;
use crate::content::{content_key, for_each_piece};
use crate::error::CatalogError;
use crate::expression::HashPrefix;
use crate::reader::Reader;

impl Reader {
    /// One hit as it is shown; None when it is gone.
    pub(crate) fn file_row(
        &self,
        id: EntryId,
        paths: &mut PathResolver<'_>,
        roots: &RootNames,
    ) -> Result<Option<FileRow>, CatalogError> {
        if let Some(directory) = as_folder(id) {
            return self.folder_row(directory, paths, roots);
        }
        let found = self.entry(id, |item, directory| (item.entry, item.name.to_vec(), directory))?;
        let Some((entry, name, directory)) = found else {
            return Ok(None);
        };
        let Some(path) = paths.file(directory, &name)? else { return Ok(None) };
        let root_id = roots.root_of(&path);
        Ok(Some(FileRow { id, path, kind: entry.kind.into(), entry, root_id }))
    }

    /// Files and bytes of everything.
    pub(super) fn whole_totals(&self) -> Result<Totals, CatalogError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT coalesce(sum(u.files), 0), coalesce(sum(u.bytes), 0)
             FROM directory d JOIN usage u ON u.directory = d.id WHERE d.parent = 0",
        )?;
        Ok(statement
            .query_row([], |row| Ok(Totals::Exact(row.get::<_, i64>(0)? as u64, Some(row.get::<_, i64>(1)? as u64))))?)
    }

    /// Entries whose hash may begin with `prefix`, by id: empty files are not among them.
    pub(super) fn entries_with_hash(&self, prefix: &HashPrefix) -> Result<Vec<EntryId>, CatalogError> {
        let (low, high) = prefix.bounds();
        let mut entries = Vec::new();
        for algorithm in [sanchay_core::Algorithm::Blake3, sanchay_core::Algorithm::Sha256] {
            let keys = [low, high].map(|bytes| content_key(&ContentHash::from_bytes(bytes), algorithm));
            let (first, last) = (keys[0].min(keys[1]), keys[0].max(keys[1]));
            for_each_piece(&self.connection, first, last, &mut |piece| {
                let within = (0..piece.len()).filter(|&index| (first..=last).contains(&piece.key(index)));
                entries.extend(within.map(|index| piece.get(index).entry));
                Ok(ControlFlow::Continue(()))
            })?;
        }
        entries.sort_unstable();
        entries.dedup();
        Ok(entries)
    }

    /// The directory of a block; None when it is gone.
    pub(super) fn directory_of(&self, block: i64) -> Result<Option<i64>, CatalogError> {
        let mut statement = self.connection.prepare_cached("SELECT directory FROM block WHERE id = ?1")?;
        Ok(statement.query_row([block], |row| row.get(0)).optional()?)
    }

    /// The last block's id; 0: there is none.
    pub(super) fn last_block(&self) -> Result<i64, CatalogError> {
        let mut statement = self.connection.prepare_cached("SELECT coalesce(max(id), 0) FROM block")?;
        Ok(statement.query_row([], |row| row.get(0))?)
    }

    /// The first `most` indexed entries from `first` to `last` whose folded name contains `text`, by id, and whether
    /// there are more.
    pub(super) fn first_names(
        &self,
        text: &str,
        first: u64,
        last: u64,
        most: usize,
    ) -> Result<(Vec<EntryId>, bool), CatalogError> {
        let (mut entries, mut more) = (Vec::new(), false);
        self.names_containing(text, first, last, &mut |id| {
            more = entries.len() == most;
            if !more {
                entries.push(id);
            }
            Ok(!more)
        })?;
        Ok((entries, more))
    }
}
