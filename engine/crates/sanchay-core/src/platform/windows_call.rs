//! Windows' own calls about an open handle.

use std::ffi::c_void;
use std::io;
use std::os::windows::io::AsRawHandle;

use windows_sys::Win32::Foundation::HANDLE;
use windows_sys::Win32::Storage::FileSystem::{
    FileAttributeTagInfo, GetFileInformationByHandleEx, FILE_ATTRIBUTE_TAG_INFO, FILE_INFO_BY_HANDLE_CLASS,
};

/// A reparse point whose tag has this bit stands for another place: a symbolic link, junction or mount point.
pub(super) const NAME_SURROGATE: u32 = 0x2000_0000;

/// What kind of thing an open handle is of.
pub(super) fn attributes(handle: &std::fs::File) -> io::Result<FILE_ATTRIBUTE_TAG_INFO> {
    let mut attributes = FILE_ATTRIBUTE_TAG_INFO::default();
    information(handle, FileAttributeTagInfo, &mut attributes)?;
    Ok(attributes)
}

/// Fills a struct that belongs to the class.
pub(super) fn information<T: Copy + Default>(
    handle: &std::fs::File,
    class: FILE_INFO_BY_HANDLE_CLASS,
    answer: &mut T,
) -> io::Result<()> {
    // SAFETY: a mutable reference is writable memory of its type's size, and the system's structs are word-aligned.
    unsafe { query(handle, class, std::ptr::from_mut(answer).cast(), size_of::<T>()) }
}

/// Asks the system about a handle.
///
/// # Safety
/// At `answer` there are `length` writable bytes, aligned to a word, which the caller keeps through the call.
pub(super) unsafe fn query(
    handle: &std::fs::File,
    class: FILE_INFO_BY_HANDLE_CLASS,
    answer: *mut c_void,
    length: usize,
) -> io::Result<()> {
    // SAFETY: the handle is open, and the caller vouches for the memory.
    match unsafe { GetFileInformationByHandleEx(raw(handle), class, answer, length as u32) } {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

pub(super) fn raw(handle: &std::fs::File) -> HANDLE {
    handle.as_raw_handle().cast()
}

pub(super) fn system_error(code: u32) -> io::Error {
    io::Error::from_raw_os_error(code as i32)
}
