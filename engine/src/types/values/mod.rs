//! The canonical JSON values of rows, by which targets are compared.
//!
//! Every value is typed by its column, so that nothing is compared as printed text by accident: decimals keep their scale,
//! timestamps their microseconds, floats their shortest form, non-finite floats their names.

pub mod calendar;
pub mod java_number;
pub(crate) mod variant;

#[cfg(test)]
mod tests;

use arrow::array::{
    Array, ArrayRef, AsArray, FixedSizeBinaryArray, ListLikeArray, RecordBatch, StructArray, new_empty_array,
};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType as ArrowType, Date32Type, Date64Type, Decimal128Type, Float16Type, Float32Type,
    Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, IntervalDayTimeType, IntervalMonthDayNanoType,
    IntervalUnit, IntervalYearMonthType, TimeUnit, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use serde_json::{Number, Value, json};

use super::{DataType, StructType, condition};
use crate::error::SparkError;

/// The rows of a batch whose columns have the types of `schema`, one array of values a row.
///
/// # Errors
///
/// An error without condition when the batch does not have the columns of `schema`: a mistake of ours.
pub fn row_values(batch: &RecordBatch, schema: &StructType) -> Result<Vec<Vec<Value>>, SparkError> {
    if batch.num_columns() != schema.fields.len() {
        return Err(condition::unnamed(format!(
            "a batch of {} columns does not fit a schema of {}",
            batch.num_columns(),
            schema.fields.len()
        )));
    }
    let mut rows: Vec<Vec<Value>> = (0..batch.num_rows()).map(|_| Vec::with_capacity(schema.fields.len())).collect();
    for (column, field) in batch.columns().iter().zip(&schema.fields) {
        for (row, value) in rows.iter_mut().zip(column_values(column, &field.data_type)?) {
            row.push(value);
        }
    }
    Ok(rows)
}

/// The JSON text of a variant's two binaries; none if they are malformed.
pub fn variant_text(value: &[u8], metadata: &[u8]) -> Option<String> {
    variant::json_text(value, metadata)
}

/// The values of one column.
fn column_values(array: &ArrayRef, data_type: &DataType) -> Result<Vec<Value>, SparkError> {
    if let DataType::Udt { sql_type, .. } = data_type {
        return column_values(array, sql_type);
    }
    let values = match array.data_type() {
        ArrowType::Null => vec![Value::Null; array.len()],
        ArrowType::Boolean => array.as_boolean().iter().map(|v| v.map_or(Value::Null, Value::Bool)).collect(),
        ArrowType::Int8 => primitives::<Int8Type>(array, |v| v.into()),
        ArrowType::Int16 => primitives::<Int16Type>(array, |v| v.into()),
        ArrowType::Int32 => primitives::<Int32Type>(array, |v| v.into()),
        ArrowType::Int64 => primitives::<Int64Type>(array, |v| v.into()),
        ArrowType::UInt8 => primitives::<UInt8Type>(array, |v| v.into()),
        ArrowType::UInt16 => primitives::<UInt16Type>(array, |v| v.into()),
        ArrowType::UInt32 => primitives::<UInt32Type>(array, |v| v.into()),
        // A decimal(20,0) to Spark.
        ArrowType::UInt64 => primitives::<UInt64Type>(array, |v| Value::String(v.to_string())),
        ArrowType::Float16 => primitives::<Float16Type>(array, |v| float(f64::from(v.to_f32()))),
        ArrowType::Float32 => primitives::<Float32Type>(array, |v| float(f64::from(v))),
        ArrowType::Float64 => primitives::<Float64Type>(array, float),
        ArrowType::Decimal128(_, scale) => {
            let scale = *scale;
            primitives::<Decimal128Type>(array, move |v| Value::String(decimal(v, scale)))
        }
        ArrowType::Decimal32(precision, scale)
        | ArrowType::Decimal64(precision, scale)
        | ArrowType::Decimal256(precision, scale) => {
            return column_values(&cast(array, &ArrowType::Decimal128((*precision).min(38), *scale))?, data_type);
        }
        ArrowType::Utf8 => texts(array.as_string::<i32>().iter()),
        ArrowType::LargeUtf8 => texts(array.as_string::<i64>().iter()),
        ArrowType::Utf8View => texts(array.as_string_view().iter()),
        ArrowType::Binary => binaries(array.as_binary::<i32>().iter()),
        ArrowType::LargeBinary => binaries(array.as_binary::<i64>().iter()),
        ArrowType::BinaryView => binaries(array.as_binary_view().iter()),
        ArrowType::FixedSizeBinary(_) => binaries(downcast::<FixedSizeBinaryArray>(array)?.iter()),
        ArrowType::Date32 => primitives::<Date32Type>(array, |v| Value::String(calendar::date(v.into()))),
        ArrowType::Date64 => {
            primitives::<Date64Type>(array, |v| Value::String(calendar::date(v.div_euclid(86_400_000))))
        }
        ArrowType::Timestamp(unit, zone) => {
            let suffix = if zone.is_some() { "Z" } else { "" };
            integers(array, *unit, &|v| Value::String(format!("{}{suffix}", calendar::timestamp(v))))?
        }
        ArrowType::Time32(unit) | ArrowType::Time64(unit) => {
            integers(array, *unit, &|v| Value::String(calendar::time(v)))?
        }
        ArrowType::Duration(unit) => integers(array, *unit, &|v| i64::try_from(v).map_or(Value::Null, Value::from))?,
        ArrowType::Interval(unit) => intervals(array, *unit),
        ArrowType::List(_) => lists(array.as_list::<i32>(), data_type)?,
        ArrowType::LargeList(_) => lists(array.as_list::<i64>(), data_type)?,
        ArrowType::FixedSizeList(..) => lists(array.as_fixed_size_list(), data_type)?,
        ArrowType::ListView(_) => lists(array.as_list_view::<i32>(), data_type)?,
        ArrowType::LargeListView(_) => lists(array.as_list_view::<i64>(), data_type)?,
        ArrowType::Map(..) => maps(array, data_type)?,
        ArrowType::Struct(_) if matches!(data_type, DataType::Variant) => variants(array.as_struct())?,
        ArrowType::Struct(_) => structs(array.as_struct(), data_type)?,
        ArrowType::Dictionary(_, values) => return column_values(&cast(array, values)?, data_type),
        ArrowType::RunEndEncoded(_, values) => return column_values(&cast(array, values.data_type())?, data_type),
        ArrowType::Union(..) => return Err(mismatch(array, data_type)),
    };
    Ok(values)
}

