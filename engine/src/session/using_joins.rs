//! `USING` and `NATURAL` joins as joins with a condition.
//!
//! Spark's columns of such a join are the shared ones, each once, then the others of both sides. A shared column that is not
//! qualified is the left side's, of a right join the right side's, and of a full join whichever is not null. DataFusion always
//! takes the left side's and finds the name ambiguous in a condition. So the statement is written out before it is planned.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use datafusion::common::{DFSchema, TableReference};
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Cte, Expr, Ident, Join, JoinConstraint, JoinOperator, ObjectName, OrderByKind, Query, Select,
    SelectItem, SetExpr, TableFactor, TableWithJoins, Visit, VisitMut, Visitor, VisitorMut,
};

use super::dialect::call;
use super::planning::QueryNames;
use crate::error::SparkError;
use crate::error::condition::UNRESOLVED_USING_COLUMN_FOR_JOIN;
use crate::error::relation::quoted;

/// Writes out the joins of a statement whose names are spelled as the catalogue does. What can't be written out (the columns of a
/// lateral sub-query depend on others, say) is left to DataFusion.
///
/// # Errors
/// `UNRESOLVED_USING_COLUMN_FOR_JOIN`.
pub(super) fn write_out(names: &QueryNames, statement: &mut Statement) -> Result<(), SparkError> {
    // Each round settles the innermost joins that are left: the columns of the others depend on them.
    loop {
        let Statement::Statement(ast) = statement else { return Ok(()) };
        if !shares_columns(ast.as_ref()) {
            return Ok(());
        }
        let mut sides = Sides::default();
        let _ = Visit::visit(ast.as_ref(), &mut sides);
        let mut schemas = BTreeMap::new();
        for (text, query) in sides.found {
            if let Ok(plan) = names.plan(Statement::Statement(Box::new((*query).into()))) {
                schemas.insert(text, plan.schema().as_ref().clone());
            }
        }
        let mut writer = Writer { schemas, scopes: Vec::new(), progress: false, error: None };
        let Statement::Statement(ast) = statement else { return Ok(()) };
        let _ = ast.visit(&mut writer);
        if let Some(error) = writer.error {
            return Err(error);
        }
        if !writer.progress {
            return Ok(());
        }
    }
}

/// The constraint of a join and the sides whose rows it keeps.
fn constraint(operator: &JoinOperator) -> Option<(&JoinConstraint, Kept)> {
    Some(match operator {
        JoinOperator::Join(constraint) | JoinOperator::Inner(constraint) => (constraint, Kept::Left),
        JoinOperator::Left(constraint) | JoinOperator::LeftOuter(constraint) => (constraint, Kept::Left),
        JoinOperator::Right(constraint) | JoinOperator::RightOuter(constraint) => (constraint, Kept::Right),
        JoinOperator::FullOuter(constraint) => (constraint, Kept::Either),
        JoinOperator::Semi(constraint)
        | JoinOperator::LeftSemi(constraint)
        | JoinOperator::Anti(constraint)
        | JoinOperator::LeftAnti(constraint) => (constraint, Kept::OnlyLeft),
        JoinOperator::CrossJoin(constraint) => (constraint, Kept::Left),
        _ => return None,
    })
}

/// Whose value a shared column has.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kept {
    Left,
    Right,
    Either,
    /// And no column of the right side shows.
    OnlyLeft,
}

fn set_condition(operator: &mut JoinOperator, condition: JoinConstraint) {
    match operator {
        JoinOperator::Join(constraint)
        | JoinOperator::Inner(constraint)
        | JoinOperator::Left(constraint)
        | JoinOperator::LeftOuter(constraint)
        | JoinOperator::Right(constraint)
        | JoinOperator::RightOuter(constraint)
        | JoinOperator::FullOuter(constraint)
        | JoinOperator::Semi(constraint)
        | JoinOperator::LeftSemi(constraint)
        | JoinOperator::Anti(constraint)
        | JoinOperator::LeftAnti(constraint) => *constraint = condition,
        _ => {}
    }
}

fn is_shared(join: &Join) -> bool {
    matches!(constraint(&join.join_operator), Some((JoinConstraint::Using(_) | JoinConstraint::Natural, _)))
}

