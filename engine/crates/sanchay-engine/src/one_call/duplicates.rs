//! Equal files below the named paths: by size, then by their edges, then by their whole content.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use sanchay_catalog::block::EntryId;
use sanchay_catalog::content::{
    content_key, usual_allocation, Facts, GroupFigures, Posting, SharedContent, Sharing, MULTIPLE_LINKS,
    ODD_ALLOCATION, SHARES_EXTENTS,
};
use sanchay_catalog::CatalogError;
use sanchay_core::hash::EDGE_BYTES;
use sanchay_core::{hash_edges, Algorithm, ContentHash, CoreError, DirHandle, FileStat, Folder as _, Shows, Volume};

use super::folders::{look, Folder, Opener, Queue, Visitor};
use super::open_catalogs::CatalogFiles;
use super::parallel::{ended, in_order, thread_count};
use super::start::{starts, Start};
use super::Stop;
use crate::error::EngineError;
use crate::reading::{FileReader, SMALL_BYTES};
use crate::scan::sharing_of;

/// Files of one content.
#[derive(Clone, Debug)]
pub struct DuplicateGroup {
    /// Copies and bytes.
    pub figures: GroupFigures,
    /// BLAKE3 of the content.
    pub hash: ContentHash,
    /// Every name of every copy; the names of one copy stand together.
    pub paths: Vec<DuplicatePath>,
}

/// One name of one copy.
#[derive(Clone, Debug)]
pub struct DuplicatePath {
    /// Begins with the path that the caller named.
    pub path: Vec<u8>,
    /// On its device.
    pub inode: u64,
    /// Unix time.
    pub modified_ns: i64,
    /// Names of one physical copy have one number, from 1 on.
    pub copy: u64,
    /// The copy may be one file with another one of the group.
    pub perhaps: bool,
}

/// Groups of two physical copies or more, most to win first. Files of fewer than `min_size_bytes` do not count, so that
/// empty ones do only with 0. What cannot be read, or changes while it is read, is left out.
///
/// Fails with what opening a named path may give (`not_found`, `permission`, `pseudo_file_system`), with `cancelled` and
/// `internal`. `threads`: 0 stands for one for each processor.
pub fn find_duplicates(
    paths: &[Vec<u8>],
    min_size_bytes: u64,
    threads: usize,
    stop: &Stop,
) -> Result<Vec<DuplicateGroup>, EngineError> {
    let threads = thread_count(threads);
    let starts = starts(paths)?;
    let files = list(&starts, min_size_bytes, threads, stop)?;
    Reading { starts: &starts, threads, stop }.groups(files)
}

/// A name of a regular file.
struct Seen {
    folder: Arc<Folder>,
    name: Box<[u8]>,
    stat: FileStat,
}

/// The names of one physical file.
type Copy<'f> = &'f [Seen];

struct Lister<'a> {
    min_size_bytes: u64,
    stop: &'a Stop,
    catalogs: &'a CatalogFiles,
    files: Vec<Seen>,
}

impl Visitor for Lister<'_> {
    fn file(&mut self, folder: &Arc<Folder>, name: &[u8], stat: &FileStat) -> ControlFlow<()> {
        if self.stop.is_stopped() {
            return ControlFlow::Break(());
        }
        // A file that lives in a cloud would have to be fetched.
        if stat.size_bytes >= self.min_size_bytes && !stat.placeholder && !self.catalogs.has(stat) {
            self.files.push(Seen { folder: Arc::clone(folder), name: name.into(), stat: *stat });
        }
        ControlFlow::Continue(())
    }
}

/// All files whose size occurs twice.
fn list(starts: &[Start], min_size_bytes: u64, threads: usize, stop: &Stop) -> Result<Vec<Seen>, EngineError> {
    let (queue, catalogs) = (Queue::default(), CatalogFiles::look());
    let lists = std::thread::scope(|scope| {
        let run = || {
            let mut lister = Lister { min_size_bytes, stop, catalogs: &catalogs, files: Vec::new() };
            look(&queue, starts, &mut lister);
            lister.files
        };
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        let joined = workers.into_iter().map(|worker| worker.join().map_err(|_| ended()));
        joined.collect::<Result<Vec<_>, _>>()
    })?;
    stop.check()?;
    let mut has_twin: HashMap<u64, bool> = HashMap::new();
    for seen in lists.iter().flatten() {
        has_twin.entry(seen.stat.size_bytes).and_modify(|twin| *twin = true).or_insert(false);
    }
    // Most files go here, before the lists are joined.
    Ok(lists.into_iter().flat_map(|files| files.into_iter().filter(|seen| has_twin[&seen.stat.size_bytes])).collect())
}

