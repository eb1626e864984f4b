//! What is mounted where: heard of by the mount table itself, which is readable when it has changed.

use std::collections::HashSet;
use std::fs::File;
use std::io::{Read, Seek};
use std::sync::{Arc, PoisonError, RwLock};

use crate::path::is_within;
use crate::platform::linux_mount::{parse_mounts, Mount};

/// The mount table as it was read last.
#[derive(Debug)]
pub struct Mounts {
    /// None where there is no table, as in a bare chroot: then nothing is heard of mounts.
    table: Option<File>,
    known: RwLock<Arc<Known>>,
}

/// One state of the table.
#[derive(Debug, Default)]
pub struct Known {
    mounts: Vec<Mount>,
    /// Where something is mounted that is polled: never stat'ed by the watcher, for it may hang.
    polled: HashSet<Vec<u8>>,
}

impl Mounts {
    pub fn new() -> Self {
        let mounts = Self { table: File::open("/proc/self/mountinfo").ok(), known: RwLock::default() };
        mounts.read();
        mounts
    }

    /// What to wait for: it is in a state of error, as the kernel has it, when the table has changed.
    pub fn table(&self) -> Option<&File> {
        self.table.as_ref()
    }

    pub fn known(&self) -> Arc<Known> {
        Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the table again; gives what it was before.
    pub fn read(&self) -> Arc<Known> {
        let mut text = Vec::new();
        let read = self.table.as_ref().map(|mut table| table.rewind().and_then(|()| table.read_to_end(&mut text)));
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        match read {
            Some(Ok(_)) => std::mem::replace(&mut *known, Arc::new(Known::new(parse_mounts(&text)))),
            Some(Err(_)) | None => Arc::clone(&known),
        }
    }
}

impl Known {
    fn new(mounts: Vec<Mount>) -> Self {
        let points: HashSet<&[u8]> = mounts.iter().map(|mount| mount.point.as_slice()).collect();
        let top =
            |point: &&[u8]| mounts.iter().rev().find(|mount| mount.point == **point).is_some_and(Mount::is_polled);
        let polled = points.iter().filter(|point| top(point)).map(|point| point.to_vec()).collect();
        Self { mounts, polled }
    }

    /// Whether what is mounted at a path is polled.
    pub fn is_polled(&self, path: &[u8]) -> bool {
        !self.polled.is_empty() && self.polled.contains(path)
    }

    /// The mount that a path is reached through: of several at one point the last one hides the others.
    pub fn covering(&self, path: &[u8]) -> Option<u64> {
        let holding = self.mounts.iter().filter(|mount| is_within(path, &mount.point));
        holding.max_by_key(|mount| mount.point.len()).map(|mount| mount.id)
    }

    /// Where below a path something is mounted here and not in the other state; each point once, the outer ones first.
    pub fn beyond<'a>(&'a self, other: &Self, path: &[u8]) -> Vec<&'a Mount> {
        let ids: HashSet<u64> = other.mounts.iter().map(|mount| mount.id).collect();
        let is_new = |mount: &&Mount| !ids.contains(&mount.id) && mount.point != path && is_within(&mount.point, path);
        let mut found: Vec<&Mount> = self.mounts.iter().filter(is_new).collect();
        found.sort_by(|a, b| a.point.cmp(&b.point));
        found.dedup_by(|a, b| a.point == b.point);
        found
    }

    /// What is mounted below a path and polled, but what shows no files.
    pub fn polled_below<'a>(&'a self, path: &'a [u8]) -> impl Iterator<Item = &'a Mount> + 'a {
        let below = move |mount: &&Mount| mount.point != path && is_within(&mount.point, path);
        let polled = self.mounts.iter().filter(|mount| mount.is_polled() && !mount.is_pseudo());
        polled.filter(below).filter(|mount| self.covering(&mount.point) == Some(mount.id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(lines: &[&str]) -> Known {
        let line = |(id, line): (usize, &&str)| {
            format!(
                "{id} 1 0:{id} / {} rw - {} none rw\n",
                line.split(' ').next().unwrap(),
                line.split(' ').nth(1).unwrap()
            )
        };
        Known::new(parse_mounts(lines.iter().enumerate().map(line).collect::<String>().as_bytes()))
    }

    #[test]
    fn what_came_and_what_is_polled_is_told_by_the_table() {
        let before = known(&["/ ext4", "/root/disk ext4"]);
        let after = known(&["/ ext4", "/root/disk ext4", "/root/share fuse.sshfs", "/root/proc proc", "/root ext4"]);
        let points = |mounts: Vec<&Mount>| mounts.into_iter().map(|mount| mount.point.clone()).collect::<Vec<_>>();
        assert_eq!(points(after.beyond(&before, b"/root")), [b"/root/proc".to_vec(), b"/root/share".to_vec()]);
        assert!(before.beyond(&after, b"/root").is_empty());
        assert_eq!((before.covering(b"/root/x"), after.covering(b"/root/x")), (Some(0), Some(4)));
        assert_eq!(points(after.polled_below(b"/root").collect()), [b"/root/share".to_vec()]);
        assert!(after.is_polled(b"/root/share") && !after.is_polled(b"/root/disk"));
    }

    #[test]
    fn of_two_mounts_at_one_point_the_last_counts() {
        let over = known(&["/ ext4", "/a fuse.x", "/a ext4"]);
        assert!(!over.is_polled(b"/a") && over.polled_below(b"/").next().is_none());
        assert_eq!(over.covering(b"/a/b"), Some(2));
    }
}
