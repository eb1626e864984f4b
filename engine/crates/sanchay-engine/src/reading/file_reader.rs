//! Reading one file whole and deciding whether its hash may be trusted.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use sanchay_core::content_hash::hash_bytes;
use sanchay_core::hash::LARGE_READ_BYTES;
use sanchay_core::{
    hash_large, hash_small, Algorithm, Content, ContentHash, CoreError, ErrorKind, FileStat, Folder, Hashed, Witness,
};

use sanchay_catalog::block::HashState;

use super::contents::{Contents, Reading, Turn};
use super::slices::is_mostly_holes;
use crate::clock::now_ns;

/// Files up to this size are read in the walk that lists them.
pub(crate) const SMALL_BYTES: u64 = 128 << 10;

/// A stamp younger than this at the time of reading could be shared by a second write: clocks of file systems tick
/// every few milliseconds; where all stamps are whole seconds, every second or two.
const RACY_NS: i64 = 50_000_000;
const RACY_COARSE_NS: i64 = 2_000_000_000;
/// The longest tick of a file system's clock: two writes within one bear the same stamps.
const TICK_NS: i64 = 12_000_000;

/// Pages of a mapped file that were written to get new stamps no sooner than they went to the disk, half a minute later by
/// default: a file whose stamps are older, and whose pages are clean, gets new ones by the next write.
pub(crate) const YOUNG_NS: i64 = 60_000_000_000;
/// A file that was not cataloged is asked about only when it is as young as this: asking takes as long as reading it.
pub(crate) const FRESH_NS: i64 = 2_000_000_000;

/// Whether someone had a file open for writing when reading began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Writing {
    /// No one, or none that the system tells of.
    No,
    /// Its stamps are young, and no one asked.
    Unasked,
    /// It was not read.
    Yes,
}

/// What came of reading a file.
#[derive(Debug)]
pub(crate) struct Verdict {
    /// What is known of the content now.
    pub(crate) state: HashState,
    /// With the states that have one.
    pub(crate) hash: Option<ContentHash>,
    /// Bytes that were read; none where another name of the file was read.
    pub(crate) bytes: u64,
    /// It was read by another name of the file.
    pub(crate) shared: bool,
    /// Why it could not be read.
    pub(crate) error: Option<CoreError>,
    /// Whether someone writes to it.
    pub(crate) writing: Writing,
}

impl Verdict {
    fn of(state: HashState, error: Option<CoreError>) -> Self {
        Self { state, hash: None, bytes: 0, shared: false, error, writing: Writing::No }
    }
}

/// Reads files, with buffers that are kept.
pub(crate) struct FileReader {
    buffer: Vec<u8>,
    leave_no_trace: bool,
    contents: Option<Arc<Contents>>,
    ask_within_ns: i64,
}

impl FileReader {
    pub(crate) fn new() -> Self {
        Self { buffer: vec![0; LARGE_READ_BYTES], leave_no_trace: false, contents: None, ask_within_ns: 0 }
    }

    /// One that reads a file with several names once, together with all others that share `contents`.
    pub(crate) fn sharing(contents: Arc<Contents>) -> Self {
        Self { contents: Some(contents), ..Self::new() }
    }

    /// Files whose stamps are younger than this are not read while they are open for writing. Those who read for
    /// an answer at once never ask.
    pub(crate) fn ask_within(&mut self, age_ns: i64) {
        self.ask_within_ns = age_ns;
    }

    /// Whether large files that no one had in memory before are taken out of it again: work in the background must not
    /// push out what a person works with.
    pub(crate) fn leave_no_trace(&mut self, wanted: bool) {
        self.leave_no_trace = wanted;
    }

    /// Whether a file that says it is empty is not: some programs do not know the sizes of what they show.
    pub(crate) fn holds_something(folder: &impl Folder, name: &[u8]) -> bool {
        folder.content(name).and_then(|file| file.read_at(&mut [0; 1], 0)).is_ok_and(|bytes| bytes > 0)
    }

