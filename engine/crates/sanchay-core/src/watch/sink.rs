//! The way of events to who asked for them: bounded, and never waited for.

use crossbeam_channel::{Sender, TrySendError};

use super::event::FileEvent;

/// Passes events on. When the channel is full they are dropped, and once there is room again a single request to compare
/// every root takes their place.
#[derive(Debug)]
pub struct Sink {
    sender: Sender<FileEvent>,
    lost: bool,
}

/// No one listens any more.
#[derive(Debug)]
pub struct Closed;

impl Sink {
    pub fn new(sender: Sender<FileEvent>) -> Self {
        Self { sender, lost: false }
    }

    /// Passes an event on, or notes that it was lost.
    pub fn push(&mut self, event: FileEvent) -> Result<(), Closed> {
        self.flush()?;
        if !self.lost && !self.send(event)? {
            self.lost = true;
        }
        Ok(())
    }

    /// Whether events were lost and no one was told yet: [`Self::flush`] is to be tried again soon.
    pub fn has_lost(&self) -> bool {
        self.lost
    }

    /// Tells of lost events, if there are any and there is room now.
    pub fn flush(&mut self) -> Result<(), Closed> {
        if self.lost && self.send(FileEvent::Rescan { root: None })? {
            self.lost = false;
        }
        Ok(())
    }

    fn send(&self, event: FileEvent) -> Result<bool, Closed> {
        match self.sender.try_send(event) {
            Ok(()) => Ok(true),
            Err(TrySendError::Full(_)) => Ok(false),
            Err(TrySendError::Disconnected(_)) => Err(Closed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_channel_loses_events_and_tells_so_once() {
        let (sender, receiver) = crossbeam_channel::bounded(2);
        let mut sink = Sink::new(sender);
        let written = |name: u8| FileEvent::Written { path: vec![b'/', name] };
        for name in 0..5 {
            sink.push(written(name)).expect("open");
        }
        assert!(sink.has_lost());
        assert_eq!(receiver.try_iter().collect::<Vec<_>>(), [written(0), written(1)]);
        sink.push(written(6)).expect("open");
        assert!(!sink.has_lost());
        assert_eq!(receiver.try_iter().collect::<Vec<_>>(), [FileEvent::Rescan { root: None }, written(6)]);
        drop(receiver);
        assert!(sink.push(written(7)).is_err());
    }
}
