//! The file that marks a folder as Sanchay's, for every other Sanchay: its databases and logs are never cataloged.
//!
//! It says which folder it marks, so that a stray file of its name, or the copy of one in a backup, marks nothing.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use sanchay_catalog::{read_claim, Claim};
use sanchay_core::path::{bytes_of, path_from_bytes};
use sanchay_core::{CoreError, DirHandle, RootDir};

/// The name of the file.
pub const FOLDER_MARK: &[u8] = b".sanchay-folder";
const HEADLINE: &str = "This folder belongs to Sanchay";
const NOTE: &str = ", which writes into it by itself: no Sanchay keeps it in its catalog.\n\
    Remove this file only if Sanchay does not use the folder any more. It marks the folder that it names, and no copy of it:";

/// Whether an open folder, which lies at `path`, is marked as a Sanchay's.
pub(crate) fn is_marked(folder: &DirHandle, path: &[u8]) -> bool {
    // Almost no folder has it.
    folder.stat(FOLDER_MARK).is_ok()
        && folder.stat_self().is_ok_and(|stat| claim(stat.inode, path).is_made_by(folder, FOLDER_MARK, stat.owner))
}

/// The folder that is marked as a Sanchay's, of `path` and those above it.
pub(crate) fn marked_folder(path: &Path) -> Option<&Path> {
    path.ancestors()
        .find(|folder| RootDir::open(folder).is_ok_and(|opened| is_marked(opened.handle(), bytes_of(folder))))
}

/// Marks the folders. One that cannot be written to, such as that of a system's settings, goes without, and a file of that name
/// that is not ours is left as it is.
pub(crate) fn mark(folders: &[PathBuf]) {
    for folder in folders {
        if let Err(error) = mark_one(folder) {
            tracing::debug!(folder = %folder.display(), error = %error, "folder_not_marked");
        }
    }
}

fn mark_one(folder: &Path) -> Result<(), CoreError> {
    let folder = std::fs::canonicalize(folder)?;
    let opened = RootDir::open(&folder)?;
    let claim = claim(opened.stat()?.inode, bytes_of(&folder));
    let text = claim.text(NOTE);
    if let Ok(stat) = opened.handle().stat(FOLDER_MARK) {
        match read_claim(opened.handle(), FOLDER_MARK, &stat)? {
            Some(known) if known == text => return Ok(()),
            Some(known) if known.starts_with(HEADLINE.as_bytes()) => {}
            _ => {
                tracing::warn!(folder = %folder.display(), "a_file_has_the_name_of_the_mark_and_is_not_ours");
                return Ok(());
            }
        }
    }
    let mark = folder.join(path_from_bytes(FOLDER_MARK));
    let new =
        folder.join(path_from_bytes(&[FOLDER_MARK, b"."].concat()).with_extension(std::process::id().to_string()));
    let written = write(&new, &text).and_then(|()| std::fs::rename(&new, &mark));
    if written.is_err() {
        let _ = std::fs::remove_file(&new);
    }
    Ok(written?)
}

/// Readable to all who can enter the folder: they are to know.
fn write(file: &Path, text: &[u8]) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    let mut opened = options.open(file)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        opened.set_permissions(std::fs::Permissions::from_mode(0o644))?;
    }
    opened.write_all(text)
}

fn claim(number: u64, path: &[u8]) -> Claim<'_> {
    Claim { headline: HEADLINE, number, path }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_marked_at(folder: &Path) -> bool {
        is_marked(RootDir::open(folder).unwrap().handle(), bytes_of(folder))
    }

    #[test]
    fn a_mark_marks_the_folder_that_it_names_and_a_copy_of_it_or_a_stray_file_marks_none() {
        let place = tempfile::tempdir().unwrap();
        let base = std::fs::canonicalize(place.path()).unwrap();
        let name = path_from_bytes(FOLDER_MARK);
        let [home, copy, stray] = ["home", "copy", "stray"].map(|name| base.join(name));
        for folder in [&home, &copy, &stray] {
            std::fs::create_dir(folder).unwrap();
        }
        mark(std::slice::from_ref(&home));
        assert!(is_marked_at(&home));
        assert_eq!(marked_folder(&home.join("below")), Some(home.as_path()));
        std::fs::copy(home.join(&name), copy.join(&name)).unwrap();
        assert!(!is_marked_at(&copy));
        std::fs::write(stray.join(&name), "notes").unwrap();
        assert!(!is_marked_at(&stray));
        // Where Sanchay comes to live, a mark of its kind is made true, and a person's file is left alone.
        mark(&[copy.clone(), stray.clone()]);
        assert!(is_marked_at(&copy) && !is_marked_at(&stray));
        assert_eq!(std::fs::read(stray.join(&name)).unwrap(), b"notes");
        let moved = base.join("moved");
        std::fs::rename(&home, &moved).unwrap();
        assert!(is_marked_at(&moved));
        assert_eq!(std::fs::read_dir(&copy).unwrap().count(), 1);
    }
}
