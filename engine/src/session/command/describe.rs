//! Statements that only tell: `SHOW …`, `DESCRIBE`, `EXPLAIN`.

use super::{at, result, schema_not_found};
use crate::error::SparkError;
use crate::error::condition::EXPECT_PERMANENT_VIEW_NOT_TEMP;
use crate::error::relation::{SearchPath, quoted};
use crate::python::interpreter::spark_minor;
use crate::session::catalog::{CATALOG, Found, SCHEMA, Table};
use crate::session::statement::Name;
use crate::session::{DataFrame, Session};
use crate::types::{DataType, StructField, StructType};

/// `SHOW CREATE TABLE`: columns and nothing else, as Spark shows the tables of such sources (SQL-SHOWCREATE).
pub(super) fn show_create_table(session: &Session, name: &Name) -> Result<DataFrame, SparkError> {
    let table = match session.expect_relation(name, SearchPath::Statement)? {
        Found::Table(table) => table,
        Found::View(_) => {
            let parameters = [("viewName", quoted(&name.parts)), ("operation", "SHOW CREATE TABLE".to_owned())];
            return Err(at(EXPECT_PERMANENT_VIEW_NOT_TEMP.error(parameters), name.at));
        }
    };
    let columns: Vec<String> = table.schema.fields.iter().map(|field| format!("  {}", column_ddl(field))).collect();
    let text = format!("CREATE TABLE {CATALOG}.{SCHEMA}.{} (\n{})\n", table.name, columns.join(",\n"));
    result::table(session, vec![result::texts("createtab_stmt", false, None, [Some(text)])])
}

/// A column's DDL. Since Spark 4.2 every text tells its collation there.
fn column_ddl(field: &StructField) -> String {
    let explicit = match &field.data_type {
        DataType::String { collation: None } if spark_minor() >= (4, 2) => {
            Some("STRING COLLATE UTF8_BINARY".to_owned())
        }
        DataType::Char(_) | DataType::Varchar(_) if spark_minor() >= (4, 2) => {
            Some(format!("{} COLLATE UTF8_BINARY", field.data_type.sql()))
        }
        DataType::String { collation: Some(name) } => Some(format!("STRING COLLATE {name}")),
        _ => None,
    };
    let ddl = StructType { fields: vec![field.clone()] }.to_ddl();
    match explicit {
        Some(shown) => ddl.replacen(&field.data_type.sql(), &shown, 1),
        None => ddl,
    }
}

/// `DESCRIBE`.
pub(super) fn describe(session: &Session, name: &Name, extended: bool) -> Result<DataFrame, SparkError> {
    let found = session.expect_relation(name, SearchPath::Query)?;
    let schema = match &found {
        Found::Table(table) => table.schema.with_char_varchar_as_string(),
        Found::View(view) => view.schema.clone(),
    };
    let mut rows: Vec<[Option<String>; 3]> = schema
        .fields
        .iter()
        .map(|field| {
            let comment = field.metadata.get("comment").and_then(|comment| comment.as_str()).map(str::to_owned);
            [Some(field.name.clone()), Some(field.data_type.simple_string()), comment]
        })
        .collect();
    if extended && let Found::Table(table) = &found {
        rows.extend(details(table).map(|(name, value)| [name, &value, ""].map(|text| Some(text.to_owned()))));
    }
    let columns = [
        ("col_name", false, "name of the column"),
        ("data_type", false, "data type of the column"),
        ("comment", true, "comment of the column"),
    ];
    let columns = columns.into_iter().enumerate().map(|(index, (name, nullable, comment))| {
        result::texts(name, nullable, Some(comment), rows.iter().map(|row| row[index].clone()))
    });
    result::table(session, columns.collect())
}

/// What `DESCRIBE EXTENDED` adds: where the table is, since Spark 4.2; the source's name before.
fn details(table: &Table) -> impl Iterator<Item = (&'static str, String)> {
    let place = if spark_minor() >= (4, 2) {
        vec![
            ("Catalog", CATALOG.to_owned()),
            ("Namespace", SCHEMA.to_owned()),
            ("Database", SCHEMA.to_owned()),
            ("Table", table.name.clone()),
        ]
    } else {
        vec![("Name", table.provider.clone())]
    };
    let head = [("", String::new()), ("# Detailed Table Information", String::new())];
    let tail = [("Type", "MANAGED".to_owned()), ("Table Properties", "[]".to_owned())];
    head.into_iter().chain(place).chain(tail)
}

