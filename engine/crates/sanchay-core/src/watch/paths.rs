//! Absolute paths in bytes: parents, children, what lies below what.

use super::event::PathBytes;
use crate::path::SEPARATOR;

/// The folder that a path is in, and its name there; `None` for the top of the file system.
pub fn split(path: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = path.iter().rposition(|byte| *byte == SEPARATOR)?;
    let name = &path[end + 1..];
    if name.is_empty() {
        return None;
    }
    // `/a` is in `/`, and `C:\a` in `C:\`.
    let is_top = end == 0 || (SEPARATOR == b'\\' && path[..end].ends_with(b":"));
    Some((&path[..end + usize::from(is_top)], name))
}

/// The path of a name in a folder.
pub fn join(directory: &[u8], name: &[u8]) -> PathBytes {
    let mut path = prefix(directory);
    path.extend_from_slice(name);
    path
}

/// What every path below the folder starts with.
pub fn prefix(directory: &[u8]) -> PathBytes {
    let mut prefix = directory.to_vec();
    if !prefix.ends_with(&[SEPARATOR]) {
        prefix.push(SEPARATOR);
    }
    prefix
}

/// Whether the path is the folder's or lies below it.
pub fn covers(directory: &[u8], path: &[u8]) -> bool {
    path.strip_prefix(directory)
        .is_some_and(|rest| rest.is_empty() || rest[0] == SEPARATOR || directory.ends_with(&[SEPARATOR]))
}

/// The path itself, then each folder above it, to the top.
pub fn ancestors(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::successors(Some(path), |path| split(path).map(|(directory, _)| directory))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_split_to_the_top() {
        assert_eq!(ancestors(b"/a/b").collect::<Vec<_>>(), [&b"/a/b"[..], b"/a", b"/"]);
        assert_eq!(split(b"/"), None);
        assert_eq!((prefix(b"/"), prefix(b"/a")), (b"/".to_vec(), b"/a/".to_vec()));
    }

    #[test]
    fn a_longer_name_is_not_below_a_shorter_one() {
        assert!(covers(b"/a", b"/a") && covers(b"/a", b"/a/b") && covers(b"/", b"/a"));
        assert!(!covers(b"/a", b"/ab") && !covers(b"/a/b", b"/a"));
    }
}
