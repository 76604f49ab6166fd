//! Everything that touches the Python interpreter as such: starting it, pickling, exceptions, cancelling.
//!
//! What a data source *means* is not known here.

pub mod cancel;
pub mod exception;
pub mod interpreter;
pub mod pickle;
pub mod task_context;

/// The text of a Python module as C has it.
pub(crate) fn c_text(text: &str) -> pyo3::PyResult<std::ffi::CString> {
    std::ffi::CString::new(text).map_err(|error| pyo3::exceptions::PyValueError::new_err(error.to_string()))
}
