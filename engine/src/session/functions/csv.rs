//! Functions of CSV texts. A line's fields are read as JSON's values of the same type are.

use std::fmt::Write;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::DataType;
use datafusion::common::not_impl_err;
use datafusion::error::Result;
use serde_json::{Map, Value};

use super::json;
use super::scalar::{Call, Definition, Parameter, gives};
use crate::session::text_cast;

use Parameter::{Anything, Text};

/// The functions.
pub(crate) const ALL: &[Definition] = &[
    Definition::new("from_csv", &[Text, Text, Anything], |_| DataType::Null, from_csv)
        .requiring(2)
        .returning(|_, literals| json::schema_of_columns(literals).unwrap_or(DataType::Null)),
    Definition::new("to_csv", &[Anything, Anything], gives::text, to_csv).requiring(1),
    Definition::new("schema_of_csv", &[Text, Anything], gives::text, |call| {
        call.texts(|row| {
            let layout = Layout::of(call, 1, row);
            let fields = layout.fields(call.text(0).value(row));
            let fields = fields
                .iter()
                .enumerate()
                .map(|(index, field)| format!("_c{index}: {}", field.text.as_deref().map_or("STRING", inferred)));
            Ok(Some(format!("STRUCT<{}>", fields.collect::<Vec<_>>().join(", "))))
        })
    })
    .requiring(1),
];

/// How a line is laid out.
struct Layout {
    separator: String,
    quote: char,
    escape: char,
}

struct Field {
    /// None for nothing between separators.
    text: Option<String>,
}

impl Layout {
    fn of(call: &Call<'_>, index: usize, row: usize) -> Self {
        let options = json::options(call, index, row);
        let first =
            |key: &str, otherwise: char| options.get(key).and_then(|text| text.chars().next()).unwrap_or(otherwise);
        let separator = options.get("sep").or_else(|| options.get("delimiter")).cloned();
        Self {
            separator: separator.unwrap_or_else(|| ",".to_owned()),
            quote: first("quote", '"'),
            escape: first("escape", '\\'),
        }
    }

    fn fields(&self, line: &str) -> Vec<Field> {
        let mut fields = Vec::new();
        let mut rest = line;
        loop {
            let mut text = String::new();
            let is_quoted = rest.starts_with(self.quote);
            if is_quoted {
                let mut chars = rest[self.quote.len_utf8()..].char_indices();
                let mut end = rest.len();
                while let Some((at, c)) = chars.next() {
                    if c == self.escape && c != self.quote {
                        text.extend(chars.next().map(|(_, next)| next));
                    } else if c == self.quote {
                        end = at + 2 * self.quote.len_utf8();
                        break;
                    } else {
                        text.push(c);
                    }
                }
                rest = &rest[end.min(rest.len())..];
            }
            let end = rest.find(&self.separator).unwrap_or(rest.len());
            text.push_str(&rest[..end]);
            fields.push(Field { text: (is_quoted || !text.is_empty()).then_some(text) });
            match rest.get(end + self.separator.len()..) {
                Some(after) if end < rest.len() => rest = after,
                _ => return fields,
            }
        }
    }
}

/// The field as JSON has values of the type; null for what is none.
fn value(text: &str, data_type: &DataType) -> Value {
    let trimmed = text.trim();
    match data_type {
        DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64 => {
            trimmed.parse::<i64>().map_or(Value::Null, Value::from)
        }
        DataType::Float32 | DataType::Float64 => match trimmed.parse::<f64>() {
            Ok(number) if number.is_finite() => Value::from(number),
            _ => Value::from(trimmed),
        },
        DataType::Boolean => match trimmed.to_lowercase().as_str() {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => Value::Null,
        },
        DataType::Utf8 => Value::from(text),
        _ => Value::from(trimmed),
    }
}

fn from_csv(call: &Call<'_>) -> Result<ArrayRef> {
    let DataType::Struct(columns) = call.returns else {
        return not_impl_err!("from_csv with a schema that is no literal in DDL form");
    };
    let values = (0..call.rows).map(|row| {
        call.text(0).is_valid(row).then(|| {
            let fields = Layout::of(call, 2, row).fields(call.text(0).value(row));
            let fields = columns.iter().zip(fields);
            let fields = fields
                .filter_map(|(column, field)| Some((column.name().clone(), value(&field.text?, column.data_type()))));
            Value::Object(fields.collect::<Map<_, _>>())
        })
    });
    let values: Vec<Option<Value>> = values.collect();
    json::read(call, 2, &values)
}

fn to_csv(call: &Call<'_>) -> Result<ArrayRef> {
    let DataType::Struct(_) = call.arrays[0].data_type() else {
        return not_impl_err!("to_csv of {}", call.arrays[0].data_type());
    };
    let columns = call.arrays[0].as_struct().columns().to_vec();
    let texts = (0..call.rows).map(|row| {
        if call.arrays[0].is_null(row) {
            return Ok(None);
        }
        let layout = Layout::of(call, 1, row);
        let mut line = String::new();
        for (index, column) in columns.iter().enumerate() {
            if index > 0 {
                line.push_str(&layout.separator);
            }
            let Some(text) = json::plain_text(call, 1, column, row)? else { continue };
            let needs_quotes = text.is_empty()
                || text.contains(&layout.separator)
                || text.contains([layout.quote, '\n', '\r'])
                || text.starts_with(char::is_whitespace)
                || text.ends_with(char::is_whitespace);
            if needs_quotes {
                let (quote, escape) = (layout.quote, layout.escape);
                let _ = write!(line, "{quote}{}{quote}", text.replace(quote, &format!("{escape}{quote}")));
            } else {
                line.push_str(&text);
            }
        }
        Ok(Some(line))
    });
    Ok(super::math::shared(texts.collect::<Result<arrow::array::StringArray>>()?))
}

/// The type that a field seems to have.
fn inferred(text: &str) -> &'static str {
    let text = text.trim();
    if text.parse::<i32>().is_ok() {
        "INT"
    } else if text.parse::<i64>().is_ok() {
        "BIGINT"
    } else if text.parse::<f64>().is_ok() {
        "DOUBLE"
    } else if text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false") {
        "BOOLEAN"
    } else if text_cast::plain(text, &DataType::Date32, false).is_some() && text.len() <= 10 {
        "DATE"
    } else if text_cast::plain(text, &crate::session::coercion::instant(), false).is_some() {
        "TIMESTAMP"
    } else {
        "STRING"
    }
}
