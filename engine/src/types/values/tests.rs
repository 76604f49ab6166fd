//! Canonical values, type by type.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;

use arrow::array::*;
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{Field, Int32Type};
use rstest::rstest;

use super::*;
use crate::types::{StructField, arrow::to_arrow_type};

/// The values of one column of the type that `ddl` names.
fn values(array: impl Array + 'static, ddl: &str) -> Vec<Value> {
    let data_type = DataType::from_ddl(ddl).unwrap();
    let array: ArrayRef = Arc::new(array);
    let schema = StructType { fields: vec![StructField::new("a", data_type)] };
    let batch = RecordBatch::try_from_iter([("a", array)]).unwrap();
    row_values(&batch, &schema).unwrap().into_iter().flatten().collect()
}

#[rstest]
#[case(0, "1970-01-01")]
#[case(-719_162, "0001-01-01")]
#[case(2_932_896, "9999-12-31")]
#[case(2_932_897, "+10000-01-01")]
#[case(-719_528, "0000-01-01")]
#[case(-719_529, "-0001-12-31")]
#[case(19_782, "2024-02-29")]
#[case(i32::MAX, "+5881580-07-11")]
#[case(i32::MIN, "-5877641-06-23")]
fn dates(#[case] days: i32, #[case] text: &str) {
    assert_eq!(values(Date32Array::from(vec![days]), "date"), [json!(text)]);
}

#[rstest]
#[case(0, "1970-01-01T00:00:00.000000")]
#[case(-1, "1969-12-31T23:59:59.999999")]
#[case(-62_135_596_800_000_000, "0001-01-01T00:00:00.000000")]
#[case(253_402_300_799_999_999, "9999-12-31T23:59:59.999999")]
#[case(i64::MIN, "-290308-12-21T19:59:05.224192")]
fn timestamps(#[case] micros: i64, #[case] text: &str) {
    assert_eq!(values(TimestampMicrosecondArray::from(vec![micros]), "timestamp_ntz"), [json!(text)]);
    let zoned = TimestampMicrosecondArray::from(vec![micros]).with_timezone("America/New_York");
    assert_eq!(values(zoned, "timestamp"), [json!(format!("{text}Z"))]);
}

#[test]
fn units_of_time() {
    let text = [json!("1969-12-31T23:59:59.000000")];
    assert_eq!(values(TimestampSecondArray::from(vec![-1]), "timestamp_ntz"), text);
    assert_eq!(values(TimestampMillisecondArray::from(vec![-1_000]), "timestamp_ntz"), text);
    assert_eq!(values(TimestampNanosecondArray::from(vec![-999_999_001]), "timestamp_ntz"), text);
    assert_eq!(values(Time64NanosecondArray::from(vec![45_296_000_001_000]), "time"), [json!("12:34:56.000001")]);
    assert_eq!(values(Time32SecondArray::from(vec![45_296]), "time"), [json!("12:34:56.000000")]);
    assert_eq!(values(DurationMicrosecondArray::from(vec![-5]), "interval day to second"), [json!(-5)]);
    assert_eq!(values(DurationSecondArray::from(vec![2]), "interval day to second"), [json!(2_000_000)]);
}

#[test]
fn floats() {
    let array = Float64Array::from(vec![Some(0.1), Some(f64::NAN), Some(f64::INFINITY), Some(f64::NEG_INFINITY), None]);
    assert_eq!(values(array, "double"), [json!(0.1), json!("NaN"), json!("Infinity"), json!("-Infinity"), Value::Null]);
    assert_eq!(values(Float64Array::from(vec![-0.0]), "double")[0].to_string(), "-0.0");
    assert_eq!(values(Float32Array::from(vec![0.1]), "float")[0].to_string(), "0.10000000149011612");
}

#[rstest]
#[case(150, 2, "1.50")]
#[case(-5, 3, "-0.005")]
#[case(0, 2, "0.00")]
#[case(7, 0, "7")]
#[case(i128::MIN, 38, "-1.70141183460469231731687303715884105728")]
#[case(7, -2, "700")]
fn decimals(#[case] value: i128, #[case] scale: i8, #[case] text: &str) {
    assert_eq!(decimal(value, scale), text);
}

