//! The priority of the calling thread: background work must not be felt, a scan that someone waits for must be fast.
//!
//! Both calls are best effort and never fail: a thread that stays at its priority is slower or louder, not wrong.
//! Both act on the calling thread alone, and a thread in the background can always come back:
//! - Linux: the disk's idle class and batch scheduling, which anybody may take and leave. The processor's idle
//!   scheduling is taken only where the system would let the thread out of it again (a capability or `RLIMIT_NICE`).
//! - macOS: the thread's disk policy is "throttle" and its quality of service "background".
//! - Windows: the thread's background mode, which lowers processor, disk and memory priority.

/// Lowers the calling thread to background priority.
pub fn background_this_thread() {
    crate::platform::background_this_thread();
}

/// Brings the calling thread back to normal priority.
pub fn foreground_this_thread() {
    crate::platform::foreground_this_thread();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_goes_to_the_background_and_comes_back() {
        std::thread::spawn(|| {
            background_this_thread();
            background_this_thread();
            foreground_this_thread();
        })
        .join()
        .expect("no panic");
    }
}
