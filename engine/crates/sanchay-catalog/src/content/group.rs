//! What a group of equal files amounts to: physical copies, and the bytes a clean-up would give back.

use crate::block::EntryId;
use crate::content::clean_up::CleanUp;
use crate::content::copies::{Facts, SharedContent};
use crate::content::perhaps::Perhaps;
use crate::content::posting::{usual_allocation, MULTIPLE_LINKS, ODD_ALLOCATION, SHARES_EXTENTS};
use crate::error::CatalogError;

/// Figures of one group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GroupFigures {
    /// Apparent bytes of each copy.
    pub size_bytes: u64,
    /// Distinct (volume, inode).
    pub copies: u64,
    /// Of the copies, those that may be one file with another of them: a union and its branch show one file twice.
    pub perhaps: u64,
    /// Size x (copies that are surely files of their own - 1).
    pub reclaimable_bytes: u64,
    /// Allocated bytes of the copies whose every name is known here, less one kept copy; what several share, once.
    pub freed_bytes: u64,
}

impl GroupFigures {
    /// Copies that are surely files of their own.
    pub fn sure_copies(&self) -> u64 {
        self.copies - self.perhaps
    }
}

/// A name in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// Whose.
    pub entry: EntryId,
    /// Names of one physical copy have one number, from 1 on.
    pub copy: u64,
    /// The copy may be one file with another one of the group.
    pub perhaps: bool,
}

impl SharedContent<'_> {
    /// Counts copies and bytes. With fewer than two copies there is no group, and the figures say so by `copies`.
    pub fn figures(&self, facts: &mut dyn Facts) -> Result<GroupFigures, CatalogError> {
        let Some(first) = self.0.first() else {
            return Ok(GroupFigures::default());
        };
        let size_bytes = first.size_bytes;
        let (mut copies, mut perhaps) = (0u64, 0u64);
        let mut clean_up = CleanUp::default();
        // Nearly always no volume shows another's files, and nothing is asked.
        let shown = if self.0.len() > 1 && facts.any_shown()? { Some(Perhaps::of(self.0, facts)?) } else { None };
        self.for_each_copy(facts, &mut |names, facts| {
            copies += 1;
            if shown.as_ref().is_some_and(|shown| shown.may_be_another(names[0].entry)) {
                perhaps += 1;
                return Ok(());
            }
            let (links, allocated_bytes) =
                if names.iter().any(|name| name.flags & (MULTIPLE_LINKS | ODD_ALLOCATION) != 0) {
                    facts.links_and_allocated(names[0].entry)?
                } else {
                    (1, usual_allocation(size_bytes))
                };
            let sharing = match names.iter().find(|name| name.flags & SHARES_EXTENTS != 0) {
                Some(name) => facts.sharing(name.entry)?,
                None => None,
            };
            clean_up.add(allocated_bytes, links as usize <= names.len(), sharing);
            Ok(())
        })?;
        let sure = copies - perhaps;
        Ok(GroupFigures {
            size_bytes,
            copies,
            perhaps,
            reclaimable_bytes: size_bytes.saturating_mul(sure.saturating_sub(1)),
            freed_bytes: if sure > 1 { clean_up.freed_bytes() } else { 0 },
        })
    }

    /// Every name with the copy that it belongs to, the names of a copy together.
    pub fn members(&self, facts: &mut dyn Facts) -> Result<Vec<Member>, CatalogError> {
        let shown = if self.0.len() > 1 && facts.any_shown()? { Some(Perhaps::of(self.0, facts)?) } else { None };
        let (mut members, mut copy) = (Vec::with_capacity(self.0.len()), 0);
        self.for_each_copy(facts, &mut |names, _| {
            copy += 1;
            let perhaps = shown.as_ref().is_some_and(|shown| shown.may_be_another(names[0].entry));
            members.extend(names.iter().map(|name| Member { entry: name.entry, copy, perhaps }));
            Ok(())
        })?;
        Ok(members)
    }
}

#[cfg(test)]
mod tests {
    use sanchay_core::Shows;

    use super::*;
    use crate::content::clean_up::Sharing;
    use crate::content::posting::Posting;

    struct Known(Vec<(u64, i64, u32, u64)>);

