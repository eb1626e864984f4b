//! What every thread that touches files for the live thread works with.

use std::sync::atomic::AtomicU64;
use std::sync::Arc;

use crossbeam_channel::Sender;

use super::work::Message;
use crate::engine::Shared;

/// What every one of them works with.
#[derive(Clone)]
pub(super) struct Hired {
    pub(super) inner: Arc<Shared>,
    pub(super) messages: Sender<Message>,
    /// Bytes that all of them have read.
    pub(super) read_bytes: Arc<AtomicU64>,
}
