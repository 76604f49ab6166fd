//! The classes of the JVM by which a client finds the exception to raise: a class, then those above it.

use seatrial_engine::error::{ExceptionClass, SparkError};

type Classes = &'static [&'static str];

/// The end of most of them.
macro_rules! runtime {
    ($($name:literal),*) => {
        &[$($name,)* "java.lang.RuntimeException", "java.lang.Exception", "java.lang.Throwable", "java.lang.Object"]
    };
}

/// `SparkSQLException`: how the protocol reports its own state. PySpark has no class of its own for it.
pub(crate) const SQL: Classes = &[
    "org.apache.spark.SparkSQLException",
    "java.sql.SQLException",
    "java.lang.Exception",
    "java.lang.Throwable",
    "java.lang.Object",
];

/// What is not there.
pub(crate) const NO_SUCH_ELEMENT: Classes =
    runtime!["org.apache.spark.SparkNoSuchElementException", "java.util.NoSuchElementException"];

/// A plan that makes no sense.
pub(super) const INVALID_PLAN: Classes = runtime!["org.apache.spark.sql.connect.common.InvalidPlanInput"];

const NOT_FOUND: Classes = &[
    "org.apache.spark.SparkClassNotFoundException",
    "java.lang.ClassNotFoundException",
    "java.lang.ReflectiveOperationException",
    "java.lang.Exception",
    "java.lang.Throwable",
    "java.lang.Object",
];

/// The classes of an error of the engine.
pub(super) fn of(error: &SparkError) -> Classes {
    match error.exception {
        // A class that PySpark does not know, and so it is an `UnknownException`, as from Spark.
        ExceptionClass::Spark if error.condition.as_deref() == Some("DATA_SOURCE_NOT_FOUND") => NOT_FOUND,
        exception => of_exception(exception),
    }
}

fn of_exception(exception: ExceptionClass) -> Classes {
    match exception {
        ExceptionClass::Analysis => &[
            "org.apache.spark.sql.AnalysisException",
            "java.lang.Exception",
            "java.lang.Throwable",
            "java.lang.Object",
        ],
        ExceptionClass::Parse => &[
            "org.apache.spark.sql.catalyst.parser.ParseException",
            "org.apache.spark.sql.AnalysisException",
            "java.lang.Exception",
            "java.lang.Throwable",
            "java.lang.Object",
        ],
        ExceptionClass::IllegalArgument => {
            runtime!["org.apache.spark.SparkIllegalArgumentException", "java.lang.IllegalArgumentException"]
        }
        ExceptionClass::Python => runtime!["org.apache.spark.api.python.PythonException"],
        ExceptionClass::UnsupportedOperation => {
            runtime!["org.apache.spark.SparkUnsupportedOperationException", "java.lang.UnsupportedOperationException"]
        }
        ExceptionClass::Arithmetic => {
            runtime!["org.apache.spark.SparkArithmeticException", "java.lang.ArithmeticException"]
        }
        ExceptionClass::NumberFormat => runtime![
            "org.apache.spark.SparkNumberFormatException",
            "java.lang.NumberFormatException",
            "java.lang.IllegalArgumentException"
        ],
        ExceptionClass::DateTime => runtime!["org.apache.spark.SparkDateTimeException", "java.time.DateTimeException"],
        ExceptionClass::SparkRuntime => runtime!["org.apache.spark.SparkRuntimeException"],
        ExceptionClass::ArrayIndexOutOfBounds => runtime![
            "org.apache.spark.SparkArrayIndexOutOfBoundsException",
            "java.lang.ArrayIndexOutOfBoundsException",
            "java.lang.IndexOutOfBoundsException"
        ],
        ExceptionClass::Spark => {
            &["org.apache.spark.SparkException", "java.lang.Exception", "java.lang.Throwable", "java.lang.Object"]
        }
    }
}
