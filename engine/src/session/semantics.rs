//! Rewrites a plan where DataFusion's expressions mean something else than Spark's.

use std::cell::Cell;
use std::sync::Arc;

use arrow::datatypes::DataType as ArrowType;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::error::{DataFusionError, Result};
use datafusion::functions::expr_fn::coalesce;
use datafusion::logical_expr::expr::{AggregateFunction, Case, Cast, InList, Like, ScalarFunction};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{
    Between, BinaryExpr, Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder, Operator, ScalarUDF, Union, lit, when,
};

use super::functions::element::{self, Element};
use super::functions::random::{Distribution, Random};
use super::functions::{arithmetic, bytes, dates, intervals, partition_id, scalar};
use super::query_context::{CastContexts, ClientCall, Operation, of_operation};
use super::text_cast::Reading;
use super::{SessionConf, coercion, collation, division, scalar_subquery, suspect, text_cast, timestamp_text};

/// What the meaning of an expression depends on, besides itself.
#[derive(Debug, Clone, Default)]
pub(super) struct Surroundings {
    /// The session's time zone.
    pub(super) time_zone: String,
    /// The query's only division as errors quote it.
    pub(super) division: Option<String>,
    /// Its only `array[index]`, and its only call of `element_at`.
    pub(super) subscript: Option<String>,
    pub(super) element_at: Option<String>,
    /// How texts are read.
    pub(super) reading: Arc<Reading>,
}

impl Surroundings {
    /// Of a query that no text of a statement stands behind, but calls of a client's program.
    pub(super) fn of_calls(conf: &SessionConf, calls: &[ClientCall]) -> Self {
        Self {
            time_zone: conf.time_zone(),
            division: of_operation(calls, &Operation::Division),
            subscript: of_operation(calls, &Operation::Subscript),
            element_at: of_operation(calls, &Operation::ElementAt),
            reading: Arc::new(Reading { ansi: conf.ansi(), contexts: CastContexts::of_calls(calls) }),
        }
    }
}

/// The plan with Spark's meaning, and whether Spark may refuse something of it. Names of output columns stay as they are.
pub(super) fn apply(plan: LogicalPlan, surroundings: &Surroundings) -> Result<(LogicalPlan, bool)> {
    let suspicious = Cell::new(false);
    let plan = plan.transform_up_with_subqueries(|plan| {
        suspicious.set(suspicious.get() || suspect::is_suspicious_operator(&plan));
        if matches!(plan, LogicalPlan::Limit(_) | LogicalPlan::TableScan(_)) {
            return Ok(Transformed::no(plan));
        }
        let plan = with_plain_integers(plan);
        let names = NamePreserver::new(&plan);
        let schema = merge_schema(&plan.inputs());
        let rewritten = plan.map_expressions(|expr| {
            let name = names.save(&expr);
            let typed = expr.transform_up(|expr| {
                if !suspicious.get() {
                    suspicious.set(suspect::is_suspicious(&expr, &schema, surroundings.reading.ansi));
                }
                rewrite(expr, &schema, surroundings)
            })?;
            let zone = surroundings.time_zone.as_str();
            let zoned = typed.transform_data(|expr| expr.transform_up(|expr| in_zone(expr, &schema, zone)))?;
            let read = zoned.transform_data(|expr| {
                expr.transform_up(|expr| text_cast::of_constant(expr, &schema, &surroundings.reading))
            })?;
            let resolved = read.transform_data(|expr| {
                // Its arguments may have other types now.
                if expr.exists(|expr| Ok(matches!(expr, Expr::HigherOrderFunction(_))))? {
                    return expr.resolve_lambda_variables(&schema);
                }
                Ok(Transformed::no(expr))
            })?;
            Ok(resolved.update_data(|expr| name.restore(expr)))
        })?;
        rewritten.map_data(|plan| collation::apply(with_types(plan)?).and_then(with_types))
    })?;
    Ok((plan.data, suspicious.get()))
}

