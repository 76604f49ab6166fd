//! Calls: operators come as functions by their symbols.

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, FunctionArg, FunctionArgExpr, FunctionArgOperator, FunctionArguments, Query, UnaryOperator,
};
use seatrial_engine::error::SparkError;
use spark_connect_proto::expression::{ExprType, UnresolvedFunction};
use spark_connect_proto::subquery_expression::SubqueryType;
use spark_connect_proto::{Expression, SubqueryExpression};

use super::super::syntax::{aliased, binary, call_with, case, from, ident, not, query_of, select, text};
use super::super::unsupported;
use super::Translator;
use crate::types::malformed;

impl Translator<'_> {
    /// A call.
    ///
    /// # Errors
    /// What is wrong with its arguments.
    pub(super) fn function(&mut self, function: &UnresolvedFunction) -> Result<Expr, SparkError> {
        let name = function.function_name.as_str();
        let lower = name.to_lowercase();
        if lower == "struct" {
            return self.structure(function);
        }
        let named = |argument: &Expression| matches!(argument.expr_type, Some(ExprType::NamedArgumentExpression(_)));
        if function.arguments.iter().any(named) {
            return self.call_with_names(&lower, &function.arguments);
        }
        let mut arguments = self.expressions(&function.arguments)?;
        if function.is_distinct && lower == "count" {
            arguments = self.with_columns(arguments);
        }
        if let Some(op) = binary_operator(&lower)
            && let [left, right] = arguments.as_slice()
        {
            return Ok(binary(nested(left), op, nested(right)));
        }
        match (lower.as_str(), arguments.as_slice()) {
            ("not" | "!", [inner]) => Ok(not(inner.clone())),
            ("~", [inner]) => Ok(Expr::UnaryOp { op: UnaryOperator::BitwiseNot, expr: Box::new(nested(inner)) }),
            ("isnull", [inner]) => Ok(Expr::IsNull(Box::new(nested(inner)))),
            ("isnotnull", [inner]) => Ok(Expr::IsNotNull(Box::new(nested(inner)))),
            ("in", [value, list @ ..]) => {
                Ok(Expr::InList { expr: Box::new(nested(value)), list: list.to_vec(), negated: false })
            }
            ("like" | "ilike", [value, pattern, rest @ ..]) => {
                let escape_char = match rest {
                    [Expr::Value(value)] => Some(value.clone()),
                    _ => None,
                };
                let (expr, pattern) = (Box::new(nested(value)), Box::new(nested(pattern)));
                if lower == "like" {
                    Ok(Expr::Like { negated: false, any: false, expr, pattern, escape_char })
                } else {
                    Ok(Expr::ILike { negated: false, any: false, expr, pattern, escape_char })
                }
            }
            ("rlike" | "regexp" | "regexp_like", [value, pattern]) => Ok(Expr::RLike {
                negated: false,
                expr: Box::new(nested(value)),
                pattern: Box::new(nested(pattern)),
                regexp: false,
            }),
            ("when", arguments) => {
                let mut pairs = arguments.chunks_exact(2);
                let branches: Vec<(Expr, Expr)> = pairs
                    .by_ref()
                    .filter_map(|pair| match pair {
                        [condition, result] => Some((condition.clone(), result.clone())),
                        _ => None,
                    })
                    .collect();
                Ok(case(branches, pairs.remainder().first().cloned()))
            }
            _ => Ok(call_with(name, arguments, function.is_distinct)),
        }
    }

    /// The arguments of `count(DISTINCT …)`, in which a star stands for all columns.
    fn with_columns(&self, arguments: Vec<Expr>) -> Vec<Expr> {
        let columns = || self.scope.columns.iter().map(|column| super::super::syntax::column(&column.id));
        let written = |argument: Expr| match argument {
            Expr::Wildcard(_) => columns().collect(),
            argument => vec![argument],
        };
        arguments.into_iter().flat_map(written).collect()
    }

    /// A call some of whose arguments have names.
    fn call_with_names(&mut self, name: &str, arguments: &[Expression]) -> Result<Expr, SparkError> {
        let mut args = Vec::with_capacity(arguments.len());
        for argument in arguments {
            args.push(match &argument.expr_type {
                Some(ExprType::NamedArgumentExpression(named)) => {
                    let value = named.value.as_deref().ok_or_else(|| malformed("an argument without a value"))?;
                    FunctionArg::Named {
                        name: ident(&named.key),
                        arg: FunctionArgExpr::Expr(self.expression(value)?),
                        operator: FunctionArgOperator::RightArrow,
                    }
                }
                _ => FunctionArg::Unnamed(FunctionArgExpr::Expr(self.expression(argument)?)),
            });
        }
        let mut call = call_with(name, Vec::new(), false);
        if let Expr::Function(function) = &mut call
            && let FunctionArguments::List(list) = &mut function.args
        {
            list.args = args;
        }
        Ok(call)
    }

    /// `struct(a, b AS c)`: the columns give their names to the fields.
    fn structure(&mut self, function: &UnresolvedFunction) -> Result<Expr, SparkError> {
        let mut arguments = Vec::new();
        for (index, argument) in function.arguments.iter().enumerate() {
            for item in self.items(argument)? {
                let named = !item.names.is_empty()
                    || item.attribute.is_some()
                    || matches!(item.sql, Expr::CompoundFieldAccess { .. });
                let name = if named { item.name().to_owned() } else { format!("col{}", index + 1) };
                arguments.extend([text(&name), item.sql]);
            }
        }
        Ok(call_with("named_struct", arguments, false))
    }

    /// A query within an expression. It must not depend on the query around it.
    ///
    /// # Errors
    /// Where it does, or is a table's argument.
    pub(super) fn subquery(&mut self, subquery: &SubqueryExpression) -> Result<Expr, SparkError> {
        let reference = self.planner.reference(subquery.plan_id);
        let planned = reference.ok_or_else(|| malformed("a subquery whose relation is missing"))?;
        let name = self.bindings.relation(&planned.frame)?;
        let items = planned.columns.iter().map(|column| aliased(column.sql(), &column.id)).collect();
        let query: Box<Query> = Box::new(query_of(select(items, from(name))));
        match subquery.subquery_type() {
            SubqueryType::Scalar => Ok(Expr::Subquery(query)),
            SubqueryType::Exists => Ok(Expr::Exists { subquery: query, negated: false }),
            SubqueryType::In => {
                let mut values = self.expressions(&subquery.in_subquery_values)?;
                let value = if values.len() == 1 { values.pop() } else { Some(Expr::Tuple(values)) };
                let value = value.ok_or_else(|| malformed("IN without a value"))?;
                Ok(Expr::InSubquery { expr: Box::new(value), subquery: query, negated: false })
            }
            SubqueryType::TableArg | SubqueryType::Unknown => Err(unsupported("a table as an argument")),
        }
    }
}

