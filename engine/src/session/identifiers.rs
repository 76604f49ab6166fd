//! Resolves the identifiers of a statement as Spark does: without regard to case, keeping the catalogue's spelling.
//!
//! DataFusion compares identifiers exactly. Before it plans a statement, each column and relation name that matches a
//! known one in all but case is given the known spelling. A name that the statement itself introduces (an alias) is
//! matched in its own spelling first.

use std::collections::{BTreeMap, HashSet};
use std::ops::ControlFlow;

use datafusion::error::Result;
use datafusion::execution::SessionState;
use datafusion::prelude::SessionContext;
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{Expr, Ident, SelectItem, VisitMut, VisitorMut};

/// Spells the statement's identifiers as the catalogue does.
pub(super) async fn resolve(context: &SessionContext, state: &SessionState, statement: &mut Statement) -> Result<()> {
    let Statement::Statement(ast) = statement else { return Ok(()) };
    let tables: Vec<String> = context
        .catalog_names()
        .iter()
        .filter_map(|name| context.catalog(name))
        .flat_map(|catalog| {
            let schemas: Vec<_> = catalog.schema_names().iter().filter_map(|name| catalog.schema(name)).collect();
            schemas
        })
        .flat_map(|schema| schema.table_names())
        .collect();
    let mut relations = Spellings { known: spellings(tables.into_iter()), aliases: HashSet::new() };
    let _ = ast.visit(&mut Relations(&mut relations));

    let references = state.resolve_table_references(statement)?;
    let mut columns = Vec::new();
    for reference in references {
        if let Ok(provider) = context.table_provider(reference).await {
            columns.extend(provider.schema().fields().iter().map(|field| field.name().clone()));
        }
    }
    let Statement::Statement(ast) = statement else { return Ok(()) };
    let mut columns = Spellings { known: spellings(columns.into_iter()), aliases: HashSet::new() };
    let _ = ast.visit(&mut Aliases(&mut columns));
    let _ = ast.visit(&mut Columns(&columns));
    Ok(())
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

struct Relations<'a>(&'a mut Spellings);

impl VisitorMut for Relations<'_> {
    type Break = ();

    fn pre_visit_relation(&mut self, relation: &mut datafusion::sql::sqlparser::ast::ObjectName) -> ControlFlow<()> {
        if let [part] = relation.0.as_mut_slice()
            && let datafusion::sql::sqlparser::ast::ObjectNamePart::Identifier(ident) = part
        {
            self.0.correct(ident);
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

struct Columns<'a>(&'a Spellings);

impl Columns<'_> {
    /// The name that an output column has without an alias: as the query spells it, and a field's own name.
    fn output_name(&self, expr: &Expr) -> Option<Ident> {
        let misspelt = |ident: &Ident| {
            let mut known = ident.clone();
            self.0.correct(&mut known);
            known != *ident
        };
        match expr {
            Expr::Identifier(ident) => misspelt(ident).then(|| ident.clone()),
            Expr::CompoundIdentifier(parts) => {
                let (first, last) = (parts.first()?, parts.last()?);
                let field = self.0.known.contains_key(&first.value.to_lowercase());
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
            Expr::Identifier(ident) => self.0.correct(ident),
            Expr::CompoundIdentifier(parts) => {
                // `relation.column` and `column.field`: only columns have their own spelling here.
                for part in parts.iter_mut().take(2) {
                    self.0.correct(part);
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}
