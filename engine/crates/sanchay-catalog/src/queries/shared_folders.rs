//! Folders that share copies: pairs of them, and folders with copies of their own files, those first where most could go.
//!
//! Only files right in a folder count for it. Memory is bounded: a group counts for its first [`Most::folders`] folders,
//! and of more pairs than [`Most::pairs`] those with least to win are let go; the answer is then partial, and no figure
//! in it is larger than it should be. No step takes long, so that a question that is called off ends at once.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use super::budget::{path_bytes, Budget, ROW_BYTES};
use super::copy_filter::CopyFilter;
use super::duplicate_page::DuplicateRequest;
use super::parallel::Parallel;
use super::runs::{KeyRange, ReaderFacts, RunVerdict};
use super::tree::{PathResolver, TreeShape};
use crate::catalog::Catalog;
use crate::content::{GroupFigures, Member, Posting, SharedContent};
use crate::error::CatalogError;
use crate::halt::Halt;
use crate::reader::Reader;

/// Pairs after which a pass asks whether it is called off.
const ASKED_EVERY: usize = 1024;
/// Pairs that are looked at to say which half is worth most.
const SAMPLE: usize = 4096;
/// Pairs that a table has room for from the beginning: one that grows is moved, and no one can call that off.
const ROOM: usize = 7 << 16;

/// One folder of a pair.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PairSide {
    /// Exact bytes.
    pub path: Vec<u8>,
    /// Files in it that have a copy in the other folder.
    pub shared_files: u64,
    /// Apparent bytes of the copies that have no name elsewhere: they could go, and the other folder has the content.
    pub bytes: u64,
    /// Files in it.
    pub files: u64,
    /// Every file in it and below it has a copy in the other folder.
    pub is_contained: bool,
}

/// Two folders that share copies; the same twice: copies within one folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FolderPair {
    /// The first by path.
    pub left: PairSide,
    /// The other.
    pub right: PairSide,
    /// Groups with copies in both.
    pub groups: u64,
}

/// An answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SharedFolders {
    /// Those first where most bytes could go.
    pub pairs: Vec<FolderPair>,
    /// Pairs in all, at least.
    pub total_pairs: u64,
    /// Not everything was counted.
    pub is_partial: bool,
}

/// Bounds on what is counted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Most {
    /// Folders of a group.
    pub(super) folders: usize,
    /// Pairs of a thread, and of all together.
    pub(super) pairs: usize,
}

/// With one more pair than these a hash table of 2^19 places is full, some 20 MB.
const MOST: Most = Most { folders: 32, pairs: ROOM - 1 };

impl Catalog {
    /// The pairs of folders that share most, of the groups that a question means. Its order, token and number of paths
    /// say nothing, and empty files share nothing.
    pub fn shared_folders(&self, request: &DuplicateRequest<'_>) -> Result<SharedFolders, CatalogError> {
        let reader = self.reader()?;
        reader.snapshot(|reader| self.shared_folders_on(&Parallel::new(self.readers(), reader), reader, request, MOST))
    }

    pub(super) fn shared_folders_on(
        &self,
        parallel: &Parallel<'_>,
        reader: &Reader,
        request: &DuplicateRequest<'_>,
        most: Most,
    ) -> Result<SharedFolders, CatalogError> {
        let filter = CopyFilter::new(self, reader, request)?;
        let ignored = filter.ignored(reader, request)?;
        let pass = Pass { filter, ignored, shape: &*self.cache.shape(reader)?, most, halt: Halt::of_thread() };
        let parts = reader.content_parts()?;
        let mut done = parallel.run(parts, |reader, queue| {
            let mut pairs = Pairs::new(most.pairs, pass.halt.clone());
            while let Some(part) = queue.take() {
                pass.count(reader, KeyRange::part(part, parts), &mut pairs)?;
            }
            Ok(pairs)
        })?;
        done.sort_by_key(|pairs| Reverse(pairs.found.len()));
        let mut done = done.into_iter();
        let mut all = done.next().unwrap_or_else(|| Pairs::new(most.pairs, pass.halt.clone()));
        for pairs in done {
            all.merge(pairs)?;
        }
        let mut answer = SharedFolders {
            total_pairs: all.found.len() as u64,
            is_partial: all.is_partial,
            ..SharedFolders::default()
        };
        let (mut paths, mut budget) = (PathResolver::new(reader), Budget::new(request.max_bytes));
        for (key, figures) in all.first(request.limit)? {
            let Some(pair) = reader.folder_pair(key, &figures, &mut paths)? else { continue };
            if !budget.take(ROW_BYTES + path_bytes(&pair.left.path) + path_bytes(&pair.right.path)) {
                break;
            }
            answer.pairs.push(pair);
        }
        Ok(answer)
    }
}

