//! What is looked up in Python once per process, and the calls into PySpark itself.

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyIterator, PyList, PyString, PyTuple, PyType};
use pyo3::{ffi, intern};

use crate::python::exception::{pyspark_error, type_name};
use crate::python::interpreter::PythonRuntime;

/// Classes and functions that the conversion needs, looked up once per process.
pub(crate) struct Modules {
    /// `pyarrow.RecordBatch`.
    pub(crate) record_batch: Py<PyType>,
    /// `pyspark.sql.Row`.
    pub(crate) row: Py<PyType>,
    /// `decimal.Decimal`.
    pub(crate) decimal: Py<PyType>,
    /// `datetime.timezone`.
    timezone: Py<PyType>,
    /// `zoneinfo.ZoneInfo`.
    zone_info: Py<PyType>,
    /// `datetime.timezone.utc`.
    pub(crate) utc: Py<PyAny>,
    /// The name `astimezone`.
    pub(crate) astimezone: Py<PyString>,
    /// `collections.abc.Iterator`.
    pub(crate) iterator: Py<PyType>,
    /// `tuple.__getitem__` and `tuple.__len__`: a tuple subclass that has others is not read here.
    tuple_getitem: Py<PyAny>,
    tuple_len: Py<PyAny>,
    /// Whether PySpark rounds decimals itself: since 4.1.
    pub(crate) rounds_decimals: bool,
    records_to_arrow_batches: Py<PyAny>,
}

impl Modules {
    /// The modules' one instance. Imports pyarrow and PySpark at the first call.
    pub(crate) fn get(py: Python<'_>) -> PyResult<&'static Self> {
        static MODULES: PyOnceLock<Modules> = PyOnceLock::new();
        MODULES.get_or_try_init(py, || Self::import(py))
    }

    fn import(py: Python<'_>) -> PyResult<Self> {
        let runtime = PythonRuntime::get().map_err(|error| PyRuntimeError::new_err(error.message))?;
        // SAFETY: the GIL is held. The macros of the datetime C API are used only after this.
        unsafe {
            ffi::PyDateTime_IMPORT();
            if ffi::PyDateTimeAPI().is_null() {
                return Err(PyErr::take(py)
                    .unwrap_or_else(|| PyRuntimeError::new_err("the C API of the datetime module is not available")));
            }
        }
        let class = |module: &str, name: &str| -> PyResult<Py<PyType>> {
            Ok(py.import(module)?.getattr(name)?.cast_into::<PyType>()?.unbind())
        };
        let tuple = py.get_type::<PyTuple>();
        let timezone = class("datetime", "timezone")?;
        Ok(Self {
            record_batch: class("pyarrow", "RecordBatch")?,
            row: class("pyspark.sql.types", "Row")?,
            decimal: class("decimal", "Decimal")?,
            utc: timezone.bind(py).getattr("utc")?.unbind(),
            timezone,
            zone_info: class("zoneinfo", "ZoneInfo")?,
            astimezone: PyString::intern(py, "astimezone").unbind(),
            iterator: class("collections.abc", "Iterator")?,
            tuple_getitem: tuple.getattr("__getitem__")?.unbind(),
            tuple_len: tuple.getattr("__len__")?.unbind(),
            rounds_decimals: runtime.spark_minor() >= (4, 1),
            records_to_arrow_batches: py
                .import("pyspark.sql.worker.plan_data_source_read")?
                .getattr("records_to_arrow_batches")?
                .unbind(),
        })
    }

    /// `datetime.timezone`, for comparison.
    pub(crate) fn timezone_type(&self) -> *mut ffi::PyTypeObject {
        self.timezone.as_ptr().cast()
    }

    /// `zoneinfo.ZoneInfo`, for comparison.
    pub(crate) fn zone_info_type(&self) -> *mut ffi::PyTypeObject {
        self.zone_info.as_ptr().cast()
    }

    /// Whether instances of this subclass of tuple are read by position as a tuple is, such as those of a namedtuple.
    pub(crate) fn is_plain_tuple(&self, class: &Bound<'_, PyType>) -> PyResult<bool> {
        let py = class.py();
        Ok(!class.is_subclass(self.row.bind(py))?
            && class.getattr(intern!(py, "__getitem__"))?.is(&self.tuple_getitem)
            && class.getattr(intern!(py, "__len__"))?.is(&self.tuple_len))
    }
}

/// PySpark's conversion of these elements, as an iterator of `pyarrow.RecordBatch`.
pub(crate) fn records_to_arrow_batches<'py>(
    elements: &Bound<'py, PyList>,
    py_schema: &Bound<'py, PyAny>,
    data_source: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyIterator>> {
    let py = elements.py();
    Modules::get(py)?
        .records_to_arrow_batches
        .bind(py)
        .call1((elements.try_iter()?, elements.len().max(1), py_schema, data_source))?
        .try_iter()
}

/// PySpark's error for what `read` returned when that is not an iterator (READ-NOT-ITERATOR).
pub(crate) fn not_an_iterator(output: &Bound<'_, PyAny>, data_source: &Bound<'_, PyAny>) -> PyErr {
    match data_source.call_method0("name").and_then(|name| Ok(name.str()?.to_string())) {
        Ok(name) => pyspark_error(
            output.py(),
            "PySparkRuntimeError",
            "DATA_SOURCE_INVALID_RETURN_TYPE",
            [("type", type_name(output)), ("name", name), ("supported_types", "iterator".to_owned())],
        ),
        Err(error) => error,
    }
}

/// The error of PySpark's worker for an element after the first that is no record batch (ARROW-MIXED-1).
pub(crate) fn not_a_batch(element: &Bound<'_, PyAny>) -> PyErr {
    pyspark_error(
        element.py(),
        "PySparkTypeError",
        "UDF_RETURN_TYPE",
        [
            ("expected", "iterator of pyarrow.RecordBatch".to_owned()),
            ("actual", format!("iterator of {}", type_name(element))),
        ],
    )
}

/// The error of Arrow's stream writer, through which PySpark's worker sends batches (ARROW-LATER-BATCH).
pub(crate) fn different_schema(py: Python<'_>) -> PyErr {
    let build = || -> PyResult<PyErr> {
        let class = py.import("pyarrow.lib")?.getattr("ArrowInvalid")?;
        Ok(PyErr::from_value(class.call1(("Tried to write record batch with different schema",))?))
    };
    build().unwrap_or_else(|error| error)
}
