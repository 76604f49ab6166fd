//! The form of an observation in the runner protocol, for its JSON Schema.
//!
//! [`Observation::from_json`](super::Observation::from_json) decodes it, since what a cell may be depends on the schema
//! beside it; a test holds the two together.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

/// What a target did with a case, its errors included. Whatever does not apply is null or left out.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Observation")]
#[expect(dead_code, reason = "the schema is made of it; what decodes needs the schema of the rows")]
pub(crate) struct ObservationForm {
    /// The result's schema in Spark's JSON form: `{"type": "struct", "fields": […]}`. There is one as soon as analysis succeeded.
    #[serde(default)]
    schema: Option<Value>,
    /// The rows, each a list of canonical values in the order of the schema: `docs/runner-protocol.md` has them by type.
    #[serde(default)]
    rows: Option<Vec<Vec<Value>>>,
    /// The error that the user of the target sees.
    #[serde(default)]
    error: Option<ErrorForm>,
    /// The calls of the source that the case asks for, in order; `call` is the callback's name, the rest what it recorded.
    #[serde(default)]
    calls: Option<Vec<CallForm>>,
    /// The number of partitions, if the case asks for it.
    #[serde(default)]
    partitions: Option<u64>,
}

/// An error as the user of the target sees it. Texts are sent as they are: the harness reduces tracebacks.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Error")]
#[expect(dead_code, reason = "the schema is made of it")]
struct ErrorForm {
    /// When it came: `register`, `load`, `plan` or `read`.
    phase: String,
    /// The plain name of the exception's class in PySpark: `AnalysisException`.
    exception: String,
    /// Spark's error condition.
    #[serde(default)]
    condition: Option<String>,
    /// Five characters.
    #[serde(default)]
    sqlstate: Option<String>,
    /// The condition's parameters.
    #[serde(default)]
    parameters: Option<BTreeMap<String, String>>,
    /// The whole text.
    message: String,
    /// What failed in the JVM, where the exception is a bare `Py4JJavaError`.
    #[serde(default)]
    jvm: Option<JvmForm>,
    /// The Python exception behind it. A runner leaves it out: the harness takes it from the message's traceback.
    #[serde(default)]
    python: Option<PythonForm>,
}

/// A Java exception.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "JvmError")]
#[expect(dead_code, reason = "the schema is made of it")]
struct JvmForm {
    /// Its class.
    class: String,
    /// The innermost cause, as `class: message`.
    root: String,
}

/// A Python exception.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "PythonError")]
#[expect(dead_code, reason = "the schema is made of it")]
struct PythonForm {
    /// Its qualified class name.
    #[serde(rename = "type")]
    kind: String,
    /// Its text.
    message: String,
}

/// A recorded call.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "Call")]
#[expect(dead_code, reason = "the schema is made of it")]
struct CallForm {
    /// The callback's name.
    call: String,
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use std::path::Path;

    use super::*;
    use crate::case::load;
    use crate::golden::{GoldenLookup, GoldenStore};

    #[test]
    fn every_golden_has_the_form() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let goldens = GoldenStore::open(&root.join("golden")).unwrap();
        let suite = load(&root.join("cases"));
        let mut seen = 0;
        for version in goldens.versions() {
            for case in &suite.cases {
                let GoldenLookup::Found { observation, .. } = goldens.lookup(version, case) else { continue };
                let form: Result<ObservationForm, _> = serde_json::from_value(observation.to_json());
                assert!(form.is_ok(), "{}: {form:?}", case.id);
                seen += 1;
            }
        }
        assert!(seen > 1000, "{seen}");
    }
}
