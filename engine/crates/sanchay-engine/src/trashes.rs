//! Where trashes are: what lies in one is cataloged for its size, and never read. It is not a copy of anything.

/// Whether a whole path leads through a trash: of a home, of a mount, of macOS or of Windows.
pub(crate) fn is_in_trash(path: &[u8]) -> bool {
    let folders: Vec<&[u8]> = path.split(|byte| *byte == b'/' || (cfg!(windows) && *byte == b'\\')).collect();
    let Some((_, folders)) = folders.split_last() else { return false };
    let of_mount = |name: &[u8]| match name.strip_prefix(b".Trash") {
        Some(rest) => rest.is_empty() || rest == b"es" || rest.strip_prefix(b"-").is_some_and(is_number),
        None => name.eq_ignore_ascii_case(b"$RECYCLE.BIN"),
    };
    folders.iter().any(|name| of_mount(name)) || folders.windows(2).any(|pair| pair == [&b"Trash"[..], &b"files"[..]])
}

fn is_number(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(u8::is_ascii_digit)
}

/// Whether what lies in a folder lies in a trash.
pub(crate) fn is_trash(folder: &[u8]) -> bool {
    is_in_trash(&sanchay_core::path::join(folder, b"_"))
}

/// Whether a trash may begin at a folder with this name: only then the whole path need be looked at.
pub(crate) fn may_begin_trash(name: &[u8]) -> bool {
    name == b"files" || name.starts_with(b".Trash") || name.first() == Some(&b'$')
}
