//! SARIF 2.1.0, which code scanning services read: a rule for each way in which a case is not as it should be, a result at
//! the line of each such case. Pinned divergences are results too, suppressed with their reason.

use serde_json::{Value, json};

use crate::run::Status;

use super::human;
use super::model::{CaseResult, Run};
use super::style::Style;

/// Where the format is defined.
const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The run as SARIF.
///
/// # Errors
///
/// Never, but for a mistake of ours.
pub fn render(run: &Run) -> Result<String, serde_json::Error> {
    let rules: Vec<Status> = Status::ALL.into_iter().filter(|status| !status.conforms()).collect();
    let results: Vec<Value> = run
        .cases
        .iter()
        .filter_map(|case| Some(result(case, run, rules.iter().position(|r| *r == case.status)?)))
        .collect();
    let notifications: Vec<Value> =
        run.header.problems.iter().map(|problem| json!({ "level": "error", "message": { "text": problem } })).collect();
    let sarif = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "seatrial",
                "semanticVersion": run.header.seatrial,
                "rules": rules.iter().map(|status| rule(*status)).collect::<Vec<_>>(),
            }},
            "automationDetails": { "id": format!("seatrial/{}/{}/", run.header.target, run.header.spark) },
            "columnKind": "unicodeCodePoints",
            "invocations": [{
                "executionSuccessful": run.footer.infrastructure == 0 && run.header.problems.is_empty(),
                "exitCode": run.footer.exit_code,
                "startTimeUtc": run.header.started,
                "toolExecutionNotifications": notifications,
            }],
            "results": results,
        }],
    });
    Ok(serde_json::to_string_pretty(&sarif)? + "\n")
}

fn rule(status: Status) -> Value {
    let (text, help) = match status {
        Status::Pinned => ("A known divergence", "It is pinned with a reason and a day to look again."),
        Status::Divergent => ("An unknown divergence", "Mend the candidate, or pin the answer with `seatrial pin`."),
        Status::Unsupported => ("The candidate cannot do this", "Mend the candidate, or pin it with `seatrial pin`."),
        Status::Infrastructure => ("There is no answer", "The target failed, which says nothing about conformance."),
        Status::StalePin => ("A pin is stale", "Remove it with `seatrial unpin`, or pin the new answer."),
        Status::OverduePin => ("A pin is overdue", "Look at the divergence again, then pin it anew."),
        Status::StaleGolden => ("A golden is stale", "The case changed: record it with `seatrial record`."),
        Status::MissingGolden => ("A golden is missing", "Record the case with `seatrial record`."),
        Status::Exact | Status::Equivalent => ("The answer conforms", "There is nothing to do."),
    };
    json!({
        "id": status.name(),
        "name": status.name(),
        "shortDescription": { "text": text },
        "help": { "text": help },
        "defaultConfiguration": { "level": level(status) },
    })
}

fn level(status: Status) -> &'static str {
    match status {
        Status::Exact | Status::Equivalent => "none",
        Status::Pinned => "note",
        Status::Infrastructure => "warning",
        _ => "error",
    }
}

fn result(case: &CaseResult, run: &Run, rule: usize) -> Value {
    let sides = run.sides(case.spark);
    let text = match (case.status, &case.pin) {
        (Status::Pinned, Some(pin)) => format!("{}: pinned as {}: {}", case.id, pin.kind, pin.reason),
        _ => format!("{}\n{}  rerun: {}", case.id, human::explanation(case, &sides, Style::PLAIN), case.rerun),
    };
    let mut result = json!({
        "ruleId": case.status.name(),
        "ruleIndex": rule,
        "level": level(case.status),
        "message": { "text": text },
        "locations": [{
            "physicalLocation": {
                "artifactLocation": { "uri": uri(&case.file) },
                "region": { "startLine": case.line },
            },
            "logicalLocations": [{ "fullyQualifiedName": case.id.to_string(), "kind": "member" }],
        }],
        "partialFingerprints": { "case/v1": format!("{} spark {}", case.id, case.spark) },
    });
    if let (Status::Pinned, Some(pin)) = (case.status, &case.pin) {
        let justification = format!("{}; review by {}", pin.reason, pin.review_by);
        result["suppressions"] = json!([{ "kind": "external", "justification": justification }]);
    }
    result
}

/// A relative reference: what a URI cannot hold is escaped.
fn uri(path: &str) -> String {
    let mut uri = String::new();
    for byte in path.replace('\\', "/").bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(char::from(byte)),
            _ => uri += &format!("%{byte:02X}"),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;
    use crate::report::testing;

    /// What the specification demands of each object that is used, and its closed sets of words.
    #[test]
    fn the_fields_that_the_specification_requires_are_there() {
        let run = testing::run();
        let sarif: Value = serde_json::from_str(&render(&run).unwrap()).unwrap();
        assert_eq!(sarif["version"], "2.1.0");
        let scan = &sarif["runs"].as_array().unwrap()[0];
        let driver = &scan["tool"]["driver"];
        assert!(driver["name"].is_string());
        let rules = driver["rules"].as_array().unwrap();
        for rule in rules {
            assert!(rule["id"].is_string() && rule["shortDescription"]["text"].is_string());
        }
        assert!(scan["invocations"][0]["executionSuccessful"].is_boolean());
        assert_eq!(scan["columnKind"], "unicodeCodePoints");
        let results = scan["results"].as_array().unwrap();
        assert_eq!(results.len(), run.cases.iter().filter(|case| !case.status.conforms()).count());
        let mut fingerprints = std::collections::BTreeSet::new();
        for result in results {
            assert!(!result["message"]["text"].as_str().unwrap().is_empty());
            let rule = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(rules[rule]["id"], result["ruleId"]);
            assert!(["none", "note", "warning", "error"].contains(&result["level"].as_str().unwrap()));
            let place = &result["locations"][0]["physicalLocation"];
            let uri = place["artifactLocation"]["uri"].as_str().unwrap();
            assert!(uri.is_ascii() && !uri.contains([' ', '"', '<', '>', '\\']), "{uri}");
            assert!(place["region"]["startLine"].as_u64().unwrap() >= 1);
            assert!(fingerprints.insert(result["partialFingerprints"]["case/v1"].to_string()));
            let suppressed = result.get("suppressions").is_some();
            assert_eq!(suppressed, result["ruleId"] == "pinned");
            if suppressed {
                assert!(["inSource", "external"].contains(&result["suppressions"][0]["kind"].as_str().unwrap()));
            }
        }
    }
}
