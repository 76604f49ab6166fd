//! Literals: values of any type that a client wrote into its query.

use std::sync::Arc;

use arrow::array::{ArrayRef, ListArray, MapArray, StructArray, new_empty_array};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType as ArrowType, Field, FieldRef, Fields};
use datafusion::common::ScalarValue;
use seatrial_engine::error::SparkError;
use seatrial_engine::types::arrow::to_arrow_type;
use seatrial_engine::types::{DataType, StructField, StructType};
use spark_connect_proto::expression::Literal;
use spark_connect_proto::expression::literal::specialized_array::ValueType;
use spark_connect_proto::expression::literal::{self, LiteralType};

use crate::types::{from_proto, malformed};

/// A value and its type.
#[derive(Debug, Clone)]
pub(crate) struct Typed {
    /// The value, of the type's Arrow form.
    pub(crate) value: ScalarValue,
    /// Spark's type.
    pub(crate) data_type: DataType,
}

/// The value of a literal.
///
/// # Errors
/// When the message holds no value, or one that is not of its type.
pub(crate) fn value_of(literal: &Literal) -> Result<Typed, SparkError> {
    let kind = literal.literal_type.as_ref().ok_or_else(|| malformed("a literal without a value"))?;
    let declared = literal.data_type.as_ref().map(from_proto).transpose()?;
    let typed = |value, data_type| Ok(Typed { value, data_type });
    match kind {
        LiteralType::Null(data_type) => {
            let data_type = match declared {
                Some(declared) => declared,
                None => from_proto(data_type)?,
            };
            typed(ScalarValue::try_from(&to_arrow_type(&data_type)?)?, data_type)
        }
        LiteralType::Binary(bytes) => typed(ScalarValue::Binary(Some(bytes.to_vec())), DataType::Binary),
        LiteralType::Boolean(value) => typed(ScalarValue::Boolean(Some(*value)), DataType::Boolean),
        LiteralType::Byte(value) => typed(ScalarValue::Int8(Some(narrow(*value)?)), DataType::Byte),
        LiteralType::Short(value) => typed(ScalarValue::Int16(Some(narrow(*value)?)), DataType::Short),
        LiteralType::Integer(value) => typed(ScalarValue::Int32(Some(*value)), DataType::Integer),
        LiteralType::Long(value) => typed(ScalarValue::Int64(Some(*value)), DataType::Long),
        LiteralType::Float(value) => typed(ScalarValue::Float32(Some(*value)), DataType::Float),
        LiteralType::Double(value) => typed(ScalarValue::Float64(Some(*value)), DataType::Double),
        LiteralType::Decimal(decimal) => of_decimal(decimal),
        LiteralType::String(text) => {
            let data_type = declared.unwrap_or(DataType::String { collation: None });
            typed(ScalarValue::Utf8(Some(text.clone())), data_type)
        }
        LiteralType::Date(days) => typed(ScalarValue::Date32(Some(*days)), DataType::Date),
        LiteralType::Timestamp(micros) => {
            typed(ScalarValue::TimestampMicrosecond(Some(*micros), Some("UTC".into())), DataType::Timestamp)
        }
        LiteralType::TimestampNtz(micros) => {
            typed(ScalarValue::TimestampMicrosecond(Some(*micros), None), DataType::TimestampNtz)
        }
        LiteralType::Time(time) => {
            let precision = u8::try_from(time.precision.unwrap_or(6)).unwrap_or(6);
            typed(ScalarValue::Time64Nanosecond(Some(time.nano)), DataType::Time(precision))
        }
        LiteralType::DayTimeInterval(micros) => {
            typed(ScalarValue::DurationMicrosecond(Some(*micros)), DataType::DayTimeInterval { start: 0, end: 3 })
        }
        LiteralType::YearMonthInterval(months) => {
            typed(ScalarValue::IntervalYearMonth(Some(*months)), DataType::YearMonthInterval { start: 0, end: 1 })
        }
        LiteralType::CalendarInterval(_) => unsupported("literals of calendar intervals"),
        LiteralType::TimestampNtzNanos(_) | LiteralType::TimestampLtzNanos(_) => {
            unsupported("timestamps of nanoseconds")
        }
        LiteralType::Array(array) => of_array(array, declared),
        LiteralType::SpecializedArray(array) => of_specialized(array.value_type.as_ref()),
        LiteralType::Map(map) => of_map(map, declared),
        LiteralType::Struct(value) => of_struct(value, declared),
    }
}

fn unsupported<T>(what: &str) -> Result<T, SparkError> {
    Err(super::unsupported(what))
}

fn narrow<T: TryFrom<i32>>(value: i32) -> Result<T, SparkError> {
    T::try_from(value).map_err(|_| malformed("a number beyond its type"))
}

