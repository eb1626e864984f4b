//! An expression made ready for blocks: bounds that pass over a block, tests on columns, tests on names.

use std::sync::Arc;

use sanchay_core::FileType;

use super::filter_context::{under, Context};
use super::folders::FolderFilter;
use super::runs::EntrySet;
use super::tree::DirectorySet;
use super::uncompared::Uncompared;
use crate::block::{BlockColumns, BlockView, EntryId, EntryKind, EntryRef};
use crate::error::CatalogError;
use crate::expression::{
    contains_lowercase, Bounds, Endings, Expression, Glob, HashPrefix, InFolder, Term, TermKind, TimeBounds, Types,
};
use crate::extensions::Extensions;
use crate::name_index::SHORTEST_TERM;

const NS: i64 = 1_000_000_000;

/// A test that columns alone decide.
enum ColumnTest {
    Size(Bounds),
    Modified(i64, i64),
    Created(i64, i64),
    Extensions(Vec<bool>),
    /// As the former, where not only files are looked for: what holds for all others stands beside it.
    OfFiles(Vec<bool>, bool),
    /// This entry alone.
    Is(Option<EntryId>),
    Owner(u32),
    Links(Bounds),
    Directories(Arc<DirectorySet>),
    Duplicate(Arc<EntrySet>),
    /// No copy is known, and the second says that one may be.
    Undecided(Arc<EntrySet>, Arc<Uncompared>),
    /// It was compared with all others, and has no copy.
    Single(Arc<EntrySet>, Arc<Uncompared>),
}

/// A test that needs the name, the path or the hash.
enum DetailTest {
    NameContains(String),
    NameGlob(Glob),
    PathGlob(Glob),
    Hash(HashPrefix),
    Ending(Endings),
}

/// An expression, compiled for one snapshot.
pub(crate) struct Filter {
    columns: Vec<(bool, ColumnTest)>,
    detail: Vec<(bool, DetailTest)>,
    /// Which kinds of entries may pass, by their number.
    kinds: [bool; 4],
    pub(super) folders: FolderFilter,
}

impl Filter {
    pub(crate) fn compile(expression: &Expression, context: &Context<'_, '_>) -> Result<Self, CatalogError> {
        let (kinds, wants_folders) = wanted_kinds(expression);
        let mut filter =
            Self { columns: Vec::new(), detail: Vec::new(), kinds, folders: FolderFilter::new(wants_folders) };
        let of_files = filter.is_of_files();
        for term in &expression.terms {
            filter.folders.add(term, context)?;
            let test = match &term.kind {
                TermKind::NameContains(text) => Err(DetailTest::NameContains(text.clone())),
                TermKind::NameGlob(glob) => Err(DetailTest::NameGlob(glob.clone())),
                TermKind::PathGlob(glob) => Err(DetailTest::PathGlob(glob.clone())),
                TermKind::HashPrefix(prefix) => Err(DetailTest::Hash(prefix.clone())),
                TermKind::Size(bounds) => Ok(ColumnTest::Size(*bounds)),
                TermKind::Empty(yes) => {
                    let bounds = if *yes { Bounds { low: 0, high: 0 } } else { Bounds { low: 1, high: u64::MAX } };
                    Ok(ColumnTest::Size(bounds))
                }
                TermKind::Modified(TimeBounds { low_ns, high_ns }) => {
                    Ok(ColumnTest::Modified(low_ns.div_euclid(NS), high_ns.div_euclid(NS)))
                }
                TermKind::Created(TimeBounds { low_ns, high_ns }) => {
                    Ok(ColumnTest::Created(low_ns.div_euclid(NS), high_ns.div_euclid(NS)))
                }
                TermKind::Extension(wanted) if !wanted.endings.is_empty() => Err(DetailTest::Ending(wanted.clone())),
                TermKind::Extension(Endings { simple, none, .. }) => {
                    let table =
                        extension_table(context.extensions, |text, _| simple.iter().any(|one| one == text), *none);
                    Ok(if of_files { ColumnTest::Extensions(table) } else { ColumnTest::OfFiles(table, false) })
                }
                TermKind::Type(types) => {
                    let table =
                        extension_table(context.extensions, |_, one| types.has(one), types.has(FileType::Other));
                    // What is no file has passed already, by its kind.
                    Ok(if of_files { ColumnTest::Extensions(table) } else { ColumnTest::OfFiles(table, !term.negated) })
                }
                TermKind::Path(path) => Ok(ColumnTest::Is(context.reader.entry_at(path)?.map(|(id, _)| id))),
                TermKind::Owner(uid) => Ok(ColumnTest::Owner(*uid)),
                TermKind::Links(bounds) => Ok(ColumnTest::Links(*bounds)),
                TermKind::Under(path) => match under(context, path)? {
                    set if set.is_everything() && !term.negated => continue,
                    set => Ok(ColumnTest::Directories(set)),
                },
                TermKind::Root(name) => {
                    let root = context.roots.resolve(name).ok_or_else(|| CatalogError::UnknownRoot(name.clone()))?;
                    match under(context, &root.path)? {
                        set if set.is_everything() && !term.negated => continue,
                        set => Ok(ColumnTest::Directories(set)),
                    }
                }
                TermKind::Duplicate(yes) => {
                    let entries = context.cache.duplicates(context.reader, context.parallel)?;
                    if *yes {
                        Ok(ColumnTest::Duplicate(entries))
                    } else {
                        Ok(ColumnTest::Single(entries, context.uncompared()?))
                    }
                }
                TermKind::Undecided => {
                    let entries = context.cache.duplicates(context.reader, context.parallel)?;
                    Ok(ColumnTest::Undecided(entries, context.uncompared()?))
                }
            };
            match test {
                Ok(test) => filter.columns.push((term.negated, test)),
                Err(test) => filter.detail.push((term.negated, test)),
            }
        }
        Ok(filter)
    }

