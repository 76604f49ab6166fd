//! Runs Python functions as PySpark's workers do, on a thread of this process for each partition.
//!
//! Which function is called on what, what its values become and what is said when they can't is the work of the installed
//! PySpark's own `pyspark.worker`: it is given what the JVM would send it, and what it writes is read as the JVM would.

mod pipe;
mod rows;

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{RecordBatchStream, SendableRecordBatchStream};
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{FutureExt, Stream, StreamExt};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict, PyList};
use tokio::sync::mpsc;

use self::pipe::{InputPipe, OutputPipe, Results};
use crate::error::{ExceptionClass, SparkError};
use crate::python::cancel::{CancelToken, PythonThread, QueryCancelled};
use crate::python::exception::{TracebackStyle, task_error};
use crate::python::interpreter::PythonRuntime;
use crate::python::pickle::Pickled;
use crate::python::task_context;
use crate::types::StructType;
use crate::types::arrow::to_table_schema;
use crate::udf::EvalType;

/// A function with its arguments.
#[derive(Debug, Clone)]
pub struct WorkerFunction {
    /// Pickled functions, each of which is called with what the one before it returned.
    pub commands: Vec<Pickled>,
    /// `major.minor` of the Python that pickled them.
    pub python_version: String,
    /// The columns of its arguments, with the names of those that are given by name.
    pub arguments: Vec<(usize, Option<String>)>,
}

/// The evaluation of functions on one partition.
#[derive(Debug, Clone)]
pub struct WorkerTask {
    /// How the functions are called.
    pub eval_type: EvalType,
    /// The functions.
    pub functions: Vec<WorkerFunction>,
    /// The settings that workers know, as the session has them.
    pub conf: BTreeMap<String, String>,
    /// The columns of the input, in Spark's types.
    pub input: StructType,
    /// The Arrow schema of each relation of the input.
    pub layouts: Vec<SchemaRef>,
    /// What the functions return: a column for each, or the columns of the one.
    pub output: StructType,
    /// The partition's index.
    pub index: usize,
    /// Batches that may wait on either side.
    pub channel_capacity: usize,
    /// How errors show Python's frames.
    pub traceback: TracebackStyle,
}

/// What a worker is given.
#[derive(Debug)]
pub enum Chunk {
    /// Some rows.
    Rows(RecordBatch),
    /// A group: the batches of each relation, one of the [`WorkerTask::layouts`] each.
    Group(Vec<Vec<RecordBatch>>),
}

/// What goes to the thread; a channel that closes before the end says that nobody wants the result.
enum Given {
    Chunk(Chunk),
    End,
}

/// What comes from it.
enum Message {
    Batch(RecordBatch),
    End,
    Failed(SparkError),
}

/// Starts the thread of a partition.
pub(super) fn open(
    task: WorkerTask,
    input: BoxStream<'static, Result<Chunk>>,
    runtime: &'static PythonRuntime,
) -> Result<SendableRecordBatchStream, SparkError> {
    let schema = Arc::new(to_table_schema(&task.output)?);
    let (giver, given) = mpsc::channel(task.channel_capacity.max(1));
    let (sender, receiver) = mpsc::channel(task.channel_capacity.max(1));
    let output = Arc::clone(&schema);
    let thread = PythonThread::spawn(format!("seatrial-udf-{}", task.index), move |py, token| {
        let last = match work(py, &task, runtime, given, &sender, output, token) {
            Ok(()) => Message::End,
            Err(Failure::Spark(error)) => Message::Failed(error),
            Err(Failure::Python(error)) if error.is_instance_of::<QueryCancelled>(py) => return,
            Err(Failure::Python(error)) => Message::Failed(task_error(py, runtime, &error, task.traceback)),
        };
        // A receiver that is gone needs no last word.
        py.detach(|| drop(sender.blocking_send(last)));
    })
    .map_err(|error| SparkError::plain(ExceptionClass::Spark, format!("no thread for a function: {error}")))?;
    let feed = Some(feed(input, giver).boxed());
    Ok(Box::pin(WorkerStream { schema, feed, receiver, ended: false, _thread: thread }))
}

/// Hands the input to the thread as fast as it takes it.
async fn feed(mut input: BoxStream<'static, Result<Chunk>>, giver: mpsc::Sender<Given>) -> Result<()> {
    while let Some(chunk) = input.next().await {
        // A thread that takes no more has told why.
        if giver.send(Given::Chunk(chunk?)).await.is_err() {
            return Ok(());
        }
    }
    drop(giver.send(Given::End).await);
    Ok(())
}

