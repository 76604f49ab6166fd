//! What PySpark 4.2's `to_arrow_schema` answered, and the way back.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;

use arrow::datatypes::{DataType as ArrowType, Field, IntervalUnit, TimeUnit};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::types::testing;

/// One schema a line, with PySpark's Arrow fields or error.
const RECORDED: &str = include_str!("recorded.jsonl");

#[test]
fn answers_as_pyspark_does() {
    for line in RECORDED.lines() {
        let record: Value = serde_json::from_str(line).unwrap();
        let schema = StructType::from_json(&record["schema"].to_string()).unwrap();
        match to_arrow_schema(&schema) {
            Ok(arrow) => {
                let fields: Vec<Value> = arrow.fields().iter().map(|field| describe(field)).collect();
                assert_eq!(Value::from(fields), record["arrow"], "{line}");
            }
            Err(error) => assert_eq!(error.message, record["error"].as_str().unwrap_or("no error"), "{line}"),
        }
    }
}

/// A field in the form of the recording, types as pyarrow's `str(type)`.
fn describe(field: &Field) -> Value {
    json!({
        "name": field.name(), "type": describe_type(field.data_type()), "nullable": field.is_nullable(),
        "metadata": field.metadata(),
    })
}

fn describe_type(arrow: &ArrowType) -> Value {
    match arrow {
        ArrowType::List(field) => json!({"list": describe(field)}),
        ArrowType::Map(entries, false) => {
            assert_eq!((entries.name().as_str(), entries.is_nullable()), ("entries", false));
            let ArrowType::Struct(fields) = entries.data_type() else { return Value::Null };
            json!({"map": fields.iter().map(|field| describe(field)).collect::<Vec<_>>()})
        }
        ArrowType::Struct(fields) => json!({"struct": fields.iter().map(|field| describe(field)).collect::<Vec<_>>()}),
        ArrowType::Boolean => "bool".into(),
        ArrowType::Float32 => "float".into(),
        ArrowType::Float64 => "double".into(),
        ArrowType::Utf8 => "string".into(),
        ArrowType::Date32 => "date32[day]".into(),
        ArrowType::Timestamp(TimeUnit::Microsecond, None) => "timestamp[us]".into(),
        ArrowType::Timestamp(TimeUnit::Microsecond, Some(zone)) => format!("timestamp[us, tz={zone}]").into(),
        ArrowType::Time64(TimeUnit::Nanosecond) => "time64[ns]".into(),
        ArrowType::Duration(TimeUnit::Microsecond) => "duration[us]".into(),
        ArrowType::Decimal128(precision, scale) => format!("decimal128({precision}, {scale})").into(),
        other => other.to_string().to_lowercase().into(),
    }
}

#[test]
fn a_table_field_keeps_what_arrow_cannot_say() {
    let schema =
        StructType::from_ddl("a char(5) comment 'x', b interval year, c string collate unicode, d time(3)").unwrap();
    assert_eq!(from_arrow_schema(&to_table_schema(&schema).unwrap()).unwrap(), schema);
}

#[test]
fn a_computed_field_is_what_arrow_says() {
    let field = &to_table_schema(&StructType::from_ddl("a char(5) not null").unwrap()).unwrap().fields()[0].clone();
    let view = field.as_ref().clone().with_data_type(ArrowType::Utf8View).with_nullable(true).with_name("b");
    let spark = from_arrow_field(&view).unwrap();
    assert_eq!((spark.name.as_str(), spark.nullable, spark.data_type), ("b", true, DataType::Char(5)));
    let cast = field.as_ref().clone().with_data_type(ArrowType::Int64);
    assert_eq!(from_arrow_field(&cast).unwrap().data_type, DataType::Long);
}

#[rstest::rstest]
#[case(ArrowType::UInt64, "decimal(20,0)")]
#[case(ArrowType::UInt8, "smallint")]
#[case(ArrowType::Utf8View, "string")]
#[case(ArrowType::LargeUtf8, "string")]
#[case(ArrowType::Duration(TimeUnit::Nanosecond), "interval day to second")]
#[case(ArrowType::Timestamp(TimeUnit::Nanosecond, Some("+01:00".into())), "timestamp")]
#[case(ArrowType::Timestamp(TimeUnit::Second, None), "timestamp_ntz")]
#[case(ArrowType::Interval(IntervalUnit::MonthDayNano), "interval")]
#[case(ArrowType::Decimal256(76, 10), "decimal(38,10)")]
#[case(ArrowType::Decimal128(5, -2), "decimal(7,0)")]
#[case(ArrowType::Dictionary(Box::new(ArrowType::Int32), Box::new(ArrowType::Utf8)), "string")]
#[case(ArrowType::List(Arc::new(Field::new("item", ArrowType::Int64, true))), "array<bigint>")]
#[case(ArrowType::Date64, "date")]
fn computed_types(#[case] arrow: ArrowType, #[case] spark: &str) {
    assert_eq!(from_arrow_type(&arrow).unwrap().simple_string(), spark);
}

proptest! {
    #[test]
    fn tables_round_trip(schema in testing::schemas()) {
        prop_assert_eq!(from_arrow_schema(&to_table_schema(&schema).unwrap()).unwrap(), schema);
    }
}
