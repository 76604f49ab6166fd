//! Spark's JSON form of types: `{"type":"struct","fields":[…]}`.
//!
//! Inside a field, collations are not part of a string's JSON; they stand in the metadata `__COLLATIONS` of the nearest field.

mod read;

#[cfg(test)]
mod tests;

use serde_json::{Map, Value, json};

use super::{DataType, StructField, StructType, collation};

/// The metadata key that holds the collations of the strings in a field, by their path.
const COLLATIONS: &str = "__COLLATIONS";

impl DataType {
    /// The JSON form, keys in the order in which Spark writes them; collations stand in the strings' own names.
    pub fn to_json(&self) -> Value {
        self.json(false)
    }

    /// The JSON form; `in_field` if the metadata of a field around it says the collations.
    fn json(&self, in_field: bool) -> Value {
        match self {
            Self::Struct(schema) => schema.to_json(),
            Self::Array { element, contains_null } => {
                json!({"type": "array", "elementType": element.json(in_field), "containsNull": contains_null})
            }
            Self::Map { key, value, value_contains_null } => json!({
                "type": "map",
                "keyType": key.json(in_field),
                "valueType": value.json(in_field),
                "valueContainsNull": value_contains_null,
            }),
            Self::Udt { json, .. } => json.clone(),
            Self::String { .. } if in_field => Value::String("string".to_owned()),
            other => Value::String(other.atomic_json_name()),
        }
    }

    /// The JSON name of a type without parts.
    fn atomic_json_name(&self) -> String {
        match self {
            Self::Byte => "byte".to_owned(),
            Self::Short => "short".to_owned(),
            Self::Integer => "integer".to_owned(),
            Self::Long => "long".to_owned(),
            Self::Geo(json) => json.clone(),
            other => other.simple_string(),
        }
    }

    /// Collects the collated strings below `path`, as far as no struct holds them.
    fn collations(&self, path: &str, found: &mut Map<String, Value>) {
        match self {
            Self::String { collation: Some(name) } => {
                found.insert(path.to_owned(), Value::String(format!("{}.{name}", collation::provider(name))));
            }
            Self::Array { element, .. } => element.collations(&format!("{path}.element"), found),
            Self::Map { key, value, .. } => {
                key.collations(&format!("{path}.key"), found);
                value.collations(&format!("{path}.value"), found);
            }
            _ => {}
        }
    }
}

impl StructType {
    /// The JSON form, as `df.schema.json()`.
    pub fn to_json(&self) -> Value {
        let fields: Vec<Value> = self.fields.iter().map(StructField::to_json).collect();
        json!({"type": "struct", "fields": fields})
    }
}

impl StructField {
    /// The JSON form: name, type, nullable, metadata.
    pub fn to_json(&self) -> Value {
        let mut metadata = self.metadata.clone();
        let mut collations = Map::new();
        self.data_type.collations(&self.name, &mut collations);
        if !collations.is_empty() {
            metadata.insert(COLLATIONS.to_owned(), Value::Object(collations));
        }
        json!({"name": self.name, "type": self.data_type.json(true), "nullable": self.nullable, "metadata": metadata})
    }
}
