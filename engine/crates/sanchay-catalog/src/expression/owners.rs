//! Names of users.

/// Finds the number of a user by name.
pub trait Owners {
    /// The number, or None where the system knows no such user.
    fn uid(&self, name: &str) -> Option<u32>;
}

/// The users that the system knows; none on platforms where a user has no number.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemOwners;

impl Owners for SystemOwners {
    #[cfg(unix)]
    fn uid(&self, name: &str) -> Option<u32> {
        unix::uid(name)
    }

    #[cfg(not(unix))]
    fn uid(&self, _name: &str) -> Option<u32> {
        None
    }
}

#[cfg(unix)]
mod unix {
    use std::ffi::CString;
    use std::mem::MaybeUninit;
    use std::ptr;

    /// Where a directory service gives a user so much text that it does not fit, the user stays unknown.
    const LARGEST_RECORD_BYTES: usize = 1 << 20;

    pub(super) fn uid(name: &str) -> Option<u32> {
        let name = CString::new(name).ok()?;
        let mut buffer = vec![0; 4096];
        loop {
            let mut record = MaybeUninit::<libc::passwd>::uninit();
            let mut found = ptr::null_mut();
            // SAFETY: the name ends with a NUL, the buffer is as long as is said, and both outlive the call; `record` is
            // read only where the call has filled it, which it says by making `found` point to it.
            let code = unsafe {
                libc::getpwnam_r(name.as_ptr(), record.as_mut_ptr(), buffer.as_mut_ptr(), buffer.len(), &raw mut found)
            };
            if code == libc::ERANGE && buffer.len() < LARGEST_RECORD_BYTES {
                buffer.resize(buffer.len() * 2, 0);
                continue;
            }
            if code != 0 || found.is_null() {
                return None;
            }
            // SAFETY: the call succeeded and `found` is not null, so `record` is filled.
            return Some(unsafe { record.assume_init() }.pw_uid);
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_system_knows_root_and_no_nonsense() {
        assert_eq!(SystemOwners.uid("root"), Some(0));
        assert_eq!(SystemOwners.uid("no such user"), None);
        assert_eq!(SystemOwners.uid("a\0b"), None);
    }
}