    /// Reads `name` in `folder` whole, which `seen` describes. `on_bytes` hears of each stretch of a large file and may
    /// break off: then the state is `Pending`.
    pub(crate) fn read(
        &mut self,
        folder: &impl Folder,
        name: &[u8],
        seen: &FileStat,
        algorithm: Algorithm,
        on_bytes: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> Verdict {
        if seen.size_bytes == 0 {
            return settle(seen.witness(), Some(hash_bytes(algorithm, b"")), 0, now_ns());
        }
        if let Some(hash) = folder.checksum(name, seen, algorithm) {
            return settle(seen.witness(), Some(hash), 0, now_ns());
        }
        let Some(contents) = self.contents.clone().filter(|_| seen.links > 1) else {
            return self.read_alone(folder, name, seen, algorithm, on_bytes);
        };
        let reading: Option<Reading<'_>> = match contents.turn(seen, algorithm, &mut || on_bytes(0)) {
            Turn::Known(state, hash) => {
                // Who read it may not have asked, either.
                let age_ns = now_ns().saturating_sub(seen.witness().newest_ns());
                let writing = if age_ns < YOUNG_NS { Writing::Unasked } else { Writing::No };
                return Verdict { hash: Some(hash), shared: true, writing, ..Verdict::of(state, None) };
            }
            Turn::GivenUp => {
                return Verdict::of(HashState::Pending, None);
            }
            Turn::Read(reading) => Some(reading),
            Turn::ReadAlone => None,
        };
        let verdict = self.read_alone(folder, name, seen, algorithm, on_bytes);
        if let Some(reading) = reading {
            reading.done(verdict.state, verdict.hash);
        }
        verdict
    }

    fn read_alone(
        &mut self,
        folder: &impl Folder,
        name: &[u8],
        seen: &FileStat,
        algorithm: Algorithm,
        on_bytes: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> Verdict {
        let begun_ns = let_the_tick_pass(seen);
        let age_ns = begun_ns.saturating_sub(seen.witness().newest_ns());
        let asks = age_ns < self.ask_within_ns;
        let mut writing = if asks || age_ns >= YOUNG_NS { Writing::No } else { Writing::Unasked };
        let mut broken_off = false;
        let outcome = folder.content(name).and_then(|file| {
            // One who opens it later, and writes, gives it new stamps, which are seen after reading.
            if asks && file.is_open_for_writing() == Some(true) {
                writing = Writing::Yes;
                return Ok((*seen, None, 0));
            }
            let hashed = if seen.size_bytes <= SMALL_BYTES {
                hash_small(&file, algorithm, &mut self.buffer, seen.size_bytes)?
            } else {
                let before = file.stat()?;
                if !before.held_still_since(seen) {
                    return Ok((before, None, 0));
                }
                let mut trace = Trace::new(&file, self.leave_no_trace, seen.size_bytes);
                let mut on_bytes = |bytes| {
                    trace.read(bytes);
                    let flow = on_bytes(bytes);
                    broken_off |= flow.is_break();
                    flow
                };
                match self.contents.as_ref().filter(|_| is_mostly_holes(seen.size_bytes, seen.allocated_bytes)) {
                    None => hash_large(&file, algorithm, &mut self.buffer, seen.size_bytes, &mut on_bytes)?,
                    Some(contents) => {
                        let begun = contents.slices();
                        let mut sliced = begun.take(seen, algorithm);
                        let bytes_read = sliced.go_on(&file, &mut self.buffer, seen.size_bytes, &mut on_bytes)?;
                        if broken_off {
                            begun.put(seen, algorithm, sliced);
                            return Ok((before, None, 0));
                        }
                        Hashed { hash: sliced.finish(), bytes_read }
                    }
                }
            };
            let after = file.stat()?;
            let held_still = hashed.bytes_read == seen.size_bytes && after.held_still_since(seen);
            Ok((after, held_still.then_some(hashed.hash), hashed.bytes_read))
        });
        match outcome {
            Ok(_) if broken_off => Verdict::of(HashState::Pending, None),
            Ok((seen, hash, bytes)) => Verdict { writing, ..settle(seen.witness(), hash, bytes, begun_ns) },
            Err(error) => {
                // A name that is gone, or is a link by now, changed under our feet; it is no fault of the disk.
                let state = match error.kind {
                    ErrorKind::Vanished | ErrorKind::NotFound | ErrorKind::SymlinkLoop => HashState::Unstable,
                    _ => HashState::Unreadable,
                };
                Verdict::of(state, Some(error))
            }
        }
    }
}

/// What the reading of a file leaves in the page cache; it is dropped behind the reading, and at its end.
struct Trace<'f, C: Content> {
    file: Option<&'f C>,
    read_bytes: u64,
    dropped_bytes: u64,
}

