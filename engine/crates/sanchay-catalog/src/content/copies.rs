//! The physical copies among the names of one content, told apart by volume and inode.

use sanchay_core::Shows;

use super::clean_up::Sharing;
use super::posting::Posting;
use crate::block::EntryId;
use crate::error::CatalogError;

/// What only the catalog's other tables know of an entry; asked for the unusual ones alone.
pub trait Facts {
    /// The volume of the posting's file.
    fn volume(&mut self, posting: &Posting) -> Result<i64, CatalogError>;
    /// Its link count and allocated bytes.
    fn links_and_allocated(&mut self, entry: EntryId) -> Result<(u32, u64), CatalogError>;
    /// What it shares with other files; None: nothing that is known.
    fn sharing(&mut self, entry: EntryId) -> Result<Option<Sharing>, CatalogError>;
    /// Whether some volume shows files of another one.
    fn any_shown(&mut self) -> Result<bool, CatalogError>;
    /// Whose files a volume shows.
    fn shows(&mut self, volume: i64) -> Result<Shows, CatalogError>;
    /// When the file was made, where that is known.
    fn birth_ns(&mut self, entry: EntryId) -> Result<Option<i64>, CatalogError>;
}

/// Postings of one content, to be counted.
pub struct SharedContent<'a>(pub &'a [Posting]);

impl SharedContent<'_> {
    /// Calls `visit` with the names of each physical copy.
    pub(super) fn for_each_copy(
        &self,
        facts: &mut dyn Facts,
        visit: &mut dyn FnMut(&[Posting], &mut dyn Facts) -> Result<(), CatalogError>,
    ) -> Result<(), CatalogError> {
        let mut by_inode = self.0.to_vec();
        by_inode.sort_unstable_by_key(|posting| (posting.inode, posting.entry));
        for same_inode in by_inode.chunk_by_mut(|a, b| a.inode == b.inode) {
            if same_inode.len() == 1 {
                visit(same_inode, facts)?;
                continue;
            }
            // The same inode number on two volumes is two copies.
            let mut with_volume = Vec::with_capacity(same_inode.len());
            for posting in same_inode.iter() {
                with_volume.push((facts.volume(posting)?, *posting));
            }
            with_volume.sort_by_key(|(volume, _)| *volume);
            for copy in with_volume.chunk_by(|a, b| a.0 == b.0) {
                let names: Vec<Posting> = copy.iter().map(|(_, posting)| *posting).collect();
                visit(&names, facts)?;
            }
        }
        Ok(())
    }
}