/// Names sorted by physical file, those of one together.
fn physical_copies(files: &mut [Seen]) -> Vec<Copy<'_>> {
    let identity = |seen: &Seen| (seen.stat.size_bytes, seen.stat.device, seen.stat.inode);
    files.sort_unstable_by_key(identity);
    files.chunk_by(|a, b| identity(a) == identity(b)).collect()
}

/// Hard links to one file may be all there is of a size.
fn of_twin_sizes<'f>(copies: &[Copy<'f>]) -> Vec<Copy<'f>> {
    let of_size = copies.chunk_by(|a, b| a[0].stat.size_bytes == b[0].stat.size_bytes);
    of_size.filter(|copies| copies.len() > 1).flatten().copied().collect()
}

/// How files are read.
struct Reading<'a> {
    starts: &'a [Start],
    threads: usize,
    stop: &'a Stop,
}

/// What each thread reads into.
struct Buffers {
    files: FileReader,
    edges: Vec<u8>,
}

/// A hash of a file in an open folder; None where it cannot be trusted or had.
type HashOne<'h> = dyn Fn(&mut Buffers, &DirHandle, &Seen) -> Option<ContentHash> + Sync + 'h;

impl Reading<'_> {
    /// The groups among listed files, in the order in which they are given.
    fn groups(&self, mut files: Vec<Seen>) -> Result<Vec<DuplicateGroup>, EngineError> {
        let copies = self.of_twin_edges(of_twin_sizes(&physical_copies(&mut files)))?;
        let alike = self.whole(copies)?.into_iter();
        let mut places = Places { opener: Opener::new(self.starts), systems: HashMap::new() };
        let groups = alike.map(|(hash, copies)| group(self.starts, hash, &copies, &mut places));
        let mut groups = groups.collect::<Result<Vec<_>, _>>()?;
        groups.sort_by(|a, b| {
            let gain = |group: &DuplicateGroup| (group.figures.reclaimable_bytes, group.figures.copies);
            gain(b).cmp(&gain(a)).then_with(|| a.paths[0].path.cmp(&b.paths[0].path))
        });
        Ok(groups)
    }

    /// The copies that may have a twin: large ones must share their first and last block with another.
    fn of_twin_edges<'f>(&self, copies: Vec<Copy<'f>>) -> Result<Vec<Copy<'f>>, EngineError> {
        let (large, mut rest): (Vec<_>, Vec<_>) =
            copies.into_iter().partition(|copy| copy[0].stat.size_bytes > SMALL_BYTES);
        let alike =
            self.alike(large, &|buffers, folder, seen| edges(folder, seen, &mut buffers.edges).ok().flatten())?;
        rest.extend(alike.into_iter().flat_map(|(_, copies)| copies));
        Ok(rest)
    }

    /// The copies of each content.
    fn whole<'f>(&self, copies: Vec<Copy<'f>>) -> Result<Vec<(ContentHash, Vec<Copy<'f>>)>, EngineError> {
        self.alike(copies, &|buffers, folder, seen| {
            if seen.stat.size_bytes == 0 && FileReader::holds_something(folder, &seen.name) {
                return None;
            }
            let mut on_bytes = |_| self.stop.flow();
            buffers.files.read(folder, &seen.name, &seen.stat, Algorithm::Blake3, &mut on_bytes).hash
        })
    }

    /// Puts copies together that share size and hash, and drops those that are alone.
    fn alike<'f>(
        &self,
        mut copies: Vec<Copy<'f>>,
        hash: &HashOne<'_>,
    ) -> Result<Vec<(ContentHash, Vec<Copy<'f>>)>, EngineError> {
        copies.sort_by_key(|copy| copy[0].folder.number);
        let state = || (Opener::new(self.starts), Buffers { files: FileReader::new(), edges: vec![0; 2 * EDGE_BYTES] });
        let hashes = in_order(self.threads, self.stop, &copies, state, |(opener, buffers), copy| {
            // One of the names may be gone by now, or out of reach.
            copy.iter().find_map(|seen| hash(buffers, opener.open(&seen.folder).ok()?, seen))
        })?;
        let mut found: Vec<(u64, ContentHash, Copy<'f>)> = hashes
            .into_iter()
            .zip(copies)
            .filter_map(|(hash, copy)| Some((copy[0].stat.size_bytes, hash?, copy)))
            .collect();
        found.sort_by_key(|(size_bytes, hash, _)| (*size_bytes, *hash));
        let alike = found.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)).filter(|alike| alike.len() > 1);
        Ok(alike.map(|alike| (alike[0].1, alike.iter().map(|(_, _, copy)| *copy).collect())).collect())
    }
}

