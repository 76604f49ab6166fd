//! How Python is run. Everything above knows only [`PythonExecutor`]: pickled objects go in, schemas and Arrow come out.
//!
//! Architecture invariant: no live Python object crosses this boundary, so an executor may run Python in this process
//! or in another.

mod in_process;
mod stream;
mod worker;

use std::collections::BTreeMap;
use std::fmt::Debug;

use async_trait::async_trait;
use datafusion::execution::SendableRecordBatchStream;
use futures::stream::BoxStream;
use serde::{Deserialize, Serialize};

use crate::datasource::pushdown::filter::Filter;
use crate::error::SparkError;
use crate::python::exception::TracebackStyle;
use crate::python::pickle::Pickled;
use crate::types::StructType;

pub use in_process::InProcessExecutor;
pub use worker::{Chunk, WorkerFunction, WorkerTask};

/// A data source class as it was registered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PickledClass {
    /// The class, pickled by PySpark's cloudpickle.
    pub class: Pickled,
    /// `major.minor` of the Python that pickled it; only the same one can load it.
    pub python_version: String,
}

/// Asks for an instance of a data source, and its schema.
#[derive(Debug, Clone)]
pub struct CreateRequest {
    /// The class.
    pub class: PickledClass,
    /// The name that the user asked for.
    pub provider: String,
    /// The options, keys in lower case.
    pub options: BTreeMap<String, String>,
    /// The schema that the user gave; the source is then not asked for its own.
    pub user_schema: Option<StructType>,
    /// How errors show Python's frames.
    pub traceback: TracebackStyle,
}

/// A data source that was created.
#[derive(Debug, Clone)]
pub struct CreatedSource {
    /// The instance, in one pickle with the `pyarrow.Schema` that it described itself by, or `None`.
    pub instance: Pickled,
    /// The schema to read with.
    pub schema: StructType,
}

/// Asks for a reader and its partitions.
#[derive(Debug, Clone)]
pub struct PlanReadRequest {
    /// The data source instance.
    pub instance: Pickled,
    /// The schema to read with.
    pub schema: StructType,
    /// Settings that planning depends on.
    pub settings: ReadSettings,
    /// What the reader is offered in `pushFilters`, in order; it isn't called without any.
    pub filters: Vec<Filter>,
}

/// The settings of a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadSettings {
    /// Rows in a batch that is made of Python rows.
    pub batch_size: usize,
    /// Batches that may wait in a partition's channel.
    pub channel_capacity: usize,
    /// `spark.sql.execution.arrow.maxRecordsPerBatch` as the user set it; Spark refuses values below 1 while planning.
    pub max_records_per_batch: i64,
    /// `spark.sql.python.filterPushdown.enabled`.
    pub filter_pushdown: bool,
    /// How errors show Python's frames.
    pub traceback: TracebackStyle,
}

/// A planned read: what each partition needs, and nothing that is alive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedRead {
    /// The reader, the data source instance and the Arrow schema that came with it, one pickle.
    pub reader: Pickled,
    /// The partitions in order; partition `i` of the scan reads element `i`.
    pub partitions: Vec<Pickled>,
    /// `major.minor` of the Python that pickled them.
    pub python_version: String,
    /// Which of the offered filters the reader applies itself, by index.
    pub kept_filters: Vec<usize>,
}

/// The read of one partition.
#[derive(Debug, Clone)]
pub struct ReadTask {
    /// The reader, the data source instance and the Arrow schema that came with it, one pickle.
    pub reader: Pickled,
    /// The partition.
    pub partition: Pickled,
    /// The partition's index.
    pub index: usize,
    /// The schema to read with; every column of it, in order.
    pub schema: StructType,
    /// Rows in a batch that is made of Python rows.
    pub batch_size: usize,
    /// Batches that may wait in the channel.
    pub channel_capacity: usize,
    /// How errors show Python's frames.
    pub traceback: TracebackStyle,
}

/// Runs the Python side of data sources.
#[async_trait]
pub trait PythonExecutor: Debug + Send + Sync {
    /// Checks the class, calls `__init__(options)` and, without a user schema, `schema()`.
    ///
    /// # Errors
    /// As Spark reports them: `PYTHON_DATA_SOURCE_ERROR` (create, instance), or what is wrong with the schema.
    fn create(&self, request: CreateRequest) -> Result<CreatedSource, SparkError>;

    /// Calls `reader(schema)`, `pushFilters` when there are filters to offer, and `partitions()`. Dropping the future stops the Python code.
    ///
    /// # Errors
    /// `PYTHON_DATA_SOURCE_ERROR` (initialize, reader) or (generate, read partitions).
    async fn plan_read(&self, request: PlanReadRequest) -> Result<PlannedRead, SparkError>;

    /// Calls `read(partition)` and streams its rows as Arrow, in batches of the schema's table form. Dropping the stream
    /// stops the Python code, runs its `finally`, and leaves no thread behind.
    ///
    /// # Errors
    /// When no thread can be started; failures of the Python code arrive in the stream.
    fn read(&self, task: ReadTask) -> Result<SendableRecordBatchStream, SparkError>;

    /// Evaluates functions on a partition's rows. Dropping the stream stops the Python code and leaves no thread behind.
    ///
    /// # Errors
    /// When no thread can be started; failures of the functions arrive in the stream.
    fn call(
        &self,
        task: WorkerTask,
        input: BoxStream<'static, datafusion::error::Result<Chunk>>,
    ) -> Result<SendableRecordBatchStream, SparkError>;
}