/// `VALUES` whose integers are not cast to the type that DataFusion takes them for: with nulls and with what is cast to an INT, an
/// integer literal is an INT.
fn with_plain_integers(plan: LogicalPlan) -> LogicalPlan {
    let LogicalPlan::Values(mut values) = plan else { return plan };
    let width = values.values.first().map_or(0, Vec::len);
    for column in 0..width {
        let plain = |expr: &Expr| match expr {
            Expr::Literal(ScalarValue::Int64(Some(value)), _) => i32::try_from(*value).is_ok(),
            Expr::Literal(value, _) => value.is_null(),
            Expr::Negative(inner) => matches!(inner.as_ref(), Expr::Literal(ScalarValue::Int64(_), _)),
            Expr::Cast(Cast { expr, field }) if field.data_type() == &ArrowType::Int64 => match expr.as_ref() {
                Expr::Literal(value, _) => value.is_null() && value.data_type() == ArrowType::Null,
                Expr::Cast(inner) => inner.field.data_type() == &ArrowType::Int32,
                _ => false,
            },
            _ => false,
        };
        if !values.values.iter().all(|row| row.get(column).is_some_and(plain)) {
            continue;
        }
        for expr in values.values.iter_mut().filter_map(|row| row.get_mut(column)) {
            match expr {
                Expr::Cast(Cast { expr: inner, .. }) if matches!(inner.as_ref(), Expr::Cast(_)) => {
                    *expr = inner.as_ref().clone();
                }
                Expr::Cast(_) => *expr = Expr::Literal(ScalarValue::Int32(None), None),
                Expr::Literal(value, _) if value.is_null() => *value = ScalarValue::Int32(None),
                _ => {}
            }
        }
    }
    LogicalPlan::Values(values)
}

/// The plan with the types that its expressions have now.
fn with_types(plan: LogicalPlan) -> Result<LogicalPlan> {
    match plan {
        LogicalPlan::Values(values) => LogicalPlanBuilder::values(values.values)?.build(),
        LogicalPlan::Union(union)
            if union.inputs.iter().any(|input| {
                let types = |schema: &DFSchema| {
                    schema.fields().iter().map(|field| field.data_type().clone()).collect::<Vec<_>>()
                };
                types(input.schema()) != types(&union.schema)
            }) =>
        {
            Ok(LogicalPlan::Union(Union::try_new_with_loose_types(union.inputs)?))
        }
        plan => plan.recompute_schema(),
    }
}

