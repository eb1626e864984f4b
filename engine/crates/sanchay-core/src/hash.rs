//! Hashes of content, read and never mapped: a file that is cut short while it is mapped kills the process.
//!
//! Every function tells how many bytes it hashed. When that is not the size that the caller saw in the stat, the file
//! changed while it was read: the hash is of no file that ever was, and must not be published.

use std::ops::ControlFlow;

use sha2::Digest;

use crate::content_hash::{hash_bytes, Algorithm, ContentHash};
use crate::error::CoreError;
use crate::source::Content;

/// How much [`hash_large`] reads at a time, when its buffer is that long.
pub const LARGE_READ_BYTES: usize = 1 << 20;

/// Length of the first and of the last block that [`hash_edges`] reads.
pub const EDGE_BYTES: usize = 16 << 10;

/// Zeros for the holes of sparse files: long enough for the hashers' full speed, short enough to stay in the cache.
static ZEROS: [u8; 64 << 10] = [0; 64 << 10];

/// A hash and what it covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hashed {
    /// The hash of the bytes that were read.
    pub hash: ContentHash,
    /// How many bytes those were, holes included.
    pub bytes_read: u64,
}

/// Hashes the whole of a small file from its handle's position, which must be the start.
///
/// With a buffer longer than `expected_size_bytes` one read call proves both the content and its end. Bytes beyond
/// `expected_size_bytes + 1` are not read: that the file grew is known by then (`bytes_read` says so).
pub fn hash_small(
    content: &impl Content,
    algorithm: Algorithm,
    buffer: &mut [u8],
    expected_size_bytes: u64,
) -> Result<Hashed, CoreError> {
    let wanted = expected_size_bytes.saturating_add(1);
    if wanted > buffer.len() as u64 {
        return streamed(content, algorithm, buffer, wanted);
    }
    let window = &mut buffer[..wanted as usize];
    let mut filled = content.read(window)?;
    // A read that gives exactly the expected size has met the end: it asked for one byte more.
    while filled < expected_size_bytes as usize {
        let read = content.read(&mut window[filled..])?;
        if read == 0 {
            break;
        }
        filled += read;
    }
    Ok(Hashed { hash: hash_bytes(algorithm, &window[..filled]), bytes_read: filled as u64 })
}

/// Hashes a file of any size from its start, in reads of the buffer's length (give it [`LARGE_READ_BYTES`]).
///
/// Holes are hashed as the zeros they are without being read. `on_bytes` is told of each stretch done, in bytes; when
/// it breaks, the hash is of what was read so far and `bytes_read` falls short of the size.
pub fn hash_large(
    content: &impl Content,
    algorithm: Algorithm,
    buffer: &mut [u8],
    expected_size_bytes: u64,
    on_bytes: &mut dyn FnMut(u64) -> ControlFlow<()>,
) -> Result<Hashed, CoreError> {
    let mut sliced = SlicedHash::new(algorithm);
    let bytes_read = sliced.go_on(content, buffer, expected_size_bytes, on_bytes)?;
    Ok(Hashed { hash: sliced.finish(), bytes_read })
}

/// A large file that is hashed in several goes: what nearly all holes of terabytes need, so that nothing waits for them.
///
/// That the file is still the one that was begun is for the caller to see, before and after each go.
pub struct SlicedHash {
    hasher: Hasher,
    offset_bytes: u64,
}

impl SlicedHash {
    /// At the start of a file.
    pub fn new(algorithm: Algorithm) -> Self {
        Self { hasher: Hasher::new(algorithm), offset_bytes: 0 }
    }

    /// Goes on as [`hash_large`] does, until the end or until `on_bytes` breaks; gives the bytes that were hashed so far.
    pub fn go_on(
        &mut self,
        content: &impl Content,
        buffer: &mut [u8],
        expected_size_bytes: u64,
        on_bytes: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> Result<u64, CoreError> {
        content.read_is_sequential();
        let Self { hasher, offset_bytes: offset } = self;
        'stretches: while *offset < expected_size_bytes {
            let (start, end) =
                content.data_after(*offset, expected_size_bytes).unwrap_or((expected_size_bytes, expected_size_bytes));
            if feed_zeros(hasher, start.saturating_sub(*offset), on_bytes, offset).is_break() {
                return Ok(*offset);
            }
            while *offset < end {
                let length = (end - *offset).min(buffer.len() as u64) as usize;
                let read = content.read_at(&mut buffer[..length], *offset)?;
                if read == 0 {
                    break 'stretches;
                }
                hasher.update(&buffer[..read]);
                *offset += read as u64;
                if on_bytes(read as u64).is_break() {
                    break 'stretches;
                }
            }
        }
        if *offset == expected_size_bytes {
            return proven_end(content, buffer, *offset);
        }
        Ok(*offset)
    }

