//! Files that are hardly anything but holes, and so large that hashing their zeros takes hours: they are read after all
//! others and give way to all that wait. What was done is kept, so that a later look goes on where this one was broken off.

use std::sync::Mutex;

use sanchay_core::{Algorithm, FileStat, SlicedHash, Witness};

/// A file with so many bytes of holes keeps others waiting: some ten seconds of hashing zeros.
pub(crate) const HOLES_BYTES: u64 = 16 << 30;
/// Files that may be begun at once, 2 KiB each.
const BEGUN_MOST: usize = 64;

/// Whether hashing a file means hashing holes for long.
pub(crate) fn is_mostly_holes(size_bytes: u64, allocated_bytes: u64) -> bool {
    size_bytes.saturating_sub(allocated_bytes) >= HOLES_BYTES && allocated_bytes < size_bytes / 2
}

/// A file as it was when it was begun: another witness begins again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Begun {
    device: u64,
    witness: Witness,
    algorithm: Algorithm,
}

impl Begun {
    fn of(seen: &FileStat, algorithm: Algorithm) -> Self {
        Self { device: seen.device, witness: seen.witness(), algorithm }
    }
}

/// Hashes that were begun.
#[derive(Default)]
pub(crate) struct Slices(Mutex<Vec<(Begun, SlicedHash)>>);

impl Slices {
    /// What was done of a file; it is to be put back when it is broken off again.
    pub(crate) fn take(&self, seen: &FileStat, algorithm: Algorithm) -> SlicedHash {
        let mut begun = self.0.lock().expect("no panic under this lock");
        let wanted = Begun::of(seen, algorithm);
        let found = begun.iter().position(|(other, _)| *other == wanted);
        found.map_or_else(|| SlicedHash::new(algorithm), |at| begun.remove(at).1)
    }

    /// Keeps what was done, and forgets an older state of the same file.
    pub(crate) fn put(&self, seen: &FileStat, algorithm: Algorithm, sliced: SlicedHash) {
        let mut begun = self.0.lock().expect("no panic under this lock");
        let broken_off = Begun::of(seen, algorithm);
        begun.retain(|(other, _)| (other.device, other.witness.inode) != (seen.device, seen.inode));
        if begun.len() >= BEGUN_MOST {
            begun.remove(0);
        }
        begun.push((broken_off, sliced));
    }
}
