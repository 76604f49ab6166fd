//! What an equality with a constant says about a filter's other conjuncts.

use datafusion::common::Column;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::{BinaryExpr, Expr, Operator};

use super::constants::has_subquery;
use crate::session::coercion::is_comparison;

/// Replaces a column by its constant: `i = 1 and i = l` is `i = 1 and 1 = l`.
pub(super) fn constants(conjuncts: &mut [Expr]) {
    let known: Vec<(usize, Column, Expr)> = conjuncts
        .iter()
        .enumerate()
        .filter_map(|(index, conjunct)| match conjunct {
            Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq | Operator::IsNotDistinctFrom, right }) => {
                match (left.as_ref(), right.as_ref()) {
                    (Expr::Column(column), literal @ Expr::Literal(..)) => {
                        Some((index, column.clone(), literal.clone()))
                    }
                    _ => None,
                }
            }
            _ => None,
        })
        .collect();
    for (index, conjunct) in conjuncts.iter_mut().enumerate() {
        if has_subquery(conjunct).unwrap_or(true) {
            continue;
        }
        // Of several constants for one column the last counts: the others are compared with it.
        let constant = |column: &Column| {
            let found = known.iter().rfind(|(_, name, _)| name == column)?;
            (found.0 != index).then(|| found.2.clone())
        };
        let replaced = conjunct.clone().transform_down(|expr| match expr {
            Expr::BinaryExpr(comparison) if is_comparison(comparison.op) => {
                let comparison = Expr::BinaryExpr(comparison).transform_up(|expr| {
                    Ok(match &expr {
                        Expr::Column(column) => match constant(column) {
                            Some(literal) => Transformed::yes(literal),
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
