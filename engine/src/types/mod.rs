//! Spark's data types: their DDL and JSON forms, and their Arrow counterparts.

pub mod arrow;
mod char_varchar;
pub(crate) mod collation;
mod condition;
pub mod ddl;
mod geo;
pub mod json;
mod name;
mod python_json;
#[cfg(test)]
mod testing;
mod tree;
pub mod values;

use serde_json::{Map, Value};

/// A type of Spark SQL, as in `pyspark.sql.types`.
#[derive(Debug, Clone, PartialEq)]
pub enum DataType {
    /// `void`: only null.
    Null,
    /// `boolean`.
    Boolean,
    /// `tinyint`.
    Byte,
    /// `smallint`.
    Short,
    /// `int`.
    Integer,
    /// `bigint`.
    Long,
    /// `float`.
    Float,
    /// `double`.
    Double,
    /// `decimal(precision, scale)`, precision 0 to 38, scale 0 to precision.
    Decimal {
        /// Digits in all.
        precision: u8,
        /// Digits after the point.
        scale: u8,
    },
    /// `string`, with its collation when that is not `UTF8_BINARY`.
    String {
        /// The collation's name, as in `string collate UNICODE_CI`.
        collation: Option<String>,
    },
    /// `char(n)`.
    Char(u32),
    /// `varchar(n)`.
    Varchar(u32),
    /// `binary`.
    Binary,
    /// `date`: days since 1970-01-01, proleptic Gregorian.
    Date,
    /// `timestamp`: microseconds since the epoch, an instant.
    Timestamp,
    /// `timestamp_ntz`: microseconds since 1970-01-01 00:00 of a wall clock without a zone.
    TimestampNtz,
    /// `time(precision)`, precision 0 to 6; since Spark 4.1.
    Time(u8),
    /// `interval day to second` and its parts; fields 0 (day) to 3 (second).
    DayTimeInterval {
        /// First field.
        start: u8,
        /// Last field.
        end: u8,
    },
    /// `interval year to month` and its parts; fields 0 (year) and 1 (month).
    YearMonthInterval {
        /// First field.
        start: u8,
        /// Last field.
        end: u8,
    },
    /// `interval`.
    CalendarInterval,
    /// `variant`.
    Variant,
    /// `geometry(srid)` or `geography(srid)`; kept as the text of its JSON form.
    Geo(String),
    /// `array<element>`.
    Array {
        /// The elements' type.
        element: Box<DataType>,
        /// Whether an element may be null.
        contains_null: bool,
    },
    /// `map<key, value>`.
    Map {
        /// The keys' type; a key is never null.
        key: Box<DataType>,
        /// The values' type.
        value: Box<DataType>,
        /// Whether a value may be null.
        value_contains_null: bool,
    },
    /// `struct<…>`.
    Struct(StructType),
    /// A user-defined type: its JSON object, and the type that stores it.
    Udt {
        /// The whole JSON object, `{"type":"udt",…}`.
        json: Value,
        /// The `sqlType`.
        sql_type: Box<DataType>,
    },
}

/// A field of a [`StructType`], or a column.
#[derive(Debug, Clone, PartialEq)]
pub struct StructField {
    /// The name, verbatim.
    pub name: String,
    /// The type.
    pub data_type: DataType,
    /// Whether it may be null.
    pub nullable: bool,
    /// Spark's metadata: `comment`, `__COLLATIONS`, and what users put there.
    pub metadata: Map<String, Value>,
}

/// A row's type: fields in order. Names may repeat.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StructType {
    /// The fields.
    pub fields: Vec<StructField>,
}

impl StructField {
    /// A nullable field without metadata.
    pub fn new(name: impl Into<String>, data_type: DataType) -> Self {
        Self { name: name.into(), data_type, nullable: true, metadata: Map::new() }
    }
}
