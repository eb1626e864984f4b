//! Which files take no part in a plan, by the folders that they lie in: what a program keeps for itself is in its place
//! for a reason, and what lies in a trash is not a copy.

use sanchay_core::path::{relative, split_below};

use crate::trashes::is_in_trash;

/// Folders in which version control keeps what it knows.
const VERSION_CONTROL: [&[u8]; 6] = [b".git", b".hg", b".svn", b".bzr", b"_darcs", b"CVS"];
/// Folders that a package manager fills.
const PACKAGES: [&[u8]; 3] = [b"node_modules", b"site-packages", b"dist-packages"];
/// Ends of folders that are one program.
const BUNDLES: [&[u8]; 6] = [b".app", b".appex", b".bundle", b".framework", b".plugin", b".xpc"];

/// Why a file takes no part, in a word; None where it does. `everywhere`: only a trash is left out.
pub(super) fn left_out(root: &[u8], path: &[u8], everywhere: bool) -> Option<&'static str> {
    if is_in_trash(path) {
        return Some("trash");
    }
    let below = relative(root, path).filter(|_| !everywhere)?;
    split_below(&below).0.split(|byte| *byte == b'/').find_map(of_folder)
}

fn of_folder(name: &[u8]) -> Option<&'static str> {
    let ends = |end: &[u8]| name.len() > end.len() && name[name.len() - end.len()..].eq_ignore_ascii_case(end);
    if VERSION_CONTROL.contains(&name) || ends(b".git") {
        Some("version-control")
    } else if name.first() == Some(&b'.') {
        Some("hidden-folder")
    } else if PACKAGES.contains(&name) {
        Some("package")
    } else if BUNDLES.iter().any(|end| ends(end)) {
        Some("application")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::left_out;

    #[test]
    fn folders_of_programs_and_trashes_take_no_part() {
        let cases = [
            ("/r/a/b.jpg", None, None),
            ("/r/.hidden.jpg", None, None),
            ("/r/.cache/a/b.jpg", Some("hidden-folder"), None),
            ("/r/a/.git/objects/b", Some("version-control"), None),
            ("/r/a.git/objects/b", Some("version-control"), None),
            ("/r/CVS/b", Some("version-control"), None),
            ("/r/w/node_modules/b/c.js", Some("package"), None),
            ("/r/lib/site-packages/b.py", Some("package"), None),
            ("/r/Tool.APP/Contents/b", Some("application"), None),
            ("/r/.app/b", Some("hidden-folder"), None),
            ("/r/.Trash-1000/files/b", Some("trash"), Some("trash")),
            ("/r/.Trash/1000/files/b", Some("trash"), Some("trash")),
            ("/r/.Trashes/501/b", Some("trash"), Some("trash")),
            ("/r/.Trashy/b", Some("hidden-folder"), None),
            ("/r/share/Trash/files/b", Some("trash"), Some("trash")),
            ("/r/Trash/b", None, None),
            ("/r/Trash", None, None),
        ];
        for (path, usually, everywhere) in cases {
            assert_eq!(left_out(b"/r", path.as_bytes(), false), usually, "{path}");
            assert_eq!(left_out(b"/r", path.as_bytes(), true), everywhere, "{path}");
        }
        assert_eq!(left_out(b"/home/.config", b"/home/.config/a/b", false), None, "hidden above its root");
        assert_eq!(left_out(b"/home/Trash", b"/home/Trash/files/b", false), Some("trash"), "whatever is a root");
    }
}
