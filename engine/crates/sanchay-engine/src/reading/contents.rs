//! Contents of files with several names: read once for each inode and witness, not once for each name.
//!
//! Nothing here is trusted longer than the witness that it was read under: another size, mtime or ctime is another
//! content. A name that asks while the content is being read waits for the one who reads it.

use std::collections::hash_map::Entry as Slot;
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use sanchay_catalog::block::HashState;
use sanchay_core::{Algorithm, ContentHash, FileStat, Witness};

use super::slices::Slices;

/// Inodes remembered at once, 100 bytes each. What comes after is read by each of its names.
const INODES_MOST: usize = 400_000;
/// How often someone who waits for another's reading is asked whether they still want it.
const ASK: Duration = Duration::from_millis(50);

/// An inode by the system's own numbers: two mounted clones of one volume are told apart.
type Inode = (u64, u64);

/// The content of an inode, for as long as the witness holds.
#[derive(Clone, Copy, Debug)]
struct Known {
    witness: Witness,
    algorithm: Algorithm,
    content: Content,
    /// Names that have not asked yet.
    names_left: u32,
}

#[derive(Clone, Copy, Debug)]
enum Content {
    /// One of its names waits to be read.
    Waits,
    IsRead,
    Read(HashState, ContentHash),
}

impl Known {
    fn new(seen: &FileStat, algorithm: Algorithm, content: Content) -> Self {
        Self { witness: seen.witness(), algorithm, content, names_left: seen.links.saturating_sub(1) }
    }

    fn is_of(&self, seen: &FileStat, algorithm: Algorithm) -> bool {
        (self.witness, self.algorithm) == (seen.witness(), algorithm)
    }
}

/// What to do about a content.
pub(crate) enum Turn<'c> {
    /// It was read by another name.
    Known(HashState, ContentHash),
    /// Read it, and say what came of it.
    Read(Reading<'c>),
    /// Read it for this name only.
    ReadAlone,
    /// The caller gave up while another read it.
    GivenUp,
}

/// The contents that a scan, or the live threads, have read.
pub(crate) struct Contents {
    inodes: Mutex<HashMap<Inode, Known>>,
    read: Condvar,
    edges: Mutex<HashMap<(u64, Witness), (i64, bool)>>,
    lasting: bool,
    slices: Arc<Slices>,
}

impl Contents {
    /// For one scan: an inode is forgotten once all its names have asked.
    pub(crate) fn of_scan(slices: Arc<Slices>) -> Self {
        Self { inodes: Mutex::default(), read: Condvar::new(), edges: Mutex::default(), lasting: false, slices }
    }

    /// For as long as there is something to read. Names ask again here after each event, so only hashes that no later
    /// write can share the stamps of are kept.
    pub(crate) fn lasting(slices: Arc<Slices>) -> Self {
        Self { lasting: true, ..Self::of_scan(slices) }
    }

    /// What was begun and broken off.
    pub(crate) fn slices(&self) -> Arc<Slices> {
        Arc::clone(&self.slices)
    }

    /// Forgets all that is not being read.
    pub(crate) fn forget(&self) {
        let mut inodes = self.lock();
        inodes.retain(|_, known| matches!(known.content, Content::IsRead));
        inodes.shrink_to_fit();
    }

    /// Whether anything is remembered.
    pub(crate) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// Notes that a name waits to be read; false where another name of the same content does already.
    pub(crate) fn first_waits(&self, seen: &FileStat, algorithm: Algorithm) -> bool {
        if seen.links < 2 {
            return true;
        }
        let mut inodes = self.lock();
        let is_full = inodes.len() >= INODES_MOST;
        match inodes.entry((seen.device, seen.inode)) {
            Slot::Occupied(known) => !known.get().is_of(seen, algorithm),
            Slot::Vacant(slot) => {
                if !is_full {
                    let mut known = Known::new(seen, algorithm, Content::Waits);
                    known.names_left = seen.links;
                    slot.insert(known);
                }
                true
            }
        }
    }

    /// What to do about the content of a file with several names. `still` is asked while another reads it.
    pub(crate) fn turn(
        &self,
        seen: &FileStat,
        algorithm: Algorithm,
        still: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Turn<'_> {
        let inode = (seen.device, seen.inode);
        let mut inodes = self.lock();
        loop {
            let is_full = inodes.len() >= INODES_MOST;
            let known = match inodes.entry(inode) {
                Slot::Occupied(known) => known.into_mut(),
                Slot::Vacant(_) if is_full => return Turn::ReadAlone,
                Slot::Vacant(slot) => {
                    slot.insert(Known::new(seen, algorithm, Content::IsRead));
                    return Turn::Read(Reading { contents: self, inode });
                }
            };
            match (known.is_of(seen, algorithm), known.content) {
                (true, Content::Read(state, hash)) => {
                    known.names_left = known.names_left.saturating_sub(1);
                    if known.names_left == 0 && !self.lasting {
                        inodes.remove(&inode);
                    }
                    return Turn::Known(state, hash);
                }
                (true, Content::IsRead) => {}
                // It has changed since someone began to read it: theirs is of no use here, and mine of none to them.
                (false, Content::IsRead) => return Turn::ReadAlone,
                (true, Content::Waits) => {
                    known.names_left = known.names_left.saturating_sub(1);
                    known.content = Content::IsRead;
                    return Turn::Read(Reading { contents: self, inode });
                }
                (false, _) => {
                    *known = Known::new(seen, algorithm, Content::IsRead);
                    return Turn::Read(Reading { contents: self, inode });
                }
            }
            inodes = self.read.wait_timeout(inodes, ASK).expect("no panic under this lock").0;
            if still().is_break() {
                return Turn::GivenUp;
            }
        }
    }

