//! A listing of regular files as Arrow record batches, made while they are taken.

use std::ops::ControlFlow;
use std::sync::Arc;

use arrow_array::{ArrayRef, BinaryArray, Int64Array, RecordBatch, RecordBatchReader, UInt32Array, UInt64Array};
use arrow_buffer::{Buffer, OffsetBuffer};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};
use crossbeam_channel::{bounded, Receiver, Sender};
use sanchay_core::FileStat;

use super::folders::{look, Folder, Queue, Visitor};
use super::parallel::thread_count;
use super::start::{starts, Start};
use crate::error::EngineError;

/// A batch is handed over at this many bytes of paths, whatever its rows: offsets in it have 31 bits.
const BATCH_BYTES_MOST: usize = 64 << 20;

/// Batches that wait to be taken.
const WAITING_BATCHES: usize = 2;

/// A listing that can be taken, any number of times; each time it looks again.
#[derive(Clone, Debug)]
pub struct Walk {
    starts: Arc<[Start]>,
    batch_rows: usize,
}

impl Walk {
    /// Looks whether the paths are there: `not_found`, `permission` or `pseudo_file_system` for the first that cannot be
    /// walked, `invalid_argument` for batches of no rows.
    pub fn new(paths: &[Vec<u8>], batch_rows: usize) -> Result<Self, EngineError> {
        if batch_rows == 0 {
            return Err(EngineError::invalid_argument("a batch of 0 rows holds nothing: use 1 or more"));
        }
        Ok(Self { starts: starts(paths)?.into(), batch_rows })
    }

    /// A stream of batches. Its threads begin with the first batch asked for, and end when it is dropped.
    pub fn batches(&self) -> WalkBatches {
        WalkBatches { walk: self.clone(), schema: schema(), running: None }
    }
}

/// One row for each regular file.
fn schema() -> SchemaRef {
    let field = |name: &str, data_type: DataType| Field::new(name, data_type, name == "created_ns");
    Arc::new(Schema::new(vec![
        field("path", DataType::Binary),
        field("name", DataType::Binary),
        field("size", DataType::UInt64),
        field("allocated", DataType::UInt64),
        field("modified_ns", DataType::Int64),
        field("created_ns", DataType::Int64),
        field("inode", DataType::UInt64),
        field("links", DataType::UInt32),
        field("owner", DataType::UInt32),
    ]))
}

/// The batches of one look, in no particular order.
pub struct WalkBatches {
    walk: Walk,
    schema: SchemaRef,
    running: Option<Running>,
}

struct Running {
    queue: Arc<Queue>,
    arriving: Receiver<Result<RecordBatch, ArrowError>>,
}

impl WalkBatches {
    /// Threads are not joined: one that hangs on a dead share must not hold up the one who drops the stream.
    fn start(&self) -> Result<Running, ArrowError> {
        let queue = Arc::new(Queue::default());
        let (batches, arriving) = bounded(WAITING_BATCHES);
        let running = Running { queue: Arc::clone(&queue), arriving };
        for _ in 0..thread_count(0) {
            let (queue, starts) = (Arc::clone(&queue), Arc::clone(&self.walk.starts));
            let mut rows = Rows {
                starts: Arc::clone(&starts),
                columns: Columns::default(),
                most: self.walk.batch_rows,
                schema: Arc::clone(&self.schema),
                batches: batches.clone(),
                path: Vec::new(),
            };
            let work = move || {
                look(&queue, &starts, &mut rows);
                // The rest; a stream that no one takes any more needs none.
                let _ = rows.hand_over();
            };
            // The threads that did start end with `running`, which is dropped here.
            std::thread::Builder::new().name("sanchay-walk".to_owned()).spawn(work)?;
        }
        Ok(running)
    }
}