fn rewrite(expr: Expr, schema: &DFSchema, surroundings: &Surroundings) -> Result<Transformed<Expr>> {
    if let Expr::BinaryExpr(BinaryExpr { left, op, right }) = &expr
        && let Some(typed) = arithmetic::operator(
            (left.as_ref().clone(), left.get_type(schema)?),
            *op,
            (right.as_ref().clone(), right.get_type(schema)?),
        )
    {
        let division = division::rewrite(&typed, schema, surroundings.division.as_deref())?;
        return Ok(Transformed::yes(division.unwrap_or(typed)));
    }
    if let Some(division) = division::rewrite(&expr, schema, surroundings.division.as_deref())? {
        return Ok(Transformed::yes(division));
    }
    if let Some(text) = timestamp_text::rewrite(&expr, schema, &surroundings.time_zone)? {
        return Ok(Transformed::yes(text));
    }
    if let Expr::ScalarFunction(call) = &expr
        && let [argument] = call.args.as_slice()
        && let Some(part) = intervals::part(call.name(), argument, &argument.get_type(schema)?)
    {
        return Ok(Transformed::yes(part));
    }
    if let Expr::Negative(inner) = &expr
        && let Some(negated) = intervals::negative(inner, &inner.get_type(schema)?)
    {
        return Ok(Transformed::yes(negated));
    }
    if let Expr::Cast(cast) = &expr
        && cast.field.data_type() == &ArrowType::Utf8
        && let Some(text) = intervals::text(&cast.expr, schema)?
    {
        return Ok(Transformed::yes(text));
    }
    if let Expr::ScalarFunction(call) = &expr
        && let Some(moment) = dates::of_moment(call, schema)?
    {
        return Ok(match &moment {
            Expr::ScalarFunction(call) => {
                let planned = scalar::planned(call, schema, &surroundings.time_zone, surroundings.reading.ansi)?;
                Transformed::yes(planned.unwrap_or(moment))
            }
            _ => Transformed::yes(moment),
        });
    }
    if let Expr::ScalarFunction(call) = &expr
        && let Some(planned) = scalar::planned(call, schema, &surroundings.time_zone, surroundings.reading.ansi)?
    {
        return Ok(Transformed::yes(planned));
    }
    match &expr {
        // An integer literal is an INT where its value fits.
        Expr::Literal(ScalarValue::Int64(Some(value)), metadata) => match i32::try_from(*value) {
            Ok(value) => Ok(Transformed::yes(Expr::Literal(ScalarValue::Int32(Some(value)), metadata.clone()))),
            Err(_) => Ok(Transformed::no(expr)),
        },
        // Beyond a long it is a decimal.
        Expr::Literal(ScalarValue::UInt64(Some(value)), metadata) => {
            let decimal = ScalarValue::Decimal128(Some(i128::from(*value)), 20, 0);
            Ok(Transformed::yes(Expr::Literal(decimal, metadata.clone())))
        }
        // A pattern is matched with the text of a value.
        Expr::Like(like) if !matches!(like.expr.get_type(schema)?, ArrowType::Utf8 | ArrowType::Null) => {
            let text = Box::new(Expr::Cast(Cast::new(like.expr.clone(), ArrowType::Utf8)));
            Ok(Transformed::yes(Expr::Like(Like { expr: text, ..like.clone() })))
        }
        // Of null it says no.
        Expr::ScalarFunction(call) if call.name() == "isnan" => Ok(Transformed::yes(coalesce(vec![expr, lit(false)]))),
        Expr::BinaryExpr(BinaryExpr { left, op, right }) if coercion::is_comparison(*op) => {
            let (left_type, right_type) = (left.get_type(schema)?, right.get_type(schema)?);
            let (left, right) = (left.as_ref().clone(), right.as_ref().clone());
            Ok(Transformed::yes(coercion::comparison((left, &left_type), *op, (right, &right_type))))
        }
        // Spark knows only the form with conditions.
        Expr::Case(Case { expr: operand, when_then_expr, else_expr }) => {
            let typed = |expr: &Expr| Ok::<_, DataFusionError>((expr.clone(), expr.get_type(schema)?));
            let conditions = when_then_expr.iter().map(|(when, _)| match operand {
                Some(operand) => {
                    let (left, right) = (typed(operand)?, typed(when)?);
                    Ok(coercion::comparison((left.0, &left.1), Operator::Eq, (right.0, &right.1)))
                }
                None => Ok(when.as_ref().clone()),
            });
            let conditions = conditions.collect::<Result<Vec<_>>>()?;
            let results = when_then_expr.iter().map(|(_, then)| then).chain(else_expr);
            let results = results.map(|result| typed(result)).collect::<Result<Vec<_>>>()?;
            let mut results = coercion::alternatives(results);
            let otherwise = if else_expr.is_some() { results.pop().map(Box::new) } else { None };
            let branches = conditions.into_iter().map(Box::new).zip(results.into_iter().map(Box::new)).collect();
            Ok(Transformed::yes(Expr::Case(Case::new(None, branches, otherwise))))
        }
        Expr::ScalarFunction(call)
            if matches!(call.name(), "coalesce" | "nvl" | "greatest" | "least" | "make_array") =>
        {
            let arguments = call.args.iter().map(|argument| Ok((argument.clone(), argument.get_type(schema)?)));
            let args = coercion::alternatives(arguments.collect::<Result<Vec<_>>>()?);
            Ok(Transformed::yes(Expr::ScalarFunction(ScalarFunction { func: Arc::clone(&call.func), args })))
        }
        Expr::Cast(cast) => Ok(Transformed::yes(coercion::readable(cast.clone()))),
        Expr::Between(Between { expr, negated, low, high }) => {
            let data_type = expr.get_type(schema)?;
            let bound = |op, bound: &Expr| {
                let side = (expr.as_ref().clone(), &data_type);
                Ok::<_, DataFusionError>(coercion::comparison(side, op, (bound.clone(), &bound.get_type(schema)?)))
            };
            let within = bound(Operator::GtEq, low)?.and(bound(Operator::LtEq, high)?);
            Ok(Transformed::yes(if *negated { Expr::Not(Box::new(within)) } else { within }))
        }
        Expr::InList(InList { expr, list, negated }) => {
            let data_type = expr.get_type(schema)?;
            let list = list.iter().map(|element| Ok((element.clone(), element.get_type(schema)?)));
            let list = list.collect::<Result<Vec<_>>>()?;
            Ok(Transformed::yes(coercion::in_list((expr.as_ref().clone(), &data_type), list, *negated)))
        }
        // Spark counts the elements of an array from 0.
        Expr::ScalarFunction(call) if call.name() == "array_element" => {
            let [array, index] = call.args.as_slice() else { return Ok(Transformed::no(expr)) };
            if !matches!(array.get_type(schema)?, ArrowType::List(_)) {
                return Ok(Transformed::no(expr));
            }
            let context = surroundings.subscript.as_deref();
            let ansi = surroundings.reading.ansi;
            Ok(Transformed::yes(Element::item(array.clone(), index.clone(), ansi, context)))
        }
        Expr::ScalarFunction(call) if call.name() == element::AT && call.args.len() == 2 => {
            let function = Element::at_position(surroundings.reading.ansi, surroundings.element_at.as_deref());
            Ok(Transformed::yes(ScalarUDF::new_from_impl(function).call(call.args.clone())))
        }
        Expr::ScalarSubquery(subquery) => match scalar_subquery::only_row(subquery)? {
            Some(only) => Ok(Transformed::yes(only)),
            None => Ok(Transformed::no(expr)),
        },
        // Each call counts by itself.
        Expr::ScalarFunction(call) if call.name() == partition_id::ROW_ID => {
            Ok(Transformed::yes(ScalarUDF::new_from_impl(partition_id::RowId::new()).call(Vec::new())))
        }
        Expr::ScalarFunction(call)
            if let Some(distribution) =
                Distribution::ALL.into_iter().find(|distribution| distribution.name() == call.name()) =>
        {
            let function = ScalarUDF::new_from_impl(Random::new(distribution));
            Ok(Transformed::yes(function.call(call.args.clone())))
        }
        Expr::ScalarFunction(call) if call.name().starts_with("either_") => {
            let types = call.args.iter().map(|argument| argument.get_type(schema)).collect::<Result<Vec<_>>>()?;
            match bytes::of_types(call.name(), &call.args, &types) {
                Some(test) => Ok(Transformed::yes(test)),
                None => Ok(Transformed::no(expr)),
            }
        }
        // Texts are summed as the numbers that they are.
        Expr::AggregateFunction(call)
            if matches!(call.func.name(), "sum" | "avg" | "try_sum")
                && let [argument] = call.params.args.as_slice()
                && argument.get_type(schema)? == ArrowType::Utf8 =>
        {
            let mut params = call.params.clone();
            params.args = vec![coercion::cast(argument.clone(), &ArrowType::Utf8, &ArrowType::Float64)];
            let typed = AggregateFunction { func: Arc::clone(&call.func), params };
            Ok(Transformed::yes(Expr::AggregateFunction(typed)))
        }
        // Only in ANSI mode does a sum fail where it overflows.
        Expr::AggregateFunction(call) if call.func.name() == "sum" && !surroundings.reading.ansi => {
            let func = datafusion::functions_aggregate::sum::sum_udaf();
            Ok(Transformed::yes(Expr::AggregateFunction(AggregateFunction { func, params: call.params.clone() })))
        }
        // A field of a null struct is null, whatever the field's own array holds under it.
        Expr::ScalarFunction(call) if call.name() == "get_field" => {
            let Some((base, path)) = call.args.split_first() else { return Ok(Transformed::no(expr)) };
            let mut field = base.clone();
            for key in path {
                let args = vec![field.clone(), key.clone()];
                let inner = Expr::ScalarFunction(ScalarFunction { func: Arc::clone(&call.func), args });
                let null = Expr::Literal(ScalarValue::try_from(&inner.get_type(schema)?)?, None);
                field = when(field.is_null(), null).otherwise(inner)?;
            }
            Ok(Transformed::yes(field))
        }
        _ => Ok(Transformed::no(expr)),
    }
}

