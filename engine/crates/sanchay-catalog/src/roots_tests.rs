//! Settings of roots as they are written.

use crate::writer::Session;
use crate::{Catalog, CatalogOptions};

#[test]
fn settings_that_are_so_already_are_not_written() {
    let place = tempfile::tempdir().unwrap();
    let catalog = Catalog::open(&place.path().join("catalog.db"), CatalogOptions::default()).unwrap();
    let written = |settings: &'static str| {
        let put = move |session: &mut Session| {
            let before = session.connection.total_changes();
            session.put_root(1, b"/films", settings)?;
            Ok(session.connection.total_changes() - before)
        };
        catalog.writer().run(put).unwrap()
    };
    assert!(written("{}") > 0 && written("{\"a\":1}") > 0);
    assert_eq!(written("{\"a\":1}"), 0);
}
