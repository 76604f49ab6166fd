#![expect(clippy::unwrap_used, reason = "a test may panic")]
//! The comparator's verdicts, and what must hold of them for any observation.

use proptest::prelude::*;
use rstest::rstest;
use seatrial_engine::types::StructType;
use serde_json::{Value as Json, json};

use super::*;
use crate::observation::ErrorObservation;

const ORDERED: Options = Options { ordered: true };
const UNORDERED: Options = Options { ordered: false };

fn observed(ddl: &str, rows: Json) -> Observation {
    let schema = StructType::from_ddl(ddl).unwrap().to_json();
    Observation::from_json(&json!({"schema": schema, "rows": rows})).unwrap()
}

fn failed(phase: &str, exception: &str, condition: Option<&str>, message: &str) -> Observation {
    let error = json!({"phase": phase, "exception": exception, "condition": condition, "message": message});
    Observation::from_json(&json!({ "error": error })).unwrap()
}

fn called(calls: Json) -> Observation {
    Observation::from_json(&json!({ "calls": calls })).unwrap()
}

fn judge(reference: &Observation, candidate: &Observation, options: Options) -> (Verdict, Vec<&'static str>) {
    let comparison = compare(reference, candidate, options);
    (comparison.verdict, comparison.reasons().into_iter().map(Reason::name).collect())
}

#[rstest]
#[case("a int", "a bigint", &["schema"])]
#[case("a int", "b int", &["schema"])]
#[case("a int", "a int, b int", &["schema"])]
#[case("a int", "a int not null", &["nullability"])]
#[case("a int", "a int comment 'x'", &["schema"])]
#[case("a array<struct<x:int>>", "a array<struct<x:int not null>>", &["nullability"])]
#[case("a map<string,int>", "a map<string,bigint>", &["schema"])]
fn schemas(#[case] reference: &str, #[case] candidate: &str, #[case] reasons: &[&str]) {
    let (left, right) = (observed(reference, json!([])), observed(candidate, json!([])));
    assert_eq!(judge(&left, &right, UNORDERED), (Verdict::Divergent, reasons.to_vec()));
    assert_eq!(judge(&right, &left, UNORDERED), (Verdict::Divergent, reasons.to_vec()));
}

#[test]
fn a_schema_difference_names_its_place() {
    let left = observed("a array<struct<x:int,y:string>>", json!([]));
    let right = observed("a array<struct<x:int,z:string>>", json!([]));
    let comparison = compare(&left, &right, UNORDERED);
    let Difference::Schema(difference) = &comparison.differences[0] else { unreachable!() };
    assert_eq!((difference.path.as_str(), difference.kind), ("a.element.y", SchemaDifferenceKind::Name));
}

#[rstest]
#[case(json!([[1, "a"], [2, "b"]]), json!([[2, "b"], [1, "a"]]), false, &[])]
#[case(json!([[1, "a"], [2, "b"]]), json!([[2, "b"], [1, "a"]]), true, &["order"])]
#[case(json!([[1, "a"], [1, "a"]]), json!([[1, "a"]]), false, &["values"])]
#[case(json!([[1, null]]), json!([[1, ""]]), false, &["values"])]
#[case(json!([[1, "a"]]), json!([]), true, &["values"])]
fn rows(#[case] reference: Json, #[case] candidate: Json, #[case] ordered: bool, #[case] reasons: &[&str]) {
    let (left, right) = (observed("i int, s string", reference), observed("i int, s string", candidate));
    let verdict = if reasons.is_empty() { Verdict::Exact } else { Verdict::Divergent };
    assert_eq!(judge(&left, &right, Options { ordered }), (verdict, reasons.to_vec()));
}

