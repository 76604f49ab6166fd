//! The one comparator: decides whether a candidate answered as the reference did, and builds the difference tree.
//!
//! Renderers show the tree; none of them compares anything itself.

mod calls;
mod error;
mod rows;
mod schema;

use std::collections::BTreeSet;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::observation::{Call, Observation, Value};

/// How well the candidate's answer agrees with the reference's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// The same in everything that is compared.
    Exact,
    /// The reference failed inside the JVM without an error condition, and the candidate failed too, clearly.
    Equivalent,
    /// Anything else.
    Divergent,
}

/// Why an answer diverges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Reason {
    /// One failed, the other did not.
    #[serde(rename = "outcome")]
    Outcome,
    /// Column names, types or metadata.
    #[serde(rename = "schema")]
    Schema,
    /// Only whether something may be null.
    #[serde(rename = "nullability")]
    Nullability,
    /// Other rows.
    #[serde(rename = "values")]
    Values,
    /// The same rows in another order, where the order counts.
    #[serde(rename = "order")]
    Order,
    /// Condition or SQLSTATE.
    #[serde(rename = "error condition")]
    ErrorCondition,
    /// The message, the Python exception's type and text included.
    #[serde(rename = "error message")]
    ErrorMessage,
    /// The message parameters.
    #[serde(rename = "error parameters")]
    ErrorParameters,
    /// The exception class.
    #[serde(rename = "exception")]
    Exception,
    /// Where the error arose.
    #[serde(rename = "phase")]
    Phase,
    /// What the source recorded of its callbacks.
    #[serde(rename = "calls")]
    Calls,
    /// The number of partitions.
    #[serde(rename = "partitions")]
    Partitions,
}

/// What the comparison may disregard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// Whether the order of rows counts.
    pub ordered: bool,
}

/// The comparator's judgement.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The verdict.
    pub verdict: Verdict,
    /// What differs; for `Equivalent`, what was disregarded.
    pub differences: Vec<Difference>,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Difference {
    /// One failed, the other did not.
    Outcome {
        /// What the reference did.
        reference: Outcome,
        /// What the candidate did.
        candidate: Outcome,
    },
    /// A difference of schemas.
    Schema(SchemaDifference),
    /// A difference of rows.
    Rows(RowsDifference),
    /// A field of the error that differs.
    Error(ErrorDifference),
    /// Recorded calls of one callback.
    Calls(CallsDifference),
    /// The number of partitions.
    Partitions {
        /// The reference's.
        reference: Option<u64>,
        /// The candidate's.
        candidate: Option<u64>,
    },
}

/// How a case ended, in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It returned so many rows.
    Rows(usize),
    /// It failed: phase, exception class, first line of the message.
    Error {
        /// Where.
        phase: String,
        /// The class.
        exception: String,
        /// What it said.
        message: String,
    },
    /// It neither returned rows nor failed.
    Nothing,
}

/// A difference of schemas at one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SchemaDifference {
    /// Where: `name`, `tags.element`, or empty for the whole schema.
    pub path: String,
    /// What differs there.
    pub kind: SchemaDifferenceKind,
    /// The reference's, as text; `None` where it has none.
    pub reference: Option<String>,
    /// The candidate's, as text.
    pub candidate: Option<String>,
}

/// What of a field differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SchemaDifferenceKind {
    /// The whole schema is there on one side only.
    Presence,
    /// A field is there on one side only.
    Field,
    /// The name.
    Name,
    /// The type.
    Type,
    /// Whether it may be null.
    Nullability,
    /// The metadata.
    Metadata,
}

/// Rows that differ.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct RowsDifference {
    /// Column names, for display.
    pub columns: Vec<String>,
    /// Rows of both sides that most likely belong together, with the cells that differ.
    pub changed: Vec<ChangedRow>,
    /// Rows only the reference has.
    pub missing: Vec<Vec<Value>>,
    /// Rows only the candidate has.
    pub unexpected: Vec<Vec<Value>>,
    /// The same rows, but in another order, and the order counts: the first index that differs.
    pub reordered_at: Option<usize>,
}

/// Two rows that most likely belong together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ChangedRow {
    /// The reference's.
    pub reference: Vec<Value>,
    /// The candidate's.
    pub candidate: Vec<Value>,
    /// Indices of the cells that differ.
    pub cells: Vec<usize>,
}

/// A field of the error that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ErrorDifference {
    /// Which field.
    pub field: ErrorField,
    /// The reference's, as text; `None` where it has none.
    pub reference: Option<String>,
    /// The candidate's.
    pub candidate: Option<String>,
}

/// A field of an error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorField {
    /// The phase.
    Phase,
    /// The exception class.
    Exception,
    /// The condition.
    Condition,
    /// The SQLSTATE.
    Sqlstate,
    /// One message parameter.
    Parameter(String),
    /// The message.
    Message,
    /// The Python exception's type.
    PythonType,
    /// The Python exception's text.
    PythonMessage,
}

/// Recorded calls of one callback that differ.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CallsDifference {
    /// The callback; empty where the order among callbacks differs.
    pub call: String,
    /// The reference's calls.
    pub reference: Vec<Call>,
    /// The candidate's calls.
    pub candidate: Vec<Call>,
}

impl Comparison {
    /// Why the candidate diverges, each reason once; for `Equivalent`, what was disregarded.
    pub fn reasons(&self) -> BTreeSet<Reason> {
        reasons(&self.differences)
    }
}

/// Of what kinds differences are, each once.
pub fn reasons(differences: &[Difference]) -> BTreeSet<Reason> {
    differences.iter().flat_map(Difference::reasons).collect()
}

