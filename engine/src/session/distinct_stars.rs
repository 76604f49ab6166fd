//! `count(DISTINCT *)`: the star stands for all columns of the `FROM` around, none of which may be null.

use std::ops::ControlFlow;

use datafusion::common::DFSchema;
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{
    self, DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, Query, Select,
    SelectItem, SetExpr, VisitMut, VisitorMut, WildcardAdditionalOptions, With,
};

use super::semantics::Surroundings;
use super::suspect::in_reach;
use super::{Bindings, Session, dialect, syntax};
use crate::error::SparkError;
use crate::error::condition::STAR_OF_TABLE_IN_COUNT;
use crate::error::relation::quoted;

/// Writes the columns in the place of the stars.
///
/// # Errors
/// Those of the `FROM`; `INVALID_USAGE_OF_STAR_WITH_TABLE_IDENTIFIER_IN_COUNT`.
pub(super) fn write_out(
    session: &Session,
    statement: &mut Statement,
    surroundings: &Surroundings,
) -> Result<(), SparkError> {
    let Statement::Statement(statement) = statement else { return Ok(()) };
    let mut stars = Stars { session, surroundings, with: Vec::new() };
    match statement.visit(&mut stars) {
        ControlFlow::Break(error) => Err(*error),
        ControlFlow::Continue(()) => Ok(()),
    }
}

struct Stars<'a> {
    session: &'a Session,
    surroundings: &'a Surroundings,
    /// The common table expressions of the queries around.
    with: Vec<Option<With>>,
}

impl Stars<'_> {
    /// The columns of a `FROM`, each by the shortest name that is its own.
    fn columns(&self, select: &Select) -> Result<Vec<Expr>, SparkError> {
        let all = SelectItem::Wildcard(WildcardAdditionalOptions::default());
        let select =
            Select { lateral_views: select.lateral_views.clone(), ..syntax::select(vec![all], select.from.clone()) };
        let mut query = syntax::query(SetExpr::Select(Box::new(select)));
        query.with = self.with.iter().fold(None, |around, own| in_reach(around, own.as_ref()));
        let mut statement = ast::Statement::Query(Box::new(query));
        dialect::translate(&mut statement, false)?;
        let statement = Statement::Statement(Box::new(statement));
        let (plan, _) = self.session.analysed(statement, &Bindings::default(), self.surroundings)?;
        Ok(columns_of(plan.schema()))
    }
}

fn columns_of(schema: &DFSchema) -> Vec<Expr> {
    let ident = |name: &str| Ident::with_quote('`', name);
    let column = |(relation, field): (Option<&datafusion::common::TableReference>, &arrow::datatypes::FieldRef)| {
        let is_only = schema.fields().iter().filter(|other| other.name() == field.name()).count() == 1;
        match relation {
            Some(relation) if !is_only => Expr::CompoundIdentifier(vec![ident(relation.table()), ident(field.name())]),
            _ => Expr::Identifier(ident(field.name())),
        }
    };
    schema.iter().map(column).collect()
}

impl VisitorMut for Stars<'_> {
    type Break = Box<SparkError>;

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<Self::Break> {
        self.with.push(query.with.clone());
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &mut Query) -> ControlFlow<Self::Break> {
        self.with.pop();
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<Self::Break> {
        let mut found = Found::default();
        let _ = select.projection.visit(&mut found);
        let _ = select.having.visit(&mut found);
        if let Some(table) = found.of_table {
            return ControlFlow::Break(Box::new(STAR_OF_TABLE_IN_COUNT.error([("tableName", table)])));
        }
        if !found.any {
            return ControlFlow::Continue(());
        }
        match self.columns(select) {
            Ok(columns) => {
                found.columns = columns;
                let _ = select.projection.visit(&mut found);
                let _ = select.having.visit(&mut found);
                ControlFlow::Continue(())
            }
            Err(error) => ControlFlow::Break(Box::new(error)),
        }
    }
}

/// The calls of one `SELECT`, those of the queries within it included.
#[derive(Default)]
struct Found {
    any: bool,
    /// `count(t.*)`, which Spark refuses.
    of_table: Option<String>,
    /// What is written in the place of the star; nothing is, while this is empty.
    columns: Vec<Expr>,
    /// How many queries within are being visited.
    depth: usize,
}

impl VisitorMut for Found {
    type Break = ();

    fn pre_visit_query(&mut self, _: &mut Query) -> ControlFlow<()> {
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &mut Query) -> ControlFlow<()> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        let Expr::Function(Function { name, args: FunctionArguments::List(list), .. }) = expr else {
            return ControlFlow::Continue(());
        };
        if self.depth > 0 || !name.to_string().eq_ignore_ascii_case("count") {
            return ControlFlow::Continue(());
        }
        match list.args.as_slice() {
            [FunctionArg::Unnamed(FunctionArgExpr::QualifiedWildcard(table))] => {
                let parts = table.0.iter().filter_map(|part| part.as_ident()).map(|part| part.value.as_str());
                self.of_table = Some(quoted(&parts.collect::<Vec<_>>()));
            }
            [FunctionArg::Unnamed(FunctionArgExpr::Wildcard)]
                if list.duplicate_treatment == Some(DuplicateTreatment::Distinct) =>
            {
                self.any = true;
                if !self.columns.is_empty() {
                    let column = |column: &Expr| FunctionArg::Unnamed(FunctionArgExpr::Expr(column.clone()));
                    list.args = self.columns.iter().map(column).collect();
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}
