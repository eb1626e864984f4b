//! The first look at a root: a baseline, and no change that anybody made.

use sanchay_catalog::{CatalogError, RootRow};
use sanchay_core::Source;

use super::context::Context;
use crate::error::EngineError;

/// Runs the listing of a root. What a first one finds becomes one row of the feed, not a row for each file; that of a
/// root inside one that was scanned already is no first look.
pub(super) fn telling<S: Source>(
    context: &Context<'_, S>,
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
