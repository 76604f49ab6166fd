//! `accepts`: which filters a declarative source keeps.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor, value::StrDeserializer};

/// A class of `pyspark.sql.datasource` whose objects `pushFilters` is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub(crate) enum FilterClass {
    EqualTo,
    EqualNullSafe,
    GreaterThan,
    GreaterThanOrEqual,
    LessThan,
    LessThanOrEqual,
    In,
    IsNull,
    IsNotNull,
    Not,
    StringStartsWith,
    StringEndsWith,
    StringContains,
}

impl FilterClass {
    /// All but `Not`, which holds one of them.
    pub(crate) const OF_COLUMNS: [Self; 12] = [
        Self::IsNull,
        Self::IsNotNull,
        Self::EqualNullSafe,
        Self::EqualTo,
        Self::GreaterThan,
        Self::GreaterThanOrEqual,
        Self::LessThan,
        Self::LessThanOrEqual,
        Self::In,
        Self::StringStartsWith,
        Self::StringEndsWith,
        Self::StringContains,
    ];
}

/// The classes of the filters that a reader keeps.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Accepts {
    /// Whatever it is offered.
    All,
    /// Filters of these classes; it returns the others.
    Classes(Vec<FilterClass>),
}

impl Accepts {
    /// Whether filters of the class may be kept: by themselves, or inside a `Not`.
    pub(crate) fn applies(&self, class: FilterClass) -> bool {
        match self {
            Self::All => true,
            Self::Classes(classes) => {
                classes.contains(&class) || (class != FilterClass::Not && classes.contains(&FilterClass::Not))
            }
        }
    }
}

impl<'de> Deserialize<'de> for Accepts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AcceptsVisitor;
        impl<'de> Visitor<'de> for AcceptsVisitor {
            type Value = Accepts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`all` or a list of filter classes")
            }

            fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Accepts, E> {
                if value == "all" {
                    return Ok(Accepts::All);
                }
                // Says what is known, or what was meant.
                let class = FilterClass::deserialize(StrDeserializer::new(value))?;
                Err(E::custom(format!("one class is a list too: [{class:?}]")))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Accepts, A::Error> {
                let mut classes = Vec::new();
                while let Some(class) = access.next_element()? {
                    classes.push(class);
                }
                Ok(Accepts::Classes(classes))
            }
        }
        deserializer.deserialize_any(AcceptsVisitor)
    }
}

impl JsonSchema for Accepts {
    fn schema_name() -> Cow<'static, str> {
        "Accepts".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let class = generator.subschema_for::<FilterClass>();
        json_schema!({ "anyOf": [{ "const": "all" }, { "type": "array", "items": class }] })
    }
}
