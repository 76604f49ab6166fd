//! Expressions that come as SQL text: `filter("a > 1")`, `selectExpr("a AS b")`.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{AccessExpr, Expr, Ident, Query, VisitMut, VisitorMut};
use seatrial_engine::error::SparkError;

use super::super::attribute::same;
use super::super::scope::Scope;
use super::super::syntax::text;
use super::{Item, Translator};

impl Translator<'_> {
    /// The columns that a text stands for.
    ///
    /// # Errors
    /// `PARSE_SYNTAX_ERROR`, and what does not resolve.
    pub(super) fn items_of_text(&mut self, sql: &str) -> Result<Vec<Item>, SparkError> {
        let (mut expr, names) = self.planner.session.engine.parse_expression(sql)?;
        match &expr {
            Expr::Wildcard(_) => return self.star(&Default::default()),
            Expr::QualifiedWildcard(name, _) => {
                let parts: Vec<String> =
                    name.0.iter().filter_map(|part| Some(part.as_ident()?.value.clone())).collect();
                return self.star_of(&parts);
            }
            _ => {}
        }
        let names: Vec<String> = names.into_iter().map(|name| name.value).collect();
        // A column by itself gives its name.
        let parts = match &expr {
            Expr::Identifier(ident) => Some(vec![ident.value.clone()]),
            Expr::CompoundIdentifier(parts) => Some(parts.iter().map(|part| part.value.clone()).collect::<Vec<_>>()),
            _ => None,
        };
        if let Some(parts) = parts {
            let item = Item::from(self.scope.by_name(&parts)?);
            let attribute = item.attribute.filter(|_| names.is_empty());
            return Ok(vec![Item { names, attribute, ..Item::unnamed(item.sql, item.default_name) }]);
        }
        resolve_names(&mut expr, &self.scope)?;
        let default_name = self.name_of(&expr);
        Ok(vec![Item { names, ..Item::unnamed(expr, default_name) }])
    }
}

/// Gives each name in the expression the column that it means. Queries within it are left as they are: their names are those of the
/// catalogue.
fn resolve_names(expr: &mut Expr, scope: &Scope) -> Result<(), SparkError> {
    let mut names = Names { scope, parameters: Vec::new(), queries: 0, error: None };
    let _ = expr.visit(&mut names);
    names.error.map_or(Ok(()), Err)
}

struct Names<'a> {
    scope: &'a Scope,
    /// The parameters of the lambdas around.
    parameters: Vec<String>,
    /// How many queries are around.
    queries: usize,
    error: Option<SparkError>,
}

impl Names<'_> {
    fn resolved(&mut self, parts: &[Ident]) -> Option<Expr> {
        let is_parameter = |part: &Ident| self.parameters.iter().any(|name| same(name, &part.value));
        if self.queries > 0 || parts.first().is_some_and(is_parameter) {
            return None;
        }
        let parts: Vec<String> = parts.iter().map(|part| part.value.clone()).collect();
        match self.scope.by_name(&parts) {
            Ok(resolved) => Some(resolved.sql),
            Err(error) => {
                // `current_date` and its like need no parentheses.
                let functions = ["current_date", "current_timestamp", "current_user", "localtimestamp", "now"];
                match parts.as_slice() {
                    [name] if functions.contains(&name.to_lowercase().as_str()) => {
                        Some(super::super::syntax::call(&name.to_lowercase(), Vec::new()))
                    }
                    _ => {
                        self.error.get_or_insert(error);
                        None
                    }
                }
            }
        }
    }
}

impl VisitorMut for Names<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, _: &mut Query) -> ControlFlow<()> {
        self.queries += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &mut Query) -> ControlFlow<()> {
        self.queries -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        match expr {
            Expr::Lambda(lambda) => {
                self.parameters.extend(lambda.params.iter().map(|parameter| parameter.name.value.clone()));
            }
            // A field's name is no column's.
            Expr::CompoundFieldAccess { access_chain, .. } => {
                for access in access_chain {
                    if let AccessExpr::Dot(Expr::Identifier(name)) = access {
                        *access = AccessExpr::Dot(text(&name.value));
                    }
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        let resolved = match expr {
            Expr::Lambda(lambda) => {
                let outer = self.parameters.len().saturating_sub(lambda.params.len());
                self.parameters.truncate(outer);
                None
            }
            Expr::Identifier(ident) => self.resolved(std::slice::from_ref(&ident.clone())),
            Expr::CompoundIdentifier(parts) => self.resolved(&parts.clone()),
            _ => None,
        };
        if let Some(resolved) = resolved {
            *expr = resolved;
        }
        if self.error.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}
