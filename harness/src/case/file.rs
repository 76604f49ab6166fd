//! The case files' format, as serde and schemars see it. What serde cannot check, `load` checks.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};

use super::Callback;
use super::accepts::Accepts;
use super::yaml::{Located, Node};

/// A case file: one feature, many cases.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Seatrial case file")]
pub(crate) struct CaseFile {
    /// The feature under test, in one line.
    pub(crate) feature: Located<String>,
    /// What a reader should learn.
    #[serde(default)]
    pub(crate) about: Option<String>,
    /// The cases; names are unique in the file.
    // Read one by one from their nodes, so that a broken one does not hide the others.
    #[schemars(with = "Vec<FileCase>")]
    pub(crate) cases: Vec<Node>,
}

/// A case: a source, what is read of it, and a query.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Case")]
pub(crate) struct FileCase {
    /// Unique in the file, one line; `<area>/<topic>::<name>` is the case's id.
    pub(crate) name: Located<String>,
    /// What a reader should learn.
    #[serde(default)]
    pub(crate) about: Option<String>,
    /// The first Spark version that has the behaviour, such as "4.1"; "4.0" if absent.
    #[serde(default)]
    pub(crate) since: Option<Located<String>>,
    /// Ids of the behaviour catalogue.
    #[serde(default)]
    pub(crate) covers: Vec<Located<String>>,
    /// Session configuration.
    #[serde(default)]
    pub(crate) conf: Ordered<Scalar>,
    /// The declarative form of a source; exactly one of `source` and `python`.
    #[serde(default)]
    pub(crate) source: Option<Located<FileSource>>,
    /// A Python module that defines the sources; exactly one of `source` and `python`.
    #[serde(default)]
    pub(crate) python: Option<Located<String>>,
    /// Python expressions of the objects to register; every DataSource subclass of the module if absent.
    #[serde(default)]
    pub(crate) register: Option<Vec<String>>,
    /// What is read into the view `source`.
    #[serde(default)]
    pub(crate) read: Option<Located<FileRead>>,
    /// What is done before the query, in order; an error ends the case. Nothing is loaded but what the steps load.
    #[serde(default)]
    pub(crate) steps: Option<Located<Vec<FileStep>>>,
    /// The query, over the view `source` where there are no steps; null collects the DataFrame that was loaded last.
    #[serde(default = "default_query")]
    pub(crate) query: Option<String>,
    /// Whether the order of rows counts.
    #[serde(default)]
    pub(crate) ordered: bool,
    /// The callbacks whose calls are compared.
    #[serde(default)]
    pub(crate) calls: Vec<Callback>,
    /// Whether the number of partitions is compared.
    #[serde(default)]
    pub(crate) count_partitions: bool,
    /// Variables of the target's process, which is one of the case's own (shared with cases that ask for the same).
    #[serde(default)]
    pub(crate) environment: Ordered<Located<String>>,
    /// Top-level modules on the Python path of the target's process: name, text.
    #[serde(default)]
    pub(crate) modules: Ordered<Located<String>>,
    /// Seconds the case may take.
    #[serde(default)]
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub(crate) deadline: Option<Located<f64>>,
}

fn default_query() -> Option<String> {
    Some("SELECT * FROM source".to_owned())
}

/// A source described by its schema and rows.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Source")]
pub(crate) struct FileSource {
    /// What `name()` returns; "source" if absent.
    #[serde(default)]
    pub(crate) name: Option<String>,
    /// What `schema()` returns, as DDL; `schema()` is not overridden if absent.
    #[serde(default)]
    pub(crate) schema: Option<Located<String>>,
    /// The form of what `read()` yields.
    #[serde(default)]
    pub(crate) yields: Located<Yields>,
    /// The rows of the default partition; at most one of `rows` and `partitions`.
    #[serde(default)]
    #[schemars(with = "Option<Vec<serde_json::Value>>")]
    pub(crate) rows: Option<Located<Vec<Node>>>,
    /// The rows of each partition; an empty list makes `partitions()` return an empty list.
    #[serde(default)]
    #[schemars(with = "Option<Vec<Vec<serde_json::Value>>>")]
    pub(crate) partitions: Option<Located<Vec<Located<Vec<Node>>>>>,
    /// Rows per record batch; one batch a partition if absent.
    #[serde(default)]
    #[schemars(with = "Option<u32>", extend("minimum" = 1))]
    pub(crate) batch_rows: Option<Located<u32>>,
    /// The classes of the filters that the reader keeps and applies, or `all`; it yields the others back. There is no
    /// `pushFilters` if absent.
    #[serde(default)]
    pub(crate) accepts: Option<Located<Accepts>>,
    /// Where the source raises an exception.
    #[serde(default)]
    pub(crate) raises: Option<Located<Raises>>,
}

/// The form of what `read()` yields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Yields {
    /// Tuples.
    #[default]
    Tuples,
    /// Lists.
    Lists,
    /// `Row(name=value)`.
    Rows,
    /// `Row(value)`.
    PositionalRows,
    /// `pyarrow.RecordBatch`.
    Batches,
}