#[test]
fn texts_and_bytes_in_every_layout() {
    assert_eq!(values(StringViewArray::from(vec!["é", "a longer text than twelve bytes"]), "string")[0], json!("é"));
    assert_eq!(values(LargeStringArray::from(vec![Some("x"), None]), "string"), [json!("x"), Value::Null]);
    assert_eq!(values(BinaryArray::from(vec![&b"\x00\xff"[..]]), "binary"), [json!("00ff")]);
    assert_eq!(values(BinaryViewArray::from(vec![&b"\x0a"[..]]), "binary"), [json!("0a")]);
    let dictionary: DictionaryArray<Int32Type> = ["x", "y", "x"].into_iter().collect();
    assert_eq!(values(dictionary, "string"), [json!("x"), json!("y"), json!("x")]);
    assert_eq!(values(UInt64Array::from(vec![u64::MAX]), "decimal(20,0)"), [json!("18446744073709551615")]);
    assert_eq!(values(NullArray::new(2), "void"), [Value::Null, Value::Null]);
}

#[test]
fn nested_values() {
    let list = ListArray::from_iter_primitive::<Int32Type, _, _>([Some(vec![Some(1), None]), None, Some(vec![])]);
    assert_eq!(values(list.clone(), "array<int>"), [json!([1, null]), Value::Null, json!([])]);
    assert_eq!(values(list.slice(2, 1), "array<int>"), [json!([])]);

    let map_type = to_arrow_type(&DataType::from_ddl("map<string,int>").unwrap()).unwrap();
    let ArrowType::Map(entries_field, _) = map_type else { return assert_eq!(1, 2) };
    let ArrowType::Struct(fields) = entries_field.data_type() else { return assert_eq!(1, 2) };
    let keys: ArrayRef = Arc::new(StringArray::from(vec!["b", "a"]));
    let items: ArrayRef = Arc::new(Int32Array::from(vec![Some(1), None]));
    let entries = StructArray::new(fields.clone(), vec![keys, items], None);
    let offsets = OffsetBuffer::new(vec![0, 2, 2].into());
    let map = MapArray::new(entries_field.clone(), offsets, entries, Some(NullBuffer::from(vec![true, false])), false);
    assert_eq!(values(map, "map<string,int>"), [json!([["b", 1], ["a", null]]), Value::Null]);

    let inner: ArrayRef = Arc::new(list);
    let field = Arc::new(Field::new("x", inner.data_type().clone(), true));
    let rows = StructArray::new(vec![field].into(), vec![inner], Some(NullBuffer::from(vec![true, true, false])));
    assert_eq!(values(rows, "struct<x:array<int>>"), [json!([[1, null]]), json!([null]), Value::Null]);
}

#[test]
fn a_batch_that_does_not_fit_is_an_error() {
    let array: ArrayRef = Arc::new(Int32Array::from(vec![1]));
    let batch = RecordBatch::try_from_iter([("a", array)]).unwrap();
    assert!(row_values(&batch, &StructType::default()).is_err());
    let list = StructType::from_ddl("a array<int>").unwrap();
    let nested: ArrayRef = Arc::new(StructArray::new_empty_fields(1, None));
    assert!(row_values(&RecordBatch::try_from_iter([("a", nested)]).unwrap(), &list).is_err());
}

#[test]
fn variants_read_as_pyspark_writes_them() {
    let bytes = |text: &Value| -> Vec<u8> {
        let digits = text.as_str().unwrap();
        (0..digits.len() / 2).map(|i| u8::from_str_radix(&digits[2 * i..2 * i + 2], 16).unwrap()).collect()
    };
    for line in include_str!("variants.jsonl").lines() {
        let record: Value = serde_json::from_str(line).unwrap();
        let (value, metadata) = (bytes(&record["value"]), bytes(&record["metadata"]));
        assert_eq!(variant::json_text(&value, &metadata).as_deref(), record["json"].as_str(), "{line}");
    }
}

proptest::proptest! {
    #[test]
    fn no_variant_panics(value: Vec<u8>, metadata: Vec<u8>) {
        let _ = variant::json_text(&value, &metadata);
    }
}

#[rstest]
#[case(0, 8, "0.00000000")]
#[case(10, 8, "0.00000010")]
#[case(-5, 2, "-0.05")]
#[case(123, 0, "123")]
fn decimals_keep_their_scale(#[case] unscaled: i128, #[case] scale: u8, #[case] expected: &str) {
    assert_eq!(decimal_text(unscaled, scale), expected);
}
