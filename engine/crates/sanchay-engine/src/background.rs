//! What holds back work that no one waits for: a pause, and a limit on what is read. A scan that someone waits for
//! passes by both.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

/// How much may be read at once after a rest, as a part of a second's worth.
const BURST_S: f64 = 0.25;
const BURST_LEAST_BYTES: f64 = 1_048_576.0;

/// A token bucket that may go into debt: one who takes too much waits until it is paid off. Time comes in as seconds.
#[derive(Debug)]
struct Bucket {
    bytes_per_s: f64,
    level_bytes: f64,
    at_s: f64,
}

impl Bucket {
    fn new(bytes_per_s: f64, now_s: f64) -> Self {
        Self { bytes_per_s, level_bytes: Self::burst_bytes(bytes_per_s), at_s: now_s }
    }

    fn burst_bytes(bytes_per_s: f64) -> f64 {
        (bytes_per_s * BURST_S).max(BURST_LEAST_BYTES)
    }

    /// Takes bytes that were read; how long to wait before more is read, in seconds.
    fn take(&mut self, bytes: u64, now_s: f64) -> f64 {
        let earned = (now_s - self.at_s).max(0.0) * self.bytes_per_s;
        self.at_s = self.at_s.max(now_s);
        self.level_bytes = (self.level_bytes + earned).min(Self::burst_bytes(self.bytes_per_s)) - bytes as f64;
        (-self.level_bytes / self.bytes_per_s).max(0.0)
    }
}

/// Shared by all background work of one engine.
#[derive(Debug)]
pub(crate) struct Background {
    state: Mutex<State>,
    changed: Condvar,
    /// Whether there is anything to look at under the lock.
    holds: AtomicBool,
    begun: Instant,
}

#[derive(Debug, Default)]
struct State {
    paused: bool,
    bucket: Option<Bucket>,
}

impl Default for Background {
    fn default() -> Self {
        let (state, holds) = (Mutex::default(), AtomicBool::new(false));
        Self { state, changed: Condvar::new(), holds, begun: Instant::now() }
    }
}

impl Background {
    /// Sets both: bytes a second (`None`: no limit), and whether everything in the background stands still.
    pub(crate) fn set(&self, bytes_per_s: Option<f64>, paused: bool) {
        let now_s = self.now_s();
        let mut state = self.state.lock().expect("no panic under this lock");
        let limit = bytes_per_s.filter(|limit| *limit > 0.0);
        if state.bucket.as_ref().map(|bucket| bucket.bytes_per_s) != limit {
            state.bucket = limit.map(|limit| Bucket::new(limit, now_s));
        }
        state.paused = paused;
        self.holds.store(paused || state.bucket.is_some(), Ordering::Relaxed);
        drop(state);
        self.changed.notify_all();
    }

    /// Whether everything in the background stands still.
    pub(crate) fn is_paused(&self) -> bool {
        self.holds.load(Ordering::Relaxed) && self.state.lock().expect("no panic under this lock").paused
    }

    /// Waits through a pause, for as long as `is_held` says so: it is asked again at each [`Self::wake`].
    pub(crate) fn hold(&self, is_held: &dyn Fn() -> bool) {
        if !self.holds.load(Ordering::Relaxed) {
            return;
        }
        let mut state = self.state.lock().expect("no panic under this lock");
        while state.paused && is_held() {
            state = self.changed.wait(state).expect("no panic under this lock");
        }
    }

    /// Counts bytes that were read, and waits until the limit allows more, for as long as `is_held` says so.
    pub(crate) fn read(&self, bytes: u64, is_held: &dyn Fn() -> bool) {
        if !self.holds.load(Ordering::Relaxed) {
            return;
        }
        let mut state = self.state.lock().expect("no panic under this lock");
        let now_s = self.now_s();
        let wait_s = state.bucket.as_mut().map_or(0.0, |bucket| bucket.take(bytes, now_s));
        let until_s = now_s + wait_s;
        loop {
            let left_s = until_s - self.now_s();
            if left_s <= 0.0 || state.bucket.is_none() || !is_held() {
                return;
            }
            let waited = self.changed.wait_timeout(state, Duration::from_secs_f64(left_s));
            state = waited.expect("no panic under this lock").0;
        }
    }

