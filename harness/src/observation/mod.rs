//! What a target answered for one case: typed, normalised, the same on every target.

mod decode;
pub(crate) mod form;
mod reduction;
mod serial;
pub mod value;

use schemars::JsonSchema;
use seatrial_engine::types::StructType;
use serde::{Deserialize, Serialize};

pub use value::Value;

/// A target's answer to one case.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Observation {
    /// The result's schema, when analysis succeeded.
    pub schema: Option<StructType>,
    /// The rows, when the action succeeded.
    pub rows: Option<Vec<Vec<Value>>>,
    /// The error, when something failed.
    pub error: Option<ErrorObservation>,
    /// What the source recorded of its own callbacks, in the order of the file.
    pub calls: Vec<Call>,
    /// How many partitions the result had, if the case asked.
    pub partitions: Option<u64>,
}

/// An error as the user of the target saw it, normalised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorObservation {
    /// `register`, `load`, `plan` or `read`.
    pub phase: String,
    /// The plain class name of what the user catches.
    pub exception: String,
    /// The error condition.
    pub condition: Option<String>,
    /// Five characters.
    pub sqlstate: Option<String>,
    /// The message parameters, tracebacks reduced.
    pub parameters: std::collections::BTreeMap<String, String>,
    /// The whole message, tracebacks reduced.
    pub message: String,
    /// The Python exception behind it, where the message carried a traceback.
    pub python: Option<PythonError>,
    /// What failed in the JVM, only for `Py4JJavaError`.
    pub jvm: Option<JvmError>,
}

impl ErrorObservation {
    /// What went wrong, in a line: the Python exception behind the error, where there is one, else the message's first line.
    pub fn headline(&self) -> String {
        let (kind, message) = match &self.python {
            Some(python) if !python.kind.is_empty() => (python.kind.as_str(), python.message.as_str()),
            _ => ("", self.message.as_str()),
        };
        let line = message.trim().lines().next().unwrap_or_default();
        match (kind, line) {
            ("", line) => line.to_owned(),
            (kind, "") => kind.to_owned(),
            (kind, line) => format!("{kind}: {line}"),
        }
    }
}

/// A Python exception: its qualified type name and its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PythonError {
    /// As the traceback's last block names it: `ValueError`, `pyarrow.lib.ArrowInvalid`.
    pub kind: String,
    /// The text after it; may have several lines.
    pub message: String,
}

/// A Java exception.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JvmError {
    /// The class of the exception that Py4J carried.
    pub class: String,
    /// The innermost cause, as `class: message`.
    pub root: String,
}

/// One recorded call of a callback.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Call {
    /// The callback's name.
    pub call: String,
    /// What it recorded besides, in order of name.
    pub details: std::collections::BTreeMap<String, serde_json::Value>,
}

/// An answer that does not follow the runner protocol: the runner failed, conformance was not judged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {problem}")]
pub struct DecodeError {
    /// Where in the observation: `rows[2][0]`.
    pub path: String,
    /// What is wrong there.
    pub problem: String,
}
