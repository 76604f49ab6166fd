//! Folds what depends on no column into literals, before anything else looks at a condition.

use std::sync::Arc;

use datafusion::common::DFSchema;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::config::ConfigOptions;
use datafusion::error::Result;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{Expr, Volatility};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;

/// Evaluates constant expressions as of one moment: that of the query's planning.
pub(super) struct ConstantFolder {
    simplifier: ExprSimplifier,
}

impl ConstantFolder {
    pub(super) fn new(options: Arc<ConfigOptions>) -> Self {
        let context = SimplifyContext::builder().with_config_options(options).with_current_time().build();
        Self { simplifier: ExprSimplifier::new(context) }
    }

    /// The literal that the expression is; the expression itself if it is no constant, or fails (as it will when it runs).
    pub(super) fn fold(&self, expr: Expr) -> Expr {
        if matches!(expr, Expr::Literal(..)) || !is_constant(&expr) {
            return expr;
        }
        match self.simplifier.coerce(expr.clone(), &DFSchema::empty()).and_then(|expr| self.simplifier.simplify(expr)) {
            Ok(literal @ Expr::Literal(..)) => literal,
            Ok(_) | Err(_) => expr,
        }
    }
}

/// Whether the expression has one value for the whole query.
pub(crate) fn is_constant(expr: &Expr) -> bool {
    let mut constant = true;
    let visited = expr.apply(|node| {
        constant = match node {
            Expr::ScalarFunction(call) => call.func.signature().volatility != Volatility::Volatile,
            Expr::Literal(..)
            | Expr::BinaryExpr(_)
            | Expr::Like(_)
            | Expr::SimilarTo(_)
            | Expr::Not(_)
            | Expr::IsNull(_)
            | Expr::IsNotNull(_)
            | Expr::IsTrue(_)
            | Expr::IsFalse(_)
            | Expr::IsUnknown(_)
            | Expr::IsNotTrue(_)
            | Expr::IsNotFalse(_)
            | Expr::IsNotUnknown(_)
            | Expr::Negative(_)
            | Expr::Between(_)
            | Expr::Case(_)
            | Expr::Cast(_)
            | Expr::TryCast(_)
            | Expr::InList(_) => true,
            _ => false,
        };
        Ok(if constant { TreeNodeRecursion::Continue } else { TreeNodeRecursion::Stop })
    });
    visited.is_ok() && constant
}

/// Whether each evaluation of the expression gives the same value for the same row.
pub(super) fn is_deterministic(expr: &Expr) -> bool {
    !expr.is_volatile()
}

/// Whether the expression holds a query of its own.
pub(super) fn has_subquery(expr: &Expr) -> Result<bool> {
    expr.exists(|node| {
        Ok(matches!(node, Expr::Exists(_) | Expr::InSubquery(_) | Expr::ScalarSubquery(_) | Expr::SetComparison(_)))
    })
}
