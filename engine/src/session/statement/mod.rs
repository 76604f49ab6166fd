//! The statements about tables and views that data sources stand behind: `CREATE TABLE … USING` and its like.
//!
//! This only reads them; [`command`](super::command) carries them out. Whatever is not listed here is a query, which
//! DataFusion's parser reads.

mod cursor;

use cursor::Cursor;

use crate::error::condition::OPERATION_NOT_ALLOWED;
use crate::error::{ExceptionClass, SparkError};
use crate::types::StructType;
use crate::types::ddl::token::Kind;

/// The name of a table or view.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Name {
    /// As it was written.
    pub(super) parts: Vec<String>,
    /// Its line, from 1, and column, from 0.
    pub(super) at: (usize, usize),
}

/// A statement that is no query.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Statement {
    CreateTable(CreateTable),
    CreateView(CreateView),
    Drop {
        view: bool,
        if_exists: bool,
        name: Name,
    },
    ShowCreateTable(Name),
    Describe {
        extended: bool,
        name: Name,
    },
    ShowTables {
        namespace: Option<Name>,
        pattern: Option<String>,
        views: bool,
    },
    ShowColumns(Name),
    ShowNamespaces,
    AddColumns {
        name: Name,
        columns: StructType,
    },
    DropColumns {
        name: Name,
        columns: Vec<String>,
    },
    Rename {
        name: Name,
        to: Name,
    },
    Refresh(Name),
    Cache(CacheTable),
    Uncache {
        if_exists: bool,
        name: Name,
    },
    ClearCache,
    Use(Name),
    Explain {
        query: String,
    },
    /// `SET key` asks, `SET key = value` sets.
    Set {
        key: String,
        value: Option<String>,
    },
    Write {
        operation: Write,
        name: Name,
    },
}

/// An operation that changes a source's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Write {
    Insert,
    Delete,
    Truncate,
    Update,
    Merge,
}

/// `CREATE TABLE`.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct CreateTable {
    pub(super) name: Name,
    pub(super) if_not_exists: bool,
    /// `CREATE OR REPLACE`.
    pub(super) replace: bool,
    /// `REPLACE TABLE`, which needs a table to replace.
    pub(super) must_exist: bool,
    pub(super) columns: Option<StructType>,
    pub(super) provider: Option<String>,
    pub(super) options: Vec<(String, String)>,
    pub(super) partitioned_by: Vec<String>,
    /// Columns that `PARTITIONED BY` itself declares.
    pub(super) partition_columns: StructType,
    pub(super) comment: Option<String>,
    pub(super) location: Option<String>,
    pub(super) properties: Vec<(String, String)>,
    /// `AS SELECT …`.
    pub(super) query: bool,
}

/// `CACHE TABLE`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct CacheTable {
    pub(super) lazy: bool,
    pub(super) name: Name,
    pub(super) options: Vec<(String, String)>,
    /// `AS SELECT …`, and where it begins: its line, from 1, and column, from 0.
    pub(super) query: Option<(String, (usize, usize))>,
    /// The whole statement, which errors show.
    pub(super) text: String,
}

/// `CREATE VIEW`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct CreateView {
    pub(super) name: Name,
    pub(super) replace: bool,
    /// Whether all sessions share it.
    pub(super) global: bool,
    pub(super) temporary: bool,
    pub(super) if_not_exists: bool,
    pub(super) body: ViewBody,
    /// The whole statement, which errors show.
    pub(super) text: String,
}

/// What a view shows.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum ViewBody {
    Source {
        provider: String,
        columns: Option<StructType>,
        options: Vec<(String, String)>,
    },
    /// `at` is where the query begins: its line, from 1, and column, from 0.
    Query {
        query: String,
        columns: Vec<String>,
        at: (usize, usize),
    },
}

