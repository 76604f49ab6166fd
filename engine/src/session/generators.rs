//! Generators: `LATERAL VIEW explode(…) t AS x`, and `explode(…)` in a select list.
//!
//! DataFusion's planner knows neither. Before a statement is planned, [`prepare`] moves each generator into the `FROM` clause, in
//! the form of a `PIVOT` (which is no other way used), and [`GeneratorPlanner`] plans that form: the relation, its generated rows
//! beside it.

use std::ops::ControlFlow;
use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::{Column, NullHandling, TableReference, UnnestOptions};
use datafusion::error::{DataFusionError, Result};
use datafusion::functions::core::expr_fn::get_field;
use datafusion::logical_expr::logical_plan::Unnest;
use datafusion::logical_expr::planner::{PlannedRelation, RelationPlanner, RelationPlannerContext, RelationPlanning};
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder};
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{
    self, Expr as SqlExpr, ExprWithAlias, GroupByExpr, Ident, JoinConstraint, JoinOperator, ObjectName,
    PivotValueSource, Select, SelectItem, SelectItemQualifiedWildcardKind, TableAlias, TableFactor, TableWithJoins,
    VisitMut, VisitorMut, WildcardAdditionalOptions,
};

use super::dialect::arguments;
use super::functions::generated;
use super::syntax;
use crate::error::{ExceptionClass, SparkError};

/// The relations of generators in a select list, with a number behind.
const GENERATED: &str = "__generated";
/// The relation of a query without `FROM`: one row.
const ONE_ROW: &str = "__one_row";
/// The column of generated values, and that of their positions, until they have their names.
const VALUE: &str = "__generated_value";
const POSITION: &str = "__generated_position";

/// Moves the generators of a statement into its `FROM` clauses.
///
/// # Errors
/// Where a generator stands that is not supported there.
pub(super) fn prepare(statement: &mut Statement) -> Result<(), SparkError> {
    let Statement::Statement(ast) = statement else { return Ok(()) };
    let mut preparation = Preparation { error: None };
    let _ = VisitMut::visit(ast.as_mut(), &mut preparation);
    preparation.error.map_or(Ok(()), Err)
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Generator {
    positions: bool,
    inline: bool,
    outer: bool,
}

impl Generator {
    fn of(function: &ast::Function) -> Option<Self> {
        let [ast::ObjectNamePart::Identifier(name)] = function.name.0.as_slice() else { return None };
        let name = name.value.to_lowercase();
        let (base, outer) = match name.strip_suffix("_outer") {
            Some(base) => (base, true),
            None => (name.as_str(), false),
        };
        let (positions, inline) = match base {
            "explode" => (false, false),
            "posexplode" => (true, false),
            "inline" => (false, true),
            _ => return None,
        };
        Some(Self { positions, inline, outer })
    }
}

/// Whether a call is one of a generator.
pub(super) fn is_generator(function: &ast::Function) -> bool {
    let name = function.name.0.last().and_then(|part| part.as_ident()).map(|name| name.value.to_lowercase());
    // These become others before they get here.
    Generator::of(function).is_some() || matches!(name.as_deref(), Some("stack" | "json_tuple"))
}

struct Preparation {
    error: Option<SparkError>,
}

impl VisitorMut for Preparation {
    type Break = ();

    fn post_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        if self.error.is_none()
            && let Err(error) = in_select(select)
        {
            self.error = Some(error);
        }
        ControlFlow::Continue(())
    }
}

fn in_select(select: &mut Select) -> Result<(), SparkError> {
    laterals(select);
    for view in std::mem::take(&mut select.lateral_views) {
        let SqlExpr::Function(mut generator) = view.lateral_view else {
            return super::statement::unsupported("a LATERAL VIEW of anything but a function");
        };
        if Generator::of(&generator).is_none() {
            return super::statement::unsupported(&format!("LATERAL VIEW {}", generator.name));
        }
        if view.outer && Generator::of(&generator).is_some_and(|generator| !generator.outer) {
            let name = format!("{}_outer", generator.name);
            generator.name = ObjectName::from(vec![Ident::new(name)]);
        }
        let name = view.lateral_view_name.0.last().and_then(|part| part.as_ident()).cloned();
        // Spark's parser takes the first name for the table's, the rest for the columns'.
        let name = name.unwrap_or_else(|| Ident::new(GENERATED));
        let factor =
            generating(relation(std::mem::take(&mut select.from)), generator, name, view.lateral_col_alias, None);
        select.from = vec![TableWithJoins { relation: factor, joins: Vec::new() }];
    }
    in_projection(select)
}

