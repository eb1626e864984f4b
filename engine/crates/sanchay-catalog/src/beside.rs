//! The names of the files that are kept beside a catalog.

use std::path::{Path, PathBuf};

/// `path` with `suffix` behind its last letter.
pub fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut text = path.as_os_str().to_owned();
    text.push(suffix);
    PathBuf::from(text)
}
