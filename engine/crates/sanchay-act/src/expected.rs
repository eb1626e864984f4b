//! What a file was when the plan was made.

use sanchay_core::{FileKind, FileStat, Witness};

/// What a file is known by: the one that a plan is about, with the content that was hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    /// The device that the file's volume has now; it has another number after each mount.
    pub device: u64,
    /// The stamps that its hash is trusted under.
    pub witness: Witness,
    /// Whether its inode number outlives a mount; else it says nothing.
    pub has_lasting_inode: bool,
}

impl Expected {
    /// What the stat of a file says.
    pub fn of(stat: &FileStat) -> Self {
        Self { device: stat.device, witness: stat.witness(), has_lasting_inode: true }
    }

    /// Whether a file with this stat is the one that was seen, unchanged.
    pub fn fits(&self, stat: &FileStat) -> bool {
        self.is_file_there(stat) && self.seen(stat) == self.witness
    }

    /// The same for a file that was renamed or linked since: that moves its ctime, and nothing else.
    pub fn fits_but_for_ctime(&self, stat: &FileStat) -> bool {
        self.is_file_there(stat) && self.seen(stat).without_ctime() == self.witness.without_ctime()
    }

    fn is_file_there(&self, stat: &FileStat) -> bool {
        stat.kind == FileKind::File && stat.device == self.device
    }

    fn seen(&self, stat: &FileStat) -> Witness {
        if self.has_lasting_inode {
            stat.witness()
        } else {
            stat.witness().with_inode(self.witness.inode)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEEN: FileStat = FileStat {
        kind: FileKind::File,
        inode: 1,
        device: 2,
        size_bytes: 3,
        allocated_bytes: 4,
        mtime_ns: 5,
        ctime_ns: 6,
        birth_ns: None,
        links: 1,
        owner: 9,
        mount_id: 10,
        placeholder: false,
    };

    #[test]
    fn only_the_file_that_was_seen_fits() {
        let expected = Expected::of(&SEEN);
        assert!(expected.fits(&FileStat { links: 2, mount_id: 0, ..SEEN }));
        let others = [
            FileStat { kind: FileKind::Symlink, ..SEEN },
            FileStat { device: 0, ..SEEN },
            FileStat { inode: 0, ..SEEN },
            FileStat { size_bytes: 0, ..SEEN },
            FileStat { mtime_ns: 0, ..SEEN },
        ];
        for other in others {
            assert!(!expected.fits(&other) && !expected.fits_but_for_ctime(&other), "{other:?}");
        }
        let renamed = FileStat { ctime_ns: 7, ..SEEN };
        assert!(!expected.fits(&renamed) && expected.fits_but_for_ctime(&renamed));
        let mounted_again = FileStat { inode: 0, ..SEEN };
        assert!(Expected { has_lasting_inode: false, ..expected }.fits(&mounted_again));
        assert!(!Expected { has_lasting_inode: false, ..expected }.fits(&FileStat { size_bytes: 0, ..mounted_again }));
    }
}
