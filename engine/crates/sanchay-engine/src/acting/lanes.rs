//! How many files a batch has, and its lanes: the parts of it that are worked on side by side. Most of an act is the system's work on one file, which goes
//! on for two of them at a time.

use std::ops::Range;

/// Lanes of a batch at most: beyond them threads wait for one another in the file system.
const LANES_MOST: usize = 4;
/// Items that are worth a thread.
const ITEMS_LEAST: usize = if cfg!(test) { 2 } else { 32 };

/// Files of a batch at most: the journal is synced twice for each.
const BATCH_MOST: usize = if cfg!(test) { 4 } else { 1_024 };
/// What is open for each of them: two files, and often their folders.
const OPEN_PER_FILE: usize = 4;

/// How many files a batch has: all of them are open at once, and half of what may be open is for others.
pub(super) fn batch_files() -> usize {
    (sanchay_act::open_files_limit() / 2 / OPEN_PER_FILE).clamp(1, BATCH_MOST)
}

/// Parts these items into lanes of about equal length. `belongs` says whether an item must be in one lane with the one
/// before it.
pub(super) fn lanes<T>(items: &[T], belongs: impl Fn(&T, &T) -> bool) -> Vec<Range<usize>> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(LANES_MOST);
    let length = items.len().div_ceil(threads).max(ITEMS_LEAST);
    let mut lanes = Vec::new();
    let mut start = 0;
    while start < items.len() {
        let mut end = (start + length).min(items.len());
        while end < items.len() && belongs(&items[end - 1], &items[end]) {
            end += 1;
        }
        lanes.push(start..end);
        start = end;
    }
    lanes
}

/// The items of each lane, to be changed.
pub(super) fn parted<'i, T>(mut items: &'i mut [T], lanes: &[Range<usize>]) -> Vec<&'i mut [T]> {
    let mut parts = Vec::with_capacity(lanes.len());
    for lane in lanes {
        let (part, rest) = items.split_at_mut(lane.len());
        parts.push(part);
        items = rest;
    }
    parts
}

/// Works on each lane, all at once, and gives what came of them in their order. The first is worked on by this thread.
pub(super) fn side_by_side<L: Send, T: Send>(lanes: Vec<L>, work: impl Fn(L) -> T + Sync) -> Vec<T> {
    let work = &work;
    std::thread::scope(|scope| {
        let mut lanes = lanes.into_iter();
        let first = lanes.next();
        let others: Vec<_> = lanes.map(|lane| scope.spawn(move || work(lane))).collect();
        let mut done: Vec<T> = first.map(work).into_iter().collect();
        for other in others {
            done.push(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        done
    })
}

#[cfg(test)]
mod tests {
    use super::{lanes, side_by_side};

    #[test]
    fn lanes_hold_all_items_in_order_and_keep_together_what_belongs_together() {
        for count in 0..50_usize {
            let items: Vec<usize> = (0..count).map(|number| number / 5).collect();
            let parted = lanes(&items, |before, item| before == item);
            assert_eq!(parted.iter().cloned().flatten().collect::<Vec<_>>(), (0..count).collect::<Vec<_>>());
            assert!(parted.iter().skip(1).all(|lane| items[lane.start] != items[lane.start - 1]), "{parted:?}");
            let sums = side_by_side(parted.clone(), |lane| items[lane].iter().sum::<usize>());
            assert_eq!((sums.len(), sums.iter().sum::<usize>()), (parted.len(), items.iter().sum()));
        }
    }
}
