//! The engine's errors as the exceptions that a PySpark user catches.

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use seatrial_engine::datasource::registry::RegisterError;
use seatrial_engine::error::SparkError;

/// An instance of the class in `seatrial.errors`, which is a subclass of PySpark's own.
pub(crate) fn raise(py: Python<'_>, error: &SparkError) -> PyErr {
    let build = || -> PyResult<PyErr> {
        let value = py.import("seatrial.errors")?.call_method1(
            "spark_error",
            (
                error.exception.name(),
                &error.message,
                error.condition.as_deref(),
                error.sql_state.as_deref(),
                &error.parameters,
            ),
        )?;
        Ok(PyErr::from_value(value))
    };
    // The error itself matters more than why its class could not be had.
    build().unwrap_or_else(|failure| PyRuntimeError::new_err(format!("{error} ({failure})")))
}

/// What a failed registration raises: the class's own exception unchanged, or the engine's.
pub(crate) fn raise_registration(py: Python<'_>, error: RegisterError) -> PyErr {
    match error {
        RegisterError::Python(error) => error,
        RegisterError::Spark(error) => raise(py, &error),
    }
}
