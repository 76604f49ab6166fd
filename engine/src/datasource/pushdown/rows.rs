//! Rows of constants, such as `VALUES (1), (2)`, and what a filter leaves of them: a scalar query over none is null.

use std::collections::HashMap;

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, Result, ScalarValue};
use datafusion::logical_expr::logical_plan::EmptyRelation;
use datafusion::logical_expr::{Expr, FetchType, LogicalPlan};

use super::constants::has_subquery;
use super::normal::Normaliser;

type Row = HashMap<Column, Expr>;

/// The rows of a plan over constants alone; none of any other.
pub(super) fn of(plan: &LogicalPlan, normaliser: &Normaliser) -> Result<Option<Vec<Row>>> {
    let row = |values: &[Expr]| -> Row { plan.schema().columns().into_iter().zip(values.iter().cloned()).collect() };
    Ok(match plan {
        LogicalPlan::EmptyRelation(EmptyRelation { produce_one_row, .. }) => {
            Some(if *produce_one_row { vec![Row::new()] } else { Vec::new() })
        }
        LogicalPlan::Values(values) => {
            let plain = |values: &Vec<Expr>| -> Vec<Expr> {
                values.iter().map(|value| value.clone().unalias_nested().data).collect()
            };
            Some(values.values.iter().map(|values| row(&plain(values))).collect())
        }
        LogicalPlan::SubqueryAlias(alias) => of(&alias.input, normaliser)?.map(|rows| {
            let columns = alias.input.schema().columns();
            let values = rows.iter().map(|known| columns.iter().filter_map(|name| known.get(name).cloned()).collect());
            values.map(|values: Vec<Expr>| row(&values)).collect()
        }),
        LogicalPlan::Projection(projection) => {
            let Some(rows) = of(&projection.input, normaliser)? else { return Ok(None) };
            let computed = rows.iter().map(|known| {
                let values = projection.expr.iter().map(|expr| with(expr.clone().unalias_nested().data, known));
                Ok(row(&values.collect::<Result<Vec<_>>>()?))
            });
            Some(computed.collect::<Result<_>>()?)
        }
        LogicalPlan::Filter(filter) => {
            let Some(rows) = of(&filter.input, normaliser)? else { return Ok(None) };
            if has_subquery(&filter.predicate)? {
                return Ok(None);
            }
            let mut passing = Vec::with_capacity(rows.len());
            for known in rows {
                match normaliser.fold(with(filter.predicate.clone(), &known)?) {
                    Expr::Literal(ScalarValue::Boolean(Some(true)), _) => passing.push(known),
                    Expr::Literal(..) => {}
                    _ => return Ok(None),
                }
            }
            Some(passing)
        }
        LogicalPlan::Limit(limit) if matches!(limit.get_fetch_type(), Ok(FetchType::Literal(Some(0)))) => {
            Some(Vec::new())
        }
        _ => None,
    })
}

fn with(expr: Expr, row: &Row) -> Result<Expr> {
    let replaced = expr.transform_up(|expr| {
        Ok(match &expr {
            Expr::Column(column) => match row.get(column) {
                Some(value) => Transformed::yes(value.clone()),
                None => Transformed::no(expr),
            },
            _ => Transformed::no(expr),
        })
    })?;
    Ok(replaced.data)
}
