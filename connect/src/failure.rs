//! Why a request failed, and how that travels: a gRPC status with Spark's condition in its details, and the whole of it for who
//! asks by its id.

mod classes;
mod conditions;
mod store;

use std::collections::HashMap;

use seatrial_engine::error::condition::PYTHON_DATA_SOURCE_ERROR;
use seatrial_engine::error::{ExceptionClass, SparkError};
use spark_connect_proto::fetch_error_details_response::{Error, SparkThrowable};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

pub(crate) use classes::{NO_SUCH_ELEMENT, SQL};
pub(crate) use store::ErrorStore;

/// The domain of Spark's error details.
const DOMAIN: &str = "org.apache.spark";
/// The bytes of a message that go into a status, which stands twice in the trailers. Clients and proxies refuse trailers above 8
/// or 16 KiB; the whole message is fetched by the error's id.
const MESSAGE_LIMIT: usize = 1024;
/// The bytes of the parameters' JSON text that go into a status.
const PARAMETERS_LIMIT: usize = 1024;
/// The bytes of the frames of its own that Spark's worker has in the traceback of a planning error, and the engine, which calls the
/// source from Rust, has not. They count, so that the same tracebacks are too long.
const WORKER_FRAMES: usize = 256;

/// What the client itself puts before an exception of a task.
const PYTHON_WORKER: &str = "\n  An exception was thrown from the Python worker. Please see the stack trace below.\n";

/// An error on its way to the client.
#[derive(Debug, Clone)]
pub(crate) struct Failure(Box<Parts>);

#[derive(Debug, Clone)]
struct Parts {
    error: SparkError,
    /// The JVM's class and those above it, by which the client finds its own.
    classes: &'static [&'static str],
    code: Code,
}

impl From<SparkError> for Failure {
    fn from(error: SparkError) -> Self {
        let classes = classes::of(&error);
        Self(Box::new(Parts { error, classes, code: Code::Internal }))
    }
}

impl Failure {
    /// A failure of the server itself.
    pub(crate) fn internal(message: impl std::fmt::Display) -> Self {
        SparkError::internal(message).into()
    }

    /// A message of the protocol that this server does not answer; `kind` is what it is, such as "command".
    pub(crate) fn unsupported(kind: &str, name: &str) -> Self {
        let message = format!("[UNSUPPORTED] The {kind} `{name}` of Spark Connect is not supported by this server.");
        let error = SparkError::plain(ExceptionClass::UnsupportedOperation, message);
        Self::from(error).with_code(Code::Unimplemented)
    }

    /// A limit of the server was reached.
    pub(crate) fn exhausted(message: impl Into<String>) -> Self {
        let error = SparkError::plain(ExceptionClass::Spark, message);
        Self::from(error).with_code(Code::ResourceExhausted)
    }

