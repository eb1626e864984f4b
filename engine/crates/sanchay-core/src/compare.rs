//! Whether two open files have the same bytes, read and compared side by side.
//!
//! Holes that both have are skipped. That the files are still what they were is for the caller to see, by their stats
//! before and after.

use std::ops::ControlFlow;

use crate::error::CoreError;
use crate::hash::read_fully;
use crate::source::Content;

/// How much of each file is read at a time.
pub const COMPARE_READ_BYTES: usize = 1 << 20;

/// Memory for comparing, to be used again for the next pair.
#[derive(Debug)]
pub struct CompareBuffers {
    left: Vec<u8>,
    right: Vec<u8>,
}

impl Default for CompareBuffers {
    fn default() -> Self {
        Self::with_length(COMPARE_READ_BYTES)
    }
}

impl CompareBuffers {
    /// Buffers of this length in bytes each; tests make them short.
    pub fn with_length(bytes: usize) -> Self {
        Self { left: vec![0; bytes.max(1)], right: vec![0; bytes.max(1)] }
    }
}

/// What a comparison came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// All bytes are equal.
    Equal,
    /// They differ, or one ends before the size that both had.
    Different,
    /// `on_bytes` asked for an end.
    Stopped,
}

/// Compares the first `size_bytes` of two files. `on_bytes` is told of each stretch done, in bytes of one file.
pub fn compare(
    left: &impl Content,
    right: &impl Content,
    size_bytes: u64,
    buffers: &mut CompareBuffers,
    on_bytes: &mut dyn FnMut(u64) -> ControlFlow<()>,
) -> Result<Comparison, CoreError> {
    let length = buffers.left.len() as u64;
    // A small file is read at once: to ask for its holes would cost as much.
    let holes = size_bytes > length;
    if holes {
        left.read_is_sequential();
        right.read_is_sequential();
    }
    let mut offset = 0;
    let mut data_end = size_bytes;
    while offset < size_bytes {
        if holes && (offset == 0 || offset >= data_end) {
            match next_data(left, right, offset, size_bytes) {
                Some((start, end)) => {
                    if start > offset && on_bytes(start - offset).is_break() {
                        return Ok(Comparison::Stopped);
                    }
                    (offset, data_end) = (start, end);
                }
                None => return Ok(Comparison::Equal),
            }
        }
        let wanted = length.min(data_end - offset) as usize;
        if !same_stretch(left, right, offset, wanted, buffers)? {
            return Ok(Comparison::Different);
        }
        offset += wanted as u64;
        if on_bytes(wanted as u64).is_break() {
            return Ok(Comparison::Stopped);
        }
    }
    Ok(Comparison::Equal)
}

/// The next stretch in which either file has data.
fn next_data(left: &impl Content, right: &impl Content, offset: u64, size_bytes: u64) -> Option<(u64, u64)> {
    match (left.data_after(offset, size_bytes), right.data_after(offset, size_bytes)) {
        (None, None) => None,
        (Some(one), None) | (None, Some(one)) => Some(one),
        (Some(one), Some(other)) => {
            let (first, second) = if one.0 <= other.0 { (one, other) } else { (other, one) };
            // Stretches that overlap are one; else the second has its turn later.
            let end = if second.0 <= first.1 { first.1.max(second.1) } else { first.1 };
            Some((first.0, end))
        }
    }
}

