//! Functions of JSON texts.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, Decimal128Array, Float32Array, Float64Array, Int8Array,
    Int16Array, Int32Array, Int64Array, ListArray, MapArray, StringArray, StructArray, TimestampMicrosecondArray,
    new_null_array,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Float32Type, Float64Type, TimeUnit, TimestampMicrosecondType};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::DateTime;
use datafusion::common::{ScalarValue, not_impl_err};
use datafusion::error::Result;
use serde_json::Value;

use super::math::shared;
use super::regex::text_lists;
use super::scalar::{Call, Definition, Parameter, gives};
use super::{date_pattern, dates};
use crate::session::text_cast;
use crate::types::StructField;
use crate::types::arrow::to_arrow_field;

use Parameter::{Anything, Text};

/// The functions.
pub(crate) const ALL: &[Definition] = &[
    Definition::new("get_json_object", &[Text, Text], gives::text, |call| {
        call.texts(|row| Ok(object(call.text(0).value(row), call.text(1).value(row))))
    }),
    Definition::new("json_array_length", &[Text], gives::int, |call| {
        call.ints(|row| match serde_json::from_str(call.text(0).value(row)) {
            Ok(Value::Array(elements)) => Ok(i32::try_from(elements.len()).ok()),
            _ => Ok(None),
        })
    }),
    Definition::new("json_object_keys", &[Text], gives::texts, |call| {
        let lists = text_lists(call, |row| match serde_json::from_str(call.text(0).value(row)) {
            Ok(Value::Object(fields)) => Ok(fields.keys().cloned().collect()),
            _ => Ok(vec![String::from("\0")]),
        })?;
        without_marked(&lists)
    }),
    Definition::new("schema_of_json", &[Text, Anything], gives::text, |call| {
        call.texts(|row| Ok(serde_json::from_str(call.text(0).value(row)).ok().map(|value: Value| type_of(&value))))
    })
    .requiring(1),
    Definition::new("to_json", &[Anything, Anything], gives::text, to_json).requiring(1),
    Definition::new("from_json", &[Text, Text, Anything], |_| DataType::Null, from_json)
        .requiring(2)
        .returning(|_, literals| schema(literals).unwrap_or(DataType::Null)),
];

/// The lists, null where the only text is the mark of one that is none.
fn without_marked(lists: &ArrayRef) -> Result<ArrayRef> {
    let list = lists.as_list::<i32>();
    let texts = list.values().as_string::<i32>();
    let valid = (0..list.len()).map(|row| {
        let first = usize::try_from(list.value_offsets()[row]).unwrap_or(0);
        list.is_valid(row) && !(list.value_length(row) == 1 && texts.value(first) == "\0")
    });
    let nulls = NullBuffer::from(valid.collect::<Vec<_>>());
    let DataType::List(field) = lists.data_type() else { return Ok(Arc::clone(lists)) };
    Ok(shared(ListArray::try_new(Arc::clone(field), list.offsets().clone(), Arc::clone(list.values()), Some(nulls))?))
}

/// A step of a path.
enum Step {
    Field(String),
    Index(usize),
    All,
}

/// The steps of `$.a[0].b[*]['c d']`; none for what is no path.
fn steps(path: &str) -> Option<Vec<Step>> {
    let mut rest = path.strip_prefix('$')?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix("['") {
            let (name, after) = after.split_once("']")?;
            steps.push(Step::Field(name.to_owned()));
            rest = after;
        } else if let Some(after) = rest.strip_prefix('[') {
            let (index, after) = after.split_once(']')?;
            steps.push(if index.trim() == "*" { Step::All } else { Step::Index(index.trim().parse().ok()?) });
            rest = after;
        } else {
            let after = rest.strip_prefix('.')?;
            let end = after.find(['.', '[']).unwrap_or(after.len());
            if end == 0 {
                return None;
            }
            steps.push(if &after[..end] == "*" { Step::All } else { Step::Field(after[..end].to_owned()) });
            rest = &after[end..];
        }
    }
    Some(steps)
}