/// `FROM t, LATERAL explode(t.a) AS x(c)` and `FROM t, LATERAL (SELECT t.a + 1 AS b) x`, with the rows of what stands before it.
fn laterals(select: &mut Select) {
    let mut done: Vec<TableWithJoins> = Vec::new();
    for part in std::mem::take(&mut select.from) {
        let TableWithJoins { relation: first, joins } = part;
        let mut current = match lateral(&first, false) {
            Some((call, name, columns)) => {
                let before = std::mem::take(&mut done);
                TableWithJoins { relation: generating(relation(before), call, name, columns, None), joins: Vec::new() }
            }
            None => TableWithJoins { relation: first, joins: Vec::new() },
        };
        for join in joins {
            let always = |constraint: &JoinConstraint| match constraint {
                JoinConstraint::None => true,
                JoinConstraint::On(SqlExpr::Value(value)) => value.value == ast::Value::Boolean(true),
                _ => false,
            };
            let outer = match &join.join_operator {
                JoinOperator::Join(constraint) | JoinOperator::Inner(constraint) if always(constraint) => Some(false),
                JoinOperator::CrossJoin(_) => Some(false),
                JoinOperator::Left(constraint) | JoinOperator::LeftOuter(constraint) if always(constraint) => {
                    Some(true)
                }
                _ => None,
            };
            match outer.and_then(|outer| lateral(&join.relation, outer)) {
                Some((call, name, columns)) => {
                    let before = relation(vec![current]);
                    current =
                        TableWithJoins { relation: generating(before, call, name, columns, None), joins: Vec::new() };
                }
                None => current.joins.push(join),
            }
        }
        done.push(current);
    }
    select.from = done;
}

/// The generator that a lateral relation is, with the names of the relation and its columns.
fn lateral(factor: &TableFactor, outer: bool) -> Option<(ast::Function, Ident, Vec<Ident>)> {
    let (call, alias) = match factor {
        TableFactor::Function { lateral: true, name, args, alias, .. } => {
            let arguments: Option<Vec<SqlExpr>> = args
                .iter()
                .map(|argument| match argument {
                    ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(expr)) => Some(expr.clone()),
                    _ => None,
                })
                .collect();
            let name = name.0.last()?.as_ident()?.value.to_lowercase();
            (super::dialect::call(&name, arguments?), alias)
        }
        TableFactor::Derived { lateral: true, subquery, alias, .. } => (of_one_row(subquery)?, alias),
        _ => return None,
    };
    let SqlExpr::Function(mut call) = call else { return None };
    let generator = Generator::of(&call)?;
    if outer && !generator.outer {
        call.name = ObjectName::from(vec![Ident::new(format!("{}_outer", call.name))]);
    }
    let alias = alias.as_ref();
    let name = alias.map_or_else(|| Ident::new(GENERATED), |alias| alias.name.clone());
    let columns = alias.map(|alias| alias.columns.iter().map(|column| column.name.clone()).collect());
    Some((call, name, columns.unwrap_or_default()))
}

