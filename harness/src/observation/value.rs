//! Typed values: every value knows which Spark type it has.

use std::fmt;

use schemars::JsonSchema;
use seatrial_engine::types::DataType;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::serial;

/// A value of a column, decoded by the column's Spark type.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// Null of any type.
    Null,
    /// `boolean`.
    Boolean(bool),
    /// `tinyint`.
    Byte(i8),
    /// `smallint`.
    Short(i16),
    /// `int`.
    Integer(i32),
    /// `bigint`.
    Long(i64),
    /// `float`, by its bits; every NaN is the same, and -0.0 is not 0.0.
    #[serde(with = "serial::float")]
    #[schemars(with = "serial::FloatForm")]
    Float(u32),
    /// `double`, by its bits; every NaN is the same, and -0.0 is not 0.0.
    #[serde(with = "serial::double")]
    #[schemars(with = "serial::FloatForm")]
    Double(u64),
    /// `decimal`: the digits without the point, and how many stand after it.
    Decimal {
        /// Optional minus sign and digits, no leading zeros.
        unscaled: String,
        /// Digits after the point.
        scale: u8,
    },
    /// `string`.
    String(String),
    /// `binary`.
    Binary(Vec<u8>),
    /// `date`, as `2020-01-02`.
    Date(String),
    /// `timestamp`, as `2020-01-01T05:00:00.000000Z`.
    Timestamp(String),
    /// `timestamp_ntz`, as `2020-01-01T05:00:00.000000`.
    TimestampNtz(String),
    /// `time`, as `12:34:56.000000`.
    Time(String),
    /// `interval day to second`: microseconds.
    DayTimeInterval(i64),
    /// `array`.
    Array(Vec<Value>),
    /// `map`: entries, sorted, since the order of a map's entries means nothing to Spark; repeated keys stay.
    Map(Vec<(Value, Value)>),
    /// `struct`: field values in order.
    Struct(Vec<Value>),
    /// `variant`: its JSON text.
    Variant(String),
}

/// A JSON value that is no canonical value of its type: where below the cell, and what is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ValueError {
    pub(super) path: String,
    pub(super) problem: String,
}

impl ValueError {
    fn new(json: &Json, data_type: &DataType) -> Self {
        let text: String = json.to_string().chars().take(80).collect();
        let problem = format!("{text} is not a canonical value of type {}", data_type.simple_string());
        Self { path: String::new(), problem }
    }

    fn below(mut self, step: impl fmt::Display) -> Self {
        self.path = format!("[{step}]{}", self.path);
        self
    }
}

impl Value {
    /// Decodes the canonical JSON value of a column of the type.
    pub(super) fn decode(json: &Json, data_type: &DataType) -> Result<Self, ValueError> {
        if json.is_null() {
            return Ok(Self::Null);
        }
        let wrong = || ValueError::new(json, data_type);
        match data_type {
            DataType::Array { element, .. } => {
                let items = json.as_array().ok_or_else(wrong)?;
                let each =
                    items.iter().enumerate().map(|(i, item)| Self::decode(item, element).map_err(|e| e.below(i)));
                Ok(Self::Array(each.collect::<Result<_, _>>()?))
            }
            DataType::Map { key, value, .. } => {
                let entries = json.as_array().ok_or_else(wrong)?;
                let entry = |(i, entry): (usize, &Json)| match entry.as_array().map(Vec::as_slice) {
                    Some([k, v]) => {
                        let k = Self::decode(k, key).map_err(|e| e.below(format_args!("{i}][0")))?;
                        let v = Self::decode(v, value).map_err(|e| e.below(format_args!("{i}][1")))?;
                        Ok((k, v))
                    }
                    _ => Err(wrong()),
                };
                let mut entries: Vec<(Self, Self)> = entries.iter().enumerate().map(entry).collect::<Result<_, _>>()?;
                entries.sort();
                Ok(Self::Map(entries))
            }
            DataType::Struct(fields) => {
                let items = json.as_array().filter(|items| items.len() == fields.fields.len()).ok_or_else(wrong)?;
                let each = items.iter().zip(&fields.fields).enumerate();
                let each = each.map(|(i, (item, field))| Self::decode(item, &field.data_type).map_err(|e| e.below(i)));
                Ok(Self::Struct(each.collect::<Result<_, _>>()?))
            }
            DataType::Udt { sql_type, .. } => Self::decode(json, sql_type),
            _ => Self::decode_scalar(json, data_type).ok_or_else(wrong),
        }
    }

