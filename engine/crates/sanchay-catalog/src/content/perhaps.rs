//! Copies that may be one file: what a union, a pass-through or a share shows lies on another volume too, under another
//! inode, and nothing on the disk says so.
//!
//! As few files as the copies can amount to are counted as files: to say that there are two where there is one would have
//! the only copy cleared away.

use std::collections::{HashMap, HashSet};

use sanchay_core::Shows;

use super::copies::{Facts, SharedContent};
use super::posting::{Posting, MULTIPLE_LINKS};
use crate::block::EntryId;
use crate::error::CatalogError;

/// The copies of one content that may be another of them, each by the first of its names.
pub(super) struct Perhaps(HashSet<EntryId>);

/// A physical copy, as far as inodes tell.
#[derive(Clone, Copy, Debug)]
struct Copy {
    entry: EntryId,
    volume: i64,
    shows: Shows,
    birth_ns: Option<i64>,
    has_links: bool,
}

impl Perhaps {
    pub(super) fn of(postings: &[Posting], facts: &mut dyn Facts) -> Result<Self, CatalogError> {
        let mut copies = Vec::new();
        let mut any = false;
        SharedContent(postings).for_each_copy(facts, &mut |names, facts| {
            let volume = facts.volume(&names[0])?;
            let shows = facts.shows(volume)?;
            any |= shows != Shows::Own;
            let (entry, has_links) = (names[0].entry, names[0].flags & MULTIPLE_LINKS != 0);
            copies.push(Copy { entry, volume, shows, birth_ns: None, has_links });
            Ok(())
        })?;
        if !any {
            return Ok(Self(HashSet::new()));
        }
        if copies.iter().any(|copy| copy.shows == Shows::Layers) {
            for copy in &mut copies {
                copy.birth_ns = facts.birth_ns(copy.entry)?;
            }
        }
        Ok(Self(doubtful(copies)))
    }

    pub(super) fn may_be_another(&self, first_name: EntryId) -> bool {
        self.0.contains(&first_name)
    }
}

/// Files that copies of another volume may be, each of which stands for one of them.
#[derive(Default)]
struct Pool {
    all: usize,
    by_birth: HashMap<Option<i64>, usize>,
    servers: HashMap<i64, usize>,
    layers: usize,
}

impl Pool {
    fn of(files: &[Copy]) -> Self {
        let mut pool = Self { all: files.len(), ..Self::default() };
        for file in files {
            match file.shows {
                Shows::Server(server) => *pool.servers.entry(server).or_default() += 1,
                Shows::Layers => pool.layers += 1,
                Shows::Own | Shows::Others => {}
            }
            if !matches!(file.shows, Shows::Server(_)) {
                *pool.by_birth.entry(file.birth_ns).or_default() += 1;
            }
        }
        pool
    }

    /// Whether a file is left that `copy` may be; it stands for no other then.
    fn take(&mut self, copy: &Copy) -> bool {
        let take = |left: &mut usize| {
            let is_left = *left > 0;
            *left -= usize::from(is_left);
            is_left
        };
        let mut of_birth = |birth| self.by_birth.get_mut(&birth).is_some_and(take);
        match copy.shows {
            Shows::Own => false,
            Shows::Others => take(&mut self.all),
            Shows::Server(server) => self.servers.get_mut(&server).is_some_and(take) || take(&mut self.layers),
            Shows::Layers if copy.birth_ns.is_some() => of_birth(copy.birth_ns) || of_birth(None),
            // Of unknown birth: any.
            Shows::Layers => self.by_birth.values_mut().find(|left| **left > 0).is_some_and(take),
        }
    }
}

fn doubtful(mut copies: Vec<Copy>) -> HashSet<EntryId> {
    let rank = |shows: Shows| match shows {
        Shows::Own => 0,
        Shows::Layers => 1,
        Shows::Server(_) => 2,
        Shows::Others => 3,
    };
    // What may be any file comes last: all others are counted by then.
    copies.sort_by_key(|copy| (rank(copy.shows), copy.volume, copy.entry));
    let (mut files, mut doubtful) = (Vec::new(), HashSet::new());
    for of_volume in copies.chunk_by(|a, b| a.volume == b.volume) {
        let mut pool = Pool::of(&files);
        let mut linked = false;
        for copy in of_volume {
            // Programs number each name of a linked file by itself.
            let is_link = copy.shows == Shows::Others && copy.has_links && std::mem::replace(&mut linked, true);
            if is_link || pool.take(copy) {
                doubtful.insert(copy.entry);
            } else {
                files.push(*copy);
            }
        }
    }
    doubtful
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copies(of: &[(i64, Shows, Option<i64>)]) -> usize {
        let copy = |(at, (volume, shows, birth_ns)): (usize, &(i64, Shows, Option<i64>))| Copy {
            entry: EntryId(at as u64),
            volume: *volume,
            shows: *shows,
            birth_ns: *birth_ns,
            has_links: false,
        };
        doubtful(of.iter().enumerate().map(copy).collect()).len()
    }

    const OTHERS: Shows = Shows::Others;
    const LAYERS: Shows = Shows::Layers;

    #[test]
    fn what_a_program_shows_beside_its_folder_is_perhaps_one_file() {
        assert_eq!(copies(&[(1, Shows::Own, None), (2, OTHERS, None)]), 1);
        assert_eq!(copies(&[(1, Shows::Own, None), (1, Shows::Own, None), (2, OTHERS, None), (2, OTHERS, None)]), 2);
        assert_eq!(copies(&[(2, OTHERS, None), (3, OTHERS, None)]), 1, "two views of a third");
    }

    #[test]
    fn copies_on_one_such_volume_are_files_of_their_own() {
        assert_eq!(copies(&[(2, OTHERS, None), (2, OTHERS, None)]), 0);
        assert_eq!(
            copies(&[(1, Shows::Own, None), (2, OTHERS, None), (2, OTHERS, None)]),
            1,
            "one of the two is not it"
        );
    }

    #[test]
    fn a_layer_shows_when_its_file_was_made() {
        assert_eq!(copies(&[(1, Shows::Own, Some(5)), (2, LAYERS, Some(5))]), 1);
        assert_eq!(copies(&[(1, Shows::Own, Some(5)), (2, LAYERS, Some(6))]), 0);
        assert_eq!(copies(&[(1, Shows::Own, None), (2, LAYERS, Some(6))]), 1);
        assert_eq!(copies(&[(1, Shows::Own, Some(6)), (2, LAYERS, None)]), 1);
    }

    #[test]
    fn two_mounts_of_one_server_may_lead_to_one_file_and_those_of_two_servers_do_not() {
        assert_eq!(copies(&[(1, Shows::Server(7), None), (2, Shows::Server(7), None)]), 1);
        assert_eq!(copies(&[(1, Shows::Server(7), None), (2, Shows::Server(8), None)]), 0);
        assert_eq!(copies(&[(1, Shows::Own, None), (2, Shows::Server(8), None)]), 0);
    }
}
