//! Where a path leads, by the system's rules, as far as there is something to go by.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

/// Links that one path may go through: as many as the kernel follows.
const LINKS_MOST: usize = 40;

/// The absolute path without links, dots and doubled separators that `path`, which is absolute, leads to. What is not
/// there, or cannot be looked at, stays as it is written: a link to a disk that is away still says where that is.
///
/// This asks the file system of every folder on the way, and a dead share does not answer.
pub fn real_path(path: &Path) -> PathBuf {
    let mut real = PathBuf::new();
    let mut links = 0;
    let mut left: VecDeque<OsString> = path.components().map(|part| part.as_os_str().to_owned()).collect();
    while let Some(part) = left.pop_front() {
        match Path::new(&part).components().next() {
            Some(Component::ParentDir) => {
                real.pop();
            }
            Some(Component::Normal(_)) => {
                let next = real.join(&part);
                match std::fs::read_link(&next) {
                    Ok(target) if links < LINKS_MOST => {
                        links += 1;
                        for part in target.components().rev() {
                            left.push_front(part.as_os_str().to_owned());
                        }
                        if target.is_absolute() {
                            real = PathBuf::new();
                        }
                    }
                    _ => real = next,
                }
            }
            Some(Component::CurDir) | None => {}
            Some(Component::RootDir | Component::Prefix(_)) => real.push(&part),
        }
    }
    real
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_dots_and_what_is_not_there_lead_where_the_system_says() {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path().canonicalize().unwrap();
        std::fs::create_dir_all(top.join("real/deep")).unwrap();
        symlink("real/deep", top.join("short")).unwrap();
        symlink(top.join("real"), top.join("whole")).unwrap();
        symlink("/nowhere/at all", top.join("away")).unwrap();
        symlink("turn", top.join("turn")).unwrap();
        for (asked, expected) in [
            ("real//deep/./", "real/deep"),
            ("short", "real/deep"),
            ("short/..", "real"),
            ("whole/deep/new", "real/deep/new"),
            ("real/gone/../deep", "real/deep"),
            ("turn/x", "turn/x"),
        ] {
            assert_eq!(real_path(&top.join(asked)), top.join(expected), "{asked}");
        }
        assert_eq!(real_path(&top.join("away/x")), Path::new("/nowhere/at all/x"));
        assert_eq!(real_path(Path::new("/../..//")), Path::new("/"));
    }
}
