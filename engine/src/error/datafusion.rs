//! DataFusion's errors as Spark reports them.

use datafusion::common::SchemaError;
use datafusion::error::DataFusionError;

use datafusion::sql::sqlparser::parser::ParserError;

use super::condition::{
    DUPLICATED_MAP_KEY, MISSING_WINDOW_SPECIFICATION, NESTED_AGGREGATE_FUNCTION, NULL_MAP_KEY,
    SCALAR_SUBQUERY_TOO_MANY_COLUMNS, SCALAR_SUBQUERY_TOO_MANY_ROWS, UNRESOLVED_COLUMN_WITH_SUGGESTION,
    UNRESOLVED_COLUMN_WITHOUT_SUGGESTION, UNRESOLVED_ROUTINE, UNSUPPORTED_DATATYPE,
};
use super::relation::{SearchPath, not_found, quoted, suggestions};
use super::{ExceptionClass, SparkError};
use crate::types::ddl::syntax_error;

/// What DataFusion's planner says before the name of a type that it does not know.
const UNKNOWN_TYPE: &str = "Unsupported SQL type ";

impl From<DataFusionError> for SparkError {
    fn from(error: DataFusionError) -> Self {
        if let Some(found) = find_spark_error(&error) {
            return found.clone();
        }
        match error.find_root() {
            DataFusionError::SchemaError(schema, _) => from_schema_error(schema, &error),
            DataFusionError::SQL(parser, _) => Self::plain(ExceptionClass::Parse, parser.to_string()),
            DataFusionError::Plan(message) => from_plan_message(message),
            DataFusionError::NotImplemented(message) if message.starts_with(UNKNOWN_TYPE) => {
                let name = message[UNKNOWN_TYPE.len()..].to_uppercase();
                UNSUPPORTED_DATATYPE.error([("typeName", format!("\"{name}\""))])
            }
            DataFusionError::NotImplemented(message) => {
                Self::plain(ExceptionClass::UnsupportedOperation, message.clone())
            }
            DataFusionError::Internal(message) => Self::internal(message),
            DataFusionError::Execution(message) if message.contains("Scalar subquery returned more than one row") => {
                SCALAR_SUBQUERY_TOO_MANY_ROWS.error([])
            }
            root => {
                let message = root.strip_backtrace();
                of_map_key(&message).unwrap_or_else(|| Self::plain(ExceptionClass::Spark, message))
            }
        }
    }
}

/// What is wrong with the keys of a map that a borrowed function makes.
fn of_map_key(message: &str) -> Option<SparkError> {
    if message.contains("Found unmasked nulls for non-nullable StructArray field \"key\"") {
        return Some(NULL_MAP_KEY.error([]));
    }
    let (_, rest) = message.split_once("[DUPLICATED_MAP_KEY] Duplicate map key '")?;
    let (key, _) = rest.split_once("' was found")?;
    let policy = "\"spark.sql.mapKeyDedupPolicy\"".to_owned();
    Some(DUPLICATED_MAP_KEY.error([("key", key.to_owned()), ("mapKeyDedupPolicy", policy)]))
}

/// The error of a SQL text that does not parse: the token that does not fit, and where it stands.
pub(crate) fn parse_error(error: DataFusionError, query: &str) -> SparkError {
    let DataFusionError::SQL(parser, _) = error.find_root() else { return error.into() };
    let (ParserError::ParserError(message) | ParserError::TokenizerError(message)) = parser.as_ref() else {
        return error.into();
    };
    let place = message.rsplit_once(" at Line: ").and_then(|(before, place)| {
        let (line, column) = place.split_once(", Column: ")?;
        let token = before.rsplit_once("found: ").map_or(before, |(_, token)| token);
        Some((token, line.parse::<usize>().ok()?, column.parse::<usize>().ok()?))
    });
    match place {
        Some((token, line, column)) => syntax_error(format!("'{token}'"), line, column.saturating_sub(1), query),
        // Only the end of the text has no place.
        None => {
            let line = query.split('\n').count();
            let column = query.rsplit('\n').next().unwrap_or_default().chars().count();
            syntax_error("end of input".to_owned(), line, column, query)
        }
    }
}

