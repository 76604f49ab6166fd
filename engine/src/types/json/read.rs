//! Reads types from JSON, refusing what Spark refuses.

use serde_json::{Map, Value};

use super::COLLATIONS;
use crate::error::SparkError;
use crate::types::{DataType, StructField, StructType, collation, condition, geo};

/// Collations of the field being read: path to `provider.name`.
type Collations = Map<String, Value>;

impl DataType {
    /// Reads a type's JSON.
    ///
    /// # Errors
    ///
    /// `INVALID_JSON_DATA_TYPE` for what is no type, and the conditions of decimals and collations (SCH-STRUCTFIELD).
    pub fn from_json(value: &Value) -> Result<Self, SparkError> {
        data_type(value, "", &Map::new())
    }

    /// Reads a type's JSON text; what follows the first value is ignored, as Spark does.
    ///
    /// # Errors
    ///
    /// As [`DataType::from_json`]; text that is no JSON is an error without condition.
    pub fn from_json_text(text: &str) -> Result<Self, SparkError> {
        let first = serde_json::Deserializer::from_str(text).into_iter::<Value>().next();
        match first {
            Some(Ok(value)) => Self::from_json(&value),
            Some(Err(error)) => Err(condition::unnamed(format!("the schema is not JSON: {error}"))),
            None => Err(condition::unnamed("the schema is not JSON: no content to map due to end-of-input".to_owned())),
        }
    }
}

impl StructType {
    /// Reads the JSON text of what a data source's `schema()` returned (SCH-STRUCTTYPE, SCH-OTHER-DATATYPE).
    ///
    /// # Errors
    ///
    /// Those of [`DataType::from_json_text`], and `INVALID_SCHEMA.NON_STRUCT_TYPE` for any other type.
    pub fn from_json(text: &str) -> Result<Self, SparkError> {
        match DataType::from_json_text(text)? {
            DataType::Struct(schema) => Ok(schema),
            other => Err(condition::non_struct_schema(text, &other.sql())),
        }
    }
}

impl StructField {
    /// Reads a field's JSON.
    ///
    /// # Errors
    ///
    /// As [`DataType::from_json`].
    pub fn from_json(value: &Value) -> Result<Self, SparkError> {
        let invalid = || condition::invalid_json_type(&value.to_string());
        let object = value.as_object().ok_or_else(invalid)?;
        let (Some(Value::String(name)), Some(json)) = (object.get("name"), object.get("type")) else {
            return Err(invalid());
        };
        // Older versions wrote neither metadata nor nullability; every other key is an error.
        let (nullable, mut metadata) = match (object.get("nullable"), object.get("metadata"), object.len()) {
            (Some(Value::Bool(nullable)), Some(Value::Object(metadata)), 4) => (*nullable, metadata.clone()),
            (Some(Value::Bool(nullable)), None, 3) => (*nullable, Map::new()),
            (None, None, 2) => (true, Map::new()),
            _ => return Err(invalid()),
        };
        let collations = match metadata.shift_remove(COLLATIONS) {
            Some(Value::Object(collations)) => collations,
            _ => Map::new(),
        };
        let data_type = data_type(json, name, &collations)?;
        Ok(Self { name: name.clone(), data_type, nullable, metadata })
    }
}

fn data_type(value: &Value, path: &str, collations: &Collations) -> Result<DataType, SparkError> {
    let object = match value {
        Value::String(name) => return atomic(name, path, collations),
        Value::Object(object) => object,
        other => return Err(condition::invalid_json_type(&other.to_string())),
    };
    if let Some(json_type) = object.get("type").filter(|_| collations.contains_key(path)) {
        let json_type = json_type.as_str().map_or_else(|| json_type.to_string(), str::to_owned);
        return Err(condition::invalid_json_type_for_collations(&json_type));
    }
    let below = |part: &str| format!("{path}.{part}");
    match (object.get("type").and_then(Value::as_str), object.len()) {
        (Some("array"), 3) => {
            if let (Some(element), Some(Value::Bool(contains_null))) =
                (object.get("elementType"), object.get("containsNull"))
            {
                let element = data_type(element, &below("element"), collations)?;
                return Ok(DataType::Array { element: Box::new(element), contains_null: *contains_null });
            }
        }
        (Some("map"), 4) => {
            if let (Some(key), Some(item), Some(Value::Bool(null))) =
                (object.get("keyType"), object.get("valueType"), object.get("valueContainsNull"))
            {
                let key = Box::new(data_type(key, &below("key"), collations)?);
                let value = Box::new(data_type(item, &below("value"), collations)?);
                return Ok(DataType::Map { key, value, value_contains_null: *null });
            }
        }
        (Some("struct"), 2) => {
            if let Some(Value::Array(fields)) = object.get("fields") {
                let fields = fields.iter().map(StructField::from_json).collect::<Result<_, _>>()?;
                return Ok(DataType::Struct(StructType { fields }));
            }
        }
        (Some("udt"), 4) => {
            if let Some(udt) = user_defined(value, object) {
                return udt;
            }
        }
        _ => {}
    }
    Err(condition::invalid_json_type(&value.to_string()))
}