impl Difference {
    fn reasons(&self) -> BTreeSet<Reason> {
        match self {
            Self::Outcome { .. } => [Reason::Outcome].into(),
            Self::Schema(difference) if difference.kind == SchemaDifferenceKind::Nullability => {
                [Reason::Nullability].into()
            }
            Self::Schema(_) => [Reason::Schema].into(),
            Self::Rows(rows) => {
                let other = !(rows.changed.is_empty() && rows.missing.is_empty() && rows.unexpected.is_empty());
                let values = other.then_some(Reason::Values);
                values.into_iter().chain(rows.reordered_at.map(|_| Reason::Order)).collect()
            }
            Self::Error(difference) => [match difference.field {
                ErrorField::Phase => Reason::Phase,
                ErrorField::Exception => Reason::Exception,
                ErrorField::Condition | ErrorField::Sqlstate => Reason::ErrorCondition,
                ErrorField::Parameter(_) => Reason::ErrorParameters,
                ErrorField::Message | ErrorField::PythonType | ErrorField::PythonMessage => Reason::ErrorMessage,
            }]
            .into(),
            Self::Calls(_) => [Reason::Calls].into(),
            Self::Partitions { .. } => [Reason::Partitions].into(),
        }
    }
}

impl Reason {
    /// All of them, in the order in which reports list them.
    pub const ALL: [Self; 12] = [
        Self::Outcome,
        Self::Schema,
        Self::Nullability,
        Self::Values,
        Self::Order,
        Self::ErrorCondition,
        Self::ErrorMessage,
        Self::ErrorParameters,
        Self::Exception,
        Self::Phase,
        Self::Calls,
        Self::Partitions,
    ];

    /// As reports name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Outcome => "outcome",
            Self::Schema => "schema",
            Self::Nullability => "nullability",
            Self::Values => "values",
            Self::Order => "order",
            Self::ErrorCondition => "error condition",
            Self::ErrorMessage => "error message",
            Self::ErrorParameters => "error parameters",
            Self::Exception => "exception",
            Self::Phase => "phase",
            Self::Calls => "calls",
            Self::Partitions => "partitions",
        }
    }

    /// What it says of an answer, in a sentence.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Outcome => "One side failed and the other did not.",
            Self::Schema => "Names, types or metadata of the result's columns differ.",
            Self::Nullability => "The columns are the same but for whether they may hold nulls.",
            Self::Values => "The rows differ: some are missing, some are unexpected, or cells of them differ.",
            Self::Order => {
                "The same rows came in another order, in a case that says the order counts (`ordered: true`)."
            }
            Self::ErrorCondition => "Both failed, and the error's condition or SQLSTATE differs.",
            Self::ErrorMessage => {
                "Both failed, and the message differs, or the type or text of the Python exception behind it. Tracebacks, \
                 addresses and temporary paths are reduced on both sides before."
            }
            Self::ErrorParameters => "Both failed, and the error's message parameters differ.",
            Self::Exception => "Both failed, and a user would catch another exception class.",
            Self::Phase => "Both failed, but not in the same phase: register, load, plan or read.",
            Self::Calls => "The source was called otherwise: other callbacks, another order, or other arguments.",
            Self::Partitions => "The result has another number of partitions.",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Compares a candidate's answer with the reference's.
pub fn compare(reference: &Observation, candidate: &Observation, options: Options) -> Comparison {
    let mut differences = Vec::new();
    let mut equivalent = false;
    match (&reference.error, &candidate.error) {
        (Some(expected), Some(actual)) => {
            let errors = error::compare(expected, actual);
            equivalent = errors.equivalent;
            differences.extend(errors.differences.into_iter().map(Difference::Error));
        }
        (None, None) => {}
        _ => differences.push(Difference::Outcome { reference: outcome(reference), candidate: outcome(candidate) }),
    }
    // Where the JVM failed in planning, the candidate may fail later, and so know a schema that the reference does not.
    let later = equivalent && reference.schema.is_none();
    if !later {
        differences
            .extend(schema::compare(reference.schema.as_ref(), candidate.schema.as_ref()).map(Difference::Schema));
    }
    match (&reference.rows, &candidate.rows) {
        (Some(expected), Some(actual)) => {
            let columns = reference.schema.iter().flat_map(|schema| &schema.fields).map(|field| field.name.clone());
            differences
                .extend(rows::compare(expected, actual, columns.collect(), options.ordered).map(Difference::Rows));
        }
        (None, None) => {}
        // With an error on one side only, that says it all; else one side neither failed nor returned rows.
        _ if reference.error.is_some() != candidate.error.is_some() => {}
        _ => differences.push(Difference::Outcome { reference: outcome(reference), candidate: outcome(candidate) }),
    }
    differences.extend(calls::compare(&reference.calls, &candidate.calls).map(Difference::Calls));
    if reference.partitions != candidate.partitions {
        let (reference, candidate) = (reference.partitions, candidate.partitions);
        differences.push(Difference::Partitions { reference, candidate });
    }
    let only_errors = differences.iter().all(|difference| matches!(difference, Difference::Error(_)));
    let verdict = match (differences.is_empty(), equivalent && only_errors) {
        (true, _) => Verdict::Exact,
        (false, true) => Verdict::Equivalent,
        (false, false) => Verdict::Divergent,
    };
    Comparison { verdict, differences }
}

fn outcome(observation: &Observation) -> Outcome {
    match (&observation.error, &observation.rows) {
        (Some(error), _) => {
            Outcome::Error { phase: error.phase.clone(), exception: error.exception.clone(), message: error.headline() }
        }
        (None, Some(rows)) => Outcome::Rows(rows.len()),
        (None, None) => Outcome::Nothing,
    }
}

#[cfg(test)]
mod tests;