fn object(text: &str, path: &str) -> Option<String> {
    let steps = steps(path)?;
    let value: Value = serde_json::from_str(text).ok()?;
    let mut found = vec![&value];
    let mut many = false;
    for step in &steps {
        found = match step {
            Step::Field(name) => found.into_iter().filter_map(|value| value.as_object()?.get(name)).collect(),
            Step::Index(index) => found.into_iter().filter_map(|value| value.as_array()?.get(*index)).collect(),
            Step::All => {
                many = true;
                found.into_iter().filter_map(Value::as_array).flatten().collect()
            }
        };
    }
    let shown = |value: &Value| match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        value => Some(value.to_string()),
    };
    match found.as_slice() {
        [] => None,
        [only] if !many => shown(only),
        [only] if matches!(steps.last(), Some(Step::Field(_) | Step::Index(_))) => shown(only),
        several => serde_json::to_string(several).ok(),
    }
}

/// The options of a call: a map of texts, of which the row's own are taken.
pub(super) fn options(call: &Call<'_>, index: usize, row: usize) -> BTreeMap<String, String> {
    let mut options = BTreeMap::new();
    if call.has(index)
        && let Some(map) = call.arrays[index].as_map_opt()
        && let (Some(keys), Some(values)) = (map.keys().as_string_opt::<i32>(), map.values().as_string_opt::<i32>())
    {
        let place = |row: usize| usize::try_from(map.offsets()[row]).unwrap_or(0);
        for entry in place(row)..place(row + 1) {
            options.insert(keys.value(entry).to_lowercase(), values.value(entry).to_owned());
        }
    }
    options
}

fn to_json(call: &Call<'_>) -> Result<ArrayRef> {
    let array = &call.arrays[0];
    let mut texts = Vec::with_capacity(call.rows);
    for row in 0..call.rows {
        let options = options(call, 1, row);
        let writer = Writer::of(call, &options);
        let mut text = String::new();
        if array.is_valid(row) && array.data_type() != &DataType::Null {
            writer.write(&mut text, array, row)?;
            texts.push(Some(text));
        } else {
            texts.push(None);
        }
    }
    Ok(shared(StringArray::from(texts)))
}

fn is_null(array: &ArrayRef, row: usize) -> bool {
    array.is_null(row) || array.data_type() == &DataType::Null
}

struct Writer<'w> {
    zone: &'w str,
    timestamp: &'w str,
    date: &'w str,
    /// Whether fields that are null are written.
    nulls: bool,
}

fn quoted(out: &mut String, text: &str) {
    let _ = write!(out, "{}", Value::from(text));
}

impl<'w> Writer<'w> {
    fn of(call: &Call<'w>, options: &'w BTreeMap<String, String>) -> Self {
        Self {
            zone: call.zone,
            timestamp: options.get("timestampformat").map_or("yyyy-MM-dd'T'HH:mm:ss.SSSXXX", String::as_str),
            date: options.get("dateformat").map_or("yyyy-MM-dd", String::as_str),
            nulls: options.get("ignorenullfields").is_some_and(|ignored| ignored.eq_ignore_ascii_case("false")),
        }
    }

    fn write(&self, out: &mut String, array: &ArrayRef, row: usize) -> Result<()> {
        if is_null(array, row) {
            out.push_str("null");
            return Ok(());
        }
        match array.data_type() {
            DataType::Struct(fields) => {
                let columns = fields.iter().zip(array.as_struct().columns());
                self.fields(out, columns.map(|(field, column)| (field.name().clone(), column, row)))?;
            }
            DataType::Map(..) => {
                let map = array.as_map();
                let names = cast(map.keys(), &DataType::Utf8)?;
                let names = names.as_string::<i32>();
                let place = |row: usize| usize::try_from(map.offsets()[row]).unwrap_or(0);
                let entries =
                    (place(row)..place(row + 1)).map(|entry| (names.value(entry).to_owned(), map.values(), entry));
                let all = Writer { nulls: true, ..*self };
                all.fields(out, entries)?;
            }
            DataType::List(_) => {
                let elements = array.as_list::<i32>().value(row);
                out.push('[');
                for element in 0..elements.len() {
                    if element > 0 {
                        out.push(',');
                    }
                    self.write(out, &elements, element)?;
                }
                out.push(']');
            }
            DataType::Utf8 => quoted(out, array.as_string::<i32>().value(row)),
            DataType::Binary => quoted(out, &STANDARD.encode(array.as_binary::<i32>().value(row))),
            DataType::Boolean => out.push_str(if array.as_boolean().value(row) { "true" } else { "false" }),
            DataType::Float64 => float(out, array.as_primitive::<Float64Type>().value(row), false),
            DataType::Float32 => float(out, f64::from(array.as_primitive::<Float32Type>().value(row)), true),
            DataType::Date32 => {
                let micros = i64::from(array.as_primitive::<Date32Type>().value(row)) * 86_400_000_000;
                quoted(out, &date_pattern::format(micros, self.date, dates::zone("UTC")?, "UTC")?);
            }
            DataType::Timestamp(TimeUnit::Microsecond, zone) => {
                let micros = array.as_primitive::<TimestampMicrosecondType>().value(row);
                let (name, pattern) = match zone {
                    Some(_) => (self.zone, self.timestamp),
                    None => ("UTC", "yyyy-MM-dd'T'HH:mm:ss.SSS"),
                };
                quoted(out, &date_pattern::format(micros, pattern, dates::zone(name)?, name)?);
            }
            data_type if data_type.is_integer() || matches!(data_type, DataType::Decimal128(..)) => {
                let text = cast(&array.slice(row, 1), &DataType::Utf8)?;
                out.push_str(text.as_string::<i32>().value(0));
            }
            other => return not_impl_err!("to_json of {other}"),
        }
        Ok(())
    }

