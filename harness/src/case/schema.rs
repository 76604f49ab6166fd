//! The JSON Schema of case files, for completion in editors.

use super::file::CaseFile;

/// The schema, generated from the types that read the files.
pub fn json_schema() -> serde_json::Value {
    schemars::schema_for!(CaseFile).to_value()
}
