//! The kernel's queue, read in pieces, and the two halves of a rename found for each other.

use std::collections::VecDeque;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;

use rustix::fs::inotify::{ReadFlags, Reader};
use rustix::io::Errno;

/// How much is taken from the kernel at once; about a thousand events.
const READ_BYTES: usize = 64 << 10;

/// How far the second half of a rename is looked for. The kernel puts the halves one after the other; only what another
/// processor does at the same time comes between.
const LOOK_AHEAD: usize = 512;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raw {
    pub watch: i32,
    pub flags: ReadFlags,
    pub cookie: u32,
    /// The name in the watched folder; empty where the event is of the folder itself.
    pub name: Box<[u8]>,
}

#[derive(Debug)]
pub struct RawQueue {
    events: VecDeque<Raw>,
    buffer: Vec<MaybeUninit<u8>>,
}

impl RawQueue {
    pub fn new() -> Self {
        Self { events: VecDeque::new(), buffer: vec![MaybeUninit::uninit(); READ_BYTES] }
    }

    /// Reads what the kernel has, one piece of it. Returns whether there was anything.
    pub fn fill(&mut self, inotify: &OwnedFd) -> Result<bool, Errno> {
        let mut reader = Reader::new(inotify, &mut self.buffer);
        let mut found = false;
        loop {
            match reader.next() {
                Ok(event) => {
                    found = true;
                    self.events.push_back(Raw {
                        watch: event.wd(),
                        flags: event.events(),
                        cookie: event.cookie(),
                        name: event.file_name().map_or_else(Box::default, |name| name.to_bytes().into()),
                    });
                }
                Err(Errno::AGAIN) => return Ok(found),
                Err(Errno::INTR) => continue,
                Err(error) => return Err(error),
            }
            if reader.is_buffer_empty() {
                return Ok(found);
            }
        }
    }

    pub fn pop(&mut self) -> Option<Raw> {
        self.events.pop_front()
    }

    /// Takes out the second half of the rename with this cookie, if it is here.
    pub fn take_target(&mut self, cookie: u32) -> Option<Raw> {
        let is_target = |event: &Raw| event.flags.contains(ReadFlags::MOVED_TO) && event.cookie == cookie;
        let index = self.events.iter().take(LOOK_AHEAD).position(is_target)?;
        self.events.remove(index)
    }

    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Takes out the next event if it is the first half of a rename that leads from `from`.
    pub fn take_source(&mut self, from: &Raw) -> Option<Raw> {
        let is_source = |event: &&Raw| {
            event.flags.contains(ReadFlags::MOVED_FROM) && (event.watch, &event.name) == (from.watch, &from.name)
        };
        self.events.front().filter(is_source)?;
        self.events.pop_front()
    }

    /// Puts both halves of a rename, or one, back to the front.
    pub fn put_back(&mut self, from: Raw, to: Option<Raw>) {
        if let Some(to) = to {
            self.events.push_front(to);
        }
        self.events.push_front(from);
    }

    /// Whether the second half of a rename would be here by now.
    pub fn is_long_enough(&self) -> bool {
        self.events.len() >= LOOK_AHEAD
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_halves_of_a_rename_are_found_for_each_other_over_what_came_between() {
        let event = |flags, cookie| Raw { watch: 1, flags, cookie, name: Box::default() };
        let mut queue = RawQueue::new();
        let between = event(ReadFlags::CREATE, 0);
        let target = event(ReadFlags::MOVED_TO, 7);
        queue.events.extend([between.clone(), event(ReadFlags::MOVED_TO, 6), target.clone()]);
        assert_eq!(queue.take_target(7), Some(target));
        assert_eq!(queue.take_target(7), None);
        assert_eq!(queue.pop(), Some(between));
    }
}
