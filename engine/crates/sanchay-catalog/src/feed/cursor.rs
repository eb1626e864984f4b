//! A place in the feed, as text that may be kept for as long as one likes.

use crate::error::CatalogError;

/// The next change to read. Written `cEPOCH.SEQUENCE.POSITION`: no time or span of time begins with that letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    /// Of the catalog that gave it.
    pub epoch: i64,
    /// Row.
    pub sequence: i64,
    /// In the row.
    pub position: usize,
}

impl Cursor {
    /// Reads what `Display` wrote.
    pub fn parse(text: &str) -> Result<Self, CatalogError> {
        let read = || {
            let mut parts = text.strip_prefix('c')?.split('.');
            let cursor = Self {
                epoch: parts.next()?.parse().ok()?,
                sequence: parts.next()?.parse().ok()?,
                position: parts.next()?.parse().ok()?,
            };
            (parts.next().is_none() && cursor.sequence >= 0).then_some(cursor)
        };
        read().ok_or_else(|| {
            CatalogError::InvalidArgument(format!(
                "'{text}' is no cursor: an earlier answer ends with one to go on from"
            ))
        })
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "c{}.{}.{}", self.epoch, self.sequence, self.position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_and_anything_else_is_refused() {
        let cursor = Cursor { epoch: 7, sequence: 12, position: 3 };
        assert_eq!(Cursor::parse(&cursor.to_string()).unwrap(), cursor);
        for text in ["", "c", "c1.2", "c1.2.3.4", "1.2.3", "c1.-2.3", "c1.2.x", "7d"] {
            assert!(Cursor::parse(text).is_err(), "{text}");
        }
    }
}
