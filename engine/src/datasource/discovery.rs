//! Data sources that nobody registered: installed `pyspark_*` packages, and entry points of the group `sail.datasources`.
//!
//! Looked up once in a process, when a name is first asked for that no session has (section 13 of the catalogue). The rules are
//! those of the Python package's `discovery.py`, whose text is run here.

use std::collections::HashMap;
use std::ffi::CStr;

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyList};

use super::registry::{is_built_in, pickle_class};
use crate::error::SparkError;
use crate::executor::PickledClass;
use crate::python::interpreter::PythonRuntime;

/// The one text of the rules.
const RULES: &CStr = {
    let text = concat!(include_str!("../../../python/python/seatrial/discovery.py"), "\0");
    match CStr::from_bytes_with_nul(text.as_bytes()) {
        Ok(text) => text,
        Err(_) => c"raise ImportError('discovery.py holds a NUL byte')",
    }
};

static DISCOVERED: PyOnceLock<HashMap<String, PickledClass>> = PyOnceLock::new();

/// The installed class of that name, in any case. One with the name of a source of Spark's own is hidden by it (ST-BUILTIN).
///
/// # Errors
/// When Python does not run. A package that cannot be looked at is told in the log, not here.
pub fn find(name: &str) -> Result<Option<PickledClass>, SparkError> {
    PythonRuntime::get()?;
    if is_built_in(name) {
        return Ok(None);
    }
    Python::attach(|py| {
        let found = DISCOVERED.get_or_init(py, || {
            discover(py).unwrap_or_else(|error| {
                tracing::warn!("no installed data source is used, since they cannot be looked up: {error}");
                HashMap::new()
            })
        });
        Ok(found.get(&name.to_lowercase()).cloned())
    })
}

fn discover(py: Python<'_>) -> PyResult<HashMap<String, PickledClass>> {
    let rules = PyModule::from_code(py, RULES, c"discovery.py", c"seatrial_discovery")?;
    let warnings = py.import("warnings")?;
    let arguments = PyDict::new(py);
    arguments.set_item("record", true)?;
    let recording = warnings.call_method("catch_warnings", (), Some(&arguments))?;
    let told = recording.call_method0("__enter__")?.cast_into::<PyList>()?;
    warnings.call_method1("simplefilter", ("always",))?;
    let discovered = rules.call_method0("discover");
    recording.call_method1("__exit__", (py.None(), py.None(), py.None()))?;
    for warning in told {
        tracing::warn!("{}", warning.getattr("message")?.str()?);
    }
    let mut found = HashMap::new();
    for (name, source) in &discovered?.cast_into::<PyDict>()? {
        match pickle_class(&source.getattr("cls")?) {
            Ok((_, class)) => {
                found.insert(name.extract()?, class);
            }
            Err(error) => tracing::warn!("the installed data source {name} is not used: {error}"),
        }
    }
    Ok(found)
}
