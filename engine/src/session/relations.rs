//! The relations of a query: each name is looked up once, tables of data sources are loaded, and the query is planned in a
//! context that knows exactly these.
//!
//! A name is registered as the query spells it, so DataFusion, which compares names exactly, finds it in any case.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::common::TableReference;
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, Ident, ObjectName, ObjectNamePart, Spanned, TableAlias, TableFactor, Value, VisitMut,
    VisitorMut,
};

use super::cache::Relation;
use super::catalog::{self, Found, Table};
use super::char_padding;
use super::planning::QueryNames;
use super::{Bindings, Session};
use crate::datasource::options::Options;
use crate::datasource::provider::PythonTableProvider;
use crate::error::SparkError;
use crate::error::condition::{DATA_SOURCE_NOT_FOUND, UNSUPPORTED_DATASOURCE_FOR_DIRECT_QUERY};
use crate::error::relation::{SearchPath, not_found};
use crate::executor::CreateRequest;

/// Where a query's own context keeps names without a schema: apart from those of `default`, which a view may hide.
pub(super) const SESSION_CATALOG: &str = "system";
/// See [`SESSION_CATALOG`].
pub(super) const SESSION_SCHEMA: &str = "session";

/// Looks up the relations of a statement, and returns what its names mean.
pub(super) fn resolve(
    session: &Session,
    statement: &mut Statement,
    bindings: &Bindings,
) -> Result<QueryNames, SparkError> {
    let mut factors = Factors::default();
    if let Statement::Statement(ast) = statement {
        let _ = ast.visit(&mut factors);
    }
    let planning = &session.inner.planning;
    let references = planning.state().resolve_table_references(statement)?;
    let mut loaded: BTreeMap<(String, Options), Arc<dyn TableProvider>> = BTreeMap::new();
    let mut names = QueryNames::new(planning);
    for reference in references {
        let parts = parts(&reference);
        let [.., last] = parts.as_slice() else { continue };
        if factors.functions.contains(last) {
            continue;
        }
        if let (1, Some(bound)) = (parts.len(), bindings.relations.get(last)) {
            names.add_relation(reference.clone(), Arc::clone(bound));
            continue;
        }
        let (name, options) = match factors.with_options.get(last) {
            Some((name, options)) => (name.clone(), options.clone()),
            None => (parts.clone(), Options::default()),
        };
        let key = (name.join(".").to_lowercase(), options.clone());
        let provider = match loaded.get(&key) {
            Some(provider) => Arc::clone(provider),
            None => {
                let provider = session.relation(&name, options).map_err(|error| factors.place(error, last))?;
                loaded.insert(key, Arc::clone(&provider));
                provider
            }
        };
        names.add_relation(reference, provider);
    }
    for function in bindings.functions.iter().cloned().chain(session.inner.functions.calls()?) {
        names.add_function(function);
    }
    Ok(names)
}

impl Session {
    /// The relation of that name, as a query reads it.
    pub(super) fn relation(&self, name: &[String], options: Options) -> Result<Arc<dyn TableProvider>, SparkError> {
        match self.find(name) {
            Some(Found::View(view)) => Ok(Arc::clone(&view.provider)),
            Some(Found::Table(table)) => self.load_table(&table, options),
            None => Err(self.missing(name)),
        }
    }

    /// What a name stands for.
    pub(super) fn find(&self, name: &[String]) -> Option<Found> {
        catalog::find(&self.inner.tables, &self.inner.views, &self.inner.globals, name)
    }

    /// Why a query has no relation of that name: a source's name in the place of a schema has an error of its own (SQL-DIRECT).
    fn missing(&self, name: &[String]) -> SparkError {
        match name {
            [source, _] if matches!(self.find_data_source(source), Ok(Some(_))) => {
                UNSUPPORTED_DATASOURCE_FOR_DIRECT_QUERY.error([("dataSourceType", source.clone())])
            }
            name => not_found(name, SearchPath::Query),
        }
    }

