//! What can be done where a file lies, found without changing anything there.

use rustix::fs::{accessat, fstatvfs, Access, AtFlags, StatVfsMountFlags};

use sanchay_core::DirHandle;

use crate::refusal::{Reason, Refusal};

/// Refuses a folder whose file system, or its mount, is for reading only.
pub fn check_mounted_for_writing(folder: &DirHandle) -> Result<(), Refusal> {
    if fstatvfs(folder)?.f_flag.contains(StatVfsMountFlags::RDONLY) {
        return Err(Refusal::new(Reason::ReadOnly));
    }
    Ok(())
}

/// Refuses a folder in which no name can be made.
pub(crate) fn check_writable(folder: &DirHandle) -> Result<(), Refusal> {
    Ok(accessat(folder, ".", Access::WRITE_OK | Access::EXEC_OK, AtFlags::EACCESS)?)
}
