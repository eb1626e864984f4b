//! A group of a plan as acts need it: its files, and what their going frees.

use std::collections::HashMap;

use sanchay_core::{Algorithm, ContentHash, VolumeId};

use super::places::Seen;

/// A file of a plan.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) root: Vec<u8>,
    /// Below the root.
    pub(super) path: Vec<u8>,
    pub(super) seen: Seen,
    /// The disk or server that it is on.
    pub(super) device: u64,
    /// Of one that goes: the place of the one that stays for it, in `stays`.
    pub(super) kept: usize,
    /// What the going of its copy frees, in bytes.
    pub(super) freed_bytes: u64,
}

impl Target {
    pub(super) fn absolute(&self) -> Vec<u8> {
        sanchay_core::path::join(&self.root, &self.path)
    }

    /// The same, known by all but its ctime.
    pub(super) fn without_ctime(mut self) -> Self {
        self.seen.ctime_ns = None;
        self
    }

    pub(super) fn identity(&self) -> (VolumeId, Option<u64>) {
        (self.seen.volume, self.seen.inode)
    }
}

/// A group, or a part of a very large one.
#[derive(Debug)]
pub(super) struct GroupPart {
    /// Its number in the plan.
    pub(super) group: i64,
    pub(super) size_bytes: u64,
    pub(super) algorithm: Algorithm,
    pub(super) hash: ContentHash,
    /// Files that stay.
    pub(super) stays: Vec<Target>,
    /// Files that go.
    pub(super) goes: Vec<Target>,
    /// How many physical copies must be there, on how many devices, for any to go.
    pub(super) needed: (usize, usize),
}

/// What the going of copies frees: nothing, until the last of a copy's names went.
#[derive(Debug, Default)]
pub(super) struct Freed(HashMap<(i64, VolumeId, Option<u64>), (u64, u32)>);

impl Freed {
    /// Forgets all groups but this one.
    pub(super) fn keep(&mut self, group: Option<i64>) {
        self.0.retain(|(own, ..), _| Some(*own) == group);
    }

    /// `stays_linked`: a name that went is one in the trash now.
    pub(super) fn by(&mut self, group: i64, target: &Target, links_before: u32, stays_linked: bool) -> u64 {
        let (volume, inode) = target.identity();
        let (bytes, names) = self.0.entry((group, volume, inode)).or_default();
        *bytes = (*bytes).max(target.freed_bytes);
        *names += 1;
        let is_last = links_before <= if stays_linked { *names } else { 1 };
        if is_last {
            std::mem::take(bytes)
        } else {
            0
        }
    }
}
