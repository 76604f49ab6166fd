//! Spark's types as Spark Connect's messages carry them.

use seatrial_engine::error::{ExceptionClass, SparkError};
use seatrial_engine::types::{DataType, StructField, StructType};
use serde_json::{Map, Value};
use spark_connect_proto as proto;
use spark_connect_proto::data_type::Kind;

/// The message of a type.
pub(crate) fn to_proto(data_type: &DataType) -> proto::DataType {
    let kind = match data_type {
        DataType::Null => Kind::Null(proto::data_type::Null::default()),
        DataType::Boolean => Kind::Boolean(proto::data_type::Boolean::default()),
        DataType::Byte => Kind::Byte(proto::data_type::Byte::default()),
        DataType::Short => Kind::Short(proto::data_type::Short::default()),
        DataType::Integer => Kind::Integer(proto::data_type::Integer::default()),
        DataType::Long => Kind::Long(proto::data_type::Long::default()),
        DataType::Float => Kind::Float(proto::data_type::Float::default()),
        DataType::Double => Kind::Double(proto::data_type::Double::default()),
        DataType::Decimal { precision, scale } => Kind::Decimal(proto::data_type::Decimal {
            scale: Some(i32::from(*scale)),
            precision: Some(i32::from(*precision)),
            type_variation_reference: 0,
        }),
        DataType::String { collation } => Kind::String(proto::data_type::String {
            type_variation_reference: 0,
            collation: collation.clone().unwrap_or_else(|| "UTF8_BINARY".to_owned()),
        }),
        DataType::Char(length) => {
            Kind::Char(proto::data_type::Char { length: length_of(*length), type_variation_reference: 0 })
        }
        DataType::Varchar(length) => {
            Kind::VarChar(proto::data_type::VarChar { length: length_of(*length), type_variation_reference: 0 })
        }
        DataType::Binary => Kind::Binary(proto::data_type::Binary::default()),
        DataType::Date => Kind::Date(proto::data_type::Date::default()),
        DataType::Timestamp => Kind::Timestamp(proto::data_type::Timestamp::default()),
        DataType::TimestampNtz => Kind::TimestampNtz(proto::data_type::TimestampNtz::default()),
        DataType::Time(precision) => {
            Kind::Time(proto::data_type::Time { precision: Some(i32::from(*precision)), type_variation_reference: 0 })
        }
        DataType::DayTimeInterval { start, end } => Kind::DayTimeInterval(proto::data_type::DayTimeInterval {
            start_field: Some(i32::from(*start)),
            end_field: Some(i32::from(*end)),
            type_variation_reference: 0,
        }),
        DataType::YearMonthInterval { start, end } => Kind::YearMonthInterval(proto::data_type::YearMonthInterval {
            start_field: Some(i32::from(*start)),
            end_field: Some(i32::from(*end)),
            type_variation_reference: 0,
        }),
        DataType::CalendarInterval => Kind::CalendarInterval(proto::data_type::CalendarInterval::default()),
        DataType::Variant => Kind::Variant(proto::data_type::Variant::default()),
        DataType::Geo(_) => of_geo(&data_type.simple_string()),
        DataType::Array { element, contains_null } => Kind::Array(Box::new(proto::data_type::Array {
            element_type: Some(Box::new(to_proto(element))),
            contains_null: *contains_null,
            type_variation_reference: 0,
        })),
        DataType::Map { key, value, value_contains_null } => Kind::Map(Box::new(proto::data_type::Map {
            key_type: Some(Box::new(to_proto(key))),
            value_type: Some(Box::new(to_proto(value))),
            value_contains_null: *value_contains_null,
            type_variation_reference: 0,
        })),
        DataType::Struct(schema) => Kind::Struct(struct_to_proto(schema)),
        DataType::Udt { json, sql_type } => {
            let text = |key: &str| json.get(key).and_then(Value::as_str).map(str::to_owned);
            Kind::Udt(Box::new(proto::data_type::Udt {
                r#type: "udt".to_owned(),
                jvm_class: text("class"),
                python_class: text("pyClass"),
                serialized_python_class: text("serializedClass"),
                sql_type: Some(Box::new(to_proto(sql_type))),
            }))
        }
    };
    proto::DataType { kind: Some(kind) }
}