    /// A request that makes no sense.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        let error = SparkError::plain(ExceptionClass::IllegalArgument, message);
        Self::from(error).with_classes(classes::INVALID_PLAN)
    }

    /// The same error as another class.
    pub(crate) fn with_classes(mut self, classes: &'static [&'static str]) -> Self {
        self.0.classes = classes;
        self
    }

    fn with_code(mut self, code: Code) -> Self {
        self.0.code = code;
        self
    }

    /// The whole message, as a JVM would say it.
    fn message(&self) -> String {
        let message = &self.0.error.message;
        if self.0.error.exception != ExceptionClass::Python {
            return message.clone();
        }
        let parameter = |name: &str| self.0.error.parameters.get(name).map(String::as_str).unwrap_or_default();
        match (&self.0.error.condition, &self.0.error.sql_state) {
            (Some(condition), Some(state)) => {
                let (header, traceback) = (parameter("msg"), parameter("traceback").trim_end_matches('\n'));
                format!("[{condition}] {header}: {traceback}\n SQLSTATE: {state}")
            }
            _ => message.strip_prefix(PYTHON_WORKER).unwrap_or(message).to_owned(),
        }
    }

    /// The status, without details to fetch where `error_id` is none.
    pub(crate) fn status(&self, error_id: Option<&str>) -> Status {
        let message = shortened(&self.message(), MESSAGE_LIMIT);
        let classes = serde_json::Value::from(self.0.classes.to_vec()).to_string();
        let mut metadata = HashMap::from([("classes".to_owned(), classes)]);
        if let Some(state) = &self.0.error.sql_state {
            metadata.insert("sqlState".to_owned(), state.clone());
        }
        if let Some(condition) = &self.0.error.condition {
            let parameters: serde_json::Map<String, serde_json::Value> = self
                .0
                .error
                .parameters
                .iter()
                .map(|(name, value)| (name.clone(), serde_json::Value::String(value.clone())))
                .collect();
            let parameters = serde_json::Value::Object(parameters).to_string();
            // Both or neither, as in Spark. The clients of 4.0 and 4.1 take the condition from here only, so that they have none
            // where the parameters are long; those since 4.2 find it in what they fetch.
            let frames = if condition == PYTHON_DATA_SOURCE_ERROR.name { WORKER_FRAMES } else { 0 };
            if parameters.len() + frames <= PARAMETERS_LIMIT {
                metadata.insert("errorClass".to_owned(), condition.clone());
                metadata.insert("messageParameters".to_owned(), parameters);
            }
        }
        if let Some(id) = error_id {
            metadata.insert("errorId".to_owned(), id.to_owned());
        }
        let reason = self.0.classes.first().copied().unwrap_or_default();
        Status::with_error_details(self.0.code, message, ErrorDetails::with_error_info(reason, DOMAIN, metadata))
    }

    /// All of it.
    fn details(&self) -> Error {
        let throwable = SparkThrowable {
            error_class: self.0.error.condition.clone(),
            message_parameters: self.0.error.parameters.clone().into_iter().collect(),
            sql_state: self.0.error.sql_state.clone(),
            ..SparkThrowable::default()
        };
        Error {
            error_type_hierarchy: self.0.classes.iter().map(|name| (*name).to_owned()).collect(),
            message: self.message(),
            spark_throwable: Some(throwable),
            ..Error::default()
        }
    }
}

/// The status of what still runs when the server stops. It has no `ErrorInfo`: at one, clients first ask the server for a setting,
/// and try that for minutes.
pub(crate) fn server_stopped() -> Status {
    Status::with_error_details(Code::Aborted, "The server was stopped, and the query with it.", ErrorDetails::new())
}

/// The beginning of a text, at most so many bytes.
fn shortened(text: &str, limit: usize) -> String {
    if text.len() <= limit {
        return text.to_owned();
    }
    let end = (0..=limit - 3).rev().find(|index| text.is_char_boundary(*index)).unwrap_or(0);
    format!("{}...", text.get(..end).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn a_status_stays_below_what_trailers_may_hold() {
        let mut error = SparkError::plain(ExceptionClass::Analysis, "\u{20ac}\n".repeat(100_000));
        error.condition = Some("SOME_CONDITION".to_owned());
        error.parameters.insert("msg".to_owned(), "x".repeat(100_000));
        let status = Failure::from(error).status(Some("1d8f7a3e-7a24-4f0e-b7a3-0c6dd0a2f2ab"));
        // Base64 of the details, and the message with each byte as three.
        assert!(status.details().len() * 4 / 3 + status.message().len() * 3 < 8000);
    }

    #[test]
    fn a_condition_goes_with_its_parameters_or_not_at_all() {
        for (condition, length, sent) in [
            ("SOME_CONDITION", 900, true),
            ("SOME_CONDITION", 1100, false),
            ("PYTHON_DATA_SOURCE_ERROR", 700, true),
            ("PYTHON_DATA_SOURCE_ERROR", 900, false),
        ] {
            let mut error = SparkError::plain(ExceptionClass::Analysis, "message");
            error.condition = Some(condition.to_owned());
            error.parameters.insert("msg".to_owned(), "x".repeat(length));
            let status = Failure::from(error).status(None);
            let info = status.get_details_error_info().unwrap();
            assert_eq!(info.metadata.contains_key("errorClass"), sent, "{condition} of {length}");
            assert_eq!(info.metadata.contains_key("messageParameters"), sent, "{condition} of {length}");
        }
    }

    #[test]
    fn a_worker_error_is_told_without_the_words_that_clients_add() {
        let error = SparkError::plain(ExceptionClass::Python, format!("{PYTHON_WORKER}Traceback"));
        assert_eq!(Failure::from(error).message(), "Traceback");
    }
}