    /// Whether names or hashes must be read.
    pub(crate) fn needs_detail(&self) -> bool {
        !self.detail.is_empty()
    }

    /// Whether every regular file passes, and nothing else.
    pub(crate) fn is_everything(&self) -> bool {
        self.columns.is_empty() && self.detail.is_empty() && self.is_of_files()
    }

    /// Whether only regular files may pass.
    pub(crate) fn is_of_files(&self) -> bool {
        self.kinds == FILES_ALONE && !self.folders.is_wanted
    }

    /// Whether a file, a link or a special file may pass.
    pub(crate) fn wants_entries(&self) -> bool {
        self.kinds.contains(&true)
    }

    /// Whether an entry that is no regular file may pass: the bounds of blocks say nothing of those.
    pub(crate) fn wants_others(&self) -> bool {
        self.kinds[EntryKind::Symlink as usize] || self.kinds[EntryKind::Special as usize]
    }

    /// The only entry that may pass, or none, where the expression names a path.
    pub(crate) fn only_entry(&self) -> Option<&[EntryId]> {
        self.columns.iter().find_map(|(negated, test)| match test {
            ColumnTest::Is(id) if !negated => Some(id.as_slice()),
            _ => None,
        })
    }

    /// The entries that pass, where all that is asked is whether a file has a copy.
    pub(super) fn only_duplicates(&self) -> Option<&Arc<EntrySet>> {
        match self.columns.as_slice() {
            [(false, ColumnTest::Duplicate(entries))] if self.detail.is_empty() && self.is_of_files() => Some(entries),
            _ => None,
        }
    }

    /// Whether anything but names, paths and hashes is tested.
    pub(crate) fn has_column_tests(&self) -> bool {
        !self.columns.is_empty()
    }

    /// A text that every hit's folded name contains, long enough for the name index.
    pub(crate) fn indexed_text(&self) -> Option<String> {
        let literals = self.detail.iter().filter(|(negated, _)| !negated).filter_map(|(_, test)| match test {
            DetailTest::NameContains(text) => Some(text.clone()),
            DetailTest::NameGlob(glob) => glob.longest_literal(),
            DetailTest::PathGlob(_) | DetailTest::Hash(_) | DetailTest::Ending(_) => None,
        });
        literals.filter(|text| text.chars().count() >= SHORTEST_TERM).max_by_key(String::len)
    }

    /// A pattern that the path of every hit fits.
    pub(crate) fn path_glob(&self) -> Option<&Glob> {
        self.detail.iter().find_map(|(negated, test)| match test {
            DetailTest::PathGlob(glob) if !negated => Some(glob),
            _ => None,
        })
    }

