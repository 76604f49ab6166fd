//! The Arrow types that Spark expects of record batches, as Python expressions.

use seatrial_engine::types::{DataType, StructField};

use super::super::literal::python_string;

/// `pa.field("id", pa.int32(), nullable=False)`; nothing for types that record batches cannot carry.
pub(super) fn field(field: &StructField) -> Option<String> {
    named(&field.name, &field.data_type, field.nullable)
}

fn named(name: &str, data_type: &DataType, nullable: bool) -> Option<String> {
    let nullable = if nullable { "" } else { ", nullable=False" };
    Some(format!("pa.field({}, {}{nullable})", python_string(name), expression(data_type)?))
}

/// `pa.int32()`.
pub(super) fn expression(data_type: &DataType) -> Option<String> {
    let simple = match data_type {
        DataType::Null => "pa.null()",
        DataType::Boolean => "pa.bool_()",
        DataType::Byte => "pa.int8()",
        DataType::Short => "pa.int16()",
        DataType::Integer => "pa.int32()",
        DataType::Long => "pa.int64()",
        DataType::Float => "pa.float32()",
        DataType::Double => "pa.float64()",
        DataType::Decimal { precision, scale } => {
            return Some(format!("pa.decimal128({precision}, {scale})"));
        }
        DataType::String { .. } | DataType::Char(_) | DataType::Varchar(_) => "pa.string()",
        DataType::Binary => "pa.binary()",
        DataType::Date => "pa.date32()",
        DataType::Timestamp => "pa.timestamp(\"us\", tz=\"UTC\")",
        DataType::TimestampNtz => "pa.timestamp(\"us\")",
        DataType::Time(_) => "pa.time64(\"ns\")",
        DataType::DayTimeInterval { .. } => "pa.duration(\"us\")",
        DataType::Array { element, contains_null } => {
            return Some(format!("pa.list_({})", named("element", element, *contains_null)?));
        }
        DataType::Map { key, value, value_contains_null } => {
            let key = named("key", key, false)?;
            return Some(format!("pa.map_({key}, {})", named("value", value, *value_contains_null)?));
        }
        DataType::Struct(fields) => {
            let fields: Option<Vec<String>> = fields.fields.iter().map(field).collect();
            return Some(format!("pa.struct([{}])", fields?.join(", ")));
        }
        DataType::Udt { sql_type, .. } => return expression(sql_type),
        DataType::YearMonthInterval { .. } | DataType::CalendarInterval | DataType::Variant | DataType::Geo(_) => {
            return None;
        }
    };
    Some(simple.to_owned())
}
