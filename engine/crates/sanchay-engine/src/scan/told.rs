//! What the comparison of a directory tells the change feed.

use std::collections::{HashMap, HashSet};

use sanchay_catalog::block::Entry;
use sanchay_catalog::feed::{ChangeItem, ChangeKind, ChangeList};
use sanchay_catalog::{CatalogError, RootRow};

use super::compare::{Fresh, Stored};
use super::context::Context;
use crate::error::EngineError;

/// Tells what went, came and changed: regular files only. A name that went and one that came with the same inode, size
/// and time are a rename; across directories that would take a memory of the whole scan, and they stay two changes.
pub(super) fn tell_changes(changes: &mut ChangeList, stored: &Stored<'_>, fresh: &[Fresh<'_>], fleeting_inodes: bool) {
    let mut gone: Vec<usize> = stored.gone().filter(|&number| stored.get(number).entry.is_file()).collect();
    let mut renamed: HashMap<&[u8], usize> = HashMap::new();
    if !gone.is_empty() && !fleeting_inodes {
        let mut by_file: HashMap<_, usize> =
            gone.iter().map(|&number| (file_of(&stored.get(number).entry), number)).collect();
        for item in fresh.iter().filter(|item| item.replaces.is_none() && item.entry.is_file()) {
            if let Some(number) = by_file.remove(&file_of(&item.entry)) {
                renamed.insert(item.name, number);
            }
        }
        let from: HashSet<usize> = renamed.values().copied().collect();
        gone.retain(|number| !from.contains(number));
    }
    for number in gone {
        let item = stored.get(number);
        let size_bytes = item.entry.size_bytes;
        changes.push(&ChangeItem::file(ChangeKind::Removed, item.name, -(size_bytes as i64), size_bytes));
    }
    for item in fresh {
        let old = item.replaced(stored, fleeting_inodes).filter(Entry::is_file);
        let (size_bytes, is_file) = (item.entry.size_bytes, item.entry.is_file());
        if let Some(&from) = renamed.get(item.name) {
            changes.push(&ChangeItem::renamed(stored.get(from).name, item.name, size_bytes));
        } else if let Some(old) = old.filter(|_| is_file) {
            if let Some(kind) = ChangeKind::between(&old, &item.entry) {
                let delta = size_bytes as i64 - old.size_bytes as i64;
                changes.push(&ChangeItem::file(kind, item.name, delta, size_bytes));
            }
        } else if let Some(old) = old {
            let gone_bytes = old.size_bytes;
            changes.push(&ChangeItem::file(ChangeKind::Removed, item.name, -(gone_bytes as i64), gone_bytes));
        } else if is_file {
            changes.push(&ChangeItem::file(ChangeKind::Added, item.name, size_bytes as i64, size_bytes));
        }
    }
}

/// What stays the same when a file is renamed.
fn file_of(entry: &Entry) -> (u64, u64, i64) {
    (entry.inode, entry.size_bytes, entry.mtime_ns)
}

/// Runs the listing of a root. What a first one finds becomes one row of the feed, not a row for each file; that of a
/// root inside one that was scanned already is no first look.
pub(super) fn telling(
    context: &Context<'_>,
    row: &RootRow,
    rows: &[RootRow],
    listing: impl FnOnce() -> Result<(), EngineError>,
) -> Result<(), EngineError> {
    let is_first = row.scanned_ns == 0 && !rows.iter().any(|other| other.scanned_ns != 0 && other.holds(&row.path));
    let (catalog, tree, root) = (context.catalog, context.tree, row.id);
    if !is_first {
        listing()?;
        if row.scanned_ns == 0 {
            // A first scan may have been broken off by a crash before an outer root took its rows over.
            let path = row.path.clone();
            catalog.writer().run(move |session| session.end_baseline(tree, root, &path))?;
        }
        return Ok(());
    }
    catalog.writer().run(move |session| {
        session.begin_baseline(tree, root);
        Ok(())
    })?;
    let outcome = listing();
    let ended = catalog.persist(&|| !context.control.is_cancelled(), &mut || {
        let path = row.path.clone();
        catalog.writer().run(move |session| session.end_baseline(tree, root, &path))
    });
    if ended.is_err() {
        // Changes to come are told one by one, as after a restart: nothing must wait for an end that may never come.
        catalog.writer().run(move |session| {
            session.leave_baseline(tree);
            Ok(())
        })?;
    }
    outcome.and(ended.map_err(|error: CatalogError| error.into()))
}