/// Reads a statement; none stands for a query.
pub(super) fn parse(text: &str) -> Result<Option<Statement>, SparkError> {
    let mut cursor = Cursor::new(text);
    let first = cursor.peek(0);
    if first.kind != Kind::Word {
        return Ok(None);
    }
    let statement = match first.text.to_ascii_lowercase().as_str() {
        "create" | "replace" => create(&mut cursor, text)?,
        "drop" => drop(&mut cursor)?,
        "show" => show(&mut cursor)?,
        "describe" | "desc" => describe(&mut cursor)?,
        "alter" => alter(&mut cursor)?,
        "explain" => explain(&mut cursor),
        "set" => return set(&mut cursor).map(Some),
        "cache" => cache(&mut cursor, text)?,
        "uncache" => {
            cursor.take();
            cursor.expect("table")?;
            Statement::Uncache { if_exists: cursor.accept("if exists"), name: cursor.object()? }
        }
        "clear" => {
            cursor.take();
            cursor.expect("cache")?;
            Statement::ClearCache
        }
        "refresh" if cursor.accept("refresh table") => Statement::Refresh(cursor.object()?),
        "use" => {
            cursor.take();
            Statement::Use(cursor.object()?)
        }
        "insert" | "delete" | "truncate" | "update" | "merge" => return write(&mut cursor).map(Some),
        _ => return Ok(None),
    };
    let ends_in_query = matches!(&statement, Statement::Cache(cache) if cache.query.is_some())
        || matches!(statement, Statement::Explain { .. } | Statement::CreateView(_) | Statement::CreateTable(_));
    if !ends_in_query {
        cursor.expect_end()?;
    }
    Ok(Some(statement))
}

/// Whether DataFusion's parser found a query.
pub(super) fn is_query(statement: &datafusion::sql::parser::Statement) -> bool {
    use datafusion::sql::parser::Statement as Parsed;
    use datafusion::sql::sqlparser::ast::Statement as Ast;
    matches!(statement, Parsed::Statement(ast) if matches!(ast.as_ref(), Ast::Query(_)))
}

/// The refusal of a statement that Spark has and this engine has not.
pub(super) fn unsupported<T>(what: &str) -> Result<T, SparkError> {
    Err(SparkError::plain(ExceptionClass::UnsupportedOperation, format!("This engine does not support {what} yet.")))
}

fn create(cursor: &mut Cursor<'_>, text: &str) -> Result<Statement, SparkError> {
    let must_exist = cursor.accept("replace");
    let replace = must_exist || (cursor.accept("create") && cursor.accept("or replace"));
    let global = cursor.accept("global");
    let temporary = cursor.accept("temporary") || cursor.accept("temp");
    if cursor.accept("view") || (temporary && !global && cursor.accept("table")) {
        let view = create_view(cursor, replace, temporary, text)?;
        return Ok(Statement::CreateView(CreateView { global, ..view }));
    }
    cursor.accept("external");
    if !cursor.accept("table") {
        return unsupported(&format!("CREATE {}", cursor.peek(0).text.to_uppercase()));
    }
    let if_not_exists = cursor.accept("if not exists");
    let mut table =
        CreateTable { name: cursor.object()?, if_not_exists, replace, must_exist, ..CreateTable::default() };
    if cursor.peek(0).is_symbol("(") && !cursor.peek(1).is("select") {
        table.columns = Some(cursor.columns()?);
    }
    while !cursor.at_end() {
        table_clause(cursor, &mut table, text)?;
        if table.query {
            break;
        }
    }
    Ok(Statement::CreateTable(table))
}

/// One of the clauses that follow a table's columns, in any order.
fn table_clause(cursor: &mut Cursor<'_>, table: &mut CreateTable, text: &str) -> Result<(), SparkError> {
    if cursor.accept("using") {
        table.provider = Some(cursor.names()?.join("."));
    } else if cursor.accept("options") {
        table.options = properties(cursor, text)?;
    } else if cursor.accept("tblproperties") {
        table.properties = properties(cursor, text)?;
    } else if cursor.accept("comment") {
        table.comment = Some(cursor.string()?);
    } else if cursor.accept("location") {
        table.location = Some(cursor.string()?);
    } else if cursor.accept("partitioned by") {
        partitioned_by(cursor, table)?;
    } else if cursor.peek(0).is("clustered") || cursor.peek(0).is("cluster") {
        return unsupported("CREATE TABLE … CLUSTERED BY");
    } else if cursor.accept("as") || ["select", "with", "from", "values"].iter().any(|word| cursor.peek(0).is(word)) {
        table.query = true;
    } else {
        return cursor.refuse();
    }
    Ok(())
}

/// `(a, b)` names columns of the table, `(a int, b string)` adds them.
fn partitioned_by(cursor: &mut Cursor<'_>, table: &mut CreateTable) -> Result<(), SparkError> {
    let typed = cursor.peek(1).is_name() && cursor.peek(2).is_name();
    if typed {
        table.partition_columns = cursor.columns()?;
        table.partitioned_by = table.partition_columns.fields.iter().map(|field| field.name.clone()).collect();
        return Ok(());
    }
    cursor.expect_symbol("(")?;
    loop {
        table.partitioned_by.push(cursor.names()?.join("."));
        if cursor.peek(0).is_symbol("(") {
            return unsupported("PARTITIONED BY with a transform");
        }
        if !cursor.accept_symbol(",") {
            return cursor.expect_symbol(")");
        }
    }
}