/// `SELECT a AS x, b AS y` of no relation: an array of one struct.
fn of_one_row(query: &ast::Query) -> Option<SqlExpr> {
    let ast::SetExpr::Select(select) = query.body.as_ref() else { return None };
    let plain = select.from.is_empty()
        && select.selection.is_none()
        && select.having.is_none()
        && select.distinct.is_none()
        && query.limit_clause.is_none()
        && query.with.is_none();
    if !plain {
        return None;
    }
    let mut fields = Vec::new();
    for item in &select.projection {
        let (name, expr) = match item {
            SelectItem::ExprWithAlias { expr, alias } => (alias.value.clone(), expr.clone()),
            SelectItem::UnnamedExpr(SqlExpr::Identifier(ident)) => {
                (ident.value.clone(), SqlExpr::Identifier(ident.clone()))
            }
            SelectItem::UnnamedExpr(SqlExpr::CompoundIdentifier(parts)) => {
                (parts.last()?.value.clone(), SqlExpr::CompoundIdentifier(parts.clone()))
            }
            _ => return None,
        };
        fields.extend([SqlExpr::Value(ast::Value::SingleQuotedString(name).into()), expr]);
    }
    let row = super::dialect::call("named_struct", fields);
    Some(super::dialect::call("inline", vec![super::dialect::call("make_array", vec![row])]))
}

fn generator_of(expr: &SqlExpr) -> Option<&ast::Function> {
    match expr {
        SqlExpr::Function(function) if function.over.is_none() => Generator::of(function).map(|_| function),
        _ => None,
    }
}

/// `SELECT explode(a)`: the generator works on the rows that the query's condition leaves.
fn in_projection(select: &mut Select) -> Result<(), SparkError> {
    let generators: Vec<(ast::Function, Vec<Ident>)> = select
        .projection
        .iter()
        .filter_map(|item| match item {
            SelectItem::UnnamedExpr(expr) => generator_of(expr).map(|call| (call.clone(), Vec::new())),
            SelectItem::ExprWithAlias { expr, alias } => {
                generator_of(expr).map(|call| (call.clone(), vec![alias.clone()]))
            }
            SelectItem::ExprWithAliases { expr, aliases } => {
                generator_of(expr).map(|call| (call.clone(), aliases.clone()))
            }
            _ => None,
        })
        .collect();
    if generators.is_empty() {
        return Ok(());
    }
    let grouped = !matches!(&select.group_by, GroupByExpr::Expressions(keys, modifiers) if keys.is_empty() && modifiers.is_empty());
    if grouped || select.having.is_some() {
        return super::statement::unsupported("a generator in the select list of an aggregation");
    }
    let names = relation_names(&select.from);
    let mut projection = Vec::with_capacity(select.projection.len());
    let mut relations = (0..generators.len()).map(|index| Ident::new(format!("{GENERATED}_{index}")));
    for item in std::mem::take(&mut select.projection) {
        match item {
            SelectItem::Wildcard(options) => {
                let Some(names) = &names else {
                    return super::statement::unsupported("* beside a generator and a relation without a name");
                };
                let all = names.iter().map(|name| {
                    SelectItem::QualifiedWildcard(
                        SelectItemQualifiedWildcardKind::ObjectName(name.clone()),
                        options.clone(),
                    )
                });
                projection.extend(all);
            }
            SelectItem::UnnamedExpr(ref expr)
            | SelectItem::ExprWithAlias { ref expr, .. }
            | SelectItem::ExprWithAliases { ref expr, .. }
                if generator_of(expr).is_some() =>
            {
                let name = ObjectName::from(relations.next().into_iter().collect::<Vec<_>>());
                projection.push(SelectItem::QualifiedWildcard(
                    SelectItemQualifiedWildcardKind::ObjectName(name),
                    WildcardAdditionalOptions::default(),
                ));
            }
            item => projection.push(item),
        }
    }
    select.projection = projection;
    let mut factor = relation(std::mem::take(&mut select.from));
    // Each works on the rows of those before it.
    let mut condition = select.selection.take();
    for (index, (generator, aliases)) in generators.into_iter().enumerate() {
        let name = Ident::new(format!("{GENERATED}_{index}"));
        factor = generating(factor, generator, name, aliases, condition.take());
    }
    select.from = vec![TableWithJoins { relation: factor, joins: Vec::new() }];
    Ok(())
}

/// The names by which the relations of a `FROM` clause are qualified, if all have one.
fn relation_names(from: &[TableWithJoins]) -> Option<Vec<ObjectName>> {
    let factors = from
        .iter()
        .flat_map(|part| std::iter::once(&part.relation).chain(part.joins.iter().map(|join| &join.relation)));
    factors.map(factor_name).collect()
}

