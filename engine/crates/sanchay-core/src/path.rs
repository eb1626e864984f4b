//! Raw bytes to the system's paths and back, the same on every platform.
//!
//! On Unix the bytes are the kernel's. On Windows they are WTF-8, which holds every name that the system can hold,
//! unpaired surrogates too; bytes that are no WTF-8 name no file there and become the replacement character.

use std::ffi::OsStr;
use std::fmt::Write;
use std::path::{Path, PathBuf};

pub use crate::platform::{os_string_from_bytes, SEPARATOR};

/// The raw bytes of a path or name.
pub fn bytes_of(path: &(impl AsRef<OsStr> + ?Sized)) -> &[u8] {
    path.as_ref().as_encoded_bytes()
}

/// The path that these raw bytes name.
pub fn path_from_bytes(bytes: &[u8]) -> PathBuf {
    PathBuf::from(os_string_from_bytes(bytes))
}

/// The absolute path of a relative path (names parted by `/`) below a root, as the system writes it.
pub fn absolute(root: &Path, relative: &[u8]) -> PathBuf {
    let mut path = root.to_path_buf();
    for name in relative.split(|byte| *byte == b'/').filter(|name| !name.is_empty()) {
        path.push(os_string_from_bytes(name));
    }
    path
}

/// A folder's path and a name in it: a relative path is joined by `/`, and is the name alone where the folder is the
/// root; an absolute one is joined as the system writes it.
pub fn join(parent: &[u8], name: &[u8]) -> Vec<u8> {
    let mut joined = Vec::with_capacity(parent.len() + name.len() + 1);
    join_into(&mut joined, parent, name);
    joined
}

/// As [`join`], into a buffer that is used again and again.
pub fn join_into(joined: &mut Vec<u8>, parent: &[u8], name: &[u8]) {
    joined.clear();
    joined.extend_from_slice(parent);
    push(joined, name);
}

/// Adds a name to a folder's path, as [`join`] does.
pub fn push(path: &mut Vec<u8>, name: &[u8]) {
    if has_drive_or_share(path) {
        return append(path, name);
    }
    if !path.is_empty() && !path.ends_with(b"/") {
        path.push(b'/');
    }
    path.extend_from_slice(name);
}

/// Whether it is an absolute path of Windows; no relative path has such a beginning there.
fn has_drive_or_share(path: &[u8]) -> bool {
    cfg!(windows) && (path.starts_with(br"\\") || path.get(1) == Some(&b':'))
}

/// Adds a name, or a relative path, to an absolute path, parted as the system parts names; a separator that ends the
/// path suffices.
pub fn append(path: &mut Vec<u8>, name: &[u8]) {
    if path.last().is_some_and(|last| *last != SEPARATOR && *last != b'/') {
        path.push(SEPARATOR);
    }
    path.extend(name.iter().map(|&byte| if byte == b'/' { SEPARATOR } else { byte }));
}

/// What leads from a folder to a path below it, both absolute, with its names parted by `/`; None where it is not below.
pub fn relative(folder: &[u8], path: &[u8]) -> Option<Vec<u8>> {
    let parts = |byte: &u8| *byte == b'/' || *byte == SEPARATOR;
    let rest = path.strip_prefix(folder)?;
    let rest = match rest.first() {
        Some(first) if parts(first) => &rest[1..],
        _ if folder.last().is_some_and(parts) => rest,
        _ => return None,
    };
    (!rest.is_empty()).then(|| rest.iter().map(|byte| if parts(byte) { b'/' } else { *byte }).collect())
}

/// The folder of a whole path, and the name in it.
pub fn split(path: &[u8]) -> (&[u8], &[u8]) {
    let at = path.iter().rposition(|&byte| byte == b'/' || (cfg!(windows) && byte == b'\\')).unwrap_or(0);
    (&path[..at.max(1).min(path.len())], path.get(at + 1..).unwrap_or_default())
}

/// The same of a path below a root, whose names are parted by `/`: the folder of a name in the root itself is empty.
pub fn split_below(path: &[u8]) -> (&[u8], &[u8]) {
    path.iter().rposition(|byte| *byte == b'/').map_or((b"", path), |at| (&path[..at], &path[at + 1..]))
}

/// Whether `path` is `folder` or lies below it. `/mnt/movies2` does not lie below `/mnt/movies`.
pub fn is_within(path: &[u8], folder: &[u8]) -> bool {
    let parts = |byte: u8| byte == b'/' || (cfg!(windows) && byte == b'\\');
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.is_empty() || folder.last().is_some_and(|&last| parts(last)) || parts(rest[0]))
}

/// The bytes for a person's eyes: as they are, or as the shell's `$'…'` where that would not be safe or not be clear. The
/// client's `sanchay.names` is the same in Python.
pub fn display(bytes: &[u8]) -> String {
    if let Ok(text) = std::str::from_utf8(bytes) {
        if !text.starts_with("$'") && !text.contains(is_unsafe) {
            return text.to_owned();
        }
    }
    let mut shown = String::from("$'");
    for chunk in bytes.utf8_chunks() {
        chunk.valid().chars().for_each(|character| escape_into(&mut shown, character));
        for byte in chunk.invalid() {
            let _ = write!(shown, "\\x{byte:02x}");
        }
    }
    shown.push('\'');
    shown
}

