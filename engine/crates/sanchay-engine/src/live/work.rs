//! What the threads hand to each other.

use std::collections::hash_map::Entry as Slot;
use std::collections::HashMap;

use sanchay_core::watch::{FileEvent, Step, WatchMode, WatchRefused};

use super::settings::LiveSettings;
use crate::engine::Scan;
use crate::job::ScanState;
use crate::scan::Named;
use crate::trees::Turn;

/// Names in one folder to look at because another name of their file was changed.
#[derive(Clone)]
pub(super) struct Linked {
    /// Their folder when they were found, which says whose they are.
    pub(super) folder: Vec<u8>,
    /// Their directory, which they are reached by: its folder may be renamed until then.
    pub(super) directory: i64,
    /// With the file's inode: where a name has another by then, the file's names are found again.
    pub(super) names: Vec<(Vec<u8>, u64)>,
    /// How many looks led to these. Past a few the file changes faster than it is looked at, and its turn comes with
    /// the events that tell so.
    pub(super) hops: u8,
}

/// Work of one root for the passing thread, which gives the turn back when it is done.
pub(super) struct Batch {
    pub(super) root_id: i64,
    /// What a sync waits for: see `sync.rs`.
    pub(super) epoch: u64,
    pub(super) turn: Turn,
    pub(super) steps: Vec<Step>,
    /// Looks at names that were found by their inode.
    pub(super) linked: Vec<Linked>,
}

/// Puts names of one folder that are to be looked at for the same reason together: a folder is looked at once.
pub(super) fn together(linked: Vec<Linked>) -> Vec<Linked> {
    let mut places: HashMap<(i64, u8), usize> = HashMap::new();
    let mut gathered: Vec<Linked> = Vec::new();
    for item in linked {
        match places.entry((item.directory, item.hops)) {
            Slot::Occupied(place) => gathered[*place.get()].names.extend(item.names),
            Slot::Vacant(place) => {
                place.insert(gathered.len());
                gathered.push(item);
            }
        }
    }
    gathered
}

/// What came of a batch.
pub(super) enum Outcome {
    /// The root is not there.
    Offline(String),
    Done(Box<Followed>),
    /// The catalog could not be written or read.
    Failed(String),
}

/// What work leads to.
#[derive(Default)]
pub(super) struct Followed {
    /// Names, in whatever root, of files of which another name was changed.
    pub(super) linked: Vec<Linked>,
    /// Directories and names whose files may be read now.
    pub(super) hashes: Vec<(i64, Vec<Vec<u8>>)>,
    /// As `hashes`; files that keep others waiting.
    pub(super) large: Vec<(i64, Vec<Vec<u8>>)>,
    /// Names in a folder, with its directory, that wait to be read, whether an event asks for that or not.
    pub(super) unread: Vec<(Vec<u8>, i64, Vec<Vec<u8>>)>,
    /// Files to be read when they have settled, with their directory.
    pub(super) settling: Vec<(Named, i64)>,
    /// A move that could not be done, and the steps after it.
    pub(super) refused: Option<(Vec<u8>, Vec<u8>, Vec<Step>)>,
    /// Steps that found another folder under its name, or none: an event that tells where it went is on its way.
    pub(super) missed: Vec<Step>,
    /// More changed than is followed up one by one.
    pub(super) reconcile: bool,
    /// Names that were read.
    pub(super) read_names: usize,
}

/// Hashing that is due.
#[derive(Clone, Debug)]
pub(super) struct ReadJob {
    pub(super) root_id: i64,
    pub(super) epoch: u64,
    /// By its id: it may be renamed until it is its turn. 0: what scans have left as too long for them.
    pub(super) directory: i64,
    pub(super) names: Vec<Vec<u8>>,
}

/// A root that is there.
pub(super) struct There {
    pub(super) advised: WatchMode,
    pub(super) file_system: String,
    /// Which folder it is, as long as it stays mounted.
    pub(super) folder: Folder,
}

/// Why a root was not seen, for people.
pub(super) enum NotSeen {
    /// It is not there.
    Away(String),
    /// No one could look: the catalog gave no answer, or this process can open no file.
    NotKnown(String),
}

/// A folder, by device, mount and inode.
pub(super) type Folder = (u64, u64, u64);

/// What the live thread hears besides the watcher.
pub(super) enum Message {
    PutRoot(i64),
    RemoveRoot(i64),
    Set(LiveSettings),
    Sync(i64, Box<Scan>),
    /// The passing thread is free again.
    Passed {
        root_id: i64,
        epoch: u64,
        outcome: Outcome,
    },
    /// A job was read, and led to this.
    Read {
        root_id: i64,
        epoch: u64,
        followed: Followed,
    },
    /// A scan of a root has ended, no matter who asked for it; None: it failed.
    ScanEnded {
        root_id: i64,
        number: u64,
        state: Option<ScanState>,
        message: String,
        /// The first paths that could not be read.
        unread: Vec<Vec<u8>>,
    },
    /// The watcher has taken up a root, or not.
    Watched {
        root_id: i64,
        outcome: Result<(), WatchRefused>,
    },
    /// Someone looked whether a root is there.
    Checked {
        root_id: i64,
        outcome: Result<There, NotSeen>,
    },
    /// A cookie could not be made.
    NoCookie {
        root_id: i64,
        error: std::io::Error,
    },
    /// A turn in a tree was given back.
    TreeFreed,
    Close,
}

/// What the watcher's thread hands over.
pub(super) type Heard = FileEvent;