#[test]
fn rows_that_belong_together_are_paired() {
    let left = observed("i int, s string, d double", json!([[1, "a", 1.0], [2, "b", 2.0], [3, "c", 3.0]]));
    let right =
        observed("i int, s string, d double", json!([[3, "c", 3.5], [2, "b", 2.0], [9, "z", 9.0], [1, "x", 1.0]]));
    let comparison = compare(&left, &right, UNORDERED);
    let [Difference::Rows(rows)] = comparison.differences.as_slice() else { unreachable!() };
    let cells: Vec<_> = rows.changed.iter().map(|row| (row.reference[0].clone(), row.cells.clone())).collect();
    assert_eq!(cells, [(Value::Integer(1), vec![1]), (Value::Integer(3), vec![2])]);
    assert_eq!((rows.missing.len(), rows.unexpected.len()), (0, 1));
}

#[test]
fn a_failure_on_one_side_is_another_outcome() {
    let rows = observed("i int", json!([[1]]));
    let error = failed("read", "PythonException", None, "boom\nmore");
    let comparison = compare(&rows, &error, UNORDERED);
    assert_eq!(comparison.verdict, Verdict::Divergent);
    let [Difference::Outcome { reference, candidate }, ..] = comparison.differences.as_slice() else { unreachable!() };
    assert_eq!(reference, &Outcome::Rows(1));
    let message = "boom".to_owned();
    let expected = Outcome::Error { phase: "read".into(), exception: "PythonException".into(), message };
    assert_eq!(candidate, &expected);
}

#[rstest]
#[case("read", "SparkException", None, "boom", &["error message", "exception"], Verdict::Equivalent)]
#[case("read", "SparkRuntimeException", Some("X"), "boom", &["error condition", "error message", "exception"], Verdict::Equivalent)]
#[case("plan", "SparkException", None, "boom", &["error message", "exception", "phase"], Verdict::Divergent)]
#[case("read", "SparkException", None, " ", &["error message", "exception"], Verdict::Divergent)]
fn where_the_jvm_fails_any_clear_error_is_equivalent(
    #[case] phase: &str,
    #[case] exception: &str,
    #[case] condition: Option<&str>,
    #[case] message: &str,
    #[case] reasons: &[&str],
    #[case] verdict: Verdict,
) {
    let reference = failed("read", "Py4JJavaError", None, "java.lang.NullPointerException");
    let candidate = failed(phase, exception, condition, message);
    let (found, mut why) = judge(&reference, &candidate, UNORDERED);
    why.sort_unstable();
    assert_eq!((found, why), (verdict, reasons.to_vec()));
}

#[rstest]
#[case("plan", "UnknownException", None, "(java.lang.NegativeArraySizeException) -2", Verdict::Equivalent)]
#[case("plan", "UnknownException", Some(""), "(java.lang.NegativeArraySizeException) -2", Verdict::Equivalent)]
#[case(
    "read",
    "SparkException",
    None,
    "Job aborted due to stage failure: java.lang.NullPointerException",
    Verdict::Equivalent
)]
#[case("plan", "UnknownException", None, "(org.apache.spark.SparkClassNotFoundException) x", Verdict::Divergent)]
#[case("read", "SparkException", None, "Job aborted due to stage failure: the worker crashed", Verdict::Divergent)]
#[case("plan", "UnknownException", Some("X"), "(java.lang.NegativeArraySizeException) -2", Verdict::Divergent)]
fn over_connect_javas_own_exceptions_are_failures_of_the_jvm(
    #[case] phase: &str,
    #[case] exception: &str,
    #[case] condition: Option<&str>,
    #[case] message: &str,
    #[case] verdict: Verdict,
) {
    let reference = failed(phase, exception, condition, message);
    let candidate = failed(phase, "SparkRuntimeException", None, "boom");
    assert_eq!(judge(&reference, &candidate, UNORDERED).0, verdict);
}

#[test]
fn where_the_jvm_fails_in_planning_the_candidate_may_fail_in_reading() {
    let reference = failed("plan", "Py4JJavaError", None, "java.lang.NegativeArraySizeException: -2");
    let mut candidate = observed("a int", json!([]));
    candidate.rows = None;
    candidate.error = failed("read", "SparkException", None, "boom").error;
    assert_eq!(compare(&reference, &candidate, UNORDERED).verdict, Verdict::Equivalent);
    candidate.calls = called(json!([{"call": "read"}])).calls;
    assert_eq!(compare(&reference, &candidate, UNORDERED).verdict, Verdict::Divergent);
}