    fn decode_scalar(json: &Json, data_type: &DataType) -> Option<Self> {
        let integer = || json.as_i64();
        Some(match data_type {
            DataType::Boolean => Self::Boolean(json.as_bool()?),
            DataType::Byte => Self::Byte(integer()?.try_into().ok()?),
            DataType::Short => Self::Short(integer()?.try_into().ok()?),
            DataType::Integer => Self::Integer(integer()?.try_into().ok()?),
            DataType::Long => Self::Long(integer()?),
            DataType::Float => Self::float(narrowed(read_float(json)?)?),
            DataType::Double => Self::double(read_float(json)?),
            DataType::Decimal { scale, .. } => decimal(json.as_str()?, *scale)?,
            DataType::String { .. } | DataType::Char(_) | DataType::Varchar(_) => {
                Self::String(json.as_str()?.to_owned())
            }
            DataType::Binary => Self::Binary(bytes(json.as_str()?)?),
            DataType::Date => Self::Date(shaped(json.as_str()?, &[DATE])?),
            DataType::Timestamp => Self::Timestamp(shaped(json.as_str()?, &[DATE, "T", CLOCK, "Z"])?),
            DataType::TimestampNtz => Self::TimestampNtz(shaped(json.as_str()?, &[DATE, "T", CLOCK])?),
            DataType::Time(_) => Self::Time(shaped(json.as_str()?, &[CLOCK])?),
            DataType::DayTimeInterval { .. } => Self::DayTimeInterval(integer()?),
            DataType::Variant => match json.as_object()?.iter().collect::<Vec<_>>().as_slice() {
                [(key, Json::String(text))] if *key == "variant" => Self::Variant(text.clone()),
                _ => return None,
            },
            _ => return None,
        })
    }

    /// A `float` value.
    pub fn float(value: f32) -> Self {
        Self::Float(if value.is_nan() { f32::NAN.to_bits() } else { value.to_bits() })
    }

    /// A `double` value.
    pub fn double(value: f64) -> Self {
        Self::Double(if value.is_nan() { f64::NAN.to_bits() } else { value.to_bits() })
    }

    /// The canonical JSON value, which `decode` reads.
    pub fn to_json(&self) -> Json {
        match self {
            Self::Null => Json::Null,
            Self::Boolean(value) => json!(value),
            Self::Byte(value) => json!(value),
            Self::Short(value) => json!(value),
            Self::Integer(value) => json!(value),
            Self::Long(value) | Self::DayTimeInterval(value) => json!(value),
            Self::Float(bits) => float_json(f64::from(f32::from_bits(*bits))),
            Self::Double(bits) => float_json(f64::from_bits(*bits)),
            Self::Decimal { unscaled, scale } => json!(decimal_text(unscaled, *scale)),
            Self::Binary(bytes) => json!(hex(bytes)),
            Self::String(text)
            | Self::Date(text)
            | Self::Timestamp(text)
            | Self::TimestampNtz(text)
            | Self::Time(text) => json!(text),
            Self::Array(items) | Self::Struct(items) => Json::Array(items.iter().map(Self::to_json).collect()),
            Self::Map(entries) => {
                Json::Array(entries.iter().map(|(key, value)| json!([key.to_json(), value.to_json()])).collect())
            }
            Self::Variant(text) => json!({ "variant": text }),
        }
    }
}

const DATE: &str = "dddd-dd-dd";
const CLOCK: &str = "dd:dd:dd.dddddd";

/// The text, if it has the shape: `d` stands for a digit, all else for itself.
fn shaped(text: &str, shape: &[&str]) -> Option<String> {
    let shape = shape.concat();
    let fits = |(c, s): (u8, u8)| {
        if s == b'd' { c.is_ascii_digit() } else { c == s }
    };
    (text.len() == shape.len() && text.bytes().zip(shape.bytes()).all(fits)).then(|| text.to_owned())
}

pub(super) fn read_float(json: &Json) -> Option<f64> {
    match json.as_str() {
        Some("NaN") => Some(f64::NAN),
        Some("Infinity") => Some(f64::INFINITY),
        Some("-Infinity") => Some(f64::NEG_INFINITY),
        Some(_) => None,
        None => json.as_f64(),
    }
}

