//! What a watcher saw, said the same way on every platform.

/// An absolute path as the system writes it, in exact bytes.
pub type PathBytes = Vec<u8>;

/// One thing that happened to a watched file or folder. `directory` is `None` where the system does not say.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant says what its fields are")]
pub enum FileEvent {
    /// A name came into being. For a folder, whatever it holds by now may have come without any event.
    Created { path: PathBytes, directory: Option<bool> },
    /// The content may have changed.
    Written { path: PathBytes },
    /// The metadata alone changed: mode, owner, times, the number of links.
    Attributes { path: PathBytes },
    /// A name went, with everything below it.
    Removed { path: PathBytes, directory: Option<bool> },
    /// A name became another one, both in what is watched. What had the new name before is gone.
    Renamed { from: PathBytes, to: PathBytes },
    /// Two names, both in what is watched, were given each other's file or folder: neither is gone.
    Exchanged { one: PathBytes, other: PathBytes },
    /// A name came from a place that is not watched; a folder comes with everything below it and without events for it.
    MovedIn { path: PathBytes, directory: Option<bool> },
    /// A name went, with everything below it, to a place that is not watched.
    MovedAway { path: PathBytes },
    /// Events were lost: anything below the root may have changed, or below every root where none is named.
    Rescan { root: Option<PathBytes> },
    /// What is mounted below the root is not what it was: a part of it came or went that is not watched.
    MountsChanged { root: PathBytes },
    /// The root itself was removed, renamed, replaced or unmounted. It is not watched any more.
    RootGone { root: PathBytes },
    /// The root was watched until now and cannot be any longer, the reason given. None of it is watched any more.
    WatchLost { root: PathBytes, refused: WatchRefused },
}

/// Why a root cannot be watched. Nothing of it is watched after a refusal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WatchRefused {
    /// The system gives no further watcher: other programs hold all that it has for this user.
    #[error("the system's limit of watchers is reached (on Linux: fs.inotify.max_user_instances)")]
    NoWatcher,
    /// The system's limit of watches is reached.
    #[error("the system's limit of watched folders is reached (on Linux: fs.inotify.max_user_watches)")]
    LimitReached,
    /// The file system or the platform has no way to watch.
    #[error("it cannot be watched here: {0}")]
    Unsupported(String),
    /// The root cannot be opened or listed; the system's words.
    #[error("it cannot be watched: {0}")]
    Io(String),
}
