//! The engine's log: JSON lines with the daemon's keys, into a file or a bounded queue. No Rust thread calls Python.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Condvar, Mutex};
use std::time::Duration;

use pyo3::prelude::*;
use sanchay_core::path::path_from_bytes;
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

/// Lines kept while no one takes them; older ones go first.
const LINES_MOST: usize = 10_000;

static SINK: Mutex<Sink> = Mutex::new(Sink { file: None, lines: VecDeque::new() });
static ARRIVED: Condvar = Condvar::new();
static LEVEL: AtomicU8 = AtomicU8::new(2);

struct Sink {
    file: Option<File>,
    lines: VecDeque<String>,
}

/// Becomes the process's subscriber, once.
pub(crate) fn install() {
    // A second interpreter in the process finds it installed already.
    let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry().with(JsonLines));
}

/// Where log lines go: appended to a file, or kept for `take_log_lines`.
#[pyfunction]
#[pyo3(signature = (path, level = "info"))]
pub(crate) fn set_log(py: Python<'_>, path: Option<Vec<u8>>, level: &str) -> PyResult<()> {
    let (rank, _) = rank_of(sanchay_engine::words::log_level(level).map_err(crate::errors::raise)?);
    py.detach(|| {
        let file = match path {
            Some(path) => Some(OpenOptions::new().create(true).append(true).open(path_from_bytes(&path))?),
            None => None,
        };
        LEVEL.store(rank, Ordering::Relaxed);
        SINK.lock().expect("no panic under this lock").file = file;
        Ok(())
    })
}

/// Lines since the last call, oldest first; where there are none, waits for one up to `timeout_s`.
#[pyfunction]
#[pyo3(signature = (limit = 1000, timeout_s = 0.0))]
pub(crate) fn take_log_lines(py: Python<'_>, limit: usize, timeout_s: f64) -> Vec<String> {
    py.detach(|| take(limit, Duration::from_secs_f64(timeout_s.clamp(0.0, 1e6))))
}

fn take(limit: usize, timeout: Duration) -> Vec<String> {
    let sink = SINK.lock().expect("no panic under this lock");
    let waited = ARRIVED.wait_timeout_while(sink, timeout, |sink| sink.lines.is_empty());
    let mut sink = waited.expect("no panic under this lock").0;
    let count = sink.lines.len().min(limit);
    sink.lines.drain(..count).collect()
}

/// A level's rank, the gravest first, and its word in the log.
fn rank_of(level: Level) -> (u8, &'static str) {
    match level {
        Level::ERROR => (0, "error"),
        Level::WARN => (1, "warning"),
        Level::INFO => (2, "info"),
        Level::DEBUG | Level::TRACE => (3, "debug"),
    }
}

struct JsonLines;

impl<S: Subscriber> Layer<S> for JsonLines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        let (rank, level) = rank_of(*metadata.level());
        if rank > LEVEL.load(Ordering::Relaxed) || !metadata.target().starts_with("sanchay") {
            return;
        }
        let mut fields = Fields(Map::new());
        event.record(&mut fields);
        let mut line = fields.0;
        if let Some(text) = line.remove("message") {
            line.insert("event".to_owned(), text);
        }
        line.insert("level".to_owned(), level.into());
        line.insert("logger".to_owned(), metadata.target().replace("::", ".").into());
        line.insert("ts".to_owned(), now().into());
        let mut line = Value::Object(line).to_string();
        let mut sink = SINK.lock().expect("no panic under this lock");
        match &mut sink.file {
            Some(file) => {
                line.push('\n');
                // A log that cannot be written must not stop the work that it tells of.
                let _ = file.write_all(line.as_bytes());
            }
            None => {
                if sink.lines.len() >= LINES_MOST {
                    sink.lines.pop_front();
                }
                sink.lines.push_back(line);
                ARRIVED.notify_one();
            }
        }
    }
}

struct Fields(Map<String, Value>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

/// RFC 3339 in UTC, as the daemon writes it.
fn now() -> String {
    jiff::Timestamp::now().to_string()
}
