//! What a job's threads look at just now: where it is, and, where it does not go on, what holds it up.

use std::sync::{Mutex, MutexGuard};

/// Paths under way, one a thread.
#[derive(Debug, Default)]
pub(super) struct Looks(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    under_way: Vec<Look>,
    tickets: u64,
    /// What was left last.
    last: Vec<u8>,
}

#[derive(Debug)]
struct Look {
    ticket: u64,
    path: Vec<u8>,
}

/// Someone looks at a path until this is dropped.
#[must_use]
pub(crate) struct Looking<'a> {
    looks: &'a Looks,
    ticket: u64,
}

impl Looks {
    pub(super) fn begin(&self, path: &[u8]) -> Looking<'_> {
        Looking { looks: self, ticket: self.enter(path) }
    }

    /// The same, for who says with [`Looks::leave`] that it is over.
    pub(super) fn enter(&self, path: &[u8]) -> u64 {
        let mut state = self.state();
        state.tickets += 1;
        let ticket = state.tickets;
        // The buffer of the path before is used again.
        let mut buffer = std::mem::take(&mut state.last);
        buffer.clear();
        buffer.extend_from_slice(path);
        state.under_way.push(Look { ticket, path: buffer });
        ticket
    }

    pub(super) fn leave(&self, ticket: u64) {
        let mut state = self.state();
        if let Some(at) = state.under_way.iter().position(|look| look.ticket == ticket) {
            state.last = state.under_way.swap_remove(at).path;
        }
    }

    /// The path that was begun last.
    pub(super) fn newest(&self) -> Vec<u8> {
        let state = self.state();
        let newest = state.under_way.iter().max_by_key(|look| look.ticket);
        newest.map_or_else(|| state.last.clone(), |look| look.path.clone())
    }

    /// The path that has been under way longest: what all wait for, where nothing new is begun.
    pub(super) fn oldest(&self) -> Vec<u8> {
        let state = self.state();
        let oldest = state.under_way.iter().min_by_key(|look| look.ticket);
        oldest.map_or_else(|| state.last.clone(), |look| look.path.clone())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no panic under this lock")
    }
}

impl Drop for Looking<'_> {
    fn drop(&mut self) {
        self.looks.leave(self.ticket);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_hangs_is_told_from_those_that_come_and_go() {
        let looks = Looks::default();
        assert_eq!(looks.newest(), b"");
        drop(looks.begin(b"/before"));
        let hangs = looks.begin(b"/hangs");
        let goes_on = looks.begin(b"/goes on");
        assert_eq!((looks.newest(), looks.oldest()), (b"/goes on".to_vec(), b"/hangs".to_vec()));
        drop(goes_on);
        assert_eq!((looks.newest(), looks.oldest()), (b"/hangs".to_vec(), b"/hangs".to_vec()));
        drop(hangs);
        assert_eq!((looks.newest(), looks.oldest()), (b"/hangs".to_vec(), b"/hangs".to_vec()));
    }
}
