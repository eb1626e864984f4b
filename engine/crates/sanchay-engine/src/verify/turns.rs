//! Which file is checked next: first those that were never, then those whose last check is longest ago.

use std::collections::VecDeque;

use sanchay_catalog::{Catalog, CheckedRow, HashedFile};

use crate::error::EngineError;

/// The files of a pass, in their order. What is given out is not given out again, whatever comes of it.
pub(super) struct Turns<'a> {
    catalog: &'a Catalog,
    pass: u32,
    holds: &'a dyn Fn(&[u8]) -> bool,
    ready: VecDeque<HashedFile>,
    /// Where the search for what was never checked goes on.
    never_from: Option<i64>,
    after: CheckedRow,
}

impl<'a> Turns<'a> {
    pub(super) fn new(catalog: &'a Catalog, pass: u32, holds: &'a dyn Fn(&[u8]) -> bool) -> Self {
        let ready = VecDeque::new();
        Self { catalog, pass, holds, ready, never_from: Some(0), after: CheckedRow::default() }
    }

    /// The next file. Where it is looked for among those that were checked, `write_marks` is called first: their order
    /// hangs on marks that may not be written yet.
    pub(super) fn next(
        &mut self,
        write_marks: &mut dyn FnMut() -> Result<(), EngineError>,
    ) -> Result<Option<HashedFile>, EngineError> {
        loop {
            if let Some(file) = self.ready.pop_front() {
                return Ok(Some(file));
            }
            let files = if let Some(from) = self.never_from {
                let (files, next) = self.catalog.never_checked(from)?;
                self.never_from = next;
                files
            } else {
                write_marks()?;
                let Some((row, next)) = self.catalog.next_checked(self.after, self.pass)? else { return Ok(None) };
                self.after = row;
                let until = next.unwrap_or(self.pass - 1);
                let mut files = self.catalog.checked_files(row.block)?;
                // Those of the block that were checked later than the next block's come after it.
                files.retain(|file| file.pass <= until && file.pass < self.pass);
                files.sort_by_key(|file| file.pass);
                files
            };
            let holds = self.holds;
            self.ready.extend(files.into_iter().filter(|file| holds(&file.folder)));
        }
    }
}
