//! Questions that are called off, at each of many moments.

use std::time::{Duration, Instant};

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
            let request = FindRequest {
                expression: &expression,
                sort,
                limit: 50,
                max_bytes: None,
                token: "",
                patience: None,
                roots: &roots,
            };
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
        assert!(call_off(catalog, &|| catalog.shared_folders(&request)) > 10);
    }
    assert!(call_off(catalog, &|| catalog.not_compared(&roots)) > 0);
    let usage = UsageRequest { depth: 9, limit: 2_000, with_files: true, with_types: true, ..UsageRequest::default() };
    assert!(call_off(catalog, &|| catalog.usage(&usage)) > 10);
    let growth = GrowthRequest { path: None, days: 7, limit: 9, max_bytes: None, now_ns: 500 * S };
    assert!(call_off(catalog, &|| catalog.growth(&growth)) > 0);
    for by in [SummaryBy::Type, SummaryBy::Age] {
        assert!(call_off(catalog, &|| catalog.summary(by, &[], &roots, 500 * S)) > 0);
    }
    assert!(call_off(catalog, &|| catalog.check(false, &|| true)) > 10);
}

#[test]
fn a_pass_whose_time_is_up_gives_what_it_found_and_a_token_only_where_nothing_is_left_out() {
    let fixture = Fixture::new(9_000);
    let (far, limit) = (Instant::now() + Duration::from_secs(86_400), 40);
    let below = format!("path:**D120/**invoice** under:\"{}\"", sanchay_core::path::display(&top()));
    let questions = ["a", "invoice", "in", "size:>1k", "-invoice", "dup:yes", "path:**d12**", &below, "links:2"];
    let (mut with_token, mut without) = (0, 0);
    for (text, order) in questions.into_iter().flat_map(|text| ["", "-size", "name"].map(|order| (text, order))) {
        let sort = Sort::parse(order).unwrap();
        let whole = fixture.find(4, text, sort, 100_000, "");
        let paths = |page: &FindPage| page.rows.iter().map(|row| row.path.clone()).collect::<Vec<_>>();
        let hits = paths(&whole);
        let known: std::collections::HashSet<_> = hits.iter().collect();
        let mut asks = 1;
        loop {
            let halt = Halt::default().until(far).after(asks);
            let (threads, expression) = (1 + asks as usize % 2 * 3, parse(text, 500 * S, &UtcTime, &SystemOwners));
            let request = FindRequest {
                expression: &expression.unwrap(),
                sort,
                limit,
                max_bytes: None,
                token: "",
                patience: None,
                roots: &RootNames::default(),
            };
            let find = |reader: &crate::reader::Reader| {
                let parallel = Parallel::of(fixture.catalog.readers(), reader, threads);
                fixture.catalog.find_on(&parallel, reader, &request)
            };
            let page = match halt.over(|| fixture.catalog.reader()?.snapshot(find)) {
                Err(CatalogError::Cancelled) => FindPage { out_of_patience: true, ..FindPage::default() },
                outcome => outcome.unwrap(),
            };
            let rows = paths(&page);
            if !page.out_of_patience {
                assert_eq!(rows, hits[..limit.min(hits.len())], "{text} {order}");
                break;
            }
            assert!(rows.iter().all(|path| known.contains(path)), "{text} {order}");
            assert!(
                page.total_at_least <= hits.len() as u64 && page.total.is_none_or(|total| total == hits.len() as u64)
            );
            if page.next_token.is_empty() {
                without += 1;
            } else {
                with_token += 1;
                assert_eq!(rows, hits[..limit], "{text} {order}");
                let next = fixture.find(4, text, sort, limit, &page.next_token);
                assert_eq!(paths(&next), hits[limit..(2 * limit).min(hits.len())], "{text} {order}");
            }
            asks += 1 + asks / 6;
        }
    }
    assert!(with_token > 20 && without > 20, "{with_token} {without}");
}

#[test]
fn without_any_patience_there_is_an_answer_all_the_same() {
    let fixture = Fixture::new(60);
    let expression = parse("dup:yes", 500 * S, &UtcTime, &SystemOwners).unwrap();
    let mut request = FindRequest {
        expression: &expression,
        sort: Sort::parse("").unwrap(),
        limit: 9,
        max_bytes: None,
        token: "",
        patience: Some(Duration::ZERO),
        roots: &RootNames::default(),
    };
    let page = fixture.catalog.find(&request).unwrap();
    assert!(page.out_of_patience && page.total.is_none() && page.next_token.is_empty());
    request.patience = Some(Duration::from_secs(86_400));
    let page = fixture.catalog.find(&request).unwrap();
    assert!(!page.out_of_patience && page.total.is_some() && page.rows.len() == 9);
}
