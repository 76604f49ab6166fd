//! `CREATE TABLE` and `CREATE TEMPORARY VIEW`.

use std::collections::HashSet;

use super::schema_not_found;
use crate::error::SparkError;
use crate::error::condition::{
    COLUMN_ALREADY_EXISTS, INVALID_TEMP_OBJ_QUALIFIER, NO_PARTITION_COLUMN, PARTITIONING_WITHOUT_SCHEMA,
    TABLE_OR_VIEW_ALREADY_EXISTS, TEMP_TABLE_OR_VIEW_ALREADY_EXISTS, TEMP_TABLE_OR_VIEW_ALREADY_EXISTS_4_0,
    TEMP_VIEW_NAME_TOO_MANY_NAME_PARTS,
};
use crate::error::relation::{SearchPath, not_found, quoted};
use crate::python::interpreter::{os_user, spark_minor};
use crate::session::Session;
use crate::session::catalog::{self, Table};
use crate::session::diagnosis::Around;
use crate::session::statement::{CreateTable, CreateView, Name, ViewBody, context, unsupported};
use crate::types::StructType;

/// Creates a table. Without columns the source is asked for them, once and for all (SQL-CREATE).
pub(super) fn table(session: &Session, statement: CreateTable) -> Result<(), SparkError> {
    if statement.query {
        return unsupported("CREATE TABLE … AS SELECT");
    }
    let parts = &statement.name.parts;
    let here = catalog::table_name(parts);
    let existing = here.and_then(|name| session.inner.tables.get(name));
    match (&existing, here) {
        (Some(_), _) if statement.if_not_exists => return Ok(()),
        (Some(_), Some(name)) if !statement.replace => return Err(already_exists(name)),
        (None, _) if statement.must_exist => {
            return Err(not_found(&catalog::full_name(parts), SearchPath::Statement));
        }
        _ => {}
    }
    let provider = statement.provider.clone().unwrap_or_else(|| "parquet".to_owned());
    let schema = match &statement.columns {
        Some(columns) => declared(columns, &statement)?,
        None if !statement.partitioned_by.is_empty() => return Err(PARTITIONING_WITHOUT_SCHEMA.error([])),
        None => {
            let reader = options(&statement, &provider)?
                .into_iter()
                .fold(session.read().format(&provider), |reader, (key, value)| reader.option(&key, value));
            reader.load(&[])?.declared_schema()?
        }
    };
    let Some(name) = here else {
        let namespace = parts.split_last().map_or(&[][..], |(_, namespace)| namespace);
        return Err(schema_not_found(namespace));
    };
    let table = Table { name: name.to_lowercase(), schema, provider };
    session.source_of(&table)?;
    session.inner.tables.put(name, table);
    Ok(())
}

/// A table of that name is there already.
pub(super) fn already_exists(name: &str) -> SparkError {
    TABLE_OR_VIEW_ALREADY_EXISTS.error([("relationName", quoted(&[catalog::SCHEMA, name]))])
}

/// The columns of the statement, those of its partitions last.
fn declared(columns: &StructType, statement: &CreateTable) -> Result<StructType, SparkError> {
    let mut schema = columns.clone();
    schema.fields.extend(statement.partition_columns.fields.iter().cloned());
    let mut seen = HashSet::new();
    for field in &schema.fields {
        if !seen.insert(field.name.to_lowercase()) {
            return Err(COLUMN_ALREADY_EXISTS.error([("columnName", quoted(&[field.name.to_lowercase()]))]));
        }
    }
    if let Some(missing) = statement.partitioned_by.iter().find(|name| !seen.contains(&name.to_lowercase())) {
        let parameters = [("i", missing.clone()), ("schema", schema.tree_string())];
        return Err(NO_PARTITION_COLUMN.error(parameters));
    }
    Ok(schema)
}

/// The options that a source sees while it describes itself: those of the statement, twice, among what the catalogue knows of
/// the table (SQL-CREATE-OPTS).
fn options(statement: &CreateTable, provider: &str) -> Result<Vec<(String, String)>, SparkError> {
    let mut options = vec![("owner".to_owned(), os_user()?), ("provider".to_owned(), provider.to_owned())];
    let is_path = |key: &str| key.eq_ignore_ascii_case("path");
    let path = statement.options.iter().find(|(key, _)| is_path(key)).map(|(_, value)| value);
    if let Some(location) = statement.location.as_ref().or(path) {
        let location = if location.starts_with('/') { format!("file:{location}") } else { location.clone() };
        options.extend(["location", "path"].map(|key| (key.to_owned(), location.clone())));
    }
    options.extend(statement.comment.iter().map(|comment| ("comment".to_owned(), comment.clone())));
    options.extend(statement.properties.iter().cloned());
    for (key, value) in statement.options.iter().filter(|(key, _)| !is_path(key)) {
        options.push((format!("option.{key}"), value.clone()));
        options.push((key.clone(), value.clone()));
    }
    Ok(options)
}

/// Creates a temporary view. One of a source keeps its options (SQL-TEMPVIEW).
pub(super) async fn view(session: &Session, statement: CreateView) -> Result<(), SparkError> {
    let CreateView { name, replace, global, temporary, if_not_exists, body, text } = statement;
    if !temporary {
        return unsupported("views that are not temporary");
    }
    let name = single(&name, &text)?;
    let view = match body {
        ViewBody::Source { provider, columns, options } => {
            let mut reader = session.read().format(provider);
            for (key, value) in options {
                reader = reader.option(&key, value);
            }
            if let Some(columns) = columns {
                reader = reader.schema_type(columns)?;
            }
            reader.load(&[])?.to_view(&name)?
        }
        ViewBody::Query { query, columns, at } => {
            // The operator shows more of a view that names its columns.
            let planned = match columns.is_empty() {
                true => {
                    let operator = format!(
                        "CreateViewCommand `{name}`, {query}, {if_not_exists}, {replace}, {}, UNSUPPORTED, false",
                        if global { "GlobalTempView" } else { "LocalTempView" }
                    );
                    session.diagnosed(&query, &Around { operator: Some(operator), at })?
                }
                false => session.query(&query)?,
            };
            planned.renamed(&columns)?.to_view(&name)?
        }
    };
    let views = if global { &*session.inner.globals } else { &session.inner.views };
    if views.get(&name).is_some() && !replace {
        if if_not_exists {
            return Ok(());
        }
        return Err(view_exists(&name));
    }
    if global {
        session.put_global_view(&name, view);
    } else {
        session.put_view(&name, view);
    }
    Ok(())
}

/// A temporary view of that name is there already.
pub(super) fn view_exists(name: &str) -> SparkError {
    let condition =
        if spark_minor() < (4, 1) { TEMP_TABLE_OR_VIEW_ALREADY_EXISTS_4_0 } else { TEMP_TABLE_OR_VIEW_ALREADY_EXISTS };
    condition.error([("relationName", quoted(&[name]))])
}

fn single(name: &Name, text: &str) -> Result<String, SparkError> {
    if let [name] = name.parts.as_slice() {
        return Ok(name.clone());
    }
    let mut error = match name.parts.split_last() {
        Some((view, qualifier)) if spark_minor() >= (4, 2) => INVALID_TEMP_OBJ_QUALIFIER.error([
            ("objectType", "VIEW".to_owned()),
            ("objectName", quoted(&[view])),
            ("qualifier", quoted(qualifier)),
        ]),
        _ => TEMP_VIEW_NAME_TOO_MANY_NAME_PARTS.error([("actualName", quoted(&name.parts))]),
    };
    error.message = format!("\n{}\n{}", error.message, context(text));
    Err(error)
}