/// `INTERNAL_ERROR` is Spark's name for a bug of its own, such as a null that reached the JVM.
#[test]
fn an_internal_error_of_spark_is_a_failure_of_the_jvm() {
    let reference =
        failed("load", "Py4JJavaError", Some("INTERNAL_ERROR"), "[INTERNAL_ERROR] The phase analysis failed");
    let candidate = failed("load", "SparkException", None, "The option 'a' has no value.");
    assert_eq!(compare(&reference, &candidate, UNORDERED).verdict, Verdict::Equivalent);
    let mut succeeded = candidate;
    succeeded.error = None;
    assert_eq!(compare(&reference, &succeeded, UNORDERED).verdict, Verdict::Divergent);
}

#[test]
fn a_condition_that_only_py4j_carries_has_no_class() {
    let reference = failed("load", "Py4JJavaError", Some("DATA_SOURCE_NOT_FOUND"), "[DATA_SOURCE_NOT_FOUND] x");
    let candidate = failed("load", "AnalysisException", Some("DATA_SOURCE_NOT_FOUND"), "[DATA_SOURCE_NOT_FOUND] x");
    assert_eq!(judge(&reference, &candidate, UNORDERED), (Verdict::Exact, vec![]));
    let other = failed("load", "AnalysisException", Some("DATA_SOURCE_NOT_FOUND"), "[DATA_SOURCE_NOT_FOUND] y");
    assert_eq!(judge(&reference, &other, UNORDERED), (Verdict::Divergent, vec!["error message"]));
}

#[rstest]
#[case(json!([{"call": "read", "partition": 1}, {"call": "read", "partition": 0}]), true)]
#[case(json!([{"call": "read", "partition": 0}, {"call": "read", "partition": 0}]), false)]
#[case(json!([{"call": "read", "partition": 0}]), false)]
fn calls_of_read_are_a_multiset(#[case] candidate: Json, #[case] same: bool) {
    let reference = called(json!([{"call": "read", "partition": 0}, {"call": "read", "partition": 1}]));
    assert_eq!(compare(&reference, &called(candidate), ORDERED).verdict == Verdict::Exact, same);
}

#[test]
fn other_calls_have_their_order() {
    let reference = called(json!([{"call": "init"}, {"call": "read", "p": 1}, {"call": "schema"}]));
    let same = called(json!([{"call": "read", "p": 1}, {"call": "init"}, {"call": "schema"}]));
    assert_eq!(compare(&reference, &same, UNORDERED).verdict, Verdict::Exact);
    let swapped = called(json!([{"call": "schema"}, {"call": "init"}, {"call": "read", "p": 1}]));
    assert_eq!(judge(&reference, &swapped, UNORDERED), (Verdict::Divergent, vec!["calls"]));
}

/// Rows of one column a type, with the values that are easily confused.
fn row() -> impl Strategy<Value = Vec<Value>> {
    let double = prop_oneof![
        Just(Value::double(f64::NAN)),
        Just(Value::double(-0.0)),
        Just(Value::double(0.0)),
        any::<f64>().prop_map(Value::double)
    ];
    let text = prop_oneof![Just(Value::Null), "[ab]{0,2}".prop_map(Value::String)];
    let array = prop::collection::vec((0i32..3).prop_map(Value::Integer), 0..3).prop_map(Value::Array);
    (any::<i32>().prop_map(Value::Integer), text, double, array).prop_map(|(a, b, c, d)| vec![a, b, c, d])
}

fn observation() -> impl Strategy<Value = Observation> {
    let schema = StructType::from_ddl("a int, b string, c double, d array<int>").unwrap();
    let rows = prop::collection::vec(row(), 0..8);
    rows.prop_map(move |rows| Observation { schema: Some(schema.clone()), rows: Some(rows), ..Observation::default() })
}

