//! Where the names of large folders are: a few bits of each name for each block, so that a change of one file in a folder of
//! hundreds of thousands reads its block and not all of them.
//!
//! Only folders that were changed lately are remembered. What is remembered of a block may be more than it holds, never
//! less: the writer adds names before they are written, and takes none away.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Mutex;

use crate::block::{BlockView, EncodedBlock};
use crate::error::CatalogError;
use crate::stored::StoredBlock;

/// Folders with fewer blocks are read whole.
pub(crate) const LARGE_BLOCKS: usize = 16;
/// Folders and names remembered at once, 4 bytes a name.
const FOLDERS_MOST: usize = 8;
const NAMES_MOST: usize = 2_000_000;
/// What is remembered of one block past this is more of what was than of what is.
const STALE_NAMES: usize = 1024;

/// The large folders that were changed last.
#[derive(Debug, Default)]
pub(crate) struct LargeFolders(Mutex<VecDeque<Folder>>);

#[derive(Debug)]
struct Folder {
    directory: i64,
    /// By id; the marks of each are sorted.
    blocks: Vec<(i64, Vec<u32>)>,
}

impl Folder {
    fn names(&self) -> usize {
        self.blocks.iter().map(|(_, marks)| marks.len()).sum()
    }
}

fn mark(name: &[u8]) -> u32 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish() as u32
}

fn marks(view: &BlockView<'_>) -> Vec<u32> {
    let mut marks: Vec<u32> = view.detail.names(view.columns.len()).map(mark).collect();
    marks.sort_unstable();
    marks.dedup();
    marks
}

impl LargeFolders {
    /// The blocks of `directory` that may hold one of `names`, and its last one; None where it is not remembered.
    pub(crate) fn blocks_of<'n>(&self, directory: i64, names: impl Iterator<Item = &'n [u8]>) -> Option<Vec<i64>> {
        let mut folders = self.0.lock().expect("no panic under this lock");
        let at = folders.iter().position(|folder| folder.directory == directory)?;
        let folder = folders.remove(at)?;
        let wanted: Vec<u32> = names.map(mark).collect();
        let last = folder.blocks.last().map(|(block, _)| *block);
        let may_hold = |(block, marks): &(i64, Vec<u32>)| {
            (Some(*block) == last || wanted.iter().any(|mark| marks.binary_search(mark).is_ok())).then_some(*block)
        };
        let blocks = folder.blocks.iter().filter_map(may_hold).collect();
        folders.push_back(folder);
        Some(blocks)
    }

    /// Remembers a folder that was read whole, on the writer's thread.
    pub(crate) fn remember(&self, directory: i64, blocks: &[StoredBlock]) -> Result<(), CatalogError> {
        let marked = |block: &StoredBlock| Ok::<_, CatalogError>((block.id, marks(&block.view()?)));
        let blocks = blocks.iter().map(marked).collect::<Result<Vec<_>, _>>()?;
        let mut folders = self.0.lock().expect("no panic under this lock");
        folders.retain(|folder| folder.directory != directory);
        folders.push_back(Folder { directory, blocks });
        while folders.len() > FOLDERS_MOST || folders.iter().map(Folder::names).sum::<usize>() > NAMES_MOST {
            folders.pop_front();
        }
        Ok(())
    }

    /// Takes in a block that is about to be written.
    pub(crate) fn add(&self, directory: i64, block: i64, encoded: &EncodedBlock) -> Result<(), CatalogError> {
        let mut folders = self.0.lock().expect("no panic under this lock");
        let Some(folder) = folders.iter_mut().find(|folder| folder.directory == directory) else { return Ok(()) };
        let mut new = marks(&BlockView::parse(&encoded.columns, &encoded.detail)?);
        match folder.blocks.binary_search_by_key(&block, |(id, _)| *id) {
            Err(at) => folder.blocks.insert(at, (block, new)),
            Ok(at) => {
                let known = &mut folder.blocks[at].1;
                if known.len() < STALE_NAMES {
                    new.extend_from_slice(known);
                    new.sort_unstable();
                    new.dedup();
                }
                *known = new;
            }
        }
        Ok(())
    }

    /// Forgets a folder that goes.
    pub(crate) fn forget(&self, directory: i64) {
        self.0.lock().expect("no panic under this lock").retain(|folder| folder.directory != directory);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::{encode, Entry, EntryKind, EntryRef};

    fn block(names: &[String]) -> EncodedBlock {
        let entry = Entry { kind: EntryKind::File, ..Entry::dead() };
        let items: Vec<EntryRef<'_>> = names.iter().map(|name| EntryRef { name: name.as_bytes(), entry }).collect();
        encode(&items)
    }

    fn names(from: usize) -> Vec<String> {
        (from..from + 256).map(|number| format!("file {number}")).collect()
    }

    #[test]
    fn a_name_leads_to_its_block_and_the_last_one_and_is_not_lost_when_it_goes() {
        let folders = LargeFolders::default();
        let of = |name: &str| folders.blocks_of(7, [name.as_bytes()].into_iter());
        assert_eq!(of("file 3"), None, "it is not remembered");
        folders.remember(7, &[]).unwrap();
        for number in 0..20 {
            folders.add(7, number as i64 + 1, &block(&names(number * 256))).unwrap();
        }
        assert_eq!(of("file 3"), Some(vec![1, 20]));
        assert_eq!(of("file 600"), Some(vec![3, 20]));
        assert_eq!(of("none of them"), Some(vec![20]));
        folders.add(7, 3, &block(&["another".to_owned()])).unwrap();
        assert_eq!(of("another"), Some(vec![3, 20]));
        assert_eq!(of("file 600"), Some(vec![3, 20]), "what was not committed after all is still found");
        folders.add(8, 99, &block(&names(0))).unwrap();
        folders.forget(7);
        assert_eq!(of("file 3"), None);
    }

    #[test]
    fn few_folders_are_remembered_and_names_that_change_all_the_time_are_not_kept_for_ever() {
        let folders = LargeFolders::default();
        for directory in 0..20 {
            folders.remember(directory, &[]).unwrap();
        }
        assert_eq!(folders.0.lock().unwrap().len(), FOLDERS_MOST);
        for number in 0..50 {
            folders.add(19, 1, &block(&names(number * 256))).unwrap();
        }
        assert!(folders.0.lock().unwrap().back().unwrap().names() <= STALE_NAMES + 256);
        assert_eq!(folders.blocks_of(19, [names(49 * 256)[0].as_bytes()].into_iter()), Some(vec![1]));
    }
}