#[cfg(test)]
impl WalkBatches {
    /// Lives as long as any thread of the walk.
    pub(super) fn queue(&self) -> Option<std::sync::Weak<Queue>> {
        self.running.as_ref().map(|running| Arc::downgrade(&running.queue))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.queue.stop();
    }
}

impl Iterator for WalkBatches {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.running.is_none() {
            match self.start() {
                Ok(running) => self.running = Some(running),
                Err(error) => return Some(Err(error)),
            }
        }
        let running = self.running.as_ref()?;
        match running.arriving.recv() {
            Ok(batch) => Some(batch),
            Err(_) if running.queue.panicked() => {
                let message = "a worker of the walk ended abnormally: the listing is not complete";
                Some(Err(ArrowError::ComputeError(message.to_owned())))
            }
            Err(_) => None,
        }
    }
}

impl RecordBatchReader for WalkBatches {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}

/// The rows of one thread, until there are enough for a batch.
struct Rows {
    starts: Arc<[Start]>,
    columns: Columns,
    /// Rows of a full batch.
    most: usize,
    schema: SchemaRef,
    batches: Sender<Result<RecordBatch, ArrowError>>,
    path: Vec<u8>,
}

#[derive(Default)]
struct Columns {
    paths: Bytes,
    names: Bytes,
    size: Vec<u64>,
    allocated: Vec<u64>,
    modified_ns: Vec<i64>,
    created_ns: Vec<Option<i64>>,
    inode: Vec<u64>,
    links: Vec<u32>,
    owner: Vec<u32>,
}

/// A column of raw bytes.
#[derive(Default)]
struct Bytes {
    lengths: Vec<usize>,
    bytes: Vec<u8>,
}

impl Bytes {
    fn push(&mut self, value: &[u8]) {
        self.lengths.push(value.len());
        self.bytes.extend_from_slice(value);
    }

    fn into_array(self) -> Result<ArrayRef, ArrowError> {
        let offsets = OffsetBuffer::<i32>::from_lengths(self.lengths);
        Ok(Arc::new(BinaryArray::try_new(offsets, Buffer::from_vec(self.bytes), None)?))
    }
}

impl Visitor for Rows {
    fn file(&mut self, folder: &Arc<Folder>, name: &[u8], stat: &FileStat) -> ControlFlow<()> {
        folder.path_of(&self.starts, name, &mut self.path);
        let columns = &mut self.columns;
        columns.paths.push(&self.path);
        columns.names.push(name);
        columns.size.push(stat.size_bytes);
        columns.allocated.push(stat.allocated_bytes);
        columns.modified_ns.push(stat.mtime_ns);
        columns.created_ns.push(stat.birth_ns);
        columns.inode.push(stat.inode);
        columns.links.push(stat.links);
        columns.owner.push(stat.owner);
        if columns.size.len() >= self.most || columns.paths.bytes.len() >= BATCH_BYTES_MOST {
            return self.hand_over();
        }
        ControlFlow::Continue(())
    }
}

impl Rows {
    /// Waits for its turn; breaks when no one takes batches any more.
    fn hand_over(&mut self) -> ControlFlow<()> {
        if self.columns.size.is_empty() {
            return ControlFlow::Continue(());
        }
        let batch = std::mem::take(&mut self.columns).into_batch(&self.schema);
        match self.batches.send(batch) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    }
}

impl Columns {
    fn into_batch(self, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
        let columns: Vec<ArrayRef> = vec![
            self.paths.into_array()?,
            self.names.into_array()?,
            Arc::new(UInt64Array::from(self.size)),
            Arc::new(UInt64Array::from(self.allocated)),
            Arc::new(Int64Array::from(self.modified_ns)),
            Arc::new(Int64Array::from(self.created_ns)),
            Arc::new(UInt64Array::from(self.inode)),
            Arc::new(UInt32Array::from(self.links)),
            Arc::new(UInt32Array::from(self.owner)),
        ];
        RecordBatch::try_new(Arc::clone(schema), columns)
    }
}