enum Failure {
    Python(PyErr),
    Spark(SparkError),
}

impl From<PyErr> for Failure {
    fn from(error: PyErr) -> Self {
        Self::Python(error)
    }
}

fn work(
    py: Python<'_>,
    task: &WorkerTask,
    runtime: &PythonRuntime,
    given: mpsc::Receiver<Given>,
    sender: &mpsc::Sender<Message>,
    output: SchemaRef,
    token: &Arc<CancelToken>,
) -> Result<(), Failure> {
    let module = module(py)?;
    task_context::enter(py, task.index)?;
    token.begin_user_code(py);
    for function in &task.functions {
        super::in_process::check_python_version(py, runtime, &function.python_version)?;
    }
    let (function, deserializer, serializer) = read(py, module, task)?;
    let results =
        Results { eval_type: task.eval_type, output: task.output.clone(), schema: output, sender: sender.clone() };
    if task.eval_type == EvalType::Batched {
        return rows::work(module, &function, task, given, &results);
    }
    let input = InputPipe::try_new(task, given).map_err(Failure::Spark)?.into_python(py)?;
    let pipe = OutputPipe::new(results);
    let refusal = pipe.refusal();
    let pipe = pipe.into_python(py)?;
    let worked = drive(task.index, &function, &deserializer, &serializer, input.as_any(), pipe.as_any());
    token.begin_cleanup();
    match (refusal.take(), worked) {
        (Some(error), _) => Err(Failure::Spark(error)),
        (None, worked) => Ok(worked?),
    }
}

/// What `main` of `pyspark.worker` does with the function that it read. No Python frame of ours stands above the user's.
fn drive(
    index: usize,
    function: &Bound<'_, PyAny>,
    deserializer: &Bound<'_, PyAny>,
    serializer: &Bound<'_, PyAny>,
    input: &Bound<'_, PyAny>,
    output: &Bound<'_, PyAny>,
) -> PyResult<()> {
    let batches = deserializer.call_method1("load_stream", (input,))?;
    let results = function.call1((index, batches))?;
    let dumped = serializer.call_method1("dump_stream", (&results, output));
    if let Ok(close) = results.getattr("close")
        && let Err(error) = close.call0()
        && dumped.is_ok()
    {
        return Err(error);
    }
    dumped.map(drop)
}

type Read<'py> = (Bound<'py, PyAny>, Bound<'py, PyAny>, Bound<'py, PyAny>);

fn read<'py>(py: Python<'py>, module: &Bound<'py, PyModule>, task: &WorkerTask) -> PyResult<Read<'py>> {
    let functions = PyList::empty(py);
    for function in &task.functions {
        let commands = function.commands.iter().map(|command| PyBytes::new(py, command.as_bytes()));
        functions.append((function.arguments.clone(), commands.collect::<Vec<_>>()))?;
    }
    let conf = PyDict::new(py);
    for (key, value) in &task.conf {
        conf.set_item(key, value)?;
    }
    let input = task.input.to_json().to_string();
    module.call_method1("read", (task.eval_type.code(), functions, conf, input))?.extract()
}

fn module(py: Python<'_>) -> PyResult<&Bound<'_, PyModule>> {
    static MODULE: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    let module = MODULE.get_or_try_init(py, || {
        let text = crate::python::c_text(include_str!("worker.py"))?;
        PyModule::from_code(py, &text, c"worker.py", c"seatrial_worker").map(Bound::unbind)
    })?;
    Ok(module.bind(py))
}

/// The consumer's side. Field order matters: the channels close before the thread is joined.
struct WorkerStream {
    schema: SchemaRef,
    feed: Option<BoxFuture<'static, Result<()>>>,
    receiver: mpsc::Receiver<Message>,
    ended: bool,
    _thread: PythonThread,
}

impl Stream for WorkerStream {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        if let Some(feed) = &mut self.feed
            && let Poll::Ready(fed) = feed.poll_unpin(context)
        {
            self.feed = None;
            if let Err(error) = fed {
                self.ended = true;
                return Poll::Ready(Some(Err(error)));
            }
        }
        let message = ready!(self.receiver.poll_recv(context));
        let item = match message {
            Some(Message::Batch(batch)) => return Poll::Ready(Some(Ok(batch))),
            Some(Message::End) => None,
            Some(Message::Failed(error)) => Some(Err(DataFusionError::from(error))),
            None => Some(Err(SparkError::internal("the thread of a function ended without a result").into())),
        };
        self.ended = true;
        Poll::Ready(item)
    }
}

impl RecordBatchStream for WorkerStream {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}
