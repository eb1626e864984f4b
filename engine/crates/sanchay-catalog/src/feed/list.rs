//! The changes of one directory, packed as they come.

use super::item::ChangeItem;

/// Changes in one row of the feed at most: reading on from the middle of a row stays cheap.
pub const ITEMS_MOST: usize = 1024;

/// Changes of one directory.
#[derive(Clone, Debug, Default)]
pub struct ChangeList {
    rows: Vec<PackedRow>,
}

/// What becomes one row.
#[derive(Clone, Debug, Default)]
pub(crate) struct PackedRow {
    pub(crate) count: usize,
    /// Some of it concerns other paths than those right in the directory.
    pub(crate) folders: bool,
    pub(crate) items: Vec<u8>,
}

impl ChangeList {
    /// Puts `item` behind the others.
    pub fn push(&mut self, item: &ChangeItem<'_>) {
        if self.rows.last().is_none_or(|row| row.count >= ITEMS_MOST) {
            self.rows.push(PackedRow::default());
        }
        if let Some(row) = self.rows.last_mut() {
            row.count += 1;
            row.folders |= item.folder || item.from.is_some();
            item.pack(&mut row.items);
        }
    }

    /// Whether nothing happened.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(crate) fn rows(&self) -> &[PackedRow] {
        &self.rows
    }
}
