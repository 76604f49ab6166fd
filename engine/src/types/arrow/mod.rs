//! Spark types as Arrow types, exactly as PySpark 4.2 maps them, and back.
//!
//! A column of a table carries its Spark type in the metadata of its Arrow field ([`SPARK_FIELD`]), so that what Arrow cannot
//! say (`char(5)`, a user-defined type, a collation, a comment) survives DataFusion.

mod from;
pub mod layout;

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::datatypes::{DataType as ArrowType, Field, FieldRef, Fields, IntervalUnit, Schema, TimeUnit};

use super::{DataType, StructField, StructType, condition, geo, python_json};
use crate::error::SparkError;

pub use self::from::{from_arrow_field, from_arrow_schema, from_arrow_type};

/// The metadata key of an Arrow field that holds its Spark field's JSON text.
pub const SPARK_FIELD: &str = "seatrial:spark_field";

/// The metadata key under which PySpark stores a field's metadata.
const PYSPARK_METADATA: &str = "SPARK::metadata::json";

/// What `pyspark.sql.pandas.types.to_arrow_schema(schema, timezone="UTC")` gives.
///
/// # Errors
///
/// `UNSUPPORTED_DATA_TYPE_FOR_ARROW_CONVERSION` for char, varchar, year-month and calendar intervals (SCH-CHAR, TY-CHAR).
pub fn to_arrow_schema(schema: &StructType) -> Result<Schema, SparkError> {
    let fields = schema.fields.iter().map(to_arrow_field).collect::<Result<Vec<_>, _>>()?;
    Ok(Schema::new(fields))
}

/// The Arrow schema of a table: [`to_arrow_schema`] with the Spark types in the fields' metadata.
///
/// Types without an Arrow form in PySpark are given one, because such a table can be loaded and looked at; only reading it
/// fails, in [`to_arrow_schema`].
///
/// # Errors
///
/// None at present.
pub fn to_table_schema(schema: &StructType) -> Result<Schema, SparkError> {
    let fields: Vec<Field> = schema
        .fields
        .iter()
        .map(|field| {
            let arrow = Field::new(&field.name, table_type(&field.data_type), field.nullable);
            arrow.with_metadata(HashMap::from([(SPARK_FIELD.to_owned(), field.to_json().to_string())]))
        })
        .collect();
    Ok(Schema::new(fields))
}

/// Stands between a column's name and what tells it from another column of that name. No name has it.
const TWIN: char = '\u{0}';

/// Whether two columns have the same name. Spark can look at such a table, and not read it (SCH-DUP).
pub(crate) fn has_twins(schema: &StructType) -> bool {
    let mut names = HashSet::new();
    schema.fields.iter().any(|field| !names.insert(&field.name))
}

/// The Arrow schema of a table, as [`to_table_schema`] makes it, in which columns of the same name can be told apart:
/// DataFusion takes no others. [`from_arrow_schema`] gives the names back.
///
/// # Errors
///
/// As [`to_table_schema`].
pub(crate) fn to_scan_schema(schema: &StructType) -> Result<Schema, SparkError> {
    let table = to_table_schema(schema)?;
    if !has_twins(schema) {
        return Ok(table);
    }
    let shared = |name: &str| schema.fields.iter().filter(|field| field.name == name).count() > 1;
    let fields: Vec<Field> = table
        .fields()
        .iter()
        .enumerate()
        .map(|(index, field)| match field.name() {
            name if shared(name) => Field::clone(field).with_name(format!("{name}{TWIN}{index}")),
            _ => Field::clone(field),
        })
        .collect();
    Ok(Schema::new(fields))
}

/// A name for a column that has the name of another one.
pub(crate) fn twin(name: &str, index: usize) -> String {
    format!("{name}{TWIN}{index}")
}

/// A column's name as Spark shows it.
fn shown_name(name: &str) -> String {
    name.split_once(TWIN).map_or(name, |(name, _)| name).to_owned()
}

/// The Arrow field of a Spark field, PySpark's metadata included.
///
/// # Errors
///
/// As [`to_arrow_schema`].
pub fn to_arrow_field(field: &StructField) -> Result<Field, SparkError> {
    let arrow = Field::new(&field.name, to_arrow_type(&field.data_type)?, field.nullable);
    if field.metadata.is_empty() {
        return Ok(arrow);
    }
    let metadata = HashMap::from([(PYSPARK_METADATA.to_owned(), python_json::dumps_object(&field.metadata))]);
    Ok(arrow.with_metadata(metadata))
}

/// The Arrow type of a Spark type.
///
/// # Errors
///
/// As [`to_arrow_schema`].
pub fn to_arrow_type(data_type: &DataType) -> Result<ArrowType, SparkError> {
    convert(data_type, &|unsupported| Err(condition::unsupported_for_arrow(&python_str(unsupported))), &to_arrow_field)
}

fn table_type(data_type: &DataType) -> ArrowType {
    let stand_in = |data_type: &DataType| match data_type {
        DataType::YearMonthInterval { .. } => Ok(ArrowType::Interval(IntervalUnit::YearMonth)),
        DataType::CalendarInterval => Ok(ArrowType::Interval(IntervalUnit::MonthDayNano)),
        _ => Ok(ArrowType::Utf8),
    };
    let field = |field: &StructField| Ok(Field::new(&field.name, table_type(&field.data_type), field.nullable));
    convert(data_type, &stand_in, &field).unwrap_or(ArrowType::Null)
}

type Unsupported<'f> = &'f dyn Fn(&DataType) -> Result<ArrowType, SparkError>;
type Nested<'f> = &'f dyn Fn(&StructField) -> Result<Field, SparkError>;