/// Whether a `USING` or `NATURAL` join stands anywhere in the node.
fn shares_columns(node: &impl Visit) -> bool {
    struct Search(bool);
    impl Visitor for Search {
        type Break = ();

        fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
            self.0 |= select.from.iter().any(here);
            ControlFlow::Continue(())
        }
    }
    let mut search = Search(false);
    let _ = Visit::visit(node, &mut search);
    search.0
}

/// Whether a join of the clause itself, not of a query inside, shares columns.
fn here(from: &TableWithJoins) -> bool {
    let nested = |factor: &TableFactor| match factor {
        TableFactor::NestedJoin { table_with_joins, .. } => here(table_with_joins),
        _ => false,
    };
    nested(&from.relation) || from.joins.iter().any(|join| is_shared(join) || nested(&join.relation))
}

/// The relations on the sides of such joins, each as a query for all of its columns.
#[derive(Default)]
struct Sides {
    /// The common table expressions around the place.
    scopes: Vec<Vec<Cte>>,
    found: BTreeMap<String, Box<Query>>,
}

impl Sides {
    fn add(&mut self, from: &TableWithJoins) {
        for factor in std::iter::once(&from.relation).chain(from.joins.iter().map(|join| &join.relation)) {
            match factor {
                TableFactor::NestedJoin { table_with_joins, alias: None } => self.add(table_with_joins),
                factor => {
                    if let Some(query) = all_columns(&self.scopes, factor) {
                        self.found.insert(key(&self.scopes, factor), Box::new(query));
                    }
                }
            }
        }
    }
}

impl Visitor for Sides {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        self.scopes.push(query.with.iter().flat_map(|with| with.cte_tables.clone()).collect());
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
        self.scopes.pop();
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        if select.from.iter().any(here) {
            select.from.iter().for_each(|from| self.add(from));
        }
        ControlFlow::Continue(())
    }
}

fn key(scopes: &[Vec<Cte>], factor: &TableFactor) -> String {
    let scopes = scopes.iter().flatten().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    format!("{factor} WITH {scopes}")
}

/// `SELECT * FROM factor`; none as long as joins inside are not written out.
fn all_columns(scopes: &[Vec<Cte>], factor: &TableFactor) -> Option<Query> {
    if shares_columns(factor) {
        return None;
    }
    let (settled, open): (Vec<_>, Vec<_>) = scopes.iter().flatten().cloned().partition(|cte| !shares_columns(cte));
    if let TableFactor::Table { name, .. } = factor
        && open.iter().any(|cte| name.to_string().eq_ignore_ascii_case(&cte.alias.name.value))
    {
        return None;
    }
    // An inner name hides an outer one.
    let mut names = BTreeSet::new();
    let mut ctes: Vec<Cte> =
        settled.into_iter().rev().filter(|cte| names.insert(cte.alias.name.value.to_lowercase())).collect();
    ctes.reverse();
    let dialect = datafusion::sql::sqlparser::dialect::SparkSqlDialect {};
    let mut parsed =
        datafusion::sql::sqlparser::parser::Parser::parse_sql(&dialect, "WITH c AS (SELECT 1) SELECT * FROM t").ok()?;
    let Some(datafusion::sql::sqlparser::ast::Statement::Query(mut query)) = parsed.pop() else { return None };
    match &mut query.with {
        Some(with) if !ctes.is_empty() => with.cte_tables = ctes,
        with => *with = None,
    }
    let SetExpr::Select(select) = query.body.as_mut() else { return None };
    select.from = vec![TableWithJoins { relation: factor.clone(), joins: Vec::new() }];
    Some(*query)
}

/// A column of the relations of a query.
#[derive(Clone)]
struct Visible {
    name: String,
    expr: Expr,
    /// Whether it stands for a column of both sides of a join.
    shared: bool,
}

/// Why a clause is not written out.
enum Obstacle {
    Unknown,
    Error(Box<SparkError>),
}

struct Writer {
    schemas: BTreeMap<String, DFSchema>,
    scopes: Vec<Vec<Cte>>,
    progress: bool,
    error: Option<SparkError>,
}