/// The digits of a decimal, and its type.
fn of_decimal(decimal: &literal::Decimal) -> Result<Typed, SparkError> {
    let wrong = || malformed("a decimal that is no number of at most 38 digits");
    let (mantissa, exponent) = match decimal.value.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().map_err(|_| wrong())?),
        None => (decimal.value.as_str(), 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let unscaled: i128 = format!("{whole}{fraction}").parse().map_err(|_| wrong())?;
    let own_scale = i32::try_from(fraction.len()).unwrap_or(i32::MAX).saturating_sub(exponent);
    let scale = decimal.scale.unwrap_or(own_scale.max(0));
    let ten = |power: i32| u32::try_from(power).ok().and_then(|power| 10i128.checked_pow(power));
    let unscaled = if scale >= own_scale {
        ten(scale - own_scale).and_then(|factor| unscaled.checked_mul(factor)).ok_or_else(wrong)?
    } else {
        // Digits that are left out must be zeros.
        let factor = ten(own_scale - scale).ok_or_else(wrong)?;
        if unscaled % factor != 0 {
            return Err(wrong());
        }
        unscaled / factor
    };
    let digits = i32::try_from(unscaled.unsigned_abs().to_string().len()).unwrap_or(i32::MAX);
    let precision = decimal.precision.unwrap_or(digits).max(scale).max(1);
    let precision = u8::try_from(precision).ok().filter(|precision| *precision <= 38).ok_or_else(wrong)?;
    let scale = u8::try_from(scale).map_err(|_| wrong())?;
    if digits > i32::from(precision) {
        return Err(wrong());
    }
    let value = ScalarValue::Decimal128(Some(unscaled), precision, i8::try_from(scale).map_err(|_| wrong())?);
    Ok(Typed { value, data_type: DataType::Decimal { precision, scale } })
}

/// The values as an array of that type.
fn to_array(values: Vec<Typed>, data_type: &DataType) -> Result<ArrayRef, SparkError> {
    let arrow = to_arrow_type(data_type)?;
    if values.is_empty() {
        return Ok(new_empty_array(&arrow));
    }
    let values = values.into_iter().map(|typed| Ok(typed.value.cast_to(&arrow)?));
    let values: Vec<ScalarValue> = values.collect::<Result<_, SparkError>>()?;
    Ok(ScalarValue::iter_to_array(values)?)
}

fn of_array(array: &literal::Array, declared: Option<DataType>) -> Result<Typed, SparkError> {
    let elements = array.elements.iter().map(value_of).collect::<Result<Vec<_>, _>>()?;
    let contains_null = elements.iter().any(|element| element.value.is_null());
    #[expect(deprecated, reason = "clients before 4.1 send the type here")]
    let old = array.element_type.as_ref().map(from_proto).transpose()?;
    let data_type = match (declared, old, elements.first()) {
        (Some(declared @ DataType::Array { .. }), ..) => declared,
        (_, Some(element), _) => DataType::Array { element: Box::new(element), contains_null },
        (_, None, Some(first)) => DataType::Array { element: Box::new(first.data_type.clone()), contains_null },
        _ => return Err(malformed("an empty array without a type")),
    };
    let DataType::Array { element, .. } = &data_type else { return Err(malformed("an array of another type")) };
    let values = to_array(elements, element)?;
    list(values, data_type.clone())
}

/// One list of all the values.
fn list(values: ArrayRef, data_type: DataType) -> Result<Typed, SparkError> {
    let ArrowType::List(field) = to_arrow_type(&data_type)? else { return Err(malformed("an array of another type")) };
    let offsets = OffsetBuffer::from_lengths([values.len()]);
    let list = ListArray::try_new(field, offsets, values, None).map_err(|_| malformed("an array with a null"))?;
    Ok(Typed { value: ScalarValue::List(Arc::new(list)), data_type })
}

fn of_specialized(values: Option<&ValueType>) -> Result<Typed, SparkError> {
    use arrow::array::{BooleanArray, Float32Array, Float64Array, Int32Array, Int64Array, StringArray};
    let (values, element): (ArrayRef, DataType) = match values {
        Some(ValueType::Bools(bools)) => (Arc::new(BooleanArray::from(bools.values.clone())), DataType::Boolean),
        Some(ValueType::Ints(ints)) => (Arc::new(Int32Array::from(ints.values.clone())), DataType::Integer),
        Some(ValueType::Longs(longs)) => (Arc::new(Int64Array::from(longs.values.clone())), DataType::Long),
        Some(ValueType::Floats(floats)) => (Arc::new(Float32Array::from(floats.values.clone())), DataType::Float),
        Some(ValueType::Doubles(doubles)) => (Arc::new(Float64Array::from(doubles.values.clone())), DataType::Double),
        Some(ValueType::Strings(texts)) => {
            (Arc::new(StringArray::from(texts.values.clone())), DataType::String { collation: None })
        }
        None => return Err(malformed("an array without values")),
    };
    list(values, DataType::Array { element: Box::new(element), contains_null: false })
}

