//! Values as Spark shows them to people: in `show`, in the names of literals, in statistics.

use std::fmt::Write;
use std::str::FromStr;

use arrow::array::timezone::Tz;
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType as ArrowType, Date32Type, Decimal128Type, DurationMicrosecondType, Float32Type, Float64Type, Int8Type,
    Int16Type, Int32Type, Int64Type, IntervalMonthDayNanoType, IntervalYearMonthType, Time64NanosecondType,
    TimestampMicrosecondType,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use chrono::{DateTime, Offset, TimeZone, Utc};
use seatrial_engine::error::{ExceptionClass, SparkError};
use seatrial_engine::session::Session;
use seatrial_engine::types::arrow::to_table_schema;
use seatrial_engine::types::values::{calendar, decimal_text, java_number, variant_text};
use seatrial_engine::types::{DataType, StructField, StructType};

/// Shows values as a session wants them.
#[derive(Debug, Clone)]
pub(crate) struct Shower {
    zone: Tz,
    binary: BinaryStyle,
}

/// `spark.sql.binaryOutputStyle`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BinaryStyle {
    /// `[41 42]`.
    HexDiscrete,
    /// `4142`.
    Hex,
    /// `[65, 66]`, with signs.
    Basic,
    Utf8,
    /// Without padding.
    Base64,
}

impl Shower {
    /// By the settings of a session.
    ///
    /// # Errors
    /// When its time zone is none.
    pub(crate) fn of_session(session: &Session) -> Result<Self, SparkError> {
        let conf = session.conf();
        let zone = conf.shown("spark.sql.session.timeZone").unwrap_or("UTC");
        let binary = match conf.get("spark.sql.binaryOutputStyle").map(str::to_uppercase).as_deref() {
            Some("HEX") => BinaryStyle::Hex,
            Some("BASIC") => BinaryStyle::Basic,
            Some("UTF-8") => BinaryStyle::Utf8,
            Some("BASE64") => BinaryStyle::Base64,
            _ => BinaryStyle::HexDiscrete,
        };
        Self::new(zone, binary)
    }

    fn new(zone: &str, binary: BinaryStyle) -> Result<Self, SparkError> {
        let wrong = |_| SparkError::plain(ExceptionClass::DateTime, format!("Unknown time zone: {zone}"));
        Ok(Self { zone: Tz::from_str(zone).map_err(wrong)?, binary })
    }

    /// The texts of a column; none where it is null.
    ///
    /// # Errors
    /// When the column is not of the type.
    pub(crate) fn column(&self, array: &ArrayRef, data_type: &DataType) -> Result<Vec<Option<String>>, SparkError> {
        let array = in_plain_layout(array, data_type)?;
        (0..array.len()).map(|row| self.value(&array, data_type, row)).collect()
    }

