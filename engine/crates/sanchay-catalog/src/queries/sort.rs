//! The orders that the hits of `find` can have.

use crate::error::CatalogError;

/// What hits are ordered by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SortKey {
    /// As they are stored: nearly the order of folders. The quickest.
    #[default]
    Stored,
    /// By whole path, bytes.
    Path,
    /// By name, bytes.
    Name,
    /// By apparent size.
    Size,
    /// By modification.
    Modified,
    /// By birth; files without one come first.
    Created,
}

/// An order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sort {
    /// By what.
    pub key: SortKey,
    /// Largest, or last, first.
    pub descending: bool,
}

impl Sort {
    /// Reads `size`, `-size` and the like; empty is [`SortKey::Stored`].
    pub fn parse(text: &str) -> Result<Self, CatalogError> {
        let (name, descending) = text.strip_prefix('-').map_or((text, false), |name| (name, true));
        let key = match name {
            "" => SortKey::Stored,
            "path" => SortKey::Path,
            "name" => SortKey::Name,
            "size" => SortKey::Size,
            "modified" => SortKey::Modified,
            "created" => SortKey::Created,
            other => {
                return Err(CatalogError::InvalidArgument(format!(
                    "'{other}' is no order: use path, name, size, modified or created, with - in front for the reverse"
                )))
            }
        };
        Ok(Self { key, descending })
    }
}
