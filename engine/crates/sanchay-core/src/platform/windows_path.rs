//! Paths and names of Windows: as bytes and back, in the form without a length limit, and the proof that opening one
//! followed no link.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io;
use std::os::windows::ffi::{OsStrExt, OsStringExt};
use std::os::windows::fs::OpenOptionsExt;
use std::path::{Component, Path, PathBuf, Prefix};

use windows_sys::Win32::Foundation::{ERROR_FILENAME_EXCED_RANGE, ERROR_INVALID_NAME, ERROR_STOPPED_ON_SYMLINK};
use windows_sys::Win32::Storage::FileSystem::{
    GetDiskFreeSpaceExW, GetFinalPathNameByHandleW, FILE_FLAG_BACKUP_SEMANTICS, FILE_FLAG_OPEN_REPARSE_POINT,
    FILE_READ_ATTRIBUTES, FILE_SHARE_DELETE, FILE_SHARE_READ, FILE_SHARE_WRITE, SYNCHRONIZE,
};

use super::windows_call::{attributes, raw, system_error, NAME_SURROGATE};
use super::wtf8;

const LONGEST_PATH_UNITS: usize = 32 << 10;

/// Parts the names of a path as the system writes it.
pub const SEPARATOR: u8 = b'\\';

/// The name of these bytes; a byte that belongs to no character becomes the replacement character.
pub fn os_string_from_bytes(bytes: &[u8]) -> OsString {
    OsString::from_wide(&wtf8::to_wide(bytes))
}

/// No user has a number here.
pub fn user_id(_name: &str) -> Option<u32> {
    None
}

/// The room that is left to us on the disk of a file.
pub fn free_bytes(file: &Path) -> Option<u64> {
    let mut folder: Vec<u16> = file.parent()?.as_os_str().encode_wide().collect();
    folder.push(0);
    let mut free = 0;
    // SAFETY: the path ends with a zero, the number lives through the call, and the others may be left out.
    let told =
        unsafe { GetDiskFreeSpaceExW(folder.as_ptr(), &raw mut free, std::ptr::null_mut(), std::ptr::null_mut()) };
    (told != 0).then_some(free)
}

/// A name from the system into a byte buffer that is used again and again.
pub(super) fn encode(wide: &[u16], bytes: &mut Vec<u8>) {
    bytes.clear();
    wtf8::encode(wide, bytes);
}

