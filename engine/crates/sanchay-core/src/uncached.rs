//! Reading a file from its disk, not from memory: what rots there is not seen in the page cache.
//!
//! Linux reads past the page cache (`O_DIRECT`), which leaves alone what other programs have in it; macOS is told to keep
//! nothing (`F_NOCACHE`). Where a file system refuses that, its pages are dropped first, and where they do not go, or the
//! system has neither, [`UncachedFile::may_be_cached`] says so. Reading and hashing overlap: a thread reads ahead.

use std::cell::Cell;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_channel::{bounded, Receiver, Sender};

use crate::content_hash::Algorithm;
use crate::dir::{retry, DirHandle, FileHandle};
use crate::error::CoreError;
use crate::hash::{feed_zeros, Hashed, Hasher};
use crate::priority::background_this_thread;
use crate::stat::FileStat;

/// What direct reads must begin at and be a multiple of, in the file and in memory: no disk asks for more.
const ALIGNED_BYTES: usize = 4096;
/// Read at a time: long enough for a disk's full speed.
const READ_BYTES: usize = 2 << 20;
/// One is read into, one is hashed, one waits between them.
const BUFFERS: usize = 3;
/// Up to this size no thread is worth its start.
const INLINE_BYTES: u64 = READ_BYTES as u64;

/// A buffer that begins at an address as direct reads want it.
struct AlignedBuffer {
    bytes: Vec<u8>,
    start: usize,
}

impl AlignedBuffer {
    fn new() -> Self {
        let bytes = vec![0; READ_BYTES + ALIGNED_BYTES];
        let start = bytes.as_ptr().align_offset(ALIGNED_BYTES);
        Self { bytes, start }
    }

    fn room(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start..self.start + READ_BYTES]
    }
}

/// Memory for reading and hashing at once, to be used for file after file.
pub struct ReadAheadBuffers(Vec<AlignedBuffer>);

impl Default for ReadAheadBuffers {
    fn default() -> Self {
        Self((0..BUFFERS).map(|_| AlignedBuffer::new()).collect())
    }
}

/// A file that is read from its disk.
#[derive(Debug)]
pub struct UncachedFile {
    file: FileHandle,
    is_direct: AtomicBool,
    may_be_cached: AtomicBool,
}

impl DirHandle {
    /// Opens a file of this folder to read it from its disk; otherwise as [`DirHandle::open_file`].
    pub fn open_uncached(&self, name: &[u8]) -> Result<UncachedFile, CoreError> {
        let direct = self.inner.open_direct(name)?;
        let is_direct = direct.is_some();
        let file = match direct {
            Some(inner) => FileHandle { inner },
            None => self.open_file(name)?,
        };
        Ok(UncachedFile { file, is_direct: AtomicBool::new(is_direct), may_be_cached: AtomicBool::new(false) })
    }
}

/// A stretch of a file, in the order of its bytes.
enum Stretch {
    /// A hole.
    Zeros(u64),
    /// So many bytes from so many on.
    Bytes { buffer: AlignedBuffer, skip: usize, length: usize },
}

impl UncachedFile {
    /// The stat of the open file, whatever its name leads to now.
    pub fn stat(&self) -> Result<FileStat, CoreError> {
        self.file.stat()
    }

    /// Whether it is open for writing, or mapped so; None where the system does not say.
    pub fn is_open_for_writing(&self) -> Option<bool> {
        self.file.is_open_for_writing()
    }

    /// Whether what was hashed may have come from memory.
    pub fn may_be_cached(&self) -> bool {
        self.may_be_cached.load(Ordering::Relaxed)
    }