    fn fields<'f>(&self, out: &mut String, fields: impl Iterator<Item = (String, &'f ArrayRef, usize)>) -> Result<()> {
        out.push('{');
        let mut first = true;
        for (name, column, row) in fields {
            if is_null(column, row) && !self.nulls {
                continue;
            }
            if !first {
                out.push(',');
            }
            first = false;
            quoted(out, &name);
            out.push(':');
            self.write(out, column, row)?;
        }
        out.push('}');
        Ok(())
    }
}

/// As Java shows it; what JSON has no number for is a text.
fn float(out: &mut String, value: f64, narrow: bool) {
    let text = crate::types::values::java_number::text(value, narrow);
    if value.is_finite() { out.push_str(&text) } else { quoted(out, &text) }
}

/// The type that the call's second argument names.
fn schema(literals: &[Option<ScalarValue>]) -> Option<DataType> {
    let Some(Some(ScalarValue::Utf8(Some(ddl)))) = literals.get(1) else { return None };
    let data_type = crate::types::DataType::from_ddl(ddl).ok()?;
    Some(to_arrow_field(&StructField::new("", data_type)).ok()?.data_type().clone())
}

/// The struct of the columns that the call's second argument names.
pub(super) fn schema_of_columns(literals: &[Option<ScalarValue>]) -> Option<DataType> {
    let Some(Some(ScalarValue::Utf8(Some(ddl)))) = literals.get(1) else { return None };
    let schema = crate::types::StructType::from_table_schema(ddl).ok()?;
    let data_type = crate::types::DataType::Struct(schema);
    Some(to_arrow_field(&StructField::new("", data_type)).ok()?.data_type().clone())
}

/// Values as the type that the call gives.
pub(super) fn read(call: &Call<'_>, options: usize, values: &[Option<Value>]) -> Result<ArrayRef> {
    let options = if call.rows > 0 { self::options(call, options, 0) } else { BTreeMap::new() };
    let reader = Reader {
        zone: call.zone,
        timestamp: options.get("timestampformat").cloned(),
        date: options.get("dateformat").cloned(),
    };
    reader.read(&values.iter().map(Option::as_ref).collect::<Vec<_>>(), call.returns)
}

/// A value as a text by itself; none of null.
pub(super) fn plain_text(call: &Call<'_>, options: usize, array: &ArrayRef, row: usize) -> Result<Option<String>> {
    if is_null(array, row) {
        return Ok(None);
    }
    let options = self::options(call, options, row);
    let mut text = String::new();
    Writer::of(call, &options).write(&mut text, array, row)?;
    Ok(Some(match serde_json::from_str(&text) {
        Ok(Value::String(plain)) => plain,
        _ => text,
    }))
}