    fn value(&self, array: &ArrayRef, data_type: &DataType, row: usize) -> Result<Option<String>, SparkError> {
        if array.is_null(row) || matches!(array.data_type(), ArrowType::Null) {
            return Ok(None);
        }
        let text = match data_type {
            DataType::Null => return Ok(None),
            DataType::Boolean => array.as_boolean().value(row).to_string(),
            DataType::Byte => array.as_primitive::<Int8Type>().value(row).to_string(),
            DataType::Short => array.as_primitive::<Int16Type>().value(row).to_string(),
            DataType::Integer => array.as_primitive::<Int32Type>().value(row).to_string(),
            DataType::Long => array.as_primitive::<Int64Type>().value(row).to_string(),
            DataType::Float => java_number::text(array.as_primitive::<Float32Type>().value(row).into(), true),
            DataType::Double => java_number::text(array.as_primitive::<Float64Type>().value(row), false),
            DataType::Decimal { scale, .. } => decimal_text(array.as_primitive::<Decimal128Type>().value(row), *scale),
            DataType::String { .. } | DataType::Char(_) | DataType::Varchar(_) => {
                array.as_string::<i32>().value(row).to_owned()
            }
            DataType::Binary => self.binary(array.as_binary::<i32>().value(row)),
            DataType::Date => calendar::date(array.as_primitive::<Date32Type>().value(row).into()),
            DataType::Timestamp => self.instant(array.as_primitive::<TimestampMicrosecondType>().value(row)),
            DataType::TimestampNtz => wall_clock(array.as_primitive::<TimestampMicrosecondType>().value(row).into()),
            DataType::Time(_) => time(array.as_primitive::<Time64NanosecondType>().value(row)),
            DataType::DayTimeInterval { start, end } => {
                day_time_interval(array.as_primitive::<DurationMicrosecondType>().value(row), *start, *end)
            }
            DataType::YearMonthInterval { start, end } => {
                year_month_interval(array.as_primitive::<IntervalYearMonthType>().value(row), *start, *end)
            }
            DataType::CalendarInterval => {
                let interval = array.as_primitive::<IntervalMonthDayNanoType>().value(row);
                calendar_interval(interval.months, interval.days, interval.nanoseconds / 1_000)
            }
            DataType::Variant => {
                let parts = array.as_struct();
                let (value, metadata) = (parts.column(0).as_binary::<i32>(), parts.column(1).as_binary::<i32>());
                match variant_text(value.value(row), metadata.value(row)) {
                    Some(text) => text,
                    None => return Err(SparkError::plain(ExceptionClass::SparkRuntime, "The variant is malformed.")),
                }
            }
            DataType::Geo(_) => self.binary(array.as_struct().column(1).as_binary::<i32>().value(row)),
            DataType::Array { element, .. } => {
                let elements = array.as_list::<i32>().value(row);
                format!("[{}]", self.several(&elements, element)?.join(", "))
            }
            DataType::Map { key, value, .. } => {
                let entries = array.as_map().value(row);
                let (keys, values) = (self.several(entries.column(0), key)?, self.several(entries.column(1), value)?);
                let entries = keys.iter().zip(values).map(|(key, value)| format!("{key} -> {value}"));
                format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
            }
            DataType::Struct(schema) => {
                let columns = array.as_struct().columns().iter().zip(&schema.fields);
                let fields = columns.map(|(column, field)| {
                    Ok(self.value(column, &field.data_type, row)?.unwrap_or_else(|| "NULL".to_owned()))
                });
                format!("{{{}}}", fields.collect::<Result<Vec<_>, SparkError>>()?.join(", "))
            }
            DataType::Udt { sql_type, .. } => return self.value(array, sql_type, row),
        };
        Ok(Some(text))
    }

    fn several(&self, array: &ArrayRef, data_type: &DataType) -> Result<Vec<String>, SparkError> {
        let text = |row| Ok(self.value(array, data_type, row)?.unwrap_or_else(|| "NULL".to_owned()));
        (0..array.len()).map(text).collect()
    }

    fn binary(&self, bytes: &[u8]) -> String {
        let each = |separator: &str, text: &dyn Fn(u8) -> String| {
            bytes.iter().map(|byte| text(*byte)).collect::<Vec<_>>().join(separator)
        };
        match self.binary {
            BinaryStyle::HexDiscrete => format!("[{}]", each(" ", &|byte| format!("{byte:02X}"))),
            BinaryStyle::Hex => each("", &|byte| format!("{byte:02X}")),
            BinaryStyle::Basic => format!("[{}]", each(", ", &|byte| i8::from_ne_bytes([byte]).to_string())),
            BinaryStyle::Utf8 => String::from_utf8_lossy(bytes).into_owned(),
            BinaryStyle::Base64 => STANDARD_NO_PAD.encode(bytes),
        }
    }

    fn instant(&self, micros: i64) -> String {
        let offset = match DateTime::<Utc>::from_timestamp_micros(micros) {
            Some(instant) => self.zone.offset_from_utc_datetime(&instant.naive_utc()).fix().local_minus_utc(),
            None => 0,
        };
        wall_clock(i128::from(micros) + i128::from(offset) * 1_000_000)
    }
}

/// The column in the one layout that its type has in a table.
fn in_plain_layout(array: &ArrayRef, data_type: &DataType) -> Result<ArrayRef, SparkError> {
    let schema = to_table_schema(&StructType { fields: vec![StructField::new("", data_type.clone())] })?;
    let wanted = schema.field(0).data_type();
    if array.data_type() == wanted || array.data_type().equals_datatype(wanted) {
        return Ok(std::sync::Arc::clone(array));
    }
    cast(array, wanted).map_err(SparkError::internal)
}

