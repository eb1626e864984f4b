//! Asking a file system that may never answer.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

/// How long a file system may take to say where a path leads.
const PATIENCE: Duration = Duration::from_secs(3);
/// Threads that may hang on dead shares at once; past that nothing more is asked.
const HANGING_MOST: usize = 8;
static HANGING: AtomicUsize = AtomicUsize::new(0);

/// Asks a file system on a thread that is left behind where no answer comes. None: none came in time.
pub(crate) fn in_time<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (sender, receiver) = mpsc::channel();
    let hangs = HANGING.fetch_add(1, Ordering::Relaxed) >= HANGING_MOST;
    let asks = move || {
        let answer = work();
        HANGING.fetch_sub(1, Ordering::Relaxed);
        // The caller may have gone.
        let _ = sender.send(answer);
    };
    if hangs || std::thread::Builder::new().name("place".to_owned()).spawn(asks).is_err() {
        HANGING.fetch_sub(1, Ordering::Relaxed);
        return None;
    }
    receiver.recv_timeout(PATIENCE).ok()
}
