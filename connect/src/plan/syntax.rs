//! SQL's syntax tree, as far as relations and expressions are written in it.

use datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken;
use datafusion::sql::sqlparser::ast::{
    BinaryOperator, CaseWhen, CastKind, DataType as SqlType, Expr, Ident, LimitClause, ObjectName, Offset, OffsetRows,
    OrderBy, OrderByExpr, OrderByKind, OrderByOptions, Query, Select, SelectItem, SetExpr, TableWithJoins,
    UnaryOperator, Value,
};
use seatrial_engine::session::syntax;
pub(super) use seatrial_engine::session::syntax::query;
pub(super) use seatrial_engine::session::syntax::{select, table};
use seatrial_engine::types::DataType;

/// An identifier that is taken as it is written.
pub(super) fn ident(name: &str) -> Ident {
    Ident::with_quote('`', name)
}

/// A column by its only name.
pub(super) fn column(id: &str) -> Expr {
    Expr::Identifier(ident(id))
}

/// `expr AS name`.
pub(super) fn aliased(expr: Expr, name: &str) -> SelectItem {
    SelectItem::ExprWithAlias { expr, alias: ident(name) }
}

/// `FROM name`.
pub(super) fn from(name: Ident) -> Vec<TableWithJoins> {
    vec![TableWithJoins { relation: table(name), joins: Vec::new() }]
}

/// A query of one `SELECT`.
pub(super) fn query_of(select: Select) -> Query {
    query(SetExpr::Select(Box::new(select)))
}

/// `ORDER BY`.
pub(super) fn order_by(keys: Vec<OrderByExpr>) -> Option<OrderBy> {
    (!keys.is_empty()).then_some(OrderBy { kind: OrderByKind::Expressions(keys), interpolate: None })
}

/// A key of `ORDER BY`.
pub(super) fn sort_key(expr: Expr, ascending: bool, nulls_first: bool) -> OrderByExpr {
    let options = OrderByOptions { asc: Some(ascending), nulls_first: Some(nulls_first) };
    OrderByExpr { expr, options, with_fill: None }
}

/// `LIMIT` and `OFFSET`.
pub(super) fn limit(limit: Option<i64>, offset: i64) -> Option<LimitClause> {
    let offset = (offset > 0).then(|| Offset { value: number(offset), rows: OffsetRows::None });
    Some(LimitClause::LimitOffset { limit: limit.map(number), offset, limit_by: Vec::new() })
}

/// A number that is not negative.
pub(super) fn number(value: i64) -> Expr {
    Expr::Value(Value::Number(value.to_string(), false).into())
}

/// A text.
pub(super) fn text(value: &str) -> Expr {
    Expr::Value(Value::SingleQuotedString(value.to_owned()).into())
}

/// A text as a statement's text has it.
pub(super) fn quoted_text(value: &str) -> String {
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// `true` or `false`.
pub(super) fn boolean(value: bool) -> Expr {
    Expr::Value(Value::Boolean(value).into())
}

/// A null of any type.
pub(super) fn null() -> Expr {
    Expr::Value(Value::Null.into())
}

/// The type as the engine reads it in a `CAST`.
pub(super) fn sql_type(data_type: &DataType) -> SqlType {
    SqlType::Custom(ObjectName::from(vec![ident(&data_type.sql())]), Vec::new())
}

/// `CAST(expr AS type)`, or `TRY_CAST`.
pub(super) fn cast(expr: Expr, data_type: &DataType, tries: bool) -> Expr {
    let kind = if tries { CastKind::TryCast } else { CastKind::Cast };
    Expr::Cast { kind, expr: Box::new(expr), data_type: sql_type(data_type), array: false, format: None }
}

/// `left op right`.
pub(super) fn binary(left: Expr, op: BinaryOperator, right: Expr) -> Expr {
    Expr::BinaryOp { left: Box::new(left), op, right: Box::new(right) }
}

/// `a AND b AND …`; none of nothing.
pub(super) fn conjunction(conditions: impl IntoIterator<Item = Expr>) -> Option<Expr> {
    conditions.into_iter().reduce(|left, right| binary(left, BinaryOperator::And, right))
}

/// `NOT expr`.
pub(super) fn not(expr: Expr) -> Expr {
    Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(Expr::Nested(Box::new(expr))) }
}

/// `CASE WHEN … THEN … ELSE … END`.
pub(super) fn case(branches: Vec<(Expr, Expr)>, otherwise: Option<Expr>) -> Expr {
    Expr::Case {
        case_token: AttachedToken::empty(),
        end_token: AttachedToken::empty(),
        operand: None,
        conditions: branches.into_iter().map(|(condition, result)| CaseWhen { condition, result }).collect(),
        else_result: otherwise.map(Box::new),
    }
}

/// `name(arguments)`.
pub(super) fn call(name: &str, arguments: Vec<Expr>) -> Expr {
    call_with(name, arguments, false)
}

/// `-expr`.
pub(super) fn negative(expr: Expr) -> Expr {
    Expr::UnaryOp { op: UnaryOperator::Minus, expr: Box::new(expr) }
}

/// `name(DISTINCT arguments)`, if distinct.
pub(super) fn call_with(name: &str, arguments: Vec<Expr>, distinct: bool) -> Expr {
    syntax::call(Ident::new(name), arguments, distinct)
}
