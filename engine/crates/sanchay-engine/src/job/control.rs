//! How a job is watched and steered from outside: atomics, one condition variable, and a short lock for each path.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicU8, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock};
use std::time::Instant;

use sanchay_catalog::Stream;
use sanchay_core::CoreError;

use crate::background::Background;
use crate::expected::is_expected;

use super::in_flight::{Looking, Looks};
use super::report::{ErrorNote, Phase, Progress, ScanResult, ScanState, Unit};

/// Notes of errors that are kept; all are counted.
const NOTES_MOST: usize = 100;

/// Counters of a scan; each is a number of things seen, or bytes.
#[derive(Debug, Default)]
#[allow(missing_docs)] // the names say it, and `ScanResult` documents the same words
pub struct Counters {
    pub files: AtomicU64,
    pub directories: AtomicU64,
    pub bytes: AtomicU64,
    pub hashed_files: AtomicU64,
    pub hashed_bytes: AtomicU64,
    pub errors: AtomicU64,
    pub added: AtomicU64,
    pub changed: AtomicU64,
    pub removed: AtomicU64,
    pub unstable: AtomicU64,
    pub special: AtomicU64,
    pub symlinks: AtomicU64,
    pub excluded: AtomicU64,
    pub skipped_mounts: AtomicU64,
    pub expected_unreadable: AtomicU64,
}

/// Adds to a counter.
pub(crate) fn add(counter: &AtomicU64, by: u64) {
    counter.fetch_add(by, Ordering::Relaxed);
}

/// What the last scan counted, or the listing of this one: what a percentage can honestly be of.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Expected {
    pub(crate) files: u64,
    pub(crate) hashed_bytes: u64,
}

/// Shared by a scan's threads and its watchers.
#[derive(Debug)]
pub struct Control {
    /// What was counted.
    pub counters: Counters,
    phase: AtomicU8,
    changes: Arc<Stream>,
    background: AtomicBool,
    in_the_way: AtomicBool,
    paused: Mutex<bool>,
    is_paused: AtomicBool,
    resumed: Condvar,
    looks: Looks,
    notes: Mutex<Vec<ErrorNote>>,
    may_fail: OnceLock<Vec<Vec<u8>>>,
    failed_as_expected: Mutex<Vec<Vec<u8>>>,
    holds: AtomicBool,
    expected: Mutex<Expected>,
    started: Instant,
    request_id: String,
    limits: Arc<Background>,
}

impl Control {
    /// For a scan that begins now, on behalf of a request that the log names.
    pub fn new(background: bool, request_id: &str) -> Self {
        Self {
            counters: Counters::default(),
            phase: AtomicU8::new(0),
            changes: Arc::default(),
            background: AtomicBool::new(background),
            in_the_way: AtomicBool::new(false),
            paused: Mutex::new(false),
            is_paused: AtomicBool::new(false),
            resumed: Condvar::new(),
            looks: Looks::default(),
            notes: Mutex::new(Vec::new()),
            may_fail: OnceLock::new(),
            failed_as_expected: Mutex::default(),
            holds: AtomicBool::new(false),
            expected: Mutex::new(Expected::default()),
            started: Instant::now(),
            request_id: request_id.to_owned(),
            limits: Arc::default(),
        }
    }

    /// The same, held back together with the other background work of its engine.
    pub(crate) fn sharing(self, limits: Arc<Background>) -> Self {
        Self { limits, ..self }
    }

    /// Asks the scan to end early; what it has read stays.
    pub fn cancel(&self) {
        self.changes.abandon();
        self.resume();
        self.limits.wake();
    }

    /// Whether it was asked to.
    pub fn is_cancelled(&self) -> bool {
        self.changes.is_abandoned()
    }

    /// What its changes belong to: the writer drops them where the disk is full and the scan was cancelled.
    pub(crate) fn changes(&self) -> Arc<Stream> {
        Arc::clone(&self.changes)
    }

    /// Holds every worker at its next step.
    pub fn pause(&self) {
        if !self.is_cancelled() {
            *self.paused.lock().expect("no panic under this lock") = true;
            self.is_paused.store(true, Ordering::Relaxed);
        }
    }

    /// Lets them go on.
    pub fn resume(&self) {
        *self.paused.lock().expect("no panic under this lock") = false;
        self.is_paused.store(false, Ordering::Relaxed);
        self.resumed.notify_all();
    }

    #[cfg_attr(not(unix), allow(dead_code, reason = "files are changed on Unix systems only"))]
    pub(crate) fn is_paused(&self) -> bool {
        self.is_paused.load(Ordering::Relaxed)
    }