/// What a pass over the content index goes by.
struct Pass<'a> {
    filter: CopyFilter,
    ignored: HashMap<(i64, i64), GroupFigures>,
    shape: &'a TreeShape,
    most: Most,
    halt: Halt,
}

impl Pass<'_> {
    fn count(&self, reader: &Reader, range: KeyRange, pairs: &mut Pairs) -> Result<(), CatalogError> {
        let mut facts = ReaderFacts::new(reader);
        let (mut names, mut sides, mut asked_at) = (Vec::new(), Vec::new(), pairs.added);
        let wants = |posting: &Posting| self.filter.wants(posting);
        let wants_run = |run: &[Posting]| run.iter().filter(|posting| wants(posting)).nth(1).is_some();
        reader.for_each_run(range, &wants_run, &mut |run, verdict| {
            if verdict == RunVerdict::NoGroup {
                return Ok(());
            }
            let wanted: Vec<Posting> = run.iter().filter(|posting| wants(posting)).copied().collect();
            let contents = match verdict {
                RunVerdict::OneGroup | RunVerdict::PerhapsOneFile => vec![wanted],
                _ => reader.by_content(wanted)?,
            };
            for (ordinal, content) in (0..).zip(&contents) {
                if content.len() < 2 || self.ignored.contains_key(&(run[0].key, ordinal)) {
                    continue;
                }
                self.sides(&SharedContent(content).members(&mut facts)?, &mut names, &mut sides)?;
                pairs.add_group(content[0].size_bytes, &mut sides, self.most.folders)?;
            }
            if pairs.added - asked_at >= ASKED_EVERY {
                asked_at = pairs.added;
                pairs.go_on()?;
            }
            Ok(())
        })
    }

    /// The folders of a group. A copy that may be one file with another counts for none.
    fn sides(&self, members: &[Member], names: &mut Vec<Name>, sides: &mut Vec<Side>) -> Result<(), CatalogError> {
        names.clear();
        for copy in members.chunk_by(|a, b| a.copy == b.copy).filter(|names| !names[0].perhaps) {
            let from = names.len();
            for name in copy {
                let directory = u32::try_from(self.shape.directory_of(name.entry.block()));
                let directory = directory.map_err(|_| CatalogError::corrupt_block())?;
                names.push(Name { directory, copy: name.copy, is_own: true });
            }
            let is_own = names[from..].iter().all(|name| name.directory == names[from].directory);
            for name in &mut names[from..] {
                name.is_own = is_own;
            }
        }
        names.retain(|name| name.directory != 0);
        names.sort_unstable_by_key(|name| (name.directory, name.copy));
        sides.clear();
        sides.extend(names.chunk_by(|a, b| a.directory == b.directory).map(|names| {
            let copies = names.chunk_by(|a, b| a.copy == b.copy);
            Side {
                directory: names[0].directory,
                names: names.len() as u32,
                first_copy: names[0].copy,
                own: copies.clone().filter(|names| names[0].is_own).count() as u64,
                copies: copies.count() as u64,
            }
        }));
        Ok(())
    }
}

/// A name of a copy. `is_own`: all names of the copy are in this folder.
struct Name {
    directory: u32,
    copy: u64,
    is_own: bool,
}

/// What a folder has of a group.
struct Side {
    directory: u32,
    names: u32,
    /// Physical copies, and those with all of their names here.
    copies: u64,
    own: u64,
    first_copy: u64,
}

impl Side {
    /// Whether both have one and the same copy, under several names: they share a file, not copies.
    fn is_one_file_with(&self, other: &Self) -> bool {
        self.copies == 1 && other.copies == 1 && self.first_copy == other.first_copy
    }
}

/// Two directories, the smaller number first.
type PairKey = (u32, u32);

#[derive(Clone, Copy, Debug, Default)]
struct PairFigures {
    groups: u32,
    files: [u32; 2],
    bytes: [u64; 2],
}

impl PairFigures {
    /// What pairs are ordered by: larger comes first.
    fn worth(&self) -> (u64, u32) {
        (self.bytes[0].max(self.bytes[1]), self.groups)
    }
}

/// The pairs that were found.
struct Pairs {
    most: usize,
    found: HashMap<PairKey, PairFigures>,
    /// Additions so far.
    added: usize,
    is_partial: bool,
    halt: Halt,
}

impl Pairs {
    fn new(most: usize, halt: Halt) -> Self {
        Self { most, found: HashMap::with_capacity(ROOM), added: 0, is_partial: false, halt }
    }

    fn go_on(&self) -> Result<(), CatalogError> {
        if self.halt.is_called_off() {
            return Err(CatalogError::Cancelled);
        }
        Ok(())
    }

