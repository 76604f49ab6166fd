//! The JSON that shields.io makes a badge of (its endpoint format, schema version 1).

use serde_json::json;

use crate::run::Status;
use crate::scoreboard::percent;

use super::model::Run;

/// The badge: how much conforms, or that something is not as it should be.
///
/// # Errors
///
/// Never, but for a mistake of ours.
pub fn render(run: &Run) -> Result<String, serde_json::Error> {
    let counts = run.counts();
    let failing = run.failures().filter(|case| case.status != Status::Infrastructure).count();
    let broken = counts.get(Status::Infrastructure);
    let conforming = percent(counts.conforming(), counts.total());
    let (message, color) = match (failing, broken) {
        (0, 0) if counts.conforming() == counts.total() => ("100 %".to_owned(), "brightgreen"),
        (0, 0) => (conforming, "green"),
        (0, broken) => (format!("{broken} without an answer"), "lightgrey"),
        (failing, _) => (format!("{conforming}, {failing} failing"), "red"),
    };
    let label = format!("PySpark {}", run.version_range());
    let badge = json!({ "schemaVersion": 1, "label": label, "message": message, "color": color });
    Ok(serde_json::to_string_pretty(&badge)? + "\n")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use rstest::rstest;

    use super::*;
    use crate::report::testing;

    #[rstest]
    #[case(&[Status::Exact], "100 %", "brightgreen")]
    #[case(&[Status::Exact, Status::Equivalent, Status::Pinned], "66.6 %", "green")]
    #[case(&[Status::Exact, Status::Infrastructure], "1 without an answer", "lightgrey")]
    #[case(&[Status::Exact, Status::Divergent], "50.0 %, 1 failing", "red")]
    fn the_badge_says_how_much_conforms(#[case] statuses: &[Status], #[case] message: &str, #[case] color: &str) {
        let mut run = testing::run();
        run.cases.retain(|case| statuses.contains(&case.status));
        run.cases.sort_by_key(|case| case.status);
        run.cases.dedup_by_key(|case| case.status);
        let json: serde_json::Value = serde_json::from_str(&render(&run).unwrap()).unwrap();
        assert_eq!((json["message"].as_str(), json["color"].as_str()), (Some(message), Some(color)));
        assert_eq!((json["schemaVersion"].as_u64(), json["label"].as_str()), (Some(1), Some("PySpark 4.1, 4.2")));
    }
}