/// The 32-bit float that was widened to this one.
fn narrowed(value: f64) -> Option<f32> {
    let narrow = value as f32;
    (value.is_nan() || narrow.is_finite() == value.is_finite()).then_some(narrow)
}

pub(super) fn float_json(value: f64) -> Json {
    if value.is_nan() {
        json!("NaN")
    } else if value.is_infinite() {
        json!(if value > 0.0 { "Infinity" } else { "-Infinity" })
    } else {
        json!(value)
    }
}

fn decimal(text: &str, scale: u8) -> Option<Value> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let valid = !whole.is_empty()
        && fraction.len() == usize::from(scale)
        && digits.contains('.') == (scale > 0)
        && whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit());
    if !valid {
        return None;
    }
    let all = format!("{whole}{fraction}");
    let unscaled = match all.trim_start_matches('0') {
        "" => "0".to_owned(),
        digits => format!("{sign}{digits}"),
    };
    Some(Value::Decimal { unscaled, scale })
}

fn decimal_text(unscaled: &str, scale: u8) -> String {
    let (sign, digits) = match unscaled.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", unscaled),
    };
    let scale = usize::from(scale);
    if scale == 0 {
        return format!("{sign}{digits}");
    }
    let padded = format!("{digits:0>width$}", width = scale + 1);
    let (whole, fraction) = padded.split_at(padded.len() - scale);
    format!("{sign}{whole}.{fraction}")
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let lower = hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if !lower || !hex.len().is_multiple_of(2) {
        return None;
    }
    (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(hex.get(i..i + 2)?, 16).ok()).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// For people: strings quoted, numbers as they are, binary as `x'00ff'`.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, items: &[Self]| {
            for (i, item) in items.iter().enumerate() {
                write!(f, "{}{item}", if i == 0 { "" } else { ", " })?;
            }
            Ok(())
        };
        match self {
            Self::Null => f.write_str("null"),
            Self::Float(bits) => write!(f, "{:?}", f32::from_bits(*bits)),
            Self::Double(bits) => write!(f, "{:?}", f64::from_bits(*bits)),
            Self::Decimal { unscaled, scale } => f.write_str(&decimal_text(unscaled, *scale)),
            Self::Binary(bytes) => write!(f, "x'{}'", hex(bytes)),
            Self::Date(text) | Self::Timestamp(text) | Self::TimestampNtz(text) | Self::Time(text) => f.write_str(text),
            Self::DayTimeInterval(micros) => write!(f, "{micros} µs"),
            Self::Array(items) => {
                f.write_str("[")?;
                list(f, items)?;
                f.write_str("]")
            }
            Self::Struct(items) => {
                f.write_str("(")?;
                list(f, items)?;
                f.write_str(")")
            }
            Self::Map(entries) => {
                f.write_str("{")?;
                for (i, (key, value)) in entries.iter().enumerate() {
                    write!(f, "{}{key}: {value}", if i == 0 { "" } else { ", " })?;
                }
                f.write_str("}")
            }
            Self::Variant(text) => write!(f, "variant {text}"),
            Self::Boolean(_) | Self::Byte(_) | Self::Short(_) | Self::Integer(_) | Self::Long(_) | Self::String(_) => {
                write!(f, "{}", self.to_json())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;
    use rstest::rstest;
    use seatrial_engine::types::DataType;

    fn data_type(ddl: &str) -> DataType {
        DataType::from_ddl(ddl).unwrap()
    }

    #[rstest]
    #[case("boolean", json!(true), Value::Boolean(true))]
    #[case("tinyint", json!(-128), Value::Byte(-128))]
    #[case("bigint", json!(i64::MIN), Value::Long(i64::MIN))]
    #[case("float", json!(f64::from(1.1f32)), Value::float(1.1))]
    #[case("double", json!(-0.0), Value::double(-0.0))]
    #[case("double", json!("NaN"), Value::double(f64::NAN))]
    #[case("float", json!("-Infinity"), Value::float(f32::NEG_INFINITY))]
    #[case("decimal(10,2)", json!("1.50"), Value::Decimal { unscaled: "150".into(), scale: 2 })]
    #[case("decimal(10,2)", json!("-0.05"), Value::Decimal { unscaled: "-5".into(), scale: 2 })]
    #[case("decimal(10,0)", json!("12"), Value::Decimal { unscaled: "12".into(), scale: 0 })]
    #[case("binary", json!("00ff"), Value::Binary(vec![0, 255]))]
    #[case("date", json!("2020-01-02"), Value::Date("2020-01-02".into()))]
    #[case("timestamp", json!("2020-01-01T05:00:00.000000Z"), Value::Timestamp("2020-01-01T05:00:00.000000Z".into()))]
    #[case("timestamp_ntz", json!("2020-01-01T05:00:00.000000"), Value::TimestampNtz("2020-01-01T05:00:00.000000".into()))]
    #[case("interval day to second", json!(-5), Value::DayTimeInterval(-5))]
    #[case("array<int>", json!([1, null]), Value::Array(vec![Value::Integer(1), Value::Null]))]
    #[case("map<string,int>", json!([["a", 1]]), Value::Map(vec![(Value::String("a".into()), Value::Integer(1))]))]
    #[case("struct<a:int,b:string>", json!([1, "x"]), Value::Struct(vec![Value::Integer(1), Value::String("x".into())]))]
    #[case("variant", json!({"variant": "{}"}), Value::Variant("{}".into()))]
    #[case("void", json!(null), Value::Null)]
    fn canonical_values_round_trip(#[case] ddl: &str, #[case] json: Json, #[case] value: Value) {
        assert_eq!(Value::decode(&json, &data_type(ddl)).unwrap(), value);
        assert_eq!(value.to_json().to_string(), json.to_string());
    }

    #[rstest]
    #[case("tinyint", json!(128))]
    #[case("int", json!(1.0))]
    #[case("int", json!("1"))]
    #[case("decimal(10,2)", json!("1.5"))]
    #[case("decimal(10,2)", json!(1.5))]
    #[case("decimal(10,0)", json!("1."))]
    #[case("binary", json!("0F"))]
    #[case("date", json!("2020-1-2"))]
    #[case("timestamp", json!("2020-01-01T05:00:00Z"))]
    #[case("double", json!("nan"))]
    #[case("double", json!(true))]
    #[case("float", json!(1e300))]
    #[case("void", json!(1))]
    #[case("struct<a:int>", json!([1, 2]))]
    #[case("variant", json!("x"))]
    fn other_values_are_refused(#[case] ddl: &str, #[case] json: Json) {
        let error = Value::decode(&json, &data_type(ddl)).unwrap_err();
        assert!(error.problem.contains("is not a canonical value of type"), "{}", error.problem);
    }

    #[test]
    fn an_error_says_where_it_is() {
        let error =
            Value::decode(&json!([[["k", [1, "x"]]]]), &data_type("array<map<string,array<int>>>")).unwrap_err();
        assert_eq!(error.path, "[0][0][1][1]");
    }

    #[test]
    fn zeros_differ_and_nans_do_not() {
        assert_ne!(Value::double(0.0), Value::double(-0.0));
        assert_eq!(Value::double(f64::from_bits(0x7ff8_0000_0000_0001)), Value::double(f64::NAN));
        assert_eq!(Value::double(-0.0).to_json().to_string(), "-0.0");
    }

    proptest::proptest! {
        #[test]
        fn the_order_of_a_maps_entries_means_nothing_and_their_number_does(
            entries in proptest::collection::vec((0..4_i32, proptest::option::of(-2..2_i32)), 0..6),
            seed in 0..720_usize,
        ) {
            let of_map = |entries: &[(i32, Option<i32>)]| {
                let entries: Vec<Json> = entries.iter().map(|(key, value)| json!([key, value])).collect();
                let map = DataType::Map {
                    key: Box::new(DataType::Integer),
                    value: Box::new(DataType::Integer),
                    value_contains_null: true,
                };
                Value::decode(&json!(entries), &map).unwrap()
            };
            let mut permuted = entries.clone();
            let mut rest = seed;
            for index in (1..permuted.len()).rev() {
                permuted.swap(index, rest % (index + 1));
                rest /= index + 1;
            }
            proptest::prop_assert_eq!(of_map(&entries), of_map(&permuted));
            if let Some(first) = entries.first() {
                permuted.push(*first);
                proptest::prop_assert_ne!(of_map(&entries), of_map(&permuted));
            }
        }
    }
}
