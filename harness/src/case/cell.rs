//! Cells of a declarative source: the column's type decides which Python literal a YAML value becomes.

use std::collections::BTreeSet;

use seatrial_engine::types::DataType;

use super::diagnostic::Problems;
use super::literal::{
    exact_float, is_decimal, python_bool, python_bytes, python_float, python_string, python_tuple, yaml_single_quoted,
};
use super::yaml::{Content, Node};

/// What `{py: …}` expressions may use without importing it: the name, and the statement that brings it.
const IMPORTS: &[(&str, &str)] = &[
    ("datetime", "import datetime"),
    ("decimal", "import decimal"),
    ("np", "import numpy as np"),
    ("pa", "import pyarrow as pa"),
    ("pd", "import pandas as pd"),
    ("Row", "from pyspark.sql import Row"),
];

/// Writes cells as Python literals, and remembers which names they need.
pub(crate) struct CellWriter<'p, 't> {
    problems: &'p mut Problems<'t>,
    names: BTreeSet<&'static str>,
}

impl<'p, 't> CellWriter<'p, 't> {
    pub(crate) fn new(problems: &'p mut Problems<'t>) -> Self {
        Self { problems, names: BTreeSet::new() }
    }

    pub(crate) fn problems(&mut self) -> &mut Problems<'t> {
        self.problems
    }

    /// Has the module import what brings `name`.
    pub(crate) fn need(&mut self, name: &'static str) {
        self.names.insert(name);
    }

    /// The import statements that the literals need.
    pub(crate) fn imports(&self) -> BTreeSet<&'static str> {
        IMPORTS.iter().filter(|(name, _)| self.names.contains(name)).map(|(_, statement)| *statement).collect()
    }

    /// The expression of `{py: …}`, if the node is one.
    pub(crate) fn escape(&mut self, node: &Node) -> Option<String> {
        let Content::Mapping(entries) = &node.content else {
            return None;
        };
        let [(key, value)] = entries.as_slice() else {
            return None;
        };
        if key.content != Content::String("py".to_owned()) {
            return None;
        }
        let Content::String(expression) = &value.content else {
            let message = format!("`py` holds the text of a Python expression, found {}", value.describe());
            self.problems.push(value.span, message, Some("quote it".to_owned()));
            return Some("None".to_owned());
        };
        for (name, _) in IMPORTS {
            if mentions(expression, name) {
                self.names.insert(name);
            }
        }
        let expression = expression.trim();
        Some(if expression.contains('\n') { format!("({expression})") } else { expression.to_owned() })
    }

    /// The literal of a cell whose column has the type; without a type it is what YAML says.
    pub(crate) fn cell(&mut self, node: &Node, data_type: Option<&DataType>) -> String {
        if let Some(expression) = self.escape(node) {
            return expression;
        }
        if node.content == Content::Null {
            return "None".to_owned();
        }
        let Some(data_type) = data_type else {
            return self.untyped(node);
        };
        match self.typed(node, data_type) {
            Some(literal) => literal,
            None => {
                self.refuse(node, data_type);
                "None".to_owned()
            }
        }
    }

    fn typed(&mut self, node: &Node, data_type: &DataType) -> Option<String> {
        match (data_type, &node.content) {
            (DataType::Boolean, Content::Boolean(value)) => Some(python_bool(*value)),
            (DataType::Byte, Content::Integer(value)) => i8::try_from(*value).ok().map(|v| v.to_string()),
            (DataType::Short, Content::Integer(value)) => i16::try_from(*value).ok().map(|v| v.to_string()),
            (DataType::Integer, Content::Integer(value)) => i32::try_from(*value).ok().map(|v| v.to_string()),
            (DataType::Long, Content::Integer(value)) => i64::try_from(*value).ok().map(|v| v.to_string()),
            (DataType::Float | DataType::Double, Content::Float(value)) => Some(python_float(*value)),
            (DataType::Float | DataType::Double, Content::Integer(value)) => exact_float(*value).map(python_float),
            (DataType::Decimal { .. }, Content::String(text)) => {
                self.need("decimal");
                is_decimal(text).then(|| format!("decimal.Decimal(\"{text}\")"))
            }
            (DataType::String { .. } | DataType::Char(_) | DataType::Varchar(_), Content::String(text)) => {
                Some(python_string(text))
            }
            (DataType::Binary, Content::String(text)) => python_bytes(text),
            (DataType::Date, Content::String(text)) => {
                self.need("datetime");
                super::temporal::date(text)
            }
            (DataType::Timestamp, Content::String(text)) => {
                self.need("datetime");
                super::temporal::timestamp(text, true)
            }
            (DataType::TimestampNtz, Content::String(text)) => {
                self.need("datetime");
                super::temporal::timestamp(text, false)
            }
            (DataType::Time(_), Content::String(text)) => {
                self.need("datetime");
                super::temporal::time(text)
            }
            (DataType::DayTimeInterval { .. }, Content::String(text)) => {
                self.need("datetime");
                super::temporal::interval(text)
            }
            (DataType::Array { element, .. }, Content::Sequence(nodes)) => {
                let items: Vec<String> = nodes.iter().map(|node| self.cell(node, Some(element))).collect();
                Some(format!("[{}]", items.join(", ")))
            }
            (DataType::Map { key, value, .. }, Content::Mapping(entries)) => {
                let entries: Vec<String> = entries.iter().map(|(k, v)| self.entry(k, v, key, value)).collect();
                Some(format!("{{{}}}", entries.join(", ")))
            }
            (DataType::Map { key, value, .. }, Content::Sequence(nodes)) => {
                let mut entries = Vec::new();
                for node in nodes {
                    let Content::Sequence(pair) = &node.content else {
                        return None;
                    };
                    let [k, v] = pair.as_slice() else { return None };
                    entries.push(self.entry(k, v, key, value));
                }
                Some(format!("{{{}}}", entries.join(", ")))
            }
            (DataType::Struct(fields), Content::Sequence(nodes)) => {
                let types = fields.fields.iter().map(|field| Some(&field.data_type)).chain(std::iter::repeat(None));
                let items: Vec<String> = nodes.iter().zip(types).map(|(node, ty)| self.cell(node, ty)).collect();
                Some(python_tuple(&items))
            }
            (DataType::Struct(fields), Content::Mapping(entries)) => {
                let mut items = Vec::new();
                for (key, value) in entries {
                    let Content::String(name) = &key.content else {
                        return None;
                    };
                    let field = fields.fields.iter().find(|field| &field.name == name);
                    let value = self.cell(value, field.map(|field| &field.data_type));
                    items.push(format!("{}: {value}", python_string(name)));
                }
                Some(format!("{{{}}}", items.join(", ")))
            }
            (DataType::Udt { sql_type, .. }, _) => self.typed(node, sql_type),
            _ => None,
        }
    }

    /// An entry of a dict; a list as key becomes a tuple, which can be hashed.
    fn entry(&mut self, key: &Node, value: &Node, key_type: &DataType, value_type: &DataType) -> String {
        let key = match (key_type, &key.content) {
            (DataType::Array { element, .. }, Content::Sequence(nodes)) => {
                let items: Vec<String> = nodes.iter().map(|node| self.cell(node, Some(element))).collect();
                python_tuple(&items)
            }
            _ => self.cell(key, Some(key_type)),
        };
        format!("{key}: {}", self.cell(value, Some(value_type)))
    }

    fn untyped(&mut self, node: &Node) -> String {
        match &node.content {
            Content::Null => "None".to_owned(),
            Content::Boolean(value) => python_bool(*value),
            Content::Integer(value) => value.to_string(),
            Content::Float(value) => python_float(*value),
            Content::String(value) => python_string(value),
            Content::Sequence(nodes) => {
                let items: Vec<String> = nodes.iter().map(|node| self.cell(node, None)).collect();
                format!("[{}]", items.join(", "))
            }
            Content::Mapping(entries) => {
                let items: Vec<String> = entries
                    .iter()
                    .map(|(key, value)| format!("{}: {}", self.cell(key, None), self.cell(value, None)))
                    .collect();
                format!("{{{}}}", items.join(", "))
            }
        }
    }

    fn refuse(&mut self, node: &Node, data_type: &DataType) {
        let expected = expectation(data_type);
        let escape = format!("{{py: {}}}", yaml_single_quoted(&self.untyped(node)));
        let quote = match (data_type, &node.content) {
            (DataType::String { .. } | DataType::Char(_) | DataType::Varchar(_), Content::Boolean(value)) => {
                Some(value.to_string())
            }
            (
                DataType::String { .. } | DataType::Char(_) | DataType::Varchar(_) | DataType::Decimal { .. },
                Content::Integer(value),
            ) => Some(value.to_string()),
            (DataType::String { .. } | DataType::Decimal { .. }, Content::Float(value)) => Some(format!("{value:?}")),
            _ => None,
        };
        let help = match quote {
            Some(text) => format!("quote it: \"{text}\"; or write `{escape}` if the value is meant to be wrong"),
            None => format!("write `{escape}` if the value is meant to be wrong"),
        };
        self.problems.push(node.span, format!("expected {expected}, found {}", node.describe()), Some(help));
    }
}

