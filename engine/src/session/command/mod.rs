//! Carries statements out. Each is done when `sql` returns, as in Spark, and its result is a relation of its own.

mod cache;
mod create;
mod describe;
mod result;

pub(super) use describe::matches;

use super::catalog::{self, Found, Table, View};
use super::statement::{Name, Statement, Write, unsupported};
use super::{DataFrame, Session};
use crate::error::SparkError;
use crate::error::condition::{
    EXPECT_TABLE_NOT_VIEW, FIELD_ALREADY_EXISTS, SCHEMA_NOT_FOUND, TABLE_DOES_NOT_SUPPORT,
    UNRESOLVED_COLUMN_WITH_SUGGESTION, UNSUPPORTED_TABLE_OPERATION, UNSUPPORTED_TABLE_OPERATION_4_0,
    WRONG_COMMAND_FOR_OBJECT_TYPE,
};
use crate::error::relation::{SearchPath, not_found, quoted};
use crate::python::interpreter::spark_minor;
use crate::types::{DataType, StructType};

/// Carries out a statement.
pub(super) async fn run(session: &Session, statement: Statement) -> Result<DataFrame, SparkError> {
    match statement {
        Statement::CreateTable(table) => create::table(session, table)?,
        Statement::CreateView(view) => create::view(session, view).await?,
        Statement::Drop { view, if_exists, name } => drop(session, view, if_exists, &name)?,
        Statement::AddColumns { name, columns } => add_columns(session, &name, columns)?,
        Statement::DropColumns { name, columns } => drop_columns(session, &name, &columns)?,
        Statement::Rename { name, to } => rename(session, &name, &to)?,
        Statement::Write { operation, name } => return Err(write(session, operation, &name)),
        Statement::Use(name) if name.parts.len() == 1 && name.parts[0].eq_ignore_ascii_case(catalog::SCHEMA) => {}
        Statement::Use(name) => return Err(schema_not_found(&name.parts)),
        Statement::Refresh(name) => cache::refresh(session, &name)?,
        Statement::Cache(statement) => cache::cache(session, statement).await?,
        Statement::Uncache { if_exists, name } => cache::uncache(session, if_exists, &name)?,
        Statement::ClearCache => session.inner.cache.clear(),
        Statement::ShowCreateTable(name) => return describe::show_create_table(session, &name),
        Statement::Describe { extended, name } => return describe::describe(session, &name, extended),
        Statement::ShowTables { namespace, pattern, views } => {
            return describe::show_tables(session, namespace.as_ref(), pattern.as_deref(), views);
        }
        Statement::ShowColumns(name) => return describe::show_columns(session, &name),
        Statement::ShowNamespaces => return describe::show_namespaces(session),
        Statement::Explain { query } => return describe::explain(session, &query).await,
        Statement::Set { key, value } => return set(session, &key, value),
    }
    result::nothing(session)
}

impl Session {
    /// Keeps a temporary view. What is cached of one that it replaces is forgotten.
    pub(super) fn put_view(&self, name: &str, view: View) {
        if let Some(before) = self.inner.views.get(name) {
            self.inner.cache.remove(&before.provider);
        }
        self.inner.views.put(name, view);
    }

    /// As [`put_view`](Self::put_view), for a view that all sessions share.
    pub(super) fn put_global_view(&self, name: &str, view: View) {
        if let Some(before) = self.inner.globals.get(name) {
            self.inner.cache.remove(&before.provider);
        }
        self.inner.globals.put(name, view);
    }

    /// What the name of a statement stands for. A table's source must be registered, whatever is asked of the table.
    fn expect_relation(&self, name: &Name, path: SearchPath) -> Result<Found, SparkError> {
        match self.find(&name.parts) {
            Some(Found::Table(table)) => self.source_of(&table).map(|_| Found::Table(table)),
            Some(view) => Ok(view),
            None => Err(not_found(&name.parts, path)),
        }
    }

    /// The table of that name; a view is refused as no object of the operation.
    fn expect_table(&self, name: &Name, operation: &str) -> Result<std::sync::Arc<Table>, SparkError> {
        match self.expect_relation(name, SearchPath::Statement)? {
            Found::Table(table) => Ok(table),
            Found::View(_) => Err(at(
                EXPECT_TABLE_NOT_VIEW.error([("viewName", quoted(&name.parts)), ("operation", operation.to_owned())]),
                name.at,
            )),
        }
    }
}

/// `SET`: what a setting is, after it was set if a value is given.
fn set(session: &Session, key: &str, value: Option<String>) -> Result<DataFrame, SparkError> {
    if let Some(value) = value {
        session.set_conf(key, &value)?;
    }
    let conf = session.conf();
    let shown = conf.shown(key).unwrap_or("<undefined>").to_owned();
    let columns = [("key", key.to_owned()), ("value", shown)];
    result::table(session, columns.map(|(name, text)| result::texts(name, false, None, [Some(text)])).into())
}

/// Adds where in the statement the error's object stands.
fn at(mut error: SparkError, (line, column): (usize, usize)) -> SparkError {
    error.message.push_str(&format!("; line {line} pos {column}"));
    error
}

fn schema_not_found(namespace: &[String]) -> SparkError {
    let mut name = namespace.to_vec();
    if name.len() == 1 {
        name.insert(0, catalog::CATALOG.to_owned());
    }
    SCHEMA_NOT_FOUND.error([("schemaName", quoted(&name))])
}

