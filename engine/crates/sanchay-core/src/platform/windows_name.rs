//! Names of Windows as bytes and back: WTF-8, which is UTF-8 that may also hold unpaired surrogates.

use std::ffi::OsString;
use std::os::windows::ffi::OsStringExt;

use super::wtf8;

/// Parts the names of a path as the system writes it.
pub const SEPARATOR: u8 = b'\\';

/// The name of these bytes; a byte that belongs to no character becomes the replacement character.
pub fn os_string_from_bytes(bytes: &[u8]) -> OsString {
    OsString::from_wide(&wtf8::to_wide(bytes))
}

/// A name from the system into a byte buffer that is used again and again.
pub(super) fn encode(wide: &[u16], bytes: &mut Vec<u8>) {
    bytes.clear();
    wtf8::encode(wide, bytes);
}