/// The hash of a file's edges; None when it is not the one that was listed, or no longer as long.
fn edges(folder: &DirHandle, seen: &Seen, buffer: &mut [u8]) -> Result<Option<ContentHash>, CoreError> {
    let file = folder.open_file(&seen.name)?;
    if !file.stat()?.held_still_since(&seen.stat) {
        return Ok(None);
    }
    let hashed = hash_edges(&file, seen.stat.size_bytes, buffer)?;
    Ok((hashed.bytes_read == buffer.len() as u64).then_some(hashed.hash))
}

/// What the catalog would look up, known here already.
struct Known<'f> {
    names: Vec<(&'f Seen, Option<Sharing>)>,
    /// Whose files the volumes show, by device.
    shows: HashMap<u64, Shows>,
}

impl Facts for Known<'_> {
    fn volume(&mut self, posting: &Posting) -> Result<i64, CatalogError> {
        Ok(self.names[posting.entry.0 as usize].0.stat.device as i64)
    }

    fn links_and_allocated(&mut self, entry: EntryId) -> Result<(u32, u64), CatalogError> {
        let stat = &self.names[entry.0 as usize].0.stat;
        Ok((stat.links, stat.allocated_bytes))
    }

    fn sharing(&mut self, entry: EntryId) -> Result<Option<Sharing>, CatalogError> {
        Ok(self.names[entry.0 as usize].1)
    }

    fn any_shown(&mut self) -> Result<bool, CatalogError> {
        Ok(self.shows.values().any(|shows| *shows != Shows::Own))
    }

    fn shows(&mut self, volume: i64) -> Result<Shows, CatalogError> {
        Ok(self.shows.get(&(volume as u64)).copied().unwrap_or_default())
    }

    fn birth_ns(&mut self, entry: EntryId) -> Result<Option<i64>, CatalogError> {
        Ok(self.names[entry.0 as usize].0.stat.birth_ns)
    }
}

/// Where equal files lie on their volumes.
struct Places<'s> {
    opener: Opener<'s>,
    /// The folders' file systems, by (device, mount).
    systems: HashMap<(u64, u64), Option<Volume>>,
}

impl Places<'_> {
    /// The file system that a file is on.
    fn system(&mut self, seen: &Seen) -> Option<&Volume> {
        let (stat, name) = (&seen.stat, &seen.name);
        let known = self.systems.entry((stat.device, stat.mount_id));
        let opener = &mut self.opener;
        let ask = || {
            let folder = opener.open(&seen.folder).ok()?;
            let is_mounted = folder.stat_self().ok()?.device != stat.device;
            if is_mounted { folder.volume_of(name) } else { folder.volume() }.ok()
        };
        known.or_insert_with(ask).as_ref()
    }

    /// What a file shares with others, as far as the system tells.
    fn sharing(&mut self, seen: &Seen) -> Option<Sharing> {
        let (has_reflinks, pool) = self.system(seen).map(|volume| (volume.system.reflink, volume.pool))?;
        let folder = self.opener.open(&seen.folder).ok()?;
        let file = has_reflinks.then(|| folder.open_file(&seen.name).ok())??;
        let is_it = file.stat().is_ok_and(|now| now.held_still_since(&seen.stat));
        is_it.then(|| sharing_of(&file, pool))?
    }
}

