//! Runs Python in this process, on threads of its own.

use arrow::datatypes::Schema;
use arrow_pyarrow::FromPyArrow;
use async_trait::async_trait;
use datafusion::execution::SendableRecordBatchStream;
use futures::stream::BoxStream;
use pyo3::exceptions::{PyAssertionError, PyNotImplementedError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyType};
use tokio::sync::oneshot;

use super::{
    Chunk, CreateRequest, CreatedSource, PlanReadRequest, PlannedRead, PythonExecutor, ReadTask, WorkerTask, stream,
    worker,
};
use crate::datasource::pushdown::python::push_filters;
use crate::error::{ExceptionClass, SparkError};
use crate::python::cancel::PythonThread;
use crate::python::exception::{planning_error, pyspark_error, type_name};
use crate::python::interpreter::PythonRuntime;
use crate::python::pickle::Pickled;
use crate::types::StructType;
use crate::types::arrow::from_arrow_field;

/// The executor of `SAIL_PYTHON_ISOLATION_MODE=in_process`.
#[derive(Debug)]
pub struct InProcessExecutor {
    runtime: &'static PythonRuntime,
}

impl InProcessExecutor {
    /// Starts Python if it does not run yet.
    ///
    /// # Errors
    /// When Python does not start or has no PySpark.
    pub fn try_new() -> Result<Self, SparkError> {
        Ok(Self { runtime: PythonRuntime::get()? })
    }
}

#[async_trait]
impl PythonExecutor for InProcessExecutor {
    fn create(&self, request: CreateRequest) -> Result<CreatedSource, SparkError> {
        Python::attach(|py| {
            let (instance, declared) = create_instance(py, self.runtime, &request)
                .map_err(|error| planning_error(py, "create", "instance", &error, request.traceback))?;
            let schema = match declared {
                Declared::User(schema) => schema,
                Declared::Ddl(text) => StructType::from_ddl(&text)?,
                Declared::Json(text) => StructType::from_json(&text)?,
                Declared::Arrow(schema) => from_arrow_columns(&schema)?,
                Declared::Other(kind) => {
                    return Err(SparkError::plain(
                        ExceptionClass::Spark,
                        format!(
                            "The 'schema' method of Python data source '{}' returned a '{kind}'; return a DDL string \
                             or a pyspark.sql.types.StructType.",
                            request.provider
                        ),
                    ));
                }
            };
            Ok(CreatedSource { instance, schema })
        })
    }

    async fn plan_read(&self, request: PlanReadRequest) -> Result<PlannedRead, SparkError> {
        let runtime = self.runtime;
        let (sender, receiver) = oneshot::channel();
        let thread = PythonThread::spawn("seatrial-plan".to_owned(), move |py, token| {
            token.begin_user_code(py);
            // The receiver is gone only when nobody waits for the plan any more.
            let _ = sender.send(plan_read(py, runtime, &request));
        })
        .map_err(|error| SparkError::plain(ExceptionClass::Spark, format!("no thread for planning: {error}")))?;
        let planned = receiver.await;
        drop(thread);
        planned.map_err(|_| SparkError::internal("the thread that planned a read ended without a result"))?
    }

    fn read(&self, task: ReadTask) -> Result<SendableRecordBatchStream, SparkError> {
        stream::open(task, self.runtime)
    }

    fn call(
        &self,
        task: WorkerTask,
        input: BoxStream<'static, datafusion::error::Result<Chunk>>,
    ) -> Result<SendableRecordBatchStream, SparkError> {
        worker::open(task, input, self.runtime)
    }
}

/// What `schema()` returned.
enum Declared {
    User(StructType),
    Ddl(String),
    Json(String),
    /// An extension that Spark does not have: a source may describe itself in Arrow's terms.
    Arrow(Schema),
    Other(String),
}