/// `geometry(4326)`, `geography(any)`: any SRID is -1.
fn of_geo(text: &str) -> Kind {
    let (kind, srid) = text.split_once('(').unwrap_or((text, ""));
    let srid = srid.trim_end_matches(')').parse().unwrap_or(-1);
    if kind == "geometry" {
        Kind::Geometry(proto::data_type::Geometry { srid, type_variation_reference: 0 })
    } else {
        Kind::Geography(proto::data_type::Geography { srid, type_variation_reference: 0 })
    }
}

fn length_of(length: u32) -> i32 {
    i32::try_from(length).unwrap_or(i32::MAX)
}

fn struct_to_proto(schema: &StructType) -> proto::data_type::Struct {
    let fields = schema.fields.iter().map(|field| proto::data_type::StructField {
        name: field.name.clone(),
        data_type: Some(to_proto(&field.data_type)),
        nullable: field.nullable,
        metadata: (!field.metadata.is_empty()).then(|| Value::Object(field.metadata.clone()).to_string()),
    });
    proto::data_type::Struct { fields: fields.collect(), type_variation_reference: 0 }
}

/// The message of a schema.
pub(crate) fn schema_to_proto(schema: &StructType) -> proto::DataType {
    proto::DataType { kind: Some(Kind::Struct(struct_to_proto(schema))) }
}

/// The type of a message.
///
/// # Errors
/// When a part of it is missing or no type of Spark, and what the DDL parser says of a type that came as text.
pub(crate) fn from_proto(data_type: &proto::DataType) -> Result<DataType, SparkError> {
    let kind = data_type.kind.as_ref().ok_or_else(|| malformed("a data type without a kind"))?;
    let inner = |inner: &Option<Box<proto::DataType>>| match inner {
        Some(inner) => from_proto(inner).map(Box::new),
        None => Err(malformed("a data type without the type of its elements")),
    };
    Ok(match kind {
        Kind::Null(_) => DataType::Null,
        Kind::Boolean(_) => DataType::Boolean,
        Kind::Byte(_) => DataType::Byte,
        Kind::Short(_) => DataType::Short,
        Kind::Integer(_) => DataType::Integer,
        Kind::Long(_) => DataType::Long,
        Kind::Float(_) => DataType::Float,
        Kind::Double(_) => DataType::Double,
        Kind::Decimal(decimal) => {
            let (precision, scale) = (decimal.precision.unwrap_or(10), decimal.scale.unwrap_or(0));
            // The DDL parser has Spark's limits, and its errors.
            DataType::from_ddl(&format!("decimal({precision},{scale})"))?
        }
        Kind::String(string) => {
            let binary = string.collation.is_empty() || string.collation.eq_ignore_ascii_case("UTF8_BINARY");
            DataType::String { collation: (!binary).then(|| string.collation.clone()) }
        }
        Kind::Char(char) => DataType::Char(u32::try_from(char.length).unwrap_or_default()),
        Kind::VarChar(varchar) => DataType::Varchar(u32::try_from(varchar.length).unwrap_or_default()),
        Kind::Binary(_) => DataType::Binary,
        Kind::Date(_) => DataType::Date,
        Kind::Timestamp(_) => DataType::Timestamp,
        Kind::TimestampNtz(_) => DataType::TimestampNtz,
        Kind::Time(time) => DataType::from_ddl(&format!("time({})", time.precision.unwrap_or(6)))?,
        Kind::DayTimeInterval(interval) => DataType::DayTimeInterval {
            start: interval_field(interval.start_field, 0, 3)?,
            end: interval_field(interval.end_field, 3, 3)?,
        },
        Kind::YearMonthInterval(interval) => DataType::YearMonthInterval {
            start: interval_field(interval.start_field, 0, 1)?,
            end: interval_field(interval.end_field, 1, 1)?,
        },
        Kind::CalendarInterval(_) => DataType::CalendarInterval,
        Kind::Variant(_) => DataType::Variant,
        Kind::Array(array) => {
            DataType::Array { element: inner(&array.element_type)?, contains_null: array.contains_null }
        }
        Kind::Map(map) => DataType::Map {
            key: inner(&map.key_type)?,
            value: inner(&map.value_type)?,
            value_contains_null: map.value_contains_null,
        },
        Kind::Struct(schema) => DataType::Struct(struct_from_proto(schema)?),
        Kind::Udt(udt) => {
            let mut json = Map::new();
            json.insert("type".to_owned(), Value::from("udt"));
            let texts = [
                ("class", &udt.jvm_class),
                ("pyClass", &udt.python_class),
                ("serializedClass", &udt.serialized_python_class),
            ];
            for (key, text) in texts {
                if let Some(text) = text {
                    json.insert(key.to_owned(), Value::from(text.clone()));
                }
            }
            let sql_type = inner(&udt.sql_type)?;
            json.insert("sqlType".to_owned(), sql_type.to_json());
            DataType::Udt { json: Value::Object(json), sql_type }
        }
        Kind::Unparsed(unparsed) => DataType::from_ddl(&unparsed.data_type_string)?,
        Kind::Geometry(geometry) => geo("geometry", geometry.srid)?,
        Kind::Geography(geography) => geo("geography", geography.srid)?,
        Kind::TimestampNtzNanos(_) | Kind::TimestampLtzNanos(_) => {
            let message = "This engine does not support timestamps of nanoseconds.";
            return Err(SparkError::plain(ExceptionClass::UnsupportedOperation, message));
        }
    })
}

