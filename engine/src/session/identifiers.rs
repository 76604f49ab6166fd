//! Resolves the identifiers of a statement as Spark does: without regard to case, keeping the catalogue's spelling.
//!
//! DataFusion compares identifiers exactly. Before it plans a statement, each column and relation name that matches a
//! known one in all but case is given the known spelling. A name that the statement itself introduces (an alias) is
//! matched in its own spelling first.

use std::collections::{BTreeMap, HashSet};
use std::ops::ControlFlow;

use arrow::datatypes::DataType;
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{Expr, Ident, SelectItem, TableFactor, VisitMut, VisitorMut};

use super::catalog::{CATALOG, SCHEMA};
use super::planning::QueryNames;

/// Spells the statement's identifiers as the catalogue does.
pub(super) fn resolve(names: &QueryNames, statement: &mut Statement) {
    let (mut columns, mut fields) = (Vec::new(), Vec::new());
    for relation in names.relations() {
        for column in relation.schema().fields() {
            columns.push(column.name().clone());
            field_names(column.data_type(), &mut fields);
        }
    }
    let Statement::Statement(ast) = statement else { return };
    let mut relations = Relations::default();
    let _ = ast.visit(&mut relations);
    columns.append(&mut relations.columns);
    let mut columns = Spellings { known: spellings(columns.into_iter()), aliases: HashSet::new() };
    let _ = ast.visit(&mut Aliases(&mut columns));
    let relations = Spellings { known: spellings(relations.names.into_iter()), aliases: HashSet::new() };
    let fields = Spellings { known: spellings(fields.into_iter()), aliases: HashSet::new() };
    let _ = ast.visit(&mut Columns { columns: &columns, fields: &fields, relations: &relations });
}

/// The names of all fields within a type, however deep.
fn field_names(data_type: &DataType, names: &mut Vec<String>) {
    match data_type {
        DataType::Struct(fields) => {
            for field in fields {
                names.push(field.name().clone());
                field_names(field.data_type(), names);
            }
        }
        DataType::List(element) => field_names(element.data_type(), names),
        DataType::Map(entries, _) => {
            if let DataType::Struct(entries) = entries.data_type() {
                entries.iter().for_each(|entry| field_names(entry.data_type(), names));
            }
        }
        _ => {}
    }
}

struct Spellings {
    /// Lower-case name to spelling; names that exist in several spellings are left to exact matching.
    known: BTreeMap<String, String>,
    aliases: HashSet<String>,
}

fn spellings(names: impl Iterator<Item = String>) -> BTreeMap<String, String> {
    let mut known: BTreeMap<String, Option<String>> = BTreeMap::new();
    for name in names {
        known
            .entry(name.to_lowercase())
            .and_modify(|spelling| {
                if spelling.as_ref() != Some(&name) {
                    *spelling = None;
                }
            })
            .or_insert_with(|| Some(name.clone()));
    }
    known.into_iter().filter_map(|(key, spelling)| spelling.map(|spelling| (key, spelling))).collect()
}

impl Spellings {
    fn correct(&self, ident: &mut Ident) {
        if self.aliases.contains(&ident.value) {
            return;
        }
        if let Some(spelling) = self.known.get(&ident.value.to_lowercase()) {
            ident.value.clone_from(spelling);
        }
    }
}

/// The names by which a query's columns may be qualified, as the query spells them.
#[derive(Default)]
struct Relations {
    names: Vec<String>,
    /// The columns that generators name.
    columns: Vec<String>,
}

impl VisitorMut for Relations {
    type Break = ();

    fn pre_visit_select(&mut self, select: &mut datafusion::sql::sqlparser::ast::Select) -> ControlFlow<()> {
        for view in &select.lateral_views {
            self.names.extend(view.lateral_view_name.0.iter().filter_map(|part| Some(part.as_ident()?.value.clone())));
            self.columns.extend(view.lateral_col_alias.iter().map(|alias| alias.value.clone()));
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        match factor {
            TableFactor::Table { alias: Some(alias), .. } | TableFactor::Derived { alias: Some(alias), .. } => {
                self.names.push(alias.name.value.clone());
            }
            TableFactor::Table { name, .. } => {
                let last = name.0.last().and_then(|part| part.as_ident());
                self.names.extend(last.map(|ident| ident.value.clone()));
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

struct Aliases<'a>(&'a mut Spellings);

impl VisitorMut for Aliases<'_> {
    type Break = ();

    fn pre_visit_select(&mut self, select: &mut datafusion::sql::sqlparser::ast::Select) -> ControlFlow<()> {
        for item in &select.projection {
            if let SelectItem::ExprWithAlias { alias, .. } = item {
                self.0.aliases.insert(alias.value.clone());
            }
        }
        ControlFlow::Continue(())
    }
}

struct Columns<'a> {
    columns: &'a Spellings,
    fields: &'a Spellings,
    relations: &'a Spellings,
}

impl Columns<'_> {
    /// `default.t.a` and `spark_catalog.default.t.a` are `t.a`: there is no other schema that `t` could be in.
    fn without_schema(&self, parts: &mut Vec<Ident>) {
        let matches = |ident: &Ident, name: &str| ident.value.eq_ignore_ascii_case(name);
        let namespace = match parts.as_slice() {
            [catalog, schema, _, _, ..] if matches(catalog, CATALOG) && matches(schema, SCHEMA) => 2,
            [schema, _, _, ..] if matches(schema, SCHEMA) => 1,
            _ => return,
        };
        if self.relations.known.contains_key(&parts[namespace].value.to_lowercase()) {
            parts.drain(..namespace);
        }
    }

    /// The name that an output column has without an alias: as the query spells it, and a field's own name.
    fn output_name(&self, expr: &Expr) -> Option<Ident> {
        let misspelt = |ident: &Ident| {
            let mut known = ident.clone();
            self.columns.correct(&mut known);
            known != *ident
        };
        match expr {
            Expr::Identifier(ident) => misspelt(ident).then(|| ident.clone()),
            Expr::CompoundIdentifier(parts) => {
                let (first, last) = (parts.first()?, parts.last()?);
                let field = self.columns.known.contains_key(&first.value.to_lowercase());
                (field || misspelt(last)).then(|| last.clone())
            }
            _ => None,
        }
    }
}

impl VisitorMut for Columns<'_> {
    type Break = ();

    fn pre_visit_select(&mut self, select: &mut datafusion::sql::sqlparser::ast::Select) -> ControlFlow<()> {
        for item in &mut select.projection {
            if let SelectItem::UnnamedExpr(expr) = item
                && let Some(alias) = self.output_name(expr)
            {
                let alias = Ident::with_quote('`', alias.value);
                *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias };
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        match expr {
            Expr::Identifier(ident) => self.columns.correct(ident),
            Expr::CompoundIdentifier(parts) => {
                self.without_schema(parts);
                // `relation.column.field` or `column.field`.
                let knows = |names: &Spellings, part: &Ident| names.known.contains_key(&part.value.to_lowercase());
                let Some((first, rest)) = parts.split_first_mut() else { return ControlFlow::Continue(()) };
                let fields = if knows(self.relations, first) || !knows(self.columns, first) {
                    self.relations.correct(first);
                    let Some((column, fields)) = rest.split_first_mut() else { return ControlFlow::Continue(()) };
                    self.columns.correct(column);
                    fields
                } else {
                    self.columns.correct(first);
                    rest
                };
                fields.iter_mut().for_each(|field| self.fields.correct(field));
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}