/// Another value: of another type, or null, or the same type.
fn mutated(value: &Value, how: u8) -> Value {
    match (how, value) {
        (0, Value::Null) => Value::String(String::new()),
        (0, _) => Value::Null,
        (1, Value::Integer(value)) => Value::Long(i64::from(*value)),
        (1, Value::Double(bits)) => Value::double(-f64::from_bits(*bits) + 1.0),
        (_, Value::Integer(value)) => Value::Integer(value.wrapping_add(1)),
        (_, Value::Double(_)) => Value::Decimal { unscaled: "0".into(), scale: 1 },
        (_, Value::String(text)) => Value::String(format!("{text} ")),
        (_, Value::Array(items)) => Value::Array([items.as_slice(), &[Value::Null]].concat()),
        _ => Value::Boolean(true),
    }
}

proptest! {
    #[test]
    fn every_observation_agrees_with_itself(observation in observation(), ordered: bool) {
        let comparison = compare(&observation, &observation, Options { ordered });
        prop_assert_eq!(comparison, Comparison { verdict: Verdict::Exact, differences: vec![] });
    }

    #[test]
    fn the_verdict_on_values_is_symmetric(left in observation(), right in observation(), ordered: bool) {
        let options = Options { ordered };
        prop_assert_eq!(judge(&left, &right, options), judge(&right, &left, options));
    }

    #[test]
    fn unordered_rows_may_come_in_any_order(
        (left, right) in observation().prop_flat_map(|o| (Just(o.clone()), Just(o.rows.unwrap()).prop_shuffle()))
    ) {
        let shuffled = Observation { rows: Some(right), ..left.clone() };
        prop_assert_eq!(compare(&left, &shuffled, UNORDERED).verdict, Verdict::Exact);
        let same_order = left.rows == shuffled.rows;
        prop_assert_eq!(compare(&left, &shuffled, ORDERED).verdict == Verdict::Exact, same_order);
    }

    #[test]
    fn every_change_of_a_cell_is_seen(left in observation(), at: prop::sample::Index, column in 0usize..4, how in 0u8..3) {
        let mut rows = left.rows.clone().unwrap();
        prop_assume!(!rows.is_empty());
        let index = at.index(rows.len());
        let cell = &mut rows[index][column];
        let other = mutated(cell, how);
        prop_assume!(other != *cell);
        *cell = other;
        let right = Observation { rows: Some(rows), ..left.clone() };
        prop_assert_eq!(judge(&left, &right, UNORDERED), (Verdict::Divergent, vec!["values"]));
    }

    #[test]
    fn every_lost_row_is_seen(left in observation(), at: prop::sample::Index) {
        let mut rows = left.rows.clone().unwrap();
        prop_assume!(!rows.is_empty());
        rows.remove(at.index(rows.len()));
        let right = Observation { rows: Some(rows), ..left.clone() };
        prop_assert_eq!(compare(&left, &right, UNORDERED).verdict, Verdict::Divergent);
    }

    #[test]
    fn every_change_of_an_error_is_seen(field in 0usize..7) {
        let reference = Observation::from_stored_json(&json!({"error": {
            "phase": "load", "exception": "AnalysisException", "condition": "C", "sqlstate": "38000",
            "parameters": {"a": "b"}, "message": "m", "python": {"type": "ValueError", "message": "m"}}})).unwrap();
        let mut candidate = reference.clone();
        let error: &mut ErrorObservation = candidate.error.as_mut().unwrap();
        let other = "other".to_owned();
        match field {
            0 => error.phase = other,
            1 => error.exception = other,
            2 => error.condition = None,
            3 => error.sqlstate = Some(other),
            4 => { error.parameters.insert("c".into(), other); }
            5 => error.message = other,
            _ => error.python = None,
        }
        prop_assert_eq!(compare(&reference, &candidate, UNORDERED).verdict, Verdict::Divergent);
    }
}
