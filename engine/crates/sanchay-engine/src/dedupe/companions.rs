//! What belongs to a picture: files of its stem in its own folder, a sidecar, the raw beside a JPEG, the movie of a live
//! photo. A picture goes only where the copy that stays has equal ones beside it, and they go only with their picture.

use std::collections::HashMap;

use sanchay_catalog::block::{Entry, EntryId, EntryKind};
use sanchay_catalog::journal::{Decision, Journal, PlannedCopy};
use sanchay_catalog::queries::DuplicatePath;
use sanchay_catalog::{Catalog, CatalogError, Reader};
use sanchay_core::path::join;
use sanchay_core::{Algorithm, ContentHash, FileType};

use super::links::Going;
use crate::error::EngineError;

/// Extensions of companions: sidecars, movies of live photos, and what cameras write beside a JPEG.
const EXTENSIONS: [&[u8]; 31] = [
    b"xmp", b"aae", b"mov", b"mp4", b"cr2", b"cr3", b"crw", b"nef", b"nrw", b"arw", b"srf", b"sr2", b"dng", b"orf",
    b"rw2", b"raf", b"pef", b"srw", b"x3f", b"3fr", b"fff", b"iiq", b"erf", b"mef", b"mos", b"mrw", b"kdc", b"dcr",
    b"rwl", b"gpr", b"raw",
];
/// Why what belongs to a picture stays.
pub(super) const WITH_PICTURE: &str = "with-picture";
/// Copies that are read from the journal at a time.
const PAGE_COPIES: usize = 10_000;
/// Companions that are remembered at once.
const REMEMBERED_MOST: usize = 50_000;

/// The companions in one state of the catalog. Folders that were looked through are remembered.
pub(super) struct Companions<'r> {
    reader: &'r Reader,
    folders: HashMap<i64, Folder>,
    remembered: usize,
}

/// What a folder has, by all that stands before the last dot of the names, in lower case.
#[derive(Default)]
struct Folder {
    companions: HashMap<Vec<u8>, Vec<Companion>>,
    pictures: HashMap<Vec<u8>, Vec<Picture>>,
}

/// A picture that something may belong to.
#[derive(Clone)]
pub(super) struct Picture {
    name: Vec<u8>,
    pub(super) mtime_ns: i64,
    pub(super) links: u32,
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
        for name in dropped.filter(|name| is_picture(&parted(&name.path).1)) {
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
        let with_stem = folder.companions.get(&stem).into_iter().flatten();
        let mut all: Vec<Companion> = with_stem.filter(|one| one.extension != own_extension).cloned().collect();
        let behind_name = folder.companions.get(&name.to_ascii_lowercase()).into_iter().flatten();
        all.extend(behind_name.map(|one| Companion { is_behind_name: true, ..one.clone() }));
        Ok(all)
    }

    /// The pictures that a file belongs to, a raw last: a raw to the JPEG beside it, a sidecar to both, or to either.
    pub(super) fn pictures_of(&mut self, file: EntryId) -> Result<Vec<Picture>, CatalogError> {
        let at = self.reader.entry(file, |item, directory| (item.name.to_vec(), directory))?;
        let Some((name, directory)) = at.filter(|(name, _)| may_belong(name)) else { return Ok(Vec::new()) };
        let (stem, extension) = parted(&name);
        let folder = self.folder(directory)?;
        let whole = parted(&stem).0;
        let with_stem = folder.pictures.get(&stem).into_iter().flatten();
        // The picture before `.xmp` in `a.jpg.xmp`.
        let with_name = folder.pictures.get(&whole).into_iter().flatten();
        let all = with_stem.chain(with_name.filter(|picture| picture.name.eq_ignore_ascii_case(&stem)));
        let is_raw = |name: &[u8]| EXTENSIONS.contains(&parted(name).1.as_slice());
        let others = all.filter(|picture| !is_picture(&extension) || !is_raw(&picture.name));
        let mut pictures: Vec<Picture> = others.cloned().collect();
        pictures.sort_by_key(|picture| is_raw(&picture.name));
        Ok(pictures)
    }

    fn folder(&mut self, directory: i64) -> Result<&Folder, CatalogError> {
        if self.remembered > REMEMBERED_MOST {
            self.folders.clear();
            self.remembered = 0;
        }
        if !self.folders.contains_key(&directory) {
            let mut folder = Folder::default();
            for block in self.reader.load_blocks(directory)? {
                let view = block.view()?;
                for (slot, name) in view.detail.names(view.columns.len()).enumerate() {
                    let (stem, extension) = parted(name);
                    let (is_picture, may_belong) = (is_picture(&extension), EXTENSIONS.contains(&extension.as_slice()));
                    if view.columns.kind(slot) != EntryKind::File || !(is_picture || may_belong) {
                        continue;
                    }
                    let Some(item) = view.get(slot)? else { continue };
                    self.remembered += 1;
                    if is_picture {
                        let Entry { mtime_ns, links, .. } = item.entry;
                        let picture = Picture { name: name.to_vec(), mtime_ns, links };
                        folder.pictures.entry(stem.clone()).or_default().push(picture);
                    }
                    if may_belong {
                        let content = item.entry.known_hash().map(|hash| (item.entry.algorithm, hash));
                        let companion = Companion { extension, is_behind_name: false, content };
                        folder.companions.entry(stem).or_default().push(companion);
                    }
                }
            }
            self.remembered += 1;
            self.folders.insert(directory, folder);
        }
        Ok(&self.folders[&directory])
    }
}

/// Keeps what would go though a picture that it belongs to stays; gives how many names. A plan whose groups are all
/// decided says which pictures go.
pub(super) fn keep_with_pictures(
    catalog: &Catalog,
    journal: &Journal,
    plan: i64,
    goes_on: &dyn Fn() -> bool,
) -> Result<i64, EngineError> {
    let going = Going::of(journal, plan)?;
    let (mut after, mut kept) = (None, 0);
    while goes_on() {
        let copies = journal.copies_after(plan, after, PAGE_COPIES)?;
        let Some(last) = copies.last() else { break };
        after = Some((last.group, last.number));
        let reader = catalog.reader()?;
        let mut companions = Companions::new(&reader);
        let mut stays = Vec::new();
        for PlannedCopy { group, number, copy, .. } in &copies {
            if copy.decision != Decision::Drop || !may_belong(&copy.name) {
                continue;
            }
            let folder = join(&copy.root, &copy.folder);
            let Some((file, _)) = reader.entry_at(&join(&folder, &copy.name))? else { continue };
            let pictures = companions.pictures_of(file)?;
            if pictures.iter().any(|picture| !going.has(&join(&folder, &picture.name))) {
                stays.push((*group, *number));
            }
        }
        kept += journal.keep_after_all(plan, &stays, WITH_PICTURE)?;
    }
    Ok(kept)
}

/// Whether a file may belong to a picture, by its name.
pub(super) fn may_belong(name: &[u8]) -> bool {
    let dot = name.iter().rposition(|byte| *byte == b'.');
    dot.is_some_and(|dot| EXTENSIONS.iter().any(|known| known.eq_ignore_ascii_case(&name[dot + 1..])))
}

fn is_picture(extension: &[u8]) -> bool {
    FileType::from_extension(extension) == FileType::Image
}

/// What stands before the last dot of a name, and what behind it, both in lower case; without a dot, nothing is behind.
fn parted(name: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let name = name.to_ascii_lowercase();
    match name.iter().rposition(|byte| *byte == b'.') {
        Some(dot) => (name[..dot].to_vec(), name[dot + 1..].to_vec()),
        None => (name, Vec::new()),
    }
}