fn in_zone(expr: Expr, schema: &DFSchema, time_zone: &str) -> Result<Transformed<Expr>> {
    // The parts of an instant are those that the clocks of the session's zone show.
    if let Expr::ScalarFunction(call) = &expr
        && call.name() == "date_part"
        && let [part, value] = call.args.as_slice()
        && value.get_type(schema)? == coercion::instant()
    {
        let args = vec![part.clone(), coercion::seen_in_zone(value.clone(), time_zone)];
        return Ok(Transformed::yes(Expr::ScalarFunction(ScalarFunction { func: Arc::clone(&call.func), args })));
    }
    let Expr::Cast(cast) = &expr else { return Ok(Transformed::no(expr)) };
    Ok(match coercion::in_zone(cast, &cast.expr.get_type(schema)?, time_zone) {
        Some(zoned) => Transformed::yes(zoned),
        None => Transformed::no(expr),
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use arrow::datatypes::DataType;
    use datafusion::prelude::SessionContext;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("SELECT 1 AS a", DataType::Int32)]
    #[case("SELECT -2147483648 AS a", DataType::Int32)]
    #[case("SELECT 2147483648 AS a", DataType::Int64)]
    #[case("SELECT 1 + 1 AS a", DataType::Int32)]
    #[case("SELECT a FROM (SELECT 7 AS a LIMIT 1) ORDER BY 1", DataType::Int32)]
    #[tokio::test]
    async fn literals_have_spark_s_types(#[case] query: &str, #[case] expected: DataType) {
        let plan = SessionContext::new().state().create_logical_plan(query).await.unwrap();
        assert_eq!(apply(plan, &Surroundings::default()).unwrap().0.schema().field(0).data_type(), &expected);
    }
}