impl VisitorMut for Writer {
    type Break = ();

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        self.scopes.push(query.with.iter().flat_map(|with| with.cte_tables.clone()).collect());
        let SetExpr::Select(select) = query.body.as_mut() else { return ControlFlow::Continue(()) };
        if let Some(visible) = self.select(select)
            && let Some(order_by) = &mut query.order_by
            && let OrderByKind::Expressions(keys) = &mut order_by.kind
        {
            let shown: Vec<String> = select.projection.iter().filter_map(output_name).collect();
            for key in keys {
                let by_name =
                    matches!(&key.expr, Expr::Identifier(name) if shown.iter().any(|shown| same(shown, &name.value)));
                if !by_name {
                    qualify(&mut key.expr, &visible);
                }
            }
        }
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &mut Query) -> ControlFlow<()> {
        self.scopes.pop();
        ControlFlow::Continue(())
    }

    /// Those that are parts of a set operation; the others are done by then.
    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        self.select(select);
        ControlFlow::Continue(())
    }
}

impl Writer {
    /// Writes the joins of a `SELECT` out, and returns its columns if there were any.
    fn select(&mut self, select: &mut Select) -> Option<Vec<Visible>> {
        if self.error.is_some() || !select.from.iter().any(here) {
            return None;
        }
        let mut from = select.from.clone();
        let mut visible = Vec::new();
        for part in &mut from {
            match self.clause(part) {
                Ok(columns) => visible.extend(columns),
                Err(Obstacle::Unknown) => return None,
                Err(Obstacle::Error(error)) => {
                    self.error = Some(*error);
                    return None;
                }
            }
        }
        select.from = Vec::new();
        let projection = std::mem::take(&mut select.projection);
        select.projection = projection.into_iter().flat_map(|item| written_out(item, &visible)).collect();
        let _ = select.visit(&mut Qualifier { visible: &visible, depth: 0 });
        select.from = from;
        self.progress = true;
        Some(visible)
    }

    fn clause(&self, from: &mut TableWithJoins) -> Result<Vec<Visible>, Obstacle> {
        let mut visible = self.factor(&mut from.relation)?;
        for join in &mut from.joins {
            let right = self.factor(&mut join.relation)?;
            let Some((constraint, kept)) = constraint(&join.join_operator) else { return Err(Obstacle::Unknown) };
            let keys: Vec<String> = match constraint {
                JoinConstraint::Using(names) => {
                    names.iter().map(last_name).collect::<Option<_>>().ok_or(Obstacle::Unknown)?
                }
                JoinConstraint::Natural => {
                    let common =
                        visible.iter().filter(|column| right.iter().any(|other| same(&other.name, &column.name)));
                    common.map(|column| column.name.clone()).collect()
                }
                JoinConstraint::On(condition) => {
                    let mut condition = condition.clone();
                    qualify(&mut condition, &visible);
                    set_condition(&mut join.join_operator, JoinConstraint::On(condition));
                    if kept != Kept::OnlyLeft {
                        visible.extend(right);
                    }
                    continue;
                }
                JoinConstraint::None => {
                    if kept != Kept::OnlyLeft {
                        visible.extend(right);
                    }
                    continue;
                }
            };
            let mut shared = Vec::with_capacity(keys.len());
            let mut conditions = Vec::with_capacity(keys.len());
            for key in &keys {
                let one = only(&visible, key, "left")?;
                let other = only(&right, key, "right")?;
                conditions.push(Expr::BinaryOp {
                    left: Box::new(one.expr.clone()),
                    op: BinaryOperator::Eq,
                    right: Box::new(other.expr.clone()),
                });
                let expr = match kept {
                    Kept::Left | Kept::OnlyLeft => one.expr.clone(),
                    Kept::Right => other.expr.clone(),
                    Kept::Either => call("coalesce", vec![one.expr.clone(), other.expr.clone()]),
                };
                shared.push(Visible { name: one.name.clone(), expr, shared: true });
            }
            let both = |left: Expr, right: Expr| Expr::BinaryOp {
                left: Box::new(left),
                op: BinaryOperator::And,
                right: Box::new(right),
            };
            let condition = conditions.into_iter().reduce(both).map_or(JoinConstraint::None, JoinConstraint::On);
            set_condition(&mut join.join_operator, condition);
            let other = |column: &Visible| !keys.iter().any(|key| same(key, &column.name));
            shared.extend(visible.into_iter().filter(other));
            if kept != Kept::OnlyLeft {
                shared.extend(right.into_iter().filter(other));
            }
            visible = shared;
        }
        Ok(visible)
    }

