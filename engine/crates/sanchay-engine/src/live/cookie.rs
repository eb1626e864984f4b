//! Cookies: a file made in a root and taken away again, whose event says that all events before it have been heard.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use sanchay_core::path::{bytes_of, path_from_bytes};
use sanchay_core::watch::FileEvent;

/// Hidden, but where the root's rules leave hidden names out: its event would not be told.
pub(super) const HIDDEN: &[u8] = b".sanchay-sync-";
const VISIBLE: &[u8] = b"sanchay-sync-";
const DIGITS: usize = 16;
/// A cookie lives for seconds; one that is older was left by a daemon that was killed.
const LEFT_BEHIND: Duration = Duration::from_secs(60);

/// Whether a name is one of ours: never cataloged, no matter who made it.
pub(crate) fn is_cookie(name: &[u8]) -> bool {
    // Nearly every name is told by its first letter.
    if !matches!(name.first(), Some(b'.' | b's')) {
        return false;
    }
    let rest = name.strip_prefix(HIDDEN).or_else(|| name.strip_prefix(VISIBLE));
    rest.is_some_and(|rest| rest.len() == DIGITS && rest.iter().all(u8::is_ascii_hexdigit))
}

/// Whether the last name of a path is.
pub(super) fn is_cookie_path(path: &[u8]) -> bool {
    is_cookie(path.rsplit(|&byte| byte == b'/' || (cfg!(windows) && byte == b'\\')).next().unwrap_or_default())
}

/// A cookie on its way into a root. Separate threads make it and take it away: a disk that hangs holds up no other.
pub(super) struct Cookie {
    /// Where it is, or will be.
    pub(super) path: Vec<u8>,
    unwanted: Arc<AtomicBool>,
}

impl Cookie {
    /// Has a cookie made in `root`; `failed` hears why that fails, as it does where no one may write.
    pub(super) fn put(root: &[u8], visible: bool, failed: impl FnOnce(std::io::Error) + Send + 'static) -> Self {
        let number = RandomState::new().build_hasher().finish();
        let mut name = if visible { VISIBLE } else { HIDDEN }.to_vec();
        name.extend_from_slice(format!("{number:016x}").as_bytes());
        let cookie = Self { path: sanchay_core::path::join(root, &name), unwanted: Arc::default() };
        let (path, unwanted) = (cookie.path.clone(), Arc::clone(&cookie.unwanted));
        aside(move || {
            let made = std::fs::OpenOptions::new().write(true).create_new(true).open(path_from_bytes(&path));
            match made {
                // It took so long that no one waits for it any more.
                Ok(_) if unwanted.load(Ordering::SeqCst) => take(&path),
                Ok(_) => {}
                Err(error) => failed(error),
            }
        });
        cookie
    }

    /// Has it taken away, also where it is not made yet.
    pub(super) fn take(&self) -> Option<JoinHandle<()>> {
        self.unwanted.store(true, Ordering::SeqCst);
        let path = self.path.clone();
        aside(move || take(&path))
    }
}

/// Does something with a file on a separate thread; None: there is no thread to be had, and it is not done.
fn aside(work: impl FnOnce() + Send + 'static) -> Option<JoinHandle<()>> {
    std::thread::Builder::new().name("live-cookie".to_owned()).spawn(work).ok()
}

/// Takes a cookie away. One that is gone already is as good.
fn take(path: &[u8]) {
    if let Err(error) = std::fs::remove_file(path_from_bytes(path)) {
        if error.kind() != std::io::ErrorKind::NotFound {
            tracing::warn!(path = %sanchay_core::path::display(path), error = %error, "cookie_left");
        }
    }
}

/// Removes what a killed daemon left in `root`.
pub(super) fn sweep(root: &Path) {
    let Ok(entries) = std::fs::read_dir(root) else { return };
    for entry in entries.flatten() {
        let is_left = is_cookie(bytes_of(&entry.file_name()))
            && entry
                .metadata()
                .and_then(|metadata| metadata.modified())
                .is_ok_and(|modified| SystemTime::now().duration_since(modified).is_ok_and(|age| age >= LEFT_BEHIND));
        if is_left {
            take(bytes_of(&entry.path()));
        }
    }
}

/// The path of a cookie that an event is about.
pub(super) fn cookie_of(event: &FileEvent) -> Option<&[u8]> {
    let path = match event {
        FileEvent::Created { path, .. }
        | FileEvent::Written { path }
        | FileEvent::Attributes { path }
        | FileEvent::Removed { path, .. }
        | FileEvent::MovedIn { path, .. }
        | FileEvent::MovedAway { path } => path,
        FileEvent::Renamed { to, .. } => to,
        FileEvent::Exchanged { .. }
        | FileEvent::MountsChanged { .. }
        | FileEvent::Rescan { .. }
        | FileEvent::RootGone { .. }
        | FileEvent::WatchLost { .. } => return None,
    };
    is_cookie_path(path).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_known_by_its_whole_name() {
        assert!(is_cookie(b".sanchay-sync-0123456789abcdef"));
        assert!(is_cookie_path(b"/root/.sanchay-sync-0123456789abcdef"));
        for other in [b".sanchay-sync-".as_slice(), b".sanchay-sync-0123456789abcdefg", b".sanchay-sync-notes", b"x"] {
            assert!(!is_cookie(other));
        }
    }

    #[test]
    fn a_cookie_is_made_once_and_taken_away() {
        let folder = tempfile::tempdir().unwrap();
        let cookie = Cookie::put(bytes_of(folder.path()), false, |error| panic!("{error}"));
        assert!(is_cookie_path(&cookie.path));
        for _ in 0..2 {
            cookie.take().unwrap().join().unwrap();
        }
        let (failed, heard) = std::sync::mpsc::channel();
        let missing = Cookie::put(b"/no such folder", false, move |error| failed.send(error.kind()).unwrap());
        assert_eq!(heard.recv(), Ok(std::io::ErrorKind::NotFound));
        missing.take().unwrap().join().unwrap();
        let left = || std::fs::read_dir(folder.path()).unwrap().count();
        while left() > 0 {
            std::thread::yield_now();
        }
    }
}