    /// Makes a new instance of the table's source, with these options alone, to read the table's columns
    /// (SQL-OPTIONS-LOST, SQL-WITH-OPTIONS).
    fn load_table(&self, table: &Arc<Table>, options: Options) -> Result<Arc<dyn TableProvider>, SparkError> {
        let class = self.source_of(table)?;
        let by = class.clone();
        let with_options = options != Options::default();
        let settings = self.conf().read_settings(&self.inner.settings);
        let request = CreateRequest {
            class,
            provider: table.provider.clone(),
            options: options.with_paths(&[])?,
            user_schema: Some(table.schema.with_char_varchar_as_string()),
            traceback: settings.traceback,
        };
        let executor = Arc::clone(&self.inner.executor);
        let provider = Arc::new(PythonTableProvider::try_new(request, settings, executor)?);
        let padded = char_padding::pad(provider, &table.schema)?;
        // What is kept of a table was read without options.
        if with_options {
            return Ok(padded);
        }
        Ok(Relation::table(Arc::clone(table), self, by, padded))
    }

    /// The class behind a table. Every statement about a table needs it, though none but queries make an instance.
    pub(super) fn source_of(&self, table: &Table) -> Result<crate::executor::PickledClass, SparkError> {
        let missing = || DATA_SOURCE_NOT_FOUND.error([("provider", table.provider.clone())]);
        self.find_data_source(&table.provider)?.ok_or_else(missing)
    }
}

fn parts(reference: &TableReference) -> Vec<String> {
    let parts = [reference.catalog(), reference.schema(), Some(reference.table())];
    parts.into_iter().flatten().map(str::to_owned).collect()
}

/// Collects what a query says about its relations beyond their names, and gives those with options names of their own.
#[derive(Default)]
struct Factors {
    /// `t WITH (k = 'v')`, by the name that stands for it.
    with_options: BTreeMap<String, (Vec<String>, Options)>,
    /// Table functions, which are no relations.
    functions: Vec<String>,
    /// Where each name stands: its line and column, from 1.
    places: BTreeMap<String, (u64, u64)>,
}

impl Factors {
    /// Adds to an error of the analyser where in the query the relation stands.
    fn place(&self, mut error: SparkError, name: &str) -> SparkError {
        if error.condition.as_deref() == Some(UNSUPPORTED_DATASOURCE_FOR_DIRECT_QUERY.name)
            && let Some((line, column)) = self.places.get(name)
        {
            error.message.push_str(&format!("; line {line} pos {}", column.saturating_sub(1)));
        }
        error
    }
}

impl VisitorMut for Factors {
    type Break = ();

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        let TableFactor::Table { name, alias, args, with_hints, .. } = factor else { return ControlFlow::Continue(()) };
        if let (Some(first), Some(last)) = (name.0.first(), name.0.last().and_then(|part| part.as_ident())) {
            let start = first.span().start;
            self.places.insert(last.value.clone(), (start.line, start.column));
        }
        if args.is_some() {
            self.functions.extend(name.0.last().map(ToString::to_string));
        }
        if with_hints.is_empty() {
            return ControlFlow::Continue(());
        }
        let mut options = Options::default();
        for hint in with_hints.iter() {
            if let Some((key, value)) = option(hint) {
                options.set(&key, value);
            }
        }
        let shown =
            format!("{name} WITH ({})", with_hints.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "));
        let parts: Vec<Ident> = name.0.iter().filter_map(|part| part.as_ident().cloned()).collect();
        if alias.is_none()
            && let Some(last) = parts.last()
        {
            *alias = Some(TableAlias {
                explicit: true,
                name: Ident::with_quote('`', last.value.clone()),
                columns: vec![],
                at: None,
            });
        }
        let parts = parts.into_iter().map(|ident| ident.value).collect();
        self.with_options.insert(shown.clone(), (parts, options));
        *name = ObjectName(vec![ObjectNamePart::Identifier(Ident::with_quote('`', shown))]);
        with_hints.clear();
        ControlFlow::Continue(())
    }
}

/// `k = 'v'`.
fn option(hint: &Expr) -> Option<(String, String)> {
    let Expr::BinaryOp { left, op: BinaryOperator::Eq, right } = hint else { return None };
    let key = match left.as_ref() {
        Expr::Identifier(ident) => ident.value.clone(),
        Expr::CompoundIdentifier(parts) => parts.iter().map(|part| part.value.as_str()).collect::<Vec<_>>().join("."),
        Expr::Value(value) => value.value.clone().into_string()?,
        _ => return None,
    };
    let value = match right.as_ref() {
        Expr::Value(value) => match &value.value {
            Value::Number(number, _) => number.to_string(),
            Value::Boolean(value) => value.to_string(),
            value => value.clone().into_string()?,
        },
        other => other.to_string(),
    };
    Some((key, value))
}
