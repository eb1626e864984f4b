//! Questions that are called off, at each of many moments.

use super::*;
use crate::error::CatalogError;
use crate::Halt;

/// Asks again and again, a little further each time, until the question comes to its end before it is called off. Gives
/// how often it did not.
fn call_off<T: std::fmt::Debug>(catalog: &Catalog, ask: &dyn Fn() -> Result<T, CatalogError>) -> usize {
    let (mut asks, mut called_off) = (1, 0);
    let at_last = loop {
        match Halt::at(asks).over(ask) {
            Err(CatalogError::Cancelled) => called_off += 1,
            outcome => break outcome.unwrap(),
        }
        assert_eq!(catalog.readers_in_use(), 0);
        asks += 1 + asks / 8;
    };
    assert_eq!(
        format!("{at_last:?}"),
        format!("{:?}", ask().unwrap()),
        "nothing is left of those that were called off"
    );
    called_off
}

#[test]
fn a_question_that_is_called_off_ends_and_the_next_one_is_answered() {
    let fixture = Fixture::new(9_000);
    let catalog = &fixture.catalog;
    let roots = RootNames::default();
    let under = format!("under:\"{}\"", sanchay_core::path::display(&join(&top(), b"d120")));
    let expressions =
        ["invoice", "in", "-invoice", "dup:yes", "-dup:yes", "path:**/d12*/**/*.mp4", "type:folder", &under];
    for (text, order) in expressions.into_iter().zip(["", "-size", "name", "", "-path", "", "name", "modified"]) {
        let expression = parse(text, 500 * S, &UtcTime, &SystemOwners).unwrap();
        let sort = Sort::parse(order).unwrap();
        let called_off = call_off(catalog, &|| {
            let request =
                FindRequest { expression: &expression, sort, limit: 50, max_bytes: None, token: "", roots: &roots };
            catalog.find(&request)
        });
        assert!(called_off > 10, "{text}: {called_off}");
        let hits = || {
            let mut stream = FileStream::new(expression.clone(), roots.clone());
            let mut hits = 0;
            while stream.next(catalog, &mut |_| hits += 1)? {}
            Ok(hits)
        };
        assert!(call_off(catalog, &hits) > 0, "an export of {text}");
    }
    let below = join(&top(), b"d120");
    for under in [None, Some(below.as_slice())] {
        let request = DuplicateRequest {
            under: under.into_iter().collect(),
            min_size_bytes: 1,
            limit: 30,
            paths_limit: 9,
            ..DuplicateRequest::default()
        };
        assert!(call_off(catalog, &|| catalog.duplicates(&request)) > 10);
    }
    assert!(call_off(catalog, &|| catalog.not_compared(&roots)) > 0);
    let usage = UsageRequest { depth: 9, limit: 2_000, ..UsageRequest::default() };
    assert!(call_off(catalog, &|| catalog.usage(&usage)) > 10);
    let growth = GrowthRequest { path: None, days: 7, limit: 9, max_bytes: None, now_ns: 500 * S };
    assert!(call_off(catalog, &|| catalog.growth(&growth)) > 0);
    for by in [SummaryBy::Type, SummaryBy::Age] {
        assert!(call_off(catalog, &|| catalog.summary(by, &[], &roots, 500 * S)) > 0);
    }
    assert!(call_off(catalog, &|| catalog.check(false, &|| true)) > 10);
}
