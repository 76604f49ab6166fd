//! What the tests of types share: comparison with recorded answers, and schemas made up at random.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{DataType, StructField, StructType};
use crate::error::SparkError;

/// Compares with a recorded answer: `{json, simple, sql}`, `{error}`, or a syntax error in short:
/// `{syntax: [error, hint, line, column]}`.
pub(super) fn compare(actual: &Result<DataType, SparkError>, expected: &Value) -> Result<(), String> {
    if let Some(syntax) = expected["syntax"].as_array() {
        let Err(actual) = actual else { return Err(format!("should fail: {expected}")) };
        let parameters = json!({"error": syntax[0], "hint": syntax[1]});
        same(&[serde_json::to_value(&actual.parameters).unwrap()], &[parameters])?;
        let place = format!("SQLSTATE: 42601 (line {}, pos {})\n\n== SQL ==", syntax[2], syntax[3]);
        return if actual.message.contains(&place) {
            Ok(())
        } else {
            Err(format!("{:?}, not {place:?}", actual.message))
        };
    }
    let (actual, recorded) = match (actual, expected.get("error")) {
        (Ok(actual), None) => {
            let ours = [Value::from(actual.simple_string()), Value::from(actual.sql()), actual.to_json()];
            let recorded = [expected["simple"].clone(), expected["sql"].clone(), expected["json"].clone()];
            return same(&ours, &recorded);
        }
        (Err(actual), Some(recorded)) => (actual, recorded),
        (Ok(actual), Some(recorded)) => return Err(format!("is {}, should fail: {recorded}", actual.simple_string())),
        (Err(actual), None) => return Err(format!("fails: {:?}, should be {}", actual.message, expected["simple"])),
    };
    if recorded.get("jvm").is_some() {
        // An exception of the JVM's own, or one that PySpark does not translate.
        let spark = recorded["jvm"] == "org.apache.spark.SparkException";
        let same = !spark || recorded["message"] == actual.message.as_str();
        return if same { Ok(()) } else { Err(format!("{:?}, not {}", actual.message, recorded["message"])) };
    }
    let text = |text: &Option<String>| text.as_ref().map_or(Value::Null, |text| Value::from(text.as_str()));
    let parameters = serde_json::to_value(&actual.parameters).unwrap();
    let ours = [text(&actual.condition), text(&actual.sql_state), parameters, actual.message.as_str().into()];
    let recorded_parts = ["condition", "sqlstate", "parameters", "message"].map(|key| recorded[key].clone());
    same(&ours, &recorded_parts)?;
    let class = recorded["class"].as_str().unwrap();
    if actual.condition.is_some() { same(&[actual.exception.name().into()], &[class.into()]) } else { Ok(()) }
}

fn same(ours: &[Value], recorded: &[Value]) -> Result<(), String> {
    match ours.iter().zip(recorded).find(|(ours, recorded)| ours != recorded) {
        None => Ok(()),
        Some((ours, recorded)) => Err(format!("{ours}, not {recorded}")),
    }
}

/// Schemas that DDL can say.
pub(super) fn schemas() -> impl Strategy<Value = StructType> {
    prop::collection::vec(fields(types()), 1..4).prop_map(|fields| StructType { fields })
}

fn fields(types: impl Strategy<Value = DataType>) -> impl Strategy<Value = StructField> {
    let names = prop_oneof!["[a-z_][a-z0-9_]{0,4}", "[a-zA-Zé`. ]{1,4}", "[0-9]{1,3}"];
    let comments = prop::option::of("[a-z'\"é\n]{0,6}");
    (names, types, any::<bool>(), comments).prop_map(|(name, data_type, nullable, comment)| {
        let mut field = StructField { nullable, ..StructField::new(name, data_type) };
        field.metadata.extend(comment.map(|comment| ("comment".to_owned(), Value::from(comment))));
        field
    })
}

fn types() -> impl Strategy<Value = DataType> {
    let leaf = prop_oneof![
        prop::sample::select(vec![
            DataType::Null,
            DataType::Boolean,
            DataType::Byte,
            DataType::Short,
            DataType::Integer,
            DataType::Long,
            DataType::Float,
            DataType::Double,
            DataType::Binary,
            DataType::Date,
            DataType::Timestamp,
            DataType::TimestampNtz,
            DataType::CalendarInterval,
            DataType::Variant,
            DataType::String { collation: None },
            DataType::String { collation: Some("UNICODE_CI".to_owned()) },
            DataType::Geo("geometry(OGC:CRS84)".to_owned()),
            DataType::Geo("geography(OGC:CRS84, SPHERICAL)".to_owned()),
            DataType::YearMonthInterval { start: 0, end: 1 },
        ]),
        (0..=38_u8).prop_flat_map(|precision| {
            (0..=precision).prop_map(move |scale| DataType::Decimal { precision, scale })
        }),
        (1..9_u32).prop_map(DataType::Char),
        (1..9_u32).prop_map(DataType::Varchar),
        (0..=6_u8).prop_map(DataType::Time),
        (0..4_u8).prop_flat_map(|start| (start..4).prop_map(move |end| DataType::DayTimeInterval { start, end })),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|element| DataType::Array { element: Box::new(element), contains_null: true }),
            (inner.clone(), inner.clone()).prop_map(|(key, value)| DataType::Map {
                key: Box::new(key),
                value: Box::new(value),
                value_contains_null: true
            }),
            prop::collection::vec(fields(inner), 0..3).prop_map(|fields| DataType::Struct(StructType { fields })),
        ]
    })
}