fn of_map(map: &literal::Map, declared: Option<DataType>) -> Result<Typed, SparkError> {
    let keys = map.keys.iter().map(value_of).collect::<Result<Vec<_>, _>>()?;
    let values = map.values.iter().map(value_of).collect::<Result<Vec<_>, _>>()?;
    let value_contains_null = values.iter().any(|value| value.value.is_null());
    #[expect(deprecated, reason = "clients before 4.1 send the types here")]
    let old =
        (map.key_type.as_ref().map(from_proto).transpose()?, map.value_type.as_ref().map(from_proto).transpose()?);
    let data_type = match (declared, old) {
        (Some(declared @ DataType::Map { .. }), _) => declared,
        (_, (Some(key), Some(value))) => {
            DataType::Map { key: Box::new(key), value: Box::new(value), value_contains_null }
        }
        _ => match (keys.first(), values.first()) {
            (Some(key), Some(value)) => DataType::Map {
                key: Box::new(key.data_type.clone()),
                value: Box::new(value.data_type.clone()),
                value_contains_null,
            },
            _ => return Err(malformed("an empty map without a type")),
        },
    };
    let wrong = || malformed("a map whose keys and values do not fit");
    let DataType::Map { key, value, .. } = &data_type else { return Err(wrong()) };
    let (keys, values) = (to_array(keys, key)?, to_array(values, value)?);
    let ArrowType::Map(entries, sorted) = to_arrow_type(&data_type)? else { return Err(wrong()) };
    let ArrowType::Struct(fields) = entries.data_type() else { return Err(wrong()) };
    let offsets = OffsetBuffer::from_lengths([keys.len()]);
    let pairs = StructArray::try_new(fields.clone(), vec![keys, values], None).map_err(|_| wrong())?;
    let map = MapArray::try_new(Arc::clone(&entries), offsets, pairs, None, sorted).map_err(|_| wrong())?;
    Ok(Typed { value: ScalarValue::Map(Arc::new(map)), data_type })
}

fn of_struct(value: &literal::Struct, declared: Option<DataType>) -> Result<Typed, SparkError> {
    let elements = value.elements.iter().map(value_of).collect::<Result<Vec<_>, _>>()?;
    #[expect(deprecated, reason = "clients before 4.1 send the type here")]
    let old = value.struct_type.as_ref().map(from_proto).transpose()?;
    let schema = match declared.or(old) {
        Some(DataType::Struct(schema)) => schema,
        _ => return Err(malformed("a struct without a type")),
    };
    // The types of the fields may be left out where the values tell them.
    let fields = schema.fields.into_iter().zip(&elements).map(|(field, element)| match field.data_type {
        DataType::Null => StructField { data_type: element.data_type.clone(), ..field },
        _ => field,
    });
    let schema = StructType { fields: fields.collect() };
    if schema.fields.len() != elements.len() {
        return Err(malformed("a struct with another number of values than of fields"));
    }
    let columns = elements.into_iter().zip(&schema.fields);
    let columns = columns.map(|(element, field)| to_array(vec![element], &field.data_type));
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    let data_type = DataType::Struct(schema);
    let ArrowType::Struct(fields) = to_arrow_type(&data_type)? else { return Err(malformed("no struct")) };
    let fields: Fields = fields.iter().zip(&columns).map(|(field, column)| of_column(field, column)).collect();
    let row =
        StructArray::try_new_with_length(fields, columns, None, 1).map_err(|_| malformed("a struct with a null"))?;
    Ok(Typed { value: ScalarValue::Struct(Arc::new(row)), data_type })
}

fn of_column(field: &FieldRef, column: &ArrayRef) -> Field {
    field.as_ref().clone().with_data_type(column.data_type().clone())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("1.50", None, None, (150, 3, 2))]
    #[case("-0.001", None, None, (-1, 3, 3))]
    #[case("12", Some(10), Some(2), (1200, 10, 2))]
    #[case("1E+3", None, None, (1000, 4, 0))]
    #[case("1.5E-2", None, None, (15, 3, 3))]
    #[case("1.50", Some(5), Some(1), (15, 5, 1))]
    fn a_decimal_keeps_its_digits(
        #[case] value: &str,
        #[case] precision: Option<i32>,
        #[case] scale: Option<i32>,
        #[case] expected: (i128, u8, i8),
    ) {
        let typed = of_decimal(&literal::Decimal { value: value.to_owned(), precision, scale }).unwrap();
        let (unscaled, precision, scale) = expected;
        assert_eq!(typed.value, ScalarValue::Decimal128(Some(unscaled), precision, scale));
    }

    #[rstest]
    #[case("", None)]
    #[case("one", None)]
    #[case("1.55", Some(1))]
    #[case("1E+99", None)]
    fn what_is_no_decimal_is_refused(#[case] value: &str, #[case] scale: Option<i32>) {
        assert!(of_decimal(&literal::Decimal { value: value.to_owned(), precision: None, scale }).is_err());
    }
}