fn create_instance(py: Python<'_>, runtime: &PythonRuntime, request: &CreateRequest) -> PyResult<(Pickled, Declared)> {
    check_python_version(py, runtime, &request.class.python_version)?;
    let class = request.class.class.load(py)?;
    let api = py.import("pyspark.sql.datasource")?;
    let base = api.getattr("DataSource")?;
    let is_source = match class.cast::<PyType>() {
        Ok(class) => class.is_subclass(&base)?,
        Err(_) => false,
    };
    if !is_source {
        return Err(mismatch(
            "PySparkAssertionError",
            py,
            "a subclass of DataSource",
            format!("'{}'", type_name(&class)),
        ));
    }
    let name_method = class.getattr("name")?;
    if !py.import("inspect")?.call_method1("ismethod", (&name_method,))?.is_truthy()? {
        let actual = format!("'{}'", type_name(&name_method));
        return Err(mismatch("PySparkTypeError", py, "'name()' method to be a classmethod", actual));
    }
    let name: String = name_method.call0()?.extract()?;
    if name.to_lowercase() != request.provider.to_lowercase() {
        let expected = format!("provider with name {name}");
        return Err(mismatch("PySparkAssertionError", py, &expected, format!("'{}'", request.provider)));
    }

    let options = api.getattr("CaseInsensitiveDict")?.call0()?;
    for (key, value) in &request.options {
        options.set_item(key, value)?;
    }
    let arguments = PyDict::new(py);
    arguments.set_item("options", options)?;
    let instance = class.call((), Some(&arguments))?;

    let (declared, arrow) = match &request.user_schema {
        Some(schema) => (Declared::User(schema.clone()), py.None().into_bound(py)),
        None => {
            let schema = instance.call_method0("schema")?;
            let declared = declared_schema(&schema)?;
            let arrow = matches!(declared, Declared::Arrow(_));
            (declared, if arrow { schema } else { py.None().into_bound(py) })
        }
    };
    // The Arrow schema goes along with the instance: its batches are of that schema.
    Ok((Pickled::dump((&instance, &arrow).into_pyobject(py)?.as_any())?, declared))
}

fn declared_schema(schema: &Bound<'_, PyAny>) -> PyResult<Declared> {
    if schema.is_none() {
        return Err(PyAssertionError::new_err(()));
    }
    if let Ok(text) = schema.extract::<String>() {
        return Ok(Declared::Ddl(text));
    }
    if schema.is_instance(&schema.py().import("pyarrow")?.getattr("Schema")?)? {
        return Ok(Declared::Arrow(Schema::from_pyarrow_bound(schema)?));
    }
    match schema.getattr("json") {
        Ok(json) => Ok(Declared::Json(json.call0()?.extract()?)),
        Err(_) => Ok(Declared::Other(type_name(schema))),
    }
}

/// The Spark schema of an Arrow schema; a type that Spark has no counterpart of is refused by its column's name.
fn from_arrow_columns(schema: &Schema) -> Result<StructType, SparkError> {
    let fields = schema.fields().iter().map(|field| {
        from_arrow_field(field).map_err(|error| SparkError {
            message: format!(
                "Column `{}` of the data source's Arrow schema is of type {}: {}",
                field.name(),
                field.data_type(),
                error.message
            ),
            ..error
        })
    });
    Ok(StructType { fields: fields.collect::<Result<_, _>>()? })
}

/// Refuses what another Python (`major.minor`) has pickled.
pub(super) fn check_python_version(py: Python<'_>, runtime: &PythonRuntime, pickled_by: &str) -> PyResult<()> {
    if pickled_by == runtime.minor_version {
        return Ok(());
    }
    Err(pyspark_error(
        py,
        "PySparkRuntimeError",
        "PYTHON_VERSION_MISMATCH",
        [("worker_version", runtime.minor_version.clone()), ("driver_version", pickled_by.to_owned())],
    ))
}

/// Plans a read. The reader is pickled after `pushFilters` and before `partitions()` runs: what that call changes is not seen by `read` (RDR-DEFER-STATE).
fn plan_read(py: Python<'_>, runtime: &PythonRuntime, request: &PlanReadRequest) -> Result<PlannedRead, SparkError> {
    let style = request.settings.traceback;
    let (reader, pickled, kept_filters) =
        make_reader(py, request).map_err(|error| planning_error(py, "initialize", "reader", &error, style))?;
    let partitions = list_partitions(py, runtime, &reader)
        .map_err(|error| planning_error(py, "generate", "read partitions", &error, style))?;
    let partitions = partitions
        .iter()
        .enumerate()
        .map(|(index, partition)| {
            Pickled::dump(partition).map_err(|error| {
                SparkError::plain(
                    ExceptionClass::Spark,
                    format!("Partition {index} of a Python data source cannot be pickled: {error}"),
                )
            })
        })
        .collect::<Result<_, _>>()?;
    Ok(PlannedRead { reader: pickled, partitions, python_version: runtime.minor_version.clone(), kept_filters })
}