/// An error of ours that travelled through DataFusion, however deeply it was wrapped.
pub(crate) fn find_spark_error(error: &DataFusionError) -> Option<&SparkError> {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(current) = source {
        if let Some(found) = current.downcast_ref::<SparkError>() {
            return Some(found);
        }
        if let Some(DataFusionError::External(inner)) = current.downcast_ref::<DataFusionError>()
            && let Some(found) = inner.downcast_ref::<SparkError>()
        {
            return Some(found);
        }
        if let Some(DataFusionError::Shared(inner)) = current.downcast_ref::<DataFusionError>() {
            source = Some(inner.as_ref());
        } else {
            source = current.source();
        }
    }
    None
}

fn from_schema_error(schema: &SchemaError, whole: &DataFusionError) -> SparkError {
    let SchemaError::FieldNotFound { field, valid_fields } = schema else {
        return SparkError::plain(ExceptionClass::Analysis, whole.strip_backtrace());
    };
    let qualified = field.relation.as_ref().map(|relation| relation.table().to_owned());
    let name = match &qualified {
        Some(relation) => quoted(&[relation, &field.name]),
        None => quoted(&[&field.name]),
    };
    if valid_fields.is_empty() {
        return UNRESOLVED_COLUMN_WITHOUT_SUGGESTION.error([("objectName", name)]);
    }
    let mut candidates: Vec<Vec<String>> = valid_fields.iter().map(|column| vec![column.name.clone()]).collect();
    candidates.dedup();
    let proposal = suggestions(&[&field.name], candidates);
    UNRESOLVED_COLUMN_WITH_SUGGESTION.error([("objectName", name), ("proposal", proposal)])
}

/// DataFusion tells a missing table or function only by its message. What it suggests for a function changes from run to run.
fn from_plan_message(message: &str) -> SparkError {
    let named = |before: &str, after: &str| Some(message.strip_prefix(before)?.split_once(after)?.0);
    if let Some(name) = named("table '", "' not found") {
        let relation = name.rsplit('.').next().unwrap_or(name);
        return not_found(&[relation], SearchPath::Query);
    }
    if let Some(name) = named("Invalid function '", "'") {
        let path = "[`system`.`builtin`, `system`.`session`, `spark_catalog`.`default`]";
        return UNRESOLVED_ROUTINE.error([("routineName", quoted(&[name])), ("searchPath", path.to_owned())]);
    }
    if message.starts_with("Aggregate function calls cannot be nested") {
        return NESTED_AGGREGATE_FUNCTION.error([]);
    }
    if let Some(name) = named("The window ", " is not defined!") {
        let docroot = "https://spark.apache.org/docs/latest".to_owned();
        return MISSING_WINDOW_SPECIFICATION.error([("windowName", name.to_owned()), ("docroot", docroot)]);
    }
    if let Some(columns) = message.strip_prefix("Too many columns! The subquery should only return one column: ") {
        let number = columns.split(", ").count().to_string();
        return SCALAR_SUBQUERY_TOO_MANY_COLUMNS.error([("number", number)]);
    }
    SparkError::plain(ExceptionClass::Analysis, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_ours_survives_datafusion() {
        let ours = UNRESOLVED_COLUMN_WITHOUT_SUGGESTION.error([("objectName", "`a`".to_owned())]);
        let wrapped = DataFusionError::Context("while planning".to_owned(), Box::new(ours.clone().into()));
        assert_eq!(SparkError::from(wrapped), ours);
    }

    #[test]
    fn a_missing_function_is_spark_s_condition_without_suggestions() {
        let error = from_plan_message("Invalid function 'shout'.\nDid you mean 'count'?");
        assert_eq!(error.condition.as_deref(), Some("UNRESOLVED_ROUTINE"));
        let start = "[UNRESOLVED_ROUTINE] Cannot resolve routine `shout` on search path [`system`.`builtin`, ";
        assert!(error.message.starts_with(start), "{}", error.message);
    }

    #[test]
    fn a_missing_table_is_spark_s_condition() {
        let error = SparkError::from(DataFusionError::Plan("table 'datafusion.public.nope' not found".to_owned()));
        assert_eq!(error.condition.as_deref(), Some("TABLE_OR_VIEW_NOT_FOUND"));
        assert_eq!(error.parameters.get("relationName").map(String::as_str), Some("`nope`"));
    }
}
