//! What SQL finds by name: the tables of an engine, which all its sessions share, and a session's temporary views.
//!
//! Names are kept in lower case, as Spark's session catalogue does. There is one catalogue, `spark_catalog`, with one schema,
//! `default`.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use datafusion::catalog::TableProvider;

use crate::types::StructType;

/// The catalogue's name.
pub(super) const CATALOG: &str = "spark_catalog";
/// The only schema.
pub(super) const SCHEMA: &str = "default";
/// What qualifies the temporary views that all sessions of an engine share.
pub(super) const GLOBAL: &str = "global_temp";

/// A table: what `CREATE TABLE` said. Its options are not among it, since Spark forgets them (SQL-OPTIONS-LOST).
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Table {
    pub(super) name: String,
    /// The columns as they were declared, or as the source described itself at `CREATE`.
    pub(super) schema: StructType,
    /// The data source's name as it was written.
    pub(super) provider: String,
}

/// A temporary view, planned.
#[derive(Debug, Clone)]
pub(super) struct View {
    /// As it was written.
    pub(super) name: String,
    pub(super) provider: Arc<dyn TableProvider>,
    pub(super) schema: StructType,
}

/// Named things that several threads may look up and change.
#[derive(Debug)]
pub(super) struct Names<T>(RwLock<BTreeMap<String, Arc<T>>>);

impl<T> Default for Names<T> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

impl<T> Names<T> {
    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<String, Arc<T>>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, BTreeMap<String, Arc<T>>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The thing of that name, in any case.
    pub(super) fn get(&self, name: &str) -> Option<Arc<T>> {
        self.read().get(&name.to_lowercase()).cloned()
    }

    /// Adds a thing, in the place of one of that name.
    pub(super) fn put(&self, name: &str, thing: T) {
        self.write().insert(name.to_lowercase(), Arc::new(thing));
    }

    /// Removes and returns the thing of that name.
    pub(super) fn remove(&self, name: &str) -> Option<Arc<T>> {
        self.write().remove(&name.to_lowercase())
    }

    /// Removes everything.
    pub(super) fn clear(&self) {
        self.write().clear();
    }

    /// Adds everything that is found there, in the place of what has its name.
    pub(super) fn copy_from(&self, other: &Self) {
        let things = other.read().clone();
        self.write().extend(things);
    }

    /// The names in alphabetical order.
    pub(super) fn names(&self) -> Vec<String> {
        self.read().keys().cloned().collect()
    }
}

/// What a name stands for.
#[derive(Debug)]
pub(super) enum Found {
    View(Arc<View>),
    Table(Arc<Table>),
}

/// Looks a name up: temporary views hide tables, and have no schema but that of the shared ones.
pub(super) fn find(
    tables: &Names<Table>,
    views: &Names<View>,
    globals: &Names<View>,
    name: &[impl AsRef<str>],
) -> Option<Found> {
    let view = match name {
        [name] => views.get(name.as_ref()),
        name => global_name(name).and_then(|name| globals.get(name)),
    };
    match view {
        Some(view) => Some(Found::View(view)),
        None => tables.get(table_name(name)?).map(Found::Table),
    }
}

/// The own name of a shared temporary view, if that is what a name says.
pub(super) fn global_name<T: AsRef<str>>(name: &[T]) -> Option<&str> {
    match name {
        [schema, view] if schema.as_ref().eq_ignore_ascii_case(GLOBAL) => Some(view.as_ref()),
        _ => None,
    }
}

/// The table's own name, if the rest of a name is that of the only schema.
pub(super) fn table_name<T: AsRef<str>>(name: &[T]) -> Option<&str> {
    let (table, namespace) = name.split_last()?;
    let here = match namespace {
        [] => true,
        [schema] => schema.as_ref().eq_ignore_ascii_case(SCHEMA),
        [catalog, schema] => {
            catalog.as_ref().eq_ignore_ascii_case(CATALOG) && schema.as_ref().eq_ignore_ascii_case(SCHEMA)
        }
        _ => false,
    };
    here.then_some(table.as_ref())
}

/// A name with catalogue and schema.
pub(super) fn full_name(name: &[String]) -> Vec<String> {
    let mut parts = [CATALOG, SCHEMA].map(str::to_owned).to_vec();
    parts.truncate(3_usize.saturating_sub(name.len()));
    parts.extend_from_slice(name);
    parts
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(&["t"], Some("t"))]
    #[case(&["DEFAULT", "t"], Some("t"))]
    #[case(&["spark_catalog", "default", "T"], Some("T"))]
    #[case(&["other", "t"], None)]
    #[case(&["default", "default", "t"], None)]
    fn tables_are_in_the_only_schema(#[case] name: &[&str], #[case] expected: Option<&str>) {
        assert_eq!(table_name(name), expected);
    }

    #[rstest]
    #[case(&["t"], "spark_catalog.default.t")]
    #[case(&["nodb", "t"], "spark_catalog.nodb.t")]
    #[case(&["a", "b", "t"], "a.b.t")]
    fn names_are_completed(#[case] name: &[&str], #[case] expected: &str) {
        let name: Vec<String> = name.iter().map(|part| (*part).to_owned()).collect();
        assert_eq!(full_name(&name).join("."), expected);
    }
}