/// An operand in parentheses, unless it needs none.
fn nested(expr: &Expr) -> Expr {
    match expr {
        Expr::BinaryOp { .. }
        | Expr::UnaryOp { .. }
        | Expr::IsNull(_)
        | Expr::IsNotNull(_)
        | Expr::InList { .. }
        | Expr::Between { .. }
        | Expr::Like { .. }
        | Expr::ILike { .. }
        | Expr::RLike { .. } => Expr::Nested(Box::new(expr.clone())),
        expr => expr.clone(),
    }
}

fn binary_operator(name: &str) -> Option<BinaryOperator> {
    Some(match name {
        "+" => BinaryOperator::Plus,
        "-" => BinaryOperator::Minus,
        "*" => BinaryOperator::Multiply,
        "/" => BinaryOperator::Divide,
        "%" => BinaryOperator::Modulo,
        "==" | "=" => BinaryOperator::Eq,
        "!=" | "<>" => BinaryOperator::NotEq,
        "<" => BinaryOperator::Lt,
        "<=" => BinaryOperator::LtEq,
        ">" => BinaryOperator::Gt,
        ">=" => BinaryOperator::GtEq,
        "<=>" => BinaryOperator::Spaceship,
        "and" | "&&" => BinaryOperator::And,
        "or" | "||" => BinaryOperator::Or,
        "&" => BinaryOperator::BitwiseAnd,
        "|" => BinaryOperator::BitwiseOr,
        "^" => BinaryOperator::BitwiseXor,
        _ => return None,
    })
}
