//! Live folders as Python sees them: how each root is kept up, and what happened.

use pyo3::prelude::*;
use sanchay_engine::{LiveEvent as Event, LiveStatus as Status};

/// A part of a watched root that is polled.
#[pyclass(frozen, get_all, module = "sanchay_engine")]
#[derive(Clone)]
pub(crate) struct PolledPart {
    path: Vec<u8>,
    file_system: String,
}

/// How well one root is kept up.
#[pyclass(frozen, get_all, module = "sanchay_engine")]
pub(crate) struct LiveStatus {
    root_id: i64,
    mode: &'static str,
    chosen_because: String,
    state: &'static str,
    reason: String,
    as_of_ns: i64,
    watched_folders: u64,
    pending: u64,
    events: u64,
    overflows: u64,
    polled_parts: Vec<PolledPart>,
}

impl From<Status> for LiveStatus {
    fn from(status: Status) -> Self {
        Self {
            root_id: status.root_id,
            mode: status.mode,
            chosen_because: status.chosen_because,
            state: status.state.name(),
            reason: status.reason,
            as_of_ns: status.as_of_ns,
            watched_folders: status.watched_folders,
            pending: status.pending,
            events: status.events,
            overflows: status.overflows,
            polled_parts: status
                .polled_parts
                .into_iter()
                .map(|part| PolledPart { path: part.path, file_system: part.file_system })
                .collect(),
        }
    }
}

/// One thing that happened.
#[pyclass(frozen, get_all, module = "sanchay_engine")]
pub(crate) struct LiveEvent {
    kind: &'static str,
    root_id: i64,
    at_ns: i64,
    path: Vec<u8>,
    other_path: Option<Vec<u8>>,
    bytes_delta: i64,
    size: u64,
    message: String,
}

impl From<Event> for LiveEvent {
    fn from(event: Event) -> Self {
        Self {
            kind: event.kind.name(),
            root_id: event.root_id,
            at_ns: event.at_ns,
            path: event.path,
            other_path: event.other_path,
            bytes_delta: event.bytes_delta,
            size: event.size_bytes,
            message: event.message,
        }
    }
}

/// Events in order, and how many were dropped before them.
#[pyclass(frozen, get_all, module = "sanchay_engine")]
pub(crate) struct EventBatch {
    events: Vec<Py<LiveEvent>>,
    dropped: u64,
}

impl EventBatch {
    pub(crate) fn new(py: Python<'_>, events: Vec<Event>, dropped: u64) -> PyResult<Self> {
        let events = events.into_iter().map(|event| Py::new(py, LiveEvent::from(event)));
        Ok(Self { events: events.collect::<PyResult<_>>()?, dropped })
    }
}
