//! `seatrial schema`: the JSON Schemas of what the program reads and writes, generated from the types that do it.

use super::arguments::SchemaOf;
use super::context;
use super::exit::Exit;

/// Runs the command.
pub(crate) fn run(of: SchemaOf) -> anyhow::Result<Exit> {
    context::print(&text(of)?)?;
    Ok(Exit::Ok)
}

fn text(of: SchemaOf) -> anyhow::Result<String> {
    let schema = match of {
        SchemaOf::Case => crate::case::json_schema(),
        SchemaOf::Report => crate::report::json::schema(),
        SchemaOf::Messages => crate::target::protocol::messages_schema(),
        SchemaOf::Answers => crate::target::protocol::answers_schema(),
    };
    Ok(serde_json::to_string_pretty(&schema)? + "\n")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use std::path::Path;

    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::case(SchemaOf::Case, "case")]
    #[case::report(SchemaOf::Report, "report")]
    #[case::messages(SchemaOf::Messages, "protocol-messages")]
    #[case::answers(SchemaOf::Answers, "protocol-answers")]
    fn the_committed_schema_is_current(#[case] of: SchemaOf, #[case] name: &str) {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("schema/{name}.schema.json"));
        let current = text(of).unwrap();
        if std::env::var_os("SEATRIAL_UPDATE_SCHEMA").is_some() {
            std::fs::write(&file, &current).unwrap();
        }
        let committed = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(
            committed == current,
            "harness/schema/{name}.schema.json is not current; write it with\n    \
             SEATRIAL_UPDATE_SCHEMA=1 cargo test -p seatrial --lib cli::schema"
        );
    }
}