fn factor_name(factor: &TableFactor) -> Option<ObjectName> {
    let alias = |alias: &TableAlias| ObjectName::from(vec![alias.name.clone()]);
    match factor {
        TableFactor::Table { alias: Some(name), .. }
        | TableFactor::Derived { alias: Some(name), .. }
        | TableFactor::NestedJoin { alias: Some(name), .. } => Some(alias(name)),
        TableFactor::Table { name, .. } => Some(name.clone()),
        _ => None,
    }
}

/// The whole `FROM` clause as one relation.
fn relation(mut from: Vec<TableWithJoins>) -> TableFactor {
    let nested = |part: TableWithJoins| {
        if part.joins.is_empty() {
            return part.relation;
        }
        TableFactor::NestedJoin { table_with_joins: Box::new(part), alias: None }
    };
    if from.is_empty() {
        return syntax::table(Ident::new(ONE_ROW));
    }
    let first = nested(from.remove(0));
    if from.is_empty() {
        return first;
    }
    let joins = from.into_iter().map(|part| ast::Join {
        relation: nested(part),
        global: false,
        join_operator: JoinOperator::CrossJoin(JoinConstraint::None),
    });
    let joins = joins.collect();
    TableFactor::NestedJoin { table_with_joins: Box::new(TableWithJoins { relation: first, joins }), alias: None }
}

fn generating(
    table: TableFactor,
    generator: ast::Function,
    name: Ident,
    columns: Vec<Ident>,
    condition: Option<SqlExpr>,
) -> TableFactor {
    TableFactor::Pivot {
        table: Box::new(table),
        aggregate_functions: vec![ExprWithAlias { expr: SqlExpr::Function(generator), alias: None }],
        value_column: columns.into_iter().map(SqlExpr::Identifier).collect(),
        value_source: PivotValueSource::List(Vec::new()),
        default_on_null: condition,
        alias: Some(TableAlias { explicit: true, name, columns: Vec::new(), at: None }),
    }
}

/// Plans relations with generated rows.
#[derive(Debug)]
pub(super) struct GeneratorPlanner;

impl RelationPlanner for GeneratorPlanner {
    fn plan_relation(
        &self,
        relation: TableFactor,
        context: &mut dyn RelationPlannerContext,
    ) -> Result<RelationPlanning> {
        let original = |relation| Ok(RelationPlanning::Original(Box::new(relation)));
        let parts = match &relation {
            TableFactor::Pivot { aggregate_functions, alias: Some(alias), .. } => {
                match aggregate_functions.as_slice() {
                    [ExprWithAlias { expr: SqlExpr::Function(call), .. }] => {
                        Generator::of(call).map(|generator| (generator, call.clone(), alias.name.value.clone()))
                    }
                    _ => None,
                }
            }
            _ => None,
        };
        let Some((generator, call, name)) = parts else { return original(relation) };
        let TableFactor::Pivot { table, value_column, default_on_null: condition, .. } = relation else {
            return original(relation);
        };
        let columns = value_column.into_iter().filter_map(|column| match column {
            SqlExpr::Identifier(name) => Some(name.value),
            _ => None,
        });
        let columns: Vec<String> = columns.collect();
        let mut input = match table.as_ref() {
            TableFactor::Table { name, .. } if name.to_string() == ONE_ROW => {
                LogicalPlanBuilder::empty(true).build()?
            }
            _ => context.plan(*table)?,
        };
        if let Some(condition) = condition {
            let condition = context.sql_to_expr(condition, input.schema())?;
            input = LogicalPlanBuilder::from(input).filter(condition)?.build()?;
        }
        let [argument] = <[SqlExpr; 1]>::try_from(arguments(&call.args).unwrap_or_default())
            .map_err(|_| DataFusionError::Plan(format!("{} takes one argument", call.name)))?;
        let argument = context.sql_to_expr(argument, input.schema())?;
        let plan = generate(input, argument, generator, &name, columns)?;
        Ok(RelationPlanning::Planned(Box::new(PlannedRelation::new(plan, None))))
    }
}

