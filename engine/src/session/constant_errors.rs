//! The error of a constant that can't be computed, such as `1 / 0`: Spark folds constants when it plans a query, and so finds it
//! before it asks any source.

use arrow::datatypes::Schema;
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::error::Result;
use datafusion::logical_expr::execution_props::ExecutionProps;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{ColumnarValue, Expr, LogicalPlan};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion::physical_expr::create_physical_expr;
use std::sync::Arc;

use super::division;
use crate::datasource::pushdown::is_constant;
use crate::error::datafusion::find_spark_error;

/// Evaluates each constant of a plan that may fail.
///
/// # Errors
/// `CAST_INVALID_INPUT`, `DIVIDE_BY_ZERO`, `REMAINDER_BY_ZERO`.
pub(super) fn check(plan: &LogicalPlan) -> Result<()> {
    plan.apply_with_subqueries(|node| {
        node.apply_expressions(|expr| {
            check_within(expr)?;
            Ok(TreeNodeRecursion::Continue)
        })
    })?;
    Ok(())
}

fn check_within(expr: &Expr) -> Result<()> {
    expr.apply(|expr| {
        // A condition that is constant as a whole may decide before it comes to what fails.
        if is_constant(expr) {
            evaluate(expr)?;
            return Ok(TreeNodeRecursion::Jump);
        }
        match expr {
            // What only some rows reach is not tried.
            Expr::Case(case) => {
                case.when_then_expr.first().map_or(Ok(()), |(when, _)| check_within(when))?;
                Ok(TreeNodeRecursion::Jump)
            }
            Expr::ScalarFunction(call) if matches!(call.name(), "coalesce" | "nvl") => {
                call.args.first().map_or(Ok(()), check_within)?;
                Ok(TreeNodeRecursion::Jump)
            }
            _ => Ok(TreeNodeRecursion::Continue),
        }
    })?;
    Ok(())
}

/// Fails as the constant does, if with an error of Spark's; all others come up again when the query runs.
fn evaluate(constant: &Expr) -> Result<()> {
    if !division::may_fail(constant)? {
        return Ok(());
    }
    match value_of(constant) {
        Err(error) if find_spark_error(&error).is_some() => Err(error),
        _ => Ok(()),
    }
}

/// The value of a constant.
///
/// # Errors
/// Those of the constant.
pub(super) fn value_of(constant: &Expr) -> Result<ScalarValue> {
    let empty = DFSchema::empty();
    let typed = ExprSimplifier::new(SimplifyContext::default()).coerce(constant.clone(), &empty);
    let one_row = RecordBatchOptions::new().with_row_count(Some(1));
    let row = RecordBatch::try_new_with_options(Arc::new(Schema::empty()), Vec::new(), &one_row)?;
    let physical = create_physical_expr(&typed?, &empty, &ExecutionProps::new(), &PhysicalPlanningContext::default())?;
    match physical.evaluate(&row)? {
        ColumnarValue::Scalar(value) => Ok(value),
        ColumnarValue::Array(values) => ScalarValue::try_from_array(&values, 0),
    }
}