    /// The hash that every hit's hash begins with.
    pub(crate) fn hash_prefix(&self) -> Option<&HashPrefix> {
        self.detail.iter().find_map(|(negated, test)| match test {
            DetailTest::Hash(prefix) if !negated => Some(prefix),
            _ => None,
        })
    }

    /// Whether the name index's answer for [`Filter::indexed_text`] is the whole test of names.
    pub(crate) fn index_decides(&self) -> bool {
        matches!(self.detail.as_slice(), [(false, DetailTest::NameContains(_))])
    }

    /// Bounds on size (bytes) and modification (seconds) that every hit lies in.
    pub(crate) fn zone(&self) -> Zone {
        let mut zone = Zone { size_bytes: (0, i64::MAX), mtime_s: (i64::MIN, i64::MAX) };
        for (negated, test) in &self.columns {
            match test {
                ColumnTest::Size(bounds) if !negated => {
                    zone.size_bytes.0 = zone.size_bytes.0.max(clamp(bounds.low));
                    zone.size_bytes.1 = zone.size_bytes.1.min(clamp(bounds.high));
                }
                ColumnTest::Modified(low, high) if !negated => {
                    zone.mtime_s = (zone.mtime_s.0.max(*low), zone.mtime_s.1.min(*high));
                }
                _ => {}
            }
        }
        zone
    }

    /// Whether a block of this directory can be passed over.
    pub(crate) fn excludes_directory(&self, directory: i64) -> bool {
        self.columns.iter().any(|(negated, test)| match test {
            ColumnTest::Directories(set) => set.contains(directory) == *negated,
            _ => false,
        })
    }

    /// Whether the file in `slot` passes all tests on columns; its directory has passed.
    #[inline]
    pub(crate) fn passes_columns(&self, block: i64, columns: &BlockColumns<'_>, slot: usize) -> bool {
        self.columns.iter().all(|(negated, test)| Self::passes(test, *negated, block, columns, slot))
    }

    #[inline]
    fn passes(test: &ColumnTest, negated: bool, block: i64, columns: &BlockColumns<'_>, slot: usize) -> bool {
        let passes = match test {
            ColumnTest::Size(bounds) => bounds.contains(columns.size_bytes(slot)),
            ColumnTest::Modified(low, high) => (*low..=*high).contains(&columns.mtime_s(slot)),
            ColumnTest::Created(low, high) => columns.birth_s(slot).is_some_and(|at| (*low..=*high).contains(&at)),
            ColumnTest::Extensions(wanted) => wanted.get(columns.extension(slot) as usize).copied().unwrap_or(false),
            ColumnTest::OfFiles(wanted, others) => match columns.kind(slot) {
                EntryKind::File => wanted.get(columns.extension(slot) as usize).copied().unwrap_or(false),
                _ => *others,
            },
            ColumnTest::Is(id) => *id == Some(EntryId::new(block, slot)),
            ColumnTest::Owner(uid) => columns.owner(slot) == *uid,
            ColumnTest::Links(bounds) => bounds.contains(u64::from(columns.links(slot))),
            // The block's directory was looked at before its slots.
            ColumnTest::Directories(_) => return true,
            ColumnTest::Duplicate(entries) => entries.contains(EntryId::new(block, slot)),
            ColumnTest::Single(entries, uncompared) => {
                let (id, size_bytes) = (EntryId::new(block, slot), columns.size_bytes(slot));
                !entries.contains(id) && !uncompared.leaves_open(id, size_bytes)
            }
            ColumnTest::Undecided(entries, uncompared) => {
                let (id, size_bytes) = (EntryId::new(block, slot), columns.size_bytes(slot));
                !entries.contains(id) && uncompared.leaves_open(id, size_bytes)
            }
        };
        passes != negated
    }

    /// Leaves in `slots` the entries of a block that pass all tests on columns. A column at a time: each loop is
    /// short and has one test, which is several times quicker than all tests for one file after another.
    pub(crate) fn column_hits(&self, block: i64, columns: &BlockColumns<'_>, slots: &mut Vec<usize>) {
        slots.clear();
        slots.extend(0..columns.len());
        self.narrow(block, columns, slots);
    }

