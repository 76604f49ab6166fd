//! One partition's rows: a Python thread on one side of a bounded channel, a DataFusion stream on the other.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use datafusion::error::DataFusionError;
use datafusion::execution::{RecordBatchStream, SendableRecordBatchStream};
use futures::Stream;
use pyo3::prelude::*;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use super::ReadTask;
use crate::datasource::convert::{BatchReader, ReadError, ReadSpec};
use crate::error::{ExceptionClass, SparkError};
use crate::python::cancel::{CancelToken, PythonThread};
use crate::python::exception::task_error;
use crate::python::interpreter::PythonRuntime;
use crate::python::task_context;
use crate::types::arrow::to_table_schema;

enum Message {
    Batch(RecordBatch),
    /// The partition ended; without it a closed channel means that the thread died.
    End,
    Failed(SparkError),
}

/// Nobody wants the rows any more.
struct ReceiverGone;

/// Starts the thread that reads the partition.
pub(super) fn open(task: ReadTask, runtime: &'static PythonRuntime) -> Result<SendableRecordBatchStream, SparkError> {
    let schema = Arc::new(to_table_schema(&task.schema)?);
    let (sender, receiver) = mpsc::channel(task.channel_capacity.max(1));
    let spec = Arc::new(ReadSpec::new(task.schema.clone(), Arc::clone(&schema), task.batch_size));
    let thread = PythonThread::spawn(format!("seatrial-read-{}", task.index), move |py, token| {
        let last = match read_partition(py, &task, spec, &sender, token) {
            Ok(()) => Message::End,
            Err(Failure::ReceiverGone) => return,
            Err(Failure::Python(error)) => Message::Failed(task_error(py, runtime, &error, task.traceback)),
            Err(Failure::Spark(error)) => Message::Failed(error),
        };
        // A receiver that is gone needs no last word.
        let _ = send(py, &sender, last);
    })
    .map_err(|error| SparkError::plain(ExceptionClass::Spark, format!("no thread for a partition: {error}")))?;
    Ok(Box::pin(PartitionStream { schema, receiver, state: State::Reading, _thread: thread }))
}

enum Failure {
    ReceiverGone,
    Python(PyErr),
    Spark(SparkError),
}

impl From<PyErr> for Failure {
    fn from(error: PyErr) -> Self {
        Self::Python(error)
    }
}

fn read_partition(
    py: Python<'_>,
    task: &ReadTask,
    spec: Arc<ReadSpec>,
    sender: &mpsc::Sender<Message>,
    token: &Arc<CancelToken>,
) -> Result<(), Failure> {
    let schema = super::in_process::py_schema(py, &task.schema)?;
    let guard = py.import("pyspark.util")?.getattr("fail_on_stopiteration")?;
    py.import("pyspark.sql.worker.plan_data_source_read")?;
    task_context::enter(py, task.index)?;
    token.begin_user_code(py);
    let (reader, data_source, arrow): (Bound<'_, PyAny>, Bound<'_, PyAny>, Option<Bound<'_, PyAny>>) =
        task.reader.load(py)?.extract()?;
    let partition = task.partition.load(py)?;
    let read = guard.call1((reader.getattr("read")?,))?;
    let output = read.call1((partition,))?;
    let drained = BatchReader::try_new(py, output.clone(), spec, data_source, schema)
        .map(|reader| reader.with_declared_schema(arrow))
        .map_err(Failure::from)
        .and_then(|reader| drain(py, reader, sender, token));
    // From here on the source's own `finally` runs: let it, and close what was not drained.
    token.begin_cleanup();
    if drained.is_err()
        && let Ok(close) = output.getattr("close")
        && is_generator(&output)
        && let Err(error) = close.call0()
    {
        tracing::warn!("a data source failed while it was closed: {error}");
    }
    drained
}

fn drain(
    py: Python<'_>,
    mut reader: BatchReader,
    sender: &mpsc::Sender<Message>,
    token: &Arc<CancelToken>,
) -> Result<(), Failure> {
    loop {
        match reader.next_batch(py) {
            _ if token.is_cancelled() => return Err(Failure::ReceiverGone),
            Ok(Some(batch)) => {
                send(py, sender, Message::Batch(batch)).map_err(|ReceiverGone| Failure::ReceiverGone)?;
            }
            Ok(None) => return Ok(()),
            Err(ReadError::Python(error)) => return Err(Failure::Python(error)),
            Err(ReadError::Spark(error)) => return Err(Failure::Spark(error)),
        }
    }
}

/// Sends without ever waiting while the GIL is held: batches that own Python memory need it to be dropped.
fn send(py: Python<'_>, sender: &mpsc::Sender<Message>, message: Message) -> Result<(), ReceiverGone> {
    match sender.try_send(message) {
        Ok(()) => Ok(()),
        Err(TrySendError::Closed(_)) => Err(ReceiverGone),
        Err(TrySendError::Full(message)) => py.detach(|| sender.blocking_send(message).map_err(|_| ReceiverGone)),
    }
}

fn is_generator(object: &Bound<'_, PyAny>) -> bool {
    object.py().import("types").and_then(|types| object.is_instance(&types.getattr("GeneratorType")?)).unwrap_or(false)
}

enum State {
    Reading,
    Ended,
}

/// The consumer's side. Field order matters: the channel closes before the thread is joined.
struct PartitionStream {
    schema: SchemaRef,
    receiver: mpsc::Receiver<Message>,
    state: State,
    _thread: PythonThread,
}

impl Stream for PartitionStream {
    type Item = Result<RecordBatch, DataFusionError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if matches!(self.state, State::Ended) {
            return Poll::Ready(None);
        }
        let message = ready!(self.receiver.poll_recv(context));
        let item = match message {
            Some(Message::Batch(batch)) => return Poll::Ready(Some(Ok(batch))),
            Some(Message::End) => None,
            Some(Message::Failed(error)) => Some(Err(error.into())),
            None => Some(Err(SparkError::internal("the thread that read a partition ended without a result").into())),
        };
        self.state = State::Ended;
        Poll::Ready(item)
    }
}

impl RecordBatchStream for PartitionStream {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}
