//! What the comparison of a directory tells the change feed.

use std::collections::{HashMap, HashSet};

use sanchay_catalog::block::Entry;
use sanchay_catalog::feed::{ChangeItem, ChangeKind, ChangeList};
use sanchay_core::Witness;

use super::stored::{Fresh, Stored};

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
fn file_of(entry: &Entry) -> Witness {
    entry.witness().without_ctime()
}
