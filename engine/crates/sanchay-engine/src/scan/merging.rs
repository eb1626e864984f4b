//! Merging content keys at the end of a scan, or in the middle of a long one.

use std::ops::ControlFlow;

use sanchay_catalog::Catalog;

use crate::error::EngineError;
use crate::job::Control;

/// Merges what is staged, even when the scan was cancelled: what was read must not be read again.
pub(super) fn merge(catalog: &Catalog, control: &Control) -> Result<(), EngineError> {
    let mut work = || catalog.writer().run(|session| session.merge_content(&mut |_| ControlFlow::Continue(())));
    Ok(catalog.persist(&|| !control.is_cancelled(), &mut work)?)
}