fn convert(data_type: &DataType, unsupported: Unsupported<'_>, nested: Nested<'_>) -> Result<ArrowType, SparkError> {
    Ok(match data_type {
        DataType::Null => ArrowType::Null,
        DataType::Boolean => ArrowType::Boolean,
        DataType::Byte => ArrowType::Int8,
        DataType::Short => ArrowType::Int16,
        DataType::Integer => ArrowType::Int32,
        DataType::Long => ArrowType::Int64,
        DataType::Float => ArrowType::Float32,
        DataType::Double => ArrowType::Float64,
        DataType::Decimal { precision, scale } => {
            ArrowType::Decimal128(*precision, i8::try_from(*scale).unwrap_or(i8::MAX))
        }
        DataType::String { .. } => ArrowType::Utf8,
        DataType::Binary => ArrowType::Binary,
        DataType::Date => ArrowType::Date32,
        DataType::Timestamp => ArrowType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        DataType::TimestampNtz => ArrowType::Timestamp(TimeUnit::Microsecond, None),
        DataType::Time(_) => ArrowType::Time64(TimeUnit::Nanosecond),
        DataType::DayTimeInterval { .. } => ArrowType::Duration(TimeUnit::Microsecond),
        DataType::Variant => ArrowType::Struct(variant_fields()),
        DataType::Geo(json) => ArrowType::Struct(geo_fields(json)),
        DataType::Array { element, contains_null } => {
            let element = convert(element, unsupported, nested)?;
            ArrowType::List(Arc::new(Field::new("element", element, *contains_null)))
        }
        DataType::Map { key, value, value_contains_null } => {
            let key = Field::new("key", convert(key, unsupported, nested)?, false);
            let value = Field::new("value", convert(value, unsupported, nested)?, *value_contains_null);
            let entries = ArrowType::Struct(Fields::from(vec![key, value]));
            ArrowType::Map(Arc::new(Field::new("entries", entries, false)), false)
        }
        DataType::Struct(schema) => {
            let fields = schema.fields.iter().map(nested).collect::<Result<Vec<_>, _>>()?;
            ArrowType::Struct(Fields::from(fields))
        }
        DataType::Udt { sql_type, .. } => convert(sql_type, unsupported, nested)?,
        DataType::Char(_) | DataType::Varchar(_) | DataType::YearMonthInterval { .. } | DataType::CalendarInterval => {
            unsupported(data_type)?
        }
    })
}

/// A variant is a struct of two binaries, the second of which is tagged.
fn variant_fields() -> Fields {
    let tag = HashMap::from([("variant".to_owned(), "true".to_owned())]);
    let metadata = Field::new("metadata", ArrowType::Binary, false).with_metadata(tag);
    Fields::from(vec![Field::new("value", ArrowType::Binary, false), metadata])
}

fn geo_fields(json: &str) -> Fields {
    let kind = if json.starts_with("geography") { "geography" } else { "geometry" };
    // PySpark's mixed SRID is -1.
    let srid = geo::srid(json).unwrap_or("-1");
    let tags = HashMap::from([(kind.to_owned(), "true".to_owned()), ("srid".to_owned(), srid.to_owned())]);
    let wkb = Field::new("wkb", ArrowType::Binary, false).with_metadata(tags);
    Fields::from(vec![Field::new("srid", ArrowType::Int32, false), wkb])
}

/// A type as PySpark's `str(type)` shows it, for those that have no Arrow form.
fn python_str(data_type: &DataType) -> String {
    match data_type {
        DataType::Char(length) => format!("CharType({length})"),
        DataType::Varchar(length) => format!("VarcharType({length})"),
        DataType::YearMonthInterval { start, end } => format!("YearMonthIntervalType({start}, {end})"),
        DataType::CalendarInterval => "CalendarIntervalType()".to_owned(),
        other => other.simple_string(),
    }
}

/// Whether a column of the Arrow type can hold values of the Spark type, whichever layout it has.
pub(crate) fn fits(data_type: &DataType, arrow: &ArrowType) -> bool {
    match (data_type, arrow) {
        (_, ArrowType::Dictionary(_, values)) => fits(data_type, values),
        (
            DataType::String { .. } | DataType::Char(_) | DataType::Varchar(_),
            ArrowType::Utf8 | ArrowType::LargeUtf8 | ArrowType::Utf8View,
        )
        | (DataType::Binary, ArrowType::Binary | ArrowType::LargeBinary | ArrowType::BinaryView) => true,
        (DataType::Timestamp, ArrowType::Timestamp(TimeUnit::Microsecond, zone)) => zone.is_some(),
        (
            DataType::Array { element, .. },
            ArrowType::List(field) | ArrowType::LargeList(field) | ArrowType::FixedSizeList(field, _),
        ) => fits(element, field.data_type()),
        (DataType::Map { key, value, .. }, ArrowType::Map(entries, _)) => match entries.data_type() {
            ArrowType::Struct(fields) => fits_all([key.as_ref(), value.as_ref()], fields),
            _ => false,
        },
        (DataType::Struct(schema), ArrowType::Struct(fields)) => {
            fits_all(schema.fields.iter().map(|field| &field.data_type), fields)
        }
        (DataType::Variant | DataType::Geo(_), ArrowType::Struct(fields)) => fields.len() == 2,
        (DataType::Udt { sql_type, .. }, arrow) => fits(sql_type, arrow),
        (data_type, arrow) => table_type(data_type) == *arrow,
    }
}

fn fits_all<'t>(
    types: impl IntoIterator<Item = &'t DataType, IntoIter: ExactSizeIterator>,
    fields: &[FieldRef],
) -> bool {
    let types = types.into_iter();
    types.len() == fields.len() && types.zip(fields).all(|(data_type, field)| fits(data_type, field.data_type()))
}
