//! Spark's aggregate functions in terms of those that DataFusion has: other names, other arguments, an order within the group.

use datafusion::sql::sqlparser::ast::{
    self, DuplicateTreatment, Expr, FunctionArg, FunctionArgExpr, FunctionArgumentClause, FunctionArguments, Ident,
    NullTreatment, ObjectName, OrderByExpr, OrderByOptions, Value,
};

use super::functions::percentile;

/// What becomes of a call.
pub(super) enum Translated {
    /// It was none of an aggregate with another name.
    No,
    /// The call was changed.
    Call,
    /// The call was changed, and its value is to be cast to this type.
    Cast(ast::DataType),
}

/// The names of functions that DataFusion has under another one.
fn renamed(name: &str) -> Option<&'static str> {
    Some(match name {
        "mean" | "try_avg" => "avg",
        "std" | "stddev_samp" => "stddev",
        "variance" => "var_samp",
        "every" => "bool_and",
        "some" | "any" => "bool_or",
        "first" | "any_value" => "first_value",
        "last" => "last_value",
        "array_agg" => "collect_list",
        _ => return None,
    })
}

/// Changes the call of an aggregate function to one of DataFusion's that means the same.
pub(super) fn translate(
    name: &str,
    function: &mut ast::Function,
    cast: impl Fn(Expr, ast::DataType) -> Expr,
) -> Translated {
    let double = || ast::DataType::Double(ast::ExactNumberInfo::None);
    let rename = |function: &mut ast::Function, name: &str| function.name = ObjectName::from(vec![Ident::new(name)]);
    if let Some(other) = renamed(name) {
        rename(function, other);
        ignoring_nulls(function);
        return Translated::Call;
    }
    if matches!(name, "first_value" | "last_value") {
        ignoring_nulls(function);
        return Translated::No;
    }
    let FunctionArguments::List(list) = &mut function.args else { return Translated::No };
    let mut arguments: Vec<Expr> = Vec::with_capacity(list.args.len());
    for argument in &list.args {
        let FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) = argument else { return Translated::No };
        arguments.push(expr.clone());
    }
    let unnamed = |expr: Expr| FunctionArg::Unnamed(FunctionArgExpr::Expr(expr));
    match (name, arguments.as_slice()) {
        ("count_if", [condition]) => {
            let one = Expr::Value(Value::Number("1".to_owned(), false).into());
            list.args = vec![unnamed(super::dialect::case(vec![(condition.clone(), one)], None))];
            rename(function, "count");
            Translated::Call
        }
        // Rows with a null among several values do not count.
        ("count", [first, rest @ ..])
            if !rest.is_empty() && list.duplicate_treatment != Some(DuplicateTreatment::Distinct) =>
        {
            let valid = |expr: &Expr| Expr::IsNotNull(Box::new(expr.clone()));
            let all = rest.iter().fold(valid(first), |all, next| and(all, valid(next)));
            let one = Expr::Value(Value::Number("1".to_owned(), false).into());
            list.args = vec![unnamed(super::dialect::case(vec![(all, one)], None))];
            Translated::Call
        }
        ("count", [_, _, ..]) => {
            let valid = |expr: &Expr| Expr::IsNotNull(Box::new(expr.clone()));
            let all = arguments.iter().map(valid).reduce(and);
            let fields = arguments.iter().enumerate().flat_map(|(index, value)| {
                [Expr::Value(Value::SingleQuotedString(index.to_string()).into()), value.clone()]
            });
            let together = super::dialect::call("named_struct", fields.collect());
            list.args =
                vec![unnamed(super::dialect::case(all.into_iter().map(|all| (all, together.clone())).collect(), None))];
            Translated::Call
        }
        ("percentile_cont" | "percentile_disc", [percentage]) if function.within_group.len() == 1 => {
            let key = function.within_group.remove(0);
            // From the other end the rest of all is as many percent.
            let descending = key.options.asc == Some(false);
            let percentage = match name {
                "percentile_cont" if descending => {
                    let one = Expr::Value(Value::Number("1".to_owned(), false).into());
                    Expr::BinaryOp {
                        left: Box::new(cast(one, double())),
                        op: ast::BinaryOperator::Minus,
                        right: Box::new(cast(percentage.clone(), double())),
                    }
                }
                _ => percentage.clone(),
            };
            list.args = vec![unnamed(key.expr), unnamed(percentage)];
            let other = match (name, descending) {
                ("percentile_cont", _) => "percentile",
                (_, false) => percentile::DISCRETE,
                (_, true) => percentile::DISCRETE_DESCENDING,
            };
            rename(function, other);
            Translated::Call
        }
        ("mode", []) if function.within_group.len() == 1 => {
            let key = function.within_group.remove(0);
            list.args = vec![unnamed(key.expr)];
            Translated::Call
        }
        ("median", [value]) => {
            list.args = vec![unnamed(cast(value.clone(), double()))];
            Translated::Call
        }
        ("max_by" | "min_by", [value, key]) if function.over.is_none() => {
            let valid = Expr::IsNotNull(Box::new(key.clone()));
            function.filter = Some(Box::new(match function.filter.take() {
                Some(filter) => and(*filter, valid),
                None => valid,
            }));
            list.args = vec![unnamed(value.clone())];
            list.clauses.push(FunctionArgumentClause::OrderBy(vec![ordered(key.clone(), name == "min_by")]));
            rename(function, "first_value");
            Translated::Call
        }
        ("approx_count_distinct", [_]) => {
            rename(function, "approx_distinct");
            Translated::Cast(ast::DataType::BigInt(None))
        }
        ("regr_count", [_, _]) => Translated::Cast(ast::DataType::BigInt(None)),
        ("grouping", [_]) => Translated::Cast(ast::DataType::TinyInt(None)),
        ("listagg" | "string_agg", [_, rest @ ..]) if rest.len() < 2 => {
            // No delimiter is an empty one.
            if matches!(rest, [] | [Expr::Value(ast::ValueWithSpan { value: Value::Null, .. })]) {
                list.args.truncate(1);
                list.args.push(unnamed(Expr::Value(Value::SingleQuotedString(String::new()).into())));
            }
            if !function.within_group.is_empty() {
                list.clauses.push(FunctionArgumentClause::OrderBy(std::mem::take(&mut function.within_group)));
            }
            rename(function, "string_agg");
            Translated::Call
        }
        _ => Translated::No,
    }
}

fn and(left: Expr, right: Expr) -> Expr {
    Expr::BinaryOp { left: Box::new(left), op: ast::BinaryOperator::And, right: Box::new(right) }
}

fn ordered(expr: Expr, ascending: bool) -> OrderByExpr {
    OrderByExpr { expr, options: OrderByOptions { asc: Some(ascending), nulls_first: None }, with_fill: None }
}

/// `first(value, true)` leaves nulls out.
fn ignoring_nulls(function: &mut ast::Function) {
    let FunctionArguments::List(list) = &mut function.args else { return };
    if let [_, FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(flag)))] = list.args.as_slice()
        && let Value::Boolean(ignoring) = flag.value
    {
        list.args.truncate(1);
        if ignoring {
            function.null_treatment = Some(NullTreatment::IgnoreNulls);
        }
    }
}
