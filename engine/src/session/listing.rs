//! What `spark.catalog` tells of: the names that a session knows, and what stands behind them.

use super::catalog::{self, Found};
use super::statement::Name;
use super::{Session, command};
use crate::datasource::options::Options;
use crate::error::SparkError;
use crate::error::relation::{SearchPath, not_found};
use crate::types::StructType;

/// A table or a temporary view.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    /// Its own name, in lower case.
    pub name: String,
    /// Whether it is a temporary view; a table belongs to the schema `default` of `spark_catalog` otherwise.
    pub is_temporary: bool,
    /// Whether it is a view that all sessions share, as `global_temp.name`.
    pub is_global: bool,
    /// Its columns, with comments in their metadata.
    pub schema: StructType,
}

impl Listed {
    fn of(found: &Found, is_global: bool) -> Self {
        match found {
            Found::Table(table) => {
                Self { name: table.name.clone(), is_temporary: false, is_global: false, schema: table.schema.clone() }
            }
            Found::View(view) => {
                Self { name: view.name.to_lowercase(), is_temporary: true, is_global, schema: view.schema.clone() }
            }
        }
    }
}

impl Session {
    /// The catalogue's name.
    pub const CATALOG: &'static str = catalog::CATALOG;
    /// The only schema.
    pub const SCHEMA: &'static str = catalog::SCHEMA;
    /// What qualifies the temporary views that all sessions share.
    pub const GLOBAL: &'static str = catalog::GLOBAL;

    /// The tables, and then the temporary views, each by their names.
    pub fn listed_relations(&self) -> Vec<Listed> {
        let (tables, views) = (&self.inner.tables, &self.inner.views);
        let of_tables = tables.names().into_iter().filter_map(|name| tables.get(&name).map(Found::Table));
        let of_views = views.names().into_iter().filter_map(|name| views.get(&name).map(Found::View));
        of_tables.chain(of_views).map(|found| Listed::of(&found, false)).collect()
    }

    /// The temporary views that all sessions share, and then those of this session, each by their names.
    pub fn listed_global_views(&self) -> Vec<Listed> {
        let of = |names: &catalog::Names<catalog::View>, is_global: bool| {
            let found = names.names().into_iter().filter_map(|name| names.get(&name).map(Found::View));
            found.map(|found| Listed::of(&found, is_global)).collect::<Vec<_>>()
        };
        [of(&self.inner.globals, true), of(&self.inner.views, false)].concat()
    }

    /// What a name stands for.
    ///
    /// # Errors
    /// `TABLE_OR_VIEW_NOT_FOUND`.
    pub fn listed_relation(&self, name: &[String]) -> Result<Listed, SparkError> {
        match self.find(name) {
            Some(found) => Ok(Listed::of(&found, catalog::global_name(name).is_some())),
            None => Err(not_found(name, SearchPath::Query)),
        }
    }

    /// Whether the rows of a table or view are kept, or will be when they are first read.
    ///
    /// # Errors
    /// `TABLE_OR_VIEW_NOT_FOUND`.
    pub fn is_cached(&self, name: &[String]) -> Result<bool, SparkError> {
        self.listed_relation(name)?;
        Ok(self.inner.cache.has(&self.relation(name, Options::default())?))
    }

    /// Forgets a temporary view; whether there was one.
    ///
    /// # Errors
    /// As `DROP VIEW` of a view that exists: none.
    pub fn drop_temp_view(&self, name: &str) -> Result<bool, SparkError> {
        if !self.has_view(name) {
            return Ok(false);
        }
        command::drop_view(self, &Name { parts: vec![name.to_owned()], at: (1, 0) }).map(|()| true)
    }

    /// Forgets a temporary view that all sessions share; whether there was one.
    ///
    /// # Errors
    /// None, as [`drop_temp_view`](Self::drop_temp_view).
    pub fn drop_global_temp_view(&self, name: &str) -> Result<bool, SparkError> {
        if self.inner.globals.get(name).is_none() {
            return Ok(false);
        }
        let parts = vec![catalog::GLOBAL.to_owned(), name.to_owned()];
        command::drop_view(self, &Name { parts, at: (1, 0) }).map(|()| true)
    }

    /// Whether a name matches a pattern as `SHOW TABLES` has it.
    pub fn matches(pattern: &str, name: &str) -> bool {
        command::matches(pattern, &name.to_lowercase())
    }

    /// The names of the functions of SQL, in order.
    pub fn function_names(&self) -> Vec<String> {
        let state = self.inner.planning.state();
        let mut names: Vec<String> = state.scalar_functions().keys().cloned().collect();
        names.extend(state.aggregate_functions().keys().cloned());
        names.extend(state.window_functions().keys().cloned());
        names.extend(state.higher_order_functions().keys().cloned());
        names.sort();
        names.dedup();
        names
    }
}
