//! What belongs to a picture: files of its stem in its own folder, a sidecar, the raw beside a JPEG, the movie of a live
//! photo. A picture goes only where the copy that stays has equal ones beside it.

use std::collections::HashMap;

use sanchay_catalog::block::EntryKind;
use sanchay_catalog::queries::DuplicatePath;
use sanchay_catalog::{CatalogError, Reader};
use sanchay_core::{Algorithm, ContentHash, FileType};

/// Extensions of companions: sidecars, movies of live photos, and what cameras write beside a JPEG.
const EXTENSIONS: [&[u8]; 31] = [
    b"xmp", b"aae", b"mov", b"mp4", b"cr2", b"cr3", b"crw", b"nef", b"nrw", b"arw", b"srf", b"sr2", b"dng", b"orf",
    b"rw2", b"raf", b"pef", b"srw", b"x3f", b"3fr", b"fff", b"iiq", b"erf", b"mef", b"mos", b"mrw", b"kdc", b"dcr",
    b"rwl", b"gpr", b"raw",
];
/// Companions that are remembered at once.
const REMEMBERED_MOST: usize = 50_000;

/// The companions in one state of the catalog. Folders that were looked through are remembered.
pub(super) struct Companions<'r> {
    reader: &'r Reader,
    /// By folder, then by all that stands before the last dot of their names, in lower case.
    folders: HashMap<i64, HashMap<Vec<u8>, Vec<Companion>>>,
    remembered: usize,
}

#[derive(Clone, PartialEq, Eq)]
struct Companion {
    /// In lower case.
    extension: Vec<u8>,
    /// Whether it follows the picture's whole name, as in `a.jpg.xmp`.
    is_behind_name: bool,
    /// None: not known.
    content: Option<(Algorithm, ContentHash)>,
}

impl<'r> Companions<'r> {
    pub(super) fn new(reader: &'r Reader) -> Self {
        Self { reader, folders: HashMap::new(), remembered: 0 }
    }

    /// Whether each companion of a picture, by any of its names, has its equal beside another copy. All others have none.
    pub(super) fn are_equal<'n>(
        &mut self,
        dropped: impl Iterator<Item = &'n DuplicatePath>,
        kept: impl Iterator<Item = &'n DuplicatePath>,
    ) -> Result<bool, CatalogError> {
        let mut needed = Vec::new();
        for name in dropped.filter(|name| FileType::from_extension(&parted(&name.path).1) == FileType::Image) {
            needed.extend(self.of(name)?);
        }
        let mut found = Vec::new();
        if !needed.is_empty() {
            for name in kept {
                found.extend(self.of(name)?);
            }
        }
        Ok(needed.iter().all(|companion| companion.content.is_some() && found.contains(companion)))
    }

    fn of(&mut self, name: &DuplicatePath) -> Result<Vec<Companion>, CatalogError> {
        let at = self.reader.entry(name.id, |item, directory| (item.name.to_vec(), directory))?;
        let Some((name, directory)) = at else { return Ok(Vec::new()) };
        let (stem, own_extension) = parted(&name);
        let folder = self.folder(directory)?;
        let with_stem = folder.get(&stem).into_iter().flatten();
        let mut all: Vec<Companion> = with_stem.filter(|one| one.extension != own_extension).cloned().collect();
        let behind_name = folder.get(&name.to_ascii_lowercase()).into_iter().flatten();
        all.extend(behind_name.map(|one| Companion { is_behind_name: true, ..one.clone() }));
        Ok(all)
    }

    fn folder(&mut self, directory: i64) -> Result<&HashMap<Vec<u8>, Vec<Companion>>, CatalogError> {
        if self.remembered > REMEMBERED_MOST {
            self.folders.clear();
            self.remembered = 0;
        }
        if !self.folders.contains_key(&directory) {
            let mut folder: HashMap<Vec<u8>, Vec<Companion>> = HashMap::new();
            for block in self.reader.load_blocks(directory)? {
                let view = block.view()?;
                for (slot, name) in view.detail.names(view.columns.len()).enumerate() {
                    let (stem, extension) = parted(name);
                    if view.columns.kind(slot) != EntryKind::File || !EXTENSIONS.contains(&extension.as_slice()) {
                        continue;
                    }
                    let Some(item) = view.get(slot)? else { continue };
                    let content = item.entry.known_hash().map(|hash| (item.entry.algorithm, hash));
                    self.remembered += 1;
                    folder.entry(stem).or_default().push(Companion { extension, is_behind_name: false, content });
                }
            }
            self.remembered += 1;
            self.folders.insert(directory, folder);
        }
        Ok(&self.folders[&directory])
    }
}

/// What stands before the last dot of a name, and what behind it, both in lower case; without a dot, nothing is behind.
fn parted(name: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let name = name.to_ascii_lowercase();
    match name.iter().rposition(|byte| *byte == b'.') {
        Some(dot) => (name[..dot].to_vec(), name[dot + 1..].to_vec()),
        None => (name, Vec::new()),
    }
}