    /// The hash of what was read.
    pub fn finish(self) -> ContentHash {
        self.hasher.finish()
    }
}

/// The BLAKE3 hash of a file's first and last 16 KiB, of the whole where it is no longer than both: equal files have
/// equal edges, so that most of the unequal ones need not be read. It is no hash of the content and never published.
///
/// The buffer must hold [`EDGE_BYTES`] twice. `bytes_read` below the smaller of size and 32 KiB says that the file was cut short.
pub fn hash_edges(content: &impl Content, size_bytes: u64, buffer: &mut [u8]) -> Result<Hashed, CoreError> {
    let both = size_bytes.min(2 * EDGE_BYTES as u64) as usize;
    let window = &mut buffer[..both];
    let mut filled = 0;
    if size_bytes <= 2 * EDGE_BYTES as u64 {
        filled += read_fully(content, window, 0)?;
    } else {
        let (first, last) = window.split_at_mut(EDGE_BYTES);
        filled += read_fully(content, first, 0)?;
        if filled == EDGE_BYTES {
            filled += read_fully(content, last, size_bytes - EDGE_BYTES as u64)?;
        }
    }
    Ok(Hashed { hash: hash_bytes(Algorithm::Blake3, &window[..filled]), bytes_read: filled as u64 })
}

/// Either hasher, chosen once for a file.
pub(crate) enum Hasher {
    Blake3(Box<blake3::Hasher>),
    Sha256(sha2::Sha256),
}

impl Hasher {
    pub(crate) fn new(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Blake3 => Self::Blake3(Box::new(blake3::Hasher::new())),
            Algorithm::Sha256 => Self::Sha256(sha2::Sha256::new()),
        }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Blake3(hasher) => {
                hasher.update(bytes);
            }
            Self::Sha256(hasher) => hasher.update(bytes),
        }
    }

    pub(crate) fn finish(self) -> ContentHash {
        match self {
            Self::Blake3(hasher) => ContentHash::from_bytes(*hasher.finalize().as_bytes()),
            Self::Sha256(hasher) => ContentHash::from_bytes(hasher.finalize().into()),
        }
    }
}

/// A file that does not fit the buffer at once, read to its end or one byte past its expected size.
fn streamed(content: &impl Content, algorithm: Algorithm, buffer: &mut [u8], wanted: u64) -> Result<Hashed, CoreError> {
    let mut hasher = Hasher::new(algorithm);
    let mut bytes_read = 0;
    while bytes_read < wanted {
        let length = (wanted - bytes_read).min(buffer.len() as u64) as usize;
        let read = content.read(&mut buffer[..length])?;
        if read == 0 {
            break;
        }
        hasher.update(&buffer[..read]);
        bytes_read += read as u64;
    }
    Ok(Hashed { hash: hasher.finish(), bytes_read })
}

/// Where the file ends, seen from its expected end: there, a byte earlier or a byte later. A hole that was hashed unread
/// needs this proof most, for a file that was cut short has nothing but a hole at its old end.
fn proven_end(content: &impl Content, buffer: &mut [u8], expected: u64) -> Result<u64, CoreError> {
    let before = expected.saturating_sub(1);
    let length = buffer.len().min((expected - before) as usize + 1);
    Ok(before + content.read_at(&mut buffer[..length], before)? as u64)
}

/// Hashes a hole. Says so once for each megabyte, so that a hole of a terabyte can still be cancelled.
pub(crate) fn feed_zeros(
    hasher: &mut Hasher,
    length_bytes: u64,
    on_bytes: &mut dyn FnMut(u64) -> ControlFlow<()>,
    offset: &mut u64,
) -> ControlFlow<()> {
    let mut left = length_bytes;
    while left > 0 {
        let stretch = left.min(LARGE_READ_BYTES as u64);
        let mut fed = 0;
        while fed < stretch {
            let length = (stretch - fed).min(ZEROS.len() as u64);
            hasher.update(&ZEROS[..length as usize]);
            fed += length;
        }
        left -= stretch;
        *offset += stretch;
        on_bytes(stretch)?;
    }
    ControlFlow::Continue(())
}