    /// Leaves of `slots`, which ascend, the entries that pass all tests on columns.
    pub(crate) fn narrow(&self, block: i64, columns: &BlockColumns<'_>, slots: &mut Vec<usize>) {
        let is_inside = slots.last().is_none_or(|&last| last < columns.len());
        if !(is_inside && columns.all_files() && self.kinds[EntryKind::File as usize]) {
            slots.retain(|&slot| slot < columns.len() && self.kinds[columns.kind(slot) as usize]);
        }
        for (negated, test) in &self.columns {
            let wanted = !*negated;
            match test {
                ColumnTest::Size(bounds) => keep(slots, |slot| bounds.contains(columns.size_bytes(slot)) == wanted),
                ColumnTest::Modified(low, high) => {
                    keep(slots, |slot| (*low..=*high).contains(&columns.mtime_s(slot)) == wanted);
                }
                ColumnTest::Extensions(table) => {
                    let is_wanted = |id: u32| table.get(id as usize).copied().unwrap_or(false) == wanted;
                    match columns.uniform_extension() {
                        Some(id) if is_wanted(id) => {}
                        Some(_) => slots.clear(),
                        None => keep(slots, |slot| is_wanted(columns.extension(slot))),
                    }
                }
                ColumnTest::Duplicate(entries) => {
                    keep(slots, |slot| entries.contains(EntryId::new(block, slot)) == wanted);
                }
                ColumnTest::Created(..)
                | ColumnTest::OfFiles(..)
                | ColumnTest::Is(_)
                | ColumnTest::Owner(_)
                | ColumnTest::Links(_)
                | ColumnTest::Directories(_)
                | ColumnTest::Single(..)
                | ColumnTest::Undecided(..) => {
                    slots.retain(|&slot| Self::passes(test, *negated, block, columns, slot));
                }
            }
            if slots.is_empty() {
                return;
            }
        }
    }

    /// Leaves of `slots`, which ascend, those that pass the tests on name, path and hash. `folder` spells the path of the
    /// block's directory when it is asked.
    pub(crate) fn narrow_by_detail(
        &self,
        view: &BlockView<'_>,
        slots: &mut Vec<usize>,
        folder: &mut dyn FnMut() -> Result<Arc<[u8]>, CatalogError>,
    ) -> Result<(), CatalogError> {
        for (negated, test) in &self.detail {
            let wanted = !*negated;
            match test {
                DetailTest::NameContains(text) => {
                    retain_names(view, slots, |name| contains_lowercase(name, text) == wanted);
                }
                DetailTest::NameGlob(glob) => retain_names(view, slots, |name| glob.matches(name) == wanted),
                DetailTest::PathGlob(glob) => {
                    let folder = folder()?;
                    let fits = |name: &[u8]| glob.matches(&sanchay_core::path::join(&folder, name));
                    match glob.in_folder(&folder) {
                        InFolder::NothingFits if wanted => slots.clear(),
                        InFolder::NothingFits => {}
                        InFolder::MayFit(text) => {
                            retain_names(view, slots, |name| (contains_lowercase(name, text) && fits(name)) == wanted);
                        }
                    }
                }
                DetailTest::Ending(endings) => {
                    let mut passing = Vec::with_capacity(slots.len());
                    view.detail.for_each_name(slots, |slot, name| {
                        let is_file = view.columns.kind(slot) == EntryKind::File;
                        if (is_file && endings.matches(name)) == wanted {
                            passing.push(slot);
                        }
                    });
                    *slots = passing;
                }
                DetailTest::Hash(prefix) => {
                    let mut passing = Vec::with_capacity(slots.len());
                    for &slot in slots.iter() {
                        let hash = view.get(slot)?.and_then(|item| item.entry.known_hash());
                        if hash.is_some_and(|hash| prefix.matches(hash.as_bytes())) == wanted {
                            passing.push(slot);
                        }
                    }
                    *slots = passing;
                }
            }
            if slots.is_empty() {
                break;
            }
        }
        Ok(())
    }

