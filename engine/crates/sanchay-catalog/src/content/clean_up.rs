//! What a clean-up of one group would give back: every copy but one goes, and bytes that several files occupy together
//! come back once, when the last of them goes.

/// How one file shares its place on the volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sharing {
    /// Names where all its extents lie: files of a group with the same one occupy the same bytes.
    pub storage: i64,
    /// Allocated bytes that another file occupies too.
    pub shared_bytes: u64,
}

/// A copy that shares extents.
#[derive(Clone, Copy, Debug)]
struct SharedCopy {
    sharing: Sharing,
    own_bytes: u64,
    /// Every name of it is known here, so that removing it removes it.
    inside: bool,
}

/// The copies of one group, as they are added.
#[derive(Debug, Default)]
pub(super) struct CleanUp {
    plain_bytes: u64,
    largest_plain: u64,
    any_linked_outside: bool,
    shared: Vec<SharedCopy>,
}

impl CleanUp {
    /// Adds a physical copy. `inside`: every name of it is known here.
    pub(super) fn add(&mut self, allocated_bytes: u64, inside: bool, sharing: Option<Sharing>) {
        self.any_linked_outside |= !inside;
        match sharing {
            Some(sharing) => {
                let sharing = Sharing { shared_bytes: sharing.shared_bytes.min(allocated_bytes), ..sharing };
                let own_bytes = allocated_bytes - sharing.shared_bytes;
                self.shared.push(SharedCopy { sharing, own_bytes, inside });
            }
            None if inside => {
                self.plain_bytes += allocated_bytes;
                self.largest_plain = self.largest_plain.max(allocated_bytes);
            }
            None => {}
        }
    }

    /// What comes back at least, whichever copy is kept. A copy that is linked from outside is the one to keep, for it
    /// would free nothing.
    pub(super) fn freed_bytes(mut self) -> u64 {
        let (mut all_bytes, mut dearest) = (self.plain_bytes, self.largest_plain);
        self.shared.sort_unstable_by_key(|copy| copy.sharing.storage);
        for together in self.shared.chunk_by(|a, b| a.sharing.storage == b.sharing.storage) {
            // Who is alone here shares with a file of other content or with a snapshot, which stays.
            let all_go = together.len() > 1 && together.iter().all(|copy| copy.inside);
            let shared_bytes = if all_go { together[0].sharing.shared_bytes } else { 0 };
            let own = || together.iter().filter(|copy| copy.inside).map(|copy| copy.own_bytes);
            all_bytes += own().sum::<u64>() + shared_bytes;
            dearest = dearest.max(own().max().unwrap_or(0) + shared_bytes);
        }
        if self.any_linked_outside {
            all_bytes
        } else {
            all_bytes - dearest
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn freed(copies: &[(u64, bool, Option<(i64, u64)>)]) -> u64 {
        let mut clean_up = CleanUp::default();
        for (allocated_bytes, inside, sharing) in copies {
            let sharing = sharing.map(|(storage, shared_bytes)| Sharing { storage, shared_bytes });
            clean_up.add(*allocated_bytes, *inside, sharing);
        }
        clean_up.freed_bytes()
    }

    #[test]
    fn a_reflinked_pair_frees_nothing() {
        assert_eq!(freed(&[(8192, true, Some((1, 8192))), (8192, true, Some((1, 8192)))]), 0);
    }

    #[test]
    fn a_reflinked_pair_and_a_real_copy_free_one_size() {
        assert_eq!(freed(&[(8192, true, Some((1, 8192))), (8192, true, Some((1, 8192))), (8192, true, None)]), 8192);
    }

    #[test]
    fn two_reflinked_pairs_free_the_bytes_of_one() {
        let pair = |storage| (8192, true, Some((storage, 8192)));
        assert_eq!(freed(&[pair(1), pair(2), pair(1), pair(2)]), 8192);
    }

    #[test]
    fn what_a_snapshot_holds_too_is_not_freed() {
        assert_eq!(freed(&[(8192, true, Some((1, 8192))), (8192, true, Some((2, 8192)))]), 0);
        assert_eq!(freed(&[(8192, true, Some((1, 8192))), (8192, true, None)]), 0);
    }

    #[test]
    fn a_pair_that_shares_in_part_frees_the_part_of_its_own() {
        assert_eq!(freed(&[(8192, true, Some((1, 4096))), (8192, true, Some((2, 4096)))]), 4096);
    }

    #[test]
    fn a_reflink_of_a_copy_that_is_linked_from_outside_frees_nothing() {
        assert_eq!(freed(&[(8192, false, Some((1, 8192))), (8192, true, Some((1, 8192))), (8192, true, None)]), 8192);
    }
}