    fn add_group(&mut self, size_bytes: u64, sides: &mut Vec<Side>, folders_most: usize) -> Result<(), CatalogError> {
        self.is_partial |= sides.len() > folders_most;
        sides.truncate(folders_most);
        for (at, left) in sides.iter().enumerate() {
            if left.copies > 1 {
                let bytes = size_bytes.saturating_mul(left.own.min(left.copies - 1));
                let figures = PairFigures { groups: 1, files: [left.names; 2], bytes: [bytes; 2] };
                self.add((left.directory, left.directory), &figures)?;
            }
            for right in sides[at + 1..].iter().filter(|right| !left.is_one_file_with(right)) {
                let bytes = [left, right].map(|side| size_bytes.saturating_mul(side.own));
                let figures = PairFigures { groups: 1, files: [left.names, right.names], bytes };
                self.add((left.directory, right.directory), &figures)?;
            }
        }
        Ok(())
    }

    fn add(&mut self, key: PairKey, more: &PairFigures) -> Result<(), CatalogError> {
        self.added += 1;
        let known = self.found.entry(key).or_default();
        known.groups = known.groups.saturating_add(more.groups);
        for side in 0..2 {
            known.files[side] = known.files[side].saturating_add(more.files[side]);
            known.bytes[side] = known.bytes[side].saturating_add(more.bytes[side]);
        }
        if self.found.len() > self.most {
            self.let_go()?;
        }
        Ok(())
    }

    /// Leaves about the half that is worth most.
    fn let_go(&mut self) -> Result<(), CatalogError> {
        self.is_partial = true;
        let step = self.found.len().div_ceil(SAMPLE);
        let mut sample: Vec<_> = self.found.values().step_by(step).map(PairFigures::worth).collect();
        let middle = sample.len() / 2;
        let worst = *sample.select_nth_unstable(middle).1;
        let mut as_good_left = self.most / 4;
        let all = std::mem::replace(&mut self.found, HashMap::with_capacity(ROOM));
        for (at, (key, figures)) in all.into_iter().enumerate() {
            if at % ASKED_EVERY == 0 {
                self.go_on()?;
            }
            let is_as_good = figures.worth() == worst && as_good_left > 0;
            as_good_left -= usize::from(is_as_good);
            if figures.worth() > worst || is_as_good {
                self.found.insert(key, figures);
            }
        }
        Ok(())
    }

    /// Adds what another thread found.
    fn merge(&mut self, other: Self) -> Result<(), CatalogError> {
        self.is_partial |= other.is_partial;
        for (at, (key, figures)) in other.found.into_iter().enumerate() {
            if at % ASKED_EVERY == 0 {
                self.go_on()?;
            }
            self.add(key, &figures)?;
        }
        Ok(())
    }

    /// The first `limit` pairs, in order.
    fn first(&self, limit: usize) -> Result<Vec<(PairKey, PairFigures)>, CatalogError> {
        let mut first = BinaryHeap::new();
        for (at, (key, figures)) in self.found.iter().enumerate() {
            if at % ASKED_EVERY == 0 {
                self.go_on()?;
            }
            let place = Reverse((figures.worth(), Reverse(*key)));
            if first.len() < limit {
                first.push(place);
            } else if let Some(mut last) = first.peek_mut().filter(|last| place < **last) {
                *last = place;
            }
        }
        let sorted = first.into_sorted_vec().into_iter();
        Ok(sorted.map(|Reverse((_, Reverse(key)))| (key, self.found[&key])).collect())
    }
}

impl Reader {
    /// The pair as it is shown; None where one of them hangs on none of the trees.
    fn folder_pair(
        &self,
        key: PairKey,
        figures: &PairFigures,
        paths: &mut PathResolver<'_>,
    ) -> Result<Option<FolderPair>, CatalogError> {
        let is_one = key.0 == key.1;
        let mut sides = Vec::with_capacity(2);
        for (side, directory) in [key.0, key.1].into_iter().enumerate() {
            let Some(path) = paths.directory(directory.into())? else { return Ok(None) };
            let (files, files_below) = self.files_in(directory.into())?;
            let shared_files = figures.files[side].into();
            let is_contained = !is_one && shared_files == files_below;
            sides.push(PairSide { path: path.to_vec(), shared_files, bytes: figures.bytes[side], files, is_contained });
        }
        sides.sort_by(|a, b| a.path.cmp(&b.path));
        let groups = figures.groups.into();
        Ok(sides.pop().zip(sides.pop()).map(|(right, left)| FolderPair { left, right, groups }))
    }

    /// Files right in a directory, and those with all below it.
    fn files_in(&self, directory: i64) -> Result<(u64, u64), CatalogError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT (SELECT coalesce(sum(files), 0) FROM block WHERE directory = ?1),
                    coalesce((SELECT files FROM usage WHERE directory = ?1), 0)",
        )?;
        Ok(statement.query_row([directory], |row| Ok((row.get::<_, i64>(0)? as u64, row.get::<_, i64>(1)? as u64)))?)
    }
}
