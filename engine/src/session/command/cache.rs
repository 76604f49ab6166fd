//! `CACHE TABLE`, `UNCACHE TABLE` and `REFRESH TABLE`.

use super::create::view_exists;
use crate::datasource::options::Options;
use crate::error::condition::CACHE_NAME_WITH_SCHEMA;
use crate::error::relation::{SearchPath, not_found};
use crate::error::{ExceptionClass, SparkError};
use crate::session::Session;
use crate::session::catalog::Found;
use crate::session::diagnosis::Around;
use crate::session::statement::{CacheTable, Name, context};

/// What `StorageLevel.fromString` knows. Here all rows are kept in memory.
const STORAGE_LEVELS: [&str; 12] = [
    "NONE",
    "DISK_ONLY",
    "DISK_ONLY_2",
    "DISK_ONLY_3",
    "MEMORY_ONLY",
    "MEMORY_ONLY_2",
    "MEMORY_ONLY_SER",
    "MEMORY_ONLY_SER_2",
    "MEMORY_AND_DISK",
    "MEMORY_AND_DISK_2",
    "MEMORY_AND_DISK_SER",
    "MEMORY_AND_DISK_SER_2",
];

/// `CACHE [LAZY] TABLE t [AS query]`: reads the relation now, or when it is first needed.
pub(super) async fn cache(session: &Session, statement: CacheTable) -> Result<(), SparkError> {
    let CacheTable { lazy, name, options, query, text } = statement;
    let level = options.iter().find(|(key, _)| key.eq_ignore_ascii_case("storageLevel")).map(|(_, level)| level);
    if let Some(level) = level
        && !STORAGE_LEVELS.contains(&level.to_uppercase().as_str())
        && level.to_uppercase() != "OFF_HEAP"
    {
        let message = format!("Invalid StorageLevel: {level}");
        return Err(SparkError::plain(ExceptionClass::IllegalArgument, message));
    }
    if let Some((query, at)) = query {
        let [view] = name.parts.as_slice() else { return Err(with_schema(&name, &text)) };
        let operator = format!("CacheTableAsSelect {view}, {query}, {lazy}, false");
        let planned = session.diagnosed(&query, &Around { operator: Some(operator), at })?;
        if session.inner.views.get(view).is_some() {
            return Err(view_exists(view));
        }
        session.put_view(view, planned.to_view(view)?);
        if let Err(error) = keep(session, &name, lazy).await {
            if let Some(view) = session.inner.views.remove(view) {
                session.inner.cache.remove(&view.provider);
            }
            return Err(error);
        }
        return Ok(());
    }
    if session.find(&name.parts).is_none() {
        return Err(missing(&name, &format!("CacheTable [{}], {lazy}, false", name.parts.join(", "))));
    }
    keep(session, &name, lazy).await
}

async fn keep(session: &Session, name: &Name, lazy: bool) -> Result<(), SparkError> {
    let cached = session.inner.cache.add(session.relation(&name.parts, Options::default())?);
    if lazy { Ok(()) } else { cached.fill(session).await }
}

/// `UNCACHE TABLE`.
pub(super) fn uncache(session: &Session, if_exists: bool, name: &Name) -> Result<(), SparkError> {
    match session.find(&name.parts) {
        Some(_) => {
            session.inner.cache.remove(&session.relation(&name.parts, Options::default())?);
            Ok(())
        }
        None if if_exists => Ok(()),
        None => Err(missing(name, "UncacheTable false, false")),
    }
}

/// `REFRESH TABLE`: rows are read anew when they are next needed.
pub(super) fn refresh(session: &Session, name: &Name) -> Result<(), SparkError> {
    match session.expect_relation(name, SearchPath::Statement)? {
        Found::View(view) => session.inner.cache.refresh(&view.provider),
        Found::Table(table) => session.inner.cache.refresh_table(&table),
    }
    Ok(())
}

/// The relation is not there: the error, with the statement's operator over the missing relation.
fn missing(name: &Name, operator: &str) -> SparkError {
    let mut error = not_found(&name.parts, SearchPath::Query);
    let (line, column) = name.at;
    let relation = name.parts.join(", ");
    error.message.push_str(&format!(
        "; line {line} pos {column};\n'{operator}\n+- 'UnresolvedRelation [{relation}], [], false\n"
    ));
    error
}

fn with_schema(name: &Name, text: &str) -> SparkError {
    let schema = name.parts.split_last().map(|(_, schema)| schema.join(".")).unwrap_or_default();
    let mut error = CACHE_NAME_WITH_SCHEMA.error([("quoted", schema)]);
    error.message = format!("\n{}\n{}", error.message, context(text));
    error
}