    /// Whether a file passes the tests on name, path and hash. `path` spells its path when it is asked.
    pub(crate) fn passes_detail(
        &self,
        item: &EntryRef<'_>,
        path: &mut dyn FnMut() -> Result<Vec<u8>, CatalogError>,
    ) -> Result<bool, CatalogError> {
        for (negated, test) in &self.detail {
            let passes = match test {
                DetailTest::NameContains(text) => contains_lowercase(item.name, text),
                DetailTest::NameGlob(glob) => glob.matches(item.name),
                DetailTest::PathGlob(glob) => glob.matches(&path()?),
                DetailTest::Ending(endings) => item.entry.is_file() && endings.matches(item.name),
                DetailTest::Hash(prefix) => item.entry.known_hash().is_some_and(|hash| prefix.matches(hash.as_bytes())),
            };
            if passes == *negated {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Calls `visit` with each slot of a block that passes everything.
    pub(crate) fn for_each_hit(
        &self,
        block: i64,
        view: &BlockView<'_>,
        path: &mut dyn FnMut(&[u8]) -> Result<Vec<u8>, CatalogError>,
        visit: &mut dyn FnMut(usize, &EntryRef<'_>),
    ) -> Result<(), CatalogError> {
        let mut failure = None;
        view.for_each(|slot, item| {
            if failure.is_some()
                || !self.kinds[item.entry.kind as usize]
                || !self.passes_columns(block, &view.columns, slot)
            {
                return;
            }
            match self.passes_detail(&item, &mut || path(item.name)) {
                Ok(true) => visit(slot, &item),
                Ok(false) => {}
                Err(error) => failure = Some(error),
            }
        })?;
        failure.map_or(Ok(()), Err)
    }
}

/// Leaves the slots whose names pass.
/// As [`Vec::retain`], without a branch for each slot: which ones pass is not to be foreseen, and a branch that was
/// foreseen wrongly costs more than the test.
#[inline]
fn keep(slots: &mut Vec<usize>, is_wanted: impl Fn(usize) -> bool) {
    let mut kept = 0;
    for at in 0..slots.len() {
        let slot = slots[at];
        slots[kept] = slot;
        kept += usize::from(is_wanted(slot));
    }
    slots.truncate(kept);
}

fn retain_names(view: &BlockView<'_>, slots: &mut Vec<usize>, test: impl Fn(&[u8]) -> bool) {
    let (mut kept, mut left) = (0, std::mem::take(slots));
    let mut passing = Vec::with_capacity(left.len());
    view.detail.for_each_name(&left, |slot, name| passing.push((slot, test(name))));
    for (slot, passes) in passing {
        if passes {
            left[kept] = slot;
            kept += 1;
        }
    }
    left.truncate(kept);
    *slots = left;
}

/// Bounds that let a block be passed over unread.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Zone {
    pub(crate) size_bytes: (i64, i64),
    pub(crate) mtime_s: (i64, i64),
}

fn clamp(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Extension ids that are wanted; `none_wanted`: whether files without an extension are.
fn extension_table(extensions: &Extensions, wanted: impl Fn(&str, FileType) -> bool, none_wanted: bool) -> Vec<bool> {
    let mut table = vec![none_wanted];
    for (id, extension) in extensions.all() {
        table.resize(table.len().max(id as usize + 1), false);
        table[id as usize] = wanted(extension.as_str(), FileType::from_extension(extension.as_bytes()));
    }
    table
}

const FILES_ALONE: [bool; 4] = [false, true, false, false];

/// Which kinds of entries an expression is about, and whether it is about folders: regular files alone, unless a term
/// names something else, or a path, which means whatever is there.
fn wanted_kinds(expression: &Expression) -> ([bool; 4], bool) {
    let names_others = |term: &Term| match &term.kind {
        TermKind::Path(_) => true,
        TermKind::Type(types) => !types.is_of_files(),
        _ => false,
    };
    if !expression.terms.iter().any(|term| !term.negated && names_others(term)) {
        return (FILES_ALONE, false);
    }
    let allows = |kind: fn(&Types) -> bool| {
        expression.terms.iter().all(|term| match &term.kind {
            TermKind::Type(types) => kind(types) != term.negated,
            _ => true,
        })
    };
    let no_files = |term: &Term| match &term.kind {
        TermKind::Type(types) => !term.negated && !types.any_file && types.files.is_empty(),
        _ => false,
    };
    let files = !expression.terms.iter().any(no_files);
    ([false, files, allows(|types| types.links), allows(|types| types.special)], allows(|types| types.folders))
}