/// The input with the generated columns, qualified by the relation's name, beside each row.
fn generate(
    input: LogicalPlan,
    argument: Expr,
    generator: Generator,
    name: &str,
    columns: Vec<String>,
) -> Result<LogicalPlan> {
    let (list, nullable) = match argument.get_type(input.schema())? {
        DataType::List(element) => {
            // DataFusion says of each array that it makes that it may hold nulls.
            let may_be_null = match &argument {
                Expr::ScalarFunction(made) if made.name() == "make_array" => {
                    let mut nullable = made.args.iter().map(|element| element.nullable(input.schema()));
                    nullable.try_fold(false, |any, nullable| Ok::<_, DataFusionError>(any || nullable?))?
                }
                _ => element.is_nullable(),
            };
            (argument, may_be_null)
        }
        DataType::Map(..) if !generator.inline => (generated::entries(argument), false),
        other => return datafusion::common::plan_err!("a generator of {other}, which is neither an array nor a map"),
    };
    let DataType::List(element) = list.get_type(input.schema())? else {
        return datafusion::common::internal_err!("entries of a map that are no array");
    };
    let is_map = matches!(&list, Expr::ScalarFunction(call) if call.name() == generated::ENTRIES);
    let own: Vec<Expr> = input.schema().columns().into_iter().map(Expr::Column).collect();
    let mut below = own.clone();
    let mut unnested = vec![Column::from_name(VALUE)];
    if generator.positions {
        below.push(generated::positions(list.clone()).alias(POSITION));
        unnested.push(Column::from_name(POSITION));
    }
    below.push(list.alias(VALUE));
    let below = LogicalPlanBuilder::from(input).project(below)?.build()?;
    let nulls = if generator.outer { NullHandling::PreserveAndExpandEmpty } else { NullHandling::Drop };
    let options = UnnestOptions::new().with_null_handling(nulls);
    let rows = LogicalPlan::Unnest(Unnest::try_new(Arc::new(below), unnested, options)?);

    let value = || Expr::Column(Column::from_name(VALUE));
    let mut values: Vec<(String, Expr)> = Vec::new();
    if generator.positions {
        let position = Expr::Column(Column::from_name(POSITION));
        values.push(("pos".to_owned(), generated::element(position, generator.outer)));
    }
    match element.data_type() {
        DataType::Struct(fields) if is_map || generator.inline => values.extend(fields.iter().map(|field| {
            let nullable = generator.outer || nullable || field.is_nullable();
            (field.name().clone(), generated::element(get_field(value(), field.name().as_str()), nullable))
        })),
        _ if generator.inline => return datafusion::common::plan_err!("inline of an array without structs"),
        _ => values.push(("col".to_owned(), generated::element(value(), generator.outer || nullable))),
    }
    if !columns.is_empty() && columns.len() != values.len() {
        return Err(SparkError::plain(
            ExceptionClass::Analysis,
            format!("The generator makes {} columns, and {} names are given.", values.len(), columns.len()),
        )
        .into());
    }
    let relation = TableReference::bare(name);
    let named = values.into_iter().enumerate().map(|(index, (default, value))| {
        let name = columns.get(index).cloned().unwrap_or(default);
        value.alias_qualified(Some(relation.clone()), name)
    });
    LogicalPlanBuilder::from(rows).project(own.into_iter().chain(named))?.build()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use datafusion::prelude::SessionContext;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("SELECT x FROM t LATERAL VIEW explode(a) v AS x", "SELECT x FROM t PIVOT(explode(a) FOR x IN ()) AS v")]
    #[case(
        "SELECT explode(a) AS x FROM t WHERE b",
        "SELECT __generated_0.* FROM t PIVOT(explode(a) FOR x IN () DEFAULT ON NULL (b)) AS __generated_0"
    )]
    #[case("SELECT array(1) FROM t", "SELECT array(1) FROM t")]
    fn a_generator_moves_into_from(#[case] query: &str, #[case] expected: &str) {
        let dialect = datafusion::config::Dialect::Spark;
        let mut statement = SessionContext::new().state().sql_to_statement(query, &dialect).unwrap();
        prepare(&mut statement).unwrap();
        assert_eq!(statement.to_string(), expected);
    }
}