/// `2020-01-02 03:04:05.6`.
fn wall_clock(micros: i128) -> String {
    let text = calendar::timestamp(micros).replacen('T', " ", 1);
    without_zeros(&text).to_owned()
}

fn time(nanos: i64) -> String {
    let seconds = nanos.div_euclid(1_000_000_000);
    let (hours, minutes, fraction) = (seconds / 3_600, seconds / 60 % 60, nanos.rem_euclid(1_000_000_000));
    without_zeros(&format!("{hours:02}:{minutes:02}:{:02}.{fraction:09}", seconds % 60)).to_owned()
}

/// The number without the zeros that end its fraction.
fn without_zeros(text: &str) -> &str {
    text.trim_end_matches('0').trim_end_matches('.')
}

/// `INTERVAL '1 02:03:04.5' DAY TO SECOND`: fields are numbered from days to seconds.
fn day_time_interval(micros: i64, start: u8, end: u8) -> String {
    const NAMES: [&str; 4] = ["DAY", "HOUR", "MINUTE", "SECOND"];
    const SIZES: [u64; 4] = [86_400_000_000, 3_600_000_000, 60_000_000, 1_000_000];
    let mut rest = micros.unsigned_abs();
    let mut text = if micros < 0 { "-".to_owned() } else { String::new() };
    for field in start..=end {
        let size = SIZES.get(usize::from(field)).copied().unwrap_or(1_000_000);
        let (count, after) = (rest / size, rest % size);
        rest = after;
        if field > start {
            text.push(if field == 1 { ' ' } else { ':' });
        }
        let _infallible = match field {
            0 => write!(text, "{count}"),
            3 => write!(text, "{}", without_zeros(&format!("{count:02}.{rest:06}"))),
            _ => write!(text, "{count:02}"),
        };
    }
    format!("INTERVAL '{text}' {}", fields(&NAMES, start, end))
}

/// `INTERVAL '1-2' YEAR TO MONTH`: fields are numbered from years.
fn year_month_interval(months: i32, start: u8, end: u8) -> String {
    let (sign, count) = (if months < 0 { "-" } else { "" }, months.unsigned_abs());
    let text = match (start, end) {
        (0, 0) => (count / 12).to_string(),
        (0, _) => format!("{}-{}", count / 12, count % 12),
        _ => count.to_string(),
    };
    format!("INTERVAL '{sign}{text}' {}", fields(&["YEAR", "MONTH"], start, end))
}

fn fields(names: &[&str], start: u8, end: u8) -> String {
    let name = |field: u8| names.get(usize::from(field)).copied().unwrap_or_default();
    if start == end { name(start).to_owned() } else { format!("{} TO {}", name(start), name(end)) }
}