/// `DROP VIEW`.
pub(super) fn drop_view(session: &Session, name: &Name) -> Result<(), SparkError> {
    drop(session, true, false, name)
}

fn drop(session: &Session, view: bool, if_exists: bool, name: &Name) -> Result<(), SparkError> {
    let view_of_name = match name.parts.as_slice() {
        [name] => session.inner.views.remove(name),
        parts => catalog::global_name(parts).and_then(|name| session.inner.globals.remove(name)),
    };
    if let Some(view) = view_of_name {
        session.inner.cache.remove(&view.provider);
        return Ok(());
    }
    let found = catalog::table_name(&name.parts).and_then(|table| session.inner.tables.get(table));
    match found {
        Some(table) if view => Err(WRONG_COMMAND_FOR_OBJECT_TYPE.error([
            ("alternative", "DROP TABLE".to_owned()),
            ("operation", "DROP VIEW".to_owned()),
            ("foundType", "MANAGED".to_owned()),
            ("requiredType", if spark_minor() >= (4, 2) { "VIEW or METRIC_VIEW" } else { "VIEW" }.to_owned()),
            ("objectName", format!("{}.{}.{}", catalog::CATALOG, catalog::SCHEMA, table.name)),
        ])),
        Some(table) => {
            session.source_of(&table)?;
            session.inner.tables.remove(&table.name);
            session.inner.cache.remove_table(&table);
            Ok(())
        }
        None if if_exists => Ok(()),
        None => Err(not_found(&catalog::full_name(&name.parts), SearchPath::Statement)),
    }
}

fn add_columns(session: &Session, name: &Name, columns: StructType) -> Result<(), SparkError> {
    let table = session.expect_table(name, "ALTER TABLE ... ADD COLUMNS")?;
    let mut schema = table.schema.clone();
    for column in columns.fields {
        if schema.fields.iter().any(|field| field.name.eq_ignore_ascii_case(&column.name)) {
            let shown = DataType::Struct(schema.with_char_varchar_as_string()).sql();
            return Err(at(
                FIELD_ALREADY_EXISTS.error([
                    ("op", "add".to_owned()),
                    ("fieldNames", quoted(&[column.name])),
                    ("struct", format!("\"{shown}\"")),
                ]),
                (1, 0),
            ));
        }
        schema.fields.push(column);
    }
    session.inner.tables.put(&table.name, Table { schema, ..Table::clone(&table) });
    Ok(())
}

fn drop_columns(session: &Session, name: &Name, columns: &[String]) -> Result<(), SparkError> {
    let table = session.expect_table(name, "ALTER TABLE ... DROP COLUMNS")?;
    let mut schema = table.schema.clone();
    for column in columns {
        let Some(index) = schema.fields.iter().position(|field| field.name.eq_ignore_ascii_case(column)) else {
            let known: Vec<String> = schema.fields.iter().map(|field| quoted(&[&field.name])).collect();
            let parameters = [("objectName", quoted(&[column])), ("proposal", known.join(", "))];
            return Err(at(UNRESOLVED_COLUMN_WITH_SUGGESTION.error(parameters), (1, 0)));
        };
        schema.fields.remove(index);
    }
    session.inner.tables.put(&table.name, Table { schema, ..Table::clone(&table) });
    Ok(())
}

fn rename(session: &Session, name: &Name, to: &Name) -> Result<(), SparkError> {
    let table = session.expect_table(name, "ALTER TABLE ... RENAME TO")?;
    let Some(target) = catalog::table_name(&to.parts) else {
        return unsupported("a table outside the schema `default`");
    };
    if session.inner.tables.get(target).is_some() {
        return Err(create::already_exists(target));
    }
    session.inner.tables.remove(&table.name);
    session.inner.tables.put(target, Table { name: target.to_lowercase(), ..Table::clone(&table) });
    Ok(())
}

/// Why a table of a data source cannot be changed: what Spark says where no source can, and otherwise what is missing here.
fn write(session: &Session, operation: Write, name: &Name) -> SparkError {
    let path = if operation == Write::Truncate { SearchPath::Statement } else { SearchPath::Query };
    let table = match session.expect_relation(name, path) {
        Ok(Found::Table(table)) => table,
        Ok(Found::View(_)) => {
            return unsupported::<()>("writing through a temporary view")
                .err()
                .unwrap_or_else(|| not_found(&name.parts, path));
        }
        Err(error) => return error,
    };
    let unsupported_by_tables = |operation: &str| {
        if spark_minor() < (4, 1) {
            return UNSUPPORTED_TABLE_OPERATION_4_0.error([("ddl", operation.to_owned())]);
        }
        let name = quoted(&[catalog::CATALOG, catalog::SCHEMA, &table.name]);
        UNSUPPORTED_TABLE_OPERATION.error([("tableName", name), ("operation", operation.to_owned())])
    };
    let refused =
        |command: &str| TABLE_DOES_NOT_SUPPORT.error([("cmd", command.to_owned()), ("table", table.provider.clone())]);
    match operation {
        Write::Delete => refused("deletes"),
        Write::Truncate => refused("truncates"),
        Write::Update => unsupported_by_tables("UPDATE TABLE"),
        Write::Merge => unsupported_by_tables("MERGE INTO TABLE"),
        Write::Insert => SparkError::plain(
            crate::error::ExceptionClass::UnsupportedOperation,
            "This engine does not support INSERT yet: it reads from Python data sources and does not write to them.",
        ),
    }
}