fn primitives<T: ArrowPrimitiveType>(array: &ArrayRef, value: impl Fn(T::Native) -> Value) -> Vec<Value> {
    array.as_primitive::<T>().iter().map(|v| v.map_or(Value::Null, &value)).collect()
}

fn texts<'a>(values: impl Iterator<Item = Option<&'a str>>) -> Vec<Value> {
    values.map(|v| v.map_or(Value::Null, Value::from)).collect()
}

fn binaries<'a>(values: impl Iterator<Item = Option<&'a [u8]>>) -> Vec<Value> {
    values.map(|v| v.map_or(Value::Null, |bytes| Value::String(hex(bytes)))).collect()
}

/// Lower-case hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).map_or('0', |d| char::from(*d));
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// A float as a JSON number; what JSON cannot say, by name.
fn float(value: f64) -> Value {
    match Number::from_f64(value) {
        Some(number) => Value::Number(number),
        None if value.is_nan() => json!("NaN"),
        None if value > 0.0 => json!("Infinity"),
        None => json!("-Infinity"),
    }
}

/// A decimal of Arrow, whose scale may be negative.
fn decimal(value: i128, scale: i8) -> String {
    match u8::try_from(scale) {
        Ok(scale) => decimal_text(value, scale),
        Err(_) if value == 0 => "0".to_owned(),
        Err(_) => format!("{value}{}", "0".repeat(usize::from(scale.unsigned_abs()))),
    }
}

