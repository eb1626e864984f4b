//! What tells that a file still has the content that was hashed: [`Witness`].

use crate::content_hash::{hash_bytes, Algorithm};
use crate::stat::FileStat;

/// The stamps that a hash is trusted under: a write, or another file in its place, changes one of them at least. Which
/// volume of the inode is not part of it: where files of several volumes meet, that is compared too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Witness {
    /// On its volume.
    pub inode: u64,
    /// Apparent size.
    pub size_bytes: u64,
    /// Last change of the content, which its owner can set back.
    pub mtime_ns: i64,
    /// Last change of content or metadata, which no one can set.
    pub ctime_ns: i64,
}

impl Witness {
    /// With another inode number: some file systems number their files again at each mount.
    #[must_use]
    pub fn with_inode(self, inode: u64) -> Self {
        Self { inode, ..self }
    }

    /// Without what a rename changes.
    #[must_use]
    pub fn without_ctime(self) -> Self {
        Self { ctime_ns: 0, ..self }
    }

    /// The later of the two stamps.
    pub fn newest_ns(self) -> i64 {
        self.mtime_ns.max(self.ctime_ns)
    }

    /// Eight bytes for all of it, to be stored: the same for all time.
    pub fn digest(self) -> i64 {
        let stamps = [self.size_bytes as i64, self.mtime_ns, self.ctime_ns, self.inode as i64];
        let bytes: Vec<u8> = stamps.iter().flat_map(|stamp| stamp.to_le_bytes()).collect();
        let mut head = [0; 8];
        head.copy_from_slice(&hash_bytes(Algorithm::Blake3, &bytes).as_bytes()[..8]);
        i64::from_le_bytes(head)
    }
}

impl FileStat {
    /// What its hash is trusted under.
    #[inline]
    pub fn witness(&self) -> Witness {
        Witness { inode: self.inode, size_bytes: self.size_bytes, mtime_ns: self.mtime_ns, ctime_ns: self.ctime_ns }
    }

    /// Whether it is the file that was seen before, and nothing that a write would change has changed.
    pub fn held_still_since(&self, before: &Self) -> bool {
        self.kind == before.kind && self.device == before.device && self.witness() == before.witness()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stat::FileKind;

    const SEEN: FileStat = FileStat {
        kind: FileKind::File,
        inode: 1,
        device: 2,
        size_bytes: 3,
        allocated_bytes: 4,
        mtime_ns: 5,
        ctime_ns: 6,
        birth_ns: Some(7),
        links: 8,
        owner: 9,
        mount_id: 10,
        placeholder: false,
    };

    #[test]
    fn a_hash_is_trusted_only_under_the_same_inode_size_mtime_and_ctime() {
        let others = [
            FileStat { inode: 0, ..SEEN },
            FileStat { size_bytes: 0, ..SEEN },
            FileStat { mtime_ns: 0, ..SEEN },
            FileStat { ctime_ns: 0, ..SEEN },
        ];
        for other in others {
            assert_ne!(other.witness(), SEEN.witness());
            assert_ne!(other.witness().digest(), SEEN.witness().digest());
            assert!(!other.held_still_since(&SEEN));
        }
        let untouched =
            FileStat { allocated_bytes: 0, birth_ns: None, links: 0, owner: 0, mount_id: 0, placeholder: true, ..SEEN };
        assert_eq!(untouched.witness(), SEEN.witness());
        assert!(untouched.held_still_since(&SEEN));
        assert!(!FileStat { kind: FileKind::Special, ..SEEN }.held_still_since(&SEEN));
        assert!(!FileStat { device: 0, ..SEEN }.held_still_since(&SEEN));
    }

    #[test]
    fn what_may_change_for_another_reason_can_be_left_out() {
        let witness = SEEN.witness();
        assert_eq!(FileStat { inode: 0, ..SEEN }.witness().with_inode(1), witness);
        assert_eq!(FileStat { ctime_ns: 1, ..SEEN }.witness().without_ctime(), witness.without_ctime());
        assert_ne!(FileStat { mtime_ns: 1, ..SEEN }.witness().without_ctime(), witness.without_ctime());
        assert_eq!(witness.newest_ns(), 6);
    }

    #[test]
    fn catalogs_hold_this_digest() {
        assert_eq!(SEEN.witness().digest(), -807_827_643_975_561_113);
    }
}