    /// Goes on at normal priority.
    pub fn foreground(&self) {
        self.background.store(false, Ordering::Relaxed);
        self.limits.wake();
    }

    pub(crate) fn is_background(&self) -> bool {
        self.background.load(Ordering::Relaxed)
    }

    /// Waits while paused; false when the scan is cancelled.
    pub(crate) fn step(&self) -> bool {
        if self.is_paused.load(Ordering::Relaxed) {
            let mut paused = self.paused.lock().expect("no panic under this lock");
            while *paused && !self.is_cancelled() {
                paused = self.resumed.wait(paused).expect("no panic under this lock");
            }
        }
        if self.is_background() {
            self.limits.hold(&|| self.is_held());
        }
        !self.is_cancelled()
    }

    /// Another scan waits for this one to end.
    pub(crate) fn give_way(&self) {
        self.in_the_way.store(true, Ordering::Relaxed);
    }

    /// Whether what would take hours is to be left to a later scan.
    pub(crate) fn is_in_the_way(&self) -> bool {
        self.in_the_way.load(Ordering::Relaxed)
    }

    /// Counts bytes that were read, and where no one waits for them keeps to the limit of background reads.
    pub(crate) fn have_read(&self, bytes: u64) {
        if self.is_background() {
            self.limits.read(bytes, &|| self.is_held());
        }
    }

    fn is_held(&self) -> bool {
        self.is_background() && !self.is_cancelled()
    }

    pub(crate) fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::Relaxed);
    }

    /// A number that is another whenever it has got on.
    pub(crate) fn ticks(&self) -> u64 {
        let counters = &self.counters;
        let counted = [&counters.files, &counters.directories, &counters.hashed_bytes, &counters.errors];
        let sum = counted.iter().fold(0u64, |sum, counter| sum.wrapping_add(counter.load(Ordering::Relaxed)));
        sum.wrapping_add(u64::from(self.phase.load(Ordering::Relaxed)))
    }

    pub(crate) fn expect(&self, expected: Expected) {
        *self.expected.lock().expect("no panic under this lock") = expected;
    }

    /// Says what is looked at, for as long as the answer is kept.
    pub(crate) fn look_at(&self, path: &[u8]) -> Looking<'_> {
        self.looks.begin(path)
    }

    /// What is looked at now.
    pub(crate) fn current(&self) -> Vec<u8> {
        self.looks.newest()
    }

    /// The same, for as long as the ticket is not given to [`Control::leave`].
    pub(crate) fn enter_path(&self, path: &[u8]) -> u64 {
        self.looks.enter(path)
    }

    /// What was entered with this ticket is over.
    pub(crate) fn leave(&self, ticket: u64) {
        self.looks.leave(ticket);
    }

    /// Counts an error and keeps a note of the first hundred.
    pub(crate) fn report(&self, path: &[u8], kind: &'static str, message: String) {
        add(&self.counters.errors, 1);
        let mut notes = self.notes.lock().expect("no panic under this lock");
        if notes.len() < NOTES_MOST {
            let shown = String::from_utf8_lossy(path);
            tracing::warn!(request_id = self.request_id, path = %shown, kind, message, "scan_error");
            notes.push(ErrorNote { path: path.to_vec(), kind, message });
        }
    }

    /// Counts something that is out of reach, and may be gone, though its rows are kept.
    pub(crate) fn report_held(&self, path: &[u8], kind: &'static str, message: String) {
        self.holds.store(true, Ordering::Relaxed);
        self.report(path, kind, message);
    }

    /// Whether rows are kept of what is out of reach.
    pub(crate) fn holds(&self) -> bool {
        self.holds.load(Ordering::Relaxed)
    }

    /// What need not be readable, of all roots: what lies in two of them is of both.
    pub(crate) fn expect_unreadable(&self, paths: Vec<Vec<u8>>) {
        // A second listing for the same control would say the same.
        let _ = self.may_fail.set(paths);
    }

    /// Counts an error of the disk, unless a person said that it would come.
    pub(crate) fn report_core(&self, path: &[u8], error: CoreError) {
        if self.may_fail.get().is_some_and(|paths| is_expected(paths, path, error.kind)) {
            add(&self.counters.expected_unreadable, 1);
            let mut failed = self.failed_as_expected.lock().expect("no panic under this lock");
            if failed.len() < NOTES_MOST {
                failed.push(path.to_vec());
            }
            return;
        }
        let kind = crate::error::core_kind(error.kind).name();
        self.report(path, kind, error.at(path).to_string());
    }

    /// The first of what could not be read, whether that was expected or not.
    pub(crate) fn unread(&self) -> Vec<Vec<u8>> {
        let expected = self.failed_as_expected.lock().expect("no panic under this lock").clone();
        self.notes().into_iter().map(|note| note.path).chain(expected).collect()
    }

    pub(crate) fn notes(&self) -> Vec<ErrorNote> {
        self.notes.lock().expect("no panic under this lock").clone()
    }

    pub(crate) fn request_id(&self) -> &str {
        &self.request_id
    }

    pub(crate) fn elapsed_s(&self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }

    /// A snapshot of everything.
    pub fn progress(&self, waiting_for_disk: bool) -> Progress {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let counters = &self.counters;
        let (files, hashed_bytes) = (get(&counters.files), get(&counters.hashed_bytes));
        let phase = Phase::from_bits(self.phase.load(Ordering::Relaxed));
        let elapsed_s = self.elapsed_s().max(1e-3);
        let expected = *self.expected.lock().expect("no panic under this lock");
        let (unit, done, total) = match phase {
            Phase::Queued | Phase::Merging => (Unit::Files, files, 0),
            Phase::Listing => (Unit::Files, files, expected.files),
            Phase::Hashing | Phase::Verifying => (Unit::Bytes, hashed_bytes, expected.hashed_bytes),
            Phase::Done => (Unit::Files, files, files),
        };
        // More than was expected: how much more is not known.
        let total = (phase == Phase::Done || total > 0 && done <= total).then_some(total);
        let share = total.map(|total| if total == 0 { 1.0 } else { done as f64 / total as f64 });
        Progress {
            phase,
            files,
            directories: get(&counters.directories),
            bytes: get(&counters.bytes),
            hashed_files: get(&counters.hashed_files),
            hashed_bytes,
            errors: get(&counters.errors),
            files_per_s: files as f64 / elapsed_s,
            bytes_per_s: hashed_bytes as f64 / elapsed_s,
            // Who called it off wants to know what it still waits for.
            current: if self.is_cancelled() { self.looks.oldest() } else { self.looks.newest() },
            percent: share.map(|share| share * 100.0),
            unit,
            done,
            total,
            seconds_left: share.filter(|share| *share > 0.01).map(|share| elapsed_s * (1.0 - share) / share),
            paused: self.is_paused.load(Ordering::Relaxed),
            waiting_for_disk,
        }
    }
}

