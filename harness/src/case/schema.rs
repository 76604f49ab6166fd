//! The JSON Schema of case files, for completion in editors.

use super::file::CaseFile;

/// The schema, generated from the types that read the files.
pub fn json_schema() -> serde_json::Value {
    schemars::schema_for!(CaseFile).to_value()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use std::path::Path;

    #[test]
    fn the_committed_schema_is_current() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/case.schema.json");
        let current = format!("{}\n", serde_json::to_string_pretty(&super::json_schema()).unwrap());
        if std::env::var_os("SEATRIAL_UPDATE_SCHEMA").is_some() {
            std::fs::write(&file, &current).unwrap();
        }
        let committed = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(
            committed == current,
            "harness/schema/case.schema.json is not current; write it with\n    \
             SEATRIAL_UPDATE_SCHEMA=1 cargo test -p seatrial --lib case::schema"
        );
    }
}
