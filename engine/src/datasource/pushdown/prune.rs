//! Leaves columns out that nobody reads and that are not deterministic. Conditions could not pass below them, and Catalyst prunes
//! all columns before it moves conditions.

use std::collections::HashSet;

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, Result};
use datafusion::logical_expr::logical_plan::Projection;
use datafusion::logical_expr::{Expr, LogicalPlan};

use super::constants::{has_subquery, is_deterministic};

/// The plan without such columns; its own columns stay.
pub(super) fn prune(plan: LogicalPlan) -> Result<LogicalPlan> {
    within(plan, None)
}

/// `needed` are the columns that are read of the plan, none if all are.
fn within(plan: LogicalPlan, needed: Option<HashSet<Column>>) -> Result<LogicalPlan> {
    let plan = plan.map_subqueries(|subquery| Ok(Transformed::yes(within(subquery, None)?)))?.data;
    let below = match &plan {
        LogicalPlan::Projection(projection) => return projected(projection, needed),
        LogicalPlan::SubqueryAlias(alias) => needed.map(|needed| {
            let names = alias.schema.columns().into_iter().zip(alias.input.schema().columns());
            names.filter_map(|(name, inner)| needed.contains(&name).then_some(inner)).collect()
        }),
        LogicalPlan::Filter(_) | LogicalPlan::Sort(_) | LogicalPlan::Join(_) => {
            match (needed, read(&plan.expressions())?) {
                (Some(mut needed), Some(read)) => {
                    needed.extend(read);
                    Some(needed)
                }
                _ => None,
            }
        }
        LogicalPlan::Aggregate(_) => read(&plan.expressions())?,
        _ => None,
    };
    let changed = plan.map_children(|child| {
        let columns = child.schema().fields().len();
        let child = within(child, below.clone())?;
        let changed = child.schema().fields().len() != columns;
        Ok(Transformed::new_transformed(child, changed))
    })?;
    // Only what lost a column changes its schema.
    if changed.transformed { changed.data.recompute_schema() } else { Ok(changed.data) }
}

fn projected(projection: &Projection, needed: Option<HashSet<Column>>) -> Result<LogicalPlan> {
    let columns = projection.schema.columns().into_iter().zip(&projection.expr);
    let kept = columns.filter(|(column, expr)| {
        is_deterministic(expr) || needed.as_ref().is_none_or(|needed| needed.contains(column))
    });
    let mut kept: Vec<Expr> = kept.map(|(_, expr)| expr.clone()).collect();
    // Something must stay, if only to count it.
    if kept.is_empty() {
        kept.clone_from(&projection.expr);
    }
    let input = within(projection.input.as_ref().clone(), read(&kept)?)?;
    if kept.len() == projection.expr.len() {
        let same = Projection::try_new_with_schema(kept, input.into(), projection.schema.clone())?;
        return Ok(LogicalPlan::Projection(same));
    }
    Ok(LogicalPlan::Projection(Projection::try_new(kept, input.into())?))
}

/// The columns that expressions read; none if it can't be told, as of queries within them.
fn read(exprs: &[Expr]) -> Result<Option<HashSet<Column>>> {
    let mut columns = HashSet::new();
    for expr in exprs {
        if has_subquery(expr)? {
            return Ok(None);
        }
        columns.extend(expr.column_refs().into_iter().cloned());
    }
    Ok(Some(columns))
}
