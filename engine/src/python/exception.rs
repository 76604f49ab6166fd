//! Python exceptions: their traceback texts, and raising PySpark's own classes.

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyDict};

use crate::error::SparkError;
use crate::error::condition::{PYTHON_DATA_SOURCE_ERROR, PYTHON_EXCEPTION};
use crate::python::interpreter::PythonRuntime;

/// What an exception's text shows first in a task's failure.
const TASK_HEADER: &str = "An exception was thrown from the Python worker";

/// How Python begins a traceback; clients look for it.
const TRACEBACK_HEADER: &str = "Traceback (most recent call last):";

/// The whole traceback as Python prints it, ending in a newline.
pub fn traceback(py: Python<'_>, error: &PyErr) -> String {
    let format = || -> PyResult<String> {
        let value = error.value(py);
        let frames = error.traceback(py);
        // PySpark drops an explicit cause where it shows the user's frames.
        if frames.is_some() {
            value.setattr("__cause__", py.None())?;
        }
        let lines = py.import("traceback")?.call_method1("format_exception", (error.get_type(py), value, frames))?;
        "".into_pyobject(py)?.call_method1("join", (lines,))?.extract()
    };
    let text = format().unwrap_or_else(|_| format!("{error}\n"));
    // An exception that was built here, not raised in Python, has no frames; its text is still that of a traceback.
    if text.starts_with(TRACEBACK_HEADER) { text } else { format!("{TRACEBACK_HEADER}\n{text}") }
}

/// The failure of a planning callback (DSERR in the catalogue): `action` and `kind` as in `Failed to create Python data
/// source instance`.
pub fn planning_error(py: Python<'_>, action: &str, kind: &str, error: &PyErr) -> SparkError {
    PYTHON_DATA_SOURCE_ERROR.error([
        ("action", action.to_owned()),
        ("type", kind.to_owned()),
        ("msg", traceback(py, error)),
    ])
}

/// The failure of Python code in a task (TASKERR in the catalogue); before Spark 4.2 it has no condition.
pub fn task_error(py: Python<'_>, runtime: &PythonRuntime, error: &PyErr) -> SparkError {
    let text = traceback(py, error);
    if runtime.spark_minor() >= (4, 2) {
        PYTHON_EXCEPTION.error([("msg", TASK_HEADER.to_owned()), ("traceback", text)])
    } else {
        SparkError::plain(
            crate::error::ExceptionClass::Python,
            format!("\n  {TASK_HEADER}. Please see the stack trace below.\n{text}"),
        )
    }
}

/// An exception of `pyspark.errors`, with its text from PySpark's own templates.
pub fn pyspark_error<const N: usize>(
    py: Python<'_>,
    class: &str,
    condition: &str,
    parameters: [(&str, String); N],
) -> PyErr {
    let build = || -> PyResult<PyErr> {
        let kwargs = PyDict::new(py);
        kwargs.set_item("errorClass", condition)?;
        kwargs.set_item("messageParameters", parameters.into_py_dict(py)?)?;
        let value = py.import("pyspark.errors")?.getattr(class)?.call((), Some(&kwargs))?;
        Ok(PyErr::from_value(value))
    };
    build().unwrap_or_else(|error| PyRuntimeError::new_err(format!("{condition}: {error}")))
}

/// The name of an object's class as `type(x).__name__` gives it.
pub fn type_name(object: &Bound<'_, PyAny>) -> String {
    object.get_type().name().map_or_else(|_| "?".to_owned(), |name| name.to_string())
}
