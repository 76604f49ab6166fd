//! The data sources that a session knows by name.

use std::collections::HashMap;

use pyo3::prelude::*;

use crate::error::condition::DATA_SOURCE_ALREADY_EXISTS;
use crate::error::{ExceptionClass, SparkError};
use crate::executor::PickledClass;
use crate::python::exception::type_name;
use crate::python::interpreter::PythonRuntime;
use crate::python::pickle::Pickled;

/// Names that Spark's own sources have; a registration may not take them (REG-BUILTIN-CLASH).
const BUILT_IN: &[&str] = &[
    "avro",
    "binaryfile",
    "console",
    "csv",
    "hive",
    "jdbc",
    "json",
    "kafka",
    "noop",
    "orc",
    "parquet",
    "rate",
    "text",
    "xml",
];

/// Whether Spark has a source of that name itself.
pub fn is_built_in(name: &str) -> bool {
    BUILT_IN.contains(&name.to_lowercase().as_str())
}

/// Why a class could not be registered.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// What the class's own code or its pickling raised; it reaches the user unchanged.
    #[error("{0}")]
    Python(#[from] PyErr),
    /// What the engine refuses.
    #[error(transparent)]
    Spark(#[from] SparkError),
}

/// Data source classes by lower-case name.
#[derive(Debug, Clone, Default)]
pub struct DataSourceRegistry {
    classes: HashMap<String, PickledClass>,
}

/// A class's `name()`, and the class pickled. Nothing else of it is looked at, as in Spark.
///
/// # Errors
/// What `name()` or pickling raises; a name that is no text.
pub fn pickle_class(class: &Bound<'_, PyAny>) -> Result<(String, PickledClass), RegisterError> {
    let name = class.call_method0("name")?;
    let pickled = Pickled::dump(class)?;
    let name: String = name.extract().map_err(|_| {
        SparkError::plain(
            ExceptionClass::Spark,
            format!(
                "The name of a data source must be a str, but name() returned a '{}'. Return the format's name as text.",
                type_name(&name)
            ),
        )
    })?;
    let python_version = PythonRuntime::get()?.minor_version.clone();
    Ok((name, PickledClass { class: pickled, python_version }))
}

impl DataSourceRegistry {
    /// Registers a class under a name. A second class of that name replaces the first, also when the names differ in case
    /// (REG-REPLACE).
    ///
    /// # Errors
    /// `DATA_SOURCE_ALREADY_EXISTS` for the name of a built-in source.
    pub fn register(&mut self, name: &str, class: PickledClass) -> Result<(), SparkError> {
        let key = name.to_lowercase();
        if is_built_in(name) {
            return Err(DATA_SOURCE_ALREADY_EXISTS.error([("provider", name.to_owned())]));
        }
        if self.classes.insert(key, class).is_some() {
            tracing::warn!("The data source {name} replaced a previously registered data source.");
        }
        Ok(())
    }

    /// The class of that name, in any case.
    pub fn get(&self, name: &str) -> Option<&PickledClass> {
        self.classes.get(&name.to_lowercase())
    }
}