/// Properties, each with a value.
fn properties(cursor: &mut Cursor<'_>, text: &str) -> Result<Vec<(String, String)>, SparkError> {
    let properties = cursor.properties()?.into_iter();
    properties
        .map(|(key, value)| match value {
            Some(value) => Ok((key, value)),
            None => {
                let mut error = OPERATION_NOT_ALLOWED
                    .error([("message", format!("A value must be specified for the key: {key}."))]);
                error.message = format!("\n{}\n{}", error.message.trim_end(), context(text));
                Err(error)
            }
        })
        .collect()
}

/// The statement as the errors of Spark's parser quote it.
pub(super) fn context(text: &str) -> String {
    let marks = "^".repeat(text.lines().next().map_or(0, |line| line.chars().count()));
    format!("== SQL (line 1, position 1) ==\n{text}\n{marks}\n")
}

fn create_view(cursor: &mut Cursor<'_>, replace: bool, temporary: bool, text: &str) -> Result<CreateView, SparkError> {
    let if_not_exists = cursor.accept("if not exists");
    let name = cursor.object()?;
    let before = cursor.clone();
    let mut columns = Vec::new();
    if cursor.accept_symbol("(") {
        loop {
            columns.push(cursor.name()?);
            if cursor.accept("comment") {
                cursor.string()?;
            }
            if !cursor.accept_symbol(",") {
                break;
            }
        }
        if !cursor.accept_symbol(")") {
            // Columns with types: a source's own.
            *cursor = before;
            let columns = cursor.columns()?;
            return source_view(cursor, name, replace, temporary, Some(columns), text);
        }
    }
    if cursor.peek(0).is("using") {
        return source_view(cursor, name, replace, temporary, None, text);
    }
    while !cursor.accept("as") {
        if cursor.accept("comment") {
            cursor.string()?;
        } else if cursor.accept("tblproperties") {
            properties(cursor, text)?;
        } else {
            return cursor.refuse();
        }
    }
    let first = cursor.peek(0);
    let body = ViewBody::Query { query: cursor.rest().to_owned(), columns, at: (first.line, first.column) };
    Ok(CreateView { name, replace, global: false, temporary, if_not_exists, body, text: text.to_owned() })
}

fn source_view(
    cursor: &mut Cursor<'_>,
    name: Name,
    replace: bool,
    temporary: bool,
    columns: Option<StructType>,
    text: &str,
) -> Result<CreateView, SparkError> {
    cursor.expect("using")?;
    let provider = cursor.names()?.join(".");
    let options = if cursor.accept("options") { properties(cursor, text)? } else { Vec::new() };
    cursor.expect_end()?;
    let body = ViewBody::Source { provider, columns, options };
    Ok(CreateView { name, replace, global: false, temporary, if_not_exists: false, body, text: text.to_owned() })
}

fn drop(cursor: &mut Cursor<'_>) -> Result<Statement, SparkError> {
    let view = cursor.accept("drop view");
    if !view && !cursor.accept("drop table") {
        return unsupported(&format!("DROP {}", cursor.peek(1).text.to_uppercase()));
    }
    let if_exists = cursor.accept("if exists");
    let name = cursor.object()?;
    cursor.accept("purge");
    Ok(Statement::Drop { view, if_exists, name })
}

fn cache(cursor: &mut Cursor<'_>, text: &str) -> Result<Statement, SparkError> {
    cursor.take();
    let lazy = cursor.accept("lazy");
    cursor.expect("table")?;
    let name = cursor.object()?;
    let options = if cursor.accept("options") { properties(cursor, text)? } else { Vec::new() };
    let query =
        if cursor.accept("as") || ["select", "with", "from", "values"].iter().any(|word| cursor.peek(0).is(word)) {
            let first = cursor.peek(0);
            Some((cursor.rest().to_owned(), (first.line, first.column)))
        } else {
            None
        };
    Ok(Statement::Cache(CacheTable { lazy, name, options, query, text: text.to_owned() }))
}