    /// Someone who may be held was cancelled, or is waited for now.
    pub(crate) fn wake(&self) {
        // Under the lock, so that no one is between asking and waiting.
        drop(self.state.lock().expect("no panic under this lock"));
        self.changed.notify_all();
    }

    fn now_s(&self) -> f64 {
        self.begun.elapsed().as_secs_f64()
    }
}

// Rates and bytes are powers of two here, so that every quotient is exact.
#[cfg(test)]
#[allow(clippy::float_cmp)]
mod tests {
    use super::*;
    use std::sync::Arc;

    const MIB: u64 = 1 << 20;

    #[test]
    fn a_bucket_lets_a_burst_pass_and_then_keeps_to_the_rate() {
        let mut bucket = Bucket::new(8.0 * MIB as f64, 0.0);
        assert_eq!(bucket.take(2 * MIB, 0.0), 0.0, "a quarter of a second's worth");
        assert_eq!(bucket.take(MIB, 0.0), 0.125);
        assert_eq!(bucket.take(MIB, 0.125), 0.125, "the debt is paid, and made again");
        assert_eq!(bucket.take(0, 100.0), 0.0);
        assert_eq!(bucket.take(2 * MIB, 100.0), 0.0, "a long rest earns one burst");
        assert_eq!(bucket.take(8 * MIB, 100.0), 1.0);
    }

    #[test]
    fn over_any_time_no_more_than_the_rate_and_a_burst_is_read() {
        let rate = 3.0 * MIB as f64;
        let mut bucket = Bucket::new(rate, 0.0);
        let (mut now_s, mut read) = (0.0, 0);
        for step in 0..1000_u64 {
            let bytes = (step * 7919) % (2 * MIB);
            read += bytes;
            now_s += bucket.take(bytes, now_s);
            let allowed = rate * now_s + Bucket::burst_bytes(rate);
            assert!(read as f64 <= allowed + 1.0, "{read} bytes in {now_s} s");
        }
    }

    #[test]
    fn a_clock_that_goes_back_earns_nothing() {
        let mut bucket = Bucket::new(MIB as f64, 10.0);
        assert_eq!(bucket.take(MIB, 10.0), 0.0);
        assert_eq!(bucket.take(MIB, 5.0), 1.0);
        assert_eq!(bucket.take(0, 10.0), 1.0);
    }

    #[test]
    fn nothing_is_held_until_it_is_asked_for() {
        let background = Background::default();
        background.hold(&|| true);
        background.read(u64::MAX, &|| true);
        assert!(!background.is_paused());
    }

    #[test]
    fn a_pause_ends_with_the_pause_or_when_the_held_one_is_let_go() {
        let background = Arc::new(Background::default());
        background.set(None, true);
        assert!(background.is_paused());
        let (held, other) = (Arc::new(AtomicBool::new(true)), Arc::clone(&background));
        let flag = Arc::clone(&held);
        let waiting = std::thread::spawn(move || other.hold(&|| flag.load(Ordering::Relaxed)));
        held.store(false, Ordering::Relaxed);
        background.wake();
        waiting.join().unwrap();

        let other = Arc::clone(&background);
        let waiting = std::thread::spawn(move || other.hold(&|| true));
        background.set(None, false);
        waiting.join().unwrap();
    }

    #[test]
    fn a_limit_that_is_lifted_lets_everybody_go() {
        let background = Arc::new(Background::default());
        background.set(Some(1.0), false);
        let other = Arc::clone(&background);
        let waiting = std::thread::spawn(move || other.read(1 << 40, &|| true));
        background.set(None, false);
        waiting.join().unwrap();
    }
}
