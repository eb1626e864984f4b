//! A read lease: while it is held, no one has the file open or mapped for writing; who comes to write waits until it is
//! let go, and we see that someone does. Linux only, on file systems that have leases; elsewhere stats alone tell of a
//! writer.

use sanchay_core::FileHandle;

use crate::refusal::{Reason, Refusal};

/// A lease on an open file, let go when it is dropped; or none, where the system has none to give.
#[derive(Debug)]
pub struct Lease<'a> {
    #[cfg(target_os = "linux")]
    file: Option<&'a FileHandle>,
    #[cfg(not(target_os = "linux"))]
    file: std::marker::PhantomData<&'a FileHandle>,
}

#[cfg(target_os = "linux")]
mod linux {
    use std::io;
    use std::os::fd::{AsFd, AsRawFd};

    use super::{FileHandle, Lease, Reason, Refusal};

    /// Chooses the signal that tells of a writer; `libc` has no name for it.
    const F_SETSIG: libc::c_int = 10;

    impl<'a> Lease<'a> {
        /// Takes a lease. Refused as busy while someone has the file open or mapped for writing.
        pub fn take(file: &'a FileHandle) -> Result<Self, Refusal> {
            let descriptor = file.as_fd().as_raw_fd();
            // SAFETY: the descriptor is open while `file` is borrowed, and these commands take a plain number each.
            // SIGURG is ignored unless a program asks for it; SIGIO, which would be sent otherwise, ends the process.
            let result = unsafe {
                if libc::fcntl(descriptor, F_SETSIG, libc::SIGURG) == 0 {
                    libc::fcntl(descriptor, libc::F_SETLEASE, libc::F_RDLCK)
                } else {
                    -1
                }
            };
            if result == 0 {
                return Ok(Self { file: Some(file) });
            }
            let error = io::Error::last_os_error();
            if error.raw_os_error() == Some(libc::EAGAIN) {
                return Err(Refusal { reason: Reason::Busy, of_kept: false, source: Some(error) });
            }
            // Another user's file (EACCES), or a file system without leases (EINVAL): stats must do.
            Ok(Self { file: None })
        }

        /// Whether no one has come to write. True where there is no lease to tell.
        pub fn is_held(&self) -> bool {
            self.file.is_none_or(|file| {
                // SAFETY: as above; the command takes no argument.
                unsafe { libc::fcntl(file.as_fd().as_raw_fd(), libc::F_GETLEASE) == libc::F_RDLCK }
            })
        }
    }

    impl Drop for Lease<'_> {
        fn drop(&mut self) {
            if let Some(file) = self.file {
                // SAFETY: as above.
                unsafe { libc::fcntl(file.as_fd().as_raw_fd(), libc::F_SETLEASE, libc::F_UNLCK) };
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
impl<'a> Lease<'a> {
    /// There are no leases here.
    pub fn take(_: &'a FileHandle) -> Result<Self, Refusal> {
        let _ = Reason::Busy;
        Ok(Self { file: std::marker::PhantomData })
    }

    /// No one tells.
    pub fn is_held(&self) -> bool {
        true
    }
}