    impl Facts for Known {
        fn volume(&mut self, posting: &Posting) -> Result<i64, CatalogError> {
            Ok(self.0.iter().find(|row| row.0 == posting.entry.0).unwrap().1)
        }
        fn links_and_allocated(&mut self, entry: EntryId) -> Result<(u32, u64), CatalogError> {
            let row = self.0.iter().find(|row| row.0 == entry.0).unwrap();
            Ok((row.2, row.3))
        }
        fn sharing(&mut self, entry: EntryId) -> Result<Option<Sharing>, CatalogError> {
            Ok(Some(Sharing { storage: 1, shared_bytes: self.links_and_allocated(entry)?.1 }))
        }
        fn any_shown(&mut self) -> Result<bool, CatalogError> {
            Ok(false)
        }
        fn shows(&mut self, _: i64) -> Result<Shows, CatalogError> {
            Ok(Shows::Own)
        }
        fn birth_ns(&mut self, _: EntryId) -> Result<Option<i64>, CatalogError> {
            Ok(None)
        }
    }

    fn posting(entry: u64, inode: u64, flags: u8) -> Posting {
        Posting { key: 1, entry: EntryId(entry), inode, size_bytes: 5000, extension: 0, flags }
    }

    #[test]
    fn hard_links_only_are_one_copy_and_free_nothing() {
        let mut facts = Known(vec![(1, 1, 2, 8192), (2, 1, 2, 8192)]);
        let members = [posting(1, 7, MULTIPLE_LINKS), posting(2, 7, MULTIPLE_LINKS)];
        let figures = SharedContent(&members).figures(&mut facts).unwrap();
        assert_eq!((figures.copies, figures.reclaimable_bytes, figures.freed_bytes), (1, 0, 0));
    }

    #[test]
    fn two_hard_links_and_one_copy_are_two_physical_copies_and_one_size() {
        let mut facts = Known(vec![(1, 1, 2, 8192), (2, 1, 2, 8192)]);
        let members = [posting(1, 7, MULTIPLE_LINKS), posting(2, 7, MULTIPLE_LINKS), posting(3, 8, 0)];
        let figures = SharedContent(&members).figures(&mut facts).unwrap();
        assert_eq!((figures.copies, figures.reclaimable_bytes, figures.freed_bytes), (2, 5000, 8192));
    }

    #[test]
    fn a_copy_linked_from_outside_is_kept_and_the_others_are_freed() {
        let mut facts = Known(vec![(1, 1, 2, 8192)]);
        let members = [posting(1, 7, MULTIPLE_LINKS), posting(3, 8, 0), posting(4, 9, 0)];
        let figures = SharedContent(&members).figures(&mut facts).unwrap();
        assert_eq!((figures.copies, figures.reclaimable_bytes, figures.freed_bytes), (3, 10000, 16384));
    }

    #[test]
    fn every_copy_linked_from_outside_frees_nothing() {
        let mut facts = Known(vec![(1, 1, 2, 8192), (2, 1, 3, 8192)]);
        let members = [posting(1, 7, MULTIPLE_LINKS), posting(2, 8, MULTIPLE_LINKS)];
        let figures = SharedContent(&members).figures(&mut facts).unwrap();
        assert_eq!((figures.copies, figures.reclaimable_bytes, figures.freed_bytes), (2, 5000, 0));
    }

    #[test]
    fn one_inode_number_on_two_volumes_is_two_copies() {
        let mut facts = Known(vec![(1, 1, 1, 8192), (2, 2, 1, 8192)]);
        let members = [posting(1, 7, 0), posting(2, 7, 0)];
        let figures = SharedContent(&members).figures(&mut facts).unwrap();
        assert_eq!((figures.copies, figures.freed_bytes), (2, 8192));
    }

    #[test]
    fn only_copies_that_are_marked_are_asked_what_they_share() {
        let mut facts = Known(vec![(1, 1, 1, 8192), (2, 1, 1, 8192), (3, 1, 1, 8192)]);
        let members = [posting(1, 7, SHARES_EXTENTS), posting(2, 8, SHARES_EXTENTS), posting(3, 9, 0)];
        let figures = SharedContent(&members).figures(&mut facts).unwrap();
        assert_eq!((figures.copies, figures.reclaimable_bytes, figures.freed_bytes), (3, 10000, 8192));
    }

    #[test]
    fn a_sparse_copy_frees_what_it_has_allocated() {
        let mut facts = Known(vec![(1, 1, 1, 0), (2, 1, 1, 0)]);
        let members = [posting(1, 7, ODD_ALLOCATION), posting(2, 8, ODD_ALLOCATION)];
        let figures = SharedContent(&members).figures(&mut facts).unwrap();
        assert_eq!((figures.reclaimable_bytes, figures.freed_bytes), (5000, 0));
    }
}
