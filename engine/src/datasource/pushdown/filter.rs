//! The filters that a reader can be offered, as `pyspark.sql.datasource` has them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::types::values::decimal_text;

/// A condition on one column or nested field. A scan's filters are the AND of all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// The column's name, and below it the names of nested fields, spelled as in the schema.
    pub attribute: Vec<String>,
    /// What is asked of the value.
    pub test: Test,
    /// Whether it is `Not` of the condition.
    pub negated: bool,
}

/// What a filter asks of a column's value. Each is a class of the same name in `pyspark.sql.datasource`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Test {
    /// `=`.
    EqualTo(Value),
    /// `<=>`.
    EqualNullSafe(Value),
    /// `>`.
    GreaterThan(Value),
    /// `>=`.
    GreaterThanOrEqual(Value),
    /// `<`.
    LessThan(Value),
    /// `<=`.
    LessThanOrEqual(Value),
    /// `IN`, with the values in the order that Spark hands over (FLT-IN-LIST).
    In(Vec<Value>),
    /// `IS NULL`.
    IsNull,
    /// `IS NOT NULL`.
    IsNotNull,
    /// The value begins with the text.
    StringStartsWith(Value),
    /// The value ends with the text.
    StringEndsWith(Value),
    /// The value contains the text.
    StringContains(Value),
}

/// A literal as the reader gets it (FLT-VALUES).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Value {
    /// `None`.
    Null,
    /// `bool`.
    Boolean(bool),
    /// `int`.
    Integer(i64),
    /// `float`, by the bits of its IEEE 754 form, so that NaN and -0.0 survive and equality is identity.
    Float(u64),
    /// `decimal.Decimal`.
    Decimal {
        /// The digits, as one number.
        unscaled: i128,
        /// How many of them stand after the point.
        scale: u8,
    },
    /// `str`.
    String(String),
    /// `bytes`.
    Binary(Vec<u8>),
    /// `datetime.date`, in days since 1970-01-01.
    Date(i32),
    /// `datetime.datetime` in UTC, in microseconds since the epoch.
    Timestamp(i64),
    /// `datetime.datetime` without a zone, in microseconds since 1970-01-01 00:00.
    TimestampNtz(i64),
    /// `list`.
    List(Vec<Value>),
    /// `dict`, its keys in order of the alphabet: it comes out of a variant.
    Dict(Vec<(String, Value)>),
}

impl Test {
    /// The name of PySpark's class.
    pub fn class(&self) -> &'static str {
        match self {
            Self::EqualTo(_) => "EqualTo",
            Self::EqualNullSafe(_) => "EqualNullSafe",
            Self::GreaterThan(_) => "GreaterThan",
            Self::GreaterThanOrEqual(_) => "GreaterThanOrEqual",
            Self::LessThan(_) => "LessThan",
            Self::LessThanOrEqual(_) => "LessThanOrEqual",
            Self::In(_) => "In",
            Self::IsNull => "IsNull",
            Self::IsNotNull => "IsNotNull",
            Self::StringStartsWith(_) => "StringStartsWith",
            Self::StringEndsWith(_) => "StringEndsWith",
            Self::StringContains(_) => "StringContains",
        }
    }
}

/// `NN(i)`, `=(i, 1)`, `Not =(i, 1)`: the notation of the catalogue of behaviours.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.negated {
            f.write_str("Not ")?;
        }
        let symbol = match &self.test {
            Test::EqualTo(_) => "=",
            Test::EqualNullSafe(_) => "<=>",
            Test::GreaterThan(_) => ">",
            Test::GreaterThanOrEqual(_) => ">=",
            Test::LessThan(_) => "<",
            Test::LessThanOrEqual(_) => "<=",
            Test::IsNotNull => "NN",
            other => other.class(),
        };
        let attribute = self.attribute.join(".");
        match &self.test {
            Test::IsNull | Test::IsNotNull => write!(f, "{symbol}({attribute})"),
            Test::In(values) => {
                write!(f, "{symbol}({attribute}, [")?;
                comma_separated(f, values)?;
                f.write_str("])")
            }
            Test::EqualTo(value)
            | Test::EqualNullSafe(value)
            | Test::GreaterThan(value)
            | Test::GreaterThanOrEqual(value)
            | Test::LessThan(value)
            | Test::LessThanOrEqual(value)
            | Test::StringStartsWith(value)
            | Test::StringEndsWith(value)
            | Test::StringContains(value) => write!(f, "{symbol}({attribute}, {value})"),
        }
    }
}

fn comma_separated(f: &mut fmt::Formatter<'_>, values: &[Value]) -> fmt::Result {
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            f.write_str(", ")?;
        }
        write!(f, "{value}")?;
    }
    Ok(())
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("None"),
            Self::Boolean(true) => f.write_str("True"),
            Self::Boolean(false) => f.write_str("False"),
            Self::Integer(value) => write!(f, "{value}"),
            Self::Float(bits) => {
                let value = f64::from_bits(*bits);
                let text = format!("{value:?}");
                match text.split_once('e') {
                    _ if value.is_nan() => f.write_str("nan"),
                    // As Python writes it: 1e+300.
                    Some((digits, exponent)) if !exponent.starts_with('-') => write!(f, "{digits}e+{exponent}"),
                    _ => f.write_str(&text),
                }
            }
            Self::Decimal { unscaled, scale } => write!(f, "Decimal('{}')", decimal_text(*unscaled, *scale)),
            Self::String(text) => write!(f, "'{}'", text.escape_debug()),
            Self::Binary(bytes) => write!(f, "b'{}'", bytes.escape_ascii()),
            Self::Date(days) => write!(f, "date({})", date_text(*days)),
            Self::Timestamp(micros) => write!(f, "datetime({}, tzinfo=UTC)", datetime_text(*micros)),
            Self::TimestampNtz(micros) => write!(f, "datetime({})", datetime_text(*micros)),
            Self::List(values) => {
                f.write_str("[")?;
                comma_separated(f, values)?;
                f.write_str("]")
            }
            Self::Dict(entries) => {
                f.write_str("{")?;
                for (index, (key, value)) in entries.iter().enumerate() {
                    let separator = if index > 0 { ", " } else { "" };
                    write!(f, "{separator}'{key}': {value}")?;
                }
                f.write_str("}")
            }
        }
    }
}

fn date_text(days: i32) -> String {
    let (year, month, day) = civil_from_days(i64::from(days));
    format!("{year}, {month}, {day}")
}

fn datetime_text(micros: i64) -> String {
    let days = micros.div_euclid(86_400_000_000);
    let rest = micros.rem_euclid(86_400_000_000);
    let (year, month, day) = civil_from_days(days);
    let (seconds, micros) = (rest / 1_000_000, rest % 1_000_000);
    let mut text = format!("{year}, {month}, {day}, {}, {}", seconds / 3600, seconds / 60 % 60);
    // As Python's repr: seconds and microseconds only where they are needed.
    if seconds % 60 != 0 || micros != 0 {
        text.push_str(&format!(", {}", seconds % 60));
    }
    if micros != 0 {
        text.push_str(&format!(", {micros}"));
    }
    text
}

/// Year, month and day of a day since 1970-01-01, in the proleptic Gregorian calendar.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}