fn make_reader<'py>(py: Python<'py>, request: &PlanReadRequest) -> PyResult<(Bound<'py, PyAny>, Pickled, Vec<usize>)> {
    let (data_source, arrow): (Bound<'_, PyAny>, Bound<'_, PyAny>) = request.instance.load(py)?.extract()?;
    let settings = request.settings;
    let check_batch_size = || match settings.max_records_per_batch {
        1.. => Ok(()),
        size => Err(PyAssertionError::new_err(format!(
            "The maximum arrow batch size should be greater than 0, but got '{size}'"
        ))),
    };
    if request.filters.is_empty() {
        check_batch_size()?;
    }
    let arguments = PyDict::new(py);
    arguments.set_item("schema", py_schema(py, &request.schema)?)?;
    let reader = data_source.call_method("reader", (), Some(&arguments))?;
    let base = py.import("pyspark.sql.datasource")?.getattr("DataSourceReader")?;
    if !reader.is_instance(&base)? {
        let actual = format!("'{}'", type_name(&reader));
        return Err(mismatch("PySparkAssertionError", py, "an instance of DataSourceReader", actual));
    }
    let kept = if request.filters.is_empty() {
        check_pushdown(&reader, &base, settings.filter_pushdown)?;
        Vec::new()
    } else {
        let kept = push_filters(&reader, &request.filters)?;
        // With filters Spark looks at the batch size only now.
        check_batch_size()?;
        kept
    };
    let pickled = Pickled::dump((&reader, &data_source, &arrow).into_pyobject(py)?.as_any())?;
    Ok((reader, pickled, kept))
}

/// A reader that takes filters is refused while pushdown is off, so that its filters are not silently ignored (FLT-DISABLED-ERR).
fn check_pushdown(reader: &Bound<'_, PyAny>, base: &Bound<'_, PyAny>, enabled: bool) -> PyResult<()> {
    let py = reader.py();
    // PySpark 4.0 has no pushFilters.
    let Ok(default) = base.getattr("pushFilters") else { return Ok(()) };
    let function = reader.getattr("pushFilters")?.getattr("__func__").ok();
    if enabled || function.is_some_and(|function| function.is(&default)) {
        return Ok(());
    }
    Err(pyspark_error(
        py,
        "PySparkAssertionError",
        "DATA_SOURCE_PUSHDOWN_DISABLED",
        [("type", type_name(reader)), ("conf", "spark.sql.python.filterPushdown.enabled".to_owned())],
    ))
}

fn list_partitions<'py>(
    py: Python<'py>,
    runtime: &PythonRuntime,
    reader: &Bound<'py, PyAny>,
) -> PyResult<Vec<Bound<'py, PyAny>>> {
    let input_partition = py.import("pyspark.sql.datasource")?.getattr("InputPartition")?;
    // Before 4.2 a reader without partitions is given None, later InputPartition(None) (PAR-DEFAULT, PAR-EMPTY).
    let default = || {
        if runtime.spark_minor() >= (4, 2) { input_partition.call1((py.None(),)) } else { Ok(py.None().into_bound(py)) }
    };
    let partitions = match reader.call_method0("partitions") {
        Ok(partitions) => partitions,
        Err(error) if error.is_instance_of::<PyNotImplementedError>(py) => return Ok(vec![default()?]),
        Err(error) => return Err(error),
    };
    let Ok(list) = partitions.cast::<PyList>() else {
        let actual = format!("'{}'", type_name(&partitions));
        return Err(mismatch("PySparkRuntimeError", py, "'partitions' to return a list", actual));
    };
    let elements: Vec<_> = list.iter().collect();
    for element in &elements {
        if !element.is_instance(&input_partition)? {
            let types: Vec<_> = elements.iter().map(|element| format!("'{}'", type_name(element))).collect();
            let expected = "elements in 'partitions' to be of type 'InputPartition'";
            return Err(mismatch("PySparkRuntimeError", py, expected, types.join(", ")));
        }
    }
    if elements.is_empty() { Ok(vec![default()?]) } else { Ok(elements) }
}

fn mismatch(class: &str, py: Python<'_>, expected: &str, actual: String) -> PyErr {
    pyspark_error(py, class, "DATA_SOURCE_TYPE_MISMATCH", [("expected", expected.to_owned()), ("actual", actual)])
}

/// PySpark's `StructType` of a schema.
pub(super) fn py_schema<'py>(py: Python<'py>, schema: &StructType) -> PyResult<Bound<'py, PyAny>> {
    let json = py.import("json")?.call_method1("loads", (schema.to_json().to_string(),))?;
    let schema = py.import("pyspark.sql.types")?.getattr("StructType")?.call_method1("fromJson", (json,))?;
    if schema.is_none() { Err(PyTypeError::new_err("a schema did not survive its JSON form")) } else { Ok(schema) }
}
