//! Spark's errors: condition, SQLSTATE, parameters, message, and the exception class that a PySpark user catches.

pub mod condition;
pub(crate) mod datafusion;
pub mod relation;

use std::collections::BTreeMap;
use std::fmt;

use ::datafusion::error::DataFusionError;

/// The exception class of `pyspark.errors` that a user catches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExceptionClass {
    /// `AnalysisException`: planning failed, a planning callback of a source included.
    Analysis,
    /// `ParseException`: SQL or DDL text does not parse.
    Parse,
    /// `IllegalArgumentException`.
    IllegalArgument,
    /// `PythonException`: Python code failed inside a task (`read`, `write`).
    Python,
    /// `UnsupportedOperationException`.
    UnsupportedOperation,
    /// `ArithmeticException`.
    Arithmetic,
    /// `NumberFormatException`.
    NumberFormat,
    /// `DateTimeException`.
    DateTime,
    /// `SparkRuntimeException`.
    SparkRuntime,
    /// `ArrayIndexOutOfBoundsException`.
    ArrayIndexOutOfBounds,
    /// `SparkException`: a job failed inside the engine; where Spark fails in the JVM without a condition.
    Spark,
}

impl ExceptionClass {
    /// The class's name in `pyspark.errors`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Analysis => "AnalysisException",
            Self::Parse => "ParseException",
            Self::IllegalArgument => "IllegalArgumentException",
            Self::Python => "PythonException",
            Self::UnsupportedOperation => "UnsupportedOperationException",
            Self::Arithmetic => "ArithmeticException",
            Self::NumberFormat => "NumberFormatException",
            Self::DateTime => "DateTimeException",
            Self::SparkRuntime => "SparkRuntimeException",
            Self::ArrayIndexOutOfBounds => "ArrayIndexOutOfBoundsException",
            Self::Spark => "SparkException",
        }
    }
}

impl fmt::Display for ExceptionClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Where in a query's life an error arose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// `spark.dataSource.register`.
    Register,
    /// `read…load()`: `__init__`, `schema()`.
    Load,
    /// Planning a query: SQL analysis, `reader()`, `pushFilters()`, `partitions()`.
    Plan,
    /// Executing it: `read()` and everything after.
    Read,
}

impl Phase {
    /// The phase's name in an observation.
    pub fn name(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::Load => "load",
            Self::Plan => "plan",
            Self::Read => "read",
        }
    }
}

/// An error as Spark reports it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct SparkError {
    /// The exception class.
    pub exception: ExceptionClass,
    /// The error condition, such as `PYTHON_DATA_SOURCE_ERROR`; none where Spark gives none.
    pub condition: Option<String>,
    /// The SQLSTATE, five characters.
    pub sql_state: Option<String>,
    /// The message's parameters by name.
    pub parameters: BTreeMap<String, String>,
    /// The whole message as `str(exception)` shows it: `[CONDITION] text SQLSTATE: 38000`.
    pub message: String,
}

impl SparkError {
    /// An error without a condition: where Spark itself fails inside the JVM, or a failure of the engine's own.
    pub fn plain(exception: ExceptionClass, message: impl Into<String>) -> Self {
        Self { exception, condition: None, sql_state: None, parameters: BTreeMap::new(), message: message.into() }
    }

    /// A failure that is the engine's own fault.
    pub fn internal(message: impl fmt::Display) -> Self {
        Self::plain(
            ExceptionClass::Spark,
            format!("[INTERNAL_ERROR] {message}. This is a fault of the engine: please report it."),
        )
    }
}

impl From<SparkError> for DataFusionError {
    fn from(error: SparkError) -> Self {
        Self::External(Box::new(error))
    }
}