/// Dropped at a time. Less would be more calls; more would be felt.
const DROP_BYTES: u64 = 8 << 20;

impl<'f, C: Content> Trace<'f, C> {
    fn new(file: &'f C, wanted: bool, size_bytes: u64) -> Self {
        let file = (wanted && file.is_out_of_cache(size_bytes)).then_some(file);
        Self { file, read_bytes: 0, dropped_bytes: 0 }
    }

    fn read(&mut self, bytes: u64) {
        self.read_bytes += bytes;
        if self.read_bytes - self.dropped_bytes >= DROP_BYTES {
            self.drop_behind();
        }
    }

    fn drop_behind(&mut self) {
        if let Some(file) = self.file {
            file.drop_cached(self.dropped_bytes, self.read_bytes - self.dropped_bytes);
            self.dropped_bytes = self.read_bytes;
        }
    }
}

impl<C: Content> Drop for Trace<'_, C> {
    fn drop(&mut self) {
        self.drop_behind();
    }
}

/// What reading that began at `begun_ns` says. What was read first may have been written over since then: stamps that
/// were still fresh at the beginning tell nothing of it, however long ago that was.
fn settle(witness: Witness, hash: Option<ContentHash>, bytes: u64, begun_ns: i64) -> Verdict {
    let state = match hash {
        None => HashState::Unstable,
        Some(_) if is_racy(witness, begun_ns) => HashState::Racy,
        Some(_) => HashState::Hashed,
    };
    Verdict { hash, bytes, ..Verdict::of(state, None) }
}

/// Whether a write after `begun_ns`, when reading began, could still bear the stamps of `witness`.
pub(crate) fn is_racy(witness: Witness, begun_ns: i64) -> bool {
    let coarse = witness.mtime_ns % 1_000_000_000 == 0 && witness.ctime_ns % 1_000_000_000 == 0;
    let window_ns = if coarse { RACY_COARSE_NS } else { RACY_NS };
    (begun_ns.saturating_sub(window_ns)..=begun_ns.saturating_add(window_ns)).contains(&witness.newest_ns())
}

/// Waits until no more write can bear the stamps of `seen`: one in the middle of the reading would not be noticed, and
/// the hash would be of a content that never was. Of a file with several names, until its hash is not racy: each of them
/// would have it read again. Gives the time after that.
fn let_the_tick_pass(seen: &FileStat) -> i64 {
    let now_ns = now_ns();
    let age_ns = now_ns.saturating_sub(seen.witness().newest_ns());
    let wait_ns = if seen.links > 1 { RACY_NS + TICK_NS } else { TICK_NS };
    if !(0..wait_ns).contains(&age_ns) {
        return now_ns;
    }
    std::thread::sleep(Duration::from_nanos((wait_ns - age_ns) as u64));
    crate::clock::now_ns()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamped(ns: i64) -> FileStat {
        FileStat {
            kind: sanchay_core::FileKind::File,
            inode: 1,
            device: 1,
            size_bytes: 1 << 30,
            allocated_bytes: 1 << 30,
            mtime_ns: ns,
            ctime_ns: ns,
            birth_ns: None,
            links: 1,
            owner: 0,
            mount_id: 1,
            placeholder: false,
        }
    }

    /// The state of a file that was read in an hour, which ends now.
    fn after_an_hour(age_ns: i64, whole_seconds: bool) -> HashState {
        let begun_ns = now_ns() - 3_600_000_000_000;
        let stamp_ns = begun_ns - age_ns;
        let stamp_ns = if whole_seconds { stamp_ns - stamp_ns.rem_euclid(1_000_000_000) } else { stamp_ns | 1 };
        let hash = hash_bytes(Algorithm::Blake3, b"");
        settle(stamped(stamp_ns).witness(), Some(hash), 1 << 30, begun_ns).state
    }

    #[test]
    fn a_write_behind_the_reader_in_the_second_in_which_reading_began_is_looked_for_however_long_reading_took() {
        assert_eq!(after_an_hour(500_000_000, true), HashState::Racy);
        assert_eq!(after_an_hour(10_000_000, false), HashState::Racy);
        assert_eq!(after_an_hour(4_000_000_000, true), HashState::Hashed);
        assert_eq!(after_an_hour(100_000_000, false), HashState::Hashed);
    }
}