/// Adds a name to a path, refusing what is no single name: a separator, or the colon of an alternate stream.
pub(super) fn push(path: &mut PathBuf, name: &[u8]) -> io::Result<()> {
    if matches!(name, b"" | b"." | b"..") || name.iter().any(|byte| matches!(byte, b'\\' | b'/' | b':' | 0)) {
        return Err(system_error(ERROR_INVALID_NAME));
    }
    let mut longer = std::mem::take(path).into_os_string();
    if !longer.as_encoded_bytes().ends_with(br"\") {
        longer.push(r"\");
    }
    longer.push(os_string_from_bytes(name));
    *path = PathBuf::from(longer);
    Ok(())
}

/// Opens a path, shared with everybody, for at least its attributes.
pub(super) fn open(path: &Path, access: u32, flags: u32) -> io::Result<std::fs::File> {
    OpenOptions::new()
        .access_mode(access | FILE_READ_ATTRIBUTES | SYNCHRONIZE)
        .share_mode(FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)
        .custom_flags(flags)
        .open(path)
}

/// Opens a path below a root, and proves that what was opened is there and not behind a link.
pub(super) fn open_there(root: &Path, path: &Path, access: u32, flags: u32) -> io::Result<std::fs::File> {
    let handle = open(path, access, flags)?;
    let proven = match true_path(&handle) {
        Ok(found) => same_path(&found, path),
        Err(_) => no_link_on_the_way(root, path)?,
    };
    if proven {
        Ok(handle)
    } else {
        Err(system_error(ERROR_STOPPED_ON_SYMLINK))
    }
}

/// Whether every folder between a root and a path is a folder in its own place.
fn no_link_on_the_way(root: &Path, path: &Path) -> io::Result<bool> {
    let flags = FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT;
    for folder in path.ancestors().skip(1).take_while(|folder| *folder != root) {
        if attributes(&open(folder, 0, flags)?)?.ReparseTag & NAME_SURROGATE != 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether two paths lead to one place as far as a link out of the root is concerned. The system gives names in the
/// size of letters that the disk has, and Wine gives them without trailing dots and spaces; a link between names that
/// differ in no more than that leads to a neighbour below the same root.
fn same_path(one: &Path, other: &Path) -> bool {
    one == other || folded(one) == folded(other)
}

fn folded(path: &Path) -> Vec<u32> {
    let separator = u32::from(SEPARATOR);
    let mut folded = Vec::with_capacity(path.as_os_str().len());
    for unit in char::decode_utf16(path.as_os_str().encode_wide()) {
        let code = match unit {
            Ok(character) => character.to_lowercase().next().map_or(0, u32::from),
            Err(lone) => u32::from(lone.unpaired_surrogate()),
        };
        if code == separator {
            trim(&mut folded);
        }
        folded.push(code);
    }
    trim(&mut folded);
    folded
}

/// Takes the dots and spaces off the end of a name.
fn trim(folded: &mut Vec<u32>) {
    while folded.last().is_some_and(|code| [u32::from(b'.'), u32::from(b' ')].contains(code)) {
        folded.pop();
    }
}

/// Where an open file or folder is: by its drive, or by its volume where that has no drive.
pub(super) fn true_path(handle: &std::fs::File) -> io::Result<PathBuf> {
    const BY_DRIVE: u32 = 0;
    const BY_VOLUME: u32 = 1;
    let mut path = vec![0_u16; 512];
    for flags in [BY_DRIVE, BY_VOLUME] {
        loop {
            // SAFETY: the handle is open, and the buffer lives through the call and is as long as it is told to be.
            let length =
                unsafe { GetFinalPathNameByHandleW(raw(handle), path.as_mut_ptr(), path.len() as u32, flags) } as usize;
            if length == 0 {
                break;
            }
            if length < path.len() {
                return Ok(PathBuf::from(OsString::from_wide(&path[..length])));
            }
            if length > LONGEST_PATH_UNITS + 8 {
                return Err(system_error(ERROR_FILENAME_EXCED_RANGE));
            }
            path.resize(length + 1, 0);
        }
    }
    Err(io::Error::last_os_error())
}

/// A path in the form that has no length limit, where the system cannot tell the true one.
pub(super) fn verbatim(path: &Path) -> io::Result<PathBuf> {
    let path = std::path::absolute(path)?;
    let mut longer = OsString::from(r"\\?\");
    match path.components().next() {
        Some(Component::Prefix(prefix)) if prefix.kind().is_verbatim() => return Ok(path),
        Some(Component::Prefix(prefix)) if matches!(prefix.kind(), Prefix::UNC(..)) => {
            let units: Vec<u16> = path.as_os_str().encode_wide().skip(2).collect();
            longer.push(r"UNC\");
            longer.push(OsString::from_wide(&units));
        }
        _ => longer.push(&path),
    }
    Ok(PathBuf::from(longer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_long_paths_get_the_form_without_a_limit() {
        let long = format!(r"C:\{}\{}", "n".repeat(150), "m".repeat(150));
        let long_share = format!(r"\\server\share\{}", "n".repeat(300));
        for (path, expected) in [
            (r"C:\folder\file", r"\\?\C:\folder\file".to_owned()),
            (r"C:/folder/file", r"\\?\C:\folder\file".to_owned()),
            (r"\\server\share\dir", r"\\?\UNC\server\share\dir".to_owned()),
            (long.as_str(), format!(r"\\?\{long}")),
            (long_share.as_str(), format!(r"\\?\UNC\{}", &long_share[2..])),
        ] {
            assert_eq!(verbatim(Path::new(path)).unwrap(), Path::new(&expected), "{path}");
        }
    }

    #[test]
    fn a_path_that_is_verbatim_keeps_its_trailing_dots_and_spaces() {
        for path in [r"\\?\C:\folder.\trailing. ", r"\\?\UNC\server\share\trailing..."] {
            assert_eq!(verbatim(Path::new(path)).unwrap().as_os_str(), path);
        }
    }

    #[test]
    fn a_name_with_trailing_dots_is_added_as_it_is() {
        let mut path = PathBuf::from(r"\\?\C:\folder");
        push(&mut path, b"trailing.. ").unwrap();
        assert_eq!(path.as_os_str(), r"\\?\C:\folder\trailing.. ");
    }
}
