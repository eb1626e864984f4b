//! Who waits until everything that happened before a moment is in the catalog.
//!
//! A sync puts a cookie into the root; when its event comes, all events before it have been heard: whatever waits is done at
//! once, and events after it are kept until then. Work is numbered by *epochs*: a new one begins when nothing waits any
//! more, and the sync is over when nothing of its epoch or an earlier one is left in its root. What work led to counts
//! for its epoch. So a folder that never rests holds up no one.

use std::collections::BTreeMap;

use super::cookie::Cookie;
use crate::engine::Scan;

/// A folder that was renamed before it could be looked at is looked at when the event has come, which a second cookie says.
/// What is missed after so many is not explained by any event: the root is compared.
pub(super) const COOKIES_MOST: u8 = 3;
/// A cookie whose event has not come after this long never comes: the root is compared instead.
pub(super) const COOKIE_MS: u64 = 3000;

/// How far a sync is.
pub(super) enum Stage {
    /// A cookie was put, and is waited for until then.
    Cookie { cookie: Cookie, until_ms: u64 },
    /// Its event has come: whatever waits is being done.
    Draining,
    /// Everything up to this epoch is to be done.
    Settling { epoch: u64 },
}

/// One sync.
pub(super) struct Ticket {
    /// The root that was asked for.
    pub(super) root_id: i64,
    /// The root whose watching covers it.
    pub(super) watched_id: i64,
    pub(super) scan: Scan,
    pub(super) stage: Stage,
    /// Something was not where events up to now have it: the event that tells where it went is waited for.
    pub(super) missed: bool,
    /// Cookies that were put so far.
    pub(super) cookies: u8,
}

impl Ticket {
    /// Notes that work of an epoch missed something.
    pub(super) fn miss(&mut self, epoch: u64) {
        self.missed |= matches!(self.stage, Stage::Settling { epoch: own } if epoch <= own);
    }
}

/// How much work of each epoch is under way in each root.
#[derive(Default)]
pub(super) struct Outstanding(BTreeMap<(i64, u64), usize>);

impl Outstanding {
    pub(super) fn add(&mut self, root_id: i64, epoch: u64, count: usize) {
        if count > 0 {
            *self.0.entry((root_id, epoch)).or_default() += count;
        }
    }

    pub(super) fn done(&mut self, root_id: i64, epoch: u64, count: usize) {
        if let Some(left) = self.0.get_mut(&(root_id, epoch)) {
            *left = left.saturating_sub(count);
            if *left == 0 {
                self.0.remove(&(root_id, epoch));
            }
        }
    }

    /// Whether nothing is left of `epoch` and before.
    pub(super) fn is_settled(&self, root_id: i64, epoch: u64) -> bool {
        self.0.range((root_id, 0)..=(root_id, epoch)).next().is_none()
    }

    pub(super) fn count(&self, root_id: i64) -> usize {
        self.0.range((root_id, 0)..=(root_id, u64::MAX)).map(|(_, count)| count).sum()
    }

    pub(super) fn forget(&mut self, root_id: i64) {
        self.0.retain(|(root, _), _| *root != root_id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_epochs_hold_up_nobody() {
        let mut outstanding = Outstanding::default();
        outstanding.add(1, 1, 2);
        outstanding.add(1, 2, 1);
        outstanding.add(2, 1, 1);
        assert!(!outstanding.is_settled(1, 1));
        outstanding.done(1, 1, 2);
        assert!(outstanding.is_settled(1, 1) && !outstanding.is_settled(1, 2));
        assert_eq!(outstanding.count(1), 1);
        outstanding.forget(2);
        assert!(outstanding.is_settled(2, 9));
    }
}