fn show(cursor: &mut Cursor<'_>) -> Result<Statement, SparkError> {
    if cursor.accept("show create table") {
        return Ok(Statement::ShowCreateTable(cursor.object()?));
    }
    if cursor.accept("show columns in") || cursor.accept("show columns from") {
        return Ok(Statement::ShowColumns(cursor.object()?));
    }
    if cursor.accept("show databases") || cursor.accept("show schemas") || cursor.accept("show namespaces") {
        return Ok(Statement::ShowNamespaces);
    }
    let views = cursor.accept("show views");
    if !views && !cursor.accept("show tables") {
        return unsupported(&format!("SHOW {}", cursor.peek(1).text.to_uppercase()));
    }
    let namespace = if cursor.accept("in") || cursor.accept("from") { Some(cursor.object()?) } else { None };
    let pattern =
        if cursor.accept("like") || cursor.peek(0).kind == Kind::Text { Some(cursor.string()?) } else { None };
    Ok(Statement::ShowTables { namespace, pattern, views })
}

fn describe(cursor: &mut Cursor<'_>) -> Result<Statement, SparkError> {
    cursor.take();
    for other in ["function", "database", "schema", "namespace", "query", "catalog"] {
        if cursor.peek(0).is(other) && cursor.peek(1).is_name() {
            return unsupported(&format!("DESCRIBE {}", other.to_uppercase()));
        }
    }
    let extended = |cursor: &mut Cursor<'_>| {
        let word = (cursor.peek(0).is("extended") || cursor.peek(0).is("formatted")) && cursor.peek(1).is_name();
        if word {
            cursor.take();
        }
        word
    };
    if cursor.peek(0).is("table") && cursor.peek(1).is_name() {
        cursor.take();
    }
    let extended = extended(cursor);
    let name = cursor.object()?;
    if !cursor.at_end() {
        return unsupported("DESCRIBE of a column or a partition");
    }
    Ok(Statement::Describe { extended, name })
}

fn alter(cursor: &mut Cursor<'_>) -> Result<Statement, SparkError> {
    if !cursor.accept("alter table") {
        return unsupported(&format!("ALTER {}", cursor.peek(1).text.to_uppercase()));
    }
    let name = cursor.object()?;
    if cursor.accept("add columns") {
        let columns = cursor.columns()?;
        return Ok(Statement::AddColumns { name, columns });
    }
    if cursor.accept("add column") {
        let columns = if cursor.peek(0).is_symbol("(") {
            cursor.columns()?
        } else {
            let columns = StructType::from_table_schema(cursor.rest())?;
            while !cursor.at_end() {
                cursor.take();
            }
            columns
        };
        return Ok(Statement::AddColumns { name, columns });
    }
    if cursor.accept("drop columns") || cursor.accept("drop column") {
        let braced = cursor.accept_symbol("(");
        let mut columns = vec![cursor.names()?.join(".")];
        while cursor.accept_symbol(",") {
            columns.push(cursor.names()?.join("."));
        }
        if braced {
            cursor.expect_symbol(")")?;
        }
        return Ok(Statement::DropColumns { name, columns });
    }
    if cursor.accept("rename to") {
        return Ok(Statement::Rename { name, to: cursor.object()? });
    }
    unsupported(&format!("ALTER TABLE … {}", cursor.peek(0).text.to_uppercase()))
}

fn explain(cursor: &mut Cursor<'_>) -> Statement {
    cursor.take();
    for mode in ["extended", "formatted", "codegen", "cost", "logical"] {
        if cursor.accept(mode) {
            break;
        }
    }
    Statement::Explain { query: cursor.rest().to_owned() }
}

/// A key and its value are what is written on both sides of the first `=`; only the key may be quoted.
fn set(cursor: &mut Cursor<'_>) -> Result<Statement, SparkError> {
    cursor.take();
    let rest = cursor.rest();
    let (key, value) = match rest.split_once('=') {
        Some((key, value)) => (key, Some(value.trim().to_owned())),
        None => (rest, None),
    };
    let key = key.trim();
    let key = key.strip_prefix('`').and_then(|key| key.strip_suffix('`')).unwrap_or(key);
    if key.is_empty() || key.contains(char::is_whitespace) || key == "-v" {
        return unsupported(&format!("SET {rest}"));
    }
    Ok(Statement::Set { key: key.to_owned(), value })
}

fn write(cursor: &mut Cursor<'_>) -> Result<Statement, SparkError> {
    let operation = match cursor.take().text.to_ascii_lowercase().as_str() {
        "insert" => {
            if !cursor.accept("into") {
                cursor.expect("overwrite")?;
            }
            Write::Insert
        }
        "delete" => {
            cursor.expect("from")?;
            Write::Delete
        }
        "truncate" => Write::Truncate,
        "update" => Write::Update,
        _ => {
            cursor.expect("into")?;
            Write::Merge
        }
    };
    cursor.accept("table");
    Ok(Statement::Write { operation, name: cursor.object()? })
}

#[cfg(test)]
mod tests;
