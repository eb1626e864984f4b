//! However postings lie in the levels, what is found of them is what was put in last.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use proptest::prelude::*;

use super::level::{for_each_piece, postings_of, Probe};
use super::posting::GONE;
use super::*;
use crate::block::EntryId;
use crate::writer::Session;
use crate::{Catalog, CatalogError, CatalogOptions};

/// What is put in at once: how much room is made for it, and what comes or goes of which keys.
type Step = (usize, Vec<(i64, u64, bool)>);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    // Some of a key have to be more than a chunk holds.
    let change = (prop_oneof![4 => -3i64..3, 1 => any::<i64>()], 0u64..900, any::<bool>());
    let coming = prop_oneof![Just(0), Just(3_000), Just(40_000), Just(600_000), Just(20_000_000)];
    proptest::collection::vec((coming, proptest::collection::vec(change, 0..400)), 1..12)
}

fn posting(key: i64, entry: u64, inode: u64) -> Posting {
    Posting { key, entry: EntryId(entry), inode, size_bytes: 1 + entry, extension: 0, flags: 0 }
}

/// Puts the steps in, each in a transaction, and checks after each; `inode` tells when a posting was put.
fn check(session: &mut Session, steps: Vec<Step>) -> Result<(), CatalogError> {
    let mut expected: BTreeMap<(i64, u64), Posting> = BTreeMap::new();
    for (number, (coming, changes)) in steps.into_iter().enumerate() {
        let mut put = BTreeMap::new();
        for (key, entry, comes) in changes {
            let mut posting = posting(key, entry, number as u64);
            if !comes {
                posting.flags |= GONE;
            }
            put.insert(posting.order(), posting);
        }
        let level = session.make_way(coming)?;
        session.transaction(|session| session.put(level, &put.values().copied().collect::<Vec<_>>()).map(|_| ()))?;
        for (order, posting) in put {
            if posting.flags & GONE == 0 {
                expected.insert(order, posting);
            } else {
                expected.remove(&order);
            }
        }
        let mut found = Vec::new();
        for_each_piece(&session.connection, i64::MIN, i64::MAX, &mut |piece| {
            found.extend((0..piece.len()).map(|index| piece.get(index)));
            Ok(ControlFlow::Continue(()))
        })?;
        assert_eq!(found, expected.values().copied().collect::<Vec<_>>());
        let sizes = session.level_sizes()?;
        let mut probe = Probe::default();
        let mut keys: Vec<i64> = expected.keys().map(|(key, _)| *key).chain([-2, 7, i64::MAX]).collect();
        keys.sort_unstable();
        keys.dedup();
        for key in keys {
            let of_key: Vec<Posting> = expected.range((key, 0)..=(key, u64::MAX)).map(|(_, item)| *item).collect();
            assert_eq!(postings_of(&session.connection, key)?, of_key);
            assert_eq!(probe.postings_of(&session.connection, &sizes, key)?, of_key);
        }
        session.levels = session.levels.filter(|_| number % 3 > 0);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn what_is_found_is_what_was_put_in_last(steps in steps()) {
        let folder = tempfile::tempdir().unwrap();
        let catalog = Catalog::open(&folder.path().join("catalog.db"), CatalogOptions::default()).unwrap();
        catalog.writer().run(move |session| check(session, steps)).unwrap();
    }
}

#[test]
fn what_moved_down_is_where_it_was_counted_when_the_move_is_broken_off() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = Catalog::open(&folder.path().join("catalog.db"), CatalogOptions::default()).unwrap();
    let work = |session: &mut Session| {
        let many: Vec<Posting> = (0..60_000).map(|key| posting(key << 20, 1, 1)).collect();
        let few: Vec<Posting> = (0..600).map(|key| posting(key << 24, 1, 2)).collect();
        session.transaction(|session| session.put(0, &many))?;
        assert_eq!(session.make_way(600)?, 4, "few are not worth writing many for");
        session.transaction(|session| session.put(4, &few))?;
        session.connection.execute_batch(
            "CREATE TEMP TRIGGER refuse BEFORE DELETE ON content_chunk WHEN old.level = 4
             BEGIN SELECT RAISE(ABORT, 'no room'); END",
        )?;
        let newest = |session: &Session| Ok::<_, CatalogError>(postings_of(&session.connection, 1 << 24)?[0].inode);
        assert!(session.make_way(10_000_000).is_err());
        assert_eq!(newest(session)?, 2);
        session.connection.execute_batch("DROP TRIGGER refuse")?;
        assert_eq!(session.make_way(10_000_000)?, 0);
        let left: i64 =
            session.connection.query_row("SELECT count(*) FROM content_chunk WHERE level > 0", [], |row| row.get(0))?;
        assert_eq!((newest(session)?, left), (2, 0));
        Ok(())
    };
    catalog.writer().run(work).unwrap();
}