fn expectation(data_type: &DataType) -> String {
    let form = match data_type {
        DataType::Boolean => "`true` or `false`",
        DataType::Byte | DataType::Short | DataType::Integer | DataType::Long => "a number in the type's range",
        DataType::Float | DataType::Double => "a number, `.nan` or `.inf`",
        DataType::Decimal { .. } => "a string such as \"1.50\"",
        DataType::String { .. } | DataType::Char(_) | DataType::Varchar(_) => "a string",
        DataType::Binary => "a string of hexadecimal digits such as \"00ff\"",
        DataType::Date => "a day such as \"2024-02-29\"",
        DataType::Timestamp => "a time such as \"2024-02-29 12:00:00.5\" or \"2024-02-29T12:00:00+02:00\"",
        DataType::TimestampNtz => "a time without zone such as \"2024-02-29 12:00:00.5\"",
        DataType::Time(_) => "a time of day such as \"12:34:56.5\"",
        DataType::DayTimeInterval { .. } => "an interval such as \"1 02:03:04.5\"",
        DataType::Array { .. } => "a list",
        DataType::Map { .. } => "a mapping, or a list of [key, value]",
        DataType::Struct(_) => "a list of the fields' values, or a mapping",
        _ => "null",
    };
    format!("{form} for a column of type {}", data_type.simple_string())
}

/// Whether a Python expression uses the name: as a word, not after a dot.
fn mentions(expression: &str, name: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    expression.match_indices(name).any(|(start, _)| {
        let before = expression[..start].chars().next_back();
        let after = expression[start + name.len()..].chars().next();
        !before.is_some_and(|c| is_word(c) || c == '.') && !after.is_some_and(is_word)
    })
}