fn same_stretch(
    left: &impl Content,
    right: &impl Content,
    offset: u64,
    wanted: usize,
    buffers: &mut CompareBuffers,
) -> Result<bool, CoreError> {
    let one = read_fully(left, &mut buffers.left[..wanted], offset)?;
    let other = read_fully(right, &mut buffers.right[..wanted], offset)?;
    Ok(one == wanted && other == wanted && buffers.left[..wanted] == buffers.right[..wanted])
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::{Seek, SeekFrom, Write};
    use std::ops::ControlFlow;
    use std::path::Path;

    use proptest::prelude::*;

    use super::{compare, CompareBuffers, Comparison};
    use crate::dir::RootDir;

    /// Stretches of data (offset, bytes) in a file of holes.
    type Stretches = Vec<(u64, Vec<u8>)>;

    fn write(path: &Path, size: u64, stretches: &Stretches) -> Vec<u8> {
        let mut file = File::create(path).unwrap();
        file.set_len(size).unwrap();
        let mut whole = vec![0; size as usize];
        for (offset, bytes) in stretches {
            let end = (offset + bytes.len() as u64).min(size);
            if *offset < end {
                let part = &bytes[..(end - offset) as usize];
                file.seek(SeekFrom::Start(*offset)).unwrap();
                file.write_all(part).unwrap();
                whole[*offset as usize..end as usize].copy_from_slice(part);
            }
        }
        whole
    }

    fn stretches() -> impl Strategy<Value = Stretches> {
        prop::collection::vec((0_u64..60_000, prop::collection::vec(0_u8..2, 1..9_000)), 0..4)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn files_compare_as_their_bytes_do(
            size in 0_u64..70_000, one in stretches(), other in stretches(), alike: bool, length in 1_usize..9_000,
        ) {
            let tree = tempfile::tempdir().unwrap();
            let left = write(&tree.path().join("left"), size, &one);
            let right = write(&tree.path().join("right"), size, if alike { &one } else { &other });
            let root = RootDir::open(tree.path()).unwrap();
            let open = |name: &[u8]| root.handle().open_file(name).unwrap();
            let mut told = 0;
            let result = compare(&open(b"left"), &open(b"right"), size, &mut CompareBuffers::with_length(length), &mut |bytes| {
                told += bytes;
                ControlFlow::Continue(())
            }).unwrap();
            prop_assert_eq!(result == Comparison::Equal, left == right);
            prop_assert!(told <= size);
        }
    }

    #[test]
    fn a_file_that_ends_too_soon_is_another_and_a_stop_is_heard() {
        let tree = tempfile::tempdir().unwrap();
        write(&tree.path().join("a"), 100, &vec![(0, vec![1; 100])]);
        write(&tree.path().join("b"), 50, &vec![(0, vec![1; 50])]);
        let root = RootDir::open(tree.path()).unwrap();
        let open = |name: &[u8]| root.handle().open_file(name).unwrap();
        let go_on = &mut |_| ControlFlow::Continue(());
        let mut buffers = CompareBuffers::with_length(64);
        assert_eq!(compare(&open(b"a"), &open(b"b"), 100, &mut buffers, go_on).unwrap(), Comparison::Different);
        let stop = &mut |_| ControlFlow::Break(());
        assert_eq!(compare(&open(b"a"), &open(b"a"), 100, &mut buffers, stop).unwrap(), Comparison::Stopped);
    }

    // Elsewhere a file gets its holes by another call.
    #[cfg(unix)]
    #[test]
    fn a_tebibyte_of_holes_is_compared_without_being_read() {
        let tree = tempfile::tempdir().unwrap();
        let size = 1 << 40;
        for name in ["a", "b"] {
            let mut file = File::create(tree.path().join(name)).unwrap();
            file.set_len(size).unwrap();
            file.seek(SeekFrom::Start(size / 2)).unwrap();
            file.write_all(b"in the middle").unwrap();
        }
        let root = RootDir::open(tree.path()).unwrap();
        let open = |name: &[u8]| root.handle().open_file(name).unwrap();
        let mut told = 0;
        let result = compare(&open(b"a"), &open(b"b"), size, &mut CompareBuffers::default(), &mut |bytes| {
            told += 1;
            assert!(bytes <= size);
            ControlFlow::Continue(())
        });
        assert_eq!(result.unwrap(), Comparison::Equal);
        assert!(told < 100, "holes are skipped, not read");
    }
}