impl ScanResult {
    /// Its pace.
    pub fn files_per_s(&self) -> f64 {
        self.files as f64 / self.duration_s.max(1e-6)
    }

    pub(crate) fn cancelled(control: &Control) -> Self {
        Self::of(control, ScanState::Cancelled, "cancelled before it began".to_owned())
    }

    pub(crate) fn of(control: &Control, state: ScanState, message: String) -> Self {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let counters = &control.counters;
        Self {
            state,
            message,
            files: get(&counters.files),
            directories: get(&counters.directories),
            bytes: get(&counters.bytes),
            hashed_files: get(&counters.hashed_files),
            hashed_bytes: get(&counters.hashed_bytes),
            added: get(&counters.added),
            changed: get(&counters.changed),
            removed: get(&counters.removed),
            errors: get(&counters.errors),
            duration_s: control.elapsed_s(),
            unstable: get(&counters.unstable),
            special: get(&counters.special),
            symlinks: get(&counters.symlinks),
            excluded: get(&counters.excluded),
            skipped_mounts: get(&counters.skipped_mounts),
            expected_unreadable: get(&counters.expected_unreadable),
            unread: control.unread(),
            error_list: control.notes(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_is_unknown_until_something_was_listed_before() {
        let control = Control::new(false, "");
        control.enter(Phase::Listing);
        add(&control.counters.files, 10);
        assert_eq!(control.progress(false).percent, None);
        control.expect(Expected { files: 40, hashed_bytes: 0 });
        assert_eq!(control.progress(false).percent, Some(25.0));
        add(&control.counters.files, 40);
        assert_eq!(control.progress(false).percent, None, "more than last time is unknown, never over 100");
    }

    #[test]
    fn cancelling_wakes_what_is_paused() {
        let control = Arc::new(Control::new(false, ""));
        control.pause();
        let waiting = Arc::clone(&control);
        let thread = std::thread::spawn(move || waiting.step());
        control.cancel();
        assert!(!thread.join().unwrap());
    }

    #[test]
    fn errors_are_all_counted_and_the_first_hundred_kept() {
        let control = Control::new(false, "");
        for _ in 0..150 {
            control.report(b"/x", "io", "bad".to_owned());
        }
        assert_eq!(control.counters.errors.load(Ordering::Relaxed), 150);
        assert_eq!(control.notes().len(), 100);
    }
}
