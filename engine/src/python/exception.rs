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

/// How much of a traceback an error shows, by the settings `spark.sql.execution.pyspark.udf.hideTraceback.enabled` and
/// `…simplifiedTraceback.enabled` (ERR-TB-HIDE, ERR-TB-SIMPLE).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TracebackStyle {
    /// From the user's first frame on.
    #[default]
    Simplified,
    /// Every frame.
    Full,
    /// The exception alone.
    Hidden,
}

/// The whole traceback, ending in a newline, as PySpark's workers print it: from the user's first frame on and without an
/// exception's causes; with them, and every frame, where PySpark itself raised (ERR-TB-SIMPLE).
pub fn traceback(py: Python<'_>, error: &PyErr, style: TracebackStyle) -> String {
    format(py, error, style).unwrap_or_else(|_| format!("{TRACEBACK_HEADER}\n{error}\n"))
}

fn format(py: Python<'_>, error: &PyErr, style: TracebackStyle) -> PyResult<String> {
    let value = error.value(py);
    let module = py.import("traceback")?;
    let join = |lines: Bound<'_, PyAny>| "".into_pyobject(py)?.call_method1("join", (lines,))?.extract::<String>();
    if style == TracebackStyle::Hidden {
        return join(module.call_method1("format_exception_only", (error.get_type(py), value))?);
    }
    let frames = error.traceback(py);
    let simplified = match &frames {
        Some(frames) if style == TracebackStyle::Simplified => py
            .import("pyspark.util")?
            .call_method1("try_simplify_traceback", (frames,))?
            .extract::<Option<Bound<'_, PyAny>>>()?,
        _ => None,
    };
    if simplified.is_some() {
        value.setattr("__cause__", py.None())?;
    }
    let shown = simplified.or(frames.map(Bound::into_any));
    let without_frames = shown.is_none();
    let text = join(module.call_method1("format_exception", (error.get_type(py), value, shown))?)?;
    if !without_frames {
        return Ok(text);
    }
    // What was raised outside any Python code has no frames. PySpark's workers are Python: theirs always have some.
    let own = join(module.call_method1("format_exception_only", (error.get_type(py), value))?)?;
    let before = text.strip_suffix(&own).unwrap_or_default();
    Ok(format!("{before}{TRACEBACK_HEADER}\n{own}"))
}

/// The failure of a planning callback (DSERR in the catalogue): `action` and `kind` as in `Failed to create Python data
/// source instance`.
pub fn planning_error(py: Python<'_>, action: &str, kind: &str, error: &PyErr, style: TracebackStyle) -> SparkError {
    PYTHON_DATA_SOURCE_ERROR.error([
        ("action", action.to_owned()),
        ("type", kind.to_owned()),
        ("msg", traceback(py, error, style)),
    ])
}

/// The failure of Python code in a task (TASKERR in the catalogue); before Spark 4.2 it has no condition.
pub fn task_error(py: Python<'_>, runtime: &PythonRuntime, error: &PyErr, style: TracebackStyle) -> SparkError {
    let text = traceback(py, error, style);
    if runtime.spark_minor() >= (4, 2) {
        let message = format!("{TASK_HEADER}:\n{}", text.trim_end());
        // The user sees the text without its condition's frame.
        SparkError { message, ..PYTHON_EXCEPTION.error([("msg", TASK_HEADER.to_owned()), ("traceback", text)]) }
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
