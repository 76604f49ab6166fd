//! Char and varchar in schemas: Spark plans them as strings and remembers what they were.

use serde_json::Value;

use super::{DataType, StructField, StructType};

/// The metadata key under which Spark keeps a field's type as it was declared.
const DECLARED_TYPE: &str = "__CHAR_VARCHAR_TYPE_STRING";

impl StructType {
    /// The schema that `df.schema` shows for a declared one: char and varchar are strings, and the metadata of their fields has
    /// the declared type (SCH-CHAR). Other fields are unchanged.
    pub fn with_char_varchar_as_string(&self) -> Self {
        Self { fields: self.fields.iter().map(StructField::with_char_varchar_as_string).collect() }
    }

    /// Whether char or varchar occurs anywhere in it; such a schema is refused from a user (SCH-CHAR-USER).
    pub fn has_char_or_varchar(&self) -> bool {
        self.fields.iter().any(|field| field.data_type.has_char_or_varchar())
    }
}

impl StructField {
    fn with_char_varchar_as_string(&self) -> Self {
        let mut field = self.clone();
        if self.data_type.has_char_or_varchar() {
            field.metadata.insert(DECLARED_TYPE.to_owned(), Value::String(self.data_type.simple_string()));
            field.data_type = self.data_type.char_varchar_as_string();
        }
        field
    }
}

impl DataType {
    fn has_char_or_varchar(&self) -> bool {
        match self {
            Self::Char(_) | Self::Varchar(_) => true,
            Self::Array { element, .. } => element.has_char_or_varchar(),
            Self::Map { key, value, .. } => key.has_char_or_varchar() || value.has_char_or_varchar(),
            Self::Struct(schema) => schema.has_char_or_varchar(),
            _ => false,
        }
    }

    fn char_varchar_as_string(&self) -> Self {
        match self {
            Self::Char(_) | Self::Varchar(_) => Self::String { collation: None },
            Self::Array { element, contains_null } => {
                Self::Array { element: Box::new(element.char_varchar_as_string()), contains_null: *contains_null }
            }
            Self::Map { key, value, value_contains_null } => Self::Map {
                key: Box::new(key.char_varchar_as_string()),
                value: Box::new(value.char_varchar_as_string()),
                value_contains_null: *value_contains_null,
            },
            // Only columns remember their declared type, fields inside them do not.
            Self::Struct(schema) => {
                let fields = schema.fields.iter();
                let fields = fields
                    .map(|field| StructField { data_type: field.data_type.char_varchar_as_string(), ..field.clone() });
                Self::Struct(StructType { fields: fields.collect() })
            }
            other => other.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn strings_remember_what_they_were() {
        let declared =
            StructType::from_ddl("a char(5) not null comment 'x', b array<struct<c:varchar(3)>>, d int").unwrap();
        let shown = declared.with_char_varchar_as_string();
        assert_eq!(shown.simple_string(), "struct<a:string,b:array<struct<c:string>>,d:int>");
        let metadata: Vec<String> =
            shown.fields.iter().map(|field| Value::Object(field.metadata.clone()).to_string()).collect();
        let expected = [
            r#"{"comment":"x","__CHAR_VARCHAR_TYPE_STRING":"char(5)"}"#,
            r#"{"__CHAR_VARCHAR_TYPE_STRING":"array<struct<c:varchar(3)>>"}"#,
            "{}",
        ];
        assert_eq!(metadata, expected);
        assert!(declared.has_char_or_varchar() && !shown.has_char_or_varchar());
    }
}
