//! Spark's division: `/` of numbers that are no decimals is that of doubles, and a divisor of zero is an error (ANSI mode,
//! Spark's default).

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use arrow::compute::kernels::cmp::eq;
use arrow::compute::nullif;
use arrow::datatypes::{DataType as ArrowType, FieldRef};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, ScalarValue, internal_err};
use datafusion::error::Result;
use datafusion::logical_expr::{
    BinaryExpr, ColumnarValue, Expr, ExprSchemable, Operator, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF,
    ScalarUDFImpl, Signature, Volatility, binary_expr, cast,
};

use super::functions::element;
use super::text_cast;
use crate::error::SparkError;
use crate::error::condition::{DIVIDE_BY_ZERO, REMAINDER_BY_ZERO};
use crate::python::interpreter::spark_minor;

/// The setting that Spark's errors name.
const ANSI: &str = "\"spark.sql.ansi.enabled\"";

/// The expression with Spark's meaning; none for what is no division. `context` ends the message of an error.
pub(super) fn rewrite(expr: &Expr, schema: &DFSchema, context: Option<&str>) -> Result<Option<Expr>> {
    let Expr::BinaryExpr(BinaryExpr { left, op: op @ (Operator::Divide | Operator::Modulo), right }) = expr else {
        return Ok(None);
    };
    let types = [left.get_type(schema)?, right.get_type(schema)?];
    if types.iter().any(|data_type| !data_type.is_integer() && !data_type.is_floating()) || is_guarded(right) {
        return Ok(None);
    }
    let double = |side: &Expr| {
        if *op == Operator::Divide { cast(side.clone(), ArrowType::Float64) } else { side.clone() }
    };
    let guard = ScalarUDF::new_from_impl(Divisor::new(*op, context));
    let divisor = guard.call(vec![double(left), double(right)]);
    Ok(Some(binary_expr(double(left), *op, divisor)))
}

/// The functions that may fail, each with two arguments and a third where it is limited to some rows.
const GUARDED: [&str; 3] = [NAME, element::AT, element::ITEM];

/// Whether a division by zero, a position beyond an array or a cast in vain can be in the expression.
pub(super) fn may_fail(expr: &Expr) -> Result<bool> {
    let guarded = |expr: &Expr| matches!(expr, Expr::ScalarFunction(call) if GUARDED.contains(&call.name()));
    expr.exists(|expr| Ok(guarded(expr) || text_cast::may_fail(expr)))
}

/// The expression with divisions, positions and casts that are tried only for rows of which the condition is true.
pub(super) fn only_where(expr: Expr, condition: &Expr) -> Result<Expr> {
    let limited = expr.transform_up(|expr| match expr {
        Expr::ScalarFunction(mut call) if GUARDED.contains(&call.name()) => {
            let inner = if call.args.len() == LIMITED { call.args.pop() } else { None };
            let condition = match inner {
                Some(inner) => inner.and(condition.clone()),
                None => condition.clone(),
            };
            call.args.push(condition);
            Ok(Transformed::yes(Expr::ScalarFunction(call)))
        }
        expr => Ok(text_cast::only_where(expr, condition)),
    });
    limited.map(|limited| limited.data)
}

fn is_guarded(divisor: &Expr) -> bool {
    matches!(divisor, Expr::ScalarFunction(call) if call.name() == NAME)
}

const NAME: &str = "divisor";

/// How many arguments a function has that is limited to some rows.
const LIMITED: usize = 3;

/// `divisor(dividend, divisor[, condition])`: the divisor, null where it is zero. Zero is an error where there is something to
/// divide, unless the condition is not true.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Divisor {
    signature: Signature,
    operator: Operator,
    context: String,
}

impl Divisor {
    fn new(operator: Operator, context: Option<&str>) -> Self {
        let signature = Signature::variadic_any(Volatility::Immutable);
        Self { signature, operator, context: context.unwrap_or_default().to_owned() }
    }

    fn error(&self) -> SparkError {
        let config = [("config", ANSI.to_owned())];
        // Spark 4.0 has no condition of its own for remainders.
        let condition = if self.operator == Operator::Modulo && spark_minor() >= (4, 1) {
            REMAINDER_BY_ZERO
        } else {
            DIVIDE_BY_ZERO
        };
        let mut error = condition.error(config);
        error.message.push_str(&self.context);
        error
    }
}

impl ScalarUDFImpl for Divisor {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[ArrowType]) -> Result<ArrowType> {
        match types {
            [_, divisor, ..] => Ok(divisor.clone()),
            _ => internal_err!("a division of {} operands", types.len()),
        }
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        match args.arg_fields {
            [_, divisor, ..] => Ok(Arc::new(divisor.as_ref().clone().with_nullable(true))),
            _ => internal_err!("a division of {} operands", args.arg_fields.len()),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [dividend, divisor, condition @ ..] = args.args.as_slice() else {
            return internal_err!("a division of {} operands", args.args.len());
        };
        let values = divisor.to_array(args.number_rows)?;
        let zero = ScalarValue::new_zero(values.data_type())?.to_scalar()?;
        let zeros: BooleanArray = eq(&values, &zero)?;
        if zeros.true_count() == 0 {
            return Ok(ColumnarValue::Array(values));
        }
        let dividends: ArrayRef = dividend.to_array(args.number_rows)?;
        let condition = condition.first().map(|condition| condition.to_array(args.number_rows)).transpose()?;
        let tried = |row: usize| match &condition {
            Some(condition) => condition.as_boolean().is_valid(row) && condition.as_boolean().value(row),
            None => true,
        };
        let divides = |row: usize| zeros.is_valid(row) && zeros.value(row) && dividends.is_valid(row) && tried(row);
        if (0..zeros.len()).any(divides) {
            return Err(self.error().into());
        }
        Ok(ColumnarValue::Array(nullif(&values, &zeros)?))
    }
}