fn geo(kind: &str, srid: i32) -> Result<DataType, SparkError> {
    let srid = if srid == -1 { "any".to_owned() } else { srid.to_string() };
    DataType::from_ddl(&format!("{kind}({srid})"))
}

fn struct_from_proto(schema: &proto::data_type::Struct) -> Result<StructType, SparkError> {
    let fields = schema.fields.iter().map(|field| {
        let data_type = field.data_type.as_ref().ok_or_else(|| malformed("a field without a type"))?;
        let metadata = match field.metadata.as_deref() {
            None | Some("") => Map::new(),
            Some(text) => {
                serde_json::from_str(text).map_err(|_| malformed("a field's metadata that is no JSON object"))?
            }
        };
        let data_type = from_proto(data_type)?;
        Ok(StructField { name: field.name.clone(), data_type, nullable: field.nullable, metadata })
    });
    Ok(StructType { fields: fields.collect::<Result<_, SparkError>>()? })
}

fn interval_field(field: Option<i32>, default: u8, last: u8) -> Result<u8, SparkError> {
    let field = field.map_or(Ok(default), u8::try_from).ok().filter(|field| *field <= last);
    field.ok_or_else(|| malformed("an interval whose fields are none of Spark's"))
}

/// A message that no client of Spark Connect sends.
pub(crate) fn malformed(what: &str) -> SparkError {
    SparkError::plain(ExceptionClass::IllegalArgument, format!("The request holds {what}."))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn a_schema_survives_its_message() {
        let schema = StructType::from_ddl(
            "a int not null comment 'c', b decimal(5,2), c array<string>, d map<string, struct<e: timestamp_ntz>>, \
             f interval day to second, g char(3), h string collate UTF8_LCASE, i time(3), j variant, \
             k geometry(4326), l geography(any)",
        )
        .unwrap();
        assert_eq!(from_proto(&schema_to_proto(&schema)).unwrap(), DataType::Struct(schema));
    }

    #[test]
    fn a_type_without_a_kind_is_refused() {
        assert!(from_proto(&proto::DataType { kind: None }).is_err());
    }
}
