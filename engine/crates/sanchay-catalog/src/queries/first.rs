//! The first few of many, in order.

/// Most places that are held besides those that are wanted: long orders take much memory as it is.
const MORE: usize = 1 << 18;

/// The `limit + 1` first of all that are offered: one more than a page takes, to know whether there is another page.
/// More are held, at most twice as many, and then cut in one go.
#[derive(Debug)]
pub(super) struct First<P> {
    limit: usize,
    kept: Vec<P>,
    /// What comes behind it need not be kept: that many come before it.
    worst: Option<P>,
}

impl<P: Ord + Clone> First<P> {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, kept: Vec::new(), worst: None }
    }

    pub(super) fn offer(&mut self, place: P) {
        if self.worst.as_ref().is_some_and(|worst| place >= *worst) {
            return;
        }
        self.kept.push(place);
        if self.kept.len() > self.limit.saturating_add(self.limit.clamp(1, MORE)) {
            self.cut();
        }
    }

    /// What is offered behind this is not kept; None as long as anything is.
    pub(super) fn worst(&self) -> Option<&P> {
        self.worst.as_ref()
    }

    fn cut(&mut self) {
        if self.kept.len() > self.limit.saturating_add(1) {
            let (_, worst, _) = self.kept.select_nth_unstable(self.limit);
            self.worst = Some(worst.clone());
            self.kept.truncate(self.limit + 1);
        }
    }

    /// Adds what another pass kept.
    pub(super) fn merge(&mut self, other: Self) {
        if self.kept.is_empty() && self.worst.is_none() {
            *self = Self { limit: self.limit, ..other };
        } else {
            self.kept.extend(other.kept);
        }
        self.cut();
    }

    /// In order.
    pub(super) fn into_sorted(mut self) -> Vec<P> {
        self.cut();
        self.kept.sort_unstable();
        self.kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_first_of_several_passes_are_the_first_of_all(
            passes in proptest::collection::vec(proptest::collection::hash_set(any::<u16>(), 0..80), 0..4),
            limit in prop_oneof![0usize..30, Just(usize::MAX)],
        ) {
            let mut first = First::new(limit);
            for (number, pass) in passes.iter().enumerate() {
                let mut one = First::new(limit);
                for value in pass {
                    one.offer((*value, number));
                }
                first.merge(one);
            }
            let all = passes.iter().enumerate().flat_map(|(number, pass)| pass.iter().map(move |value| (*value, number)));
            let mut expected: Vec<_> = all.collect();
            expected.sort_unstable();
            expected.truncate(limit.saturating_add(1));
            prop_assert_eq!(first.into_sorted(), expected);
        }
    }
}
