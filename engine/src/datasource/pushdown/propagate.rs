//! What an equality with a constant says about a filter's other conjuncts.

use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema};
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable, Operator};

use super::constants::has_subquery;
use super::normal::split;
use crate::session::coercion::is_comparison;

/// Replaces a column by its constant: `i = 1 and i = l` is `i = 1 and 1 = l`. That is done in each branch of an `OR` too, and below
/// `NOT`, where null differs from false, for columns that are never null.
pub(super) fn constants(conjuncts: &mut [Expr], schema: &DFSchema) {
    within(conjuncts, schema, true);
}

fn within(conjuncts: &mut [Expr], schema: &DFSchema, null_is_false: bool) {
    let known: Vec<(Expr, Column, Expr)> = conjuncts
        .iter()
        .filter_map(|conjunct| match conjunct {
            Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq | Operator::IsNotDistinctFrom, right }) => {
                match (left.as_ref(), right.as_ref()) {
                    (Expr::Column(column), literal @ Expr::Literal(..))
                        if null_is_false || !left.nullable(schema).unwrap_or(true) =>
                    {
                        Some((conjunct.clone(), column.clone(), literal.clone()))
                    }
                    _ => None,
                }
            }
            _ => None,
        })
        .collect();
    // Of several constants for one column the last counts: the others are compared with it.
    let constant = |column: &Column| known.iter().rfind(|(_, name, _)| name == column);
    let counts = |comparison: &BinaryExpr| {
        let equality = positive(comparison);
        known
            .iter()
            .any(|(known, column, _)| known == &equality && constant(column).is_some_and(|(last, ..)| last == known))
    };
    for conjunct in conjuncts {
        if has_subquery(conjunct).unwrap_or(true) {
            continue;
        }
        if let Some(propagated) = of_branches(conjunct, schema, null_is_false) {
            *conjunct = propagated;
        }
        let replaced = conjunct.clone().transform_down(|expr| match expr {
            // The equality itself stays, and so does its opposite.
            Expr::BinaryExpr(comparison) if counts(&comparison) => {
                Ok(Transformed::new(Expr::BinaryExpr(comparison), false, TreeNodeRecursion::Jump))
            }
            Expr::BinaryExpr(comparison) if is_comparison(comparison.op) => {
                let comparison = Expr::BinaryExpr(comparison).transform_up(|expr| {
                    Ok(match &expr {
                        Expr::Column(column) => match constant(column) {
                            Some((_, _, literal)) => Transformed::yes(literal.clone()),
                            None => Transformed::no(expr),
                        },
                        _ => Transformed::no(expr),
                    })
                })?;
                Ok(Transformed { tnr: TreeNodeRecursion::Jump, ..comparison })
            }
            expr => Ok(Transformed::no(expr)),
        });
        if let Ok(replaced) = replaced.data() {
            *conjunct = replaced;
        }
    }
}

/// The equality of which a comparison is the opposite, or the comparison itself.
fn positive(BinaryExpr { left, op, right }: &BinaryExpr) -> Expr {
    let op = match op {
        Operator::NotEq => Operator::Eq,
        Operator::IsDistinctFrom => Operator::IsNotDistinctFrom,
        op => *op,
    };
    Expr::BinaryExpr(BinaryExpr { left: left.clone(), op, right: right.clone() })
}

/// A conjunct with what its own branches say of each other.
fn of_branches(conjunct: &Expr, schema: &DFSchema, null_is_false: bool) -> Option<Expr> {
    let branch = |branch: &Expr, null_is_false| {
        let mut conjuncts = split(branch.clone());
        within(&mut conjuncts, schema, null_is_false);
        conjuncts.into_iter().reduce(Expr::and)
    };
    match conjunct {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) => {
            Some(branch(left, null_is_false)?.or(branch(right, null_is_false)?))
        }
        Expr::Not(child) => branch(child, false).map(|child| Expr::Not(Box::new(child))),
        _ => None,
    }
}
