//! What of a plan Spark may refuse. A plan has names and types of its own, so only the query as it was written tells.

use arrow::datatypes::DataType as ArrowType;
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::logical_expr::expr::{Cast, TryCast};
use datafusion::logical_expr::{BinaryExpr, Distinct, Expr, ExprSchemable, LogicalPlan};

use super::rules::{all_alike, cast_refusal, unlike_pair};
use super::signatures;
use crate::types::DataType;
use crate::types::arrow::from_arrow_type;

/// Whether Spark may refuse an operator for the types of its columns.
pub(in crate::session) fn is_suspicious_operator(plan: &LogicalPlan) -> bool {
    let types = |schema: &DFSchema| {
        schema.fields().iter().map(|field| from_arrow_type(field.data_type()).ok()).collect::<Option<Vec<_>>>()
    };
    match plan {
        // Only a number as such is one without doubt.
        LogicalPlan::Limit(limit) => {
            let is_number =
                |number: &Expr| matches!(number, Expr::Literal(ScalarValue::Int64(Some(count)), _) if *count >= 0);
            [&limit.skip, &limit.fetch].into_iter().flatten().any(|number| !is_number(number))
        }
        LogicalPlan::Filter(filter) => is_of(&filter.predicate, filter.input.schema(), &ArrowType::Null),
        LogicalPlan::Sort(sort) => sort.expr.iter().any(|key| {
            let data_type = key.expr.get_type(sort.input.schema()).ok();
            data_type.and_then(|data_type| from_arrow_type(&data_type).ok()).is_some_and(|key| key.has_map())
        }),
        LogicalPlan::Distinct(Distinct::All(input)) => {
            types(input.schema()).is_some_and(|columns| columns.iter().any(DataType::has_map))
        }
        LogicalPlan::Union(union) => {
            let sides = union.inputs.iter().map(|input| types(input.schema())).collect::<Option<Vec<_>>>();
            let Some([left, right]) = sides.as_deref() else { return false };
            left.iter().zip(right).any(|(left, right)| !all_alike(&[left.clone(), right.clone()]))
        }
        _ => false,
    }
}

fn is_of(expr: &Expr, schema: &DFSchema, data_type: &ArrowType) -> bool {
    expr.get_type(schema).is_ok_and(|found| found == *data_type)
}

/// Whether Spark may refuse an expression for the types of its operands.
pub(in crate::session) fn is_suspicious(expr: &Expr, schema: &DFSchema, ansi: bool) -> bool {
    let type_of = |operand: &Expr| from_arrow_type(&operand.get_type(schema).ok()?).ok();
    let alike = |operands: &mut dyn Iterator<Item = &Expr>| {
        operands.map(type_of).collect::<Option<Vec<_>>>().is_none_or(|given| all_alike(&given))
    };
    match expr {
        Expr::ScalarFunction(call) => is_suspicious_call(call.name(), &call.args, type_of),
        Expr::HigherOrderFunction(call) => is_suspicious_call(call.func.name(), &call.args, type_of),
        Expr::AggregateFunction(call) => {
            let filter = call.params.filter.as_deref();
            filter.is_some_and(|filter| !is_of(filter, schema, &ArrowType::Boolean))
                || is_suspicious_call(call.func.name(), &call.params.args, type_of)
        }
        Expr::WindowFunction(call) => is_suspicious_call(call.fun.name(), &call.params.args, type_of),
        Expr::Case(case) => {
            let conditions = case.when_then_expr.iter().map(|(condition, _)| condition.as_ref());
            let is_condition = |given| matches!(given, None | Some(DataType::Boolean | DataType::Null));
            let mut values =
                case.when_then_expr.iter().map(|(_, value)| value.as_ref()).chain(case.else_expr.as_deref());
            (case.expr.is_none() && !conditions.map(type_of).all(is_condition)) || !alike(&mut values)
        }
        Expr::InList(list) => !alike(&mut std::iter::once(list.expr.as_ref()).chain(&list.list)),
        Expr::Cast(Cast { expr, field }) | Expr::TryCast(TryCast { expr, field }) => {
            match (type_of(expr), from_arrow_type(field.data_type())) {
                (Some(from), Ok(to)) => cast_refusal(&from, &to, ansi).is_some(),
                _ => false,
            }
        }
        Expr::BinaryExpr(BinaryExpr { left, op, .. }) => {
            op.supports_propagation() && type_of(left).is_some_and(|left| left.has_map())
        }
        _ => false,
    }
}

/// The functions that compare values.
pub(super) const ORDERING: [&str; 14] = [
    "array_contains",
    "array_distinct",
    "array_except",
    "array_intersect",
    "array_max",
    "array_min",
    "array_position",
    "array_remove",
    "array_union",
    "arrays_overlap",
    "max",
    "min",
    "sort_array",
    "median",
];

fn is_suspicious_call(name: &str, arguments: &[Expr], type_of: impl Fn(&Expr) -> Option<DataType>) -> bool {
    let name = match name {
        "make_array" => "array",
        "array_has" => "array_contains",
        "array_has_any" => "arrays_overlap",
        "make_map" => "map",
        name => name,
    };
    let Some(signature) = signatures::of(name) else { return false };
    let given: Vec<Option<DataType>> = arguments.iter().map(type_of).collect();
    let is_refused = given
        .iter()
        .enumerate()
        .any(|(index, given)| given.as_ref().is_some_and(|given| signature.required(index, given).is_some()));
    if is_refused {
        return true;
    }
    let Some(given) = given.into_iter().collect::<Option<Vec<_>>>() else { return false };
    if ORDERING.contains(&name) && given.iter().any(DataType::has_map) {
        return true;
    }
    let is_array = |given: &DataType| matches!(given, DataType::Array { .. });
    match given.as_slice() {
        given if name == "map" => {
            let every_second = |first: usize| given.iter().skip(first).step_by(2).cloned().collect::<Vec<_>>();
            !all_alike(&every_second(0)) || !all_alike(&every_second(1))
        }
        given if name == "concat" => given.iter().any(is_array) && !(given.iter().all(is_array) && all_alike(given)),
        given if matches!(name, "array" | "coalesce" | "greatest" | "least") => !all_alike(given),
        [left, right] => unlike_pair(name, left, right).is_some(),
        _ => false,
    }
}
