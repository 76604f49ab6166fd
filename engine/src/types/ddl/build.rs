//! Turns the syntax tree into types; refuses what parses but names no type.

use serde_json::{Map, Value};

use crate::error::ExceptionClass;
use crate::python::interpreter::spark_minor;

use super::super::{DataType, StructField, StructType, collation, condition, geo};
use super::literal;
use super::syntax::{Failure, FieldNode, Shape, TypeNode};
use super::token::{Kind, Token};

/// The columns of a table schema.
pub(super) fn schema(fields: &[FieldNode<'_>]) -> Result<StructType, Failure> {
    let fields = fields.iter().map(field).collect::<Result<_, _>>()?;
    Ok(StructType { fields })
}

fn field(node: &FieldNode<'_>) -> Result<StructField, Failure> {
    let data_type = data_type(&node.data_type)?;
    let mut metadata = Map::new();
    if let Some(comment) = &node.comment {
        metadata.insert("comment".to_owned(), Value::String(comment.clone()));
    }
    Ok(StructField { name: node.name.clone(), data_type, nullable: node.nullable, metadata })
}

/// The type that a node names.
pub(super) fn data_type(node: &TypeNode<'_>) -> Result<DataType, Failure> {
    match &node.shape {
        Shape::Array(element) => Ok(DataType::Array { element: Box::new(data_type(element)?), contains_null: true }),
        Shape::Map(key, value) => Ok(DataType::Map {
            key: Box::new(data_type(key)?),
            value: Box::new(data_type(value)?),
            value_contains_null: true,
        }),
        Shape::Struct(fields) => Ok(DataType::Struct(schema(fields)?)),
        Shape::Zoned("timestamp_ntz") => Ok(DataType::TimestampNtz),
        Shape::Zoned(_) => Ok(DataType::Timestamp),
        Shape::Interval { from, to } => interval(from, *to, node.at),
        Shape::Named { name, parameters, collation } => named(name, parameters, collation.as_deref(), node.at),
    }
}

fn interval(from: &str, to: Option<&str>, at: (usize, usize)) -> Result<DataType, Failure> {
    const FIELDS: [&str; 4] = ["day", "hour", "minute", "second"];
    let (from, to) = (from.to_ascii_lowercase(), to.map(str::to_ascii_lowercase));
    let year_month = match (from.as_str(), to.as_deref()) {
        ("year", None) => Some((0, 0)),
        ("year", Some(_)) => Some((0, 1)),
        ("month", None) => Some((1, 1)),
        _ => None,
    };
    if let Some((start, end)) = year_month {
        return Ok(DataType::YearMonthInterval { start, end });
    }
    let index = |name: &str| FIELDS.iter().position(|field| *field == name).and_then(|i| u8::try_from(i).ok());
    let end = to.as_deref().map_or_else(|| index(&from), index);
    match (index(&from), end) {
        (Some(start), Some(end)) if to.is_none() || start < end => Ok(DataType::DayTimeInterval { start, end }),
        _ => Err(unsupported_interval(&from, to.as_deref().unwrap_or(""), at)),
    }
}

fn unsupported_interval(from: &str, to: &str, at: (usize, usize)) -> Failure {
    let error = condition::error(
        ExceptionClass::Parse,
        "INVALID_INTERVAL_FORMAT.UNSUPPORTED_FROM_TO_EXPRESSION",
        Some("22006"),
        &[("input", String::new()), ("from", from.to_owned()), ("to", to.to_owned())],
        &format!(
            "Error parsing '' to interval. Please ensure that the value provided is in a valid format for defining an interval. \
             You can reference the documentation for the correct format. Cannot support (interval '' {from} to {to}) expression."
        ),
    );
    Failure::Condition { error: Box::new(error), at: Some(at) }
}

fn named(
    name: &Token<'_>,
    parameters: &[&str],
    collation: Option<&[String]>,
    at: (usize, usize),
) -> Result<DataType, Failure> {
    let word = if name.kind == Kind::Word { name.text.to_ascii_lowercase() } else { String::new() };
    if came_later(&word) {
        return Err(unsupported(name, parameters, at));
    }
    let simple = match word.as_str() {
        "boolean" => DataType::Boolean,
        "tinyint" | "byte" => DataType::Byte,
        "smallint" | "short" => DataType::Short,
        "int" | "integer" => DataType::Integer,
        "bigint" | "long" => DataType::Long,
        "float" | "real" => DataType::Float,
        "double" => DataType::Double,
        "date" => DataType::Date,
        "timestamp" | "timestamp_ltz" => DataType::Timestamp,
        "timestamp_ntz" => DataType::TimestampNtz,
        "binary" => DataType::Binary,
        "void" => DataType::Null,
        "interval" => DataType::CalendarInterval,
        "variant" => DataType::Variant,
        "string" => DataType::String { collation: collation.map(collation_name).transpose()?.flatten() },
        _ => return parametrised(&word, name, parameters, collation, at),
    };
    if parameters.is_empty() { Ok(simple) } else { Err(unsupported(name, parameters, at)) }
}

/// Whether the Spark in use does not know the type yet: these came with 4.1 (TY-TIME, TY-GEO).
fn came_later(word: &str) -> bool {
    matches!(word, "time" | "geometry" | "geography") && spark_minor() < (4, 1)
}

fn parametrised(
    word: &str,
    name: &Token<'_>,
    parameters: &[&str],
    collation: Option<&[String]>,
    at: (usize, usize),
) -> Result<DataType, Failure> {
    match (word, parameters) {
        ("array" | "map" | "struct", []) => Err(incomplete(word, at)),
        ("decimal" | "dec" | "numeric", []) => Ok(DataType::Decimal { precision: 10, scale: 0 }),
        ("decimal" | "dec" | "numeric", [precision]) => decimal(int(precision)?, 0),
        ("decimal" | "dec" | "numeric", [precision, scale]) => decimal(int(precision)?, int(scale)?),
        ("time", []) => Ok(DataType::Time(6)),
        ("time", [precision]) => time(int(precision)?),
        ("char" | "character" | "varchar", []) => Err(missing_size(name, at)),
        ("char" | "character" | "varchar", [length]) => {
            if let Some(parts) = collation {
                collation_name(parts)?;
            }
            let length = u32::try_from(int(length)?).unwrap_or(0);
            Ok(if word == "varchar" { DataType::Varchar(length) } else { DataType::Char(length) })
        }
        ("geometry" | "geography", [srid]) => {
            let invalid = || Failure::Condition { error: Box::new(condition::srid(srid)), at: None };
            geo::from_srid(word, srid).map(DataType::Geo).ok_or_else(invalid)
        }
        _ => Err(unsupported(name, parameters, at)),
    }
}

fn decimal(precision: i64, scale: i64) -> Result<DataType, Failure> {
    if scale > precision {
        return Err(Failure::Command(Box::new(condition::decimal_scale(precision, scale))));
    }
    match (u8::try_from(precision), u8::try_from(scale)) {
        (Ok(precision @ 0..=38), Ok(scale)) => Ok(DataType::Decimal { precision, scale }),
        _ => Err(Failure::Condition { error: Box::new(condition::decimal_precision(precision)), at: None }),
    }
}

fn time(precision: i64) -> Result<DataType, Failure> {
    match u8::try_from(precision) {
        Ok(precision @ 0..=6) => Ok(DataType::Time(precision)),
        _ => Err(Failure::Condition { error: Box::new(condition::time_precision(precision)), at: None }),
    }
}

/// The collation that `system.builtin.name` or `name` means.
fn collation_name(parts: &[String]) -> Result<Option<String>, Failure> {
    let name = parts.last().map_or("", String::as_str);
    let known = match parts {
        [_] => true,
        [catalog, schema, _] => catalog.eq_ignore_ascii_case("system") && schema.eq_ignore_ascii_case("builtin"),
        _ => false,
    };
    let canonical = if known { collation::canonical(name) } else { Err(collation::invalid(name)) };
    canonical.map_err(|error| Failure::Condition { error: Box::new(error), at: None })
}

/// A Java `int`.
fn int(digits: &str) -> Result<i64, Failure> {
    digits.parse::<i32>().map(i64::from).map_err(|_| Failure::Number(digits.to_owned()))
}

fn unsupported(name: &Token<'_>, parameters: &[&str], at: (usize, usize)) -> Failure {
    let text = if name.kind == Kind::Quoted { literal::quoted_name(name.text) } else { name.text.to_owned() };
    let mut text = text.to_uppercase();
    if !parameters.is_empty() {
        text = format!("{text}({})", parameters.join(","));
    }
    let error = condition::error(
        ExceptionClass::Parse,
        "UNSUPPORTED_DATATYPE",
        Some("0A000"),
        &[("typeName", format!("\"{text}\""))],
        &format!("Unsupported data type \"{text}\"."),
    );
    Failure::Condition { error: Box::new(error), at: Some(at) }
}

fn missing_size(name: &Token<'_>, at: (usize, usize)) -> Failure {
    let text = format!("\"{}\"", name.text.to_uppercase());
    let error = condition::error(
        ExceptionClass::Parse,
        "DATATYPE_MISSING_SIZE",
        Some("42K01"),
        &[("type", text.clone())],
        &format!("DataType {text} requires a length parameter, for example {text}(10). Please specify the length."),
    );
    Failure::Condition { error: Box::new(error), at: Some(at) }
}

fn incomplete(word: &str, at: (usize, usize)) -> Failure {
    let (needs, example) = match word {
        "array" => ("an element type", "ARRAY<INT>"),
        "map" => ("a key type and a value type", "MAP<TIMESTAMP, INT>"),
        _ => ("at least one field type", "STRUCT<name STRING, phone DECIMAL(10, 0)>"),
    };
    let upper = word.to_ascii_uppercase();
    let parameters: &[(&str, String)] = if word == "array" { &[("elementType", "<INT>".to_owned())] } else { &[] };
    let error = condition::error(
        ExceptionClass::Parse,
        &format!("INCOMPLETE_TYPE_DEFINITION.{upper}"),
        Some("42K01"),
        parameters,
        &format!(
            "Incomplete complex type: The definition of \"{upper}\" type is incomplete. You must provide {needs}. For example: \"{example}\"."
        ),
    );
    Failure::Condition { error: Box::new(error), at: Some(at) }
}
