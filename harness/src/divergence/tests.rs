#![expect(clippy::unwrap_used, reason = "a test may panic")]
//! Pins hold, become needless, change, or are overdue; and their file reads back.

use std::path::Path;

use rstest::rstest;
use serde_json::json;

use super::*;

fn answer(value: i32) -> Observation {
    Observation::from_json(&json!({
        "schema": {"type": "struct", "fields": [{"name": "id", "type": "integer", "nullable": true, "metadata": {}}]},
        "rows": [[value]]
    }))
    .unwrap()
}

fn failure() -> Observation {
    let error = json!({"phase": "read", "exception": "PythonException", "message": "a\nb"});
    Observation::from_json(&json!({ "error": error })).unwrap()
}

fn pinned(name: &str, versions: &[SparkMinor], actual: Observation) -> Divergence {
    Divergence {
        case: CaseId::new("read/x", name),
        versions: versions.iter().copied().collect(),
        actual: Actual::Answer { reasons: [Reason::Values].into(), observation: Box::new(actual) },
        kind: Kind::Ours,
        reason: "rows are lost".to_owned(),
        review_by: "2027-05-01".parse().unwrap(),
    }
}

fn unsupported(name: &str, reason: &str) -> Divergence {
    Divergence { actual: Actual::Unsupported { reason: reason.to_owned() }, ..pinned(name, &[V42], answer(0)) }
}

#[rstest]
#[case("no", "2027-05-01", "Holds")]
#[case("no", "2027-05-02", "Overdue")]
#[case("never", "2027-05-01", "Other")]
fn what_is_unsupported_is_pinned_with_its_reason(#[case] now: &str, #[case] today: &str, #[case] expected: &str) {
    let judgement = unsupported("a", "no").judge_unsupported(now, today.parse().unwrap());
    assert!(format!("{judgement:?}").starts_with(expected), "{judgement:?}");
}

#[test]
fn an_answer_where_there_was_none_is_another_divergence_or_none() {
    let judge = |actual: &Observation| {
        let comparison = compare::compare(&answer(1), actual, compare::Options::default());
        unsupported("a", "no").judge(&comparison, actual, false, "2027-05-01".parse().unwrap())
    };
    assert_eq!((judge(&answer(1)), judge(&answer(2))), (Judgement::Needless, Judgement::Other));
    let gone = pinned("a", &[V42], answer(2)).judge_unsupported("no", "2027-05-01".parse().unwrap());
    assert_eq!(gone, Judgement::Other);
}

const V40: SparkMinor = SparkMinor::new(4, 0);
const V42: SparkMinor = SparkMinor::new(4, 2);

#[rstest]
#[case(answer(2), "2027-05-01", "Holds")]
#[case(answer(2), "2027-05-02", "Overdue")]
#[case(answer(3), "2027-05-02", "Changed")]
#[case(failure(), "2026-01-01", "Changed")]
#[case(answer(1), "2027-05-02", "Needless")]
fn pins_are_judged(#[case] actual: Observation, #[case] today: &str, #[case] expected: &str) {
    let comparison = compare::compare(&answer(1), &actual, compare::Options::default());
    let judgement = pinned("a", &[V42], answer(2)).judge(&comparison, &actual, false, today.parse().unwrap());
    assert!(format!("{judgement:?}").starts_with(expected), "{judgement:?}");
}

#[test]
fn the_file_is_canonical_and_reads_back() {
    let mut divergences = Divergences::default();
    divergences.pin(pinned("b", &[V42], failure()));
    divergences.pin(pinned("a", &[V42], answer(2)));
    divergences.pin(pinned("a", &[V40], answer(2)));
    divergences.pin(unsupported("c", "no \"streams\""));
    insta::assert_snapshot!(divergences.to_yaml(), @r#"
    format: 1
    divergences:
      - case: "read/x::a"
        versions: ["4.0", "4.2"]
        kind: ours
        reason: "rows are lost"
        review_by: 2027-05-01
        verdict: {divergent: [values]}
        actual:
          schema:
            - {name: "id", type: "integer", nullable: true, metadata: {}}
          rows:
            - [2]
      - case: "read/x::b"
        versions: ["4.2"]
        kind: ours
        reason: "rows are lost"
        review_by: 2027-05-01
        verdict: {divergent: [values]}
        actual:
          error:
            phase: "read"
            exception: "PythonException"
            message: |-
              a
              b
      - case: "read/x::c"
        versions: ["4.2"]
        kind: ours
        reason: "rows are lost"
        review_by: 2027-05-01
        verdict: {unsupported: "no \"streams\""}
    "#);
    assert_eq!(Divergences::from_yaml(Path::new("x"), &divergences.to_yaml()).unwrap(), divergences);
    let empty = Divergences::default();
    assert_eq!(Divergences::from_yaml(Path::new("x"), &empty.to_yaml()).unwrap(), empty);
}

#[test]
fn a_new_pin_replaces_the_old_one_for_its_versions() {
    let mut divergences = Divergences::default();
    divergences.pin(pinned("a", &[V40, V42], answer(2)));
    divergences.pin(pinned("a", &[V42], answer(3)));
    let id = CaseId::new("read/x", "a");
    assert_eq!(divergences.lookup(V40, &id).unwrap().actual, pinned("a", &[], answer(2)).actual);
    assert_eq!(divergences.lookup(V42, &id).unwrap().actual, pinned("a", &[], answer(3)).actual);
    divergences.unpin(V42, &id);
    assert_eq!(divergences.lookup(V42, &id), None);
    assert_eq!(divergences.entries().len(), 1);
}

#[test]
fn every_problem_of_the_file_is_told() {
    let text = r#"format: 1
divergences:
  - {case: "read/x::a", versions: ["4.2"], verdict: {divergent: [value]}, kind: our, reason: r, review_by: soon, actual: {}}
  - {case: "read/x::a", versions: [], verdict: {divergent: [value]}, kind: ours, reason: "", review_by: soon, actual: {}}
  - {case: "read/x::b", versions: ["4.2"], verdict: {divergent: []}, kind: ours, reason: r, review_by: 2027-01-01, actual: {rows: []}}
  - {case: "read/x::c", versions: ["4.2"], verdict: {divergent: []}, kind: ours, reason: r, review_by: 2027-01-01, actual: {}}
  - {case: "read/x::c", versions: ["4.2"], verdict: {divergent: []}, kind: ours, reason: r, review_by: 2027-01-01, actual: {}}
  - {case: "read/x::d", versions: ["4.2"], verdict: {divergent: []}, kind: ours, reason: r, review_by: 2027-01-01}
  - {case: "read/x::e", versions: ["4.2"], verdict: {unsupported: no}, kind: ours, reason: r, review_by: 2027-01-01, actual: {}}
"#;
    let problems = Divergences::from_yaml(Path::new("engine.yaml"), text).unwrap_err();
    let lines: Vec<String> =
        problems.iter().map(|problem| format!("{}:{} {}", problem.line, problem.column, problem.message)).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    3:81 `our` is not known here
    4:35 a divergence names the Spark versions that it is about
    4:61 `value` is no reason of a divergence
    4:90 the reason is empty
    4:105 'soon' is not a day such as 2027-05-01
    5:131 rows: there are rows but no schema
    7:12 the case is pinned for 4.2 already
    8:12 the answer that diverges is missing: `actual`
    9:126 what is unsupported has no answer
    ");
}
