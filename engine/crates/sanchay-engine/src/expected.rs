//! What a person expects to be unreadable: where such a path lies, and which errors it makes no errors of.

use sanchay_core::path::{bytes_of, display, is_within, path_from_bytes};
use sanchay_core::ErrorKind as CoreKind;

use crate::error::{EngineError, ErrorKind};
use crate::in_time::in_time;

/// `path`, which is absolute, as it is called below a root at `root`. Fails with `InvalidArgument` where it is not there.
pub fn path_below(root: &[u8], path: &[u8]) -> Result<Vec<u8>, EngineError> {
    let written = clean(path);
    let below = |path: &[u8]| is_within(path, root) && path != root;
    if below(&written) {
        return Ok(written);
    }
    let asked = path_from_bytes(&written);
    let real = in_time(move || bytes_of(&sanchay_core::real_path(&asked)).to_vec()).unwrap_or_else(|| written.clone());
    if below(&real) {
        return Ok(real);
    }
    let why = if written == root || real == root { "it is the root's own folder" } else { "it lies outside of it" };
    let message = format!("{} is not below the root {}: {why}", display(path), display(root));
    Err(EngineError { path: Some(path.to_vec()), ..EngineError::new(ErrorKind::InvalidArgument, message) })
}

/// The path without a separator at its end.
fn clean(path: &[u8]) -> Vec<u8> {
    let is_separator = |byte: u8| byte == b'/' || (cfg!(windows) && byte == b'\\');
    let end = path.iter().rposition(|&byte| !is_separator(byte)).map_or(1, |last| last + 1);
    path[..end.min(path.len())].to_vec()
}

/// Whether an error at `path` is one that was expected: whatever goes wrong at an expected path, and below it what may not
/// be read. A disk that fails in the middle of such a folder is still an error.
pub(crate) fn is_expected(expected: &[Vec<u8>], path: &[u8], kind: CoreKind) -> bool {
    expected.iter().any(|of| path == of.as_slice() || (kind == CoreKind::Permission && is_within(path, of)))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn an_expected_path_lies_below_its_root_however_it_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path().canonicalize().unwrap();
        let root = top.join("root");
        std::fs::create_dir_all(root.join("closed")).unwrap();
        std::os::unix::fs::symlink(&root, top.join("link")).unwrap();
        let bytes = |name: &str| top.join(name).as_os_str().as_encoded_bytes().to_vec();
        for written in ["root/closed", "root/closed/", "link/closed"] {
            assert_eq!(path_below(&bytes("root"), &bytes(written)).unwrap(), bytes("root/closed"), "{written}");
        }
        assert_eq!(path_below(&bytes("root"), &bytes("root/later")).unwrap(), bytes("root/later"));
        for (written, reason) in
            [("root", "own folder"), ("link", "own folder"), ("other", "outside"), ("root2", "outside")]
        {
            let error = path_below(&bytes("root"), &bytes(written)).expect_err(written);
            assert!(error.kind == ErrorKind::InvalidArgument && error.message.contains(reason), "{written}: {error}");
        }
    }

    #[test]
    fn a_failing_disk_below_an_expected_folder_is_still_an_error() {
        let expected = vec![b"/a/closed".to_vec()];
        let is = |path: &[u8], kind| is_expected(&expected, path, kind);
        assert!(is(b"/a/closed", CoreKind::Permission) && is(b"/a/closed", CoreKind::Io));
        assert!(is(b"/a/closed/b", CoreKind::Permission));
        assert!(!is(b"/a/closed/b", CoreKind::Io) && !is(b"/a/closed2", CoreKind::Permission));
    }
}
