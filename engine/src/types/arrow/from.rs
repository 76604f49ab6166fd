//! Arrow types as Spark types, for columns that DataFusion computed.

use arrow::datatypes::{DataType as ArrowType, Field, Fields, IntervalUnit, Schema};
use serde_json::Value;

use super::{SPARK_FIELD, fits, shown_name};
use crate::error::{ExceptionClass, SparkError};
use crate::types::{DataType, StructField, StructType, condition};

/// The Spark schema of an Arrow schema.
///
/// # Errors
///
/// `UNSUPPORTED_ARROWTYPE` for types that Spark does not know, such as unions.
pub fn from_arrow_schema(schema: &Schema) -> Result<StructType, SparkError> {
    let fields = schema.fields().iter().map(|field| from_arrow_field(field)).collect::<Result<_, _>>()?;
    Ok(StructType { fields })
}

/// The Spark field of an Arrow field.
///
/// Type and metadata come from [`SPARK_FIELD`] as long as the Arrow type still fits it; name and nullability are always the
/// Arrow field's, which a projection may have changed.
///
/// # Errors
///
/// As [`from_arrow_schema`].
pub fn from_arrow_field(field: &Field) -> Result<StructField, SparkError> {
    let recorded = field
        .metadata()
        .get(SPARK_FIELD)
        .and_then(|text| serde_json::from_str::<Value>(text).ok())
        .and_then(|json| StructField::from_json(&json).ok())
        .filter(|recorded| fits(&recorded.data_type, field.data_type()));
    if let Some(recorded) = recorded {
        return Ok(StructField { name: shown_name(field.name()), nullable: field.is_nullable(), ..recorded });
    }
    let mut spark = StructField::new(shown_name(field.name()), from_arrow_type(field.data_type())?);
    spark.nullable = field.is_nullable();
    Ok(spark)
}

/// The Spark type of an Arrow type.
///
/// # Errors
///
/// As [`from_arrow_schema`].
pub fn from_arrow_type(arrow: &ArrowType) -> Result<DataType, SparkError> {
    Ok(match arrow {
        ArrowType::Null => DataType::Null,
        ArrowType::Boolean => DataType::Boolean,
        ArrowType::Int8 => DataType::Byte,
        ArrowType::Int16 | ArrowType::UInt8 => DataType::Short,
        ArrowType::Int32 | ArrowType::UInt16 => DataType::Integer,
        ArrowType::Int64 | ArrowType::UInt32 => DataType::Long,
        ArrowType::UInt64 => DataType::Decimal { precision: 20, scale: 0 },
        ArrowType::Float16 | ArrowType::Float32 => DataType::Float,
        ArrowType::Float64 => DataType::Double,
        ArrowType::Decimal32(precision, scale)
        | ArrowType::Decimal64(precision, scale)
        | ArrowType::Decimal128(precision, scale)
        | ArrowType::Decimal256(precision, scale) => decimal(*precision, *scale),
        ArrowType::Utf8 | ArrowType::LargeUtf8 | ArrowType::Utf8View => DataType::String { collation: None },
        ArrowType::Binary | ArrowType::LargeBinary | ArrowType::BinaryView | ArrowType::FixedSizeBinary(_) => {
            DataType::Binary
        }
        ArrowType::Date32 | ArrowType::Date64 => DataType::Date,
        ArrowType::Timestamp(_, Some(_)) => DataType::Timestamp,
        ArrowType::Timestamp(_, None) => DataType::TimestampNtz,
        ArrowType::Time32(_) | ArrowType::Time64(_) => DataType::Time(6),
        ArrowType::Duration(_) | ArrowType::Interval(IntervalUnit::DayTime) => {
            DataType::DayTimeInterval { start: 0, end: 3 }
        }
        ArrowType::Interval(IntervalUnit::YearMonth) => DataType::YearMonthInterval { start: 0, end: 1 },
        ArrowType::Interval(IntervalUnit::MonthDayNano) => DataType::CalendarInterval,
        ArrowType::List(field)
        | ArrowType::LargeList(field)
        | ArrowType::ListView(field)
        | ArrowType::LargeListView(field)
        | ArrowType::FixedSizeList(field, _) => DataType::Array {
            element: Box::new(from_arrow_type(field.data_type())?),
            contains_null: field.is_nullable(),
        },
        ArrowType::Map(entries, _) => map(entries)?,
        ArrowType::Struct(fields) if is_variant(fields) => DataType::Variant,
        ArrowType::Struct(fields) => {
            let fields = fields.iter().map(|field| from_arrow_field(field)).collect::<Result<_, _>>()?;
            DataType::Struct(StructType { fields })
        }
        ArrowType::Dictionary(_, values) => from_arrow_type(values)?,
        ArrowType::RunEndEncoded(_, values) => from_arrow_type(values.data_type())?,
        ArrowType::Union(..) => return Err(unsupported(arrow)),
    })
}

/// Spark's decimals have at most 38 digits and no negative scale.
fn decimal(precision: u8, scale: i8) -> DataType {
    match u8::try_from(scale) {
        Ok(scale) => DataType::Decimal { precision: precision.min(38), scale: scale.min(38) },
        Err(_) => DataType::Decimal { precision: precision.saturating_add(scale.unsigned_abs()).min(38), scale: 0 },
    }
}

fn map(entries: &Field) -> Result<DataType, SparkError> {
    match entries.data_type() {
        ArrowType::Struct(fields) if fields.len() == 2 => {
            let mut types = fields
                .iter()
                .map(|field| Ok::<_, SparkError>((from_arrow_type(field.data_type())?, field.is_nullable())));
            match (types.next(), types.next()) {
                (Some(key), Some(value)) => {
                    let ((key, _), (value, value_contains_null)) = (key?, value?);
                    Ok(DataType::Map { key: Box::new(key), value: Box::new(value), value_contains_null })
                }
                _ => Err(unsupported(entries.data_type())),
            }
        }
        other => Err(unsupported(other)),
    }
}

/// Whether the fields are those of a variant, which PySpark marks by a tag on `metadata`.
fn is_variant(fields: &Fields) -> bool {
    fields.iter().any(|field| field.name() == "value")
        && fields
            .iter()
            .any(|field| field.name() == "metadata" && field.metadata().get("variant").is_some_and(|tag| tag == "true"))
}

fn unsupported(arrow: &ArrowType) -> SparkError {
    condition::error(
        ExceptionClass::UnsupportedOperation,
        "UNSUPPORTED_ARROWTYPE",
        Some("0A000"),
        &[("typeName", arrow.to_string())],
        &format!("Unsupported arrow type {arrow}."),
    )
}