/// `SHOW TABLES` and `SHOW VIEWS`: the tables, then the session's temporary views, each by name.
pub(super) fn show_tables(
    session: &Session,
    namespace: Option<&Name>,
    pattern: Option<&str>,
    views: bool,
) -> Result<DataFrame, SparkError> {
    if let Some(name) = namespace
        && !name.parts.last().is_some_and(|last| last.eq_ignore_ascii_case(SCHEMA))
    {
        return Err(schema_not_found(&name.parts));
    }
    let matching = |names: Vec<String>| names.into_iter().filter(|name| pattern.is_none_or(|p| matches(p, name)));
    let tables = if views { Vec::new() } else { session.inner.tables.names() };
    let mut rows: Vec<(&str, String, bool)> = matching(tables).map(|name| (SCHEMA, name, false)).collect();
    rows.extend(matching(session.inner.views.names()).map(|name| ("", name, true)));
    let name = if views { "viewName" } else { "tableName" };
    result::table(
        session,
        vec![
            result::texts("namespace", false, None, rows.iter().map(|row| Some(row.0.to_owned()))),
            result::texts(name, false, None, rows.iter().map(|row| Some(row.1.clone()))),
            result::flags("isTemporary", rows.iter().map(|row| row.2)),
        ],
    )
}

/// Whether a name matches a pattern of Spark's: `*` stands for any text, `|` separates alternatives.
pub(in crate::session) fn matches(pattern: &str, name: &str) -> bool {
    pattern.split('|').any(|pattern| {
        let pattern = pattern.trim().to_lowercase();
        let mut pieces = pattern.split('*');
        let Some(mut rest) = pieces.next().and_then(|first| name.strip_prefix(first)) else { return false };
        let mut pieces = pieces.peekable();
        if pieces.peek().is_none() {
            return rest.is_empty();
        }
        while let Some(piece) = pieces.next() {
            if pieces.peek().is_none() {
                return rest.ends_with(piece);
            }
            match rest.find(piece) {
                Some(place) => rest = &rest[place + piece.len()..],
                None => return false,
            }
        }
        true
    })
}

/// `SHOW COLUMNS`.
pub(super) fn show_columns(session: &Session, name: &Name) -> Result<DataFrame, SparkError> {
    let schema = match session.expect_relation(name, SearchPath::Statement)? {
        Found::Table(table) => table.schema.clone(),
        Found::View(view) => view.schema.clone(),
    };
    let names = schema.fields.into_iter().map(|field| Some(field.name));
    result::table(session, vec![result::texts("col_name", false, None, names)])
}

/// `SHOW DATABASES`.
pub(super) fn show_namespaces(session: &Session) -> Result<DataFrame, SparkError> {
    result::table(session, vec![result::texts("namespace", false, None, [Some(SCHEMA.to_owned())])])
}

/// `EXPLAIN`: the engine's own plan, of which no reader is part yet: Spark plans none either. A query that cannot be analysed is
/// told in the rows, not raised.
pub(super) async fn explain(session: &Session, query: &str) -> Result<DataFrame, SparkError> {
    let planned = async { session.query(query)?.optimized().await };
    let rows = match planned.await {
        Ok(plan) => vec![format!("== Optimized Logical Plan ==\n{plan}\n")],
        Err(error) if error.exception == crate::error::ExceptionClass::Parse => return Err(error),
        Err(error) => std::iter::once("Error occurred during query planning: ".to_owned())
            .chain(error.message.lines().map(str::to_owned))
            .collect(),
    };
    result::table(session, vec![result::texts("plan", true, None, rows.into_iter().map(Some))])
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("t*", "tides", true)]
    #[case("T*S", "tides", true)]
    #[case("*id*", "tides", true)]
    #[case("tide", "tides", false)]
    #[case("a|tides", "tides", true)]
    #[case("t*d*x", "tides", false)]
    #[case("*", "tides", true)]
    fn patterns(#[case] pattern: &str, #[case] name: &str, #[case] expected: bool) {
        assert_eq!(matches(pattern, name), expected);
    }
}
