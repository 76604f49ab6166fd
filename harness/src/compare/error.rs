//! Errors, field by field.

use super::{ErrorDifference, ErrorField};
use crate::observation::ErrorObservation;

pub(super) struct ErrorComparison {
    /// Whether the candidate need not agree: the reference failed inside the JVM.
    pub(super) equivalent: bool,
    pub(super) differences: Vec<ErrorDifference>,
}

/// Exceptions that show a failure of the JVM, which no engine without one can raise.
fn is_jvm(error: &ErrorObservation) -> bool {
    matches!(error.exception.as_str(), "Py4JJavaError" | "Py4JError")
}

/// The condition of a failure that Spark itself calls a bug of its own: it says no more than that the JVM failed.
const INTERNAL_ERROR: &str = "INTERNAL_ERROR";

/// How an exception of Java's own reaches a client of Spark Connect, which has no class for it: from planning, and from a task.
const JAVA_OVER_CONNECT: [(&str, &str); 2] =
    [("UnknownException", "(java."), ("SparkException", "Job aborted due to stage failure: java.")];

/// Whether the failure is one of the JVM's insides, about which there is nothing to agree but that it fails.
fn is_inside_jvm(error: &ErrorObservation) -> bool {
    let over_connect = || {
        JAVA_OVER_CONNECT
            .iter()
            .any(|(exception, message)| error.exception == *exception && error.message.starts_with(message))
    };
    // Where there is no condition, PySpark 4.0's client of Spark Connect says an empty text.
    match error.condition.as_deref().filter(|condition| !condition.is_empty()) {
        None => is_jvm(error) || over_connect(),
        Some(condition) => is_jvm(error) && condition == INTERNAL_ERROR,
    }
}

pub(super) fn compare(reference: &ErrorObservation, candidate: &ErrorObservation) -> ErrorComparison {
    let mut differences = Vec::new();
    let mut check = |field: ErrorField, reference: Option<&str>, candidate: Option<&str>| {
        if reference != candidate {
            let (reference, candidate) = (reference.map(str::to_owned), candidate.map(str::to_owned));
            differences.push(ErrorDifference { field, reference, candidate });
        }
    };
    check(ErrorField::Phase, Some(&reference.phase), Some(&candidate.phase));
    // A condition that only Py4J carries has no class of its own: there is no JVM to leak.
    if !(is_jvm(reference) && reference.condition.is_some()) {
        check(ErrorField::Exception, Some(&reference.exception), Some(&candidate.exception));
    }
    check(ErrorField::Condition, reference.condition.as_deref(), candidate.condition.as_deref());
    check(ErrorField::Sqlstate, reference.sqlstate.as_deref(), candidate.sqlstate.as_deref());
    let names: std::collections::BTreeSet<&String> =
        reference.parameters.keys().chain(candidate.parameters.keys()).collect();
    for name in names {
        let of = |error: &'_ ErrorObservation| error.parameters.get(name).cloned();
        check(ErrorField::Parameter(name.clone()), of(reference).as_deref(), of(candidate).as_deref());
    }
    check(ErrorField::Message, Some(&reference.message), Some(&candidate.message));
    let kind = |error: &ErrorObservation| error.python.as_ref().map(|python| python.kind.clone());
    check(ErrorField::PythonType, kind(reference).as_deref(), kind(candidate).as_deref());
    let text = |error: &ErrorObservation| error.python.as_ref().map(|python| python.message.clone());
    check(ErrorField::PythonMessage, text(reference).as_deref(), text(candidate).as_deref());

    let phases_agree = reference.phase == candidate.phase || (reference.phase == "plan" && candidate.phase == "read");
    let clear = !candidate.message.trim().is_empty();
    let equivalent = is_inside_jvm(reference) && phases_agree && clear;
    ErrorComparison { equivalent, differences }
}
