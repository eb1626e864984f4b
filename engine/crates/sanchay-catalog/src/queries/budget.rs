//! How many bytes a page may take as a message. What a row takes is a bound from above, not an exact count.

/// What the numbers, words and tags of a row take at most, its paths and lists left out.
pub(super) const ROW_BYTES: usize = 160;

/// What is left of a page's bytes.
pub(super) struct Budget {
    left: usize,
    is_untouched: bool,
}

impl Budget {
    /// `max_bytes`: None is no bound.
    pub(super) fn new(max_bytes: Option<usize>) -> Self {
        Self { left: max_bytes.unwrap_or(usize::MAX), is_untouched: true }
    }

    /// Takes the bytes of a row, if they are left. Those of the first are always taken: a page without a row leads
    /// nowhere.
    pub(super) fn take(&mut self, bytes: usize) -> bool {
        let takes = self.is_untouched || bytes <= self.left;
        if takes {
            self.left = self.left.saturating_sub(bytes);
            self.is_untouched = false;
        }
        takes
    }
}

/// A path goes as exact bytes, and as it is shown.
pub(super) fn path_bytes(path: &[u8]) -> usize {
    path.len() + String::from_utf8_lossy(path).len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_ends_where_its_bytes_do_and_has_a_row() {
        let mut budget = Budget::new(Some(100));
        assert!(budget.take(60) && !budget.take(60) && budget.take(40) && !budget.take(1));
        let mut budget = Budget::new(Some(100));
        assert!(budget.take(1000) && !budget.take(1));
        let mut unbounded = Budget::new(None);
        assert!(unbounded.take(usize::MAX / 2) && unbounded.take(usize::MAX / 2));
        assert_eq!(path_bytes("é".as_bytes()), 4);
        assert_eq!(path_bytes(b"\xff\xff"), 2 + 6, "each byte is shown as a replacement character");
    }
}
