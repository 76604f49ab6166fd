//! Observations and values inside other documents: the result files of runs.
//!
//! An observation has its stored form, whose values are typed by the schema beside them. A value that stands alone (in a
//! difference) names its type itself: `{"long": 1}`.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value as Json;

use super::Observation;

impl Serialize for Observation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Observation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_stored_json(&Json::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl JsonSchema for Observation {
    fn schema_name() -> Cow<'static, str> {
        "Observation".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "What a target answered: the schema as Spark's JSON, rows as canonical values of its types, or the error.",
            "type": "object",
            "properties": {
                "schema": { "type": ["object", "null"] },
                "rows": { "type": ["array", "null"], "items": { "type": "array" } },
                "error": { "type": ["object", "null"] },
                "calls": { "type": "array", "items": { "type": "object" } },
                "partitions": { "type": ["integer", "null"], "minimum": 0 }
            },
            "required": ["schema", "rows", "error", "calls", "partitions"]
        })
    }
}

/// Floats by their bits, written as numbers, or as `NaN`, `Infinity` and `-Infinity`, which JSON has no numbers for.
pub(super) mod float {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(bits: &u32, serializer: S) -> Result<S::Ok, S::Error> {
        write(f64::from(f32::from_bits(*bits)), serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
        // A float was widened when it was written, so that narrowing it loses nothing.
        read(deserializer).map(|value| (value as f32).to_bits())
    }
}

/// The same for doubles.
pub(super) mod double {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(bits: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        write(f64::from_bits(*bits), serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        read(deserializer).map(f64::to_bits)
    }
}

fn write<S: Serializer>(value: f64, serializer: S) -> Result<S::Ok, S::Error> {
    super::value::float_json(value).serialize(serializer)
}

fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let json = Json::deserialize(deserializer)?;
    super::value::read_float(&json).ok_or_else(|| D::Error::custom(format!("{json} is not a float")))
}

/// What the two modules above write, for the schema.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
pub(super) enum FloatForm {
    Number(f64),
    Special(String),
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::super::Value;
    use rstest::rstest;

    #[rstest]
    #[case(Value::Null, r#""null""#)]
    #[case(Value::Long(i64::MIN), r#"{"long":-9223372036854775808}"#)]
    #[case(Value::float(1.1), r#"{"float":1.100000023841858}"#)]
    #[case(Value::double(-0.0), r#"{"double":-0.0}"#)]
    #[case(Value::double(f64::NAN), r#"{"double":"NaN"}"#)]
    #[case(Value::float(f32::NEG_INFINITY), r#"{"float":"-Infinity"}"#)]
    #[case(Value::Binary(vec![0, 255]), r#"{"binary":[0,255]}"#)]
    #[case(Value::Decimal { unscaled: "150".into(), scale: 2 }, r#"{"decimal":{"unscaled":"150","scale":2}}"#)]
    #[case(Value::Map(vec![(Value::Integer(1), Value::Array(vec![Value::Null]))]), r#"{"map":[[{"integer":1},{"array":["null"]}]]}"#)]
    fn a_value_names_its_type(#[case] value: Value, #[case] json: &str) {
        assert_eq!(serde_json::to_string(&value).unwrap(), json);
        assert_eq!(serde_json::from_str::<Value>(json).unwrap(), value);
    }
}