/// Whether a screen obeys the character, turns the direction of writing by it, or may leave it out: controls, bidi marks
/// and what Unicode calls default-ignorable.
const fn is_unsafe(character: char) -> bool {
    matches!(
        character,
        '\0'..='\x1f'
            | '\x7f'..='\u{9f}'
            | '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'
            | '\u{1160}'
            | '\u{17b4}'
            | '\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

fn escape_into(shown: &mut String, character: char) {
    let code = u32::from(character);
    // Writing to a string cannot fail.
    let _ = match character {
        '\\' | '\'' => write!(shown, "\\{character}"),
        '\x07' => shown.write_str("\\a"),
        '\x08' => shown.write_str("\\b"),
        '\t' => shown.write_str("\\t"),
        '\n' => shown.write_str("\\n"),
        '\x0b' => shown.write_str("\\v"),
        '\x0c' => shown.write_str("\\f"),
        '\r' => shown.write_str("\\r"),
        '\x1b' => shown.write_str("\\e"),
        _ if !is_unsafe(character) => shown.write_char(character),
        _ if code < 0x80 => write!(shown, "\\x{code:02x}"),
        _ if code <= 0xffff => write!(shown, "\\u{code:04x}"),
        _ => write!(shown, "\\U{code:08x}"),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_split_at_its_last_name() {
        assert_eq!(split(b"/a/b/c"), (&b"/a/b"[..], &b"c"[..]));
        assert_eq!(split(b"/a"), (&b"/"[..], &b"a"[..]));
        assert_eq!((split(b"/"), split(b"")), ((&b"/"[..], &b""[..]), (&b""[..], &b""[..])));
        assert_eq!(split_below(b"a/b"), (&b"a"[..], &b"b"[..]));
        assert_eq!(split_below(b"a"), (&b""[..], &b"a"[..]));
    }

    #[test]
    fn a_path_is_within_a_folder_by_whole_names() {
        for (path, folder) in [("/a", "/a"), ("/a/b", "/a"), ("/a", "/"), ("/a/", "/a")] {
            assert!(is_within(path.as_bytes(), folder.as_bytes()), "{path} {folder}");
        }
        assert!(!is_within(b"/mnt/movies2", b"/mnt/movies"));
        // A backslash is a part of a name, but on Windows.
        assert_eq!(is_within(br"/a\b", b"/a"), cfg!(windows));
    }

    #[test]
    fn joining_puts_one_separator_and_none_at_the_root() {
        assert_eq!(join(b"", b"a"), b"a");
        assert_eq!(join(b"a", b"\xff"), b"a/\xff");
        assert_eq!(join(b"/", b"a"), b"/a");
    }

    #[test]
    fn a_name_is_added_to_an_absolute_path_as_the_system_parts_names() {
        let root: &[u8] = if cfg!(windows) { br"C:\" } else { b"/" };
        let mut path = root.to_vec();
        append(&mut path, b"a");
        append(&mut path, b"b");
        assert_eq!(path, bytes_of(&absolute(&path_from_bytes(root), b"a/b")));
        assert_eq!(path, [root, &[b'a', SEPARATOR, b'b']].concat());
    }

    #[test]
    fn what_leads_from_a_folder_to_a_path_below_it() {
        assert_eq!(relative(b"/a", b"/a/b/c").as_deref(), Some(&b"b/c"[..]));
        assert_eq!(relative(b"/", b"/a").as_deref(), Some(&b"a"[..]));
        for other in [&b"/a"[..], b"/a/", b"/ab", b"/b"] {
            assert_eq!(relative(b"/a", other), None);
        }
        #[cfg(unix)]
        assert_eq!(relative(b"/a", br"/a\b"), None);
        #[cfg(windows)]
        for (folder, path) in
            [(br"C:\".as_slice(), br"C:\b\c".as_slice()), (br"C:\a", br"C:\a\b/c"), (br"\\s\a", br"\\s\a\b\c")]
        {
            assert_eq!(relative(folder, path).as_deref(), Some(&b"b/c"[..]));
        }
    }

    #[cfg(windows)]
    #[test]
    fn absolute_paths_are_joined_by_backslashes_and_relative_ones_by_slashes() {
        assert_eq!(join(br"C:\", b"a"), br"C:\a");
        assert_eq!(join(br"C:\a", b"b/c"), br"C:\a\b\c");
        assert_eq!(join(br"\\server\share", b"a"), br"\\server\share\a");
        assert_eq!(join(b"a", b"b"), b"a/b");
    }

    #[test]
    fn a_path_goes_to_bytes_and_back() {
        let path = absolute(Path::new("root"), "a/ü\nb".as_bytes());
        assert_eq!(path, Path::new("root").join("a").join("ü\nb"));
        assert_eq!(path_from_bytes(bytes_of(&path)), path);
        assert_eq!(absolute(Path::new("root"), b""), Path::new("root"));
        for (name, shown) in [
            (&b"a\xffb"[..], r"$'a\xffb'"),
            (b"it's", "it's"),
            (b"$'x", r"$'$\'x'"),
            (b"a\n\x1b\x01'", r"$'a\n\e\x01\''"),
            ("\u{e0001}\u{115f}\u{fe0f}\u{61c}\u{85}".as_bytes(), r"$'\U000e0001\u115f\ufe0f\u061c\u0085'"),
            ("\u{e4}\u{4e00} \u{1f600}".as_bytes(), "\u{e4}\u{4e00} \u{1f600}"),
        ] {
            assert_eq!(display(name), shown);
        }
    }

    #[cfg(unix)]
    #[test]
    fn bytes_that_are_not_utf8_survive() {
        let raw = b"\xff/\xfe\xf0";
        assert_eq!(bytes_of(&path_from_bytes(raw)), raw);
    }
}
