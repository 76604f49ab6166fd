//! Prepares a plan for execution: what Spark means and DataFusion would evaluate otherwise. This comes after filters were
//! offered to readers, which must see the conditions as the user wrote them.

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::error::Result;
use datafusion::logical_expr::expr::{InList, Like};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::logical_plan::{Aggregate, Join};
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Between, BinaryExpr, Expr, ExprSchemable, LogicalPlan, Operator, binary_expr, lit};

use super::coercion::is_comparison;
use super::floats::{has_floats, normal_floats};
use super::functions::arithmetic;
use super::text_cast::Reading;
use super::{division, number_cast, text_cast};

/// The plan with expressions that DataFusion evaluates as Spark would. Names of output columns stay as they are.
pub(super) fn lower(plan: LogicalPlan, reading: &Reading) -> Result<LogicalPlan> {
    let lowered = plan.transform_up_with_subqueries(|plan| {
        if matches!(plan, LogicalPlan::Limit(_) | LogicalPlan::TableScan(_)) {
            return Ok(Transformed::no(plan));
        }
        let names = NamePreserver::new(&plan);
        let schema = merge_schema(&plan.inputs());
        let rewritten = plan.map_expressions(|expr| {
            let name = names.save(&expr);
            let lowered = expr.transform_up(|expr| {
                text_cast::rewrite(expr, &schema, reading)?.transform_data(|expr| rewrite(expr, &schema, reading.ansi))
            })?;
            Ok(lowered.update_data(|expr| name.restore(expr)))
        })?;
        rewritten.transform_data(keys)
    })?;
    Ok(lowered.data)
}

fn normal(expr: Expr, schema: &DFSchema) -> Result<Expr> {
    Ok(if has_floats(&expr.get_type(schema)?) { normal_floats(expr) } else { expr })
}

fn rewrite(expr: Expr, schema: &DFSchema, ansi: bool) -> Result<Transformed<Expr>> {
    let checked = match &expr {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) if ansi => {
            arithmetic::checked(left, &left.get_type(schema)?, *op, right, &right.get_type(schema)?)
        }
        Expr::Negative(inner) if ansi => arithmetic::checked_negation(inner, &inner.get_type(schema)?),
        Expr::Cast(_) | Expr::TryCast(_) => number_cast::rewrite(&expr, schema, ansi)?,
        _ => None,
    };
    if let Some(checked) = checked {
        return Ok(Transformed::yes(checked));
    }
    Ok(match expr {
        Expr::BinaryExpr(BinaryExpr { left, op, right })
            if is_comparison(op) && (has_floats(&left.get_type(schema)?) || has_floats(&right.get_type(schema)?)) =>
        {
            Transformed::yes(binary_expr(normal(*left, schema)?, op, normal(*right, schema)?))
        }
        Expr::InList(among) => return in_list(among, schema),
        Expr::Between(Between { expr, negated, low, high }) if has_floats(&expr.get_type(schema)?) => {
            let bounds = (Box::new(normal(*low, schema)?), Box::new(normal(*high, schema)?));
            Transformed::yes(Expr::Between(Between::new(Box::new(normal(*expr, schema)?), negated, bounds.0, bounds.1)))
        }
        // Arrow's patterns know no other escape than the backslash.
        Expr::Like(Like { negated, expr, pattern, escape_char: Some(escape), case_insensitive }) if escape != '\\' => {
            let Expr::Literal(text, _) = pattern.as_ref() else {
                let like = Like { negated, expr, pattern, escape_char: Some(escape), case_insensitive };
                return Ok(Transformed::no(Expr::Like(like)));
            };
            let pattern = Box::new(lit(backslashed(text.try_as_str().flatten().unwrap_or_default(), escape)));
            Transformed::yes(Expr::Like(Like { negated, expr, pattern, escape_char: None, case_insensitive }))
        }
        // A division is not even tried for a row that the left side decides.
        Expr::BinaryExpr(BinaryExpr { left, op: op @ (Operator::And | Operator::Or), right })
            if division::may_fail(&right)? =>
        {
            let open = if op == Operator::And { left.clone().is_not_false() } else { left.clone().is_not_true() };
            Transformed::yes(binary_expr(*left, op, division::only_where(*right, &open)?))
        }
        expr => Transformed::no(expr),
    })
}