/// A decimal with all digits of its scale.
pub fn decimal_text(unscaled: i128, scale: u8) -> String {
    let sign = if unscaled < 0 { "-" } else { "" };
    let scale = usize::from(scale);
    let digits = format!("{:0>width$}", unscaled.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at_checked(digits.len() - scale).unwrap_or((&digits, ""));
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{whole}{point}{fraction}")
}

/// The values of a column of times in any unit, each given in microseconds.
fn integers(array: &ArrayRef, unit: TimeUnit, value: &dyn Fn(i128) -> Value) -> Result<Vec<Value>, SparkError> {
    let micros = |v: i64| match unit {
        TimeUnit::Second => i128::from(v) * 1_000_000,
        TimeUnit::Millisecond => i128::from(v) * 1_000,
        TimeUnit::Microsecond => i128::from(v),
        TimeUnit::Nanosecond => i128::from(v.div_euclid(1_000)),
    };
    let data = array.to_data();
    let wide = match array.data_type() {
        ArrowType::Time32(_) => cast_data(data, ArrowType::Int32)?,
        _ => cast_data(data, ArrowType::Int64)?,
    };
    let values: Vec<Option<i64>> = match wide.data_type() {
        ArrowType::Int32 => wide.as_primitive::<Int32Type>().iter().map(|v| v.map(i64::from)).collect(),
        _ => wide.as_primitive::<Int64Type>().iter().collect(),
    };
    Ok(values.into_iter().map(|v| v.map_or(Value::Null, |v| value(micros(v)))).collect())
}

/// Reads a column as another type of the same layout.
fn cast_data(data: arrow::array::ArrayData, target: ArrowType) -> Result<ArrayRef, SparkError> {
    let data = data.into_builder().data_type(target).build();
    data.map(arrow::array::make_array).map_err(|error| condition::unnamed(error.to_string()))
}

fn intervals(array: &ArrayRef, unit: IntervalUnit) -> Vec<Value> {
    match unit {
        IntervalUnit::YearMonth => primitives::<IntervalYearMonthType>(array, |v| v.into()),
        IntervalUnit::DayTime => primitives::<IntervalDayTimeType>(array, |v| {
            (i64::from(v.days) * 86_400_000_000 + i64::from(v.milliseconds) * 1_000).into()
        }),
        IntervalUnit::MonthDayNano => primitives::<IntervalMonthDayNanoType>(
            array,
            |v| json!({"months": v.months, "days": v.days, "microseconds": v.nanoseconds.div_euclid(1_000)}),
        ),
    }
}

fn lists(array: &dyn ListLikeArray, data_type: &DataType) -> Result<Vec<Value>, SparkError> {
    let DataType::Array { element, .. } = data_type else { return Err(mismatch(array, data_type)) };
    let values = column_values(array.values(), element)?;
    Ok((0..array.len())
        .map(|i| match array.is_null(i) {
            true => Value::Null,
            false => Value::Array(values.get(array.element_range(i)).unwrap_or(&[]).to_vec()),
        })
        .collect())
}

fn maps(array: &ArrayRef, data_type: &DataType) -> Result<Vec<Value>, SparkError> {
    let DataType::Map { key, value, .. } = data_type else { return Err(mismatch(array, data_type)) };
    let map = array.as_map();
    let keys = column_values(map.keys(), key)?;
    let values = column_values(map.values(), value)?;
    let entries: Vec<Value> = keys.into_iter().zip(values).map(|(key, value)| json!([key, value])).collect();
    let offsets = map.value_offsets();
    Ok((0..map.len())
        .map(|i| {
            let bound = |i: usize| offsets.get(i).and_then(|o| usize::try_from(*o).ok()).unwrap_or(0);
            match map.is_null(i) {
                true => Value::Null,
                false => Value::Array(distinct_keys(entries.get(bound(i)..bound(i + 1)).unwrap_or(&[]))),
            }
        })
        .collect())
}

/// A map's entries as a Python `dict` holds them, which is what `collect()` gives: the last value of a repeated key, at the
/// place of its first.
fn distinct_keys(entries: &[Value]) -> Vec<Value> {
    let mut distinct: Vec<Value> = Vec::with_capacity(entries.len());
    for entry in entries {
        match distinct.iter_mut().find(|known| known.get(0) == entry.get(0)) {
            Some(known) => known.clone_from(entry),
            None => distinct.push(entry.clone()),
        }
    }
    distinct
}

fn structs(array: &StructArray, data_type: &DataType) -> Result<Vec<Value>, SparkError> {
    let types: Vec<DataType> = match data_type {
        DataType::Struct(schema) if schema.fields.len() == array.num_columns() => {
            schema.fields.iter().map(|field| field.data_type.clone()).collect()
        }
        DataType::Geo(_) => vec![DataType::Integer, DataType::Binary],
        _ => return Err(mismatch(array, data_type)),
    };
    let mut rows: Vec<Vec<Value>> = (0..array.len()).map(|_| Vec::with_capacity(types.len())).collect();
    for (column, data_type) in array.columns().iter().zip(&types) {
        for (row, value) in rows.iter_mut().zip(column_values(column, data_type)?) {
            row.push(value);
        }
    }
    let rows = rows.into_iter().enumerate();
    Ok(rows.map(|(i, row)| if array.is_null(i) { Value::Null } else { Value::Array(row) }).collect())
}

fn variants(array: &StructArray) -> Result<Vec<Value>, SparkError> {
    let bytes = |name: &str| -> Result<ArrayRef, SparkError> {
        let column = array.column_by_name(name).cloned().unwrap_or_else(|| new_empty_array(&ArrowType::Binary));
        cast(&column, &ArrowType::Binary)
    };
    let (values, metadata) = (bytes("value")?, bytes("metadata")?);
    let (values, metadata) = (values.as_binary::<i32>(), metadata.as_binary::<i32>());
    Ok((0..array.len())
        .map(|i| {
            if array.is_null(i) || i >= values.len() || i >= metadata.len() {
                return Value::Null;
            }
            let (value, metadata) = (values.value(i), metadata.value(i));
            match variant::json_text(value, metadata) {
                Some(text) => json!({"variant": text}),
                None => json!({"variant": {"value": hex(value), "metadata": hex(metadata)}}),
            }
        })
        .collect())
}

fn cast(array: &dyn Array, target: &ArrowType) -> Result<ArrayRef, SparkError> {
    arrow::compute::cast(array, target).map_err(|error| condition::unnamed(error.to_string()))
}

fn downcast<T: 'static>(array: &ArrayRef) -> Result<&T, SparkError> {
    array.as_any().downcast_ref().ok_or_else(|| condition::unnamed(format!("an array is no {}", array.data_type())))
}

fn mismatch(array: &dyn Array, data_type: &DataType) -> SparkError {
    condition::unnamed(format!("a column of Arrow type {} is no {}", array.data_type(), data_type.simple_string()))
}