/// The type of a value in Spark's DDL.
fn type_of(value: &Value) -> String {
    match value {
        Value::Null | Value::String(_) => "STRING".to_owned(),
        Value::Bool(_) => "BOOLEAN".to_owned(),
        Value::Number(number) if number.is_i64() => "BIGINT".to_owned(),
        Value::Number(number) => {
            let text = number.to_string();
            match text.bytes().all(|byte| byte.is_ascii_digit()) && text.len() <= 38 {
                true => format!("DECIMAL({},0)", text.len()),
                false => "DOUBLE".to_owned(),
            }
        }
        Value::Array(elements) => {
            let mut types: Vec<String> = elements.iter().filter(|element| !element.is_null()).map(type_of).collect();
            types.dedup();
            match types.as_slice() {
                [] => "ARRAY<STRING>".to_owned(),
                [one] => format!("ARRAY<{one}>"),
                several if several.iter().all(|one| matches!(one.as_str(), "BIGINT" | "DOUBLE")) => {
                    "ARRAY<DOUBLE>".to_owned()
                }
                _ => "ARRAY<STRING>".to_owned(),
            }
        }
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| format!("{name}: {}", type_of(value)));
            format!("STRUCT<{}>", fields.collect::<Vec<_>>().join(", "))
        }
    }
}

fn from_json(call: &Call<'_>) -> Result<ArrayRef> {
    if call.returns == &DataType::Null {
        return not_impl_err!("from_json with a schema that is no literal in DDL form");
    }
    let texts = call.text(0);
    let mut values = Vec::with_capacity(call.rows);
    let mut options = BTreeMap::new();
    for row in 0..call.rows {
        if row == 0 {
            options = self::options(call, 2, row);
        }
        let text = if texts.is_null(row) { "" } else { texts.value(row) };
        // A struct of what is no JSON has no values; an empty text is no value at all.
        let broken = || {
            if matches!(call.returns, DataType::Struct(_)) { Some(Value::Object(serde_json::Map::new())) } else { None }
        };
        values.push(if text.trim().is_empty() { None } else { serde_json::from_str(text).ok().or_else(broken) });
    }
    let reader = Reader {
        zone: call.zone,
        timestamp: options.get("timestampformat").cloned(),
        date: options.get("dateformat").cloned(),
    };
    reader.read(&values.iter().map(Option::as_ref).collect::<Vec<_>>(), call.returns)
}

struct Reader<'r> {
    zone: &'r str,
    timestamp: Option<String>,
    date: Option<String>,
}

