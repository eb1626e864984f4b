//! Waiting for threads that end soon.

use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long threads are waited for at the end; what hangs in a call to a dead share is left behind.
const PATIENCE: Duration = Duration::from_secs(2);

/// Waits for threads that end soon.
pub(crate) fn join_soon(threads: Vec<JoinHandle<()>>) {
    let until = Instant::now() + PATIENCE;
    for thread in threads {
        while !thread.is_finished() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(1));
        }
        if thread.is_finished() {
            // A thread that panicked has said so.
            let _ = thread.join();
        }
    }
}