/// A user-defined type: of a JVM class (`class`), or of Python alone (`serializedClass`).
fn user_defined(value: &Value, object: &Map<String, Value>) -> Option<Result<DataType, SparkError>> {
    let of_python = object.get("serializedClass").is_some_and(Value::is_string)
        && object.get("pyClass").is_some_and(Value::is_string);
    let of_jvm = object.get("class").is_some_and(Value::is_string) && object.contains_key("pyClass");
    let sql_type = object.get("sqlType")?;
    (of_python || of_jvm).then(|| {
        let sql_type = Box::new(DataType::from_json(sql_type)?);
        Ok(DataType::Udt { json: value.clone(), sql_type })
    })
}

fn atomic(name: &str, path: &str, collations: &Collations) -> Result<DataType, SparkError> {
    if let Some(collation) = collations.get(path) {
        if name != "string" {
            return Err(condition::invalid_json_type_for_collations(name));
        }
        return Ok(DataType::String { collation: provided_collation(collation)? });
    }
    let simple = match name {
        "null" | "void" => DataType::Null,
        "boolean" => DataType::Boolean,
        "byte" => DataType::Byte,
        "short" => DataType::Short,
        "integer" => DataType::Integer,
        "long" => DataType::Long,
        "float" => DataType::Float,
        "double" => DataType::Double,
        "string" => DataType::String { collation: None },
        "binary" => DataType::Binary,
        "date" => DataType::Date,
        "timestamp" | "timestamp_ltz" => DataType::Timestamp,
        "timestamp_ntz" => DataType::TimestampNtz,
        "variant" => DataType::Variant,
        "interval" => DataType::CalendarInterval,
        "decimal" => DataType::Decimal { precision: 10, scale: 0 },
        _ => return parametrised(name).unwrap_or_else(|| Err(condition::invalid_json_type(name))),
    };
    Ok(simple)
}

/// `provider.name`, checked.
fn provided_collation(value: &Value) -> Result<Option<String>, SparkError> {
    let text = value.as_str().unwrap_or("");
    let Some((provider, name)) = text.split_once('.') else {
        return Err(condition::unnamed(format!("a collation without a provider: {text}")));
    };
    if !provider.eq_ignore_ascii_case("spark") && !provider.eq_ignore_ascii_case("icu") {
        return Err(condition::collation_provider(provider));
    }
    collation::canonical(name)
}

/// A type with something after its name, as far as it is one.
fn parametrised(name: &str) -> Option<Result<DataType, SparkError>> {
    if let Some(interval) = interval(name) {
        return Some(Ok(interval));
    }
    if let Some(collated) = name.strip_prefix("string").and_then(|rest| rest.trim_start().strip_prefix("collate")) {
        let collation = collation::canonical(collated.trim());
        return Some(collation.map(|collation| DataType::String { collation }));
    }
    if name == "geometry" || name == "geography" {
        return geo::from_system(name, None).map(|json| Ok(DataType::Geo(json)));
    }
    let (kind, inner) = name.strip_suffix(')')?.split_once('(')?;
    let parts: Vec<&str> = inner.split(',').map(str::trim).collect();
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match (kind, parts.as_slice()) {
        ("decimal", [precision, scale]) if digits(precision) && digits(scale.strip_prefix('-').unwrap_or(scale)) => {
            Some(decimal(precision, scale))
        }
        ("char", [length]) if digits(length) => Some(int(length).map(DataType::Char)),
        ("varchar", [length]) if digits(length) => Some(int(length).map(DataType::Varchar)),
        ("time", [precision]) => precision.parse().ok().filter(|p| *p <= 6_u8).map(|p| Ok(DataType::Time(p))),
        ("geometry", [system]) => geo::from_system(kind, Some(system)).map(|json| Ok(DataType::Geo(json))),
        ("geography", [system]) if *system == "SPHERICAL" => {
            geo::from_system(kind, None).map(|json| Ok(DataType::Geo(json)))
        }
        ("geography", [algorithm] | [_, algorithm]) if *algorithm != "SPHERICAL" && !algorithm.contains(':') => {
            Some(Err(condition::geography_algorithm(algorithm)))
        }
        ("geography", [system] | [system, "SPHERICAL"]) => {
            geo::from_system(kind, Some(system)).map(|json| Ok(DataType::Geo(json)))
        }
        _ => None,
    }
}

fn int(digits: &str) -> Result<u32, SparkError> {
    digits
        .parse::<i32>()
        .ok()
        .and_then(|n| u32::try_from(n).ok())
        .ok_or_else(|| condition::unnamed(format!("For input string: \"{digits}\"")))
}

fn decimal(precision: &str, scale: &str) -> Result<DataType, SparkError> {
    let wide = |digits: &str| digits.parse::<i32>().map(i64::from);
    let (Ok(precision), Ok(scale)) = (wide(precision), wide(scale)) else {
        return Err(condition::unnamed(format!("For input string: \"{precision}\"")));
    };
    if scale < 0 {
        return Err(condition::negative_scale(scale));
    }
    if scale > precision {
        return Err(condition::decimal_scale(precision, scale));
    }
    match (u8::try_from(precision), u8::try_from(scale)) {
        (Ok(precision @ 0..=38), Ok(scale)) => Ok(DataType::Decimal { precision, scale }),
        _ => Err(condition::decimal_precision(precision)),
    }
}

fn interval(name: &str) -> Option<DataType> {
    let all = (0..4_u8).flat_map(|start| (start..4).map(move |end| DataType::DayTimeInterval { start, end }));
    let years = [(0, 0), (0, 1), (1, 1)].map(|(start, end)| DataType::YearMonthInterval { start, end });
    name.starts_with("interval ")
        .then(|| all.chain(years).find(|candidate| candidate.simple_string() == name))
        .flatten()
}
