//! What a file has beside its bytes and name: owner, group, mode, times, access list and extended attributes.

use std::os::fd::{AsFd, BorrowedFd};

use rustix::fs::{fgetxattr, flistxattr, flistxattr_query, fstat, Mode, Stat, Timespec, Timestamps, XattrFlags};
use rustix::io::Errno;

use crate::refusal::Refusal;

/// Bits of a mode that let a program run with another's rights.
const SETUID_OR_SETGID: u32 = 0o6000;
/// Longest list of names, and longest value, that the kernel gives.
const XATTR_BYTES: usize = 64 << 10;

/// Owner, mode, access list and attributes: what a hard link takes from one file for both. Access lists are attributes,
/// too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// User id of the owner.
    pub owner: u32,
    /// Group id.
    pub group: u32,
    /// Permission bits, with setuid, setgid and sticky.
    pub mode: u32,
    /// Name and value of each extended attribute, ordered by name.
    pub attributes: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Metadata {
    /// What the open file or folder has.
    pub fn of(file: impl AsFd) -> Result<Self, Refusal> {
        let stat = fstat(&file)?;
        Self::with(&stat, file.as_fd())
    }

    #[allow(clippy::unnecessary_cast, reason = "modes have 16 bits on macOS")]
    fn with(stat: &Stat, file: BorrowedFd<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            owner: stat.st_uid,
            group: stat.st_gid,
            mode: stat.st_mode as u32 & 0o7777,
            attributes: attributes(file)?,
        })
    }

    /// Whether a program in this file runs with its owner's or group's rights.
    pub const fn is_setuid(&self) -> bool {
        self.mode & SETUID_OR_SETGID != 0
    }
}

/// What a file has to get back when it is made again: [`Metadata`] and its times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Owner, group, mode, access list, attributes.
    pub metadata: Metadata,
    /// Last change of the content, in nanoseconds since 1970.
    pub mtime_ns: i64,
    /// Last reading, in nanoseconds since 1970.
    pub atime_ns: i64,
}

impl Kept {
    /// What the open file or folder has.
    pub fn of(file: impl AsFd) -> Result<Self, Refusal> {
        let stat = fstat(&file)?;
        Ok(Self {
            metadata: Metadata::with(&stat, file.as_fd())?,
            mtime_ns: nanoseconds(stat.st_mtime as i64, stat.st_mtime_nsec as i64),
            atime_ns: nanoseconds(stat.st_atime as i64, stat.st_atime_nsec as i64),
        })
    }

    /// Gives it to a file of ours. The owner only where it is another one than ours, which not everybody may: then the
    /// file is refused.
    pub fn give(&self, file: impl AsFd) -> Result<(), Refusal> {
        let Metadata { owner, group, mode, attributes } = &self.metadata;
        let stat = fstat(&file)?;
        if (stat.st_uid, stat.st_gid) != (*owner, *group) {
            let (owner, group) = (rustix::fs::Uid::from_raw(*owner), rustix::fs::Gid::from_raw(*group));
            rustix::fs::fchown(&file, Some(owner), Some(group))?;
        }
        rustix::fs::fchmod(&file, Mode::from_bits_truncate(*mode as rustix::fs::RawMode))?;
        // What the file has already, such as a label of a security module, need not be given, which not everybody may; what it
        // took over from its folder, such as an access list, goes.
        let had = self::attributes(file.as_fd())?;
        for (name, _) in had.iter().filter(|(name, _)| !attributes.iter().any(|(wanted, _)| wanted == name)) {
            match rustix::fs::fremovexattr(&file, &name[..]) {
                Err(Errno::PERM | Errno::ACCESS | Errno::OPNOTSUPP) if name.starts_with(b"security.") => {}
                removed => removed?,
            }
        }
        for (name, value) in attributes.iter().filter(|attribute| !had.contains(attribute)) {
            rustix::fs::fsetxattr(&file, &name[..], value, XattrFlags::empty())?;
        }
        let times = Timestamps { last_access: timespec(self.atime_ns), last_modification: timespec(self.mtime_ns) };
        Ok(rustix::fs::futimens(&file, &times)?)
    }
}

/// Gives a folder the time of its last change back.
pub fn set_mtime(folder: impl AsFd, mtime_ns: i64) -> Result<(), Refusal> {
    let last_access = Timespec { tv_sec: 0, tv_nsec: rustix::fs::UTIME_OMIT };
    Ok(rustix::fs::futimens(folder, &Timestamps { last_access, last_modification: timespec(mtime_ns) })?)
}

fn nanoseconds(seconds: i64, nanoseconds: i64) -> i64 {
    seconds.saturating_mul(1_000_000_000).saturating_add(nanoseconds)
}

fn timespec(nanoseconds: i64) -> Timespec {
    Timespec { tv_sec: nanoseconds.div_euclid(1_000_000_000), tv_nsec: nanoseconds.rem_euclid(1_000_000_000) as _ }
}

/// Every attribute that we may see, ordered by name.
fn attributes(file: BorrowedFd<'_>) -> Result<Vec<(Vec<u8>, Vec<u8>)>, Refusal> {
    // Most files have none, which one short call tells.
    let mut names = match flistxattr_query(file) {
        Ok(0) | Err(Errno::OPNOTSUPP) => return Ok(Vec::new()),
        Ok(_) => vec![0; XATTR_BYTES],
        Err(error) => return Err(error.into()),
    };
    let length = flistxattr(file, &mut names[..])?;
    let mut found = Vec::new();
    let mut value = vec![0; XATTR_BYTES];
    for name in names[..length].split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
        match fgetxattr(file, name, &mut value[..]) {
            Ok(length) => found.push((name.to_vec(), value[..length].to_vec())),
            Err(Errno::NODATA) => {}
            Err(error) => return Err(error.into()),
        }
    }
    found.sort_unstable();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_gets_all_that_another_has() {
        let folder = tempfile::tempdir().unwrap();
        let [one, other] = ["one", "other"].map(|name| std::fs::File::create(folder.path().join(name)).unwrap());
        rustix::fs::fchmod(&one, Mode::from_bits_truncate(0o640)).unwrap();
        match rustix::fs::fsetxattr(&one, "user.note", b"mine", XattrFlags::empty()) {
            Err(Errno::OPNOTSUPP) => return, // temporary files lie where there are none
            set => set.unwrap(),
        }
        rustix::fs::fsetxattr(&other, "user.of_folder", b"", XattrFlags::empty()).unwrap();
        let kept = Kept { mtime_ns: -1, atime_ns: 1_000_000_001, ..Kept::of(&one).unwrap() };
        assert_eq!(kept.metadata.attributes, [(b"user.note".to_vec(), b"mine".to_vec())]);
        kept.give(&other).unwrap();
        assert_eq!(Kept::of(&other).unwrap(), kept);
    }
}