    /// Hashes the whole of it. Holes are hashed as the zeros they are. `on_bytes` is told of each stretch done, in bytes;
    /// when it breaks, `bytes_read` falls short of the size. `background`: the thread that reads ahead is at idle priority.
    pub fn hash(
        &self,
        algorithm: Algorithm,
        buffers: &mut ReadAheadBuffers,
        size_bytes: u64,
        background: bool,
        on_bytes: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> Result<Hashed, CoreError> {
        self.leave_memory(size_bytes);
        let mut hashing = Hashing { hasher: Hasher::new(algorithm), done: 0, on_bytes };
        if size_bytes <= INLINE_BYTES {
            self.hash_inline(buffers, size_bytes, &mut hashing)?;
        } else {
            self.hash_behind(buffers, size_bytes, background, &mut hashing)?;
        }
        Ok(Hashed { hash: hashing.hasher.finish(), bytes_read: hashing.done })
    }

    /// Where it cannot be read past the page cache, its pages go first.
    fn leave_memory(&self, size_bytes: u64) {
        if !self.is_direct.load(Ordering::Relaxed) && size_bytes > 0 {
            self.file.drop_cached(0, size_bytes);
            self.may_be_cached.store(!self.file.is_out_of_cache(size_bytes), Ordering::Relaxed);
        }
    }

    fn hash_inline(
        &self,
        buffers: &mut ReadAheadBuffers,
        size_bytes: u64,
        hashing: &mut Hashing<'_>,
    ) -> Result<(), CoreError> {
        let spare = Cell::new(buffers.0.pop());
        let mut take = || Some(spare.take().unwrap_or_else(AlignedBuffer::new));
        let outcome = self.read(size_bytes, &mut take, &mut |stretch| {
            let (flow, buffer) = hashing.take(stretch);
            if buffer.is_some() {
                spare.set(buffer);
            }
            flow
        });
        buffers.0.extend(spare.take());
        outcome
    }

    fn hash_behind(
        &self,
        buffers: &mut ReadAheadBuffers,
        size_bytes: u64,
        background: bool,
        hashing: &mut Hashing<'_>,
    ) -> Result<(), CoreError> {
        buffers.0.resize_with(BUFFERS, AlignedBuffer::new);
        let (filled, stretches): (Sender<Stretch>, Receiver<Stretch>) = bounded(BUFFERS);
        let (emptied, empty) = bounded(BUFFERS);
        for buffer in buffers.0.drain(..) {
            // It holds as many as there are.
            let _ = emptied.send(buffer);
        }
        let spare = empty.clone();
        let outcome = std::thread::scope(|scope| {
            let reader = scope.spawn(move || {
                if background {
                    background_this_thread();
                }
                let mut take = || empty.recv().ok();
                let mut put = |stretch| match filled.send(stretch) {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(_) => ControlFlow::Break(()),
                };
                self.read(size_bytes, &mut take, &mut put)
            });
            for stretch in &stretches {
                let (flow, buffer) = hashing.take(stretch);
                if let Some(buffer) = buffer {
                    let _ = emptied.send(buffer);
                }
                if flow.is_break() {
                    break;
                }
            }
            // What is on its way is given back, too, and the reader ends at its next step.
            for stretch in stretches.try_iter() {
                if let Stretch::Bytes { buffer, .. } = stretch {
                    let _ = emptied.send(buffer);
                }
            }
            drop(stretches);
            drop(emptied);
            reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        buffers.0.extend(spare.try_iter());
        outcome
    }

    /// Reads all of it, stretch by stretch, until `put` breaks.
    fn read(
        &self,
        size_bytes: u64,
        take: &mut dyn FnMut() -> Option<AlignedBuffer>,
        put: &mut dyn FnMut(Stretch) -> ControlFlow<()>,
    ) -> Result<(), CoreError> {
        let mut position = 0;
        while position < size_bytes {
            let data = self.file.inner.data_after(position, size_bytes);
            let (start, end) = data.unwrap_or((size_bytes, size_bytes));
            if data.is_none() && self.stat()?.size_bytes < size_bytes {
                // No hole, but its end: the caller sees by the count that it was cut short.
                return Ok(());
            }
            // Where a hole ends in the middle of an aligned piece, the rest of it is read as the zeros it is.
            let start = if start < size_bytes { aligned_down(start).max(position) } else { start };
            if start > position {
                if put(Stretch::Zeros(start - position)).is_break() {
                    return Ok(());
                }
                position = start;
            }
            while position < end.min(size_bytes) {
                let Some(mut buffer) = take() else { return Ok(()) };
                let from = aligned_down(position);
                let skip = (position - from) as usize;
                let wanted = (end - from).next_multiple_of(ALIGNED_BYTES as u64).min(READ_BYTES as u64) as usize;
                let read = self.read_at(&mut buffer.room()[..wanted], from, size_bytes)?;
                let length = (read.saturating_sub(skip) as u64).min(size_bytes - position) as usize;
                if length == 0 {
                    // Cut short in the middle of its data.
                    return Ok(());
                }
                position += length as u64;
                if put(Stretch::Bytes { buffer, skip, length }).is_break() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Reads past the page cache until the file system refuses that: some only do when it comes to reading.
    fn read_at(&self, room: &mut [u8], offset_bytes: u64, size_bytes: u64) -> Result<usize, CoreError> {
        let file = &self.file.inner;
        let mut outcome = retry(|| file.read_at(room, offset_bytes));
        if self.is_direct.load(Ordering::Relaxed) {
            let is_refused = outcome.as_ref().is_err_and(|error| file.ends_direct(error));
            if !is_refused {
                return Ok(outcome?);
            }
            self.is_direct.store(false, Ordering::Relaxed);
            self.leave_memory(size_bytes);
            outcome = retry(|| file.read_at(room, offset_bytes));
        }
        if !self.may_be_cached() {
            self.file.drop_cached(offset_bytes, room.len() as u64);
        }
        Ok(outcome?)
    }
}

/// A hash that grows stretch by stretch.
struct Hashing<'h> {
    hasher: Hasher,
    done: u64,
    on_bytes: &'h mut dyn FnMut(u64) -> ControlFlow<()>,
}

impl Hashing<'_> {
    /// Hashes a stretch, and gives its buffer back.
    fn take(&mut self, stretch: Stretch) -> (ControlFlow<()>, Option<AlignedBuffer>) {
        match stretch {
            Stretch::Zeros(length) => (feed_zeros(&mut self.hasher, length, self.on_bytes, &mut self.done), None),
            Stretch::Bytes { buffer, skip, length } => {
                let from = buffer.start + skip;
                self.hasher.update(&buffer.bytes[from..from + length]);
                self.done += length as u64;
                ((self.on_bytes)(length as u64), Some(buffer))
            }
        }
    }
}

fn aligned_down(offset: u64) -> u64 {
    offset & !(ALIGNED_BYTES as u64 - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content_hash::hash_bytes;
    use crate::dir::RootDir;
    use std::fs;
    use std::io::{Seek, SeekFrom, Write};

    fn go_on(_: u64) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn content(length: usize) -> Vec<u8> {
        (0..length).map(|at| (at * 31 % 251) as u8).collect()
    }

    #[test]
    fn every_length_has_the_plain_hash_and_a_shorter_or_longer_file_is_told_by_its_count() {
        let tree = tempfile::tempdir().unwrap();
        let root = RootDir::open(tree.path()).unwrap();
        let mut buffers = ReadAheadBuffers::default();
        for length in [0, 1, 4095, 4096, 4097, READ_BYTES - 1, READ_BYTES, READ_BYTES + 1, 4 * READ_BYTES + 7] {
            let bytes = content(length);
            fs::write(tree.path().join("a"), &bytes).unwrap();
            let file = root.handle().open_uncached(b"a").unwrap();
            for algorithm in Algorithm::ALL {
                let mut told = 0;
                let mut count = |bytes| {
                    told += bytes;
                    ControlFlow::Continue(())
                };
                let hashed = file.hash(algorithm, &mut buffers, length as u64, true, &mut count).unwrap();
                assert_eq!((hashed.hash, hashed.bytes_read), (hash_bytes(algorithm, &bytes), length as u64));
                assert_eq!(told, length as u64);
            }
            let longer = length as u64 + 5000;
            let hashed = file.hash(Algorithm::Blake3, &mut buffers, longer, false, &mut go_on).unwrap();
            assert_ne!(hashed.bytes_read, longer);
        }
    }

    #[test]
    fn holes_are_hashed_as_zeros() {
        let tree = tempfile::tempdir().unwrap();
        let path = tree.path().join("sparse");
        let mut file = fs::File::create(&path).unwrap();
        for (at, byte) in [(5000, 7), (3 * READ_BYTES as u64 + 100, 8)] {
            file.seek(SeekFrom::Start(at)).unwrap();
            file.write_all(&[byte; 3000]).unwrap();
        }
        file.set_len(5 * READ_BYTES as u64 + 1).unwrap();
        drop(file);
        let bytes = fs::read(&path).unwrap();
        let root = RootDir::open(tree.path()).unwrap();
        let file = root.handle().open_uncached(b"sparse").unwrap();
        let mut buffers = ReadAheadBuffers::default();
        let hashed = file.hash(Algorithm::Blake3, &mut buffers, bytes.len() as u64, false, &mut go_on).unwrap();
        assert_eq!((hashed.hash, hashed.bytes_read), (hash_bytes(Algorithm::Blake3, &bytes), bytes.len() as u64));
    }

    #[test]
    fn it_is_broken_off_in_the_middle_and_the_buffers_serve_again() {
        let tree = tempfile::tempdir().unwrap();
        let bytes = content(6 * READ_BYTES);
        fs::write(tree.path().join("a"), &bytes).unwrap();
        let root = RootDir::open(tree.path()).unwrap();
        let file = root.handle().open_uncached(b"a").unwrap();
        let mut buffers = ReadAheadBuffers::default();
        let mut stop = |_| ControlFlow::Break(());
        let cut = file.hash(Algorithm::Blake3, &mut buffers, bytes.len() as u64, true, &mut stop).unwrap();
        assert_eq!(cut.bytes_read, READ_BYTES as u64);
        let whole = file.hash(Algorithm::Blake3, &mut buffers, bytes.len() as u64, true, &mut go_on).unwrap();
        assert_eq!(whole.hash, hash_bytes(Algorithm::Blake3, &bytes));
    }
}