impl Reader<'_> {
    /// The values as an array of a type; what does not fit it is null.
    fn read(&self, values: &[Option<&Value>], data_type: &DataType) -> Result<ArrayRef> {
        let long = |value: &Value| value.as_i64();
        let text = |value: &Value| match value {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            value => Some(value.to_string()),
        };
        let each = || values.iter().copied();
        Ok(match data_type {
            DataType::Int8 => shared(each().map(|value| i8::try_from(long(value?)?).ok()).collect::<Int8Array>()),
            DataType::Int16 => shared(each().map(|value| i16::try_from(long(value?)?).ok()).collect::<Int16Array>()),
            DataType::Int32 => shared(each().map(|value| i32::try_from(long(value?)?).ok()).collect::<Int32Array>()),
            DataType::Int64 => shared(each().map(|value| long(value?)).collect::<Int64Array>()),
            #[expect(clippy::cast_possible_truncation, reason = "a float is asked for")]
            DataType::Float32 => shared(each().map(|value| Some(double(value?)? as f32)).collect::<Float32Array>()),
            DataType::Float64 => shared(each().map(|value| double(value?)).collect::<Float64Array>()),
            DataType::Boolean => shared(each().map(|value| value?.as_bool()).collect::<BooleanArray>()),
            DataType::Utf8 => shared(each().map(|value| text(value?)).collect::<StringArray>()),
            DataType::Decimal128(precision, scale) => {
                let texts = each().map(|value| text(value?)).collect::<StringArray>();
                let decimals = cast(&texts, data_type)?;
                let decimals: Decimal128Array =
                    decimals.as_primitive::<arrow::datatypes::Decimal128Type>().iter().collect();
                shared(decimals.with_precision_and_scale(*precision, *scale)?)
            }
            DataType::Date32 => shared(each().map(|value| self.date(value?.as_str()?)).collect::<Date32Array>()),
            DataType::Timestamp(TimeUnit::Microsecond, zone) => {
                let times = each().map(|value| self.micros(value?.as_str()?)).collect::<TimestampMicrosecondArray>();
                shared(times.with_timezone_opt(zone.clone()))
            }
            DataType::List(field) => {
                let mut elements = Vec::new();
                let lengths = each().map(|value| {
                    let own = value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
                    elements.extend(own.iter().map(|element| (!element.is_null()).then_some(element)));
                    own.len()
                });
                let offsets = OffsetBuffer::from_lengths(lengths.collect::<Vec<_>>());
                let valid = each().map(|value| value.is_some_and(Value::is_array));
                let nulls = NullBuffer::from(valid.collect::<Vec<_>>());
                shared(ListArray::try_new(
                    Arc::clone(field),
                    offsets,
                    self.read(&elements, field.data_type())?,
                    Some(nulls),
                )?)
            }
            DataType::Map(entries, sorted) => {
                let DataType::Struct(fields) = entries.data_type() else {
                    return Ok(new_null_array(data_type, values.len()));
                };
                let (mut keys, mut content) = (Vec::new(), Vec::new());
                let lengths = each().map(|value| {
                    let Some(own) = value.and_then(Value::as_object) else { return 0 };
                    keys.extend(own.keys().cloned());
                    content.extend(own.values().map(|value| (!value.is_null()).then_some(value)));
                    own.len()
                });
                let offsets = OffsetBuffer::from_lengths(lengths.collect::<Vec<_>>());
                let nulls =
                    NullBuffer::from(each().map(|value| value.is_some_and(Value::is_object)).collect::<Vec<_>>());
                let keys = cast(&StringArray::from(keys), fields[0].data_type())?;
                let content = self.read(&content, fields[1].data_type())?;
                let content = StructArray::try_new(fields.clone(), vec![keys, content], None)?;
                shared(MapArray::try_new(Arc::clone(entries), offsets, content, Some(nulls), *sorted)?)
            }
            DataType::Struct(fields) => {
                let columns = fields.iter().map(|field| {
                    let own: Vec<_> = each().map(|value| value?.as_object()?.get(field.name())).collect();
                    self.read(&own, field.data_type())
                });
                let nulls =
                    NullBuffer::from(each().map(|value| value.is_some_and(Value::is_object)).collect::<Vec<_>>());
                let columns = columns.collect::<Result<Vec<_>>>()?;
                shared(StructArray::try_new(fields.clone(), columns, Some(nulls))?)
            }
            other => return not_impl_err!("from_json of {other}"),
        })
    }

    fn date(&self, text: &str) -> Option<i32> {
        let micros = match &self.date {
            Some(pattern) => date_pattern::parse(text, pattern, dates::zone("UTC").ok()?).ok()?.ok()?,
            None => {
                let plain = text_cast::plain(text, &DataType::Date32, false)?;
                let date: chrono::NaiveDate = plain.parse().ok()?;
                date.and_hms_opt(0, 0, 0)?.and_utc().timestamp_micros()
            }
        };
        i32::try_from(micros.div_euclid(86_400_000_000)).ok()
    }

    fn micros(&self, text: &str) -> Option<i64> {
        let zone = dates::zone(self.zone).ok()?;
        match &self.timestamp {
            Some(pattern) => date_pattern::parse(text, pattern, zone).ok().and_then(Result::ok),
            None => {
                if let Ok(time) = DateTime::parse_from_rfc3339(text) {
                    return Some(time.timestamp_micros());
                }
                let instant = crate::session::coercion::instant();
                let plain = text_cast::plain(text, &instant, false)?;
                let array =
                    cast(&StringArray::from(vec![plain]), &DataType::Timestamp(TimeUnit::Microsecond, None)).ok()?;
                let micros = array.as_primitive::<TimestampMicrosecondType>().value(0);
                crate::session::coercion::instant_of(DateTime::from_timestamp_micros(micros)?.naive_utc(), zone)
            }
        }
    }
}

fn double(value: &Value) -> Option<f64> {
    match value {
        Value::String(text) => match text.as_str() {
            "NaN" => Some(f64::NAN),
            "Infinity" | "+Infinity" | "INF" | "+INF" => Some(f64::INFINITY),
            "-Infinity" | "-INF" => Some(f64::NEG_INFINITY),
            _ => None,
        },
        value => value.as_f64(),
    }
}