/// `1 years 2 months 3 days 4 hours 5 minutes 6.7 seconds`, without what is zero.
fn calendar_interval(months: i32, days: i32, micros: i64) -> String {
    let units = [
        (i64::from(months / 12), "years"),
        (i64::from(months % 12), "months"),
        (i64::from(days), "days"),
        (micros / 3_600_000_000, "hours"),
        (micros / 60_000_000 % 60, "minutes"),
    ];
    let mut parts: Vec<String> =
        units.iter().filter(|(count, _)| *count != 0).map(|(count, unit)| format!("{count} {unit}")).collect();
    let rest = micros % 60_000_000;
    if rest != 0 || parts.is_empty() {
        let (sign, rest) = (if rest < 0 { "-" } else { "" }, rest.unsigned_abs());
        let seconds = format!("{sign}{}.{:06}", rest / 1_000_000, rest % 1_000_000);
        parts.push(format!("{} seconds", without_zeros(&seconds)));
    }
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use std::sync::Arc;

    use arrow::array::{BinaryArray, Int32Array, ListArray, StructArray, TimestampMicrosecondArray};
    use arrow::datatypes::{Field, Fields, Int32Type};
    use rstest::rstest;

    use super::*;

    // All expected texts are those of PySpark 4.2.1.

    #[rstest]
    #[case(93_784_567_000, 0, 3, "INTERVAL '1 02:03:04.567' DAY TO SECOND")]
    #[case(-93_784_000_000, 0, 3, "INTERVAL '-1 02:03:04' DAY TO SECOND")]
    #[case(18_000_000_000, 1, 1, "INTERVAL '05' HOUR")]
    #[case(37_200_000_000, 1, 2, "INTERVAL '10:20' HOUR TO MINUTE")]
    #[case(5_400_000_000, 2, 2, "INTERVAL '90' MINUTE")]
    #[case(1_500_000, 3, 3, "INTERVAL '01.5' SECOND")]
    #[case(1_230_000_000, 2, 3, "INTERVAL '20:30' MINUTE TO SECOND")]
    #[case(122_400_000_000, 0, 1, "INTERVAL '1 10' DAY TO HOUR")]
    #[case(86_400_000_000, 0, 0, "INTERVAL '1' DAY")]
    fn intervals_of_days_show_their_fields(
        #[case] micros: i64,
        #[case] start: u8,
        #[case] end: u8,
        #[case] expected: &str,
    ) {
        assert_eq!(day_time_interval(micros, start, end), expected);
    }

    #[rstest]
    #[case(14, 0, 1, "INTERVAL '1-2' YEAR TO MONTH")]
    #[case(36, 0, 0, "INTERVAL '3' YEAR")]
    #[case(-3, 1, 1, "INTERVAL '-3' MONTH")]
    fn intervals_of_months_show_their_fields(
        #[case] months: i32,
        #[case] start: u8,
        #[case] end: u8,
        #[case] expected: &str,
    ) {
        assert_eq!(year_month_interval(months, start, end), expected);
    }

    #[rstest]
    #[case(14, 25, 18_367_800_000, "1 years 2 months 25 days 5 hours 6 minutes 7.8 seconds")]
    #[case(0, 0, 0, "0 seconds")]
    #[case(-14, -4, -18_367_000_001, "-1 years -2 months -4 days -5 hours -6 minutes -7.000001 seconds")]
    fn intervals_of_calendars_are_told_in_words(
        #[case] months: i32,
        #[case] days: i32,
        #[case] micros: i64,
        #[case] expected: &str,
    ) {
        assert_eq!(calendar_interval(months, days, micros), expected);
    }

    #[rstest]
    #[case(BinaryStyle::HexDiscrete, "[41 42 0A FF]")]
    #[case(BinaryStyle::Hex, "41420AFF")]
    #[case(BinaryStyle::Basic, "[65, 66, 10, -1]")]
    #[case(BinaryStyle::Base64, "QUIK/w")]
    fn binaries_have_styles(#[case] style: BinaryStyle, #[case] expected: &str) {
        let bytes: ArrayRef = Arc::new(BinaryArray::from(vec![b"AB\n\xff".as_slice()]));
        let texts = Shower::new("UTC", style).unwrap().column(&bytes, &DataType::Binary).unwrap();
        assert_eq!(texts, [Some(expected.to_owned())]);
    }

    #[rstest]
    #[case("UTC", 1_709_208_000_123_000, "2024-02-29 12:00:00.123")]
    #[case("America/Los_Angeles", 1_709_236_800_000_000, "2024-02-29 12:00:00")]
    #[case("UTC", 253_402_300_800_000_000, "+10000-01-01 00:00:00")]
    fn instants_are_shown_in_the_zone(#[case] zone: &str, #[case] micros: i64, #[case] expected: &str) {
        let instants: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![micros]).with_timezone("UTC"));
        let texts = Shower::new(zone, BinaryStyle::HexDiscrete).unwrap().column(&instants, &DataType::Timestamp);
        assert_eq!(texts.unwrap(), [Some(expected.to_owned())]);
    }

    #[test]
    fn nested_values_are_shown_within() {
        let lists: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>([Some([Some(1), None])]));
        let numbers: ArrayRef = Arc::new(Int32Array::from(vec![None]));
        let fields = Fields::from(vec![
            Field::new("a", lists.data_type().clone(), true),
            Field::new("b", numbers.data_type().clone(), true),
        ]);
        let row: ArrayRef = Arc::new(StructArray::new(fields, vec![lists, numbers], None));
        let data_type = DataType::from_ddl("struct<a: array<int>, b: int>").unwrap();
        let texts = Shower::new("UTC", BinaryStyle::HexDiscrete).unwrap().column(&row, &data_type).unwrap();
        assert_eq!(texts, [Some("{[1, NULL], NULL}".to_owned())]);
    }
}