/// Reads until the buffer is full or the content ends; gives how many bytes those are.
pub(crate) fn read_fully(content: &impl Content, buffer: &mut [u8], offset_bytes: u64) -> Result<usize, CoreError> {
    let mut filled = 0;
    while filled < buffer.len() {
        match content.read_at(&mut buffer[filled..], offset_bytes + filled as u64)? {
            0 => break,
            read => filled += read,
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::stat::FileStat;
    use proptest::prelude::*;
    use std::cell::Cell;

    /// Content in memory whose reads give at most `most` bytes, and whose all-zero blocks are holes.
    struct Fake {
        bytes: Vec<u8>,
        most: usize,
        position: Cell<usize>,
        reads: Cell<usize>,
    }

    const BLOCK: usize = 64;

    impl Fake {
        fn new(bytes: Vec<u8>, most: usize) -> Self {
            Self { bytes, most, position: Cell::new(0), reads: Cell::new(0) }
        }

        fn blocks_from(&self, offset: usize, hole: bool) -> Option<usize> {
            let is_hole = |block: &[u8]| block.iter().all(|byte| *byte == 0);
            let first = offset / BLOCK;
            let mut blocks = self.bytes.chunks(BLOCK).enumerate().skip(first);
            blocks.find(|(_, block)| is_hole(block) == hole).map(|(index, _)| (index * BLOCK).max(offset))
        }
    }

    impl Content for Fake {
        fn stat(&self) -> Result<FileStat, CoreError> {
            Err(CoreError::new(ErrorKind::Unsupported, None, "bytes alone"))
        }

        fn read(&self, buffer: &mut [u8]) -> Result<usize, CoreError> {
            let read = self.read_at(buffer, self.position.get() as u64)?;
            self.position.set(self.position.get() + read);
            Ok(read)
        }

        fn read_at(&self, buffer: &mut [u8], offset_bytes: u64) -> Result<usize, CoreError> {
            self.reads.set(self.reads.get() + 1);
            let rest = self.bytes.get(offset_bytes as usize..).unwrap_or_default();
            let length = rest.len().min(buffer.len()).min(self.most);
            buffer[..length].copy_from_slice(&rest[..length]);
            Ok(length)
        }

        fn data_after(&self, offset_bytes: u64, size_bytes: u64) -> Option<(u64, u64)> {
            let start = self.blocks_from(offset_bytes as usize, false)?;
            let end = self.blocks_from(start, true).unwrap_or(self.bytes.len());
            (start < self.bytes.len().min(size_bytes as usize)).then_some((start as u64, (end as u64).min(size_bytes)))
        }
    }

    fn go_on(_: u64) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    #[test]
    fn known_answers() {
        let blake3 = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262";
        let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hash_bytes(Algorithm::Blake3, b"").to_string(), blake3);
        assert_eq!(hash_bytes(Algorithm::Sha256, b"abc").to_string(), sha256);
    }

    #[test]
    fn a_file_hashed_in_many_goes_has_the_hash_of_one() {
        let mut bytes = vec![0; 5 << 20];
        bytes[..100].fill(7);
        bytes[3 << 20..(3 << 20) + 500].fill(9);
        let (fake, size) = (Fake::new(bytes, 300), 5 << 20);
        for algorithm in Algorithm::ALL {
            let (mut sliced, mut goes, mut buffer) = (SlicedHash::new(algorithm), 0, vec![0; 4096]);
            let mut stop = |_| ControlFlow::Break(());
            let mut bytes_read = 0;
            while bytes_read < size {
                bytes_read = sliced.go_on(&fake, &mut buffer, size, &mut stop).unwrap();
                goes += 1;
            }
            assert!(goes > 5, "{goes}");
            assert_eq!(sliced.finish(), hash_bytes(algorithm, &fake.bytes));
        }
    }

    #[test]
    fn a_small_file_takes_one_read() {
        let fake = Fake::new(vec![7; 1000], usize::MAX);
        let hashed = hash_small(&fake, Algorithm::Blake3, &mut [0; 4096], 1000).unwrap();
        assert_eq!((hashed.bytes_read, fake.reads.get()), (1000, 1));
        assert_eq!(hashed.hash, hash_bytes(Algorithm::Blake3, &[7; 1000]));
    }

    #[test]
    fn a_file_that_grew_or_shrank_is_told_by_its_length() {
        for (size, expected) in [(1001, 1000), (5000, 1000), (999, 1000), (0, 1000), (1, 0)] {
            for buffer in [&mut [0; 2048][..], &mut [0; 100][..]] {
                let fake = || Fake::new(vec![7; size], usize::MAX);
                let read = hash_small(&fake(), Algorithm::Blake3, buffer, expected).unwrap().bytes_read;
                assert_ne!(read, expected, "small, {size} for {expected}");
                let read = hash_large(&fake(), Algorithm::Blake3, buffer, expected, &mut go_on).unwrap().bytes_read;
                assert_ne!(read, expected, "large, {size} for {expected}");
            }
        }
    }

    #[test]
    fn a_sparse_file_that_shrank_to_a_hole_is_told_by_its_length() {
        let fake = Fake::new(vec![0; 640], usize::MAX);
        assert_ne!(hash_large(&fake, Algorithm::Blake3, &mut [0; 64], 6400, &mut go_on).unwrap().bytes_read, 6400);
    }

    #[test]
    fn a_large_file_can_be_cancelled_in_data_and_in_a_hole() {
        for byte in [0, 1] {
            let fake = Fake::new(vec![byte; 4 << 20], usize::MAX);
            let mut told = 0;
            let mut cancel = |bytes| {
                told += bytes;
                ControlFlow::Break(())
            };
            let hashed = hash_large(&fake, Algorithm::Blake3, &mut vec![0; 1 << 20], 4 << 20, &mut cancel).unwrap();
            assert_eq!((hashed.bytes_read, told), (1 << 20, 1 << 20));
        }
    }

    #[test]
    fn edges_see_the_first_and_the_last_block_and_nothing_between() {
        let size = 5 * EDGE_BYTES;
        let hash = |changed: usize| {
            let mut bytes = vec![7; size];
            bytes[changed] = 8;
            hash_edges(&Fake::new(bytes, 1000), size as u64, &mut vec![0; 2 * EDGE_BYTES]).unwrap()
        };
        assert_eq!(hash(EDGE_BYTES).bytes_read, 2 * EDGE_BYTES as u64);
        assert_eq!(hash(EDGE_BYTES).hash, hash(4 * EDGE_BYTES - 1).hash);
        assert_ne!(hash(EDGE_BYTES - 1).hash, hash(EDGE_BYTES).hash);
        assert_ne!(hash(size - 1).hash, hash(EDGE_BYTES).hash);
        let shrunk = Fake::new(vec![7; 3 * EDGE_BYTES], usize::MAX);
        let hashed = hash_edges(&shrunk, size as u64, &mut vec![0; 2 * EDGE_BYTES]).unwrap();
        assert_eq!(hashed.bytes_read, EDGE_BYTES as u64);
    }

    proptest! {
        #[test]
        fn short_reads_and_holes_give_the_plain_hash(
            blocks in proptest::collection::vec((any::<u8>(), 0..3u8), 0..40),
            tail in 0..BLOCK,
            most in 1..200usize,
            buffer in 2..3000usize,
        ) {
            let fill = |(byte, hole): (u8, u8)| vec![if hole == 0 { byte } else { 0 }; BLOCK];
            let mut bytes: Vec<u8> = blocks.into_iter().flat_map(fill).collect();
            bytes.extend(std::iter::repeat_n(9, tail));
            let size = bytes.len() as u64;
            for algorithm in Algorithm::ALL {
                let plain = Hashed { hash: hash_bytes(algorithm, &bytes), bytes_read: size };
                let fake = || Fake::new(bytes.clone(), most);
                let mut told = 0;
                let mut count = |read| { told += read; ControlFlow::Continue(()) };
                prop_assert_eq!(hash_large(&fake(), algorithm, &mut vec![0; buffer], size, &mut count).unwrap(), plain);
                prop_assert_eq!(told, size);
                prop_assert_eq!(hash_small(&fake(), algorithm, &mut vec![0; buffer], size).unwrap(), plain);
            }
        }
    }
}