/// An exception the source raises.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Raises {
    /// The callback.
    #[serde(rename = "in")]
    pub(crate) callback: Located<Callback>,
    /// The exception's class: a builtin's name, or with its module, `decimal.InvalidOperation`.
    #[serde(rename = "type")]
    pub(crate) class: Located<String>,
    /// Its only argument; none if absent.
    #[serde(default)]
    pub(crate) message: Option<String>,
    /// In `read`: how many rows are yielded before; none if absent.
    #[serde(default)]
    #[schemars(with = "Option<u32>")]
    pub(crate) after_rows: Option<Located<u32>>,
    /// In `read`: the partition; every one if absent.
    #[serde(default)]
    #[schemars(with = "Option<u32>")]
    pub(crate) partition: Option<Located<u32>>,
}

/// `spark.read.format(…).options(…).schema(…).load(…)`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Read")]
pub(crate) struct FileRead {
    /// The format; the name of the first registered object if absent.
    #[serde(default)]
    pub(crate) format: Option<String>,
    /// Options in order; a value is handed over as a Python value of its kind.
    #[serde(default)]
    pub(crate) options: Ordered<Scalar>,
    /// The user's schema as DDL.
    #[serde(default)]
    pub(crate) schema: Option<String>,
    /// The argument of `load`: a path, or a list of paths.
    #[serde(default)]
    pub(crate) path: Option<OneOrMany>,
}

/// One thing that is done before the query.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Step")]
pub(crate) enum FileStep {
    /// Loads a DataFrame and makes it a temporary view.
    Load(FileLoad),
    /// A statement, whose result is collected and not compared.
    Sql(Located<String>),
    /// Python expressions of more objects to register.
    Register(Vec<String>),
    /// Goes on in another session of the same application, with the case's `conf`: `true`.
    NewSession(Located<bool>),
}

/// `spark.read.format(…).options(…).schema(…).load(…).createOrReplaceTempView(…)`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Load")]
pub(crate) struct FileLoad {
    /// The view's name; "source" if absent.
    #[serde(default)]
    pub(crate) view: Option<String>,
    /// The format; the name of the first registered object if absent.
    #[serde(default)]
    pub(crate) format: Option<String>,
    /// Options in order; a value is handed over as a Python value of its kind.
    #[serde(default)]
    pub(crate) options: Ordered<Scalar>,
    /// The user's schema as DDL.
    #[serde(default)]
    pub(crate) schema: Option<String>,
    /// The argument of `load`: a path, or a list of paths.
    #[serde(default)]
    pub(crate) path: Option<OneOrMany>,
}

/// A string, a number, a boolean or null.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scalar(pub(crate) serde_json::Value);

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ScalarVisitor;
        impl Visitor<'_> for ScalarVisitor {
            type Value = Scalar;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string, a number, a boolean or null")
            }

            fn visit_unit<E>(self) -> Result<Scalar, E> {
                Ok(Scalar(serde_json::Value::Null))
            }

            fn visit_bool<E>(self, value: bool) -> Result<Scalar, E> {
                Ok(Scalar(value.into()))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Scalar, E> {
                Ok(Scalar(value.into()))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Scalar, E> {
                Ok(Scalar(value.into()))
            }

            fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Scalar, E> {
                match serde_json::Number::from_f64(value) {
                    Some(number) => Ok(Scalar(number.into())),
                    None => Err(E::custom("a number here must be finite; quote it to pass it as text")),
                }
            }

            fn visit_str<E>(self, value: &str) -> Result<Scalar, E> {
                Ok(Scalar(value.into()))
            }
        }
        deserializer.deserialize_any(ScalarVisitor)
    }
}

impl JsonSchema for Scalar {
    fn schema_name() -> Cow<'static, str> {
        "Scalar".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "number", "boolean", "null"] })
    }
}

/// A mapping whose order counts.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ordered<T>(pub(crate) Vec<(String, T)>);

impl<T> Default for Ordered<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Ordered<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OrderedVisitor<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for OrderedVisitor<T> {
            type Value = Ordered<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mapping")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Ordered<T>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = access.next_entry()? {
                    entries.push(entry);
                }
                Ok(Ordered(entries))
            }
        }
        deserializer.deserialize_map(OrderedVisitor(std::marker::PhantomData))
    }
}

impl<T: JsonSchema> JsonSchema for Ordered<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Ordered_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let values = generator.subschema_for::<T>();
        json_schema!({ "type": "object", "additionalProperties": values })
    }
}

/// A string or a list of strings.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrManyVisitor;
        impl<'de> Visitor<'de> for OneOrManyVisitor {
            type Value = OneOrMany;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a list of strings")
            }

            fn visit_str<E>(self, value: &str) -> Result<OneOrMany, E> {
                Ok(OneOrMany::One(value.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<OneOrMany, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = access.next_element()? {
                    items.push(item);
                }
                Ok(OneOrMany::Many(items))
            }
        }
        deserializer.deserialize_any(OneOrManyVisitor)
    }
}

impl JsonSchema for OneOrMany {
    fn schema_name() -> Cow<'static, str> {
        "OneOrMany".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "array"], "items": { "type": "string" } })
    }
}