fn group(
    starts: &[Start],
    hash: ContentHash,
    copies: &[Copy<'_>],
    places: &mut Places<'_>,
) -> Result<DuplicateGroup, EngineError> {
    let mut known = Known { names: Vec::new(), shows: HashMap::new() };
    for seen in copies.iter().copied().flatten() {
        known.names.push((seen, places.sharing(seen)));
        // What cannot be asked may be anything.
        let shows = places.system(seen).map_or(Shows::Others, |volume| volume.system.shows);
        known.shows.insert(seen.stat.device, shows);
    }
    let of =
        |(index, (seen, sharing)): (usize, &(&Seen, Option<Sharing>))| posting(index, seen, sharing.is_some(), &hash);
    let postings: Vec<Posting> = known.names.iter().enumerate().map(of).collect();
    let figures = SharedContent(&postings).figures(&mut known)?;
    let doubtful: Vec<bool> = {
        let members = SharedContent(&postings).members(&mut known)?;
        let mut doubtful = vec![false; postings.len()];
        for member in members {
            doubtful[member.entry.0 as usize] = member.perhaps;
        }
        doubtful
    };
    let mut first = 0;
    let mut named: Vec<Vec<DuplicatePath>> = Vec::with_capacity(copies.len());
    for copy in copies {
        named.push(names(starts, copy, doubtful[first]));
        first += copy.len();
    }
    let mut copies = named;
    copies.sort_by(|a, b| a[0].path.cmp(&b[0].path));
    for (number, copy) in (1..).zip(&mut copies) {
        for name in copy {
            name.copy = number;
        }
    }
    Ok(DuplicateGroup { figures, hash, paths: copies.into_iter().flatten().collect() })
}

/// A file as the content index would hold it, so that figures follow one rule.
fn posting(index: usize, seen: &Seen, shares_extents: bool, hash: &ContentHash) -> Posting {
    let stat = &seen.stat;
    let mut flags = 0;
    if stat.links > 1 {
        flags |= MULTIPLE_LINKS;
    }
    if stat.allocated_bytes != usual_allocation(stat.size_bytes) {
        flags |= ODD_ALLOCATION;
    }
    if shares_extents {
        flags |= SHARES_EXTENTS;
    }
    Posting {
        key: content_key(hash, Algorithm::Blake3),
        entry: EntryId(index as u64),
        inode: stat.inode,
        size_bytes: stat.size_bytes,
        extension: 0,
        flags,
    }
}

fn names(starts: &[Start], copy: Copy<'_>, perhaps: bool) -> Vec<DuplicatePath> {
    let mut names: Vec<DuplicatePath> = copy
        .iter()
        .map(|seen| {
            let mut path = Vec::new();
            seen.folder.path_of(starts, &seen.name, &mut path);
            DuplicatePath { path, inode: seen.stat.inode, modified_ns: seen.stat.mtime_ns, copy: 0, perhaps }
        })
        .collect();
    names.sort_by(|a, b| a.path.cmp(&b.path));
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_file_that_vanishes_or_changes_after_the_listing_is_left_out() {
        let tree = tempfile::tempdir().unwrap();
        let at = |name: &str| sanchay_core::path::absolute(tree.path(), name.as_bytes());
        fs::create_dir(at("folder")).unwrap();
        for name in ["changed", "folder/linked", "gone", "kept"] {
            fs::write(at(name), b"same content").unwrap();
        }
        fs::hard_link(at("folder/linked"), at("linked")).unwrap();
        let starts = starts(&[sanchay_core::path::bytes_of(tree.path()).to_vec()]).unwrap();
        let stop = Stop::default();
        let files = list(&starts, 1, 2, &stop).unwrap();
        assert_eq!(files.len(), 5);
        fs::remove_file(at("gone")).unwrap();
        fs::write(at("changed"), b"other content, longer").unwrap();
        // One name of the linked file is out of reach now; it is read by the other.
        fs::rename(at("folder"), at("moved")).unwrap();
        let groups = Reading { starts: &starts, threads: 2, stop: &stop }.groups(files).unwrap();
        let expected = ["folder/linked", "linked", "kept"].map(|name| at(name).into_os_string().into_encoded_bytes());
        assert_eq!(groups.len(), 1);
        assert_eq!(groups[0].figures.copies, 2);
        // The names of one copy stand together, and the copies in the order of their first names.
        let found: Vec<_> = groups[0].paths.iter().map(|path| path.path.clone()).collect();
        assert_eq!(found, expected);
    }
}
