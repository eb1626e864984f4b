//! Work in people's trees, one after another where it shares folders: scans, live listings, whatever else works there.

use std::sync::Arc;

use crate::trees::shares_folders;

use super::control::Control;

/// Work that runs or waits for its turn.
#[derive(Debug)]
pub(crate) struct Turn {
    number: u64,
    root_ids: Vec<i64>,
    trees: Vec<Vec<u8>>,
    /// Steers it.
    pub(crate) control: Arc<Control>,
}

impl Turn {
    fn is_within_reach(&self, path: &[u8]) -> bool {
        self.trees.iter().any(|tree| shares_folders(tree, path))
    }
}

/// All work that has not ended, in the order in which it was asked for. One who waits for a turn looks again when
/// something ended.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    work: Vec<Turn>,
    last_number: u64,
}

impl Turns {
    /// Takes work in some roots, whose folders are `trees`; the number by which it ends.
    pub(crate) fn enlist(&mut self, root_ids: Vec<i64>, trees: Vec<Vec<u8>>, control: Arc<Control>) -> u64 {
        self.last_number += 1;
        self.work.push(Turn { number: self.last_number, root_ids, trees, control });
        self.last_number
    }

    /// It has ended.
    pub(crate) fn end(&mut self, number: u64) {
        self.work.retain(|turn| turn.number != number);
    }

    /// Whether nothing runs or waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.work.is_empty()
    }

    /// All of it.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Turn> {
        self.work.iter()
    }

    /// What works in a root.
    pub(crate) fn of_root(&self, root_id: i64) -> impl Iterator<Item = &Turn> {
        self.work.iter().filter(move |turn| turn.root_ids.contains(&root_id))
    }

    /// What works above, at or below a path.
    pub(crate) fn around<'a>(&'a self, path: &'a [u8]) -> impl Iterator<Item = &'a Turn> {
        self.work.iter().filter(move |turn| turn.is_within_reach(path))
    }

    /// Earlier work that shares folders with this one: it goes first.
    pub(crate) fn before(&self, number: u64) -> impl Iterator<Item = &Turn> {
        let own = self.work.iter().find(|turn| turn.number == number).map_or(&[][..], |turn| &turn.trees);
        self.work.iter().filter(move |turn| turn.number < number && own.iter().any(|tree| turn.is_within_reach(tree)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enlist(turns: &mut Turns, roots: &[i64], trees: &[&str]) -> u64 {
        let trees = trees.iter().map(|tree| tree.as_bytes().to_vec()).collect();
        turns.enlist(roots.to_vec(), trees, Arc::new(Control::new(false, "")))
    }

    fn before(turns: &Turns, number: u64) -> Vec<u64> {
        turns.before(number).map(|turn| turn.number).collect()
    }

    #[test]
    fn work_waits_for_what_was_asked_for_earlier_in_any_of_its_trees() {
        let mut turns = Turns::default();
        let photos = enlist(&mut turns, &[1], &["/photos"]);
        let films = enlist(&mut turns, &[2], &["/films"]);
        let both = enlist(&mut turns, &[1, 2], &["/photos/2019", "/films"]);
        let music = enlist(&mut turns, &[3], &["/music"]);
        let later = enlist(&mut turns, &[2], &["/films/short"]);
        assert!(
            before(&turns, photos).is_empty() && before(&turns, films).is_empty() && before(&turns, music).is_empty()
        );
        assert_eq!(before(&turns, both), [photos, films]);
        assert_eq!(before(&turns, later), [films, both]);
        turns.end(films);
        assert_eq!(before(&turns, both), [photos]);
        turns.end(photos);
        assert!(before(&turns, both).is_empty());
        assert_eq!(turns.of_root(2).map(|turn| turn.number).collect::<Vec<_>>(), [both, later]);
        assert_eq!(turns.around(b"/music/a").map(|turn| turn.number).collect::<Vec<_>>(), [music]);
    }
}
