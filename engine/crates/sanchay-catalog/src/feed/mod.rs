//! The change feed's values: what happened to a file or folder, and many of it packed for one directory.
//!
//! Packing knows no SQL. A row of the feed is written by [`crate::Session`] in the transaction of the change, and read by
//! [`crate::Catalog::changes`].

mod cursor;
mod item;
mod kind;
mod list;

pub use cursor::Cursor;
pub use item::ChangeItem;
pub use kind::ChangeKind;
pub use list::{ChangeList, ITEMS_MOST};
