//! How types are written: `simpleString`, SQL and DDL text.

use std::fmt::Write;

use serde_json::Value;

use super::{DataType, StructField, StructType};

const DAY_TIME_FIELDS: [&str; 4] = ["day", "hour", "minute", "second"];
const YEAR_MONTH_FIELDS: [&str; 2] = ["year", "month"];

impl DataType {
    /// Spark's `simpleString`: `bigint`, `array<int>`, `struct<a:int>`.
    ///
    /// PySpark writes the same, except that a user-defined type is `udt` there and its Spark type's own name here.
    pub fn simple_string(&self) -> String {
        let mut text = String::new();
        self.write_simple(&mut text);
        text
    }

    fn write_simple(&self, out: &mut String) {
        match self {
            Self::Array { element, .. } => {
                out.push_str("array<");
                element.write_simple(out);
                out.push('>');
            }
            Self::Map { key, value, .. } => {
                out.push_str("map<");
                key.write_simple(out);
                out.push(',');
                value.write_simple(out);
                out.push('>');
            }
            Self::Struct(fields) => {
                out.push_str("struct<");
                for (i, field) in fields.fields.iter().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    out.push_str(&field.name);
                    out.push(':');
                    field.data_type.write_simple(out);
                }
                out.push('>');
            }
            other => other.write_atomic(out),
        }
    }

    fn write_atomic(&self, out: &mut String) {
        let _infallible = match self {
            Self::Null => out.write_str("void"),
            Self::Boolean => out.write_str("boolean"),
            Self::Byte => out.write_str("tinyint"),
            Self::Short => out.write_str("smallint"),
            Self::Integer => out.write_str("int"),
            Self::Long => out.write_str("bigint"),
            Self::Float => out.write_str("float"),
            Self::Double => out.write_str("double"),
            Self::Decimal { precision, scale } => write!(out, "decimal({precision},{scale})"),
            Self::String { collation: None } => out.write_str("string"),
            Self::String { collation: Some(name) } => write!(out, "string collate {name}"),
            Self::Char(length) => write!(out, "char({length})"),
            Self::Varchar(length) => write!(out, "varchar({length})"),
            Self::Binary => out.write_str("binary"),
            Self::Date => out.write_str("date"),
            Self::Timestamp => out.write_str("timestamp"),
            Self::TimestampNtz => out.write_str("timestamp_ntz"),
            Self::Time(precision) => write!(out, "time({precision})"),
            Self::DayTimeInterval { start, end } => out.write_str(&interval_name(&DAY_TIME_FIELDS, *start, *end)),
            Self::YearMonthInterval { start, end } => out.write_str(&interval_name(&YEAR_MONTH_FIELDS, *start, *end)),
            Self::CalendarInterval => out.write_str("interval"),
            Self::Variant => out.write_str("variant"),
            Self::Geo(json) => out.write_str(&super::geo::simple_string(json)),
            Self::Udt { json, .. } => out.write_str(udt_name(json)),
            Self::Array { .. } | Self::Map { .. } | Self::Struct(_) => Ok(()),
        };
    }

    /// The type as Scala shows it: `IntegerType`, `ArrayType(StringType,true)`.
    pub(crate) fn scala(&self) -> String {
        let plain = match self {
            Self::Null => "NullType",
            Self::Boolean => "BooleanType",
            Self::Byte => "ByteType",
            Self::Short => "ShortType",
            Self::Integer => "IntegerType",
            Self::Long => "LongType",
            Self::Float => "FloatType",
            Self::Double => "DoubleType",
            Self::Binary => "BinaryType",
            Self::Date => "DateType",
            Self::Timestamp => "TimestampType",
            Self::TimestampNtz => "TimestampNTZType",
            Self::CalendarInterval => "CalendarIntervalType",
            Self::Variant => "VariantType",
            Self::String { collation: None } => "StringType",
            Self::String { collation: Some(name) } => return format!("StringType({name})"),
            Self::Char(length) => return format!("CharType({length})"),
            Self::Varchar(length) => return format!("VarcharType({length})"),
            Self::Decimal { precision, scale } => return format!("DecimalType({precision},{scale})"),
            Self::Time(precision) => return format!("TimeType({precision})"),
            Self::DayTimeInterval { start, end } => return format!("DayTimeIntervalType({start},{end})"),
            Self::YearMonthInterval { start, end } => return format!("YearMonthIntervalType({start},{end})"),
            Self::Array { element, contains_null } => return format!("ArrayType({},{contains_null})", element.scala()),
            Self::Map { key, value, value_contains_null } => {
                return format!("MapType({},{},{value_contains_null})", key.scala(), value.scala());
            }
            Self::Struct(schema) => {
                let field = |field: &StructField| {
                    format!("StructField({},{},{})", field.name, field.data_type.scala(), field.nullable)
                };
                let fields: Vec<String> = schema.fields.iter().map(field).collect();
                return format!("StructType({})", fields.join(","));
            }
            Self::Geo(_) | Self::Udt { .. } => return self.simple_string(),
        };
        plain.to_owned()
    }

    /// The type as SQL writes it: `INT`, `ARRAY<INT>`, `STRUCT<a: INT NOT NULL>`.
    pub fn sql(&self) -> String {
        match self {
            Self::Array { element, .. } => format!("ARRAY<{}>", element.sql()),
            Self::Map { key, value, .. } => format!("MAP<{}, {}>", key.sql(), value.sql()),
            Self::Struct(fields) => {
                let fields: Vec<String> = fields.fields.iter().map(|field| field.sql_with(": ")).collect();
                format!("STRUCT<{}>", fields.join(", "))
            }
            Self::Udt { sql_type, .. } => sql_type.sql(),
            other => other.simple_string().to_uppercase(),
        }
    }
}

impl StructType {
    /// Spark's `simpleString` of the struct.
    pub fn simple_string(&self) -> String {
        DataType::Struct(self.clone()).simple_string()
    }

    /// The fields as DDL text, as Spark's `toDDL`: `a INT,b STRING NOT NULL COMMENT 'x'`.
    pub fn to_ddl(&self) -> String {
        let fields: Vec<String> = self.fields.iter().map(|field| field.sql_with(" ")).collect();
        fields.join(",")
    }
}

impl StructField {
    fn sql_with(&self, separator: &str) -> String {
        let mut text = format!("{}{separator}{}", quote_if_needed(&self.name), self.data_type.sql());
        if !self.nullable {
            text.push_str(" NOT NULL");
        }
        if let Some(Value::String(comment)) = self.metadata.get("comment") {
            let _infallible = write!(text, " COMMENT '{}'", comment.replace('\'', "\\'"));
        }
        text
    }
}

/// The name of an interval type, such as `interval day to second`; one field alone when both ends are equal.
fn interval_name(fields: &[&str], start: u8, end: u8) -> String {
    let field = |index: u8| fields.get(usize::from(index)).copied().unwrap_or("?");
    if start == end {
        format!("interval {}", field(start))
    } else {
        format!("interval {} to {}", field(start), field(end))
    }
}

/// A UDT of Python alone is `pythonuserdefined`; one with a JVM class has the class's simple name.
fn udt_name(json: &Value) -> &str {
    match json.get("class").and_then(Value::as_str) {
        Some(class) => class.rsplit('.').next().unwrap_or(class),
        None => "pythonuserdefined",
    }
}

/// Back-quotes a name that is not an identifier by itself.
fn quote_if_needed(name: &str) -> String {
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if plain && !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit()) {
        name.to_owned()
    } else {
        format!("`{}`", name.replace('`', "``"))
    }
}
