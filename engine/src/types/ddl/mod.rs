//! Spark's DDL schemas: `a INT NOT NULL COMMENT 'x', b STRUCT<c: STRING>`.
//!
//! The parser answers as Spark 4.2 does, errors with their positions included. Spark's own parser decides by looking ahead
//! with its whole SQL grammar, so the token at which a wrong text is refused is not always the obvious one; [`syntax`]
//! follows what Spark was seen to do.

mod build;
pub(crate) mod literal;
mod syntax;
pub(crate) mod token;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::error::{ExceptionClass, SparkError};

use self::syntax::Failure;
use super::{DataType, StructType, condition};

impl DataType {
    /// Parses a type, `array<int>`, or a table schema, `a INT, b STRING`; when neither fits, the error is that of the type.
    ///
    /// This is Spark's `DataType.fromDDL`, which reads the text that a Python data source's `schema()` returns.
    ///
    /// # Errors
    ///
    /// `PARSE_SYNTAX_ERROR`, `PARSE_EMPTY_STATEMENT`, `UNSUPPORTED_DATATYPE` and the like (SCH-DDL*).
    pub fn from_ddl(text: &str) -> Result<Self, SparkError> {
        let error = match parse_type(text) {
            Ok(data_type) => return Ok(data_type),
            Err(error) => error,
        };
        match StructType::from_table_schema(text) {
            Ok(schema) => Ok(Self::Struct(schema)),
            Err(_) if error.condition.is_none() => Err(condition::schema_parse_error(text, &error.message)),
            Err(_) => Err(error),
        }
    }
}

impl StructType {
    /// Parses what a data source's `schema()` returned: a table schema or `struct<…>`.
    ///
    /// # Errors
    ///
    /// Those of [`DataType::from_ddl`], and `INVALID_SCHEMA.NON_STRUCT_TYPE` for any other type (SCH-DDL-NONSTRUCT).
    pub fn from_ddl(text: &str) -> Result<Self, SparkError> {
        match DataType::from_ddl(text)? {
            DataType::Struct(schema) => Ok(schema),
            other => Err(condition::non_struct_schema(text, &other.sql())),
        }
    }

    /// Parses a table schema alone, as `spark.read.schema(text)` does: `struct<…>` is refused.
    ///
    /// # Errors
    ///
    /// As for [`DataType::from_ddl`].
    pub fn from_table_schema(text: &str) -> Result<Self, SparkError> {
        let tokens = token::tokenize(text);
        let parsed = syntax::table_schema(&tokens);
        build::schema(&settle(text, &tokens, parsed)?).map_err(|failure| failure.into_error(text))
    }
}

fn parse_type(text: &str) -> Result<DataType, SparkError> {
    let tokens = token::tokenize(text);
    let parsed = syntax::data_type(&tokens);
    build::data_type(&settle(text, &tokens, parsed)?).map_err(|failure| failure.into_error(text))
}

/// An unclosed comment is reported before anything else.
fn settle<T>(text: &str, tokens: &token::Tokens<'_>, parsed: Result<T, Failure>) -> Result<T, SparkError> {
    if tokens.unclosed_comment {
        let mut error = condition::error(
            ExceptionClass::Parse,
            "UNCLOSED_BRACKETED_COMMENT",
            Some("42601"),
            &[],
            "Found an unclosed bracketed comment. Please, append */ at the end of the comment.",
        );
        error.message = format!("\n{}\n== SQL ==\n{text}", error.message);
        return Err(error);
    }
    parsed.map_err(|failure| failure.into_error(text))
}

/// `PARSE_SYNTAX_ERROR` of a SQL text, at a token as it is shown; `line` counts from 1, `column` from 0.
pub(crate) fn syntax_error(shown: String, line: usize, column: usize, text: &str) -> SparkError {
    Failure::Syntax { shown, hint: String::new(), at: (line, column) }.into_error(text)
}

impl Failure {
    /// The error as Spark's `ParseException` shows it: text, position, and the SQL with a marker under the position.
    fn into_error(self, text: &str) -> SparkError {
        match self {
            Self::Syntax { at: place, .. } if text.trim_matches(|c: char| c <= ' ').is_empty() => at(
                condition::error(
                    ExceptionClass::Parse,
                    "PARSE_EMPTY_STATEMENT",
                    Some("42617"),
                    &[],
                    "Syntax error, unexpected empty statement.",
                ),
                place,
                text,
            ),
            Self::Syntax { shown, hint, at: place } => at(
                condition::error(
                    ExceptionClass::Parse,
                    "PARSE_SYNTAX_ERROR",
                    Some("42601"),
                    &[("error", shown.clone()), ("hint", hint.clone())],
                    &format!("Syntax error at or near {shown}{hint}."),
                ),
                place,
                text,
            ),
            Self::Condition { error, at: Some(place) } => at(*error, place, text),
            Self::Condition { error, at: None } => *error,
            Self::Command(mut error) => {
                error.exception = ExceptionClass::Parse;
                error.message = format!("\n{}\n== SQL ==\n{text}", error.message);
                *error
            }
            Self::Number(digits) => SparkError {
                exception: ExceptionClass::Spark,
                condition: None,
                sql_state: None,
                parameters: BTreeMap::new(),
                message: format!("For input string: \"{digits}\""),
            },
        }
    }
}

/// Adds the position and the marked text to a parse error's message.
fn at(mut error: SparkError, (line, column): (usize, usize), text: &str) -> SparkError {
    let mut lines: Vec<&str> = text.split('\n').collect();
    while lines.len() > 1 && lines.last().is_some_and(|line| line.is_empty()) {
        lines.pop();
    }
    if text.chars().all(|c| c == '\n') && !text.is_empty() {
        lines.clear();
    }
    let mut message = format!("\n{} (line {line}, pos {column})\n\n== SQL ==\n", error.message);
    for above in lines.iter().take(line) {
        message.push_str(above);
        message.push('\n');
    }
    message.push_str(&"-".repeat(column));
    message.push_str("^^^\n");
    for below in lines.iter().skip(line) {
        message.push_str(below);
        message.push('\n');
    }
    error.message = message;
    error
}