/// Membership as DataFusion evaluates it rightly. It takes a null among binary values for one that nothing equals, and joins lists
/// by their expressions, so that `a IN (b) AND a IN (c)` would never hold: it gets lists of literals alone.
fn in_list(among: InList, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let InList { expr, list, negated } = among;
    let floats = has_floats(&expr.get_type(schema)?);
    let (nulls, values): (Vec<_>, Vec<_>) = list.into_iter().partition(is_null);
    let values = values.into_iter().map(|value| if floats { normal(value, schema) } else { Ok(value) });
    let values = values.collect::<Result<Vec<_>>>()?;
    let expr = if floats { normal(*expr, schema)? } else { *expr };
    // What differs at each evaluation is evaluated once.
    let (literals, computed): (Vec<_>, Vec<_>) =
        values.into_iter().partition(|value| expr.is_volatile() || matches!(value, Expr::Literal(..)));
    if nulls.is_empty() && computed.is_empty() {
        let among = Expr::InList(InList::new(Box::new(expr), literals, negated));
        return Ok(if floats { Transformed::yes(among) } else { Transformed::no(among) });
    }
    let (one, join): (_, fn(Expr, Expr) -> Expr) =
        if negated { (Operator::NotEq, Expr::and) } else { (Operator::Eq, Expr::or) };
    let mut parts: Vec<_> = computed.into_iter().map(|value| binary_expr(expr.clone(), one, value)).collect();
    if !literals.is_empty() {
        parts.insert(0, Expr::InList(InList::new(Box::new(expr), literals, negated)));
    }
    if !nulls.is_empty() {
        parts.push(Expr::Literal(ScalarValue::Boolean(None), None));
    }
    Ok(Transformed::yes(parts.into_iter().reduce(join).unwrap_or_else(|| lit(negated))))
}

fn is_null(expr: &Expr) -> bool {
    matches!(expr, Expr::Literal(value, _) if value.is_null())
}

fn backslashed(pattern: &str, escape: char) -> String {
    let mut text = String::with_capacity(pattern.len());
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => text.push_str("\\\\"),
            character if character == escape => {
                text.push('\\');
                text.extend(characters.next());
            }
            character => text.push(character),
        }
    }
    text
}

/// Keys of groups and joins. The value of a group is the normal one in Spark too.
fn keys(plan: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    match plan {
        LogicalPlan::Aggregate(Aggregate { input, group_expr, aggr_expr, schema, .. }) => {
            let mut changed = false;
            let group_expr = group_expr
                .into_iter()
                .map(|key| {
                    let floats = !matches!(key, Expr::GroupingSet(_)) && has_floats(&key.get_type(input.schema())?);
                    changed |= floats;
                    if !floats {
                        return Ok(key);
                    }
                    let (relation, name) = key.qualified_name();
                    Ok(normal_floats(key.unalias()).alias_qualified(relation, name))
                })
                .collect::<Result<Vec<_>>>()?;
            let aggregate = Aggregate::try_new_with_schema(input, group_expr, aggr_expr, schema)?;
            Ok(Transformed::new(
                LogicalPlan::Aggregate(aggregate),
                changed,
                datafusion::common::tree_node::TreeNodeRecursion::Continue,
            ))
        }
        LogicalPlan::Join(Join {
            left,
            right,
            on,
            filter,
            join_type,
            join_constraint,
            schema,
            null_equality,
            null_aware,
        }) => {
            let on = on
                .into_iter()
                .map(|(one, other)| Ok((normal(one, left.schema())?, normal(other, right.schema())?)))
                .collect::<Result<_>>()?;
            let join = Join { left, right, on, filter, join_type, join_constraint, schema, null_equality, null_aware };
            Ok(Transformed::yes(LogicalPlan::Join(join)))
        }
        LogicalPlan::Distinct(datafusion::logical_expr::Distinct::All(input))
            if input.schema().fields().iter().any(|field| has_floats(field.data_type())) =>
        {
            let columns = input
                .schema()
                .columns()
                .into_iter()
                .map(|column| {
                    let (relation, name) = (column.relation.clone(), column.name.clone());
                    let column = Expr::Column(column);
                    let floats = has_floats(&column.get_type(input.schema())?);
                    Ok(if floats { normal_floats(column).alias_qualified(relation, name) } else { column })
                })
                .collect::<Result<Vec<_>>>()?;
            let projection = datafusion::logical_expr::Projection::try_new(columns, input)?;
            let input = Arc::new(LogicalPlan::Projection(projection));
            Ok(Transformed::yes(LogicalPlan::Distinct(datafusion::logical_expr::Distinct::All(input))))
        }
        plan => Ok(Transformed::no(plan)),
    }
}
