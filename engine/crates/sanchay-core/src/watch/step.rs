//! What the event algebra asks for.

use super::event::{PathBytes, WatchRefused};

/// A name in a folder, in exact bytes.
pub type Name = Vec<u8>;

/// One thing to do so that the catalog follows the disk. Every step but `Move` says only where to look: what is there
/// at that moment counts, so doing one twice, or late, is never wrong. Steps are to be done in the order given.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant says what its fields are")]
pub enum Step {
    /// Stat these names of the folder now: new, changed and gone ones show in the metadata at once. A folder found
    /// under a name for which the catalog has none is to be listed deep.
    Look { directory: PathBytes, names: Vec<Name> },
    /// These names have been quiet for the settle time: read those whose hash still waits. Folders are passed over.
    /// Names that are not there, or are others than the catalog has (another inode), are given back by
    /// [`Pending::missed`](super::Pending::missed).
    Hash { directory: PathBytes, names: Vec<Name> },
    /// List the folder again, with everything below it where `deep`.
    List { directory: PathBytes, deep: bool },
    /// The rows of a file or a folder go to another name and keep their hashes; what the catalog has under the new
    /// name, with everything below it, is replaced. The new name's folder may itself be so new that the catalog lacks
    /// it. Where both names are the same, it went away and came back: nothing but its new ctime is taken.
    ///
    /// The ctime that the disk shows may be that of a write whose event is still to come, with the mtime set back. So the
    /// hash is kept on trust only: a step to hash that names the file reads it, a step to trust makes an end of it.
    ///
    /// The catalog may be ahead of the events, so this is done only where the disk has, under the name that this and the
    /// moves after it lead to ([`name_after`](super::name_after)), what the catalog has under the old one (the same
    /// volume and inode). Else, or where the catalog has nothing there, it is given back by
    /// [`Pending::refuse`](super::Pending::refuse).
    Move { from: PathBytes, to: PathBytes },
    /// These names were renamed a while ago, and no event told of a write to them since: where a move took their stamps
    /// on trust, the hash holds. Whatever else is there under these names stays as it is.
    Trust { directory: PathBytes, names: Vec<Name> },
    /// Compare the whole root with the disk.
    Reconcile { root: PathBytes, reason: ReconcileReason },
    /// The root is gone: offline, its rows are kept.
    RootGone { root: PathBytes },
    /// The root cannot be watched any longer: poll it.
    WatchLost { root: PathBytes, refused: WatchRefused },
}

/// Why a root has to be compared with the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReconcileReason {
    /// Events were lost: a queue was full, or the system asked for it.
    EventsLost,
    /// More waited than is kept.
    TooMuchPending,
}

impl ReconcileReason {
    /// The reason in words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EventsLost => "events were lost",
            Self::TooMuchPending => "more changed at once than is followed one by one",
        }
    }
}
