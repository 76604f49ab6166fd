//! Data sources that nobody registered: installed `pyspark_*` packages, and entry points of the group `sail.datasources`.
//!
//! Looked up once in a process, when a name is first asked for that no session has (section 13 of the catalogue).

use std::collections::HashMap;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;

use super::registry::{RegisterError, pickle_class};
use crate::error::SparkError;
use crate::executor::PickledClass;
use crate::python::interpreter::PythonRuntime;

/// Top-level modules with this prefix may hold a [`DEFAULT_SOURCE`].
const PREFIX: &str = "pyspark_";
/// The class that such a module offers.
const DEFAULT_SOURCE: &str = "DefaultSource";
/// The group of entry points, as Sail's users know it.
const ENTRY_POINTS: &str = "sail.datasources";

static DISCOVERED: PyOnceLock<HashMap<String, PickledClass>> = PyOnceLock::new();

/// The installed class of that name, in any case.
///
/// # Errors
/// When Python does not run. A package that cannot be looked at is told in the log, not here.
pub fn find(name: &str) -> Result<Option<PickledClass>, SparkError> {
    PythonRuntime::get()?;
    Python::attach(|py| {
        let found = DISCOVERED.get_or_init(py, || {
            let mut found = entry_points(py);
            // One module that fails hides all of them, as in Spark (ST-BROKEN).
            match static_sources(py) {
                Ok(sources) => found.extend(sources),
                Err(error) => tracing::warn!(
                    "no `{PREFIX}*` package is used, since one of them failed: {error}. Repair or uninstall it."
                ),
            }
            found
        });
        Ok(found.get(&name.to_lowercase()).cloned())
    })
}

fn static_sources(py: Python<'_>) -> Result<HashMap<String, PickledClass>, RegisterError> {
    let mut found = HashMap::new();
    let modules = py.import("pkgutil")?.call_method0("iter_modules")?;
    for module in modules.try_iter()? {
        let name: String = module?.getattr("name")?.extract()?;
        if !name.starts_with(PREFIX) {
            continue;
        }
        let module = py.import("importlib")?.call_method1("import_module", (&name,))?;
        let Ok(class) = module.getattr(DEFAULT_SOURCE) else { continue };
        if !is_data_source(&class)? {
            continue;
        }
        let (name, class) = pickle_class(&class)?;
        found.insert(name.to_lowercase(), class);
    }
    Ok(found)
}

fn entry_points(py: Python<'_>) -> HashMap<String, PickledClass> {
    let mut found = HashMap::new();
    let points = py.import("importlib.metadata").and_then(|metadata| {
        let arguments = pyo3::types::PyDict::new(py);
        arguments.set_item("group", ENTRY_POINTS)?;
        metadata.call_method("entry_points", (), Some(&arguments))?.try_iter()?.collect::<PyResult<Vec<_>>>()
    });
    for point in points.unwrap_or_default() {
        match load_entry_point(&point) {
            Ok((name, class)) => {
                found.insert(name.to_lowercase(), class);
            }
            Err(error) => {
                tracing::warn!("the entry point {point} of the group {ENTRY_POINTS} is not used: {error}");
            }
        }
    }
    found
}

fn load_entry_point(point: &Bound<'_, PyAny>) -> Result<(String, PickledClass), RegisterError> {
    let class = point.call_method0("load")?;
    if !is_data_source(&class)? {
        return Err(PyTypeError::new_err("it is no subclass of pyspark.sql.datasource.DataSource").into());
    }
    pickle_class(&class)
}

/// Whether an object is a class of data sources; asking this of no class at all is an error, as `issubclass` has it (ST-BADTYPE).
fn is_data_source(class: &Bound<'_, PyAny>) -> PyResult<bool> {
    let base = class.py().import("pyspark.sql.datasource")?.getattr("DataSource")?;
    class.cast::<PyType>()?.is_subclass(&base)
}