    fn factor(&self, factor: &mut TableFactor) -> Result<Vec<Visible>, Obstacle> {
        if let TableFactor::NestedJoin { table_with_joins, alias: None } = factor {
            return self.clause(table_with_joins);
        }
        let schema = self.schemas.get(&key(&self.scopes, factor)).ok_or(Obstacle::Unknown)?;
        let columns = schema.iter().map(|(relation, field)| {
            let name = field.name().clone();
            Visible { expr: column(relation, &name), name, shared: false }
        });
        Ok(columns.collect())
    }
}

fn same(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

fn last_name(name: &ObjectName) -> Option<String> {
    Some(name.0.last()?.as_ident()?.value.clone())
}

fn column(relation: Option<&TableReference>, name: &str) -> Expr {
    let ident = |text: &str| Ident::with_quote('`', text);
    match relation {
        None => Expr::Identifier(ident(name)),
        Some(relation) => {
            let parts = [relation.catalog(), relation.schema(), Some(relation.table()), Some(name)];
            Expr::CompoundIdentifier(parts.into_iter().flatten().map(ident).collect())
        }
    }
}

/// The only column of that name.
fn only<'v>(visible: &'v [Visible], name: &str, side: &str) -> Result<&'v Visible, Obstacle> {
    let found: Vec<_> = visible.iter().filter(|column| same(&column.name, name)).collect();
    match found.as_slice() {
        [column] => Ok(column),
        [] => {
            let mut names: Vec<_> = visible.iter().map(|column| quoted(&[&column.name])).collect();
            names.sort();
            Err(Obstacle::Error(Box::new(UNRESOLVED_USING_COLUMN_FOR_JOIN.error([
                ("colName", quoted(&[name])),
                ("side", side.to_owned()),
                ("suggestion", names.join(", ")),
            ]))))
        }
        _ => Err(Obstacle::Unknown),
    }
}

fn output_name(item: &SelectItem) -> Option<String> {
    match item {
        SelectItem::ExprWithAlias { alias, .. } => Some(alias.value.clone()),
        SelectItem::UnnamedExpr(Expr::Identifier(name)) => Some(name.value.clone()),
        SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts)) => parts.last().map(|name| name.value.clone()),
        _ => None,
    }
}

/// The item with `*` as the columns that it stands for, and a shared column under its own name.
fn written_out(item: SelectItem, visible: &[Visible]) -> Vec<SelectItem> {
    let named = |column: &Visible| match &column.expr {
        Expr::Function(_) => {
            SelectItem::ExprWithAlias { expr: column.expr.clone(), alias: Ident::with_quote('`', column.name.clone()) }
        }
        expr => SelectItem::UnnamedExpr(expr.clone()),
    };
    match item {
        SelectItem::Wildcard(options) if options.opt_rename.is_none() && options.opt_replace.is_none() => {
            let left_out = |column: &Visible| {
                options.opt_except.as_ref().is_some_and(|except| {
                    let mut names = std::iter::once(&except.first_element).chain(&except.additional_elements);
                    names.any(|name| same(&name.value, &column.name))
                })
            };
            visible.iter().filter(|column| !left_out(column)).map(named).collect()
        }
        SelectItem::UnnamedExpr(Expr::Identifier(name)) => match shared(&name, visible) {
            Some(column) => vec![SelectItem::ExprWithAlias { expr: column.expr.clone(), alias: name }],
            None => vec![SelectItem::UnnamedExpr(Expr::Identifier(name))],
        },
        item => vec![item],
    }
}

/// The shared column that a name without a qualifier means.
fn shared<'v>(name: &Ident, visible: &'v [Visible]) -> Option<&'v Visible> {
    match only(visible, &name.value, "") {
        Ok(column) if column.shared => Some(column),
        _ => None,
    }
}

fn qualify(expr: &mut Expr, visible: &[Visible]) {
    let _ = expr.visit(&mut Qualifier { visible, depth: 0 });
}

/// Replaces the names of shared columns, but not inside of sub-queries, whose own columns come first.
struct Qualifier<'v> {
    visible: &'v [Visible],
    depth: usize,
}

impl VisitorMut for Qualifier<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, _: &mut Query) -> ControlFlow<()> {
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &mut Query) -> ControlFlow<()> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if self.depth == 0
            && let Expr::Identifier(name) = expr
            && let Some(column) = shared(name, self.visible)
        {
            *expr = column.expr.clone();
        }
        ControlFlow::Continue(())
    }
}