    /// The edges of a content that another name was asked for, and whether no write could share their stamps.
    pub(crate) fn edges(&self, seen: &FileStat) -> Option<(i64, bool)> {
        let key = (seen.device, seen.witness());
        self.edges.lock().expect("no panic under this lock").get(&key).copied()
    }

    /// Keeps the edges of a file for its other names.
    pub(crate) fn keep_edges(&self, seen: &FileStat, edges: i64, settled: bool) {
        let mut kept = self.edges.lock().expect("no panic under this lock");
        if kept.len() < INODES_MOST {
            kept.insert((seen.device, seen.witness()), (edges, settled));
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Inode, Known>> {
        self.inodes.lock().expect("no panic under this lock")
    }
}

/// The right to read a content, for all names that wait for it. Given back unused, the next of them reads.
pub(crate) struct Reading<'c> {
    contents: &'c Contents,
    inode: Inode,
}

impl Reading<'_> {
    /// Tells the other names what came of it.
    pub(crate) fn done(self, state: HashState, hash: Option<ContentHash>) {
        let is_kept = state == HashState::Hashed || (state == HashState::Racy && !self.contents.lasting);
        if let (true, Some(hash)) = (is_kept, hash) {
            let mut inodes = self.contents.lock();
            if let Slot::Occupied(mut known) = inodes.entry(self.inode) {
                if known.get().names_left == 0 && !self.contents.lasting {
                    known.remove();
                } else {
                    known.get_mut().content = Content::Read(state, hash);
                }
            }
        }
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        let mut inodes = self.contents.lock();
        if inodes.get(&self.inode).is_some_and(|known| matches!(known.content, Content::IsRead)) {
            inodes.remove(&self.inode);
        }
        drop(inodes);
        self.contents.read.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sanchay_core::FileKind;

    fn file(inode: u64, links: u32, ctime_ns: i64) -> FileStat {
        FileStat {
            kind: FileKind::File,
            inode,
            device: 1,
            size_bytes: 5,
            allocated_bytes: 4096,
            mtime_ns: 1,
            ctime_ns,
            birth_ns: None,
            links,
            owner: 0,
            mount_id: 1,
            placeholder: false,
        }
    }

    fn hash(byte: u8) -> ContentHash {
        ContentHash::from_bytes([byte; 32])
    }

    fn turn<'c>(contents: &'c Contents, seen: &FileStat) -> Turn<'c> {
        contents.turn(seen, Algorithm::Blake3, &mut || ControlFlow::Break(()))
    }

    #[test]
    fn a_content_is_read_by_one_of_its_names_and_forgotten_after_the_last() {
        let contents = Contents::of_scan(Arc::default());
        let seen = file(7, 3, 1);
        let Turn::Read(reading) = turn(&contents, &seen) else { panic!("the first reads") };
        assert!(matches!(turn(&contents, &seen), Turn::GivenUp), "the others wait");
        reading.done(HashState::Hashed, Some(hash(1)));
        assert!(matches!(turn(&contents, &seen), Turn::Known(HashState::Hashed, read) if read == hash(1)));
        assert!(matches!(turn(&contents, &seen), Turn::Known(..)));
        assert!(contents.is_empty());
    }

    #[test]
    fn another_ctime_is_another_content() {
        let contents = Contents::of_scan(Arc::default());
        let Turn::Read(reading) = turn(&contents, &file(7, 2, 1)) else { panic!("the first reads") };
        assert!(matches!(turn(&contents, &file(7, 2, 2)), Turn::ReadAlone), "it changed under the reader");
        reading.done(HashState::Hashed, Some(hash(1)));
        assert!(matches!(turn(&contents, &file(7, 2, 2)), Turn::Read(_)));
        let Turn::Read(_) = turn(&contents, &file(8, 2, 1)) else { panic!("another inode") };
    }

    #[test]
    fn what_could_not_be_read_is_read_by_the_next_name() {
        let contents = Contents::of_scan(Arc::default());
        for state in [HashState::Unstable, HashState::Unreadable] {
            let Turn::Read(reading) = turn(&contents, &file(7, 2, 1)) else { panic!("each name tries") };
            reading.done(state, None);
        }
        assert!(contents.is_empty());
    }

    #[test]
    fn a_hash_that_a_later_write_could_share_the_stamps_of_does_not_outlast_a_scan() {
        for (contents, is_shared) in
            [(Contents::of_scan(Arc::default()), true), (Contents::lasting(Arc::default()), false)]
        {
            let Turn::Read(reading) = turn(&contents, &file(7, 2, 1)) else { panic!("the first reads") };
            reading.done(HashState::Racy, Some(hash(1)));
            assert_eq!(matches!(turn(&contents, &file(7, 2, 1)), Turn::Known(HashState::Racy, _)), is_shared);
        }
    }

    #[test]
    fn what_waits_counts_once() {
        let contents = Contents::of_scan(Arc::default());
        assert!(contents.first_waits(&file(7, 2, 1), Algorithm::Blake3));
        assert!(!contents.first_waits(&file(7, 2, 1), Algorithm::Blake3));
        assert!(contents.first_waits(&file(8, 1, 1), Algorithm::Blake3), "it has one name");
        let Turn::Read(reading) = turn(&contents, &file(7, 2, 1)) else { panic!("one of them reads") };
        reading.done(HashState::Hashed, Some(hash(1)));
        assert!(matches!(turn(&contents, &file(7, 2, 1)), Turn::Known(..)));
        assert!(contents.is_empty());
    }
}
